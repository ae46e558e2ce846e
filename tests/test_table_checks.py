"""Tables nobody vouches for: what `data load` makes passes, and what would go unseen is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest
from strategies import random_record

from protodsl.cohort import duck
from protodsl.cohort.checks import check_rows
from protodsl.cohort.engine import DataError
from protodsl.cohort.rows import Rows
from protodsl.driver import check
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record

PROTOCOLS = Path(__file__).parents[1] / "protocols"


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Random people of a trial, and one of whom there is a row of every kind."""
    protocol = check(str(PROTOCOLS / "changzheng-cd19-cd3e.proto-lite")).protocol
    assert protocol is not None
    rng, rows = Random(3), Rows()
    while len(rows.tables["participants"]) < 60:
        record = random_record(protocol, rng)
        try:
            rows.add(len(rows.tables["participants"]) + 1, read_record({**record, "id": str(rng.random())}))
        except RecordError:
            continue
    with duck.connect(threads=1) as connection:
        duck.fill(connection, rows)
        yield connection


def said(tables: duckdb.DuckDBPyConnection) -> str:
    try:
        check_rows(lambda name: f"facts.{name}", lambda query: tables.execute(query).fetchall())
    except DataError as error:
        return str(error)
    return ""


def test_what_data_load_makes_passes(tables: duckdb.DuckDBPyConnection) -> None:
    names = {row[0] for row in tables.execute("SHOW TABLES").fetchall()}
    for name in names - {"settings"}:
        assert tables.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0], name
    assert said(tables) == ""


@pytest.mark.parametrize(
    ("broken", "expected"),
    (
        ("UPDATE participants SET sex = 'F' WHERE participant = 7", "participants: sex is none of"),
        ("UPDATE participants SET id = NULL WHERE participant = 7", "participants: id is null (in 1 row"),
        ("UPDATE participants SET birth_last = NULL WHERE participant = 7", "participants: only one of"),
        ("UPDATE results SET date_last = date_first - 1 WHERE fact = 0", "results: date_last is before"),
        ("UPDATE results SET value_low = value_high + 1", "results: there is no number"),
        ("UPDATE results SET value_low = value_high, value_low_open = TRUE", "results: there is no number"),
        ("UPDATE results SET word = 'x'", "results: both a word and a number are stated (in "),
        ("UPDATE results SET concept = 999 WHERE fact = 0", "results: the concept 999 is not in"),
        ("INSERT INTO concepts VALUES (1, 'again')", "concepts: more than one row for the same concept"),
        ("INSERT INTO concepts VALUES (NULL, 'again')", "concepts: concept is null (in 1 row)"),
        ("INSERT INTO timepoints SELECT participant, timepoint, day + 1 FROM timepoints", "timepoints: more"),
        ("UPDATE conditions SET severity = 4", "conditions: severity is not from 0 to 3 (in "),
        ("UPDATE conditions SET ongoing = NULL", "conditions: ongoing is null (in "),
        ("UPDATE medications SET fact = 0", "medications: more than one row for the same"),
        ("INSERT INTO conditions SELECT * FROM conditions", "conditions: more than one row for the same"),
        ("UPDATE absences SET domain = 'Conditions'", "absences: domain is none of condi"),
    ),
)
def test_what_would_go_unseen_is_named(tables: duckdb.DuckDBPyConnection, broken: str, expected: str) -> None:
    tables.execute("BEGIN")
    try:
        assert tables.execute(broken).fetchall()[0][0] > 0
        assert said(tables).startswith(f"facts.{expected}")
    finally:
        tables.execute("ROLLBACK")
