"""What there is to say: sentences, and the places of the facts they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protodsl.interpret.truth import once


@dataclass(frozen=True, slots=True)
class Told:
    sentences: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


def both(several: Sequence[Told]) -> Told:
    """“a list has the evidence of the members whose sentences it gives, each place once”."""
    return Told(
        tuple(sentence for each in several for sentence in each.sentences),
        once(where for each in several for where in each.evidence),
    )
