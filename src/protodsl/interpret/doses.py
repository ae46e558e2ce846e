"""Daily doses: sums of courses, dose equivalents, doses per body weight or surface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import assert_never

from protodsl import ir
from protodsl.interpret import selection
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context, as_of
from protodsl.interpret.courses import drug_of
from protodsl.interpret.days import Span, covers, on, shares_possibly, shares_surely
from protodsl.interpret.events import Event, absences, complete_throughout, events
from protodsl.interpret.intervals import NotComputable, divide, multiply, point, times
from protodsl.interpret.matching import Match, match, names_too, wholly_under
from protodsl.interpret.truth import first_that_applies, once
from protodsl.interpret.windows import up_to_now, window_days
from protodsl.runtime.record import FIRST_DAY, Coded, Days, Exact, Interval, Medication
from protodsl.runtime.report import Cause
from protodsl.runtime.units import factor, parse_unit, per_body

SOME_DOSE = Interval(0, None)
BODY_WEIGHT = "body_weight"
BODY_SURFACE = "body_surface_mosteller"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days on which the daily dose is the same."""

    days: Days
    amount: Amount


@dataclass(frozen=True, slots=True)
class Running:
    """A course with its daily dose. `sure`: it surely is of the drug asked for, and nothing contradicts
    it.
    """

    event: Event
    drug: str | Coded | None  # a drug of the vocabulary, a code it does not know, or any of several
    dose: Interval
    sure: bool
    causes: tuple[tuple[Cause, ...], ...]  # one for each thing that leaves it open


def dose_of(ctx: Context, asked: ir.DoseOf) -> Amount:
    """The dose in a window “is the highest such day, a lower bound unless medications are complete”; the
    lowest is the lowest of these days, the cumulative dose the sum of all of them.
    """
    window = window_days(ctx, asked.window, ctx.item(asked.item))
    if isinstance(window, Cause):
        return Amount(None, (window,))
    if as_of(ctx) is None:
        return Amount(None, (Cause("timepoint not dated", ctx.anchor_name),))
    span = up_to_now(ctx, window)
    stretches = daily(ctx, asked, None, span)
    surely = [s for s in stretches if max(s.days.first, span.start.last) <= min(s.days.last, span.end.first)]
    between = days_between(stretches, span, as_of(ctx) or window.end.last)
    possibly = [s for s in stretches if shares_possibly(on(s.days.first), on(s.days.last), span)]
    complete = complete_throughout(ctx, "medications", window)
    low: Exact
    high: Exact | None
    match asked.select:
        case "highest":
            low = max(map(least, surely), default=min(map(least, between), default=0))
            high = most_of(possibly, max, low) if complete else None
        case "lowest":
            spoken_of = bool(possibly) and window.end.last <= (as_of(ctx) or window.end.last)
            low = min(map(least, possibly)) if spoken_of else 0
            known = [most for s in surely if (most := most_in(s)) is not None]
            high = min(known) if complete and known else None
            if complete and between:
                high = most_of(between, max, 0)
        case "total":
            low = sum((least(s) * days_in(s, span.start.last, span.end.first) for s in surely), 0)
            high = None
            if complete and all(most_in(s) is not None for s in possibly):
                high = sum(
                    ((most_in(s) or 0) * days_in(s, span.start.first, span.end.last) for s in possibly), 0
                )
        case _:
            assert_never(asked.select)
    evidence = once(where for s in possibly for where in s.amount.evidence)
    if high == low:
        return Amount(point(low), (), evidence)
    told: list[tuple[Cause, ...]] = []
    for course in running_courses(ctx, asked, None, span):
        if shares_possibly(course.event.start, course.event.end, span):
            told += course.causes
            if not runs_on_a_day(course, span):
                told.append((Cause("imprecise", asked.item),))
    if not complete:
        told.append((Cause("missing", asked.item),))
    return Amount(Interval(low, high), one_and_body(asked, told), evidence)


def days_between(stretches: Sequence[Stretch], span: Span, now: int) -> list[Stretch]:
    """Where no one day surely is in a window that surely has days: those from its first end to its last
    start, of which it surely has one.
    """
    if not span.filled or not span.end.first < span.start.last <= now:
        return []
    return [s for s in stretches if s.days.first <= span.start.last and s.days.last >= span.end.first]


def runs_on_a_day(course: Running, span: Span) -> bool:
    """Whether there is a day of the window, surely so, on which the course surely ran."""
    first, last = max(course.event.start.last, span.start.last), min(course.event.end.first, span.end.first)
    return span.filled and first <= last


def least(stretch: Stretch) -> Exact:
    """What is surely taken on each of its days."""
    return (stretch.amount.interval.low or 0) if stretch.amount.interval is not None else 0


def most_in(stretch: Stretch) -> Exact | None:
    """What may at most be taken; None: nothing bounds it."""
    return stretch.amount.interval.high if stretch.amount.interval is not None else None


def most_of(
    stretches: Sequence[Stretch], of: Callable[[Sequence[Exact]], Exact], nothing: Exact
) -> Exact | None:
    bounds = [most_in(stretch) for stretch in stretches]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return None
    return of(known) if known else nothing


def days_in(stretch: Stretch, first: int, last: int) -> int:
    return max(0, min(stretch.days.last, last) - max(stretch.days.first, first) + 1)


def one_and_body(asked: ir.DoseOf, told: Sequence[tuple[Cause, ...]]) -> tuple[Cause, ...]:
    """One cause of the drug's, the first that applies, and those of the body the dose is divided by."""
    own = [tuple(cause for cause in causes if cause.what == asked.item) for causes in told]
    body = [cause for causes in told for cause in causes if cause.what != asked.item]
    found = (*first_that_applies(*own), *once(body))
    return found or (Cause("imprecise", asked.item),)


def daily(
    ctx: Context, asked: ir.DoseOf, narrowed: ir.Exists | None, span: Span, vouched: Span | None = None
) -> list[Stretch]:
    """“A daily dose is the sum of the courses running that day”, on every day up to the span's end.
    `vouched`: days on which nothing was taken that is not recorded, whether medications are complete or not.
    """
    last = span.end.last
    until = min(last, as_of(ctx) or last)
    listed = running_courses(ctx, asked, narrowed, span)
    courses = [each for each in listed if each.event.start.first <= until]
    changes = {FIRST_DAY, until + 1}
    for course in courses:
        for day in (*course.event.start, *course.event.end):
            changes |= {day, day + 1}
    for each in ctx.complete:
        changes |= {
            day for days in (each.since, each.until) if days is not None for day in (*days, days.last + 1)
        }
    if vouched is not None:
        changes |= {vouched.start.first, vouched.end.last + 1}
    firsts = sorted(day for day in changes if day <= last)
    ends = [day - 1 for day in firsts[1:]] + [last]
    return [
        Stretch(Days(first, end), on_day(ctx, asked, courses, Days(first, end), vouched))
        for first, end in zip(firsts, ends, strict=True)
    ]


def running_courses(ctx: Context, asked: ir.DoseOf, narrowed: ir.Exists | None, span: Span) -> list[Running]:
    from protodsl.interpret.existence import suits

    item = ctx.item(asked.item)
    found = []
    for event in events(ctx, item):
        why: tuple[Cause, ...] = ()
        if narrowed is not None:
            truth, why = suits(ctx, narrowed, item, event)
            if truth is False:
                continue
        elif event.code is Match.OPEN:
            why = (Cause("needs judgement", item.name),)
        elif not event.sure:
            why = (Cause("imprecise", item.name),)
        if not why and contradicted(ctx, item, event, span):
            why = (Cause("conflicting", item.name),)
        dose, doubt = dose_per_day(ctx, asked, event)
        found.append(Running(event, drug_of(ctx, event), dose, not why, (*((each,) for each in why), doubt)))
    return found


def contradicted(ctx: Context, item: ir.Item, event: Event, span: Span) -> bool:
    """A course and an absence of its drug, or of all that is asked about, that surely share a day, in the
    window.
    """
    return any(
        (
            wholly_under(ctx.protocol, item, absence.fact.code)
            or names_too(ctx.protocol, absence.fact.code, event.fact.code)
        )
        and shares_surely(event.start, event.end, absence.span)
        and shares_surely(absence.span.start, absence.span.end, span)
        for absence in absences(ctx, "medications")
    )


# ---------------------------------------------------------------- one day


def on_day(
    ctx: Context, asked: ir.DoseOf, courses: Sequence[Running], days: Days, vouched: Span | None
) -> Amount:
    """The total of one day (of a stretch of days that are alike): what surely ran, and what may have run."""
    day = days.first
    surely = [c for c in courses if c.sure and c.event.start.last <= day <= c.event.end.first]
    possibly = [c for c in courses if c.event.start.first <= day <= c.event.end.last]
    low = least_total(surely, day)
    stretch = Span(on(days.first), on(days.last))
    complete = complete_throughout(ctx, "medications", stretch)
    complete = complete or (vouched is not None and covers(vouched, stretch))
    high = None
    if complete and all(c.dose.high is not None for c in possibly):
        ending = [c for c in possibly if c.event.start.last < day and c.event.end == on(day)]
        starting = [c for c in possibly if c.event.start == on(day) and c.event.end.first > day]
        high = total(possibly, ending, starting, lambda c: c.dose.high or 0)
    evidence = tuple(c.event.fact.where for c in possibly)
    if high == low:
        return Amount(point(low), (), evidence)
    told = [causes for c in possibly for causes in c.causes]
    told += [(Cause("imprecise", asked.item),) for c in possibly if c not in surely]
    if not complete:
        told.append((Cause("missing", asked.item),))
    return Amount(Interval(low, high), one_and_body(asked, told), evidence)


def total(
    courses: Sequence[Running],
    ending: Sequence[Running],
    starting: Sequence[Running],
    dose: Callable[[Running], int | Fraction],
) -> int | Fraction:
    """“on a day on which a drug changes from one course to the next the higher of the two totals counts,
    not both”: the one ends that day, having begun before; the next begins that day and goes on. Only drugs
    of the vocabulary are surely the same.
    """
    sum_: int | Fraction = sum(dose(c) for c in courses if not isinstance(c.drug, str))
    for drug in once(course.drug for course in courses if isinstance(course.drug, str)):
        before = [course for course in ending if course.drug == drug]
        after = [course for course in starting if course.drug == drug]
        changing = [*before, *after] if before and after else []
        sum_ += sum(dose(c) for c in courses if c.drug == drug and c not in changing)
        if changing:
            sum_ += max(sum(map(dose, before)), sum(map(dose, after)))
    return sum_


def least_total(courses: Sequence[Running], day: int) -> int | Fraction:
    """The smallest total of courses that surely run that day: each may be changing if its dates allow it."""
    may_end = [c for c in courses if c.event.start.first < day and c.event.end.first == day]
    may_start = [c for c in courses if c.event.start.last == day and c.event.end.last > day]
    if any(not isinstance(course.drug, str) for course in (*may_end, *may_start)):
        courses = [replace(course, drug="perhaps one") for course in courses]  # all may be one drug
        may_end = [replace(course, drug="perhaps one") for course in may_end]
        may_start = [replace(course, drug="perhaps one") for course in may_start]
    either = [c for c in may_end if c in may_start]
    totals = [
        total(
            courses,
            [c for c in may_end if c not in either or c in ends],
            [c for c in may_start if c not in either or c not in ends],
            lambda c: c.dose.low or 0,
        )
        for count in range(len(either) + 1)
        for ends in combinations(either, count)
    ]
    return min(totals)


def runs(stretches: Iterable[Days]) -> list[Days]:
    """Stretches that touch, as one."""
    found: list[Days] = []
    for days in stretches:
        if found and found[-1].last + 1 == days.first:
            found[-1] = Days(found[-1].first, days.last)
        else:
            found.append(days)
    return found


# ---------------------------------------------------------------- the dose of one course


def dose_per_day(ctx: Context, asked: ir.DoseOf, event: Event) -> tuple[Interval, tuple[Cause, ...]]:
    """The dose of a course in the unit asked for, of the reference drug where equivalents are asked for."""
    fact = event.fact
    assert isinstance(fact, Medication)
    if fact.dose is None:
        return SOME_DOSE, (Cause("missing", asked.item),)
    incomparable = (SOME_DOSE, (Cause("incomparable", asked.item),))
    if fact.unit is None:
        return incomparable
    text, per_in_unit = per_body(fact.unit)
    per = fact.per or per_in_unit
    unit, wanted = parse_unit(text), parse_unit(per_body(asked.unit.text)[0])
    scale = factor(unit, wanted) if unit is not None and wanted is not None else None
    equivalent = equivalent_factor(ctx, asked, fact.code)
    if scale is None or equivalent is None:
        return incomparable
    dose = times(Interval(fact.dose.low or 0, fact.dose.high), scale * equivalent)
    if per == asked.per:
        return dose, (() if dose.low == dose.high else (Cause("imprecise", asked.item),))
    return by_body(ctx, asked, dose, per)


def equivalent_factor(ctx: Context, asked: ir.DoseOf, code: Coded) -> Fraction | None:
    """“a drug of the class without a factor: `incomparable`”."""
    if asked.equivalence is None:
        return Fraction(1)
    for name, by in ctx.protocol.equivalences[asked.equivalence].factors:
        if match(ctx.protocol, code, ctx.item(name)) is Match.SURE:
            return by
    return None


def by_body(
    ctx: Context, asked: ir.DoseOf, dose: Interval, recorded: str | None
) -> tuple[Interval, tuple[Cause, ...]]:
    """“`per` kg or m2: the dose divided by the participant's latest weight / body surface” (or multiplied
    by it). A protocol without a formula for it cannot convert.
    """
    causes: tuple[Cause, ...] = () if dose.low == dose.high else (Cause("imprecise", asked.item),)
    try:
        for per, apply in ((recorded, multiply), (asked.per, divide)):
            if per is not None:
                name = BODY_WEIGHT if per == "kg" else BODY_SURFACE
                if name not in ctx.protocol.items:
                    return SOME_DOSE, (Cause("incomparable", asked.item),)
                body = selection.latest_amount(ctx, name)
                causes = (*causes, *body.causes)
                if body.interval is None:
                    return SOME_DOSE, causes
                dose = apply(dose, body.interval)
    except NotComputable:
        size = BODY_WEIGHT if asked.per == "kg" else BODY_SURFACE
        return SOME_DOSE, (*causes, Cause("not computable", size))
    return dose, causes
