"""Three values, days and numbers, as the hand-written criteria of NCT06892145 need them."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, NamedTuple

Truth = bool | None
FIRST = 1  # 0001-01-01


# ---------------------------------------------------------------- three values


def negate(truth: Truth) -> Truth:
    return None if truth is None else not truth


def all_of(*questions: Callable[[], Truth]) -> Truth:
    found: Truth = True
    for question in questions:
        truth = question()
        if truth is False:
            return False
        if truth is None:
            found = None
    return found


def any_of(*questions: Callable[[], Truth]) -> Truth:
    found: Truth = False
    for question in questions:
        truth = question()
        if truth:
            return True
        if truth is None:
            found = None
    return found


def at_least(least: int, truths: Iterable[Truth]) -> Truth:
    true = unknown = 0
    for truth in truths:
        true += truth is True
        unknown += truth is None
        if true >= least:
            return True
    return None if true + unknown >= least else False


# ---------------------------------------------------------------- days


@cache
def days(text: str) -> tuple[int, int]:
    """First and last day of a date that may be partial."""
    text = text[:10]
    year = int(text[:4])
    if len(text) == 4:
        return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    month = int(text[5:7])
    if len(text) == 7:
        first = date(year, month, 1).toordinal()
        return first, first + monthrange(year, month)[1] - 1
    day = date(year, month, int(text[8:])).toordinal()
    return day, day


@cache
def months_before(day: int, months: int) -> int:
    there = date.fromordinal(day)
    year, month = divmod(there.year * 12 + there.month - 1 - months, 12)
    if year < 1:
        return FIRST
    return date(year, month + 1, min(there.day, monthrange(year, month + 1)[1])).toordinal()


def completed_years(born: int, day: int) -> int:
    birth, there = date.fromordinal(born), date.fromordinal(day)
    return there.year - birth.year - ((there.month, there.day) < (birth.month, birth.day))


# ---------------------------------------------------------------- numbers


class Number(NamedTuple):
    """A value between two numbers; None is unbounded."""

    low: Decimal | None
    high: Decimal | None
    low_open: bool = False
    high_open: bool = False


def compare(value: Number, op: str, limit: Decimal) -> Truth:
    low, high, low_open, high_open = value
    if op == "<=":
        if high is not None and high <= limit:
            return True
        return False if low is not None and (low > limit or (low == limit and low_open)) else None
    if op == ">=":
        if low is not None and low >= limit:
            return True
        return False if high is not None and (high < limit or (high == limit and high_open)) else None
    if low is not None and (low > limit or (low == limit and low_open)):  # >
        return True
    return False if high is not None and high <= limit else None


def value_of(written: Any) -> Number | str:
    """A number, a bound on one ("<0.2", a titre "1:80"), or a word."""
    if isinstance(written, (int, float)):
        number = Decimal(str(written))
        return Number(number, number)
    text = " ".join(written.split())
    bare = text.lstrip("<>=≤≥").lstrip()
    sign = text[: len(text) - len(bare)].strip()
    try:
        number = Decimal(bare[2:].lstrip() if bare.startswith("1:") else bare)
    except ArithmeticError:
        return text.lower().replace(" ", "_").replace("-", "_")
    match sign:
        case "<":
            return Number(None, number, high_open=True)
        case ">":
            return Number(number, None, low_open=True)
        case "<=" | "≤":
            return Number(None, number)
        case ">=" | "≥":
            return Number(number, None)
        case _:
            return Number(number, number)


D = Decimal
MASS_PER_VOLUME = {
    **{"mg/dL": D(1), "g/L": D(100), "g/dL": D(1000), "mg/L": D("0.1"), "ug/mL": D("0.1")},
    **{"ug/L": D("0.0001"), "ng/mL": D("0.0001"), "pg/mL": D("0.0000001"), "mg/mL": D(100)},
}


def also_molar(molar_mass: str) -> dict[str, Decimal]:
    """Factors to mg/dL: those of masses, and those of amounts by the molar mass in g/mol."""
    mass = D(molar_mass)
    amounts = {"mol/L": mass * 100, "mmol/L": mass / 10, "umol/L": mass / 10000, "µmol/L": mass / 10000}
    return MASS_PER_VOLUME | amounts


PERCENT = {
    **{"%": D(1), "1": D(100), "mmol/mol": D("0.1"), "mg/g": D("0.1"), "percentage_points": D(1)},
}
ENZYME = {"U/L": D(1), "IU/L": D(1), "[IU]/L": D(1)}
COPIES = {"[IU]/mL": D(1), "m[IU]/mL": D("0.001"), "kIU/L": D(1), "[IU]/L": D("0.001")}


class Lab(NamedTuple):
    """A laboratory value: factors of units to its own, the range a value must lie in, and the one it hardly
    ever leaves.
    """

    units: dict[str, Decimal]
    lowest: Decimal | None = None
    highest: Decimal | None = None
    detected_from: Decimal | None = None
    unitless: bool = False
    plausible: tuple[Decimal, Decimal] | None = None


LABS = {
    "sledai_2k": Lab({"1": D(1), "points": D(1), "{score}": D(1)}, D(0), D(105), unitless=True),
    "lvef": Lab(PERCENT, D(0), D(100), plausible=(D(3), D(95))),
    "spo2_room_air": Lab(PERCENT, D(0), D(100), plausible=(D(30), D(100))),
    "creatinine": Lab(also_molar("113.12"), D(0), D(100), plausible=(D("0.1"), D(40))),
    "bilirubin_total": Lab(also_molar("584.66"), D(0), D(100), plausible=(D("0.05"), D(60))),
    "alt": Lab(ENZYME, D(0), D(100000)),
    "ast": Lab(ENZYME, D(0), D(100000)),
    "hbv_dna": Lab(COPIES, detected_from=D(20)),
    "hcv_rna": Lab(COPIES, detected_from=D(15)),
    "body_weight": Lab(
        {"kg": D(1), "g": D("0.001"), "[lb_av]": D("0.45359237")},
        *(D(0), D(700)),
        plausible=(D("0.3"), D(650)),
    ),
}
POSITIVE = ("positive", "negative", "indeterminate")
WORDS = {
    **dict.fromkeys(
        ("ana", "anti_dsdna", "hbsag", "hbcab", "hcv_antibody", "hiv_antibody", "serum_pregnancy_test"),
        POSITIVE,
    ),
    "treponema_pallidum_antibody": POSITIVE,
    "nyha_class": ("i", "ii", "iii", "iv"),
}
PREDNISONE = {  # mg of prednisone that equal so many mg
    **{"prednisone": (5, D(5)), "prednisolone": (5, D(5)), "methylprednisolone": (5, D(4))},
    **{"triamcinolone": (5, D(4)), "hydrocortisone": (5, D(20)), "cortisone": (5, D(25))},
    **{"dexamethasone": (5, D("0.75")), "betamethasone": (5, D("0.75"))},
}
MG_PER_DAY = {
    **{"mg/d": D(1), "mg/day": D(1), "g/d": D(1000), "ug/d": D("0.001"), "mg/24h": D(1), "g/24h": D(1000)},
    "mg/wk": D(1) / 7,
}
IMMUNOSUPPRESSANTS = (
    *("cyclophosphamide", "mycophenolate_mofetil", "azathioprine", "methotrexate", "ciclosporin"),
    *("tacrolimus", "sirolimus", "leflunomide"),
)
TREATMENT = "conventional_sle_treatment"


def round_9(number: Decimal) -> Decimal:
    return number.quantize(D("0.000000001"), ROUND_HALF_UP)
