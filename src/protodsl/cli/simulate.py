"""`protodsl simulate`: synthetic participants around every boundary of a protocol."""

from __future__ import annotations

import sys

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol

MOST = 100_000_000


@click.command("simulate", short_help="Synthetic participants, as tables of facts.")
@click.argument("protocol", type=click.Path())
@click.option(
    "-n", "count", type=click.IntRange(1, MOST), default=10_000, show_default=True, help="How many."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same people."
)
@click.option("-o", "--out", metavar="DIR", required=True, help="The folder to write; it must not exist.")
@click.option("--memory", metavar="SIZE", help="Most memory DuckDB may use, such as 4GB.")
@click.option("--threads", type=click.IntRange(1), help="Threads; by default as many as there are.")
@common_options()
def command(
    protocol: str,
    count: int,
    seed: int,
    out: str,
    memory: str | None,
    threads: int | None,
    form: str,
    color: str,
) -> int:
    """Make participants for whom the criteria of PROTOCOL are asked, as tables of facts in DIR:
    values at each limit and beside it, dates at each end of a window, and what is missing, partly known or
    in another unit; and people in whom nothing is amiss. For trying a protocol at size: nobody's data, and no
    model of a disease.

    The folder is written whole or not at all; a run that was interrupted goes on where it stopped when the
    same command is given again.

    \b
    Example:
      protodsl simulate protocols/NCT06892145.proto-lite -n 1000000 --seed 1 --out people
    """
    from protodsl.cohort.engine import DataError
    from protodsl.cohort.simulate import simulate

    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    shown = sys.stderr.isatty()

    def progress(done: int) -> None:
        if shown:
            click.echo(f"\r{done:,} of {count:,} participants", nl=done == count, err=True)

    try:
        made = simulate(model, count, seed, out, progress=progress, memory=memory, threads=threads)
    except DataError as error:
        raise click.UsageError(str(error)) from None
    if form == "json":
        click.echo(json_text(made.to_dict()))
    else:
        click.echo(f"{made.participants:,} participants, {made.facts:,} facts in {out}")
    return CLEAN
