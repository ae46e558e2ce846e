"""On which later days of the anchor a window's edge passes a given day: all that can change as time
goes by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from protodsl.runtime.case import Case
from protodsl.runtime.dates import add_months, clamped, in_days_and_months, shifted_day
from protodsl.runtime.model.expressions import Lasting
from protodsl.runtime.model.windows import ANCHOR, Duration, Length, Moment, Window
from protodsl.runtime.record import LAST_DAY

HORIZON_MONTHS = 60

Step = tuple[int, tuple[int, int]]  # sign, (days, months)


def horizon(case: Case) -> int:
    """The last day tried: five years on."""
    assert case.anchor is not None
    return add_months(case.anchor, HORIZON_MONTHS)


def crossings(
    case: Case, window: Window | None, marks: Iterable[int], days: set[int], item: str | None = None
) -> None:
    """Adds the days on which an end of the window, or the last day the record speaks of, reaches or
    passes a mark.
    """
    if case.anchor is None:
        return
    listed = sorted(set(marks))
    if not listed and (window is None or not _at_event(window)):
        return
    _reached(case, _of_as_of(case), (), listed, days)
    if window is None:
        moment_crossings(case, ANCHOR, listed, days)
        return
    for bound, step in ((window.start, 1), (window.end, -1)):
        if bound is None:
            continue
        last: tuple[Step, ...] = ((step, (1, 0)),) if bound.left_out else ()
        for steps in _steps(case, bound.by, bound.sign, item):
            moment_crossings(case, bound.moment, listed, days, (*steps, *last))


def _at_event(window: Window) -> bool:
    """Whether an end of the window hangs on an event, which comes into sight on days of its own."""
    for bound in (window.start, window.end):
        moment = None if bound is None else bound.moment
        while moment is not None and moment.kind == "moved":
            moment = moment.base
        if moment is not None and moment.kind not in ("anchor", "timepoint", "sample"):
            return True
    return False


def moment_crossings(
    case: Case, moment: Moment, marks: Iterable[int], days: set[int], steps: tuple[Step, ...] = ()
) -> None:
    """The same for a moment, moved by `steps`."""
    listed = sorted(marks)
    while moment.kind == "moved" and moment.base is not None and moment.length is not None:
        steps = ((moment.sign, in_days_and_months(moment.length)), *steps)
        moment = moment.base
    anchor = case.anchor
    if anchor is None or moment.kind == "sample":
        return
    match moment.kind:
        case "anchor":
            _reached(case, 0, steps, listed, days)
        case "timepoint":
            day = case.point(moment.name)
            if day is not None and day >= anchor:
                _reached(case, day - anchor, steps, listed, days)
        case _:
            # the event it hangs on is found anew as events come into sight, and moves while it goes on
            own: list[int] = []
            for happening in case.facts.happenings(moment.name):
                own += [happening.first_lo, happening.last_lo or 0, happening.last_hi or 0]
                own.append(happening.first_hi or 0)
            own.sort()
            _reached(case, 0, (), own, days)
            _reached(case, _of_as_of(case), (), own, days)
            _reached(case, 0, steps, listed, days)
            _reached(case, _of_as_of(case), steps, listed, days)


def _of_as_of(case: Case) -> int:
    assert case.anchor is not None
    return 0 if case.as_of is None else case.as_of - case.anchor


def _steps(case: Case, by: Duration | None, sign: int, item: str | None) -> list[tuple[Step, ...]]:
    """Every way a bound may be moved: one, or one for each of two lengths; not at all for an unknown
    half-life.
    """
    if by is None:
        return [()]
    lengths = (by,) if isinstance(by, Length) else (by.first, by.second)
    found: list[tuple[Step, ...]] = []
    for length in lengths:
        amount = case.amount(length, item)
        found.append(() if amount is None else ((sign, amount),))
    return found


def _reached(case: Case, offset: int, steps: tuple[Step, ...], marks: Sequence[int], days: set[int]) -> None:
    """Adds the first days t after the anchor with edge(t) ≥ mark, and with edge(t) > mark; `marks` in
    order.
    """
    anchor = case.anchor
    assert anchor is not None
    if not marks:
        return
    last = horizon(case)
    plain, months = offset, False
    for sign, amount in steps:
        plain += sign * amount[0]
        months = months or amount[1] != 0
    if not months:
        first = anchor + plain
        if marks[-1] < first:
            return
        for mark in marks:
            if mark >= first:
                for day in (mark - plain, mark - plain + 1):
                    if anchor < day <= last:
                        days.add(day)
        return

    def edge(day: int) -> int:
        day = clamped(day + offset)
        for sign, amount in steps:
            day = shifted_day(day, sign, amount)
        return day

    now = edge(anchor)
    if marks[-1] < now:
        return
    most = edge(min(last, LAST_DAY))
    for mark in marks:
        for target in (mark, mark + 1):
            if now < target <= most:
                days.add(_first_reaching(edge, target, anchor, last))


def _first_reaching(edge: Callable[[int], int], target: int, low: int, high: int) -> int:
    """The first day with edge(day) ≥ target; edge(low) is less, edge(high) is not."""
    while high - low > 1:
        guess = (low + high) // 2
        step = target - edge(guess)
        # months differ by a few days only: try where the edge would be if it moved day by day
        near = guess + step
        if low < near - 4 and near + 4 < high:
            if edge(near + 4) >= target:
                high = near + 4
            else:
                low = near + 4
            if edge(near - 4) < target:
                low = max(low, near - 4)
            else:
                high = min(high, near - 4)
            continue
        if step > 0:
            low = guess
        else:
            high = guess
    return high


def event_breaks(
    case: Case, item: str, window: Window, days: set[int], lasting: Lasting | None = None
) -> None:
    """Days on which an event enters or leaves the window, is long enough, or what rules it out no
    longer covers.
    """
    marks: set[int] = set()
    for happening in case.facts.happenings(item):
        marks.add(happening.first_lo)
        for mark in (happening.first_hi, happening.last_lo, happening.last_hi):
            if mark is not None:
                marks.add(mark)
    domain = case.vocabulary.domain(item)
    if case.facts.absent[domain]:
        for name in (item, *case.vocabulary.members(item)):
            for absence in case.facts.absences(name):
                marks.update(absence.since or ())
                marks.update(absence.date or ())
    for one in case.facts.spans.get(domain, ()):
        marks.update(one.since or ())
        marks.update(one.until or ())
    if lasting is not None:
        amount = in_days_and_months(lasting.length)
        for mark in list(marks):
            there = shifted_day(mark, 1, amount)
            marks.update(range(there - 1, there + 5))
    crossings(case, window, marks, days, item)
