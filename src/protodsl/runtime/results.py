"""Tests on results: which results of an item decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.choosing import (
    Entry,
    Pool,
    earliest_of,
    latest_of,
    may_be_earliest,
    may_be_latest,
    none_cause,
    of_side,
    places,
    pooled,
    stale_entry,
    tie_disagrees,
)
from protodsl.runtime.facts import Sample
from protodsl.runtime.findings import Causes, Finding, Node, cause_text, each_once, first_cause
from protodsl.runtime.formulas import input_pool, lead_of, samples_of
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.limits import Reading, Tests, all_true
from protodsl.runtime.model.limits import LimitTest
from protodsl.runtime.model.windows import EVER, Duration
from protodsl.runtime.record import FIRST_DAY
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.result_numbers import doubts, result_breaks, span_of
from protodsl.runtime.words import amount, results_reason

_EVER = Frame(EVER, None)


class Judged(NamedTuple):
    """What a leaf on results decided, and by which results."""

    truth: Truth
    causes: Causes
    evidence: list[Entry]
    kind: str  # how it is said: "one", "all", "times", "none"
    number: int = 0
    pool: Pool | None = None


class ResultNode(Node):
    """A test on chosen results of one item."""

    __slots__ = (
        "clean",
        "computed",
        "frame",
        "inside",
        "item",
        "quick",
        "recent",
        "select",
        "side",
        "tests",
        "unrecorded",
    )

    def __init__(
        self,
        tests: Tests,
        select: str,
        frame: Frame | None,
        clean: Sequence[Node],
        measure: bool,
        inside: tuple[str, Duration] | None = None,
        side: str | None = None,
    ) -> None:
        """`inside`: the lead and the validity of the formula it stands in."""
        self.tests = tests
        self.item = tests.item.name
        self.select = select
        self.frame = frame
        self.clean = clean
        self.inside = inside
        self.side = side
        self.computed = measure
        self.recent = select == "latest"  # only those count that came before they were asked for
        self.quick = self.recent and not clean and not measure and inside is None and side is None
        missing = Judged(None, (Cause("missing", self.item),), [], "none", 0, Pool([], []))
        self.unrecorded = Finding(self, None, missing.causes, missing, shared=True)

    def cost(self) -> int:
        return 4 if self.quick else 80 if self.computed else 15

    def truth(self, case: Case) -> Truth:
        if self.quick:
            sample = self.newest(case)
            if sample is not None:
                found = self.tests.plain(sample[0].result)
                return found if found is True or found is False else self.tests.careful(case, sample[0]).truth
        return self.judged(case).truth

    def finding(self, case: Case) -> Finding:
        if self.quick:
            sample = self.newest(case)
            if sample is not None:
                truth = self.tests.plain(sample[0].result)
                shown = Entry(*sample, True, ())
                if truth is True or truth is False:
                    return Finding(self, truth, (), Judged(truth, (), [shown], "one", 1))
                known, causes = self.tests.careful(case, sample[0])
                kind = "one" if known is not None else "none"
                return Finding(
                    self, known, causes, Judged(known, causes, [shown], kind, 1, Pool([shown], []))
                )
            elif not case.facts.samples(self.item) and self.recorded_nothing(case):
                return self.unrecorded
        judged = self.judged(case)
        return Finding(self, judged.truth, judged.causes, judged)

    def newest(self, case: Case) -> tuple[Sample, int, int] | None:
        """The one result that surely is the latest in the window, with its days; None: not so simple."""
        as_of, until = case.as_of, case.until
        if as_of is None or until is None:
            return None
        start_lo = start_hi = FIRST_DAY
        end_lo = end_hi = until
        if self.frame is not None:
            span = case.spans.get(self.frame) or case.span(self.frame)
            if span.__class__ is not Span:
                return None
            start_lo, start_hi, end_lo, end_hi = span
            end_lo, end_hi = min(end_lo, until), min(end_hi, until)
        elif case.anchor is None:
            return None
        best: Sample | None = None
        best_first = best_last = 0
        for sample in case.facts.samples(self.item):
            date = sample.date
            if date is None:
                return None
            first, last = date
            if last > as_of:
                if first > as_of:
                    continue  # a plan
                return None
            if last < start_lo or first > end_hi:
                continue
            if not sample.sure or first < start_hi or last > end_lo:
                return None
            if best is None or first > best_last:
                best, best_first, best_last = sample, first, last
            elif last >= best_first:
                return None
        return None if best is None else (best, best_first, best_last)

    def recorded_nothing(self, case: Case) -> bool:
        """Whether only the lack of results makes the answer unknown."""
        if case.as_of is None or case.until is None or case.anchor is None:
            return False
        return self.frame is None or case.span(self.frame).__class__ is Span

    # ------------------------------------------------------------ deciding

    def judged(self, case: Case) -> Judged:
        if self.inside is not None and case.sample is not None:
            return self.latest(case, input_pool(case, self.item, self.inside, self.clean))
        span = span_of(case, self.frame)
        if isinstance(span, Cause):
            return Judged(None, (span,), [], "none")
        until = None
        if self.recent:
            if case.until is None:
                return Judged(None, (case.undated(),), [], "none")
            until = (case.until, case.until)
        samples = of_side(samples_of(case, self.item), self.side)
        pool = pooled(case, samples, span, until, self.clean)
        return self.decided(case, pool, span)

    def decided(self, case: Case, pool: Pool, span: Span) -> Judged:
        if self.select == "latest":
            return self.latest(case, pool)
        if self.select == "earliest":
            return self.earliest(case, pool, span)
        return self.several(case, pool, span)

    def settled(self, case: Case, causes: Causes) -> Causes:
        """One cause, the first that applies; a formula has those of all its inputs."""
        return each_once(causes) if self.item in case.rules.measures else first_cause(causes)

    def nothing(self, case: Case, pool: Pool, *, recency: bool) -> Judged:
        cause = none_cause(pool, lead_of(case, self.item), recency=recency)
        # a part tells which result is too old; a formula rests on none that does not count
        stale = stale_entry(pool) if cause.kind == "stale" and case.sample is None else None
        return Judged(None, (cause,), [stale] if stale else [], "none", 0, pool)

    def latest(self, case: Case, pool: Pool) -> Judged:
        if not pool.entries:
            return self.nothing(case, pool, recency=True)
        return self.agreed(case, pool, may_be_latest(pool.entries), ())

    def earliest(self, case: Case, pool: Pool, span: Span) -> Judged:
        if not pool.entries:
            return self.nothing(case, pool, recency=False)
        chosen = may_be_earliest(pool.entries)
        last = min(entry.last for entry in chosen)
        listed = case.complete("results", span.start_lo, last)
        causes: Causes = () if listed else (Cause("missing", lead_of(case, self.item)),)
        return self.agreed(case, pool, chosen, causes)

    def agreed(self, case: Case, pool: Pool, chosen: list[Entry], causes: Causes) -> Judged:
        """All that may be chosen must agree, and one must surely count."""
        readings = [self.tests.reading(case, entry.sample) for entry in chosen]
        truths = [reading.truth for reading in readings]
        same = truths[0] is not None and all(truth == truths[0] for truth in truths)
        if same and not causes and any(entry.counts for entry in chosen):
            return Judged(truths[0], (), chosen, "one", len(chosen), pool)
        told: Causes = ()
        for reading in readings:
            told += reading.causes
        if not any(entry.counts for entry in chosen):
            told += doubts(self.item, chosen)
        elif True in truths and False in truths:
            disagreeing = [pair for pair in zip(chosen, truths, strict=True) if pair[1] is not None]
            if tie_disagrees(disagreeing):
                told += (Cause("conflicting", self.item),)
            else:
                told += doubts(self.item, chosen) or (Cause("imprecise", self.item),)
        return Judged(None, self.settled(case, (*told, *causes)), chosen, "none", len(chosen), pool)

    def several(self, case: Case, pool: Pool, span: Span) -> Judged:
        """`any`, `every`, `highest`, `lowest`: unrecorded results may exist unless results are complete."""
        listed = case.complete("results", span.start_lo, span.end_hi)
        if self.select in ("any", "every"):
            return self.quantified(case, pool, listed, self.select == "every", self.reading_of(None))
        if self.tests.coded is not None:
            return self.extreme_word(case, pool, listed)
        judged: list[Judged] = []
        for bound in self.tests.bounds:
            ops = ("<=", ">=") if bound.op == "=" else (bound.op,)
            for op in ops:
                every = (op in ("<", "<=")) == (self.select == "highest")
                one = LimitTest(op, bound.limit)
                judged.append(self.quantified(case, pool, listed, every, self.reading_of(one), nonempty=True))
        truth = all_true([one.truth for one in judged])
        if truth is None:
            causes = tuple(cause for one in judged if one.truth is None for cause in one.causes)
            return Judged(None, self.settled(case, causes), pool.entries, "none", len(pool.entries), pool)
        deciding = [one for one in judged if one.truth == truth]
        return deciding[0] if truth is False or len(judged) == 1 else self._together(deciding, pool)

    @staticmethod
    def _together(deciding: list[Judged], pool: Pool) -> Judged:
        """Several bounds that all hold: said as one where one of them needs all results."""
        if any(one.kind == "all" for one in deciding):
            return Judged(True, (), pool.entries, "all", len(pool.entries), pool)
        return deciding[0]

    def reading_of(self, bound: LimitTest | None) -> Callable[[Case, Sample], Reading]:
        if bound is None:
            return self.tests.reading
        tests = self.tests
        return Tests(tests.measured, (bound,), None, tests.uln, tests.lln, tests.label).reading

    def quantified(
        self,
        case: Case,
        pool: Pool,
        listed: bool,
        every: bool,
        read: Callable[[Case, Sample], Reading],
        *,
        nonempty: bool = False,
    ) -> Judged:
        """Whether any (every) result in the window passes."""
        entries = pool.entries
        readings = [read(case, entry.sample) for entry in entries]
        wanted = not every  # the truth that one result alone decides
        deciding = [
            entry
            for entry, reading in zip(entries, readings, strict=True)
            if entry.counts and reading.truth is wanted
        ]
        if deciding:
            return Judged(wanted, (), deciding, "one", len(deciding), pool)
        against = all(reading.truth is (not wanted) for reading in readings)
        if listed and against and (any(entry.counts for entry in entries) or not (every or nonempty)):
            return Judged(not wanted, (), entries, "all", len(entries), pool)
        causes = self.open(entries, readings, wanted)
        if not listed or not entries:
            causes += (Cause("missing", lead_of(case, self.item)),)
        return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)

    def open(self, entries: Sequence[Entry], readings: Sequence[Reading], wanted: bool) -> Causes:
        """Why results may yet have the truth of which one is enough: their tests and, of those that have or
        may have it (where none counts: of all), why they only may count.
        """
        causes: Causes = ()
        some = any(entry.counts for entry in entries)
        for entry, reading in zip(entries, readings, strict=True):
            causes += reading.causes
            if reading.truth is None or reading.truth is wanted or not some:
                causes += doubts(self.item, [entry])
        return causes

    def extreme_word(self, case: Case, pool: Pool, listed: bool) -> Judged:
        """The highest (lowest) of graded words, in the order the item declares."""
        values, coded = self.tests.values, self.tests.coded
        assert coded is not None
        lead = lead_of(case, self.item)
        entries = pool.entries
        if not entries:
            return Judged(None, (Cause("missing", lead),), [], "none", 0, pool)
        highest = self.select == "highest"
        causes: Causes = () if listed else (Cause("missing", lead),)
        ranks: list[int] = []
        every: list[int] = []
        for entry in entries:
            text = entry.sample.result.text
            if text not in values:
                causes += (Cause("incomparable", self.item),)
                every += range(len(values))
                continue
            every.append(values.index(text))
            if entry.counts:
                ranks.append(values.index(text))
            else:
                causes += doubts(self.item, [entry])
        if not ranks:
            return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)
        known = max(ranks) if highest else min(ranks)
        reach = (max(every) if highest else min(every)) if listed else (len(values) - 1 if highest else 0)
        possible = range(min(known, reach), max(known, reach) + 1)
        truths = {(values[rank] in self.tests.codes) != coded.negated for rank in possible}
        if len(truths) == 1:
            deciding = [e for e in entries if e.counts and e.sample.result.text == values[known]]
            return Judged(truths.pop(), (), deciding, "one", len(deciding), pool)
        return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)

    # ------------------------------------------------------------ saying

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        judged: Judged = finding.state
        item = self.tests.item
        if judged.truth is None:
            return self.said_unknown(finding, case)
        if judged.kind == "all":
            window = (self.frame or _EVER).text(case)
            return (results_reason(item.label, self.select, judged.number, window, True),)
        if len(judged.evidence) == 1:
            shown = judged.evidence[0]
        elif self.select == "latest":
            shown = latest_of(judged.evidence)
        elif self.select == "earliest":
            shown = earliest_of(judged.evidence)
        else:
            shown = min(judged.evidence, key=lambda entry: entry.sample.index)
        return (self.tests.sentence(case, shown.sample),)

    def said_unknown(self, finding: Finding, case: Case) -> tuple[str, ...]:
        judged: Judged = finding.state
        value = None
        if len(judged.evidence) == 1 and judged.kind == "none":
            shown = judged.evidence[0].sample
            if shown.result.raw:
                value = amount(shown.result.raw, shown.result.unit)
        own = (self.item, lead_of(case, self.item))
        return tuple(
            cause_text(
                case,
                cause,
                recorded=judged.pool is not None and bool(judged.pool.entries) and cause.what in own,
                value=value if cause.what == self.item else None,
            )
            for cause in judged.causes
        )

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return places(finding.state.evidence)

    def breaks(self, case: Case, days: set[int]) -> None:
        result_breaks(case, self.item, self.frame, self.clean, days)
