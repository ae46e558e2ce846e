"""What the comparisons on random protocols share: which protocols there are, and the list of tasks."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from bisect import bisect
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from random import Random

from random_protocols import compiled, fragments, gallery, trials

from protodsl import ir


@cache
def protocols(kind: str) -> Sequence[ir.Protocol]:
    return {"trials": trials, "gallery": gallery}[kind]() if kind != "fragments" else tuple(fragments())


def some_protocol(kind: str, rng: Random) -> ir.Protocol:
    """One of the `trials`, the `gallery`, the specification's `fragments`, or one `written` at random."""
    return compiled(rng) if kind == "written" else rng.choice(protocols(kind))


def add_options(parser: ArgumentParser, *, trials: float, gallery: float, written: float) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=float, default=trials, help="share of pairs on the four trials")
    parser.add_argument("--gallery", type=float, default=gallery, help="share of pairs on the gallery's")
    parser.add_argument(
        "--written", type=float, default=written, help="share of pairs on protocols written at random"
    )


def tasks(batches: int, asked: Namespace) -> list[tuple[str, int]]:
    """(kind of protocol, seed) of each batch, in random order."""
    kinds = ("trials", "written", "gallery")
    ends = [round(batches * end) for end in accumulate(getattr(asked, kind) for kind in kinds)]
    drawn = ((*kinds, "fragments")[bisect(ends, index)] for index in range(batches))
    found = [(kind, asked.seed * 10_000_000 + index) for index, kind in enumerate(drawn)]
    Random(asked.seed).shuffle(found)
    return found


def told(tasks: Sequence[tuple[str, int]], size: int) -> str:
    """How many pairs are on protocols of each kind."""
    counts = Counter(kind for kind, _ in tasks)
    names = {"trials": "the four trials", "gallery": "the gallery", "written": "protocols written at random"}
    return ", ".join(f"{counts[kind] * size:,} on {name}" for kind, name in names.items())
