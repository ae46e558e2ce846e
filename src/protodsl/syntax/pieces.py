"""Reading a text piece by piece, so that after an edit only what changed is read again.

A piece is a statement of the file, of a protocol, a stage or a cohort, as the outline cuts the text. Each is
parsed by itself, from the state in which the parser stands behind the block's `{`, and kept under its own
words. The grammar is unambiguous, so pieces that can be read alone are read the same in the whole text, if
only the first word of each is the same word behind the piece before it; that is tried. Where it is not so,
or a piece cannot be read, the text is parsed whole, as it is without pieces.

Trees are kept where they are and moved: their offsets are right in the text that was read last, and the line
and column of their tokens, which nothing asks for, are those within the piece.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from protodsl.source import Source
from protodsl.syntax.checks import check_form
from protodsl.syntax.grammar import parser
from protodsl.syntax.outline import Item, Outline

Child = Tree[Token] | Token | None

HOLDERS = ("protocol", "stage", "cohort")
"""Blocks that are read in pieces."""

FIRST, LATER = "first", "later"  # the file itself: only its first statement may be `language`
_INSIDE = (
    *("protocol x {", 'protocol x "" {'),
    *("stage x at x {", 'stage x "" at x {', "stage x at x requires x {", 'stage x "" at x requires x {'),
    *("cohort x {", 'cohort x "" {'),
)
"""Blocks, in all forms of their head: the parser is in another state in each."""
_PLAIN = {form.split()[0]: form for form in reversed(_INSIDE)}  # where the head itself cannot be read
_PLAIN_DEPTH = 100
_BRACE = "RBRACE"


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The parser behind the `{` of a block: its stacks, blocks to close, children an empty one has."""

    states: tuple[Any, ...]
    values: tuple[Any, ...]
    depth: int
    own: int


@cache
def _beginning(block: str) -> _Beginning:
    """Of the file, or of a block by the form of its head."""
    words = {FIRST: "", LATER: "language 1"}.get(block, block)
    if block in _INSIDE and not block.startswith("protocol"):
        words = f"protocol x {{ {block}"
    depth = words.count("{")
    cursor = parser().parse_interactive(words)
    cursor.exhaust_lexer()
    state = cursor.parser_state
    states, values = tuple(state.state_stack), tuple(state.value_stack)
    return _Beginning(states, values, depth, len(_closed(cursor, depth).children))


@cache
def _forms() -> dict[Any, str]:
    """The parser's state behind the `{` of a block → the form of its head."""
    return {_beginning(form).states[-1]: form for form in _INSIDE}


def _closed(cursor: Any, depth: int) -> Tree[Token]:
    """The innermost block, with the end of the text put behind it. Raises UnexpectedInput."""
    for _ in range(depth):
        cursor.feed_token(Token(_BRACE, "}", 0, 1, 1, 1, 2, 1))
    tree: Tree[Token] = cursor.feed_eof()
    for _ in range(depth):
        inner = tree.children[-1]
        assert isinstance(inner, Tree)
        tree = inner
    return tree


def _cursor(block: str, text: str) -> Any:
    begun = _beginning(block)
    cursor = parser().parse_interactive(text)
    cursor.parser_state.state_stack[:] = begun.states
    cursor.parser_state.value_stack[:] = begun.values
    return cursor


@dataclass(slots=True)
class Piece:
    """What was read alone. `trees` stand at `at`; `behind` is the parser's state after the last word, `first`
    the kind and text of the first one, `agreed` the states behind which that one is read the same."""

    text: str
    at: int
    trees: list[Child]
    behind: int
    first: tuple[str, str]
    plain: bool  # nothing to say about its form
    own: int = 0  # of the head of a block: how many children it has before those of its pieces
    form: str = ""  # of the head of a block: which it is
    agreed: dict[int, bool] = field(default_factory=dict)
    round: int = 0

    def follows(self, state: int) -> bool:
        """Whether the first word is the same word where the parser is in this state."""
        if state not in self.agreed:
            cursor: Any = parser().parse_interactive(self.text)
            cursor.parser_state.state_stack[:] = [state]
            try:
                token = next(iter(cursor.lexer_thread.lex(cursor.parser_state)), None)
            except UnexpectedInput:
                token = None
            self.agreed[state] = token is not None and (token.type, str(token)) == self.first
        return self.agreed[state]

    def move(self, to: int) -> None:
        by = to - self.at
        if not by:
            return
        self.at = to
        stack = [*self.trees]
        while stack:
            node = stack.pop()
            if isinstance(node, Tree):
                meta = node.meta
                if not meta.empty:
                    meta.start_pos += by
                    meta.end_pos += by
                stack += node.children[: self.own] if node is self.trees[0] and self.own else node.children
            elif node is not None:
                assert node.start_pos is not None and node.end_pos is not None
                node.start_pos += by
                node.end_pos += by


def _read(block: str, text: str) -> Piece | None:
    """A statement of a block, read alone; None if it is none."""
    cursor = _cursor(block, text)
    begun = _beginning(block)
    state = cursor.parser_state
    try:
        tokens = cursor.exhaust_lexer()
        left = begun.depth and any(a is not b for a, b in zip(begun.values, state.value_stack, strict=False))
        if not tokens or left or len(state.value_stack) < len(begun.values):
            return None
        behind = state.position
        trees: list[Child] = list(_closed(cursor, begun.depth).children[begun.own :])
    except UnexpectedInput:
        return None
    alone = Tree("start", [one for one in trees if one is not None])
    plain = not check_form(Source("", text), alone) and _height(alone) <= _PLAIN_DEPTH
    return Piece(text, 0, trees, behind, (tokens[0].type, str(tokens[0])), plain)


def _head(block: str, text: str) -> Piece | None:
    """The head of a block, up to its `{`: the block as a tree without what it holds."""
    cursor = _cursor(block, text)
    begun = _beginning(block)
    try:
        tokens = cursor.exhaust_lexer()
        state = cursor.parser_state
        form = _forms().get(state.position)
        if form is None:
            return None
        cursor.feed_token(Token(_BRACE, "}", 0, 1, 1, 1, 2, 1))
        behind = state.position
        (tree,) = _closed(cursor, begun.depth).children[begun.own :]
    except UnexpectedInput:
        return None
    assert isinstance(tree, Tree)
    return Piece(text, 0, [tree], behind, (tokens[0].type, str(tokens[0])), True, len(tree.children), form)


def _height(tree: Tree[Token]) -> int:
    level, height = [tree], 0
    while level:
        level = [child for node in level for child in node.children if isinstance(child, Tree)]
        height += 1
    return height


@dataclass(slots=True)
class Whole:
    """A text put together from its pieces. `telling`: the parts of the tree whose form is to be looked at."""

    tree: Tree[Token]
    telling: list[Tree[Token]]


@dataclass
class Pieces:
    """The pieces of one file, as it was read last."""

    known: dict[tuple[str, str], list[Piece]] = field(default_factory=dict)
    heads: dict[tuple[str, str], list[Piece]] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)
    touched: set[tuple[str, str]] = field(default_factory=set)
    round: int = 0

    def begin(self) -> None:
        """A text is about to be read."""
        self.touched.clear()

    def end(self) -> None:
        """The text is read: what it did not hold is forgotten."""
        for kept in (self.known, self.heads):
            for key in [key for key in kept if key not in self.touched]:
                del kept[key]
            for copies in kept.values():
                if len(copies) > 1:
                    copies[1:] = [one for one in copies[1:] if one.round == self.round]
        self.refused &= self.touched

    def trouble(self, text: str, shape: Outline, offset: int) -> tuple[Item, Item | None] | None:
        """The first statement from `offset` on that cannot be read alone, or not behind the one before it,
        with that one (None: there is none from `offset` on, or it ends with its block). None: all can be
        read.
        """
        return self._trouble(text, shape.root, FIRST, offset)

    def _trouble(self, text: str, holder: Item, block: str, offset: int) -> tuple[Item, Item | None] | None:
        before: Item | None = None
        behind: int | None = None
        for item in holder.children:
            if item.end > offset and not text[item.start : item.end].isspace():
                begun = item.start < offset
                if begun and not _holds(item):
                    continue
                piece = self._piece(block, item, text)
                if not begun and (piece is None or (behind is not None and not piece.follows(behind))):
                    return item, before
                if _holds(item):
                    form = _PLAIN[item.word] if piece is None else piece.form
                    found = self._trouble(text, item, form, offset)
                    if found is not None:
                        return found
                behind = None if piece is None else piece.behind
                before = None if _holds(item) else item
            block = LATER if block == FIRST else block
        return None

    def whole(self, text: str, shape: Outline) -> Whole | None:
        """The tree of the text; None where its pieces do not make one."""
        self.round += 1
        telling: list[Tree[Token]] = []
        children = self._inside(text, shape.root, FIRST, telling)
        if children is None:
            return None
        tree: Tree[Token] = Tree("start", children)  # type: ignore[arg-type]  # lark has None, its types not
        ends = [child.meta for child in children if isinstance(child, Tree) and not child.meta.empty]
        if ends:
            tree.meta.start_pos, tree.meta.end_pos = ends[0].start_pos, ends[-1].end_pos
            tree.meta.empty = False
        return Whole(tree, telling)

    def _inside(self, text: str, holder: Item, block: str, telling: list[Tree[Token]]) -> list[Child] | None:
        made: list[Child] = []
        behind: int | None = None
        for item in holder.children:
            if not text[item.start : item.end].isspace():
                piece = self._piece(block, item, text)
                if piece is None or (behind is not None and not piece.follows(behind)):
                    return None
                piece = self._claimed(block, item, piece)
                piece.move(item.start)
                behind = piece.behind
                if _holds(item):
                    (tree,) = piece.trees
                    inner = self._inside(text, item, piece.form, telling)
                    if inner is None:
                        return None
                    assert isinstance(tree, Tree)
                    tree.children[piece.own :] = inner  # type: ignore[assignment]  # as above
                    tree.meta.end_pos = item.end
                elif not piece.plain:
                    telling += [one for one in piece.trees if isinstance(one, Tree)]
                made += piece.trees
            block = LATER if block == FIRST else block
        return made

    def _piece(self, block: str, item: Item, text: str) -> Piece | None:
        """The statement, or the head of the block, read alone; None if it cannot be."""
        head = _holds(item)
        words = text[item.start : item.end if not head else (item.open or item.start) + 1]
        key = (block, words)
        self.touched.add(key)
        kept = self.heads if head else self.known
        if key in kept:
            return kept[key][0]
        made = None if key in self.refused else _head(block, words) if head else _read(block, words)
        if made is None:
            self.refused.add(key)
        else:
            kept[key] = [made]
        return made

    def _claimed(self, block: str, item: Item, piece: Piece) -> Piece:
        """A piece of these words that stands nowhere else in the text."""
        head = _holds(item)
        kept = (self.heads if head else self.known)[block, piece.text]
        free = next((one for one in kept if one.round != self.round), None)
        if free is None:
            free = _head(block, piece.text) if head else _read(block, piece.text)
            assert free is not None
            kept.append(free)
        free.round = self.round
        return free


def _holds(item: Item) -> bool:
    return item.word in HOLDERS and item.open is not None and item.close is not None


def cut(shape: Outline) -> bool:
    """Whether the outline cuts the text well: every block that is read in pieces has both its braces."""
    stack = [shape.root]
    broken = {id(item) for item in shape.unopened}
    while stack:
        for item in stack.pop().children:
            if item.word in HOLDERS and item.open is not None:
                if item.close is None or id(item) in broken:
                    return False
                stack.append(item)
    return True
