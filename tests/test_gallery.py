"""The trials of the gallery are whole: checked, quoted, compiled, rendered, reached by scenarios."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from gallery import GALLERY, PAGE, TRIALS, gallery_page
from shipped import checked, trial

from protodsl.backends import python
from protodsl.cli.render import rendered
from protodsl.scenario.coverage import coverage
from protodsl.scenario.run import evaluators, run


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_a_trial_is_clean_and_quotes_its_whole_source(path: Path) -> None:
    result = checked(f"gallery/{path.stem}")
    assert result.diagnostics == ()
    assert result.protocol is not None
    document = result.protocol.document
    assert document is not None
    assert document.total > 0
    assert (document.covered, document.uncovered) == (document.total, ())


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_a_trial_gives_a_checker_and_a_summary(path: Path) -> None:
    model = trial(f"gallery/{path.stem}")
    ast.parse(python.generate(model))
    text = rendered(model, "md").decode("utf-8")
    assert model.id in text


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.stem)
def test_the_scenarios_hold_and_reach_every_outcome(path: Path) -> None:
    result = checked(f"gallery/scenarios/{path.stem}")
    assert result.diagnostics == ()
    assert result.tested is not None
    assert result.tested.id == path.stem
    screens = evaluators(result.tested)
    results = [run(one, screens) for one in result.scenarios]
    assert [one.message for each in results for one in each.findings] == []
    made = coverage(result.tested, results, result.sources)
    assert [(one.id, one.lacking) for one in made.criteria if one.lacking] == []


def test_the_notes_speak_of_every_trial() -> None:
    notes = (GALLERY / "README.md").read_text(encoding="utf-8")
    headings = [line for line in notes.splitlines() if line.startswith("### ")]
    assert sorted(headings) == sorted(f"### {path.stem}" for path in TRIALS)


def test_the_page_of_the_gallery_is_made_from_the_trials() -> None:
    assert PAGE.read_text(encoding="utf-8") == gallery_page(), (
        "docs/gallery.md is out of date: run `python tests/test_docs.py`"
    )
