"""One participant against several trials: as a table for a terminal, and as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

from protodsl.diagnostics.text import visible
from protodsl.reports.details import Details
from protodsl.reports.missing import Missing, grouped
from protodsl.reports.page import Participant, laid_out, participant_of
from protodsl.reports.text import TINTS, UNTINTED, leaves
from protodsl.runtime.report import Verdict

WIDTH = 100
_ORDER = {"eligible": 0, "undetermined": 1, "ineligible": 2}
_NAMED = 4  # criteria, or missing things, in one cell
_VERDICT, _DATE = 12, 10  # columns
_LEAST = 12


@dataclass(frozen=True, slots=True)
class Match:
    """A trial's answer for one participant, or why there is none."""

    trial: str
    title: str
    details: Details | None
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        return None if self.details is None else self.details.report.verdict

    def to_dict(self) -> dict[str, Any]:
        if self.details is not None:
            return self.details.to_dict()
        said = [{"place": place, "message": message} for place, message in self.problems]
        return {"protocol": self.trial, "verdict": None, "problems": said}


@dataclass(frozen=True, slots=True)
class Matches:
    """A participant with every trial's answer, in the order in which the trials were named."""

    who: str
    trials: tuple[Match, ...]

    @property
    def closed(self) -> bool:
        """Whether no trial has found the participant eligible."""
        return all(one.verdict != "eligible" for one in self.trials)

    @property
    def ranked(self) -> list[Match]:
        """Eligible first, ineligible last; those that time may cure before the others, the soonest first."""

        def rank(one: Match) -> tuple[int, str]:
            report = None if one.details is None else one.details.report
            if report is None:
                return 3, ""
            return _ORDER[report.verdict], report.earliest_date or "9"

        return sorted(self.trials, key=rank)

    def to_dict(self) -> dict[str, Any]:
        return {"participant": self.who, "trials": [one.to_dict() for one in self.trials]}


def blocks(match: Match) -> str:
    """What stands in the way: the innermost criteria and parts that fail."""
    if match.details is None:
        return "; ".join(f"{place}: {message}" if place else message for place, message in match.problems)
    if match.details.report.verdict != "ineligible":
        return ""
    failing = [f"{one.id} {one.label}".rstrip() for one in leaves(match.details.report.criteria, "fails")]
    return _some(failing or list(match.details.blocking))


def missing(match: Match, most: int = _NAMED) -> str:
    """What could still change the verdict, and who can supply it; of each `most` things are named."""
    if match.details is None:
        return ""
    said = []
    for supplier, found in grouped(match.details.missing.could_change):
        said.append(f"{supplier}: {_some(_labels(found), most)}")
    return "; ".join(said)


def _labels(found: Iterable[Missing]) -> list[str]:
    return list(dict.fromkeys(one.label for one in found))


def _some(named: Sequence[str], most: int = _NAMED) -> str:
    more = f" and {len(named) - most} more" if len(named) > most else ""
    return ", ".join(named[:most]) + more


def earliest(match: Match) -> str:
    return (match.details.report.earliest_date or "") if match.details is not None else ""


# ---------------------------------------------------------------- text


def matches_text(matches: Matches, *, width: int = WIDTH, color: bool = False) -> str:
    """A table, trials by row; no line longer than `width`."""
    names = max([len("trial"), *(len(visible(one.trial)) for one in matches.trials)])
    names = max(_LEAST, min(names, width // 4))
    words = max(_LEAST, width - names - _VERDICT - _DATE - 8)
    why = "in the way, or missing" if words > _LEAST * 2 else "why"
    head = _line(("trial", names), ("verdict", _VERDICT), (why, words), "earliest")
    lines = [visible(matches.who) or "participant", head]
    for one in matches.ranked:
        said = blocks(one) or missing(one, 2)
        cells = wrap(visible(said), words, break_on_hyphens=False) or [""]
        trial = wrap(visible(one.trial), names) or [""]
        verdict = one.verdict or "not screened"
        for number in range(max(len(cells), len(trial))):
            first = number == 0
            tint, reset = (TINTS.get(verdict, ""), UNTINTED) if color and first else ("", "")
            name = trial[number] if number < len(trial) else ""
            cell = cells[number] if number < len(cells) else ""
            told = f"{tint}{verdict if first else '':<{_VERDICT}}{reset}"
            lines.append(_line((name, names), (told, 0), (cell, words), earliest(one) if first else ""))
    return "\n".join(lines)


def _line(*cells: tuple[str, int] | str) -> str:
    """Cells with their widths, two spaces between them."""
    padded = (cell if isinstance(cell, str) else f"{cell[0]:<{cell[1]}}" for cell in cells)
    return ("  " + "  ".join(padded)).rstrip()


# ---------------------------------------------------------------- the page


@dataclass(frozen=True, slots=True)
class MatchRow:
    trial: str
    title: str
    verdict: str
    blocks: str
    missing: str
    earliest: str
    near: tuple[str, ...]
    repeat: tuple[str, ...]
    inside: Participant | None  # the whole report, to be unfolded


@dataclass(frozen=True, slots=True)
class MatchPerson:
    anchor: str
    who: str
    counts: tuple[tuple[str, int], ...]
    rows: tuple[MatchRow, ...]


@dataclass(frozen=True, slots=True)
class MatchPage:
    title: str
    people: tuple[MatchPerson, ...]
    refused: tuple[str, ...]


def matches_page(found: Iterable[MatchPerson], refused: Sequence[str] = ()) -> str:
    """One page of participants, each with a table of trials whose rows unfold."""
    people = tuple(_placed(one, number) for number, one in enumerate(found, 1))
    trials = max((len(one.rows) for one in people), default=0)
    who = people[0].who if len(people) == 1 else f"{len(people)} participants"
    title = f"{who}: {trials} trials"
    return laid_out("match.html.j2", MatchPage(title, people, tuple(refused)))


def person_of(matches: Matches) -> MatchPerson:
    """What a page shows of one participant; the page says at which place in it."""
    rows = tuple(_row(one) for one in matches.ranked)
    counts = tuple((verdict, sum(one.verdict == verdict for one in rows)) for verdict in _ORDER)
    return MatchPerson("", matches.who or "Participant", counts, rows)


def _placed(person: MatchPerson, number: int) -> MatchPerson:
    rows = tuple(
        row if row.inside is None else replace(row, inside=replace(row.inside, anchor=f"{number}-{place}"))
        for place, row in enumerate(person.rows, 1)
    )
    return replace(person, anchor=f"participant-{number}", rows=rows)


def _row(match: Match) -> MatchRow:
    details = match.details
    return MatchRow(
        match.trial,
        match.title,
        match.verdict or "not screened",
        blocks(match),
        missing(match),
        earliest(match),
        () if details is None else tuple(one.words() for one in details.near_misses),
        () if details is None else tuple(one.words() for one in details.repeat),
        None if details is None else participant_of(details),
    )
