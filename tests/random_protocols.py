"""Random protocols: those of the specification and the trials, with limits, windows, connectives changed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from protodsl import ir
from protodsl.driver import check

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "spec"))

OPS: tuple[ir.Op, ...] = ("<", "<=", "=", ">=", ">")
SELECTS: tuple[ir.Select, ...] = ("latest", "earliest", "any", "every", "highest", "lowest")


def trials() -> list[ir.Protocol]:
    """The four shipped trials."""
    found = [check(str(path)).protocol for path in sorted((ROOT / "protocols").glob("*.proto-lite"))]
    return [protocol for protocol in found if protocol is not None]


def fragments() -> Iterator[ir.Protocol]:
    """Every protocol of the specification's pages that has a case with a record, each once."""
    import conftest as spec

    seen: set[str] = set()
    for page in sorted((ROOT / "spec").glob("*.md")):
        for section in spec.sections(page.read_text(encoding="utf-8")):
            for case in section.cases:
                if case.record and case.fragment not in seen:
                    seen.add(case.fragment)
                    protocol = spec.checked(case.fragment).protocol
                    if protocol is not None:
                        yield protocol


def mutated(protocol: ir.Protocol, rng: Random, share: float = 0.15) -> ir.Protocol:
    """The protocol with about that share of its limits, operators, windows and connectives changed."""
    return replace(
        protocol,
        stages=_changed(protocol.stages, rng, share),
        definitions={name: _changed(one, rng, share) for name, one in protocol.definitions.items()},
    )


def _changed(node: Any, rng: Random, share: float) -> Any:
    if isinstance(node, tuple):
        return tuple(_changed(one, rng, share) for one in node)
    if not is_dataclass(node) or isinstance(node, (type, ir.Quotation)):
        return node
    values = {one.name: _changed(getattr(node, one.name), rng, share) for one in fields(node)}
    made = replace(node, **values)
    if rng.random() >= share:
        return made
    match made:
        case ir.Constant(value):
            return ir.Constant(value * rng.choice((Fraction(1, 2), Fraction(9, 10), Fraction(2))))
        case ir.Length(count, unit) if unit != "half_life" and count > 0:
            return ir.Length(Fraction(max(1, int(count) + rng.choice((-1, 1, 3)))), unit)
        case ir.NumberTest(((_, limit), *rest)):
            return ir.NumberTest(((rng.choice(OPS), limit), *rest))
        case ir.Result(observed, ir.NumberTest(), None):
            return replace(made, observed=replace(observed, select=rng.choice(SELECTS)))
        case ir.And(members, style) if style == "plain":
            return ir.Or(members, style, made.span)
        case ir.Or(members, style) if style == "plain":
            return ir.And(members, style, made.span)
        case ir.Bound(open=left_out) if made.by is not None:
            return replace(made, open=not left_out)
        case _:
            return made
