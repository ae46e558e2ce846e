"""Results that count only if nothing spoilt them: each sample beside what happened round its date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import events, results
from protodsl.backends.sql.asks import Apart
from protodsl.backends.sql.layers import Cte, Layers, columns_in
from protodsl.backends.sql.syntax import (
    FIRST,
    Call,
    Column,
    Expr,
    Literal,
    and_,
    coalesce,
    compare,
    is_,
    is_not,
    not_,
    or_,
    text,
)
from protodsl.backends.sql.tables import BY_NAME
from protodsl.backends.sql.times import Scope, Span, When, at_sample, on_its_side, shares_possibly

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

_SAMPLE = (Column("sampled_from"), Column("sampled_by"))
_OPENS, _CLOSES = ("opens_from", "opens_by"), ("closes_from", "closes_by")
_FLAGS = ("spoilt", "perhaps_spoilt", "ruled_out", "listed")


class Cleaned:
    """The results of an item, each with whether something spoilt it."""

    def __init__(self, builder: Builder, scope: Scope, item: ir.Item, cleans: Sequence[ir.Clean]) -> None:
        self.builder, self.item = builder, item
        self.rows = Layers(builder.names.make(f"{item.name}_clean"), builder.names)
        self.source = _source(builder, scope, item)
        self.spoilers = [Spoiler(self, scope, clean) for clean in cleans]
        builder.later.append(self.ctes)

    def ctes(self) -> list[Cte]:
        name = self.rows.name
        found: list[Cte] = []
        columns, joined = [f"{name}_samples.*"], [f"  FROM {name}_samples"]
        for each in self.spoilers:
            found += each.ctes()
            flags = each.flags
            columns += [
                f"{each.name}_near.hit AS {flags['spoilt'].name}",
                f"{each.name}_near.participant IS NOT NULL AS {flags['perhaps_spoilt'].name}",
                f"{each.name}_free.found AS {flags['ruled_out'].name}",
                f"{each.name}_known.found AS {flags['listed'].name}",
            ]
            for table in ("near", "free", "known"):
                other = f"{each.name}_{table}"
                joined.append(
                    f"  LEFT JOIN {other} ON {other}.participant = {name}_samples.participant"
                    f" AND {other}.sample = {name}_samples.fact"
                )
        told = f"{self.item.label}: results that count only if nothing spoilt them."
        body = "\n".join(["  SELECT", ",\n".join(f"    {each}" for each in columns), *joined])
        made = self.rows.ctes(body, self.builder.dialect, "")
        return [Cte(f"{name}_samples", self.samples(), told), *found, *made]

    def samples(self) -> str:
        """Each result with what is read of it and of its participant."""
        from protodsl.backends.sql.statement import person_columns, reads

        days = [(each.days, each.scope) for each in self.spoilers]
        wanted = reads(self.builder, self.rows) | {each.name for each in columns_in(tuple(days))}
        fields = self.source.fields
        people = sorted((wanted | {"participant"}) & set(person_columns(self.builder)) - set(fields))
        lines = [f"    facts.{each}" for each in fields] + [f"    people.{each}" for each in people]
        joined = "  JOIN people ON people.participant = facts.participant"
        return "\n".join(["  SELECT", ",\n".join(lines), *self.source.tables, joined])

    def kept(self) -> tuple[Expr, Expr]:
        """(whether nothing surely spoilt a sample, whether surely nothing did)."""
        kept = [each.kept() for each in self.spoilers]
        return and_(*(unspoilt for unspoilt, _ in kept)), and_(*(clean for _, clean in kept))


@dataclass(frozen=True, slots=True)
class Source:
    """Where samples come from: their columns, and the tables after FROM."""

    fields: tuple[str, ...]
    tables: tuple[str, ...]


def _source(builder: Builder, scope: Scope, item: ir.Item) -> Source:
    if item.name in builder.protocol.measures:
        from protodsl.backends.sql import measures

        made = measures.table(builder, scope, builder.protocol.measures[item.name])
        dated = ("participant", "fact", "sure", "date_first", "date_last", "seconds")
        return Source(
            (*dated, "low", "high", "low_open", "high_open"), (f"  FROM {made.rows.name} AS facts",)
        )
    thing = builder.thing("results", item.name)
    coded = (
        "  FROM (SELECT results.*, codes.sure FROM results JOIN codes ON codes.concept = results.concept\n"
        f"    AND codes.domain = 'results' AND codes.thing = '{thing}') AS facts"
    )
    return Source((*(field.name for field in BY_NAME["results"].fields), "sure"), (coded,))


class Spoiler:
    """Whether an event of one class spoilt the samples."""

    def __init__(self, table: Cleaned, scope: Scope, clean: ir.Clean) -> None:
        builder = table.builder
        self.builder, self.scope, self.table, self.other = builder, scope, table, clean.item
        other = builder.protocol.items[clean.item]
        if not _round_the_sample(clean.window, other) or other.domain not in BY_NAME:
            raise builder.not_carried("a result that counts only if nothing spoilt it, at another time")
        self.domain = other.domain
        self.name = builder.names.make(f"{table.rows.name}_of_{other.name}")
        self.flags = {flag: Column(builder.names.make(flag)) for flag in _FLAGS}
        self.days = builder.recorded(scope, Column("date_first"), Column("date_last"))
        self.span = builder.times.window(at_sample(scope, When(*_SAMPLE)), clean.window, other)
        facts = builder.rows(self.domain)
        self.start, self.end = events.lasted(builder, scope, facts, self.domain)
        self.thing = builder.thing(self.domain, clean.item)
        self.units = builder.ruled.setdefault(clean.item, len(builder.paths(clean.item)))
        builder.derived.setdefault(facts.name, []).append(self)
        builder.contested.add(self.domain)

    def reads(self) -> set[str]:
        """Columns of the events' rows that it needs."""
        base = (self.start, self.end)
        return {each.name for each in columns_in(base)} | {"thing", "fact", "concept", "sure"}

    def ctes(self) -> list[Cte]:
        name = self.name
        told = f"{self.table.item.label}: when {self.other} would have spoilt it."
        return [
            Cte(f"{name}_sampled", self.sampled(), told),
            Cte(f"{name}_denied", self.denied()),
            Cte(f"{name}_near", self.near()),
            Cte(f"{name}_free", self.free()),
            Cte(f"{name}_known", self.listed()),
        ]

    def sampled(self) -> str:
        """Each result with the days between which nothing may have happened."""
        dialect = self.builder.dialect
        days = [
            f"    {text(expr, dialect, 4)} AS {column.name}"
            for expr, column in zip(self.days, _SAMPLE, strict=True)
        ]
        opens = (
            Call("greatest", (each, Literal(FIRST))) for each in self.span.start
        )  # the first day there is
        window = [
            f"    {text(expr, dialect, 4)} AS {column}"
            for expr, column in zip((*opens, *self.span.end), (*_OPENS, *_CLOSES), strict=True)
        ]
        up_to = f"    {text(self.scope.as_of, dialect, 4)} AS up_to"
        asked = columns_in((self.span, self.scope.as_of, self.scope.stated))
        read = {each.name for each in asked} - {each.name for each in _SAMPLE}
        own = [f"    {each}" for each in ("participant", "fact", *sorted(read))]
        lines = [
            "  SELECT step.*,",
            ",\n".join([*window, up_to]),
            "  FROM (",
            "  SELECT",
            ",\n".join(own) + ",",
        ]
        lines += [",\n".join(days), f"  FROM {self.table.rows.name}_samples AS samples", "  ) AS step"]
        return "\n".join(lines)

    def of(self, days: tuple[str, str], table: str) -> When:
        return When(Column(days[0], table), Column(days[1], table))

    def event(self, table: str) -> tuple[When, When]:
        """First and last day of an event, as columns of a table."""
        ends: list[Expr] = []
        for each in (*self.start, *self.end):
            assert isinstance(each, Column)
            ends.append(Column(each.name, table))
        return When(ends[0], ends[1]), When(ends[2], ends[3])

    def surely(self) -> Expr:
        """Whether an event surely shares a day with the window round a sample, wherever its date lies."""
        start, end = self.event("events")
        up_to = Column("up_to", "sampled")
        return and_(
            Column("sure", "events"),
            compare("<=", start.last, Column("closes_from", "sampled")),
            compare("<=", start.last, up_to),
            compare(">=", end.first, Column("opens_by", "sampled")),
        )

    def joined(self) -> list[str]:
        return [
            f"  FROM {self.name}_sampled AS sampled",
            f"  JOIN {self.domain}_rows AS events ON events.participant = sampled.participant",
            f"    AND events.thing = '{self.thing}'",
        ]

    def denied(self) -> str:
        """Events that an absence denies on a day of the window."""
        start, end = self.event("events")
        span = Span(self.of(_OPENS, "sampled"), self.of(_CLOSES, "sampled"))
        scope = self.within()
        shared = events.contradicts(self.builder, scope, span, start, end)
        where = text(and_(self.surely(), shared), self.builder.dialect, 8)
        return "\n".join(
            [
                "  SELECT DISTINCT sampled.participant, sampled.fact AS sample, events.fact",
                *self.joined(),
                "  JOIN denials ON denials.concept = events.concept AND denials.thing = events.thing",
                "  JOIN absences ON absences.participant = sampled.participant",
                f"    AND absences.concept = denials.absent AND absences.domain = '{self.domain}'",
                f"  WHERE {where}",
            ]
        )

    def within(self) -> Scope:
        stated = self.scope.stated
        if isinstance(stated, Column):
            stated = Column(stated.name, "sampled")
        return replace(self.scope, as_of=Column("up_to", "sampled"), stated=stated)

    def near(self) -> str:
        """Events that may have spoilt a sample; `hit`: one surely did."""
        start, end = self.event("events")
        up_to = Column("up_to", "sampled")
        span = Span(self.of(_OPENS, "sampled"), self.of(_CLOSES, "sampled"))
        begun = and_(compare("<=", start.first, up_to), compare("<=", span.start.first, up_to))
        where = text(and_(begun, shares_possibly(start.first, end.last, span)), self.builder.dialect, 8)
        sure = text(self.surely(), self.builder.dialect, 8)
        return "\n".join(
            [
                "  SELECT sampled.participant, sampled.fact AS sample,",
                f"    bool_or({sure} AND denied.fact IS NULL) AS hit",
                *self.joined(),
                f"  LEFT JOIN {self.name}_denied AS denied ON denied.participant = sampled.participant",
                "    AND denied.sample = sampled.fact AND denied.fact = events.fact",
                f"  WHERE {where}",
                "  GROUP BY sampled.participant, sampled.fact",
            ]
        )

    def covering(self) -> str:
        """Whether a span of days covers the window."""
        reach = self.builder.reach(self.within(), Column("until_first"), Column("until_last"))
        since = coalesce(Column("since_last"), Literal(FIRST))
        covers = and_(
            compare("<=", since, Column("opens_from", "sampled")),
            compare(">=", reach.first, Column("closes_by", "sampled")),
        )
        return text(covers, self.builder.dialect, 8)

    def free(self) -> str:
        """Samples round which one absence rules the events out."""
        return "\n".join(
            [
                "  SELECT sampled.participant, sampled.fact AS sample,",
                f"    bool_or(rules.part = 0) OR count(DISTINCT rules.part) >= {self.units} AS found",
                f"  FROM {self.name}_sampled AS sampled",
                "  JOIN absences ON absences.participant = sampled.participant",
                "  JOIN rules ON rules.concept = absences.concept AND rules.domain = absences.domain",
                f"    AND rules.rules_out = '{self.other}'",
                f"  WHERE {self.covering()}",
                "  GROUP BY sampled.participant, sampled.fact",
            ]
        )

    def listed(self) -> str:
        """Samples round which the record lists every event."""
        source = f"  FROM {self.name}_sampled AS sampled"
        where = self.covering()
        if self.domain in self.builder.options.assume:
            where = "sampled.closes_by <= sampled.up_to"
        else:
            source += (
                "\n  JOIN completeness AS spans ON spans.participant = sampled.participant"
                f" AND spans.domain = '{self.domain}'"
            )
        head = "  SELECT DISTINCT sampled.participant, sampled.fact AS sample, TRUE AS found"
        return f"{head}\n{source}\n  WHERE {where}"

    def kept(self) -> tuple[Expr, Expr]:
        """(whether nothing surely spoilt a sample, whether surely nothing did)."""
        flags = self.flags
        ruled_out = or_(is_(flags["ruled_out"], "TRUE"), is_(flags["listed"], "TRUE"))
        return is_not(flags["spoilt"], "TRUE"), and_(not_(flags["perhaps_spoilt"]), ruled_out)


def _round_the_sample(window: ir.Window, item: ir.Item) -> bool:
    """A window that holds its sample's own day, told about it on both sides."""
    start, end = window.start, window.end
    if start is None or end is None:
        return False
    of_sample = isinstance(start.anchor, ir.OfSample) and isinstance(end.anchor, ir.OfSample)
    lengths = all(each.by is None or isinstance(each.by, ir.Length) for each in (start, end))
    return of_sample and lengths and on_its_side(start, item, -1) and on_its_side(end, item, 1)


def samples(
    builder: Builder, scope: Scope, observed: ir.Observed, item: ir.Item, *, recency: bool = True
) -> results.Samples:
    if scope.sample is not None:
        raise builder.not_carried("a formula that asks for other than the latest result")
    if item.name in builder.protocol.measures and observed.side is not None:
        raise builder.not_carried("a formula's value of one side of the body")
    table = Cleaned(builder, scope, item, observed.clean)
    theirs, known = results.of_side(observed)
    unspoilt, clean = table.kept()
    place = Apart(table.rows, builder.per_person(table.rows.name, f"{table.rows.name}_found"), item.name)
    mine, sure = and_(theirs, unspoilt), and_(known, clean)
    return results.of_rows(
        builder, scope, observed, item, table.rows, place, mine, known=sure, recency=recency
    )
