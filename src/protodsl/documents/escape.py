"""Author's and source's text never becomes markup: it is escaped, and what cannot be seen is shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

import markupsafe

_TYPST = re.compile(r"[!-/:-@\[-`{-~]")  # every ASCII punctuation mark
_MARKDOWN = re.compile(r"[\\`*_{}\[\]#|~$@]")
_MARKDOWN_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[-+=]))")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn"}


def visible(text: str) -> str:
    """The text on one line; characters that cannot be seen or turn the writing round are shown by number.

    These are controls, right-to-left marks and overrides, zero-width, private and unassigned characters:
    "[U+202E]". Runs of white space become one space; a space that must not break stays.
    """
    shown = []
    for char in re.sub(r"[ \t\r\n\f\v\u2028\u2029]+", " ", text).strip(" "):
        hidden = unicodedata.category(char) in _HIDDEN_CATEGORIES
        shown.append(code_point(char) if hidden else char)
    return "".join(shown)


def code_point(char: str) -> str:
    return f"[U+{ord(char):04X}]"


def markdown(text: str, start: bool = True) -> str:
    """Text for CommonMark with tables: renders as the very characters.

    `start`: it may stand at the start of a paragraph or list item, where "1." and "-" would open a list.
    """
    text = visible(text)
    text = re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], text)
    text = _MARKDOWN.sub(lambda m: "\\" + m[0], text)
    text = re.sub(r"(?i)\b(https?|ftp)://", r"\1\\://", text)  # no automatic links
    text = re.sub(r"(?i)\bwww\.", r"www\\.", text)
    if not start:
        return text
    return _MARKDOWN_START.sub(r"\1\\", text)


def html(text: str) -> str:
    """Text for HTML, safe between tags and in quoted attributes."""
    return str(markupsafe.escape(visible(text)))


def typst(text: str, missing: Container[str] = ()) -> str:
    """Text for typst markup. `missing`: characters no font has; they are shown by number, not as a box."""
    text = "".join(code_point(char) if char in missing else char for char in visible(text))
    return _TYPST.sub(lambda m: "\\" + m[0], text)


def typst_string(text: str, missing: Container[str] = ()) -> str:
    """Text as a string of typst's code, quotation marks included."""
    text = "".join(code_point(char) if char in missing else char for char in visible(text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
