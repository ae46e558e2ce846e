"""What the heading of a column says: part of a participant, or one attribute of one fact.

    id   birth_date   sex   as_of   complete   at screening
    alt value [U/L]   alt date   alt uln   prednisone #2 start   informed_consent answer

A fact's heading is its code, then the field; the first field of a kind of fact says that there is one. The
unit in brackets is that of the whole column. `#2` is the second fact with that code. Templates write these
headings, the reader understands them, and a mapping file brings other headings to them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# kind of fact: the field whose column says that there is such a fact
MAIN = {
    "results": "value",
    "conditions": "present",
    "medications": "taken",
    "procedures": "done",
    "answers": "answer",
}
FIELDS = {
    "results": ("value", "unit", "date", "time", "uln", "low", "side", "method", "code"),
    "conditions": (
        "present", "onset", "end", "suspected", "severity", "grade", "stage", "side", "from", "date", "code",
    ),
    "medications": (
        "taken", "start", "end", "dose", "unit", "per", "route", "response", "line", "reason_stopped", "from",
        "date", "code",
    ),
    "procedures": ("done", "date", "end", "from", "code"),
    "answers": ("answer", "by", "role", "date", "stage"),
}  # fmt: skip
PARTICIPANT = ("id", "birth_date", "death_date", "sex", "as_of", "complete")
WITH_UNIT = ("value", "dose")
_WORDS = frozenset(field for fields in FIELDS.values() for field in fields)
_HEADING = re.compile(r"(?P<code>.+?)(?: #(?P<number>[1-9][0-9]?))? (?P<field>[a-z_]+)(?: \[(?P<unit>.+)\])?")


class Heading(NamedTuple):
    """`field` alone: of the participant, `timepoint` with the name in `code`; else of the fact `code`."""

    field: str
    code: str = ""
    number: int = 1
    unit: str | None = None

    @property
    def fact(self) -> tuple[str, int]:
        return self.code, self.number

    def __str__(self) -> str:
        if self.field == "timepoint":
            return f"at {self.code}"
        if not self.code:
            return self.field
        number = f" #{self.number}" if self.number > 1 else ""
        unit = f" [{self.unit}]" if self.unit else ""
        return f"{self.code}{number} {self.field}{unit}"


def heading_of(text: str) -> Heading | None:
    """What a heading says; None where it says nothing we know. Case counts only in codes and units."""
    words = " ".join(text.split()).removeprefix("'")
    if words.lower() in PARTICIPANT:
        return Heading(words.lower())
    if words.lower().startswith("at ") and len(words) > 3:
        return Heading("timepoint", words[3:])
    found = _HEADING.fullmatch(words)
    if found is None or found["field"] not in _WORDS:
        return None
    if found["unit"] and found["field"] not in WITH_UNIT:
        return None
    return Heading(found["field"], found["code"], int(found["number"] or 1), found["unit"])


def kind_of_fact(fields: frozenset[str]) -> str | None:
    """The kind of fact with these fields: the one whose first field is there, else the only one they fit."""
    named = [kind for kind, main in MAIN.items() if main in fields]
    fitting = named or [kind for kind, known in FIELDS.items() if fields <= set(known)]
    return fitting[0] if len(fitting) == 1 and fields <= set(FIELDS[fitting[0]]) else None
