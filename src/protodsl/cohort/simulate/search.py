"""Which variants of each thing keep somebody eligible: a record that meets everything is looked for, and then
each variant of each thing is put into it, and the checker says what comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from protodsl import ir
from protodsl.backends import python
from protodsl.cohort.simulate.facts import Variant, record_of
from protodsl.cohort.simulate.times import Frame
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.parts import CriterionNode, PartFinding
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record
from protodsl.runtime.record_fields import DOMAINS

MOST = 40  # variants of one thing
ROUNDS = 3  # of looking for a good record
Key = tuple[Any, ...]
Place = tuple[str, str]  # stage, criterion
Score = tuple[int, int, int]  # stages not passed, criteria that fail or are open, how much of these


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing asked for. `good`: variants with which somebody otherwise eligible stays so, the plainest
    first; `adverse`: the others.
    """

    good: tuple[Variant, ...]
    adverse: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Archetype:
    """`eligible`: whether every stage was passed by the record that the plainest variants make."""

    frame: Frame
    things: tuple[Thing, ...]
    eligible: bool


@dataclass(slots=True)
class Slot:
    """A thing asked for by `criteria`, which may be recorded of any of `items`."""

    items: frozenset[str]
    variants: dict[Variant, None] = field(default_factory=dict)
    criteria: set[str] = field(default_factory=set)


class Search:
    """`relevant`: of each stage, the criteria of this way; `against`: those that are to fail on it."""

    def __init__(
        self,
        protocol: ir.Protocol,
        frame: Frame,
        slots: Iterable[Slot],
        relevant: Mapping[str, frozenset[str]],
        against: frozenset[Place] = frozenset(),
    ) -> None:
        self.frame, self.slots, self.relevant, self.against = frame, list(slots), relevant, against
        self.checker = python.load(protocol).CHECKER
        self.points, self.given = frame.points, frozenset(frame.given)
        self.pieces: dict[tuple[Variant, bool], Record] = {}

    def archetype(self) -> Archetype:
        chosen, best = self.plainest()
        things = tuple(self.thing(slot, chosen, number, best) for number, slot in enumerate(self.slots))
        return Archetype(self.frame, things, best is not None and best[0] == 0)

    def only(self) -> Archetype:
        """With nothing but the plainest variants."""
        chosen, best = self.plainest()
        things = tuple(Thing((variant,), ()) for variant in chosen)
        return Archetype(self.frame, things, best is not None and best[0] == 0)

    def plainest(self) -> tuple[list[Variant], Score | None]:
        """One variant of each thing: a record that meets as much as could be found."""
        slots = self.slots
        chosen = [next(iter(slot.variants)) for slot in slots]
        best = self.score(chosen)
        for _ in range(ROUNDS):
            before = best
            for number, slot in enumerate(slots):
                bad = self.bad(chosen)
                if not bad:
                    break
                if number in self.concerned(bad):
                    tried = (self.swapped(chosen, number, variant) for variant in slot.variants)
                    best, chosen = self.better(best, chosen, tried)
            if best == before:
                best, chosen = self.better(best, chosen, self.alone(chosen))
            if best == before:
                break
        return chosen, best

    def unmoved(self, found: Archetype, known: Set[Place]) -> set[Place]:
        """The criteria but those `known` that no single variant makes fail: it takes several."""
        chosen = [thing.good[0] for thing in found.things]
        left = set[Place]()
        for stage, relevant in self.relevant.items():
            node = self.checker.stages[stage]
            bodies = (node.common, *(body for _, body in node.cohorts))
            for criterion in (each for body in bodies for each in body.criteria):
                if criterion.id not in relevant or (stage, criterion.id) in known:
                    continue
                tried = (
                    self.swapped(chosen, number, variant)
                    for number, slot in enumerate(self.slots)
                    if criterion.id in slot.criteria
                    for variant in found.things[number].adverse
                )
                if not any(self.fails(criterion, stage, each) for each in tried):
                    left.add((stage, criterion.id))
        return left

    def fails(self, criterion: CriterionNode, stage: str, chosen: list[Variant]) -> bool:
        try:
            case = self.checker.session(self.record(chosen), stage, None, None, None, ()).case
            return criterion.root.favour(case) is False
        except RecordError:
            return False

    def better(
        self, best: Score | None, chosen: list[Variant], tried: Iterable[list[Variant]]
    ) -> tuple[Score | None, list[Variant]]:
        for each in tried:
            found = self.score(each)
            if found is not None and (best is None or found < best):
                best, chosen = found, each
        return best, chosen

    def concerned(self, bad: set[str]) -> set[int]:
        """What these criteria ask for, all else that is recorded of it, and what belongs to everybody."""
        asked = [slot for slot in self.slots if not slot.criteria.isdisjoint(bad)]
        reached = {name for slot in asked for name in slot.items}
        return {
            number
            for number, slot in enumerate(self.slots)
            if slot.criteria == {""} or not (slot.criteria.isdisjoint(bad) and reached.isdisjoint(slot.items))
        }

    def alone(self, chosen: list[Variant]) -> Iterator[list[Variant]]:
        """Of what several criteria ask for, one thing recorded alone: two courses may be too much."""
        bad = self.bad(chosen)
        concerned = self.concerned(bad) if bad else ()
        groups: dict[str, list[int]] = {}
        for number in sorted(concerned):
            for name in sorted(self.slots[number].items):
                groups.setdefault(name, []).append(number)
        for group in {tuple(each): None for each in groups.values() if 1 < len(each) < 10}:
            none = [() if number in group else variant for number, variant in enumerate(chosen)]
            for number in group:
                for variant in self.slots[number].variants:
                    yield self.swapped(none, number, variant)

    def thing(self, slot: Slot, chosen: list[Variant], number: int, best: Score | None) -> Thing:
        good, adverse = [chosen[number]], list[Variant]()
        for variant in slot.variants:
            if variant == chosen[number]:
                continue
            swapped = self.swapped(chosen, number, variant)
            kept = self.kept(swapped, False, best)
            if kept and varies(variant):
                kept = self.kept(swapped, True, best)
            if kept is not None:
                (good if kept else adverse).append(variant)
        return Thing(tuple(good[:MOST]), tuple(adverse[:MOST]))

    def kept(self, chosen: list[Variant], far: bool, best: Score | None) -> bool | None:
        """Whether the record is as good as the best one; None: it is refused."""
        if best is not None and best[0] == 0:
            record = self.record(chosen, far)
            try:
                return all(self.checker.verdict(record, stage=name) == "eligible" for name in self.relevant)
            except RecordError:
                return None
        found = self.score(chosen, far)
        return None if found is None or best is None else found <= best

    @staticmethod
    def swapped(chosen: list[Variant], number: int, variant: Variant) -> list[Variant]:
        return [*chosen[:number], variant, *chosen[number + 1 :]]

    # ------------------------------------------------------------ records

    def record(self, chosen: list[Variant], far: bool = False) -> Record:
        """All the variants in one record; each is read once."""
        found = Record("S")
        for variant in chosen:
            piece = self.piece(variant, far and varies(variant))
            found.birth_date = found.birth_date or piece.birth_date
            found.sex = found.sex or piece.sex
            found.timepoints |= piece.timepoints
            found.setting |= piece.setting
            for name in ("complete", *DOMAINS):
                getattr(found, name).extend(getattr(piece, name))
        return found

    def piece(self, variant: Variant, far: bool) -> Record:
        found = self.pieces.get((variant, far))
        if found is None:
            found = self.pieces[variant, far] = read_record(record_of(variant, self.points, self.given, far))
        return found

    def outcomes(self, chosen: list[Variant], far: bool = False) -> list[tuple[str, int]] | None:
        """(criterion, how much of it fails or is open) at every stage, that of the whole stage under an empty
        name.
        """
        record, found = self.record(chosen, far), list[tuple[str, int]]()
        try:
            for stage, relevant in self.relevant.items():
                session = self.checker.session(record, stage, None, None, None, ())
                finding = session.finding
                found.append(("", 0 if finding.truth is True else 1))
                for body in (finding.common, *(one for _, one in finding.cohorts)):
                    for criterion in body.body.criteria:
                        if criterion.id in relevant:
                            against = (stage, criterion.id) in self.against
                            found.append((criterion.id, amiss(body.findings[id(criterion)], against)))
                session.case.memo.clear()
        except RecordError:
            return None
        return found

    def score(self, chosen: list[Variant], far: bool = False) -> Score | None:
        """None: such a record is refused."""
        told = self.outcomes(chosen, far)
        if told is None:
            return None
        stages = sum(much for criterion, much in told if not criterion)
        criteria = [much for criterion, much in told if criterion and much]
        return stages, len(criteria), sum(criteria)

    def bad(self, chosen: list[Variant]) -> set[str]:
        told = self.outcomes(chosen) or ()
        found = {criterion for criterion, much in told if much}
        return found - {""} or (set() if self.against else found)


def amiss(found: PartFinding, against: bool = False) -> int:
    """How much of a criterion fails or is open: each of its parts, and each cause of what is open. `against`:
    of one that is to fail, how much is open or passes.
    """
    if against:
        return {"fails": 0, "unknown": 1 + len(found.unknown())}.get(found.outcome, 5)
    if found.outcome not in ("fails", "unknown"):
        return 0
    below = sum(amiss(part) for part in found.parts)
    return 1 + below if found.parts else 5 if found.outcome == "fails" else 1 + len(found.unknown())


def varies(variant: Variant) -> bool:
    return any(each.reach is not None or any(day.spread for _, day in each.days) for each in variant)
