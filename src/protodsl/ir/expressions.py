"""Expressions: those with a number, then those with a truth."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from protodsl.ir.time import Anchor, Length, Window
from protodsl.runtime.units import Unit
from protodsl.source import Span

Op = Literal["<", "<=", "=", ">=", ">"]
Select = Literal["latest", "earliest", "any", "every", "highest", "lowest"]


@dataclass(frozen=True, slots=True)
class Constant:
    """An exact number; in an expression with units already in the canonical unit of what it is compared
    with."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Clean:
    """The sample counts only if none of `item` happened in `window` (which is anchored at `OfSample`)."""

    item: str
    window: Window


@dataclass(frozen=True, slots=True)
class Observed:
    """Results of an item (a lab, score, finding, grade or measure), chosen by `select` among those in
    `window`.

    `window` None: no validity was declared; all results up to the stage's anchor. In arithmetic the value is
    in `unit`.
    """

    item: str
    select: Select = "latest"
    window: Window | None = None
    clean: tuple[Clean, ...] = ()
    unit: Unit | None = None
    side: Literal["left", "right"] | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """The arithmetic mean of the last n results that `of` looks at, which need whole dates."""

    of: Observed
    last: int


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years, months or days on `at`; inside a formula, on the lead's date (`OfSample`)."""

    unit: Literal["year", "month", "week", "day"]
    at: Anchor
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DoseOf:
    """Daily dose of a drug or class on the days of `window`, in `unit`, by an equivalence where one is named:
    the highest or the lowest of these days, or their `total` (then in `unit` times days).

    `per` kg or m2: the dose divided by the participant's latest weight / body surface, or a dose recorded so.
    """

    item: str
    equivalence: str | None
    window: Window
    unit: Unit
    per: Literal["kg", "m2"] | None = None
    select: Literal["highest", "lowest", "total"] = "highest"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: Literal["+", "-", "*", "/", "^"]
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class Call:
    """`sqrt`, `min`, `max`, `ln`, `log10`, `exp`, `abs`."""

    function: Literal["sqrt", "min", "max", "ln", "log10", "exp", "abs"]
    arguments: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of (condition, value); all rows whose condition holds must agree. `otherwise` holds when every
    row is false."""

    rows: tuple[tuple[Expr, Number], ...]
    otherwise: Number | None = None
    percentile: Percentile | None = None  # of a reference table: documents do not list its rows


@dataclass(frozen=True, slots=True)
class Percentile:
    """Which percentile of which reference table a table of cases is."""

    percent: Fraction
    of: str  # the label of the reference table


Number = Constant | Observed | Mean | Age | DoseOf | Arithmetic | Call | Table


@dataclass(frozen=True, slots=True)
class TimesLimit:
    """`factor` × the upper or lower reference limit of the very result compared."""

    factor: Fraction
    which: Literal["uln", "lln"]


@dataclass(frozen=True, slots=True)
class Quantities:
    """A limit stated in several dimensions; a result meets the one in its own dimension. Each (value,
    unit)."""

    options: tuple[tuple[Fraction, Unit], ...]


Limit = Constant | TimesLimit | Quantities


@dataclass(frozen=True, slots=True)
class NumberTest:
    """`value op limit`; `between` is two of them on one result, hence a tuple of bounds that must all
    hold."""

    bounds: tuple[tuple[Op, Limit], ...]


@dataclass(frozen=True, slots=True)
class CodeTest:
    """The coded value is (`negated`: is not) one of `codes`."""

    codes: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Occasions:
    """How often: at least `least` of the results that pass the test (`k times`), each `spaced` after the one
    before, or, with `last`, among the last n results, which need whole dates, or `consecutive`: one after
    another, with none between that does not pass."""

    least: int
    spaced: Length | None = None
    last: int | None = None
    consecutive: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A test on chosen results of one item. `highest <= 4`, `every …`, `any …` by `observed.select`."""

    observed: Observed
    test: NumberTest | CodeTest
    occasions: Occasions | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers, at least one of them no plain result: ages, doses, formulas written in place, arithmetic.

    Both sides are in the same unit; `unit` is that unit, for the reason's words ("years" for ages is None).
    """

    left: Number
    op: Op
    right: Number
    unit: Unit | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The change of an item between two dated values: from the latest value in `start` to the latest in
    `end`; where the two windows are equal, from the earliest result in it to the latest. `amount` is how far
    it falls or rises, in the item's unit, or with `percent` relative to the earlier value. All results
    concerned need whole dates. `side`: of the results of that side of the body alone."""

    item: str
    direction: Literal["falls", "rises"]
    op: Op
    amount: Fraction
    percent: bool
    start: Window  # window of the earlier value (`at baseline`)
    end: Window
    span: Span | None = None
    side: Literal["left", "right"] | None = None


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """`severity`, `grade`, `stage` by `op` on the ordinal scale; `route`, `response`, `reason`, `side` by `=`
    on the word."""

    attribute: Literal["severity", "grade", "stage", "route", "response", "reason", "side"]
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class Exists:
    """An event of the item, not one of `but_not`, in `window`, with all `attributes`; `domain` from the item.

    `first_day`: the event's first day lies in the window (`started`, `diagnosed`); otherwise any shared day
    counts.
    `lasting`: the course (of one drug; touching ones are one) lasts `op` the span up to the window's end.
    `dose`: see `Dose`, for a period: together with `lasting`, the daily dose satisfies it on every day of
    such a period.
    `least`: that many distinct events (occasions), each `spaced` after the one before; with `lines`,
    that many different lines of treatment.
    """

    item: str
    window: Window
    verb: str  # as the author wrote it: has, had, received, underwent …: for words only
    first_day: bool = False
    attributes: tuple[AttributeTest, ...] = ()
    but_not: tuple[str, ...] = ()
    lasting: tuple[Op, Length] | None = None
    dose: Dose | None = None
    least: int = 1
    spaced: Length | None = None
    lines: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Dose:
    """A test on the daily dose. Without `lasting` an `Exists` with a dose is `Compare(DoseOf(...), op,
    amount)`."""

    op: Op
    amount: Fraction
    unit: Unit
    equivalence: str | None = None
    per: Literal["kg", "m2"] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person must say. `question` is the key in a record's answers: a declared question's name, or
    the words.

    `how`: judged (investigator unless said), agrees (participant or guardian unless said), confirmed
    (declared question).
    """

    question: str
    text: str
    roles: tuple[str, ...]
    how: Literal["judged", "agrees", "confirmed"]
    window: Window | None = None  # what the agreement covers, for documents only; no evaluator reads it
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Sex:
    sex: Literal["female", "male"]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the participant takes part: the record's `site`, `country`, `arm` or `part` (or the side that
    `name` stands for) is one of `values`."""

    name: str
    values: tuple[str, ...]
    span: Span | None = None


Style = Literal["plain", "list", "relaxed", "unless", "each", "implies", "members", "attribute", "stable"]


@dataclass(frozen=True, slots=True)
class And:
    members: tuple[Expr, ...]
    style: Style = "plain"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Or:
    members: tuple[Expr, ...]
    style: Style = "plain"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Not:
    member: Expr
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    members: tuple[Expr, ...]
    style: Style = "list"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class IfElse:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Defined:
    """A named expression, used in several places; its value is that of `Protocol.definitions[name]`."""

    name: str
    span: Span | None = None


Expr = (
    Result | Compare | Change | Exists | Answer | Sex | Setting | And | Or | Not | AtLeast | IfElse | Defined
)
