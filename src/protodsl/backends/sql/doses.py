"""Daily doses: the sum of the courses that run on a day, between what it surely is and what it may be.

A sum changes only on days on which a course begins or ends; so these days, and those of the window, are all
that is looked at. Doses become doubles in the unit asked for, by a scale for each code and unit.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import amounts, events
from protodsl.backends.sql.layers import Cte, Layers, columns_in
from protodsl.backends.sql.numbers import MOST, ZERO, Value
from protodsl.backends.sql.syntax import (
    TRUE,
    Aggregate,
    Binary,
    Column,
    DayNumber,
    Double,
    Expr,
    Literal,
    ToDouble,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    is_,
    is_not,
    literal,
    moved,
    not_,
    text,
)
from protodsl.backends.sql.tables import BY_NAME
from protodsl.backends.sql.times import Scope, Span
from protodsl.runtime.codes import Match
from protodsl.runtime.rules import SURFACES, WEIGHT
from protodsl.runtime.units import conversion, parse_unit, per_body

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

WINDOW = ("opens_from", "opens_by", "closes_from", "closes_by")


class Doses:
    """The courses of a drug in a window, with their doses, and the days on which their sum may change."""

    def __init__(
        self, builder: Builder, scope: Scope, asked: ir.DoseOf, thing: str, suits: Expr = TRUE
    ) -> None:
        """`suits`: what else is asked of a course."""
        self.builder, self.asked = builder, asked
        item = builder.protocol.items[asked.item]
        self.name = builder.names.make(f"dose_of_{item.name}")
        self.thing, self.suits = thing, suits
        self.scope = scope
        self.span = builder.times.window(scope, asked.window, item)
        rows = builder.rows("medications")
        self.start, self.end = events.lasted(builder, scope, rows, "medications")
        self.contradicted = events.contradicts(builder, scope, self.denied_in(), self.start, self.end)
        self.body = self.sizes()
        self.days = Layers(f"{self.name}_days", builder.names)
        builder.derived.setdefault(rows.name, []).append(self)
        builder.contested.add("medications")
        builder.last[self.told] = self.ctes

    @property
    def told(self) -> str:
        """The table in which the answer is looked up."""
        return self.days.name

    def denied_in(self) -> Span:
        """The window in which an absence denies a course."""
        return self.span

    def sizes(self) -> dict[str, tuple[str, Expr, Expr]]:
        """Weight and surface, where the vocabulary has them: the table, the lower and the upper end."""
        builder, found = self.builder, {}
        surface = next((name for name in SURFACES if name in builder.protocol.items), None)
        for per, item in (("kg", WEIGHT), ("m2", surface)):
            if item is None or item not in builder.protocol.items:
                continue
            if per != self.asked.per and per not in self.recorded():
                continue
            value = amounts.amount(builder, self.scope, ir.Observed(item, unit=parse_unit(per))).value
            read = {each.name for each in columns_in((value.low, value.high))}
            tables = [
                group.name
                for group in builder.grouped.values()
                if read & {column.name for column in group.made.values()}
            ]
            if len(tables) == 1:
                found[per] = (tables[0], value.low, value.high)
        return found

    def recorded(self) -> set[str]:
        """What doses are recorded for: kg, m2."""
        units = {per_body(unit)[1] for unit in self.builder.lexicon.dose_units}
        return {"kg", "m2"} if units & {"kg", "m2"} or self.asked.per is None else set()

    def reads(self) -> set[str]:
        """Columns of the drugs' rows that it needs."""
        base = (self.start, self.end, self.span, self.contradicted, self.scope.as_of, self.suits)
        told = {field.name for field in BY_NAME["absences"].fields} - {"participant", "fact", "concept"}
        own = {"drug", "named", "thing", "fact", "concept", "sure", "unit", "per", "dose_low", "dose_high"}
        return ({each.name for each in columns_in(base)} - told) | own

    # ------------------------------------------------------------ courses

    def ctes(self) -> list[Cte]:
        builder, dialect, name = self.builder, self.builder.dialect, self.name
        label = builder.protocol.items[self.asked.item].label
        told = f"{label}: doses a day in {self.asked.unit.text}."
        return [
            *self.scales(),
            Cte(f"{name}_denied", self.denials()),
            Cte(name, self.courses(), told),
            Cte(f"{name}_cuts", self.cuts()),
            Cte(f"{name}_drugs", self.by_drug()),
            *self.days.ctes(self.by_day(), dialect, ""),
        ]

    def scales(self) -> list[Cte]:
        """What a dose of each code is multiplied by, in each unit, and what it is recorded for."""
        builder, name = self.builder, self.name
        rows = [
            (fit.concept, fit.key, unit, self.scale(fit.key, unit), per_body(unit)[1])
            for fit in builder.matching.fitted(self.asked.item)
            for unit in builder.lexicon.dose_units
        ]
        kept = [each for each in rows if each[3] is not None] or [(-1, "", "", Fraction(1), None)]
        lines = [
            "    ({}, {})".format(
                ", ".join(literal(cell, builder.dialect) for cell in (concept, key, unit, per)),
                text(Double(float(scale or 1)), builder.dialect),
            )
            for concept, key, unit, scale, per in kept
        ]
        own = "  VALUES\n" + ",\n".join(lines)
        return [
            Cte(f"{name}_units(concept, key, unit, told_per, scale)", own),
            Cte(f"{name}_scales", builder.numbered(f"{name}_units", "unit, told_per, scale")),
        ]

    def scale(self, key: str, unit: str) -> Fraction | None:
        """None: it cannot be converted, or no equivalent is known."""
        from protodsl.backends.sql.lexicon import coded_of

        builder, factor, code = self.builder, Fraction(1), coded_of(key)
        vocabulary = builder.matching.vocabulary
        if self.asked.equivalence is not None:
            factors = builder.protocol.equivalences[self.asked.equivalence].factors
            known = {own for name, own in factors if vocabulary.match(code, name) is Match.SURE}
            if len(known) != 1:
                return None
            factor = Fraction(known.pop())
        drug = vocabulary.drug(code)
        item = builder.protocol.items.get(drug.code or "") if drug.system is None else None
        mass = item.molar_mass if item is not None else None
        found = conversion(per_body(unit)[0], per_body(self.asked.unit.text)[0], mass)
        return None if found is None else found * factor

    def denials(self) -> str:
        """Courses that an absence denies in the window."""
        return "\n".join(
            [
                "  SELECT DISTINCT facts.participant, facts.fact",
                "  FROM absences JOIN denials ON denials.absent = absences.concept",
                "  JOIN medications_rows AS facts ON facts.participant = absences.participant",
                "    AND facts.concept = denials.concept AND facts.thing = denials.thing",
                f"  WHERE absences.domain = 'medications' AND facts.thing = {literal(self.thing)}",
                f"    AND facts.sure AND {text(self.contradicted, self.builder.dialect, 8)}",
            ]
        )

    def courses(self) -> str:
        """Those that may run in the window; what cannot be converted is anything from 0 up."""
        dialect, name, span = self.builder.dialect, self.name, self.span
        days = dict(
            zip(
                ("first_lo", "first_hi", "last_lo", "last_hi", *WINDOW, "up_to"),
                (
                    *(self.start.first, self.start.last, self.end.first, self.end.last),
                    *(span.start.first, span.start.last, span.end.first, span.end.last, self.scope.as_of),
                ),
                strict=True,
            )
        )
        low, high = self.dose()
        told = [f"    {text(expr, dialect, 4)} AS {column}" for column, expr in days.items()]
        told.append(f"    {text(low, dialect, 4)} AS low")
        told.append(f"    {text(high, dialect, 4)} AS high")
        inside = and_(
            compare("=", Column("thing"), Literal(self.thing)),
            compare("<=", self.start.first, self.scope.as_of),
            is_not(self.suits, "FALSE"),
            *self.may_run(),
        )
        sure = text(and_(Column("sure", "facts"), is_(self.suits, "TRUE")), dialect, 4)
        body = [
            "  SELECT facts.participant, facts.drug, facts.named,",
            f"    {sure} AND denied.fact IS NULL AS surely,",
            f"    {sure} AND denied.fact IS NOT NULL AS clash,",
            ",\n".join(told),
            "  FROM medications_rows AS facts",
            f"  LEFT JOIN {name}_scales AS scales ON scales.concept = facts.concept",
            "    AND scales.unit = facts.unit",
            f"  LEFT JOIN {name}_denied AS denied ON denied.participant = facts.participant",
            "    AND denied.fact = facts.fact",
        ]
        for table in dict.fromkeys(table for table, _, _ in self.body.values()):
            body.append(f"  LEFT JOIN {table} ON {table}.participant = facts.participant")
        return "\n".join([*body, f"  WHERE {text(inside, dialect, 8)}"])

    def may_run(self) -> tuple[Expr, ...]:
        """Which courses are looked at."""
        span = self.span
        return (
            compare("<=", self.start.first, span.end.last),
            compare(">=", self.end.last, span.start.first),
            compare("<=", span.start.first, span.end.last),
        )

    def dose(self) -> tuple[Expr, Expr]:
        """A course's own dose a day, in the unit asked for; high null: without bound."""
        scale = Column("scale")
        low: Expr = coalesce(Binary("*", ToDouble(Column("dose_low")), scale), ZERO)
        high: Expr = Binary("*", ToDouble(Column("dose_high")), scale)
        own, asked = coalesce(Column("per"), Column("told_per")), self.asked.per
        plain = is_(own, "NULL") if asked is None else compare("=", own, Literal(asked))
        lows, highs = [(plain, low)], [(plain, high)]
        for per in (None, "kg", "m2"):
            if per == asked:
                continue
            told = is_(own, "NULL") if per is None else compare("=", own, Literal(per))
            ends = self.by_body(per, asked, low, high)
            if ends is not None:
                lows.append((told, coalesce(ends[0], ZERO)))
                highs.append((told, ends[1]))
        return case(*lows, otherwise=ZERO), case(*highs)

    def by_body(self, per: str | None, asked: str | None, low: Expr, high: Expr) -> tuple[Expr, Expr] | None:
        """Recorded for one kg and asked for whole, or the other way round; None: nobody can tell."""
        if per is not None:
            if per not in self.body:
                return None
            _, least, most = self.body[per]
            known = is_not(least, "NULL")
            low = case((and_(known, compare(">", least, ZERO)), Binary("*", low, least)))
            bounded = and_(known, compare("<", most, MOST))
            high = case((and_(known, compare("=", high, ZERO)), ZERO), (bounded, Binary("*", high, most)))
        if asked is not None:
            if asked not in self.body:
                return None
            _, least, most = self.body[asked]
            sound = compare(">", least, ZERO)
            low = case((and_(sound, compare("<", most, MOST)), Binary("/", low, most)))
            high = case((sound, Binary("/", high, least)))
        return low, high

    # ------------------------------------------------------------ days

    def cuts(self) -> str:
        """Days on which the sum may change, within the window; `next_day`: the one after."""
        whole = self.asked.select != "highest"
        marks = ["first_lo", "first_hi", "opens_from", "opens_by"]
        if whole:
            marks += ["last_lo", "last_hi", *(f"{day} + 1" for day in ("first_lo", "first_hi", "last_lo"))]
            marks += ["last_hi + 1", "closes_from + 1", "least(closes_by, up_to) + 1"]
        elif self.span.filled:
            marks += ["first_hi + 1", "last_lo", "last_lo + 1"]
        if self.span.filled:
            marks.append("closes_from")
        each = "\n  UNION\n".join(
            f"  SELECT participant, {mark} AS day, opens_from, opens_by, closes_from, closes_by, up_to\n"
            f"  FROM {self.name}"
            for mark in marks
        )
        until = "least(closes_by, up_to)" + (" + 1" if whole else "")
        return "\n".join(
            [
                "  SELECT cuts.*, lead(day) OVER (PARTITION BY participant ORDER BY day) AS next_day",
                f"  FROM (\n{each}\n  ) AS cuts",
                f"  WHERE day >= opens_from AND day <= {until}",
            ]
        )

    def by_drug(self) -> str:
        """What each drug adds on a day: courses that run on, that end there, that begin there."""
        ends = "runs.last_lo = cuts.day AND cuts.day > runs.first_lo"
        starts = "runs.first_hi = cuts.day AND cuts.day < runs.last_hi"
        sure = "surely AND first_hi <= day AND last_lo >= day"
        over = "named AND last_lo = day AND last_hi = day AND day > first_hi"
        begun = "named AND first_lo = day AND first_hi = day AND day < last_lo"

        def total(what: str, where: str) -> str:
            return f"coalesce(sum({what}) FILTER (WHERE {where}), 0)"

        lines = [
            f"    {total('low', f'{sure} AND NOT ends AND NOT starts')} AS steady",
            f"    {total('low', f'{sure} AND ends AND NOT starts')} AS ending",
            f"    {total('low', f'{sure} AND starts AND NOT ends')} AS starting",
            f"    {total('low', f'{sure} AND starts AND ends')} AS either",
            f"    count(*) FILTER (WHERE {sure} AND starts AND ends) AS open_ones",
            f"    bool_or({sure} AND (ends OR starts) AND NOT named) AS unnamed",
            f"    {total('high', f'NOT ({over}) AND NOT ({begun})')} AS most_steady",
            f"    {total('high', over)} AS most_ending",
            f"    {total('high', begun)} AS most_starting",
            "    bool_or(participant_of IS NOT NULL AND high IS NULL) AS unbounded",
        ]
        keys = f"participant, day, next_day, {', '.join(WINDOW)}, up_to"
        return "\n".join(
            [
                f"  SELECT {keys}, drug,",
                ",\n".join(lines),
                "  FROM (",
                "  SELECT cuts.*, runs.participant AS participant_of, runs.drug, runs.named, runs.surely,",
                "    runs.first_lo, runs.first_hi, runs.last_lo, runs.last_hi, runs.low, runs.high,",
                f"    {ends} AS ends, {starts} AS starts",
                f"  FROM {self.name}_cuts AS cuts LEFT JOIN {self.name} AS runs",
                "    ON runs.participant = cuts.participant",
                "    AND runs.first_lo <= cuts.day AND runs.last_hi >= cuts.day",
                "  ) AS running",
                f"  GROUP BY {keys}, drug",
            ]
        )

    def by_day(self) -> str:
        """The least and the most of a day. On a day of change the higher sum counts; where it is open which
        courses are part of which, the least that any division gives (of several such: a bound).
        """
        keys = f"participant, day, next_day, {', '.join(WINDOW)}, up_to"

        def change(ending: str, starting: str, either: str, number: str) -> str:
            one = f"greatest({ending} + {either}, {starting})"
            other = f"greatest({ending}, {starting} + {either})"
            return (
                f"CASE WHEN {number} = 0 THEN greatest({ending}, {starting})\n"
                f"      WHEN {number} = 1 THEN least({one}, {other})\n"
                f"      ELSE greatest({ending}, {starting}, ({ending} + {starting} + {either}) / 2) END"
            )

        apart = change("ending", "starting", "either", "open_ones")
        together = change("sum(ending)", "sum(starting)", "sum(either)", "sum(open_ones)")
        return "\n".join(
            [
                f"  SELECT {keys},",
                "    sum(steady) + CASE WHEN bool_or(unnamed) THEN",
                f"      {together}",
                f"      ELSE sum({apart}) END AS day_least,",
                "    sum(most_steady) + sum(greatest(most_ending, most_starting)) AS day_most,",
                "    bool_or(unbounded) AS day_unbounded",
                f"  FROM {self.name}_drugs",
                f"  GROUP BY {keys}",
            ]
        )

    # ------------------------------------------------------------ what they say together

    def value(self) -> Value:
        builder, scope, span = self.builder, self.scope, self.span
        listed = builder.complete(scope, "medications", span)
        known = and_(*(is_not(each, "NULL") for each in (span.start.first, span.end.last, scope.as_of)))
        match self.asked.select:
            case "highest":
                low, high = self.highest()
            case "lowest":
                low, high = self.lowest()
            case _:
                low, high = self.total()
        return Value(
            case((known, coalesce(low, ZERO))),
            case((and_(known, listed), high), (known, MOST)),
            positive=True,
        )

    def gathered(self, hint: str, function: str, what: Expr | None, where: Expr) -> Expr:
        group = self.builder.per_person(self.told, f"{self.name}_found")
        return group.column(f"{self.name}_{hint}", Aggregate(function, what, where))

    def inside(self, last: Expr) -> Expr:
        """Days that surely lie in the window, the last of them `last`."""
        up_to = earlier(Column("closes_from"), Column("up_to"))
        return and_(compare(">=", Column("day"), Column("opens_by")), compare("<=", last, up_to))

    def highest(self) -> tuple[Expr, Expr]:
        day = Column("day")
        low = self.gathered("least", "max", Column("day_least"), self.inside(day))
        high = self.gathered("most", "max", Column("day_most"), TRUE)
        unbounded = self.gathered("unbounded", "bool_or", Column("day_unbounded"), TRUE)
        if self.span.filled:
            least = self.gathered("between", "min", Column("day_least"), self.between(day))
            low = case((self.crossed(), least), otherwise=low)
        return low, case((is_(unbounded, "TRUE"), MOST), otherwise=coalesce(high, ZERO))

    def crossed(self) -> Expr:
        """Whether no one day surely is in the window, which surely has one: from its first end to its last
        start.
        """
        first, last = self.span.end.first, self.span.start.last
        return and_(compare("<", first, last), compare("<=", last, self.scope.as_of))

    @staticmethod
    def between(day: Expr) -> Expr:
        return and_(compare(">=", day, Column("closes_from")), compare("<=", day, Column("opens_by")))

    def lowest(self) -> tuple[Expr, Expr]:
        span, as_of, some = self.span, self.scope.as_of, is_not(Column("next_day"), "NULL")
        low = self.gathered("least", "min", Column("day_least"), some)
        inside = and_(some, self.inside(moved(Column("next_day"), "day", -1)))
        bounded = and_(inside, not_(Column("day_unbounded")))
        high = self.gathered("most", "min", Column("day_most"), bounded)
        any_day = compare("<=", span.start.last, earlier(span.end.first, as_of))
        courses = self.gathered("days", "count", None, TRUE)
        none = and_(is_(courses, "NULL"), any_day)
        told = case((compare(">", span.end.last, as_of), ZERO), otherwise=low)
        told_most = case((is_not(high, "NULL"), high), (none, ZERO), otherwise=MOST)
        if span.filled:
            between = self.between(Column("day"))
            most = self.gathered("between", "max", Column("day_most"), between)
            open_ = self.gathered("open", "bool_or", Column("day_unbounded"), between)
            bounded_most = case((is_(open_, "TRUE"), MOST), otherwise=coalesce(most, ZERO))
            told_most = case((self.crossed(), bounded_most), otherwise=told_most)
        return told, told_most

    def total(self) -> tuple[Expr, Expr]:
        some = is_not(Column("next_day"), "NULL")
        days = Binary("-", DayNumber(Column("next_day")), DayNumber(Column("day")))
        inside = and_(some, self.inside(moved(Column("next_day"), "day", -1)))
        low = self.gathered("least", "sum", Binary("*", days, Column("day_least")), inside)
        high = self.gathered("most", "sum", Binary("*", days, Column("day_most")), some)
        unbounded = self.gathered("unbounded", "bool_or", Column("day_unbounded"), some)
        return low, case((is_(unbounded, "TRUE"), MOST), otherwise=coalesce(high, ZERO))


def dose_of(builder: Builder, scope: Scope, asked: ir.DoseOf) -> Value:
    """The daily dose in a window: its highest or lowest day, or the total of its days."""
    if scope.sample is not None:
        raise builder.not_carried("a dose inside a formula")
    key = (scope.stage.id, replace(asked, span=None))
    found = builder.doses.get(key)
    if found is None:
        thing = builder.thing("medications", asked.item)
        found = builder.doses[key] = Doses(builder, scope, asked, thing)
    return found.value()
