"""A report as text for a terminal: the verdict first, then what fails, what is open, what would be needed."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from protodsl.diagnostics.text import visible

if TYPE_CHECKING:
    from protodsl.runtime.report import CriterionReport, Report

WIDTH = 100
_TINTS = {"eligible": "\033[1;32m", "ineligible": "\033[1;31m", "undetermined": "\033[1;33m"}
_RESET = "\033[0m"


def report_text(report: Report, *, color: bool = False) -> str:
    """The report of one participant, no line longer than `WIDTH`."""
    tint, reset = (_TINTS[report.verdict], _RESET) if color else ("", "")
    who = report.participant or "participant"
    stage = f", stage {report.stage}" if report.stage else ""
    cohort = f", cohort {report.cohort}" if report.cohort else ""
    lines = [f"{visible(who)}: {tint}{report.verdict.upper()}{reset} for {report.protocol}{stage}{cohort}"]
    lines += [line for one in _leaves(report.criteria, "fails") for line in _criterion("fails", one)]
    if report.verdict == "undetermined":
        lines += _open(_leaves(report.criteria, "unknown"))
    if report.cohorts:
        said = ", ".join(f"{name} {verdict}" for name, verdict in report.cohorts)
        lines += _entry("cohorts", said)
    if report.needed:
        lines += _entry("needed", ", ".join(report.needed))
    if report.earliest_date:
        lines += _entry("earliest", f"{report.earliest_date}, if nothing else changes")
    if report.to_repeat:
        lines += _entry("repeat", ", ".join(report.to_repeat))
    if report.assumptions:
        lines += _entry("assumed", "; ".join(report.assumptions))
    for text in report.notes:
        lines += _entry("note", text)
    return "\n".join(lines)


def _leaves(criteria: list[CriterionReport], outcome: str) -> list[CriterionReport]:
    """The innermost parts of that outcome, in criteria that have it themselves: a part says it better than
    its whole, but a part that fails in a criterion that passes says nothing.
    """
    having = {one.id for one in criteria if one.outcome == outcome}
    wholes = {above for name in having for above in _above(name)}
    known = {one.id for one in criteria}
    return [
        one
        for one in criteria
        if one.id in having
        and one.id not in wholes
        and all(above in having for above in _above(one.id) & known)
    ]


def _above(name: str) -> set[str]:
    """`inclusion 3.b.2` → `inclusion 3`, `inclusion 3.b`."""
    parts = name.split(".")
    return {".".join(parts[:size]) for size in range(1, len(parts))}


def _open(criteria: list[CriterionReport]) -> list[str]:
    """What is open; criteria that only wait for the date of a timepoint are said together."""
    waiting = [one for one in criteria if {cause.kind for cause in one.unknown} == {"timepoint not dated"}]
    lines: list[str] = []
    if len(waiting) > 3:
        dates = list(dict.fromkeys(cause.what for one in waiting for cause in one.unknown))
        lines += _entry("open", f"{len(waiting)} criteria and parts wait for the date of {', '.join(dates)}")
    else:
        waiting = []
    waiting_ids = {one.id for one in waiting}
    for one in criteria:
        if one.id not in waiting_ids:
            lines += _criterion("open", one)
    return lines


def _criterion(word: str, one: CriterionReport) -> list[str]:
    label = f" {one.label}" if one.label else ""
    cured = f" (passes from {one.curable_on})" if one.curable_on else ""
    return _entry(word, f"{one.id}{label}: {one.reason}{cured}")


def _entry(word: str, text: str) -> list[str]:
    found = wrap(
        visible(text),
        WIDTH,
        initial_indent=f"  {word:<9}",
        subsequent_indent=" " * 11,
        break_on_hyphens=False,
    )
    return found or [f"  {word}"]
