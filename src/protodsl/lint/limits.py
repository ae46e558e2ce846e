"""Rules that hold the limits of several criteria against one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from protodsl import ir
from protodsl.diagnostics import Diagnostic, Label, diagnose
from protodsl.lint.walk import at, meaning
from protodsl.runtime.words import number_text
from protodsl.source import Span

_TURNED: dict[str, ir.Op] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class _Demand:
    """What a criterion asks of everybody: that a value lies above or below a limit."""

    part: ir.Part
    subject: object  # the value, by its meaning: item, choice, window
    item: str
    low: bool  # the limit is a lower one
    limit: Fraction
    strict: bool
    kind: str  # a plain limit, or one × ULN or LLN
    span: Span


def _demands(protocol: ir.Protocol, criteria: tuple[ir.Criterion, ...]) -> Iterator[_Demand]:
    """The demands of criteria without a guard, outside groups and without alternatives."""
    for criterion in criteria:
        if criterion.group is None:
            yield from _of_part(protocol, criterion.root, criterion.kind == "exclusion")


def _of_part(protocol: ir.Protocol, part: ir.Part, excludes: bool) -> Iterator[_Demand]:
    joined = "any" if excludes else "all"
    if part.applies is not None or (part.parts and part.combine != joined):
        return
    for inner in part.parts:
        yield from _of_part(protocol, inner, excludes)
    if part.expr is not None:
        yield from _of_expr(protocol, part, part.expr, excludes)


def _of_expr(protocol: ir.Protocol, part: ir.Part, expr: ir.Expr, turned: bool) -> Iterator[_Demand]:
    match expr:
        case ir.Not(member):
            yield from _of_expr(protocol, part, member, not turned)
        case ir.And(members) if not turned:
            for member in members:
                yield from _of_expr(protocol, part, member, turned)
        case ir.Or(members) if turned:
            for member in members:
                yield from _of_expr(protocol, part, member, turned)
        case ir.Result(ir.Observed() as value, ir.NumberTest(bounds), None):
            if turned and len(bounds) > 1:
                return
            for op, limit in bounds:
                match limit:
                    case ir.Constant(number):
                        kind = "plain"
                    case ir.TimesLimit(number, kind):
                        pass
                    case _:
                        continue
                yield from _demand(protocol, part, value, value.item, op, number, kind, turned, expr.span)
        case ir.Compare(ir.Age() as age, op, ir.Constant(number)):
            yield from _demand(
                protocol, part, age, f"age in {age.unit}s", op, number, "plain", turned, expr.span
            )


def _demand(
    protocol: ir.Protocol,
    part: ir.Part,
    value: ir.Observed | ir.Age,
    item: str,
    op: ir.Op,
    limit: Fraction,
    kind: str,
    turned: bool,
    span: Span | None,
) -> Iterator[_Demand]:
    asked = _TURNED.get(op) if turned else op
    if asked in ("<", "<=", ">", ">="):
        every = isinstance(value, ir.Age) or value.select == "latest"
        if every:
            place = span or at(protocol, part)
            low, strict = asked in (">", ">="), asked in ("<", ">")
            yield _Demand(part, meaning(value), item, low, limit, strict, kind, place)


def implied(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A limit that another criterion of the same step makes idle, and two that leave no value."""
    for stage in protocol.stages:
        seen: list[_Demand] = []
        for one in _demands(protocol, stage.criteria):
            for other in seen:
                if (one.subject, one.kind) != (other.subject, other.kind) or one.part.id == other.part.id:
                    continue
                if one.low != other.low:
                    low, high = (one, other) if one.low else (other, one)
                    empty = low.limit > high.limit
                    touching = low.limit == high.limit and (low.strict or high.strict)
                    if empty or touching:
                        yield _pair("limits-exclude", one, other)
                elif (one.limit, one.strict) != (other.limit, other.strict) and not _explained(one, other):
                    weaker = min(one, other, key=_strength)
                    stronger = other if weaker is one else one
                    yield _pair("limit-implied", weaker, stronger)
            seen.append(one)


def _strength(one: _Demand) -> tuple[Fraction, bool]:
    return (one.limit if one.low else -one.limit), one.strict


def _explained(one: _Demand, other: _Demand) -> bool:
    return bool(one.part.clarify or other.part.clarify)


def _pair(name: str, one: _Demand, other: _Demand) -> Diagnostic:
    label = Label(other.span, "the other limit")
    return diagnose(name, one.span, labels=[label], id=one.part.id, other=other.part.id, name=one.item)


def both_ways(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """An inclusion that asks for the very thing that excludes: nobody can take part."""
    for stage in protocol.stages:
        wanted = {
            repr(meaning(one.root.expr)): one
            for one in stage.criteria
            if one.kind == "inclusion" and one.root.expr is not None and one.group is None
        }
        for one in stage.criteria:
            if one.kind == "exclusion" and one.root.expr is not None and one.root.applies is None:
                other = wanted.get(repr(meaning(one.root.expr)))
                if other is not None and other.root.applies is None:
                    label = Label(at(protocol, other.root), "required here")
                    yield diagnose(
                        "included-and-excluded",
                        at(protocol, one.root),
                        labels=[label],
                        id=one.id,
                        other=other.id,
                    )


def steps_differ(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A value whose limit in a later step is another than in an earlier one, or in another unit, without a
    word about it."""
    earlier: dict[tuple[str, bool], list[_Demand]] = {}
    for stage in protocol.stages:
        here: dict[tuple[str, bool], list[_Demand]] = {}
        for one in _demands(protocol, stage.criteria):
            key = (one.item, one.low)
            here.setdefault(key, []).append(one)
            known = earlier.get(key)
            if not known:
                continue
            before = next((other for other in known if other.kind == one.kind), known[-1])
            if _explained(one, before):
                continue
            if (one.limit, one.strict, one.kind) != (before.limit, before.strict, before.kind):
                yield diagnose(
                    "steps-differ",
                    one.span,
                    labels=[Label(before.span, "the limit of the earlier step")],
                    name=one.item,
                    limit=_shown(protocol, one),
                    before=_shown(protocol, before),
                )
        earlier |= here


def _shown(protocol: ir.Protocol, one: _Demand) -> str:
    """The limit with its operator and unit: that of the item, in which the model has it."""
    sign = {(True, True): ">", (True, False): ">=", (False, True): "<", (False, False): "<="}
    item = protocol.items.get(one.item)
    unit = one.kind.upper() if one.kind != "plain" else item.unit.text if item and item.unit else ""
    return f"{sign[one.low, one.strict]} {number_text(one.limit)} {unit}".rstrip()
