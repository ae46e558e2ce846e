"""`protodsl compile`: a protocol as a Python checker."""

from __future__ import annotations

import os

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


@click.command("compile", short_help="Write the Python checker of a protocol.")
@click.argument("protocol", type=ProtocolPath())
@click.option("-o", "--output", metavar="DIR", required=True, help="Folder to write the checker into.")
@click.option(
    "--standalone", is_flag=True, help="Inline the runtime: the file then needs nothing but Python."
)
@common_options()
def command(protocol: str, output: str, standalone: bool, form: str, color: str) -> int:
    """Compile a protocol to DIR/<protocol id in lower case>.py.

    The checker is a program (`python nct06892145.py record.json`) and a module (`evaluate(record)`). It is
    written whole or not at all; a protocol with errors gives none.

    \b
    Example:
      protodsl compile protocols/NCT06892145.proto-lite -o build/
      protodsl compile --standalone protocols/NCT06892145.proto-lite -o build/
    """
    from protodsl.backends import python

    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    path = os.path.join(output, f"{model.id.lower()}.py")
    write_whole(path, python.generate(model, standalone=standalone).encode("utf-8"))
    click.echo(json_text({"protocol": model.id, "written": [path]}) if form == "json" else path)
    return CLEAN
