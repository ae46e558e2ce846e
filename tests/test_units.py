"""Units: the spellings people write, exact factors, and the traps that must be refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry

from protodsl.runtime.units import (
    MAX_LENGTH,
    conversion,
    factor,
    parse_unit,
    per_body,
    same_unit,
)

CREATININE = Fraction("113.12")

SAME = [
    ["x10^9/L", "×10^9/L", "10*9/L", "10^9/L", "10⁹/L", "x 10^9/L", "10*9.L-1", "/nL", "10^3/uL", "10^9 /L"],
    ["/uL", "/µL", "/μL", "/mm3", "cells/uL", "{cells}/uL", "cells/mm³", "10*6/L", "/mcL"],
    ["umol/L", "µmol/L", "μmol/l", "mcmol/L", "nmol/mL"],
    ["mL/min/1.73m2", "mL/min/1.73 m2", "mL/min/1.73m²", "mL/min/{1.73_m2}", "mL/min/{1.73 m2}",
     "ml / min / 1.73 m2", "mL/min/(1.73m2)", "mL/min per 1.73 m²"],
    ["mg", " mg "], ["ug", "µg", "mcg"],
    ["mg/d", "mg/day", "mg / d", "mg per day", "mg/24h", "mg/24 h", "mg/(24.h)", "mg.d-1"],
    ["m[IU]/mL", "mIU/mL", "[IU]/L", "IU/L", "m[iU]/mL"], ["mm[Hg]", "mmHg", "mm Hg"],
    ["kg/m2", "kg/m²", "kg/m^2", "kg.m-2"], ["wk", "week", "weeks", "7 d"],
    ["h", "hr", "hours", "60 min", "3600 s"], ["Cel", "°C", "℃"], ["%", "percent"],
    ["points", "{score}", "{points}", "point"], ["ug/mL{FEU}", "ug/mL FEU", "mg/L{FEU}"],
    ["cells/kg", "/kg", "{cells}/kg"], ["x10^6/kg", "x10^6 /kg", "10^6 cells/kg", "/mg"],
    ["copies/mL", "{copies}/mL", "/mL"],
]  # fmt: skip

REFUSED = [
    "", " ", "x", "/", "//", "mg//L", "mg/", "xyz", "mL/min/1.73.m2", "mL/min/1,73m2", "mL/min{1.73_m2}",
    "1.73m2", "mg d", "g/24.h", "mL/min.m2", "2,500", "24", "0", "10^", "10^0", "10^99", "g99", "g0",
    "((((((g))))))", "(g", "g)", "{", "{}", "{a{b}}", "[", "[Hg", "m2m", "Mg", "am", "K", "mg\n/ L/",
    "MG/DL", "1e9/L", "10E9/L", "×", "⁹", "mg/dl/", "x10^9/L extra", "ULN", "None", "m" * (MAX_LENGTH + 1),
    "10*9*9", "0 mg", "µ", "1000000000 g", "g" + "²" * 5, "٣", "mg/d.kg", "10^9^9/L",
    "mg/{1.73_m2}{1.73_m2}",
]  # fmt: skip

DISTINCT = [
    ("U/L", "[IU]/L"), ("mL/min", "mL/min/1.73m2"), ("mmol/mol", "%"), ("mg/kg", "%"),
    ("ug/mL{FEU}", "ug/mL{DDU}"), ("ug/mL", "ug/mL{FEU}"), ("points", "1"), ("percentage_points", "%"),
    ("letters", "points"), ("Cel", "1"), ("mg/d", "mg"), ("mg/kg/d", "mg/d"), ("copies/mL", "[IU]/mL"),
    ("kg", "m"), ("/[HPF]", "/uL"), ("mg", "mL"),
]  # fmt: skip


@pytest.mark.parametrize("spellings", SAME, ids=lambda group: group[0])
def test_spellings_of_one_unit(spellings: list[str]) -> None:
    first = parse_unit(spellings[0])
    assert first is not None
    for spelling in spellings:
        unit = parse_unit(spelling)
        assert unit is not None, spelling
        assert same_unit(first, unit), (spelling, unit, first)
        assert factor(unit, first) == 1


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_refused(text: str) -> None:
    assert parse_unit(text) is None


@pytest.mark.parametrize(("one", "other"), DISTINCT)
def test_what_never_converts(one: str, other: str) -> None:
    assert parse_unit(one) is not None and parse_unit(other) is not None
    assert conversion(one, other) is None and conversion(other, one) is None
    assert conversion(one, other, CREATININE) is None


@pytest.mark.parametrize(
    ("from_", "to", "expected"),
    [
        ("g/L", "mg/dL", 100),
        ("g", "ug", 10**6),
        ("mg/mg", "mg/g", 1000),
        ("ng/mL", "pg/mL", 1000),
        ("fL", "L", Fraction(1, 10**15)),
        ("g/24h", "mg/d", 1000),
        ("mg/wk", "mg/d", Fraction(1, 7)),
        ("mg/mo", "mg/d", Fraction("30.4375") ** -1),
        ("a", "d", Fraction("365.25")),
        ("10*9/L", "/uL", 1000),
        ("x10^5 /kg", "x10^6/kg", Fraction(1, 10)),
        ("mL/min", "mL/s", Fraction(1, 60)),
        ("%", "1", Fraction(1, 100)),
        ("kPa", "mm[Hg]", Fraction(1000) / Fraction("133.322")),
        ("cm", "m", Fraction(1, 100)),
        ("[lb_av]", "kg", Fraction("0.45359237")),
        ("k[IU]/L", "[IU]/mL", 1),
        ("mL/min/1.73m2", "mL/s/1.73m2", Fraction(1, 60)),
        ("mg/kg/d", "ug/kg/min", Fraction(1000, 1440)),
    ],
)
def test_factors(from_: str, to: str, expected: Fraction | int) -> None:
    assert conversion(from_, to) == expected
    assert conversion(to, from_) == 1 / Fraction(expected)


def test_mass_and_amount_meet_by_molar_mass() -> None:
    factor_ = conversion("mg/dL", "umol/L", CREATININE)
    assert factor_ == Fraction(10) / CREATININE * 1000
    assert round(factor_, 1) == Fraction("88.4")
    assert conversion("umol/L", "mg/dL", CREATININE) == 1 / factor_
    assert conversion("mg/dL", "umol/L") is None
    assert conversion("mg/dL", "umol/L", Fraction(0)) is None
    assert conversion("mg/g", "mg/mmol", CREATININE) == Fraction("0.11312")
    assert conversion("mg/mmol", "mg/g", CREATININE) == 1 / Fraction("0.11312")
    assert conversion("mg/d", "umol", CREATININE) is None
    assert conversion("mg/kg", "mmol/mol", CREATININE) == Fraction(1, 1000)


def test_dose_per_body() -> None:
    assert per_body("mg/kg/d") == ("mg/d", "kg")
    assert per_body("mg / m² / d") == ("mg/d", "m2")
    assert per_body("mg/m2") == ("mg", "m2")
    assert per_body("mg/d") == ("mg/d", None)


ATOMS = [
    "kg", "g", "mg", "ug", "ng", "pg", "L", "dL", "mL", "uL", "fL", "mol", "mmol", "umol", "nmol", "U",
    "k[IU]", "[IU]", "m", "cm", "mm", "s", "min", "h", "d", "wk", "mo", "a", "%", "mm[Hg]", "kPa", "Cel",
    "points", "10*9", "24 h", "1.73m2", "m2", "cm3", "{cells}",
]  # fmt: skip
terms = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=4).map("/".join)
units = terms.map(parse_unit).filter(bool)
masses = st.none() | st.fractions(min_value=1, max_value=10**6)


@given(units, units, masses)
def test_there_and_back_is_one(one, other, molar_mass) -> None:  # type: ignore[no-untyped-def]
    there, back = factor(one, other, molar_mass), factor(other, one, molar_mass)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there * back == 1


@given(units, units, units, masses)
def test_conversion_is_transitive(one, two, three, molar_mass) -> None:  # type: ignore[no-untyped-def]
    first, second = factor(one, two, molar_mass), factor(two, three, molar_mass)
    if first is not None and second is not None:
        assert factor(one, three, molar_mass) == first * second


MET = [
    ("mg/dL", "umol/L", CREATININE), ("umol/L", "g/L", CREATININE), ("g/d", "mg/h", None),
    ("mg/wk", "ug/min", None), ("/uL", "10*9/L", None), ("mg/g", "mg/mmol", CREATININE),
]  # fmt: skip


@given(st.sampled_from(MET), st.fractions(0, 10**6), st.fractions(0, 10**6))
def test_conversion_keeps_the_order(pair, one, other) -> None:  # type: ignore[no-untyped-def]
    ratio = conversion(*pair)
    assert ratio is not None and (one < other) == (one * ratio < other * ratio)


@given(st.text(max_size=40) | st.text("mgLd/^*.10x{}[]() ²µ-+", max_size=MAX_LENGTH))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = parse_unit(text)
    if unit is not None:
        assert unit.factor > 0
        assert unit.factor < 10**200 and unit.factor > Fraction(1, 10**200)
        assert all(power != 0 for _, power in unit.dimension)
        assert factor(unit, unit) == 1


def test_against_pint() -> None:
    """Factors agree with pint reading UCUM through ucumvert (whose mm[Hg] has more digits than UCUM's)."""
    registry = PintUcumRegistry()
    pairs = [
        ("mg/dL", "g/L"), ("umol/L", "nmol/mL"), ("mm[Hg]", "kPa"), ("mL/min", "L/h"), ("wk", "d"),
        ("mo", "d"), ("a", "d"), ("[lb_av]", "kg"), ("[in_i]", "cm"), ("kg/m2", "g/cm2"), ("10*9/L", "/uL"),
        ("%", "1"), ("cal", "J"), ("ug/kg/min", "mg/kg/h"), ("fL", "um3"), ("[oz_av]", "g"),
        ("cm[H2O]", "Pa"),
    ]  # fmt: skip
    for from_, to in pairs:
        ours = conversion(from_, to)
        theirs = registry.from_ucum(from_).to(registry.from_ucum(to)).magnitude
        assert ours is not None and float(ours) == pytest.approx(float(theirs), rel=1e-5), (from_, to)
