"""Scenarios: facts become a record, expectations are held against both evaluators, coverage sees gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import shipped

from protodsl.cli.main import main
from protodsl.driver import CheckResult, check
from protodsl.reading import read_file
from protodsl.scenario.coverage import Coverage, coverage
from protodsl.scenario.run import Result, evaluators, run

ROOT = Path(__file__).parents[1]
TRIAL = """language 1
lab alt "ALT" { unit U/L }
lab anc "Neutrophils" { unit 10*9/L }
finding hbsag "HBsAg" { values [positive, negative] }
condition sle "SLE"
condition gilbert "Gilbert syndrome"
drug prednisone "Prednisone" { atc "H02AB07" }
procedure vaccine "Vaccine"
question consent "Consent?"
protocol small "Small" {
  timepoint consented
  timepoint screening after consented
  anchor screening
  values within 28 days before screening
  inclusion 1 "Liver" { require alt <= 2 ULN, or <= 3 ULN if has gilbert }
  inclusion 2 "Disease" { require has sle }
  inclusion 3 "Consent" { require confirmed consent }
  exclusion 1 "Vaccine" {
    applies if sex is female
    exclude if underwent vaccine within 4 weeks before screening unless judged "harmless" by investigator
  }
}
patient woman {
  born 1990
  sex is female
  timepoint screening on 2024-03-04
  alt = 30 U/L uln 40 U/L on 2024-03-01
  has sle from 2020
  confirmed consent on 2024-03-01
  complete [conditions, procedures]
}
"""


def checked(text: str, others: Mapping[str, str] | None = None, trial: str = TRIAL) -> CheckResult:
    files = {"t.proto-lite": trial + text, **(others or {})}

    def read(path: str) -> bytes:
        return files[path].encode() if path in files else read_file(path)

    return check("t.proto-lite", read=read, root=".")


def ran(text: str) -> list[Result]:
    result = checked(text)
    assert [one.message for one in result.diagnostics if one.severity == "error"] == []
    assert result.tested is not None
    screens = evaluators(result.tested)
    return [run(one, screens) for one in result.scenarios]


def record(facts: str) -> Any:
    (scenario,) = checked(f'scenario "x" {{ patient {{ {facts} }} expect eligible }}').scenarios
    return scenario.record


def codes(result: CheckResult) -> list[str]:
    return [one.code for one in result.diagnostics if one.severity == "error"]


# ---------------------------------------------------------------- facts


def test_results() -> None:
    made = record(
        "alt = 130 U/L uln 40 U/L lln 5 U/L on 2024-02-20\nanc < 0.5 x10^9/L\nhbsag is negative on 2024"
    )
    alt, anc, hbsag = made.results
    assert (alt.number.low, alt.uln, alt.lln, alt.unit) == (130, 40, 5, "U/L")
    assert (anc.unit, anc.date) == ("10*9/L", None)
    assert (anc.raw, anc.number.high) == ("<0.5", Fraction(1, 2))
    assert hbsag.text == "negative"


def test_events_and_answers() -> None:
    made = record(
        "has sle from 2020-01 of severity severe\nhas no gilbert\n"
        "received prednisone 10 mg/d from 2023-01-10 given orally ongoing refractory\n"
        "underwent vaccine from 2024-02-28 until 2024-03-02\nconfirmed consent by guardian on 2024-03-01\n"
        'not judged "harmless" by investigator'
    )
    sle, gilbert = made.conditions
    assert (sle.present, sle.severity, gilbert.present) == (True, "severe", False)
    (course,) = made.medications
    assert (course.dose.low, course.unit, course.route, course.response) == (
        10,
        "mg/d",
        "orally",
        "refractory",
    )
    assert course.ongoing
    assert [one.answer for one in made.answers] == [True, False]
    (done,) = made.procedures
    assert done.date is not None
    assert done.end is not None
    assert done.end.last - done.date.first == 3


def test_states_sides_and_the_setting() -> None:
    trial = """language 1
lab bcva "Visual acuity" { unit letters }
condition uveitis "Uveitis"
state pregnant "Pregnant"
protocol eyes "Eyes" {
  side study_eye "Study eye" other fellow_eye "Fellow eye"
  timepoint screening
  anchor screening
  values ever
  inclusion 1 "Acuity" { require bcva of study_eye <= 70 letters and country is japan }
  inclusion 2 "Uveitis" { require has no uveitis of fellow_eye }
  exclusion 1 "Pregnant" { exclude if is pregnant }
}
patient anybody {
  study_eye is left
  country is japan
  bcva of left = 60 letters on 2024-03-01
  bcva of right = 80 letters on 2024-03-01
  has uveitis from 2020 of side left
  is pregnant from 2024-01
}
"""
    facts = "bcva of right = 85 letters on 2024-03-02 is not pregnant"
    result = checked(
        f'scenario "x" {{ patient like anybody {{ {facts} }} expect exclusion 1 passes }}', None, trial
    )
    assert codes(result) == []
    made = result.scenarios[0].record
    assert made.setting == {"study_eye": "left", "country": "japan"}
    assert sorted((one.side, one.number.low) for one in made.results) == [("left", 60), ("right", 85)]
    assert [one.side for one in made.conditions] == ["left", None]
    assert [one.present for one in made.conditions] == [True, False]
    wrong = 'scenario "x" { patient { study_eye is up bcva of top = 1 letters is uveitis } expect eligible }'
    assert codes(checked(wrong, None, trial)) == ["E0201", "E0201", "E0201"]


def test_what_is_said_again_takes_the_place_of_what_was_said() -> None:
    (scenario,) = checked(
        'scenario "x" { patient like woman { alt = 99 U/L on 2024-03-02 has no sle } expect eligible }'
    ).scenarios
    assert [one.number.low for one in scenario.record.results] == [99]
    assert [one.present for one in scenario.record.conditions] == [False]
    assert scenario.record.sex == "female"


def test_a_record_file_and_more() -> None:
    data = {"id": "P-9", "sex": "male", "timepoints": {"screening": "2024-03-04"},
            "results": [{"code": "alt", "value": 80, "unit": "U/L", "date": "2024-03-01"}]}  # fmt: skip
    text = 'scenario "x" { record "p.json" patient { has sle } expect eligible }'
    (scenario,) = checked(text, {"p.json": json.dumps(data)}).scenarios
    assert (scenario.record.id, len(scenario.record.results), len(scenario.record.conditions)) == (
        "P-9",
        1,
        1,
    )


# ---------------------------------------------------------------- outcomes


def test_right_scenarios() -> None:
    results = ran(
        """scenario "well" { patient like woman {}
          expect eligible expect inclusion 1 passes because "alt 30 u/l" }
        scenario "open" { patient like woman { sex is unknown underwent vaccine on 2024-03-01 }
          expect undetermined expect exclusion 1 unknown }
        scenario "a man" { patient like woman { sex is male } expect exclusion 1 not applicable }"""
    )
    assert [[one.message for one in result.findings] for result in results] == [[], [], []]


def test_a_wrong_scenario_says_what_was_expected_what_came_and_why() -> None:
    (result,) = ran(
        """scenario "ill" { patient like woman { alt = 130 U/L uln 40 U/L on 2024-03-01 }
          expect eligible
          expect inclusion 1 passes
          expect inclusion 1 fails because "below"
        }"""
    )
    verdict, outcome, reason = result.findings
    assert verdict.code == outcome.code == "E0711"
    assert verdict.message.startswith(
        "expected eligible; the interpreter and the checker: ineligible, because"
    )
    assert "inclusion 1 (ALT 130 U/L is 3.25 × ULN (40 U/L), above 2 × ULN" in verdict.message
    assert outcome.message.startswith(
        "expected inclusion 1: passes; the interpreter and the checker: fails, because"
    )
    assert reason.code == "E0712"
    assert 'because "below"' in reason.message
    assert "3.25 × ULN" in reason.message


def test_evaluators_that_differ_are_told_apart() -> None:
    result = checked('scenario "x" { patient like woman {} expect eligible }')
    assert result.tested is not None
    screens = evaluators(result.tested)

    def wrong(scenario: Any) -> Any:
        report = screens["the checker"](scenario)
        report.verdict = "ineligible"
        return report

    (finding,) = run(result.scenarios[0], {**screens, "the checker": wrong}).findings
    assert finding.message.startswith("expected eligible; the checker: ineligible")


def test_timepoints_out_of_order_are_a_finding() -> None:
    (result,) = ran(
        'scenario "x" { patient like woman { timepoint consented on 2024-05-01 } expect eligible }'
    )
    assert [one.code for one in result.findings] == ["E0704"]
    assert result.report is None


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('scenario "x" { patient { altt = 3 U/L } expect eligible }', "E0201"),
        ('scenario "x" { patient { has slee } expect eligible }', "E0201"),
        ('scenario "x" { patient { sex is femal } expect eligible }', "E0201"),
        ('scenario "x" { patient { timepoint infusion on 2024-01-01 } expect eligible }', "E0201"),
        ('scenario "x" { patient { judged "harmles" } expect eligible }', "E0201"),
        ('scenario "x" { patient { complete [result] } expect eligible }', "E0201"),
        ('scenario "x" { patient { alt = 3 blobs } expect eligible }', "E0302"),
        ('scenario "x" { patient { alt = 3 x10^99999999 U/L } expect eligible }', "E0320"),
        ('scenario "x" { patient like man {} expect eligible }', "E0201"),
        ('patient a like a {} scenario "x" { patient like a {} expect eligible }', "E0201"),
        ("patient woman {}", ""),
        ('patient woman {} scenario "x" { patient { born 1990 } expect eligible }', "E0202"),
        ('scenario "x" { patient like woman {} }', "E0702"),
        ('scenario "x" { patient like woman {} expect inclusion 9 passes }', "E0703"),
        ('scenario "x" { patient like woman {} expect cohort a eligible }', "E0201"),
        ('scenario "x" { patient like woman {} stage two expect eligible }', "E0201"),
        ('scenario "x" { patient { born 2024-13 } expect eligible }', "E0704"),
        ('scenario "x" { record "none.json" expect eligible }', "E0209"),
        ('scenario "x" { record "../../etc/passwd" expect eligible }', "E0208"),
        ('scenario "x" { record "bad.json" expect eligible }', "E0704"),
    ],
)  # fmt: skip
def test_mistakes(text: str, code: str) -> None:
    result = checked(text, {"bad.json": '{"id": 1'})
    assert set(codes(result)) == ({code} if code else set())


def test_scenarios_without_a_protocol() -> None:
    result = checked('scenario "x" { patient { born 1990 } expect eligible }', trial="language 1\n")
    assert codes(result) == ["E0701"]


def test_half_typed_scenarios() -> None:
    text = 'scenario "x" { patient like woman { alt = } expect }\nscenario "y" { patient {} expect eligible }'
    result = checked(text)
    assert result.failed
    for length in range(0, len(text), 3):
        checked(text[:length])


# ---------------------------------------------------------------- coverage


def covered(text: str) -> Coverage:
    result = checked(text)
    assert result.tested is not None
    screens = evaluators(result.tested)
    return coverage(result.tested, [run(one, screens) for one in result.scenarios], result.sources)


def test_coverage() -> None:
    made = covered('scenario "well" { patient like woman {} expect eligible }')
    lacking = {(one.id, one.branch): one.lacking for one in (*made.criteria, *made.branches)}
    assert lacking["inclusion 1", ""] == ("fails", "unknown")
    assert lacking["exclusion 1", ""] == ("fails", "unknown", "not applicable")
    assert lacking["inclusion 1", "has gilbert"] == ("true", "unknown")
    assert lacking["exclusion 1", 'judged "harmless" by investigator'] == ("true", "false")
    assert lacking["exclusion 1", "sex is female"] == ("false", "unknown")
    more = covered(
        """scenario "well" { patient like woman {} expect eligible }
        scenario "a man" { patient like woman { sex is male has gilbert } expect eligible }"""
    )
    lacking = {(one.id, one.branch): one.lacking for one in (*more.criteria, *more.branches)}
    assert lacking["exclusion 1", ""] == ("fails", "unknown")
    assert lacking["inclusion 1", "has gilbert"] == ("unknown",)
    assert more.share(more.criteria)[0] == made.share(made.criteria)[0] + 1


# ---------------------------------------------------------------- the command


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)

    def go(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            main(["test", *arguments])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return go


def test_the_command(command: Run) -> None:
    Path("t.proto-lite").write_text(TRIAL)
    assert command(".")[0] == 2
    Path("s.proto-lite").write_text(
        'language 1\nuse "t.proto-lite"\nscenario "a" { patient like woman {} expect eligible }\n'
    )
    assert command("s.proto-lite") == (0, "1 scenario, as expected\n", "")
    code, out, _ = command(".", "--fail-under", "90")
    assert code == 1
    assert "t.proto-lite: criteria " in out
    Path("w.proto-lite").write_text(
        'language 1\nuse "t.proto-lite"\nscenario "b" { patient like woman {} expect ineligible }\n'
    )
    code, out, _ = command(".", "--coverage")
    assert code == 1
    assert "2 scenarios, 1 not as expected" in out
    assert "w.proto-lite:3:38: error[E0711] expected ineligible" in out
    assert "  inclusion 1, `has gilbert` (line 15): never true, unknown" in out
    code, out, _ = command(".", "--format", "json", "--coverage")
    (told,) = json.loads(out)["protocols"]
    assert [one["as_expected"] for one in told["scenarios"]] == [True, False]
    assert told["coverage"]["criteria"]["reached"] == 4
    Path("x.proto-lite").write_text('language 1\nuse "t.proto-lite"\nscenario "b" {')
    code, _, err = command("x.proto-lite")
    assert code == 1
    assert "error[" in err


@pytest.mark.parametrize(
    "path", sorted((ROOT / "protocols" / "scenarios").glob("*.proto-lite")), ids=lambda p: p.name
)
def test_the_trials_scenarios_hold_and_reach_every_outcome(path: Path) -> None:
    result = shipped.checked(f"scenarios/{path.stem}")
    assert result.diagnostics == ()
    assert result.tested is not None
    screens = evaluators(result.tested)
    results = [run(one, screens) for one in result.scenarios]
    assert [one.message for each in results for one in each.findings] == []
    made = coverage(result.tested, results, result.sources)
    assert [(one.id, one.lacking) for one in made.criteria if one.lacking] == []
