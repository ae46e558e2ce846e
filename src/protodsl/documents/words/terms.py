"""Numbers that are looked up or computed, as nouns; formulas have every bracket written."""

from __future__ import annotations

from typing import assert_never

from protodsl import ir
from protodsl.documents.words.context import Context
from protodsl.documents.words.numbers import number, quantity, unit
from protodsl.documents.words.times import NOW, anchor, value_window, window
from protodsl.runtime.units import Unit

PLACEHOLDER = "\x00"
"""Item name that stands for a list following: see `rules`."""


def item_label(context: Context, name: str) -> str:
    if name.startswith(PLACEHOLDER):
        return name[len(PLACEHOLDER) :]
    return context.item(name)


def limit(value: ir.Limit, of: Unit | None) -> str:
    match value:
        case ir.Constant(amount):
            return quantity(amount, of)
        case ir.TimesLimit(factor, "uln"):
            return f"{number(factor)}\u00a0× the upper limit of normal (ULN)"
        case ir.TimesLimit(factor, "lln"):
            return f"{number(factor)}\u00a0× the lower limit of normal (LLN)"
        case ir.TimesLimit():
            raise AssertionError(value.which)
        case ir.Quantities(options):
            listed = " or ".join(quantity(amount, unit) for amount, unit in options)
            return f"{listed}, whichever unit the result is in"
        case _:
            assert_never(value)


def dose(context: Context, value: ir.Dose) -> str:
    text = quantity(value.amount, value.unit) + _per(value.unit, value.per)
    return text + _as(context, value.equivalence)


def _per(of: Unit, per: str | None) -> str:
    """Words for "per kg" where the unit itself does not say so."""
    if per == "kg" and "/kg" not in of.text:
        return " per kg of body weight"
    if per == "m2" and "/m2" not in of.text:
        return " per m² of body surface"
    return ""


def _as(context: Context, equivalence: str | None) -> str:
    return f" (as {context.equivalence(equivalence)})" if equivalence else ""


_AGE = {"year": "year", "month": "month", "week": "week", "day": "day"}


def years(context: Context, value: ir.Number, of: str) -> str:
    """ "18 years"; a limit that is itself a formula is written out."""
    if isinstance(value, ir.Constant):
        plural = "" if value.value == 1 else "s"
        return f"{number(value.value)}\u00a0{_AGE[of]}{plural}"
    return f"{noun(context, value)} {_AGE[of]}s"


def age_day(context: Context, age: ir.Age) -> str:
    if isinstance(age.at, ir.OfSample):
        return "on that day"
    return f"at {anchor(context, age.at)} (in completed {_AGE[age.unit]}s)"


def amount_of(context: Context, value: ir.Number, of: Unit | None) -> str:
    if isinstance(value, ir.Constant):
        return quantity(value.value, of)
    return noun(context, value)


_OPERATORS = {"+": "+", "-": "−", "*": "×", "/": "÷", "^": "to the power of"}


def noun(context: Context, value: ir.Number, inner: bool = False) -> str:
    """A number as a noun phrase. Inside arithmetic every compound is bracketed: no precedence to know."""
    match value:
        case ir.Constant(amount):
            return f"({number(amount)})" if inner and amount < 0 else number(amount)
        case ir.Observed():
            return observed(context, value)
        case ir.Age(of, at):
            if isinstance(at, ir.OfSample):
                return f"age in {_AGE[of]}s"
            return f"age in completed {_AGE[of]}s at {anchor(context, at)}"
        case ir.DoseOf(item, equivalence, when, of, per):
            days = "on the day of " + context.here if when == NOW else window(context, when)
            per_words = _per(of, per)
            return (
                f"the daily dose of {item_label(context, item)}{per_words}{_as(context, equivalence)}, "
                f"at its highest {days},"
            ).rstrip(",")
        case ir.Arithmetic(op, left, right):
            chain = op in "+*" and isinstance(left, ir.Arithmetic) and left.op == op
            text = f"{noun(context, left, not chain)} {_OPERATORS[op]} {noun(context, right, True)}"
            return f"({text})" if inner else text
        case ir.Call(function, arguments):
            listed = "; ".join(noun(context, argument) for argument in arguments)
            names = {
                "sqrt": "square root of", "min": "smallest of", "max": "largest of",
                "ln": "natural logarithm of", "log10": "decimal logarithm of",
                "exp": "e to the power of", "abs": "absolute value of",
            }  # fmt: skip
            return f"{names[function]} ({listed})"
        case ir.Table(rows, otherwise):
            from protodsl.documents.words.rules import inline

            said = [f"{noun(context, number)} if {inline(context, condition)}" for condition, number in rows]
            if otherwise is not None:
                said.append(f"{noun(context, otherwise)} otherwise")
            return f"[{'; '.join(said)}]"
        case _:
            assert_never(value)


def observed(context: Context, value: ir.Observed) -> str:
    label = item_label(context, value.item)
    when = value_window(context, value.window, value.select == "latest")
    if value.select == "latest":
        said = f"{label} {when}".rstrip()
    else:
        said = f"{value.select} {label} {when}".rstrip()
    if value.unit is not None and unit(value.unit) not in ("", "1"):
        said += f" in {unit(value.unit)}"
    for clean in value.clean:
        said += f" (only samples with no {context.item(clean.item)} {window(context, clean.window)})"
    return said
