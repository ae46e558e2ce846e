"""An amendment by meaning: which criteria became stricter, looser, changed otherwise, or only reworded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from protodsl import ir
from protodsl.documents import eligibility, entries, study
from protodsl.documents.blocks import Block, DocSection, Entry, Summary, Table, Text
from protodsl.documents.language import mark, named, say
from protodsl.documents.meaning import Pair, Relation, opposite, together
from protodsl.documents.words import Context, Line, anchor, capital, read
from protodsl.documents.words.shapes import bare

Effect = Literal["stricter", "looser", "changed", "reworded only", "unchanged"]
KIND = mark("What an amendment changes")
ORDER: tuple[Effect, ...] = (
    mark("stricter"), mark("looser"), mark("changed"), mark("reworded only"), mark("unchanged"),
)  # fmt: skip
_SAID: dict[Effect, str] = {
    "stricter": mark("Stricter: fewer people can take part"),
    "looser": mark("Looser: more people can take part"),
    "changed": mark("Changed: neither follows from the rule alone"),
    "reworded only": mark("Reworded only: the rule is the same"),
    "unchanged": mark("Unchanged"),
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A criterion with the step and the disease group it stands in."""

    criterion: ir.Criterion
    stage: ir.Stage
    cohort: ir.Cohort | None

    @property
    def place(self) -> tuple[str, str, str]:
        return self.stage.id, self.cohort.id if self.cohort else "", self.criterion.kind

    @property
    def name(self) -> str:
        named = eligibility.name_of(self.criterion.root)
        return f"{self.cohort.label or self.cohort.id}: {named}" if self.cohort else named


@dataclass(frozen=True, slots=True)
class Change:
    """`old` None: added; `new` None: removed."""

    old: Placed | None
    new: Placed | None
    effect: Effect
    why: str = ""


def changes(old: ir.Protocol, new: ir.Protocol) -> Summary:
    """The document. Same models, same document."""
    found = list(compare_criteria(old, new))
    other = _other_changes(old, new)
    bodies: list[tuple[str, list[Block]]] = [
        (say("What was compared"), _compared(old, new)),
        (
            say("At a glance"),
            [
                _tally(found),
                Text(say("Other fields that changed: {other}.", other=len(other)), computed=True),
            ],
        ),
        (say("Who can take part"), _eligibility(old, new, found)),
        (
            say("Everything else"),
            [Table((say("Field"), say("Before"), say("After")), tuple(other), (3, 5, 5))] if other else [],
        ),
        (say("The same under another number"), _renumbered(found)),
    ]
    sections = tuple(
        DocSection(n, title, tuple(body) or (Text(say("No change.")),))
        for n, (title, body) in enumerate(bodies, 1)
    )
    return Summary(entries.identifier(new), new.title, sections, (), (), named(KIND))


# ---------------------------------------------------------------- criteria


def _placed(protocol: ir.Protocol) -> list[Placed]:
    found = []
    for stage in protocol.stages:
        found += [Placed(criterion, stage, None) for criterion in stage.criteria]
        for cohort in stage.cohorts:
            found += [Placed(criterion, stage, cohort) for criterion in cohort.criteria]
    return found


def compare_criteria(old: ir.Protocol, new: ir.Protocol) -> Iterator[Change]:
    """Every criterion of both once: matched by meaning, then by number, then by label, within its place."""
    before, after = _placed(old), _placed(new)
    pairs: list[tuple[Placed, Placed]] = []

    def match(alike: str) -> None:
        for one in tuple(after):
            for other in tuple(before):
                if other.place == one.place and _alike(alike, old, new, other, one):
                    before.remove(other)
                    after.remove(one)
                    pairs.append((other, one))
                    break

    for alike in ("both", "meaning", "number and label", "label", "number"):
        match(alike)
    moved = moved_names(old, new)
    made = [Change(a, b, *effect(old, new, a, b, moved)) for a, b in pairs]
    # a criterion more asks more; beside an alternative, or in a group of diseases only some have, it need not
    for gone in before:
        made.append(Change(gone, None, "changed" if gone.criterion.group else "looser", say("removed")))
    for come in after:
        made.append(Change(None, come, "changed" if come.criterion.group else "stricter", say("added")))
    order = {placed.criterion.id: index for index, placed in enumerate((*_placed(old), *_placed(new)))}
    yield from sorted(made, key=lambda change: order[_newest(change).criterion.id])


def _newest(change: Change) -> Placed:
    found = change.new or change.old
    assert found is not None
    return found


def _alike(how: str, old: ir.Protocol, new: ir.Protocol, a: Placed, b: Placed) -> bool:
    one, other = a.criterion.root, b.criterion.root
    same_number, same_label = one.id == other.id, bool(one.label) and one.label == other.label
    match how:
        case "both":
            return same_number and _relation(Pair(old, new), one, other, a.criterion.kind) == "same"
        case "meaning":
            return _relation(Pair(old, new), one, other, a.criterion.kind) == "same"
        case "number and label":
            return same_number and same_label
        case "label":
            return same_label
        case _:
            return same_number


def effect(
    old: ir.Protocol, new: ir.Protocol, a: Placed, b: Placed, moved: frozenset[str]
) -> tuple[Effect, str]:
    """What the change does to who can take part, and why it cannot be told where it cannot."""
    relation = _relation(Pair(old, new), a.criterion.root, b.criterion.root, a.criterion.kind)
    touched = sorted(_names(new, b.criterion.root) & moved)
    if touched:
        return "changed", say(
            "what it refers to changed: {names}", names=", ".join(name.replace("_", " ") for name in touched)
        )
    if a.stage.anchor != b.stage.anchor:
        return "changed", say("the day on which it is assessed changed")
    if a.criterion.kind == "exclusion":
        relation = opposite(relation)
    match relation:
        case "same" if a.criterion.group != b.criterion.group:
            return "changed", say("it now counts with other criteria")
        case "same":
            return (
                "unchanged" if _texts(a.criterion.root) == _texts(b.criterion.root) else "reworded only"
            ), ""
        case _ if a.criterion.group or b.criterion.group:
            return "changed", say("it counts together with an alternative")
        case "narrower":
            return "stricter", ""
        case "wider":
            return "looser", ""
        case _:
            return "changed", ""


def _texts(part: ir.Part) -> object:
    """What of a criterion is wording: labels, source, notes, points to clarify."""
    own = (part.label, tuple(q.text for q in part.source), part.clarify, part.notes)
    return own, tuple(_texts(child) for child in part.parts)


def _relation(pair: Pair, old: ir.Part, new: ir.Part, kind: str) -> Relation:
    """The criterion as a whole: true for fewer people (narrower) or for more (wider)."""
    found: list[Relation] = []
    if old.combine != new.combine:
        if len(old.parts) + (old.expr is not None) > 1 or len(new.parts) + (new.expr is not None) > 1:
            return "other"
    elif isinstance(old.combine, int) and len(old.parts) != len(new.parts):
        return "other"
    more: Relation = "wider" if old.combine == "any" else "narrower"
    match old.expr, new.expr:
        case None, None:
            pass
        case None, _:
            found.append(more)
        case _, None:
            found.append(opposite(more))
        case a, b:
            found.append(pair.relation(a, b))
    left = {_tail(part): part for part in old.parts}
    binding = new.combine == ("all" if kind == "inclusion" else "any")
    for part in new.parts:
        twin = left.pop(_tail(part), None)
        found.append(more if twin is None else _relation(pair, twin, part, kind))
        # of whom a part is asked tells something only where each part binds on its own
        if twin is not None and not binding and _guard(pair, twin.applies, part.applies) != "same":
            found.append("other")
    found += [opposite(more)] * len(left)
    match old.applies, new.applies:
        case None, None:
            pass
        case a, b:
            # asked of fewer people: an inclusion holds for more of them, an exclusion for fewer
            asked = _guard(pair, a, b)
            found.append(opposite(asked) if kind == "inclusion" else asked)
    return together(found)


def _guard(pair: Pair, old: ir.Expr | None, new: ir.Expr | None) -> Relation:
    """Of whom a part is asked: nobody's guard is everybody."""
    if old is not None and new is not None:
        return pair.relation(old, new)
    return "same" if old is new else "narrower" if old is None else "wider"


def _tail(part: ir.Part) -> str:
    """The number of a part below its criterion ("6.3": "3"): renumbering a criterion is no change of it."""
    return part.id.rsplit(" ", 1)[-1].partition(".")[2]


def moved_names(old: ir.Protocol, new: ir.Protocol) -> frozenset[str]:
    """Names of the vocabulary and of timepoints that mean something else in the two protocols."""

    def meanings(protocol: ir.Protocol) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, item in protocol.items.items():
            kept = [n for n in type(item).__dataclass_fields__ if n not in _WORDS]
            found[name] = tuple(bare(getattr(item, n)) for n in kept)
        for name, measure in protocol.measures.items():
            kept = [n for n in type(measure).__dataclass_fields__ if n not in ("item", "span")]
            found[name] = (found.get(name), tuple(bare(getattr(measure, n)) for n in kept))
        for name, table in protocol.equivalences.items():
            found[name] = (table.reference, tuple(sorted(table.factors)))
        for point in protocol.timepoints:
            found[point.name] = (bare(point.at), bare(point.tolerance))
        return found

    before, after = meanings(old), meanings(new)
    return frozenset(name for name in before.keys() & after.keys() if before[name] != after[name])


_WORDS = ("span", "label", "note", "citation", "text", "version")


def _names(protocol: ir.Protocol, part: ir.Part) -> set[str]:
    """Every name a criterion refers to, classes and definitions opened."""
    found: set[str] = set()
    todo: list[object] = [bare(expr) for expr in eligibility.expressions(part)]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            todo += node
        elif isinstance(node, str) and node not in found:
            found.add(node)
            if node in protocol.items:
                todo += protocol.items[node].members
            if node in protocol.definitions:
                todo.append(bare(protocol.definitions[node].expr))
            if node in protocol.measures:
                todo += [bare(protocol.measures[node].formula), protocol.measures[node].lead]
    return found


# ---------------------------------------------------------------- the document


def _compared(old: ir.Protocol, new: ir.Protocol) -> list[Block]:
    rows = (
        (say("Protocol"), old.id, new.id),
        (say("Title"), old.title, new.title),
        (
            say("Version"),
            *(
                entries.said(p, "identifiers", "version") or say("Not stated in the source")
                for p in (old, new)
            ),
        ),
        (
            say("SHA-256 of the protocol file"),
            old.sha256 or say("not recorded"),
            new.sha256 or say("not recorded"),
        ),
    )
    return [
        Text(
            say(
                "Rules are compared by what they mean, not by how they are written. "
                "“Stricter” and “looser” are said only where they follow from limits, "
                "times, counts and lists; a rule of which that cannot be told is "
                "“changed”. “Stricter” means that fewer people can take part."
            )
        ),
        Table(("", say("Before"), say("After")), rows, (2, 5, 5)),
    ]


def _tally(found: list[Change]) -> Table:
    rows = []
    for name in ORDER:
        own = [change for change in found if change.effect == name]
        added = sum(1 for change in own if change.old is None)
        removed = sum(1 for change in own if change.new is None)
        more = ", ".join(
            words
            for count, words in (
                (added, say("{added} added", added=added)),
                (removed, say("{removed} removed", removed=removed)),
            )
            if count
        )
        rows.append((named(_SAID[name]), str(len(own)) + (f" ({more})" if more else "")))
    return Table(
        (say("Effect"), say("Criteria")),
        tuple(rows),
        (4, 2),
        say("Criteria by what the amendment does"),
        computed=True,
    )


def _eligibility(old: ir.Protocol, new: ir.Protocol, found: list[Change]) -> list[Block]:
    made: list[Block] = []
    rows = []
    for change in found:
        if change.effect == "unchanged":
            continue
        what = capital(named(change.effect)) + (f": {change.why}" if change.why else "")
        gone, come = _said(old, change.old), _said(new, change.new)
        if change.effect == "reworded only":
            gone, come = _wording(change.old), _wording(change.new)
        gone, come = [w for w in gone if w not in come], [w for w in come if w not in gone]
        rows.append((_newest(change).name, what, " ".join(gone) or "–", " ".join(come) or "–"))
    if rows:
        made.append(
            Table(
                (say("Criterion"), say("Effect"), say("Rule before"), say("Rule after")),
                tuple(rows),
                (3, 2, 5, 5),
            )
        )
    for place, groups in _alternatives(new).items():
        if _alternatives(old).get(place, []) != groups:
            words = say("{place}: which criteria stand for one another changed.", place=capital(place))
            made.append(Text(words, computed=True))
    places = {
        name: [(c.id, bare(c.applies)) for s in p.stages for c in s.cohorts]
        for name, p in (("old", old), ("new", new))
    }
    if places["old"] != places["new"]:
        made.append(
            Text(say("Disease groups were added, removed, or are open to others than before."), computed=True)
        )
    return made


def _alternatives(protocol: ir.Protocol) -> dict[str, list[tuple[int, tuple[str, ...]]]]:
    """Which criteria stand for one another, by the name of the step or disease group."""
    found = {}
    for stage in protocol.stages:
        found[stage.label or stage.id] = [(group.least, group.members) for group in stage.groups]
        for cohort in stage.cohorts:
            found[cohort.label or cohort.id] = [(group.least, group.members) for group in cohort.groups]
    return found


def _said(protocol: ir.Protocol, placed: Placed | None) -> list[str]:
    """The rule and those of its parts in plain words, each on one line."""
    if placed is None:
        return []
    usual = eligibility.usual_window(protocol, placed.stage)
    context = Context(protocol, anchor(Context(protocol), ir.AtTimepoint(placed.stage.anchor)), usual)
    rows = eligibility.rows(
        context, placed.criterion.root, "must" if placed.criterion.kind == "inclusion" else "must not"
    )
    # a part is named by its number below the criterion, which may itself have another number now
    return [
        (f"[{row.id.rsplit(' ', 1)[-1].partition('.')[2]}] " if row.depth else "")
        + " ".join(map(_flat, row.rules))
        for row in rows
    ]


def _wording(placed: Placed | None) -> list[str]:
    """Label, source, notes and points to clarify of a criterion and its parts."""
    found = []
    for part in eligibility.parts_of(placed.criterion.root) if placed is not None else ():
        found += [part.label, *(f"“{quote.text}”" for quote in part.source)]
        found += [
            *(say("To clarify: {text}", text=text) for text in part.clarify),
            *(say("Note: {text}", text=text) for text in part.notes),
        ]
    return [words for words in found if words]


def _flat(line: Line) -> str:
    inner = "; ".join(_flat(child).rstrip(".") for child in line.children)
    return f"{line.text} {inner}." if inner else line.text


def _renumbered(found: list[Change]) -> list[Block]:
    rows = tuple(
        (change.old.name, change.new.name)
        for change in found
        if change.old and change.new and change.old.criterion.id != change.new.criterion.id
    )
    return [Table((say("Before"), say("After")), rows, (1, 1))] if rows else []


def _other_changes(old: ir.Protocol, new: ir.Protocol) -> list[tuple[str, ...]]:
    """Fields, doses, endpoints, timepoints and definitions whose words differ."""

    def said(protocol: ir.Protocol) -> dict[str, str]:
        known: tuple[Entry, ...] = (
            *entries.single_entries(protocol),
            *study.structural_entries(protocol),
            *study.detail_entries(protocol),
        )
        found = {entry.name: entry.words for entry in known}
        for step in study.schema(protocol).steps if protocol.timepoints else ():
            found[say("Timepoint {label}", label=step.label)] = ", ".join(
                (step.when or say("given"), *step.marks)
            )
        for objective in protocol.objectives:
            for endpoint in objective.endpoints:
                found[say("Endpoint {label} ({level})", label=endpoint.label, level=objective.level)] = (
                    endpoint.variable or say("not stated")
                )
        for regimen in protocol.regimens:
            for give in regimen.gives:
                found[f"{regimen.label}: {give.label}"] = ", ".join(
                    (
                        give.dose or say("dose not stated"),
                        give.route or say("route not stated"),
                        give.schedule,
                    )
                )
        for visit in protocol.visits:
            found[say("Visit {label}", label=visit.label)] = f"{visit.at}: {', '.join(visit.assess)}"
        for definition in protocol.definitions.values():
            words = read(Context(protocol), definition.expr, "is")
            found[say("Definition “{label}”", label=definition.label or definition.name)] = _flat(words)
        return found

    before, after = said(old), said(new)
    rows: list[tuple[str, ...]] = [
        (label, before.get(label, "–"), after.get(label, "–"))
        for label in dict.fromkeys((*before, *after))
        if before.get(label) != after.get(label)
    ]
    for name in sorted(moved_names(old, new) & old.items.keys()):
        rows.append(
            (
                say("Vocabulary: {label}", label=old.items[name].label or name),
                say("as before"),
                say("declared otherwise"),
            )
        )
    return rows
