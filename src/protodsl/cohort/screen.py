"""Screening a cohort: a protocol's statement run over tables of facts, some participants at a time.

Each chunk's facts are read once, whatever is asked of them; its answers are one Parquet file, which gets its
name when it is whole. So memory stays flat, and a run that was killed goes on after the last such file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from protodsl import ir
from protodsl.backends import sql
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.duck import DataError, quoted

if TYPE_CHECKING:
    import duckdb

CHUNK = 50_000  # participants at a time
BANDS = (0, 2, 12, 18, 30, 45, 60, 75)  # ages at which a band begins, in years
GROUPS = ("sex", "age", "site")


@dataclass(frozen=True, slots=True)
class Question:
    """A protocol asked of everybody. `told`: what makes it another than the first ("egfr limit 25")."""

    protocol: ir.Protocol
    told: str = ""
    whole: bool = True  # every criterion is kept, not the verdicts alone


@dataclass(frozen=True, slots=True)
class Answered:
    """A question's statement, and the prefix its columns have in the parts."""

    question: Question
    statement: sql.Statement
    prefix: str

    def column(self, output: sql.Output) -> str:
        return f'"{self.prefix}{output.column}"'

    def columns(self) -> list[sql.Output]:
        """Columns that are kept, the id left out."""
        every = [each for each in self.statement.outputs if each.what != "id"]
        return every if self.question.whole else [each for each in every if each.what in VERDICTS]


VERDICTS = ("stage", "verdict", "stage verdict", "cohort verdict")


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found of everybody: `source` is a query over the parts, a row for each participant, with
    `id`, `group_sex`, `group_age`, `group_site` and the columns of every question.
    """

    connection: duckdb.DuckDBPyConnection
    source: str
    answers: tuple[Answered, ...]
    participants: int
    manifest: dict[str, Any]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Answers to a query in which `{source}` stands for the parts."""
        return self.connection.execute(query.replace("{source}", self.source)).fetchall()


def screen(
    connection: duckdb.DuckDBPyConnection,
    folder: str,
    questions: Sequence[Question],
    options: sql.Options,
    working: str,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
    chunk: int = CHUNK,
) -> Screened:
    """Asks the questions of everybody in the tables of `folder`; parts go to `working`, and what an earlier
    run with the same questions and tables left there is used. Raises DataError.
    """
    connection.execute("CREATE SCHEMA whole")
    connection.execute("SET schema = 'whole'")
    manifest = duck.attach(connection, folder)
    with duck.failures(working, folder):
        lexicon = duck.lexicon(connection)
        ranges = connection.execute(
            "SELECT min(participant), max(participant), count(*) FROM (SELECT participant, "
            f"(row_number() OVER (ORDER BY participant) - 1) // {chunk} AS part FROM participants) "
            "GROUP BY part ORDER BY part"
        ).fetchall()
        connection.execute("SET schema = 'main'")
        answers = [
            Answered(
                question,
                sql.statement(question.protocol, "duckdb", lexicon, options),
                f"q{number}_" if len(questions) > 1 else "",
            )
            for number, question in enumerate(questions)
        ]
        made = _mark(answers, folder, ranges)
        _begin(working, made)
        connection.execute(f"SET temp_directory = {quoted(os.path.join(working, 'spill'))}")
        total = sum(row[2] for row in ranges)
        done = 0
        for number, (first, last, count) in enumerate(ranges, start=1):
            path = os.path.join(working, duck.part(number))
            if not os.path.exists(path):
                _part(connection, answers, options, first, last, path)
            done += count
            progress(done, total)
    source = f"read_parquet({quoted(os.path.join(working, 'part-*.parquet'))})"
    if not ranges:
        raise DataError(f"{os.path.join(folder, 'participants')}: nobody is in it")
    return Screened(connection, source, tuple(answers), total, manifest)


def _mark(answers: Iterable[Answered], folder: str, ranges: object) -> str:
    """What tells one run from another: statements, tables, chunks."""
    found = hashlib.sha256(repr(ranges).encode())
    for each in answers:
        found.update(each.statement.text.encode())
    for table in TABLES:
        for name in sorted(os.listdir(os.path.join(folder, table.name))):
            stat = os.stat(os.path.join(folder, table.name, name))
            found.update(f"{table.name}/{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _begin(working: str, mark: str) -> None:
    """A folder for the parts; one that another run left is emptied."""
    path = os.path.join(working, "run.json")
    try:
        with open(path, encoding="utf-8") as file:
            same = json.load(file).get("mark") == mark
    except (OSError, ValueError, AttributeError):
        same = False
    if not same:
        shutil.rmtree(working, ignore_errors=True)
        os.makedirs(working)
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"mark": mark}, file)


def _part(
    connection: duckdb.DuckDBPyConnection,
    answers: Sequence[Answered],
    options: sql.Options,
    first: int,
    last: int,
    path: str,
) -> None:
    for table in TABLES:
        where = "" if table.name == "concepts" else f" WHERE participant BETWEEN {first} AND {last}"
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table.name} AS SELECT * FROM whole.{table.name}{where}"
        )
    for number, each in enumerate(answers):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer_{number} AS {each.statement.text}")
    columns = ["participants.id", *(f"people.group_{name}" for name in GROUPS)]
    columns += [
        f"answer_{number}.{output.column} AS {each.column(output)}"
        for number, each in enumerate(answers)
        for output in each.columns()
    ]
    joins = "".join(f" JOIN answer_{number} USING (id)" for number in range(len(answers)))
    query = (
        f"SELECT {', '.join(columns)} FROM participants "
        f"JOIN ({_groups(answers[0], options)}) AS people USING (id){joins} ORDER BY participants.participant"
    )
    connection.execute(f"COPY ({query}) TO {quoted(path + '.new')} (FORMAT parquet, COMPRESSION zstd)")
    os.replace(path + ".new", path)


def _groups(answered: Answered, options: sql.Options) -> str:
    """Sex, age and site of each participant; age in bands of completed years at the first stage's anchor."""
    anchor = answered.question.protocol.stages[0].anchor
    given = dict(options.at).get(anchor)
    if given is not None:
        at = f"DATE '{given.isoformat()}'"
    else:
        at = (
            f"coalesce((SELECT max(day) FROM timepoints WHERE timepoint = {quoted(anchor)} "
            "AND timepoints.participant = participants.participant), as_of)"
        )
    years = f"date_sub('year', birth_first, {at})"
    bands = " ".join(
        f"WHEN {years} < {upper} THEN '{band(lower, upper)}'" for lower, upper in pairwise(BANDS)
    )
    ages = (
        f"CASE WHEN birth_first IS NULL OR {at} IS NULL OR "
        f"date_sub('year', birth_last, {at}) <> {years} THEN NULL {bands} ELSE '{BANDS[-1]} and over' END"
    )
    return f"SELECT id, sex AS group_sex, {ages} AS group_age, site AS group_site FROM participants"


def band(lower: int, upper: int) -> str:
    return f"{lower} to {upper - 1}"
