"""SQL means what the checker means: random protocols and records, truth by truth, on DuckDB."""

from __future__ import annotations

from random import Random

import pytest
from duck_engine import run as duckdb
from random_protocols import fragments, mutated, trials
from sql_differential import differences, some_run
from strategies import random_record

from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record

SEED = 20261


def readable(record: dict[str, object]) -> bool:
    try:
        read_record(record)
    except RecordError:
        return False
    return True


@pytest.mark.parametrize("number", range(4))
def test_trials(number: int) -> None:
    rng = Random(SEED + number)
    protocol = mutated(trials()[number], rng)
    records = [record for _ in range(60) if readable(record := random_record(protocol, rng))]
    found, compared = differences(protocol, records, some_run(protocol, rng), duckdb, "duckdb")
    assert found == []
    assert compared > 1000


def test_fragments() -> None:
    """One in eight of the specification's fragments, every other one changed."""
    compared = 0
    for number, fragment in enumerate(fragments()):
        if number % 8:
            continue
        rng = Random(SEED + number)
        protocol = mutated(fragment, rng) if number % 16 else fragment
        records = [record for _ in range(40) if readable(record := random_record(protocol, rng))]
        found, count = differences(protocol, records, some_run(protocol, rng), duckdb, "duckdb")
        assert found == [], protocol.id
        compared += count
    assert compared > 2000
