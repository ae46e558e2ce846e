"""Where OMOP tables may lie: CSV and Parquet files in a folder, a DuckDB file, a PostgreSQL database.

Of each a reader needs to know which tables there are, and their rows as texts. Nothing is ever written to a
store, and nothing but the tables of the model is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any, Protocol

from protodsl.records.omop.csvs import Broken, Row, Unreadable, csv_rows

PERSON = "person.csv"
DATABASES = (".duckdb", ".ddb")
BATCH = 10_000
_URL = re.compile(r"(postgres(?:ql)?)://(?:[^@/]*@)?([^?]*)")


class Store(Protocol):
    """`where` names the store in messages; `size` is the bytes of its tables, where that is known."""

    where: str
    tables: dict[str, str]  # the table of the model: what messages call it
    size: int | None

    def rows(self, table: str) -> Iterator[Row | Broken]: ...

    def close(self) -> None: ...


def is_database(path: str) -> bool:
    """Whether a path is the URL of a database."""
    return _URL.match(path) is not None


def store_of(path: str, known: frozenset[str]) -> Store:
    """The store at a path; of its tables only those `known`. Raises Unreadable."""
    if is_database(path):
        return Postgres(path, known)
    return Folder(path, known) if os.path.isdir(path) else DuckDB(path, known)


# ---------------------------------------------------------------- a folder of files


class Folder:
    def __init__(self, folder: str, known: frozenset[str]) -> None:
        self.where = folder
        self.tables: dict[str, str] = {}
        try:
            listed = sorted(os.listdir(folder))
        except OSError as error:
            raise Unreadable(folder, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
        root = os.path.realpath(folder)
        for name in listed:
            stem, ending = os.path.splitext(name.lower())
            path = os.path.join(folder, name)
            if ending not in (".csv", ".parquet") or stem not in known:
                continue
            if os.path.commonpath((root, os.path.realpath(path))) != root:
                raise Unreadable(path, "a link that leads out of the folder; it is not followed")
            if stem in self.tables:
                raise Unreadable(path, f"the table stands twice in the folder, also as {self.tables[stem]}")
            self.tables[stem] = path
        self.size: int | None = sum(os.path.getsize(path) for path in self.tables.values())

    def rows(self, table: str) -> Iterator[Row | Broken]:
        path = self.tables[table]
        return _parquet(path) if path.lower().endswith(".parquet") else csv_rows(path)

    def close(self) -> None:
        pass


# ---------------------------------------------------------------- DuckDB, and Parquet through it


def _duckdb(where: str, what: str) -> Any:
    try:
        import duckdb
    except ImportError:
        raise Unreadable(where, f"{what} needs DuckDB: pip install 'protodsl[duckdb]'") from None
    return duckdb


def _parquet(path: str) -> Iterator[Row]:
    duckdb = _duckdb(path, "Parquet")
    try:
        with duckdb.connect() as database:
            yield from _fetched(database.execute("SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", [path]))
    except duckdb.Error as error:
        raise Unreadable(path, f"no Parquet table: {str(error).splitlines()[0]}") from None


def _fetched(found: Any) -> Iterator[Row]:
    names = [column[0].lower() for column in found.description]
    while rows := found.fetchmany(BATCH):
        for row in rows:
            yield {name: value or "" for name, value in zip(names, row, strict=True)}


class DuckDB:
    """A database file. A view in it could read other files of the machine: that is forbidden to it."""

    size: int | None = None

    def __init__(self, path: str, known: frozenset[str]) -> None:
        self.where = path
        self.duckdb = _duckdb(path, "a DuckDB file")
        try:
            self.database = self.duckdb.connect(
                path, read_only=True, config={"enable_external_access": "false"}
            )
            found = self.database.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_catalog = current_database() ORDER BY table_schema, table_name"
            ).fetchall()
        except self.duckdb.Error as error:
            raise Unreadable(path, f"no DuckDB database: {str(error).splitlines()[0]}") from None
        self.names = _chosen(path, found, known)
        self.tables = {table: f"{path}: {table}" for table in self.names}

    def rows(self, table: str) -> Iterator[Row]:
        schema, name = (_quoted(part) for part in self.names[table])
        try:
            with self.database.cursor() as cursor:
                yield from _fetched(cursor.execute(f"SELECT COLUMNS(*)::VARCHAR FROM {schema}.{name}"))
        except self.duckdb.Error as error:
            raise Unreadable(self.tables[table], f"cannot be read: {str(error).splitlines()[0]}") from None

    def close(self) -> None:
        self.database.close()


def _chosen(where: str, found: list[tuple[str, str]], known: frozenset[str]) -> dict[str, tuple[str, str]]:
    """The tables of the one schema that has `person`, and the vocabulary's, wherever it lies."""
    schemas = sorted({schema for schema, name in found if name.lower() == "person"})
    if len(schemas) > 1:
        told = f"several schemas hold a table person: {', '.join(schemas)}; name one: {where}?schema=…"
        raise Unreadable(where, told)
    names: dict[str, tuple[str, str]] = {}
    for schema, name in found:
        table = name.lower()
        own = schemas and schema == schemas[0]
        if table in known and (
            own or (table.startswith(("concept", "drug_strength")) and table not in names)
        ):
            names[table] = (schema, name)
    return names


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# ---------------------------------------------------------------- PostgreSQL


class Postgres:
    """A database by its URL, which may hold a password and is therefore never repeated.

    `?schema=NAME` names the schema where several hold the tables; whatever else stands behind the question
    mark is for libpq, as are `PGPASSWORD`, `~/.pgpass` and the like.
    """

    size: int | None = None

    def __init__(self, url: str, known: frozenset[str]) -> None:
        found = _URL.match(url)
        self.where = f"{found[1]}://{found[2]}" if found is not None else "the database"
        try:
            import psycopg
        except ImportError:
            told = "PostgreSQL needs psycopg: pip install 'protodsl[postgresql]'"
            raise Unreadable(self.where, told) from None
        self.errors = psycopg.Error
        schema = re.search(r"[?&]schema=([^&]*)", url)
        url = re.sub(r"([?&])schema=[^&]*&?", r"\1", url).rstrip("?&")
        try:
            self.database = psycopg.connect(
                url, connect_timeout=15, options="-c default_transaction_read_only=on"
            )
            listed = self.database.execute(
                "SELECT table_schema, table_name FROM information_schema.tables "
                "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
            ).fetchall()
        except (psycopg.Error, UnicodeError) as error:
            raise Unreadable(self.where, f"no connection: {self._told(error)}") from None
        if schema is not None:
            wanted = schema[1]
            listed = [(one, name) for one, name in listed if name.lower() != "person" or one == wanted]
        self.names = _chosen(self.where, listed, known)
        self.tables = {table: f"{self.where}: {table}" for table in self.names}

    @staticmethod
    def _told(error: Exception) -> str:
        """What the server said, without the line that repeats what it was sent."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        told = lines[0] if lines else type(error).__name__
        return re.sub(r"password(=| )\S+|user \"[^\"]*\"", "…", told.rpartition("FATAL:")[2].strip() or told)

    def rows(self, table: str) -> Iterator[Row]:
        schema, name = self.names[table]
        try:
            with self.database.cursor(name="protodsl") as cursor:  # held by the server, sent in pieces
                cursor.itersize = BATCH
                columns = self.database.execute(
                    "SELECT column_name FROM information_schema.columns "
                    "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                    (schema, name),
                ).fetchall()
                listed = ", ".join(f"{_quoted(column)}::text" for (column,) in columns)
                names = [str(column).lower() for (column,) in columns]
                query = f"SELECT {listed} FROM {_quoted(schema)}.{_quoted(name)}"
                cursor.execute(query.encode())
                for row in cursor:
                    yield {name: value or "" for name, value in zip(names, row, strict=True)}
        except self.errors as error:
            raise Unreadable(self.tables[table], f"cannot be read: {self._told(error)}") from None

    def close(self) -> None:
        self.database.close()
