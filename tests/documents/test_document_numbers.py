"""The document and the model hold together: every number, unit and operator of a rule is in both.

The reader here knows nothing of the words package: it walks the model's nodes on one side and takes figures
out of the printed sentences on the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from document_fixture import TRIALS
from shipped import trial

from protodsl import ir
from protodsl.documents import summary
from protodsl.documents.blocks import Criteria, Text
from protodsl.documents.words import Line

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
OPERATORS = {
    "<=": ("at most",),
    ">=": ("at least",),
    "<": ("below", "less than"),
    ">": ("above", "more than"),
    "=": ("exactly",),
}


def walk(node: Any) -> Iterator[Any]:
    """A node and everything under it, spans and units left out."""
    yield node
    if isinstance(node, tuple):
        for member in node:
            yield from walk(member)
    for name in getattr(type(node), "__dataclass_fields__", ()):
        if name not in ("span", "unit") or isinstance(node, ir.Length):
            yield from walk(getattr(node, name))


def model_numbers(exprs: list[ir.Expr]) -> set[Fraction]:
    """What a reader must find: limits, lengths, doses, counts. A count of 1 is "one" and not a figure."""
    found: set[Fraction] = set()
    for node in walk(tuple(exprs)):
        match node:
            case ir.Constant(value):
                found.add(value)
            case ir.TimesLimit(factor):
                found.add(factor)
            case ir.Quantities(options):
                found |= {value for value, _ in options}
            case ir.Length(count):
                found.add(count)
            case ir.Change(amount=amount) | ir.Dose(amount=amount):
                found.add(amount)
            case ir.AttributeTest(value=value) if value.isdigit():
                found.add(Fraction(value))
            case ir.Occasions(least, _, last):
                found.add(Fraction(least))
                if last is not None:
                    found.add(Fraction(last))
            case ir.AtLeast(count) if count != 1:
                found.add(Fraction(count))
            case ir.Exists(least=count) if count > 1:
                found.add(Fraction(count))
    return found


def names(protocol: ir.Protocol) -> list[str]:
    """Labels that may hold figures of their own ("CD19", "month 3"), the longest first."""
    labels = {item.label for item in protocol.items.values()}
    labels |= {point.label for point in protocol.timepoints} | {
        d.label for d in protocol.definitions.values()
    }
    labels |= {table.label for table in protocol.equivalences.values()}
    labels |= {value.replace("_", " ") for item in protocol.items.values() for value in item.values}
    # "items of PANEL: a; b" says the panel's name and the items' apart
    labels |= {part for label in labels for part in label.split(", ") if re.search(r"\d", part)}
    labels |= {label.removesuffix(" items") for label in labels}
    return sorted((label for label in labels if re.search(r"\d", label)), key=len, reverse=True)


def units(protocol: ir.Protocol) -> list[str]:
    found = {item.unit.text for item in protocol.items.values() if item.unit is not None}
    for node in walk(tuple(eligibility(protocol))):
        if isinstance(node, ir.Dose | ir.DoseOf | ir.Compare | ir.Observed) and node.unit is not None:
            found.add(node.unit.text)
        if isinstance(node, ir.Quantities):
            found |= {unit.text for _, unit in node.options}
    return sorted(found, key=len, reverse=True)


def squeezed(text: str) -> str:
    """Typography undone: "1 × 10⁹/L" and `1 x10^9/L` are the same letters."""
    text = text.translate(SUPERSCRIPT).replace("µ", "u").replace("μ", "u")
    return re.sub(r"[\s\u00a0\u202f×x^*\[\]]", "", text)


def eligibility(protocol: ir.Protocol) -> list[ir.Expr]:
    return [expr for _, exprs in leaf_parts(protocol) for expr in exprs]


def leaf_parts(protocol: ir.Protocol) -> Iterator[tuple[ir.Part, list[ir.Expr]]]:
    def below(part: ir.Part) -> Iterator[ir.Part]:
        yield part
        for child in part.parts:
            yield from below(child)

    for stage in protocol.stages:
        criteria = (*stage.criteria, *(c for cohort in stage.cohorts for c in cohort.criteria))
        usual = usual_window(tuple(part for criterion in criteria for part in below(criterion.root)))
        for criterion in criteria:
            for part in below(criterion.root):
                exprs = [expr for expr in (part.applies, part.expr) if expr is not None]
                yield part, [without(expr, usual) for expr in exprs]


def usual_window(parts: tuple[ir.Part, ...]) -> ir.Window | None:
    """The window of most results, which the document says once for the stage (tested below)."""
    found = [node.window for node in walk(parts) if isinstance(node, ir.Observed)]
    ranked = Counter(window for window in found if window is not None and window.start is not None)
    return ranked.most_common(1)[0][0] if ranked else None


def without(node: Any, usual: ir.Window | None) -> Any:
    """The node, results of the usual time without it."""
    if isinstance(node, tuple):
        return tuple(without(member, usual) for member in node)
    if isinstance(node, ir.Observed) and node.window == usual:
        return replace(node, window=None)
    names = getattr(type(node), "__dataclass_fields__", ())
    kept = {name: without(getattr(node, name), usual) for name in names if name not in ("span", "unit")}
    return replace(node, **kept) if kept else node


def sentences(line: Line) -> Iterator[str]:
    yield line.text
    for child in line.children:
        yield from sentences(child)


def cleaned(text: str, drop: list[str], units_: list[str]) -> str:
    """A rule without an author's quoted words, without labels that hold figures, without units that do."""
    text = re.sub(r"“[^”]*”", "“”", text)
    for label in drop:
        text = re.sub(rf"(?<![\w]){re.escape(label)}(?![\w])", "…", text, flags=re.IGNORECASE)
    text = re.sub(r"× 10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+(/\w+)?", "", text).replace("/1.73 m²", "")
    return text.replace("\u00a0", " ").replace("\u202f", "")


def document_numbers(text: str) -> set[Fraction]:
    found = re.findall(r"(?<![\w.])−?(\d+(?:\.\d+)?(?:/\d+)?)(?![\w])", text)
    return {Fraction(figure) for figure in found}


def ruled(protocol: ir.Protocol) -> list[tuple[ir.Part, list[ir.Expr]]]:
    found = [(part, exprs) for part, exprs in leaf_parts(protocol) if exprs]
    assert len(found) > 20
    return found


def printed(name: str, part: ir.Part) -> str:
    for block in summary_of(name).sections[8].blocks:
        if isinstance(block, Criteria):
            for row in block.rows:
                if row.id == part.id:
                    return " ".join(text for line in row.rules for text in sentences(line))
    raise AssertionError(part.id)


CACHE: dict[str, Any] = {}


def summary_of(name: str) -> Any:
    if name not in CACHE:
        CACHE[name] = summary(trial(name))
    return CACHE[name]


@pytest.mark.parametrize("name", TRIALS)
def test_numbers_of_rule_and_model_are_the_same(name: str) -> None:
    protocol = trial(name)
    for part, exprs in ruled(protocol):
        text = cleaned(printed(name, part), names(protocol), units(protocol))
        if isinstance(part.combine, int):
            text = re.sub(r"[Aa]t least \d+ of the parts", "", text)
        assert document_numbers(text) == model_numbers(exprs), text


@pytest.mark.parametrize("name", TRIALS)
def test_operators_of_rule_and_model_are_the_same(name: str) -> None:
    protocol = trial(name)
    for part, exprs in ruled(protocol):
        text = cleaned(printed(name, part), names(protocol), units(protocol)).lower()
        nodes = list(walk(tuple(exprs)))
        said = set(operators(nodes))
        counts = any(
            isinstance(n, ir.Occasions | ir.AtLeast | ir.Or) or (isinstance(n, ir.Exists) and n.least > 1)
            for n in nodes
        )
        selected = any(isinstance(n, ir.Observed) and n.select == "any" for n in nodes)
        windows = [n for n in nodes if isinstance(n, ir.Bound) and (n.by is not None or n.open)]
        for op, words in OPERATORS.items():
            if op in said:
                assert any(word in text for word in words), (op, text)
            elif op == ">=" and (counts or selected or windows):
                continue  # "at least one of the following", "at least 2 weeks before"
            elif op == "<" and any(bound.open for bound in windows):
                continue  # "within less than"
            elif "parts below" not in text:
                assert not any(re.search(rf"\b{word}\b", text) for word in words), (op, text)


@pytest.mark.parametrize("name", TRIALS)
def test_every_limit_is_printed_with_its_unit(name: str) -> None:
    protocol = trial(name)
    for part, exprs in ruled(protocol):
        text = squeezed(printed(name, part))
        for node in walk(tuple(exprs)):
            wanted: list[str] = []
            match node:
                case ir.Result(observed, ir.NumberTest(bounds)):
                    unit = observed.unit or protocol.items[observed.item].unit
                    for _, limit in bounds:
                        match limit:
                            case ir.Constant(value):
                                wanted.append(
                                    figure(value) + ("" if unit is None or unit.text == "1" else unit.text)
                                )
                            case ir.TimesLimit(factor, which):
                                wanted.append(
                                    f"{figure(factor)} the {'upper' if which == 'uln' else 'lower'} limit of "
                                    f"normal"
                                )
                            case ir.Quantities(options):
                                wanted += [figure(value) + unit.text for value, unit in options]
                case ir.Compare(ir.DoseOf(), _, ir.Constant(value), unit) if unit is not None:
                    wanted.append(figure(value) + unit.text)
                case ir.Dose(_, value, unit):
                    wanted.append(figure(value) + unit.text)
                case ir.Length(count, unit_name):
                    wanted.append(figure(count) + unit_name.replace("half_life", "half-li"))
            for words in wanted:
                assert squeezed(words) in text, (words, text)


def operators(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ir.NumberTest(bounds):
                yield from (op for op, _ in bounds)
            case ir.Compare(_, op) | ir.Dose(op) | ir.Change(op=op):
                yield op
            case ir.AttributeTest("severity" | "grade" | "stage", op):
                yield op
            case ir.Exists(lasting=(op, _)):
                yield op


def figure(value: Fraction) -> str:
    """A number as anybody writes it: a terminating decimal, else a fraction."""
    for places in range(20):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(abs(int(scaled))).rjust(places + 1, "0")
            whole = digits if not places else f"{digits[:-places]}.{digits[-places:]}"
            return ("−" if value < 0 else "") + whole
    return f"{value.numerator}/{value.denominator}"


@pytest.mark.parametrize("name", TRIALS)
def test_polarity_stands_in_every_rule(name: str) -> None:
    """A rule of a criterion says must or must not, or that its parts or cases do."""
    for block in summary_of(name).sections[8].blocks:
        if isinstance(block, Criteria):
            for row in (row for row in block.rows if row.depth == 0):
                text = " ".join(text for line in row.rules for text in sentences(line))
                forbids = re.search(
                    r"must not|none of the following|may be|must be no\b|fewer than", text, re.IGNORECASE
                )
                assert re.search(r"\bmust\b|required|may be|decides", text), (row.id, text)
                if block.kind == "exclusion":
                    assert forbids, (row.id, text)


USUAL = {
    "NCT06222853": ["the latest result within 28 days before enrollment counts and no older one"],
    "NCT06350110": ["the latest result within 28 days before leukapheresis counts and no older one"],
    "NCT06892145": ["the latest result within 28 days before enrollment counts and no older one"],
    "changzheng-cd19-cd3e": [
        "the latest result within 28 days before enrollment counts and no older one",
        "the latest result from enrollment to CAR-T infusion counts and no older one",
    ],
}


@pytest.mark.parametrize("name", TRIALS)
def test_the_usual_time_of_results_is_said_once_for_each_step(name: str) -> None:
    said = [
        block.text
        for block in summary_of(name).sections[8].blocks
        if isinstance(block, Text) and block.text.startswith("Assessed on the day of")
    ]
    assert len(said) == len(USUAL[name])
    for text, words in zip(said, USUAL[name], strict=True):
        assert words in text.replace("\u00a0", " ")


@pytest.mark.parametrize("name", TRIALS)
def test_a_result_of_another_time_says_so(name: str) -> None:
    """Where the usual time does not hold, the rule says from when a result counts, be it "at any time"."""
    for part, exprs in ruled(trial(name)):
        others = [
            node for expr in exprs for node in walk(expr)
            if isinstance(node, ir.Observed) and node.window is not None and node.window.start is None
        ]  # fmt: skip
        if others:
            assert "at any time" in printed(name, part) or "before" in printed(name, part), part.id
