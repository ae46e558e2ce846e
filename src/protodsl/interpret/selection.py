"""Which value: the results in the window, which of them count, and which one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from protodsl import ir
from protodsl.interpret import existence, samples
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context, as_of, last_looked_at
from protodsl.interpret.days import Span, on, shares_possibly, shares_surely
from protodsl.interpret.events import complete_throughout
from protodsl.interpret.intervals import add, higher_of, hull, is_point, lower_of, point, times
from protodsl.interpret.samples import Sample
from protodsl.interpret.truth import first_that_applies, once
from protodsl.interpret.windows import up_to_now, window_days
from protodsl.runtime.record import Days
from protodsl.runtime.report import Cause

SINCE_EVER = ir.Window(None, ir.Bound(ir.StageAnchor()))


@dataclass(frozen=True, slots=True)
class Standing:
    """A result that may count. `counts`: it surely lies in the window, is of the item, and nothing spoilt
    it.
    """

    sample: Sample
    counts: bool
    why: tuple[Cause, ...] = ()
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """The results looked at: their window, those that (may) count, and whether there are others surely
    outside.
    """

    span: Span
    standings: tuple[Standing, ...]
    outside: tuple[Sample, ...]
    complete: bool
    wanted: str  # what would have to be recorded: the item, of a computed value its lead
    formula: bool  # “A formula collects the causes of its inputs.”

    @property
    def others(self) -> bool:
        return bool(self.outside)

    @property
    def counting(self) -> tuple[Standing, ...]:
        return tuple(s for s in self.standings if s.counts)


def field(ctx: Context, observed: ir.Observed, *, recency: bool = True) -> Field | Cause:
    """“looks at the results in the window, or in the protocol's declared validity”; “A filter … is part
    of the window.” `recency` False: occasions are counted, none is chosen by being the latest.
    """
    item = ctx.item(observed.item)
    window = window_of(ctx, observed, recency=recency)
    if isinstance(window, Cause):
        return window
    if as_of(ctx) is None:
        return Cause("timepoint not dated", ctx.anchor_name)
    span = up_to_now(ctx, window)
    if ctx.lead is not None and ctx.lead.measure.lead == item.name:
        lead = ctx.lead.sample
        return Field(
            span, (Standing(lead, True, (), (lead.fact.where,)),), (), False, *of_measure(ctx, observed.item)
        )
    now = as_of(ctx)
    happened = [s for s in samples.samples(ctx, item) if now is None or s.days.first <= now]
    if observed.side is not None:
        happened = samples.on_side(happened, observed.side)
    within = [s for s in happened if shares_possibly(s.days, s.days, span)]
    standings = [standing(ctx, observed, sample, span) for sample in within]
    spoilt = [sample for sample, s in zip(within, standings, strict=True) if s is None]
    outside = tuple(s for s in happened if s.sure and (s not in within or s in spoilt))
    complete = complete_throughout(ctx, "results", window)
    return Field(
        span, tuple(s for s in standings if s is not None), outside, complete, *of_measure(ctx, observed.item)
    )


def of_measure(ctx: Context, item: str) -> tuple[str, bool]:
    measure = ctx.protocol.measures.get(item)
    return (measure.lead, True) if measure is not None else (item, False)


def one_or_every(found: Field, told: Sequence[tuple[Cause, ...]]) -> tuple[Cause, ...]:
    """The first cause that applies; of computed values every one."""
    return once(cause for causes in told for cause in causes) if found.formula else first_that_applies(*told)


def window_of(ctx: Context, observed: ir.Observed, *, recency: bool) -> Span | Cause:
    if ctx.lead is not None:
        return lead_window(ctx)
    window = window_days(ctx, observed.window or SINCE_EVER, ctx.item(observed.item))
    if isinstance(window, Cause) or observed.select != "latest" or not recency:
        return window
    return until_anchor(ctx, window)


def lead_window(ctx: Context) -> Span | Cause:
    """“every other input is the latest on or before it, within a validity the declaration must state”."""
    assert ctx.lead is not None
    at = ir.Bound(ir.OfSample())
    return window_days(ctx, ir.Window(replace(at, by=ctx.lead.measure.validity), at), None)


def until_anchor(ctx: Context, window: Span) -> Span | Cause:
    """`latest` looks “never after the anchor”."""
    last = last_looked_at(ctx)
    if last is None:
        return Cause("timepoint not dated", ctx.anchor_name)
    end = Days(min(window.end.first, last.first), min(window.end.last, last.last))
    return window._replace(end=end)


def standing(ctx: Context, observed: ir.Observed, sample: Sample, span: Span) -> Standing | None:
    """“A result *counts* if it is surely inside, *may count* if possibly”; None: something spoilt it."""
    why: list[tuple[Cause, ...]] = []
    for clean in observed.clean:
        spoilt = existence.exists(ctx.at_sample(sample.days), ir.Exists(clean.item, clean.window, "had"))
        if spoilt.truth is True:
            return None
        why.append(spoilt.causes)
    formula = observed.item in ctx.protocol.measures
    causes = once(c for told in why for c in told) if formula else first_that_applies(*why)
    if not causes and (not sample.sure or not shares_surely(sample.days, sample.days, span)):
        causes = (Cause("imprecise", sample.item.name),)
    return Standing(sample, not causes, causes, (sample.fact.where,))


# ---------------------------------------------------------------- the latest


def surely_later(a: Sample, b: Sample) -> bool:
    """“times of day are cut off (a time only orders results of one date)”."""
    if a.days.first > b.days.last:
        return True
    same_date = a.days.first == a.days.last == b.days.first == b.days.last
    times = a.fact.time, b.fact.time
    return same_date and times[0] is not None and times[1] is not None and times[0] > times[1]


def may_be_latest(found: Field) -> list[Standing]:
    """“It may be the latest if it may count and no result that counts is surely later.”"""
    return [
        each
        for each in found.standings
        if not any(surely_later(other.sample, each.sample) for other in found.counting)
    ]


def may_be_earliest(found: Field) -> list[Standing]:
    return [
        each
        for each in found.standings
        if not any(surely_later(each.sample, other.sample) for other in found.counting)
    ]


def not_listed(ctx: Context, found: Field) -> tuple[Cause, ...]:
    """That an unrecorded result may be earlier than what may be the earliest: later ones do not matter."""
    until = min((each.sample.days.last for each in may_be_earliest(found)), default=None)
    if until is not None and complete_throughout(ctx, "results", Span(found.span.start, on(until))):
        return ()
    return (Cause("missing", found.wanted),)


def absent(found: Field, chosen: Sequence[Standing], *, recency: bool = True) -> tuple[Cause, ...]:
    """Why nothing counts: “`missing` (nothing recorded …), `stale` (only outside the window)”, or one only
    may count. A value that cannot be computed for want of its lead wants the lead.
    """
    if found.counting:
        return ()
    if found.standings:
        return one_or_every(found, [each.why for each in chosen])
    return (Cause("stale" if found.others and recency else "missing", found.wanted),)


def tied(a: Sample, b: Sample) -> bool:
    """Of one whole date, and no time says which is later."""
    whole = a.days.first == a.days.last == b.days.first == b.days.last
    return whole and not surely_later(a, b) and not surely_later(b, a)


def disagreement(
    found: Field, item: ir.Item, chosen: Sequence[Standing], apart: Sequence[tuple[Standing, Standing]]
) -> tuple[Cause, ...]:
    """“a tie that disagrees is `conflicting`”, where both count; else what leaves the choice open: why one
    only may count, or their dates.
    """
    if any(a.counts and b.counts and tied(a.sample, b.sample) for a, b in apart):
        return (Cause("conflicting", item.name),)
    return one_or_every(found, [each.why for each in chosen]) or (Cause("imprecise", item.name),)


# ---------------------------------------------------------------- as a number


def amount(ctx: Context, observed: ir.Observed) -> Amount:
    """The value of a chosen result, for arithmetic."""
    found = field(ctx, observed)
    if isinstance(found, Cause):
        return Amount(None, (found,))
    match observed.select:
        case "latest":
            return agreed(ctx, observed, found, may_be_latest(found))
        case "earliest":
            return agreed(ctx, observed, found, may_be_earliest(found), not_listed(ctx, found))
        case "highest" | "lowest" | "any" | "every":
            return extreme(ctx, observed, found)


def agreed(
    ctx: Context,
    observed: ir.Observed,
    found: Field,
    chosen: Sequence[Standing],
    unlisted: tuple[Cause, ...] = (),
) -> Amount:
    """“The answer is decided when at least one counts and all that may be the latest agree”: else the
    hull of them. `unlisted`: another one may not have been recorded.
    """
    item = ctx.item(observed.item)
    values = [samples.value_of(ctx, each.sample, observed.unit) for each in chosen]
    evidence = once(where for each in chosen for where in each.evidence)
    evidence = once((*evidence, *(where for value in values for where in value.evidence)))
    told = [value.causes for value in values]
    intervals = [value.interval for value in values if value.interval is not None]
    if len(intervals) < len(values) or not found.counting or unlisted:
        told += [absent(found, chosen, recency=observed.select == "latest")]
        told += [unlisted] if found.standings else []
        return Amount(None, one_or_every(found, told), evidence)
    if all(interval == intervals[0] for interval in intervals):
        return Amount(intervals[0], one_or_every(found, told), evidence)
    apart = [
        (a, b)
        for (a, x) in zip(chosen, intervals, strict=True)
        for (b, y) in zip(chosen, intervals, strict=True)
        if x != y
    ]
    told.append(disagreement(found, item, chosen, apart))
    return Amount(hull(intervals), one_or_every(found, told), evidence)


def extreme(ctx: Context, observed: ir.Observed, found: Field) -> Amount:
    """The highest or lowest of the results in the window: one end of it is known, the other only of
    complete results.
    """
    ctx.item(observed.item)
    values = [(each, samples.value_of(ctx, each.sample, observed.unit)) for each in found.standings]
    evidence = once(where for each, value in values for where in (*each.evidence, *value.evidence))
    certain = [v.interval for each, v in values if each.counts and v.interval is not None]
    told = [causes for each, value in values for causes in (value.causes, each.why)]
    if not found.complete:
        told.append((Cause("missing", found.wanted),))
    if not certain:
        return Amount(None, one_or_every(found, told) or (Cause("missing", found.wanted),), evidence)
    possible = [v.interval for _, v in values]
    known = [interval for interval in possible if interval is not None]
    closed = found.complete and len(known) == len(possible)
    pick = lower_of if observed.select == "lowest" else higher_of
    value = reduce(pick, certain)
    outer = reduce(pick, known)
    if observed.select == "lowest":
        value = value._replace(low=outer.low if closed else None, low_open=outer.low_open and closed)
    else:
        value = value._replace(high=outer.high if closed else None, high_open=outer.high_open and closed)
    return Amount(value, one_or_every(found, told) if value.low != value.high else (), evidence)


def mean(ctx: Context, asked: ir.Mean) -> Amount:
    """“`mean of the last n x` … It needs n of them, with whole dates; of those that tie for the last place
    any may be meant.”
    """
    found = field(ctx, asked.of)
    if isinstance(found, Cause):
        return Amount(None, (found,))
    item = ctx.item(asked.of.item)
    taken = [each for each in found.standings if len(counting_later(found, each)) < asked.last]
    values = [samples.value_of(ctx, each.sample, asked.of.unit) for each in taken]
    evidence = once(where for each in taken for where in each.evidence)
    evidence = once((*evidence, *(where for value in values for where in value.evidence)))
    told = [value.causes for value in values] + [each.why for each in taken]
    partial = [each for each in taken if each.sample.days.first != each.sample.days.last]
    if any(each.counts for each in partial):
        told.append((Cause("imprecise", item.name),))
    if len(taken) < asked.last:
        told.append((Cause("stale" if found.others and not taken else "missing", found.wanted),))
    known = [
        (each, value.interval)
        for each, value in zip(taken, values, strict=True)
        if value.interval is not None
    ]
    if (
        partial
        or not all(each.counts for each in taken)
        or len(taken) < asked.last
        or len(known) < len(taken)
    ):
        return Amount(None, one_or_every(found, told), evidence)
    # all have whole dates: one is in for certain unless the last place is tied for
    sure = [
        value
        for each, value in known
        if sum(not surely_later(each.sample, other.sample) for other in taken) <= asked.last
    ]
    tied_for = [
        value
        for each, value in known
        if sum(not surely_later(each.sample, other.sample) for other in taken) > asked.last
    ]
    places = asked.last - len(sure)
    least = sorted(tied_for, key=lambda value: (value.low is not None, value.low or 0))[:places]
    most = sorted(tied_for, key=lambda value: (value.high is None, value.high or 0), reverse=True)[:places]
    lowest = reduce(add, [*sure, *least], point(0))
    highest = reduce(add, [*sure, *most], point(0))
    value = times(lowest._replace(high=highest.high), Fraction(1, asked.last))
    if any(one != tied_for[0] for one in tied_for):
        told.append((Cause("conflicting", item.name),))
    return Amount(value, () if is_point(value) else one_or_every(found, told), evidence)


def counting_later(found: Field, each: Standing) -> list[Standing]:
    return [other for other in found.counting if surely_later(other.sample, each.sample)]


def latest_amount(ctx: Context, name: str) -> Amount:
    """The participant's latest value of an item on or before the stage's anchor."""
    if name not in ctx.protocol.items:
        return Amount(None, (Cause("missing", name),))
    return amount(replace(ctx, lead=None), ir.Observed(name))
