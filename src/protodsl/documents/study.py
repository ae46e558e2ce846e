"""Sections about the study itself: objectives and endpoints, design, what is given, escalation."""

from __future__ import annotations

from itertools import chain

from protodsl import fields, ir
from protodsl.documents import eligibility, entries, pictures, quoting
from protodsl.documents.blocks import (
    Block,
    Clarification,
    Entries,
    Entry,
    Heading,
    Questions,
    Quotes,
    Schema,
    State,
    Step,
    Table,
    Text,
)
from protodsl.documents.fitting import fitted
from protodsl.documents.language import mark, named, say
from protodsl.documents.words import Context, anchor, capital, grouped, length, power, soften, unit

_OBJECTIVES = {
    "primary": mark("Primary objective: {label}"),
    "secondary": mark("Secondary objective: {label}"),
    "exploratory": mark("Exploratory objective: {label}"),
}


def missing() -> str:
    return say("Not stated in the source")


TIME_FRAME = fields.FieldSpec("frame", mark("Time frame"), 4, True, "16", "3.1", "19, 20")


def field_words(field: ir.Field | None) -> str:
    match field:
        case ir.Stated(text):
            return text
        case ir.NotApplicable(why):
            return say("Not applicable: {why}", why=why)
        case ir.NotStated(str(why)):
            return f"{missing()}: {why}"
        case _:
            return missing()


def _details(protocol: ir.Protocol, block: str, section: ir.Section) -> tuple[Entry, ...]:
    return entries.block_entries(block, section, entries.features(protocol))


# ---------------------------------------------------------------- 4 objectives and endpoints


def endpoint_definitions(protocol: ir.Protocol) -> list[tuple[ir.Endpoint, ir.Definition]]:
    found = []
    for objective in protocol.objectives:
        for endpoint in objective.endpoints:
            definition = protocol.definitions.get(endpoint.definition or "")
            if definition is not None:
                found.append((endpoint, definition))
    return found


def objectives(protocol: ir.Protocol) -> list[Block]:
    made: list[Block] = []
    if not protocol.objectives:
        made.append(Text(missing()))
    tables = [_endpoints(protocol, objective) for objective in protocol.objectives]
    headers = (
        say("Endpoint"),
        say("Time frame"),
        say("What is measured, and how"),
        say("The source's words"),
    )
    widths = fitted([tuple((cell,) for cell in row) for row in (headers, *chain(*tables))])
    for objective, rows in zip(protocol.objectives, tables, strict=True):
        made.append(Heading(say(_OBJECTIVES[objective.level], label=objective.label), 1))
        if objective.source:
            made.append(Quotes(quoting.quotes(objective.source)))
        made += eligibility.questions(objective.label, objective.clarify)
        if not objective.endpoints:
            made.append(Text(say("Endpoints: not stated in the source")))
            continue
        made.append(Table(headers, rows, widths))
        asked: list[Clarification] = []
        for endpoint in objective.endpoints:
            made += [Text(f"{endpoint.label}: {note}") for note in endpoint.notes]
            asked += [
                Clarification(say("Endpoint {label}", label=endpoint.label), text)
                for text in endpoint.clarify
            ]
        if asked:
            made.append(Questions(tuple(asked)))
    made += _definitions(protocol)
    return made


def _endpoints(protocol: ir.Protocol, objective: ir.Objective) -> tuple[tuple[str, str, str, str], ...]:
    """Of each endpoint its name, its time frame, what is measured and how, and the source's words."""
    rows = []
    for endpoint in objective.endpoints:
        found = Entries(_details(protocol, "endpoint", endpoint.details))
        said = [f"{endpoint.variable or missing()}.", *(_detail(entry) for entry in found.known)]
        if found.missing:
            said.append(f"{missing()}: {found.missing}.")
        source = " … ".join(quoting.as_meant(quotation.text) for quotation in endpoint.source) or "–"
        rows.append((endpoint.label, field_words(endpoint.frame), " ".join(said), source))
    return tuple(rows)


def _detail(entry: Entry) -> str:
    """ "Method: flow cytometry (line 117)."."""
    return f"{entry.label}: {entry.words.rstrip('.')}" + (
        say(" (line {line}).", line=entry.line) if entry.line else say("{text}.", text="")
    )


def _definitions(protocol: ir.Protocol) -> list[Block]:
    """Definitions only endpoints use; those of the eligibility rules are shown there."""
    shown = {
        d.name for d in eligibility.used_definitions(protocol, eligibility.eligibility_expressions(protocol))
    }
    made: list[Block] = []
    for endpoint, definition in endpoint_definitions(protocol):
        inner = eligibility.used_definitions(protocol, [definition.expr])
        new = [d for d in (definition, *inner) if d.name not in shown]
        shown |= {d.name for d in new}
        day = anchor(Context(protocol), endpoint.anchor) if endpoint.anchor is not None else None
        made += eligibility.definition_blocks(protocol, new, 2, day)
    return [Heading(say("How the endpoints are decided"), 1), *made] if made else []


# ---------------------------------------------------------------- 5 design


def schema(protocol: ir.Protocol, endpoints: bool = True) -> Schema:
    """Timepoints in their declared order, each with what happens there; drawn with or without endpoints."""
    context = Context(protocol)
    steps: dict[str, Step] = {}
    for point in _in_order(protocol.timepoints):
        when = ""
        if point.at is not None and not isinstance(point.at, ir.AtTimepoint):
            when = anchor(context, point.at)
        elif isinstance(point.at, ir.AtTimepoint):
            when = say("the same day as {anchor}", anchor=anchor(context, point.at))
        elif point.after:
            when = say(
                "after {anchor}", anchor=say(" and ").join(context.timepoint(name) for name in point.after)
            )
        if point.tolerance is not None:
            when = f"{when} (± {length(point.tolerance)})".strip()
        marks = []
        if point.name == protocol.day_zero:
            marks.append(say("Day 0"))
        marks += [
            say("Eligibility: {label}", label=named(stage.label or stage.id))
            if len(protocol.stages) > 1
            else say("Eligibility is assessed")
            for stage in protocol.stages
            if stage.anchor == point.name
        ]
        marks += [
            say("Visit: {label}", label=visit.label)
            for visit in protocol.visits
            if visit.at.split(" ±")[0] == point.label
        ]
        steps[point.name] = Step(
            capital(named(point.label) or point.name.replace("_", " ")), when, tuple(marks)
        )
    return Schema(tuple(steps.values()), pictures.time_line(protocol, steps, endpoints))


def _in_order(points: tuple[ir.Timepoint, ...]) -> list[ir.Timepoint]:
    """Each timepoint after those it comes after; otherwise as in the file."""
    done: list[ir.Timepoint] = []
    left = list(points)
    while left:
        names = {point.name for point in left}
        ready = next((p for p in left if not (names & set(p.after)) and _base(p) not in names), left[0])
        done.append(ready)
        left.remove(ready)
    return done


def _base(point: ir.Timepoint) -> str | None:
    at = point.at
    while isinstance(at, ir.Shifted):
        at = at.anchor
    return at.name if isinstance(at, ir.AtTimepoint) and at.name != point.name else None


def design(protocol: ir.Protocol) -> list[Block]:
    made: list[Block] = [Heading(say("From first to last visit"), 1)]
    if protocol.timepoints:
        made.append(schema(protocol))
        for point in protocol.timepoints:
            made += eligibility.questions(say("Timepoint {label}", label=soften(point.label)), point.clarify)
    else:
        made.append(Text(missing()))
    made.append(Heading(say("Arms"), 1))
    if protocol.arms:
        labels = {i.id: i.label for i in protocol.interventions} | {r.id: r.label for r in protocol.regimens}
        rows = []
        for arm in protocol.arms:
            given = ", ".join(labels.get(name, name) for name in arm.gives) or missing()
            rows.append((arm.label, field_words(arm.details.get("kind")), given))
        made.append(Table((say("Arm"), say("Kind"), say("Given")), tuple(rows), (2, 2, 4)))
        for arm in protocol.arms:
            if arm.details.source:
                made.append(Quotes(quoting.quotes(arm.details.source)))
            other = tuple(e for e in _details(protocol, "arm", arm.details) if e.label != "Kind")
            if other:
                made.append(Entries(other))
            made += _remarks(say("Arm {label}", label=arm.label), arm.details)
    else:
        made.append(Text(missing()))
    made.append(Heading(say("Visits and assessments"), 1))
    if protocol.visits:
        made.append(_schedule(protocol))
        known = entries.features(protocol)
        found = [
            entry
            for visit in protocol.visits
            for entry in entries.block_entries(visit.details.name, visit.details, known, visit.label)
        ]
        if found:
            made.append(Entries(tuple(found)))
        for visit in protocol.visits:
            made += _remarks(say("Visit {label}", label=visit.label), visit.details)
    else:
        made.append(Text(missing()))
    return made


MOST_COLUMNS = 8
"""Visits a schedule has room for side by side; more are listed one below another."""


def _schedule(protocol: ir.Protocol) -> Table:
    """The schedule of activities: a row for each assessment, a column for each visit."""
    visits = protocol.visits
    activities = tuple(dict.fromkeys(name for visit in visits for name in visit.assess))
    if not activities or len(visits) > MOST_COLUMNS:
        rows = tuple((v.label, v.at or missing(), ", ".join(v.assess) or missing()) for v in visits)
        return Table((say("Visit or activity"), say("When"), say("What is done")), rows, (2, 3, 5))
    times = (say("When"), *(visit.at or missing() for visit in visits))
    marks = (
        (activity, *("×" if activity in visit.assess else "–" for visit in visits)) for activity in activities
    )
    headers = (say("Activity"), *(visit.label for visit in visits))
    return Table(headers, (times, *marks), (3, *(2 for _ in visits)), say("Schedule of activities"))


def _remarks(where: str, section: ir.Section) -> list[Block]:
    return [*(Text(note) for note in section.notes), *eligibility.questions(where, section.clarify)]


# ---------------------------------------------------------------- 6 what is given


def treatment(protocol: ir.Protocol) -> list[Block]:
    made: list[Block] = []
    if not protocol.interventions:
        made.append(Text(say("Intervention: not stated in the source")))
    for intervention in protocol.interventions:
        made.append(Heading(intervention.label, 1))
        if intervention.details.source:
            made.append(Quotes(quoting.quotes(intervention.details.source)))
        made.append(Entries(_details(protocol, "intervention", intervention.details)))
        if intervention.levels:
            entity = intervention.details.get("entity")
            counted = entity.text if isinstance(entity, ir.Stated) else missing()
            doses = []
            for level in intervention.levels:
                source = " … ".join(quoting.as_meant(quotation.text) for quotation in level.source) or "–"
                # the author's spelling keeps the power of ten; the exact value stands beside it
                per = unit(level.unit)
                exact = grouped(level.value) + (per if per.startswith("/") else f" {per}")
                doses.append((level.id, power(level.text), exact, counted, source))
            headers = (
                say("Level"),
                say("Dose"),
                say("Written out"),
                say("What is counted"),
                say("The source's words"),
            )
            made.append(Table(headers, tuple(doses), (1, 2, 2, 3, 3), say("Dose levels")))
            ladder = pictures.dose_ladder(intervention)
            if ladder is not None:
                made.append(ladder)
            for level in intervention.levels:
                made += eligibility.questions(
                    say("{label}, dose level {id}", label=intervention.label, id=level.id), level.clarify
                )
        made += _remarks(intervention.label, intervention.details)
    for regimen in protocol.regimens:
        made.append(Heading(regimen.label, 1))
        if regimen.details.source:
            made.append(Quotes(quoting.quotes(regimen.details.source)))
        if regimen.stated is not None and not isinstance(regimen.stated, ir.Stated):
            made.append(Text(field_words(regimen.stated)))
        if regimen.gives:
            given = [
                (
                    give.label,
                    power(give.dose) if give.dose else missing(),
                    give.route or missing(),
                    give.schedule or missing(),
                )
                for give in regimen.gives
            ]
            made.append(
                Table((say("Drug"), say("Dose"), say("Route"), say("When")), tuple(given), (2, 2, 2, 4))
            )
        details = _details(protocol, "regimen", regimen.details)
        if details and regimen.stated is None:
            made.append(Entries(details))
        made += _remarks(regimen.label, regimen.details)
    if not protocol.regimens:
        made.append(Heading(say("Other treatment (such as lymphodepletion)"), 1))
        made.append(Text(missing()))
    return made


# ---------------------------------------------------------------- fields and notes besides the blocks


def structural_entries(protocol: ir.Protocol) -> tuple[Entry, ...]:
    """What the model itself answers: title, criteria, endpoints, arms, schedule, doses."""

    def made(label: str, found: str, section: int, spirit: str, m11: str, who: str, owner: str = "") -> Entry:
        state: State = "stated" if found else "not stated"
        return Entry(label, state, found, None, True, section, spirit, m11, who, owner)

    def count(kind: str) -> str:
        found = sum(1 for c in eligibility.all_criteria(protocol) if c.kind == kind)
        return say("{number} criteria", number=found) if found else ""

    def ends(level: str) -> str:
        found = [e.label for o in protocol.objectives if o.level == level for e in o.endpoints]
        return ", ".join(found)

    out = [
        made(say("Scientific title"), protocol.title, 1, "1a", "Title page", "10"),
        made(say("Primary endpoints"), ends("primary"), 4, "16", "3.1", "19"),
        made(say("Secondary endpoints"), ends("secondary"), 4, "16", "3.2", "20"),
        made(say("Arms"), ", ".join(arm.label for arm in protocol.arms), 5, "12", "4.1", "13"),
        made(say("Visits and assessments"), ", ".join(v.label for v in protocol.visits), 5, "18", "1.3", ""),
        made(say("Interventions"), ", ".join(i.label for i in protocol.interventions), 6, "15a", "6.1", "13"),
        made(say("Inclusion criteria"), count("inclusion"), 8, "14a", "5.2", "14"),
        made(say("Exclusion criteria"), count("exclusion"), 8, "14a", "5.3", "14"),
    ]
    for intervention in protocol.interventions:
        levels = ", ".join(f"{level.id}: {power(level.text)}" for level in intervention.levels)
        dose = intervention.details.get("dose")
        if levels or not isinstance(dose, ir.Stated):
            out.append(made(say("Dose levels"), levels, 6, "15a", "6.3", "13", intervention.label))
    for regimen in protocol.regimens:
        given = ", ".join(f"{give.label} {give.dose}" for give in regimen.gives if give.dose)
        without = [give.label for give in regimen.gives if not give.dose]
        if isinstance(regimen.stated, ir.NotApplicable):
            out.append(
                Entry(regimen.label, "not applicable", regimen.stated.why, None, False, 6, "15a", "6.9", "13")
            )
            continue
        if given or not without:
            out.append(made(say("Drugs and doses"), given, 6, "15a", "6.9", "13", regimen.label))
        out += [
            made(say("Dose of {label}", label=soften(label)), "", 6, "15a", "6.9", "13", regimen.label)
            for label in without
        ]
    if not protocol.regimens:
        out.append(made(say("Other treatment (such as lymphodepletion)"), "", 6, "15a", "6.9", "13"))
    return tuple(out)


def detail_entries(protocol: ir.Protocol) -> tuple[Entry, ...]:
    """Fields of interventions, regimens, arms, visits and endpoints, each with its owner's name."""
    known = entries.features(protocol)
    out: list[Entry] = []
    for intervention in protocol.interventions:
        out += entries.block_entries("intervention", intervention.details, known, intervention.label)
    for regimen in protocol.regimens:
        if regimen.stated is None:
            out += entries.block_entries("regimen", regimen.details, known, regimen.label)
    for arm in protocol.arms:
        out += entries.block_entries("arm", arm.details, known, arm.label)
    for visit in protocol.visits:
        out += entries.block_entries(visit.details.name, visit.details, known, visit.label)
    for objective in protocol.objectives:
        for endpoint in objective.endpoints:
            out.append(entries.entry(TIME_FRAME, endpoint.frame, endpoint.label))
            out += entries.block_entries("endpoint", endpoint.details, known, endpoint.label)
    return tuple(out)
