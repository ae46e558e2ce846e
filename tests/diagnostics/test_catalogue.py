"""The catalogue: codes are single, words can be written, entries are used, uses give what is needed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from protodsl.diagnostics import Label, alternatives, diagnose, suggest
from protodsl.diagnostics.catalogue import BY_CODE, BY_NAME, ENTRIES
from protodsl.diagnostics.entry import Entry, fields
from protodsl.diagnostics.machine import to_data, to_sarif
from protodsl.diagnostics.text import render_text
from protodsl.source import Source, Span

PACKAGE = Path(__file__).parents[2] / "src" / "protodsl"
SPAN = Span("a", 0, 1)


def calls() -> list[tuple[str, ast.Call]]:
    """Every place in the compiler that makes a diagnostic by name."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                first = node.args[0]
                if name in ("diagnose", "report", "at_found") and isinstance(first, ast.Constant):
                    found.append((f"{path.relative_to(PACKAGE)}:{node.lineno}", node))
    return found


def test_codes_and_names_are_single() -> None:
    assert len(BY_CODE) == len(BY_NAME) == len(ENTRIES)
    assert len({entry.code[1:] for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_entry(entry: Entry) -> None:
    assert re.fullmatch(r"[EWI]0\d{3}", entry.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert entry.explain.endswith((".", "”", '"', ")"))
    assert "{{" not in entry.explain + entry.bad + entry.good
    facts = {name: name.upper() for text in (entry.message, *entry.help) for name in fields(text)}
    found = diagnose(entry.name, SPAN, **facts)
    assert found.severity == {"E": "error", "W": "warning", "I": "info"}[entry.code[0]]
    assert "{" not in found.message.replace("`{`", "").replace("{ … }", "").replace("{ …", "")


def test_every_use_gives_the_facts_its_message_needs() -> None:
    wrong = []
    for place, call in calls():
        name = call.args[0].value  # type: ignore[attr-defined]  # a constant, as `calls` saw
        given = {keyword.arg for keyword in call.keywords}
        if name not in BY_NAME:
            wrong.append(f"{place}: no entry {name}")
        elif None not in given and not BY_NAME[name].required <= given:
            wrong.append(f"{place}: {name} needs {sorted(BY_NAME[name].required - given)}")
    assert wrong == []


def test_every_entry_is_used() -> None:
    used = {call.args[0].value for _, call in calls()}  # type: ignore[attr-defined]  # constants, as above
    text = "".join(
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if "entries" not in path.parts
    )
    assert [entry.name for entry in ENTRIES if entry.name not in used and f'"{entry.name}"' not in text] == []


# ---------------------------------------------------------------- making one


def test_help_is_the_first_that_can_be_said() -> None:
    known = diagnose("unknown-name", SPAN, what="lab", name="atl", suggestion="alt", wanted="a lab")
    assert known.help == "did you mean `alt`?"
    unknown = diagnose("unknown-name", SPAN, what="lab", name="atl", suggestion=None, wanted="a lab")
    assert unknown.help == "declare it, or bring its file in with `use`"
    assert diagnose("unknown-name", SPAN, what="lab", name="x", wanted="a lab", help="so").help == "so"


def test_lists_are_said_as_alternatives() -> None:
    found = diagnose("syntax", SPAN, expected=["a", "b", "c"], found="d")
    assert found.message == "expected a, b or c, found d"
    assert found.expected == ("a", "b", "c")
    assert [alternatives(["a", "b", "c"][:size]) for size in range(4)] == ["", "a", "a or b", "a, b or c"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [("creatinin", "creatinine"), ("ALT", "alt"), ("hepatitisb", "hepatitis_b"), ("zzz", None), ("", None)],
)
def test_suggestions(word: str, meant: str | None) -> None:
    assert suggest(word, ["creatinine", "alt", "ast", "hepatitis_b"]) == meant


def test_a_missing_fact_is_our_mistake() -> None:
    with pytest.raises(KeyError):
        diagnose("unknown-name", SPAN)


# ---------------------------------------------------------------- views


def test_text_with_labels_in_other_files_tabs_and_wide_characters() -> None:
    sources = {
        "a": Source("a", "first\n\tlab 汉字x = y\n"),
        "b": Source("b", "one\ntwo\n"),
    }
    start = sources["a"].text.index("x")
    found = diagnose(
        "duplicate-name",
        Span("a", start, start + 1),
        labels=[Label(Span("b", 4, 7), "first declared here"), Label(Span("c", 0, 1), "and here")],
        name="x",
    )
    assert render_text([found], sources) == (
        "a:2:8: error[E0202] `x` is declared twice\n"
        "2 |     lab 汉字x = y\n"
        "  |             ^\n"
        "  :: b:2:1\n"
        "2 | two\n"
        "  | --- first declared here\n"
        "  :: c\n"
        "  | and here\n"
        "  = help: give one of them another name, or remove it\n"
    )


def test_text_cannot_be_made_to_move_the_cursor() -> None:
    source = Source("a\x1b[2J", "lab \x1b[31mx\r\n")
    found = diagnose("duplicate-name", Span(source.path, 4, 5), name="\x1b[31mx\ny")
    assert "\x1b" not in render_text([found], {source.path: source})


def test_long_lines_are_cut_round_the_place() -> None:
    source = Source("a", "x" * 5000 + "HERE" + "y" * 5000)
    found = diagnose("duplicate-name", Span("a", 5000, 5004), name="x")
    lines = render_text([found], {"a": source}).splitlines()
    assert all(len(line) < 200 for line in lines)
    assert lines[1][lines[2].index("^") :].startswith("HERE")


def test_data_and_sarif_agree() -> None:
    source = Source("folder/a b.proto-lite", "language 1\nlab é\n")
    found = diagnose("duplicate-name", Span(source.path, 15, 16), name="é")
    data = to_data(found, {source.path: source})
    assert data["start"] == {"offset": 15, "line": 2, "column": 5}
    log = to_sarif([found, found], {source.path: source}, "1.0")
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "folder/a%20b.proto-lite"
    assert place["region"] == {
        "startLine": 2, "startColumn": 5, "endLine": 2, "endColumn": 6, "charOffset": 15, "charLength": 1,
    }  # fmt: skip
    assert len(log["runs"][0]["tool"]["driver"]["rules"]) == 1
