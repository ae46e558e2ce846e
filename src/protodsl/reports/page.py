"""Reports as one HTML page that needs no other: style inside, nothing loaded, readable without scripts.

The only script opens what is folded before the page is printed; the page's own policy forbids every other
script and every request, so that no text of a record or an author could become one even if not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from protodsl.documents import escape
from protodsl.documents.render import environment
from protodsl.reports.details import Details
from protodsl.reports.missing import Missing, grouped
from protodsl.reports.text import leaves, off_by, provided
from protodsl.runtime.report import CriterionReport, Verdict

SCRIPT = (
    "addEventListener('beforeprint',()=>document.querySelectorAll('details:not([open])')"
    ".forEach(d=>{d.open=true;d.dataset.shut=''}));"
    "addEventListener('afterprint',()=>document.querySelectorAll('details[data-shut]')"
    ".forEach(d=>{d.open=false;delete d.dataset.shut}));"
)
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
    + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    + "'"
)
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")  # kept on one line
MARKS = {"passes": "✓", "fails": "✗", "unknown": "?", "not applicable": "–"}


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion or part of one; `depth` 0 is the criterion. `evidence`: (place, what is recorded there)."""

    id: str
    label: str
    outcome: str
    mark: str
    depth: int
    reason: str  # empty where parts say it
    off_by: str
    cured: str | None
    source: str
    evidence: tuple[tuple[str, str], ...]
    belongs: str  # to a cohort or a group


@dataclass(frozen=True, slots=True)
class Asking:
    """What one of those who can supply something is asked: (what to do, what of)."""

    supplier: str
    asks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Participant:
    anchor: str
    who: str
    verdict: Verdict
    asked: str
    headline: str
    blocking: tuple[Row, ...]
    rows: tuple[Row, ...]
    cohorts: tuple[tuple[str, Verdict], ...]
    near: tuple[str, ...]
    could: tuple[Asking, ...]
    rest: tuple[Asking, ...]
    earliest: str | None
    provided: str
    repeat: tuple[str, ...]
    doubts: tuple[tuple[str, str, str], ...]  # message, places, criteria
    assumptions: tuple[str, ...]
    notes: tuple[str, ...]
    audit: str
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    participants: tuple[Participant, ...]
    refused: tuple[str, ...]
    counts: tuple[tuple[Verdict, int], ...]


def report_page(found: Iterable[Participant], refused: Sequence[str] = ()) -> str:
    """The page of these participants; `refused`: what is said of records that could not be read."""
    participants = tuple(replace(one, anchor=f"participant-{number}") for number, one in enumerate(found, 1))
    trials = list(dict.fromkeys(one.asked.partition(",")[0] for one in participants))
    order: tuple[Verdict, ...] = ("eligible", "undetermined", "ineligible")
    counts = tuple((verdict, sum(one.verdict == verdict for one in participants)) for verdict in order)
    page = Page(", ".join(trials) or "Nobody", participants, tuple(refused), counts)
    return laid_out("report.html.j2", page)


def laid_out(template: str, page: object) -> str:
    made = environment(escape.html)
    made.filters["dated"] = lambda words: Markup(
        _DATE.sub(r'<span class="num">\g<0></span>', escape.html(words))
    )
    text = made.get_template(template).render(
        page=page, policy=POLICY, script=Markup(SCRIPT)
    )  # our own constant
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def _dated(words: str) -> Markup:
    return Markup(_DATE.sub(r'<span class="num">\g<0></span>', escape.html(words)))


def participant_of(details: Details) -> Participant:
    """What a page shows of one participant; the page says at which place in it."""
    report = details.report
    wholes = {row.id.rpartition(".")[0] for row in report.criteria}
    rows = [_row(details, row, whole=row.id in wholes) for row in report.criteria]
    by_id = {id(row): made for row, made in zip(report.criteria, rows, strict=True)}
    outcome = {"ineligible": "fails", "undetermined": "unknown"}.get(report.verdict)
    shown = [] if outcome is None else leaves(report.criteria, outcome)
    stage = f", stage {report.stage}" if report.stage else ""
    cohort = f", cohort {report.cohort}" if report.cohort else ""
    audit = details.audit
    return Participant(
        "",
        report.participant or "Participant",
        report.verdict,
        f"{report.protocol}{stage}{cohort}",
        headline(details),
        tuple(by_id[id(row)] for row in shown),
        tuple(rows),
        tuple(report.cohorts),
        tuple(one.words() for one in details.near_misses),
        _asked(details.missing.could_change),
        _asked(details.missing.rest),
        report.earliest_date,
        provided(details),
        tuple(one.words() for one in details.repeat),
        tuple((one.message, ", ".join(one.places), ", ".join(one.criteria)) for one in details.doubts),
        tuple(report.assumptions),
        tuple(report.notes),
        audit.line(),
        (("protocol", audit.protocol_sha256), ("record", audit.record_sha256)),
    )


def headline(details: Details) -> str:
    """The verdict's reason in a few words: `2 criteria fail: inclusion 3, exclusion 8`."""
    blocking = details.blocking
    if not blocking:
        return "every criterion passes or does not apply"
    fails = details.report.verdict == "ineligible"
    if len(blocking) == 1:
        return f"only {blocking[0]} {'fails' if fails else 'is open'}"
    named = ", ".join(blocking[:4]) + (f" and {len(blocking) - 4} more" if len(blocking) > 4 else "")
    return f"{len(blocking)} criteria {'fail' if fails else 'are open'}: {named}"


def _row(details: Details, row: CriterionReport, *, whole: bool) -> Row:
    """`whole`: its parts are rows of their own and say the reason."""
    belongs = [f"cohort {row.cohort}"] if row.cohort else []
    belongs += [f"one of {row.group}"] if row.group else []
    return Row(
        row.id,
        row.label,
        row.outcome,
        MARKS[row.outcome],
        row.id.count("."),
        "" if whole else row.reason,
        off_by([one for one in details.margins if one.criterion == row.id]).removeprefix("; "),
        row.curable_on,
        row.source,
        () if whole else tuple((place, details.facts.get(place, "")) for place in row.evidence),
        ", ".join(belongs),
    )


def _asked(listed: tuple[Missing, ...]) -> tuple[Asking, ...]:
    found = []
    for supplier, each in grouped(listed):
        asks: dict[str, list[str]] = {}
        for one in each:
            asks.setdefault(one.ask, []).append(one.label)
        said = tuple((ask, ", ".join(dict.fromkeys(labels))) for ask, labels in asks.items())
        found.append(Asking(supplier, said))
    return tuple(found)
