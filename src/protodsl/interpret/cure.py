"""Cured by time: on which later day does a failure end, if nothing new happens?

“Results, answers, doses and attributes stay as they are; nothing new happens; ongoing courses go on; the
stage's anchor, `as_of` and every timepoint not before the anchor move by the same days.” The oracle
simply tries every day of five years.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.interpret.context import Context, anchor_day, as_of
from protodsl.interpret.criteria import Node, evaluate, with_parts
from protodsl.interpret.days import iso, on, plus_months
from protodsl.interpret.stages import StageNode, verdict
from protodsl.interpret.truth import once
from protodsl.interpret.windows import timepoint_days
from protodsl.runtime.record import Complete, Days, Record
from protodsl.runtime.report import Report

if TYPE_CHECKING:
    from protodsl.interpret.screening import Run

YEARS = 5


def cured(ctx: Context, protocol: ir.Protocol, run: Run, node: StageNode, report: Report) -> None:
    """Fills in `curable_on`, `earliest_date` and `to_repeat`."""
    anchor = anchor_day(ctx)
    if anchor is None or anchor.first != anchor.last:
        return
    days = range(1, plus_months(anchor.first, 12 * YEARS) - anchor.first + 1)
    waiting = [each for each in report.criteria if each.outcome == "fails"]
    failing = report.verdict == "ineligible"
    for later in days:
        if not waiting and not failing:
            return
        then = postponed(ctx, later)
        nodes = nodes_then(then, node) if waiting else {}
        for each in list(waiting):
            found = nodes.get((each.cohort, each.id))
            if found is not None and found.outcome == "passes":
                each.curable_on = iso(anchor.first + later)
                waiting.remove(each)
        if failing and earliest(then, protocol, run, node, report, anchor.first + later):
            failing = False


def nodes_then(ctx: Context, node: StageNode) -> dict[tuple[str | None, str], Node]:
    """Every criterion and part, evaluated again."""
    found: dict[tuple[str | None, str], Node] = {}
    lists = [(None, node.common), *((each.cohort.id, each.listed) for each in node.cohorts)]
    for cohort, listed in lists:
        for criterion, _ in listed.criteria:
            for each in with_parts(evaluate(ctx, criterion.kind, criterion.root)):
                found[cohort, each.part.id] = each
    return found


def earliest(
    ctx: Context, protocol: ir.Protocol, run: Run, node: StageNode, report: Report, day: int
) -> bool:
    """“`earliest_date` the first on which no criterion or cohort choice fails”; “Results then stale are
    listed “to repeat”.”
    """
    from protodsl.interpret.screening import evaluated

    then = evaluated(ctx, protocol, run, node.stage, node.chosen)
    if verdict(then.counts) == "ineligible":
        return False
    report.earliest_date = iso(day)
    report.to_repeat = list(once(cause.what for cause in then.counts.causes if cause.kind == "stale"))
    return True


def postponed(ctx: Context, later: int) -> Context:
    """The same record, so many days later."""
    anchor = anchor_day(ctx)
    assert anchor is not None
    given = {timepoint.name: timepoint_days(ctx, timepoint.name) for timepoint in ctx.protocol.timepoints}
    dated = {
        name: days.first for name, days in given.items() if isinstance(days, Days) and days.first == days.last
    }
    moved = {
        name: day + later if day >= anchor.first else day for name, day in {**ctx.given, **dated}.items()
    }
    now = as_of(ctx)
    stated = None if ctx.stated_as_of is None else ctx.stated_as_of + later
    return replace(
        ctx,
        given=moved,
        stated_as_of=stated,
        record=nothing_new(ctx.record, now, later),
        complete=tuple(prolonged(each, now, later) for each in ctx.complete),
    )


def prolonged(complete: Complete, now: int | None, later: int) -> Complete:
    """“nothing new happens”: what was listed until `as_of` is listed until the later one."""
    if complete.until is None or now is None or complete.until.first < now:
        return complete
    return replace(complete, until=on(now + later))


def nothing_new(record: Record, now: int | None, later: int) -> Record:
    """What was absent until `as_of` stays absent."""

    def until(date: Days | None) -> Days | None:
        return date if date is None or now is None or date.first < now else on(now + later)

    return replace(
        record,
        conditions=[
            each if each.present else replace(each, date=until(each.date)) for each in record.conditions
        ],
        medications=[
            each if each.present else replace(each, date=until(each.date)) for each in record.medications
        ],
        procedures=[
            each if each.present else replace(each, date=until(each.date)) for each in record.procedures
        ],
    )
