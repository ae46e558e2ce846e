"""What a name means where it stands, and the collecting of diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from lark import Token, Tree

from protodsl import diagnostics, ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.runtime.units import Unit
from protodsl.source import Span

Node = Tree[Token]
Child = Node | Token | None


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared name and the file it stands in; `tree` is elaborated when first needed."""

    path: str
    tree: Node
    kind: str
    values: ir.Window | None = None  # of a definition: the `values` in force where it stands


@dataclass
class Scope:
    """Everything one protocol can name. Mutable while the protocol is elaborated, and only then."""

    items: dict[str, ir.Item] = field(default_factory=dict)
    measures: dict[str, ir.Measure] = field(default_factory=dict)
    equivalences: dict[str, ir.Equivalence] = field(default_factory=dict)
    definitions: dict[str, ir.Definition] = field(default_factory=dict)
    timepoints: dict[str, ir.Timepoint] = field(default_factory=dict)
    panels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    panel_labels: dict[str, str] = field(default_factory=dict)
    pending: dict[str, Declaration] = field(default_factory=dict)  # definitions not elaborated yet
    defining: list[str] = field(default_factory=list)  # being elaborated now, to see circles
    parameters: dict[str, Declaration] = field(default_factory=dict)
    sides: dict[str, ir.Side] = field(default_factory=dict)  # each under both its names
    references: dict[str, ReferenceTable] = field(default_factory=dict)
    arms: set[str] = field(default_factory=set)
    places: dict[str, Span] = field(default_factory=dict)  # where each name was declared
    located: dict[int, ir.Quotation] = field(
        default_factory=dict
    )  # quotations found in the source, by their offset
    asides: list[ir.Aside] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    day_zero: str | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def report(self, name: str, span: Span, /, **facts: Any) -> None:
        self.diagnostics.append(diagnose(name, span, **facts))

    def unknown(self, name: str, span: Span, wanted: str, among: Iterable[str]) -> None:
        self.report(
            "unknown-name",
            span,
            name=name,
            what=wanted.removeprefix("a ").removeprefix("an "),
            suggestion=suggest(name, among),
            help=self.instead(name),
        )

    def instead(self, name: str) -> str | None:
        """What is written for a word that names nothing because the language says it otherwise."""
        if name in ("female", "male", "women", "men"):
            return f"write `sex is {'female' if name in ('female', 'women') else 'male'}`"
        if name == "sex":
            return "write `sex is female` or `sex is male`"
        if any(name in item.values for item in self.items.values()):
            return f"a reported word is compared with `is`: `… is {name}`, `… is one of [{name}, …]`"
        return None


Sex = Literal["female", "male"]


@dataclass(frozen=True, slots=True)
class ReferenceTable:
    """A reference table as it was read. `rows`: by sex (None: of both), completed ages and the values of
    each percentile at that age. `sha256`: of the file's bytes."""

    told: ir.Reference
    unit: Unit | None
    percentiles: tuple[Fraction, ...]
    rows: dict[Sex | None, list[tuple[int, tuple[Fraction, ...]]]]
    sha256: str


@dataclass(frozen=True)
class Context:
    """Where an expression stands: its file, the window of its values, what `it` and local names mean."""

    scope: Scope
    path: str
    values: ir.Window | None = None
    said: ir.Window | None = None  # the window said behind the comparison itself
    it: str | None = None
    cohort: str | None = None
    lets: dict[str, Num] = field(default_factory=dict)
    formula: bool = False
    sample: bool = False  # "that sample" may be said here
    chosen: dict[str, Child] = field(default_factory=dict)  # of parameters by case: the row that is read now

    def span(self, tree: Child, whole: Node | None = None) -> Span:
        return span_of(self.path, tree if tree is not None else whole)

    def report(self, name: str, at: Child | Span, /, **facts: Any) -> None:
        self.scope.report(name, at if isinstance(at, Span) else self.span(at), **facts)

    def but(self, **changes: object) -> Context:
        made = object.__new__(Context)  # `dataclasses.replace` does the same by way of every field
        made.__dict__.update(self.__dict__, **changes)
        return made


@dataclass(frozen=True, slots=True)
class Num:
    """A number being elaborated; `unit` None is a plain number."""

    number: ir.Number
    unit: Unit | None = None
    constant: Fraction | None = None
    limit: ir.TimesLimit | None = None  # `3 ULN`
    bare: bool = False  # a constant without a unit: takes the unit of what it is compared with


class Refused(Exception):
    """An expression that was reported and has no meaning; caught by the declaration it stands in."""


def span_of(path: str, tree: Child) -> Span:
    if isinstance(tree, Token):
        return Span(path, tree.start_pos or 0, tree.end_pos or 0)
    if tree is None or tree.meta.empty:
        for child in () if tree is None else tree.children:
            if child is not None:
                return span_of(path, child)
        return Span(path, 0, 0)
    return Span(path, tree.meta.start_pos, tree.meta.end_pos)


def suggest(name: str, among: Iterable[str]) -> str | None:
    """What a name was meant to be: one spelt nearly so, or the only one it abbreviates or is a part of."""
    known = sorted(set(among))
    near = diagnostics.suggest(name, known)
    if near is not None:
        return near
    low = name.lower()
    for fits in (
        [one for one in known if len(low) > 1 and "".join(part[:1] for part in one.split("_")) == low],
        [one for one in known if len(low) > 3 and f"_{low}_" in f"_{one}_"],
    ):
        if len(fits) == 1:
            return fits[0]
    return None


def string(token: Child) -> str:
    """The words of a string, white space folded: an author may break lines anywhere."""
    assert isinstance(token, Token)
    text = token[3:-3] if token.startswith('"""') else token[1:-1]
    return " ".join(text.split())


def trees(tree: Node, *names: str) -> Iterator[Node]:
    """The children that are trees with one of these names."""
    for child in tree.children:
        if isinstance(child, Tree) and str(child.data) in names:
            yield child


def tokens(tree: Node, kind: str) -> Iterator[Token]:
    for child in tree.children:
        if isinstance(child, Token) and child.type == kind:
            yield child


def name_of(tree: Child) -> str:
    return str(tree) if tree is not None else ""


@contextmanager
def declaration() -> Iterator[None]:
    """One refused expression costs its own declaration only."""
    try:
        yield
    except Refused:
        return
