"""A number as it is known: an interval, and why it is no single value."""

from __future__ import annotations

from dataclasses import dataclass

from protodsl.runtime.record import Interval
from protodsl.runtime.report import Cause


@dataclass(frozen=True, slots=True)
class Amount:
    """`interval` None: there is no value at all. `causes`: why there is none, or why it is not a single
    one.
    """

    interval: Interval | None
    causes: tuple[Cause, ...] = ()
    evidence: tuple[str, ...] = ()
