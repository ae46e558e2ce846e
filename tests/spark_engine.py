"""A Spark session for the tests, and the statement run by it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from protodsl.backends import sql
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.on_spark import TYPES, Spark, texts
from protodsl.cohort.rows import Rows
from protodsl.cohort.spark_session import session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


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
