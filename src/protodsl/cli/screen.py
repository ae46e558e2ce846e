"""`protodsl screen`: may these people take part?"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
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
from protodsl.cli.screening import jobs_option, output_option, run_options

if TYPE_CHECKING:
    from protodsl.cli.parallel import Inputs, Said
    from protodsl.cli.screening import Progress
    from protodsl.records.parts import Entries
    from protodsl.records.sheets import Mapping
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
@jobs_option
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
    from protodsl.cli.parallel import Inputs, cores, said
    from protodsl.cli.screening import Progress, asked_of, mapping_of
    from protodsl.reports import Trial

    form = form_of(form, output, FORMS)
    model, _ = load_protocol(protocol, form="text" if form in ("html", "fhir") else form, color=color)
    if model is None:
        return FINDINGS
    asked = asked_of(model, stage, cohort, at, as_of, assume)
    inputs = Inputs(records, source, mapping_of(mapping))
    with Output(output) as out:
        progress = Progress(out)
        work = Screening(
            Trial(model), asked, inputs.mapping, form, text_width(), colored(color) and out.terminal
        )
        if form in ("html", "fhir"):
            return _together(inputs, work, progress, out)
        with closing(said(inputs, work, jobs or cores(), progress)) as found:
            return write(found, form, out)


@dataclass(frozen=True, slots=True)
class Screening:
    """What `screen` says of each participant; see `parallel.Work`."""

    trial: Trial
    asked: Asked
    mapping: Mapping
    form: str
    width: int
    color: bool

    @property
    def sites(self) -> tuple[Site, ...]:
        from protodsl.records.site import Site

        return (Site(self.trial.names, self.mapping),)

    def said(self, entries: Entries) -> Said:
        from protodsl.cli.parallel import Said
        from protodsl.cli.screening import answered
        from protodsl.reports.text import report_text

        answer = answered(entries[0], self.trial, self.asked)
        text = ""
        told: tuple[str, ...] = ()
        if self.form != "text":
            text = json_text(answer.to_dict(), indent=None if self.form == "jsonl" else 2)
        elif answer.details is not None:
            text = report_text(answer.details, width=self.width, color=self.color)
        else:
            told = tuple(answer.lines())
        return Said(entries[0].where, text, told, 1, answer.is_finding, answer.details is None)


def write(found: Iterator[Said], form: str, out: Output) -> int:
    """Each in its turn. As JSON one participant is an object, several are an array."""
    code, number = CLEAN, 0
    held = ""
    for one in found:
        code = FINDINGS if one.is_finding else code
        if not one.text:
            continue
        if form == "jsonl":
            out.write(one.text)
        elif form == "text":
            out.write(("\n" if number else "") + one.text)
        elif number == 0:
            held = one.text
        else:
            out.write((f"[{held},\n" if number == 1 else ",\n") + one.text, nl=False)
        number += 1
    if form == "json":
        out.write("]" if number > 1 else held or "[]")
    return code


def _together(inputs: Inputs, work: Screening, progress: Progress, out: Output) -> int:
    """One page, or one FHIR resource, of all; who could not be screened is named on standard error."""
    from protodsl.cli.parallel import seen
    from protodsl.cli.screening import answered, notes_of

    found, refused = [], list[str]()
    code = CLEAN
    for (entry,), piece in seen(inputs, work.sites):
        if entry.record is None and not entry.problems:  # a file that holds no participant
            progress.say(notes_of(entry))
            continue
        answer = answered(entry, work.trial, work.asked)
        progress.step(refused=answer.details is None, reached=piece.reached)
        code = FINDINGS if answer.is_finding else code
        if answer.details is None:
            refused += answer.lines()
        else:
            found.append(answer.details)
    progress.done()
    for line in refused:
        click.echo(line, err=True)
    if work.form == "html":
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
