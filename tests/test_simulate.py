"""Synthetic cohorts: the same for a seed, tables like any other, on both sides of every criterion."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from random_protocols import trials

from protodsl.backends import sql
from protodsl.cli.main import cli
from protodsl.cohort import duck
from protodsl.cohort.simulate import simulate

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
    protocol = next(one for one in trials() if one.id == "NCT06892145")
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


def test_the_same_seed_makes_the_same_people(people: Path, tmp_path: Path) -> None:
    protocol = next(one for one in trials() if one.id == "NCT06892145")
    simulate(protocol, 1500, 1, str(tmp_path / "again"), threads=1)
    simulate(protocol, 200, 2, str(tmp_path / "other"), threads=1)
    assert content(tmp_path / "again") == content(people)
    assert content(tmp_path / "other") != content(people)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_that_exists_is_not_touched(people: Path) -> None:
    done = CliRunner().invoke(cli, ["simulate", str(TRIAL), "-n", "5", "--out", str(people)])
    assert done.exit_code == 2 and "exists already" in done.stderr
    assert not Path(f"{people}.simulating").exists()
