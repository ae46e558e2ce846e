"""Lengths of time, anchors, windows, timepoints."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from protodsl.source import Span

TimeUnit = Literal["day", "week", "month", "year", "half_life"]


@dataclass(frozen=True, slots=True)
class Length:
    """`count` calendar units; hours have been rounded up to days. With `half_life`, multiples of the event's
    item's own."""

    count: Fraction
    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class Extreme:
    """The longer or the shorter of two spans ("one month or five half-lives, whichever is shorter")."""

    which: Literal["longer", "shorter"]
    first: Length
    second: Length


Duration = Length | Extreme


@dataclass(frozen=True, slots=True)
class AtTimepoint:
    name: str


@dataclass(frozen=True, slots=True)
class StageAnchor:
    """The anchor of the stage (or of the endpoint) in which the expression stands."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """`anchor` moved by a span: `sign` is +1 for after, -1 for before. `day -5` is five days before day 0's
    timepoint."""

    anchor: Anchor
    sign: Literal[1, -1]
    by: Length


@dataclass(frozen=True, slots=True)
class OfSample:
    """The date of the very result being considered ("before that sample"); only inside `Clean`."""


@dataclass(frozen=True, slots=True)
class OfEvent:
    """The first or last event, or the onset/start/end of the latest one, of an item, on or before the
    stage's anchor."""

    which: Literal["first", "last", "onset", "start", "end"]
    item: str


Anchor = AtTimepoint | StageAnchor | Shifted | OfSample | OfEvent


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a window: `anchor` moved by `by` (`sign` +1 after, -1 before). `open` leaves that very day
    out."""

    anchor: Anchor
    sign: Literal[1, -1] = -1
    by: Duration | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `start` to `end`; None at the start is "since ever", None at the end "until `as_of`"."""

    start: Bound | None
    end: Bound | None


@dataclass(frozen=True, slots=True)
class Timepoint:
    """A named study event. A derived one has `at`; a given date in the record wins. `after`: declared
    order."""

    name: str
    label: str
    at: Anchor | None = None
    tolerance: Length | None = None  # ± window of "at T"
    after: tuple[str, ...] = ()
    clarify: tuple[str, ...] = ()
    span: Span | None = None
