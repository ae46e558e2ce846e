"""Cohorts on Apache Spark: the same statements over the same tables, where one machine is outgrown.

A table expression of a statement becomes a view, and one that is used more than once is kept by Spark, in
memory or beyond it on disk; so is a table that several of them use. So each table is read once, whatever is
asked of it. What is kept of people is from then on rows like a table's: Spark forgets how they came about, as
its planner, who would otherwise go through all that lies behind each use, ends at a few dozen of them. So is
what many views lie behind. All counting happens in Spark; what comes back are counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from protodsl.backends import sql
from protodsl.backends.sql.tables import DECIMALS, DIGITS, TABLES, Table
from protodsl.cohort import duck, engine
from protodsl.cohort.checks import check_rows
from protodsl.cohort.engine import Answered, DataError, Progress, joined
from protodsl.cohort.spark_session import refused
from protodsl.cohort.spark_watch import watched

if TYPE_CHECKING:
    from pyspark import StorageLevel
    from pyspark.sql import DataFrame, SparkSession

TYPES = {  # as Spark names them
    "bigint": "BIGINT",
    "int": "INTEGER",
    "string": "VARCHAR",
    "date": "DATE",
    "boolean": "BOOLEAN",
    "decimal(18,6)": "DECIMAL(18, 6)",
}
INTEGERS = ("tinyint", "smallint", "int", "bigint")
REACH = 12  # tables and views one plan goes through


class Spark:
    """Tables that are views of `session`. `where`: what a person calls the place they come from."""

    dialect: sql.Dialect = "spark"

    def __init__(self, session: SparkSession, where: str = "") -> None:
        self.session, self.where = session, where
        self.kept: list[DataFrame] = []
        self.cut: list[DataFrame] = []
        self.manifest: dict[str, Any] = {}

    def take_catalog(self) -> None:
        """The tables of a database of Spark's catalogue. Raises DataError."""
        with refused(self.where):
            for table in TABLES:
                with refused(self._named(table.name)):
                    self._take(table, self.session.table(self._named(table.name)))
            duck.check_people(self._named("participants"), self.ask)
            check_rows(self._named, self.ask)

    def take_folder(self) -> None:
        """The tables of a folder, or of the URL of one on a storage Spark reads. Every file's foot is read:
        Spark itself would take a column that one file lacks for unknown. Raises DataError.
        """
        folder = self.where
        if (pattern := re.search(r"[\[\]{}*?\\]", folder)) is not None:
            raise DataError(f"{folder}: Spark takes {pattern[0]} in a folder's name for a pattern; rename it")
        with refused(folder):
            self.manifest = self._manifest(folder)
            self._files_of(folder)
            duck.check_people(self._named("participants"), self.ask)

    def _files_of(self, folder: str) -> None:
        counts: dict[str, int] = {}
        for table in TABLES:
            path = _place(folder, table.name)
            with refused(self._named(table.name)):
                counts[table.name] = self._feet(self._named(table.name), path)
                read = self.session.read.option("pathGlobFilter", "*.parquet")
                self._take(table, read.parquet(path))
        duck.check_counts(folder, self.manifest, counts.__getitem__)

    def _manifest(self, folder: str) -> dict[str, Any]:
        if "://" not in folder:
            return duck.read_manifest(folder)
        path = f"{folder}/{duck.MANIFEST}"
        found = self.session.read.text(path, wholetext=True).collect()
        return duck.manifest_of(found[0][0] if found else "", path)

    def _feet(self, where: str, path: str) -> int:
        """How many rows the files of a table hold; they all have the same columns."""
        java: Any = self.session.sparkContext._jvm
        settings = self.session.sparkContext._jsc.hadoopConfiguration()
        found = java.org.apache.hadoop.fs.Path(f"{path}/*.parquet")
        files = found.getFileSystem(settings).globStatus(found) or ()
        rows, columns = 0, None
        for file in files:
            name = f"{where}/{file.getPath().getName()}"
            with refused(name):
                source = java.org.apache.parquet.hadoop.util.HadoopInputFile.fromStatus(file, settings)
                reader = java.org.apache.parquet.hadoop.ParquetFileReader.open(source)
                try:
                    rows += int(reader.getRecordCount())
                    own = str(reader.getFileMetaData().getSchema().toString())
                finally:
                    reader.close()
            if columns is not None and own != columns:
                raise DataError(f"{name}: its columns are not those of the files beside it")
            columns = own
        if columns is None:
            raise DataError(f"{where}: no Parquet file is in it")
        return rows

    def _take(self, table: Table, found: DataFrame) -> None:
        kinds = {name.lower(): kind for name, kind in found.dtypes}
        for column in found.schema:  # padded with blanks; Spark itself calls it a string
            told = str(column.metadata.get("__CHAR_VARCHAR_TYPE_STRING", ""))
            if told.startswith("char"):
                kinds[column.name.lower()] = told
        wanted = {field.name: field.type for field in table.fields}
        types = {
            name: wanted[name] if name in wanted and _holds(wanted[name], kind) else _ours(kind)
            for name, kind in kinds.items()
        }
        duck.check_columns(self._named(table.name), table, types)
        spelt = {ours: kind for kind, ours in TYPES.items()}
        columns = (f"CAST({name} AS {spelt[kind]}) AS {name}" for name, kind in wanted.items())
        found.selectExpr(*columns).createOrReplaceTempView(table.name)

    def _named(self, table: str) -> str:
        """What a person calls a table."""
        return os.path.join(self.where, table) if self.manifest else f"{self.where}.{table}"

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.sql(query).collect()]

    # ------------------------------------------------------------ what an engine does

    def lexicon(self) -> sql.Lexicon:
        with refused(self.where):
            return engine.lexicon(self.ask)

    def answer(self, answers: Sequence[Answered], groups: str, progress: Progress) -> int:
        with refused(self.where):
            together = joined(answers, groups)
            self.share([*(text for each in answers for text in texts(each.statement)), together])
            shared = len(self.kept)
            own: list[DataFrame] = []
            for number, each in enumerate(answers):
                with watched(self.session, each.question.told or each.question.protocol.id, progress):
                    # as rows: Spark drops what it keeps of a view's when the next question has one so called
                    found = self.asked(each.statement).select("id", *(one.column for one in each.columns()))
                    own.append(found.localCheckpoint(storageLevel=self._level()))
                    own[-1].createOrReplaceTempView(f"answer_{number}")
                self._forget(self.kept[shared:])
                del self.kept[shared:]
                self._forget_cut()
            self.cut = own
            everybody = self.session.sql(together).persist(self._level())
            everybody.createOrReplaceTempView("everybody")
            with watched(self.session, "everybody", progress):
                total = everybody.count()
            self._forget(self.kept)
            self._forget_cut()
            self.kept = [everybody]
            progress(f"{total:,} participants")
        return total

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with refused(self.where):
            return self.ask(query.replace("{source}", "everybody"))

    def write(self, columns: Sequence[str], path: str) -> None:
        """By one task, so that it is one file; what is written where the driver does not look is an error."""
        place = self._working(path)
        with refused(path):
            ordered = self.session.table("everybody").repartition(1).sortWithinPartitions("participant")
            writer = ordered.selectExpr(*columns).write.mode("overwrite")
            try:
                if path.lower().endswith(".csv"):
                    writer.csv(
                        place, header=True, escape='"', emptyValue='""',
                        ignoreLeadingWhiteSpace=False, ignoreTrailingWhiteSpace=False,
                    )  # fmt: skip
                else:
                    writer.option("compression", "zstd").parquet(place)
                self._moved(place, path)
            finally:
                with suppress(Exception):
                    self._files(place)[0].delete(self._path(place), True)

    def try_output(self, path: str) -> None:
        """Before anything is asked: that a file can be written there, as far as this machine sees."""
        place = self._path(self._working(path))
        with refused(path):
            files, _ = self._files(str(place))
            if not files.mkdirs(place):
                raise DataError(f"{path}: nothing can be written there")
            files.delete(place, True)

    def _working(self, path: str) -> str:
        """Where it is written before it has its name."""
        return _place(f"{path}.new")

    def _moved(self, folder: str, path: str) -> None:
        """The one file of a folder gets its name."""
        files, parts = self._files(folder)
        if len(parts) != 1:
            raise DataError(
                f"{path}: what was written there is not to be seen from here; name a place that this machine "
                "and Spark's executors share"
            )
        java: Any = self.session.sparkContext._jvm
        if "://" not in path:
            os.replace(parts[0].getPath().toUri().getPath(), path)
            return
        gateway: Any = self.session.sparkContext._gateway
        rename = java.org.apache.hadoop.fs.Options.Rename
        how = gateway.new_array(rename, 1)
        how[0] = rename.OVERWRITE
        context = java.org.apache.hadoop.fs.FileContext.getFileContext(files.getUri(), files.getConf())
        context.rename(parts[0].getPath(), self._path(path), how)

    def _files(self, folder: str) -> tuple[Any, Sequence[Any]]:
        """A storage, and the parts Spark wrote into a folder of it."""
        found = self._path(f"{folder}/part-*")
        files = found.getFileSystem(self.session.sparkContext._jsc.hadoopConfiguration())
        return files, list(files.globStatus(found) or ())

    def _path(self, path: str) -> Any:
        java: Any = self.session.sparkContext._jvm
        return java.org.apache.hadoop.fs.Path(path)

    # ------------------------------------------------------------ views

    def share(self, queries: Sequence[str]) -> None:
        """Tables that are read more than once are kept."""
        for table in TABLES:
            if _uses(table.name, queries) > 1:
                self._keep(self.session.table(table.name))

    def asked(self, statement: sql.Statement) -> DataFrame:
        every = texts(statement)
        reach: dict[str, int] = {}  # how many tables and views lie behind a view
        of_people = {table.name for table in TABLES} - {"concepts"}
        for head, body in statement.tables:
            name = head.partition("(")[0]
            # not by CREATE VIEW, whose text Spark would read again wherever the view is used
            found = self.session.sql(f"SELECT * FROM (\n{body}\n) AS {head}")
            read = _read(body)
            reach[name] = 1 + sum(reach.get(each, 1) for each in read)
            several = _uses(name, every) > 1 and not body.lstrip().startswith("VALUES")
            if of_people.intersection(read):
                of_people.add(name)
                if several or reach[name] > REACH:
                    found = self._cut(found)
                    reach[name] = 1
            elif several:
                self._keep(found)
            found.createOrReplaceTempView(name)
        return self.session.sql(statement.query)

    def _cut(self, found: DataFrame) -> DataFrame:
        """Its rows, once they are worked out."""
        made = found.localCheckpoint(eager=False, storageLevel=self._level())
        self.cut.append(made)
        return made

    def _level(self) -> StorageLevel:
        """How rows are kept that cannot be worked out again: by two executors, where there are several."""
        from pyspark import StorageLevel

        alone = re.match(r"local(\[|$)", self.session.sparkContext.master or "") is not None
        return StorageLevel.MEMORY_AND_DISK if alone else StorageLevel.MEMORY_AND_DISK_2

    def _keep(self, found: DataFrame) -> DataFrame:
        self.kept.append(found.persist())
        return found

    def _forget(self, found: Sequence[DataFrame]) -> None:
        for each in found:
            each.unpersist()

    def _forget_cut(self) -> None:
        for each in self.cut:
            each._jdf.queryExecution().logical().rdd().unpersist(False)
        self.cut = []

    def close(self) -> None:
        self._forget(self.kept)
        self._forget_cut()
        self.kept = []


@contextmanager
def opened(
    session: SparkSession, *, folder: str | None, catalog: str | None, output: str | None = None
) -> Iterator[Spark]:
    """The engine, over the tables of a folder or a catalogue; what it had Spark keep is let go at the end.
    `output`: where answers will be written.
    """
    made = Spark(session, str(folder if catalog is None else catalog))
    try:
        if output is not None:
            made.try_output(output)
        if catalog is None:
            made.take_folder()
        else:
            made.take_catalog()
        yield made
    finally:
        with suppress(Exception):
            made.close()


def _ours(kind: str) -> str:
    """A type of Spark's, as tables name it."""
    return TYPES.get(kind, kind.upper())


def _holds(ours: str, kind: str) -> bool:
    """Whether a column of this type of Spark's is, or becomes without loss, one of a table."""
    if kind in INTEGERS and _ours(kind) != ours:
        held = {"BIGINT": INTEGERS[:3], "INTEGER": INTEGERS[:2], "DECIMAL(18, 6)": INTEGERS[:3]}
        return kind in held.get(ours, ())
    found = re.match(r"decimal\((\d+),(\d+)\)$", kind)
    if found is not None and ours.startswith("DECIMAL"):
        digits, decimals = int(found[1]), int(found[2])
        return decimals <= DECIMALS and digits - decimals <= DIGITS - DECIMALS
    return _ours(kind) == ours


def _place(*names: str) -> str:
    """As Spark has to be told of it, which takes a plain path for one of the cluster's storage."""
    path = os.path.join(*names)
    return path if "://" in path else f"file:{os.path.abspath(path)}"


def texts(statement: sql.Statement) -> list[str]:
    """The queries a statement is made of."""
    return [*(body for _, body in statement.tables), statement.query]


def _read(query: str) -> list[str]:
    """The tables it reads, as often as it does."""
    return re.findall(r"\b(?:FROM|JOIN)\s+(\w+)", query)


def _uses(name: str, queries: Sequence[str]) -> int:
    """How often a table is read."""
    return sum(_read(each).count(name) for each in queries)
