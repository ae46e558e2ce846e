"""Reasons in words: pure functions from plain facts to sentences, the same for every evaluator.

A sentence speaks of facts, not of criteria: negating an expression leaves its sentences as they are. Every
leaf gives one sentence (an unknown leaf one for each of its causes); a list gives those of the members that
decide it:

* `and`: false: the false members; true: all; unknown: the unknown ones. `or`: true: the true ones; false:
  all. `at least k of`: true: the true members; false: the false ones. `not`: its member's. A definition: its
  expression's.
* `if`: condition decided: the condition's, then the chosen branch's; else those of the unknown among the
  three, or of both branches where they agree.
* a part that is not applicable adds nothing to its list; alone it says `not_applicable(…)` of its guard's
  sentences.

`joined` makes one reason of them, each sentence once, in file order.

Which fact is shown, and what counts as evidence (places in the record, in record order):

* `latest`, `earliest`: evidence is every result that may be the one; shown is the one with the greatest
  (smallest) last day, then first day, then time, then the first in the record.
* `any`, `every`, `highest`, `lowest`, `k times`: the results that surely make the answer true (`any`,
  `highest >`) or false (`every`, `highest <=`); where all of them decide, all in the window. Shown is the
  first of the evidence.
* an existing event: every record that surely matches; shown is the first. A missing one: the absences that
  surely cover the window; an unknown one: the records that may match.
* stale: the latest of the results outside the window. Answers like `latest`; one that is missing: those of
  persons who were not asked. Sex, age: none.
* a formula: its lead and its inputs. Doses: the courses that may run in the window.
* a list has the evidence of the members whose sentences it gives. Evidence is always in record order
  (results, conditions, medications, procedures, answers; each as recorded), each place once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days, Exact

# ---------------------------------------------------------------- numbers


def decimal_text(value: Exact, decimals: int) -> str:
    """`value` rounded half away from zero to that many decimals, all of them printed."""
    denominator = value.denominator
    whole = (2 * abs(value.numerator) * 10**decimals + denominator) // (2 * denominator)
    digits = str(whole).rjust(decimals + 1, "0")
    text = digits if decimals == 0 else f"{digits[:-decimals]}.{digits[-decimals:]}"
    return f"-{text}" if value < 0 and whole else text


@lru_cache(maxsize=4096)
def number_text(value: Exact) -> str:
    """Exact where the decimals end (at most twelve of them), else rounded to nine: `3`, `0.85`,
    `0.333333333`.
    """
    denominator = value.denominator
    if denominator == 1:
        return str(value.numerator)
    decimals = 0
    while decimals < 12 and (10**decimals) % denominator:
        decimals += 1
    if (10**decimals) % denominator:
        decimals = 9
    return decimal_text(value, decimals)


def near_text(value: Exact, limit: Exact | None) -> str:
    """`value` with at least two decimals (fewer if it is exact so), and as many more as show its side of
    `limit`.

    2.999 against 3 is `2.999`, 3.25 against 3 is `3.25`, 3.0004 against 3 is `3.0004`, 2.5341 against 3 is
    `2.53`.
    """
    denominator = value.denominator
    if denominator == 1:
        return str(value.numerator)
    for decimals in range(1, 13):
        scale = 10**decimals
        if scale % denominator == 0:
            return decimal_text(value, decimals)
        if decimals < 2:
            continue
        if limit is None:
            return decimal_text(value, decimals)
        # rounded half away from zero, as it will be printed
        whole = (2 * abs(value.numerator) * scale + denominator) // (2 * denominator)
        shown = (-whole if value < 0 else whole) * limit.denominator - limit.numerator * scale
        side = value.numerator * limit.denominator - limit.numerator * denominator
        if (shown > 0) == (side > 0) and (shown < 0) == (side < 0):
            return decimal_text(value, decimals)
    return decimal_text(value, 12)


def amount(text: str, unit: str | None) -> str:
    """A number with its unit: `130 U/L`, `50 %`, `7` (no unit, `1` or points), `1:80` of a titre."""
    if unit in ("titre", "titer"):
        return text if ":" in text else f"1:{text}"
    return f"{text} {unit}" if unit and unit not in ("1", "points", "{score}") else text


def range_text(low: Exact | None, high: Exact | None, unit: str | None = None) -> str:
    """A closed interval: `17 years`, `12 to 17 years`, `at least 20 mg/d`, `any value`."""
    if low is not None and low == high:
        return amount(near_text(low, None), unit)
    if low is None:
        return "any value" if high is None else f"at most {amount(near_text(high, None), unit)}"
    if high is None:
        return f"at least {amount(near_text(low, None), unit)}"
    return f"{near_text(low, None)} to {amount(near_text(high, None), unit)}"


# ---------------------------------------------------------------- time


@lru_cache(maxsize=16384)
def day_text(day: int) -> str:
    """ISO date of a day's ordinal."""
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=16384)
def days_text(days: Days | None) -> str:
    """`2024-02-20`, `2021-05`, `2021`; other intervals with both ends; None: `an unrecorded date`."""
    if days is None:
        return "an unrecorded date"
    first, last = days
    if first == last:
        return day_text(first)
    start, end = date.fromordinal(first), date.fromordinal(last)
    if start.day == 1 and ((end.month == 12 and end.day == 31) or date.fromordinal(last + 1).day == 1):
        if start.month == 1 and end.month == 12 and start.year == end.year:
            return f"{start.year:04d}"
        if (start.year, start.month) == (end.year, end.month):
            return f"{start.year:04d}-{start.month:02d}"
    if first <= FIRST_DAY:
        return f"a day up to {day_text(last)}"
    if last >= LAST_DAY:
        return f"a day from {day_text(first)} on"
    return f"a day between {day_text(first)} and {day_text(last)}"


def name_text(name: str) -> str:
    """A name as words: `month_3` is `month 3`."""
    return name.replace("_", " ")


def length_text(count: Exact, unit: str) -> str:
    """`4 weeks`, `1 month`, `5 half-lives`."""
    words = unit.replace("half_life", "half-life")
    if count != 1:
        words = "half-lives" if words == "half-life" else f"{words}s"
    return f"{number_text(count)} {words}"


def extreme_text(which: str, first: str, second: str) -> str:
    """`the shorter of 1 month and 5 half-lives`."""
    return f"the {which} of {first} and {second}"


class Edge(NamedTuple):
    """One end of a window: `anchor` in words and the days it may be; `by` in words, None where it is not
    moved.
    """

    anchor: str  # `screening`, `that sample`, `the last seizure`, `5 days before infusion`
    days: Days | None  # of the anchor itself
    sign: int = -1
    by: str | None = None
    open: bool = False

    def text(self) -> str:
        where = f"{self.anchor} ({days_text(self.days)})" if self.days is not None else self.anchor
        if self.by is None:
            return where
        return f"{self.by} {'before' if self.sign < 0 else 'after'} {where}"


def window_text(start: Edge | None, end: Edge | None) -> str:
    """`within 4 weeks before screening (2024-02-20)`, `up to …`, `before …`, `since …`, `at …`, `from … to
    …`, `ever`.
    """
    if start is None and end is None:
        return "ever"
    if start is None:
        assert end is not None
        return f"{'before' if end.open else 'up to'} {end.text()}"
    if end is None:
        return f"{'after' if start.open else 'since'} {start.text()}"
    if start.anchor == end.anchor and start.days == end.days:
        bare = Edge(start.anchor, start.days).text()
        less = "less than " if start.open or end.open else ""
        if start.by is None and end.by is None:
            return f"at {bare}"
        if start.by is not None and start.sign < 0 and end.by is None:
            return f"within {'less than ' if start.open else ''}{start.by} before {bare}"
        if end.by is not None and end.sign > 0 and start.by is None:
            return f"within {'less than ' if end.open else ''}{end.by} after {bare}"
        if start.by == end.by and start.sign < 0 < end.sign:
            return f"within {less}{start.by} of {bare}"
    return f"from {start.text()} to {end.text()}"


def event_anchor_text(which: str, label: str) -> str:
    """Words of an anchor at an event: `the last seizure`, `the start of prednisone`."""
    return f"the {which} {label}" if which in ("first", "last") else f"the {which} of {label}"


def moved_anchor_text(anchor: str, sign: int, by: str) -> str:
    """Words of a moved anchor: `5 days before infusion`."""
    return f"{by} {'before' if sign < 0 else 'after'} {anchor}"


# ---------------------------------------------------------------- comparisons

_PHRASES = {
    ("<", True): "below",
    ("<", False): "at least",
    ("<=", True): "at most",
    ("<=", False): "above",
    ("=", True): "equal to",
    ("=", False): "not equal to",
    (">=", True): "at least",
    (">=", False): "below",
    (">", True): "above",
    (">", False): "at most",
}
_OPERATORS = {"<": "below", "<=": "at most", "=": "equal to", ">=": "at least", ">": "above"}


def operator_text(op: str) -> str:
    """`<=` is `at most`."""
    return _OPERATORS[op]


def side_text(op: str, limit: str, truth: bool | None) -> str:
    """On which side of the limit a value lies: (`<=`, `3 × ULN`, False) is `above 3 × ULN`."""
    return f"on either side of {limit}" if truth is None else f"{_PHRASES[op, truth]} {limit}"


class Compared(NamedTuple):
    """One bound a result was held against.

    `limit` in words (`7`, `60 mL/min`, `3 × ULN`). `shown`: what the value amounts to for this bound, where
    that is not the value as recorded: `times_text(…)` for × ULN, `1.7 mg/dL` for a conversion; else None.
    """

    op: str
    limit: str
    truth: bool | None
    shown: str | None = None


def times_text(
    value: Exact, limit: Exact, factor: Exact, which: str, unit: str | None, *, declared: bool = False
) -> str:
    """`3.25 × ULN (40 U/L)`: `value` and `limit` in one unit; digits enough to show the side of `factor`.

    `declared`: the limit is the vocabulary's, not the result's own, and the words say so.
    """
    name = which.upper()
    ratio = "?" if limit == 0 else near_text(Fraction(value) / Fraction(limit), factor)
    source = ", the vocabulary's" if declared else ""
    return f"{ratio} × {name} ({amount(number_text(limit), unit)}{source})"


def times_limit_text(factor: Exact, which: str) -> str:
    """`3 × ULN`, `ULN`."""
    return which.upper() if factor == 1 else f"{number_text(factor)} × {which.upper()}"


def result_reason(
    label: str,
    value: str,
    unit: str | None,
    when: Days | None,
    bounds: Sequence[Compared],
    *,
    computed: bool = False,
) -> str:
    """`ALT 130 U/L is 3.25 × ULN (40 U/L), above 3 × ULN, sampled 2024-02-20`.

    `value` as recorded (`130`, `<0.2`), of a computed value `near_text` against its first bound's limit. Of
    several bounds only those that are not met are said, if there are any. `computed`: `as of` instead of
    `sampled`.
    """
    words = result_words(label, value, unit, bounds)
    return f"{words}, {'as of' if computed else 'sampled'} {days_text(when)}"


def result_words(label: str, value: str, unit: str | None, bounds: Sequence[Compared]) -> str:
    """`ALT 130 U/L is 3.25 × ULN (40 U/L), above 3 × ULN`: what `result_reason` says before the date."""
    failed = [bound for bound in bounds if bound.truth is False]
    words = f"{label} {amount(value, unit)}"
    said: list[str] = []
    for bound in failed or bounds:
        if bound.shown is not None:
            said.append(f"is {bound.shown}, {side_text(bound.op, bound.limit, bound.truth)}")
        else:
            said.append(side_text(bound.op, bound.limit, bound.truth))
    for index, phrase in enumerate(said):
        words += (" " if phrase.startswith("is ") and index == 0 else ", ") + phrase
    return words


def sided(label: str, side: str | None) -> str:
    """`Visual acuity, left`."""
    return label if side is None else f"{label}, {side}"


def coded_reason(label: str, value: str, when: Days | None) -> str:
    """`HBsAg negative, sampled 2024-02-20`."""
    return f"{label} {name_text(value)}, sampled {days_text(when)}"


def results_reason(label: str, select: str, count: int, window: str, complete: bool) -> str:
    """A selection all of whose results decide: `ALT: every of 3 results up to screening (2024-02-20),
    results complete`.
    """
    noun = "result" if count == 1 else "results"
    return f"{label}: {count} {noun} {window}" + (", results declared complete" if complete else "")


def occasions_reason(label: str, found: int, least: int, last: int | None) -> str:
    """`SBP: 1 result passes, 2 asked`, `SBP: 2 of the last 3 results pass, 2 asked`."""
    of_last = f" of the last {last}" if last is not None else ""
    noun = (
        "result passes" if found == 1 and last is None else "results pass" if found != 1 else "results passes"
    )
    return f"{label}: {found}{of_last} {noun}, {least} asked"


def row_reason(label: str, found: int, least: int) -> str:
    """`SBP: 2 results in a row pass, 3 asked`."""
    return f"{label}: {found} result{' passes' if found == 1 else 's in a row pass'}, {least} asked"


class Operand(NamedTuple):
    """One side of a comparison: its words (`age`, `daily dose of prednisone`; empty for a constant) and its
    range.
    """

    words: str
    low: Exact | None
    high: Exact | None
    when: Days | None = None


def operation_text(op: str, left: str, right: str) -> str:
    """Words of arithmetic: `(SLEDAI-2K − SLEDAI-2K)`."""
    sign = {"-": "−", "*": "×", "/": "/", "+": "+", "^": "^"}[op]
    return f"({left} {sign} {right})"


def dose_phrase(select: str, label: str, equivalence: str | None = None) -> str:
    """Words of a dose: `daily dose of prednisone`, `lowest daily dose of … as prednisone equivalent`,
    `cumulative dose of …`.
    """
    before = {"highest": "daily dose", "lowest": "lowest daily dose", "total": "cumulative dose"}[select]
    return f"{before} of {label}" + (f" as {name_text(equivalence)}" if equivalence is not None else "")


def percentile_text(percent: Fraction, table: str) -> str:
    """`percentile 97.5 of BMI for age`."""
    return f"percentile {number_text(percent)} of {table}"


def mean_text(label: str, last: int) -> str:
    """`mean of the last 3 of QTcF`."""
    return f"mean of the last {last} of {label}"


def call_text(function: str, arguments: Sequence[str]) -> str:
    """Words of a function: `sqrt(height × weight)`."""
    return f"{function}({', '.join(arguments)})"


def compare_reason(left: Operand, op: str, right: Operand, truth: bool, unit: str | None) -> str:
    """`age 17 years on 2024-02-20, below 18 years`; `daily dose of prednisone 15 mg/d, above 10 mg/d`."""

    def said(side: Operand, other: Operand) -> str:
        if side.low is not None and side.low == side.high:
            limit = other.low if other.low is not None and other.low == other.high else None
            text = amount(near_text(side.low, limit), unit)
        else:
            text = range_text(side.low, side.high, unit)
        when = f" on {days_text(side.when)}" if side.when is not None else ""
        return f"{side.words} {text}{when}".strip()

    return f"{said(left, right)}, {side_text(op, said(right, left), truth)}"


def change_reason(
    label: str,
    direction: str,
    op: str,
    limit: Exact,
    earlier: tuple[str, Days | None],
    later: tuple[str, Days | None],
    change: tuple[Exact | None, Exact | None],
    unit: str | None,
    truth: bool,
) -> str:
    """`SLEDAI-2K 12 (2024-01-01), 6 (2024-03-31): a fall of 6, at least 4`; `unit` `%` for a change in
    percent.

    `earlier` and `later`: value in words with its unit, and date. `change`: range of the fall or rise.
    """
    noun = "fall" if direction == "falls" else "rise"
    low, high = change
    size = near_text(low, limit) if low is not None and low == high else None
    words = amount(size, unit) if size is not None else range_text(low, high, unit)
    side = side_text(op, amount(number_text(limit), unit), truth)
    values = f"{earlier[0]} ({days_text(earlier[1])}), {later[0]} ({days_text(later[1])})"
    return f"{label} {values}: a {noun} of {words}, {side}"


# ---------------------------------------------------------------- events, answers


def event_text(
    label: str, own: str, first: Days | None, last: Days | None, *, point: bool, ongoing: bool
) -> str:
    """`live vaccine on 2024-02-12`, `prednisone (glucocorticoid) from 2023-01-10, ongoing`, `SLE since 2021`.

    `label` of the item asked for, `own` of what is recorded. `point`: an event of one day (no end is looked
    for). `ongoing`: recorded as ongoing. Without an end and not ongoing: `since` the first day.
    """
    name = label if own == label else f"{own} ({label})"
    if first is None and last is None:
        return f"{name}, undated{', ongoing' if ongoing and not point else ''}"
    if point:
        return f"{name} on {days_text(first)}"
    if last is not None:
        return f"{name} from {days_text(first)} to {days_text(last)}"
    if ongoing:
        return f"{name} from {days_text(first)}, ongoing"
    return f"{name} since {days_text(first)}"


def exists_reason(event: str, details: Sequence[str], window: str, count: int = 1) -> str:
    """`live vaccine on 2024-02-12, within 4 weeks before screening (2024-02-20)`.

    `details`: tested attributes as recorded (`attribute_text`), a duration (`for at least 3 months`), a dose
    (`at above 10 mg/d`), in this order. `count` > 1: that many occasions were found, the first is shown.
    """
    words = ", ".join((event, *details, window))
    return f"{words}, the first of {count}" if count > 1 else words


def attribute_text(attribute: str, value: object) -> str:
    """`severity severe`, `grade 3`."""
    return f"{attribute} {value}"


def lasting_text(op: str, length: str) -> str:
    """`for at least 3 months`."""
    return f"for {operator_text(op)} {length}"


def dose_text(op: str, value: Exact, unit: str | None) -> str:
    """`at above 10 mg/d`."""
    return f"at {operator_text(op)} {amount(number_text(value), unit)}"


def none_reason(
    label: str, window: str, domain: str, *, absent: bool, least: int = 1, lines: bool = False
) -> str:
    """`no malignancy up to screening (2024-02-20): recorded as absent`, `…: conditions are declared
    complete`.
    """
    why = "recorded as absent" if absent else f"{domain} are declared complete"
    noun = "lines" if lines else "occasions"
    fewer = "no" if least == 1 else f"fewer than {least} {noun} of"
    return f"{fewer} {label} {window}: {why}"


def answer_reason(text: str, answer: bool, role: str | None, when: Days | None) -> str:
    """`"haemodynamically stable": yes, by investigator, 2024-02-18`."""
    by = f", by {name_text(role)}" if role else ""
    return f'"{text}": {"yes" if answer else "no"}{by}, {days_text(when)}'


def answered_by_others(text: str, by: Sequence[str | None], asked: Sequence[str]) -> str:
    """`"fit for treatment": answered by participant, to be answered by investigator`.

    `by`: the roles of those who answered, None where it is not recorded; `asked`: the roles that must.
    """
    who = dict.fromkeys(
        "somebody whose role is not recorded" if role is None else name_text(role) for role in by
    )
    return f'"{text}": answered by {", ".join(who)}, to be answered by {" or ".join(map(name_text, asked))}'


def sex_reason(sex: str) -> str:
    """`sex female`."""
    return f"sex {sex}"


def setting_reason(name: str, value: str) -> str:
    """`country japan`, `study eye left`."""
    return f"{name_text(name)} {name_text(value)}"


# ---------------------------------------------------------------- why unknown


def unknown_reason(
    kind: str,
    label: str,
    *,
    domain: str = "results",
    recorded: bool = False,
    latest: Days | None = None,
    value: str | None = None,
) -> str:
    """The sentence of one cause.

    `label`: of the item, the timepoint's `name_text`, a question's words, `sex`, `birth date`. `domain`:
    where the item belongs. `recorded`: for `missing` in an event: some record may match; in `any`, `every`,
    `highest`, `lowest`, occasions: some result may count. `latest`: for `stale`, the date of the latest
    result. `value`: for `incomparable`, `no reference limit` and `imprecise` of a single result, its value
    as recorded with its unit.
    """
    match kind:
        case "timepoint not dated":
            return f"{label} is not dated"
        case "needs judgement":
            if domain == "answers":
                return f'"{label}": not answered'
            return f"{label}: an open list, a person must judge what belongs to it"
        case "missing":
            if recorded:
                return f"{label}: what is recorded does not settle it, and {domain} are not declared complete"
            if domain in ("results", "participant"):
                return f"{label}: nothing recorded"
            return f"{label}: nothing recorded, and {domain} are not declared complete"
        case "stale":
            return f"{label}: only results outside the window, the latest of {days_text(latest)}"
        case "conflicting":
            return f"{label}: what is recorded conflicts"
        case "incomparable":
            return f"{label}: {value or 'what is recorded'} cannot be compared"
        case "no reference limit":
            return f"{label}: {value + ' has ' if value else ''}no reference limit"
        case "not computable":
            return f"{label}: not computable"
        case _:
            return f"{label}: {value or 'what is recorded'} is not precise enough"


def not_applicable(sentences: Iterable[str]) -> str:
    """`not applicable: sex male`."""
    return f"not applicable: {joined(sentences)}"


def joined(sentences: Iterable[str], most: int = 6) -> str:
    """One reason: each sentence once, in order, at most `most` of them; `; and 3 more` for the rest."""
    each = [sentence for sentence in dict.fromkeys(sentences) if sentence]
    if len(each) <= most + 1:
        return "; ".join(each)
    return "; ".join((*each[:most], f"and {len(each) - most} more"))
