"""Dosage → daily dose: how much, how often, as an exact amount per day.

What cannot be said for certain is left out, with a note: a dose nobody knows makes a question unknown, a dose
guessed would decide it.
"""

from __future__ import annotations

from fractions import Fraction

from protodsl.records.fhir.reading import Json, Reading, codings, number, obj, objs, text
from protodsl.runtime.record import Exact, Interval
from protodsl.runtime.units import conversion

# Times a day, by the abbreviations of HL7's GTS
_TIMES = {
    "QD": Fraction(1), "AM": Fraction(1), "PM": Fraction(1), "BED": Fraction(1), "BID": Fraction(2),
    "TID": Fraction(3), "QID": Fraction(4), "QOD": Fraction(1, 2), "Q1H": Fraction(24), "Q2H": Fraction(12),
    "Q3H": Fraction(8), "Q4H": Fraction(6), "Q6H": Fraction(4), "Q8H": Fraction(3), "WK": Fraction(1, 7),
}  # fmt: skip
_DAYS = {
    "s": Fraction(1, 86400), "min": Fraction(1, 1440), "h": Fraction(1, 24), "d": Fraction(1),
    "wk": Fraction(7),
}  # fmt: skip
_CALENDAR = ("mo", "a")  # their length differs: kept as the unit of the dose

Dose = tuple[Interval, str]  # amount and unit, per day or month
Span = tuple[Fraction, Fraction]


def daily(dosages: list[Json], strength: Json, reading: Reading) -> Dose | None:
    """The dose of a course. Instructions that follow one another (a taper) give the range of their doses."""
    found = [_one(dosage, strength, reading) for dosage in dosages]
    known = [dose for dose in found if dose is not None]
    if not known or len(known) < len(found):
        return None
    if len(known) == 1:
        return known[0]
    if len({unit for _, unit in known}) > 1:
        reading.left("dosages in different units; the dose counts as not recorded")
        return None
    lows = [dose.low for dose, _ in known if dose.low is not None]
    highs = [dose.high for dose, _ in known if dose.high is not None]
    if len(lows) < len(known) or len(highs) < len(known):
        reading.left("several dosages without bounds; the dose counts as not recorded")
        return None
    steps = {number(dosage, "sequence") for dosage in dosages}
    if len(steps) > 1:
        reading.left("dosages that follow one another; the dose is their range")
        return Interval(min(lows), max(highs)), known[0][1]
    return Interval(sum(lows), sum(highs)), known[0][1]


def _one(dosage: Json, strength: Json, reading: Reading) -> Dose | None:
    amount = _amount(dosage, strength, reading)
    if amount is None:
        return None
    value, unit, per_day = amount
    if not per_day:
        often = _often(obj(dosage, "timing"))
        if often is None:
            reading.left(
                "how often is not said in a form that can be counted; the dose counts as not recorded"
            )
            return None
        (low, high), period = often
        value = Interval(_times(value.low, low), _times(value.high, high), value.low_open, value.high_open)
        unit = f"{unit}/{period}"
    if (
        dosage.get("asNeededBoolean") is True
        or dosage.get("asNeededCodeableConcept")
        or dosage.get("asNeeded")
    ):
        value = Interval(0, value.high)  # no more than this
    return value, unit


def _times(value: Exact | None, by: Fraction) -> Exact | None:
    if value is None:
        return None
    product = Fraction(value) * by
    return product.numerator if product.denominator == 1 else product


def _amount(dosage: Json, strength: Json, reading: Reading) -> tuple[Interval, str, bool] | None:
    """(amount, unit, whether that is per day already) of one taking, or of an infusion."""
    rated = [
        *objs(dosage, "doseAndRate"),
        dosage,
    ]  # R4; R3 and MedicationAdministration have it in the dosage
    for one in rated:
        for key in ("doseQuantity", "dose", "doseRange"):
            if one.get(key):
                return _dose(obj(one, key), key, strength, reading)
    for one in rated:
        if one.get("rateQuantity") or one.get("rateRatio") or one.get("rateRange"):
            return _rate(one, dosage, reading)
    reading.left("no dose")
    return None


def _dose(quantity: Json, key: str, strength: Json, reading: Reading) -> tuple[Interval, str, bool] | None:
    if key == "doseRange":
        low, high = obj(quantity, "low"), obj(quantity, "high")
        units = {reading.unit(one) for one in (low, high) if one}
        value: Interval | None = Interval(number(low, "value") or 0, number(high, "value"))
        unit = units.pop() if len(units) == 1 else None
    else:
        value, unit = reading.interval(quantity, key), reading.unit(quantity)
    if value is None or unit is None or (value.low is not None and value.low < 0):
        reading.left("a dose without a number or unit; it counts as not recorded")
        return None
    each = _strength(strength, unit, reading)
    if each is not None:
        by, unit = each
        value = Interval(_times(value.low, by), _times(value.high, by), value.low_open, value.high_open)
    return value, unit, False


def _strength(strength: Json, unit: str, reading: Reading) -> tuple[Fraction, str] | None:
    """How much of the substance one `unit` of the product holds: `1 {tbl}` of a tablet of 5 mg."""
    above, below = obj(strength, "numerator"), obj(strength, "denominator")
    upper, lower = number(above, "value"), number(below, "value")
    substance, product = reading.unit(above) if above else None, reading.unit(below) if below else None
    if upper is None or not lower or lower < 0 or substance is None:
        return None
    if product is not None and product not in ("1", unit):
        by = conversion(unit, product)  # mL of a solution dosed in L
        if by is None or conversion(unit, "1") is not None:
            return None
        return Fraction(upper) / Fraction(lower) * by, substance
    if conversion(unit, substance) is not None or (product is None and conversion(unit, "1") is None):
        return None  # dosed by the substance itself
    return Fraction(upper) / Fraction(lower), substance


def _rate(one: Json, dosage: Json, reading: Reading) -> tuple[Interval, str, bool] | None:
    """A rate is a daily dose only if it is one per day, or runs for a stated time."""
    if one.get("rateRatio"):
        ratio = obj(one, "rateRatio")
        above, below = obj(ratio, "numerator"), obj(ratio, "denominator")
        upper, lower = number(above, "value"), number(below, "value")
        units = reading.unit(above), reading.unit(below)
        if upper is None or not lower or None in units:
            reading.left("a rate that is no quotient; the dose counts as not recorded")
            return None
        exact = _times(upper, 1 / Fraction(lower))
        value, unit = Interval(exact, exact), f"{units[0]}/{units[1]}"
    else:
        quantity = obj(one, "rateQuantity")
        read, own = reading.interval(quantity, "rateQuantity") if quantity else None, reading.unit(quantity)
        if read is None or own is None:
            reading.left("a rate without a number or unit; the dose counts as not recorded")
            return None
        value, unit = read, own
    head, _, period = unit.rpartition("/")
    if head and period in ("d", "24.h", "24h", "(24.h)"):
        return value, f"{head}/d", True
    repeat = obj(obj(dosage, "timing"), "repeat")
    lasting, per = number(repeat, "duration"), _DAYS.get(text(repeat, "durationUnit"))
    by = conversion("d", period) if head else None
    if head and lasting is not None and per is not None and by is not None:
        factor = Fraction(lasting) * per * by
        return Interval(_times(value.low, factor), _times(value.high, factor)), head, False
    reading.left("a rate without how long it ran; the dose counts as not recorded")
    return None


def _often(timing: Json) -> tuple[Span, str] | None:
    """(least, most) takings per `d`, `mo` or `a`."""
    repeat = obj(timing, "repeat")
    period, unit = number(repeat, "period"), text(repeat, "periodUnit")
    if unit and (unit in _DAYS or unit in _CALENDAR):
        least = Fraction(number(repeat, "frequency") or 1)
        most = Fraction(number(repeat, "frequencyMax") or least)
        short = Fraction(period if period is not None else 1)
        long = Fraction(number(repeat, "periodMax") or short)
        if short <= 0 or long < short:
            return None
        if unit in _CALENDAR:
            return (least / long, most / short), unit
        return (least / (long * _DAYS[unit]), most / (short * _DAYS[unit])), "d"
    listed = repeat.get("timeOfDay") or repeat.get("when")
    if isinstance(listed, list) and listed and not repeat.get("dayOfWeek"):
        return (Fraction(len(listed)), Fraction(len(listed))), "d"
    for _, code, _ in codings(obj(timing, "code")):
        if code in _TIMES:
            return (_TIMES[code], _TIMES[code]), "d"
    return None
