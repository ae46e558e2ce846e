"""A cohort's counts are those one gets by asking the checker of everybody, one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from strategies import random_record

from protodsl import ir
from protodsl.backends import python, sql
from protodsl.cli.main import cli
from protodsl.cohort import duck
from protodsl.cohort.counts import Asked
from protodsl.cohort.counts import asked as counted
from protodsl.cohort.engine import VERDICTS, Question
from protodsl.cohort.load import load
from protodsl.cohort.on_duckdb import DuckDB
from protodsl.cohort.screen import screen
from protodsl.cohort.whatif import SettingError, limits, settings_of
from protodsl.driver import check
from protodsl.records.json import read_records
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record

TEXT = """language 1
lab alt "ALT" {
  unit U/L
  range 0 to 10000
}
lab egfr "eGFR" { unit mL/min/1.73m2 range 0 to 300 }
condition infection "Infection" { icd10 "B99" }
condition lupus "Lupus" { icd10 "M32" }
condition sclerosis "Systemic sclerosis" { icd10 "M34" }
question consent "Consent" { text "Has consent been given?" }

protocol SMALL "A small trial" {
  timepoint screening
  timepoint infusion after screening
  stage enrolment "Enrolment" at screening {
    values within 28 days before screening
    inclusion 1 "Age" { require age at screening between 18 and 65 years }
    inclusion 2 "Liver" { require alt <= 3 ULN }
    satisfy any of {
      inclusion 3 "Kidney" { require egfr >= 30 mL/min/1.73m2 }
      inclusion 4 "Consent" { require confirmed consent }
    }
    exclusion 1 "Infection" {
      part a "Now" { exclude if has infection }
      part b "Men" {
        applies if sex is male
        exclude if had infection within 6 months before screening
      }
    }
    cohort sle "Lupus" {
      applies if has lupus
      inclusion 1 "Kidney" { require egfr >= 60 mL/min/1.73m2 }
    }
    cohort ssc "Sclerosis" {
      applies if has sclerosis
    }
  }
  stage infusion "Infusion" at infusion requires enrolment {
    exclusion 1 "Infection" { exclude if has infection }
  }
}
"""


# ---------------------------------------------------------------- the same counts, from the checker


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ir.Protocol, list[dict[str, Any]], Path]:
    folder = tmp_path_factory.mktemp("cohort")
    path = folder / "small.proto-lite"
    path.write_text(TEXT, encoding="utf-8")
    protocol = check(str(path)).protocol
    assert protocol is not None
    rng = Random(5)
    people = [{**record, "id": f"P{number:04}"} for number, record in enumerate(readable(protocol, rng, 500))]
    lines = folder / "people.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in people), encoding="utf-8")
    facts = folder / "facts"
    load(read_records(str(lines)), str(facts), inputs=[], refused=lambda _: None)
    return path, protocol, people, facts


def readable(protocol: ir.Protocol, rng: Random, count: int) -> Iterator[dict[str, Any]]:
    while count:
        record = random_record(protocol, rng)
        try:
            read_record(record)
        except RecordError:
            continue
        count -= 1
        yield record


def counts(protocol: ir.Protocol, facts: Path, working: Path, chunk: int = 100) -> Asked:
    with duck.connect(threads=1) as connection:
        options = sql.Options(leaves=True)
        engine = DuckDB(connection, str(facts), str(working), chunk)
        found = screen(engine, [Question(protocol)], options)
        return counted(found, found.answers[0])


def test_the_counts_are_those_of_the_checker(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    _, protocol, people, facts = small
    found = counts(protocol, facts, tmp_path / "work")
    assert found.not_carried == ()
    module = python.load(protocol)
    whole: Counter[str] = Counter()
    stages: dict[str, list[Any]] = {stage.id: [] for stage in protocol.stages}
    for person in people:
        record = read_record(person)
        try:
            report = module.evaluate(record)
        except RecordError:
            whole["refused"] += 1
            continue
        whole[report.verdict] += 1
        reached = [*stages][: [*stages].index(report.stage) + 1]
        for name in reached:
            stages[name].append(module.evaluate(record, stage=name, cure=False))
    told = found.verdicts
    assert Counter(
        eligible=told.eligible,
        ineligible=told.ineligible,
        undetermined=told.undetermined,
        refused=told.refused,
    ) == whole | Counter(refused=0)
    assert min(whole.values()) > 0 and len(whole) >= 3
    compared = 0
    for track in found.attrition:
        reports = stages[track.stage]
        assert track.verdicts.screened == len(reports)
        if track.cohort is None:
            for name in ("eligible", "ineligible", "undetermined"):
                assert getattr(track.verdicts, name) == sum(one.verdict == name for one in reports)
        failed = [{row.id for row in one.criteria if row.outcome == "fails"} for one in reports]
        unknown = [{row.id for row in one.criteria if row.outcome == "unknown"} for one in reports]
        for step in track.steps:
            if step.kind in ("inclusion", "exclusion"):
                assert step.fails == sum(step.id in one for one in failed), step
                assert step.open == sum(step.id in one for one in unknown), step
                compared += 1
        singles = {step.id for step in track.steps}
        assert sum(step.excluded for step in track.steps) == track.verdicts.ineligible
        assert track.steps[-1].remaining == track.verdicts.screened - track.verdicts.ineligible
        assert track.steps[-1].sure == track.verdicts.eligible
        assert sum(step.only for step in track.steps) <= track.verdicts.ineligible
        assert {one.id for one in track.missing} <= singles
    assert compared > 8


def test_only_this_one_excludes(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    """Taken from the reports of the first stage: one criterion fails, and all the rest is passed."""
    _, protocol, people, facts = small
    found = counts(protocol, facts, tmp_path / "work").attrition[0]
    module = python.load(protocol)
    only: Counter[str] = Counter()
    other: Counter[str] = Counter()
    for person in people:
        try:
            report = module.evaluate(read_record(person), stage="enrolment", cure=False)
        except RecordError:
            continue
        rows = {row.id: row.outcome for row in report.criteria}
        either = [rows["inclusion 3"], rows["inclusion 4"]]
        group = "passes" if "passes" in either else "fails" if set(either) == {"fails"} else "unknown"
        cohorts = [verdict for _, verdict in report.cohorts]
        fits = "passes" if "eligible" in cohorts else "unknown" if "undetermined" in cohorts else "fails"
        steps = {name: rows[name] for name in ("inclusion 1", "inclusion 2", "exclusion 1")}
        steps |= {"any of 3, 4": group, "cohorts": fits}
        fails = [name for name, outcome in steps.items() if outcome == "fails"]
        if len(fails) == 1:
            other[fails[0]] += 1
            if "unknown" not in steps.values():
                only[fails[0]] += 1
    assert sum(only.values()) > 3
    by_id = {step.id if step.kind != "group" else "any of 3, 4": step for step in found.steps}
    assert {name: step.only for name, step in by_id.items() if step.only} == dict(only)
    assert {name: step.only_failing for name, step in by_id.items() if step.only_failing} == dict(other)


def test_chunks_change_nothing_and_a_run_goes_on(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    _, protocol, _, facts = small
    one = counts(protocol, facts, tmp_path / "one", chunk=10_000)
    many = tmp_path / "many"

    def stop(words: str) -> None:
        if words == "300 of 500 participants":
            raise KeyboardInterrupt

    with duck.connect(threads=1) as connection, pytest.raises(KeyboardInterrupt):
        options = sql.Options(leaves=True)
        screen(DuckDB(connection, str(facts), str(many), 100), [Question(protocol)], options, stop)
    before = {path.name: path.stat().st_mtime_ns for path in many.glob("*.parquet")}
    assert len(before) == 3
    assert counts(protocol, facts, many) == one
    after = {path.name: path.stat().st_mtime_ns for path in many.glob("*.parquet")}
    assert len(after) == 5 and before.items() <= after.items()


# ---------------------------------------------------------------- what if


def test_another_limit_is_what_the_protocol_written_so_would_say(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    _, protocol, _, facts = small
    setting = settings_of(protocol, "alt limit = 2, 5 ULN")
    assert setting.now == "<= 3 × ULN" and [value for value, _ in setting.values] == ["2 × ULN", "5 × ULN"]
    for (_, changed), words in zip(setting.values, ("2 ULN", "5 ULN"), strict=True):
        other = tmp_path / f"{words[0]}.proto-lite"
        other.write_text(TEXT.replace("alt <= 3 ULN", f"alt <= {words}"), encoding="utf-8")
        written = check(str(other)).protocol
        assert written is not None
        ours = counts(changed, facts, tmp_path / f"changed-{words[0]}")
        assert ours.verdicts == counts(written, facts, tmp_path / f"written-{words[0]}").verdicts


@pytest.mark.parametrize(
    "words",
    ["sle inclusion 1 egfr limit = 45", "alt limit = 2", "age lower limit = 30", "age upper limit = 40"],
)
def test_only_what_another_limit_changes_is_asked_again(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], words: str, tmp_path: Path
) -> None:
    _, protocol, _, facts = small
    changed = settings_of(protocol, words).values[0][1]
    questions = [Question(protocol), Question(changed, whole=False), Question(changed)]
    with duck.connect(threads=1) as connection:
        screened = screen(DuckDB(connection, str(facts), str(tmp_path / "work")), questions, sql.Options())
        _, short, whole = screened.answers
        assert "answer_0" in short.statement.text and len(short.statement.text) < len(whole.statement.text)
        kept = [
            [each.column(one) for one in each.columns() if one.what in VERDICTS] for each in screened.answers
        ]
        listed = ", ".join(name for names in kept for name in names)
        rows = screened.rows(f"SELECT {listed} FROM {{source}} ORDER BY participant")
    size = len(kept[0])
    assert [row[size : 2 * size] for row in rows] == [row[2 * size :] for row in rows]
    assert any(row[:size] != row[size : 2 * size] for row in rows)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("alt = 3", "write NAME limit"),
        ("atl limit = 3", "did you mean 'alt'"),
        ("alt limit = three", "is no number"),
        ("alt limit = 3 LLN", "a multiple of the ULN"),
        ("egfr limit = 45", "several limits: inclusion 3 (>= 30 mL/min/1.73m2)"),
        ("inclusion 3 egfr limit = 45 mg", "the unit of this limit is mL/min/1.73m2"),
        ("inclusion 3 egfr limit = 450", "outside the range of eGFR"),
        ("age limit = 20", "several limits"),
        ("exclusion 1 alt limit = 20", "exclusion 1 sets no such limit on alt"),
    ],
)
def test_what_cannot_be_set_is_said(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], words: str, said: str
) -> None:
    with pytest.raises(SettingError) as error:
        settings_of(small[1], words)
    assert said in str(error.value)


def test_a_part_or_a_side_of_a_limit(small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path]) -> None:
    made = settings_of(small[1], "age lower limit = 16 years, 21")
    assert made.now == ">= 18 years" and [value for value, _ in made.values] == ["16 years", "21 years"]
    assert [one.value for one in limits(made.values[0][1], "age")] == [16, 65]
    cohort = settings_of(small[1], "sle inclusion 1 egfr limit = 45")
    assert [one.value for one in limits(cohort.values[0][1], "egfr")] == [30, 45]


# ---------------------------------------------------------------- the command


def test_the_command(small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path) -> None:
    path, _, people, facts = small
    verdicts, page = tmp_path / "verdicts.csv", tmp_path / "page.html"
    asked = ["cohort", str(path), "--data", str(facts), "--threads", "1", "--format", "json"]
    done = CliRunner().invoke(
        cli,
        [*asked, "-o", str(verdicts), "--report", str(page), "--set", "alt limit = 2, 5"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["participants"] == len(people) and len(told["what_if"][0]["values"]) == 2
    lines = verdicts.read_text(encoding="utf-8").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["id", *(one["id"] for one in people)]
    assert sum(",eligible," in line for line in lines) >= told["protocols"][0]["verdicts"]["eligible"]
    html = page.read_text(encoding="utf-8")
    assert (
        html.startswith("<!DOCTYPE html>")
        and html.count("<svg") == 5
        and "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    )
    assert not list(tmp_path.glob("*.screening*")) and not list(tmp_path.glob("*.new"))


def test_what_is_wrong_with_tables_is_named(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    import shutil

    path, _, _, facts = small
    broken = tmp_path / "facts"
    shutil.copytree(facts, broken)
    output = tmp_path / "verdicts.parquet"

    def said() -> str:
        done = CliRunner().invoke(cli, ["cohort", str(path), "--data", str(broken), "-o", str(output)])
        assert done.exit_code == 2 and not output.exists(), done.output
        return str(done.stderr)

    part = next((broken / "results").iterdir())
    kept = part.read_bytes()
    part.write_bytes(kept[: len(kept) // 2])
    assert f"{broken / 'results'}: " in said()
    with duck.connect() as connection:
        table = f"read_parquet('{facts / 'results'}/*.parquet')"
        connection.execute(f"COPY (SELECT * EXCLUDE (uln) FROM {table}) TO '{part}' (FORMAT parquet)")
    assert "the column uln is missing" in said()
    with duck.connect() as connection:
        columns = "SELECT * REPLACE (CAST(value_low AS DOUBLE) AS value_low)"
        connection.execute(f"COPY ({columns} FROM {table}) TO '{part}' (FORMAT parquet)")
    assert "the column value_low is DOUBLE, not DECIMAL(18, 6)" in said()
    part.write_bytes(kept)
    (broken / "results" / "more.parquet").write_bytes(kept)
    assert "a part is missing, or is not theirs" in said()
    (broken / "results" / "more.parquet").unlink()
    part.unlink()
    assert f"{broken / 'results'}: " in said()


def test_several_protocols_in_one_pass(
    small: tuple[Path, ir.Protocol, list[dict[str, Any]], Path], tmp_path: Path
) -> None:
    path, _, people, facts = small
    other = tmp_path / "other.proto-lite"
    other.write_text(TEXT.replace("protocol SMALL", "protocol OTHER").replace("65 years", "50 years"))
    output = tmp_path / "both.parquet"
    done = CliRunner().invoke(
        cli,
        ["cohort", str(path), str(other), "--data", str(facts), "-o", str(output), "--format", "json"],
        catch_exceptions=False,
    )
    first, second = json.loads(done.stdout)["protocols"]
    assert first["protocol"] == "SMALL" and second["protocol"] == "OTHER"
    assert second["verdicts"]["ineligible"] > first["verdicts"]["ineligible"]
    with duck.connect() as connection:
        rows = connection.execute(
            f"SELECT count(*), count(*) FILTER (small_verdict = 'ineligible') FROM '{output}'"
        ).fetchone()
    assert rows == (len(people), first["verdicts"]["ineligible"])
    twice = CliRunner().invoke(cli, ["cohort", str(path), str(path), "--data", str(facts)])
    assert twice.exit_code == 2 and "given twice" in twice.stderr


def test_what_sql_does_not_carry_is_named_in_every_report(tmp_path: Path) -> None:
    path, lines, facts, page = (tmp_path / name for name in ("a.proto-lite", "a.jsonl", "facts", "a.html"))
    path.write_text(
        """language 1
drug prednisone "Prednisone" {}
protocol a "A trial" {
  anchor screening
  timepoint screening
  inclusion 1 "Either" {
    part a "A" { require received prednisone at >= 0 mg/d for >= 3 months within 1 year before screening }
    part b "B" { require sex is female }
  }
}
""",
        encoding="utf-8",
    )
    people = [
        {"id": sex, "sex": sex, "timepoints": {"screening": "2024-02-20"}} for sex in ("female", "male")
    ]
    lines.write_text("".join(json.dumps(one) + "\n" for one in people), encoding="utf-8")
    load(read_records(str(lines)), str(facts), inputs=[], refused=lambda _: None)
    asked = ["cohort", str(path), "--data", str(facts)]
    text = CliRunner().invoke(cli, [*asked, "--report", str(page)])
    whole = json.loads(CliRunner().invoke(cli, [*asked, "--format", "json"]).stdout)
    told = whole["protocols"][0]
    assert told["verdicts"]["undetermined"] == 1 and told["verdicts"]["ineligible"] == 1
    (refused,) = told["not_carried"]
    assert refused["where"] == "inclusion 1.a" and told["attrition"][0]["steps"][0]["not_carried"]
    for said in (text.stdout, page.read_text(encoding="utf-8"), "".join(whole["exactness"])):
        assert f"inclusion 1.a ({refused['what']})" in " ".join(said.split())
