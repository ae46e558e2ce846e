"""Small pieces of FHIR, and what is made of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from protodsl.records.fhir import parse_bundle
from protodsl.records.json import Entry
from protodsl.records.site import NO_SITE, Site
from protodsl.runtime.record import Days, Record

Json = dict[str, Any]
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ICD10, ATC = "http://hl7.org/fhir/sid/icd-10", "http://www.whocc.no/atc"
RXNORM, CVX = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/cvx"
UCUM = "http://unitsofmeasure.org"
PATIENT: Json = {"resourceType": "Patient", "id": "p", "birthDate": "1980-05-17", "gender": "female"}


def concept(system: str, code: str, display: str = "") -> Json:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def quantity(value: float, unit: str, **more: Any) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit, **more}


def resource(kind: str, identifier: str = "1", **fields: Any) -> Json:
    about = "patient" if kind in ("Immunization", "AllergyIntolerance", "Consent") else "subject"
    return {"resourceType": kind, "id": identifier, about: {"reference": "Patient/p"}, **fields}


def bundle(*resources: Json, **fields: Any) -> Json:
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": one} for n, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries, **fields}


def entries(data: Any, site: Site = NO_SITE) -> list[Entry]:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return list(parse_bundle("file.json", raw, site))


def entry(
    *resources: Json, patient: Json = PATIENT, study: frozenset[str] = frozenset(), site: Site = NO_SITE
) -> Entry:
    """The one participant of a bundle with these resources."""
    [found] = entries(bundle(patient, *resources), Site(study) if study else site)
    return found


def record(*resources: Json, patient: Json = PATIENT) -> Record:
    found = entry(*resources, patient=patient)
    assert found.record is not None, found.messages()
    return found.record


def days(first: str, last: str = "") -> Days:
    return Days(date.fromisoformat(first).toordinal(), date.fromisoformat(last or first).toordinal())
