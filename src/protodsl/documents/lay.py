"""The plain-language summary: two pages for people who may take part, from the same model.

The sentences are ours, short, and made from fields of the model; what the source says is quoted, what it does
not say is said not to be there. Names of drugs, diseases and tests stay as they are and are explained below.
"""

from __future__ import annotations

import re

from protodsl import ir
from protodsl.documents import eligibility, entries, reading_age, study, view
from protodsl.documents.blocks import Block, DocSection, Quote, Quotes, Rules, Summary, Table, Text
from protodsl.documents.words import Line, capital, number, power, soften

KIND = "Summary in plain language"
GLOSSARY = (
    ("antibod", "Antibodies", "Proteins of the body's defence. Some turn against the body itself."),
    ("car-t|car t cell", "CAR-T cells", "White blood cells changed in a laboratory to attack certain cells."),
    ("lymphodepletion", "Lymphodepletion", "Medicines that make room for new cells and lower the defence."),
    ("apheresis", "Apheresis", "Blood is taken, some cells are kept back, and the rest is given back."),
    ("infusion", "Infusion", "A fluid that runs slowly into a vein."),
    ("phase (1|i)\\b", "Phase 1", "First trials of a treatment in people, above all about safety and dose."),
    ("randomis", "Randomised", "Chance decides who gets which treatment."),
    ("dose level", "Dose level", "One of several amounts that are tried, most often from low to high."),
    ("dose-limiting", "Dose-limiting", "So harmful that a higher dose is not given."),
    ("refractory", "Refractory", "The disease goes on although the usual treatment was given."),
    ("relaps", "Relapse", "The disease comes back."),
    ("sledai", "SLEDAI", "Points for how active lupus is. More points mean more active."),
    ("adverse event", "Adverse event", "Anything harmful that happens in the trial, whatever its cause."),
    ("contraception", "Contraception", "Ways not to become pregnant or make somebody pregnant."),
    ("biomarker", "Biomarker", "Something measured in the body that shows how it is doing."),
)  # fmt: skip
"""Pattern looked for in the document, term, explanation in everyday words."""

_RISKS = (
    ("risks", "risks in general"),
    ("risk_crs", "a strong reaction of the body's defence (cytokine release syndrome)"),
    ("risk_icans", "harm to the nerves and the brain"),
    ("risk_hlh", "an attack of the body's defence on the blood (HLH)"),
    ("risk_cytopenia", "low blood counts"),
    ("risk_infection", "infections"),
    ("risk_hypogammaglobulinaemia", "a lack of antibodies"),
    ("risk_secondary_malignancy", "a new cancer later on"),
    ("risk_lymphodepletion", "harm from the medicines before the cells, also to fertility"),
    ("risk_flare", "a flare when other medicines are stopped"),
    ("risk_manufacturing_failure", "cells that cannot be made"),
)
_ASKED = (
    ("ethics", "withdrawal", "how somebody can leave the trial"),
    ("ethics", "insurance", "who pays if somebody is harmed"),
    ("ethics", "alternatives", "what other treatments there are"),
    ("ethics", "data_protection", "how personal data are kept safe"),
    ("ethics", "post_trial_care", "what care there is after the trial"),
    ("safety", "stopping_rules", "when the trial has to be stopped"),
    ("safety", "long_term_follow_up", "how long people are watched afterwards"),
)


class _Sentences:
    """Collects the sentences that are ours: the reading age is theirs."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def text(self, *sentences: str) -> Text:
        self.all += sentences
        return Text(" ".join(sentences))

    def list(self, heading: str, members: list[str]) -> Rules:
        """A sentence and what it names; names are not ours."""
        self.all.append(heading)
        return Rules((Line(f"{heading}:", tuple(Line(capital(member)) for member in members)),))


def lay(protocol: ir.Protocol) -> Summary:
    """The document of a protocol. Same model, same document."""
    said = _Sentences()
    bodies: list[tuple[str, list[Block]]] = [
        ("What is this trial about?", _about(protocol, said)),
        ("Who can take part?", _who(protocol, said)),
        ("What happens in the trial?", _what(protocol, said)),
        ("What do the researchers want to find out?", _aims(protocol, said)),
        ("What may help, what may harm?", _risks(protocol, said)),
        ("What is not known yet?", _unknown(protocol, said)),
    ]
    seen = " ".join(_words(block) for _, body in bodies for block in body) + protocol.title
    terms = tuple(
        (term, means) for pattern, term, means in GLOSSARY if re.search(pattern, seen, re.IGNORECASE)
    )
    if terms:
        bodies.append(("Words explained", [Table(("Word", "What it means"), terms, (1, 4))]))
    bodies.append(("About this page", _page(protocol, said)))
    sections = tuple(DocSection(n, title, tuple(body)) for n, (title, body) in enumerate(bodies, 1))
    full = entries.identifier(protocol)
    return Summary(full, protocol.title, sections, (), (), KIND)


def _words(block: Block) -> str:
    match block:
        case Text(text):
            return text
        case Rules(lines):
            return " ".join(f"{line.text} {' '.join(c.text for c in line.children)}" for line in lines)
        case Quotes(quotes):
            return " ".join(quote.text for quote in quotes)
        case _:
            return ""


def _about(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    lay_words = entries.sections_by_name(protocol)["background"].get("lay_summary")
    what = " and ".join(intervention.label for intervention in protocol.interventions)
    phase, conditions = (entries.said(protocol, "protocol", name) for name in ("phase", "conditions"))
    sentences = [f"This trial tests a treatment: {what}." if what else "What is tested is not stated."]
    if conditions:
        sentences.append(f"It is for people with: {conditions}.")
    if phase:
        sentences.append(f"It is a phase {phase} trial.")
    allocation = entries.said(protocol, "design", "allocation")
    if allocation:
        sentences.append(f"{capital(allocation)}.")
    made.append(said.text(*sentences))
    if isinstance(lay_words, ir.Stated):
        made.append(Text(lay_words.text))
    return made


def _who(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    sentences = []
    for field, words in (
        ("planned_number", "The number of people planned is {}."),
        ("age", "The age must be: {}."),
        ("sex", "Sex: {}."),
    ):
        text = entries.said(protocol, "protocol", field)
        if text:
            sentences.append(words.format(soften(text) if field == "sex" else text))
    sentences.append("A doctor checks every rule with each person.")
    sentences.append("If something is not known, it has to be found out first.")
    made.append(said.text(*sentences))
    criteria = list(eligibility.all_criteria(protocol))
    for kind, heading in (
        ("inclusion", "The rules that must be met are about"),
        ("exclusion", "These things can keep a person out"),
    ):
        labels = [soften(c.root.label) if c.root.label else c.id for c in criteria if c.kind == kind]
        if labels:
            said.all.append(heading)
            made.append(Text(f"{heading}: {'; '.join(dict.fromkeys(labels))}."))
    if criteria:
        made.append(said.text("The full rules are in section 8 of the long summary."))
    return made


def _what(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    if protocol.timepoints:
        made.append(study.schema(protocol, endpoints=False))
    given: list[str] = []
    for regimen in protocol.regimens:
        for give in regimen.gives:
            dose = power(give.dose) if give.dose else "dose not stated"
            given.append(", ".join(part for part in (give.label, dose, give.route, give.schedule) if part))
        if not regimen.gives:
            given.append(f"{regimen.label}: not stated")
    for intervention in protocol.interventions:
        levels = [f"dose level {level.id}: {power(level.text)}" for level in intervention.levels]
        given.append(f"{intervention.label}: {'; '.join(levels) or 'no dose levels are stated'}")
    if given:
        made.append(said.list("This is given", given))
    return made or [said.text("The source does not say.")]


def _aims(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    for level, heading in (
        ("primary", "Above all they want to know about"),
        ("secondary", "They also look at"),
    ):
        labels = [e.label for o in protocol.objectives if o.level == level for e in o.endpoints]
        if labels:
            said.all.append(heading)
            made.append(Text(f"{heading}: {'; '.join(labels)}."))
    return made or [said.text("The source does not say.")]


def _risks(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    ethics = entries.sections_by_name(protocol)["ethics"]
    made: list[Block] = []
    benefit = ethics.get("benefits")
    if isinstance(benefit, ir.Stated):
        made.append(said.text("About help the source says:"))
        made.append(Quotes((Quote(benefit.text, benefit.line),)))
    else:
        made.append(said.text("The source does not say how the trial may help a person."))
    silent = []
    for name, words in _RISKS:
        field = ethics.get(name)
        if isinstance(field, ir.Stated):
            made.append(said.text(f"About {words} the source says:"))
            made.append(Quotes((Quote(field.text, field.line),)))
        elif not isinstance(field, ir.NotApplicable):
            silent.append(words)
    if silent:
        made.append(said.text("That a risk is not named does not mean that there is none."))
        said.all.append("The source says nothing about these risks")
        made.append(Text(f"The source says nothing about these risks: {'; '.join(silent)}."))
    said.all.append("On avoiding a pregnancy the source says")
    stated = [
        field.text if isinstance(field := ethics.get(name), ir.Stated) else "not stated"
        for name in ("contraception", "contraception_end")
    ]
    made.append(Text(f"On avoiding a pregnancy the source says: {stated[0]}. How long: {stated[1]}."))
    return made


def _unknown(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    blocks = entries.sections_by_name(protocol)
    missing = [
        words
        for block, name, words in _ASKED
        if not isinstance(blocks[block].get(name), ir.Stated | ir.NotApplicable)
    ]
    points = len(view.summary(protocol).clarify)
    made: list[Block] = []
    if missing:
        said.all.append("The source does not say")
        made.append(Text(f"The source does not say: {'; '.join(missing)}."))
    made.append(
        said.text(
            f"Reading the source left {points} questions.",
            "They are in section 15 of the long summary.",
            "You can ask the people who run the trial about each of them.",
        )
    )
    return made


def _page(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    source = protocol.document.path if protocol.document is not None else "a document that is not named"
    text = said.text(
        "A computer made this page from the rules of the trial.",
        "Taking part is your own choice.",
        "This page does not replace the talk with a doctor or the consent form.",
    )
    level = reading_age.grade(said.all)
    assert level is not None  # there are sentences above
    age = round(level) + 5
    return [
        text,
        Text(f"It was made from: {source}."),
        Text(
            f"Reading age of the sentences written for this page: about {age} years (grade {number(level)}; "
            f"{reading_age.CITATION}). Lists of names and quoted words are not counted.",
        ),
    ]
