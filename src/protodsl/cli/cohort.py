"""`protodsl cohort`: many participants against protocols, in SQL."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import (
    CLEAN,
    FINDINGS,
    ProtocolPath,
    common_options,
    json_text,
    load_protocol,
    write_whole,
)
from protodsl.cli.screening import asking_options

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.backends.sql import Options
    from protodsl.cohort.engine import Engine
    from protodsl.cohort.report import Report
    from protodsl.cohort.whatif import Setting

ENDINGS = (".parquet", ".csv")


@click.command("cohort", short_help="Many participants: verdicts, attrition, what is missing.")
@click.argument("protocols", nargs=-1, required=True, type=ProtocolPath())
@click.option("--data", metavar="DIR", help="Tables made by `data load` or `simulate`.")
@click.option("--catalog", metavar="NAME", help="Tables of this database in Spark's catalogue, instead.")
@click.option("-o", "--output", metavar="FILE", help="Each participant's verdict, in .parquet or .csv.")
@click.option("--report", "page", metavar="FILE", help="The report as a page, in .html.")
@click.option("--open", "shown", is_flag=True, help="Open the page when it is written.")
@click.option("--set", "sets", metavar="'NAME limit = …'", multiple=True, help="Ask again with other limits.")
@click.option("--cohort", help="Ask this cohort alone; by default each.")
@asking_options
@click.option(
    "--engine",
    type=click.Choice(("duckdb", "spark")),
    default="duckdb",
    show_default=True,
    help="What counts.",
)
@click.option("--master", metavar="URL", help="Where Spark runs; by default on this machine: local[*].")
@click.option(
    "--memory",
    metavar="SIZE",
    default="4GB",
    show_default=True,
    help="Most memory the engine may use on this machine.",
)
@click.option("--threads", type=click.IntRange(1), help="Threads; by default as many as there are.")
@common_options()
def command(
    protocols: tuple[str, ...],
    data: str | None,
    catalog: str | None,
    output: str | None,
    page: str | None,
    shown: bool,
    sets: tuple[str, ...],
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
    engine: str,
    master: str | None,
    memory: str,
    threads: int | None,
    form: str,
    color: str,
) -> int:
    """Screen everybody in the tables of DIR for PROTOCOLS, all of them in one pass: how many are eligible,
    which criterion excludes how many (one by one, each alone, only this one), what is missing of those
    undetermined, which criteria exclude the same people; by sex, age and site.

    What SQL does not carry is unknown, never left out: the report names it, and the exit code is 1.

    The facts are read some participants at a time. With -o FILE a run that was interrupted goes on where it
    stopped when the same command is given again; files are written whole or not at all.

    With --engine spark everything is counted by Apache Spark (extra `spark`, and Java 17 or later), on this
    machine or at --master URL (spark://host:7077, yarn, …). DIR may then be the URL of a storage Spark reads;
    --catalog takes tables of a database in its catalogue.

    \b
    Example:
      protodsl cohort protocols/NCT06892145.proto-lite --data people --report attrition.html
      protodsl cohort protocols/NCT06892145.proto-lite --data people -o verdicts.parquet \\
        --set "age limit = 16, 18, 21" --set "alt limit = 2, 3, 5 ULN"
      protodsl cohort protocols/NCT06892145.proto-lite --data hdfs://store/facts --engine spark \\
        --master spark://cluster:7077 -o hdfs://store/verdicts.parquet
    """
    for path, endings in ((output, ENDINGS), (page, (".html", ".htm"))):
        if path is not None and not path.lower().endswith(endings):
            raise click.UsageError(f"{path} does not end in {' or '.join(endings)}")
    if (data is None) == (catalog is None):
        raise click.UsageError("give the tables: --data DIR, or --catalog NAME with --engine spark")
    if engine != "spark" and (catalog is not None or master is not None):
        raise click.UsageError("--catalog and --master go with --engine spark")
    if master is not None and threads is not None:
        raise click.UsageError("--threads and --master both say how much runs at once; give one")
    if shown and page is None:
        raise click.UsageError("--open opens the page of --report FILE")
    models: list[ir.Protocol] = []
    for each in protocols:
        model, _ = load_protocol(each, form=form, color=color)
        if model is None:
            return FINDINGS
        if any(model.id == other.id for other in models):
            raise click.UsageError(f"{model.id} is given twice")
        models.append(model)
    from protodsl.cli.sql import options_of

    asked = [
        options_of(model, cohort, at, as_of, assume) for model in models
    ]  # the same for each, or refused
    settings = [_setting(models, words) for words in sets]
    place = Place(engine, data, catalog, output, master, memory, threads)
    found = _run(models, place, asked[0], settings)
    if page is not None:
        from protodsl.cohort.page import page as laid_out

        write_whole(page, laid_out(found).encode())
        if shown:
            click.launch(page)
    if form == "json":
        click.echo(json_text(found.to_dict()))
    else:
        from protodsl.cohort.text import as_text

        click.echo(as_text(found), nl=False)
    return FINDINGS if any(one.not_carried for one in found.protocols) else CLEAN


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cohort is screened: by which engine, over which tables, into which file."""

    engine: str
    data: str | None
    catalog: str | None
    output: str | None
    master: str | None
    memory: str
    threads: int | None

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        """The engine. Raises DataError."""
        if self.engine == "spark":
            from protodsl.cohort import on_spark, spark_session

            master = self.master or (f"local[{self.threads}]" if self.threads else spark_session.MASTER)
            with (
                spark_session.session(master, self.memory, _told, catalog=bool(self.catalog)) as session,
                on_spark.opened(session, folder=self.data, catalog=self.catalog, output=self.output) as spark,
            ):
                yield spark
            return
        from protodsl.cohort import duck
        from protodsl.cohort.on_duckdb import DuckDB

        assert self.data is not None
        kept = None if self.output is None else f"{self.output}.screening"  # for a run that goes on
        parts = kept or tempfile.mkdtemp(prefix="protodsl-")
        try:
            with duck.connect(self.memory, self.threads) as connection:
                yield DuckDB(connection, self.data, parts)
            kept = None
        finally:
            if kept is None:
                shutil.rmtree(parts, ignore_errors=True)


def _told(words: str) -> None:
    """To whoever waits, on a terminal or not."""
    click.echo(words, err=True)


def _run(
    models: list[ir.Protocol], place: Place, options: Options, settings: list[tuple[str, Setting]]
) -> Report:
    from protodsl.cohort.engine import DataError, Question
    from protodsl.cohort.report import report
    from protodsl.cohort.screen import screen
    from protodsl.cohort.write import write

    questions: list[Question] = [Question(model) for model in models]
    questions += [question for _, setting in settings for question in setting.questions()]
    shown = sys.stderr.isatty()

    def progress(words: str) -> None:
        if shown:
            click.echo(f"\r{words:<70}", nl=False, err=True)

    try:
        with place.opened() as engine:
            screened = screen(engine, questions, replace(options, leaves=True), progress)
            if shown:
                click.echo(err=True)
            found = report(screened, settings)
            if place.output is not None:
                write(screened, place.output)
    except DataError as error:
        raise click.UsageError(str(error)) from None
    return found


def _setting(models: list[ir.Protocol], words: str) -> tuple[str, Setting]:
    """A limit of the first protocol that has it."""
    from protodsl.cohort.whatif import SettingError, settings_of

    problem = ""
    for model in models:
        try:
            return model.id, settings_of(model, words)
        except SettingError as error:
            problem = problem or str(error)
    raise click.UsageError(f"--set: {problem}")
