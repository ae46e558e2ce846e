"""How far a value lies from the limit it fails, and which single change would make the difference.

Distances are those of the values that decide a failing criterion. A near miss is more: that value alone,
moved to its limit, changes the verdict. That is not reasoned out but tried: the record is changed in that one
place and judged again, with everything else that hangs on the value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from protodsl.reports.trial import Screened, deciding_leaves
from protodsl.runtime.case import Case
from protodsl.runtime.choosing import Entry, earliest_of, latest_of
from protodsl.runtime.comparing import CompareNode
from protodsl.runtime.findings import Finding
from protodsl.runtime.limits import Tests
from protodsl.runtime.model.limits import Either, LimitTest, OfLimit
from protodsl.runtime.parts import PartFinding
from protodsl.runtime.quantity import Quantity
from protodsl.runtime.record import Exact, Interval, Medication, Record, Result
from protodsl.runtime.report import Verdict
from protodsl.runtime.results import ResultNode
from protodsl.runtime.words import amount, decimal_text, near_text, number_text, operator_text

_OPPOSITE = {"<": ">=", "<=": ">", ">=": "<", ">": "<="}
_FACTORS = [Fraction(one) for one in ("1.05", "1.25", "1.5", "2", "3", "5", "10")]  # how far a value is moved
_STEPS = 24  # halvings between the last value that fails and the first that passes
_DIGITS = 3  # significant digits of a value that was found by trying
_HAIR = Fraction(1, 10**9)  # how far beyond a limit that is itself excluded


@dataclass(frozen=True, slots=True)
class Margin:
    """A value and the limit it fails: `distance` between them, also in percent of the limit (None where that
    is zero). `needed` is what would pass: `at most 120 U/L`. `op` and `limit` say it in `unit`.
    """

    criterion: str
    what: str
    label: str
    value: str
    needed: str
    distance: str
    percent: str | None
    evidence: tuple[str, ...]
    op: str
    limit: Exact
    unit: str | None
    fact: Result | Medication | None  # the recorded value, where changing it is a change of this one
    direct: bool  # `limit` is one of that very fact, in its own unit

    def to_dict(self) -> dict[str, Any]:
        return {
            "criterion": self.criterion,
            "what": self.what,
            "label": self.label,
            "value": self.value,
            "needed": self.needed,
            "distance": self.distance,
            "percent": None if self.percent is None else float(self.percent),
            "evidence": list(self.evidence),
        }

    def words(self) -> str:
        """`10 U/L (8.3 %)`."""
        return self.distance if self.percent is None else f"{self.distance} ({self.percent} %)"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """One recorded value that, changed alone, would change the verdict to `verdict`."""

    criterion: str
    label: str
    place: str
    value: str
    needed: str
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        return {
            "criterion": self.criterion,
            "label": self.label,
            "place": self.place,
            "value": self.value,
            "needed": self.needed,
            "verdict": self.verdict,
        }

    def words(self) -> str:
        return f"{self.label} {self.needed} instead of {self.value} would make it {self.verdict}"


# ---------------------------------------------------------------- distances


def margins_of(screened: Screened) -> tuple[Margin, ...]:
    """Those of every failing criterion, in file order; of a part, not again of the criterion around it."""
    found: list[Margin] = []
    for part in screened.parts():
        if part.outcome == "fails" and not any(one.outcome == "fails" for one in part.parts):
            found += _of_part(part, screened.case)
    return tuple(found)


def _of_part(part: PartFinding, case: Case) -> Iterator[Margin]:
    leaves = {id(leaf): leaf for finding in part.deciding() for leaf in deciding_leaves(finding)}
    for leaf in leaves.values():
        if leaf.truth is None:
            continue
        match leaf.node:
            case ResultNode():
                yield from _of_result(part.node.id, case, leaf, leaf.node)
            case CompareNode():
                yield from _of_comparison(part.node.id, case, leaf, leaf.node)


def _of_result(criterion: str, case: Case, leaf: Finding, node: ResultNode) -> Iterator[Margin]:
    judged, tests = leaf.state, node.tests
    if judged.kind != "one" or tests.coded is not None:
        return
    entry = _shown(node, judged.evidence)
    result = entry.sample.result
    interval, scale = tests.measured.interval(result), tests.measured.factor(result.unit)
    if interval is None or scale is None or result.number is None:
        return
    for bound in tests.bounds:
        limit = _limit(tests, case, entry, bound)
        truth, _ = tests.bound(case, entry.sample, interval, bound)
        op = bound.op if leaf.truth is False else _OPPOSITE.get(bound.op)
        if limit is None or op is None or truth is not leaf.truth:
            continue
        value = _nearest(interval.low, interval.high, limit)
        if value is None:
            continue
        computed = entry.sample.computed
        unit = tests.item.unit if computed else result.unit
        scale = 1 if computed else scale
        lead = case.record.results[entry.sample.index]
        yield _margin(
            criterion,
            node.item,
            tests.item.label,
            (Fraction(value) / scale, Fraction(limit) / scale, op, unit),
            leaf.evidence,
            lead,
            raw=None if computed else result.raw,
            direct=not computed,
        )


def _shown(node: ResultNode, entries: list[Entry]) -> Entry:
    if node.select == "latest":
        return latest_of(entries)
    if node.select == "earliest":
        return earliest_of(entries)
    return min(entries, key=lambda one: one.sample.index)


def _limit(tests: Tests, case: Case, entry: Entry, bound: LimitTest) -> Exact | None:
    """The limit in the item's unit; None where it is not one number."""
    match bound.limit:
        case OfLimit(factor):
            own, causes = tests.limits(case, entry.sample, bound.limit)
            return factor * own[0] if len(own) == 1 and not causes else None
        case Either():
            option = tests.option(entry.sample.result, bound.limit)
            return None if option is None else Fraction(option[0]) / option[2]
        case limit:
            return limit


def _nearest(low: Exact | None, high: Exact | None, limit: Exact) -> Exact | None:
    """The value of an interval that lies nearest to a limit outside it."""
    if low is not None and low >= limit:
        return low
    return high


def _of_comparison(criterion: str, case: Case, leaf: Finding, node: CompareNode) -> Iterator[Margin]:
    left, right = leaf.state
    op: str | None = node.op if leaf.truth is False else _OPPOSITE.get(node.op)
    names, words = [*node.left.names()], node.left.text(case)
    if not names and not words:  # `10 mg/d < dose`
        left, right = right, left
        names, words = [*node.right.names()], node.right.text(case)
        op = None if op is None else {"<": ">", "<=": ">=", ">=": "<=", ">": "<"}.get(op)
    limit = _point(right)
    if limit is None or left.range is None or op is None:
        return
    value = _nearest(left.range.low, left.range.high, limit)
    if value is None:
        return
    unit = node.shown_unit()
    places = [fact for fact in _numbered(case.record) if fact.where in left.evidence]
    yield _margin(
        criterion,
        names[0] if names else words,
        words,
        (Fraction(value), Fraction(limit), op, unit),
        leaf.evidence,
        places[0] if len(places) == 1 else None,
    )


def _numbered(record: Record) -> Iterator[Result | Medication]:
    yield from record.results
    yield from record.medications


def _point(value: Quantity) -> Exact | None:
    found = value.range
    return found.low if found is not None and found.low is not None and found.low == found.high else None


def _margin(
    criterion: str,
    what: str,
    label: str,
    numbers: tuple[Fraction, Fraction, str, str | None],
    evidence: tuple[str, ...],
    fact: Result | Medication | None,
    *,
    raw: str | None = None,
    direct: bool = False,
) -> Margin:
    value, limit, op, unit = numbers
    distance = abs(value - limit)
    percent = None
    if limit:
        share = distance / abs(limit) * 100
        percent = "0.0" if not share else decimal_text(max(share, Fraction(1, 10)), 1)
    return Margin(
        criterion,
        what,
        label,
        _with_unit(raw if raw else near_text(_plain(value), _plain(limit)), unit),
        f"{operator_text(op)} {_with_unit(near_text(_plain(limit), None), unit)}",
        _with_unit(near_text(_plain(distance), 0), unit),
        percent,
        evidence,
        op,
        _plain(limit),
        unit,
        fact,
        direct,
    )


def _with_unit(number: str, unit: str | None) -> str:
    if unit is not None and number == "1" and unit in ("years", "months", "weeks", "days"):
        unit = unit[:-1]
    return amount(number, unit)


def _plain(value: Fraction) -> Exact:
    return value.numerator if value.denominator == 1 else value


# ---------------------------------------------------------------- what stands in the way


def blocking(screened: Screened) -> tuple[str, ...]:
    """The criteria that each would have to change: those that fail, of an undetermined verdict those that are
    unknown. Members of a group are one, `4 or 5`; of cohorts of which none holds, all that stand in the way.
    """
    finding, truth = screened.finding, screened.finding.truth
    if truth is True:
        return ()
    found: list[str] = []
    earlier = finding.earlier
    decided = finding.decision.truth if finding.decision is not None else True
    if (earlier.truth if earlier is not None else decided) is truth and finding.node.requires is not None:
        found.append(f"stage {finding.node.requires.id}")
    bodies = [(finding.common, "")]
    if finding.node.cohorts and finding.cohort_truth() is truth:
        bodies += [(body, f"cohort {cohort.id}") for cohort, body in finding.cohorts if body.truth is truth]
    for body, name in bodies:
        if body.guard is not None and body.guard.truth is truth:
            found.append(name)
        found += [one.id for one in body.body.single if body.findings[id(one)].favour is truth]
        for (held, _), (_, members) in zip(body.groups, body.body.groups, strict=True):
            if held is truth:
                found.append(" or ".join(one.id for one in members))
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------- single changes


def near_misses(screened: Screened, margins: tuple[Margin, ...]) -> tuple[NearMiss, ...]:
    """Of an ineligible participant, each recorded value that would change the verdict alone."""
    if screened.report.verdict != "ineligible":
        return ()
    found: dict[tuple[str, str], NearMiss] = {}
    for margin in margins:
        fact = margin.fact
        if fact is None:
            continue
        miss = _tried(screened, margin, fact)
        if miss is not None:
            found.setdefault((miss.place, miss.needed), miss)
    return tuple(found.values())


def _tried(screened: Screened, margin: Margin, fact: Result | Medication) -> NearMiss | None:
    number = fact.number if isinstance(fact, Result) else fact.dose
    if number is None or number.low is None or number.low != number.high:
        return None

    def verdict(value: Fraction) -> Verdict:
        return screened.verdict_of(changed(screened.record, fact, value))

    if margin.direct:
        limit = Fraction(margin.limit)
        hair = abs(limit) * _HAIR or _HAIR
        value = limit + {"<": -hair, ">": hair}.get(margin.op, Fraction(0))
        then = verdict(value)
        if then == "ineligible":
            return None
        return NearMiss(margin.criterion, margin.label, fact.where, margin.value, margin.needed, then)
    value_found = turning_point(Fraction(number.low), lambda value: verdict(value) != "ineligible")
    if value_found is None:
        return None
    side = "at most" if value_found < number.low else "at least"
    label = margin.label
    if isinstance(fact, Result):
        item = screened.session.facts.vocabulary.one_code(fact.code)
        label = (
            screened.trial.model.items[item.code].label if item.code in screened.trial.model.items else label
        )
    return NearMiss(
        margin.criterion,
        label,
        fact.where,
        amount(number_text(number.low), fact.unit),
        f"about {side} {amount(number_text(_plain(value_found)), fact.unit)}",
        verdict(value_found),
    )


def changed(record: Record, fact: Result | Medication, value: Fraction) -> Record:
    """The record with another number in one fact, wherever that fact stands in it."""
    exact = _plain(value)
    number = Interval(exact, exact)
    if isinstance(fact, Result):
        new: Any = replace(fact, number=number, raw=number_text(exact))
        results = [new if _same(one, fact) else one for one in record.results]
        return replace(record, results=results)
    new = replace(fact, dose=number)
    return replace(record, medications=[new if _same(one, fact) else one for one in record.medications])


def _same(one: Result | Medication, other: Result | Medication) -> bool:
    return one is other or replace(one, where="") == replace(other, where="")


def turning_point(value: Fraction, passes: Callable[[Fraction], bool]) -> Fraction | None:
    """The nearest number, to three digits, that passes; None where none within a factor of ten does. What is
    answered was tried.
    """
    if not value:
        return None
    for factor in _FACTORS:
        for there in (value / factor, value * factor):
            if passes(there):
                return _between(value, there, passes)
    return None


def _between(fails: Fraction, there: Fraction, passes: Callable[[Fraction], bool]) -> Fraction:
    good = there
    for _ in range(_STEPS):
        middle = (fails + good) / 2
        if passes(middle):
            good = middle
        else:
            fails = middle
    rounded = _rounded(good, up=good > fails)
    return rounded if passes(rounded) else good


def _rounded(value: Fraction, *, up: bool) -> Fraction:
    """To three significant digits, away from what fails."""
    power = _DIGITS
    size = abs(value)
    while size >= 1:
        size, power = size / 10, power - 1
    while size and size < Fraction(1, 10):
        size, power = size * 10, power + 1
    scaled = value * Fraction(10) ** power
    whole = -(-scaled.numerator // scaled.denominator) if up else scaled.numerator // scaled.denominator
    return Fraction(whole) / Fraction(10) ** power
