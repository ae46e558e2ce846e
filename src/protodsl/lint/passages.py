"""Rules about the quoted source that look further than one word: headings, lists of exceptions, days.

As in `source`, a `clarify` beside the quotation or above it shows that the reader did stop there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.lint.source import silent
from protodsl.lint.walk import at, criteria, meaning, within

_EXCEPT = re.compile(
    r"\b(?:except(?:ing)?(?: for)?|with the exception of|other than|excluding|apart from)\b", re.IGNORECASE
)
_LIST_BEGINS = re.compile(r"\b(?:e\.\s?g\.?|i\.\s?e\.?|such as|including|for example)(?!\w)", re.IGNORECASE)
# What a further condition begins with: behind a comma it may be about the last of a list, or about all.
_TAIL = r"(?:provided|if|that|which|who|with|without|treated|cured|for (?:at least|more than)|within)\b"
_SEVERAL = re.compile(r",|\b(?:and|or)\b", re.IGNORECASE)
_EVENT = (
    r"(?:the |a |an |first |day of |signing (?:of )?|planned )*(?:informed )?"
    r"(?:consent|screening|enrol\w*|randomi\w+|baseline|(?:leuk|leuc)?apheresis|lymphodepletion|infusion|vaccination|inclusion|registration|surgery"
    r"|(?:study )?(?:entry|treatment|drug|dose))"
)
_SEVERAL_DAYS = re.compile(
    rf"\b(?:before|prior to|preceding|after|following|of|since)\s+{_EVENT}\s?(?:/|\bor\b|and/or)\s?{_EVENT}",
    re.IGNORECASE,
)


def heading_missing(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Where the source goes over from what is required to what excludes, or back, without saying so.

    The criteria are taken in the order of the source, from one of its headings to the next. Those at the end
    of such a stretch which are not of the kind the heading says, or those before them have, are told once.
    """
    document = protocol.document
    if document is None or any("heading" in text.casefold() for text in protocol.clarify):
        return
    placed: list[tuple[int, ir.Criterion]] = []
    for one in criteria(protocol):
        quoted = (each.start for part in within(one.root) for each in part.source)
        start = next((place for place in quoted if place is not None), None)
        if start is not None:
            placed.append((start, one))
    placed.sort(key=lambda pair: pair[0])
    stretches = (("", -1), *document.headings, ("", sys.maxsize))
    for (kind, begin), (_, end) in pairwise(stretches):
        here = [one for start, one in placed if begin < start < end]
        if not here or here[-1].kind == (kind or here[0].kind):
            continue
        first = here[-1]
        for one in reversed(here):
            if one.kind != first.kind:
                break
            first = one
        if not first.root.clarify:
            other = _OTHER[first.kind]
            place = at(protocol, first.root)
            yield diagnose("source-heading", place, id=first.id, kind=first.kind, other=other)


_OTHER = {"inclusion": "exclusion", "exclusion": "inclusion"}


def exception_list(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """An exception whose list another comma or semicolon would end elsewhere."""
    told: set[str] = set()
    for part, text in silent(protocol):
        criterion = part.id.partition(".")[0]
        if criterion not in told and (found := _uncertain(text)):
            told.add(criterion)
            yield diagnose("source-exceptions", at(protocol, part), id=part.id, found=found)


def _uncertain(text: str) -> str | None:
    """The words from an exception to the sign that leaves its end open."""
    for word in _EXCEPT.finditer(text):
        begin, end = _bracket(text, word.start())
        after = _blank(text[word.end() : end])
        semicolon = re.search(r";\s*(?=\w)", after)
        listed = _LIST_BEGINS.search(_blank(text[begin : word.start()]))
        comma = re.search(r",\s*(?=\w)", after) if listed else None
        tail = next(
            (
                one
                for one in re.finditer(rf",\s*(?={_TAIL})", after, re.IGNORECASE)
                if _SEVERAL.search(after[: one.start()])
            ),
            None,
        )
        if sign := semicolon or comma or tail:
            words = text[word.end() + sign.end() :].split()[:2]
            return f"{text[word.start() : word.end() + sign.end()]}{' '.join(words)}".strip(" .;,)")
    return None


def _bracket(text: str, place: int) -> tuple[int, int]:
    """Begin and end of the bracket a place stands in; of the whole text where it stands in none."""
    begin, end = 0, len(text)
    depth = 0
    for index in range(place - 1, -1, -1):
        depth += (text[index] in ")]）") - (text[index] in "([（")
        if depth < 0:
            begin = index + 1
            break
    depth = 0
    for index in range(place, len(text)):
        depth += (text[index] in "([（") - (text[index] in ")]）")
        if depth < 0:
            end = index
            break
    return begin, end


def _blank(text: str) -> str:
    """The text with what stands in brackets blanked out, at its length."""
    depth, made = 0, []
    for sign in text:
        depth += sign in "([（"
        made.append(" " if depth else sign)
        depth = max(0, depth - (sign in ")]）"))
    return "".join(made)


def several_days(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'within 4 weeks before screening or enrollment', where the criterion counts from one day."""
    for part, text in silent(protocol):
        found = None if part.parts else _SEVERAL_DAYS.search(text)
        if found is None:
            continue
        days = {meaning(node.anchor) for node in nodes(part.expr) if isinstance(node, ir.Bound)}
        if len(days) == 1:
            yield diagnose("source-days", at(protocol, part), id=part.id, found=found[0])
