"""The statement run by DuckDB in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from protodsl.backends import sql
from protodsl.cohort import duck
from protodsl.cohort.rows import Rows


def run(
    rows: Rows, made: Callable[[sql.Lexicon], sql.Statement]
) -> tuple[sql.Statement, list[tuple[Any, ...]]]:
    with duckdb.connect() as connection:
        duck.fill(connection, rows)
        statement = made(duck.lexicon(connection))
        return statement, connection.execute(statement.text).fetchall()
