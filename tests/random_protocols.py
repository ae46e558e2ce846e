"""Random protocols: those of the specification and the trials, with limits, windows, connectives changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from gallery import TRIALS as GALLERY
from shipped import trial

from protodsl import ir

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "spec"))

OPS: tuple[ir.Op, ...] = ("<", "<=", "=", ">=", ">")
SELECTS: tuple[ir.Select, ...] = ("latest", "earliest", "any", "every", "highest", "lowest")


def trials() -> tuple[ir.Protocol, ...]:
    """The four shipped trials."""
    return tuple(trial(path.stem) for path in sorted((ROOT / "protocols").glob("*.proto-lite")))


def gallery() -> tuple[ir.Protocol, ...]:
    """The published trials of other fields."""
    return tuple(trial(f"gallery/{path.stem}") for path in GALLERY)


def fragments() -> Iterator[ir.Protocol]:
    """Every protocol of the specification's pages that has a case with a record, each once."""
    import conftest as spec

    seen: set[str] = set()
    for page in sorted((ROOT / "spec").glob("*.md")):
        for section in spec.sections(page.read_text(encoding="utf-8")):
            for case in section.cases:
                if case.record and case.fragment not in seen:
                    seen.add(case.fragment)
                    protocol = spec.checked(case.fragment).protocol
                    if protocol is not None:
                        yield protocol


def fragment(text: str) -> ir.Protocol:
    """The protocol of these statements, with the specification's vocabulary."""
    import conftest as spec

    found = spec.checked(text).protocol
    assert found is not None, text
    return found


def compiled(rng: Random) -> ir.Protocol:
    """A protocol written at random, which the compiler has no error in."""
    import conftest as spec
    from random_text import written

    while True:
        found = spec.checked.__wrapped__(written(rng)).protocol
        if found is not None:
            return found


def mutated(protocol: ir.Protocol, rng: Random, share: float = 0.15) -> ir.Protocol:
    """The protocol with about that share of its limits, operators, windows and connectives changed."""
    changes = Changes(protocol, rng, share)
    return replace(
        protocol,
        stages=changes.of(protocol.stages),
        definitions={name: changes.of(one) for name, one in protocol.definitions.items()},
    )


class Changes:
    """Changes of a protocol's expressions. Those of structure (`shape`) draw what the specification's pages
    have seldom or never: a second occasion, half-lives, windows about other events, counts, guards.
    """

    def __init__(self, protocol: ir.Protocol, rng: Random, share: float) -> None:
        self.items = protocol.items
        self.rng = rng
        self.share = share

    def of(self, node: Any) -> Any:
        if isinstance(node, tuple):
            return tuple(self.of(one) for one in node)
        if not is_dataclass(node) or isinstance(node, (type, ir.Quotation)):
            return node
        values = {one.name: self.of(getattr(node, one.name)) for one in fields(node)}
        made = replace(node, **values)
        if self.rng.random() >= self.share:
            return made
        return self.shape(made) if self.rng.random() < 0.4 else self.limit(made)

    # ------------------------------------------------------------ limits, operators, connectives

    def limit(self, made: Any) -> Any:
        rng = self.rng
        match made:
            case ir.Constant(value):
                return ir.Constant(value * rng.choice((Fraction(1, 2), Fraction(9, 10), Fraction(2))))
            case ir.Length(count, unit) if unit != "half_life" and count > 0:
                return ir.Length(Fraction(max(1, int(count) + rng.choice((-1, 1, 3)))), unit)
            case ir.NumberTest(((_, limit), *rest)):
                return ir.NumberTest(((rng.choice(OPS), limit), *rest))
            case ir.Result(observed, ir.NumberTest(), None):
                return replace(made, observed=replace(observed, select=rng.choice(SELECTS)))
            case ir.And(members, style) if style == "plain":
                return ir.Or(members, style, made.span)
            case ir.Or(members, style) if style == "plain":
                return ir.And(members, style, made.span)
            case ir.DoseOf():
                return replace(made, select=rng.choice(("highest", "lowest", "total")))
            case ir.Exists(lines=True):
                return replace(made, least=rng.randint(1, 3))
            case ir.Bound(open=left_out) if made.by is not None:
                return replace(made, open=not left_out)
            case _:
                return made

    # ------------------------------------------------------------ structure

    def shape(self, made: Any) -> Any:
        rng = self.rng
        match made:
            case ir.Length(count, unit) if unit != "half_life" and count > 0:
                return ir.Length(count, rng.choice(("day", "week", "month", "year")))
            case ir.NumberTest(((op, ir.Constant(value)), *rest)):
                other = ir.TimesLimit(
                    Fraction(rng.choice((1, 2, 3)), rng.choice((1, 2))), rng.choice(("uln", "lln"))
                )
                low = ir.Constant(value / 2)
                return ir.NumberTest(
                    rng.choice((((op, other), *rest), ((">=", low), ("<=", ir.Constant(value)))))
                )
            case ir.Result(observed, ir.NumberTest(((op, ir.Constant() as limit),)), None) if (
                rng.random() < 0.3
            ):
                some = ir.Mean(replace(observed, select="latest"), rng.choice((2, 3)))
                return self.wrapped(ir.Compare(some, op, limit, observed.unit))
            case ir.Result():
                return self.wrapped(self.result(made))
            case ir.Compare(left, _, right):
                return self.wrapped(replace(made, left=self.chosen(left), right=self.chosen(right)))
            case ir.Exists(lines=True):
                return made  # lines are counted of plain events only
            case ir.Exists():
                return self.wrapped(self.event(made))
            case ir.Change(start=start, end=end):
                window = rng.choice((start, end))
                return rng.choice(
                    (
                        replace(made, percent=not made.percent),
                        replace(made, direction="falls" if made.direction == "rises" else "rises"),
                        replace(made, start=window, end=window),
                    )
                )
            case ir.And(members, "plain") | ir.Or(members, "plain"):
                return ir.AtLeast(rng.randint(0, len(members)), members)
            case ir.Answer() | ir.Sex():
                return self.wrapped(made)
            case ir.Part(parts=parts) if parts:
                return replace(made, combine=rng.choice(("all", "any", 1, len(parts))))
            case ir.Part(applies=None):
                return replace(made, applies=ir.Sex(rng.choice(("female", "male"))))
            case _:
                return made

    def wrapped(self, made: Any) -> Any:
        """Now and then a leaf under `not` or `if`."""
        if self.rng.random() < 0.85:
            return made
        return self.rng.choice((ir.Not(made), ir.IfElse(ir.Sex("female"), made, ir.Not(made))))

    def chosen(self, number: Any) -> Any:
        if not isinstance(number, ir.Observed):
            return number
        return replace(number, select=self.rng.choice(("latest", "earliest", "highest", "lowest")))

    def result(self, made: ir.Result) -> ir.Result:
        rng, observed = self.rng, made.observed
        if made.occasions is None and observed.select == "latest" and rng.random() < 0.5:
            spaced = ir.Length(Fraction(rng.choice((1, 7, 28))), "day")
            often = rng.choice(
                (
                    ir.Occasions(2),
                    ir.Occasions(2, spaced),
                    ir.Occasions(1, None, 2),
                    ir.Occasions(2, None, 3),
                    ir.Occasions(2, None, None, True),
                )
            )
            return replace(made, occasions=often)
        if not isinstance(made.test, ir.CodeTest):
            return replace(
                made, observed=replace(observed, window=self.window(observed.window, observed.item))
            )
        if rng.random() < 0.3:
            return replace(made, test=replace(made.test, negated=not made.test.negated))
        selects: tuple[ir.Select, ...] = ("earliest", "any", "every")
        return (
            made if made.occasions else replace(made, observed=replace(observed, select=rng.choice(selects)))
        )

    def event(self, made: ir.Exists) -> ir.Exists:
        rng = self.rng
        if made.dose is not None:
            if made.lasting is None:
                return made
            often = rng.choice(OPS)
            if rng.random() < 0.5:
                return replace(made, dose=replace(made.dose, op=often))
            return replace(made, lasting=(often, made.lasting[1]))
        length = ir.Length(Fraction(rng.choice((1, 2, 10))), rng.choice(("day", "week", "month")))
        members = self.items[made.item].members
        ways = [
            replace(made, first_day=not made.first_day, lasting=None),
            replace(made, least=2, lasting=None),
            replace(made, least=2, spaced=length, lasting=None),
            replace(made, lasting=(rng.choice(OPS), length), least=1, spaced=None, first_day=False),
            replace(made, window=self.window(made.window, made.item)),
            replace(made, window=self.window(made.window, made.item)),
        ]
        if members:
            ways.append(replace(made, but_not=(rng.choice(members),)))
        return rng.choice(ways)

    def window(self, window: ir.Window | None, item: str) -> ir.Window | None:
        """Another start: half-lives, another event; or no start, or no end."""
        rng = self.rng
        if window is None or window.start is None:
            return window
        lives = ir.Length(Fraction(rng.choice((1, 5))), "half_life")
        month = ir.Length(Fraction(rng.choice((1, 2))), "month")
        domain = self.items[item].domain
        anchors = [
            one.name
            for one in self.items.values()
            if one.domain in ("procedures", "medications", "conditions")
        ]
        starts = [replace(window.start, open=not window.start.open and window.start.by is not None)]
        if domain == "medications":
            starts += [
                replace(window.start, sign=-1, by=lives),
                replace(window.start, sign=-1, by=ir.Extreme("shorter", month, lives)),
                replace(window.start, sign=-1, by=ir.Extreme("longer", month, lives)),
            ]
        if anchors:
            which = rng.choice(("first", "last", "onset", "start", "end"))
            starts.append(replace(window.start, anchor=ir.OfEvent(which, rng.choice(anchors))))
        return replace(window, start=rng.choice(starts))
