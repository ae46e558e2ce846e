"""Criteria, parts with guards, groups, cohorts, stages: what is asked of whom, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from protodsl import ir
from protodsl.backends.sql import answers, conditions
from protodsl.backends.sql.build import Builder
from protodsl.backends.sql.syntax import TRUE, Column, Expr, Literal, and_, case, is_, is_not, not_, or_
from protodsl.backends.sql.times import Scope


@dataclass(frozen=True, slots=True)
class Told:
    """A criterion or part: the columns of its truth and of whether it applies (None: always)."""

    id: str
    kind: str
    stage: str
    cohort: str | None
    group: str | None
    part: ir.Part
    value: Expr
    applies: Expr
    depth: int

    @property
    def in_favour(self) -> Expr:
        return self.value if self.kind == "inclusion" else not_(self.value)

    @property
    def counts(self) -> Expr:
        return or_(not_(self.applies), self.in_favour)


@dataclass(frozen=True, slots=True)
class StageTold:
    stage: ir.Stage
    dated: Expr
    counts: Expr
    cohorts: tuple[tuple[ir.Cohort, Expr], ...]
    criteria: tuple[Told, ...]
    earlier: Expr | None  # that the stage it requires was passed
    guards: tuple[tuple[ir.Cohort, Expr], ...]  # who belongs to a cohort
    groups: tuple[tuple[ir.Group, str | None, Expr], ...]  # groups of criteria, and the cohort they are of


class Writer:
    """Writes the criteria of every stage into the builder's columns."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.criteria: list[Told] = []
        self.groups: list[tuple[ir.Group, str | None, Expr]] = []

    def stages(self) -> list[StageTold]:
        found: dict[str, StageTold] = {}
        for stage in self.builder.protocol.stages:
            found[stage.id] = self.stage(stage, found)
        return list(found.values())

    def stage(self, stage: ir.Stage, before: dict[str, StageTold]) -> StageTold:
        builder = self.builder
        previous = self.previous(stage)
        scope = builder.scope(stage, previous)
        start, groups = len(self.criteria), len(self.groups)
        earlier: Expr = TRUE
        guards: list[tuple[ir.Cohort, Expr]] = []
        if stage.requires is not None:
            required = next(each for each in builder.protocol.stages if each.id == stage.requires)
            builder.where = f"stage {stage.id}"
            passed = before[required.id].counts
            earlier = builder.told.column(
                f"{required.id}_passed", answers.decision(builder, scope, required, passed)
            )
        common = self.listed(scope, stage.criteria, stage.groups, None)
        cohorts: list[tuple[ir.Cohort, Expr]] = []
        for cohort in stage.cohorts:
            builder.where = f"cohort {cohort.id}"
            guard = TRUE if cohort.applies is None else conditions.truth(builder, scope, cohort.applies)
            guards.append((cohort, guard))
            own = self.listed(scope, cohort.criteria, cohort.groups, cohort.id)
            held = builder.told.column(f"cohort_{cohort.id}_holds", and_(guard, *own))
            cohorts.append((cohort, held))
        chosen = builder.options.cohort
        if chosen is not None and any(cohort.id == chosen for cohort, _ in cohorts):
            cohorts = [pair for pair in cohorts if pair[0].id == chosen]
            guards = [pair for pair in guards if pair[0].id == chosen]
        one = or_(*(held for _, held in cohorts)) if cohorts else TRUE
        counts = builder.told.column(f"{stage.id}_passes", and_(earlier, *common, one))
        dated = is_not(scope.anchor.first, "NULL")
        return StageTold(
            stage,
            dated,
            counts,
            tuple(cohorts),
            tuple(self.criteria[start:]),
            None if stage.requires is None else earlier,
            tuple(guards),
            tuple(self.groups[groups:]),
        )

    def previous(self, stage: ir.Stage) -> ir.Stage | None:
        """The stage it requires, else the one written before it."""
        stages = self.builder.protocol.stages
        if stage.requires is not None:
            return next(each for each in stages if each.id == stage.requires)
        place = [each.id for each in stages].index(stage.id)
        return stages[place - 1] if place else None

    # ------------------------------------------------------------ lists

    def listed(
        self, scope: Scope, criteria: Sequence[ir.Criterion], groups: Sequence[ir.Group], cohort: str | None
    ) -> list[Expr]:
        """What each criterion or group adds to the whole."""
        nodes = {each.id: self.part(scope, each, each.root, cohort, 0) for each in criteria}
        counts: list[Expr] = []
        told: set[str] = set()
        for criterion in criteria:
            group = next((each for each in groups if criterion.id in each.members), None)
            if group is None:
                counts.append(nodes[criterion.id].counts)
            elif group.id not in told:
                told.add(group.id)
                own = [nodes[each.id] for each in criteria if each.id in group.members]
                applies = or_(*(node.applies for node in own))
                members = [and_(node.applies, node.in_favour) for node in own]
                favour = conditions.at_least(group.least, members)
                counts.append(self.builder.told.column(f"group_{group.id}", or_(not_(applies), favour)))
                self.groups.append((group, cohort, counts[-1]))
        return counts

    def part(
        self, scope: Scope, criterion: ir.Criterion, part: ir.Part, cohort: str | None, depth: int
    ) -> Told:
        builder = self.builder
        place = len(self.criteria)
        name = part.id if len(builder.protocol.stages) == 1 else f"{scope.stage.id} {part.id}"
        builder.where = part.id
        known = builder.answers and builder.answers.columns.get((scope.stage.id, cohort, part.id))
        if known:
            truth, applied = (builder.answer(each) for each in known)
            whole = Told(
                part.id, criterion.kind, scope.stage.id, cohort, criterion.group, part, truth, applied, depth
            )
            self.criteria.append(whole)
            return whole
        guard = TRUE if part.applies is None else conditions.truth(builder, scope, part.applies)
        own = [] if part.expr is None else [conditions.truth(builder, scope, part.expr)]
        parts = [self.part(scope, criterion, each, cohort, depth + 1) for each in part.parts]
        members = [*own, *(joins(each, part.combine) for each in parts)]
        held = combined(part.combine, members)
        applies = guard if own or not parts else and_(guard, or_(*(each.applies for each in parts)))
        told = Told(
            part.id,
            criterion.kind,
            scope.stage.id,
            cohort,
            criterion.group,
            part,
            builder.told.column(name, held),
            builder.told.column(f"{name}_applies", applies),
            depth,
        )
        self.criteria.insert(place, told)  # before its parts
        return told


def joins(part: Told, combine: OneOf["all", "any"] | int) -> Expr:
    """“with guard G and part F an `all of` list holds `not G or F`, an `any of` … list `G and F`”."""
    if combine == "all":
        return or_(not_(part.applies), part.value)
    return and_(part.applies, part.value)


def combined(combine: OneOf["all", "any"] | int, members: Sequence[Expr]) -> Expr:
    if combine == "all":
        return and_(*members)
    return or_(*members) if combine == "any" else conditions.at_least(int(combine), list(members))


def verdict(counts: Expr, refused: Expr) -> Expr:
    return case(
        (refused, Literal("refused")),
        (counts, Literal("eligible")),
        (not_(counts), Literal("ineligible")),
        otherwise=Literal("undetermined"),
    )


__all__ = ["Column", "StageTold", "Told", "Writer", "is_", "verdict"]
