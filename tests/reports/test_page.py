"""The page for people: whole in itself, escaped, readable without scripts, and as it looks in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import browse, measured, needs_chromium
from small_trial import lab, screened, trial_of

from protodsl.reports.page import participant_of, report_page

FRAGMENT = """
inclusion 1 "Organs" {
  part 1 "ALT" {
    require alt <= 3 ULN
  }
  part 2 "AST" {
    require ast <= 100 U/L
  }
}
exclusion 1 "Vaccine" {
  exclude if received live_vaccine within 4 weeks before screening
}
exclusion 2 "Only women" {
  applies if sex is female
  exclude if has gout
}
"""
NASTY = "<script>alert(1)</script>\"'&amp;"


def people() -> list[Any]:
    trial = trial_of(FRAGMENT)
    well: dict[str, Any] = {
        "sex": "male",
        "complete": ["procedures", "conditions"],
        "results": [lab("alt", 40, "U/L", uln=40), lab("ast", 40, "U/L")],
    }
    near = well | {"id": "P-2", "results": [lab("alt", 124, "U/L", uln=40), lab("ast", 40, "U/L")]}
    waits = well | {"id": "P-3", "procedures": [{"code": "live_vaccine", "date": "2024-02-12"}]}
    open_ = {"id": NASTY, "results": [lab("alt", "normal <b>", "U/L"), lab("creatinine", 90, "mg/dL")]}
    return [participant_of(screened(trial, one)) for one in (well, near, waits, open_)]


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag


def test_it_is_whole_in_itself_and_well_formed() -> None:
    html = report_page(people(), ["x.json: <b>bad</b>"])
    page = Elements()
    page.feed(html)
    assert page.open == []
    for tag, attributes in page.found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "form")
        assert not attributes.keys() & {"src", "srcset", "style", "action"}
        assert all(not name.startswith("on") for name in attributes)
        target = attributes.get("href")
        assert target is None or any(target == f"#{one.get('id')}" for _, one in page.found)
    assert sum(tag == "script" for tag, _ in page.found) == 1
    assert "url(" not in html and "@import" not in html and "http:" not in html
    assert "default-src &#39;none&#39;" in html


def test_words_of_records_and_authors_are_escaped() -> None:
    html = report_page(people(), [NASTY + "\u202e"])
    assert "<script>alert" not in html and "<b>" not in html
    assert "\u202e" not in html and "[U+202E]" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_it_says_what_a_reader_needs() -> None:
    text = re.sub(r"<[^>]+>", " ", report_page(people()))
    said = " ".join(text.split())
    for words in (
        "1 eligible", "1 undetermined", "2 ineligible",
        "only inclusion 1 fails", "off by 4 U/L (3.3 %)",
        "ALT at most 120 U/L instead of 124 U/L would make it eligible",
        "only exclusion 1 fails", "Earliest date 2024-03-12", "Passes from 2024-03-12",
        "Missing: could still change the verdict From the laboratory",
        "Was umol/L meant?", "results/0 ALT 124 U/L, reference at most 40, 2024-02-19",
        "SHA-256 record",
    ):  # fmt: skip
        assert words in said, words


def test_the_same_bytes_twice() -> None:
    assert report_page(people()) == report_page(people())


def test_nobody_is_a_page_too() -> None:
    assert "Could not be screened" in report_page([], ["a.json: not JSON"])


@needs_chromium
def test_in_a_browser_the_filters_hide_what_is_passed(tmp_path: Path) -> None:
    html = report_page(people())
    rows = "[...document.querySelectorAll('.all tbody tr')].filter(r => r.offsetHeight).length"
    page = tmp_path / "page.html"
    every = int(measured(page, html, rows))
    assert every == 4 * 5
    filtered = int(measured(page, html.replace('class="only"', 'class="only" checked'), rows))
    not_passed = len(re.findall(r'<tr class="(?:fails|unknown) depth', html))
    assert filtered == not_passed < every
    shown = "[...document.querySelectorAll('article')].filter(a => a.offsetHeight).length"
    assert measured(page, html.replace('class="people"', 'class="people" checked'), shown) == "3"
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert measured(page, html, wide) == "false"


@needs_chromium
def test_in_a_browser_nothing_is_refused_by_its_own_policy(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(report_page(people()))
    picture = tmp_path / "page.png"
    browse(page, "--window-size=1000,1400", f"--screenshot={picture}")
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000


@needs_chromium
def test_printed_it_shows_the_evidence(tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("there is no pdftotext here")
    page, paper = tmp_path / "page.html", tmp_path / "page.pdf"
    page.write_text(report_page(people()))
    browse(page, f"--print-to-pdf={paper}", "--no-pdf-header-footer")
    text = subprocess.run(["pdftotext", str(paper), "-"], capture_output=True, text=True, check=True).stdout
    said = " ".join(text.split())
    assert "ALT 124 U/L, reference at most 40, 2024-02-19" in said
    assert "Only what is not passed" not in said
