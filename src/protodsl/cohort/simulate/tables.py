"""Everybody's rows, made by DuckDB from the variants of a few archetypes: in chunks, the same for a seed.

Each participant follows one archetype, has a calendar of their own, and of each thing asked for one variant.
How many of these are adverse differs from participant to participant: none, a few, many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from protodsl.backends.sql.tables import TABLES, Field, Table
from protodsl.cohort import duck
from protodsl.cohort.rows import Cell, Rows
from protodsl.cohort.simulate.facts import Day, Fact, Variant, record_of
from protodsl.cohort.simulate.search import Archetype
from protodsl.runtime.read import read_record

SPAN = 730  # days over which participants' first study events are spread
BEGIN = date(2023, 1, 2)
SITES = 12
# (share of participants, odds that a thing is adverse)
CARE = ((0.35, 0.0), (0.2, 0.004), (0.2, 0.015), (0.15, 0.06), (0.1, 0.3))
PLAIN = 0.6  # of good variants, how many are the plainest
COLUMNS = {  # of a table: what its days are called in a record
    "results": {"date": "date"},
    "conditions": {"start": "onset", "end": "end"},
    "medications": {"start": "start", "end": "end"},
    "procedures": {"start": "date", "end": "end"},
    "absences": {"since": "from", "until": "date"},
    "answers": {"date": "date"},
    "completeness": {"since": "since", "until": "until"},
    "timepoints": {"day": "day"},
    "participants": {"birth": "birth_date"},
}
_DAY = ("at", "months", "days", "spread", "known")


@dataclass(slots=True)
class Templates:
    """Rows of variants, by table; `things`: of each archetype and thing, which variants there are."""

    rows: Rows = field(default_factory=Rows)
    tables: dict[str, list[tuple[Cell, ...]]] = field(default_factory=dict)
    things: list[tuple[Cell, ...]] = field(default_factory=list)
    choices: int = 0

    def add(self, number: int, archetype: Archetype) -> None:
        for place, thing in enumerate(archetype.things):
            first = self.choices
            for variant in (*thing.good, *thing.adverse):
                self.variant(archetype, place, variant)
                self.choices += 1
            good, adverse = len(thing.good), len(thing.adverse)
            self.things.append((number, place, first, good, first + good, adverse))

    def variant(self, archetype: Archetype, place: int, variant: Variant) -> None:
        for turn, fact in enumerate(variant):
            self.fact(archetype, place * 100 + min(turn, 99), fact)

    def fact(self, archetype: Archetype, place: int, fact: Fact) -> None:
        frame = archetype.frame
        data = record_of([fact], frame.points, frozenset(frame.given))
        before = {name: len(rows) for name, rows in self.rows.tables.items()}
        self.rows.add(0, read_record(data))
        for table in TABLES:
            made = self.rows.tables[table.name][before[table.name] :]
            if table.name == "concepts" or (table.name == "participants") != (fact.domain == "person"):
                continue
            for row in made:
                self.tables.setdefault(table.name, []).append(self.row(archetype, table, place, fact, row))

    def row(
        self, archetype: Archetype, table: Table, place: int, fact: Fact, row: Sequence[Cell]
    ) -> tuple[Cell, ...]:
        days = dict(fact.days)
        cells: list[Cell] = [self.choices, place]
        for column, cell in zip(table.fields, row, strict=True):
            if (prefix := day_of(table, column)) is None:
                if column.name not in ("participant", "fact"):
                    cells.append(cell)
                continue
            if column.name.endswith("_last"):
                continue
            day = days.get(COLUMNS[table.name][prefix])
            cells += _spelt(day, archetype)
        if table.name == "results":
            cells += _reach(fact)
        return tuple(cells)


def _spelt(day: Day | None, archetype: Archetype) -> list[Cell]:
    if day is None:
        return [None] * len(_DAY)
    return [archetype.frame.offsets[day.at], day.months, day.days, day.spread, day.known[0]]


def _reach(fact: Fact) -> list[Cell]:
    """How many steps the value may be above that of the row, and how many millionths a step is."""
    if fact.reach is None:
        return [0, 0]
    most, decimals = fact.reach
    low = dict(fact.data)["value"]
    return [max(0, int((most - low) * 10**decimals)), 10 ** (6 - decimals)]


def day_of(table: Table, column: Field) -> str | None:
    """What a column's day is called, if it holds one."""
    prefix = column.name.removesuffix("_first").removesuffix("_last")
    return prefix if prefix in COLUMNS.get(table.name, {}) else None


def begin(connection: Any, archetypes: Iterable[Archetype]) -> Rows:
    """The templates as tables of the connection; gives back the rows whose concepts they use."""
    made = Templates()
    for count, archetype in enumerate(archetypes):
        made.add(count, archetype)
    fields = [Field(name, "INTEGER", "") for name in ("archetype", "thing", "good", "goods", "bad", "bads")]
    _table(connection, Table("made_things", "", tuple(fields)), made.things)
    for table in TABLES:
        if table.name != "concepts":
            columns = tuple(_columns(table))
            _table(connection, Table(f"made_{table.name}", "", columns), made.tables.get(table.name, []))
    return made.rows


def _columns(table: Table) -> Iterator[Field]:
    yield Field("choice", "INTEGER", "")
    yield Field("fact", "INTEGER", "")
    for column in table.fields:
        prefix = day_of(table, column)
        if prefix is None and column.name not in ("participant", "fact"):
            yield column
        elif prefix is not None and not column.name.endswith("_last"):
            yield from (
                Field(f"{prefix}_{part}", "VARCHAR" if part == "known" else "INTEGER", "") for part in _DAY
            )
    if table.name == "results":
        yield Field("steps", "BIGINT", "")
        yield Field("step", "BIGINT", "")


def _table(connection: Any, table: Table, rows: Iterable[tuple[Cell, ...]]) -> None:
    columns = ", ".join(f"{field.name} {field.type}" for field in table.fields)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table.name} ({columns})")
    with duck.Written(table, rows) as source:
        connection.execute(f"INSERT INTO {table.name} SELECT * FROM {source}")


# ---------------------------------------------------------------- everybody


def mixed(source: str, start: str, names: tuple[str, ...]) -> str:
    """A query that adds columns of 32 random bits each, worked out from `start`: integers only, so that
    every engine and version gives the same.
    """
    found = f"SELECT *, CAST(({start}) AS UBIGINT) % 4294967296 AS seed FROM ({source})"
    for turn, name in enumerate(names):
        before = "seed" if turn == 0 else names[turn - 1]
        a, b = (2246822519, 3266489917)[turn % 2], (668265263, 374761393)[turn % 2]
        for step, (shift, times) in enumerate(((15, a), (13, b))):
            source_name = before if step == 0 else "half"
            target = "half" if step == 0 else "rest"
            found = (
                f"SELECT *, (xor({source_name}, {source_name} >> {shift}) * CAST({times} AS UBIGINT)) "
                f"% 4294967296 AS {target} FROM ({found})"
            )
        found = f"SELECT * EXCLUDE (half, rest), xor(rest, rest >> 16) AS {name} FROM ({found})"
    return f"SELECT * EXCLUDE (seed) FROM ({found})"


def chunk(connection: Any, seed: int, archetypes: tuple[int, int], first: int, count: int) -> None:
    """The participants with these numbers, and of everything asked for which variant each has."""
    odds, below = "CASE", 0.0
    for share, chance in CARE:
        below += share
        odds += f" WHEN c < {round(below * 2**32)} THEN {round(chance * 2**32)}"
    numbers = f"SELECT range AS participant FROM range({first}, {first + count})"
    start = f"participant * 2654435761 + {seed % 2**31} * 40503 + 12345"
    main, others = archetypes  # of each of the others, a third of the people
    turn = f"CAST(a % {3 * main + others} AS INTEGER)"
    archetype = f"CASE WHEN {turn} < {3 * main} THEN {turn} % {main} ELSE {turn} - {2 * main} END"
    people = (
        f"SELECT participant, {archetype} AS archetype, "
        f"DATE '{BEGIN.isoformat()}' + CAST(b % {SPAN} AS INTEGER) AS begun, "
        f"{odds} ELSE 0 END AS odds, CAST(d % {SITES} AS INTEGER) + 1 AS site "
        f"FROM ({mixed(numbers, start, ('a', 'b', 'c', 'd'))})"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE made_people AS {people}")
    pairs = "SELECT * FROM made_people JOIN made_things USING (archetype)"
    start = f"participant * 2246822519 + CAST(thing AS BIGINT) * 668265263 + {seed % 2**31} * 97"
    picks = (
        "SELECT participant, begun, u, v, "
        "CASE WHEN u < odds AND bads > 0 THEN bad + CAST(v % bads AS INTEGER) "
        f"WHEN w < {round(PLAIN * 2**32)} THEN good ELSE good + CAST(v % goods AS INTEGER) END AS choice "
        f"FROM ({mixed(pairs, start, ('u', 'v', 'w'))})"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE made_picks AS {picks}")


def query(table: Table) -> str:
    """The chunk's rows of a table."""
    if table.name == "participants":
        return _participants()
    values = []
    for column in table.fields:
        prefix = day_of(table, column)
        if prefix is not None:
            values.append(f"{_day(prefix, column.name)} AS {column.name}")
        elif table.name == "results" and column.name in ("value_low", "value_high"):
            more = "CAST((v >> 8) % (steps + 1) * step AS DECIMAL(18, 6)) / 1000000"
            value = f"CASE WHEN steps > 0 THEN CAST(made.{column.name} + {more} AS DECIMAL(18, 6))"
            values.append(f"{value} ELSE made.{column.name} END AS {column.name}")
        elif column.name == "participant":
            values.append("picks.participant")
        elif column.name == "fact":
            values.append("min(made.fact) AS fact")
        else:
            values.append(f"made.{column.name}")
    joined = f"FROM made_picks AS picks JOIN made_{table.name} AS made USING (choice)"
    return f"SELECT {', '.join(values)} {joined} GROUP BY ALL ORDER BY ALL"


def _participants() -> str:
    born = ", ".join(
        f"{function}({_day('birth', f'birth_{end}')}) AS birth_{end}"
        for function, end in (("min", "first"), ("max", "last"))
    )
    said = (
        f"SELECT participant, max(made.sex) AS sex, {born} "
        "FROM made_picks AS picks JOIN made_participants AS made USING (choice) GROUP BY participant"
    )
    return (
        "SELECT participant, 'S-' || lpad(CAST(participant AS VARCHAR), 8, '0') AS id, sex, birth_first, "
        "birth_last, CAST(NULL AS DATE) AS as_of, 'site ' || lpad(CAST(site AS VARCHAR), 2, '0') AS site "
        f"FROM made_people LEFT JOIN ({said}) USING (participant) ORDER BY participant"
    )


def _day(prefix: str, name: str) -> str:
    """A day of the calendar: the participant's first study event, moved."""
    moved = f"CAST(begun + {prefix}_at + to_months({prefix}_months) AS DATE) + {prefix}_days"
    day = f"({moved} - CAST((u >> 3) % ({prefix}_spread + 1) AS INTEGER))"
    if name == prefix:
        return day
    if name.endswith("_first"):
        month, year = f"date_trunc('month', {day})", f"date_trunc('year', {day})"
    else:
        month, year = f"last_day({day})", f"make_date(year({day}), 12, 31)"
    return (
        f"CASE WHEN {prefix}_at IS NULL THEN NULL WHEN {prefix}_known = 'm' THEN CAST({month} AS DATE) "
        f"WHEN {prefix}_known = 'y' THEN CAST({year} AS DATE) ELSE {day} END"
    )
