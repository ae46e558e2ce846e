"""Statements, prescriptions and administrations → courses with their daily dose."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from fhir_fixture import ATC, RXNORM, SNOMED, concept, days, entry, quantity, record, resource

from protodsl.runtime.record import Coded, Interval, Medication

PREDNISONE = concept(ATC, "H02AB07")


def statement(status: str = "active", **fields: Any) -> dict[str, Any]:
    return resource("MedicationStatement", status=status, medicationCodeableConcept=PREDNISONE, **fields)


def request(status: str = "active", **fields: Any) -> dict[str, Any]:
    made = resource("MedicationRequest", status=status, intent="order", medicationCodeableConcept=PREDNISONE)
    return made | {"authoredOn": "2024-01-10"} | fields


def administration(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return resource("MedicationAdministration", status=status, medicationCodeableConcept=PREDNISONE, **fields)


def course(made: dict[str, Any]) -> Medication:
    [found] = record(made).medications
    return found


def often(**repeat: Any) -> dict[str, Any]:
    return {"repeat": repeat}


def dosed(
    amount: dict[str, Any] | None = None, timing: dict[str, Any] | None = None, **more: Any
) -> Medication:
    made: dict[str, Any] = {"timing": timing or often(frequency=1, period=1, periodUnit="d"), **more}
    if amount is not None:
        made["doseAndRate"] = [{"doseQuantity": amount}]
    return course(statement(dosage=[made]))


# ---------------------------------------------------------------- dose


@pytest.mark.parametrize(
    ("timing", "dose", "unit"),
    [
        (often(frequency=1, period=1, periodUnit="d"), 10, "mg/d"),
        (often(frequency=2, period=1, periodUnit="d"), 20, "mg/d"),
        (often(period=8, periodUnit="h"), 30, "mg/d"),
        (often(frequency=1, period=1, periodUnit="wk"), Fraction(10, 7), "mg/d"),
        (often(frequency=1, period=3, periodUnit="mo"), Fraction(10, 3), "mg/mo"),
        (often(timeOfDay=["08:00", "20:00"]), 20, "mg/d"),
        (often(when=["MORN"]), 10, "mg/d"),
        ({"code": {"coding": [{"code": "TID"}]}}, 30, "mg/d"),
        ({"code": {"coding": [{"code": "QOD"}]}}, 5, "mg/d"),
    ],
)
def test_daily_dose(timing: dict[str, Any], dose: Any, unit: str) -> None:
    found = dosed(quantity(10, "mg"), timing)
    assert (found.dose, found.unit) == (Interval(dose, dose), unit)


def test_a_range_of_takings_is_a_range_of_doses() -> None:
    timing = often(frequency=1, frequencyMax=2, period=1, periodUnit="d")
    assert dosed(quantity(10, "mg"), timing).dose == Interval(10, 20)
    low_high = {"low": quantity(5, "mg"), "high": quantity(10, "mg")}
    found = dosed(None, doseAndRate=[{"doseRange": low_high}])
    assert (found.dose, found.unit) == (Interval(5, 10), "mg/d")


def test_as_needed_is_at_most() -> None:
    assert dosed(quantity(10, "mg"), asNeededBoolean=True).dose == Interval(0, 10)


def test_without_how_often_there_is_no_dose() -> None:
    made = statement(dosage=[{"doseAndRate": [{"doseQuantity": quantity(10, "mg")}]}])
    found = entry(made)
    assert found.record is not None
    assert found.record.medications[0].dose is None
    assert "how often" in found.notes[0]


def test_rates() -> None:
    per_day = {"rateRatio": {"numerator": quantity(30, "mg"), "denominator": quantity(1, "d")}}
    found = course(statement(dosage=[{"doseAndRate": [per_day]}]))
    assert (found.dose, found.unit) == (Interval(30, 30), "mg/d")
    for_two_hours = often(frequency=1, period=1, periodUnit="d", duration=2, durationUnit="h")
    hourly = {"doseAndRate": [{"rateQuantity": quantity(5, "mg/h")}], "timing": for_two_hours}
    found = course(statement(dosage=[hourly]))
    assert (found.dose, found.unit) == (Interval(10, 10), "mg/d")
    endless = entry(statement(dosage=[{"doseAndRate": [{"rateQuantity": quantity(5, "mg/h")}]}]))
    assert endless.record is not None
    assert endless.record.medications[0].dose is None
    assert "how long it ran" in endless.notes[0]


def test_several_dosages() -> None:
    timing = often(frequency=1, period=1, periodUnit="d")
    both = [{"timing": timing, "doseAndRate": [{"doseQuantity": quantity(n, "mg")}]} for n in (10, 5)]
    assert course(statement(dosage=both)).dose == Interval(15, 15)
    taper = [one | {"sequence": number} for number, one in enumerate(both, 1)]
    assert course(statement(dosage=taper)).dose == Interval(5, 10)


def test_tablets_become_the_substance() -> None:
    tablet = {
        "resourceType": "Medication", "id": "m", "code": concept(RXNORM, "312615"),
        "ingredient": [
            {
                "itemCodeableConcept": PREDNISONE,
                "strength": {"numerator": quantity(20, "mg"), "denominator": quantity(1, "{tbl}")},
            }
        ],
    }  # fmt: skip
    half = {"doseQuantity": quantity(0.5, "{tbl}")}
    twice = {"timing": often(frequency=2, period=1, periodUnit="d"), "doseAndRate": [half]}
    made = statement(dosage=[twice], contained=[tablet], medicationReference={"reference": "#m"})
    del made["medicationCodeableConcept"]
    found = course(made)
    assert (found.dose, found.unit) == (Interval(20, 20), "mg/d")
    assert found.code == Coded("atc", "H02AB07", (("rxnorm", "312615"),))


def test_dose_for_each_kilogram() -> None:
    found = dosed(quantity(1, "mg/kg"))
    assert (found.dose, found.unit) == (Interval(1, 1), "mg/kg/d")


# ---------------------------------------------------------------- status and dates


def test_statements() -> None:
    found = course(statement(effectivePeriod={"start": "2024-01-01"}))
    assert found == Medication(
        Coded("atc", "H02AB07"), True, days("2024-01-01"), None, True, where="MedicationStatement/1"
    )
    ended = course(statement("completed", effectivePeriod={"start": "2024-01-01", "end": "2024-02-01"}))
    assert (ended.end, ended.ongoing) == (days("2024-02-01"), False)
    stopped = course(statement("stopped", effectiveDateTime="2024-01-01", statusReason=[{"text": "Rash"}]))
    assert (stopped.end, stopped.ongoing, stopped.reason_stopped) == (None, False, "rash")


@pytest.mark.parametrize(
    "made",
    [
        statement("entered-in-error"), statement("intended"), request("cancelled"), request("draft"),
        request(intent="plan"), request(doNotPerform=True), administration("not-done"),
    ],
)  # fmt: skip
def test_what_is_no_course_is_counted(made: dict[str, Any]) -> None:
    found = entry(made)
    assert found.record is not None
    assert found.record.medications == []
    assert found.notes[0].startswith(f"1 {made['resourceType']}: ")


def test_not_taken_is_an_absence() -> None:
    made = statement("not-taken", effectivePeriod={"start": "2024-01-01", "end": "2024-02-01"})
    assert course(made) == Medication(
        Coded("atc", "H02AB07"), False, since=days("2024-01-01"), date=days("2024-02-01"),
        where="MedicationStatement/1",
    )  # fmt: skip
    undated = entry(statement("not-taken"))
    assert undated.record is not None
    assert undated.record.medications == []


def test_prescriptions() -> None:
    found = entry(request())
    assert found.record is not None
    assert found.record.medications[0].ongoing
    assert found.record.medications[0].start == days("2024-01-10")
    assert "a prescription, taken for a course" in found.notes[0]
    bounded = {"timing": {"repeat": {"boundsPeriod": {"start": "2024-01-12", "end": "2024-01-20"}}}}
    ended = course(request("completed", dosageInstruction=[bounded]))
    assert (ended.start, ended.end) == (days("2024-01-12"), days("2024-01-20"))
    stopped = course(request("stopped", dosageInstruction=[bounded]))
    assert (stopped.end, stopped.ongoing) == (None, False)
    assert course(request("unknown")).code.suspected


def test_administrations_of_one_day_add_up() -> None:
    dosage = {"dose": quantity(5, "mg")}
    given = [
        administration(effectiveDateTime=f"2024-01-01T{hour}:00:00Z", dosage=dosage) | {"id": hour}
        for hour in ("08", "12", "20")
    ]
    [found] = record(*given).medications
    assert (found.start, found.end) == (days("2024-01-01"), days("2024-01-01"))
    assert (found.dose, found.unit) == (Interval(15, 15), "mg/d")


def test_route() -> None:
    assert dosed(quantity(1, "mg"), route=concept(SNOMED, "26643006")).route == "oral"
    assert dosed(quantity(1, "mg"), route={"text": "By mouth"}).route == "by_mouth"


# ---------------------------------------------------------------- which drug


def test_a_medication_that_is_not_there_may_be_any_drug() -> None:
    made = statement(medicationReference={"reference": "Medication/gone"})
    del made["medicationCodeableConcept"]
    found = entry(made)
    assert found.record is not None
    assert found.record.medications[0].code == Coded(None, None)
    assert "its Medication is not in the data" in found.notes[0]


def test_a_reference_to_something_else_refuses() -> None:
    made = statement(medicationReference={"reference": "Patient/p"})
    del made["medicationCodeableConcept"]
    assert "a Medication is expected, not Patient" in entry(made).messages()[0]


def test_a_product_of_two_ingredients_is_two_courses() -> None:
    parts = [{"itemCodeableConcept": concept(ATC, code)} for code in ("C09AA05", "C03AA03")]
    product = {"resourceType": "Medication", "id": "m", "ingredient": parts}
    made = statement(medicationReference={"reference": "Medication/m"})
    del made["medicationCodeableConcept"]
    assert [one.code.code for one in record(made, product).medications] == ["C09AA05", "C03AA03"]


def test_release_5_names_the_medication_otherwise() -> None:
    made = statement("recorded", medication={"concept": PREDNISONE})
    del made["medicationCodeableConcept"]
    found = course(made)
    assert (found.code.code, found.ongoing) == ("H02AB07", False)


def test_a_vaccine_given_as_a_medication_is_a_procedure_too() -> None:
    vaccine = {"medicationCodeableConcept": concept(ATC, "J07BD52")}
    given = resource(
        "MedicationAdministration", status="completed", effectiveDateTime="2024-01-02", **vaccine
    )
    ordered = resource(
        "MedicationRequest", "2", status="active", intent="order", authoredOn="2024-01-03", **vaccine
    )
    found = record(given, ordered)
    assert [(one.code.code, one.code.suspected, one.date) for one in found.procedures] == [
        ("J07BD52", False, days("2024-01-02")),
        ("J07BD52", True, days("2024-01-03")),
    ]
    assert len(found.medications) == 2
