"""Which format data are in, seen from their content; and the participants in them, whatever it is.

A path is first taken apart into pieces that can be read each on its own, so that several processes can read
them: the files of a folder, the lines of a file, the participants of Bulk Data or of tables.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from protodsl.records.fhir import BundleFile, BundleText, bulk_parts
from protodsl.records.fhir.bundles import MAX_BYTES
from protodsl.records.json import Entry, RecordText, record_texts
from protodsl.records.omop import DATABASES, PERSON, is_database, omop_parts
from protodsl.records.parts import Piece, Told, Watch, refused, unwatched
from protodsl.records.sheets import ENDINGS, Mapping, read_sheets, sheets_in
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


def read_participants(
    path: str, form: str | None = None, site: Site = NO_SITE, watch: Watch = unwatched
) -> Iterator[Entry]:
    """The participants of a file, a folder or a database.

    Never raises for what a path holds, nor for one that cannot be read: that is an `Entry` too.
    """
    once = Once()
    for piece in pieces_of(path, form, site.mapping, watch):
        for (entry,) in piece.part.entries((site,), piece.shared):
            yield once.check(entry) if piece.once else entry


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
        told = f"{participant}: is in {other} too, and the answer rests on that file alone"
        return f"{told}; all data of one participant belong into one file"


def _file_of(where: str) -> str:
    """The file of `patients.jsonl:12` or `person.csv: person/7`."""
    return re.sub(r"(\[[^\]]*\])?(:\d+|: \S+)?$", "", where)


def _standard_input(form: str | None) -> Iterator[Piece]:
    if form in ("omop", "sheet"):
        yield _refused("standard input", f"{'OMOP data' if form == 'omop' else 'sheets'} are read from files")
        return
    stream = sys.stdin.buffer
    peek = getattr(stream, "peek", None)  # not every stream can look ahead
    head = peek(HEAD) if peek is not None and form is None else b""
    if form == "json" or (form is None and not (head and _FHIR.search(head[:HEAD]))):
        yield from _records("-")
        return
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        yield _refused("standard input", f"more than {MAX_BYTES // 2**20} MiB; name the file instead")
    else:
        yield Piece(BundleText("standard input", raw))


def _refused(where: str, message: str) -> Piece:
    return Piece(Told(refused(where, message)))


# ---------------------------------------------------------------- files


def pieces_of(
    path: str, form: str | None = None, mapping: Mapping | None = None, watch: Watch = unwatched
) -> Iterator[Piece]:
    """What a path holds, in the order in which it is read; Bulk Data of a folder come last. Tables and Bulk
    Data are read through before there is a participant: `watch` is told how far that is.
    """
    if path == "-":
        yield from _standard_input(form)
    elif is_database(path):
        yield from omop_parts(path, watch)
    elif os.path.isdir(path):
        yield from _folder(path, form, mapping, watch)
    elif form == "json":
        yield from _records(path)
    else:
        yield from _file(path, form, mapping, watch)


def _records(path: str, *, once: bool = False) -> Iterator[Piece]:
    """The records of a file, each as it is written."""
    whole, read = _size(path), 0
    for one in record_texts(path):
        part = one if isinstance(one, RecordText) else Told(one)
        read += part.size
        yield Piece(part, once=once, reached=min(read / whole, 1) if whole else None)


def form_of(head: bytes) -> Form | None:
    """What a file is, from its beginning; None where it is neither."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] not in (b"{", b"["):
        return None
    return "fhir" if _FHIR.search(head) else "json"


def _lines(path: str, head: bytes) -> bool:
    """Whether a FHIR file has one resource on each line."""
    return path.lower().endswith((".ndjson", ".jsonl")) or _OBJECT_LINE.match(head) is not None


def _file(path: str, form: str | None, mapping: Mapping | None, watch: Watch) -> Iterator[Piece]:
    """One file that was named itself."""
    head = _head(path)
    if isinstance(head, Entry):
        yield Piece(Told(head))
    elif path.lower().endswith(DATABASES) and form in (None, "omop"):
        yield from omop_parts(path, watch)
    elif form == "sheet" or (form is None and path.lower().endswith(ENDINGS) and not _is_person(path)):
        for entry in read_sheets([path], mapping):
            yield Piece(Told(entry))
    else:
        yield from _text(path, head, form, watch, alone=True)


def _size(path: str) -> int:
    """The bytes of a file, 0 where nobody knows: whoever opens it says what is wrong."""
    try:
        return os.path.getsize(path) if path != "-" else 0
    except (OSError, ValueError):
        return 0


def _text(path: str, head: bytes, form: str | None, watch: Watch, *, alone: bool) -> Iterator[Piece]:
    """A file of JSON; what looks like nothing known is read as records, which says what is wrong."""
    archive = next((told for magic, told in _ARCHIVES.items() if head.startswith(magic)), None)
    if form == "omop" or (form is None and _is_person(path)):
        yield _refused(path, "one table; give the folder that holds the OMOP tables")
    elif archive is not None:
        yield _refused(path, f"{archive}; unpack it and give the folder")
    elif (form or form_of(head)) != "fhir":
        yield from _records(path, once=not alone)
    elif _lines(path, head):
        yield from bulk_parts([path], watch)
    else:
        yield Piece(BundleFile(path, _size(path), alone), once=not alone)


def _is_person(path: str) -> bool:
    return os.path.basename(path).lower() == PERSON


# ---------------------------------------------------------------- folders


def _folder(path: str, form: str | None, mapping: Mapping | None, watch: Watch) -> Iterator[Piece]:
    """What the files of a folder hold, in the order of their names; Bulk Data come last."""
    if form == "omop" or (form is None and _holds_person(path)):
        yield from omop_parts(path, watch)
        return
    try:
        sheets = sheets_in(path) if form in (None, "sheet") else []
    except OSError as error:
        yield _refused(*_unreadable(error))
        return
    files, problems, passed = _walk(path, form)
    for where, told in problems:
        yield _refused(where, told)
    for entry in read_sheets(sheets, mapping) if sheets else ():
        yield Piece(Told(entry), once=True)
    bulk: list[str] = []
    for number, file in enumerate(files, 1):
        head = _head(file)
        if isinstance(head, bytes) and (form or form_of(head)) == "fhir" and _lines(file, head):
            bulk.append(file)
        elif isinstance(head, bytes):
            for piece in _text(file, head, form, watch, alone=False):
                yield replace(piece, reached=number / len(files))
        else:
            yield Piece(Told(head))
    if bulk:
        yield from bulk_parts(bulk, watch)
    left = [name for name in passed if os.path.join(path, name) not in sheets]
    if left:
        named = ", ".join(_shown(name) for name in left[:3])
        more = f", and {len(left) - 3} more" if len(left) > 3 else ""
        told = f"not read, as no .json, .ndjson, .jsonl, .csv or .xlsx: {named}{more}"
        yield Piece(Told(Entry(path, None, notes=(told,))))
    if not files and not sheets and not problems:
        told = "holds no patient data: neither .json, .ndjson or .jsonl files nor tables"
        yield _refused(path, told)


def _head(path: str) -> bytes | Entry:
    """The beginning of a file, or why it cannot be read."""
    try:
        with open(path, "rb") as opened:
            return opened.read(HEAD)
    except OSError as error:
        return refused(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
    except ValueError:  # a path with a NUL in it
        return refused(path, "is no path")


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
