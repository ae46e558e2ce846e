"""From a checker's plain data to nodes that evaluate: names looked up, limits and formulas made ready."""

from __future__ import annotations

from protodsl.runtime.codes import Vocabulary
from protodsl.runtime.comparing import ChangeNode, CompareNode
from protodsl.runtime.cure import Timed
from protodsl.runtime.dose_numbers import DaysNumber, DoseNumber
from protodsl.runtime.dosed import DosedEventNode
from protodsl.runtime.doses import DoseSum
from protodsl.runtime.events import EventNode
from protodsl.runtime.findings import Node
from protodsl.runtime.formulas import MeasureNode
from protodsl.runtime.frames import Frame
from protodsl.runtime.limits import Limits, Tests
from protodsl.runtime.logic import AndNode, CountNode, DefinedNode, IfNode, NotNode, OrNode
from protodsl.runtime.measured import Measured
from protodsl.runtime.model.expressions import (
    AllOf,
    Answered,
    AnyOf,
    Change,
    Compare,
    CountOf,
    Defined,
    Event,
    Expr,
    IfElse,
    Not,
    ResultTest,
    Setting,
    Sex,
)
from protodsl.runtime.model.numbers import (
    Age,
    Arithmetic,
    Call,
    Cases,
    Chosen,
    Clean,
    Constant,
    DailyDose,
    Mean,
    Number,
)
from protodsl.runtime.model.protocol import Protocol
from protodsl.runtime.model.vocabulary import Measure, ReferenceLimit
from protodsl.runtime.model.windows import Duration, Window, in_half_lives
from protodsl.runtime.numbers import AgeNumber, ArithmeticNumber, CallNumber, CasesNumber, ConstantNumber
from protodsl.runtime.occasions import OccasionsNode
from protodsl.runtime.persons import AnswerNode, SettingNode, SexNode
from protodsl.runtime.quantity import NumberNode
from protodsl.runtime.result_numbers import ChosenNumber, MeanNumber
from protodsl.runtime.results import ResultNode
from protodsl.runtime.words import sided

WEIGHT = "body_weight"
SURFACES = ("body_surface", "body_surface_mosteller", "body_surface_area")


class Rules:
    """A protocol made ready: `node` turns an expression into what evaluates it."""

    def __init__(self, protocol: Protocol, timed: Rules | None = None) -> None:
        """`timed`: rules whose leaves are to remember their truth over days, see `cure`."""
        self.protocol = protocol
        self.timed = timed
        self.leaves: dict[int, Node] = {}  # by the identity of the expression
        self.vocabulary: Vocabulary = Vocabulary(protocol.items) if timed is None else timed.vocabulary
        self.measures: dict[str, MeasureNode] = {}
        self.timepoints = {one.name: one for one in protocol.timepoints}
        self.ordered = tuple((one.name, one.after) for one in protocol.timepoints if one.after)
        self.equivalences = {one.name: dict(one.factors) for one in protocol.equivalences}
        self._declared = {one.item: one for one in protocol.measures}
        self._measured: dict[str, Measured] = {}
        self._frames: dict[tuple[Window, str | None], Frame] = {}
        self._defined: dict[str, DefinedNode] = {name: DefinedNode(name) for name, _ in protocol.definitions}
        if timed is None:
            for one in protocol.measures:
                self.measures[one.item] = self._measure(one)
        for name, expr in protocol.definitions:
            self._defined[name].member = self.node(expr)

    def frame(self, window: Window, item: str) -> Frame:
        """A window made ready; equal ones are one, so that a case works each out once."""
        for bound in (window.start, window.end):
            if bound is not None and bound.moment.name in self.vocabulary.items:
                self.vocabulary.ask(bound.moment.name)
        key = (window, item if in_half_lives(window) else None)
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = Frame(*key)
        return found

    def measured(self, item: str) -> Measured:
        found = self._measured.get(item)
        if found is None:
            self.vocabulary.ask(item)
            found = Measured(self.vocabulary.items[item])
            self._measured[item] = found
        return found

    def _measure(self, one: Measure) -> MeasureNode:
        inside = (one.lead, one.validity)
        self.vocabulary.ask(one.lead)
        self.vocabulary.ask(one.item)
        return MeasureNode(
            one.item,
            self.vocabulary.items[one.item].unit,
            one.lead,
            one.validity,
            self.number(one.formula, inside),
            tuple(self.node(expr, inside) for expr in one.valid),
            one.decimals,
            one.reported,
        )

    # ------------------------------------------------------------ expressions

    def node(self, expr: Expr, inside: tuple[str, Duration] | None = None) -> Node:
        """`inside`: the lead and the validity of the formula the expression stands in."""
        if inside is not None or not isinstance(expr, (Answered, Event, Change, Compare, ResultTest)):
            return self._node(expr, inside)
        if self.timed is not None:
            return Timed(self.timed.leaves[id(expr)])
        made = self.leaves[id(expr)] = self._node(expr, inside)
        return made

    def _node(self, expr: Expr, inside: tuple[str, Duration] | None) -> Node:
        match expr:
            case AllOf(members):
                return AndNode(*(self.node(member, inside) for member in members))
            case AnyOf(members):
                return OrNode(*(self.node(member, inside) for member in members))
            case Not(member):
                return NotNode(self.node(member, inside))
            case CountOf(count, members):
                return CountNode(count, *(self.node(member, inside) for member in members))
            case IfElse(condition, then, otherwise):
                return IfNode(
                    self.node(condition, inside), self.node(then, inside), self.node(otherwise, inside)
                )
            case Defined(name):
                return self._defined[name]
            case Sex(sex):
                return SexNode(sex)
            case Setting(name, values):
                return SettingNode(name, values)
            case Answered():
                return AnswerNode(expr)
            case Event():
                return self.event(expr)
            case Change():
                item = expr.item
                frames = self.frame(expr.start, item), self.frame(expr.end, item)
                return ChangeNode(expr, frames, self.measured(item))
            case Compare(left, op, right, unit):
                return CompareNode(self.number(left, inside), op, self.number(right, inside), unit)
            case ResultTest():
                return self.result(expr, inside)

    def result(self, expr: ResultTest, inside: tuple[str, Duration] | None) -> Node:
        chosen = expr.chosen
        item = self.vocabulary.items[chosen.item]
        tests = Tests(
            self.measured(item.name),
            expr.tests,
            expr.coded,
            self._limits(item.uln),
            self._limits(item.lln),
            sided(item.label, chosen.side),
        )
        clean = tuple(self.clean(one) for one in chosen.clean)
        frame = None if chosen.window is None else self.frame(chosen.window, item.name)
        measure = item.name in self._declared
        if expr.occasions is None:
            return ResultNode(tests, chosen.select, frame, clean, measure, inside, chosen.side)
        return OccasionsNode(expr.occasions, tests, chosen.select, frame, clean, measure, inside, chosen.side)

    def _limits(self, limits: tuple[ReferenceLimit, ...]) -> Limits:
        return tuple(
            (one.value, None if one.condition is None else self.node(one.condition)) for one in limits
        )

    def clean(self, one: Clean) -> Node:
        return self.event(Event(one.item, one.window))

    def event(self, asked: Event) -> EventNode:
        item = self.vocabulary.items[asked.item]
        self.vocabulary.ask(item.name)
        frame = self.frame(asked.window, item.name)
        if asked.dose is None:
            return EventNode(asked, frame, self.vocabulary)
        dose = self.dose_sum(asked.item, asked.dose.unit, asked.dose.equivalence, asked.dose.per)
        return DosedEventNode(asked, frame, self.vocabulary, dose)

    # ------------------------------------------------------------ numbers

    def number(self, number: Number, inside: tuple[str, Duration] | None) -> NumberNode:
        match number:
            case Constant(value):
                return ConstantNumber(value)
            case Chosen():
                return self.results(number, inside)
            case Age(unit, moment):
                return AgeNumber(unit, moment)
            case Mean(last, of):
                return MeanNumber(last, self.results(of, inside))
            case DailyDose(item, window, unit, equivalence, per, select):
                dose, frame = self.dose_sum(item, unit, equivalence, per), self.frame(window, item)
                return DoseNumber(dose, frame) if select == "highest" else DaysNumber(dose, frame, select)
            case Arithmetic(op, left, right):
                return ArithmeticNumber(op, self.number(left, inside), self.number(right, inside))
            case Call(function, arguments):
                return CallNumber(function, tuple(self.number(one, inside) for one in arguments))
            case Cases(rows, otherwise, told):
                listed = tuple(
                    (self.node(condition, inside), self.number(one, inside)) for condition, one in rows
                )
                return CasesNumber(
                    listed, None if otherwise is None else self.number(otherwise, inside), told
                )

    def results(self, asked: Chosen, inside: tuple[str, Duration] | None) -> ChosenNumber:
        window = None if asked.window is None else self.frame(asked.window, asked.item)
        clean = tuple(self.clean(one) for one in asked.clean)
        return ChosenNumber(
            self.measured(asked.item), asked.select, window, clean, asked.unit, inside, asked.side
        )

    def dose_sum(self, item: str, unit: str, equivalence: str | None, per: str | None) -> DoseSum:
        body: dict[str, ChosenNumber] = {}
        self.vocabulary.ask(item)
        items = self.vocabulary.items
        if WEIGHT in items:
            body["kg"] = ChosenNumber(self.measured(WEIGHT), "latest", None, (), "kg", None)
        surface = next((name for name in SURFACES if name in items), None)
        if surface is not None:
            body["m2"] = ChosenNumber(self.measured(surface), "latest", None, (), "m2", None)
        factors = None if equivalence is None else self.equivalences[equivalence]
        return DoseSum(item, items[item].label, unit, factors, per, body, equivalence)
