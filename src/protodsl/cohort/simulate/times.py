"""When something asked for may have been: the days of windows and anchors, told from study events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from protodsl import ir
from protodsl.cohort.simulate.facts import Day, away

REFERENCE = 738_965  # 2024-03-15
AGO = 45  # days between an event that windows hang on and the question


@dataclass(frozen=True, slots=True)
class Frame:
    """The study events of a protocol, so many days after the first of them."""

    protocol: ir.Protocol
    offsets: Mapping[str, int]

    @property
    def points(self) -> dict[str, int]:
        """Days on the calendar on which variants are tried."""
        return {name: REFERENCE + offset for name, offset in self.offsets.items()}

    @property
    def given(self) -> tuple[str, ...]:
        """Study events that are recorded; the others follow from them."""
        return tuple(one.name for one in self.protocol.timepoints if one.at is None)

    def day(self, anchor: ir.Anchor, stage: ir.Stage) -> Day:
        match anchor:
            case ir.AtTimepoint(name):
                return Day(name)
            case ir.Shifted(base, sign, by):
                return away(self.day(base, stage), sign, by)
            case ir.OfEvent():
                return Day(stage.anchor, days=-AGO)
            case _:
                return Day(stage.anchor)

    def edges(
        self, window: ir.Window | None, stage: ir.Stage, item: ir.Item | None = None
    ) -> tuple[Day | None, Day]:
        """First and last day; a window without a first day is since ever."""
        if window is None:
            return None, Day(stage.anchor)
        last = Day(stage.anchor) if window.end is None else self.bound(window.end, stage, item, -1)
        first = None if window.start is None else self.bound(window.start, stage, item, 1)
        if first is not None and self.ordinal(first) > self.ordinal(last):
            first = last
        return first, last

    def bound(self, bound: ir.Bound, stage: ir.Stage, item: ir.Item | None, inward: int) -> Day:
        day = self.day(bound.anchor, stage)
        if bound.by is not None:
            day = away(day, bound.sign, bound.by, item)
        return day.moved(inward) if bound.open else day

    def span(self, by: ir.Duration) -> int:
        """Its length in days, roughly."""
        origin = {"": REFERENCE}
        return away(Day(""), 1, by).on(origin) - REFERENCE

    def ordinal(self, day: Day) -> int:
        return day.on(self.points)

    def inside(self, first: Day | None, last: Day, most: int = 14) -> Day:
        """The last day, or up to so many before it."""
        if first is None:
            return Day(last.at, last.months, last.days, most)
        length = self.ordinal(last) - self.ordinal(first)
        return Day(last.at, last.months, last.days, max(0, min(most, length)))


def frame_of(protocol: ir.Protocol, rng: Random) -> Frame:
    """Study events in their declared order, some days apart; derived ones where the protocol puts them."""
    offsets: dict[str, int] = {}
    for point in protocol.timepoints:
        floor = max((offsets[name] for name in point.after if name in offsets), default=0)
        if point.at is None:
            offsets[point.name] = floor + (rng.choice((1, 3, 7, 14)) if offsets else 0)
    for point in protocol.timepoints:
        if point.at is not None:
            offsets[point.name] = _derived(point.at, offsets, protocol, 0)
    return Frame(protocol, offsets)


def _derived(anchor: ir.Anchor, offsets: dict[str, int], protocol: ir.Protocol, depth: int) -> int:
    match anchor:
        case ir.AtTimepoint(name):
            if name not in offsets and depth < 20:
                found = next((one for one in protocol.timepoints if one.name == name), None)
                if found is not None and found.at is not None:
                    return _derived(found.at, offsets, protocol, depth + 1)
            return offsets.get(name, 0)
        case ir.Shifted(base, sign, by):
            moved = away(Day("", 0, _derived(base, offsets, protocol, depth)), sign, by)
            return moved.on({"": REFERENCE}) - REFERENCE
        case _:
            return 0
