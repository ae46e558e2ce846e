"""Drawing: a few shapes and text that is measured and broken, as SVG that needs neither script nor font file.

Colours are the reader's: lines and letters are `currentColor`, the class `paper` is filled with the page's
ground, so that a picture is legible in black and white, in a dark page and in print.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import markupsafe

from protodsl.documents.blocks import Picture
from protodsl.documents.escape import visible

WIDTH = 720
SIZE = 12
LINE = 14
HAN_FONTS = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, sans-serif"
_HAN = re.compile("[\u2e80-\uffef]+")
_FONTS = "Libertinus Serif, New Computer Modern, serif"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished picture. `width` and `height` in units of which 12 are the height of a letter's line."""

    body: tuple[str, ...]
    height: int
    width: int = WIDTH

    @property
    def svg(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}" font-family="{_FONTS}" font-size="{SIZE}" '
            'fill="none" stroke="currentColor">' + "".join(self.body) + "</svg>"
        )


@dataclass(slots=True)
class Pen:
    """Collects shapes from top to bottom; `y` is where the next thing goes."""

    y: int = 0
    body: list[str] = field(default_factory=list)

    def box(self, x: int, y: int, width: int, height: int, kind: str = "paper") -> None:
        """`kind`: paper (a frame), solid (filled), hatched (filled with slanting lines)."""
        if kind == "solid":
            self.body.append(_rect(x, y, width, height, ' fill="currentColor"'))
            return
        self.body.append(_rect(x, y, width, height, ' class="paper" fill="#ffffff"'))
        if kind == "hatched":
            strokes = []
            for start in range(x - height, x + width, 5):
                left, right = max(start, x), min(start + height, x + width)
                if right > left:
                    strokes.append(
                        f"M{left} {y + height - (left - start)}L{right} {y + start + height - right}"
                    )
            self.body.append(f'<path d="{"".join(strokes)}" stroke-width="0.7"/>')

    def line(self, x1: int, y1: int, x2: int, y2: int, dashed: bool = False, width: float = 1) -> None:
        dashes = ' stroke-dasharray="4 3"' if dashed else ""
        self.body.append(f'<path d="M{x1} {y1}L{x2} {y2}" stroke-width="{width}"{dashes}/>')

    def arrow(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """An arrow whose last leg is level or upright."""
        if x1 == x2:
            self.line(x1, y1, x2, y2)
            self.body.append(f'<path d="M{x2} {y2}l-4 -7h8z" fill="currentColor"/>')
            return
        if abs(y1 - y2) < 5:  # boxes of different height: no kink for a few points
            y1 = y2
        middle = x2 - 14
        self.body.append(f'<path d="M{x1} {y1}L{middle} {y1}L{middle} {y2}L{x2} {y2}"/>')
        self.body.append(f'<path d="M{x2} {y2}l-7 -4v8z" fill="currentColor"/>')

    def dot(self, x: int, y: int, kind: str) -> None:
        """`full`, `half` or `empty` circle, or a `diamond`."""
        if kind == "diamond":
            self.body.append(f'<path d="M{x} {y - 6}l6 6l-6 6l-6 -6z" fill="currentColor"/>')
            return
        fill = ' fill="currentColor"' if kind == "full" else ' class="paper" fill="#ffffff"'
        self.body.append(f'<circle cx="{x}" cy="{y}" r="4"{fill}/>')
        if kind == "half":
            self.body.append(f'<path d="M{x} {y - 4}a4 4 0 0 0 0 8z" fill="currentColor"/>')

    def text(self, x: int, y: int, words: str, bold: bool = False, middle: bool = False) -> None:
        """One line of text standing on `y`."""
        weight = ' font-weight="bold"' if bold else ""
        place = ' text-anchor="middle"' if middle else ""
        # by its own font: where a text has ligatures, typst does not look for a letter in another one
        shown = _HAN.sub(
            rf'<tspan font-family="{HAN_FONTS}">\g<0></tspan>', str(markupsafe.escape(visible(words)))
        )
        self.body.append(
            f'<text x="{x}" y="{y}" fill="currentColor" stroke="none"{weight}{place}>{shown}</text>'
        )

    def lines(self, x: int, y: int, lines: list[str], bold: bool = False, middle: bool = False) -> None:
        for number, words in enumerate(lines):
            self.text(x, y + number * LINE, words, bold, middle)

    def picture(self, caption: str, alt: str, width: int = WIDTH) -> Picture:
        """All that was drawn, in a frame `width` wide and as high as the pen went."""
        return Picture(caption, alt, Drawing(tuple(self.body), self.y, width).svg, 100 * width // WIDTH)


def _rect(x: int, y: int, width: int, height: int, more: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}"{more}/>'


_NARROW = frozenset("iljtfrI.,:;|!'’()[]-/ ")
_WIDE = frozenset("mwMW@%—")


def measure(words: str) -> float:
    """A generous estimate of the width, for any font a reader's browser may choose."""
    total = 0.0
    for char in words:
        if unicodedata.east_asian_width(char) in "WF":
            total += 1.0
        elif char in _NARROW:
            total += 0.38
        elif char in _WIDE:
            total += 0.95
        elif char.isupper():
            total += 0.72
        else:
            total += 0.6
    return total * SIZE


def wrap(words: str, width: float, bold: bool = False) -> list[str]:
    """Lines no wider than `width`; a word that is longer is broken, after a slash or hyphen if it has one."""
    width = width / 1.15 if bold else width
    lines = [""]
    for word in visible(words).split(" "):
        pieces = re.findall(r"[^/-]*[/-]|[^/-]+", word) if measure(word) > width else [word]
        for number, piece in enumerate(pieces or [""]):
            while measure(piece) > width:
                cut = 1
                while measure(piece[: cut + 1]) <= width:
                    cut += 1
                lines.append(piece[:cut])
                piece = piece[cut:]
            joined = lines[-1] + piece if number else f"{lines[-1]} {piece}".strip()
            if measure(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    return [line for line in lines if line] or [""]
