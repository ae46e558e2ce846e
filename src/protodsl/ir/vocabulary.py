"""What a record can speak of: items, formulas, equivalent doses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from protodsl.runtime.record_fields import Domain
from protodsl.runtime.units import Unit
from protodsl.source import Span

if TYPE_CHECKING:
    from protodsl.ir.expressions import Expr, Number
    from protodsl.ir.time import Duration

Kind = Literal[
    "lab", "score", "finding", "grade", "measure", "condition", "state", "drug", "procedure", "question"
]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a published system: `loinc`, `icd10`, `snomed`, `atc`, `rxnorm`, … ICD-10 and ATC nest by
    prefix."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class ReferenceLimit:
    """A reference limit the vocabulary declares, in the item's unit, for those of whom `condition` is
    true."""

    value: Fraction
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A thing a record can speak of. Referred to by `name`, unique in a protocol; a panel's item is
    `panel.item`."""

    name: str
    kind: Kind
    label: str
    codes: tuple[Code, ...] = ()
    uncoded: bool = False  # the author says that no published code is known (`atc not stated`)
    unit: Unit | None = None  # canonical unit of a number; every limit on the item is stated in it
    molar_mass: Fraction | None = None  # g/mol: lets mass and amount of substance convert
    minimum: Fraction | None = None  # declared range, in `unit`; a value outside it is `incomparable`
    maximum: Fraction | None = None
    plausible: tuple[Fraction, Fraction] | None = None  # outside it a result must be confirmed, in `unit`
    detection_limit: Fraction | None = None  # `not detected` means [minimum or 0, detection_limit), in `unit`
    also_units: tuple[str, ...] = ()  # unit spellings that count as `unit` ("IU/L" for an enzyme in U/L)
    values: tuple[str, ...] = ()  # of a finding, any order; of a grade, from the lowest to the highest
    uln: tuple[ReferenceLimit, ...] = ()
    lln: tuple[ReferenceLimit, ...] = ()
    members: tuple[str, ...] = ()  # names of the items under it; their codes are under it too
    is_class: bool = False
    open: bool = False  # a class that is not listed exhaustively ("etc.")
    acute: bool = False  # a condition that counts on its onset day only
    half_life: Duration | None = None  # of a drug
    answered_by: tuple[str, ...] = ()  # of a question: roles; empty: anyone
    text: str = ""  # of a question: its words
    version: str | None = None  # of a score or other instrument
    worse: Literal["higher", "lower"] | None = None
    citation: str | None = None
    explain: str | None = None  # what it is, for a reader without medical training
    note: str | None = None
    span: Span | None = None

    @property
    def domain(self) -> Domain:
        match self.kind:
            case "condition" | "state":
                return "conditions"
            case "drug":
                return "medications"
            case "procedure":
                return "procedures"
            case "question":
                return "answers"
            case _:
                return "results"


@dataclass(frozen=True, slots=True)
class Measure:
    """A value computed by a formula; `item` (kind `measure`) carries name, label, unit, range and citation.

    `lead` is the item whose result dates the value. Every other item in the formula is the latest on or
    before that date and within `validity` before it. A result reported under the measure's own code counts
    only if `reported`.
    """

    item: Item
    lead: str
    validity: Duration
    valid: tuple[Expr, ...]  # all must be true, else `not computable`
    formula: Number
    decimals: int = 9
    reported: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Equivalent doses: `factors[drug]` × dose of the drug = dose of `reference`, in mass per mass."""

    name: str
    label: str
    reference: str
    factors: tuple[tuple[str, Fraction], ...]
    citation: str | None = None
