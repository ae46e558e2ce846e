"""A number as far as it is known, and what every node that makes one has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.findings import Causes, each_once
from protodsl.runtime.intervals import Range
from protodsl.runtime.record import Days
from protodsl.runtime.report import Cause


class Quantity(NamedTuple):
    """A number, as far as it is known. `range` None: unknown because of `causes`; else `causes` say
    why the range is not a single number. `when`: the date it is of, for the reason's words.
    """

    range: Range | None
    causes: Causes
    evidence: tuple[str, ...]
    when: Days | None = None


class NumberNode:
    """A number made ready."""

    __slots__ = ()

    def cost(self) -> int:
        """See `Node.cost`."""
        return 6

    def value(self, case: Case) -> Quantity:
        raise NotImplementedError

    def text(self, case: Case) -> str:
        """Its words; empty for a constant."""
        raise NotImplementedError

    def names(self) -> Iterable[str]:
        """What it is made of, in file order."""
        return ()

    def named_here(self, case: Case) -> str:
        """What cannot be computed here: the formula it stands in, else the first thing it is made of."""
        return UNNAMED if case.lead is not None else next(iter(self.names()), "formula")

    def breaks(self, case: Case, days: set[int]) -> None:
        """See `Node.breaks`."""


UNNAMED = ""  # `what` of a cause of the formula itself, until the formula's name is put in


def named(value: Quantity, name: str) -> Quantity:
    """The causes of the formula itself under its name."""
    if all(cause.what != UNNAMED for cause in value.causes):
        return value
    causes = (Cause(cause.kind, name) if cause.what == UNNAMED else cause for cause in value.causes)
    return value._replace(causes=each_once(causes))


def unknown_value(*causes: Cause, evidence: tuple[str, ...] = ()) -> Quantity:
    return Quantity(None, causes, evidence)
