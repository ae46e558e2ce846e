"""The published schema of a report, held against every report on the trials' own participants."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shipped
from jsonschema import Draft202012Validator

from protodsl.records.json import read_records
from protodsl.reports import Asked, Details, Trial, schema

PROTOCOLS = Path(__file__).parents[2] / "protocols"
TRIALS = sorted(PROTOCOLS.glob("*.proto-lite"))


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_every_report_fits(path: Path) -> None:
    trial, validator = Trial(shipped.trial(path.stem)), Draft202012Validator(schema())
    kinds: dict[str, Any] = {}
    files = sorted((PROTOCOLS / "patients" / path.stem).glob("*.json"))
    assert files
    for file in files:
        for entry in read_records(str(file)):
            assert entry.record is not None
            data = Details(trial, entry.record, Asked()).to_dict()
            validator.validate(json.loads(json.dumps(data)))
            kinds |= {key: value for key, value in data.items() if value}
            own = {place for row in data["criteria"] for place in row["evidence"]}
            assert data["facts"].keys() == own
            near = {one["verdict"] for one in data["near_misses"]}
            assert "ineligible" not in near
            asked = {one["what"] for each in data["missing"]["could_change"].values() for one in each}
            assert asked == set(data["needed"])
    assert kinds.keys() >= {"margins", "missing", "blocking", "facts", "audit"}


def test_the_schema_is_strict() -> None:
    validator = Draft202012Validator(schema())
    Draft202012Validator.check_schema(schema())
    assert not validator.is_valid({"verdict": "eligible"})
