"""The page: what it says is what the Markdown says, it is safe, and a screen reader finds its way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from document_fixture import JUDGED, TRIALS, leaf, protocol
from shipped import trial

from protodsl import fields, ir
from protodsl.documents import escape, render, summary
from protodsl.documents.blocks import Criteria, Entries, Table

VOID = {"meta", "link", "br", "hr", "img", "path", "line", "rect", "circle", "polygon", "polyline"}
HOSTILE = "<script>alert(1)</script> \" onload='x' & &lt; \u202e \u200b {{ 7*7 }} </style> 👩‍⚕️"


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None
    children: list[Element | str] = field(default_factory=list)

    def walk(self) -> list[Element]:
        found = [self]
        for child in self.children:
            if isinstance(child, Element):
                found += child.walk()
        return found

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.walk() if element.tag in tags]

    @property
    def text(self) -> str:
        parts = [c if isinstance(c, str) else c.text for c in self.children]
        return " ".join(" ".join(parts).split())


class Tree(HTMLParser):
    """Builds the tree and insists that every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("document", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs}, self.at)
        assert len(attrs) == len(element.attributes), (tag, attrs)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.children.append(Element(tag, {key: value or "" for key, value in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def page(model: ir.Protocol) -> Element:
    tree = Tree()
    tree.feed(render(model, "html").decode())
    tree.close()
    assert tree.at is tree.root
    return tree.root


PAGES: dict[str, Element] = {}


def page_of(name: str) -> Element:
    if name not in PAGES:
        PAGES[name] = page(protocol() if name == "empty" else trial(name))
    return PAGES[name]


EVERY = pytest.mark.parametrize("name", [*TRIALS, "empty"])


@EVERY
def test_landmarks_language_and_title(name: str) -> None:
    root = page_of(name)
    assert root.all("html")[0].attributes["lang"] == "en"
    assert root.all("title")[0].text
    for tag in ("header", "nav", "main", "footer", "h1"):
        assert len(root.all(tag)) == 1, tag
    skip = root.all("a")[0]
    assert skip.attributes["href"] == "#main" and skip.text == "Skip to the summary"


@EVERY
def test_ids_are_unique_and_every_reference_leads_somewhere(name: str) -> None:
    elements = page_of(name).walk()
    ids = [element.attributes["id"] for element in elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in elements:
        for key in ("aria-labelledby", "aria-describedby"):
            assert set(element.attributes.get(key, "").split()) <= set(ids)
        if element.tag == "a":
            assert element.attributes["href"].removeprefix("#") in ids


@EVERY
def test_heading_levels_are_never_skipped(name: str) -> None:
    level = 0
    for element in page_of(name).walk():
        if re.fullmatch("h[1-6]", element.tag) and element.attributes.get("id") != "contents":
            new = int(element.tag[1])
            assert new <= level + 1, element.text
            assert element.text
            level = new


@EVERY
def test_tables_have_headers_with_scope(name: str) -> None:
    for table in page_of(name).all("table"):
        head = table.all("thead")[0].all("th", "td")
        assert all(cell.attributes["scope"] == "col" for cell in head if cell.tag == "th")
        assert all(cell.text for cell in head if cell.tag == "th")
        for row in table.all("tbody")[0].all("tr"):
            cells = row.all("th", "td")
            assert len(cells) == len(head)
            assert cells[0].attributes["scope"] == "row"


@EVERY
def test_what_scrolls_can_be_reached_with_the_keyboard_and_has_a_name(name: str) -> None:
    for element in page_of(name).walk():
        if element.attributes.get("class") == "scroll":
            assert element.attributes["tabindex"] == "0" and element.attributes["aria-label"]


@EVERY
def test_the_page_is_one_file_without_scripts(name: str) -> None:
    root = page_of(name)
    assert not root.all("script", "link", "iframe", "object", "img", "form")
    for element in root.walk():
        assert not any(key.startswith("on") or key in ("src", "style") for key in element.attributes)
    style = root.all("style")[0].text
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style and "@media print" in style


@pytest.mark.parametrize("name", TRIALS)
def test_every_criterion_has_its_address(name: str) -> None:
    articles = {e.attributes["id"]: e for e in page_of(name).all("article")}
    count = 0
    for block in summary(trial(name)).sections[8].blocks:
        if isinstance(block, Criteria):
            for row in block.rows:
                article = articles[row.id.lower().replace(" ", "-").replace(".", "-")]
                assert article.text.startswith(row.title)
                assert all(" ".join(line.text.split()) in article.text for line in row.rules)
                count += 1
    assert count == len(articles) > 20


def test_a_criterion_is_linked_by_its_number() -> None:
    article = next(a for a in page_of("NCT06892145").all("article") if a.attributes["id"] == "inclusion-6-3")
    assert article.text.startswith("Inclusion 6.3 – Liver (computed)")


@EVERY
def test_every_section_is_there_and_in_the_contents(name: str) -> None:
    root = page_of(name)
    titles = [f"{number}. {title}" for number, title in enumerate(fields.SECTIONS)]
    titles.append("Appendix A: what the rules refer to")
    titles.append("Appendix B: where each field belongs in SPIRIT, ICH M11 and WHO")
    assert [heading.text for heading in root.all("main")[0].all("h2")] == titles
    assert [link.text for link in root.all("nav")[0].all("a")] == titles


@EVERY
def test_every_entry_and_cell_of_the_view_is_printed(name: str) -> None:
    model = protocol() if name == "empty" else trial(name)
    text = page_of(name).all("main")[0].text
    for section in summary(model).sections:
        for block in section.blocks:
            said: list[str] = []
            if isinstance(block, Entries):
                said = [words for entry in block.entries for words in (entry.label, entry.text)]
            elif isinstance(block, Table):
                said = [cell for row in (block.headers, *block.rows) for cell in row]
            for words in said:
                shown = " ".join(escape.visible(words).split())
                # what is missing stands in an element of its own
                assert shown.removeprefix("Not stated in the source") in text


def test_author_text_is_never_markup() -> None:
    part = leaf(
        "inclusion 1", HOSTILE, JUDGED, source=(ir.Quotation(HOSTILE),), clarify=(HOSTILE,), notes=(HOSTILE,)
    )
    model = protocol(ir.Criterion("inclusion", part), title=HOSTILE)
    raw = render(model, "html").decode()
    assert "\u202e" not in raw and "\u200b" not in raw and "[U+202E]" in raw
    root = page(model)
    assert not root.all("script")
    shown = " ".join(escape.visible(HOSTILE).split())
    assert root.all("h1")[0].text == shown
    assert root.all("article")[0].text.count(shown) == 3  # label, question, note
    assert root.all("dd")[0].text == shown
    assert all("onload" not in element.attributes for element in root.walk())


def test_the_same_every_time() -> None:
    assert render(trial("NCT06222853"), "html") == render(trial("NCT06222853"), "html")


def test_four_hundred_criteria_and_very_long_words() -> None:
    criteria = [
        ir.Criterion("exclusion", leaf(f"exclusion {n}", "w" * 3000 if n == 1 else f"No. {n}", JUDGED))
        for n in range(1, 401)
    ]
    root = page(protocol(*criteria))
    assert len(root.all("article")) == 400
