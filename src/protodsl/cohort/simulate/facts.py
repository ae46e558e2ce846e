"""Facts whose days are told from study events, so that one fact serves participants seen at any time.

A fact is what a record's JSON says, its dates left out; each date stands apart as a `Day`. On one calendar
they make a record, for the checker; in SQL they make rows, for everybody.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from protodsl import ir

Precision = Literal["day", "month", "year"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day, `months` and then `days` away from a study event, or up to `spread` days before that day.

    `known`: how much of the date is recorded.
    """

    at: str
    months: int = 0
    days: int = 0
    spread: int = 0
    known: Precision = "day"

    def moved(self, days: int) -> Day:
        return Day(self.at, self.months, self.days + days, self.spread, self.known)

    def on(self, points: Mapping[str, int], early: bool = False) -> int:
        """The ordinal of the day, given those of the study events; `early`: at the far end of its spread."""
        day = plus_months(points[self.at], self.months) + self.days - (self.spread if early else 0)
        return min(max(day, 400), 3_000_000)

    def text(self, points: Mapping[str, int], early: bool = False) -> str:
        return date.fromordinal(self.on(points, early)).isoformat()[
            : {"day": 10, "month": 7}.get(self.known, 4)
        ]


def plus_months(day: int, months: int) -> int:
    """The same day of another month, clamped to that month's last."""
    at = date.fromordinal(day)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    if not 1 < year < 9000:
        return 400 if year < 2 else 3_000_000
    return date(year, month + 1, min(at.day, monthrange(year, month + 1)[1])).toordinal()


def away(day: Day, sign: int, by: ir.Duration, item: ir.Item | None = None) -> Day:
    """The day moved by a span; half-lives nobody declared are taken as ten days."""
    if isinstance(by, ir.Extreme):
        spans = sorted((by.first, by.second), key=lambda one: about(one, item))
        by = spans[0] if by.which == "shorter" else spans[1]
    if by.unit == "half_life":
        own = item.half_life if item is not None else None
        if not isinstance(own, ir.Length) or own.unit == "half_life":
            own = ir.Length(Fraction(10), "day")
        by = ir.Length(by.count * own.count, own.unit)
    if by.unit in ("day", "week"):
        return day.moved(sign * _up(by.count * (7 if by.unit == "week" else 1)))
    months = sign * _up(by.count * (12 if by.unit == "year" else 1))
    return Day(day.at, day.months + months, day.days, day.spread, day.known)


def about(by: ir.Length, item: ir.Item | None = None) -> int:
    """Its length in days, roughly."""
    origin = {"": 700_000}
    return away(Day(""), 1, by, item).on(origin) - origin[""]


def _up(count: Fraction) -> int:
    return -(-count.numerator // count.denominator)


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `domain`: that of a record, or `timepoints`, `complete`, `person`, `setting`.

    `reach`: its value is any number from the one in `data` to this one, with so many decimals.
    """

    domain: str
    data: tuple[tuple[str, Any], ...]
    days: tuple[tuple[str, Day], ...] = ()
    reach: tuple[Fraction, int] | None = None

    def json(self, points: Mapping[str, int], far: bool = False) -> dict[str, Any]:
        """As a record has it; `far`: at the other end of everything that may vary."""
        found = {key: number(value) for key, value in self.data}
        found |= {key: day.text(points, far) for key, day in self.days}
        if far and self.reach is not None:
            found["value"] = number(self.reach[0])
        return found


Variant = tuple[Fact, ...]


def fact(domain: str, data: Mapping[str, Any], days: Mapping[str, Day] | None = None) -> Fact:
    return Fact(domain, tuple(data.items()), tuple((days or {}).items()))


def number(value: Any) -> Any:
    """A number as JSON holds it; whatever else, as it is."""
    if not isinstance(value, Fraction):
        return value
    return value.numerator if value.denominator == 1 else float(value)


def record_of(
    facts: Iterable[Fact], points: Mapping[str, int], known: frozenset[str], far: bool = False
) -> dict[str, Any]:
    """The facts as one record on a calendar; `points`: days of study events, of which `known` are recorded
    as such only where a fact says so.
    """
    found: dict[str, Any] = {"id": "S", "timepoints": {}, "complete": []}
    for each in facts:
        said = each.json(points, far)
        match each.domain:
            case "person":
                found |= said
            case "timepoints":
                if said["timepoint"] in known:
                    found["timepoints"][said["timepoint"]] = said["day"]
            case "setting":
                found.setdefault("setting", {})[said["setting"]] = said["value"]
            case "complete":
                found["complete"].append(said)
            case domain:
                listed = found.setdefault(domain, [])
                if said not in listed:
                    listed.append(said)
    return found
