"""OMOP Common Data Model 5.4 as patient records: a folder of CSV tables, as exported, or of Parquet files.

The meaning of tables and fields: https://ohdsi.github.io/CommonDataModel/cdm54.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from protodsl.records.json import Entry
from protodsl.records.omop.person import Person
from protodsl.records.omop.tables import PERSON, Tables, Unreadable
from protodsl.runtime.attributes import Problem, RecordError

__all__ = ["PERSON", "read_omop"]


def read_omop(folder: str) -> Iterator[Entry]:
    """The persons of a folder of OMOP tables, in the order of `person`."""
    try:
        with Tables(folder) as tables:
            yield from _persons(tables)
    except Unreadable as wrong:
        yield Entry(wrong.where, None, (Problem("", wrong.message),))
    except sqlite3.Error as error:  # the temporary file: no room, most likely
        yield Entry(folder, None, (Problem("", f"the tables cannot be sorted: {error}"),))


def _persons(tables: Tables) -> Iterator[Entry]:
    tables.load()
    path = tables.paths["person"]
    seen: set[str] = set()
    if tables.missing:
        yield Entry(tables.folder, None, notes=(f"tables not there: {', '.join(tables.missing)}",))
    if "concept" not in tables.paths:
        yield Entry(tables.folder, None, notes=("no table concept: its numbers have no published codes",))
    for person in tables.table("person", ("person_id",)):
        identifier = person["person_id"]
        where = f"{path}: person/{identifier}"
        if identifier in seen:
            yield Entry(where, None, (Problem("person_id", "stands twice in the table"),))
            continue
        seen.add(identifier)
        reader = Person(tables, identifier)
        try:
            record = reader.read(person)
        except RecordError as error:
            yield Entry(where, None, error.problems)
            continue
        yield Entry(where, record, notes=reader.notes.lines())
    strangers = tables.database.execute("SELECT person, count(*) FROM fact GROUP BY person ORDER BY person")
    for identifier, count in strangers.fetchall():
        if identifier not in seen:
            told = f"{count} rows are of person {identifier}, who is not in the table person"
            yield Entry(tables.folder, None, (Problem(f"person/{identifier}"[:100], told),))
