"""What is asked of the facts of a domain, row by row.

A statement asks many things of one table. Each *ask* (an item in a window, with its test) has a number; a
fact stands in one row for every ask it may answer, and a column means the same in all of them (`possible`,
`counts`, `passes`), told by CASE only where asks differ. So a fact is weighed for what it is, and not for
everything that is asked.

    <domain>_asked      facts × asks; rows that cannot matter are left out
    <domain>_gathered   participant × ask: the maxima and flags that decide it
    <domain>_told       participant: the truths of all asks as bits, packed into few numbers
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal as OneOf
from typing import Protocol

from protodsl.backends.sql.layers import Cte, Grouped, Layers, Names, columns_in, truth_number
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Aggregate,
    Binary,
    Bit,
    Case,
    Column,
    Dialect,
    Expr,
    In,
    Literal,
    Packed,
    Untold,
    and_,
    case,
    compare,
    is_,
    text,
)
from protodsl.backends.sql.tables import TABLES
from protodsl.backends.sql.times import Span, When

Kind = OneOf["BOOLEAN", "DATE", "BIGINT"]
BITS = 62  # of a BIGINT that are used
ASK = Column("ask")


# Columns of asked rows; participants' columns have other names, which are read beside them.
ROLES = frozenset({
    "ask", "up_to", "opens_first", "opens_last", "closes_first", "closes_last", "spans_first",
    "spans_last", "spans_to_first", "spans_to_last", "ends_from", "ends_by", "start_from", "start_by",
    "end_from", "end_by", "first_day", "last_day", "earliest", "latest", "suits", "theirs", "known",
    "lasts", "possible", "counts", "sure_event", "denied", "passes", "holds", "code",
})  # fmt: skip


class Weighing(Protocol):
    """Where the facts of one item are weighed: their rows, and what is gathered of them."""

    def column(self, hint: str, expr: Expr) -> Expr:
        """Of a row, worked out alike whatever is asked."""

    def own(self, hint: str, expr: Expr, kind: Kind = "BOOLEAN") -> Expr:
        """Of a row, for this ask."""

    def gathered(self, hint: str, aggregate: Aggregate) -> Expr:
        """Of all rows of a participant."""

    def keep(self, possible: Expr) -> Expr:
        """Rows for which it is not true do not matter."""

    def truth(self, hint: str, expr: Expr) -> Expr:
        """A truth over what was gathered, as it is read for the participant."""

    def flag(self, hint: str, expr: Expr) -> Expr:
        """The same where only “true” matters; never null."""

    def value(self, hint: str, aggregate: Aggregate) -> Expr:
        """What was gathered itself, for the participant."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Rows of their own (a formula's values): columns named by the item."""

    rows: Layers
    group: Grouped
    item: str

    def column(self, hint: str, expr: Expr) -> Expr:
        return self.rows.column(hint, expr)

    def own(self, hint: str, expr: Expr, kind: Kind = "BOOLEAN") -> Expr:
        return self.rows.column(f"{self.item}_{hint}", expr)

    def gathered(self, hint: str, aggregate: Aggregate) -> Expr:
        return self.group.column(f"{self.item}_{hint}", aggregate)

    def keep(self, possible: Expr) -> Expr:
        return self.own("possible", possible)

    def truth(self, hint: str, expr: Expr) -> Expr:
        return expr

    def flag(self, hint: str, expr: Expr) -> Expr:
        return is_(expr, "TRUE")

    def value(self, hint: str, aggregate: Aggregate) -> Expr:
        return self.gathered(hint, aggregate)


class ByAsk(Layers):
    """Columns some of which differ from ask to ask."""

    def __init__(self, name: str) -> None:
        super().__init__(name, Names())
        self.names.taken |= {field.name for table in TABLES for field in table.fields}
        self.told: dict[str, dict[int, Expr]] = {}  # column: of each ask
        self.kinds: dict[str, Kind] = {}
        self.kept: Column | None = None

    def column(self, hint: str, expr: Expr) -> Expr:
        if isinstance(expr, (Literal, Column)):
            return expr
        assert hint in ROLES, hint
        found = self.made.get(expr)
        if found is None:
            found = self.made[expr] = Column(self.names.make(hint))
        return found

    def own(self, ask: int, hint: str, expr: Expr, kind: Kind) -> Column:
        assert hint in ROLES, hint
        number = 1
        while True:
            name = hint if number == 1 else f"{hint}_{number}"
            if name not in self.told:
                self.names.taken.add(name)
                self.told[name] = {}
                self.kinds[name] = kind
            of = self.told[name]
            if of.setdefault(ask, expr) == expr:
                return Column(name)
            number += 1

    def has(self, name: str) -> bool:
        return name in self.told or any(column.name == name for column in self.made.values())

    def exprs(self) -> dict[str, Expr]:
        """Every column, by its name."""
        found = {column.name: expr for expr, column in self.made.items()}
        return found | {name: by_ask(of, self.kinds[name]) for name, of in self.told.items()}

    def read(self) -> set[str]:
        exprs = self.exprs()
        return {each.name for expr in exprs.values() for each in columns_in(expr)} - set(exprs)

    def ctes(self, base: str, dialect: Dialect, told: str) -> list[Cte]:
        """The base, and around it a query for each step; rows are chosen as soon as they can be."""
        exprs = self.exprs()
        needed = self._needed(exprs)
        levels: dict[str, int] = {}

        def level(name: str) -> int:
            if name not in exprs:
                return -1
            if name not in levels:
                levels[name] = -2  # a circle would be a mistake of ours
                levels[name] = 1 + max((level(each.name) for each in columns_in(exprs[name])), default=-1)
                if name not in needed:
                    levels[name] = max(levels[name], gate + 1)
            assert levels[name] >= 0, name
            return levels[name]

        gate = -1
        gate = level(self.kept.name) if self.kept is not None else -1
        for name in exprs:
            level(name)
        # PostgreSQL would put each step into the next, as often as its columns are read there
        fence = "\n  OFFSET 0" if dialect == "postgres" else ""
        body = base
        for number in range(
            max([*levels.values(), gate + 1 if self.kept is not None else -1], default=-1) + 1
        ):
            lines = [
                f"    {text(exprs[name], dialect, 4)} AS {name}" for name in levels if levels[name] == number
            ]
            picked = ["  SELECT step.*,", ",\n".join(lines)] if lines else ["  SELECT *"]
            body = "\n".join([*picked, "  FROM (", body + fence, "  ) AS step"])
            if self.kept is not None and number == gate + 1:
                body += f"\n  WHERE {self.kept.name}"
        return [Cte(self.name, body, told)]

    def _needed(self, exprs: dict[str, Expr]) -> set[str]:
        """What must be known to choose the rows."""
        found: set[str] = set()
        waiting = [self.kept.name] if self.kept is not None else []
        while waiting:
            name = waiting.pop()
            if name in exprs and name not in found:
                found.add(name)
                waiting += [each.name for each in columns_in(exprs[name])]
        return found


def by_ask(of: dict[int, Expr], kind: Kind) -> Expr:
    """One expression for all asks: a CASE on them where they differ."""
    asks: dict[Expr, list[int]] = {}
    for ask, expr in of.items():
        asks.setdefault(expr, []).append(ask)
    most = max(asks, key=lambda expr: len(asks[expr]))
    whens = tuple((In(ASK, tuple(numbers)), expr) for expr, numbers in asks.items() if expr != most)
    last = Untold(kind) if most == NULL else most
    return Case(whens, last) if whens else last


def span_of(ask: Weighing, opens: str, closes: str, span: Span) -> Span:
    """A window as columns of the rows."""

    def day(hint: str, expr: Expr) -> Expr:
        return ask.own(hint, expr, "DATE")

    return Span(
        When(day(f"{opens}_first", span.start.first), day(f"{opens}_last", span.start.last)),
        When(day(f"{closes}_first", span.end.first), day(f"{closes}_last", span.end.last)),
        span.filled,
    )


class Asks:
    """All that is asked of one domain."""

    def __init__(self, domain: str, names: Names) -> None:
        self.domain, self.names = domain, names
        self.rows = ByAsk(f"{domain}_asked")
        self.weighed = self.rows.name  # the rows that are gathered
        self.group = Grouped(f"{domain}_gathered", self.weighed, self.rows.names, ("participant", "ask"))
        self.settled = ByAsk(f"{domain}_settled")
        self.settled.names = self.rows.names
        self.numbers: dict[Hashable, int] = {}
        self.things: list[str] = []  # of each ask
        self.bits: list[list[Expr]] = []  # of each ask, over what was gathered
        self.read: dict[tuple[int, tuple[int, ...]], Column] = {}  # (ask, its bits): how it is read
        self.values: dict[tuple[int, str, Column], Column] = {}  # (ask, function, gathered): read as

    def ask(self, thing: str, key: Hashable) -> Ask:
        """The ask of `thing` with this key; the same for the same."""
        found = self.numbers.get((thing, key))
        if found is None:
            found = self.numbers[(thing, key)] = len(self.things)
            self.things.append(thing)
            self.bits.append([])
        return Ask(self, found)

    # ------------------------------------------------------------ tables

    @property
    def width(self) -> int:
        return max((len(each) for each in self.bits), default=0)

    def place(self, ask: int, bit: int) -> tuple[str, int]:
        """The column in which a bit stands, and its place."""
        each = BITS // max(self.width, 1)
        return f"{self.domain}_told_{ask // each + 1}", (ask % each) * self.width + bit

    def columns(self, dialect: Dialect) -> list[tuple[str, str]]:
        """What the participant has of it: how it is read, and its name."""
        found: list[tuple[str, str]] = []
        for (ask, bits), column in self.read.items():
            each = [
                Bit(Column(*self.place(ask, bit)[:1], f"{self.domain}_told"), self.place(ask, bit)[1])
                for bit in bits
            ]
            expr = case((each[0], TRUE), (each[1], FALSE)) if len(each) > 1 else is_(each[0], "TRUE")
            found.append((text(expr, dialect, 4), column.name))
        return found + [(f"{self.domain}_told.{column.name}", column.name) for column in self.values.values()]

    def ctes(self, dialect: Dialect) -> list[Cte]:
        """What was gathered, and what it tells."""
        gathered = self.group.cte(dialect)
        base = f"  SELECT *\n  FROM {self.group.name}"
        lines = ["    participant"]
        if self.width:
            each = BITS // self.width
            code: Expr | None = None
            for bit in range(self.width):
                of = {
                    ask: truth_number(bits[bit] if bit < len(bits) else FALSE)
                    for ask, bits in enumerate(self.bits)
                }
                column = self.settled.column("code", by_ask(of, "BIGINT"))
                times = column if bit == 0 else Binary("*", Literal(2**bit), column)
                code = times if code is None else Binary("+", code, times)
            assert code is not None
            place = ASK if len(self.bits) <= each else Binary("%", ASK, Literal(each))
            packed = Packed(code, place if self.width == 1 else Binary("*", place, Literal(self.width)))
            for start in range(0, len(self.bits), each):
                within = (
                    None
                    if len(self.bits) <= each
                    else and_(compare(">=", ASK, Literal(start)), compare("<", ASK, Literal(start + each)))
                )
                made = text(Aggregate("bit_or", packed, within), dialect, 4)
                lines.append(f"    {made} AS {self.place(start, 0)[0]}")
        for (ask, function, column), read in self.values.items():
            made = text(Aggregate(function, column, compare("=", ASK, Literal(ask))), dialect, 4)
            lines.append(f"    {made} AS {read.name}")
        settled = self.settled.ctes(base, dialect, "")[0].body
        body = "\n".join(
            ["  SELECT", ",\n".join(lines), "  FROM (", settled, "  ) AS told", "  GROUP BY participant"]
        )
        return [gathered, Cte(f"{self.domain}_told", body)]


@dataclass(frozen=True, slots=True)
class Ask:
    asks: Asks
    number: int

    def column(self, hint: str, expr: Expr) -> Expr:
        return self.asks.rows.column(hint, expr)

    def own(self, hint: str, expr: Expr, kind: Kind = "BOOLEAN") -> Expr:
        return self.asks.rows.own(self.number, hint, expr, kind)

    def gathered(self, hint: str, aggregate: Aggregate) -> Expr:
        return self.asks.group.column(hint, aggregate)

    def keep(self, possible: Expr) -> Expr:
        self.asks.rows.kept = self.asks.rows.own(self.number, "possible", possible, "BOOLEAN")
        return TRUE

    def truth(self, hint: str, expr: Expr) -> Expr:
        settled = self.asks.settled.column("holds", expr)
        return self._read(hint, self._bit(is_(settled, "TRUE")), self._bit(is_(settled, "FALSE")))

    def flag(self, hint: str, expr: Expr) -> Expr:
        return self._read(hint, self._bit(is_(expr, "TRUE")))

    def value(self, hint: str, aggregate: Aggregate) -> Expr:
        gathered = self.asks.group.column(hint, aggregate)
        function = "min" if aggregate.function == "min" else "max"
        key = (self.number, function, gathered)
        found = self.asks.values.get(key)
        if found is None:
            thing = self.asks.things[self.number]
            found = self.asks.values[key] = Column(self.asks.names.make(f"{thing}_{hint}"))
        return found

    def _bit(self, expr: Expr) -> int:
        bits = self.asks.bits[self.number]
        if expr not in bits:
            bits.append(expr)
        return bits.index(expr)

    def _read(self, hint: str, *bits: int) -> Column:
        found = self.asks.read.get((self.number, bits))
        if found is None:
            thing = self.asks.things[self.number]
            found = self.asks.read[(self.number, bits)] = Column(self.asks.names.make(f"{thing[:30]}_{hint}"))
        return found
