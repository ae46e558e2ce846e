"""Fenced blocks of a Markdown page, and what their first line says about them.

    ```protodsl                      a whole file: checked, no diagnostic but those named in it
    ```protodsl protocol             statements of a protocol, checked inside a small trial
    ```protodsl inclusion            the inside of an inclusion (also: exclusion)
    ```protodsl file=trial.proto-lite    written to the page's folder, for the commands that follow
    ```json file=patient.json
    ```console                       commands after `$ `, run in the page's folder, with what they print

A diagnostic is named where it is expected, in a comment at the end of its line: `# E0121`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`]*)$")
_COMMENT = re.compile(r"#[^\"]*$")
_CODE = re.compile(r"\b[EW]\d{4}\b")


@dataclass(frozen=True)
class Block:
    """`line` is the line of the page where the block's text begins; `mode` the word behind the language."""

    page: Path
    line: int
    language: str
    mode: str
    text: str
    options: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def expected(self) -> list[tuple[int, str]]:
        """(line within the block, code) of each diagnostic the block says it gives."""
        return [
            (number, code)
            for number, line in enumerate(self.text.splitlines(), 1)
            for comment in _COMMENT.findall(line)
            for code in _CODE.findall(comment)
        ]


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page. An open fence at the end of the page is an error."""
    found: list[Block] = []
    fence, info, start, lines = "", "", 0, []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        match = _FENCE.match(line)
        if fence:
            if match and match["info"].strip() == "" and len(match["fence"]) >= len(fence):
                found.append(_block(page, start, info, "\n".join(lines) + "\n"))
                fence = ""
            else:
                lines.append(line)
        elif match:
            fence, info, start, lines = match["fence"], match["info"].strip(), number + 1, []
    assert not fence, f"{page}: the block that begins before line {start} is never closed"
    return found


def _block(page: Path, line: int, info: str, text: str) -> Block:
    language, *words = info.split() or [""]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    mode = next((word for word in words if "=" not in word), "")
    return Block(page, line, language, mode, text, options)


@dataclass(frozen=True)
class Command:
    """One `$ ` line (with those after it that end in a backslash or begin with `> `), and what it prints."""

    text: str
    output: str


def commands(block: Block) -> list[Command]:
    found: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append(([line[2:]], []))
        elif found and found[-1][0][-1].endswith("\\") and not found[-1][1]:
            found[-1][0].append(line.removeprefix("> "))
        elif found:
            found[-1][1].append(line)
        else:
            raise AssertionError(f"{block.id}: a console block begins with a command: `$ …`")
    return [Command("\n".join(text), "\n".join(output)) for text, output in found]


def same_output(expected: str, actual: str) -> bool:
    """Whether they agree; a line that is only `…` stands for any lines, `…` in a line for any characters."""
    pattern = ""
    for line in expected.strip("\n").splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(piece) for piece in line.rstrip().split("…")) + r"[ ]*\n"
    text = "\n".join(line.rstrip() for line in actual.strip("\n").splitlines()) + "\n"
    return (
        re.fullmatch(pattern or r"\n?", text if text.strip() else "\n" if not pattern else text) is not None
    )
