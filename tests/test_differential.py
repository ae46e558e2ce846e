"""The interpreter and the generated checkers agree on random records, of random protocols and the trials."""

from __future__ import annotations

from random import Random

import pytest
from differential import differences, options_for
from random_protocols import fragments, mutated, trials
from strategies import random_record

from protodsl import ir
from protodsl.backends import python

TRIALS = {protocol.id: protocol for protocol in trials()}
FRAGMENTS = list(fragments())
TOLD = ("reason", "evidence", "unknown", "needed")  # words and causes: compared by benchmarks/differential.py


def decided(protocol: ir.Protocol, rng: Random, count: int) -> list[str]:
    """Differences in verdicts, values and outcomes on that many random records."""
    module = python.load(protocol)
    found: list[str] = []
    for _ in range(count):
        record, options = random_record(protocol, rng), options_for(protocol, rng)
        for one in differences(protocol, module, record, options, cure=False):
            if one.split(":", 1)[0].split()[-1] not in TOLD:
                found.append(one)
    return found


@pytest.mark.parametrize("name", sorted(TRIALS))
def test_trials(name: str) -> None:
    assert decided(TRIALS[name], Random(name), 40) == []


@pytest.mark.parametrize("seed", range(150))
def test_random_protocols(seed: int) -> None:
    rng = Random(seed)
    assert decided(mutated(rng.choice(FRAGMENTS), rng), rng, 8) == []
