"""The truth of an expression: one case for each node of the model."""

from __future__ import annotations

from typing import assert_never

from protodsl import ir
from protodsl.interpret import answers, existence, formulas, results
from protodsl.interpret.context import Context
from protodsl.interpret.intervals import compare
from protodsl.interpret.truth import Finding, and_, at_least, if_else, not_, once, or_, unknown
from protodsl.runtime.report import Cause


def truth(ctx: Context, expr: ir.Expr) -> Finding:
    """“Every expression is true, false or unknown, strong Kleene.”"""
    known = ctx.known.get(id(expr))
    if known is None:
        known = ctx.known[id(expr)] = (expr, _truth(ctx, expr))  # kept, so that its id stays its own
    return known[1]


def _truth(ctx: Context, expr: ir.Expr) -> Finding:
    match expr:
        case ir.Result():
            return results.result(ctx, expr)
        case ir.Compare():
            return comparison(ctx, expr)
        case ir.Change():
            return results.change(ctx, expr)
        case ir.Exists():
            return existence.exists(ctx, expr)
        case ir.Answer():
            return answers.answer(ctx, expr)
        case ir.Sex(sex):
            return sex_is(ctx, sex)
        case ir.Setting(name, values):
            return setting_is(ctx, name, values)
        case ir.And(members):
            return and_([truth(ctx, member) for member in members])
        case ir.Or(members):
            return or_([truth(ctx, member) for member in members])
        case ir.Not(member):
            return not_(truth(ctx, member))
        case ir.AtLeast(count, members):
            return at_least(count, [truth(ctx, member) for member in members])
        case ir.IfElse(condition, then, otherwise):
            return if_else(truth(ctx, condition), truth(ctx, then), truth(ctx, otherwise))
        case ir.Defined(name):
            return truth(ctx, ctx.protocol.definitions[name].expr)
        case _:
            assert_never(expr)


def comparison(ctx: Context, asked: ir.Compare) -> Finding:
    """Two numbers: “decided when the whole interval agrees”."""
    left, right = formulas.number(ctx, asked.left), formulas.number(ctx, asked.right)
    evidence = once((*left.evidence, *right.evidence))
    causes = once((*left.causes, *right.causes))
    if left.interval is None or right.interval is None:
        return unknown(*causes, evidence=evidence)
    decided = compare(left.interval, asked.op, right.interval)
    return Finding(decided, causes if decided is None else (), evidence)


def setting_is(ctx: Context, name: str, values: tuple[str, ...]) -> Finding:
    """“What the record does not say of site, country, arm or part is `missing`.”"""
    told = ctx.record.setting.get(name)
    if told is None:
        return unknown(Cause("missing", name))
    return Finding(told in values)


def sex_is(ctx: Context, sex: str) -> Finding:
    if ctx.record.sex is None:
        return unknown(Cause("missing", "sex"))
    return Finding(ctx.record.sex == sex)
