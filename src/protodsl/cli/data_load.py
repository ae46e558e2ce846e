"""`protodsl data load`: records as tables of facts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text

if TYPE_CHECKING:
    from protodsl.records.json import Entry


@click.command("load", short_help="Records as tables of facts, for `cohort` and `sql`.")
@click.argument("records", nargs=-1, required=True, type=click.Path())
@click.option("-o", "--output", metavar="DIR", required=True, help="The folder to write; it must not exist.")
@click.option(
    "--from",
    "source",
    type=click.Choice(("fhir", "omop", "json", "sheet")),
    help="What the data are; by default seen from their content.",
)
@common_options()
def command(records: tuple[str, ...], output: str, source: str | None, form: str, color: str) -> int:
    """Load the participants in RECORDS (patient records, FHIR, OMOP CDM, sheets) into DIR as Parquet tables:
    one row for each fact, whatever protocol is asked of them later.

    The folder is written whole or not at all; a load that was interrupted goes on where it stopped when the
    same command is given again. A record that cannot be read is named on standard error and left out: then
    the exit code is 1.

    \b
    Example:
      protodsl data load people.jsonl -o facts
      protodsl data load export/ --from fhir -o facts
    """
    from protodsl.cli.screening import Progress
    from protodsl.cohort.engine import DataError
    from protodsl.cohort.load import load
    from protodsl.diagnostics.text import visible
    from protodsl.records.detect import read_participants

    progress = Progress(None, "loaded")

    def entries() -> Iterator[Entry]:
        for path in records:
            for entry in read_participants(path, source, watch=progress.reading):
                if entry.record is not None or entry.problems:
                    progress.step(refused=entry.record is None, reached=None)
                yield entry

    def refused(entry: Entry) -> None:
        progress.say(visible(message) for message in entry.messages())

    try:
        done = load(entries(), output, inputs=_inputs(records), refused=refused)
    except DataError as error:
        raise click.UsageError(str(error)) from None
    finally:
        progress.clear()
    if form == "json":
        click.echo(json_text(done.to_dict()))
    else:
        click.echo(f"{done.participants:,} participants, {done.facts:,} facts in {output}")
        if done.refused:
            click.echo(f"{done.refused:,} could not be read", err=True)
        if done.rounded:
            told = "numbers have more than six decimals: kept as the interval between their neighbours"
            click.echo(f"{done.rounded:,} {told}", err=True)
        if done.unusable:
            told = "results have a reference limit with more than six decimals: their numbers are not used"
            click.echo(f"{done.unusable:,} {told}", err=True)
    return FINDINGS if done.refused else CLEAN


def _inputs(records: tuple[str, ...]) -> list[str]:
    """What tells one set of inputs from another: paths, sizes, times of change."""
    found = []
    for path in records:
        try:
            stat = os.stat(path)
            found.append(f"{os.path.abspath(path)} {stat.st_size} {stat.st_mtime_ns}")
        except OSError:
            found.append(path)
    return found
