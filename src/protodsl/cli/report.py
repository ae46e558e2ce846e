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
    lines += [line for one in _leaves(report.criteria, "fails", report) for line in _criterion("fails", one)]
    lines += [line for one in _leaves(report.criteria, "unknown", report) for line in _criterion("open", one)]
    if report.cohorts:
        said = ", ".join(f"{name} {verdict}" for name, verdict in report.cohorts)
        lines += _entry("cohorts", said)
    if report.needed:
        lines += _entry("needed", ", ".join(report.needed))
    if report.earliest_date:
        lines += _entry("earliest", f"{report.earliest_date}, if nothing else changes")
    if report.to_repeat:
        lines += _entry("repeat", ", ".join(report.to_repeat))
    for text in report.assumptions:
        lines += _entry("assumed", text)
    for text in report.notes:
        lines += _entry("note", text)
    return "\n".join(lines)


def _leaves(criteria: list[CriterionReport], outcome: str, report: Report) -> list[CriterionReport]:
    """The criteria and parts of that outcome, the innermost only: a part says it better than its whole.

    A decided verdict needs nothing, so what is still open is then left out.
    """
    if outcome == "unknown" and report.verdict != "undetermined":
        return []
    chosen = [one for one in criteria if one.outcome == outcome]
    failing = {one.id for one in criteria if one.outcome == "fails"}
    if outcome == "unknown":
        chosen = [one for one in chosen if any(one.id.startswith(f"{other}.") for other in failing) is False]
    ids = [one.id for one in chosen]
    return [one for one in chosen if not any(other.startswith(f"{one.id}.") for other in ids)]


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
