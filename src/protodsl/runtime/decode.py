"""JSON text to exact plain data."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from protodsl.runtime.attributes import RecordError
from protodsl.runtime.values import MAX_DIGITS, quote


def _constant(name: str) -> NoReturn:
    raise RecordError.at("", f"{name} is not a number a record may hold")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RecordError.at("", f"the field {quote(key)} stands twice in one object")
            seen.add(key)
    return found


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_object)


def loads(text: str, line: int = 1) -> Any:
    """The data of a JSON text, its numbers exact (`int`, `Decimal`). `line`: where it begins, for messages.

    Raises RecordError for what is not JSON, for NaN and Infinity, for a field written twice in one object,
    for numbers too long to be measurements and for nesting too deep to be a record.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        told = not_json(error, len(text.rstrip()) - error.pos)
        problem = f"{told} at line {error.lineno + line - 1}, column {error.colno}"
    except RecursionError:
        problem = "not a record: brackets are nested too deeply"
    except (InvalidOperation, ValueError):  # an exponent or an integer beyond what Python itself converts
        problem = f"a number has more than {MAX_DIGITS} digits"
    raise RecordError.at("", problem)


def not_json(error: json.JSONDecodeError, left: int) -> str:
    """What is wrong with a text that is not JSON; `left`: how much of it stands behind the error."""
    if left <= 0 or error.msg.startswith("Unterminated string"):  # a text has no other end
        return "not JSON: the text ends before the record does,"
    return f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
