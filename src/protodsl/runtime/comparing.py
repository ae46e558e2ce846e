"""Comparisons of numbers, changes between dated values, answers of persons, and the participant's sex."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.choosing import (
    Entry,
    earliest_of,
    latest_of,
    may_be_earliest,
    may_be_latest,
    none_cause,
    places,
    pooled,
    tie_disagrees,
)
from protodsl.runtime.crossing import moment_crossings
from protodsl.runtime.findings import (
    ONLY,
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
from protodsl.runtime.model.expressions import Answered, Change
from protodsl.runtime.model.windows import ANCHOR
from protodsl.runtime.numbers import AgeNumber
from protodsl.runtime.quantity import NumberNode, Quantity
from protodsl.runtime.record import FIRST_DAY, Answer, Days
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.result_numbers import doubts, result_breaks, unusable
from protodsl.runtime.words import (
    Operand,
    amount,
    answer_reason,
    answered_by_others,
    change_reason,
    compare_reason,
    range_text,
    setting_reason,
    sex_reason,
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
        pool = pooled(case, samples_of(case, self.item), span, until)
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
                item.label,
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


# ---------------------------------------------------------------- persons


class Said(NamedTuple):
    """An answer that may count; `counts`: it surely does."""

    answer: Answer
    first: int
    last: int
    counts: bool
    asked: bool  # by one of those who are asked

    @property
    def unasked(self) -> bool:
        """Answered by somebody who is not asked, or whose role is not recorded."""
        return not self.asked and self.answer.answer is not None


class AnswerNode(Node):
    """What a person must say: the latest answer on or before the anchor, not before the earlier stage's."""

    __slots__ = ("any_stage", "asked", "unanswered")

    def __init__(self, asked: Answered, *, any_stage: bool = False) -> None:
        """`any_stage`: also answers noted under another stage."""
        self.asked = asked
        self.any_stage = any_stage
        self.unanswered = Finding(self, None, (Cause("needs judgement", asked.question),), [], shared=True)

    def cost(self) -> int:
        return 2

    def truth(self, case: Case) -> Truth:
        answers = case.facts.answers(self.asked.question)
        if not answers:
            return None
        if len(answers) == 1 and self.plain(case, answers[0]):
            return answers[0].answer
        return self.found(case, answers).truth

    def finding(self, case: Case) -> Finding:
        answers = case.facts.answers(self.asked.question)
        if len(answers) == 1 and self.plain(case, answers[0]) and answers[0].answer is not None:
            first, last = answers[0].date or (FIRST_DAY, FIRST_DAY)
            return Finding(self, answers[0].answer, (), [Said(answers[0], first, last, True, True)])
        return self.found(case, answers)

    def plain(self, case: Case, answer: Answer) -> bool:
        """Whether it surely was given in time by one of those asked, whatever stage this is."""
        date, roles, anchor, as_of = answer.date, self.asked.roles, case.anchor, case.as_of
        return (
            (answer.stage is None and date is not None and case.previous_name is None)
            and (anchor is not None and as_of is not None and date[1] <= anchor and date[1] <= as_of)
            and (not roles or answer.role in roles)
        )

    def found(self, case: Case, answers: Sequence[Answer]) -> Finding:
        question = self.asked.question
        if case.anchor is None or case.as_of is None:
            return Finding(self, None, (case.undated(),), [])
        if case.previous is None and case.previous_name is not None and not self.any_stage:
            return Finding(self, None, (Cause("timepoint not dated", case.previous_name),), [])
        if not answers:
            return self.unanswered
        given = self.given(case)
        said = [one for one in given if one.asked or one.answer.role is None]
        if len(said) == 1 and said[0].counts and said[0].answer.answer is not None:
            return Finding(self, said[0].answer.answer, (), said)
        latest = _latest_said(said)
        told = [one.answer.answer for one in latest]
        if any(one.counts for one in latest) and None not in told and len(set(told)) == 1:
            return Finding(self, told[0], (), latest)
        if None in told or not any(one.counts for one in latest):
            cause = Cause("needs judgement", question)
            latest = [one for one in given if one.unasked or one in latest]
        else:
            days = [one.first for one in latest if one.counts and one.first == one.last]
            cause = Cause("conflicting" if len(days) > len(set(days)) else "imprecise", question)
        return Finding(self, None, (cause,), latest)

    def candidates(self, case: Case) -> list[Said]:
        """The answers of those asked, or of somebody whose role is not recorded, that may count."""
        return [one for one in self.given(case) if one.asked or one.answer.role is None]

    def given(self, case: Case) -> list[Said]:
        """The answers to the question that may have been given in time, whoever gave them."""
        anchor, as_of = case.anchor, case.as_of
        assert anchor is not None and as_of is not None
        limit = min(anchor, as_of)
        roles = self.asked.roles
        found: list[Said] = []
        for answer in case.facts.answers(self.asked.question):
            if not self.any_stage and answer.stage not in (None, case.stage) and case.stage is not None:
                continue
            first, last = (FIRST_DAY, as_of) if answer.date is None else answer.date
            if last > as_of and case.stated:
                last = as_of
            if first > limit:
                continue
            counts = last <= limit
            if case.previous is not None:
                if last < case.previous:
                    continue
                counts = counts and first >= case.previous
            asked = not roles or answer.role in roles
            found.append(Said(answer, first, last, counts and asked, asked))
        return found

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            others = [one.answer.role for one in finding.state if one.unasked]
            if others and finding.causes[0].kind == "needs judgement":
                return (answered_by_others(self.asked.text, others, self.asked.roles),)
            return tuple(cause_text(case, cause, text=self.asked.text) for cause in finding.causes)
        shown: Said = finding.state[0]
        for one in finding.state[1:]:
            if (one.last, one.first) > (shown.last, shown.first):
                shown = one
        answer = shown.answer
        return (answer_reason(self.asked.text, finding.truth, answer.role, answer.date),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        state: list[Said] = finding.state
        return (
            (state[0].answer.where,)
            if len(state) == 1
            else tuple(dict.fromkeys([s.answer.where for s in state]))
        )

    def breaks(self, case: Case, days: set[int]) -> None:
        marks: set[int] = set()
        for answer in case.facts.answers(self.asked.question):
            marks.update(answer.date or ())
        if not marks:
            return
        moment_crossings(case, ANCHOR, marks, days)
        if case.as_of is not None and case.anchor is not None:
            moment_crossings(case, ANCHOR, [mark - case.as_of + case.anchor for mark in marks], days)
        if case.previous is not None and case.anchor is not None:
            shift = case.previous - case.anchor
            moment_crossings(case, ANCHOR, [mark - shift for mark in marks], days)


def _latest_said(found: Sequence[Said]) -> list[Said]:
    counting = [one for one in found if one.counts]
    return [one for one in found if not any(other.first > one.last for other in counting)]


class SettingNode(Node):
    """Where the participant takes part."""

    __slots__ = ("missing", "name", "values")

    def __init__(self, name: str, values: tuple[str, ...]) -> None:
        self.name = name
        self.values = frozenset(values)
        self.missing = Finding(self, None, (Cause("missing", name),), shared=True)

    def truth(self, case: Case) -> Truth:
        said = case.record.setting.get(self.name)
        return None if said is None else said in self.values

    def finding(self, case: Case) -> Finding:
        truth = self.truth(case)  # the words of one that is decided are the record's own
        return self.missing if truth is None else Finding(self, truth, ())

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        return (setting_reason(self.name, case.record.setting[self.name]),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return ()

    def outlook(self, case: Case) -> int:
        return ONLY[self.truth(case)]

    def breaks(self, case: Case, days: set[int]) -> None:
        """A place does not change with time."""


class SexNode(Node):
    __slots__ = ("findings", "sex")

    def __init__(self, sex: str) -> None:
        self.sex = sex
        self.findings: dict[Truth, Finding] = {
            truth: Finding(self, truth, () if truth is not None else (Cause("missing", "sex"),), shared=True)
            for truth in (True, False, None)
        }

    def cost(self) -> int:
        return 1

    def truth(self, case: Case) -> Truth:
        sex = case.record.sex
        return None if sex is None else sex == self.sex

    def finding(self, case: Case) -> Finding:
        return self.findings[self.truth(case)]

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        if finding.truth is None:
            return tuple(cause_text(case, cause) for cause in finding.causes)
        return (sex_reason(case.record.sex or ""),)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return ()

    def outlook(self, case: Case) -> int:
        return ONLY[self.truth(case)]

    def breaks(self, case: Case, days: set[int]) -> None:
        """Sex does not change with time."""
