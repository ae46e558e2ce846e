"""What is true, false or unknown of a participant."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from protodsl.runtime.model.limits import CodeTest, LimitTest
from protodsl.runtime.model.numbers import Chosen, Clean, Number
from protodsl.runtime.model.windows import Length, Window


@dataclass(frozen=True, slots=True)
class Occasions:
    """At least `least` of the results, each `spaced` after the one before, or among the `last` n, or
    `consecutive`.
    """

    least: int
    spaced: Length | None = None
    last: int | None = None
    consecutive: bool = False


@dataclass(frozen=True, slots=True)
class ResultTest:
    chosen: Chosen
    tests: tuple[LimitTest, ...]
    coded: CodeTest | None = None
    occasions: Occasions | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    left: Number
    op: str
    right: Number
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The change of an item from `start`'s latest value to `end`'s; over one window from its earliest."""

    item: str
    direction: str
    op: str
    amount: Fraction
    start: Window
    end: Window
    percent: bool = False
    side: str | None = None  # of the body: its results alone


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Lasting:
    op: str
    length: Length


@dataclass(frozen=True, slots=True)
class Dose:
    op: str
    amount: Fraction
    unit: str
    equivalence: str | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of `item`, none of `but_not`, in `window`; see the language reference for the others."""

    item: str
    window: Window
    first_day: bool = False
    attributes: tuple[Attribute, ...] = ()
    but_not: tuple[str, ...] = ()
    lasting: Lasting | None = None
    dose: Dose | None = None
    least: int = 1
    spaced: Length | None = None
    lines: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """A person of one of `roles` (none: anyone) has said yes to `question`."""

    question: str
    text: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sex:
    sex: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What the record says of `name` (site, country, arm, part, a side) is one of `values`."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    member: Expr


@dataclass(frozen=True, slots=True)
class CountOf:
    """At least `count` of the members."""

    count: int
    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class IfElse:
    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Defined:
    """A named expression, written once and used in several places."""

    name: str


Expr = (
    Setting
    | ResultTest
    | Compare
    | Change
    | Event
    | Answered
    | Sex
    | AllOf
    | AnyOf
    | Not
    | CountOf
    | IfElse
    | Defined
)


def result(
    item: str,
    *tests: LimitTest | CodeTest,
    select: str = "latest",
    within: Window | None = None,
    clean: tuple[Clean, ...] = (),
    times: Occasions | None = None,
    side: str | None = None,
) -> ResultTest:
    numeric = tuple(test for test in tests if isinstance(test, LimitTest))
    coded = next((test for test in tests if isinstance(test, CodeTest)), None)
    return ResultTest(Chosen(item, select, within, clean, None, side), numeric, coded, times)


def occasions(
    least: int, *, spaced: Length | None = None, last: int | None = None, consecutive: bool = False
) -> Occasions:
    return Occasions(least, spaced, last, consecutive)


def compare(left: Number, op: str, right: Number, unit: str | None = None) -> Compare:
    return Compare(left, op, right, unit)


def falls(
    item: str,
    op: str,
    amount: str,
    start: Window,
    end: Window,
    *,
    percent: bool = False,
    side: str | None = None,
) -> Change:
    return Change(item, "falls", op, Fraction(amount), start, end, percent, side)


def rises(
    item: str,
    op: str,
    amount: str,
    start: Window,
    end: Window,
    *,
    percent: bool = False,
    side: str | None = None,
) -> Change:
    return Change(item, "rises", op, Fraction(amount), start, end, percent, side)


def event(
    item: str,
    within: Window,
    *attributes: Attribute,
    first_day: bool = False,
    but_not: tuple[str, ...] = (),
    lasting: Lasting | None = None,
    dose: Dose | None = None,
    least: int = 1,
    spaced: Length | None = None,
    lines: bool = False,
) -> Event:
    return Event(item, within, first_day, attributes, but_not, lasting, dose, least, spaced, lines)


def with_(name: str, op: str, value: str) -> Attribute:
    return Attribute(name, op, value)


def lasting(op: str, length: Length) -> Lasting:
    return Lasting(op, length)


def dose(op: str, amount: str, unit: str, *, equivalence: str | None = None, per: str | None = None) -> Dose:
    return Dose(op, Fraction(amount), unit, equivalence, per)


def answered(question: str, text: str, *roles: str) -> Answered:
    return Answered(question, text, roles)


def sex(which: str) -> Sex:
    return Sex(which)


def setting(name: str, *values: str) -> Setting:
    return Setting(name, values)


def all_of(*members: Expr) -> AllOf:
    return AllOf(members)


def any_of(*members: Expr) -> AnyOf:
    return AnyOf(members)


def not_(member: Expr) -> Not:
    return Not(member)


def count_of(count: int, *members: Expr) -> CountOf:
    """At least `count` of the members."""
    return CountOf(count, members)


def if_else(condition: Expr, then: Expr, otherwise: Expr) -> IfElse:
    return IfElse(condition, then, otherwise)


def defined(name: str) -> Defined:
    return Defined(name)
