"""Every example in the documentation is checked, and every command in it is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from markdown_blocks import Block, blocks, commands, same_output

from protodsl.diagnostics.catalogue import ENTRIES
from protodsl.driver import check

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
LANGUAGES = {"protodsl", "console", "json", "text", "python", "bash", ""}

# A small trial round a fragment. A line is left out where the fragment begins a line with its first word.
FRAME = (
    'use "vocabulary/laboratory.proto-lite"',
    'use "vocabulary/instruments.proto-lite"',
    'use "vocabulary/conditions.proto-lite"',
    'use "vocabulary/drugs.proto-lite"',
    'use "vocabulary/procedures.proto-lite"',
    'use "vocabulary/questions.proto-lite"',
    'use "vocabulary/formulas.proto-lite"',
    'protocol example "An example" {',
    "phase not stated",
    "sponsor not stated",
    "status not stated",
    "conditions not stated",
    "planned_number not stated",
    "sex both",
    "age not stated",
    "identifiers not stated",
    "background not stated",
    "design not stated",
    "safety not stated",
    "ethics not stated",
    "timepoint consent",
    "timepoint screening after consent",
    "timepoint enrollment after screening",
    "timepoint infusion after enrollment",
    "timepoint baseline",
    "timepoint month_3 = 3 months after infusion",
    "day 0 is infusion",
    "anchor enrollment",
    "values within 28 days before enrollment",
)
# A fragment quotes no document, and a page shows a declaration before its use.
NOT_IN_FRAGMENTS = {"W0651", "W0653", "W0552"}


def in_frame(block: Block) -> tuple[str, int]:
    """The fragment as a whole file, and the number of lines before it."""
    words = {line.split()[0] for line in block.text.splitlines() if re.match(r"\w", line)}
    kept = [line for line in FRAME if line.split()[0] not in words - {"use", "protocol"}]
    head, tail = ["language 1", *kept], ["}"]
    match block.mode:
        case "protocol":
            pass
        case "inclusion" | "exclusion":
            head.append(f'{block.mode} 1 "Example" {{')
            tail.append("}")
        case mode:
            raise AssertionError(f"{block.id}: `protodsl {mode}` is no kind of example")
    return "\n".join([*head, block.text.rstrip("\n"), *tail]) + "\n", len(head)


def readers(texts: Mapping[str, str]):  # type: ignore[no-untyped-def]
    def read(path: str) -> bytes:
        if path in texts:
            return texts[path].encode()
        return (ROOT / "protocols" / path).read_bytes()

    return read


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.language == "protodsl"], ids=lambda b: b.id)
def test_example(block: Block) -> None:
    if "file" in block.options and not block.expected:
        text, before, ignored = block.text, 0, set[str]()
    elif block.mode:
        text, before = in_frame(block)
        ignored = NOT_IN_FRAGMENTS
    else:
        text, before, ignored = block.text, 0, set[str]()
    extra = {
        other.options["file"]: other.text
        for other in BLOCKS
        if other.page == block.page and "file" in other.options
    }
    result = check("example.proto-lite", read=readers({**extra, "example.proto-lite": text}), root=".")
    named = {code for _, code in block.expected}
    found = [
        (text.count("\n", 0, one.span.start) + 1 - before, one.code, one.message)
        for one in result.diagnostics
        if one.code not in ignored or one.code in named
    ]
    assert sorted((line, code) for line, code, _ in found) == sorted(block.expected), found


def test_every_block_has_a_known_language() -> None:
    assert [b.id for b in BLOCKS if b.language not in LANGUAGES] == []


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment whose `protodsl` and `python` are those under test."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, start in (
        ("protodsl", f'"{sys.executable}" -c "from protodsl.cli.main import main; main()"'),
        ("python", f'"{sys.executable}"'),
    ):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        script.chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])),
        "NO_COLOR": "1",
    }


WITH_COMMANDS = [
    page for page in PAGES if page.name != "README.md" and any(b.language == "console" for b in blocks(page))
]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_commands(page: Path, tmp_path: Path, shell: dict[str, str]) -> None:
    """A page's files and commands, in order, in a folder that holds a copy of `protocols/`."""
    folder = tmp_path / "page"
    shutil.copytree(ROOT / "protocols", folder / "protocols")
    where, status = folder, 0
    for block in blocks(page):
        if "file" in block.options:
            target = where / block.options["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        if block.language != "console":
            continue
        for command in commands(block):
            if command.text.startswith("cd "):
                where = (where / command.text[3:].strip()).resolve()
                assert where.is_relative_to(folder.resolve()), command.text
                continue
            done = subprocess.run(
                ["bash", "-c", f"(exit {status}); {command.text}"],
                cwd=where, env=shell, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            status = done.returncode
            assert status in (0, 1), f"{block.id}: {command.text}: exit code {status}\n{done.stderr}"
            printed = done.stdout + done.stderr
            assert same_output(command.output, printed), (
                f"{block.id}: {command.text}\n--- the page says\n{command.output}\n--- it printed\n{printed}"
            )


def test_links_lead_somewhere() -> None:
    broken: list[str] = []
    for page in PAGES:
        text = re.sub(r"`{3,}.*?`{3,}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, place = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (page.parent / path) if path else page
            if not file.exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
            elif place and file.suffix == ".md" and place not in anchors(file):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The names GitHub gives to a page's headings."""
    titles = re.findall(r"^#+\s+(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if "docs" in page.parts[-3:-1]]
    assert [page for page in pages if page != "README.md" and f"({page})" not in index] == []


def test_the_page_of_diagnostics_lists_the_catalogue() -> None:
    page = ROOT / "docs" / "reference" / "diagnostics.md"
    assert page.read_text(encoding="utf-8") == diagnostics_page(), (
        "docs/reference/diagnostics.md is out of date: run `python tests/test_docs.py`"
    )


def diagnostics_page() -> str:
    """docs/reference/diagnostics.md, made from the catalogue."""
    lines = [
        "# Diagnostics",
        "",
        "Every mistake the compiler reports has a code that does not change. `E` is an error, `W` a warning. A warning does",
        "not keep a protocol from being compiled. This page is made from the catalogue in",
        "[`src/protodsl/diagnostics/entries/`](../../src/protodsl/diagnostics/entries).",
        "",
    ]
    for entry in sorted(ENTRIES, key=lambda one: (one.code[1:], one.code)):
        lines += [f"## {entry.code} {entry.name}", "", f"*{_words(entry.message)}*", "", entry.explain, ""]
        if entry.bad:
            lines += ["Avoid:", "", "```text", *entry.bad.splitlines(), "```", ""]
        if entry.good:
            lines += ["Write:", "", "```text", *entry.good.splitlines(), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _words(template: str) -> str:
    return re.sub(r"\{(\w+)\}", r"⟨\1⟩", template.replace("{{", "{").replace("}}", "}"))


if __name__ == "__main__":
    (ROOT / "docs" / "reference" / "diagnostics.md").write_text(diagnostics_page(), encoding="utf-8")
