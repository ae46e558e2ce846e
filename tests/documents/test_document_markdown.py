"""Markdown that lints clean and reads back as what was written."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from document_fixture import TRIALS, protocol
from markdown_it import MarkdownIt
from pymarkdown.api import PyMarkdownApi
from shipped import trial
from test_document_bad_input import NASTY, model

from protodsl.documents import changes, compare, laid_out, lay, summary
from protodsl.documents.blocks import Summary, Table

NAMES = (*TRIALS, "lay", "comparison", "changes", "empty", *NASTY)


@cache
def document(name: str) -> Summary:
    match name:
        case "lay":
            return lay(trial("NCT06350110"))
        case "comparison":
            return compare(tuple(map(trial, TRIALS)))
        case "changes":
            return changes(trial("NCT06892145"), trial("NCT06222853"))
        case "empty":
            return summary(protocol())
        case _:
            return summary(model(NASTY[name]) if name in NASTY else trial(name))


@pytest.mark.parametrize("name", NAMES)
def test_it_lints_clean(name: str, tmp_path: Path) -> None:
    """All rules, but that lines may be long (tables) and that headings may recur in other parts.

    Each section is a file of its own under the title: the linter's time grows with the square of a file.
    """
    made = laid_out(document(name), "md").decode()
    head, *sections = re.split(r"(?m)^(?=## )", made)
    title = head.partition("\n")[0]
    assert title.startswith("# ") and "\n\n\n" not in made
    assert all(part.endswith("\n\n") for part in (head, *sections)[:-1])
    headings = [section.partition("\n")[0] for section in sections]
    assert len(set(headings)) == len(headings)
    (tmp_path / "0.md").write_text(head.rstrip("\n") + "\n", encoding="utf-8")
    for number, section in enumerate(sections, 1):
        text = section.rstrip("\n")
        (tmp_path / f"{number}.md").write_text(f"{title}\n\n{text}\n", encoding="utf-8")
    linter = PyMarkdownApi().disable_rule_by_identifier("md013")
    linter = linter.set_boolean_property("plugins.md024.siblings_only", True)
    found = linter.scan_path(str(tmp_path))
    assert [
        (
            failure.rule_id,
            Path(failure.scan_file).read_text(encoding="utf-8").splitlines()[failure.line_number - 1],
        )
        for failure in found.scan_failures
    ] == []
    assert not found.pragma_errors


@pytest.mark.parametrize("name", NAMES)
def test_tables_are_tables_and_nothing_is_html(name: str) -> None:
    made = document(name)
    tokens = MarkdownIt("commonmark").enable("table").parse(laid_out(made, "md").decode())
    kinds = [token.type for token in tokens] + [c.type for token in tokens for c in token.children or ()]
    assert "html_block" not in kinds and "html_inline" not in kinds and "link_open" not in kinds
    assert "code_block" not in kinds and "fence" not in kinds and "image" not in kinds
    tables = sum(1 for s in made.sections for block in s.blocks if isinstance(block, Table))
    assert kinds.count("table_open") >= tables
    headings = [
        tokens[n + 1].content for n, token in enumerate(tokens) if token.tag == "h2" and token.nesting == 1
    ]
    assert len(headings) == len(made.sections)
