"""`protodsl screen`: may these people take part?"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterator
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

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.records.json import Entry
    from protodsl.runtime.report import Report

DOMAINS = ("results", "conditions", "medications", "procedures", "answers")


@click.command("screen", short_help="Verdict for each participant, with reasons.")
@click.argument("protocol", type=ProtocolPath())
@click.argument("records", nargs=-1, required=True, type=click.Path())
@click.option("--stage", help="Stage to ask; by default the last one whose anchor is dated.")
@click.option("--cohort", help="Ask this cohort alone; by default each.")
@click.option("--at", "at", metavar="TIMEPOINT=DATE", multiple=True, help="Date of a timepoint (repeatable).")
@click.option("--as-of", "as_of", metavar="DATE", help="Last day the records speak of.")
@click.option(
    "--assume",
    metavar="complete=DOMAIN,…",
    multiple=True,
    help=f"Take these domains as completely recorded: {', '.join(DOMAINS)}.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(("fhir", "omop", "json")),
    help="What the data are; by default seen from their content.",
)
@common_options(("text", "json", "jsonl"))
def command(
    protocol: str,
    records: tuple[str, ...],
    stage: str | None,
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
    source: str | None,
    form: str,
    color: str,
) -> int:
    """Screen the participants in RECORDS with a protocol: patient records (JSON, or JSON Lines), FHIR (a
    Bundle, a folder of bundles, Bulk Data) or OMOP CDM 5.4 (a folder of tables). `-` is standard input.

    Exit code 1 says that a participant is not eligible, or not yet known to be, or that a record could not
    be read; the others are screened all the same. `--format jsonl` writes one line per participant as it
    goes.

    \b
    Example:
      protodsl screen protocols/NCT06892145.proto-lite record.json
      protodsl screen NCT06892145.proto-lite people.jsonl --format jsonl \\
          --at screening=2024-02-20 --assume complete=conditions
    """
    from protodsl.backends import python
    from protodsl.records.detect import read_participants

    model, _ = load_protocol(protocol, form=form, color=color)
    if model is None:
        return FINDINGS
    stage = _known(stage, "stage", [one.id for one in model.stages])
    asked = [one for one in model.stages if stage in (None, one.id)]
    options: dict[str, Any] = {
        "stage": stage,
        "cohort": _known(cohort, "cohort", [one.id for step in asked for one in step.cohorts]),
        "at": dict(_dated(words, model) for words in at),
        "as_of": None if as_of is None else _date(as_of),
        "assume": tuple(domain for words in assume for domain in _domains(words)),
    }
    evaluate = python.load(model).evaluate
    study = _called(model)
    entries = (entry for path in records for entry in read_participants(path, source, study))
    answers = _answers(entries, evaluate, options)
    match form:
        case "json":
            return _json(answers)
        case "jsonl":
            return _lines(answers)
        case _:
            return _text(answers, colored(color))


Answer = tuple["Entry", "Report | None", tuple[tuple[str, str], ...]]  # problems: (place, message)


def _answers(
    entries: Iterator[Entry], evaluate: Callable[..., Report], options: dict[str, Any]
) -> Iterator[Answer]:
    """Each record with its report, or with what is wrong with it."""
    from protodsl.diagnostics.text import visible
    from protodsl.runtime.attributes import RecordError

    progress, refusals = _Progress(), 0
    for entry in entries:
        if entry.record is None and not entry.problems:  # a file that holds no participant
            for note in entry.notes:
                click.echo(visible(f"{entry.where}: {note}"), err=True)
            continue
        progress.step()
        if entry.record is None:
            refusals += 1
            yield entry, None, tuple((problem.place, problem.message) for problem in entry.problems)
            continue
        try:
            report = evaluate(entry.record, **options)
            report.notes.extend(entry.notes)
            yield entry, report, ()
        except RecordError as refused:
            refusals += 1
            yield entry, None, tuple((problem.place, problem.message) for problem in refused.problems)
        except ValueError as refused:
            if options["cohort"] is None:
                raise  # a mistake of ours; with a cohort, this record's stage may not have it
            refusals += 1
            yield entry, None, (("", str(refused)),)
    progress.done()
    if refusals:
        click.echo(f"{progress.count - refusals:,} screened, {refusals:,} could not be", err=True)


def _data(answer: Answer) -> dict[str, Any]:
    entry, report, problems = answer
    if report is not None:
        return report.to_dict()
    said = [{"place": place, "message": message} for place, message in problems]
    return {"record": entry.where, "verdict": None, "problems": said}


def _counts(answer: Answer) -> bool:
    """Whether this participant is a finding."""
    return answer[1] is None or answer[1].verdict != "eligible"


def _json(answers: Iterator[Answer]) -> int:
    """One participant: an object; several: an array, written as it goes."""
    code, number = CLEAN, 0
    held: Answer | None = None
    for answer in answers:
        code = FINDINGS if _counts(answer) else code
        if number == 1 and held is not None:
            click.echo("[" + json_text(_data(held)), nl=False)
        if number >= 1:
            click.echo(",\n" + json_text(_data(answer)), nl=False)
        held = answer
        number += 1
    if number == 1 and held is not None:
        click.echo(json_text(_data(held)))
    elif number == 0:
        click.echo("[]")
    else:
        click.echo("]")
    return code


def _lines(answers: Iterator[Answer]) -> int:
    code = CLEAN
    for answer in answers:
        code = FINDINGS if _counts(answer) else code
        click.echo(json_text(_data(answer), indent=None))
    return code


def _text(answers: Iterator[Answer], color: bool) -> int:
    from protodsl.cli.report import report_text
    from protodsl.diagnostics.text import visible

    code, first = CLEAN, True
    for answer in answers:
        entry, report, problems = answer
        code = FINDINGS if _counts(answer) else code
        if report is None:
            for place, message in problems:
                said = f"{place}: {message}" if place else message
                click.echo(visible(f"{entry.where}: {said}"), err=True)
            continue
        if not first:
            click.echo()
        first = False
        click.echo(report_text(report, color=color), color=True)
    return code


class _Progress:
    """How many participants were screened, on a terminal, once the work has taken a while."""

    def __init__(self) -> None:
        self.count = 0
        self.shown = sys.stderr.isatty() and not sys.stdout.isatty()

    def step(self) -> None:
        self.count += 1
        if self.shown and self.count % 1000 == 0:
            click.echo(f"\r{self.count:,} screened", nl=False, err=True)

    def done(self) -> None:
        if self.shown and self.count >= 1000:
            click.echo(f"\r{self.count:,} screened", err=True)


# ---------------------------------------------------------------- options


def _called(model: ir.Protocol) -> frozenset[str]:
    """What registries call the trial, in small letters: data may name it as the one already joined."""
    from protodsl import ir

    found = {model.id.lower()}
    for section in model.sections:
        if section.name == "identifiers":
            named = [
                one.text for key, one in section.fields if "number" in key and isinstance(one, ir.Stated)
            ]
            found |= {word.strip().lower() for text in named for word in text.replace(";", ",").split(",")}
    return frozenset(found)


def _known(value: str | None, what: str, known: list[str]) -> str | None:
    if value is None or value in known:
        return value
    from protodsl.diagnostics import suggest

    near = suggest(value, known)
    hint = f"did you mean '{near}'?" if near else f"it has: {', '.join(known) or 'none'}"
    raise click.UsageError(f"the protocol has no {what} '{value}'; {hint}")


def _date(text: str) -> str:
    """A whole date as written, if it is one."""
    try:
        if len(text) != 10:
            raise ValueError
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.UsageError(f"'{text}' is no date; dates are written 2024-02-20") from None


def _dated(words: str, model: ir.Protocol) -> tuple[str, str]:
    name, equals, date = words.partition("=")
    if not equals:
        raise click.UsageError(
            f"--at wants TIMEPOINT=DATE, for example --at screening=2024-02-20, not '{words}'"
        )
    return str(_known(name.strip(), "timepoint", [one.name for one in model.timepoints])), _date(date.strip())


def _domains(words: str) -> list[str]:
    what, equals, listed = words.partition("=")
    domains = [word.strip() for word in listed.split(",") if word.strip()]
    if what.strip() != "complete" or not equals or not domains:
        raise click.UsageError(
            f"--assume wants complete=DOMAIN,…, for example complete=conditions, not '{words}'"
        )
    for domain in domains:
        if domain not in DOMAINS:
            raise click.UsageError(f"there is no domain '{domain}'; there are: {', '.join(DOMAINS)}")
    return domains
