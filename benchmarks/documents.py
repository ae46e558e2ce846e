"""Documents of the largest trial and of a protocol with 400 criteria: each format against checking alone, and
the PDF against typst alone on the very source it is given.

Warm: in one process, formats by turns, ratios within a turn. Cold: whole processes started by turns
(`protodsl render` against `protodsl check`, and against a process that only imports typst and compiles the
same source). CPU time, user and system; medians.

    python benchmarks/documents.py [--turns 5]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from protodsl import driver, ir
from protodsl.documents import laid_out, pdf, summary

ROOT = Path(__file__).resolve().parents[1]
LARGEST = ROOT / "protocols" / "changzheng-cd19-cd3e.proto-lite"
CRITERIA = 400
ALONE = (
    "import sys, typst; typst.compile(open(sys.argv[1], 'rb').read(), font_paths=[sys.argv[2]],"
    " ignore_system_fonts=True, format='pdf', pdf_standards='ua-1')"
)


def many(folder: Path) -> Path:
    """A protocol with 400 criteria, each with a limit, a drug and a window."""
    vocabulary = ROOT / "protocols" / "vocabulary"
    lines = ["language 1"]
    lines += [f'use "vocabulary/{name}.proto-lite"' for name in ("laboratory", "conditions", "drugs")]
    lines += ['protocol many "Four hundred criteria" {', "timepoint screening", "anchor screening"]
    for number in range(1, CRITERIA // 2 + 1):
        lines += [
            f'inclusion {number} "Enzymes, rule {number}" {{ require alt <= {number} U/L or ast <= 2 ULN }}',
            f'exclusion {number} "Drug, rule {number}" {{',
            f"exclude if received rituximab within {number} weeks before screening }}",
        ]
    path = folder / "many.proto-lite"
    path.write_text("\n".join((*lines, "}", "")), encoding="utf-8")
    shutil.copytree(vocabulary, folder / "vocabulary")
    return path


def source_of(protocol: ir.Protocol) -> bytes:
    """What typst is given for the protocol's PDF."""
    seen: list[bytes] = []
    inner = pdf._compile

    def kept(typst: object, text: str, system: bool) -> bytes:
        seen.append(text.encode())
        return inner(typst, text, system)

    pdf._compile = kept
    try:
        laid_out(summary(protocol), "pdf")
    finally:
        pdf._compile = inner
    return max(seen, key=len)


def cpu(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def started(command: list[str]) -> float:
    """CPU time of a whole process and its children."""
    before = os.times()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)


def table(title: str, rows: dict[str, list[float]], base: str) -> None:
    print(f"\n{title}")
    print(f"  {'':34}{'seconds':>9}{'against ' + base:>28}")
    for name, times in rows.items():
        ratio = median(a / b for a, b in zip(times, rows[base], strict=True))
        print(f"  {name:34}{median(times):9.3f}{ratio:28.2f}")


def warm(path: Path, turns: int) -> None:
    import typst

    protocol = driver.check(str(path)).protocol
    assert protocol is not None, path
    source = source_of(protocol)
    actions: dict[str, Callable[[], object]] = {
        "checking": lambda: driver.check(str(path)),
        "the view": lambda: summary(protocol),
        "Markdown": lambda: laid_out(summary(protocol), "md"),
        "HTML": lambda: laid_out(summary(protocol), "html"),
        "PDF": lambda: laid_out(summary(protocol), "pdf"),
        "typst alone": lambda: pdf._compile(typst, source.decode(), system=False),
    }
    rows: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(turns):
        for name, action in actions.items():
            rows[name].append(cpu(action))
    table(f"{path.name}, warm, {turns} turns", rows, "checking")
    last = zip(rows["PDF"], rows["typst alone"], strict=True)
    print(f"  PDF / typst alone: {median(a / b for a, b in last):.2f}")


def cold(path: Path, turns: int, folder: Path) -> None:
    protocol = driver.check(str(path)).protocol
    assert protocol is not None, path
    source = folder / "source.typ"
    source.write_bytes(source_of(protocol))
    me = [sys.executable, "-m", "protodsl"]
    commands = {
        "protodsl check": [*me, "check", str(path)],
        "protodsl render --to md": [*me, "render", str(path), "-o", str(folder / "a.md")],
        "protodsl render --to html": [*me, "render", str(path), "-o", str(folder / "a.html")],
        "protodsl render --to pdf": [*me, "render", str(path), "-o", str(folder / "a.pdf")],
        "typst alone": [sys.executable, "-c", ALONE, str(source), str(pdf.FONTS)],
    }
    rows: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            rows[name].append(started(command))
    table(f"{path.name}, cold, {turns} turns", rows, "protodsl check")
    last = zip(rows["protodsl render --to pdf"], rows["typst alone"], strict=True)
    print(f"  PDF / typst alone: {median(a / b for a, b in last):.2f}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--turns", type=int, default=5)
    turns = options.parse_args().turns
    with tempfile.TemporaryDirectory() as folder:
        for path in (LARGEST, many(Path(folder))):
            warm(path, turns)
            cold(path, turns, Path(folder))


if __name__ == "__main__":
    main()
