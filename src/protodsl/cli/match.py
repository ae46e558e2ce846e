"""`protodsl match`: which of these trials are open to these people?"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import CLEAN, FINDINGS, colored, common_options, json_text, load_protocol, show
from protodsl.cli.output import Output, form_of
from protodsl.cli.screening import output_option, run_options

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.records.json import Entry
    from protodsl.records.sheets import Mapping
    from protodsl.reports import Asked, Trial
    from protodsl.reports.matching import Matches

FORMS = ("text", "json", "jsonl", "html", "fhir")
SUFFIX = ".proto-lite"


@click.command("match", short_help="Which of several trials are open to a participant.")
@click.argument("paths", metavar="RECORD... PROTOCOL...", nargs=-1, required=True, type=click.Path())
@run_options
@output_option
@common_options(FORMS)
def command(
    paths: tuple[str, ...],
    at: tuple[str, ...],
    as_of: str | None,
    assume: tuple[str, ...],
    source: str | None,
    mapping: str | None,
    output: str | None,
    form: str,
    color: str,
) -> int:
    """Hold the participants in RECORD... against every PROTOCOL: trials by row, with verdict, what stands in
    the way, what is missing and the earliest date. Files that end in .proto-lite, and folders that hold such
    files, are trials; everything else is read as `screen` reads it.

    Each trial is asked for its last stage whose anchor is dated; `--at` dates a timepoint in those trials
    that have it. Exit code 0 says that everybody is eligible for some trial. `--format jsonl` writes one
    line, a whole report, per participant and trial.

    \b
    Example:
      protodsl match record.json protocols/
      protodsl match bundles/ protocols/ -o matches.html
      protodsl match people.jsonl protocols/ --format jsonl --assume complete=conditions
    """
    from protodsl.driver import protocol_files

    form = form_of(form, output, FORMS)
    records, folders = _sorted_out(paths)
    files = protocol_files(folders)
    if not records or not files:
        missing = "RECORD" if not records else "PROTOCOL"
        raise click.UsageError(f"no {missing} is named; `protodsl match record.json protocols/` has both")
    loaded, failed = _protocols(files, form="text" if form in ("html", "fhir") else form, color=color)
    if not loaded:
        return FINDINGS
    from protodsl.cli.screening import mapping_of
    from protodsl.reports import Trial

    trials = [Trial(model) for model in loaded]
    asked = _asked(trials, at, as_of, assume)
    with _rewound(records) as named, Output(output) as out:
        found = _matches(named, source, mapping_of(mapping), trials, asked)
        code = _written(found, form, out, colored(color) and out.terminal)
    return FINDINGS if failed else code


def _protocols(files: Sequence[str], *, form: str, color: str) -> tuple[list[ir.Protocol], bool]:
    """The protocols of these files, and whether any has errors; vocabularies are passed over."""
    from protodsl.driver import Project, check

    project = Project()
    loaded: dict[str, ir.Protocol] = {}
    failed = False
    for file in files:
        result = check(file, project=project)
        errors = [one for one in result.diagnostics if one.severity == "error"]
        if errors:
            failed = True
            show(errors, result.sources, form=form, color=color)
        elif result.protocol is not None:
            model = result.protocol
            if model.id in loaded:
                raise click.UsageError(f"{file} is a second protocol {model.id}")
            loaded[model.id] = model
    if not loaded and not failed:
        load_protocol(files[0], form=form, color=color, project=project)
    return list(loaded.values()), failed


def _sorted_out(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """(paths of records, paths of trials)."""
    records: list[str] = []
    trials: list[str] = []
    for path in paths:
        (trials if _is_trial(path) else records).append(path)
    return records, trials


def _is_trial(path: str) -> bool:
    if not os.path.isdir(path):
        return path.endswith(SUFFIX)
    try:
        return any(name.endswith(SUFFIX) for name in os.listdir(path))
    except OSError:
        return False


def _asked(
    trials: Sequence[Trial], at: tuple[str, ...], as_of: str | None, assume: tuple[str, ...]
) -> list[Asked]:
    """The same of each trial; a timepoint must be one of some of them."""
    from protodsl.cli.screening import asked_of
    from protodsl.diagnostics import suggest

    names = {one.name for trial in trials for one in trial.model.timepoints}
    for words in at:
        name = words.partition("=")[0].strip()
        if "=" in words and name not in names:
            near = suggest(name, sorted(names))
            hint = f"did you mean '{near}'?" if near else f"they have: {', '.join(sorted(names))}"
            raise click.UsageError(f"no protocol has the timepoint '{name}'; {hint}")
    made = []
    for trial in trials:
        own = {one.name for one in trial.model.timepoints}
        dated = tuple(words for words in at if "=" not in words or words.partition("=")[0].strip() in own)
        made.append(asked_of(trial.model, None, None, dated, as_of, assume))
    return made


class _rewound:
    """The paths, with standard input as a file that can be read once for every trial."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self.file: tempfile._TemporaryFileWrapper[bytes] | None = None

    def __enter__(self) -> list[tuple[str, str]]:
        """(path, what it is called)."""
        found = []
        for path in self.paths:
            if path != "-":
                found.append((path, path))
                continue
            if self.file is None:
                self.file = tempfile.NamedTemporaryFile(prefix="protodsl-", suffix=".json")
                shutil.copyfileobj(sys.stdin.buffer, self.file)
                self.file.flush()
            found.append((self.file.name, "standard input"))
        return found

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()


def _matches(
    paths: Sequence[tuple[str, str]],
    source: str | None,
    mapping: Mapping,
    trials: Sequence[Trial],
    asked: Sequence[Asked],
) -> Iterator[Matches | tuple[Entry, list[str]]]:
    """Each participant with every trial's answer; an entry that cannot be read, with what is said of it."""
    from protodsl.cli.screening import Answer, Progress, answered, say_notes
    from protodsl.reports.matching import Match, Matches

    progress, refusals = Progress(), 0
    for path, called in paths:
        for entries in _side_by_side(path, source, mapping, trials):
            entries = [replace(one, where=one.where.replace(path, called, 1)) for one in entries]
            first = entries[0]
            if first.record is None and not first.problems:
                say_notes(first)
                continue
            progress.step()
            answers: list[Answer] = [
                answered(entry, trial, ask) for entry, trial, ask in zip(entries, trials, asked, strict=True)
            ]
            if first.record is None:
                refusals += 1
                yield first, answers[0].lines()
                continue
            yield Matches(
                first.record.id,
                tuple(
                    Match(trial.model.id, trial.model.title, answer.details, answer.problems)
                    for trial, answer in zip(trials, answers, strict=True)
                ),
            )
    progress.done(refusals)


def _side_by_side(
    path: str, source: str | None, mapping: Mapping, trials: Sequence[Trial]
) -> Iterator[list[Entry]]:
    """Each participant as every trial sees it.

    Which study somebody has already joined or agreed to depends on which trial is asking. FHIR data say so,
    and are read once for each trial, side by side; other data are read once.
    """
    from protodsl.cli.screening import participants
    from protodsl.records.site import Site

    if _speaks_of_studies(path, source):
        streams = [participants([path], source, Site(trial.names, mapping)) for trial in trials]
        for entries in zip(*streams, strict=True):
            yield list(entries)
    else:
        for entry in participants([path], source, Site(mapping=mapping)):
            yield [entry] * len(trials)


def _speaks_of_studies(path: str, source: str | None) -> bool:
    if source is not None:
        return source == "fhir"
    if os.path.isdir(path):
        return True
    try:
        with open(path, "rb") as file:
            return b'"resourceType"' in file.read(2**16)
    except (OSError, ValueError):
        return False


def _written(found: Iterator[Matches | tuple[Entry, list[str]]], form: str, out: Output, color: bool) -> int:
    from protodsl.cli.screen import text_width
    from protodsl.reports.matching import Matches, matches_page, matches_text

    code, held, refused = CLEAN, list[Matches](), list[str]()
    width = text_width()
    first = True
    for one in _told(found, refused):
        if one is None or all(each.verdict != "eligible" for each in one.trials):
            code = FINDINGS
        if one is None:
            continue
        match form:
            case "jsonl":
                for each in one.trials:
                    out.write(json_text({"participant": one.who, **each.to_dict()}, indent=None))
            case "text":
                out.write(("" if first else "\n") + matches_text(one, width=width, color=color))
                first = False
            case _:
                held.append(one)
    if form == "json":
        data = [one.to_dict() for one in held]
        out.write(json_text(data[0] if len(data) == 1 else data))
    elif form == "html":
        out.write(matches_page(held, refused), nl=False)
    elif form == "fhir":
        from protodsl.reports.fhir import resource

        each_details = (each.details for one in held for each in one.trials)
        out.write(json_text(resource([one for one in each_details if one is not None])))
    return code


def _told(found: Iterator[Matches | tuple[Entry, list[str]]], refused: list[str]) -> Iterator[Matches | None]:
    """Participants; for each that cannot be read None, after saying so on standard error."""
    for one in found:
        if isinstance(one, tuple):
            refused += one[1]
            for line in one[1]:
                click.echo(line, err=True)
            yield None
        else:
            yield one
