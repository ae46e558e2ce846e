"""Judgement: the latest answer of the person asked, on or before the anchor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protodsl import ir
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


def _told(builder: Builder, scope: Scope, asked: ir.Answer) -> tuple[Expr, Expr]:
    """(truth, whether an answer counts and none that may be the latest is open)."""
    times = builder.times
    start = scope.previous if scope.previous is not None else on(Literal(FIRST))
    span = times.unless_empty(scope, times.capped(scope, Span(start, scope.anchor), scope.as_of))
    rows = builder.rows("answers")
    days = builder.recorded(scope, Column("date_first"), Column("date_last"))
    first, last = rows.column("first_day", days.first), rows.column("last_day", days.last)
    mine = compare("=", Column("question"), Literal(asked.question))
    known: Expr = TRUE
    if asked.roles:
        role = Column("role")
        mine = and_(mine, or_(is_(role, "NULL"), In(role, asked.roles)))
        known = is_not(role, "NULL")
    possible = and_(mine, shares_possibly(first, last, span))
    counts = and_(possible, known, shares_surely(last, first, span))
    group = builder.per_person("answers_rows", "answered")
    name = asked.question[:30]
    said = Column("answer")

    def latest(hint: str, day: Expr, where: Expr) -> Column:
        return group.column(f"{name}_{hint}", Aggregate("max", day, where))

    newest = latest("newest", first, counts)
    yes = compare(">=", latest("yes", last, and_(possible, said)), newest)
    no = compare(">=", latest("no", last, and_(possible, not_(said))), newest)
    open_ = compare(">=", latest("open", last, and_(possible, is_(said, "NULL"))), newest)
    truth = case((open_, NULL), (and_(yes, no), NULL), (yes, TRUE), (no, FALSE))
    return truth, and_(is_not(newest, "NULL"), is_not(open_, "TRUE"))


def decision(builder: Builder, scope: Scope, stage: ir.Stage, otherwise: Expr) -> Expr:
    """The recorded decision that an earlier stage was passed, else what was found of it."""
    truth, taken = _told(builder, scope, ir.Answer(stage.id, stage.label, (), "confirmed"))
    return case((taken, truth), otherwise=otherwise)
