"""Memory of `protodsl screen … - --format jsonl` while JSON Lines records stream through it; with
`--verdict`, of the compiled checker asked for verdicts alone, which has a million done several times as soon.

Records are made as they are sent, none is kept; the reports go nowhere. The resident memory of the process
is printed at ten points. The first tenth fills caches that have their bounds; after that it is to be flat.

    python benchmarks/memory.py [--records 1000000] [--distinct 20000] [--verdict]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from people import PROTOCOL, ROOT, people, protocol

from protodsl.backends import python

POINTS = 10


def memory(pid: int, what: str) -> float:
    """`VmRSS` (now) or `VmHWM` (peak) of a process, in MB; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1000 if found else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument(
        "--distinct", type=int, default=20_000, help="after so many they begin again, renamed"
    )
    parser.add_argument("--verdict", action="store_true", help="the compiled checker, verdicts alone")
    options = parser.parse_args()
    count, distinct = options.records, min(options.distinct, options.records)

    bodies = [json.dumps({**record, "id": ""}, ensure_ascii=False) for record in people(protocol(), distinct)]
    size = sum(map(len, bodies)) / distinct / 1000
    print(f"{count:,} records, {distinct:,} of them different, {size:.1f} kB each")

    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with TemporaryDirectory() as folder:
        if options.verdict:
            checker, people_file = Path(folder) / "checker.py", Path(folder) / "people.jsonl"
            checker.write_text(python.generate(protocol()), encoding="utf-8")
            os.mkfifo(people_file)
            command = [sys.executable, str(checker), str(people_file), "--format", "jsonl", "--verdict"]
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
            with people_file.open("wb") as sink:
                measured(child, sink, bodies, count)
        else:
            command = [sys.executable, "-m", "protodsl", "screen", str(PROTOCOL), "-", "--format", "jsonl"]
            child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment
            )
            assert child.stdin is not None
            measured(child, child.stdin, bodies, count)


def measured(child: subprocess.Popen[bytes], sink: IO[bytes], bodies: list[str], count: int) -> None:
    """Sends the records and prints what the process grows to."""
    begun = time.perf_counter()
    points: list[float] = []
    distinct = len(bodies)
    for number in range(count):
        line = bodies[number % distinct].replace('"id": ""', f'"id": "M-{number:07d}"', 1)
        sink.write(line.encode() + b"\n")
        if (number + 1) % max(count // POINTS, 1) == 0:
            points.append(memory(child.pid, "VmRSS"))
            spent = time.perf_counter() - begun
            print(f"{number + 1:>10,} sent {points[-1]:8.1f} MB {spent:8.0f} s", flush=True)
    peak = memory(child.pid, "VmHWM")
    sink.close()
    code = child.wait()
    spent = time.perf_counter() - begun
    if code not in (0, 1):
        raise SystemExit(f"screening ended with {code}")
    print(f"peak {peak:.1f} MB; {count:,} records in {spent:.0f} s, {spent / count * 1000:.2f} ms each")
    if len(points) > 1:
        print(f"from the first point to the last: {points[-1] - points[0]:+.1f} MB")


if __name__ == "__main__":
    main()
