"""Screening a cohort: protocols' statements run over tables of facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from protodsl import ir
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
    answers = answered(engine.dialect, lexicon, questions, options)
    total = engine.answer(answers, groups(answers[0], options, engine.dialect), progress)
    if not total:
        raise DataError("participants: nobody is in it")
    return Screened(engine, tuple(answers), total)


def answered(
    dialect: sql.Dialect, lexicon: sql.Lexicon, questions: Sequence[Question], options: sql.Options
) -> list[Answered]:
    """Each question's statement; where one was asked before, it reads what is not asked again."""
    answers: list[Answered] = []
    for number, question in enumerate(questions):
        known = None if question.whole else _known(question.protocol, answers)
        written = sql.statement(question.protocol, dialect, lexicon, options, known)
        answers.append(Answered(question, written, f"q{number}_" if len(questions) > 1 else ""))
    return answers


def _known(protocol: ir.Protocol, before: Sequence[Answered]) -> sql.Answers | None:
    """Of a protocol that differs from one asked before in a limit: the criteria it does not stand in."""
    for number, each in enumerate(before):
        other = each.question.protocol
        if each.question.whole and protocol == replace(other, stages=protocol.stages):
            same = {
                (stage.id, cohort, criterion.id)
                for stage, theirs in zip(protocol.stages, other.stages, strict=True)
                if stage == replace(theirs, criteria=stage.criteria, cohorts=stage.cohorts)
                for cohort, criterion in set(_criteria(stage)) & set(_criteria(theirs))
            }
            found: dict[tuple[str, str | None, str], dict[str, str]] = {}
            for output in each.statement.outputs:
                key = (output.stage, output.cohort, output.id)
                if output.what in ("truth", "applies") and key in same:
                    found.setdefault(key, {})[output.what] = output.column
            return sql.Answers(
                f"answer_{number}", {key: (one["truth"], one["applies"]) for key, one in found.items()}
            )
    return None


def _criteria(stage: ir.Stage) -> Iterator[tuple[str | None, ir.Criterion]]:
    yield from ((None, each) for each in stage.criteria)
    yield from ((cohort.id, each) for cohort in stage.cohorts for each in cohort.criteria)


def groups(answered: Answered, options: sql.Options, dialect: sql.Dialect) -> str:
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
