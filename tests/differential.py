"""The interpreter and the generated checker side by side: what differs between them on one record."""

from __future__ import annotations

from random import Random
from types import ModuleType
from typing import Any

from protodsl import interpret, ir
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record
from protodsl.runtime.report import Report

JsonRecord = dict[str, Any]


def options_for(protocol: ir.Protocol, rng: Random) -> dict[str, Any]:
    """What `screen` may be asked besides the record; mostly nothing."""
    found: dict[str, Any] = {}
    if rng.random() < 0.4 and protocol.stages:
        stage = rng.choice(protocol.stages)
        found["stage"] = stage.id
        if stage.cohorts and rng.random() < 0.6:
            found["cohort"] = rng.choice(stage.cohorts).id
    if rng.random() < 0.1:
        found["assume"] = tuple(rng.sample(("results", "conditions", "medications", "procedures"), 2))
    return found


def answered(
    protocol: ir.Protocol, module: ModuleType, data: JsonRecord, options: dict[str, Any]
) -> list[Any]:
    """[the interpreter's report or refusal, the checker's, the checker's verdict alone]."""
    found: list[Any] = []
    for ask in (
        lambda: interpret.screen(protocol, read_record(data), **options),
        lambda: module.evaluate(data, **options),
        lambda: module.verdict(data, **{key: value for key, value in options.items() if key != "cure"}),
    ):
        try:
            found.append(ask())
        except RecordError as error:
            found.append([problem.place for problem in error.problems])
    return found


def differences(
    protocol: ir.Protocol, module: ModuleType, data: JsonRecord, options: dict[str, Any], *, cure: bool
) -> list[str]:
    """Every field in which the two reports differ, in words; empty: they are the same.

    `cure`: also the dates on which time cures a failure, for which the interpreter tries every day.
    """
    theirs, ours, verdict = answered(protocol, module, data, {**options, "cure": cure})
    if not isinstance(theirs, Report) or not isinstance(ours, Report):
        return [] if theirs == ours == verdict else [f"refused: {theirs!r} / {ours!r} / {verdict!r}"]
    found: list[str] = []
    if ours.verdict != verdict:
        found.append(f"verdict alone {verdict!r}, in the report {ours.verdict!r}")
    one, other = theirs.to_dict(), ours.to_dict()
    for key in one:
        if key != "criteria" and one[key] != other[key]:
            found.append(f"{key}: {one[key]!r} / {other[key]!r}")
    rows, others = one["criteria"], other["criteria"]
    if [row["id"] for row in rows] != [row["id"] for row in others]:
        found.append(f"ids: {[row['id'] for row in rows]!r} / {[row['id'] for row in others]!r}")
        return found
    for row, other_row in zip(rows, others, strict=True):
        for key in row:
            if key != "source" and row[key] != other_row[key]:
                found.append(f"{row['id']} {key}: {row[key]!r} / {other_row[key]!r}")
    return found
