"""Numbers, units, operators and lengths of time in words. Nothing is ever rounded."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import assert_never

from protodsl import ir
from protodsl.documents.language import count, named, say
from protodsl.runtime.units import Unit

_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: Fraction) -> str:
    """An exact decimal where there is one ("0.25"), else a fraction ("1/3"); a minus is a true minus sign."""
    sign = "−" if value < 0 else ""
    value = abs(value)
    numerator, denominator = value.numerator, value.denominator
    twos = fives = 0
    rest = denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{sign}{numerator}/{denominator}"
    places = max(twos, fives)
    digits = str(numerator * 10**places // denominator)
    if not places:
        return sign + digits
    digits = digits.rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def unit(value: Unit | None) -> str:
    """The unit as printed: `x10^9/L` as "× 10⁹/L", `mL/min/1.73m2` as "mL/min/1.73 m²"; else as written."""
    if value is None:
        return ""
    text = value.text
    text = re.sub(r"^[x×]?\s?10[*^](-?\d+)", lambda m: "× 10" + m[1].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"[*^](-?\d+)", lambda m: m[1].translate(_SUPERSCRIPTS), text)
    text = (
        text.replace("/{1.73_m2}", "/1.73 m²").replace("/1.73m2", "/1.73 m²").replace("/1.73 m2", "/1.73 m²")
    )
    text = re.sub(r"\b([kmcd]?m)([23])\b", lambda m: m[1] + m[2].translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?:(?<=/)|^)u(?=[A-Za-z])", "µ", text)
    return text.replace("[", "").replace("]", "").replace("percentage_points", "percentage points")


def power(text: str) -> str:
    """An author's `0.3 x10^5 /kg` as "0.3 × 10⁵ /kg"."""
    return re.sub(r"\s?[x×]\s?10[*^](-?\d+)", lambda m: " × 10" + m[1].translate(_SUPERSCRIPTS), text)


def grouped(value: Fraction) -> str:
    """A number with narrow spaces between thousands, for doses in cells: "300 000"."""
    text = number(value)
    whole, dot, decimals = text.partition(".")
    if not whole.lstrip("−").isdigit():
        return text
    return re.sub(r"(?<=\d)(?=(\d{3})+$)", "\u202f", whole) + dot + decimals


def quantity(value: Fraction, of: Unit | None) -> str:
    """Number and unit with a space that does not break; "cells" and "points" in the singular after 1."""
    text = unit(of)
    if text in ("", "1"):
        return number(value)
    if text in ("titre", "titer"):
        return f"1:{number(value)}"
    if text == "points" and value == 1:
        text = "point"
    if text.startswith("/"):
        return f"{number(value)}{text}"
    return f"{number(value)}\u00a0{named(text)}"


def op(value: ir.Op) -> str:
    """An operator on a value: "ALT must be at most 3"."""
    match value:
        case "<":
            return say("below")
        case "<=":
            return say("at most")
        case "=":
            return say("exactly")
        case ">=":
            return say("at least")
        case ">":
            return say("above")
        case _:
            assert_never(value)


def amount(value: ir.Op) -> str:
    """An operator on an amount or a span: "for more than 3 months", "falls by at least 4"."""
    match value:
        case "<":
            return say("less than")
        case ">":
            return say("more than")
        case "<=" | "=" | ">=":
            return op(value)
        case _:
            assert_never(value)


def length(value: ir.Length) -> str:
    n, many = number(value.count), 1 if value.count == 1 else 2
    match value.unit:
        case "day":
            return count(many, "{number}\u00a0day", "{number}\u00a0days", number=n)
        case "week":
            return count(many, "{number}\u00a0week", "{number}\u00a0weeks", number=n)
        case "month":
            return count(many, "{number}\u00a0month", "{number}\u00a0months", number=n)
        case "year":
            return count(many, "{number}\u00a0year", "{number}\u00a0years", number=n)
        case "half_life":
            return count(many, "{number}\u00a0half-life", "{number}\u00a0half-lives", number=n)
        case _:
            assert_never(value.unit)


def duration(value: ir.Duration) -> str:
    match value:
        case ir.Length():
            return length(value)
        case ir.Extreme(which, first, second):
            return say(
                "{first} or {second} (whichever is {which})",
                first=length(first),
                second=length(second),
                which=named(which),
            )
        case _:
            assert_never(value)
