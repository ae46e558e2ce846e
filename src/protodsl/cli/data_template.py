"""`protodsl data template`: the empty sheet for a protocol."""

from __future__ import annotations

import os

import click

from protodsl.cli.common import CLEAN, FINDINGS, common_options, json_text, load_protocol, write_whole


@click.command("template", short_help="Write the empty sheet for a protocol.")
@click.argument("protocol", type=click.Path())
@click.option(
    "-o",
    "--output",
    metavar="PATH",
    required=True,
    help="An Excel workbook (.xlsx), a CSV file (.csv), or a folder for CSV files.",
)
@click.option(
    "--rows",
    type=click.Choice(("participant", "fact")),
    default="participant",
    show_default=True,
    help="One row for each participant, or for each result, condition, medication, procedure and answer.",
)
@common_options()
def command(protocol: str, output: str, rows: str, form: str, color: str) -> int:
    """Write the empty sheet for PROTOCOL: exactly the columns it needs, with units, and a dictionary that
    explains them. Filled in, it is screened as it is.

    \b
    Example:
      protodsl data template protocols/NCT06892145.proto-lite -o sheet.xlsx
      protodsl data template protocols/NCT06892145.proto-lite --rows fact -o sheets/
      protodsl screen protocols/NCT06892145.proto-lite sheet.xlsx
    """
    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    from protodsl.needs import needs_of
    from protodsl.needs.files import DICTIONARY, csv_bytes, dictionary, workbook_bytes
    from protodsl.needs.sheet import by_fact, by_participant

    needs = needs_of(model)
    sheets = by_participant(needs) if rows == "participant" else by_fact(needs)
    explained = [DICTIONARY, *dictionary(sheets)]
    files: dict[str, bytes] = {}
    if output.lower().endswith(".xlsx"):
        try:
            files[output] = workbook_bytes(sheets, f"{model.id}: data")
        except ImportError:
            raise click.UsageError("a workbook needs openpyxl: pip install 'protodsl[excel]'") from None
    elif output.lower().endswith(".csv"):
        if len(sheets) > 1:
            raise click.UsageError("--rows fact makes several tables; name a folder or a workbook (.xlsx)")
        files[output] = csv_bytes([tuple(one.heading for one in sheets[0].columns)])
        files[f"{output[:-4]}.dictionary.csv"] = csv_bytes(explained)
    else:
        for sheet in sheets:
            heads = tuple(one.heading for one in sheet.columns)
            files[os.path.join(output, f"{sheet.name}.csv")] = csv_bytes([heads])
        files[os.path.join(output, "dictionary.csv")] = csv_bytes(explained)
    for path, content in files.items():
        write_whole(path, content)
    if form == "json":
        click.echo(json_text({"protocol": model.id, "written": list(files)}))
    else:
        click.echo("\n".join(files))
    return CLEAN
