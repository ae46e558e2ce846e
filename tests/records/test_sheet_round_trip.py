"""Participant → template filled in → screened: the same verdict, wherever the sheet can hold the facts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import shipped
from sheet_fixture import CannotHold, Rows, tables, wide

from protodsl import ir
from protodsl.backends import python
from protodsl.records.detect import read_participants

ROOT = Path(__file__).parents[2] / "protocols"
TRIALS = sorted(path.stem for path in ROOT.glob("*.proto-lite"))


def loaded(trial: str) -> tuple[ir.Protocol, Any, list[dict[str, Any]]]:
    protocol = shipped.trial(trial)
    people = sorted((ROOT / "patients" / trial).glob("P-*.json"))
    return protocol, python.load(protocol), [json.loads(path.read_text()) for path in people]


def write_csv(path: Path, rows: Rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as opened:
        csv.writer(opened).writerows(rows)


def write_book(path: Path, named: dict[str, Rows]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in named.items():
        page = book.create_sheet(name)
        for row in rows:
            page.append(row)
    book.save(path)


def judged(checker: Any, data: Any) -> Any:
    """Verdict and outcomes; evidence names rows, and so differs."""
    report = checker.evaluate(data)
    criteria = [(one.id, one.outcome, one.value, one.curable_on) for one in report.criteria]
    return report.verdict, criteria, report.needed, report.earliest_date


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_for_each_fact(trial: str, kind: str, tmp_path: Path) -> None:
    protocol, checker, people = loaded(trial)
    held = []
    for person in people:
        try:
            tables(protocol, [person])
            held.append(person)
        except CannotHold:
            pass
    assert len(held) >= len(people) - 2
    made = tables(protocol, held)
    if kind == "csv":
        for name, rows in made.items():
            write_csv(tmp_path / f"{name}.csv", rows)
        path = tmp_path
    else:
        path = tmp_path / "filled.xlsx"
        write_book(path, made)
    entries = list(read_participants(str(path)))
    assert [entry.messages() for entry in entries if entry.problems] == []
    records = [entry.record for entry in entries if entry.record is not None]
    assert [record.id for record in records] == [person["id"] for person in held]
    for person, record in zip(held, records, strict=True):
        assert judged(checker, record) == judged(checker, person), person["id"]


@pytest.mark.parametrize("trial", TRIALS)
def test_a_row_for_each_participant(trial: str, tmp_path: Path) -> None:
    protocol, checker, people = loaded(trial)
    held, rows = [], []
    for person in people:
        try:
            rows.append(wide(protocol, person))
            held.append(person)
        except CannotHold:
            pass
    assert len(held) >= len(people) - 3
    columns = list(dict.fromkeys(key for row in rows for key in row))
    write_csv(tmp_path / "filled.csv", [columns, *([row.get(one, "") for one in columns] for row in rows)])
    entries = list(read_participants(str(tmp_path / "filled.csv")))
    assert [entry.messages() for entry in entries if entry.problems] == []
    for person, entry in zip(held, entries, strict=True):
        assert entry.record is not None and entry.record.id == person["id"]
        assert judged(checker, entry.record)[0] == judged(checker, person)[0], person["id"]
        assert judged(checker, entry.record)[1] == judged(checker, person)[1], person["id"]
