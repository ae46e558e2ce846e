"""The attributes of a fact, one method each, and everything found wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Set
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from protodsl.runtime.record import Coded, Days, Interval
from protodsl.runtime.values import MAX_DIGITS, Value, days_of, name_code, published_code, quote, value_of

MAX_PROBLEMS = 50  # told at once; reading stops there
MAX_TEXT = 1000  # characters in any text
MAX_CODES = 1000  # of one fact

_CODE = {"system", "code"}
_INSTEAD = {  # the usual other names; anything else is looked up by likeness
    "lln": "low", "name": "code", "item": "code", "dob": "birth_date", "gender": "sex", "labs": "results",
    "observations": "results", "drugs": "medications", "diagnoses": "conditions", "text": "question",
    "f": "female", "m": "male", "units": "unit", "result": "value", "frequency": "unit",
}  # fmt: skip
_UNCODED = Coded(None, None)


class Problem(NamedTuple):
    """One thing wrong with a record: `place` is a path such as `results/3/date`, empty for the whole."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class RecordError(Exception):
    """A record that is refused, with all its problems (at most `MAX_PROBLEMS` of them)."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))

    @classmethod
    def at(cls, place: str, message: str) -> RecordError:
        return cls([Problem(place, message)])


def like(word: str, known: Collection[str]) -> str:
    """`; did you mean "alt"?` for a word that is not among those known, or nothing."""
    from difflib import get_close_matches  # only ever needed for a message

    instead = _INSTEAD.get(word.lower())
    near = [instead] if instead in known else get_close_matches(word.lower(), sorted(known), 1, 0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def kind_of(value: Any) -> str:
    """What a value is, in the words of JSON."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quote(value)
        case int() | float() | Decimal() | Fraction():
            return "a number"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a Python {type(value).__name__}"


class Attributes:
    """Collects the problems; its methods read one attribute each and answer None where something is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, place: str, message: str) -> None:
        self.problems.append(Problem(place.lstrip("/"), message))
        if len(self.problems) >= MAX_PROBLEMS:
            raise RecordError(self.problems)

    def fields(self, fact: Any, where: str, known: Set[str]) -> bool:
        """Whether `fact` is an object; its unknown fields are named."""
        if fact.__class__ is dict and fact.keys() <= known:
            return True
        if not isinstance(fact, dict):
            self.problem(where, f"an object is expected here, not {kind_of(fact)}")
            return False
        for key in fact:
            if key not in known:
                self.problem(where, f"unknown field {quote(key)}{like(str(key), known)}")
        return True

    def day(self, fact: dict[str, Any], key: str, where: str) -> Days | None:
        value = fact.get(key)
        if value is None:
            return None
        found = (
            days_of(value)
            if value.__class__ is str
            else f'a date is a text such as "2024-02-20", not {kind_of(value)}'
        )
        if found.__class__ is Days:
            return found
        self.problem(f"{where}/{key}", str(found))
        return None

    def text(self, fact: dict[str, Any], key: str, where: str) -> str | None:
        value = fact.get(key)
        if value is None:
            return None
        if value.__class__ is not str:
            self.problem(f"{where}/{key}", f"a text is expected here, not {kind_of(value)}")
            return None
        if len(value) > MAX_TEXT:
            self.problem(
                f"{where}/{key}", f"a text of {len(value)} characters; at most {MAX_TEXT} are allowed"
            )
            return None
        if not value.isprintable():
            value = " ".join(value.split())
            if not value.isprintable():
                self.problem(f"{where}/{key}", f"{quote(value)} holds characters that cannot be printed")
                return None
        return value.strip() or None

    def word(self, fact: dict[str, Any], key: str, where: str, known: tuple[str, ...] = ()) -> str | None:
        """A text in the form of a name (`Legal guardian` is `legal_guardian`); one of `known`, if any."""
        found = self.text(fact, key, where)
        if found is None:
            return None
        if known and found not in known:
            choice = f"{', '.join(known[:-1])} or {known[-1]}"
            self.problem(f"{where}/{key}", f"{quote(found)} is not {choice}{like(found, known)}")
            return None
        return "_".join(found.lower().replace("-", " ").split())

    def flag(self, fact: dict[str, Any], key: str, where: str) -> bool:
        value = fact.get(key)
        if value is not None and value.__class__ is not bool:
            self.problem(f"{where}/{key}", f"true or false is expected here, not {kind_of(value)}")
        return value is True

    def integer(self, fact: dict[str, Any], key: str, where: str, low: int, high: int) -> int | None:
        value = fact.get(key)
        if value is None or (value.__class__ is int and low <= value <= high):
            return value
        for whole in range(low, high + 1) if isinstance(value, (Decimal, float)) else ():
            if value == whole:  # JSON has one kind of number: 3.0 is 3
                return whole
        self.problem(
            f"{where}/{key}", f"a whole number from {low} to {high} is expected here, not {kind_of(value)}"
        )
        return None

    def code(self, fact: dict[str, Any], where: str) -> Coded:
        value = fact.get("code")
        if value.__class__ is str and len(value) <= MAX_TEXT:
            found = name_code(value)
            if found.__class__ is Coded:
                return found
            self.problem(f"{where}/code", str(found))
        elif value is None:
            if "code" not in fact:
                self.problem(where, 'the field "code" is missing; write null where the fact carries no code')
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            return self.codes(value, where)
        elif isinstance(value, dict):
            told = len(self.problems)
            self.fields(value, f"{where}/code", _CODE)
            system = self.text(value, "system", f"{where}/code")
            code = self.text(value, "code", f"{where}/code")
            if system is not None and code is not None:
                published = published_code(system, code)
                if isinstance(published, Coded):
                    return published
                self.problem(f"{where}/code", published)
            elif told == len(self.problems):
                self.problem(f"{where}/code", "a code of a published system needs both system and code")
        else:
            self.problem(
                f"{where}/code", f"a name, a system and code, or null is expected here, not {kind_of(value)}"
            )
        return _UNCODED

    def codes(self, listed: list[dict[str, Any]], where: str) -> Coded:
        """Several published codes of one thing, in any order."""
        if len(listed) > MAX_CODES:
            self.problem(f"{where}/code", f"{len(listed)} codes of one fact; at most {MAX_CODES} are read")
            return _UNCODED
        found = [self.code({"code": one}, where) for one in listed]
        known = sorted({(one.system, one.code) for one in found if one.system and one.code})
        return Coded(*known[0], tuple(known[1:])) if known else _UNCODED

    def value(self, value: Any, key: str, where: str) -> Value | None:
        """A value; None, after telling why, where it is none."""
        kind = value.__class__
        if kind is str or kind is int or kind is Decimal or kind is float:
            try:
                written = str(value if kind is not float else Decimal(str(value)))  # 0.00001, not 1e-05
            except ValueError:  # an integer beyond the digits Python converts to text
                written = "9" * (MAX_DIGITS + 1)
            if len(written) <= MAX_TEXT:
                found = value_of(written)
                if found.problem is None:
                    return found
                told = found.problem
            elif kind is str:
                told = f"a text of {len(written)} characters; at most {MAX_TEXT} are allowed"
            else:
                told = f"a number has more than {MAX_DIGITS} digits"
        elif isinstance(value, Fraction):
            return Value(Interval(value, value), None, str(value))
        elif value is None:
            told = "a value is expected here; leave the fact out where nothing was measured"
        else:
            told = f'a number or a text such as "<0.2" or "positive" is expected here, not {kind_of(value)}'
        self.problem(f"{where}/{key}", told)
        return None

    def number(self, fact: dict[str, Any], key: str, where: str, *, censored: bool) -> Interval | None:
        """A number that cannot be negative: a dose or a reference limit."""
        value = fact.get(key)
        if value is None:
            return None
        found = self.value(value, key, where)
        if found is None:
            return None
        number = found.number
        if number is None or (not censored and (number.low is None or number.high is None)):
            self.problem(f"{where}/{key}", f"a number is expected here, not {quote(found.raw)}")
            return None
        limit = number.low if number.low is not None else number.high
        if limit is not None and limit < 0:
            self.problem(f"{where}/{key}", f"{quote(found.raw)} is negative")
            return None
        return number

    def order(self, where: str, key: str, first: Days | None, last: Days | None, of: str) -> None:
        if first is not None and last is not None and last.last < first.first:
            self.problem(f"{where}/{key}", f"lies before its {of}")
