"""The scalar parts of a patient record as they are written: dates, times, numbers, codes.

Each function answers either what was meant or, as a text, what is wrong with it; none raises. They are
cached: a file of records holds the same few thousand dates, numbers and codes over and over.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from protodsl.runtime.record import Coded, Days, Exact, Interval

MAX_DIGITS = 40  # of a number, before and after the point together
MAX_PLAIN = 200  # characters of a text that is remembered
MAX_POWER = 30  # of ten, of a number written with an exponent

_SYSTEMS = {  # spellings of the systems the vocabulary names; every other system keeps its own, in lower case
    "http://loinc.org": "loinc", "http://snomed.info/sct": "snomed", "snomed-ct": "snomed",
    "snomed ct": "snomed", "sct": "snomed", "icd-10": "icd10", "icd 10": "icd10",
    "http://hl7.org/fhir/sid/icd-10": "icd10",
    "http://www.whocc.no/atc": "atc", "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
}  # fmt: skip
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def quote(text: object) -> str:
    """A piece of input for a message: in double quotes, printable, cut when long."""
    shown = text if isinstance(text, str) else "…" if isinstance(text, (list, dict)) else str(text)
    if len(shown) > 60:
        shown = shown[:57] + "…"
    return '"' + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in shown) + '"'


# ---------------------------------------------------------------- dates


@lru_cache(maxsize=8192)
def days_of(text: str) -> Days | str:
    """The days of a whole or partial date, or what is wrong with it."""
    if len(text) > 10 and text[10] in "Tt " and len(text) <= 40:
        if clock_of(text[11:]) is None:
            return f"{quote(text)} has no time of day behind the date, such as T14:30"
        text = text[:10]
    size = len(text)
    if (
        size not in (4, 7, 10)
        or text[4:5] not in ("", "-")
        or text[7:8] not in ("", "-")
        or not text.isascii()
    ):
        return f"{quote(text)} is no date; write 2024-02-20, 2024-02 or 2024"
    if not (text[:4] + text[5:7] + text[8:]).isdigit():
        return f"{quote(text)} is no date; write 2024-02-20, 2024-02 or 2024"
    year = int(text[:4])
    if year == 0:
        return f"{quote(text)} is no date: there is no year 0"
    if size == 4:
        return Days(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal())
    month = int(text[5:7])
    if not 1 <= month <= 12:
        return f"{quote(text)} is no date: there is no month {month}"
    length = monthrange(year, month)[1]
    first = date(year, month, 1).toordinal()
    if size == 7:
        return Days(first, first + length - 1)
    day = int(text[8:])
    if not 1 <= day <= length:
        return f"{quote(text)} is no date: {_MONTHS[month - 1]} {year} has {length} days"
    return Days(first + day - 1, first + day - 1)


@lru_cache(maxsize=1024)
def clock_of(text: str) -> str | None:
    """A time of day as `HH:MM` or `HH:MM:SS`; fractions and time zones are cut off. None: not a time."""
    if not text.isascii() or text[2:3] != ":" or not (text[:2] + text[3:5]).isdigit() or len(text) < 5:
        return None
    clock, rest = text[:5], text[5:]
    if text[5:6] == ":":
        seconds, rest = text[6:8], text[8:]
        if len(seconds) != 2 or not seconds.isdigit() or seconds > "59":
            return None
        if seconds != "00":
            clock += ":" + seconds
        if rest[:1] == ".":
            fraction = rest[1:].rstrip("Zz").partition("+")[0].partition("-")[0]
            if not fraction.isdigit():
                return None
            rest = rest[1 + len(fraction) :]
    zone = rest.replace(":", "", 1)
    known = zone in ("", "Z", "z") or (zone[0] in "+-" and len(zone) == 5 and zone[1:].isdigit())
    return clock if known and text[:2] <= "23" and text[3:5] <= "59" else None


# ---------------------------------------------------------------- numbers


class Value(NamedTuple):
    """What a text says: a number (or a bound on one) or a word, as written; or why it is refused."""

    number: Interval | None
    word: str | None
    raw: str
    problem: str | None = None


def _exact(text: str) -> Exact | str | None:
    """The number in `text`: None where it is none, a message where it is one that cannot be a measurement."""
    mantissa, marked, exponent = text.partition("e" if "e" in text else "E")
    sign = mantissa[:1] if mantissa[:1] in ("-", "+") else ""
    whole, _, decimals = mantissa[len(sign) :].partition(".")
    digits = whole + decimals
    if not (digits.isascii() and digits.isdigit()):
        return None
    power = 0
    if marked:
        shift = exponent[1:] if exponent[:1] in ("-", "+") else exponent
        if not (shift.isascii() and shift.isdigit()):
            return None
        if len(shift) > 3 or int(shift) > MAX_POWER:
            return f"{quote(text)} is too large or too small to be a measurement"
        power = int(exponent)
    if len(digits) > MAX_DIGITS:
        return f"a number has more than {MAX_DIGITS} digits"
    number = Fraction(int(digits)) * Fraction(10) ** (power - len(decimals))
    if sign == "-":
        number = -number
    return number.numerator if number.denominator == 1 else number


@lru_cache(maxsize=8192)
def value_of(text: str) -> Value:
    """`3.1`, `<0.2`, `≤ 0.2`, `>90`, `>=90`, a titre `1:80` (the number 80), or a word."""
    raw = " ".join(text.split())
    body, sign = raw, ""
    for mark, meaning in (("<=", "≤"), (">=", "≥"), ("<", "<"), (">", ">"), ("≤", "≤"), ("≥", "≥")):
        if raw.startswith(mark):
            body, sign = raw[len(mark) :].lstrip(), meaning
            break
    titre = body.startswith("1:")
    number = _exact(body[2:].lstrip() if titre else body)
    if isinstance(number, str):
        return Value(None, None, raw, number)
    if number is None or (titre and number <= 0):
        if body.lower().lstrip("+-") in ("nan", "inf", "infinity"):
            return Value(None, None, raw, f"{quote(raw)} is not a number a record may hold")
        if not raw.isprintable():
            return Value(None, None, raw, f"{quote(raw)} holds characters that cannot be printed")
        word = raw.lower().replace(" ", "_")
        if any(char.isalpha() for char in word):
            word = word.replace("-", "_")
        return Value(None, word, raw) if word else Value(None, None, raw, "an empty text is no value")
    if sign in ("<", "≤"):
        return Value(Interval(None, number, False, sign == "<"), None, raw)
    if sign in (">", "≥"):
        return Value(Interval(number, None, sign == ">", False), None, raw)
    return Value(Interval(number, number), None, raw)


# ---------------------------------------------------------------- codes


@lru_cache(maxsize=4096)
def name_code(text: str) -> Coded | str:
    bare = text.strip()
    if not bare:
        return "an empty code; write null where the fact carries none"
    return (
        Coded(None, bare) if bare.isprintable() else f"{quote(text)} holds characters that cannot be printed"
    )


@lru_cache(maxsize=4096)
def published_code(system: str, code: str) -> Coded | str:
    code = code.strip()
    system = system.strip().lower()
    system = _SYSTEMS.get(system.rstrip("/"), system)
    if not system or not code:
        return "a code of a published system needs both system and code"
    if not (system + code).isprintable():
        return f"{quote(system + ' ' + code)} holds characters that cannot be printed"
    return Coded(system, code.upper() if system in ("icd10", "atc") else code)


# ---------------------------------------------------------------- as nearly all facts are written


class Remembered(dict[Any, Any]):
    """A function's answers, looked up faster than it can be called; it forgets them all when they are many.

    None is not remembered: it says that the input is unusual, right or wrong, and has to be read with care.
    """

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, key: Any) -> Any:
        made = self.make(key)
        if made is not None:
            if len(self) >= 16_384:
                self.clear()
            self[key] = made
        return made


def _short(text: Any) -> bool:
    return text.__class__ is str and len(text) <= MAX_PLAIN


def _text(text: Any) -> str | None:
    return text.strip() or None if _short(text) and text.isprintable() else None


def _word(text: Any) -> str | None:
    found = _text(text)
    return None if found is None else "_".join(found.lower().replace("-", " ").split()) or None


def _date(text: Any) -> Days | None:
    found = days_of(text) if text.__class__ is str and len(text) <= 10 else None
    return found if isinstance(found, Days) else None


def _name(text: Any) -> Coded | None:
    found = name_code(text) if _short(text) else None
    return found if isinstance(found, Coded) else None


def _published(pair: tuple[Any, Any]) -> Coded | None:
    found = published_code(*pair) if _short(pair[0]) and _short(pair[1]) else None
    return found if isinstance(found, Coded) else None


def _of_text(text: str) -> Value | None:
    found = value_of(text) if len(text) <= MAX_PLAIN else None
    return None if found is None or found.problem is not None else found


def _of_int(value: int) -> Value | None:
    return _of_text(str(value)) if -(10**15) < value < 10**15 else None


def _of_float(value: float) -> Value | None:
    written = repr(value)
    return None if "e" in written or value == 0 else _of_text(written)  # 0.0 is -0.0 for a dict


def _of_decimal(value: Decimal) -> Value | None:
    return _of_text(str(value))


PLAIN_TEXT = Remembered(_text)  # short texts, without their outer spaces
PLAIN_WORD = Remembered(_word)  # the same in the form of a name
PLAIN_DATE = Remembered(_date)  # without a time
PLAIN_NAME = Remembered(_name)  # codes that are names
PLAIN_CODE = Remembered(_published)  # (system, code)
PLAIN_VALUE: dict[type, Callable[[Any], Value | None]] = {
    str: Remembered(_of_text).__getitem__,
    int: Remembered(_of_int).__getitem__,
    float: Remembered(_of_float).__getitem__,
    Decimal: _of_decimal,  # 1.0 and 1.00 are one key, and written differently
}
