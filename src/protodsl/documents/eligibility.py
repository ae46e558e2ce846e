"""Section 8: who can take part. The source's sentence, the rule in plain words, who decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from protodsl import ir
from protodsl.documents import flow, quoting
from protodsl.documents.blocks import (
    Block,
    Clarification,
    Criteria,
    Heading,
    Questions,
    Quotes,
    Row,
    Rules,
    Table,
    Text,
)
from protodsl.documents.fitting import fitted
from protodsl.documents.language import mark, named, say, spoken
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
from protodsl.documents.words.moods import Mood

Join = Literal["all", "any"] | int


def questions(where: str, texts: Iterable[str]) -> list[Block]:
    points = tuple(Clarification(where, text) for text in texts)
    return [Questions(points)] if points else []


def title(id: str) -> str:
    """The id without the cohort or stage before it: "sle inclusion 1" is "Inclusion 1" in its group."""
    words = id.split(" ")
    start = next((n for n, word in enumerate(words) if word in ("inclusion", "exclusion")), 0)
    return capital(" ".join(map(named, words[start:])))


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
    what = say("parts below and this rule") if both else say("parts below")
    match mood, combine:
        case "must", "all":
            return say("All of the {what} must be met.", what=what)
        case "must", "any":
            return say("At least one of the {what} must be met.", what=what)
        case "must", int(k):
            return say("At least {count} of the {what} must be met.", count=number(Fraction(k)), what=what)
        case "must not", "all":
            return say(
                "The participant must not take part if all of the {what} are true together.", what=what
            )
        case "must not", "any":
            return say("The participant must not take part if any of the {what} applies.", what=what)
        case "must not", int(k):
            least = number(Fraction(k))
            return say(
                "The participant must not take part if at least {least} of the {what} are true.",
                least=least,
                what=what,
            )
        case _, "all":
            return say("This is true if all of the {what} are true.", what=what)
        case _, "any":
            return say("This is true if at least one of the {what} is true.", what=what)
        case _, int(k):
            return say(
                "This is true if at least {count} of the {what} are true.",
                count=number(Fraction(k)),
                what=what,
            )
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


def rows(
    context: Context,
    part: ir.Part,
    mood: Mood,
    depth: int = 0,
    place: str = "",
    above: tuple[ir.Quotation, ...] = (),
) -> list[Row]:
    """The part's own row and those of its parts. `place`: step or disease group, before its name."""
    lines: list[Line] = []
    if part.applies is not None:
        guard = read(context, part.applies, "is")
        text = (
            guard.text[0].lower() + guard.text[1:]
            if spoken() == "en" and guard.text[:4] in ("The ", "All ", "At l")
            else guard.text
        )
        lines.append(Line(say("Applies only if {text}", text=text), guard.children, guard.judged))
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
        quoting.quotes(part.source, above),
        tuple(lines),
        by,
        tuple(Clarification(place + name_of(part), text, part.id) for text in part.clarify),
        part.notes,
        joint=bool(part.parts) and len(lines) == 1 and not part.notes,
    )
    made = [own]
    for child in part.parts:
        made += rows(context, child, below, depth + 1, place, (*above, *part.source))
    return made


def _criteria(
    context: Context, found: tuple[ir.Criterion, ...], level: int, place: str, group: bool = False
) -> list[Block]:
    made: list[Block] = []
    alone = group and len({criterion.kind for criterion in found}) == 1
    by_kind = {"inclusion": [c for c in found if c.kind == "inclusion"]}
    by_kind["exclusion"] = [c for c in found if c.kind == "exclusion"]
    for kind, criteria in by_kind.items():
        if not criteria:
            continue
        which: Literal["inclusion", "exclusion"] = "inclusion" if kind == "inclusion" else "exclusion"
        mood: Mood = "must" if which == "inclusion" else "must not"
        title = (
            say("Required: inclusion criteria")
            if which == "inclusion"
            else say("Not allowed: exclusion criteria")
        )
        made.append(Heading(title, level))
        found_rows = (row for c in criteria for row in rows(context, c.root, mood, place=place))
        made.append(Criteria(which, tuple(found_rows), level, alone))
    return made


def _groups(groups: Iterable[ir.Group], criteria: Iterable[ir.Criterion], place: str) -> list[Block]:
    labels = {c.id: c.root.label for c in criteria}
    made: list[Block] = []
    for group in groups:
        members = [
            title(member) + (f" ({labels[member]})" if labels.get(member) else "") for member in group.members
        ]
        if group.least == 1:
            said = say("Either of these is sufficient, they count as one: {listed}.", listed=_or(members))
        else:
            said = say(
                "At least {count} of these are needed: {members}.",
                count=number(Fraction(group.least)),
                members=", ".join(members),
            )
        made.append(Text(said))
        if group.source:
            made.append(Quotes(quoting.quotes(group.source)))
        made += questions(place + _or([title(member) for member in group.members]), group.clarify)
    return made


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + say(" or ") + words[-1]


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
    anchor = (
        soften(named(point.label)) if point is not None and point.label else stage.anchor.replace("_", " ")
    )
    usual = usual_window(protocol, stage)
    context = Context(protocol, anchor, usual)
    made: list[Block] = []
    level = 1 if only else 2
    if not only:
        made.append(Heading(named(stage.label or stage.id), 1))
    before = next((s for s in protocol.stages if s.id == stage.requires), None)
    results = say("the latest result up to it counts")
    if usual is not None:
        results = say(
            "the latest result {window} counts and no older one",
            window=window(Context(protocol, anchor), usual),
        )
    said = say(
        "Assessed on the day of {anchor}. Unless a rule names another time, "
        "conditions are those of that day, {results}, and “at any time” means up "
        "to and including that day.",
        anchor=anchor,
        results=results,
    )
    if before is not None:
        said += say(" This step further requires that “{label}” was passed.", label=before.label or before.id)
    if stage.cohorts:
        said += say(
            " A participant must meet the criteria common to all and those of at "
            "least one of the disease groups below."
        )
    made.append(Text(said, computed=True))
    if stage.source:
        made.append(Quotes(quoting.quotes(stage.source)))
    name = named(stage.label or stage.id)
    place = "" if only else f"{name}: "
    made += questions(name, stage.clarify)
    made += _groups(stage.groups, stage.criteria, place)
    made += _criteria(context, stage.criteria, level, place)
    for cohort in stage.cohorts:
        made.append(Heading(say("Disease group: {label}", label=named(cohort.label or cohort.id)), level))
        if cohort.source:
            made.append(Quotes(quoting.quotes(cohort.source)))
        if cohort.applies is not None:
            guard = read(context, cohort.applies, "is")
            made.append(
                Rules((Line(say("The group is open only to participants of whom this is true:"), (guard,)),))
            )
        name = named(cohort.label or cohort.id)
        made += questions(name, cohort.clarify)
        made += _groups(cohort.groups, cohort.criteria, f"{name}: ")
        made += _criteria(context, cohort.criteria, level + 1, f"{name}: ", group=True)
    return made


def tally(protocol: ir.Protocol) -> Text:
    """How many criteria are computed, partly judged or judged."""
    said = []
    for kind, words in (
        (
            "inclusion",
            mark(
                "Of {all} inclusion criteria {computed} are computed from data, {partly} partly judged "
                "and {judged} judged by a person."
            ),
        ),
        (
            "exclusion",
            mark(
                "Of {all} exclusion criteria {computed} are computed from data, {partly} partly judged "
                "and {judged} judged by a person."
            ),
        ),
    ):
        found = [decided_by(protocol, expressions(c.root)) for c in all_criteria(protocol) if c.kind == kind]
        computed, partly, judged = (found.count(by) for by in ("computed", "partly judged", "judged"))
        said.append(say(words, all=len(found), computed=computed, partly=partly, judged=judged))
    return Text(" ".join(said), computed=True)


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
        label = definition.label or definition.name.replace("_", " ")
        made.append(Heading(f"“{label}”", level))
        if definition.source:
            made.append(Quotes(quoting.quotes(definition.source)))
        made.append(Rules((read(Context(protocol, anchor), definition.expr, "is"),)))
        made += [Text(note) for note in definition.notes]
        made += questions(say("Definition “{label}”", label=label), definition.clarify)
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
            say(
                "Every criterion is printed twice: as the source words it, and as the "
                "rule that is applied. A rule is computed from recorded data, judged by "
                "a named person, or both; where data are missing the answer is "
                "“unknown”, never a pass."
            )
        ),
        tally(protocol),
    ]
    way = flow.draw(protocol, {c.id: expressions(c.root) for c in all_criteria(protocol)})
    if way is not None:
        made.append(way)
    if not protocol.stages:
        made.append(Text(say("Not stated in the source")))
    for stage in protocol.stages:
        made += _stage(protocol, stage, len(protocol.stages) == 1)
    definitions = used_definitions(protocol, exprs)
    if definitions:
        made.append(Heading(say("Definitions"), 1))
        made += definition_blocks(protocol, definitions, 2)
    made = list(quoting.once(made))
    rows = [row for block in made if isinstance(block, Criteria) for row in block.rows]
    widths = fitted([row.columns for row in rows if not row.broad]) or (1, 1)  # alike in all tables
    return tuple(replace(block, widths=widths) if isinstance(block, Criteria) else block for block in made)


def asides(protocol: ir.Protocol) -> list[Block]:
    """Words of the source no rule rests on: those set aside, and those nobody quoted."""
    made: list[Block] = []
    if protocol.asides:
        found = tuple((quoting.as_meant(aside.quotation.text), aside.because) for aside in protocol.asides)
        made.append(Heading(say("Words of the source that are no criterion"), 1))
        made.append(Table((say("Source"), say("Why it is set aside")), found, (3, 2)))
    document = protocol.document
    if document is not None and document.uncovered:
        made.append(Heading(say("Eligibility text of the source that no criterion quotes"), 1))
        made.append(Quotes(quoting.quotes(document.uncovered)))
    return made
