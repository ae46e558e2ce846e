"""The gallery: published trials of other fields, and the page that says what of them is computed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import shipped

from protodsl import ir
from protodsl.documents.eligibility import all_criteria, expressions
from protodsl.documents.words import decided_by

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "protocols" / "gallery"
TRIALS = sorted(GALLERY.glob("*.proto-lite"))
PAGE = ROOT / "docs" / "gallery.md"
SORTS = ("computed", "partly judged", "judged")

INTRODUCTION = """\
# Gallery

Published trials of fields that did not shape the language. Each is written whole in
[`protocols/gallery/`](../protocols/gallery) from what its registry publishes: every numbered criterion and
every item of one, with its quotation and its scenarios. What had to be judged in each, and what could not be
said and why, stands in its [notes](../protocols/gallery/README.md).

A criterion is *computed* where recorded data decide it, *judged* where a person must answer, a consent
included, and *partly judged* where it has both: a core that is computed, and a question about the rest. This
page is made from the trials by `python tests/test_docs.py`.
"""


def trial(path: Path) -> ir.Protocol:
    return shipped.trial(f"gallery/{path.stem}")


def decided(protocol: ir.Protocol) -> list[tuple[str, str, str]]:
    """Id, label and how it is decided, of each criterion in the order of the protocol."""
    return [
        (one.id, one.root.label, decided_by(protocol, expressions(one.root)))
        for one in all_criteria(protocol)
    ]


def gallery_page() -> str:
    """docs/gallery.md, made from the trials."""
    read = [(path, trial(path)) for path in TRIALS]
    lines = [INTRODUCTION, "| trial | about | criteria | computed | partly judged | judged |"]
    lines.append("|---|---|--:|--:|--:|--:|")
    whole: Counter[str] = Counter()
    for _, protocol in read:
        found = Counter(by for _, _, by in decided(protocol))
        whole += found
        lines.append(_row(f"[{protocol.id}](#{protocol.id.lower()})", _about(protocol), found))
    lines.append(_row("together", "", whole))
    for path, protocol in read:
        lines += ["", f"## {protocol.id}", "", f"[{protocol.title}](../protocols/gallery/{path.name})", ""]
        lines += ["| criterion | | |", "|---|---|---|"]
        lines += [f"| {name} | {_cell(label)} | {by} |" for name, label, by in decided(protocol)]
    return "\n".join(lines) + "\n"


def _about(protocol: ir.Protocol) -> str:
    match protocol.header.get("conditions"):
        case ir.Stated(text):
            return _cell(text)
        case ir.NotStated(str() as why):
            return _cell(why)
    return "not stated"


def _row(name: str, about: str, found: Counter[str]) -> str:
    of = found.total()
    counts = (f"{found[sort]} ({round(100 * found[sort] / of)} %)" if of else "0" for sort in SORTS)
    return f"| {name} | {about} | {of} | " + " | ".join(counts) + " |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
