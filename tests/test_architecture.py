"""Dependencies point one way, and what must start quickly does not load what is slow."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "protodsl"

# Each part may import itself and the layers before it. `runtime` stands apart: it imports nothing but itself.
LAYERS = (
    ("source", "resources", "fields"),
    ("diagnostics",),
    ("reading",),
    ("syntax",),
    ("ir",),
    ("cases",),
    ("elaborate",),
    ("lint", "interpret", "backends", "documents", "records"),
    ("needs", "cohort"),
    ("reports",),
    ("scenario",),
    ("driver",),
    ("editor", "highlight"),
    ("cli",),
    ("__main__",),
)
ORDER = {name: number for number, names in enumerate(LAYERS) for name in names}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """The parts of protodsl a module imports, also inside functions; those for type checkers only, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("protodsl.") and name.count(".")}
    return {name for name in found if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_dependencies_point_one_way(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        assert imported(path) == set()
    elif part == "runtime":
        assert imported(path) <= {"runtime"}
    else:
        for other in imported(path) - {part, "runtime"}:
            assert ORDER[other] < ORDER[part], f"{part} imports {other}"


def test_every_part_has_its_layer() -> None:
    parts = {part_of(path) for path in modules()} - {"__init__", "runtime"}
    assert parts == set(ORDER) & parts


def test_runtime_needs_the_standard_library_only() -> None:
    for path in (PACKAGE / "runtime").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                tops = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                tops = [str(node.module).split(".")[0]]
            else:
                continue
            for top in tops:
                assert top == "protodsl" or top in sys.stdlib_module_names, f"{path.name} imports {top}"


def test_the_meaning_is_written_twice() -> None:
    """Of the runtime the interpreter uses only what says nothing of truth: units, words, routes …."""
    shared = {"record", "report", "units", "words", "attributes", "read", "routes"}
    for path in (PACKAGE / "interpret").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.startswith("protodsl.runtime.")
            ):
                assert node.module.split(".")[2] in shared, f"{path.name} imports {node.module}"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["check", "--help"], ["screen", "--help"]])
def test_quick_answers_load_nothing_slow(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom protodsl.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "slow = {'lark', 'jinja2', 'typst', 'json', 'protodsl.driver', 'protodsl.ir'} & set(sys.modules)\n"
        "print('slow:', *sorted(slow), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr.strip() == "slow:"
