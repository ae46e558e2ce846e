"""The interpreter against the generated checkers on random (protocol, record) pairs.

    python benchmarks/differential.py --pairs 100000 [--jobs 2] [--seed 1] [--also causes|words]

Protocols are those of the specification and the four trials, as they are and with limits, operators, windows
and connectives changed at random; records are drawn around their boundaries. Verdicts, cohorts' verdicts, and
value and outcome of every criterion are compared; with `--also causes` the causes of unknowns and what is
needed, with `--also words` reasons and evidence as well. Prints what differs with the seeds that show it, and
exits 1 if anything does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from multiprocessing import Pool
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from differential import differences, options_for  # noqa: E402
from random_protocols import fragments, mutated, trials  # noqa: E402
from strategies import random_record  # noqa: E402

from protodsl import ir  # noqa: E402
from protodsl.backends import python  # noqa: E402

BATCH = 20
WORDS = {"causes": ("unknown", "needed"), "words": ("unknown", "needed", "reason", "evidence")}
_protocols: dict[str, list[ir.Protocol]] = {}


def protocols(kind: str) -> list[ir.Protocol]:
    if kind not in _protocols:
        _protocols[kind] = trials() if kind == "trials" else list(fragments())
    return _protocols[kind]


def batch(task: tuple[str, int, str]) -> tuple[int, Counter[str], list[str]]:
    """(pairs, differences by field, examples) of one random protocol and twenty random records."""
    kind, seed, extra = task
    rng = Random(seed)
    protocol = rng.choice(protocols(kind))
    if rng.random() < 0.7:
        protocol = mutated(protocol, rng)
    module = python.load(protocol)
    counted: Counter[str] = Counter()
    shown: list[str] = []
    for _ in range(BATCH):
        record = random_record(protocol, rng)
        options = options_for(protocol, rng)
        for found in differences(protocol, module, record, options, cure=False):
            field = found.split(":", 1)[0].split()[-1]
            if field in WORDS["words"] and field not in WORDS.get(extra, ()):
                continue
            counted[field] += 1
            if len(shown) < 3:
                shown.append(f"{kind} seed {seed}: {found[:300]}")
    return BATCH, counted, shown


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trials", type=float, default=0.03, help="share of pairs on the four trials")
    parser.add_argument("--also", choices=sorted(WORDS), default="", help="compare causes, or all words, too")
    asked = parser.parse_args()
    batches = -(-asked.pairs // BATCH)
    ours = int(batches * asked.trials)
    tasks = [
        ("trials" if index < ours else "fragments", asked.seed * 10_000_000 + index, asked.also)
        for index in range(batches)
    ]
    Random(asked.seed).shuffle(tasks)
    done, total, examples, began = 0, Counter[str](), [], time.time()
    with Pool(asked.jobs) as pool:
        for pairs, counted, shown in pool.imap_unordered(batch, tasks, chunksize=4):
            done += pairs
            total += counted
            examples += shown
            if sys.stderr.isatty():
                print(f"\r{done} of {batches * BATCH}", end="", file=sys.stderr)
    differing = {field: count for field, count in total.items() if count}
    print(f"{done} pairs, {ours * BATCH} on the four trials, {time.time() - began:.0f} s, seed {asked.seed}")
    print(f"differences: {differing or 'none'}")
    for line in examples[:20]:
        print(" ", line)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
