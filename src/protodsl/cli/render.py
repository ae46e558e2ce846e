"""`protodsl render`: the summary an ethics committee reads."""

from __future__ import annotations

import sys

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol, write_whole

SUFFIXES = {".md": "md", ".markdown": "md", ".pdf": "pdf"}


@click.command("render", short_help="Write the summary of a protocol as Markdown or PDF.")
@click.argument("protocol", type=click.Path())
@click.option("-o", "--output", metavar="FILE", required=True, help="File to write; `-` is standard output.")
@click.option(
    "--to", type=click.Choice(["md", "pdf"]), help="What to write; by default what FILE's ending says."
)
@common_options()
def command(protocol: str, output: str, to: str | None, form: str, color: str) -> int:
    """Write the summary of a protocol. The file is written whole or not at all.

    \b
    Example:
      protodsl render protocols/NCT06892145.proto-lite -o summary.pdf
      protodsl render protocols/NCT06892145.proto-lite --to md -o -
    """
    kind = to or next((kind for suffix, kind in SUFFIXES.items() if output.lower().endswith(suffix)), None)
    if kind is None:
        if output != "-":
            raise click.UsageError(f"{output} ends neither in .md nor in .pdf; say --to md or --to pdf")
        kind = "md"
    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    content = rendered(model, kind)
    if output == "-":
        sys.stdout.buffer.write(content)
        return CLEAN
    write_whole(output, content)
    click.echo(json_text({"protocol": model.id, "written": [output]}) if form == "json" else output)
    return CLEAN


def rendered(model: object, kind: str) -> bytes:
    """The summary; that typst is not installed is a matter of usage."""
    from protodsl import documents

    try:
        content: bytes = documents.render(model, to=kind)  # type: ignore[arg-type]  # an ir.Protocol, imported late
    except ModuleNotFoundError as problem:
        if problem.name != "typst":
            raise
        raise click.UsageError("PDF needs the package typst: pip install 'protodsl[pdf]'") from None
    return content
