"""Numbers in double precision: intervals that pass through a formula operation by operation.

A value is two columns, its ends; both null: there is no value. An end that lies nowhere is infinite. What a
limit is compared with has been rounded half away from zero to nine decimals before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql.layers import Layers
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Binary,
    Call,
    Column,
    DatePart,
    Double,
    Expr,
    Literal,
    Rounded,
    ToDouble,
    and_,
    case,
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

INFINITY = float("inf")
ZERO, ONE = Double(0.0), Double(1.0)
MOST, LEAST = Double(INFINITY), Double(-INFINITY)


@dataclass(frozen=True, slots=True)
class Value:
    low: Expr
    high: Expr
    low_open: Expr = FALSE
    high_open: Expr = FALSE
    positive: bool = False  # surely not below zero, whatever the data


NOTHING = Value(NULL, NULL)


@dataclass(frozen=True, slots=True)
class Context:
    """Where a number is worked out: the table its steps become columns of, how results are found."""

    layers: Layers
    scope: Scope
    observed: Callable[[ir.Observed], Value]
    truth: Callable[[ir.Expr], Expr]
    hint: str

    def step(self, expr: Expr) -> Expr:
        return expr if isinstance(expr, Double) else self.layers.column(self.hint, expr)

    def both(self, low: Expr, high: Expr, *, positive: bool = False) -> Value:
        return Value(self.step(low), self.step(high), positive=positive)


def number(builder: Builder, ctx: Context, asked: ir.Number) -> Value:
    match asked:
        case ir.Constant(value):
            return constant(value)
        case ir.Observed():  # reckoned with its ends, as in arithmetic: `<41` may be 41
            return replace(ctx.observed(asked), low_open=FALSE, high_open=FALSE)
        case ir.Mean():
            from protodsl.backends.sql import series

            return series.mean(builder, ctx.scope, asked)
        case ir.Age():
            return age(builder, ctx, asked)
        case ir.DoseOf():
            from protodsl.backends.sql import doses

            return doses.dose_of(builder, ctx.scope, asked)
        case ir.Arithmetic("^", left, right):
            if not isinstance(right, ir.Constant):
                return raised(builder, ctx, number(builder, ctx, left), number(builder, ctx, right))
            return power(ctx, number(builder, ctx, left), right.value)
        case ir.Arithmetic(op, left, right):
            return operation(ctx, op, number(builder, ctx, left), number(builder, ctx, right))
        case ir.Call(function, arguments):
            return call(ctx, function, [number(builder, ctx, each) for each in arguments])
        case ir.Table():
            return table(builder, ctx, asked)
        case _:
            assert_never(asked)


def constant(value: Fraction) -> Value:
    return Value(Double(float(value)), Double(float(value)), positive=value >= 0)


# ---------------------------------------------------------------- operations


def operation(ctx: Context, op: str, a: Value, b: Value) -> Value:
    if NOTHING in (a, b):
        return NOTHING
    match op:
        case "+":
            return ctx.both(
                Binary("+", a.low, b.low), Binary("+", a.high, b.high), positive=a.positive and b.positive
            )
        case "-":
            return ctx.both(Binary("-", a.low, b.high), Binary("-", a.high, b.low))
        case "*":
            return multiply(ctx, a, b)
        case _:
            return divide(ctx, a, b)


def multiply(ctx: Context, a: Value, b: Value) -> Value:
    if isinstance(a.low, Double):
        a, b = b, a
    if isinstance(b.low, Double) and b.low == b.high:
        by = b.low.value
        if by == 0:
            return Value(ZERO, ZERO, positive=True)
        ends = (Binary("*", a.low, b.low), Binary("*", a.high, b.low))
        return ctx.both(*(ends if by > 0 else ends[::-1]), positive=a.positive and by > 0)
    if a.positive and b.positive:
        return ctx.both(product(a.low, b.low), product(a.high, b.high), positive=True)
    return corners(ctx, [product(x, y) for x in (a.low, a.high) for y in (b.low, b.high)])


def product(x: Expr, y: Expr) -> Expr:
    """Zero times an end that lies nowhere is zero; zero times what is not known is not known."""
    zero = or_(and_(compare("=", x, ZERO), is_not(y, "NULL")), and_(compare("=", y, ZERO), is_not(x, "NULL")))
    return case((zero, ZERO), otherwise=Binary("*", x, y))


def corners(ctx: Context, each: Sequence[Expr]) -> Value:
    made = tuple(ctx.step(corner) for corner in each)
    return ctx.both(Call("least", made), Call("greatest", made))


def divide(ctx: Context, a: Value, b: Value) -> Value:
    """“division by a range that holds zero” cannot be computed."""
    sound = or_(compare(">", b.low, ZERO), compare("<", b.high, ZERO))
    if isinstance(b.low, Double) and b.low == b.high:
        if b.low.value == 0:
            return NOTHING
        ends = (Binary("/", a.low, b.low), Binary("/", a.high, b.low))
        return ctx.both(*(ends if b.low.value > 0 else ends[::-1]), positive=a.positive and b.low.value > 0)

    def quotient(x: Expr, y: Expr) -> Expr:
        nowhere = or_(compare("=", y, MOST), compare("=", y, LEAST))
        return case((is_not(sound, "TRUE"), NULL), (nowhere, ZERO), otherwise=Binary("/", x, y))

    if a.positive and b.positive:
        return ctx.both(quotient(a.low, b.high), quotient(a.high, b.low), positive=True)
    return corners(ctx, [quotient(x, y) for x in (a.low, a.high) for y in (b.low, b.high)])


def power(ctx: Context, base: Value, exponent: Fraction) -> Value:
    if base == NOTHING:
        return NOTHING
    by = Double(float(exponent))

    def raised(x: Expr) -> Expr:
        return Call("power", (x, by))

    if exponent.denominator == 1:
        if exponent == 0:
            return ctx.both(case((is_not(base.low, "NULL"), ONE)), case((is_not(base.low, "NULL"), ONE)))
        if exponent < 0:
            return divide(ctx, constant(Fraction(1)), power(ctx, base, -exponent))
        if exponent % 2 == 0 and not base.positive:
            base = magnitude(ctx, base)
        return ctx.both(raised(base.low), raised(base.high), positive=base.positive)
    if exponent > 0:
        sound = compare(">=", base.low, ZERO)
        return ctx.both(case((sound, raised(base.low))), case((sound, raised(base.high))), positive=True)
    sound = compare(">", base.low, ZERO)
    return ctx.both(case((sound, raised(base.high))), case((sound, raised(base.low))), positive=True)


def raised(builder: Builder, ctx: Context, base: Value, exponent: Value) -> Value:
    """To a power that is itself a range: its ends are those of the four corners."""
    if NOTHING in (base, exponent):
        return NOTHING
    if not base.positive:
        raise builder.not_carried("a power of what may be below zero, whose exponent is not a plain number")
    some = or_(compare(">", base.low, ZERO), compare(">=", exponent.low, ZERO))
    bounded = and_(compare(">", exponent.low, LEAST), compare("<", exponent.high, MOST))
    known = and_(compare(">=", base.low, ZERO), some, bounded)
    made = [
        ctx.step(case((known, Call("power", (x, y)))))
        for x in (base.low, base.high)
        for y in (exponent.low, exponent.high)
    ]
    return ctx.both(Call("least", tuple(made)), Call("greatest", tuple(made)), positive=True)


def magnitude(ctx: Context, a: Value) -> Value:
    below = Binary("-", ZERO, a.low)
    other = Binary("-", ZERO, a.high)
    over, under = compare(">=", a.low, ZERO), compare("<=", a.high, ZERO)
    low = case((over, a.low), (under, other), (is_not(a.low, "NULL"), ZERO))
    high = case((over, a.high), (under, below), (compare(">=", below, a.high), below), otherwise=a.high)
    return ctx.both(low, high, positive=True)


def call(ctx: Context, function: str, values: Sequence[Value]) -> Value:
    if NOTHING in values:
        return NOTHING
    first = values[0]
    match function:
        case "min" | "max":
            name = "least" if function == "min" else "greatest"
            known = and_(*(is_not(value.low, "NULL") for value in values))
            return ctx.both(
                case((known, Call(name, tuple(value.low for value in values)))),
                case((known, Call(name, tuple(value.high for value in values)))),
                positive=all(value.positive for value in values),
            )
        case "abs":
            return magnitude(ctx, first)
        case "sqrt":
            sound = compare(">=", first.low, ZERO)
            return ctx.both(
                case((sound, Call("sqrt", (first.low,)))),
                case((sound, Call("sqrt", (first.high,)))),
                positive=True,
            )
        case "ln" | "log10":
            sound = compare(">", first.low, ZERO)
            return ctx.both(
                case((sound, Call(function, (first.low,)))), case((sound, Call(function, (first.high,))))
            )
        case _:
            return ctx.both(Call("exp", (first.low,)), Call("exp", (first.high,)), positive=True)


def table(builder: Builder, ctx: Context, asked: ir.Table) -> Value:
    """“Two table rows that both hold and differ are `conflicting`; no row: `not computable`”; “an unknown …
    table row gives the hull of all that may apply”.
    """
    rows = [(ctx.step(ctx.truth(condition)), number(builder, ctx, value)) for condition, value in asked.rows]
    none_holds = and_(*(is_not(truth, "TRUE") for truth, _ in rows))
    may = [(is_not(truth, "FALSE"), value) for truth, value in rows]
    if asked.otherwise is not None:
        may.append((none_holds, number(builder, ctx, asked.otherwise)))
    known = and_(*(or_(not_(where), is_not(value.low, "NULL")) for where, value in may))
    some = or_(*(where for where, _ in may))
    agree: list[Expr] = []
    if len(rows) > 1:
        for end in ("low", "high"):
            least = Call("least", tuple(case((t, getattr(v, end)), otherwise=MOST) for t, v in rows))
            most = Call("greatest", tuple(case((t, getattr(v, end)), otherwise=LEAST) for t, v in rows))
            agree.append(or_(none_holds, compare("=", least, most)))
    sound = ctx.step(and_(known, some, *agree))
    low = Call("least", tuple(case((where, value.low), otherwise=MOST) for where, value in may))
    high = Call("greatest", tuple(case((where, value.high), otherwise=LEAST) for where, value in may))
    return ctx.both(case((sound, low)), case((sound, high)), positive=all(value.positive for _, value in may))


def age(builder: Builder, ctx: Context, asked: ir.Age) -> Value:
    """Completed years, months, weeks or days, between the ends of what is known of both dates."""
    from protodsl.backends.sql.conditions import birth

    at = builder.times.anchor(ctx.scope, asked.at)
    born = birth(builder, ctx.scope)
    low = ctx.step(completed(asked.unit, born.last, at.first))
    return ctx.both(low, completed(asked.unit, born.first, at.last))


def completed(unit: str, birth: Expr, day: Expr) -> Expr:
    if unit in ("day", "week"):
        days = ToDouble(Call("", (Binary("-", _number(day), _number(birth)),)))
        return days if unit == "day" else Call("floor", (Binary("/", days, Double(7.0)),))

    years = Binary("-", DatePart("YEAR", day), DatePart("YEAR", birth))

    def place(of: Expr) -> Expr:
        if unit == "month":
            return DatePart("DAY", of)
        return Binary("+", Binary("*", DatePart("MONTH", of), Literal(100)), DatePart("DAY", of))

    whole: Expr = years
    if unit == "month":
        months = Binary("-", DatePart("MONTH", day), DatePart("MONTH", birth))
        whole = Binary("+", Binary("*", years, Literal(12)), months)
    short = case((compare("<", place(day), place(birth)), Literal(1)), otherwise=Literal(0))
    return ToDouble(Binary("-", whole, short))


def _number(day: Expr) -> Expr:
    from protodsl.backends.sql.syntax import DayNumber

    return DayNumber(day)


# ---------------------------------------------------------------- comparisons


def decided(op: ir.Op, a: Value, b: Value) -> Expr:
    """“A comparison is decided when the whole interval agrees; `=` is `≤ and ≥`”."""
    if NOTHING in (a, b):
        return NULL

    def below(x: Value, y: Value, *, touching: bool) -> Expr:
        if touching:
            return compare("<=", x.high, y.low)
        either = or_(x.high_open, y.low_open)
        return or_(compare("<", x.high, y.low), and_(either, compare("=", x.high, y.low)))

    match op:
        case "<":
            return case((below(a, b, touching=False), TRUE), (below(b, a, touching=True), FALSE))
        case "<=":
            return case((below(a, b, touching=True), TRUE), (below(b, a, touching=False), FALSE))
        case ">":
            return decided("<", b, a)
        case ">=":
            return decided("<=", b, a)
        case "=":
            both = and_(below(a, b, touching=True), below(b, a, touching=True))
            return case((both, TRUE), (or_(below(a, b, touching=False), below(b, a, touching=False)), FALSE))
        case _:
            assert_never(op)


def rounded(ctx: Context, value: Value, decimals: int = 9) -> Value:
    def one(end: Expr) -> Expr:
        return end if isinstance(end, (Double, Literal)) else ctx.step(Rounded(end, decimals))

    if value == NOTHING:
        return value
    return Value(one(value.low), one(value.high), value.low_open, value.high_open, value.positive)


def comparison(builder: Builder, scope: Scope, asked: ir.Compare) -> Expr:
    """Two numbers of a participant."""
    from protodsl.backends.sql import amounts, conditions

    ctx = Context(
        builder.told,
        scope,
        lambda observed: amounts.amount(builder, scope, observed).value,
        lambda expr: conditions.truth(builder, scope, expr),
        "number",
    )
    left, right = number(builder, ctx, asked.left), number(builder, ctx, asked.right)
    return decided(asked.op, rounded(ctx, left), rounded(ctx, right))


__all__ = ["Column", "Context", "Value", "comparison", "decided", "is_", "number", "rounded"]
