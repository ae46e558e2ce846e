"""What the variants of every leaf of one stage are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from random import Random

from protodsl import ir
from protodsl.cohort.simulate.amounts import rounded
from protodsl.cohort.simulate.times import Frame
from protodsl.ir.walk import nodes


class Asked:
    def __init__(self, frame: Frame, stage: ir.Stage, rng: Random) -> None:
        self.frame, self.stage, self.rng = frame, stage, rng
        self.items = frame.protocol.items
        self.little = dict(self.doses())

    def doses(self) -> Iterator[tuple[str, tuple[Fraction, str, str | None]]]:
        """A little of each drug whose dose is asked anywhere: without any, its dose is not known."""
        for node in nodes(self.frame.protocol.stages):
            if isinstance(node, ir.Compare):
                limit = node.right.value if isinstance(node.right, ir.Constant) else Fraction(4)
                for asked in nodes(node.left):
                    if isinstance(asked, ir.DoseOf):
                        name = asked.equivalence
                        factors = dict(self.frame.protocol.equivalences[name].factors if name else ())
                        for member in self.members(self.items[asked.item], most=100):
                            amount = limit / 4 / factors.get(member, Fraction(1))
                            yield member, (rounded(amount, 4), asked.unit.text, asked.per)

    def members(self, item: ir.Item, but_not: Iterable[str] = (), most: int = 4) -> list[str]:
        """Some of the members of a class; the item itself, and some of what is under it."""
        out = set(but_not)
        stack, found = [item.name], list[str]()
        while stack:
            name = stack.pop()
            below = [each for each in self.items[name].members if each in self.items]
            if name in out:
                continue
            stack += below
            if name not in found and not (self.items[name].is_class and below):
                found.append(name)
        if len(found) > most:
            found = self.rng.sample(found, most)
        return found or [item.name]
