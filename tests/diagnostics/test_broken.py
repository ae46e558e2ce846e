"""Each file in `broken/` beside the words it must get. The file is named after the diagnostic it shows.

`UPDATE_GOLDEN=1 pytest tests/diagnostics` writes the `.err` files anew; read what changed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protodsl.diagnostics import Diagnostic
from protodsl.diagnostics.catalogue import BY_NAME
from protodsl.diagnostics.text import render_text
from protodsl.driver import check

BROKEN = Path(__file__).parent / "broken"
FILES = sorted(path.stem for path in BROKEN.glob("*.proto-lite") if path.stem != "vocabulary")
# What a small protocol is told because it is small; shown only where it is the subject.
SMALL = ("fields-not-said", "no-source-document", "unused-vocabulary", "missing-source")


def subject(stem: str) -> str:
    """The name of the diagnostic a file shows: the longest that begins the file's name."""
    return max((name for name in BY_NAME if stem == name or stem.startswith(f"{name}-")), key=len)


def found_in(stem: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Diagnostic], str]:
    monkeypatch.chdir(BROKEN)
    result = check(f"{stem}.proto-lite")
    about = subject(stem)
    shown = [one for one in result.diagnostics if one.name == about or one.name not in SMALL]
    return shown, render_text(shown, result.sources)


@pytest.mark.parametrize("stem", FILES)
def test_broken(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, text = found_in(stem, monkeypatch)
    golden = BROKEN / f"{stem}.err"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(text, encoding="utf-8")
    assert subject(stem) in {one.name for one in shown}
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("stem", FILES)
def test_no_grammar_words(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No terminal's name, no token of another context: authors read these messages."""
    for one in found_in(stem, monkeypatch)[0]:
        said = f"{one.message} {one.help or ''}"
        for word in ("__ANON", "UNITNAME", "CID", "PARTID", "VKIND", "RBRACE", "LSQB", "Token(", "$END"):
            assert word not in said
