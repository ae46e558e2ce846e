"""Changes between two dated values."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import amounts, conditions, numbers
from protodsl.backends.sql.amounts import Amount
from protodsl.backends.sql.numbers import NOTHING, Context, Value
from protodsl.backends.sql.syntax import Expr, Literal, and_, case, compare, is_, is_not
from protodsl.backends.sql.times import Scope

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


def change(builder: Builder, scope: Scope, asked: ir.Change) -> Expr:
    """From the latest value of one window to that of another; over one window from its earliest, which needs
    two results. All of them need whole dates.
    """
    one_window = asked.start == asked.end
    after = ir.Observed(asked.item, "latest", asked.end, side=asked.side)
    before = replace(after, select="earliest" if one_window else "latest", window=asked.start)
    earlier, later = (amounts.amount(builder, scope, each) for each in (before, after))
    if NOTHING in (earlier.value, later.value):
        return Literal(None)
    ctx = Context(
        builder.told,
        scope,
        lambda observed: amounts.amount(builder, scope, observed).value,
        lambda expr: conditions.truth(builder, scope, expr),
        "number",
    )
    apart = is_not(_same(earlier, later), "TRUE") if one_window else Literal(True)
    a, b = (_dated(each, apart) for each in (earlier, later))
    falls = asked.direction == "falls"
    if asked.percent:
        share = numbers.operation(ctx, "/", b, a)
        one = numbers.constant(Fraction(1))
        ends = (one, share) if falls else (share, one)
        part = numbers.operation(ctx, "-", *ends)
        found = numbers.operation(ctx, "*", part, numbers.constant(Fraction(100)))
    else:
        found = numbers.operation(ctx, "-", *((a, b) if falls else (b, a)))
    return numbers.decided(asked.op, numbers.rounded(ctx, found), numbers.constant(asked.amount))


def _dated(of: Amount, sound: Expr) -> Value:
    """The value, where every result that may be the one has a whole date."""
    known = and_(of.whole, sound)
    return Value(case((known, of.value.low)), case((known, of.value.high)), positive=of.value.positive)


def _same(one: Amount, other: Amount) -> Expr:
    """Whether the only result that may be the one is the only one that may be the other."""
    alone = [compare("=", each.marks[2], Literal(1)) for each in (one, other)]
    return is_(and_(compare("=", one.marks[0], other.marks[0]), *alone), "TRUE")
