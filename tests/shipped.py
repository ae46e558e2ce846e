"""The protocols in `protocols/`, each checked once for all tests of a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from protodsl import ir
from protodsl.driver import CheckResult, Project, check

PROTOCOLS = Path(__file__).resolve().parents[1] / "protocols"
PROJECT = Project()


@cache
def checked(name: str) -> CheckResult:
    """`NCT06892145`, `gallery/NCT00799227`, `scenarios/NCT06892145` …"""
    return check(str(PROTOCOLS / f"{name}.proto-lite"), project=PROJECT)


def trial(name: str) -> ir.Protocol:
    found = checked(name).protocol
    assert found is not None, name
    return found
