"""The plain-language summary: two pages for people who may take part, from the same model.

The sentences are ours, short, and made from fields of the model; what the source says is quoted, what it does
not say is said not to be there. Names of drugs, diseases and tests stay as they are and are explained below.
"""

from __future__ import annotations

import re

from protodsl import ir
from protodsl.documents import eligibility, entries, reading_age, study, view
from protodsl.documents.blocks import Block, DocSection, Quote, Quotes, Rules, Summary, Table, Text
from protodsl.documents.language import mark, named, say, spoken
from protodsl.documents.words import Line, capital, number, power, soften

KIND = mark("Summary in plain language")
GLOSSARY = (
    (
        "antibod",
        mark("Antibodies"),
        mark("Proteins of the body's defence. Some turn against the body itself."),
    ),
    (
        "car-t|car t cell",
        mark("CAR-T cells"),
        mark("White blood cells changed in a laboratory to attack certain cells."),
    ),
    (
        "lymphodepletion",
        mark("Lymphodepletion"),
        mark("Medicines that make room for new cells and lower the defence."),
    ),
    (
        "apheresis",
        mark("Apheresis"),
        mark("Blood is taken, some cells are kept back, and the rest is given back."),
    ),
    ("infusion", mark("Infusion"), mark("A fluid that runs slowly into a vein.")),
    (
        "phase (1|i)\\b",
        mark("Phase 1"),
        mark("First trials of a treatment in people, above all about safety and dose."),
    ),
    ("randomis", mark("Randomised"), mark("Chance decides who gets which treatment.")),
    (
        "dose level",
        mark("Dose level"),
        mark("One of several amounts that are tried, most often from low to high."),
    ),
    ("dose-limiting", mark("Dose-limiting"), mark("So harmful that a higher dose is not given.")),
    ("refractory", mark("Refractory"), mark("The disease goes on although the usual treatment was given.")),
    ("relaps", mark("Relapse"), mark("The disease comes back.")),
    ("sledai", mark("SLEDAI"), mark("Points for how active lupus is. More points mean more active.")),
    (
        "adverse event",
        mark("Adverse event"),
        mark("Anything harmful that happens in the trial, whatever its cause."),
    ),
    ("contraception", mark("Contraception"), mark("Ways not to become pregnant or make somebody pregnant.")),
    ("biomarker", mark("Biomarker"), mark("Something measured in the body that shows how it is doing.")),
)
"""Pattern looked for in the document, term, explanation in everyday words."""

_RISKS = (
    ("risks", mark("risks in general")),
    ("risk_crs", mark("a strong reaction of the body's defence (cytokine release syndrome)")),
    ("risk_icans", mark("harm to the nerves and the brain")),
    ("risk_hlh", mark("an attack of the body's defence on the blood (HLH)")),
    ("risk_cytopenia", mark("low blood counts")),
    ("risk_infection", mark("infections")),
    ("risk_hypogammaglobulinaemia", mark("a lack of antibodies")),
    ("risk_secondary_malignancy", mark("a new cancer later on")),
    ("risk_lymphodepletion", mark("harm from the medicines before the cells, also to fertility")),
    ("risk_flare", mark("a flare when other medicines are stopped")),
    ("risk_manufacturing_failure", mark("cells that cannot be made")),
)
_ASKED = (
    ("ethics", "withdrawal", mark("how somebody can leave the trial")),
    ("ethics", "insurance", mark("who pays if somebody is harmed")),
    ("ethics", "alternatives", mark("what other treatments there are")),
    ("ethics", "data_protection", mark("how personal data are kept safe")),
    ("ethics", "post_trial_care", mark("what care there is after the trial")),
    ("safety", "stopping_rules", mark("when the trial has to be stopped")),
    ("safety", "long_term_follow_up", mark("how long people are watched afterwards")),
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
        return Rules(
            (Line(say("{text}:", text=heading), tuple(Line(capital(member)) for member in members)),)
        )


def lay(protocol: ir.Protocol) -> Summary:
    """The document of a protocol. Same model, same document."""
    said = _Sentences()
    bodies: list[tuple[str, list[Block]]] = [
        (say("What is this trial about?"), _about(protocol, said)),
        (say("Who can take part?"), _who(protocol, said)),
        (say("What happens in the trial?"), _what(protocol, said)),
        (say("What do the researchers want to find out?"), _aims(protocol, said)),
        (say("What may help, what may harm?"), _risks(protocol, said)),
        (say("What is not known yet?"), _unknown(protocol, said)),
    ]
    seen = " ".join(_words(block) for _, body in bodies for block in body) + protocol.title
    terms = tuple(
        (named(term), named(means))
        for pattern, term, means in GLOSSARY
        if re.search(pattern, seen, re.IGNORECASE)
    )
    if terms:
        bodies.append((say("Words explained"), [Table((say("Word"), say("What it means")), terms, (1, 4))]))
    bodies.append((say("About this page"), _page(protocol, said)))
    sections = tuple(DocSection(n, title, tuple(body)) for n, (title, body) in enumerate(bodies, 1))
    full = entries.identifier(protocol)
    return Summary(full, protocol.title, sections, (), (), named(KIND))


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
    what = say(" and ").join(intervention.label for intervention in protocol.interventions)
    phase, conditions = (entries.said(protocol, "protocol", name) for name in ("phase", "conditions"))
    sentences = [
        say("This trial tests a treatment: {what}.", what=what)
        if what
        else say("What is tested is not stated.")
    ]
    if conditions:
        sentences.append(say("It is for people with: {conditions}.", conditions=conditions))
    if phase:
        sentences.append(say("It is a phase {phase} trial.", phase=entries.phase(phase)))
    allocation = entries.said(protocol, "design", "allocation")
    if allocation:
        sentences.append(say("{text}.", text=capital(allocation)))
    made.append(said.text(*sentences))
    if isinstance(lay_words, ir.Stated):
        made.append(Text(lay_words.text))
    return made


def _who(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    sentences = []
    for field, words in (
        ("planned_number", mark("The number of people planned is {}.")),
        ("age", mark("The age must be: {}.")),
        ("sex", mark("Sex: {}.")),
    ):
        text = entries.said(protocol, "protocol", field)
        if text:
            sentences.append(words.replace("{}", soften(text) if field == "sex" else text))
    sentences.append(say("A doctor checks every rule with each person."))
    sentences.append(say("If something is not known, it has to be found out first."))
    made.append(said.text(*sentences))
    criteria = list(eligibility.all_criteria(protocol))
    for kind, heading in (
        ("inclusion", say("The rules that must be met are about")),
        ("exclusion", say("These things can keep a person out")),
    ):
        labels = [soften(c.root.label) if c.root.label else c.id for c in criteria if c.kind == kind]
        if labels:
            said.all.append(heading)
            made.append(
                Text(say("{heading}: {listed}.", heading=heading, listed="; ".join(dict.fromkeys(labels))))
            )
    if criteria:
        made.append(said.text(say("The full rules are in section 8 of the long summary.")))
    return made


def _what(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    if protocol.timepoints:
        made.append(study.schema(protocol, endpoints=False))
    given: list[str] = []
    for regimen in protocol.regimens:
        for give in regimen.gives:
            dose = power(give.dose) if give.dose else say("dose not stated")
            given.append(", ".join(part for part in (give.label, dose, give.route, give.schedule) if part))
        if not regimen.gives:
            given.append(say("{label}: not stated", label=regimen.label))
    for intervention in protocol.interventions:
        levels = [
            say("dose level {id}: {text}", id=level.id, text=power(level.text))
            for level in intervention.levels
        ]
        given.append(f"{intervention.label}: {'; '.join(levels) or say('no dose levels are stated')}")
    if given:
        made.append(said.list(say("This is given"), given))
    return made or [said.text(say("The source does not say."))]


def _aims(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    made: list[Block] = []
    for level, heading in (
        ("primary", say("Above all they want to know about")),
        ("secondary", say("They also look at")),
    ):
        labels = [e.label for o in protocol.objectives if o.level == level for e in o.endpoints]
        if labels:
            said.all.append(heading)
            made.append(Text(say("{heading}: {listed}.", heading=heading, listed="; ".join(labels))))
    return made or [said.text(say("The source does not say."))]


def _risks(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    ethics = entries.sections_by_name(protocol)["ethics"]
    made: list[Block] = []
    benefit = ethics.get("benefits")
    if isinstance(benefit, ir.Stated):
        made.append(said.text(say("About help the source says:")))
        made.append(Quotes((Quote(benefit.text, benefit.line),)))
    else:
        made.append(said.text(say("The source does not say how the trial may help a person.")))
    silent = []
    for name, label in _RISKS:
        words = named(label)
        field = ethics.get(name)
        if isinstance(field, ir.Stated):
            made.append(said.text(say("About {words} the source says:", words=words)))
            made.append(Quotes((Quote(field.text, field.line),)))
        elif not isinstance(field, ir.NotApplicable):
            silent.append(words)
    if silent:
        made.append(said.text(say("That a risk is not named does not mean that there is none.")))
        said.all.append(say("The source says nothing about these risks"))
        made.append(
            Text(say("The source says nothing about these risks: {silent}.", silent="; ".join(silent)))
        )
    said.all.append(say("On avoiding a pregnancy the source says"))
    stated = [
        field.text if isinstance(field := ethics.get(name), ir.Stated) else say("not stated")
        for name in ("contraception", "contraception_end")
    ]
    made.append(
        Text(
            say(
                "On avoiding a pregnancy the source says: {how}. How long: {long}.",
                how=stated[0],
                long=stated[1],
            )
        )
    )
    return made


def _unknown(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    blocks = entries.sections_by_name(protocol)
    missing = [
        named(words)
        for block, name, words in _ASKED
        if not isinstance(blocks[block].get(name), ir.Stated | ir.NotApplicable)
    ]
    points = len(view.summary(protocol).clarify)
    made: list[Block] = []
    if missing:
        said.all.append(say("The source does not say"))
        made.append(Text(say("The source does not say: {missing}.", missing="; ".join(missing))))
    made.append(
        said.text(
            say("Reading the source left {points} questions.", points=points),
            say("They are in section 15 of the long summary."),
            say("You can ask the people who run the trial about each of them."),
        )
    )
    return made


def _page(protocol: ir.Protocol, said: _Sentences) -> list[Block]:
    source = protocol.document.path if protocol.document is not None else say("a document that is not named")
    text = said.text(
        say("A computer made this page from the rules of the trial."),
        say("Taking part is your own choice."),
        say("This page does not replace the talk with a doctor or the consent form."),
    )
    made: list[Block] = [text, Text(say("It was made from: {source}.", source=source))]
    level = reading_age.grade(said.all)
    if spoken() != "en" or level is None:  # the formula is for English
        made.append(Text(say("The reading age of this page was not measured.")))
        return made
    words = say(
        "Reading age of the sentences written for this page: about {age} years (grade {level}; {citation}). "
        "Lists of names and quoted words are not counted.",
        age=round(level) + 5,
        level=number(level),
        citation=reading_age.CITATION,
    )
    return [*made, Text(words)]
