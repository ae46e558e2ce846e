"""What people write from habit is answered with how it is written here, and never accepted silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from protodsl.diagnostics import Diagnostic
from protodsl.driver import check
from protodsl.source import Source
from protodsl.syntax import parse

HABITS = {
    "alt > 3 × ULN": "3 ULN",
    "alt > 3 x ULN": "3 ULN",
    "alt > ULN × 3": "3 ULN",
    "received vaccine within 30 days prior to screening": "before",
    "received vaccine in the last 30 days": "within 30 days before …",
    "received vaccine within the 30 days before screening": "within 30 days",
    "received vaccine less than 30 days before screening": "within less than 30 days before",
    "received vaccine within 30 days": "within 30 days before …",
    "received rituximab within 5 half-lives before screening": "half_lives",
    "received vaccine within last 30 days": "within 30 days before …",
    "age >= 18 years at consent": "age at consent >= 18 years",
    "uacr >= 200 mg/g and <= 5000 mg/g": "between 200 mg/g and 5000 mg/g",
    "had diabetes at any time": "ever",
    "had lupus or vasculitis within 12 weeks before screening": "had any of [lupus, vasculitis]",
    "hospitalised for asthma within 3 months before screening": "was hospitalised for",
    "has lupus for at least 6 months": "for >= 6 months",
    "had at least 2 seizures": "had seizures on at least 2 occasions",
    "takes prednisone at > 10 mg daily": "10 mg/d",
    "takes prednisone at more than 10 mg/d": ">",
    "sledai is at least 8": ">=",
    "age < 18 years old": "18 years",
    "age 5 to 18 years": "age between 5 and 18 years",
    "hbsag positive": "hbsag is positive",
    'judged by investigator "unfit"': 'judged "unfit" by investigator',
    "investigator judges unfit": 'judged "…" by investigator',
    "creatinine clearance < 30 mL/min": "creatinine_clearance",
}


def diagnosed(rule: str) -> list[Diagnostic]:
    text = f'language 1\nprotocol p "P" {{\nexclusion 1 "One" {{\n  exclude if {rule}\n}}\n}}\n'
    return parse(Source("p.proto-lite", text))[1]


@pytest.mark.parametrize(("rule", "instead"), HABITS.items(), ids=lambda text: text)
def test_habit(rule: str, instead: str) -> None:
    (found,) = diagnosed(rule)
    assert found.name in ("other-words", "name-of-several-words")
    assert found.fact("suggestion") == instead
    assert found.help is not None and instead in found.help


@pytest.mark.parametrize("rule", [rule for rule in HABITS if "…" not in HABITS[rule]])
def test_the_fix_takes_the_line_a_step_further(rule: str) -> None:
    (found,) = diagnosed(rule)
    assert found.fix is not None
    said = rule.replace(str(found.fact("text")), found.fix.replacement, 1)
    assert said != rule
    for again in diagnosed(said):
        assert again.span.start > found.span.start or again.name != found.name


def test_a_habit_that_reads_like_a_side() -> None:
    text = """language 1
use "vocabulary/conditions.proto-lite"
protocol p "P" {
  timepoint screening
  anchor screening
  exclusion 1 "One" { exclude if history of malignancy }
}
"""
    folder = Path(__file__).resolve().parents[1] / "protocols"
    files = {"p.proto-lite": text.encode()}
    result = check(
        "p.proto-lite", read=lambda path: files.get(path) or (folder / path).read_bytes(), root="."
    )
    (found,) = [one for one in result.diagnostics if one.severity == "error"]
    assert found.name == "other-words"
    assert found.fix is not None and found.fix.replacement == "had malignancy"
    assert text[found.span.start : found.span.end] == "history of malignancy"


def test_what_is_written_right_is_no_habit() -> None:
    for rule in (
        "at least 2 of { \n - alt > 3 ULN\n - ast > 3 ULN\n}",
        "received vaccine within 30 days before screening",
        "had seizure on at least 2 occasions",
        "takes prednisone at > 10 mg/d",
    ):
        assert diagnosed(rule) == []
