"""Are the quotations in the source document, word for word, and what does no quotation cover?"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate.scope import Context, Node, string
from protodsl.source import Span

_MARKER = re.compile(r"^[ \t]*(?:[-•*][ \t]*)*(?:\(?\d{1,2}[.)](?=\s))?", re.MULTILINE)
# A heading: "Exclusion Criteria" anywhere, "exclusion …:", a line of these words alone, "… are excluded if:".
_BEGINS = (
    r"{C}{w} [Cc]riteria|\b(?i:{c}{w})\b(?i: criteria)?[^\n:;.]{{0,40}}:"
    r"|^\W*(?:\w+ )?(?i:{c}{w})(?i: criteria)?\W*$|^[^\n]{{0,80}}\b(?i:{other})\b[^\n]{{0,40}}:[ \t]*$"
)
_OUT = _BEGINS.format(C=r"\bE", c="e", w="xclusion", other="not eligible|ineligible|exclude|excluded")
_INTO = _BEGINS.format(C=r"\bI", c="i", w="nclusion", other="eligible|eligibility criteria|include|included")
_HEADING = re.compile(f"(?P<out>{_OUT})|(?P<into>{_INTO})", re.MULTILINE)
MAX_UNCOVERED = 20


@dataclass
class Document:
    """The source document with its white space folded, and the way back to its own offsets."""

    path: str
    sha256: str
    raw: str

    def __post_init__(self) -> None:
        self.text, self.offsets, self.line_ends = _folded(self.raw)
        self.covered = bytearray(len(self.text))

    def find(self, quote: str, *, cover: bool) -> ir.Quotation | None:
        """The first occurrence that is not covered yet, else the first; marks it as covered."""
        first = at = self.text.find(quote)
        if at < 0:
            return None
        while cover and at >= 0 and 1 in self.covered[at : at + len(quote)]:
            at = self.text.find(quote, at + 1)
        at = first if at < 0 else at
        if cover:
            self.covered[at : at + len(quote)] = b"\x01" * len(quote)
        start = self.offsets[at]
        return ir.Quotation(quote, start, self.offsets[at + len(quote) - 1] + 1, self.line(at))

    def places(self, words: str) -> list[int]:
        """Where these words stand as whole words, in small or capital letters."""
        pattern = rf"(?<!\w){re.escape(words)}(?!\w)"
        return [found.start() for found in re.finditer(pattern, self.text, re.IGNORECASE)]

    def line(self, at: int) -> int:
        """The document's line on which a place of the folded text lies, from 1."""
        return bisect_right(self.line_ends, self.offsets[at] - 1) + 1

    def nearest(self, quote: str) -> tuple[str, str, str]:
        """Where quotation and document part: the words before, and how each goes on."""
        common = 0
        best = 0
        for size in (24, 12, 6):
            for start in range(0, max(1, len(quote) - size), 4):
                at = self.text.find(quote[start : start + size])
                if at >= 0:
                    common, best = start, at
                    break
            else:
                continue
            break
        else:
            return "", "", ""
        length = 0
        limit = min(len(quote) - common, len(self.text) - best)
        while length < limit and quote[common + length] == self.text[best + length]:
            length += 1
        shown = self.text[max(0, best + length - 30) : best + length]
        return shown, quote[common + length :][:30], self.text[best + length :][:30]


@lru_cache(maxsize=8)
def _folded(raw: str) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The text with its white space folded, the offset of each of its characters, the ends of lines."""
    folded: list[str] = []
    offsets: list[int] = []
    space = True
    for offset, char in enumerate(raw):
        if not char.isspace():
            folded.append(char)
            offsets.append(offset)
        elif not space:
            folded.append(" ")
            offsets.append(offset)
        space = char.isspace()
    ends = tuple(offset for offset, char in enumerate(raw) if char == "\n")
    return "".join(folded), tuple(offsets), ends


def locate(ctx: Context, tree: Node, document: Document) -> None:
    """Finds every quotation, in file order: a repeated sentence then covers each of its places."""
    located = ctx.scope.located
    found: list[Token] = []
    stack: list[Node] = [tree]
    while stack:
        node = stack.pop()
        if node.data in ("source", "aside"):
            found.append(cast(Token, node.children[0]))
        stack.extend(child for child in reversed(node.children) if isinstance(child, Tree))
    for token in found:
        text = string(token)
        if not text:
            ctx.report("empty-words", token)
            continue
        quotation = document.find(text, cover=True)
        if quotation is not None:
            located[token.start_pos or 0] = quotation
            continue
        shown, _, theirs = document.nearest(text)
        if shown:
            ctx.report("quotation-not-found", token, found=shown, expected=theirs, path=document.path)
        else:
            close = difflib.get_close_matches(text[:200], document.raw.splitlines(), n=1, cutoff=0.5)
            ctx.report(
                "quotation-nowhere", token, path=document.path, suggestion=close[0][:80] if close else None
            )


def coverage(
    ctx: Context, document: Document, begin: str | None, end: str | None, at: Span
) -> ir.SourceDocument:
    """Letters and digits of the eligibility text inside quotations and asides; list markers do not count."""
    text = document.text
    first = text.find(" ".join(begin.split())) if begin else 0
    last = text.find(" ".join(end.split()), first + len(begin or "")) if end else len(text)
    if first < 0 or last < 0:
        ctx.report("eligibility-bounds", at, words=(begin if first < 0 else end) or "")
        first, last = 0, len(text)
    markers = {
        offset for match in _MARKER.finditer(document.raw) for offset in range(match.start(), match.end())
    }
    counted = covered = 0
    gaps: list[tuple[int, int]] = []
    open_from: int | None = None
    last_gap = first
    for index in range(first, last):
        if text[index].isalnum() and document.offsets[index] not in markers:
            counted += 1
            if document.covered[index]:
                covered += 1
                if open_from is not None:
                    gaps.append((open_from, last_gap))
                    open_from = None
            else:
                open_from = index if open_from is None else open_from
                last_gap = index + 1
    if open_from is not None:
        gaps.append((open_from, last_gap))
    uncovered = tuple(
        ir.Quotation(text[a:b], document.offsets[a], document.offsets[b - 1] + 1,
                     bisect_right(document.line_ends, document.offsets[a] - 1) + 1)
        for a, b in gaps
    )  # fmt: skip
    percent = 100 * covered // counted if counted else 100
    for gap in uncovered[:MAX_UNCOVERED]:
        shown = gap.text if len(gap.text) <= 80 else gap.text[:77] + "…"
        ctx.report("source-uncovered", at, percent=percent, found=shown)
    return ir.SourceDocument(
        document.path, document.sha256, covered, counted, uncovered, _headings(document.raw)
    )


def _headings(text: str) -> tuple[tuple[Literal["inclusion", "exclusion"], int], ...]:
    """Where the text says that what excludes begins, or what includes."""
    return tuple(
        ("exclusion" if found.lastgroup == "out" else "inclusion", found.start())
        for found in _HEADING.finditer(text)
    )
