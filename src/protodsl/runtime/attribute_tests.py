"""Whether a fact has the attribute asked for: severity, grade, stage, side, response, route, reason."""

from __future__ import annotations

import re

from protodsl.runtime.facts import Fact
from protodsl.runtime.model.expressions import Attribute
from protodsl.runtime.record import Condition, Medication
from protodsl.runtime.record_fields import SEVERITIES
from protodsl.runtime.report import Truth
from protodsl.runtime.routes import route_named, spelt

_STAGE = re.compile(r"([0-5]|IV|V|I{1,3})([A-D]?)", re.IGNORECASE)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5}


def recorded_attribute(fact: Fact, name: str) -> str | int | None:
    if name == "reason":
        return fact.reason_stopped if isinstance(fact, Medication) else None
    if name in ("route", "response"):
        value = getattr(fact, name, None)
        return str(value) if value is not None else None
    if name == "side":
        return None if isinstance(fact, Medication) else fact.side
    if isinstance(fact, Condition):
        found = getattr(fact, name, None)
        return found if isinstance(found, (int, str)) else None
    return None


def _ordered(op: str, left: tuple[int, str], right: tuple[int, str]) -> bool:
    match op:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case _:
            return left == right


def stage_rank(text: str) -> tuple[int, str] | None:
    """(3, "B") for IIIB or 3b; None for a stage that is not so written."""
    found = _STAGE.fullmatch(text.strip().upper().removeprefix("STAGE").strip())
    if found is None:
        return None
    number = found[1]
    return (_ROMAN[number] if number in _ROMAN else int(number)), found[2]


def attribute_truth(fact: Fact, test: Attribute) -> Truth:
    """Whether the fact passes; None where it does not say."""
    recorded = recorded_attribute(fact, test.name)
    if recorded is None:
        return None
    if test.name == "severity":
        if recorded not in SEVERITIES or test.value not in SEVERITIES:
            return None
        place = (SEVERITIES.index(str(recorded)), "")
        return _ordered(test.op, place, (SEVERITIES.index(test.value), ""))
    if test.name == "grade":
        if not test.value.isdecimal():
            return None
        return _ordered(test.op, (int(recorded), ""), (int(test.value), ""))
    if test.name == "stage":
        own, asked = stage_rank(str(recorded)), stage_rank(test.value)
        if own is None or asked is None:
            same = str(recorded).strip().lower() == test.value.strip().lower()
            return True if same and test.op in ("=", "<=", ">=") else None
        if not asked[1]:
            return _ordered(test.op, (own[0], ""), asked)
        if own[0] == asked[0] and not own[1]:
            return None
        return _ordered(test.op, own, asked)
    if test.name == "side":
        return recorded in (test.value, "both") if recorded in ("left", "right", "both") else None
    if test.name == "response":
        return response_truth(str(recorded), test.value)
    if test.name == "route":
        return route_truth(str(recorded), test.value)
    # Why a drug was stopped is told in anybody's words: other words may mean the same.
    return True if spelt(str(recorded)) == spelt(test.value) else None


def route_truth(recorded: str, asked: str) -> Truth:
    """One that is not known by its word may be another name for the same."""
    own, wanted = route_named(recorded), route_named(asked)
    if own is None or wanted is None:
        return True if spelt(recorded) == spelt(asked) else None
    return own == wanted


# What else a recorded response says: surely (True), or perhaps (None); everything else it denies.
_SAYS: dict[str, dict[str, Truth]] = {
    "relapsed": {"responded": True, "refractory": None, "progressed": None},
    "progressed": {"responded": None, "refractory": None, "relapsed": None},
    "refractory": {"relapsed": None, "progressed": None},
    "responded": {"relapsed": None, "progressed": None},
}


def response_truth(recorded: str, asked: str) -> Truth:
    if recorded == asked:
        return True
    return _SAYS.get(recorded, {}).get(asked, False)
