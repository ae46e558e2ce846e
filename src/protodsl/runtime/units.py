"""Units of measure: the part of UCUM that eligibility criteria need, and the spellings people really write.

Everything is exact: a unit is a `Fraction` times a product of base dimensions. What is not understood, or
what UCUM reads otherwise than its author meant (`mL/min/1.73.m2` is *times* 73 m² there), is refused.

Where this table departs from UCUM, it does so for safety:

* `U`, `[IU]`, `Cel`, `Pa`, `[HPF]`, points, letters and the like are dimensions of their own: they convert to
  nothing else. `cells`, `copies` and `{annotations}` count as 1, as in UCUM.
* `/1.73m2` is a dimension of its own, so that a clearance normalised to body surface never meets a plain one.
* mass per mass and amount per amount do not cancel: HbA1c in mmol/mol is no percentage, nor is mg/kg.
* D-dimer's `{FEU}` and `{DDU}` are not mere annotations: they differ by a factor of about two.
* a multiplication after a division (`mL/min.m2`) is refused outside brackets: UCUM reads it from left to
  right, most people do not.

A month is 30.4375 days and a year 365.25 days, as in UCUM: good for rates such as g/mo. Windows and ages are
calendar matters and have no business here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

MAX_LENGTH = 64  # characters in a unit; the longest real ones have about 25
MAX_EXPONENT = 9  # of a unit: m3, cm5
MAX_UNIT_POWER = 30  # of ten
MAX_UNIT_DIGITS = 6  # of a plain factor: 24 in g/24h
MAX_DEPTH = 4  # of brackets

Dimension = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: `factor` times the product of its base dimensions. `text` is the spelling it was read from.

    The base units are g, m, s and mol; every other dimension is measured in its own unit. Two spellings of
    one unit are different objects: compare with `same_unit` or `factor`, not with `==`.
    """

    text: str
    factor: Fraction
    dimension: Dimension


_G, _M, _S, _MOL = (("mass", 1),), (("length", 1),), (("time", 1),), (("amount", 1),)
_ONE: Dimension = ()
_VOLUME = (("length", 3),)
_DAY = Fraction(86400)
_PREFIXES = {
    "": Fraction(1),
    "G": Fraction(10**9),
    "M": Fraction(10**6),
    "k": Fraction(1000),
    "h": Fraction(100),
    "d": Fraction(1, 10),
    "c": Fraction(1, 100),
    "m": Fraction(1, 1000),
    "u": Fraction(1, 10**6),
    "mc": Fraction(1, 10**6),  # mcg, mcL: how US labels write micro
    "n": Fraction(1, 10**9),
    "p": Fraction(1, 10**12),
    "f": Fraction(1, 10**15),
}


def _own(name: str) -> Dimension:
    return ((name, 1),)


def _table() -> dict[str, tuple[Fraction, Dimension]]:
    """Every spelling of an atom, prefixes written out: a closed list, so that `am` or `Pmin` mean nothing."""
    atoms: dict[str, tuple[Fraction, Dimension]] = {}

    def add(names: str, value: Fraction | int, dimension: Dimension, prefixes: str = "") -> None:
        for name in names.split():
            for prefix in ["", *prefixes.split()]:
                assert prefix + name not in atoms, prefix + name
                atoms[prefix + name] = (_PREFIXES[prefix] * value, dimension)

    add("g", 1, _G, "k m u mc n p f")
    add("[lb_av] lb lbs", Fraction("453.59237"), _G)
    add("[oz_av]", Fraction("28.349523125"), _G)
    add("m", 1, _M, "k d c m u n")
    add("[in_i]", Fraction("0.0254"), _M)
    add("[ft_i]", Fraction("0.3048"), _M)
    add("L l", Fraction(1, 1000), _VOLUME, "d c m u mc n p f")
    add("cc", Fraction(1, 10**6), _VOLUME)
    add("s sec second seconds", 1, _S)
    add("ms msec", Fraction(1, 1000), _S)
    add("us", Fraction(1, 10**6), _S)
    add("min minute minutes", 60, _S)
    add("h hr hour hours", 3600, _S)
    add("d day days", _DAY, _S)
    add("wk week weeks", 7 * _DAY, _S)
    add("mo month months", Fraction("30.4375") * _DAY, _S)
    add("a y yr year years", Fraction("365.25") * _DAY, _S)
    add("mol", 1, _MOL, "k m u mc n p f")
    add("eq", 1, _own("equivalent"), "m u n")
    add("Eq", 1, _own("equivalent"), "m u n")
    add("osm Osm", 1, _own("osmole"), "m")
    add("Cel °C ℃ degC", 1, _own("temperature"))
    add("Pa", 1, _own("pressure"), "h k M")
    add("m[Hg]", 133322, _own("pressure"), "m c")
    add("mmHg", Fraction("133.322"), _own("pressure"))
    add("m[H2O]", Fraction("9806.65"), _own("pressure"), "c m")
    add("cmH2O", Fraction("98.0665"), _own("pressure"))
    add("bar", 100000, _own("pressure"), "m")
    add("J", 1, _own("energy"), "k M")
    add("cal", Fraction("4.184"), _own("energy"), "k")
    add("W", 1, _own("power"), "k m")
    add("V", 1, _own("voltage"), "m u k")
    add("Hz", 1, (("time", -1),), "k M")
    add("bpm", Fraction(1, 60), (("time", -1),))
    add("Bq", 1, _own("activity"), "k M G")
    add("Ci", 37 * 10**9, _own("activity"), "m u n")
    add("Gy", 1, _own("absorbed dose"), "c m")
    add("Sv", 1, _own("equivalent dose"), "m u")
    add("[diop] D", 1, _own("dioptre"))
    add("deg °", 1, _own("angle"))
    add("dB", 1, _own("decibel"))
    add("U", 1, _own("U"), "M k m u n")
    add("unit units", 1, _own("U"))
    add("[IU] [iU] IU", 1, _own("[IU]"), "M k m u n")
    add("kat", 1, _own("katal"), "m u n")
    for arbitrary in (
        "arb'U",
        "GPL'U",
        "MPL'U",
        "APL'U",
        "ELU",
        "RU",
        "CFU",
        "PFU",
        "EU",
        "AU",
        "BAU",
        "USP'U",
    ):
        add(f"[{arbitrary}]", 1, _own(f"[{arbitrary}]"))
    add("CFU", 1, _own("[CFU]"))
    add("PFU", 1, _own("[PFU]"))
    add("BAU", 1, _own("[BAU]"))
    add("AU", 1, _own("[AU]"))
    add("GPL", 1, _own("[GPL'U]"))
    add("MPL", 1, _own("[MPL'U]"))
    add("[HPF] HPF hpf", 1, _own("high power field"))
    add("[LPF] LPF lpf", 1, _own("low power field"))
    add("% percent", Fraction(1, 100), _ONE)
    add("[ppth]", Fraction(1, 1000), _ONE)
    add("[ppm] ppm", Fraction(1, 10**6), _ONE)
    add("cells cell copies copy", 1, _ONE)
    add("titre titer", 1, _ONE)
    add("points point pts", 1, _own("points"))
    add("letters letter", 1, _own("letters"))
    add("percentage_points percentage_point", 1, _own("percentage points"))
    add("pack_years pack_year", 1, _own("pack-years"))
    add("drinks drink", 1, _own("drinks"))
    add("[pH]", 1, _own("pH"))
    return atoms


_ATOMS = _table()
_ANNOTATIONS: dict[str, Dimension] = {  # what an annotation standing alone says besides "one of something"
    "score": _own("points"),
    "points": _own("points"),
    "point": _own("points"),
    "letters": _own("letters"),
    "pack_years": _own("pack-years"),
    "drinks": _own("drinks"),
}
_BODY_SURFACE = "1.73m2"
_ASSAY = ("FEU", "DDU")
_SPELLINGS = str.maketrans({
    "µ": "u", "μ": "u", "×": "x", "·": ".", "⋅": ".", "∙": ".", "−": "-", "–": "-",
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "⁄": "/", "∕": "/",
})  # fmt: skip
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%_°℃'")
_DIGITS = frozenset("0123456789")


class _NotAUnit(Exception):
    """Raised inside the reader only; `parse_unit` turns it into None."""


def _normalise(text: str) -> str:
    """One spelling for signs, spaces and superscripts. Spaces remain only between a number and its unit."""
    text = text.translate(_SPELLINGS)
    if not text.isascii():
        out, raised = "", False
        for char in text:  # 10⁹ is a power of ten, m² an exponent: both are written with a caret
            plain = char.translate(_SUPERSCRIPTS)
            out += "^" + plain if plain != char and not raised else plain
            raised = plain != char
        text = out
    text = " ".join(text.split())
    text = text.replace(" per ", "/").replace(" /", "/").replace("/ ", "/").replace("mm Hg", "mm[Hg]")
    text = text.replace("1.73 m", "1.73m")
    for assay in _ASSAY:
        text = text.removesuffix(" " + assay) + ("{" + assay + "}" if text.endswith(" " + assay) else "")
    if text[:1] in ("x", "*"):
        rest = text[1:].lstrip()
        if rest.startswith(("10^", "10*")):
            text = rest
    return text


class _UnitReader:
    """One pass over the normalised text; counts every dimension above and below the line apart."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.factor = Fraction(1)
        self.above: dict[str, int] = {}
        self.below: dict[str, int] = {}

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def count(self, dimension: Dimension, exponent: int) -> None:
        for name, power in dimension:
            power *= exponent
            side = self.above if power > 0 else self.below
            side[name] = side.get(name, 0) + abs(power)

    def term(self, sign: int, depth: int) -> None:
        """Components joined by `.` and `/`, up to the end or a closing bracket."""
        if depth > MAX_DEPTH:
            raise _NotAUnit
        current, divided = sign, False
        if self.peek() == "/":
            self.at += 1
            current, divided = -sign, True
        while True:
            self.component(current, depth)
            char = self.peek()
            if char in ("", ")"):
                return
            if char == "/":
                current, divided = -sign, True
            elif char == "." and not divided:
                current = sign
            else:
                raise _NotAUnit
            self.at += 1

    def component(self, sign: int, depth: int) -> None:
        char = self.peek()
        if char == "(":
            self.at += 1
            self.term(sign, depth + 1)
            if self.peek() != ")":
                raise _NotAUnit
            self.at += 1
        elif char == "{":
            self.annotation(sign, alone=True)
        elif char in _DIGITS and char:
            self.number(sign)
        else:
            self.atom(sign)
        while self.peek() == "{":
            self.annotation(sign, alone=False)

    def annotation(self, sign: int, *, alone: bool) -> None:
        end = self.text.find("}", self.at)
        inside = self.text[self.at + 1 : end] if end > 0 else ""
        if not inside or "{" in inside or not inside.isascii() or not inside.isprintable():
            raise _NotAUnit
        self.at = end + 1
        bare = inside.replace("_", "").replace(" ", "")
        if bare == _BODY_SURFACE:
            if not alone or sign > 0:  # mL/min{1.73_m2}: per body surface or not? UCUM would ignore it
                raise _NotAUnit
            self.count(_own(_BODY_SURFACE), -1)
        elif inside in _ASSAY:
            self.count(_own(inside), 1)
        elif alone:
            self.count(_ANNOTATIONS.get(inside, _ONE), sign)

    def number(self, sign: int) -> None:
        """A factor: `24` of `g/24h`, `10*9`, `10^9`, or the 1.73 of `/1.73m2`; a unit may follow."""
        if self.text.startswith(_BODY_SURFACE, self.at) or self.text.startswith("1.73m^2", self.at):
            self.at += 6 if self.text[self.at + 5] == "2" else 7
            if self.peek() in _DIGITS and self.peek():
                raise _NotAUnit
            if sign > 0:
                raise _NotAUnit
            self.count(_own(_BODY_SURFACE), -1)
            return
        start = self.at
        while self.peek() and self.peek() in _DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        if len(digits) > MAX_UNIT_DIGITS or int(digits) == 0:
            raise _NotAUnit
        if digits == "10" and self.peek() in ("^", "*") and self.peek():
            self.at += 1
            power = self.integer(MAX_UNIT_POWER)
            value = Fraction(10) ** power
        else:
            value = Fraction(int(digits))
        self.factor *= value**sign
        spaced = self.peek() == " "
        if spaced:
            self.at += 1
        following = self.peek()
        if following and (following in _NAME or following == "["):
            self.atom(sign)
        elif spaced or (following and following not in "/.){"):
            raise _NotAUnit

    def integer(self, limit: int) -> int:
        start = self.at
        if self.peek() in ("-", "+") and self.peek():
            self.at += 1
        while self.peek() and self.peek() in _DIGITS:
            self.at += 1
        digits = self.text[start : self.at]
        if not 1 <= len(digits) <= 3 or digits in ("-", "+") or abs(int(digits)) > limit or int(digits) == 0:
            raise _NotAUnit
        return int(digits)

    def atom(self, sign: int) -> None:
        start = self.at
        while char := self.peek():
            if char == "[":
                end = self.text.find("]", self.at)
                if end < 0:
                    raise _NotAUnit
                self.at = end + 1
            elif char in _NAME:
                self.at += 1
            else:
                break
        found = _ATOMS.get(self.text[start : self.at])
        if found is None:
            raise _NotAUnit
        factor, dimension = found
        exponent = 1
        char = self.peek()
        if char and (char in _DIGITS or char in "+-^"):
            if char == "^":
                self.at += 1
            exponent = self.integer(MAX_EXPONENT)
        self.factor *= factor ** (exponent * sign)
        self.count(dimension, exponent * sign)

    def dimension(self) -> Dimension:
        total: dict[str, int] = {}
        for name in sorted({*self.above, *self.below}):
            above, below = self.above.get(name, 0), self.below.get(name, 0)
            if name in ("mass", "amount") and (both := min(above, below)):
                total[f"{name}/{name}"] = both
            if above != below:
                total[name] = above - below
        return tuple(sorted(total.items()))


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> Unit | None:
    """The unit written in `text`, or None where it is unknown, ambiguous or no unit at all (`""`, `"24"`)."""
    if not text or len(text) > MAX_LENGTH or (text.strip().isdecimal() and text.strip() != "1"):
        return None
    try:
        reader = _UnitReader(_normalise(text))
        reader.term(1, 0)
        if reader.at != len(reader.text):
            return None
    except _NotAUnit:
        return None
    dimension = reader.dimension()
    if any(abs(power) > MAX_EXPONENT * 3 for _, power in dimension):
        return None
    return Unit(" ".join(text.split()), reader.factor, dimension)


@lru_cache(maxsize=4096)
def factor(from_: Unit, to: Unit, molar_mass: Fraction | None = None) -> Fraction | None:
    """What a number in `from_` is multiplied by to be in `to`; None where it cannot be converted.

    `molar_mass` (g/mol) lets mass and amount of substance meet.
    """
    plain = from_.factor / to.factor
    if from_.dimension == to.dimension:
        return plain
    if molar_mass is None or molar_mass <= 0:
        return None
    above, below, rest = _sides(from_.dimension)
    to_above, to_below, to_rest = _sides(to.dimension)
    if rest != to_rest or sum(above) != sum(to_above) or sum(below) != sum(to_below):
        return None
    moles = (above[1] - below[1]) - (to_above[1] - to_below[1])
    return plain * molar_mass**moles


def _sides(dimension: Dimension) -> tuple[tuple[int, int], tuple[int, int], Dimension]:
    """(mass, amount) above the line, the same below it, and every other dimension."""
    powers = dict(dimension)
    above, below = [], []
    for name in ("mass", "amount"):
        both, power = powers.pop(f"{name}/{name}", 0), powers.pop(name, 0)
        above.append(both + max(power, 0))
        below.append(both + max(-power, 0))
    return (above[0], above[1]), (below[0], below[1]), tuple(sorted(powers.items()))


@lru_cache(maxsize=4096)
def conversion(from_: str, to: str, molar_mass: Fraction | None = None) -> Fraction | None:
    """`factor` between two spellings; None also where either is no unit."""
    source, target = parse_unit(from_), parse_unit(to)
    return None if source is None or target is None else factor(source, target, molar_mass)


def same_unit(one: Unit, other: Unit) -> bool:
    """Two spellings of one unit: `ug/mL` and `mg/L`, `x10^9/L` and `10*9/L`."""
    return one.factor == other.factor and one.dimension == other.dimension


def per_body(text: str) -> tuple[str, Literal["kg", "m2"] | None]:
    """A dose rate without its division by the body: `mg/kg/d` is (`mg/d`, "kg"), `mg/m2` is (`mg`, "m2")."""
    parts = [part.strip() for part in text.translate(_SPELLINGS).split("/")]
    for index in range(1, len(parts)):
        if parts[index] == "kg":
            return "/".join(parts[:index] + parts[index + 1 :]), "kg"
        if parts[index] in ("m2", "m²", "m^2"):
            return "/".join(parts[:index] + parts[index + 1 :]), "m2"
    return text, None
