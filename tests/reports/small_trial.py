"""A small trial for reports, and ways to screen with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from protodsl.driver import Project, check
from protodsl.reading import read_file
from protodsl.reports import Asked, Details, Trial
from protodsl.runtime.read import read_record

SPEC = Path(__file__).parents[2] / "spec"
FRAME = """language 1
use "vocabulary.proto-lite"
protocol small "A small trial" {{
  timepoint consent_day
  timepoint screening after consent_day
  timepoint infusion after screening
  day 0 is infusion
  anchor screening
{fragment}
}}
"""
Screen = Callable[..., Details]


PROJECT = Project(root=str(SPEC))  # the vocabulary is read and declared once


def trial_of(fragment: str) -> Trial:
    """A trial with these criteria, and the vocabulary of `spec/`."""
    path, text = str(SPEC / "case.proto-lite"), FRAME.format(fragment=fragment)
    PROJECT.files.pop(path, None)
    PROJECT.read = lambda wanted: text.encode() if wanted == path else read_file(wanted)
    result = check(path, project=PROJECT)
    errors = [one.message for one in result.diagnostics if one.severity == "error"]
    assert result.protocol is not None and not errors, errors
    return Trial(result.protocol)


def screened(trial: Trial, record: dict[str, Any], **asked: Any) -> Details:
    whole = {"id": "P-1", "timepoints": {"screening": "2024-02-20"}, **record}
    read = read_record(whole)
    run = Asked(**asked)
    return Details(trial, read, run)


@pytest.fixture
def screen() -> Screen:
    """`screen(fragment, record)`: the details of one participant, screened on 2024-02-20."""
    return lambda fragment, record, **asked: screened(trial_of(fragment), record, **asked)


def lab(code: str, value: object, unit: str | None = None, **more: Any) -> dict[str, Any]:
    """A result of the day before, unless said."""
    given = {} if unit is None else {"unit": unit}
    return {"code": code, "value": value, "date": "2024-02-19", **given, **more}
