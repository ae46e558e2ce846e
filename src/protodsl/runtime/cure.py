"""What time alone cures: the first later day on which a criterion passes, or on which nothing fails
any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from protodsl.runtime.case import Case
from protodsl.runtime.crossing import horizon
from protodsl.runtime.stages import Element


class Later:
    """A case as it will be on later days of its anchor; nothing new happens. Each day is made once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._cases: dict[int, Case] = {}
        self.last = horizon(case) if case.anchor is not None else 0

    def on(self, day: int) -> Case:
        """The case with its anchor on that day."""
        found = self._cases.get(day)
        if found is None:
            anchor = self.case.anchor
            assert anchor is not None
            found = self.case.moved(day - anchor, anchor)
            self._cases[day] = found
        return found

    def days(self, breaks: Callable[[Case, set[int]], None]) -> list[int]:
        """The days on which something may change."""
        days: set[int] = set()
        breaks(self.case, days)
        return sorted(days)

    def first(self, holds: Callable[[Case], bool], breaks: Callable[[Case, set[int]], None]) -> int | None:
        """The first later day on which `holds`; None within five years."""
        if self.case.anchor is None:
            return None
        for day in self.days(breaks):
            if holds(self.on(day)):
                return day
        return None

    def nothing_fails(self, elements: Sequence[Element]) -> int | None:
        """The first later day on which no element is false."""
        anchor = self.case.anchor
        if anchor is None:
            return None
        breaks: dict[int, list[int]] = {}
        day = anchor
        while True:
            here = self.case if day == anchor else self.on(day)
            failing = next((one for one in elements if one.truth(here) is False), None)
            if failing is None:
                return day if day > anchor else None
            listed = breaks.get(id(failing))
            if listed is None:
                listed = self.days(failing.breaks)
                breaks[id(failing)] = listed
            following = next(
                (one for one in listed if one > day and failing.truth(self.on(one)) is not False), None
            )
            if following is None:
                return None
            day = following
