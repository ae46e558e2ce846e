"""The audit line, evidence in words, and reports that are the same whenever they are made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from small_trial import Screen, lab, screen, screened, trial_of

from protodsl import __version__
from protodsl.reports.text import report_text
from protodsl.runtime.read import read_record

__all__ = ["screen"]

ROOT = Path(__file__).parents[2]
LIVER = 'inclusion 1 "Liver" {\n  require alt <= 3 ULN\n}'
RECORD = {"results": [lab("alt", 124, "U/L", uln=40)], "complete": ["conditions"]}


def test_the_line_names_all_a_report_rests_on() -> None:
    trial = trial_of(LIVER)
    found = screened(trial, RECORD, as_of="2024-03-01").to_dict()["audit"]
    assert found == {
        "tool": f"protodsl {__version__}",
        "protocol": "small",
        "protocol_sha256": trial.model.sha256,
        "record_sha256": found["record_sha256"],
        "stage": "screening",
        "timepoints": {"screening": "2024-02-20"},
        "as_of": "2024-03-01",
        "assumptions": ["conditions complete"],
    }
    assert len(found["record_sha256"]) == len(found["protocol_sha256"]) == 64


def test_the_record_s_digest_is_of_what_it_says() -> None:
    from protodsl.reports.audit import record_digest

    def digest(**more: object) -> str:
        return record_digest(read_record({"id": "P-1", **RECORD, **more}))

    assert digest() == digest(sex=None) == digest(results=[lab("alt", "124", "U/L", uln=40.0)])
    others = [
        digest(sex="male"), digest(id="P-2"), digest(complete=[]), digest(birth_date="2000"),
        digest(results=[lab("alt", 125, "U/L", uln=40)]), digest(results=RECORD["results"] * 2),
        digest(conditions=[{"code": "gout"}]), digest(conditions=[{"code": "gout", "present": False}]),
    ]  # fmt: skip
    assert len({digest(), *others}) == len(others) + 1


def test_evidence_in_words(screen: Screen) -> None:
    found = screen(
        LIVER + '\nexclusion 1 "Gout" {\n  exclude if had gout\n}',
        {**RECORD, "conditions": [{"code": "gout", "onset": "2020", "severity": "mild"}]},
    )
    assert found.facts == {
        "results/0": "ALT 124 U/L, reference at most 40, 2024-02-19",
        "conditions/0": "Gout since 2020, severity mild",
    }


def test_every_line_fits(screen: Screen) -> None:
    found = screen(LIVER, RECORD)
    for width in (40, 72, 100):
        text = report_text(found, width=width)
        assert max(map(len, text.splitlines()[1:])) <= width
        assert "off by 4 U/L (3.3 %)" in " ".join(text.split())


def test_the_same_bytes_whatever_the_hash_seed() -> None:
    """Also of FHIR, whose evidence has names and no numbers."""
    command = [
        sys.executable, "-m", "protodsl", "screen", str(ROOT / "protocols" / "NCT06222853.proto-lite"),
        str(ROOT / "tests" / "data" / "fhir-r4-synthea" / "aleta.json"), "--at", "screening=2019-05-20",
        "--at", "enrollment=2019-05-21", "--format", "json",
    ]  # fmt: skip
    said = [
        subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert json.loads(said[0])["audit"]["protocol"] == "NCT06222853"
