"""`protodsl new` and `explain`, and what the shell completes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from protodsl.cli.main import VERBS, cli, main
from protodsl.diagnostics.catalogue import ENTRIES
from protodsl.driver import check

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return go


def test_the_skeleton_checks_without_a_word(run: Run) -> None:
    assert run("new", "trial_1", "-o", "deep/one.proto-lite", "--title", "A & B <c>") == (
        0, "deep/one.proto-lite\ndeep/sources/trial_1.txt\n", "",
    )  # fmt: skip
    result = check("deep/one.proto-lite")
    assert result.diagnostics == ()
    assert run("fmt", "--check", "deep/one.proto-lite") == (0, "", "")
    assert result.protocol is not None
    assert (result.protocol.id, result.protocol.title) == ("trial_1", "A & B <c>")
    assert result.protocol.document is not None
    assert result.protocol.document.uncovered == ()


def test_nothing_is_overwritten(run: Run) -> None:
    Path("sources").mkdir()
    Path("sources/t.txt").write_text("mine")
    assert run("new", "t")[0] == 2
    assert not Path("t.proto-lite").exists()
    Path("u.proto-lite").write_text("mine")
    assert run("new", "u")[0] == 2
    assert Path("u.proto-lite").read_text() == "mine"
    assert not Path("sources/u.txt").exists()


@pytest.mark.parametrize("name", ["1st", "a b", "and", "../x", "", "a-b"])
def test_an_id_that_is_no_name(run: Run, name: str) -> None:
    code, out, err = run("new", name)
    assert (code, out) == (2, "")
    assert "cannot be the name of a protocol" in err
    assert list(Path().iterdir()) == []


def test_a_title_that_would_break_the_text(run: Run) -> None:
    assert run("new", "t", "--title", 'a" {')[0] == 2
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_page_prints(run: Run, entry) -> None:  # type: ignore[no-untyped-def]
    code, out, err = run("explain", entry.code.lower())
    assert (code, err) == (0, "")
    assert out.startswith(f"{entry.severity} {entry.code} {entry.name}\n")
    assert all(line.strip() in out for line in f"{entry.bad}\n{entry.good}".splitlines())
    assert run("explain", entry.name)[1] == out


def test_pages_for_programs_and_the_list(run: Run) -> None:
    page = json.loads(run("explain", "E0303", "--format", "json")[1])[0]
    assert (page["name"], page["write"]) == ("missing-unit", "require creatinine <= 1.2 mg/dL")
    listed = run("explain")[1].splitlines()
    assert len(listed) == len(ENTRIES)
    assert "E0303  missing-unit" in listed


def test_a_code_that_is_none(run: Run) -> None:
    code, out, err = run("explain", "mising-unit")
    assert (code, out) == (2, "")
    assert "Did you mean 'missing-unit'?" in err


def completed(words: str, incomplete: str) -> list[str]:
    shell = BashComplete(cli, {}, "protodsl", "_PROTODSL_COMPLETE")
    return [item.value for item in shell.get_completions(words.split(), incomplete)]


def test_verbs_codes_and_protocols_are_completed(run: Run) -> None:
    assert completed("", "ex") == ["explain"]
    assert set(completed("", "")) == set(VERBS)
    assert completed("explain", "e030")[:2] == ["E0301", "E0302"]
    assert completed("explain", "mixed") == ["mixed-and-or"]
    assert completed("check", "--f") == ["--format"]
    Path("trials/more").mkdir(parents=True)
    Path("trials/a.proto-lite").touch()
    Path("trials/b.txt").touch()
    assert completed("check", "trials/") == ["trials/a.proto-lite", "trials/more/"]


def test_the_shell_is_given_its_script() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from protodsl.cli.main import main; main()"],
        env=os.environ | {"_PROTODSL_COMPLETE": "zsh_source"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "_protodsl_completion" in done.stdout
