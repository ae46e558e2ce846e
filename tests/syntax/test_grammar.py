"""The grammar: no conflict lark would resolve silently, words for every terminal, reserved words that are."""

from __future__ import annotations

import logging

import lark
import pytest
from lark import Lark

from protodsl.source import Source
from protodsl.syntax.grammar import grammar_text, literal_of, parser, reserved_words
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
