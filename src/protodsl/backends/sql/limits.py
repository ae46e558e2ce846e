"""Results against limits, exactly and without arithmetic on the result.

A limit is brought into each unit in which results are recorded, and there to the neighbouring number a table
can hold (six decimals): comparing with it gives the same answer as comparing with the limit. Where the limit
is a multiple of the result's own reference limit both sides are multiplied by whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Binary,
    Column,
    Expr,
    In,
    Literal,
    and_,
    case,
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.tables import DECIMALS, DIGITS
from protodsl.backends.sql.times import Scope
from protodsl.runtime.units import Unit, factor, parse_unit

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

_STEP = 10**DECIMALS
_ENDS: int = 10**DIGITS
LOW, HIGH = Column("value_low"), Column("value_high")
LOW_OPEN, HIGH_OPEN = Column("value_low_open"), Column("value_high_open")


def at_most(value: Fraction) -> Decimal:
    """The greatest number of a table that is not above."""
    return _held(math.floor(value * _STEP))


def at_least(value: Fraction) -> Decimal:
    return _held(math.ceil(value * _STEP))


def _held(steps: int) -> Decimal:
    """So many steps, or the end of what a table can hold."""
    return Decimal(max(min(steps, _ENDS), -_ENDS)) / Decimal(_STEP)


@dataclass(frozen=True, slots=True)
class Sides:
    """Where a recorded value surely lies: below, at most, at least, above a limit."""

    below: Expr
    at_most: Expr
    at_least: Expr
    above: Expr


def sides(limit: Fraction, least: Fraction | None, most: Fraction | None) -> Sides:
    """Of a constant limit, in the unit of the row; the item's declared range closes a censored value."""
    under, over = Literal(at_most(limit)), Literal(at_least(limit))
    always_below = most is not None and most < limit
    always_at_most = most is not None and most <= limit
    always_above = least is not None and least > limit
    always_at_least = least is not None and least >= limit
    on_step = under == over
    return Sides(
        TRUE
        if always_below
        else or_(compare("<", HIGH, over), and_(HIGH_OPEN, compare("=" if on_step else "<=", HIGH, under))),
        TRUE if always_at_most else compare("<=", HIGH, under),
        TRUE if always_at_least else compare(">=", LOW, over),
        TRUE
        if always_above
        else or_(compare(">", LOW, under), and_(LOW_OPEN, compare("=" if on_step else ">=", LOW, over))),
    )


def own_limit_sides(
    times: Fraction, reference: Column, least: Fraction | None, most: Fraction | None
) -> Sides:
    """Of so many times the result's own reference limit."""
    n, d = Literal(times.numerator), Literal(times.denominator)
    bound = reference if times == 1 else Binary("*", n, reference)
    if times.numerator == 1:
        bound = reference

    def scaled(value: Expr) -> Expr:
        return value if times.denominator == 1 else Binary("*", d, value)

    high, low = scaled(HIGH), scaled(LOW)
    never: Expr = FALSE
    below_range = at_most_range = at_least_range = above_range = never
    if times > 0 and most is not None:  # the range ends below the limit
        below_range = compare(">", reference, Literal(at_most(most / times)))
        at_most_range = compare(">=", reference, Literal(at_least(most / times)))
    if times > 0 and least is not None:
        above_range = compare("<", reference, Literal(at_least(least / times)))
        at_least_range = compare("<=", reference, Literal(at_most(least / times)))
    return Sides(
        or_(compare("<", high, bound), and_(HIGH_OPEN, compare("=", high, bound)), below_range),
        or_(compare("<=", high, bound), at_most_range),
        or_(compare(">=", low, bound), at_least_range),
        or_(compare(">", low, bound), and_(LOW_OPEN, compare("=", low, bound)), above_range),
    )


def decided(op: ir.Op, where: Sides) -> tuple[Expr, Expr]:
    """When `value op limit` is surely true, and when surely false."""
    match op:
        case "<":
            return where.below, where.at_least
        case "<=":
            return where.at_most, where.above
        case ">":
            return where.above, where.at_most
        case ">=":
            return where.at_least, where.below
        case "=":
            return and_(where.at_most, where.at_least), or_(where.above, where.below)
        case _:
            assert_never(op)


def truth(op: ir.Op, where: Sides) -> Expr:
    true, false = decided(op, where)
    return case((true, TRUE), (false, FALSE))


# ---------------------------------------------------------------- units


def plain(unit: Unit | None) -> bool:
    """A value without dimension needs no unit."""
    return unit is None or (not unit.dimension and unit.factor == 1) or unit.dimension == (("points", 1),)


def unit_factor(item: ir.Item, text: str | None) -> Fraction | None:
    """What brings a recorded unit to the item's; None: it cannot be."""
    if text is None:
        return Fraction(1) if plain(item.unit) else None
    if item.unit is not None and (text == item.unit.text or text in item.also_units):
        return Fraction(1)
    unit = parse_unit(text)
    if unit is None:
        return None
    if item.unit is None:
        return Fraction(1) if plain(unit) else None
    return factor(unit, item.unit, item.molar_mass)


def wanted_factor(item: ir.Item, unit: Unit | None) -> Fraction | None:
    """From the item's unit to the one a limit is stated in."""
    if unit is None or item.unit is None or unit == item.unit:
        return Fraction(1)
    return factor(item.unit, unit, item.molar_mass)


def number_test(
    builder: Builder, scope: Scope, item: ir.Item, unit: Unit | None, bounds: Sequence[tuple[ir.Op, ir.Limit]]
) -> Expr:
    """Whether the number of a row passes; null where it cannot be compared."""
    by_truth: dict[Expr, list[str | None]] = {}
    for text in (None, *builder.lexicon.units):
        scale = unit_factor(item, text)
        if scale is not None:
            told = in_unit(builder, scope, item, unit, text, scale, bounds)
            by_truth.setdefault(told, []).append(text)
    whens: list[tuple[Expr, Expr]] = []
    if item.detection_limit is not None and item.domain == "results":
        whens.append(
            (In(Column("word"), ("not_detected",)), not_detected(builder, scope, item, unit, bounds))
        )
    whens.append((is_not(Column("word"), "NULL"), NULL))
    for told, texts in by_truth.items():
        named = tuple(text for text in texts if text is not None)
        asked = or_(
            *([In(Column("unit"), named)] if named else []),
            *([is_(Column("unit"), "NULL")] if None in texts else []),
        )
        whens.append((asked, told))
    return case(*whens)


def in_unit(
    builder: Builder,
    scope: Scope,
    item: ir.Item,
    wanted: Unit | None,
    text: str | None,
    scale: Fraction,
    bounds: Sequence[tuple[ir.Op, ir.Limit]],
) -> Expr:
    """The truth for results of one unit. `scale` brings them to the item's."""
    least = None if item.minimum is None else item.minimum / scale
    most = None if item.maximum is None else item.maximum / scale
    to_wanted = wanted_factor(item, wanted)
    outside: list[Expr] = []
    if least is not None:
        outside.append(sides(least, None, None).below)
    if most is not None:
        outside.append(sides(most, None, None).above)
    if item.plausible is not None:  # “outside it a result must be confirmed”
        low, high = (end / scale for end in item.plausible)
        unlikely = or_(compare("<", HIGH, Literal(at_least(low))), compare(">", LOW, Literal(at_most(high))))
        outside.append(and_(not_(Column("confirmed")), unlikely))
    if to_wanted is None:
        return NULL
    told: list[Expr] = []
    for op, limit in bounds:
        match limit:
            case ir.Constant(value):
                told.append(truth(op, sides(value / (scale * to_wanted), least, most)))
            case ir.TimesLimit():
                told.append(against_reference(builder, scope, item, scale, op, limit, least, most))
            case ir.Quantities(options):
                own = own_dimension(item, text, options)
                told.append(NULL if own is None else truth(op, sides(own[0] / (scale * own[1]), least, most)))
            case _:
                assert_never(limit)
    whole = and_(*told)
    return case((or_(*outside), NULL), otherwise=whole) if outside and whole != NULL else whole


def own_dimension(
    item: ir.Item, text: str | None, options: Sequence[tuple[Fraction, Unit]]
) -> tuple[Fraction, Fraction] | None:
    """(the limit a result of this unit meets, what brings the item's unit to the limit's)."""
    unit = parse_unit(text) if text is not None else None
    mine = unit if unit is not None else item.unit
    if mine is None:
        return None
    for value, option in options:
        if mine.dimension == option.dimension:
            scale = wanted_factor(item, option)
            return None if scale is None else (value, scale)
    for value, option in options:
        if factor(mine, option, item.molar_mass) is not None:
            scale = wanted_factor(item, option)
            return None if scale is None else (value, scale)
    return None


def against_reference(
    builder: Builder,
    scope: Scope,
    item: ir.Item,
    scale: Fraction,
    op: ir.Op,
    limit: ir.TimesLimit,
    least: Fraction | None,
    most: Fraction | None,
) -> Expr:
    """“with the limit of that very result, else the vocabulary's (… unknown sex or age: all that may apply),
    else unknown”.
    """
    reference = Column(limit.which)
    own = truth(op, own_limit_sides(limit.factor, reference, least, most))
    declared = item.uln if limit.which == "uln" else item.lln
    return case(
        (is_not(reference, "NULL"), own),
        otherwise=by_vocabulary(
            builder, scope, declared, op, lambda value: sides(limit.factor * value / scale, least, most)
        ),
    )


def by_vocabulary(
    builder: Builder,
    scope: Scope,
    declared: Sequence[ir.ReferenceLimit],
    op: ir.Op,
    stands: Callable[[Fraction], Sides],
) -> Expr:
    """All limits that may apply must agree, and one at least may apply. `stands`: where a value lies of
    one.
    """
    from protodsl.backends.sql import conditions

    true, false, applies = [], [], []
    for each in declared:
        where = TRUE if each.condition is None else conditions.of_person(builder, scope, each.condition)
        yes, no = decided(op, stands(each.value))
        may_not = is_(where, "FALSE")
        true.append(or_(may_not, yes))
        false.append(or_(may_not, no))
        applies.append(is_not(where, "FALSE"))
    if not declared:
        return NULL
    return case((and_(or_(*applies), *true), TRUE), (and_(or_(*applies), *false), FALSE))


def not_detected(
    builder: Builder, scope: Scope, item: ir.Item, unit: Unit | None, bounds: Sequence[tuple[ir.Op, ir.Limit]]
) -> Expr:
    """`not detected` is [minimum or 0, detection limit): known before any data are."""
    low, high = item.minimum or Fraction(0), item.detection_limit
    assert high is not None
    if item.maximum is not None and (high > item.maximum):
        high, high_open = item.maximum, False
    else:
        high_open = True
    if low > high or (low == high and high_open):
        return NULL
    told: list[Expr] = []
    for op, limit in bounds:
        match limit:
            case ir.Constant(value):
                to_wanted = wanted_factor(item, unit)
                told.append(NULL if to_wanted is None else fixed(op, low, high, high_open, value / to_wanted))
            case ir.Quantities(options):
                own = own_dimension(item, None, options)
                told.append(NULL if own is None else fixed(op, low, high, high_open, own[0] / own[1]))
            case ir.TimesLimit():
                told.append(
                    undetected_against_reference(builder, scope, item, op, limit, low, high, high_open)
                )
            case _:
                assert_never(limit)
    whole = and_(*told)
    if item.plausible is not None and high < item.plausible[0]:
        return case((Column("confirmed"), whole))
    return whole


def fixed(op: ir.Op, low: Fraction, high: Fraction, high_open: bool, limit: Fraction) -> Expr:
    return truth(op, fixed_sides(low, high, high_open, limit))


def fixed_sides(low: Fraction, high: Fraction, high_open: bool, limit: Fraction) -> Sides:
    below = high < limit or (high_open and high <= limit)
    return Sides(Literal(below), Literal(high <= limit), Literal(low >= limit), Literal(low > limit))


def undetected_against_reference(
    builder: Builder,
    scope: Scope,
    item: ir.Item,
    op: ir.Op,
    limit: ir.TimesLimit,
    low: Fraction,
    high: Fraction,
    high_open: bool,
) -> Expr:
    """“Words have no unit, and a limit recorded beside them cannot be compared without one”."""
    if limit.factor <= 0:
        raise builder.not_carried("an undetected result against no multiple of a reference limit")
    reference = Column(limit.which)
    whens: list[tuple[Expr, Expr]] = []
    for text in (None, *builder.lexicon.units):
        scale = unit_factor(item, text)
        if scale is None:
            continue
        # the reference limits at which the interval's ends stand
        bottom, top = (end / (scale * limit.factor) for end in (low, high))
        over = compare(">", reference, Literal(at_most(top)))
        reaches = compare(">=", reference, Literal(at_least(top)))
        where = Sides(
            reaches if high_open else over,
            reaches,
            compare("<=", reference, Literal(at_most(bottom))),
            compare("<", reference, Literal(at_least(bottom))),
        )
        asked = is_(Column("unit"), "NULL") if text is None else In(Column("unit"), (text,))
        whens.append((asked, truth(op, where)))
    declared = item.uln if limit.which == "uln" else item.lln
    return case(
        (is_not(reference, "NULL"), case(*whens) if whens else NULL),
        otherwise=by_vocabulary(
            builder,
            scope,
            declared,
            op,
            lambda value: fixed_sides(low, high, high_open, limit.factor * value),
        ),
    )
