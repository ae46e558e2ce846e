"""Bundles: one file in memory, its resources sorted by patient."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from protodsl.records.fhir.participant import (
    ABOUT_STUDIES,
    READERS,
    SHARED,
    identifier_of,
    read_participant,
    subject_of,
)
from protodsl.records.fhir.reading import Json, Malformed, day, kind_of, obj, objs, text
from protodsl.records.fhir.text import parse
from protodsl.records.json import Entry
from protodsl.records.parts import Entries, refused
from protodsl.records.site import Site
from protodsl.runtime.attributes import MAX_PROBLEMS, Problem, RecordError
from protodsl.runtime.values import quote

MAX_BYTES = 256 * 2**20  # of one bundle, which is held whole; Bulk Data is for more
MAX_NESTED = 3  # bundles within bundles: the answers to a batch of searches


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A JSON file with a Bundle, a list of resources or one resource. One of several (not `alone`) may hold
    no participant without that being wrong.
    """

    where: str
    size: int
    alone: bool = True

    def entries(self, sites: Sequence[Site], shared: object) -> Iterator[Entries]:
        return _stated(self.seen(sites)) if self.alone else self.seen(sites)

    def seen(self, sites: Sequence[Site]) -> Iterator[Entries]:
        path = self.where
        try:
            if os.path.getsize(path) > MAX_BYTES:
                told = f"more than {MAX_BYTES // 2**20} MiB in one file; write it as Bulk Data (NDJSON)"
                yield (refused(path, told),) * len(sites)
                return
            with open(path, "rb") as opened:
                raw = opened.read(MAX_BYTES + 1)
        except OSError as error:
            told = f"cannot be read: {(error.strerror or str(error)).lower()}"
            yield (refused(path, told),) * len(sites)
            return
        yield from _parsed(path, raw, sites)


@dataclass(frozen=True, slots=True)
class BundleText:
    """The same from standard input."""

    where: str
    raw: bytes

    @property
    def size(self) -> int:
        return len(self.raw)

    def entries(self, sites: Sequence[Site], shared: object) -> Iterator[Entries]:
        return _stated(_parsed(self.where, self.raw, sites))


def _stated(found: Iterator[Entries]) -> Iterator[Entries]:
    """Nobody in the only file there is: that is wrong, not a note beside."""
    for entries in found:
        first = entries[0]
        if first.record is None and not first.problems:
            told = Entry(first.where, None, tuple(Problem("", note) for note in first.notes))
            yield (told,) * len(entries)
        else:
            yield entries


def parse_bundle(where: str, raw: bytes, site: Site) -> Iterator[Entry]:
    for (entry,) in _parsed(where, raw, (site,)):
        yield entry


def _parsed(where: str, raw: bytes, sites: Sequence[Site]) -> Iterator[Entries]:
    try:
        data = parse(raw.decode("utf-8-sig"))
        holder = Holder(where)
        holder.take(data, 0)
    except UnicodeDecodeError as error:
        told = f"not UTF-8: byte 0x{raw[error.start]:02X} at offset {error.start}"
        yield (refused(where, told),) * len(sites)
    except RecordError as error:
        yield (Entry(where, None, error.problems),) * len(sites)
    except Malformed as wrong:
        yield (refused(where, str(wrong)),) * len(sites)
    else:
        yield from holder.seen(sites)


def _base(url: str) -> str:
    """The server of an absolute URL of a resource; empty for a `urn:`."""
    return url.rsplit("/", 2)[0] if "://" in url else ""


def _called(url: str) -> str:
    """What a bundle calls a resource that has no id: the end of its full URL."""
    name = url.rpartition("/")[2].rpartition(":")[2]
    return name if name.isprintable() and len(name) <= 64 and not url.startswith("entry[") else ""


class Holder:
    """The resources of one file, and who they are about."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.resources: list[Json] = []
        self.by_reference: dict[str, Json] = {}
        self.as_of: int | None = None
        self.lost: list[tuple[str, Malformed]] = []  # resources of which nobody can say whom they are about
        self.ambiguous: dict[str, None] = {}  # references two different resources claim
        self.bases: dict[int, str] = {}  # the server a resource comes from, where the bundle says it

    # ------------------------------------------------------------ taking in

    def take(self, data: object, depth: int) -> None:
        """The resources of a bundle, a list or one alone."""
        if isinstance(data, list):
            for number, one in enumerate(data):
                if not isinstance(one, dict):
                    raise Malformed(f"[{number}]", f"a resource is expected here, not {kind_of(one)}")
                self.one(one, "", depth)
        elif isinstance(data, dict):
            self.one(data, "", depth)
        else:
            raise Malformed("", f"a FHIR resource is expected, not {kind_of(data)}")

    def one(self, resource: Json, url: str, depth: int) -> None:
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not kind.isalnum() or len(kind) > 64:
            told = "is missing" if kind is None else f"{quote(kind)} is no type"
            raise Malformed(f"{url or 'resource'}.resourceType", told)
        if kind == "Bundle":
            if depth >= MAX_NESTED:
                raise Malformed("entry", "bundles within bundles within bundles")
            self.bundle(resource, depth)
            return
        identifier = resource.get("id")
        if identifier is not None and (not isinstance(identifier, str) or not identifier.isprintable()):
            raise Malformed(f"{kind}.id", f"a text is expected here, not {kind_of(identifier)}")
        if kind == "Patient" and not identifier and (called := _called(url)):
            resource = {**resource, "id": called}  # not yet stored by a server: the bundle names it
        self.resources.append(resource)
        if "://" in url:
            self.bases[id(resource)] = _base(url)
        if url and not url.startswith("entry["):
            self.known(url, resource)
        if identifier:
            self.known(f"{kind}/{identifier}", resource)
        if kind == "Patient":
            self.named(resource)

    def known(self, name: str, resource: Json) -> None:
        there = self.by_reference.setdefault(name, resource)
        if there is not resource and there != resource:
            self.ambiguous[name] = None

    def named(self, patient: Json) -> None:
        """A patient may be referred to by an identifier; one that cannot be read is no use for that."""
        for one in patient["identifier"] if isinstance(patient.get("identifier"), list) else ():
            if isinstance(one, dict) and isinstance(one.get("value"), str):
                self.by_reference.setdefault(f"?identifier={one.get('system') or ''}|{one['value']}", patient)

    def bundle(self, bundle: Json, depth: int) -> None:
        kind = text(bundle, "type")
        if kind == "history":
            raise Malformed(
                "type", "a history holds every version of a resource; a record needs the present one"
            )
        if kind in ("searchset", "collection", "document") and (made := day(bundle, "timestamp")) is not None:
            self.as_of = made.last if self.as_of is None else min(self.as_of, made.last)
        for number, entry in enumerate(objs(bundle, "entry")):
            resource = entry.get("resource")
            if resource is None or ("request" in entry and obj(entry, "request").get("method") == "DELETE"):
                continue
            if not isinstance(resource, dict):
                raise Malformed(
                    f"entry[{number}].resource", f"an object is expected here, not {kind_of(resource)}"
                )
            url = text(entry, "fullUrl")
            self.one(resource, url or f"entry[{number}]", depth + 1)

    # ------------------------------------------------------------ references

    def resolve(self, reference: str, holder: Json) -> Json | None:
        """The resource a reference points at: contained, by its full URL, or by type and id."""
        reference = reference.partition("/_history/")[0]
        if reference.startswith("#"):
            return next((one for one in objs(holder, "contained") if f"#{one.get('id')}" == reference), None)
        found = self.by_reference.get(reference)
        if found is None and reference.count("/") >= 1:
            found = self.by_reference.get("/".join(reference.rsplit("/", 2)[-2:]))
            if found is not None and "://" in reference:  # the same number on another server is another one
                found = found if self.bases.get(id(found), _base(reference)) == _base(reference) else None
        if found is None and "?identifier=" in reference:
            found = self.by_reference.get(reference[reference.index("?identifier=") :])
        return found

    # ------------------------------------------------------------ participants

    def seen(self, sites: Sequence[Site]) -> Iterator[Entries]:
        """The participants as every site sees them; read once where nothing speaks of studies."""
        if ABOUT_STUDIES & {one["resourceType"] for one in self.resources}:
            yield from zip(*(list(self.entries(site)) for site in sites), strict=True)
        else:
            for entry in self.entries(sites[0]):
                yield (entry,) * len(sites)

    def entries(self, site: Site) -> Iterator[Entry]:
        self.lost.clear()
        patients: dict[str, Json] = {}
        contradictory: dict[str, None] = {}
        for one in self.resources:
            if one["resourceType"] == "Patient":
                name = identifier_of(one)
                if not name:
                    yield refused(self.where, "Patient.id is missing: there is no name for this participant")
                elif patients.setdefault(name, one) != one:
                    contradictory[name] = None
        about, nobody, elsewhere = self._sorted(patients)
        if (
            not patients
            and not elsewhere
            and not any(one["resourceType"] == "Patient" for one in self.resources)
        ):
            counted: dict[str, int] = {}
            for one in self.resources:
                counted[one["resourceType"]] = counted.get(one["resourceType"], 0) + 1
            told = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "nothing"
            yield Entry(self.where, None, notes=(f"holds no patient: {told}",))
            return
        if len(patients) > 1:  # of one patient's file they are that patient's
            for place, wrong in self.lost:
                yield Entry(self.where, None, (Problem(place, f"{wrong}; nobody can tell whose it is"),))
        for name, patient in patients.items():
            if self.lost and len(patients) == 1:
                found = [
                    Problem(f"Patient/{name}: {place}: {wrong.field}", wrong.message)
                    for place, wrong in self.lost[:MAX_PROBLEMS]
                ]
                yield Entry(self.where, None, tuple(found))
                continue
            if maybe := [place for place, _ in self.lost if place.partition("/")[0] in READERS]:
                told = f"{maybe[0]} cannot be read, and may be of this participant"
                yield Entry(self.where, None, (Problem(f"Patient/{name}", told),))
                continue
            if name in contradictory:
                told = "two Patient resources with this id say different things"
                yield Entry(self.where, None, (Problem(f"Patient/{name}", told),))
                continue
            yield self._entry(patient, about[name], nobody, site)
        for reference, first, count in elsewhere:
            told = f"{first} and {count - 1} more resources are about" if count > 1 else f"{first} is about"
            yield refused(self.where, f"{told} {reference}, who is not in the file")

    def _sorted(
        self, patients: dict[str, Json]
    ) -> tuple[dict[str, list[Json]], list[Json], list[tuple[str, str, int]]]:
        """Resources by patient; those that name nobody; of the rest (reference, first resource, count)."""
        about: dict[str, list[Json]] = {name: [] for name in patients}
        nobody: list[Json] = []
        elsewhere: dict[str, list[str]] = {}
        seen: dict[str, Json] = {}
        whose: dict[str, Json | None] = {}  # nearly all refer to the same patient
        for one in self.resources:
            kind = one["resourceType"]
            if kind == "Patient" or kind in SHARED:
                continue
            name = f"{kind}/{one['id']}" if one.get("id") else ""
            if name and seen.setdefault(name, one) is not one and seen[name] == one:
                continue  # the same resource twice
            try:
                reference = subject_of(one)
                if not reference:
                    patient = None
                elif reference in whose:
                    patient = whose[reference]
                else:
                    patient = self.resolve(reference, one)
                    if reference[0] != "#":  # what is contained is another one in each resource
                        whose[reference] = patient
            except Malformed as wrong:
                self.lost.append((name or kind, wrong))
                continue
            own = patient.get("id") if patient is not None else None
            if own in about and patient is not None and patient.get("resourceType") == "Patient":
                about[own].append(one)
            elif kind not in READERS or reference is None:
                nobody.append(one)
            else:
                shown = quote(reference) if "?" not in reference else "a patient named by an identifier"
                elsewhere.setdefault(shown, []).append(name or kind)
        return about, nobody, [(name, found[0], len(found)) for name, found in elsewhere.items()]

    def _entry(self, patient: Json, resources: list[Json], nobody: list[Json], site: Site) -> Entry:
        name = identifier_of(patient)
        try:
            if self.ambiguous:
                named = {f"{one['resourceType']}/{one.get('id')}" for one in resources}
                if doubtful := sorted(named & self.ambiguous.keys()):
                    told = "stands twice in the file, and says different things"
                    raise RecordError([Problem(one, told) for one in doubtful])
            record, notes = read_participant(patient, resources, self.resolve, site, self.as_of)
        except RecordError as error:
            who = f"Patient/{name}"
            problems = tuple(
                Problem(place if place.startswith(f"{who}:") else f"{who}: {place}", told)
                for place, told in error.problems
            )
            return Entry(self.where, None, problems)
        for one in nobody:
            if one["resourceType"] in READERS:
                notes.left(
                    one["resourceType"],
                    "names no patient, left out",
                    f"{one['resourceType']}/{one.get('id')}",
                )
            else:
                notes.unread(one["resourceType"])
        return Entry(self.where, record, notes=notes.lines())
