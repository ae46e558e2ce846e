"""Several codes of one fact: checker and interpreter agree on every item of the vocabulary."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from shipped import trial

from protodsl.backends import python
from protodsl.interpret import matching
from protodsl.runtime.codes import Match
from protodsl.runtime.record import Coded

ROOT = Path(__file__).parents[2]


def test_both_evaluators_match_alike() -> None:
    protocol = trial("NCT06892145")
    vocabulary = python.load(protocol).CHECKER.rules.vocabulary
    known = sorted({(code.system, code.code) for item in protocol.items.values() for code in item.codes})
    chance = random.Random(4)
    seen = set()
    for _ in range(50):
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


@pytest.mark.parametrize(
    ("code", "expected"),
    [("E11.3111", Match.SURE), ("H36.0", Match.BROAD), ("E11.3", Match.BROAD), ("H35.3", Match.NO)],
)
def test_a_code_of_who_may_be_what_only_the_american_edition_tells(code: str, expected: Match) -> None:
    """ICD-10-CM has codes of a diabetic macular edema; WHO's stand above them, or are of something else."""
    protocol = trial("gallery/NCT00799227")
    vocabulary = python.load(protocol).CHECKER.rules.vocabulary
    assert vocabulary.match(Coded("icd10", code), "diabetic_macular_edema") is expected
