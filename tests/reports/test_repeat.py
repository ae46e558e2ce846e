"""Which tests must be repeated by when, on the day on which nothing fails any more."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from small_trial import Screen, lab, screen, screened, trial_of

from protodsl.reports.repeat import Repeat

__all__ = ["screen"]

VACCINE = """
exclusion 1 "Vaccine" {
  exclude if received live_vaccine within 4 weeks before screening
}
"""
VACCINATED: dict[str, Any] = {
    "complete": ["procedures"],
    "procedures": [{"code": "live_vaccine", "date": "2024-02-12"}],
}


def test_a_result_that_goes_stale_meanwhile_has_its_window(screen: Screen) -> None:
    fragment = VACCINE + (
        'inclusion 1 "ALT" {\n  require alt <= 100 U/L within 2 weeks before screening\n}\n'
        'inclusion 2 "AST" {\n  require ast <= 100 U/L within 8 weeks before screening\n}'
    )
    found = screen(fragment, VACCINATED | {"results": [lab("alt", 50, "U/L"), lab("ast", 50, "U/L")]})
    assert found.report.earliest_date == "2024-03-12"
    assert found.report.to_repeat == ["alt"]
    assert found.repeat == (Repeat("alt", "ALT", "2024-02-27", "2024-03-12", "2024-02-19"),)
    assert found.repeat[0].words() == "ALT between 2024-02-27 and 2024-03-12 (recorded 2024-02-19)"


@pytest.mark.parametrize("day", ["2024-02-26", "2024-02-27", "2024-03-12"])
def test_inside_its_window_a_repeated_result_counts(day: str) -> None:
    """The window that is told, held against the checker itself on the earliest date."""
    trial = trial_of(
        VACCINE + 'inclusion 1 "ALT" {\n  require alt <= 100 U/L within 2 weeks before screening\n}'
    )
    record = VACCINATED | {
        "timepoints": {"screening": "2024-03-12"},
        "results": [lab("alt", 50, "U/L"), lab("alt", 50, "U/L", date=day)],
    }
    found = screened(trial, record)
    assert found.report.verdict == ("eligible" if day >= "2024-02-27" else "undetermined")


def test_two_windows_for_one_item_meet(screen: Screen) -> None:
    fragment = VACCINE + (
        'inclusion 1 "ALT" {\n  require alt <= 100 U/L within 2 weeks before screening\n}\n'
        'inclusion 2 "ALT again" {\n  require alt > 5 U/L within 5 days before screening\n}'
    )
    found = screen(fragment, VACCINATED | {"results": [lab("alt", 50, "U/L")]})
    assert [(one.first, one.by) for one in found.repeat] == [("2024-03-07", "2024-03-12")]


def test_several_washouts_at_once_and_an_age_limit(screen: Screen) -> None:
    """The first day on which nothing fails is not the last of the single dates: held against every day."""
    trial = trial_of(
        VACCINE
        + 'exclusion 2 "Surgery" {\n  exclude if underwent surgery within 1 month before screening\n}\n'
        + 'exclusion 3 "Prednisone" {\n'
        + "  exclude if received prednisone within 10 days before screening\n}\n"
        + 'inclusion 1 "Age" {\n  require age at screening between 18 and 40 years\n}\n'
        + 'inclusion 2 "ALT" {\n  require alt <= 100 U/L within 3 weeks before screening\n}'
    )
    record: dict[str, Any] = {
        "birth_date": "2006-04-02",
        "complete": ["procedures", "medications"],
        "procedures": [
            {"code": "live_vaccine", "date": "2024-02-12"},
            {"code": "surgery", "date": "2024-01-31"},
        ],
        "medications": [{"code": "prednisone", "start": "2024-02-01", "end": "2024-03-01"}],
        "results": [lab("alt", 50, "U/L")],
    }
    found = screened(trial, record)
    failing = {one.id: one.curable_on for one in found.report.criteria if one.outcome == "fails"}
    day = date(2024, 2, 20)
    while True:
        day += timedelta(days=1)
        later = screened(trial, record | {"timepoints": {"screening": day.isoformat()}})
        if later.report.verdict != "ineligible":
            break
    assert found.report.earliest_date == day.isoformat() == "2024-04-02"
    assert failing["exclusion 1"] == "2024-03-12" and failing["exclusion 2"] == "2024-03-01"
    assert [one.words() for one in found.repeat] == [
        "ALT between 2024-03-12 and 2024-04-02 (recorded 2024-02-19)"
    ]


def test_a_value_that_fails_may_only_be_too_old_later(screen: Screen) -> None:
    """Then nothing fails any more, and the verdict hangs on the repeated test."""
    found = screen(
        'inclusion 1 "ALT" {\n  require alt <= 100 U/L within 2 weeks before screening\n}',
        {"results": [lab("alt", 150, "U/L")]},
    )
    assert found.report.earliest_date == "2024-03-05"
    assert [one.what for one in found.repeat] == ["alt"]


def test_the_other_inputs_of_a_formula_must_fit_the_repeated_one() -> None:
    """Cockcroft-Gault is dated by the creatinine; the weight of long ago is too old for a new one."""
    from pathlib import Path

    from protodsl.driver import check
    from protodsl.reading import read_file
    from protodsl.reports import Trial

    root = Path(__file__).parents[2] / "protocols"
    text = """language 1
use "vocabulary/laboratory.proto-lite"
use "vocabulary/formulas.proto-lite"
use "vocabulary/procedures.proto-lite"
protocol small "Small" {
  timepoint screening
  anchor screening
  inclusion 1 "Kidney" {
    require creatinine_clearance >= 60 mL/min within 2 weeks before screening
  }
  exclusion 1 "Vaccine" {
    exclude if received live_vaccine within 4 weeks before screening
  }
}
"""
    path = root / "case.proto-lite"
    result = check(
        str(path),
        read=lambda wanted: text.encode() if Path(wanted) == path else read_file(wanted),
        root=str(root),
    )
    assert result.protocol is not None, [one.message for one in result.diagnostics]
    validity = result.protocol.measures["creatinine_clearance"].validity
    old = "2024-01-25"
    record = VACCINATED | {
        "sex": "female",
        "birth_date": "1990-01-01",
        "results": [
            lab("creatinine", 0.8, "mg/dL"),
            lab("body_weight", 60, "kg", date=old),
        ],
    }
    found = screened(Trial(result.protocol), record)
    assert found.report.to_repeat == ["creatinine"], found.report.to_repeat
    # the weight counted for the old creatinine, and would not for one taken on the earliest date
    assert [one.what for one in found.repeat] == ["creatinine", "body_weight"], (validity, found.repeat)


def test_no_earliest_date_nothing_to_repeat(screen: Screen) -> None:
    found = screen('inclusion 1 "ALT" {\n  require alt <= 100 U/L\n}', {"results": [lab("alt", 150, "U/L")]})
    assert found.report.earliest_date is None and found.repeat == ()
