"""The sentence of one event, question or comparison, and the facts it rests on."""

from __future__ import annotations

from typing import assert_never

from protodsl import ir
from protodsl.interpret import results_told, wording
from protodsl.interpret.answers import Given, answer_window, by_others, may_be_last
from protodsl.interpret.context import Context
from protodsl.interpret.days import Span, on
from protodsl.interpret.doses import running_courses
from protodsl.interpret.events import Fact, acute
from protodsl.interpret.existence import Candidate, weigh
from protodsl.interpret.told import Told
from protodsl.interpret.truth import Finding
from protodsl.interpret.windows import window_days
from protodsl.runtime import words
from protodsl.runtime.record import FIRST_DAY, Condition, Days, Medication, Procedure
from protodsl.runtime.report import Cause

Leaf = ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Sex | ir.Setting


def told(ctx: Context, leaf: Leaf, found: Finding) -> Told:
    match leaf:
        case ir.Result():
            return results_told.of_result(ctx, leaf, found)
        case ir.Compare():
            return results_told.of_comparison(ctx, leaf, found)
        case ir.Change():
            return results_told.of_change(ctx, leaf, found)
        case ir.Exists():
            return of_event(ctx, leaf, found)
        case ir.Answer():
            return of_answer(ctx, leaf, found)
        case ir.Sex():
            if found.truth is None:
                return Told(tuple(wording.cause(ctx, cause) for cause in found.causes))
            return Told((words.sex_reason(ctx.record.sex or ""),))
        case ir.Setting(name):
            if found.truth is None:
                return Told(tuple(wording.cause(ctx, cause) for cause in found.causes))
            return Told((words.setting_reason(name, ctx.record.setting[name]),))
        case _:
            assert_never(leaf)


# ---------------------------------------------------------------- events


def of_event(ctx: Context, asked: ir.Exists, found: Finding) -> Told:
    """“an existing event: every record that surely matches; shown is the first. A missing one: the absences
    that surely cover the window; an unknown one: the records that may match.”
    """
    item = ctx.item(asked.item)
    span = window_days(ctx, asked.window, item)
    if found.truth is None:
        told = tuple(wording.cause(ctx, cause, recorded=bool(found.evidence)) for cause in found.causes)
        return Told(told, found.evidence)
    assert isinstance(span, Span)
    if asked.dose is not None:
        return of_period(ctx, asked, item, span, found)
    weighed = weigh(ctx, asked, item, span)
    if found.truth:
        shown = weighed.uncontested[0]
        return Told((existing(ctx, asked, item, shown, len(found.evidence)),), found.evidence)
    return Told((none(ctx, asked, item, absent=bool(weighed.ruled_out)),), found.evidence)


def none(ctx: Context, asked: ir.Exists, item: ir.Item, *, absent: bool) -> str:
    window = wording.window(ctx, asked.window)
    return words.none_reason(
        item.label, window, item.domain, absent=absent, least=asked.least, lines=asked.lines
    )


def existing(ctx: Context, asked: ir.Exists, item: ir.Item, shown: Candidate, count: int) -> str:
    fact = shown.event.fact
    return words.exists_reason(
        event(ctx, fact, item),
        [*attributes(asked, fact), *lasting(asked)],
        wording.window(ctx, asked.window),
        count if asked.least > 1 else 1,
    )


def lasting(asked: ir.Exists) -> list[str]:
    if asked.lasting is None:
        return []
    op, by = asked.lasting
    return [words.lasting_text(op, wording.duration(by))]


def of_period(ctx: Context, asked: ir.Exists, item: ir.Item, span: Span, found: Finding) -> Told:
    """A dose for a period: the first of the courses that surely match is shown."""
    assert asked.dose is not None
    if not found.truth:
        return Told((none(ctx, asked, item, absent=bool(found.evidence)),), found.evidence)
    number = ir.DoseOf(item.name, asked.dose.equivalence, asked.window, asked.dose.unit, asked.dose.per)
    courses = running_courses(ctx, number, asked, span._replace(start=on(FIRST_DAY), filled=True))
    sure = [each.event.fact for each in courses if each.sure and each.event.fact.where in found.evidence]
    dose = words.dose_text(asked.dose.op, asked.dose.amount, asked.dose.unit.text)
    window = wording.window(ctx, asked.window)
    name = event(ctx, sure[0], item) if sure else item.label
    details = attributes(asked, sure[0]) if sure else []
    return Told((words.exists_reason(name, [*details, *lasting(asked), dose], window),), found.evidence)


def attributes(asked: ir.Exists, fact: Fact) -> list[str]:
    return [words.attribute_text(test.attribute, recorded(fact, test.attribute)) for test in asked.attributes]


def event(ctx: Context, fact: Fact, item: ir.Item) -> str:
    first, last, point = days_of(ctx, fact)
    own = wording.own_label(ctx, fact.code, item)
    return words.event_text(item.label, own, first, last, point=point, ongoing=fact.ongoing)


def days_of(ctx: Context, fact: Fact) -> tuple[Days | None, Days | None, bool]:
    """First and last day as recorded, and whether it is an event of one day."""
    match fact:
        case Condition():
            return fact.onset, fact.end, acute(ctx, fact)
        case Medication():
            return fact.start, fact.end, False
        case Procedure():
            return fact.date, fact.end, fact.end is None and not fact.ongoing


def recorded(fact: Fact, attribute: str) -> object:
    name = {"reason": "reason_stopped"}.get(attribute, attribute)
    return getattr(fact, name)


# ---------------------------------------------------------------- answers


def of_answer(ctx: Context, asked: ir.Answer, found: Finding) -> Told:
    span = answer_window(ctx)
    if found.truth is None:
        others = by_others(ctx, asked, span) if isinstance(span, Span) else []
        if others and all(cause.kind == "needs judgement" for cause in found.causes):
            told: tuple[str, ...] = (
                words.answered_by_others(asked.text, [fact.role for fact in others], asked.roles),
            )
        else:
            told = tuple(
                wording.cause(ctx, cause, question=question_of(asked, cause)) for cause in found.causes
            )
        return Told(told, found.evidence)
    assert isinstance(span, Span)
    shown = latest(may_be_last(ctx, asked, span)).fact
    return Told((words.answer_reason(asked.text, found.truth, shown.role, shown.date),), found.evidence)


def question_of(asked: ir.Answer, cause: Cause) -> str | None:
    return asked.text if cause.what == asked.question and cause.kind != "timepoint not dated" else None


def latest(given: list[Given]) -> Given:
    """The greatest last day, then first day, then the first in the record."""
    return max(given, key=lambda each: (each.days.last, each.days.first))
