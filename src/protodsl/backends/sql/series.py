"""Results one after another: the mean of the last n, tests of the last n, and of results in a row.

A result is among the last n if fewer than n that count are surely later: if its last moment is not before
the first moment of the nth of those that count. It surely is one if at most n are not surely before it; those
that only may be tie for the places that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import amounts, results
from protodsl.backends.sql.numbers import NOTHING, Value
from protodsl.backends.sql.syntax import (
    FALSE,
    TRUE,
    Aggregate,
    Binary,
    Call,
    Case,
    Column,
    Double,
    Expr,
    Literal,
    and_,
    case,
    coalesce,
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder
    from protodsl.backends.sql.results import Samples

WHO = Column("participant")
_ONE = Literal(1)


def flag(condition: Expr) -> Expr:
    return is_(condition, "TRUE")


@dataclass(frozen=True, slots=True)
class Last:
    """Which rows are among the last n: those that may be, those that are, those that tie for what is left."""

    found: Samples
    count: int
    taken: Expr
    sure: Expr
    tied: Expr

    def column(self, hint: str, expr: Expr) -> Expr:
        return self.found.rows.column(f"{self.found.item.name}_{hint}", expr)

    def gathered(self, hint: str, function: str, what: Expr | None, where: Expr) -> Column:
        group = amounts.gathering(self.found)
        return group.column(f"{self.found.item.name}_{hint}", Aggregate(function, what, where))

    @property
    def unsure(self) -> Expr:
        """Whether one that may be among them does not surely count, or has no whole date."""
        found = self.found
        vague = or_(not_(found.counts), compare("<", found.first, found.last))
        return is_(self.gathered("unsure", "bool_or", TRUE, and_(self.taken, vague)), "TRUE")


def nth(found: Samples, hint: str, where: Expr, key: Expr, place: int) -> Expr:
    """Of the rows where something holds, the key of the one in that place from the greatest down."""
    rows, name = found.rows, f"{found.item.name}_{hint}"
    rank = rows.column(name, Aggregate("count", None, per=(WHO, where), order=(key,), falling=True))
    mine = case((and_(where, compare("=", rank, Literal(place))), key))
    return rows.column(f"{name}_nth", Aggregate("max", mine, per=(WHO,)))


def last(found: Samples, count: int) -> Last:
    rows, name = found.rows, found.item.name
    bound = nth(found, "newest", found.counts, found.earliest, count)
    reached = or_(is_(bound, "NULL"), compare(">=", found.latest, bound))
    taken = rows.column(f"{name}_among", flag(and_(found.possible, reached)))
    limit = nth(found, "taken", taken, found.latest, count + 1)
    alone = or_(is_(limit, "NULL"), compare(">", found.earliest, limit))
    sure = rows.column(f"{name}_surely_among", flag(and_(taken, alone)))
    tied = rows.column(f"{name}_tied", flag(and_(taken, not_(alone))))
    return Last(found, count, taken, sure, tied)


# ---------------------------------------------------------------- the mean


def mean(builder: Builder, scope: Scope, asked: ir.Mean) -> Value:
    """Of n results that all surely count and have a whole date and a value; of those that tie for the last
    places the least, and the most, that may be meant.
    """
    if scope.sample is not None:
        raise builder.not_carried("the mean of several results inside a formula")
    found = amounts.looked_at(builder, scope, asked.of)
    value = amounts.value_in_rows(builder, found, asked.of)
    if value == NOTHING:
        return NOTHING
    of = last(found, asked.last)
    seats = of.column(
        "seats",
        Binary("-", Literal(asked.last), Aggregate("count", case((of.sure, _ONE)), per=(WHO,))),
    )

    def total(hint: str, end: Expr, *, falling: bool) -> Expr:
        order = (end, Column("fact"))
        rank = of.column(
            f"{hint}_place", Aggregate("count", None, None, False, (WHO, of.tied), order, falling)
        )
        chosen = or_(of.sure, and_(of.tied, compare("<=", rank, seats)))
        return of.gathered(hint, "sum", end, of.column(f"{hint}_taken", flag(chosen)))

    valueless = of.gathered("valueless", "bool_or", TRUE, and_(of.taken, is_(value.low, "NULL")))
    enough = compare(">=", of.gathered("taken", "count", None, of.taken), Literal(asked.last))
    sound = and_(enough, not_(of.unsure), is_not(valueless, "TRUE"))
    by = Double(float(asked.last))
    low, high = (
        builder.told.column("number", case((sound, Binary("/", total(hint, end, falling=falling), by))))
        for hint, end, falling in (("least", value.low, False), ("most", value.high, True))
    )
    return Value(low, high, positive=value.positive)


# ---------------------------------------------------------------- tests


def of_the_last(builder: Builder, scope: Scope, asked: ir.Result, least: int, count: int) -> Expr:
    """Whether so many of the last n pass; of those not recorded none is known."""
    found = amounts.looked_at(builder, scope, asked.observed)
    passes = results.tested(builder, scope, found, asked, asked.test)
    of = last(found, count)

    def number(hint: str, where: Expr) -> Expr:
        return of.gathered(hint, "count", None, where)

    tied, sure = number("tied", of.tied), number("sure", of.sure)
    filled = Call("least", (Binary("-", Literal(count), sure), tied))

    def surely(hint: str, truth: Expr) -> Expr:
        """How many surely do, whichever of those that tie are meant."""
        others = Binary("-", tied, number(f"tied_{hint}", and_(of.tied, truth)))
        more = Call("greatest", (Literal(0), Binary("-", filled, others)))
        return Binary("+", number(f"sure_{hint}", and_(of.sure, truth)), more)

    enough = compare(">=", surely("pass", passes), Literal(least))
    failing = surely("fail", not_(passes))
    too_few = compare("<", Binary("-", Literal(count), failing), Literal(least))
    return case((of.unsure, Literal(None)), (enough, TRUE), (too_few, FALSE))


def in_a_row(builder: Builder, scope: Scope, asked: ir.Result, least: int) -> Expr:
    """Whether so many results in a row pass: of results that are complete, and in order."""
    found = amounts.looked_at(builder, scope, asked.observed, recency=False)
    passes = results.tested(builder, scope, found, asked, asked.test)
    rows, name, group = found.rows, found.item.name, amounts.gathering(found)

    def column(hint: str, expr: Expr) -> Expr:
        return rows.column(f"{name}_{hint}", expr)

    def longest(hint: str, counts: Expr) -> Expr:
        """The length of the longest row of results that count."""
        order = (found.earliest, Column("fact"))
        ends = case((counts, Literal(0)), otherwise=_ONE)
        per = (WHO, found.possible)
        run = column(f"{hint}_run", Aggregate("sum", ends, per=per, order=order))
        length = column(f"{hint}_length", Aggregate("count", case((counts, _ONE)), per=(*per, run)))
        most = group.column(f"{name}_{hint}_longest", Aggregate("max", length, found.possible))
        return coalesce(most, Literal(0))

    passing = longest("sure", is_(passes, "TRUE"))
    perhaps = longest("may", is_not(passes, "FALSE"))
    vague = or_(not_(found.counts), compare("<", found.first, found.last), unordered(found, passes))
    doubt = group.column(f"{name}_in_doubt", Aggregate("bool_or", TRUE, and_(found.possible, vague)))
    sound = and_(builder.complete(scope, "results", found.span), is_not(doubt, "TRUE"))
    enough = Literal(least)
    return case(
        (and_(sound, compare(">=", passing, enough)), TRUE),
        (and_(sound, compare("<", perhaps, enough)), FALSE),
    )


def unordered(found: Samples, passes: Expr) -> Expr:
    """Whether a result differs from one of its day that is neither surely before it nor surely after."""
    answer = case((passes, Literal(2)), (not_(passes), _ONE), otherwise=Literal(0))

    def column(hint: str, expr: Expr) -> Expr:
        return found.rows.column(f"{found.item.name}_{hint}", expr)

    mine = column("answer", Case(((found.possible, answer),)))

    def differ(hint: str, moment: Expr) -> Expr:
        each = (
            column(f"{function}_{hint}", Aggregate(function, mine, per=(WHO, moment)))
            for function in ("min", "max")
        )
        return compare("<>", *each)

    of_day = differ("of_day", found.first)
    if found.earliest == found.first:  # no result has a time of day
        return of_day
    untimed = case((and_(found.possible, compare("<", found.earliest, found.latest)), _ONE))
    vague = column("untimed", Aggregate("max", untimed, per=(WHO, found.first)))
    return or_(and_(is_not(vague, "NULL"), of_day), differ("of_moment", found.earliest))
