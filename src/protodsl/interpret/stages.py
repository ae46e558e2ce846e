"""Stages and cohorts: the verdict, and what it hangs on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protodsl import ir
from protodsl.interpret.context import Context
from protodsl.interpret.criteria import GroupNode, Node, evaluate, grouped
from protodsl.interpret.expressions import truth
from protodsl.interpret.truth import TRUE, Finding, and_, or_
from protodsl.runtime.report import Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """Criteria that stand together: those of a stage or of a cohort, with their groups."""

    criteria: tuple[tuple[ir.Criterion, Node], ...]
    groups: tuple[GroupNode, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for _, node in self.criteria)

    @property
    def counts(self) -> list[Finding]:
        """In file order; a group stands where its first member stands, and its members count in it only."""
        found: list[Finding] = []
        told: list[str] = []
        for _, node in self.criteria:
            group = next((each for each in self.groups if node in each.nodes), None)
            if group is None:
                found.append(node.counts)
            elif group.group.id not in told:
                told.append(group.group.id)
                found.append(group.counts)
        return found


def listed(ctx: Context, criteria: Sequence[ir.Criterion], groups: Sequence[ir.Group]) -> Listed:
    evaluated = [(criterion, evaluate(ctx, criterion.kind, criterion.root)) for criterion in criteria]
    nodes = [node for _, node in evaluated]
    return Listed(tuple(evaluated), tuple(grouped(group, nodes) for group in groups))


@dataclass(frozen=True, slots=True)
class CohortNode:
    cohort: ir.Cohort
    guard: Finding
    listed: Listed

    @property
    def counts(self) -> Finding:
        """“each the `and` of its own criteria, its guard being one of them”."""
        return and_([self.guard, *self.listed.counts])


@dataclass(frozen=True, slots=True)
class StageNode:
    """A stage, evaluated. `earlier`: whether the stage it requires was passed."""

    stage: ir.Stage
    earlier: Finding
    common: Listed
    cohorts: tuple[CohortNode, ...]
    chosen: str | None

    @property
    def open_cohorts(self) -> tuple[CohortNode, ...]:
        """“`--cohort` makes the others not applicable”."""
        return tuple(each for each in self.cohorts if self.chosen is None or each.cohort.id == self.chosen)

    @property
    def one_cohort(self) -> Finding:
        """“With cohorts the stage further asks that at least one cohort hold”."""
        return or_([each.counts for each in self.open_cohorts]) if self.cohorts else TRUE

    @property
    def counts(self) -> Finding:
        """“A stage is the Kleene `and` of its common criteria and groups, not-applicable ones left out”."""
        return and_([self.earlier, *self.common.counts, self.one_cohort])


def evaluate_stage(ctx: Context, stage: ir.Stage, earlier: Finding, cohort: str | None) -> StageNode:
    return StageNode(
        stage,
        earlier,
        listed(ctx, stage.criteria, stage.groups),
        tuple(
            CohortNode(
                each,
                truth(ctx, each.applies) if each.applies is not None else TRUE,
                listed(ctx, each.criteria, each.groups),
            )
            for each in stage.cohorts
        ),
        cohort,
    )


def verdict(found: Finding) -> Verdict:
    """“false is *ineligible*, true *eligible*, unknown *undetermined*”."""
    match found.truth:
        case True:
            return "eligible"
        case False:
            return "ineligible"
        case None:
            return "undetermined"


# ---------------------------------------------------------------- needed


def reached(stage: StageNode) -> Iterator[Node]:
    """“from an undetermined verdict walk down through unknown nodes only”: the criteria and parts arrived
    at.
    """
    if stage.counts.truth is None:
        yield from _reached_listed(stage.common)
        if stage.one_cohort.truth is None:
            for cohort in stage.open_cohorts:
                if cohort.counts.truth is None:
                    yield from _reached_listed(cohort.listed)


def _reached_listed(listed: Listed) -> Iterator[Node]:
    in_groups = [node for group in listed.groups for node in group.nodes]
    for node in listed.nodes:
        if node not in in_groups and node.counts.truth is None:
            yield from _reached_node(node)
    for group in listed.groups:
        if group.counts.truth is None:
            for node, _ in group.reached():
                yield from _reached_node(node)


def _reached_node(node: Node) -> Iterator[Node]:
    """Its parts, through its value, and through whether any of them applies."""
    yield node
    for part, by_value, by_guard in node.reached():
        if by_value or by_guard:
            yield from _reached_node(part)
