"""Several processes write what one writes, in the same order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from protodsl.cli import parallel
from protodsl.cli.main import main

ROOT = Path(__file__).parents[2]
TRIAL = str(ROOT / "protocols" / "NCT06892145.proto-lite")


def screen(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as left:
        main(["screen", TRIAL, *arguments, "--format", "jsonl"])
    out, err = capfd.readouterr()
    return int(left.value.code or 0), out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Bundles of small people, among them one cut off, one without a patient and one that is there twice."""
    for number in range(2 * parallel.FEW):
        patient = {
            "resourceType": "Patient",
            "id": f"p{number}",
            "birthDate": "1980-05-17",
            "gender": "female",
        }
        entries = [{"resource": patient}]
        text = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
        (tmp_path / f"{number:03}.json").write_text(text)
    (tmp_path / "010.json").write_text('{"resourceType": "Bundle", "entry": [')
    (tmp_path / "011.json").write_text('{"resourceType": "Bundle", "type": "collection", "entry": []}')
    (tmp_path / "050.json").write_text((tmp_path / "001.json").read_text())
    return tmp_path


def test_the_same_lines(capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    alone = screen(capfd, str(folder), "--jobs", "1")
    assert screen(capfd, str(folder), "--jobs", "3") == alone
    code, out, err = alone
    assert code == 1
    found = [json.loads(line) for line in out.splitlines()]
    assert [one.get("participant") for one in found][:12] == [*(f"p{n}" for n in range(10)), None, "p12"]
    assert found[49]["problems"] == [
        {"place": "", "message": "p1: is in 001.json too; all data of one participant belong into one file"}
    ]
    assert "011.json: holds no patient: nothing" in err
    assert err.splitlines()[-1] == "61 screened, 2 could not be"


def test_into_a_file(capfd: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    _, out, _ = screen(capfd, str(folder), "--jobs", "1")
    _, nothing, _ = screen(capfd, str(folder), "--jobs", "2", "-o", str(tmp_path / "verdicts.jsonl"))
    assert nothing == "" and (tmp_path / "verdicts.jsonl").read_text() == out


def test_work_can_be_sent_to_another_process() -> None:
    import pickle

    from protodsl.driver import check
    from protodsl.records.site import Site
    from protodsl.reports import Asked, Trial

    protocol = check(TRIAL).protocol
    assert protocol is not None
    work = parallel._Work(Trial(protocol), Asked(at={"screening": "2024-01-01"}), Site())
    again = pickle.loads(pickle.dumps(work))
    assert (again.trial.model.id, again.asked, again.site) == (protocol.id, work.asked, work.site)
