"""Loading records into tables of facts: streamed, whole or not at all, and able to go on where it stopped.

Everything is written into `DIR.loading` first: a part of each table for every so many facts, and after each
part how far the reading has come. Only when all is read does the folder get its name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.engine import DataError
from protodsl.cohort.rows import Rows
from protodsl.records.json import Entry

FACTS = 1_000_000  # in one part
PEOPLE = 100_000


@dataclass(slots=True)
class Loaded:
    """What was loaded. `refused`: records that could not be read, and are not in the tables."""

    participants: int = 0
    facts: int = 0
    refused: int = 0
    rounded: int = 0
    unusable: int = 0
    parts: int = 0
    read: int = 0  # entries, refused ones too
    concepts: list[tuple[str | None, str | None, list[list[str]], bool]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": duck.VERSION,
            "participants": self.participants,
            "facts": self.facts,
            "refused": self.refused,
            "rounded_numbers": self.rounded,
            "limits_not_kept": self.unusable,
        }


def load(
    entries: Iterable[Entry],
    folder: str,
    *,
    inputs: list[str],
    refused: Callable[[Entry], None],
    facts: int = FACTS,
) -> Loaded:
    """Reads the entries into tables in `folder`. `inputs` names what is read: an interrupted load goes on
    only with the same. Raises DataError where the folder cannot be written.
    """
    if os.path.exists(folder):
        raise DataError(f"{folder} exists already; give another folder, or remove it")
    working = f"{folder.rstrip('/')}.loading"
    with duck.failures(working):
        done, rows = _begin(working, inputs)
        connection = duck.connect()
        for entry in _after(entries, done.read):
            done.read += 1
            if entry.record is None:
                if entry.problems:
                    done.refused += 1
                    refused(entry)
                continue
            done.participants += 1
            rows.add(done.participants, entry.record)
            if _facts(rows) >= facts or len(rows.tables["participants"]) >= PEOPLE:
                _write(connection, working, rows, done, inputs)
        _write(connection, working, rows, done, inputs)
        duck.finish(working, folder, done.to_dict())
    return done


def _after(entries: Iterable[Entry], count: int) -> Iterator[Entry]:
    for number, entry in enumerate(entries):
        if number >= count:
            yield entry


def _facts(rows: Rows) -> int:
    return sum(map(len, rows.tables.values()))


def _begin(working: str, inputs: list[str]) -> tuple[Loaded, Rows]:
    """What an interrupted load had done, or nothing."""
    rows = Rows()
    found = duck.noted(working)
    if found is not None and found.pop("inputs", None) == inputs:
        done = Loaded(**found)
        from protodsl.runtime.record import Coded

        for system, code, also, suspected in done.concepts:
            coded = Coded(system, code, tuple((one, other) for one, other in also), suspected)
            rows.concepts[coded] = len(rows.concepts) + 1
        for table in TABLES:  # a part written after what was noted is written again
            for name in os.listdir(os.path.join(working, table.name)):
                if name > duck.part(done.parts):
                    os.unlink(os.path.join(working, table.name, name))
        return done, rows
    duck.begin(working)
    return Loaded(), rows


def _write(connection: Any, working: str, rows: Rows, done: Loaded, inputs: list[str]) -> None:
    """A part of each table, then how far the reading has come."""
    done.parts += 1
    done.facts += sum(
        len(found) for name, found in rows.tables.items() if name not in ("participants", "concepts")
    )
    done.rounded += rows.rounded
    done.unusable += rows.unusable
    done.concepts += [
        (coded.system, coded.code, [list(each) for each in coded.also], coded.suspected)
        for coded in list(rows.concepts)[len(done.concepts) :]
    ]
    for table in TABLES:
        if rows.tables[table.name] or done.parts == 1:
            path = os.path.join(working, table.name, duck.part(done.parts))
            with duck.Written(table, rows.tables[table.name]) as source:
                connection.execute(
                    f"COPY (SELECT * FROM {source}) TO {duck.quoted(path)} (FORMAT parquet, COMPRESSION zstd)"
                )
        rows.tables[table.name].clear()
    rows.rounded = rows.unusable = 0
    told = {name: getattr(done, name) for name in Loaded.__dataclass_fields__}
    duck.note(working, {"inputs": inputs, **told})
