"""Measures: values that a formula makes of the results of its lead and other inputs."""

from __future__ import annotations

from collections.abc import Sequence

from protodsl.runtime.case import Case
from protodsl.runtime.choosing import Entry, Pool, pooled
from protodsl.runtime.facts import Sample
from protodsl.runtime.findings import Causes, Node, each_once
from protodsl.runtime.frames import Span
from protodsl.runtime.intervals import Range, rounded
from protodsl.runtime.model.windows import Duration
from protodsl.runtime.quantity import NumberNode, Quantity, named, unknown_value
from protodsl.runtime.record import Coded, Interval, Result
from protodsl.runtime.report import Cause
from protodsl.runtime.words import range_text


class Computed(Sample):
    """A formula's value for one result of its lead, with that one's date and place; worked out when it is
    first looked at, for most results are too old to be.
    """

    __slots__ = ("_value", "case", "lead", "measure")

    computed = True

    def __init__(self, measure: MeasureNode, lead: Sample, case: Case) -> None:
        self.measure = measure
        self.lead = lead
        self.case = case
        self.sure = lead.sure
        self.index = lead.index
        self.date = lead.date
        self.time = lead.time
        self._value: tuple[Result, Causes, tuple[str, ...]] | None = None

    @property
    def value(self) -> tuple[Result, Causes, tuple[str, ...]]:
        found = self._value
        if found is None:
            found = self._value = self.measure.computed(self.case, self.lead)
        return found

    @property
    def result(self) -> Result:  # type: ignore[override]
        return self.value[0]

    @property
    def causes(self) -> Causes:  # type: ignore[override]
        return self.value[1]

    @property
    def inputs(self) -> tuple[str, ...]:  # type: ignore[override]
        return self.value[2]


def samples_of(case: Case, item: str) -> Sequence[Sample]:
    """The results of an item: recorded ones, of a measure the computed ones and, where they count, the
    reported.
    """
    measure = case.rules.measures.get(item)
    if measure is None:
        return case.facts.samples(item)
    root = case.root or case
    key = ("computed", item)
    found: list[Sample] | None = root.memo.get(key)
    if found is None:
        root.memo[key] = []  # a formula that asks for itself finds nothing
        found = root.memo[key] = measure.samples(root)
    return found


class MeasureNode:
    """A formula: its value for each result of its lead."""

    __slots__ = ("decimals", "formula", "item", "lead", "reported", "unit", "valid", "validity")

    def __init__(
        self,
        item: str,
        unit: str | None,
        lead: str,
        validity: Duration,
        formula: NumberNode,
        valid: Sequence[Node],
        decimals: int,
        reported: bool,
    ) -> None:
        self.item = item
        self.unit = unit
        self.lead = lead
        self.validity = validity
        self.formula = formula
        self.valid = valid
        self.decimals = decimals
        self.reported = reported

    def samples(self, case: Case) -> list[Sample]:
        found: list[Sample] = [Computed(self, sample, case) for sample in samples_of(case, self.lead)]
        if self.reported:
            found += case.facts.samples(self.item)
            found.sort(key=lambda sample: sample.index)
        return found

    def computed(self, case: Case, lead: Sample) -> tuple[Result, Causes, tuple[str, ...]]:
        """The value as a result, why it is none or not a single number, and the places of its inputs."""
        date = lead.date
        if case.as_of is None:
            value: Quantity = unknown_value(case.undated())
        else:
            key = ("computed", self.item)
            samples = case.memo[key]
            case.memo[key] = []  # a formula that asks for itself finds nothing
            value = self.at(case.at_sample(case.dated(date), (self.lead, lead)))
            case.memo[key] = samples
        made = value.range
        number = None if made is None else Interval(made.low, made.high)
        raw = "" if made is None else range_text(made.low, made.high)
        where = lead.result.where
        result = Result(
            Coded(None, self.item), number, None, self.unit, date, lead.time, raw=raw, where=where
        )
        inputs = tuple(place for place in (*lead.inputs, *value.evidence) if place != where)
        return result, value.causes, tuple(dict.fromkeys(inputs))

    def at(self, case: Case) -> Quantity:
        causes: Causes = ()
        evidence: tuple[str, ...] = ()
        valid = [node.finding(case) for node in self.valid]
        for finding in valid:
            causes += finding.causes
            evidence += finding.evidence
        if any(finding.truth is False for finding in valid):
            return unknown_value(Cause("not computable", self.item), evidence=evidence)
        known = not causes
        value = named(self.formula.value(case), self.item)
        causes = each_once((*causes, *value.causes))
        evidence = (*value.evidence, *evidence)
        if value.range is None or not known:
            return Quantity(None, causes, evidence)
        low, high = value.range
        end = rounded(low, self.decimals)
        made = Range(end, end if low is high else rounded(high, self.decimals))
        return Quantity(made, causes, evidence)


def input_pool(case: Case, item: str, inside: tuple[str, Duration], clean: Sequence[Node]) -> Pool:
    """The results of an input of a formula: the lead itself, else those within the validity of its date."""
    sample = case.sample
    assert sample is not None
    lead, validity = inside
    if case.lead is not None and item == lead:
        return Pool([Entry(case.lead[1], sample.first, sample.last, True, ())], [])
    start_lo = case.moved_by(sample.first, -1, validity, None)
    start_hi = case.moved_by(sample.last, -1, validity, None)
    span = Span(start_lo.first, start_hi.last, sample.first, sample.last)
    return pooled(case, samples_of(case, item), span, None, clean)


def lead_of(case: Case, item: str) -> str:
    """What would have to be recorded for an item: of a measure its lead."""
    measure = case.rules.measures.get(item)
    return item if measure is None else lead_of(case, measure.lead)
