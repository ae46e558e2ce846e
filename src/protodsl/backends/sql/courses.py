"""Courses of a drug that touch or overlap are one: how long it lasted, when it began, how many there were.

Which courses are one is found twice: as far as their dates allow (`may`), and as far as they are sure of it.
Both are intervals of days that touch, sorted and cut where a gap is: a course of a drug nobody knows may be
part of any, so it stands in the list of each drug once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import events
from protodsl.backends.sql.layers import Cte, Grouped, Layers, columns_in
from protodsl.backends.sql.spaced import longest
from protodsl.backends.sql.syntax import (
    FALSE,
    TRUE,
    Aggregate,
    Binary,
    Column,
    Expr,
    In,
    Literal,
    and_,
    case,
    coalesce,
    compare,
    is_,
    is_not,
    not_,
    or_,
    text,
)
from protodsl.backends.sql.tables import BY_NAME
from protodsl.backends.sql.times import Scope, When, shares_possibly, shares_surely

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


class Joined:
    """The courses that pass the same tests, each with the one it is part of."""

    def __init__(self, builder: Builder, suits: Expr, may: Expr, start: When, end: When) -> None:
        """`suits`: it surely is one, `may`: it may be; its own first and last day, as columns of its row."""
        self.builder = builder
        self.name = builder.names.make("courses")
        self.rows = Layers(f"{self.name}_joined", builder.names)
        self.things: dict[str, None] = {}
        self.counted = False
        self.denied: dict[Expr, Column] = {}  # whether an absence denies a course, window by window
        self.suits, self.may, self.start, self.end = suits, may, start, end
        made = [
            Column(builder.names.make(hint)) for hint in ("from_first", "from_last", "to_first", "to_last")
        ]
        self.from_first, self.from_last, self.to_first, self.to_last = made
        self.one, self.whole = (Column(builder.names.make(hint)) for hint in ("one_course", "same_course"))

    @property
    def first(self) -> When:
        return When(self.from_first, self.from_last)

    @property
    def last(self) -> When:
        return When(self.to_first, self.to_last)

    def reads(self) -> set[str]:
        """Columns of the drugs' rows that it needs."""
        base = (self.suits, self.may, self.start, self.end, tuple(self.denied))
        own = {each.name for each in columns_in(base)} - {each.name for each in self.denied.values()}
        told = {field.name for field in BY_NAME["absences"].fields} - {"participant", "fact", "concept"}
        return (self.rows.read() | own | {"drug", "named", "thing", "fact", "concept", "line"}) - told

    def ctes(self) -> list[Cte]:
        dialect, name = self.builder.dialect, self.name
        wanted = text(In(Column("thing"), tuple(self.things)), dialect)
        listed = (
            f"  SELECT *, CASE WHEN named THEN drug ELSE '' END AS of_drug\n  FROM medications_rows\n"
            f"  WHERE {wanted} AND {text(self.may, dialect)}"
        )
        told = "Courses of drugs; those that touch or overlap are one."
        found = [Cte(name, listed, told), *self.as_may_be(), *self.as_is_sure(), self.as_denied()]
        start, end = (text(each, dialect) for each in (self.start.last, self.end.first))
        lines = [
            f"  SELECT runs.*, may.joined_since AS {self.from_first.name},",
            f"    may.joined_until AS {self.to_last.name},",
            f"    least(runs.{start}, sure.joined_since) AS {self.from_last.name},",
            f"    greatest(runs.{end}, sure.joined_until) AS {self.to_first.name},",
        ]
        if self.counted:
            found += self.as_one()
            lines.append(f"    one.one AS {self.one.name}, {self.same('runs', 'sure')} AS {self.whole.name},")
        lines += [
            ",\n".join(f"    denied.{each.name}" for each in self.denied.values()),
            f"  FROM {name} AS runs",
            f"  JOIN {name}_reach AS may ON {_same('may', 'runs', 'fact')}",
            f"  LEFT JOIN {name}_sure AS sure ON {_same('sure', 'runs', 'fact')}",
            f"  LEFT JOIN {name}_denied AS denied ON {_same('denied', 'runs', 'fact')}",
        ]
        if self.counted:
            lines.append(f"  JOIN {name}_one AS one ON {_same('one', 'runs', 'fact')}")
        return [*found, *self.rows.ctes("\n".join(lines), dialect, "")]

    def as_may_be(self) -> list[Cte]:
        """Of each course the earliest first and the latest last day of the one it may be part of.

        A course of a drug nobody knows is of one drug, whichever: of each it is seen how far that may reach.
        """
        dialect, name = self.builder.dialect, self.name
        first, last = text(self.start.first, dialect), text(self.end.last, dialect)
        kinds = f"SELECT DISTINCT participant, thing, of_drug FROM {name}"
        listed = "\n".join(
            [
                "  SELECT runs.participant, runs.thing, runs.fact, kinds.of_drug,",
                f"    runs.{first} AS since, runs.{last} AS until",
                f"  FROM {name} AS runs JOIN ({kinds}) AS kinds ON {_same('kinds', 'runs')}",
                "    AND runs.of_drug IN ('', kinds.of_drug)",
            ]
        )
        reach = "\n".join(
            [
                "  SELECT participant, thing, fact, min(joined_since) AS joined_since,",
                "    max(joined_until) AS joined_until",
                f"  FROM {name}_may GROUP BY participant, thing, fact",
            ]
        )
        return [Cte(f"{name}_may", islands(listed, "of_drug")), Cte(f"{name}_reach", reach)]

    def as_one(self) -> list[Cte]:
        """Of each course a text, the same for all that may be one with it.

        Courses of one drug that touch may be one, and with them those of a drug nobody knows: the one may be
        the other. Two drugs are two, unless such a course of either stands between them: so what courses of
        unknown drugs are joined to, and which of these a drug's courses bridge, tells what is one.
        """
        dialect, name = self.builder.dialect, self.name
        first, last = text(self.start.first, dialect), text(self.end.last, dialect)
        listed = f"  SELECT participant, thing, fact, of_drug, {first} AS since, {last} AS until FROM {name}"
        touching = (
            "unknown.joined_since <= drugs.joined_until + 1\n"
            "    AND drugs.joined_since <= unknown.joined_until + 1"
        )
        unknown = [
            "  SELECT participant, thing, course, min(joined_since) AS joined_since,",
            f"    max(joined_until) AS joined_until FROM {name}_by_drug",
            "  WHERE of_drug = '' GROUP BY participant, thing, course",
        ]
        bridges = [
            "  SELECT drugs.participant, drugs.thing, drugs.of_drug, drugs.course,",
            "    min(unknown.course) AS from_course, max(unknown.course) AS to_course",
            f"  FROM {name}_by_drug AS drugs JOIN {name}_unknown AS unknown",
            f"    ON {_same('unknown', 'drugs')}",
            f"    AND {touching}",
            "  WHERE drugs.of_drug <> ''",
            "  GROUP BY drugs.participant, drugs.thing, drugs.of_drug, drugs.course",
        ]
        joint = [
            "  SELECT participant, thing, course, sum(gap) OVER (",
            "    PARTITION BY participant, thing ORDER BY course ROWS UNBOUNDED PRECEDING) AS whole",
            "  FROM (",
            "  SELECT unknown.participant, unknown.thing, unknown.course,",
            "    CASE WHEN count(bridges.course) > 0 THEN 0 ELSE 1 END AS gap",
            f"  FROM {name}_unknown AS unknown LEFT JOIN {name}_bridges AS bridges",
            f"    ON {_same('bridges', 'unknown')}",
            "    AND bridges.from_course < unknown.course AND unknown.course <= bridges.to_course",
            "  GROUP BY unknown.participant, unknown.thing, unknown.course",
            "  ) AS cut",
        ]
        one = [
            "  SELECT runs.participant, runs.thing, runs.fact,",
            "    CASE WHEN joint.whole IS NOT NULL THEN concat('* ', CAST(joint.whole AS VARCHAR(20)))",
            "      ELSE concat(runs.of_drug, ' ', CAST(runs.course AS VARCHAR(20))) END AS one",
            f"  FROM {name}_by_drug AS runs",
            f"  LEFT JOIN {name}_bridges AS bridges ON {_same('bridges', 'runs', 'of_drug', 'course')}",
            f"  LEFT JOIN {name}_joint AS joint ON {_same('joint', 'runs')}",
            "    AND joint.course =",
            "      CASE WHEN runs.of_drug = '' THEN runs.course ELSE bridges.from_course END",
        ]
        told = "Courses of one drug, of no drug anybody knows, and what these join."
        found = [Cte(f"{name}_by_drug", islands(listed, "of_drug"), told)]
        made = {"unknown": unknown, "bridges": bridges, "joint": joint, "one": one}
        return [*found, *(Cte(f"{name}_{each}", "\n".join(body)) for each, body in made.items())]

    def as_is_sure(self) -> list[Cte]:
        """Of each course the latest first and the earliest last day of the one it surely is part of."""
        dialect, name = self.builder.dialect, self.name
        first, last = text(self.start.last, dialect), text(self.end.first, dialect)
        cores = "\n".join(
            [
                f"  SELECT participant, thing, fact, drug, {first} AS since, {last} AS until",
                f"  FROM {name} WHERE {text(self.suits, dialect)} AND drug <> '' AND {first} <= {last}",
            ]
        )
        body = islands(cores, "drug")
        linked = "\n".join(
            [
                "  SELECT runs.participant, runs.thing, runs.fact, min(cores.joined_since) AS joined_since,",
                "    max(cores.joined_until) AS joined_until, min(cores.course) AS course",
                f"  FROM {name} AS runs JOIN {name}_cores AS cores ON {_same('cores', 'runs', 'drug')}",
                f"    AND cores.since <= runs.{last} + 1 AND runs.{first} <= cores.until + 1",
                "  GROUP BY runs.participant, runs.thing, runs.fact",
            ]
        )
        return [Cte(f"{name}_cores", body), Cte(f"{name}_sure", linked)]

    def as_denied(self) -> Cte:
        """Courses that an absence denies, in the windows asked about."""
        dialect, name = self.builder.dialect, self.name
        flags = [
            f"    bool_or({text(expr, dialect, 12)}) AS {column.name}" for expr, column in self.denied.items()
        ]
        body = [
            "  SELECT runs.participant, runs.thing, runs.fact,",
            ",\n".join(flags),
            "  FROM absences JOIN denials ON denials.absent = absences.concept",
            f"  JOIN {name} AS runs ON runs.participant = absences.participant",
            "    AND runs.concept = denials.concept AND runs.thing = denials.thing",
            "  WHERE absences.domain = 'medications'",
            "  GROUP BY runs.participant, runs.thing, runs.fact",
        ]
        return Cte(f"{name}_denied", "\n".join(body))

    def deny(self, shared: Expr) -> Expr:
        """Whether an absence denies the course, in the window that `shared` tells."""
        found = self.denied.get(shared)
        if found is None:
            found = self.denied[shared] = Column(self.builder.names.make("course_denied"))
        return is_(found, "TRUE")

    def same(self, runs: str, sure: str) -> str:
        """A text for each course that surely is another than those with another text."""
        dialect = self.builder.dialect
        first, last = text(self.start.last, dialect), text(self.end.first, dialect)
        suits = f"{text(self.suits, dialect)} AND {runs}.drug <> ''"
        return "\n".join(
            [
                "CASE",
                f"      WHEN {suits} AND {sure}.course IS NOT NULL",
                f"      THEN concat({runs}.drug, ' ', CAST({sure}.course AS VARCHAR(20)))",
                f"      WHEN {suits} AND {runs}.{first} = {runs}.{last} + 1",
                f"      THEN concat({runs}.drug, ' on ', CAST({runs}.{first} AS VARCHAR(20)))",
                f"      ELSE concat('fact ', CAST({runs}.fact AS VARCHAR(20)))",
                "    END",
            ]
        )


def _same(one: str, other: str, *more: str) -> str:
    return " AND ".join(f"{one}.{each} = {other}.{each}" for each in ("participant", "thing", *more))


def islands(rows: str, by: str) -> str:
    """Rows with `since` and `until`: those that touch are one `course` (a number), from `joined_since` to
    `joined_until`.
    """
    per = f"PARTITION BY participant, thing, {by}"
    order = f"{per} ORDER BY since, until, fact"
    before = f"{order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"""  SELECT numbered.*, min(since) OVER ({per}, course) AS joined_since,
    max(until) OVER ({per}, course) AS joined_until
  FROM (
  SELECT cut.*, sum(gap) OVER ({order} ROWS UNBOUNDED PRECEDING) AS course
  FROM (
  SELECT listed.*, CASE WHEN since <= max(until) OVER ({before}) + 1 THEN 0 ELSE 1 END AS gap
  FROM (
{rows}
  ) AS listed
  ) AS cut
  ) AS numbered"""


# ---------------------------------------------------------------- asking


def joined(builder: Builder, scope: Scope, asked: ir.Exists, thing: str, start: When, end: When) -> Joined:
    """The table of courses that pass the same tests; one for all drugs."""
    rows = builder.rows("medications")
    tests = and_(*(events.attribute(test, "medications") for test in asked.attributes))
    suits = rows.column("suits", and_(Column("sure"), is_(tests, "TRUE")))
    begun = compare("<=", start.first, scope.as_of)
    may = rows.column("may_suit", is_(and_(begun, is_not(tests, "FALSE")), "TRUE"))
    key = (suits, may, start, end)
    found = builder.joined.get(key)
    if found is None:
        found = builder.joined[key] = Joined(builder, *key)
        builder.derived.setdefault(rows.name, []).append(found)
        builder.contested.add("medications")
        builder.later.append(found.ctes)
    found.things[thing] = None
    return found


def exists(builder: Builder, scope: Scope, asked: ir.Exists, item: ir.Item) -> Expr:
    """As `events.exists`, of courses: each counts as part of the one it is joined to."""
    times = builder.times
    span = times.window(scope, asked.window, item)
    inside = times.unless_empty(scope, times.capped(scope, span, scope.as_of))
    start, end = events.lasted(builder, scope, builder.rows("medications"), "medications")
    thing = builder.thing("medications", item.name, asked.but_not)
    table = joined(builder, scope, asked, thing, start, end)
    rows, first, last = table.rows, table.first, table.last
    over = first if asked.first_day else last
    possible = [compare("=", Column("thing"), Literal(thing)), shares_possibly(start.first, end.last, inside)]
    sure: list[Expr] = [table.suits, shares_surely(first.last, over.first, inside)]
    own_over = first.first if asked.first_day else end.first
    alone: list[Expr] = [shares_surely(start.last, own_over, inside)]
    if asked.first_day:
        possible.append(compare(">=", first.last, inside.start.first))
    if asked.lasting is not None:
        long = rows.column(f"{item.name}_lasts", events.lasts(first, last, inside, *asked.lasting))
        possible.append(is_not(long, "FALSE"))
        sure.append(long)
        own = When(first.first, start.last), When(end.first, last.last)
        alone.append(events.lasts(*own, inside, *asked.lasting))
    hint = item.name
    may = rows.column(f"{hint}_possible", is_(and_(*possible), "TRUE"))
    surely = rows.column(f"{hint}_sure", is_(and_(may, *sure), "TRUE"))
    denied = table.deny(events.contradicts(builder, scope, span, start, end))
    group = builder.per_person(rows.name, f"{table.name}_found")

    def some(name: str, where: Expr) -> Expr:
        return is_(group.column(f"{hint}_{name}", Aggregate("bool_or", TRUE, where)), "TRUE")

    contested = some("against", and_(surely, denied))
    uncontested = and_(surely, not_(denied), rows.column(f"{hint}_alone", is_(and_(*alone), "TRUE")))
    absent = builder.absent(scope, item.name, span)
    if asked.least == 1:
        found = or_(and_(not_(contested), some("found", surely)), some("alone", uncontested))
        perhaps = some("perhaps", may)
    else:
        absent = and_(absent, not_(contested))  # what an event contradicts rules nothing out
        if asked.spaced is not None and not asked.lines:
            enough, left, perhaps = apart(table, asked, asked.spaced, group, surely, uncontested, may)
        else:
            counted = lines if asked.lines else courses
            enough, _ = counted(table, asked, group, surely, may)
            left, perhaps = counted(table, asked, group, uncontested, may)
        found = or_(and_(not_(contested), enough), left)
    ruled_out = or_(absent, builder.complete(scope, "medications", span))
    return case((found, TRUE), (and_(ruled_out, not_(perhaps)), FALSE))


def lines(table: Joined, asked: ir.Exists, group: Grouped, sure: Expr, may: Expr) -> tuple[Expr, Expr]:
    """Whether there surely are, and may be, so many lines: a course without one may be of any."""
    hint, least, line = asked.item, Literal(asked.least), Column("line")
    told = group.column(f"{hint}_lines", Aggregate("count", line, sure, distinct=True))
    perhaps = group.column(f"{hint}_lines", Aggregate("count", line, may, distinct=True))
    untold = group.column(f"{hint}_unlined", Aggregate("count", None, and_(may, is_(line, "NULL"))))
    total = Binary("+", perhaps, untold)
    return is_(compare(">=", told, least), "TRUE"), is_(compare(">=", total, least), "TRUE")


def courses(table: Joined, asked: ir.Exists, group: Grouped, sure: Expr, may: Expr) -> tuple[Expr, Expr]:
    """Whether there surely are, and may be, so many courses: few where they may be one, else many."""
    hint, least = asked.item, Literal(asked.least)
    table.counted = True
    fewest = group.column(f"{hint}_courses", Aggregate("count", table.one, sure, distinct=True))
    most = group.column(f"{hint}_courses", Aggregate("count", table.whole, may, distinct=True))
    return is_(compare(">=", fewest, least), "TRUE"), is_(compare(">=", most, least), "TRUE")


def apart(
    table: Joined,
    asked: ir.Exists,
    spaced: ir.Length,
    group: Grouped,
    sure: Expr,
    uncontested: Expr,
    may: Expr,
) -> tuple[Expr, Expr, Expr]:
    """Whether surely so many courses are so far apart; so many that no absence denies; and whether there may
    be. Of what may be one the first to begin counts; one without a whole date is taken as if it fitted.
    """
    table.counted = True
    builder, days = table.builder, table.first
    whole = and_(may, compare("=", days.first, days.last))
    kinds = {"sure": (sure, table.one), "left": (uncontested, table.one), "whole": (whole, table.whole)}

    def each() -> list[str]:
        dialect = builder.dialect
        first, last = text(days.first, dialect), text(days.last, dialect)
        return [
            f"  SELECT participant, '{kind}' AS kind, {first} AS first_one, {last} AS last_one FROM (\n"
            f"    SELECT *, row_number() OVER (\n"
            f"      PARTITION BY participant, {course.name} ORDER BY {last}, {first}) AS place\n"
            f"    FROM {table.rows.name} WHERE {text(where, dialect, 8)}\n"
            f"  ) AS one_each WHERE place = 1"
            for kind, (where, course) in kinds.items()
        ]

    steps = longest(builder, spaced, asked.least, each)
    partial = and_(may, compare("<", days.first, days.last))
    vague = group.column(f"{asked.item}_partial", Aggregate("count", table.whole, partial, distinct=True))
    least = Literal(asked.least)
    perhaps = Binary("+", steps("whole"), coalesce(vague, Literal(0)))
    enough, left, many = (compare(">=", each, least) for each in (steps("sure"), steps("left"), perhaps))
    return is_(enough, "TRUE"), is_(left, "TRUE"), is_(many, "TRUE")


__all__ = ["Joined", "exists", "islands"]
