"""What a protocol says that is probably not meant: one pure function per rule, over the typed model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from protodsl import ir
from protodsl.cases import tables
from protodsl.diagnostics import Diagnostic
from protodsl.lint import limits, model, passages, source, study, wording

Rule = Callable[[ir.Protocol], Iterator[Diagnostic]]

RULES: tuple[Rule, ...] = (
    model.repeated_criterion,
    model.repeated_clause,
    model.impossible_or_idle,
    tables,
    model.backward_window,
    model.looks_ahead,
    model.missing_source,
    model.drug_without_code,
    model.unused,
    limits.implied,
    limits.both_ways,
    limits.steps_differ,
    source.superscript,
    source.and_or,
    source.whichever,
    source.subjective,
    source.brackets,
    source.fewer_than,
    source.contraception,
    source.unanchored,
    source.spelling,
    passages.heading_missing,
    passages.exception_list,
    passages.several_days,
    study.frame_contradicts,
    study.product_names,
    study.conditions_differ,
    wording.instruments,
    wording.title,
    wording.one_centre,
    wording.personal_data,
    wording.promotional,
)


def lint(protocol: ir.Protocol) -> tuple[Diagnostic, ...]:
    """All warnings about a protocol that has no errors, in the order of the rules, then of the file."""
    return tuple(found for rule in RULES for found in rule(protocol))
