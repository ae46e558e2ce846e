"""Statements of one shape: a test asked of several items is printed once, with the items behind it."""

from __future__ import annotations

from dataclasses import replace

from protodsl import ir
from protodsl.documents.language import say
from protodsl.documents.words import terms
from protodsl.documents.words.context import Context


def both_ends(expr: ir.Expr) -> tuple[ir.Compare, ir.Compare] | None:
    """The two ends of a `between` that is two comparisons of one number."""
    match expr:
        case ir.And((ir.Compare() as low, ir.Compare() as high), "plain"):
            if bare(low.left) == bare(high.left) and low.op in (">", ">=") and high.op in ("<", "<="):
                return low, high
    return None


def bare(value: object) -> object:
    """A node without spans, to see whether two say the same."""
    if isinstance(value, tuple):
        return tuple(bare(member) for member in value)
    names = getattr(type(value), "__dataclass_fields__", None)
    if names is None:
        return value
    kept = (name for name in names if name not in ("span", "style"))
    return (type(value).__name__, *(bare(getattr(value, name)) for name in kept))


def template(context: Context, member: ir.Expr) -> tuple[ir.Result | ir.Exists, str] | None:
    """The statement with its item left open, and the item: what members of one list may have in common."""
    match member:
        case ir.Exists(item):
            return replace(member, item=terms.PLACEHOLDER, span=None), item
        case ir.Result(observed) if not observed.clean and observed.select not in ("any", "every"):
            unit = observed.unit or context.unit_of(observed.item)
            bare = replace(observed, item=terms.PLACEHOLDER, unit=unit, span=None)
            return replace(member, observed=bare, span=None), observed.item
        case _:
            return None


def only_item(expr: ir.Expr) -> str | None:
    """The one item whose results an expression is about; None where it is about anything else as well."""
    match expr:
        case ir.Result(observed) if not observed.clean:
            return observed.item
        case ir.And(members) | ir.Or(members):
            found = {only_item(member) for member in members}
            return found.pop() if len(found) == 1 else None
        case ir.Not(member):
            return only_item(member)
        case _:
            return None


def with_item(expr: ir.Expr, item: str) -> ir.Expr:
    match expr:
        case ir.Result(observed):
            return replace(expr, observed=replace(observed, item=item), span=None)
        case ir.And(members) | ir.Or(members):
            return replace(expr, members=tuple(with_item(member, item) for member in members), span=None)
        case ir.Not(member):
            return replace(expr, member=with_item(member, item), span=None)
        case _:
            return expr


def same_test(a: ir.Result | ir.Exists, b: ir.Result | ir.Exists) -> bool:
    if isinstance(a, ir.Result) and isinstance(b, ir.Result) and isinstance(a.test, ir.NumberTest):
        relative = all(isinstance(limit, ir.TimesLimit) for _, limit in a.test.bounds)
        if relative:  # a multiple of its own limit needs no common unit
            a = replace(a, observed=replace(a.observed, unit=None))
            b = replace(b, observed=replace(b.observed, unit=None))
    return bare(a) == bare(b)


def items_words(labels: list[str]) -> str:
    """The items of a panel, its own name said once: "items of BILAG-2004: renal; …"."""
    panels = {label.rpartition(", ")[0] for label in labels}
    panel = panels.pop()
    if panels or not panel:
        return say("items: {listed}", listed="; ".join(labels))
    listed = "; ".join(label.rpartition(", ")[2] for label in labels)
    return say("items of {panel}: {listed}", panel=panel.removesuffix(" items"), listed=listed)


def one_panel(labels: list[str]) -> bool:
    """Whether the items belong to one panel, whose name can be said once."""
    panels = {label.rpartition(", ")[0] for label in labels}
    return len(panels) == 1 and "" not in panels
