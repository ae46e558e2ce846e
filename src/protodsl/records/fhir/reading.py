"""One participant being read: typed access to JSON, dates and quantities, and notes."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import Any

from protodsl.records.fhir.notes import Notes
from protodsl.records.site import NO_SITE, Site, translated
from protodsl.records.systems import ORDER, SYSTEMS, UCUM, WORDS, code_text, system_name
from protodsl.records.vaccines import with_atc
from protodsl.runtime.attributes import MAX_TEXT
from protodsl.runtime.attributes import kind_of as kind_with_text
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Coded, Days, Exact, Interval, Record
from protodsl.runtime.units import conversion, parse_unit, same_unit
from protodsl.runtime.values import clock_of, days_of, quote, value_of

Json = dict[str, Any]
MAX_CODINGS = 50  # of one concept; more is no translation of anything


class Malformed(Exception):
    """A field that is not what FHIR says it is."""

    def __init__(self, field: str, message: str) -> None:
        self.field, self.message = field, message
        super().__init__(f"{field}: {message}" if field else message)


# ---------------------------------------------------------------- typed access


def kind_of(value: Any) -> str:
    """What a value is, in the words of JSON; never what a text says, for that may be a person's name."""
    return "a text" if isinstance(value, str) else kind_with_text(value)


def obj(data: Json, key: str) -> Json:
    """The object in a field, empty where there is none."""
    value = data.get(key)
    if value is None:
        return {}
    if value.__class__ is not dict:
        raise Malformed(key, f"an object is expected here, not {kind_of(value)}")
    found: Json = value
    return found


def objs(data: Json, key: str) -> list[Json]:
    """The objects in a list. One object alone is taken for a list of one, as R4 and R5 differ in some."""
    value = data.get(key)
    if value is None:
        return []
    if value.__class__ is dict:
        return [value]
    if value.__class__ is not list or any(one.__class__ is not dict for one in value):
        raise Malformed(key, f"a list of objects is expected here, not {kind_of(value)}")
    found: list[Json] = value
    return found


PLAIN = 4096
_PLAIN: set[str] = set()  # texts met before that may stand as they are: codes, units, systems


def text(data: Json, key: str) -> str:
    """A text, in one line; empty where there is none."""
    value: Any = data.get(key, "")
    if value.__class__ is str:
        plain: str = value  # nearly every text
        if plain in _PLAIN:
            return plain
        if plain.isprintable() and plain[:1] != " " != plain[-1:] and len(plain) <= MAX_TEXT:
            if len(_PLAIN) < PLAIN:
                _PLAIN.add(plain)
            return plain
    if value is None:
        return ""
    if value.__class__ is not str:
        raise Malformed(key, f"a text is expected here, not {kind_of(value)}")
    value = value[:MAX_TEXT]
    if not value.isprintable():
        value = "".join(char for char in " ".join(value.split()) if char.isprintable())
    stripped: str = value.strip()
    return stripped


def number(data: Json, key: str) -> Exact | None:
    value = data.get(key)
    if value is None:
        return None
    if value.__class__ is int:
        return int(value)
    if value.__class__ is Decimal:
        read = value_of(str(value))
        if read.number is not None and read.number.low is not None:
            return read.number.low
        raise Malformed(key, read.problem or f"{quote(str(value))} is no number")
    raise Malformed(key, f"a number is expected here, not {kind_of(value)}")


def day(data: Json, key: str) -> Days | None:
    value = data.get(key)
    if value is None:
        return None
    found = days_of(value) if value.__class__ is str else f"a date is expected here, not {kind_of(value)}"
    if isinstance(found, Days):
        return found
    raise Malformed(key, found)


def clock(data: Json, key: str) -> str | None:
    value = data.get(key)
    return clock_of(value[11:]) if isinstance(value, str) and len(value) > 10 else None


def codings(concept: Json) -> Iterator[tuple[str, str, Json]]:
    """(system as written, code, coding) of a CodeableConcept's codings."""
    for coding in objs(concept, "coding"):
        yield text(coding, "system"), text(coding, "code"), coding


def concept_codes(concept: Json) -> set[str]:
    """The bare codes of a concept from one of FHIR's own small value sets, such as a status."""
    return {code for _, code, _ in codings(concept)}


def later(one: int, other: int | None) -> int:
    return one if other is None else max(one, other)


# ---------------------------------------------------------------- ages


def _shifted(ordinal: int, count: int, unit: str) -> int:
    """The day `count` years, months, weeks or days after another, cut to the calendar."""
    if unit in ("wk", "d"):
        return min(ordinal + count * (7 if unit == "wk" else 1), LAST_DAY)
    start = date.fromordinal(ordinal)
    months = start.year * 12 + start.month - 1 + count * (12 if unit == "a" else 1)
    year, month = divmod(months, 12)
    if year > 9999:
        return LAST_DAY
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


_AGES = {
    "a": "a", "year": "a", "years": "a", "yr": "a", "mo": "mo", "month": "mo", "months": "mo",
    "wk": "wk", "week": "wk", "weeks": "wk", "d": "d", "day": "d", "days": "d",
}  # fmt: skip


class Reading:
    """One participant: the record as it grows, and what else its resources need."""

    def __init__(
        self,
        identifier: str,
        resolve: Callable[[str, Json], Json | None],
        site: Site = NO_SITE,
    ) -> None:
        self.record = Record(identifier)
        self.notes = Notes()
        self.resolve = resolve  # a reference, and the resource it stands in
        self.study = site.study
        self.codes = site.codes
        self.where = ""  # "Observation/12", the resource being read

    def left(self, why: str) -> None:
        """The resource being read was not taken, or not wholly."""
        self.notes.left(self.where.partition("/")[0], why, self.where)

    # ------------------------------------------------------------ codes

    def coded(self, concept: Json, *others: Json, suspected: bool = False) -> Coded:
        """The code of a fact: the best coding, with the others as its translations.

        Without any coding the text stands as a name, which the vocabulary may or may not know.
        """
        listed = concept.get("coding")
        if not others and not suspected and listed.__class__ is list and len(listed) == 1:
            alone = listed[0]
            system, code = (alone.get("system"), alone.get("code")) if alone.__class__ is dict else ("", "")
            if system.__class__ is str and code.__class__ is str and system.strip() and code.strip():
                # nearly every concept, and few different ones
                only = _one_coding(system, code)
                return translated(only, self.codes) if self.codes else only
        found: dict[tuple[str, str], None] = {}
        for one in (concept, *others):
            for system, code, _ in codings(one):
                if system and code:
                    name = system_name(system)
                    found[name, code_text(name, code)] = None
                elif code:
                    self.left("a coding without its system is no code")
        if len(found) > MAX_CODINGS:
            raise Malformed("coding", f"{len(found)} codings of one concept")
        if not found:
            said = text(concept, "text")
            return translated(Coded(None, said or None, (), suspected), self.codes)
        ranked = sorted(found, key=_rank)
        return translated(with_atc(Coded(*ranked[0], tuple(ranked[1:]), suspected)), self.codes)

    def word(self, concept: Json) -> str:
        """A coded answer as a word: its code's where that is one everybody uses, else what it says."""
        said = ""
        for system, code, coding in codings(concept):
            known = WORDS.get(system.rstrip("/").lower(), {}).get(code)
            if known is not None:
                return known
            said = said or text(coding, "display").removesuffix("(qualifier value)").strip()
        return text(concept, "text") or said

    # ------------------------------------------------------------ dates

    def period(self, data: Json, key: str) -> tuple[Days | None, Days | None]:
        period = obj(data, key)
        start, end = day(period, "start"), day(period, "end")
        if start is not None and end is not None and end.last < start.first:
            raise Malformed(f"{key}.end", "lies before its start")
        return start, end

    def at(self, data: Json, stem: str) -> Days | None:
        """The days on which something may have been: `onset[x]`, `performed[x]` and the like."""
        for suffix in ("DateTime", "Date", "Instant"):
            if (found := day(data, stem + suffix)) is not None:
                return found
        if f"{stem}Period" in data:
            start, end = self.period(data, f"{stem}Period")
            return span(start, end)
        if f"{stem}Age" in data:
            return self.aged(obj(data, f"{stem}Age"), f"{stem}Age")
        if f"{stem}Range" in data:
            ages = obj(data, f"{stem}Range")
            low = self.aged(obj(ages, "low"), f"{stem}Range.low")
            high = self.aged(obj(ages, "high"), f"{stem}Range.high")
            return span(low, high)
        if f"{stem}String" in data:
            self.left(f"{stem}String says when in words; the date counts as not recorded")
        return None

    def aged(self, age: Json, field: str) -> Days | None:
        """The days of an age: of 5 years, from the fifth birthday to the eve of the sixth."""
        value = number(age, "value")
        unit = _AGES.get(text(age, "code") or text(age, "unit").lower())
        if value is None or unit is None:
            self.left(f"{field} is no age in years, months, weeks or days; the date counts as not recorded")
            return None
        born = self.record.birth_date
        if born is None:
            self.left(f"{field} is an age, but there is no date of birth; the date counts as not recorded")
            return None
        if not 0 <= value <= 200 * 366:
            raise Malformed(f"{field}.value", f"{quote(str(value))} is no age")
        count = floor(value)
        sign = text(age, "comparator")
        first, last = _shifted(born.first, count, unit), _shifted(born.last, count + 1, unit) - 1
        if sign.startswith("<"):
            return Days(born.first, last if sign == "<=" else _shifted(born.last, count, unit) - 1)
        return Days(first, LAST_DAY) if sign.startswith(">") else Days(first, max(first, last))

    # ------------------------------------------------------------ quantities

    def unit(self, quantity: Json) -> str | None:
        """The unit of a quantity: its UCUM code; what is printed, where there is no code that can be read.

        A code and a printed unit that say different things make neither: a guess would change the number.
        """
        said, clash = _unit(text(quantity, "unit"), text(quantity, "system"), text(quantity, "code"))
        if clash is not None:
            self.left(clash)
        return said

    def interval(self, quantity: Json, field: str) -> Interval | None:
        """The number of a quantity, with its comparator; None where there is none."""
        value = number(quantity, "value")
        if value is None:
            return None
        if "comparator" not in quantity:
            return Interval(value, value)
        match text(quantity, "comparator"):
            case "":
                return Interval(value, value)
            case "<" | "<=" as sign:
                return Interval(None, value, False, sign == "<")
            case ">" | ">=" as sign:
                return Interval(value, None, sign == ">", False)
            case other:
                raise Malformed(f"{field}.comparator", f"{quote(other)} is not <, <=, >= or >")

    def limit(self, quantity: Json, unit: str | None) -> Exact | None:
        """A reference limit in the unit of its result; without a unit it is in that of the result."""
        value = number(quantity, "value")
        if value is None:
            return None
        own = self.unit(quantity)
        if own is None or own == unit:
            return value
        by = conversion(own, unit) if unit is not None else None
        if by is None:
            self.left("the reference range has another unit than the result; it is left out")
            return None
        scaled = Fraction(value) * by
        return scaled.numerator if scaled.denominator == 1 else scaled


@lru_cache(maxsize=8192)
def _unit(printed: str, system: str, code: str) -> tuple[str | None, str | None]:
    """(the unit, what is wrong where code and print say different things)."""
    if system.rstrip("/") not in ("", UCUM) or not code:
        return printed or None, None
    if code == printed:
        return code, None
    coded, written = parse_unit(code), parse_unit(printed)
    if coded is None:
        return printed or code, None
    if written is None or same_unit(coded, written):
        return code, None
    if written.dimension != coded.dimension and not written.dimension:
        return code, None  # a count, as which `{score}` or `points` may be printed
    clash = f"the unit is coded {quote(code)}, but printed {quote(printed)}; it counts as not recorded"
    return None, clash


@lru_cache(maxsize=65536)
def _one_coding(system: str, code: str) -> Coded:
    written = {"system": system, "code": code}
    name = system_name(text(written, "system"))
    return with_atc(Coded(name, code_text(name, text(written, "code"))))


def _rank(coding: tuple[str, str]) -> tuple[int, str, str]:
    system, code = coding
    return (
        ORDER.index(system) if system in ORDER else len(ORDER) + (system not in SYSTEMS.values()),
        system,
        code,
    )


def span(start: Days | None, end: Days | None) -> Days | None:
    """Some day of a period: from its first possible day to its last possible one."""
    if start is None and end is None:
        return None
    first = start.first if start is not None else FIRST_DAY
    return Days(first, later(first, end.last) if end is not None else LAST_DAY)
