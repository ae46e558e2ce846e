"""Many participants at once: what is said of each, made by several processes, in the order of the data.

Each process reads and screens a few pieces of the data at a time and gives back what is to be written, so
that neither records nor reports travel between processes. No more than a few pieces for each process are
under way, so memory does not grow with their number.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from itertools import chain, groupby, islice
from multiprocessing import connection
from typing import Any, Protocol

from protodsl.cli.screening import Progress
from protodsl.records.detect import Once, pieces_of
from protodsl.records.parts import Entries, Piece, refused
from protodsl.records.sheets import Mapping
from protodsl.records.site import Site

FEW = 32  # pieces that one process reads sooner than several are started
CHUNK = 32  # pieces given to a process at a time, at most
BYTES = 2**21  # of pieces given to a process at a time; a larger one goes alone
AHEAD = 3  # chunks for each process that may be under way


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be written of one participant, or of a file that holds none (then `count` is 0).

    `text` goes to standard output, `told` to standard error; `made` becomes part of one page or resource of
    all. `participant` is whoever must not be in another file, too.
    """

    where: str
    text: str = ""
    told: tuple[str, ...] = ()
    count: int = 1
    is_finding: bool = False
    refused: bool = False
    participant: str | None = None
    made: Any = None


class Work(Protocol):
    """What is done with each participant. It is sent to other processes."""

    @property
    def sites(self) -> Sequence[Site]: ...

    def said(self, entries: Entries) -> Said:
        """Of a participant as every site sees them; never of a file that holds none."""
        ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """The data of a run."""

    paths: tuple[str, ...]
    form: str | None
    mapping: Mapping

    def pieces(self, progress: Progress) -> Iterator[tuple[int, Piece]]:
        """(number of the path, piece); `reached` is of all paths."""
        for number, path in enumerate(self.paths):
            for piece in pieces_of(path, self.form, self.mapping, progress.reading):
                reached = piece.reached
                if reached is not None:
                    piece = replace(piece, reached=(number + reached) / len(self.paths))
                yield number, piece


def cores() -> int:
    """As many processes as may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def said(inputs: Inputs, work: Work, jobs: int, progress: Progress) -> Generator[Said, None, None]:
    """What is said of every participant, in the order of the data."""
    once: dict[int, Once] = {}
    for number, piece, one in _made(inputs.pieces(progress), work, jobs):
        if one.count and piece.once and one.participant is not None:
            told = once.setdefault(number, Once()).told(one.participant, one.where)
            if told is not None:
                one = work.said((refused(one.where, told),) * len(work.sites))
        if one.count:
            progress.step(refused=one.refused, reached=piece.reached)
        progress.say(one.told)
        yield one
    progress.done()


Made = tuple[int, Piece, Said]


def _made(pieces: Iterable[tuple[int, Piece]], work: Work, jobs: int) -> Iterator[Made]:
    for shared, group in groupby(pieces, key=lambda one: one[1].shared):
        rest = iter(group)
        first = list(islice(rest, FEW))
        every = chain(first, rest)
        if jobs > 1 and len(first) == FEW:
            yield from _together(every, work, shared, jobs)
            continue
        for number, piece in every:
            for one in _read(piece, work, shared):
                yield number, piece, one


def _read(piece: Piece, work: Work, shared: Any) -> Iterator[Said]:
    from protodsl.cli.screening import notes_of

    for entries in piece.part.entries(work.sites, shared):
        first = entries[0]
        if first.record is None and not first.problems:
            yield Said(first.where, told=tuple(notes_of(first)), count=0)
        else:
            one = work.said(entries)
            yield one if first.record is None else replace(one, participant=first.record.id)


# ---------------------------------------------------------------- several processes

_work: tuple[Work, Any] | None = None  # of this process, with what its pieces share


def _begin(work: Work, shared: Any) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    threading.Thread(target=_watch, daemon=True).start()
    gc.freeze()  # what comes from the first process stays shared with it
    _work = work, shared


def _watch() -> None:
    """End with the process that started this one, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _chunk(parts: list[Piece]) -> list[list[Said]]:
    assert _work is not None
    work, shared = _work
    return [list(_read(piece, work, shared)) for piece in parts]


class _Pool:
    """Processes that read pieces; others take the place of those that are killed."""

    def __init__(self, work: Work, shared: Any, jobs: int) -> None:
        self.work, self.shared, self.jobs = work, shared, jobs
        self.pool: ProcessPoolExecutor | None = None

    def submit(self, pieces: Sequence[Piece]) -> Future[list[list[Said]]]:
        if self.pool is None:
            # elsewhere the libraries of the system may not be used after a fork
            context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
            self.pool = ProcessPoolExecutor(self.jobs, context, _begin, (self.work, self.shared))
        return self.pool.submit(_chunk, [replace(piece, shared=None) for piece in pieces])

    def end(self, *, now: bool = False) -> None:
        if self.pool is None:
            return
        if now:
            for process in multiprocessing.active_children():
                process.terminate()
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.pool = None


def _together(pieces: Iterator[tuple[int, Piece]], work: Work, shared: Any, jobs: int) -> Iterator[Made]:
    """What is said of chunks of pieces, each chunk in its turn, however long another takes."""
    pool = _Pool(work, shared, jobs)
    waiting: deque[tuple[list[tuple[int, Piece]], Future[list[list[Said]]]]] = deque()
    chunks = _chunks(pieces)
    ended = False
    try:
        while True:
            while len(waiting) < jobs * AHEAD and (chunk := next(chunks, None)):
                waiting.append((chunk, pool.submit([piece for _, piece in chunk])))
            if not waiting:
                ended = True
                return
            chunk, future = waiting.popleft()
            try:
                found = future.result()
            except BrokenProcessPool:
                pool.end()
                found = _one_by_one([piece for _, piece in chunk], work, shared)
                again = [each for each, _ in waiting]
                waiting.clear()
                waiting.extend((each, pool.submit([piece for _, piece in each])) for each in again)
            for (number, piece), every in zip(chunk, found, strict=True):
                for one in every:
                    yield number, piece, one
    finally:
        pool.end(now=not ended)


def _chunks(pieces: Iterator[tuple[int, Piece]]) -> Iterator[list[tuple[int, Piece]]]:
    chunk: list[tuple[int, Piece]] = []
    size = 0
    for one in pieces:
        if chunk and (len(chunk) >= CHUNK or size + one[1].part.size > BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(one)
        size += one[1].part.size
    if chunk:
        yield chunk


def _one_by_one(pieces: list[Piece], work: Work, shared: Any) -> list[list[Said]]:
    """The same pieces once more, since a process was killed over one of some: that one is named."""
    found: list[list[Said]] = []
    pool = _Pool(work, shared, 1)
    try:
        for piece in pieces:
            try:
                found += pool.submit([piece]).result()
            except BrokenProcessPool:
                pool.end()
                told = "the process that read it was ended from outside, perhaps for want of memory"
                found.append([work.said((refused(piece.part.where, told),) * len(work.sites))])
    finally:
        pool.end()
    return found
