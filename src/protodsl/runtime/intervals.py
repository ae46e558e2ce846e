"""Exact intervals: comparing one with a limit, and arithmetic whose every step gives its own exact range.

Arithmetic closes its ends. A root, a fractional power, a logarithm and an exponential are computed in double
precision and then are exact again; whatever has no value (a root of what may be negative, a division by what
may be zero) is `NotComputable`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from protodsl.runtime.record import Exact, Interval
from protodsl.runtime.report import Truth


class NotComputable(Exception):
    """The operation has no value for some number in its range."""


class Range(NamedTuple):
    """A closed range; None is unbounded."""

    low: Exact | None
    high: Exact | None


# ---------------------------------------------------------------- comparing


def compared(value: Interval, op: str, limit: Exact) -> Truth:
    """Whether `value op limit`, decided when the whole interval agrees."""
    low, high, low_open, high_open = value
    match op:
        case "<=":
            if high is not None and high <= limit:
                return True
            return False if low is not None and (low > limit or (low == limit and low_open)) else None
        case "<":
            if high is not None and (high < limit or (high == limit and high_open)):
                return True
            return False if low is not None and low >= limit else None
        case ">=":
            if low is not None and low >= limit:
                return True
            return False if high is not None and (high < limit or (high == limit and high_open)) else None
        case ">":
            if low is not None and (low > limit or (low == limit and low_open)):
                return True
            return False if high is not None and high <= limit else None
        case _:
            at_most, at_least = compared(value, "<=", limit), compared(value, ">=", limit)
            if at_most is False or at_least is False:
                return False
            return True if at_most and at_least else None


def compared_ranges(left: Range, op: str, right: Range) -> Truth:
    """Whether `left op right` for every pair of numbers in the two."""
    match op:
        case "<=":
            if left.high is not None and right.low is not None and left.high <= right.low:
                return True
            above = left.low is not None and right.high is not None and left.low > right.high
            return False if above else None
        case "<":
            if left.high is not None and right.low is not None and left.high < right.low:
                return True
            above = left.low is not None and right.high is not None and left.low >= right.high
            return False if above else None
        case ">=":
            return compared_ranges(right, "<=", left)
        case ">":
            return compared_ranges(right, "<", left)
        case _:
            at_most, at_least = compared_ranges(left, "<=", right), compared_ranges(left, ">=", right)
            if at_most is False or at_least is False:
                return False
            return True if at_most and at_least else None


# ---------------------------------------------------------------- arithmetic

MAX_POWER_EXACT = 1000  # of an integer exponent; beyond it double precision


def combined(op: str, left: Range, right: Range) -> Range:
    one, other = left.low, right.low
    if one is not None and other is not None and same(one, left.high) and same(other, right.high):
        point = _of_points(op, one, other)
        if point is not None:
            return Range(point, point)
    match op:
        case "+":
            return Range(_plus(left.low, right.low), _plus(left.high, right.high))
        case "-":
            return Range(_minus(left.low, right.high), _minus(left.high, right.low))
        case "*":
            return _product(left, right)
        case "/":
            if (right.low is None or right.low <= 0) and (right.high is None or right.high >= 0):
                raise NotComputable
            return _product(left, _inverse(right))
        case _:
            return _power(left, right)


def same(one: Exact | None, other: Exact | None) -> bool:
    """Whether two ends are one number; comparing fractions costs, and mostly they are the same object."""
    return one is other or one == other


def _of_points(op: str, one: Exact, other: Exact) -> Exact | None:
    """Of two single numbers, with one reduction only; None: not so simple."""
    top, bottom = one.numerator, one.denominator
    if op == "/":
        if not other:
            return None
        top, bottom = top * other.denominator, bottom * other.numerator
    elif op == "*":
        top, bottom = top * other.numerator, bottom * other.denominator
    elif op == "+" or op == "-":
        own, theirs = other.numerator, other.denominator
        if op == "-":
            own = -own
        if bottom == theirs:
            top += own
        else:
            top, bottom = top * theirs + own * bottom, bottom * theirs
    else:
        return None
    return top if bottom == 1 else Fraction(top, bottom)


def _plus(one: Exact | None, other: Exact | None) -> Exact | None:
    return None if one is None or other is None else one + other


def _minus(one: Exact | None, other: Exact | None) -> Exact | None:
    return None if one is None or other is None else one - other


def _product(left: Range, right: Range) -> Range:
    if (left.low, left.high) == (0, 0) or (right.low, right.high) == (0, 0):
        return Range(0, 0)
    if None not in left and None not in right:
        corners = [a * b for a in left for b in right if a is not None and b is not None]
        return Range(min(corners), max(corners))
    # an unbounded end is +∞ or −∞; 0 × ∞ is 0, since the bound itself is never reached
    lows: list[Exact | None] = []
    highs: list[Exact | None] = []
    for a, a_sign in ((left.low, -1), (left.high, 1)):
        for b, b_sign in ((right.low, -1), (right.high, 1)):
            if a is not None and b is not None:
                lows.append(a * b)
                highs.append(a * b)
                continue
            sign = (a_sign if a is None else _sign(a)) * (b_sign if b is None else _sign(b))
            if sign == 0:
                lows.append(0)
                highs.append(0)
            else:
                (highs if sign > 0 else lows).append(None)
    return Range(
        None if None in lows else min(one for one in lows if one is not None),
        None if None in highs else max(one for one in highs if one is not None),
    )


def _sign(number: Exact) -> int:
    return (number > 0) - (number < 0)


def _inverse(divisor: Range) -> Range:
    """1 / divisor, which holds no zero."""
    low = Fraction(0) if divisor.high is None else 1 / Fraction(divisor.high)
    high = Fraction(0) if divisor.low is None else 1 / Fraction(divisor.low)
    return Range(low, high)


def _power(base: Range, exponent: Range) -> Range:
    low, high = exponent
    if low is not None and low == high and low.denominator == 1:
        return _whole_power(base, low.numerator)
    if base.low is None or base.low < 0 or (base.low == 0 and (low is None or low < 0)):
        raise NotComputable
    if low is None or high is None:
        raise NotComputable
    if base.high is not None:
        corners = [_raised(b, e) for b in (base.low, base.high) for e in (low, high)]
        return Range(min(corners), max(corners))
    corners = [_raised(base.low, e) for e in (low, high)]
    if high < 0:
        return Range(0, max(corners))
    return Range(0 if low < 0 else min(corners), None)


def _whole_power(base: Range, exponent: int) -> Range:
    low, high = base
    if exponent == 0:
        return Range(1, 1)
    if exponent < 0:
        if (low is None or low <= 0) and (high is None or high >= 0):
            raise NotComputable
        return _inverse(_whole_power(base, -exponent))
    if exponent % 2:
        return Range(
            None if low is None else _raised(low, exponent), None if high is None else _raised(high, exponent)
        )
    ends = [None if end is None else _raised(end, exponent) for end in (low, high)]
    top = None if None in ends else max(end for end in ends if end is not None)
    if (low is None or low <= 0) and (high is None or high >= 0):
        return Range(0, top)
    return Range(min(end for end in ends if end is not None), top)


def _raised(base: Exact, exponent: Exact) -> Exact:
    if exponent.denominator == 1 and -MAX_POWER_EXACT <= exponent <= MAX_POWER_EXACT:
        return Fraction(base) ** exponent.numerator
    return _double(lambda: float(base) ** float(exponent))


def _double(compute: Callable[[], object]) -> Fraction:
    try:
        made = compute()
    except (OverflowError, ValueError, ZeroDivisionError):
        raise NotComputable from None
    if not isinstance(made, float) or not math.isfinite(made):
        raise NotComputable
    return Fraction(made)


def called(function: str, arguments: Sequence[Range]) -> Range:
    one = arguments[0]
    match function:
        case "min":
            lows, highs = [r.low for r in arguments], [r.high for r in arguments]
            known = [high for high in highs if high is not None]
            return Range(
                None if None in lows else min(low for low in lows if low is not None),
                min(known) if known else None,
            )
        case "max":
            lows, highs = [r.low for r in arguments], [r.high for r in arguments]
            known = [low for low in lows if low is not None]
            return Range(
                max(known) if known else None,
                None if None in highs else max(high for high in highs if high is not None),
            )
        case "abs":
            return _absolute(one)
        case "sqrt":
            if one.low is None or one.low < 0:
                raise NotComputable
            return _monotone(math.sqrt, one)
        case "exp":
            return Range(
                0 if one.low is None else _applied(math.exp, one.low),
                None if one.high is None else _applied(math.exp, one.high),
            )
        case "ln" | "log10":
            if one.low is None or one.low <= 0:
                raise NotComputable
            return _monotone(math.log if function == "ln" else math.log10, one)
        case _:
            raise AssertionError(function)


def _absolute(one: Range) -> Range:
    low, high = one
    if low is not None and low >= 0:
        return one
    if high is not None and high <= 0:
        return Range(-high, None if low is None else -low)
    return Range(0, None if low is None or high is None else max(-low, high))


def _monotone(function: Callable[[float], float], one: Range) -> Range:
    assert one.low is not None
    return Range(_applied(function, one.low), None if one.high is None else _applied(function, one.high))


def _applied(function: Callable[[float], float], value: Exact) -> Fraction:
    return _double(lambda: function(float(value)))


def rounded(value: Exact | None, decimals: int) -> Exact | None:
    """Rounded half away from zero."""
    if value is None:
        return None
    scale = 10**decimals
    numerator, denominator = abs(value.numerator) * scale, value.denominator
    whole = (2 * numerator + denominator) // (2 * denominator)
    return Fraction(-whole if value < 0 else whole, scale)


def is_point(one: Range) -> bool:
    return one.low is not None and same(one.low, one.high)


def hull(ranges: Sequence[Range]) -> Range:
    """The smallest range that holds all of them."""
    lows, highs = [one.low for one in ranges], [one.high for one in ranges]
    return Range(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
    )
