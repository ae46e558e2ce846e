"""Cured by time: on which later day does a failure end, if nothing new happens?

“Results, answers, doses and attributes stay as they are; nothing new happens; ongoing courses go on; the
stage's anchor, `as_of` and every timepoint not before the anchor move by the same days.” The oracle
simply tries every day of five years.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.interpret.context import Context, anchor_day, as_of
from protodsl.interpret.criteria import Node, evaluate, with_parts
from protodsl.interpret.days import iso, on, plus_months
from protodsl.interpret.stages import StageNode, verdict
from protodsl.interpret.truth import once
from protodsl.interpret.windows import timepoint_days
from protodsl.runtime.record import Complete, Days, Record
from protodsl.runtime.report import CriterionReport, Report

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
    culprit = next((each for each in single(node) if each.node.counts.truth is False), None)
    for later in days:
        if not waiting and not failing:
            return
        then = Then(postponed(ctx, later), {})
        for asked in listed(node):
            rows = [each for each in waiting if of(asked, each)]
            nodes = {each.part.id: each for each in with_parts(then.node(asked))} if rows else {}
            for row in rows:
                if nodes[row.id].outcome == "passes":
                    row.curable_on = iso(anchor.first + later)
                    waiting.remove(row)
        if not failing or (culprit is not None and then.node(culprit).counts.truth is False):
            continue  # one that fails is enough, and mostly it is the one of the day before
        culprit = next((each for each in single(node) if then.node(each).counts.truth is False), None)
        if culprit is None and earliest(then.ctx, protocol, run, node, report, anchor.first + later):
            failing = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A criterion where it stands; `node`: as it was found on the stage's own day."""

    cohort: str | None
    criterion: ir.Criterion
    node: Node


@dataclass(frozen=True, slots=True)
class Then:
    """A later day: each criterion is evaluated when it is asked for."""

    ctx: Context
    known: dict[tuple[str | None, str], Node]

    def node(self, asked: Asked) -> Node:
        key = asked.cohort, asked.criterion.root.id
        if key not in self.known:
            self.known[key] = evaluate(self.ctx, asked.criterion.kind, asked.criterion.root)
        return self.known[key]


def listed(node: StageNode) -> list[Asked]:
    found = [Asked(None, criterion, each) for criterion, each in node.common.criteria]
    for cohort in node.cohorts:
        found += [Asked(cohort.cohort.id, criterion, each) for criterion, each in cohort.listed.criteria]
    return found


def single(node: StageNode) -> list[Asked]:
    """The common criteria that stand in no group: the failure of one fails the stage."""
    grouped = [each for group in node.common.groups for each in group.nodes]
    return [each for each in listed(node) if each.cohort is None and each.node not in grouped]


def of(asked: Asked, row: CriterionReport) -> bool:
    return row.cohort == asked.cohort and any(each.part.id == row.id for each in with_parts(asked.node))


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
