"""The PDF as a reader's software sees it: tags, names, languages, fonts, bookmarks, page numbers.

typst refuses to write what breaks PDF/UA-1 as far as it can tell; these checks read the finished file with
another library and hold it to the parts of ISO 14289-1 a machine can decide.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pikepdf
import pypdf
import pytest
from document_fixture import TRIALS
from shipped import trial

from protodsl import fields
from protodsl.documents import laid_out, lay, render, speaking, summary
from protodsl.documents.blocks import Criteria, Picture, Schema, Table

NAMES = [*TRIALS, "lay", "Chinese"]
EVERY = pytest.mark.parametrize("name", NAMES)


@cache
def made(name: str) -> bytes:
    if name == "lay":
        return laid_out(lay(trial("NCT06350110")), "pdf")
    if name == "Chinese":
        return render(trial("NCT06350110"), "pdf", language="zh-Hans")
    return render(trial(name), "pdf")


@cache
def opened(name: str) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(made(name)))


def kids(node: Any) -> list[Any]:
    found = node.get("/K")
    if found is None:
        return []
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def elements(node: Any) -> Iterator[Any]:
    """Structure elements in reading order."""
    for kid in kids(node):
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid)


def tree(name: str) -> list[Any]:
    return list(elements(opened(name).Root.StructTreeRoot))


def role(element: Any) -> str:
    return str(element.S)[1:]


@EVERY
def test_it_claims_to_be_accessible_and_names_itself(name: str) -> None:
    pdf = opened(name)
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang).startswith("zh" if name == "Chinese" else "en")
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    with pdf.open_metadata() as meta:
        assert meta["pdfuaid:part"] == "1"
        assert "NCT" in meta["dc:title"] or "changzheng" in meta["dc:title"]


@EVERY
def test_all_that_is_drawn_is_tagged_or_said_to_be_decoration(name: str) -> None:
    pdf = opened(name)
    tagged = {(int(page), int(mark)) for page, mark in _marked(pdf.Root.StructTreeRoot, None, pdf)}
    for number, page in enumerate(pdf.pages):
        assert page.get("/Tabs") == "/S" or "/Annots" not in page
        depth: list[int | None] = []  # of each open sequence: its number, None for decoration
        for operands, operator in pikepdf.parse_content_stream(page):
            match str(operator):
                case "BDC" | "BMC":
                    kind = str(operands[0])
                    properties = operands[1] if len(operands) > 1 else {}
                    mark = properties.get("/MCID") if isinstance(properties, pikepdf.Dictionary) else None
                    assert kind == "/Artifact" or mark is not None or depth, kind
                    depth.append(int(mark) if mark is not None else None)
                case "EMC":
                    depth.pop()
                case "Tj" | "TJ" | "'" | '"' | "Do" | "f" | "S" | "B" | "f*" | "sh":
                    assert depth, (number, operator)
            for mark in depth:
                assert mark is None or (number, mark) in tagged
        assert not depth


def _marked(node: Any, page: Any, pdf: pikepdf.Pdf) -> Iterator[tuple[int, int]]:
    """(page, number) of every piece of content the tree refers to."""
    page = node.get("/Pg", page) if isinstance(node, pikepdf.Dictionary) else page
    for kid in kids(node):
        if isinstance(kid, int):
            yield _index(pdf)[page.objgen], kid
        elif isinstance(kid, pikepdf.Dictionary) and kid.get("/Type") == "/MCR":
            yield _index(pdf)[kid.get("/Pg", page).objgen], int(kid.MCID)
        elif isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield from _marked(kid, page, pdf)


@cache
def _index(pdf: pikepdf.Pdf) -> dict[tuple[int, int], int]:
    return {page.objgen: number for number, page in enumerate(pdf.pages)}


@EVERY
def test_headings_begin_at_one_and_skip_none(name: str) -> None:
    level, count = 0, 0
    for element in tree(name):
        if re.fullmatch(r"H[1-6]", role(element)):
            new = int(role(element)[1])
            assert new <= level + 1
            level, count = new, count + 1
    assert count >= 7


@EVERY
def test_tables_have_rows_of_cells_under_headers(name: str) -> None:
    tables = [element for element in tree(name) if role(element) == "Table"]
    for table in tables:
        rows = [element for element in elements(table) if role(element) == "TR"]
        assert rows and {role(cell) for cell in kids(rows[0])} == {"TH"}
        width = sum(_span(cell) for cell in kids(rows[0]))
        for row in rows:
            assert {role(cell) for cell in kids(row)} <= {"TH", "TD"}
            assert sum(_span(cell) for cell in kids(row)) == width
    assert tables or name in ("lay",)


def _span(cell: Any) -> int:
    attributes = cell.get("/A")
    found = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    return max([int(a.get("/ColSpan", 1)) for a in found if isinstance(a, pikepdf.Dictionary)] or [1])


@EVERY
def test_every_picture_is_said_in_words(name: str) -> None:
    figures = [element for element in tree(name) if role(element) == "Figure"]
    alts = {str(figure.Alt) for figure in figures}
    assert len(alts) == len(figures) > 0
    if name in TRIALS:
        drawn = [
            block.picture if isinstance(block, Schema) else block
            for section in summary(trial(name)).sections
            for block in section.blocks
            if isinstance(block, Schema | Picture)
        ]
        assert alts == {picture.alt for picture in drawn}


@EVERY
def test_links_are_in_the_tree_and_have_words(name: str) -> None:
    links = [a for page in opened(name).pages for a in page.get("/Annots", []) if a.Subtype == "/Link"]
    assert all(str(link.get("/Contents", "")) for link in links) and all("/StructParent" in a for a in links)
    assert len([e for e in tree(name) if role(e) == "Link"]) >= bool(links)


@EVERY
def test_fonts_are_inside_and_can_be_read_aloud(name: str) -> None:
    fonts = [
        obj
        for obj in opened(name).objects
        if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/Font"
    ]
    outer = [font for font in fonts if font.Subtype != "/CIDFontType0" and font.Subtype != "/CIDFontType2"]
    assert outer and all("/ToUnicode" in font for font in outer)
    for font in fonts:
        if "/FontDescriptor" in font:
            descriptor = font.FontDescriptor
            assert any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")), font.BaseFont


@pytest.mark.parametrize("name", TRIALS)
def test_bookmarks_running_heads_and_pages(name: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(made(name)))
    titles = [mark.title for mark in reader.outline if not isinstance(mark, list)]
    assert titles == [section.heading for section in summary(trial(name)).sections]
    document = summary(trial(name))
    pages = len(reader.pages)
    for number, page in enumerate(reader.pages, 1):
        text = " ".join(page.extract_text().split())
        assert f"Page {number} of {pages}" in text
        assert f"{document.id}, {document.version}" in text and document.kind in text


LENGTH = {
    "NCT06222853": (8, 13),
    "NCT06350110": (8, 13),
    "NCT06892145": (9, 15),
    "changzheng-cd19-cd3e": (10, 16),
}


@pytest.mark.parametrize("name", TRIALS)
def test_it_is_no_longer_than_it_was(name: str) -> None:
    """Pages of sections 0 to 14, and with the lists and appendices: see docs/decisions."""
    reader = pypdf.PdfReader(io.BytesIO(made(name)))
    heads = {
        mark.title: reader.get_destination_page_number(mark)
        for mark in reader.outline
        if not isinstance(mark, list)
    }
    last = next(page for title, page in heads.items() if title.startswith(f"15. {fields.SECTIONS[15]}"))
    assert (last + 1, len(reader.pages)) <= LENGTH[name]


def test_the_lay_version_has_two_pages() -> None:
    for name in TRIALS:
        assert len(pypdf.PdfReader(io.BytesIO(laid_out(lay(trial(name)), "pdf"))).pages) == 2


@pytest.mark.parametrize("name", TRIALS)
def test_the_words_of_the_view_are_in_the_pdf(name: str) -> None:
    """Text taken out of the PDF holds every rule, every question and every cell of the view."""
    reader = pypdf.PdfReader(io.BytesIO(made(name)))
    text = squeezed("".join(page.extract_text() for page in reader.pages))
    document = summary(trial(name))
    wanted = [point.text for point in document.clarify]
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Criteria):
                wanted += [line.text for row in block.rows for line in row.rules]
            elif isinstance(block, Table):
                wanted += [cell for row in block.rows for cell in row]
    lost = [words for words in wanted if len(words) < 60 and squeezed(words) not in text]
    assert len(lost) * 50 < len(wanted), lost  # a page break inside a sentence takes it apart


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f\u00ad-]", "", text)


def test_the_language_of_a_chinese_document_is_that_of_its_sentences() -> None:
    with speaking("zh-Hans"):
        document = summary(trial("NCT06222853"))
    reader = pypdf.PdfReader(io.BytesIO(laid_out(document, "pdf")))
    assert document.kind in reader.pages[0].extract_text()


@pytest.mark.parametrize("name", TRIALS)
def test_the_body_has_at_most_eight_pages(name: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(made(name)))
    titles = {item.title: item for item in reader.outline if not isinstance(item, list)}
    benefits = next(item for title, item in titles.items() if title.startswith("14."))
    questions = next(item for title, item in titles.items() if title.startswith("15."))
    last, first = (reader.get_destination_page_number(item) for item in (benefits, questions))
    assert last is not None and first is not None
    assert 4 <= last + 1 <= 8 and first <= 8  # section 15 may begin on the page after the last
