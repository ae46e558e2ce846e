"""`protodsl fmt` as a user sees it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from protodsl.cli.main import main

Run = Callable[..., tuple[int, str, str]]
UGLY = 'language 1\n  lab a "A" {unit U/L}\n'
NEAT = 'language 1\nlab a "A" { unit U/L }\n'
BROKEN = "language 1\nlab {\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str, given: bytes | None = None) -> tuple[int, str, str]:
        if given is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as left:
            main(["fmt", *arguments])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return go


def test_files_are_rewritten_and_named(run: Run) -> None:
    Path("in").mkdir()
    Path("in/a.proto-lite").write_text(UGLY)
    Path("in/b.proto-lite").write_text(NEAT)
    assert run("in") == (0, "in/a.proto-lite\n", "")
    assert Path("in/a.proto-lite").read_text() == NEAT
    assert run("in") == (0, "", "")


def test_check_and_diff_write_nothing(run: Run) -> None:
    Path("a.proto-lite").write_text(UGLY)
    assert run("--check", "a.proto-lite") == (1, "a.proto-lite\n", "")
    code, out, err = run("--diff", "a.proto-lite")
    assert (code, err) == (1, "")
    assert '-  lab a "A" {unit U/L}\n+lab a "A" { unit U/L }\n' in out
    code, out, err = run("--check", "a.proto-lite", "--format", "json")
    assert json.loads(out) == {"files": 1, "changed": ["a.proto-lite"], "failed": []}
    assert Path("a.proto-lite").read_text() == UGLY
    Path("a.proto-lite").write_text(NEAT)
    assert run("--check", "--diff", "a.proto-lite") == (0, "", "")


def test_standard_input(run: Run) -> None:
    assert run("-", given=UGLY.encode()) == (0, NEAT, "")
    assert run("--check", "-", given=UGLY.encode())[0] == 1
    code, out, err = run("-", given=BROKEN.encode())
    assert (code, out) == (1, "")
    assert "error[" in err


def test_a_broken_file_keeps_nobody_else_waiting(run: Run) -> None:
    Path("a.proto-lite").write_text(BROKEN)
    Path("b.proto-lite").write_text(UGLY)
    Path("c.proto-lite").write_bytes(b"\xff\xfe\0")
    code, out, err = run(".", "missing.proto-lite")
    assert (code, out) == (1, "./b.proto-lite\n")
    assert "a.proto-lite:2" in err
    assert "missing.proto-lite" in err
    assert "c.proto-lite" in err
    assert Path("a.proto-lite").read_text() == BROKEN
    assert Path("b.proto-lite").read_text() == NEAT


def test_a_byte_order_mark_is_dropped(run: Run) -> None:
    Path("a.proto-lite").write_bytes(b"\xef\xbb\xbf" + NEAT.encode())
    assert run("a.proto-lite")[0] == 0
    assert Path("a.proto-lite").read_bytes() == NEAT.encode()
