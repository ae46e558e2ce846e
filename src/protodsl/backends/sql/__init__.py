"""SQL from the model: one statement that screens everybody in a set of tables.

For each criterion and part it gives the three-valued truth (null: unknown) and, in a column of its own,
whether it applies; the verdict for each cohort and stage, and over all. Reasons are the checker's.
What SQL does not carry is named in `Statement.refused` and unknown in the result.
"""

from protodsl.backends.sql.build import Answers, Options, Refusal
from protodsl.backends.sql.lexicon import Lexicon, of_vocabulary
from protodsl.backends.sql.statement import Output, Statement, statement
from protodsl.backends.sql.syntax import DIALECTS, Dialect

__all__ = [
    "DIALECTS",
    "Answers",
    "Dialect",
    "Lexicon",
    "Options",
    "Output",
    "Refusal",
    "Statement",
    "of_vocabulary",
    "statement",
]
