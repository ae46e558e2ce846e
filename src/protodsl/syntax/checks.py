"""Rules of form the grammar does not hold because a clear sentence is better than a refusal: checked on the
tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from lark import Token, Tree

from protodsl.diagnostics import Diagnostic, Fix, Label, diagnose
from protodsl.source import Source, Span

TREE_DEPTH_LIMIT = 250
"""Deeper trees are refused: whoever walks them in Python would run out of stack."""


def check_form(source: Source, tree: Tree[Token]) -> list[Diagnostic]:
    """Diagnostics of form in a tree that parsed."""
    found: list[Diagnostic] = []
    for node in subtrees(tree):
        match node:
            case Tree(data="not_", children=[Tree(data="event" | "state" | "reaction") as inner]):
                found.append(_not_before_verb(source, node, inner))
            case Tree(
                data="require" | "exclude",
                children=[
                    Tree(data="and_chain" | "or_chain" | "relaxed" | "implies") as chain,
                    Tree() as exception,
                ],
            ):
                found.append(_unless_after_chain(source, chain, exception))
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


def _unless_after_chain(source: Source, chain: Tree[Token], exception: Tree[Token]) -> Diagnostic:
    start, end = span_of(chain)
    later, last = span_of(exception)
    place: Span = source.span(start, end)
    fix = Fix(place, f"({source.text[start:end]})", "put brackets round it")
    label = Label(source.span(later, last), "the exception")
    return diagnose("unless-after-chain", place, labels=[label], fix=fix)
