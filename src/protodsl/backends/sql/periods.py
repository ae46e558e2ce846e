"""A dose on every day of a period: days in a row on each of which the daily dose passes.

Of the days between two on which anything changes the sum is the same; those in a row that surely pass, and
those that surely or perhaps do, are put together and measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import events
from protodsl.backends.sql.build import values
from protodsl.backends.sql.doses import WINDOW, Doses
from protodsl.backends.sql.layers import Cte
from protodsl.backends.sql.numbers import constant
from protodsl.backends.sql.syntax import (
    FALSE,
    FIRST,
    TRUE,
    Aggregate,
    Column,
    Expr,
    Literal,
    Rounded,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    is_,
    literal,
    moved,
    not_,
    or_,
    text,
)
from protodsl.backends.sql.times import Scope, Span, length, moved_by, on, whole

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


class Period(Doses):
    """The days of a drug up to the window's end, whether it ran in the window or before."""

    test: ir.Dose
    measured: bool = False  # whether it matters how long a period is at most

    @property
    def told(self) -> str:
        return f"{self.name}_stretches"

    @property
    def at_most(self) -> bool:
        """Whether a day without the drug passes, too, if that is recorded."""
        return self.test.op in ("<", "<=")

    def denied_in(self) -> Span:
        return Span(on(Literal(FIRST)), self.span.end)

    def may_run(self) -> tuple[Expr, ...]:
        return (compare("<=", self.start.first, self.span.end.last),)

    def cuts(self) -> str:
        """From the first day there is to the window's last."""
        name, dialect = self.name, self.builder.dialect
        columns = f"{', '.join(WINDOW)}, up_to"
        ends = ("first_lo", "first_hi", "last_lo", "last_hi")
        first = text(Literal(FIRST), dialect)
        whose = f"{name}_windows" if self.at_most else name
        marks = dict.fromkeys((first, "up_to + 1", "closes_by + 1", "opens_from"), whose)
        marks |= dict.fromkeys((*ends, *(f"{end} + 1" for end in ends)), name)
        each = [f"  SELECT participant, {mark} AS day, {columns}\n  FROM {of}" for mark, of in marks.items()]
        since, until = (text(expr, dialect) for expr in self.listing())
        joined = "JOIN completeness AS listed ON listed.participant = whose.participant"
        for mark in (since, f"{until} + 1"):
            each.append(
                f"  SELECT whose.participant, {mark} AS day, {columns}\n  FROM {whose} AS whose\n"
                f"  {joined} AND listed.domain = 'medications'"
            )
        for mark in ("absent_since", "absent_until + 1") if not self.at_most else ():
            each.append(
                f"  SELECT whose.participant, {mark} AS day, {columns}\n  FROM {whose} AS whose\n"
                f"  JOIN {name}_absent AS absent ON absent.participant = whose.participant"
            )
        union = "\n  UNION\n".join(each)
        return "\n".join(
            [
                "  SELECT cuts.*, lead(day) OVER (PARTITION BY participant ORDER BY day) AS next_day",
                f"  FROM (\n{union}\n  ) AS cuts",
                f"  WHERE day >= {first} AND day <= closes_by + 1",
            ]
        )

    def windows(self) -> str:
        """Everybody's window: who takes nothing passes, too."""
        of = (*self.span.start, *self.span.end, self.scope.as_of)
        days = [
            f"    {text(expr, self.builder.dialect, 4)} AS {column}"
            for expr, column in zip(of, (*WINDOW, "up_to"), strict=True)
        ]
        return "\n".join(["  SELECT participant,", ",\n".join(days), "  FROM people"])

    def listing(self) -> tuple[Expr, Expr]:
        """From when to when the record lists all drugs, as a row of `completeness` says."""
        scope = replace(self.scope, as_of=Column("up_to"))
        reach = self.builder.reach(scope, Column("until_first"), Column("until_last"))
        return coalesce(Column("since_last"), Literal(FIRST)), reach.first

    def absent(self) -> list[Cte]:
        """The days around the window on which nothing of the drug, or of each in its class, was taken, as
        absences say each of which covers the window.
        """
        builder, dialect, name = self.builder, self.builder.dialect, self.name
        item = self.asked.item
        paths = len(builder.paths(item))
        reach = builder.reach(self.scope, Column("until_first"), Column("until_last"))
        since = coalesce(Column("since_last"), Literal(FIRST))
        opens, closes = self.span.start.first, self.span.end.last
        covers = and_(compare("<=", since, opens), compare(">=", reach.first, closes))
        each = [
            "  SELECT people.participant, parts.part,",
            f"    min({text(since, dialect, 6)}) AS since, max({text(reach.first, dialect, 6)}) AS until",
            "  FROM absences JOIN rules ON rules.concept = absences.concept",
            f"    AND rules.domain = absences.domain AND rules.rules_out = {literal(item)}",
            f"  JOIN {name}_parts AS parts ON rules.part IN (0, parts.part)",
            "  JOIN people ON people.participant = absences.participant",
            f"  WHERE {text(covers, dialect, 8)}",
            "  GROUP BY people.participant, parts.part",
        ]
        whole = [
            "  SELECT participant, max(since) AS absent_since, min(until) AS absent_until",
            f"  FROM {name}_each_absent GROUP BY participant HAVING count(*) = {paths}",
        ]
        return [
            Cte(f"{name}_parts(part)", values(((number,) for number in range(1, paths + 1)), dialect)),
            Cte(f"{name}_each_absent", "\n".join(each)),
            Cte(f"{name}_absent", "\n".join(whole), "Days around the window without any of it."),
        ]

    def ctes(self) -> list[Cte]:
        name, dialect = self.name, self.builder.dialect
        limit = constant(self.test.amount).low
        least, most = (Rounded(Column(each), 9) for each in ("day_least", "day_most"))
        bounded = not_(Column("day_unbounded"))
        assumed = "medications" in self.builder.options.assume
        since, until = (text(expr, dialect) for expr in self.listing())
        listed = "next_day - 1 <= up_to" if assumed else "known.day IS NOT NULL"
        without = f"{name}_absent.participant IS NOT NULL"
        absent = (
            f"  LEFT JOIN {name}_absent ON {name}_absent.participant = days.participant\n"
            "    AND absent_since <= days.day AND absent_until >= next_day - 1"
        )
        known = "\n".join(
            [
                "  SELECT DISTINCT days.participant, days.day",
                f"  FROM {self.days.name} AS days JOIN completeness",
                "    ON completeness.participant = days.participant AND domain = 'medications'",
                f"  WHERE {since} <= day AND {until} >= next_day - 1",
            ]
        )
        if self.at_most:
            passes = f"{text(and_(bounded, compare(self.test.op, most, limit)), dialect, 8)} AND {listed}"
            above: ir.Op = ">" if self.test.op == "<=" else ">="
            fails = fails_if_denied = text(compare(above, least, limit), dialect, 8)
        else:
            exactly = self.test.op == "="
            enough: ir.Op = ">=" if exactly else self.test.op
            passes = text(compare(enough, least, limit), dialect, 8)
            below: ir.Op = "<=" if self.test.op == ">" else "<"
            failing = text(and_(bounded, compare(below, most, limit)), dialect, 8)
            fails, fails_if_denied = f"{failing} AND {listed}", f"{failing} AND ({listed} OR {without})"
            if exactly:
                no_more = text(and_(bounded, compare("<=", most, limit)), dialect, 8)
                passes = f"{passes} AND {no_more} AND {listed}"
                too_much = text(compare(">", least, limit), dialect, 8)
                fails, fails_if_denied = (f"{too_much} OR {each}" for each in (fails, fails_if_denied))
        judged = "\n".join(
            [
                f"  SELECT days.*, {passes} AS passes,",
                f"    {fails} AS fails,",
                f"    {fails_if_denied} AS fails_if_denied",
                f"  FROM {self.days.name} AS days LEFT JOIN {name}_known AS known",
                "    ON known.participant = days.participant AND known.day = days.day",
                *(() if self.at_most else (absent,)),
                "  WHERE next_day IS NOT NULL",
            ]
        )
        kinds = {"sure": "passes", "may": "NOT fails", "denied": "NOT fails_if_denied"}
        each = "\n  UNION ALL\n".join(
            f"  SELECT *, '{kind}' AS kind, {flag} AS counts FROM {name}_judged"
            for kind, flag in kinds.items()
        )
        keys = f"participant, kind, {', '.join(WINDOW)}, up_to"
        stretches = "\n".join(
            [
                f"  SELECT {keys}, min(day) AS first_one, max(next_day) - 1 AS last_one",
                "  FROM (",
                "  SELECT each_one.*, sum(CASE WHEN counts THEN 0 ELSE 1 END) OVER (",
                "      PARTITION BY participant, kind ORDER BY day ROWS UNBOUNDED PRECEDING) AS run",
                f"  FROM (\n{each}\n  ) AS each_one",
                "  ) AS numbered WHERE counts",
                f"  GROUP BY {keys}, run",
                "  UNION ALL",
                f"  SELECT participant, 'clash', {', '.join(WINDOW)}, up_to, first_lo, last_hi",
                f"  FROM {name} WHERE clash",
            ]
        )
        told = "Days in a row on which the dose passes, or may."
        found = [
            *([Cte(f"{name}_windows", self.windows())] if self.at_most else self.absent()),
            *super().ctes(),
            Cte(f"{name}_known", known, "Days of which nothing is taken that is not recorded."),
            Cte(f"{name}_judged", judged),
            Cte(f"{name}_runs" if self.measured else self.told, stretches, told),
        ]
        return [*found, Cte(self.told, self.around())] if self.measured else found

    def around(self) -> str:
        """Beside days on which it surely passes, those around them on which it may; beside days on which it
        may, whether on all of them it surely does.
        """
        return "\n".join(
            [
                "  SELECT runs.*, same.participant IS NOT NULL AS settled,",
                "    widest.first_one AS widest_first, widest.last_one AS widest_last",
                f"  FROM {self.name}_runs AS runs",
                f"  LEFT JOIN {self.name}_runs AS widest ON widest.participant = runs.participant",
                "    AND runs.kind = 'sure' AND widest.kind = 'may'",
                "    AND widest.first_one <= runs.first_one AND widest.last_one >= runs.last_one",
                f"  LEFT JOIN {self.name}_runs AS same ON same.participant = runs.participant",
                "    AND runs.kind IN ('may', 'denied') AND same.kind = 'sure'",
                "    AND same.first_one = runs.first_one AND same.last_one = runs.last_one",
            ]
        )


def exists(builder: Builder, scope: Scope, asked: ir.Exists, item: ir.Item) -> Expr:
    """A period of days, up to the window's end, on each of which the daily dose passes."""
    test, lasting = asked.dose, asked.lasting
    assert test is not None and lasting is not None
    by = length(lasting[1], None)
    if test.amount == 0 and test.op == ">=":
        raise builder.not_carried("a dose of none or more for a period")
    if test.amount == 0 and test.op == "=":
        test = replace(test, op="<=")
    if by is None:
        raise builder.not_carried("a dose for so many half-lives")
    dose = ir.DoseOf(item.name, test.equivalence, asked.window, test.unit, test.per, "lowest")
    tests = and_(*(events.attribute(each, "medications") for each in asked.attributes))
    thing = builder.thing("medications", item.name, asked.but_not)
    key = ("period", scope.stage.id, replace(asked, span=None, verb="", lasting=None))
    found = builder.doses.get(key)
    if found is None:
        found = builder.doses[key] = Period(builder, scope, dose, thing, tests)
    assert isinstance(found, Period)
    found.test = test
    group = builder.per_person(found.told, f"{found.name}_lasting")
    first, last = Column("first_one"), Column("last_one")

    def some(kind: str, where: Expr) -> Expr:
        mine = and_(compare("=", Column("kind"), Literal(kind)), where)
        return is_(group.column(f"{found.name}_{kind}", Aggregate("bool_or", TRUE, mine)), "TRUE")

    def late(day: Expr, until: Expr) -> Expr:
        """When days up to this one, or up to the window's end, would have begun to last just so long."""
        there, dawn = moved_by(moved(earlier(day, until), "day", 1), -1, by), Literal(FIRST)
        return there if whole(found.span.end) else case((compare("<", there, dawn), dawn), otherwise=there)

    opens, closes = Column("opens_by"), Column("closes_from")
    some_day = TRUE if found.span.filled else compare("<=", opens, closes)
    inside = and_(compare("<=", first, closes), compare(">=", last, opens), some_day)
    touching = and_(
        compare("<=", first, Column("closes_by")),
        compare(">=", last, Column("opens_from")),
        compare("<=", Column("opens_from"), Column("closes_by")),
    )
    op = lasting[0]
    if op in (">=", ">"):
        sooner: ir.Op = "<=" if op == ">=" else "<"
        passes = compare(sooner, first, late(last, closes))
        may_pass = compare(sooner, first, late(last, Column("closes_by")))
    else:
        found.measured = True
        short: ir.Op = "<" if op == "<" else "<="
        passes = compare(short, late(Column("widest_last"), Column("closes_by")), Column("widest_first"))
        settled = Column("settled")
        begun, ended = case((settled, first), otherwise=last), case((settled, last), otherwise=first)
        may_pass = not_(compare(">=" if op == "<" else ">", late(ended, closes), begun))
        if op == "=":
            passes = and_(passes, compare("<=", first, late(last, closes)))
            may_pass = and_(may_pass, compare("<=", first, late(last, Column("closes_by"))))
    sure = some("sure", and_(inside, passes))
    may, may_if_denied = (some(kind, and_(touching, may_pass)) for kind in ("may", "denied"))
    clash = some("clash", touching)
    # an absence says nothing of days on which none of the drug passes, too
    absent = FALSE if found.at_most else builder.absent(scope, item.name, found.span)
    denied = and_(absent, not_(clash))
    listed = builder.complete(scope, "medications", found.span)
    ruled_out = or_(and_(denied, not_(may_if_denied)), and_(listed, not_(may)))
    return case((sure, TRUE), (ruled_out, FALSE))
