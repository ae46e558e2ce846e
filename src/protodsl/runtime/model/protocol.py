"""A whole protocol: criteria, stages, timepoints and endpoints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protodsl.runtime.model.expressions import Expr
from protodsl.runtime.model.vocabulary import Equivalence, Item, Measure
from protodsl.runtime.model.windows import Length, Moment


@dataclass(frozen=True, slots=True)
class Part:
    """A criterion or one of its parts. `combine` joins `rule` and `parts`: `all`, `any`, or at least so many.

    `applies` guards it. `source`: the sentence of the source document.
    """

    id: str
    label: str
    rule: Expr | None
    parts: tuple[Part, ...] = ()
    combine: str | int = "all"
    applies: Expr | None = None
    source: str = ""


Rule = Callable[[], Expr]


def part(
    id: str,
    label: str,
    rule: Rule | None = None,
    *parts: Part,
    combine: str | int = "all",
    applies: Rule | None = None,
    source: str | None = None,
) -> Part:
    """A part whose rule is what the function answers; its docstring is the source sentence, unless given."""
    told = rule or applies
    if source is None:
        source = " ".join((told.__doc__ or "").split()) if told is not None else ""
    return Part(
        id,
        label,
        None if rule is None else rule(),
        parts,
        combine,
        None if applies is None else applies(),
        source,
    )


@dataclass(frozen=True, slots=True)
class Criterion:
    kind: str  # inclusion, exclusion
    root: Part
    group: str | None = None
    cohort: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """At least `least` of the criteria named by `members` must hold."""

    id: str
    least: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cohort:
    id: str
    label: str
    applies: Expr | None
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    anchor: str
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    requires: str | None = None


@dataclass(frozen=True, slots=True)
class Timepoint:
    name: str
    at: Moment | None = None
    after: tuple[str, ...] = ()
    tolerance: Length | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint with a computable definition, asked at a moment."""

    id: str
    label: str
    rule: Expr
    moment: Moment


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything a checker knows of one trial."""

    id: str
    items: tuple[Item, ...]
    measures: tuple[Measure, ...]
    equivalences: tuple[Equivalence, ...]
    definitions: tuple[tuple[str, Expr], ...]
    timepoints: tuple[Timepoint, ...]
    stages: tuple[Stage, ...]
    endpoints: tuple[Endpoint, ...] = ()
