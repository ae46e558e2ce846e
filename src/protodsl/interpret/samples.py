"""Samples: the dated values of an item. A recorded result is one; so is what a formula makes of the
result that leads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from protodsl.interpret import formulas
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context, recorded
from protodsl.interpret.intervals import times
from protodsl.interpret.matching import Match, match
from protodsl.ir import Item, Measure
from protodsl.runtime.record import Days, Exact, Interval, Result
from protodsl.runtime.report import Cause
from protodsl.runtime.units import Unit, factor, parse_unit


@dataclass(frozen=True, slots=True)
class Sample:
    """`sure`: its code surely is the item's. `measure`: computed from `fact`, which leads it."""

    item: Item
    fact: Result
    days: Days
    sure: bool
    measure: Measure | None = None


def samples(ctx: Context, item: Item) -> list[Sample]:
    """All values of an item, in the record's order."""
    if ctx.lead is not None and ctx.lead.measure.lead == item.name:
        return [ctx.lead.sample]
    measure = ctx.protocol.measures.get(item.name)
    if measure is None:
        return reported(ctx, item)
    lead, found = ctx.item(measure.lead), []
    for fact in ctx.record.results:
        found += [replace(sample, item=item, measure=measure) for sample in sampled(ctx, lead, fact)]
        found += sampled(ctx, item, fact) if measure.reported else []
    return found


def reported(ctx: Context, item: Item) -> list[Sample]:
    return [sample for fact in ctx.record.results for sample in sampled(ctx, item, fact)]


def sampled(ctx: Context, item: Item, fact: Result) -> list[Sample]:
    """The result as one of the item, if it may be."""
    matched = match(ctx.protocol, fact.code, item)
    if matched is Match.NO:
        return []
    return [Sample(item, fact, recorded(ctx, fact.date), matched is Match.SURE)]


def on_side(found: Sequence[Sample], side: str) -> list[Sample]:
    """Those of one side of the body: “A result without a side may be of either, one of both is of each.”"""
    kept = []
    for sample in found:
        told = sample.fact.side
        if told in (side, "both"):
            kept.append(sample)
        elif told not in ("left", "right"):
            kept.append(replace(sample, sure=False))
    return kept


# ---------------------------------------------------------------- the value of one sample


def incomparable(item: Item) -> Amount:
    return Amount(None, (Cause("incomparable", item.name),))


def lead_of(ctx: Context, sample: Sample) -> Sample:
    """The result that leads a computed one."""
    assert sample.measure is not None
    return Sample(ctx.item(sample.measure.lead), sample.fact, sample.days, sample.sure)


def value_of(ctx: Context, sample: Sample, unit: Unit | None) -> Amount:
    """The number of a sample in `unit` (None: the item's own)."""
    if sample.measure is not None:
        amount = formulas.measured(ctx.led_by(sample.measure, lead_of(ctx, sample)), sample.measure)
    else:
        amount = reported_value(sample.item, sample.fact)
    if amount.interval is None:
        return amount
    value = in_declared_range(sample.item, amount.interval)
    wanted = None if value is None else converted(sample.item, value, unit)
    if value is None or wanted is None or implausible(sample, amount.interval):
        return replace(incomparable(sample.item), evidence=amount.evidence)
    causes = amount.causes
    if not causes and value.low != value.high:
        causes = (Cause("imprecise", sample.item.name),)
    return Amount(wanted, causes, amount.evidence)


def reported_value(item: Item, fact: Result) -> Amount:
    """A recorded number in the item's own unit; “a coded answer becomes a number only where the item says
    so”.
    """
    if fact.number is None:
        if fact.text == "not_detected" and item.detection_limit is not None:
            return Amount(Interval(item.minimum or 0, item.detection_limit, False, True))
        return incomparable(item)
    scale = unit_factor(item, fact.unit)
    return incomparable(item) if scale is None else Amount(times(fact.number, scale))


def unit_factor(item: Item, text: str | None) -> Exact | None:
    """What brings a result's unit to the item's. “A missing unit is never guessed; equal units … are
    declared per item.”
    """
    if text is None:
        return 1 if plain_number(item.unit) else None
    if item.unit is not None and (text == item.unit.text or text in item.also_units):
        return 1
    unit = parse_unit(text)
    if unit is None:
        return None
    if item.unit is None:
        return 1 if plain_number(unit) else None
    return factor(unit, item.unit, item.molar_mass)


def plain_number(unit: Unit | None) -> bool:
    """A value without dimension needs no unit: a ratio such as the INR, and the points of a score."""
    return unit is None or (not unit.dimension and unit.factor == 1) or unit.dimension == (("points", 1),)


def in_declared_range(item: Item, value: Interval) -> Interval | None:
    """“`<0.2` is [the item's declared minimum, 0.2) … unbounded where none is declared”; None: it lies
    wholly outside.
    """
    low, high, low_open, high_open = value
    if item.minimum is not None and (low is None or low < item.minimum):
        low, low_open = item.minimum, False
    if item.maximum is not None and (high is None or high > item.maximum):
        high, high_open = item.maximum, False
    if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
        return None
    return Interval(low, high, low_open, high_open)


def implausible(sample: Sample, value: Interval) -> bool:
    """“outside its plausible range, and nobody has confirmed it”: no part of the value lies inside."""
    if sample.item.plausible is None or sample.measure is not None or sample.fact.confirmed:
        return False
    least, most = sample.item.plausible
    return (value.high is not None and value.high < least) or (value.low is not None and value.low > most)


def converted(item: Item, value: Interval, unit: Unit | None) -> Interval | None:
    if unit is None or item.unit is None or unit == item.unit:
        return value
    scale = factor(item.unit, unit, item.molar_mass)
    return None if scale is None else times(value, scale)
