"""Single statements as clauses, in four moods."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from protodsl import ir
from protodsl.documents.language import named, say
from protodsl.documents.words import terms
from protodsl.documents.words.context import Context
from protodsl.documents.words.events import happened, occasions_words
from protodsl.documents.words.moods import OPPOSITE, POSITIVE, Mood, be, denied, negative
from protodsl.documents.words.numbers import amount, duration, number, op, quantity
from protodsl.documents.words.times import anchor, value_window, window
from protodsl.runtime.units import Unit

Leaf = ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Sex | ir.Setting | ir.Defined


def clause(context: Context, leaf: Leaf, mood: Mood) -> str:
    """One statement, without capital letter and full stop."""
    match leaf:
        case ir.Result():
            return _result(context, leaf, mood)
        case ir.Compare():
            return _compare(context, leaf, mood)
        case ir.Change():
            return _change(context, leaf, mood)
        case ir.Exists():
            return happened(context, leaf, mood)
        case ir.Answer():
            return _answer(context, leaf, mood)
        case ir.Sex(sex):
            return say("the participant {be} {sex}", be=be(mood), sex=named(sex))
        case ir.Setting(name, values):
            return _setting(name, values, mood)
        case ir.Defined(name):
            verb = {
                "must": say("must apply"),
                "must not": say("must not apply"),
                "is": say("applies"),
                "is not": say("does not apply"),
            }
            return say(
                "“{definition}” {verb} (see Definitions)",
                definition=context.definition(name),
                verb=verb[mood],
            )
        case _:
            assert_never(leaf)


def _setting(name: str, values: tuple[str, ...], mood: Mood) -> str:
    """ "the country must be japan"."""
    said = [named(value.replace("_", " ")) for value in values]
    one = said[0] if len(said) == 1 else say("one of: {values}", values=", ".join(said))
    return say("the {place} {be} {value}", place=named(name.replace("_", " ")), be=be(mood), value=one)


# ---------------------------------------------------------------- results


def limit_words(context: Context, item: str, said: ir.Op, limit: ir.Limit, of: Unit | None) -> str:
    """ "at most 3 × the upper limit of normal (ULN)", "at least 30 mL/min"."""
    return bound_words(said, terms.limit(limit, of or context.unit_of(item)))


def bound_words(said: ir.Op, limit: str) -> str:
    """ "at most 3 mg"."""
    return say("{operator} {limit}", operator=op(said), limit=limit)


def test_words(context: Context, observed: ir.Observed, test: ir.NumberTest | ir.CodeTest) -> str:
    match test:
        case ir.NumberTest(bounds):
            of = observed.unit
            return say(" and ").join(
                limit_words(context, observed.item, said, limit, of) for said, limit in bounds
            )
        case ir.CodeTest(codes, negated):
            words = [named(code.replace("_", " ")) for code in codes]
            if negated:
                return say("other than {values}", values=say(" or ").join(words))
            if len(words) == 1:
                return say("{value}", value=words[0])
            return say("one of: {values}", values=", ".join(words))
        case _:
            assert_never(test)


def qualifiers(context: Context, observed: ir.Observed, several: bool = False) -> str:
    """Which values count, in brackets behind the subject. `several`: more than one of them is asked for."""
    found = []
    when = value_window(context, observed.window, observed.select == "latest" and not several)
    match observed.select:
        case "latest" if several:
            if when:
                found.append(when)
        case "latest":
            if when:
                found.append(say("latest value {when}", when=when))
        case "earliest":
            found.append(say("earliest value {when}", when=when).rstrip())
        case "any" | "every":
            if when:
                found.append(when)
        case "highest" | "lowest":
            if when:
                found.append(when)
        case _:
            assert_never(observed.select)
    for clean in observed.clean:
        found.append(
            say(
                "only samples with no {item} {window}",
                item=context.item(clean.item),
                window=window(context, clean.window),
            )
        )
    return f" ({'; '.join(found)})" if found else ""


def _flipped(test: ir.NumberTest | ir.CodeTest, mood: Mood) -> tuple[ir.NumberTest | ir.CodeTest, Mood]:
    """`is not one of` under a negation reads as its opposite: no double negative in the sentence."""
    if isinstance(test, ir.CodeTest) and test.negated:
        return replace(test, negated=False), OPPOSITE[mood]
    return test, mood


def _result(context: Context, leaf: ir.Result, mood: Mood) -> str:
    observed = leaf.observed
    label = terms.item_label(context, observed.item) + context.of_side(observed.side)
    which = qualifiers(context, observed, leaf.occasions is not None)
    if leaf.occasions is not None:
        predicate = test_words(context, observed, leaf.test)
        often = occasions_words(leaf.occasions, negative(mood))
        return say(
            "{subject} {verb} {predicate} {often}",
            subject=f"{label}{which}", verb=be(mood), predicate=predicate, often=often,
        )  # fmt: skip
    match observed.select:
        case "any":
            predicate = test_words(context, observed, leaf.test)
            subject = say("value of {label}{which}", label=label, which=which)
            match mood:
                case "must":
                    return say(
                        "at least one {subject} must be {predicate}", subject=subject, predicate=predicate
                    )
                case "is":
                    return say("at least one {subject} is {predicate}", subject=subject, predicate=predicate)
                case "must not":
                    return say("no {subject} may be {predicate}", subject=subject, predicate=predicate)
                case "is not":
                    return say("no {subject} is {predicate}", subject=subject, predicate=predicate)
                case _:
                    assert_never(mood)
        case "every":
            predicate = test_words(context, observed, leaf.test)
            said = say(
                "every value of {label}{which} {be} {predicate}",
                label=label,
                which=which,
                be=be(POSITIVE[mood]),
                predicate=predicate,
            )
            if not negative(mood):
                return said
            return denied(
                mood,
                say(
                    "every value of {label}{which} is {predicate}",
                    label=label,
                    which=which,
                    predicate=predicate,
                ),
            )
        case "latest" | "earliest" | "highest" | "lowest":
            test, mood = _flipped(leaf.test, mood)
            predicate = test_words(context, observed, test)
            subject = (
                label
                if observed.select in ("latest", "earliest")
                else say("the {select} {label}", select=named(observed.select), label=label)
            )
            if negative(mood) and isinstance(test, ir.NumberTest) and len(test.bounds) > 1:
                return denied(
                    mood,
                    say("{subject}{which} is {predicate}", subject=subject, which=which, predicate=predicate),
                )
            return said_of(f"{subject}{which}", be(mood), predicate)
        case _:
            assert_never(observed.select)


# ---------------------------------------------------------------- comparisons of numbers


def _compare(context: Context, leaf: ir.Compare, mood: Mood) -> str:
    return bounds_clause(context, leaf.left, ((leaf.op, leaf.right),), leaf.unit, mood)


def bounds_clause(
    context: Context,
    left: ir.Number,
    bounds: tuple[tuple[ir.Op, ir.Number], ...],
    of: Unit | None,
    mood: Mood,
) -> str:
    """A number within one or two bounds: "must be at least 5 and at most 18 years old at screening"."""
    if len(bounds) > 1 and negative(mood):
        return denied(mood, bounds_clause(context, left, bounds, of, "is"))
    if isinstance(left, ir.Age):
        limits = say(" and ").join(
            bound_words(said, terms.years(context, right, left.unit)) for said, right in bounds
        )
        return say(
            "the participant {be} {limits} old {age_day}",
            be=be(mood),
            limits=limits,
            age_day=terms.age_day(context, left),
        )
    limits = say(" and ").join(
        bound_words(said, terms.amount_of(context, right, of)) for said, right in bounds
    )
    return said_of(terms.noun(context, left), be(mood), limits)


def said_of(subject: str, verb: str, predicate: str) -> str:
    return say("{subject} {verb} {predicate}", subject=subject, verb=verb, predicate=predicate)


def stable_clause(context: Context, dose: ir.DoseOf, mood: Mood) -> str:
    """ "X must be taken at one and the same daily dose on every day of the last 4 weeks up to screening"."""
    start, end = dose.window.start, dose.window.end
    assert start is not None and start.by is not None and end is not None

    def said(verb: str) -> str:
        assert start is not None and start.by is not None and end is not None
        return say(
            "{drug} {be} taken at one and the same daily dose{equivalence} on every day of the last {length} "
            "up to and with {anchor}",
            drug=context.item(dose.item),
            be=verb,
            equivalence=terms.as_words(context, dose.equivalence),
            length=duration(start.by),
            anchor=anchor(context, end.anchor),
        )

    return denied(mood, said(be("is"))) if negative(mood) else said(be(mood))


def _change(context: Context, leaf: ir.Change, mood: Mood) -> str:
    falls = leaf.direction == "falls"
    match mood:
        case "must":
            said = say("must fall") if falls else say("must rise")
        case "must not":
            said = say("must not fall") if falls else say("must not rise")
        case "is":
            said = say("falls") if falls else say("rises")
        case "is not":
            said = say("does not fall") if falls else say("does not rise")
        case _:
            assert_never(mood)
    of = context.unit_of(leaf.item)
    if leaf.percent:
        by = say("{amount}\u00a0% of the earlier value", amount=number(leaf.amount))
    elif of is not None and of.text == "%":
        by = say("{amount} percentage points", amount=number(leaf.amount))
    else:
        by = quantity(leaf.amount, of)
    if leaf.start == leaf.end:
        period = say("from the earliest to the latest value {window}", window=window(context, leaf.start))
    else:
        period = say(
            "from {start} to {end}", start=_visit(context, leaf.start), end=_visit(context, leaf.end)
        )
    return say(
        "{item_label} {said} by {amount} {by}, {period}",
        item_label=terms.item_label(context, leaf.item) + context.of_side(leaf.side),
        said=said,
        amount=amount(leaf.op),
        by=by,
        period=period,
    )


def _visit(context: Context, value: ir.Window) -> str:
    """ "baseline", "month 3 (± 7 days)" for the window of a value that belongs to a visit."""
    start, end = value.start, value.end
    if (
        start is not None
        and end is not None
        and start.anchor == end.anchor
        and not start.open
        and not end.open
    ):
        if start.by is None and end.by is None:
            return anchor(context, start.anchor)
        if start.by == end.by and start.by is not None and (start.sign, end.sign) == (-1, 1):
            return f"{anchor(context, start.anchor)} (± {duration(start.by)})"
    return say("the value {window}", window=window(context, value))


# ---------------------------------------------------------------- persons


def who(leaf: ir.Answer) -> str:
    roles = [say("the {role}", role=named(role.replace("_", " "))) for role in leaf.roles]
    return (
        "" if not roles else roles[0] if len(roles) == 1 else ", ".join(roles[:-1]) + say(" or ") + roles[-1]
    )


def _answer(context: Context, leaf: ir.Answer, mood: Mood) -> str:
    period = f", {window(context, leaf.window)}" if leaf.window is not None else ""
    quoted = f"“{leaf.text.strip()}”"
    if leaf.how == "agrees":
        verb = {
            "must": say("must agree"),
            "must not": say("must not agree"),
            "is": say("agrees"),
            "is not": say("does not agree"),
        }[mood]
        return say(
            "{who} {verb} to: {quoted}{period}",
            who=who(leaf) or say("the participant"),
            verb=verb,
            quoted=quoted,
            period=period,
        )
    yes = say("no") if negative(mood) else say("yes")
    if mood in ("is", "is not"):
        return say(
            "{who} answers {yes} to: {quoted}{period}",
            who=who(leaf) or say("the person asked"),
            yes=yes,
            quoted=quoted,
            period=period,
        )
    return say(
        "{who} must {ask}: {quoted}{period}; the answer must be {yes}",
        who=who(leaf) or say("a person"),
        ask=say("judge") if leaf.how == "judged" else say("answer"),
        quoted=quoted,
        period=period,
        yes=yes,
    )
