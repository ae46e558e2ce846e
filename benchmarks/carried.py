"""What SQL names as not carried, and how often: trials, gallery, specification, random protocols.

    python benchmarks/carried.py [--random 500] [--seed 1]

One line for each construct: in how many protocols, and how many criteria and parts, of the four trials, the
gallery, the specification's fragments, and as many protocols as `--random` says of those that
`differential_sql.py` draws (written at random, and fragments changed at random). No engine is run.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from random_protocols import compiled, fragments, gallery, mutated, trials  # noqa: E402

from protodsl import ir  # noqa: E402
from protodsl.backends import sql  # noqa: E402


def drawn(known: list[ir.Protocol], count: int, seed: int) -> Iterator[ir.Protocol]:
    """Half of them written at random, half fragments with changes."""
    for number in range(count):
        rng = Random(seed * 10_000_000 + number)
        protocol = compiled(rng) if number % 2 else rng.choice(known)
        yield mutated(protocol, rng) if rng.random() < 0.7 else protocol


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--random", type=int, default=500, help="protocols drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    spec = list(fragments())
    groups: dict[str, Iterable[ir.Protocol]] = {
        "trials": trials(),
        "gallery": gallery(),
        "spec": spec,
        "random": drawn(spec, asked.random, asked.seed),
    }
    protocols: dict[str, Counter[str]] = {}
    places: dict[str, Counter[str]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for group, each in groups.items():
        of, at = protocols.setdefault(group, Counter()), places.setdefault(group, Counter())
        size = whole = 0
        for protocol in each:
            refused = sql.statement(protocol, "duckdb", sql.of_vocabulary(protocol)).refused
            size, whole = size + 1, whole + (not refused)
            of.update({one.what for one in refused})
            at.update(one.what for one in refused)
            if group == "gallery":
                for one in refused:
                    print(f"{protocol.id} {one.where}: {one.what}")
        sizes[group] = size, whole
    print("\nprotocols (criteria and parts) in which it is left unknown")
    print("".join(f"{f'{group} ({size})':>18}" for group, (size, _) in sizes.items()), " construct")
    named = sorted(
        {what for of in protocols.values() for what in of},
        key=lambda what: [-of[what] for of in protocols.values()],
    )
    for what in named:
        told = (
            f"{of[what]} ({at[what]})" if of[what] else ""
            for of, at in zip(protocols.values(), places.values(), strict=True)
        )
        print("".join(f"{each:>18}" for each in told), "", what)
    print("".join(f"{whole:>18}" for _, whole in sizes.values()), " carried whole")


if __name__ == "__main__":
    main()
