"""Existence: conditions, drugs and procedures in a window, with attributes; what rules them out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql import spaced
from protodsl.backends.sql.asks import Weighing, span_of
from protodsl.backends.sql.layers import Layers
from protodsl.backends.sql.syntax import (
    FALSE,
    FIRST,
    NULL,
    TRUE,
    Aggregate,
    Column,
    Expr,
    In,
    Literal,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    is_,
    is_not,
    later,
    moved,
    not_,
    or_,
)
from protodsl.backends.sql.times import (
    Scope,
    Span,
    When,
    length,
    moved_by,
    moved_when,
    shares_possibly,
    shares_surely,
)
from protodsl.runtime.record_fields import SEVERITIES
from protodsl.runtime.routes import ROUTES, route_named, spellings, spelt

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


def exists(builder: Builder, scope: Scope, asked: ir.Exists) -> Expr:
    """“True when one record surely matches in code, attributes and time. False when no record may match
    and one single absence or completeness covers the whole window … Otherwise unknown.”
    """
    item = builder.protocol.items[asked.item]
    check_carried(builder, asked, item)
    if asked.dose is not None and asked.lasting is not None:
        from protodsl.backends.sql import periods

        return periods.exists(builder, scope, asked, item)
    times = builder.times
    span = times.window(scope, asked.window, item)
    # of two courses that touch, one or the other is in a window of one day, whichever day that is
    whole = span.start.first == span.start.last and span.end.first == span.end.last
    if item.domain == "medications" and (
        asked.first_day or asked.lasting is not None or asked.least > 1 or not whole
    ):
        from protodsl.backends.sql import courses

        return courses.exists(builder, scope, asked, item)
    inside = times.unless_empty(scope, times.capped(scope, span, scope.as_of))
    thing = builder.thing(item.domain, item.name, asked.but_not)
    ask = builder.ask(item.domain, thing, scope, replace(asked, span=None, verb=""))
    inside = span_of(ask, "opens", "closes", inside)
    up_to = ask.own("up_to", scope.as_of, "DATE")
    within = replace(scope, as_of=up_to)
    start, end = lasted(builder, within, ask, item.domain)
    own_end = start if asked.first_day else end
    ends = When(ask.own("ends_from", own_end.first, "DATE"), ask.own("ends_by", own_end.last, "DATE"))
    suits = ask.own("suits", and_(*(attribute(test, item.domain) for test in asked.attributes)))
    lasting: Expr = TRUE
    if asked.lasting is not None:
        lasting = lasts(start, end, inside, *asked.lasting)
    long_enough = ask.own("lasts", lasting)
    may_be = (
        is_not(suits, "FALSE"),
        is_not(long_enough, "FALSE"),
        shares_possibly(start.first, ends.last, inside),
    )
    ask.keep(is_(and_(compare("<=", start.first, up_to), *may_be), "TRUE"))
    surely = and_(Column("sure"), suits, long_enough, shares_surely(start.last, ends.first, inside))
    sure = ask.own("sure_event", is_(surely, "TRUE"))
    denied = denial(builder, within, item.domain, span_of(ask, "spans", "spans_to", span), start, end)
    absent = builder.absent(scope, item.name, span)
    if asked.least > 1:
        found, perhaps = counted(builder, asked, ask, start, and_(sure, not_(denied)))
        against = ask.flag("against", ask.gathered("against", Aggregate("bool_or", and_(sure, denied))))
        absent = and_(absent, not_(against))  # what an event contradicts rules nothing out
    else:
        uncontested = Aggregate("bool_or", and_(sure, not_(denied)))
        found = ask.flag("found", ask.gathered("found", uncontested))
        perhaps = ask.flag("perhaps", TRUE)
    ruled_out = or_(absent, builder.complete(scope, item.domain, span))
    return case((found, TRUE), (and_(ruled_out, not_(perhaps)), FALSE))


def check_carried(builder: Builder, asked: ir.Exists, item: ir.Item) -> None:
    if item.domain not in ("conditions", "medications", "procedures"):
        raise builder.not_carried("the existence of a result")
    if asked.dose is not None and (asked.lasting is None or asked.least > 1):
        raise builder.not_carried("doses counted")
    if item.domain != "medications" and asked.lines:
        raise builder.not_carried("lines of treatment of no drug")


def counted(builder: Builder, asked: ir.Exists, ask: Weighing, start: When, sure: Expr) -> tuple[Expr, Expr]:
    """(whether so many events are surely distinct, whether so many may be): each condition and procedure
    that is recorded is one of its own; two are so far apart if the later one, moved, does not lie before the
    other.
    """
    least = Literal(asked.least)

    def gathered(name: str, function: str, what: Expr | None, where: Expr | None) -> Expr:
        return ask.gathered(name, Aggregate(function, what, where))

    def enough(number: Expr) -> Expr:
        return compare(">=", number, least)

    if asked.spaced is None:
        return (
            ask.flag("found", enough(gathered("events", "count", None, sure))),
            ask.flag("perhaps", enough(gathered("perhaps", "count", None, None))),
        )
    if asked.least > 2:
        return spaced.apart(builder, ask, start, asked.spaced, asked.least, sure, TRUE)
    apart = length(asked.spaced, None)
    if apart is None:
        raise builder.not_carried("events so many half-lives apart")

    def two(name: str, first: Expr, last: Expr, where: Expr) -> Expr:
        latest, earliest = (
            gathered(f"{name}_to", "max", first, where),
            gathered(f"{name}_from", "min", last, where),
        )
        return is_(compare(">=", moved_by(latest, -1, apart), earliest), "TRUE")

    whole = compare("=", start.first, start.last)
    partial = gathered("partial", "count", None, compare("<", start.first, start.last))
    some = is_not(gathered("whole_from", "min", start.first, whole), "NULL")
    return (
        ask.flag("found", two("events", start.first, start.last, sure)),
        ask.flag(
            "perhaps",
            or_(
                two("whole", start.first, start.first, whole),
                enough(partial),
                and_(some, compare(">=", partial, Literal(1))),
            ),
        ),
    )


# ---------------------------------------------------------------- first and last day


def lasted(builder: Builder, scope: Scope, rows: Weighing | Layers, domain: str) -> tuple[When, When]:
    """First and last day of a row, as far as recorded."""
    recorded = builder.recorded(scope, Column("start_first"), Column("start_last"))
    start = When(rows.column("start_from", recorded.first), rows.column("start_by", recorded.last))
    now = scope.as_of
    none, goes_on = is_(Column("end_first"), "NULL"), Column("ongoing")
    cut = builder.recorded(scope, Column("end_first"), Column("end_last"))
    until_now = or_(none, compare(">", Column("end_first"), now))
    end = When(
        case((until_now, now), otherwise=Column("end_first")),
        case((until_now, now), otherwise=earlier(cut.last, now)),
    )
    match domain:
        case "conditions":
            brief = Column("brief")
            first, last = (
                case((brief, begun), otherwise=ended)
                for begun, ended in ((start.first, end.first), (start.last, end.last))
            )
        case "medications":
            not_said = and_(none, not_(goes_on))
            first = case((not_said, start.first), otherwise=end.first)
            last = case((not_said, later(start.first, now)), otherwise=end.last)
        case _:
            lasting = or_(goes_on, not_(none))
            first = case((lasting, end.first), otherwise=start.first)
            last = case((lasting, end.last), otherwise=start.last)
    end = When(rows.column("end_from", first), rows.column("end_by", last))
    # nothing begins after its end
    ordered = and_(not_(none), compare("<=", start.first, cut.last))
    if domain == "conditions":
        ordered = and_(ordered, not_(Column("brief")))
    return (
        When(
            start.first,
            rows.column("start_by", case((ordered, earlier(start.last, cut.last)), otherwise=start.last)),
        ),
        When(
            rows.column(
                "end_from",
                case((ordered, earlier(later(end.first, start.first), end.last)), otherwise=end.first),
            ),
            end.last,
        ),
    )


def of_one_day(domain: str) -> Expr:
    """Whether a row ends on its first day."""
    match domain:
        case "conditions":
            return Column("brief")
        case "procedures":
            return not_(or_(Column("ongoing"), is_not(Column("end_first"), "NULL")))
        case _:
            return FALSE


def lasts(first: When, last: When, span: Span, op: ir.Op, by: ir.Length) -> Expr:
    """“A duration is at least d when first day ≤ (day after the last, at most after the anchor) − d.”"""
    counted = length(by, None)
    if counted is None:
        return NULL
    after = When(
        moved(earlier(last.first, span.end.first), "day", 1),
        moved(earlier(last.last, span.end.last), "day", 1),
    )
    latest = moved_when(after, -1, counted)
    below = compare("<", latest.last, first.first)
    at_most = compare("<=", latest.last, first.first)
    above = compare(">", latest.first, first.last)
    at_least = compare(">=", latest.first, first.last)
    match op:
        case "<":
            return case((below, TRUE), (at_least, FALSE))
        case "<=":
            return case((at_most, TRUE), (above, FALSE))
        case ">":
            return case((above, TRUE), (at_most, FALSE))
        case ">=":
            return case((at_least, TRUE), (below, FALSE))
        case "=":
            return case((and_(at_most, at_least), TRUE), (or_(above, below), FALSE))


# ---------------------------------------------------------------- attributes


def attribute(test: ir.AttributeTest, domain: str) -> Expr:
    """“An attribute not recorded (dose, grade, response, route) is unknown, not absent.”"""
    if test.attribute == "side":
        side = Column("side")
        same = case((In(side, (test.value, "both")), TRUE), (In(side, ("left", "right")), FALSE))
        return NULL if domain == "medications" else same
    of_conditions = test.attribute in ("severity", "grade", "stage")
    if (domain == "conditions") != of_conditions or domain == "procedures":
        return NULL
    column = Column(test.attribute)
    word = "_".join(test.value.strip().lower().replace("-", " ").split())
    match test.attribute:
        case "severity":
            if word not in SEVERITIES:
                return NULL
            return compare(test.op, column, Literal(SEVERITIES.index(word)))
        case "grade":
            return compare(test.op, column, Literal(int(test.value))) if test.value.isdecimal() else NULL
        case "stage":
            return stage(test)
        case "response":
            return response(column, word)
        case "route":
            return route(column, spelt(test.value))
        case _:  # the reason a drug was stopped: other words may mean the same
            return case((compare("=", column, Literal(spelt(test.value))), TRUE))


def route(column: Column, asked: str) -> Expr:
    """By any of its spellings; a word nobody knows may be another name for it."""
    named = route_named(asked)
    same = spellings(named) if named is not None else (asked,)
    others = tuple(word for each in ROUTES if each != named for word in spellings(each)) if named else ()
    return case((In(column, same), TRUE), (In(column, others) if others else FALSE, FALSE))


def response(column: Column, asked: str) -> Expr:
    """One recorded response says more than its word: who relapsed had responded."""
    from protodsl.runtime.attribute_tests import response_truth
    from protodsl.runtime.record_fields import RESPONSES

    said = {each: response_truth(each, asked) for each in RESPONSES}
    surely = tuple(each for each, truth in said.items() if truth)
    perhaps = tuple(each for each, truth in said.items() if truth is None)
    return case(
        (In(column, surely) if surely else FALSE, TRUE),
        (In(column, perhaps) if perhaps else FALSE, NULL),
        (is_not(column, "NULL"), FALSE),
    )


def stage(test: ir.AttributeTest) -> Expr:
    """By its place where both are written as stages are (`IIIA` is one of `III`), else by its words."""
    from protodsl.runtime.attribute_tests import stage_rank

    column, rank = Column("stage"), Column("stage_rank")
    same = compare("=", column, Literal(test.value.strip().lower()))
    words: Expr = case((same, TRUE)) if test.op in ("=", "<=", ">=") else NULL
    asked = stage_rank(test.value)
    if asked is None:
        return words
    low = asked[0] * 10
    if not asked[1]:
        above, below = compare(">=", rank, Literal(low)), compare("<", rank, Literal(low + 10))
        match test.op:
            case "=":
                by_rank = and_(above, below)
            case "<":
                by_rank = compare("<", rank, Literal(low))
            case "<=":
                by_rank = below
            case ">":
                by_rank = compare(">=", rank, Literal(low + 10))
            case ">=":
                by_rank = above
            case _:
                assert_never(test.op)
    else:
        mine = low + " abcdefgh".index(asked[1].lower())
        by_rank = case(
            (compare("=", rank, Literal(low)), NULL), otherwise=compare(test.op, rank, Literal(mine))
        )
    return case((is_(rank, "NULL"), words), otherwise=by_rank)


# ---------------------------------------------------------------- what contradicts an event


def contradicts(builder: Builder, scope: Scope, span: Span, start: When, end: When) -> Expr:
    """Whether an absence that shares a day with the event and one with the window denies it."""
    reach = builder.reach(scope, Column("until_first"), Column("until_last"))
    since = When(*(coalesce(Column(name), Literal(FIRST)) for name in ("since_first", "since_last")))
    return and_(
        compare("<=", since.first, reach.last),
        compare("<=", start.last, reach.first),
        compare(">=", end.first, since.last),
        compare("<=", span.start.first, span.end.last),
        compare("<=", since.last, span.end.first),
        compare(">=", reach.first, span.start.last),
    )


def denial(builder: Builder, scope: Scope, domain: str, span: Span, start: When, end: When) -> Expr:
    """Whether an absence denies an event of an ask; the same for every ask of a domain."""
    shared = contradicts(builder, scope, span, start, end)
    known = builder.denials.setdefault(domain, shared)
    assert known == shared
    return Column("denied")
