"""Synthetic cohorts: the same for a seed, tables like any other, on both sides of every criterion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from random_protocols import gallery, trials
from test_cohort import TEXT

from protodsl.backends import sql
from protodsl.cli.main import cli
from protodsl.cohort import duck
from protodsl.cohort.simulate import TRIES, archetypes, simulate
from protodsl.driver import check
from protodsl.ir import Protocol

MANY = """language 1
lab qtcf "QTcF" { unit ms }
lab thickness "Thickness" { unit um }
lab marker "Marker" { unit mg/L }
lab anti_a "Anti-A" { unit mg/L }
lab anti_b "Anti-B" { unit mg/L }
lab anti_c "Anti-C" { unit mg/L }
score status "Status" { scale 0 to 5 points worse higher }
condition oedema "Oedema" {}
condition relapse "Relapse" {}
condition disease "Disease" {}
condition early_disease "Early disease" { under disease }
condition late_disease "Late disease" { under disease }
drug pill "Pill" {}
procedure biopsy "Biopsy" {}
protocol many "Many" {
  side study_eye "Study eye" other fellow_eye "Other eye"
  anchor screening
  timepoint screening
  values within 28 days before screening
  inclusion 1 "Side" { require has oedema of study_eye }
  inclusion 2 "Thickness" { require thickness of study_eye >= 275 um and thickness of fellow_eye < 300 um }
  inclusion 3 "Onset" { require age at onset of disease >= 18 years }
  inclusion 4 "Since" { require underwent biopsy since last relapse }
  inclusion 5 "Stable" { require status <= 1 and not (status rises by >= 1 within 2 weeks before screening) }
  inclusion 6 "Then" { require any marker >= 3 mg/L at least 3 months before screening and marker >= 20 mg/L }
  inclusion 7 "Dose" { require receives pill and dose of pill at screening = 250 mg/d }
  inclusion 8 "One of" { require any of [anti_a, anti_b, anti_c] >= 5 mg/L }
  exclusion 1 "QTcF" { exclude if mean of the last 3 qtcf > 470 ms within 28 days before screening }
  exclusion 2 "Late" { exclude if has late_disease }
  cohort grown "Grown up" {
    applies if part is grown
    inclusion 1 "Age" { require age at screening >= 7000 days }
  }
  cohort young "Young" {
    applies if part is young
    inclusion 1 "Age" { require age at screening < 7000 days }
  }
}
"""
TRIAL = Path(__file__).parents[1] / "protocols" / "NCT06892145.proto-lite"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "facts"
    done = CliRunner().invoke(
        cli,
        ["simulate", str(TRIAL), "-n", "1500", "--out", str(folder), "--threads", "1", "--format", "json"],
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["participants"] == 1500
    return folder


def test_every_criterion_is_met_by_some_and_not_by_others(people: Path) -> None:
    on_both_sides(next(one for one in trials() if one.id == "NCT06892145"), people)


def on_both_sides(protocol: Protocol, people: Path) -> None:
    with duck.connect(threads=1) as connection:
        duck.attach(connection, str(people))
        made = sql.statement(protocol, "duckdb", duck.lexicon(connection))
        connection.execute(f"CREATE TABLE screened AS {made.text}")
        verdicts = dict(
            connection.execute("SELECT verdict, count(*) FROM screened GROUP BY verdict").fetchall()
        )
        assert set(verdicts) == {"eligible", "ineligible", "undetermined"}
        refused = {each.where.split(".")[0] for each in made.refused}
        for each in made.outputs:
            if each.what != "truth" or each.depth or each.id in refused:
                continue
            found = connection.execute(
                f"SELECT count(*) FILTER ({each.column}), "
                f"count(*) FILTER (NOT {each.column}), "
                f"count(*) FILTER ({each.column} IS NULL) FROM screened"
            ).fetchone()
            assert found is not None and min(found) > 0, (each.id, found)


def test_somebody_is_eligible_for_every_protocol() -> None:
    for protocol in (*trials(), *gallery()):
        searches = (archetypes.search(protocol, f"1/0/{attempt}", 0) for attempt in range(TRIES))
        bests = [each.plainest()[1] for each in searches]
        assert any(best is not None and best[0] == 0 for best in bests), protocol.id


def test_sides_series_places_and_what_hangs_on_an_event(tmp_path: Path) -> None:
    path = tmp_path / "many.proto-lite"
    path.write_text(MANY, encoding="utf-8")
    checked = check(str(path))
    assert checked.protocol is not None, checked.diagnostics
    simulate(checked.protocol, 2000, 1, str(tmp_path / "people"), threads=1)
    on_both_sides(checked.protocol, tmp_path / "people")


def test_the_same_seed_makes_the_same_people_and_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("protodsl.cohort.simulate.CHUNK", 100)
    path = tmp_path / "small.proto-lite"
    path.write_text(TEXT, encoding="utf-8")
    protocol = check(str(path)).protocol
    assert protocol is not None
    simulate(protocol, 250, 1, str(tmp_path / "once"), threads=1)

    def stop(done: int) -> None:
        if done == 200:
            raise KeyboardInterrupt

    again, working = tmp_path / "again", tmp_path / "again.simulating"
    with pytest.raises(KeyboardInterrupt):
        simulate(protocol, 250, 1, str(again), threads=1, progress=stop)
    assert not again.exists()
    noted = {path: path.stat().st_mtime_ns for path in (working / "results").iterdir()}
    assert len(noted) == 2
    (working / "results" / "part-000003.parquet").write_text("half")
    assert simulate(protocol, 250, 1, str(again), threads=1).participants == 250
    assert {path.name: path.stat().st_mtime_ns for path in (again / "results").iterdir()}.items() >= {
        path.name: time for path, time in noted.items()
    }.items()
    assert content(again) == content(tmp_path / "once")
    left = tmp_path / "other.simulating"  # of another run
    left.mkdir()
    (left / "progress.json").write_text(json.dumps({"mark": "another", "parts": 2, "facts": 7}))
    simulate(protocol, 250, 2, str(tmp_path / "other"), threads=1)
    assert content(tmp_path / "other") != content(again)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_that_exists_is_not_touched(people: Path) -> None:
    done = CliRunner().invoke(cli, ["simulate", str(TRIAL), "-n", "5", "--out", str(people)])
    assert done.exit_code == 2 and "exists already" in done.stderr
    assert not Path(f"{people}.simulating").exists()
