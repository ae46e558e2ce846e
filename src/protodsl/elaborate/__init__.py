"""From the syntax tree to the typed model: names, units, times and quotations checked, sugar removed.

Nothing raises on an author's mistake: what cannot be given a meaning is reported and left out, and the rest
goes on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Protocol as Interface
from typing import cast

from lark import Token, Tree

from protodsl import LANGUAGE_VERSION, fields, ir
from protodsl.diagnostics import Diagnostic
from protodsl.elaborate import criteria, prose, quantities, quotations, references, sides, study, vocabulary
from protodsl.elaborate.scope import Context, Declaration, Node, Scope, declaration, span_of, string, trees
from protodsl.source import Source, Span


class Loaded(Interface):
    """A file that was read: its text, its syntax tree, and what was wrong with it."""

    @property
    def source(self) -> Source: ...
    @property
    def tree(self) -> Node: ...
    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]: ...


class Files(Interface):
    """How files are found and read; the driver's, so that elaboration itself touches no disk."""

    def load(self, path: str) -> Loaded | Diagnostic: ...
    def resolve_use(self, from_path: str, text: str, span: Span) -> str | Diagnostic: ...
    def read_document(self, from_path: str, text: str, span: Span) -> tuple[str, str] | Diagnostic: ...


@dataclass
class Gathered:
    """Every file a protocol uses, each once, those used before those that use them."""

    loaded: dict[str, Loaded] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


@dataclass
class Memory:
    """Vocabularies as they were declared before, for another protocol that uses the same ones, or for the
    next reading of a file that is being written. The few that were asked for last are kept.
    """

    declared: dict[object, tuple[list[Declaration], vocabulary.Declared]] = field(default_factory=dict)

    def declare(self, scope: Scope, declarations: list[Declaration]) -> None:
        """As `vocabulary.declare`, of the sides, arms and reference tables that the scope knows."""
        # A tree is the same where it is the same object, at the same place: one that is edited is another.
        trees_there = tuple((one.path, id(one.tree), span_of(one.path, one.tree)) for one in declarations)
        tables = tuple((one.told, one.unit, one.sha256) for one in scope.references.values())
        named = tuple(scope.sides.items()), tuple(scope.places.items()), frozenset(scope.arms)
        key = trees_there, tables, named
        found = self.declared.pop(key, None)
        if found is None:
            found = declarations, vocabulary.declared(scope, declarations)
        else:
            found[1].into(scope)
        self.declared[key] = found
        while len(self.declared) > MAX_REMEMBERED:
            del self.declared[next(iter(self.declared))]


VOCABULARY = ("vocab", "measure", "equivalent")
DEFINITIONS = ("define_short", "define_block")
PARAMETERS = ("parameter_short", "parameter_block")
DEFINED = (*DEFINITIONS, *PARAMETERS)
BLOCKS = ("stage", "cohort", "criterion", "part", "choice", "common", "objective", "endpoint")
MAX_FILES = 200
MAX_REMEMBERED = 8


@dataclass(frozen=True)
class Elaborated:
    """The model of a protocol and every diagnostic of it and of the files it uses.

    `protocol` is None where the file holds none (a vocabulary), or where something in it was refused: a
    checker must not be made from half a protocol. `draft` is what could be made of it all the same, with
    every reference table that is declared: good for showing what is well in a file that is being written,
    and for nothing else.
    """

    protocol: ir.Protocol | None
    draft: ir.Protocol | None
    diagnostics: list[Diagnostic]


def elaborate(files: Files, path: str, memory: Memory | None = None) -> Elaborated:
    """The model of the protocol in `path`. Vocabularies that the memory knows are not declared again."""
    gathered = Gathered()
    scope = Scope(diagnostics=gathered.diagnostics)
    _gather(files, scope, path, gathered, [])
    if path not in gathered.loaded:
        return Elaborated(None, None, gathered.diagnostics)
    declared = [
        Declaration(name, tree, str(tree.data))
        for name, loaded in gathered.loaded.items()
        for tree in loaded.tree.children
        if isinstance(tree, Tree)
    ]
    root = gathered.loaded[path].tree
    protocols = list(trees(root, "protocol"))
    for each in protocols:
        scope.arms |= {str(one.children[0]) for one in trees(each, "arm")}
    for name, loaded in gathered.loaded.items():
        for block in (loaded.tree, *trees(loaded.tree, "protocol")):
            for pair in trees(block, "side"):
                sides.register(scope, name, pair)
    for one in declared:
        if one.kind == "reference":
            references.register(files, Context(scope, one.path), one.tree)
    (memory or Memory()).declare(scope, [one for one in declared if one.kind in VOCABULARY])
    if len(protocols) > 1:
        scope.report("several-protocols", span_of(path, protocols[1].children[0]))
    made: ir.Protocol | None = None
    if protocols:
        made = _protocol(files, scope, path, protocols[0], declared, gathered)
    else:
        for one in declared:
            if one.kind in DEFINED:
                criteria.register(scope, one)
        _definitions(scope)
    # What several cohorts share is elaborated once for each of them, and reported once.
    gathered.diagnostics[:] = dict.fromkeys(gathered.diagnostics)
    told = tuple(table.told for table in scope.references.values())
    draft = replace(made or _vocabulary_alone(scope), references=told)
    if any(diagnostic.severity == "error" for diagnostic in gathered.diagnostics):
        made = None
    return Elaborated(made, draft, gathered.diagnostics)


def _vocabulary_alone(scope: Scope) -> ir.Protocol:
    """What a file without a protocol declares, as a protocol of nothing else."""
    return ir.Protocol(
        "", "", LANGUAGE_VERSION, ir.Section("protocol", ()), (),
        scope.items, scope.measures, scope.equivalences, scope.definitions,
    )  # fmt: skip


def _gather(files: Files, scope: Scope, path: str, into: Gathered, above: list[str]) -> None:
    loaded = files.load(path)
    if isinstance(loaded, Diagnostic):
        into.diagnostics.append(loaded)
        return
    into.diagnostics.extend(loaded.diagnostics)
    _language(scope, path, loaded)
    for use in trees(loaded.tree, "use"):
        token = cast(Token, use.children[0])
        span = span_of(path, token)
        found = files.resolve_use(path, string(token), span)
        if isinstance(found, Diagnostic):
            into.diagnostics.append(found)
        elif found in (*above, path):
            circle = [*above, path, found]
            scope.report("cyclic-import", span, path=" → ".join(circle[circle.index(found) :]))
        elif found not in into.loaded and len(into.loaded) + len(above) < MAX_FILES:
            _gather(files, scope, found, into, [*above, path])
    into.loaded[path] = loaded


def _language(scope: Scope, path: str, loaded: Loaded) -> None:
    stated = next(trees(loaded.tree, "language"), None)
    if stated is None:
        if not any(d.severity == "error" for d in loaded.diagnostics):
            scope.report("language-missing", Span(path, 0, 0), version=LANGUAGE_VERSION)
    elif str(stated.children[0]) != LANGUAGE_VERSION:
        token = cast(Token, stated.children[0])
        scope.report("language-unsupported", span_of(path, token), found=str(token), version=LANGUAGE_VERSION)


def _definitions(scope: Scope) -> None:
    for name in list(scope.pending):
        with declaration():
            criteria.define(scope, name, scope.places[name])


def _protocol(
    files: Files, scope: Scope, path: str, tree: Node, declared: list[Declaration], gathered: Gathered
) -> ir.Protocol:
    ctx = Context(scope, path)
    name, label = cast(Token, tree.children[0]), tree.children[1]
    document, bounds, at = _document(files, ctx, tree)
    broken = any(d.severity == "error" for d in gathered.loaded[path].diagnostics)
    if document is not None:
        quotations.locate(ctx, tree, document)
    study.timepoints(ctx, tree)
    for one in declared:
        if one.kind in DEFINED:
            criteria.register(scope, one)
    _register_parameters(ctx, tree)
    for child in trees(tree, "values"):
        ctx = criteria.with_values(ctx, [child])
    _register_inner(ctx, tree)
    stages, words = _stages(ctx, tree, name)
    _definitions(scope)
    header, sections, features = _sections(ctx, tree, name, document)
    interventions = tuple(study.intervention(ctx, one, document) for one in trees(tree, "intervention"))
    regimens = tuple(
        study.regimen(ctx, one, document, interventions)
        for one in trees(tree, "regimen", "regimen_not_stated")
    )
    given = {**{one.id: one.label for one in interventions}, **{one.id: one.label for one in regimens}}
    arms = tuple(study.arm(ctx, one, given, document) for one in trees(tree, "arm"))
    for one_tree, given_one in zip(trees(tree, "intervention"), interventions, strict=True):
        prose.missing_fields(ctx, "intervention", given_one.details, features, one_tree.children[0])
    visits: list[ir.Visit] = []
    for visited in trees(tree, "visit", "activity"):
        with declaration():
            visits.append(study.visit(ctx, visited, document))
    objectives = tuple(study.objective(ctx, one, document) for one in trees(tree, "objective"))
    covered: ir.SourceDocument | None = None
    if document is not None and not broken:
        covered = quotations.coverage(ctx, document, *bounds, at)
    elif document is None:
        scope.report("no-source-document", span_of(path, name))
    hashed = hashlib.sha256()
    for loaded in gathered.loaded.values():
        hashed.update(loaded.source.text.encode("utf-8", "surrogatepass"))
    tables = [table for name, table in scope.references.items() if name in scope.used]
    for table in tables:
        hashed.update(table.sha256.encode("ascii"))
    return ir.Protocol(
        id=str(name),
        title=string(label) if label is not None else str(name),
        language=LANGUAGE_VERSION,
        header=header,
        sections=sections,
        items=scope.items,
        measures=scope.measures,
        equivalences=scope.equivalences,
        definitions=scope.definitions,
        timepoints=tuple(scope.timepoints.values()),
        day_zero=scope.day_zero,
        stages=stages,
        arms=arms,
        interventions=interventions,
        regimens=regimens,
        visits=tuple(visits),
        objectives=objectives,
        asides=tuple(scope.asides),
        document=covered,
        clarify=tuple(words.clarify),
        notes=tuple(words.notes),
        sides=tuple(dict.fromkeys(scope.sides.values())),
        references=tuple(table.told for table in tables),
        sha256=hashed.hexdigest(),
        span=ctx.span(tree),
    )


def _register_parameters(ctx: Context, tree: Node) -> None:
    """Parameters come first: the `values` of any block may speak of them."""
    for child in tree.children:
        if isinstance(child, Tree) and child.data in PARAMETERS:
            criteria.register(ctx.scope, Declaration(ctx.path, child, str(child.data)))
        elif isinstance(child, Tree) and child.data in BLOCKS:
            _register_parameters(ctx, child)


def _register_inner(ctx: Context, tree: Node) -> None:
    """Definitions inside the protocol, its stages, cohorts, criteria and endpoints share one name space."""
    for child in tree.children:
        if not isinstance(child, Tree):
            continue
        if child.data in DEFINITIONS:
            criteria.register(ctx.scope, Declaration(ctx.path, child, str(child.data), ctx.values))
        elif child.data in BLOCKS:
            inner = criteria.with_values(ctx, [one for one in child.children if isinstance(one, Tree)])
            _register_inner(inner, child)


def _stages(ctx: Context, tree: Node, name: Token) -> tuple[tuple[ir.Stage, ...], criteria.Words]:
    declared = list(trees(tree, "stage"))
    anchor = next(trees(tree, "anchor_is"), None)
    if not declared:
        own = criteria.body(ctx, tree.children[2:], "")
        if anchor is None:
            ctx.report("no-anchor", name, suggestion=next(iter(ctx.scope.timepoints), None))
            return (), own.words
        at = "" if anchor is None else str(anchor.children[0])
        with declaration():
            point = quantities.timepoint(ctx, cast(Token, anchor.children[0]))
            only = ir.Stage(
                at, point.label, at, None, tuple(own.criteria), tuple(own.groups), tuple(own.cohorts)
            )
            return (only,), own.words
        return (), own.words
    loose = [one for one in trees(tree, "criterion", "choice", "cohort", "common")]
    for one in loose:
        ctx.report(
            "not-allowed-here",
            one.children[0] if one.data not in ("choice", "common") else one,
            found="a criterion outside the stages",
            block="a protocol with stages",
            expected="stages",
        )
    words = criteria.words_of(ctx, tree)
    stages: list[ir.Stage] = []
    for index, one in enumerate(declared):
        with declaration():
            made = criteria.stage(ctx, one, "" if index == 0 else f"{one.children[0]} ")
            if any(made.id == other.id for other in stages):
                ctx.report("duplicate-name", cast(Token, one.children[0]), name=made.id)
            elif made.requires is not None and made.requires not in [other.id for other in stages]:
                ctx.report(
                    "unknown-stage-order",
                    cast(Token, one.children[0]),
                    name=made.id,
                    other=made.requires,
                    reason="does not come before it",
                )
            else:
                stages.append(made)
    for child in tree.children:
        if isinstance(child, Tree) and child.data == "aside":
            criteria.aside(ctx, child)
    return tuple(stages), words


def _document(
    files: Files, ctx: Context, tree: Node
) -> tuple[quotations.Document | None, tuple[str | None, str | None], Span]:
    """The source document named in `identifiers`, and where its eligibility text begins and ends."""
    found: dict[str, Token] = {}
    for block in trees(tree, "section"):
        if str(block.children[0]) == "identifiers":
            for one in trees(block, "field"):
                key, value = one.children
                if isinstance(value, Tree) and value.data == "texts":
                    found[str(key)] = cast(Token, value.children[0])
    name = found.get("source_document")
    at = ctx.span(name if name is not None else tree.children[0])
    if name is None:
        return None, (None, None), at
    read = files.read_document(ctx.path, string(name), at)
    if isinstance(read, Diagnostic):
        ctx.scope.diagnostics.append(read)
        return None, (None, None), at
    ends = tuple(
        string(found[key]) if key in found else None for key in ("eligibility_from", "eligibility_to")
    )
    return quotations.Document(string(name), read[1], read[0]), (ends[0], ends[1]), at


def _sections(
    ctx: Context, tree: Node, name: Token, document: quotations.Document | None
) -> tuple[ir.Section, tuple[ir.Section, ...], tuple[str, ...]]:
    header = prose.section(ctx, "protocol", [*trees(tree, "field")], document)
    made: dict[str, ir.Section] = {}
    for one in trees(tree, "section"):
        block = cast(Token, one.children[0])
        if str(block) in made:
            ctx.report("duplicate-name", block, name=str(block))
            continue
        made[str(block)] = prose.section(ctx, str(block), one.children[1:], document)
    design = made.get("design")
    stated = design.get("features") if design is not None else None
    text = stated.text if isinstance(stated, ir.Stated) else ""
    for unknown in fields.unknown_features(text):
        ctx.report(
            "unknown-word",
            name,
            word=unknown,
            field="features",
            expected=[word for word, _ in fields.FEATURES],
        )
    features = fields.features_in(text)
    prose.missing_fields(ctx, "protocol", header, features, name)
    for block_name in fields.SINGLE_BLOCKS[1:]:
        where = next((one for one in trees(tree, "section") if str(one.children[0]) == block_name), None)
        section = made.setdefault(block_name, ir.Section(block_name, ()))
        silent = next(trees(where, "not_stated"), None) if where is not None else None
        if silent is not None:
            made[block_name] = prose.all_not_stated(ctx, section, silent, features, document)
            continue
        prose.missing_fields(ctx, block_name, section, features, where.children[0] if where else name)
    return header, tuple(made[block] for block in fields.SINGLE_BLOCKS[1:]), features
