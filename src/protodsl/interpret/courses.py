"""Courses: “courses of one drug that touch or overlap are one”."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from protodsl.interpret.context import Context
from protodsl.interpret.events import Event
from protodsl.interpret.matching import Match, match
from protodsl.runtime.record import Coded, Days, Medication


@dataclass(frozen=True, slots=True)
class Course:
    """An event with what it is surely one with (`inner`) and what it may be one with (`outer`), as groups
    of places.
    """

    event: Event
    start: Days
    end: Days
    inner: frozenset[int]
    outer: frozenset[int]


def courses(ctx: Context, found: Sequence[tuple[Event, bool]]) -> list[Course]:
    """The course each event is part of. The flag says whether the event surely is what was asked for."""
    certain = [place for place, (_, sure) in enumerate(found) if sure]
    events = [event for event, _ in found]
    drugs = [drug_of(ctx, event) for event in events]

    def one_drug(a: int, b: int) -> bool:
        return drugs[a] is not None and drugs[a] == drugs[b]

    def perhaps_one_drug(a: int, b: int) -> bool:
        """Only two drugs of the vocabulary are surely different ones."""
        if not isinstance(events[a].fact, Medication):
            return False
        return drugs[a] == drugs[b] or not (isinstance(drugs[a], str) and isinstance(drugs[b], str))

    def surely_linked(a: int, b: int) -> bool:
        return one_drug(a, b) and touch_surely(events[a], events[b])

    def possibly_linked(a: int, b: int) -> bool:
        return perhaps_one_drug(a, b) and touch_possibly(events[a], events[b])

    made = []
    for place, event in enumerate(events):
        inner = component(place, [*certain, place], surely_linked)
        reach: set[int] = set()
        for drug in [drugs[place]] if isinstance(drugs[place], str) else [*{*drugs} - {None}, None]:
            # it is of one drug, whichever it may be
            same = [other for other, its in enumerate(drugs) if its == drug or not isinstance(its, str)]
            reach |= component(place, same, possibly_linked)
        start = Days(min(events[p].start.first for p in reach), min(events[p].start.last for p in inner))
        end = Days(max(events[p].end.first for p in inner), max(events[p].end.last for p in reach))
        outer = component(place, range(len(events)), possibly_linked)
        made.append(Course(event, start, end, inner, outer))
    return made


def drug_of(ctx: Context, event: Event) -> str | Coded | None:
    """Which drug a medication is: the vocabulary's drug of its name or code, else its code; None where it
    may be any of several, and for everything else.
    """
    if not isinstance(event.fact, Medication) or event.fact.code.code is None:
        return None
    code = event.fact.code
    named = ctx.protocol.items.get(event.fact.code.code) if code.system is None else None
    if code.suspected or (named is not None and named.is_class):
        return None
    for item in ctx.protocol.items.values():
        if (
            item.domain == "medications"
            and not item.is_class
            and match(ctx.protocol, code, item) is Match.SURE
        ):
            return item.name
    return code


def touch_surely(a: Event, b: Event) -> bool:
    return a.start.last <= b.end.first + 1 and b.start.last <= a.end.first + 1


def touch_possibly(a: Event, b: Event) -> bool:
    return a.start.first <= b.end.last + 1 and b.start.first <= a.end.last + 1


def component(start: int, places: Sequence[int], linked: Callable[[int, int], bool]) -> frozenset[int]:
    """Everything reached from `start` by steps between linked places."""
    reached = {start}
    while True:
        more = {p for p in places if p not in reached and any(linked(p, q) for q in reached)}
        if not more:
            return frozenset(reached)
        reached |= more
