"""Daily doses: sums of courses, dose equivalents, doses per body weight or surface."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from protodsl import ir
from protodsl.interpret import selection
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context
from protodsl.interpret.courses import drug_of
from protodsl.interpret.days import Span, on, shares_surely
from protodsl.interpret.events import Event, absences, complete_throughout, events
from protodsl.interpret.intervals import NotComputable, divide, multiply, point, times
from protodsl.interpret.matching import Match, match, names_too
from protodsl.interpret.truth import first_that_applies, once
from protodsl.interpret.windows import up_to_now, window_days
from protodsl.runtime.record import FIRST_DAY, Coded, Days, Interval, Medication
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
    drug: object
    dose: Interval
    sure: bool
    causes: tuple[Cause, ...]


def dose_of(ctx: Context, asked: ir.DoseOf) -> Amount:
    """“”dose in a window“ is the highest such day, a lower bound unless medications are complete”."""
    window = window_days(ctx, asked.window, ctx.item(asked.item))
    if isinstance(window, Cause):
        return Amount(None, (window,))
    span = up_to_now(ctx, window)
    stretches = daily(ctx, asked, None, span.end.last)
    surely = [s for s in stretches if s.days.first <= span.end.first and s.days.last >= span.start.last]
    possibly = [s for s in stretches if s.days.first <= span.end.last and s.days.last >= span.start.first]
    low = max((s.amount.interval.low or 0 for s in surely if s.amount.interval is not None), default=0)
    highs = [s.amount.interval.high if s.amount.interval is not None else None for s in possibly]
    complete = complete_throughout(ctx, "medications", window)
    known = [high for high in highs if high is not None]
    high = max(known, default=low) if complete and len(known) == len(highs) else None
    evidence = once(where for s in possibly for where in s.amount.evidence)
    if high == low:
        return Amount(point(low), (), evidence)
    told = [s.amount.causes for s in possibly]
    if not complete:
        told.append((Cause("missing", asked.item),))
    return Amount(
        Interval(low, high), first_that_applies(*told) or (Cause("imprecise", asked.item),), evidence
    )


def daily(ctx: Context, asked: ir.DoseOf, narrowed: ir.Exists | None, last: int) -> list[Stretch]:
    """“A daily dose is the sum of the courses running that day”, on every day up to `last`."""
    courses = [
        running for running in running_courses(ctx, asked, narrowed) if running.event.start.first <= last
    ]
    changes = {FIRST_DAY}
    for course in courses:
        for day in (*course.event.start, *course.event.end):
            changes |= {day, day + 1}
    for each in ctx.complete:
        changes |= {
            day for days in (each.since, each.until) if days is not None for day in (*days, days.last + 1)
        }
    firsts = sorted(day for day in changes if day <= last)
    ends = [day - 1 for day in firsts[1:]] + [last]
    return [
        Stretch(Days(first, end), on_day(ctx, asked, courses, Days(first, end)))
        for first, end in zip(firsts, ends, strict=True)
    ]


def running_courses(ctx: Context, asked: ir.DoseOf, narrowed: ir.Exists | None) -> list[Running]:
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
        if contradicted(ctx, event):
            why = (*why, Cause("conflicting", item.name))
        dose, doubt = dose_per_day(ctx, asked, event)
        found.append(Running(event, drug_of(ctx, event) or event.fact.where, dose, not why, (*why, *doubt)))
    return found


def contradicted(ctx: Context, event: Event) -> bool:
    """A course and an absence of its drug that surely share a day."""
    return any(
        names_too(ctx.protocol, absence.fact.code, event.fact.code)
        and shares_surely(event.start, event.end, absence.span)
        for absence in absences(ctx, "medications")
    )


# ---------------------------------------------------------------- one day


def on_day(ctx: Context, asked: ir.DoseOf, courses: Sequence[Running], days: Days) -> Amount:
    """The total of one day (of a stretch of days that are alike): what surely ran, and what may have run."""
    day = days.first
    surely = [c for c in courses if c.sure and c.event.start.last <= day <= c.event.end.first]
    possibly = [c for c in courses if c.event.start.first <= day <= c.event.end.last]
    low = total(
        surely,
        ends=lambda c: c.event.end.first <= day <= c.event.end.last,
        starts=lambda c: c.event.start.first <= day <= c.event.start.last,
        dose=lambda c: c.dose.low or 0,
    )
    complete = complete_throughout(ctx, "medications", Span(on(days.first), on(days.last)))
    high = None
    if complete and all(c.dose.high is not None for c in possibly):
        high = total(
            possibly,
            ends=lambda c: c.event.end == on(day),
            starts=lambda c: c.event.start == on(day),
            dose=lambda c: c.dose.high or 0,
        )
    evidence = tuple(c.event.fact.where for c in possibly)
    if high == low:
        return Amount(point(low), (), evidence)
    told = [c.causes for c in possibly]
    told += [(Cause("imprecise", asked.item),) for c in possibly if c not in surely]
    if not complete:
        told.append((Cause("missing", asked.item),))
    return Amount(
        Interval(low, high), first_that_applies(*told) or (Cause("imprecise", asked.item),), evidence
    )


def total(
    courses: Sequence[Running],
    *,
    ends: Callable[[Running], bool],
    starts: Callable[[Running], bool],
    dose: Callable[[Running], int | Fraction],
) -> int | Fraction:
    """“on a day on which a drug changes from one course to the next the higher of the two totals counts,
    not both”.
    """
    sum_: int | Fraction = 0
    for drug in once(course.drug for course in courses):
        of_drug = [course for course in courses if course.drug == drug]
        before, after = changing(of_drug, ends, starts)
        kept = sum(dose(course) for course in of_drug if course not in before and course not in after)
        sum_ += kept + max(sum(map(dose, before)), sum(map(dose, after)))
    return sum_


def changing(
    courses: Sequence[Running], ends: Callable[[Running], bool], starts: Callable[[Running], bool]
) -> tuple[list[Running], list[Running]]:
    """The courses that end on the day, and those that begin on it, where a drug changes from the ones to the
    others.

    A course of that one day stands with those that begin where others end, else with those that end.
    """
    ending = [course for course in courses if ends(course) and not starts(course)]
    starting = [course for course in courses if starts(course) and not ends(course)]
    one_day = [course for course in courses if starts(course) and ends(course)]
    if ending:
        starting += one_day
    elif starting:
        ending = one_day
    return (ending, starting) if ending and starting else ([], [])


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
    return by_body(ctx, dose, per, asked.per)


def equivalent_factor(ctx: Context, asked: ir.DoseOf, code: Coded) -> Fraction | None:
    """“a drug of the class without a factor: `incomparable`”."""
    if asked.equivalence is None:
        return Fraction(1)
    for name, by in ctx.protocol.equivalences[asked.equivalence].factors:
        if match(ctx.protocol, code, ctx.item(name)) is Match.SURE:
            return by
    return None


def by_body(
    ctx: Context, dose: Interval, recorded: str | None, asked: str | None
) -> tuple[Interval, tuple[Cause, ...]]:
    """“`per` kg or m2: the dose divided by the participant's latest weight / body surface” (or multiplied
    by it).
    """
    causes: tuple[Cause, ...] = ()
    try:
        for per, apply in ((recorded, multiply), (asked, divide)):
            if per is not None:
                body = selection.latest_amount(ctx, BODY_WEIGHT if per == "kg" else BODY_SURFACE)
                causes = (*causes, *body.causes)
                if body.interval is None:
                    return SOME_DOSE, causes
                dose = apply(dose, body.interval)
    except NotComputable:
        return SOME_DOSE, (*causes, Cause("not computable", BODY_WEIGHT if asked == "kg" else BODY_SURFACE))
    return dose, causes
