"""The JSON text of a bundle → plain data, exact and without fields written twice, at the price of `json`.

`runtime.read.loads` looks at every object for fields written twice, which costs half as much as the parsing
itself. Here the fields of all objects are counted, by the parser as it goes and in the text by the quotes
that are followed by a colon. Only where the two differ is the text read again with care. (Spaces before a
colon could hide as many repeated fields as there are of them; no writer puts them before some colons only.)
"""

from __future__ import annotations

import json
from collections.abc import Generator
from decimal import Decimal
from typing import Any

from protodsl.runtime.decode import loads

SMALL = 2**14  # characters; below it, setting the count up costs more than it saves


def parse(text: str) -> Any:
    """The data of a JSON text. Raises RecordError as `loads` does."""
    if len(text) < SMALL:
        return loads(text)
    counter = _counter()
    next(counter)
    try:
        decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse, object_hook=counter.send)
        data = decoder.decode(text)
    except (ValueError, ArithmeticError, RecursionError):
        return loads(text)  # says what is wrong, and where
    return data if counter.send(None) == text.count('":') else loads(text)


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _counter() -> Generator[Any, Any, None]:
    """Gives every object back, and for None how many fields those before it had."""
    count = 0
    answer = None
    while True:
        found = yield answer
        if found is None:
            answer = count
        else:
            count += len(found)
            answer = found
