"""What can stand at the cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from protodsl import ir
from protodsl.editor.symbols import ITEMS
from protodsl.editor.words import detail
from protodsl.fields import BLOCKS, SINGLE_BLOCKS
from protodsl.syntax.outline import Item, outline

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
_RESULTS = ("lab", "score", "finding", "grade", "measure")
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


@dataclass(frozen=True, slots=True)
class Offer:
    """A completion: `word` is what is inserted."""

    word: str
    kind: str
    detail: str = ""


def complete(
    text: str, offset: int, protocol: ir.Protocol | None, files: Callable[[], Iterable[str]]
) -> list[Offer]:
    """What can stand at the cursor: names with codes and units, fields of the block, words that begin a
    line. `protocol`: the model as far as there is one; `files`: the texts of the files in hand.
    """
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    if line.count('"') % 2 or "#" in line:
        return []
    typed = re.search(r"[A-Za-z][\w.]*$", line)
    head = line[: typed.start()] if typed else line
    words = re.findall(r"[A-Za-z_]\w*|[<>=≤≥]+|\d[\d.]*|[\[\],(]", head)
    if not words or words == ["-"]:
        return _statements(text, offset)
    if protocol is None:
        return []
    if "percentile" in words[-3:]:
        return _percentiles(protocol, words)
    if words[-1] in ("within", "least") and (lengths := _parameters(files())):
        return lengths
    if words[-1] == "of" and len(words) > 1 and (sided := _sides(protocol, words[-2])):
        return sided
    if unit := _unit(protocol, words):
        return unit
    last = next((word for word in reversed(words) if word not in ("[", ",", "of", "any", "all", "each")), "")
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
        Offer(item.name, item.kind, detail(item)) for item in protocol.items.values() if item.kind in wanted
    ]
    return offers + (_parameters(files()) if re.fullmatch("[<>=≤≥]+", words[-1]) else [])


def _parameters(files: Iterable[str]) -> list[Offer]:
    """Parameters, as far as they are typed."""
    return [
        Offer(match[1], "parameter", match[2].strip(" {"))
        for text in files
        for match in _PARAMETER.finditer(text)
    ]


def _unit(protocol: ir.Protocol, words: list[str]) -> list[Offer] | None:
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


def _statements(text: str, offset: int) -> list[Offer]:
    """What can begin a line in the block the cursor is in: its fields, then its statements."""
    item: Item | None = outline(text).item_at(offset)
    while item is not None and (item.open is None or item.open >= offset) and item.parent is not None:
        item = item.parent
    block = item.word if item is not None else ""
    fields = [Offer(one.name, "field", one.label) for one in BLOCKS.get(block, ())]
    return fields + [
        Offer(word, "keyword") for word in _BEGIN.get(block, _BEGIN.get("item" if block in ITEMS else "", ()))
    ]


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
