"""Reading JSON fast gives what reading it with care gives."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protodsl.records.fhir import text
from protodsl.records.fhir.text import parse
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.decode import loads


@pytest.fixture(autouse=True)
def every_text_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "SMALL", 0)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values, st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
def test_the_same_data(value: Any, indent: int | None, separators: tuple[str, str]) -> None:
    written = json.dumps(value, indent=indent, separators=separators)
    assert parse(written) == loads(written)


@pytest.mark.parametrize(
    "written",
    [
        '{"a": 1, "a": 2}',
        '{"x": [{"b": {"c": 1, "d": 2, "c": 1}}]}',
        '{"a": NaN}',
        '{"a": 1',
        "[" * 100_000,
        '{"a": 1e99999999999999999999}',
        "",
    ],
)
def test_what_is_refused(written: str) -> None:
    with pytest.raises(RecordError) as careful:
        loads(written)
    with pytest.raises(RecordError) as fast:
        parse(written)
    assert fast.value.problems == careful.value.problems


def test_colons_in_texts_and_before_them() -> None:
    odd = '{"a\\":": ":\\":", "b" : {"c\\\\": "\\":"}, "d"\n:1.50}'
    assert parse(odd) == loads(odd) == {'a":': ':":', "b": {"c\\": '":'}, "d": Decimal("1.50")}
