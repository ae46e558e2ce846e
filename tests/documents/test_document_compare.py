"""Trials side by side: the same thing in one row, differences marked, polarity kept."""

from __future__ import annotations

from dataclasses import replace

import pytest
from document_fixture import ALT_LIMIT, GILBERT, JUDGED, TRIALS, VACCINE, F, leaf, protocol, unit
from shipped import trial

from protodsl import ir
from protodsl.documents import compare, laid_out
from protodsl.documents.blocks import Table


def row(found: object, label: str) -> tuple[str, ...]:
    for section in found.sections:  # type: ignore[attr-defined]
        for block in section.blocks:
            if isinstance(block, Table):
                for cells in block.rows:
                    if cells[0] == label:
                        return cells[1:]
    raise AssertionError(label)


def one(kind: str, expr: ir.Expr, **more: object) -> ir.Protocol:
    return protocol(ir.Criterion(kind, leaf(f"{kind} 1", "A", expr)), **more)  # type: ignore[arg-type]


def test_the_four_trials_in_one_table() -> None:
    found = compare(tuple(trial(name) for name in TRIALS))
    assert row(found, "Phase")[-1] == "differs" and row(found, "Sexes")[-1] == "same"
    assert row(found, "Live vaccine") == (
        *(["not allowed: within 4\u00a0weeks before screening [exclusion 9]"] * 2),
        "not allowed: within 4\u00a0weeks before screening [exclusion 13]", "–", "differs",
    )  # fmt: skip
    heart = row(found, "Left ventricular ejection fraction")
    assert [cell.partition(" %")[0] for cell in heart[:3]] == [
        "must be at least 55\u00a0", "must be at least 50\u00a0", "must be at least 50\u00a0",
    ] or [cell.replace("\u00a0", " ").partition(" %")[0] for cell in heart[:3]] == [
        "must be at least 55", "must be at least 50", "must be at least 50",
    ]  # fmt: skip
    for kind in ("md", "html", "pdf"):
        assert laid_out(found, kind)  # type: ignore[arg-type]
    assert laid_out(found, "pdf") == laid_out(found, "pdf")


def test_inclusion_of_no_and_exclusion_of_yes_are_the_same() -> None:
    found = compare((one("inclusion", ir.Not(VACCINE)), one("exclusion", VACCINE)))
    assert row(found, "Live vaccine")[-1] == "same"
    assert all(cell.startswith("not allowed: ") for cell in row(found, "Live vaccine")[:2])


def test_a_part_of_a_larger_rule_is_not_worded_as_a_duty() -> None:
    found = compare((one("inclusion", ir.Or((VACCINE, JUDGED))), one("inclusion", VACCINE)))
    cells = row(found, "Live vaccine")
    assert cells[0].endswith("screening * [inclusion 1]") and "required" not in cells[0]
    assert cells[1].startswith("required: ") and cells[2] == "differs"
    found = compare((one("exclusion", ir.And((GILBERT, ir.Not(VACCINE)))), one("exclusion", GILBERT)))
    assert row(found, "Live vaccine")[0].startswith("not within")


def test_limits_in_another_unit_are_converted() -> None:
    items = dict(protocol().items)
    items["bilirubin"] = replace(items["bilirubin"], molar_mass=F("584.66"))
    other = {**items, "bilirubin": replace(items["bilirubin"], unit=unit("g/L"))}
    rule = ir.Result(ir.Observed("bilirubin"), ir.NumberTest((("<=", ir.Constant(F(2))),)))
    small = replace(rule, test=ir.NumberTest((("<=", ir.Constant(F("0.02"))),)))
    found = compare((one("inclusion", rule, items=items), one("inclusion", small, items=other)))
    cells = row(found, "Total bilirubin")
    assert "2\u00a0mg/dL" in cells[0] and "(= 2\u00a0mg/dL)" in cells[1]


def test_versions_of_one_trial_are_told_apart() -> None:
    model = one("inclusion", ALT_LIMIT)
    found = compare((model, model))
    assert found.id == "NCT00000000 (1) · NCT00000000 (2)"
    assert row(found, "ALT")[-1] == "same"


@pytest.mark.parametrize("count", [2, 3])
def test_empty_protocols_compare(count: int) -> None:
    empty = protocol(timepoints=(), stages=())
    assert b"No limits are named" in laid_out(compare((empty,) * count), "md")
