"""The formatter: syntax tree → text in the one canonical form, comments and all.

What is printed are the tokens of the text, each once and in order, so nothing can be dropped; the tree says
where lines begin and where they may break. A rule that is not named here is printed as a phrase: its words
with one space between them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from protodsl.diagnostics import Diagnostic, has_errors
from protodsl.source import Source
from protodsl.syntax.grammar import parser
from protodsl.syntax.layout import Block, Bracketed, Comment, Doc, Entry, Group, Line, Word, Writer
from protodsl.syntax.parser import parse_with_gaps

_WINDOWS = (
    *("within_before", "within_after", "within_of", "at_least_before", "at_least_after", "before", "after"),
    *("since", "until", "from_to", "ever"),
)
_CLAUSES = (
    *_WINDOWS,
    *(
        "occasions",
        "of_last",
        "consecutive",
        "all_last",
        "clean",
        "qualified",
        "when",
        "dose",
        "lasting",
        "graded",
        "route",
    ),
    *("reason", "except_"),
)
BREAKS: dict[str, tuple[str, ...]] = {
    "and_chain": ("AND",),
    "or_chain": ("OR",),
    "require": ("UNLESS",),
    "exclude": ("UNLESS",),
    "implies": ("THEN", "ELSE"),
    "relaxed": ("OR",),
    **dict.fromkeys(("row", "limit_row"), ("IF", "OTHERWISE")),
    "define_short": ("MEANS",),
    **dict.fromkeys(("aside", "accept"), ("BECAUSE",)),
    **dict.fromkeys(("expect_verdict", "expect_cohort", "expect_criterion"), ("because",)),
}
"""Rules whose line breaks, where it is too long, before every one of these words."""

FILLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("compare", "between", "is_", "change", "event", "state", "reaction"), _CLAUSES),
    **dict.fromkeys(("judged", "agrees", "confirmed"), ("BY", *_WINDOWS)),
    "give": (
        *("given_route", "given_once", "given_daily", "given_every", "given_on", "given_from", "given_over"),
    ),
    "choose": ("IF", "OTHERWISE"),
    **dict.fromkeys(("frame_span", "v_change", "v_summary"), ("FROM",)),
}
"""Rules whose line breaks only where it must, before these words and clauses."""

_ARITHMETIC = ("add", "subtract", "multiply", "divide")
AFTER: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_ARITHMETIC, ("PLUS", "SIGN", "STAR", "SLASH")),
    "texts": ("COMMA",),
}
"""Rules that break behind a sign: a line that began with `- ` would be an item of a list."""

INLINE = ("vocab",)
"""Blocks of a single entry that stand on one line where they fit."""

_TIGHT_BEFORE = frozenset(("COMMA", "RPAR", "RSQB"))
_TIGHT_AFTER = frozenset(("LPAR", "LSQB"))
_COMMENT = re.compile(r"#[^\n]*")
_CANONICAL = {"≥": ">=", "≤": "<=", "+-": "±"}


class NotTheSame(Exception):
    """What was printed does not read as what was parsed: a mistake of ours; nothing may be written."""


def format_source(source: Source) -> tuple[str | None, tuple[Diagnostic, ...]]:
    """The text in canonical form, or None and what is wrong with it where it cannot be read."""
    parsed = parse_with_gaps(source)
    if has_errors(parsed.diagnostics):
        return None, parsed.diagnostics
    crlf = "\r\n" in source.text
    text = source.text.replace("\r\n", "\n") if crlf else source.text
    tokens, tree = _tokens(text)
    made = _Printer(text, tokens).print(tree)
    if not _reads_as(made, tokens):
        raise NotTheSame(source.path)
    return made.replace("\n", "\r\n") if crlf else made, ()


def _tokens(text: str) -> tuple[list[Token], Tree[Token]]:
    """Every token the parser reads, those it drops from the tree too, and the tree."""
    reader = parser().parse_interactive(text)
    tokens = list(reader.exhaust_lexer())
    tree: Tree[Token] = reader.feed_eof()  # type: ignore[no-untyped-call]
    return tokens, tree


def _reads_as(made: str, tokens: list[Token]) -> bool:
    try:
        return words(_tokens(made)[0]) == words(tokens)
    except UnexpectedInput:
        return False


def words(tokens: list[Token]) -> list[tuple[str, str]]:
    """What a text says: its tokens in canonical spelling, without the comma behind the last of a list."""
    found = [(one.type, _spelt(one)) for one in tokens]
    after = [*found[1:], ("", "")]
    return [one for one, then in zip(found, after, strict=True) if (one[0], then[0]) != ("COMMA", "RSQB")]


def _spelt(token: Token) -> str:
    """The token's text in canonical form."""
    text = str(token)
    match token.type:
        case "STRING":
            return text
        case "BULLET":
            return "-"
        case "NUMBER":
            return re.sub(r"\s*[x×]\s*", " x", text)
        case _:
            text = re.sub(r"\s+", " ", text.strip())
            return _CANONICAL.get(text, text)


@dataclass
class _Printer:
    text: str
    tokens: list[Token]
    starts: list[int] = field(default_factory=list)
    before: dict[int, tuple[Comment, ...]] = field(default_factory=dict)
    after: dict[int, str] = field(default_factory=dict)
    blank: set[int] = field(default_factory=set)  # tokens with an empty line right before them

    def print(self, tree: Tree[Token]) -> str:
        self.starts = [one.start_pos or 0 for one in self.tokens]
        self.attach()
        writer = Writer()
        writer.entries(tuple(self.entry(child) for child in self.children(tree)), 0)
        writer.comments(self.before.get(len(self.tokens), ()), 0, first=not self.tokens)
        return writer.text()

    # ------------------------------------------------------------ comments

    def attach(self) -> None:
        """Give each comment to the token on its line before it, else to the token that follows."""
        at = 0
        waiting: list[Comment] = []
        for number, token in enumerate([*self.tokens, None]):
            start = len(self.text) if token is None else token.start_pos or 0
            gap = self.text[at:start]
            found = list(_COMMENT.finditer(gap))
            own = list(waiting)
            waiting = []
            end = 0
            for one in found:
                blank = gap.count("\n", end, one.start()) > 1
                if "\n" not in gap[: one.start()] and number and not self.after.get(number - 1):
                    self.after[number - 1] = one.group().rstrip()
                else:
                    own.append(Comment(one.group().rstrip(), blank))
                end = one.end()
            lead = gap[end:]
            if token is not None and token.type == "BULLET":
                lead += str(token)
            if lead.count("\n") > 1:
                self.blank.add(number)
            if token is not None and token.type == "COMMA":
                # A comment before a comma goes behind it: the comma belongs to what it follows.
                if trailing := self.after.pop(number - 1, ""):
                    self.after[number] = trailing
                waiting = own
            elif own:
                self.before[number] = tuple(own)
            if token is not None:
                at = token.end_pos or start

    # ------------------------------------------------------------ the parts of a node

    def children(self, node: Tree[Token]) -> list[Tree[Token] | int]:
        """What a node consists of, in order: trees, and the numbers of its own tokens."""
        first, last = self.range_of(node)
        found: list[Tree[Token] | int] = []
        at = first
        for child in node.children:
            if not isinstance(child, Tree):
                continue
            start, end = self.range_of(child)
            if start == end:
                continue
            found += range(at, start)
            found.append(child)
            at = end
        return [*found, *range(at, last)]

    def range_of(self, node: Tree[Token]) -> tuple[int, int]:
        if node.data == "start":
            return 0, len(self.tokens)
        if getattr(node.meta, "empty", True):
            return 0, 0
        return bisect_left(self.starts, node.meta.start_pos), bisect_left(self.starts, node.meta.end_pos)

    def word(self, number: int, *, glued: bool = False) -> Word:
        """A token with its comments."""
        token = self.tokens[number]
        previous = self.tokens[number - 1] if number else None
        glued = glued or token.type in _TIGHT_BEFORE
        if previous is not None:
            glued = glued or previous.type in _TIGHT_AFTER
            glued = glued or (
                token.type == "UNIT" and token.startswith("/") and "10^" in previous.partition("x")[2]
            )
        return Word(_spelt(token), glued, self.before.get(number, ()), self.after.get(number, ""))

    # ------------------------------------------------------------ blocks

    def entry(self, part: Tree[Token] | int, *others: Tree[Token] | int) -> Entry:
        """A statement, or what of one stands on its own line. A first token `- ` becomes a bullet."""
        first = part if isinstance(part, int) else self.range_of(part)[0]
        bullet = self.tokens[first].type == "BULLET"
        comments, blank = self.before.pop(first, ()), first in self.blank
        docs: list[Doc] = [self.node(part, skip=int(bullet))] if isinstance(part, Tree) else []
        if isinstance(part, int) and not bullet:
            docs.append(self.word(part))
        docs += [self.doc(other) for other in others]
        return Entry(tuple(docs), comments, blank, bullet)

    def block(self, parts: list[Tree[Token] | int], *, inline: bool) -> Block:
        """From `{` to `}`: every tree begins a line, except behind a `- ` or a word like `means`."""
        opening, *inner, closing = parts
        assert isinstance(opening, int) and isinstance(closing, int)
        entries: list[Entry] = []
        at = 0
        while at < len(inner):
            size = 2 if isinstance(inner[at], int) and at + 1 < len(inner) else 1
            entries.append(self.entry(*inner[at : at + size]))
            at += size
        last = self.before.pop(closing, ())
        return Block(self.word(opening), tuple(entries), last, self.word(closing), inline)

    # ------------------------------------------------------------ phrases

    def doc(self, part: Tree[Token] | int) -> Doc:
        return self.word(part) if isinstance(part, int) else self.node(part)

    def node(self, node: Tree[Token], skip: int = 0) -> Doc:
        if node.data == "list":
            return self.bracketed(node)
        parts = self.parts(node, skip)
        rule = str(node.data)
        if any(isinstance(part, Line) for part in parts):
            return Group(parts, fill=rule in FILLS or rule in AFTER)
        return parts

    def parts(self, node: Tree[Token], skip: int = 0) -> tuple[Doc, ...]:
        rule = str(node.data)
        found = self.children(node)[skip:]
        before = BREAKS.get(rule, ()) + FILLS.get(rule, ())
        made: list[Doc] = []
        for number, part in enumerate(found):
            if isinstance(part, int) and self.tokens[part].type == "LBRACE":
                made.append(self.block(found[number:], inline=rule in INLINE))
                break
            name = self.tokens[part].type if isinstance(part, int) else str(part.data)
            if name in before and made:
                made.append(Line())
            if rule == "relaxed" and name == "relax":
                comma, *rest = self.parts(part) if isinstance(part, Tree) else ()
                made += [comma, Line(), tuple(rest)]
                continue
            if rule in _ARITHMETIC and name in _ARITHMETIC and not made and isinstance(part, Tree):
                made += self.parts(part)  # one sum, however the tree nests it
                continue
            tight = rule == "call" and name == "LPAR"
            tight |= rule in ("quantity", "at_day") and name == "NUMBER" and bool(made)
            tight &= rule != "at_day" or self.tokens[part - 1 if isinstance(part, int) else 0].type == "SIGN"
            made.append(self.word(part, glued=tight) if isinstance(part, int) else self.node(part))
            if name in AFTER.get(rule, ()):
                made.append(Line())
        return tuple(made)

    def bracketed(self, node: Tree[Token]) -> Bracketed:
        opening, *inner, closing = self.children(node)
        assert isinstance(opening, int) and isinstance(closing, int)
        items: list[tuple[Doc, Word]] = []
        for part, then in zip(inner, [*inner[1:], closing], strict=True):
            if isinstance(part, int) and self.tokens[part].type == "COMMA":
                continue
            if isinstance(then, int) and then != closing:
                items.append((self.doc(part), self.word(then)))
            else:  # the comma behind the last item is ours; a comment goes behind it
                end = part if isinstance(part, int) else self.range_of(part)[1] - 1
                comment = self.after.pop(end, "")
                items.append((self.doc(part), Word(",", True, after=comment)))
        return Bracketed(self.word(opening), tuple(items), self.word(closing))
