"""The fields of a patient record and the words some of them take.

`PLAIN_…` and `BARE_…` are the fields that nearly all facts have and no others.
"""

from __future__ import annotations

from typing import Literal

Domain = Literal["results", "conditions", "medications", "procedures", "answers"]
DOMAINS: tuple[Domain, ...] = ("results", "conditions", "medications", "procedures", "answers")
RESPONSES = ("refractory", "intolerant", "responded", "relapsed", "progressed")
PLACES = ("site", "country", "arm", "part")
SIDES = {  # of the body; "od", "os" and "ou" are an ophthalmologist's
    **dict.fromkeys(("l", "os", "sinister"), "left"),
    **dict.fromkeys(("r", "od", "dexter"), "right"),
    **dict.fromkeys(("bilateral", "ou"), "both"),
}
SEVERITIES = ("mild", "moderate", "severe", "life_threatening")

RECORD_FIELDS = {
    *("id", "birth_date", "death_date", "sex", "as_of", "timepoints", "complete", *DOMAINS),
    *("setting", "$schema"),
}
RESULT_FIELDS = {"code", "value", "unit", "date", "time", "uln", "low", "side", "method", "confirmed"}
PLAIN_RESULT = {"code", "value", "unit", "date", "uln"}
PLAIN_ANSWER = {"question", "answer", "by", "role", "date"}
ABSENCE_FIELDS = {"code", "present", "from", "date"}
CONDITION_FIELDS = {*ABSENCE_FIELDS, "suspected", "onset", "end", "severity", "grade", "stage", "side"}
MEDICATION_FIELDS = {
    *ABSENCE_FIELDS,
    "start",
    "end",
    "dose",
    "unit",
    "per",
    "route",
    "response",
    "line",
    "reason_stopped",
}
PROCEDURE_FIELDS = {*ABSENCE_FIELDS, "end", "side"}
PLAIN_CONDITION = {*ABSENCE_FIELDS, "onset", "end"}
BARE_CONDITION = {"code", "onset", "end"}
BARE_MEDICATION = {"code", "start", "end", "dose", "unit", "response"}
BARE_PROCEDURE = {"code", "date", "end"}
PLAIN_MEDICATION = {*ABSENCE_FIELDS, "start", "end", "dose", "unit"}
ANSWER_FIELDS = {"question", "answer", "by", "role", "stage", "date"}
COMPLETE_FIELDS = {"domain", "since", "until"}
SEXES = {"female": "female", "male": "male", "other": None, "unknown": None}
