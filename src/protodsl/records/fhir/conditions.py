"""Condition and AllergyIntolerance → conditions.

A refuted condition is an absence, of the days it speaks of. One that is only suspected (unconfirmed,
provisional, a differential diagnosis) may be there: it makes unknown, never true.
"""

from __future__ import annotations

from protodsl.records.fhir.reading import Json, Malformed, Reading, concept_codes, day, obj, objs, text
from protodsl.records.systems import NOTHING, SIDES
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Condition, Days

SUSPECTED = {"unconfirmed", "provisional", "differential"}
ACTIVE = {"active", "recurrence", "relapse"}
ENDED = {"inactive", "remission", "resolved"}  # in remission a disease may or may not be called present
_SEVERITY = {
    "255604002": "mild",
    "6736007": "moderate",
    "24484000": "severe",
    "442452003": "life_threatening",
}


def read(resource: Json, reading: Reading) -> None:
    _read(resource, reading, day(resource, "recordedDate"))


def read_allergy(resource: Json, reading: Reading) -> None:
    """An allergy is a condition with the code of its disorder or of its substance."""
    before = len(reading.record.conditions)
    _read(resource, reading, day(resource, "recordedDate"))
    reactions = {text(one, "severity") for one in objs(resource, "reaction")}
    for made in reading.record.conditions[before:]:
        if "severe" in reactions and made.present:  # milder ones do not say that none was severe
            made.severity = "severe"


def _read(resource: Json, reading: Reading, recorded: Days | None) -> None:
    verification = concept_codes(_concept(resource, "verificationStatus"))
    clinical = concept_codes(_concept(resource, "clinicalStatus"))
    code = obj(resource, "code")
    if "entered-in-error" in verification:
        reading.left("entered in error, left out")
        return
    if concept_codes(code) & NOTHING:
        reading.left("says that there is none; no item has such a code")
        return
    suspected = bool(verification & SUSPECTED)
    coded = reading.coded(code, suspected=suspected)
    onset, end = reading.at(resource, "onset"), reading.at(resource, "abatement")
    where = reading.where
    if "refuted" in verification:
        if coded.code is None:
            reading.left("refuted, but it does not say what")
            return
        # what was ruled out one day may have been there before, and come after
        since = onset or recorded
        reading.record.conditions.append(Condition(coded, False, since=since, date=recorded, where=where))
        return
    if suspected:
        reading.left(f"not confirmed ({', '.join(sorted(verification & SUSPECTED))}); it may be present")
    if onset is not None and end is not None and end.last < onset.first:
        raise Malformed("abatement", "lies before the onset")
    ongoing = end is None and bool(clinical & ACTIVE)
    if resource.get("abatementBoolean") is True or (end is None and clinical & ENDED):
        # over, or in remission, since a day nobody wrote down
        end = Days(onset.first if onset is not None else FIRST_DAY, LAST_DAY)
    if onset is None and recorded is not None and "onsetString" not in resource:
        onset = Days(FIRST_DAY, recorded.last)  # it was there when it was recorded
    made = Condition(coded, True, onset, end, ongoing, where=where)
    severity = concept_codes(_concept(resource, "severity"))
    made.severity = next((_SEVERITY[one] for one in sorted(severity) if one in _SEVERITY), None)
    if severity and made.severity is None:
        reading.left("a severity nobody knows; it counts as not recorded")
    for site in objs(resource, "bodySite"):
        made.side = next((SIDES[one] for one in sorted(concept_codes(site)) if one in SIDES), made.side)
    for stage in objs(resource, "stage"):
        said = text(obj(stage, "summary"), "text")
        made.stage = made.stage or said or next(
            (text(one, "display") for one in objs(obj(stage, "summary"), "coding")), None
        )  # fmt: skip
    reading.record.conditions.append(made)


def _concept(resource: Json, key: str) -> Json:
    """A CodeableConcept; the bare code of older versions and of AllergyIntolerance is taken for one."""
    value = resource.get(key)
    return {"coding": [{"code": value}]} if isinstance(value, str) else obj(resource, key)
