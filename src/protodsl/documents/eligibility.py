"""Section 8: who can take part. The source's sentence, the rule in plain words, who decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

from protodsl import ir
from protodsl.documents import flow, vocabulary
from protodsl.documents.blocks import (
    Block,
    Clarification,
    Criteria,
    Heading,
    Questions,
    Quote,
    Quotes,
    Row,
    Rules,
    Table,
    Text,
)
from protodsl.documents.words import (
    By,
    Context,
    Line,
    capital,
    decided_by,
    leaves_of,
    number,
    read,
    soften,
    window,
)
from protodsl.documents.words.leaves import Mood

Join = Literal["all", "any"] | int


def quotes(found: Iterable[ir.Quotation]) -> tuple[Quote, ...]:
    return tuple(Quote(quotation.text, quotation.line) for quotation in found)


def title(id: str) -> str:
    """The id without the cohort or stage before it: "sle inclusion 1" is "Inclusion 1" in its group."""
    words = id.split(" ")
    start = next((n for n, word in enumerate(words) if word in ("inclusion", "exclusion")), 0)
    return capital(" ".join(words[start:]))


def name_of(part: ir.Part) -> str:
    """ "Inclusion 6.3, Hepatic"."""
    return title(part.id) + (f", {part.label}" if part.label else "")


def all_criteria(protocol: ir.Protocol) -> Iterator[ir.Criterion]:
    for stage in protocol.stages:
        yield from stage.criteria
        for cohort in stage.cohorts:
            yield from cohort.criteria


def parts_of(part: ir.Part) -> Iterator[ir.Part]:
    """The part and all below it, each before its own parts."""
    yield part
    for child in part.parts:
        yield from parts_of(child)


def expressions(part: ir.Part) -> list[ir.Expr]:
    """Every expression of a part and of what is below it, guards included."""
    found: list[ir.Expr] = []
    for node in parts_of(part):
        found += [expr for expr in (node.applies, node.expr) if expr is not None]
    return found


# ---------------------------------------------------------------- one criterion


def _joined(mood: Mood, combine: Join, both: bool) -> str:
    """How the parts of a criterion belong together; `both`: and with its own rule."""
    what = "parts below and this rule" if both else "parts below"
    match mood, combine:
        case "must", "all":
            return f"All of the {what} must be met."
        case "must", "any":
            return f"At least one of the {what} must be met."
        case "must", int(k):
            return f"At least {number(Fraction(k))} of the {what} must be met."
        case "must not", "all":
            return f"The participant must not take part if all of the {what} are true together."
        case "must not", "any":
            return f"The participant must not take part if any of the {what} applies."
        case "must not", int(k):
            least = number(Fraction(k))
            return f"The participant must not take part if at least {least} of the {what} are true."
        case _, "all":
            return f"This is true if all of the {what} are true."
        case _, "any":
            return f"This is true if at least one of the {what} is true."
        case _, int(k):
            return f"This is true if at least {number(Fraction(k))} of the {what} are true."
        case _:
            raise AssertionError((mood, combine))


def mood_below(mood: Mood, combine: Join, several: bool) -> Mood:
    """Parts carry "must" or "must not" only where each of them does so on its own."""
    if not several:
        return mood
    match mood, combine:
        case ("must", "all") | ("must not", "any"):
            return mood
        case _:
            return "is"


def rows(context: Context, part: ir.Part, mood: Mood, depth: int = 0) -> list[Row]:
    """The part's own row and those of its parts."""
    lines: list[Line] = []
    if part.applies is not None:
        guard = read(context, part.applies, "is")
        text = (
            guard.text[0].lower() + guard.text[1:]
            if guard.text[:4] in ("The ", "All ", "At l")
            else guard.text
        )
        lines.append(Line(f"Applies only if {text}", guard.children, guard.judged))
    both = part.expr is not None and bool(part.parts)
    below = mood_below(mood, part.combine, len(part.parts) + (part.expr is not None) > 1)
    if part.parts:
        lines.append(Line(_joined(mood, part.combine, both)))
    if part.expr is not None:
        lines.append(read(context, part.expr, below if both else mood))
    found = expressions(part)
    by: By = decided_by(context.protocol, found) if found else "computed"
    own = Row(
        part.id,
        title(part.id),
        part.label,
        depth,
        quotes(part.source),
        tuple(lines),
        by,
        part.clarify,
        part.notes,
    )
    made = [own]
    for child in part.parts:
        made += rows(context, child, below, depth + 1)
    return made


def _criteria(context: Context, found: Iterable[ir.Criterion], level: int) -> list[Block]:
    made: list[Block] = []
    by_kind = {"inclusion": [c for c in found if c.kind == "inclusion"]}
    by_kind["exclusion"] = [c for c in found if c.kind == "exclusion"]
    for kind, criteria in by_kind.items():
        if not criteria:
            continue
        which: Literal["inclusion", "exclusion"] = "inclusion" if kind == "inclusion" else "exclusion"
        mood: Mood = "must" if which == "inclusion" else "must not"
        title = "Required: inclusion criteria" if which == "inclusion" else "Not allowed: exclusion criteria"
        made.append(Heading(title, level))
        made.append(
            Criteria(which, tuple(row for c in criteria for row in rows(context, c.root, mood)), level)
        )
    return made


def _groups(groups: Iterable[ir.Group], criteria: Iterable[ir.Criterion]) -> list[Block]:
    labels = {c.id: c.root.label for c in criteria}
    made: list[Block] = []
    for group in groups:
        named = [
            title(member) + (f" ({labels[member]})" if labels.get(member) else "") for member in group.members
        ]
        if group.least == 1:
            said = f"Either of these is sufficient, they count as one: {_or(named)}."
        else:
            said = f"At least {number(Fraction(group.least))} of these are needed: {', '.join(named)}."
        made.append(Text(said))
        if group.source:
            made.append(Quotes(quotes(group.source)))
        if group.clarify:
            made.append(Questions(group.clarify))
    return made


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


# ---------------------------------------------------------------- stages and cohorts


def usual_window(protocol: ir.Protocol, stage: ir.Stage) -> ir.Window | None:
    """The time from which most results of the stage's own rules count; None where no such time stands out."""
    found: list[ir.Window | None] = []
    for criterion in (*stage.criteria, *(c for cohort in stage.cohorts for c in cohort.criteria)):
        for expr in expressions(criterion.root):
            for leaf in leaves_of(protocol, expr):
                if isinstance(leaf, ir.Result):
                    found.append(leaf.observed.window)
    stated = [value for value in found if value is not None and value.start is not None]
    if not stated:
        return None
    usual = max(stated, key=stated.count)
    return usual if found.count(usual) >= 3 and 2 * found.count(usual) > len(found) else None


def _stage(protocol: ir.Protocol, stage: ir.Stage, only: bool) -> list[Block]:
    point = next((t for t in protocol.timepoints if t.name == stage.anchor), None)
    anchor = soften(point.label) if point is not None and point.label else stage.anchor.replace("_", " ")
    usual = usual_window(protocol, stage)
    context = Context(protocol, anchor, usual)
    made: list[Block] = []
    level = 1 if only else 2
    if not only:
        made.append(Heading(stage.label or stage.id, 1))
    before = next((s for s in protocol.stages if s.id == stage.requires), None)
    results = "the latest result up to it counts"
    if usual is not None:
        results = f"the latest result {window(Context(protocol, anchor), usual)} counts and no older one"
    said = (
        f"Assessed on the day of {anchor}. Unless a rule names another time, conditions are those of that "
        f"day, {results}, and “at any time” means up to and including that day."
    )
    if before is not None:
        said += f" This step further requires that “{before.label or before.id}” was passed."
    if stage.cohorts:
        said += (
            " A participant must meet the criteria common to all and those of at least one of the "
            "disease groups below."
        )
    made.append(Text(said, computed=True))
    if stage.source:
        made.append(Quotes(quotes(stage.source)))
    if stage.clarify:
        made.append(Questions(stage.clarify))
    made += _groups(stage.groups, stage.criteria)
    made += _criteria(context, stage.criteria, level)
    for cohort in stage.cohorts:
        made.append(Heading(f"Disease group: {cohort.label or cohort.id}", level))
        if cohort.source:
            made.append(Quotes(quotes(cohort.source)))
        if cohort.applies is not None:
            guard = read(context, cohort.applies, "is")
            made.append(
                Rules((Line("The group is open only to participants of whom this is true:", (guard,)),))
            )
        if cohort.clarify:
            made.append(Questions(cohort.clarify))
        made += _groups(cohort.groups, cohort.criteria)
        made += _criteria(context, cohort.criteria, level + 1)
    return made


def tally(protocol: ir.Protocol) -> Table:
    """How many criteria are computed, partly judged or judged."""
    columns: tuple[By, ...] = ("computed", "partly judged", "judged")
    made: list[tuple[str, ...]] = []
    for kind in ("inclusion", "exclusion"):
        found = [decided_by(protocol, expressions(c.root)) for c in all_criteria(protocol) if c.kind == kind]
        made.append((f"{capital(kind)} criteria", *(str(found.count(by)) for by in columns), str(len(found))))
    headers = ("", "Computed from data", "Partly judged", "Judged by a person", "All")
    return Table(headers, tuple(made), (3, 2, 2, 2, 1), "How the criteria are decided", computed=True)


# ---------------------------------------------------------------- definitions


def used_definitions(protocol: ir.Protocol, exprs: Iterable[ir.Expr]) -> list[ir.Definition]:
    """Definitions the expressions refer to, directly or through another, in the order of the protocol."""
    names = {
        leaf.name for expr in exprs for leaf in leaves_of(protocol, expr) if isinstance(leaf, ir.Defined)
    }
    return [definition for name, definition in protocol.definitions.items() if name in names]


def definition_blocks(
    protocol: ir.Protocol, definitions: Iterable[ir.Definition], level: int, anchor: str | None = None
) -> list[Block]:
    made: list[Block] = []
    for definition in definitions:
        made.append(Heading(f"“{definition.label or definition.name.replace('_', ' ')}”", level))
        if definition.source:
            made.append(Quotes(quotes(definition.source)))
        made.append(Rules((read(Context(protocol, anchor), definition.expr, "is"),)))
        made += [Text(note) for note in definition.notes]
        if definition.clarify:
            made.append(Questions(definition.clarify))
    return made


def eligibility_expressions(protocol: ir.Protocol) -> list[ir.Expr]:
    found = [expr for criterion in all_criteria(protocol) for expr in expressions(criterion.root)]
    found += [c.applies for s in protocol.stages for c in s.cohorts if c.applies is not None]
    return found


def blocks(protocol: ir.Protocol) -> tuple[Block, ...]:
    """The whole section."""
    exprs = eligibility_expressions(protocol)
    made: list[Block] = [
        Text(
            "Every criterion is printed twice: as the source words it, and as the rule that is applied. A "
            "rule is computed from recorded data, judged by a named person, or both; where data are missing "
            "the answer is “unknown”, never a pass."
        ),
        tally(protocol),
    ]
    way = flow.draw(protocol, {c.id: expressions(c.root) for c in all_criteria(protocol)})
    if way is not None:
        made.append(way)
    if not protocol.stages:
        made.append(Text("Not stated in the source"))
    for stage in protocol.stages:
        made += _stage(protocol, stage, len(protocol.stages) == 1)
    definitions = used_definitions(protocol, exprs)
    if definitions:
        made.append(Heading("Definitions", 1))
        made += definition_blocks(protocol, definitions, 2)
    made += vocabulary.blocks(protocol, exprs)
    made += _asides(protocol)
    return tuple(made)


def _asides(protocol: ir.Protocol) -> list[Block]:
    made: list[Block] = []
    if protocol.asides:
        found = tuple((aside.quotation.text, aside.because) for aside in protocol.asides)
        made.append(Heading("Words of the source that are no criterion", 1))
        made.append(Table(("Source", "Why it is set aside"), found, (3, 2)))
    document = protocol.document
    if document is not None and document.uncovered:
        made.append(Heading("Eligibility text of the source that no criterion quotes", 1))
        made.append(Quotes(quotes(document.uncovered)))
    return made


def clarifications(protocol: ir.Protocol) -> Iterator[Clarification]:
    """Every point to clarify of the criteria, in the order in which they are printed."""
    for stage in protocol.stages:
        name = stage.label or stage.id
        prefix = f"{name}: " if len(protocol.stages) > 1 else ""
        yield from (Clarification(name, text) for text in stage.clarify)
        yield from _of_criteria(prefix, stage.groups, stage.criteria)
        for cohort in stage.cohorts:
            name = cohort.label or cohort.id
            yield from (Clarification(name, text) for text in cohort.clarify)
            yield from _of_criteria(f"{name}: ", cohort.groups, cohort.criteria)


def _of_criteria(
    prefix: str, groups: tuple[ir.Group, ...], criteria: tuple[ir.Criterion, ...]
) -> Iterator[Clarification]:
    for group in groups:
        where = prefix + _or([title(member) for member in group.members])
        yield from (Clarification(where, text) for text in group.clarify)
    for kind in ("inclusion", "exclusion"):
        for criterion in criteria:
            if criterion.kind == kind:
                for part in parts_of(criterion.root):
                    yield from (Clarification(prefix + name_of(part), text) for text in part.clarify)
