"""Parameters: a number with a name, that may differ by country, site, arm, part, cohort or anything else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import expressions, limits
from protodsl.elaborate.scope import Child, Context, Declaration, Node, Refused, Scope, suggest

SETTINGS = ("site", "country", "arm", "part")


def register(scope: Scope, one: Declaration) -> None:
    name = cast(Token, one.tree.children[0])
    ctx = Context(scope, one.path)
    if str(name) in scope.places:
        ctx.report("duplicate-name", name, name=str(name))
        return
    scope.places[str(name)] = ctx.span(one.tree)
    scope.parameters[str(name)] = one


def named(ctx: Context, tree: Child) -> Declaration | None:
    """The parameter that a name alone stands for."""
    match tree:
        case Tree("observed", [None, Token() as name]) if str(name) not in ctx.lets:
            return ctx.scope.parameters.get(str(name))
    return None


def opened(ctx: Context, one: Declaration) -> Node | list[tuple[Child, Child]]:
    """What a parameter says here: a number, or rows of (number, condition; None: otherwise).

    Rows of another cohort are left out; one that is for this cohort needs no condition."""
    name = str(one.tree.children[0])
    if name in ctx.scope.defining:
        circle = [*ctx.scope.defining[ctx.scope.defining.index(name) :], name]
        ctx.report("cyclic-definition", ctx.scope.places[name], name=name, path=" → ".join(circle))
        raise Refused
    if one.tree.data == "parameter_short":
        return cast(Node, one.tree.children[2])
    rows: list[tuple[Child, Child]] = []
    for row in one.tree.children[2:]:
        if not (isinstance(row, Tree) and row.data == "row"):
            continue
        _, value, condition = row.children
        if rows and rows[-1][1] is None:
            ctx.report("otherwise-not-last", ctx.scope.places[name])
            raise Refused
        if isinstance(condition, Token):
            rows.append((value, None))
            continue
        mine = for_cohort(ctx, condition, name)
        if mine is None:
            rows.append((value, condition))
        elif mine:
            rows.append((value, None))
            break
    if not rows:
        ctx.report("parameter-without-value", ctx.scope.places[name], name=name, cohort=ctx.cohort or "")
        raise Refused
    if rows[0][1] is None:
        return cast(Node, rows[0][0])
    return rows


def for_cohort(ctx: Context, condition: Child, name: str) -> bool | None:
    """Whether `cohort is x` holds where the parameter is used; None: the condition asks something else."""
    match condition:
        case Tree("is_", [Tree("observed", [None, Token("NAME", "cohort")]), negated, Tree() as value, *_]):
            pass
        case _:
            return None
    if ctx.cohort is None:
        ctx.report("cohort-not-here", ctx.scope.places[name], name=name)
        raise Refused
    listed = value if value.data == "is_name" else cast(Node, value.children[0])
    among = ctx.cohort in [str(token) for token in listed.children]
    return among == (negated is None and value.data != "is_none_of")


def compared(
    ctx: Context,
    tree: Node,
    left: Child,
    op: ir.Op,
    rows: Sequence[tuple[Child, Child]],
    tails: Sequence[Child],
) -> ir.Expr:
    """A comparison with a parameter that has rows: a limit by case."""
    from protodsl.elaborate import comparisons

    tests = [comparisons.comparison(ctx, tree, left, op, value, tails) for value, _ in rows]
    conditions = [expressions.truth(ctx, condition) for _, condition in rows if condition is not None]
    return limits.chain(ctx, tree, conditions, tests, first=False)


def spread(ctx: Context, tree: Node) -> ir.Expr | None:
    """A statement about a window whose length is a parameter by case: a statement for each case. None: about
    no such window."""
    if not ctx.scope.parameters:
        return None
    for duration in tree.find_data("duration"):
        name = duration.children[0]
        one = ctx.scope.parameters.get(str(name)) if isinstance(name, Token) else None
        if one is None or str(name) in ctx.chosen:
            continue
        rows = opened(ctx, one)
        if isinstance(rows, list):
            tests = [
                expressions.truth(ctx.but(chosen={**ctx.chosen, str(name): value}), tree) for value, _ in rows
            ]
            conditions = [expressions.truth(ctx, condition) for _, condition in rows if condition is not None]
            return limits.chain(ctx, tree, conditions, tests, first=False)
    return None


def setting(ctx: Context, tree: Node, name: str, values: Sequence[Token], *, negated: bool) -> ir.Expr:
    """`country is one of [japan, china]`."""
    known = ctx.scope.arms
    for value in values:
        if name == "arm" and known and str(value) not in known:
            ctx.report(
                "unknown-value", value, name="arm", value=str(value), expected=tuple(sorted(known)),
                suggestion=suggest(str(value), known),
            )  # fmt: skip
            raise Refused
    made = ir.Setting(name, tuple(str(value).lower() for value in values), ctx.span(tree))
    return ir.Not(made, ctx.span(tree)) if negated else made
