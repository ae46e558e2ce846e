"""Reasons in words: numbers that show their side of a limit, windows, sentences."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from protodsl.runtime.record import Days
from protodsl.runtime.words import (
    Compared,
    Edge,
    Operand,
    compare_reason,
    days_text,
    event_text,
    exists_reason,
    joined,
    length_text,
    near_text,
    number_text,
    result_reason,
    times_limit_text,
    times_text,
    unknown_reason,
    window_text,
)


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def on(text: str) -> Days:
    return Days(day(text), day(text))


@pytest.mark.parametrize(
    ("value", "limit", "told"),
    [
        ("3.25", "3", "3.25"),
        ("2.999", "3", "2.999"),
        ("2.9996", "3", "2.9996"),
        ("30001/10000", "3", "3.0001"),
        ("1/3", "1/3", "0.333333333333"),
        ("25341/10000", "3", "2.53"),
        ("5999999999/2000000000", "3", "2.9999999995"),
        ("-0.004", "0", "-0.004"),
        ("7", "7", "7"),
        ("0.5", None, "0.5"),
    ],
)
def test_enough_digits_to_show_the_side(value: str, limit: str | None, told: str) -> None:
    assert near_text(Fraction(value), None if limit is None else Fraction(limit)) == told


@pytest.mark.parametrize(
    ("value", "told"),
    [("3", "3"), ("0.85", "0.85"), ("1/3", "0.333333333"), ("-1/8", "-0.125"), ("1/1024", "0.0009765625")],
)
def test_numbers(value: str, told: str) -> None:
    assert number_text(Fraction(value)) == told


def test_the_sentence_of_the_language_page() -> None:
    shown = times_text(130, 40, Fraction(3), "uln", "U/L")
    bound = Compared("<=", times_limit_text(Fraction(3), "uln"), False, shown)
    told = result_reason("ALT", "130", "U/L", on("2024-02-20"), [bound])
    assert told == "ALT 130 U/L is 3.25 × ULN (40 U/L), above 3 × ULN, sampled 2024-02-20"


def test_an_event_in_its_window() -> None:
    anchor = on("2024-02-20")
    window = window_text(Edge("screening", anchor, -1, length_text(4, "week")), Edge("screening", anchor))
    event = event_text("live vaccine", "live vaccine", on("2024-02-12"), None, point=True, ongoing=False)
    told = exists_reason(event, [], window)
    assert told == "live vaccine on 2024-02-12, within 4 weeks before screening (2024-02-20)"


def test_windows() -> None:
    at = Edge("infusion", on("2024-03-12"))
    assert window_text(None, None) == "ever"
    assert window_text(None, at) == "up to infusion (2024-03-12)"
    assert window_text(None, at._replace(open=True)) == "before infusion (2024-03-12)"
    assert window_text(at, None) == "since infusion (2024-03-12)"
    assert window_text(at, at) == "at infusion (2024-03-12)"
    both = window_text(at._replace(sign=-1, by="7 days"), at._replace(sign=1, by="7 days"))
    assert both == "within 7 days of infusion (2024-03-12)"
    apart = window_text(Edge("5 days before infusion", None), Edge("3 days before infusion", None))
    assert apart == "from 5 days before infusion to 3 days before infusion"


def test_dates() -> None:
    assert days_text(on("2024-02-29")) == "2024-02-29"
    assert days_text(Days(day("2024-02-01"), day("2024-02-29"))) == "2024-02"
    assert days_text(Days(day("2021-01-01"), day("2021-12-31"))) == "2021"
    assert days_text(Days(1, day("2024-02-20"))) == "a day up to 2024-02-20"
    assert days_text(None) == "an unrecorded date"


def test_comparisons() -> None:
    told = compare_reason(Operand("age", 17, 17, on("2024-02-20")), ">=", Operand("", 18, 18), False, "years")
    assert told == "age 17 years on 2024-02-20, below 18 years"


def test_why_unknown() -> None:
    told = unknown_reason("missing", "malignancy", domain="conditions")
    assert told == "malignancy: nothing recorded, and conditions are not declared complete"
    assert unknown_reason("timepoint not dated", "month 3") == "month 3 is not dated"


def test_one_reason_of_many_sentences() -> None:
    assert joined(["a", "b", "a"]) == "a; b"
    assert joined([str(number) for number in range(9)]) == "0; 1; 2; 3; 4; 5; and 3 more"
