"""`protodsl match`: which of these trials are open to these people?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from protodsl.cli.common import FINDINGS, colored, common_options, json_text, load_protocol, show
from protodsl.cli.output import Output, form_of
from protodsl.cli.screening import jobs_option, output_option, run_options

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.cli.parallel import Said
    from protodsl.records.parts import Entries
    from protodsl.records.sheets import Mapping
    from protodsl.records.site import Site
    from protodsl.reports import Asked, Trial
    from protodsl.reports.matching import Matches, MatchPerson

FORMS = ("text", "json", "jsonl", "html", "fhir")
SUFFIX = ".proto-lite"


@click.command("match", short_help="Which of several trials are open to a participant.")
@click.argument("paths", metavar="RECORD... PROTOCOL...", nargs=-1, required=True, type=click.Path())
@run_options
@output_option
@jobs_option
@common_options(FORMS)
def command(
    paths: tuple[str, ...],
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
    from protodsl.cli.parallel import Inputs, cores, said
    from protodsl.cli.screen import WHOLE, put_together, text_width, write
    from protodsl.cli.screening import Progress, mapping_of
    from protodsl.reports import Trial

    def page(made: list[MatchPerson], refused: list[str]) -> str:
        from protodsl.reports.matching import matches_page

        return matches_page(made, refused)

    trials = tuple(Trial(model) for model in loaded)
    asked = tuple(_asked(trials, at, as_of, assume))
    inputs = Inputs(tuple(records), source, mapping_of(mapping))
    with Output(output) as out:
        progress = Progress(out)
        colors = colored(color) and out.terminal
        work = Matching(trials, asked, inputs.mapping, form, text_width(), colors)
        with closing(said(inputs, work, jobs or cores(), progress)) as found:
            code = put_together(found, form, out, page) if form in WHOLE else write(found, form, out)
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


@dataclass(frozen=True, slots=True)
class Matching:
    """What `match` says of each participant; see `parallel.Work`."""

    trials: tuple[Trial, ...]
    asked: tuple[Asked, ...]
    mapping: Mapping
    form: str
    width: int
    color: bool

    @property
    def sites(self) -> tuple[Site, ...]:
        from protodsl.records.site import Site

        return tuple(Site(trial.names, self.mapping) for trial in self.trials)

    def matches(self, entries: Entries) -> Matches | list[str]:
        """The answers of all trials, or what is said of a record that cannot be read."""
        from protodsl.cli.screening import answered
        from protodsl.reports.matching import Match, Matches

        answers = [answered(*each) for each in zip(entries, self.trials, self.asked, strict=True)]
        record = entries[0].record
        if record is None:
            return answers[0].lines()
        each = tuple(
            Match(trial.model.id, trial.model.title, answer.details, answer.problems)
            for trial, answer in zip(self.trials, answers, strict=True)
        )
        return Matches(record.id, each)

    def said(self, entries: Entries) -> Said:
        from protodsl.cli.parallel import Said
        from protodsl.reports.fhir import measure_report
        from protodsl.reports.matching import matches_text, person_of

        found, where = self.matches(entries), entries[0].where
        if isinstance(found, list):
            return Said(where, "", tuple(found), 1, True, True)
        text: str = ""
        made: Any = None
        match self.form:
            case "jsonl":
                each = ({"participant": found.who, **one.to_dict()} for one in found.trials)
                text = "\n".join(json_text(one, indent=None) for one in each)
            case "json":
                text = json_text(found.to_dict())
            case "text":
                text = matches_text(found, width=self.width, color=self.color)
            case "html":
                made = person_of(found)
            case _:
                made = [measure_report(one.details) for one in found.trials if one.details is not None]
        return Said(where, text, (), 1, found.closed, made=made)
