"""FHIR's own examples, many of which were written to be awkward, and what they showed to be wrong."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from fhir_fixture import PATIENT, Json, bundle, concept, days, entries, quantity, record, resource

from protodsl.records.detect import read_participants
from protodsl.runtime.record import FIRST_DAY, Coded, Interval, Record

EXAMPLES = Path(__file__).parents[1] / "data" / "fhir-r4-examples"


@pytest.fixture(scope="module")
def people() -> dict[str, Record]:
    found = read_participants(str(EXAMPLES))
    return {one.record.id: one.record for one in found if one.record is not None}


def test_everybody_is_read_and_what_is_about_nobody_is_named() -> None:
    found = list(read_participants(str(EXAMPLES)))
    assert sum(one.record is not None for one in found) == 22
    told = [message.partition("ndjson: ")[2] for one in found for message in one.messages()]
    assert told == [
        "Observation/656 is about Patient/PatientId-patientId, who is in none of the files",
        "Observation/bgpanel and 5 more resources are about Patient/infant, who is in none of the files",
        "Observation/example-diplotype1 and 3 more resources are about Patient/727127, who is in none of the"
        " files",
        "Observation/example-genetics-brcapat is about Patient/brcapat, who is in none of the files",
        "Observation/herd1 is about Patient/herd1, who is in none of the files",
    ]


def test_results(people: dict[str, Record]) -> None:
    """Read off the resources by hand: f001 to f005, f203, f205."""
    found = {one.where: one for one in people["f001"].results}
    glucose = found["Observation/f001"]
    assert (glucose.code, glucose.raw, glucose.unit) == (Coded("loinc", "15074-8"), "6.3", "mmol/L")
    assert (glucose.lln, glucose.uln) == (Fraction(31, 10), Fraction(62, 10))
    assert glucose.date == days("2013-04-02", "2013-04-03")  # begun, and made known
    haemoglobin = found["Observation/f005"]
    assert (haemoglobin.raw, haemoglobin.unit, haemoglobin.uln) == ("7.2", "g/dL", 10)
    assert haemoglobin.date == days("2013-04-05")
    egfr = next(one for one in people["f201"].results if one.code.code == "48643-1")
    assert (egfr.number, egfr.method) == (Interval(60, None, True, False), "MDRD")
    assert egfr.date is not None and egfr.date.first == FIRST_DAY  # only when it was issued is known


def test_blood_pressure_in_its_components(people: dict[str, Record]) -> None:
    pressure = [one for one in people["example"].results if one.where == "Observation/blood-pressure"]
    assert [(one.code.code, one.raw, one.unit) for one in pressure] == [
        ("8480-6", "107", "mm[Hg]"),
        ("8462-4", "60", "mm[Hg]"),
    ]


def test_conditions(people: dict[str, Record]) -> None:
    found = {one.where: one for one in people["f201"].conditions}
    fever = found["Condition/f201"]
    assert (fever.code, fever.severity, fever.ongoing) == (Coded("snomed", "386661006"), "mild", False)
    sepsis = found["Condition/f203"]
    assert sepsis.ongoing and not sepsis.code.suspected
    assert found["Condition/f205"].code.suspected  # a differential diagnosis


def test_allergies(people: dict[str, Record]) -> None:
    severe = [one.where for one in people["example"].conditions if one.severity == "severe"]
    assert "AllergyIntolerance/example" in severe  # one mild reaction, and one severe one


def test_medications(people: dict[str, Record]) -> None:
    """Read off the instructions by hand."""
    found = {one.where.partition("/")[2]: (one.dose, one.unit) for one in people["pat1"].medications}
    assert found["medrx0301"] == (Interval(0, 12), "TAB/d")  # one or two every 4 to 6 hours as needed
    assert found["medrx0303"] == (Interval(1, 4), "TAB/d")  # a taper
    assert found["medrx0318"] == (Interval(2000, 2000), "mg/d")  # 500 mg every 6 hours
    assert found["medadmin0305"] == (Interval(Fraction(9, 5), Fraction(9, 5)), "mg/kg/d")


# ---------------------------------------------------------------- what they showed to be wrong


def alt(**fields: object) -> Json:
    return resource("Observation", code=concept("http://loinc.org", "1742-6"), status="final",
                    valueQuantity=quantity(3, "U/L"), **fields)  # fmt: skip


def test_a_patient_without_id_is_called_as_in_its_full_url() -> None:
    patient = {key: value for key, value in PATIENT.items() if key != "id"}
    observation = {**alt(), "subject": {"reference": "urn:uuid:61ebe359"}}
    data = bundle(observation)
    data["entry"].append({"fullUrl": "urn:uuid:61ebe359", "resource": patient})
    [found] = entries(data)
    assert found.record is not None
    assert (found.record.id, len(found.record.results)) == ("61ebe359", 1)


def test_the_same_id_on_another_server_is_somebody_else() -> None:
    data = bundle()
    data["entry"] = [
        {"fullUrl": "http://a.example/fhir/Patient/p", "resource": PATIENT},
        {"resource": {**alt(), "subject": {"reference": "http://a.example/fhir/Patient/p"}}},
        {"resource": {**alt(), "id": "2", "subject": {"reference": "http://b.example/fhir/Patient/p"}}},
    ]
    mine, other = entries(data)
    assert mine.record is not None and len(mine.record.results) == 1
    assert other.messages() == [
        'file.json: Observation/2 is about "http://b.example/fhir/Patient/p", who is not in the file'
    ]


def test_a_patient_known_to_one_resource_alone() -> None:
    lonely = {**alt(), "contained": [{**PATIENT, "id": "c"}], "subject": {"reference": "#c"}}
    mine, other = entries(bundle(PATIENT, lonely))
    assert mine.record is not None and mine.record.results == []
    assert other.messages() == ['file.json: Observation/1 is about "#c", who is not in the file']


def test_a_subject_that_is_none() -> None:
    [found] = entries(bundle(PATIENT, {**alt(), "subject": "Patient/p"}))
    [message] = found.messages()
    assert message.startswith("file.json: Patient/p: Observation/1: subject: an object is expected here")
    second = {**PATIENT, "id": "q"}
    lost, one, two = entries(bundle(PATIENT, second, {**alt(), "subject": "Patient/p"}))
    assert lost.record is None and "nobody can tell whose it is" in lost.messages()[0]
    told = "Observation/1 cannot be read, and may be of this participant"
    assert [*one.messages(), *two.messages()] == [f"file.json: Patient/{who}: {told}" for who in "pq"]


@pytest.mark.parametrize(
    "reactions, severity",
    [([{"severity": "mild"}, {"severity": "severe"}], "severe"), ([{"severity": "mild"}], None), ([], None)],
)
def test_a_mild_reaction_does_not_deny_a_severe_one(reactions: list[Json], severity: str | None) -> None:
    made = resource("AllergyIntolerance", code=concept("http://snomed.info/sct", "227493005"),
                    reaction=reactions)  # fmt: skip
    assert [one.severity for one in record(made).conditions] == [severity]
