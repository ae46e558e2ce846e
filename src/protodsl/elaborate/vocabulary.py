"""Vocabulary declarations: labs, scores, findings, conditions, drugs, procedures, questions, classes, formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import expressions, numbers, quantities
from protodsl.elaborate.scope import (
    Child,
    Context,
    Declaration,
    Node,
    Refused,
    Scope,
    declaration,
    string,
    suggest,
)
from protodsl.runtime.units import parse_unit

CODE_SYSTEMS = ("loinc", "icd10", "snomed", "atc", "rxnorm", "cvx", "hpo", "ops", "cpt")
BASE_FIELDS = ("under", "citation", "note", *CODE_SYSTEMS)
NUMBER_FIELDS = ("molar_mass", "range", "also_units", "detection_limit")
FIELDS: dict[str, tuple[str, ...]] = {
    "lab": NUMBER_FIELDS,
    "score": ("range", "scale", "version", "worse"),
    "finding": ("values",),
    "grade": ("levels", "version", "worse"),
    "panel": ("items", "grades", "version", "worse"),
    "condition": ("acute",),
    "state": (),
    "drug": ("half_life",),
    "procedure": (),
    "question": ("answered_by", "text"),
    "measure": ("range", "lead", "reported", "decimals"),
}
CLASS_FIELDS = ("members", "open")
RESERVED_NAMES = ("age", "sex", "it")
DEFAULT_VALUES = ("positive", "negative", "indeterminate")


def declare(scope: Scope, declarations: Iterable[Declaration]) -> None:
    """Declares every vocabulary item of all files, then what refers to other items: classes, limits, formulas."""
    mine = list(declarations)
    later: list[tuple[Declaration, str]] = []
    under: list[tuple[str, Token, Context]] = []
    for one in mine:
        ctx = Context(scope, one.path)
        with declaration():
            if one.kind == "vocab":
                kind, name = cast(Token, one.tree.children[0]), cast(Token, one.tree.children[1])
                item(ctx, one.tree, " ".join(kind.split()), name, under)
                later.append((one, str(name)))
            elif one.kind == "measure":
                name = cast(Token, one.tree.children[0])
                item(ctx, one.tree, "measure", name, under)
                later.append((one, str(name)))
    for child, token, ctx in under:
        parent = scope.items.get(str(token))
        if parent is None or parent.domain != scope.items[child].domain:
            scope.unknown(str(token), ctx.span(token), "a broader item", scope.items)
        elif child not in parent.members:
            scope.used.add(parent.name)
            scope.items[parent.name] = replace(parent, members=(*parent.members, child))
    for one, name in later:
        with declaration():
            if name in scope.items and scope.places[name] == Context(scope, one.path).span(one.tree):
                refer(Context(scope, one.path), one.tree, scope.items[name])
    _refuse_cycles(scope)
    for one in mine:
        if one.kind == "equivalent":
            with declaration():
                equivalence(Context(scope, one.path), one.tree)
    for one, name in later:
        if one.kind == "measure" and name in scope.items:
            with declaration():
                measure(Context(scope, one.path, formula=True), one.tree, scope.items[name])


def field_value(tree: Node) -> tuple[Token, Child]:
    return cast(Token, tree.children[0]), tree.children[1]


def item(ctx: Context, tree: Node, kind: str, name: Token, under: list[tuple[str, Token, Context]]) -> None:
    """One declaration without what refers to other items."""
    scope = ctx.scope
    base, is_class = kind.removesuffix(" class"), kind.endswith(" class")
    if str(name) in RESERVED_NAMES:
        ctx.report("reserved-built-in", name, name=str(name), what="age, sex and `it`")
        raise Refused
    if str(name) in scope.places:
        ctx.report("duplicate-name", name, name=str(name))
        raise Refused
    allowed = (*FIELDS[base], *(CLASS_FIELDS if is_class else ()), *BASE_FIELDS)
    made = ir.Item(
        str(name), "finding" if base == "panel" else cast(ir.Kind, base), _label(tree, name),
        is_class=is_class, span=ctx.span(tree), values=DEFAULT_VALUES if base == "finding" else (),
    )  # fmt: skip
    codes: list[ir.Code] = []
    panel: list[str] = []
    unit_token = next(
        (cast(Token, c.children[0]) for c in tree.children if isinstance(c, Tree) and c.data == "unit"), None
    )
    if unit_token is not None and str(unit_token) != "points":  # points are plain numbers
        made = replace(made, unit=_unit(ctx, unit_token))
    seen: set[str] = set()
    for child in tree.children:
        if not (isinstance(child, Tree) and child.data == "field"):
            continue
        key, value = field_value(child)
        if str(key) not in allowed:
            ctx.report(
                "unknown-field", key, field=str(key), block=f"`{kind}`", suggestion=suggest(str(key), allowed)
            )
            continue
        if str(key) in seen:
            ctx.report("duplicate-field", key, field=str(key), block="this block")
            continue
        seen.add(str(key))
        match str(key):
            case "under":
                under.append((str(name), _word(ctx, value), ctx))
            case "members" | "lead":
                pass  # names of other items: see `refer` and `measure`
            case "items":
                panel = [str(token) for token in _names(ctx, value)]
            case "levels" | "values" | "grades":
                made = replace(made, values=tuple(str(token) for token in _names(ctx, value)))
            case "answered_by":
                made = replace(made, answered_by=tuple(str(token) for token in _names(ctx, value)))
            case "open" | "acute":
                made = replace(made, **{str(key): _yes(ctx, value)})
            case "reported" | "decimals":
                pass  # of the measure, not of its item
            case "citation" | "note" | "text" | "version":
                made = replace(made, **{str(key): "; ".join(_texts(ctx, value))})
            case "also_units":
                made = replace(made, also_units=_texts(ctx, value))
            case "worse":
                word = str(_word(ctx, value))
                if word not in ("higher", "lower"):
                    ctx.report("unknown-value", value, name="worse", value=word, expected=("higher", "lower"))
                    raise Refused
                made = replace(made, worse="higher" if word == "higher" else "lower")
            case "range" | "scale":
                low, high = _range(ctx, value, made.unit)
                made = replace(made, minimum=low, maximum=high)
            case "molar_mass":
                made = replace(made, molar_mass=_quantity(ctx, value, "g/mol"))
            case "detection_limit":
                made = replace(
                    made, detection_limit=_quantity(ctx, value, made.unit.text if made.unit else "1")
                )
            case "half_life":
                made = replace(made, half_life=quantities.length(ctx, _first(ctx, value)))
            case system:
                codes += [ir.Code(system, code) for code in _texts(ctx, value)]
    if not made.note:
        notes = [
            string(child.children[0])
            for child in tree.children
            if isinstance(child, Tree) and child.data == "note"
        ]
        made = replace(made, note=" ".join(notes) or None)
    made = replace(made, codes=tuple(codes))
    if base in ("lab", "measure") and not is_class and unit_token is None:
        ctx.report("missing-field", name, block=f"`{kind}`", field="unit")
        raise Refused
    scope.places[str(name)] = ctx.span(tree)
    if base == "panel":
        if not panel or not made.values:
            ctx.report(
                "missing-field",
                name,
                block="`panel`",
                field="items",
                help="a panel has `items [..]` and `grades [..]`",
            )
            raise Refused
        scope.panels[str(name)] = tuple(f"{name}.{one}" for one in panel)
        for one in panel:
            full = f"{name}.{one}"
            label = f"{made.label}, {one.replace('_', ' ')}"
            scope.items[full] = replace(made, name=full, label=label, codes=())
        return
    scope.items[str(name)] = made


def refer(ctx: Context, tree: Node, made: ir.Item) -> None:
    """What a declaration says of other items: members, and reference limits with their conditions."""
    scope = ctx.scope
    members = list(made.members)
    limits: dict[str, list[ir.ReferenceLimit]] = {"uln": [], "lln": []}
    for child in tree.children:
        match child:
            case Tree("field", [Token("NAME", "members"), value]):
                for token in _names(ctx, value):
                    member = scope.items.get(str(token))
                    if member is None or member.domain != made.domain:
                        names = [other.name for other in scope.items.values() if other.domain == made.domain]
                        scope.unknown(str(token), ctx.span(token), f"a {made.kind}", names)
                    elif str(token) in members:
                        ctx.report("member-twice", token, name=str(token))
                    else:
                        members.append(str(token))
                        scope.used.add(str(token))
            case Tree("uln" | "lln" as which, [Tree() as amount, condition]):
                if made.unit is None:
                    ctx.report("missing-field", child, block=f"`{made.kind}`", field="unit")
                    raise Refused
                value = _quantity_in(ctx, amount, made.unit, made.molar_mass)
                asked = expressions.truth(ctx, condition) if condition is not None else None
                limits[str(which)].append(ir.ReferenceLimit(value, asked))
    if made.is_class and not members and not made.codes:
        ctx.report(
            "missing-field",
            tree,
            block=f"`{made.kind} class`",
            field="members",
            help="name them: `members [a, b]`, or `under` in each member",
        )
    scope.items[made.name] = replace(
        made, members=tuple(members), uln=tuple(limits["uln"]), lln=tuple(limits["lln"])
    )


def _refuse_cycles(scope: Scope) -> None:
    """A class must not contain itself, however far down."""
    state: dict[str, int] = {}
    for start in list(scope.items):
        stack = [(start, iter(scope.items[start].members))]
        while stack:
            name, rest = stack[-1]
            state[name] = 1
            member = next(rest, None)
            if member is None:
                state[name] = 2
                stack.pop()
            elif state.get(member) == 1:
                span = scope.places.get(name)
                if span is not None:
                    scope.report("cyclic-definition", span, name=name, path=f"{name} → {member}")
                parent = scope.items[name]
                kept = tuple(other for other in parent.members if other != member)
                scope.items[name] = replace(parent, members=kept)
            elif member not in state:
                stack.append((member, iter(scope.items[member].members)))


def equivalence(ctx: Context, tree: Node) -> None:
    """`give prednisone 5 mg` in each row: equal doses. The reference is the first row."""
    scope, name = ctx.scope, cast(Token, tree.children[0])
    if str(name) in scope.places:
        ctx.report("duplicate-name", name, name=str(name))
        raise Refused
    rows: list[tuple[str, Fraction]] = []
    citation = None
    for child in tree.children:
        match child:
            case Tree("eq_row", [Token() as drug, Tree() as amount]):
                known = scope.items.get(str(drug))
                if known is None or known.domain != "medications":
                    scope.unknown(
                        str(drug),
                        ctx.span(drug),
                        "a drug",
                        [i.name for i in scope.items.values() if i.kind == "drug"],
                    )
                    raise Refused
                unit = parse_unit("mg")
                assert unit is not None
                value = _quantity_in(ctx, amount, unit, None)
                if value <= 0 or any(str(drug) == other for other, _ in rows):
                    ctx.report("member-twice" if value > 0 else "limit-not-positive", child, name=str(drug))
                    raise Refused
                scope.used.add(str(drug))
                rows.append((str(drug), value))
            case Tree("field", [Token() as key, value]):
                if str(key) != "citation":
                    ctx.report(
                        "unknown-field", key, field=str(key), block="`equivalent`", suggestion="citation"
                    )
                else:
                    citation = "; ".join(_texts(ctx, value))
    if not rows:
        ctx.report(
            "missing-field",
            tree,
            block="`equivalent`",
            field="give",
            help="write a row for each drug: `give prednisone 5 mg`",
        )
        raise Refused
    reference, dose = rows[0]
    factors = tuple((drug, dose / value) for drug, value in rows)
    scope.places[str(name)] = ctx.span(tree)
    scope.equivalences[str(name)] = ir.Equivalence(
        str(name), _label(tree, name), reference, factors, citation
    )


def measure(ctx: Context, tree: Node, made: ir.Item) -> None:
    """A formula; inputs are stripped of their units by `in`, so the result is a plain number in the measure's unit."""
    lead: str | None = None
    validity: ir.Duration | None = None
    valid: list[ir.Expr] = []
    formula: ir.Number | None = None
    decimals, reported = 9, False
    lets = dict(ctx.lets)
    for child in tree.children:
        match child:
            case Tree("field", [Token("NAME", "lead"), value]):
                lead = numbers.item_named(ctx, _word(ctx, value)).name
            case Tree("field", [Token("NAME", "reported"), value]):
                reported = _yes(ctx, value)
            case Tree("field", [Token("NAME", "decimals"), value]):
                number, _ = quantities.quantity(ctx, _first(ctx, value))
                if number.denominator != 1 or not 0 <= number <= 9:
                    ctx.report("bad-count", value, found=f"{number} decimals", members=9, verb="be kept")
                    raise Refused
                decimals = int(number)
            case Tree("validity", [Tree() as by]):
                validity = quantities.length(ctx, by)
            case Tree("let", [Token() as name, value]):
                lets[str(name)] = numbers.number(ctx.but(lets=dict(lets)), value)
                if numbers.size(lets[str(name)].number) > 2000:
                    ctx.report("formula-too-large", child)
                    raise Refused
            case Tree("valid", [condition]):
                valid.append(expressions.truth(ctx.but(lets=dict(lets)), condition))
            case Tree("formula", [value]):
                num = numbers.number(ctx.but(lets=dict(lets)), value)
                if num.unit is not None:
                    ctx.report("unit-in-product", value)
                    raise Refused
                formula = num.number
    for missing, name in ((lead, "lead"), (validity, "each input within"), (formula, "formula")):
        if missing is None:
            ctx.report(
                "missing-field",
                cast(Token, tree.children[0]),
                block="`measure`",
                field=name,
                help=f"a measure states `{name} …`",
            )
    if lead is None or validity is None or formula is None:
        raise Refused
    if made.citation is None:
        ctx.report("no-citation", cast(Token, tree.children[0]), name=made.name)
    ctx.scope.measures[made.name] = ir.Measure(
        made, lead, validity, tuple(valid), formula, decimals, reported, ctx.span(tree)
    )


# ---------------------------------------------------------------- field values


def _label(tree: Node, name: Token) -> str:
    for child in tree.children:
        if isinstance(child, Token) and child.type == "STRING":
            return string(child)
    return str(name).replace("_", " ")


def _unit(ctx: Context, token: Token) -> ir.Unit:
    unit = parse_unit(str(token))
    if unit is None:
        ctx.report("unknown-unit", token, unit=str(token))
        raise Refused
    return unit


def _texts(ctx: Context, value: Child) -> tuple[str, ...]:
    if isinstance(value, Tree) and value.data == "texts":
        return tuple(string(child) for child in value.children)
    if isinstance(value, Tree) and value.data == "word":
        return (str(value.children[0]),)
    if isinstance(value, Tree) and value.data == "range" and len(value.children) < 3:
        return (" ".join(str(token) for token in value.scan_values(lambda _: True) if token is not None),)
    ctx.report(
        "field-value", value, field="this field", found="something else", expected="words in quotation marks"
    )
    raise Refused


def _word(ctx: Context, value: Child) -> Token:
    if isinstance(value, Tree) and value.data == "word":
        return cast(Token, value.children[0])
    ctx.report("field-value", value, field="this field", found="something else", expected="one name")
    raise Refused


def _yes(ctx: Context, value: Child) -> bool:
    word = str(_word(ctx, value))
    if word not in ("yes", "no"):
        ctx.report("unknown-value", value, name="this field", value=word, expected=("yes", "no"))
        raise Refused
    return word == "yes"


def _names(ctx: Context, value: Child) -> list[Token]:
    if isinstance(value, Tree) and value.data == "list" and all(isinstance(c, Token) for c in value.children):
        return [cast(Token, child) for child in value.children]
    if isinstance(value, Tree) and value.data == "word":
        return [cast(Token, value.children[0])]
    ctx.report(
        "field-value", value, field="this field", found="something else", expected="names in square brackets"
    )
    raise Refused


def _first(ctx: Context, value: Child) -> Node:
    if isinstance(value, Tree) and value.data == "range" and value.children[1] is None:
        return cast(Node, value.children[0])
    ctx.report(
        "field-value", value, field="this field", found="something else", expected="a number with its unit"
    )
    raise Refused


def _quantity(ctx: Context, value: Child, unit: str) -> Fraction:
    wanted = parse_unit(unit)
    assert wanted is not None
    return _quantity_in(ctx, _first(ctx, value), wanted, None)


def _quantity_in(ctx: Context, tree: Node, unit: ir.Unit, molar_mass: Fraction | None) -> Fraction:
    value, token = quantities.quantity(ctx, tree)
    if token is None:
        if unit.dimension:
            ctx.report(
                "missing-unit", tree, name="this", expected=unit.text, suggestion=f"{value} {unit.text}"
            )
            raise Refused
        return value
    scale = numbers.factor(quantities.unit_of(ctx, token), unit, molar_mass)
    if scale is None:
        ctx.report("wrong-dimension", token, unit=str(token), name="this", expected=unit.text)
        raise Refused
    return value * scale


def _range(ctx: Context, value: Child, unit: ir.Unit | None) -> tuple[Fraction, Fraction]:
    """`0 to 105 points`: bare numbers are in the item's own unit."""
    if not (isinstance(value, Tree) and value.data == "range" and value.children[1] is not None):
        ctx.report(
            "field-value",
            value,
            field="this field",
            found="something else",
            expected="a range such as `0 to 105`",
        )
        raise Refused
    ends = []
    for child in value.children:
        number, token = quantities.quantity(ctx, cast(Node, child))
        if token is not None and str(token) != "points" and unit is not None:
            number = _quantity_in(ctx, cast(Node, child), unit, None)
        ends.append(number)
    if ends[0] >= ends[1]:
        ctx.report("bad-bounds", value, minimum=str(ends[0]), maximum=str(ends[1]))
        raise Refused
    return ends[0], ends[1]
