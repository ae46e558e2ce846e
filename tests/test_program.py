"""A checker as a program: what it prints and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from shipped import trial

from protodsl.backends import python

ROOT = Path(__file__).resolve().parents[1]
PATIENTS = ROOT / "protocols" / "patients" / "NCT06892145"


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = trial("NCT06892145")
    path = tmp_path_factory.mktemp("checker") / "nct06892145.py"
    path.write_text(python.generate(model, standalone=True), encoding="utf-8")
    return path


def run(checker: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(checker), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_one_participant_is_an_object_and_several_are_an_array(checker: Path) -> None:
    one = run(checker, str(PATIENTS / "P-01.json"), "--format", "json")
    assert json.loads(one.stdout)["verdict"] == "eligible" and one.returncode == 0
    paths = [str(PATIENTS / f"P-{number:02}.json") for number in (1, 4, 6)]
    several = run(checker, *paths, "--format", "json")
    assert [report["participant"] for report in json.loads(several.stdout)] == ["P-01", "P-04", "P-06"]
    assert several.returncode == 1


def test_lines_are_answered_as_they_are_read(checker: Path, tmp_path: Path) -> None:
    records = [json.loads((PATIENTS / f"P-{number:02}.json").read_text()) for number in (1, 4)]
    path = tmp_path / "people.jsonl"
    path.write_text("".join(json.dumps(record) + "\n\n" for record in records) + "{broken\n")
    done = run(checker, str(path), "--format", "jsonl")
    assert [json.loads(line)["verdict"] for line in done.stdout.splitlines()] == ["eligible", "ineligible"]
    assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr


def test_the_verdict_alone(checker: Path) -> None:
    paths = [str(PATIENTS / f"P-{number:02}.json") for number in (1, 4)]
    done = run(checker, *paths, "--verdict")
    assert done.stdout == "P-01: eligible\nP-04: ineligible\n" and done.returncode == 1
    data = run(checker, paths[0], "--verdict", "--format", "json")
    assert json.loads(data.stdout) == {"participant": "P-01", "verdict": "eligible"}


def test_a_refused_record_is_named_and_the_others_are_answered(checker: Path) -> None:
    data = json.loads((PATIENTS / "P-01.json").read_text())
    done = run(checker, "-", "--format", "jsonl", stdin=json.dumps([{**data, "colour": "red"}, data]))
    assert "record 1" in done.stderr and "colour" in done.stderr
    assert json.loads(done.stdout)["participant"] == "P-01" and done.returncode == 2


def test_a_reader_who_leaves_is_no_error(checker: Path, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    line = json.dumps(json.loads((PATIENTS / "P-06.json").read_text()))
    path.write_text(f"{line}\n" * 50)
    command = f'"{sys.executable}" -I "{checker}" "{path}" | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("P-06: ineligible") and done.stderr == ""


@pytest.mark.parametrize(
    "arguments", [("--at", "screening"), ("--assume", "conditions"), ("--stage", "never")]
)
def test_wrong_usage(checker: Path, arguments: tuple[str, ...]) -> None:
    done = run(checker, str(PATIENTS / "P-01.json"), *arguments)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr
