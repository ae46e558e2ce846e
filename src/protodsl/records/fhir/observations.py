"""Observation → results: the value, and each component's, with unit, limits, side, method and date."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from protodsl.records.fhir.reading import (
    Json,
    Malformed,
    Reading,
    clock,
    codings,
    concept_codes,
    day,
    kind_of,
    number,
    obj,
    objs,
    span,
    text,
)
from protodsl.records.systems import SIDES, WORDS
from protodsl.runtime.record import FIRST_DAY, Days, Exact, Interval, Result
from protodsl.runtime.units import parse_unit
from protodsl.runtime.values import value_of

DROPPED = {
    "entered-in-error": "entered in error, left out",
    "cancelled": "cancelled, left out",
    "registered": "registered only, there is no result yet",
}
UNSURE = {
    "preliminary": "preliminary; taken as it is",
    "unknown": "of unknown status; taken as it is",
}
# Nothing was measured. Any other reason says that something was: a result is kept that cannot be used.
NOT_MEASURED = {
    "not-performed",
    "not-asked",
    "asked-declined",
    "asked-unknown",
    "not-applicable",
    "temp-unknown",
}
_MALE, _FEMALE = {"248153007", "male"}, {"248152002", "female"}
_WITH_UNIT = re.compile(r"([<>≤≥]?=?\s*[0-9]+(?:\.[0-9]+)?)\s+(\S+)")


def read(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    if status != "final":
        if status in DROPPED:
            reading.left(DROPPED[status])
            return
        if status in UNSURE:
            reading.left(UNSURE[status])
    date, time = _effective(resource, reading)
    made = _value(resource, resource, reading, date, time)
    if "component" in resource:
        for part in objs(resource, "component"):
            made += _value(part, resource, reading, date, time)
    if not made and not resource.get("component") and not resource.get("hasMember"):
        reading.left("no value")


def _effective(resource: Json, reading: Reading) -> tuple[Days | None, str | None]:
    """The days on which the sample may have been taken, and the time of day."""
    for key in ("effectiveDateTime", "effectiveInstant"):
        if (found := day(resource, key)) is not None:
            return found, clock(resource, key)
    if "effectivePeriod" in resource:
        start, end = reading.period(resource, "effectivePeriod")
        if end is None and start is not None:
            end = day(resource, "issued")  # what is known of it was measured by then
            end = None if end is not None and end.last < start.first else end
        return span(start, end), None
    if "effectiveTiming" in resource:
        events = obj(resource, "effectiveTiming").get("event")
        dated = [day({"event": one}, "event") for one in events] if isinstance(events, list) else []
        known = [one for one in dated if one is not None]
        if known:
            return Days(min(one.first for one in known), max(one.last for one in known)), None
        reading.left("effectiveTiming names no day; the date counts as not recorded")
    issued = day(resource, "issued")  # made known on that day: taken on it or before
    return (Days(FIRST_DAY, issued.last), None) if issued is not None else (None, None)


def _value(part: Json, whole: Json, reading: Reading, date: Days | None, time: str | None) -> list[Result]:
    """The result of an observation or a component, if it has one."""
    number, word, unit, raw = _read(part, reading)
    uln = lln = side = said = None
    if number is None and word is None:
        reason = concept_codes(obj(part, "dataAbsentReason"))
        if not reason:
            return []
        if reason & NOT_MEASURED:
            reading.left(f"no value: {', '.join(sorted(reason))}")
            return []
        # there was something, but nobody knows what: an older result must not stand in for it
        word = raw = "no_value"
        reading.left(f"a result without its value ({', '.join(sorted(reason))}), which cannot be used")
    if number is not None and "referenceRange" in part:
        uln, lln = _limits(part, reading, unit)
    if "bodySite" in whole:
        side = next((SIDES[code] for code in concept_codes(obj(whole, "bodySite")) if code in SIDES), None)
    if "method" in whole:
        method = obj(whole, "method")
        said = text(method, "text") or next((text(one, "display") for one in objs(method, "coding")), "")
    result = Result(
        reading.coded(obj(part, "code")), number, word, unit, date, time, uln, lln, side, said or None, raw,
        reading.where,
    )  # fmt: skip
    reading.record.results.append(result)
    return [result]


Value = tuple[Interval | None, str | None, str | None, str]  # number, word, unit, as written


def _read(part: Json, reading: Reading) -> Value:
    """`value[x]`, else what a coded interpretation alone says."""
    keys = [key for key in part if key[:5] == "value" and key != "value"]
    if len(keys) > 1:
        raise Malformed(keys[1], f"a second value beside {keys[0]}")
    if not keys:
        if "interpretation" not in part:
            return None, None, None, ""
        for one in objs(part, "interpretation"):
            for system, code, _ in codings(one):
                word = WORDS.get(system.rstrip("/").lower(), {}).get(code)
                if word is not None:
                    return None, word, None, word
        return None, None, None, ""
    key = keys[0]
    match key:
        case "valueQuantity":
            quantity = obj(part, key)
            found = reading.interval(quantity, key)
            if found is None:
                return None, None, None, ""
            if found.low is not None and found.low is found.high and "interpretation" in part:
                found = _off_scale(part, found.low)
            return found, None, reading.unit(quantity), _raw(quantity["value"], found)
        case "valueCodeableConcept":
            return _word(reading.word(obj(part, key)), key, reading)
        case "valueString":
            return _text(text(part, key), key, reading)
        case "valueBoolean":
            value = part[key]
            if value.__class__ is not bool:
                raise Malformed(key, f"true or false is expected here, not {kind_of(value)}")
            return None, "yes" if value else "no", None, "true" if value else "false"
        case "valueInteger":
            whole = number(part, key)
            return (
                (Interval(whole, whole), None, None, str(whole))
                if whole is not None
                else (None, None, None, "")
            )
        case "valueRange":
            return _range(obj(part, key), key, reading)
        case "valueRatio":
            return _ratio(obj(part, key), key, reading)
        case _:
            # there is a value, in a form no item has: it must not be passed over for an older one
            reading.left(f"{key} cannot be compared with anything")
            return None, "no_value", None, key


def _raw(value: object, found: Interval) -> str:
    """What `written` makes of a quantity; a short Decimal without a zero at its end says it itself."""
    if found.low is found.high and value.__class__ is Decimal:
        said = str(value)
        if len(said) < 28 and "." in said and said[-1] != "0" and "E" not in said:
            return said
    return written(found)


def _off_scale(part: Json, value: Exact) -> Interval:
    """A value marked as off the instrument's scale is a bound."""
    codes = {code for one in objs(part, "interpretation") for code in concept_codes(one)}
    if codes & {"<", "OL"}:
        return Interval(None, value, False, True)
    if codes & {">", "OH"}:
        return Interval(value, None, True, False)
    return Interval(value, value)


def _word(said: str, key: str, reading: Reading) -> Value:
    if not said:
        reading.left(f"{key} has neither a known code nor a text")
        return None, "no_value", None, "no value"
    read = value_of(said)
    if read.problem is not None:
        raise Malformed(key, read.problem)
    return read.number, read.word, None, read.raw


def _text(said: str, key: str, reading: Reading) -> Value:
    """A text may hold a number with its unit (`1.2 mg/dL`); a unit nobody knows leaves it a text."""
    found = _WITH_UNIT.fullmatch(said)
    if found is not None and parse_unit(found[2]) is not None:
        read = value_of(found[1])
        if read.number is not None:
            return read.number, None, found[2], said
    return _word(said, key, reading)


def _range(part: Json, key: str, reading: Reading) -> Value:
    low, high = obj(part, "low"), obj(part, "high")
    units = {reading.unit(one) for one in (low, high) if one}
    if len(units) != 1:
        reading.left(f"{key} has no one unit")
        return None, "no_value", None, "no value"
    found = Interval(number(low, "value"), number(high, "value"))
    if found.low is None and found.high is None:
        return None, None, None, ""
    if found.low is not None and found.high is not None and found.high < found.low:
        raise Malformed(f"{key}.high", "lies below low")
    return found, None, units.pop(), written(found)


def _ratio(part: Json, key: str, reading: Reading) -> Value:
    """A titre 1:80 is the number 80, as in records; any other ratio is its quotient, in its own unit."""
    above, below = obj(part, "numerator"), obj(part, "denominator")
    upper, lower = number(above, "value"), number(below, "value")
    if upper is None or lower is None or lower <= 0 or text(above, "comparator") or text(below, "comparator"):
        reading.left(f"{key} is no quotient of two numbers")
        return None, "no_value", None, "no value"
    units = reading.unit(above), reading.unit(below)
    if units == (None, None):
        read = value_of(f"1:{lower}" if upper == 1 else f"{decimal(upper)}:{decimal(lower)}")
        return (read.number, read.word, None, read.raw)
    unit = f"{units[0] or '1'}/{units[1]}" if units[1] and "/" not in units[1] else units[0]
    value = Fraction(upper) / Fraction(lower)
    exact: Exact = value.numerator if value.denominator == 1 else value
    return Interval(exact, exact), None, unit, decimal(exact)


def _limits(part: Json, reading: Reading, unit: str | None) -> tuple[Exact | None, Exact | None]:
    """(upper, lower) limit of the one reference range that applies."""
    fitting = [one for one in objs(part, "referenceRange") if _applies(one, reading)]
    normal = [one for one in fitting if "normal" in concept_codes(obj(one, "type"))]
    fitting = normal or fitting
    bounded = [one for one in fitting if one.get("low") or one.get("high")]
    if len(bounded) > 1:
        reading.left("several reference ranges may apply; none is used")
        return None, None
    if not bounded:
        if fitting:
            reading.left("the reference range is a text only; it is not used")
        return None, None
    high, low = obj(bounded[0], "high"), obj(bounded[0], "low")
    uln, lln = reading.limit(high, unit), reading.limit(low, unit)
    if uln is not None and lln is not None and lln > uln:
        raise Malformed("referenceRange.high", "lies below low")
    if (uln is not None and uln < 0) or (lln is not None and lln < 0):
        reading.left("a negative reference limit; it is not used")
        return None, None
    return uln, lln


def _applies(one: Json, reading: Reading) -> bool:
    """Whether a reference range may be this participant's; one of another kind or the other sex is not."""
    kind = concept_codes(obj(one, "type"))
    if kind and not kind & {"normal", "recommended"}:
        return False
    whom = {code for each in objs(one, "appliesTo") for code in concept_codes(each)}
    other = _MALE if reading.record.sex == "female" else _FEMALE if reading.record.sex == "male" else set()
    return not whom & other


def decimal(value: Exact) -> str:
    """An exact number as people write it."""
    if isinstance(value, int):
        return str(value)
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")


def written(value: Interval) -> str:
    """A number, or a bound on one, as it would be written."""
    if value.low is not None and value.high is not None:
        if value.low is value.high or value.low == value.high:
            return decimal(value.low)
        return f"{decimal(value.low)}–{decimal(value.high)}"
    if value.high is not None:
        return ("<" if value.high_open else "≤") + decimal(value.high)
    return (">" if value.low_open else "≥") + decimal(value.low) if value.low is not None else ""
