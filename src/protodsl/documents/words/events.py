"""What happened or must not have: verbs, attributes, lengths and doses of events."""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from protodsl import ir
from protodsl.documents.language import count, mark, named, say
from protodsl.documents.words import terms
from protodsl.documents.words.context import Context
from protodsl.documents.words.moods import Mood, negative
from protodsl.documents.words.numbers import amount, length, number, op
from protodsl.documents.words.times import NOW, window

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


def happened(context: Context, leaf: ir.Exists, mood: Mood) -> str:
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
