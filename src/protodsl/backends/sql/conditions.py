"""The truth of expressions: SQL's own logic is the language's (strong Kleene, null for unknown)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, assert_never

from protodsl import ir
from protodsl.backends.sql import answers, events, results
from protodsl.backends.sql.build import Leaf, NotCarried
from protodsl.backends.sql.layers import truth_number
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Binary,
    Column,
    Expr,
    In,
    Literal,
    and_,
    case,
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope, When, moved_by
from protodsl.ir.walk import nodes

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

_MIRRORED: dict[ir.Op, ir.Op] = {"<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<"}


def truth(builder: Builder, scope: Scope, expr: ir.Expr) -> Expr:
    match expr:
        case ir.Sex(sex):
            return compare("=", Column("sex"), Literal(sex))
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Answer() | ir.Setting():
            try:
                found = builder.told.column(f"{_name(expr)}_holds", leaf(builder, scope, expr))
            except NotCarried as refused:
                builder.refuse(str(refused))
                found = NULL
            builder.leaves.append(Leaf(builder.where, scope.stage.id, asked_of(expr), found))
            return found
        case ir.And(members):
            return and_(*(truth(builder, scope, member) for member in members))
        case ir.Or(members):
            return or_(*(truth(builder, scope, member) for member in members))
        case ir.Not(member):
            return not_(truth(builder, scope, member))
        case ir.AtLeast(count, members):
            return at_least(count, [truth(builder, scope, member) for member in members])
        case ir.IfElse(condition, then, otherwise):
            return if_else(*(truth(builder, scope, each) for each in (condition, then, otherwise)))
        case ir.Defined(name):
            return truth(builder, scope, builder.protocol.definitions[name].expr)
        case _:
            assert_never(expr)


def leaf(
    builder: Builder,
    scope: Scope,
    expr: ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Setting,
) -> Expr:
    match expr:
        case ir.Result():
            return results.result(builder, scope, expr)
        case ir.Compare():
            return comparison(builder, scope, expr)
        case ir.Exists():
            return events.exists(builder, scope, expr)
        case ir.Answer():
            return answers.answer(builder, scope, expr)
        case ir.Change():
            from protodsl.backends.sql import changes

            return changes.change(builder, scope, expr)
        case ir.Setting(name, values):
            place = builder.setting(name)
            return case((In(place, values), TRUE), (is_not(place, "NULL"), FALSE)) if values else FALSE
        case _:
            assert_never(expr)


def _name(expr: ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Setting) -> str:
    """What a column of it is called."""
    match expr:
        case ir.Answer(question):
            return question[:30]
        case ir.Compare(left=ir.Age()) | ir.Compare(right=ir.Age()):
            return "age"
        case ir.Compare(left=ir.DoseOf(item=name)):
            return f"dose_of_{name}"
        case ir.Compare():
            return "comparison"
        case _:
            return asked_of(expr)


def asked_of(expr: ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Setting) -> str:
    """What has to be known to decide it: an item, the words of a question, `age`, a setting."""
    match expr:
        case ir.Result(observed):
            return observed.item
        case ir.Exists(item=name) | ir.Change(item=name):
            return name
        case ir.Answer(question):
            return question
        case ir.Setting(name):
            return name
        case ir.Compare():
            found = [
                "age" if isinstance(each, ir.Age) else each.item
                for each in nodes(expr)
                if isinstance(each, (ir.Age, ir.Observed, ir.DoseOf))
            ]
            return " and ".join(dict.fromkeys(found)) or "comparison"
        case _:
            assert_never(expr)


def at_least(count: int, members: list[Expr]) -> Expr:
    """“true once k members are true, false once fewer than k are true or unknown”."""
    if count <= 0:
        return TRUE
    if count > len(members):
        return FALSE
    if count == 1:
        return or_(*members)
    if count == len(members):
        return and_(*members)
    true, open_ = (total([wanted(each) for each in members]) for wanted in (_surely, _possibly))
    return case((compare(">=", true, Literal(count)), TRUE), (compare("<", open_, Literal(count)), FALSE))


def _surely(member: Expr) -> Expr:
    return truth_number(is_(member, "TRUE"))


def _possibly(member: Expr) -> Expr:
    return truth_number(is_not(member, "FALSE"))


def total(numbers: list[Expr]) -> Expr:
    found = numbers[0]
    for each in numbers[1:]:
        found = Binary("+", found, each)
    return found


def if_else(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """“with c unknown has the value on which a and b agree”."""
    agree = compare("=", then, otherwise) if NULL not in (then, otherwise) else FALSE
    return case((condition, then), (not_(condition), otherwise), (agree, then))


def comparison(builder: Builder, scope: Scope, asked: ir.Compare) -> Expr:
    match asked.left, asked.right:
        case ir.Age(), ir.Constant(value):
            return age(builder, scope, asked.left, asked.op, value)
        case ir.Constant(value), ir.Age():
            return age(builder, scope, asked.right, _MIRRORED[asked.op], value)
        case _:
            from protodsl.backends.sql import numbers

            return numbers.comparison(builder, scope, asked)


def birth(builder: Builder, scope: Scope) -> When:
    """Null where it is not recorded."""
    last = builder.recorded(scope, Column("birth_first"), Column("birth_last")).last
    known = case((is_not(Column("birth_first"), "NULL"), last))
    return When(Column("birth_first"), builder.person("birth_by", known))


def age(builder: Builder, scope: Scope, asked: ir.Age, op: ir.Op, value: object) -> Expr:
    """Completed years (months, weeks, days) by dates: at least n at D when birth ≤ D − n."""
    at = builder.times.anchor(scope, asked.at)
    born = birth(builder, scope)
    return age_test(born, at, asked.unit, op, value)


def age_test(born: When, at: When, unit: str, op: ir.Op, value: object) -> Expr:
    from fractions import Fraction

    assert isinstance(value, Fraction)
    months = {"year": 12, "month": 1}.get(unit)

    def reached(count: int, surely: bool) -> Expr:
        """At least so many: for every day that may be, or for some."""
        by = ("month", count * months) if months else ("day", count * (7 if unit == "week" else 1))
        day, birth_day = (at.first, born.last) if surely else (at.last, born.first)
        return compare("<=", birth_day, moved_by(day, -1, by))

    def not_below(count: int) -> Expr:
        return case((reached(count, True), TRUE), (not_(reached(count, False)), FALSE))

    whole = value.denominator == 1
    match op:
        case ">=":
            return not_below(math.ceil(value))
        case ">":
            return not_below(math.floor(value) + 1)
        case "<":
            return not_(not_below(math.ceil(value)))
        case "<=":
            return not_(not_below(math.floor(value) + 1))
        case "=":
            if not whole:
                # no age is a fraction: surely not, once it is known to lie on one side
                low, high = not_below(math.ceil(value)), not_below(math.floor(value) + 1)
                return case((low, FALSE), (not_(high), FALSE))
            return and_(not_below(int(value)), not_(not_below(int(value) + 1)))
        case _:
            assert_never(op)


def of_person(builder: Builder, scope: Scope, expr: ir.Expr) -> Expr:
    """The truth of what depends on the participant alone (sex, age), as a column of `people`."""
    return builder.person("applies", _of_person(builder, scope, expr))


def _of_person(builder: Builder, scope: Scope, expr: ir.Expr) -> Expr:
    match expr:
        case ir.Sex() | ir.Compare(left=ir.Age(), right=ir.Constant()):
            return truth(builder, scope, expr)
        case ir.And(members):
            return and_(*(_of_person(builder, scope, member) for member in members))
        case ir.Or(members):
            return or_(*(_of_person(builder, scope, member) for member in members))
        case ir.Not(member):
            return not_(_of_person(builder, scope, member))
        case _:
            raise builder.not_carried("a reference limit or table that depends on more than sex and age")
