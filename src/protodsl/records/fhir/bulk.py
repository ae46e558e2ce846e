"""Bulk Data: folders of NDJSON files, the resources of many patients in any order.

A first pass remembers where each patient's resources stand, eight bytes for each; then patient after patient
is read. So memory grows with the number of resources, not with their size.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from protodsl.records.fhir.bundles import Holder
from protodsl.records.fhir.participant import READERS, SHARED, subject_of
from protodsl.records.fhir.reading import Json, Malformed, text
from protodsl.records.json import Entry
from protodsl.records.parts import Entries, Piece, Told, Watch, refused, unwatched
from protodsl.records.site import Site
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.decode import loads

MAX_LINE = 32 * 2**20  # of one resource
_KIND = re.compile(r'"resourceType"\s*:\s*"(\w+)"')
_PATIENT = re.compile(r"Patient/([A-Za-z0-9\-.]{1,64})")
WATCHED = 1000  # lines between two words on how far it is
_OFFSET = 40  # bits of a place in a file: a tebibyte


class Index:
    """Where resources stand, and those that others point at; a process that has it opens the files anew."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.shared: dict[str, int] = {}
        self.streams: dict[int, IO[bytes]] = {}
        self.process = os.getpid()

    def __reduce__(self) -> tuple[object, ...]:
        return Index._again, (self.paths, self.shared)

    @staticmethod
    def _again(paths: list[str], shared: dict[str, int]) -> Index:
        made = Index()
        made.paths, made.shared = paths, shared
        return made

    def close(self) -> None:
        for one in self.streams.values():
            one.close()
        self.streams.clear()

    def path(self, place: int) -> str:
        return self.paths[place >> _OFFSET]

    def at(self, place: int) -> Json:
        """The resource at a place. Raises Malformed where the file has changed since the first pass."""
        if self.process != os.getpid():  # what a parent process opened has one position for all of them
            self.streams, self.process = {}, os.getpid()
        number = place >> _OFFSET
        try:
            stream = self.streams.get(number)
            if stream is None:
                stream = self.streams[number] = open(self.paths[number], "rb")  # noqa: SIM115 (see close)
            stream.seek(place & ((1 << _OFFSET) - 1))
            return _parsed(stream.readline(MAX_LINE + 1), 1)
        except (OSError, RecordError):
            raise Malformed("", "the file was changed while it was read") from None

    def shared_at(self, reference: str) -> Json | None:
        at = self.shared.get("/".join(reference.partition("/_history/")[0].rsplit("/", 2)[-2:]))
        return self.at(at) if at is not None else None


@dataclass(frozen=True, slots=True)
class BulkPatient:
    """One patient's resources, by their places."""

    where: str
    name: str
    patient: int
    about: array[int]

    @property
    def size(self) -> int:
        return 1024 * (len(self.about) + 1)

    def entries(self, sites: Sequence[Site], shared: Index) -> Iterator[Entries]:
        holder = _BulkHolder(self.where, shared)
        try:
            for place in (self.patient, *self.about):
                holder.take(shared.at(place), 0)
        except Malformed as wrong:
            yield (refused(self.where, f"Patient/{self.name}: {wrong}"),) * len(sites)
            return
        yield from holder.seen(sites)


class _Reader:
    """The first pass over the files."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.index = Index()
        self.patients: dict[str, int] = {}
        self.about: dict[str, array[int]] = {}
        self.twice: dict[str, None] = {}
        self.unread: dict[str, int] = {}
        self.nobody: dict[str, int] = {}
        self.damaged: dict[str, str] = {}  # patient: a line that cannot be read, and may be theirs
        self.lost = ""  # one that may be anybody's

    def read(self, path: str) -> Iterator[Entry]:
        """Read one file through. Yields what is wrong with its lines."""
        number = len(self.index.paths)
        self.index.paths.append(path)
        try:
            with open(path, "rb") as stream:
                size = max(1, os.fstat(stream.fileno()).st_size)
                for line, offset, raw in _lines(stream):
                    if line % WATCHED == 1:
                        self.watch(f"{os.path.basename(path)}, {offset / size:.0%}")
                    if not raw.strip():
                        continue
                    where = f"{path}:{line}"
                    try:
                        if len(raw) > MAX_LINE:
                            raise Malformed("", f"a resource of more than {MAX_LINE // 2**20} MiB")
                        self.place(_parsed(raw, line), number << _OFFSET | offset)
                    except RecordError as error:
                        self.concerns(where, raw)
                        yield Entry(where, None, error.problems)
                    except Malformed as wrong:
                        self.concerns(where, raw)
                        yield refused(where, str(wrong))
        except OSError as error:
            yield refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}")

    def concerns(self, where: str, raw: bytes) -> None:
        """Nobody is judged without a line that cannot be read and may be theirs: whoever is named in it."""
        said = raw.decode(errors="replace")
        kinds = set(_KIND.findall(said))
        file = os.path.basename(where)
        cut_off = not raw.endswith(b"\n") and len(raw) <= MAX_LINE
        if kinds and not kinds & READERS.keys() and (not cut_off or any(map(file.startswith, kinds))):
            return  # Bulk Data have a file for each kind
        named = _PATIENT.findall(said)
        for name in named:
            self.damaged.setdefault(name, where)
        if not named or cut_off:  # whose lines came then nobody knows
            self.lost = self.lost or where

    def place(self, resource: Json, at: int) -> None:
        kind, identifier = text(resource, "resourceType"), text(resource, "id")
        if not kind:
            raise Malformed("resourceType", "is missing")
        if kind == "Bundle":
            raise Malformed(
                "resourceType", "a Bundle stands among Bulk Data; put it into a .json file of its own"
            )
        if kind == "Patient":
            if not identifier:
                raise Malformed("Patient.id", "is missing: there is no name for this participant")
            there = self.patients.setdefault(identifier, at)
            if there != at and self.index.at(there) != resource:
                self.twice[identifier] = None
        elif kind in SHARED:
            self.index.shared[f"{kind}/{identifier}"] = at
        elif kind not in READERS:
            self.unread[kind] = self.unread.get(kind, 0) + 1
        else:
            reference = subject_of(resource)
            if reference is None or reference.startswith("#"):  # or somebody known to that resource alone
                self.nobody[kind] = self.nobody.get(kind, 0) + 1
            else:
                self.about.setdefault(reference.rsplit("/", 1)[-1], array("Q")).append(at)

    def pieces(self) -> Iterator[Piece]:
        """The participants, in the order of their Patient resources."""
        index, total = self.index, max(1, len(self.patients))
        for number, (name, at) in enumerate(self.patients.items(), 1):
            where = index.path(at)
            if name in self.twice:
                told = f"Patient/{name}: two Patient resources with this id say different things"
                yield Piece(Told(refused(where, told)), index, True)
                continue
            if broken := self.damaged.get(name, self.lost):
                line = f"{os.path.basename(broken)} cannot be read, and may be of this participant"
                yield Piece(Told(refused(where, f"Patient/{name}: line {line}")), index, True)
                continue
            part = BulkPatient(where, name, at, self.about.get(name, array("Q")))
            yield Piece(part, index, True, number / total)
        for name, places in self.about.items():
            if name not in self.patients:
                first = index.at(places[0])
                who = f"{first['resourceType']}/{first.get('id')}"
                told = (
                    f"{who} and {len(places) - 1} more resources are about"
                    if len(places) > 1
                    else f"{who} is about"
                )
                missing = f"{told} Patient/{name}, who is in none of the files"
                yield Piece(Told(refused(index.path(places[0]), missing)), index, True)
        left = [f"{count} {kind} that name no patient" for kind, count in sorted(self.nobody.items())]
        left += [f"{count} {kind}" for kind, count in sorted(self.unread.items())]
        if left:
            note = Entry(index.paths[0], None, notes=(f"not read: {', '.join(left)}",))
            yield Piece(Told(note), index, True)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """(line number, offset, text) of each line; of one too long for a resource, its beginning."""
    number, offset = 0, 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        yield number, offset, line
        offset += len(line)
        while len(line) > MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)
            offset += len(line)


class _BulkHolder(Holder):
    """One participant of Bulk Data: what is shared by all is looked up in the files."""

    def __init__(self, where: str, index: Index) -> None:
        super().__init__(where)
        self.index = index

    def resolve(self, reference: str, holder: Json) -> Json | None:
        found = super().resolve(reference, holder)
        if found is None and reference.rpartition("/")[2]:
            patient = self.by_reference.get(f"Patient/{reference.rpartition('/')[2]}")
            mine = patient is not None and "Patient/" in reference
            found = patient if mine else self.index.shared_at(reference)
        return found


def _parsed(raw: bytes, line: int) -> Json:
    try:
        data = loads(raw.decode("utf-8-sig").rstrip(), line)
    except UnicodeDecodeError as error:
        raise Malformed("", f"not UTF-8: byte 0x{raw[error.start]:02X}") from None
    if not isinstance(data, dict):
        raise Malformed("", "a resource is an object")
    return data


def bulk_parts(paths: Sequence[str], watch: Watch = unwatched) -> Iterator[Piece]:
    """The participants of NDJSON files taken together."""
    reader = _Reader(watch)
    try:
        for path in paths:
            for wrong in reader.read(path):
                yield Piece(Told(wrong), once=True)
        yield from reader.pieces()
    finally:
        reader.index.close()
