"""Each participant's verdict, as one file: whole or not at all."""

from __future__ import annotations

from protodsl.backends.sql.layers import Names
from protodsl.cohort.engine import VERDICTS
from protodsl.cohort.screen import Screened


def write(screened: Screened, path: str) -> None:
    """A row for each participant, in the tables' order: verdicts, and of each criterion and part whether it
    applies and its truth (null: unknown). With several protocols the names begin with the protocol's.
    Raises DataError.
    """
    whole = [each for each in screened.answers if each.question.whole]
    names = Names()
    columns = ["id"]
    for answered in whole:
        prefix = f"{names.make(answered.question.protocol.id)}_" if len(whole) > 1 else ""
        columns += [
            f"{answered.column(each)} AS {prefix}{each.column}"
            for each in answered.columns()
            if each.what in (*VERDICTS, "truth", "applies")
        ]
    screened.engine.write(columns, path)
