"""Tests on results: numbers against limits, coded answers, occasions, changes between two dated values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import assert_never

from protodsl import ir
from protodsl.interpret import expressions, samples
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context, last_looked_at
from protodsl.interpret.existence import longest_chain
from protodsl.interpret.intervals import NotComputable, add, compare, divide, hull, negative, point, times
from protodsl.interpret.samples import Sample
from protodsl.interpret.selection import (
    Field,
    Standing,
    absent,
    amount,
    disagreement,
    field,
    may_be_earliest,
    may_be_latest,
    not_listed,
    one_or_every,
    surely_later,
)
from protodsl.interpret.truth import Finding, and_, first_that_applies, once, unknown
from protodsl.runtime.record import Days, Interval
from protodsl.runtime.report import Cause
from protodsl.runtime.units import Unit, factor, parse_unit

Tested = tuple[Standing, Finding]


def result(ctx: Context, asked: ir.Result) -> Finding:
    found = field_of(ctx, asked)
    if isinstance(found, Cause):
        return unknown(found)
    item = ctx.item(asked.observed.item)
    if asked.occasions is not None and asked.occasions.last is not None:
        return of_the_last(ctx, asked, found, item, asked.occasions.least, asked.occasions.last)
    if asked.occasions is not None and asked.occasions.consecutive:
        return in_a_row(ctx, asked, found, item, asked.occasions.least)
    if asked.occasions is not None:
        return occasions(ctx, asked, found, item, asked.occasions)
    match asked.observed.select:
        case "latest":
            return agreed(ctx, asked, item, found, may_be_latest(found))
        case "earliest":
            return agreed(ctx, asked, item, found, may_be_earliest(found), not_listed(ctx, found))
        case "any":
            return any_of(tests(ctx, asked, found), found)
        case "every":
            return every_of(tests(ctx, asked, found), found)
        case "highest" | "lowest":
            return extreme(ctx, asked, found)
        case _:
            assert_never(asked.observed.select)


def field_of(ctx: Context, asked: ir.Result) -> Field | Cause:
    """“`k times` … do not” choose by recency: what may come in the window is not yet recorded."""
    counted_all = asked.occasions is not None and asked.occasions.last is None
    return field(ctx, asked.observed, recency=not counted_all)


def evidence_of(standings: Sequence[Standing]) -> tuple[str, ...]:
    return once(where for each in standings for where in each.evidence)


def tests(ctx: Context, asked: ir.Result, found: Field) -> list[Tested]:
    return [(each, test(ctx, asked, each.sample)) for each in found.standings]


# ---------------------------------------------------------------- which value


def agreed(
    ctx: Context,
    asked: ir.Result,
    item: ir.Item,
    found: Field,
    chosen: Sequence[Standing],
    unlisted: tuple[Cause, ...] = (),
) -> Finding:
    """“The answer is decided when at least one counts and all that may be the latest agree”; “The latest
    result that cannot be used makes the answer unknown: there is no falling back on an older one.”
    `unlisted`: another one may not have been recorded.
    """
    tested = [(each, test(ctx, asked, each.sample)) for each in chosen]
    evidence = once((*evidence_of(chosen), *(where for _, finding in tested for where in finding.evidence)))
    truths = {finding.truth for _, finding in tested}
    if found.counting and len(truths) == 1 and None not in truths and not unlisted:
        return Finding(truths.pop(), (), evidence)
    told = [
        *(finding.causes for _, finding in tested if finding.truth is None),
        absent(found, chosen, recency=asked.observed.select == "latest"),
    ]
    if found.counting and {True, False} <= truths:
        apart = [(a, b) for a, x in tested for b, y in tested if x.truth is True and y.truth is False]
        told.append(disagreement(found, item, chosen, apart))
    if found.standings:
        told.append(unlisted)
    return unknown(*one_or_every(found, told), evidence=evidence)


def any_of(tested: Sequence[Tested], found: Field) -> Finding:
    """One that counts and passes; none, only when results are complete: “unrecorded results may exist”."""
    if any(each.counts and finding.truth is True for each, finding in tested):
        return Finding(True, (), told_by(tested))
    if found.complete and all(finding.truth is False for _, finding in tested):
        return Finding(False, (), told_by(tested))
    return unknown(*open_causes(tested, found, True), evidence=told_by(tested))


def every_of(tested: Sequence[Tested], found: Field) -> Finding:
    """One that counts and does not pass decides; all of them only when results are complete and at least
    one counts.
    """
    if any(each.counts and finding.truth is False for each, finding in tested):
        return Finding(False, (), told_by(tested))
    if found.complete and found.counting and all(finding.truth is True for _, finding in tested):
        return Finding(True, (), told_by(tested))
    return unknown(*open_causes(tested, found, False), evidence=told_by(tested))


def told_by(tested: Sequence[Tested]) -> tuple[str, ...]:
    return once(where for each, finding in tested for where in (*each.evidence, *finding.evidence))


def open_causes(tested: Sequence[Tested], found: Field, wanted: bool) -> tuple[Cause, ...]:
    """“`every`, `highest` and `lowest` of nothing are `missing`”; so is what incomplete results do not
    rule out. `wanted`: the truth that one result is enough for; one that cannot have it changes nothing,
    unless none counts.
    """
    told = []
    for each, finding in tested:
        if finding.truth is None:
            told.append(finding.causes)
        if finding.truth in (None, wanted) or not found.counting:
            told.append(each.why)
    if not found.complete or not tested:
        told.append((Cause("missing", found.wanted),))
    return one_or_every(found, told)


def extreme(ctx: Context, asked: ir.Result, found: Field) -> Finding:
    """The highest is above a limit when any is, below it when every one is; the lowest the other way
    round. So each result meets its own reference limit. Nothing at all is `missing`, not “no such
    result”.
    """
    assert isinstance(asked.test, ir.NumberTest)
    findings = []
    for op, limit in asked.test.bounds:
        for part in ("<=", ">=") if op == "=" else (op,):
            one = replace(asked, test=ir.NumberTest(((part, limit),)))
            tested = tests(ctx, one, found)
            upward = part in (">", ">=")
            if upward == (asked.observed.select == "highest"):
                findings.append(any_of(tested, found) if found.counting else nothing(tested, found))
            else:
                findings.append(every_of(tested, found))
    finding = and_(findings)
    return replace(finding, causes=one_or_every(found, [(cause,) for cause in finding.causes]))


def nothing(tested: Sequence[Tested], found: Field) -> Finding:
    causes = open_causes(tested, found, True) or (Cause("missing", found.wanted),)
    return unknown(*causes, evidence=told_by(tested))


# ---------------------------------------------------------------- one result


def test(ctx: Context, asked: ir.Result, sample: Sample) -> Finding:
    match asked.test:
        case ir.NumberTest(bounds):
            return number_test(ctx, sample, asked.observed.unit, bounds)
        case ir.CodeTest():
            return code_test(asked.test, sample)
        case _:
            assert_never(asked.test)


def code_test(asked: ir.CodeTest, sample: Sample) -> Finding:
    """A coded answer; a number where a word is asked, or a word the item does not know, cannot be
    compared.
    """
    word = sample.fact.text  # the reader writes it in small letters; a vocabulary may say `A` or `III`
    known = {each.lower() for each in sample.item.values}
    if sample.measure is not None or word is None or (known and word not in known):
        return unknown(Cause("incomparable", sample.item.name))
    return Finding((word in {code.lower() for code in asked.codes}) != asked.negated)


def number_test(
    ctx: Context, sample: Sample, unit: Unit | None, bounds: Sequence[tuple[ir.Op, ir.Limit]]
) -> Finding:
    """“A comparison is decided when the whole interval agrees”; `between` is two of them on one result."""
    value = samples.value_of(ctx, sample, unit)
    if value.interval is None:
        return Finding(None, value.causes, value.evidence)
    findings = []
    for op, limit in bounds:
        mine, theirs = against(ctx, sample, unit, value, limit)
        if mine.interval is None or theirs.interval is None:
            findings.append(unknown(*(theirs.causes if mine.interval is not None else mine.causes)))
        else:
            truth = compare(mine.interval, op, theirs.interval)
            causes = first_that_applies(theirs.causes, mine.causes) if truth is None else ()
            findings.append(Finding(truth, causes))
    finding = and_(findings)
    causes = finding.causes
    if sample.measure is None:  # “one cause, the first that applies; a formula has those of all its inputs”
        causes = first_that_applies(*(each.causes for each in findings if finding.truth is None))
    return replace(finding, causes=causes, evidence=once((*value.evidence, *finding.evidence)))


def against(
    ctx: Context, sample: Sample, unit: Unit | None, value: Amount, limit: ir.Limit
) -> tuple[Amount, Amount]:
    """The value and the limit, both in one unit."""
    match limit:
        case ir.Constant(number):
            return value, Amount(point(number))
        case ir.TimesLimit():
            return samples.value_of(ctx, sample, None), reference_limit(ctx, sample, limit)
        case ir.Quantities(options):
            return own_dimension(ctx, sample, options)
        case _:
            assert_never(limit)


def reference_limit(ctx: Context, sample: Sample, limit: ir.TimesLimit) -> Amount:
    """“`value ≤ k × limit` with the limit of that very result, else the vocabulary's … , else unknown”;
    in the item's unit.
    """
    own = sample.fact.uln if limit.which == "uln" else sample.fact.lln
    if sample.measure is None and own is not None:
        scale = samples.unit_factor(sample.item, sample.fact.unit)
        if scale is None:  # a value in words has none, and its limit cannot be compared without
            return Amount(None, (Cause("incomparable", sample.item.name),))
        return Amount(point(limit.factor * own * scale))
    declared = sample.item.uln if limit.which == "uln" else sample.item.lln
    return declared_limit(ctx, sample.item, declared, limit.factor)


def declared_limit(
    ctx: Context, item: ir.Item, declared: Sequence[ir.ReferenceLimit], by: Fraction
) -> Amount:
    """“unknown sex or age: all that may apply”."""
    plain = replace(ctx, lead=None)
    asked = [
        (each, expressions.truth(plain, each.condition) if each.condition is not None else Finding(True))
        for each in declared
    ]
    may_apply = [(each, finding) for each, finding in asked if finding.truth is not False]
    if not may_apply:
        return Amount(None, (Cause("no reference limit", item.name),))
    value = hull([point(by * each.value) for each, _ in may_apply])
    doubt = once(cause for _, finding in may_apply if finding.truth is None for cause in finding.causes)
    return Amount(value, doubt if value.low != value.high else ())


def own_dimension(
    ctx: Context, sample: Sample, options: Sequence[tuple[Fraction, Unit]]
) -> tuple[Amount, Amount]:
    """“a limit may be stated in several units … and a result then meets the one in its own dimension”."""
    unit = parse_unit(sample.fact.unit) if sample.fact.unit is not None and sample.measure is None else None
    mine = unit if unit is not None else sample.item.unit
    for value, option in options:
        if mine is not None and mine.dimension == option.dimension:
            return samples.value_of(ctx, sample, option), Amount(point(value))
    for value, option in options:
        if mine is not None and factor(mine, option, sample.item.molar_mass) is not None:
            return samples.value_of(ctx, sample, option), Amount(point(value))
    return samples.incomparable(sample.item), Amount(None)


# ---------------------------------------------------------------- how often


def occasions(ctx: Context, asked: ir.Result, found: Field, item: ir.Item, often: ir.Occasions) -> Finding:
    """“`k times at least d apart`: k matching results, each earlier than the next by d or more.”"""
    tested = tests(ctx, asked, found)
    surely = [each.sample.days for each, finding in tested if each.counts and finding.truth is True]
    possibly = [each.sample.days for each, finding in tested if finding.truth is not False]
    if counted(surely, often.spaced, surely=True) >= often.least:
        return Finding(True, (), told_by(tested))
    if found.complete and counted(possibly, often.spaced, surely=False) < often.least:
        return Finding(False, (), told_by(tested))
    causes = open_causes(tested, found, True) or (Cause("imprecise", item.name),)
    return unknown(*causes, evidence=told_by(tested))


def counted(days: Sequence[Days], spaced: ir.Length | None, *, surely: bool) -> int:
    return len(days) if spaced is None else longest_chain(days, spaced, surely=surely)


def in_a_row(ctx: Context, asked: ir.Result, found: Field, item: ir.Item, least: int) -> Finding:
    """“`k consecutive` needs results that are complete over the window, and in order”."""
    tested = tests(ctx, asked, found)
    partial = [each for each, _ in tested if each.sample.days.first != each.sample.days.last]
    unordered = [
        (one[1].truth, other[1].truth)
        for one in tested
        for other in tested
        if not surely_later(one[0].sample, other[0].sample)
        and not surely_later(other[0].sample, one[0].sample)
    ]
    apart = [pair for pair in unordered if pair[0] is not pair[1]]
    if found.complete and all(each.counts for each, _ in tested) and not partial and not apart:
        ordered = sorted(tested, key=lambda pair: (pair[0].sample.days.first, pair[0].sample.fact.time or ""))
        truths = [finding.truth for _, finding in ordered]
        if longest_run([truth is True for truth in truths]) >= least:
            return Finding(True, (), told_by(tested))
        if longest_run([truth is not False for truth in truths]) < least:
            return Finding(False, (), told_by(tested))
    told = [finding.causes for _, finding in tested] + [each.why for each, _ in tested]
    if any(each.counts for each in partial):
        told.append((Cause("imprecise", item.name),))
    if not found.complete:
        told.append((Cause("missing", found.wanted),))
    if any(None not in pair for pair in apart):
        told.append((Cause("conflicting", item.name),))
    return unknown(*one_or_every(found, told), evidence=told_by(tested))


def longest_run(passes: Sequence[bool]) -> int:
    longest = run = 0
    for each in passes:
        run = run + 1 if each else 0
        longest = max(longest, run)
    return longest


def of_the_last(
    ctx: Context, asked: ir.Result, found: Field, item: ir.Item, least: int, last: int
) -> Finding:
    """Among the last n results. “`last n`, `two most recent` and `change` need whole dates”; those not
    recorded may be anything.
    """
    tested = among_the_last(tests(ctx, asked, found), last)
    if any(not each.counts or each.sample.days.first != each.sample.days.last for each, _ in tested):
        why = [finding.causes for _, finding in tested] + [each.why for each, _ in tested]
        if any(each.counts and each.sample.days.first != each.sample.days.last for each, _ in tested):
            why.append((Cause("imprecise", item.name),))
        return unknown(*one_or_every(found, why), evidence=told_by(tested))
    sure_in = [pair for pair in tested if len(not_earlier(pair, tested)) <= last]
    perhaps = [pair for pair in tested if pair not in sure_in and len(later(pair, tested)) < last]
    seats = last - len(sure_in)
    passing = sum(finding.truth is True for _, finding in sure_in)
    failing = sum(finding.truth is False for _, finding in sure_in)
    tied_pass = sum(finding.truth is True for _, finding in perhaps)
    tied_fail = sum(finding.truth is False for _, finding in perhaps)
    taken = min(seats, len(perhaps))
    at_least_passing = passing + max(0, taken - (len(perhaps) - tied_pass))
    at_least_failing = failing + max(0, taken - (len(perhaps) - tied_fail))
    if at_least_passing >= least:
        return Finding(True, (), told_by(tested))
    if last - at_least_failing < least:
        return Finding(False, (), told_by(tested))
    told = [finding.causes for _, finding in (*sure_in, *perhaps) if finding.truth is None]
    if len(sure_in) + len(perhaps) < last:
        told.append((Cause("stale" if found.others and not tested else "missing", found.wanted),))
    if tied_pass and tied_fail:
        told.append((Cause("conflicting", item.name),))
    return unknown(*one_or_every(found, told), evidence=told_by(tested))


def among_the_last(tested: Sequence[Tested], last: int) -> list[Tested]:
    """Those that may be: not so many that count are surely later."""
    return [pair for pair in tested if sum(other[0].counts for other in later(pair, tested)) < last]


def later(pair: Tested, tested: Sequence[Tested]) -> list[Tested]:
    return [other for other in tested if surely_later(other[0].sample, pair[0].sample)]


def not_earlier(pair: Tested, tested: Sequence[Tested]) -> list[Tested]:
    """The result itself and all that are not surely before it."""
    return [other for other in tested if not surely_later(pair[0].sample, other[0].sample)]


# ---------------------------------------------------------------- change


def change(ctx: Context, asked: ir.Change) -> Finding:
    """From the earlier value to the later; “`falls by 25 %` is relative to the earlier value”."""
    item = ctx.item(asked.item)
    before, after = two_values(ctx, asked)
    evidence = once((*before.evidence, *after.evidence))
    causes = once((*before.causes, *after.causes))
    if asked.start == asked.end and asked.item not in ctx.protocol.measures:
        causes = first_that_applies(*((cause,) for cause in causes))  # one question on the same results
    if before.interval is None or after.interval is None:
        return unknown(*causes, evidence=evidence)
    try:
        moved = change_of(before.interval, after.interval, percent=asked.percent)
    except NotComputable:
        return unknown(Cause("not computable", item.name), evidence=evidence)
    truth = compare(moved if asked.direction == "rises" else negative(moved), asked.op, point(asked.amount))
    return Finding(truth, causes if truth is None else (), evidence)


def two_values(ctx: Context, asked: ir.Change) -> tuple[Amount, Amount]:
    """The earlier and the later value: at two moments, or the earliest and the latest of one window, which
    must be two.
    """
    latest = ir.Observed(asked.item, window=asked.end, side=asked.side)
    if asked.start != asked.end:
        return one_value(ctx, replace(latest, window=asked.start)), one_value(ctx, latest)
    before, after = one_value(ctx, replace(latest, select="earliest")), one_value(ctx, latest)
    if not before.evidence and not after.evidence:  # nothing to choose from: one question, one cause
        return after, after
    earliest, last = field(ctx, replace(latest, select="earliest")), field(ctx, latest)
    if not isinstance(earliest, Cause) and not isinstance(last, Cause):
        ends = [may_be_earliest(earliest), may_be_latest(last)]
        if all(len(each) == 1 for each in ends) and ends[0][0].sample == ends[1][0].sample:
            missing = Cause("missing", last.wanted)
            before = replace(before, interval=None, causes=(*before.causes, missing))
    return before, after


def change_of(before: Interval, after: Interval, *, percent: bool) -> Interval:
    """The rise, in the item's unit or in percent of the earlier value, which must be above zero."""
    if not percent:
        return add(after, negative(before))
    if before.low is None or before.low <= 0:
        raise NotComputable
    return add(times(divide(after, before), 100), point(-100))


def one_value(ctx: Context, observed: ir.Observed) -> Amount:
    """The chosen value; all that may be chosen must have a whole date."""
    found = field(ctx, observed)
    if isinstance(found, Cause):
        return Amount(None, (found,))
    if last_looked_at(ctx) is None:
        return Amount(None, (Cause("timepoint not dated", ctx.anchor_name),))
    value = amount(ctx, observed)
    chosen = may_be_latest(found) if observed.select == "latest" else may_be_earliest(found)
    if all(each.sample.days.first == each.sample.days.last for each in chosen):
        return value
    causes = one_or_every(found, [value.causes, (Cause("imprecise", observed.item),)])
    return replace(value, interval=None, causes=causes)
