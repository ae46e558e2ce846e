"""Columns worked out in steps, and tables read once: what the statement's CTEs are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass

from protodsl.backends.sql.syntax import Aggregate, Column, Dialect, Expr, Literal, case, text

Step = list[tuple[str, Expr]]
"""Columns that are worked out together, each from those of the steps before."""


def columns_in(expr: object) -> Iterator[Column]:
    """Every column an expression reads."""
    if isinstance(expr, Column):
        yield expr
    elif isinstance(expr, tuple):
        for each in expr:
            yield from columns_in(each)
    elif is_dataclass(expr) and not isinstance(expr, type):
        for field in fields(expr):
            yield from columns_in(getattr(expr, field.name))


class Cte:
    """A named table expression, with what a reader should know of it."""

    def __init__(self, name: str, body: str, told: str = "") -> None:
        self.name, self.body, self.told = name, body, told


class Names:
    """Names for columns, each once in the whole statement."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def make(self, hint: str) -> str:
        base = plain(hint)
        found, number = base, 2
        while found in self.taken:
            found, number = f"{base}_{number}", number + 1
        self.taken.add(found)
        return found


def plain(hint: str) -> str:
    """As a name without quotes."""
    base = "".join(char if char.isascii() and char.isalnum() else "_" for char in hint.lower()).strip("_")
    while "__" in base:
        base = base.replace("__", "_")
    base = (base or "x")[:50].rstrip("_")
    return base if base[0].isalpha() else f"n_{base}"


class Layers:
    """A table to which columns are added, each worked out from those before it."""

    def __init__(self, name: str, names: Names) -> None:
        self.name, self.names = name, names
        self.levels: dict[str, int] = {}  # of the columns made here; those of the base are on level 0
        self.made: dict[Expr, Column] = {}
        self.steps: list[Step] = []

    def column(self, hint: str, expr: Expr) -> Expr:
        """The column that holds an expression; a constant or a plain column is not worth one."""
        if isinstance(expr, (Literal, Column)):
            return expr
        found = self.made.get(expr)
        if found is None:
            level = max((self.levels.get(each.name, 0) for each in columns_in(expr)), default=0)
            found = Column(self.names.make(hint))
            self.levels[found.name] = level + 1
            while len(self.steps) <= level:
                self.steps.append([])
            self.steps[level].append((found.name, expr))
            self.made[expr] = found
        return found

    def read(self) -> set[str]:
        """Names of the columns that are read and not made here."""
        return {each.name for expr in self.made for each in columns_in(expr)} - set(self.levels)

    def has(self, name: str) -> bool:
        return name in self.levels

    def ctes(self, base: str, dialect: Dialect, told: str) -> list[Cte]:
        """The base, and around it a query for each step. (A table expression of its own for each would read
        better, and takes engines many times longer to plan.)
        """
        return [Cte(self.name, stepped(base, self.steps, dialect), told)]


def stepped(base: str, steps: Iterable[Step], dialect: Dialect) -> str:
    """A query, and around it one for each step."""
    # PostgreSQL would put each step into the next, as often as its columns are read there
    fence = "\n  OFFSET 0" if dialect == "postgres" else ""
    body = base
    for step in steps:
        lines = [f"    {text(expr, dialect, 4)} AS {column}" for column, expr in step]
        body = "\n".join(["  SELECT step.*,", ",\n".join(lines), "  FROM (", body + fence, "  ) AS step"])
    return body


class Grouped:
    """One row for each participant (`by`), from the rows of `rows`."""

    def __init__(self, name: str, rows: str, names: Names, by: tuple[str, ...] = ("participant",)) -> None:
        self.name, self.rows, self.names, self.by = name, rows, names, by
        self.made: dict[Aggregate, Column] = {}

    def column(self, hint: str, aggregate: Aggregate) -> Column:
        found = self.made.get(aggregate)
        if found is None:
            found = self.made[aggregate] = Column(self.names.make(hint))
        return found

    def cte(self, dialect: Dialect, told: str = "") -> Cte:
        lines = [f"    {each}" for each in self.by]
        lines += [
            f"    {text(aggregate, dialect, 4)} AS {column.name}" for aggregate, column in self.made.items()
        ]
        return Cte(
            self.name,
            "\n".join(
                ["  SELECT", ",\n".join(lines), f"  FROM {self.rows}", f"  GROUP BY {', '.join(self.by)}"]
            ),
            told,
        )


def truth_number(expr: Expr) -> Expr:
    """1 where it is true, else 0."""
    return case((expr, Literal(1)), otherwise=Literal(0))
