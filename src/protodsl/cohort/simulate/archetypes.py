"""Archetypes: ways through a protocol, each with what may be recorded of everything that is asked on it.

One way is chosen through every criterion (of what may be enough, only that much); then each variant of each
thing is put into an otherwise good record, and the checker says whether it keeps the participant eligible.
So nothing here has to know what a criterion means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain
from random import Random
from typing import Any

from protodsl import ir
from protodsl.backends import python
from protodsl.cohort.simulate.facts import Day, Variant, fact, record_of
from protodsl.cohort.simulate.times import Frame, frame_of
from protodsl.cohort.simulate.variants import Variants
from protodsl.ir.walk import nodes
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record
from protodsl.runtime.record_fields import DOMAINS

MOST = 40  # variants of one thing
ROUNDS = 3  # of looking for a good record
_MIRROR: dict[ir.Op, ir.Op] = {"<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<"}
Key = tuple[Any, ...]
Score = tuple[int, int]  # stages not passed, criteria that fail or are open


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


def archetype(protocol: ir.Protocol, seed: str, cohort: int) -> Archetype:
    """A way through the protocol, the same for the same seed. `cohort`: which of each stage's, by turns."""
    return _Way(protocol, Random(seed), cohort).archetype()


@dataclass(slots=True)
class Slot:
    variants: dict[Variant, None] = field(default_factory=dict)
    criteria: set[str] = field(default_factory=set)


class _Way:
    def __init__(self, protocol: ir.Protocol, rng: Random, number: int) -> None:
        self.protocol, self.rng, self.checker = protocol, rng, python.load(protocol).CHECKER
        self.frame = frame_of(protocol, rng)
        self.points = self.frame.points
        self.given = frozenset(self.frame.given)
        self.slots: dict[Key, Slot] = {}
        self.births: list[tuple[ir.Age, ir.Op, Fraction]] = []
        self.where = ""
        self.turn = 0  # of this way among those through a criterion
        self.measured: set[tuple[str, str]] = set()
        self.pieces: dict[tuple[Variant, bool], Record] = {}
        self.relevant: dict[str, frozenset[str]] = {}  # stage: criteria of this way
        for stage in protocol.stages:
            self.variants = Variants(self.frame, stage, rng)
            cohort = stage.cohorts[number % len(stage.cohorts)] if stage.cohorts else None
            own = cohort.criteria if cohort is not None else ()
            self.relevant[stage.id] = frozenset(each.id for each in (*stage.criteria, *own))
            if cohort is not None and cohort.applies is not None:
                self.where = f"cohort {cohort.id}"
                self.meet(cohort.applies, True)
            for place, criterion in enumerate((*stage.criteria, *own)):
                self.where, self.turn = criterion.id, number + place
                self.part(criterion.root, criterion.kind == "inclusion")
        self.person()

    # ------------------------------------------------------------ one way through the criteria

    def part(self, part: ir.Part, wanted: bool) -> None:
        if part.applies is not None:
            self.meet(part.applies, self.rng.random() < 0.5)
        if part.expr is not None:
            self.meet(part.expr, wanted)
        parts = part.parts
        if wanted and part.combine != "all":
            few = part.combine if isinstance(part.combine, int) else 1
            parts = tuple(self.rng.sample(parts, min(few, len(parts))))
        for each in parts:
            self.part(each, wanted)

    def meet(self, expr: ir.Expr, wanted: bool) -> None:
        match expr:
            case ir.Not(member):
                self.meet(member, not wanted)
            case ir.And(members) | ir.Or(members):
                self.some(members, 1 if isinstance(expr, ir.Or) == wanted else len(members), wanted)
            case ir.AtLeast(count, members):
                self.some(members, count if wanted else len(members), wanted)
            case ir.IfElse(condition, then, otherwise):
                first = self.rng.random() < 0.5
                self.meet(condition, first)
                self.meet(then if first else otherwise, wanted)
            case ir.Defined(name):
                self.meet(self.protocol.definitions[name].expr, wanted)
            case _:
                self.leaf(expr, wanted)

    def some(self, members: tuple[ir.Expr, ...], count: int, wanted: bool) -> None:
        chosen = set(self.rng.sample(range(len(members)), min(count, len(members))))
        hinge = self.turn % 3 == 0  # the others the other way: then all hangs on those chosen
        for number, member in enumerate(members):
            if number in chosen:
                self.meet(member, wanted)
            elif hinge:
                self.meet(member, not wanted)
            elif isinstance(member, (ir.Result, ir.Answer)):  # measured or asked, whatever comes of it
                self.leaf(member, self.rng.random() < 0.5)

    def leaf(self, leaf: ir.Expr, wanted: bool) -> None:
        stage = self.variants.stage.id
        match leaf:
            case ir.Result(observed):
                if observed.item in self.protocol.measures:
                    self.inputs(observed.item, observed.window)
                    if self.protocol.measures[observed.item].reported:
                        reported = chain([()], self.variants.result(leaf, wanted))
                        self.add(("reported", observed.item, stage), reported)
                else:
                    self.add(("results", observed.item, stage), self.variants.result(leaf, wanted))
                for each in observed.clean:
                    clean = ir.Exists(each.item, ir.Window(None, ir.Bound(ir.StageAnchor())), "had")
                    self.add(("event", clean), self.variants.event(clean, False))
            case ir.Exists():
                plain = replace(leaf, span=None, verb="")
                self.add(("event", plain, wanted), self.variants.event(plain, wanted))
            case ir.Answer():
                self.add(("answers", leaf.question, stage), self.variants.answer(leaf, wanted))
            case ir.Change():
                self.add(("results", leaf.item, stage), self.variants.change(leaf))
            case ir.Compare(left, op, right):
                self.numbers(left, op, right, wanted)
                self.numbers(right, _MIRROR[op], left, wanted)
            case ir.Sex(sex):
                first = sex if wanted else {"female": "male", "male": "female"}[sex]
                self.add(("sex",), ((fact("person", {"sex": first}),),))
            case _:
                pass

    def numbers(self, node: ir.Number, op: ir.Op, other: ir.Number, wanted: bool) -> None:
        limit = other.value if isinstance(other, ir.Constant) else Fraction(10)
        for each in nodes(node):
            match each:
                case ir.Age():
                    if isinstance(other, ir.Constant):
                        self.births.append((each, op, limit))
                case ir.Observed(item, window=window):
                    self.inputs(item, window)
                case ir.DoseOf():
                    key = ("dose", replace(each, span=None))
                    self.add(key, self.variants.dose(each, op, limit, wanted))
                case _:
                    pass

    def inputs(self, name: str, window: ir.Window | None) -> None:
        """What a number is computed from; a plain result itself."""
        measure = self.protocol.measures.get(name)
        stage = self.variants.stage.id
        if measure is None:
            self.add(("results", name, stage), self.variants.usual(name, window))
            return
        if (name, stage) in self.measured:
            return
        self.measured.add((name, stage))
        for each in (
            measure.lead,
            *(one.item for one in nodes(measure.formula) if isinstance(one, ir.Observed)),
        ):
            self.inputs(each, window)

    def add(self, key: Key, variants: Iterable[Variant]) -> None:
        slot = self.slots.setdefault(key, Slot())
        slot.criteria.add(self.where)
        for each in variants:
            if len(slot.variants) < 2 * MOST:
                slot.variants.setdefault(each)

    def person(self) -> None:
        self.where = ""
        known = [name for name in self.points if name in self.given]
        anchors = [stage.anchor for stage in self.protocol.stages]
        missing: list[set[str]] = [set(), *({name} for name in reversed(anchors) if name in self.given)]

        def dated(out: set[str]) -> Variant:
            return tuple(
                fact("timepoints", {"timepoint": name}, {"day": Day(name)})
                for name in known
                if name not in out
            )

        self.add(("timepoints",), (dated(out) for out in missing))
        every = ("conditions", "medications", "procedures", "results", "answers")

        def complete(domains: Iterable[str], **days: Day) -> Variant:
            return tuple(fact("complete", {"domain": name}, days) for name in domains)

        since = {"since": Day(anchors[0], months=-24)} if anchors else {}
        self.add(("complete",), (complete(every[:3]), complete(every)))
        self.add(("complete",), (complete([one for one in every[:3] if one != out]) for out in every[:3]))
        self.add(("complete",), (complete(every[:3], **since), ()))
        self.add(("sex",), ((fact("person", {"sex": sex}),) for sex in ("female", "male")))
        self.add(("sex",), ((),))
        self.add(("birth",), self.variants.births(self.births))

    # ------------------------------------------------------------ which variants are good

    def archetype(self) -> Archetype:
        slots = list(self.slots.values())
        chosen = [next(iter(slot.variants)) for slot in slots]
        best = self.score(chosen)
        for _ in range(ROUNDS):
            before = best
            for number, slot in enumerate(slots):
                bad = self.bad(chosen)
                if not bad:
                    break
                if slot.criteria.isdisjoint(bad) and slot.criteria != {""}:
                    continue
                for variant in slot.variants:
                    found = self.score(self.swapped(chosen, number, variant))
                    if found is not None and (best is None or found < best):
                        best, chosen = found, self.swapped(chosen, number, variant)
            if best == before:
                break
        things = tuple(self.thing(slot, chosen, number, best) for number, slot in enumerate(slots))
        return Archetype(self.frame, things, best is not None and best[0] == 0)

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
            for name in ("complete", *DOMAINS):
                getattr(found, name).extend(getattr(piece, name))
        return found

    def piece(self, variant: Variant, far: bool) -> Record:
        found = self.pieces.get((variant, far))
        if found is None:
            found = self.pieces[variant, far] = read_record(record_of(variant, self.points, self.given, far))
        return found

    def outcomes(self, chosen: list[Variant], far: bool = False) -> list[tuple[str, str]] | None:
        """(criterion, outcome) at every stage, that of the whole stage under an empty name."""
        record, found = self.record(chosen, far), list[tuple[str, str]]()
        try:
            for stage, relevant in self.relevant.items():
                session = self.checker.session(record, stage, None, None, None, ())
                finding = session.finding
                found.append(("", {True: "passes", False: "fails"}.get(finding.truth, "unknown")))
                for body in (finding.common, *(one for _, one in finding.cohorts)):
                    for criterion in body.body.criteria:
                        if criterion.id in relevant:
                            found.append((criterion.id, body.findings[id(criterion)].outcome))
                session.case.memo.clear()
        except RecordError:
            return None
        return found

    def score(self, chosen: list[Variant], far: bool = False) -> Score | None:
        """None: such a record is refused."""
        told = self.outcomes(chosen, far)
        if told is None:
            return None
        amiss = [criterion for criterion, outcome in told if outcome in ("fails", "unknown")]
        return sum(not each for each in amiss), sum(bool(each) for each in amiss)

    def bad(self, chosen: list[Variant]) -> set[str]:
        told = self.outcomes(chosen) or ()
        amiss = {criterion for criterion, outcome in told if outcome in ("fails", "unknown")}
        return amiss - {""} or amiss


def varies(variant: Variant) -> bool:
    return any(each.reach is not None or any(day.spread for _, day in each.days) for each in variant)
