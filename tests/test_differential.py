"""The interpreter and the generated checkers agree on random records, of random protocols and the trials."""

from __future__ import annotations

from random import Random

import pytest
from differential import differences, options_for
from random_protocols import compiled, fragments, gallery, mutated, trials
from strategies import random_record

from protodsl import ir
from protodsl.backends import python

TRIALS = {protocol.id: protocol for protocol in (*trials(), *gallery())}
FRAGMENTS = list(fragments())


def told(protocol: ir.Protocol, rng: Random, count: int) -> list[str]:
    """Differences between the whole reports on that many random records, dates of cure left out."""
    module = python.load(protocol)
    found: list[str] = []
    for _ in range(count):
        record, options = random_record(protocol, rng), options_for(protocol, rng)
        found += differences(protocol, module, record, options, cure=False)
    return found


@pytest.mark.parametrize("name", sorted(TRIALS))
def test_trials(name: str) -> None:
    assert told(TRIALS[name], Random(name), 12) == []


@pytest.mark.parametrize("seed", range(150))
def test_random_protocols(seed: int) -> None:
    rng = Random(seed)
    assert told(mutated(rng.choice(FRAGMENTS), rng), rng, 8) == []


@pytest.mark.parametrize("seed", range(40))
def test_protocols_written_at_random(seed: int) -> None:
    rng = Random(1_000 + seed)
    assert told(compiled(rng), rng, 8) == []
