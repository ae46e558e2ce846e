"""The rough shape of a text, found in one linear pass without the grammar: declarations, their braces,
their lines.

Recovery needs to know where a broken declaration begins and ends. The outline is right on well-formed texts
and a good guess on others: where braces do not balance, indentation tells which block was left open.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

DEPTH_LIMIT = 64
"""Brackets nested deeper than this are not read."""

STATEMENTS = frozenset(
    [
        "language",
        "use",
        "protocol",
        "timepoint",
        "day",
        "anchor",
        "stage",
        "cohort",
        "common",
        "parameter",
        "side",
        "reference",
        "satisfy",
        "values",
        "aside",
        "inclusion",
        "exclusion",
        "part",
        "parts",
        "applies",
        "require",
        "exclude",
        "arm",
        "gives",
        "intervention",
        "regimen",
        "give",
        "visit",
        "assess",
        "activity",
        "objective",
        "endpoint",
        "variable",
        "define",
        "measure",
        "equivalent",
        "state",
        "condition",
        "procedure",
        "question",
        "finding",
        "score",
        "panel",
        "grade",
        "drug",
        "lab",
        "identifiers",
        "escalation",
        "design",
        "safety",
        "ethics",
        "background",
        "source",
        "clarify",
        "note",
        "unit",
        "uln",
        "lln",
        "let",
        "formula",
        "valid",
        "each",
        "dose",
        "time",
        "means",
        "patient",
        "scenario",
        "expect",
        "accept",
    ]
)
"""Words that begin a statement or declaration somewhere."""

BLOCKS = frozenset(
    (
        *("protocol", "stage", "cohort", "satisfy", "inclusion", "exclusion", "part", "arm", "intervention"),
        *("visit", "activity", "objective", "endpoint", "measure", "equivalent", "score", "panel", "grade"),
        *("identifiers", "escalation", "design", "safety", "ethics", "background", "define", "question"),
        *("patient", "scenario", "common", "parameter", "reference"),
    )
)
"""Words that begin a declaration with a block."""

_TOKEN = re.compile(
    r'(?P<text>"""(?:.|\n)*?"""|"[^"\n]*")|(?P<open_text>"""|")|(?P<comment>\#[^\n]*)'
    r"|(?P<bracket>[\[\](){}])|(?P<line>\n[ \t]*)|(?P<chunk>[^\s\"\#\[\](){}]+)"
)  # blanks are none
_INDENT = re.compile(r"[^\S\n]*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
# words that go on with a sentence when a line begins with them
_CONTINUES = frozenset(
    [
        "and",
        "or",
        "unless",
        "within",
        "before",
        "after",
        "since",
        "until",
        "from",
        "to",
        "at",
        "as",
        "for",
        "of",
        "by",
        "on",
        "with",
        "given",
        "because",
        "except",
        "is",
        "not",
        "between",
        "if",
        "then",
        "else",
        "otherwise",
        "than",
        "the",
        "ever",
        "in",
        "every",
        "any",
        "all",
        "none",
        "exactly",
    ]
)


@dataclass(slots=True)
class Item:
    """A statement or declaration: from its first character to the beginning of the next, or to its closing
    brace.
    """

    start: int
    word: str
    indent: int
    parent: Item | None
    end: int = -1
    open: int | None = None
    close: int | None = None
    children: list[Item] = field(default_factory=list)

    def ancestors(self) -> list[Item]:
        """Outermost first; the root (the file) and the item itself are not among them."""
        found: list[Item] = []
        item = self.parent
        while item is not None and item.parent is not None:
            found.append(item)
            item = item.parent
        return found[::-1]


@dataclass(slots=True)
class Outline:
    root: Item
    open_texts: list[int] = field(default_factory=list)  # quotation marks that are never closed
    unclosed: list[tuple[int, int]] = field(default_factory=list)  # `{`, and where its `}` should stand
    stray: list[int] = field(default_factory=list)  # `}` that close nothing
    unopened: list[Item] = field(
        default_factory=list
    )  # blocks whose `{` is missing; `open` is where it should stand
    too_deep: int | None = None

    def item_at(self, offset: int) -> Item:
        """The innermost item that holds the offset; the root where none does."""
        item = self.root
        while True:
            index = bisect_right(item.children, offset, key=lambda child: child.start) - 1
            if index < 0 or offset >= item.children[index].end:
                return item
            item = item.children[index]


def outline(text: str) -> Outline:
    """The outline of a text. Linear in its length."""
    first = _Scan(text, repair=(0, 0)).run()
    if first.too_deep is None and (first.unclosed or first.stray):
        return _Scan(text, repair=(len(first.unclosed), len(first.stray))).run()
    return first


@dataclass(slots=True)
class _Bracket:
    char: str
    start: int
    item: Item  # whose header or sentence it stands in
    block: bool  # opens the body of a declaration
    indent: int  # of its line


class _Scan:
    """One pass. `repair`: how many `}` are missing, and how many are too many, as an earlier pass found."""

    def __init__(self, text: str, repair: tuple[int, int]) -> None:
        self.text = text
        self.missing, self.surplus = repair
        self.root = Item(0, "", -1, None, end=len(text) + 1)
        self.result = Outline(self.root)
        self.stack: list[_Bracket] = []
        self.block = self.root  # whose body we are in
        self.current: Item | None = None  # the statement being read in that body
        self.solid = 0  # end of the last token that is neither blank nor comment
        self.previous = ""  # that token

    def run(self) -> Outline:
        fresh, skip_to = True, 0
        begins = _INDENT.match(self.text)
        indent = begins.end() if begins else 0
        for match in _TOKEN.finditer(self.text):
            start, kind = match.start(), match.lastgroup
            if start < skip_to and kind != "line":
                continue
            match kind:
                case "line":
                    fresh, indent = True, match.end() - start - 1
                    continue
                case "comment":
                    continue
                case "open_text":
                    self.result.open_texts.append(start)
                    skip_to = self.end_of_open_text(start)
                    self.begin_if_needed(start, "", indent)
                case "text":
                    self.begin_if_needed(start, "", indent)
                case "chunk":
                    if fresh or self.current is None:
                        self.chunk(match.group(), start, indent, fresh)
                case _:
                    self.bracket(match.group(), start, indent, fresh)
            if self.result.too_deep is not None:
                break
            fresh, self.solid, self.previous = False, match.end(), match.group()
        self.finish()
        return self.result

    def end_of_open_text(self, start: int) -> int:
        """Where a text without its closing mark is taken to end: with the line, or before the braces that
        close blocks opened on that line.
        """
        end = self.text.find("\n", start)
        end = len(self.text) if end < 0 else end
        line = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        for _ in range(max(0, line.count("{") - line.count("}"))):
            kept = self.text[start:end].rstrip()
            if not kept.endswith("}"):
                break
            end = start + len(kept) - 1
        return max(end, start + 1)

    def chunk(self, text: str, start: int, indent: int, fresh: bool) -> None:
        found = _WORD.match(text)
        word = found.group() if found else ""
        if fresh and word in STATEMENTS:
            self.leave_open_brackets(start, indent)
        if fresh and self.surplus and word and word not in _CONTINUES and self.current is not None:
            self.open_forgotten(indent)
        inside = bool(self.stack) and not self.stack[-1].block
        if not inside and self.current is not None and fresh and self.begins(word, indent):
            self.end_current(start)
        self.begin_if_needed(start, word, indent)

    def open_forgotten(self, indent: int) -> None:
        """There are too many `}`, and a line stands deeper than a header without `{`: there it is missing."""
        item = self.current
        if item is None or item.word not in BLOCKS or item.open is not None or indent <= item.indent:
            return
        if "\n" in self.text[item.start : self.solid]:
            return
        self.surplus -= 1
        item.open = self.solid
        self.result.unopened.append(item)
        self.stack.append(_Bracket("{", self.solid, item, True, item.indent))
        self.block, self.current = item, None

    def begins(self, word: str, indent: int) -> bool:
        """Whether a word at the beginning of a line begins the next statement of the body."""
        if not word or self.current is None:
            return False
        if word in STATEMENTS and not (word == "means" and self.current.word == "define"):
            return True
        return word not in _CONTINUES and indent <= self.current.indent

    def leave_open_brackets(self, start: int, indent: int) -> None:
        """A statement begins: round and square brackets before it were forgotten; so were braces, if some
        must be.
        """
        while self.stack:
            top = self.stack[-1]
            if indent > top.item.indent:
                return
            if top.char == "{":
                if self.missing == 0:
                    return
                self.missing -= 1
                self.result.unclosed.append((top.start, self.solid))
                self.close_brace(top, start, closed=False)
            else:
                self.stack.pop()

    def bracket(self, char: str, start: int, indent: int, fresh: bool) -> None:
        if char in _CLOSING:
            block = char == "{" and not self.is_list()
            if block and self.stack and not self.stack[-1].block:
                block = False
            self.begin_if_needed(start, "", indent)
            item = self.current or self.block
            if block and item.open is not None:
                block = False
            self.stack.append(_Bracket(char, start, item, block, indent))
            if len(self.stack) > DEPTH_LIMIT:
                self.result.too_deep = start
            if block:
                item.open = start
                self.block, self.current = item, None
        elif char == "}":
            self.closing_brace(start, indent, fresh)
        elif self.stack and _CLOSING[self.stack[-1].char] == char:
            self.stack.pop()
        else:
            self.begin_if_needed(start, "", indent)

    def is_list(self) -> bool:
        satisfy = self.current is not None and self.current.word == "satisfy"
        return self.previous in ("of", "table") and not satisfy

    def closing_brace(self, start: int, indent: int, fresh: bool) -> None:
        braces = [entry for entry in self.stack if entry.char == "{"]
        # The brace of a list may stand under its `- ` or under the words behind it.
        deepest = 0 if not braces else braces[-1].indent + (0 if braces[-1].block else 2)
        if not braces or (self.surplus and fresh and indent > deepest):
            self.surplus = max(0, self.surplus - 1)
            self.result.stray.append(start)
            return
        while self.missing and fresh and indent < braces[-1].indent and len(braces) > 1:
            self.missing -= 1
            self.result.unclosed.append((braces[-1].start, self.solid))
            self.drop_to(braces[-1])
            self.close_brace(braces[-1], start, closed=False)
            braces.pop()
        self.drop_to(braces[-1])
        self.close_brace(braces[-1], start, closed=True)

    def drop_to(self, entry: _Bracket) -> None:
        while self.stack[-1] is not entry:
            self.stack.pop()

    def close_brace(self, entry: _Bracket, start: int, closed: bool) -> None:
        self.stack.pop()
        if not entry.block:
            return
        self.end_current(start)
        item = entry.item
        item.close = start if closed else None
        item.end = start + 1 if closed else start
        self.block = item.parent or self.root
        self.current = None

    def begin_if_needed(self, start: int, word: str, indent: int) -> None:
        if self.current is None and (not self.stack or self.stack[-1].block):
            self.current = Item(start, word, indent, self.block)
            self.block.children.append(self.current)

    def end_current(self, end: int) -> None:
        if self.current is not None:
            self.current.end = end
            self.current = None

    def finish(self) -> None:
        end = len(self.text)
        for entry in reversed([entry for entry in self.stack if entry.char == "{"]):
            self.result.unclosed.append((entry.start, self.solid))
            self.drop_to(entry)
            self.close_brace(entry, end, closed=False)
        self.end_current(end)
