"""A period of days on each of which the daily dose passes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.codes import Vocabulary
from protodsl.runtime.dates import clamped
from protodsl.runtime.doses import Course, DoseSum, dose_causes, in_whole_numbers, least_on, most_on
from protodsl.runtime.events import EventNode, Found
from protodsl.runtime.facts import Lasted
from protodsl.runtime.findings import Finding
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.intervals import Range, compared_ranges
from protodsl.runtime.joining import Fit, lasted_truth
from protodsl.runtime.model.expressions import Dose, Event
from protodsl.runtime.record import FIRST_DAY, Days
from protodsl.runtime.report import Cause, Truth


class Stretch(NamedTuple):
    """Days in a row on each of which the dose passes a test."""

    first: int
    last: int


def dose_stretches(
    courses: Sequence[Course], known: Sequence[Days], as_of: int, last: int, test: Dose
) -> tuple[list[Stretch], list[Stretch]]:
    """Stretches of days, up to the last one, that surely pass, and such that surely or possibly do.

    `known`: days of which nothing is taken that is not recorded; of those after `as_of` nothing is known.
    """
    starts = {FIRST_DAY, as_of + 1, last + 1}
    for course in courses:
        for day in course.days:
            starts.update((day, day + 1))
    for first, until in known:
        starts.update((first, clamped(until + 1)))
    cuts = sorted(day for day in starts if FIRST_DAY <= day <= last + 1)
    courses, scale = in_whole_numbers(courses)
    amount = test.amount * scale
    limit = Range(amount, amount)
    sure: list[Stretch] = []
    may: list[Stretch] = []
    for first, after in pairwise(cuts):
        listed = any(begin <= first and end >= after - 1 for begin, end in known)
        taken = Range(least_on(courses, first), most_on(courses, first) if listed else None)
        truth = compared_ranges(taken, test.op, limit)
        if truth:
            _extend(sure, first, after - 1)
        if truth is not False:
            _extend(may, first, after - 1)
    return sure, may


def _extend(stretches: list[Stretch], first: int, last: int) -> None:
    if stretches and stretches[-1].last + 1 == first:
        stretches[-1] = Stretch(stretches[-1].first, last)
    else:
        stretches.append(Stretch(first, last))


class DosedEventNode(EventNode):
    """An event with a dose: a period of days, up to the window's end, on each of which the daily dose passes.

    It may begin before the window, with courses that were over by then.
    """

    __slots__ = ("dose",)

    def __init__(self, asked: Event, frame: Frame, vocabulary: Vocabulary, dose: DoseSum) -> None:
        super().__init__(asked, frame, vocabulary)
        self.dose = dose

    def cost(self) -> int:
        return 80

    def truth(self, case: Case) -> Truth:
        return self.judged(case).truth

    def finding(self, case: Case) -> Finding:
        found = self.judged(case)
        return Finding(self, found.truth, found.causes, found)

    def judged(self, case: Case) -> Found:
        span = case.span(self.frame)
        if isinstance(span, Cause):
            return Found(None, (span,), ())
        asked, as_of = self.asked, case.as_of
        lasting, test = asked.lasting, asked.dose
        assert lasting is not None and test is not None and as_of is not None
        amount = self.amount
        fits, courses = self.dosed(case, span)
        empty = span.start_lo > span.end_hi
        near = [index for index, fit in enumerate(fits) if not empty and fit.days.last_hi >= span.start_lo]
        limit = Range(test.amount, test.amount)
        none_passes = compared_ranges(Range(0, 0), test.op, limit) is not False
        absences = [] if none_passes else case.covering(self.item, span.start_lo, span.end_hi)
        clash = Cause("conflicting", self.item)
        denied = bool(absences) and not any(clash in courses[index].causes for index in near)
        listed = case.complete(self.domain, span.start_lo, span.end_hi)
        known = [
            Days(FIRST_DAY if one.since is None else one.since.last, case.spoken_until(one.until))
            for one in case.facts.spans.get(self.domain, ())
        ]
        without = case.denied(self.item, span.start_lo, span.end_hi) if denied else None
        if without is not None:
            known.append(without)
        sure, may = dose_stretches(courses, known, as_of, span.end_hi, test)
        passing: list[Stretch] = []
        for stretch in sure:
            whole = next(one for one in may if one.first <= stretch.first and one.last >= stretch.last)
            days = Lasted(whole.first, stretch.first, stretch.last, whole.last)
            inside = stretch.first <= span.end_lo and stretch.last >= span.start_hi
            if inside and lasted_truth(days, span, lasting.op, amount):
                passing.append(stretch)
        if passing:
            taken = [
                fit
                for fit in fits
                if any(
                    fit.days.first_lo <= stretch.last and fit.days.last_hi >= stretch.first
                    for stretch in passing
                )
            ]
            return Found(True, (), taken)
        if (listed or denied) and not any(
            self.may_last(stretch, stretch in sure, span, lasting.op, amount) for stretch in may
        ):
            return Found(False, (), (), absences if denied else ())
        causes = [cause for index in near for cause in courses[index].causes]
        if not listed and not absences:
            causes.append(Cause("missing", self.item))
        return Found(None, dose_causes(self.item, causes or [self.vague]), [fits[index] for index in near])

    def dosed(self, case: Case, span: Span) -> tuple[list[Fit], list[Course]]:
        """The courses up to the window's end that may fit in code and attributes, with their doses."""
        ever = Span(FIRST_DAY, FIRST_DAY, span.end_lo, span.end_hi)
        fits: list[Fit] = []
        courses: list[Course] = []
        for fit in self.candidates(case):
            if fit.days.first_lo > span.end_hi:
                continue
            if fit.sure:
                course = self.dose.courses(case, [fit.happening], ever)[0]
            else:
                kinds: list[Cause] = [self.vague]
                if fit.opened:
                    kinds.append(Cause("needs judgement", self.item))
                if fit.lacking:
                    kinds.append(Cause("missing", self.item))
                course = self.dose.course(case, fit.happening, fit.days)
                course = course._replace(sure=False, causes=(*kinds, *course.causes))
            fits.append(fit._replace(sure=course.sure))
            courses.append(course)
        return fits, courses

    @staticmethod
    def may_last(stretch: Stretch, sure: bool, span: Span, op: str, amount: tuple[int, int]) -> bool:
        """Whether a period that is, or lies somewhere in, this stretch may be in the window and long
        enough.
        """
        first, last = stretch
        if first > span.end_hi or last < span.start_lo or span.start_lo > span.end_hi:
            return False
        days = Lasted(first, first, last, last) if sure else Lasted(first, last, first, last)
        return lasted_truth(days, span, op, amount) is not False
