"""What a stage's verdict is made of, one thing after the other: the steps of an attrition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protodsl import ir
from protodsl.backends import sql
from protodsl.cohort.engine import Answered

Kind = Literal["inclusion", "exclusion", "group", "earlier stage", "belongs", "cohorts"]


@dataclass(frozen=True, slots=True)
class Step:
    """`truth`: SQL, true where a participant passes it, false where it keeps them out, null where it is
    open. `absent`: SQL, true where it does not apply. `leaves`: (what is asked of, SQL that is true where
    that is open).
    """

    id: str
    kind: Kind
    label: str
    truth: str
    absent: str = "FALSE"
    leaves: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Track:
    """A stage, or one cohort at it: everything that has to be passed. `where`: SQL, who is asked."""

    stage: str
    cohort: str | None
    label: str
    verdict: str
    where: str
    steps: tuple[Step, ...]


def tracks(answered: Answered) -> list[Track]:
    """Of every stage in protocol order: as a whole, then each of its cohorts."""
    protocol = answered.question.protocol
    found: list[Track] = []
    for stage in protocol.stages:
        reader = _Reader(answered, stage)
        found.append(reader.track(None))
        found += [reader.track(cohort) for cohort in stage.cohorts if reader.has(cohort)]
    return found


class _Reader:
    def __init__(self, answered: Answered, stage: ir.Stage) -> None:
        self.answered, self.stage = answered, stage
        self.outputs = answered.statement.outputs
        self.own = [each for each in self.outputs if each.stage == stage.id]

    def one(self, what: str, name: str = "", cohort: str | None = None) -> sql.Output | None:
        return next(
            (
                each
                for each in self.own
                if each.what == what and (not name or each.id == name) and each.cohort == cohort
            ),
            None,
        )

    def column(self, output: sql.Output) -> str:
        return self.answered.column(output)

    def has(self, cohort: ir.Cohort) -> bool:
        return self.one("cohort verdict", cohort.id, cohort.id) is not None

    def verdict(self) -> sql.Output:
        found = self.one("stage verdict") or next(each for each in self.outputs if each.what == "verdict")
        return found

    def where(self) -> str:
        """Who has come to this stage; at the first one, everybody whose record can be read."""
        verdict = self.column(self.verdict())
        reached = [each.id for each in self.answered.question.protocol.stages]
        later = reached[reached.index(self.stage.id) :]
        named = next((each for each in self.outputs if each.what == "stage"), None)
        readable = f"{verdict} <> 'refused'"
        if named is None or len(later) == len(reached):
            return readable
        told = ", ".join("'" + name.replace("'", "''") + "'" for name in later)
        return f"{readable} AND {self.column(named)} IN ({told})"

    def track(self, cohort: ir.Cohort | None) -> Track:
        steps: list[Step] = []
        earlier = self.one("earlier")
        if earlier is not None:
            label = f"Stage {earlier.id} was passed"
            steps.append(Step(earlier.id, "earlier stage", label, self.column(earlier)))
        steps += self.listed(self.stage.criteria, self.stage.groups, None)
        verdict = self.verdict()
        label = self.stage.label or self.stage.id
        if cohort is None and (several := [one for one in self.stage.cohorts if self.has(one)]):
            held = " OR ".join(_truth(self.cohort_verdict(one)) for one in several)
            names = ", ".join(one.label or one.id for one in several)
            leaves = tuple(leaf for one in several for leaf in self.leaves_of_cohort(one))
            steps.append(
                Step("cohorts", "cohorts", f"One of the cohorts: {names}", f"({held})", leaves=leaves)
            )
        if cohort is not None:
            guard = self.one("guard", cohort.id, cohort.id)
            if guard is not None:
                leaves = self.leaves(f"cohort {cohort.id}")
                told = f"Belongs to {cohort.label or cohort.id}"
                steps.append(Step(f"cohort {cohort.id}", "belongs", told, self.column(guard), leaves=leaves))
            steps += self.listed(cohort.criteria, cohort.groups, cohort.id)
            label = f"{label}: {cohort.label or cohort.id}"
        return Track(
            self.stage.id,
            None if cohort is None else cohort.id,
            label,
            self.column(verdict),
            self.where(),
            tuple(steps),
        )

    def cohort_verdict(self, cohort: ir.Cohort) -> str:
        found = self.one("cohort verdict", cohort.id, cohort.id)
        assert found is not None
        return self.column(found)

    def listed(
        self, criteria: tuple[ir.Criterion, ...], groups: tuple[ir.Group, ...], cohort: str | None
    ) -> list[Step]:
        """Each criterion; those of a group as one step, where the first of them stands."""
        found: list[Step] = []
        told: set[str] = set()
        for criterion in criteria:
            group = next((each for each in groups if criterion.id in each.members), None)
            if group is None:
                found.append(self.criterion(criterion, cohort))
            elif group.id not in told:
                told.add(group.id)
                members = [each for each in criteria if each.id in group.members]
                steps = [self.criterion(each, cohort) for each in members]
                label = f"At least {group.least} of {', '.join(each.id for each in steps)}"
                held = self.one("group", group.id, cohort)
                assert held is not None
                leaves = tuple(leaf for each in steps for leaf in each.leaves)
                found.append(Step(group.id, "group", label, self.column(held), leaves=leaves))
        return found

    def criterion(self, criterion: ir.Criterion, cohort: str | None) -> Step:
        truth = self.one("truth", criterion.id, cohort)
        applies = self.one("applies", criterion.id, cohort)
        assert truth is not None and applies is not None
        value, guard = self.column(truth), self.column(applies)
        favour = value if criterion.kind == "inclusion" else f"NOT {value}"
        return Step(
            criterion.id,
            criterion.kind,
            criterion.root.label,
            f"((NOT {guard}) OR ({favour}))",
            f"({guard} IS FALSE)",
            self.leaves(criterion.id),
        )

    def leaves(self, part: str) -> tuple[tuple[str, str], ...]:
        """What a criterion and its parts ask of; where it is open in a part that is open."""
        found = []
        for each in self.own:
            if each.what == "leaf" and (each.id == part or each.id.startswith(f"{part}.")):
                truth = next((one for one in self.own if one.what == "truth" and one.id == each.id), None)
                open_ = f"{self.column(each)} IS NULL"
                if truth is not None:
                    open_ += f" AND {self.column(truth)} IS NULL"
                found.append((each.label, f"({open_})"))
        return tuple(found)

    def leaves_of_cohort(self, cohort: ir.Cohort) -> list[tuple[str, str]]:
        found = list(self.leaves(f"cohort {cohort.id}"))
        for criterion in cohort.criteria:
            found += self.leaves(criterion.id)
        return found


def _truth(verdict: str) -> str:
    return f"(CASE {verdict} WHEN 'eligible' THEN TRUE WHEN 'ineligible' THEN FALSE END)"
