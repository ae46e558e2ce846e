"""The empty sheet for a protocol: exactly the columns it needs, and a dictionary that explains them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from protodsl.needs import Need, Needs, limit_words, members
from protodsl.records.sheets.headings import MAIN, Heading
from protodsl.runtime.record_fields import DOMAINS, RESPONSES, SEVERITIES

YES_NO = ("yes", "no")
SEXES = ("female", "male", "other", "unknown")
DATE = "a date: 2024-02-20; 2024-02 or 2024 where no more is known"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, and what the dictionary says of it. `choices`: what may be entered, if that is
    a list."""

    heading: str
    label: str
    enter: str
    choices: tuple[str, ...] = ()
    unit: str = ""
    codes: str = ""
    criteria: str = ""
    window: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to be filled in; `name` is the file's, or the sheet's of a workbook."""

    name: str
    columns: tuple[Column, ...]


def by_participant(needs: Needs) -> list[Sheet]:
    """One sheet with a row for each participant."""
    columns = [*_participant(needs)]
    for domain in DOMAINS:
        for need in needs.of(domain):
            columns += _columns(needs, need)
    return [Sheet("participants", tuple(columns))]


def by_fact(needs: Needs) -> list[Sheet]:
    """A sheet of participants, and one for each kind of fact with a row for each."""
    sheets = [Sheet("participants", tuple(_participant(needs)))]
    for domain in DOMAINS:
        asked = needs.of(domain)
        if asked:
            sheets.append(Sheet(domain, tuple(_fact_columns(needs, domain, asked))))
    return sheets


# ---------------------------------------------------------------- the participant


def _participant(needs: Needs) -> Iterator[Column]:
    yield Column("id", "Participant", "never a name; rows with the same id are one participant")
    if needs.age or any(need.details.get("dose", 0) is None for need in needs.items):
        yield Column("birth_date", "Date of birth", DATE, criteria=", ".join(needs.age))
    if needs.sex:
        yield Column("sex", "Sex", "female or male", SEXES, criteria=", ".join(needs.sex))
    for timepoint in needs.timepoints:
        told = "a whole date, done or planned"
        if timepoint.at is not None:
            told += "; computed where it is left empty"
        yield Column(f"at {timepoint.name}", timepoint.label or timepoint.name, told)
    yield Column("as_of", "Last day the row speaks of", "a whole date; empty: the day of the question")
    if needs.whole:
        told = "those of which everything is recorded here, so that what is not did not happen: " + ", ".join(
            needs.whole
        )
        yield Column("complete", "Recorded completely", told)


# ---------------------------------------------------------------- one row for each participant


def _columns(needs: Needs, need: Need) -> Iterator[Column]:
    main = MAIN[need.domain]
    criteria = ", ".join(need.criteria)
    windows = "; ".join(dict.fromkeys(use.window for use in need.uses if use.window))
    codes = _codes(need)

    def column(field: str, label: str, enter: str, choices: tuple[str, ...] = (), unit: str = "") -> Column:
        heading = str(Heading(field, need.name, 1, unit or None))
        first = field == main
        return Column(
            heading, label, enter, choices, unit, codes if first else "", criteria if first else "",
            windows if first else "", _who(need) if first else "",
        )  # fmt: skip

    match need.domain:
        case "results":
            unit = need.unit.text if need.unit is not None and need.unit.text != "1" else ""
            told = _value_words(need)
            yield column(main, need.label, told, need.values, unit)
            yield column("date", f"{need.label}: date", f"{DATE}; of the sample")
            yield from _details(needs, need, column)
            if "uln" in need.details:
                told = "upper reference limit of this very result, in the same unit"
                extra = limit_words(needs.protocol, need)
                yield column("uln", f"{need.label}: upper limit", f"{told}; {extra}" if extra else told)
            if "lln" in need.details:
                told = "lower reference limit of this very result, in the same unit"
                yield column("low", f"{need.label}: lower limit", told)
        case "conditions":
            told = "yes, or no if it is known not to be there; empty: not known"
            yield column(main, need.label, told, YES_NO)
            yield column("onset", f"{need.label}: onset", DATE)
            yield column("end", f"{need.label}: end", f"{DATE}; or the word ongoing; empty: not known")
            yield from _details(needs, need, column)
        case "medications":
            yield column(main, need.label, "yes, or no if it was never taken; empty: not known", YES_NO)
            yield column("start", f"{need.label}: first day", DATE)
            yield column("end", f"{need.label}: last day", f"{DATE}; or the word ongoing; empty: not known")
            yield from _details(needs, need, column)
        case "procedures":
            yield column(main, need.label, "yes, or no if it was never done; empty: not known", YES_NO)
            yield column("date", f"{need.label}: date", DATE)
            yield from _details(needs, need, column)
            yield column("end", f"{need.label}: last day", f"if it lasted: {DATE}; or the word ongoing")
        case "answers":
            yield column(main, need.text or need.label, "yes or no; empty: not answered", YES_NO)
            yield column("by", "Answered by", "who answers", need.roles)
            yield column("date", "Answered on", DATE)


def _details(needs: Needs, need: Need, column: object) -> Iterator[Column]:
    """Attributes a criterion asks for."""
    assert callable(column)
    if "kind" in need.details:
        names = tuple(dict.fromkeys(members(needs.protocol, need.name)))
        if names:
            yield column("code", f"{need.label}: which", "which one, if that is known", names)
    if "dose" in need.details:
        unit = next(iter(need.dose_units))
        told = "how much on each day of it, alike from its first to its last day; another course, another row"
        yield column("dose", f"{need.label}: dose", told, (), unit)
    if "severity" in need.details:
        yield column("severity", f"{need.label}: severity", "how severe", SEVERITIES)
    if "grade" in need.details:
        yield column("grade", f"{need.label}: grade", "a whole number")
    if "stage" in need.details:
        yield column("stage", f"{need.label}: stage", "as it is named")
    if "route" in need.details:
        yield column("route", f"{need.label}: route", "oral, intravenous, subcutaneous …")
    if "response" in need.details:
        yield column("response", f"{need.label}: response", "how it worked", RESPONSES)
    if "reason" in need.details:
        yield column("reason_stopped", f"{need.label}: why stopped", "a word")


def _value_words(need: Need) -> str:
    if need.values:
        return "one of the words listed"
    if need.unit is not None:
        return "a number; a bound such as <0.2; with another unit behind it if it has one, such as 1.2 mg/dL"
    if need.item is not None and need.item.kind == "finding":
        return "positive, negative, or the word of the report"
    return "a number, or the word of the report"


def _codes(need: Need) -> str:
    return ", ".join(f"{one.system} {one.code}" for one in need.codes)


def _who(need: Need) -> str:
    return " or ".join(need.roles)


# ---------------------------------------------------------------- one row for each fact

_COLUMNS = {
    "results": ("code", "value", "unit", "date", "uln", "low"),
    "conditions": ("code", "present", "onset", "end", "severity", "grade", "stage"),
    "medications": ("code", "present", "start", "end", "dose", "unit", "route", "response", "reason_stopped"),
    "procedures": ("code", "present", "date", "end"),
    "answers": ("question", "answer", "by", "date"),
}
_ASKED = {
    "uln": "uln", "low": "lln", "severity": "severity", "grade": "grade", "stage": "stage", "dose": "dose",
    "route": "route", "response": "response", "reason_stopped": "reason",
}  # fmt: skip
_SAID = {
    "code": "one of the names listed, or a code of a published system, named in a column system",
    "question": "one of the questions listed",
    "present": "yes, or no if it is known not to be, or to have been, there",
    "value": "a number, a bound such as <0.2, or the word of the report",
    "unit": "the unit of the number",
    "onset": DATE,
    "start": DATE,
    "end": f"{DATE}; or the word ongoing; empty: not known",
    "date": DATE,
    "uln": "upper reference limit of this very result, in the same unit",
    "low": "lower reference limit of this very result, in the same unit",
    "severity": "how severe",
    "grade": "a whole number",
    "stage": "as it is named",
    "dose": "how much on each day of it",
    "route": "oral, intravenous, subcutaneous …",
    "response": "how it worked",
    "reason_stopped": "a word",
    "answer": "yes or no; empty: not answered",
    "by": "who answers",
}
_CHOICES = {
    "present": YES_NO, "answer": YES_NO, "severity": SEVERITIES, "response": RESPONSES,
}  # fmt: skip


def _fact_columns(needs: Needs, domain: str, asked: tuple[Need, ...]) -> Iterator[Column]:
    details = {detail for need in asked for detail in need.details}
    yield Column("id", "Participant", "the same as among the participants")
    for name in _COLUMNS[domain]:
        if name in _ASKED and _ASKED[name] not in details:
            continue
        if name == "unit" and domain == "medications" and "dose" not in details:
            continue
        choices = _CHOICES.get(name, ())
        if name in ("code", "question"):
            names = [need.name for need in asked]
            for need in asked:
                if need.item is not None and need.item.is_class:
                    names += [one for one in members(needs.protocol, need.name) if one not in names]
            choices = tuple(names)
        if name == "by":
            choices = tuple(dict.fromkeys(role for need in asked for role in need.roles))
        yield Column(name, name.replace("_", " ").capitalize(), _SAID[name], choices)
