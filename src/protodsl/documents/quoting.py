"""The source's own words: quoted whole where they stand first, pointed at where they are said again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from protodsl import ir
from protodsl.documents.blocks import Block, Criteria, Quote, Quotes

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
"""A sign that must not be read as markup, as ClinicalTrials.gov's eligibility texts have it."""

_NUMBER = re.compile(r"^[\d.()\s]+")
LONG = 120
"""Letters from which a passage that the source repeats is printed whole only where it stands first."""


def quotes(found: Iterable[ir.Quotation], above: Iterable[ir.Quotation] = ()) -> tuple[Quote, ...]:
    """`above`: quoted further up; what is part of one of these is not printed whole again."""
    return tuple(
        Quote(_excerpt(as_meant(quotation.text)), quotation.line, True)
        if any(quotation.text in whole.text for whole in above)
        else Quote(as_meant(quotation.text), quotation.line)
        for quotation in found
    )


def as_meant(text: str) -> str:
    r"""The source's words without the backslashes its registry puts before signs: "\>10 mg" is ">10 mg"."""
    return _ESCAPED.sub(r"\1", text)


def _excerpt(text: str) -> str:
    """How a passage begins and ends: enough to find it in the sentence it is taken from."""
    words = text.split()
    if len(words) > 12:
        return f"{' '.join(words[:5])} … {' '.join(words[-5:])}"
    return text if len(text) <= 80 else f"{text[:30].rstrip()} … {text[-30:].lstrip()}"  # without spaces


def once(blocks: Iterable[Block]) -> Iterator[Block]:
    """The same blocks; a long passage that the source says again in the same words points to the first."""
    first: dict[str, int | None] = {}

    def shown(quote: Quote) -> Quote:
        words = _NUMBER.sub("", quote.text)
        if quote.excerpt or len(words) < LONG:
            return quote
        for whole, line in first.items():
            if words in whole:
                return Quote(_excerpt(quote.text), quote.line, True, line if line != quote.line else None)
        first[words] = quote.line
        return quote

    for block in blocks:
        match block:
            case Criteria():
                rows = (replace(row, quotes=tuple(map(shown, row.quotes))) for row in block.rows)
                yield replace(block, rows=tuple(rows))
            case Quotes():
                yield Quotes(tuple(map(shown, block.quotes)))
            case _:
                yield block
