"""Screening a record: the report of one stage, and the truth of definitions and endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from protodsl import ir

# expressions first: it draws the other modules in, in an order that works
from protodsl.interpret import answers, expressions, reasons
from protodsl.interpret.context import Context, anchor_day, as_of, without_repeats
from protodsl.interpret.criteria import Node, with_parts
from protodsl.interpret.days import iso, moved
from protodsl.interpret.stages import StageNode, evaluate_stage, reached, verdict
from protodsl.interpret.truth import TRUE, Finding, once
from protodsl.interpret.windows import anchor_days
from protodsl.runtime import words
from protodsl.runtime.attributes import Problem, RecordError
from protodsl.runtime.record import Coded, Complete, Days, Record
from protodsl.runtime.report import Cause, CriterionReport, Report

Day = int | str | date


def to_day(day: Day) -> int:
    if isinstance(day, int):
        return day
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal()


# ---------------------------------------------------------------- contexts


@dataclass(frozen=True, slots=True)
class Run:
    """What a run was given besides protocol and record."""

    at: Mapping[str, int]
    as_of: int | None
    assume: tuple[str, ...]


def run_with(at: Mapping[str, Day] | None, as_of: Day | None, assume: Sequence[str]) -> Run:
    """`assume` holds domains taken as complete: “conditions”, also as “complete=conditions,procedures”."""
    domains = [name for each in assume for name in each.removeprefix("complete=").split(",")]
    return Run(
        {name: to_day(day) for name, day in (at or {}).items()},
        None if as_of is None else to_day(as_of),
        once(name.strip() for name in domains if name.strip()),
    )


def context(
    protocol: ir.Protocol, record: Record, run: Run, anchor: ir.Anchor, name: str, previous: ir.Anchor | None
) -> Context:
    record = without_repeats(record)
    given = {**record.timepoints, **run.at}
    refuse_disorder(protocol, given)
    return Context(
        protocol,
        record,
        anchor,
        name,
        given,
        run.as_of if run.as_of is not None else record.as_of,
        previous,
        (*record.complete, *(Complete(domain) for domain in run.assume)),
    )


def refuse_disorder(protocol: ir.Protocol, given: Mapping[str, int]) -> None:
    """“A record that breaks the declared order of timepoints is refused.”"""
    problems = []
    for timepoint in protocol.timepoints:
        for before in timepoint.after:
            if timepoint.name in given and before in given and given[timepoint.name] < given[before]:
                days = iso(given[timepoint.name]), iso(given[before])
                told = f"{days[0]} lies before {before}, {days[1]}, which it comes after"
                problems.append(Problem(f"timepoints/{timepoint.name}", told))
    if problems:
        raise RecordError(problems)


def stage_context(protocol: ir.Protocol, record: Record, run: Run, stage: ir.Stage) -> Context:
    before = stage_before(protocol, stage)
    previous = ir.AtTimepoint(before.anchor) if before is not None else None
    return context(protocol, record, run, ir.AtTimepoint(stage.anchor), stage.anchor, previous)


def stage_before(protocol: ir.Protocol, stage: ir.Stage) -> ir.Stage | None:
    """The stage it requires, else the one written before it."""
    if stage.requires is not None:
        return stage_named(protocol, stage.requires)
    place = [each.id for each in protocol.stages].index(stage.id)
    return protocol.stages[place - 1] if place else None


def stage_named(protocol: ir.Protocol, name: str) -> ir.Stage:
    for stage in protocol.stages:
        if stage.id == name:
            return stage
    raise ValueError(f"no stage {name!r} in {protocol.id}")


def default_stage(protocol: ir.Protocol, record: Record, run: Run) -> ir.Stage:
    """The last stage whose anchor is dated, else the first."""
    dated = [s for s in protocol.stages if anchor_day(stage_context(protocol, record, run, s)) is not None]
    return dated[-1] if dated else protocol.stages[0]


# ---------------------------------------------------------------- one stage


def evaluated(
    ctx: Context, protocol: ir.Protocol, run: Run, stage: ir.Stage, cohort: str | None
) -> StageNode:
    earlier = TRUE
    if stage.requires is not None:
        required = stage_named(protocol, stage.requires)
        earlier = passed(ctx, protocol, run, required, cohort)
    return evaluate_stage(ctx, stage, earlier, cohort)


def passed(ctx: Context, protocol: ir.Protocol, run: Run, stage: ir.Stage, cohort: str | None) -> Finding:
    """“A later stage further requires the earlier one, evaluated at its own anchor, or the recorded
    decision that it was passed”: an answer to a question of the stage's own name, given since.
    """
    decision = answers.answer(ctx, ir.Answer(stage.id, stage.label, (), "confirmed"))
    if decision.evidence and all(each.kind != "needs judgement" for each in decision.causes):
        return decision
    own = replace(
        ctx,
        anchor=ir.AtTimepoint(stage.anchor),
        anchor_name=stage.anchor,
        previous=stage_context(protocol, ctx.record, run, stage).previous,
    )
    in_cohort = cohort if any(each.id == cohort for each in stage.cohorts) else None
    return evaluated(own, protocol, run, stage, in_cohort).counts


def screen(
    protocol: ir.Protocol,
    record: Record,
    *,
    stage: str | None = None,
    cohort: str | None = None,
    at: Mapping[str, Day] | None = None,
    as_of: Day | None = None,
    assume: Sequence[str] = (),
    cure: bool = True,
) -> Report:
    """The report on one participant at one stage (default: the last one that is dated).

    `cure` False leaves out the dates on which failures are cured, which take many evaluations. Raises
    RecordError for a record that breaks the declared order of timepoints, ValueError for a stage or
    cohort the protocol does not have.
    """
    run = run_with(at, as_of, assume)
    asked = stage_named(protocol, stage) if stage is not None else default_stage(protocol, record, run)
    if cohort is not None and all(each.id != cohort for each in asked.cohorts):
        raise ValueError(f"no cohort {cohort!r} in stage {asked.id!r}")
    ctx = stage_context(protocol, record, run, asked)
    node = evaluated(ctx, protocol, run, asked, cohort)
    report = reported(ctx, protocol, run, node)
    if cure:
        from protodsl.interpret.cure import cured

        cured(ctx, protocol, run, node, report)
    return report


def reported(ctx: Context, protocol: ir.Protocol, run: Run, node: StageNode) -> Report:
    found = node.counts
    decisive = list(reached(node))
    criteria = [
        criterion_report(ctx, criterion, each, decisive, None)
        for criterion, root in node.common.criteria
        for each in with_parts(root)
    ]
    for cohort in node.cohorts:
        left_out = cohort not in node.open_cohorts
        for criterion, root in cohort.listed.criteria:
            criteria += [
                criterion_report(
                    ctx, criterion, each, decisive, cohort.cohort.id, chosen=node.chosen if left_out else None
                )
                for each in with_parts(root)
            ]
    last_day = as_of(ctx)
    return Report(
        protocol=protocol.id,
        participant=ctx.record.id,
        stage=node.stage.id,
        cohort=node.chosen,
        verdict=verdict(found),
        assumptions=assumptions(ctx, run),
        criteria=criteria,
        cohorts=[(each.cohort.id, verdict(each.counts)) for each in node.open_cohorts],
        needed=list(once(cause.what for cause in found.causes)),
        earliest_date=None,
        to_repeat=[],
        as_of=None if last_day is None else iso(last_day),
        notes=notes(ctx),
    )


def criterion_report(
    ctx: Context,
    criterion: ir.Criterion,
    node: Node,
    decisive: Sequence[Node],
    cohort: str | None,
    *,
    chosen: str | None = None,
) -> CriterionReport:
    outcome = "not applicable" if chosen is not None else node.outcome
    unknown = node.counts.causes if outcome == "unknown" else ()
    decides = any(each is node for each in decisive)
    told, evidence = reasons.of_node(ctx, node, outcome)
    if chosen is not None:
        told, evidence = words.not_applicable([f"cohort {words.name_text(chosen)} was chosen"]), ()
    return CriterionReport(
        id=node.part.id,
        kind=criterion.kind,
        label=node.part.label,
        value=None if outcome == "not applicable" else node.value.truth,
        outcome=outcome,
        reason=told,
        unknown=unknown,
        decides=frozenset(unknown) if decides else frozenset(),
        group=criterion.group,
        cohort=cohort,
        evidence=evidence,
        source="\n".join(quotation.text for quotation in node.part.source),
    )


def assumptions(ctx: Context, run: Run) -> list[str]:
    """What was taken for granted: domains complete without dates, and `as_of` by default."""
    undated = [each.domain for each in ctx.complete if each.since is None and each.until is None]
    told = [f"{domain} complete" for domain in once(undated)]
    day = anchor_day(ctx)
    if ctx.stated_as_of is None and day is not None:
        told.append(f"as of {iso(day.last)}, the stage's anchor")
    return told


def notes(ctx: Context) -> list[str]:
    """Plain names the vocabulary does not know."""
    record, items = ctx.record, ctx.protocol.items
    events = [
        *(fact.code for fact in record.conditions),
        *(fact.code for fact in record.medications),
        *(fact.code for fact in record.procedures),
    ]

    def unknown(codes: Iterable[Coded]) -> tuple[str, ...]:
        return once(c.code for c in codes if c.system is None and c.code and c.code not in items)

    return [
        *(
            f'code "{name}" is not in the vocabulary: it matches nothing'
            for name in unknown(fact.code for fact in record.results)
        ),
        *(f'code "{name}" is not in the vocabulary: it may be anything' for name in unknown(events)),
    ]


# ---------------------------------------------------------------- definitions and endpoints


def truth_of(
    protocol: ir.Protocol,
    expr: ir.Expr,
    record: Record,
    *,
    anchor: ir.Anchor | str,
    at: Mapping[str, Day] | None = None,
    as_of: Day | None = None,
    assume: Sequence[str] = (),
) -> Finding:
    """The truth of an expression (a definition, an endpoint) asked at an anchor; results count to the end
    of its window.
    """
    where = ir.AtTimepoint(anchor) if isinstance(anchor, str) else anchor
    name = where.name if isinstance(where, ir.AtTimepoint) else "anchor"
    ctx = context(protocol, record, run_with(at, as_of, assume), where, name, None)
    return expressions.truth(looking_to_window_end(ctx, where), expr)


def looking_to_window_end(ctx: Context, anchor: ir.Anchor) -> Context:
    """“`at T` means in T's window”: an endpoint looks at a result that was taken a few days late."""
    days = anchor_days(ctx, anchor)
    if not isinstance(days, Days) or not isinstance(anchor, ir.AtTimepoint):
        return ctx
    tolerance = next((t.tolerance for t in ctx.protocol.timepoints if t.name == anchor.name), None)
    return ctx if tolerance is None else replace(ctx, latest_day=moved(days.last, 1, tolerance))


@dataclass(frozen=True, slots=True)
class EndpointResult:
    """Whether a participant reached an endpoint that has a computable definition."""

    id: str
    label: str
    definition: str
    finding: Finding

    @property
    def causes(self) -> tuple[Cause, ...]:
        return self.finding.causes


def endpoints(
    protocol: ir.Protocol,
    record: Record,
    *,
    at: Mapping[str, Day] | None = None,
    as_of: Day | None = None,
    assume: Sequence[str] = (),
) -> list[EndpointResult]:
    """Every endpoint with a computable definition, evaluated at its own anchor, in file order."""
    return [
        EndpointResult(
            each.id,
            each.label,
            each.definition,
            truth_of(
                protocol,
                protocol.definitions[each.definition].expr,
                record,
                anchor=each.anchor,
                at=at,
                as_of=as_of,
                assume=assume,
            ),
        )
        for objective in protocol.objectives
        for each in objective.endpoints
        if each.definition is not None and each.anchor is not None
    ]
