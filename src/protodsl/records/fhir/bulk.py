"""Bulk Data: folders of NDJSON files, the resources of many patients in any order.

A first pass remembers where each patient's resources stand, eight bytes for each; a second reads patient
after patient. So memory grows with the number of resources, not with their size.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO

from protodsl.records.fhir.bundles import Holder, refused
from protodsl.records.fhir.participant import READERS, SHARED, subject_of
from protodsl.records.fhir.reading import Json, Malformed, text
from protodsl.records.json import Entry
from protodsl.records.site import Site
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.read import loads

MAX_LINE = 32 * 2**20  # of one resource
_OFFSET = 40  # bits of a place in a file: a tebibyte


class _File:
    """An open file whose lines are read again by their place."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.stream: IO[bytes] = open(path, "rb")  # noqa: SIM115 (closed by Bulk.close)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """(line number, offset, text)."""
        number, offset = 0, 0
        while line := self.stream.readline(MAX_LINE + 1):
            number += 1
            yield number, offset, line
            offset += len(line)
            while len(line) > MAX_LINE and not line.endswith(b"\n"):
                line = self.stream.readline(MAX_LINE + 1)
                offset += len(line)


class Bulk:
    """An index of resources by patient."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.files: list[_File] = []
        self.patients: dict[str, int] = {}
        self.about: dict[str, array[int]] = {}
        self.shared: dict[str, int] = {}
        self.twice: dict[str, None] = {}
        self.unread: dict[str, int] = {}
        self.nobody: dict[str, int] = {}

    def close(self) -> None:
        for one in self.files:
            one.stream.close()

    def index(self, path: str) -> Iterator[Entry]:
        """Read one file through. Yields what is wrong with its lines."""
        try:
            opened = _File(path)
        except OSError as error:
            yield refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
            return
        number = len(self.files)
        self.files.append(opened)
        for line, offset, raw in opened.lines():
            if not raw.strip():
                continue
            where = f"{path}:{line}"
            if len(raw) > MAX_LINE:
                yield refused(where, f"a resource of more than {MAX_LINE // 2**20} MiB")
                continue
            try:
                resource = _parsed(raw, line)
                self._place(resource, number << _OFFSET | offset)
            except RecordError as error:
                yield Entry(where, None, error.problems)
            except Malformed as wrong:
                yield refused(where, str(wrong))

    def _place(self, resource: Json, at: int) -> None:
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
            if there != at and self._at(there) != resource:
                self.twice[identifier] = None
        elif kind in SHARED:
            self.shared[f"{kind}/{identifier}"] = at
        elif kind not in READERS:
            self.unread[kind] = self.unread.get(kind, 0) + 1
        else:
            reference = subject_of(resource)
            if reference is None or reference.startswith("#"):  # or somebody known to that resource alone
                self.nobody[kind] = self.nobody.get(kind, 0) + 1
            else:
                self.about.setdefault(reference.rsplit("/", 1)[-1], array("Q")).append(at)

    def _at(self, place: int) -> Json:
        stream = self.files[place >> _OFFSET].stream
        here = stream.tell()
        stream.seek(place & ((1 << _OFFSET) - 1))
        raw = stream.readline(MAX_LINE + 1)
        stream.seek(here)
        return _parsed(raw, 1)

    def _shared(self, reference: str) -> Json | None:
        at = self.shared.get("/".join(reference.partition("/_history/")[0].rsplit("/", 2)[-2:]))
        return self._at(at) if at is not None else None

    def entries(self) -> Iterator[Entry]:
        """The participants, in the order of their Patient resources."""
        for name, at in self.patients.items():
            where = self.files[at >> _OFFSET].path
            if name in self.twice:
                yield refused(
                    where, f"Patient/{name}: two Patient resources with this id say different things"
                )
                continue
            holder = _BulkHolder(where, self.site, self)
            try:
                holder.take(self._at(at), 0)
                for place in self.about.get(name, ()):
                    holder.take(self._at(place), 0)
            except Malformed as wrong:
                yield refused(where, f"Patient/{name}: {wrong}")
                continue
            yield from holder.entries()
        for name, places in self.about.items():
            if name not in self.patients:
                first = self._at(places[0])
                who = f"{first['resourceType']}/{first.get('id')}"
                told = (
                    f"{who} and {len(places) - 1} more resources are about"
                    if len(places) > 1
                    else f"{who} is about"
                )
                where = self.files[places[0] >> _OFFSET].path
                yield refused(where, f"{told} Patient/{name}, who is in none of the files")
        left = [f"{count} {kind} that name no patient" for kind, count in sorted(self.nobody.items())]
        left += [f"{count} {kind}" for kind, count in sorted(self.unread.items())]
        if left and self.files:
            yield Entry(self.files[0].path, None, notes=(f"not read: {', '.join(left)}",))


class _BulkHolder(Holder):
    """One participant of Bulk Data: what is shared by all is looked up in the files."""

    def __init__(self, where: str, site: Site, bulk: Bulk) -> None:
        super().__init__(where, site)
        self.bulk = bulk

    def resolve(self, reference: str, holder: Json) -> Json | None:
        found = super().resolve(reference, holder)
        if found is None and reference.rpartition("/")[2]:
            patient = self.by_reference.get(f"Patient/{reference.rpartition('/')[2]}")
            found = (
                patient if patient is not None and "Patient/" in reference else self.bulk._shared(reference)
            )
        return found


def _parsed(raw: bytes, line: int) -> Json:
    try:
        data = loads(raw.decode("utf-8-sig").rstrip(), line)
    except UnicodeDecodeError as error:
        raise Malformed("", f"not UTF-8: byte 0x{raw[error.start]:02X}") from None
    if not isinstance(data, dict):
        raise Malformed("", "a resource is an object")
    return data


def read_bulk(paths: list[str], site: Site) -> Iterator[Entry]:
    """The participants of NDJSON files taken together."""
    bulk = Bulk(site)
    try:
        for path in paths:
            yield from bulk.index(path)
        yield from bulk.entries()
    finally:
        bulk.close()
