"""What commands that ask a protocol share: options of a run, a participant's answer, progress."""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from protodsl.runtime.record_fields import DOMAINS

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.cli.output import Output
    from protodsl.records.json import Entry
    from protodsl.records.sheets import Mapping
    from protodsl.reports import Asked, Details, Trial

Command = TypeVar("Command", bound=Callable[..., Any])


def _added(function: Command, *options: Callable[[Command], Command]) -> Command:
    for add in reversed(options):
        function = add(function)
    return function


def asking_options(function: Command) -> Command:
    """`--at`, `--as-of` and `--assume`: what `asked_of` reads."""
    return _added(
        function,
        click.option(
            "--at", "at", metavar="TIMEPOINT=DATE", multiple=True, help="Date of a timepoint (repeatable)."
        ),
        click.option("--as-of", "as_of", metavar="DATE", help="Last day the records speak of."),
        click.option(
            "--assume",
            metavar="complete=DOMAIN,…",
            multiple=True,
            help=f"Take these domains as completely recorded: {', '.join(DOMAINS)}.",
        ),
    )


def run_options(function: Command) -> Command:
    """`--at`, `--as-of`, `--assume`, `--from` and `--mapping`."""
    return _added(
        function,
        asking_options,
        click.option(
            "--from",
            "source",
            type=click.Choice(("fhir", "omop", "json", "sheet")),
            help="What the data are; by default seen from their content.",
        ),
        click.option(
            "--mapping",
            metavar="FILE",
            type=click.Path(),
            help="How sheets and a site's own codes are to be understood: TOML, JSON, FHIR ConceptMap.",
        ),
    )


def jobs_option(function: Command) -> Command:
    return click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        help="Processes for many participants; by default one for each core.",
    )(function)


def output_option(function: Command) -> Command:
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="File to write, whole or not at all; its ending names the format.",
    )(function)


# ---------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Answer:
    """A record with its report, or with what is wrong with it: (place, message)."""

    entry: Entry
    details: Details | None
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def is_finding(self) -> bool:
        return self.details is None or self.details.report.verdict != "eligible"

    def to_dict(self) -> dict[str, Any]:
        if self.details is not None:
            return self.details.to_dict()
        said = [{"place": place, "message": message} for place, message in self.problems]
        return {"record": self.entry.where, "verdict": None, "problems": said}

    def lines(self) -> list[str]:
        """The problems, one line each."""
        from protodsl.diagnostics.text import visible

        each = (f"{place}: {message}" if place else message for place, message in self.problems)
        return [visible(f"{self.entry.where}: {said}") for said in each]


def answered(entry: Entry, trial: Trial, asked: Asked) -> Answer:
    from protodsl.reports import Details
    from protodsl.runtime.attributes import RecordError

    if entry.record is None:
        return Answer(entry, None, tuple((problem.place, problem.message) for problem in entry.problems))
    try:
        return Answer(entry, Details(trial, entry.record, asked, entry.notes))
    except RecordError as refused:
        return Answer(entry, None, tuple((problem.place, problem.message) for problem in refused.problems))
    except ValueError as refused:
        if asked.cohort is None:
            raise  # a mistake of ours; with a cohort, this record's stage may not have it
        return Answer(entry, None, (("", str(refused)),))


def notes_of(entry: Entry) -> list[str]:
    """What is said of a file that holds no participant, one line each."""
    from protodsl.diagnostics.text import visible

    return [visible(f"{entry.where}: {note}") for note in entry.notes]


class Progress:
    """How far a run is and how many were screened: on a terminal, after a second, several times a second."""

    def __init__(self, out: Output | None, done: str = "screened") -> None:
        """`out`: where answers go meanwhile. `done`: what becomes of the participants."""
        self.count = self.refusals = 0
        self.word = done
        self.shown = sys.stderr.isatty() and not (out is not None and out.terminal and sys.stdout.isatty())
        self.width = 0
        self.next = time.monotonic() + 1

    def step(self, *, refused: bool, reached: float | None) -> None:
        self.count += 1
        self.refusals += refused
        if self.shown and (now := time.monotonic()) >= self.next:
            self.next = now + 0.25
            percent = "" if reached is None else f", {reached:.0%}"
            self.show(f"{self.count:,} {self.word}{percent}")

    def reading(self, what: str) -> None:
        """What is read before anybody can be screened."""
        if self.shown and (now := time.monotonic()) >= self.next:
            self.next = now + 0.25
            self.show(f"reading {what}")

    def show(self, text: str) -> None:
        click.echo(f"\r{text:<{self.width}}", nl=False, err=True)
        self.width = len(text)

    def say(self, lines: Iterable[str]) -> None:
        """Lines for people, on standard error."""
        for line in lines:
            self.clear()
            click.echo(line, err=True)

    def clear(self) -> None:
        if self.width:
            click.echo(f"\r{'':<{self.width}}\r", nl=False, err=True)
            self.width = 0

    def done(self) -> None:
        shown = self.width > 0
        self.clear()
        if shown and not self.refusals:
            click.echo(f"{self.count:,} {self.word}", err=True)
        if self.refusals:
            told = f"{self.count - self.refusals:,} {self.word}, {self.refusals:,} could not be"
            click.echo(told, err=True)


# ---------------------------------------------------------------- options


def mapping_of(path: str | None) -> Mapping:
    """The mapping file of a run; raises UsageError for what is wrong with it."""
    from protodsl.records.sheets import Mapping, MappingError, read_mapping

    try:
        return Mapping() if path is None else read_mapping(path)
    except MappingError as wrong:
        raise click.UsageError(str(wrong)) from None


def asked_of(
    model: ir.Protocol,
    stage: str | None,
    cohort: str | None,
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
) -> Asked:
    """What the options ask of one trial; raises UsageError for what it does not have."""
    from protodsl.reports import Asked

    stage = _known(stage, "stage", [one.id for one in model.stages])
    steps = [one for one in model.stages if stage in (None, one.id)]
    return Asked(
        stage,
        _known(cohort, "cohort", [one.id for step in steps for one in step.cohorts]),
        dict(_dated(words, model) for words in at),
        None if as_of is None else _date(as_of),
        tuple(domain for words in assume for domain in _domains(words)),
    )


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
