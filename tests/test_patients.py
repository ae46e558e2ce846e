"""The example participants between them show every criterion passing, failing and unknown, and every verdict.

A criterion nobody fails, or about which nothing is ever unknown, is a criterion nobody has tried: this test
is the proof that each one bites, lets pass, and notices what is not recorded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import shipped

from protodsl import interpret, ir
from protodsl.records.json import read_records
from protodsl.runtime.report import Report

PROTOCOLS = Path(__file__).parent.parent / "protocols"
TRIALS = ("NCT06222853", "NCT06350110", "NCT06892145", "changzheng-cd19-cd3e")
OUTCOMES = {"passes", "fails", "unknown"}
VERDICTS = {"eligible", "ineligible", "undetermined"}

# (trial, stage, criterion) -> the outcomes it cannot have, and why the language makes them impossible
IMPOSSIBLE: dict[tuple[str, str, str], tuple[set[str], str]] = {}


def files(trial: str) -> list[Path]:
    return sorted((PROTOCOLS / "patients" / trial).glob("*.json"))


@cache
def reports(trial: str, stage: str) -> tuple[Report, ...]:
    found = []
    for path in files(trial):
        for entry in read_records(str(path)):
            assert entry.record is not None, (path, entry.problems)
            assert entry.record.id == path.stem
            found.append(interpret.screen(shipped.trial(trial), entry.record, stage=stage, cure=False))
    return tuple(found)


def stages() -> Iterator[tuple[str, str]]:
    for trial in TRIALS:
        for stage in shipped.trial(trial).stages:
            yield trial, stage.id


def ids(parts: tuple[ir.Part, ...]) -> Iterator[str]:
    for part in parts:
        yield part.id
        yield from ids(part.parts)


@pytest.mark.parametrize("trial", TRIALS)
def test_a_dozen_participants(trial: str) -> None:
    assert len(files(trial)) >= 12


@pytest.mark.parametrize(("trial", "stage"), list(stages()))
def test_every_criterion_passes_fails_and_stays_unknown(trial: str, stage: str) -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for report in reports(trial, stage):
        for criterion in report.criteria:
            seen[criterion.id].add(criterion.outcome)
    (model,) = (one for one in shipped.trial(trial).stages if one.id == stage)
    criteria = [*model.criteria, *(criterion for cohort in model.cohorts for criterion in cohort.criteria)]
    wanted = set(ids(tuple(criterion.root for criterion in criteria)))
    assert set(seen) == wanted
    lacking = {}
    for id in sorted(wanted):
        impossible, _ = IMPOSSIBLE.get((trial, stage, id), (set(), ""))
        assert not impossible & seen[id], f"{id} can have {impossible & seen[id]} after all"
        if missing := OUTCOMES - seen[id] - impossible:
            lacking[id] = missing
    assert not lacking


@pytest.mark.parametrize(("trial", "stage"), list(stages()))
def test_every_verdict(trial: str, stage: str) -> None:
    assert {report.verdict for report in reports(trial, stage)} == VERDICTS


@pytest.mark.parametrize(("trial", "stage"), list(stages()))
def test_every_cohort_takes_keeps_out_and_waits(trial: str, stage: str) -> None:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for report in reports(trial, stage):
        for id, verdict in report.cohorts:
            seen[id].add(verdict)
    (model,) = (one for one in shipped.trial(trial).stages if one.id == stage)
    assert seen == {cohort.id: VERDICTS for cohort in model.cohorts}


def test_exceptions_name_criteria_that_exist() -> None:
    for (trial, stage, id), (outcomes, reason) in IMPOSSIBLE.items():
        assert outcomes <= OUTCOMES and reason
        assert (trial, stage) in set(stages())
        assert id in {criterion.id for criterion in reports(trial, stage)[0].criteria}
