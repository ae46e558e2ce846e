"""Two rules compared by meaning: whether what makes the new one true is less or more than before.

Nothing is claimed that does not follow from limits, windows, counts and lists: everything else is "other".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from protodsl import ir
from protodsl.documents.words.shapes import bare

Relation = Literal["same", "narrower", "wider", "other"]
"""Of the new rule: true for the same, for fewer, for more people than the old one, or not comparable."""
_OPPOSITE: dict[Relation, Relation] = {
    "same": "same", "narrower": "wider", "wider": "narrower", "other": "other",
}  # fmt: skip
_UNITS: dict[str, tuple[str, int]] = {"day": ("d", 1), "week": ("d", 7), "month": ("m", 1), "year": ("m", 12)}


def together(relations: Iterable[Relation]) -> Relation:
    """All at once: "narrower" if none is wider."""
    found = set(relations) - {"same"}
    return "same" if not found else found.pop() if len(found) == 1 else "other"


def opposite(relation: Relation) -> Relation:
    return _OPPOSITE[relation]


def _less(old: Fraction | int, new: Fraction | int) -> Relation:
    """For "at most": a smaller number is narrower."""
    return "same" if old == new else "narrower" if new < old else "wider"


@dataclass(frozen=True, slots=True)
class Pair:
    """The two protocols whose rules are compared."""

    old: ir.Protocol
    new: ir.Protocol

    def relation(self, old: ir.Expr, new: ir.Expr) -> Relation:
        if bare(old) == bare(new) and not _defined(old):
            return "same"
        match old, new:
            case ir.Defined(name), ir.Defined(other) if name == other:
                before, after = self.old.definitions.get(name), self.new.definitions.get(other)
                return "other" if before is None or after is None else self.relation(before.expr, after.expr)
            case ir.Not(a), ir.Not(b):
                return opposite(self.relation(a, b))
            case (ir.And(), _) | (_, ir.And()):
                return self._members(_of(old, ir.And), _of(new, ir.And), "narrower")
            case (ir.Or(), _) | (_, ir.Or()):
                return self._members(_of(old, ir.Or), _of(new, ir.Or), "wider")
            case ir.AtLeast(k, a), ir.AtLeast(m, b):
                return together((opposite(_less(k, m)), self._members(a, b, "wider")))
            case ir.IfElse(c, a, b), ir.IfElse(d, e, f) if self.relation(c, d) == "same":
                return together((self.relation(a, e), self.relation(b, f)))
            case ir.Result(), ir.Result():
                return _result(old, new)
            case ir.Compare(a, op, ir.Constant(x), of), ir.Compare(b, on, ir.Constant(y), to) if (
                bare(a) == bare(b) and of == to
            ):
                return _bound((op, x), (on, y))
            case ir.Exists(), ir.Exists():
                return self._exists(old, new)
            case ir.Change(op=op, amount=x), ir.Change(op=on, amount=y):
                if bare(replace(old, op=on, amount=y)) != bare(new):
                    return "other"
                return _bound((op, x), (on, y))
            case _:
                return "other"

    def _members(self, old: tuple[ir.Expr, ...], new: tuple[ir.Expr, ...], more: Relation) -> Relation:
        """Members of a list; one that is new makes the whole `more`, one that is gone the opposite."""
        left, added = list(old), []
        for member in new:
            twin = next((other for other in left if self.relation(other, member) == "same"), None)
            if twin is None:
                added.append(member)
            else:
                left.remove(twin)
        found: list[Relation] = []
        for member in tuple(added):  # what was not found again: the first it can be compared with
            twin = next((other for other in left if self.relation(other, member) != "other"), None)
            if twin is not None:
                found.append(self.relation(twin, member))
                left.remove(twin)
                added.remove(member)
        found += [more] * len(added) + [opposite(more)] * len(left)
        return together(found)

    def _exists(self, old: ir.Exists, new: ir.Exists) -> Relation:
        found: list[Relation] = [_window(old.window, new.window), opposite(_less(old.least, new.least))]
        if old.item != new.item:
            if old.item in self._under(self.new, new.item):
                found.append("wider")
            elif new.item in self._under(self.old, old.item):
                found.append("narrower")
            else:
                return "other"
        if (bare(old.spaced), old.first_day) != (bare(new.spaced), new.first_day):
            return "other"
        if old.lasting is not None and bare(old.window) != bare(new.window):
            return "other"  # a course is measured up to the end of the window
        found.append(_subset(bare(old.attributes), bare(new.attributes), more="narrower"))
        found.append(_subset(old.but_not, new.but_not, more="narrower"))
        match old.lasting, new.lasting:
            case None, None:
                pass
            case (op, by), (on, to):
                a, b = _length(by), _length(to)
                found.append(_bound((op, a[1]), (on, b[1])) if a and b and a[0] == b[0] else "other")
            case None, _:
                found.append("narrower")
            case _:
                found.append("wider")
        match old.dose, new.dose:
            case None, None:
                pass
            case ir.Dose(op, x), ir.Dose(on, y) if bare(replace(old.dose, op=on, amount=y)) == bare(new.dose):
                found.append(_bound((op, x), (on, y)))
            case None, _:
                found.append("narrower")
            case _, None:
                found.append("wider")
            case _:
                found.append("other")
        return together(found)

    @staticmethod
    def _under(protocol: ir.Protocol, name: str) -> set[str]:
        """Names of the items under a class, at any depth."""
        found: set[str] = set()
        todo = [name]
        while todo:
            item = protocol.items.get(todo.pop())
            new = set(item.members) - found if item is not None else set()
            found |= new
            todo += new
        return found


def _defined(expr: object) -> bool:
    """Whether a definition, which may have changed, is used in it."""
    if isinstance(expr, ir.Defined):
        return True
    if isinstance(expr, tuple):
        return any(_defined(member) for member in expr)
    names = getattr(type(expr), "__dataclass_fields__", ())
    return any(_defined(getattr(expr, name)) for name in names if name != "span")


def _of(expr: ir.Expr, kind: type[ir.And] | type[ir.Or]) -> tuple[ir.Expr, ...]:
    """A single rule is a list of one."""
    return expr.members if isinstance(expr, kind) else (expr,)


def _subset(old: object, new: object, more: Relation) -> Relation:
    """Two tuples without order: more members make it `more`."""
    assert isinstance(old, tuple) and isinstance(new, tuple)
    before, after = set(old), set(new)
    if before == after:
        return "same"
    return more if before < after else opposite(more) if after < before else "other"


def _bound(old: tuple[ir.Op, Fraction], new: tuple[ir.Op, Fraction]) -> Relation:
    (op, x), (on, y) = old, new
    if old == new:
        return "same"
    if op[0] != on[0] or "=" in (op, on):
        return "other"
    if x == y:  # < and <=, > and >=
        return "narrower" if len(on) < len(op) else "wider"
    return _less(x, y) if op[0] == "<" else opposite(_less(x, y))


def _result(old: ir.Result, new: ir.Result) -> Relation:
    a, b = old.observed, new.observed
    if (a.item, a.select, bare(a.clean), a.unit) != (b.item, b.select, bare(b.clean), b.unit):
        return "other"
    found: list[Relation] = []
    if bare(a.window) != bare(b.window):
        windows = _window(a.window, b.window) if a.window and b.window else "other"
        one_is_enough = a.select == "any" and old.occasions is None
        found.append(windows if one_is_enough else "other")
    match old.occasions, new.occasions:
        case None, None:
            pass
        case ir.Occasions(k), ir.Occasions(m) if bare(replace(old.occasions, least=m)) == bare(new.occasions):
            found.append(opposite(_less(k, m)))
        case _:
            return "other"
    match old.test, new.test:
        case ir.CodeTest(codes, denied), ir.CodeTest(others, also) if denied == also:
            found.append(_subset(codes, others, more="narrower" if denied else "wider"))
        case ir.NumberTest(before), ir.NumberTest(after):
            found.append(_bounds(before, after))
        case _:
            return "other"
    return together(found)


def _bounds(old: tuple[tuple[ir.Op, ir.Limit], ...], new: tuple[tuple[ir.Op, ir.Limit], ...]) -> Relation:
    """Bounds that must all hold, matched by their direction."""
    if any(op == "=" for op, _ in (*old, *new)):
        return "same" if bare(old) == bare(new) else "other"
    before, after = {op[0]: (op, limit) for op, limit in old}, {op[0]: (op, limit) for op, limit in new}
    if len(before) != len(old) or len(after) != len(new):
        return "other"
    found: list[Relation] = []
    for side in sorted({*before, *after}):
        if side not in before:
            found.append("narrower")
        elif side not in after:
            found.append("wider")
        else:
            (op, x), (on, y) = before[side], after[side]
            found.append(
                together(_bound((op, a), (on, b)) for a, b in _values(x, y)) if _values(x, y) else "other"
            )
    return together(found)


def _values(old: ir.Limit, new: ir.Limit) -> list[tuple[Fraction, Fraction]]:
    """The numbers of two limits of one kind and unit; empty where they cannot be compared."""
    match old, new:
        case ir.Constant(x), ir.Constant(y):
            return [(x, y)]
        case ir.TimesLimit(x, which), ir.TimesLimit(y, other) if which == other:
            return [(x, y)]
        case ir.Quantities(a), ir.Quantities(b) if [u for _, u in a] == [u for _, u in b]:
            return [(x, y) for (x, _), (y, _) in zip(a, b, strict=True)]
        case _:
            return []


def _length(value: ir.Duration | None) -> tuple[str, Fraction] | None:
    """A span in days or in months; None where it is neither."""
    if isinstance(value, ir.Length) and value.unit in _UNITS:
        kind, factor = _UNITS[value.unit]
        return kind, value.count * factor
    return None


def _window(old: ir.Window, new: ir.Window) -> Relation:
    """More days are wider."""
    return together((_end(old.start, new.start, -1), _end(old.end, new.end, 1)))


def _end(old: ir.Bound | None, new: ir.Bound | None, outward: int) -> Relation:
    """One end of a window; `outward`: the sign of the direction in which more days lie."""
    if bare(old) == bare(new):
        return "same"
    if old is None:
        return "narrower"
    if new is None:
        return "wider"
    if old.anchor != new.anchor:
        return "other"
    a, b = _offset(old), _offset(new)
    if a is None or b is None or (a[0] and b[0] and a[0] != b[0]):
        return "other"
    if a[1] == b[1]:
        return "same" if old.open == new.open else "narrower" if new.open else "wider"
    return "wider" if (b[1] - a[1]) * outward > 0 else "narrower"


def _offset(bound: ir.Bound) -> tuple[str, Fraction] | None:
    if bound.by is None:
        return "", Fraction(0)
    found = _length(bound.by)
    return None if found is None else (found[0], found[1] * bound.sign)
