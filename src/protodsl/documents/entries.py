"""Fields of the protocol's blocks as entries of the document, in the order of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import assert_never

from protodsl import fields, ir
from protodsl.documents.blocks import Entry
from protodsl.documents.language import named, say


def sections_by_name(protocol: ir.Protocol) -> dict[str, ir.Section]:
    """The protocol's own fields and its blocks, by name; blocks the file leaves out are empty."""
    found = {section.name: section for section in protocol.sections}
    empty = {name: ir.Section(name, ()) for name in fields.SINGLE_BLOCKS}
    return {**empty, **found, "protocol": protocol.header}


def features(protocol: ir.Protocol) -> tuple[fields.Feature, ...] | None:
    """The trial's features; None where the file does not say."""
    stated = sections_by_name(protocol)["design"].get("features")
    return fields.features_in(stated.text) if isinstance(stated, ir.Stated) else None


def entry(spec: fields.FieldSpec, field: ir.Field | None, prefix: str = "") -> Entry:
    """`prefix`: whose field it is, where there are several ("MC-1-50: route")."""
    made = Entry(
        named(spec.label), "not stated", section=spec.section, spirit=spec.spirit, m11=spec.m11, who=spec.who,
        owner=prefix,
    )  # fmt: skip
    match field:
        case ir.Stated(text, line):
            return replace(made, state="stated", text=worded(spec, text), line=line)
        case ir.NotStated(why):
            return replace(made, text=why or "")
        case ir.NotApplicable(why):
            return replace(made, state="not applicable", text=why)
        case None:
            return replace(made, text=say("the protocol file says nothing about it"))
        case _:
            assert_never(field)


def worded(spec: fields.FieldSpec, text: str) -> str:
    """A bare word of the language by its label; anything else as it is."""
    label = spec.word_label(text)
    if label is None and any(text == known for _, known in spec.words):
        label = text  # the author wrote out what a bare word stands for
    return named(label) if label else text


def phase(stated: str) -> str:
    """The number alone, to stand behind "phase": "Phase 2, Phase 3" is "2/3"."""
    return re.sub(r"\bphase\s+", "", stated, flags=re.IGNORECASE).replace(", ", "/")


def block_entries(
    block: str, section: ir.Section, known: Collection[fields.Feature] | None, prefix: str = ""
) -> tuple[Entry, ...]:
    """All fields of a block that are given or required.

    A field required only of trials with a feature this one lacks is not applicable; optional fields that the
    file leaves out are left out here too.
    """
    made: list[Entry] = []
    for spec in fields.BLOCKS[block]:
        field = section.get(spec.name)
        if field is not None or spec.is_required(known or ()):
            made.append(entry(spec, field, prefix))
        elif isinstance(spec.required, str):
            feature = named(dict(fields.FEATURES)[spec.required])
            why = (
                ir.NotApplicable(say("asked of trials with this feature: {feature}", feature=feature))
                if known is not None
                else None
            )
            made.append(entry(spec, why, prefix))
    return tuple(made)


def single_entries(protocol: ir.Protocol) -> tuple[Entry, ...]:
    """Entries of the blocks of which a protocol has one each."""
    blocks, known = sections_by_name(protocol), features(protocol)
    return tuple(made for name in fields.SINGLE_BLOCKS for made in block_entries(name, blocks[name], known))


def said(protocol: ir.Protocol, block: str, name: str) -> str | None:
    """What the protocol states in a field, a bare word by its label; None where it states nothing."""
    field = sections_by_name(protocol)[block].get(name)
    spec = fields.find(block, name)
    if not isinstance(field, ir.Stated):
        return None
    return worded(spec, field.text) if spec is not None else field.text


def identifier(protocol: ir.Protocol) -> str:
    """The trial's registration number or, without one, the protocol's name."""
    return said(protocol, "identifiers", "registry_number") or protocol.id
