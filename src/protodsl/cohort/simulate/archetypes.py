"""Archetypes: ways through a protocol, each with what may be recorded of everything that is asked on it.

One way is chosen through every criterion (of what may be enough, only that much); the checker is asked then
which variants of each thing keep the participant eligible: nothing here has to know what a criterion means.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from random import Random

from protodsl import ir
from protodsl.cohort.simulate.facts import Day, Variant, fact
from protodsl.cohort.simulate.search import MOST, Key, Place, Search, Slot
from protodsl.cohort.simulate.times import frame_of
from protodsl.cohort.simulate.variants import Variants
from protodsl.ir.walk import nodes

_MIRROR: dict[ir.Op, ir.Op] = {"<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<"}


def search(protocol: ir.Protocol, seed: str, cohort: int, against: frozenset[Place] = frozenset()) -> Search:
    """Everything asked on one way through the protocol, and what may be recorded of it; the same for the same
    seed. `cohort`: which of each stage's, by turns; `against`: criteria to fail on it.
    """
    way = _Way(protocol, Random(seed), cohort, against)
    return Search(protocol, way.frame, way.slots.values(), way.relevant, against)


class _Way:
    def __init__(self, protocol: ir.Protocol, rng: Random, number: int, against: frozenset[Place]) -> None:
        self.protocol, self.rng = protocol, rng
        self.frame = frame_of(protocol, rng)
        self.slots: dict[Key, Slot] = {}
        self.births: list[tuple[ir.Age, ir.Op, Fraction]] = []
        self.where = ""
        self.missed = False  # whether the criterion is to fail
        self.turn = 0  # of this way among those through a criterion
        self.measured: set[Key] = set()
        self.places: dict[str, str] = {}  # where somebody takes part, and which side is which
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
                self.missed = (stage.id, criterion.id) in against
                self.part(criterion.root, (criterion.kind == "inclusion") != self.missed)
        self.person()

    # ------------------------------------------------------------ one way through the criteria

    def part(self, part: ir.Part, wanted: bool) -> None:
        if part.applies is not None:
            self.meet(part.applies, self.rng.random() < 0.5 or self.missed)
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
                if isinstance(condition, ir.Setting):
                    first = self.place(condition, None)
                else:
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
        for each in nodes(leaf):
            if isinstance(each, ir.OfEvent):
                self.hinge(each.item)
        match leaf:
            case ir.Result(observed):
                if observed.item in self.protocol.measures:
                    self.inputs(observed.item, observed.window, observed.side)
                    if self.protocol.measures[observed.item].reported:
                        reported = chain([()], self.variants.result(leaf, wanted))
                        self.add(("reported", observed.item, stage), reported)
                else:
                    key = self.sampled(observed.item, observed.window, observed.side)
                    self.add(key, self.variants.result(leaf, wanted))
                for each in observed.clean:
                    clean = ir.Exists(each.item, ir.Window(None, ir.Bound(ir.StageAnchor())), "had")
                    self.add(("event", clean), self.variants.event(clean, False))
            case ir.Exists():
                plain = replace(leaf, span=None, verb="")
                self.add(("event", plain, wanted), self.variants.event(plain, wanted))
            case ir.Answer():
                self.add(("answers", leaf.question, stage), self.variants.answer(leaf, wanted))
            case ir.Change(item):
                if item in self.protocol.measures:
                    for window in (leaf.start, leaf.end):
                        self.inputs(item, window, leaf.side)
                else:
                    key = self.sampled(item, leaf.end, leaf.side)
                    self.add(key, self.variants.change(leaf, wanted))
            case ir.Setting():
                self.place(leaf, wanted)
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
                case ir.Mean(of):
                    if of.item not in self.protocol.measures:
                        key = self.sampled(of.item, of.window, of.side)
                        self.add(key, self.variants.series(each, op, limit, wanted))
                case ir.Setting():
                    self.place(each, None)
                case ir.Age():
                    if isinstance(other, ir.Constant):
                        self.births.append((each, op, limit))
                case ir.Observed(item, window=window, side=side):
                    self.inputs(item, window, side)
                case ir.DoseOf():
                    key = ("dose", replace(each, span=None))
                    self.add(key, self.variants.dose(each, op, limit, wanted))
                case _:
                    pass

    def inputs(self, name: str, window: ir.Window | None, side: str | None, late: int = 3) -> None:
        """What a number is computed from; a plain result itself. What a formula reads is sampled no later
        than its lead, and as soon before it as is asked.
        """
        measure = self.protocol.measures.get(name)
        key = self.sampled(name, window, side)
        if measure is None:
            self.add(key, self.variants.usual(name, window, side, late))
            return
        if key in self.measured:
            return
        self.measured.add(key)
        self.inputs(measure.lead, window, side, 0)
        validity = self.frame.span(measure.validity)
        for one in (*nodes(measure.formula), *nodes(measure.valid)):
            match one:
                case ir.Observed(item) if item != measure.lead:
                    self.inputs(item, window, side, min(late, validity))
                case ir.Exists():
                    plain = replace(one, span=None, verb="")
                    self.add(("event", plain, False), self.variants.event(plain, False))
                case _:
                    pass

    def sampled(self, item: str, window: ir.Window | None, side: str | None) -> Key:
        """Results of windows that end on the same day are asked of the same samples."""
        last = self.frame.edges(window, self.variants.stage, self.protocol.items.get(item))[1]
        return "results", item, side, last

    def place(self, setting: ir.Setting, wanted: bool | None) -> bool:
        """Whether it is so on this way, which is settled once; `wanted`: where either will do, None."""
        name, values = setting.name, setting.values
        if name in {each.name for each in self.protocol.sides}:
            known = ["left", "right"]
        else:
            told = (one for one in nodes(self.protocol.stages) if isinstance(one, ir.Setting))
            known = [
                *dict.fromkeys(value for one in told if one.name == name for value in one.values),
                "other",
            ]
        fitting = known if wanted is None else [one for one in known if (one in values) == wanted]
        chosen = self.places.setdefault(name, self.rng.choice(fitting or known))
        self.add(("setting", name), self.variants.placed(name, chosen, known))
        return chosen in values

    def hinge(self, name: str) -> None:
        """An event whose day a window or an age hangs on."""
        item = self.protocol.items[name]
        if item.domain not in ("results", "answers"):
            self.add(("hinge", name, self.variants.stage.id), self.variants.hinge(item))

    def add(self, key: Key, variants: Iterable[Variant]) -> None:
        slot = self.slots.get(key)
        if slot is None:
            slot = self.slots[key] = Slot(self.named(key))
        slot.criteria.add(self.where)
        for each in variants:
            if len(slot.variants) < 2 * MOST:
                slot.variants.setdefault(each)

    def named(self, key: Key) -> frozenset[str]:
        """What an event, a dose or a result of this key may be recorded of."""
        asked = getattr(key[1], "item", key[1]) if len(key) > 1 else None
        found, stack = set[str](), [asked]
        while stack:
            name = stack.pop()
            if name in self.protocol.items and name not in found:
                found.add(name)
                stack += self.protocol.items[name].members
        return frozenset(found)

    def person(self) -> None:
        self.where = ""
        known = [name for name in self.frame.offsets if name in self.frame.given]
        anchors = [stage.anchor for stage in self.protocol.stages]
        missing: list[set[str]] = [set(), *({name} for name in reversed(anchors) if name in self.frame.given)]

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
