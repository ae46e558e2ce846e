"""Expressions of a protocol as calls of the functions a checker is written in."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from protodsl import ir
from protodsl.backends.python.layout import Apply, Piece, apply, literal, sequence
from protodsl.runtime.words import percentile_text

Argument = Piece | tuple[str, Piece]


class Expressions:
    """Remembers which of the runtime's functions it used."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def call(self, function: str, *arguments: Argument) -> Apply:
        self.used.add(function)
        return apply(function, *arguments)

    def name(self, function: str) -> str:
        self.used.add(function)
        return function

    # ------------------------------------------------------------ times

    def length(self, length: ir.Length) -> Apply:
        functions = {
            "day": "days",
            "week": "weeks",
            "month": "months",
            "year": "years",
            "half_life": "half_lives",
        }
        count = length.count
        said = str(count.numerator) if count.denominator == 1 else exact(count)
        return self.call(functions[length.unit], said)

    def duration(self, duration: ir.Duration) -> Apply:
        match duration:
            case ir.Length():
                return self.length(duration)
            case ir.Extreme("shorter", first, second):
                return self.call("shorter_of", self.length(first), self.length(second))
            case ir.Extreme(_, first, second):
                return self.call("longer_of", self.length(first), self.length(second))
            case _:
                assert_never(duration)

    def moment(self, anchor: ir.Anchor) -> Piece:
        match anchor:
            case ir.AtTimepoint(name):
                return self.call("at", literal(name))
            case ir.StageAnchor():
                return self.name("ANCHOR")
            case ir.OfSample():
                return self.name("SAMPLE")
            case ir.OfEvent(which, item):
                return self.call("day_of", literal(which), literal(item))
            case ir.Shifted(base, sign, by):
                return self.call("moved", self.moment(base), str(sign), self.length(by))
            case _:
                assert_never(anchor)

    def bound(self, bound: ir.Bound | None) -> Piece:
        if bound is None:
            return "None"
        left_out: list[Argument] = [("left_out", "True")] if bound.open else []
        moment = self.moment(bound.anchor)
        if bound.by is None:
            return self.call("on", moment, *left_out)
        function = "before" if bound.sign < 0 else "after"
        return self.call(function, self.duration(bound.by), moment, *left_out)

    def window(self, window: ir.Window) -> Piece:
        anchor = ir.Bound(ir.StageAnchor())
        if window == ir.Window(None, anchor):
            return self.name("EVER")
        if window == ir.Window(anchor, anchor):
            return self.name("NOW")
        return self.call("window", self.bound(window.start), self.bound(window.end))

    # ------------------------------------------------------------ numbers

    def number(self, number: ir.Number) -> Piece:
        match number:
            case ir.Constant(value):
                return self.call("number", exact(value))
            case ir.Observed():
                unit: list[Argument] = []
                if number.unit is not None:
                    unit.append(("unit", literal(number.unit.text)))
                return self.call("value", literal(number.item), *self.chosen(number), *unit)
            case ir.Mean(of, last):
                return self.call("mean_of_last", str(last), self.number(of))
            case ir.Age(unit=name, at=anchor):
                return self.call("age", literal(name), self.moment(anchor))
            case ir.DoseOf():
                arguments: list[Argument] = [
                    literal(number.item),
                    self.window(number.window),
                    literal(number.unit.text),
                ]
                arguments += self.given(number.equivalence, number.per)
                if number.select != "highest":
                    arguments.append(("select", literal(number.select)))
                return self.call("daily_dose", *arguments)
            case ir.Arithmetic(op, left, right):
                functions = {"+": "plus", "-": "minus", "*": "times", "/": "over", "^": "power"}
                return self.call(functions[op], self.number(left), self.number(right))
            case ir.Call(function, members):
                return self.call("call", literal(function), *(self.number(one) for one in members))
            case ir.Table(rows, otherwise, percentile):
                made: list[Argument] = [
                    sequence((self.expr(condition), self.number(one))) for condition, one in rows
                ]
                if otherwise is not None:
                    made.append(("otherwise", self.number(otherwise)))
                if percentile is not None:
                    made.append(("told", literal(percentile_text(percentile.percent, percentile.of))))
                return self.call("cases", *made)
            case _:
                assert_never(number)

    @staticmethod
    def given(equivalence: str | None, per: str | None) -> list[Argument]:
        found: list[Argument] = []
        if equivalence is not None:
            found.append(("equivalence", literal(equivalence)))
        if per is not None:
            found.append(("per", literal(per)))
        return found

    def chosen(self, observed: ir.Observed) -> list[Argument]:
        found: list[Argument] = []
        if observed.select != "latest":
            found.append(("select", literal(observed.select)))
        if observed.window is not None:
            found.append(("within", self.window(observed.window)))
        if observed.clean:
            listed = [
                self.call("without", literal(one.item), self.window(one.window)) for one in observed.clean
            ]
            found.append(("clean", sequence(listed)))
        if observed.side is not None:
            found.append(("side", literal(observed.side)))
        return found

    # ------------------------------------------------------------ expressions

    def limit(self, limit: ir.Limit) -> Piece:
        match limit:
            case ir.Constant(value):
                return exact(value)
            case ir.TimesLimit(factor, which):
                return self.call(which, exact(factor))
            case ir.Quantities(options):
                rows = [sequence((exact(value), literal(unit.text))) for value, unit in options]
                return self.call("either", *rows)
            case _:
                assert_never(limit)

    def tests(self, test: ir.NumberTest | ir.CodeTest) -> list[Argument]:
        if isinstance(test, ir.CodeTest):
            function = "is_none_of" if test.negated else "is_one_of"
            return [self.call(function, *(literal(code) for code in test.codes))]
        functions = {"<": "below", "<=": "at_most", "=": "equal_to", ">=": "at_least", ">": "above"}
        return [self.call(functions[op], self.limit(limit)) for op, limit in test.bounds]

    def result(self, expr: ir.Result) -> Apply:
        arguments: list[Argument] = [literal(expr.observed.item), *self.tests(expr.test)]
        arguments += self.chosen(expr.observed)
        times = expr.occasions
        if times is not None:
            made: list[Argument] = [str(times.least)]
            if times.spaced is not None:
                made.append(("spaced", self.length(times.spaced)))
            if times.last is not None:
                made.append(("last", str(times.last)))
            if times.consecutive:
                made.append(("consecutive", "True"))
            arguments.append(("times", self.call("occasions", *made)))
        return self.call("result", *arguments)

    def event(self, expr: ir.Exists) -> Apply:
        arguments: list[Argument] = [literal(expr.item), self.window(expr.window)]
        arguments += [
            self.call("with_", literal(one.attribute), literal(one.op), literal(one.value))
            for one in expr.attributes
        ]
        if expr.first_day:
            arguments.append(("first_day", "True"))
        if expr.but_not:
            arguments.append(("but_not", texts(expr.but_not)))
        if expr.lasting is not None:
            op, by = expr.lasting
            arguments.append(("lasting", self.call("lasting", literal(op), self.length(by))))
        if expr.dose is not None:
            dose: list[Argument] = [
                literal(expr.dose.op),
                exact(expr.dose.amount),
                literal(expr.dose.unit.text),
                *self.given(expr.dose.equivalence, expr.dose.per),
            ]
            arguments.append(("dose", self.call("dose", *dose)))
        if expr.least != 1:
            arguments.append(("least", str(expr.least)))
        if expr.spaced is not None:
            arguments.append(("spaced", self.length(expr.spaced)))
        if expr.lines:
            arguments.append(("lines", "True"))
        return self.call("event", *arguments)

    def expr(self, expr: ir.Expr) -> Piece:
        match expr:
            case ir.And(members=members):
                return self.call("all_of", *(self.expr(member) for member in members))
            case ir.Or(members=members):
                return self.call("any_of", *(self.expr(member) for member in members))
            case ir.Not(member=member):
                return self.call("not_", self.expr(member))
            case ir.AtLeast(count=count, members=members):
                return self.call("count_of", str(count), *(self.expr(member) for member in members))
            case ir.IfElse(condition=condition, then=then, otherwise=otherwise):
                return self.call("if_else", self.expr(condition), self.expr(then), self.expr(otherwise))
            case ir.Defined(name=name):
                return self.call("defined", literal(name))
            case ir.Setting(name, values):
                return self.call("setting", literal(name), *(literal(value) for value in values))
            case ir.Sex(sex=which):
                return self.call("sex", literal(which))
            case ir.Answer():
                roles = (literal(role) for role in expr.roles)
                return self.call("answered", literal(expr.question), literal(expr.text), *roles)
            case ir.Result():
                return self.result(expr)
            case ir.Exists():
                return self.event(expr)
            case ir.Change():
                arguments: list[Argument] = [
                    literal(expr.item),
                    literal(expr.op),
                    exact(expr.amount),
                    self.window(expr.start),
                    self.window(expr.end),
                ]
                if expr.percent:
                    arguments.append(("percent", "True"))
                if expr.side is not None:
                    arguments.append(("side", literal(expr.side)))
                return self.call(expr.direction, *arguments)
            case ir.Compare():
                unit: list[Argument] = [] if expr.unit is None else [literal(expr.unit.text)]
                sides = (self.number(expr.left), literal(expr.op), self.number(expr.right))
                return self.call("compare", *sides, *unit)
            case _:
                assert_never(expr)


def texts(texts: tuple[str, ...]) -> Apply:
    return sequence([literal(text) for text in texts])


def exact(value: Fraction) -> str:
    """A number as a text, in decimals where they end."""
    denominator = value.denominator
    if denominator == 1:
        return literal(str(value.numerator))
    for places in range(1, 40):
        if 10**places % denominator == 0:
            digits = str(abs(value.numerator) * (10**places // denominator)).rjust(places + 1, "0")
            sign = "-" if value < 0 else ""
            return literal(f"{sign}{digits[:-places]}.{digits[-places:]}")
    return literal(f"{value.numerator}/{denominator}")
