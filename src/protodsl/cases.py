"""Tables of cases: does a row hold for everybody, and never two that say different things?

The conditions of a table split people by sex and by limits on ages and values. One person from each cell of
that division is tried, so the answer is exact for the conditions understood; other tables are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise, product

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.source import Span

MOST_CELLS = 5000
Question = str  # "sex", or the words for an age or a value
Person = Mapping[Question, Fraction | str]


class _NotUnderstood(Exception):
    """A condition that says something else than sex, age and plain values."""


@dataclass
class _Division:
    """What the conditions ask of a person, and the limits at which the answer may change."""

    items: Mapping[str, ir.Item]
    sexes: bool = False
    limits: dict[Question, set[Fraction]] = field(default_factory=dict)
    places: dict[Question, set[str]] = field(default_factory=dict)  # site, country …: the values named
    whole: set[Question] = field(default_factory=set)  # answered by whole numbers: completed years

    def people(self) -> list[dict[Question, Fraction | str]]:
        axes: list[list[tuple[Question, Fraction | str]]] = []
        if self.sexes:
            axes.append([("sex", "female"), ("sex", "male")])
        for place, named in self.places.items():
            axes.append([(place, value) for value in (*sorted(named), "another")])
        for question, limits in self.limits.items():
            axes.append([(question, value) for value in self.values(question, sorted(limits))])
        cells = 1
        for axis in axes:
            cells *= len(axis)
        if cells > MOST_CELLS:
            raise _NotUnderstood
        return [dict(cell) for cell in product(*axes)]

    def values(self, question: Question, limits: Sequence[Fraction]) -> list[Fraction]:
        """Each limit, and one value in each of the spaces between, below and above."""
        if question in self.whole:
            near = {value + step for value in limits for step in (-1, 0, 1)}
            return sorted(value for value in near if value >= 0 and value.denominator == 1)
        item = self.items.get(question)
        low = None if item is None else item.minimum
        high = None if item is None else item.maximum
        found = [limits[0] - 1, *limits, limits[-1] + 1]
        found += [(one + other) / 2 for one, other in pairwise(limits)]
        found = sorted(value for value in found if value > 0 or (low is not None and low < 0))
        return [value for value in found if (low is None or value >= low) and (high is None or value <= high)]


@dataclass(frozen=True, slots=True)
class Fit:
    """How the conditions of a table divide people; in words, of somebody for whom …

    `gap`: none of them holds; `overlap`: two do.
    """

    gap: str | None
    overlap: str | None


def fit(items: Mapping[str, ir.Item], conditions: Sequence[ir.Expr]) -> Fit | None:
    """None: conditions that say something else than sex, age and plain values."""
    division = _Division(items)
    try:
        for condition in conditions:
            _divide(division, condition)
        people = division.people()
    except _NotUnderstood:
        return None
    gap = overlap = None
    for person in people:
        holding = sum(_holds(condition, person) for condition in conditions)
        if not holding and gap is None:
            gap = _words(person)
        if holding > 1 and overlap is None:
            overlap = _words(person)
    return Fit(gap, overlap)


def tables(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Gaps and overlaps of every table in the protocol's formulas, definitions and criteria."""
    for measure in protocol.measures.values():
        place = measure.span or measure.item.span
        if place is not None:
            for table in _tables_in(measure.formula):
                yield from _check(protocol, table, measure.valid, place)
    for definition in protocol.definitions.values():
        if definition.span is not None:
            for table in _tables_in(definition.expr):
                yield from _check(protocol, table, (), definition.span)
    for stage in protocol.stages:
        for criterion in (*stage.criteria, *(one for cohort in stage.cohorts for one in cohort.criteria)):
            if criterion.root.span is not None:
                for table in _tables_in(criterion.root):
                    yield from _check(protocol, table, (), criterion.root.span)


def _tables_in(value: object) -> Iterator[ir.Table]:
    for node in nodes(value, leaving=_from_file):
        if isinstance(node, ir.Table) and not _from_file(node):
            yield node


def _from_file(node: object) -> bool:
    """A table of percentiles: its ages may end somewhere."""
    return isinstance(node, ir.Table) and node.percentile is not None


def _check(
    protocol: ir.Protocol, table: ir.Table, valid: Sequence[ir.Expr], place: Span
) -> Iterator[Diagnostic]:
    division = _Division(protocol.items)
    guards: list[ir.Expr] = []
    try:
        for condition, _ in table.rows:
            _divide(division, condition)
        for guard in valid:
            trial = _Division(protocol.items)
            try:
                _divide(trial, guard)
            except _NotUnderstood:
                continue
            if (
                set(trial.limits) <= set(division.limits)
                and set(trial.places) <= set(division.places)
                and trial.sexes <= division.sexes
            ):
                _divide(division, guard)
                guards.append(guard)
        people = division.people()
    except _NotUnderstood:
        return
    gap = overlap = False
    for person in people:
        if not all(_holds(guard, person) for guard in guards):
            continue
        holding = [_bare(value) for condition, value in table.rows if _holds(condition, person)]
        if not holding and table.otherwise is None and not gap:
            gap = True
            yield diagnose("rows-gap", place, reason=_words(person))
        if any(value != holding[0] for value in holding[1:]) and not overlap:
            overlap = True
            yield diagnose("rows-overlap", place, reason=_words(person))


def _divide(division: _Division, condition: ir.Expr) -> None:
    """Note what a condition asks."""
    match condition:
        case ir.Sex():
            division.sexes = True
        case ir.Setting(name, values):
            division.places.setdefault(name, set()).update(values)
        case ir.And(members=members) | ir.Or(members=members):
            for member in members:
                _divide(division, member)
        case ir.Not(member=member):
            _divide(division, member)
        case _:
            question, bounds, whole = _asked(condition)
            division.limits.setdefault(question, set()).update(limit for _, limit in bounds)
            if whole:
                division.whole.add(question)


def _asked(condition: ir.Expr) -> tuple[Question, list[tuple[ir.Op, Fraction]], bool]:
    """The question of a comparison with constants, its bounds, and whether only whole numbers answer it."""
    match condition:
        case ir.Compare(left=ir.Age(unit=unit), op=op, right=ir.Constant(value=limit)):
            return f"age in {unit}s", [(op, limit)], True
        case ir.Compare(left=ir.Observed(item=item), op=op, right=ir.Constant(value=limit)):
            return item, [(op, limit)], False
        case ir.Result(observed=ir.Observed(item=item, select="latest"), test=ir.NumberTest(bounds=bounds)):
            found: list[tuple[ir.Op, Fraction]] = []
            for op, bound in bounds:
                if not isinstance(bound, ir.Constant):
                    raise _NotUnderstood
                found.append((op, bound.value))
            return item, found, False
        case _:
            raise _NotUnderstood


def _holds(condition: ir.Expr, person: Person) -> bool:
    match condition:
        case ir.Sex(sex=sex):
            return person["sex"] == sex
        case ir.Setting(name, values):
            return person[name] in values
        case ir.And(members=members):
            return all(_holds(member, person) for member in members)
        case ir.Or(members=members):
            return any(_holds(member, person) for member in members)
        case ir.Not(member=member):
            return not _holds(member, person)
        case _:
            question, bounds, _ = _asked(condition)
            value = person[question]
            assert isinstance(value, Fraction)
            return all(_compare(value, op, limit) for op, limit in bounds)


def _compare(value: Fraction, op: ir.Op, limit: Fraction) -> bool:
    return {
        "<": value < limit,
        "<=": value <= limit,
        "=": value == limit,
        ">=": value >= limit,
        ">": value > limit,
    }[op]


def _bare(value: ir.Number) -> ir.Number:
    """A number without its place in the text, so that equal ones are equal."""
    match value:
        case ir.Observed() | ir.Age() | ir.DoseOf():
            return replace(value, span=None)
        case ir.Mean(of, last):
            return ir.Mean(replace(of, span=None), last)
        case ir.Arithmetic(op=op, left=left, right=right):
            return ir.Arithmetic(op, _bare(left), _bare(right))
        case _:
            return value


def _words(person: Person) -> str:
    said = [
        f"{question} is {answer if isinstance(answer, str) else f'{float(answer):g}'}"
        for question, answer in person.items()
    ]
    return " and ".join(said) if said else "nothing else is known"
