"""A protocol's SQL beside the checker: what differs on many records at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from protodsl import ir
from protodsl.backends import python, sql
from protodsl.cohort.rows import Rows
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record

JsonRecord = dict[str, Any]
Engine = Callable[[Rows, Callable[[sql.Lexicon], sql.Statement]], tuple[sql.Statement, list[tuple[Any, ...]]]]


@dataclass(frozen=True)
class Run:
    """What both sides are given besides the records."""

    at: tuple[tuple[str, date], ...] = ()
    as_of: date | None = None
    assume: tuple[str, ...] = ()
    cohort: str | None = None


def some_run(protocol: ir.Protocol, rng: Random) -> Run:
    """Mostly nothing."""
    assume: tuple[str, ...] = ()
    cohort = None
    if rng.random() < 0.3:
        assume = tuple(
            rng.sample(("results", "conditions", "medications", "procedures"), rng.choice((1, 2, 4)))
        )
    if len(protocol.stages) == 1 and protocol.stages[0].cohorts and rng.random() < 0.2:
        cohort = rng.choice(protocol.stages[0].cohorts).id
    return Run(assume=assume, cohort=cohort)


def differences(
    protocol: ir.Protocol, records: Sequence[JsonRecord], run: Run, engine: Engine, dialect: sql.Dialect
) -> tuple[list[tuple[int, str]], int]:
    """(number of the record, what differs) for every difference, and the number of truths compared."""
    rows, read = Rows(), list[Record]()
    for number, data in enumerate(records):
        record = read_record(data)
        read.append(record)
        rows.add(number, record)
    options = sql.Options(run.at, run.as_of, run.assume, run.cohort)
    statement, answers = engine(rows, lambda lexicon: sql.statement(protocol, dialect, lexicon, options))
    module = python.load(protocol)
    unknown = {refusal.where for refusal in statement.refused}
    found: list[tuple[int, str]] = []
    compared = 0
    assert len(answers) == len(records)
    for number, answer in enumerate(answers):
        told = dict(zip((output.column for output in statement.outputs), answer, strict=True))
        for stage in protocol.stages:
            asked: dict[str, Any] = {
                "stage": stage.id,
                "assume": run.assume,
                "at": dict(run.at),
                "as_of": run.as_of,
            }
            if any(cohort.id == run.cohort for cohort in stage.cohorts):
                asked["cohort"] = run.cohort
            try:
                report = module.evaluate(read[number], **asked, cure=False)
            except RecordError:
                ours = {told[each.column] for each in statement.outputs if each.what == "stage verdict"}
                if ours - {"refused"}:
                    found.append((number, f"refused by the checker, {ours} in SQL"))
                break
            compared += _compare(statement, stage, report, told, found, number, bool(unknown))
    return found, compared


def _compare(
    statement: sql.Statement,
    stage: ir.Stage,
    report: Any,
    told: dict[str, Any],
    found: list[tuple[int, str]],
    number: int,
    partly: bool,
) -> int:
    """`partly`: the statement leaves something unknown; then what it says may be unknown, never different."""
    compared = 0
    rows = {row.id: row for row in report.criteria}
    cohorts = dict(report.cohorts)
    truths = {each.id: each for each in statement.outputs if each.what == "truth" and each.stage == stage.id}
    applied = {
        each.id: each for each in statement.outputs if each.what == "applies" and each.stage == stage.id
    }

    def same(what: str, ours: Any, theirs: Any, unknown: Any) -> None:
        nonlocal compared
        compared += 1
        if ours != theirs and not (partly and ours == unknown):
            found.append((number, f"{stage.id} {what}: SQL {ours!r}, checker {theirs!r}"))

    for each in statement.outputs:
        if each.stage == stage.id and each.what == "cohort verdict" and each.id in cohorts:
            same(f"cohort {each.id}", told[each.column], cohorts[each.id], "undetermined")
        if each.stage == stage.id and each.what == "stage verdict":
            same("verdict", told[each.column], report.verdict, "undetermined")
    if not any(each.what == "stage verdict" for each in statement.outputs):
        same("verdict", told["verdict"], report.verdict, "undetermined")
    for name, row in rows.items():
        if name not in truths or (row.outcome == "not applicable" and "was chosen" in str(row.reason)):
            continue
        value, applies = told[truths[name].column], told[applied[name].column]
        favour = value if row.kind == "inclusion" else (None if value is None else not value)
        counts = (
            True if applies is False or favour is True else (False if applies and favour is False else None)
        )
        outcome = (
            "not applicable"
            if applies is False
            else {True: "passes", False: "fails", None: "unknown"}[counts]
        )
        if partly and applies is None and row.outcome == "not applicable":
            continue  # a guard that is not carried: in favour with it unknown, it passes
        same(f"{name} outcome", outcome, row.outcome, "unknown")
        if row.outcome != "not applicable" and outcome != "not applicable":
            same(f"{name} value", value, row.value, None)
    return compared
