"""The whole statement: tables of facts read once each, one row for each participant, criteria, verdict."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Literal as OneOf

from protodsl import __version__, ir
from protodsl.backends.sql import dated
from protodsl.backends.sql.asks import Asks
from protodsl.backends.sql.build import Answers, Builder, Listed, Options, Refusal, values
from protodsl.backends.sql.criteria import StageTold, Told, Writer, verdict
from protodsl.backends.sql.layers import Cte, Grouped, Layers, columns_in
from protodsl.backends.sql.lexicon import Lexicon
from protodsl.backends.sql.syntax import (
    Aggregate,
    Column,
    Dialect,
    Expr,
    Literal,
    case,
    comment,
    compare,
    is_,
    literal,
    or_,
    text,
)
from protodsl.backends.sql.tables import BY_NAME

META = ("thing", "sure", "brief", "drug", "named", "part")
DOMAINS = ("results", "conditions", "medications", "procedures")
What = OneOf[
    "id",
    "stage",
    "verdict",
    "stage verdict",
    "cohort verdict",
    "truth",
    "applies",
    "earlier",
    "guard",
    "group",
    "leaf",
]


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the result. `what`: a verdict (of all, a stage, a cohort), the truth of a criterion or part
    and its applicability; whether the stage before was passed, who belongs to a cohort (`guard`), whether
    enough of a group hold; on demand each comparison and question (`leaf`, its `label` what it asks of).
    """

    column: str
    what: What
    id: str = ""
    stage: str = ""
    cohort: str | None = None
    kind: str = ""
    label: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """`text` is one statement; `tables` and `query` are what it is made of: each table expression (its name,
    its columns where they are named; its query), and what is asked of the last of them. `refused`: what it
    leaves unknown, and why.
    """

    text: str
    tables: tuple[tuple[str, str], ...]
    query: str
    outputs: tuple[Output, ...]
    refused: tuple[Refusal, ...]
    timepoints: tuple[str, ...]  # whose dates it reads


def statement(
    protocol: ir.Protocol,
    dialect: Dialect,
    lexicon: Lexicon,
    options: Options = Options(),  # noqa: B008
    answers: Answers | None = None,
) -> Statement:
    """The statement that screens everybody at every stage. What stands in `answers` is not asked again."""
    builder = Builder(protocol, dialect, lexicon, options, answers)
    writer = Writer(builder)
    stages = writer.stages()
    refused = builder.told.column("refused", _disorder(builder))
    outputs, selected = _outputs(builder, stages, refused)
    ctes = _ctes(builder)
    lines = _header(builder, stages)
    lines.append("WITH")
    # DuckDB's optimizer takes minutes to put so many tables into one another, and gains nothing by it
    kept = "" if dialect == "spark" else "MATERIALIZED "
    for number, cte in enumerate(ctes):
        lines += [comment(each) for each in textwrap.wrap(cte.told, 100)]
        lines += [f"{cte.name} AS {kept}(", cte.body, ")" + ("," if number < len(ctes) - 1 else "")]
    query = ["SELECT"]
    for number, (expr, output, told) in enumerate(selected):
        if told:
            query.append(f"  {comment(told)}")
        written = text(expr, dialect, 2)
        name = "" if written == output.column else f" AS {output.column}"
        query.append(f"  {written}{name}" + ("," if number < len(selected) - 1 else ""))
    query.append("FROM criteria")
    return Statement(
        "\n".join([*lines, *query, "ORDER BY participant"]) + "\n",
        tuple((cte.name, cte.body) for cte in ctes),
        "\n".join(query),
        tuple(outputs),
        tuple(builder.refused),
        tuple(builder.timepoints),
    )


def _disorder(builder: Builder) -> Expr:
    """“A record that breaks the declared order of timepoints is refused.”"""
    found: list[Expr] = []
    names = {each.name for each in builder.protocol.timepoints}
    for timepoint in builder.protocol.timepoints:
        for before in timepoint.after:
            if before in names:
                order = compare("<", builder.given(timepoint.name), builder.given(before))
                found.append(is_(order, "TRUE"))
    return or_(*found)


# ---------------------------------------------------------------- what is selected

Selected = tuple[Expr, Output, str]


def _outputs(builder: Builder, stages: list[StageTold], refused: Expr) -> tuple[list[Output], list[Selected]]:
    found: list[Selected] = [(Column("id"), Output("id", "id"), "")]
    several = len(stages) > 1
    taken = builder.names
    asked: list[tuple[Expr, Expr, str]] = []
    for told in stages:
        name = taken.make(f"verdict_{told.stage.id}") if several else "verdict"
        asked.append((told.dated, verdict(told.counts, refused), told.stage.id))
        found.append(
            (
                asked[-1][1],
                Output(name, "stage verdict", told.stage.id, told.stage.id, label=told.stage.label),
                "",
            )
        )
        for cohort, held in told.cohorts:
            output = Output(
                taken.make(f"verdict_{told.stage.id}_{cohort.id}" if several else f"verdict_{cohort.id}"),
                "cohort verdict",
                cohort.id,
                told.stage.id,
                cohort.id,
                label=cohort.label,
            )
            found.append((verdict(held, refused), output, ""))
    if several:  # the last stage whose anchor is dated, else the first
        latest = list(reversed(asked))
        whole = case(*((dated, truth) for dated, truth, _ in latest), otherwise=asked[0][1])
        named = case(*((dated, Literal(name)) for dated, _, name in latest), otherwise=Literal(asked[0][2]))
        found.insert(1, (whole, Output("verdict", "verdict"), "at the last stage whose anchor is dated"))
        found.insert(1, (named, Output("stage", "stage"), ""))
    else:
        found[1] = (found[1][0], Output("verdict", "verdict", label=found[1][1].label), "")
    for told in stages:
        found += _besides(builder, told, several)
        for each in told.criteria:
            found += _criterion(builder, each)
    if builder.options.leaves:
        for leaf in dict.fromkeys(builder.leaves):
            name = builder.names.make(f"leaf_{leaf.what}")
            found.append((leaf.truth, Output(name, "leaf", leaf.part, leaf.stage, label=leaf.what), ""))
    return [output for _, output, _ in found], found


def _besides(builder: Builder, told: StageTold, several: bool) -> list[Selected]:
    """What a stage's verdict is made of besides its criteria."""
    found: list[Selected] = []
    stage = told.stage.id
    if told.earlier is not None:
        name = builder.names.make(f"{stage}_earlier")
        found.append((told.earlier, Output(name, "earlier", told.stage.requires or "", stage), ""))
    for cohort, guard in told.guards:
        if cohort.applies is not None:
            name = builder.names.make(f"{stage}_{cohort.id}_belongs" if several else f"{cohort.id}_belongs")
            found.append((guard, Output(name, "guard", cohort.id, stage, cohort.id, label=cohort.label), ""))
    for group, of, held in told.groups:
        name = builder.names.make(f"enough_{group.id}")
        found.append((held, Output(name, "group", group.id, stage, of), ""))
    return found


def _criterion(builder: Builder, told: Told) -> list[Selected]:
    words = " ".join(quotation.text for quotation in told.part.source)
    said = f"{told.id} {told.part.label}: {words}" if words else f"{told.id} {told.part.label}"
    name, applies = (
        each.name if isinstance(each, Column) and each.name.startswith(hint) else builder.names.make(hint)
        for each, hint in ((told.value, _slug(told)), (told.applies, f"{_slug(told)}_applies"))
    )
    common = (told.id, told.stage, told.cohort, told.kind, told.part.label, told.depth)
    return [
        (told.value, Output(name, "truth", *common), textwrap.shorten(said, 300, placeholder=" …")),
        (told.applies, Output(applies, "applies", *common), ""),
    ]


def _slug(told: Told) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in told.id.lower()).strip("_")


# ---------------------------------------------------------------- the tables it is made of


def _ctes(builder: Builder) -> list[Cte]:
    dialect = builder.dialect
    found: list[Cte] = []
    groups = list(builder.grouped.values())
    codes = builder.codes()
    if builder.things:
        found += _codes(builder, codes)
    if builder.ruled:
        found += _rules(builder)
    if builder.asks:
        found += _asked(builder)
    if denying(builder):
        found += _denials(builder, codes)
    found += dated.people(builder, _people(builder))
    for (domain, thing), rows in builder.facts.items():
        found += rows.ctes(_rows(builder, domain, thing, rows), dialect, TOLD.get(domain, ""))
    for domain, asks in builder.asks.items():
        found += asks.rows.ctes(_asked_of(builder, asks), dialect, TOLD[domain])
        if domain in builder.denials:
            found += _weighed(builder, asks)
        found += asks.ctes(dialect)
    for made in builder.later:
        found += made()
    found += [group.cte(dialect) for group in groups if group.rows not in builder.last]
    for made in builder.last.values():
        found += made()
    found += [group.cte(dialect) for group in groups if group.rows in builder.last]
    asked = [(f"{each.domain}_told", each.columns(dialect)) for each in builder.asks.values()]
    joins = "\n".join(
        f"  LEFT JOIN {name} ON {name}.participant = people.participant"
        for name in (*(group.name for group in groups), *(name for name, _ in asked))
    )
    wanted = [
        *(f"people.{name}" for name in person_columns(builder)),
        *(f"{group.name}.{column.name}" for group in groups for column in group.made.values()),
        *(f"{read} AS {name}" for _, columns in asked for read, name in columns),
    ]
    if builder.answers is not None and builder.answered:
        joins += f"\n  JOIN {builder.answers.table} AS answered ON answered.id = people.id"
        wanted += [f"answered.{name} AS {column.name}" for name, column in builder.answered.items()]
    base = "  SELECT\n" + ",\n".join(f"    {each}" for each in wanted) + f"\n  FROM people\n{joins}".rstrip()
    found += builder.told.ctes(
        base, dialect, "One row for each participant; from step to step what follows from it."
    )
    return found


TOLD = {
    "results": "Results of the items asked for: when each was, whether it counts, whether it passes.",
    "conditions": "Conditions asked for: first and last day, whether they are in the window.",
    "medications": "Drugs asked for: first and last day, whether they are in the window.",
    "procedures": "Procedures asked for: first and last day, whether they are in the window.",
    "answers": "Answers: whether they count.",
    "absences": "What is recorded as absent, and until when.",
    "completeness": "Domains in which the record is complete, and until when.",
}


def person_columns(builder: Builder) -> list[str]:
    """Base columns of participants, and those made."""
    made = [name for step in builder.people.steps for name, _ in step]
    return [*person_base(builder), *dated.columns(builder), *made]


def person_base(builder: Builder) -> list[str]:
    days = [column.name for column in builder.timepoints.values()]
    places = [column.name for column in builder.settings.values()]
    return ["participant", "id", "sex", "birth_first", "birth_last", "as_of", *days, *places]


def _people(builder: Builder) -> str:
    lines = [
        f"    participants.{name}"
        for name in ("participant", "id", "sex", "birth_first", "birth_last", "as_of")
    ]
    joined: list[str] = []
    for table, key, value, columns in (
        ("timepoints", "timepoint", "day", builder.timepoints),
        ("settings", "setting", "value", builder.settings),
    ):
        if columns:
            lines += [f"    {table}_of.{column.name}" for column in columns.values()]
            joined += _picked(builder, table, key, value, columns)
    return "\n".join(["  SELECT", ",\n".join(lines), "  FROM participants", *joined])


def _picked(builder: Builder, table: str, key: str, value: str, columns: dict[str, Column]) -> list[str]:
    """Rows of a table as columns of a participant."""
    picked = [
        "      "
        + text(Aggregate("max", Column(value), compare("=", Column(key), Literal(name))), builder.dialect, 6)
        + f" AS {column.name}"
        for name, column in columns.items()
    ]
    return [
        "  LEFT JOIN (",
        "    SELECT participant,",
        ",\n".join(picked),
        f"    FROM {table} GROUP BY participant",
        f"  ) AS {table}_of ON {table}_of.participant = participants.participant",
    ]


def reads(builder: Builder, rows: Layers, own: Grouped | None = None) -> set[str]:
    """Columns that are read of a table, and not made in it: the facts', those of codes, people's."""
    groups = [each for each in (*builder.grouped.values(), *([own] if own is not None else []))]
    exprs = [aggregate for group in groups if group.rows == rows.name for aggregate in group.made]
    read = rows.read() | {each.name for expr in exprs for each in columns_in(expr)}
    for derived in builder.derived.get(rows.name, ()):
        read |= derived.reads()
    return {name for name in read if not rows.has(name)}


def _rows(builder: Builder, domain: str, thing: str, rows: Layers) -> str:
    fields = [each.name for each in BY_NAME[domain].fields]
    read = reads(builder, rows)
    columns = set(person_columns(builder)) - set(fields)
    lines = [f"    facts.{name}" for name in fields if name in read or name == "participant"]
    lines += [f"    codes.{name}" for name in sorted(read) if name in META and name not in fields]
    lines += [f"    people.{name}" for name in sorted(read & columns)]
    body = ["  SELECT", ",\n".join(lines), f"  FROM {domain} AS facts"]
    if domain in DOMAINS:
        body.append(f"  JOIN codes ON codes.concept = facts.concept AND codes.domain = '{domain}'")
        if thing:
            body.append(f"    AND codes.thing = {literal(thing, builder.dialect)}")
    if read & columns:
        body.append("  JOIN people ON people.participant = facts.participant")
    return "\n".join(body)


def _asked_of(builder: Builder, asks: Asks) -> str:
    """The facts of a domain, each beside every ask it may answer."""
    domain = asks.domain
    fields = [each.name for each in BY_NAME[domain].fields]
    read = asks.rows.read() | {each.name for made in asks.group.made for each in columns_in(made)}
    read = {name for name in read if not asks.rows.has(name)}
    if domain in builder.denials:
        read |= {"fact", "concept"}
    lines = [f"    facts.{name}" for name in fields if name in read or name == "participant"]
    lines += [
        f"    asked.{name}"
        for name in (*META, "ask")
        if (name in read or name == "ask") and name not in fields
    ]
    lines += [f"    people.{name}" for name in sorted(read & (set(person_columns(builder)) - set(fields)))]
    body = ["  SELECT", ",\n".join(lines), f"  FROM {domain} AS facts"]
    if domain in DOMAINS:
        body.append(f"  JOIN asked ON asked.concept = facts.concept AND asked.domain = '{domain}'")
    elif domain == "absences":
        body.append("  JOIN ruled AS asked ON asked.concept = facts.concept AND asked.domain = facts.domain")
    else:
        body.append(f"  JOIN asks AS asked ON asked.thing = facts.question AND asked.domain = '{domain}'")
    body.append("  JOIN people ON people.participant = facts.participant")
    return "\n".join(body)


def _weighed(builder: Builder, asks: Asks) -> list[Cte]:
    """Events with the absences that deny them."""
    domain, rows = asks.domain, asks.rows.name
    asks.group.rows = f"{domain}_weighed"
    body = [
        f"  SELECT {rows}.participant, {rows}.fact, {rows}.ask",
        "  FROM absences",
        "  JOIN denials ON denials.absent = absences.concept",
        f"  JOIN asks ON asks.domain = '{domain}' AND asks.thing = denials.thing",
        f"  JOIN {rows} ON {rows}.participant = absences.participant AND {rows}.concept = denials.concept",
        f"    AND {rows}.ask = asks.ask",
        f"  WHERE absences.domain = '{domain}' AND {rows}.sure_event",
        f"    AND {text(builder.denials[domain], builder.dialect, 8)}",
        f"  GROUP BY {rows}.participant, {rows}.fact, {rows}.ask",
    ]
    whole = [
        f"  SELECT {rows}.*, denied.fact IS NOT NULL AS denied",
        f"  FROM {rows}",
        f"  LEFT JOIN {domain}_denied AS denied ON denied.participant = {rows}.participant",
        f"    AND denied.fact = {rows}.fact AND denied.ask = {rows}.ask",
    ]
    return [
        Cte(
            f"{domain}_denied", "\n".join(body), "Events that an absence denies, in the windows asked about."
        ),
        Cte(f"{domain}_weighed", "\n".join(whole)),
    ]


# ---------------------------------------------------------------- codes


def _codes(builder: Builder, rows: list[Listed]) -> list[Cte]:
    lexicon, dialect = builder.lexicon, builder.dialect
    told = (
        "Which codes are, or may be, the things asked for. `brief`: such an event counts on its first day "
        "only. A code not known when this was written may be anything."
    )
    things = sorted({(domain, name) for (domain, _, _), name in builder.things.items()})
    found: list[Cte] = []
    listed = rows or [(-1, "", "", None, False, False, "", False)]
    columns = "(concept, key, domain, thing, sure, brief, drug, named)"
    found.append(Cte(f"listed{columns}", values(listed, dialect), told))
    found.append(Cte("things(domain, thing)", values(things, dialect)))
    if lexicon.numbered:
        new = f"concepts.concept > {lexicon.upto}"
        own = "  SELECT concept, domain, thing, sure, brief, drug, named FROM listed"
    else:
        known = sorted({key for _, key, _ in lexicon.keys})
        found.append(Cte("known(key)", values(((key,) for key in known), dialect)))
        new = "concepts.key NOT IN (SELECT key FROM known)"
        own = (
            "  SELECT concepts.concept, listed.domain, listed.thing, listed.sure, listed.brief,\n"
            "    listed.drug, listed.named\n"
            "  FROM listed JOIN concepts ON concepts.key = listed.key"
        )
    body = (
        f"{own}\n  UNION ALL\n"
        "  SELECT concepts.concept, things.domain, things.thing, FALSE, FALSE, concepts.key, FALSE\n"
        f"  FROM concepts CROSS JOIN things WHERE {new}"
    )
    found.append(Cte("codes", body))
    return found


def _rules(builder: Builder) -> list[Cte]:
    rows = [
        (concept, key, builder.protocol.items[item].domain, item, part)
        for concept, key, item, part in builder.rules_out()
    ] or [(-1, "", "results", "", 0)]
    told = (
        "Absences of which codes rule an item out: of the whole (0), or of one of the things it is made of."
    )
    listed = Cte("ruling(concept, key, domain, rules_out, part)", values(rows, builder.dialect), told)
    return [listed, Cte("rules", builder.numbered("ruling", "domain, rules_out, part"))]


def _asked(builder: Builder) -> list[Cte]:
    """The number of each ask, and the codes it is asked of."""
    rows = [
        (asks.domain, thing, number)
        for asks in builder.asks.values()
        for number, thing in enumerate(asks.things)
    ]
    told = "Everything that is asked, numbered: a thing several times where windows or tests differ."
    found = [Cte("asks(domain, thing, ask)", values(rows, builder.dialect), told)]
    if any(domain in DOMAINS for domain in builder.asks):
        body = (
            "  SELECT codes.concept, codes.domain, codes.sure, codes.brief, asks.ask\n"
            "  FROM codes JOIN asks ON asks.domain = codes.domain AND asks.thing = codes.thing"
        )
        found.append(Cte("asked", body))
    if "absences" in builder.asks:
        body = (
            "  SELECT rules.concept, rules.domain, rules.part, asks.ask\n"
            "  FROM rules JOIN asks ON asks.domain = 'absences' AND asks.thing = rules.rules_out"
        )
        found.append(Cte("ruled", body))
    return found


def denying(builder: Builder) -> list[str]:
    """Domains whose events absences may deny."""
    return sorted({*builder.denials, *builder.contested})


def _denials(builder: Builder, codes: list[Listed]) -> list[Cte]:
    rows = builder.denying(codes, denying(builder))
    told = "An absence of the first denies an event with the second, where that is asked for as this thing."
    columns = "(absent, absent_key, concept, key, thing)"
    listed = Cte(f"denying{columns}", values(rows or [(-1, "", -1, "", "")], builder.dialect), told)
    if builder.lexicon.numbered:
        body = "  SELECT absent, concept, thing FROM denying"
    else:
        body = (
            "  SELECT absents.concept AS absent, facts.concept AS concept, thing FROM denying\n"
            "  JOIN concepts AS absents ON absents.key = denying.absent_key\n"
            "  JOIN concepts AS facts ON facts.key = denying.key"
        )
    return [listed, Cte("denials", body)]


# ---------------------------------------------------------------- the header


def _header(builder: Builder, stages: list[StageTold]) -> list[str]:
    protocol, lexicon = builder.protocol, builder.lexicon
    lines = [
        f"{protocol.id}: {protocol.title}",
        f"Made by protodsl {__version__} from text with SHA-256 {protocol.sha256 or 'not stated'}, "
        f"for {builder.dialect}.",
        "One row for each participant. A truth that is null is unknown; an exclusion that is true excludes. "
        "Columns that end in `_applies` say whether a criterion applies at all.",
    ]
    if not lexicon.numbered:
        lines.append(
            "Written without tables at hand: codes are those of the vocabulary, units those usually met. A "
            "code or unit not listed here leaves what depends on it unknown."
        )
    for refusal in builder.refused:
        lines.append(f"Not carried by SQL, and therefore unknown: {refusal.where}: {refusal.what}.")
    return [comment(part) for line in lines for part in textwrap.wrap(line, 100, subsequent_indent="  ")]
