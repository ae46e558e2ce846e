"""A limit that depends on other things: `nt_probnp is { - >= 900 pg/mL if has atrial_fibrillation … }`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lark import Token, Tree

from protodsl import cases, ir
from protodsl.elaborate import expressions
from protodsl.elaborate.scope import Child, Context, Node, Refused


def by_case(ctx: Context, tree: Node, left: Child, rows: Node, tails: Sequence[Child]) -> ir.Expr:
    """The first row whose condition holds decides. Without `first of` no two may hold for one person."""
    tests: list[ir.Expr] = []
    conditions: list[ir.Expr] = []
    for row in rows.children:
        assert isinstance(row, Tree)
        _, test, condition = row.children
        if len(tests) > len(conditions):
            ctx.report("otherwise-not-last", row)
            raise Refused
        tests.append(expressions.truth(ctx, _compared(left, cast(Node, test), tails)))
        if not isinstance(condition, Token):
            conditions.append(expressions.truth(ctx, condition))
    return chain(ctx, tree, conditions, tests, first=rows.data == "is_first_of")


def _compared(left: Child, test: Node, tails: Sequence[Child]) -> Node:
    """The comparison that a row stands for."""
    name = "compare" if test.data == "at_limit" else "between"
    return expressions.node(name, [left, *test.children, *tails], test)


def chain(
    ctx: Context, at: Node, conditions: Sequence[ir.Expr], tests: Sequence[ir.Expr], *, first: bool
) -> ir.Expr:
    """`if c1 then t1 else if c2 then t2 else …`; one test more than conditions is the `otherwise`.

    Without an `otherwise` the conditions must be shown to leave nobody out; the last need not be asked then.
    """
    if not conditions:
        ctx.report("rows-without-condition", at)
        raise Refused
    found = cases.fit(ctx.scope.items, conditions)
    unseen = "they ask more than sex, age, values and place, so nothing shows that it cannot be"
    if not first and len(conditions) > 1 and (found is None or found.overlap is not None):
        ctx.report("rows-not-exclusive", at, reason=f"when {found.overlap}" if found else unseen)
        raise Refused
    asked = list(conditions)
    if len(tests) == len(conditions):
        if found is None or found.gap is not None:
            ctx.report("rows-leave-gap", at, reason=f"when {found.gap}" if found else unseen)
            raise Refused
        asked.pop()
    expr = tests[len(asked)]
    for condition, test in zip(reversed(asked), reversed(tests[: len(asked)]), strict=True):
        expr = ir.IfElse(condition, test, expr, ctx.span(at))
    return expr
