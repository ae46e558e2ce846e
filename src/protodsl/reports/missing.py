"""What is missing: what could still change the verdict, and the rest; grouped by who can supply it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from protodsl import ir
from protodsl.runtime.report import Cause, CauseKind, Report
from protodsl.runtime.words import name_text

Supplier = Literal["laboratory", "record", "investigator", "participant"]
SUPPLIERS: tuple[Supplier, ...] = ("laboratory", "record", "investigator", "participant")
PARTICIPANT_ROLES = frozenset(("participant", "patient", "guardian", "parent", "caregiver"))

# What to do about each cause, of a result and of anything else; what is missing is named after it.
_ASK: dict[CauseKind, tuple[str, str]] = {
    "timepoint not dated": ("give the date of", "give the date of"),
    "needs judgement": ("judge what belongs to", "answer"),
    "missing": ("measure", "record or rule out"),
    "stale": ("repeat", "record anew"),
    "conflicting": ("settle the contradiction in", "settle the contradiction in"),
    "incomparable": ("give a usable value and unit of", "give a usable value of"),
    "no reference limit": ("give the reference limit of", "give the reference limit of"),
    "not computable": ("check the inputs of", "check the inputs of"),
    "imprecise": ("give the exact value or date of", "give the exact date or code of"),
}


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing to find out, why, and for which criteria and parts."""

    what: str
    label: str
    kind: CauseKind
    supplier: Supplier
    roles: tuple[str, ...]
    ask: str
    criteria: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "label": self.label,
            "kind": self.kind,
            "roles": list(self.roles),
            "ask": self.ask,
            "criteria": list(self.criteria),
        }


@dataclass(frozen=True, slots=True)
class MissingLists:
    could_change: tuple[Missing, ...]
    rest: tuple[Missing, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"could_change": grouped_data(self.could_change), "rest": grouped_data(self.rest)}


def grouped(listed: tuple[Missing, ...]) -> Iterator[tuple[Supplier, list[Missing]]]:
    """Those who can supply something, in one order, each with what."""
    for supplier in SUPPLIERS:
        found = [one for one in listed if one.supplier == supplier]
        if found:
            yield supplier, found


def grouped_data(listed: tuple[Missing, ...]) -> dict[str, Any]:
    return {supplier: [one.to_dict() for one in found] for supplier, found in grouped(listed)}


def missing_of(model: ir.Protocol, report: Report, questions: dict[str, ir.Answer]) -> MissingLists:
    """The causes of everything unknown in a report. What decides is what the language calls *needed*; a
    decided verdict leaves nothing that could change it but a correction.
    """
    deciding: dict[Cause, list[str]] = {}
    rest: dict[Cause, list[str]] = {}
    for row in report.criteria:
        for cause in row.unknown:
            (deciding if cause in row.decides else rest).setdefault(cause, []).append(row.id)
    for what in report.needed:  # of an earlier stage or a cohort's guard: no row of the report
        if all(cause.what != what for cause in deciding):
            deciding.setdefault(Cause("missing", what), [])
    made = [_missing(model, questions, cause, ids) for cause, ids in deciding.items()]
    others = [_missing(model, questions, cause, ids) for cause, ids in rest.items() if cause not in deciding]
    return MissingLists(tuple(made), tuple(others))


def _missing(
    model: ir.Protocol, questions: dict[str, ir.Answer], cause: Cause, criteria: list[str]
) -> Missing:
    kind, what = cause
    item, question = model.items.get(what), questions.get(what)
    roles: tuple[str, ...] = ()
    label = item.label if item is not None else question.text if question is not None else name_text(what)
    asked = 1
    if question is not None or (item is not None and item.kind == "question"):
        roles = question.roles if question is not None else item.answered_by if item is not None else ()
        supplier: Supplier = "investigator"
        if roles and all(role in PARTICIPANT_ROLES for role in roles):
            supplier = "participant"
        label = f'"{item.text if item is not None and item.text else label}"'
    elif kind in ("needs judgement", "timepoint not dated"):
        supplier, asked = "investigator", 0
    elif item is None:  # sex, date of birth
        supplier = "record"
    elif item.kind in ("lab", "finding", "measure"):
        supplier, asked = "laboratory", 0
    elif item.kind in ("score", "grade"):
        supplier, asked = "investigator", 0
    else:
        supplier = "record"
    words = _ASK[kind][asked]
    if kind == "missing" and item is None and question is None:
        words = "record"
    elif kind == "missing" and item is not None and item.kind in ("score", "grade"):
        words = "assess"
    return Missing(what, label, kind, supplier, roles, words, _outer_last(criteria))


def _outer_last(criteria: list[str]) -> tuple[str, ...]:
    """The innermost parts only: `inclusion 6.3` says it better than `inclusion 6`."""
    return tuple(
        one for one in dict.fromkeys(criteria) if not any(other.startswith(f"{one}.") for other in criteria)
    )


def questions_of(model: ir.Protocol) -> dict[str, ir.Answer]:
    """Every question the protocol asks a person, by the key under which a record answers it."""
    found: dict[str, ir.Answer] = {}
    for node in _inside((tuple(model.definitions.values()), model.stages)):
        if isinstance(node, ir.Answer):
            found.setdefault(node.question, node)
    return found


def _inside(node: object) -> Iterator[object]:
    """A node of the model and every node under it."""
    if isinstance(node, tuple):
        for one in node:
            yield from _inside(one)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from _inside(getattr(node, field.name))
