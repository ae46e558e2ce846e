"""From the syntax tree of `patient` and `scenario` blocks to scenarios, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Diagnostic, Label, diagnose, suggest
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.decode import loads
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record
from protodsl.scenario.facts import Facts
from protodsl.scenario.model import Expectation, Expected, Scenario
from protodsl.source import Span

Node = Tree[Token]


class Files(Protocol):
    """Reads what a scenario names: a text inside the project, or why there is none."""

    def read_document(self, from_path: str, text: str, span: Span) -> tuple[str, str] | Diagnostic: ...


def scenarios(
    files: Files, protocol: ir.Protocol, trees: list[tuple[str, Node]], path: str
) -> tuple[tuple[Scenario, ...], list[Diagnostic]]:
    """The scenarios of the file `path`, read against the protocol they are for. `trees`: that file and those
    it uses, whose patients it may be `like`.
    """
    reader = _Reader(files, protocol)
    for name, tree in trees:
        for block in _blocks(tree, "patient"):
            reader.declare(name, block)
    own = next(tree for name, tree in trees if name == path)
    for block in _blocks(own, "patient"):
        reader.patient(block.children[0], path)
    made = [reader.scenario(path, block) for block in _blocks(own, "scenario")]
    return tuple(one for one in made if one is not None), list(dict.fromkeys(reader.found))


def _blocks(tree: Node, *names: str) -> Iterator[Node]:
    return (one for one in tree.children if isinstance(one, Tree) and str(one.data) in names)


def _text(token: Any) -> str:
    text = token[3:-3] if token.startswith('"""') else token[1:-1]
    return " ".join(text.split())


def _at(path: str, node: Any) -> Span:
    if isinstance(node, Tree):
        return Span(path, node.meta.start_pos, node.meta.end_pos)
    return Span(path, node.start_pos or 0, node.end_pos or 0)


@dataclass
class _Reader:
    files: Files
    protocol: ir.Protocol
    found: list[Diagnostic] = field(default_factory=list)
    declared: dict[str, tuple[str, Node]] = field(default_factory=dict)
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)  # patients being read, for those like themselves

    def declare(self, path: str, block: Node) -> None:
        name = cast(Token, block.children[0])
        if str(name) in self.declared:
            first = self.declared[str(name)]
            label = Label(_at(first[0], first[1].children[0]), "first declared here")
            self.report("duplicate-name", _at(path, name), labels=[label], name=str(name))
        else:
            self.declared[str(name)] = (path, block)

    def report(self, problem: str, span: Span, **facts: Any) -> None:
        self.found.append(diagnose(problem, span, **facts))

    # ------------------------------------------------------------ patients

    def patient(self, name: Any, path: str) -> dict[str, Any]:
        """A declared patient's data; {} where there is none, or it is like itself."""
        word = str(name)
        if word in self.made:
            return self.made[word]
        if word not in self.declared or word in self.open:
            at = _at(path, name)
            near = suggest(word, [one for one in self.declared if one not in self.open])
            self.report("unknown-name", at, name=word, what="patient", suggestion=near)
            return {}
        where, block = self.declared[word]
        self.open.append(word)
        self.made[word] = self.data(where, block, {})
        self.open.pop()
        return self.made[word]

    def data(self, path: str, block: Node, base: dict[str, Any]) -> dict[str, Any]:
        """What a `patient` block says, on top of those it is like."""
        for like in _blocks(block, "like"):
            base = {**base, **self.patient(like.children[0], path)}
        facts = Facts(self.protocol, path, base)
        facts.take(
            one for one in block.children if isinstance(one, Tree) and str(one.data).startswith("fact_")
        )
        self.found += facts.found
        return facts.data

    def from_file(self, path: str, name: Token) -> dict[str, Any]:
        read = self.files.read_document(path, _text(name), _at(path, name))
        if isinstance(read, Diagnostic):
            self.found.append(read)
            return {}
        try:
            data = loads(read[0])
            read_record(data)
        except RecordError as refused:
            self.report("scenario-record", _at(path, name), reason=str(refused.problems[0]))
            return {}
        return cast(dict[str, Any], data)

    # ------------------------------------------------------------ scenarios

    def scenario(self, path: str, block: Node) -> Scenario | None:
        title = cast(Token, block.children[0])
        before = len(self.found)
        base: dict[str, Any] = {}
        for one in _blocks(block, "case_record"):
            base = {**base, **self.from_file(path, cast(Token, one.children[0]))}
        for one in _blocks(block, "case_patient"):
            base = self.data(path, one, base)
        record = self.record(base, _at(path, title))
        stage, cohort = self.asked(path, block)
        expected = tuple(
            made
            for one in _blocks(block, "expect_verdict", "expect_cohort", "expect_criterion")
            if (made := self.expectation(path, one, stage)) is not None
        )
        if not expected and len(self.found) == before:
            self.report("scenario-expects-nothing", _at(path, title), title=_text(title))
        if record is None or len(self.found) > before:
            return None
        notes = tuple(_text(one.children[0]) for one in _blocks(block, "note"))
        return Scenario(_text(title), record, stage, cohort, expected, notes, _at(path, title))

    def record(self, data: dict[str, Any], at: Span) -> Record | None:
        """The record; one without an id is called after nobody."""
        if not data.get("timepoints"):
            data = {key: value for key, value in data.items() if key != "timepoints"}
        try:
            return read_record({"id": "scenario", **data})
        except RecordError as refused:
            self.report("scenario-record", at, reason=str(refused.problems[0]))
            return None

    def asked(self, path: str, block: Node) -> tuple[str | None, str | None]:
        stages = {one.id: one for one in self.protocol.stages}
        stage = self.one_of(path, block, "stage_asked", stages, "stage")
        asked = [stages[stage]] if stage in stages else list(stages.values())
        cohorts = [one.id for each in asked for one in each.cohorts]
        return stage, self.one_of(path, block, "cohort_asked", cohorts, "cohort")

    def one_of(self, path: str, block: Node, rule: str, known: Any, what: str) -> str | None:
        word: str | None = None
        for one in _blocks(block, rule):
            word = str(one.children[0])
            if word not in known:
                near = suggest(word, known)
                at = _at(path, one.children[0])
                self.report("unknown-name", at, name=word, what=what, suggestion=near)
        return word

    def expectation(self, path: str, node: Node, stage: str | None) -> Expectation | None:
        because = next((_text(one.children[0]) for one in _blocks(node, "because")), None)
        at = _at(path, node)
        stages = [one for one in self.protocol.stages if stage in (None, one.id)]
        match str(node.data), [str(one) for one in node.children if isinstance(one, Token)]:
            case "expect_verdict", [verdict]:
                return Expectation("verdict", "", cast(Expected, verdict), because, at)
            case "expect_cohort", [name, verdict]:
                known = [one.id for each in stages for one in each.cohorts]
                if name in known:
                    return Expectation("cohort", name, cast(Expected, verdict), because, at)
                near = suggest(name, known)
                self.report("unknown-name", at, name=name, what="cohort", suggestion=near)
            case "expect_criterion", [*words, outcome]:
                id = " ".join(words)
                known = [part for each in stages for part in _ids(each)]
                if id in known:
                    said = cast(Expected, " ".join(outcome.split()))
                    return Expectation("criterion", id, said, because, at)
                near = suggest(id, known)
                self.report("scenario-criterion", at, id=id, suggestion=near)
        return None


def _ids(stage: ir.Stage) -> Iterator[str]:
    """Ids of every criterion and part of a stage."""
    criteria = [*stage.criteria, *(one for cohort in stage.cohorts for one in cohort.criteria)]
    stack = [one.root for one in criteria]
    while stack:
        part = stack.pop()
        yield part.id
        stack += part.parts
