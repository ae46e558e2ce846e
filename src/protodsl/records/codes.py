"""A site's own codes: what each means as a name of the vocabulary, or as a code of a published system.

They are translations: a fact keeps its own code and gains those it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from protodsl.records.systems import code_text, system_name

# The target means as much as the source, or more: the source is one of what the target names. Of any other
# relation (the target is narrower, or merely related) the fact might not be what the target says.
_R4 = {"equal", "equivalent", "wider", "subsumes"}
_R5 = {"equivalent", "source-is-narrower-than-target"}
_R4_LEFT = {"narrower", "specializes", "inexact", "relatedto", "unmatched", "disjoint"}
_R5_LEFT = {"related-to", "source-is-broader-than-target", "not-related-to"}


@dataclass(frozen=True, slots=True)
class CodeMap:
    """(system, code) → what it stands for, each as (system, code); a name of the vocabulary has no system."""

    targets: dict[tuple[str, str], tuple[tuple[str | None, str], ...]] = field(default_factory=dict)
    left: int = 0  # mappings not taken, as their target may mean less

    def __bool__(self) -> bool:
        return bool(self.targets)

    def of(self, system: str, code: str) -> tuple[tuple[str | None, str], ...]:
        """What a code stands for; one mapped without its system counts in every system."""
        return self.targets.get((system, code)) or self.targets.get(("", code), ())


def local_codes(pairs: Iterable[tuple[str, str, str]]) -> CodeMap:
    """From (system, code, name of the vocabulary); an empty system stands for any."""
    targets: dict[tuple[str, str], tuple[tuple[str | None, str], ...]] = {}
    for system, code, name in pairs:
        known = system_name(system) if system else ""
        targets[known, code_text(known, code)] = ((None, name),)
    return CodeMap(targets)


def concept_map(resource: dict[str, Any]) -> CodeMap:
    """A FHIR ConceptMap (R4, R4B, R5). Raises ValueError, which says where it is none."""
    targets: dict[tuple[str, str], dict[tuple[str | None, str], None]] = {}
    left = 0
    for number, group in enumerate(_list(resource, "group", "ConceptMap")):
        where = f"group[{number}]"
        source = _text(group, "source", where).partition("|")[0]
        target = _text(group, "target", where).partition("|")[0]  # R5 may name the version
        for row, element in enumerate(_list(group, "element", where)):
            place = f"{where}.element[{row}]"
            code = _text(element, "code", place)
            for each in _list(element, "target", place):
                relation = each.get("relationship", each.get("equivalence"))
                if relation in _R4_LEFT | _R5_LEFT or "code" not in each:
                    left += 1
                    continue
                if relation not in _R4 | _R5:
                    raise ValueError(f"{place}.target: equivalence or relationship is missing or unknown")
                known, own = system_name(target), system_name(source)
                made = (known, code_text(known, _text(each, "code", place)))
                targets.setdefault((own, code_text(own, code)), {})[made] = None
    if not targets:
        raise ValueError("this ConceptMap maps no code to one that means as much or more")
    return CodeMap({source: tuple(found) for source, found in targets.items()}, left)


def _list(data: dict[str, Any], key: str, where: str) -> list[dict[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError(f"{where}.{key}: a list of objects is expected here")
    return value


def _text(data: dict[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{where}.{key}: a text is expected here")
    return value.strip()
