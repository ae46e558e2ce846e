"""Text laid out within a width: pieces that must stay together, places where a line may break.

A small pretty printer in the manner of Oppen and Wadler. Comments are part of it: one that ends a line makes
whatever follows begin the next; one with a line of its own keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

WIDTH = 100
INDENT = 2


@dataclass(frozen=True, slots=True)
class Comment:
    """`blank`: an empty line stands before it."""

    text: str
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A token. `glued`: no space before it. `before`: comments on lines of their own; `after`: one on its
    line.
    """

    text: str
    glued: bool = False
    before: tuple[Comment, ...] = ()
    after: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A place where the line may break."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces on one line if they fit; else every `Line` among them breaks, or, with `fill`, those that
    must.
    """

    parts: tuple[Doc, ...]
    fill: bool = False


@dataclass(frozen=True, slots=True)
class Bracketed:
    """`[a, b]`: on one line if it fits, else one item a line, each with a comma."""

    opening: Word
    items: tuple[tuple[Doc, Word], ...]  # each with the comma behind it
    closing: Word


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a block: its pieces, the comments before it, whether an empty line stands before it."""

    parts: tuple[Doc, ...]
    comments: tuple[Comment, ...] = ()
    blank: bool = False
    bullet: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """`{` entries `}`. `inline`: on one line where that fits."""

    opening: Word
    entries: tuple[Entry, ...]
    last: tuple[Comment, ...]  # comments before the closing brace
    closing: Word
    inline: bool = False


Doc = Word | Line | Group | Bracketed | Block | tuple["Doc", ...]


def commented(doc: Doc) -> bool:
    """Whether a comment stands in it."""
    match doc:
        case Word(before=before, after=after):
            return bool(before) or bool(after)
        case Line():
            return False
        case Group(parts=parts):
            return any(commented(part) for part in parts)
        case Bracketed(opening, items, closing):
            return (
                commented(opening)
                or commented(closing)
                or any(commented(item) or commented(comma) for item, comma in items)
            )
        case Block(opening, entries, last, closing):
            inner = any(one.comments or commented(one.parts) for one in entries)
            return bool(last) or inner or commented(opening) or commented(closing)
        case tuple():
            return any(commented(part) for part in doc)
        case _:
            assert_never(doc)


def has_block(doc: Doc) -> bool:
    """Whether a block that takes lines of its own stands in it."""
    match doc:
        case Block():
            return True
        case Group(parts=parts):
            return any(has_block(part) for part in parts)
        case Bracketed(items=items):
            return any(has_block(item) for item, _ in items)
        case tuple():
            return any(has_block(part) for part in doc)
        case _:
            return False


def flat(doc: Doc) -> list[Word]:
    """The words of a piece, all on one line."""
    match doc:
        case Word():
            return [doc]
        case Line():
            return []
        case Group(parts=parts):
            return [word for part in parts for word in flat(part)]
        case Bracketed(opening, items, closing):
            inner = [word for item, comma in items for word in (*flat(item), comma)][:-1]
            inner[:1] = [Word(one.text, True) for one in inner[:1]]
            return [opening, *inner, Word(closing.text, True)]
        case Block(opening, entries, _, closing):
            inner = [word for entry in entries for word in flat(entry.parts)]
            return [opening, *inner, Word(closing.text, glued=not inner)]
        case tuple():
            return [word for part in doc for word in flat(part)]
        case _:
            assert_never(doc)


def width(doc: Doc) -> int:
    """Columns of a piece on one line, the space before it included; up to the first line break in it."""
    size = 0
    for word in flat(doc):
        first, newline, _ = word.text.partition("\n")
        size += len(first) + (not word.glued)
        if newline:
            break
    return size


@dataclass
class Writer:
    """Lines as they grow. `base`: where the statement on the current line begins."""

    limit: int = WIDTH
    done: list[str] = field(default_factory=list)
    line: str = ""
    start: int = 0  # indentation of the line that is being written
    base: int = 0
    comment: str = ""  # stands at the end of the line once it ends
    glue: bool = True

    def text(self) -> str:
        self.end()
        return "".join(line + "\n" for line in self.done)

    def end(self) -> None:
        """End the line, if anything is on it."""
        said = self.line.rstrip() if not self.line.strip() else self.line
        if self.comment:
            said = f"{said}  {self.comment}"
        if said.strip():
            self.done.append(said)
        self.line, self.comment = "", ""

    def newline(self, indent: int) -> None:
        self.end()
        self.line, self.start, self.base, self.glue = " " * indent, indent, indent, True

    def comments(self, comments: tuple[Comment, ...], indent: int, *, first: bool = False) -> None:
        """Comments on lines of their own."""
        for one in comments:
            self.newline(indent)
            if one.blank and not first:
                self.done.append("")
            self.line += one.text
            first = False

    def word(self, word: Word, indent: int) -> None:
        """A word; a break that a comment asks for goes to `indent`."""
        if word.before:
            indent = indent if self.line.strip() else self.start
            self.comments(tuple(Comment(one.text) for one in word.before), indent)
            self.newline(indent)
        elif self.comment:
            self.newline(indent)
        self.line += word.text if word.glued or self.glue else f" {word.text}"
        self.glue = False
        if "\n" in word.text:
            *whole, self.line = self.line.split("\n")
            self.done += whole
        self.comment = word.after

    def room(self) -> int:
        return self.limit - len(self.line)

    # ------------------------------------------------------------ pieces

    def write(self, doc: Doc, indent: int, tail: int = 0) -> None:
        """`indent`: where a broken line goes on. `tail`: columns that follow on the last line."""
        match doc:
            case Word():
                self.word(doc, indent)
            case Line():
                pass
            case Group():
                self.group(doc, indent, tail)
            case Bracketed():
                self.bracketed(doc, tail)
            case Block():
                self.block(doc, tail)
            case tuple():
                self.sequence(doc, indent, tail)
            case _:
                assert_never(doc)

    def sequence(self, parts: tuple[Doc, ...], indent: int, tail: int) -> None:
        for number, part in enumerate(parts):
            self.write(part, indent, self.upto_break(parts[number + 1 :], tail))

    def upto_break(self, rest: tuple[Doc, ...], tail: int) -> int:
        """Columns that surely stay on the line: those up to the next place where it may break."""
        size = 0
        for part in rest:
            match part:
                case Line():
                    return size
                case Group(parts=inner):
                    until = next((n for n, one in enumerate(inner) if isinstance(one, Line)), len(inner))
                    size += width(inner[:until])
                    if until < len(inner):
                        return size
                case Block(opening=opening):
                    return size + width(opening)
                case Bracketed(opening=opening):
                    return size + width(opening)
                case _:
                    size += width(part)
        return size + tail

    def group(self, group: Group, indent: int, tail: int) -> None:
        fits = not commented(group.parts[1:]) and width(group.parts) + tail <= self.room()
        if fits and not has_block(group.parts[:-1]):
            self.sequence(group.parts, indent, tail)
            return
        parts = group.parts
        for number, part in enumerate(parts):
            rest = self.upto_break(parts[number + 1 :], tail)
            if not isinstance(part, Line):
                self.write(part, indent + INDENT, rest)
            elif not group.fill or self.breaks_here(parts[number + 1 :], rest, indent, tail):
                self.newline(indent)

    def breaks_here(self, rest: tuple[Doc, ...], least: int, indent: int, tail: int) -> bool:
        """Whether a line that is filled breaks: where what comes up to the next place would fit on a line of
        its own but not here, or where not even its beginning (`least`) fits.
        """
        until = next((number for number, one in enumerate(rest) if isinstance(one, Line)), len(rest))
        whole = width(rest[:until]) + (tail if until == len(rest) else 0)
        return least > self.room() or self.room() < whole <= self.limit - indent

    def bracketed(self, doc: Bracketed, tail: int) -> None:
        base = self.base
        if not commented(doc) and width(doc) + tail <= self.room():
            for word in flat(doc):
                self.word(word, base)
            return
        self.word(doc.opening, base + INDENT)
        for item, comma in doc.items:
            self.newline(base + INDENT)
            self.write(item, base + 2 * INDENT, 1)
            self.word(comma, base + INDENT)
        self.comments(tuple(Comment(one.text) for one in doc.closing.before), base + INDENT)
        self.newline(base)
        self.word(Word(doc.closing.text, after=doc.closing.after), base)

    def block(self, doc: Block, tail: int) -> None:
        base = self.base
        words = flat(doc)
        if not doc.entries and not doc.last and not doc.opening.after:
            self.word(doc.opening, base)
            self.word(Word(doc.closing.text, True, after=doc.closing.after), base)
            return
        calm = not commented(Block(doc.opening, doc.entries, doc.last, Word("")))
        if doc.inline and len(doc.entries) == 1 and calm and width(doc) + tail <= self.room():
            for word in words[:-1]:
                self.word(word, base)
            self.word(Word(doc.closing.text, after=doc.closing.after), base)
            return
        self.word(doc.opening, base)
        self.entries(doc.entries, base + INDENT)
        self.comments(doc.last, base + INDENT, first=not doc.entries)
        self.newline(base)
        self.word(Word(doc.closing.text, after=doc.closing.after), base)

    def entries(self, entries: tuple[Entry, ...], indent: int) -> None:
        """The lines of a block, of a file at `indent` 0."""
        for number, entry in enumerate(entries):
            self.comments(entry.comments, indent, first=number == 0)
            self.newline(indent)
            if entry.blank and (number or entry.comments):
                self.done.append("")
            if entry.bullet:
                self.word(Word("-"), indent)
                self.base = indent + INDENT
                self.write(entry.parts, indent + 2 * INDENT)
            else:
                self.write(entry.parts, indent + INDENT)
