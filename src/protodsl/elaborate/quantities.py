"""Quantities, lengths of time, anchors and windows."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Literal

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate.scope import Child, Context, Node, Refused, suggest
from protodsl.runtime.units import Unit, parse_unit
from protodsl.runtime.words import number_text

TIME_UNITS: dict[str, tuple[ir.TimeUnit, Fraction]] = {
    **dict.fromkeys(("d", "day", "days"), ("day", Fraction(1))),
    **dict.fromkeys(("wk", "week", "weeks"), ("week", Fraction(1))),
    **dict.fromkeys(("mo", "month", "months"), ("month", Fraction(1))),
    **dict.fromkeys(("a", "year", "years"), ("year", Fraction(1))),
    **dict.fromkeys(("h", "hour", "hours"), ("day", Fraction(1, 24))),
    **dict.fromkeys(("half_life", "half_lives"), ("half_life", Fraction(1))),
}

_POWER = re.compile(r"(\d+(?:\.\d+)?)\s?[x×]\s?10\^(\d+)")
MAX_DIGITS = 40


def number(ctx: Context, token: Child) -> Fraction:
    """The exact value of a NUMBER token, `0.3 x10^5` included."""
    assert isinstance(token, Token)
    power = _POWER.fullmatch(token)
    digits, exponent = (power[1], int(power[2])) if power else (str(token), 0)
    if len(digits) > MAX_DIGITS or exponent > MAX_DIGITS:
        ctx.report("number-too-long", token)
        raise Refused
    return Fraction(digits) * Fraction(10**exponent)


def quantity(ctx: Context, tree: Node) -> tuple[Fraction, Token | None]:
    """Value and unit token of a `quantity` tree."""
    sign = 1
    value = Fraction(0)
    unit: Token | None = None
    for child in tree.children:
        match child:
            case Token(type="SIGN"):
                sign = -1
            case Token(type="NUMBER"):
                value = number(ctx, child)
            case Token(type="UNIT"):
                unit = child
            case Token(type="TITRE"):  # 1:80 is the number 80, as in records
                value = Fraction(int(child.partition(":")[2][:MAX_DIGITS]))
                unit = Token.new_borrow_pos("UNIT", "titre", child)
    return sign * value, unit


def unit_of(ctx: Context, token: Token) -> Unit:
    unit = parse_unit(str(token))
    if unit is None:
        ctx.report("unknown-unit", token, unit=str(token))
        raise Refused
    return unit


def length(ctx: Context, tree: Node, *, whole: bool = True) -> ir.Length:
    """A length of time: whole months and years, days rounded up from hours.

    `whole` False keeps days as they are: a half-life is multiplied before it is rounded up.
    """
    value, unit = quantity(ctx, tree)
    if unit is None:
        ctx.report(
            "missing-unit",
            tree,
            name="time",
            expected="days, weeks, months or years",
            suggestion=f"{number_text(value)} days",
        )
        raise Refused
    if str(unit) not in TIME_UNITS:
        ctx.report("not-a-duration", unit, unit=str(unit))
        raise Refused
    kind, factor = TIME_UNITS[str(unit)]
    value *= factor
    if value < 0 or value > 100_000:
        ctx.report("impossible-time", tree)
        raise Refused
    if kind == "day":
        value = Fraction(math.ceil(value)) if whole else value
    elif kind != "half_life" and value.denominator != 1:
        ctx.report("fraction-of-time", tree, unit=kind)
        raise Refused
    return ir.Length(value, kind)


def duration(ctx: Context, tree: Node) -> ir.Duration:
    match tree:
        case Tree("longer" | "shorter" as which, [Tree() as first, Tree() as second]):
            name: Literal["longer", "shorter"] = "longer" if which == "longer" else "shorter"
            return ir.Extreme(name, length(ctx, first), length(ctx, second))
        case Tree(_, [Token() as parameter]):
            return _length_named(ctx, parameter)
        case Tree(_, [Tree() as inner]):
            return length(ctx, inner)
    raise AssertionError(tree.data)


def _length_named(ctx: Context, name: Token) -> ir.Length:
    """The length of time that a parameter stands for; `parameters.spread` has chosen the row of one by
    case.
    """
    from protodsl.elaborate import parameters

    one = ctx.scope.parameters.get(str(name))
    if one is None:
        ctx.scope.unknown(str(name), ctx.span(name), "a parameter", ctx.scope.parameters)
        raise Refused
    said = ctx.chosen.get(str(name)) or parameters.opened(ctx, one)
    if isinstance(said, list):
        ctx.report("window-by-case", name, name=str(name))
        raise Refused
    if not (isinstance(said, Tree) and said.data == "quantity"):
        ctx.report("parameter-no-length", name, name=str(name))
        raise Refused
    return length(ctx.but(path=one.path), said)


def timepoint(ctx: Context, token: Token) -> ir.Timepoint:
    name = str(token)
    if name not in ctx.scope.timepoints:
        ctx.report("unknown-timepoint", token, name=name, suggestion=suggest(name, ctx.scope.timepoints))
        raise Refused
    ctx.scope.used.add(name)
    return ctx.scope.timepoints[name]


def anchor(ctx: Context, tree: Node) -> ir.Anchor:
    match str(tree.data), tree.children:
        case "at_name", [Token() as token]:
            return ir.AtTimepoint(timepoint(ctx, token).name)
        case "at_day", children:
            value = Fraction(0)
            for child in children:
                if isinstance(child, Token) and child.type == "NUMBER":
                    value = number(ctx, child)
            if ctx.scope.day_zero is None:
                ctx.report("no-day-zero", tree, day=number_text(value))
                raise Refused
            zero = ir.AtTimepoint(ctx.scope.day_zero)
            if value == 0:
                return zero
            return ir.Shifted(zero, -1 if len(children) > 1 else 1, ir.Length(value, "day"))
        case "at_before" | "at_after" as which, [Tree() as by, Tree() as base]:
            return ir.Shifted(anchor(ctx, base), -1 if which == "at_before" else 1, length(ctx, by))
        case "at_sample", _:
            if not ctx.sample:
                ctx.report("no-sample", tree)
                raise Refused
            return ir.OfSample()
        case ("at_first" | "at_last" | "at_onset" | "at_start" | "at_end") as which, [Token() as token]:
            name = str(token)
            item = ctx.scope.items.get(name)
            if item is None or item.domain not in ("conditions", "medications", "procedures"):
                names = [i.name for i in ctx.scope.items.values() if i.domain not in ("results", "answers")]
                ctx.scope.unknown(name, ctx.span(token), "a condition, drug or procedure", names)
                raise Refused
            ctx.scope.used.add(name)
            kinds = {"at_first": "first", "at_last": "last", "at_onset": "onset", "at_start": "start"}
            return ir.OfEvent(kinds.get(which, "end"), name)  # type: ignore[arg-type]  # keys are its literals
    raise AssertionError(tree.data)


def window(ctx: Context, tree: Node) -> ir.Window:
    """A window as its two moved ends; `less than` leaves the far day out."""
    kids = tree.children
    match str(tree.data):
        case "within_before" | "within_after" | "within_of" as which:
            less, by, base = kids
            assert isinstance(by, Tree) and isinstance(base, Tree)
            at, span = anchor(ctx, base), duration(ctx, by)
            near = ir.Bound(at)
            before = ir.Bound(at, -1, span, open=less is not None)
            after = ir.Bound(at, 1, span, open=less is not None)
            if which == "within_before":
                return ir.Window(before, near)
            return ir.Window(near, after) if which == "within_after" else ir.Window(before, after)
        case "at_least_before" | "at_least_after" as which:
            trees = [kid for kid in kids if isinstance(kid, Tree)]
            at, span = anchor(ctx, trees[1]), duration(ctx, trees[0])
            if which == "at_least_before":
                return ir.Window(None, ir.Bound(at, -1, span))
            return ir.Window(ir.Bound(at, 1, span), None)
        case "ever":
            return EVER
        case "from_to":
            first, last = kids
            assert isinstance(first, Tree) and isinstance(last, Tree)
            return ir.Window(ir.Bound(anchor(ctx, first)), ir.Bound(anchor(ctx, last)))
        case which:
            (base,) = kids
            assert isinstance(base, Tree)
            bound = ir.Bound(anchor(ctx, base), open=which in ("before", "after"))
            return ir.Window(None, bound) if which in ("before", "until") else ir.Window(bound, None)


EVER = ir.Window(None, ir.Bound(ir.StageAnchor()))
NOW = ir.Window(ir.Bound(ir.StageAnchor()), ir.Bound(ir.StageAnchor()))


def on_day(at: ir.Anchor) -> ir.Window:
    return ir.Window(ir.Bound(at), ir.Bound(at))


def around(ctx: Context, at: ir.Anchor) -> ir.Window:
    """`at T` of a value: T's window where the timepoint has one, else T's own day."""
    if isinstance(at, ir.AtTimepoint):
        tolerance = ctx.scope.timepoints[at.name].tolerance
        if tolerance is not None:
            return ir.Window(ir.Bound(at, -1, tolerance), ir.Bound(at, 1, tolerance))
    return on_day(at)
