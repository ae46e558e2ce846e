"""The patient record: what is said of one participant, exactly as far as it is said.

Calendar days are proleptic ordinals (`datetime.date.toordinal`). A date known only in part is the interval of
its days. Numbers are exact: `int` or `fractions.Fraction`, both of which have `numerator` and `denominator`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

Exact = int | Fraction

FIRST_DAY = 1  # 0001-01-01: "since ever"
LAST_DAY = 3652059  # 9999-12-31


class Days(NamedTuple):
    """The days on which something may have been: one whole date when `first == last`."""

    first: int
    last: int


class Interval(NamedTuple):
    """A value known to lie between two numbers; None is unbounded. `<0.2` has `high` 0.2 with `high_open`."""

    low: Exact | None
    high: Exact | None
    low_open: bool = False
    high_open: bool = False


class Coded(NamedTuple):
    """The code of a fact. `system` None: a vocabulary name. `code` None: the fact carries no code.

    A fact may carry several codes for the same thing: `also` has the others, as (system, code). A fact that
    is only `suspected` may be what its code says, and never surely is.
    """

    system: str | None
    code: str | None
    also: tuple[tuple[str, str], ...] = ()
    suspected: bool = False


@dataclass(slots=True)
class Result:
    """A laboratory result, score, finding or grade. Exactly one of `number` and `text` is not None.

    A censored number ("<0.2") is an interval unbounded on its other side; the item's range closes it later.
    `uln` and `lln` are the reference limits reported with this very result, in its own unit.
    """

    code: Coded
    number: Interval | None
    text: str | None
    unit: str | None
    date: Days | None  # None: not recorded
    time: str | None = None  # "14:30"; orders results of one date
    uln: Exact | None = None
    lln: Exact | None = None
    side: str | None = None
    method: str | None = None
    raw: str = ""  # the value as written, for reasons
    where: str = ""  # "results/0": place in the record, for evidence
    confirmed: bool = False  # somebody has looked: it is so, however unlikely


@dataclass(slots=True)
class Condition:
    code: Coded
    present: bool
    onset: Days | None = None
    end: Days | None = None
    ongoing: bool = False  # `end: null`
    severity: str | None = None
    grade: int | None = None
    stage: str | None = None
    side: str | None = None
    since: Days | None = None  # of an absence: its `from`
    date: Days | None = None  # of an absence: its `date`
    where: str = ""


@dataclass(slots=True)
class Medication:
    code: Coded
    present: bool
    start: Days | None = None
    end: Days | None = None
    ongoing: bool = False  # `end: null`
    dose: Interval | None = None
    unit: str | None = None  # "mg/d", "mg/kg/d"
    per: str | None = None  # "kg" | "m2" where the dose is stated so
    route: str | None = None
    response: str | None = None  # refractory, intolerant, responded, relapsed, progressed
    line: int | None = None
    reason_stopped: str | None = None
    since: Days | None = None
    date: Days | None = None
    where: str = ""


@dataclass(slots=True)
class Procedure:
    code: Coded
    present: bool
    date: Days | None = None  # the day, or first day; of an absence: its `date`
    end: Days | None = None  # last day, where it lasted
    ongoing: bool = False  # `end: null`
    since: Days | None = None
    side: str | None = None
    where: str = ""


@dataclass(slots=True)
class Answer:
    question: str
    answer: bool | None
    role: str | None = None  # `role`, or `by` where there is no role
    date: Days | None = None
    stage: str | None = None
    where: str = ""


@dataclass(slots=True)
class Complete:
    """The record lists every event of `domain` that touches any day from `since` to `until`."""

    domain: str
    since: Days | None = None  # None: since ever
    until: Days | None = None  # None: until `as_of`


@dataclass(slots=True)
class Record:
    id: str
    birth_date: Days | None = None
    sex: str | None = None  # "female" | "male"; anything else is None
    as_of: int | None = None
    timepoints: dict[str, int] = field(default_factory=dict)
    complete: list[Complete] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    medications: list[Medication] = field(default_factory=list)
    procedures: list[Procedure] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    death_date: Days | None = None  # shown in reports; no criterion asks for it
    setting: dict[str, str] = field(default_factory=dict)  # site, country, arm, part; which side is which
