"""The Python checker of a protocol: a module statisticians can read, one function for each rule.

Author's text reaches the module as literals and docstrings only; identifiers are made from criterion numbers
and names, with everything but ASCII letters and digits removed.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from importlib import import_module
from typing import assert_never

from protodsl import __version__, ir
from protodsl.backends.layout import Apply, Piece, apply, docstring, laid_out, literal, sequence, width
from protodsl.backends.standalone import inlined
from protodsl.runtime.words import percentile_text

# The modules of what a checker is written in, each behind those that use it.
_MODEL = ("protocol", "vocabulary", "expressions", "numbers", "limits", "windows")

Argument = Piece | tuple[str, Piece]


def generate(protocol: ir.Protocol, *, standalone: bool = False) -> str:
    """The source of a checker module. `standalone`: with the runtime inside, for Python alone."""
    writer = Writer(protocol)
    body = writer.module()
    lines = [*docstring(f"Checker of {protocol.id}: {protocol.title}", 0), ""]
    lines += [
        f"# Made by protodsl {__version__} from text with SHA-256 {protocol.sha256 or 'not stated'}.",
        "# Do not edit: change the protocol and compile it again.",
    ]
    runtime: list[str] = []
    if standalone:
        imports, (_, *runtime) = inlined()
        head = ["from __future__ import annotations", "", *imports]
    else:
        head = ["from __future__ import annotations", "", "import sys", "", *writer.imports()]
    text = "\n".join([*lines, "", *head, "", *runtime, *body]) + "\n"
    if any(width(line) > 110 for line in text.splitlines()):
        text = text.replace("\n\nfrom __future__", "\n# ruff: noqa: E501, RUF100\n\nfrom __future__", 1)
    return text


def load(protocol: ir.Protocol) -> types.ModuleType:
    """The checker as a module: `evaluate(record)`, `verdict(record)`, `evaluate_endpoints(record)`."""
    name = f"protodsl_checker_{identifier(protocol.id)}"
    module = types.ModuleType(name)
    exec(compile(generate(protocol), f"<{name}>", "exec", dont_inherit=True), module.__dict__)
    return module


def identifier(text: str) -> str:
    """A Python name made from a text; never empty, never beginning with a digit."""
    made = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return made if made and not made[0].isdigit() else f"n_{made}"


class Writer:
    """Writes one module; remembers which of the runtime's functions it used."""

    def __init__(self, protocol: ir.Protocol) -> None:
        self.protocol = protocol
        self.used: set[str] = set()
        self.names: dict[str, str] = {}  # from what a function is for to its name
        self.taken: set[str] = set()

    def call(self, function: str, *arguments: Argument) -> Apply:
        self.used.add(function)
        return apply(function, *arguments)

    def name(self, function: str) -> str:
        self.used.add(function)
        return function

    def function(self, purpose: str) -> str:
        """A name of its own for a function."""
        found = self.names.get(purpose)
        if found is None:
            base = found = identifier(purpose)
            number = 2
            while found in self.taken:
                found = f"{base}_{number}"
                number += 1
            self.taken.add(found)
            self.names[purpose] = found
        return found

    def imports(self) -> list[str]:
        home, by_module = _home(), dict[str, list[str]]()
        for name in sorted(self.used, key=_import_order):
            by_module.setdefault(home[name], []).append(name)
        lines: list[str] = []
        for module in sorted(by_module):
            lines += [f"from {module} import (", *(f"    {name}," for name in by_module[module]), ")"]
        return lines

    # ------------------------------------------------------------ the module

    def module(self) -> list[str]:
        protocol = self.protocol
        lines: list[str] = []
        for definition in protocol.definitions.values():
            purpose = f"define {definition.name}"
            text = " ".join(quotation.text for quotation in definition.source) or definition.label
            lines += self.rule(purpose, definition.expr, text)
        for stage in protocol.stages:
            if len(protocol.stages) > 1:
                lines += _heading(f"stage {stage.id}")
            for criterion in stage.criteria:
                lines += self.part_functions(criterion.root)
            for cohort in stage.cohorts:
                lines += _heading(f"cohort {cohort.id}")
                if cohort.applies is not None:
                    text = " ".join(quotation.text for quotation in cohort.source) or cohort.label
                    lines += self.rule(f"{stage.id} cohort {cohort.id} applies", cohort.applies, text)
                for criterion in cohort.criteria:
                    lines += self.part_functions(criterion.root)
        lines += _heading("vocabulary and formulas")
        lines += self.table("ITEMS", "Item", (self.item(item) for item in protocol.items.values()))
        lines += self.table("MEASURES", "Measure", (self.measure(one) for one in protocol.measures.values()))
        lines += self.table(
            "EQUIVALENCES", "Equivalence", (self.equivalence(one) for one in protocol.equivalences.values())
        )
        lines += _heading("the protocol")
        lines += laid_out(self.whole(), 0, "PROTOCOL = ")
        self.used.update(("Checker", "run", "Protocol", "Item", "Measure", "Equivalence"))
        if lines_need_expr(lines):
            self.used.add("Expr")
        return [
            *lines,
            "CHECKER = Checker(PROTOCOL)",
            "evaluate = CHECKER.evaluate",
            "verdict = CHECKER.verdict",
            "evaluate_endpoints = CHECKER.evaluate_endpoints",
            "",
            'if __name__ == "__main__":',
            "    sys.exit(run(CHECKER))",
        ]

    def rule(self, purpose: str, expr: ir.Expr, text: str) -> list[str]:
        name = self.function(purpose)
        lines = ["", f"def {name}() -> Expr:", *docstring(text or purpose, 4)]
        return [*lines, *laid_out(self.expr(expr), 4, "return "), ""]

    def part_functions(self, part: ir.Part) -> list[str]:
        lines: list[str] = []
        text = " ".join(quotation.text for quotation in part.source) or part.label or part.id
        if part.applies is not None:
            lines += self.rule(f"{part.id} applies", part.applies, text)
        if part.expr is not None:
            lines += self.rule(part.id, part.expr, text)
        for inner in part.parts:
            lines += self.part_functions(inner)
        return lines

    def table(self, name: str, kind: str, rows: Iterator[Piece]) -> list[str]:
        """A constant; always one row to a line."""
        lines = [f"{name}: tuple[{kind}, ...] = ("]
        listed = list(rows)
        if not listed:
            return [f"{name}: tuple[{kind}, ...] = ()"]
        for row in listed:
            lines += laid_out(row, 4, "", ",")
        return [*lines, ")"]

    def whole(self) -> Apply:
        protocol = self.protocol
        definitions = [
            sequence((literal(name), apply(self.function(f"define {name}")))) for name in protocol.definitions
        ]
        endpoints = [
            self.call(
                "Endpoint",
                literal(endpoint.id),
                literal(endpoint.label),
                self.call("defined", literal(endpoint.definition)),
                self.moment(endpoint.anchor),
            )
            for objective in protocol.objectives
            for endpoint in objective.endpoints
            if endpoint.definition is not None and endpoint.anchor is not None
        ]
        arguments: list[Argument] = [
            ("id", literal(protocol.id)),
            ("items", "ITEMS"),
            ("measures", "MEASURES"),
            ("equivalences", "EQUIVALENCES"),
            ("definitions", sequence(definitions)),
            ("timepoints", sequence([self.timepoint(one) for one in protocol.timepoints])),
            ("stages", sequence([self.stage(one) for one in protocol.stages])),
        ]
        if endpoints:
            arguments.append(("endpoints", sequence(endpoints)))
        return self.call("Protocol", *arguments)

    def timepoint(self, one: ir.Timepoint) -> Apply:
        arguments: list[Argument] = [literal(one.name)]
        if one.at is not None:
            arguments.append(("at", self.moment(one.at)))
        if one.after:
            arguments.append(("after", _texts(one.after)))
        if one.tolerance is not None:
            arguments.append(("tolerance", self.length(one.tolerance)))
        return self.call("Timepoint", *arguments)

    # ------------------------------------------------------------ criteria

    def stage(self, stage: ir.Stage) -> Apply:
        arguments: list[Argument] = [
            literal(stage.id),
            literal(stage.anchor),
            ("criteria", sequence([self.criterion(one) for one in stage.criteria])),
        ]
        if stage.groups:
            arguments.append(("groups", sequence([self.group(one) for one in stage.groups])))
        if stage.cohorts:
            arguments.append(("cohorts", sequence([self.cohort(stage, one) for one in stage.cohorts])))
        if stage.requires is not None:
            arguments.append(("requires", literal(stage.requires)))
        return self.call("Stage", *arguments)

    def group(self, group: ir.Group) -> Apply:
        return self.call("Group", literal(group.id), str(group.least), _texts(group.members))

    def cohort(self, stage: ir.Stage, cohort: ir.Cohort) -> Apply:
        applies: Piece = "None"
        if cohort.applies is not None:
            applies = apply(self.function(f"{stage.id} cohort {cohort.id} applies"))
        arguments: list[Argument] = [
            literal(cohort.id),
            literal(cohort.label),
            applies,
            sequence([self.criterion(one) for one in cohort.criteria]),
        ]
        if cohort.groups:
            arguments.append(sequence([self.group(one) for one in cohort.groups]))
        return self.call("Cohort", *arguments)

    def criterion(self, criterion: ir.Criterion) -> Apply:
        arguments: list[Argument] = [literal(criterion.kind), self.part(criterion.root)]
        if criterion.group is not None:
            arguments.append(("group", literal(criterion.group)))
        if criterion.cohort is not None:
            arguments.append(("cohort", literal(criterion.cohort)))
        return self.call("Criterion", *arguments)

    def part(self, part: ir.Part) -> Apply:
        rule = self.function(part.id) if part.expr is not None else "None"
        arguments: list[Argument] = [literal(part.id), literal(part.label)]
        if part.expr is not None or part.parts:
            arguments.append(rule)
        arguments += [self.part(inner) for inner in part.parts]
        if part.parts and part.combine != "all":
            combine = str(part.combine) if isinstance(part.combine, int) else literal(part.combine)
            arguments.append(("combine", combine))
        if part.applies is not None:
            arguments.append(("applies", self.function(f"{part.id} applies")))
        source = " ".join(quotation.text for quotation in part.source)
        told = part.expr is not None or part.applies is not None
        shown = source or part.label or part.id
        if source != (" ".join(shown.split()) if told else ""):
            arguments.append(("source", literal(source)))
        return self.call("part", *arguments)

    # ------------------------------------------------------------ vocabulary

    def item(self, item: ir.Item) -> Apply:
        arguments: list[Argument] = [literal(item.name), literal(item.kind), literal(item.label)]
        arguments += [sequence((literal(code.system), literal(code.code))) for code in item.codes]
        if item.unit is not None:
            arguments.append(("unit", literal(item.unit.text)))
        for name in ("molar_mass", "minimum", "maximum", "detection_limit"):
            value = getattr(item, name)
            if value is not None:
                arguments.append((name, _exact(value)))
        if item.also_units:
            arguments.append(("also_units", _texts(item.also_units)))
        if item.values:
            arguments.append(("values", _texts(item.values)))
        for name, limits in (("uln", item.uln), ("lln", item.lln)):
            if limits:
                rows = [
                    sequence(
                        (_exact(one.value), "None" if one.condition is None else self.expr(one.condition))
                    )
                    for one in limits
                ]
                arguments.append((name, sequence(rows)))
        if item.members:
            arguments.append(("members", _texts(item.members)))
        if item.is_class:
            arguments.append(("is_class", "True"))
        if item.open:
            arguments.append(("open", "True"))
        if item.acute:
            arguments.append(("acute", "True"))
        if item.half_life is not None:
            arguments.append(("half_life", self.duration(item.half_life)))
        if item.plausible is not None:
            low, high = item.plausible
            arguments.append(("plausible", sequence((_exact(low), _exact(high)))))
        return self.call("item", *arguments)

    def measure(self, one: ir.Measure) -> Apply:
        arguments: list[Argument] = [literal(one.item.name), self.number(one.formula)]
        arguments += [self.expr(expr) for expr in one.valid]
        arguments += [("lead", literal(one.lead)), ("validity", self.duration(one.validity))]
        if one.decimals != 9:
            arguments.append(("decimals", str(one.decimals)))
        if one.reported:
            arguments.append(("reported", "True"))
        return self.call("measure", *arguments)

    def equivalence(self, one: ir.Equivalence) -> Apply:
        rows = [sequence((literal(drug), _exact(factor))) for drug, factor in one.factors]
        return self.call("equivalence", literal(one.name), *rows)

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
        said = str(count.numerator) if count.denominator == 1 else _exact(count)
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
                return self.call("number", _exact(value))
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
                return _exact(value)
            case ir.TimesLimit(factor, which):
                return self.call(which, _exact(factor))
            case ir.Quantities(options):
                rows = [sequence((_exact(value), literal(unit.text))) for value, unit in options]
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
            arguments.append(("but_not", _texts(expr.but_not)))
        if expr.lasting is not None:
            op, by = expr.lasting
            arguments.append(("lasting", self.call("lasting", literal(op), self.length(by))))
        if expr.dose is not None:
            dose: list[Argument] = [
                literal(expr.dose.op),
                _exact(expr.dose.amount),
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
                    _exact(expr.amount),
                    self.window(expr.start),
                    self.window(expr.end),
                ]
                if expr.percent:
                    arguments.append(("percent", "True"))
                return self.call(expr.direction, *arguments)
            case ir.Compare():
                unit: list[Argument] = [] if expr.unit is None else [literal(expr.unit.text)]
                sides = (self.number(expr.left), literal(expr.op), self.number(expr.right))
                return self.call("compare", *sides, *unit)
            case _:
                assert_never(expr)


@lru_cache(maxsize=1)
def _home() -> dict[str, str]:
    """The module that defines each name a checker may use."""
    found = {"Checker": "protodsl.runtime.checker", "run": "protodsl.runtime.program"}
    for name in _MODEL:
        module = import_module(f"protodsl.runtime.model.{name}")
        found.update(dict.fromkeys(vars(module), module.__name__))
    return found


def lines_need_expr(lines: list[str]) -> bool:
    return any(line.endswith("() -> Expr:") for line in lines)


def _heading(text: str) -> list[str]:
    shown = "".join(char if char.isprintable() else " " for char in text)
    return ["", f"# {'-' * 16} {shown}", ""]


def _texts(texts: tuple[str, ...]) -> Apply:
    return sequence([literal(text) for text in texts])


def _exact(value: Fraction) -> str:
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


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as an import sorter has them."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
