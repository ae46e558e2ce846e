"""MedicationStatement, MedicationRequest, MedicationAdministration → medications.

A prescription counts as a course, as the lists of most hospitals are made of nothing else; the report says
how many there were. What was only planned, withdrawn before it began, or must not be given, is no course.
"""

from __future__ import annotations

from fractions import Fraction

from protodsl.records.fhir.dosage import daily
from protodsl.records.fhir.reading import Json, Malformed, Reading, day, obj, objs, text
from protodsl.records.vaccines import is_vaccine
from protodsl.runtime.record import Coded, Days, Medication, Procedure

_PLANNED = {"proposal", "plan", "option", "intended", "draft"}
_DROPPED = {
    "entered-in-error": "entered in error, left out",
    "cancelled": "withdrawn before anything was taken, left out",
    "intended": "planned only, left out",
    "draft": "planned only, left out",
    "not-done": "not given",
}
_UNSURE = {"unknown": "of unknown status; it may have been taken"}
_RUNNING = {"active", "in-progress"}


def read_statement(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    start, end = _effective(resource, reading)
    adherence = {text(one, "code") for one in objs(obj(obj(resource, "adherence"), "code"), "coding")}
    if status == "not-taken" or adherence & {"not-taking", "not-taken"}:
        _absent(resource, reading, start, end)
    elif not _left(status, reading):
        _courses(resource, reading, start, end, status, objs(resource, "dosage"))


def read_request(resource: Json, reading: Reading) -> None:
    status, intent = text(resource, "status"), text(resource, "intent")
    if resource.get("doNotPerform") is True:
        reading.left("an order not to give it")
        return
    if status != "entered-in-error" and intent in _PLANNED:
        reading.left("planned only, left out")
        return
    if _left(status, reading):
        return
    dosages = objs(resource, "dosageInstruction")
    bounds = [obj(obj(obj(one, "timing"), "repeat"), "boundsPeriod") for one in dosages]
    validity = obj(obj(resource, "dispenseRequest"), "validityPeriod")
    start, end = None, None
    for one in (*bounds, validity):
        start = start or day(one, "start")
    for one in bounds:
        own = day(one, "end")
        end = own if end is None or (own is not None and own.last > end.last) else end
    start = start or day(resource, "authoredOn")
    if status == "stopped":
        end = None  # before what was meant to be its end
    reading.left("a prescription, taken for a course")
    _courses(resource, reading, start, end, status, dosages)


def read_administration(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    if _left(status, reading):
        return
    start, end = _effective(resource, reading)
    once = end is None and ("effectiveDateTime" in resource or "occurrenceDateTime" in resource)
    dosage = obj(resource, "dosage")
    one_day = start is not None and start.first == start.last and (once or end == start)
    timed = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    if dosage and one_day and dosage.get("dose"):
        dosage = {**dosage, "timing": timed}  # on that day
    elif dosage and not dosage.get("rateQuantity") and not dosage.get("rateRatio"):
        reading.left("given over more than a day, or on a day not known; the dose counts as not recorded")
        dosage = {}
    _courses(resource, reading, start, start if once else end, status, [dosage] if dosage else [])


def _left(status: str, reading: Reading) -> bool:
    if status in _DROPPED:
        reading.left(_DROPPED[status])
        return True
    if status in _UNSURE:
        reading.left(_UNSURE[status])
    return False


def _effective(resource: Json, reading: Reading) -> tuple[Days | None, Days | None]:
    for stem in ("effective", "occurence", "occurrence"):
        if f"{stem}Period" in resource:
            return reading.period(resource, f"{stem}Period")
        if f"{stem}DateTime" in resource:
            return day(resource, f"{stem}DateTime"), None
    return None, None


def _absent(resource: Json, reading: Reading, start: Days | None, end: Days | None) -> None:
    """Not taken: an absence on the days it speaks of."""
    asserted = day(resource, "dateAsserted")
    for coded, _ in _drugs(resource, reading):
        until = end or start or asserted
        if coded.code is None or until is None:
            reading.left("not taken, but it does not say what, or when")
        else:
            since = start or asserted
            made = Medication(coded, False, since=since, date=until, where=reading.where)
            reading.record.medications.append(made)


def _courses(
    resource: Json, reading: Reading, start: Days | None, end: Days | None, status: str, dosages: list[Json]
) -> None:
    route = _route(dosages)
    reason = next((text(one, "text") or _display(one) for one in objs(resource, "statusReason")), "")
    drugs = _drugs(resource, reading, suspected=status in _UNSURE)
    if start is not None and end is not None and end.last < start.first:
        raise Malformed("end", "lies before the start")
    for coded, strength in drugs:
        dose = daily(dosages, strength, reading) if dosages and len(drugs) == 1 else None
        made = Medication(
            coded,
            True,
            start,
            end,
            ongoing=end is None and status in _RUNNING,
            dose=dose[0] if dose else None,
            unit=dose[1] if dose else None,
            route=route,
            reason_stopped=_word(reason) if status == "stopped" else None,
            where=reading.where,
        )
        reading.record.medications.append(made)
        if is_vaccine([(coded.system, coded.code), *coded.also]):
            # a vaccination is a procedure, by whatever resource it is told; one only prescribed may be none
            prescribed = resource.get("resourceType") == "MedicationRequest"
            given = coded._replace(suspected=coded.suspected or prescribed)
            reading.record.procedures.append(Procedure(given, True, start, where=reading.where))


def _word(said: str) -> str | None:
    return "_".join(said.lower().replace("-", " ").split()) or None


def _display(concept: Json) -> str:
    return next((text(one, "display") for one in objs(concept, "coding")), "")


_ROUTES = {  # SNOMED CT, and EDQM's standard terms
    "26643006": "oral", "20053000": "oral", "47625008": "intravenous", "20045000": "intravenous",
    "34206005": "subcutaneous", "20066000": "subcutaneous", "78421000": "intramuscular",
    "20035000": "intramuscular", "6064005": "topical", "72607000": "intrathecal", "447694001": "inhaled",
}  # fmt: skip


def _route(dosages: list[Json]) -> str | None:
    found: list[str | None] = []
    for dosage in dosages:
        route = obj(dosage, "route")
        codes = [text(one, "code") for one in objs(route, "coding")]
        known = next((_ROUTES[code] for code in codes if code in _ROUTES), None)
        found.append(known or _word(text(route, "text") or _display(route)))
    return found[0] if found and len(set(found)) == 1 else None


def _drugs(resource: Json, reading: Reading, *, suspected: bool = False) -> list[tuple[Coded, Json]]:
    """(code, strength) of each drug; a product of several ingredients is several."""
    either = obj(resource, "medication")  # R5
    concept = obj(resource, "medicationCodeableConcept") or obj(either, "concept")
    pointer = obj(resource, "medicationReference") or obj(either, "reference")
    if concept or not pointer:
        return [(reading.coded(concept, suspected=suspected), {})]
    reference = text(pointer, "reference")
    product = reading.resolve(reference, resource) if reference else None
    if product is None:
        reading.left("its Medication is not in the data; it may be any drug")
        said = text(pointer, "display")
        return [(Coded(None, said or None, (), suspected), {})]
    if text(product, "resourceType") != "Medication":
        raise Malformed(
            "medicationReference", f"a Medication is expected, not {text(product, 'resourceType')}"
        )
    code = obj(product, "code")
    parts = [one for one in objs(product, "ingredient") if one.get("isActive") is not False]
    substances = [obj(one, "itemCodeableConcept") or obj(obj(one, "item"), "concept") for one in parts]
    strengths = [_ratio(one) for one in parts]
    if len(parts) == 1:
        return [(reading.coded(code, substances[0], suspected=suspected), strengths[0])]
    if parts and all(one.get("coding") for one in substances):
        made = zip(substances, strengths, strict=True)
        return [(reading.coded(one, suspected=suspected), strength) for one, strength in made]
    return [(reading.coded(code, suspected=suspected), {})]


def _ratio(ingredient: Json) -> Json:
    """The strength of an ingredient as a ratio; R5 may give a quantity per unit of the product."""
    if "strengthQuantity" in ingredient:
        return {"numerator": obj(ingredient, "strengthQuantity"), "denominator": {"value": 1}}
    return obj(ingredient, "strengthRatio") or obj(ingredient, "strength")


def merge_doses(courses: list[Medication]) -> list[Medication]:
    """Several administrations of one drug on one day are one: their doses add up."""
    found: dict[tuple[object, ...], Medication] = {}
    for one in courses:
        single = one.where.startswith("MedicationAdministration/") and one.start == one.end
        whole = one.start is not None and one.start.first == one.start.last
        exact = one.dose is not None and one.dose.low is not None and one.dose.low == one.dose.high
        key: tuple[object, ...] = (id(one),)
        if single and whole and exact:
            key = (one.code, one.start, one.unit, one.route)
        there = found.get(key)
        if there is None or there.dose is None or one.dose is None or there.dose.low is None:
            found[key] = one
            continue
        total = Fraction(there.dose.low) + Fraction(one.dose.low or 0)
        exact_total = total.numerator if total.denominator == 1 else total
        there.dose = there.dose._replace(low=exact_total, high=exact_total)
    return list(found.values())
