"""Single statements as clauses, in four moods, so that polarity is in the verb and cannot be misread.

`must`: what an inclusion asks. `must not`: what an exclusion forbids. `is`, `is not`: in lists, definitions.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.language import count, mark, named, say
from protodsl.documents.words import terms
from protodsl.documents.words.context import Context
from protodsl.documents.words.numbers import amount, duration, length, number, op, quantity
from protodsl.documents.words.times import NOW, anchor, value_window, window
from protodsl.runtime.units import Unit

Mood = Literal["must", "must not", "is", "is not"]
Leaf = ir.Result | ir.Compare | ir.Change | ir.Exists | ir.Answer | ir.Sex | ir.Setting | ir.Defined

OPPOSITE: dict[Mood, Mood] = {"must": "must not", "must not": "must", "is": "is not", "is not": "is"}
POSITIVE: dict[Mood, Mood] = {"must": "must", "must not": "must", "is": "is", "is not": "is"}


def negative(mood: Mood) -> bool:
    return mood in ("must not", "is not")


def be(mood: Mood, plural: bool = False) -> str:
    match mood:
        case "must":
            return say("must be")
        case "must not":
            return say("must not be")
        case "is":
            return say("are") if plural else say("is")
        case "is not":
            return say("are not") if plural else "is not"
        case _:
            assert_never(mood)


def _denied(mood: Mood, clause: str) -> str:
    """For statements whose verb cannot carry the negation without doubt."""
    return say(
        "it {what} the case that {clause}",
        what=say("must not be") if mood == "must not" else "is not",
        clause=clause,
    )


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
            return _denied(
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
                return _denied(
                    mood,
                    say("{subject}{which} is {predicate}", subject=subject, which=which, predicate=predicate),
                )
            return said_of(f"{subject}{which}", be(mood), predicate)
        case _:
            assert_never(observed.select)


def occasions_words(value: ir.Occasions, denied: bool) -> str:
    """ "on at least 3 occasions"; behind a negated verb "on 3 or more occasions"."""
    count = number(Fraction(value.least))
    said = say("{count} or more", count=count) if denied else say("at least {count}", count=count)
    if value.last is not None:
        return say("in {said} of the last {last} measurements", said=said, last=number(Fraction(value.last)))
    if value.consecutive:
        return say("in {said} consecutive measurements", said=said)
    apart = (
        say(", each at least {length} after the one before", length=length(value.spaced))
        if value.spaced
        else ""
    )
    if value.least == 1 and not denied:
        return say("on {said} occasion{apart}", said=said, apart=apart)
    return say("on {said} occasions{apart}", said=said, apart=apart)


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

    return _denied(mood, said(be("is"))) if negative(mood) else said(be(mood))


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
        item_label=terms.item_label(context, leaf.item),
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


# ---------------------------------------------------------------- events

_VERBS: dict[str, tuple[str, str, str, str]] = {
    # verb: is, is not, must, must not
    "has": (mark("has"), mark("does not have"), mark("must have"), mark("must not have")),
    "had": (mark("has had"), mark("has not had"), mark("must have had"), mark("must not have had")),
    "was diagnosed with": (
        mark("was diagnosed with"),
        mark("was not diagnosed with"),
        mark("must have been diagnosed with"),
        mark("must not have been diagnosed with"),
    ),
    "is": (mark("is"), mark("is not"), mark("must be"), mark("must not be")),
    "receives": (
        mark("is receiving"),
        mark("is not receiving"),
        mark("must be receiving"),
        mark("must not be receiving"),
    ),
    "takes": (mark("is taking"), mark("is not taking"), mark("must be taking"), mark("must not be taking")),
    "received": (
        mark("has received"),
        mark("has not received"),
        mark("must have received"),
        mark("must not have received"),
    ),
    "took": (mark("has taken"), mark("has not taken"), mark("must have taken"), mark("must not have taken")),
    "started": (
        mark("started"),
        mark("did not start"),
        mark("must have started"),
        mark("must not have started"),
    ),
    "underwent": (
        mark("has undergone"),
        mark("has not undergone"),
        mark("must have undergone"),
        mark("must not have undergone"),
    ),
    "participated in": (
        mark("has taken part in"),
        mark("has not taken part in"),
        mark("must have taken part in"),
        mark("must not have taken part in"),
    ),
    "was hospitalised for": (
        mark("was in hospital for"),
        mark("was not in hospital for"),
        mark("must have been in hospital for"),
        mark("must not have been in hospital for"),
    ),
    "refractory to": (
        mark("has disease that is refractory to"),
        mark("does not have disease that is refractory to"),
        mark("must have disease that is refractory to"),
        mark("must not have disease that is refractory to"),
    ),
    "intolerant to": (
        mark("is intolerant to"),
        mark("is not intolerant to"),
        mark("must be intolerant to"),
        mark("must not be intolerant to"),
    ),
    "responded to": (
        mark("has responded to"),
        mark("has not responded to"),
        mark("must have responded to"),
        mark("must not have responded to"),
    ),
    "relapsed after": (
        mark("has relapsed after"),
        mark("has not relapsed after"),
        mark("must have relapsed after"),
        mark("must not have relapsed after"),
    ),
    "progressed on": (
        mark("has progressed on"),
        mark("has not progressed on"),
        mark("must have progressed on"),
        mark("must not have progressed on"),
    ),
    "allergic to": (
        mark("is allergic to"),
        mark("is not allergic to"),
        mark("must be allergic to"),
        mark("must not be allergic to"),
    ),
}
_BY_DOMAIN: dict[ir.Domain, str] = {
    "conditions": "had",
    "medications": "received",
    "procedures": "underwent",
    "results": "had",
    "answers": "had",
}
_REACTIONS = {
    "refractory to": "refractory", "intolerant to": "intolerant", "responded to": "responded",
    "relapsed after": "relapsed", "progressed on": "progressed",
}  # fmt: skip
_MOODS: tuple[Mood, ...] = ("is", "is not", "must", "must not")


def verb_words(context: Context, leaf: ir.Exists, mood: Mood) -> str:
    forms = _VERBS.get(leaf.verb)
    if forms is None:
        item = context.protocol.items.get(leaf.item)
        forms = _VERBS[_BY_DOMAIN[item.domain if item is not None else "conditions"]]
    return named(forms[_MOODS.index(mood)])


def event_details(context: Context, leaf: ir.Exists, denied: bool) -> str:
    """Everything behind the item: attributes, dose, how long, how often, exceptions, when."""
    found: list[str] = []
    for test in leaf.attributes:
        value = named(test.value.replace("_", " "))
        match test.attribute:
            case "severity" | "grade" | "stage":
                found.append(
                    say(
                        "of {attribute} {op} {value}",
                        attribute=named(test.attribute),
                        op=op(test.op),
                        value=value,
                    )
                )
            case "route":
                found.append(say("given {value}", value=value))
            case "reason":
                found.append(say("because of {item}", item=context.item(test.value)))
            case "side":
                found.append(context.of_side(test.value).strip())
            case "response":
                if _REACTIONS.get(leaf.verb) != test.value:
                    found.append(say("with the response “{value}”", value=value))
            case _:
                assert_never(test.attribute)
    if leaf.dose is not None:
        found.append(
            say("at a daily dose of {op} {dose}", op=op(leaf.dose.op), dose=terms.dose(context, leaf.dose))
        )
    if leaf.lasting is not None:
        said, by = leaf.lasting
        found.append(say("for {amount} {length}", amount=amount(said), length=length(by)))
    if leaf.first_day and leaf.verb not in ("started", "was diagnosed with"):
        found.append(say("for the first time"))
    if leaf.least > 1 and not leaf.lines:
        found.append(occasions_words(ir.Occasions(leaf.least, leaf.spaced), denied))
    if leaf.but_not:
        found.append(
            say("({listed} not counted)", listed=_listed([context.item(name) for name in leaf.but_not]))
        )
    when = "" if leaf.window == NOW else window(context, leaf.window)
    if leaf.lasting is not None and when:
        found[-1] = say("{words},", words=found[-1])
    return "".join(say(" ") + words for words in (*found, when) if words)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + say(" and ") + words[-1]


def _exists(context: Context, leaf: ir.Exists, mood: Mood) -> str:
    verb = verb_words(context, leaf, mood)
    details = event_details(context, leaf, negative(mood))
    return say(
        "the participant {verb} {item_label}{details}",
        verb=verb,
        item_label=_lines(leaf, terms.item_label(context, leaf.item), negative(mood)),
        details=details,
    )


def _lines(leaf: ir.Exists, label: str, denied: bool) -> str:
    """ "at least 2 lines of X"; behind a negated verb "2 or more lines of X"."""
    if not leaf.lines:
        return label
    least = number(Fraction(leaf.least))
    if denied:
        return say("{least} or more lines of {item}", least=least, item=label)
    return count(
        leaf.least,
        "at least {least} line of {item}",
        "at least {least} lines of {item}",
        least=least,
        item=label,
    )


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
