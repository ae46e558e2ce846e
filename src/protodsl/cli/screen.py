"""`protodsl screen`: may these people take part?"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
    from protodsl.cli.parallel import Said
    from protodsl.records.parts import Entries
    from protodsl.records.sheets import Mapping
    from protodsl.records.site import Site
    from protodsl.reports import Asked, Trial

FORMS = ("text", "json", "jsonl", "html", "fhir")
WHOLE = ("html", "fhir")  # not one answer after the other


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

    def page(made: list[Any], refused: list[str]) -> str:
        from protodsl.reports.page import report_page

        return report_page(made, refused)

    form = form_of(form, output, FORMS)
    model, _ = load_protocol(protocol, form="text" if form in WHOLE else form, color=color)
    if model is None:
        return FINDINGS
    asked = asked_of(model, stage, cohort, at, as_of, assume)
    inputs = Inputs(records, source, mapping_of(mapping))
    with Output(output) as out:
        progress = Progress(out)
        work = Screening(
            Trial(model), asked, inputs.mapping, form, text_width(), colored(color) and out.terminal
        )
        with closing(said(inputs, work, jobs or cores(), progress)) as found:
            if form in WHOLE:
                return put_together(found, form, out, page)
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
        from protodsl.reports.fhir import measure_report
        from protodsl.reports.text import report_text

        if self.form == "html":
            from protodsl.reports.page import participant_of
        answer = answered(entries[0], self.trial, self.asked)
        text = ""
        made: Any = None
        told: tuple[str, ...] = ()
        if self.form in ("json", "jsonl"):
            text = json_text(answer.to_dict(), indent=None if self.form == "jsonl" else 2)
        elif answer.details is None:
            told = tuple(answer.lines())
        elif self.form == "text":
            text = report_text(answer.details, width=self.width, color=self.color)
        elif self.form == "html":
            made = participant_of(answer.details)
        else:
            made = [measure_report(answer.details)]
        refused = answer.details is None
        return Said(entries[0].where, text, told, 1, answer.is_finding, refused, made=made)


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


def put_together(
    found: Iterator[Said], form: str, out: Output, page: Callable[[list[Any], list[str]], str]
) -> int:
    """One `page`, or one FHIR resource, of all; it names who could not be screened, too."""
    code, made, refused = CLEAN, list[Any](), list[str]()
    for one in found:
        code = FINDINGS if one.is_finding else code
        refused += one.told if one.refused else ()
        if one.made is not None:
            made.append(one.made)
    if form == "html":
        out.write(page(made, refused), nl=False)
    else:
        from protodsl.reports.fhir import resource

        out.write(json_text(resource([report for each in made for report in each])))
    return code


def text_width() -> int:
    """100 columns, or as many as COLUMNS or a narrower terminal has."""
    from protodsl.reports.text import WIDTH

    if os.environ.get("COLUMNS", "").isdecimal():
        return max(40, min(int(os.environ["COLUMNS"]), 400))
    return (
        max(40, min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)) if sys.stdout.isatty() else WIDTH
    )
