"""Days, calendar moves and spans whose ends are known only in part."""

from __future__ import annotations

import calendar
import math
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from protodsl.ir import Extreme, Item, Length
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days

ALWAYS = Days(FIRST_DAY, LAST_DAY)


class Span(NamedTuple):
    """Days from `start` to `end`, both included; each end is one day or an interval of days."""

    start: Days
    end: Days
    filled: bool = True  # there surely is a day in it, wherever its ends lie


def on(day: int) -> Days:
    return Days(day, day)


def inside(day: int) -> int:
    """A day the calendar has: before year 1 is “since ever”, after 9999 is for ever."""
    return max(FIRST_DAY, min(LAST_DAY, day))


def plus_days(day: int, days: int) -> int:
    return inside(day + days)


def plus_months(day: int, months: int) -> int:
    """“a month or year is a calendar one, clamped to the month's last day”."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year < 1:
        return FIRST_DAY
    if year > 9999:
        return LAST_DAY
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1])).toordinal()


def moved(day: int, sign: int, by: Length) -> int:
    """The day moved by a calendar length: “A week is 7 days; hours are rounded up to whole days”."""
    match by.unit:
        case "day":
            return plus_days(day, sign * math.ceil(by.count))
        case "week":
            return plus_days(day, sign * math.ceil(by.count * 7))
        case "month":
            return plus_months(day, sign * math.ceil(by.count))
        case "year":
            return plus_months(day, sign * math.ceil(by.count * 12))
        case "half_life":
            raise ValueError("half-lives are turned into days before")


def moved_days(days: Days, sign: int, by: Length) -> Days:
    """“An anchor with a partial date makes both ends partial.” Calendar moves keep the order of days."""
    return Days(moved(days.first, sign, by), moved(days.last, sign, by))


def in_days(by: Length, item: Item | None) -> Length | None:
    """“Half-lives are multiplied, then rounded up to days”; None where the item's half-life is not
    declared.
    """
    if by.unit != "half_life":
        return by
    half_life = item.half_life if item is not None else None
    if not isinstance(half_life, Length) or half_life.unit == "half_life":
        return None
    count: Fraction = by.count * half_life.count
    if half_life.unit in ("day", "week"):
        return Length(Fraction(math.ceil(count * (7 if half_life.unit == "week" else 1))), "day")
    return Length(Fraction(math.ceil(count)), half_life.unit)


def end_moved(days: Days, sign: int, by: Length | Extreme, item: Item | None) -> Days:
    """One end of a window, `days` being its anchor."""
    match by:
        case Length():
            return _by_one(days, sign, in_days(by, item))
        case Extreme(which, first, second):
            one, other = in_days(first, item), in_days(second, item)
            if one is None or other is None:
                return _half_unknown(days, sign, which, one or other)
            a, b = moved_days(days, sign, one), moved_days(days, sign, other)
            return _nearer(sign, a, b) if which == "shorter" else _nearer(-sign, a, b)


def _by_one(days: Days, sign: int, by: Length | None) -> Days:
    """A half-life nobody declared may be anything."""
    if by is not None:
        return moved_days(days, sign, by)
    return Days(FIRST_DAY, days.last) if sign < 0 else Days(days.first, LAST_DAY)


def _nearer(sign: int, a: Days, b: Days) -> Days:
    """“`whichever is shorter` takes the later start, `longer` the earlier” (of an end after the anchor:
    the other way).
    """
    choose = max if sign < 0 else min
    return Days(choose(a.first, b.first), choose(a.last, b.last))


def _half_unknown(days: Days, sign: int, which: str, known: Length | None) -> Days:
    """“an unknown half-life makes the start anything from T − the other to T (shorter), or anything up to
    it (longer)”.
    """
    if known is None:
        return _by_one(days, sign, None)
    other = moved_days(days, sign, known)
    if which == "shorter":
        return Days(other.first, days.last) if sign < 0 else Days(days.first, other.last)
    return Days(FIRST_DAY, other.last) if sign < 0 else Days(other.first, LAST_DAY)


def shares_surely(start: Days, end: Days, span: Span) -> bool:
    """“surely when latest start ≤ window end and earliest end ≥ window start”; latest window start,
    earliest window end. Nothing surely shares a day with a window that may have none.
    """
    if empty(span) or not span.filled:
        return False
    return start.last <= span.end.first and end.first >= span.start.last


def shares_possibly(start: Days, end: Days, span: Span) -> bool:
    """“possibly when earliest start ≤ window end and latest end ≥ window start”; earliest window start,
    latest window end.
    """
    if empty(span):
        return False
    return start.first <= span.end.last and end.last >= span.start.first


def empty(span: Span) -> bool:
    """No day lies in a window whose start is surely after its end: nothing shares a day with it."""
    return span.start.first > span.end.last


def covers(cover: Span, span: Span) -> bool:
    """One single cover reaches surely over the whole window, wherever its ends lie."""
    return cover.start.last <= span.start.first and cover.end.first >= span.end.last


def capped(days: Days, last: int) -> Days:
    return Days(min(days.first, last), min(days.last, last))


def completed(unit: str, birth: int, day: int) -> int:
    """“at least n at D when birth ≤ D − n”: the greatest such n, so 29 February turns 18 on 1 March."""
    if unit == "day":
        return day - birth
    if unit == "week":
        return (day - birth) // 7
    step = 12 if unit == "year" else 1
    born, at = date.fromordinal(birth), date.fromordinal(day)
    count = ((at.year - born.year) * 12 + at.month - born.month) // step + 1
    while birth > plus_months(day, -count * step):
        count -= 1
    return count


def iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
