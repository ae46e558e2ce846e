"""`protodsl cohort`: many participants against protocols, in SQL."""

from __future__ import annotations

import shutil
import sys
import tempfile
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
    from protodsl.cohort.report import Report
    from protodsl.cohort.screen import Question
    from protodsl.cohort.whatif import Setting

ENDINGS = (".parquet", ".csv")


@click.command("cohort", short_help="Many participants: verdicts, attrition, what is missing.")
@click.argument("protocols", nargs=-1, required=True, type=ProtocolPath())
@click.option("--data", metavar="DIR", required=True, help="Tables made by `data load` or `simulate`.")
@click.option("-o", "--output", metavar="FILE", help="Each participant's verdict, in .parquet or .csv.")
@click.option("--report", "page", metavar="FILE", help="The report as a page, in .html.")
@click.option("--open", "shown", is_flag=True, help="Open the page when it is written.")
@click.option("--set", "sets", metavar="'NAME limit = …'", multiple=True, help="Ask again with other limits.")
@click.option("--cohort", help="Ask this cohort alone; by default each.")
@asking_options
@click.option(
    "--memory", metavar="SIZE", default="4GB", show_default=True, help="Most memory DuckDB may use."
)
@click.option("--threads", type=click.IntRange(1), help="Threads; by default as many as there are.")
@common_options()
def command(
    protocols: tuple[str, ...],
    data: str,
    output: str | None,
    page: str | None,
    shown: bool,
    sets: tuple[str, ...],
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
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

    \b
    Example:
      protodsl cohort protocols/NCT06892145.proto-lite --data people --report attrition.html
      protodsl cohort protocols/NCT06892145.proto-lite --data people -o verdicts.parquet \\
        --set "age limit = 16, 18, 21" --set "alt limit = 2, 3, 5 ULN"
    """
    for path, endings in ((output, ENDINGS), (page, (".html", ".htm"))):
        if path is not None and not path.lower().endswith(endings):
            raise click.UsageError(f"{path} does not end in {' or '.join(endings)}")
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
    found = _run(models, data, output, asked[0], settings, memory, threads)
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


def _run(
    models: list[ir.Protocol],
    data: str,
    output: str | None,
    options: Options,
    settings: list[tuple[str, Setting]],
    memory: str,
    threads: int | None,
) -> Report:
    from dataclasses import replace

    from protodsl.cohort import duck
    from protodsl.cohort.report import report
    from protodsl.cohort.screen import Question, screen
    from protodsl.cohort.write import write

    questions: list[Question] = [Question(model) for model in models]
    questions += [question for _, setting in settings for question in setting.questions()]
    working = f"{output}.screening" if output is not None else tempfile.mkdtemp(prefix="protodsl-")
    shown = sys.stderr.isatty()

    def progress(done: int, total: int) -> None:
        if shown:
            click.echo(f"\r{done:,} of {total:,} participants", nl=done == total, err=True)

    try:
        with duck.connect(memory, threads) as connection:
            screened = screen(
                connection, data, questions, replace(options, leaves=True), working, progress=progress
            )
            found = report(screened, settings)
            if output is not None:
                write(screened, output)
    except duck.DataError as error:
        raise click.UsageError(str(error)) from None
    finally:
        if output is None:
            shutil.rmtree(working, ignore_errors=True)
    if output is not None:
        shutil.rmtree(working, ignore_errors=True)
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
