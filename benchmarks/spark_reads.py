"""How often Spark's plan reads each table: of every trial alone, and of the four trials in one pass.

    python benchmarks/spark_reads.py [--trials NCT06892145 …]

Not time: plans are made and nothing is run. Prints a line for each; exits 1 where a table is read twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

import spark_engine  # noqa: E402

from protodsl import ir  # noqa: E402
from protodsl.cohort import on_spark  # noqa: E402
from protodsl.cohort.engine import Question  # noqa: E402
from protodsl.cohort.simulate import simulate  # noqa: E402
from protodsl.driver import check  # noqa: E402


def asked(named: list[str]) -> Iterator[tuple[str, list[ir.Protocol]]]:
    """What is asked in one pass, and what that is called."""
    own = sorted((ROOT / "protocols").glob("*.proto-lite"))
    found: list[ir.Protocol] = []
    for path in (*own, *sorted((ROOT / "protocols" / "gallery").glob("*.proto-lite"))):
        if named and path.stem not in named:
            continue
        protocol = check(str(path)).protocol
        assert protocol is not None
        yield path.stem, [protocol]
        if path in own:
            found.append(protocol)
    if len(found) > 1:
        yield f"these {len(found)} in one pass", found


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", nargs="*", default=[], help="names of files; by default all")
    twice = 0
    with tempfile.TemporaryDirectory(prefix="protodsl-") as folder:
        for session in spark_engine.running("local[1]"):
            for name, protocols in asked(parser.parse_args().trials):
                facts = str(Path(folder) / name.replace(" ", "-"))
                simulate(protocols[0], 40, 1, facts, threads=1)
                with on_spark.opened(session, folder=facts, catalog=None) as engine:
                    text = spark_engine.plans(engine, [Question(each) for each in protocols])
                found = spark_engine.reads(text)
                again = {table: times for table, times in found.items() if times > 1}
                twice += bool(again)
                print(f"{name}: {len(found)} tables, {again or 'each once'}", flush=True)
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main())
