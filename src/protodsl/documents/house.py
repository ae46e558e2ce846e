"""House style: a folder with which a committee or sponsor changes how documents look, without forking.

A template or partial in the folder is used instead of ours of the same name (`summary.html.j2`,
`partials/style.css.j2`, …). `house.toml`, all of it optional:

    kind  = "Summary for the committee of Example Hospital"   # below the title and in the running head
    logo  = "logo.svg"                                        # SVG or PNG, in the folder
    order = [2, 1, 8]                                         # numbers of sections; those not named follow

    [[section]]                                               # added; text is plain, one paragraph per string
    title = "Opinion of the committee"
    text  = ["To be filled in."]
    after = 14                                                # number of a section; left out: at the end
"""

from __future__ import annotations

import base64
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from protodsl.documents.blocks import DocSection, Logo, Summary, Text


class RenderError(Exception):
    """The document cannot be made, for a reason the user can mend; the message says how."""


@dataclass(frozen=True, slots=True)
class Added:
    title: str
    text: tuple[str, ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class House:
    folder: Path
    kind: str | None = None
    logo: Logo | None = None
    order: tuple[int, ...] = ()
    sections: tuple[Added, ...] = ()

    def applied(self, document: Summary) -> Summary:
        """The document with title line, logo, order and added sections of the house. Numbers stay."""
        ranks = {number: rank for rank, number in enumerate(self.order)}
        last = len(ranks)
        ordered = sorted(
            document.sections, key=lambda s: ranks.get(s.number, last) if s.number is not None else last + 1
        )
        known = {section.number for section in ordered}
        for added in self.sections:
            made = DocSection(None, added.title, tuple(Text(text) for text in added.text))
            places = [n for n, s in enumerate(ordered) if s.number == added.after and added.after in known]
            ordered.insert(places[0] + 1 if places else len(ordered), made)
        kind = self.kind or document.kind
        return replace(document, sections=tuple(ordered), kind=kind, logo=self.logo)


def load(folder: str | Path) -> House:
    """The house style of a folder. Raises RenderError, naming file and field, where it cannot be used."""
    path = Path(folder)
    if not path.is_dir():
        raise RenderError(f"{folder} is not a folder of templates")
    file = path / "house.toml"
    if not file.exists():
        return House(path)
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise RenderError(f"{file} cannot be read: {problem}") from None
    unknown = sorted(set(data) - {"kind", "logo", "order", "section"})
    if unknown:
        raise RenderError(f"{file}: there is no field {unknown[0]}; there are kind, logo, order and section")
    kind, logo, order = data.get("kind"), data.get("logo"), data.get("order", [])
    _insist(kind is None or isinstance(kind, str), file, "kind", "text")
    _insist(logo is None or isinstance(logo, str), file, "logo", "the name of a file")
    whole = isinstance(order, list) and all(type(number) is int for number in order)
    _insist(whole and len(set(order)) == len(order), file, "order", "a list of different section numbers")
    sections = data.get("section", [])
    _insist(isinstance(sections, list), file, "section", "written as [[section]]")
    return House(
        path,
        kind,
        _logo(path, logo) if logo is not None else None,
        tuple(order),
        tuple(_section(file, section) for section in sections),
    )


def _insist(condition: bool, file: Path, name: str, what: str) -> None:
    if not condition:
        raise RenderError(f"{file}: {name} has to be {what}")


def _section(file: Path, data: Any) -> Added:
    _insist(isinstance(data, dict) and not set(data) - {"title", "text", "after"}, file, "section",
            "a title, a text and, if wanted, after")  # fmt: skip
    title, text, after = data.get("title"), data.get("text", []), data.get("after")
    text = [text] if isinstance(text, str) else text
    _insist(isinstance(title, str) and bool(title), file, "section.title", "text")
    paragraphs = isinstance(text, list) and all(isinstance(words, str) for words in text)
    _insist(paragraphs, file, "section.text", "text or a list of texts")
    _insist(after is None or type(after) is int, file, "section.after", "the number of a section")
    return Added(title, tuple(text), after)


def _logo(folder: Path, name: str) -> Logo:
    file = (folder / name).resolve()
    kinds = {".svg": "svg", ".png": "png"}
    kind = kinds.get(file.suffix.lower())
    if kind is None or not file.is_relative_to(folder.resolve()):
        raise RenderError(f"the logo {name} has to be an .svg or .png file inside {folder}")
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise RenderError(f"the logo {file} cannot be read: {problem.strerror or problem}") from None
    return Logo(kind, base64.b64encode(data).decode("ascii"), tuple(data))
