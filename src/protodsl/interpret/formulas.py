"""Numbers: constants, ages, doses, arithmetic, tables, and measures computed by a formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from protodsl import ir
from protodsl.interpret import doses, expressions, selection
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context, recorded
from protodsl.interpret.days import completed
from protodsl.interpret.intervals import (
    NotComputable,
    add,
    divide,
    greatest,
    hull,
    is_point,
    least,
    magnitude,
    multiply,
    negative,
    point,
    power,
    rising,
    rounded_interval,
    square_root,
)
from protodsl.interpret.truth import Finding, and_, once
from protodsl.interpret.windows import anchor_days
from protodsl.runtime.record import Interval
from protodsl.runtime.report import Cause


def number(ctx: Context, asked: ir.Number) -> Amount:
    """The value of a number, as far as it is known."""
    match asked:
        case ir.Constant(value):
            return Amount(point(value))
        case ir.Observed():
            return with_ends(selection.amount(ctx, asked))
        case ir.Mean():
            return selection.mean(ctx, asked)
        case ir.Age():
            return age(ctx, asked)
        case ir.DoseOf():
            return doses.dose_of(ctx, asked)
        case ir.Arithmetic(op, left, right):
            return applied(ctx, asked, lambda values: operation(op, values), (left, right))
        case ir.Call(function, arguments):
            return applied(ctx, asked, lambda values: call(function, values), arguments)
        case ir.Table():
            return table(ctx, asked)
        case _:
            assert_never(asked)


def with_ends(value: Amount) -> Amount:
    """Arithmetic and comparisons of two values reckon with the ends of an interval: `<41` may be 41."""
    if value.interval is None:
        return value
    return replace(value, interval=Interval(value.interval.low, value.interval.high))


def age(ctx: Context, asked: ir.Age) -> Amount:
    """“`age` is completed years (months, days)”; a partial birth date makes it an interval."""
    at = anchor_days(ctx, asked.at)
    if isinstance(at, Cause):
        return Amount(None, (at,))
    if ctx.record.birth_date is None:
        return Amount(None, (Cause("missing", "birth_date"),))
    born = recorded(ctx, ctx.record.birth_date)
    low, high = completed(asked.unit, born.last, at.first), completed(asked.unit, born.first, at.last)
    if low == high:
        return Amount(Interval(low, high))
    whole = ctx.record.birth_date.first == ctx.record.birth_date.last
    return Amount(
        Interval(low, high), (Cause("imprecise", day_of(ctx, asked.at) if whole else "birth_date"),)
    )


def day_of(ctx: Context, anchor: ir.Anchor) -> str:
    """Whose date an anchor is."""
    match anchor:
        case ir.AtTimepoint(name):
            return name
        case ir.StageAnchor():
            return ctx.anchor_name
        case ir.Shifted(base):
            return day_of(ctx, base)
        case ir.OfEvent(item=name):
            return name
        case ir.OfSample():
            return ctx.lead.measure.lead if ctx.lead is not None else "birth_date"


# ---------------------------------------------------------------- operation by operation


def applied(
    ctx: Context,
    asked: ir.Number,
    operate: Callable[[list[Interval]], Interval],
    operands: Sequence[ir.Number],
) -> Amount:
    """“A formula collects the causes of its inputs.” One input without a value leaves the whole without
    one.
    """
    amounts = [number(ctx, operand) for operand in operands]
    causes = once(cause for amount in amounts for cause in amount.causes)
    evidence = once(where for amount in amounts for where in amount.evidence)
    values = [amount.interval for amount in amounts if amount.interval is not None]
    if len(values) < len(amounts):
        return Amount(None, causes, evidence)
    try:
        value = operate(values)
        return Amount(value, () if is_point(value) else causes, evidence)
    except NotComputable:
        return Amount(None, once((*causes, Cause("not computable", subject(ctx, asked)))), evidence)


def operation(op: str, values: Sequence[Interval]) -> Interval:
    left, right = values
    match op:
        case "+":
            return add(left, right)
        case "-":
            return add(left, negative(right))
        case "*":
            return multiply(left, right)
        case "/":
            return divide(left, right)
        case _:
            return power(left, right)


def call(function: str, values: Sequence[Interval]) -> Interval:
    match function:
        case "min":
            return least(values)
        case "max":
            return greatest(values)
        case "abs":
            return magnitude(values[0])
        case "sqrt":
            return square_root(values[0])
        case "ln":
            return rising(math.log, values[0], above=Fraction(0), at_bottom=None)
        case "log10":
            return rising(math.log10, values[0], above=Fraction(0), at_bottom=None)
        case _:
            return rising(math.exp, values[0], above=None, at_bottom=Fraction(0))


def subject(ctx: Context, asked: ir.Number) -> str:
    """What a thing that cannot be computed is called: the measure, else the first item in the expression."""
    if ctx.lead is not None:
        return ctx.lead.measure.item.name
    return next(iter(named_in(asked)), "formula")


def named_in(asked: ir.Number) -> list[str]:
    match asked:
        case ir.Observed(item=name) | ir.DoseOf(item=name) | ir.Mean(ir.Observed(item=name)):
            return [name]
        case ir.Age():
            return ["birth_date"]
        case ir.Arithmetic(_, left, right):
            return named_in(left) + named_in(right)
        case ir.Call(_, arguments):
            return [name for argument in arguments for name in named_in(argument)]
        case ir.Table(rows, otherwise):
            numbers = [value for _, value in rows] + ([otherwise] if otherwise is not None else [])
            return [name for value in numbers for name in named_in(value)]
        case _:
            return []


# ---------------------------------------------------------------- tables


def table(ctx: Context, asked: ir.Table) -> Amount:
    """“Two table rows that both hold and differ are `conflicting`; no row: `not computable`”; “an unknown
    sex or table row gives the hull of all that may apply”.
    """
    holding: list[Amount] = []
    amounts: list[Amount] = []
    causes: list[Cause] = []
    evidence: list[str] = []
    for condition, value in asked.rows:
        found = expressions.truth(ctx, condition)
        evidence += found.evidence
        if found.truth is not False:
            amounts.append(number(ctx, value))
            causes += (*found.causes, *amounts[-1].causes)
        if found.truth is True:
            holding.append(amounts[-1])
    if not holding and asked.otherwise is not None:
        amounts.append(number(ctx, asked.otherwise))
        causes += amounts[-1].causes
    places = once((*evidence, *(where for amount in amounts for where in amount.evidence)))
    if not amounts:
        return Amount(None, (Cause("not computable", subject(ctx, asked)),), places)
    values = [amount.interval for amount in amounts if amount.interval is not None]
    if len(values) < len(amounts):
        return Amount(None, once(causes), places)
    if any(each.interval != holding[0].interval for each in holding):
        return Amount(None, once((*causes, Cause("conflicting", subject(ctx, asked)))), places)
    value_of_all = hull(values)
    return Amount(value_of_all, () if is_point(value_of_all) else once(causes), places)


# ---------------------------------------------------------------- measures


def measured(ctx: Context, measure: ir.Measure) -> Amount:
    """The value a formula makes of the lead in `ctx`: “Outside the validity range: `not computable`”;
    “the result is rounded half away from zero to 9 decimals …, and that number is the value compared”.
    """
    valid: Finding = and_([expressions.truth(ctx, condition) for condition in measure.valid])
    if valid.truth is False:
        return Amount(None, (Cause("not computable", measure.item.name),), valid.evidence)
    amount = number(ctx, measure.formula)
    evidence = once((*valid.evidence, *amount.evidence))
    if valid.truth is None or amount.interval is None:
        return Amount(None, once((*valid.causes, *amount.causes)), evidence)
    return Amount(rounded_interval(amount.interval, measure.decimals), amount.causes, evidence)
