"""Sides of the body: the study eye and the fellow eye, each side, any side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate.scope import Child, Context, Node, Refused, Scope, string

Side = Literal["left", "right"]
OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
POSTS = ("value_side", "value_sides", "of_side", "of_sides")


def register(scope: Scope, path: str, tree: Node) -> None:
    """`side study_eye "Study eye" other fellow_eye "Fellow eye"`: the record says which one the first is."""
    name, label, other, other_label = tree.children
    ctx = Context(scope, path)
    for token in (name, other):
        if str(token) in scope.places:
            ctx.report("duplicate-name", token, name=str(token))
            return
        scope.places[str(token)] = ctx.span(token)
    made = ir.Side(str(name), _label(name, label), str(other), _label(other, other_label), ctx.span(tree))
    scope.sides[str(name)] = scope.sides[str(other)] = made


def _label(name: Child, label: Child) -> str:
    return string(label) if label is not None else str(name).replace("_", " ")


def literal(post: Child) -> Side | None:
    """`of left`, `of right`: a side that needs no looking up."""
    match post:
        case Tree("value_side" | "of_side", [Token() as token]) if str(token) in OTHER:
            return cast(Side, str(token))
    return None


def spread(ctx: Context, post: Node, make: Callable[[Side], ir.Expr]) -> ir.Expr:
    """What is asked of a side, asked of the one that is meant, of both, or of any."""
    span = ctx.span(post)
    match post:
        case Tree("value_sides" | "of_sides", [Token() as which]):
            both = (make("left"), make("right"))
            return ir.And(both, "each", span) if which.startswith("each") else ir.Or(both, "members", span)
    side = literal(post)
    if side is not None:
        return make(side)
    known, this = named(ctx, post)
    return ir.IfElse(ir.Setting(known.name, ("left",), span), make(this), make(OTHER[this]), span)


def apart(ctx: Context, value: Child) -> tuple[Child, str]:
    """A value without its side, and the side in words, for what is only told of it."""
    if not isinstance(value, Tree):
        return value, ""
    posts = [child for child in value.children if isinstance(child, Tree) and str(child.data) in POSTS]
    if len(posts) != 1:
        return value, ""
    plain: Node = Tree(value.data, [child for child in value.children if child is not posts[0]], value.meta)
    token = str(posts[0].children[0])
    if posts[0].data == "value_sides" or literal(posts[0]) is not None:
        return plain, token if posts[0].data == "value_sides" else f"the {token} side"
    known, _ = named(ctx, posts[0])
    label = known.label if token == known.name else known.other_label
    return plain, f"the {label[:1].lower()}{label[1:]}"


def named(ctx: Context, post: Node) -> tuple[ir.Side, Side]:
    """The declared side, and where it lies when the first of the two is the left one."""
    token = cast(Token, post.children[0])
    known = ctx.scope.sides.get(str(token))
    if known is None:
        ctx.scope.unknown(str(token), ctx.span(token), "a side", [*ctx.scope.sides, *OTHER])
        raise Refused
    ctx.scope.used.add(str(token))
    return known, "left" if known.name == str(token) else "right"
