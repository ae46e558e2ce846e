"""What the comparisons on random protocols share: which protocols there are, and the list of tasks."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from functools import cache
from random import Random

from random_protocols import compiled, fragments, trials

from protodsl import ir


@cache
def protocols(kind: str) -> Sequence[ir.Protocol]:
    return trials() if kind == "trials" else tuple(fragments())


def some_protocol(kind: str, rng: Random) -> ir.Protocol:
    """One of the `trials`, of the specification's `fragments`, or one `written` at random."""
    return compiled(rng) if kind == "written" else rng.choice(protocols(kind))


def add_options(parser: ArgumentParser, *, trials: float, written: float) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=float, default=trials, help="share of pairs on the four trials")
    parser.add_argument(
        "--written", type=float, default=written, help="share of pairs on protocols written at random"
    )


def tasks(batches: int, trials: float, written: float, seed: int) -> list[tuple[str, int]]:
    """(kind of protocol, seed) of each batch, in random order."""
    ours, ends = round(batches * trials), round(batches * (trials + written))
    found = [
        ("trials" if index < ours else "written" if index < ends else "fragments", seed * 10_000_000 + index)
        for index in range(batches)
    ]
    Random(seed).shuffle(found)
    return found


def share(tasks: Sequence[tuple[str, int]], kind: str) -> int:
    """How many batches are of that kind."""
    return sum(one == kind for one, _ in tasks)
