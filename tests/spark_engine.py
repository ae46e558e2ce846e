"""A Spark session for the tests, and the statement run by it."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from protodsl.backends import sql
from protodsl.backends.sql import Options
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.engine import Question, joined
from protodsl.cohort.on_spark import TYPES, Spark, texts
from protodsl.cohort.rows import Rows
from protodsl.cohort.screen import answered, groups
from protodsl.cohort.spark_session import session

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def running(master: str = "local[2]") -> Iterator[SparkSession]:
    """A session, its partitions small. Without Java the test is expected to fail, and says why: the README's
    two commands need nothing but Python, and whoever lacks Java must see that Spark was not tried.
    """
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        pytest.xfail("Java is not installed: nothing is tried on Spark")
    before = os.environ.get("JDK_JAVA_OPTIONS")
    os.environ["JDK_JAVA_OPTIONS"] = "-XX:TieredStopAtLevel=1"  # a short life: compile quickly, not well
    try:
        with session(master, "2GB") as found:
            found.conf.set("spark.sql.shuffle.partitions", "3")
            yield found
    finally:
        if before is None:
            del os.environ["JDK_JAVA_OPTIONS"]
        else:
            os.environ["JDK_JAVA_OPTIONS"] = before


def run(
    spark: SparkSession,
    folder: Path,
    rows: Rows,
    made: Callable[[sql.Lexicon], sql.Statement],
    *,
    whole: bool = False,
) -> tuple[sql.Statement, list[tuple[Any, ...]]]:
    """The rows in Parquet files of `folder`, and what the statement says of them: taken apart as a cohort is
    asked, or `whole`.
    """
    kinds = {name: kind for kind, name in TYPES.items()}
    with duck.connect(threads=1) as connection:
        duck.fill(connection, rows)
        statement = made(duck.lexicon(connection))
        for table in TABLES:
            path = folder / f"{table.name}.parquet"
            connection.execute(f"COPY {table.name} TO '{path}' (FORMAT parquet)")
            schema = ", ".join(f"{field.name} {kinds[field.type]}" for field in table.fields)
            spark.read.schema(schema).parquet(f"file:{path}").createOrReplaceTempView(table.name)
    if whole:
        return statement, [tuple(row) for row in spark.sql(statement.text).collect()]
    engine = Spark(spark)
    try:
        engine.share(texts(statement))
        engine.asked(statement)
        return statement, engine.ask(f"{statement.query}\nORDER BY participant")
    finally:
        engine.close()


def plans(engine: Spark, questions: Sequence[Question]) -> str:
    """Spark's plans of all that is asked in one pass: of each step whose rows are kept, of each question's
    answers, and of all together. Nothing is run: rows of a step are from then on rows of nobody knows where,
    as they are to the planner when they are there.
    """
    session = engine.session
    made: list[str] = []

    def planned(found: DataFrame) -> DataFrame:
        java: Any = found
        made.append(java._jdf.queryExecution().executedPlan().toString())
        return session.createDataFrame(session.sparkContext.emptyRDD(), found.schema)

    adaptive = session.conf.get("spark.sql.adaptive.enabled")
    session.conf.set("spark.sql.adaptive.enabled", "false")  # the whole plan, before a part of it has run
    try:
        with mock.patch.object(Spark, "_cut", lambda _, found: planned(found)):
            answers = answered("spark", engine.lexicon(), questions, Options(leaves=True))
            together = joined(answers, groups(answers[0], Options(), "spark"))
            engine.share([*(text for each in answers for text in texts(each.statement)), together])
            for number, each in enumerate(answers):
                planned(engine.asked(each.statement)).createOrReplaceTempView(f"answer_{number}")
            planned(session.sql(together))
    finally:
        session.conf.set("spark.sql.adaptive.enabled", str(adaptive))
    return "\n".join(made)


def reads(plan: str) -> Counter[str]:
    """How often a plan reads the files of each table. What Spark keeps is read once, however often it is
    printed; its columns' numbers tell one from another.
    """
    found: Counter[str] = Counter()
    kept: set[str] = set()
    within: list[int] = []  # how far what is kept is indented
    for line in plan.splitlines():
        node = line.lstrip(" :+-")
        depth = len(line) - len(node)
        while within and depth <= within[-1]:
            within.pop()
        if node.startswith("InMemoryRelation"):
            within.append(depth)
        scan = re.search(r"FileScan parquet (\[.*?\]).*Location: \S+ paths\)\[\S*/(\w+)\]", node)
        if scan is None or (within and scan[1] in kept):
            continue
        if within:
            kept.add(scan[1])
        found[scan[2]] += 1
    return found
