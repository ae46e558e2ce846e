"""Answers about a file as it is on the screen: whole, half typed, or wrong from the first day."""

from __future__ import annotations

from pathlib import Path

import pytest

from protodsl.editor.desk import Desk

TRIAL = """language 1
lab body_weight "Body weight" { unit kg range 0.5 to 250 }
score bcva "Visual acuity" {
  scale 0 to 100
  worse lower
}
condition uveitis "Uveitis" { icd10 "H20" }
drug steroid "Steroid" { atc "H02" }
reference weight_for_age "Weight for age" {
  file "weight.csv"
  unit kg
  citation "A table"
}
protocol small "Small" {
  timepoint screening
  anchor screening
  values within 28 days before screening
  side study_eye "Study eye" other fellow_eye "Fellow eye"
  parameter washout "Washout" {
    - 4 weeks if country is japan
    - 8 weeks otherwise
  }
  inclusion 1 "Light" {
    require body_weight <= percentile 97 of weight_for_age
  }
  inclusion 2 "Sight" {
    require bcva of fellow_eye >= 34
  }
  exclusion 1 "Steroid" {
    exclude if received steroid within washout before screening
  }
}
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "weight.csv").write_text("sex,age_years,p3,p97\nfemale,0,3,90\nmale,0,4,100\n")
    return str(tmp_path / "t.proto-lite")


def opened(path: str, text: str) -> Desk:
    desk = Desk()
    desk.edit(path, text)
    desk.check(path)
    return desk


def hovered(desk: Desk, path: str, words: str, inside: int = 0) -> str:
    found = desk.hover(path, desk.text(path).index(words) + inside)
    assert found is not None
    return found.text


def offered(path: str, text: str, typed: str) -> list[str]:
    """What is offered behind words that are typed in place of the rule of inclusion 1."""
    text = text.replace("require body_weight <= percentile 97 of weight_for_age", typed)
    return [one.word for one in opened(path, text).complete(path, text.index(typed) + len(typed))]


def test_reference_tables(path: str) -> None:
    desk = opened(path, TRIAL)
    said = hovered(desk, path, "weight_for_age\n")
    assert "**Weight for age** · reference table" in said
    assert "percentiles 3, 97, by completed age in years and sex" in said and "unit kg" in said
    at = desk.definition(path, TRIAL.index("of weight_for_age") + 5)
    assert at is not None and TRIAL[at.start : at.end] == "weight_for_age"
    assert at.start < TRIAL.index("protocol")
    places = desk.rename(path, at.start, "weights")
    assert isinstance(places, list) and len(places) == 2
    assert offered(path, TRIAL, "require body_weight <= percentile ") == ["3", "97"]
    assert offered(path, TRIAL, "require body_weight <= percentile 97 ") == ["of"]
    assert offered(path, TRIAL, "require body_weight <= percentile 97 of ") == ["weight_for_age"]
    fields = offered(path, TRIAL.replace('  file "weight.csv"', "  \n"), "require")
    assert "require" in fields
    inside = TRIAL.replace("  unit kg\n  citation", "  \n  citation")
    words = opened(path, inside).complete(path, inside.index("  \n  citation") + 2)
    assert {"file", "unit", "citation"} <= {one.word for one in words}


def test_parameters_and_sides(path: str) -> None:
    desk = opened(path, TRIAL)
    assert "- 8 weeks otherwise" in hovered(desk, path, "washout before")
    for name in ("washout", "fellow_eye", "study_eye"):
        at = desk.definition(path, TRIAL.rindex(name) + 1)
        assert at is not None and TRIAL[at.start : at.end] == name
    assert offered(path, TRIAL, "require received no steroid within ") == ["washout"]
    assert offered(path, TRIAL, "require bcva of ")[:3] == ["study_eye", "fellow_eye", "left"]
    assert "washout" in offered(path, TRIAL, "require body_weight <= ")
    names = [one.name for one in desk.symbols(path)[-1].children]
    assert {"side study_eye", "parameter washout"} <= set(names)


def test_a_file_that_was_never_whole(path: str) -> None:
    """One mistake does not silence the rest."""
    text = TRIAL.replace("received steroid", "received steriod")
    desk = opened(path, text)
    assert [one.name for one in desk.check(path).diagnostics if one.severity == "error"] == ["unknown-name"]
    assert "**Uveitis** · condition" in hovered(desk, path, "uveitis")
    assert "must be at least 34" in hovered(desk, path, "require bcva", 3)
    assert "**Weight for age**" in hovered(desk, path, "weight_for_age\n")
    assert offered(path, text, "require has ") == ["uveitis"]


def test_what_is_broken_is_read_as_it_was_when_whole(path: str) -> None:
    desk = opened(path, TRIAL)
    desk.edit(path, TRIAL.replace(">= 34", ">="))
    assert desk.check(path).failed
    assert "Sight" in hovered(desk, path, "require bcva", 3)


def test_a_vocabulary_alone(path: str) -> None:
    text = TRIAL[: TRIAL.index("reference")] + "drug class steroids { members [steroid] }\n"
    desk = opened(path, text)
    assert "range 0.5 to 250" in hovered(desk, path, "body_weight")
    assert "members: Steroid" in hovered(desk, path, "steroids")
