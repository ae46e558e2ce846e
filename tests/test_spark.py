"""Apache Spark says what DuckDB and the checker say: the same truths, counts, files and refusals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from random_protocols import fragments, mutated
from spark_engine import plans, reads, run, running
from sql_differential import differences, some_run
from test_cohort import TEXT, readable

from protodsl.backends.sql.tables import TABLES
from protodsl.cli.main import cli
from protodsl.cohort import duck
from protodsl.cohort.engine import DataError, Question
from protodsl.cohort.load import load
from protodsl.cohort.on_spark import Spark, opened
from protodsl.cohort.spark_session import words
from protodsl.cohort.spark_watch import AGAIN, LIMIT, WORD, Waiting
from protodsl.driver import check
from protodsl.records.json import read_records

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SRC = Path(__file__).parents[1] / "src"


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    yield from running()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A protocol, and tables of 120 people in two parts."""
    folder = tmp_path_factory.mktemp("spark")
    path = folder / "small.proto-lite"
    one_stage = TEXT[: TEXT.index("    cohort sle")] + "  }\n}\n"  # Spark takes seconds to plan each more
    path.write_text(one_stage, encoding="utf-8")
    protocol = check(str(path)).protocol
    assert protocol is not None
    people = [{**one, "id": f"P{n:04}"} for n, one in enumerate(readable(protocol, Random(8), 120))]
    lines = folder / "people.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in people), encoding="utf-8")
    load(read_records(str(lines)), str(folder / "facts"), inputs=[], refused=lambda _: None, facts=400)
    assert len(list((folder / "facts" / "results").iterdir())) > 1
    return path, folder / "facts"


def asked(path: Path, *arguments: str) -> Any:
    done = CliRunner().invoke(
        cli, ["cohort", str(path), "--format", "json", *arguments], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_command_says_the_same_on_both_engines(
    spark: SparkSession, small: tuple[Path, Path], tmp_path: Path
) -> None:
    """Counts and groups; and each participant's truths, byte for byte."""
    path, facts = small
    files = [tmp_path / "duckdb.csv", tmp_path / "spark.csv"]
    told = [
        asked(path, "--data", str(facts), "--engine", engine, "-o", str(file), "--set", "alt limit = 2")
        for engine, file in zip(("duckdb", "spark"), files, strict=True)
    ]
    assert told[0] == told[1]
    verdicts = told[0]["protocols"][0]["verdicts"]
    assert told[0]["what_if"][0]["values"][0][1] != verdicts
    assert min(verdicts[name] for name in ("eligible", "ineligible", "undetermined")) > 0
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["duckdb.csv", "spark.csv"]


@pytest.mark.parametrize(("number", "whole"), ((58, True), (168, False)))
def test_fragments(spark: SparkSession, tmp_path: Path, number: int, whole: bool) -> None:
    """Truth by truth what the checker says, of the specification's fragments, changed at random. `whole`: as
    the one statement that `protodsl sql` prints.
    """
    rng = Random(number)
    protocol = mutated(list(fragments())[number], rng)
    records = list(readable(protocol, rng, 40))
    found, compared = differences(
        protocol, records, some_run(protocol, rng), partial(run, spark, tmp_path, whole=whole), "spark"
    )
    assert found == [], protocol.id
    assert compared >= 40


# ---------------------------------------------------------------- what is read


def test_each_table_is_read_once(
    spark: SparkSession, small: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Spark's plans of two questions in one pass, and of the groups. That this is not said of whatever is
    done: where a table is not kept, or a view of people, something is read again.
    """
    path, facts = small
    monkeypatch.setattr("protodsl.cohort.on_spark.REACH", 4)
    protocol = check(str(path)).protocol
    assert protocol is not None

    def planned(questions: Sequence[Question]) -> Counter[str]:
        with opened(spark, folder=str(facts), catalog=None) as engine:
            return reads(plans(engine, questions))

    found = planned([Question(protocol), Question(protocol, "again")])
    assert {name: found[name] for name in found if found[name] > 1} == {}
    assert set(found) >= {"participants", "results", "conditions", "absences", "answers"}
    monkeypatch.setattr(Spark, "_keep", lambda engine, found: found)
    assert planned([Question(protocol)])["participants"] > 1


# ---------------------------------------------------------------- tables


def refusal(spark: SparkSession, folder: Path) -> str:
    with pytest.raises(DataError) as error, opened(spark, folder=str(folder), catalog=None):
        pass
    return str(error.value)


def test_what_is_wrong_with_tables_is_named(
    spark: SparkSession, small: tuple[Path, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "facts"
    shutil.copytree(small[1], broken)
    folder = broken / "results"
    part = sorted(folder.iterdir())[-1]
    kept = part.read_bytes()
    table = f"read_parquet('{small[1] / 'results'}/*.parquet')"

    def put(columns: str, path: Path) -> None:
        with duck.connect(threads=1) as connection:
            connection.execute(f"COPY (SELECT {columns} FROM {table}) TO '{path}' (FORMAT parquet)")

    part.write_bytes(kept[: len(kept) // 2])
    assert refusal(spark, broken).startswith(f"{folder / part.name}: ")
    put("* EXCLUDE (uln)", part)  # in one file only: Spark alone would take it for unknown
    assert refusal(spark, broken) == f"{folder / part.name}: its columns are not those of the files beside it"
    for each in folder.iterdir():
        put("* EXCLUDE (uln)", each)
    assert refusal(spark, broken) == f"{folder}: the column uln is missing"
    for each in folder.iterdir():
        put("* REPLACE (CAST(value_low AS DOUBLE) AS value_low)", each)
    assert refusal(spark, broken) == f"{folder}: the column value_low is DOUBLE, not DECIMAL(18, 6)"
    shutil.rmtree(folder)
    assert refusal(spark, broken) == f"{folder}: no Parquet file is in it"
    shutil.copytree(small[1] / "results", folder)
    part.unlink()
    assert "a part is missing, or is not theirs" in refusal(spark, broken)
    assert "Spark takes [ in a folder's name for a pattern" in refusal(spark, tmp_path / "facts [2024]")
    assert refusal(spark, tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: there is no such folder"


def test_tables_of_a_catalogue(spark: SparkSession, small: tuple[Path, Path], tmp_path: Path) -> None:
    """The same lexicon as from files; a table that is not there, and who is there twice, are named."""
    _, facts = small
    spark.sql("CREATE DATABASE hospital")
    try:
        for table in TABLES:
            spark.sql(
                f"CREATE TABLE hospital.{table.name} USING parquet LOCATION 'file:{facts / table.name}'"
            )
        with duck.connect(threads=1) as connection:
            duck.attach(connection, str(facts))
            ours = duck.lexicon(connection)
        with opened(spark, folder=None, catalog="hospital") as engine:
            assert engine.lexicon() == ours
        spark.sql("DROP TABLE hospital.participants")
        spark.sql(
            f"CREATE TABLE hospital.participants USING parquet LOCATION 'file:{tmp_path / 'twice'}' AS "
            f"SELECT * FROM participants UNION ALL SELECT * FROM participants WHERE id = 'P0007'"
        )
        with (
            pytest.raises(DataError, match=r"^hospital.participants: more than one row for P0007$"),
            opened(spark, folder=None, catalog="hospital"),
        ):
            pass
        spark.sql("DROP TABLE hospital.results")
        with (
            pytest.raises(DataError, match=r"^hospital.results: .*TABLE_OR_VIEW_NOT_FOUND"),
            opened(spark, folder=None, catalog="hospital"),
        ):
            pass
    finally:
        spark.sql("DROP DATABASE hospital CASCADE")


def test_a_file_on_another_storage(spark: SparkSession, small: tuple[Path, Path], tmp_path: Path) -> None:
    """Written beside its place and renamed; what nobody can write leaves nothing."""
    spark.sql("SELECT 2 AS participant, 'b' AS id UNION ALL SELECT 1, 'a, \"c\"'").createOrReplaceTempView(
        "everybody"
    )
    with opened(spark, folder=str(small[1]), catalog=None) as engine:
        for _ in range(2):  # over what is there
            engine.write(["id", "id = 'b' AS known"], f"file://{tmp_path}/found.csv")
        assert (tmp_path / "found.csv").read_text() == 'id,known\n"a, ""c""",false\nb,true\n'
        with pytest.raises(DataError, match=r"^file:///proc/found.csv: "):
            engine.write(["id"], "file:///proc/found.csv")
    left = [one.name for one in tmp_path.iterdir() if not one.name.endswith(".crc")]
    assert left == ["found.csv"]


# ---------------------------------------------------------------- what Spark needs


def said(small: tuple[Path, Path], *arguments: str, **environment: str) -> str:
    """What the command says when it is refused, in a process of its own."""
    asked = ["cohort", str(small[0]), "--data", str(small[1]), "--engine", "spark", *arguments]
    hidden = "sys.modules['pyspark'] = None; " if environment.pop("hide", "") else ""
    code = f"import sys; {hidden}from protodsl.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *asked],
        env={**os.environ, "PYTHONPATH": str(SRC), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and done.stdout == "", done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_what_spark_needs_is_named(small: tuple[Path, Path], tmp_path: Path) -> None:
    assert "pip install 'protodsl[spark]'" in said(small, hide="yes")
    assert f"JAVA_HOME is {tmp_path}, where there is no bin/java" in said(small, JAVA_HOME=str(tmp_path))
    assert "there is no `java` on the PATH" in said(small, JAVA_HOME="", PATH=str(tmp_path))
    nobody = said(small, "--master", "spark://127.0.0.1:1")
    assert "Spark at spark://127.0.0.1:1 does not answer (127.0.0.1:1: Connection refused)" in nobody
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho java.lang.UnsupportedClassVersionError: Main >&2; exit 1\n")
    old.chmod(0o755)
    assert f"Spark needs Java 17 or later; {old} is older" in said(small, JAVA_HOME=str(tmp_path))
    old.write_text(
        "#!/bin/sh\necho 'Exception in thread \"main\" org.x.SparkException: Master must be so' >&2\n"
        "echo '\tat org.x.main(X.scala)' >&2\nexit 1\n"
    )
    assert "Spark does not start: Master must be so\n" in said(small, JAVA_HOME=str(tmp_path))
    assert "a memory limit of plenty: write it as 4GB or 500MB" in said(small, "--memory", "plenty")
    assert "--catalog and --master go with --engine spark" in said(
        small, "--engine", "duckdb", "--master", "local"
    )
    assert "give the tables" in said(small, "--catalog", "hospital")


class _Executors:
    """As much of a session on a cluster as is asked while it is waited for."""

    def __init__(self) -> None:
        self.there, self.jobs, self.cancelled = 0, [7], 0
        self._jsc = self
        self.sc = self.statusTracker = self.getConf = self.getExecutorMemoryStatus = lambda: self
        self.size = lambda: self.there + 1
        self.getActiveJobsIds = lambda: self.jobs
        self.get = lambda _, default: default

    def cancelAllJobs(self) -> None:
        self.cancelled += 1


def test_who_waits_for_executors_is_told_so() -> None:
    """A cluster without a free worker is told after a while, now and then again, and given up; a queue of
    another manager is waited for. An executor that is there, or nothing to do, is no wait.
    """
    for master, given_up in (("spark://cluster:7077", 1), ("yarn", 0)):
        heard: list[str] = []
        waits = Waiting(master, heard.append)
        for _ in range(WORD):
            waits.second()
        assert heard == [f"Spark at {master}: no answer yet"]
        cluster: Any = _Executors()
        waits.context, waits.waited = cluster, 0
        for _ in range(WORD + AGAIN):
            waits.second()
        assert [one.split(";")[0] for one in heard[1:]] == [f"Spark at {master}: no executor"] * 2
        for there, jobs in ((1, [7]), (0, [])):
            cluster.there, cluster.jobs = there, jobs
            waits.second()
            assert waits.waited == 0
        cluster.there, cluster.jobs = 0, [7]
        for _ in range(LIMIT):
            waits.second()
        assert cluster.cancelled == given_up
        assert waits.given_up.endswith(", for 5 minutes") == bool(given_up)


def test_the_root_of_an_error_is_told_in_one_line() -> None:
    text = (
        "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times, most recent failure: Lost "
        "task 0.0 in stage 1.0 (TID 1) (driver): java.io.IOException: No space left on device\n"
        "\tat java.io.FileOutputStream.write"
    )
    assert words(Exception(text)) == "No space left on device"
    text = "[FAILED_READ_FILE.NO_HINT] Error while reading file file:///x/part-1.parquet. SQLSTATE: KD"
    assert words(Exception(f"{text}\n\tat x")).startswith("[FAILED_READ_FILE.NO_HINT] ")
    text = f"{text}\nmost recent failure: Lost task 0.0 (TID 1) (driver): java.io.IOException: no such type\n"
    assert words(Exception(text)) == "/x/part-1.parquet cannot be read: no such type"
    assert words(Exception("[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012\n== SQL ==")) == (
        "[DIVIDE_BY_ZERO] Division by zero."
    )
