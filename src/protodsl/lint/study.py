"""Rules about the study as a whole: what one place of a source says, and another says otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.lint.walk import criteria, heading, spoken_of

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 360}  # so that 12 months are a year, and 90 days 3 months
_LENGTH = re.compile(
    r"\b(\d{1,4})(?:\s?[-–/]\s?(\d{1,4}))?[\s-]?(d|w|m|y)(?:ays?|eeks?|onths?|ears?)?\b"
    r"(?![\s-](?:old|of age))",
    re.IGNORECASE,
)
_NAMED = re.compile(r"\b(d|w|m|y)(?:ay|eek|onth|ear)s?\s(\d{1,4})\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
# Words of a condition's name that tell nothing about which condition it is.
_COMMON = {"disease", "diseases", "disorder", "disorders", "syndrome", "refractory", "relapsed", "primary"}


def frame_contradicts(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A time frame of which the measure's own words know nothing: "at 3 months", measured until month 6."""
    for objective in protocol.objectives:
        for endpoint in objective.endpoints:
            if endpoint.clarify or not isinstance(endpoint.frame, ir.Stated):
                continue
            frame = _lengths(endpoint.frame.text)
            for text in (endpoint.label, *(quoted.text for quoted in endpoint.source)):
                said = _lengths(text)
                # Day 2 is one day after day 1: a day more or less is another way of counting.
                if frame and said and not any(abs(a - b) <= 1 for a in frame for b in said):
                    yield diagnose(
                        "frame-contradicts",
                        heading(protocol),
                        id=endpoint.id,
                        frame=endpoint.frame.text,
                        found=text,
                    )
                    break


def _lengths(text: str) -> set[int]:
    """Every length of time in a text, in days."""
    made = {int(number) * _DAYS[unit.lower()] for unit, number in _NAMED.findall(text)}
    for first, last, unit in _LENGTH.findall(text):
        made.update(int(number) * _DAYS[unit.lower()] for number in (first, last) if number)
    return made


def product_names(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A product spelt in two ways: a reader cannot know whether these are two products."""
    for one in protocol.interventions:
        others = one.details.get("other_names")
        names = [one.label, *(others.text.split("; ") if isinstance(others, ir.Stated) else ())]
        known = {_spelt(name) for name in names}
        for name in names:
            pieces = _PIECE.findall(name)
            if len(pieces) < 2:
                continue
            alike = re.compile(r"\b" + r"[\s/–-]*".join(map(re.escape, pieces)) + r"s?\b", re.IGNORECASE)
            found = next(
                (
                    match[0]
                    for text in _about_the_product(protocol)
                    for match in alike.finditer(text)
                    if not any(_spelt(match[0]) in other for other in known)
                ),
                None,
            )
            if found:
                yield diagnose("product-names-differ", heading(protocol), name=name, found=found)
                break


def _spelt(name: str) -> str:
    return " ".join(name.casefold().split()).removesuffix("s")


def _about_the_product(protocol: ir.Protocol) -> Iterator[str]:
    """Where the trial speaks of what it gives: not the criteria, which speak of earlier treatment."""
    yield protocol.title
    for section in (
        protocol.header,
        *protocol.sections,
        *(arm.details for arm in protocol.arms),
        *(one.details for one in protocol.interventions),
    ):
        yield from (value.text for _, value in section.fields if isinstance(value, ir.Stated))
        yield from (quoted.text for quoted in section.source)
    for objective in protocol.objectives:
        for endpoint in objective.endpoints:
            yield from (endpoint.label, *(quoted.text for quoted in endpoint.source))


def conditions_differ(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A condition of the list that no criterion asks for."""
    listed = protocol.header.get("conditions")
    if protocol.clarify or not protocol.stages or not isinstance(listed, ir.Stated):
        return
    said = " ".join(_asked(protocol)).casefold()
    for name in listed.text.split("; "):
        words = [word.casefold() for word in _WORD.findall(name) if word.casefold() not in _COMMON]
        if words and not any(word[:6] in said for word in words):
            yield diagnose("conditions-differ", heading(protocol), name=name)


def _asked(protocol: ir.Protocol) -> Iterator[str]:
    """The words of the criteria, and the labels of what they ask for."""
    for stage in protocol.stages:
        yield from (cohort.label for cohort in stage.cohorts)
    for name in spoken_of(protocol):
        if name in protocol.items:
            yield protocol.items[name].label
    for criterion in criteria(protocol):
        for node in nodes(criterion.root):
            match node:
                case ir.Part(label=label):
                    yield label
                case ir.Quotation(text=text):
                    yield text
