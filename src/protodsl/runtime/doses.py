"""Daily doses: the sum of the courses running on a day, as a range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.codes import Match
from protodsl.runtime.facts import Happening, Lasted
from protodsl.runtime.findings import Causes, each_once
from protodsl.runtime.frames import Span
from protodsl.runtime.intervals import NotComputable, Range, combined
from protodsl.runtime.quantity import Quantity
from protodsl.runtime.record import Coded, Exact, Medication
from protodsl.runtime.report import RANKS, Cause
from protodsl.runtime.result_numbers import ChosenNumber
from protodsl.runtime.units import conversion, per_body


class Course(NamedTuple):
    """A course with its dose a day, in the unit asked for. `sure`: it surely is of the drug asked for."""

    days: Lasted
    dose: Range
    drug: Coded
    named: bool  # the drug is one of the vocabulary
    sure: bool
    causes: Causes
    where: str


class DoseSum:
    """The daily dose of a drug or class, in one unit, perhaps by equivalents, perhaps per kg or m²."""

    __slots__ = ("_scales", "body", "equivalence", "factors", "item", "label", "per", "unit")

    def __init__(
        self,
        item: str,
        label: str,
        unit: str,
        factors: dict[str, Fraction] | None,
        per: str | None,
        body: dict[str, ChosenNumber],
        equivalence: str | None = None,
    ) -> None:
        """`factors`: equivalents by drug, of the table `equivalence`; `body`: the participant's weight (`kg`)
        and surface (`m2`)."""
        self.item = item
        self.label = label
        self.unit = unit
        self.factors = factors
        self.per = per
        self.body = body
        self.equivalence = equivalence
        self._scales: dict[tuple[Coded, str], tuple[Exact | None, str | None]] = {}

    def course(self, case: Case, happening: Happening, days: Lasted) -> Course:
        fact = happening.fact
        assert isinstance(fact, Medication)
        drug = case.vocabulary.drug(fact.code)
        sure = happening.match is Match.SURE
        made, causes = self.dose(case, fact, drug)
        if not sure:
            kind: Cause = Cause(
                "needs judgement" if happening.match is Match.OPEN else "imprecise", self.item
            )
            causes = (kind, *causes)
        return Course(days, made, drug, case.vocabulary.identified(drug), sure, causes, happening.where)

    def dose(self, case: Case, fact: Medication, drug: Coded) -> tuple[Range, Causes]:
        """The course's dose a day in the unit asked for; what cannot be converted is anything from 0 up."""
        anything = Range(0, None)
        if fact.dose is None:
            return anything, (Cause("missing", self.item),)
        if fact.unit is None:
            return anything, (Cause("incomparable", self.item),)
        key = (fact.code, fact.unit)
        known = self._scales.get(key)
        if known is None:
            if len(self._scales) > 10_000:  # units and codes come from records
                self._scales.clear()
            known = self._scales[key] = self.scale(case, fact.code, fact.unit, drug)
        scale, per = known
        if scale is None:
            return anything, (Cause("incomparable", self.item),)
        own: str | None = fact.per or per
        low = 0 if fact.dose.low is None else fact.dose.low * scale
        high = None if fact.dose.high is None else fact.dose.high * scale
        causes: Causes = () if low == high else (Cause("imprecise", self.item),)
        if own == self.per:
            return Range(low, high), causes
        return self.by_body(case, Range(low, high), own, causes)

    def scale(self, case: Case, code: Coded, unit: str, drug: Coded) -> tuple[Exact | None, str | None]:
        """What a dose in `unit` is multiplied by (None: cannot be converted), and what it is told for."""
        factor: Exact = 1
        if self.factors is not None:
            match = case.vocabulary.match
            known = {own for name, own in self.factors.items() if match(code, name) is Match.SURE}
            if len(known) != 1:
                return None, None
            factor = known.pop()
        bare, per = per_body(unit)
        found = conversion(bare, per_body(self.unit)[0], self.molar_mass(case, drug))
        if found is None:
            return None, per
        whole = found * factor
        return whole.numerator if whole.denominator == 1 else whole, per

    @staticmethod
    def molar_mass(case: Case, drug: Coded) -> Fraction | None:
        item = case.vocabulary.items.get(drug.code or "") if drug.system is None else None
        return item.molar_mass if item is not None else None

    def by_body(self, case: Case, dose: Range, per: str | None, causes: Causes) -> tuple[Range, Causes]:
        """Recorded per kg and asked for whole, or the other way round, or per kg and per m²."""
        for sign, which in (("*", per), ("/", self.per)):
            if which is None:
                continue
            size = self.body.get(which)
            if size is None:
                return Range(0, None), (Cause("incomparable", self.item),)
            key = ("body", size)
            value: Quantity | None = case.memo.get(key)
            if value is None:
                value = case.memo[key] = size.value(case)
            causes = (*causes, *value.causes)
            if value.range is None:
                return Range(0, None), each_once(causes)
            try:
                dose = combined(sign, dose, value.range)
            except NotComputable:
                return Range(0, None), each_once((*causes, Cause("not computable", size.item)))
        return dose, each_once(causes)

    def courses(self, case: Case, happenings: Iterable[Happening], span: Span) -> list[Course]:
        """Every course that may run in the window; one that an absence contradicts there counts as
        perhaps.
        """
        found: list[Course] = []
        if span.start_lo > span.end_hi:
            return found  # a window that ends before it begins: nothing runs in it, however long it lasts
        denied = case.facts.denied(self.item)
        for happening in happenings:
            days = case.lasted(happening)
            if days is None or days.first_lo > span.end_hi or days.last_hi < span.start_lo:
                continue
            course = self.course(case, happening, days)
            if denied and course.sure and self.contradicted(case, course, happening.fact.code, span):
                course = course._replace(sure=False, causes=(Cause("conflicting", self.item), *course.causes))
            found.append(course)
        return found

    def doubts(self, courses: Sequence[Course], span: Span, as_of: int, *, listed: bool) -> Causes:
        """Why a dose is no single number, told the courses that may run in the window."""
        causes = [cause for course in courses for cause in course.causes]
        begins, ends = span.start_hi, min(span.end_lo, as_of)
        if not causes or any(
            max(course.days.first_hi, begins) > min(course.days.last_lo, ends) for course in courses
        ):  # one may have been over on any one day of the window
            causes.append(Cause("imprecise", self.item))
        if not listed:
            causes.append(Cause("missing", self.item))
        return dose_causes(self.item, causes)

    def contradicted(self, case: Case, course: Course, code: Coded, span: Span) -> bool:
        for absence in (*case.facts.absences(self.item), *case.facts.denials("medications", code)):
            covered = case.absent(absence)
            in_window = covered.first <= span.end_lo and covered.last >= span.start_hi
            if in_window and course.days.first_hi <= covered.last and course.days.last_lo >= covered.first:
                return True
        return False


def in_whole_numbers(courses: Sequence[Course]) -> tuple[list[Course], int]:
    """The courses with their doses as so many parts of the unit, which add faster than fractions."""
    scale = lcm(*(end.denominator for course in courses for end in course.dose if end is not None))
    if scale == 1:
        return list(courses), 1
    found: list[Course] = []
    for course in courses:
        low, high = course.dose
        least = None if low is None else low.numerator * (scale // low.denominator)
        most = least
        if high is not low:
            most = None if high is None else high.numerator * (scale // high.denominator)
        found.append(course._replace(dose=Range(least, most)))
    return found, scale


def least_on(courses: Sequence[Course], day: int) -> int:
    """What is surely taken on a day, in parts of the unit: the least that the dates allow."""
    running = [one for one in courses if one.sure and one.days[1] <= day <= one.days[2]]
    if len(running) < 2:
        return sum((one.dose.low or 0).numerator for one in running)
    ending: dict[Coded | None, int] = {}
    starting: dict[Coded | None, int] = {}
    either: dict[Coded | None, list[int]] = {}
    total = 0
    changing: list[tuple[Course, bool, bool]] = []
    for one in running:
        first_lo, first_hi, last_lo, last_hi = one.days
        ends, starts = last_lo == day > first_lo, first_hi == day < last_hi
        if ends or starts:
            changing.append((one, ends, starts))
        else:
            total += (one.dose.low or 0).numerator
    apart = all(one.named for one, _, _ in changing)  # else all may be one drug
    for one, ends, starts in changing:
        drug, dose = one.drug if apart else None, (one.dose.low or 0).numerator
        if ends and starts:
            either.setdefault(drug, []).append(dose)
        else:
            side = ending if ends else starting
            side[drug] = side.get(drug, 0) + dose
    for drug in dict.fromkeys((*ending, *starting, *either)):
        total += _least_change(ending.get(drug, 0), starting.get(drug, 0), either.get(drug, ()))
    return total


def _least_change(ending: int, starting: int, either: Sequence[int]) -> int:
    """The higher of two sums, told those that may be part of the one or of the other."""
    if len(either) > 8:  # dates of months on both sides, nine times over: a bound will do
        return max(ending, starting, (ending + starting + sum(either)) // 2)
    sums = [(ending, starting)]
    for dose in either:
        sums = [pair for one, other in sums for pair in ((one + dose, other), (one, other + dose))]
    return min(max(pair) for pair in sums)


def most_on(courses: Sequence[Course], day: int) -> int | None:
    """What may at most be taken on a day, of what is recorded, in parts of the unit; None: no bound."""
    total = 0
    ending: dict[Coded, int] = {}
    starting: dict[Coded, int] = {}
    for one in courses:
        first_lo, first_hi, last_lo, last_hi = one.days
        if not first_lo <= day <= last_hi:
            continue
        if one.dose.high is None:
            return None
        dose = one.dose.high.numerator
        if one.named and last_lo == last_hi == day > first_hi:
            ending[one.drug] = ending.get(one.drug, 0) + dose
        elif one.named and first_lo == first_hi == day < last_lo:
            starting[one.drug] = starting.get(one.drug, 0) + dose
        else:
            total += dose
    for drug in dict.fromkeys((*ending, *starting)):
        total += max(ending.get(drug, 0), starting.get(drug, 0))
    return total


def dose_causes(item: str, causes: Iterable[Cause]) -> Causes:
    """One cause of the drug itself, the first that applies; those of a weight stand beside it."""
    listed = list(causes)
    own = [cause for cause in listed if cause.what == item]
    first = (min(own, key=lambda cause: RANKS[cause.kind]),) if own else ()
    return each_once((*first, *(cause for cause in listed if cause.what != item)))
