"""Comparisons of numbers, and changes between dated values."""

from __future__ import annotations

from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.choosing import (
    Entry,
    earliest_of,
    latest_of,
    may_be_earliest,
    may_be_latest,
    none_cause,
    of_side,
    places,
    pooled,
    tie_disagrees,
)
from protodsl.runtime.findings import (
    Causes,
    Finding,
    Node,
    cause_text,
    each_once,
    first_cause,
    in_record_order,
)
from protodsl.runtime.formulas import lead_of, samples_of
from protodsl.runtime.frames import Frame
from protodsl.runtime.intervals import NotComputable, Range, combined, compared_ranges, hull
from protodsl.runtime.measured import Measured
from protodsl.runtime.model.expressions import Change
from protodsl.runtime.numbers import AgeNumber
from protodsl.runtime.quantity import NumberNode, Quantity
from protodsl.runtime.record import Days
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.result_numbers import doubts, result_breaks, unusable
from protodsl.runtime.words import (
    Operand,
    amount,
    change_reason,
    compare_reason,
    range_text,
    sided,
)


class CompareNode(Node):
    """Two numbers compared."""

    __slots__ = ("left", "op", "right", "unit")

    def __init__(self, left: NumberNode, op: str, right: NumberNode, unit: str | None) -> None:
        self.left = left
        self.op = op
        self.right = right
        self.unit = unit

    def cost(self) -> int:
        return 1 + self.left.cost() + self.right.cost()

    def values(self, case: Case) -> tuple[Quantity, Quantity]:
        return self.left.value(case), self.right.value(case)

    def truth(self, case: Case) -> Truth:
        left, right = self.values(case)
        if left.range is None or right.range is None:
            return None
        return compared_ranges(left.range, self.op, right.range)

    def finding(self, case: Case) -> Finding:
        left, right = self.values(case)
        truth: Truth = None
        if left.range is not None and right.range is not None:
            truth = compared_ranges(left.range, self.op, right.range)
        causes: Causes = ()
        if truth is None:
            causes = each_once((*left.causes, *right.causes))
            if not causes:
                names = (*self.left.names(), *self.right.names())
                causes = (Cause("imprecise", names[0] if names else "formula"),)
        return Finding(self, truth, causes, (left, right))

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        left, right = finding.state
        return (
            compare_reason(
                self.operand(case, self.left, left),
                self.op,
                self.operand(case, self.right, right),
                finding.truth,
                self.shown_unit(),
            ),
        )

    def shown_unit(self) -> str | None:
        """The unit of the sentence; ages are in their own."""
        if self.unit is not None:
            return self.unit
        for side in (self.left, self.right):
            if isinstance(side, AgeNumber):
                return f"{side.unit}s"
        return None

    @staticmethod
    def operand(case: Case, node: NumberNode, value: Quantity) -> Operand:
        made = value.range
        assert made is not None
        return Operand(node.text(case), made.low, made.high, value.when)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        left, right = finding.state
        return in_record_order((*left.evidence, *right.evidence))

    def breaks(self, case: Case, days: set[int]) -> None:
        self.left.breaks(case, days)
        self.right.breaks(case, days)


# ---------------------------------------------------------------- change


class Point(NamedTuple):
    """One of the two values a change is made of."""

    entries: list[Entry]
    range: Range | None
    causes: Causes


class ChangeNode(Node):
    """The change of an item from one window's latest value (over one window: its earliest) to
    another's latest.
    """

    __slots__ = ("asked", "frames", "item", "measured")

    def __init__(self, asked: Change, frames: tuple[Frame, Frame], measured: Measured) -> None:
        self.asked = asked
        self.frames = frames
        self.item = asked.item
        self.measured = measured

    def cost(self) -> int:
        return 30

    def truth(self, case: Case) -> Truth:
        return self.finding(case).truth

    def finding(self, case: Case) -> Finding:
        asked = self.asked
        earlier = self.point(case, earliest=asked.start == asked.end, start=True)
        later = self.point(case, earliest=False, start=False)
        if asked.start == asked.end and _one(earlier, later):  # a change is between two results
            missing = Cause("missing", lead_of(case, self.item))
            earlier = earlier._replace(range=None, causes=(*earlier.causes, missing))
        truth: Truth = None
        change: Range | None = None
        causes = each_once((*earlier.causes, *later.causes))
        if asked.start == asked.end:  # one window, one question
            causes = self.settled(case, causes)
        if earlier.range is not None and later.range is not None:
            try:
                change = self.change(earlier.range, later.range)
                truth = compared_ranges(change, asked.op, Range(asked.amount, asked.amount))
            except NotComputable:
                causes = (Cause("not computable", self.item),)
        if truth is not None:
            causes = ()
        elif not causes:
            causes = (Cause("imprecise", self.item),)
        return Finding(self, truth, causes, (earlier, later, change))

    def change(self, earlier: Range, later: Range) -> Range:
        """The fall or rise, absolute or in percent of the earlier value."""
        if self.asked.direction == "falls":
            change = combined("-", earlier, later)
        else:
            change = combined("-", later, earlier)
        if not self.asked.percent:
            return change
        # (a − b) / a, taken apart so that a stands in it once: 1 − b / a
        share = combined("/", later, earlier)
        one = Range(1, 1)
        part = combined("-", one, share) if self.asked.direction == "falls" else combined("-", share, one)
        return combined("*", part, Range(100, 100))

    def point(self, case: Case, *, earliest: bool, start: bool) -> Point:
        span = case.span(self.frames[0 if start else 1])
        if isinstance(span, Cause):
            return Point([], None, (span,))
        if case.until is None:
            return Point([], None, (case.undated(),))
        until = None if earliest else (case.until, case.until)  # only recency looks no further than that
        pool = pooled(case, of_side(samples_of(case, self.item), self.asked.side), span, until)
        lead = lead_of(case, self.item)
        if not pool.entries:
            return Point([], None, (none_cause(pool, lead, recency=True),))
        entries = may_be_earliest(pool.entries) if earliest else may_be_latest(pool.entries)
        ranges: list[Range] = []
        causes: Causes = ()
        for entry in entries:
            interval = self.measured.interval(entry.sample.result)
            if interval is None:
                causes += unusable(entry.sample, self.item)
                continue
            ranges.append(Range(interval.low, interval.high))
            causes += entry.sample.causes
            if interval.low != interval.high and not entry.sample.causes:
                causes += (Cause("imprecise", self.item),)
        usable = len(ranges) == len(entries)
        if not any(entry.counts for entry in entries):
            causes += doubts(self.item, entries)
            usable = False
        if earliest and not case.complete("results", span.start_lo, min(entry.last for entry in entries)):
            causes += (Cause("missing", lead),)
            usable = False
        if usable and any(one != ranges[0] for one in ranges):
            if tie_disagrees(zip(entries, ranges, strict=True)):
                causes += (Cause("conflicting", self.item),)
            else:
                causes += doubts(self.item, entries) or (Cause("imprecise", self.item),)
        if any(entry.first != entry.last for entry in entries):
            causes += (Cause("imprecise", self.item),)
            usable = False
        return Point(entries, hull(ranges) if usable else None, self.settled(case, causes))

    def settled(self, case: Case, causes: Causes) -> Causes:
        """Of each of the two values the one cause, the first that applies; of a formula all."""
        return each_once(causes) if self.item in case.rules.measures else first_cause(causes)

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        asked, item = self.asked, self.measured.item
        earlier, later, change = finding.state
        return (
            change_reason(
                sided(item.label, asked.side),
                asked.direction,
                asked.op,
                asked.amount,
                self.shown(earlier, first=asked.start == asked.end),
                self.shown(later, first=False),
                (change.low, change.high),
                "%" if asked.percent else item.unit,
                finding.truth,
            ),
        )

    def shown(self, point: Point, *, first: bool) -> tuple[str, Days | None]:
        sample = (earliest_of if first else latest_of)(point.entries).sample
        result, made = sample.result, point.range
        raw = result.raw
        if sample.computed and made is not None:
            raw = range_text(made.low, made.high)
        return amount(raw, result.unit), result.date

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        earlier, later, _ = finding.state
        return places((*earlier.entries, *later.entries))

    def breaks(self, case: Case, days: set[int]) -> None:
        result_breaks(case, self.item, self.frames[0], (), days)
        result_breaks(case, self.item, self.frames[1], (), days)


def _one(earlier: Point, later: Point) -> bool:
    """Whether the only result that may be the earliest is the only one that may be the latest."""
    entries = [*earlier.entries, *later.entries]
    return len(entries) == 2 and len(later.entries) == 1 and entries[0].sample is entries[1].sample
