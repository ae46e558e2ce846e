"""Anchors and windows in words."""

from __future__ import annotations

from typing import assert_never

from protodsl import ir
from protodsl.documents.language import named, say
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
            return say("day\u00a0{count}", count=number(count * sign))
        case ir.Shifted(base, sign, by):
            return _aside(length(by), sign, anchor(context, base))
        case ir.OfSample():
            return say("that sample")
        case ir.OfEvent(which, item):
            match which:
                case "first" | "last":
                    return say("the {which} {item}", which=named(which), item=context.item(item))
                case "onset" | "start" | "end":
                    return say("the {which} of {item}", which=named(which), item=context.item(item))
                case _:
                    assert_never(which)
        case _:
            assert_never(at)


def _aside(by: str, sign: int, day: str) -> str:
    if sign > 0:
        return say("{duration} after {anchor}", duration=by, anchor=day)
    return say("{duration} before {anchor}", duration=by, anchor=day)


def bound(context: Context, at: ir.Bound) -> str:
    words = anchor(context, at.anchor)
    if at.by is not None:
        words = _aside(duration(at.by), at.sign, words)
    return say("{day} (that day left out)", day=words) if at.open else words


def window(context: Context, value: ir.Window) -> str:
    """Words that follow a statement: "within 4 weeks before screening". Both ends count, or it says so."""
    start, end = value.start, value.end
    if value == EVER:
        return say("at any time")
    if start is None and end is None:
        return say("at any time")
    if start is None:
        assert end is not None
        if end.by is not None:
            if end.sign < 0 and not end.open:
                return say(
                    "at least {duration} before {anchor}",
                    duration=duration(end.by),
                    anchor=anchor(context, end.anchor),
                )
            return say("until {bound}", bound=bound(context, end))
        day = anchor(context, end.anchor)
        return say("before {anchor}", anchor=day) if end.open else say("until {anchor}", anchor=day)
    if end is None:
        if start.by is not None:
            if start.sign > 0 and not start.open:
                return say(
                    "at least {duration} after {anchor}",
                    duration=duration(start.by),
                    anchor=anchor(context, start.anchor),
                )
            return say("from {bound} on", bound=bound(context, start))
        day = anchor(context, start.anchor)
        return say("after {anchor}", anchor=day) if start.open else say("since {anchor}", anchor=day)
    same = start.anchor == end.anchor
    if same and start.by is None and end.by is None and not start.open and not end.open:
        return say("on the day of {anchor}", anchor=anchor(context, start.anchor))
    less = say("less than ") if start.open or end.open else ""
    if same and start.by is not None and end.by is None and start.sign < 0 and not end.open:
        return say(
            "within {less}{duration} before {anchor}",
            less=less,
            duration=duration(start.by),
            anchor=anchor(context, start.anchor),
        )
    if same and start.by is None and end.by is not None and end.sign > 0 and not start.open:
        return say(
            "within {less}{duration} after {anchor}",
            less=less,
            duration=duration(end.by),
            anchor=anchor(context, end.anchor),
        )
    symmetric = start.by == end.by and start.open == end.open and (start.sign, end.sign) == (-1, 1)
    if same and start.by is not None and symmetric:
        return say(
            "within {less}{duration} before or after {anchor}",
            less=less,
            duration=duration(start.by),
            anchor=anchor(context, start.anchor),
        )
    return say("from {start} to {end}", start=bound(context, start), end=bound(context, end))


def value_window(context: Context, value: ir.Window | None, latest: bool = True) -> str:
    """The same for a value that is looked up; empty where it is the stage's own default.

    `latest`: it is the latest one in that time; of several, or the highest, the time is always said.
    """
    if latest and value is not None and value == context.usual:
        return ""
    if value is None or value == EVER:
        return say("at any time") if context.usual is not None else ""
    if value == NOW:
        return say("on the day of {here}", here=context.here)
    start, end = value.start, value.end
    if (
        start is not None
        and end is not None
        and start.anchor == end.anchor
        and not start.open
        and not end.open
    ):
        if start.by is None and end.by is None:
            return say("at {anchor}", anchor=anchor(context, start.anchor))
        if start.by == end.by and start.by is not None and (start.sign, end.sign) == (-1, 1):
            return say(
                "at {anchor} (± {duration})",
                anchor=anchor(context, start.anchor),
                duration=duration(start.by),
            )
    return window(context, value)
