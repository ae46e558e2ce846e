"""Tables of facts in DuckDB."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from protodsl.backends.sql.lexicon import Lexicon
from protodsl.backends.sql.tables import TABLES, Table
from protodsl.cohort.rows import Row, Rows, line

if TYPE_CHECKING:
    import duckdb


def create(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    columns = ", ".join(f"{field.name} {field.type}" for field in table.fields)
    connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns})")


def insert(connection: duckdb.DuckDBPyConnection, table: Table, rows: Iterable[Row]) -> None:
    """Rows into a table, through a file: many times faster than one by one."""
    with tempfile.TemporaryDirectory(prefix="protodsl-") as folder:
        path = os.path.join(folder, "rows.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(map(line, rows))
        connection.execute(f"INSERT INTO {table.name} SELECT * FROM {csv(path, table)}")


def csv(path: str, table: Table) -> str:
    columns = ", ".join(f"'{field.name}': '{field.type}'" for field in table.fields)
    quoted = path.replace("'", "''")
    return (
        f"read_csv('{quoted}', header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', "
        f"nullstr = '', allow_quoted_nulls = false, new_line = '\\n', columns = {{{columns}}})"
    )


def fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """All the tables, with these rows."""
    for table in TABLES:
        create(connection, table)
        if rows.tables[table.name]:
            insert(connection, table, rows.tables[table.name])


def lexicon(connection: duckdb.DuckDBPyConnection) -> Lexicon:
    """The codes and units that occur in the tables."""

    def ask(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query).fetchall()

    places = " UNION ".join(
        [f"SELECT '{name}' AS domain, concept FROM {name}" for name in ("results", "conditions", "medications", "procedures")]
        + ["SELECT domain, concept FROM absences"]
    )
    keys = ask(
        f"SELECT c.concept, c.key, p.domain FROM ({places}) p JOIN concepts c USING (concept) ORDER BY ALL"
    )
    units = [row[0] for row in ask("SELECT DISTINCT unit FROM results WHERE unit IS NOT NULL ORDER BY 1")]
    doses = [row[0] for row in ask("SELECT DISTINCT unit FROM medications WHERE unit IS NOT NULL ORDER BY 1")]
    upto = ask("SELECT coalesce(max(concept), 0) FROM concepts")[0][0]
    times = ask("SELECT count(*) FROM results WHERE seconds IS NOT NULL")[0][0]
    return Lexicon(tuple(keys), tuple(units), tuple(doses), max(upto, 1), times > 0)
