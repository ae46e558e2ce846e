"""How wide columns have to be for a table to be short: a page is a committee member's time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import permutations
from math import ceil

LETTERS = 126
"""Letters of nine points that fit across a page."""
UNITS = 40
"""Parts a page is divided into: a column is some of them wide."""
_PADDING = 2
"""Letters lost to the inset of a cell, and to words that do not fit on the line."""
Cell = tuple[str, ...]
"""The paragraphs of a cell."""


def lines(text: str, units: int) -> int:
    """About how many lines `text` takes in a column `units` wide; Chinese characters are two letters."""
    wide = sum(1 for char in text if unicodedata.east_asian_width(char) in "WF")
    return max(1, ceil((len(text) + wide) / max(1, LETTERS * units // UNITS - _PADDING)))


def fitted(rows: Iterable[Sequence[Cell]]) -> tuple[int, ...]:
    """Widths of the columns, in units, with which the rows are about as short as can be.

    One unit after another is moved from a column to another one as long as that saves a line. No column
    gets narrower than its longest word. Without rows there are no widths.
    """
    cells = [tuple(row) for row in rows]
    if not cells:
        return ()
    count = len(cells[0])
    longest = [
        max(len(word) for row in cells for word in " ".join(row[n]).split() or [""]) for n in range(count)
    ]
    least = [ceil((letters + _PADDING) * UNITS / LETTERS) for letters in longest]
    widths = [UNITS // count] * count

    def height(tried: Sequence[int]) -> int:
        return sum(
            max(sum(lines(text, units) for text in cell) for cell, units in zip(row, tried, strict=True))
            for row in cells
        )

    best = height(widths)
    while True:
        moves = []
        for giver, taker in permutations(range(count), 2):
            for moved in range(1, 9):  # several at once: one alone may save nothing yet
                tried = list(widths)
                tried[giver] -= moved
                tried[taker] += moved
                if tried[giver] >= min(least[giver], widths[giver]):
                    moves.append((height(tried), moved, tried))
        if not moves or min(moves)[0] >= best:
            return tuple(widths)
        best, _, widths = min(moves)
