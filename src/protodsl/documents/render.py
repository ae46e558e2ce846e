"""From the model to bytes: Markdown, HTML and PDF, by way of the view and a template."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Literal, assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from protodsl import ir, resources
from protodsl.documents import escape
from protodsl.documents.blocks import Block, DocSection, Summary
from protodsl.documents.lay import lay
from protodsl.documents.view import summary

Format = Literal["md", "html", "pdf"]


class RenderError(Exception):
    """The document cannot be made, for a reason the user can mend; the message says how."""


def render(protocol: ir.Protocol, to: Format, *, plain: bool = False) -> bytes:
    """The summary for the ethics committee: Markdown, HTML (both UTF-8) or PDF/UA-1. Same model, same bytes.

    `plain`: the short one in plain language. Raises RenderError where PDF is asked for and the extra `pdf` is
    not installed.
    """
    return laid_out(lay(protocol) if plain else summary(protocol), to)


def laid_out(document: Summary, to: Format) -> bytes:
    """A document in one of the formats."""
    match to:
        case "md":
            return markdown(document).encode()
        case "html":
            return html(document).encode()
        case "pdf":
            from protodsl.documents import pdf

            return pdf.make(document)
        case _:
            assert_never(to)


def markdown(document: Summary) -> str:
    text = environment(escape.markdown).get_template("summary.md.j2").render(doc=document)
    lines = [line.rstrip() for line in text.splitlines()]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept).strip("\n") + "\n"


def html(document: Summary) -> str:
    """One file that needs no other: style inside, no script, nothing loaded."""
    text = environment(escape.html).get_template("summary.html.j2").render(doc=document)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def environment(escaping: Callable[[str], str], missing: Container[str] = ()) -> Environment:
    """Templates in which every value is escaped unless it is markup; an undefined name is an error.

    `missing`: characters that no font of a PDF has.
    """

    def finalize(value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        return Markup(escaping(str(value)))  # escaped for the format in hand

    made = Environment(
        loader=FileSystemLoader(resources.templates_path()),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.tests["short"] = lambda entry: len(entry.label) < 42 and len(entry.words) < 52
    made.filters["kind"] = kind
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
    return f"section-{section.number}" if section.number is not None else "appendix"


def kind(block: Block) -> str:
    """The name of a block's class, by which templates choose its macro."""
    return type(block).__name__
