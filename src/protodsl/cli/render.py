"""`protodsl render`: the summary an ethics committee reads."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol, write_whole

if TYPE_CHECKING:
    from protodsl import ir

Kind = Literal["md", "html", "pdf"]
SUFFIXES: dict[str, Kind] = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".pdf": "pdf"}


@click.command("render", short_help="Write the summary of a protocol as Markdown, HTML or PDF.")
@click.argument("protocol", type=click.Path())
@click.option("-o", "--output", metavar="FILE", required=True, help="File to write; `-` is standard output.")
@click.option(
    "--to",
    type=click.Choice(["md", "html", "pdf"]),
    help="What to write; by default what FILE's ending says.",
)
@click.option("--lay", is_flag=True, help="The short one in plain language, for people who may take part.")
@common_options()
def command(protocol: str, output: str, to: Kind | None, lay: bool, form: str, color: str) -> int:
    """Write the summary of a protocol. The file is written whole or not at all.

    \b
    Example:
      protodsl render protocols/NCT06892145.proto-lite -o summary.pdf
      protodsl render protocols/NCT06892145.proto-lite --to md -o -
      protodsl render protocols/NCT06892145.proto-lite --lay -o for-participants.pdf
    """
    kind = to or next((kind for suffix, kind in SUFFIXES.items() if output.lower().endswith(suffix)), None)
    if kind is None:
        if output != "-":
            raise click.UsageError(
                f"{output} does not end in .md, .html or .pdf; say --to md, --to html or --to pdf"
            )
        kind = "md"
    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    content = rendered(model, kind, plain=lay)
    if output == "-":
        sys.stdout.buffer.write(content)
        return CLEAN
    write_whole(output, content)
    click.echo(json_text({"protocol": model.id, "written": [output]}) if form == "json" else output)
    return CLEAN


def rendered(model: ir.Protocol, kind: Kind, *, plain: bool = False) -> bytes:
    """The summary. That it cannot be made here, typst not being installed, is a matter of usage."""
    from protodsl import documents

    try:
        return documents.render(model, to=kind, plain=plain)
    except documents.RenderError as problem:
        raise click.UsageError(str(problem)) from None
