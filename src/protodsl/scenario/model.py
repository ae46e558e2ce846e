"""A scenario as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from protodsl.runtime.record import Record
from protodsl.source import Span

Expected = Literal["eligible", "ineligible", "undetermined", "passes", "fails", "unknown", "not applicable"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """`expect inclusion 6.3 fails because "…"`: `subject` is the criterion's id. `expect cohort sle
    eligible`: the cohort's. `expect ineligible`: empty, the whole trial's.
    """

    what: Literal["verdict", "cohort", "criterion"]
    subject: str
    expected: Expected
    because: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Scenario:
    """One example patient, asked at a stage (None: the last whose anchor is dated)."""

    title: str
    record: Record
    stage: str | None
    cohort: str | None
    expectations: tuple[Expectation, ...]
    notes: tuple[str, ...] = ()
    span: Span = field(default=Span("", 0, 0))
