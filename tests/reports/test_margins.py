"""Distances to limits, what stands in the way, and single changes that would make the difference."""

from __future__ import annotations

from fractions import Fraction

import pytest
from small_trial import Screen, lab, screen

from protodsl.reports.margins import turning_point

__all__ = ["screen"]

LIVER = 'inclusion 1 "Liver" {\n  require alt <= 3 ULN\n}'


def test_a_near_miss_says_by_how_much_and_what_would_do(screen: Screen) -> None:
    found = screen(LIVER, {"results": [lab("alt", 124, "U/L", uln=40)]})
    (margin,) = found.margins
    assert (margin.value, margin.needed, margin.distance, margin.percent) == (
        "124 U/L", "at most 120 U/L", "4 U/L", "3.3",
    )  # fmt: skip
    (miss,) = found.near_misses
    assert (miss.place, miss.needed, miss.verdict) == ("results/0", "at most 120 U/L", "eligible")
    assert found.blocking == ("inclusion 1",)
    assert found.to_dict()["near_misses"][0]["value"] == "124 U/L"


def test_a_change_that_is_not_enough_is_no_near_miss(screen: Screen) -> None:
    fragment = LIVER + '\nexclusion 1 "Men" {\n  exclude if sex is male\n}'
    found = screen(fragment, {"sex": "male", "results": [lab("alt", 124, "U/L", uln=40)]})
    assert found.blocking == ("inclusion 1", "exclusion 1")
    assert len(found.margins) == 1 and found.near_misses == ()


def test_a_change_may_leave_it_open(screen: Screen) -> None:
    fragment = LIVER + '\ninclusion 2 "Kidney" {\n  require egfr >= 30 mL/min/1.73m2\n}'
    found = screen(fragment, {"results": [lab("alt", 124, "U/L", uln=40)]})
    assert [one.verdict for one in found.near_misses] == ["undetermined"]


def test_one_value_that_fails_two_criteria_is_one_change(screen: Screen) -> None:
    fragment = LIVER + '\nexclusion 1 "Hepatitis" {\n  exclude if alt > 2 ULN\n}'
    found = screen(fragment, {"results": [lab("alt", 124, "U/L", uln=40)]})
    # 120 U/L satisfies the one, and only 80 U/L both
    assert [(one.criterion, one.needed) for one in found.near_misses] == [("exclusion 1", "at most 80 U/L")]


def test_limits_and_values_in_the_result_s_own_unit(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "Kidney" {\n  require creatinine < 2 mg/dL\n}',
        {"results": [lab("creatinine", 200, "umol/L")]},
    )
    (margin,) = found.margins
    assert margin.value == "200 umol/L" and margin.needed == "below 176.80 umol/L"
    (miss,) = found.near_misses
    assert miss.verdict == "eligible"  # below the limit, not at it


def test_the_limit_itself_does_not_pass_where_it_is_left_out(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "Kidney" {\n  require creatinine < 2 mg/dL\n}',
        {"results": [lab("creatinine", 2, "mg/dL")]},
    )
    (margin,) = found.margins
    assert (margin.distance, margin.percent) == ("0 mg/dL", "0.0")
    assert found.near_misses[0].needed == "below 2 mg/dL"


def test_an_exclusion_that_is_true_asks_for_the_opposite(screen: Screen) -> None:
    found = screen(
        'exclusion 1 "Liver" {\n  exclude if alt >= 100 U/L\n}', {"results": [lab("alt", 130, "U/L")]}
    )
    assert found.margins[0].needed == "below 100 U/L"
    assert found.near_misses[0].verdict == "eligible"


def test_of_a_range_only_the_end_that_is_not_met(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "Range" {\n  require egfr between 30 and 60 mL/min/1.73m2\n}',
        {"results": [lab("egfr", 66, "mL/min/1.73m2")]},
    )
    assert [one.needed for one in found.margins] == ["at most 60 mL/min/1.73m2"]


def test_a_censored_value_has_its_nearest_distance_and_no_change_is_tried(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "eGFR" {\n  require egfr <= 60 mL/min/1.73m2\n}',
        {"results": [lab("egfr", ">90", "mL/min/1.73m2")]},
    )
    assert found.margins[0].distance == "30 mL/min/1.73m2" and found.near_misses == ()


def test_age_has_a_distance_and_no_change(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "Adult" {\n  require age at screening >= 18 years\n}', {"birth_date": "2007-02-20"}
    )
    (margin,) = found.margins
    assert (margin.value, margin.distance) == ("17 years", "1 year")
    assert found.near_misses == ()


def test_a_dose_is_changed_where_it_is_one_course(screen: Screen) -> None:
    found = screen(
        'exclusion 1 "Steroids" {\n'
        "  exclude if received prednisone at > 10 mg/d within 2 weeks before screening\n}",
        {
            "complete": ["medications"],
            "medications": [
                {"code": "prednisone", "dose": 15, "unit": "mg/d", "start": "2024-01-01", "end": None}
            ],
        },
    )
    assert found.margins[0].distance == "5 mg/d"
    (miss,) = found.near_misses
    assert (miss.place, miss.value, miss.needed) == ("medications/0", "15 mg/d", "about at most 10 mg/d")


def test_groups_and_cohorts_stand_in_the_way_as_one(screen: Screen) -> None:
    fragment = (
        'satisfy any of {\n  inclusion 1 "ALT" {\n    require alt <= 100 U/L\n  }\n'
        '  inclusion 2 "AST" {\n    require ast <= 100 U/L\n  }\n}'
    )
    found = screen(fragment, {"results": [lab("alt", 130, "U/L"), lab("ast", 130, "U/L")]})
    assert found.blocking == ("inclusion 1 or inclusion 2",)
    assert len(found.near_misses) == 2


@pytest.mark.parametrize(("start", "limit"), [(Fraction(15), Fraction(10)), (Fraction(3), Fraction("7.77"))])
def test_a_turning_point_passes_and_is_near(start: Fraction, limit: Fraction) -> None:
    passes = (lambda value: value <= limit) if start > limit else (lambda value: value >= limit)
    found = turning_point(start, passes)
    assert found is not None and passes(found)
    assert abs(found - limit) <= limit / 100


def test_no_turning_point_within_reason() -> None:
    assert turning_point(Fraction(5), lambda value: value > 1000) is None
    assert turning_point(Fraction(0), lambda value: True) is None
