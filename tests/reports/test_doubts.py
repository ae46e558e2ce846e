"""Doubtful data are shown, whichever criteria ask for them."""

from __future__ import annotations

from small_trial import Screen, lab, screen

__all__ = ["screen"]

KIDNEY = 'inclusion 1 "Kidney" {\n  require creatinine <= 2 mg/dL\n}'


def test_an_implausible_value_is_shown_with_the_unit_that_was_probably_meant(screen: Screen) -> None:
    found = screen(KIDNEY, {"results": [lab("creatinine", 90, "mg/dL")]})
    assert found.report.verdict == "undetermined"
    (doubt,) = found.doubts
    assert (doubt.kind, doubt.places, doubt.criteria) == (
        "implausible value", ("results/0",), ("inclusion 1",),
    )  # fmt: skip
    assert doubt.message == (
        "Creatinine 90 mg/dL, 2024-02-19: outside what is plausible (0.1 to 40 mg/dL); not used until it is "
        "confirmed. Was umol/L meant? That would be 1.02 mg/dL"
    )


def test_confirmed_it_is_no_doubt_any_more(screen: Screen) -> None:
    found = screen(KIDNEY, {"results": [lab("creatinine", 90, "mg/dL", confirmed=True)]})
    assert found.report.verdict == "ineligible" and found.doubts == ()


def test_a_converted_value_is_shown_in_both_units(screen: Screen) -> None:
    found = screen(KIDNEY, {"results": [lab("creatinine", 0.9, "umol/L")]})
    assert "0.9 umol/L, 2024-02-19, which is 0.01 mg/dL" in found.doubts[0].message
    assert "Was mg/dL meant? That would be 0.9 mg/dL" in found.doubts[0].message


def test_outside_the_scale_itself_no_confirmation_helps(screen: Screen) -> None:
    for more in ({}, {"confirmed": True}):
        found = screen(KIDNEY, {"results": [lab("creatinine", 9000, "mg/dL", **more)]})
        assert found.report.verdict == "undetermined"
        assert "outside its range (0 to 100 mg/dL); not used" in found.doubts[0].message
        assert "confirmed" not in found.doubts[0].message


def test_also_where_no_criterion_asks_for_it(screen: Screen) -> None:
    found = screen('exclusion 1 "Men" {\n  exclude if sex is male\n}', {
        "sex": "female", "results": [lab("creatinine", 90, "mg/dL")],
    })  # fmt: skip
    assert found.report.verdict == "eligible"
    assert [(one.kind, one.criteria) for one in found.doubts] == [("implausible value", ())]


def test_two_values_of_one_day(screen: Screen) -> None:
    found = screen(
        'inclusion 1 "ALT" {\n  require alt <= 100 U/L\n}',
        {"results": [lab("alt", 40, "U/L"), lab("alt", 130, "U/L"), lab("ast", 10, "U/L")]},
    )
    (doubt,) = found.doubts
    assert doubt.message == "ALT: 40 U/L and 130 U/L on 2024-02-19"
    assert (doubt.places, doubt.criteria) == (("results/0", "results/1"), ("inclusion 1",))


def test_equal_values_times_and_sides_are_no_contradiction(screen: Screen) -> None:
    results = [
        lab("alt", 40, "U/L"), lab("alt", 40, "IU/L"),
        lab("ast", 40, "U/L", time="08:00"), lab("ast", 50, "U/L", time="12:00"),
    ]  # fmt: skip
    assert screen('inclusion 1 "ALT" {\n  require alt <= 100 U/L\n}', {"results": results}).doubts == ()


def test_dates_before_birth_and_after_death(screen: Screen) -> None:
    found = screen(
        'exclusion 1 "Gout" {\n  exclude if had gout\n}',
        {
            "birth_date": "1990-05",
            "death_date": "2024-02-10",
            "conditions": [{"code": "gout", "onset": "1989"}, {"code": "gout", "onset": "1990"}],
            "results": [lab("alt", 40, "U/L")],
        },
    )
    assert [(one.kind, one.places) for one in found.doubts] == [
        ("died", ()), ("before birth", ("conditions/0",)), ("after death", ("results/0",)),
    ]  # fmt: skip
    assert "died on 2024-02-10, the question is asked of 2024-02-20" in found.doubts[0].message
