"""The checker of one trial: a record in, a verdict or a whole report out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from os import PathLike
from typing import Any

from protodsl.runtime.attributes import RecordError
from protodsl.runtime.case import Case
from protodsl.runtime.cure import Later
from protodsl.runtime.decode import loads
from protodsl.runtime.facts import Facts
from protodsl.runtime.findings import Finding, Node, in_record_order
from protodsl.runtime.logic import causes_of
from protodsl.runtime.model.protocol import Endpoint, Protocol
from protodsl.runtime.parts import CriterionNode, PartNode, Standing, told
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Complete, Record
from protodsl.runtime.record_fields import DOMAINS
from protodsl.runtime.report import Cause, CriterionReport, Report, Truth, Verdict
from protodsl.runtime.rules import Rules
from protodsl.runtime.stages import VERDICTS, StageFinding, StageNode
from protodsl.runtime.values import days_of
from protodsl.runtime.words import day_text, joined, name_text, not_applicable

Input = Record | Mapping[str, Any] | str | PathLike[str]
Day = int | str | date


_DECIDES_NOTHING: frozenset[Cause] = frozenset()


class RequestError(ValueError):
    """A stage, cohort, timepoint, date or assumption that this protocol does not have, or that is no date."""


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """Whether a participant meets an endpoint's definition; `value` None: unknown because of `unknown`."""

    id: str
    label: str
    value: Truth
    reason: str
    unknown: tuple[Cause, ...]
    evidence: tuple[str, ...]


class Checker:
    """Everything a checker does, for one protocol; holds nothing of any participant."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self.rules = Rules(protocol)
        self.stages: dict[str, StageNode] = {}
        for stage in protocol.stages:
            self.stages[stage.id] = StageNode(self.rules, stage, self.stages)
        self._timed: dict[str, StageNode] = {}
        self._endpoints: list[tuple[Endpoint, Node]] = [
            (endpoint, self.rules.node(endpoint.rule)) for endpoint in protocol.endpoints
        ]

    @property
    def timed(self) -> dict[str, StageNode]:
        """The stages again, to be tried on later days; made when first needed."""
        if not self._timed:
            rules = Rules(self.protocol, self.rules)
            for stage in self.protocol.stages:
                self._timed[stage.id] = StageNode(rules, stage, self._timed)
        return self._timed

    def previous(self, node: StageNode) -> str | None:
        """The anchor of the stage it requires, else of the one written before it: older answers do not
        count.
        """
        if node.requires is not None:
            return node.requires.anchor
        ids = list(self.stages)
        place = ids.index(node.id)
        return self.stages[ids[place - 1]].anchor if place else None

    # ------------------------------------------------------------ the answers

    def verdict(
        self,
        record: Input,
        *,
        stage: str | None = None,
        cohort: str | None = None,
        at: Mapping[str, Day] | None = None,
        as_of: Day | None = None,
        assume: Iterable[str] = (),
    ) -> Verdict:
        """Only the verdict, as fast as it can be had; the same as `evaluate(…).verdict`."""
        session = self.session(record, stage, cohort, at, as_of, assume)
        truth = session.node.truth(session.case, cohort, session.earlier)
        session.case.memo.clear()  # what is remembered knows the case: so it goes at once
        return VERDICTS[truth]

    def evaluate(
        self,
        record: Input,
        *,
        stage: str | None = None,
        cohort: str | None = None,
        at: Mapping[str, Day] | None = None,
        as_of: Day | None = None,
        assume: Iterable[str] = (),
        cure: bool = True,
    ) -> Report:
        """The verdict of a stage (by default the last one whose anchor is dated) and every reason for it.

        `at`: dates of timepoints, `as_of`: the last day the record speaks of, `assume`: domains taken to be
        complete, `cure` False: without the dates on which time cures a failure. Raises RecordError for
        a record that is refused, RequestError for what the trial does not have.
        """
        assumed = tuple(assume)
        return self.session(record, stage, cohort, at, as_of, assumed).report(assumed, cure)

    def evaluate_endpoints(
        self, record: Input, *, at: Mapping[str, Day] | None = None, as_of: Day | None = None
    ) -> dict[str, EndpointReport]:
        """Every endpoint with a computable definition, by its id."""
        read = self.read(record)
        facts = Facts(read, self.rules.vocabulary, whole=isinstance(record, Record))
        stated = self.stated(read, as_of)
        found: dict[str, EndpointReport] = {}
        for endpoint, node in self._endpoints:
            case = Case(self.rules, facts, self.rules.timepoints, self.points(read, at), "", stated)
            self.ordered(case)
            case.at_moment(endpoint.moment)
            finding = node.finding(case)
            found[endpoint.id] = EndpointReport(
                endpoint.id,
                endpoint.label,
                finding.truth,
                joined(finding.said(case)),
                finding.causes,
                in_record_order(finding.evidence),
            )
        return found

    # ------------------------------------------------------------ what was asked

    def session(
        self,
        record: Input,
        stage: str | None,
        cohort: str | None,
        at: Mapping[str, Day] | None,
        as_of: Day | None,
        assume: Iterable[str],
    ) -> Session:
        read = self.read(record)
        stated = self.stated(read, as_of)
        points = self.points(read, at)
        facts = Facts(read, self.rules.vocabulary, whole=isinstance(record, Record))
        for domain in assume:
            if domain not in DOMAINS:
                raise RequestError(f"{domain!r} is no domain; one of {', '.join(DOMAINS)}")
            facts.declare(Complete(domain))
        return Session(self, facts, points, stated, stage, cohort)

    def read(self, record: Input) -> Record:
        if isinstance(record, Record):
            return record
        if isinstance(record, Mapping):
            return read_record(record, self.rules.vocabulary.silent)
        with open(record, encoding="utf-8-sig") as file:
            return read_record(loads(file.read()))

    def points(self, record: Record, at: Mapping[str, Day] | None) -> dict[str, int]:
        if not at:
            return record.timepoints
        points = dict(record.timepoints)
        for name, day in at.items():
            if name not in self.rules.timepoints:
                raise RequestError(f"{self.protocol.id} has no timepoint {name!r}")
            points[name] = ordinal(day)
        return points

    @staticmethod
    def stated(record: Record, as_of: Day | None) -> int | None:
        return record.as_of if as_of is None else ordinal(as_of)

    @staticmethod
    def ordered(case: Case) -> None:
        """Refuses a record whose timepoints break the declared order."""
        for name, after in case.rules.ordered:
            day = case.point(name)
            if day is None:
                continue
            for other in after:
                earlier = case.point(other)
                if earlier is not None and day < earlier:
                    told = f"{day_text(day)} lies before {other} ({day_text(earlier)}), which it must follow"
                    raise RecordError.at(f"timepoints/{name}", told)


def ordinal(day: Day) -> int:
    """A day as an ordinal; texts are whole ISO dates."""
    if isinstance(day, int):
        return day
    if isinstance(day, date):
        return day.toordinal()
    found = days_of(day)
    if isinstance(found, str) or found.first != found.last:
        raise RequestError(f"{day!r} is no whole date; write 2024-02-20")
    return found.first


class Session:
    """One record screened for one stage."""

    def __init__(
        self,
        checker: Checker,
        facts: Facts,
        points: dict[str, int],
        stated: int | None,
        stage: str | None,
        cohort: str | None,
    ) -> None:
        self.checker = checker
        self.facts = facts
        self.points = points
        self.stated = stated
        self.cohort = cohort
        self._earlier: dict[tuple[str, int], Case] = {}
        self._order: dict[str, int] | None = None
        self._finding: StageFinding | None = None
        self.node = self.stage_node(stage)
        if cohort is not None and not any(one.id == cohort for one, _ in self.node.cohorts):
            known = ", ".join(one.id for one, _ in self.node.cohorts) or "none"
            raise RequestError(f"stage {self.node.id} has no cohort {cohort!r}; it has {known}")
        self.case = self.case_of(self.node)
        checker.ordered(self.case)

    def stage_node(self, stage: str | None) -> StageNode:
        stages = self.checker.stages
        if stage is not None:
            if stage not in stages:
                raise RequestError(f"there is no stage {stage!r}; there is {', '.join(stages)}")
            return stages[stage]
        listed = list(stages.values())
        if len(listed) > 1:
            for node in reversed(listed):
                if self.case_of(node).anchor is not None:
                    return node
        return listed[0]

    def case_of(self, node: StageNode) -> Case:
        rules = self.checker.rules
        return Case(
            rules,
            self.facts,
            rules.timepoints,
            self.points,
            node.anchor,
            self.stated,
            node.id,
            self.checker.previous(node),
        )

    @property
    def finding(self) -> StageFinding:
        """What was found of the stage; worked out once."""
        if self._finding is None:
            self._finding = StageFinding(self.node, self.case, self.cohort, self.earlier)
        return self._finding

    def earlier(self, case: Case, node: StageNode) -> Case:
        """The case of an earlier stage at its own anchor, beside one of a later stage."""
        days, pivot = case.shift
        key = (node.id, days)
        found = self._earlier.get(key)
        if found is None:
            found = self.case_of(node)
            if days:
                found = found.moved(days, pivot)
            self._earlier[key] = found
        return found

    # ------------------------------------------------------------ the report

    def report(self, assumed: tuple[str, ...], cure: bool) -> Report:
        case, node, cohort = self.case, self.node, self.cohort
        finding = self.finding
        undecided = finding.undecided()
        needed = list(dict.fromkeys(cause.what for one in undecided for cause in one.causes))
        verdict = VERDICTS[finding.truth]
        later = Later(case) if cure and case.anchor is not None else None
        timed = node if later is None else self.checker.timed[node.id]
        rows: list[CriterionReport] = []
        hanging = finding.bodies()
        bodies = (finding.common, *(found for _, found in finding.cohorts))
        twins = (timed.common, *(found for _, found in timed.chosen(cohort)))
        for body, again in zip(bodies, twins, strict=True):
            reached = {id(one) for one in body.reached()} if body in hanging else ()
            for criterion, twin in zip(body.body.criteria, again.criteria, strict=True):
                found = body.findings[id(criterion)]
                self.rows(
                    found.standing, found.found, criterion, twin.root, id(found) in reached, later, rows
                )
        if cohort is not None:
            rows = self.with_others(rows)
        earliest: int | None = None
        stale: list[str] = []
        if later is not None:
            if verdict == "ineligible" and not self.hopeless(later, timed):
                earliest = later.nothing_fails(timed.elements(cohort, self.earlier))
            if earliest is not None:
                stale = self.to_repeat(later.on(earliest))
            later.close()
        report = Report(
            self.checker.protocol.id,
            self.facts.record.id,
            node.id,
            cohort,
            verdict,
            self.assumptions(assumed),
            rows,
            [(one.id, VERDICTS[found.truth]) for one, found in finding.cohorts],
            needed,
            None if earliest is None else day_text(earliest),
            stale,
            None if case.as_of is None else day_text(case.as_of),
            self.notes(),
        )
        case.memo.clear()
        return report

    def rows(
        self,
        standing: Standing,
        found: Sequence[Finding],
        criterion: CriterionNode,
        timed: PartNode,
        reached: bool,
        later: Later | None,
        rows: list[CriterionReport],
    ) -> None:
        """A criterion's row, then those of its parts. `reached`: an unknown verdict hangs on it."""
        node, outcome = standing.node, standing.outcome
        deciding = [found[number] for number in standing.deciding]
        reason, evidence = told(standing.applies, deciding, self.case)
        unknown = causes_of(deciding) if outcome == "unknown" else ()
        if len(evidence) > 1 and not evidence[0].startswith(DOMAINS):
            evidence = self.in_order(evidence)
        cured: int | None = None
        if later is not None and outcome == "fails":
            later.found(found)
            cured = later.passes(timed)
        rows.append(
            CriterionReport(
                node.id,
                node.kind,
                node.label,
                None if outcome == "not applicable" else standing.value,
                outcome,
                reason,
                unknown,
                frozenset(unknown) if unknown and reached and standing.reached else _DECIDES_NOTHING,
                criterion.group,
                criterion.cohort,
                evidence,
                None if cured is None else day_text(cured),
                node.source,
            )
        )
        if standing.parts:
            for part, again in zip(standing.parts, timed.parts, strict=True):
                self.rows(part, found, criterion, again, reached, later, rows)

    def hopeless(self, later: Later, timed: StageNode) -> bool:
        """Whether a criterion common to all cohorts fails that no later day mends."""
        found, single = self.finding.common, self.node.common.single
        return any(
            found.findings[id(one)].favour is False and later.never(twin.root)
            for one, twin in zip(single, timed.common.single, strict=True)
        )

    def in_order(self, places: tuple[str, ...]) -> tuple[str, ...]:
        """Places that do not tell their order themselves, in that of the record."""
        order = self._order
        if order is None:
            record = self.facts.record
            order = self._order = {}
            for domain in DOMAINS:
                for fact in getattr(record, domain):
                    order.setdefault(fact.where, len(order))
        return tuple(sorted(places, key=lambda place: (order.get(place, len(order)), place)))

    def with_others(self, rows: list[CriterionReport]) -> list[CriterionReport]:
        """The rows of the cohorts that were not chosen are not applicable."""
        found = [row for row in rows if row.cohort is None]
        reason = not_applicable([f"cohort {name_text(self.cohort or '')} was chosen"])
        for cohort, body in self.node.cohorts:
            if cohort.id == self.cohort:
                found += [row for row in rows if row.cohort is not None]
                continue
            for criterion in body.criteria:
                for part in criterion.root.every():
                    found.append(
                        CriterionReport(
                            part.id,
                            part.kind,
                            part.label,
                            None,
                            "not applicable",
                            reason,
                            group=criterion.group,
                            cohort=criterion.cohort,
                            source=part.source,
                        )
                    )
        return found

    def to_repeat(self, case: Case) -> list[str]:
        """Results that are too old on that day, and that the verdict then hangs on."""
        undecided = StageFinding(self.node, case, self.cohort, self.earlier).undecided()
        causes = [cause for one in undecided for cause in one.causes]
        return list(dict.fromkeys(cause.what for cause in causes if cause.kind == "stale"))

    def assumptions(self, assumed: tuple[str, ...]) -> list[str]:
        domains = [
            one.domain for one in self.facts.record.complete if one.since is None and one.until is None
        ]
        found = [f"{domain} complete" for domain in dict.fromkeys((*domains, *assumed))]
        if self.stated is None and self.case.as_of is not None:
            found.append(f"as of {day_text(self.case.as_of)}, the stage's anchor")
        return found

    def notes(self) -> list[str]:
        """Names the vocabulary does not have."""
        record, known = self.facts.record, self.checker.rules.vocabulary.known
        found: list[str] = []
        for one in record.results:
            if not known(one.code):
                found.append(f'code "{one.code.code}" is not in the vocabulary: it matches nothing')
        codes = [fact.code for fact in record.conditions]
        codes += [fact.code for fact in record.medications]
        codes += [fact.code for fact in record.procedures]
        for code in codes:
            if not known(code):
                found.append(f'code "{code.code}" is not in the vocabulary: it may be anything')
        return list(dict.fromkeys(found))
