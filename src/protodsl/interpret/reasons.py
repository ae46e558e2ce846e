"""Reasons and evidence: which facts and sentences a truth rests on. The sentences are those of
`runtime.words`.

Truth is decided elsewhere, without a look at this; here the same questions are asked again, to say what
was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from protodsl import ir
from protodsl.interpret import leaves
from protodsl.interpret.context import Context
from protodsl.interpret.criteria import Node
from protodsl.interpret.expressions import truth
from protodsl.interpret.told import Told, both
from protodsl.interpret.truth import Finding
from protodsl.runtime import words
from protodsl.runtime.report import Outcome, Truth


@dataclass(frozen=True, slots=True)
class Member:
    """One of a list: how it is decided, and what there is to say of it."""

    truth: Truth
    told: Callable[[], Told]


def deciding_all(truth: Truth, members: Sequence[Member]) -> Told:
    """“`and`: false: the false members; true: all; unknown: the unknown ones.”"""
    return of_those(members, lambda each: truth is True or each is truth)


def deciding_any(truth: Truth, members: Sequence[Member]) -> Told:
    """“`or`: true: the true ones; false: all.”"""
    return of_those(members, lambda each: truth is False or each is truth)


def deciding_count(truth: Truth, members: Sequence[Member]) -> Told:
    """“`at least k of`: true: the true members; false: the false ones.”"""
    return of_those(members, lambda each: each is truth)


def of_those(members: Sequence[Member], chosen: Callable[[Truth], bool]) -> Told:
    return both([member.told() for member in members if chosen(member.truth)])


def told(ctx: Context, expr: ir.Expr) -> Told:
    """What there is to say of an expression. “A list gives those of the members that decide it.”"""
    found = truth(ctx, expr).truth
    match expr:
        case ir.And(members):
            return deciding_all(found, each_of(ctx, members))
        case ir.Or(members):
            return deciding_any(found, each_of(ctx, members))
        case ir.AtLeast(_, members):
            return deciding_count(found, each_of(ctx, members))
        case ir.Not(member):
            return told(ctx, member)
        case ir.IfElse():
            return told_if(ctx, expr, found)
        case ir.Defined(name):
            return told(ctx, ctx.protocol.definitions[name].expr)
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Answer() | ir.Sex() | ir.Setting():
            return leaves.told(ctx, expr, truth(ctx, expr))
        case _:
            assert_never(expr)


def each_of(ctx: Context, members: Sequence[ir.Expr]) -> list[Member]:
    return [Member(truth(ctx, each).truth, partial(told, ctx, each)) for each in members]


def told_if(ctx: Context, expr: ir.IfElse, found: Truth) -> Told:
    """“`if`: condition decided: the condition's, then the chosen branch's; else those of the unknown
    among the three, or of both branches where they agree.”
    """
    condition = truth(ctx, expr.condition).truth
    if condition is not None and found is not None:
        return both([told(ctx, expr.condition), told(ctx, expr.then if condition else expr.otherwise)])
    if found is not None:
        return both([told(ctx, expr.then), told(ctx, expr.otherwise)])
    branches = (
        [expr.then, expr.otherwise] if condition is None else [expr.then if condition else expr.otherwise]
    )
    members = each_of(ctx, (expr.condition, *branches))
    return of_those(members, lambda each: each is None)


# ---------------------------------------------------------------- criteria and parts


def of_node(ctx: Context, node: Node, outcome: Outcome) -> tuple[str, tuple[str, ...]]:
    """Reason and evidence of a criterion or part."""
    if outcome == "not applicable":
        found = told_guard(ctx, node)
        return words.not_applicable(found.sentences), in_record_order(ctx, found.evidence)
    if outcome == "unknown":
        found = told_unknown(ctx, node, by_value=node.value.truth is None)
    else:
        found = told_value(ctx, node)
    return words.joined(found.sentences), in_record_order(ctx, found.evidence)


def in_record_order(ctx: Context, places: Sequence[str]) -> tuple[str, ...]:
    """“Evidence is always in record order (results, conditions, medications, procedures, answers; each as
    recorded), each place once.”
    """
    record = ctx.record
    domains = (record.results, record.conditions, record.medications, record.procedures, record.answers)
    order = [fact.where for facts in domains for fact in facts]
    return tuple(where for where in order if where in places)


def told_value(ctx: Context, node: Node) -> Told:
    """What decides the value: the criterion's own expression and its parts, those that do not apply left
    out.
    """
    members = []
    if node.part.expr is not None:
        members.append(Member(truth(ctx, node.part.expr).truth, partial(told, ctx, node.part.expr)))
    for part, finding in zip(node.parts, node.members, strict=True):
        members.append(Member(finding.truth, partial(told_part, ctx, part, finding)))
    match node.part.combine:
        case "all":
            return deciding_all(node.value.truth, members)
        case "any":
            return deciding_any(node.value.truth, members)
        case _:
            return deciding_count(node.value.truth, members)


def told_part(ctx: Context, part: Node, member: Finding) -> Told:
    """“a part that is not applicable adds nothing to its list”; an unknown one says what is unknown of it."""
    if part.applies.truth is False:
        return Told()
    if member.truth is not None:
        return told_value(ctx, part)
    return told_unknown(ctx, part, by_value=part.value.truth is None)


def told_unknown(ctx: Context, node: Node, *, by_value: bool) -> Told:
    """What is unknown of it, in the order of the file: its guard, its rule, then the same of its parts."""
    found = []
    if node.part.applies is not None and node.guard.truth is None:
        found.append(told(ctx, node.part.applies))
    if by_value and node.part.expr is not None and truth(ctx, node.part.expr).truth is None:
        found.append(told(ctx, node.part.expr))
    for part, value, guard in node.reached():
        if (by_value and value) or guard:
            unknown = by_value and value and part.value.truth is None
            found.append(told_unknown(ctx, part, by_value=unknown))
    return both(found)


def told_guard(ctx: Context, node: Node) -> Told:
    """Why it does not apply: its own guard, else those of its parts."""
    if node.part.applies is not None and node.guard.truth is False:
        return told(ctx, node.part.applies)
    return both([told_guard(ctx, part) for part in node.parts if part.applies.truth is False])
