"""Synthetic participants around every boundary of a protocol, as tables of facts.

Not a model of any disease: what is recorded of one thing does not depend on another. They are there to try
a protocol, its statement and its report at size.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from protodsl import __version__, ir
from protodsl.backends.sql.tables import TABLES, Table
from protodsl.cohort import duck
from protodsl.cohort.engine import DataError
from protodsl.cohort.rows import Rows
from protodsl.cohort.simulate import tables
from protodsl.cohort.simulate.archetypes import search
from protodsl.cohort.simulate.search import Archetype, Place

WAYS = 6  # archetypes, or as many as there are cohorts
MOST = 24  # archetypes
TRIES = 3  # at finding a way on which everything is met
CHUNK = 50_000  # participants at a time


@dataclass(frozen=True, slots=True)
class Simulated:
    participants: int
    facts: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        return {"participants": self.participants, "facts": self.facts, "seed": self.seed}


def simulate(
    protocol: ir.Protocol,
    count: int,
    seed: int,
    folder: str,
    *,
    progress: Callable[[int], None] = lambda _: None,
    memory: str | None = None,
    threads: int | None = None,
) -> Simulated:
    """Tables of so many participants in `folder`, written whole or not at all; the same for the same seed.
    What an interrupted run for the same had written is used. Raises DataError where they cannot be written.
    """
    if os.path.exists(folder):
        raise DataError(f"{folder} exists already; give another folder, or remove it")
    working = f"{folder.rstrip('/')}.simulating"
    with duck.failures(working), duck.connect(memory, threads) as connection:
        connection.execute("SET preserve_insertion_order = true")
        facts = _write(connection, protocol, count, seed, working, progress)
        made = Simulated(count, facts, seed)
        said = {"version": duck.VERSION, **made.to_dict(), "simulated_from": protocol.id, "refused": 0}
        duck.finish(working, folder, said)
    return made


def _write(
    connection: Any,
    protocol: ir.Protocol,
    count: int,
    seed: int,
    working: str,
    progress: Callable[[int], None],
) -> int:
    """A part of each table for so many participants, then a note of it; how many facts there are."""
    import duckdb

    told = repr((protocol, count, seed, CHUNK, __version__, duckdb.__version__))
    mark = hashlib.sha256(told.encode()).hexdigest()
    done = duck.noted(working)
    if done is None or done.get("mark") != mark:
        duck.begin(working)
        done = {"mark": mark, "parts": 0, "facts": 0}
    found, against = ways(protocol, seed)
    rows = tables.begin(connection, (*found, *against))
    for part, first in enumerate(range(0, max(count, 1), CHUNK), start=1):
        if part > done["parts"]:
            tables.chunk(connection, seed, (len(found), len(against)), first + 1, min(CHUNK, count - first))
            done["facts"] += sum(_part(connection, rows, working, table, part) for table in TABLES)
            done["parts"] = part
            duck.note(working, done)
        progress(min(first + CHUNK, count))
    return int(done["facts"])


def _part(connection: Any, rows: Rows, working: str, table: Table, part: int) -> int:
    """How many facts it holds."""
    path = duck.quoted(os.path.join(working, table.name, duck.part(part)))
    if table.name == "concepts":
        if part == 1:
            with duck.Written(table, rows.tables["concepts"]) as source:
                connection.execute(f"COPY (SELECT * FROM {source}) TO {path} (FORMAT parquet)")
        return 0
    made = connection.execute(
        f"COPY ({tables.query(table)}) TO {path} (FORMAT parquet, COMPRESSION zstd)"
    ).fetchone()
    return int(made[0]) if made is not None and table.name != "participants" else 0


def ways(protocol: ir.Protocol, seed: int) -> tuple[tuple[Archetype, ...], tuple[Archetype, ...]]:
    """Archetypes on which everybody can be eligible, as far as such are found; then some on which those
    criteria fail that it takes several things to fail.
    """
    cohorts = max((len(stage.cohorts) for stage in protocol.stages), default=0)
    found: list[Archetype] = []
    against: list[Archetype] = []
    looked = set[Place]()
    for number in range(max(WAYS, min(cohorts, MOST))):
        for attempt in range(TRIES):
            searched = search(protocol, f"{seed}/{number}/{attempt}", number)
            made = searched.archetype()
            if made.eligible:
                break
        found.append(made)
        if number < max(cohorts, 1):
            left = frozenset(searched.unmoved(made, looked))
            looked |= {(stage, each) for stage, relevant in searched.relevant.items() for each in relevant}
            if left:
                against.append(search(protocol, f"{seed}/{number}/against", number, left).only())
    return tuple(found), tuple(against)
