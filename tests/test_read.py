"""Reading a record: what is meant, exactly; what is refused, and where."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protodsl.runtime.attributes import MAX_PROBLEMS, RecordError
from protodsl.runtime.decode import loads
from protodsl.runtime.read import MAX_FACTS, read_record
from protodsl.runtime.record import Coded, Days, Interval, Record
from protodsl.runtime.values import clock_of, days_of, value_of

EXAMPLE = """
{
  "id": "P-001",
  "birth_date": "2011-05",
  "sex": "female",
  "as_of": "2024-02-20",
  "timepoints": {"screening": "2024-02-20", "infusion": "2024-03-12"},
  "complete": ["conditions", {"domain": "procedures", "since": "2023-01-01", "until": "2024-02-20"}],
  "results":     [{"code": "alt", "value": 130, "unit": "U/L", "uln": 40, "date": "2024-02-20"},
                  {"code": {"system": "loinc", "code": "5195-3"}, "value": "negative", "date": "2024-02-20"},
                  {"code": "egfr", "value": ">90", "unit": "mL/min/1.73m2", "date": "2024-02-20"}],
  "conditions":  [{"code": "systemic_lupus_erythematosus", "onset": "2021"},
                  {"code": "gilbert_syndrome", "present": false}],
  "medications": [{"code": "prednisone", "dose": 15, "unit": "mg/d", "start": "2023-01-10", "end": null,
                   "response": "refractory"}],
  "procedures":  [{"code": "live_vaccine", "date": "2024-02-12"}],
  "answers":     [{"question": "informed_consent", "answer": true, "by": "guardian", "date": "2024-02-18"}]
}
"""


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def read(**fields: Any) -> Record:
    return read_record({"id": "P", **fields})


def problems(data: Any) -> list[str]:
    with pytest.raises(RecordError) as caught:
        read_record(data)
    return [str(problem) for problem in caught.value.problems]


def problem(**fields: Any) -> str:
    found = problems({"id": "P", **fields})
    assert len(found) == 1, found
    return found[0]


def test_the_example_of_the_reference() -> None:
    record = read_record(loads(EXAMPLE))
    assert record.id == "P-001" and record.sex == "female"
    assert record.birth_date == Days(day("2011-05-01"), day("2011-05-31"))
    assert record.as_of == day("2024-02-20")
    assert record.timepoints == {"screening": day("2024-02-20"), "infusion": day("2024-03-12")}
    assert [entry.domain for entry in record.complete] == ["conditions", "procedures"]
    assert record.complete[0].since is None and record.complete[1].until == Days(*[day("2024-02-20")] * 2)
    alt, hbsag, egfr = record.results
    assert alt.number == Interval(130, 130) and alt.uln == 40 and alt.unit == "U/L"
    assert alt.where == "results/0" and alt.raw == "130"
    assert hbsag.code == Coded("loinc", "5195-3") and hbsag.text == "negative" and hbsag.number is None
    assert egfr.number == Interval(90, None, low_open=True) and egfr.raw == ">90"
    lupus, gilbert = record.conditions
    assert lupus.onset == Days(day("2021-01-01"), day("2021-12-31"))
    assert lupus.present and not lupus.ongoing
    assert not gilbert.present and gilbert.since is None and gilbert.date is None
    (prednisone,) = record.medications
    assert prednisone.ongoing and prednisone.end is None and prednisone.response == "refractory"
    assert prednisone.dose == Interval(15, 15)
    assert record.answers[0].role == "guardian" and record.answers[0].answer is True


def test_defaults() -> None:
    record = read_record({"id": "P"})
    assert record == Record("P")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, Interval(3, 3)),
        (0.1, Interval(Fraction(1, 10), Fraction(1, 10))),
        (Decimal("3.10"), Interval(Fraction(31, 10), Fraction(31, 10))),
        (Fraction(1, 3), Interval(Fraction(1, 3), Fraction(1, 3))),
        (-2, Interval(-2, -2)),
        ("3.1", Interval(Fraction(31, 10), Fraction(31, 10))),
        (" 3.1 ", Interval(Fraction(31, 10), Fraction(31, 10))),
        ("3.0", Interval(3, 3)),
        (".5", Interval(Fraction(1, 2), Fraction(1, 2))),
        ("-1e-3", Interval(Fraction(-1, 1000), Fraction(-1, 1000))),
        ("2.5E3", Interval(2500, 2500)),
        ("<0.2", Interval(None, Fraction(1, 5), False, True)),
        ("< 0.2", Interval(None, Fraction(1, 5), False, True)),
        ("≤0.2", Interval(None, Fraction(1, 5))),
        ("<=0.2", Interval(None, Fraction(1, 5))),
        (">90", Interval(90, None, True, False)),
        ("≥ 90", Interval(90, None)),
        (">=90", Interval(90, None)),
        ("1:80", Interval(80, 80)),
        ("1: 640", Interval(640, 640)),
        ("<1:40", Interval(None, 40, False, True)),
    ],
)
def test_numbers(value: Any, number: Interval) -> None:
    (result,) = read(results=[{"code": "x", "value": value}]).results
    assert result.number == number and result.text is None


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("negative", "negative"),
        (" Positive ", "positive"),
        ("Not detected", "not_detected"),
        ("non-reactive", "non_reactive"),
        ("3,1", "3,1"),
        ("1,234", "1,234"),
        ("1_000", "1_000"),
        ("<LOD", "<lod"),
        ("3 mg", "3_mg"),
        ("1:0", "1:0"),
        ("2-3", "2-3"),
        ("٣", "٣"),
        ("--1", "--1"),
        ("1e", "1e"),
        ("1.2.3", "1.2.3"),
        ("III", "iii"),
    ],
)
def test_words(value: str, word: str) -> None:
    (result,) = read(results=[{"code": "x", "value": value}]).results
    assert result.text == word and result.number is None and result.raw == value.strip()


@pytest.mark.parametrize(
    "value", ["1e31", "1e999999999", "-1E-40", "9" * 41, 10**41, -(10**50), 1e300, "0." + "1" * 50]
)
def test_numbers_too_large_to_be_true(value: Any) -> None:
    assert problem(results=[{"code": "x", "value": value}]).startswith("results/0/value: ")


@pytest.mark.parametrize(
    "value", ["NaN", "inf", "-Infinity", "<nan", float("nan"), float("inf"), Decimal("NaN")]
)
def test_not_a_number(value: Any) -> None:
    assert "not a number a record may hold" in problem(results=[{"code": "x", "value": value}])


@pytest.mark.parametrize("value", ["", "  ", None, True, [1], {"a": 1}, "x" * 2000, "a\x1b[31mb", "\ud800"])
def test_values_that_are_none(value: Any) -> None:
    assert problem(results=[{"code": "x", "value": value}]).startswith("results/0/value: ")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("2024-02-20T23:30:00-11:00", "2024-02-20", "2024-02-20"),
        ("2024-02-20 08:15", "2024-02-20", "2024-02-20"),
        ("2024-02-20t08:15:59.123456Z", "2024-02-20", "2024-02-20"),
    ],
)
def test_dates(text: str, first: str, last: str) -> None:
    assert days_of(text) == Days(day(first), day(last))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2024-02-30", "February 2024 has 29 days"),
        ("2023-02-29", "February 2023 has 28 days"),
        ("2024-04-31", "April 2024 has 30 days"),
        ("2024-13-01", "there is no month 13"),
        ("2024-00", "there is no month 0"),
        ("2024-01-00", "January 2024 has 31 days"),
        ("0000-01-01", "there is no year 0"),
        ("20.02.2024", "write 2024-02-20"),
        ("20240220", "write 2024-02-20"),
        ("2024-2-20", "write 2024-02-20"),
        ("2024/02/20", "write 2024-02-20"),
        ("2024-02-20T25:00", "time of day"),
        ("2024-02-20T", "time of day"),
        ("2024-02-20X", "write 2024-02-20"),
        ("２０２４-02-20", "write 2024-02-20"),
        ("-024-02-20", "write 2024-02-20"),
        ("", "write 2024-02-20"),
        ("2024-02-20T" + "0" * 100, "write 2024-02-20"),
    ],
)
def test_impossible_dates(text: str, told: str) -> None:
    found = days_of(text)
    assert isinstance(found, str) and told in found
    assert problem(conditions=[{"code": "x", "onset": text}]) == f"conditions/0/onset: {found}"


@pytest.mark.parametrize(
    ("text", "clock"),
    [("14:30", "14:30"), ("14:30:00", "14:30"), ("14:30:05", "14:30:05"), ("14:30:05.5", "14:30:05"),
     ("14:30Z", "14:30"), ("14:30+08:00", "14:30"), ("14:30:05.25-0330", "14:30:05"),
     ("24:00", None), ("1:30", None), ("14:60", None), ("14:30:60", None), ("14:30X", None), ("14.30", None),
     ("", None), ("14:30:5", None), ("14:30+8", None), ("ab:cd", None)],
)  # fmt: skip
def test_times(text: str, clock: str | None) -> None:
    assert clock_of(text) == clock


def test_time_of_a_result() -> None:
    results = [
        {"code": "x", "value": 1, "date": "2024-02-20T14:30:00Z"},
        {"code": "x", "value": 1, "date": "2024-02-20T14:30", "time": "09:00"},
        {"code": "x", "value": 1, "date": "2024-02-20"},
    ]
    assert [result.time for result in read(results=results).results] == ["14:30", "09:00", None]
    assert problem(results=[{"code": "x", "value": 1, "time": "25:00"}]).startswith("results/0/time: ")


def test_every_problem_is_told_with_its_place() -> None:
    found = problems(
        {
            "id": "P",
            "sex": "F",
            "birth_date": "2024-13",
            "timepoints": {"screening": "2024-02", "infusion": "soon"},
            "complete": ["condition", {"domain": "results", "since": "2024", "until": "2023"}],
            "results": [
                {"code": "alt", "valeu": 3, "value": 1},
                {"value": 2},
                7,
                {"code": "x", "value": 1, "uln": -1},
            ],
            "conditions": [{"code": "x", "onset": "2024", "end": "2023"}],
            "medications": [{"code": "x", "response": "refractary"}],
            "answers": [{"question": "q", "answer": "yes"}],
        }
    )
    assert [text.split(": ")[0] for text in found] == [
        *("sex", "birth_date", "timepoints/screening", "timepoints/infusion", "complete/0"),
        *("complete/1/until", "results/0", "results/1", "results/2", "results/3/uln"),
        *("conditions/0/end", "medications/0/response", "answers/0/answer"),
    ]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"results": [{"code": "alt", "valeu": 3, "value": 1}]}, 'did you mean "value"?'),
        ({"results": [{"code": "alt", "value": 1, "lln": 1}]}, 'did you mean "low"?'),
        ({"dob": "2000"}, 'did you mean "birth_date"?'),
        ({"condtions": []}, 'did you mean "conditions"?'),
        ({"xyzzy": 1}, 'unknown field "xyzzy"'),
        ({"sex": "F"}, 'did you mean "female"?'),
        ({"sex": "femal"}, 'did you mean "female"?'),
        ({"complete": ["medication"]}, 'did you mean "medications"?'),
        ({"complete": [{"domain": None}]}, "complete/0"),
        ({"complete": "conditions"}, "a list is expected here"),
        ({"medications": [{"code": "x", "response": "refractary"}]}, 'did you mean "refractory"?'),
        ({"medications": [{"code": "x", "per": "lb"}]}, "is not kg or m2"),
        ({"medications": [{"code": "x", "dose": "a lot"}]}, "a number is expected here"),
        ({"medications": [{"code": "x", "dose": -5}]}, "is negative"),
        ({"medications": [{"code": "x", "line": 0}]}, "a whole number from 1 to 100"),
        ({"medications": [{"code": "x", "date": "2024"}]}, "belongs to an absence"),
        ({"conditions": [{"code": "x", "grade": 2.5}]}, "a whole number from 0 to 10"),
        ({"conditions": [{"code": "x", "grade": True}]}, "a whole number from 0 to 10"),
        (
            {"conditions": [{"code": "x", "severity": "bad"}]},
            "is not mild, moderate, severe or life_threatening",
        ),
        ({"conditions": [{"code": "x", "present": None}]}, "true or false is expected here"),
        ({"conditions": [{"code": "x", "present": False, "grade": 3}]}, "an absence is of the whole"),
        ({"conditions": [{"code": None, "present": False}]}, "an absence must name what is absent"),
        ({"conditions": [{"present": False}]}, "an absence must name what is absent"),
        ({"conditions": [{"code": "x", "present": False, "from": "2024", "date": "2023"}]}, "lies before"),
        ({"conditions": [{"code": "x", "from": "2024"}]}, "only an absence"),
        ({"conditions": [{}]}, 'the field "code" is missing'),
        ({"conditions": [{"code": ""}]}, "an empty code"),
        ({"conditions": [{"code": 3}]}, "a name, a system and code, or null"),
        ({"conditions": [{"code": {"system": "icd10"}}]}, "needs both system and code"),
        ({"conditions": [{"code": {"system": "", "code": " "}}]}, "needs both system and code"),
        (
            {"conditions": [{"code": {"system": "icd10", "code": "M32", "display": "x"}}]},
            'unknown field "display"',
        ),
        ({"conditions": {}}, "a list is expected here"),
        ({"conditions": [None]}, "an object is expected here, not null"),
        ({"procedures": [{"code": "x", "date": "2024-03-01", "end": "2024-02"}]}, "lies before its date"),
        ({"procedures": [{"code": "x", "onset": "2024"}]}, 'unknown field "onset"'),
        ({"results": [{"code": "x", "value": 1, "low": 50, "uln": 40}]}, "lies above uln"),
        ({"results": [{"code": "x", "value": 1, "uln": "<40"}]}, "a number is expected here"),
        ({"results": [{"code": "x", "value": 1, "unit": 3}]}, "a text is expected here"),
        ({"results": [{"code": "x", "value": 1, "date": 20240220}]}, 'a date is a text such as "2024-02-20"'),
        ({"results": [{"code": "x"}]}, 'the field "value" is missing'),
        ({"answers": [{"question": "q"}]}, 'the field "answer" is missing'),
        ({"answers": [{"answer": True}]}, "must name the question"),
        ({"answers": [{"question": " ", "answer": True}]}, "names no question"),
        ({"as_of": "2024-02"}, "only part of a date"),
        ({"as_of": "2024-02-20", "birth_date": "2024-03"}, "lies after as_of"),
        ({"timepoints": ["2024-02-20"]}, "an object is expected here"),
        ({"timepoints": {"a\nb": "2024-02-20"}}, "is no name of a timepoint"),
        ({"sex": 1}, "is not female, male, other or unknown"),
    ],
)
def test_one_problem(fields: dict[str, Any], told: str) -> None:
    assert told in problem(**fields)


@pytest.mark.parametrize("data", [None, [], "x", 3, True, [{}]])
def test_not_an_object(data: Any) -> None:
    assert problems(data)[0].startswith("a record is an object, not ")


@pytest.mark.parametrize("identifier", [None, "", "  ", 7, "\x07"])
def test_id(identifier: Any) -> None:
    assert problems({"id": identifier})[0].startswith("id: ")
    assert problems({}) == ["id: the participant's id is missing"]


def test_null_is_not_recorded() -> None:
    record = read(
        sex=None,
        birth_date=None,
        as_of=None,
        timepoints={"infusion": None},
        results=[
            {"code": None, "value": 1, "unit": None, "date": None, "time": None, "uln": None, "side": None}
        ],
        conditions=[{"code": "x", "onset": None, "end": None, "grade": None}, {"code": "y", "onset": "2024"}],
        answers=[{"question": "q", "answer": None, "by": None, "date": None}],
    )
    assert record.timepoints == {} and record.results[0].code == Coded(None, None)
    assert [fact.ongoing for fact in record.conditions] == [True, False]
    assert record.answers[0].answer is None


def test_sex_other_and_unknown_are_unknown() -> None:
    assert [read(sex=sex).sex for sex in ("female", "male", "other", "unknown")] == [
        "female",
        "male",
        None,
        None,
    ]


def test_codes_of_published_systems() -> None:
    written = [
        {"system": "ICD-10", "code": " m32.1 "},
        {"system": "http://loinc.org", "code": "1742-6"},
        {"system": "SNOMED CT", "code": "55464009"},
        {"system": "Local", "code": "abc"},
    ]
    found = [fact.code[:2] for fact in read(conditions=[{"code": code} for code in written]).conditions]
    assert found == [("icd10", "M32.1"), ("loinc", "1742-6"), ("snomed", "55464009"), ("local", "abc")]


def test_words_take_the_form_of_names() -> None:
    record = read(
        medications=[{"code": "x", "route": "Intra-venous", "reason_stopped": "Lack of efficacy"}],
        answers=[
            {"question": "Is it so?", "answer": False, "by": "Dr. Who", "role": "Principal Investigator"}
        ],
    )
    (drug,), (answer,) = record.medications, record.answers
    assert (drug.route, drug.reason_stopped) == ("intra_venous", "lack_of_efficacy")
    assert answer.question == "Is it so?" and answer.role == "principal_investigator"


def test_overlapping_partial_dates_are_no_contradiction() -> None:
    record = read(
        birth_date="2024",
        as_of="2024-06-30",
        conditions=[{"code": "x", "onset": "2024-05", "end": "2024"}],
        procedures=[{"code": "y", "date": "2024-02-20", "end": "2024-02"}],
    )
    assert record.conditions[0].end == Days(day("2024-01-01"), day("2024-12-31"))


def test_a_million_results_are_refused_at_once() -> None:
    results = [{"code": "x", "value": 1}] * 1_000_000
    (told,) = problems({"id": "P", "results": results})
    assert told == f"1,000,000 facts in one record; at most {MAX_FACTS:,} are read"


def test_problems_are_told_up_to_a_number() -> None:
    assert len(problems({"id": "P", "results": [{}] * 10_000})) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the text ends before the record does"),
        ('{"id": "P"', "the text ends before the record does, at line 1, column 11"),
        ('{\n"id": ,}', "expecting value at line 2, column 7"),
        ('{"id": "P"} {}', "extra data"),
        ('{"id": "P", "id": "Q"}', 'the field "id" stands twice'),
        ('{"value": NaN}', "NaN is not a number a record may hold"),
        ('{"value": -Infinity}', "-Infinity is not a number"),
        ('{"value": 1e99999999999999999999}', "more than 40 digits"),
        ('{"value": ' + "9" * 10_000 + "}", "more than 40 digits"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        ("{'id': 1}", "expecting property name"),
        ('{"id": "a\nb"}', "invalid control character"),
    ],
)
def test_texts_that_are_no_json(text: str, told: str) -> None:
    with pytest.raises(RecordError) as caught:
        loads(text)
    assert told in str(caught.value)


def test_numbers_of_a_text_are_exact() -> None:
    data = loads('{"id": "P", "results": [{"code": "x", "value": 0.1}, {"code": "x", "value": 2.50}]}')
    first, second = read_record(data).results
    assert first.number == Interval(Fraction(1, 10), Fraction(1, 10)) and first.raw == "0.1"
    assert second.number == Interval(Fraction(5, 2), Fraction(5, 2)) and second.raw == "2.50"
    with pytest.raises(RecordError, match="too large or too small"):
        read_record(loads('{"id": "P", "results": [{"code": "x", "value": 1e999999999}]}'))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "id", "birth_date", "sex", "as_of", "timepoints", "complete", "results", "conditions", "medications",
    "procedures", "answers", "code", "value", "unit", "date", "time", "uln", "low", "side", "method",
    "present", "onset", "end", "severity", "grade", "stage", "start", "dose", "per", "route", "response",
    "line", "reason_stopped", "from", "question", "answer", "by", "role", "domain", "since", "until",
    "system",
]  # fmt: skip
record_like = st.recursive(
    json_values
    | st.sampled_from(["2024-02-20", "2024-02", "alt", "female", "<0.2", "conditions", "U/L", "refractory"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=20,
)


@given(json_values | record_like)
def test_any_data_is_read_or_refused(data: Any) -> None:
    try:
        assert isinstance(read_record(data), Record)
    except RecordError as error:
        assert error.problems
        assert all(problem.message.isprintable() for problem in error.problems)


@given(st.text() | record_like.map(lambda data: json.dumps(data)))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        loads(text)
    except RecordError as error:
        assert len(error.problems) == 1


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_number_means_what_it_is_written_as(value: Decimal) -> None:
    for written in (value, str(value)):
        (result,) = read(results=[{"code": "x", "value": written}]).results
        assert result.number is not None and result.number.low == result.number.high == Fraction(value)


@given(st.dates(), st.sampled_from([4, 7, 10]))
def test_a_date_holds_its_days(at: date, size: int) -> None:
    found = days_of(at.isoformat()[:size])
    assert isinstance(found, Days) and found.first <= at.toordinal() <= found.last


@given(st.text(max_size=15))
def test_any_text_is_a_value_or_told_why_not(text: str) -> None:
    found = value_of(text)
    assert sum(part is not None for part in (found.number, found.word, found.problem)) == 1
