"""Which tests must be repeated, and between which days, for a participant whom time may cure.

On the earliest date some results will be too old. Each has to be taken anew inside the window that the
criterion then asks for. A value computed from several results is dated by one of them; once that is taken
anew the others may be too old for it. So what was found is tried, until nothing more goes stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from protodsl.reports.trial import Screened, Trial, deciding_leaves
from protodsl.runtime.case import Case
from protodsl.runtime.checker import Session, ordinal
from protodsl.runtime.cure import Later
from protodsl.runtime.findings import Finding, Node
from protodsl.runtime.frames import Frame
from protodsl.runtime.quantity import NumberNode
from protodsl.runtime.record import Days, Record, Result
from protodsl.runtime.report import Cause
from protodsl.runtime.result_numbers import ChosenNumber
from protodsl.runtime.results import ResultNode
from protodsl.runtime.stages import StageFinding
from protodsl.runtime.words import day_text

_ROUNDS = 5  # formulas of formulas


@dataclass(frozen=True, slots=True)
class Repeat:
    """A result to be taken anew from `first` (None: any day) to `by`; `last`: the day of the recorded one."""

    what: str
    label: str
    first: str | None
    by: str
    last: str | None

    def to_dict(self) -> dict[str, Any]:
        return {"what": self.what, "label": self.label, "from": self.first, "by": self.by, "last": self.last}

    def words(self) -> str:
        if self.first is None:
            between = f"by {self.by}"
        else:
            between = f"on {self.by}" if self.first == self.by else f"between {self.first} and {self.by}"
        old = f" (recorded {self.last})" if self.last else ""
        return f"{self.label} {between}{old}"


def repeats_of(screened: Screened) -> tuple[Repeat, ...]:
    """Empty where there is no earliest date."""
    report, session = screened.report, screened.session
    if report.earliest_date is None or session.case.anchor is None:
        return ()
    day = ordinal(report.earliest_date)
    record, found = screened.record, dict[str, tuple[int | None, int]]()
    for _ in range(_ROUNDS):
        case, stale = _stale(screened.trial, screened, record, day)
        new = [what for what in stale if what not in found]
        found |= {what: stale[what] for what in new}
        if not new:
            break
        record = _taken_anew(record, case, {what: stale[what][1] for what in new})
    items = screened.trial.model.items
    return tuple(
        Repeat(
            what,
            items[what].label if what in items else what,
            None if first is None else day_text(first),
            day_text(by),
            _last(session, what),
        )
        for what, (first, by) in found.items()
    )


def _stale(
    trial: Trial, screened: Screened, record: Record, day: int
) -> tuple[Case, dict[str, tuple[int | None, int]]]:
    """On that day: what is too old, with the first and last day on which it should be taken."""
    session = trial.session(record, screened.asked)
    case = Later(session.case).on(day)
    finding = StageFinding(session.node, case, session.cohort, session.earlier)
    found: dict[str, tuple[int | None, int]] = {}
    for leaf in _unknown_leaves(finding):
        for cause in leaf.causes:
            if cause.kind == "stale":
                first, by = _window(case, leaf.node, cause.what, day)
                if cause.what in found:
                    other, until = found[cause.what]
                    first = other if first is None else first if other is None else max(first, other)
                    by = min(by, until)
                found[cause.what] = (first, by)
    return case, found


def _unknown_leaves(finding: StageFinding) -> Iterator[Finding]:
    for body in (finding.common, *(found for _, found in finding.cohorts)):
        for criterion in body.body.criteria:
            for one in body.findings[id(criterion)].undecided():
                yield from (leaf for leaf in deciding_leaves(one) if leaf.truth is None)


def _window(case: Case, node: Node, what: str, day: int) -> tuple[int | None, int]:
    """The days on which a new result would count on the day of the question."""
    found: tuple[int | None, int] = (None, day)
    for item, frame in _frames(node):
        if what in (item, _lead(case, item)) and frame is not None:
            span = case.span(frame)
            if not isinstance(span, Cause):
                found = (span.start_hi, min(span.end_lo, day))
    return found


def _lead(case: Case, item: str) -> str:
    measure = case.rules.measures.get(item)
    return item if measure is None else _lead(case, measure.lead)


def _frames(node: Node | NumberNode) -> Iterator[tuple[str, Frame | None]]:
    """Items with the windows in which a leaf looks for them."""
    if isinstance(node, (ResultNode, ChosenNumber)):
        yield node.item, node.frame
        return
    for name in ("left", "right", "arguments", "rows"):
        inner = getattr(node, name, ())
        for one in inner if isinstance(inner, tuple) else (inner,):
            for number in one if isinstance(one, tuple) else (one,):
                if isinstance(number, NumberNode):
                    yield from _frames(number)


def _taken_anew(record: Record, case: Case, wanted: dict[str, int]) -> Record:
    """The record with the last result of each item once more, on that day."""
    new: list[Result] = []
    for what, day in wanted.items():
        samples = [one for one in case.facts.samples(what) if one.sure and one.result.date is not None]
        if samples:
            last = max(samples, key=lambda one: one.result.date or Days(0, 0)).result
            new.append(replace(last, date=Days(day, day), time=None, where=f"{last.where} anew"))
    return replace(record, results=[*record.results, *new])


def _last(session: Session, what: str) -> str | None:
    dates = [one.result.date for one in session.facts.samples(what) if one.sure]
    whole = [date.last for date in dates if date is not None and date.first == date.last]
    return day_text(max(whole)) if whole else None
