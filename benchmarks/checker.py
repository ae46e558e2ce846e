"""The generated checker of NCT06892145 against the same criteria written by hand, in one process.

Every record's verdict, and the outcome of every criterion and part, must be the same before anything is
timed. Each batch of records is then given, as the dicts `json.loads` makes, to the criteria by hand, to
`verdict` and to `evaluate`, in turns; ratios are of CPU time within one batch, so that what else the machine
does matters little. There are two baselines by hand: the verdict, which ends at the first criterion that
fails, and every row, which answers all of them as `evaluate` does. Neither gives reasons.

    python benchmarks/checker.py [--records 20000] [--batch 500] [--seed N] [--profile verdict|evaluate]
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import by_hand_nct06892145 as by_hand
import by_hand_outcomes
from by_hand_codes import Codes, Term
from people import people, protocol

from protodsl import ir
from protodsl.backends import python
from protodsl.runtime.report import Report

Ask = Callable[[dict[str, Any]], object]


def terms_of(model: ir.Protocol) -> dict[str, Term]:
    """The vocabulary as the plain table of codes the criteria by hand are given."""
    return {
        name: Term(
            one.domain,
            tuple((code.system, code.code) for code in one.codes),
            tuple(member for member in one.members if member in model.items),
            one.is_class,
            one.open,
            one.acute,
        )
        for name, one in model.items.items()
    }


def timed(ask: Ask, records: list[dict[str, Any]]) -> float:
    """CPU seconds for each record."""
    gc.collect()
    start = time.process_time()
    for record in records:
        ask(record)
    return (time.process_time() - start) / len(records)


def agreed(texts: list[str], hand: Ask, ask: Ask) -> Counter[object]:
    """The verdicts, the same by both; stops where they differ."""
    found: Counter[object] = Counter()
    for text in texts:
        record = json.loads(text)
        own, other = hand(record), ask(record)
        if own != other:
            raise SystemExit(f"{record['id']}: by hand {own}, the checker {other}\n{text}")
        found[own] += 1
    return found


def outcomes_agree(texts: list[str], codes: Codes, evaluate: Callable[..., Report]) -> None:
    """Stops where what is answered of a criterion or a part of one differs."""
    for text in texts:
        record = json.loads(text)
        verdict, own = by_hand_outcomes.outcomes(record, codes)
        report = evaluate(record, cure=False)
        other = {row.id: row.outcome for row in report.criteria}
        if own != other or verdict != report.verdict:
            differing = [name for name in other if own.get(name) != other[name]]
            raise SystemExit(f"{record['id']}: by hand and the checker differ in {differing}\n{text}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20240220)
    parser.add_argument("--profile", choices=("hand", "verdict", "evaluate"))
    options = parser.parse_args()

    model = protocol()
    module = python.load(model)
    codes = Codes(terms_of(model))
    asks: dict[str, Ask] = {
        "by hand": lambda record: by_hand.verdict(record, codes),
        "by hand, every row": lambda record: by_hand_outcomes.outcomes(record, codes),
        "verdict": module.verdict,
        "evaluate": module.evaluate,
        "without cure dates": lambda record: module.evaluate(record, cure=False),
    }
    texts = [json.dumps(record) for record in people(model, options.records, options.seed)]
    verdicts = agreed(texts, asks["by hand"], asks["verdict"])
    counted = ", ".join(f"{count:,} {verdict}" for verdict, count in sorted(verdicts.items(), key=str))
    size = sum(map(len, texts)) / len(texts) / 1000
    print(f"{len(texts):,} records of {size:.1f} kB: {counted}; the verdicts by hand are the checker's")

    if options.profile:
        records = [json.loads(text) for text in texts]
        ask = asks["by hand" if options.profile == "hand" else options.profile]
        profile = cProfile.Profile()
        profile.enable()
        for record in records:
            ask(record)
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        return

    outcomes_agree(texts, codes, module.evaluate)
    names = list(asks)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number, first in enumerate(range(0, len(texts), options.batch)):
        records = [json.loads(text) for text in texts[first : first + options.batch]]
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            seconds[name].append(timed(asks[name], records))

    batches = len(seconds["by hand"])
    print(f"{batches} batches of {options.batch}; CPU time by record, ratios within a batch")
    for base in ("by hand", "by hand, every row"):
        print(
            f"{'against ' + base:28}{'µs (median)':>12}{'ratio: min':>12}{'median':>9}{'max':>9}{'total':>9}"
        )
        for name in names:
            ratios = [own / hand for own, hand in zip(seconds[name], seconds[base], strict=True)]
            whole = sum(seconds[name]) / sum(seconds[base])
            print(
                f"  {name:26}{median(seconds[name]) * 1e6:12.0f}"
                f"{min(ratios):12.2f}{median(ratios):9.2f}{max(ratios):9.2f}{whole:9.2f}"
            )


if __name__ == "__main__":
    main()
