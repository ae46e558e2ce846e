"""One view, three outputs: what one of them says, all of them say, and the model says it.

The words of each output are taken out by another library than the one that wrote them (an HTML parser, a
Markdown parser, a PDF reader) and held to the view, in both directions. The view is held to the model in
`test_document_numbers`, here on protocols with limits, windows and connectives changed at random.
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from random import Random
from typing import Any

import pypdf
import pytest
from document_fixture import ROOT, TRIALS
from markdown_it import MarkdownIt
from shipped import trial
from test_document_html import Tree
from test_document_numbers import (
    OPERATORS,
    cleaned,
    document_numbers,
    leaf_parts,
    model_numbers,
    names,
    operators,
    sentences,
    units,
    walk,
)

from protodsl import ir
from protodsl.documents import escape, laid_out, summary
from protodsl.documents.blocks import Clarification, Criteria, Entry, Picture, Questions, Row, Schema, Summary

sys.path.append(str(ROOT / "tests"))
from random_protocols import mutated

FIGURE = re.compile(r"\d+(?:[.,/]\d+)*")
OPERATOR = re.compile(
    r"at most|at least|below|above|exactly|less than|more than|must not|must|may be|none of|unless|[<>≤≥=±×]"
)
UNIT = re.compile(
    r"(?:mg|mL|µmol|µg|U|IU|g|kg|cells|points)/?[A-Za-z/0-9.²]*|×\s?10[⁰-⁹¹²³]+(?:/\w+)?|%|\b(?:day|week|month|year|half-li\w+)s?\b"
)
DATE = re.compile(
    r"\b\d{4}-\d{2}(?:-\d{2})?\b|\b\d{1,2}/\d{1,2}/\d{4}\b"
    r"|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2}, \d{4}\b"
)


def strings(value: Any) -> Iterator[str]:
    """Every text of a block that a reader is to see, once for each time it is printed."""
    match value:
        case Entry():
            yield value.name
            if value.state != "not stated":
                yield from (value.text, f"line {value.line}" if value.line and not value.computed else "")
        case Clarification():
            yield f"Q{value.number}"
        case Row():
            yield from (value.title, value.label, value.by)
            for part in (value.quotes, value.rules, value.notes, value.clarify):
                yield from strings(part)
        case Picture():
            yield from (value.caption, value.alt)
        case Schema():
            yield from strings(value.picture)
        case str():
            yield value
        case tuple():
            for member in value:
                yield from strings(member)
        case _ if is_dataclass(value):
            for field in fields(value):
                found = getattr(value, field.name)
                if field.name == "line" and found is not None:
                    yield f"line {found}"
                elif field.name not in ("kind", "level", "widths", "key", "dense", "number"):
                    yield from strings(found)


@cache
def viewed(name: str) -> str:
    document = summary(trial(name))
    found = [words for section in document.sections for words in (section.heading, *strings(section.blocks))]
    found += [words for point in document.clarify for words in (f"Q{point.number}", point.where, point.text)]
    return " ".join(map(escape.visible, found))


def html_text(document: Summary) -> str:
    tree = Tree()
    tree.feed(laid_out(document, "html").decode().replace("\u202f", ""))
    said = " ".join(f" {element.attributes.get('aria-label', '')}" for element in tree.root.walk()
                    if element.attributes.get("role") == "img")  # fmt: skip
    return tree.root.all("main")[0].text + said


def markdown_text(document: Summary) -> str:
    tokens = MarkdownIt("commonmark").enable("table").parse(laid_out(document, "md").decode())
    found = []
    for index, token in enumerate(tokens):
        if token.type == "list_item_open" and token.info:
            continue  # the number of an item of an ordered list is layout
        for child in token.children or ():
            found.append(
                child.content
                if child.type in ("text", "text_special")
                else " "
                if child.type == "softbreak"
                else ""
            )
        found.append(" " if token.type != "inline" or index else "")
    return "".join(found)


def pdf_text(document: Summary) -> str:
    reader = pypdf.PdfReader(io.BytesIO(laid_out(document, "pdf")))
    return " ".join(page.extract_text() for page in reader.pages)


def found(pattern: re.Pattern[str], text: str) -> set[str]:
    text = text.replace("\u00a0", " ").replace("\u202f", "").replace("\u00ad", "")
    return {re.sub(r"\s+", " ", words) for words in pattern.findall(text)}


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(
    "pattern", [FIGURE, OPERATOR, UNIT, DATE], ids=["figures", "operators", "units", "dates"]
)
def test_figures_operators_units_and_dates_of_page_and_text_are_those_of_the_view(
    name: str, pattern: re.Pattern[str]
) -> None:
    document = summary(trial(name))
    wanted = found(pattern, viewed(name))
    for text in (html_text(document), markdown_text(document)):
        said = found(pattern, text)
        assert said - wanted <= ({"15"} if pattern is FIGURE else set()), "said, and not in the view"
        assert not wanted - said, "in the view, and not said"


@pytest.mark.parametrize("name", TRIALS)
def test_figures_of_the_pdf_are_those_of_the_view(name: str) -> None:
    document = summary(trial(name))
    text = pdf_text(document)
    pages = {str(number) for number in range(1, 30)}
    said, wanted = found(FIGURE, text), found(FIGURE, viewed(name))
    whole = re.sub(r"[\s-]", "", text)
    assert {figure for figure in wanted - said if figure not in whole} == set()
    # a figure broken at the end of a line leaves pieces: these are in the view
    squeezed = re.sub(r"[\s-]", "", viewed(name))
    assert {figure for figure in said - wanted - pages if figure not in squeezed} == set()


def test_the_check_of_outputs_can_fail() -> None:
    document = summary(trial("NCT06892145"))
    text = html_text(document)
    wanted = found(FIGURE, viewed("NCT06892145"))
    assert found(FIGURE, text + " 98765") - wanted == {"98765"}
    assert wanted - found(FIGURE, text.replace("1.73", "")) == {"1.73"}


# ---------------------------------------------------------------- view and model, at random


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize("seed", range(3))
def test_random_rules_say_the_numbers_and_operators_of_the_model(name: str, seed: int) -> None:
    protocol = mutated(trial(name), Random(seed))
    rows = {
        row.id: " ".join(text for line in row.rules for text in sentences(line))
        for block in summary(protocol).sections[8].blocks
        if isinstance(block, Criteria)
        for row in block.rows
    }
    checked = 0
    for part, exprs in leaf_parts(protocol):
        if not exprs:
            continue
        text = cleaned(rows[part.id], names(protocol), units(protocol))
        if isinstance(part.combine, int):
            text = re.sub(r"[Aa]t least \d+ of the parts", "", text)
        # a result of the usual time may leave it out, so that these figures may stand there or not
        whole = model_numbers([expr for expr in (part.applies, part.expr) if expr is not None])
        assert model_numbers(exprs) <= document_numbers(text) <= whole, text
        nodes = list(walk(tuple(exprs)))
        for op in set(operators(nodes)):
            assert any(word in text.lower() for word in OPERATORS[op]), (op, text)
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("name", TRIALS)
def test_questions_are_printed_once_in_every_output(name: str) -> None:
    document = summary(trial(name))
    texts = html_text(document), markdown_text(document)
    for point, times in Counter(point.text for point in document.clarify).items():
        words = " ".join(escape.visible(point).split())
        for text in texts:
            assert " ".join(text.split()).count(words) >= times
    numbers = [p for s in document.sections for b in s.blocks if isinstance(b, Questions) for p in b.points]
    assert numbers and isinstance(document.clarify[0], Clarification)
    assert isinstance(trial(name), ir.Protocol)
