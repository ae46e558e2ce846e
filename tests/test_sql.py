"""SQL means what the checker means: random protocols and records, truth by truth, on DuckDB."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from duck_engine import run as duckdb
from postgres_engine import run as run_on_postgres
from postgres_engine import running
from random_protocols import fragment, fragments, gallery, mutated, trials
from sql_differential import Run, differences, some_run
from strategies import random_record

from protodsl import ir
from protodsl.backends import sql
from protodsl.backends.sql.lexicon import coded_of, key_of
from protodsl.backends.sql.limits import sides
from protodsl.backends.sql.syntax import DIALECTS, literal, text
from protodsl.cli.main import cli
from protodsl.cohort import duck
from protodsl.cohort.load import load
from protodsl.cohort.rows import Rows
from protodsl.records.json import read_records
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Coded

SEED = 20261


def readable(record: dict[str, object]) -> bool:
    try:
        read_record(record)
    except RecordError:
        return False
    return True


@pytest.mark.parametrize("number", (3, 4, 10))
def test_trials(number: int) -> None:
    rng = Random(SEED + number)
    protocol = mutated((*trials(), *gallery())[number], rng)
    records = [record for _ in range(40) if readable(record := random_record(protocol, rng))]
    found, compared = differences(protocol, records, some_run(protocol, rng), duckdb, "duckdb")
    assert found == []
    assert compared > 1000


def test_fragments() -> None:
    """One in twenty-four of the specification's fragments, every other one changed."""
    compared = 0
    for number, one in enumerate(fragments()):
        if number % 24:
            continue
        rng = Random(SEED + number)
        protocol = mutated(one, rng) if number % 48 else one
        records = [record for _ in range(40) if readable(record := random_record(protocol, rng))]
        found, count = differences(protocol, records, some_run(protocol, rng), duckdb, "duckdb")
        assert found == [], protocol.id
        compared += count
    assert compared > 500


def test_what_may_be_zero_and_is_half_unknown_divides_nothing() -> None:
    """A clearance over a body surface: weight of 0 to 70 kg, height not recorded."""
    day = {"date": "2024-04-08"}
    record: dict[str, object] = {
        "id": "light", "sex": "male", "birth_date": "2006-03-28",
        "timepoints": {"consent": "2024-03-25", "enrollment": "2024-03-28", "infusion": "2024-04-11"},
        "results": [
            {"code": "creatinine", "value": 0.94, "unit": "mg/dL", **day},
            {"code": "body_weight", "value": "<70", "unit": "kg", **day},
        ],
    }  # fmt: skip
    protocol = trials()[3]
    assert protocol.id == "changzheng_cd19_cd3e"
    found, compared = differences(protocol, [record], Run(), duckdb, "duckdb")
    assert found == [] and compared > 50


def test_an_absence_of_a_class_by_its_code_contradicts_a_member_without_one() -> None:
    record: dict[str, object] = {
        "id": "contradicted", "sex": "male", "birth_date": "1990-01-01",
        "timepoints": {"consent": "2024-03-25", "enrollment": "2024-03-28", "infusion": "2024-04-11"},
        "conditions": [
            {"code": {"system": "icd10", "code": "M33"}, "present": False, "from": "2013-07-13"},
            {"code": "antisynthetase_syndrome", "onset": "2024-03-01"},
        ],
        "answers": [
            {"question": "eular_acr_2017_myositis", "answer": True, "by": "investigator", "date": "2024-03"}
        ],
    }  # fmt: skip
    found, compared = differences(trials()[3], [record], Run(), duckdb, "duckdb")
    assert found == [] and compared > 50


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("postgres")) as url:
        yield url


def test_fragments_on_postgresql(server: str) -> None:
    """One in twenty-four of the specification's fragments, and those that ask for a series of results or hang
    on events, run by a PostgreSQL server where one is installed.
    """
    compared = 0
    for number, one in enumerate(fragments()):
        if number % 24 != 5 and not any(each in repr(one) for each in IN_ORDER):
            continue
        rng = Random(SEED - number)
        protocol = mutated(one, rng) if number % 48 == 5 else one
        records = [record for _ in range(30) if readable(record := random_record(protocol, rng))]
        found, count = differences(
            protocol, records, some_run(protocol, rng), partial(run_on_postgres, server), "postgres"
        )
        assert found == [], protocol.id
        compared += count
    assert compared > 500


def test_a_trial_on_postgresql(server: str) -> None:
    """Its doses by weight, where no unit of a weight is recorded, and its formulas."""
    protocol = trials()[0]
    assert protocol.id == "NCT06222853"
    rng = Random(SEED)
    records = [record for _ in range(12) if readable(record := random_record(protocol, rng))]
    for record in records:
        record["results"] = [one for one in record.get("results", ()) if one.get("unit") not in ("kg", "g")]
    found, compared = differences(
        protocol, records, some_run(protocol, rng), partial(run_on_postgres, server), "postgres"
    )
    assert found == []
    assert compared > 100


# ---------------------------------------------------------------- one thing at a time


@pytest.mark.parametrize(
    "coded",
    [
        Coded(None, "alt"),
        Coded(None, None),
        Coded("loinc", "1742-6"),
        Coded("local", "a b;c?%~"),
        Coded("icd10", "E11.9", (("snomed", "44054006"), ("x y", "z"))),
        Coded(None, "?odd", (), True),
        Coded("icd10", "M32", (("snomed", "55464009"),), True),
    ],
)
def test_a_key_is_read_back(coded: Coded) -> None:
    assert coded_of(key_of(coded)) == coded


def test_texts_of_authors_are_never_code() -> None:
    nasty = "a'b\\'; DROP TABLE results; --"
    assert literal(nasty, "duckdb") == "'a''b\\''; DROP TABLE results; --'"
    assert literal(nasty, "spark") == "'a\\'b\\\\\\'; DROP TABLE results; --'"


def test_a_limit_between_two_numbers_a_table_holds() -> None:
    """1/3: what is at most 0.333333 is below, what is at least 0.333334 above; nothing lies between."""
    third = sides(Fraction(1, 3), None, None)
    assert text(third.at_most, "duckdb") == "value_high <= 0.333333"
    assert text(third.at_least, "duckdb") == "value_low >= 0.333334"


def test_numbers_beyond_what_a_table_holds_are_kept_as_intervals() -> None:
    results = [
        {"code": "alt", "value": "0.1234567", "unit": "U/L"},
        {"code": "alt", "value": "9999999999999", "unit": "U/L"},
        {"code": "alt", "value": "5", "unit": "U/L", "uln": 0.1234567},
    ]
    rows = Rows()
    rows.add(1, read_record({"id": "P", "results": results}))
    low, high, low_open, high_open = rows.tables["results"][0][3:7]
    assert (str(low), str(high), low_open, high_open) == ("0.123456", "0.123457", True, True)
    assert rows.tables["results"][1][4] is None and str(rows.tables["results"][1][3]) == "999999999999.999999"
    assert rows.tables["results"][2][3:8] == (None, None, False, False, "limit_not_kept")
    assert (rows.rounded, rows.unusable) == (2, 1)


# ---------------------------------------------------------------- tables

PEOPLE = Path(__file__).parents[1] / "protocols" / "patients"


def lines(count: int) -> str:
    protocol, rng = trials()[0], Random(7)
    records = (random_record(protocol, rng) for _ in range(4 * count))
    kept = [record for record in records if readable(record)][:count]
    return "".join(json.dumps({**one, "id": f"P{number}"}) + "\n" for number, one in enumerate(kept))


def tables(folder: str) -> dict[str, list[tuple[object, ...]]]:
    with duck.connect() as connection:
        duck.attach(connection, folder)
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
            for name in ("participants", "results", "conditions", "medications", "absences", "answers")
        }


def test_an_interrupted_load_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(lines(60), encoding="utf-8")
    whole = load(
        read_records(str(path)), str(tmp_path / "whole"), inputs=["one"], refused=lambda _: None, facts=300
    )
    assert whole.participants == 60 and whole.parts > 2

    def cut() -> object:
        for number, entry in enumerate(read_records(str(path))):
            if number == 40:
                raise KeyboardInterrupt
            yield entry

    target = str(tmp_path / "again")
    with pytest.raises(KeyboardInterrupt):
        load(cut(), target, inputs=["one"], refused=lambda _: None, facts=300)  # type: ignore[arg-type]
    assert not Path(target).exists()
    again = load(read_records(str(path)), target, inputs=["one"], refused=lambda _: None, facts=300)
    assert again.participants == 60
    assert tables(target) == tables(str(tmp_path / "whole"))


def test_load_and_sql_as_commands(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(lines(5) + '{"id": "X", "resutls": []}\n', encoding="utf-8")
    target = str(tmp_path / "facts")
    runner = CliRunner()
    done = runner.invoke(cli, ["data", "load", str(path), "-o", target, "--format", "json"])
    assert "resutls" in done.stderr
    assert json.loads(done.stdout)["participants"] == 5 and json.loads(done.stdout)["refused"] == 1
    again = runner.invoke(cli, ["data", "load", str(path), "-o", target])
    assert again.exit_code == 2 and "exists already" in again.stderr
    trial = str(PEOPLE.parent / "NCT06892145.proto-lite")
    made = runner.invoke(cli, ["sql", trial, "--data", target, "--format", "json"])
    told = json.loads(made.stdout)
    with duck.connect() as connection:
        duck.attach(connection, target)
        found = connection.execute(told["sql"]).fetchall()
    assert len(found) == 5 and len(found[0]) == len(told["columns"])
    broken = runner.invoke(cli, ["sql", trial, "--data", str(tmp_path)])
    assert broken.exit_code == 2 and "facts.json" in broken.stderr


def test_tables_that_are_not_whole_are_named(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(lines(3), encoding="utf-8")
    target = tmp_path / "facts"
    load(read_records(str(path)), str(target), inputs=[], refused=lambda _: None)

    def told() -> str:
        with duck.connect() as connection, pytest.raises(duck.DataError) as error:
            duck.attach(connection, str(target))
        return str(error.value)

    part = next((target / "results").iterdir())
    kept = part.read_bytes()
    part.write_bytes(kept[: len(kept) // 2])
    assert "results" in told()
    part.write_bytes(kept)
    people = next((target / "participants").iterdir())
    (target / "participants" / "twice.parquet").write_bytes(people.read_bytes())
    assert "more than one row for P0" in told()


# ---------------------------------------------------------------- what is not carried


def test_what_is_not_carried_is_named_and_unknown() -> None:
    said = "exclude if received prednisone at >= 0 mg/d for >= 3 months within 1 year before screening"
    protocol = fragment(f'exclusion 1 "Ever" {{\n  {said}\n}}\n')
    refused = sql.statement(protocol, "duckdb", sql.of_vocabulary(protocol)).refused
    assert refused
    for dialect in DIALECTS:
        made = sql.statement(protocol, dialect, sql.of_vocabulary(protocol))
        assert made.refused == refused
        for refusal in made.refused:
            head = " ".join(line.removeprefix("-- ") for line in made.text.split("WITH")[0].splitlines())
            assert f"{refusal.where}: {refusal.what}" in " ".join(head.split())
        truths = {each.id for each in made.outputs if each.what == "truth"}
        assert {part.id for part in parts(protocol)} <= truths


@pytest.mark.parametrize("number", range(4))
def test_the_statements_of_the_trials_leave_nothing_out(number: int) -> None:
    """Each in one dialect: what is refused does not depend on it, see the test above."""
    protocol, dialect = trials()[number], tuple(DIALECTS)[number % len(DIALECTS)]
    assert sql.statement(protocol, dialect, sql.of_vocabulary(protocol)).refused == ()


IN_ORDER = ("OfEvent(", "Mean(", "last=2", "consecutive=True")
ASKED = (
    "lasting=('",
    "first_day=True",
    "lines=True",
    "DoseOf(",
    "dose=Dose(",
    "Change(",
    "Setting(",
    "side='",
    "Clean(",
)


def test_fragments_that_ask_for_more_than_one_row() -> None:
    """Courses that touch, doses, changes, sides, places, spoilt samples: each fragment, changed or not."""
    compared = 0
    for number, one in enumerate(fragments()):
        if not any(each in repr(one) for each in (*ASKED, *IN_ORDER)):
            continue
        rng = Random(SEED + 3 * number)
        protocol = mutated(one, rng) if number % 2 else one
        records = [record for _ in range(20) if readable(record := random_record(protocol, rng))]
        found, count = differences(protocol, records, some_run(protocol, rng), duckdb, "duckdb")
        assert found == [], protocol.id
        compared += count
    assert compared > 2000


@pytest.mark.parametrize(
    ("page", "words", "least"),
    [("08-windows.md", " end of ", 40), ("10-which-value.md", "highest alt > 2 *", 3)],
)
def test_sentences_of_the_specification_on_its_own_records(page: str, words: str, least: int) -> None:
    """Which are at their borders, where random ones seldom are."""
    import conftest as spec

    records: dict[str, list[dict[str, object]]] = {}
    for section in spec.sections((spec.HERE / page).read_text(encoding="utf-8")):
        for case in section.cases:
            if case.record and not any(line.startswith(("run:", "refused:")) for line in case.expected):
                records.setdefault(case.fragment, []).append(spec.data_of(case.record))
    compared = 0
    for text_of, asked in records.items():
        if words not in text_of:
            continue
        protocol = fragment(text_of)
        found, count = differences(protocol, asked, Run(), duckdb, "duckdb")
        assert found == [], protocol.id
        compared += count
    assert compared >= least


def parts(protocol: ir.Protocol) -> list[ir.Part]:
    def under(part: ir.Part) -> list[ir.Part]:
        return [part, *(each for inner in part.parts for each in under(inner))]

    return [each for stage in protocol.stages for one in stage.criteria for each in under(one.root)]
