"""OMOP Common Data Model 5.4 as patient records: a folder of CSV tables, as exported, or of Parquet files; a
DuckDB file; a PostgreSQL database.

The meaning of tables and fields: https://ohdsi.github.io/CommonDataModel/cdm54.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from protodsl.records.json import Entry
from protodsl.records.omop.person import Person
from protodsl.records.omop.stores import DATABASES, PERSON, Unreadable, is_database
from protodsl.records.omop.tables import Tables
from protodsl.records.site import NO_SITE, Site
from protodsl.runtime.attributes import Problem, RecordError

__all__ = ["DATABASES", "PERSON", "is_database", "read_omop"]


def read_omop(path: str, site: Site = NO_SITE) -> Iterator[Entry]:
    """The persons of OMOP tables, in the order of `person`."""
    try:
        with Tables(path) as tables:
            yield from _persons(tables, site)
    except Unreadable as wrong:
        yield Entry(wrong.where, None, (Problem("", wrong.message),))
    except sqlite3.Error as error:  # the temporary file: no room, most likely
        yield Entry(path, None, (Problem("", f"the tables cannot be sorted: {error}"),))


def _persons(tables: Tables, site: Site) -> Iterator[Entry]:
    tables.load()
    place = tables.store.tables["person"]
    seen: set[str] = set()
    if tables.missing:
        yield Entry(tables.where, None, notes=(f"tables not there: {', '.join(tables.missing)}",))
    if "concept" not in tables.store.tables:
        yield Entry(tables.where, None, notes=("no table concept: its numbers have no published codes",))
    for person in tables.table("person", ("person_id",)):
        identifier = person["person_id"]
        where = f"{place}: person/{identifier}"
        if identifier in seen:
            yield Entry(where, None, (Problem("person_id", "stands twice in the table"),))
            continue
        seen.add(identifier)
        reader = Person(tables, identifier, site)
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
            yield Entry(tables.where, None, (Problem(f"person/{identifier}"[:100], told),))
