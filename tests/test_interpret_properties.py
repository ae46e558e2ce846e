"""What holds of the reference evaluator for any record: knowing more decides nothing anew; order, repetition
and the unit a value is written in change nothing.

The protocols are the four trials and every fragment of `spec/`, so that every construct is met.
"""

from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from shipped import trial
from strategies import JsonRecord, random_record, refine, smaller

from protodsl import interpret, ir
from protodsl.runtime.read import read_record
from protodsl.runtime.report import Report
from protodsl.runtime.units import factor, parse_unit

ROOT = Path(__file__).parent.parent
TRIALS = ("NCT06222853", "NCT06350110", "NCT06892145", "changzheng-cd19-cd3e")
SPELLINGS = {  # of one dimension each; all convert by powers of ten
    *("g/L", "mg/dL", "g/dL", "mg/L", "ug/mL", "ng/mL"),
    *("mmol/L", "umol/L", "nmol/L"),
    *("10*9/L", "10*6/L", "/uL", "10*3/uL", "/L"),
    *("kg", "g", "mg"),
    *("m", "cm", "mm"),
    *("g/d", "mg/d"),
}


@cache
def spec() -> ModuleType:
    found = importlib.util.spec_from_file_location("spec_pages", ROOT / "spec" / "conftest.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # its dataclasses look themselves up there
    found.loader.exec_module(module)
    return module


@cache
def fragments() -> dict[str, ir.Protocol]:
    """Every fragment of the pages that is a protocol and has records, each once."""
    found = {}
    for page in sorted((ROOT / "spec").glob("[0-9]*.md")):
        for section in spec().sections(page.read_text(encoding="utf-8")):
            for case in section.cases:
                protocol = spec().checked(case.fragment).protocol
                if case.record is not None and protocol is not None:
                    found.setdefault(case.fragment, (f"{page.stem}: {section.title}", protocol))
    return dict(found.values())


def runs(of_trial: int, of_fragment: int) -> Iterator[tuple[str, ir.Protocol, int]]:
    for name in TRIALS:
        yield name, trial(name), of_trial
    for name, protocol in fragments().items():
        yield name, protocol, of_fragment


def screened(protocol: ir.Protocol, record: JsonRecord) -> Report:
    return interpret.screen(protocol, read_record(record), cure=False)


def held(
    protocol: ir.Protocol,
    name: str,
    count: int,
    change: Callable[[JsonRecord, random.Random], JsonRecord],
    wrong: Callable[[Report, Report], str],
) -> None:
    """No change of a random record does what `wrong` says; a failure is cut down before it is told."""
    for seed in range(count):

        def told(record: JsonRecord, seed: int = seed) -> str:
            changed = change(record, random.Random(seed))
            return wrong(screened(protocol, record), screened(protocol, changed))

        record = random_record(protocol, random.Random(seed))
        if told(record):
            small = smaller(record, lambda cut: bool(told(cut)))
            changed = change(small, random.Random(seed))
            pytest.fail(f"{name}, seed {seed}: {told(small)}\n{small}\n{changed}")


# ---------------------------------------------------------------- refinement


def undone(before: Report, after: Report) -> str:
    """“A refinement never changes a true or a false, nor a decided verdict (`passes` may become `not
    applicable`).”
    """
    if before.verdict != "undetermined" and after.verdict != before.verdict:
        return f"{before.verdict} became {after.verdict}"
    for old, new in zip(before.criteria, after.criteria, strict=True):
        kept = {"passes": ("passes", "not applicable"), "unknown": None}.get(old.outcome, (old.outcome,))
        if kept is not None and new.outcome not in kept:
            return f"{old.id}: {old.outcome} became {new.outcome}"
        applicable = "not applicable" not in (old.outcome, new.outcome)
        if applicable and old.value is not None and new.value != old.value:
            return f"{old.id}: {old.value} became {new.value}"
    return ""


def test_a_refinement_never_changes_what_was_decided() -> None:
    for name, protocol, count in runs(12, 12):

        def refined(record: JsonRecord, rng: random.Random, of: ir.Protocol = protocol) -> JsonRecord:
            return refine(record, of, rng)

        held(protocol, name, count, refined, undone)


# ---------------------------------------------------------------- order, repetition, units


def different(before: Report, after: Report) -> str:
    """Everything but the order of lists that follow the record, and sentences that show one of several."""
    old, new = plain(before), plain(after)
    return "" if old == new else next(f"{a} became {b}" for a, b in zip(old, new, strict=True) if a != b)


def plain(report: Report) -> list[Any]:
    criteria = [(c.id, c.value, c.outcome, sorted(c.unknown), sorted(c.decides)) for c in report.criteria]
    return [
        report.verdict,
        report.cohorts,
        sorted(report.needed),
        sorted(report.notes),
        report.as_of,
        *criteria,
    ]


def shuffled(record: JsonRecord, rng: random.Random) -> JsonRecord:
    made = {}
    for key, value in record.items():
        made[key] = rng.sample(value, len(value)) if isinstance(value, list) else value
    return made


def repeated(record: JsonRecord, rng: random.Random) -> JsonRecord:
    made = {}
    for key, value in record.items():
        again = [rng.choice(value) for _ in range(3)] if isinstance(value, list) and value else []
        made[key] = [*value, *again] if isinstance(value, list) else value
    return made


def in_other_units(record: JsonRecord, rng: random.Random) -> JsonRecord:
    return {**record, "results": [respelt(result, rng) for result in record.get("results", [])]}


def respelt(result: JsonRecord, rng: random.Random) -> JsonRecord:
    """The same value in another unit of its dimension, with its reference limits."""
    if result.get("unit") not in SPELLINGS or result.get("value") is None:
        return result
    unit = parse_unit(result["unit"])
    assert unit is not None
    others = [(text, parse_unit(text)) for text in sorted(SPELLINGS)]
    scales = {text: factor(unit, other) for text, other in others if other is not None}
    text, scale = rng.choice([(text, scale) for text, scale in scales.items() if scale is not None])
    made = {**result, "unit": text}
    for key in ("value", "uln", "low"):
        if key in made and (number := times(made[key], scale)) is not None:
            made[key] = number
        elif key in made:
            return result
    return made


def times(value: Any, scale: Fraction) -> Any:
    sign = ""
    if isinstance(value, str):
        sign, value = value[:1], value[1:]
        if sign not in "<>" or not value.replace(".", "", 1).isdigit():
            return None
    if isinstance(value, bool) or value is None:
        return None
    exact = Fraction(str(value)) * scale
    number = Decimal(exact.numerator) / Decimal(exact.denominator)
    if Fraction(number) != exact:
        return None
    return f"{sign}{number:f}" if sign else number


@pytest.mark.parametrize("change", [shuffled, repeated, in_other_units])
def test_what_says_the_same_means_the_same(change: Callable[[JsonRecord, random.Random], JsonRecord]) -> None:
    for name, protocol, count in runs(5, 5):
        held(protocol, name, count, change, different)
