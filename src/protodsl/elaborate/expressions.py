"""Expressions with a truth: groups, comparisons, coded results, judgement. Events are in `events`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Fix
from protodsl.elaborate import changes, comparisons, doses, events, parameters, quantities
from protodsl.elaborate.scope import Child, Context, Node, Refused, string


def node(name: str, children: Sequence[Child], like: Node) -> Node:
    """A tree made in place of one the author wrote; lark types children without its own placeholders."""
    return Tree(name, cast("list[Token | Node]", list(children)), like.meta)


# What a window can belong to: nothing smaller has a truth of its own.
_SENTENCES = frozenset(
    (
        *("relaxed", "compare", "between", "is_", "change", "changes", "agrees"),
        *("event", "state", "reaction", "event_rows", "event_lines"),
    )
)


def truth(ctx: Context, tree: Child) -> ir.Expr:
    """The typed expression of a tree that must be true, false or unknown."""
    if isinstance(tree, Tree) and tree.data in _SENTENCES:
        by_case = parameters.spread(ctx, tree)
        if by_case is not None:
            return by_case
    match tree:
        case Tree("paren", [inner]):
            return truth(ctx, inner)
        case Tree("and_chain", members):
            return ir.And(tuple(truth(ctx, member) for member in members), span=ctx.span(tree))
        case Tree("or_chain", members):
            return ir.Or(tuple(truth(ctx, member) for member in members), span=ctx.span(tree))
        case Tree("not_", [member]):
            return ir.Not(truth(ctx, member), span=ctx.span(tree))
        case Tree("group", [Tree() as quant, *children]):
            members = [child for child in children if not isinstance(child, Token)]
            made = [truth(ctx, member) for member in members]
            for index, expr in enumerate(made):
                if any(_same(expr, other) for other in made[:index]):
                    ctx.report("member-twice", members[index], name="this condition")
                    raise Refused
            return combine(ctx, quant, made, "list")
        case Tree("implies", [condition, then, otherwise]):
            return implies(ctx, tree, condition, then, otherwise)
        case Tree("relaxed", [base, *relaxations]):
            return relaxed(ctx, tree, base, relaxations)
        case Tree("compare", [left, op, right, *tails]):
            operator = comparisons.OPS[str(cast(Node, op).children[0])]
            return comparisons.compare(ctx, tree, left, operator, right, tails)
        case Tree("between", [left, low, high, *tails]):
            return comparisons.between(ctx, tree, left, low, high, tails)
        case Tree("is_", [left, negated, Tree() as value, *tails]):
            return comparisons.coded(ctx, tree, left, negated is not None, value, tails)
        case Tree("change", [left, direction, op, amount, *tails]):
            return changes.change(ctx, tree, left, str(direction), cast(Node, op), amount, tails)
        case Tree("changes", [left, Token() as direction, Tree() as when]):
            return doses.changes(ctx, tree, left, direction, when)
        case Tree("event" | "state" | "reaction" | "event_rows" | "event_lines"):
            return events.event(ctx, tree)
        case Tree("judged" | "agrees", [Token() as words, by, *rest]):
            how = str(tree.data)
            default = ("investigator",) if how == "judged" else ("participant", "guardian")
            roles = (str(by),) if by is not None else default
            window = quantities.window(ctx, cast(Node, rest[0])) if rest and rest[0] is not None else None
            text = string(words)
            if not text:
                ctx.report("empty-words", words)
                raise Refused
            return ir.Answer(
                text, text, roles, "judged" if how == "judged" else "agrees", window, ctx.span(tree)
            )
        case Tree("confirmed", [Token() as name, by]):
            return confirmed(ctx, tree, name, by)
        case Tree("observed", [None, Token() as name]):
            return named(ctx, name)
        case Tree("observed", [None, Token(value="history"), Tree("value_side", [Token() as what])]):
            # A habit the grammar takes for a measurement of one side: `history of malignancy`.
            item, span = ctx.scope.items.get(str(what)), ctx.span(tree)
            instead = f"{_EVER.get(item.domain, 'had') if item else 'had'} {what}"
            fix = Fix(span, instead, f"write `{instead}`")
            if item is not None and item.domain in _EVER:
                kind = item.kind
                ctx.report("history-of", tree, name=item.name, actual=kind, suggestion=instead, fix=fix)
            else:
                ctx.report("other-words", tree, text=f"history of {what}", suggestion=instead, fix=fix)
        case Tree():
            ctx.report("number-where-truth", tree)
        case _:
            raise AssertionError(tree)
    raise Refused


_EVER: dict[ir.Domain, str] = {"procedures": "underwent", "medications": "received"}


def _same(a: ir.Expr, b: ir.Expr) -> bool:
    return _plain(a) == _plain(b)


def _plain(value: object) -> object:
    """An expression without its spans and styles, to compare two by meaning."""
    if isinstance(value, tuple):
        return tuple(_plain(member) for member in value)
    slots = getattr(type(value), "__dataclass_fields__", None)
    if slots is None or isinstance(value, Fraction):
        return value
    kept = (name for name in slots if name not in ("span", "style"))
    return (type(value).__name__, *(_plain(getattr(value, name)) for name in kept))


same_meaning = _same


def combine(ctx: Context, quant: Node, members: Sequence[ir.Expr], style: ir.Style) -> ir.Expr:
    """Members joined by `all of`, `any of`, `none of`, `at least k of` …"""
    made, span = tuple(members), ctx.span(quant)
    kind = str(quant.data)
    if kind in ("all_of", "each_of"):
        return ir.And(made, "each" if kind == "each_of" else style, span)
    if kind == "any_of":
        return ir.Or(made, style, span)
    if kind == "none_of":
        return ir.Not(ir.Or(made, style, span), span)
    count = int(quantities.number(ctx, quant.children[-1]))
    if not 0 < count <= len(made):
        ctx.report(
            "bad-count",
            quant,
            found=f"`{str(quant.data).replace('_', ' ')} {count}`",
            members=len(made),
            verb="be decided by them",
        )
        raise Refused
    if kind == "at_least":
        return ir.AtLeast(count, made, style, span)
    more = ir.Not(ir.AtLeast(count + 1, made, style, span), span) if count < len(made) else None
    if kind == "at_most":
        if more is None:
            ctx.report(
                "bad-count",
                quant,
                found=f"`{str(quant.data).replace('_', ' ')} {count}`",
                members=len(made),
                verb="be decided by them",
            )
            raise Refused
        return more
    at_least = ir.AtLeast(count, made, style, span)
    return at_least if more is None else ir.And((at_least, more), "plain", span)


def implies(ctx: Context, tree: Node, condition: Child, then: Child, otherwise: Child) -> ir.Expr:
    asked, made = truth(ctx, condition), truth(ctx, then)
    if otherwise is None:
        return ir.Or((ir.Not(asked, ctx.span(condition)), made), "implies", ctx.span(tree))
    return ir.IfElse(asked, made, truth(ctx, otherwise), ctx.span(tree))


def relaxed(ctx: Context, tree: Node, base: Child, relaxations: Sequence[Child]) -> ir.Expr:
    """`A, or B if C` is `A or (B and C)`; B is A with another limit or another window."""
    if not (isinstance(base, Tree) and base.data == "compare"):
        ctx.report("relaxed-needs-comparison", base)
        raise Refused
    left, op, right, *tails = base.children
    members = [truth(ctx, base)]
    for relax in relaxations:
        assert isinstance(relax, Tree)
        *new, condition = relax.children
        if len(new) == 2:
            variant = Tree("compare", [left, new[0], new[1], *tails], relax.meta)
        else:
            kept = [tail for tail in tails if str(cast(Node, tail).data) in comparisons.TAILS]
            variant = Tree("compare", [left, op, right, *kept, new[0]], relax.meta)
        looser = truth(ctx, variant)
        if _same(looser, members[0]):
            ctx.report("relaxed-limit-equal", relax, value=_words(relax))
        members.append(ir.And((looser, truth(ctx, condition)), "relaxed", ctx.span(relax)))
    return ir.Or(tuple(members), "relaxed", ctx.span(tree))


def _words(tree: Node) -> str:
    """A limit as the author wrote it."""
    return (
        " ".join(str(token) for token in cast(Node, tree.children[1]).scan_values(lambda _: True))
        if len(tree.children) > 2
        else "window"
    )


def named(ctx: Context, name: Token) -> ir.Expr:
    """A name alone: a definition. A bare condition, drug or question is refused."""
    scope = ctx.scope
    if str(name) in scope.definitions or str(name) in scope.pending:
        from protodsl.elaborate import criteria

        criteria.define(scope, str(name), ctx.span(name))
        scope.used.add(str(name))
        return ir.Defined(str(name), ctx.span(name))
    item = scope.items.get(str(name))
    if item is None:
        scope.unknown(
            str(name), ctx.span(name), "a definition", [*scope.definitions, *scope.pending, *scope.items]
        )
    else:
        verbs = {  # the tense is the author's to say: it changes the meaning
            "conditions": ("is",) if item.kind == "state" else ("has", "had"),
            "medications": ("receives", "received"),
            "procedures": ("underwent",),
            "answers": ("confirmed",),
        }
        tests = [f"`{verb} {name}`" for verb in verbs.get(item.domain, ())]
        test = " or ".join(tests or (f"`{name} is …`", f"`{name} >= …`"))
        ctx.report("not-a-test", name, name=str(name), suggestion=test.strip("`"))
    raise Refused


def confirmed(ctx: Context, tree: Node, name: Token, by: Child) -> ir.Expr:
    item = ctx.scope.items.get(str(name))
    if item is None or item.kind != "question":
        questions = [item.name for item in ctx.scope.items.values() if item.kind == "question"]
        ctx.scope.unknown(str(name), ctx.span(name), "a question", questions)
        raise Refused
    ctx.scope.used.add(item.name)
    roles = (str(by),) if by is not None else item.answered_by
    return ir.Answer(item.name, item.text or item.label, roles, "confirmed", None, ctx.span(tree))
