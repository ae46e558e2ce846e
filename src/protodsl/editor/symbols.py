"""The outline of a file: declarations, criteria and parts, as they stand in the text, finished or not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from protodsl.fields import SINGLE_BLOCKS
from protodsl.syntax.outline import Item, outline

ITEMS = ("lab", "score", "finding", "condition", "state", "drug", "procedure", "question", "panel", "grade")
_SHOWN = frozenset(
    (
        *(*ITEMS, *SINGLE_BLOCKS[1:], "protocol", "stage", "cohort", "inclusion", "exclusion", "part"),
        *("timepoint", "define", "measure", "equivalent", "arm", "intervention", "regimen", "visit"),
        *("activity", "objective", "endpoint", "patient", "scenario", "satisfy", "reference", "parameter"),
        "side",
    )
)


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    detail: str
    kind: str
    start: int
    end: int
    children: tuple[Symbol, ...] = ()


def symbols(text: str) -> list[Symbol]:
    return [symbol for item in outline(text).root.children if (symbol := _symbol(text, item)) is not None]


def _symbol(text: str, item: Item) -> Symbol | None:
    header = text[item.start : item.open if item.open is not None else item.end].split("\n")[0]
    match = re.match(r'([a-z]+(?:[ \t]+class)?)[ \t]+([^\s"{]+)?[ \t]*("[^"\n]*")?', header)
    if item.word not in _SHOWN or match is None:
        return None
    end = min(item.end, len(text))
    inner = tuple(one for child in item.children if (one := _symbol(text, child)) is not None)
    label = (match[3] or "").strip('"')
    name = " ".join(filter(None, (match[1], match[2])))
    return Symbol(name if item.word != "scenario" else "scenario", label, item.word, item.start, end, inner)
