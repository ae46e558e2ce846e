"""Several codes of one fact: checker and interpreter agree on every item of the vocabulary."""

from __future__ import annotations

import random
from pathlib import Path

from protodsl.backends import python
from protodsl.driver import check
from protodsl.interpret import matching
from protodsl.runtime.record import Coded

ROOT = Path(__file__).parents[2]


def test_both_evaluators_match_alike() -> None:
    protocol = check(str(ROOT / "protocols" / "NCT06892145.proto-lite")).protocol
    assert protocol is not None
    vocabulary = python.load(protocol).CHECKER.rules.vocabulary
    known = sorted({(code.system, code.code) for item in protocol.items.values() for code in item.codes})
    chance = random.Random(4)
    seen = set()
    for _ in range(150):
        codes = [chance.choice([*known, ("snomed", "1"), ("local", "x"), ("icd10", "I"), ("atc", "L04")])]
        codes += [
            chance.choice([*known, ("loinc", "9-9"), ("icd10", "Z99")]) for _ in range(chance.randrange(3))
        ]
        coded = Coded(*codes[0], tuple(codes[1:]), chance.random() < 0.3)
        for item in protocol.items.values():
            if item.name not in vocabulary.items:
                continue
            expected = matching.match(protocol, coded, item)
            assert vocabulary.match(coded, item.name) == expected, (coded, item.name)
            seen.add(expected)
    assert len(seen) == 4
