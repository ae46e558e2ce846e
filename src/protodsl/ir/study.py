"""The protocol: criteria, stages and cohorts, and what documents read besides."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from protodsl.ir.expressions import Expr
from protodsl.ir.time import Anchor, Timepoint
from protodsl.ir.vocabulary import Equivalence, Item, Measure
from protodsl.runtime.units import Unit
from protodsl.source import Span


@dataclass(frozen=True, slots=True)
class Quotation:
    """Verbatim words of the source document, and where they stand in it (offsets), if they were found."""

    text: str
    start: int | None = None
    end: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One node of a criterion: a leaf has `expr`, another has `parts`; `applies` guards it (`applies if`).

    `id` is whole: "inclusion 6.3". Parts are joined by `combine` among themselves and with `expr` where both
    stand.
    """

    id: str
    label: str
    combine: Literal["all", "any"] | int  # an int k: at least k of
    expr: Expr | None
    parts: tuple[Part, ...]
    applies: Expr | None
    source: tuple[Quotation, ...]
    clarify: tuple[str, ...]
    notes: tuple[str, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Criterion:
    """An inclusion or exclusion. `root.id` is "inclusion 6"; within a cohort "sle inclusion 2", a later stage
    "infusion inclusion 1". `group` names the `Group` it is a member of."""

    kind: Literal["inclusion", "exclusion"]
    root: Part
    group: str | None = None
    cohort: str | None = None

    @property
    def id(self) -> str:
        return self.root.id


@dataclass(frozen=True, slots=True)
class Group:
    """ "Either 4 or 5 is sufficient": at least `least` of the criteria named by id."""

    id: str
    least: int
    members: tuple[str, ...]
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Aside:
    quotation: Quotation
    because: str


@dataclass(frozen=True, slots=True)
class Cohort:
    id: str
    label: str
    applies: Expr | None  # the guard: one of the criteria the cohort is the `and` of
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...] = ()
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of eligibility. A protocol without `stage` has one, named after its anchor."""

    id: str
    label: str
    anchor: str  # a timepoint's name
    requires: str | None
    criteria: tuple[Criterion, ...]
    groups: tuple[Group, ...]
    cohorts: tuple[Cohort, ...]
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    label: str
    expr: Expr
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """Two names for the two sides of a body: which one the first is, the record's setting says."""

    name: str
    label: str
    other: str
    other_label: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A table of percentiles that the protocol's author supplied as a file, by completed age in `age`s and,
    if `sexes`, by sex."""

    name: str
    label: str
    file: str
    citation: str
    age: Literal["year", "month", "week", "day"]
    sexes: bool
    span: Span | None = None
    percentiles: tuple[Fraction, ...] = ()
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """A field the source states. `line`: where its words stand verbatim in the source document, if they
    do."""

    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class NotStated:
    why: str | None = None


@dataclass(frozen=True, slots=True)
class NotApplicable:
    why: str


Field = Stated | NotStated | NotApplicable


@dataclass(frozen=True, slots=True)
class Section:
    """A block of fields (`identifiers`, `design`, `escalation`, `safety`, `ethics`, `background`), in file
    order."""

    name: str
    fields: tuple[tuple[str, Field], ...]
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def get(self, name: str) -> Field | None:
        return next((value for key, value in self.fields if key == name), None)


@dataclass(frozen=True, slots=True)
class DoseLevel:
    id: str
    value: Fraction
    unit: Unit
    text: str  # the dose as the author wrote it
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intervention:
    id: str
    label: str
    details: Section
    levels: tuple[DoseLevel, ...] = ()


@dataclass(frozen=True, slots=True)
class Give:
    """One line of a regimen. `dose` None: not stated. `schedule` in words made from the model;
    `first`/`last` in days from day 0 where the source gives them."""

    item: str
    label: str
    dose: str | None
    route: str | None
    schedule: str
    first_day: int | None = None
    last_day: int | None = None


@dataclass(frozen=True, slots=True)
class Regimen:
    id: str
    label: str
    stated: Field | None  # NotStated when the whole regimen is not stated
    gives: tuple[Give, ...]
    details: Section


@dataclass(frozen=True, slots=True)
class Arm:
    id: str
    label: str
    gives: tuple[str, ...]
    details: Section


@dataclass(frozen=True, slots=True)
class Visit:
    id: str
    label: str
    at: str  # in words
    assess: tuple[str, ...]  # labels
    details: Section


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`variable` in words; `expr` where it is the proportion of participants with a computable definition,
    and
    `anchor` the timepoint at which that is asked."""

    id: str
    label: str
    frame: Field
    variable: str
    definition: str | None
    anchor: Anchor | None
    source: tuple[Quotation, ...]
    clarify: tuple[str, ...]
    notes: tuple[str, ...]
    details: Section


@dataclass(frozen=True, slots=True)
class Objective:
    level: Literal["primary", "secondary", "exploratory"]
    label: str
    endpoints: tuple[Endpoint, ...]
    source: tuple[Quotation, ...] = ()
    clarify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """The document the protocol was written from, and how much of its eligibility text the quotations
    cover."""

    path: str
    sha256: str
    covered: int  # characters that carry meaning (letters and digits) inside quotations and asides
    total: int
    uncovered: tuple[Quotation, ...] = ()
    headings: tuple[tuple[Literal["inclusion", "exclusion"], int], ...] = ()  # what begins where (offsets)


@dataclass(frozen=True, slots=True)
class Protocol:
    id: str
    title: str
    language: str
    header: (
        Section  # the protocol's own fields: phase, sponsor, status, conditions, planned_number, sex, age, …
    )
    sections: tuple[Section, ...]
    items: dict[str, Item] = field(hash=False)  # every vocabulary item in scope, by name
    measures: dict[str, Measure] = field(hash=False)
    equivalences: dict[str, Equivalence] = field(hash=False)
    definitions: dict[str, Definition] = field(hash=False)
    timepoints: tuple[Timepoint, ...] = ()
    day_zero: str | None = None
    stages: tuple[Stage, ...] = ()
    arms: tuple[Arm, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    regimens: tuple[Regimen, ...] = ()
    visits: tuple[Visit, ...] = ()
    objectives: tuple[Objective, ...] = ()
    asides: tuple[Aside, ...] = ()
    document: SourceDocument | None = None
    clarify: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    sides: tuple[Side, ...] = ()
    references: tuple[Reference, ...] = ()
    sha256: str = ""  # of the .proto-lite text and everything it uses
    span: Span | None = None
