"""Three or more results or events, each so long after the one before.

The longest such row is found by taking the one that ends first, then of those that begin late enough the one
that ends first, and so on: a query for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql.asks import Apart, Ask, Weighing
from protodsl.backends.sql.layers import Cte
from protodsl.backends.sql.syntax import (
    Aggregate,
    Binary,
    Column,
    Expr,
    Literal,
    and_,
    coalesce,
    compare,
    is_,
    text,
)
from protodsl.backends.sql.times import When, length, moved_by

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder


def apart(
    builder: Builder, place: Weighing, days: When, spaced: ir.Length, least: int, sure: Expr, may: Expr
) -> tuple[Expr, Expr]:
    """(whether surely so many, whether perhaps so many) rows of a participant are `spaced` apart; those
    without a whole date are taken as if they fitted. The first of its `days` is a row's earliest.
    """
    assert isinstance(place, (Apart, Ask))
    kinds = {"sure": sure, "whole": and_(may, compare("=", days.first, days.last))}

    def each() -> list[str]:
        dialect = builder.dialect
        source, asked = (
            (place.rows.name, None) if isinstance(place, Apart) else (place.asks.group.rows, place.number)
        )
        mine = Literal(True) if asked is None else compare("=", Column("ask"), Literal(asked))
        first, last = text(days.first, dialect), text(days.last, dialect)
        return [
            f"  SELECT participant, '{kind}' AS kind, {first} AS first_one, {last} AS last_one\n"
            f"  FROM {source}\n  WHERE {text(and_(mine, where), dialect, 8)}"
            for kind, where in kinds.items()
        ]

    steps = longest(builder, spaced, least, each)
    partial = Aggregate("count", None, and_(may, compare("<", days.first, days.last)))
    vague = coalesce(place.value("partial", partial), Literal(0))
    enough = Literal(least)
    return (
        is_(compare(">=", steps("sure"), enough), "TRUE"),
        is_(compare(">=", Binary("+", steps("whole"), vague), enough), "TRUE"),
    )


def longest(
    builder: Builder, spaced: ir.Length, least: int, each: Callable[[], list[str]]
) -> Callable[[str], Expr]:
    """How many of a kind are `spaced` apart, up to `least`. `each`: queries for the rows, with `participant`,
    `kind`, `first_one`, `last_one`.
    """
    by = length(spaced, None)
    if by is None or by[1] < 1:
        raise builder.not_carried("results or events half-lives or no time apart")
    name = builder.names.make("apart")
    builder.later.append(lambda: _ctes(builder, name, each(), by, least))
    group = builder.per_person(name, f"{name}_found")

    def steps(kind: str) -> Expr:
        where = compare("=", Column("kind"), Literal(kind))
        return coalesce(group.column(f"{name}_{kind}", Aggregate("max", Column("steps"), where)), Literal(0))

    return steps


def _ctes(builder: Builder, name: str, each: list[str], by: tuple[str, int], least: int) -> list[Cte]:
    """`each`: queries for rows with a participant, a kind, a first and a last day."""
    dialect = builder.dialect
    listed = "\n  UNION ALL\n".join(each)
    found = [Cte(f"{name}_each", listed, "Those that follow one another at a distance.")]
    begin = text(moved_by(Column("first_one", "each_one"), -1, by), dialect)
    for step in range(1, least + 1):
        body = [
            "  SELECT each_one.participant, each_one.kind, min(each_one.last_one) AS reached",
            f"  FROM {name}_each AS each_one",
        ]
        if step > 1:
            body += [
                f"  JOIN {name}_step_{step - 1} AS before ON before.participant = each_one.participant",
                f"    AND before.kind = each_one.kind AND before.reached <= {begin}",
            ]
        body.append("  GROUP BY each_one.participant, each_one.kind")
        found.append(Cte(f"{name}_step_{step}", "\n".join(body)))
    steps = "\n  UNION ALL\n".join(
        f"  SELECT participant, kind, {step} AS steps FROM {name}_step_{step}" for step in range(1, least + 1)
    )
    return [*found, Cte(name, steps)]
