"""Tables of facts in DuckDB: in memory for a few records, as Parquet files for many."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from protodsl.backends.sql.lexicon import Lexicon
from protodsl.backends.sql.tables import TABLES, Table
from protodsl.cohort import engine
from protodsl.cohort.engine import DataError
from protodsl.cohort.rows import Row, Rows, line

if TYPE_CHECKING:
    import duckdb

MANIFEST = "facts.json"
PROGRESS = "progress.json"
VERSION = 2


@contextmanager
def failures(writing: str, reading: str | None = None) -> Iterator[None]:
    """What the disk or DuckDB refuses, as DataError. `writing`: what is being written; `reading`: the tables
    DuckDB's own refusals are about, where it is not that.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{writing} cannot be written: {error.strerror or error}") from None
    except Exception as error:
        if type(error).__module__.startswith(("duckdb", "_duckdb")):
            about = reading or f"{writing} cannot be written"
            raise DataError(f"{about}: {first_line(error)}") from None
        raise


def connect(memory: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A connection that reads no extensions from anywhere. `memory`: its limit, such as `4GB`."""
    try:
        import duckdb
    except ImportError:
        raise DataError("DuckDB is not installed: pip install 'protodsl[duckdb]'") from None
    connection = duckdb.connect()
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET preserve_insertion_order = false")
    if memory is not None:
        try:
            connection.execute(f"SET memory_limit = {quoted(memory)}")
        except duckdb.Error as error:
            raise DataError(f"a memory limit of {memory}: {first_line(error)}") from None
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# ---------------------------------------------------------------- in memory


def fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """All the tables, with these rows."""
    for table in TABLES:
        columns = ", ".join(f"{field.name} {field.type}" for field in table.fields)
        connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns})")
        with Written(table, rows.tables[table.name]) as source:
            connection.execute(f"INSERT INTO {table.name} SELECT * FROM {source}")


class Written:
    """Rows in a file DuckDB reads: many times faster than handing them over one by one."""

    def __init__(self, table: Table, rows: Iterable[Row]) -> None:
        self.table, self.rows = table, rows

    def __enter__(self) -> str:
        self.folder = tempfile.TemporaryDirectory(prefix="protodsl-")
        path = os.path.join(self.folder.name, "rows.csv")
        with failures(path), open(path, "w", encoding="utf-8", newline="") as file:
            file.writelines(map(line, self.rows))
        columns = ", ".join(f"'{field.name}': '{field.type}'" for field in self.table.fields)
        return (
            f"read_csv({quoted(path)}, header = false, auto_detect = false, delim = ',', quote = '\"', "
            f"escape = '\"', nullstr = '', allow_quoted_nulls = false, new_line = '\\n', "
            f"columns = {{{columns}}})"
        )

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()


# ---------------------------------------------------------------- Parquet


def files_of(folder: str, table: str) -> str:
    return quoted(os.path.join(folder, table, "*.parquet"))


def part(number: int) -> str:
    """The name of a part of a table; names sort as their numbers do."""
    return f"part-{number:06}.parquet"


def begin(working: str) -> None:
    """An empty folder with a folder for each table."""
    shutil.rmtree(working, ignore_errors=True)
    for table in TABLES:
        os.makedirs(os.path.join(working, table.name))


def note(working: str, told: dict[str, Any]) -> None:
    """How far the writing of a folder has come: whole, in place of what was noted before."""
    temporary = os.path.join(working, f"{PROGRESS}.new")
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(told, file)
    os.replace(temporary, os.path.join(working, PROGRESS))


def noted(working: str) -> dict[str, Any] | None:
    """What was noted in a folder that was not finished."""
    try:
        with open(os.path.join(working, PROGRESS), encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise DataError(
            f"{os.path.join(working, PROGRESS)}: {error}; remove the folder to begin anew"
        ) from None
    return found if isinstance(found, dict) else None


def finish(working: str, folder: str, manifest: dict[str, Any]) -> None:
    """What is said of the tables goes beside them, and the folder gets its name."""
    with open(os.path.join(working, MANIFEST), "w", encoding="utf-8") as file:
        json.dump(manifest, file, indent=2)
    if os.path.exists(os.path.join(working, PROGRESS)):
        os.unlink(os.path.join(working, PROGRESS))
    os.rename(working, folder)


def attach(connection: duckdb.DuckDBPyConnection, folder: str) -> dict[str, Any]:
    """Views on the tables of a folder, in the current schema; what was said of them when they were written.
    Raises DataError.
    """
    import duckdb

    manifest = read_manifest(folder)
    for table in TABLES:
        try:
            source = f"read_parquet({files_of(folder, table.name)})"
            connection.execute(f"CREATE OR REPLACE VIEW {table.name} AS SELECT * FROM {source}")
            found = connection.execute(f"DESCRIBE {table.name}").fetchall()
        except duckdb.Error as error:
            raise DataError(f"{os.path.join(folder, table.name)}: {first_line(error)}") from None
        types = {str(row[0]): str(row[1]) for row in found}
        check_columns(os.path.join(folder, table.name), table, types)
    try:
        check_people(os.path.join(folder, "participants"), lambda query: connection.execute(query).fetchall())
        check_counts(
            folder,
            manifest,
            lambda name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]),
        )
    except duckdb.Error as error:
        raise DataError(f"{folder}: {first_line(error)}") from None
    return manifest


def check_columns(where: str, table: Table, types: Mapping[str, str]) -> None:
    """`types`: of the columns there are, as `Field.type` spells them. Raises DataError."""
    for field in table.fields:
        if field.name not in types:
            raise DataError(f"{where}: the column {field.name} is missing")
        if types[field.name].replace(" ", "") != field.type.replace(" ", ""):
            raise DataError(f"{where}: the column {field.name} is {types[field.name]}, not {field.type}")


def check_people(where: str, ask: Callable[[str], Sequence[tuple[Any, ...]]]) -> None:
    """Everybody has one row. Raises DataError."""
    twice = ask("SELECT id FROM participants GROUP BY id HAVING count(*) > 1 ORDER BY id LIMIT 3")
    numbered = ask("SELECT participant FROM participants GROUP BY participant HAVING count(*) > 1 LIMIT 1")
    if twice or numbered:
        told = ", ".join(str(row[0]) for row in twice) or f"number {numbered[0][0]}"
        raise DataError(f"{where}: more than one row for {told}")


def check_counts(folder: str, manifest: Mapping[str, Any], count: Callable[[str], int]) -> None:
    """A part of a table that was taken away, or put there, would go unseen. Raises DataError."""
    kinds = {"participants": ["participants"]}
    kinds["facts"] = [one.name for one in TABLES if one.name not in ("participants", "concepts")]
    for kind, tables in kinds.items():
        found = sum(map(count, tables))
        if found != manifest.get(kind):
            raise DataError(
                f"{folder}: {MANIFEST} says {manifest.get(kind)} {kind}, the tables hold {found}: a part is "
                "missing, or is not theirs; load the data again"
            )


def read_manifest(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, MANIFEST)
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: there is no such folder")
    if not os.path.exists(path):
        raise DataError(
            f"{folder}: no {MANIFEST}; `protodsl data load` writes such a folder whole or not at all"
        )
    try:
        with open(path, encoding="utf-8") as file:
            return manifest_of(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from None


def manifest_of(text: str, path: str) -> dict[str, Any]:
    """What the text of a manifest says. Raises DataError."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}: {error}") from None
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise DataError(f"{path}: not tables of this version; load the data again")
    return found


def first_line(error: Exception) -> str:
    """What DuckDB refuses, in one line; of a writing thread what it itself was refused."""
    told = str(error).splitlines()[0] if str(error) else type(error).__name__
    inner = re.search(r'"exception_message":("(?:[^"\\]|\\.)*")', told)
    return str(json.loads(inner[1])) if inner is not None else told


def lexicon(connection: duckdb.DuckDBPyConnection) -> Lexicon:
    """The codes and units that occur in the tables."""
    return engine.lexicon(lambda query: connection.execute(query).fetchall())
