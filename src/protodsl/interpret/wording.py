"""Names, anchors, windows and causes in words: what the model and the record give to `runtime.words`."""

from __future__ import annotations

from protodsl import ir
from protodsl.interpret.context import Context, as_of
from protodsl.interpret.matching import each_code, has
from protodsl.interpret.samples import reported
from protodsl.interpret.windows import anchor_days
from protodsl.ir import Code
from protodsl.runtime import words
from protodsl.runtime.record import Coded, Days, Exact, Result
from protodsl.runtime.report import Cause

PARTICIPANT = {"sex": "sex", "birth_date": "birth date"}


def label(ctx: Context, name: str) -> str:
    item = ctx.protocol.items.get(name)
    return item.label if item is not None else PARTICIPANT.get(name, words.name_text(name))


def own_label(ctx: Context, code: Coded, item: ir.Item) -> str:
    """What is recorded, by its own name: that of the vocabulary, else of the only item with its code."""
    if code.system is None:
        return label(ctx, code.code) if code.code in ctx.protocol.items else item.label
    own = [Code(one.system, one.code) for one in each_code(code) if one.system and one.code]
    same = [
        each.label
        for each in ctx.protocol.items.values()
        if each.domain == item.domain and not each.is_class and any(has(each, one) for one in own)
    ]
    return same[0] if len(same) == 1 else item.label


def cause(
    ctx: Context,
    told: Cause,
    *,
    question: str | None = None,
    recorded: bool = False,
    value: str | None = None,
) -> str:
    """The sentence of one cause."""
    item = ctx.protocol.items.get(told.what)
    domain = "participant" if told.what in PARTICIPANT else item.domain if item is not None else "results"
    if question is not None:
        domain = "answers"
    name = question if question is not None else label(ctx, told.what)
    latest = latest_date(ctx, item) if told.kind == "stale" and item is not None else None
    return words.unknown_reason(told.kind, name, domain=domain, recorded=recorded, latest=latest, value=value)


def latest_date(ctx: Context, item: ir.Item) -> Days | None:
    """The date of the latest result that surely is the item's."""
    now = as_of(ctx)
    found = [each for each in reported(ctx, item) if each.sure and (now is None or each.days.first <= now)]
    dated = [each for each in found if each.fact.date is not None]
    if not dated:
        return None
    return max(dated, key=lambda each: (each.days.last, each.days.first, each.fact.time or "")).fact.date


def recorded_value(fact: Result) -> str:
    return words.amount(fact.raw, fact.unit)


# ---------------------------------------------------------------- time


def anchor(ctx: Context, asked: ir.Anchor) -> str:
    match asked:
        case ir.AtTimepoint(name):
            return words.name_text(name)
        case ir.StageAnchor():
            return anchor(ctx, ctx.anchor)
        case ir.Shifted(base, sign, by):
            return words.moved_anchor_text(anchor(ctx, base), sign, duration(by))
        case ir.OfSample():
            return "that sample"
        case ir.OfEvent(which, item):
            return words.event_anchor_text(which, label(ctx, item))


def duration(by: ir.Duration) -> str:
    match by:
        case ir.Length(count, unit):
            return words.length_text(count, unit)
        case ir.Extreme(which, first, second):
            return words.extreme_text(which, duration(first), duration(second))


def edge(ctx: Context, bound: ir.Bound | None) -> words.Edge | None:
    if bound is None:
        return None
    days = anchor_days(ctx, bound.anchor)
    by = None if bound.by is None else duration(bound.by)
    dated = days if isinstance(days, Days) else None
    return words.Edge(anchor(ctx, bound.anchor), dated, bound.sign, by, bound.open)


def window(ctx: Context, asked: ir.Window) -> str:
    return words.window_text(edge(ctx, asked.start), edge(ctx, asked.end))


# ---------------------------------------------------------------- numbers


def limit(value: Exact, unit: str | None) -> str:
    return words.amount(words.number_text(value), unit)
