"""A trial made ready for screening, what a run asks of it, and a participant's answer with its findings."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from protodsl import ir
from protodsl.backends import python
from protodsl.reports.missing import questions_of
from protodsl.runtime.case import Case
from protodsl.runtime.checker import Checker, Session
from protodsl.runtime.codes import Match
from protodsl.runtime.findings import Finding
from protodsl.runtime.logic import ListNode
from protodsl.runtime.model.vocabulary import Item, domain_of
from protodsl.runtime.parts import PartFinding
from protodsl.runtime.record import Coded, Record
from protodsl.runtime.report import Report, Verdict
from protodsl.runtime.stages import StageFinding

MAX_CODES = 16_384  # that are remembered


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is given besides protocol and record; dates are ISO dates."""

    stage: str | None = None
    cohort: str | None = None
    at: Mapping[str, str] = field(default_factory=dict)
    as_of: str | None = None
    assume: tuple[str, ...] = ()


class Trial:
    """A protocol's model with its checker, made once for many participants."""

    def __init__(self, model: ir.Protocol) -> None:
        self.model = model
        self.module: types.ModuleType = python.load(model)
        self.checker: Checker = self.module.CHECKER
        self._results: dict[Coded, tuple[Item, ...]] = {}

    def __reduce__(self) -> tuple[type[Trial], tuple[ir.Protocol]]:
        return Trial, (self.model,)  # for another process, which loads the checker for itself

    @cached_property
    def names(self) -> frozenset[str]:
        """What registries call the trial, in small letters: data may name it as the one already joined."""
        found = {self.model.id.lower()}
        for section in self.model.sections:
            if section.name == "identifiers":
                stated = [
                    one.text for key, one in section.fields if "number" in key and isinstance(one, ir.Stated)
                ]
                found |= {
                    word.strip().lower() for text in stated for word in text.replace(";", ",").split(",")
                }
        return frozenset(found)

    def results_items(self, code: Coded) -> tuple[Item, ...]:
        """The items, no classes, of which a result with this code surely is one."""
        found = self._results.get(code)
        if found is None:
            vocabulary = self.checker.rules.vocabulary
            found = tuple(
                item
                for item in self.checker.protocol.items
                if domain_of(item) == "results"
                and not item.is_class
                and vocabulary.match(code, item.name) is Match.SURE
            )
            if len(self._results) >= MAX_CODES:
                self._results.clear()
            self._results[code] = found
        return found

    @cached_property
    def questions(self) -> dict[str, ir.Answer]:
        """Every question the protocol asks a person, by the key under which a record answers it."""
        return questions_of(self.model)

    def evaluate(self, record: Record, asked: Asked) -> Report:
        return self.checker.evaluate(
            record,
            stage=asked.stage,
            cohort=asked.cohort,
            at=asked.at,
            as_of=asked.as_of,
            assume=asked.assume,
        )

    def verdict(self, record: Record, asked: Asked) -> Verdict:
        return self.checker.verdict(
            record,
            stage=asked.stage,
            cohort=asked.cohort,
            at=asked.at,
            as_of=asked.as_of,
            assume=asked.assume,
        )

    def session(self, record: Record, asked: Asked) -> Session:
        return self.checker.session(record, asked.stage, asked.cohort, asked.at, asked.as_of, asked.assume)


class Screened:
    """One participant's report, and the findings behind it.

    Raises RecordError for a record that is refused, RequestError for what the trial does not have.
    """

    def __init__(self, trial: Trial, record: Record, asked: Asked) -> None:
        self.trial = trial
        self.record = record
        self.asked = asked
        self.session: Session = trial.session(record, asked)
        self.report: Report = self.session.report(asked.assume, cure=True)

    @property
    def case(self) -> Case:
        return self.session.case

    @property
    def finding(self) -> StageFinding:
        return self.session.finding

    def parts(self) -> Iterator[PartFinding]:
        """Every criterion of the stage and every part, in file order."""
        finding = self.finding
        for body in (finding.common, *(found for _, found in finding.cohorts)):
            for criterion in body.body.criteria:
                yield from _with_parts(body.findings[id(criterion)])

    def verdict_of(self, record: Record) -> Verdict:
        """The verdict on another record, asked the same."""
        return self.trial.verdict(record, self.asked)


def _with_parts(part: PartFinding) -> Iterator[PartFinding]:
    yield part
    for one in part.parts:
        yield from _with_parts(one)


def deciding_leaves(finding: Finding) -> Iterator[Finding]:
    """The comparisons and questions whose sentences are the reason of a finding."""
    if isinstance(finding.node, ListNode):
        for member in finding.state[0]:
            yield from deciding_leaves(member)
    else:
        yield finding
