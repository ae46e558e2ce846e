"""What a report rests on, so that it can be made again: protocol, record, program, assumptions, dates."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from protodsl import __version__
from protodsl.reports.trial import Screened
from protodsl.runtime.record import Record
from protodsl.runtime.words import day_text

SHOWN = 12  # digits of a hash in a line for people


@dataclass(frozen=True, slots=True)
class Audit:
    """`protocol_sha256` is of the protocol's text and everything it uses, `record_sha256` of what was read
    of the participant (`record_digest`), whatever form it was in. `timepoints`: the dates given, and that of
    the stage's anchor.
    """

    tool: str
    protocol: str
    protocol_sha256: str
    record_sha256: str
    stage: str
    timepoints: tuple[tuple[str, str], ...]
    as_of: str | None
    assumptions: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "protocol": self.protocol,
            "protocol_sha256": self.protocol_sha256,
            "record_sha256": self.record_sha256,
            "stage": self.stage,
            "timepoints": dict(self.timepoints),
            "as_of": self.as_of,
            "assumptions": list(self.assumptions),
        }

    def line(self) -> str:
        dated = ", ".join(f"{name} {day}" for name, day in self.timepoints) or "no timepoint dated"
        return (
            f"{self.tool}; protocol {self.protocol_sha256[:SHOWN] or 'without text'}; "
            f"record {self.record_sha256[:SHOWN]}; {dated}; as of {self.as_of or 'no day'}"
        )


def audit_of(screened: Screened) -> Audit:
    report, case = screened.report, screened.case
    model = screened.trial.model
    given = {*screened.session.points, case.anchor_name}
    dated = [(one.name, case.point(one.name)) for one in model.timepoints if one.name in given]
    return Audit(
        f"protodsl {__version__}",
        report.protocol,
        model.sha256,
        record_digest(screened.record),
        report.stage,
        tuple((name, day_text(day)) for name, day in dated if day is not None),
        report.as_of,
        tuple(report.assumptions),
    )


def record_digest(record: Record) -> str:
    """SHA-256 of a record as it was read: the same facts in the same order give the same digest, whether
    they came from JSON, FHIR or a table. Fields that are not recorded do not enter it.
    """
    return hashlib.sha256(json.dumps(_plain(record), ensure_ascii=True).encode("ascii")).hexdigest()


def _plain(value: Any) -> Any:
    """The value in JSON, one way only."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return [[key, _plain(value[key])] for key in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    pairs = ((one.name, getattr(value, one.name)) for one in fields(value))
    said = {key: _plain(one) for key, one in pairs if one is not None and one is not False and one != ""}
    return [type(value).__name__, {key: one for key, one in said.items() if one != []}]
