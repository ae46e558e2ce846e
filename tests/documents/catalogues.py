"""The message catalogues: what the sources say, taken out of them, and the catalogues brought up to date.

`python tests/documents/catalogues.py` writes `documents.pot` and every `.po` and `.mo` anew; what is not yet
translated is left empty and listed.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from protodsl import fields
from protodsl.documents.language import DOMAIN, LOCALE
from protodsl.documents.study import TIME_FRAME

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "protodsl" / "documents"
KEYWORDS = {"say": None, "mark": None, "count": (2, 3)}


def extracted() -> Iterator[tuple[str | tuple[str, ...], str]]:
    """Every message of the documents with the file it is in: of the code, the templates, the fields."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(ROOT).as_posix()
        with file.open("rb") as text:
            for _, words, _, _ in extract("python", text, KEYWORDS, options={"encoding": "utf-8"}):
                yield words, place
    for file in sorted((ROOT / "templates").rglob("*.j2")):
        place = file.relative_to(ROOT).as_posix()
        with file.open("rb") as text:
            for _, words, _, _ in extract("jinja2.ext:babel_extract", text, {"say": None}):
                yield words, place
    place = "src/protodsl/fields.py"
    for title in fields.SECTIONS:
        yield title, place
    for _, label in fields.FEATURES:
        yield label, place
    for spec in (TIME_FRAME, *(spec for block in fields.BLOCKS.values() for spec in block)):
        yield spec.label, place
        for _, label in spec.words:
            yield label, place


def template() -> Catalog:
    made = Catalog(project="protodsl", version="1", charset="utf-8", fuzzy=False)
    for words, place in extracted():
        made.add(words, locations=[(place, 0)])
    return made


def current(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def compiled(catalogue: Catalog) -> bytes:
    made = io.BytesIO()
    write_mo(made, catalogue)
    return made.getvalue()


def written(catalogue: Catalog) -> bytes:
    made = io.BytesIO()
    write_po(made, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=False)
    return made.getvalue()


def update() -> int:
    fresh = template()
    missing = 0
    for path in sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        catalogue = current(path)
        dates = catalogue.creation_date, catalogue.revision_date
        catalogue.update(fresh, no_fuzzy_matching=True)
        catalogue.creation_date, catalogue.revision_date = dates
        catalogue.obsolete.clear()
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(catalogue))
        for message in catalogue:
            if message.id and not (
                message.string if isinstance(message.string, str) else all(message.string or ("",))
            ):
                print(f"{path.parent.parent.name}: {message.id!r}")
                missing += 1
    return missing


if __name__ == "__main__":
    sys.exit(1 if update() else 0)
