"""QuestionnaireResponse and Consent → answers.

A question is answered under its own name: a response's item is looked up by its `linkId`, by the last part of
its `definition` and by its text, any of which may be the name of a protocol's question.
"""

from __future__ import annotations

from protodsl.records.fhir.procedures import authored, names
from protodsl.records.fhir.reading import Json, Reading, concept_codes, obj, objs, text
from protodsl.runtime.record import Answer, Days

CONSENT = "informed_consent"  # the vocabulary's name of the question

_YES, _NO = {"Y", "373066001", "LA33-6", "yes"}, {"N", "373067005", "LA32-8", "no"}
MAX_DEPTH = 20  # of groups within groups


def read(resource: Json, reading: Reading) -> None:
    status = text(resource, "status")
    if status == "entered-in-error":
        reading.left("entered in error, left out")
        return
    if status in ("in-progress", "stopped"):
        reading.left(f"{status}; not finished, left out")
        return
    role = _role(obj(resource, "source")) or _role(obj(resource, "author"))
    _items(resource, reading, authored(resource, "authored"), role, 0)


def _role(who: Json) -> str | None:
    """Who answered, where the reference says it. A practitioner need not be the investigator."""
    kind = text(who, "type") or text(who, "reference").split("/")[0]
    return "participant" if kind == "Patient" else None


def _items(holder: Json, reading: Reading, date: Days | None, role: str | None, depth: int) -> None:
    if depth > MAX_DEPTH:
        reading.left("groups within groups too deep to read")
        return
    for item in objs(holder, "item"):
        for answer in objs(item, "answer"):
            said = _yes_or_no(answer)
            if said is None:
                reading.left("an answer that is neither yes nor no")
            else:
                for question in _names(item):
                    made = Answer(question, said, role, date, where=f"{reading.where}#{text(item, 'linkId')}")
                    reading.record.answers.append(made)
            _items(answer, reading, date, role, depth + 1)
        _items(item, reading, date, role, depth + 1)


def _names(item: Json) -> list[str]:
    definition = text(item, "definition").rpartition("/")[2].rpartition("#")[2]
    found = (text(item, "linkId"), definition, text(item, "text"))
    return [name for name in dict.fromkeys(found) if name]


def _yes_or_no(answer: Json) -> bool | None:
    value = answer.get("valueBoolean")
    if isinstance(value, bool):
        return value
    coding = obj(answer, "valueCoding")
    said = {text(coding, "code"), text(coding, "display").lower(), text(answer, "valueString").lower()}
    if said & _YES:
        return True
    return False if said & _NO else None


def read_consent(resource: Json, reading: Reading) -> None:
    """Consent to *this* trial. Consent to treatment, to data use or to a trial not named is no such thing."""
    status = text(resource, "status")
    if status in ("entered-in-error", "draft", "proposed", "not-done"):
        reading.left(f"{status}, left out")
        return
    kinds = concept_codes(obj(resource, "scope"))  # R4
    for one in objs(resource, "category"):
        kinds |= concept_codes(one)
    if "research" not in kinds and "INFA" not in kinds and "59284-0" not in kinds:
        reading.left("not a consent to research")
        return
    provision = objs(resource, "provision")
    named = {text(obj(data, "reference"), "reference") for one in provision for data in objs(one, "data")}
    named |= {text(one, "reference") for one in (obj(resource, "sourceReference"),) if one}
    named |= {text(one, "uri") for one in objs(resource, "policy")} | {
        text(one, "value") for one in objs(resource, "identifier")
    }
    trials = {name for one in named for name in (one.lower(), *names(reading.resolve(one, resource), one))}
    if not trials & reading.study:
        reading.left("consents to research, but does not name this trial")
        return
    date = authored(resource, "dateTime", "date")
    denied = text(resource, "decision") == "deny" or any(text(one, "type") == "deny" for one in provision)
    if status == "inactive":
        reading.left("withdrawn or expired on a day nobody wrote down; the question counts as not answered")
        answer: bool | None = None
    else:
        answer = status == "active" and not denied
    role = next((_role(one) for one in objs(resource, "performer") if _role(one)), None)
    reading.record.answers.append(Answer(CONSENT, answer, role, date, where=reading.where))
