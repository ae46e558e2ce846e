"""The generated SQL against the checker on random (protocol, record) pairs.

    python benchmarks/differential_sql.py --pairs 1000000 [--engine duckdb|postgres|spark] [--jobs 2]
        [--seed 1] [--trials 0.15] [--gallery 0.15] [--written 0.2] [--records 1000] [--about 'OfEvent(']

Protocols are the four trials, the gallery's, those of the specification, and such as are written at random in
the language (`--written`), most with limits, operators, windows and connectives changed at random; each meets
`--records` random people, drawn around its boundaries. Compared are the verdict, each stage's and cohort's,
and of every criterion and part whether it applies and its truth. What a statement names as not carried may be
unknown in SQL and never different. Prints what differs with the seed that shows it; exits 1 if anything does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import duck_engine  # noqa: E402
from random_protocols import mutated  # noqa: E402
from random_tasks import add_options, some_protocol, tasks, told  # noqa: E402
from sql_differential import Engine, JsonRecord, differences, some_run  # noqa: E402
from strategies import random_record  # noqa: E402

from protodsl import ir  # noqa: E402
from protodsl.backends import sql  # noqa: E402
from protodsl.cohort.rows import Rows  # noqa: E402
from protodsl.runtime.attributes import RecordError  # noqa: E402
from protodsl.runtime.read import read_record  # noqa: E402

Task = tuple[str, int]
Answers = list[tuple[Any, ...]]


def people(protocol: ir.Protocol, rng: Random, count: int) -> list[JsonRecord]:
    """So many records that the checker accepts."""
    found: list[JsonRecord] = []
    while len(found) < count:
        record = random_record(protocol, rng)
        try:
            read_record(record)
        except RecordError:
            continue
        found.append(record)
    return found


def drawn(kind: str, rng: Random, about: str) -> ir.Protocol:
    """A protocol, mostly changed, whose model holds certain words."""
    while True:
        protocol = some_protocol(kind, rng)
        if rng.random() < 0.7:
            protocol = mutated(protocol, rng)
        if not about or about in repr(protocol.stages) + repr(protocol.definitions):
            return protocol


def batch(
    engine: Engine, dialect: sql.Dialect, about: str, count: int, task: Task
) -> tuple[int, int, bool, list[str]]:
    """(pairs, truths compared, whether the statement carries all, what differs) of one random protocol."""
    kind, seed = task
    rng = Random(seed)
    protocol = drawn(kind, rng, about)
    records = people(protocol, rng, count)
    run = some_run(protocol, rng)
    carried: list[bool] = []

    def watched(rows: Rows, made: Callable[[sql.Lexicon], sql.Statement]) -> tuple[sql.Statement, Answers]:
        statement, answers = engine(rows, made)
        carried.append(not statement.refused)
        return statement, answers

    try:
        found, compared = differences(protocol, records, run, watched, dialect)
    except Exception as error:  # of either side: told with its seed, and counted as a difference
        place = traceback.extract_tb(error.__traceback__)[-1]
        message = f"{kind} seed {seed}: crash {error!r} in {Path(place.filename).name} line {place.lineno}"
        return count, 0, False, [message[:600]]
    return (
        count,
        compared,
        carried[0],
        [f"{kind} seed {seed}, record {place}: {said}" for place, said in found],
    )


@contextmanager
def running(name: str) -> Iterator[tuple[Engine, sql.Dialect]]:
    """An engine as the tests run it: DuckDB in memory, a PostgreSQL server or a Spark of this machine."""
    if name == "duckdb":
        yield duck_engine.run, "duckdb"
        return
    with tempfile.TemporaryDirectory(prefix="protodsl-") as folder:
        if name == "postgres":
            import postgres_engine

            with postgres_engine.running(Path(folder)) as url:
                yield partial(postgres_engine.run, url), "postgres"
        else:
            import spark_engine

            for session in spark_engine.running():
                yield partial(spark_engine.run, session, Path(folder)), "spark"


def main() -> int:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--pairs", type=int, default=20_000)
    parser.add_argument("--engine", choices=("duckdb", "postgres", "spark"), default="duckdb")
    parser.add_argument("--jobs", type=int, default=1, help="processes, on DuckDB")
    add_options(parser, trials=0.15, gallery=0.15, written=0.2)
    parser.add_argument("--records", type=int, default=1000, help="people for each protocol")
    parser.add_argument("--about", default="", help="only protocols whose model holds this, as “OfEvent(”")
    asked = parser.parse_args()
    batches = -(-asked.pairs // asked.records)
    listed = tasks(batches, asked)
    done = compared = whole = differing = 0
    began = time.time()
    with running(asked.engine) as (engine, dialect):
        ask: Callable[[Task], tuple[int, int, bool, list[str]]] = partial(
            batch, engine, dialect, asked.about, asked.records
        )
        if asked.engine == "duckdb" and asked.jobs > 1:
            pool = Pool(asked.jobs)
            answers = pool.imap_unordered(ask, listed)
        else:
            answers = map(ask, listed)
        for pairs, truths, carried, found in answers:
            done += pairs
            compared += truths
            whole += carried * pairs
            differing += len(found)
            for line in found[:3]:
                print(" ", line, flush=True)
            print(f"\r{done:,} of {batches * asked.records:,}", end="", file=sys.stderr, flush=True)
    print(
        f"\n{done:,} pairs on {asked.engine}, "
        f"{told(listed, asked.records)}; "
        f"{whole:,} on statements that carry all; {compared:,} truths and verdicts compared, "
        f"{time.time() - began:.0f} s, seed {asked.seed}"
    )
    print(f"differences: {differing or 'none'}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
