"""The interpreter against the generated checkers on random (protocol, record) pairs.

    python benchmarks/differential.py --pairs 100000 [--jobs 2] [--seed 1] [--trials 0.03]
        [--gallery 0.05] [--written 0.4] [--cure 0.05]

Protocols are those of the specification, the four trials and the gallery's, as they are and with limits,
operators, windows and connectives changed at random, and such as are written at random in the language
(`--written`); records are drawn around their boundaries. Whole reports are compared: the verdict, cohorts'
verdicts, value, outcome, causes, reason and evidence of each criterion, what is needed; for a share of the
pairs (`--cure`) also the dates on which time cures a failure, for which the interpreter tries every day of
five years. Prints what differs, as it is found, with the seed that shows it; exits 1 if anything does.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from differential import differences, options_for  # noqa: E402
from random_protocols import mutated  # noqa: E402
from random_tasks import add_options, some_protocol, tasks, told  # noqa: E402
from strategies import random_record  # noqa: E402

from protodsl.backends import python  # noqa: E402

BATCH = 20


def batch(share: float, task: tuple[str, int]) -> tuple[int, int, Counter[str], list[str]]:
    """(pairs, pairs with dates of cure, differences by field, examples) of one random protocol and twenty
    random records.
    """
    kind, seed = task
    rng = Random(seed)
    protocol = some_protocol(kind, rng)
    if rng.random() < 0.7:
        protocol = mutated(protocol, rng)
    module = python.load(protocol)
    counted: Counter[str] = Counter()
    shown: list[str] = []
    cured = 0
    for place in range(BATCH):
        record = random_record(protocol, rng)
        options = options_for(protocol, rng)
        cure = Random(seed * BATCH + place).random() < share
        cured += cure
        try:
            differing = differences(protocol, module, record, options, cure=cure)
        except Exception as error:  # of either evaluator: told with its seed, and counted as a difference
            place_of = traceback.extract_tb(error.__traceback__)[-1]
            differing = [f"crash: {error!r} in {Path(place_of.filename).name} line {place_of.lineno}"]
        for found in differing:
            counted[found.split(":", 1)[0].split()[-1]] += 1
            if len(shown) < 3:
                shown.append(f"{kind} seed {seed}, record {place}: {found[:300]}")
    return BATCH, cured, counted, shown


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--pairs", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=2)
    add_options(parser, trials=0.03, gallery=0.05, written=0.4)
    parser.add_argument("--cure", type=float, default=0.0, help="share of pairs with dates of cure")
    asked = parser.parse_args()
    batches = -(-asked.pairs // BATCH)
    listed = tasks(batches, asked)
    done, cured, total, began = 0, 0, Counter[str](), time.time()
    with Pool(asked.jobs) as pool:
        for pairs, dated, counted, shown in pool.imap_unordered(
            partial(batch, asked.cure), listed, chunksize=4
        ):
            done += pairs
            cured += dated
            total += counted
            for line in shown:
                print(" ", line, flush=True)
            if sys.stderr.isatty() or done % 10_000 < pairs:
                print(f"\r{done} of {batches * BATCH}", end="", file=sys.stderr, flush=True)
    differing = {field: count for field, count in total.items() if count}
    print(
        f"\n{done} pairs, {told(listed, BATCH)}, {cured} with dates of cure, "
        f"{time.time() - began:.0f} s, seed {asked.seed}"
    )
    print(f"differences: {differing or 'none'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
