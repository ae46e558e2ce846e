"""Data that are probably not so: shown, and neither dropped nor corrected.

A value that is not plausible does not count until it is confirmed, and two values on one day that disagree
leave their criterion unknown: that is the language's meaning, and here it is said of the record, whichever
criteria ask for it. Dates before birth or after death change no verdict by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from protodsl.reports.evidence import Fact, fact_text, facts_of
from protodsl.reports.trial import Screened
from protodsl.runtime.model.vocabulary import Item
from protodsl.runtime.record import Answer, Coded, Condition, Days, Exact, Medication, Procedure, Result
from protodsl.runtime.units import conversion
from protodsl.runtime.words import amount, day_text, days_text, near_text, number_text

DoubtKind = Literal["implausible value", "values of one day", "before birth", "after death", "died"]
MOST = 100  # listed of one kind
Told = tuple[str, tuple[str, ...]]  # message, places

# Units in which laboratories report, the usual ones first: in which would the number make sense?
_UNITS = (
    "umol/L", "mg/dL", "g/dL", "g/L", "mmol/L", "mg/L", "ug/L", "nmol/L", "ug/dL", "cm", "m", "[in_i]", "kg",
    "[lb_av]", "g", "%", "1", "Cel", "10*9/L", "/uL", "10*3/uL",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doubt:
    """`places` in the record, and the criteria whose evidence they are."""

    kind: DoubtKind
    message: str
    places: tuple[str, ...]
    criteria: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "message": self.message,
            "places": list(self.places),
            "criteria": list(self.criteria),
        }


def doubts_of(screened: Screened) -> tuple[Doubt, ...]:
    """In the order of the kinds above, then of the record."""
    users: dict[str, list[str]] = {}
    for row in screened.report.criteria:
        for place in row.evidence:
            users.setdefault(place, []).append(row.id)
    found: list[Doubt] = []
    made: tuple[tuple[DoubtKind, Iterable[Told]], ...] = (
        ("died", _died(screened)),
        ("implausible value", _implausible(screened)),
        ("values of one day", _of_one_day(screened)),
        *_dated(screened),
    )
    for kind, listed in made:
        for number, (message, places) in enumerate(listed):
            if number >= MOST:
                break
            criteria = dict.fromkeys(one for place in places for one in users.get(place, ()))
            found.append(Doubt(kind, message, places, tuple(criteria)))
    return tuple(found)


def _died(screened: Screened) -> Iterator[Told]:
    died, anchor = screened.record.death_date, screened.case.anchor
    if died is not None and anchor is not None and died.first <= anchor:
        yield f"the participant died on {days_text(died)}, the question is asked of {day_text(anchor)}", ()


def _implausible(screened: Screened) -> Iterator[Told]:
    trial = screened.trial
    for result in screened.record.results:
        if result.number is None:
            continue
        for item in trial.results_items(result.code):
            measured = trial.checker.rules.measured(item.name)
            factor = measured.factor(result.unit)
            if item.unit is None or factor is None or measured.interval(result) is not None:
                continue
            plausible = None if measured.interval(replace(result, confirmed=True)) is None else item.plausible
            yield _not_plausible(item, result, factor, plausible), (result.where,)


def _not_plausible(
    item: Item, result: Result, factor: Exact, plausible: tuple[Fraction, Fraction] | None
) -> str:
    """`plausible`: the range that is left; None where the value cannot be at all, confirmed or not."""
    low, high = plausible or (item.minimum, item.maximum)
    ends = " to ".join(number_text(one) for one in (low, high) if one is not None)
    number = result.number
    point = None if number is None or number.low != number.high else number.low
    converted, hint = "", ""
    if point is not None:
        low, high = item.plausible or (low, high)
        hint = _other_unit(item, result, Fraction(point), low, high)
        if factor != 1:
            converted = f", which is {amount(near_text(_whole(Fraction(point) * factor), None), item.unit)}"
    if plausible is None:
        what = f"outside its range ({amount(ends, item.unit)}); not used"
    else:
        what = f"outside what is plausible ({amount(ends, item.unit)}); not used until it is confirmed"
    shown = f"{item.label} {amount(result.raw, result.unit)}, {days_text(result.date)}"
    return f"{shown}{converted}: {what}{hint}"


def _other_unit(
    item: Item, result: Result, point: Fraction, low: Fraction | None, high: Fraction | None
) -> str:
    for unit in _UNITS:
        scale = conversion(unit, item.unit or "", item.molar_mass)
        if scale is None or unit == result.unit:
            continue
        value = point * scale
        if (low is None or value >= low) and (high is None or value <= high):
            return f". Was {unit} meant? That would be {amount(near_text(_whole(value), None), item.unit)}"
    return ""


def _whole(value: Fraction) -> Fraction | int:
    return value.numerator if value.denominator == 1 else value


def _of_one_day(screened: Screened) -> Iterator[Told]:
    """Results of one item and one day, without times that would order them, that differ."""
    trial, vocabulary = screened.trial, screened.session.facts.vocabulary
    days: dict[tuple[str, int, str | None, str | None, str | None], list[Result]] = {}
    for result in screened.record.results:
        date = result.date
        if date is None or date.first != date.last:
            continue
        for item in trial.results_items(result.code):
            if item.members and vocabulary.one_code(result.code) != Coded(None, item.name):
                continue  # of a member: told there
            key = (item.name, date.first, result.time, result.side, result.method)
            days.setdefault(key, []).append(result)
    for (name, day, *_), listed in days.items():
        if len(listed) < 2:
            continue
        measured = trial.checker.rules.measured(name)
        said: dict[object, Result] = {}
        for one in listed:
            said.setdefault(measured.interval(one) or (one.text, one.raw, one.unit), one)
        if len(said) > 1:
            values = [amount(one.raw, one.unit) for one in said.values()]
            yield (
                f"{vocabulary.label(name)}: {', '.join(values[:-1])} and {values[-1]} on {day_text(day)}",
                tuple(one.where for one in listed),
            )


def _dated(screened: Screened) -> tuple[tuple[DoubtKind, list[Told]], ...]:
    """Facts that surely lie before birth, or after death."""
    record = screened.record
    born, died = record.birth_date, record.death_date
    early: list[Told] = []
    late: list[Told] = []
    if born is None and died is None:
        return ()
    vocabulary = screened.session.facts.vocabulary
    for fact in facts_of(record):
        first = _first(fact)
        if first is None:
            continue
        label = fact_text(fact, vocabulary)
        if born is not None and first.last < born.first:
            early.append((f"{label}: before the date of birth", (fact.where,)))
        if died is not None and first.first > died.last:
            late.append((f"{label}: after the date of death, {days_text(died)}", (fact.where,)))
    return ("before birth", early), ("after death", late)


def _first(fact: Fact) -> Days | None:
    match fact:
        case Result() | Answer():
            return fact.date
        case Condition():
            return fact.onset if fact.present else fact.since
        case Medication():
            return fact.start if fact.present else fact.since
        case Procedure():
            return fact.date if fact.present else fact.since
