"""Answers about open files, by character offset. Half-typed files are the normal case: nothing here raises
for what a file says, and what cannot be known now is answered from the last model that was whole.
"""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from protodsl import ir
from protodsl.diagnostics import Diagnostic
from protodsl.documents.words import Context, read
from protodsl.driver import CheckResult, Project, check
from protodsl.editor.completion import Offer, complete
from protodsl.editor.symbols import Symbol, symbols
from protodsl.editor.words import described, reading, reading_lines, table
from protodsl.reading import read_file
from protodsl.source import Source, Span
from protodsl.syntax.grammar import reserved_words
from protodsl.syntax.outline import outline
from protodsl.syntax.pieces import Pieces
from protodsl.syntax.printer import format_source

# Strings and comments hold no names; the longer kinds come first.
_TOKENS = re.compile(
    r'"""(?:.|\n)*?"""|"[^"\n]*"|\#[^\n]*|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)?)'
)
MOST_LINES = 15


@dataclass(frozen=True, slots=True)
class Hover:
    text: str  # Markdown
    span: Span


@dataclass
class Desk:
    """Open files, as they are on the screen, over those on the disk."""

    open: dict[str, str] = field(default_factory=dict)
    project: Project = field(init=False)
    good: dict[str, ir.Protocol] = field(default_factory=dict)  # last whole model of each file
    drafts: dict[str, ir.Protocol] = field(default_factory=dict)  # what there is of each file now
    stamps: dict[str, tuple[int, int] | None] = field(default_factory=dict)  # of what was read from the disk

    def __post_init__(self) -> None:
        self.project = Project(read=self._read)

    def _read(self, path: str) -> bytes:
        if path in self.open:
            return self.open[path].encode("utf-8", "surrogatepass")
        self.stamps[path] = _stamp(path)
        return read_file(path)

    # ------------------------------------------------------------ files

    def edit(self, path: str, text: str) -> None:
        """The file's text on the screen is this now. Other files stay parsed."""
        if self.open.get(path) != text:
            self.open[path] = text
            self.project.pieces.setdefault(path, Pieces())
            self.forget(path)

    def close(self, path: str) -> None:
        self.open.pop(path, None)
        self.project.pieces.pop(path, None)
        self.forget(path)

    def forget(self, path: str) -> None:
        """The file has changed, here or on the disk: it is read anew when it is asked for."""
        self.project.files.pop(path, None)
        self.project.documents.pop(path, None)
        self.stamps.pop(path, None)

    def check(self, path: str) -> CheckResult:
        """Everything that is wrong with a file, as `protodsl check` says it of what is on the screen and, for
        other files, on the disk now.
        """
        self.project.missing.clear()
        for other, stamp in list(self.stamps.items()):
            if other not in self.open and _stamp(other) != stamp:
                self.forget(other)
        result = check(path, project=self.project)
        whole = result.protocol or result.tested
        if whole is not None:
            self.good[path] = whole
        draft = whole or result.draft
        if draft is not None:
            self.drafts[path] = draft
        return result

    def text(self, path: str) -> str:
        """A file as it is on the screen, else on the disk; "" where there is none. Nothing open is parsed."""
        if path in self.open:
            return self.open[path]
        loaded = self.project.load(path)
        return "" if isinstance(loaded, Diagnostic) else loaded.source.text

    def protocols(self, path: str) -> list[ir.Protocol]:
        """The model as far as it goes now, then the last that was whole."""
        return [one for one in (self.drafts.get(path), self.good.get(path)) if one is not None]

    # ------------------------------------------------------------ names

    def name_at(self, path: str, offset: int) -> tuple[str, Span] | None:
        """The name under the cursor; none inside texts and comments."""
        for found in self._names(path):
            if found[1].start <= offset <= found[1].end:
                return found
        return None

    def _names(self, path: str) -> Iterator[tuple[str, Span]]:
        for match in _TOKENS.finditer(self.text(path)):
            if match["name"]:
                yield match["name"], Span(path, match.start(), match.end())

    def definition(self, path: str, offset: int) -> Span | None:
        """Where the name under the cursor is declared; a `use` leads to its file."""
        used = self._used_file(path, offset)
        if used is not None:
            return Span(used, 0, 0)
        found = self.name_at(path, offset)
        return None if found is None else self._declared(path, found[0])

    def _used_file(self, path: str, offset: int) -> str | None:
        text = self.text(path)
        line = text[text.rfind("\n", 0, offset) + 1 : (text + "\n").find("\n", offset)]
        match = re.match(r'\s*use\s+"([^"]*)"', line)
        if match is None:
            return None
        found = self.project.resolve_use(path, match[1], Span(path, offset, offset))
        return found if isinstance(found, str) and found in self.project.files else None

    def _declared(self, path: str, name: str) -> Span | None:
        """The name in its declaration, seen in the text itself, so that half-typed files have it too."""
        declares = re.compile(
            r"^[ \t]*(?:(?:drug|lab|finding|condition|procedure)[ \t]+class|lab|score|finding|condition|state"
            r"|procedure|drug|question|panel|grade|measure|equivalent|reference|define|parameter|timepoint"
            r"|stage|cohort|arm|intervention|regimen|patient|endpoint|visit|activity|side"
            r"|side[ \t]+\w+[ \t]+(?:\"[^\"\n]*\"[ \t]+)?other)"
            rf"[ \t]+({re.escape(name.split('.')[0])})\b",
            re.MULTILINE,
        )
        self.text(path)
        for file in (path, *(one for one in self.project.files if one != path)):
            if match := declares.search(self.text(file)):
                return Span(file, match.start(1), match.end(1))
        return None

    def _texts(self, path: str) -> list[str]:
        """The files in hand, this one first."""
        return [self.text(file) for file in dict.fromkeys((path, *self.project.files))]

    def uses(self, path: str, name: str) -> list[Span]:
        """Every place of a name in the files in hand."""
        files = dict.fromkeys((path, *self.project.files))
        return [span for file in files for word, span in self._names(file) if word == name]

    def rename(self, path: str, offset: int, new: str) -> list[Span] | str:
        """The places to change, or why the name cannot be changed."""
        found = self.name_at(path, offset)
        if found is None or self._declared(path, found[0]) is None:
            return "there is no name here that this project declares"
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", new) or new in reserved_words():
            return f"`{new}` cannot be a name"
        if self._declared(path, new) is not None:
            return f"`{new}` is declared already"
        if "." in found[0]:
            return "an item of a panel is renamed where the panel lists it"
        return self.uses(path, found[0])

    # ------------------------------------------------------------ hover

    def hover(self, path: str, offset: int) -> Hover | None:
        """What a name is, or what the criterion under the cursor means, with the sentence of its source."""
        found = self.name_at(path, offset)
        protocols = self.protocols(path)
        if found is not None:
            for protocol in protocols:
                said = self._described(protocol, found[0])
                if said is not None:
                    return Hover(said, found[1])
            shown = self._declaration(path, found[0])
            if shown is not None:
                return Hover(shown, found[1])
        for protocol in protocols:
            part = self._part_at(protocol, path, offset)
            if part is not None and part.span is not None:
                return Hover(reading(protocol, part), part.span)
        return None

    def _declaration(self, path: str, name: str) -> str | None:
        """A parameter, a cohort, an arm … as it is written."""
        at = self._declared(path, name)
        if at is None:
            return None
        text = self.text(at.path)
        item = outline(text).item_at(at.start)
        lines = textwrap.dedent(" " * item.indent + text[item.start : item.end].rstrip()).split("\n")
        more = ["…"] if len(lines) > MOST_LINES else []
        return "\n".join(["```protodsl", *lines[:MOST_LINES], *more, "```"])

    def _described(self, protocol: ir.Protocol, name: str) -> str | None:
        item = protocol.items.get(name)
        if item is not None:
            return described(protocol, item)
        point = next((one for one in protocol.timepoints if one.name == name), None)
        if point is not None:
            return "\n\n".join([f"**{point.label}** · timepoint", *point.clarify])
        supplied = next((one for one in protocol.references if one.name == name), None)
        if supplied is not None:
            return table(supplied)
        defined = protocol.definitions.get(name)
        if defined is not None:
            lines = reading_lines(read(Context(protocol), defined.expr, "is"))
            return "\n".join([f"**{defined.label}** · definition", "", *lines])
        return None

    def _part_at(self, protocol: ir.Protocol, path: str, offset: int) -> ir.Part | None:
        """The innermost criterion or part that holds the offset."""
        best: ir.Part | None = None
        stack = [one.root for stage in protocol.stages for one in
                 (*stage.criteria, *(c for cohort in stage.cohorts for c in cohort.criteria))]  # fmt: skip
        while stack:
            part = stack.pop()
            stack += part.parts
            span = part.span
            if span is None or span.path != path or not span.start <= offset <= span.end:
                continue
            if best is None or best.span is None or span.start >= best.span.start:
                best = part
        return best

    # ------------------------------------------------------------ completion, outline, format

    def complete(self, path: str, offset: int) -> list[Offer]:
        """What can stand at the cursor."""
        text, protocol = self.text(path), next(iter(self.protocols(path)), None)
        return complete(text, offset, protocol, lambda: self._texts(path))

    def symbols(self, path: str) -> list[Symbol]:
        return symbols(self.text(path))

    def formatted(self, path: str) -> str | None:
        """The file in canonical form; None where it cannot be read, or is formatted already."""
        text = self.text(path)
        made, _ = format_source(Source(path, text))
        return made if made != text else None


def _stamp(path: str) -> tuple[int, int] | None:
    """Tells whether a file on the disk is still the one that was read."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def path_of(uri: str) -> str:
    """The path of a `file:` address, as the operating system writes it."""
    from urllib.parse import unquote, urlparse
    from urllib.request import url2pathname

    parsed = urlparse(uri)
    return os.path.normpath(url2pathname(unquote(parsed.path))) if parsed.scheme == "file" else uri
