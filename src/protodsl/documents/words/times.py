"""Anchors and windows in words."""

from __future__ import annotations

from typing import assert_never

from protodsl import ir
from protodsl.documents.words.context import Context
from protodsl.documents.words.numbers import duration, length, number

EVER = ir.Window(None, ir.Bound(ir.StageAnchor()))
NOW = ir.Window(ir.Bound(ir.StageAnchor()), ir.Bound(ir.StageAnchor()))


def anchor(context: Context, at: ir.Anchor) -> str:
    match at:
        case ir.AtTimepoint(name):
            return context.timepoint(name)
        case ir.StageAnchor():
            return context.here
        case ir.Shifted(ir.AtTimepoint(name), sign, ir.Length(count, "day")) if (
            name == context.protocol.day_zero
        ):
            return f"day\u00a0{number(count * sign)}"
        case ir.Shifted(base, sign, by):
            return f"{length(by)} {'after' if sign > 0 else 'before'} {anchor(context, base)}"
        case ir.OfSample():
            return "that sample"
        case ir.OfEvent(which, item):
            match which:
                case "first" | "last":
                    return f"the {which} {context.item(item)}"
                case "onset" | "start" | "end":
                    return f"the {which} of {context.item(item)}"
                case _:
                    assert_never(which)
        case _:
            assert_never(at)


def bound(context: Context, at: ir.Bound) -> str:
    words = anchor(context, at.anchor)
    if at.by is not None:
        words = f"{duration(at.by)} {'after' if at.sign > 0 else 'before'} {words}"
    return f"{words} (that day left out)" if at.open else words


def window(context: Context, value: ir.Window) -> str:
    """Words that follow a statement: "within 4 weeks before screening". Both ends count, or it says so."""
    start, end = value.start, value.end
    if value == EVER:
        return "at any time"
    if start is None and end is None:
        return "at any time"
    if start is None:
        assert end is not None
        if end.by is not None:
            side = "before" if end.sign < 0 else "after"
            if end.sign < 0 and not end.open:
                return f"at least {duration(end.by)} {side} {anchor(context, end.anchor)}"
            return f"until {bound(context, end)}"
        return f"{'before' if end.open else 'until'} {anchor(context, end.anchor)}"
    if end is None:
        if start.by is not None:
            if start.sign > 0 and not start.open:
                return f"at least {duration(start.by)} after {anchor(context, start.anchor)}"
            return f"from {bound(context, start)} on"
        return f"{'after' if start.open else 'since'} {anchor(context, start.anchor)}"
    same = start.anchor == end.anchor
    if same and start.by is None and end.by is None and not start.open and not end.open:
        return f"on the day of {anchor(context, start.anchor)}"
    less = "less than " if start.open or end.open else ""
    if same and start.by is not None and end.by is None and start.sign < 0 and not end.open:
        return f"within {less}{duration(start.by)} before {anchor(context, start.anchor)}"
    if same and start.by is None and end.by is not None and end.sign > 0 and not start.open:
        return f"within {less}{duration(end.by)} after {anchor(context, end.anchor)}"
    symmetric = start.by == end.by and start.open == end.open and (start.sign, end.sign) == (-1, 1)
    if same and start.by is not None and symmetric:
        return f"within {less}{duration(start.by)} before or after {anchor(context, start.anchor)}"
    return f"from {bound(context, start)} to {bound(context, end)}"


def value_window(context: Context, value: ir.Window | None, latest: bool = True) -> str:
    """The same for a value that is looked up; empty where it is the stage's own default.

    `latest`: it is the latest one in that time; of several, or the highest, the time is always said.
    """
    if latest and value is not None and value == context.usual:
        return ""
    if value is None or value == EVER:
        return "at any time" if context.usual is not None else ""
    if value == NOW:
        return f"on the day of {context.here}"
    start, end = value.start, value.end
    if (
        start is not None
        and end is not None
        and start.anchor == end.anchor
        and not start.open
        and not end.open
    ):
        if start.by is None and end.by is None:
            return f"at {anchor(context, start.anchor)}"
        if start.by == end.by and start.by is not None and (start.sign, end.sign) == (-1, 1):
            return f"at {anchor(context, start.anchor)} (± {duration(start.by)})"
    return window(context, value)
