"""One participant's resources → a record, with notes on everything that was not taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from protodsl.records.fhir import answers, conditions, medications, observations, procedures
from protodsl.records.fhir.notes import Notes
from protodsl.records.fhir.reading import Json, Malformed, Reading, day, obj, text
from protodsl.records.site import Site
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import MAX_FACTS
from protodsl.runtime.record import Days, Record

READERS: dict[str, Callable[[Json, Reading], None]] = {
    "Observation": observations.read,
    "Condition": conditions.read,
    "AllergyIntolerance": conditions.read_allergy,
    "MedicationStatement": medications.read_statement,
    "MedicationUsage": medications.read_statement,
    "MedicationRequest": medications.read_request,
    "MedicationAdministration": medications.read_administration,
    "Procedure": procedures.read,
    "Immunization": procedures.read_immunization,
    "ResearchSubject": procedures.read_subject,
    "QuestionnaireResponse": answers.read,
    "Consent": answers.read_consent,
}
# Read where another resource points at them.
SHARED = {"Medication", "ResearchStudy"}
# What they say depends on the trial that asks: of another one, or of this very trial?
ABOUT_STUDIES = {"ResearchSubject", "Consent"}
_SEXES = {"female": "female", "male": "male", "other": None, "unknown": None}


def identifier_of(patient: Json) -> str:
    return text(patient, "id")


def read_participant(
    patient: Json,
    resources: Iterable[Json],
    resolve: Callable[[str, Json], Json | None],
    site: Site,
    as_of: int | None,
) -> tuple[Record, Notes]:
    """The record of one Patient. Raises RecordError with every malformed field of every resource."""
    reading = Reading(identifier_of(patient), resolve, site)
    reading.where = f"Patient/{reading.record.id}"
    reading.record.as_of = as_of
    _whole(_read_patient, patient, reading)
    for number, resource in enumerate(resources):
        kind = resource["resourceType"]
        reading.where = place(resource, number)
        reader = READERS.get(kind)
        if reader is None:
            reading.notes.unread(kind)
        else:
            _whole(reader, resource, reading)
    if reading.notes.problems:
        raise RecordError(reading.notes.problems)
    record = reading.record
    record.medications = medications.merge_doses(record.medications)
    total = len(record.results) + len(record.conditions) + len(record.medications)
    total += len(record.procedures) + len(record.answers)
    if total > MAX_FACTS:
        raise RecordError.at("", f"{total:,} facts of one participant; at most {MAX_FACTS:,} are read")
    return record, reading.notes


def place(resource: Json, number: int) -> str:
    """What a resource is called in evidence and messages; one without an id by its position."""
    identifier = resource.get("id")
    known = isinstance(identifier, str) and identifier.isprintable() and 0 < len(identifier) <= 100
    return f"{resource.get('resourceType')}/{identifier if known else f'#{number + 1}'}"


def _whole(reader: Callable[[Json, Reading], None], resource: Json, reading: Reading) -> None:
    try:
        reader(resource, reading)
    except Malformed as wrong:
        reading.notes.problem(f"{reading.where}: {wrong.field}", wrong.message)


def _read_patient(patient: Json, reading: Reading) -> None:
    record = reading.record
    if patient.get("active") is False:
        reading.notes.say("the Patient resource is not in active use any more")
    record.birth_date = _private_day(patient, "birthDate")
    if record.birth_date is None:
        reading.notes.say("no date of birth: everything about age stays unknown")
    gender = text(patient, "gender")
    if gender and gender not in _SEXES:
        raise Malformed("gender", "is not female, male, other or unknown")
    record.sex = _SEXES.get(gender)
    if record.sex is None:
        reading.notes.say("sex is neither female nor male: everything about it stays unknown")
    died = _private_day(patient, "deceasedDateTime")
    record.death_date = died
    if died is not None:
        reading.notes.say(f"the participant died on {text(patient, 'deceasedDateTime')[:10]}")
    elif patient.get("deceasedBoolean") is True:
        reading.notes.say("the participant has died; the day is not recorded")
    if died is not None and record.birth_date is not None and died.last < record.birth_date.first:
        raise Malformed("deceasedDateTime", "lies before birthDate")
    if "replaced-by" in {text(one, "type") for one in _links(patient)}:
        reading.notes.say("this Patient was replaced by another: its data may be elsewhere")


def _private_day(patient: Json, key: str) -> Days | None:
    """A date of the person's own, which no message repeats."""
    try:
        return day(patient, key)
    except Malformed:
        raise Malformed(key, "is no date; a date is written 2024-02-20, 2024-02 or 2024") from None


def _links(patient: Json) -> list[Json]:
    links = patient.get("link")
    return [one for one in links if isinstance(one, dict)] if isinstance(links, list) else []


def subject_of(resource: Json) -> str | None:
    """The reference to the patient a resource is about; None where it names nobody."""
    for key in ("subject", "patient", "individual"):
        if key in resource:
            pointer = obj(resource, key)
            reference = text(pointer, "reference")
            if not reference and pointer.get("identifier"):
                named = obj(pointer, "identifier")
                reference = f"?identifier={text(named, 'system')}|{text(named, 'value')}"
            if reference:
                return reference.partition("/_history/")[0]
    return None
