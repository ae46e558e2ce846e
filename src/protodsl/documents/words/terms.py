"""Numbers that are looked up or computed, as nouns; formulas have every bracket written."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.language import count, mark, named, say
from protodsl.documents.words.context import Context
from protodsl.documents.words.numbers import length, number, quantity, unit
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
            return say("{factor}\u00a0× the upper limit of normal (ULN)", factor=number(factor))
        case ir.TimesLimit(factor, "lln"):
            return say("{factor}\u00a0× the lower limit of normal (LLN)", factor=number(factor))
        case ir.TimesLimit():
            raise AssertionError(value.which)
        case ir.Quantities(options):
            listed = say(" or ").join(quantity(amount, unit) for amount, unit in options)
            return say("{listed}, whichever unit the result is in", listed=listed)
        case _:
            assert_never(value)


def dose(context: Context, value: ir.Dose) -> str:
    text = quantity(value.amount, value.unit) + _per(value.unit, value.per)
    return text + as_words(context, value.equivalence)


def _per(of: Unit, per: str | None) -> str:
    """Words for "per kg" where the unit itself does not say so."""
    if per == "kg" and "/kg" not in of.text:
        return say(" per kg of body weight")
    if per == "m2" and "/m2" not in of.text:
        return say(" per m² of body surface")
    return ""


def as_words(context: Context, equivalence: str | None) -> str:
    return say(" (as {equivalence})", equivalence=context.equivalence(equivalence)) if equivalence else ""


_AgeUnit = Literal["year", "month", "week", "day"]


def years(context: Context, value: ir.Number, of: _AgeUnit) -> str:
    """ "18 years"; a limit that is itself a formula is written out."""
    if isinstance(value, ir.Constant):
        if of == "year":
            plural = 1 if value.value == 1 else 2
            return count(plural, "{age}\u00a0year", "{age}\u00a0years", age=number(value.value))
        return length(ir.Length(value.value, of))
    return f"{noun(context, value)} {_ages(of)}"


def _ages(of: _AgeUnit) -> str:
    """ "years"."""
    match of:
        case "year":
            return say("years")
        case "month":
            return say("months")
        case "week":
            return say("weeks")
        case "day":
            return say("days")
        case _:
            assert_never(of)


def age_day(context: Context, age: ir.Age) -> str:
    if isinstance(age.at, ir.OfSample):
        return say("on that day")
    return say("at {anchor} (in completed {units})", anchor=anchor(context, age.at), units=_ages(age.unit))


def amount_of(context: Context, value: ir.Number, of: Unit | None) -> str:
    if isinstance(value, ir.Constant):
        return quantity(value.value, of)
    return noun(context, value)


_OPERATORS = {"+": "+", "-": "−", "*": "×", "/": "÷", "^": mark("to the power of")}


def noun(context: Context, value: ir.Number, inner: bool = False) -> str:
    """A number as a noun phrase. Inside arithmetic every compound is bracketed: no precedence to know."""
    match value:
        case ir.Constant(amount):
            return f"({number(amount)})" if inner and amount < 0 else number(amount)
        case ir.Observed():
            return observed(context, value)
        case ir.Mean(of, last):
            return say("the mean of the last {n} of {results}", n=last, results=observed(context, of))
        case ir.Age(of, at):
            if isinstance(at, ir.OfSample):
                return say("age in {units}", units=_ages(of))
            return say("age in completed {units} at {anchor}", units=_ages(of), anchor=anchor(context, at))
        case ir.DoseOf(item, equivalence, when, of, per, "total"):
            return say(
                "the cumulative dose of {drug} {window}",
                drug=item_label(context, item) + _per(of, per) + as_words(context, equivalence),
                window=window(context, when),
            )
        case ir.DoseOf(item, equivalence, when, of, per, select):
            days = (
                say("on the day of {anchor}", anchor=context.here) if when == NOW else window(context, when)
            )
            per_words = _per(of, per)
            words = {
                "highest": mark(
                    "the daily dose of {item_label}{per_words}{equivalence}, at its highest {days},"
                ),
                "lowest": mark(
                    "the daily dose of {item_label}{per_words}{equivalence}, at its lowest {days},"
                ),
            }[select]
            return say(
                words,
                item_label=item_label(context, item),
                per_words=per_words,
                equivalence=as_words(context, equivalence),
                days=days,
            ).rstrip(",")
        case ir.Arithmetic(op, left, right):
            chain = op in "+*" and isinstance(left, ir.Arithmetic) and left.op == op
            text = f"{noun(context, left, not chain)} {named(_OPERATORS[op])} {noun(context, right, True)}"
            return f"({text})" if inner else text
        case ir.Call(function, arguments):
            listed = "; ".join(noun(context, argument) for argument in arguments)
            names = {
                "sqrt": say("square root of"), "min": say("smallest of"), "max": say("largest of"),
                "ln": say("natural logarithm of"), "log10": say("decimal logarithm of"),
                "exp": say("e to the power of"), "abs": say("absolute value of"),
            }  # fmt: skip
            return f"{names[function]} ({listed})"
        case ir.Table(((ir.Setting(name, ("left",)), first),)) if side := context.side_of(name, first):
            return noun(replace(context, side=side), first, inner)
        case ir.Table(percentile=ir.Percentile(percent, of)):
            return say("percentile {percent} of {table}", percent=number(percent), table=of)
        case ir.Table(rows, otherwise):
            from protodsl.documents.words.rules import inline

            said = [
                say("{noun} if {condition}", noun=noun(context, number), condition=inline(context, condition))
                for condition, number in rows
            ]
            if otherwise is not None:
                said.append(say("{noun} otherwise", noun=noun(context, otherwise)))
            return f"[{'; '.join(said)}]"
        case _:
            assert_never(value)


def observed(context: Context, value: ir.Observed) -> str:
    label = item_label(context, value.item) + context.of_side(value.side)
    when = value_window(context, value.window, value.select == "latest")
    if value.select == "latest":
        said = f"{label} {when}".rstrip()
    else:
        said = f"{named(value.select)} {label} {when}".rstrip()
    if value.unit is not None and unit(value.unit) not in ("", "1"):
        said += say(" in {unit}", unit=unit(value.unit))
    for clean in value.clean:
        said += say(
            " (only samples with no {item} {window})",
            item=context.item(clean.item),
            window=window(context, clean.window),
        )
    return said
