"""FHIR to verdicts: against parsing the same JSON alone, and ten thousand bundles with several processes.

    python benchmarks/fhir.py [FOLDER of bundles] [--many 10000]

Prints ratios measured side by side in one run, in processor time, and for the many the rate and the memory
while they stream. The many are the bundles of the folder over and over, each with an id of its own.
"""

from __future__ import annotations

import argparse
import contextlib
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
    """`screen --format jsonl` over a folder of that many with a process for each core, and the rate beside
    that of one process on a tenth of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            raw = bundles[number % len(bundles)].decode()
            identifier = re.search(r'"resourceType":\s*"Patient",\s*"id":\s*"([^"]+)"', raw)
            if identifier is not None:
                raw = raw.replace(identifier[1], f"{identifier[1][:-8]}{number:08}")
            Path(folder, f"{number:06}.json").write_text(raw)
        jobs = len(os.sched_getaffinity(0))
        alone = screened(folder, count // 10, 1)
        together = screened(folder, count, jobs)
        print(f"  {together / alone:.2f} times as fast with {jobs} processes")


def screened(folder: str, some: int, jobs: int) -> float:
    """Participants a second of a run on the first `some` files; prints the memory while they stream."""
    with tempfile.TemporaryDirectory() as part:
        for name in sorted(os.listdir(folder))[:some]:
            os.link(Path(folder, name), Path(part, name))
        command = [sys.executable, "-m", "protodsl", "screen", str(PROTOCOL), part, "--format", "jsonl"]
        start = time.monotonic()
        run = subprocess.Popen([*command, "--jobs", str(jobs)], stdout=subprocess.PIPE)
        assert run.stdout is not None
        seen = 0
        held: list[float] = []
        for _ in run.stdout:
            seen += 1
            if seen % (some // 10) == 0:
                held.append(memory(run.pid))
        run.wait()
    rate = seen / (time.monotonic() - start)
    print(
        f"  {seen} screened by {jobs} process(es), {rate:.0f} a second; MiB of all processes at each tenth:"
    )
    print("   ", " ".join(f"{each:.0f}" for each in held))
    return rate


def memory(process: int) -> float:
    """MiB of a process and of those it started; what they share is counted once (PSS, Linux)."""
    total = 0
    with contextlib.suppress(OSError):  # one that has just ended
        found = re.search(r"Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text())
        total += int(found[1]) if found is not None else 0
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return total / 1024 + sum(memory(int(child)) for child in children)
    return total / 1024


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
