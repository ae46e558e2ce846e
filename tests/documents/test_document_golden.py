"""The four trials' summaries as Markdown, kept: a change of a word is seen in review.

`UPDATE_GOLDEN=1 pytest tests/documents` writes them anew; read what changed.
"""

from __future__ import annotations

import os
import re

import pytest
from document_fixture import ROOT, TRIALS
from shipped import trial

from protodsl.documents import render

GOLDEN = ROOT / "tests" / "golden"


@pytest.mark.parametrize("name", TRIALS)
def test_summary_is_the_kept_one(name: str) -> None:
    made = re.sub(r"\b[0-9a-f]{64}\b", "(SHA-256)", render(trial(name), "md").decode())
    kept = GOLDEN / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        kept.write_text(made, encoding="utf-8")
    assert made == kept.read_text(encoding="utf-8")
