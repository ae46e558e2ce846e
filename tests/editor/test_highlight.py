"""Colours come from the grammar's words: the Pygments lexer, the TextMate grammar of the VS Code extension.

`python tests/editor/test_highlight.py` writes the extension's grammar anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pygments")
from pygments import lex
from pygments.token import Comment, Keyword, Name, Number, String, Token

from protodsl.highlight import ProtodslLexer, textmate, vocabulary
from protodsl.syntax.grammar import literal_of, parser

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "editors" / "vscode"
GRAMMAR = EXTENSION / "syntaxes" / "protodsl.tmLanguage.json"
WORDS = {word: kind for kind, some in vocabulary().items() for word in some}


def test_the_extension_has_the_grammar_of_today() -> None:
    assert GRAMMAR.read_text(encoding="utf-8") == textmate(), "run `python tests/editor/test_highlight.py`"


def test_every_word_of_the_grammar_is_coloured() -> None:
    """What the parser knows as a word, this module has read from the grammar's text without it."""
    single = {text for text in literal_of().values() if re.fullmatch(r"[a-z_]+", text)}
    assert single <= {part for word in WORDS for part in (word, *word.split())}


def test_every_word_a_terminal_lists_is_coloured() -> None:
    text = {terminal.name: terminal.pattern for terminal in parser().terminals}
    for word, kind in WORDS.items():
        if kind in ("verb", "constant", "declaration"):
            listed = any(
                re.fullmatch(pattern.to_regexp(), word)
                for name, pattern in text.items()
                if name not in ("NAME",)
            )
            assert listed, word


@pytest.mark.parametrize(
    "path", sorted((ROOT / "protocols").rglob("*.proto-lite")), ids=lambda path: path.name
)
def test_the_lexer_reads_every_protocol(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(lex(text, ProtodslLexer(stripnl=False, ensurenl=False)))
    assert "".join(word for _, word in found) == text
    assert [word for kind, word in found if kind in (Token.Error, Token.Text) and word.strip()] == []


def test_kinds() -> None:
    text = 'part 2 "Liver" { # why\n require alt <= 3 ULN and received x within 4 weeks before screening }'
    kinds = [(kind, word.strip()) for kind, word in lex(text, ProtodslLexer()) if word.strip()]
    assert (Keyword.Declaration, "part") in kinds
    assert (String.Double, '"Liver"') in kinds
    assert (Comment.Single, "# why") in kinds
    assert (Keyword, "require") in kinds
    assert (Name, "alt") in kinds
    assert (Number, "3") in kinds
    assert [word for kind, word in kinds if kind is Keyword.Type] == ["ULN", "weeks"]
    assert (Keyword.Pseudo, "received") in kinds


def test_the_lexer_loads_no_compiler() -> None:
    code = (
        "import sys, protodsl.highlight\n"
        "print(*{'lark', 'click', 'protodsl.driver', 'protodsl.ir'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_extension_is_whole() -> None:
    package = json.loads((EXTENSION / "package.json").read_text())
    assert (EXTENSION / package["main"]).is_file()
    (language,) = package["contributes"]["languages"]
    assert language["extensions"] == [".proto-lite"]
    json.loads((EXTENSION / language["configuration"]).read_text())
    (grammar,) = package["contributes"]["grammars"]
    assert (EXTENSION / grammar["path"]).resolve() == GRAMMAR
    assert grammar["scopeName"] == json.loads(textmate())["scopeName"]


def assertions() -> list[tuple[int, str, int, int, str]]:
    """(line, its text, first column, end, scope) of every mark under a line of the extension's tests."""
    found: list[tuple[int, str, int, int, str]] = []
    number, text = 0, ""
    for at, line in enumerate((EXTENSION / "tests" / "trial.proto-lite").read_text().splitlines()[1:], 2):
        arrow = re.match(r"#\s*(\^+|<(-+))\s+(\S+)$", line)
        if arrow is None:
            number, text = at, line
        elif arrow[2]:
            found.append((number, text, 0, len(arrow[2]), arrow[3]))
        else:
            found.append((number, text, arrow.start(1), arrow.end(1), arrow[3]))
    return found


@pytest.mark.parametrize(("number", "text", "start", "end", "scope"), assertions())
def test_the_textmate_grammar(number: int, text: str, start: int, end: int, scope: str) -> None:
    """The assertions of `npm test`, the patterns tried as TextMate tries them: first match, first rule."""
    assert scope in scopes(text, start, end), (number, text[start:end])


def scopes(text: str, start: int, end: int) -> set[str]:
    at = 0
    patterns = [one for one in json.loads(textmate())["patterns"] if "match" in one]
    while at <= start:
        found = [re.compile(one["match"]).search(text, at) for one in patterns]
        tried = [(one.start(), order, one) for order, one in enumerate(found) if one and one.group()]
        if not tried:
            return set()
        _, order, match = min(tried, key=lambda one: one[:2])
        if match.start() <= start and end <= match.end():
            one = patterns[order]
            inner = {
                capture["name"]
                for group, capture in one.get("captures", {}).items()
                if match.start(int(group)) <= start and end <= match.end(int(group))
            }
            return {one["name"]} if "name" in one else inner
        at = match.end()
    return set()


if __name__ == "__main__":
    GRAMMAR.parent.mkdir(parents=True, exist_ok=True)
    GRAMMAR.write_text(textmate(), encoding="utf-8")
