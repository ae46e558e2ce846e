"""Colours for the language: a Pygments lexer, and the TextMate grammar of the VS Code extension.

Both are made from the grammar's own words, so a new word of the language is coloured as soon as the grammar
has it. This module loads neither the parser nor the compiler.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Token, Whitespace

from protodsl.resources import grammar_path

_LITERAL = re.compile(r'"([a-z][a-z_]*)"')
_WORD = r"[A-Za-z][A-Za-z0-9_]*(?:\.[a-z][A-Za-z0-9_]*)?"
# Words that open a declaration: the terminals of kinds, and literals that begin a rule with a block.
_DECLARING = ("VKIND", "SECTION", "KIND", "LEVEL")
_PROSE = ("source", "clarify", "note", "aside", "accept", "because", "use", "language", "record")
_CONSTANTS = ("OUTCOME", "VERDICT")


def vocabulary() -> dict[str, tuple[str, ...]]:
    """The words of the language by kind: `declaration`, `verb`, `constant`, `prose`, `keyword`."""
    text = grammar_path().read_text(encoding="utf-8")
    text = re.sub(r"//[^\n]*", "", text)
    terminals = dict(re.findall(r"^([A-Z_]+)(?:\.\d+)?:[ ]*(/.*/)", text, re.MULTILINE))
    rules = re.sub(r"^[A-Z_]+(?:\.\d+)?:.*", "", text, flags=re.MULTILINE)
    literals = set(_LITERAL.findall(rules)) | {"no", "not"}
    opening = {
        word
        for word in re.findall(
            r'^\??[a-z_]+:[ ]*"([a-z]+)"(?=[^\n]*(?:NAME|STRING)[^\n]*)', rules, re.MULTILINE
        )
    }
    declared = {word for name in _DECLARING for word in _alternatives(terminals.get(name, ""))}
    declared |= opening & {
        word for word in opening if re.search(rf'^\??[a-z_]+:[ ]*"{word}"[^\n]*"{{"', rules, re.MULTILINE)
    }
    verbs = set(_alternatives(terminals.get("VERB", ""))) | set(_alternatives(terminals.get("REACTION", "")))
    constants = {word for name in _CONSTANTS for word in _alternatives(terminals.get(name, ""))}
    others = {
        word
        for name, pattern in terminals.items()
        if name
        not in (*_DECLARING, *_CONSTANTS, "VERB", "REACTION", "NAME", "UNIT", "UNITNAME", "STRING", "COMMENT")
        for word in _alternatives(pattern)
    }
    prose = set(_PROSE) & literals
    keywords = (literals | others) - declared - verbs - constants - prose
    found = {
        "declaration": declared,
        "verb": verbs,
        "constant": constants,
        "prose": prose,
        "keyword": keywords,
    }
    return {name: tuple(sorted(some, key=lambda word: (-len(word), word))) for name, some in found.items()}


def _alternatives(pattern: str) -> Iterator[str]:
    """The words a terminal's pattern lists, `at\\s+least` as `at least`."""
    plain = re.sub(r"\(\?[!=<][^()]*\)|\\b", "", pattern.strip("/")).replace(r"\s+", " ")
    spread = re.sub(r"\(\?:([^()]*)\)( [a-z]+)", lambda m: "|".join(w + m[2] for w in m[1].split("|")), plain)
    for word in re.sub(r"[()]|\?:", "", spread).split("|"):
        if re.fullmatch(r"[a-z]+(?: [a-z]+)*", word):
            yield word


def _any_of(some: tuple[str, ...]) -> str:
    """A pattern of whole words; blanks between the words of one may be any."""
    return r"(?<![\w.])(?:" + "|".join(word.replace(" ", r"\s+") for word in some) + r")(?![\w.])"


_UNIT = r"(?:10[*^]\d+|[A-Za-zµμ%°\[/])[\w%\[\]*./^µμ{}]*"


def _no_unit(some: dict[str, tuple[str, ...]]) -> str:
    """Words that stand behind a number and are no unit."""
    single = [word for word in (*some["keyword"], *some["verb"]) if " " not in word]
    return rf"(?!(?:{'|'.join(single)})\b)"


class ProtodslLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types of its own
    """Protocols in the language of protodsl."""

    name = "protodsl"
    aliases: ClassVar[list[str]] = ["protodsl", "proto-lite"]
    filenames: ClassVar[list[str]] = ["*.proto-lite"]
    url = "https://pypi.org/project/protodsl/"

    _words = vocabulary()
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#[^\n]*", Comment.Single),
            (r'"""(?:.|\n)*?"""', String.Double),
            (r'"[^"\n]*"', String.Double),
            (r"\d{4}-\d\d(?:-\d\d)?", Number),
            (r"\d+(?:\.\d+)?(?:\s?[x×]\s?10\^\d+)?", Number, "unit"),
            (_any_of(_words["verb"]), Keyword.Pseudo),
            (
                rf"({_any_of(_words['declaration'])})(\s+)({_WORD})",
                bygroups(Keyword.Declaration, Whitespace, Name.Class),
            ),
            (_any_of(_words["declaration"]), Keyword.Declaration),
            (_any_of(_words["constant"]), Keyword.Constant),
            (_any_of(_words["prose"]), Keyword.Namespace),
            (_any_of(_words["keyword"]), Keyword),
            (words(("ULN", "LLN"), suffix=r"\b"), Keyword.Type),
            (_WORD, Name),
            (r">=|<=|≥|≤|[<>=±+*/^-]", Operator),
            (r"%", Keyword.Type),
            (r"[][(){},:.]", Punctuation),
            (r".", Token.Text),
        ],
        "unit": [
            (r" ?(?:ULN|LLN)\b", Keyword.Type, "#pop"),
            (rf" ?{_no_unit(_words)}{_UNIT}", Keyword.Type, "#pop"),
            (r"", Token.Text, "#pop"),
        ],
    }  # fmt: skip


# ---------------------------------------------------------------- VS Code


def textmate() -> str:
    """`editors/vscode/syntaxes/protodsl.tmLanguage.json`, made from the same words."""
    some = vocabulary()
    scope = "protodsl"
    patterns: list[dict[str, Any]] = [
        {"name": f"comment.line.number-sign.{scope}", "match": "#.*$"},
        {"name": f"string.quoted.triple.{scope}", "begin": '"""', "end": '"""'},
        {"name": f"string.quoted.double.{scope}", "match": '"[^"]*"'},
        {"name": f"constant.numeric.date.{scope}", "match": r"\b\d{4}-\d\d(?:-\d\d)?\b"},
        {
            "match": r"(?<![\w.])(\d+(?:\.\d+)?(?:\s?[x×]\s?10\^\d+)?)"
            rf"(?: ?{_no_unit(some)}({_UNIT}))?",
            "captures": {
                "1": {"name": f"constant.numeric.{scope}"},
                "2": {"name": f"keyword.other.unit.{scope}"},
            },
        },
        {
            "match": rf"({_any_of(some['declaration'])})\s+({_WORD})",
            "captures": {
                "1": {"name": f"storage.type.{scope}"},
                "2": {"name": f"entity.name.type.{scope}"},
            },
        },
        {"name": f"storage.type.{scope}", "match": _any_of(some["declaration"])},
        {"name": f"keyword.other.verb.{scope}", "match": _any_of(some["verb"])},
        {"name": f"constant.language.{scope}", "match": _any_of(some["constant"])},
        {"name": f"keyword.other.prose.{scope}", "match": _any_of(some["prose"])},
        {"name": f"keyword.control.{scope}", "match": _any_of(some["keyword"])},
        {"name": f"keyword.operator.{scope}", "match": r">=|<=|≥|≤|[<>=±+*/^]|(?<=\s)-"},
        {"name": f"variable.other.{scope}", "match": _WORD},
    ]
    made = {
        "name": "protodsl",
        "scopeName": f"source.{scope}",
        "fileTypes": ["proto-lite"],
        "patterns": patterns,
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
