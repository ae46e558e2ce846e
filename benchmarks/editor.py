"""What an author waits for: the server's answer to a keystroke, `fmt` and `check`, per 1,000 lines.

    python benchmarks/editor.py [--keys N] [--lines N]

All times are of one run on one machine; what counts are the ratios and the shape of the distribution. What
is done in this process is measured in CPU time, what the server answers on the clock. The protocol is the
longest shipped trial, its criteria repeated under other numbers until it has so many lines.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from protodsl.driver import Project, check
from protodsl.editor.desk import Desk
from protodsl.source import Source
from protodsl.syntax.outline import outline
from protodsl.syntax.printer import format_source

ROOT = Path(__file__).resolve().parents[1]
TRIAL = ROOT / "protocols" / "NCT06892145.proto-lite"


def long_protocol(lines: int) -> str:
    """The trial with its exclusion criteria copied, renumbered, until it has at least so many lines."""
    text = TRIAL.read_text(encoding="utf-8")
    (protocol,) = [one for one in outline(text).root.children if one.word == "protocol"]
    copied = [
        one for one in protocol.children if one.word == "exclusion" and "clarify" in text[one.start : one.end]
    ]
    more: list[str] = []
    number = 100
    while text.count("\n") + sum(one.count("\n") + 2 for one in more) < lines:
        one = copied[number % len(copied)]
        body = text[one.start : one.end].rstrip()
        more.append("  exclusion " + str(number) + body[len("exclusion ") :].lstrip("0123456789"))
        number += 1
    end = text.rindex("}")
    return text[:end] + "\n" + "\n\n".join(more) + "\n}\n"


def typed(text: str, count: int) -> list[str]:
    """The text while a criterion is typed into its midst, a character at a time: mostly half a sentence."""
    words = (
        'exclusion 99 "Liver" {\n    source "ALT"\n    exclude if alt > 3 ULN or has gilbert_syndrome\n  }\n'
    )
    middle = text.index("exclusion ", len(text) // 2)
    return [text[:middle] + words[: end + 1] + text[middle:] for end in range(min(count, len(words)))]


def timed(
    work: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    found = []
    for _ in range(times):
        start = clock()
        work()
        found.append(1000 * (clock() - start))
    return found


def told(name: str, found: list[float]) -> None:
    ordered = sorted(found)
    last = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    print(f"{name:<58}{statistics.median(found):9.1f}{last:9.1f}{ordered[-1]:9.1f}")


def keystrokes(text: str, count: int) -> list[str]:
    """The text with one character typed into a number, here and there: each a change of a criterion."""
    places = [at for at in range(len(text)) if text[at - 1 : at + 1] == "3 " or text[at - 1 : at + 1] == "2 "]
    step = max(1, len(places) // count)
    return [text[:at] + "0" + text[at:] for at in places[::step][:count]]


def in_process(text: str, folder: Path, keys: int) -> None:
    path = str(folder / "long.proto-lite")
    cpu = time.process_time
    check(path, project=Project())  # builds the parser
    cold = timed(lambda: check(path, project=Project()), 5, cpu)
    told("check, cold: every file read and parsed", cold)
    desk = Desk()
    desk.edit(path, text)
    desk.check(path)
    for name, edits in (
        ("check after one keystroke in a criterion", keystrokes(text, keys)),
        ("check after each letter of a new criterion", typed(text, 5 * keys)),
    ):
        waiting = iter(edits)

        def key(waiting: Iterator[str] = waiting) -> None:
            desk.edit(path, next(waiting))
            desk.check(path)

        warm = timed(key, len(edits), cpu)
        told(name, warm)
        print(f"{'':<4}cold : keystroke = {statistics.median(cold) / statistics.median(warm):.1f} : 1")
    lines = text.count("\n")
    formed = timed(lambda: format_source(Source(path, text)), 5, cpu)
    told("fmt", formed)
    for name, found in (("check", cold), ("fmt", formed)):
        print(f"{'':<4}{name}: {1000 * statistics.median(found) / lines:.1f} ms per 1,000 lines")


class Server:
    """`protodsl lsp` as a process."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "protodsl", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
        self.number = 0
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def send(self, **message: Any) -> None:
        assert self.process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self.send(method=method, params=params)

    def next(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        made: dict[str, Any] = json.loads(stream.read(length))
        return made

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while (answer := self.next()).get("id") != self.number:
            pass
        return answer["result"]

    def diagnostics(self, version: int) -> None:
        while True:
            one = self.next()
            if (
                one.get("method") == "textDocument/publishDiagnostics"
                and one["params"].get("version") == version
            ):
                return


def over_stdio(text: str, folder: Path, keys: int) -> None:
    from protodsl.editor.server import PAUSE

    server = Server(folder)
    uri = (folder / "long.proto-lite").as_uri()
    opened = {"uri": uri, "languageId": "protodsl", "version": 1, "text": text}
    server.tell("textDocument/didOpen", {"textDocument": opened})
    server.diagnostics(1)
    line = text.count("\n", 0, text.index("require "))
    place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": 14}}
    shown: list[float] = []
    hovers: list[float] = []
    offers: list[float] = []
    for version, edited in enumerate(keystrokes(text, keys), 2):
        start = time.perf_counter()
        changed = {"textDocument": {"uri": uri, "version": version}, "contentChanges": [{"text": edited}]}
        server.tell("textDocument/didChange", changed)
        offers += timed(lambda: server.ask("textDocument/completion", place), 1)
        server.diagnostics(version)
        shown.append(1000 * (time.perf_counter() - start))
        hovers += timed(lambda: server.ask("textDocument/hover", place), 1)
    told("server: completion, asked with the keystroke", offers)
    told("server: hover", hovers)
    told(f"server: diagnostics after a keystroke ({1000 * PAUSE:.0f} ms of pause included)", shown)
    server.ask("shutdown", None)
    server.tell("exit", None)
    server.process.wait()


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--keys", type=int, default=20)
    options.add_argument("--lines", type=int, default=1000)
    asked = options.parse_args()
    text = long_protocol(asked.lines)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("vocabulary", "sources"):
            shutil.copytree(ROOT / "protocols" / part, folder / part)
        (folder / "protodsl.toml").touch()
        (folder / "long.proto-lite").write_text(text, encoding="utf-8")
        print(f"{text.count(chr(10)):,} lines{'':<47}   median   95 %  longest  (ms)")
        in_process(text, folder, asked.keys)
        over_stdio(text, folder, asked.keys)


if __name__ == "__main__":
    main()
