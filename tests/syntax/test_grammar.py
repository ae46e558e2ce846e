"""The grammar: no conflict lark would resolve silently, words for every terminal, reserved words that are."""

from __future__ import annotations

import logging
from pathlib import Path

import lark
import pytest
from lark import Lark

from protodsl.source import Source
from protodsl.syntax.grammar import _cache_file, grammar_text, literal_of, parser, reserved_words
from protodsl.syntax.parser import parse
from protodsl.syntax.words import TERMINALS


def test_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    level = lark.logger.level
    lark.logger.setLevel(logging.DEBUG)
    try:
        with caplog.at_level(logging.DEBUG, logger="lark"):
            Lark(grammar_text(), parser="lalr", lexer="contextual", debug=True, maybe_placeholders=True)
    finally:
        lark.logger.setLevel(level)
    assert not [record.getMessage() for record in caplog.records if "onflict" in record.getMessage()]


def test_every_terminal_has_words() -> None:
    literals = literal_of()
    for terminal in parser().terminals:
        if terminal.name not in ("COMMENT", "__IGNORE_1"):
            assert terminal.name in TERMINALS or terminal.name in literals, terminal.name


def test_no_words_for_terminals_that_are_gone() -> None:
    names = {terminal.name for terminal in parser().terminals}
    assert set(TERMINALS) - names == {"$END"}


@pytest.mark.parametrize("word", ["and", "within", "unless", "before", "first", "has"])
def test_reserved_words_are_no_names(word: str) -> None:
    assert word in reserved_words()
    _, found = parse(Source("a", f'language 1\nlab {word} "A" {{ unit U/L }}\n'))
    assert [one.name for one in found] == ["reserved-name"]


def test_no_terminal_hides_another() -> None:
    """lark's strict mode compares the terminals of each context (with interegular) and refuses conflicts."""
    pytest.importorskip("interegular")
    Lark(grammar_text(), parser="lalr", lexer="contextual", strict=True, maybe_placeholders=True)


def test_parser_is_cached_in_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = _cache_file("grammar")
    assert file is not None
    assert Path(file).parent == tmp_path / "protodsl"
    assert Path(file).parent.stat().st_mode & 0o777 == 0o700
    assert _cache_file("another grammar") != file


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o500])
def test_no_cache_where_others_may_write_or_we_may_not(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("os.access", lambda path, _: bool(Path(path).stat().st_mode & 0o200))
    (tmp_path / "protodsl").mkdir()
    (tmp_path / "protodsl").chmod(mode)
    assert _cache_file("grammar") is None


def test_no_cache_where_no_folder_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert _cache_file("grammar") is None


def test_a_damaged_cache_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    file = _cache_file(grammar_text())
    assert file is not None
    Path(file).write_bytes(b"no parser")
    parser.cache_clear()
    try:
        assert parser().parse("language 1").data == "start"
        assert Path(file).stat().st_size > 1000
    finally:
        parser.cache_clear()
