"""Synthetic participants around every boundary of a protocol, as tables of facts.

Not a model of any disease: what is recorded of one thing does not depend on another. They are there to try
a protocol, its statement and its report at size.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from protodsl import ir
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.engine import DataError
from protodsl.cohort.simulate import tables
from protodsl.cohort.simulate.archetypes import Archetype, archetype

WAYS = 6  # archetypes
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
    Raises DataError where they cannot be written.
    """
    if os.path.exists(folder):
        raise DataError(f"{folder} exists already; give another folder, or remove it")
    working = f"{folder.rstrip('/')}.simulating"
    try:
        with duck.failures(working):
            duck.begin(working)
            with duck.connect(memory, threads) as connection:
                connection.execute("SET preserve_insertion_order = true")
                facts = _write(connection, protocol, count, seed, working, progress)
            made = Simulated(count, facts, seed)
            said = {"version": duck.VERSION, **made.to_dict(), "simulated_from": protocol.id, "refused": 0}
            duck.finish(working, folder, said)
    finally:
        shutil.rmtree(working, ignore_errors=True)
    return made


def _write(
    connection: Any,
    protocol: ir.Protocol,
    count: int,
    seed: int,
    working: str,
    progress: Callable[[int], None],
) -> int:
    rows = tables.begin(connection, ways(protocol, seed))
    facts = 0
    for part, first in enumerate(range(0, max(count, 1), CHUNK), start=1):
        tables.chunk(connection, seed, WAYS, first + 1, min(CHUNK, count - first))
        for table in TABLES:
            path = duck.quoted(os.path.join(working, table.name, duck.part(part)))
            if table.name == "concepts":
                if part == 1:
                    with duck.Written(table, rows.tables["concepts"]) as source:
                        connection.execute(f"COPY (SELECT * FROM {source}) TO {path} (FORMAT parquet)")
                continue
            made = connection.execute(
                f"COPY ({tables.query(table)}) TO {path} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchone()
            facts += made[0] if made is not None and table.name != "participants" else 0
        progress(min(first + CHUNK, count))
    return facts


def ways(protocol: ir.Protocol, seed: int) -> Iterator[Archetype]:
    """Archetypes on which everybody can be eligible, as far as such are found."""
    for number in range(WAYS):
        found: Archetype | None = None
        for attempt in range(TRIES):
            found = archetype(protocol, f"{seed}/{number}/{attempt}", number)
            if found.eligible:
                break
        assert found is not None
        yield found
