"""The things a record can speak of, and the formulas and equivalents of a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from protodsl.runtime.model.expressions import Expr
from protodsl.runtime.model.numbers import Number
from protodsl.runtime.model.windows import Duration


@dataclass(frozen=True, slots=True)
class ReferenceLimit:
    value: Fraction
    condition: Expr | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A thing a record can speak of; `kind` says in which domain."""

    name: str
    kind: str
    label: str
    codes: tuple[tuple[str, str], ...] = ()
    unit: str | None = None
    molar_mass: Fraction | None = None
    minimum: Fraction | None = None
    maximum: Fraction | None = None
    detection_limit: Fraction | None = None
    also_units: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    uln: tuple[ReferenceLimit, ...] = ()
    lln: tuple[ReferenceLimit, ...] = ()
    members: tuple[str, ...] = ()
    is_class: bool = False
    open: bool = False
    acute: bool = False
    half_life: Duration | None = None
    plausible: tuple[Fraction, Fraction] | None = None


DOMAIN_OF_KIND = {
    "condition": "conditions",
    "state": "conditions",
    "drug": "medications",
    "procedure": "procedures",
    "question": "answers",
}


def domain_of(item: Item) -> str:
    return DOMAIN_OF_KIND.get(item.kind, "results")


def item(
    name: str,
    kind: str,
    label: str,
    *codes: tuple[str, str],
    unit: str | None = None,
    molar_mass: str | None = None,
    minimum: str | None = None,
    maximum: str | None = None,
    detection_limit: str | None = None,
    also_units: tuple[str, ...] = (),
    values: tuple[str, ...] = (),
    uln: tuple[tuple[str, Expr | None], ...] = (),
    lln: tuple[tuple[str, Expr | None], ...] = (),
    members: tuple[str, ...] = (),
    is_class: bool = False,
    open: bool = False,
    acute: bool = False,
    half_life: Duration | None = None,
    plausible: tuple[str, str] | None = None,
) -> Item:
    def exact(text: str | None) -> Fraction | None:
        return None if text is None else Fraction(text)

    def limits(rows: tuple[tuple[str, Expr | None], ...]) -> tuple[ReferenceLimit, ...]:
        return tuple(ReferenceLimit(Fraction(text), condition) for text, condition in rows)

    return Item(
        name,
        kind,
        label,
        codes,
        unit,
        exact(molar_mass),
        exact(minimum),
        exact(maximum),
        exact(detection_limit),
        also_units,
        values,
        limits(uln),
        limits(lln),
        members,
        is_class,
        open,
        acute,
        half_life,
        None if plausible is None else (Fraction(plausible[0]), Fraction(plausible[1])),
    )


@dataclass(frozen=True, slots=True)
class Measure:
    """A value computed by a formula, dated by its lead."""

    item: str
    lead: str
    validity: Duration
    formula: Number
    valid: tuple[Expr, ...] = ()
    decimals: int = 9
    reported: bool = False


def measure(
    item: str,
    formula: Number,
    *valid: Expr,
    lead: str,
    validity: Duration,
    decimals: int = 9,
    reported: bool = False,
) -> Measure:
    return Measure(item, lead, validity, formula, valid, decimals, reported)


@dataclass(frozen=True, slots=True)
class Equivalence:
    """`factors[drug]` × dose of the drug = dose of the reference."""

    name: str
    factors: tuple[tuple[str, Fraction], ...]


def equivalence(name: str, *factors: tuple[str, str]) -> Equivalence:
    return Equivalence(name, tuple((drug, Fraction(factor)) for drug, factor in factors))
