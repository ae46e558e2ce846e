"""Judgement: `judged “…”`, `agrees “…”` and questions, answered by a named person."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protodsl import ir
from protodsl.interpret.context import Context, as_of, recorded
from protodsl.interpret.days import Span, on, shares_possibly, shares_surely
from protodsl.interpret.truth import Finding, once, unknown
from protodsl.interpret.windows import anchor_days, up_to_now
from protodsl.runtime import record
from protodsl.runtime.record import FIRST_DAY, Days
from protodsl.runtime.report import Cause


@dataclass(frozen=True, slots=True)
class Given:
    fact: record.Answer
    days: Days
    counts: bool


def answer(ctx: Context, asked: ir.Answer) -> Finding:
    """“`judged …` and questions are unknown until the person asked has answered: the latest answer on
    or before the anchor, by that role, not before the previous stage's anchor.”
    """
    span = answer_window(ctx)
    if isinstance(span, Cause):
        return unknown(span)
    chosen = may_be_last(ctx, asked, span)
    evidence = tuple(each.fact.where for each in chosen)
    truths = {each.fact.answer for each in chosen}
    if not any(each.counts for each in chosen) or None in truths:
        evidence = once((*evidence, *(fact.where for fact in by_others(ctx, asked, span))))
        return unknown(Cause("needs judgement", asked.question), evidence=evidence)
    if len(truths) == 1:
        return Finding(truths.pop(), (), evidence)
    yes = [each for each in chosen if each.fact.answer and each.counts]
    no = [each for each in chosen if not each.fact.answer and each.counts]
    tie = any(a.days == b.days and a.days.first == a.days.last for a in yes for b in no)
    return unknown(Cause("conflicting" if tie else "imprecise", asked.question), evidence=evidence)


def may_be_last(ctx: Context, asked: ir.Answer, span: Span) -> list[Given]:
    """The answers that may be the latest: none that counts is surely later."""
    given = [each for fact in ctx.record.answers if (each := considered(ctx, asked, fact, span)) is not None]
    counting = [each for each in given if each.counts]
    return [each for each in given if not any(other.days.first > each.days.last for other in counting)]


def answer_window(ctx: Context) -> Span | Cause:
    """From the previous stage's anchor, where there is one, to the stage's."""
    end = anchor_days(ctx, ir.StageAnchor())
    start = anchor_days(ctx, ctx.previous) if ctx.previous is not None else on(FIRST_DAY)
    if isinstance(end, Cause):
        return end
    return start if isinstance(start, Cause) else Span(start, end)


def considered(ctx: Context, asked: ir.Answer, fact: record.Answer, span: Span) -> Given | None:
    """An answer that (may) count: to this question, by one of the roles or by somebody not named, in time."""
    if fact.question != asked.question:
        return None
    if asked.roles and fact.role is not None and fact.role not in asked.roles:
        return None
    days, now = recorded(ctx, fact.date), up_to_now(ctx, span)
    if not shares_possibly(days, days, now) or as_of(ctx) is None:
        return None
    role_known = not asked.roles or fact.role is not None
    return Given(fact, days, role_known and shares_surely(days, days, now))


def by_others(ctx: Context, asked: ir.Answer, span: Span) -> list[record.Answer]:
    """What persons who were not asked, or whose role is not recorded, have answered in that time."""
    anyone = replace(asked, roles=())
    return [
        fact
        for fact in ctx.record.answers
        if considered(ctx, anyone, fact, span) is not None
        and asked.roles
        and fact.role not in asked.roles
        and fact.answer is not None
    ]
