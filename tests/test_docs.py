"""Every example in the documentation is checked, and every command in it is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from gallery import PAGE as GALLERY_PAGE
from gallery import gallery_page
from markdown_blocks import Block, Command, blocks, commands, same_output

from protodsl.backends.sql.tables import TABLES
from protodsl.diagnostics.catalogue import ENTRIES
from protodsl.diagnostics.page import template
from protodsl.driver import check
from protodsl.fields import BLOCKS as FIELDS

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [block for page in PAGES for block in blocks(page)]
LANGUAGES = {"protodsl", "console", "json", "text", "python", "sh", "toml"}

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
# A fragment quotes no document, has not every criterion, and a page shows a declaration before its use.
NOT_IN_FRAGMENTS = {"W0651", "W0653", "W0552", "W0676"}


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


# Files are for the commands that follow them.
EXAMPLES = [block for block in BLOCKS if block.language == "protodsl" and "file" not in block.options]


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.id)
def test_example(block: Block) -> None:
    if block.mode:
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


def shell(programs: Path) -> dict[str, str]:
    """An environment whose `protodsl` and `python` are those under test."""
    programs.mkdir(parents=True)
    for name, start in (
        ("protodsl", f'"{sys.executable}" -m protodsl'),
        ("python", f'"{sys.executable}"'),
    ):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {start} "$@"\n')
        script.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if name != "COLUMNS"},  # pages are 100 wide
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])),
        "NO_COLOR": "1",
    }


WITH_COMMANDS = [page for page in PAGES if any(block.language == "console" for block in blocks(page))]


def run_page(page: Path, folder: Path, env: dict[str, str]) -> Iterator[tuple[Block, Command, str]]:
    """A page's files and commands, in order, beside copies of `protocols/`, `tests/data/`; each with what it
    printed.
    """
    shutil.copytree(ROOT / "protocols", folder / "protocols")
    shutil.copytree(ROOT / "tests" / "data", folder / "tests" / "data")
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
                cwd=where, env=env, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            status = done.returncode
            assert status in (0, 1), f"{block.id}: {command.text}: exit code {status}\n{done.stderr}"
            yield block, command, done.stdout + done.stderr


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_commands(page: Path, tmp_path: Path) -> None:
    for block, command, printed in run_page(page, tmp_path / "page", shell(tmp_path / "bin")):
        assert same_output(command.output, printed), (
            f"{block.id}: {command.text}\n--- the page says\n{command.output}\n--- it printed\n{printed}"
            "\nIf that is right: python tests/test_docs.py"
        )


def update_commands(page: Path) -> None:
    """Writes into the page what its commands print, where that is something else than the page says."""
    with tempfile.TemporaryDirectory() as name:
        for block, command, printed in run_page(page, Path(name) / "page", shell(Path(name) / "bin")):
            if same_output(command.output, printed):
                continue
            said = "\n".join(["$ " + command.text.replace("\n", "\n> "), command.output]).rstrip("\n")
            new = "\n".join(["$ " + command.text.replace("\n", "\n> "), *printed.rstrip("\n").splitlines()])
            text = page.read_text(encoding="utf-8")
            assert text.count(said + "\n") >= 1, f"{block.id}: {command.text}"
            at = text.index(block.text) + block.text.index(said)
            page.write_text(text[:at] + new + text[at + len(said) :], encoding="utf-8")
            raise Again


class Again(Exception):
    """The page has changed and is read anew."""


def test_links_lead_somewhere() -> None:
    broken: list[str] = []
    for page in PAGES:
        text = re.sub(r"`{3,}.*?`{3,}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, place = target.partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            file = (page.parent / path) if path else page
            named = place and file.suffix == ".md"
            if not file.exists() or (named and place not in anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The names GitHub gives to a page's headings."""
    titles = re.findall(r"^#+\s+(.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_in_an_index() -> None:
    for folder in (ROOT / "docs", ROOT / "docs" / "decisions"):
        index = (folder / "README.md").read_text(encoding="utf-8")
        pages = [page.relative_to(folder).as_posix() for page in folder.rglob("*.md")]
        listed = [page for page in pages if page == "README.md" or f"({page})" in index]
        inner = [page for page in pages if folder.name == "docs" and page.startswith("decisions/0")]
        assert sorted(listed + inner) == sorted(pages)


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
        "Every mistake the compiler reports has a code that does not change. `E` is an error, `W` a warning.",
        "A warning does not keep a protocol from being compiled. This page is made from the catalogue in",
        "[`src/protodsl/diagnostics/entries/`](../../src/protodsl/diagnostics/entries).",
        "",
    ]
    for entry in sorted(ENTRIES, key=lambda one: (one.code[1:], one.code)):
        lines += [f"## {entry.code} {entry.name}", "", f"*{template(entry.message)}*", "", entry.explain, ""]
        if entry.bad:
            lines += ["Avoid:", "", "```text", *entry.bad.splitlines(), "```", ""]
        if entry.good:
            lines += ["Write:", "", "```text", *entry.good.splitlines(), "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def test_the_page_of_fields_lists_the_catalogue() -> None:
    page = ROOT / "docs" / "reference" / "fields.md"
    assert page.read_text(encoding="utf-8") == fields_page(), (
        "docs/reference/fields.md is out of date: run `python tests/test_docs.py`"
    )


def fields_page() -> str:
    """docs/reference/fields.md, made from the catalogue of prose fields."""
    lines = [
        "# Fields",
        "",
        "The prose fields of each block, made from the catalogue in",
        "[`fields.py`](../../src/protodsl/fields.py). *Expected*: a field that is said in every protocol,",
        "or in those with that feature, be it as `not stated`. The last columns name the items of SPIRIT",
        "2025, ICH M11 and the WHO Trial Registration Data Set that ask for it.",
    ]
    for block, specs in FIELDS.items():
        lines += ["", f"## {block}", ""]
        lines += ["| field | is | expected | SPIRIT | M11 | WHO |", "|---|---|---|---|---|---|"]
        for spec in specs:
            said = spec.label + (f" ({spec.hint})" if spec.hint else "")
            if spec.words:
                said += ": " + ", ".join(f"`{word}`" for word, _ in spec.words)
            expected = "yes" if spec.required is True else f"`{spec.required}`" if spec.required else ""
            cells = (f"`{spec.name}`", said, expected, spec.spirit, spec.m11, spec.who)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def test_the_page_of_tables_lists_the_schema() -> None:
    page = ROOT / "docs" / "reference" / "tables.md"
    assert page.read_text(encoding="utf-8") == tables_page(), (
        "docs/reference/tables.md is out of date: run `python tests/test_docs.py`"
    )


def tables_page() -> str:
    """docs/reference/tables.md, made from the schema."""
    lines = [
        "# Tables of facts",
        "",
        "What `protodsl data load` and `protodsl simulate` write, and [`protodsl cohort`](../cohorts.md) and",
        "the statements of `protodsl sql` read: a folder with a folder of Parquet files for each table, and",
        "`facts.json`, which says how many rows belong to it. This page is made from",
        "[`tables.py`](../../src/protodsl/backends/sql/tables.py).",
    ]
    for table in TABLES:
        lines += ["", f"## {table.name}", "", table.meaning, ""]
        lines += ["| column | type | is |", "|---|---|---|"]
        lines += [f"| `{each.name}` | `{each.type}` | {each.meaning} |" for each in table.fields]
    return "\n".join(lines) + "\n"


def test_the_readme_screens_a_cohort(tmp_path: Path) -> None:
    """The README's command, with fewer people, without installing anything or opening a browser."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- command: cohort -->\n```sh\n(.*?)```", text, flags=re.DOTALL)
    assert found is not None
    install, _, command = found[1].replace(".venv/bin/", "").partition("&&\n")
    assert install.split()[:2] == ["pip", "install"]
    command = command.replace("-n 1000000", "-n 400").replace(" --open", "")
    shutil.copytree(ROOT / "protocols", tmp_path / "protocols")
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path, env=shell(tmp_path / "bin"), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert "400 participants" in done.stdout and "what if the age limit were another" in done.stdout
    assert "<svg" in (tmp_path / "attrition.html").read_text(encoding="utf-8")


def update() -> None:
    made = (
        ("diagnostics.md", diagnostics_page()),
        ("fields.md", fields_page()),
        ("tables.md", tables_page()),
    )
    for name, text in made:
        (ROOT / "docs" / "reference" / name).write_text(text, encoding="utf-8")
    GALLERY_PAGE.write_text(gallery_page(), encoding="utf-8")
    for page in WITH_COMMANDS:
        while True:
            try:
                update_commands(page)
            except Again:
                continue
            break


if __name__ == "__main__":
    update()
