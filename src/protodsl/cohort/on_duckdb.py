"""Cohorts on DuckDB: a protocol's statement run over tables of facts, some participants at a time.

A chunk's answers are one Parquet file, which gets its name when it is whole. So memory stays flat, and a run
that was killed goes on after the last such file. Several questions are asked of a copy of the chunk's facts,
which is in memory; a single one is asked of the files, which costs less than the copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from protodsl.backends import sql
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.duck import quoted
from protodsl.cohort.engine import Answered, Progress, joined

if TYPE_CHECKING:
    import duckdb

FACTS, PEOPLE = 10_000_000, 200_000  # at a time, at most: planning costs the same for few as for many


class DuckDB:
    """The tables of `folder`. Parts go to `working`, and what an earlier run with the same questions and
    tables left there is used. `connection` is this engine's alone. `chunk`: participants at a time; by
    default as many as have some ten million facts, and no more than 200,000.
    """

    dialect: sql.Dialect = "duckdb"

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: str, working: str, chunk: int | None = None
    ) -> None:
        self.connection, self.folder, self.working = connection, folder, working
        connection.execute("CREATE SCHEMA whole")
        connection.execute("SET schema = 'whole'")
        self.manifest: dict[str, Any] = duck.attach(connection, folder)
        people, facts = self.manifest["participants"], self.manifest["facts"]
        self.chunk = chunk or min(PEOPLE, max(1, FACTS * people // max(1, facts)))
        self.source = f"read_parquet({quoted(os.path.join(working, 'part-*.parquet'))})"

    def lexicon(self) -> sql.Lexicon:
        with duck.failures(self.working, self.folder):
            return duck.lexicon(self.connection)

    def answer(self, answers: Sequence[Answered], groups: str, progress: Progress) -> int:
        connection = self.connection
        with duck.failures(self.working, self.folder):
            ranges = connection.execute(
                "SELECT min(participant), max(participant), count(*) FROM (SELECT participant, "
                f"(row_number() OVER (ORDER BY participant) - 1) // {self.chunk} AS part FROM participants) "
                "GROUP BY part ORDER BY part"
            ).fetchall()
            connection.execute("SET schema = 'main'")
            self._begin(self._mark(answers, ranges))
            connection.execute(f"SET temp_directory = {quoted(os.path.join(self.working, 'spill'))}")
            total = sum(row[2] for row in ranges)
            done = 0
            for number, (first, last, count) in enumerate(ranges, start=1):
                path = os.path.join(self.working, duck.part(number))
                if not os.path.exists(path):
                    self._part(answers, groups, first, last, path)
                done += count
                progress(f"{done:,} of {total:,} participants")
        return int(total)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duck.failures(self.working, self.working):
            return self.connection.execute(query.replace("{source}", self.source)).fetchall()

    def write(self, columns: Sequence[str], path: str) -> None:
        form = "CSV, HEADER" if path.lower().endswith(".csv") else "PARQUET, COMPRESSION zstd"
        working = f"{path}.new"
        try:
            with duck.failures(path):
                self.connection.execute("SET preserve_insertion_order = true")
                query = f"SELECT {', '.join(columns)} FROM {self.source}"
                self.connection.execute(f"COPY ({query}) TO {quoted(working)} (FORMAT {form})")
                os.replace(working, path)
        finally:
            if os.path.exists(working):
                os.unlink(working)

    def _mark(self, answers: Iterable[Answered], ranges: object) -> str:
        """What tells one run from another: statements, tables, chunks."""
        found = hashlib.sha256(repr(ranges).encode())
        for each in answers:
            found.update(each.statement.text.encode())
        for table in TABLES:
            for name in sorted(os.listdir(os.path.join(self.folder, table.name))):
                stat = os.stat(os.path.join(self.folder, table.name, name))
                found.update(f"{table.name}/{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
        return found.hexdigest()

    def _begin(self, mark: str) -> None:
        """A folder for the parts; one that another run left is emptied."""
        path = os.path.join(self.working, "run.json")
        try:
            with open(path, encoding="utf-8") as file:
                same = json.load(file).get("mark") == mark
        except (OSError, ValueError, AttributeError):
            same = False
        if not same:
            shutil.rmtree(self.working, ignore_errors=True)
            os.makedirs(self.working)
            with open(path, "w", encoding="utf-8") as file:
                json.dump({"mark": mark}, file)

    def _part(self, answers: Sequence[Answered], groups: str, first: int, last: int, path: str) -> None:
        execute = self.connection.execute
        kind = "VIEW" if len(answers) == 1 else "TABLE"
        for table in TABLES:
            where = "" if table.name == "concepts" else f" WHERE participant BETWEEN {first} AND {last}"
            execute(f"CREATE OR REPLACE TEMP {kind} {table.name} AS SELECT * FROM whole.{table.name}{where}")
        for number, each in enumerate(answers):
            execute(f"CREATE OR REPLACE TEMP TABLE answer_{number} AS {each.statement.text}")
        query = f"{joined(answers, groups)} ORDER BY participants.participant"
        execute(f"COPY ({query}) TO {quoted(path + '.new')} (FORMAT parquet, COMPRESSION zstd)")
        os.replace(path + ".new", path)
