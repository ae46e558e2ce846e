"""`protodsl data`: what a protocol needs, and empty sheets for it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from protodsl.cli.main import main

ROOT = Path(__file__).parents[2]
TRIALS = sorted((ROOT / "protocols").glob("*.proto-lite"))
TRIAL = str(ROOT / "protocols" / "NCT06222853.proto-lite")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


@pytest.mark.parametrize("trial", TRIALS, ids=lambda path: path.stem)
def test_needs_name_every_cause_of_an_empty_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trial: Path
) -> None:
    """Whatever a participant of whom nothing is known lacks, the needs ask for."""
    code, out, _ = run(capsys, "data", "needs", str(trial), "--format", "json")
    assert code == 0
    needs = json.loads(out)
    named = {one.get("code", one.get("question")) for domain in DOMAINS for one in needs[domain]}
    named |= {one["name"] for one in needs["timepoints"]} | {"birth_date", "sex"}
    record = tmp_path / "nobody.json"
    record.write_text('{"id": "nobody"}')
    for stage in stages(trial):
        _, out, _ = run(capsys, "screen", str(trial), str(record), "--format", "json", "--stage", stage)
        causes = {cause["what"] for one in json.loads(out)["criteria"] for cause in one["unknown"]}
        assert causes <= named, causes - named


DOMAINS = ("results", "conditions", "medications", "procedures", "answers")


def stages(trial: Path) -> list[str]:
    from protodsl.driver import check

    protocol = check(str(trial)).protocol
    assert protocol is not None
    return [one.id for one in protocol.stages]


def test_needs_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "data", "needs", TRIAL)
    assert code == 0
    assert "  alt: ALT [U/L], with upper limit; LOINC 1742-6" in out.splitlines()
    assert "      within 28 days before enrollment: inclusion 4.3.a" in out
    assert "Answers of participant or guardian" in out
    assert "together with serum creatinine, or within" in out
    assert max(map(len, out.splitlines())) <= 100


def test_needs_of_one_stage(capsys: pytest.CaptureFixture[str]) -> None:
    trial = str(next(path for path in TRIALS if path.stem.startswith("changzheng")))
    _, whole, _ = run(capsys, "data", "needs", trial)
    code, one, _ = run(capsys, "data", "needs", trial, "--stage", "infusion")
    assert code == 0 and 0 < len(one) < len(whole)
    code, _, err = run(capsys, "data", "needs", trial, "--stage", "nowhere")
    assert code == 2 and "the protocol has no stage 'nowhere'" in err


@pytest.mark.parametrize("rows", ["participant", "fact"])
@pytest.mark.parametrize("name", ["sheet.xlsx", "sheets"])
def test_templates_are_the_same_bytes_every_time(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: str, name: str
) -> None:
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        code, out, _ = run(capsys, "data", "template", TRIAL, "-o", str(folder / name), "--rows", rows)
        assert code == 0
        paths = [Path(line) for line in out.splitlines()]
        made.append([(path.name, path.read_bytes()) for path in paths])
    assert made[0] == made[1] and made[0]


@pytest.mark.parametrize("trial", TRIALS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rows", ["participant", "fact"])
@pytest.mark.parametrize("name", ["sheet.xlsx", "sheets"])
def test_an_empty_template_is_understood_wholly(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, trial: Path, rows: str, name: str
) -> None:
    path = tmp_path / name
    run(capsys, "data", "template", str(trial), "-o", str(path), "--rows", rows)
    code, out, err = run(capsys, "screen", str(trial), str(path))
    assert out == "" and code == 0
    assert "columns not read" not in err and "could not be" not in err
    assert err.count("a table without rows") >= 1


def test_a_csv_and_its_dictionary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    code, out, _ = run(capsys, "data", "template", TRIAL, "-o", str(path), "--format", "json")
    assert code == 0
    assert json.loads(out)["written"] == [str(path), str(tmp_path / "sheet.dictionary.csv")]
    [heads] = csv.reader(path.open(encoding="utf-8-sig"))
    explained = list(csv.DictReader((tmp_path / "sheet.dictionary.csv").open(encoding="utf-8-sig")))
    assert [line["column"] for line in explained] == heads
    alt = next(line for line in explained if line["column"] == "alt value [U/L]")
    assert (alt["unit"], alt["codes"], alt["criteria"]) == ("U/L", "loinc 1742-6", "inclusion 4.3.a")
    dose = next(line for line in explained if line["column"] == "glucocorticoid dose [mg/kg/d]")
    assert dose["unit"] == "mg/kg/d"
    code, _, err = run(capsys, "data", "template", TRIAL, "-o", str(path), "--rows", "fact")
    assert code == 2 and "several tables" in err


def test_screen_takes_a_mapping(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Nr,Alter Stand\n1,2\n")
    rules = tmp_path / "site.toml"
    rules.write_text("[columns]\nNr = 'id'\n'Alter Stand' = 'ignore'\n")
    code, out, _ = run(
        capsys, "screen", TRIAL, str(tmp_path / "people.csv"), "--mapping", str(rules), "--format", "json"
    )
    assert code == 1 and json.loads(out)["participant"] == "1"
    rules.write_text("[columns]\nNr = 'identity'\n")
    code, _, err = run(capsys, "screen", TRIAL, str(tmp_path / "people.csv"), "--mapping", str(rules))
    assert code == 2 and 'site.toml:2: columns.Nr: "identity" is no heading' in err
