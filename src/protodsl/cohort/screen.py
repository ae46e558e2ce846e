"""Screening a cohort: protocols' statements run over tables of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from protodsl.backends import sql
from protodsl.backends.sql.numbers import completed
from protodsl.backends.sql.syntax import Column, Literal, text
from protodsl.cohort.engine import Answered, DataError, Engine, Progress, Question

BANDS = (0, 2, 12, 18, 30, 45, 60, 75)  # ages at which a band begins, in years


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found of everybody; the engine has it."""

    engine: Engine
    answers: tuple[Answered, ...]
    participants: int

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.engine.rows(query)


def screen(
    engine: Engine,
    questions: Sequence[Question],
    options: sql.Options,
    progress: Progress = lambda _: None,
) -> Screened:
    """Asks the questions of everybody in the tables of `engine`. Raises DataError."""
    lexicon = engine.lexicon()
    answers = [
        Answered(
            question,
            sql.statement(question.protocol, engine.dialect, lexicon, options),
            f"q{number}_" if len(questions) > 1 else "",
        )
        for number, question in enumerate(questions)
    ]
    total = engine.answer(answers, _groups(answers[0], options, engine.dialect), progress)
    if not total:
        raise DataError("participants: nobody is in it")
    return Screened(engine, tuple(answers), total)


def _groups(answered: Answered, options: sql.Options, dialect: sql.Dialect) -> str:
    """Sex, age and site of each participant; the band their completed years at the first stage's anchor are
    surely in.
    """
    anchor = answered.question.protocol.stages[0].anchor
    given = dict(options.at).get(anchor)
    if given is not None:
        people = f"SELECT participants.*, {text(Literal(given), dialect)} AS asked_at FROM participants"
    else:
        named = text(Literal(anchor), dialect)
        people = (
            "SELECT participants.*, coalesce(dated.day, as_of) AS asked_at FROM participants LEFT JOIN "
            f"(SELECT participant, max(day) AS day FROM timepoints WHERE timepoint = {named} "
            "GROUP BY participant) AS dated ON dated.participant = participants.participant"
        )
    youngest, oldest = (
        text(completed("year", Column(birth), Column("asked_at")), dialect)
        for birth in ("birth_last", "birth_first")
    )
    bands = " ".join(
        f"WHEN youngest >= {lower} AND oldest < {upper} THEN '{band(lower, upper)}'"
        for lower, upper in pairwise(BANDS)
    )
    aged = f"SELECT dated.*, {youngest} AS youngest, {oldest} AS oldest FROM ({people}) AS dated"
    return (
        f"SELECT id, sex AS group_sex, CASE {bands} WHEN youngest >= {BANDS[-1]} "
        f"THEN '{BANDS[-1]} and over' END AS group_age, site AS group_site FROM ({aged}) AS aged"
    )


def band(lower: int, upper: int) -> str:
    return f"{lower} to {upper - 1}"
