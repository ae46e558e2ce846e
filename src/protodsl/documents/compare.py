"""Several trials side by side; what differs is marked. Limits of one item stand in one unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import assert_never

from protodsl import fields, ir
from protodsl.documents import eligibility, entries, study
from protodsl.documents.blocks import Block, DocSection, Summary, Table, Text
from protodsl.documents.language import mark, named, say
from protodsl.documents.words import Context, capital, power, quantity, terms, unit, window
from protodsl.documents.words.events import event_details
from protodsl.documents.words.leaves import bound_words, qualifiers, test_words
from protodsl.runtime import units

KIND = mark("Comparison of trials")
_ENDPOINTS = {
    "primary": mark("Primary endpoints"),
    "secondary": mark("Secondary endpoints"),
    "exploratory": mark("Exploratory endpoints"),
}
NOTHING = "–"
_GLANCE = (
    ("protocol", "phase"), ("protocol", "sponsor"), ("protocol", "status"), ("protocol", "conditions"),
    ("protocol", "planned_number"), ("protocol", "sex"), ("protocol", "age"), ("design", "allocation"),
    ("design", "masking"), ("design", "countries"), ("design", "start_date"), ("escalation", "rule"),
    ("escalation", "dose_limiting_toxicity"), ("escalation", "toxicity_window"), ("safety", "stopping_rules"),
    ("safety", "grading_scale"), ("safety", "follow_up"), ("safety", "long_term_follow_up"),
    ("safety", "monitoring_committee"), ("ethics", "contraception_end"),
)  # fmt: skip

Cells = tuple[str, ...]


def compare(protocols: tuple[ir.Protocol, ...]) -> Summary:
    """The document of two or more protocols. Same models, same document."""
    names = _names(protocols)
    bodies: list[tuple[str, list[Block]]] = [
        (say("The trials"), _trials(protocols, names)),
        (say("At a glance"), [_table(names, _glance(protocols))]),
        (say("Limits of results, age and dose"), _limits(protocols, names)),
        (say("Diseases, drugs and procedures, and when they count"), _events(protocols, names)),
        (say("What participants are given"), [_table(names, _treatment(protocols))]),
        (say("Endpoints"), [_table(names, _endpoints(protocols))]),
    ]
    sections = tuple(DocSection(n, title, tuple(body)) for n, (title, body) in enumerate(bodies, 1))
    return Summary(" · ".join(names), say("Trials side by side"), sections, (), (), named(KIND), wide=True)


def _names(protocols: tuple[ir.Protocol, ...]) -> Cells:
    """What heads each trial's column; versions of one trial are told apart by a number."""
    found = [entries.identifier(protocol) for protocol in protocols]
    return tuple(
        name if found.count(name) == 1 else f"{name} ({found[: n + 1].count(name)})"
        for n, name in enumerate(found)
    )


def _trials(protocols: tuple[ir.Protocol, ...], names: Cells) -> list[Block]:
    rows = tuple(
        (name, protocol.title, protocol.sha256 or say("not recorded"))
        for name, protocol in zip(names, protocols, strict=True)
    )
    return [
        Text(
            say(
                "Made from the machine-readable protocols named below. The last column "
                "says whether a row is the same for all of them. Limits are those the "
                "rules name, in the unit of the first trial that names the result. What "
                "is marked * is part of a larger rule (an alternative, an exception, a "
                "condition, a disease group), which the summary of that trial shows "
                "whole. “–” means: not named there."
            )
        ),
        Table((say("Trial"), say("Title"), say("SHA-256 of the protocol file")), rows, (2, 5, 6)),
    ]


def _table(names: Cells, rows: list[tuple[str, Cells]], first: str = "") -> Table:
    made = tuple(
        (label, *cells, say("same") if len(set(cells)) == 1 else say("differs")) for label, cells in rows
    )
    return Table((first, *names, say("Compared")), made, (3, *(3 for _ in names), 1))


def _glance(protocols: tuple[ir.Protocol, ...]) -> list[tuple[str, Cells]]:
    rows = []
    for block, name in _GLANCE:
        spec = fields.find(block, name)
        assert spec is not None
        cells = tuple(
            entries.entry(spec, entries.sections_by_name(p)[block].get(name)).words for p in protocols
        )
        rows.append((named(spec.label), cells))
    for kind in ("inclusion", "exclusion"):
        counts = tuple(str(sum(1 for c in eligibility.all_criteria(p) if c.kind == kind)) for p in protocols)
        rows.append((say("Inclusion criteria") if kind == "inclusion" else say("Exclusion criteria"), counts))
    return rows


# ---------------------------------------------------------------- eligibility


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a rule. `wanted`: it has to be true; `binding`: alone, whatever else the rule says."""

    context: Context
    id: str
    leaf: ir.Expr
    wanted: bool
    binding: bool


def statements(protocol: ir.Protocol) -> Iterator[Statement]:
    """Every statement of every rule of eligibility."""
    for stage in protocol.stages:
        point = next((t for t in protocol.timepoints if t.name == stage.anchor), None)
        label = point.label if point is not None and point.label else stage.anchor.replace("_", " ")
        context = Context(protocol, label, eligibility.usual_window(protocol, stage))
        for criterion in stage.criteria:
            yield from _of_part(context, criterion.root, criterion.kind == "inclusion", not criterion.group)
        for cohort in stage.cohorts:  # binding only for those of the disease group
            for criterion in cohort.criteria:
                yield from _of_part(context, criterion.root, criterion.kind == "inclusion", False)


def _of_part(context: Context, part: ir.Part, wanted: bool, binding: bool) -> Iterator[Statement]:
    several = len(part.parts) + (part.expr is not None) > 1
    inner = binding and part.applies is None
    inner = inner and (not several or part.combine == ("all" if wanted else "any"))
    if part.expr is not None:
        for leaf, want, binds in _of_rule(context.protocol, part.expr, wanted, inner, frozenset()):
            yield Statement(context, part.id, leaf, want, binds)
    for child in part.parts:
        yield from _of_part(context, child, wanted, inner)


def _of_rule(
    protocol: ir.Protocol, expr: ir.Expr, wanted: bool, binding: bool, seen: frozenset[str]
) -> Iterator[tuple[ir.Expr, bool, bool]]:
    """The leaves of a rule: whether each has to be true or false, and whether that binds alone."""
    match expr:
        case ir.And(members) | ir.Or(members):
            alone = binding and (len(members) == 1 or isinstance(expr, ir.And) == wanted)
            for member in members:
                yield from _of_rule(protocol, member, wanted, alone, seen)
        case ir.AtLeast(_, members):
            for member in members:
                yield from _of_rule(protocol, member, wanted, False, seen)
        case ir.Not(member):
            yield from _of_rule(protocol, member, not wanted, binding, seen)
        case ir.IfElse(condition, then, otherwise):
            for part in (condition, then, otherwise):
                yield from _of_rule(protocol, part, wanted, False, seen)
        case ir.Defined(name):
            if name in protocol.definitions and name not in seen:
                inner = protocol.definitions[name].expr
                yield from _of_rule(protocol, inner, wanted, binding, seen | {name})
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Answer() | ir.Sex() | ir.Setting():
            yield expr, wanted, binding
        case _:
            assert_never(expr)


def _said(statement: Statement, words: str, verbs: tuple[str, str]) -> str:
    """ "must be at least 50 % [inclusion 6.1]"; of a part of a larger rule only what it asks, with a star."""
    must, must_not = verbs
    if statement.binding:
        return f"{must if statement.wanted else must_not} {words} [{statement.id}]"
    denied = "" if statement.wanted == ("inclusion" in statement.id) else say("not ")
    return f"{denied}{words} * [{statement.id}]"


def _gathered(
    protocols: tuple[ir.Protocol, ...],
    of: Callable[[Context, ir.Expr], tuple[str, str, str] | None],
    verbs: tuple[str, str],
) -> list[tuple[str, list[list[str]]]]:
    """(label, what each trial says) of every item; those most trials name come first.

    `of` gives (name, label, words) of a statement it knows.
    """
    labels: dict[str, str] = {}
    found: dict[str, list[list[str]]] = {}
    for index, protocol in enumerate(protocols):
        for statement in statements(protocol):
            told = of(statement.context, statement.leaf)
            if told is None:
                continue
            name, label, words = told
            labels.setdefault(name, label)
            cell = found.setdefault(name, [[] for _ in protocols])[index]
            said = _said(statement, words, verbs)
            if said not in cell:
                cell.append(said)
    ranked = sorted(found, key=lambda name: -sum(1 for cell in found[name] if cell))
    return [(labels[name], found[name]) for name in ranked]


def _compared_rows(names: Cells, gathered: list[tuple[str, list[list[str]]]], first: str) -> Table:
    """Rows are compared without the numbers of the criteria, which differ anyway."""
    made = []
    for label, cells in gathered:
        bare = {tuple(sorted(map(_comparable, cell))) for cell in cells}
        shown = tuple("; ".join(cell) or NOTHING for cell in cells)
        starred = any("*" in words for words in shown)
        alike = (say("same *") if starred else say("same")) if len(bare) == 1 else say("differs")
        made.append((label, *shown, say("one trial") if sum(map(bool, cells)) == 1 else alike))
    return Table((first, *names, say("Compared")), tuple(made), (3, *(4 for _ in names), 1))


def _comparable(said: str) -> tuple[str, bool]:
    """A statement without the number of its criterion; whether it lets in, where its words do not say so."""
    words, _, id = said.rpartition(" [")
    return words, words.endswith("*") and "inclusion" in id


def _limits(protocols: tuple[ir.Protocol, ...], names: Cells) -> list[Block]:
    home: dict[str, ir.Item] = {}
    for protocol in protocols:
        for name, item in protocol.items.items():
            home.setdefault(name, item)

    def of(context: Context, leaf: ir.Expr) -> tuple[str, str, str] | None:
        match leaf:
            case ir.Result(observed, test):
                item = home.get(observed.item)
                label = capital(context.item(observed.item))
                which = qualifiers(context, observed, leaf.occasions is not None)
                words = test_words(context, observed, test)
                own = context.unit_of(observed.item)
                if item is not None and item.unit is not None and own is not None and item.unit != own:
                    words += _converted(test, own, item)
                panel, _, inner = observed.item.partition(".")
                if inner:  # items of one panel are one row
                    return (
                        panel,
                        say("{panel}, an item", panel=label.partition(", ")[0]),
                        words + which,
                    )
                return observed.item, label, words + which
            case ir.Compare(left, op, right, of_unit):
                if isinstance(left, ir.Age):
                    limit = bound_words(op, terms.years(context, right, left.unit))
                    words = say("{limit} old {day}", limit=limit, day=terms.age_day(context, left))
                    return "age", say("Age"), words
                subject = terms.noun(context, left)
                words = bound_words(op, terms.amount_of(context, right, of_unit))
                return subject, capital(subject), words
            case _:
                return None

    times = tuple("; ".join(_usual(protocol)) or NOTHING for protocol in protocols)
    made: list[Block] = [_table(names, [(say("The latest result counts"), times)])]
    gathered = _gathered(protocols, of, (say("must be"), say("must not be")))
    made.append(
        _compared_rows(names, gathered, say("Result")) if gathered else Text(say("No limits are named."))
    )
    return made


def _usual(protocol: ir.Protocol) -> Iterator[str]:
    """From when a result counts where a rule names no other time, for each step of eligibility."""
    for stage in protocol.stages:
        usual = eligibility.usual_window(protocol, stage)
        if usual is not None:
            yield window(Context(protocol), usual)


def _converted(test: ir.NumberTest | ir.CodeTest, own: units.Unit, item: ir.Item) -> str:
    """The limits in the unit of the first trial, where the two can be converted."""
    assert item.unit is not None
    factor = units.factor(own, item.unit, item.molar_mass)
    if factor is None or not isinstance(test, ir.NumberTest):
        return say(" (in {own}; not comparable with {unit})", own=unit(own), unit=unit(item.unit))
    limits = [
        quantity(limit.value * factor, item.unit)
        for _, limit in test.bounds
        if isinstance(limit, ir.Constant)
    ]
    return f" (= {', '.join(limits)})" if limits else ""


def _events(protocols: tuple[ir.Protocol, ...], names: Cells) -> list[Block]:
    def of(context: Context, leaf: ir.Expr) -> tuple[str, str, str] | None:
        if not isinstance(leaf, ir.Exists):
            return None
        words = event_details(context, leaf, False).strip() or say("present")
        return leaf.item, capital(context.item(leaf.item)), words

    gathered = _gathered(protocols, of, (say("required:"), say("not allowed:")))
    return [_compared_rows(names, gathered, say("Named"))] if gathered else [Text(say("None are named."))]


# ---------------------------------------------------------------- treatment, endpoints


def _treatment(protocols: tuple[ir.Protocol, ...]) -> list[tuple[str, Cells]]:
    def product(protocol: ir.Protocol) -> str:
        return "; ".join(intervention.label for intervention in protocol.interventions)

    def detail(name: str) -> Callable[[ir.Protocol], str]:
        def of(protocol: ir.Protocol) -> str:
            return "; ".join(study.field_words(i.details.get(name)) for i in protocol.interventions)

        return of

    def levels(protocol: ir.Protocol) -> str:
        found = [f"{level.id}: {power(level.text)}" for i in protocol.interventions for level in i.levels]
        return "; ".join(found)

    def regimens(protocol: ir.Protocol) -> str:
        found = []
        for regimen in protocol.regimens:
            gives = []
            for give in regimen.gives:
                dose = power(give.dose) if give.dose else say("dose not stated")
                gives.append(f"{give.label} ({dose}, {give.schedule})")
            found.append(f"{regimen.label}: {'; '.join(gives) or study.field_words(regimen.stated)}")
        return "; ".join(found)

    wanted: tuple[tuple[str, Callable[[ir.Protocol], str]], ...] = (
        (say("Product"), product),
        (say("Target"), detail("target")),
        (say("What the dose counts"), detail("entity")),
        (say("Dose levels"), levels),
        (say("Route"), detail("route")),
        (say("How often"), detail("frequency")),
        (say("Other treatment"), regimens),
    )
    return [(label, tuple(of(p) or study.missing() for p in protocols)) for label, of in wanted]


def _endpoints(protocols: tuple[ir.Protocol, ...]) -> list[tuple[str, Cells]]:
    rows = []
    for level in ("primary", "secondary", "exploratory"):
        cells = []
        for protocol in protocols:
            found = [
                f"{endpoint.label} ({study.field_words(endpoint.frame)})"
                for objective in protocol.objectives
                if objective.level == level
                for endpoint in objective.endpoints
            ]
            cells.append("; ".join(found) or NOTHING)
        if any(cell != NOTHING for cell in cells):
            rows.append((say(_ENDPOINTS[level]), tuple(cells)))
    return rows
