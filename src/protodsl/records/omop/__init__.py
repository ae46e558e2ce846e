"""OMOP Common Data Model 5.4 as patient records: a folder of CSV tables, as exported, or of Parquet files; a
DuckDB file; a PostgreSQL database.

The meaning of tables and fields: https://ohdsi.github.io/CommonDataModel/cdm54.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protodsl.records.json import Entry
from protodsl.records.omop.csvs import Broken, Row, Unreadable
from protodsl.records.omop.person import Person
from protodsl.records.omop.stores import DATABASES, PERSON, is_database
from protodsl.records.omop.tables import Tables, Vocabulary
from protodsl.records.parts import Entries, Piece, Told, Watch, refused, unwatched
from protodsl.records.site import Site
from protodsl.runtime.attributes import Problem, RecordError

__all__ = ["DATABASES", "PERSON", "is_database", "omop_parts"]


@dataclass(frozen=True, slots=True)
class PersonRows:
    """One person's rows, each fact's as JSON."""

    where: str
    person: Row
    facts: list[tuple[str, str]]

    @property
    def size(self) -> int:
        return 1024 + sum(len(row) for _, row in self.facts)

    def entries(self, sites: Sequence[Site], shared: Vocabulary) -> Iterator[Entries]:
        """Tables say nothing of studies: all sites see the same."""
        reader = Person(shared, self.person["person_id"], sites[0])
        try:
            entry = Entry(self.where, reader.read(self.person, self.facts), notes=reader.notes.lines())
        except RecordError as error:
            entry = Entry(self.where, None, error.problems)
        yield (entry,) * len(sites)


def omop_parts(path: str, watch: Watch = unwatched) -> Iterator[Piece]:
    """The persons of OMOP tables, in the order of `person`."""
    try:
        with Tables(path, watch) as tables:
            yield from _persons(tables)
    except Unreadable as wrong:
        yield Piece(Told(refused(wrong.where, wrong.message)))
    except sqlite3.Error as error:  # the temporary file: no room, most likely
        yield Piece(Told(refused(path, f"the tables cannot be sorted: {error}")))


def _persons(tables: Tables) -> Iterator[Piece]:
    tables.load()
    known, total = tables.known, tables.counted()
    place = tables.store.tables["person"]
    seen: set[str] = set()

    def noted(note: str) -> Piece:
        return Piece(Told(Entry(tables.where, None, notes=(note,))), known, reached=0)

    if tables.missing:
        yield noted(f"tables not there: {', '.join(tables.missing)}")
    if "concept" not in tables.store.tables:
        yield noted("no table concept: its numbers have no published codes")
    for number, one in enumerate(tables.persons(), 1):
        if isinstance(one, Broken):
            entry = refused(tables.where, f"{one.place}: {one.message}")
            yield Piece(Told(entry), known, reached=number / total)
            continue
        person, facts = one
        identifier = person["person_id"]
        where = f"{place}: person/{identifier}"
        if identifier in seen:
            continue
        seen.add(identifier)
        wrong = [
            Problem(at, f"{message}; the row may be this person's")
            for at, message in tables.damaged(identifier)
        ]
        if identifier in tables.twice:
            wrong.append(Problem("person_id", "stands twice in the table, with different data"))
        if wrong:
            yield Piece(Told(Entry(where, None, tuple(wrong))), known, reached=number / total)
        else:
            yield Piece(PersonRows(where, person, facts), known, reached=number / total)
    if tables.cut_off is not None:
        raise tables.cut_off
    strangers = tables.database.execute("SELECT person, count(*) FROM fact GROUP BY person ORDER BY person")
    for identifier, count in strangers.fetchall():
        if identifier not in seen:
            told = f"{count} rows are of person {identifier}, who is not in the table person"
            stranger = Entry(tables.where, None, (Problem(f"person/{identifier}"[:100], told),))
            yield Piece(Told(stranger), known)
