"""Existence: `has`, `had`, `received`, `underwent`, with attributes, durations, doses and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from protodsl import ir
from protodsl.interpret import doses
from protodsl.interpret.context import Context, as_of
from protodsl.interpret.courses import Course, courses
from protodsl.interpret.days import Span, moved, on, plus_days, shares_possibly, shares_surely
from protodsl.interpret.events import (
    Absence,
    Event,
    absences,
    absent_throughout,
    complete_throughout,
    days_without,
    events,
)
from protodsl.interpret.intervals import ANYTHING, compare, point
from protodsl.interpret.matching import Match, match, names_too, wholly_under
from protodsl.interpret.truth import Finding, first_that_applies, unknown
from protodsl.interpret.windows import up_to_now, window_days
from protodsl.runtime.record import FIRST_DAY, Condition, Days, Interval, Medication, Procedure
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.routes import route_named, spelt

SEVERITIES = ("mild", "moderate", "severe", "life_threatening")
OUTCOMES = {"refractory", "relapsed", "progressed", "responded"}
_ROMAN = {"0": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that may make the statement true. `sure`: in code, attributes and time. `why`: else, what
    leaves it open.
    """

    course: Course
    sure: bool
    why: tuple[Cause, ...]

    @property
    def event(self) -> Event:
        return self.course.event


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the record says for and against a statement."""

    found: tuple[Candidate, ...]  # the events that surely or possibly match
    uncontested: tuple[Candidate, ...]  # those that surely do, and that no absence contradicts
    against: tuple[Absence, ...]  # the absences that contradict one
    ruled_out: tuple[str, ...] | None  # by these absences (none: by completeness) there was no other
    covered: bool  # an absence or completeness covers the window, contradicted or not


def exists(ctx: Context, asked: ir.Exists) -> Finding:
    """“True when one record surely matches in code, attributes and time. False when no record may match
    and one single absence or completeness covers the whole window … Otherwise unknown.”
    """
    item = ctx.item(asked.item)
    span = window_days(ctx, asked.window, item)
    if isinstance(span, Cause):
        return unknown(span)
    if as_of(ctx) is None:
        return unknown(Cause("timepoint not dated", ctx.anchor_name))
    if asked.dose is not None:
        return _dosed(ctx, asked, asked.dose, item, span)
    weighed = weigh(ctx, asked, item, span)
    if often_surely(asked, weighed.uncontested):
        return Finding(True, (), evidence_of(weighed.uncontested))
    if weighed.ruled_out is not None and not often_possibly(asked, weighed.found):
        return Finding(False, (), weighed.ruled_out)
    return unknown(*why_open(asked, item, weighed), evidence=evidence_of(weighed.found))


def weigh(ctx: Context, asked: ir.Exists, item: ir.Item, span: Span) -> Weighed:
    found = candidates(ctx, asked, item, up_to_now(ctx, span))
    sure = [candidate for candidate in found if candidate.sure]
    told = absences(ctx, item.domain)
    against = [a for a in told if any(contradicts(ctx, a, item, c, span) for c in sure)]
    uncontested = [c for c in sure if not any(contradicts(ctx, a, item, c, span) for a in against)]
    if against:  # what is one with a course that is denied has only its own days
        uncontested = [c for c in uncontested if by_itself(asked, item, c.course, up_to_now(ctx, span))]
    return Weighed(
        tuple(found),
        tuple(uncontested),
        tuple(against),
        ruled_out_by(ctx, item, span, against),
        ruled_out_by(ctx, item, span, ()) is not None,
    )


def evidence_of(found: Sequence[Candidate]) -> tuple[str, ...]:
    return tuple(candidate.event.fact.where for candidate in found)


# ---------------------------------------------------------------- which facts match


def candidates(ctx: Context, asked: ir.Exists, item: ir.Item, span: Span) -> list[Candidate]:
    """The events that surely or possibly match in code, attributes and time."""
    judged = [(event, *suits(ctx, asked, item, event)) for event in events(ctx, item)]
    suiting = [(event, truth, why) for event, truth, why in judged if truth is not False]
    whole = courses(ctx, [(event, truth is True) for event, truth, _ in suiting])
    found = []
    for (_, truth, why), course in zip(suiting, whole, strict=True):
        timely, doubt = in_time(asked, item, course, span)
        if timely is not False:
            found.append(Candidate(course, truth is True and timely is True, (*why, *doubt)))
    return found


def suits(ctx: Context, asked: ir.Exists, item: ir.Item, event: Event) -> tuple[Truth, tuple[Cause, ...]]:
    """In code (exceptions taken out) and attributes, with why it is unknown."""
    excepted = max(
        (match(ctx.protocol, event.fact.code, ctx.item(name)) for name in asked.but_not), default=Match.NO
    )
    if excepted is Match.SURE:
        return False, ()
    why: list[Cause] = []
    if event.code is Match.OPEN:
        why.append(Cause("needs judgement", item.name))
    elif event.code is not Match.SURE or excepted is not Match.NO:
        why.append(Cause("imprecise", item.name))
    for test in asked.attributes:
        truth, kind = attribute(event, test)
        if truth is False:
            return False, ()
        if truth is None:
            why.append(Cause("missing" if kind == "missing" else "imprecise", item.name))
    return (None if why else True), tuple(why)


def attribute(event: Event, test: ir.AttributeTest) -> tuple[Truth, str]:
    """“An attribute not recorded (dose, grade, response, route) is unknown, not absent.”"""
    recorded = _recorded(event.fact, test.attribute)
    if recorded is None:
        return None, "missing"
    if test.attribute == "side":
        known = recorded in ("left", "right", "both")
        return (recorded in (test.value, "both") if known else None), "imprecise"
    if test.attribute == "response" and {recorded, test.value} <= OUTCOMES:
        return outcome(recorded, test.value), "imprecise"
    if test.attribute in ("route", "reason") and spelt(recorded) == spelt(test.value):
        return True, ""
    if test.attribute == "route":
        routes = {route_named(recorded), route_named(test.value)}
        return (None if None in routes else len(routes) == 1), "imprecise"
    if test.attribute == "reason":  # “told in anybody's words: other words leave it open”
        return None, "imprecise"
    if test.attribute == "response":
        return _word(recorded) == _word(test.value), ""
    mine, limit = scale(test.attribute, recorded), scale(test.attribute, test.value)
    if test.attribute == "stage" and mine is not None and limit is not None:
        if limit.denominator == 1:  # “IIIA is one of III”
            mine = Fraction(int(mine))
        elif mine == int(limit):  # III may be IIIA
            return None, "imprecise"
    if mine is None or limit is None:
        same = test.op in ("=", "<=", ">=") and _word(recorded) == _word(test.value)
        return (True if same else None), "imprecise"
    return compare(point(mine), test.op, point(limit)), ""


def outcome(recorded: str, asked: str) -> Truth:
    """“Who relapsed had responded; of refractory, relapsed and progressed one recorded leaves the others
    open, as does a response a later relapse or progression.”
    """
    if recorded == asked or (recorded, asked) == ("relapsed", "responded"):
        return True
    if (recorded, asked) == ("responded", "refractory"):
        return False
    return False if (recorded, asked) == ("refractory", "responded") else None


def _recorded(fact: object, name: str) -> str | None:
    match fact, name:
        case ((Condition() | Procedure()), "side"):
            return fact.side
        case Condition(), "severity":
            return fact.severity
        case Condition(), "grade":
            return None if fact.grade is None else str(fact.grade)
        case Condition(), "stage":
            return fact.stage
        case Medication(), "route":
            return fact.route
        case Medication(), "response":
            return fact.response
        case Medication(), "reason":
            return fact.reason_stopped
    return None


def _word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


def scale(name: str, word: str) -> Fraction | None:
    """Where a word stands on its ordinal scale: severities in order, grades as numbers, stages I, II,
    IIIA, IV.
    """
    if name == "severity":
        return Fraction(SEVERITIES.index(_word(word))) if _word(word) in SEVERITIES else None
    if name == "grade":
        return Fraction(word) if word.isdecimal() else None
    found = re.fullmatch(r"(?:stage\s*)?(0|[1-5]|i{1,3}|iv|v)([a-d]?)", word.strip().lower())
    if found is None:
        return None
    number = int(found[1]) if found[1].isdecimal() else _ROMAN[found[1]]
    return number + Fraction(" abcd".index(found[2] or " "), 10)


def in_time(asked: ir.Exists, item: ir.Item, course: Course, span: Span) -> tuple[Truth, tuple[Cause, ...]]:
    """In the window, and long enough. `started` and `diagnosed` “ask for the first day”."""
    start, end = (course.start, course.start) if asked.first_day else (course.start, course.end)
    own = course.event.start if asked.first_day else course.event.end
    if not shares_possibly(start, end, span) or not shares_possibly(course.event.start, own, span):
        return False, ()
    sure = shares_surely(start, end, span)
    if asked.lasting is not None:
        long_enough = lasts(course.start, course.end, span, *asked.lasting)
        if long_enough is False:
            return False, ()
        sure = sure and long_enough is True
    return (True, ()) if sure else (None, (Cause("imprecise", item.name),))


def by_itself(asked: ir.Exists, item: ir.Item, course: Course, span: Span) -> bool:
    """Whether an event is in time by its own days, surely, whatever it may be one with."""
    start = Days(course.start.first, course.event.start.last)
    end = Days(course.event.end.first, course.end.last)
    return in_time(asked, item, replace(course, start=start, end=end), span)[0] is True


def lasts(first: Days, last: Days, span: Span, op: ir.Op, by: ir.Length) -> Truth:
    """“A duration is at least d when first day ≤ (day after the last, at most after the anchor) − d.”"""
    after = Days(
        plus_days(min(last.first, span.end.first), 1),
        plus_days(min(last.last, span.end.last), 1),
    )
    latest_start = Interval(moved(after.first, -1, by), moved(after.last, -1, by))
    return compare(latest_start, op, Interval(first.first, first.last))


# ---------------------------------------------------------------- how often


def often_surely(asked: ir.Exists, sure: Sequence[Candidate]) -> bool:
    """That many events which are surely distinct: courses that may be one are counted once, from when the
    first of them began.
    """
    if asked.lines:
        return max(len(lines_of(sure)), 1 if sure else 0) >= asked.least
    listed = sorted(
        (each.course for each in sure), key=lambda one: (one.start.last, one.start.first), reverse=True
    )
    distinct = {course.outer: course.start for course in listed}
    return often(list(distinct.values()), asked.spaced, surely=True) >= asked.least


def often_possibly(asked: ir.Exists, found: Sequence[Candidate]) -> bool:
    """That many events which may be distinct: courses that are surely one are counted once."""
    if asked.lines:
        return len(lines_of(found)) + len(without_line(found)) >= asked.least
    distinct = {candidate.course.inner: candidate.course.start for candidate in reversed(found)}
    return often(list(distinct.values()), asked.spaced, surely=False) >= asked.least


def lines_of(found: Sequence[Candidate]) -> set[int]:
    """The different lines of treatment that are recorded."""
    facts = (candidate.event.fact for candidate in found)
    return {fact.line for fact in facts if isinstance(fact, Medication) and fact.line is not None}


def without_line(found: Sequence[Candidate]) -> list[Candidate]:
    """Those whose line is not recorded: each may be one of the others', or one of its own."""
    return [c for c in found if isinstance(c.event.fact, Medication) and c.event.fact.line is None]


def often(days: Sequence[Days], spaced: ir.Length | None, *, surely: bool) -> int:
    return len(days) if spaced is None else longest_chain(days, spaced, surely=surely)


def longest_chain(days: Sequence[Days], spaced: ir.Length, *, surely: bool) -> int:
    """“each earlier than the next by d or more”. Surely: whatever the partial dates are. Possibly: at
    most one more for each date that is not whole.
    """
    whole = [day for day in days if surely or day.first == day.last]
    count, before = 0, None
    for day in sorted(whole, key=lambda day: (day.last, day.first)):
        if before is None or moved(day.first, -1, spaced) >= before:
            count, before = count + 1, day.last
    return count + len(days) - len(whole)


# ---------------------------------------------------------------- what rules it out, and what leaves it open


def contradicts(ctx: Context, absence: Absence, item: ir.Item, candidate: Candidate, span: Span) -> bool:
    """“A fact that would make a statement true and an absence that surely covers a shared day make it
    `conflicting`.” The absence is of what is recorded, or of all that is asked about.
    """
    event = candidate.event
    return (
        (
            wholly_under(ctx.protocol, item, absence.fact.code)
            or names_too(ctx.protocol, absence.fact.code, event.fact.code)
        )
        and shares_surely(event.start, event.end, absence.span)
        and shares_surely(absence.span.start, absence.span.end, span)
    )


def ruled_out_by(
    ctx: Context, item: ir.Item, span: Span, against: Sequence[Absence]
) -> tuple[str, ...] | None:
    """“Completeness decides existence and counts”; an absence that no fact contradicts decides that there was
    none.
    """
    contradicted = tuple(absence.fact for absence in against)
    absent = absent_throughout(ctx, item, span, contradicted)
    if absent is not None:
        return absent
    return () if complete_throughout(ctx, item.domain, span) else None


def why_open(asked: ir.Exists, item: ir.Item, weighed: Weighed) -> tuple[Cause, ...]:
    """“one cause, the first that applies”."""
    sure = [candidate for candidate in weighed.found if candidate.sure]
    told = [(cause,) for candidate in weighed.found if not candidate.sure for cause in candidate.why]
    if not weighed.covered and not often_surely(asked, sure):
        told.append((Cause("missing", item.name),))
    if asked.lines and asked.least > 1 and without_line(weighed.found):
        told.append((Cause("missing", item.name),))
    if weighed.against:
        told.append((Cause("conflicting", item.name),))
    if not told:  # sure ones, yet too few of them
        told.append((Cause("imprecise" if weighed.covered else "missing", item.name),))
    return first_that_applies(*told)


# ---------------------------------------------------------------- a dose for a period


def _dosed(ctx: Context, asked: ir.Exists, dose: ir.Dose, item: ir.Item, span: Span) -> Finding:
    """A period of days, each with a daily dose that satisfies the test, that is long enough up to the
    window's end. An absence over the whole window rules out what is not recorded as completeness does, if a
    day without the drug does not pass and no course contradicts it.
    """
    number = ir.DoseOf(item.name, dose.equivalence, asked.window, dose.unit, dose.per)
    ever = span._replace(
        start=on(FIRST_DAY), filled=True
    )  # a period that reaches into the window may begin before it
    courses = doses.running_courses(ctx, number, asked, ever)
    near = [each for each in courses if shares_possibly(each.event.start, each.event.end, span)]
    absent: tuple[str, ...] = ()
    if not compare(point(0), dose.op, point(dose.amount)):
        absent = absent_throughout(ctx, item, span) or ()
    denied = any((Cause("conflicting", item.name),) in each.causes for each in near)
    vouched = None if denied or not absent else days_without(ctx, item, span)
    stretches = doses.daily(ctx, number, asked, ever, vouched)
    tests = [compare(each.amount.interval or ANYTHING, dose.op, point(dose.amount)) for each in stretches]
    surely = doses.runs([s.days for s, truth in zip(stretches, tests, strict=True) if truth is True])
    possibly = doses.runs([s.days for s, truth in zip(stretches, tests, strict=True) if truth is not False])
    passing = [run for run in surely if _period(asked, *_around(run, possibly), span) is True]
    if passing:
        return Finding(True, (), tuple(course.event.fact.where for course in taken(courses, passing)))
    complete = complete_throughout(ctx, item.domain, span)
    if (complete or vouched) and all(_period(asked, *_within(r, surely), span) is False for r in possibly):
        return Finding(False, (), absent if vouched else ())
    open_ = [causes for course in near for causes in course.causes]
    if not complete and not absent:
        open_.append((Cause("missing", item.name),))
    evidence = tuple(course.event.fact.where for course in near)
    return unknown(*doses.one_and_body(number, open_), evidence=evidence)


def taken(courses: Sequence[doses.Running], periods: Sequence[Days]) -> list[doses.Running]:
    """The courses that may have run on a day of these periods."""
    return [
        course
        for course in courses
        if any(
            course.event.start.first <= period.last and course.event.end.last >= period.first
            for period in periods
        )
    ]


def _within(run: Days, surely: Sequence[Days]) -> tuple[Days, Days]:
    """First and last day of a period that lies somewhere in `run`, or is the whole of it, if that is sure."""
    return (on(run.first), on(run.last)) if run in surely else (run, run)


def _around(run: Days, outer: Sequence[Days]) -> tuple[Days, Days]:
    """First and last day of a period that is sure on `run` and may be as long as the run around it."""
    whole = next(each for each in outer if each.first <= run.first and run.last <= each.last)
    return Days(whole.first, run.first), Days(run.last, whole.last)


def _period(asked: ir.Exists, start: Days, end: Days, span: Span) -> Truth:
    """Is the period in the window and long enough?"""
    if not shares_possibly(start, end, span):
        return False
    long_enough = lasts(start, end, span, *asked.lasting) if asked.lasting is not None else True
    return long_enough if long_enough is not True or shares_surely(start, end, span) else None
