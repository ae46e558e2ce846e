"""The language by example: every `##` section of a page here is a test, run on every evaluator there is.

A section holds a protocol fragment (```protodsl), then records (```json), each followed by what is expected
of it (```expect). A fragment without `protocol` is put inside a small protocol anchored at `screening`, with
the vocabulary of this folder; a record without `id` or timepoints is given them: screening on 2024-02-20.

Lines of an ```expect block:

    run: stage=infusion cohort=sle as_of=2024-03-01 assume=conditions at infusion=2024-03-12
    verdict: undetermined
    inclusion 1: fails
    inclusion 1: unknown missing alt, stale ast          the outcome, and all its causes in order
    value exclusion 1: true
    reason inclusion 1: "ALT 130 U/L …"
    evidence inclusion 1: results/0, results/2
    decides inclusion 1: missing alt                      those of the causes the verdict hangs on
    curable_on exclusion 1: 2024-03-12
    needed: alt, ast
    cohort sle: eligible
    endpoint response: true                               (of the interpreter only)
    earliest_date: … / to_repeat: … / assumptions: "…", "…" / notes: "…" / as_of: … / stage: …
    refused: timepoints/infusion                          the record is refused, at this place
    error: E0301 / warning: W0354                         what the compiler says of the fragment; no record
    clean                                                 the compiler has no error

`nothing` stands for an empty list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from protodsl import driver, interpret, ir
from protodsl.backends import python
from protodsl.reading import read_file
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.decode import loads
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record
from protodsl.runtime.report import CriterionReport, Report

HERE = Path(__file__).parent
SMALL = """language 1
use "vocabulary.proto-lite"
protocol spec "Spec" {{
{fragment}
}}
"""
FRAME = """  timepoint consent_day
  timepoint screening after consent_day
  timepoint infusion after screening
  timepoint month_3 = 3 months after infusion ± 7 days
  day 0 is infusion
"""


@dataclass(frozen=True)
class Case:
    """One record and what is expected of it; `record` None: of the fragment itself."""

    fragment: str
    record: str | None
    expected: tuple[str, ...]
    line: int


@dataclass
class Section:
    title: str
    line: int
    fragment: str = ""
    cases: list[Case] = field(default_factory=list)


# ---------------------------------------------------------------- reading the pages


def sections(text: str) -> list[Section]:
    found: list[Section] = []
    record: str | None = None
    for kind, start, body in pieces(text):
        match kind:
            case "title":
                found.append(Section(body, start))
            case "protodsl":
                found[-1].fragment, record = body, None
            case "json":
                record = body
            case "expect":
                lines = tuple(line.strip() for line in body.splitlines() if line.strip())
                found[-1].cases.append(Case(found[-1].fragment, record, lines, start))
            case other:
                raise ValueError(f"line {start}: a block of {other!r}")
    return found


def pieces(text: str) -> Iterator[tuple[str, int, str]]:
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if line.startswith("## "):
            yield "title", number, line[3:].strip()
        elif line.startswith("```"):
            body: list[str] = []
            for _, inner in lines:
                if inner.startswith("```"):
                    break
                body.append(inner)
            else:
                raise ValueError(f"line {number}: the block is never closed")
            yield line[3:].strip(), number, "\n".join(body) + "\n"


def text_of(fragment: str) -> str:
    """The fragment as a whole file."""
    if "protocol " in fragment:
        return fragment
    frame = "" if re.search(r"^\s*timepoint ", fragment, re.M) else FRAME
    anchor = "" if re.search(r"^\s*(stage|anchor) ", fragment, re.M) else "  anchor screening\n"
    return SMALL.format(fragment=frame + anchor + fragment)


PROJECT = driver.Project(root=str(HERE))  # what fragments use is read and declared once


@cache
def checked(fragment: str) -> driver.CheckResult:
    path, text = str(HERE / "case.proto-lite"), text_of(fragment)
    PROJECT.files.pop(path, None)
    PROJECT.read = lambda wanted: text.encode() if wanted == path else read_file(wanted)
    return driver.check(path, project=PROJECT)


def data_of(text: str) -> dict[str, Any]:
    return {"id": "P", "timepoints": {"screening": "2024-02-20"}, **loads(text)}


def record_of(text: str) -> Record:
    return read_record(data_of(text))


# ---------------------------------------------------------------- the evaluators


Screen = Callable[..., Report]
EVALUATORS = ("interpreter", "checker")


def by_interpreter(protocol: ir.Protocol) -> Screen:
    return lambda record, **run: interpret.screen(protocol, record, **run)


@cache
def by_checker(fragment: str) -> Screen:
    protocol = checked(fragment).protocol
    assert protocol is not None
    return python.load(protocol).evaluate  # type: ignore[no-any-return]  # of a module made a moment ago


# ---------------------------------------------------------------- expectations


def run_options(lines: Iterable[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for line in lines:
        if not line.startswith("run:"):
            continue
        for word in re.sub(r"\bat (\w)", r"at:\1", line[4:]).split():
            name, value = word.split("=", 1)
            if name.startswith("at:"):
                options.setdefault("at", {})[name[3:]] = day(value)
            elif name == "assume":
                options["assume"] = tuple(value.split(","))
            else:
                options[name] = day(value) if name == "as_of" else value
    return options


def day(text: str) -> int:
    from datetime import date

    return date.fromisoformat(text).toordinal()


def listed(items: Iterable[str]) -> str:
    return ", ".join(items) or "nothing"


def quoted(items: Iterable[str]) -> str:
    return listed(f'"{item}"' for item in items)


def told(report: Report, line: str) -> str:
    """What the report says, in the words of the expectation."""
    subject, _, _ = line.partition(":")
    whole: dict[str, Callable[[], str]] = {
        "verdict": lambda: report.verdict,
        "stage": lambda: report.stage,
        "as_of": lambda: report.as_of or "nothing",
        "needed": lambda: listed(report.needed),
        "assumptions": lambda: quoted(report.assumptions),
        "notes": lambda: quoted(report.notes),
        "earliest_date": lambda: report.earliest_date or "nothing",
        "to_repeat": lambda: listed(report.to_repeat),
    }
    if subject in whole:
        return f"{subject}: {whole[subject]()}"
    word, _, rest = subject.partition(" ")
    if word == "cohort":
        return f"{subject}: {dict(report.cohorts).get(rest, 'nothing')}"
    if word in ("value", "reason", "evidence", "decides", "curable_on", "group"):
        return f"{subject}: {of_criterion(criterion(report, rest), word)}"
    found = criterion(report, subject)
    causes = " " + listed(f"{c.kind} {c.what}" for c in found.unknown) if found.outcome == "unknown" else ""
    return f"{subject}: {found.outcome}{causes}"


def of_criterion(found: CriterionReport, word: str) -> str:
    match word:
        case "value":
            return str(found.to_dict()["value"] or "null")
        case "reason":
            return f'"{found.reason}"'
        case "evidence":
            return listed(found.evidence)
        case "decides":
            return listed(f"{c.kind} {c.what}" for c in found.unknown if c in found.decides)
        case "group":
            return found.group or "nothing"
        case _:
            return found.curable_on or "nothing"


def criterion(report: Report, id_: str) -> CriterionReport:
    for found in report.criteria:
        if found.id == id_:
            return found
    raise AssertionError(f"the report has no {id_!r}, but {[found.id for found in report.criteria]}")


# ---------------------------------------------------------------- pytest


class CaseItem(pytest.Item):
    def __init__(self, *, case: Case, evaluator: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.evaluator = case, evaluator

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name

    def runtest(self) -> None:
        if self.case.record is None:
            self.compiled()
            return
        result = checked(self.case.fragment)
        assert result.protocol is not None, messages(result)
        refused = [line for line in self.case.expected if line.startswith("refused:")]
        try:
            report, endpoints = self.screened(result.protocol)
        except RecordError as error:
            assert refused == [f"refused: {problem.place}" for problem in error.problems], str(error)
            return
        assert not refused, "the record was read and screened"
        lines = [line for line in self.case.expected if not line.startswith("run:")]
        if self.evaluator == "checker":
            lines = [line for line in lines if not line.startswith("endpoint ")]
        actual = [endpoints.get(line.split(":")[0]) or told(report, line) for line in lines]
        assert actual == lines, "\n" + "\n".join(
            f"  expected {wanted}\n  found    {found}"
            for wanted, found in zip(lines, actual, strict=True)
            if wanted != found
        )

    def screened(self, protocol: ir.Protocol) -> tuple[Report, dict[str, str]]:
        assert self.case.record is not None
        record, options = record_of(self.case.record), run_options(self.case.expected)
        if self.evaluator == "checker":
            return by_checker(self.case.fragment)(record, **options), {}
        needs_cure = any(
            line.startswith(("curable_on", "earliest", "to_repeat")) for line in self.case.expected
        )
        report = by_interpreter(protocol)(record, cure=needs_cure, **options)
        for name in ("stage", "cohort"):
            options.pop(name, None)
        found = interpret.endpoints(protocol, record, **options)
        return report, {f"endpoint {e.id}": f"endpoint {e.id}: {truth(e.finding.truth)}" for e in found}

    def compiled(self) -> None:
        result = checked(self.case.fragment)
        said = {f"{each.severity}: {each.code}" for each in result.diagnostics}
        for line in self.case.expected:
            if line == "clean":
                assert result.protocol is not None and not result.failed, messages(result)
            else:
                assert line in said, messages(result)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, AssertionError):
            return f"{self.path.name}:{self.case.line}: {excinfo.value}"
        return super().repr_failure(excinfo, style)


def truth(value: bool | None) -> str:
    return {True: "true", False: "false", None: "unknown"}[value]


def messages(result: driver.CheckResult) -> str:
    return "\n".join(f"{each.severity} {each.code} {each.message}" for each in result.diagnostics)


class Page(pytest.File):
    def collect(self) -> Iterator[CaseItem]:
        for section in sections(self.path.read_text(encoding="utf-8")):
            assert section.cases, f"{self.path.name}:{section.line}: {section.title!r} expects nothing"
            for number, case in enumerate(section.cases, 1):
                name = section.title if len(section.cases) == 1 else f"{section.title} ({number})"
                for evaluator in EVALUATORS if case.record is not None else ["compiler"]:
                    yield CaseItem.from_parent(
                        self, name=f"{name} [{evaluator}]", case=case, evaluator=evaluator
                    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".md" and file_path.parent == HERE and file_path.name != "README.md":
        return Page.from_parent(parent, path=file_path)
    return None
