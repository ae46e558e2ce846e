"""`protodsl sql`: a protocol as one statement of SQL."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol, write_whole
from protodsl.cli.screening import asked_of, asking_options

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.backends.sql import Dialect, Lexicon, Options, Statement


@click.command("sql", short_help="The protocol as one statement of SQL.")
@click.argument("protocol", type=click.Path())
@click.option(
    "--dialect", type=click.Choice(("duckdb", "spark", "postgres")), default="duckdb", show_default=True
)
@click.option(
    "--data",
    metavar="DIR",
    help="Tables made by `data load`: their codes and units are written into the statement.",
)
@click.option("-o", "--output", metavar="FILE", help="Where to write it; by default to standard output.")
@click.option("--cohort", help="Ask this cohort alone; by default each.")
@asking_options
@common_options()
def command(
    protocol: str,
    dialect: Dialect,
    data: str | None,
    output: str | None,
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
    form: str,
    color: str,
) -> int:
    """Print PROTOCOL as one statement over tables of facts: for everybody in them the truth of each criterion
    and part (null is unknown), beside it whether it applies, and the verdict.

    What SQL does not carry is named on standard error and at the statement's head, and is unknown in its
    result: then the exit code is 1. `--format json` has the statement, its columns and what it leaves
    unknown.

    \b
    Example:
      protodsl sql protocols/NCT06892145.proto-lite --dialect postgres
      protodsl sql protocols/NCT06892145.proto-lite --data facts -o nct06892145.sql
    """
    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    from protodsl.backends import sql

    options = options_of(model, cohort, at, as_of, assume)
    lexicon = sql.of_vocabulary(model) if data is None else lexicon_of(data)
    made = sql.statement(model, dialect, lexicon, options)
    told = json_text(as_data(made)) + "\n" if form == "json" else made.text
    if output is not None:
        write_whole(output, told.encode())
    else:
        click.echo(told, nl=False)
    if form == "text":
        for refusal in made.refused:
            click.echo(f"not carried by SQL: {refusal.where}: {refusal.what}", err=True)
    return FINDINGS if made.refused else CLEAN


def as_data(made: Statement) -> dict[str, object]:
    from dataclasses import asdict

    return {
        "sql": made.text,
        "columns": [asdict(each) for each in made.outputs],
        "not_carried": [asdict(each) for each in made.refused],
        "timepoints": list(made.timepoints),
    }


def lexicon_of(data: str) -> Lexicon:
    from protodsl.cohort import duck
    from protodsl.cohort.engine import DataError

    try:
        with duck.connect() as connection:
            duck.attach(connection, data)
            return duck.lexicon(connection)
    except DataError as error:
        raise click.UsageError(str(error)) from None


def options_of(
    model: ir.Protocol, cohort: str | None, at: tuple[str, ...], as_of: str | None, assume: tuple[str, ...]
) -> Options:
    """What `screen` takes too, as the statement takes it."""
    from protodsl.backends.sql import Options

    asked = asked_of(model, None, cohort, at, as_of, assume)
    return Options(
        tuple((name, datetime.date.fromisoformat(day)) for name, day in asked.at.items()),
        None if asked.as_of is None else datetime.date.fromisoformat(asked.as_of),
        asked.assume,
        asked.cohort,
    )
