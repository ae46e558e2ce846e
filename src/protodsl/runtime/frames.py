"""Windows made ready, and the days they have in a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from protodsl.runtime.dates import clamped, in_days_and_months, shifted_day
from protodsl.runtime.model.windows import Bound, Extreme, Window
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days
from protodsl.runtime.report import RANKS, Cause
from protodsl.runtime.words import window_text

if TYPE_CHECKING:
    from protodsl.runtime.case import Case


class Span(NamedTuple):
    """A window: the days its start and its end may be."""

    start_lo: int
    start_hi: int
    end_lo: int
    end_hi: int


Told = int | Days | None
NEVER = LAST_DAY + 1  # the latest day on which a window may begin that may have no day at all
_ANY_DAY = 730_000


class Frame:
    """A window made ready: where nothing in it is vague, its ends are moved days of timepoints."""

    __slots__ = ("_end", "_start", "_texts", "item", "window")

    def __init__(self, window: Window, item: str | None) -> None:
        """`item`: whose half-lives the window is told in."""
        self._texts: dict[tuple[Told, Told, str], str] = {}
        self.window = window
        self.item = item
        self._start = _simple(window.start, 1)
        self._end = _simple(window.end, -1)

    def span(self, case: Case) -> Span | Cause:
        window = self.window
        start_lo = start_hi = FIRST_DAY
        if window.start is not None:
            if self._start is not None:
                day = self._start.day(case)
                if isinstance(day, Cause):
                    return day
                start_lo = start_hi = day
            else:
                days = case.bound(window.start, self.item)
                if isinstance(days, Cause):
                    return self.undatable(case, days)
                step = 1 if window.start.left_out else 0
                start_lo, start_hi = clamped(days.first + step), clamped(days.last + step)
        as_of = case.as_of
        if window.end is None:
            return case.undated() if as_of is None else Span(start_lo, start_hi, as_of, as_of)
        if self._end is not None:
            day = self._end.day(case)
            if isinstance(day, Cause):
                return day
            end_lo = end_hi = day
        else:
            days = case.bound(window.end, self.item)
            if isinstance(days, Cause):
                return days
            step = 1 if window.end.left_out else 0
            end_lo, end_hi = clamped(days.first - step), clamped(days.last - step)
        if start_hi > end_lo and not self.filled(case):
            start_hi = NEVER
        return case.undated() if as_of is None else Span(start_lo, start_hi, end_lo, end_hi)

    def undatable(self, case: Case, start: Cause) -> Cause:
        """Why a window has no days, told why its start has none: the first that applies."""
        end = None if self.window.end is None else case.bound(self.window.end, self.item)
        return end if isinstance(end, Cause) and RANKS[end.kind] < RANKS[start.kind] else start

    def filled(self, case: Case) -> bool:
        """Whether there surely is a day in a window whose ends are vague: told about one moment, they move
        together, and do not cross unless they stand on its wrong sides.
        """
        start, end = self.window.start, self.window.end
        if start is None or end is None or start.moment != end.moment or start.moment.kind == "moved":
            return False
        return all(self.beyond(case, bound, side) for bound, side in ((start, -1), (end, 1)))

    def beyond(self, case: Case, bound: Bound, side: int) -> bool:
        """Whether an end surely lies on that side of its moment, or on the moment's own day."""
        by = bound.by
        if by is None or bound.sign != side:
            return by is None and not bound.left_out
        if not bound.left_out:
            return True
        there = case.moved_by(_ANY_DAY, side, by, self.item)
        return there.last < _ANY_DAY if side < 0 else there.first > _ANY_DAY

    def text(self, case: Case) -> str:
        """The window in words, with the dates of its anchors; remembered for each pair of these."""
        told: str | None = case.memo.get(self)
        if told is not None:
            return told
        start, end = self.window.start, self.window.end
        key = (case.told_of(start), case.told_of(end), case.anchor_name)
        found = self._texts.get(key)
        if found is None:
            found = window_text(case.edge(start, case.days_of(start)), case.edge(end, case.days_of(end)))
            if len(self._texts) >= 2048:
                self._texts.clear()
            self._texts[key] = found
        case.memo[self] = found
        return found


class _Simple(NamedTuple):
    """One end of a window: the stage's anchor (no `name`) or a timepoint, moved; `step`: its own day left
    out.
    """

    name: str | None
    sign: int
    amount: tuple[int, int] | None
    step: int

    def day(self, case: Case) -> int | Cause:
        name, sign, amount, step = self
        if name is None:
            day = case.anchor
            if day is None:
                return case.undated()
        else:
            day = case.point(name)
            if day is None:
                return Cause("timepoint not dated", name)
        if amount is not None:
            day = shifted_day(day, sign, amount)
        return clamped(day + step) if step else day


def _simple(bound: Bound | None, inward: int) -> _Simple | None:
    """None: an end that needs the whole calculation."""
    if bound is None or bound.moment.kind not in ("anchor", "timepoint"):
        return None
    by = bound.by
    if by is not None and (isinstance(by, Extreme) or by.unit == "half_life"):
        return None
    name = bound.moment.name if bound.moment.kind == "timepoint" else None
    amount = None if by is None else in_days_and_months(by)
    return _Simple(name, bound.sign, amount, inward if bound.left_out else 0)
