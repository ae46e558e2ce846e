"""One fact added to somebody eligible, and the criterion it must move.

Each probe is a reading of the source that would harm a participant or wrongly keep one out if it were wrong:
codes that name the disease elsewhere, a window that ends too early, a value too old, an exception that
swallows the rule.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shipped

from protodsl import interpret
from protodsl.runtime.read import read_record

PROTOCOLS = Path(__file__).parent.parent / "protocols"
CHILD, BCMA, ADULT, SIX = "NCT06222853", "NCT06350110", "NCT06892145", "changzheng-cd19-cd3e"

Added = dict[str, list[dict[str, Any]]]


def outcome(trial: str, criterion: str, added: Added, without: str = "") -> str:
    """Of P-01, who is eligible, with facts added and the results of one item left out."""
    data = json.loads((PROTOCOLS / "patients" / trial / "P-01.json").read_text())
    data["results"] = [one for one in data["results"] if one["code"] != without]
    for domain, facts in added.items():
        data[domain] = [*data.get(domain, []), *facts]
    stage = shipped.trial(trial).stages[0].id
    report = interpret.screen(shipped.trial(trial), read_record(data), stage=stage, cure=False)
    (found,) = (one for one in report.criteria if one.id == criterion)
    return found.outcome


def coded(system: str, code: str, **more: Any) -> dict[str, Any]:
    return {"code": {"system": system, "code": code}, **more}


def icd(code: str, **more: Any) -> Added:
    return {"conditions": [coded("icd10", code, **{"onset": "2023-01", "end": None, **more})]}


def atc(code: str, **more: Any) -> Added:
    return {"medications": [coded("atc", code, **{"start": "2023-01-01", "end": "2023-02-01", **more})]}


def said(question: str, answer: bool, day: str) -> dict[str, Any]:
    return {"question": question, "answer": answer, "by": "investigator", "date": day}


SYNCOPE = "the syncope is unexplained: neither vasovagal nor due to dehydration"
GONE = (
    "no active lesion of a malignant tumour, and all its treatment, drugs included, "
    "ended more than 2 years ago"
)
HIGH = "the glucocorticoid was given in an immunosuppressive dose"

PROBES: dict[str, tuple[str, str, Added, str]] = {
    "an infection of the urinary tract is an infection": (CHILD, "exclusion 6", icd("N39.0"), "unknown"),
    "a complete heart block is an arrhythmia": (
        CHILD, "exclusion 4.c", icd("I44.2", severity="severe"), "fails"),
    "CAR-T cells recorded as a drug": (
        CHILD, "exclusion 1",
        {"medications": [{"code": "cd19_car_t_cells", "start": "2022-05-01", "end": "2022-05-01"}]}, "fails"),
    "a licensed CAR-T product": (ADULT, "exclusion 4", atc("L01XL04"), "fails"),
    "polycythaemia vera is a malignancy": (CHILD, "exclusion 11", icd("D45"), "fails"),
    "a cancer of the lung is no exception": (
        ADULT, "exclusion 12", {**icd("C34.1"), "answers": [said(GONE, False, "2025-06-11")]}, "fails"),
    "a syncope of which nothing more is known": (
        ADULT, "exclusion 7.3",
        {"conditions": [{"code": "syncope", "onset": "2024-01-09"}],
         "answers": [said(SYNCOPE, True, "2025-06-11")]}, "fails"),
    "dialysis in the 3 months before the planned infusion": (
        ADULT, "exclusion 2.a", {"procedures": [{"code": "haemodialysis", "date": "2025-03-30"}]}, "fails"),
    "dialysis the day before these 3 months": (
        ADULT, "exclusion 2.a", {"procedures": [{"code": "haemodialysis", "date": "2025-03-29"}]}, "passes"),
    "post-traumatic stress is a psychiatric disorder": (SIX, "exclusion 9.a", icd("F43.1"), "fails"),
    "smoking is none": (SIX, "exclusion 9.a", icd("F17.2"), "passes"),
    "a deficiency of antibodies after treatment is not congenital": (
        SIX, "exclusion 5", icd("D80.1"), "passes"),
    "common variable immunodeficiency is": (SIX, "exclusion 5", icd("D83.9"), "fails"),
    "a drug for the blood pressure is no treatment directed at CD19": (
        BCMA, "exclusion 15", atc("C08CA01"), "passes"),
    "blinatumomab is": (BCMA, "exclusion 15.a", atc("L01FX07"), "fails"),
    "lupus of the nervous system is a disease of it": (
        BCMA, "exclusion 2.a",
        {"conditions": [{"code": "neuropsychiatric_lupus", "onset": "2024-11", "end": None}]}, "fails"),
    "nephritis that ended within the 8 weeks": (
        BCMA, "exclusion 1.a",
        {"conditions": [{"code": "lupus_nephritis", "onset": "2024-06", "end": "2025-03-01"}],
         "results": [{"code": "creatinine", "value": 230, "unit": "umol/L", "date": "2025-02-10"}]}, "fails"),
    "hydrocortisone to replace the body's own": (
        BCMA, "exclusion 5",
        {"medications": [{"code": "hydrocortisone", "dose": 20, "unit": "mg/d", "start": "2025-03-09",
                          "end": None}],
         "answers": [said(HIGH, False, "2025-03-12")]}, "passes"),
    "prednisone in a dose that suppresses": (
        BCMA, "exclusion 5",
        {"medications": [{"code": "prednisone", "dose": 30, "unit": "mg/d", "start": "2025-03-12",
                          "end": None}],
         "answers": [said(HIGH, True, "2025-03-12")]}, "fails"),
}  # fmt: skip


@pytest.mark.parametrize("probe", PROBES)
def test_one_fact_added(probe: str) -> None:
    trial, criterion, added, expected = PROBES[probe]
    assert outcome(trial, criterion, {}) == "passes"
    assert outcome(trial, criterion, added) == expected


def test_lupus_of_the_nervous_system_between_screening_and_enrollment() -> None:
    data = json.loads((PROTOCOLS / "patients" / CHILD / "P-01.json").read_text())
    day = data["timepoints"]["enrollment"]
    added: Added = {
        "conditions": [{"code": "neuropsychiatric_lupus", "onset": day, "end": None}],
        "answers": [said("the CNS lupus requires intervention", True, day)],
    }
    assert outcome(CHILD, "exclusion 2", added) == "fails"


STALE = [
    (CHILD, "lvef", "inclusion 4.1.a", 70, "%"),
    (SIX, "hemoglobin", "inclusion 3.1.B", 130, "g/L"),
    (ADULT, "lvef", "inclusion 6.1", 70, "%"),
    (BCMA, "platelets", "inclusion 8", 200, "10*9/L"),
]


@pytest.mark.parametrize(("trial", "item", "criterion", "value", "unit"), STALE)
def test_an_old_value_neither_admits_nor_excludes(
    trial: str, item: str, criterion: str, value: float, unit: str
) -> None:
    for number in (value, value / 100):
        old = {"code": item, "value": number, "unit": unit, "date": "2023-01-05"}
        assert outcome(trial, criterion, {"results": [old]}, without=item) == "unknown"


def test_antibodies_that_mark_the_disease_may_be_old() -> None:
    old: Added = {"results": [{"code": "ana", "value": "positive", "date": "2019-03-04"}]}
    assert outcome(ADULT, "inclusion 5", old, without="ana") == "passes"
    points: Added = {
        "results": [{"code": "eular_acr_2019_points", "value": 14, "unit": "points", "date": "2019-03-04"}]
    }
    assert outcome(BCMA, "inclusion 2", points, without="eular_acr_2019_points") == "passes"
