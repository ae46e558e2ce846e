"""Rows of tables → one participant's record, every problem with its row and column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from protodsl.records.codes import CodeMap
from protodsl.records.sheets.headings import FIELDS, MAIN, Heading, heading_of, kind_of_fact
from protodsl.records.sheets.mapping import TableMapping
from protodsl.records.sheets.tables import Table
from protodsl.runtime.attributes import MAX_PROBLEMS, Problem, RecordError
from protodsl.runtime.read import MAX_FACTS, read_record
from protodsl.runtime.record import Record
from protodsl.runtime.units import parse_unit
from protodsl.runtime.values import quote

_YES = {"yes", "true", "y", "1", "x"}
_NO = {"no", "false", "n", "0"}
_FLAGS = ("present", "taken", "done", "answer", "suspected")
_DATES = ("date", "onset", "end", "start", "from")
_NUMBERS = ("value", "uln", "low", "dose")
_COUNTS = ("grade", "line")
_COMMA = re.compile(r"[<>≤≥=\s]*[0-9.]*,[0-9]+(\s.*)?")
_WITH_UNIT = re.compile(r"([<>≤≥]?=?\s*[0-9.,]+)\s+(\S.*)")


@dataclass(slots=True)
class Plan:
    """How the rows of one table are read: what each column says, worked out once."""

    table: Table
    kind: str  # "participants", or the kind of fact in each row
    columns: list[tuple[Heading, ...]]
    always: list[tuple[Heading, str]]
    shared: set[int]  # columns that say something of several facts
    unread: list[str]
    kinds: dict[tuple[str, int], str] = field(default_factory=dict)  # what each fact of a row is


def plan_of(table: Table) -> Plan | str:
    """How a table is read, or why it cannot be."""
    settings = table.settings
    missing = [name for name in settings.columns if name not in table.headings]
    if missing and settings.columns:
        near = ", ".join(quote(one) for one in missing[:3])
        return f"the mapping speaks of the column {near}, which is not there"
    kind = _kind(table)
    if kind is None:
        return (
            "neither participants nor facts: the first row must hold the headings, id among them; a table of "
            "facts is called results, conditions, medications, procedures or answers"
        )
    read = _plain if kind != "participants" else heading_of
    columns: list[tuple[Heading, ...]] = []
    unread: list[str] = []
    for name in table.headings:
        mapped = settings.columns.get(name)
        found: list[Heading] = []
        for one in mapped if mapped is not None else (name,):
            heading = read(one) if one != "ignore" else None
            if heading is not None:
                found.append(heading)
            elif one != "ignore" and mapped is not None:
                return f"the column {quote(name)}: {quote(one)} is no heading of a table of {kind}"
            elif one != "ignore" and name:
                unread.append(name)
        columns.append(tuple(found))
    always = [
        (heading, said) for name, said in settings.always.items() if (heading := read(name)) is not None
    ]
    plan = Plan(table, kind, columns, always, set(), unread)
    plan.shared = {number for number, found in enumerate(columns) if len(found) > 1}
    if not any(one.field == "id" and not one.code for found in columns for one in found):
        return "there is no column id: nobody can tell whose the rows are"
    twice = _twice(plan)
    if twice:
        return f"two columns say {quote(twice)}"
    return _kinds(plan)


def _kind(table: Table) -> str | None:
    """What the rows of a table are: by the mapping, by its name, by its columns."""
    if table.settings.rows is not None:
        return table.settings.rows
    names = {name.lower() for name in table.headings}
    names |= {one for found in table.settings.columns.values() for one in found}
    if table.name.lower() in MAIN and names & {"code", "question"}:
        return table.name.lower()
    if "id" not in names:
        return None
    if "question" in names:
        return "answers"
    if "code" in names:
        return "results" if "value" in names else None
    return "participants"


def _plain(name: str) -> Heading | None:
    """A heading of a table of facts: a field alone."""
    plain = name.lower()
    if plain == "id":
        return Heading("id")
    if plain in ("code", "system", "question"):
        return Heading(plain, " ")
    return Heading(plain, " ") if any(plain in fields for fields in FIELDS.values()) else None


def _twice(plan: Plan) -> str | None:
    seen: set[tuple[Any, ...]] = set()
    for heading in [one for found in plan.columns for one in found]:
        key = (heading.field, heading.code, heading.number)
        if key in seen:
            return str(heading).strip()
        seen.add(key)
    return None


def _kinds(plan: Plan) -> Plan | str:
    fields: dict[tuple[str, int], set[str]] = {}
    headings = [one for found in plan.columns for one in found] + [one for one, _ in plan.always]
    for heading in headings:
        if heading.code and heading.field != "timepoint":
            fields.setdefault(heading.fact, set()).add(heading.field)
    if plan.kind != "participants":
        known = {"code", "system", "question", "present", *FIELDS[plan.kind]} - {"taken", "done"}
        strange = sorted(fields.get((" ", 1), set()) - known)
        if strange:
            return f"a table of {plan.kind} has no column {quote(strange[0])}"
        plan.kinds[" ", 1] = plan.kind
        return plan
    for fact, found in fields.items():
        kind = kind_of_fact(frozenset(found))
        if kind is None:
            told = ", ".join(sorted(found))
            main = quote(f"{fact[0]} value")
            return f"the columns of {quote(fact[0])} ({told}) do not say what it is: add one such as {main}"
        plan.kinds[fact] = kind
    return plan


# ---------------------------------------------------------------- participants


@dataclass(slots=True)
class Person:
    """One participant as the rows tell of them: plain data of a record, and where each part came from."""

    identifier: str
    where: str  # file and row of the first row
    codes: CodeMap
    data: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)  # place in the data: column
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)  # fact: (evidence, where)
    problems: list[Problem] = field(default_factory=list)
    empty: dict[str, int] = field(default_factory=dict)  # rows of facts that say nothing

    def problem(self, place: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(place, message))

    # ------------------------------------------------------------ taking rows in

    def take(self, plan: Plan, number: int, cells: list[str]) -> None:
        """One row of a table."""
        place = f"row {number}"
        said: dict[tuple[str, int], dict[str, tuple[str, Heading, str, bool]]] = {}
        if any(cells[len(plan.columns) :]):
            self.problem(place, "more cells than headings")
            return
        values = [
            (heading, plan.table.headings[index], cells[index], index in plan.shared)
            for index, headings in enumerate(plan.columns[: len(cells)])
            for heading in headings
        ]
        values += [(heading, f"always {heading}", value, True) for heading, value in plan.always]
        for heading, column, cell, shared in values:
            text = self.cell(plan.table.settings, column, cell)
            if text and heading.field == "id":
                continue
            if text and (not heading.code or heading.field == "timepoint"):
                self.about(heading, text, f"{place}, {quote(column)}", plan.table.settings)
            elif text:
                known = said.setdefault(heading.fact, {})
                if heading.field not in known:  # what the row says goes before what is always so
                    known[heading.field] = (text, heading, column, shared)
        for fact, found in said.items():
            self.fact(plan, number, fact, found)

    def cell(self, settings: TableMapping, column: str, cell: str) -> str:
        """The text of a cell in our words; empty where nothing is recorded."""
        if not cell or cell in settings.missing:
            return ""
        for words in (settings.words.get(column), settings.words.get("")):
            if words and cell in words:
                return words[cell]
        return cell

    def about(self, heading: Heading, text: str, place: str, settings: TableMapping) -> None:
        """Something of the participant: it may be said in several rows, as long as they agree."""
        if heading.field in ("timepoint", "birth_date", "death_date", "as_of"):
            text = self.date(text, settings, place)
        if heading.field == "timepoint":
            holder, key = self.data.setdefault("timepoints", {}), heading.code
        else:
            holder, key = self.data, heading.field
        value: Any = text
        if heading.field == "complete":
            value = [word.strip() for word in re.split("[,;]", text) if word.strip()]
        if heading.field == "sex":
            value = {"f": "female", "m": "male"}.get(text.lower(), text.lower())
        self.origin.setdefault(f"timepoints/{key}" if heading.field == "timepoint" else heading.field, place)
        if holder.setdefault(key, value) != value:
            self.problem(place, "another row of this participant says something else")

    def fact(
        self, plan: Plan, number: int, fact: tuple[str, int], said: dict[str, tuple[str, Heading, str, bool]]
    ) -> None:
        kind = plan.kinds[fact]
        main = MAIN[kind] if plan.kind == "participants" or kind in ("results", "answers") else "present"
        here = plan.table.where.rpartition("/")[2]
        evidence = f"{here}:{number}" + (f" {fact[0]}" if plan.kind == "participants" else "")
        if main not in said:
            own = [column for _, _, column, shared in said.values() if not shared]
            asked = any(one.field == main and one.fact == fact for found in plan.columns for one in found)
            if kind in ("results", "answers"):  # a date or a limit alone: nothing was measured, or answered
                if plan.kind != "participants":
                    self.empty[plan.kind] = self.empty.get(plan.kind, 0) + 1
                return
            if not own:
                return
            if asked and plan.kind == "participants":
                told = (
                    f"is filled in, but the column {quote(f'{fact[0]} {main}')} is empty; say yes or no there"
                )
                self.problem(f"row {number}, {quote(own[0])}", told)
                return
        made: dict[str, Any] = {}
        if kind != "answers":
            made["code"] = fact[0]
        elif plan.kind == "participants":
            made["question"] = fact[0]
        index = len(self.data.setdefault(kind, []))
        if index >= MAX_FACTS:
            return
        where = f"{kind}/{index}"
        for name, (text, heading, column, _) in said.items():
            place = f"row {number}, {quote(column)}"
            key = {"taken": "present", "done": "present"}.get(name, name)
            self.origin[f"{where}/{key}"] = place
            self.put(made, key, text, heading, plan.table.settings, place)
        if plan.kind != "participants":
            self.coded(made, kind, number)
        elif kind != "answers" and "code" in made:
            self.mapped(made, "")
        if made.get("present") is True:
            del made["present"]
        if kind == "procedures" and "present" not in made:
            made.pop("from", None)
        self.data[kind].append(made)
        self.rows[where] = (evidence, f"row {number} {fact[0]}".rstrip())

    def put(
        self, made: dict[str, Any], key: str, text: str, heading: Heading, settings: TableMapping, place: str
    ) -> None:
        """One field of a fact."""
        if key in _FLAGS:
            word = text.lower()
            if word not in _YES | _NO:
                self.problem(place, "yes or no is expected here")
            made[key] = word in _YES
        elif key in _DATES:
            ends = key == "end" and text.lower() == "ongoing"
            made[key] = None if ends else self.date(text, settings, place)
        elif key in _NUMBERS:
            number, unit = self.number(text, settings, place, with_unit=key in ("value", "dose"))
            made[key] = number
            unit = unit or heading.unit
            if unit and key in ("value", "dose") and "unit" not in made:
                made["unit"] = unit
        elif key == "unit":
            made["unit"] = text
        elif key in _COUNTS:
            made[key] = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
        elif key in ("severity", "response", "per"):
            made[key] = "_".join(text.lower().replace("-", " ").split())
        else:
            made[key] = text

    def coded(self, made: dict[str, Any], kind: str, number: int) -> None:
        """The code of a fact in a table of facts: a name, or a system and its code."""
        system = made.pop("system", None)
        if kind == "answers":
            if not made.get("question"):
                self.problem(f"row {number}", "the column question is empty: nobody can tell what was asked")
            return
        code = made.get("code")
        if code == " ":
            made["code"] = None
            self.problem(f"row {number}", "the column code is empty: nobody can tell what this is")
        elif system:
            self.mapped(made, str(system))
        else:
            self.mapped(made, "")

    def mapped(self, made: dict[str, Any], system: str) -> None:
        code = str(made["code"])
        stands = self.codes.of(system.lower(), code) if self.codes else ()
        named = next((target for known, target in stands if known is None), None)
        if named is not None:
            made["code"] = named
        elif stands:
            own = [{"system": system, "code": code}] if system else []
            made["code"] = [*({"system": known, "code": target} for known, target in stands), *own]
        elif system:
            made["code"] = {"system": system, "code": code}

    # ------------------------------------------------------------ cells

    def date(self, text: str, settings: TableMapping, place: str) -> str:
        """A date as records write it. What has another form is left as it is, and refused later."""
        found = settings.dates.fullmatch(text) if settings.dates is not None else None
        if found is None:
            return text
        return f"{found['y']}-{int(found['m']):02}-{int(found['d']):02}"

    def number(
        self, text: str, settings: TableMapping, place: str, *, with_unit: bool
    ) -> tuple[str, str | None]:
        """A number as records write it, and the unit that stands behind it in the cell."""
        unit: str | None = None
        found = _WITH_UNIT.fullmatch(text) if with_unit else None
        if found is not None and parse_unit(found[2]) is not None:
            text, unit = found[1], found[2]
        if settings.decimal == ",":
            if _COMMA.fullmatch(text) and "." not in text:
                text = text.replace(",", ".")
            elif re.fullmatch(r"[<>≤≥=\s]*[0-9]+\.[0-9.,]+", text):
                self.problem(place, f"{quote(text)}: with decimal commas a point has no place in a number")
        elif _COMMA.fullmatch(text):
            told = f'{quote(text)} is written with a comma; say decimal = "," in a mapping'
            self.problem(place, told)
        return text, unit

    # ------------------------------------------------------------ the record

    def record(self) -> Record:
        """The record of all rows. Raises RecordError, each place named by row and column."""
        problems = list(self.problems)
        record: Record | None = None
        try:
            record = read_record({"id": self.identifier, **self.data})
        except RecordError as error:
            named = {one.place for one in problems}
            found = [_private(one, self.place(one.place)) for one in error.problems]
            problems += [one for one in found if one.place not in named]
        if record is None or problems:
            raise RecordError(problems)
        for kind in MAIN:
            for fact in getattr(record, kind):
                fact.where = self.rows[fact.where][0]
        return record

    def place(self, place: str) -> str:
        """The row and column of a place in the data."""
        if place in self.origin:
            return self.origin[place]
        parts = place.split("/")
        for size in range(len(parts), 0, -1):
            above = "/".join(parts[:size])
            if above in self.origin:
                return self.origin[above]
            if above in self.rows:
                return self.rows[above][1]
        return place


def _private(problem: Problem, place: str) -> Problem:
    """A problem by row and column, which does not repeat a participant's own date of birth or death."""
    hidden = problem.place in ("birth_date", "death_date") and "is no date" in problem.message
    return Problem(place, "is no date; write 2024-02-20, 2024-02 or 2024" if hidden else problem.message)
