"""The Python checker of a protocol: a module statisticians can read, one function for each rule.

Author's text reaches the module as literals and docstrings only; identifiers are made from criterion numbers
and names, with everything but ASCII letters and digits removed.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from protodsl import __version__, ir
from protodsl.backends.python.expressions import Argument, Expressions, exact, texts
from protodsl.backends.python.layout import Apply, Piece, apply, docstring, laid_out, literal, sequence, width
from protodsl.backends.python.standalone import inlined

# The modules of what a checker is written in, each behind those that use it.
_MODEL = ("protocol", "vocabulary", "expressions", "numbers", "limits", "windows")


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


class Writer(Expressions):
    """Writes one module."""

    def __init__(self, protocol: ir.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.names: dict[str, str] = {}  # from what a function is for to its name
        self.taken: set[str] = set()

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
            arguments.append(("after", texts(one.after)))
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
        return self.call("Group", literal(group.id), str(group.least), texts(group.members))

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
                arguments.append((name, exact(value)))
        if item.also_units:
            arguments.append(("also_units", texts(item.also_units)))
        if item.values:
            arguments.append(("values", texts(item.values)))
        for name, limits in (("uln", item.uln), ("lln", item.lln)):
            if limits:
                rows = [
                    sequence(
                        (exact(one.value), "None" if one.condition is None else self.expr(one.condition))
                    )
                    for one in limits
                ]
                arguments.append((name, sequence(rows)))
        if item.members:
            arguments.append(("members", texts(item.members)))
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
            arguments.append(("plausible", sequence((exact(low), exact(high)))))
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
        rows = [sequence((literal(drug), exact(factor))) for drug, factor in one.factors]
        return self.call("equivalence", literal(one.name), *rows)


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


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as an import sorter has them."""
    kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return kind, name
