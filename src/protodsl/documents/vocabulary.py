"""What the rules refer to: formulas, groups of drugs, equivalent doses, instruments, reference limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from protodsl import ir
from protodsl.documents.blocks import Block, Heading, Rules, Table, Text
from protodsl.documents.language import mark, named, say
from protodsl.documents.words import (
    PLACEHOLDER,
    Context,
    Line,
    capital,
    duration,
    inline,
    leaves_of,
    noun,
    number,
    quantity,
    unit,
)


def numbers_in(protocol: ir.Protocol, value: ir.Number) -> Iterator[ir.Number]:
    """A number and every number inside it."""
    yield value
    match value:
        case ir.Constant() | ir.Observed() | ir.Age() | ir.DoseOf():
            return
        case ir.Mean(of):
            yield of
        case ir.Arithmetic(_, left, right):
            yield from numbers_in(protocol, left)
            yield from numbers_in(protocol, right)
        case ir.Call(_, arguments):
            for argument in arguments:
                yield from numbers_in(protocol, argument)
        case ir.Table(rows, otherwise):
            for condition, number in rows:
                for leaf in leaves_of(protocol, condition):
                    yield from _numbers_of(protocol, leaf)
                yield from numbers_in(protocol, number)
            if otherwise is not None:
                yield from numbers_in(protocol, otherwise)
        case _:
            assert_never(value)


def _numbers_of(protocol: ir.Protocol, leaf: ir.Expr) -> Iterator[ir.Number]:
    match leaf:
        case ir.Result(observed):
            yield observed
        case ir.Compare(left, _, right):
            yield from numbers_in(protocol, left)
            yield from numbers_in(protocol, right)
        case _:
            return


def used_items(protocol: ir.Protocol, exprs: Iterable[ir.Expr]) -> list[ir.Item]:
    """Items the expressions name, members of classes not included, in the order of the vocabulary."""
    names: set[str] = set()
    for expr in exprs:
        for leaf in leaves_of(protocol, expr):
            match leaf:
                case ir.Exists():
                    names |= {leaf.item, *leaf.but_not}
                case ir.Change():
                    names.add(leaf.item)
                case ir.Result() | ir.Compare():
                    for value in _numbers_of(protocol, leaf):
                        if isinstance(value, ir.Observed):
                            names |= {value.item, *(clean.item for clean in value.clean)}
                        elif isinstance(value, ir.DoseOf):
                            names.add(value.item)
                case ir.Answer() | ir.Sex() | ir.Setting() | ir.Defined():
                    pass
                case _:
                    assert_never(leaf)
    return [item for name, item in protocol.items.items() if name in names]


def _measures(protocol: ir.Protocol, items: list[ir.Item]) -> list[ir.Measure]:
    """Formulas the items need, those that feed other formulas included."""
    needed = {item.name for item in items}
    for _ in protocol.measures:
        for measure in protocol.measures.values():
            if measure.item.name in needed:
                for value in numbers_in(protocol, measure.formula):
                    if isinstance(value, ir.Observed):
                        needed.add(value.item)
    return [measure for name, measure in protocol.measures.items() if name in needed]


def blocks(protocol: ir.Protocol, exprs: list[ir.Expr]) -> list[Block]:
    items = used_items(protocol, exprs)
    return [
        *_formulas(protocol, items),
        *_references(protocol),
        *_classes(protocol, items),
        *_equivalences(protocol, exprs),
        *_limits(protocol, exprs),
    ]


def _formulas(protocol: ir.Protocol, items: list[ir.Item]) -> list[Block]:
    made: list[Block] = []
    context = Context(protocol)
    for measure in _measures(protocol, items):
        item = measure.item
        result = (
            say(" in {unit}", unit=unit(item.unit))
            if item.unit is not None and unit(item.unit) not in ("", "1")
            else ""
        )
        formula, cases = _spelt_out(context, measure.formula)
        lines = [
            Line(
                say("Formula: {formula}{result}, where:", formula=formula, result=result)
                if cases
                else say("Formula: {formula}{result}.", formula=formula, result=result),
                cases,
            ),
            Line(
                say(
                    "Dated by {item}; every other value is the latest on or before that day, "
                    "at most {duration} old.",
                    item=context.item(measure.lead),
                    duration=duration(measure.validity),
                )
            ),
        ]
        if measure.valid:
            lines.append(
                Line(
                    say(
                        "Only where: {conditions}.",
                        conditions="; ".join(inline(context, expr) for expr in measure.valid),
                    )
                )
            )
        if measure.decimals != 9:
            lines.append(
                Line(
                    say(
                        "The result is rounded to {decimals} decimals before it is compared.",
                        decimals=measure.decimals,
                    )
                )
            )
        if measure.reported:
            lines.append(Line(say("A value reported under this name by a laboratory counts as well.")))
        if item.citation:
            lines.append(Line(say("Source of the formula: {citation}.", citation=item.citation.rstrip("."))))
        made += [Heading(named(item.label), 2), Rules(tuple(lines))]
    return [Heading(say("Computed values"), 1), *made] if made else []


def _references(protocol: ir.Protocol) -> list[Block]:
    made: list[Block] = []
    for one in protocol.references:
        ages = {
            "year": say("completed years"),
            "month": say("completed months"),
            "week": say("completed weeks"),
            "day": say("days of life"),
        }[one.age]
        told = (
            say("Percentiles by sex and age in {ages}, from the file {file}.", ages=ages, file=one.file)
            if one.sexes
            else say("Percentiles by age in {ages}, from the file {file}.", ages=ages, file=one.file)
        )
        lines = [Line(told)]
        if one.citation:
            lines.append(Line(say("Source of the table: {citation}.", citation=one.citation.rstrip("."))))
        made += [Heading(named(one.label), 2), Rules(tuple(lines))]
    return [Heading(say("Reference tables"), 1), *made] if made else []


def _spelt_out(context: Context, formula: ir.Number) -> tuple[str, tuple[Line, ...]]:
    """The formula, its tables of cases put below it under the letters they are given: k, m, n …"""
    tables: list[ir.Table] = []

    def without(value: ir.Number) -> ir.Number:
        match value:
            case ir.Table(percentile=ir.Percentile()):
                return value
            case ir.Table():
                if value not in tables:
                    tables.append(value)
                return ir.Observed(PLACEHOLDER + _LETTERS[tables.index(value) % len(_LETTERS)])
            case ir.Arithmetic(op, left, right):
                return ir.Arithmetic(op, without(left), without(right))
            case ir.Call(function, arguments):
                return ir.Call(function, tuple(without(argument) for argument in arguments))
            case ir.Constant() | ir.Observed() | ir.Mean() | ir.Age() | ir.DoseOf():
                return value
            case _:
                assert_never(value)

    text = noun(context, without(formula))
    lines = []
    for index, table in enumerate(tables):
        rows = [
            Line(say("{noun}, if {condition}.", noun=noun(context, value), condition=inline(context, when)))
            for when, value in table.rows
        ]
        if table.otherwise is not None:
            rows.append(Line(say("{noun} otherwise.", noun=noun(context, table.otherwise))))
        lines.append(Line(say("{letter} is:", letter=_LETTERS[index % len(_LETTERS)]), tuple(rows)))
    return text, tuple(lines)


_LETTERS = "kmnpqrstuvw"


def _classes(protocol: ir.Protocol, items: list[ir.Item]) -> list[Block]:
    names: list[str] = [item.name for item in items if item.is_class]
    rows: list[tuple[str, ...]] = []
    for name in names:  # grows: classes inside classes follow
        item = protocol.items[name]
        members = [protocol.items[member] for member in item.members if member in protocol.items]
        listed = ", ".join(named(member.label) for member in members)
        if item.open:
            listed += say(
                " – and others: the list is open, a person judges whether something else belongs to it"
            )
        rows.append((named(item.label), listed))
        names += [member.name for member in members if member.is_class and member.name not in names]
    if not rows:
        return []
    return [
        Heading(say("Groups named in the rules"), 1),
        Table((say("Group"), say("Holds")), tuple(rows), (1, 3)),
    ]


def _equivalences(protocol: ir.Protocol, exprs: list[ir.Expr]) -> list[Block]:
    names: set[str] = set()
    for expr in exprs:
        for leaf in leaves_of(protocol, expr):
            if isinstance(leaf, ir.Exists) and leaf.dose is not None and leaf.dose.equivalence:
                names.add(leaf.dose.equivalence)
            for value in _numbers_of(protocol, leaf):
                if isinstance(value, ir.DoseOf) and value.equivalence:
                    names.add(value.equivalence)
    made: list[Block] = []
    for name, table in protocol.equivalences.items():
        if name in names:
            context = Context(protocol)
            reference = context.item(table.reference)
            listed = "; ".join(f"{context.item(drug)} {number(factor)}" for drug, factor in table.factors)
            made.append(Heading(table.label or name.replace("_", " "), 2))
            made.append(
                Text(
                    say(
                        "1 mg of each counts as so many mg of {reference}: {listed}.",
                        reference=reference,
                        listed=listed,
                    )
                )
            )
            if table.citation:
                made.append(Text(say("Source: {citation}", citation=table.citation)))
    return [Heading(say("Equivalent doses"), 1), *made] if made else []


def _limits(protocol: ir.Protocol, exprs: list[ir.Expr]) -> list[Block]:
    relative: list[str] = []
    for expr in exprs:
        for leaf in leaves_of(protocol, expr):
            if isinstance(leaf, ir.Result) and isinstance(leaf.test, ir.NumberTest):
                limits = [limit for _, limit in leaf.test.bounds]
                if (
                    any(isinstance(limit, ir.TimesLimit) for limit in limits)
                    and leaf.observed.item not in relative
                ):
                    relative.append(leaf.observed.item)
    if not relative:
        return []
    made: list[Block] = [
        Heading(say("Limits of normal"), 1),
    ]
    rows: list[tuple[str, ...]] = []
    context = Context(protocol)
    for name in relative:
        item = protocol.items.get(name)
        if item is None:
            continue
        for which, declared in ((say("upper"), item.uln), (say("lower"), item.lln)):
            for normal in declared:
                whom = inline(context, normal.condition) if normal.condition is not None else say("everybody")
                rows.append((named(item.label), which, quantity(normal.value, item.unit), whom))
    rule = say("The upper (ULN) or lower (LLN) limit of normal is the one reported with that very result.")
    if not rows:
        return [
            *made,
            Text(say("{rule} Where a result comes without one, the answer is unknown.", rule=rule)),
        ]
    made.append(
        Text(
            say(
                "{rule} Where a result comes without one, the limit below is used, and "
                "the verdict says so; where there is none below, the answer is unknown.",
                rule=rule,
            )
        )
    )
    made.append(
        Table((say("Result"), say("Limit"), say("Value"), say("For whom")), tuple(rows), (3, 1, 2, 3))
    )
    return made


def instruments(protocol: ir.Protocol, exprs: list[ir.Expr]) -> list[Block]:
    """Scores and grades in use, with version and scale."""
    rows: list[tuple[str, ...]] = []
    for item in used_items(protocol, exprs):
        if item.kind not in ("score", "grade"):
            continue
        if item.values:
            scale = ", ".join(named(value.replace("_", " ")) for value in item.values)
        elif item.minimum is not None or item.maximum is not None:
            low = number(item.minimum) if item.minimum is not None else "…"
            high = number(item.maximum) if item.maximum is not None else "…"
            scale = say("{low} to {high}", low=low, high=high)
        else:
            scale = say("Not stated")
        worse = {
            "higher": say("higher is worse"),
            "lower": say("lower is worse"),
            None: say("Not stated"),
        }[item.worse]
        rows.append((named(item.label), item.version or say("Not stated"), scale, worse))
    if not rows:
        return []
    headers = (say("Instrument"), say("Version"), say("Scale"), say("Direction"))
    return [
        Heading(say("Instruments named in the rules"), 1),
        Table(headers, tuple(rows), (4, 2, 2, 2), computed=True),
    ]


def glossary(protocol: ir.Protocol, exprs: list[ir.Expr]) -> list[Block]:
    """Every drug, disease and test the rules name: in plain words, its kind, unit, codes, note.

    Items of a panel are one entry, the panel. Nothing is explained that the vocabulary does not say.
    """
    rows: dict[str, str] = {}
    for item in used_items(protocol, exprs):
        if item.kind == "question":
            continue
        panel, _, inner = item.name.partition(".")
        label = item.label.rpartition(", ")[0] if inner and ", " in item.label else item.label
        name = named(label or panel.replace("_", " "))
        if name not in rows:
            told = say("a panel of items") if inner else _told(item)
            rows[name] = f"{item.explain} {capital(told)}" if item.explain else told
    if not rows:
        return []
    listed = tuple(sorted(rows.items(), key=lambda row: row[0].lower()))
    return [
        Heading(say("Names in the rules"), 1),
        Table((say("Name"), say("What it is, and its codes")), listed, (2, 5)),
    ]


_KINDS = {
    "condition": mark("a disease or other condition"),
    "state": mark("a state of the participant"),
    "drug": mark("a drug"),
    "procedure": mark("a procedure"),
    "lab": mark("a measured value"),
    "finding": mark("a finding or test"),
    "score": mark("a score"),
    "grade": mark("a grade"),
    "measure": mark("a computed value"),
}
_SYSTEMS = {"icd10": "ICD-10", "atc": "ATC", "loinc": "LOINC", "snomed": "SNOMED CT"}


def _told(item: ir.Item) -> str:
    """ "a measured value in mg/dL; LOINC 2160-0"."""
    what = say(_KINDS.get(item.kind, item.kind))
    if item.is_class:
        what = say("{kind}, a group of several", kind=what)
    of = unit(item.unit) if item.unit is not None else ""
    if of not in ("", "1"):
        what += say(" in {unit}", unit=of)
    codes: dict[str, list[str]] = {}
    for code in item.codes:
        codes.setdefault(_SYSTEMS.get(code.system, code.system), []).append(code.code)
    said = [what, *(f"{system} {', '.join(found)}" for system, found in codes.items())]
    if not codes:
        said.append(say("no published code is given"))
    return "; ".join(said) + (f". {item.note}" if item.note else "")
