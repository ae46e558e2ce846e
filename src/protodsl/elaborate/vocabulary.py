"""Vocabulary declarations: labs, scores, findings, conditions, drugs, procedures, questions, formulas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Diagnostic
from protodsl.elaborate import expressions, numbers, quantities, values
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
from protodsl.source import Span

CODE_SYSTEMS = ("loinc", "icd10", "snomed", "atc", "rxnorm", "cvx", "hpo", "ops", "cpt")
BASE_FIELDS = ("under", "citation", "explain", *CODE_SYSTEMS)
NUMBER_FIELDS = ("molar_mass", "range", "plausible", "also_units", "detection_limit")
FIELDS: dict[str, tuple[str, ...]] = {
    "lab": NUMBER_FIELDS,
    "score": ("range", "scale", "version", "worse"),
    "finding": (),
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
RESERVED_NAMES = ("age", "sex", "it", "site", "country", "arm", "part", "cohort")
DEFAULT_VALUES = ("positive", "negative", "indeterminate")


@dataclass(frozen=True)
class Declared:
    """What declaring a vocabulary adds to a scope."""

    items: dict[str, ir.Item]
    measures: dict[str, ir.Measure]
    equivalences: dict[str, ir.Equivalence]
    panels: dict[str, tuple[str, ...]]
    panel_labels: dict[str, str]
    places: dict[str, Span]
    used: set[str]
    diagnostics: tuple[Diagnostic, ...]

    def into(self, scope: Scope) -> None:
        scope.items |= self.items
        scope.measures |= self.measures
        scope.equivalences |= self.equivalences
        scope.panels |= self.panels
        scope.panel_labels |= self.panel_labels
        scope.places |= self.places
        scope.used |= self.used
        scope.diagnostics += self.diagnostics


def declared(scope: Scope, declarations: Iterable[Declaration]) -> Declared:
    """`declare`, and what it added."""
    told = len(scope.diagnostics)
    declare(scope, declarations)
    return Declared(
        dict(scope.items), dict(scope.measures), dict(scope.equivalences), dict(scope.panels),
        dict(scope.panel_labels), dict(scope.places), set(scope.used), tuple(scope.diagnostics[told:]),
    )  # fmt: skip


def declare(scope: Scope, declarations: Iterable[Declaration]) -> None:
    """Declares every item of all files, then what refers to other items: classes, limits, formulas."""
    mine = list(declarations)
    later: list[tuple[Declaration, str]] = []
    under: list[tuple[str, Token, Context]] = []
    for one in mine:
        ctx = Context(scope, one.path)
        with declaration():
            if one.kind == "vocab":
                kind, token = cast(Token, one.tree.children[0]), cast(Token, one.tree.children[1])
                item(ctx, one.tree, " ".join(kind.split()), token, under)
                later.append((one, str(token)))
            elif one.kind == "measure":
                token = cast(Token, one.tree.children[0])
                item(ctx, one.tree, "measure", token, under)
                later.append((one, str(token)))
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
        str(name), "finding" if base == "panel" else cast(ir.Kind, base), values.label(tree, name),
        is_class=is_class, span=ctx.span(tree), values=DEFAULT_VALUES if base == "finding" else (),
    )  # fmt: skip
    codes: list[ir.Code] = []
    panel: list[str] = []
    labels: dict[str, str] = {}  # of a panel's items, where their names do not read well
    unit_token = next(
        (cast(Token, c.children[0]) for c in tree.children if isinstance(c, Tree) and c.data == "unit"), None
    )
    if unit_token is not None and str(unit_token) != "points":  # points are plain numbers
        made = replace(made, unit=values.unit(ctx, unit_token))
    seen: set[str] = set()
    for child in tree.children:
        if isinstance(child, Tree) and child.data == "coded_values" and base == "finding":
            made = replace(made, values=tuple(str(token) for token in values.names(ctx, child.children[0])))
        elif isinstance(child, Tree) and child.data == "coded_values":
            ctx.report("unknown-field", child, field="values", block=f"`{kind}`")
        if not (isinstance(child, Tree) and child.data == "field"):
            continue
        key, value = field_value(child)
        if str(key) not in (*allowed, *panel):
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
                under.append((str(name), values.word(ctx, value), ctx))
            case "members" | "lead":
                pass  # names of other items: see `refer` and `measure`
            case "items":
                panel = [str(token) for token in values.names(ctx, value)]
            case "levels" | "grades":
                made = replace(made, values=tuple(str(token) for token in values.names(ctx, value)))
            case "answered_by":
                made = replace(made, answered_by=tuple(str(token) for token in values.names(ctx, value)))
            case "open":
                made = replace(made, open=values.yes(ctx, value))
            case "acute":
                made = replace(made, acute=values.yes(ctx, value))
            case "reported" | "decimals":
                pass  # of the measure, not of its item
            case "citation":
                made = replace(made, citation="; ".join(values.texts(ctx, value)))
            case "explain":
                made = replace(made, explain="; ".join(values.texts(ctx, value)))
            case "text":
                made = replace(made, text="; ".join(values.texts(ctx, value)))
            case "version":
                made = replace(made, version="; ".join(values.texts(ctx, value)))
            case "also_units":
                made = replace(made, also_units=values.texts(ctx, value))
            case "worse":
                word = str(values.word(ctx, value))
                if word not in ("higher", "lower"):
                    ctx.report("unknown-value", value, name="worse", value=word, expected=("higher", "lower"))
                    raise Refused
                made = replace(made, worse="higher" if word == "higher" else "lower")
            case "range" | "scale":
                low, high = values.interval(ctx, value, made.unit)
                made = replace(made, minimum=low, maximum=high)
            case "plausible":
                made = replace(made, plausible=values.interval(ctx, value, made.unit))
            case "molar_mass":
                made = replace(made, molar_mass=values.quantity(ctx, value, "g/mol"))
            case "detection_limit":
                made = replace(
                    made, detection_limit=values.quantity(ctx, value, made.unit.text if made.unit else "1")
                )
            case "half_life":
                made = replace(made, half_life=quantities.length(ctx, values.first(ctx, value), whole=False))
            case one if one not in allowed:
                labels[one] = "; ".join(values.texts(ctx, value))
            case _ if isinstance(value, Tree) and value.data == "not_stated":
                made = replace(made, uncoded=True)
            case system:
                codes += [ir.Code(system, code) for code in values.texts(ctx, value)]
    if made.note is None:
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
        scope.panel_labels[str(name)] = made.label
        for one in panel:
            full = f"{name}.{one}"
            label = f"{made.label}, {labels.get(one) or one.replace('_', ' ')}"
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
                for token in values.names(ctx, value):
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
                limit = values.quantity_in(ctx, amount, made.unit, made.molar_mass)
                asked = expressions.truth(ctx, condition) if condition is not None else None
                limits[str(which)].append(ir.ReferenceLimit(limit, asked))
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
                dose = values.quantity_in(ctx, amount, unit, None)
                if dose <= 0 or any(str(drug) == other for other, _ in rows):
                    ctx.report("member-twice" if dose > 0 else "limit-not-positive", child, name=str(drug))
                    raise Refused
                scope.used.add(str(drug))
                rows.append((str(drug), dose))
            case Tree("field", [Token() as key, value]):
                if str(key) != "citation":
                    ctx.report(
                        "unknown-field", key, field=str(key), block="`equivalent`", suggestion="citation"
                    )
                else:
                    citation = "; ".join(values.texts(ctx, value))
    if not rows:
        ctx.report(
            "missing-field",
            tree,
            block="`equivalent`",
            field="give",
            help="write a row for each drug: `give prednisone 5 mg`",
        )
        raise Refused
    reference, most = rows[0]
    factors = tuple((drug, most / dose) for drug, dose in rows)
    scope.places[str(name)] = ctx.span(tree)
    scope.equivalences[str(name)] = ir.Equivalence(
        str(name), values.label(tree, name), reference, factors, citation
    )


def measure(ctx: Context, tree: Node, made: ir.Item) -> None:
    """A formula; `in` strips its inputs of their units; its number is in the measure's unit."""
    lead: str | None = None
    validity: ir.Duration | None = None
    valid: list[ir.Expr] = []
    formula: ir.Number | None = None
    decimals, reported = 9, False
    lets = dict(ctx.lets)
    for child in tree.children:
        match child:
            case Tree("field", [Token("NAME", "lead"), value]):
                lead = numbers.item_named(ctx, values.word(ctx, value)).name
            case Tree("field", [Token("NAME", "reported"), value]):
                reported = values.yes(ctx, value)
            case Tree("field", [Token("NAME", "decimals"), value]):
                number, _ = quantities.quantity(ctx, values.first(ctx, value))
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
    at = cast(Token, tree.children[0])
    for given, field in ((lead, "lead"), (validity, "each input within"), (formula, "formula")):
        if given is None:
            ctx.report(
                "missing-field", at, block="`measure`", field=field, help=f"a measure states `{field} …`"
            )
    if lead is None or validity is None or formula is None:
        raise Refused
    if made.citation is None:
        ctx.report("no-citation", at, name=made.name)
    ctx.scope.measures[made.name] = ir.Measure(
        made, lead, validity, tuple(valid), formula, decimals, reported, ctx.span(tree)
    )
