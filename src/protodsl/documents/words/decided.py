"""Who decides a rule: a machine from data, a person, or both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.words.leaves import Leaf

By = Literal["computed", "partly judged", "judged"]


def leaves_of(
    protocol: ir.Protocol, expr: ir.Expr | None, seen: frozenset[str] = frozenset()
) -> Iterator[Leaf]:
    """Every leaf of a rule, definitions opened (once each on a path)."""
    match expr:
        case None:
            return
        case ir.And(members) | ir.Or(members) | ir.AtLeast(_, members):
            for member in members:
                yield from leaves_of(protocol, member, seen)
        case ir.Not(member):
            yield from leaves_of(protocol, member, seen)
        case ir.IfElse(condition, then, otherwise):
            for part in (condition, then, otherwise):
                yield from leaves_of(protocol, part, seen)
        case ir.Defined(name):
            yield expr
            if name not in seen and name in protocol.definitions:
                yield from leaves_of(protocol, protocol.definitions[name].expr, seen | {name})
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Sex() | ir.Setting() | ir.Answer():
            yield expr
        case _:
            assert_never(expr)


def decided_by(protocol: ir.Protocol, exprs: list[ir.Expr]) -> By:
    """Whether a machine computes it, a person judges it, or both."""
    found = [leaf for expr in exprs for leaf in leaves_of(protocol, expr) if not isinstance(leaf, ir.Defined)]
    judged = [isinstance(leaf, ir.Answer) or _open(protocol, leaf) for leaf in found]
    if all(isinstance(leaf, ir.Answer) for leaf in found) and found:
        return "judged"
    return "partly judged" if any(judged) else "computed"


def _open(protocol: ir.Protocol, leaf: Leaf) -> bool:
    """A class whose source list ends in "etc.": a person judges whether another member belongs."""
    if isinstance(leaf, ir.Exists):
        item = protocol.items.get(leaf.item)
        return item is not None and item.open
    return False
