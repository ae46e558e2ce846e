"""What data a protocol asks for: items, what of each, from when, and for which criteria.

Read from the model alone, so that it cannot differ from what the checker asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.words import Context, duration, leaves_of, quantity, window
from protodsl.documents.words import unit as printed_unit
from protodsl.runtime.record_fields import DOMAINS, Domain
from protodsl.runtime.units import Unit

Detail = Literal[
    "uln", "lln", "dose", "severity", "grade", "stage", "route", "response", "reason", "side", "onset", "kind"
]


@dataclass(frozen=True, slots=True)
class Use:
    """One place where an item is asked for. `window`: the time, in words; empty for an answer without one."""

    criterion: str
    window: str


@dataclass(slots=True)
class Need:
    """One item, and what has to be known of it.

    `details`: attributes asked for besides the fact itself; `kind`: which member of the class it is.
    `limits`: thresholds it is compared with, in words. `roles`: who answers a question; empty: anyone.
    """

    item: ir.Item | None  # None: the words of a judgement
    name: str
    label: str
    domain: Domain
    details: dict[Detail, None] = field(default_factory=dict)
    uses: dict[Use, None] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    text: str = ""
    dose_units: dict[str, None] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[ir.Code, ...]:
        return self.item.codes if self.item is not None else ()

    @property
    def unit(self) -> Unit | None:
        return self.item.unit if self.item is not None else None

    @property
    def values(self) -> tuple[str, ...]:
        return self.item.values if self.item is not None else ()

    @property
    def criteria(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(use.criterion for use in self.uses))


@dataclass(frozen=True, slots=True)
class Needs:
    """All that a protocol asks for. `timepoints` are those whose dates count, in the protocol's order.

    `whole`: domains of which it counts what did *not* happen, so that a record must say they are complete.
    """

    protocol: ir.Protocol
    items: tuple[Need, ...]
    timepoints: tuple[ir.Timepoint, ...]
    age: tuple[str, ...]  # criteria that ask for it
    sex: tuple[str, ...]
    whole: tuple[Domain, ...]
    setting: tuple[tuple[str, tuple[str, ...]], ...] = ()  # site, country …: criteria that ask for it

    def of(self, domain: Domain) -> tuple[Need, ...]:
        return tuple(need for need in self.items if need.domain == domain)


def needs_of(protocol: ir.Protocol, stage: str | None = None) -> Needs:
    """What the eligibility criteria of a protocol, or of one stage of it, ask for."""
    return _Collector(protocol).collect(stage)


class _Collector:
    def __init__(self, protocol: ir.Protocol) -> None:
        self.protocol = protocol
        self.found: dict[str, Need] = {}
        self.timepoints: dict[str, None] = {}
        self.age: dict[str, None] = {}
        self.sex: dict[str, None] = {}
        self.setting: dict[str, dict[str, None]] = {}
        self.where = ""
        self.context = Context(protocol)
        self.computed = ""  # the time from which what goes into a formula comes

    def collect(self, stage: str | None) -> Needs:
        for step in self.protocol.stages:
            if stage not in (None, step.id):
                continue
            self.context = Context(self.protocol, Context(self.protocol).timepoint(step.anchor))
            self.timepoint(step.anchor)
            for cohort in step.cohorts:
                self.where = cohort.id
                self.expr(cohort.applies)
            for criterion in (*step.criteria, *(one for each in step.cohorts for one in each.criteria)):
                self.part(criterion.root)
        self.overlaps()
        order = {name: number for number, name in enumerate(self.protocol.items)}
        items = sorted(
            self.found.values(), key=lambda one: (DOMAINS.index(one.domain), order.get(one.name, len(order)))
        )
        points = tuple(one for one in self.protocol.timepoints if one.name in self.timepoints)
        happened = {need.domain for need in items} - {"results", "answers"}
        whole = tuple(domain for domain in DOMAINS if domain in happened)
        setting = tuple((name, tuple(where)) for name, where in self.setting.items())
        return Needs(self.protocol, tuple(items), points, tuple(self.age), tuple(self.sex), whole, setting)

    # ------------------------------------------------------------ walking

    def part(self, part: ir.Part) -> None:
        self.where = part.id
        self.expr(part.applies)
        self.expr(part.expr)
        for child in part.parts:
            self.part(child)

    def expr(self, expr: ir.Expr | None) -> None:
        for leaf in leaves_of(self.protocol, expr):
            match leaf:
                case ir.Result(observed, test):
                    need = self.observed(observed)
                    if need is not None and isinstance(test, ir.NumberTest):
                        for _, limit in test.bounds:
                            if isinstance(limit, ir.TimesLimit):
                                need.details[limit.which] = None
                case ir.Compare(left, _, right):
                    self.number(left)
                    self.number(right)
                case ir.Change(item, start=start, end=end):
                    self.ask(item, start)
                    self.ask(item, end)
                case ir.Exists():
                    self.exists(leaf)
                case ir.Answer():
                    self.answer(leaf)
                case ir.Sex():
                    self.sex[self.where] = None
                case ir.Setting(name):
                    self.setting.setdefault(name, {})[self.where] = None
                case ir.Defined():
                    pass  # its leaves follow
                case _:
                    assert_never(leaf)

    def number(self, value: ir.Number) -> None:
        match value:
            case ir.Constant():
                pass
            case ir.Observed():
                self.observed(value)
            case ir.Mean(of):
                self.observed(of)
            case ir.Age(at=at):
                self.age[self.where] = None
                self.anchor(at)
            case ir.DoseOf():
                need = self.ask(value.item, value.window)
                if need is not None:
                    self.dosed(need, value.unit, value.per, value.equivalence)
            case ir.Arithmetic(_, left, right):
                self.number(left)
                self.number(right)
            case ir.Call(_, arguments):
                for argument in arguments:
                    self.number(argument)
            case ir.Table(rows, otherwise):
                for condition, each in rows:
                    self.expr(condition)
                    self.number(each)
                if otherwise is not None:
                    self.number(otherwise)
            case _:
                assert_never(value)

    def observed(self, value: ir.Observed) -> Need | None:
        """A result; of a formula all that goes into it, within its validity before the lead."""
        for clean in value.clean:
            self.ask(clean.item, clean.window)
        measure = self.protocol.measures.get(value.item)
        if measure is None:
            return self.ask(value.item, value.window)
        self.ask(measure.lead, value.window)
        outer = self.computed
        lead = self.context.item(measure.lead)
        self.computed = _together(lead, measure.validity)
        self.number(measure.formula)
        for condition in measure.valid:
            self.expr(condition)
        self.computed = outer
        return self.ask(value.item, value.window) if measure.reported else None

    def exists(self, leaf: ir.Exists) -> None:
        need = self.ask(leaf.item, leaf.window)
        if need is None:
            return
        for attribute in leaf.attributes:
            need.details[attribute.attribute] = None
        if leaf.first_day:
            need.details["onset"] = None
        if leaf.dose is not None:
            self.dosed(need, leaf.dose.unit, leaf.dose.per, leaf.dose.equivalence)
        if leaf.but_not:
            need.details["kind"] = None

    def dosed(self, need: Need, unit: Unit, per: str | None, equivalence: str | None) -> None:
        need.details["dose"] = None
        need.dose_units[_dose_unit(unit, per)] = None
        if equivalence is not None:
            need.details["kind"] = None
        if per == "kg" and "body_weight" in self.protocol.items:
            self.ask("body_weight", None)
        if per == "m2":
            for name in ("body_weight", "body_height"):
                if name in self.protocol.items:
                    self.ask(name, None)

    def answer(self, leaf: ir.Answer) -> None:
        item = self.protocol.items.get(leaf.question)
        label = item.label if item is not None else leaf.question
        need = self.found.setdefault(leaf.question, Need(item, leaf.question, label, "answers"))
        need.roles = tuple(dict.fromkeys((*need.roles, *leaf.roles)))
        need.text = leaf.text
        need.uses[Use(self.where, "")] = None

    def ask(self, name: str, when: ir.Window | None) -> Need | None:
        item = self.protocol.items.get(name)
        if item is None:
            return None
        need = self.found.setdefault(name, Need(item, name, item.label, item.domain))
        told = window(self.context, when) if when is not None else self.computed or "at any time"
        if not (self.computed and when is None and need.uses and self._asked_here(need)):
            need.uses[Use(self.where, told.replace("\u00a0", " "))] = None
        for bound in (when.start, when.end) if when is not None else ():
            if bound is not None:
                self.anchor(bound.anchor)
        return need

    def overlaps(self) -> None:
        """Of an event with members it counts which one it is, of a result if another shares them; and
        what is asked of an item is asked of everything under it.
        """
        below = {
            name: {name, *members(self.protocol, name)} for name, need in self.found.items() if need.item
        }
        for name, under in below.items():
            for other, theirs in below.items():
                if other == name:
                    continue
                if other in under:
                    self.found[other].details.update(self.found[name].details)
                    self.found[other].dose_units.update(self.found[name].dose_units)
                if len(under) > 1 and not under.isdisjoint(theirs):
                    self.found[name].details["kind"] = None
            if len(under) > 1 and self.found[name].domain != "results":
                self.found[name].details["kind"] = None

    def _asked_here(self, need: Need) -> bool:
        """Whether this criterion asks for it already: the lead of a formula goes into it itself."""
        return any(use.criterion == self.where for use in need.uses)

    def anchor(self, at: ir.Anchor) -> None:
        match at:
            case ir.AtTimepoint(name):
                self.timepoint(name)
            case ir.Shifted(base):
                self.anchor(base)
            case ir.OfEvent(_, item):
                self.ask(item, None)
            case ir.StageAnchor() | ir.OfSample():
                pass
            case _:
                assert_never(at)

    def timepoint(self, name: str) -> None:
        """A timepoint, and that from which it is counted where its date is not given."""
        if name not in self.timepoints:
            self.timepoints[name] = None
            found = next((one for one in self.protocol.timepoints if one.name == name), None)
            if found is not None and found.at is not None:
                self.anchor(found.at)

    def label(self, name: str) -> str:
        return next((one.label or one.name for one in self.protocol.timepoints if one.name == name), name)


def _together(lead: str, validity: ir.Duration) -> str:
    """When an input of a formula counts: as of its lead, or not long before."""
    match validity:
        case ir.Length(count=count) if count == 0:
            return f"on the day of {lead}"
        case ir.Length(count, "year") if count >= 100:
            return f"together with {lead}, or at any time before it"
        case _:
            return f"together with {lead}, or within {duration(validity)} before it"


def _dose_unit(unit: Unit, per: str | None) -> str:
    """The unit a dose is asked in, as a record writes it: `mg/d`, `mg/kg/d`."""
    text = unit.text
    if per and f"/{per}" not in text:
        head, _, tail = text.rpartition("/")
        return f"{head}/{per}/{tail}" if head else f"{text}/{per}"
    return text


def limit_words(protocol: ir.Protocol, need: Need) -> str:
    """The limits of normal the vocabulary declares for an item, which count where a result has none."""
    if need.item is None:
        return ""
    told = [quantity(one.value, need.item.unit) for one in need.item.uln]
    return f"upper limit {', '.join(told)} where none is reported" if told else ""


def unit_words(need: Need) -> str:
    """The unit of an item in print."""
    words = printed_unit(need.unit)
    return "" if words == "1" else words


def members(protocol: ir.Protocol, name: str) -> Iterator[str]:
    """Everything under a class, classes in it opened."""
    for member in protocol.items[name].members:
        if member in protocol.items:
            yield member
            yield from members(protocol, member)
