"""Blocks of fields: each field is stated (and where), not applicable (and why), or not stated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from lark import Token, Tree

from protodsl import fields, ir
from protodsl.elaborate.criteria import Words
from protodsl.elaborate.quotations import Document
from protodsl.elaborate.scope import Child, Context, Node, string, suggest


def section(
    ctx: Context, block: str, children: Sequence[Child], document: Document | None, at: Child = None
) -> ir.Section:
    """The fields of one block. Unknown fields are reported; what is missing is found by `missing_fields`."""
    words = Words()
    made: list[tuple[str, ir.Field]] = []
    for child in children:
        if words.take(ctx, child) or not (isinstance(child, Tree) and child.data == "field"):
            continue
        key, value = cast(Token, child.children[0]), child.children[1]
        if fields.find(block, str(key)) is None:
            meant = fields.suggest(block, str(key))
            other = (
                None if meant is None else meant[1] if meant[0] == block else f"{meant[1]}` in `{meant[0]}"
            )
            ctx.report("unknown-field", key, field=str(key), block=f"`{block}`", suggestion=other)
            continue
        if any(name == str(key) for name, _ in made):
            ctx.report("duplicate-field", key, field=str(key), block="this block")
            continue
        made.append((str(key), field_value(ctx, block, str(key), value, document)))
    return ir.Section(block, tuple(made), tuple(words.source), tuple(words.clarify), tuple(words.notes))


def missing_fields(ctx: Context, block: str, made: ir.Section, features: Collection[str], at: Child) -> None:
    missing = [spec.name for spec in fields.missing(block, [name for name, _ in made.fields], features)]
    if missing:
        ctx.report("fields-not-said", at, block=f"`{block}`", fields=", ".join(missing), first=missing[0])


def all_not_stated(
    ctx: Context, made: ir.Section, said: Node, features: Collection[str], document: Document | None
) -> ir.Section:
    """`ethics not stated`: each field a reviewer expects in the block is not stated."""
    value = field_value(ctx, made.name, "", said, document)
    return replace(made, fields=tuple((spec.name, value) for spec in fields.missing(made.name, (), features)))


def field_value(ctx: Context, block: str, name: str, value: Child, document: Document | None) -> ir.Field:
    match value:
        case Tree("not_stated", children):
            return ir.NotStated(string(children[0]) if children else None)
        case Tree("not_applicable", [why]):
            return ir.NotApplicable(string(why))
        case Tree("texts", children):
            texts = [string(child) for child in children]
            return ir.Stated("; ".join(texts), line_of(document, texts[0], name))
        case Tree("word", [Token() as word]):
            spec = fields.find(block, name)
            known = None if spec is None else spec.word_label(str(word))
            if known is None and spec is not None and spec.words:
                words = [key for key, _ in spec.words]
                ctx.report(
                    "unknown-word",
                    word,
                    word=str(word),
                    field=name,
                    suggestion=suggest(str(word), words),
                    expected=words,
                )
            return ir.Stated(known or label(ctx, word))
        case Tree("date", [Token() as token]):
            try:
                date.fromisoformat(str(token) if len(token) == 10 else f"{token}-01")
            except ValueError:
                ctx.report("bad-date", token, text=str(token))
            return ir.Stated(str(token))
        case Tree("range", [Tree() as low, high]):
            text = words_of_quantity(low)
            if isinstance(high, Tree):
                text += f" to {words_of_quantity(high)}"
            return ir.Stated(text)
        case Tree("list"):
            names = list(value.scan_values(lambda token: isinstance(token, Token)))
            return ir.Stated(", ".join(label(ctx, token) for token in names))
    raise AssertionError(value)


def label(ctx: Context, token: Token) -> str:
    """The label of a vocabulary item or of a panel, else the words of the name."""
    if str(token) in ctx.scope.panel_labels:
        ctx.scope.used.add(str(token))
        return ctx.scope.panel_labels[str(token)]
    item = ctx.scope.items.get(str(token))
    if item is None:
        return str(token).replace("_", " ")
    ctx.scope.used.add(item.name)
    return item.label


def line_of(document: Document | None, text: str, field: str = "") -> int | None:
    """The line of the source document on which a text begins word for word, if it stands there.

    A text that is hardly more than a number stands in many places by chance: it counts behind its field's
    name ("Phase 1"), or where it stands once only.
    """
    if document is None or not text:
        return None
    if len(text) < 12 and text[0].isdigit():
        places = document.places(f"{field.replace('_', ' ')} {text}") or document.places(text)
        return document.line(places[0]) if len(places) == 1 else None
    found = document.find(text, cover=False)
    return None if found is None else found.line


def words_of_quantity(tree: Node) -> str:
    said = ""
    for child in tree.children:
        if isinstance(child, Token):
            said += f" {child}" if child.type == "UNIT" and child not in ("%",) else str(child)
    return said.replace("_", " ")
