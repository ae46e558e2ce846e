"""What screening answers: the verdict, and for each criterion outcome, reason, evidence, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

Truth = bool | None  # None is unknown

CauseKind = Literal[
    "timepoint not dated",
    "needs judgement",
    "missing",
    "stale",
    "conflicting",
    "incomparable",
    "no reference limit",
    "not computable",
    "imprecise",
]
RANKS: dict[str, int] = {kind: rank for rank, kind in enumerate(get_args(CauseKind))}  # the first applies
Outcome = Literal["passes", "fails", "unknown", "not applicable"]
Verdict = Literal["eligible", "ineligible", "undetermined"]


class Cause(NamedTuple):
    """Why something is unknown: `what` is the item, timepoint or question that would have to be known."""

    kind: CauseKind
    what: str


@dataclass(slots=True)
class CriterionReport:
    id: str
    kind: str  # inclusion, exclusion
    label: str
    value: Truth  # truth of the expression; None also where not applicable: read `outcome`
    outcome: Outcome
    reason: str
    unknown: tuple[Cause, ...] = ()
    decides: frozenset[Cause] = frozenset()  # those of `unknown` that the verdict hangs on
    group: str | None = None
    cohort: str | None = None
    evidence: tuple[str, ...] = ()
    curable_on: str | None = None  # ISO date
    source: str = ""

    def to_dict(self) -> dict[str, Any]:
        if self.outcome == "not applicable":
            value = None
        else:
            value = {True: "true", False: "false", None: "unknown"}[self.value]
        return {
            "id": self.id,
            "kind": self.kind,
            "label": self.label,
            "value": value,
            "outcome": self.outcome,
            "reason": self.reason,
            "unknown": [{"kind": c.kind, "what": c.what, "decides": c in self.decides} for c in self.unknown],
            "group": self.group,
            "cohort": self.cohort,
            "evidence": list(self.evidence),
            "curable_on": self.curable_on,
            "source": self.source,
        }


@dataclass(slots=True)
class Report:
    protocol: str
    participant: str
    stage: str
    cohort: str | None  # the one chosen with --cohort
    verdict: Verdict
    assumptions: list[str]
    criteria: list[CriterionReport]
    cohorts: list[tuple[str, Verdict]]
    needed: list[str]
    earliest_date: str | None
    to_repeat: list[str]
    as_of: str | None
    notes: list[str] = field(default_factory=list)  # "code `xyz` is not in the vocabulary", …

    def to_dict(self) -> dict[str, Any]:
        return {
            "protocol": self.protocol,
            "participant": self.participant,
            "stage": self.stage,
            "cohort": self.cohort,
            "verdict": self.verdict,
            "assumptions": self.assumptions,
            "criteria": [criterion.to_dict() for criterion in self.criteria],
            "cohorts": [{"id": name, "verdict": verdict} for name, verdict in self.cohorts],
            "needed": self.needed,
            "earliest_date": self.earliest_date,
            "to_repeat": self.to_repeat,
            "as_of": self.as_of,
            "notes": self.notes,
        }
