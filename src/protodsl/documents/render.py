"""From the model to bytes: Markdown, HTML and PDF, by way of the view and a template."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from itertools import groupby
from pathlib import Path
from typing import Literal, assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from protodsl import ir, resources
from protodsl.documents import escape
from protodsl.documents.blocks import Block, DocSection, Summary
from protodsl.documents.house import House, RenderError
from protodsl.documents.language import Language, named, say, speaking
from protodsl.documents.lay import lay
from protodsl.documents.view import summary
from protodsl.documents.words import Line

Format = Literal["md", "html", "pdf"]


def render(protocol: ir.Protocol, to: Format, *, plain: bool = False, language: Language = "en") -> bytes:
    """The summary for the ethics committee: Markdown, HTML (both UTF-8) or PDF/UA-1. Same model, same bytes.

    `plain`: the short one in plain language. Raises RenderError where PDF is asked for and the extra `pdf` is
    not installed.
    """
    with speaking(language):
        document = lay(protocol) if plain else summary(protocol)
    return laid_out(document, to)


def laid_out(document: Summary, to: Format, house: House | None = None) -> bytes:
    """A document in one of the formats, in a house's style where one is given."""
    if house is not None:
        document = house.applied(document)
    folder = house.folder if house is not None else None
    with speaking(document.language):
        return _laid_out(document, to, folder)


def _laid_out(document: Summary, to: Format, folder: Path | None) -> bytes:
    try:
        match to:
            case "md":
                return markdown(document, folder).encode()
            case "html":
                return html(document, folder).encode()
            case "pdf":
                from protodsl.documents import pdf

                return pdf.make(document, folder)
            case _:
                assert_never(to)
    except TemplateError as problem:
        if folder is None:
            raise  # our own template: our mistake
        place = f"{getattr(problem, 'name', None) or 'a template'}, line {getattr(problem, 'lineno', '?')}"
        raise RenderError(f"the templates in {folder} cannot be used ({place}): {problem}") from None


def markdown(document: Summary, folder: Path | None = None) -> str:
    text = environment(escape.markdown, folder).get_template("summary.md.j2").render(doc=document)
    lines = [line.rstrip() for line in text.splitlines()]
    lines = [re.sub(r" +(?=\|)", " ", line) if line.startswith("|") else line for line in lines]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def html(document: Summary, folder: Path | None = None) -> str:
    """One file that needs no other: style inside, no script, nothing loaded."""
    text = environment(escape.html, folder).get_template("summary.html.j2").render(doc=document)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def environment(
    escaping: Callable[[str], str], folder: Path | None = None, missing: Container[str] = ()
) -> Environment:
    """Templates in which every value is escaped unless it is markup; an undefined name is an error.

    Those in `folder` go before ours; they can reach nothing but the document. `missing`: characters that no
    font of a PDF has.
    """

    def finalize(value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        return Markup(escaping(str(value)))  # escaped for the format in hand

    made = SandboxedEnvironment(
        loader=FileSystemLoader([*([folder] if folder is not None else []), resources.templates_path()]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.globals["say"] = say
    made.filters["named"] = named
    made.filters["escaped"] = escaping
    made.tests["short"] = lambda entry: len(entry.label) + len(entry.words) < 70
    made.tests["brief"] = brief
    made.filters["kind"] = kind
    made.filters["runs"] = runs
    made.filters["packs"] = packs
    made.filters["string_literal"] = lambda text: Markup(escape.typst_string(text, missing))
    made.filters["slug"] = slug
    made.filters["place"] = place
    made.filters["inline"] = lambda text: Markup(escape.markdown(text, start=False))
    return made


def slug(id: str) -> str:
    """An id as the end of an address: "inclusion 6.3" is "inclusion-6-3"."""
    return "-".join(re.findall(r"\w+", id.lower()))


def place(section: DocSection) -> str:
    """The id of a section's place in a page."""
    if section.number is not None:
        return f"section-{section.number}"
    return section.key or slug(section.title.partition(":")[0])


def runs(sections: tuple[DocSection, ...]) -> list[list[DocSection]]:
    """Neighbours that are set alike, together."""
    return [list(found) for _, found in groupby(sections, key=lambda section: section.dense)]


def brief(line: Line) -> bool:
    """Whether what belongs to a heading is so short that it can stand behind it, numbered, on its line."""
    plain = all(not child.children and not child.judged for child in line.children)
    return plain and len(line.children) > 1 and len(line.text) + sum(len(c.text) for c in line.children) < 150


def packs(lines: tuple[Line, ...]) -> list[tuple[bool, list[Line]]]:
    """Lines in runs; True: at least four that are so short that two fit side by side."""
    made: list[tuple[bool, list[Line]]] = []
    for short, found in groupby(lines, key=lambda line: len(line.text) < 34 and not line.children):
        run = list(found)
        pair = short and len(run) >= 4
        if made and not pair and not made[-1][0]:
            made[-1][1].extend(run)
        else:
            made.append((pair, run))
    return made


def kind(block: Block) -> str:
    """The name of a block's class, by which templates choose its macro."""
    return type(block).__name__
