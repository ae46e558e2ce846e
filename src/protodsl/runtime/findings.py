"""What evaluating an expression finds: its truth, why it is unknown, and, when asked, the reason and the
evidence.

Every expression of a checker becomes a `Node`. `truth` answers only that, as fast as it can; `finding`
answers the same truth with everything a report says. Leaves decide in one place (`judged`), whichever is
asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeVar

from protodsl.runtime.case import Case
from protodsl.runtime.frames import Frame
from protodsl.runtime.record import Days
from protodsl.runtime.record_fields import DOMAINS
from protodsl.runtime.report import RANKS, Cause, Truth
from protodsl.runtime.words import name_text, unknown_reason

Causes = tuple[Cause, ...]


def each_once(causes: Iterable[Cause]) -> Causes:
    return tuple(dict.fromkeys(causes))


def first_cause(causes: Iterable[Cause]) -> Causes:
    """The one cause of a comparison: the first that applies, in the language's order."""
    found = list(causes)
    return (min(found, key=lambda cause: RANKS[cause.kind]),) if found else ()


_DOMAIN_ORDER: dict[str, int] = {domain: place for place, domain in enumerate(DOMAINS)}


@lru_cache(maxsize=4096)
def _place_key(place: str) -> tuple[int, int, str]:
    """By domain and number; places in data from elsewhere (`Observation/7`) by name, see `Session`."""
    domain, _, index = place.partition("/")
    own = domain in _DOMAIN_ORDER and index.isdecimal()
    return (_DOMAIN_ORDER[domain], int(index), "") if own else (5, 0, place)


def in_record_order(places: Iterable[str]) -> tuple[str, ...]:
    """Evidence: each place once, by domain and then as recorded."""
    found = set(places)
    return tuple(sorted(found, key=_place_key) if len(found) > 1 else found)


Piece = tuple[str, "Frame | None", str]  # a sentence, in two halves if the words of a window stand between


class Finding:
    """The truth of one node; its words and evidence are made when first asked for.

    One that says nothing of any fact in the record (nothing recorded, declared complete, not answered) is
    `shared` by all records. Windows and dates come into its words only as these are told.
    """

    __slots__ = ("_evidence", "_pieces", "_said", "causes", "node", "shared", "state", "truth")

    def __init__(
        self, node: Node, truth: Truth, causes: Causes, state: Any = None, *, shared: bool = False
    ) -> None:
        self.node = node
        self.truth = truth
        self.causes = causes
        self.state = state  # what the node's words are made of
        self.shared = shared
        self._said: tuple[str, ...] | None = None
        self._pieces: tuple[Piece, ...] | None = None
        self._evidence: tuple[str, ...] | None = () if shared else None

    def said(self, case: Case) -> tuple[str, ...]:
        """Its sentences; `case`: the one it was found for."""
        found = self._said
        if found is not None:
            return found
        if not self.shared:
            found = self._said = self.node.said(self, case)
            return found
        pieces = self._pieces
        if pieces is None:
            pieces = self._pieces = self.node.pieces(self, case)
        if len(pieces) == 1:
            before, frame, behind = pieces[0]
            if frame is not None:
                return (f"{before}{frame.text(case)}{behind}",)
        found = tuple(
            [
                before if frame is None else f"{before}{frame.text(case)}{behind}"
                for before, frame, behind in pieces
            ]
        )
        if all([frame is None for _, frame, _ in pieces]):
            self._said = found
        return found

    @property
    def evidence(self) -> tuple[str, ...]:
        found = self._evidence
        if found is None:
            found = self._evidence = self.node.evidence(self)
        return found


Key = TypeVar("Key")
Made = TypeVar("Made")


def remember(known: dict[Key, Made], key: Key, made: Made) -> Made:
    """Keeps what is the same for all records, as long as it is not too many different ones."""
    if len(known) >= 1024:
        known.clear()
    known[key] = made
    return made


TRUE, FALSE, UNKNOWN, ANY = 1, 2, 4, 7  # sets of truths
ONLY: dict[Truth, int] = {True: TRUE, False: FALSE, None: UNKNOWN}


class Node:
    """An expression made ready: names looked up, limits converted."""

    __slots__ = ()

    def cost(self) -> int:
        """What asking for its truth costs, about: what is cheap is asked first."""
        return 4

    def truth(self, case: Case) -> Truth:
        raise NotImplementedError

    def finding(self, case: Case) -> Finding:
        raise NotImplementedError

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        raise NotImplementedError

    def pieces(self, finding: Finding, case: Case) -> tuple[Piece, ...]:
        """The same for a shared finding; `case`: any, for names only."""
        return tuple((sentence, None, "") for sentence in self.said(finding, case))

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        raise NotImplementedError

    def outlook(self, case: Case) -> int:
        """Which truths it may have, now and as time goes by; more do no harm. See `cure`."""
        return ANY

    def breaks(self, case: Case, days: set[int]) -> None:
        """Adds every later day of the anchor on which the truth may change; more days do no harm."""
        raise NotImplementedError


def _latest_date(case: Case, item: str) -> Days | None:
    """The date of the latest result that surely is of the item."""
    as_of = case.as_of
    dated: list[tuple[int, int, str, int, Days]] = []
    for sample in case.facts.samples(item):
        date = sample.date
        if sample.sure and date is not None and as_of is not None and date.first <= as_of:
            first, last = case.dated(date)
            dated.append((last, first, sample.time or "", -sample.index, date))
    return max(dated)[-1] if dated else None


def cause_text(
    case: Case,
    cause: Cause,
    *,
    recorded: bool = False,
    value: str | None = None,
    text: str | None = None,
) -> str:
    """The sentence of one cause; `text`: the words of a question."""
    kind, what = cause
    items = case.vocabulary.items
    if kind == "timepoint not dated":
        return unknown_reason(kind, name_text(what))
    if text is not None and what not in items:
        return unknown_reason(kind, text, domain="answers")
    if what in items:
        domain = case.vocabulary.domain(what)
        label = text if text is not None and domain == "answers" else items[what].label
        latest = _latest_date(case, what) if kind == "stale" else None
        return unknown_reason(kind, label, domain=domain, recorded=recorded, latest=latest, value=value)
    return unknown_reason(kind, name_text(what), domain="participant", value=value)
