"""The toolbox of the property tests: random records can be read and are varied; refinements only add."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from shipped import trial
from strategies import random_record, refine, reworded, smaller

from protodsl.interpret import screen
from protodsl.runtime.decode import loads
from protodsl.runtime.read import read_record

ROOT = Path(__file__).parent.parent
PROTOCOLS = ("NCT06222853", "NCT06350110", "NCT06892145", "changzheng-cd19-cd3e")


def test_every_verdict_occurs() -> None:
    protocol = trial("NCT06350110")
    records = [read_record(random_record(protocol, Random(seed))) for seed in range(40)]
    verdicts = {screen(protocol, record, cure=False).verdict for record in records}
    assert verdicts == {"eligible", "ineligible", "undetermined"}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_random_records_can_be_read(name: str) -> None:
    for seed in range(150):
        record = random_record(trial(name), Random(seed))
        assert record == random_record(trial(name), Random(seed))
        assert read_record(record) == read_record(loads(json.dumps(record)))
        read_record(refine(record, trial(name), Random(seed)))
        read_record(reworded(record, trial(name), Random(seed)))


def test_a_refinement_keeps_what_was_there() -> None:
    """No fact is dropped, no stated attribute replaced but by a narrower one."""
    changed = 0
    for seed in range(200):
        record = random_record(trial("NCT06892145"), Random(seed))
        more = refine(record, trial("NCT06892145"), Random(seed))
        changed += more != record
        for key, value in record.items():
            if isinstance(value, list):
                assert len(more[key]) >= len(value)
                for was, now in zip(value, more[key], strict=False):
                    if isinstance(was, dict):
                        assert {field for field, held in was.items() if held is not None} <= now.keys()
            elif value is not None and key not in ("birth_date", "sex", "timepoints"):
                assert more[key] == value
    assert changed > 120


def test_cutting_down() -> None:
    record = next(
        found
        for seed in range(100)
        if len((found := random_record(trial("NCT06892145"), Random(seed))).get("results", ())) > 5
    )

    def fails(candidate: dict[str, Any]) -> bool:
        return any(fact.get("code") == record["results"][3]["code"] for fact in candidate.get("results", ()))

    least = smaller(record, fails)
    assert fails(least) and least.keys() == {"id", "results"} and len(least["results"]) == 1
