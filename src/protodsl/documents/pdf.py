"""PDF by typst: tagged (PDF/UA-1), with bookmarks, without dates, every glyph present.

The fonts are those inside the typst wheel (Libertinus Serif, New Computer Modern, DejaVu Sans Mono; all free)
and ours for common Chinese (`fonts/`), so that the same protocol gives the same bytes anywhere. A character
they lack is taken from the system's fonts where one has it, and shown by its number ("[U+4E2D]") where none
has: never as an empty box.
"""

from __future__ import annotations

import importlib
import unicodedata
from pathlib import Path
from types import ModuleType
from typing import Any

from protodsl.documents import escape
from protodsl.documents.blocks import Summary
from protodsl.documents.house import RenderError

FONTS = Path(__file__).parent / "fonts"
_PROBE = '#set document(title: "probe", date: none)\n#set text(lang: "en")\n'
_UNCOVERED = "could not be displayed"
_MISSING = "missing codepoints"


def make(document: Summary, folder: Path | None = None) -> bytes:
    from protodsl.documents.render import environment

    typst = _typst()

    def text(missing: set[str]) -> str:
        made = environment(lambda value: escape.typst(value, missing), folder, missing).get_template(
            "summary.typ.j2"
        )
        return made.render(doc=document)

    plain = text(set())
    foreign = _uncovered(typst, plain, system=False)
    missing = _uncovered(typst, "".join(sorted(foreign)), system=True) if foreign else set()
    marks = {char for char in plain if unicodedata.category(char).startswith("M")}
    # a mark may have a glyph and yet none together with the letter before it, a letter of another font none
    # in a picture: then the one, the other, and at last all that is not Latin is shown by number
    rare = {char for char in plain if ord(char) > 0x24F}
    attempts = (missing, missing | marks, missing | marks | foreign, missing | marks | foreign | rare)
    for hidden in attempts:
        try:
            return _compile(typst, text(hidden) if hidden else plain, system=bool(foreign - missing))
        except typst.TypstError as error:
            glyphs = _MISSING in str(error) or _UNCOVERED in str(error)
            if glyphs and hidden != attempts[-1]:
                continue
            if folder is None:
                raise  # our own template: our mistake
            raise RenderError(
                f"the templates or the logo in {folder} cannot be made a PDF: {error}"
            ) from None
    raise AssertionError("the last attempt returns or raises")


def _typst() -> ModuleType:
    try:
        return importlib.import_module("typst")
    except ImportError as error:
        raise RenderError('PDF needs the extra "pdf": pip install "protodsl[pdf]"') from error


def _compile(typst: Any, text: str, system: bool) -> bytes:
    made: bytes = typst.compile(
        text.encode(),
        font_paths=[FONTS],
        ignore_system_fonts=not system,
        format="pdf",
        pdf_standards="ua-1",
    )
    return made


def _uncovered(typst: Any, text: str, system: bool) -> set[str]:
    """Characters of the text that no font has. PDF/UA forbids empty boxes, so typst refuses each of them."""
    left = sorted({char for char in text if ord(char) > 0x7E})
    found: set[str] = set()
    while left:
        refused = _refused(typst, left, system)  # the first of them, and what else is named with it
        found |= refused
        left = [char for char in left if char not in refused] if refused else []
    return found


def _refused(typst: Any, chars: list[str], system: bool) -> set[str]:
    """Some of the characters no font has; empty where there is none. All are tried at once, each alone."""
    try:
        _compile(typst, _PROBE + "".join(f'#"{char}"\n\n' for char in chars), system)
        return set()
    except typst.TypstError as error:
        if _UNCOVERED not in str(error):
            raise
        named = {char for char in chars if f'`"{char}"`' in str(error)}
        if named or len(chars) == 1:
            return named or set(chars)
    middle = len(chars) // 2  # the message writes it otherwise: look for it in halves
    return _refused(typst, chars[:middle], system) or _refused(typst, chars[middle:], system)
