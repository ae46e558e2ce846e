"""The document view: everything the committee reads, computed once from the model, with no markup in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import protodsl
from protodsl import fields, ir
from protodsl.documents import eligibility, entries, quoting, study, vocabulary
from protodsl.documents.blocks import (
    STATES,
    Block,
    Clarification,
    Criteria,
    DocSection,
    Entries,
    Entry,
    Heading,
    Points,
    Questions,
    Quotes,
    Rules,
    State,
    Summary,
    Table,
    Text,
    unstated,
)
from protodsl.documents.language import mark, named, say
from protodsl.documents.words import Line, capital, soften

LISTS = (15, 16)
"""Sections that are long lists to look things up in."""
KIND = mark("Summary for the ethics committee")
BLOCK_TITLES = {
    "identifiers": mark("Identifiers"),
    "background": mark("Background"),
    "design": mark("Design"),
    "escalation": mark("Escalation"),
    "safety": mark("Safety"),
    "ethics": mark("Ethics"),
}
"""A block's name, where its points to clarify say where they stand."""
WHOLE = mark("The protocol as a whole")
BLOCK_SECTIONS = {"background": 3, "design": 5, "escalation": 7, "safety": 12, "ethics": 9}
"""Section in which a block's quotations, notes and points to clarify stand; of the others, section 1."""


def summary(protocol: ir.Protocol) -> Summary:
    """The document of a protocol. Same model, same document: nothing reads the clock."""
    single = entries.single_entries(protocol)
    known = (*single, *study.structural_entries(protocol), *study.detail_entries(protocol))
    counted = tuple(sorted((e for e in known if e.section > 0), key=lambda e: e.section))
    own = {number: tuple(e for e in single if e.section == number) for number in range(len(fields.SECTIONS))}
    own[1] = (Entry(say("Title"), "stated", protocol.title), *own[1])
    before: dict[int, list[Block]] = {
        6: [*study.treatment(protocol), Heading(say("Other treatment before and during the trial"), 1)],
    }
    after: dict[int, list[Block]] = {
        4: study.objectives(protocol),
        5: study.design(protocol),
        8: list(eligibility.blocks(protocol)),
        16: _not_stated(counted),
    }
    bodies: list[tuple[Block, ...]] = []
    clarify: list[Clarification] = []
    for number in range(len(fields.SECTIONS)):
        table = [Entries(own[number])] if own[number] and number else []
        first, last = before.get(number, []), after.get(number, [])
        body = (*first, *table, *_remarks(protocol, number), *last)
        bodies.append(tuple(_numbered(block, clarify) for block in _joined(body)))
    bodies[0] = (*_banner(protocol, counted, len(clarify)), *bodies[0])
    bodies[2] = (*_plain_words(protocol, counted, len(clarify)), *bodies[2])
    bodies[15] = tuple(_to_clarify(tuple(clarify)))
    made = [
        DocSection(
            number, named(title), bodies[number] or (Text(say("Not stated in the source")),), number in LISTS
        )
        for number, title in enumerate(fields.SECTIONS)
    ]
    for letter, title, body in (
        ("A", say("what the rules refer to"), _references(protocol)),
        ("B", say("where each field belongs in SPIRIT, ICH M11 and WHO"), _crosswalk(counted)),
    ):
        made.append(
            DocSection(
                None,
                say("Appendix {letter}: {title}", letter=letter, title=title),
                body,
                True,
                f"appendix-{letter.lower()}",
            )
        )
    version = entries.said(protocol, "protocol", "version")
    edition = (
        say("protocol version {version}", version=version) if version else say("protocol version not stated")
    )
    return Summary(
        entries.identifier(protocol),
        protocol.title,
        tuple(made),
        counted,
        tuple(clarify),
        named(KIND),
        version=edition,
    )


def _joined(body: Iterable[Block]) -> list[Block]:
    """Questions that follow each other are one line of questions."""
    made: list[Block] = []
    for block in body:
        if made and isinstance(block, Questions) and isinstance(before := made[-1], Questions):
            made[-1] = Questions((*before.points, *block.points))
        else:
            made.append(block)
    return made


def _numbered(block: Block, found: list[Clarification]) -> Block:
    """The block, its points to clarify with the numbers that follow those `found` so far."""

    def numbers(points: tuple[Clarification, ...]) -> tuple[Clarification, ...]:
        start = len(found) + 1
        found.extend(replace(point, number=number) for number, point in enumerate(points, start))
        return tuple(found[start - 1 :])

    match block:
        case Questions(points):
            return Questions(numbers(points))
        case Criteria():
            return replace(
                block, rows=tuple(replace(row, clarify=numbers(row.clarify)) for row in block.rows)
            )
        case _:
            return block


def _computed(label: str, text: str) -> Entry:
    return Entry(label, "stated", text, computed=True)


# ---------------------------------------------------------------- 0 banner


def _banner(protocol: ir.Protocol, counted: tuple[Entry, ...], points: int) -> list[Block]:
    document = protocol.document
    stated, not_applicable, not_stated = (sum(1 for e in counted if e.state == state) for state in STATES)
    found = [
        _computed(say("Source document"), document.path)
        if document
        else Entry(say("Source document"), "not stated"),
        _computed(say("SHA-256 of the source"), document.sha256)
        if document
        else Entry(say("SHA-256 of the source"), "not stated"),
        _computed(
            say("Protocol file"),
            say("{id}, language version {language}", id=protocol.id, language=protocol.language),
        ),
        _computed(say("SHA-256 of the protocol file"), protocol.sha256 or say("not recorded")),
        _computed(say("Made with"), f"protodsl {protodsl.__version__}"),
        _computed(
            say("Completeness"),
            say(
                "{stated} of {counted} fields are stated; {not_applicable} are not "
                "applicable, {not_stated} are not stated in the source",
                stated=stated,
                counted=len(counted),
                not_applicable=not_applicable,
                not_stated=not_stated,
            ),
        ),
        _computed(say("Points to clarify"), str(points)),
    ]
    if document is not None and document.total:
        share = 100 * document.covered // document.total  # rounded down: 100 % means all of it
        found.append(
            _computed(
                say("Eligibility text quoted"),
                say(
                    "{share} % ({covered} of {total} letters and digits) stands beside a rule",
                    share=share,
                    covered=document.covered,
                    total=document.total,
                ),
            )
        )
    return [
        Text(
            say(
                "This summary is made from a machine-readable protocol, which was "
                "written from the source document named below. Nothing is inferred "
                "silently: every field is stated, not applicable with the reason, or not "
                "stated in the source; what was computed and what had to be interpreted "
                "is marked. A line number is that of the source document on which the "
                "words stand; where there is none, the words are those of the person who "
                "wrote the protocol file. Names and contacts of persons are left out on "
                "purpose."
            )
        ),
        Entries(tuple(found), say("Value")),
    ]


# ---------------------------------------------------------------- 2 in plain language


def _plain_words(protocol: ir.Protocol, counted: tuple[Entry, ...], points: int) -> list[Block]:
    """Sentences put together from fields, for a reader without medical training; marked as computed."""

    def said(block: str, name: str) -> str | None:
        return entries.said(protocol, block, name)

    made = []
    what = say(" and ").join(intervention.label for intervention in protocol.interventions)
    conditions = said("protocol", "conditions")
    phase = said("protocol", "phase")
    made.append(
        say("This is a phase {phase} trial.", phase=entries.phase(phase))
        if phase
        else say("This is a trial whose phase is not stated.")
    )
    if what:
        made.append(say("What is tried: {what}.", what=what))
    if conditions:
        made.append(say("It is for people with: {conditions}.", conditions=conditions))
    planned, age, sex = said("protocol", "planned_number"), said("protocol", "age"), said("protocol", "sex")
    made.append(
        say("{planned} participants are planned.", planned=planned)
        if planned
        else say("How many participants are planned is not stated.")
    )
    if age:
        made.append(say("Ages: {age}.", age=age))
    if sex:
        made.append(say("Sexes: {sex}.", sex=soften(sex)))
    allocation, masking = said("design", "allocation"), said("design", "masking")
    if allocation:
        made.append(say("{text}.", text=allocation + (f"; {soften(masking)}" if masking else "")))
    primary = [o.label for o in protocol.objectives if o.level == "primary"]
    if primary:
        made.append(say("Its main questions: {primary}.", primary="; ".join(primary)))
    criteria = list(eligibility.all_criteria(protocol))
    include = sum(1 for c in criteria if c.kind == "inclusion")
    made.append(
        say(
            "Whether somebody can take part is decided by {include} inclusion and "
            "{criteria} exclusion criteria (section 8).",
            include=include,
            criteria=len(criteria) - include,
        )
    )
    missing = sum(1 for e in counted if e.state == "not stated")
    made.append(
        say(
            "Reading the source left {points} points to clarify (section 15); "
            "{missing} fields a committee looks for are not stated in it (section "
            "16).",
            points=points,
            missing=missing,
        )
    )
    return [Text(" ".join(made), computed=True)]


# ---------------------------------------------------------------- remarks, 15, 16, appendix


def _remarks(protocol: ir.Protocol, number: int) -> list[Block]:
    """Quotations, notes and points to clarify of the blocks whose home is this section."""
    found: list[ir.Section] = []
    if number == 1:
        found.append(protocol.header)
    for section in protocol.sections:
        home = BLOCK_SECTIONS.get(section.name, 1)
        if home == number:
            found.append(section)
    made: list[Block] = []
    for section in found:
        if section.source:
            made.append(Quotes(quoting.quotes(section.source)))
        made += [Text(note) for note in section.notes]
        where = named(WHOLE if section is protocol.header else BLOCK_TITLES.get(section.name, section.name))
        made += eligibility.questions(where, section.clarify)
    if number == 1:
        made += [Text(note) for note in protocol.notes]
        made += eligibility.questions(named(WHOLE), protocol.clarify)
    return made


def _to_clarify(clarify: tuple[Clarification, ...]) -> list[Block]:
    if not clarify:
        return [Text(say("None: the protocol file raises no question."), computed=True)]
    return [
        Text(
            say(
                "Questions to the sponsor. The number of each stands beside the rule or "
                "field it concerns. “Read” says how the words were taken meanwhile; that "
                "is no answer."
            )
        ),
        Points(clarify),
    ]


def _not_stated(counted: tuple[Entry, ...]) -> list[Block]:
    lines = tuple(
        Line(f"{number}. {named(title)}: {unstated(found)}.")
        for number, title in enumerate(fields.SECTIONS)
        if (found := [e for e in counted if e.state == "not stated" and e.section == number])
    )
    if not lines:
        return [Text(say("Nothing: every field is stated or not applicable."), computed=True)]
    return [Rules(lines)]


def _references(protocol: ir.Protocol) -> tuple[Block, ...]:
    """Formulas, groups, equivalent doses, limits of normal and instruments, to look up."""
    exprs = eligibility.eligibility_expressions(protocol)
    made = [*vocabulary.blocks(protocol, exprs), *eligibility.asides(protocol)]
    exprs += [definition.expr for _, definition in study.endpoint_definitions(protocol)]
    made += vocabulary.instruments(protocol, exprs)
    made += vocabulary.glossary(protocol, exprs)
    return tuple(made) or (Text(say("The rules refer to nothing.")),)


def _crosswalk(counted: tuple[Entry, ...]) -> tuple[Block, ...]:
    alike: dict[tuple[str, ...], list[State]] = {}
    for e in counted:
        row = (str(e.section), e.label, e.spirit or "–", e.m11 or "–", e.who or "–")
        alike.setdefault(row, []).append(e.state)
    rows = tuple((*row, _states(states)) for row, states in alike.items())
    headers = ("§", say("Field"), "SPIRIT 2025", "ICH M11", say("WHO"), say("State"))
    return (
        Text(
            say(
                "Item numbers of SPIRIT 2025, of the ICH M11 template (November 2025) "
                "and of the WHO Trial Registration Data Set 1.3.1. Left out on purpose: "
                "contacts and names of persons (SPIRIT 3a, WHO 7 and 8). A number before "
                "a state: of so many endpoints, visits, arms or treatments."
            )
        ),
        Table(headers, rows, (2, 17, 6, 9, 6, 10)),
    )


def _states(states: list[State]) -> str:
    """ "Stated"; of several owners "2 stated, 1 not stated"."""
    if len(states) == 1:
        return capital(named(states[0]))
    return ", ".join(f"{states.count(state)} {named(state)}" for state in STATES if state in states)
