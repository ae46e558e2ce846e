"""Rules about the quoted source: what a critical reader stops at, and nothing in the criterion answers.

A `clarify` beside the quotation, or on the criterion it belongs to, shows that the reader did stop: then
nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.lint.walk import at, criteria

_SUPERSCRIPT = re.compile(r"[x×]\s?10[4-9]\d?(?=\s?[/個cC]|\b)")
_AND_OR = re.compile(r"\band\s?/\s?or\b", re.IGNORECASE)
_WHICHEVER = re.compile(r"\bwhichever\b[^.;,]*", re.IGNORECASE)
_SUBJECTIVE = re.compile(
    r"\b(?:clinically (?:significant|relevant|meaningful)|adequate|sufficient|acceptable|appropriate"
    r"|uncontrolled|poorly controlled|serious|significant|good (?:general )?condition)\b",
    re.IGNORECASE,
)

_FEWER = re.compile(
    r"\b(?:less|fewer) than\s?(?:\d{1,2}|one|two|three|four|five)\s?(?:\w+\s){0,3}?"
    r"(?:prior|previous|lines?|therap\w+|treatments?|regimens?|courses?)\b",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"\b(?:with)?in (?:\d+|an?|one|two|three|four|five|six|eight|twelve)[\s-]"
    r"(?:days?|weeks?|months?|years?)\b",
    re.IGNORECASE,
)
_ANCHOR = re.compile(
    r"\b(?:before|prior|preceding|previous|past|last|after|following|since|from|of|until|till|at|post\w*|pre\w*)\b",
    re.IGNORECASE,
)
_DRUG_WORD = re.compile(r"[A-Za-z]{6,}")
_CONTRACEPTION = re.compile(r"\b(?:contracepti\w+|birth control)\b", re.IGNORECASE)
_TIME = re.compile(
    r"\b(?:during|throughout|until|through|while|\d+ ?(?:days?|weeks?|months?|years?)"
    r"|(?:one|two|three|four|six|twelve|first) (?:days?|weeks?|months?|years?))\b",
    re.IGNORECASE,
)
_WHOM = re.compile(
    r"\b(?:(?:wo)?m[ae]n|(?:fe)?males?|subjects?|participants?|patients?|partners?|persons?|people|couples?"
    r"|girls?|boys?|adolescents?|those|sex(?:es|ual\w*)?|child\w*|fertile|reproductive|pregnan\w*)\b",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"\b(?:during|throughout|while|from|since|start\w*|begin\w*|before|prior|within|in|over|after signing"
    r"|for (?:at least |a minimum of )?(?:\d+|an?|one|two|three|four|six|twelve|the))\b",
    re.IGNORECASE,
)
_ENUMERATED = re.compile(r"(?:^|(?<=[\s;,.:]))(?:\d{1,2}|[A-Za-z]|[ivx]{1,4})\)")
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_WIDE = str.maketrans("（）［］【】", "()[][]")


def silent(protocol: ir.Protocol) -> Iterator[tuple[ir.Part, str]]:
    """Every quotation of a part about which no `clarify` says anything, neither there nor above."""

    def walk(part: ir.Part, said: bool) -> Iterator[tuple[ir.Part, str]]:
        said = said or bool(part.clarify)
        if not said:
            yield from ((part, one.text) for one in part.source)
        for inner in part.parts:
            yield from walk(inner, said)

    for criterion in criteria(protocol):
        yield from walk(criterion.root, False)


def _quoted(protocol: ir.Protocol, pattern: re.Pattern[str], name: str) -> Iterator[Diagnostic]:
    """The warning of that name for every quotation with such words."""
    for part, text in silent(protocol):
        if found := pattern.search(text):
            yield diagnose(name, at(protocol, part), id=part.id, found=found[0])


def superscript(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A power of ten that lost its superscript: `3×105/kg`."""
    return _quoted(protocol, _SUPERSCRIPT, "source-superscript")


def and_or(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'and/or': the criterion has to choose."""
    return _quoted(protocol, _AND_OR, "source-and-or")


def whichever(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'whichever is longer', where the criterion has one length of time only."""
    for part, text in silent(protocol):
        if part.parts or not (found := _WHICHEVER.search(text)):
            continue
        if not any(isinstance(node, ir.Extreme) for node in nodes(part.expr)):
            yield diagnose("source-whichever", at(protocol, part), id=part.id, found=found[0].strip())


def subjective(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A word only a person can judge, in a criterion that asks nobody and whose quotation has no number."""
    for part, text in silent(protocol):
        if part.parts or part.expr is None or re.search(r"\d", text):
            continue
        found = _SUBJECTIVE.search(text)
        judged = any(isinstance(node, (ir.Answer, ir.AttributeTest)) for node in nodes(part.expr))
        if found and not judged:
            yield diagnose("source-subjective", at(protocol, part), id=part.id, found=found[0])


def brackets(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A bracket that is opened and not closed, or the other way round: what it holds is a guess.

    The quotations of a criterion are taken together, since its parts may share one bracket.
    """
    for criterion in criteria(protocol):
        if any(isinstance(node, ir.Part) and node.clarify for node in nodes(criterion.root)):
            continue
        if found := _unbalanced(" ".join(_outermost(criterion.root))):
            yield diagnose("source-brackets", at(protocol, criterion.root), id=criterion.root.id, found=found)


def _outermost(part: ir.Part) -> Iterator[str]:
    """The quotation of a part, or those of the parts in it."""
    if part.source:
        yield from (one.text for one in part.source)
    else:
        for inner in part.parts:
            yield from _outermost(inner)


def _unbalanced(text: str) -> str | None:
    """The first bracket without its other half; where none is open, `1)` and `a)` number a list."""
    text = text.translate(_WIDE)
    numbering = {found.end() - 1 for found in _ENUMERATED.finditer(text)}
    stack: list[str] = []
    for place, sign in enumerate(text):
        if sign in _BRACKETS.values():
            stack.append(sign)
        elif sign in _BRACKETS and stack and stack[-1] == _BRACKETS[sign]:
            stack.pop()
        elif sign in _BRACKETS and place not in numbering:
            return sign
    return stack[-1] if stack else None


def fewer_than(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'Less than 2 prior treatments' among what was tried: is 'at least 2' meant?"""
    return _quoted(protocol, _FEWER, "source-fewer-than")


def contraception(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Contraception without a word on how long, from when, or of whom."""
    for part, text in silent(protocol):
        if part.parts or not _CONTRACEPTION.search(text):
            continue
        lacking = []
        if not _TIME.search(text):
            lacking.append("how long")
        elif not _FROM.search(text):
            lacking.append("from when")
        if part.applies is None and not _WHOM.search(text):
            lacking.append("whom")
        if lacking:
            yield diagnose("source-contraception", at(protocol, part), id=part.id, lacking=lacking)


def unanchored(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'within 3 months', and not of what: the criterion counts from some day, the source from none."""
    for part, text in silent(protocol):
        if part.parts or not any(isinstance(node, ir.Window) for node in nodes(part.expr)):
            continue
        for found in _LENGTH.finditer(text):
            if not _ANCHOR.search(text):
                yield diagnose("source-unanchored", at(protocol, part), id=part.id, found=found[0])
                break


def spelling(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A word that is nearly the name of a drug the criterion asks for, and no other name that is known."""
    known = {word for item in protocol.items.values() for word in _words(f"{item.label} {item.name}")}
    known |= {f"{word}s" for word in known}
    for part, text in silent(protocol):
        said = _words(text)
        strange = [word for word in said if word not in known]
        for item in _drugs(protocol, part) if strange else ():
            names = _words(f"{item.label} {item.name}")
            if not names or any(word in said or f"{word}s" in said for word in names):
                continue
            near = next((word for word in strange if get_close_matches(word, names, 1, 0.78)), None)
            if near is not None:
                yield diagnose("source-spelling", at(protocol, part), id=part.id, found=near, name=item.label)


def _words(text: str) -> dict[str, None]:
    """Words long enough to be a drug's, in small letters, in the order of the text."""
    return dict.fromkeys(word.lower() for word in _DRUG_WORD.findall(text.replace("_", " ")))


def _drugs(protocol: ir.Protocol, part: ir.Part) -> Iterator[ir.Item]:
    """The drugs a part asks for, those of its classes among them."""
    for node in nodes(part.expr):
        if isinstance(node, ir.Exists | ir.DoseOf) and node.item in protocol.items:
            item = protocol.items[node.item]
            for name in (item.name, *item.members):
                one = protocol.items.get(name)
                if one is not None and one.kind == "drug":
                    yield one
