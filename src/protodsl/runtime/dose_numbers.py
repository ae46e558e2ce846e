"""The daily dose of a window as a number: the highest, the lowest, or the total of its days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

from protodsl.runtime.case import Case
from protodsl.runtime.crossing import event_breaks
from protodsl.runtime.doses import Course, DoseSum, in_whole_numbers, least_on, most_on
from protodsl.runtime.frames import Frame, Span
from protodsl.runtime.intervals import Range
from protodsl.runtime.quantity import NumberNode, Quantity, unknown_value
from protodsl.runtime.record import Exact
from protodsl.runtime.report import Cause
from protodsl.runtime.words import dose_phrase


def highest_apart(courses: Sequence[Course], span: Span, as_of: int, *, listed: bool) -> Range | None:
    """The highest daily dose where no two courses can run on one day, so that none are added; None: some
    can.
    """
    days = sorted([course.days for course in courses])
    if any([one[3] >= other[0] for one, other in pairwise(days)]):
        return None
    low: Exact = 0
    high: Exact | None = 0 if listed else None
    begins, ends = span.start_hi, min(span.end_lo, as_of)
    may_begin, may_end = span.start_lo, min(span.end_hi, as_of)
    for course in courses:
        first_lo, first_hi, last_lo, last_hi = course.days
        least, most = course.dose
        runs = course.sure and max(first_hi, begins) <= min(last_lo, ends)
        if runs and least is not None and least > low:
            low = least
        if high is not None and max(first_lo, may_begin) <= min(last_hi, may_end):
            high = None if most is None else max(high, most)
    return Range(low, high)


class DoseNumber(NumberNode):
    """The highest daily dose in a window: a lower bound unless medications are complete."""

    __slots__ = ("frame", "sum")

    def __init__(self, dose: DoseSum, frame: Frame) -> None:
        self.sum = dose
        self.frame = frame

    def cost(self) -> int:
        return 60

    def value(self, case: Case) -> Quantity:
        span = case.span(self.frame)
        if isinstance(span, Cause):
            return unknown_value(span)
        as_of = case.as_of
        assert as_of is not None
        courses = self.sum.courses(case, case.facts.happenings(self.sum.item), span)
        listed = case.complete("medications", span.start_lo, span.end_hi)
        made = self.made(courses, span, as_of, listed=listed)
        causes = () if made.low == made.high else self.sum.doubts(courses, span, as_of, listed=listed)
        return Quantity(made, causes, tuple(course.where for course in courses))

    def made(self, courses: list[Course], span: Span, as_of: int, *, listed: bool) -> Range:
        """The dose of the day on which it is highest."""
        found = self.highest(courses, span, as_of, listed=listed)
        between = _between(courses, span, as_of)
        if not between:
            return found
        counted, scale = in_whole_numbers([course for course in courses if course.sure])
        return Range(Fraction(min(least_on(counted, day) for day in between), scale), found.high)

    def highest(self, courses: list[Course], span: Span, as_of: int, *, listed: bool) -> Range:
        apart = highest_apart(courses, span, as_of, listed=listed)
        if apart is not None:
            return apart
        courses, scale = in_whole_numbers(courses)
        low = 0
        sure = [course for course in courses if course.sure]
        begun = [course.days.first_hi for course in sure]
        for day in _days(begun, span.start_hi, min(span.end_lo, as_of)):
            low = max(low, least_on(sure, day))
        high: int | None = 0 if listed else None
        if listed:
            begun = [course.days.first_lo for course in courses]
            for day in _days(begun, span.start_lo, min(span.end_hi, as_of)):
                most = most_on(courses, day)
                if most is None:
                    high = None
                    break
                high = max(high or 0, most)
        return Range(Fraction(low, scale), None if high is None else Fraction(high, scale))

    def text(self, case: Case) -> str:
        return dose_phrase("highest", self.sum.label, self.sum.equivalence)

    def names(self) -> Iterable[str]:
        return (self.sum.item,)

    def breaks(self, case: Case, days: set[int]) -> None:
        event_breaks(case, self.sum.item, self.frame.window, days)
        for size in self.sum.body.values():
            size.breaks(case, days)


class DaysNumber(DoseNumber):
    """The lowest daily dose in a window, or the total of its days."""

    __slots__ = ("select",)

    def __init__(self, dose: DoseSum, frame: Frame, select: str) -> None:
        super().__init__(dose, frame)
        self.select = select

    def made(self, courses: list[Course], span: Span, as_of: int, *, listed: bool) -> Range:
        courses, scale = in_whole_numbers(courses)
        last = min(span.end_hi, as_of)
        marks = {span.start_lo, span.start_hi, span.end_lo + 1, last + 1}
        for course in courses:
            for day in course.days:
                marks.update((day, day + 1))
        cuts = sorted(day for day in marks if span.start_lo <= day <= last + 1)
        total = self.select == "total"
        low: int | None = 0 if total else None
        high: int | None = 0 if total else None
        bounded = listed
        for first, after in pairwise(cuts):  # on each of these days the same is taken
            inside = span.start_hi <= first and after - 1 <= span.end_lo
            least = least_on(courses, first)
            most = most_on(courses, first) if listed else None
            if not total:
                low = least if low is None else min(low, least)
                if inside and most is not None:
                    high = most if high is None else min(high, most)
                continue
            days = after - first
            if inside:
                low = (low or 0) + days * least
            if most is None:
                bounded = False
            else:
                high = (high or 0) + days * most
        if listed and not total and (between := _between(courses, span, as_of)):
            most_of = [most_on(courses, day) for day in between]
            bounded = None not in most_of
            high = max((most for most in most_of if most is not None), default=None)
        if low is None or (not total and span.end_hi > as_of):
            low = 0  # nobody says what was taken after that day
        return Range(Fraction(low, scale), Fraction(high, scale) if bounded and high is not None else None)

    def text(self, case: Case) -> str:
        return dose_phrase(self.select, self.sum.label, self.sum.equivalence)


def _between(courses: Iterable[Course], span: Span, as_of: int) -> list[int]:
    """Where no one day surely is in a window that surely has days: those from its first end to its last
    start, of which it surely has one; of days on which the same is taken, the first.
    """
    first, last = span.end_lo, span.start_hi
    if not first < last <= as_of:
        return []
    marks = {first}
    for course in courses:
        for day in course.days:
            marks.update((day, day + 1))
    return sorted(day for day in marks if first <= day <= last)


def _days(begun: Iterable[int], first: int, last: int) -> list[int]:
    """Days of a window among which the sum is at its highest, told the first days of the courses.

    Of the courses running on the best day, the last to begin began on one of these days or before the window.
    On that very day the drug may be changing from another course; on the next, if it is not over, nothing
    that began with it is.
    """
    if first > last:
        return []
    marks = {first, first + 1}
    for day in begun:
        marks.update((day, day + 1))
    return sorted(day for day in marks if first <= day <= last)
