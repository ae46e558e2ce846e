"""Values as intervals: comparing them, and arithmetic that goes through them operation by operation.

“Exact decimals and fractions, never binary floats”: only a root, a fractional power, a logarithm and an
exponential are computed in double precision, as the language says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from protodsl.ir import Op
from protodsl.runtime.record import Exact, Interval
from protodsl.runtime.report import Truth

ANYTHING = Interval(None, None)
_LARGEST_EXPONENT = (
    4096  # a whole power beyond it is no clinical formula, and its digits would fill the memory
)


class NotComputable(Exception):
    """“`not computable` (formula outside its validity, division by a range that holds zero)”."""


def point(value: Exact) -> Interval:
    return Interval(value, value)


def is_point(value: Interval) -> bool:
    return value.low is not None and value.low == value.high


def surely_below(a: Interval, b: Interval, *, touching: bool) -> bool:
    """Every value of a is below every value of b; with `touching` it may also be equal."""
    if a.high is None or b.low is None:
        return False
    if touching or a.high_open or b.low_open:
        return a.high <= b.low
    return a.high < b.low


def compare(a: Interval, op: Op, b: Interval) -> Truth:
    """“A comparison is decided when the whole interval agrees; `=` is `≤ and ≥`”."""
    match op:
        case "<":
            return _decide(surely_below(a, b, touching=False), surely_below(b, a, touching=True))
        case "<=":
            return _decide(surely_below(a, b, touching=True), surely_below(b, a, touching=False))
        case ">":
            return compare(b, "<", a)
        case ">=":
            return compare(b, "<=", a)
        case "=":
            low, high = compare(a, "<=", b), compare(a, ">=", b)
            return _decide(low is True and high is True, low is False or high is False)


def _decide(true: bool, false: bool) -> Truth:
    return True if true else False if false else None


def hull(values: Sequence[Interval]) -> Interval:
    """The narrowest interval that holds all of them."""
    lows, highs = [v.low for v in values], [v.high for v in values]
    low = None if None in lows else min(v for v in lows if v is not None)
    high = None if None in highs else max(v for v in highs if v is not None)
    low_open = all(v.low_open for v in values if v.low == low)
    high_open = all(v.high_open for v in values if v.high == high)
    return Interval(low, high, low_open, high_open)


def higher_of(a: Interval, b: Interval) -> Interval:
    """The greater of two values."""
    low, low_open = (
        max((x.low, x.low_open) for x in (a, b) if x.low is not None)
        if (a.low, b.low) != (None, None)
        else (None, False)
    )
    if a.high is None or b.high is None:
        return Interval(low, None, low_open)
    high, closed = max((x.high, not x.high_open) for x in (a, b) if x.high is not None)
    return Interval(low, high, low_open, not closed)


def lower_of(a: Interval, b: Interval) -> Interval:
    """The smaller of two values."""
    return mirrored(higher_of(mirrored(a), mirrored(b)))


def mirrored(a: Interval) -> Interval:
    return Interval(
        None if a.high is None else -a.high, None if a.low is None else -a.low, a.high_open, a.low_open
    )


def times(value: Interval, by: Exact) -> Interval:
    """A conversion or a multiple: exact, ends keep their openness. `by` is not negative."""
    low = None if value.low is None else value.low * by
    high = None if value.high is None else value.high * by
    return Interval(low, high, value.low_open, value.high_open)


# ---------------------------------------------------------------- exact ranges, closed ends

_INF = float("inf")


def add(a: Interval, b: Interval) -> Interval:
    low = None if a.low is None or b.low is None else a.low + b.low
    high = None if a.high is None or b.high is None else a.high + b.high
    return Interval(low, high)


def negative(a: Interval) -> Interval:
    return Interval(None if a.high is None else -a.high, None if a.low is None else -a.low)


def multiply(a: Interval, b: Interval) -> Interval:
    corners = [_product(x, y) for x in _ends(a) for y in _ends(b)]
    return Interval(_finite(min(corners)), _finite(max(corners)))


def _ends(a: Interval) -> tuple[Fraction | float, Fraction | float]:
    return (-_INF if a.low is None else Fraction(a.low), _INF if a.high is None else Fraction(a.high))


def _product(x: Fraction | float, y: Fraction | float) -> Fraction | float:
    """Zero times an end that lies nowhere is zero: every value of the factor is finite."""
    if x == 0 or y == 0:
        return Fraction(0)
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    return _INF if (x > 0) == (y > 0) else -_INF


def _finite(x: Fraction | float) -> Fraction | None:
    return x if isinstance(x, Fraction) else None


def divide(a: Interval, b: Interval) -> Interval:
    """“division by a range that holds zero” cannot be computed."""
    if (b.low is None or b.low <= 0) and (b.high is None or b.high >= 0):
        raise NotComputable
    inverse = Interval(
        Fraction(0) if b.high is None else 1 / Fraction(b.high),
        Fraction(0) if b.low is None else 1 / Fraction(b.low),
    )
    return multiply(a, inverse)


def power(base: Interval, exponent: Interval) -> Interval:
    """A positive base is monotone in base and exponent, so the corners hold the range. Anything else:
    whole powers only.
    """
    if base.low is not None and base.low > 0:
        if base.high is None or exponent.low is None or exponent.high is None:
            return _unbounded_power(base, exponent)
        corners = [
            raised(Fraction(x), Fraction(y))
            for x in (base.low, base.high)
            for y in (exponent.low, exponent.high)
        ]
        return Interval(min(corners), max(corners))
    if not is_point(exponent) or exponent.low is None:
        raise NotComputable
    whole = Fraction(exponent.low)
    if whole.denominator != 1:
        return _fractional_from_zero(base, whole)
    if whole < 0:
        return divide(point(1), power(base, point(-whole)))
    if whole == 0:
        return point(1)
    if whole % 2 == 0:
        base = magnitude(base)
    low = None if base.low is None else raised(Fraction(base.low), whole)
    high = None if base.high is None else raised(Fraction(base.high), whole)
    return Interval(low, high)


def _unbounded_power(base: Interval, exponent: Interval) -> Interval:
    """A base without an upper end: the exponent must be one number."""
    if not is_point(exponent) or base.low is None or exponent.low is None:
        raise NotComputable
    whole = Fraction(exponent.low)
    end = raised(Fraction(base.low), whole)
    if whole > 0:
        return Interval(end, None)
    return point(1) if whole == 0 else Interval(Fraction(0), end)


def _fractional_from_zero(base: Interval, exponent: Fraction) -> Interval:
    """A fractional power exists from zero upwards; of zero only a positive one."""
    if base.low is None or base.low < 0 or exponent < 0:
        raise NotComputable
    high = None if base.high is None else raised(Fraction(base.high), exponent)
    return Interval(raised(Fraction(base.low), exponent), high)


def raised(base: Fraction, exponent: Fraction) -> Fraction:
    """“Rational steps are exact; a root or fractional power … is computed in double precision”."""
    if exponent.denominator == 1:
        if abs(exponent) > _LARGEST_EXPONENT:
            raise NotComputable
        return base ** int(exponent)
    return in_double(lambda x: x ** float(exponent), base)


def in_double(function: Callable[[float], float], value: Fraction) -> Fraction:
    try:
        result = function(float(value))
    except (OverflowError, ValueError, ZeroDivisionError):
        raise NotComputable from None
    if not math.isfinite(result):
        raise NotComputable
    return Fraction(result)


def magnitude(a: Interval) -> Interval:
    if a.low is not None and a.low >= 0:
        return Interval(a.low, a.high)
    if a.high is not None and a.high <= 0:
        return negative(a)
    if a.low is None or a.high is None:
        return Interval(Fraction(0), None)
    return Interval(Fraction(0), max(-a.low, a.high))


def rising(
    function: Callable[[float], float], a: Interval, *, above: Fraction | None, at_bottom: Exact | None
) -> Interval:
    """A rising function: its ends. `above`: the argument must be greater (ln) — at_bottom: the value far
    below.
    """
    if above is not None and (a.low is None or a.low <= above):
        raise NotComputable
    low = at_bottom if a.low is None else in_double(function, Fraction(a.low))
    high = None if a.high is None else in_double(function, Fraction(a.high))
    return Interval(low, high)


def square_root(a: Interval) -> Interval:
    if a.low is None or a.low < 0:
        raise NotComputable
    return Interval(
        in_double(math.sqrt, Fraction(a.low)),
        None if a.high is None else in_double(math.sqrt, Fraction(a.high)),
    )


def least(values: Sequence[Interval]) -> Interval:
    return negative(greatest([negative(value) for value in values]))


def greatest(values: Sequence[Interval]) -> Interval:
    lows = [value.low for value in values if value.low is not None]
    highs = [value.high for value in values if value.high is not None]
    return Interval(max(lows) if lows else None, max(highs) if len(highs) == len(values) else None)


def rounded(value: Exact, decimals: int) -> Fraction:
    """“rounded half away from zero to 9 decimals (to fewer only where the declaration says so)”."""
    scaled = abs(Fraction(value)) * 10**decimals
    whole = math.floor(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def rounded_interval(value: Interval, decimals: int) -> Interval:
    low = None if value.low is None else rounded(value.low, decimals)
    high = None if value.high is None else rounded(value.high, decimals)
    return Interval(low, high)
