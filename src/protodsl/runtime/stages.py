"""A stage: its criteria, groups and cohorts, the stage it requires, and the verdict they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protodsl.runtime.case import Case
from protodsl.runtime.findings import Finding, Node
from protodsl.runtime.model.expressions import Answered
from protodsl.runtime.model.protocol import Cohort, Group, Stage
from protodsl.runtime.parts import (
    CriterionNode,
    PartFinding,
    any_true,
    both,
    count_truth,
    negated,
)
from protodsl.runtime.persons import AnswerNode
from protodsl.runtime.report import Truth, Verdict
from protodsl.runtime.rules import Rules

VERDICTS: dict[Truth, Verdict] = {True: "eligible", False: "ineligible", None: "undetermined"}


class Body:
    """Criteria and groups joined by `and`: those common to a stage, or those of a cohort."""

    __slots__ = ("cheapest", "criteria", "groups", "guard", "single")

    def __init__(
        self, rules: Rules, criteria: Sequence[CriterionNode], groups: Sequence[Group], guard: Node | None
    ) -> None:
        self.guard = guard
        self.criteria = tuple(criteria)
        by_id = {criterion.id: criterion for criterion in criteria}
        self.groups = tuple(
            (group.least, tuple(by_id[name] for name in group.members if name in by_id)) for group in groups
        )
        grouped = {id(member) for _, members in self.groups for member in members}
        self.single = tuple(criterion for criterion in criteria if id(criterion) not in grouped)
        self.cheapest = tuple(sorted(self.single, key=lambda criterion: criterion.root.favourable.cost()))

    def truth(self, case: Case) -> Truth:
        truth: Truth = True
        if self.guard is not None:
            truth = self.guard.truth(case)
            if truth is False:
                return False
        for criterion in self.cheapest:
            found = criterion.root.favour(case)
            if found is False:
                return False
            if found is None:
                truth = None
        for least, members in self.groups:
            found = group_truth(least, [_state(member, case) for member in members])
            if found is False:
                return False
            if found is None:
                truth = None
        return truth

    def elements(self) -> list[Element]:
        """What must each not fail."""
        found: list[Element] = []
        if self.guard is not None:
            found.append(Element(self.guard.truth, self.guard.breaks))
        for criterion in self.single:
            found.append(Element(criterion.root.favour, criterion.root.breaks))
        for least, members in self.groups:
            found.append(_group_element(least, members))
        return found

    def breaks(self, case: Case, days: set[int]) -> None:
        if self.guard is not None:
            self.guard.breaks(case, days)
        for criterion in self.criteria:
            criterion.root.breaks(case, days)


class Element:
    """One of the things a verdict is the `and` of."""

    __slots__ = ("breaks", "truth")

    def __init__(self, truth: Callable[[Case], Truth], breaks: Callable[[Case, set[int]], None]) -> None:
        self.truth = truth
        self.breaks = breaks


def _state(member: CriterionNode, case: Case) -> tuple[Truth, Truth]:
    """(applies, in favour where it does)."""
    applies, value = member.root.state(case)
    return applies, value if member.root.inclusion else negated(value)


def group_truth(least: int, states: Sequence[tuple[Truth, Truth]]) -> Truth:
    """At least so many members hold; also in favour when none of them applies."""
    terms = [both(applies, favour) for applies, favour in states]
    return any_true(count_truth(least, terms), negated(count_truth(1, [applies for applies, _ in states])))


def _group_element(least: int, members: Sequence[CriterionNode]) -> Element:
    def truth(case: Case) -> Truth:
        return group_truth(least, [_state(member, case) for member in members])

    def breaks(case: Case, days: set[int]) -> None:
        for member in members:
            member.root.breaks(case, days)

    return Element(truth, breaks)


class BodyFinding:
    """Everything found of a body."""

    __slots__ = ("body", "findings", "groups", "guard", "truth")

    def __init__(self, body: Body, case: Case) -> None:
        self.body = body
        self.guard: Finding | None = None if body.guard is None else body.guard.finding(case)
        self.findings: dict[int, PartFinding] = {
            id(criterion): criterion.root.finding(case) for criterion in body.criteria
        }
        terms: list[Truth] = [] if self.guard is None else [self.guard.truth]
        terms += [self.findings[id(criterion)].favour for criterion in body.single]
        self.groups: list[tuple[Truth, list[PartFinding]]] = []
        for least, members in body.groups:
            found = [self.findings[id(member)] for member in members]
            truth = group_truth(least, [(one.applies, favour_of(one)) for one in found])
            self.groups.append((truth, found))
            terms.append(truth)
        self.truth: Truth = count_truth(len(terms), terms)

    def reached(self) -> list[PartFinding]:
        """The criteria an unknown truth hangs on, in file order."""
        return [finding for finding, _ in self.hinges()]

    def hinges(self) -> list[tuple[PartFinding, bool]]:
        """The same, each with whether it matters what it says, and not only whether it applies."""
        if self.truth is not None:
            return []
        wanted: dict[int, bool] = {}
        for criterion in self.body.single:
            if self.findings[id(criterion)].favour is None:
                wanted[id(criterion)] = True
        for (truth, found), (least, members) in zip(self.groups, self.body.groups, strict=True):
            if truth is not None:
                continue
            any_applies = count_truth(1, [one.applies for one in found])
            terms = [both(one.applies, favour_of(one)) for one in found]
            enough = count_truth(least, terms)
            for one, term, member in zip(found, terms, members, strict=True):
                by_value = enough is None and term is None
                if by_value or (any_applies is None and one.applies is None):
                    wanted[id(member)] = by_value
        criteria = self.body.criteria
        return [(self.findings[id(one)], wanted[id(one)]) for one in criteria if id(one) in wanted]


def favour_of(finding: PartFinding) -> Truth:
    """In favour where it applies."""
    return finding.value if finding.node.inclusion else negated(finding.value)


class StageNode:
    """A stage made ready."""

    __slots__ = ("anchor", "cohorts", "common", "decision", "id", "requires", "stage")

    def __init__(self, rules: Rules, stage: Stage, earlier: dict[str, StageNode]) -> None:
        self.stage = stage
        self.id = stage.id
        self.anchor = stage.anchor
        criteria = [CriterionNode(rules, one) for one in stage.criteria]
        self.common = Body(rules, criteria, stage.groups, None)
        self.cohorts = tuple((cohort, cohort_body(rules, cohort)) for cohort in stage.cohorts)
        self.requires: StageNode | None = None
        self.decision: AnswerNode | None = None
        if stage.requires is not None:
            self.requires = earlier[stage.requires]
            text = f"{stage.requires} passed"
            self.decision = AnswerNode(Answered(stage.requires, text), any_stage=True)

    def chosen(self, cohort: str | None) -> list[tuple[Cohort, Body]]:
        return [one for one in self.cohorts if cohort is None or one[0].id == cohort]

    def truth(self, case: Case, cohort: str | None, earlier: EarlierCase) -> Truth:
        truth = self.common.truth(case)
        if truth is False:
            return False
        if self.cohorts:
            truth = both(truth, self.cohort_truth(case, cohort))
            if truth is False:
                return False
        return both(truth, self.earlier_truth(case, cohort, earlier))

    def cohort_truth(self, case: Case, cohort: str | None) -> Truth:
        return count_truth(1, [body.truth(case) for _, body in self.chosen(cohort)])

    def earlier_truth(self, case: Case, cohort: str | None, earlier: EarlierCase) -> Truth:
        """Whether the stage it requires was passed: as decided, else as evaluated at its own anchor."""
        before = self.requires
        if before is None:
            return True
        assert self.decision is not None
        if self.decided(case):
            return self.decision.truth(case)
        return before.truth(earlier(case, before), before.known(cohort), earlier)

    def decided(self, case: Case) -> bool:
        """Whether a decision on the earlier stage is recorded."""
        decision = self.decision
        if decision is None or case.anchor is None or case.as_of is None:
            return False
        return bool(decision.candidates(case))

    def known(self, cohort: str | None) -> str | None:
        """The cohort, where this stage has it."""
        return cohort if any(one.id == cohort for one, _ in self.cohorts) else None

    def elements(self, cohort: str | None, earlier: EarlierCase) -> list[Element]:
        found = self.common.elements()
        if self.cohorts:
            chosen = self.chosen(cohort)

            def cohort_breaks(case: Case, days: set[int]) -> None:
                for _, body in chosen:
                    body.breaks(case, days)

            found.append(Element(lambda case: self.cohort_truth(case, cohort), cohort_breaks))
        before = self.requires
        if before is not None:

            def earlier_breaks(case: Case, days: set[int]) -> None:
                assert self.decision is not None
                self.decision.breaks(case, days)
                there = earlier(case, before)
                if there.anchor is not None and case.anchor is not None and there.anchor >= case.anchor:
                    for element in before.elements(before.known(cohort), earlier):
                        element.breaks(there, days)

            found.append(Element(lambda case: self.earlier_truth(case, cohort, earlier), earlier_breaks))
        return found


EarlierCase = Callable[[Case, StageNode], Case]  # the case of an earlier stage, beside one of a later


def cohort_body(rules: Rules, cohort: Cohort) -> Body:
    criteria = [CriterionNode(rules, one) for one in cohort.criteria]
    guard = None if cohort.applies is None else rules.node(cohort.applies)
    return Body(rules, criteria, cohort.groups, guard)


class StageFinding:
    """Everything found of a stage."""

    __slots__ = ("cohorts", "common", "decision", "earlier", "node", "truth")

    def __init__(self, node: StageNode, case: Case, cohort: str | None, earlier: EarlierCase) -> None:
        self.node = node
        self.common = BodyFinding(node.common, case)
        self.cohorts = [(one, BodyFinding(body, case)) for one, body in node.chosen(cohort)]
        self.decision: Finding | None = None
        self.earlier: StageFinding | None = None
        truth = self.common.truth
        if node.cohorts:
            truth = both(truth, self.cohort_truth())
        before = node.requires
        if before is not None:
            assert node.decision is not None
            if node.decided(case):
                self.decision = node.decision.finding(case)
                truth = both(truth, self.decision.truth)
            else:
                self.earlier = StageFinding(before, earlier(case, before), before.known(cohort), earlier)
                truth = both(truth, self.earlier.truth)
        self.truth: Truth = truth

    def cohort_truth(self) -> Truth:
        return count_truth(1, [found.truth for _, found in self.cohorts])

    def bodies(self) -> list[BodyFinding]:
        """The bodies an unknown verdict hangs on."""
        if self.truth is not None:
            return []
        found = [self.common] if self.common.truth is None else []
        if self.node.cohorts and self.cohort_truth() is None:
            found += [body for _, body in self.cohorts if body.truth is None]
        return found

    def undecided(self) -> list[Finding]:
        """The unknown expressions an undetermined verdict hangs on, in file order, the earlier stage's
        first.
        """
        found: list[Finding] = []
        if self.truth is not None:
            return found
        if self.earlier is not None:
            found += self.earlier.undecided()
        if self.decision is not None and self.decision.truth is None:
            found.append(self.decision)
        for body in self.bodies():
            if body.guard is not None and body.guard.truth is None:
                found.append(body.guard)
            for criterion, by_value in body.hinges():
                if by_value and criterion.favour is None:
                    found += criterion.undecided()
                else:
                    found += criterion.undecided_guards()
        return found
