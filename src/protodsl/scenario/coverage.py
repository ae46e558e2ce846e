"""Which outcomes no scenario reached: of each criterion and part, and of each branch within them.

A branch is an alternative, an exception, a condition of a table's row: any expression inside another. Its
truth is the interpreter's, in the stage the scenario asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from itertools import count
from typing import get_args

from protodsl import ir
from protodsl.interpret import expressions
from protodsl.interpret.screening import run_with, stage_context
from protodsl.scenario.run import Result
from protodsl.source import Source, Span

_EXPRESSIONS = get_args(ir.Expr)
_TRUTHS = {True: "true", False: "false", None: "unknown"}
_LONGEST = 70


@dataclass(frozen=True, slots=True)
class Covered:
    """`wanted`: what it can be; `reached`: what it was in some scenario."""

    id: str
    branch: str  # the words of the branch; empty: the criterion or part as a whole
    wanted: tuple[str, ...]
    reached: tuple[str, ...]
    span: Span | None

    @property
    def lacking(self) -> tuple[str, ...]:
        return tuple(one for one in self.wanted if one not in self.reached)


@dataclass(frozen=True, slots=True)
class Coverage:
    criteria: tuple[Covered, ...]
    branches: tuple[Covered, ...]

    @staticmethod
    def share(of: Iterable[Covered]) -> tuple[int, int]:
        """How many outcomes were reached, and how many there are."""
        listed = list(of)
        return sum(len(one.wanted) - len(one.lacking) for one in listed), sum(
            len(one.wanted) for one in listed
        )

    @staticmethod
    def percent(of: Iterable[Covered]) -> float:
        reached, wanted = Coverage.share(of)
        return 100.0 * reached / wanted if wanted else 100.0


def coverage(protocol: ir.Protocol, results: Iterable[Result], sources: Mapping[str, Source]) -> Coverage:
    """What the scenarios reached, in the order of the protocol."""
    ran = [one for one in results if one.report is not None]
    criteria: list[Covered] = []
    branches: list[Covered] = []
    for stage in protocol.stages:
        here = [one for one in ran if one.report is not None and one.report.stage == stage.id]
        contexts = [
            stage_context(protocol, one.scenario.record, run_with(None, None, ()), stage) for one in here
        ]
        said = [
            {each.id: each.outcome for each in one.report.criteria} for one in here if one.report is not None
        ]
        for block in (stage.criteria, *(cohort.criteria for cohort in stage.cohorts)):
            for part in (part for criterion in block for part in _parts(criterion.root)):
                wanted = ("passes", "fails", "unknown") + (("not applicable",) if part.applies else ())
                outcomes: set[str] = {one[part.id] for one in said if part.id in one}
                criteria.append(Covered(part.id, "", wanted, _in_order(wanted, outcomes), part.span))
                for words, expr in _named(part, sources):
                    truths = {_TRUTHS[expressions.truth(ctx, expr).truth] for ctx in contexts}
                    all_three = ("true", "false", "unknown")
                    reached = _in_order(all_three, truths)
                    branches.append(Covered(part.id, words, all_three, reached, getattr(expr, "span", None)))
    return Coverage(tuple(criteria), tuple(branches))


def _in_order(wanted: tuple[str, ...], found: set[str]) -> tuple[str, ...]:
    return tuple(one for one in wanted if one in found)


def _parts(part: ir.Part) -> Iterator[ir.Part]:
    yield part
    for inner in part.parts:
        yield from _parts(inner)


def _named(part: ir.Part, sources: Mapping[str, Source]) -> Iterator[tuple[str, ir.Expr]]:
    """The branches of a part, each under the words the author wrote, which are told apart where they are the
    same.
    """
    found: list[tuple[str, str, ir.Expr]] = []
    for root in (part.applies, part.expr):
        inner = list(_branches(root)) if root is not None else []
        if root is part.applies and root is not None:
            inner.insert(0, root)
        for expr in inner:
            span = getattr(expr, "span", None)
            words = ""
            if span is not None and span.path in sources:
                words = " ".join(sources[span.path].text[span.start : span.end].split())
            item = _item(expr)
            found.append((words or item or type(expr).__name__.lower(), item, expr))
    several = Counter(words for words, _ in dict.fromkeys((words, item) for words, item, _ in found))
    shown: dict[str, None] = {}
    told: set[tuple[str, str]] = set()
    for words, item, expr in found:
        if (words, item) in told:
            continue
        told.add((words, item))
        about = f" ({item})" if item and several[words] > 1 else ""
        name = next(name for name in _shortened(words, about) if name not in shown)
        shown[name] = None
        yield name, expr


def _shortened(words: str, about: str) -> Iterator[str]:
    """The words at their length or cut, each further one with more of what tells them apart."""
    if len(words) + len(about) > _LONGEST:
        yield f"{words[: max(20, _LONGEST - 1 - len(about))]}…{about}"
        yield f"{words[: _LONGEST // 2]}…{words[-_LONGEST // 2 :]}{about}"
    yield f"{words}{about}"
    yield from (f"{words}{about} [{number}]" for number in count(2))


def _branches(node: object) -> Iterator[ir.Expr]:
    """Every expression inside another; one that is only turned round by `not` counts once."""
    for name in fields(node) if is_dataclass(node) and not isinstance(node, type) else ():
        value = getattr(node, name.name)
        for inner in value if isinstance(value, tuple) else (value,):
            for one in inner if isinstance(inner, tuple) else (inner,):
                if isinstance(one, _EXPRESSIONS) and not isinstance(node, ir.Not):
                    yield one
                yield from _branches(one)


def _item(expr: ir.Expr) -> str:
    match expr:
        case ir.Result(observed=observed):
            return observed.item
        case ir.Exists(item=item) | ir.Change(item=item):
            return item
        case ir.Not(member=member):
            return _item(member)
        case _:
            return ""
