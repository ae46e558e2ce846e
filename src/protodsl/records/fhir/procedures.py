"""Procedure, Immunization and ResearchSubject → procedures."""

from __future__ import annotations

from protodsl.records.fhir.reading import Json, Reading, day, obj, objs, span, text
from protodsl.runtime.record import Coded, Days, Procedure

OTHER_TRIAL = "other_trial"  # the vocabulary's name for taking part in another trial

_DROPPED = {
    "entered-in-error": "entered in error, left out",
    "not-done": "not done",
    "preparation": "planned only, it has not happened",
}
_UNSURE = {"on-hold": "on hold; it may have begun", "unknown": "of unknown status; it may have happened"}


def read(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    if status in _DROPPED:
        reading.left(_DROPPED[status])
        return
    if status in _UNSURE:
        reading.left(_UNSURE[status])
    coded = reading.coded(obj(resource, "code"), suspected=status in _UNSURE)
    stem = "occurrence" if any(key.startswith("occurrence") for key in resource) else "performed"
    if f"{stem}Period" in resource:
        start, end = reading.period(resource, f"{stem}Period")
    else:
        start, end = reading.at(resource, stem), None
    ongoing = status == "in-progress" and end is None
    reading.record.procedures.append(Procedure(coded, True, start, end, ongoing, where=reading.where))


def read_immunization(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    if status in _DROPPED:
        reading.left(_DROPPED[status])
        return
    given = reading.at(resource, "occurrence")
    coded = reading.coded(obj(resource, "vaccineCode"))
    reading.record.procedures.append(Procedure(coded, True, given, where=reading.where))


# ---------------------------------------------------------------- trials

_NEVER_IN = {
    "candidate", "eligible", "ineligible", "not-registered", "potential-candidate", "pending-on-study",
    "screening",
}  # fmt: skip
_IN = {"on-study", "on-study-intervention", "on-study-observation", "follow-up"}


def read_subject(resource: Json, reading: Reading) -> None:
    """Taking part in a trial is a procedure with a first and a last day, unless it is the one asked about."""
    states = {text(resource, "status")} | {
        text(coding, "code")
        for one in objs(resource, "progress")  # R5
        for coding in objs(obj(one, "subjectState"), "coding")
    }
    if "entered-in-error" in states:
        reading.left("entered in error, left out")
        return
    reference = text(obj(resource, "study"), "reference")
    study = reading.resolve(reference, resource) if reference else None
    if names(study, reference) & reading.study:
        reading.left("takes part in this very trial; no other one")
        return
    if states & _NEVER_IN and not states - _NEVER_IN - {"", "active"}:
        reading.left("considered for a trial, not in it")
        return
    start, end = reading.period(resource, "period")
    if study is None and reference:
        reading.left("its ResearchStudy is not in the data; it is taken for another trial")
    ongoing = end is None and bool(states & _IN)
    if start is not None and end is None and not ongoing and states & {"off-study", "withdrawn"}:
        end = span(start, None)
    code = Coded(None, OTHER_TRIAL)
    reading.record.procedures.append(Procedure(code, True, start, end, ongoing, where=reading.where))


def names(study: Json | None, reference: str) -> set[str]:
    """Everything a study is called by, in small letters."""
    found = {reference.rpartition("/")[2].lower()} if reference else set()
    if study is not None:
        found |= {text(one, "value").lower() for one in objs(study, "identifier")}
        found.add(text(study, "id").lower())
    return found - {""}


def authored(resource: Json, *keys: str) -> Days | None:
    for key in keys:
        if (found := day(resource, key)) is not None:
            return found
    return None
