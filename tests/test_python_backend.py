"""The generated checker as Python: readable, formatted, typed, and the author's words never code."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import shipped

from protodsl import ir
from protodsl.backends import python
from protodsl.backends.python.layout import docstring, literal
from protodsl.backends.python.standalone import MODULES, inlined
from protodsl.runtime.report import Report

ROOT = Path(__file__).resolve().parents[1]
TRIALS = sorted((ROOT / "protocols").glob("*.proto-lite"))
NASTY = 'quote " and \' and """ and \\ and \n newline {braces} \u2028 \x00 __import__("os").system("echo no")'


def trial(path: Path) -> ir.Protocol:
    return shipped.trial(path.stem)


def tool(*arguments: str | Path, cwd: Path) -> str:
    made = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    return "" if made.returncode == 0 else made.stdout + made.stderr


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkers of the trials, in a folder without configuration: the tools' own defaults hold."""
    folder = tmp_path_factory.mktemp("checkers")
    for path in TRIALS:
        protocol = trial(path)
        (folder / f"{python.identifier(protocol.id)}.py").write_text(
            python.generate(protocol), encoding="utf-8"
        )
    return folder


def test_generated_modules_are_formatted_and_clean(generated: Path) -> None:
    config = ROOT / "pyproject.toml"
    assert tool("ruff", "format", "--check", "--isolated", ".", cwd=generated) == ""
    assert tool("ruff", "check", "--isolated", ".", cwd=generated) == ""
    assert tool("ruff", "format", "--check", "--config", config, ".", cwd=generated) == ""
    assert tool("ruff", "check", "--config", config, ".", cwd=generated) == ""


def test_generated_modules_are_typed(generated: Path) -> None:
    shared = ("--python-executable", sys.executable, "--cache-dir", str(generated / ".mypy_cache"))
    assert tool("mypy", "--strict", *shared, *sorted(generated.glob("*.py")), cwd=ROOT) == ""


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_generation_is_deterministic_and_one_function_a_rule(path: Path) -> None:
    protocol = trial(path)
    text = python.generate(protocol)
    assert text == python.generate(trial(path))
    assert protocol.sha256 in text
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    assert len(names) == len(set(names))
    rules = sum(
        (part.expr is not None) + (part.applies is not None)
        for stage in protocol.stages
        for criterion in (*stage.criteria, *(one for cohort in stage.cohorts for one in cohort.criteria))
        for part in every(criterion.root)
    )
    guards = sum(cohort.applies is not None for stage in protocol.stages for cohort in stage.cohorts)
    assert len(names) == rules + guards + len(protocol.definitions)


def every(part: ir.Part) -> list[ir.Part]:
    return [part, *(inner for one in part.parts for inner in every(one))]


def test_the_docstring_is_the_source_sentence() -> None:
    protocol = trial(ROOT / "protocols" / "NCT06892145.proto-lite")
    found = {
        node.name: ast.get_docstring(node)
        for node in ast.parse(python.generate(protocol)).body
        if isinstance(node, ast.FunctionDef)
    }
    told = " ".join((found["inclusion_6_3"] or "").split())
    assert told.startswith("3. Hepatic function: ALT and AST ≤ 3.0 × ULN (may be relaxed to ≤ 3.0 × ULN")


@pytest.mark.parametrize(
    "text", [NASTY, '"', "'", "\\", '\\"', 'ends with "', "", '"' * 7, "é×≤", "a\\\\'\""]
)
def test_any_text_is_a_literal(text: str) -> None:
    made = literal(text)
    assert ast.literal_eval(made) == text
    assert "\n" not in made
    lines = "\n".join(["def f() -> None:", *docstring(text, 4), "    return None"])
    told = ast.get_docstring(ast.parse(lines).body[0], clean=False)  # type: ignore[arg-type]  # it is a function
    assert (told or "").split() == text.split()


def test_the_words_of_an_author_never_run() -> None:
    protocol = trial(ROOT / "protocols" / "NCT06892145.proto-lite")
    stage = protocol.stages[0]
    criterion = stage.criteria[0]
    root = replace(
        criterion.root,
        label=NASTY,
        source=(ir.Quotation(NASTY),),
        expr=ir.Answer(NASTY, NASTY, (NASTY,), "judged"),
    )
    changed = replace(stage, criteria=(replace(criterion, root=root), *stage.criteria[1:]))
    evil = replace(protocol, title=NASTY, stages=(changed,))
    tree = ast.parse(python.generate(evil))
    assert not any(isinstance(node, ast.Name) and node.id == "__import__" for node in ast.walk(tree))
    report = python.load(evil).evaluate({"id": "P", "timepoints": {"enrollment": "2024-01-01"}})
    assert isinstance(report, Report)
    row = report.criteria[0]
    assert (row.label, row.source, row.unknown[0].what) == (NASTY, NASTY, NASTY)


def test_a_standalone_checker_needs_python_alone(tmp_path: Path) -> None:
    protocol = trial(ROOT / "protocols" / "NCT06892145.proto-lite")
    checker = tmp_path / "checker.py"
    checker.write_text(python.generate(protocol, standalone=True), encoding="utf-8")
    assert "protodsl.runtime" not in checker.read_text(encoding="utf-8").replace("`protodsl.runtime`", "")
    record = ROOT / "protocols" / "patients" / "NCT06892145" / "P-02.json"
    made = subprocess.run(
        [sys.executable, "-I", "-S", str(checker), str(record), "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.stderr == ""
    own = python.load(protocol).evaluate(record)
    assert json.loads(made.stdout) == own.to_dict()
    shared = ("--python-executable", sys.executable, "--cache-dir", str(tmp_path / ".mypy_cache"))
    assert tool("mypy", "--strict", *shared, checker, cwd=tmp_path) == ""
    config = ROOT / "pyproject.toml"
    assert tool("ruff", "check", "--config", config, checker, cwd=tmp_path) == ""
    assert tool("ruff", "format", "--check", "--config", config, checker, cwd=tmp_path) == ""


def test_the_runtime_inlines_every_module_of_its_own() -> None:
    runtime = ROOT / "src" / "protodsl" / "runtime"
    paths = {path.relative_to(runtime).with_suffix("") for path in runtime.rglob("*.py")}
    assert set(MODULES) == {path.as_posix() for path in paths if path.name != "__init__"}
    imports, lines = inlined()
    assert imports and lines
