"""Rules of form that the grammar does not hold: checked on the tree, where a clear sentence can be said."""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token, Tree

from protodsl.diagnostics import Diagnostic, Fix, Label, diagnose
from protodsl.source import Source

TREE_DEPTH_LIMIT = 250
"""Deeper trees are refused: whoever walks them in Python would run out of stack."""


def check_form(source: Source, tree: Tree[Token]) -> list[Diagnostic]:
    """Diagnostics of form in a tree that parsed."""
    found: list[Diagnostic] = []
    for node in subtrees(tree):
        match node:
            case Tree(data="not_", children=[Tree(data="event" | "state" | "reaction") as inner]):
                found.append(_not_before_verb(source, node, inner))
            case Tree(data="and_chain" | "or_chain", children=[*members]):
                found += _window_on_last(source, members)
            case _:
                pass
    return found


def too_deep(tree: Tree[Token]) -> int | None:
    """Where a tree is deeper than can be walked, as the offset of that node; None if it is not."""
    level: list[Tree[Token]] = [tree]
    for _ in range(TREE_DEPTH_LIMIT):
        level = [child for node in level for child in node.children if isinstance(child, Tree)]
        if not level:
            return None
    return span_of(level[0])[0]


def subtrees(tree: Tree[Token]) -> Iterator[Tree[Token]]:
    """The tree and every tree in it, each before what is inside it, in the order of the text."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += [child for child in reversed(node.children) if isinstance(child, Tree)]


def span_of(tree: Tree[Token]) -> tuple[int, int]:
    """Offsets of a subtree; (0, 0) if it holds no token."""
    return (getattr(tree.meta, "start_pos", 0), getattr(tree.meta, "end_pos", 0))


def _not_before_verb(source: Source, node: Tree[Token], inner: Tree[Token]) -> Diagnostic:
    start, end = span_of(node)
    inner_start, inner_end = span_of(inner)
    words = source.text[inner_start:inner_end]
    said = " ".join(words.split())
    suggestion: str | None = None
    fix: Fix | None = None
    match inner:
        case Tree(data="state", children=[None, *_]) if said.startswith("is "):
            suggestion = "is not" + said[2:]
        case Tree(data="event", children=[Tree(data="verb", children=[Token() as verb]), None, *_]):
            rest = source.text[verb.end_pos or 0 : inner_end]
            suggestion = f"{verb} no{' '.join(rest.split()).join((' ', ''))}" if rest.strip() else None
        case _:
            pass
    if suggestion is not None:
        fix = Fix(source.span(start, end), suggestion, f"write `{suggestion}`")
        suggestion = suggestion if len(suggestion) <= 60 else None
    return diagnose("not-before-verb", source.span(start, inner_start), suggestion=suggestion, fix=fix)


_WINDOWS = frozenset(
    (
        *("within_before", "within_after", "within_of", "at_least_before", "at_least_after"),
        *("before", "after", "since", "until", "from_to", "ever"),
    )
)


def _window_on_last(source: Source, members: list[Tree[Token] | Token]) -> list[Diagnostic]:
    """A chain of statements of one kind whose last one alone has a window: did the author mean it for all?"""
    kinds = {_kind(member) for member in members}
    if len(kinds) != 1 or None in kinds:
        return []
    windows = [
        next((one for one in member.children if isinstance(one, Tree) and one.data in _WINDOWS), None)
        for member in members
        if isinstance(member, Tree)
    ]
    if windows[-1] is None or any(windows[:-1]):
        return []
    start, end = span_of(windows[-1])
    words = " ".join(source.text[start:end].split())
    label = (
        Label(source.span(*span_of(members[0])), "no window here") if isinstance(members[0], Tree) else None
    )
    return [
        diagnose("window-on-last", source.span(start, end), window=words, labels=[label] if label else [])
    ]


def _kind(member: Tree[Token] | Token) -> str | None:
    """What may have been said of all members together: values compared, or one verb of several things."""
    match member:
        case Tree(data="compare" | "between" | "is_"):
            return "value"
        case Tree(data="event", children=[Tree(data="verb", children=[Token() as verb]), no, *_]):
            return None if verb == "has" else f"{verb} {no}"
        case _:
            return None
