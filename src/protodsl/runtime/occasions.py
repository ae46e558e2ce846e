"""Tests on results with a number of occasions: twice, two of the last three, three in a row."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from protodsl.runtime.case import Case
from protodsl.runtime.choosing import Pool, possible_chain, sure_chain, surely_later
from protodsl.runtime.findings import Finding, Node
from protodsl.runtime.formulas import lead_of
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.limits import Tests
from protodsl.runtime.model.expressions import Occasions
from protodsl.runtime.model.windows import Duration
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.result_numbers import doubts
from protodsl.runtime.results import Judged, ResultNode
from protodsl.runtime.words import occasions_reason, row_reason


class OccasionsNode(ResultNode):
    """A test that several results of an item must pass."""

    __slots__ = ("occasions",)

    def __init__(
        self,
        occasions: Occasions,
        tests: Tests,
        select: str,
        frame: Frame | None,
        clean: Sequence[Node],
        measure: bool,
        inside: tuple[str, Duration] | None = None,
        side: str | None = None,
    ) -> None:
        super().__init__(tests, select, frame, clean, measure, inside, side)
        self.occasions = occasions
        self.recent = self.recent and occasions.last is not None
        self.quick = False

    def decided(self, case: Case, pool: Pool, span: Span) -> Judged:
        if self.occasions.last is not None:
            return self.last(case, pool, self.occasions.last)
        return self.row(case, pool, span) if self.occasions.consecutive else self.times(case, pool, span)

    def times(self, case: Case, pool: Pool, span: Span) -> Judged:
        """At least so many results that pass, each `spaced` after the one before."""
        occasions = self.occasions
        listed = case.complete("results", span.start_lo, span.end_hi)
        entries = pool.entries
        readings = [self.tests.reading(case, entry.sample) for entry in entries]
        pairs = list(zip(entries, readings, strict=True))
        passing = [entry for entry, reading in pairs if reading.truth is True]
        sure = [entry for entry in passing if entry.counts]
        possible = [entry for entry, reading in pairs if reading.truth is not False]
        if sure_chain(sure, occasions.spaced) >= occasions.least:
            return Judged(True, (), sure, "times", len(sure), pool)
        if listed and possible_chain(possible, occasions.spaced) < occasions.least:
            return Judged(False, (), entries, "times", len(passing), pool)
        causes = self.open(entries, readings, True)
        if not listed:
            causes += (Cause("missing", lead_of(case, self.item)),)
        causes = causes or (Cause("imprecise", self.item),)
        return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)

    def row(self, case: Case, pool: Pool, span: Span) -> Judged:
        """So many results in a row that pass: what was not recorded, or has no place, may lie between."""
        least = self.occasions.least
        listed = case.complete("results", span.start_lo, span.end_hi)
        vague = [entry for entry in pool.entries if not entry.counts or entry.first != entry.last]
        line = [(entry, self.tests.reading(case, entry.sample)) for entry in pool.entries]
        causes = tuple(cause for _, reading in line for cause in reading.causes)
        causes += doubts(self.item, vague)
        if any(entry.counts for entry in vague):
            causes += (Cause("imprecise", self.item),)
        if not listed:
            causes += (Cause("missing", lead_of(case, self.item)),)
        clash = False  # two of one day, in no order, and not alike
        for index, (entry, reading) in enumerate(line):
            for other, another in line[:index]:
                placed = surely_later(entry, other) or surely_later(other, entry)
                if not placed and reading.truth is not another.truth:
                    clash = True
                    if reading.truth is not None and another.truth is not None:
                        causes += (Cause("conflicting", self.item),)
        line.sort(key=lambda pair: (pair[0].first, pair[0].time or ""))
        sure = self.longest([reading.truth for _, reading in line], (True,))
        possible = self.longest([reading.truth for _, reading in line], (True, None))
        if listed and not vague and not clash:
            if sure >= least:
                return Judged(True, (), pool.entries, "row", sure, pool)
            if possible < least:
                return Judged(False, (), pool.entries, "row", sure, pool)
        return Judged(None, self.settled(case, causes), pool.entries, "none", len(line), pool)

    @staticmethod
    def longest(truths: Sequence[Truth], wanted: tuple[Truth, ...]) -> int:
        ends = [-1, *(place for place, truth in enumerate(truths) if truth not in wanted), len(truths)]
        return max(end - start - 1 for start, end in pairwise(ends))

    def last(self, case: Case, pool: Pool, asked: int) -> Judged:
        """At least so many among the last n results, which need whole dates."""
        entries, occasions = pool.entries, self.occasions
        if not entries:
            return self.nothing(case, pool, recency=True)
        counting = [entry for entry in entries if entry.counts]
        chosen = [
            entry
            for entry in entries
            if sum(surely_later(other, entry) for other in counting if other is not entry) < asked
        ]
        readings = [self.tests.reading(case, entry.sample) for entry in chosen]
        vague = [entry for entry in chosen if entry.first != entry.last or not entry.counts]
        if vague:
            causes = tuple(cause for reading in readings for cause in reading.causes)
            partial = tuple(
                Cause("imprecise", self.item) for entry in vague if entry.first != entry.last and entry.counts
            )
            causes += doubts(self.item, vague) + partial
            return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)
        pairs = list(zip(chosen, readings, strict=True))
        # of results that tie for the last place, any may be the one
        surely = [
            pair
            for pair in pairs
            if sum(not surely_later(pair[0], other) for other in chosen if other is not pair[0]) < asked
        ]
        tie = [pair for pair in pairs if not any(pair is one for one in surely)]
        slots = asked - len(surely)
        missing = max(0, asked - len(chosen))
        passing = [entry for entry, reading in surely if reading.truth is True]
        open_ = [entry for entry, reading in surely if reading.truth is not False]
        tie_passing = [entry for entry, reading in tie if reading.truth is True]
        tie_open = [entry for entry, reading in tie if reading.truth is not False]
        forced = tie_passing[: max(0, slots - (len(tie) - len(tie_passing)))]
        least = sure_chain([*passing, *forced], occasions.spaced)
        most = possible_chain([*open_, *tie_open[:slots]], occasions.spaced) + missing
        if occasions.spaced is not None and tie:
            most = len(open_) + min(slots, len(tie_open)) + missing
        found = sum(reading.truth is True for _, reading in pairs)
        if least >= occasions.least:
            return Judged(True, (), chosen, "times", found, pool)
        if most < occasions.least:
            return Judged(False, (), chosen, "times", found, pool)
        causes = tuple(cause for reading in readings for cause in reading.causes)
        if missing:
            causes += (Cause("missing", lead_of(case, self.item)),)
        if tie_passing and len(tie_open) < len(tie):
            causes += (Cause("conflicting", self.item),)
        causes = causes or (Cause("imprecise", self.item),)
        return Judged(None, self.settled(case, causes), entries, "none", len(entries), pool)

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        judged: Judged = finding.state
        label, occasions = self.tests.item.label, self.occasions
        if judged.kind == "row":
            return (row_reason(label, judged.number, occasions.least),)
        if judged.kind == "times":
            return (occasions_reason(label, judged.number, occasions.least, occasions.last),)
        return super().said(finding, case)
