"""`protodsl screen PROTOCOL FOLDER` on data from elsewhere: everybody has a verdict or a named error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from protodsl.cli.main import main

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
TRIALS = sorted((ROOT / "protocols").glob("*.proto-lite"))


def screen(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["screen", *arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.mark.parametrize("trial", TRIALS, ids=lambda path: path.stem)
@pytest.mark.parametrize("data", ["fhir-r4-synthea", "omop-5.4-synthea27nj"])
def test_everybody_has_a_verdict(capsys: pytest.CaptureFixture[str], trial: Path, data: str) -> None:
    code, out, err = screen(
        capsys, str(trial), str(DATA / data), "--format", "jsonl", "--at", "enrollment=2019-06-01"
    )
    reports = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert len(reports) == (2 if data.startswith("fhir") else 3)
    assert all(one["verdict"] in ("eligible", "ineligible", "undetermined") for one in reports)
    assert "not read" in err or "tables" in err or err == ""


def test_evidence_names_the_resource(capsys: pytest.CaptureFixture[str]) -> None:
    trial = next(path for path in TRIALS if path.stem == "NCT06892145")
    _, out, _ = screen(
        capsys, str(trial), str(DATA / "fhir-r4-synthea"), "--format", "jsonl",
        "--at", "screening=2019-05-20", "--at", "enrollment=2019-06-01",
    )  # fmt: skip
    for report in map(json.loads, out.splitlines()):
        [adult] = [one for one in report["criteria"] if one["id"] == "inclusion 2"]
        assert adult["outcome"] == "passes"
        places = [place for one in report["criteria"] for place in one["evidence"]]
        assert all(place.split("/")[0][0].isupper() or place == "birth_date" for place in places)
        assert any("not read, for a record has no place for them" in note for note in report["notes"])


def test_good_participants_are_screened_beside_bad_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shutil.copy(DATA / "fhir-r4-synthea" / "aleta.json", tmp_path)
    whole = (DATA / "fhir-r4-synthea" / "michael.json").read_text()
    (tmp_path / "cut.json").write_text(whole[: len(whole) // 2])
    bundle = json.loads(whole)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["birthDate"] = "yesterday"
    (tmp_path / "wrong.json").write_text(json.dumps(bundle))
    code, out, err = screen(capsys, str(TRIALS[0]), str(tmp_path))
    assert code == 1
    assert out.count(" for NCT") == 1
    assert "cut.json: not JSON: the text ends before the record does" in err
    assert "birthDate: is no date" in err and "yesterday" not in err
    assert err.splitlines()[-1] == "1 screened, 2 could not be"


def test_a_named_format_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(DATA / "fhir-r4-synthea" / "aleta.json")
    assert screen(capsys, str(TRIALS[0]), path, "--from", "fhir")[2] == ""
    assert "unknown field" in screen(capsys, str(TRIALS[0]), path, "--from", "json")[2]
    assert "OMOP" in screen(capsys, str(TRIALS[0]), path, "--from", "omop")[2]
