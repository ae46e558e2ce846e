"""The typed model: what a protocol means.

Every reader (interpreter, Python checker, documents, SQL) starts here and knows nothing of the syntax. Names are
resolved, units are canonical, numbers are exact `Fraction`s, sugar is gone: `each of`, `any of [labs] is …`, relaxed
limits, `unless`, `count of … where` have become `And`, `Or`, `Not`, `AtLeast`. `Style` keeps how the author said it, for
documents only; no evaluator reads it.

The meaning of every node is `language.md` §4 (docs/reference/meaning.md); docstrings here say only what the fields hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from protodsl.runtime.units import Unit
from protodsl.source import Span

# ---------------------------------------------------------------- vocabulary

Domain = Literal["results", "conditions", "medications", "procedures", "answers"]
Kind = Literal[
    "lab", "score", "finding", "grade", "measure",  # domain results
    "condition", "state",  # domain conditions
    "drug",  # domain medications
    "procedure",  # domain procedures
    "question",  # domain answers
]


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a published system: `loinc`, `icd10`, `snomed`, `atc`, `rxnorm`, … ICD-10 and ATC nest by prefix."""

    system: str
    code: str


@dataclass(frozen=True, slots=True)
class ReferenceLimit:
    """A reference limit the vocabulary declares, in the item's unit, for those of whom `condition` is true."""

    value: Fraction
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A thing a record can speak of. Referred to by `name`, unique in a protocol; a panel's item is `panel.item`."""

    name: str
    kind: Kind
    label: str
    codes: tuple[Code, ...] = ()
    unit: Unit | None = None  # canonical unit of a number; every limit on the item is stated in it
    molar_mass: Fraction | None = None  # g/mol: lets mass and amount of substance convert
    minimum: Fraction | None = None  # declared range, in `unit`; a value outside it is `incomparable`
    maximum: Fraction | None = None
    detection_limit: Fraction | None = None  # `not detected` means [minimum or 0, detection_limit), in `unit`
    also_units: tuple[str, ...] = ()  # unit spellings that count as `unit` ("IU/L" for an enzyme in U/L)
    values: tuple[str, ...] = ()  # of a finding, any order; of a grade, from the lowest to the highest
    uln: tuple[ReferenceLimit, ...] = ()
    lln: tuple[ReferenceLimit, ...] = ()
    members: tuple[str, ...] = ()  # of a class: names of items (classes allowed); codes under any member are under it
    is_class: bool = False
    open: bool = False  # a class that is not listed exhaustively ("etc.")
    acute: bool = False  # a condition that counts on its onset day only
    half_life: Duration | None = None  # of a drug
    answered_by: tuple[str, ...] = ()  # of a question: roles; empty: anyone
    text: str = ""  # of a question: its words
    version: str | None = None  # of a score or other instrument
    worse: Literal["higher", "lower"] | None = None
    citation: str | None = None
    note: str | None = None
    span: Span | None = None

    @property
    def domain(self) -> Domain:
        match self.kind:
            case "condition" | "state":
                return "conditions"
            case "drug":
                return "medications"
            case "procedure":
                return "procedures"
            case "question":
                return "answers"
            case _:
                return "results"


@dataclass(frozen=True, slots=True)
class Measure:
    """A value computed by a formula; `item` (kind `measure`) carries name, label, unit, range and citation.

    `lead` is the item whose result dates the value. Every other item in the formula is the latest on or before that date
    and within `validity` before it. A result reported under the measure's own code counts only if `reported`.
    """

    item: Item
    lead: str
    validity: Duration
    valid: tuple[Expr, ...]  # all must be true, else `not computable`
    formula: Number
    decimals: int = 9
    reported: bool = False
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Equivalent doses: `factors[drug]` × dose of the drug = dose of `reference`, in mass per mass."""

    name: str
    label: str
    reference: str
    factors: tuple[tuple[str, Fraction], ...]
    citation: str | None = None


# ---------------------------------------------------------------- time


TimeUnit = Literal["day", "week", "month", "year", "half_life"]


@dataclass(frozen=True, slots=True)
class Length:
    """`count` calendar units; hours have been rounded up to days. With `half_life`, multiples of the event's item's own."""

    count: Fraction
    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class Extreme:
    """The longer or the shorter of two spans ("one month or five half-lives, whichever is shorter")."""

    which: Literal["longer", "shorter"]
    first: Length
    second: Length


Duration = Length | Extreme


@dataclass(frozen=True, slots=True)
class AtTimepoint:
    name: str


@dataclass(frozen=True, slots=True)
class StageAnchor:
    """The anchor of the stage (or of the endpoint) in which the expression stands."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """`anchor` moved by a span: `sign` is +1 for after, -1 for before. `day -5` is five days before day 0's timepoint."""

    anchor: Anchor
    sign: Literal[1, -1]
    by: Length


@dataclass(frozen=True, slots=True)
class OfSample:
    """The date of the very result being considered ("before that sample"); only inside `Clean`."""


@dataclass(frozen=True, slots=True)
class OfEvent:
    """The first or last event, or the onset/start/end of the latest one, of an item, on or before the stage's anchor."""

    which: Literal["first", "last", "onset", "start", "end"]
    item: str


Anchor = AtTimepoint | StageAnchor | Shifted | OfSample | OfEvent


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a window: `anchor` moved by `by` (`sign` +1 after, -1 before). `open` leaves that very day out."""

    anchor: Anchor
    sign: Literal[1, -1] = -1
    by: Duration | None = None
    open: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Days from `start` to `end`; None at the start is "since ever", None at the end "until `as_of`"."""

    start: Bound | None
    end: Bound | None


@dataclass(frozen=True, slots=True)
class Timepoint:
    """A named study event. A derived one has `at`; a given date in the record wins. `after`: declared order."""

    name: str
    label: str
    at: Anchor | None = None
    tolerance: Length | None = None  # ± window of "at T"
    after: tuple[str, ...] = ()
    clarify: tuple[str, ...] = ()
    span: Span | None = None


# ---------------------------------------------------------------- expressions with a number

Op = Literal["<", "<=", "=", ">=", ">"]
Select = Literal["latest", "earliest", "any", "every", "highest", "lowest"]


@dataclass(frozen=True, slots=True)
class Constant:
    """An exact number; in an expression with units already in the canonical unit of what it is compared with."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Clean:
    """The sample counts only if none of `item` happened in `window` (which is anchored at `OfSample`)."""

    item: str
    window: Window


@dataclass(frozen=True, slots=True)
class Observed:
    """Results of an item (a lab, score, finding, grade or measure), chosen by `select` among those in `window`.

    `window` None: no validity was declared; all results up to the stage's anchor. In arithmetic the value is in `unit`.
    """

    item: str
    select: Select = "latest"
    window: Window | None = None
    clean: tuple[Clean, ...] = ()
    unit: Unit | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Age:
    """Completed years, months or days on `at`; inside a formula, on the lead's date (`OfSample`)."""

    unit: Literal["year", "month", "week", "day"]
    at: Anchor
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DoseOf:
    """Highest daily dose of a drug or class on the days of `window`, in `unit`, by an equivalence where one is named.

    `per` kg or m2: the dose divided by the participant's latest weight / body surface, or a dose recorded so.
    """

    item: str
    equivalence: str | None
    window: Window
    unit: Unit
    per: Literal["kg", "m2"] | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Arithmetic:
    op: Literal["+", "-", "*", "/", "^"]
    left: Number
    right: Number


@dataclass(frozen=True, slots=True)
class Call:
    """`sqrt`, `min`, `max`, `ln`, `log10`, `exp`, `abs`."""

    function: Literal["sqrt", "min", "max", "ln", "log10", "exp", "abs"]
    arguments: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of (condition, value); all rows whose condition holds must agree. `otherwise` holds when every row is false."""

    rows: tuple[tuple[Expr, Number], ...]
    otherwise: Number | None = None


Number = Constant | Observed | Age | DoseOf | Arithmetic | Call | Table

# ---------------------------------------------------------------- expressions with a truth


@dataclass(frozen=True, slots=True)
class TimesLimit:
    """`factor` × the upper or lower reference limit of the very result compared."""

    factor: Fraction
    which: Literal["uln", "lln"]


@dataclass(frozen=True, slots=True)
class Quantities:
    """A limit stated in several dimensions; a result meets the one in its own dimension. Each (value, unit)."""

    options: tuple[tuple[Fraction, Unit], ...]


Limit = Constant | TimesLimit | Quantities


@dataclass(frozen=True, slots=True)
class NumberTest:
    """`value op limit`; `between` is two of them on one result, hence a tuple of bounds that must all hold."""

    bounds: tuple[tuple[Op, Limit], ...]


@dataclass(frozen=True, slots=True)
class CodeTest:
    """The coded value is (`negated`: is not) one of `codes`."""

    codes: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Occasions:
    """How often: at least `least` of the results that pass the test (`k times`), each `spaced` after the one before,
    or, with `last`, among the last n results, which need whole dates."""

    least: int
    spaced: Length | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A test on chosen results of one item. `highest <= 4`, `every …`, `any …` by `observed.select`."""

    observed: Observed
    test: NumberTest | CodeTest
    occasions: Occasions | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers, at least one of them no plain result: ages, doses, formulas written in place, arithmetic.

    Both sides are in the same unit; `unit` is that unit, for the reason's words ("years" for ages is None).
    """

    left: Number
    op: Op
    right: Number
    unit: Unit | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """The change of an item between two dated values: from the latest value in `start` to the latest in `end`; where the
    two windows are equal, from the earliest result in it to the latest. `amount` is how far it falls or rises, in the
    item's unit, or with `percent` relative to the earlier value. All results concerned need whole dates."""

    item: str
    direction: Literal["falls", "rises"]
    op: Op
    amount: Fraction
    percent: bool
    start: Window  # window of the earlier value (`at baseline`)
    end: Window
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """`severity`, `grade`, `stage` by `op` on the ordinal scale; `route`, `response`, `reason` by `=` on the word."""

    attribute: Literal["severity", "grade", "stage", "route", "response", "reason"]
    op: Op
    value: str


@dataclass(frozen=True, slots=True)
class Exists:
    """An event of the item, not one of `but_not`, in `window`, with all `attributes`; `domain` from the item.

    `first_day`: the event's first day lies in the window (`started`, `diagnosed`); otherwise any shared day counts.
    `lasting`: the course (of one drug; touching ones are one) lasts `op` the span up to the window's end.
    `dose`: see `Dose`, for a period: together with `lasting`, the daily dose satisfies it on every day of such a period.
    `least`: that many distinct events (occasions), each `spaced` after the one before.
    """

    item: str
    window: Window
    verb: str  # as the author wrote it: has, had, received, underwent …: for words only
    first_day: bool = False
    attributes: tuple[AttributeTest, ...] = ()
    but_not: tuple[str, ...] = ()
    lasting: tuple[Op, Length] | None = None
    dose: Dose | None = None
    least: int = 1
    spaced: Length | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Dose:
    """A test on the daily dose. Without `lasting` an `Exists` with a dose is `Compare(DoseOf(...), op, amount)`."""

    op: Op
    amount: Fraction
    unit: Unit
    equivalence: str | None = None
    per: Literal["kg", "m2"] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person must say. `question` is the key in a record's answers: a declared question's name, or the words.

    `how`: judged (investigator unless said), agrees (participant or guardian unless said), confirmed (declared question).
    """

    question: str
    text: str
    roles: tuple[str, ...]
    how: Literal["judged", "agrees", "confirmed"]
    window: Window | None = None  # what the agreement covers, for documents only; no evaluator reads it
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Sex:
    sex: Literal["female", "male"]
    span: Span | None = None


Style = Literal["plain", "list", "relaxed", "unless", "each", "implies", "members", "attribute"]


@dataclass(frozen=True, slots=True)
class And:
    members: tuple[Expr, ...]
    style: Style = "plain"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Or:
    members: tuple[Expr, ...]
    style: Style = "plain"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Not:
    member: Expr
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    members: tuple[Expr, ...]
    style: Style = "list"
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class IfElse:
    condition: Expr
    then: Expr
    otherwise: Expr
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Defined:
    """A named expression, used in several places; its value is that of `Protocol.definitions[name]`."""

    name: str
    span: Span | None = None


Expr = (
    Result | Compare | Change | Exists | Answer | Sex | And | Or | Not | AtLeast | IfElse | Defined
)

# ---------------------------------------------------------------- the protocol


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

    `id` is whole: "inclusion 6.3". Parts are joined by `combine` among themselves and with `expr` where both stand.
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
    """"Either 4 or 5 is sufficient": at least `least` of the criteria named by id."""

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


# ---------------------------------------------------------------- what documents read besides


@dataclass(frozen=True, slots=True)
class Stated:
    """A field the source states. `line`: where its words stand verbatim in the source document, if they do."""

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
    """A block of fields (`identifiers`, `design`, `escalation`, `safety`, `ethics`, `background`), in file order."""

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
    """One line of a regimen. `dose` None: not stated. `schedule` in words made from the model; `first`/`last` in days
    from day 0 where the source gives them."""

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
    """`variable` in words; `expr` where it is the proportion of participants with a computable definition, and
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
    """The document the protocol was written from, and how much of its eligibility text the quotations cover."""

    path: str
    sha256: str
    covered: int  # characters that carry meaning (letters and digits) inside quotations and asides
    total: int
    uncovered: tuple[Quotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Protocol:
    id: str
    title: str
    language: str
    header: Section  # the protocol's own fields: phase, sponsor, status, conditions, planned_number, sex, age, …
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
    sha256: str = ""  # of the .proto-lite text and everything it uses
    span: Span | None = None
