"""`match` and the files `screen` writes, as a user sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_cli import GOOD, ILL, OPEN, ROOT, WELL, Run, run

__all__ = ["run"]
OLD = GOOD.replace("protocol small", "protocol strict").replace("3 ULN", "1 ULN")


@pytest.fixture
def trials(run: Run) -> Run:
    """`run` in a folder with `trials/`, which holds two protocols and a vocabulary."""
    folder = Path("trials")
    folder.mkdir()
    (folder / "small.proto-lite").write_text(GOOD)
    (folder / "strict.proto-lite").write_text(OLD)
    (folder / "words.proto-lite").write_text('language 1\nlab ast "AST" { unit U/L }\n')
    return run


def test_trials_by_row_the_open_ones_first(trials: Run) -> None:
    code, out, err = trials("match", "P-1.json", "trials")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "P-1"
    assert lines[1].split() == ["trial", "verdict", "in", "the", "way,", "or", "missing", "earliest"]
    assert lines[2].split() == ["small", "eligible"]
    assert lines[3].split() == ["strict", "ineligible", "inclusion", "1", "Liver", "2024-03-19"]


def test_nobody_s_trial_is_a_finding(trials: Run) -> None:
    code, out, _ = trials("match", "P-1.json", "P-2.json", "P-3.json", "trials")
    assert code == 1
    assert "small         ineligible    inclusion 1 Liver" in out
    assert "small         undetermined  laboratory: ALT" in out


def test_json_holds_whole_reports_in_the_order_of_the_trials(trials: Run) -> None:
    code, out, _ = trials("match", "P-1.json", "trials", "--format", "json")
    found = json.loads(out)
    assert code == 0 and found["participant"] == "P-1"
    assert [(one["protocol"], one["verdict"]) for one in found["trials"]] == [
        ("small", "eligible"), ("strict", "ineligible"),
    ]  # fmt: skip
    assert found["trials"][1]["near_misses"][0]["needed"] == "at most 40 U/L"
    _, out, _ = trials("match", "P-1.json", "P-2.json", "trials", "--format", "json")
    assert [one["participant"] for one in json.loads(out)] == ["P-1", "P-2"]


def test_a_line_for_each_participant_and_trial(trials: Run) -> None:
    _, out, _ = trials("match", "all.jsonl", "trials", "--format", "jsonl")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(one["participant"], one["protocol"]) for one in lines] == [
        (who, trial) for who in ("P-1", "P-2", "P-3") for trial in ("small", "strict")
    ]


def test_match_says_what_screen_says(trials: Run) -> None:
    _, out, _ = trials("match", "P-2.json", "trials", "--format", "json")
    _, alone, _ = trials("screen", "trials/small.proto-lite", "P-2.json", "--format", "json")
    assert json.loads(out)["trials"][0] == json.loads(alone)


def test_a_page_of_matches(trials: Run) -> None:
    code, out, err = trials("match", "P-1.json", "P-2.json", "trials", "-o", "matches.html")
    assert (code, out, err) == (1, "", "")
    html = Path("matches.html").read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>") and "2 participants: 2 trials" in html
    assert html.count('<details class="whole"') == 4


def test_who_cannot_be_read_is_said_and_the_others_are_matched(trials: Run) -> None:
    Path("mixed.jsonl").write_text(json.dumps(WELL | {"foo": 1}) + "\n" + json.dumps(WELL) + "\n")
    code, out, err = trials("match", "mixed.jsonl", "trials")
    assert code == 1
    assert err.count('unknown field "foo"') == 1 and "1 screened, 1 could not be" in err
    assert out.startswith("P-1\n")


def test_a_protocol_with_errors_leaves_the_others(trials: Run) -> None:
    code, out, err = trials("match", "P-1.json", "trials", "bad.proto-lite")
    assert code == 1 and "error[" in err and "eligible" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("P-1.json",), "no PROTOCOL is named"),
        (("trials",), "no RECORD is named"),
        (("P-1.json", "trials", "--at", "screning=2024-02-20"), "did you mean 'screening'?"),
        (("P-1.json", "trials", "--at", "screening"), "--at wants TIMEPOINT=DATE"),
        (("P-1.json", "trials", "trials/small.proto-lite", "good.proto-lite"), "a second protocol small"),
        (("P-1.json", "trials", "-o", "matches.doc"), "say which --format it is"),
    ],
)
def test_wrong_usage(trials: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = trials("match", *arguments)
    assert (code, out) == (2, "") and said in err


def test_standard_input_is_read_once_for_all(trials: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    class Stdin:
        buffer = io.BytesIO(json.dumps(WELL | {"foo": 1}).encode())

    monkeypatch.setattr(sys, "stdin", Stdin())
    code, _, err = trials("match", "-", "trials")
    assert code == 1 and err.startswith("standard input: ")


def test_each_trial_reads_fhir_as_its_own(trials: Run) -> None:
    """Who has joined the trial that asks has joined no other; for the others it is another trial."""
    subject = {
        "resourceType": "Bundle", "type": "collection", "entry": [
            {"resource": {"resourceType": "Patient", "id": "a", "gender": "female", "birthDate": "1990"}},
            {"resource": {
                "resourceType": "ResearchStudy", "id": "s", "status": "active",
                "identifier": [{"value": "NCT06892145"}],
            }},
            {"resource": {
                "resourceType": "ResearchSubject", "id": "r", "status": "on-study",
                "study": {"reference": "ResearchStudy/s"}, "individual": {"reference": "Patient/a"},
                "patient": {"reference": "Patient/a"}, "period": {"start": "2024-01-01"},
            }},
        ],
    }  # fmt: skip
    Path("bundle.json").write_text(json.dumps(subject))
    arguments = ("--at", "screening=2024-02-20", "--at", "enrollment=2024-02-20", "--format", "json")
    paths = sorted((ROOT / "protocols").glob("*.proto-lite"))
    whole: dict[str, Any] = json.loads(trials("match", "bundle.json", *map(str, paths), *arguments)[1])
    assert len(whole["trials"]) == len(paths)
    for one in whole["trials"]:
        path = next(p for p in paths if f"protocol {one['protocol']} " in p.read_text(encoding="utf-8"))
        dated = [
            word for word in zip(arguments[:-2:2], arguments[1:-2:2], strict=True)
            if f"timepoint {word[1].partition('=')[0]}" in path.read_text(encoding="utf-8")
        ]  # fmt: skip
        alone = trials(
            "screen", str(path), "bundle.json", *(a for two in dated for a in two), "--format", "json"
        )
        assert json.loads(alone[1]) == one
    other = {one["protocol"]: "ResearchSubject/r" in json.dumps(one["facts"]) for one in whole["trials"]}
    assert other["NCT06892145"] is False and any(other.values())


# ---------------------------------------------------------------- screen -o


def test_screen_writes_a_page(trials: Run) -> None:
    code, out, err = trials("screen", "good.proto-lite", "all.jsonl", "-o", "deep/er/screening.html")
    assert (code, out, err) == (1, "", "")
    html = Path("deep/er/screening.html").read_text(encoding="utf-8")
    assert all(f">{one['id']}</a>" in html for one in (WELL, ILL, OPEN))


@pytest.mark.parametrize(("name", "form"), [("a.json", "json"), ("a.jsonl", "jsonl"), ("a.txt", "text")])
def test_the_ending_names_the_format(trials: Run, name: str, form: str) -> None:
    trials("screen", "good.proto-lite", "all.jsonl", "-o", name)
    _, out, _ = trials("screen", "good.proto-lite", "all.jsonl", "--format", form)
    written = Path(name).read_text(encoding="utf-8")
    if form == "text":
        assert written == out
    else:
        texts = ([written], [out]) if form == "json" else (written.splitlines(), out.splitlines())
        assert [json.loads(one) for one in texts[0]] == [json.loads(one) for one in texts[1]]


def test_a_format_that_is_named_goes_before_the_ending(trials: Run) -> None:
    trials("screen", "good.proto-lite", "P-1.json", "--format", "html", "-o", "report.page")
    assert Path("report.page").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_file_that_cannot_be_written(trials: Run) -> None:
    Path("taken").write_text("")
    code, _, err = trials("screen", "good.proto-lite", "P-1.json", "-o", "taken/report.html")
    assert code == 2 and "cannot be written" in err
    assert sorted(path.name for path in Path(".").glob(".protodsl-*")) == []


def test_columns_is_honoured(trials: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = trials("screen", "good.proto-lite", "P-2.json", "P-3.json")
    assert max(map(len, out.splitlines())) <= 60
    _, out, _ = trials("match", "P-2.json", "trials")
    assert max(map(len, out.splitlines())) <= 60
