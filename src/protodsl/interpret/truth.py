"""Three truths and why the third: strong Kleene logic on findings that carry their causes.

The quoted sentences are those of docs/reference/meaning.md; each is followed by the function that says
the same in code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, get_args

from protodsl.runtime.report import Cause, CauseKind, Truth

T = TypeVar("T")

ORDER: tuple[CauseKind, ...] = get_args(CauseKind)  # "one cause, the first that applies"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one expression: its truth, the causes where it is unknown, the facts looked at,
    the words.
    """

    truth: Truth
    causes: tuple[Cause, ...] = ()
    evidence: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


TRUE = Finding(True)
FALSE = Finding(False)


def once(things: Iterable[T]) -> tuple[T, ...]:
    """“Each once”, in the order of first appearance."""
    return tuple(dict.fromkeys(things))


def rank(causes: Sequence[Cause]) -> int:
    return min(ORDER.index(cause.kind) for cause in causes)


def first_that_applies(*found: tuple[Cause, ...]) -> tuple[Cause, ...]:
    """“… has one cause, the first that applies”. A formula's causes stay together: it “collects the
    causes of its inputs”.
    """
    told = [causes for causes in found if causes]
    return min(told, key=rank) if told else ()


def unknown(*causes: Cause, evidence: Iterable[str] = ()) -> Finding:
    return Finding(None, once(causes), once(evidence))


def joined(truth: Truth, members: Sequence[Finding]) -> Finding:
    """“An unknown `and`, `or`, `not` or count has the causes of its unknown members, in file order, each
    once; decided members add none.”
    """
    causes = (
        once(c for member in members if member.truth is None for c in member.causes) if truth is None else ()
    )
    return Finding(truth, causes, once(e for member in members for e in member.evidence))


def and_(members: Sequence[Finding]) -> Finding:
    """“`and` is false if one member is false, true if all are true, otherwise unknown”."""
    truths = [member.truth for member in members]
    if any(truth is False for truth in truths):
        return joined(False, members)
    return joined(True if all(truths) else None, members)


def or_(members: Sequence[Finding]) -> Finding:
    """“`or` and `not` accordingly”: true if one member is true, false if all are false, otherwise unknown."""
    truths = [member.truth for member in members]
    if any(truths):
        return joined(True, members)
    return joined(False if all(truth is False for truth in truths) else None, members)


def not_(member: Finding) -> Finding:
    return replace(member, truth=None if member.truth is None else not member.truth)


def at_least(count: int, members: Sequence[Finding]) -> Finding:
    """“`at least k of` is true once k members are true, false once fewer than k are true or unknown”."""
    true = sum(member.truth is True for member in members)
    open_ = sum(member.truth is None for member in members)
    if true >= count:
        return joined(True, members)
    return joined(False if true + open_ < count else None, members)


def if_else(condition: Finding, then: Finding, otherwise: Finding) -> Finding:
    """“`if c then a else b` with c unknown has the value on which a and b agree”."""
    members = (condition, then, otherwise)
    if condition.truth is True:
        return joined(then.truth, (condition, then))
    if condition.truth is False:
        return joined(otherwise.truth, (condition, otherwise))
    return joined(then.truth if then.truth == otherwise.truth else None, members)
