"""A cohort in SQL, side by side in one run: a scan of the columns, SQL by hand, the generated statement.

    python benchmarks/cohort.py [--people 20000] [--threads 1] [--memory 8GB] [--tables DIR]
        [--growth] [--protocols 1,2,4,8] [--no-by-hand]

The people are synthetic participants of NCT06892145 (`protodsl simulate`), made before anything is timed;
with `--tables` they stay in DIR and are used again. By hand twice: `cohort_by_hand.sql` is a data team's
pivot, which leaves out what its head says; `cohort_by_hand_whole.sql` has the same meaning as the
checker, except for daily doses and courses that touch, and is compared with the generated statement
verdict by verdict and criterion by criterion. "Generated, as by hand" is the statement of a protocol
whose two parts on these are left unknown; "generated, whole" has them. Each of these runs as one statement
over all participants; `cohort` asks it of some participants at a time, and writes the answers to files.

`--growth` prints how the cost grows from 10,000 participants to `--people`, in tens, as `cohort` works:
some participants at a time. `--protocols` asks several trials of the gallery in one pass over the same
people. CPU time of all threads.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from protodsl import driver, ir
from protodsl.backends import sql
from protodsl.backends.sql.build import Builder
from protodsl.backends.sql.criteria import Writer
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
NOT_BY_HAND = ("3.b.1.glucocorticoid", "3.b.1.duration")  # what the whole statement by hand leaves unknown
BY_HAND = {  # how things with exceptions are called there
    "autoimmune_disease": "other_autoimmune_disease",
    "malignancy": "other_malignancy",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", default="8GB", help="DuckDB's memory limit")
    parser.add_argument("--tables", metavar="DIR", help="where the people are kept, and used again")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--protocols", default="1,2,4,8", help="how many at once; empty: none")
    parser.add_argument("--no-by-hand", action="store_true", help="growth and several protocols alone")
    asked = parser.parse_args()
    first = protocol(TRIALS / f"{FIRST}.proto-lite")
    with contextlib.ExitStack() as stack:
        folder = asked.tables or stack.enter_context(tempfile.TemporaryDirectory())
        runs = Runs(Path(folder), asked.threads, asked.memory)
        if not asked.no_by_hand:
            side_by_side(runs, first, asked.people)
        counts = [int(each) for each in asked.protocols.split(",") if each]
        if counts:
            several(runs, first, asked.people, counts)
        if asked.growth:
            growth(runs, first, asked.people)
    print(f"most memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MiB")


class Runs:
    """Where tables and parts are kept, and what DuckDB may use."""

    def __init__(self, folder: Path, threads: int, memory: str) -> None:
        self.folder, self.threads, self.memory = folder, threads, memory
        folder.mkdir(parents=True, exist_ok=True)

    def people(self, first: ir.Protocol, count: int) -> str:
        folder = self.folder / f"people-{count}"
        if not folder.exists():
            took = cpu(lambda: simulate(first, count, 1, str(folder), threads=self.threads))
            print(f"{count:,} participants made in {took:,.0f} s")
        return str(folder)

    @contextlib.contextmanager
    def connection(self) -> Any:
        with duck.connect(self.memory, self.threads) as connection:
            connection.execute(f"SET temp_directory = {duck.quoted(str(self.folder / 'spill'))}")
            yield connection


def protocol(path: Path) -> ir.Protocol:
    found = driver.check(path).protocol
    if found is None:
        raise SystemExit(f"{path} has errors: run protodsl check on it")
    return found


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


# ---------------------------------------------------------------- one statement beside another


def side_by_side(runs: Runs, first: ir.Protocol, count: int) -> None:
    facts = runs.people(first, count)
    with runs.connection() as connection:
        duck.attach(connection, facts)
        lexicon = duck.lexicon(connection)
        as_by_hand = without(first, NOT_BY_HAND)
        same = sql.statement(as_by_hand, "duckdb", lexicon)
        whole = sql.statement(first, "duckdb", lexicon)
        terms(connection, as_by_hand, lexicon)
        timed = {
            "scan of every column": cpu(lambda: scan(connection)),
            "by hand, simple": cpu(lambda: by_hand(connection, "simple", "cohort_by_hand.sql")),
            "by hand, same meaning": cpu(lambda: by_hand(connection, "by_hand", "cohort_by_hand_whole.sql")),
            "generated, as by hand": cpu(lambda: table(connection, "generated", same.text)),
            "generated, whole": cpu(lambda: table(connection, "carried", whole.text)),
            "the same, as `cohort` runs it": passed(runs, facts, [first]),
        }
        print(f"\n{count:,} participants, {runs.threads} threads, memory limit {runs.memory}")
        print(f"{'':<29} {'CPU':>9}  {'× scan':>8}  {'× by hand':>9}")
        least, hand = timed["scan of every column"], timed["by hand, same meaning"]
        for told, seconds in timed.items():
            print(f"{told:<29} {seconds:>7.2f} s  {seconds / least:>8.1f}  {seconds / hand:>9.2f}")
        for told, each in (("as by hand", same), ("whole", whole)):
            alone = planned(runs, first, each)
            print(f"generated, {told}, for 10 participants, that is, planning: {alone:.2f} s")
        compared(connection, same)


def planned(runs: Runs, first: ir.Protocol, statement: sql.Statement) -> float:
    with runs.connection() as connection:
        duck.attach(connection, runs.people(first, 10))
        return cpu(lambda: connection.execute(statement.text))


def compared(connection: Any, same: sql.Statement) -> None:
    """How often both by hand agree with the generated statement."""
    for name in ("simple", "by_hand"):
        agreed, opposite, total = connection.execute(
            "SELECT count(*) FILTER (a.verdict = b.verdict), count(*) FILTER (a.verdict <> b.verdict "
            "AND 'undetermined' NOT IN (a.verdict, b.verdict)), count(*) "
            f"FROM {name} a JOIN generated b USING (id)"
        ).fetchall()[0]
        print(f"{name}: the same verdict for {agreed:,} of {total:,}; opposite for {opposite:,}")
    truths = {each.id: each.column for each in same.outputs if each.what == "truth"}
    differing: list[str] = []
    for kind, numbers in (("inclusion", range(1, 10)), ("exclusion", range(1, 17))):
        for number in numbers:
            mine, theirs = truths[f"{kind} {number}"], f"{kind[0]}{number}"
            found = connection.execute(
                f"SELECT count(*) FROM by_hand a JOIN generated b USING (id) "
                f"WHERE a.{theirs} IS DISTINCT FROM b.{mine}"
            ).fetchall()[0][0]
            if found:
                differing.append(f"{kind} {number} for {found:,}")
    print(f"by_hand: truths of criteria that differ: {', '.join(differing) or 'none of 25'}")


def by_hand(connection: Any, name: str, file: str) -> None:
    *macros, last = (HERE / file).read_text(encoding="utf-8").split(";\n")
    for macro in macros:
        connection.execute(macro)
    table(connection, name, last)


def without(first: ir.Protocol, parts: tuple[str, ...]) -> ir.Protocol:
    """The protocol with these parts of inclusion 3 left to a question nobody has answered."""
    unknown = ir.Answer("left aside", "left aside", (), "judged")

    def part(of: ir.Part) -> ir.Part:
        if any(of.id.endswith(name) for name in parts):
            return replace(of, expr=unknown, parts=())
        return replace(of, parts=tuple(part(each) for each in of.parts))

    def stage(of: ir.Stage) -> ir.Stage:
        return replace(of, criteria=tuple(replace(each, root=part(each.root)) for each in of.criteria))

    return replace(first, stages=tuple(stage(each) for each in first.stages))


def terms(connection: Any, first: ir.Protocol, lexicon: sql.Lexicon) -> None:
    """The terminology the whole statement by hand reads: which code is which thing."""
    builder = Builder(first, "duckdb", lexicon, sql.Options())
    Writer(builder).stages()
    called = {
        name: BY_HAND.get(item, item) if but_not else item
        for (_, item, but_not), name in builder.things.items()
    }
    connection.execute(
        "CREATE OR REPLACE TABLE meant(concept INT, thing VARCHAR, sure BOOLEAN, brief BOOLEAN)"
    )
    connection.execute("CREATE OR REPLACE TABLE absent(concept INT, thing VARCHAR, part INT, parts INT)")
    connection.execute("CREATE OR REPLACE TABLE denies(absent INT, concept INT, thing VARCHAR)")
    codes = builder.codes()
    listed = {
        "meant": [(row[0], called[str(row[3])], row[4], row[5]) for row in codes],
        "absent": [
            (concept, BY_HAND.get(item, item), part, len(builder.paths(item)))
            for concept, _, item, part in builder.rules_out()
        ],
        "denies": [
            (absent, fact, called[thing])
            for absent, _, fact, _, thing in builder.denying(codes, builder.denials)
        ],
    }
    for name, rows in listed.items():
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)


def scan(connection: Any) -> None:
    """Every column of every table, read once."""
    for each in TABLES:
        columns = ", ".join(f"count({field.name})" for field in each.fields)
        connection.execute(f"SELECT {columns} FROM {each.name}").fetchall()


def table(connection: Any, name: str, statement: str) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS {statement}")


# ---------------------------------------------------------------- several protocols, more people


def several(runs: Runs, first: ir.Protocol, count: int, numbers: list[int]) -> None:
    trials = [first, *(protocol(TRIALS / f"{name}.proto-lite") for name in OTHERS)]
    if max(numbers) > len(trials):
        gallery = sorted((TRIALS / "gallery").glob("*.proto-lite"))
        trials += [protocol(each) for each in gallery[: max(numbers) - len(trials)]]
    facts = runs.people(first, count)
    print(f"\n{count:,} participants, some at a time: protocols in one pass")
    alone = 0.0
    for number in numbers:
        took = passed(runs, facts, trials[:number])
        alone = alone or took / number
        print(f"{number:>3} protocols {took:>8.1f} s   {took / alone:>5.1f} × one")


def growth(runs: Runs, first: ir.Protocol, most: int) -> None:
    print(f"\nHow the cost grows, {runs.threads} threads, memory limit {runs.memory}, some at a time")
    print(f"{'participants':>12}  {'CPU':>10}  {'for 1,000':>9}")
    count = 10_000
    while count <= most:
        facts = runs.people(first, count)
        took = passed(runs, facts, [first])
        print(f"{count:>12,}  {took:>8.1f} s  {1000 * took / count:>7.3f} s")
        count = count * 10 if count * 10 <= most or count == most else most


def passed(runs: Runs, facts: str, protocols: list[ir.Protocol]) -> float:
    """CPU time of screening everybody, some participants at a time, as `cohort` does."""

    def work() -> None:
        with tempfile.TemporaryDirectory(dir=runs.folder) as name, runs.connection() as connection:
            questions = [Question(each) for each in protocols]
            screen(DuckDB(connection, facts, f"{name}/parts"), questions, sql.Options())

    return cpu(work)


if __name__ == "__main__":
    main()
