"""A cohort in SQL, side by side in one run: a scan of the columns, SQL by hand, the generated statement.

    python benchmarks/cohort.py [participants] [threads]

The people are synthetic participants of NCT06892145 (`protodsl simulate`). By hand: `cohort_by_hand.sql`, as
a data team would write the criteria; it leaves out what its head says. Generated: the statement of `protodsl
sql` with everything in it; then chunk by chunk, for several protocols in one pass. CPU time.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from protodsl import driver, ir
from protodsl.backends import sql
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.engine import Question
from protodsl.cohort.on_duckdb import DuckDB
from protodsl.cohort.screen import screen
from protodsl.cohort.simulate import simulate

HERE = Path(__file__).resolve().parent
TRIALS = HERE.parent / "protocols"
FIRST = "NCT06892145"
OTHERS = ("NCT06222853", "NCT06350110", "changzheng-cd19-cd3e")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else None
    protocols = [protocol(name) for name in (FIRST, *OTHERS)]
    with tempfile.TemporaryDirectory() as name:
        facts = str(Path(name) / "facts")
        took = cpu(lambda: simulate(protocols[0], count, 1, facts, threads=threads))
        print(f"{count:,} participants made in {took:.1f} s")
        with duck.connect(threads=threads) as connection:
            duck.attach(connection, facts)
            scanned = cpu(lambda: scan(connection))
            by_hand = cpu(lambda: table(connection, "by_hand", HERE / "cohort_by_hand.sql"))
            same = sql.statement(protocols[0], "duckdb", duck.lexicon(connection))
            generated = cpu(lambda: connection.execute(f"CREATE TABLE generated AS {same.text}"))
            agreed = connection.execute(
                "SELECT count(*) FILTER (a.verdict = b.verdict), count(*) FILTER (a.verdict <> b.verdict "
                "AND 'undetermined' NOT IN (a.verdict, b.verdict)), count(*) "
                "FROM by_hand a JOIN generated b USING (id)"
            ).fetchall()[0]
        for told, seconds in (("scan", scanned), ("by hand", by_hand), ("generated", generated)):
            ratios = f"{seconds / scanned:6.1f} × scan   {seconds / by_hand:6.2f} × by hand"
            print(f"{told:<10} {seconds:7.2f} s   {ratios}")
        print(f"the same verdict {agreed[0]:,} of {agreed[2]:,}; opposite {agreed[1]:,}")
        for number in (1, 2, 4):
            took = cpu(lambda n=number: asked(facts, protocols[:n], name, threads))  # type: ignore[misc]
            print(f"{number} protocols in one pass, chunk by chunk: {took:.1f} s")
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB")


def protocol(name: str) -> ir.Protocol:
    found = driver.check(TRIALS / f"{name}.proto-lite").protocol
    if found is None:
        raise SystemExit(f"{name} has errors: run protodsl check on it")
    return found


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def scan(connection: Any) -> None:
    """Every column of every table, read once."""
    for each in TABLES:
        columns = ", ".join(f"count({field.name})" for field in each.fields)
        connection.execute(f"SELECT {columns} FROM {each.name}").fetchall()


def table(connection: Any, name: str, path: Path) -> None:
    connection.execute(f"CREATE TABLE {name} AS {path.read_text(encoding='utf-8')}")


def asked(facts: str, protocols: list[ir.Protocol], folder: str, threads: int | None) -> None:
    with duck.connect(threads=threads) as connection:
        questions = [Question(each) for each in protocols]
        working = str(Path(folder) / f"asked-{len(protocols)}")
        screen(DuckDB(connection, facts, working), questions, sql.Options())


if __name__ == "__main__":
    main()
