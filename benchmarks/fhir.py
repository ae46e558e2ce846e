"""FHIR to verdicts: against parsing the same JSON alone, and ten thousand bundles with several processes.

    python benchmarks/fhir.py [FOLDER of bundles] [--many 10000]

Prints ratios measured side by side in one run, in processor time, and for the many the rate and the highest
memory of each process. The many are the bundles of the folder over and over, each with an id of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from protodsl import driver
from protodsl.records.fhir import parse_bundle
from protodsl.records.site import Site
from protodsl.reports import Asked, Trial

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "tests" / "data" / "fhir-r4-synthea"
PROTOCOL = ROOT / "protocols" / "NCT06892145.proto-lite"
ROUNDS = 15


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def ratios(bundles: list[bytes], trial: Trial, site: Site) -> None:
    """Reading and deciding, each against `json.loads` in the same round; the median of the rounds."""
    asked = Asked(at={"screening": "2019-05-20"})

    def read() -> None:
        for raw in bundles:
            list(parse_bundle("bundle", raw, site))

    def decide(evaluate: Callable[..., object]) -> Callable[[], None]:
        def work() -> None:
            for raw in bundles:
                for entry in parse_bundle("bundle", raw, site):
                    if entry.record is not None:
                        evaluate(entry.record, asked)

        return work

    steps = {
        "bundle → record": read,
        "bundle → verdict": decide(trial.verdict),
        "bundle → report with reasons": decide(trial.evaluate),
    }
    found: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        alone = seconds(lambda: [json.loads(raw) for raw in bundles])
        for name, work in steps.items():
            found[name].append(seconds(work) / alone)
    size = sum(map(len, bundles)) / 2**20
    print(f"{len(bundles)} bundles, {size:.1f} MiB; parsing their JSON alone (json.loads) is 1")
    for name, each in found.items():
        print(f"  {name:<30} {statistics.median(each):.2f}  (best {min(each):.2f})")


def many(bundles: list[bytes], count: int) -> None:
    """`screen --format jsonl` over a folder of that many, with one process and with one for each core."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            raw = bundles[number % len(bundles)].decode()
            identifier = re.search(r'"resourceType":\s*"Patient",\s*"id":\s*"([^"]+)"', raw)
            if identifier is not None:
                raw = raw.replace(identifier[1], f"{identifier[1][:-8]}{number:08}")
            Path(folder, f"{number:06}.json").write_text(raw)
        rates: dict[int, float] = {}
        for jobs in dict.fromkeys((1, len(os.sched_getaffinity(0)))):
            for some in (count // 10, count):
                seen, took, peak = screened(folder, some, jobs)
                rates[jobs] = seen / took
                print(
                    f"  {some:>6} files, {jobs} process(es): {seen} screened, {seen / took:.0f} a second, "
                    f"at most {peak:.0f} MiB in one process"
                )
        if len(rates) > 1:
            first, *_, last = rates.values()
            print(f"  {last / first:.2f} times as fast with {max(rates)} processes")


def screened(folder: str, some: int, jobs: int) -> tuple[int, float, float]:
    """(participants, seconds, MiB) of a run on the first `some` files."""
    with tempfile.TemporaryDirectory() as part:
        for name in sorted(os.listdir(folder))[:some]:
            os.link(Path(folder, name), Path(part, name))
        program = (
            "import resource, sys\nfrom protodsl.cli.main import main\ntry: main(sys.argv[1:])\n"
            "except SystemExit: pass\n"
            "print(max(resource.getrusage(who).ru_maxrss for who in "
            "(resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)), file=sys.stderr)"
        )
        arguments = ["screen", str(PROTOCOL), part, "--format", "jsonl", "--jobs", str(jobs)]
        start = time.monotonic()
        run = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert run.stdout is not None and run.stderr is not None
        seen = sum(1 for _ in run.stdout)
        took = time.monotonic() - start
        kilobytes = int(run.stderr.read().split()[-1])
        run.wait()
    return seen, took, kilobytes / 1024


def main() -> None:
    gc.set_threshold(50_000, 10, 10)  # as the command does
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", default=str(SAMPLE))
    parser.add_argument("--many", type=int, default=0, metavar="N", help="also screen N bundles; try 10000")
    options = parser.parse_args()
    paths = sorted(Path(options.folder).glob("*.json"))
    bundles = [raw for path in paths if b'"Patient"' in (raw := path.read_bytes())]
    protocol = driver.check(str(PROTOCOL)).protocol
    if protocol is None or not bundles:
        raise SystemExit("no bundles there, or the protocol has errors")
    trial = Trial(protocol)
    ratios(bundles, trial, Site(trial.names))
    if options.many:
        many(bundles, options.many)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  this process: at most {own:.0f} MiB")


if __name__ == "__main__":
    main()
