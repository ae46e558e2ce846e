"""Values of vocabulary fields, read from the syntax tree: words, names, quantities, ranges."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

from lark import Token, Tree

from protodsl.elaborate import quantities
from protodsl.elaborate.scope import Child, Context, Node, Refused, string
from protodsl.runtime.units import Unit, factor, parse_unit
from protodsl.runtime.words import number_text


def label(tree: Node, name: Token) -> str:
    for child in tree.children:
        if isinstance(child, Token) and child.type == "STRING":
            return string(child)
    return str(name).replace("_", " ")


def unit(ctx: Context, token: Token) -> Unit:
    unit = parse_unit(str(token))
    if unit is None:
        ctx.report("unknown-unit", token, unit=str(token))
        raise Refused
    return unit


def texts(ctx: Context, value: Child) -> tuple[str, ...]:
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


def word(ctx: Context, value: Child) -> Token:
    if isinstance(value, Tree) and value.data == "word":
        return cast(Token, value.children[0])
    ctx.report("field-value", value, field="this field", found="something else", expected="one name")
    raise Refused


def yes(ctx: Context, value: Child) -> bool:
    said = str(word(ctx, value))
    if said not in ("yes", "no"):
        ctx.report("unknown-value", value, name="this field", value=said, expected=("yes", "no"))
        raise Refused
    return said == "yes"


def names(ctx: Context, value: Child) -> list[Token]:
    if isinstance(value, Tree) and value.data == "list" and all(isinstance(c, Token) for c in value.children):
        return [cast(Token, child) for child in value.children]
    if isinstance(value, Tree) and value.data == "word":
        return [cast(Token, value.children[0])]
    ctx.report(
        "field-value", value, field="this field", found="something else", expected="names in square brackets"
    )
    raise Refused


def first(ctx: Context, value: Child) -> Node:
    if isinstance(value, Tree) and value.data == "range" and value.children[1] is None:
        return cast(Node, value.children[0])
    ctx.report(
        "field-value", value, field="this field", found="something else", expected="a number with its unit"
    )
    raise Refused


def quantity(ctx: Context, value: Child, unit: str) -> Fraction:
    wanted = parse_unit(unit)
    assert wanted is not None
    return quantity_in(ctx, first(ctx, value), wanted, None)


def quantity_in(ctx: Context, tree: Node, unit: Unit, molar_mass: Fraction | None) -> Fraction:
    value, token = quantities.quantity(ctx, tree)
    if token is None:
        if unit.dimension:
            said = f"{number_text(value)} {unit.text}"
            ctx.report("missing-unit", tree, name="this", expected=unit.text, suggestion=said)
            raise Refused
        return value
    scale = factor(quantities.unit_of(ctx, token), unit, molar_mass)
    if scale is None:
        ctx.report("wrong-dimension", token, unit=str(token), name="this", expected=unit.text)
        raise Refused
    return value * scale


def interval(ctx: Context, value: Child, unit: Unit | None) -> tuple[Fraction, Fraction]:
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
            number = quantity_in(ctx, cast(Node, child), unit, None)
        ends.append(number)
    if ends[0] >= ends[1]:
        ctx.report("bad-bounds", value, minimum=str(ends[0]), maximum=str(ends[1]))
        raise Refused
    return ends[0], ends[1]
