"""What a protocol asks, gathered once: where the generator of random records aims.

Not a reading of the protocol's meaning (that is what the records are to test), only its landmarks: the
items, the limits beside which a value is interesting, the windows at whose ends a date is, the wish of each
leaf.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from protodsl import ir
from protodsl.runtime.units import factor, parse_unit

SPELLINGS = (
    "g/L", "g/dL", "mg/dL", "mg/L", "ug/L", "ng/mL", "pg/mL", "ug/mL", "mol/L", "mmol/L", "umol/L",
    "µmol/L", "10*9/L", "x10^9/L", "/uL", "cells/µL", "10*6/L", "U/L", "IU/L", "[IU]/mL", "m[IU]/mL",
    "kIU/L", "%", "1", "mL/min", "mL/min/1.73m2", "mL/min/{1.73_m2}", "mL/s", "g/d", "g/24h", "mg/24h",
    "mg/d", "mg/wk", "ug/d", "kg", "g", "[lb_av]", "m", "cm", "mm", "s", "min", "mm[Hg]", "kPa", "Cel",
    "points", "{score}", "copies/mL", "kg/m2", "m2", "mmol/mol", "/[HPF]", "mg/g", "mg/mmol",
    "percentage_points", "letters",
)  # fmt: skip
# of a number nobody sets a limit on, in its item's unit
TYPICAL: dict[str, tuple[int | Fraction, int | Fraction]] = {
    "creatinine": (Fraction(1, 2), Fraction(5, 2)), "body_weight": (40, 110), "body_height": (120, 195),
    "kg": (40, 110), "cm": (100, 195), "m2": (1, 2), "mg/dL": (1, 300), "umol/L": (30, 300), "g/L": (20, 200),
    "U/L": (5, 300), "10*9/L": (0, 15), "%": (1, 100), "Cel": (35, 40), "mm[Hg]": (40, 180), "s": (8, 60),
}  # fmt: skip


@dataclass
class Hints:
    """`leaves`: (the leaf, whether it should be true for the participant's sake, its stage)."""

    protocol: ir.Protocol
    leaves: list[tuple[Any, bool, ir.Stage]] = field(default_factory=list)
    limits: dict[str, list[Fraction]] = field(default_factory=dict)
    ages: list[int] = field(default_factory=list)  # in years, of the criteria
    lengths: list[ir.Length] = field(default_factory=list)
    units: dict[str, list[tuple[str, Fraction]]] = field(default_factory=dict)  # spelling, factor to it
    under: dict[str, list[str]] = field(default_factory=dict)  # members, transitively
    above: dict[str, list[str]] = field(default_factory=dict)
    by_domain: dict[str, list[str]] = field(default_factory=dict)
    recent: set[str] = field(default_factory=set)  # events chosen by recency: anchors
    early: set[str] = field(default_factory=set)  # results chosen otherwise than by the latest alone
    reported: set[str] = field(default_factory=set)  # measures that count as reported, and their leads
    sided: bool = False  # results are asked of a side
    settings: list[ir.Setting] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)  # what formulas read
    families: dict[str, frozenset[str]] = field(default_factory=dict)  # filled by `family`


def walk(node: Any) -> Iterator[Any]:
    """Every dataclass instance in a value, itself first."""
    stack = [node]
    while stack:
        found = stack.pop()
        if is_dataclass(found) and not isinstance(found, type):
            yield found
            stack.extend(getattr(found, each.name) for each in fields(found) if each.name != "span")
        elif isinstance(found, tuple):
            stack.extend(reversed(found))


_KNOWN: dict[int, Hints] = {}


def hints(protocol: ir.Protocol) -> Hints:
    found = _KNOWN.get(id(protocol))
    if found is None or found.protocol is not protocol:
        found = _KNOWN[id(protocol)] = _gather(protocol)
    return found


def _gather(protocol: ir.Protocol) -> Hints:
    h = Hints(protocol)
    for name, item in protocol.items.items():
        h.by_domain.setdefault(item.domain, []).append(name)
        h.under[name] = _members(protocol, name)
        for member in h.under[name]:
            h.above.setdefault(member, []).append(name)
        if item.unit is not None:
            h.units[name] = _units(item)
    for stage in protocol.stages:
        for criterion in (*stage.criteria, *(each for cohort in stage.cohorts for each in cohort.criteria)):
            wanted = criterion.kind == "inclusion"
            for part in walk(criterion.root):
                if isinstance(part, ir.Part):
                    for expr in (part.expr, part.applies):
                        if expr is not None:
                            _leaves(h, expr, wanted, stage, set())
        for cohort in stage.cohorts:
            if cohort.applies is not None:
                _leaves(h, cohort.applies, True, stage, set())
    for measure in protocol.measures.values():
        h.inputs.append(measure.lead)
        h.inputs += [each.item for each in walk(measure.formula) if isinstance(each, ir.Observed)]
        if measure.reported:
            h.reported |= {measure.item.name, measure.lead}
    h.inputs = sorted(set(h.inputs))
    _landmarks(h)
    return h


def _members(protocol: ir.Protocol, name: str) -> list[str]:
    found: dict[str, None] = {}
    stack = list(protocol.items[name].members)
    while stack:
        member = stack.pop(0)
        if member not in found and member in protocol.items:
            found[member] = None
            stack += protocol.items[member].members
    return list(found)


def _units(item: ir.Item) -> list[tuple[str, Fraction]]:
    assert item.unit is not None
    found = [(item.unit.text, Fraction(1))] * 4 + [(text, Fraction(1)) for text in item.also_units]
    for text in SPELLINGS:
        unit = parse_unit(text)
        assert unit is not None
        ratio = factor(item.unit, unit, item.molar_mass)
        if ratio is not None:
            found.append((text, ratio))
    return found


def _leaves(h: Hints, expr: Any, wanted: bool, stage: ir.Stage, inside: set[str]) -> None:
    match expr:
        case ir.Not(member=member):
            _leaves(h, member, not wanted, stage, inside)
        case ir.And() | ir.Or() | ir.AtLeast():
            for member in expr.members:
                _leaves(h, member, wanted, stage, inside)
        case ir.IfElse():
            for member in (expr.condition, expr.then, expr.otherwise):
                _leaves(h, member, wanted, stage, inside)
        case ir.Defined(name=name):
            if name not in inside:
                _leaves(h, h.protocol.definitions[name].expr, wanted, stage, {*inside, name})
        case _:
            h.leaves.append((expr, wanted, stage))


def _landmarks(h: Hints) -> None:
    exprs: list[Any] = [leaf for leaf, _, _ in h.leaves]
    for expr in exprs:
        if isinstance(expr, ir.Compare):
            _compared(h, expr.left, expr.right)
            _compared(h, expr.right, expr.left)
    exprs += [part for measure in h.protocol.measures.values() for part in (measure.formula, *measure.valid)]
    for expr in exprs:
        for node in walk(expr):
            match node:
                case ir.Result(observed=observed, test=ir.NumberTest(bounds=bounds)):
                    for _, limit in bounds:
                        if isinstance(limit, ir.Constant):
                            h.limits.setdefault(observed.item, []).append(limit.value)
                        elif isinstance(limit, ir.Quantities):
                            h.limits.setdefault(observed.item, []).extend(_in_unit(h, observed.item, limit))
                case ir.Change(item=item):
                    h.early.add(item)
                case ir.Observed(item=item, select="earliest"):
                    h.early.add(item)
                case ir.Observed(side="left" | "right"):
                    h.sided = True
                case ir.Setting():
                    h.settings.append(node)
                case ir.OfEvent(item=item):
                    h.recent.add(item)
                case ir.Length():
                    h.lengths.append(node)
                case _:
                    pass
            if isinstance(node, ir.Result) and node.occasions and node.occasions.last is not None:
                h.early.add(node.observed.item)


def _in_unit(h: Hints, name: str, limit: ir.Quantities) -> Iterator[Fraction]:
    item = h.protocol.items[name]
    for value, unit in limit.options:
        ratio = factor(unit, item.unit, item.molar_mass) if item.unit is not None else None
        if ratio is not None:
            yield value * ratio


def _compared(h: Hints, left: Any, right: Any) -> None:
    if isinstance(right, ir.Constant):
        if isinstance(left, ir.Age) and left.unit == "year":
            h.ages.append(int(right.value))
        elif isinstance(left, ir.Observed):
            h.limits.setdefault(left.item, []).append(right.value)
    elif isinstance(right, ir.Table) and right.percentile is not None:
        for node in walk(right):
            match node:
                case ir.Compare(left=ir.Age(unit=unit), right=ir.Constant(value=age)):
                    h.ages.append(int(age / {"year": 1, "month": 12, "week": 52, "day": 365}[unit]))
                case ir.Table(rows=rows, otherwise=other) if isinstance(left, ir.Observed):
                    values = (*(value for _, value in rows), other)
                    h.limits.setdefault(left.item, []).extend(
                        value.value for value in values if isinstance(value, ir.Constant)
                    )
                case _:
                    pass


def family(h: Hints, name: str) -> frozenset[str]:
    """Every item that a fact of `name` could speak for or be spoken for by: by membership or by a like
    code."""
    found = h.families.get(name)
    if found is None:
        items = h.protocol.items
        near = {name, *h.under[name], *h.above.get(name, ())}
        for other in h.above.get(name, ()):
            near |= set(h.under[other])
        codes = {(code.system, code.code[:3]) for each in near for code in items[each].codes}
        for other, item in items.items():
            if any((code.system, code.code[:3]) in codes for code in item.codes):
                near.add(other)
        found = h.families[name] = frozenset(near)
    return found


# ---------------------------------------------------------------- calendar


def plus_months(day: int, months: int) -> int:
    """The same day of another month, clamped to that month's last."""
    at = date.fromordinal(day)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    return date(year, month + 1, min(at.day, monthrange(year, month + 1)[1])).toordinal()


def moved(day: int, sign: int, by: Any, half_life_days: int = 20) -> int:
    """About `by` before or after a day."""
    if isinstance(by, ir.Extreme):
        by = by.first
    if by is None:
        return day
    match by.unit:
        case "day" | "week":
            shifted = day + sign * int(by.count * (7 if by.unit == "week" else 1))
        case "month" | "year":
            shifted = plus_months(day, sign * int(by.count * (12 if by.unit == "year" else 1)))
        case _:
            shifted = day + sign * int(by.count * half_life_days)
    return shifted
