"""Changes between two dated values: `x falls by >= 25 % from baseline to month_3`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import expressions, numbers, quantities, sides
from protodsl.elaborate.comparisons import OPS, TAILS, compare, limit, qualify
from protodsl.elaborate.scope import Child, Context, Node, Refused


def change(
    ctx: Context, tree: Node, left: Child, direction: str, op: Node, amount: Child, tails: Sequence[Child]
) -> ir.Expr:
    """`x falls by >= 25 %`: percent is of the earlier value; `percentage_points` is a difference."""
    if isinstance(left, Tree) and any(isinstance(p, Tree) and p.data == "value_side" for p in left.children):
        return _change_of_side(ctx, tree, left, direction, op, amount, tails)
    subject = numbers.number(ctx, left).number
    windows = [tail for tail in tails if isinstance(tail, Tree) and str(tail.data) not in TAILS]
    if not isinstance(subject, ir.Observed) or subject.select != "latest" or subject.side is not None:
        ctx.report("limit-needs-result", left)
        raise Refused
    qualified = [tail for tail in tails if isinstance(tail, Tree) and tail.data == "qualified"]
    if len(windows) != 1 or len(windows) + len(qualified) != len(tails) or len(qualified) > 1:
        ctx.report("change-needs-window", tree)
        raise Refused
    words = cast(Token, qualified[0].children[0]) if qualified else None
    if windows[0].data == "from_to":
        start, end = (
            quantities.around(ctx, quantities.anchor(ctx, cast(Node, a))) for a in windows[0].children
        )
    else:
        start = end = quantities.window(ctx, windows[0])
    item = ctx.scope.items[subject.item]
    num = numbers.number(ctx, amount)
    if num.constant is None or num.constant < 0:
        ctx.report("nothing-compared", amount)
        raise Refused
    percent = num.unit is not None and num.unit.text == "%"
    value = num.constant
    if num.unit is not None and num.unit.text == "percentage_points":
        if item.unit is None or item.unit.text != "%":
            ctx.report(
                "wrong-dimension",
                amount,
                unit="percentage_points",
                name=item.label,
                expected=item.unit.text if item.unit else "no unit",
            )
            raise Refused
    elif not percent:
        value = limit(ctx, ir.Observed(item.name), num, amount).value if num.unit else value
        if num.unit is None and item.unit is not None and not numbers.bare_allowed(item.unit):
            ctx.report("missing-unit", amount, name=item.label, expected=item.unit.text)
            raise Refused
    operator = OPS[str(op.children[0])]

    def made(way: str) -> ir.Expr:
        falls: Literal["falls", "rises"] = "falls" if way == "falls" else "rises"
        return ir.Change(item.name, falls, operator, value, percent, start, end, ctx.span(tree))

    if direction == "changes":
        return qualify(ctx, ir.Or((made("falls"), made("rises")), "plain", ctx.span(tree)), words)
    return qualify(ctx, made(direction), words)


def _change_of_side(
    ctx: Context, tree: Node, left: Node, direction: str, op: Node, amount: Child, tails: Sequence[Child]
) -> ir.Expr:
    """`bcva of study_eye falls by >= 5 from baseline to month_3`: the difference of the side's two values; in
    percent their change."""
    spans = [tail for tail in tails if isinstance(tail, Tree) and tail.data == "from_to"]
    num = numbers.number(ctx, amount)
    if len(spans) != 1:
        ctx.report("change-of-side", tree)
        raise Refused
    if num.constant is None or num.constant < 0:
        ctx.report("nothing-compared", amount)
        raise Refused
    earlier, later = (
        expressions.node("observed", [*left.children, expressions.node("value_at", [at], spans[0])], left)
        for at in spans[0].children
    )
    rest = [tail for tail in tails if tail is not spans[0]]
    if num.unit is not None and num.unit.text == "%":
        if rest:
            ctx.report("change-of-side", tree)
            raise Refused
        return _percent_of_side(ctx, tree, left, direction, OPS[str(op.children[0])], num.constant, spans[0])

    def made(first: Node, second: Node) -> ir.Expr:
        difference = expressions.node("subtract", [first, Token("SIGN", "-"), second], left)
        return compare(ctx, tree, difference, OPS[str(op.children[0])], amount, rest)

    if direction == "changes":
        return ir.Or((made(earlier, later), made(later, earlier)), "plain", ctx.span(tree))
    return made(earlier, later) if direction == "falls" else made(later, earlier)


def _percent_of_side(
    ctx: Context, tree: Node, left: Node, direction: str, op: ir.Op, amount: Fraction, span: Node
) -> ir.Expr:
    """`bcva of study_eye falls by >= 25 % from baseline to month_3`: of the side's earlier value."""
    start, end = (quantities.around(ctx, quantities.anchor(ctx, cast(Node, at))) for at in span.children)
    post = next(one for one in left.children if isinstance(one, Tree) and one.data == "value_side")
    others = [child for child in left.children if child is not post]

    def of(side: sides.Side) -> ir.Expr:
        token = Token.new_borrow_pos("NAME", side, cast(Token, post.children[0]))
        there = expressions.node("observed", [*others, expressions.node("value_side", [token], post)], left)
        subject = numbers.number(ctx, there).number
        if not isinstance(subject, ir.Observed) or subject.select != "latest":
            ctx.report("limit-needs-result", left)
            raise Refused
        ways: tuple[Literal["falls", "rises"], ...] = ("falls", "rises")
        made = [
            ir.Change(subject.item, way, op, amount, True, start, end, ctx.span(tree), side)
            for way in ways
            if direction in (way, "changes")
        ]
        return made[0] if len(made) == 1 else ir.Or(tuple(made), "plain", ctx.span(tree))

    return sides.spread(ctx, post, of)
