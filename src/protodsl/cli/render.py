"""`protodsl render`: the summary an ethics committee reads."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

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

if TYPE_CHECKING:
    from protodsl import ir

Kind = Literal["md", "html", "pdf"]
Language = Literal["en", "zh-Hans"]
SUFFIXES: dict[str, Kind] = {".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".pdf": "pdf"}


@click.command("render", short_help="Write the summary of a protocol as Markdown, HTML or PDF.")
@click.argument("protocols", metavar="PROTOCOL...", nargs=-1, required=True, type=ProtocolPath())
@click.option("-o", "--output", metavar="FILE", required=True, help="File to write; `-` is standard output.")
@click.option(
    "--to",
    type=click.Choice(["md", "html", "pdf"]),
    help="What to write; by default what FILE's ending says.",
)
@click.option("--lay", is_flag=True, help="The short one in plain language, for people who may take part.")
@click.option("--compare", is_flag=True, help="Several trials side by side, differences marked.")
@click.option("--changes", is_flag=True, help="What a second version changes, by meaning: OLD NEW.")
@click.option(
    "--templates",
    metavar="DIR",
    type=click.Path(),
    help="House style: templates that replace ours, and `house.toml` (logo, order, added sections).",
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh-Hans"]),
    default="en",
    help="Language of our sentences; quotations stay as they are. zh-Hans is machine-made and says so.",
)
@common_options()
def command(
    protocols: tuple[str, ...],
    output: str,
    to: Kind | None,
    lay: bool,
    compare: bool,
    changes: bool,
    templates: str | None,
    language: Language,
    form: str,
    color: str,
) -> int:
    """Write the summary of a protocol, the comparison of several, or what an amendment changes. The file is
    written whole or not at all.

    \b
    Example:
      protodsl render protocols/NCT06892145.proto-lite -o summary.pdf
      protodsl render protocols/NCT06892145.proto-lite --to md -o -
      protodsl render protocols/NCT06892145.proto-lite --lay -o for-participants.pdf
      protodsl render protocols/NCT06892145.proto-lite --language zh-Hans -o summary.html
      protodsl render --compare protocols/*.proto-lite -o trials.html
      protodsl render --changes old.proto-lite new.proto-lite -o amendment.pdf
    """
    kind = to or next((kind for suffix, kind in SUFFIXES.items() if output.lower().endswith(suffix)), None)
    if kind is None:
        if output != "-":
            raise click.UsageError(
                f"{output} does not end in .md, .html or .pdf; say --to md, --to html or --to pdf"
            )
        kind = "md"
    _insist_on_number(len(protocols), lay, compare, changes)
    loaded = [load_protocol(path, form=form, color=color)[0] for path in protocols]
    models = [model for model in loaded if model is not None]
    if len(models) < len(loaded):
        return FINDINGS
    content = _made(models, kind, lay, compare, changes, templates, language)
    if output == "-":
        sys.stdout.buffer.write(content)
        return CLEAN
    write_whole(output, content)
    if form == "json":
        click.echo(json_text({"protocol": ", ".join(model.id for model in models), "written": [output]}))
    else:
        click.echo(output)
    return CLEAN


def _insist_on_number(count: int, lay: bool, compare: bool, changes: bool) -> None:
    """Wrong usage: flags that do not go together, or as many protocols as they cannot use."""
    if lay + compare + changes > 1:
        raise click.UsageError("--lay, --compare and --changes are different documents; choose one")
    if changes and count != 2:
        raise click.UsageError(f"--changes needs two protocols, the old and the new; there are {count}")
    if compare and count < 2:
        raise click.UsageError("--compare needs at least two protocols")
    if not (compare or changes) and count > 1:
        raise click.UsageError(
            f"{count} protocols are named; one is rendered at a time, several with --compare or `build`"
        )


def _made(
    models: list[ir.Protocol],
    kind: Kind,
    lay: bool,
    compare: bool,
    changes: bool,
    templates: str | None,
    language: Language,
) -> bytes:
    from protodsl import documents

    with documents.speaking(language):
        if changes:
            document = documents.changes(*models)
        elif compare:
            document = documents.compare(tuple(models))
        else:
            document = documents.lay(models[0]) if lay else documents.summary(models[0])
    try:
        house = documents.load_house(templates) if templates is not None else None
        return documents.laid_out(document, kind, house)
    except documents.RenderError as problem:
        raise click.UsageError(str(problem)) from None


def rendered(model: ir.Protocol, kind: Kind) -> bytes:
    """The summary. That it cannot be made here, typst not being installed, is a matter of usage."""
    return _made([model], kind, False, False, False, None, "en")
