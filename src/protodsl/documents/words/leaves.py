"""Single statements as clauses, in four moods, so that polarity is in the verb and cannot be misread.

`must`: what an inclusion asks. `must not`: what an exclusion forbids. `is`, `is not`: in lists, definitions.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.words import terms
from protodsl.documents.words.context import Context
from protodsl.documents.words.numbers import amount, duration, length, number, op, quantity
from protodsl.documents.words.times import NOW, anchor, value_window, window
from protodsl.runtime.units import Unit

Mood = Literal["must", "must not", "is", "is not"]
Leaf = ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Sex | ir.Defined

OPPOSITE: dict[Mood, Mood] = {"must": "must not", "must not": "must", "is": "is not", "is not": "is"}
POSITIVE: dict[Mood, Mood] = {"must": "must", "must not": "must", "is": "is", "is not": "is"}


def negative(mood: Mood) -> bool:
    return mood in ("must not", "is not")


def be(mood: Mood, plural: bool = False) -> str:
    match mood:
        case "must" | "must not":
            return f"{mood} be"
        case "is":
            return "are" if plural else "is"
        case "is not":
            return "are not" if plural else "is not"
        case _:
            assert_never(mood)


def _denied(mood: Mood, clause: str) -> str:
    """For statements whose verb cannot carry the negation without doubt."""
    return f"it {'must not be' if mood == 'must not' else 'is not'} the case that {clause}"


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
            return _exists(context, leaf, mood)
        case ir.Answer():
            return _answer(context, leaf, mood)
        case ir.Sex(sex):
            return f"the participant {be(mood)} {sex}"
        case ir.Defined(name):
            verb = {
                "must": "must apply",
                "must not": "must not apply",
                "is": "applies",
                "is not": "does not apply",
            }
            return f"“{context.definition(name)}” {verb[mood]} (see Definitions)"
        case _:
            assert_never(leaf)


# ---------------------------------------------------------------- results


def limit_words(context: Context, item: str, said: ir.Op, limit: ir.Limit, of: Unit | None) -> str:
    """ "at most 3 × the upper limit of normal (ULN)", "at least 30 mL/min"."""
    return f"{op(said)} {terms.limit(limit, of or context.unit_of(item))}"


def test_words(context: Context, observed: ir.Observed, test: ir.NumberTest | ir.CodeTest) -> str:
    match test:
        case ir.NumberTest(bounds):
            of = observed.unit
            return " and ".join(
                limit_words(context, observed.item, said, limit, of) for said, limit in bounds
            )
        case ir.CodeTest(codes, negated):
            words = [code.replace("_", " ") for code in codes]
            if negated:
                return "other than " + " or ".join(words)
            return words[0] if len(words) == 1 else "one of: " + ", ".join(words)
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
                found.append(f"latest value {when}")
        case "earliest":
            found.append(f"earliest value {when}".rstrip())
        case "any" | "every":
            if when:
                found.append(when)
        case "highest" | "lowest":
            if when:
                found.append(when)
        case _:
            assert_never(observed.select)
    for clean in observed.clean:
        found.append(f"only samples with no {context.item(clean.item)} {window(context, clean.window)}")
    return f" ({'; '.join(found)})" if found else ""


def _flipped(test: ir.NumberTest | ir.CodeTest, mood: Mood) -> tuple[ir.NumberTest | ir.CodeTest, Mood]:
    """`is not one of` under a negation reads as its opposite: no double negative in the sentence."""
    if isinstance(test, ir.CodeTest) and test.negated:
        return replace(test, negated=False), OPPOSITE[mood]
    return test, mood


def _result(context: Context, leaf: ir.Result, mood: Mood) -> str:
    observed = leaf.observed
    label = terms.item_label(context, observed.item)
    which = qualifiers(context, observed, leaf.occasions is not None)
    if leaf.occasions is not None:
        predicate = test_words(context, observed, leaf.test)
        often = occasions_words(leaf.occasions, negative(mood))
        return f"{label}{which} {be(mood)} {predicate} {often}"
    match observed.select:
        case "any":
            predicate = test_words(context, observed, leaf.test)
            subject = f"value of {label}{which}"
            match mood:
                case "must":
                    return f"at least one {subject} must be {predicate}"
                case "is":
                    return f"at least one {subject} is {predicate}"
                case "must not":
                    return f"no {subject} may be {predicate}"
                case "is not":
                    return f"no {subject} is {predicate}"
                case _:
                    assert_never(mood)
        case "every":
            predicate = test_words(context, observed, leaf.test)
            said = f"every value of {label}{which} {be(POSITIVE[mood])} {predicate}"
            if not negative(mood):
                return said
            return _denied(mood, f"every value of {label}{which} is {predicate}")
        case "latest" | "earliest" | "highest" | "lowest":
            test, mood = _flipped(leaf.test, mood)
            predicate = test_words(context, observed, test)
            subject = label if observed.select in ("latest", "earliest") else f"the {observed.select} {label}"
            if negative(mood) and isinstance(test, ir.NumberTest) and len(test.bounds) > 1:
                return _denied(mood, f"{subject}{which} is {predicate}")
            return f"{subject}{which} {be(mood)} {predicate}"
        case _:
            assert_never(observed.select)


def occasions_words(value: ir.Occasions, denied: bool) -> str:
    """ "on at least 3 occasions"; behind a negated verb "on 3 or more occasions"."""
    count = number(Fraction(value.least))
    said = f"{count} or more" if denied else f"at least {count}"
    if value.last is not None:
        return f"in {said} of the last {number(Fraction(value.last))} measurements"
    noun = "occasion" if value.least == 1 and not denied else "occasions"
    apart = f", each at least {length(value.spaced)} after the one before" if value.spaced else ""
    return f"on {said} {noun}{apart}"


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
        return _denied(mood, bounds_clause(context, left, bounds, of, "is"))
    if isinstance(left, ir.Age):
        limits = " and ".join(
            f"{op(said)} {terms.years(context, right, left.unit)}" for said, right in bounds
        )
        return f"the participant {be(mood)} {limits} old {terms.age_day(context, left)}"
    limits = " and ".join(f"{op(said)} {terms.amount_of(context, right, of)}" for said, right in bounds)
    return f"{terms.noun(context, left)} {be(mood)} {limits}"


def _change(context: Context, leaf: ir.Change, mood: Mood) -> str:
    verb = {"falls": "fall", "rises": "rise"}[leaf.direction]
    match mood:
        case "must" | "must not":
            said = f"{mood} {verb}"
        case "is":
            said = leaf.direction
        case "is not":
            said = f"does not {verb}"
        case _:
            assert_never(mood)
    of = context.unit_of(leaf.item)
    if leaf.percent:
        by = f"{number(leaf.amount)}\u00a0% of the earlier value"
    elif of is not None and of.text == "%":
        by = f"{number(leaf.amount)} percentage points"
    else:
        by = quantity(leaf.amount, of)
    if leaf.start == leaf.end:
        period = f"from the earliest to the latest value {window(context, leaf.start)}"
    else:
        period = f"from {_visit(context, leaf.start)} to {_visit(context, leaf.end)}"
    return f"{terms.item_label(context, leaf.item)} {said} by {amount(leaf.op)} {by}, {period}"


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
    return f"the value {window(context, value)}"


# ---------------------------------------------------------------- events

_VERBS: dict[str, tuple[str, str, str, str]] = {
    # verb: is, is not, must, must not
    "has": ("has", "does not have", "must have", "must not have"),
    "had": ("has had", "has not had", "must have had", "must not have had"),
    "was diagnosed with": (
        "was diagnosed with", "was not diagnosed with",
        "must have been diagnosed with", "must not have been diagnosed with",
    ),
    "is": ("is", "is not", "must be", "must not be"),
    "receives": ("is receiving", "is not receiving", "must be receiving", "must not be receiving"),
    "takes": ("is taking", "is not taking", "must be taking", "must not be taking"),
    "received": ("has received", "has not received", "must have received", "must not have received"),
    "took": ("has taken", "has not taken", "must have taken", "must not have taken"),
    "started": ("started", "did not start", "must have started", "must not have started"),
    "underwent": ("has undergone", "has not undergone", "must have undergone", "must not have undergone"),
    "participated in": (
        "has taken part in", "has not taken part in",
        "must have taken part in", "must not have taken part in",
    ),
    "was hospitalised for": (
        "was in hospital for", "was not in hospital for",
        "must have been in hospital for", "must not have been in hospital for",
    ),
    "refractory to": (
        "has disease that is refractory to", "does not have disease that is refractory to",
        "must have disease that is refractory to", "must not have disease that is refractory to",
    ),
    "intolerant to": (
        "is intolerant to", "is not intolerant to", "must be intolerant to", "must not be intolerant to",
    ),
    "responded to": (
        "has responded to", "has not responded to", "must have responded to", "must not have responded to",
    ),
    "allergic to": ("is allergic to", "is not allergic to", "must be allergic to", "must not be allergic to"),
}  # fmt: skip
_BY_DOMAIN: dict[ir.Domain, str] = {
    "conditions": "had",
    "medications": "received",
    "procedures": "underwent",
    "results": "had",
    "answers": "had",
}
_REACTIONS = {"refractory to": "refractory", "intolerant to": "intolerant", "responded to": "responded"}
_MOODS: tuple[Mood, ...] = ("is", "is not", "must", "must not")


def verb_words(context: Context, leaf: ir.Exists, mood: Mood) -> str:
    forms = _VERBS.get(leaf.verb)
    if forms is None:
        item = context.protocol.items.get(leaf.item)
        forms = _VERBS[_BY_DOMAIN[item.domain if item is not None else "conditions"]]
    return forms[_MOODS.index(mood)]


def event_details(context: Context, leaf: ir.Exists, denied: bool) -> str:
    """Everything behind the item: attributes, dose, how long, how often, exceptions, when."""
    found: list[str] = []
    for test in leaf.attributes:
        value = test.value.replace("_", " ")
        match test.attribute:
            case "severity" | "grade" | "stage":
                found.append(f"of {test.attribute} {op(test.op)} {value}")
            case "route":
                found.append(f"given {value}")
            case "reason":
                found.append(f"because of {context.item(test.value)}")
            case "response":
                if _REACTIONS.get(leaf.verb) != test.value:
                    found.append(f"with the response “{value}”")
            case _:
                assert_never(test.attribute)
    if leaf.dose is not None:
        found.append(f"at a daily dose of {op(leaf.dose.op)} {terms.dose(context, leaf.dose)}")
    if leaf.lasting is not None:
        said, by = leaf.lasting
        found.append(f"for {amount(said)} {length(by)}")
    if leaf.first_day and leaf.verb not in ("started", "was diagnosed with"):
        found.append("for the first time")
    if leaf.least > 1:
        found.append(occasions_words(ir.Occasions(leaf.least, leaf.spaced), denied))
    if leaf.but_not:
        found.append(f"({_listed([context.item(name) for name in leaf.but_not])} not counted)")
    when = "" if leaf.window == NOW else window(context, leaf.window)
    if leaf.lasting is not None and when:
        found[-1] += ","
    return "".join(" " + words for words in (*found, when) if words)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _exists(context: Context, leaf: ir.Exists, mood: Mood) -> str:
    verb = verb_words(context, leaf, mood)
    details = event_details(context, leaf, negative(mood))
    return f"the participant {verb} {terms.item_label(context, leaf.item)}{details}"


# ---------------------------------------------------------------- persons


def who(leaf: ir.Answer) -> str:
    roles = [f"the {role.replace('_', ' ')}" for role in leaf.roles]
    return "" if not roles else roles[0] if len(roles) == 1 else ", ".join(roles[:-1]) + " or " + roles[-1]


def _answer(context: Context, leaf: ir.Answer, mood: Mood) -> str:
    period = f", {window(context, leaf.window)}" if leaf.window is not None else ""
    quoted = f"“{leaf.text.strip()}”"
    if leaf.how == "agrees":
        verb = {
            "must": "must agree",
            "must not": "must not agree",
            "is": "agrees",
            "is not": "does not agree",
        }[mood]
        return f"{who(leaf) or 'the participant'} {verb} to: {quoted}{period}"
    yes = "no" if negative(mood) else "yes"
    ask = "judge" if leaf.how == "judged" else "answer"
    if mood in ("is", "is not"):
        return (
            f"{who(leaf) or 'the person asked'} answers {yes} to: {quoted}{period} (a person must {ask} this)"
        )
    by = f" of {who(leaf)}" if leaf.roles else ""
    return f"a person must {ask}: {quoted}{period}; the answer{by} must be {yes}"
