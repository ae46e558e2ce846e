"""A result as a number, and the mean of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

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
    surely_later,
    tie_disagrees,
)
from protodsl.runtime.crossing import crossings
from protodsl.runtime.facts import Sample
from protodsl.runtime.findings import Causes, Node, each_once, first_cause
from protodsl.runtime.formulas import input_pool, lead_of, samples_of
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.intervals import Range, hull, is_point, same
from protodsl.runtime.measured import Measured
from protodsl.runtime.model.windows import Duration
from protodsl.runtime.quantity import NumberNode, Quantity, unknown_value
from protodsl.runtime.record import FIRST_DAY, Days, Exact
from protodsl.runtime.report import Cause
from protodsl.runtime.units import conversion
from protodsl.runtime.words import mean_text, sided


class ChosenNumber(NumberNode):
    """Results of an item in arithmetic."""

    __slots__ = ("clean", "factor", "frame", "item", "measure", "measured", "select", "side")

    def __init__(
        self,
        measured: Measured,
        select: str,
        frame: Frame | None,
        clean: Sequence[Node],
        unit: str | None,
        measure: tuple[str, Duration] | None,
        side: str | None = None,
    ) -> None:
        """`measure`: the lead and the validity of the formula it stands in."""
        self.measured = measured
        self.item = measured.item.name
        self.select = select
        self.frame = frame
        self.clean = clean
        self.measure = measure
        self.side = side
        own = measured.item.unit
        same = unit is None or own is None or unit == own
        scale = 1 if same else conversion(own or "", unit or "", measured.item.molar_mass)
        assert scale is not None, f"{self.item} cannot be in {unit}"
        self.factor: Exact = scale

    def text(self, case: Case) -> str:
        return sided(self.measured.item.label, self.side)

    def names(self) -> Iterable[str]:
        return (self.item,)

    def entries(self, case: Case) -> tuple[Pool, Span] | Cause:
        if self.measure is not None and case.sample is not None:
            sample = case.sample
            span = Span(sample.first, sample.last, sample.first, sample.last)
            return input_pool(case, self.item, self.measure, self.clean), span
        found = span_of(case, self.frame)
        if isinstance(found, Cause):
            return found
        until = None
        if self.select == "latest":
            if case.until is None:
                return case.undated()
            until = (case.until, case.until)
        samples = of_side(samples_of(case, self.item), self.side)
        return pooled(case, samples, found, until, self.clean), found

    def value(self, case: Case) -> Quantity:
        found = self.entries(case)
        if isinstance(found, Cause):
            return unknown_value(found)
        pool, span = found
        if self.select in ("highest", "lowest"):
            return self.extreme(case, pool, span)
        if self.select in ("any", "every"):
            return unknown_value(Cause("not computable", self.item))
        latest = self.select == "latest"
        if not pool.entries:
            return unknown_value(none_cause(pool, lead_of(case, self.item), recency=latest))
        chosen = may_be_latest(pool.entries) if latest else may_be_earliest(pool.entries)
        evidence = places(chosen)
        if len(chosen) == 1 and latest and chosen[0].counts and not chosen[0].sample.causes:
            entry = chosen[0]
            interval = self.measured.interval(entry.sample.result)
            if interval is not None and interval.low is not None and same(interval.low, interval.high):
                number = self.scaled(interval.low)
                return Quantity(Range(number, number), (), evidence, Days(entry.first, entry.last))
        ranges: list[Range] = []
        useless: Causes = ()
        for entry in chosen:
            interval = self.measured.interval(entry.sample.result)
            if interval is None:
                useless += unusable(entry.sample, self.item)
                continue
            useless += entry.sample.causes
            ranges.append(Range(interval.low, interval.high))
            if interval.low != interval.high and not entry.sample.causes:
                useless += (Cause("imprecise", self.item),)
        listed = latest or case.complete("results", span.start_lo, min(entry.last for entry in chosen))
        if len(ranges) < len(chosen) or not any(entry.counts for entry in chosen) or not listed:
            if not any(entry.counts for entry in chosen):
                useless += doubts(self.item, chosen)
            if not listed:
                useless += (Cause("missing", lead_of(case, self.item)),)
            return Quantity(None, self.settled(case, useless), evidence)
        if any(one != ranges[0] for one in ranges):
            if tie_disagrees(zip(chosen, ranges, strict=True)):
                useless += (Cause("conflicting", self.item),)
            else:
                useless += doubts(self.item, chosen) or (Cause("imprecise", self.item),)
        low, high = hull(ranges)
        when = latest_of(chosen) if latest else earliest_of(chosen)
        return Quantity(
            Range(self.scaled(low), self.scaled(high)),
            self.settled(case, useless),
            evidence,
            Days(when.first, when.last),
        )

    def settled(self, case: Case, causes: Causes) -> Causes:
        return each_once(causes) if self.item in case.rules.measures else first_cause(causes)

    def scaled(self, number: Exact | None) -> Exact | None:
        return number if number is None or self.factor == 1 else number * self.factor

    def extreme(self, case: Case, pool: Pool, span: Span) -> Quantity:
        """The highest or lowest: what is recorded bounds it on one side, only completeness on the other."""
        lead = lead_of(case, self.item)
        if not pool.entries:
            return unknown_value(Cause("missing", lead))
        listed = case.complete("results", span.start_lo, span.end_hi)
        causes: Causes = ()
        highest = self.select == "highest"
        counting: list[Range] = []
        every: list[Range] = []
        for entry in pool.entries:
            interval = self.measured.interval(entry.sample.result)
            if interval is None:
                every.append(Range(None, None))
                causes += (*unusable(entry.sample, self.item), *doubts(self.item, [entry]))
                continue
            causes += entry.sample.causes
            every.append(Range(interval.low, interval.high))
            if interval.low != interval.high and not entry.sample.causes:
                causes += (Cause("imprecise", self.item),)
            if entry.counts:
                counting.append(every[-1])
            causes += doubts(self.item, [entry])
        if not listed:
            causes += (Cause("missing", lead),)
        evidence = places(pool.entries)
        if not counting:
            return Quantity(None, self.settled(case, causes), evidence)
        open_end = None
        if highest:
            lows = [one.low for one in counting if one.low is not None]
            highs = [one.high for one in every]
            if listed and None not in highs:
                open_end = max(high for high in highs if high is not None)
            made = Range(max(lows) if lows else None, open_end)
        else:
            highs_known = [one.high for one in counting if one.high is not None]
            all_lows = [one.low for one in every]
            if listed and None not in all_lows:
                open_end = min(low for low in all_lows if low is not None)
            made = Range(open_end, min(highs_known) if highs_known else None)
        scaled = Range(self.scaled(made.low), self.scaled(made.high))
        if scaled.low is not None and scaled.low == scaled.high:
            return Quantity(scaled, (), evidence)
        return Quantity(scaled, self.settled(case, causes), evidence)

    def breaks(self, case: Case, days: set[int]) -> None:
        result_breaks(case, self.item, self.frame, self.clean, days)


class MeanNumber(NumberNode):
    """The mean of the last n results: of the latest days, and of one day by the time where it is known."""

    __slots__ = ("last", "of")

    def __init__(self, last: int, of: ChosenNumber) -> None:
        self.last = last
        self.of = of

    def text(self, case: Case) -> str:
        return mean_text(self.of.text(case), self.last)

    def names(self) -> Iterable[str]:
        return self.of.names()

    def value(self, case: Case) -> Quantity:
        found = self.of.entries(case)
        if isinstance(found, Cause):
            return unknown_value(found)
        entries = found[0].entries
        counting = [entry for entry in entries if entry.counts]
        chosen = [entry for entry in entries if self.later(entry, counting) < self.last]
        item = self.of.item
        causes: Causes = ()
        for entry in chosen:
            causes += self.reading(entry)[1]
        vague = [entry for entry in chosen if not entry.counts or entry.first != entry.last]
        causes += doubts(item, vague)
        if any(entry.counts for entry in vague):
            causes += (Cause("imprecise", item),)
        if not chosen:
            causes = (none_cause(found[0], lead_of(case, item), recency=True),)
        elif len(chosen) < self.last:
            causes += (Cause("missing", lead_of(case, item)),)
        ranges = [self.reading(entry)[0] for entry in chosen]
        evidence = places(chosen)
        if vague or len(chosen) < self.last or None in ranges:
            return Quantity(None, self.of.settled(case, causes), evidence)
        known = [(entry, one) for entry, one in zip(chosen, ranges, strict=True) if one is not None]
        within: list[Range] = []
        tie: list[Range] = []
        for entry, one in known:
            before = sum(surely_later(entry, other) for other in chosen)
            (within if len(chosen) - before <= self.last else tie).append(one)
        if any(one != tie[0] for one in tie):
            causes += (Cause("conflicting", item),)
        free = self.last - len(within)
        lows = [one.low for one in within]
        lows += sorted((one.low for one in tie), key=_lowest_first)[:free]
        highs = [one.high for one in within]
        highs += sorted((one.high for one in tie), key=_highest_first)[:free]
        made = Range(self.average(lows), self.average(highs))
        return Quantity(made, () if is_point(made) else self.of.settled(case, causes), evidence)

    @staticmethod
    def later(entry: Entry, counting: Sequence[Entry]) -> int:
        return sum(surely_later(other, entry) for other in counting if other is not entry)

    def reading(self, entry: Entry) -> tuple[Range | None, Causes]:
        """The value, and why it is none or no single number."""
        interval = self.of.measured.interval(entry.sample.result)
        if interval is None:
            return None, unusable(entry.sample, self.of.item)
        causes = entry.sample.causes
        if interval.low != interval.high and not causes:
            causes = (Cause("imprecise", self.of.item),)
        return Range(interval.low, interval.high), causes

    def average(self, ends: Sequence[Exact | None]) -> Exact | None:
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        return self.of.scaled(Fraction(sum(known), self.last))

    def breaks(self, case: Case, days: set[int]) -> None:
        self.of.breaks(case, days)


def _lowest_first(end: Exact | None) -> tuple[bool, Exact]:
    return (end is not None, end or 0)


def _highest_first(end: Exact | None) -> tuple[bool, Exact]:
    return (end is not None, -(end or 0))


def unusable(sample: Sample, item: str) -> Causes:
    """Why a result is no number that can be compared."""
    if sample.result.number is None and sample.causes:
        return sample.causes
    return (Cause("incomparable", item),)


def span_of(case: Case, frame: Frame | None) -> Span | Cause:
    """A window of results; None: every result up to the anchor."""
    if frame is not None:
        return case.span(frame)
    if case.anchor is None or case.as_of is None:
        return case.undated()
    return Span(FIRST_DAY, FIRST_DAY, case.anchor, case.anchor)


def doubts(item: str, entries: Iterable[Entry]) -> Causes:
    """Why some of the entries only may count."""
    found: Causes = ()
    for entry in entries:
        if not entry.counts:
            found += entry.causes or (Cause("imprecise", item),)
    return found


def result_breaks(case: Case, item: str, frame: Frame | None, clean: Sequence[Node], days: set[int]) -> None:
    """Days on which a result of the item enters or leaves the window, or ceases to be a plan."""
    marks: set[int] = set()
    for sample in samples_of(case, item):
        date = sample.date
        if date is not None:
            marks.update(date)
    for one in case.facts.spans.get("results", ()):
        marks.update(one.since or ())
        marks.update(one.until or ())
    crossings(case, None if frame is None else frame.window, marks, days)
    for node in clean:
        node.breaks(case, days)
