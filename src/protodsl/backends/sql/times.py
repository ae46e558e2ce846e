"""Anchors and windows over a participant's dates; each end is one day or an interval of days."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from protodsl import ir
from protodsl.backends.sql.syntax import (
    FIRST,
    LAST,
    NULL,
    TRUE,
    Expr,
    Literal,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    later,
    moved,
)

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


class When(NamedTuple):
    """The days on which something may be; one whole date where both are the same expression."""

    first: Expr
    last: Expr


class Span(NamedTuple):
    start: When
    end: When


NEVER = When(NULL, NULL)
ALWAYS = When(Literal(FIRST), Literal(LAST))


def on(day: Expr) -> When:
    return When(day, day)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is evaluated in: a stage's anchor and last day; in a formula, the sample's date."""

    stage: ir.Stage
    anchor: When
    as_of: Expr  # the last day the record speaks of; null where the anchor is not dated
    stated: Expr  # the same, only where it is stated
    previous: When | None
    suffix: str = ""
    sample: When | None = None


def length(by: ir.Length, item: ir.Item | None) -> tuple[str, int] | None:
    """(day or month, how many); None: a half-life nobody declared."""
    count = by.count
    unit: str = by.unit
    if unit == "half_life":
        own = item.half_life if item is not None else None
        if not isinstance(own, ir.Length) or own.unit == "half_life":
            return None
        count, unit = count * own.count, own.unit
    match unit:
        case "day":
            return "day", math.ceil(count)
        case "week":
            return "day", math.ceil(count * 7)
        case "month":
            return "month", math.ceil(count)
        case _:
            if by.unit == "half_life":
                return "month", math.ceil(count) * 12
            return "month", math.ceil(count * 12)


def moved_by(day: Expr, sign: int, by: tuple[str, int]) -> Expr:
    return moved(day, "day" if by[0] == "day" else "month", sign * by[1])


def moved_when(days: When, sign: int, by: tuple[str, int]) -> When:
    return When(moved_by(days.first, sign, by), moved_by(days.last, sign, by))


def end_moved(days: When, sign: int, by: ir.Length | ir.Extreme, item: ir.Item | None) -> When:
    if isinstance(by, ir.Length):
        return _by_one(days, sign, length(by, item))
    one, other = length(by.first, item), length(by.second, item)
    if one is None or other is None:
        return _half_unknown(days, sign, by.which, one or other)
    a, b = moved_when(days, sign, one), moved_when(days, sign, other)
    nearer = sign if by.which == "shorter" else -sign
    choose = later if nearer < 0 else earlier
    return When(choose(a.first, b.first), choose(a.last, b.last))


def _by_one(days: When, sign: int, by: tuple[str, int] | None) -> When:
    if by is not None:
        return moved_when(days, sign, by)
    known = compare("<=", days.first, Literal(LAST))
    if sign < 0:
        return When(case((known, Literal(FIRST))), days.last)
    return When(days.first, case((known, Literal(LAST))))


def _half_unknown(days: When, sign: int, which: str, known: tuple[str, int] | None) -> When:
    if known is None:
        return _by_one(days, sign, None)
    other = moved_when(days, sign, known)
    dated = compare("<=", days.first, Literal(LAST))
    if which == "shorter":
        return When(other.first, days.last) if sign < 0 else When(days.first, other.last)
    if sign < 0:
        return When(case((dated, Literal(FIRST))), other.last)
    return When(other.first, case((dated, Literal(LAST))))


class Times:
    """Anchors and windows of one statement; whatever is worked out becomes a column of `people`."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def timepoint(self, name: str, resolving: frozenset[str] = frozenset()) -> When:
        """A given date wins over a derived one."""
        protocol = self.builder.protocol
        given = self.builder.given(name)
        timepoint = next((each for each in protocol.timepoints if each.name == name), None)
        if timepoint is None or timepoint.at is None or name in resolving:
            return on(given)
        derived = self.anchor(None, timepoint.at, resolving | {name})
        return self.column(name, When(coalesce(given, derived.first), coalesce(given, derived.last)))

    def anchor(self, scope: Scope | None, anchor: ir.Anchor, resolving: frozenset[str] = frozenset()) -> When:
        match anchor:
            case ir.AtTimepoint(name):
                return self.timepoint(name, resolving)
            case ir.StageAnchor():
                return scope.anchor if scope is not None else NEVER
            case ir.Shifted(base, sign, by):
                return end_moved(self.anchor(scope, base, resolving), sign, by, None)
            case ir.OfSample():
                return scope.sample if scope is not None and scope.sample is not None else ALWAYS
            case ir.OfEvent():
                raise self.builder.not_carried("a window that hangs on the date of an event")

    def bound(self, scope: Scope, bound: ir.Bound, item: ir.Item | None) -> When:
        days = self.anchor(scope, bound.anchor)
        return days if bound.by is None else end_moved(days, bound.sign, bound.by, item)

    def window(self, scope: Scope, window: ir.Window, item: ir.Item | None) -> Span:
        start, end = on(Literal(FIRST)), on(scope.as_of)
        if window.start is not None:
            start = self.bound(scope, window.start, item)
            if window.start.open:
                start = moved_when(start, 1, ("day", 1))
        if window.end is not None:
            end = self.bound(scope, window.end, item)
            if window.end.open:
                end = moved_when(end, -1, ("day", 1))
        if scope.sample is not None:  # differs from row to row
            return Span(start, end)
        if start.first != start.last:  # nothing is surely in a window that may have no day
            filled = compare("<=", start.last, end.first)
            start = When(start.first, case((filled, start.last), otherwise=Literal(LAST)))
        return Span(self.column("since", start), self.column("until", end))

    def capped(self, scope: Scope, span: Span, last: Expr) -> Span:
        """“an event dated after `as_of` is a plan and has not happened”."""
        end = When(earlier(span.end.first, last), earlier(span.end.last, last))
        return Span(span.start, end if scope.sample is not None else self.column("until", end))

    def unless_empty(self, scope: Scope, span: Span) -> Span:
        """The span, its start left out where it surely lies after the end: nothing shares a day with it."""
        if span.start.first == Literal(FIRST):
            return span
        holds = compare("<=", span.start.first, span.end.last)
        start = When(case((holds, span.start.first)), case((holds, span.start.last)))
        return Span(start if scope.sample is not None else self.column("since", start), span.end)

    def column(self, hint: str, when: When) -> When:
        return When(self.builder.person(hint, when.first), self.builder.person(hint, when.last))


def shares_possibly(start: Expr, end: Expr, span: Span) -> Expr:
    return and_(compare("<=", start, span.end.last), compare(">=", end, span.start.first))


def shares_surely(start: Expr, end: Expr, span: Span) -> Expr:
    """`start` the latest first day, `end` the earliest last day. Nothing surely shares a day with a window
    that may have none: one whose start may lie after its end.
    """
    whole = span.start.first == span.start.last and span.end.first == span.end.last
    filled = TRUE if whole else compare("<=", span.start.last, span.end.first)
    return and_(filled, compare("<=", start, span.end.first), compare(">=", end, span.start.last))


def at_sample(scope: Scope, days: When) -> Scope:
    return replace(scope, sample=days)
