"""The sentence of a comparison of results, values and numbers, and the facts it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from protodsl import ir
from protodsl.interpret import formulas, samples, wording
from protodsl.interpret.amounts import Amount
from protodsl.interpret.context import Context
from protodsl.interpret.formulas import number
from protodsl.interpret.intervals import compare
from protodsl.interpret.results import Tested, against, change_of, extreme, field_of, tests, two_values
from protodsl.interpret.samples import Sample
from protodsl.interpret.selection import Field, Standing, field, may_be_earliest, may_be_latest
from protodsl.interpret.told import Told
from protodsl.interpret.truth import Finding, once
from protodsl.interpret.windows import anchor_days
from protodsl.runtime import words
from protodsl.runtime.record import Days, Exact, Interval
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.units import Unit, parse_unit


def of_result(ctx: Context, asked: ir.Result, found: Finding) -> Told:
    looked = field_of(ctx, asked)
    if isinstance(looked, Cause):
        return Told((wording.cause(ctx, looked),))
    if found.truth is None:
        return open_result(ctx, asked, looked, found)
    if asked.occasions is not None:
        return of_occasions(ctx, asked, asked.occasions, looked, found)
    if asked.observed.select in ("latest", "earliest"):
        chosen = chosen_of(asked.observed, looked)
        return Told((sentence(ctx, asked, shown(asked.observed, chosen).sample),), places(ctx, asked, chosen))
    deciding = deciding_results(ctx, asked, looked, found.truth)
    if deciding:
        return Told((sentence(ctx, asked, deciding[0].sample),), places(ctx, asked, deciding))
    item = ctx.item(asked.observed.item)
    window = wording.window(ctx, window_of(asked.observed))
    count = len(looked.standings)
    told = words.results_reason(item.label, asked.observed.select, count, window, looked.complete)
    return Told((told,), places(ctx, asked, looked.standings))


def window_of(observed: ir.Observed) -> ir.Window:
    return observed.window or ir.Window(None, ir.Bound(ir.StageAnchor()))


def chosen_of(observed: ir.Observed, looked: Field) -> list[Standing]:
    return may_be_latest(looked) if observed.select == "latest" else may_be_earliest(looked)


def places(ctx: Context, asked: ir.Result, standings: Sequence[Standing]) -> tuple[str, ...]:
    """“a formula: the lead's place, then its inputs' in formula order”."""
    found: list[str] = []
    for each in standings:
        found.append(each.sample.fact.where)
        if each.sample.measure is not None:
            found += samples.value_of(ctx, each.sample, asked.observed.unit).evidence
    return once(found)


def shown(observed: ir.Observed, chosen: Sequence[Standing]) -> Standing:
    """“shown is the one with the greatest (smallest) last day, then first day, then time, then the first
    in the record”.
    """

    def key(each: Standing) -> tuple[int, int, str]:
        return (each.sample.days.last, each.sample.days.first, each.sample.fact.time or "")

    if observed.select == "earliest":
        return min(chosen, key=key)
    return max(chosen, key=key)


def deciding_results(ctx: Context, asked: ir.Result, looked: Field, truth: Truth) -> list[Standing]:
    """“the results that surely make the answer true (`any`, `highest >`) or false (`every`, `highest
    <=`)”; none where all of them decide. Of several limits of an extreme the first that decides; where one
    of those that hold needs all results, all of them.
    """
    if asked.observed.select not in ("highest", "lowest"):
        return making(tests(ctx, asked, looked), asked.observed.select == "any", truth)
    assert isinstance(asked.test, ir.NumberTest)
    deciding = []
    for op, limit in asked.test.bounds:
        for part in ("<=", ">=") if op == "=" else (op,):
            one = replace(asked, test=ir.NumberTest(((part, limit),)))
            if extreme(ctx, one, looked).truth is truth:
                upward = part in (">", ">=")
                existential = upward == (asked.observed.select == "highest")
                deciding.append(making(tests(ctx, one, looked), existential, truth))
    return [] if truth and not all(deciding) else deciding[0]


def making(tested: Sequence[Tested], existential: bool, truth: Truth) -> list[Standing]:
    """The results of which each alone makes it so; `existential`: one is enough for true, else for false."""
    if existential is not truth:
        return []
    return [each for each, finding in tested if each.counts and finding.truth is truth]


def open_result(ctx: Context, asked: ir.Result, looked: Field, found: Finding) -> Told:
    chooses = asked.observed.select in ("latest", "earliest") and asked.occasions is None
    seen = chosen_of(asked.observed, looked) if chooses else list(looked.standings)
    recorded = bool(looked.standings) and (not chooses or asked.observed.select == "earliest")
    if any(cause.kind == "stale" for cause in found.causes) and not seen:
        seen = [Standing(latest_of(looked.outside), False)]

    def own(cause: Cause) -> bool:
        return cause.what == asked.observed.item

    told = tuple(
        wording.cause(
            ctx,
            cause,
            recorded=recorded and (own(cause) or cause.what == looked.wanted),
            value=value_text(ctx, asked, seen[0].sample) if len(seen) == 1 and own(cause) else None,
        )
        for cause in found.causes
    )
    return Told(told, places(ctx, asked, seen))


def value_text(ctx: Context, asked: ir.Result, sample: Sample) -> str | None:
    """A result as recorded; what a formula makes of it as far as it is known."""
    if sample.measure is None:
        return wording.recorded_value(sample.fact)
    lead = samples.lead_of(ctx, sample)
    value = formulas.measured(ctx.led_by(sample.measure, lead), sample.measure).interval
    unit = sample.item.unit
    return None if value is None else words.amount(near(value, None), unit.text if unit else None)


def latest_of(outside: Sequence[Sample]) -> Sample:
    return max(outside, key=lambda each: (each.days.last, each.days.first, each.fact.time or ""))


def of_occasions(ctx: Context, asked: ir.Result, often: ir.Occasions, looked: Field, found: Finding) -> Told:
    from protodsl.interpret.results import among_the_last

    tested = tests(ctx, asked, looked)
    if often.last is not None:
        tested = among_the_last(tested, often.last)
        passing = [each for each, finding in tested if finding.truth is True]
        told = words.occasions_reason(label_of(ctx, asked), len(passing), often.least, often.last)
        return Told((told,), places(ctx, asked, [each for each, _ in tested]))
    if often.consecutive:
        from protodsl.interpret.results import longest_run

        ordered = sorted(tested, key=lambda pair: (pair[0].sample.days.first, pair[0].sample.fact.time or ""))
        run = longest_run([finding.truth is True for _, finding in ordered])
        told = words.row_reason(label_of(ctx, asked), run, often.least)
        return Told((told,), places(ctx, asked, [each for each, _ in tested]))
    passing = [each for each, finding in tested if finding.truth is True]
    if found.truth:
        passing = [each for each in passing if each.counts]
    told = words.occasions_reason(label_of(ctx, asked), len(passing), often.least, None)
    return Told((told,), places(ctx, asked, passing if found.truth else [each for each, _ in tested]))


def label_of(ctx: Context, asked: ir.Result) -> str:
    return ctx.item(asked.observed.item).label


# ---------------------------------------------------------------- one result


def sentence(ctx: Context, asked: ir.Result, sample: Sample) -> str:
    """`ALT 130 U/L is 3.25 × ULN (40 U/L), above 3 × ULN, sampled 2024-02-20`."""
    fact, item = sample.fact, sample.item
    label = words.sided(item.label, asked.observed.side)
    if isinstance(asked.test, ir.CodeTest):
        return words.coded_reason(label, fact.raw, fact.date)
    bounds = [bound(ctx, asked, sample, op, limit) for op, limit in asked.test.bounds]
    if sample.measure is None:
        return words.result_reason(label, fact.raw, fact.unit, fact.date, bounds)
    value = samples.value_of(ctx, sample, asked.observed.unit).interval
    assert value is not None
    unit = asked.observed.unit or item.unit
    text = near(value, first_limit(asked.test))
    return words.result_reason(label, text, unit.text if unit else None, fact.date, bounds, computed=True)


def first_limit(test: ir.NumberTest) -> Exact | None:
    limit = test.bounds[0][1]
    return limit.value if isinstance(limit, ir.Constant) else None


def near(value: Interval, limit: Exact | None) -> str:
    if value.low is not None and value.low == value.high:
        return words.near_text(value.low, limit)
    return words.range_text(value.low, value.high)


def bound(ctx: Context, asked: ir.Result, sample: Sample, op: ir.Op, limit: ir.Limit) -> words.Compared:
    unit = asked.observed.unit
    value = samples.value_of(ctx, sample, unit)
    mine, theirs = against(ctx, sample, unit, value, limit)
    known = mine.interval is not None and theirs.interval is not None
    if not known and isinstance(limit, ir.TimesLimit):  # another bound decides
        return words.Compared(op, words.times_limit_text(limit.factor, limit.which), None)
    assert mine.interval is not None and theirs.interval is not None
    truth = compare(mine.interval, op, theirs.interval)
    match limit:
        case ir.Constant(number):
            unit = unit or sample.item.unit
            text = wording.limit(number, unit.text if unit else None)
            return words.Compared(op, text, truth, converted(sample, unit, mine, number))
        case ir.TimesLimit(factor, which):
            return words.Compared(
                op, words.times_limit_text(factor, which), truth, times(ctx, sample, limit, theirs)
            )
        case ir.Quantities(options):
            option = next(unit for value, unit in options if theirs.interval.low == value)
            least = theirs.interval.low or 0
            shown = converted(sample, option, mine, least)
            return words.Compared(op, wording.limit(least, option.text), truth, shown)


def converted(sample: Sample, unit: Unit | None, mine: Amount, limit: Exact) -> str | None:
    """`1.7 mg/dL`, where the result is recorded in another unit."""
    if sample.measure is not None or unit is None or sample.fact.unit is None or mine.interval is None:
        return None
    recorded = parse_unit(sample.fact.unit)
    if sample.fact.unit in sample.item.also_units or recorded is None:
        return None
    if recorded.dimension == unit.dimension and recorded.factor == unit.factor:
        return None
    if mine.interval.low != mine.interval.high:
        return None
    return words.amount(near(mine.interval, limit), unit.text)


def times(ctx: Context, sample: Sample, limit: ir.TimesLimit, theirs: Amount) -> str | None:
    """`3.25 × ULN (40 U/L)`: in the result's own unit, or in the item's with the vocabulary's limit."""
    own = sample.fact.uln if limit.which == "uln" else sample.fact.lln
    number = sample.fact.number
    if own is not None and sample.measure is None and number is not None:
        if number.low is None or number.low != number.high:
            return None
        return words.times_text(number.low, own, limit.factor, limit.which, sample.fact.unit)
    value = samples.value_of(ctx, sample, None).interval
    declared = theirs.interval
    if value is None or declared is None or value.low is None or value.low != value.high:
        return None
    if declared.low is None or declared.low != declared.high:
        return None
    unit = sample.item.unit.text if sample.item.unit else None
    reference = declared.low / limit.factor
    return words.times_text(value.low, reference, limit.factor, limit.which, unit, declared=True)


# ---------------------------------------------------------------- comparisons of numbers


def of_comparison(ctx: Context, asked: ir.Compare, found: Finding) -> Told:
    if found.truth is None:
        return Told(tuple(wording.cause(ctx, cause) for cause in found.causes), found.evidence)
    left, right = operand(ctx, asked.left), operand(ctx, asked.right)
    return Told((words.compare_reason(left, asked.op, right, found.truth, unit_of(asked)),), found.evidence)


def unit_of(asked: ir.Compare) -> str | None:
    for side in (asked.left, asked.right):
        if isinstance(side, ir.Age):
            return f"{side.unit}s"
    return asked.unit.text if asked.unit is not None else None


def operand(ctx: Context, asked: ir.Number) -> words.Operand:
    value = number(ctx, asked).interval
    assert value is not None
    name = "" if isinstance(asked, ir.Constant) else phrase(ctx, asked)
    return words.Operand(name, value.low, value.high, when(ctx, asked))


def phrase(ctx: Context, asked: ir.Number) -> str:
    match asked:
        case ir.Constant(value):
            return words.number_text(value)
        case ir.Observed(item=name, side=side):
            return words.sided(wording.label(ctx, name), side)
        case ir.Mean(ir.Observed(item=name, side=side), last):
            return words.mean_text(words.sided(wording.label(ctx, name), side), last)
        case ir.Age():
            return "age"
        case ir.DoseOf(item=name, equivalence=table, select=select):
            return words.dose_phrase(select, wording.label(ctx, name), table)
        case ir.Arithmetic(op, left, right):
            return words.operation_text(op, phrase(ctx, left), phrase(ctx, right))
        case ir.Call(function, arguments):
            return words.call_text(function, [phrase(ctx, argument) for argument in arguments])
        case ir.Table(percentile=ir.Percentile(percent, table)):
            return words.percentile_text(percent, table)
        case ir.Table():
            return "the table's value"


def when(ctx: Context, asked: ir.Number) -> Days | None:
    match asked:
        case ir.Age():
            days = anchor_days(ctx, asked.at)
            return days if isinstance(days, Days) else None
        case ir.Observed():
            looked = field(ctx, asked)
            if isinstance(looked, Cause) or asked.select not in ("latest", "earliest"):
                return None
            chosen = chosen_of(asked, looked)
            return shown(asked, chosen).sample.days if chosen else None
        case _:
            return None


# ---------------------------------------------------------------- change


def of_change(ctx: Context, asked: ir.Change, found: Finding) -> Told:
    if found.truth is None:
        return Told(tuple(wording.cause(ctx, cause) for cause in found.causes), found.evidence)
    item = ctx.item(asked.item)
    before, after = two_values(ctx, asked)
    assert before.interval is not None and after.interval is not None
    moved = change_of(before.interval, after.interval, percent=asked.percent)
    low, high = moved.low, moved.high
    if asked.direction == "falls":
        low, high = (None if high is None else -high), (None if low is None else -low)
    unit = item.unit.text if item.unit is not None else None
    told = words.change_reason(
        words.sided(item.label, asked.side),
        asked.direction,
        asked.op,
        asked.amount,
        dated_value(
            ctx, asked, asked.start, "earliest" if asked.start == asked.end else "latest", before.interval
        ),
        dated_value(ctx, asked, asked.end, "latest", after.interval),
        (low, high),
        "%" if asked.percent else unit,
        found.truth,
    )
    return Told((told,), found.evidence)


def dated_value(
    ctx: Context, asked: ir.Change, window: ir.Window, select: ir.Select, value: Interval
) -> tuple[str, Days | None]:
    """As recorded; of a formula what it makes, all that it may be."""
    observed = ir.Observed(asked.item, select, window, side=asked.side)
    looked = field(ctx, observed)
    assert not isinstance(looked, Cause)
    sample = shown(observed, chosen_of(observed, looked)).sample
    if sample.measure is None:
        return wording.recorded_value(sample.fact), sample.fact.date
    unit = sample.item.unit
    return words.amount(
        words.range_text(value.low, value.high), unit.text if unit else None
    ), sample.fact.date
