"""The command line as a user sees it: what it prints, where, and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from protodsl.cli.main import VERBS, main

ROOT = Path(__file__).parents[2]
TRIAL = str(ROOT / "protocols" / "NCT06892145.proto-lite")

GOOD = """language 1
lab alt "ALT" { loinc "1742-6" unit U/L }
protocol small "A small trial" {
  anchor screening
  timepoint screening
  values within 28 days before screening
  identifiers not stated
  background not stated
  design not stated
  safety not stated
  ethics not stated
  phase not stated
  sponsor not stated
  status not stated
  conditions not stated
  planned_number not stated
  sex not stated
  age not stated
  inclusion 1 "Liver" {
    require alt <= 3 ULN
  }
  exclusion 1 "Men" {
    exclude if sex is male
  }
}
"""
BAD = GOOD.replace("require alt <= 3 ULN", "require alt <= <= 3 ULN")
WELL = {
    "id": "P-1",
    "sex": "female",
    "timepoints": {"screening": "2024-02-20"},
    "results": [{"code": "alt", "value": 80, "unit": "U/L", "uln": 40, "date": "2024-02-19"}],
}
ILL = WELL | {
    "id": "P-2",
    "results": [{"code": "alt", "value": 130, "unit": "U/L", "uln": 40, "date": "2024-02-19"}],
}
OPEN = {"id": "P-3", "sex": "female", "timepoints": {"screening": "2024-02-20"}}


ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in a folder with a good and a bad protocol and a few records."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PROTODSL_DEBUG", raising=False)
    Path("good.proto-lite").write_text(GOOD)
    Path("bad.proto-lite").write_text(BAD)
    for record in (WELL, ILL, OPEN):
        Path(f"{record['id']}.json").write_text(json.dumps(record))
    Path("all.jsonl").write_text("".join(json.dumps(record) + "\n" for record in (WELL, ILL, OPEN)))

    def command(*arguments: str) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Answer(int(left.value.code or 0), out, err)

    return command


# ---------------------------------------------------------------- check


def test_check_is_silent_when_all_is_well(run: Run) -> None:
    assert run("check", "--strict", TRIAL) == (0, "", "")


def test_check_shows_a_mistake(run: Run) -> None:
    code, out, err = run("check", "bad.proto-lite")
    assert (code, err) == (1, "")
    assert out == (
        "bad.proto-lite:20:20: error[E0120] expected a value, a titre (`1:80`) or `either`, found `<=`\n"
        "20 |     require alt <= <= 3 ULN\n"
        "   |                    ^^\n\n"
        "1 error\n"
    )


def test_check_warnings_are_findings_only_if_asked(run: Run) -> None:
    assert run("check", "good.proto-lite").code == 0
    assert run("check", "--strict", "good.proto-lite").code == 1


def test_check_json_is_whole(run: Run) -> None:
    code, out, _ = run("check", "--format", "json", "bad.proto-lite", TRIAL)
    data = json.loads(out)
    assert code == 1
    assert [one["path"] for one in data["files"]] == ["bad.proto-lite", TRIAL]
    assert [one["failed"] for one in data["files"]] == [True, False]
    assert data["files"][1]["source_coverage"]["percent"] == 100
    [error] = [one for one in data["diagnostics"] if one["severity"] == "error"]
    assert error["code"] == "E0120"
    assert error["start"] == {"offset": BAD.index("<= 3 ULN"), "line": 20, "column": 20}
    assert error["facts"]["found"] == "`<=`"
    assert data["summary"]["errors"] == 1


def test_check_sarif(run: Run) -> None:
    code, out, _ = run("check", "--format", "sarif", "bad.proto-lite")
    log = json.loads(out)
    assert (code, log["version"]) == (1, "2.1.0")
    [result] = [one for one in log["runs"][0]["results"] if one["level"] == "error"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 20
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "E0120"


def test_check_colors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\033[1;31m" in run("check", "--color", "always", "bad.proto-lite").out
    assert "\033" not in run("check", "bad.proto-lite").out
    assert "\033" not in run("check", "--color", "never", "bad.proto-lite").out


def test_check_folder(run: Run) -> None:
    code, out, _ = run("check", ".")
    assert code == 1
    assert "./bad.proto-lite:20:20" in out


def test_check_missing_file(run: Run) -> None:
    code, out, _ = run("check", "god.proto-lite")
    assert code == 1
    assert out.startswith("god.proto-lite:1:1: error[E0101]") or out.startswith(
        "god.proto-lite: error[E0101]"
    )
    assert "did you mean `good.proto-lite`?" in out


# ---------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["chek", "good.proto-lite"],
        ["check"],
        ["check", "--format", "xml", "good.proto-lite"],
        ["check", "--nonsense", "good.proto-lite"],
        ["compile", "good.proto-lite"],
        ["render", "good.proto-lite", "-o", "x.docx"],
        ["screen", "good.proto-lite"],
        ["screen", "good.proto-lite", "P-1.json", "--stage", "nowhere"],
        ["screen", "good.proto-lite", "P-1.json", "--cohort", "nowhere"],
        ["screen", "good.proto-lite", "P-1.json", "--at", "screening"],
        ["screen", "good.proto-lite", "P-1.json", "--at", "screning=2024-02-20"],
        ["screen", "good.proto-lite", "P-1.json", "--at", "screening=2024-02-30"],
        ["screen", "good.proto-lite", "P-1.json", "--as-of", "yesterday"],
        ["screen", "good.proto-lite", "P-1.json", "--assume", "conditions"],
        ["screen", "good.proto-lite", "P-1.json", "--assume", "complete=everything"],
        ["check", "empty"],
    ],
)
def test_wrong_usage(run: Run, arguments: list[str]) -> None:
    Path("empty").mkdir()
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_helps_with_an_example(run: Run, verb: str) -> None:
    code, out, _ = run(verb, "--help")
    assert code == 0
    assert f"  protodsl {verb} " in out.split("Example:")[1]
    _, _, inner = out.partition("Commands:\n")
    for words in [line.split()[0] for line in inner.splitlines() if line[:3].strip()]:
        code, out, _ = run(verb, words, "--help")
        assert (code, "Example:" in out) == (0, True)
    assert "--format" in out
    assert "--color" in out


def test_a_bug_of_ours(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr("protodsl.driver.check", broken)
    code, out, err = run("check", "good.proto-lite")
    assert (code, out) == (70, "")
    assert "KeyError" in err
    assert "report it" in err
    assert len(err.splitlines()) == 3


# ---------------------------------------------------------------- files


def test_compile_render_and_build_write_whole_files(run: Run) -> None:
    assert run("compile", "good.proto-lite", "-o", "out") == (0, "out/small.py\n", "")
    compile(Path("out/small.py").read_text(), "small.py", "exec")
    assert run("render", "good.proto-lite", "-o", "out/summary.md") == (0, "out/summary.md\n", "")
    assert Path("out/summary.md").read_text().startswith("#")
    code, out, _ = run("render", "good.proto-lite", "--lay", "-o", "-")
    assert code == 0 and "## 1. What is this trial about?" in out
    code, out, _ = run("render", "--compare", "good.proto-lite", "good.proto-lite", "-o", "-")
    assert code == 0 and out.startswith("# Trials side by side")
    code, out, _ = run("render", "--changes", "good.proto-lite", "good.proto-lite", "-o", "-")
    assert code == 0 and "What an amendment changes" in out
    code, out, _ = run("build", "good.proto-lite", "-o", "built", "--format", "json")
    assert code == 0
    assert json.loads(out)["written"] == [f"built/small.{kind}" for kind in ("py", "md", "html", "pdf")]
    assert sorted(os.listdir("built")) == ["small.html", "small.md", "small.pdf", "small.py"]
    assert sorted(os.listdir("out")) == ["small.py", "summary.md"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--changes", "good.proto-lite"], "--changes needs two protocols"),
        (["--compare", "good.proto-lite"], "--compare needs at least two"),
        (["good.proto-lite", "good.proto-lite"], "one is rendered at a time"),
        (["--lay", "--changes", "good.proto-lite", "good.proto-lite"], "choose one"),
        (["good.proto-lite", "--templates", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_render_says_what_does_not_go_together(run: Run, arguments: list[str], message: str) -> None:
    code, _, err = run("render", *arguments, "-o", "-")
    assert code == 2 and message in err


def test_a_protocol_with_errors_writes_nothing(run: Run) -> None:
    for arguments in (["compile", "-o", "out"], ["render", "-o", "out/x.md"], ["build", "-o", "out"]):
        code, out, err = run(arguments[0], "bad.proto-lite", *arguments[1:])
        assert (code, out) == (1, "")
        assert "error[E0120]" in err
    assert not Path("out").exists()


def test_build_goes_on_after_a_broken_protocol(run: Run) -> None:
    code, out, err = run("build", ".", "-o", "out")
    assert code == 1
    assert "bad.proto-lite:20:20" in err
    assert out.splitlines() == [f"out/small.{kind}" for kind in ("py", "md", "html", "pdf")]


def test_a_vocabulary_is_no_protocol(run: Run) -> None:
    Path("words.proto-lite").write_text("language 1\n")
    for arguments in (["compile", "-o", "out"], ["render", "-o", "x.md"], ["build", "-o", "out"]):
        code, _, err = run(arguments[0], "words.proto-lite", *arguments[1:])
        assert code == 1
        assert "error[E0217]" in err


def test_an_output_that_cannot_be_written(run: Run) -> None:
    Path("taken").write_text("a file")
    code, out, err = run("compile", "good.proto-lite", "-o", "taken")
    assert (code, out) == (2, "")
    assert "taken/small.py cannot be written" in err
    assert Path("taken").read_text() == "a file"


def test_render_to_standard_output() -> None:
    result = command("render", TRIAL, "--to", "pdf", "-o", "-")
    assert result.returncode == 0
    assert result.stdout.startswith(b"%PDF")


# ---------------------------------------------------------------- screen


def test_screen_text(run: Run) -> None:
    code, out, err = run("screen", "good.proto-lite", "P-1.json")
    assert (code, err) == (0, "")
    assert out.startswith("P-1: ELIGIBLE for small")
    code, out, _ = run("screen", "good.proto-lite", "P-2.json", "P-3.json")
    assert code == 1
    assert out.startswith("P-2: INELIGIBLE for small")
    assert "\n  fails    inclusion 1 Liver: " in out
    assert "\nP-3: UNDETERMINED for small" in out
    assert "\n  needed   from the laboratory: measure ALT\n" in out
    assert max(map(len, out.splitlines())) <= 100


def test_screen_json(run: Run) -> None:
    code, out, _ = run("screen", "good.proto-lite", "P-1.json", "--format", "json")
    assert code == 0
    assert json.loads(out)["verdict"] == "eligible"
    code, out, _ = run("screen", "good.proto-lite", "all.jsonl", "--format", "json")
    assert code == 1
    assert [one["verdict"] for one in json.loads(out)] == ["eligible", "ineligible", "undetermined"]
    code, out, _ = run("screen", "good.proto-lite", "P-1.json", "P-2.json", "--format", "json")
    assert [one["participant"] for one in json.loads(out)] == ["P-1", "P-2"]
    Path("none.jsonl").write_text("")


def test_screen_lines(run: Run) -> None:
    code, out, _ = run("screen", "good.proto-lite", "all.jsonl", "--format", "jsonl")
    assert code == 1
    assert [json.loads(line)["participant"] for line in out.splitlines()] == ["P-1", "P-2", "P-3"]


def test_screen_unreadable_record(run: Run) -> None:
    Path("mixed.jsonl").write_text(json.dumps(WELL | {"foo": 1}) + "\n{\n" + json.dumps(WELL) + "\n")
    code, out, err = run("screen", "good.proto-lite", "mixed.jsonl")
    assert code == 1
    assert out.startswith("P-1: ELIGIBLE")
    assert "mixed.jsonl:1: " in err
    assert 'unknown field "foo"' in err
    code, out, err = run("screen", "good.proto-lite", "mixed.jsonl", "--format", "jsonl")
    assert json.loads(out.splitlines()[0])["verdict"] is None
    assert code == 1


def test_screen_options(run: Run) -> None:
    Path("bare.json").write_text(json.dumps(WELL | {"timepoints": {}}))
    code, out, _ = run("screen", "good.proto-lite", "bare.json", "--at", "screening=2024-02-20")
    assert (code, out.split(" for")[0]) == (0, "P-1: ELIGIBLE")
    code, out, _ = run(
        "screen", "good.proto-lite", "bare.json", "--at", "screening=2024-02-20", "--as-of", "2024-02-20",
        "--assume", "complete=conditions,medications", "--format", "json",
    )  # fmt: skip
    report = json.loads(out)
    assert (code, report["as_of"]) == (0, "2024-02-20")
    assert report["assumptions"][:2] == ["conditions complete", "medications complete"]


def test_screen_with_a_broken_protocol(run: Run) -> None:
    code, out, err = run("screen", "bad.proto-lite", "P-1.json")
    assert (code, out) == (1, "")
    assert "error[E0120]" in err


# ---------------------------------------------------------------- as a process


def command(*arguments: str, env: dict[str, str] = ENVIRONMENT) -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "protodsl", *arguments]
    return subprocess.run(line, capture_output=True, check=False, env=env)


def test_version_and_help() -> None:
    assert command("--version").stdout.startswith(b"protodsl ")
    assert b"Exit codes: 0 clean, 1 findings, 2 wrong usage, 70 a bug of ours." in command("--help").stdout


def test_standard_output_closed_early(tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text("".join(json.dumps(WELL) + "\n" for _ in range(3000)))
    (tmp_path / "good.proto-lite").write_text(GOOD)
    line = f"{sys.executable} -m protodsl screen good.proto-lite many.jsonl --format jsonl | head -n 1"
    result = subprocess.run(line, shell=True, capture_output=True, check=False, cwd=tmp_path, env=ENVIRONMENT)
    assert json.loads(result.stdout)["participant"] == "P-1"
    assert result.stderr == b""


def test_ascii_output(tmp_path: Path) -> None:
    (tmp_path / "a.proto-lite").write_text("language 1\nlab α\n", encoding="utf-8")
    environment = ENVIRONMENT | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for form in ("text", "json"):
        result = command("check", str(tmp_path / "a.proto-lite"), "--format", form, env=environment)
        assert (result.returncode, result.stderr) == (1, b"")
        if form == "json":
            json.loads(result.stdout)
