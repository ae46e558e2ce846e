"""Anchors and windows: from the model's `Anchor`, `Bound` and `Window` to days."""

from __future__ import annotations

from dataclasses import replace

from protodsl import ir
from protodsl.interpret import events
from protodsl.interpret.context import Context, as_of
from protodsl.interpret.days import Span, end_moved, on, plus_days
from protodsl.interpret.truth import first_that_applies
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days
from protodsl.runtime.report import Cause

MIDDLE = 730_000  # a day like any other, to see on which side of it a length ends


def timepoint_days(ctx: Context, name: str) -> Days | Cause:
    """“Timepoints are whole dates, given or derived by the protocol”; a given date wins."""
    if name in ctx.given:
        return on(ctx.given[name])
    timepoint = next((t for t in ctx.protocol.timepoints if t.name == name), None)
    if timepoint is None or timepoint.at is None or name in ctx.resolving:
        return Cause("timepoint not dated", name)
    found = anchor_days(replace(ctx, resolving=ctx.resolving | {name}), timepoint.at)
    if isinstance(found, Cause) and found.kind == "timepoint not dated":
        return Cause("timepoint not dated", name)
    return found


def anchor_days(ctx: Context, anchor: ir.Anchor) -> Days | Cause:
    """The days an anchor may fall on, or why it has none: “everything anchored at one without a date is
    unknown”.
    """
    match anchor:
        case ir.AtTimepoint(name):
            return timepoint_days(ctx, name)
        case ir.StageAnchor():
            return anchor_days(ctx, ctx.anchor)
        case ir.Shifted(base, sign, by):
            days = anchor_days(ctx, base)
            return days if isinstance(days, Cause) else end_moved(days, sign, by, None)
        case ir.OfSample():
            return ctx.sample if ctx.sample is not None else Days(FIRST_DAY, LAST_DAY)
        case ir.OfEvent(which, item):
            return events.event_days(ctx, which, ctx.item(item))


def bound_days(ctx: Context, bound: ir.Bound, item: ir.Item | None) -> Days | Cause:
    days = anchor_days(ctx, bound.anchor)
    if isinstance(days, Cause) or bound.by is None:
        return days
    return end_moved(days, bound.sign, bound.by, item)


def window_days(ctx: Context, window: ir.Window, item: ir.Item | None) -> Span | Cause:
    """“Closed at both ends”; an open end leaves that very day out. No start is “since ever”, no end is
    `as_of`.
    """
    start: Days | Cause = on(FIRST_DAY)
    end: Days | Cause = on(as_of(ctx) or LAST_DAY)
    if window.start is not None:
        start = bound_days(ctx, window.start, item)
        if isinstance(start, Days) and window.start.open:
            start = Days(plus_days(start.first, 1), plus_days(start.last, 1))
    if window.end is not None:
        end = bound_days(ctx, window.end, item)
        if isinstance(end, Days) and window.end.open:
            end = Days(plus_days(end.first, -1), plus_days(end.last, -1))
    if isinstance(start, Days) and isinstance(end, Days):
        return Span(start, end, filled(ctx, window, item, start, end))
    told = first_that_applies(*((each,) for each in (start, end) if isinstance(each, Cause)))
    return told[0]


def filled(ctx: Context, window: ir.Window, item: ir.Item | None, start: Days, end: Days) -> bool:
    """Whether a window surely has a day, wherever its ends lie. Ends that hang on one anchor move together:
    where the one lies before it and the other after it, they cannot cross, unless a day is left out of a
    length that may be none.
    """
    if start.last <= end.first:
        return True
    if window.start is None or window.end is None or root(window.start.anchor) != root(window.end.anchor):
        return False
    return keeps_side(window.start, item, -1) and keeps_side(window.end, item, 1)


def root(anchor: ir.Anchor) -> ir.Anchor:
    return root(anchor.anchor) if isinstance(anchor, ir.Shifted) else anchor


def keeps_side(bound: ir.Bound, item: ir.Item | None, side: int) -> bool:
    """Whether one end of a window surely does not pass its anchor."""
    if isinstance(bound.anchor, ir.Shifted) or (bound.by is not None and bound.sign != side):
        return False
    if not bound.open:
        return True
    if bound.by is None:
        return False
    day = on(MIDDLE)
    there = end_moved(day, side, bound.by, item)
    return there.last < MIDDLE if side < 0 else there.first > MIDDLE


def up_to_now(ctx: Context, span: Span) -> Span:
    """What has happened by `as_of`: “an event dated after it is a plan and has not happened”."""
    last = as_of(ctx)
    if last is None:
        return span
    return span._replace(end=Days(min(span.end.first, last), min(span.end.last, last)))
