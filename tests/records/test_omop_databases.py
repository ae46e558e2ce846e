"""OMOP tables in DuckDB, Parquet and PostgreSQL: the records are those of the CSV files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from postgres_engine import running

from protodsl.records.detect import read_participants
from protodsl.records.json import Entry
from protodsl.runtime.record import Record

SAMPLE = Path(__file__).parents[1] / "data" / "omop-5.4-synthea27nj"
TABLES = sorted(path for path in SAMPLE.glob("*.csv"))


def people(found: list[Entry]) -> list[Record]:
    return [one.record for one in found if one.record is not None]


def told(found: list[Entry]) -> list[str]:
    return [message for one in found for message in one.messages()]


@pytest.fixture(scope="module")
def expected() -> list[Record]:
    return people(list(read_participants(str(SAMPLE))))


def database(path: Path, *, schema: str = "main") -> Path:
    """The sample as a DuckDB file, columns typed as DuckDB finds them."""
    with duckdb.connect(str(path)) as made:
        if schema != "main":
            made.execute(f"CREATE SCHEMA {schema}")
        for table in TABLES:
            name = f"{schema}.{table.stem.lower()}"
            made.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{table}')")
    return path


# ---------------------------------------------------------------- DuckDB and Parquet


@pytest.mark.parametrize("schema", ["main", "cdm"])
def test_a_duckdb_file(tmp_path: Path, expected: list[Record], schema: str) -> None:
    path = database(tmp_path / "omop.duckdb", schema=schema)
    found = list(read_participants(str(path)))
    assert told(found) == []
    assert people(found) == expected
    before = path.read_bytes()
    assert people(list(read_participants(str(path), "omop"))) == expected
    assert path.read_bytes() == before


def test_parquet(tmp_path: Path, expected: list[Record]) -> None:
    with duckdb.connect() as made:
        for table in TABLES:
            made.execute(f"COPY (FROM read_csv('{table}')) TO '{tmp_path / table.stem}.parquet'")
    assert people(list(read_participants(str(tmp_path)))) == expected


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "omop.duckdb"
    path.write_bytes(b"nothing of the kind" * 1000)
    [message] = told(list(read_participants(str(path))))
    assert "no DuckDB database" in message
    with duckdb.connect(str(tmp_path / "other.duckdb")) as made:
        made.execute("CREATE TABLE patients (id INTEGER)")
    [message] = told(list(read_participants(str(tmp_path / "other.duckdb"))))
    assert message.endswith("other.duckdb: holds no table person, which lists the participants")


def test_a_view_reads_no_file_of_the_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("person_id,gender_concept_id\n1,8507\n")
    path = tmp_path / "omop.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute(f"CREATE VIEW person AS SELECT * FROM read_csv('{secret}')")
    found = list(read_participants(str(path)))
    assert people(found) == []
    assert all("cannot be read" in message for message in told(found)) and told(found)


def test_two_schemas_with_persons(tmp_path: Path) -> None:
    path = database(tmp_path / "omop.duckdb")
    with duckdb.connect(str(path)) as made:
        made.execute("CREATE SCHEMA copy; CREATE TABLE copy.person AS FROM main.person")
    [message] = told(list(read_participants(str(path))))
    assert "several schemas hold a table person: copy, main" in message


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("postgres")) as url:
        yield url


def test_a_postgresql_database(server: str, expected: list[Record]) -> None:
    with psycopg.connect(server) as made:
        made.execute("CREATE SCHEMA cdm")
        for table in TABLES:
            lines = table.read_text(encoding="utf-8-sig").splitlines()
            columns = ", ".join(f'"{name.strip().lower()}" text' for name in lines[0].split(","))
            name = f"cdm.{table.stem.lower()}"
            made.execute(f"CREATE TABLE {name} ({columns})".encode())
            with made.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv, HEADER)".encode()) as copy:
                copy.write(table.read_text(encoding="utf-8-sig"))
        made.execute("ALTER TABLE cdm.person ALTER COLUMN person_id TYPE bigint USING person_id::bigint")
        made.execute(
            "ALTER TABLE cdm.measurement ALTER COLUMN measurement_date TYPE date USING measurement_date::date"
        )
    found = list(read_participants(server))
    assert told(found) == []
    assert people(found) == expected
    with psycopg.connect(server) as made:
        made.execute("CREATE SCHEMA other; CREATE TABLE other.person (person_id bigint)")
    [message] = told(list(read_participants(server)))
    assert "several schemas hold a table person: cdm, other" in message
    assert people(list(read_participants(f"{server}&schema=cdm"))) == expected


def test_no_server(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    url = f"postgresql://reader:secret-word@nowhere.invalid/cdm?host={tmp_path}"
    [message] = told(list(read_participants(url)))
    assert message.startswith("postgresql://nowhere.invalid/cdm: no connection: ")
    assert "secret-word" not in message
