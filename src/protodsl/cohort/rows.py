"""A record as rows of the tables of facts: what is known of each fact, and no more."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from protodsl.backends.sql.lexicon import key_of
from protodsl.backends.sql.tables import DECIMALS, DIGITS, TABLES
from protodsl.runtime.attribute_tests import stage_rank
from protodsl.runtime.record import Coded, Condition, Days, Exact, Interval, Medication, Procedure, Record
from protodsl.runtime.record_fields import SEVERITIES
from protodsl.runtime.routes import spelt

_STEP = 10**DECIMALS
_MOST = 10 ** (DIGITS - DECIMALS) - Fraction(1, _STEP)

Cell = str | int | bool | date | Decimal | None
Row = tuple[Cell, ...]


@dataclass(slots=True)
class Rows:
    """Rows gathered of many records. `rounded`: numbers with more decimals than a table holds, kept as the
    interval between their neighbours; `unusable`: reference limits that could not be kept.
    """

    tables: dict[str, list[Row]] = field(default_factory=lambda: {table.name: [] for table in TABLES})
    concepts: dict[Coded, int] = field(default_factory=dict)
    rounded: int = 0
    unusable: int = 0

    def concept(self, coded: Coded) -> int:
        found = self.concepts.get(coded)
        if found is None:
            found = self.concepts[coded] = len(self.concepts) + 1
            self.tables["concepts"].append((found, key_of(coded)))
        return found

    def add(self, participant: int, record: Record, site: str | None = None) -> None:
        """A record, under its number."""
        tables = self.tables
        tables["participants"].append(
            (participant, record.id, record.sex, *_days(record.birth_date), _day(record.as_of), site)
        )
        for name, day in record.timepoints.items():
            tables["timepoints"].append((participant, name, _day(day)))
        for name, value in record.setting.items():
            tables["settings"].append((participant, name, value))
        for span in record.complete:
            tables["completeness"].append((participant, span.domain, *_days(span.since), *_days(span.until)))
        for number, result in enumerate(once(record.results)):
            interval, word = self.interval(result.number), result.text
            limits = [self.limit(limit) for limit in (result.uln, result.lln)]
            if "unusable" in limits:  # to leave the limit out would let another stand in for it
                self.unusable += 1
                interval, word, limits = (None, None, False, False), "limit_not_kept", [None, None]
            tables["results"].append(
                (
                    participant,
                    number,
                    self.concept(result.code),
                    *interval,
                    word,
                    result.unit,
                    *limits,
                    *_days(result.date),
                    _seconds(result.time),
                    result.confirmed,
                    result.side,
                )
            )
        absent = 0
        for condition in once(record.conditions):
            if condition.present:
                tables["conditions"].append(self.condition(participant, absent, condition))
            else:
                tables["absences"].append(self.absence(participant, absent, "conditions", condition))
            absent += 1
        for drug in once(record.medications):
            if drug.present:
                tables["medications"].append(self.medication(participant, absent, drug))
            else:
                tables["absences"].append(self.absence(participant, absent, "medications", drug))
            absent += 1
        for event in once(record.procedures):
            if event.present:
                span_of = (*_days(event.date), *_days(event.end), event.ongoing, event.side)
                tables["procedures"].append((participant, absent, self.concept(event.code), *span_of))
            else:
                tables["absences"].append(self.absence(participant, absent, "procedures", event))
            absent += 1
        for number, answer in enumerate(once(record.answers)):
            said = (answer.question, answer.answer, answer.role)
            tables["answers"].append((participant, number, *said, *_days(answer.date)))

    def condition(self, participant: int, number: int, fact: Condition) -> Row:
        stage = None if fact.stage is None else fact.stage.strip().lower()
        rank = None if fact.stage is None else stage_rank(fact.stage)
        return (
            participant,
            number,
            self.concept(fact.code),
            *_days(fact.onset),
            *_days(fact.end),
            fact.ongoing,
            None if fact.severity is None else SEVERITIES.index(fact.severity),
            fact.grade,
            stage,
            None if rank is None else rank[0] * 10 + " ABCDEFGH".index(rank[1] or " "),
            fact.side,
        )

    def medication(self, participant: int, number: int, fact: Medication) -> Row:
        return (
            participant,
            number,
            self.concept(fact.code),
            *_days(fact.start),
            *_days(fact.end),
            fact.ongoing,
            *self.interval(fact.dose),
            fact.unit,
            fact.per,
            None if fact.route is None else spelt(fact.route),
            fact.response,
            None if fact.reason_stopped is None else spelt(fact.reason_stopped),
            fact.line,
        )

    def absence(
        self, participant: int, number: int, domain: str, fact: Condition | Medication | Procedure
    ) -> Row:
        return (participant, number, domain, self.concept(fact.code), *_days(fact.since), *_days(fact.date))

    def interval(self, value: Interval | None) -> tuple[Cell, Cell, Cell, Cell]:
        """As a table holds it; a number between two that it can hold is the open interval between them."""
        if value is None:
            return None, None, False, False
        low, high, low_open, high_open = value
        (below, low_exact), (above, high_exact) = _held(low, math.floor), _held(high, math.ceil)
        if not (low_exact and high_exact):
            self.rounded += 1
        return below, above, low_open or not low_exact, high_open or not high_exact

    def limit(self, value: Exact | None) -> Decimal | str | None:
        held, exact = _held(value, math.floor)
        return held if exact else "unusable"


def _held(value: Exact | None, rounded: Callable[[Fraction], int]) -> tuple[Decimal | None, bool]:
    """The number as a table holds it, or its neighbour (None: beyond all); and whether it is the number."""
    if value is None:
        return None, True
    if abs(value) > _MOST:
        edge = (rounded is math.floor and value > 0) or (rounded is math.ceil and value < 0)
        return (Decimal(int(_MOST * _STEP)) / _STEP * (1 if value > 0 else -1) if edge else None), False
    scaled = Fraction(value) * _STEP
    whole = rounded(scaled)
    return Decimal(whole) / _STEP, whole == scaled


def once(facts: Iterable[Any]) -> list[Any]:
    """“repeated identical facts change nothing”; where a fact stands is no part of it."""
    found: dict[tuple[Any, ...], Any] = {}
    for fact in facts:
        key = tuple(getattr(fact, each.name) for each in fields(fact) if each.name not in ("where",))
        found.setdefault(key, fact)
    return list(found.values())


def _day(day: int | None) -> date | None:
    return None if day is None else date.fromordinal(day)


def _days(days: Days | None) -> tuple[date | None, date | None]:
    return (None, None) if days is None else (date.fromordinal(days.first), date.fromordinal(days.last))


def _seconds(clock: str | None) -> int | None:
    if clock is None:
        return None
    return int(clock[:2]) * 3600 + int(clock[3:5]) * 60 + int(clock[6:8] or 0)


def line(row: Row) -> str:
    """A row as a line of CSV: texts in quotes, nothing for null."""
    return ",".join(map(_cell, row)) + "\n"


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if value.__class__ is str:
        return '"' + value.replace('"', '""') + '"'
    if value is True or value is False:
        return "true" if value else "false"
    return str(value)
