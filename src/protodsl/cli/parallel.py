"""Many files at once: participants as lines of JSON, made by several processes, in the order of the files.

Each process reads and screens a few files at a time and gives back what is to be written, so that neither
records nor reports travel between processes. No more than a few files for each process are under way.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice

from protodsl.cli.common import json_text
from protodsl.cli.screening import Answer, Progress, answered, say_notes
from protodsl.records.detect import Once, Source, read_source, sources_of
from protodsl.records.json import Entry
from protodsl.records.site import Site
from protodsl.reports import Asked, Trial

FEW = 32  # files that one process reads sooner than several are started
CHUNK = 8  # files given to a process at a time
AHEAD = 3  # chunks for each process that may be under way


@dataclass(frozen=True, slots=True)
class Line:
    """One participant's answer as it is written; `text` is empty for a file that holds no participant."""

    path: int  # which of the paths it comes from
    where: str
    participant: str | None  # of one who must not be in another file, too
    text: str = ""
    is_finding: bool = False
    refused: bool = False
    notes: tuple[str, ...] = ()


def cores() -> int:
    """As many processes as may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lines(
    paths: Iterable[str], form: str | None, site: Site, trial: Trial, asked: Asked, jobs: int
) -> Iterator[Line]:
    """Every participant's line, in the order of the files; what holds none is said on standard error."""
    sources = ((number, one) for number, path in enumerate(paths) for one in sources_of(path, form))
    first = list(islice(sources, FEW))
    every = chain(first, sources)
    work = _Work(trial, asked, site)
    made = _each(every, work) if jobs == 1 or len(first) < FEW else _together(every, work, jobs)
    progress, refusals = Progress(), 0
    seen: dict[int, Once] = {}
    for line in made:
        if not line.text:
            say_notes(Entry(line.where, None, notes=line.notes))
            continue
        if line.participant is not None:
            told = seen.setdefault(line.path, Once()).told(line.participant, line.where)
            if told is not None:
                line = _line(line.path, Answer(Entry(line.where, None), None, (("", told),)))
        progress.step()
        refusals += line.refused
        yield line
    progress.done(refusals)


class _Work:
    """What a process needs to screen files by itself."""

    def __init__(self, trial: Trial, asked: Asked, site: Site) -> None:
        self.trial, self.asked, self.site = trial, asked, site

    def __reduce__(self) -> tuple[object, ...]:
        return _Work._again, (self.trial.model, self.asked, self.site)

    @staticmethod
    def _again(model: object, asked: Asked, site: Site) -> _Work:
        return _Work(Trial(model), asked, site)  # type: ignore[arg-type]

    def lines(self, path: int, source: Source) -> Iterator[Line]:
        for entry in read_source(source, self.site):
            if entry.record is None and not entry.problems:
                yield Line(path, entry.where, None, notes=entry.notes)
            else:
                yield _line(path, answered(entry, self.trial, self.asked), once=not source.alone)


def _line(path: int, answer: Answer, *, once: bool = False) -> Line:
    entry = answer.entry
    participant = entry.record.id if once and entry.record is not None else None
    text = json_text(answer.to_dict(), indent=None)
    return Line(path, entry.where, participant, text, answer.is_finding, answer.details is None)


def _each(sources: Iterable[tuple[int, Source]], work: _Work) -> Iterator[Line]:
    for path, source in sources:
        yield from work.lines(path, source)


# ---------------------------------------------------------------- several processes

_work: _Work | None = None  # of this process


def _begin(work: _Work) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    _work = work


def _chunk(sources: list[tuple[int, Source]]) -> list[Line]:
    assert _work is not None
    return list(_each(sources, _work))


def _together(sources: Iterator[tuple[int, Source]], work: _Work, jobs: int) -> Iterator[Line]:
    """The lines of chunks of files, each chunk in its turn, however long another takes."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    context = multiprocessing.get_context(method)
    pool = ProcessPoolExecutor(jobs, context, _begin, (work,))
    waiting: deque[Future[list[Line]]] = deque()
    try:
        while True:
            while len(waiting) < jobs * AHEAD and (chunk := list(islice(sources, CHUNK))):
                waiting.append(pool.submit(_chunk, chunk))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
