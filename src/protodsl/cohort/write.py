"""Each participant's verdict, as one file: whole or not at all."""

from __future__ import annotations

import os

from protodsl.cohort import duck
from protodsl.cohort.duck import quoted
from protodsl.cohort.screen import VERDICTS, Screened


def write(screened: Screened, path: str) -> None:
    """A row for each participant, in the tables' order: verdicts, and of each criterion and part whether it
    applies and its truth (null: unknown). With several protocols the names begin with the protocol's.
    Raises DataError.
    """
    whole = [each for each in screened.answers if each.question.whole]
    columns = ["id"]
    for answered in whole:
        prefix = f"{answered.question.protocol.id.lower()}_" if len(whole) > 1 else ""
        columns += [
            f'{answered.column(each)} AS "{prefix}{each.column}"'
            for each in answered.columns()
            if each.what in (*VERDICTS, "truth", "applies")
        ]
    form = "CSV, HEADER" if path.lower().endswith(".csv") else "PARQUET, COMPRESSION zstd"
    working = f"{path}.new"
    try:
        with duck.failures(path):
            screened.connection.execute("SET preserve_insertion_order = true")
            query = f"SELECT {', '.join(columns)} FROM {screened.source}"
            screened.connection.execute(f"COPY ({query}) TO {quoted(working)} (FORMAT {form})")
            os.replace(working, path)
    finally:
        if os.path.exists(working):
            os.unlink(working)
