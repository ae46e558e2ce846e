"""Definitions, criteria with their parts, groups, cohorts and stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import expressions, parameters, quantities
from protodsl.elaborate.scope import Child, Context, Declaration, Node, Refused, Scope, declaration, string
from protodsl.source import Span


@dataclass
class Words:
    """The `source`, `clarify` and `note` lines of one block."""

    source: list[ir.Quotation] = field(default_factory=list)
    clarify: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, ctx: Context, child: Child) -> bool:
        match child:
            case Tree("source", [Token() as token]):
                self.source.append(quotation(ctx, token))
            case Tree("clarify", [Token() as token]):
                self.clarify.append(string(token))
            case Tree("note", [Token() as token]):
                self.notes.append(string(token))
            case _:
                return False
        return True


def quotation(ctx: Context, token: Token) -> ir.Quotation:
    found = ctx.scope.located.get(token.start_pos or 0)
    return found if found is not None else ir.Quotation(string(token))


def words_of(ctx: Context, tree: Node) -> Words:
    words = Words()
    for child in tree.children:
        words.take(ctx, child)
    return words


# ---------------------------------------------------------------- definitions


def register(scope: Scope, one: Declaration) -> None:
    name = cast(Token, one.tree.children[0])
    ctx = Context(scope, one.path)
    if one.kind.startswith("parameter"):
        parameters.register(scope, one)
        return
    if str(name) in scope.places:
        ctx.report("duplicate-name", name, name=str(name))
        return
    scope.places[str(name)] = ctx.span(one.tree)
    scope.pending[str(name)] = one


def define(scope: Scope, name: str, span: Span) -> None:
    """Elaborates a definition when it is first spoken of."""
    if name in scope.definitions:
        return
    if name in scope.defining:
        circle = [*scope.defining[scope.defining.index(name) :], name]
        scope.report("cyclic-definition", span, name=name, path=" → ".join(circle))
        raise Refused
    one = scope.pending[name]
    ctx = Context(scope, one.path, values=one.values)
    words = words_of(ctx, one.tree)
    kept = [child for child in one.tree.children[2:] if not _is_meta(child)]
    scope.defining.append(name)
    try:
        expr = expressions.truth(ctx, kept[0])
    finally:
        scope.defining.pop()
    label = one.tree.children[1]
    scope.definitions[name] = ir.Definition(
        name,
        string(label) if label is not None else name.replace("_", " "),
        expr, tuple(words.source), tuple(words.clarify), tuple(words.notes), ctx.span(one.tree),
    )  # fmt: skip


def _is_meta(child: Child) -> bool:
    return isinstance(child, Tree) and child.data in ("source", "clarify", "note", "accept")


# ---------------------------------------------------------------- criteria


def criterion(ctx: Context, tree: Node, prefix: str, cohort: str | None, group: str | None) -> ir.Criterion:
    kind = str(tree.children[0])
    number = str(tree.children[1])
    root = part(ctx, tree, f"{prefix}{kind} {number}", kind, tree.children[2:])
    return ir.Criterion("inclusion" if kind == "inclusion" else "exclusion", root, group, cohort)


def part(ctx: Context, tree: Node, id: str, kind: str, children: Sequence[Child]) -> ir.Part:
    """One criterion or part. What is refused in it costs only itself."""
    label = children[0]
    inner = with_values(ctx, children)
    words = Words()
    rules: list[ir.Expr] = []
    parts: list[ir.Part] = []
    guards: list[ir.Expr] = []
    broken = False
    combine: Literal["all", "any"] | int = "all" if kind == "inclusion" else "any"
    for child in children[1:]:
        if words.take(ctx, child) or not isinstance(child, Tree):
            continue
        before = len(ctx.scope.diagnostics)
        with declaration():
            match child:
                case Tree("part", [Token() as number, *rest]):
                    parts.append(part(inner, child, f"{id}.{number}", kind, rest))
                case Tree("applies", [condition]):
                    guards.append(expressions.truth(inner, condition))
                case Tree("require", [rule, unless]):
                    if kind != "inclusion":
                        ctx.report(
                            "wrong-polarity",
                            child,
                            kind="exclusion",
                            expected="exclude if",
                            found="require",
                            other="inclusion",
                        )
                        raise Refused
                    rules.append(_rule(inner, rule, unless, "inclusion"))
                case Tree("exclude", [rule, unless]):
                    if kind != "exclusion":
                        ctx.report(
                            "wrong-polarity",
                            child,
                            kind="inclusion",
                            expected="require",
                            found="exclude if",
                            other="exclusion",
                        )
                        raise Refused
                    rules.append(_rule(inner, rule, unless, "exclusion"))
                case Tree("parts", [Tree() as quant]):
                    combine = _combine(ctx, quant, child)
                case Tree("aside"):
                    aside(ctx, child)
        broken = broken or len(ctx.scope.diagnostics) > before
    ids = [one.id for one in parts]
    for one in parts:
        if ids.count(one.id) > 1:
            ctx.report("duplicate-criterion", one.span or ctx.span(tree), id=one.id)
            break
    if not rules and not parts and not broken:
        ctx.report(
            "empty-criterion", tree, id=id, suggestion="require …" if kind == "inclusion" else "exclude if …"
        )
    expr: ir.Expr | None = None
    if rules:
        together = ir.And if kind == "inclusion" else ir.Or
        expr = rules[0] if len(rules) == 1 else together(tuple(rules), "list", ctx.span(tree))
    applies = (
        guards[0] if len(guards) == 1 else ir.And(tuple(guards), span=ctx.span(tree)) if guards else None
    )
    return ir.Part(
        id, string(label) if label is not None else "", combine, expr, tuple(parts), applies,
        tuple(words.source), tuple(words.clarify), tuple(words.notes), ctx.span(tree),
    )  # fmt: skip


def _rule(ctx: Context, rule: Child, unless: Child, kind: str) -> ir.Expr:
    """`require A unless B` is `A or B`, `exclude if A unless B` is `A and not B`."""
    if unless is None:
        implied = isinstance(rule, Tree) and rule.data == "implies" and rule.children[2] is None
        if implied and kind != "inclusion":
            ctx.report("implies-in-exclusion", rule)
            raise Refused
        return expressions.truth(ctx, rule)
    if isinstance(rule, Tree) and rule.data in ("and_chain", "or_chain", "relaxed", "implies"):
        ctx.report("unless-after-chain", rule)
        raise Refused
    asked, excused = expressions.truth(ctx, rule), expressions.truth(ctx, unless)
    if kind == "inclusion":
        return ir.Or((asked, excused), "unless", ctx.span(rule))
    return ir.And((asked, ir.Not(excused, ctx.span(unless))), "unless", ctx.span(rule))


def _combine(ctx: Context, quant: Node, at: Node) -> Literal["all", "any"] | int:
    match str(quant.data):
        case "all_of" | "each_of":
            return "all"
        case "any_of":
            return "any"
        case "at_least":
            count = int(cast(Token, quant.children[-1]))
            if count >= 1:
                return count
    ctx.report("parts-need-count", at)
    raise Refused


def with_values(ctx: Context, children: Sequence[Child]) -> Context:
    """The context with the block's own `values` window."""
    for child in children:
        if isinstance(child, Tree) and child.data == "values":
            with declaration():
                ctx = ctx.but(values=quantities.window(ctx, cast(Node, child.children[0])))
    return ctx


def aside(ctx: Context, tree: Node) -> ir.Aside:
    quoted, because = (cast(Token, child) for child in tree.children)
    made = ir.Aside(quotation(ctx, quoted), string(because))
    ctx.scope.asides.append(made)
    return made


# ---------------------------------------------------------------- groups, cohorts, stages


@dataclass
class Body:
    """What a stage, a cohort, or a protocol without stages holds."""

    criteria: list[ir.Criterion] = field(default_factory=list)
    groups: list[ir.Group] = field(default_factory=list)
    cohorts: list[ir.Cohort] = field(default_factory=list)
    guards: list[ir.Expr] = field(default_factory=list)
    words: Words = field(default_factory=Words)


def body(ctx: Context, children: Sequence[Child], prefix: str, cohort: str | None = None) -> Body:
    """Definitions among the children have been registered before."""
    inner = with_values(ctx, children)
    made = Body()
    shared = _shared(ctx, children) if cohort is None else {}
    for child in children:
        if made.words.take(ctx, child) or not isinstance(child, Tree):
            continue
        with declaration():
            match child:
                case Tree("criterion"):
                    made.criteria.append(criterion(inner, child, prefix, cohort, None))
                case Tree("choice", [Tree() as quant, label, *rest]):
                    choice(inner, quant, label, rest, prefix, cohort, made)
                case Tree("cohort", [Token() as name, label, *rest]):
                    if cohort is not None:
                        ctx.report("not-allowed-here", name, found="a cohort", block="a cohort")
                        raise Refused
                    common = shared.get(str(name), [])
                    made.cohorts.append(_cohort(inner, name, label, [*common, *rest], prefix))
                case Tree("applies", [condition]):
                    made.guards.append(expressions.truth(inner, condition))
                case Tree("aside"):
                    aside(ctx, child)
    seen: set[str] = set()
    for one in made.criteria:
        if one.id in seen:
            ctx.report("duplicate-criterion", one.root.span or Span(ctx.path, 0, 0), id=one.id)
        seen.add(one.id)
    return made


def _shared(ctx: Context, children: Sequence[Child]) -> dict[str, list[Child]]:
    """`common to [a, b] { … }`: criteria that each of these cohorts has, as if written in it."""
    names = [str(one.children[0]) for one in children if isinstance(one, Tree) and one.data == "cohort"]
    found: dict[str, list[Child]] = {}
    for block in children:
        if not (isinstance(block, Tree) and block.data == "common"):
            continue
        listed, *inside = block.children
        for token in cast(Node, listed).children:
            if not isinstance(token, Token) or str(token) not in names:
                at = token if isinstance(token, Token) else listed
                ctx.scope.unknown(str(token), ctx.span(at), "a cohort", names)
                continue
            found.setdefault(str(token), []).extend(inside)
    return found


def choice(
    ctx: Context,
    quant: Node,
    label: Child,
    children: Sequence[Child],
    prefix: str,
    cohort: str | None,
    made: Body,
) -> None:
    """`satisfy any of { inclusion 4 … inclusion 5 … }`."""
    count = _combine(ctx, quant, quant)
    trees = [child for child in children if isinstance(child, Tree) and child.data == "criterion"]
    least = len(trees) if count == "all" else 1 if count == "any" else count
    if not 1 <= least <= len(trees):
        ctx.report("bad-count", quant, found=str(least), members=len(trees), verb="be met")
        raise Refused
    kinds = {str(tree.children[0]) for tree in trees}
    if kinds != {"inclusion"}:
        ctx.report("not-allowed-here", quant, found="an exclusion", block="`satisfy`", expected="inclusions")
        raise Refused
    names = [f"{prefix}inclusion {tree.children[1]}" for tree in trees]
    id = (
        string(label)
        if label is not None
        else " or ".join([names[0], *(str(t.children[1]) for t in trees[1:])])
    )
    words = Words()
    for child in children:
        words.take(ctx, child)
    for tree in trees:
        with declaration():
            made.criteria.append(criterion(ctx, tree, prefix, cohort, id))
    made.groups.append(ir.Group(id, least, tuple(names), tuple(words.source), tuple(words.clarify)))


def _cohort(ctx: Context, name: Token, label: Child, children: Sequence[Child], prefix: str) -> ir.Cohort:
    inner = body(ctx.but(cohort=str(name)), children, f"{prefix}{name} ", str(name))
    guards = inner.guards
    applies = guards[0] if len(guards) == 1 else ir.And(tuple(guards)) if guards else None
    return ir.Cohort(
        str(name), string(label) if label is not None else str(name).replace("_", " "), applies,
        tuple(inner.criteria), tuple(inner.groups), tuple(inner.words.source), tuple(inner.words.clarify),
    )  # fmt: skip


def stage(ctx: Context, tree: Node, prefix: str) -> ir.Stage:
    name, label, anchor, requires, *children = tree.children
    at = quantities.timepoint(ctx, cast(Token, anchor)).name
    inner = body(ctx, children, prefix)
    return ir.Stage(
        str(name), string(label) if label is not None else str(name).replace("_", " "), at,
        str(requires) if requires is not None else None,
        tuple(inner.criteria), tuple(inner.groups), tuple(inner.cohorts),
        tuple(inner.words.source), tuple(inner.words.clarify),
    )  # fmt: skip
