"""Message catalogues: whole, with the same facts as the English, and used by every document."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import catalogues
import pytest
from babel.messages.catalog import Message
from click.testing import CliRunner
from document_fixture import ROOT, TRIALS, protocol
from shipped import trial

from protodsl.cli.render import command
from protodsl.documents import changes, compare, laid_out, lay, render, speaking, summary
from protodsl.documents.language import LANGUAGES, MACHINE_MADE, say

FILES = sorted(catalogues.LOCALE.glob("*/LC_MESSAGES/documents.po"))
HAN = re.compile(r"[\u4e00-\u9fff]")


def places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def both(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return ids, strings


def test_there_is_a_catalogue_for_each_language_but_english() -> None:
    assert {path.parents[1].name.replace("_", "-") for path in FILES} | {"en"} == set(LANGUAGES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parents[1].name)
def test_a_catalogue_has_the_messages_of_the_sources_and_no_others(path: Path) -> None:
    kept, fresh = catalogues.current(path), catalogues.template()
    assert {message.id for message in kept} == {message.id for message in fresh}
    assert not kept.obsolete
    assert path.read_bytes() == catalogues.written(kept)
    assert path.with_suffix(".mo").read_bytes() == catalogues.compiled(kept)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parents[1].name)
def test_every_message_is_translated_with_the_same_facts(path: Path) -> None:
    for message in catalogues.current(path):
        ids, strings = both(message)
        if not ids[0]:
            continue
        assert not message.fuzzy
        for words in strings:
            assert words, ids
            assert places(words) == places(ids[-1]), (ids, words)
            # figures of ours stand in both: "Phase 1", "section 15"
            assert set(re.findall(r"\d+", ids[-1])) == set(re.findall(r"\d+", words)), (ids, words)


def calls() -> Iterator[tuple[str, ast.Call]]:
    for file in sorted(catalogues.PACKAGE.rglob("*.py")):
        if file.name == "language.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and called in ("say", "count"):
                yield file.name, node


def test_every_message_is_given_the_facts_it_names() -> None:
    seen = 0
    for file, call in calls():
        counted = isinstance(call.func, ast.Name) and call.func.id == "count"
        given = {keyword.arg for keyword in call.keywords}
        for words in call.args[1:] if counted else call.args:
            if isinstance(words, ast.Constant):
                assert places(words.value) == given | ({"number"} & places(words.value)), (file, call.lineno)
                seen += 1
    assert seen > 300


def test_no_sentence_of_ours_goes_round_the_catalogue() -> None:
    """A text, heading, header or line made in the documents is said, never written there and then."""
    for file in sorted(catalogues.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in ("Text", "Heading", "Line", "_computed", "_title", "_bar"):
                for argument in node.args:
                    for part in ast.walk(argument):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            words = part.value.strip()
                            assert " " not in words or not _written(argument, part), (file.name, words)


def _written(argument: ast.expr, part: ast.Constant) -> bool:
    """Whether a constant is printed as it is: it stands in no call of the catalogue."""
    inside = {
        id(found)
        for call in ast.walk(argument)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("say", "count")
        for found in ast.walk(call)
    }
    return id(part) not in inside


@pytest.mark.parametrize("name", TRIALS)
def test_figures_units_and_criteria_are_the_same_in_chinese(name: str) -> None:
    """Each rule in Chinese holds the figures of the English one, and is denied as often."""
    from test_document_numbers import sentences

    from protodsl.documents.blocks import Criteria

    def rules(language: str) -> dict[str, str]:
        with speaking(language):  # type: ignore[arg-type]
            document = summary(trial(name))
        return {
            f"{block.kind} {row.id}": " ".join(text for line in row.rules for text in sentences(line))
            for block in document.sections[8].blocks
            if isinstance(block, Criteria)
            for row in block.rows
        }

    english, chinese = rules("en"), rules("zh-Hans")
    assert english.keys() == chinese.keys()
    for id, words in english.items():
        figures = sorted(re.findall(r"\d+(?:[./]\d+)*", words))
        assert sorted(re.findall(r"\d+(?:[./]\d+)*", chinese[id])) == figures, (words, chinese[id])
        words = re.sub(r"“[^”]*”", "", words)
        if "must not" in words or "may be" in words:
            assert re.search(r"不得|均不", chinese[id]), (words, chinese[id])
        elif "must" in words:
            assert "必须" in chinese[id], (words, chinese[id])


@pytest.mark.parametrize("kind", ["md", "html", "pdf"])
def test_every_document_speaks_chinese_and_says_who_translated(kind: str) -> None:
    with speaking("zh-Hans"):
        made = trial("NCT06892145")
        documents = (summary(made), lay(made), changes(protocol(), made), compare((made, protocol())))
    for document in documents:
        assert document.language == "zh-Hans" and "机器翻译" in document.note
        found = laid_out(document, kind)  # type: ignore[arg-type]
        assert found == laid_out(document, kind)  # type: ignore[arg-type]
        if kind != "pdf":
            text = found.decode()
            assert "机器翻译" in text and HAN.search(document.kind)
            assert ('<html lang="zh-Hans">' in text) == (kind == "html")


def test_english_is_not_changed_by_a_chinese_document_before_it() -> None:
    before = render(trial("NCT06222853"), "md")
    render(trial("NCT06222853"), "md", language="zh-Hans")
    assert render(trial("NCT06222853"), "md") == before
    assert say("not stated") == "not stated" and "en" not in MACHINE_MADE


def test_no_reading_age_is_claimed_where_the_formula_does_not_hold() -> None:
    text = render(trial("NCT06222853"), "md", plain=True, language="zh-Hans").decode()
    assert "Flesch" not in text


def test_the_command_takes_a_language(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    path = str(ROOT / "protocols" / "NCT06222853.proto-lite")
    result = CliRunner().invoke(command, [path, "--language", "zh-Hans", "-o", str(target)])
    assert result.exit_code == 0 and "入选标准" in target.read_text(encoding="utf-8")
