"""What a result is held against: limits and codes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal


@dataclass(frozen=True, slots=True)
class OfLimit:
    """So many times the upper (`uln`) or lower (`lln`) reference limit of the result itself."""

    factor: Fraction
    which: Literal["uln", "lln"]


@dataclass(frozen=True, slots=True)
class Either:
    """A limit stated in several units; a result meets the one in its own dimension."""

    options: tuple[tuple[Fraction, str], ...]


Limit = Fraction | OfLimit | Either


@dataclass(frozen=True, slots=True)
class LimitTest:
    """`value op limit`."""

    op: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class CodeTest:
    """The coded value is (`negated`: is not) one of these."""

    codes: tuple[str, ...]
    negated: bool = False


def uln(factor: str) -> OfLimit:
    return OfLimit(Fraction(factor), "uln")


def lln(factor: str) -> OfLimit:
    return OfLimit(Fraction(factor), "lln")


def either(*options: tuple[str, str]) -> Either:
    return Either(tuple((Fraction(amount), unit) for amount, unit in options))


def _limit(limit: str | OfLimit | Either) -> Limit:
    return Fraction(limit) if isinstance(limit, str) else limit


def below(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("<", _limit(limit))


def at_most(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("<=", _limit(limit))


def equal_to(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest("=", _limit(limit))


def at_least(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest(">=", _limit(limit))


def above(limit: str | OfLimit | Either) -> LimitTest:
    return LimitTest(">", _limit(limit))


def is_one_of(*codes: str) -> CodeTest:
    return CodeTest(codes)


def is_none_of(*codes: str) -> CodeTest:
    return CodeTest(codes, True)
