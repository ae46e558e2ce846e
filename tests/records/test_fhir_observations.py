"""Observation → results, form by form."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from fhir_fixture import LOINC, PATIENT, SNOMED, concept, days, entry, quantity, record, resource

from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Coded, Days, Interval, Result

ALT = concept(LOINC, "1742-6")


def observation(**fields: Any) -> dict[str, Any]:
    return resource("Observation", status="final", code=ALT, effectiveDateTime="2024-02-20") | fields


def result(**fields: Any) -> Result:
    [found] = record(observation(**fields)).results
    return found


def test_a_plain_quantity() -> None:
    found = result(valueQuantity=quantity(31.5, "U/L"), effectiveDateTime="2024-02-20T08:30:00+01:00")
    assert found.code == Coded("loinc", "1742-6")
    assert found.number == Interval(Fraction(63, 2), Fraction(63, 2))
    assert (found.unit, found.raw, found.where) == ("U/L", "31.5", "Observation/1")
    assert (found.date, found.time) == (days("2024-02-20"), "08:30")


@pytest.mark.parametrize(
    ("comparator", "expected", "raw"),
    [
        ("<", Interval(None, 5, False, True), "<5"),
        ("<=", Interval(None, 5, False, False), "≤5"),
        (">", Interval(5, None, True, False), ">5"),
        (">=", Interval(5, None, False, False), "≥5"),
    ],
)
def test_comparators(comparator: str, expected: Interval, raw: str) -> None:
    found = result(valueQuantity=quantity(5, "U/L", comparator=comparator))
    assert (found.number, found.raw) == (expected, raw)


def test_an_unknown_comparator_refuses_the_participant() -> None:
    found = entry(observation(valueQuantity=quantity(5, "U/L", comparator="ad")))
    assert found.record is None
    [message] = found.messages()
    assert message == (
        'file.json: Patient/p: Observation/1: valueQuantity.comparator: "ad" is not <, <=, >= or >'
    )


def test_a_value_off_the_scale_is_a_bound() -> None:
    code = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", ">")
    found = result(valueQuantity=quantity(5, "U/L"), interpretation=[code])
    assert found.number == Interval(5, None, True, False)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"valueCodeableConcept": concept(SNOMED, "10828004", "Positive (qualifier value)")}, "positive"),
        ({"valueCodeableConcept": concept(SNOMED, "260415000")}, "not_detected"),
        ({"valueCodeableConcept": concept(LOINC, "LA6577-6")}, "negative"),
        ({"valueCodeableConcept": {"text": "Weakly Positive"}}, "weakly_positive"),
        ({"valueCodeableConcept": concept(SNOMED, "1", "Trace (qualifier value)")}, "trace"),
        ({"valueString": "Not detected"}, "not_detected"),
        ({"valueBoolean": True}, "yes"),
        ({"valueBoolean": False}, "no"),
        ({"valueCodeableConcept": concept(SNOMED, "1")}, "no_value"),
        ({"valueDateTime": "2024-01-01"}, "no_value"),
    ],
)
def test_words(value: dict[str, Any], word: str) -> None:
    found = result(**value)
    assert (found.number, found.text) == (None, word)


def test_an_interpretation_alone_is_the_word() -> None:
    code = concept("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "NEG")
    assert result(interpretation=[code]).text == "negative"


@pytest.mark.parametrize(
    ("value", "number", "unit"),
    [
        ({"valueInteger": 4}, Interval(4, 4), None),
        ({"valueString": "1.2 mg/dL"}, Interval(Fraction(6, 5), Fraction(6, 5)), "mg/dL"),
        ({"valueString": "<0.2"}, Interval(None, Fraction(1, 5), False, True), None),
        ({"valueString": "1:160"}, Interval(160, 160), None),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 80}}}, Interval(80, 80), None),
        (
            {"valueRatio": {"numerator": quantity(30, "mg"), "denominator": quantity(4, "g")}},
            Interval(Fraction(15, 2), Fraction(15, 2)),
            "mg/g",
        ),
        ({"valueRange": {"low": quantity(5, "/uL"), "high": quantity(10, "/uL")}}, Interval(5, 10), "/uL"),
        ({"valueRange": {"high": quantity(10, "/uL")}}, Interval(None, 10), "/uL"),
    ],
)
def test_numbers(value: dict[str, Any], number: Interval, unit: str | None) -> None:
    found = result(**value)
    assert (found.number, found.unit) == (number, unit)


def test_units() -> None:
    printed = {"value": 5, "unit": "10^9/L"}
    assert result(valueQuantity=printed).unit == "10^9/L"
    unread = {"value": 5, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mystery"}
    assert result(valueQuantity=unread).unit == "mg/dL"
    clearance = quantity(61, "mL/min/{1.73_m2}") | {"unit": "mL/min/1.73m2"}
    assert result(valueQuantity=clearance).unit == "mL/min/{1.73_m2}"
    score = quantity(3, "{score}") | {"unit": "points"}
    assert result(valueQuantity=score).unit == "{score}"


def test_a_unit_coded_and_printed_differently_counts_as_none() -> None:
    found = entry(observation(valueQuantity=quantity(90, "umol/L") | {"unit": "mg/dL"}))
    assert found.record is not None
    assert found.record.results[0].unit is None
    assert 'coded "umol/L", but printed "mg/dL"' in found.notes[0]
    scaled = entry(observation(valueQuantity=quantity(90, "mg/L") | {"unit": "mg/dL"})).record
    assert scaled is not None
    assert scaled.results[0].unit is None


def test_components_are_results_of_their_own() -> None:
    parts = [
        {"code": concept(LOINC, "8480-6"), "valueQuantity": quantity(120, "mm[Hg]")},
        {"code": concept(LOINC, "8462-4"), "valueQuantity": quantity(80, "mm[Hg]")},
    ]
    made = record(observation(code=concept(LOINC, "85354-9"), component=parts))
    assert [(one.code.code, one.raw, one.where) for one in made.results] == [
        ("8480-6", "120", "Observation/1"),
        ("8462-4", "80", "Observation/1"),
    ]


# ---------------------------------------------------------------- reference ranges


def test_reference_range() -> None:
    limits = [{"low": quantity(10, "U/L"), "high": quantity(40, "U/L")}]
    found = result(valueQuantity=quantity(31, "U/L"), referenceRange=limits)
    assert (found.lln, found.uln) == (10, 40)


def test_a_reference_range_is_brought_to_the_unit_of_its_result() -> None:
    found = result(valueQuantity=quantity(9, "mg/dL"), referenceRange=[{"high": quantity(120, "mg/L")}])
    assert found.uln == 12
    other = entry(
        observation(valueQuantity=quantity(9, "mg/dL"), referenceRange=[{"high": quantity(1, "U/L")}])
    )
    assert other.record is not None
    assert other.record.results[0].uln is None
    assert "another unit" in other.notes[0]


def test_of_several_reference_ranges_the_one_for_her() -> None:
    female = {"high": quantity(35, "U/L"), "appliesTo": [concept(SNOMED, "248152002")]}
    male = {"high": quantity(50, "U/L"), "appliesTo": [concept(SNOMED, "248153007")]}
    value = {"valueQuantity": quantity(31, "U/L"), "referenceRange": [male, female]}
    assert result(**value).uln == 35
    [unknown] = record(observation(**value), patient={**PATIENT, "gender": "unknown"}).results
    assert unknown.uln is None
    therapeutic = {"high": quantity(99, "U/L"), "type": concept("http://x", "therapeutic")}
    assert result(valueQuantity=quantity(31, "U/L"), referenceRange=[therapeutic, female]).uln == 35


def test_a_reference_range_upside_down_refuses() -> None:
    limits = [{"low": quantity(50, "U/L"), "high": quantity(40, "U/L")}]
    found = entry(observation(valueQuantity=quantity(31, "U/L"), referenceRange=limits))
    assert found.record is None
    assert "referenceRange.high: lies below low" in found.messages()[0]


# ---------------------------------------------------------------- dates


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"effectiveDateTime": "2024-02"}, days("2024-02-01", "2024-02-29")),
        ({"effectiveInstant": "2024-02-20T08:30:00Z"}, days("2024-02-20")),
        ({"effectivePeriod": {"start": "2024-02-19", "end": "2024-02-20"}}, days("2024-02-19", "2024-02-20")),
        ({"effectivePeriod": {"start": "2024-02-19"}}, Days(days("2024-02-19").first, LAST_DAY)),
        ({"effectiveTiming": {"event": ["2024-02-01", "2024-02-03"]}}, days("2024-02-01", "2024-02-03")),
        ({"issued": "2024-02-21T10:00:00Z"}, Days(FIRST_DAY, days("2024-02-21").last)),
        ({}, None),
    ],
)
def test_dates(fields: dict[str, Any], expected: Days | None) -> None:
    written = observation(valueInteger=1)
    del written["effectiveDateTime"]
    [found] = record(written | fields).results
    assert found.date == expected


# ---------------------------------------------------------------- status, absent values


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled", "registered"])
def test_what_is_no_result_is_counted(status: str) -> None:
    found = entry(observation(status=status, valueInteger=1))
    assert found.record is not None
    assert found.record.results == []
    assert found.notes[0].startswith("1 Observation: ")
    assert found.notes[0].endswith("(Observation/1)")


@pytest.mark.parametrize("status", ["preliminary", "unknown"])
def test_what_may_change_is_taken_and_said(status: str) -> None:
    found = entry(observation(status=status, valueInteger=1))
    assert found.record is not None
    assert len(found.record.results) == 1
    assert status in found.notes[0]


def test_nothing_measured_is_no_result() -> None:
    reason = concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed")
    found = entry(observation(dataAbsentReason=reason))
    assert found.record is not None
    assert found.record.results == []
    assert "not-performed" in found.notes[0]


def test_a_value_that_is_lost_does_not_give_way_to_an_older_one() -> None:
    reason = concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "masked")
    found = entry(observation(dataAbsentReason=reason))
    assert found.record is not None
    assert [one.text for one in found.record.results] == ["no_value"]


def test_two_values_refuse() -> None:
    found = entry(observation(valueInteger=1, valueString="2"))
    assert "a second value beside valueInteger" in found.messages()[0]


# ---------------------------------------------------------------- codes


def test_all_codings_are_one_fact() -> None:
    code = {
        "coding": [
            {"system": "http://hospital.example/labs", "code": "GPT"},
            {"system": SNOMED, "code": "34608000"},
            {"system": "urn:oid:2.16.840.1.113883.6.1", "code": "1742-6"},
            {"code": "GPT"},
        ]
    }
    found = entry(observation(code=code, valueInteger=1))
    assert found.record is not None
    assert found.record.results[0].code == Coded(
        "loinc", "1742-6", (("snomed", "34608000"), ("http://hospital.example/labs", "GPT"))
    )
    assert "a coding without its system" in found.notes[0]


def test_a_text_alone_is_a_name() -> None:
    assert result(code={"text": "Leberwert"}, valueInteger=1).code == Coded(None, "Leberwert")
    assert result(code={}, valueInteger=1).code == Coded(None, None)


def test_side_and_method() -> None:
    found = result(valueInteger=1, bodySite=concept(SNOMED, "7771000"), method={"text": "Snellen chart"})
    assert (found.side, found.method) == ("left", "Snellen chart")
