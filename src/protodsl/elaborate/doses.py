"""Doses: in an event, as a number, stable over a time, changed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import numbers, quantities
from protodsl.elaborate.scope import Child, Context, Node, Num, Refused
from protodsl.runtime.units import Unit, factor, parse_unit
from protodsl.runtime.words import number_text

Per = Literal["kg", "m2"] | None
# Daily doses are kept in mg/d, or in activity per day; doses per kg and per m² are kept apart.
DAILY: tuple[tuple[str, Per], ...] = (
    ("mg/d", None), ("mg/kg/d", "kg"), ("mg/m2/d", "m2"), ("[IU]/d", None), ("U/d", None),
)  # fmt: skip
SELECTS: dict[str, Literal["highest", "lowest", "total"]] = {
    "dose": "highest", "highest": "highest", "lowest": "lowest", "cumulative": "total",
}  # fmt: skip


def parsed(text: str) -> Unit:
    unit = parse_unit(text)
    assert unit is not None
    return unit


def asked(ctx: Context, name: str, op: ir.Op, amount: Node, equivalence: Token | None) -> ir.Dose:
    """`at > 10 mg/d as prednisone_equivalent` behind a drug."""
    item = drug(ctx, name, amount)
    value, token = quantities.quantity(ctx, amount)
    if token is None:
        _without_unit(ctx, amount, value, "mg/d")
    assert token is not None
    value, unit, per = daily(ctx, value, quantities.unit_of(ctx, token), token)
    table = by_table(ctx, item, equivalence, amount)
    return ir.Dose(op, value, unit, table, per)


def drug(ctx: Context, name: str, at: Child) -> ir.Item:
    item = ctx.scope.items[name]
    if item.domain != "medications":
        ctx.report("wrong-kind", at, name=item.name, actual=item.kind, expected="a drug")
        raise Refused
    return item


def by_table(ctx: Context, item: ir.Item, token: Token | None, at: Child) -> str | None:
    """The table of equivalents; the doses of a class cannot be added without one."""
    name = numbers.equivalence_named(ctx, token)
    if item.is_class and name is None:
        ctx.report("needs-equivalence", at, name=item.name)
        raise Refused
    return name


def _without_unit(ctx: Context, at: Child, value: Fraction, expected: str) -> None:
    said = f"{number_text(value)} {expected}"
    ctx.report("missing-unit", at, name="a dose", expected=expected, suggestion=said)
    raise Refused


def daily(ctx: Context, value: Fraction, unit: Unit, at: Child) -> tuple[Fraction, Unit, Per]:
    for name, per in DAILY:
        wanted = parsed(name)
        scale = factor(unit, wanted)
        if scale is not None:
            return value * scale, wanted, per
    ctx.report("wrong-dimension", at, unit=unit.text, name="a daily dose", expected="mg/d")
    raise Refused


def whole(ctx: Context, value: Fraction, unit: Unit, at: Child) -> tuple[Fraction, Unit, Unit, Per]:
    """A cumulative dose: its amount in mg or the like, that unit, and the unit of each of its days."""
    for name, per in DAILY:
        wanted = parsed(name.removesuffix("/d"))
        scale = factor(unit, wanted)
        if scale is not None:
            return value * scale, wanted, parsed(name), per
    ctx.report("wrong-dimension", at, unit=unit.text, name="a cumulative dose", expected="mg")
    raise Refused


def against(ctx: Context, tree: Node, left: ir.DoseOf, op: ir.Op, limit: Num, at: Child) -> ir.Expr:
    """A dose compared with an amount."""
    assert limit.constant is not None
    total = left.select == "total"
    if limit.unit is None:
        _without_unit(ctx, at, limit.constant, "mg" if total else "mg/d")
    assert limit.unit is not None
    item = ctx.scope.items[left.item]
    if item.is_class and left.equivalence is None:
        ctx.report("needs-equivalence", tree, name=left.item)
        raise Refused
    if total:
        value, shown, unit, per = whole(ctx, limit.constant, limit.unit, at)
    else:
        value, unit, per = daily(ctx, limit.constant, limit.unit, at)
        shown = unit
    number = replace(left, unit=unit, per=per)
    return ir.Compare(number, op, ir.Constant(value), shown, ctx.span(tree))


def number(ctx: Context, tree: Node) -> Num:
    """`dose of X as E at T`, `cumulative dose of X`; the unit is that of what it is compared with."""
    said, target, equivalence, at = tree.children
    assert isinstance(target, Tree)
    token = target.children[0]
    if not (len(target.children) == 1 and isinstance(token, Token)):
        ctx.report("list-where-number", target)
        raise Refused
    item = numbers.item_named(ctx, token, "a drug or drug class")
    drug(ctx, item.name, token)
    name = numbers.equivalence_named(ctx, cast("Token | None", equivalence))
    select = SELECTS[str(said).split()[0]]
    if at is not None and ctx.said is not None:
        ctx.report("said-twice", at, what="when the dose is taken")
        raise Refused
    window = ctx.said or (quantities.EVER if select == "total" else quantities.NOW)
    if at is not None:
        window = quantities.on_day(quantities.anchor(ctx, cast(Node, at)))
    unit = parsed("mg/d")
    dose = ir.DoseOf(item.name, name, window, unit, None, select, ctx.span(tree))
    return Num(dose, parsed("mg") if select == "total" else unit)


# ---------------------------------------------------------------- stable, changed


def stable(ctx: Context, base: ir.Exists, tail: Node) -> ir.Expr:
    """`receives x at stable dose for >= 4 weeks at visit_1`: on every day of the period up to the window's
    end the same dose, and some."""
    unit, equivalence = (cast("Token | None", child) for child in tail.children[1:])
    item = drug(ctx, base.item, tail)
    end = base.window.end
    if base.lasting is None or base.lasting[0] not in (">=", ">") or end is None or end.by is not None:
        ctx.report("stable-needs-period", tail, name=item.name)
        raise Refused
    if base.attributes or base.but_not or base.dose is not None or base.first_day:
        ctx.report("wrong-clause", tail, clause="another clause", name="a stable dose")
        raise Refused
    # Long enough is a period whose first day is on or before the day after its last, less the length asked.
    after = ir.Shifted(end.anchor, 1, ir.Length(Fraction(1), "day"))
    window = ir.Window(ir.Bound(after, -1, base.lasting[1]), end)
    highest, lowest = both(ctx, item, unit, by_table(ctx, item, equivalence, tail), window, tail, base)
    taken = ir.Compare(lowest, ">", ir.Constant(Fraction(0)), lowest.unit, base.span)
    same = ir.Compare(highest, "=", lowest, lowest.unit, base.span)
    return ir.And((taken, same), "stable", base.span)


def both(
    ctx: Context, item: ir.Item, unit: Token | None, table: str | None, window: ir.Window, at: Child,
    base: ir.Exists | None,
) -> tuple[ir.DoseOf, ir.DoseOf]:  # fmt: skip
    """The highest and the lowest daily dose of a time."""
    made, per = parsed("mg/d"), cast(Per, None)
    if unit is not None:
        _, made, per = daily(ctx, Fraction(1), quantities.unit_of(ctx, unit), unit)
    span = base.span if base is not None else ctx.span(at)
    highest = ir.DoseOf(item.name, table, window, made, per, "highest", span)
    return highest, replace(highest, select="lowest")


def changes(ctx: Context, tree: Node, left: Child, direction: Token, window: Node) -> ir.Expr:
    """`dose of x changes within 4 weeks before screening`: not the same on all of these days."""
    subject = numbers.number(ctx, left).number
    if str(direction) != "changes" or not isinstance(subject, ir.DoseOf) or subject.select != "highest":
        ctx.report("change-needs-by", tree, word=str(direction))
        raise Refused
    item = ctx.scope.items[subject.item]
    if item.is_class and subject.equivalence is None:
        ctx.report("needs-equivalence", tree, name=item.name)
        raise Refused
    made = quantities.window(ctx, window)
    highest, lowest = both(ctx, item, None, subject.equivalence, made, tree, None)
    return ir.Compare(highest, ">", lowest, lowest.unit, ctx.span(tree))
