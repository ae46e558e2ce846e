"""The page under axe-core in headless Chromium: no violation, and nothing left undecided.

axe cannot tell what lies behind the letters of a drawing, or behind what overlaps by a hair. The contrast of
these is measured here: the ground is the nearest one that is not transparent, and boxes of a drawing are
filled with the page's own.
"""

from __future__ import annotations

import html
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from browser import browse, needs_chromium
from document_fixture import ROOT
from shipped import trial

from protodsl.documents import compare, laid_out, lay, speaking, summary
from protodsl.documents.blocks import Summary

# the newest axe-core: `npm install axe-core` in the checkout; else the one the development extra brings
NPM = ROOT / "node_modules" / "axe-core" / "axe.min.js"
RUN = """
const sees = css => { const [r, g, b] = css.match(/[0-9.]+/g).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b }
const ratio = (a, b) => { const [x, y] = [sees(a), sees(b)].sort((m, n) => n - m)
  return (x + 0.05) / (y + 0.05) }
const ground = e => { for (; e; e = e.parentElement) {
    const css = getComputedStyle(e).backgroundColor
    if (!/, 0\\)$/.test(css)) return css } }
const own = e => e.closest("svg") ? getComputedStyle(e).fill : getComputedStyle(e).color
const paper = getComputedStyle(document.body).backgroundColor
const boxes = new Set([...document.querySelectorAll("figure svg .paper")].map(e => getComputedStyle(e).fill))
axe.run(document, {resultTypes: ["violations", "incomplete"]}).then(found => {
  const told = list => list.map(r => [r.id, r.nodes.map(n => n.html)])
  const open = found.incomplete.filter(r => r.id == "color-contrast").flatMap(r => r.nodes)
    .map(n => document.querySelector(n.target[0])).map(e => ratio(own(e), ground(e)))
  const out = document.createElement("pre")
  out.textContent = JSON.stringify({violations: told(found.violations),
    undecided: found.incomplete.map(r => r.id), least: Math.min(...open, 21),
    boxes: [...boxes], paper: paper, wide: document.body.scrollWidth - innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches})
  document.body.replaceChildren(out)
})
"""


@cache
def axe() -> str:
    if NPM.exists():
        return NPM.read_text(encoding="utf-8")
    package = pytest.importorskip("axe_core_python")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def examined(document: Summary, folder: Path, *flags: str) -> Any:
    page = laid_out(document, "html").decode()
    start = page.index('<meta http-equiv="Content-Security-Policy"')  # it would forbid the examiner, too
    page = page[:start] + page[page.index(">", start) + 1 :]
    file = folder / "page.html"
    file.write_text(
        page.replace("</body>", f"<script>{axe()}</script><script>{RUN}</script></body>"), encoding="utf-8"
    )
    dom = browse(file, "--virtual-time-budget=60000", *flags, "--dump-dom")
    start = dom.index("<pre>") + 5
    return json.loads(html.unescape(dom[start : dom.index("</pre>", start)]))


def check(found: Any, dark: bool = False) -> None:
    assert found["dark"] is dark
    assert found["violations"] == []
    assert set(found["undecided"]) <= {"color-contrast"}
    assert found["least"] >= 4.5 and set(found["boxes"]) <= {found["paper"]}
    assert found["wide"] <= 0, "the page scrolls sideways"


@needs_chromium
def test_the_summary(tmp_path: Path) -> None:
    check(examined(summary(trial("NCT06222853")), tmp_path, "--window-size=1280,900"))


@needs_chromium
def test_the_short_one_in_the_dark_on_a_narrow_screen(tmp_path: Path) -> None:
    flags = ("--window-size=500,900", "--blink-settings=preferredColorScheme=0")
    check(examined(lay(trial("NCT06892145")), tmp_path, *flags), dark=True)


@needs_chromium
def test_the_comparison(tmp_path: Path) -> None:
    document = compare((trial("NCT06892145"), trial("NCT06222853")))
    check(examined(document, tmp_path, "--window-size=1600,900"))


@needs_chromium
def test_the_short_one_in_chinese(tmp_path: Path) -> None:
    with speaking("zh-Hans"):
        document = lay(trial("NCT06350110"))
    check(examined(document, tmp_path, "--window-size=1280,900"))
