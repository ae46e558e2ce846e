"""Which format data are in, seen from their content; and the participants in them, whatever it is."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Literal

from protodsl.records.fhir import parse_bundle, read_bulk, read_bundle
from protodsl.records.fhir.bundles import MAX_BYTES
from protodsl.records.json import Entry, read_records
from protodsl.records.omop import PERSON, read_omop
from protodsl.runtime.attributes import Problem
from protodsl.runtime.values import quote

Form = Literal["fhir", "omop", "json"]

HEAD = 2**16  # bytes in which a format shows
MAX_FILES = 1_000_000  # in one folder
_FHIR = re.compile(rb'"resourceType"\s*:\s*"')
_OBJECT_LINE = re.compile(rb"\s*\{.*\}\s*\n\s*\{")
_ARCHIVES = {b"PK\x03\x04": "a ZIP archive", b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive"}
_TEXTS = (".json", ".ndjson", ".jsonl")


def read_participants(
    path: str, form: str | None = None, study: frozenset[str] = frozenset()
) -> Iterator[Entry]:
    """The participants of a file or a folder. `study`: what the trial is called, in small letters.

    Never raises for what a path holds, nor for one that cannot be read: that is an `Entry` too.
    """
    if path == "-":
        yield from _standard_input(form, study)
    elif os.path.isdir(path):
        yield from _folder(path, form, study)
    elif form == "json":
        yield from read_records(path)
    else:
        yield from _file(path, form, study, alone=True)


def _refused(where: str, message: str) -> Entry:
    return Entry(where, None, (Problem("", message),))


def _standard_input(form: str | None, study: frozenset[str]) -> Iterator[Entry]:
    if form == "omop":
        yield _refused("standard input", "OMOP data are a folder of tables")
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
        yield _refused("standard input", f"more than {MAX_BYTES // 2**20} MiB; name the file instead")
    else:
        yield from parse_bundle("standard input", raw, study)


def form_of(head: bytes) -> Form | None:
    """What a file is, from its beginning; None where it is neither."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] not in (b"{", b"["):
        return None
    return "fhir" if _FHIR.search(head) else "json"


def _head(path: str) -> bytes:
    with open(path, "rb") as opened:
        return opened.read(HEAD)


def _lines(path: str, head: bytes) -> bool:
    """Whether a FHIR file has one resource on each line."""
    return path.lower().endswith((".ndjson", ".jsonl")) or _OBJECT_LINE.match(head) is not None


def _file(path: str, form: str | None, study: frozenset[str], *, alone: bool) -> Iterator[Entry]:
    try:
        head = _head(path)
    except OSError as error:
        yield _refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
        return
    except ValueError:  # a path with a NUL in it
        yield _refused(path, "is no path")
        return
    archive = next((told for magic, told in _ARCHIVES.items() if head.startswith(magic)), None)
    if archive is not None:
        yield _refused(path, f"{archive}; unpack it and give the folder")
        return
    if form == "omop" or (form is None and os.path.basename(path).lower() == PERSON):
        yield _refused(path, "one table; give the folder that holds the OMOP tables")
        return
    found = form or form_of(head)
    if found != "fhir":
        yield from read_records(path)
    elif _lines(path, head):
        yield from read_bulk([path], study)
    else:
        for entry in read_bundle(path, study):
            if alone and entry.record is None and not entry.problems:
                yield Entry(entry.where, None, tuple(Problem("", note) for note in entry.notes))
            else:
                yield entry


# ---------------------------------------------------------------- folders


def _folder(path: str, form: str | None, study: frozenset[str]) -> Iterator[Entry]:
    """Every participant of a folder, file by file in the order of their names; Bulk Data comes last."""
    if form == "omop" or (form is None and _holds_person(path)):
        yield from read_omop(path)
        return
    files, problems, passed = _walk(path)
    for where, told in problems:
        yield _refused(where, told)
    bulk: list[str] = []
    seen: dict[str, str] = {}
    found = 0
    for file in files:
        try:
            head = _head(file)
        except OSError as error:
            yield _refused(file, f"cannot be read: {(error.strerror or str(error)).lower()}")
            continue
        if form in (None, "fhir") and form_of(head) == "fhir" and _lines(file, head):
            bulk.append(file)
            continue
        for entry in _file(file, form, study, alone=False):
            found += 1
            yield _once(entry, seen)
    if bulk:
        for entry in read_bulk(bulk, study):
            found += 1
            yield _once(entry, seen)
    if passed:
        named = ", ".join(passed[:3]) + (f", and {len(passed) - 3} more" if len(passed) > 3 else "")
        yield Entry(path, None, notes=(f"not read, as no .json, .ndjson or .jsonl: {named}",))
    if not found and not problems:
        yield _refused(path, "holds no patient data: neither .json, .ndjson or .jsonl files nor OMOP tables")


def _once(entry: Entry, seen: dict[str, str]) -> Entry:
    """One participant's data in two files would make two half participants."""
    if entry.record is None:
        return entry
    name = entry.record.id
    there = seen.setdefault(name, entry.where)
    if there == entry.where or there.partition(":")[0] == entry.where.partition(":")[0]:
        return entry
    told = f"is in {os.path.basename(there)} too; all data of one participant belong into one file"
    return Entry(entry.where, None, (Problem(name, told),))


def _holds_person(path: str) -> bool:
    try:
        with os.scandir(path) as found:
            return any(one.name.lower() in (PERSON, "person.parquet") for one in found)
    except OSError:
        return False


def _walk(path: str) -> tuple[list[str], list[tuple[str, str]], list[str]]:
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
            if not name.lower().endswith(_TEXTS):
                passed.append(_shown(os.path.relpath(file, path)))
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
