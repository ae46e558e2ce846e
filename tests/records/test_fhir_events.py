"""Condition, AllergyIntolerance, Procedure, Immunization, ResearchSubject, Patient, answers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir_fixture import (
    CVX,
    ICD10,
    PATIENT,
    SNOMED,
    bundle,
    concept,
    days,
    entries,
    entry,
    quantity,
    record,
    resource,
)
from shipped import trial

from protodsl.reports import Asked, Trial
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Answer, Coded, Condition, Days, Procedure

PROTOCOLS = Path(__file__).parents[2] / "protocols"
LUPUS = concept(ICD10, "M32.1")
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def condition(clinical: str = "active", verification: str = "confirmed", **fields: Any) -> dict[str, Any]:
    made = resource("Condition", code=LUPUS, **fields)
    if clinical:
        made["clinicalStatus"] = concept(CLINICAL, clinical)
    if verification:
        made["verificationStatus"] = concept(VERIFICATION, verification)
    return made


def only(*args: str, **fields: Any) -> Condition:
    [found] = record(condition(*args, **fields)).conditions
    return found


# ---------------------------------------------------------------- patient


def test_patient() -> None:
    found = record()
    assert (found.id, found.sex, found.birth_date) == ("p", "female", days("1980-05-17"))
    partial = record(patient={**PATIENT, "birthDate": "1980", "gender": "other"})
    assert (partial.sex, partial.birth_date) == (None, days("1980-01-01", "1980-12-31"))


def test_what_a_patient_lacks_is_said() -> None:
    found = entry(patient={"resourceType": "Patient", "id": "p", "deceasedDateTime": "2020-03-01T10:00:00Z"})
    assert found.record is not None
    assert found.notes == (
        "no date of birth: everything about age stays unknown",
        "sex is neither female nor male: everything about it stays unknown",
        "the participant died on 2020-03-01",
    )
    assert "the day is not recorded" in entry(patient={**PATIENT, "deceasedBoolean": True}).notes[0]


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"birthDate": "1980-13-01"}, "Patient/p: birthDate"),
        ({"birthDate": 1980}, "Patient/p: birthDate"),
        ({"gender": "F"}, "Patient/p: gender"),
        ({"deceasedDateTime": "1970-01-01"}, "Patient/p: deceasedDateTime"),
    ],
)
def test_an_impossible_patient_is_refused(fields: dict[str, Any], place: str) -> None:
    found = entry(patient={**PATIENT, **fields})
    assert found.record is None
    assert found.messages()[0].startswith(f"file.json: {place}: ")


# ---------------------------------------------------------------- conditions


def test_an_active_condition() -> None:
    assert only(onsetDateTime="2021-04") == Condition(
        Coded("icd10", "M32.1"), True, days("2021-04-01", "2021-04-30"), None, True, where="Condition/1"
    )


@pytest.mark.parametrize(
    ("fields", "onset"),
    [
        ({"onsetPeriod": {"start": "2020-01-01", "end": "2020-03-31"}}, days("2020-01-01", "2020-03-31")),
        ({"onsetAge": quantity(30, "a")}, days("2010-05-17", "2011-05-16")),
        ({"onsetAge": quantity(18, "mo")}, days("1981-11-17", "1981-12-16")),
        ({"onsetAge": quantity(2, "wk")}, days("1980-05-31", "1980-06-06")),
        ({"onsetAge": quantity(30, "a", comparator="<")}, days("1980-05-17", "2010-05-16")),
        (
            {"onsetRange": {"low": quantity(30, "a"), "high": quantity(31, "a")}},
            days("2010-05-17", "2012-05-16"),
        ),
        ({"recordedDate": "2022-02-02"}, Days(FIRST_DAY, days("2022-02-02").last)),
        ({"onsetString": "in childhood", "recordedDate": "2022-02-02"}, None),
        ({}, None),
    ],
)
def test_onset(fields: dict[str, Any], onset: Days | None) -> None:
    assert only(**fields).onset == onset


def test_an_age_without_a_birth_date_is_no_date() -> None:
    found = entry(condition(onsetAge=quantity(30, "a")), patient={**PATIENT, "birthDate": None})
    assert found.record is not None
    assert found.record.conditions[0].onset is None
    assert any("there is no date of birth" in note for note in found.notes)


@pytest.mark.parametrize(
    ("clinical", "fields", "end", "ongoing"),
    [
        ("resolved", {"abatementDateTime": "2022-05-01"}, days("2022-05-01"), False),
        ("resolved", {}, Days(days("2020-01-01").first, LAST_DAY), False),
        ("remission", {}, Days(days("2020-01-01").first, LAST_DAY), False),
        ("", {}, None, False),
        ("recurrence", {}, None, True),
        ("", {"abatementBoolean": True}, Days(days("2020-01-01").first, LAST_DAY), False),
        ("resolved", {"abatementAge": quantity(42, "a")}, days("2022-05-17", "2023-05-16"), False),
    ],
)
def test_end(clinical: str, fields: dict[str, Any], end: Days | None, ongoing: bool) -> None:
    found = only(clinical, onsetDateTime="2020-01-01", **fields)
    assert (found.end, found.ongoing) == (end, ongoing)


def test_a_refuted_condition_is_absent_on_the_days_it_speaks_of() -> None:
    found = only("", "refuted", onsetDateTime="2022-01-01", recordedDate="2022-02-02")
    assert found == Condition(
        Coded("icd10", "M32.1"), False, since=days("2022-01-01"), date=days("2022-02-02"), where="Condition/1"
    )


@pytest.mark.parametrize("status", ["unconfirmed", "provisional", "differential"])
def test_a_suspected_condition_never_surely_is(status: str) -> None:
    found = entry(condition("active", status))
    assert found.record is not None
    assert found.record.conditions[0].code == Coded("icd10", "M32.1", (), True)
    assert "it may be present" in found.notes[0]


def test_entered_in_error() -> None:
    found = entry(condition("", "entered-in-error"))
    assert found.record is not None
    assert found.record.conditions == []
    assert found.notes == ("1 Condition: entered in error, left out (Condition/1)",)


def test_severity_side_stage() -> None:
    found = only(
        severity=concept(SNOMED, "24484000"), bodySite=[concept(SNOMED, "24028007")],
        stage=[{"summary": {"text": "III"}}],
    )  # fmt: skip
    assert (found.severity, found.side, found.stage) == ("severe", "right", "III")


def test_icd10_marks_are_no_part_of_a_code() -> None:
    codes = ["M32.1+", "M32.-", "i21.0", "G63.5*"]
    conditions = [
        condition(identifier=str(n)) | {"code": concept(ICD10, code)} for n, code in enumerate(codes)
    ]
    for number, one in enumerate(conditions):
        one["id"] = str(number)
    assert [one.code.code for one in record(*conditions).conditions] == ["M32.1", "M32", "I21.0", "G63.5"]


def test_an_allergy_is_a_condition() -> None:
    made = resource(
        "AllergyIntolerance", code=concept(SNOMED, "91936005"), recordedDate="2020-01-01",
        clinicalStatus=concept("x", "active"), verificationStatus=concept("x", "confirmed"),
    )  # fmt: skip
    [found] = record(made).conditions
    assert (found.code, found.ongoing) == (Coded("snomed", "91936005"), True)


def test_no_known_allergy_is_no_condition() -> None:
    found = entry(resource("AllergyIntolerance", code=concept(SNOMED, "716186003")))
    assert found.record is not None
    assert found.record.conditions == []
    assert "says that there is none" in found.notes[0]


def test_an_end_before_the_onset_refuses() -> None:
    found = entry(condition(onsetDateTime="2022-01-01", abatementDateTime="2021-01-01"))
    assert "Condition/1: abatement: lies before the onset" in found.messages()[0]


# ---------------------------------------------------------------- procedures


def procedure(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return resource("Procedure", status=status, code=concept(SNOMED, "232717009"), **fields)


@pytest.mark.parametrize(
    ("fields", "date", "end"),
    [
        ({"performedDateTime": "2020-05"}, days("2020-05-01", "2020-05-31"), None),
        (
            {"performedPeriod": {"start": "2020-05-01T10:00:00Z", "end": "2020-05-03"}},
            days("2020-05-01"),
            days("2020-05-03"),
        ),
        ({"performedAge": quantity(40, "a")}, days("2020-05-17", "2021-05-16"), None),
        ({"performedString": "years ago"}, None, None),
        ({"occurrenceDateTime": "2020-05-01"}, days("2020-05-01"), None),
    ],
)
def test_procedures(fields: dict[str, Any], date: Days | None, end: Days | None) -> None:
    [found] = record(procedure(**fields)).procedures
    assert found == Procedure(Coded("snomed", "232717009"), True, date, end, where="Procedure/1")


@pytest.mark.parametrize("status", ["not-done", "preparation", "entered-in-error"])
def test_what_did_not_happen_is_counted(status: str) -> None:
    found = entry(procedure(status))
    assert found.record is not None
    assert found.record.procedures == []
    assert found.notes[0].startswith("1 Procedure: ")


def test_what_may_have_happened() -> None:
    assert record(procedure("unknown")).procedures[0].code.suspected
    assert record(procedure("in-progress", performedPeriod={"start": "2024-01-01"})).procedures[0].ongoing


def test_immunization() -> None:
    made = resource(
        "Immunization", status="completed", vaccineCode=concept(CVX, "03"), occurrenceDateTime="2024-01-05"
    )
    [found] = record(made).procedures
    coded = Coded("cvx", "03", (("atc", "J07BD52"),))
    assert found == Procedure(coded, True, days("2024-01-05"), where="Immunization/1")


@cache
def trial_of(name: str) -> Trial:
    return Trial(trial(name))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("03", "fails"),  # MMR
        ("111", "fails"),  # influenza, live, into the nose
        ("140", "passes"),  # influenza, injected
        ("187", "passes"),  # zoster, recombinant
        ("208", "passes"),  # messenger RNA
        ("88", "unknown"),  # influenza, unspecified formulation
        ("999", "unknown"),
    ],
)
def test_a_vaccine_is_live_or_not_or_nobody_knows(code: str, expected: str) -> None:
    trial = trial_of("NCT06350110")
    asked = Asked(at={"leukapheresis": "2024-01-20", "screening": "2024-01-20"}, assume=("procedures",))
    made = resource(
        "Immunization", status="completed", vaccineCode=concept(CVX, code), occurrenceDateTime="2024-01-10"
    )
    report = trial.evaluate(record(made), asked)
    assert {one.id: one.outcome for one in report.criteria}["exclusion 9"] == expected


def test_a_code_of_its_own_is_not_translated() -> None:
    code = concept(CVX, "03")
    code["coding"].append({"system": "http://www.whocc.no/atc", "code": "J07BD"})
    made = resource("Immunization", status="completed", vaccineCode=code, occurrenceDateTime="2024-01-05")
    assert record(made).procedures[0].code == Coded("atc", "J07BD", (("cvx", "03"),))
    assert record(made | {"status": "not-done"}).procedures == []


# ---------------------------------------------------------------- trials

STUDY = {"resourceType": "ResearchStudy", "id": "s", "identifier": [{"value": "NCT00000001"}]}


def in_trial(**fields: Any) -> dict[str, Any]:
    made = resource("ResearchSubject", study={"reference": "ResearchStudy/s"}, status="on-study", **fields)
    made["individual"] = made.pop("subject")
    return made


def test_another_trial_is_a_procedure() -> None:
    found = entry(in_trial(period={"start": "2024-01-01"}), STUDY)
    assert found.record is not None
    assert found.record.procedures == [
        Procedure(Coded(None, "other_trial"), True, days("2024-01-01"), None, True, where="ResearchSubject/1")
    ]


def test_this_very_trial_is_no_other_one() -> None:
    found = entry(in_trial(), STUDY, study=frozenset({"nct00000001"}))
    assert found.record is not None
    assert found.record.procedures == []
    assert record(in_trial() | {"status": "candidate"}).procedures == []


# ---------------------------------------------------------------- answers


def response(**fields: Any) -> dict[str, Any]:
    items = [
        {"linkId": "plans_pregnancy", "text": "Pregnant soon?", "answer": [{"valueBoolean": False}]},
        {"linkId": "g", "item": [{"linkId": "x", "answer": [{"valueCoding": {"code": "373066001"}}]}]},
        {"linkId": "free", "answer": [{"valueString": "perhaps"}]},
    ]
    return resource("QuestionnaireResponse", status="completed", authored="2024-02-18", item=items) | fields


def test_answers() -> None:
    found = entry(response(source={"reference": "Patient/p"}))
    assert found.record is not None
    date = days("2024-02-18")
    where = "QuestionnaireResponse/1#plans_pregnancy"
    assert found.record.answers == [
        Answer("plans_pregnancy", False, "participant", date, where=where),
        Answer("Pregnant soon?", False, "participant", date, where=where),
        Answer("x", True, "participant", date, where="QuestionnaireResponse/1#x"),
    ]
    assert "neither yes nor no" in found.notes[0]


def test_an_unfinished_response_answers_nothing() -> None:
    assert record(response(status="in-progress")).answers == []


def consent(**fields: Any) -> dict[str, Any]:
    scope = concept("http://terminology.hl7.org/CodeSystem/consentscope", "research")
    return (
        resource(
            "Consent",
            status="active",
            scope=scope,
            dateTime="2024-02-01",
            performer=[{"reference": "Patient/p"}],
        )
        | fields
    )


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({"policy": [{"uri": "https://clinicaltrials.gov/study/NCT00000001"}]}, [True]),
        ({"sourceReference": {"reference": "ResearchStudy/s"}}, [True]),
        ({"sourceReference": {"reference": "ResearchStudy/s"}, "status": "rejected"}, [False]),
        ({"sourceReference": {"reference": "ResearchStudy/s"}, "provision": {"type": "deny"}}, [False]),
        ({"sourceReference": {"reference": "ResearchStudy/s"}, "status": "inactive"}, [None]),
        ({"sourceReference": {"reference": "ResearchStudy/other"}}, []),
        ({}, []),
        ({"sourceReference": {"reference": "ResearchStudy/s"}, "scope": concept("x", "treatment")}, []),
        ({"sourceReference": {"reference": "ResearchStudy/s"}, "status": "draft"}, []),
    ],
)
def test_consent_is_to_this_trial(fields: dict[str, Any], answers: list[bool | None]) -> None:
    found = entry(consent(**fields), STUDY, study=frozenset({"nct00000001"}))
    assert found.record is not None
    assert [one.answer for one in found.record.answers] == answers
    assert all(one.question == "informed_consent" for one in found.record.answers)
    assert all(one.role == "participant" for one in found.record.answers)


def test_as_of_is_the_day_the_bundle_was_made() -> None:
    made = bundle(PATIENT, timestamp="2024-03-01T12:00:00Z")
    [found] = entries(made)
    assert found.record is not None
    assert found.record.as_of == days("2024-03-01").last
