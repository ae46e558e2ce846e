"""One participant's record, each fact filed under what it speaks of, and what the criteria ask of it.

Plain Python as a careful statistician writes it who needs the same three values: partial dates, censored
results, limits of the result itself, units with amounts of substance, absences and completeness, codes that
are broader than what is asked, the latest result and its ties, answers and who gave them. No reasons, no
evidence, no dates of cure, no messages for records that are wrong.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from by_hand_codes import MAY, SURE, UNCODED, Code, Codes
from by_hand_values import (
    FIRST,
    LABS,
    MG_PER_DAY,
    PREDNISONE,
    WORDS,
    D,
    Number,
    Truth,
    compare,
    completed_years,
    days,
    months_before,
    negate,
    round_9,
    value_of,
)


class Result(NamedTuple):
    value: Number | str
    unit: str | None
    uln: Decimal | None
    first: int
    last: int
    time: str | None
    sure: bool
    confirmed: bool


Days = tuple[int, int, int, int]


class Event(NamedTuple):
    """A condition, course or procedure. `days`: those its first, and those its last day may be."""

    days: Days
    fit: int
    codes: tuple[Code, ...]
    drug: str | tuple[Code, ...] | None  # the one term it surely is, else its codes; None: one of several
    fact: dict[str, Any]


def codes_of(fact: dict[str, Any]) -> tuple[Code, ...]:
    code = fact["code"]
    if code is None:
        return UNCODED
    if isinstance(code, str):
        return ((None, code.strip()),)
    listed = code if isinstance(code, list) else [code]
    return tuple((one["system"].strip().lower(), one["code"].strip()) for one in listed)


def exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


class Participant:
    """A record, each fact filed under what it speaks of."""

    def __init__(self, record: dict[str, Any], codes: Codes) -> None:
        self.codes = codes
        self.sex = record.get("sex")
        born = record.get("birth_date")
        self.born = None if born is None else days(born)
        points = {
            name: None if day is None else days(day)[0] for name, day in record.get("timepoints", {}).items()
        }
        self.screening = points.get("screening")
        self.enrollment = points.get("enrollment")
        self.infusion = points.get("infusion")
        for earlier, later in (
            *(("consent", "screening"), ("screening", "enrollment"), ("consent", "baseline")),
            ("enrollment", "infusion"),
        ):
            before, after = points.get(earlier), points.get(later)
            if before is not None and after is not None and after < before:
                raise ValueError(f"{later} lies before {earlier}")
        stated = record.get("as_of")
        self.stated = stated is not None
        self.as_of = self.enrollment if stated is None else days(stated)[0]
        self.complete: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.results: dict[str, list[Result]] = defaultdict(list)
        self.events: dict[str, list[Event]] = defaultdict(list)
        self.absences: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.absent_codes: list[tuple[str, tuple[Code, ...], tuple[int, int]]] = []
        self.answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
        if self.as_of is None:
            return
        for entry in record.get("complete", ()):
            self.file_complete(entry if isinstance(entry, dict) else {"domain": entry}, self.as_of)
        for fact in record.get("results", ()):
            self.file_result(fact, self.as_of)
        for domain, first in (("conditions", "onset"), ("medications", "start"), ("procedures", "date")):
            for fact in record.get(domain, ()):
                if fact.get("present", True):
                    self.file_event(fact, domain, first, self.as_of)
                else:
                    self.file_absence(fact, domain, self.as_of)
        for fact in record.get("answers", ()):
            self.answers[fact["question"].strip()].append(fact)

    # ------------------------------------------------------------ filing

    def file_complete(self, entry: dict[str, Any], as_of: int) -> None:
        since, until = entry.get("since"), entry.get("until")
        first = FIRST if since is None else days(since)[1]
        last = as_of if until is None else min(days(until)[0], as_of)
        self.complete[entry["domain"]].append((first, last))

    def file_result(self, fact: dict[str, Any], as_of: int) -> None:
        when = fact.get("date")
        time = fact.get("time")
        first, last = FIRST, as_of
        if when is not None:
            first, last = days(when)
            if time is None and len(when) > 10:
                time = when[11:16]
        if first > as_of:
            return  # only planned
        if self.stated and last > as_of:
            last = as_of
        speaks = [one for one in self.codes.speaks_of(codes_of(fact), "results") if one[1] >= MAY]
        if not speaks:
            return
        value, uln, confirmed = value_of(fact["value"]), exact(fact.get("uln")), bool(fact.get("confirmed"))
        unit = (fact.get("unit") or "").strip() or None
        for name, fit in speaks:
            self.results[name].append(Result(value, unit, uln, first, last, time, fit == SURE, confirmed))

    def file_event(self, fact: dict[str, Any], domain: str, first_key: str, as_of: int) -> None:
        codes = codes_of(fact)
        speaks = self.codes.speaks_of(codes, domain)
        if not speaks:
            return
        begun, end = fact.get(first_key), fact.get("end")
        first_lo, first_hi = (FIRST, as_of) if begun is None else days(begun)
        if first_lo > as_of:
            return  # only planned
        if self.stated:
            first_hi = min(first_hi, as_of)
        onset = first_lo, first_hi
        if end is not None:
            last_lo, last_hi = days(end)
            if first_lo <= last_hi:  # nothing begins after its end
                first_hi, last_lo = min(first_hi, last_hi), max(last_lo, first_lo)
        elif domain == "procedures" and "end" not in fact:
            last_lo, last_hi = first_lo, first_hi
        elif domain == "medications" and "end" not in fact:
            last_lo, last_hi = first_lo, as_of
        else:
            last_lo, last_hi = as_of, as_of
        last_lo, last_hi = min(last_lo, as_of), min(last_hi, as_of)
        suspected = bool(fact.get("suspected"))
        drug = self.codes.drug(codes) if domain == "medications" and not suspected else None
        brief = domain == "conditions" and not suspected and self.codes.acute(codes)
        for name, fit in speaks:
            if suspected:
                fit = min(fit, MAY)
            lasted = first_lo, first_hi, last_lo, last_hi
            if brief:  # the day of its onset alone counts, however it ended
                lasted = *onset, first_lo, min(onset[1], as_of)
            event = Event(lasted, fit, codes, drug, fact)
            if event not in self.events[name]:
                self.events[name].append(event)

    def file_absence(self, fact: dict[str, Any], domain: str, as_of: int) -> None:
        since, until = fact.get("from"), fact.get("date")
        first = FIRST if since is None else days(since)[1]
        last = as_of if until is None else min(days(until)[0], as_of)
        codes = codes_of(fact)
        self.absent_codes.append((domain, codes, (first, last)))
        for name in self.codes.denies(codes, domain):
            self.absences[name].append((first, last))

    # ------------------------------------------------------------ the latest result

    def latest(
        self, name: str, since: int | None, test: Callable[[Result], Truth], until: int | None = None
    ) -> Truth:
        """Whether the latest result from `since` to enrollment passes; None also where it may be another."""
        if self.enrollment is None or self.as_of is None or since is None:
            return None
        return decided(self.results.get(name, ()), since, min(self.enrollment, self.as_of), test)

    def recent(self, name: str, op: str, limit: int | str, *, times_uln: bool = False) -> Truth:
        """The latest result of the 28 days before enrollment against a limit or a multiple of its ULN."""
        return self.latest(name, self.days_before(28), limited(name, op, D(limit), times_uln))

    def word(self, name: str, words: tuple[str, ...], *, ever: bool = False) -> Truth:
        def test(result: Result) -> Truth:
            return result.value in words if result.value in WORDS[name] else None

        return self.latest(name, FIRST if ever else self.days_before(28), test)

    def days_before(self, count: int) -> int | None:
        return None if self.enrollment is None else max(self.enrollment - count, FIRST)

    # ------------------------------------------------------------ formulas

    def creatinine_clearance(self) -> Truth:
        """Cockcroft-Gault of at least 60 mL/min, by the latest creatinine of the 28 days to enrollment."""
        return self.latest("creatinine", self.days_before(28), self.cleared)

    def cleared(self, creatinine: Result) -> Truth:
        value = measured("creatinine", creatinine)
        if self.born is None or value is None:
            return None
        youngest = completed_years(self.born[1], creatinine.first)
        oldest = completed_years(self.born[0], creatinine.last)
        weight = self.weight(max(creatinine.first - 30, FIRST), creatinine.last, creatinine)
        if youngest < 18 or weight is None or value.low is None or value.low <= 0:
            return None
        factors = {"female": (D("0.85"), D("0.85")), "male": (D(1), D(1))}
        low_factor, high_factor = factors.get(self.sex or "", (D("0.85"), D(1)))
        ages = (140 - oldest, 140 - youngest)
        corners = [
            age * kilos / (72 * mg) for age in ages for kilos in weight for mg in (value.low, value.high)
        ]
        clearances = [round_9(corner * factor) for corner in corners for factor in (low_factor, high_factor)]
        if min(clearances) >= 60:
            return True
        return False if max(clearances) < 60 else None

    def weight(self, since: int, until: int, lead: Result | None = None) -> tuple[Decimal, Decimal] | None:
        """The latest body weight, as a range; None where it is not known."""
        first_hi, last_lo = since, until
        if lead is not None:
            first_hi, last_lo = max(lead.last - 30, FIRST), lead.first
        chosen = may_be_latest(self.results.get("body_weight", ()), since, until, first_hi, last_lo)
        numbers = [measured("body_weight", result) for result, _ in chosen]
        if not any(counts for _, counts in chosen):
            return None
        lows = [number.low for number in numbers if number is not None and number.low is not None]
        highs = [number.high for number in numbers if number is not None and number.high is not None]
        if len(lows) < len(numbers) or len(highs) < len(numbers):
            return None
        return min(lows), max(highs)

    def glucocorticoid(self) -> Truth:
        """At least 1 mg of prednisone or its equivalent per kg and day, on any day up to enrollment."""
        if self.enrollment is None or self.as_of is None:
            return None
        end = self.enrollment
        courses = [event for event in self.events.get("glucocorticoid", ()) if event.days[0] <= end]
        doses = [self.dose(event) for event in courses]
        sure = [
            (event, low)
            for event, (low, _) in zip(courses, doses, strict=True)
            if event.fit == SURE and not self.denied(event, FIRST, end)
        ]
        last = min(end, self.as_of)
        starts = {min(max(event.days[1] + step, FIRST), last) for event, _ in sure for step in (0, 1)}
        if any(total_surely(sure, day) >= 1 for day in starts):
            return True
        if not self.listed("medications", FIRST, end):
            return None
        if any(high is None for _, high in doses):
            return None
        possible = [(event, high or D(0)) for event, (_, high) in zip(courses, doses, strict=True)]
        starts = {min(max(event.days[0] + step, FIRST), last) for event in courses for step in (0, 1)}
        return False if all(total_possibly(possible, day) < 1 for day in starts) else None

    def dose(self, event: Event) -> tuple[Decimal, Decimal | None]:
        """The course's dose in mg/kg/d of prednisone: at least, and at most (None: no bound is known)."""
        unknown = (D(0), None)
        fact = event.fact
        unit = (fact.get("unit") or "").strip()
        per = fact.get("per")
        if "/kg" in unit:
            unit, per = unit.replace("/kg", "", 1), per or "kg"
        drugs = {PREDNISONE[name] for name in PREDNISONE if self.codes.fit(event.codes, name) == SURE}
        equal = {prednisone / drug for prednisone, drug in drugs}
        if fact.get("suspected") or fact.get("dose") is None or unit not in MG_PER_DAY or len(equal) != 1:
            return unknown
        dose = value_of(fact["dose"])
        assert isinstance(dose, Number)
        factor = MG_PER_DAY[unit] * equal.pop()
        low = D(0) if dose.low is None else dose.low * factor
        high = None if dose.high is None else dose.high * factor
        if per == "kg":
            return low, high
        if per is not None or self.enrollment is None or self.as_of is None:
            return unknown  # of m2: this trial's records have none
        weight = self.weight(FIRST, min(self.enrollment, self.as_of))
        if weight is None or weight[0] <= 0:
            return unknown
        return low / weight[1], None if high is None else high / weight[0]

    def adult(self) -> Truth:
        if self.born is None or self.screening is None:
            return None
        if completed_years(self.born[1], self.screening) >= 18:
            return True
        return None if completed_years(self.born[0], self.screening) >= 18 else False

    # ------------------------------------------------------------ events

    def happened(
        self,
        name: str,
        since: int | None,
        until: int | None,
        *,
        since_at_most: int | None = None,
        but_not: tuple[str, ...] = (),
        severe: bool = False,
        intolerant: bool = False,
        started: bool = False,
        three_months: bool = False,
    ) -> Truth:
        """Whether it surely did in the window; False where something says that it did not.

        `since_at_most`: the last day the window may begin on, where that is not known.
        """
        as_of = self.as_of
        if since is None or until is None or as_of is None:
            return None
        begin = since if since_at_most is None else since_at_most
        domain = self.codes.terms[name].domain
        last_day = min(until, as_of)
        maybe = False
        sure: list[tuple[Event, Days]] = []
        events = self.events.get(name, ()) if since <= until else ()
        if events and (but_not or severe or intolerant):
            events = [one for event in events if (one := self.asked(event, but_not, severe, intolerant))]
        courses: list[Days] | None = None
        for index, event in enumerate(events):
            first_lo, first_hi, last_lo, last_hi = event.days
            if first_lo > last_day or last_hi < since:
                continue
            inside = first_hi <= last_day and last_lo >= begin
            if started or three_months or not inside or self.absent_codes:  # its course may be longer
                if courses is None:
                    courses = self.courses(events, domain)
                if started or three_months or not inside:
                    first_lo, first_hi, last_lo, last_hi = courses[index]
                if started:
                    last_lo, last_hi = first_lo, first_hi
                    if last_hi < since:
                        continue
                inside = first_hi <= last_day and last_lo >= begin
            if three_months:
                if first_lo > months_before(min(last_hi, until) + 1, 3):
                    continue
                inside = inside and first_hi <= months_before(min(last_lo, until) + 1, 3)
            if event.fit != SURE or not inside:
                maybe = True
            elif not self.absent_codes:
                return True
            else:
                sure.append((event, courses[index] if courses else event.days))
        contradicted = [event for event, _ in sure if self.denied(event, begin, until, name)]
        for event, course in sure:
            if not contradicted:
                return True
            if event in contradicted:
                continue
            first_hi, last_lo = event.days[1], event.days[2]  # by its own days: the rest may be denied
            over = course[0] if started else last_lo
            if first_hi > last_day or over < begin:
                continue
            if not three_months or first_hi <= months_before(min(last_lo, until) + 1, 3):
                return True
        if maybe or sure:
            return None
        return False if self.listed(domain, since, until) or self.absent(name, since, until) else None

    def asked(self, event: Event, but_not: tuple[str, ...], severe: bool, intolerant: bool) -> Event | None:
        """The event, unsure where it may be excepted or lacks what is asked; None where it is not the one."""
        fit = event.fit
        for other in but_not:
            excepted = self.codes.fit(event.codes, other)
            if event.fact.get("suspected"):
                excepted = min(excepted, MAY)
            if excepted == SURE:
                return None
            if excepted:
                fit = min(fit, MAY)
        if severe:
            severity = event.fact.get("severity")
            if severity in ("mild", "moderate"):
                return None
            fit = fit if severity else min(fit, MAY)
        if intolerant:
            response = event.fact.get("response")
            if response not in (None, "intolerant"):
                return None
            fit = fit if response else min(fit, MAY)
        return event if fit == event.fit else event._replace(fit=fit)

    def courses(self, events: list[Event], domain: str) -> list[Days]:
        """For each event the course it is part of: those of one drug that touch or overlap are one."""
        found = []
        for event in events:
            if domain != "medications" or len(events) < 2:
                found.append(event.days)
                continue
            known = isinstance(event.drug, str)
            may = [
                other
                for other in events
                if other.drug == event.drug or not (known and isinstance(other.drug, str))
            ]
            first_lo, first_hi, last_lo, last_hi = event.days
            grown = True
            while grown:
                reach = [
                    one.days for one in may if one.days[0] <= last_hi + 1 and one.days[3] >= first_lo - 1
                ]
                there = (
                    min([first_lo, *(one[0] for one in reach)]),
                    max([last_hi, *(one[3] for one in reach)]),
                )
                grown = there != (first_lo, last_hi)
                first_lo, last_hi = there
            joined = [event.days]
            left = []
            if event.drug is not None:
                same = [other for other in events if other.drug == event.drug and other is not event]
                left = [other.days for other in same if other.fit == SURE]
            grown = True
            while grown and left:
                near = [
                    one
                    for one in left
                    if any(one[1] <= other[2] + 1 and other[1] <= one[2] + 1 for other in joined)
                ]
                joined += near
                left = [one for one in left if one not in near]
                grown = bool(near)
            first_hi = min(one[1] for one in joined)
            last_lo = max(one[2] for one in joined)
            found.append((first_lo, first_hi, last_lo, last_hi))
        return found

    def listed(self, domain: str, first: int, last: int) -> bool:
        """Whether one declaration of completeness covers these days."""
        return any(since <= first and last <= until for since, until in self.complete.get(domain, ()))

    def absent(self, name: str, first: int, last: int) -> bool:
        """Whether an absence covers these days: its own, or of a class that is listed whole those of all."""
        if any(since <= first and last <= until for since, until in self.absences.get(name, ())):
            return True
        term = self.codes.terms[name]
        if not term.is_class or not term.members or self.codes.open[name]:
            return False
        return all(self.absent(member, first, last) for member in term.members)

    def denied(self, event: Event, first: int, last: int, name: str | None = None) -> bool:
        """Whether an absence of its code, or of the term, covers a day it surely has, and of the window."""
        absences = list(self.absences.get(name or "", ()))
        for _, codes, covered in self.absent_codes:
            if self.codes.denies_code(codes, event.codes):
                absences.append(covered)
        return any(
            max(since, first) <= min(until, last) and event.days[1] <= until and event.days[2] >= since
            for since, until in absences
        )

    def female(self) -> Truth:
        return self.sex == "female" if self.sex in ("female", "male") else None

    def male(self) -> Truth:
        return negate(self.female())

    def now(self, name: str, **asked: Any) -> Truth:
        return self.happened(name, self.enrollment, self.enrollment, **asked)

    def ever(self, name: str, **asked: Any) -> Truth:
        return self.happened(name, FIRST, self.enrollment, **asked)

    # ------------------------------------------------------------ persons

    def says(self, question: str, *roles: str) -> Truth:
        """The latest answer up to enrollment by one of these roles."""
        answers = self.answers.get(question)
        if not answers or self.enrollment is None or self.as_of is None:
            return None
        limit = min(self.enrollment, self.as_of)
        found = []
        for answer in answers:
            when = answer.get("date")
            first, last = (FIRST, self.as_of) if when is None else days(when)
            if self.stated:
                last = min(last, self.as_of)
            role = answer.get("role") or answer.get("by")
            if role is not None:
                role = role.strip().lower().replace("-", " ").replace(" ", "_")
            if first > limit or answer.get("stage") not in (None, "enrollment") or role not in (None, *roles):
                continue
            found.append((first, last, last <= limit and role is not None, answer["answer"]))
        newest = max((first for first, _, counts, _ in found if counts), default=None)
        if newest is None:
            return None
        said = {answer for _, last, _, answer in found if last >= newest}
        return said.pop() if len(said) == 1 else None

    def investigator(self, words: str) -> Truth:
        return self.says(words, "investigator")


# ---------------------------------------------------------------- results


Chosen = list[tuple[Result, bool]]


def may_be_latest(
    results: Iterable[Result],
    since: int,
    until: int,
    since_hi: int | None = None,
    until_lo: int | None = None,
) -> Chosen:
    """Results of the window of which each may be the latest, and whether they surely lie in it."""
    begin = since if since_hi is None else since_hi
    end = until if until_lo is None else until_lo
    inside = [
        (one, one.sure and one.first >= begin and one.last <= end)
        for one in results
        if one.last >= since and one.first <= until
    ]
    if len(inside) < 2:
        return inside
    counting = [one for one, counts in inside if counts]
    return [pair for pair in inside if not any(later(other, pair[0]) for other in counting)]


def later(one: Result, other: Result) -> bool:
    if one.first > other.last:
        return True
    same = one.first == one.last == other.first == other.last
    return same and one.time is not None and other.time is not None and one.time > other.time


def decided(results: Iterable[Result], since: int, until: int, test: Callable[[Result], Truth]) -> Truth:
    chosen = may_be_latest(results, since, until)
    if not any(counts for _, counts in chosen):
        return None
    truths = {test(result) for result, _ in chosen}
    return truths.pop() if len(truths) == 1 else None


def measured(name: str, result: Result) -> Number | None:
    """The value in the laboratory value's own unit, within its range; None where it cannot be used."""
    lab, value = LABS[name], result.value
    if isinstance(value, str):
        if value != "not_detected" or lab.detected_from is None:
            return None
        return Number(D(0), lab.detected_from, high_open=True)
    factor = lab.units.get(result.unit) if result.unit is not None else D(1) if lab.unitless else None
    if factor is None:
        return None
    low, high, low_open, high_open = value
    point = low is not None and low == high
    low = None if low is None else low * factor
    high = None if high is None else high * factor
    if lab.plausible is not None and not result.confirmed:
        least, most = lab.plausible
        if (high is not None and high < least) or (low is not None and low > most):
            return None
    if lab.lowest is not None and (low is None or low < lab.lowest):
        low, low_open = lab.lowest, False
    if lab.highest is not None and (high is None or high > lab.highest):
        high, high_open = lab.highest, False
    if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
        return None
    return None if point and low != high else Number(low, high, low_open, high_open)


def limited(name: str, op: str, limit: Decimal, times_uln: bool) -> Callable[[Result], Truth]:
    def test(result: Result) -> Truth:
        value = measured(name, result)
        if value is None:
            return None
        if not times_uln:
            return compare(value, op, limit)
        if result.uln is None:
            return None
        factor = LABS[name].units[result.unit] if result.unit is not None else D(1)
        return compare(value, op, limit * result.uln * factor)

    return test


# ---------------------------------------------------------------- doses


Dosed = tuple[Event, Decimal]


def total_surely(courses: list[Dosed], day: int) -> Decimal:
    """What is surely taken on a day, the least that the dates allow; where a drug changes from one course to
    the next, the higher counts.
    """
    running = [one for one in courses if one[0].days[1] <= day <= one[0].days[2]]
    if len(running) < 2:
        return sum((dose for _, dose in running), D(0))
    whole = D(0)
    changing = []
    for event, dose in running:
        first_lo, first_hi, last_lo, last_hi = event.days
        stops, begins = last_lo == day > first_lo, first_hi == day < last_hi
        if stops or begins:
            changing.append((event.drug, dose, stops, begins))
        else:
            whole += dose
    apart = all(isinstance(drug, str) for drug, _, _, _ in changing)  # else they may be one drug
    for this in {drug if apart else None for drug, _, _, _ in changing}:
        sums = [(D(0), D(0))]
        for drug, dose, stops, begins in changing:
            if apart and drug != this:
                continue
            ending = [(one + dose, other) for one, other in sums] if stops else []
            starting = [(one, other + dose) for one, other in sums] if begins else []
            sums = [*ending, *starting]
        whole += min(max(pair) for pair in sums)
    return whole


def total_possibly(courses: list[Dosed], day: int) -> Decimal:
    """What may at most be taken on a day."""
    whole = D(0)
    changing: dict[Any, list[Decimal]] = {}
    for event, dose in courses:
        first_lo, first_hi, last_lo, last_hi = event.days
        if not first_lo <= day <= last_hi:
            continue
        stops = last_lo == last_hi == day > first_hi
        begins = first_lo == first_hi == day < last_lo
        if isinstance(event.drug, str) and (stops or begins):
            changing.setdefault(event.drug, [D(0), D(0)])[stops] += dose
        else:
            whole += dose
    return whole + sum((max(pair) for pair in changing.values()), D(0))
