"""Facts as nearly all are, read quickly.

Each function answers None for a fact that is not quite so, right or wrong: that one is read with care.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from protodsl.runtime.record import Answer, Coded, Days, Exact, Medication, Result
from protodsl.runtime.record_fields import RESPONSES
from protodsl.runtime.values import (
    PLAIN_CODE,
    PLAIN_DATE,
    PLAIN_NAME,
    PLAIN_TEXT,
    PLAIN_VALUE,
    PLAIN_WORD,
    Value,
)


def plain_code(code: Any) -> Any:
    """A name, or one code of a published system."""
    if code.__class__ is str:
        return PLAIN_NAME[code]
    if code.__class__ is dict and len(code) == 2:
        return PLAIN_CODE[code.get("system"), code.get("code")]
    return None


def plain_value(value: Any) -> Value | None:
    read = PLAIN_VALUE.get(value.__class__)
    return None if read is None else read(value)


def plain_result(
    fact: dict[str, Any], where: str, silent: Collection[Coded]
) -> Result | Literal[False] | None:
    """A result with a name or one code, a date without a time, an upper limit at most; False: one that is
    right and of which nothing is asked.
    """
    get = fact.get
    code, value = get("code"), get("value")
    code = PLAIN_NAME[code] if code.__class__ is str else plain_code(code)
    read = PLAIN_VALUE.get(value.__class__)
    if code is None or read is None:
        return None
    value = read(value)
    date, unit, limit = get("date"), get("unit"), get("uln")
    if date is not None:
        date = PLAIN_DATE[date]
        if date is None:
            return None
    if unit is not None:
        unit = PLAIN_TEXT[unit]
        if unit is None:
            return None
    if value is None:
        return None
    if limit is not None:
        limit = plain_limit(limit)
        if limit is None:
            return None
    if code in silent:
        return False
    number, word, raw, _ = value
    return Result(code, number, word, unit, date, None, limit, None, None, None, raw, where)


def plain_limit(limit: Any) -> Exact | None:
    """A number that is not negative."""
    value = plain_value(limit)
    if value is None or value[0] is None:
        return None
    low, high, _, _ = value[0]
    return low if low is not None and low == high and low >= 0 else None


def plain_span(fact: dict[str, Any], first_key: str) -> tuple[Coded, Days | None, Days | None, bool] | None:
    """Code, first and last day of an event that is present, and whether it goes on."""
    get = fact.get
    code = plain_code(get("code"))
    if code is None:
        return None
    first, end = get(first_key), get("end")
    if first is not None:
        first = PLAIN_DATE[first]
        if first is None:
            return None
    if end is None:
        return code, first, None, "end" in fact
    end = PLAIN_DATE[end]
    if end is None or (first is not None and end[1] < first[0]):
        return None
    return code, first, end, False


def plain_medication(fact: dict[str, Any], where: str) -> Medication | None:
    """A course with its dose and the response to it at most."""
    span = plain_span(fact, "start")
    get = fact.get
    dose, unit, response = get("dose"), get("unit"), get("response")
    if span is None or (response is not None and response not in RESPONSES):
        return None
    number: Any = None
    if dose is not None:
        value = plain_value(dose)
        number = None if value is None else value[0]
        if number is None or number.high is None or number.high < 0 or (number.low or 0) < 0:
            return None
    if unit is not None:
        unit = PLAIN_TEXT[unit]
        if unit is None:
            return None
    code, first, last, goes_on = span
    return Medication(code, True, first, last, goes_on, number, unit, None, None, response, where=where)


def plain_answer(fact: dict[str, Any], where: str) -> Answer | None:
    get = fact.get
    question, answer = PLAIN_TEXT[get("question")], get("answer", 0)
    if question is None or (answer.__class__ is not bool and answer is not None):
        return None
    date, role, by = get("date"), get("role"), get("by")
    if date is not None:
        date = PLAIN_DATE[date]
        if date is None:
            return None
    if role is not None:
        role = PLAIN_WORD[role]
        if role is None:
            return None
    if by is not None:
        by = PLAIN_WORD[by]
        if by is None:
            return None
    return Answer(question, answer, role or by, date, None, where)
