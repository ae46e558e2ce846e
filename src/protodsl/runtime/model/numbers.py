"""Numbers a record is asked for: results, ages, doses, and what is computed of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from protodsl.runtime.model.windows import Moment, Window

if TYPE_CHECKING:
    from protodsl.runtime.model.expressions import Expr


@dataclass(frozen=True, slots=True)
class Constant:
    value: Fraction


@dataclass(frozen=True, slots=True)
class Clean:
    """A sample counts only if no event of `item` lies in `window`, which is anchored at the sample."""

    item: str
    window: Window


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which results of an item are meant."""

    item: str
    select: str = "latest"
    window: Window | None = None
    clean: tuple[Clean, ...] = ()
    unit: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the last n of these results."""

    last: int
    of: Chosen


@dataclass(frozen=True, slots=True)
class Age:
    unit: str
    moment: Moment


@dataclass(frozen=True, slots=True)
class DailyDose:
    """The highest or lowest daily dose in a window, in `unit`, or the `total` of its days."""

    item: str
    window: Window
    unit: str
    equivalence: str | None = None
    per: str | None = None
    select: str = "highest"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: str
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    rows: tuple[tuple[Expr, Number], ...]
    otherwise: Number | None = None
    told: str = ""  # what reasons call it


Number = Constant | Chosen | Mean | Age | DailyDose | Arithmetic | Call | Cases


def number(text: str) -> Constant:
    return Constant(Fraction(text))


def value(
    item: str,
    select: str = "latest",
    *,
    within: Window | None = None,
    clean: tuple[Clean, ...] = (),
    unit: str | None = None,
    side: str | None = None,
) -> Chosen:
    return Chosen(item, select, within, clean, unit, side)


def mean_of_last(last: int, of: Chosen) -> Mean:
    return Mean(last, of)


def without(item: str, within: Window) -> Clean:
    return Clean(item, within)


def age(unit: str, moment: Moment) -> Age:
    return Age(unit, moment)


def daily_dose(
    item: str,
    within: Window,
    unit: str,
    *,
    equivalence: str | None = None,
    per: str | None = None,
    select: str = "highest",
) -> DailyDose:
    return DailyDose(item, within, unit, equivalence, per, select)


def plus(left: Number, right: Number) -> Arithmetic:
    return Arithmetic("+", left, right)


def minus(left: Number, right: Number) -> Arithmetic:
    return Arithmetic("-", left, right)


def times(left: Number, right: Number) -> Arithmetic:
    return Arithmetic("*", left, right)


def over(left: Number, right: Number) -> Arithmetic:
    return Arithmetic("/", left, right)


def power(left: Number, right: Number) -> Arithmetic:
    return Arithmetic("^", left, right)


def call(function: str, *arguments: Number) -> Call:
    return Call(function, arguments)


def cases(*rows: tuple[Expr, Number], otherwise: Number | None = None, told: str = "") -> Cases:
    return Cases(rows, otherwise, told)
