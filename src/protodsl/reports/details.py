"""One participant's report with all that is computed from it, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from protodsl.reports.audit import Audit, audit_of
from protodsl.reports.doubts import Doubt, doubts_of
from protodsl.reports.evidence import evidence_in_words
from protodsl.reports.margins import Margin, NearMiss, blocking, margins_of, near_misses
from protodsl.reports.missing import MissingLists, missing_of
from protodsl.reports.repeat import Repeat, repeats_of
from protodsl.reports.trial import Asked, Screened, Trial
from protodsl.runtime.record import Record


class Details:
    """Everything a report for people shows; each part is worked out when it is first asked for."""

    def __init__(self, trial: Trial, record: Record, asked: Asked, notes: Iterable[str] = ()) -> None:
        """`notes`: what reading said of the data. Raises what `Screened` raises."""
        self._screened = Screened(trial, record, asked)
        self.trial = trial
        self.report = self._screened.report
        self.report.notes.extend(notes)

    @cached_property
    def facts(self) -> dict[str, str]:
        screened = self._screened
        return evidence_in_words(self.report, screened.record, screened.session.facts.vocabulary)

    @cached_property
    def margins(self) -> tuple[Margin, ...]:
        return margins_of(self._screened)

    @cached_property
    def blocking(self) -> tuple[str, ...]:
        return blocking(self._screened)

    @cached_property
    def near_misses(self) -> tuple[NearMiss, ...]:
        return near_misses(self._screened, self.margins)

    @cached_property
    def missing(self) -> MissingLists:
        return missing_of(self.trial.model, self.report, self.trial.questions)

    @cached_property
    def repeat(self) -> tuple[Repeat, ...]:
        return repeats_of(self._screened)

    @cached_property
    def doubts(self) -> tuple[Doubt, ...]:
        return doubts_of(self._screened)

    @cached_property
    def audit(self) -> Audit:
        return audit_of(self._screened)

    def to_dict(self) -> dict[str, Any]:
        """The report's own fields, then what is computed from it."""
        return {
            **self.report.to_dict(),
            "blocking": list(self.blocking),
            "margins": [one.to_dict() for one in self.margins],
            "near_misses": [one.to_dict() for one in self.near_misses],
            "missing": self.missing.to_dict(),
            "repeat": [one.to_dict() for one in self.repeat],
            "doubts": [one.to_dict() for one in self.doubts],
            "facts": self.facts,
            "audit": self.audit.to_dict(),
        }
