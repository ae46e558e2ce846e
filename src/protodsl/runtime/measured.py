"""Results of one item as numbers in the item's own unit."""

from __future__ import annotations

from protodsl.runtime.model.vocabulary import Item
from protodsl.runtime.record import Exact, Interval, Result
from protodsl.runtime.units import conversion, parse_unit


def bare_unit(unit: str | None) -> bool:
    """Whether a number needs no unit: none is declared, or it is a plain number or points."""
    if unit is None:
        return True
    parsed = parse_unit(unit)
    if parsed is None:
        return False
    return (not parsed.dimension and parsed.factor == 1) or parsed.dimension == (("points", 1),)


class Measured:
    """Results of one item as numbers in its own unit; conversions are remembered by the unit as written."""

    __slots__ = ("_factors", "bare", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.bare = bare_unit(item.unit)
        self._factors: dict[str | None, Exact | None] = {}

    def factor(self, unit: str | None) -> Exact | None:
        """What a number in `unit` is multiplied by; None: cannot be compared."""
        try:
            return self._factors[unit]
        except KeyError:
            found = self._factor(unit)
            if len(self._factors) > 1000:  # units come from records
                self._factors.clear()
            self._factors[unit] = found
            return found

    def _factor(self, unit: str | None) -> Exact | None:
        own = self.item.unit
        if unit is None:
            return 1 if self.bare else None
        if own is None:
            return 1 if bare_unit(unit) else None
        if unit == own or unit in self.item.also_units:
            return 1
        found = conversion(unit, own, self.item.molar_mass)
        if found is None:
            return None
        return found.numerator if found.denominator == 1 else found

    def interval(self, result: Result) -> Interval | None:
        """The value in the item's unit, inside its declared range; None: it cannot be compared."""
        number, item = result.number, self.item
        if number is None:
            if result.text != "not_detected" or item.detection_limit is None:
                return None
            lowest = item.minimum if item.minimum is not None else 0
            return Interval(lowest, item.detection_limit, False, True)
        factor = self.factor(result.unit)
        if factor is None:
            return None
        low, high, low_open, high_open = number
        if low is not None and (low is high or low == high):  # a plain number
            if factor != 1:
                low = low * factor
                number = Interval(low, low, low_open, high_open)
            return None if low_open or high_open or self.outside(low, confirmed=result.confirmed) else number
        if factor != 1:
            low = None if low is None else low * factor
            high = None if high is None else high * factor
        if item.plausible is not None and not result.confirmed:
            least, most = item.plausible
            if (high is not None and high < least) or (low is not None and low > most):
                return None
        minimum, maximum = item.minimum, item.maximum
        if minimum is not None and (low is None or low < minimum):
            low, low_open = minimum, False
        if maximum is not None and (high is None or high > maximum):
            high, high_open = maximum, False
        if low is not None and high is not None and (low > high or (low == high and (low_open or high_open))):
            return None
        return Interval(low, high, low_open, high_open)

    def outside(self, value: Exact, *, confirmed: bool) -> bool:
        """Whether a number lies where none can, or none does that nobody has confirmed."""
        item = self.item
        if item.plausible is not None and not confirmed:
            least, most = item.plausible
            if value < least or value > most:
                return True
        minimum, maximum = item.minimum, item.maximum
        return (minimum is not None and value < minimum) or (maximum is not None and value > maximum)
