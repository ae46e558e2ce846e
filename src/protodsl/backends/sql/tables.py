"""The tables of facts a cohort is screened from: one schema, whatever protocol is asked.

Every fact of a record keeps what is known of it and no more: a date is the first and the last day it may be
(both null: not recorded), a number the interval it lies in (`<0.2` has no `low` and an open `high`). Numbers
stay in the unit they were recorded in; codes are numbered in `concepts`. What a code or a unit means to a
protocol is said in the protocol's statement, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

DECIMALS = 6  # of a number in a table: DECIMAL(18, 6)
DIGITS = 18


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str  # BIGINT, INTEGER, VARCHAR, DATE, BOOLEAN, DECIMAL(18, 6)
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    meaning: str
    fields: tuple[Field, ...]


_WHO = Field("participant", "BIGINT", "whose it is")
_FACT = Field("fact", "INTEGER", "place in the record's list, repeated facts left out")
_CODE = Field("concept", "INTEGER", "its code: see `concepts`")
_SIDE = Field("side", "VARCHAR", "left, right or both, in small letters; null: not recorded")
_NUMBER = f"DECIMAL({DIGITS}, {DECIMALS})"


def _days(name: str, meaning: str) -> tuple[Field, Field]:
    return (
        Field(f"{name}_first", "DATE", f"{meaning}: the first day it may be"),
        Field(f"{name}_last", "DATE", f"{meaning}: the last day it may be"),
    )


def _interval(name: str, meaning: str) -> tuple[Field, ...]:
    return (
        Field(f"{name}_low", _NUMBER, f"{meaning}, its lower end; null: unbounded"),
        Field(f"{name}_high", _NUMBER, f"{meaning}, its upper end; null: unbounded"),
        Field(f"{name}_low_open", "BOOLEAN", "the lower end itself is left out"),
        Field(f"{name}_high_open", "BOOLEAN", "the upper end itself is left out"),
    )


TABLES = (
    Table(
        "participants",
        "One row for each participant.",
        (
            _WHO,
            Field("id", "VARCHAR", "the record's id"),
            Field("sex", "VARCHAR", "female, male or null"),
            *_days("birth", "date of birth"),
            Field("as_of", "DATE", "last day the record speaks of; null: the day of the question"),
            Field("site", "VARCHAR", "where the participant is seen, where that is known"),
        ),
    ),
    Table(
        "timepoints",
        "Dates of study events.",
        (_WHO, Field("timepoint", "VARCHAR", "its name in protocols"), Field("day", "DATE", "the date")),
    ),
    Table(
        "settings",
        "Where the participant takes part, and which side of the body is which to the study.",
        (
            _WHO,
            Field("setting", "VARCHAR", "site, country, arm, part, or what a side is called"),
            Field("value", "VARCHAR", "what is recorded of it"),
        ),
    ),
    Table(
        "completeness",
        "Domains in which the record lists everything that touches a span of days.",
        (
            _WHO,
            Field("domain", "VARCHAR", "results, conditions, medications, procedures or answers"),
            *_days("since", "from (null: ever)"),
            *_days("until", "to (null: `as_of`)"),
        ),
    ),
    Table(
        "concepts",
        "Every code that occurs, once.",
        (
            Field("concept", "INTEGER", "its number"),
            Field(
                "key", "VARCHAR", "a name, or system and code; `;` between several of one fact, `?` suspected"
            ),
        ),
    ),
    Table(
        "results",
        "Laboratory results, scores, findings, grades.",
        (
            _WHO,
            _FACT,
            _CODE,
            *_interval("value", "the number, in `unit`"),
            Field("word", "VARCHAR", "a coded answer, in the form of a name; then there is no number"),
            Field("unit", "VARCHAR", "as recorded"),
            Field("uln", _NUMBER, "upper reference limit reported with the result, in `unit`"),
            Field("lln", _NUMBER, "lower reference limit reported with the result, in `unit`"),
            *_days("date", "when it was sampled"),
            Field("seconds", "INTEGER", "time of day; orders results of one date"),
            Field("confirmed", "BOOLEAN", "somebody has looked: it is so, however unlikely"),
            _SIDE,
        ),
    ),
    Table(
        "conditions",
        "Diagnoses and states that are or were present.",
        (
            _WHO,
            _FACT,
            _CODE,
            *_days("start", "onset"),
            *_days("end", "end"),
            Field("ongoing", "BOOLEAN", "recorded as going on"),
            Field("severity", "INTEGER", "0 mild, 1 moderate, 2 severe, 3 life-threatening"),
            Field("grade", "INTEGER", "grade"),
            Field("stage", "VARCHAR", "stage, in the form of a name"),
            Field("stage_rank", "INTEGER", "stage in order: 10 for I, 11 for IA, 40 for IV"),
            _SIDE,
        ),
    ),
    Table(
        "medications",
        "Courses of drugs.",
        (
            _WHO,
            _FACT,
            _CODE,
            *_days("start", "first day"),
            *_days("end", "last day"),
            Field("ongoing", "BOOLEAN", "recorded as going on"),
            *_interval("dose", "the dose, in `unit`"),
            Field("unit", "VARCHAR", "as recorded"),
            Field("per", "VARCHAR", "kg or m2 where the dose is stated so"),
            Field("route", "VARCHAR", "in the form of a name"),
            Field("response", "VARCHAR", "refractory, intolerant, responded, relapsed or progressed"),
            Field("reason", "VARCHAR", "why it was stopped, in the form of a name"),
            Field("line", "INTEGER", "line of treatment"),
        ),
    ),
    Table(
        "procedures",
        "Procedures and other events.",
        (
            _WHO,
            _FACT,
            _CODE,
            *_days("start", "day, or first day"),
            *_days("end", "last day, where it lasted"),
            Field("ongoing", "BOOLEAN", "recorded as going on"),
            _SIDE,
        ),
    ),
    Table(
        "absences",
        "What is recorded as not having been, over a span of days.",
        (
            _WHO,
            _FACT,
            Field("domain", "VARCHAR", "conditions, medications or procedures"),
            _CODE,
            *_days("since", "from (null: ever)"),
            *_days("until", "to (null: `as_of`)"),
        ),
    ),
    Table(
        "answers",
        "What persons answered.",
        (
            _WHO,
            _FACT,
            Field("question", "VARCHAR", "a question's name, or the words judged or agreed"),
            Field("answer", "BOOLEAN", "null: asked, and not answered"),
            Field("role", "VARCHAR", "who answered"),
            *_days("date", "when"),
        ),
    ),
)
BY_NAME = {table.name: table for table in TABLES}
