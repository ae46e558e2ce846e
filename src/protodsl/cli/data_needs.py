"""`protodsl data needs`: what a protocol asks for."""

from __future__ import annotations

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol


@click.command("needs", short_help="What data a protocol asks for.")
@click.argument("protocol", type=click.Path())
@click.option("--stage", help="What one stage asks for; by default all of them.")
@common_options()
def command(protocol: str, stage: str | None, form: str, color: str) -> int:
    """List what the eligibility criteria of PROTOCOL ask for: items with their codes and units, from which
    time, for which criteria, and which questions are answered by whom.

    \b
    Example:
      protodsl data needs protocols/NCT06892145.proto-lite
      protodsl data needs protocols/NCT06892145.proto-lite --format json
    """
    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    from protodsl.needs import needs_of
    from protodsl.needs.report import as_data, as_text

    stages = [one.id for one in model.stages]
    if stage is not None and stage not in stages:
        raise click.UsageError(f"the protocol has no stage '{stage}'; it has: {', '.join(stages)}")
    needs = needs_of(model, stage)
    click.echo(json_text(as_data(needs)) if form == "json" else as_text(needs))
    return CLEAN
