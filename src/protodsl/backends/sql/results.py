"""Tests on results: which results count, whether each passes, and what the chosen ones say together.

“It may be the latest if it may count and no result that counts is surely later.” So with `newest` the latest
first moment of those that count, the candidates are those whose last moment is not before it: whether some
candidate passes, fails or is open is a matter of four maxima, found while the table is read once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql import limits, spaced
from protodsl.backends.sql.asks import Apart, Weighing, span_of
from protodsl.backends.sql.layers import Layers
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Aggregate,
    Column,
    Expr,
    In,
    Literal,
    and_,
    case,
    compare,
    earlier,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope, Span, When, on, shares_possibly, shares_surely

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

SINCE_EVER = ir.Window(None, ir.Bound(ir.StageAnchor()))


@dataclass(frozen=True, slots=True)
class Samples:
    """The results looked at: rows that may count (`possible`) and those that do (`counts`), by moments."""

    rows: Layers
    place: Weighing
    item: ir.Item
    possible: Expr
    counts: Expr
    earliest: Expr
    latest: Expr
    last: Expr  # the last day it may be of
    first: Expr
    span: Span  # uncapped


def samples(
    builder: Builder, scope: Scope, observed: ir.Observed, key: Hashable, *, recency: bool = True
) -> Samples:
    """`key`: what is asked of them. `recency` False: occasions are counted over the whole window, none is
    chosen by being the latest.
    """
    if observed.clean:
        from protodsl.backends.sql import cleaned

        item = builder.protocol.items[observed.item]
        return cleaned.samples(builder, scope, observed, item, recency=recency)
    if observed.item in builder.protocol.measures:
        from protodsl.backends.sql import measures

        if observed.side is not None:
            raise builder.not_carried("a formula's value of one side of the body")
        return measures.samples(builder, scope, observed, recency=recency)
    item = builder.protocol.items[observed.item]
    thing = builder.thing("results", item.name)
    ask = builder.ask("results", thing, scope, key)
    theirs, known = (
        ask.own(hint, expr) for hint, expr in zip(("theirs", "known"), of_side(observed), strict=True)
    )
    return of_rows(builder, scope, observed, item, ask.asks.rows, ask, theirs, known=known, recency=recency)


def of_side(observed: ir.Observed) -> tuple[Expr, Expr]:
    """(whether a row may be of the side asked for, whether it is): one without a side may be of either."""
    side, column = observed.side, Column("side")
    if side is None:
        return TRUE, TRUE
    other = "right" if side == "left" else "left"
    return is_not(compare("=", column, Literal(other)), "TRUE"), is_(In(column, (side, "both")), "TRUE")


def of_rows(
    builder: Builder,
    scope: Scope,
    observed: ir.Observed,
    item: ir.Item,
    rows: Layers,
    place: Weighing,
    mine: Expr,
    *,
    known: Expr = TRUE,
    recency: bool = True,
) -> Samples:
    """The rows of a table in the window of what is observed."""
    times = builder.times
    span = times.window(scope, observed.window or SINCE_EVER, item)
    if observed.select == "latest" and recency:
        until = span.end
        last = scope.anchor.last
        capped = times.column("until", When(earlier(until.first, last), earlier(until.last, last)))
        span = span._replace(end=capped)
    return of_span(builder, scope, item, rows, place, mine, span, known)


def of_span(
    builder: Builder,
    scope: Scope,
    item: ir.Item,
    rows: Layers,
    place: Weighing,
    mine: Expr,
    span: Span,
    known: Expr = TRUE,
) -> Samples:
    """The rows of a table in a window. `mine`: which may be asked for; `known`: of which that is sure."""
    times = builder.times
    inside = times.unless_empty(scope, times.capped(scope, span, scope.as_of))
    up_to = scope.as_of
    if not isinstance(place, Apart):
        inside, up_to = span_of(place, "opens", "closes", inside), place.own("up_to", up_to, "DATE")
    days = builder.recorded(replace(scope, as_of=up_to), Column("date_first"), Column("date_last"))
    first = place.column("first_day", days.first)
    last = place.column("last_day", days.last)
    possible = place.keep(is_(and_(mine, shares_possibly(first, last, inside)), "TRUE"))
    surely = is_(and_(possible, Column("sure"), known, shares_surely(last, first, inside)), "TRUE")
    counts = place.column("counts", surely) if possible == TRUE else place.own("counts", surely)
    if builder.lexicon.times:
        whole = compare("=", first, last)
        timed = and_(is_not(Column("seconds"), "NULL"), whole)
        earliest = place.column("earliest", builder.key(timed, first, Column("seconds")))
        end_of_day = builder.key(timed, last, Column("seconds"))
        latest = place.column("latest", replace_otherwise(end_of_day, 86399))
    else:
        earliest, latest = first, last
    return Samples(rows, place, item, possible, counts, earliest, latest, last, first, span)


def replace_otherwise(key: Expr, seconds: int) -> Expr:
    """A moment not known counts as the end of its day."""
    from protodsl.backends.sql.syntax import Binary, Case

    assert isinstance(key, Binary) and isinstance(key.right, Case)
    return replace(key, right=replace(key.right, otherwise=Literal(seconds)))


def result(builder: Builder, scope: Scope, asked: ir.Result) -> Expr:
    """The truth of a test on results, over the columns of participants and of what was gathered for them."""
    often = asked.occasions
    if often is not None and (often.last is not None or often.consecutive):
        from protodsl.backends.sql import series

        if often.last is not None:
            return series.of_the_last(builder, scope, asked, often.least, often.last)
        return series.in_a_row(builder, scope, asked, often.least)
    key = (asked.observed, asked.test, often)
    found = samples(builder, scope, asked.observed, key, recency=often is None)
    if often is not None:
        return occasions(builder, scope, asked, found, often)
    match asked.observed.select:
        case "latest":
            return agreed(found, tested(builder, scope, found, asked, asked.test), latest=True)
        case "earliest":
            listed = builder.complete_until(scope, "results", found.span.start)
            truth = agreed(found, tested(builder, scope, found, asked, asked.test), latest=False)
            until = found.place.value("listed", Aggregate("min", found.last, told_of(found.possible)))
            return case((compare(">=", listed, until), truth))
        case "any":
            return any_of(builder, scope, found, tested(builder, scope, found, asked, asked.test))
        case "every":
            return every_of(builder, scope, found, tested(builder, scope, found, asked, asked.test))
        case "highest" | "lowest":
            return extreme(builder, scope, asked, found)
        case _:
            assert_never(asked.observed.select)


# ---------------------------------------------------------------- one result


def tested(
    builder: Builder, scope: Scope, found: Samples, asked: ir.Result, test: ir.NumberTest | ir.CodeTest
) -> Expr:
    """Whether a row passes: a column of the rows."""
    match test:
        case ir.NumberTest(bounds):
            if found.item.name in builder.protocol.measures:
                from protodsl.backends.sql import measures

                truth = measures.number_test(builder, found, asked.observed.unit, bounds)
            else:
                truth = limits.number_test(builder, scope, found.item, asked.observed.unit, bounds)
        case ir.CodeTest():
            truth = code_test(found.item, test, measure=found.item.name in builder.protocol.measures)
        case _:
            assert_never(test)
    return found.place.own("passes", case((found.possible, truth)))


def code_test(item: ir.Item, asked: ir.CodeTest, *, measure: bool) -> Expr:
    """A number where a word is asked, or a word the item does not know, cannot be compared."""
    if measure:
        return NULL
    known = tuple(dict.fromkeys(each.lower() for each in item.values))
    wanted = tuple(dict.fromkeys(code.lower() for code in asked.codes if not known or code.lower() in known))
    others = tuple(each for each in known if each not in wanted)
    word = Column("word")
    yes, no = (FALSE, TRUE) if asked.negated else (TRUE, FALSE)
    is_other = (In(word, others) if others else FALSE) if known else is_not(word, "NULL")
    return case((In(word, wanted) if wanted else FALSE, yes), (is_other, no))


# ---------------------------------------------------------------- what they say together


def agreed(found: Samples, passes: Expr, *, latest: bool) -> Expr:
    """“decided when at least one counts and all that may be the latest agree”."""
    most = "max" if latest else "min"
    mine, theirs = (found.earliest, found.latest) if latest else (found.latest, found.earliest)

    def extreme_of(hint: str, what: Expr, where: Expr) -> Expr:
        return found.place.gathered(hint, Aggregate(most, what, where))

    bound = extreme_of("newest" if latest else "oldest", mine, found.counts)
    passing = extreme_of("passing", theirs, passes)
    failing = extreme_of("failing", theirs, not_(passes))
    open_ = extreme_of("open", theirs, and_(found.possible, is_(passes, "NULL")))

    def among(each: Expr) -> Expr:
        return compare(">=" if latest else "<=", each, bound)

    return found.place.truth(
        "holds",
        case(
            (among(open_), NULL),
            (and_(among(passing), among(failing)), NULL),
            (among(passing), TRUE),
            (among(failing), FALSE),
        ),
    )


def told_of(where: Expr) -> Expr | None:
    """Rows that are left out already need no condition."""
    return None if where == TRUE else where


def some(found: Samples, hint: str, where: Expr) -> Expr:
    return found.place.flag(hint, found.place.gathered(hint, Aggregate("bool_or", where)))


def any_of(builder: Builder, scope: Scope, found: Samples, passes: Expr) -> Expr:
    """One that counts and passes; none, only when results are complete."""
    yes = some(found, "one_passes", and_(found.counts, passes))
    perhaps = some(found, "perhaps", and_(found.possible, is_not(passes, "FALSE")))
    complete = builder.complete(scope, "results", found.span)
    return case((yes, TRUE), (and_(complete, not_(perhaps)), FALSE))


def every_of(builder: Builder, scope: Scope, found: Samples, passes: Expr) -> Expr:
    no = some(found, "one_fails", and_(found.counts, not_(passes)))
    perhaps = some(found, "perhaps_not", and_(found.possible, is_not(passes, "TRUE")))
    counting = some(found, "counting", found.counts)
    complete = builder.complete(scope, "results", found.span)
    return case((no, FALSE), (and_(complete, counting, not_(perhaps)), TRUE))


def extreme(builder: Builder, scope: Scope, asked: ir.Result, found: Samples) -> Expr:
    """The highest is above a limit when any is, below it when all are; the lowest the other way round."""
    assert isinstance(asked.test, ir.NumberTest)
    truths: list[Expr] = []
    for op, limit in asked.test.bounds:
        parts: Sequence[ir.Op] = ("<=", ">=") if op == "=" else (op,)
        for part in parts:
            passes = tested(builder, scope, found, asked, ir.NumberTest(((part, limit),)))
            if (part in (">", ">=")) == (asked.observed.select == "highest"):
                counting = some(found, "counting", found.counts)
                truths.append(case((counting, any_of(builder, scope, found, passes))))
            else:
                truths.append(every_of(builder, scope, found, passes))
    return and_(*truths)


def occasions(builder: Builder, scope: Scope, asked: ir.Result, found: Samples, often: ir.Occasions) -> Expr:
    """“k matching results, each earlier than the next by d or more.”"""
    passes = tested(builder, scope, found, asked, asked.test)
    place = found.place
    surely = and_(found.counts, passes)
    possibly = and_(found.possible, is_not(passes, "FALSE"))
    complete = builder.complete(scope, "results", found.span)
    enough = Literal(often.least)

    def counted(hint: str, where: Expr) -> Expr:
        return place.gathered(hint, Aggregate("count", None, where))

    if often.spaced is None or often.least < 2:
        yes = place.flag("often", compare(">=", counted("often", surely), enough))
        perhaps = place.flag("perhaps_often", compare(">=", counted("perhaps_often", possibly), enough))
    elif often.least > 2:
        days = When(found.first, found.last)
        yes, perhaps = spaced.apart(builder, place, days, often.spaced, often.least, surely, possibly)
    else:
        from protodsl.backends.sql.times import length, moved_by

        by = length(often.spaced, None)
        if by is None:
            raise builder.not_carried("results half-lives apart")

        def apart(hint: str, where: Expr) -> Expr:
            newest = place.gathered(f"{hint}_newest", Aggregate("max", found.first, where))
            oldest = place.gathered(f"{hint}_oldest", Aggregate("min", found.last, where))
            return is_(compare(">=", moved_by(newest, -1, by), oldest), "TRUE")

        whole = and_(possibly, compare("=", found.first, found.last))
        partial = counted("partial", and_(possibly, compare("<", found.first, found.last)))
        some_whole = is_(place.gathered("whole", Aggregate("bool_or", whole)), "TRUE")
        yes = place.flag("often", apart("sure", surely))
        perhaps = place.flag(
            "perhaps_often",
            or_(
                apart("whole", whole),
                is_(compare(">=", partial, Literal(2)), "TRUE"),
                and_(is_(compare(">=", partial, Literal(1)), "TRUE"), some_whole),
            ),
        )
    return case((yes, TRUE), (and_(complete, not_(perhaps)), FALSE))


__all__ = ["Fraction", "Samples", "of_rows", "on", "result", "samples"]
