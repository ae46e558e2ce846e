"""`protodsl check` of the four trials together, a whole process, against starting Python and importing lark.

The two are started by turns; ratios are of CPU time (user and system) within one turn. Then one more process
tells where the time of the check goes.

    python benchmarks/check_startup.py [--turns 9]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
TRIALS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "protocols").glob("*.proto-lite"))

# Each step of `protodsl check` is timed by wrapping the function that does it; what a step calls of
# another step counts for that one alone.
STEPS = """
import json, sys, time
start = time.process_time()
spent, stack = {}, []

def enter(name):
    now = time.process_time()
    if stack:
        spent[stack[-1][0]] = spent.get(stack[-1][0], 0.0) + now - stack[-1][1]
    stack.append([name, now])

def leave():
    name, since = stack.pop()
    now = time.process_time()
    spent[name] = spent.get(name, 0.0) + now - since
    if stack:
        stack[-1][1] = now

def wrap(module, attribute, name):
    inner = getattr(module, attribute)
    def outer(*args, **kwargs):
        enter(name)
        try:
            return inner(*args, **kwargs)
        finally:
            leave()
    setattr(module, attribute, outer)

enter("importing lark")
import lark
leave()
enter("importing protodsl and click")
import protodsl.cli.main as main
import protodsl.cli.check, protodsl.driver as driver, protodsl.syntax.parser as parsing
import protodsl.syntax.mistakes, protodsl.diagnostics.text
leave()
wrap(parsing, "parser", "the grammar's tables")
wrap(parsing, "outline", "outline of the text")
wrap(driver, "parse_with_gaps", "parsing")
wrap(driver, "elaborate", "elaborating: names, units, quotations")
wrap(driver, "lint", "lints")
enter("everything else")
try:
    main.main(["check", *sys.argv[1:]])
except SystemExit:
    pass
leave()
spent["starting Python"] = start
print(json.dumps(spent))
"""


def cpu(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """CPU seconds and seconds on the clock of one process."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--turns", type=int, default=9)
    turns = parser.parse_args().turns
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    commands = {
        "python -c 'import lark'": [sys.executable, "-c", "import lark"],
        "protodsl check": [sys.executable, "-m", "protodsl", "check", *TRIALS],
    }
    for command in commands.values():
        cpu(command, environment)  # compiles what is not compiled yet, fills the disk's cache
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(turns):
        for name in list(commands) if turn % 2 else reversed(list(commands)):
            spent[name].append(cpu(commands[name], environment))
    lark, check = (spent[name] for name in commands)
    print(f"{len(TRIALS)} trials, {turns} turns; CPU time, in brackets time on the clock")
    for name in commands:
        own = median(one[0] for one in spent[name])
        print(f"{name:28}{own * 1000:8.0f} ms ({median(one[1] for one in spent[name]) * 1000:.0f} ms)")
    ratios = sorted(own[0] / base[0] for own, base in zip(check, lark, strict=True))
    print(f"ratio: min {ratios[0]:.2f}, median {median(ratios):.2f}, max {ratios[-1]:.2f}")
    told = subprocess.run(
        [sys.executable, "-c", STEPS, *TRIALS], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    steps: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    whole = sum(steps.values())
    print("where it goes:")
    for name, seconds in sorted(steps.items(), key=lambda step: -step[1]):
        print(f"  {name:40}{seconds * 1000:8.0f} ms {seconds / whole:6.0%}")


if __name__ == "__main__":
    main()
