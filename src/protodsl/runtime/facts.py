"""One record, sorted by the items a checker asks about; built once, whatever the stage or the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from operator import attrgetter, itemgetter
from typing import Any

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


class Happening:
    """A condition, course or procedure as days; None where the day is the last the record speaks of."""

    __slots__ = ("broad", "fact", "first_hi", "first_lo", "index", "last_hi", "last_lo", "match")

    def __init__(self, fact: Fact, match: Match, index: int, *, acute: bool) -> None:
        self.fact = fact
        self.match = match
        self.index = index  # place among the facts of its domain
        first = fact.onset if isinstance(fact, Condition) else _first_day(fact)
        end = fact.end
        self.first_lo: int = FIRST_DAY if first is None else first.first
        self.first_hi: int | None = None if first is None else first.last
        self.last_lo: int | None
        self.last_hi: int | None
        if acute or (isinstance(fact, Procedure) and end is None and not fact.ongoing):
            self.last_lo, self.last_hi = (self.first_lo, self.first_hi)
        elif end is not None:
            self.last_lo, self.last_hi = end.first, end.last
        elif fact.ongoing or isinstance(fact, Condition):
            self.last_lo = self.last_hi = None
        else:  # a course without an end may have ended on any day from its start
            self.last_lo, self.last_hi = self.first_lo, None

    @property
    def where(self) -> str:
        return self.fact.where


def _first_day(fact: Medication | Procedure) -> Days | None:
    return fact.start if isinstance(fact, Medication) else fact.date


class Sample:
    """A result of an item: `sure` where it surely is one.

    A computed value is a `Result` of its own, with its lead's date and place; `inputs`: the places of its
    other inputs, `causes`: why it has no value, or no single one.
    """

    __slots__ = ("causes", "computed", "index", "inputs", "result", "sure")

    def __init__(
        self,
        result: Result,
        sure: bool,
        index: int,
        *,
        computed: bool = False,
        causes: tuple[Cause, ...] = (),
        inputs: tuple[str, ...] = (),
    ) -> None:
        self.result = result
        self.sure = sure
        self.index = index
        self.computed = computed
        self.causes = causes
        self.inputs = inputs


# Everything a fact says; two that say the same are one.
_IDENTITIES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(one.name for one in fields(kind) if one.name != "where"))
    for kind in (Result, Condition, Medication, Procedure, Answer)
}


Placed = tuple[int, Any]  # a fact and its place among those of its domain


def _distinct(found: list[Placed]) -> list[Placed]:
    """Facts of one code, repeated ones left out."""
    seen: dict[tuple[Any, ...], Placed] = {}
    identity = _IDENTITIES[type(found[0][1])]
    for placed in found:
        seen.setdefault(identity(placed[1]), placed)
    return list(seen.values())


def _by_code(facts: Iterable[Placed]) -> dict[Coded, list[Placed]]:
    grouped: dict[Coded, list[Placed]] = {}
    for placed in facts:
        code = placed[1].code
        there = grouped.get(code)
        if there is None:
            grouped[code] = [placed]
        else:
            there.append(placed)
    for code, there in grouped.items():
        if len(there) > 1:
            grouped[code] = _distinct(there)
    return grouped


class Facts:
    """What a record says, by item. Lists are in record order."""

    def __init__(self, record: Record, vocabulary: Vocabulary) -> None:
        self.record = record
        self.vocabulary = vocabulary
        self._samples: dict[str, list[Sample]] = {}
        self._happenings: dict[str, list[Happening]] = {}
        self._absences: dict[str, list[Fact]] = {}
        self.cache: dict[Any, Any] = {}  # what leaves work out of the record alone
        self._results: dict[str, list[tuple[Match, list[Placed]]]] = {}
        for code, placed in _by_code(enumerate(record.results)).items():
            for name, fits in vocabulary.hits("results", code):
                if fits >= Match.BROAD:
                    self._results.setdefault(name, []).append((fits, placed))
        self._events: dict[str, dict[str, list[tuple[Coded, Match, list[Placed]]]]] = {}
        self._absent: dict[str, dict[str, list[Placed]]] = {}
        self.spans: dict[str, list[Complete]] = {}
        for one in record.complete:
            self.spans.setdefault(one.domain, []).append(one)

    def _domain(self, domain: str) -> None:
        listed: list[Any] = getattr(self.record, domain)
        placed = list(enumerate(listed))
        events: dict[str, list[tuple[Coded, Match, list[Placed]]]] = {}
        for code, facts in _by_code([one for one in placed if one[1].present]).items():
            for name, fits in self.vocabulary.hits(domain, code):
                events.setdefault(name, []).append((code, fits, facts))
        absent: dict[str, list[Placed]] = {}
        for code, facts in _by_code([one for one in placed if not one[1].present]).items():
            for name in self.vocabulary.covered(domain, code):
                absent.setdefault(name, []).extend(facts)
        self._events[domain], self._absent[domain] = events, absent

    def samples(self, item: str) -> list[Sample]:
        found = self._samples.get(item)
        if found is None:
            found = []
            for fits, results in self._results.get(item, ()):
                found += [Sample(result, fits is Match.SURE, place) for place, result in results]
            if len(found) > 1:
                found.sort(key=lambda sample: sample.index)
            self._samples[item] = found
        return found

    def happenings(self, item: str) -> list[Happening]:
        found = self._happenings.get(item)
        if found is None:
            found = []
            vocabulary = self.vocabulary
            domain = vocabulary.domain(item)
            if domain not in self._events:
                self._domain(domain)
            acute = vocabulary.items[item].acute
            for code, fits, facts in self._events[domain].get(item, ()):
                brief = acute or self.acute(code)
                found += [Happening(fact, fits, place, acute=brief) for place, fact in facts]
            if len(found) > 1:
                found.sort(key=lambda one: one.index)
            self._happenings[item] = found
        return found

    def acute(self, code: Coded) -> bool:
        """Whether what is recorded is itself declared acute, whatever was asked for."""
        one = self.vocabulary.one_code(code)
        item = self.vocabulary.items.get(one.code) if one.system is None and one.code is not None else None
        return item is not None and item.acute

    def absences(self, item: str) -> list[Fact]:
        """Explicit absences of the item or of what stands above it."""
        found = self._absences.get(item)
        if found is None:
            domain = self.vocabulary.domain(item)
            if domain not in self._events:
                self._domain(domain)
            placed = self._absent[domain].get(item, [])
            if len(placed) > 1:
                placed.sort(key=itemgetter(0))
            found = [fact for _, fact in placed]
            self._absences[item] = found
        return found

    def denials(self, domain: str, coded: Coded) -> list[Fact]:
        """Explicit absences of what a fact's own code names, or of what stands above that."""
        key = ("denials", domain, coded)
        found: list[Fact] | None = self.cache.get(key)
        if found is None:
            facts: list[Any] = getattr(self.record, domain)
            found = [fact for fact in facts if not fact.present and self.vocabulary.denies(fact.code, coded)]
            self.cache[key] = found
        return found

    def answers(self, question: str) -> list[Answer]:
        key = ("answers", question)
        found: list[Answer] | None = self.cache.get(key)
        if found is None:
            placed = [one for one in enumerate(self.record.answers) if one[1].question == question]
            found = [answer for _, answer in (_distinct(placed) if len(placed) > 1 else placed)]
            self.cache[key] = found
        return found
