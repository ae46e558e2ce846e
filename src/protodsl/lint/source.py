"""Rules about the quoted source: what a critical reader stops at, and nothing in the criterion answers.

A `clarify` beside the quotation, or on the criterion it belongs to, shows that the reader did stop: then
nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

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


def _silent(protocol: ir.Protocol) -> Iterator[tuple[ir.Part, str]]:
    """Every quotation of a part about which no `clarify` says anything, neither there nor above."""

    def walk(part: ir.Part, said: bool) -> Iterator[tuple[ir.Part, str]]:
        said = said or bool(part.clarify)
        if not said:
            yield from ((part, one.text) for one in part.source)
        for inner in part.parts:
            yield from walk(inner, said)

    for criterion in criteria(protocol):
        yield from walk(criterion.root, False)


def superscript(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A power of ten that lost its superscript: `3×105/kg`."""
    for part, text in _silent(protocol):
        if found := _SUPERSCRIPT.search(text):
            yield diagnose("source-superscript", at(protocol, part), id=part.id, found=found[0])


def and_or(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'and/or': the criterion has to choose."""
    for part, text in _silent(protocol):
        if found := _AND_OR.search(text):
            yield diagnose("source-and-or", at(protocol, part), id=part.id, found=found[0])


def whichever(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'whichever is longer', where the criterion has one length of time only."""
    for part, text in _silent(protocol):
        if part.parts or not (found := _WHICHEVER.search(text)):
            continue
        if not any(isinstance(node, ir.Extreme) for node in nodes(part.expr)):
            yield diagnose("source-whichever", at(protocol, part), id=part.id, found=found[0].strip())


def subjective(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A word only a person can judge, in a criterion that asks nobody and whose quotation has no number."""
    for part, text in _silent(protocol):
        if part.parts or part.expr is None or re.search(r"\d", text):
            continue
        found = _SUBJECTIVE.search(text)
        judged = any(isinstance(node, (ir.Answer, ir.AttributeTest)) for node in nodes(part.expr))
        if found and not judged:
            yield diagnose("source-subjective", at(protocol, part), id=part.id, found=found[0])
