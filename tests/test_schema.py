"""The published JSON Schema and the reader agree, as far as a schema can say what the reader asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from protodsl.records import schema
from protodsl.records.json import read_records
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record

ROOT = Path(__file__).parent.parent
SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def accepted(data: Any) -> bool:
    try:
        read_record(data)
    except RecordError:
        return False
    return True


# Only what a schema can judge: days up to 28, ends never before their starts, numbers of few digits.
dates = st.sampled_from(["2020", "2020-05", "2020-05-17", "2020-05-17T14:30:00Z"])
later = st.sampled_from(["2021", "2021-11", "2021-11-28", "2021-11-28T23:59+01:00"])
names = st.sampled_from(["alt", "lupus", "Prednisone 5 mg"])
codes = (
    names | st.none() | st.fixed_dictionaries({"system": st.sampled_from(["loinc", "ICD-10"]), "code": names})
)
words = st.sampled_from(["left", "oral", "Legal guardian", ""]) | st.none()
numbers = st.sampled_from([0, 3, 2.5, "7", " 1e3 ", "+2"])
values = numbers | st.sampled_from(["<0.2", ">=90", "positive", "1:80", "≤ 3", -1])


def optional(**fields: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name.rstrip("_"): value | st.none() for name, value in fields.items()}


def fact(required: dict[str, Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional(**fields))


absences = st.fixed_dictionaries(
    {"code": codes.filter(bool), "present": st.just(False)}, optional=optional(from_=dates, date=later)
)
results = fact(
    {"code": codes, "value": values},
    unit=words, date=dates, time=st.just("14:30:00Z"), low=st.sampled_from([0, "1"]),
    uln=st.sampled_from([40, "40.5"]), side=words, method=words,
)  # fmt: skip
conditions = absences | fact(
    {"code": codes},
    onset=dates, end=later, severity=st.sampled_from(["mild", "life_threatening"]),
    grade=st.sampled_from([0, 3, 4.0]), stage=words, side=words,
)  # fmt: skip
medications = absences | fact(
    {"code": codes},
    start=dates, end=later, dose=numbers | st.just("<5"), unit=words, per=st.sampled_from(["kg", "m2"]),
    route=words, response=st.sampled_from(["refractory", "responded"]), line=st.integers(1, 3),
    reason_stopped=words,
)  # fmt: skip
procedures = absences | fact({"code": codes, "present": st.just(True)}, date=dates, end=later)
answers = fact(
    {"question": names, "answer": st.booleans() | st.none()}, by=words, role=words, stage=words, date=dates
)
domains = st.sampled_from(["results", "conditions", "medications", "procedures", "answers"])
complete = domains | fact({"domain": domains}, since=dates, until=later)
good = st.fixed_dictionaries(
    {"id": names},
    optional={
        "sex": st.sampled_from(["female", "male", "other", "unknown", None]),
        "birth_date": dates | st.none(),
        "as_of": st.sampled_from(["2021-11-28", None]),
        "timepoints": st.dictionaries(names, st.sampled_from(["2021-01-01", None]), max_size=2),
        "complete": st.lists(complete, max_size=3),
        "results": st.lists(results, max_size=3),
        "conditions": st.lists(conditions, max_size=3),
        "medications": st.lists(medications, max_size=3),
        "procedures": st.lists(procedures, max_size=3),
        "answers": st.lists(answers, max_size=3),
    },
)
wrong = st.sampled_from(
    [
        None,
        True,
        7,
        -3,
        11.5,
        "",
        " ",
        "x",
        "NaN",
        [],
        ["x"],
        {},
        {"x": 1},
        "2024-13",
        "2024-02-32",
        "24:00",
        "x" * 1001,
    ]
)


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record: keys and indices from its root."""
    for key, value in (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    ):
        yield (*path, key)
        yield from places(value, (*path, key))


@given(good)
@settings(max_examples=150)
def test_both_accept(data: Any) -> None:
    errors = [error.message for error in VALIDATOR.iter_errors(data)]
    assert not errors
    read_record(data)
    assert accepted(json.loads(json.dumps(data)))


@given(good, st.data())
@settings(max_examples=300)
def test_one_change_and_both_judge_alike(data: Any, draw: st.DataObject) -> None:
    path = draw.draw(st.sampled_from(list(places(data))))
    changed = json.loads(json.dumps(data))
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    way = draw.draw(st.sampled_from(["drop", "replace", "add"]))
    if way == "drop":
        del holder[path[-1]]
    elif way == "add" and isinstance(holder, dict):
        holder[
            draw.draw(st.sampled_from(["x", "from", "date", "present", "end", "value", "grade", "unit"]))
        ] = draw.draw(wrong)
    else:
        holder[path[-1]] = draw.draw(wrong)
    assert VALIDATOR.is_valid(changed) == accepted(changed), changed


@pytest.mark.parametrize(
    "data",
    [
        {"id": "a", "as_of": "2024-02-30"},
        {"id": "a", "conditions": [{"code": "x", "onset": "2024", "end": "2023"}]},
        {"id": "a", "birth_date": "2025", "as_of": "2024-01-01"},
        {"id": "a", "results": [{"code": "x", "value": 1, "low": 2, "uln": 1}]},
        {"id": "a", "results": [{"code": "x", "value": 10**41}]},
        {"id": "a\u0007"},
    ],
)
def test_what_only_the_reader_sees(data: Any) -> None:
    assert VALIDATOR.is_valid(data) and not accepted(data)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$id"] == "urn:protodsl:patient-record:1"


def test_every_field_is_described_once() -> None:
    """Each field of each fact is in the schema, and the schema has no other."""
    from protodsl.runtime import record_fields

    known = {
        "result": record_fields.RESULT_FIELDS, "condition": record_fields.CONDITION_FIELDS,
        "medication": record_fields.MEDICATION_FIELDS, "procedure": record_fields.PROCEDURE_FIELDS,
        "answer": record_fields.ANSWER_FIELDS,
    }  # fmt: skip
    for name, fields in known.items():
        assert set(SCHEMA["$defs"][name]["properties"]) == fields
    assert set(SCHEMA["properties"]) == record_fields.RECORD_FIELDS


@pytest.mark.parametrize(
    "path", sorted((ROOT / "protocols/patients").rglob("*.json*")), ids=lambda path: path.stem
)
def test_the_example_patients_are_valid(path: Path) -> None:
    for entry in read_records(str(path)):
        assert entry.record is not None, entry.messages()
        assert VALIDATOR.is_valid(json.loads(json.dumps(entry.data, default=float)))
