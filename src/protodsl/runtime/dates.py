"""Calendar arithmetic on ordinals of days: months and years clamp to the month's last day, weeks are 7
days.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache

from protodsl.runtime.model.windows import Length
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days

_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def clamped(day: int) -> int:
    """`day`, kept inside the calendar."""
    return FIRST_DAY if day < FIRST_DAY else LAST_DAY if day > LAST_DAY else day


@lru_cache(maxsize=16384)
def add_months(day: int, months: int) -> int:
    """The same day of the month so many months on, at most that month's last; at the calendar's ends, its
    end.
    """
    then = date.fromordinal(day)
    month = then.year * 12 + then.month - 1 + months
    year, index = divmod(month, 12)
    if year < 1:
        return FIRST_DAY
    if year > 9999:
        return LAST_DAY
    last = _LENGTHS[index]
    if index == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        last = 29
    return date(year, index + 1, min(then.day, last)).toordinal()


def in_days_and_months(length: Length) -> tuple[int, int]:
    """(days, months) of a length that is no half-life; a fraction of a day, or of a month, counts whole."""
    count = length.count
    match length.unit:
        case "week":
            return _up(count * 7), 0
        case "month":
            return 0, _up(count)
        case "year":
            return 0, _up(count * 12)
        case _:
            return _up(count), 0


def _up(count: Fraction) -> int:
    return -(-count.numerator // count.denominator)


def shifted_day(day: int, sign: int, amount: tuple[int, int]) -> int:
    """`day` moved by (days, months), backwards where `sign` is −1."""
    days, months = amount
    if months:
        day = add_months(day, sign * months)
    return clamped(day + sign * days) if days else day


def times_length(count: Fraction, length: Length) -> Length:
    """`count` × `length`; rounding up to days comes after, in `in_days_and_months`."""
    return Length(count * length.count, length.unit)


def completed(unit: str, born: int, day: int) -> int:
    """Completed years, months, weeks or days from `born` to `day`: at least n when born ≤ day − n."""
    if unit == "day":
        return day - born
    if unit == "week":
        return (day - born) // 7
    first, then = date.fromordinal(born), date.fromordinal(day)
    months = (then.year - first.year) * 12 + then.month - first.month - (then.day < first.day)
    # day − n months clamps to the month's end, never beyond `then.day`: someone born on the 31st completes
    # a month of 30 days on the first day of the next one
    return months // 12 if unit == "year" else months


def day_of_age(unit: str, born: int, count: int) -> int:
    """The first day on which `count` units are completed."""
    if unit == "day":
        return clamped(born + count)
    if unit == "week":
        return clamped(born + 7 * count)
    day = add_months(born, 12 * count if unit == "year" else count)
    while day < LAST_DAY and completed(unit, born, day) < count:
        day += 1
    return day


def whole(days: Days) -> bool:
    return days.first == days.last
