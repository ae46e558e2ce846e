"""Values computed by a formula: one for each result that leads it, from what was known on its date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql import amounts, conditions, limits, numbers
from protodsl.backends.sql.asks import Apart
from protodsl.backends.sql.layers import Cte, Grouped, Layers, columns_in
from protodsl.backends.sql.numbers import NOTHING, Context, Value
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Aggregate,
    Column,
    Expr,
    Literal,
    and_,
    case,
    compare,
    is_,
    not_,
    or_,
)
from protodsl.backends.sql.tables import BY_NAME
from protodsl.backends.sql.times import Scope, Span, When
from protodsl.runtime.units import Unit

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder
    from protodsl.backends.sql.results import Samples

_RESULTS = [field.name for field in BY_NAME["results"].fields]


@dataclass(frozen=True, slots=True)
class Made:
    """The table of a measure's values at a stage: a row for each result that leads it."""

    rows: Layers
    value: Value


@dataclass(frozen=True, slots=True)
class Input:
    """Results that a formula takes in: those that may be the latest of each of its samples, their value."""

    found: Samples
    group: Grouped
    marked: Expr
    value: Value

    @property
    def rows(self) -> Layers:
        return self.found.rows


def samples(builder: Builder, scope: Scope, observed: ir.Observed, *, recency: bool = True) -> Samples:
    from protodsl.backends.sql import results

    made = table(builder, scope, builder.protocol.measures[observed.item])
    item = builder.protocol.items[observed.item]
    group = builder.per_person(made.rows.name, f"{made.rows.name}_found")
    place = Apart(made.rows, group, item.name)
    return results.of_rows(builder, scope, observed, item, made.rows, place, TRUE, recency=recency)


def value_in(found: Samples, unit: Unit | None) -> Value:
    scale = limits.wanted_factor(found.item, unit)
    if scale is None:
        return NOTHING
    value = Value(Column("low"), Column("high"), Column("low_open"), Column("high_open"))
    return amounts.scaled_value(found.rows, found.item.name, value, scale)


def number_test(
    builder: Builder, found: Samples, unit: Unit | None, bounds: Sequence[tuple[ir.Op, ir.Limit]]
) -> Expr:
    value = value_in(found, unit)
    told: list[Expr] = []
    for op, limit in bounds:
        match limit:
            case ir.Constant(number):
                told.append(numbers.decided(op, value, numbers.constant(number)))
            case ir.Quantities(options):
                own = limits.own_dimension(found.item, None, options)
                if own is None:
                    told.append(NULL)
                else:
                    told.append(numbers.decided(op, value_in(found, None), numbers.constant(own[0] / own[1])))
            case _:
                raise builder.not_carried("a computed value against a reference limit")
    return and_(*told)


def table(builder: Builder, scope: Scope, measure: ir.Measure) -> Made:
    """Worked out once for each stage: what a record speaks of depends on its anchor."""
    key = (measure.item.name, scope.stage.id)
    found = builder.measures.get(key)
    if found is None:
        found = builder.measures[key] = _table(builder, scope, measure)
    return found


def _table(builder: Builder, scope: Scope, measure: ir.Measure) -> Made:
    names, name = builder.names, builder.names.make(measure.item.name)
    if measure.lead in builder.protocol.measures:
        raise builder.not_carried("a formula led by another formula")
    lead_item = builder.protocol.items[measure.lead]
    thing = builder.thing("results", lead_item.name)
    lead = Layers(f"{name}_lead", names)
    days = builder.recorded(scope, Column("date_first"), Column("date_last"))
    at = When(lead.column("sampled_from", days.first), lead.column("sampled_by", days.last))
    inner = replace(scope, sample=at)
    formula = Layers(f"{name}_formula", names)
    inputs: dict[str, Input] = {}

    def latest(asked: ir.Observed) -> Input:
        if asked.item not in inputs:
            inputs[asked.item] = _input(builder, inner, measure, lead, name, asked, at)
        return inputs[asked.item]

    def observed(asked: ir.Observed) -> Value:
        _check_plain(builder, asked)
        if asked.item == measure.lead:
            return amounts.value_of(builder, lead_item, formula, asked.unit)
        scale = limits.wanted_factor(builder.protocol.items[asked.item], asked.unit)
        value = latest(asked).value
        return NOTHING if scale is None else amounts.scaled_value(formula, asked.item, value, scale)

    def result(asked: ir.Result) -> Expr:
        _check_plain(builder, asked.observed)
        if asked.observed.item == measure.lead:
            return _passes(builder, scope, lead_item, formula, asked)
        return _agreed(builder, scope, latest(asked.observed), asked)

    def truth(expr: ir.Expr) -> Expr:
        return _truth(builder, ctx, result, expr)

    ctx = Context(formula, inner, observed, truth, f"{name}_step")
    valid = formula.column(f"{name}_valid", and_(*(truth(condition) for condition in measure.valid)))
    value = numbers.rounded(ctx, numbers.number(builder, ctx, measure.formula), measure.decimals)
    value = amounts.in_range(
        formula,
        measure.item,
        Value(
            ctx.step(case((valid, value.low))), ctx.step(case((valid, value.high))), positive=value.positive
        ),
    )
    rows = Layers(name, names)
    told: tuple[Layers, Value] | None = None
    if measure.reported:
        own = Layers(f"{name}_reported", names)
        told = own, amounts.value_of(builder, measure.item, own, None)
        builder.thing("results", measure.item.name)

    def ctes() -> list[Cte]:
        return _ctes(builder, measure, thing, lead, formula, list(inputs.values()), rows, value, told)

    builder.later.append(ctes)
    builder.named[name] = rows
    return Made(rows, value)


def _truth(builder: Builder, ctx: Context, result: Callable[[ir.Result], Expr], expr: ir.Expr) -> Expr:
    """Conditions of a formula: of the participant, of the sample's date, of its inputs."""
    match expr:
        case ir.Sex(sex):
            return compare("=", Column("sex"), Literal(sex))
        case ir.Compare(left=ir.Age(), right=ir.Constant()) | ir.Compare(left=ir.Constant(), right=ir.Age()):
            return conditions.comparison(builder, ctx.scope, expr)
        case ir.Compare(left, op, right):
            both = (numbers.number(builder, ctx, each) for each in (left, right))
            return numbers.decided(op, *(numbers.rounded(ctx, each) for each in both))
        case ir.Result(occasions=None):
            return result(expr)
        case ir.And(members):
            return and_(*(_truth(builder, ctx, result, member) for member in members))
        case ir.Or(members):
            return or_(*(_truth(builder, ctx, result, member) for member in members))
        case ir.Not(member):
            return not_(_truth(builder, ctx, result, member))
        case ir.Defined(name):
            return _truth(builder, ctx, result, builder.protocol.definitions[name].expr)
        case _:
            raise builder.not_carried("a formula that asks for events or answers")


def _check_plain(builder: Builder, asked: ir.Observed) -> None:
    """An input is the latest, of no side, whatever happened round it."""
    if asked.select != "latest" or asked.side is not None or asked.clean:
        raise builder.not_carried("a formula that asks for other than the latest result")


def _passes(builder: Builder, scope: Scope, item: ir.Item, rows: Layers, asked: ir.Result) -> Expr:
    """Whether a result passes the test of a formula's condition."""
    from protodsl.backends.sql import results

    match asked.test:
        case ir.NumberTest(bounds):
            return limits.number_test(builder, scope, item, asked.observed.unit, bounds)
        case ir.CodeTest():
            return results.code_test(item, asked.test, measure=False)
        case _:
            assert_never(asked.test)


def _agreed(builder: Builder, scope: Scope, of: Input, asked: ir.Result) -> Expr:
    """What the results that may be the latest agree on."""
    item = of.found.item
    if item.name not in builder.protocol.measures:
        passes = _passes(builder, scope, item, of.rows, asked)
    elif isinstance(asked.test, ir.NumberTest):
        passes = number_test(builder, of.found, asked.observed.unit, asked.test.bounds)
    else:
        passes = NULL
    truth = of.rows.column(f"{item.name}_passes", passes)

    def some(hint: str, where: Expr) -> Expr:
        column = of.group.column(f"{item.name}_{hint}", Aggregate("bool_or", TRUE, and_(of.marked, where)))
        return is_(column, "TRUE")

    yes, no = some("passes", is_(truth, "TRUE")), some("fails", is_(truth, "FALSE"))
    agree = not_(or_(some("open", is_(truth, "NULL")), and_(yes, no)))
    return case((and_(agree, yes), TRUE), (and_(agree, no), FALSE))


# ---------------------------------------------------------------- inputs


def _input(
    builder: Builder,
    scope: Scope,
    measure: ir.Measure,
    lead: Layers,
    name: str,
    asked: ir.Observed,
    at: When,
) -> Input:
    """“every other input is the latest on or before it, within a validity the declaration must state”."""
    from protodsl.backends.sql import results

    item = builder.protocol.items[asked.item]
    window = ir.Window(ir.Bound(ir.OfSample(), by=measure.validity), ir.Bound(ir.OfSample()))
    span = builder.times.window(scope, window, None)
    span = Span(When(lead.column("since", span.start.first), lead.column("since", span.start.last)), span.end)
    rows = Layers(f"{name}_{builder.names.make(item.name)}", builder.names)
    other = builder.protocol.measures.get(asked.item)
    source = table(builder, replace(scope, sample=None), other) if other is not None else None
    group = Grouped(f"{rows.name}_chosen", rows.name, builder.names, ("participant", "of_fact"))
    found = results.of_span(builder, scope, item, rows, Apart(rows, group, item.name), TRUE, span)
    if source is None:
        value = amounts.value_of(builder, item, rows, None)
    else:
        value = Value(Column("low"), Column("high"))
    marked = amounts.candidates(rows, found, latest=True, by=("participant", "of_fact"))
    plain = Value(value.low, value.high, positive=value.positive)
    got = amounts.agreed(group, item.name, marked, plain, found)
    thing = "" if source is not None else builder.thing("results", item.name)
    builder.inputs[rows.name] = (lead, source.rows.name if source is not None else "", thing)
    return Input(found, group, marked, got.value)


# ---------------------------------------------------------------- the tables


def _ctes(
    builder: Builder,
    measure: ir.Measure,
    thing: str,
    lead: Layers,
    formula: Layers,
    inputs: Sequence[Input],
    rows: Layers,
    value: Value,
    told: tuple[Layers, Value] | None,
) -> list[Cte]:
    from protodsl.backends.sql.statement import person_columns, reads

    dialect = builder.dialect
    people = set(person_columns(builder))
    made = {each.name for of in inputs for each in of.group.made.values()}
    wanted = reads(builder, lead) | reads(builder, formula) | reads(builder, rows)
    for of in inputs:
        wanted |= {column for column in reads(builder, of.rows, of.group) if column in people}
    kept = sorted((reads(builder, rows) & people) - {"participant"})
    wanted -= made | {"low", "high", "low_open", "high_open"}
    base = _from_results(wanted, people, thing)
    label = measure.item.label
    found = lead.ctes(base, dialect, f"{label}: the results of {measure.lead} that lead it.")
    for of in inputs:
        found += _input_ctes(builder, of.rows, of.group, people)
    groups = [of.group for of in inputs]
    joins = "\n".join(
        f"  LEFT JOIN {group.name} ON {group.name}.participant = {lead.name}.participant\n"
        f"    AND {group.name}.of_fact = {lead.name}.fact"
        for group in groups
    )
    columns = [f"{lead.name}.*"] + [
        f"{group.name}.{column.name}" for group in groups for column in group.made.values()
    ]
    found += formula.ctes(
        f"  SELECT {', '.join(columns)}\n  FROM {lead.name}\n{joins}".rstrip(),
        dialect,
        f"{label}, by its formula.",
    )
    from protodsl.backends.sql.syntax import text

    parts = ["participant", "fact", "sure", "date_first", "date_last", "seconds", *kept]

    def part(of: Value, source: str) -> str:
        columns = [
            f"{text(each, dialect, 4)} AS {name}"
            for name, each in (
                ("low", of.low),
                ("high", of.high),
                ("low_open", of.low_open),
                ("high_open", of.high_open),
            )
        ]
        return f"  SELECT {', '.join(parts)},\n    " + ",\n    ".join(columns) + f"\n  FROM {source}"

    body = part(value, formula.name)
    if told is not None:
        reported, own_value = told
        own_ends = (own_value.low, own_value.high, own_value.low_open, own_value.high_open)
        own_wanted = reads(builder, reported) | {each.name for each in columns_in(own_ends)}
        base = _from_results(
            {*(name for name in own_wanted if not reported.has(name)), *kept}, people, measure.item.name
        )
        found += reported.ctes(base, dialect, f"{label}, as reported.")
        body += f"\n  UNION ALL\n{part(own_value, reported.name)}"
    return [*found, *rows.ctes(body, dialect, "")]


def _from_results(wanted: set[str], people: set[str], thing: str) -> str:
    """The results of an item, with what is read of them and of their participants."""
    always = {"participant", "fact", "date_first", "date_last", "seconds"}
    own = [name for name in _RESULTS if name in wanted | always]
    lines = [f"    facts.{name}" for name in own] + ["    codes.sure"]
    lines += [f"    people.{name}" for name in sorted(wanted & people - set(own))]
    return "\n".join(
        [
            "  SELECT",
            ",\n".join(lines),
            "  FROM results AS facts",
            "  JOIN codes ON codes.concept = facts.concept AND codes.domain = 'results'",
            f"    AND codes.thing = '{thing}'",
            "  JOIN people ON people.participant = facts.participant",
        ]
    )


def _input_ctes(builder: Builder, rows: Layers, group: Grouped, people: set[str]) -> list[Cte]:
    from protodsl.backends.sql.statement import reads

    lead, source, thing = builder.inputs[rows.name]
    wanted = reads(builder, rows, group)
    lines = [f"    {lead.name}.participant", f"    {lead.name}.fact AS of_fact", "    facts.fact"]
    table_columns = (
        ["sure", "date_first", "date_last", "seconds", "low", "high"] if source else [*_RESULTS, "sure"]
    )
    for name in sorted(wanted - {"participant", "of_fact", "fact"}):
        if name in table_columns:
            lines.append(f"    {'codes' if name == 'sure' and not source else 'facts'}.{name}")
        elif lead.has(name) or name in people:
            lines.append(f"    {lead.name}.{name}")
    body = ["  SELECT", ",\n".join(lines), f"  FROM {lead.name}"]
    if source:
        body.append(f"  JOIN {source} AS facts ON facts.participant = {lead.name}.participant")
    else:
        body += [
            f"  JOIN results AS facts ON facts.participant = {lead.name}.participant",
            "  JOIN codes ON codes.concept = facts.concept AND codes.domain = 'results'",
            f"    AND codes.thing = '{thing}'",
        ]
    return [*rows.ctes("\n".join(body), builder.dialect, ""), group.cte(builder.dialect)]
