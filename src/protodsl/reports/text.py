"""A report as text for a terminal: the verdict first, then what fails, what is open, what would be needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap

from protodsl.diagnostics.text import visible
from protodsl.reports.details import Details
from protodsl.reports.margins import Margin
from protodsl.reports.missing import Missing, grouped
from protodsl.runtime.report import CriterionReport

WIDTH = 100
_COLUMN = 11  # where the text of an entry begins
TINTS = {"eligible": "\033[1;32m", "ineligible": "\033[1;31m", "undetermined": "\033[1;33m"}
UNTINTED = "\033[0m"
_PLACES = 3  # of evidence, named in a line
_DOUBTS = 8


def report_text(details: Details, *, width: int = WIDTH, color: bool = False) -> str:
    """The report of one participant, no line longer than `width`."""
    report = details.report
    tint, reset = (TINTS[report.verdict], UNTINTED) if color else ("", "")
    who = report.participant or "participant"
    stage = f", stage {report.stage}" if report.stage else ""
    cohort = f", cohort {report.cohort}" if report.cohort else ""
    lines = [f"{visible(who)}: {tint}{report.verdict.upper()}{reset} for {report.protocol}{stage}{cohort}"]
    page = _Page(width)
    for row in leaves(report.criteria, "fails"):
        page.criterion("fails", row, off_by([one for one in details.margins if one.criterion == row.id]))
    for name in details.blocking:
        if name.startswith("stage "):
            word = "fails" if report.verdict == "ineligible" else "open"
            page.entry(word, f"{name}, which this one requires: `--{name}` says why")
    if report.verdict == "undetermined":
        _open(page, leaves(report.criteria, "unknown"))
    if len(details.blocking) == 1:
        page.entry("only", f"{details.blocking[0]} stands in the way")
    for miss in details.near_misses:
        page.entry("change", miss.words())
    if report.cohorts:
        page.entry("cohorts", ", ".join(f"{name} {verdict}" for name, verdict in report.cohorts))
    page.missing("needed", details.missing.could_change)
    if report.verdict != "eligible":
        page.missing("besides", details.missing.rest)
    if report.earliest_date:
        page.entry("earliest", f"{report.earliest_date}, {provided(details)}")
    for repeat in details.repeat:
        page.entry("repeat", repeat.words())
    _doubts(page, details)
    if report.assumptions:
        page.entry("assumed", "; ".join(report.assumptions))
    for text in report.notes:
        page.entry("note", text)
    page.entry("audit", details.audit.line())
    return "\n".join([*lines, *page.lines])


class _Page:
    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[str] = []

    def entry(self, word: str, text: str) -> None:
        self.lines += wrap(
            visible(text),
            max(self.width, 2 * _COLUMN),
            initial_indent=f"  {word:<{_COLUMN - 2}}",
            subsequent_indent=" " * _COLUMN,
            break_on_hyphens=False,
        ) or [f"  {word}"]

    def criterion(self, word: str, row: CriterionReport, more: str = "") -> None:
        label = f" {row.label}" if row.label else ""
        cured = f" (passes from {row.curable_on})" if row.curable_on else ""
        self.entry(word, f"{row.id}{label}: {row.reason}{more}{cured}{_places(row.evidence)}")

    def missing(self, word: str, listed: tuple[Missing, ...]) -> None:
        """One entry for each who can supply something: `from the laboratory: measure ALT, AST`."""
        for supplier, found in grouped(listed):
            by_ask: dict[str, list[str]] = {}
            for one in found:
                by_ask.setdefault(one.ask, []).append(one.label)
            said = "; ".join(f"{ask} {', '.join(dict.fromkeys(labels))}" for ask, labels in by_ask.items())
            self.entry(word, f"from the {supplier}: {said}")
            word = ""


def provided(details: Details) -> str:
    """On what the earliest date hangs."""
    passed = " and the tests to repeat pass" if details.repeat else ""
    return f"if nothing else changes{passed}"


def off_by(margins: Sequence[Margin]) -> str:
    """`; off by 10 U/L (8.3 %)`, of several values with what each is of."""
    if not margins:
        return ""
    if len(margins) == 1:
        return f"; off by {margins[0].words()}"
    return "; off by " + ", ".join(f"{one.label} {one.words()}" for one in margins)


def _places(evidence: Sequence[str]) -> str:
    if not evidence:
        return ""
    more = f" and {len(evidence) - _PLACES} more" if len(evidence) > _PLACES else ""
    return f" [{', '.join(evidence[:_PLACES])}{more}]"


def leaves(criteria: Iterable[CriterionReport], outcome: str) -> list[CriterionReport]:
    """The innermost parts of that outcome, in criteria that have it themselves: a part says it better than
    its whole, but a part that fails in a criterion that passes says nothing.
    """
    listed = list(criteria)
    having = {one.id for one in listed if one.outcome == outcome}
    wholes = {above for name in having for above in _above(name)}
    known = {one.id for one in listed}
    return [
        one
        for one in listed
        if one.id in having
        and one.id not in wholes
        and all(above in having for above in _above(one.id) & known)
    ]


def _above(name: str) -> set[str]:
    """`inclusion 3.b.2` → `inclusion 3`, `inclusion 3.b`."""
    parts = name.split(".")
    return {".".join(parts[:size]) for size in range(1, len(parts))}


def _open(page: _Page, criteria: list[CriterionReport]) -> None:
    """What is open; criteria that only wait for the date of a timepoint are said together."""
    waiting = [one for one in criteria if {cause.kind for cause in one.unknown} == {"timepoint not dated"}]
    if len(waiting) > 3:
        dates = list(dict.fromkeys(cause.what for one in waiting for cause in one.unknown))
        page.entry("open", f"{len(waiting)} criteria and parts wait for the date of {', '.join(dates)}")
    else:
        waiting = []
    ids = {one.id for one in waiting}
    for one in criteria:
        if one.id not in ids:
            page.criterion("open", one)


def _doubts(page: _Page, details: Details) -> None:
    """Those that some criterion rests on, and values that are not plausible; the others are counted."""
    shown = [one for one in details.doubts if one.criteria or one.kind in ("died", "implausible value")][
        :_DOUBTS
    ]
    for doubt in shown:
        page.entry("doubt", f"{doubt.message}{_places(doubt.places)}")
    left = [one for one in details.doubts if one not in shown]
    if left:
        kinds: dict[str, int] = {}
        for one in left:
            kinds[one.kind] = kinds.get(one.kind, 0) + 1
        said = ", ".join(f"{count} × {kind}" for kind, count in kinds.items())
        places = list(dict.fromkeys(place for one in left for place in one.places))
        page.entry("doubt", f"more, in the report as JSON or HTML: {said}{_places(places)}")
