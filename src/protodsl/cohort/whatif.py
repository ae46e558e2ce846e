"""What if a limit were another: `--set "egfr limit = 25, 30, 45"`.

The protocol is changed in the model, wherever that limit stands, and asked again; nothing is estimated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Literal

from protodsl import ir
from protodsl.cohort.engine import Question
from protodsl.ir.walk import nodes
from protodsl.runtime.units import Unit, factor, parse_unit

_WORDS = re.compile(
    r"^\s*(?:(?P<where>(?:[\w-]+\s+)*?(?:inclusion|exclusion)\s+\S+)\s+)?(?P<name>\S+)\s+"
    r"(?:(?P<side>lower|upper)\s+)?limit\s*=\s*(?P<values>.+?)\s*$"
)
_VALUE = re.compile(r"^(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>.*)$")
MOST = 24  # values of one limit
Side = Literal["lower", "upper"]
Leaf = ir.Result | ir.Compare


class SettingError(ValueError):
    """A `--set` that cannot be followed; the message says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One limit and the values it is given. `now`: what it is in the protocol, in words."""

    name: str
    where: str | None
    now: str
    values: tuple[tuple[str, ir.Protocol], ...]

    @property
    def told(self) -> str:
        return f"{self.where} {self.name} limit" if self.where else f"{self.name} limit"

    def questions(self) -> Iterator[Question]:
        for value, protocol in self.values:
            yield Question(protocol, f"{self.told} = {value}", whole=False)


def settings_of(protocol: ir.Protocol, words: str) -> Setting:
    """Reads one `--set`. Raises SettingError."""
    found = _WORDS.match(words)
    if found is None:
        raise SettingError(f"'{words}': write NAME limit = VALUE, VALUE, such as \"egfr limit = 25, 30, 45\"")
    where, name, side = found["where"], found["name"], found["side"]
    where = None if where is None else " ".join(where.split())
    places = [one for one in limits(protocol, name, side) if where is None or _within(one.part, where)]
    if not places:
        raise SettingError(_nothing(protocol, name, where))
    told = dict.fromkeys(one.words for one in places)
    if len(told) > 1:
        each = ", ".join(f"{one.part} ({one.words})" for one in places)
        raise SettingError(
            f'{name} has several limits: {each}. Say which: "{places[0].part} {name} limit = …", '
            f'or "{name} lower limit = …"'
        )
    values = [value.strip() for value in found["values"].split(",")]
    if len(values) > MOST:
        raise SettingError(f"'{words}': at most {MOST} values")
    made = []
    for value in values:
        numbers = {id(one): one.read(value) for one in places}
        chosen = {id(one.leaf): [] for one in places}  # type: dict[int, list[tuple[Limit, Fraction]]]
        for one in places:
            chosen[id(one.leaf)].append((one, numbers[id(one)]))
        label = places[0].shown(numbers[id(places[0])])
        made.append((label, _changed(protocol, chosen)))
    return Setting(name, where, next(iter(told)), tuple(made))


# ---------------------------------------------------------------- limits


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit on one side of a comparison. `times`: it is a multiple of that reference limit."""

    part: str
    leaf: Leaf
    index: int  # of the bound in a result's test
    op: ir.Op  # with the value on the left
    value: Fraction
    unit: Unit | None
    times: Literal["uln", "lln"] | None
    item: ir.Item | None
    word: str = ""  # of an age: years, months …

    @property
    def words(self) -> str:
        return f"{self.op} {self.shown(self.value)}"

    def shown(self, value: Fraction) -> str:
        number = f"{float(value):.10g}"
        if self.times is not None:
            return f"{number} × {self.times.upper()}"
        unit = self.word or (self.unit.text if self.unit is not None and self.unit.text != "1" else "")
        return f"{number} {unit}".strip()

    def read(self, text: str) -> Fraction:
        found = _VALUE.match(text)
        if found is None:
            raise SettingError(f"'{text}' is no number")
        number, unit = Fraction(found["number"]), found["unit"].removeprefix("×").strip()
        if self.times is not None:
            if unit.lower() not in ("", self.times):
                raise SettingError(f"'{text}': this limit is a multiple of the {self.times.upper()}")
            return number
        if not unit or unit.rstrip("s") == self.word.rstrip("s") != "":
            self.check(number, text)
            return number
        read = parse_unit(unit)
        ratio = None
        if read is not None and self.unit is not None:
            ratio = factor(read, self.unit, self.item.molar_mass if self.item is not None else None)
        if ratio is None:
            known = self.word or (self.unit.text if self.unit is not None else "no unit")
            raise SettingError(f"'{text}': the unit of this limit is {known}")
        self.check(number * ratio, text)
        return number * ratio

    def check(self, value: Fraction, text: str) -> None:
        item = self.item
        if item is None:
            return
        if (item.minimum is not None and value < item.minimum) or (
            item.maximum is not None and value > item.maximum
        ):
            raise SettingError(f"'{text}' lies outside the range of {item.label or item.name}")


def limits(protocol: ir.Protocol, name: str, side: str | None = None) -> list[Limit]:
    """Every limit that criteria set on an item, or on `age`."""
    found: list[Limit] = []
    for part, leaf in _leaves(protocol):
        for one in _of(protocol, part, leaf, name):
            if side is None or (one.op in (">", ">=")) == (side == "lower"):
                found.append(one)
    return found


_MIRROR: dict[ir.Op, ir.Op] = {"<": ">", "<=": ">=", "=": "=", ">=": "<=", ">": "<"}


def _of(protocol: ir.Protocol, part: str, leaf: Leaf, name: str) -> Iterator[Limit]:
    match leaf:
        case ir.Result(observed, ir.NumberTest(bounds)) if observed.item == name:
            item = protocol.items[name]
            for number, (op, limit) in enumerate(bounds):
                match limit:
                    case ir.Constant(value):
                        yield Limit(part, leaf, number, op, value, item.unit, None, item)
                    case ir.TimesLimit(value, which):
                        yield Limit(part, leaf, number, op, value, None, which, item)
                    case _:
                        pass
        case ir.Compare(ir.Age(unit), op, ir.Constant(value)) if name == "age":
            yield Limit(part, leaf, 0, op, value, None, None, None, f"{unit}s")
        case ir.Compare(ir.Constant(value), op, ir.Age(unit)) if name == "age":
            yield Limit(part, leaf, 0, _MIRROR[op], value, None, None, None, f"{unit}s")
        case ir.Compare(ir.DoseOf(item=own, unit=unit), op, ir.Constant(value)) if own == name:
            yield Limit(part, leaf, 0, op, value, unit, None, protocol.items[name])
        case _:
            pass


def _leaves(protocol: ir.Protocol) -> Iterator[tuple[str, Leaf]]:
    """Every comparison of the criteria, and the part it stands in; those of definitions where they are
    used.
    """

    def under(part: ir.Part) -> Iterator[tuple[str, Leaf]]:
        for expr in (part.applies, part.expr):
            yield from ((part.id, leaf) for leaf in inside(expr, set()))
        for each in part.parts:
            yield from under(each)

    def inside(expr: ir.Expr | None, seen: set[str]) -> Iterator[Leaf]:
        for node in nodes(expr):
            if isinstance(node, (ir.Result, ir.Compare)):
                yield node
            elif isinstance(node, ir.Defined) and node.name not in seen:
                yield from inside(protocol.definitions[node.name].expr, {*seen, node.name})

    for stage in protocol.stages:
        for cohort in stage.cohorts:
            yield from ((f"cohort {cohort.id}", leaf) for leaf in inside(cohort.applies, set()))
        for criterion in (*stage.criteria, *(one for each in stage.cohorts for one in each.criteria)):
            yield from under(criterion.root)


def _within(part: str, where: str) -> bool:
    return part == where or part.startswith(f"{where}.")


def _nothing(protocol: ir.Protocol, name: str, where: str | None) -> str:
    compared = {"age"} if limits(protocol, "age") else set[str]()
    for _, leaf in _leaves(protocol):
        for node in nodes(leaf):
            if isinstance(node, (ir.Observed, ir.DoseOf)) and limits(protocol, node.item):
                compared.add(node.item)
    if name in compared:
        return f"{where} sets no such limit on {name}"
    near = get_close_matches(name, compared, n=1)
    if near:
        return f"no criterion sets a limit on '{name}'; did you mean '{near[0]}'?"
    known = ", ".join(sorted(compared)) or "nothing"
    return f"no criterion sets a limit on '{name}'; there are limits on: {known}"


# ---------------------------------------------------------------- the changed protocol


def _changed(protocol: ir.Protocol, chosen: dict[int, list[tuple[Limit, Fraction]]]) -> ir.Protocol:
    def leaf(node: Any) -> Any:
        for limit, value in chosen.get(id(node), ()):
            match node:
                case ir.Result(test=ir.NumberTest(bounds)):
                    op, old = bounds[limit.index]
                    new = replace(old, factor=value) if isinstance(old, ir.TimesLimit) else ir.Constant(value)
                    node = replace(
                        node,
                        test=ir.NumberTest((*bounds[: limit.index], (op, new), *bounds[limit.index + 1 :])),
                    )
                case ir.Compare(left=ir.Constant()):
                    node = replace(node, left=ir.Constant(value))
                case ir.Compare():
                    node = replace(node, right=ir.Constant(value))
        return node

    return replace(
        protocol,
        stages=_rebuilt(protocol.stages, leaf),
        definitions={name: _rebuilt(one, leaf) for name, one in protocol.definitions.items()},
    )


def _rebuilt(node: Any, leaf: Callable[[Any], Any]) -> Any:
    """The same with every comparison put through `leaf`."""
    if isinstance(node, tuple):
        made = tuple(_rebuilt(one, leaf) for one in node)
        return node if all(a is b for a, b in zip(made, node, strict=True)) else made
    if not is_dataclass(node) or isinstance(node, type):
        return node
    if isinstance(node, (ir.Result, ir.Compare)):
        return leaf(node)
    changed = {}
    for one in fields(node):
        before = getattr(node, one.name)
        after = _rebuilt(before, leaf)
        if after is not before:
            changed[one.name] = after
    return replace(node, **changed) if changed else node
