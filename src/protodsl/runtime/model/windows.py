"""Lengths of time, moments, and the windows between them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Length:
    """So many days, weeks, months, years or half-lives."""

    count: Fraction
    unit: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The longer or the shorter of two lengths."""

    which: str
    first: Length
    second: Length


Duration = Length | Extreme


def days(count: str | int) -> Length:
    return Length(Fraction(count), "day")


def weeks(count: str | int) -> Length:
    return Length(Fraction(count), "week")


def months(count: str | int) -> Length:
    return Length(Fraction(count), "month")


def years(count: str | int) -> Length:
    return Length(Fraction(count), "year")


def half_lives(count: str | int) -> Length:
    return Length(Fraction(count), "half_life")


def shorter_of(first: Length, second: Length) -> Extreme:
    return Extreme("shorter", first, second)


def longer_of(first: Length, second: Length) -> Extreme:
    return Extreme("longer", first, second)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day to hold events against. `kind`: `timepoint` (of that `name`), `anchor` (the stage's), `sample`
    (the result's own date), `first`, `last`, `onset`, `start`, `end` (of the event `name`), or `moved`:
    `base` moved by `length`, forwards where `sign` is 1.
    """

    kind: str
    name: str = ""
    base: Moment | None = None
    sign: int = 0
    length: Length | None = None


ANCHOR = Moment("anchor")
SAMPLE = Moment("sample")


def at(timepoint: str) -> Moment:
    return Moment("timepoint", timepoint)


def day_of(which: str, item: str) -> Moment:
    """The first or last event of an item, or the onset, start or end of the latest one."""
    return Moment(which, item)


def moved(base: Moment, sign: int, length: Length) -> Moment:
    return Moment("moved", "", base, sign, length)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a window: a moment, moved by a duration; `left_out`: that very day does not count."""

    moment: Moment
    sign: int = -1
    by: Duration | None = None
    left_out: bool = False


def on(moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, -1, None, left_out)


def before(by: Duration, moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, -1, by, left_out)


def after(by: Duration, moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, 1, by, left_out)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (None: since ever) to `end` (None: until the last day the record speaks of)."""

    start: Bound | None
    end: Bound | None


def window(start: Bound | None, end: Bound | None) -> Window:
    return Window(start, end)


def in_half_lives(window: Window) -> bool:
    """Whether a length in the window is told in half-lives."""
    lengths: list[Length] = []
    for bound in (window.start, window.end):
        if bound is not None and bound.by is not None:
            lengths += [bound.by] if isinstance(bound.by, Length) else [bound.by.first, bound.by.second]
    return any(length.unit == "half_life" for length in lengths)


EVER = Window(None, Bound(ANCHOR))
NOW = Window(Bound(ANCHOR), Bound(ANCHOR))
