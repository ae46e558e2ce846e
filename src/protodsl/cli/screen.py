"""`protodsl screen`: may these people take part?"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import (
    CLEAN,
    FINDINGS,
    ProtocolPath,
    colored,
    common_options,
    json_text,
    load_protocol,
)
from protodsl.cli.output import Output, form_of
from protodsl.cli.screening import output_option, run_options

if TYPE_CHECKING:
    from protodsl.cli.screening import Answer
    from protodsl.records.site import Site
    from protodsl.reports import Asked, Trial

FORMS = ("text", "json", "jsonl", "html", "fhir")


@click.command("screen", short_help="Verdict for each participant, with reasons.")
@click.argument("protocol", type=ProtocolPath())
@click.argument("records", nargs=-1, required=True, type=click.Path())
@click.option("--stage", help="Stage to ask; by default the last one whose anchor is dated.")
@click.option("--cohort", help="Ask this cohort alone; by default each.")
@run_options
@output_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    help="Processes that read many files for `--format jsonl`; by default as many as there are cores.",
)
@common_options(FORMS)
def command(
    protocol: str,
    records: tuple[str, ...],
    stage: str | None,
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
    source: str | None,
    mapping: str | None,
    output: str | None,
    jobs: int | None,
    form: str,
    color: str,
) -> int:
    """Screen the participants in RECORDS with a protocol: patient records (JSON, or JSON Lines), FHIR (a
    Bundle, a folder of bundles, Bulk Data), OMOP CDM 5.4 (a folder of tables, a DuckDB file, a PostgreSQL
    URL) or sheets (CSV, Excel). `-` is standard input.

    Exit code 1 says that a participant is not eligible, or not yet known to be, or that a record could not
    be read; the others are screened all the same. `--format jsonl` writes one line per participant as it
    goes, `--format html` one page for people, which needs no other file, `--format fhir` a FHIR R4
    MeasureReport, or a Bundle of them.

    \b
    Example:
      protodsl screen protocols/NCT06892145.proto-lite record.json
      protodsl screen NCT06892145.proto-lite people.jsonl --format jsonl \\
          --at screening=2024-02-20 --assume complete=conditions
      protodsl screen NCT06892145.proto-lite bundles/ -o screening.html
    """
    from protodsl.cli.screening import answers, asked_of, mapping_of, participants
    from protodsl.records.site import Site
    from protodsl.reports import Trial

    form = form_of(form, output, FORMS)
    model, _ = load_protocol(protocol, form="text" if form in ("html", "fhir") else form, color=color)
    if model is None:
        return FINDINGS
    asked = asked_of(model, stage, cohort, at, as_of, assume)
    trial = Trial(model)
    site = Site(trial.names, mapping_of(mapping))
    if form == "jsonl":
        with Output(output) as out:
            return _lines(records, source, site, trial, asked, jobs, out)
    found = answers(participants(records, source, site), trial, asked)
    with Output(output) as out:
        match form:
            case "json":
                return write_json(found, out)
            case "html" | "fhir":
                return _together(found, form, out)
            case _:
                return _text(found, out, colored(color) and out.terminal)


def write_json(answers: Iterator[Answer], out: Output) -> int:
    """One participant: an object; several: an array, written as it goes."""
    code, number = CLEAN, 0
    held: Answer | None = None
    for answer in answers:
        code = FINDINGS if answer.is_finding else code
        if number == 1 and held is not None:
            out.write("[" + json_text(held.to_dict()), nl=False)
        if number >= 1:
            out.write(",\n" + json_text(answer.to_dict()), nl=False)
        held = answer
        number += 1
    if number == 1 and held is not None:
        out.write(json_text(held.to_dict()))
    elif number == 0:
        out.write("[]")
    else:
        out.write("]")
    return code


def _lines(
    paths: Sequence[str],
    source: str | None,
    site: Site,
    trial: Trial,
    asked: Asked,
    jobs: int | None,
    out: Output,
) -> int:
    from protodsl.cli.parallel import cores, lines

    code = CLEAN
    for line in lines(paths, source, site, trial, asked, jobs or cores()):
        code = FINDINGS if line.is_finding else code
        out.write(line.text)
    return code


def _text(answers: Iterator[Answer], out: Output, color: bool) -> int:
    from protodsl.reports.text import report_text

    code, first, width = CLEAN, True, text_width()
    for answer in answers:
        code = FINDINGS if answer.is_finding else code
        if answer.details is None:
            for line in answer.lines():
                click.echo(line, err=True)
            continue
        if not first:
            out.write("")
        first = False
        out.write(report_text(answer.details, width=width, color=color))
    return code


def _together(answers: Iterator[Answer], form: str, out: Output) -> int:
    """One page, or one FHIR resource, of all; who could not be screened is named on standard error."""
    found, refused = [], list[str]()
    code = CLEAN
    for answer in answers:
        code = FINDINGS if answer.is_finding else code
        if answer.details is None:
            refused += answer.lines()
        else:
            found.append(answer.details)
    for line in refused:
        click.echo(line, err=True)
    if form == "html":
        from protodsl.reports.page import report_page

        out.write(report_page(found, refused), nl=False)
    else:
        from protodsl.reports.fhir import resource

        out.write(json_text(resource(found)))
    return code


def text_width() -> int:
    """100 columns, or as many as COLUMNS or a narrower terminal has."""
    from protodsl.reports.text import WIDTH

    if os.environ.get("COLUMNS", "").isdecimal():
        return max(40, min(int(os.environ["COLUMNS"]), 400))
    return (
        max(40, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)) if sys.stdout.isatty() else WIDTH
    )
