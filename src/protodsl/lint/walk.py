"""What the rules share: going through a protocol, and comparing by meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import wraps
from typing import TypeVar

from protodsl import ir
from protodsl.ir.walk import nodes
from protodsl.source import Span

Made = TypeVar("Made")


def once(find: Callable[[ir.Protocol], Made]) -> Callable[[ir.Protocol], Made]:
    """Remembers what was found for one protocol: the rules of a run ask the same of the same one."""
    last: list[tuple[ir.Protocol, Made]] = []

    @wraps(find)
    def found(protocol: ir.Protocol) -> Made:
        if not last or last[0][0] is not protocol:
            last[:] = [(protocol, find(protocol))]
        return last[0][1]

    return found


def parts(protocol: ir.Protocol) -> Iterator[ir.Part]:
    """Every criterion and part, depth first."""
    for criterion in criteria(protocol):
        yield from within(criterion.root)


def within(part: ir.Part) -> Iterator[ir.Part]:
    """A part and all in it, depth first."""
    stack = [part]
    while stack:
        part = stack.pop()
        yield part
        stack.extend(reversed(part.parts))


def criteria(protocol: ir.Protocol) -> Iterator[ir.Criterion]:
    for stage in protocol.stages:
        yield from stage.criteria
        for cohort in stage.cohorts:
            yield from cohort.criteria


@once
def spoken_of(protocol: ir.Protocol) -> frozenset[str]:
    """Names of items and definitions that criteria, definitions, endpoints or formulas speak of."""
    names: set[str] = set()
    roots = (protocol.stages, tuple(protocol.definitions.values()), tuple(protocol.measures.values()))
    for node in nodes(roots):
        match node:
            case ir.Observed(item=name) | ir.Change(item=name) | ir.DoseOf(item=name) | ir.OfEvent(item=name):
                names.add(name)
            case ir.Clean(item=name) | ir.Defined(name=name) | ir.Answer(question=name):
                names.add(name)
            case ir.Exists(item=name, but_not=excepted):
                names.update((name, *excepted))
            case ir.Measure(lead=name):
                names.add(name)
    names.update(end.definition for goal in protocol.objectives for end in goal.endpoints if end.definition)
    return frozenset(names)


def at(protocol: ir.Protocol, part: ir.Part) -> Span:
    return part.span or protocol.span or Span("", 0, 0)


def heading(protocol: ir.Protocol) -> Span:
    """The word `protocol`, for what is said of the protocol as a whole."""
    span = protocol.span or Span("", 0, 0)
    return Span(span.path, span.start, span.start + len("protocol"))


def meaning(value: object) -> object:
    """A node without its words and places, so that two can be compared by what they mean."""
    if isinstance(value, tuple):
        return tuple([meaning(member) for member in value])
    kind = type(value)
    if kind not in _MEANT:
        _MEANT[kind] = _meant(kind)
    kept = _MEANT[kind]
    if kept is None:
        return value
    return (kind.__name__, *[meaning(getattr(value, name)) for name in kept])


_MEANT: dict[type, tuple[str, ...] | None] = {}


def _meant(kind: type) -> tuple[str, ...] | None:
    """The fields of a node that say what it means; None of what is no node."""
    if issubclass(kind, Fraction) or not is_dataclass(kind):
        return None
    skip = ("span", "style", "id", "label", "source", "clarify", "notes", "text")
    return tuple(one.name for one in fields(kind) if one.name not in skip)
