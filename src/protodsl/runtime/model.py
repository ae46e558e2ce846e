"""What a generated checker is written in: vocabulary, times, expressions, criteria and stages as plain data.

Expressions are made with the functions below (`all_of(result("alt", at_most(uln("3"))), …)`) and evaluated
by `Checker`. What each of them means is the language's meaning, section "Meaning" of the reference.
Numbers are exact and written as texts: `"0.85"`, `"1/3"`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

# ---------------------------------------------------------------- times


@dataclass(frozen=True, slots=True)
class Length:
    """So many days, weeks, months, years or half-lives."""

    count: Fraction
    unit: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The longer or the shorter of two lengths."""

    which: str
    first: Length
    second: Length


Duration = Length | Extreme


def days(count: str | int) -> Length:
    return Length(Fraction(count), "day")


def weeks(count: str | int) -> Length:
    return Length(Fraction(count), "week")


def months(count: str | int) -> Length:
    return Length(Fraction(count), "month")


def years(count: str | int) -> Length:
    return Length(Fraction(count), "year")


def half_lives(count: str | int) -> Length:
    return Length(Fraction(count), "half_life")


def shorter_of(first: Length, second: Length) -> Extreme:
    return Extreme("shorter", first, second)


def longer_of(first: Length, second: Length) -> Extreme:
    return Extreme("longer", first, second)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day to hold events against. `kind`: `timepoint` (of that `name`), `anchor` (the stage's), `sample`
    (the result's own date), `first`, `last`, `onset`, `start`, `end` (of the event `name`), or `moved`:
    `base` moved by `length`, forwards where `sign` is 1.
    """

    kind: str
    name: str = ""
    base: Moment | None = None
    sign: int = 0
    length: Length | None = None


ANCHOR = Moment("anchor")
SAMPLE = Moment("sample")


def at(timepoint: str) -> Moment:
    return Moment("timepoint", timepoint)


def day_of(which: str, item: str) -> Moment:
    """The first or last event of an item, or the onset, start or end of the latest one."""
    return Moment(which, item)


def moved(base: Moment, sign: int, length: Length) -> Moment:
    return Moment("moved", "", base, sign, length)


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a window: a moment, moved by a duration; `left_out`: that very day does not count."""

    moment: Moment
    sign: int = -1
    by: Duration | None = None
    left_out: bool = False


def on(moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, -1, None, left_out)


def before(by: Duration, moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, -1, by, left_out)


def after(by: Duration, moment: Moment, *, left_out: bool = False) -> Bound:
    return Bound(moment, 1, by, left_out)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` (None: since ever) to `end` (None: until the last day the record speaks of)."""

    start: Bound | None
    end: Bound | None


def window(start: Bound | None, end: Bound | None) -> Window:
    return Window(start, end)


def in_half_lives(window: Window) -> bool:
    """Whether a length in the window is told in half-lives."""
    lengths: list[Length] = []
    for bound in (window.start, window.end):
        if bound is not None and bound.by is not None:
            lengths += [bound.by] if isinstance(bound.by, Length) else [bound.by.first, bound.by.second]
    return any(length.unit == "half_life" for length in lengths)


EVER = Window(None, Bound(ANCHOR))
NOW = Window(Bound(ANCHOR), Bound(ANCHOR))

# ---------------------------------------------------------------- numbers


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


# ---------------------------------------------------------------- tests on results


@dataclass(frozen=True, slots=True)
class OfLimit:
    """So many times the upper (`uln`) or lower (`lln`) reference limit of the result itself."""

    factor: Fraction
    which: Literal["uln", "lln"]


@dataclass(frozen=True, slots=True)
class Either:
    """A limit stated in several units; a result meets the one in its own dimension."""

    options: tuple[tuple[Fraction, str], ...]


Limit = Fraction | OfLimit | Either


@dataclass(frozen=True, slots=True)
class LimitTest:
    """`value op limit`."""

    op: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class CodeTest:
    """The coded value is (`negated`: is not) one of these."""

    codes: tuple[str, ...]
    negated: bool = False


def uln(factor: str) -> OfLimit:
    return OfLimit(Fraction(factor), "uln")


def lln(factor: str) -> OfLimit:
    return OfLimit(Fraction(factor), "lln")


def either(*options: tuple[str, str]) -> Either:
    return Either(tuple((Fraction(amount), unit) for amount, unit in options))


def _limit(limit: str | OfLimit | Either) -> Limit:
    return Fraction(limit) if isinstance(limit, str) else limit


def below(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("<", _limit(limit))


def at_most(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("<=", _limit(limit))


def equal_to(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("=", _limit(limit))


def at_least(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest(">=", _limit(limit))


def above(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest(">", _limit(limit))


def is_one_of(*codes: str) -> CodeTest:
    return CodeTest(codes)


def is_none_of(*codes: str) -> CodeTest:
    return CodeTest(codes, True)


# ---------------------------------------------------------------- expressions


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


def falls(item: str, op: str, amount: str, start: Window, end: Window, *, percent: bool = False) -> Change:
    return Change(item, "falls", op, Fraction(amount), start, end, percent)


def rises(item: str, op: str, amount: str, start: Window, end: Window, *, percent: bool = False) -> Change:
    return Change(item, "rises", op, Fraction(amount), start, end, percent)


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


# ---------------------------------------------------------------- vocabulary


@dataclass(frozen=True, slots=True)
class ReferenceLimit:
    value: Fraction
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A thing a record can speak of; `kind` says in which domain."""

    name: str
    kind: str
    label: str
    codes: tuple[tuple[str, str], ...] = ()
    unit: str | None = None
    molar_mass: Fraction | None = None
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    detection_limit: Fraction | None = None
    also_units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    uln: tuple[ReferenceLimit, ...] = ()
    lln: tuple[ReferenceLimit, ...] = ()
    members: tuple[str, ...] = ()
    is_class: bool = False
    open: bool = False
    acute: bool = False
    half_life: Duration | None = None
    plausible: tuple[Fraction, Fraction] | None = None


DOMAIN_OF_KIND = {
    "condition": "conditions",
    "state": "conditions",
    "drug": "medications",
    "procedure": "procedures",
    "question": "answers",
}


def domain_of(item: Item) -> str:
    return DOMAIN_OF_KIND.get(item.kind, "results")


def item(
    name: str,
    kind: str,
    label: str,
    *codes: tuple[str, str],
    unit: str | None = None,
    molar_mass: str | None = None,
    minimum: str | None = None,
    maximum: str | None = None,
    detection_limit: str | None = None,
    also_units: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    uln: tuple[tuple[str, Expr | None], ...] = (),
    lln: tuple[tuple[str, Expr | None], ...] = (),
    members: tuple[str, ...] = (),
    is_class: bool = False,
    open: bool = False,
    acute: bool = False,
    half_life: Duration | None = None,
    plausible: tuple[str, str] | None = None,
) -> Item:
    def exact(text: str | None) -> Fraction | None:
        return None if text is None else Fraction(text)

    def limits(rows: tuple[tuple[str, Expr | None], ...]) -> tuple[ReferenceLimit, ...]:
        return tuple(ReferenceLimit(Fraction(text), condition) for text, condition in rows)

    return Item(
        name,
        kind,
        label,
        codes,
        unit,
        exact(molar_mass),
        exact(minimum),
        exact(maximum),
        exact(detection_limit),
        also_units,
        values,
        limits(uln),
        limits(lln),
        members,
        is_class,
        open,
        acute,
        half_life,
        None if plausible is None else (Fraction(plausible[0]), Fraction(plausible[1])),
    )


@dataclass(frozen=True, slots=True)
class Measure:
    """A value computed by a formula, dated by its lead."""

    item: str
    lead: str
    validity: Duration
    formula: Number
    valid: tuple[Expr, ...] = ()
    decimals: int = 9
    reported: bool = False


def measure(
    item: str,
    formula: Number,
    *valid: Expr,
    lead: str,
    validity: Duration,
    decimals: int = 9,
    reported: bool = False,
) -> Measure:
    return Measure(item, lead, validity, formula, valid, decimals, reported)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """`factors[drug]` × dose of the drug = dose of the reference."""

    name: str
    factors: tuple[tuple[str, Fraction], ...]


def equivalence(name: str, *factors: tuple[str, str]) -> Equivalence:
    return Equivalence(name, tuple((drug, Fraction(factor)) for drug, factor in factors))


# ---------------------------------------------------------------- criteria


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion or one of its parts. `combine` joins `rule` and `parts`: `all`, `any`, or at least so many.

    `applies` guards it. `source`: the sentence of the source document.
    """

    id: str
    label: str
    rule: Expr | None
    parts: tuple[Part, ...] = ()
    combine: str | int = "all"
    applies: Expr | None = None
    source: str = ""


Rule = Callable[[], Expr]


def part(
    id: str,
    label: str,
    rule: Rule | None = None,
    *parts: Part,
    combine: str | int = "all",
    applies: Rule | None = None,
    source: str | None = None,
) -> Part:
    """A part whose rule is what the function answers; its docstring is the source sentence, unless given."""
    told = rule or applies
    if source is None:
        source = " ".join((told.__doc__ or "").split()) if told is not None else ""
    return Part(
        id,
        label,
        None if rule is None else rule(),
        parts,
        combine,
        None if applies is None else applies(),
        source,
    )


@dataclass(frozen=True, slots=True)
class Criterion:
    kind: str  # inclusion, exclusion
    root: Part
    group: str | None = None
    cohort: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `least` of the criteria named by `members` must hold."""

    id: str
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    id: str
    label: str
    applies: Expr | None
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    anchor: str
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    requires: str | None = None


@dataclass(frozen=True, slots=True)
class Timepoint:
    name: str
    at: Moment | None = None
    after: tuple[str, ...] = ()
    tolerance: Length | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint with a computable definition, asked at a moment."""

    id: str
    label: str
    rule: Expr
    moment: Moment


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything a checker knows of one trial."""

    id: str
    items: tuple[Item, ...]
    measures: tuple[Measure, ...]
    equivalences: tuple[Equivalence, ...]
    definitions: tuple[tuple[str, Expr], ...]
    timepoints: tuple[Timepoint, ...]
    stages: tuple[Stage, ...]
    endpoints: tuple[Endpoint, ...] = ()
