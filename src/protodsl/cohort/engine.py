"""What runs statements over tables of facts: DuckDB on this machine, Spark beyond it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from protodsl import ir
from protodsl.backends import sql

GROUPS = ("sex", "age", "site")
VERDICTS = ("stage", "verdict", "stage verdict", "cohort verdict")
Progress = Callable[[str], None]


class DataError(Exception):
    """Tables that cannot be used, or an engine that cannot; the message names what is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """A protocol asked of everybody. `told`: what makes it another than the first ("egfr limit 25")."""

    protocol: ir.Protocol
    told: str = ""
    whole: bool = True  # every criterion is kept, not the verdicts alone


@dataclass(frozen=True, slots=True)
class Answered:
    """A question's statement, and the prefix its columns have in the answers."""

    question: Question
    statement: sql.Statement
    prefix: str

    def column(self, output: sql.Output) -> str:
        return f"{self.prefix}{output.column}"

    def columns(self) -> list[sql.Output]:
        """Columns that are kept, the id left out."""
        every = [each for each in self.statement.outputs if each.what != "id"]
        return every if self.question.whole else [each for each in every if each.what in VERDICTS]


class Engine(Protocol):
    """Tables of facts, and what runs statements over them. Whatever it is refused is a DataError."""

    @property
    def dialect(self) -> sql.Dialect: ...

    @property
    def manifest(self) -> dict[str, Any]:
        """What was said of the tables when they were written; empty where nobody did."""
        ...

    def lexicon(self) -> sql.Lexicon:
        """The codes and units that occur in the tables."""
        ...

    def answer(self, answers: Sequence[Answered], groups: str, progress: Progress) -> int:
        """Asks everybody; how many they are. `groups` is a query: id, group_sex, group_age, group_site."""
        ...

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Answers to a query in which `{source}` stands for everybody's answers: a row for each participant,
        with `participant`, `id`, the groups, and the columns of every question.
        """
        ...

    def write(self, columns: Sequence[str], path: str) -> None:
        """Columns of everybody's answers in the tables' order, as .csv or .parquet: whole or not at all."""
        ...


def joined(answers: Sequence[Answered], groups: str) -> str:
    """Everybody's answers, from a table `answer_0` … for each question."""
    columns = ["participants.participant", "participants.id", *(f"people.group_{name}" for name in GROUPS)]
    columns += [
        f"answer_{number}.{output.column} AS {each.column(output)}"
        for number, each in enumerate(answers)
        for output in each.columns()
    ]
    joins = "".join(f" JOIN answer_{number} USING (id)" for number in range(len(answers)))
    return f"SELECT {', '.join(columns)} FROM participants JOIN ({groups}) AS people USING (id){joins}"


def lexicon(ask: Callable[[str], Sequence[tuple[Any, ...]]]) -> sql.Lexicon:
    """The codes and units that occur in the tables; each is read once."""
    places = (
        "SELECT 'results' AS domain, concept, unit, seconds IS NOT NULL AS timed FROM results",
        "SELECT 'medications', concept, unit, FALSE FROM medications",
        "SELECT 'conditions', concept, NULL, FALSE FROM conditions",
        "SELECT 'procedures', concept, NULL, FALSE FROM procedures",
        "SELECT domain, concept, NULL, FALSE FROM absences",
    )
    used = ask(
        "SELECT domain, concept, unit, bool_or(timed) FROM "
        f"({' UNION ALL '.join(places)}) AS places GROUP BY domain, concept, unit"
    )
    domains: dict[int, set[str]] = {}
    for domain, concept, _, _ in used:
        domains.setdefault(concept, set()).add(domain)
    listed = ask("SELECT concept, key FROM concepts")
    keys = sorted((concept, key, domain) for concept, key in listed for domain in domains.get(concept, ()))

    def units(of: str) -> tuple[str, ...]:
        return tuple(sorted({unit for domain, _, unit, _ in used if domain == of and unit is not None}))

    upto = max((concept for concept, _ in listed), default=0)
    timed = any(found for _, _, _, found in used)
    return sql.Lexicon(tuple(keys), units("results"), units("medications"), max(upto, 1), timed)
