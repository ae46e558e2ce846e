"""Numbers to try: beside limits, and of usual ranges."""

from __future__ import annotations

from fractions import Fraction

# Of a number no limit is set on: a usual range, by item or by unit.
USUAL: dict[str, tuple[str, str]] = {
    "creatinine": ("0.6", "1.2"), "body_weight": ("45", "95"), "body_height": ("150", "190"),
    "kg": ("45", "95"), "cm": ("150", "190"), "m2": ("1.4", "2.1"), "mg/dL": ("0.5", "100"),
    "umol/L": ("40", "110"), "mmol/L": ("3", "8"), "g/L": ("30", "140"), "U/L": ("10", "40"),
    "10*9/L": ("2", "9"), "%": ("5", "90"), "Cel": ("36", "37.5"), "mm[Hg]": ("70", "130"), "s": ("10", "30"),
    "mL/min": ("60", "120"), "mL/min/1.73m2": ("60", "120"), "/min": ("55", "100"), "kg/m2": ("18", "32"),
}  # fmt: skip
UPPER = {"U/L": "40", "mg/dL": "1.2", "umol/L": "110", "g/L": "160", "s": "13", "10*9/L": "10", "%": "6"}
ALSO = ("mg/dL", "mmol/L", "umol/L", "g/L", "g/dL", "10*9/L", "/uL", "10*3/uL", "mg/L", "g/d", "mg/d", "mL/s")


def between(lower: Fraction | None, upper: Fraction | None, step: Fraction) -> tuple[Fraction, Fraction]:
    """Well inside what the limits leave."""
    if lower is not None and upper is not None:
        width = (upper - lower) / 4 if upper > lower else Fraction(0)
        return snapped(lower + width, step), snapped(upper - width, step)
    if lower is not None:
        return snapped(lower + max(abs(lower) / 10, step), step), snapped(
            lower + max(abs(lower), 10 * step), step
        )
    assert upper is not None
    if upper <= 0:
        return upper - 10 * step, upper - step
    return snapped(upper / 3, step), snapped(min(upper * 9 / 10, upper - step), step)


def snapped(value: Fraction, step: Fraction) -> Fraction:
    return round(value / step) * step


def rounded(value: Fraction, decimals: int) -> Fraction:
    return Fraction(round(value * 10**decimals), 10**decimals)


def places(value: Fraction) -> int:
    """Decimals a number of that size is usually given with."""
    return 0 if value >= 50 else 1 if value >= 10 else 2
