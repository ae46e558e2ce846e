"""Text → syntax tree, with recovery: a broken statement costs one diagnostic, everything else is still in
the tree.

The text is parsed whole. Where the parser stops, the outline tells which statement is broken; it is
reported and left out, and reading goes on behind it, inside the same blocks (their headers are put before
the rest). When no mistake is left, the text without the broken statements is parsed once more: that is the
tree. So the work is about three times the text, however many mistakes there are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lark import Token, Tree
from lark.exceptions import LarkError, UnexpectedInput

from protodsl.diagnostics import Diagnostic, Fix, Label, diagnose
from protodsl.source import Source
from protodsl.syntax.checks import check_form, too_deep
from protodsl.syntax.grammar import parser
from protodsl.syntax.mistakes import Case, explain, unquoted
from protodsl.syntax.outline import DEPTH_LIMIT, STATEMENTS, Item, Outline, outline
from protodsl.syntax.pieces import HOLDERS, Pieces, Whole, cut

ERROR_LIMIT = 30
"""After so many mistakes of form in one file the rest is left unread."""

_NOT_NEWLINE = re.compile(r"[^\n]")
# Headers that stand in for broken ones, so that the statements inside are read all the same.
_HEADERS = {
    "protocol": "protocol x {",
    "stage": "stage x at x {",
    "cohort": "cohort x {",
    "inclusion": "inclusion 1 {",
    "exclusion": "exclusion 1 {",
    "part": "part 1 {",
    "objective": 'objective primary "" {',
    "endpoint": "endpoint x {",
    "arm": "arm x {",
    "intervention": "intervention x {",
    "regimen": "regimen x {",
    "visit": "visit x at x {",
    "activity": "activity x {",
    "measure": "measure x {",
    "equivalent": "equivalent x {",
    "patient": "patient x {",
    "scenario": 'scenario "" {',
    **{
        kind: f"{kind} x {{"
        for kind in ("lab", "drug", "condition", "state", "procedure", "question", "finding", "score")
    },
}
_MEANING = "means sex is male "
_KEPT = (
    "protocol",
    "stage",
    "cohort",
)  # broken headers of these are replaced in the tree, too, where there is room


@dataclass(frozen=True)
class Parsed:
    """A syntax tree (`start`), what was wrong with the text, and the places left out of the tree."""

    tree: Tree[Token]
    diagnostics: tuple[Diagnostic, ...]
    left_out: tuple[tuple[int, int], ...] = ()


def parse(source: Source) -> tuple[Tree[Token], list[Diagnostic]]:
    """The syntax tree of a text and its diagnostics. Any text gives a tree; nothing is raised."""
    parsed = parse_with_gaps(source)
    return parsed.tree, list(parsed.diagnostics)


def parse_with_gaps(source: Source, pieces: Pieces | None = None) -> Parsed:
    """`parse`, together with the places that were left out.

    With the `pieces` of the file as it was read before, only what has changed is parsed. The tree is then
    good until the next reading with them.
    """
    shape = outline(source.text)
    if shape.too_deep is not None:
        place = source.span(shape.too_deep, shape.too_deep + 1)
        found = diagnose("nesting-too-deep", place, limit=DEPTH_LIMIT)
        return Parsed(Tree("start", []), (found,), ((0, len(source.text)),))
    if pieces is None or not cut(shape):
        return _Recovery(source, shape).run()
    pieces.begin()
    parsed = _Recovery(source, shape, pieces).run()
    pieces.end()
    return parsed


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where the parser stopped, in the original text, and what it would have taken there."""

    pos: int
    accepted: frozenset[str]


@dataclass
class _Recovery:
    source: Source
    shape: Outline
    pieces: Pieces | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    edits: list[tuple[int, int, str]] = field(
        default_factory=list
    )  # text[start:end] becomes this, of equal length
    headers: dict[int, str] = field(
        default_factory=dict
    )  # start of an item → a header that stands in for its own
    dropped: set[int] = field(default_factory=set)  # starts of items left out
    closed: dict[int, int] = field(default_factory=dict)  # place of a `}` put in → place of its `{`

    def run(self) -> Parsed:
        self.balance()
        text = self.edited()
        offset, chain = 0, ""
        while len(self.diagnostics) < ERROR_LIMIT:
            refused = self.refused(text, chain, offset)
            if not isinstance(refused, _Stop):
                if offset == 0 and refused is not None:
                    return self.finish(refused)
                break
            step = self.step(refused.accepted, refused.pos, offset)
            if step is None:
                break
            offset, chain = step
        else:
            self.give_up(offset)
        return self.finish(self.parse_rest())

    def refused(self, text: str, chain: str, offset: int) -> _Stop | Tree[Token] | Whole | None:
        """Where the parser stops that reads from `offset` on inside the blocks of `chain`; the tree, or None
        for a tree that is of no use, where it does not.
        """
        if self.pieces is None or not _opens(chain):
            return self.parsed(text, chain, offset)
        inside = self.statement(text, offset)
        if inside is not None:  # in the midst of a piece: to its end first
            closing = "\n}" * len(inside.ancestors())
            stop = self.parsed(text[: inside.end] + closing, chain, offset)
            if isinstance(stop, _Stop):
                return stop if stop.pos < inside.end else self.parsed(text, chain, offset)
            offset = inside.end
        trouble = self.pieces.trouble(text, self.shape, offset)
        if trouble is None:
            return self.pieces.whole(text, self.shape) if offset == 0 else None
        item, before = trouble
        # A word that does not fit may go on with the statement before it, so that one is read again.
        first = item if before is None else before
        chain = self.chain(first.ancestors())
        later = first.parent is self.shape.root and first is not self.shape.root.children[0]
        chain = "language 1\n" if later and first.start > offset else chain
        stop = self.parsed(text, chain, first.start)
        return stop if isinstance(stop, _Stop) else None

    def parsed(self, text: str, chain: str, offset: int) -> _Stop | Tree[Token]:
        try:
            return parser().parse(chain + text[offset:])
        except UnexpectedInput as refused:
            return _Stop(self.place(refused, chain, offset, text), _accepted(refused))

    def statement(self, text: str, offset: int) -> Item | None:
        """The piece in whose midst an offset is."""
        item: Item | None = self.shape.item_at(offset)
        lines = None
        while item is not None and item.parent is not None:
            if item.word not in HOLDERS or item.open is None:
                lines = item
            item = item.parent
        return lines if lines is not None and lines.start < offset < lines.end else None

    # ------------------------------------------------------------ braces

    def balance(self) -> None:
        """Give every `{` its `}` and take out those that are too many, saying so."""
        text = self.source.text
        for start, end in self.shape.unclosed[:ERROR_LIMIT]:
            line, _ = self.source.position(start)
            indent = re.match(r"[ \t]*", self.source.line(line))
            closing = f"\n{indent.group() if indent else ''}}}"
            self.diagnostics.append(
                diagnose(
                    "unclosed-brace",
                    self.source.span(start, start + 1),
                    labels=[
                        Label(self.source.span(end, end), "`}` is missing here, as the indentation shows")
                    ],
                    fix=Fix(self.source.span(end, end), closing, "add the missing `}`"),
                    bracket="{",
                    closing="}",
                )
            )
        for start, end in self.shape.unclosed:
            self.closed[self.insert("}", end, text)] = start
        for item in self.shape.unopened[:ERROR_LIMIT]:
            end = item.open or 0
            said = " ".join(text[item.start : end].split())
            fix = Fix(self.source.span(end, end), " {", "add the missing `{`")
            place = self.source.span(item.start, end)
            short = said if len(said) <= 50 else item.word
            self.diagnostics.append(diagnose("unopened-block", place, name=short, fix=fix))
            self.insert("{", end, text)
            self.headers[item.start] = f"{text[item.start : end]} {{"
        for start in self.shape.stray[:ERROR_LIMIT]:
            place = self.source.span(start, start + 1)
            fix = Fix(place, "", "remove it")
            self.diagnostics.append(diagnose("stray-bracket", place, bracket="}", opening="{", fix=fix))
        self.edits += [(start, start + 1, " ") for start in self.shape.stray]

    def insert(self, brace: str, place: int, text: str) -> int:
        """Put a brace in the place of the next blank."""
        taken = {start for start, _, _ in self.edits}
        while place < len(text) and (place in taken or not text[place].isspace()):
            place += 1
        self.edits.append((place, place + 1, brace))
        return place

    def edited(self) -> str:
        """The text with all edits; as long as the original, or longer by braces at its end."""
        text, pieces, at = self.source.text, [], 0
        last = max((end for _, end, _ in self.edits), default=0)
        if last > len(text):
            text += " " * (last - len(text))
        for start, end, words in sorted(self.edits):
            if end <= at:
                continue
            start = max(start, at)
            pieces += [text[at:start], words[-(end - start) :] if len(words) >= end - start else words]
            at = end
        return "".join([*pieces, text[at:]])

    # ------------------------------------------------------------ one mistake

    def place(self, refused: UnexpectedInput, chain: str, offset: int, text: str) -> int:
        """Where the parser stopped, in the original text: at a word, never at the blanks before it."""
        token = getattr(refused, "token", None)
        at = refused.pos_in_stream
        if token is not None and token.type == "$END":
            return len(text)
        pos = max(offset, (len(chain) if at is None else at) - len(chain) + offset)
        while pos < len(text) and text[pos].isspace():
            pos += 1
        return pos

    def step(self, accepted: frozenset[str], pos: int, offset: int) -> tuple[int, str] | None:
        """Report one mistake and leave its statement out: where to read on, and inside which headers. None:
        nowhere.
        """
        blamed, silent = self.blame(pos, offset, accepted)
        if blamed is None:
            return None
        if not silent:
            mark = next(
                (at for at in self.shape.open_texts if blamed.start <= at < max(blamed.end, pos + 1)), None
            )
            self.diagnostics.append(explain(Case(self.source, blamed, pos, accepted, mark)))
        header = blamed.open is not None and pos <= blamed.open and _HEADERS.get(blamed.word)
        if header and blamed.open is not None and blamed.open + 1 > offset:
            self.headers[blamed.start] = header
            room = blamed.open + 1 - blamed.start
            if blamed.word in _KEPT and len(header) <= room:
                name = f"x{len(self.diagnostics)}"
                unique = header.replace(" x", f" {name}", 1)
                kept = unique if len(unique) <= room else header
                self.edits.append((blamed.start, blamed.open + 1, kept.ljust(room)))
            else:
                self.drop(blamed)
            return blamed.open + 1, self.chain([*blamed.ancestors(), blamed])
        self.drop(blamed)
        if blamed.end <= offset:
            return None
        # A block whose `}` is missing may end where the statement does.
        return blamed.end, self.chain([one for one in blamed.ancestors() if one.end > blamed.end])

    def blame(self, pos: int, offset: int, accepted: frozenset[str]) -> tuple[Item | None, bool]:
        """The statement that is broken, and whether it is so only because something in it was left out
        before.
        """
        complete = bool(accepted & {"RBRACE", "$END"})
        item = self.shape.item_at(pos)
        root = self.shape.root
        closing = item is not root and item.close == pos
        end_of_all = item is root and pos >= len(self.source.text)
        candidate: Item | None = item
        if closing or end_of_all or item is root:
            earlier = [child for child in item.children[-1:] if child.start < pos]
            if item is root and not end_of_all:
                earlier = [child for child in item.children if child.start < pos][-1:]
            candidate = earlier[0] if earlier else (None if item is root else item)
        elif item.start == pos and not complete and item.parent is not None:
            index = item.parent.children.index(item)
            if index:
                candidate = item.parent.children[index - 1]
            elif item.parent is not root:
                candidate = item.parent
        elif item.parent is not None and pos > item.start and complete:
            index = item.parent.children.index(item)
            before = item.parent.children[index - 1] if index else None
            field = before is not None and before.end > offset and before.word not in STATEMENTS
            if before is not None and field and unquoted(self.source.text[before.start : before.end]):
                candidate = before  # its last word was read as a field, and our first as its value
        if candidate is None:
            return None, False
        if candidate.end <= offset or candidate.start in self.dropped:
            parent = candidate.parent if candidate.parent is not root else None
            if item.start == pos and item is not candidate and item.end > offset:
                return item, False
            return parent, True
        return candidate, False

    def drop(self, item: Item) -> None:
        self.dropped.add(item.start)
        text = self.source.text
        define = item.parent
        size = item.end - item.start
        if item.word == "means" and define is not None and define.open is not None and size >= len(_MEANING):
            # A definition cannot do without its meaning; with one put in, its name is still known.
            self.edits.append((item.start, item.end, _MEANING.ljust(size)))
            self.headers[define.start] = f"{text[define.start : define.open + 1]} {_MEANING}"
            return
        at = item.start
        for place, opening in sorted(self.closed.items()):
            if item.start <= opening < item.end:  # put in for a block that now goes itself
                self.edits = [one for one in self.edits if one[:2] != (place, place + 1) or one[2] != "}"]
            elif at <= place < item.end:  # closes a block around the statement
                self.edits.append((at, place, _NOT_NEWLINE.sub(" ", text[at:place])))
                at = place + 1
        self.edits.append((at, item.end, _NOT_NEWLINE.sub(" ", text[at : item.end])))

    def chain(self, ancestors: list[Item]) -> str:
        """The headers of the blocks one stands in, as text to put before what is read next."""
        text = self.source.text
        parts = [
            self.headers.get(
                item.start, text[item.start : (item.open if item.open is not None else item.start) + 1]
            )
            for item in ancestors
        ]
        return "".join(f"{part}\n" for part in parts)

    # ------------------------------------------------------------ the tree

    def give_up(self, offset: int) -> None:
        """Too many mistakes: leave out whatever follows, block by block."""
        text = self.source.text
        place = self.source.span(min(offset, len(text)), min(offset, len(text)))
        self.diagnostics.append(diagnose("too-many-errors", place, count=len(self.diagnostics)))
        stack = [self.shape.root]
        while stack:
            for child in stack.pop().children:
                if child.start >= offset:
                    self.drop(child)
                elif child.end > offset:
                    stack.append(child)

    def parse_rest(self) -> Tree[Token] | Whole:
        """The text without what was left out. What still does not fit costs the declaration it stands in."""
        whole = None if self.pieces is None else self.pieces.whole(self.edited(), self.shape)
        if whole is not None:
            return whole
        for _ in range(ERROR_LIMIT):
            text = self.edited()
            try:
                return parser().parse(text)
            except UnexpectedInput as refused:
                pos = self.place(refused, "", 0, text)
                accepted = _accepted(refused)
                blamed, _ = self.blame(pos, 0, accepted)
                while blamed is not None and blamed.start in self.dropped:
                    blamed = blamed.parent if blamed.parent is not self.shape.root else None
                if blamed is None:
                    break
                if not self.diagnostics:
                    self.diagnostics.append(explain(Case(self.source, blamed, pos, accepted, None)))
                self.drop(blamed)
                if len(text) > 200_000:
                    break
        self.edits.append((0, len(self.source.text), _NOT_NEWLINE.sub(" ", self.source.text)))
        return Tree("start", [])

    def finish(self, made: Tree[Token] | Whole) -> Parsed:
        tree, told = (made.tree, made.telling) if isinstance(made, Whole) else (made, [made])
        deep = too_deep(tree) if told else None
        if deep is not None:
            place = self.source.span(deep, deep + 1)
            self.diagnostics.append(diagnose("nesting-too-deep", place, limit=DEPTH_LIMIT))
            return Parsed(Tree("start", []), tuple(self.diagnostics), ((0, len(self.source.text)),))
        for one in told:
            self.diagnostics += check_form(self.source, one)
        self.diagnostics.sort(key=lambda found: (found.span.start, found.span.end, found.code))
        gaps = tuple((start, end) for start, end, _ in sorted(self.edits) if end - start > 1)
        return Parsed(tree, tuple(self.diagnostics), gaps)


def _opens(chain: str) -> bool:
    """Whether blocks may stand in one another as their headers do."""
    try:
        parser().parse_interactive(chain).exhaust_lexer()
    except UnexpectedInput:
        return False
    return True


def _accepted(refused: UnexpectedInput) -> frozenset[str]:
    """Terminals that could have stood where the parser stopped."""
    cursor = getattr(refused, "interactive_parser", None)
    if cursor is not None:
        try:
            return frozenset(cursor.accepts())
        except LarkError:
            pass
    names = (
        getattr(refused, "accepts", None)
        or getattr(refused, "expected", None)
        or getattr(refused, "allowed", None)
    )
    return frozenset(names or ())
