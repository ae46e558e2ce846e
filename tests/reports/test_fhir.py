"""Reports as FHIR R4: valid, and saying what the report says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.measurereport import MeasureReport
from small_trial import lab, screened, trial_of

from protodsl.driver import check
from protodsl.records.detect import read_participants
from protodsl.reports import Asked, Details, Trial
from protodsl.reports.fhir import POPULATION, measure_report, resource

ROOT = Path(__file__).parents[2]
FRAGMENT = """
inclusion 1 "ALT" {
  require alt <= 3 ULN
}
inclusion 2 "AST" {
  require ast <= 100 U/L
}
exclusion 1 "Vaccine" {
  exclude if received live_vaccine within 4 weeks before screening
}
exclusion 2 "Gout" {
  applies if sex is female
  exclude if has gout
}
"""
RECORD: dict[str, Any] = {
    "id": "P-1",
    "sex": "male",
    "complete": ["procedures"],
    "results": [lab("alt", 124, "U/L", uln=40)],
    "procedures": [{"code": "live_vaccine", "date": "2024-02-12"}],
}


def counts(report: dict[str, Any]) -> dict[str, tuple[int, int | None]]:
    """(applies, passes) of each group, by its code; None: not counted, and said to be unknown."""
    found = {}
    for group in report["group"]:
        applies, passes = group["population"]
        assert [one["code"]["coding"][0]["system"] for one in (applies, passes)] == [POPULATION] * 2
        if "count" not in passes:
            assert passes["_count"]["extension"][0]["valueCode"] == "unknown"
        found[group["code"]["coding"][0]["code"]] = (applies["count"], passes.get("count"))
    return found


def test_a_measure_report_of_one() -> None:
    made = resource([measure_report(screened(trial_of(FRAGMENT), RECORD))])
    MeasureReport.model_validate(made)
    assert counts(made) == {
        "eligibility": (1, 0),
        "inclusion 1": (1, 0),
        "inclusion 2": (1, None),
        "exclusion 1": (1, 0),
        "exclusion 2": (0, 0),
    }
    assert made["subject"] == {"reference": "Patient/P-1"}
    assert made["period"] == {"start": "2024-02-20", "end": "2024-02-20"}
    vaccine = next(one for one in made["group"] if one["code"]["text"] == "exclusion 1 Vaccine")
    said = {one["url"].rpartition(":")[2]: one for one in vaccine["extension"]}
    assert said["curable-on"]["valueDate"] == "2024-03-12"
    assert said["evidence"]["valueString"] == "procedures/0"
    assert "within 4 weeks before screening" in said["reason"]["valueString"]


def test_several_are_a_bundle_with_addresses_of_their_own() -> None:
    trial = trial_of(FRAGMENT)
    found = [screened(trial, RECORD | {"id": name}) for name in ("P-1", "Herr Müller")]
    made = resource([measure_report(one) for one in found])
    Bundle.model_validate(made)
    assert len({one["fullUrl"] for one in made["entry"]}) == 2
    assert made["entry"][1]["resource"]["subject"] == {"identifier": {"value": "Herr Müller"}}
    assert json.dumps(made) == json.dumps(
        resource([measure_report(screened(trial, RECORD | {"id": i})) for i in ("P-1", "Herr Müller")])
    )
    Bundle.model_validate(resource([]))


def test_of_an_undated_question() -> None:
    made = resource([measure_report(screened(trial_of(FRAGMENT), RECORD | {"timepoints": {}}))])
    MeasureReport.model_validate(made)
    assert counts(made)["eligibility"] == (1, None)


def test_fhir_in_is_referred_to_in_fhir_out() -> None:
    """A bundle from elsewhere against each of the trials; what it rests on are the resources themselves."""
    for path in sorted((ROOT / "protocols").glob("*.proto-lite")):
        model = check(str(path)).protocol
        assert model is not None
        trial = Trial(model)
        folder = str(ROOT / "tests" / "data" / "fhir-r4-synthea")
        names = {one.name for one in model.timepoints}
        asked = Asked(at={name: "2019-05-20" for name in ("screening", "enrollment") if name in names})
        found = [
            Details(trial, entry.record, asked)
            for entry in read_participants(folder)
            if entry.record is not None
        ]
        made = resource([measure_report(one) for one in found])
        Bundle.model_validate(made)
        evaluated = [
            one["reference"]
            for entry in made["entry"]
            for one in entry["resource"].get("evaluatedResource", ())
        ]
        assert evaluated or all(not one.facts for one in found)
        bundles = "".join(file.read_text() for file in (ROOT / "tests/data/fhir-r4-synthea").glob("*.json"))
        assert all(one.rpartition("/")[2] in bundles for one in evaluated)
