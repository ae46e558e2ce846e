"""One record, sorted by the items a checker asks about; built once, whatever the stage or the day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple

from protodsl.runtime.codes import Match, Vocabulary
from protodsl.runtime.record import (
    FIRST_DAY,
    Answer,
    Coded,
    Complete,
    Condition,
    Days,
    Medication,
    Procedure,
    Record,
    Result,
)
from protodsl.runtime.report import Cause

Fact = Condition | Medication | Procedure


class Lasted(NamedTuple):
    """An event: the days its first and its last day may be."""

    first_lo: int
    first_hi: int
    last_lo: int
    last_hi: int


class Happening:
    """A condition, course or procedure as days; None where the day is the last the record speaks of."""

    __slots__ = (
        "brief",
        "days",
        "fact",
        "first_hi",
        "first_lo",
        "index",
        "last_hi",
        "last_lo",
        "match",
        "over",
    )

    def __init__(self, fact: Fact, match: Match, index: int, *, brief: bool) -> None:
        """`brief`: it counts on its first day only."""
        self.fact = fact
        self.match = match
        self.index = index  # place among the facts of its domain
        kind = fact.__class__
        first = fact.start if kind is Medication else fact.onset if kind is Condition else fact.date  # type: ignore[union-attr]
        end = fact.end
        first_lo: int = FIRST_DAY if first is None else first[0]
        first_hi: int | None = None if first is None else first[1]
        last_lo: int | None = None
        last_hi: int | None = None
        self.brief = brief or (kind is Procedure and end is None and not fact.ongoing)
        if self.brief:
            last_lo, last_hi = first_lo, first_hi
        elif end is not None:
            last_lo, last_hi = end
            if first_hi is not None and first_lo <= last_hi:  # nothing begins after its end
                first_hi, last_lo = min(first_hi, last_hi), max(last_lo, first_lo)
        elif not (fact.ongoing or kind is Condition):
            last_lo = first_lo  # a course without an end may have ended on any day from its start
        self.first_lo = first_lo
        self.first_hi = first_hi
        self.last_lo = last_lo
        self.last_hi = last_hi
        self.days: Lasted | None = None  # where all of them are recorded
        self.over = 0  # their last
        if first_hi is not None and last_hi is not None and last_lo is not None:
            self.days = Lasted(first_lo, first_hi, last_lo, last_hi)
            self.over = last_hi if last_hi > first_hi else first_hi

    @property
    def where(self) -> str:
        return self.fact.where


def first_day(fact: Fact) -> Days | None:
    if isinstance(fact, Condition):
        return fact.onset
    return fact.start if isinstance(fact, Medication) else fact.date


class Sample:
    """A result of an item: `sure` where it surely is one. A formula's are `Computed`."""

    __slots__ = ("date", "index", "result", "sure", "time")

    computed = False
    causes: tuple[Cause, ...] = ()  # why it has no value, or no single one
    inputs: tuple[str, ...] = ()  # the places of its other inputs

    def __init__(self, result: Result, sure: bool, index: int) -> None:
        self.result = result
        self.sure = sure
        self.index = index
        self.date = result.date
        self.time = result.time


# Everything a fact says; two that say the same are one.
_IDENTITIES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(one.name for one in fields(kind) if one.name != "where"))
    for kind in (Result, Condition, Medication, Procedure, Answer)
}


_SORTED = ("results", "conditions", "medications", "procedures")
Placed = tuple[int, Any, Match, bool]  # place in its domain, fact, how well it fits, an event of one day
_NONE: list[Any] = []


def _each_once(facts: list[Any]) -> list[Any]:
    """Repeated facts left out."""
    if len(facts) < 2:
        return facts
    identity = _IDENTITIES[type(facts[0])]
    seen: dict[tuple[Any, ...], Any] = {}
    for fact in facts:
        seen.setdefault(identity(fact), fact)
    return list(seen.values())


class Facts:
    """What a record says, by item. Lists are in record order."""

    __slots__ = (
        *("_absences", "_answers", "_concerned", "_denials", "_denied", "_happenings", "_once", "_samples"),
        *("absent", "listed", "placed", "record", "spans", "vocabulary", "whole"),
    )

    def __init__(self, record: Record, vocabulary: Vocabulary, *, whole: bool = True) -> None:
        """`whole` False: results of which nothing is asked are left out of the record."""
        self.whole = whole
        self.record = record
        self.vocabulary = vocabulary
        self.absent: dict[str, list[Fact]] = {}  # explicit absences by domain
        self.placed: dict[str, list[Placed]] = {}
        self._once: dict[str, set[int]] = {}  # facts of a domain that are not repeated ones
        self._samples: dict[str, list[Sample]] = {}
        self._happenings: dict[str, list[Happening]] = {}
        self._absences: dict[str, dict[str, list[Fact]]] = {}
        self._concerned: dict[str, frozenset[str]] = {}
        self._denied: dict[str, bool] = {}
        self._denials: dict[tuple[str, Coded], list[Fact]] = {}
        self._answers: dict[str, list[Answer]] | None = None
        self.spans: dict[str, list[Complete]] = {}
        self.listed: dict[str, list[tuple[int, int | None]]] = {}
        self._sort()
        for one in record.complete:
            self.declare(one)

    def declare(self, one: Complete) -> None:
        """Takes a domain as completely recorded, where it is said to be."""
        self.spans.setdefault(one.domain, []).append(one)
        since = FIRST_DAY if one.since is None else one.since.last
        self.listed.setdefault(one.domain, []).append((since, None if one.until is None else one.until.first))

    def _sort(self) -> None:
        """Puts every fact under the items asked for; absences are set apart."""
        record, vocabulary = self.record, self.vocabulary
        found = self.placed
        for domain in _SORTED:
            facts = getattr(record, domain)
            absent: list[Fact] = []
            self.absent[domain] = absent
            if not facts:
                continue
            hits, hit = vocabulary.hits(domain), vocabulary.hit
            results = domain == "results"
            index = -1
            for fact in facts:
                index += 1
                if not (results or fact.present):
                    absent.append(fact)
                    continue
                code = fact.code
                known = hits.get(code)
                if known is None:
                    known = hit(domain, code)
                for name, match, brief in known:
                    if name in found:
                        found[name].append((index, fact, match, brief))
                    else:
                        found[name] = [(index, fact, match, brief)]

    def _of(self, item: str) -> list[Placed]:
        """The facts that may be of an item, in record order, each once."""
        vocabulary = self.vocabulary
        if item not in vocabulary.asked:
            assert self.whole or vocabulary.domains[item] != "results", f"nothing was to be asked of {item}"
            vocabulary.ask(item)
            self.placed.clear()
            self._sort()
        placed = self.placed.get(item)
        if placed is None:
            return _NONE
        if len(placed) > 1:
            if vocabulary.domains[item] == "results":
                days = {one[1].date for one in placed}
            else:
                days = {first_day(one[1]) for one in placed}
            if len(days) < len(placed):  # only facts of one day can be the same
                kept = self._kept(vocabulary.domains[item])
                placed = [one for one in placed if id(one[1]) in kept]
        return placed

    def _kept(self, domain: str) -> set[int]:
        """The facts of a domain, each once: those that say the same have the same code, so the same items."""
        kept = self._once.get(domain)
        if kept is None:
            kept = self._once[domain] = {id(fact) for fact in _each_once(getattr(self.record, domain))}
        return kept

    def samples(self, item: str) -> list[Sample]:
        found = self._samples.get(item)
        if found is None:
            placed = self._of(item)
            found = _NONE
            if placed:
                found = [Sample(result, match is Match.SURE, place) for place, result, match, _ in placed]
            self._samples[item] = found
        return found

    def happenings(self, item: str) -> list[Happening]:
        found = self._happenings.get(item)
        if found is None:
            placed = self._of(item)
            found = _NONE
            if placed:
                found = [Happening(fact, match, place, brief=brief) for place, fact, match, brief in placed]
            self._happenings[item] = found
        return found

    def absences(self, item: str) -> list[Fact]:
        """Explicit absences of the item or of what stands above it."""
        domain = self.vocabulary.domain(item)
        found = self._absences.get(domain)
        if found is None:
            found = {}
            for fact in _each_once(self.absent[domain]):
                for name in self.vocabulary.covered(domain, fact.code):
                    found.setdefault(name, []).append(fact)
            self._absences[domain] = found
        return found.get(item, _NONE)

    def denied(self, item: str) -> bool:
        """Whether any absence says something of the item, of a member, or of a fact that may be of it."""
        found = self._denied.get(item)
        if found is None:
            found = self._denied[item] = self._is_denied(item)
        return found

    def _is_denied(self, item: str) -> bool:
        domain = self.vocabulary.domains[item]
        absent = self.absent[domain]
        if not absent:
            return False
        concerned = self._concerned.get(domain)
        if concerned is None:
            each = [self.vocabulary.concerned(domain, fact.code) for fact in absent]
            concerned = self._concerned[domain] = frozenset().union(*each) if len(each) > 1 else each[0]
        if item in concerned:
            return True
        return any([self.denials(domain, one.fact.code) for one in self.happenings(item)])

    def denials(self, domain: str, coded: Coded) -> list[Fact]:
        """Explicit absences of what a fact's own code names, or of what stands above that."""
        if not self.absent[domain]:
            return _NONE
        key = (domain, coded)
        found = self._denials.get(key)
        if found is None:
            found = [fact for fact in self.absent[domain] if self.vocabulary.denies(fact.code, coded)]
            self._denials[key] = found
        return found

    def answers(self, question: str) -> list[Answer]:
        found = self._answers
        if found is None:
            found = self._answers = {}
            for answer in self.record.answers:
                if answer.question in found:
                    found[answer.question].append(answer)
                else:
                    found[answer.question] = [answer]
        given = found.get(question)
        if given is None:
            return _NONE
        return given if len(given) == 1 else _each_once(given)
