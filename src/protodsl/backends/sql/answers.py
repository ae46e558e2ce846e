"""Judgement: the latest answer of the person asked, on or before the anchor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql.asks import span_of
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
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope, Span, on, shares_possibly, shares_surely

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


def answer(builder: Builder, scope: Scope, asked: ir.Answer) -> Expr:
    """Its truth; null until the person asked has answered."""
    return _told(builder, scope, asked)[0]


def _told(builder: Builder, scope: Scope, asked: ir.Answer) -> tuple[Expr, Callable[[], Expr]]:
    """(truth, whether an answer counts and none that may be the latest is open: written on demand)."""
    times = builder.times
    start = scope.previous if scope.previous is not None else on(Literal(FIRST))
    span = times.unless_empty(scope, times.capped(scope, Span(start, scope.anchor), scope.as_of))
    ask = builder.ask("answers", asked.question, scope, asked.roles)
    span = span_of(ask, "opens", "closes", span)
    up_to = ask.own("up_to", scope.as_of, "DATE")
    days = builder.recorded(replace(scope, as_of=up_to), Column("date_first"), Column("date_last"))
    first, last = ask.column("first_day", days.first), ask.column("last_day", days.last)
    role = Column("role")
    theirs = ask.own("theirs", or_(is_(role, "NULL"), In(role, asked.roles)) if asked.roles else TRUE)
    known = ask.own("known", is_not(role, "NULL") if asked.roles else TRUE)
    ask.keep(is_(and_(theirs, shares_possibly(first, last, span)), "TRUE"))
    counts = ask.column("counts", is_(and_(known, shares_surely(last, first, span)), "TRUE"))
    said = Column("answer")
    newest = ask.gathered("newest", Aggregate("max", first, counts))
    yes = compare(">=", ask.gathered("yes", Aggregate("max", last, said)), newest)
    no = compare(">=", ask.gathered("no", Aggregate("max", last, not_(said))), newest)
    open_ = compare(">=", ask.gathered("open", Aggregate("max", last, is_(said, "NULL"))), newest)
    truth = case((open_, NULL), (and_(yes, no), NULL), (yes, TRUE), (no, FALSE))
    taken = and_(is_not(newest, "NULL"), is_not(open_, "TRUE"))
    return ask.truth("answer", truth), lambda: ask.flag("taken", taken)


def decision(builder: Builder, scope: Scope, stage: ir.Stage, otherwise: Expr) -> Expr:
    """The recorded decision that an earlier stage was passed, else what was found of it."""
    truth, taken = _told(builder, scope, ir.Answer(stage.id, stage.label, (), "confirmed"))
    return case((taken(), truth), otherwise=otherwise)
