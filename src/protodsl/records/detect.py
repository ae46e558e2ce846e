"""Which format data are in, seen from their content; and the participants in them, whatever it is.

A path is first taken apart into sources, each of which can be read on its own: a file, the Bulk Data of a
folder, a set of tables. So several processes can read the files of a folder.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, assert_never

from protodsl.records.fhir import parse_bundle, read_bulk, read_bundle
from protodsl.records.fhir.bundles import MAX_BYTES
from protodsl.records.json import Entry, read_records
from protodsl.records.omop import DATABASES, PERSON, is_database, read_omop
from protodsl.records.sheets import ENDINGS, read_sheets, sheets_in
from protodsl.records.site import NO_SITE, Site
from protodsl.runtime.attributes import Problem
from protodsl.runtime.values import quote

Form = Literal["fhir", "omop", "json", "sheet"]
FORMS = ("fhir", "omop", "json", "sheet")

HEAD = 2**16  # bytes in which a format shows
MAX_FILES = 1_000_000  # in one folder
_FHIR = re.compile(rb'"resourceType"\s*:\s*"')
_OBJECT_LINE = re.compile(rb"\s*\{.*\}\s*\n\s*\{")
_ARCHIVES = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive"}
_TEXTS = (".json", ".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class Source:
    """Data that can be read on their own. `told`: why they cannot be, or what is to be said of them.

    `alone`: not one of those of a folder, which may hold no participant without that being wrong, and of
    which no two may hold the same one.
    """

    kind: Literal["stdin", "records", "bundle", "bulk", "omop", "sheet", "refused", "noted"]
    paths: tuple[str, ...]
    told: str = ""
    form: str | None = None
    alone: bool = True


def read_participants(path: str, form: str | None = None, site: Site = NO_SITE) -> Iterator[Entry]:
    """The participants of a file, a folder or a database.

    Never raises for what a path holds, nor for one that cannot be read: that is an `Entry` too.
    """
    once = Once()
    for source in sources_of(path, form):
        for entry in read_source(source, site):
            yield entry if source.alone else once.check(entry)


def read_source(source: Source, site: Site) -> Iterator[Entry]:
    """The participants of one source."""
    path = source.paths[0]
    match source.kind:
        case "stdin":
            yield from _standard_input(source.form, site)
        case "records":
            yield from read_records(path)
        case "bundle":
            for entry in read_bundle(path, site):
                if source.alone and entry.record is None and not entry.problems:
                    yield Entry(entry.where, None, tuple(Problem("", note) for note in entry.notes))
                else:
                    yield entry
        case "bulk":
            yield from read_bulk(list(source.paths), site)
        case "omop":
            yield from read_omop(path, site)
        case "sheet":
            yield from read_sheets(list(source.paths), site.mapping)
        case "refused":
            yield Entry(path, None, (Problem("", source.told),))
        case "noted":
            yield Entry(path, None, notes=(source.told,))
        case _:
            assert_never(source.kind)


class Once:
    """One participant's data in two files would make two half participants: the second is refused."""

    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def check(self, entry: Entry) -> Entry:
        told = self.told(entry.record.id, entry.where) if entry.record is not None else None
        return entry if told is None else Entry(entry.where, None, (Problem("", told),))

    def told(self, participant: str, where: str) -> str | None:
        """What is wrong with a participant read from there; None the first time."""
        here = _file_of(where)
        there = self.seen.setdefault(participant, here)
        if there == here:
            return None
        other = os.path.basename(there)
        return f"{participant}: is in {other} too; all data of one participant belong into one file"


def _file_of(where: str) -> str:
    """The file of `patients.jsonl:12` or `person.csv: person/7`."""
    return re.sub(r"(\[[^\]]*\])?(:\d+|: \S+)?$", "", where)


def _standard_input(form: str | None, site: Site) -> Iterator[Entry]:
    def refused(message: str) -> Entry:
        return Entry("standard input", None, (Problem("", message),))

    if form in ("omop", "sheet"):
        yield refused(f"{'OMOP data' if form == 'omop' else 'sheets'} are read from files")
        return
    stream = sys.stdin.buffer
    if form == "json":
        yield from read_records("-")
        return
    peek = getattr(stream, "peek", None)  # not every stream can look ahead
    head = peek(HEAD) if peek is not None else b""
    if form is None and not (head and _FHIR.search(head[:HEAD])):
        yield from read_records("-")
        return
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        yield refused(f"more than {MAX_BYTES // 2**20} MiB; name the file instead")
    else:
        yield from parse_bundle("standard input", raw, site)


# ---------------------------------------------------------------- files


def sources_of(path: str, form: str | None = None) -> Iterator[Source]:
    """What a path holds, in the order in which it is read; Bulk Data of a folder come last."""
    if path == "-":
        yield Source("stdin", ("-",), form=form)
    elif is_database(path):
        yield Source("omop", (path,))
    elif os.path.isdir(path):
        yield from _folder(path, form)
    elif form == "json":
        yield Source("records", (path,))
    else:
        yield _file(path, form)


def form_of(head: bytes) -> Form | None:
    """What a file is, from its beginning; None where it is neither."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] not in (b"{", b"["):
        return None
    return "fhir" if _FHIR.search(head) else "json"


def _lines(path: str, head: bytes) -> bool:
    """Whether a FHIR file has one resource on each line."""
    return path.lower().endswith((".ndjson", ".jsonl")) or _OBJECT_LINE.match(head) is not None


def _file(path: str, form: str | None, *, alone: bool = True) -> Source:
    try:
        with open(path, "rb") as opened:
            head = opened.read(HEAD)
    except OSError as error:
        return Source("refused", (path,), f"cannot be read: {(error.strerror or str(error)).lower()}")
    except ValueError:  # a path with a NUL in it
        return Source("refused", (path,), "is no path")
    if path.lower().endswith(DATABASES) and form in (None, "omop"):
        return Source("omop", (path,))
    if os.path.basename(path).lower() == PERSON and form in (None, "omop"):
        return Source("refused", (path,), "one table; give the folder that holds the OMOP tables")
    if form == "sheet" or (form is None and path.lower().endswith(ENDINGS)):
        return Source("sheet", (path,))
    archive = next((told for magic, told in _ARCHIVES.items() if head.startswith(magic)), None)
    if archive is not None:
        return Source("refused", (path,), f"{archive}; unpack it and give the folder")
    if form == "omop":
        return Source("refused", (path,), "one table; give the folder that holds the OMOP tables")
    if (form or form_of(head)) != "fhir":
        return Source("records", (path,), alone=alone)
    return Source("bulk" if _lines(path, head) else "bundle", (path,), alone=alone)


# ---------------------------------------------------------------- folders


def _folder(path: str, form: str | None) -> Iterator[Source]:
    """Every source of a folder, file by file in the order of their names; Bulk Data come last."""
    if form == "omop" or (form is None and _holds_person(path)):
        yield Source("omop", (path,))
        return
    try:
        sheets = sheets_in(path) if form in (None, "sheet") else []
    except OSError as error:
        yield Source("refused", _unreadable(error)[:1], _unreadable(error)[1])
        return
    files, problems, passed = _walk(path, form)
    for where, told in problems:
        yield Source("refused", (where,), told)
    found = 0
    if sheets:
        found += 1
        yield Source("sheet", tuple(sheets), alone=False)
    bulk: list[str] = []
    for file in files:
        source = _file(file, form, alone=False)
        if source.kind == "bulk":
            bulk.append(file)
        else:
            found += 1
            yield source
    if bulk:
        found += 1
        yield Source("bulk", tuple(bulk), alone=False)
    left = [name for name in passed if os.path.join(path, name) not in sheets]
    if left:
        named = ", ".join(_shown(name) for name in left[:3])
        more = f", and {len(left) - 3} more" if len(left) > 3 else ""
        told = f"not read, as no .json, .ndjson, .jsonl, .csv or .xlsx: {named}{more}"
        yield Source("noted", (path,), told)
    if not found and not problems:
        told = "holds no patient data: neither .json, .ndjson or .jsonl files nor tables"
        yield Source("refused", (path,), told)


def _holds_person(path: str) -> bool:
    try:
        with os.scandir(path) as found:
            return any(one.name.lower() in (PERSON, "person.parquet") for one in found)
    except OSError:
        return False


def _walk(path: str, form: str | None) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """(files of data, problems, names of other files) of a folder and the folders in it, sorted.

    Links that lead out of the folder are refused, folders behind links not entered: no file is read that the
    caller did not name.
    """
    root = os.path.realpath(path)
    files: list[str] = []
    problems: list[tuple[str, str]] = []
    passed: list[str] = []
    for folder, names, listed in os.walk(path, onerror=lambda error: problems.append(_unreadable(error))):
        names[:] = sorted(name for name in names if not name.startswith((".", "__MACOSX")))
        for name in sorted(names):
            if os.path.islink(os.path.join(folder, name)):
                problems.append((os.path.join(folder, name), "a link to a folder; it is not followed"))
        for name in sorted(listed):
            file = os.path.join(folder, name)
            if name.startswith("."):
                continue
            if form == "sheet" or not name.lower().endswith(_TEXTS):
                passed.append(os.path.relpath(file, path))
            elif os.path.commonpath((root, os.path.realpath(file))) != root:
                problems.append((file, "a link that leads out of the folder; it is not followed"))
            elif not os.path.isfile(file):
                problems.append((file, "no regular file"))
            else:
                files.append(file)
        if len(files) > MAX_FILES:
            problems.append((path, f"more than {MAX_FILES:,} files; the rest is not read"))
            return files[:MAX_FILES], problems, passed
    return files, problems, passed


def _unreadable(error: OSError) -> tuple[str, str]:
    return error.filename or "", f"cannot be read: {(error.strerror or str(error)).lower()}"


def _shown(name: str) -> str:
    return quote(name)[1:-1]
