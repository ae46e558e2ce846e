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
from protodsl.editor.words import described, detail, reading, reading_lines, table
from protodsl.fields import BLOCKS, SINGLE_BLOCKS
from protodsl.reading import read_file
from protodsl.source import Source, Span
from protodsl.syntax.grammar import reserved_words
from protodsl.syntax.outline import Item, outline
from protodsl.syntax.pieces import Pieces
from protodsl.syntax.printer import format_source

# Strings and comments hold no names; the longer kinds come first.
_TOKENS = re.compile(
    r'"""(?:.|\n)*?"""|"[^"\n]*"|\#[^\n]*|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)?)'
)
# What is named behind a word: kinds of items, or timepoints, stages, roles.
_AFTER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("received", "receives", "took", "takes", "started", "give", "no", "to"), ("drug", "procedure")
    ),
    **dict.fromkeys(("has", "had"), ("condition", "state")),
    "underwent": ("procedure",),
    "confirmed": ("question",),
    **dict.fromkeys(
        ("before", "after", "since", "until", "at", "anchor", "timepoint", "from"), ("timepoint",)
    ),
    "requires": ("stage",),
    "as": ("equivalence",),
    "by": ("role",),
}
_PARAMETER = re.compile(r"^[ \t]*parameter[ \t]+([A-Za-z]\w*)([^\n#]*)", re.MULTILINE)
MOST_LINES = 15
_RESULTS = ("lab", "score", "finding", "grade", "measure")


@dataclass(frozen=True, slots=True)
class Hover:
    text: str  # Markdown
    span: Span


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion: `word` is what is inserted."""

    word: str
    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    detail: str
    kind: str
    start: int
    end: int
    children: tuple[Symbol, ...] = ()


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

    # ------------------------------------------------------------ completion

    def complete(self, path: str, offset: int) -> list[Offer]:
        """What can stand at the cursor: names with codes and units, fields of the block, words that begin a
        line.
        """
        text = self.text(path)
        line = text[text.rfind("\n", 0, offset) + 1 : offset]
        if line.count('"') % 2 or "#" in line:
            return []
        typed = re.search(r"[A-Za-z][\w.]*$", line)
        head = line[: typed.start()] if typed else line
        words = re.findall(r"[A-Za-z_]\w*|[<>=≤≥]+|\d[\d.]*|[\[\],(]", head)
        if not words or words == ["-"]:
            return self._statements(text, offset)
        protocol = next(iter(self.protocols(path)), None)
        if protocol is None:
            return []
        if "percentile" in words[-3:]:
            return _percentiles(protocol, words)
        if words[-1] in ("within", "least") and (lengths := self._parameters(path)):
            return lengths
        if words[-1] == "of" and len(words) > 1 and (sided := _sides(protocol, words[-2])):
            return sided
        if unit := self._unit(protocol, words):
            return unit
        last = next(
            (word for word in reversed(words) if word not in ("[", ",", "of", "any", "all", "each")), ""
        )
        kinds = _AFTER.get(words[-1]) or (_AFTER.get(last) if words[-1] in ("[", ",", "of") else None)
        if "[" in words and words[-1] in ("[", ","):
            verb = next((word for word in reversed(words) if word in _AFTER), "")
            kinds = _AFTER.get(verb, kinds)
        if kinds == ("timepoint",):
            return [Offer(one.name, "timepoint", one.label) for one in protocol.timepoints]
        if kinds == ("stage",):
            return [Offer(one.id, "stage", one.label) for one in protocol.stages]
        if kinds == ("equivalence",):
            return [Offer(name, "equivalence", one.label) for name, one in protocol.equivalences.items()]
        if kinds == ("role",):
            return [Offer(name, "role") for name in ("investigator", "participant", "guardian")]
        wanted = kinds or _RESULTS
        offers = [
            Offer(item.name, item.kind, detail(item))
            for item in protocol.items.values()
            if item.kind in wanted
        ]
        return offers + (self._parameters(path) if re.fullmatch("[<>=≤≥]+", words[-1]) else [])

    def _parameters(self, path: str) -> list[Offer]:
        """Parameters of the files in hand, as far as they are typed."""
        self.text(path)
        return [
            Offer(match[1], "parameter", match[2].strip(" {"))
            for file in dict.fromkeys((path, *self.project.files))
            for match in _PARAMETER.finditer(self.text(file))
        ]

    def _unit(self, protocol: ir.Protocol, words: list[str]) -> list[Offer] | None:
        """Behind `alt <= 3`: the item's own unit, and × ULN."""
        if not re.fullmatch(r"\d[\d.]*", words[-1]):
            return None
        for word in reversed(words[:-1]):
            item = protocol.items.get(word)
            if item is not None:
                own = [Offer(item.unit.text, "unit", f"unit of {item.label}")] if item.unit else []
                limits = [
                    Offer("ULN", "unit", "upper limit of normal"),
                    Offer("LLN", "unit", "lower limit of normal"),
                ]
                return own + (limits if item.kind == "lab" else [])
        return [Offer(word, "unit") for word in ("days", "weeks", "months", "years")]

    def _statements(self, text: str, offset: int) -> list[Offer]:
        """What can begin a line in the block the cursor is in: its fields, then its statements."""
        item: Item | None = outline(text).item_at(offset)
        while item is not None and (item.open is None or item.open >= offset) and item.parent is not None:
            item = item.parent
        block = item.word if item is not None else ""
        fields = [Offer(one.name, "field", one.label) for one in BLOCKS.get(block, ())]
        return fields + [Offer(word, "keyword") for word in _BEGIN.get(block, _BEGIN.get(_family(block), ()))]

    # ------------------------------------------------------------ outline, format

    def symbols(self, path: str) -> list[Symbol]:
        """Declarations, criteria and parts, as they stand in the text, finished or not."""
        text = self.text(path)
        return [symbol for item in outline(text).root.children if (symbol := _symbol(text, item)) is not None]

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


_META = ("source", "clarify", "note", "accept")
_RULES = ("part", "require", "applies", "values", *_META)
_BEGIN: dict[str, tuple[str, ...]] = {
    "": ("language", "use", "protocol", "lab", "score", "finding", "condition", "state", "drug", "procedure",
         "question", "panel", "grade", "measure", "equivalent", "reference", "define", "parameter", "side",
         "patient", "scenario"),
    "protocol": (*SINGLE_BLOCKS[1:], "timepoint", "day", "anchor", "stage", "cohort", "inclusion",
                 "exclusion", "satisfy", "values", "aside", "define", "parameter", "side", "common", "arm",
                 "intervention", "regimen",
                 "visit", "activity", "objective", *_META),
    "stage": ("inclusion", "exclusion", "cohort", "satisfy", "values", "aside", "define", *_META),
    "cohort": ("inclusion", "exclusion", "applies", "satisfy", "values", "aside", *_META),
    "inclusion": _RULES,
    "exclusion": ("part", "exclude", "applies", "values", *_META),
    "part": (*_RULES, "exclude"),
    "define": ("means", *_META),
    "objective": ("endpoint", *_META),
    "endpoint": ("time", "variable", *_META),
    "scenario": ("record", "patient", "stage", "cohort", "expect", "note"),
    "item": ("loinc", "icd10", "snomed", "atc", "unit", "uln", "lln", "range", "scale", "worse", "version",
             "values", "members", "half_life", *_META),
    "reference": ("file", "unit", "citation", *_META),
    "parameter": _META,
    "measure": ("citation", "unit", "lead", "each", "valid", "let", "formula", "range", *_META),
}  # fmt: skip
_ITEMS = ("lab", "score", "finding", "condition", "state", "drug", "procedure", "question", "panel", "grade")


def _family(block: str) -> str:
    return "item" if block in _ITEMS else ""


def _symbol(text: str, item: Item) -> Symbol | None:
    header = text[item.start : item.open if item.open is not None else item.end].split("\n")[0]
    match = re.match(r'([a-z]+(?:[ \t]+class)?)[ \t]+([^\s"{]+)?[ \t]*("[^"\n]*")?', header)
    named = item.word in _SYMBOLS and match is not None
    if not named or match is None:
        return None
    end = min(item.end, len(text))
    inner = tuple(one for child in item.children if (one := _symbol(text, child)) is not None)
    label = (match[3] or "").strip('"')
    name = " ".join(filter(None, (match[1], match[2])))
    return Symbol(name if item.word != "scenario" else "scenario", label, item.word, item.start, end, inner)


_SYMBOLS = frozenset(
    (
        *_ITEMS,
        "protocol",
        "stage",
        "cohort",
        "inclusion",
        "exclusion",
        "part",
        "timepoint",
        "define",
        "measure",
    )
) | frozenset(("equivalent", "arm", "intervention", "regimen", "visit", "activity", "objective", "endpoint"))
_SYMBOLS |= frozenset((*SINGLE_BLOCKS[1:], "patient", "scenario", "satisfy"))
_SYMBOLS |= frozenset(("reference", "parameter", "side"))


def _percentiles(protocol: ir.Protocol, words: list[str]) -> list[Offer]:
    """Behind `percentile` those there are, behind `percentile 5` what is meant by it, then the tables."""
    if words[-1] == "percentile":
        known = {one: table.label for table in protocol.references for one in table.percentiles}
        return [Offer(f"{float(one):g}", "percentile", label) for one, label in sorted(known.items())]
    tables = [Offer(one.name, "reference", one.label) for one in protocol.references]
    return tables if words[-1] == "of" else [Offer("of", "keyword")] if words[-2] == "percentile" else []


def _sides(protocol: ir.Protocol, word: str) -> list[Offer]:
    """Behind `bcva of`: the sides that the protocol names, and those of every body."""
    item = protocol.items.get(word)
    if item is None or item.domain not in ("results", "conditions", "procedures") or item.kind == "measure":
        return []
    named = [(one.name, one.label) for one in protocol.sides]
    named += [(one.other, one.other_label) for one in protocol.sides]
    words = ("left", "right", "any side", "each side")
    return [Offer(name, "side", label) for name, label in named] + [Offer(one, "side") for one in words]


def path_of(uri: str) -> str:
    """The path of a `file:` address, as the operating system writes it."""
    from urllib.parse import unquote, urlparse
    from urllib.request import url2pathname

    parsed = urlparse(uri)
    return os.path.normpath(url2pathname(unquote(parsed.path))) if parsed.scheme == "file" else uri
