"""Nothing an author or a source writes becomes markup, and nothing hides in it."""

from __future__ import annotations

import re

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from protodsl.documents import escape

NASTY = [
    "`rm -rf`", "# heading", "*bold* _it_ **b** __b__", "<script>alert(1)</script>", "a | b || c", "$x^2$ $$",
    "@ref a@b.c",
    "back\\slash \\u{41} \\", "[link](http://evil) ![img](x)", "#import \"x\": *", "#panic()", "#{1+1}",
    "= Title", "== T",
    "- item", "+ item", "1. item", "2) item", "/ term: x", "https://example.org www.example.org",
    "// comment", "/* c */",
    "~strike~", "{{ jinja }} {% raw %}", "“quoted” 'x' \"y\"", "--- -- ...", "a & b &lt; &amp;", "<label>",
    "]", "[", ")", "(",
    "0.3×10\\^5/kg", "x < 3 > 2 >= 1", "^[note]", ":--|--:", "\\", "'", "&#65;", "line\nbreak\r\n\ttab",
    "  padded  ",
]  # fmt: skip


# ---------------------------------------------------------------- what cannot be seen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a[U+202E]b"), ("\u200fx", "[U+200F]x"), ("a\u200bb", "a[U+200B]b"), ("\ufeffx",
        "[U+FEFF]x"),
        ("a\x00b", "a[U+0000]b"), ("a\x1b[31m", "a[U+001B][31m"), ("\ue000", "[U+E000]"), ("a\u00adb",
        "a[U+00AD]b"),
        ("\ud800", "[U+D800]"), ("a\u2066b\u2069", "a[U+2066]b[U+2069]"),
        ("two\nlines\tand\u2028more", "two lines and more"), ("3\u00a0mg", "3\u00a0mg"), ("≥ ≤ × µ ⁹ ² é 中",
        "≥ ≤ × µ ⁹ ² é 中"),
    ],
)  # fmt: skip
def test_hidden_characters_are_shown(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


# ---------------------------------------------------------------- typst

PLAIN = r"""
#let plain(it) = {
  if it.has("text") and it.func() != raw { it.text }
  else if it == [ ] { " " }
  else if it.has("children") { it.children.map(plain).join() }
  else { panic("markup: " + repr(it)) }
}
#assert.eq(plain[START], STRING)
"""


def typst_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def assert_plain_in_typst(text: str) -> None:
    shown = escape.visible(text)
    if not shown:
        return
    source = PLAIN.replace("START", "x" + escape.typst(text)).replace("STRING", typst_string("x" + shown))
    typst.compile(source.encode(), format="svg", ignore_system_fonts=True)


@pytest.mark.parametrize("text", NASTY)
def test_typst_prints_the_very_characters(text: str) -> None:
    assert_plain_in_typst(text)
    # and at the start of a paragraph, where headings and lists begin
    forbidden = "".join(
        f"#show {kind}: it => panic()\n" for kind in ("heading", "list", "enum", "link", "raw")
    )
    source = f"{forbidden}\n{escape.typst(text)}\n"
    typst.compile(source.encode(), format="svg", ignore_system_fonts=True)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_text_is_plain_in_typst(text: str) -> None:
    assert_plain_in_typst(text)


def test_typst_shows_characters_without_glyph_by_number() -> None:
    assert escape.typst("a中b", {"中"}) == "a\\[U\\+4E2D\\]b"


# ---------------------------------------------------------------- Markdown


def rendered(markdown: str) -> str:
    """What a reader of CommonMark sees of one line of text: backslash escapes and entities undone."""
    text = re.sub(r"\\([!-/:-@\[-`{-~])|&#(\d+);|&(amp|lt|gt);", _undone, markdown)
    return text


def _undone(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    return chr(int(found[2])) if found[2] else {"amp": "&", "lt": "<", "gt": ">"}[found[3]]


@pytest.mark.parametrize("text", NASTY)
def test_markdown_keeps_the_characters(text: str) -> None:
    assert rendered(escape.markdown(text)) == escape.visible(text)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_no_live_markup_is_left_in_markdown(text: str) -> None:
    for start in (True, False):
        made = escape.markdown(text, start)
        assert rendered(made) == escape.visible(text)
        bare = re.sub(r"\\.|&#\d+;|&(amp|lt|gt);", "", made)
        assert not re.search(r"[`*_\[\]<>|#$~{}@\\]", bare)
        assert "\n" not in made
        if start:
            assert not re.match(r"([-+=]|\d+[.)](\s|$))", made)


def test_markdown_makes_no_links_by_itself() -> None:
    assert "p://" not in escape.markdown("see http://example.org")
    assert "S://" not in escape.markdown("HTTPS://example.org")
    assert "www." not in escape.markdown("www.example.org")
