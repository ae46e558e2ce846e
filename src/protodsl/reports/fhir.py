"""A report as FHIR R4: a MeasureReport of one individual, of several a Bundle of them.

Each criterion and part is a group. Its populations say what a verdict says: `initial-population` counts 1
where the criterion applies, `numerator` 1 where it passes and 0 where it fails; where that is unknown the
count is absent, with FHIR's own reason for it. Why it is so, and what the verdict rests on, are extensions.
Nothing reads the clock, so there is no `date`; the period is the day that was asked about.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from protodsl.reports.details import Details
from protodsl.runtime.report import CriterionReport, Outcome

Json = dict[str, Any]

EXTENSION = "urn:protodsl:extension:"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
_OUTCOMES: dict[str, Outcome] = {"eligible": "passes", "ineligible": "fails", "undetermined": "unknown"}


def resource(reports: list[Json]) -> Json:
    """One MeasureReport, or the Bundle of several."""
    return reports[0] if len(reports) == 1 else bundle(reports)


def measure_report(details: Details) -> Json:
    """The MeasureReport of one participant."""
    report, audit = details.report, details.audit
    day = dict(audit.timepoints).get(_anchor(details)) or report.as_of
    period = {"start": day, "end": day} if day else {"extension": [_unknown()]}
    made: Json = {
        "resourceType": "MeasureReport",
        "extension": _whole(details),
        "status": "complete",
        "type": "individual",
        "measure": f"urn:protodsl:protocol:{_plain(report.protocol)}|{audit.protocol_sha256 or 'unknown'}",
        "subject": _subject(report.participant),
        "period": period,
        "group": [
            _group("eligibility", "Eligibility", _OUTCOMES[report.verdict], []),
            *(
                _group(f"cohort {name}", f"Cohort {name}", _OUTCOMES[verdict], [])
                for name, verdict in report.cohorts
            ),
            *(_criterion(row) for row in report.criteria),
        ],
    }
    evaluated = [_evaluated(place, words) for place, words in details.facts.items()]
    if evaluated:
        made["evaluatedResource"] = evaluated
    return made


def bundle(reports: list[Json]) -> Json:
    """Several MeasureReports in one Bundle; their addresses are made from what they say."""
    entries = []
    for one in reports:
        name = f"{one['measure']} {one['subject']} {one['period']} {one['extension']}"
        entries.append({"fullUrl": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}", "resource": one})
    return {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}


def _anchor(details: Details) -> str:
    stage = details.report.stage
    return next(one.anchor for one in details.trial.model.stages if one.id == stage)


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9\-._]", "-", name)


def _subject(participant: str) -> Json:
    if _ID.fullmatch(participant):
        return {"reference": f"Patient/{participant}"}
    return {"identifier": {"value": participant}} if participant else {"display": "unnamed"}


def _evaluated(place: str, words: str) -> Json:
    """A resource where the place names one; a place in another kind of data is said."""
    found = _REFERENCE.fullmatch(place)
    return {"reference": place, "display": words} if found else {"display": f"{place}: {words}"}


def _criterion(row: CriterionReport) -> Json:
    said = [_text("reason", row.reason)] if row.reason else []
    said += [_text("cause", f"{cause.kind}: {cause.what}") for cause in row.unknown]
    said += [_text("evidence", place) for place in row.evidence]
    if row.curable_on:
        said.append({"url": f"{EXTENSION}curable-on", "valueDate": row.curable_on})
    return _group(row.id, f"{row.id} {row.label}".strip(), row.outcome, said)


def _group(code: str, label: str, outcome: Outcome, said: list[Json]) -> Json:
    applies = 0 if outcome == "not applicable" else 1
    passes: Json = {"code": _population("numerator")}
    if outcome == "unknown":
        passes["_count"] = {"extension": [_unknown()]}
    else:
        passes["count"] = 1 if outcome == "passes" else 0
    made: Json = {
        "code": {"coding": [{"system": "urn:protodsl:criterion", "code": code}], "text": label},
        "population": [{"code": _population("initial-population"), "count": applies}, passes],
    }
    return {"extension": said, **made} if said else made


def _population(code: str) -> Json:
    return {"coding": [{"system": POPULATION, "code": code}]}


def _unknown() -> Json:
    return {"url": ABSENT, "valueCode": "unknown"}


def _text(name: str, value: str) -> Json:
    return {"url": f"{EXTENSION}{name}", "valueString": value}


def _whole(details: Details) -> list[Json]:
    """What belongs to the report as a whole."""
    report, audit = details.report, details.audit
    found = [
        {"url": f"{EXTENSION}verdict", "valueCode": report.verdict},
        _text("tool", audit.tool),
        _text("record-sha256", audit.record_sha256),
        _text("stage", report.stage),
        *(_text("assumption", one) for one in report.assumptions),
        *(_text("needed", one) for one in report.needed),
        *(_text("doubt", one.message) for one in details.doubts),
        *(_text("note", one) for one in report.notes),
    ]
    if report.as_of:
        found.append({"url": f"{EXTENSION}as-of", "valueDate": report.as_of})
    if report.earliest_date:
        found.append({"url": f"{EXTENSION}earliest-date", "valueDate": report.earliest_date})
    found += [_text("repeat", one.words()) for one in details.repeat]
    return found
