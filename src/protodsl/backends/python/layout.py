"""Laying out generated Python as `ruff format` would: flat where it fits, else one argument to a line."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 88  # the formatter's default; what is broken at 88 stays so at more, by its trailing commas


@dataclass(frozen=True, slots=True)
class Apply:
    """`name(argument, …)`; without a name a tuple. A keyword argument is a (name, value) pair."""

    name: str
    arguments: tuple[Piece | tuple[str, Piece], ...]


Piece = str | Apply


def apply(name: str, *arguments: Piece | tuple[str, Piece]) -> Apply:
    return Apply(name, arguments)


def sequence(pieces: Sequence[Piece]) -> Apply:
    """A tuple."""
    return Apply("", tuple(pieces))


def literal(text: str) -> str:
    """A text as a Python literal, in the quotes the formatter prefers. The only way an author's words
    get in.
    """
    body = repr(text)
    inner = body[1:-1]
    if body[0] == "'" and text.count('"') <= text.count("'"):
        inner = inner.replace("\\'", "'").replace('"', '\\"')
        body = f'"{inner}"'
    if ast.literal_eval(body) != text:
        raise AssertionError(text)
    return body


def width(text: str) -> int:
    """Columns a line takes: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def flat(piece: Piece) -> str:
    if isinstance(piece, str):
        return piece
    inner = ", ".join(
        f"{argument[0]}={flat(argument[1])}" if isinstance(argument, tuple) else flat(argument)
        for argument in piece.arguments
    )
    if not piece.name and len(piece.arguments) == 1:
        inner += ","
    return f"{piece.name}({inner})"


def laid_out(piece: Piece, indent: int, before: str = "", after: str = "") -> list[str]:
    """The lines of `before` + piece + `after`."""
    line = " " * indent + before + flat(piece) + after
    if isinstance(piece, str) or not piece.arguments or width(line) <= WIDTH:
        return [line]
    lines = [f"{' ' * indent}{before}{piece.name}("]
    for argument in piece.arguments:
        if isinstance(argument, tuple):
            lines += laid_out(argument[1], indent + 4, f"{argument[0]}=", ",")
        else:
            lines += laid_out(argument, indent + 4, "", ",")
    lines.append(f"{' ' * indent}){after}")
    return lines


def docstring(text: str, indent: int) -> list[str]:
    """A docstring of these words, wrapped."""
    words = [_escaped(word) for word in text.split()]
    if words and words[-1].endswith('"'):
        words[-1] = words[-1][:-1] + '\\"'
    pad = " " * indent
    lines: list[str] = []
    line = pad + '"""'
    start = True
    for word in words:
        if not start and width(line) + 1 + width(word) > WIDTH:
            lines.append(line)
            line, start = pad, True
        line += word if start else f" {word}"
        start = False
    if width(line) + 3 > WIDTH and (lines or " " in line.strip()):
        return [*lines, line, pad + '"""'] if lines else _broken(line, pad)
    if lines:
        return [*lines, line, pad + '"""']
    return [line + '"""']


def _broken(line: str, pad: str) -> list[str]:
    """One line that only the closing quotes make too long: its last word goes to the next."""
    head, _, tail = line.rpartition(" ")
    return [head, pad + tail, pad + '"""']


def _escaped(word: str) -> str:
    made = ""
    for char in word:
        if char == "\\":
            made += "\\\\"
        elif char.isprintable():
            made += char
        else:
            made += repr(char)[1:-1]
    return made.replace('"""', '\\"\\"\\"')
