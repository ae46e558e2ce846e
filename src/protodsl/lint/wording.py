"""Rules about instruments, the title, and what should not stand in a protocol at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.lint.walk import at, criteria, heading, parts, spoken_of

_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+\.[a-zA-Z]{2,}\b")
_PHONE = re.compile(r"(?:\btel\w*|\bphone|\bmobile|\bfax)[^\d+]{0,12}(\+?\d[\d ()/-]{6,}\d)", re.IGNORECASE)
_PROMOTIONAL = re.compile(
    r"\b(?:breakthrough|revolutionary|miracle|miraculous|cutting[- ]edge|game[- ]chang\w+|world[- ]leading"
    r"|unprecedented|guaranteed?|completely safe|no side effects|life[- ]changing)\b",
    re.IGNORECASE,
)
_CENTRES = re.compile(
    r"\b(?:(?P<many>multi[- ]?cent(?:er|re))|(?:single|mono|one)[- ]?cent(?:er|re))", re.IGNORECASE
)
_ONE = re.compile(r"^\s*(?:1|one|single|mono)(?!\d)", re.IGNORECASE)
# A word of the title, and what one of the criteria must then be about.
_TITLE = (
    (
        re.compile(r"\brefractory\b", re.IGNORECASE),
        re.compile(r"refractory|despite|fail|response", re.IGNORECASE),
    ),
    (
        re.compile(r"\b(?:child\w*|p(?:a)?ediatric\w*|juvenile|adolescen\w*)\b", re.IGNORECASE),
        re.compile(r"\bage\b|years?\b", re.IGNORECASE),
    ),
    (re.compile(r"\brelaps\w+\b", re.IGNORECASE), re.compile(r"relaps|recurr|flare", re.IGNORECASE)),
)


def instruments(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A score that is asked for, without the scale it is read on or the direction in which it worsens."""
    for name in sorted(spoken_of(protocol)):
        item = protocol.items.get(name)
        if item is None or item.kind != "score" or item.span is None:
            continue
        lacking = [
            word for word, given in (("scale", item.minimum), ("version", item.version)) if given is None
        ]
        if lacking:
            yield diagnose("instrument-incomplete", item.span, name=name, lacking=lacking)


def title(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A word of the title that no criterion bears out: 'refractory' without a treatment that failed."""
    if protocol.clarify or not protocol.stages or protocol.span is None:
        return
    said = " ".join(_said(protocol))
    for wanted, borne_out in _TITLE:
        found = wanted.search(protocol.title)
        if found and not borne_out.search(said):
            yield diagnose("title-unsupported", heading(protocol), word=found[0])


def one_centre(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A title that says 'multicentre' of a trial with one centre, or 'single-centre' of one with several."""
    centres = next((value for one in protocol.sections if (value := one.get("centres")) is not None), None)
    found = _CENTRES.search(protocol.title)
    if protocol.clarify or found is None or not isinstance(centres, ir.Stated):
        return
    if bool(_ONE.search(centres.text)) == (found["many"] is not None):
        yield diagnose("title-centres", heading(protocol), word=found[0], found=centres.text)


def _said(protocol: ir.Protocol) -> Iterator[str]:
    """The quotations, labels and attributes of the criteria, and what is clarified about them."""
    for criterion in criteria(protocol):
        for node in nodes(criterion.root):
            match node:
                case ir.Part(label=label, clarify=clarify):
                    yield from (label, *clarify)
                case ir.Quotation(text=text):
                    yield text
                case ir.AttributeTest(value=value):
                    yield value
                case ir.Age():
                    yield "age"


def _prose(protocol: ir.Protocol) -> Iterator[tuple[str, str]]:
    """Every prose field, with its name."""
    for section in (protocol.header, *protocol.sections):
        for name, value in section.fields:
            if isinstance(value, ir.Stated):
                yield name, value.text


def personal_data(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """An address or number by which a person can be reached."""
    place = heading(protocol)
    for name, text in _prose(protocol):
        found = _MAIL.search(text) or _PHONE.search(text)
        if found:
            yield diagnose("personal-data", place, field=name, found=found[found.re.groups])
    for part in parts(protocol):
        for quoted in part.source:
            if found := _MAIL.search(quoted.text):
                yield diagnose("personal-data", at(protocol, part), field="source", found=found[0])


def promotional(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Words that praise, where participants read."""
    place = heading(protocol)
    for name, text in _prose(protocol):
        if found := _PROMOTIONAL.search(text):
            yield diagnose("promotional-wording", place, field=name, found=found[0])
