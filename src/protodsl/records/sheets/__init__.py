"""Sheets (CSV, Excel) as patient records: a row for each participant, or for each fact.

Headings say what a column holds (`headings`); a mapping file brings other headings, words, dates and codes to
those (`mapping`). Rows with one id are one participant, wherever they stand, so the tables of a file or a
folder are read whole before the first participant is there; a file larger than `tables.MAX_BYTES` is refused.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from protodsl.records.json import Entry
from protodsl.records.sheets.headings import Heading
from protodsl.records.sheets.mapping import Mapping, MappingError, read_mapping
from protodsl.records.sheets.people import Person, plan_of
from protodsl.records.sheets.tables import DICTIONARY, ENDINGS, Broken, Table, Unreadable, tables_of
from protodsl.runtime.attributes import Problem, RecordError
from protodsl.runtime.values import quote

__all__ = ["DICTIONARY", "ENDINGS", "Mapping", "MappingError", "read_mapping", "read_sheets", "sheets_in"]


def read_sheets(paths: list[str], mapping: Mapping | None = None) -> Iterator[Entry]:
    """The participants of tables that belong together, in the order in which they are first met."""
    people: dict[str, Person] = {}
    mapping = mapping or Mapping()
    found = 0
    unread: list[str] = []  # tables that may hold rows of anybody
    for path in paths:
        try:
            for table in tables_of(path, mapping):
                if table.name.lower().endswith(DICTIONARY):
                    continue
                found += 1
                yield from _table(table, mapping, people, unread)
        except Unreadable as wrong:
            found += 1
            unread.append(wrong.where)
            yield Entry(wrong.where, None, (Problem("", wrong.message),))
    if paths and not found:
        yield Entry(paths[0], None, (Problem("", "holds no table of participants or facts"),))
    for person in people.values():
        for where in unread:
            person.problem(
                os.path.basename(where), "was not wholly read, and may say more of this participant"
            )
        try:
            record = person.record()
        except RecordError as error:
            problems = tuple(Problem(f"{person.identifier}: {place}", told) for place, told in error.problems)
            yield Entry(person.where, None, problems)
            continue
        notes = tuple(
            f"{count} rows of {kind} hold no value, left out" for kind, count in person.empty.items()
        )
        yield Entry(person.where, record, notes=notes)


def _table(table: Table, mapping: Mapping, people: dict[str, Person], unread: list[str]) -> Iterator[Entry]:
    """The rows of a table, given to the participants they are of; yields what belongs to nobody, and so may
    be anybody's: then the table is one of those `unread`.
    """
    if not table.headings:
        yield Entry(table.where, None, notes=("an empty table",))
        return
    plan = plan_of(table)
    if isinstance(plan, str):
        raise Unreadable(table.where, plan)
    if plan.unread:
        named = ", ".join(quote(name) for name in plan.unread[:5])
        more = f", and {len(plan.unread) - 5} more" if len(plan.unread) > 5 else ""
        yield Entry(
            table.where, None, notes=(f"columns not read, as their headings say nothing: {named}{more}",)
        )
    place = next(
        index for index, found in enumerate(plan.columns) if any(one == Heading("id") for one in found)
    )
    rows = 0
    for row in table.rows:
        if isinstance(row, Broken):
            if place >= len(row.cells) or not row.cells[place]:
                told = f"row {row.number}: {row.message}; nobody can tell whose row it is"
                raise Unreadable(table.where, told)
            who = row.cells[place]
            person = people.get(who)
            if person is None:
                person = people[who] = Person(who, f"{table.where}:{row.number}", mapping.codes)
            person.problem(f"row {row.number}", row.message)
            continue
        number, cells = row
        if not any(cells):
            continue
        rows += 1
        identifier = cells[place] if place < len(cells) else ""
        if not identifier or identifier in table.settings.missing:
            if table.where not in unread and any(map(_both, cells, plan.columns)):
                unread.append(table.where)
            yield Entry(
                f"{table.where}:{number}", None, (Problem("id", "is empty: nobody can tell whose row it is"),)
            )
            continue
        person = people.get(identifier)
        if person is None:
            person = people[identifier] = Person(identifier, f"{table.where}:{number}", mapping.codes)
        person.take(plan, number, cells)
    if not rows:
        yield Entry(table.where, None, notes=("a table without rows",))


def _both(cell: str, column: object) -> bool:
    """Whether a cell is filled in, in a column that is understood."""
    return bool(cell and column)


def sheets_in(folder: str) -> list[str]:
    """The tables of a folder, the participants' first, then by name; of links only those that stay in it."""
    root = os.path.realpath(folder)
    found = []
    for name in sorted(
        os.listdir(folder), key=lambda one: (not one.lower().startswith("participants."), one)
    ):
        path = os.path.join(folder, name)
        stem, ending = os.path.splitext(name.lower())
        inside = os.path.commonpath((root, os.path.realpath(path))) == root
        if (
            ending in ENDINGS
            and not stem.endswith(DICTIONARY)
            and not name.startswith((".", "~$"))
            and inside
        ):
            found.append(path)
    return found
