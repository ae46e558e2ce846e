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
    filled: bool = False  # there surely is a day in it, wherever its ends lie


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


def whole(days: When) -> bool:
    """Whether it is one day, as far as can be seen without data."""
    return days.first == days.last


def held(anchor: ir.Anchor, days: When, there: When) -> When:
    """Where days known in part are moved to: not before the first there is."""
    if whole(days) or isinstance(anchor, ir.OfSample):
        return there
    first = Literal(FIRST)
    ends = (
        each if isinstance(each, Literal) else case((compare("<", each, first), first), otherwise=each)
        for each in there
    )
    return When(*ends)


def root(anchor: ir.Anchor) -> ir.Anchor:
    return root(anchor.anchor) if isinstance(anchor, ir.Shifted) else anchor


def never_empty(window: ir.Window, item: ir.Item | None) -> bool:
    """Whether a window has a day wherever its anchor lies: one anchor for both ends, none beyond it."""
    start, end = window.start, window.end
    if start is None or end is None or root(start.anchor) != root(end.anchor):
        return False
    return on_its_side(start, item, -1) and on_its_side(end, item, 1)


def on_its_side(bound: ir.Bound, item: ir.Item | None, side: int) -> bool:
    """Whether an end of a window surely does not pass its anchor."""
    if isinstance(bound.anchor, ir.Shifted) or (bound.by is not None and bound.sign != side):
        return False
    return not bound.open or (bound.by is not None and _some(bound.by, item))


def _some(by: ir.Length | ir.Extreme, item: ir.Item | None) -> bool:
    """Whether a length surely is a day or more."""
    if isinstance(by, ir.Length):
        known = length(by, item)
        return known is not None and known[1] > 0
    each = [_some(one, item) for one in (by.first, by.second)]
    return any(each) if by.which == "longer" else all(each)


class Times:
    """Anchors and windows of one statement; whatever is worked out becomes a column of `people`."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def timepoint(
        self, name: str, scope: Scope | None = None, resolving: frozenset[str] = frozenset()
    ) -> When:
        """A given date wins over a derived one; without a scope (an anchor itself) none hangs on an event."""
        protocol = self.builder.protocol
        given = self.builder.given(name)
        timepoint = next((each for each in protocol.timepoints if each.name == name), None)
        if timepoint is None or timepoint.at is None or name in resolving:
            return on(given)
        derived = self.anchor(scope, timepoint.at, resolving | {name})
        return self.column(name, When(coalesce(given, derived.first), coalesce(given, derived.last)))

    def anchor(self, scope: Scope | None, anchor: ir.Anchor, resolving: frozenset[str] = frozenset()) -> When:
        match anchor:
            case ir.AtTimepoint(name):
                return self.timepoint(name, scope, resolving)
            case ir.StageAnchor():
                return scope.anchor if scope is not None else NEVER
            case ir.Shifted(base, sign, by):
                days = self.anchor(scope, base, resolving)
                return held(root(base), days, end_moved(days, sign, by, None))
            case ir.OfSample():
                return scope.sample if scope is not None and scope.sample is not None else ALWAYS
            case ir.OfEvent(which, item):
                from protodsl.backends.sql import dated

                return NEVER if scope is None else dated.event_days(self.builder, scope, which, item)

    def bound(self, scope: Scope, bound: ir.Bound, item: ir.Item | None) -> When:
        days = self.anchor(scope, bound.anchor)
        if bound.by is None:
            return days
        return held(root(bound.anchor), days, end_moved(days, bound.sign, bound.by, item))

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
        filled = not whole(start) and not whole(end) and never_empty(window, item)
        if not filled and not (whole(start) and whole(end)):  # nothing is surely in one that may have no day
            known = compare("<=", start.last, end.first)
            start = When(start.first, case((known, start.last), otherwise=Literal(LAST)))
        return Span(self.column("since", start), self.column("until", end), filled)

    def capped(self, scope: Scope, span: Span, last: Expr) -> Span:
        """“an event dated after `as_of` is a plan and has not happened”."""
        end = When(earlier(span.end.first, last), earlier(span.end.last, last))
        return span._replace(end=end if scope.sample is not None else self.column("until", end))

    def unless_empty(self, scope: Scope, span: Span) -> Span:
        """The span, its start left out where it surely lies after the end: nothing shares a day with it."""
        if span.start.first == Literal(FIRST):
            return span
        holds = compare("<=", span.start.first, span.end.last)
        start = When(case((holds, span.start.first)), case((holds, span.start.last)))
        return span._replace(start=start if scope.sample is not None else self.column("since", start))

    def column(self, hint: str, when: When) -> When:
        return When(self.builder.person(hint, when.first), self.builder.person(hint, when.last))


def shares_possibly(start: Expr, end: Expr, span: Span) -> Expr:
    return and_(compare("<=", start, span.end.last), compare(">=", end, span.start.first))


def shares_surely(start: Expr, end: Expr, span: Span) -> Expr:
    """`start` the latest first day, `end` the earliest last day. Nothing surely shares a day with a window
    that may have none: one whose start may lie after its end.
    """
    sound = span.filled or (whole(span.start) and whole(span.end))
    filled = TRUE if sound else compare("<=", span.start.last, span.end.first)
    return and_(filled, compare("<=", start, span.end.first), compare(">=", end, span.start.last))


def at_sample(scope: Scope, days: When) -> Scope:
    return replace(scope, sample=days)
