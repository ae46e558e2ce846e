"""Patient records from a JSON file or standard input: one object, an array of them, or JSON Lines.

Which of the three is seen from the content. JSON Lines and arrays are read as a stream, one record in memory
at a time. A record that cannot be read is one `Entry` with its problems; the others go on.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO, TYPE_CHECKING, Any

from protodsl.runtime.attributes import Problem, RecordError
from protodsl.runtime.decode import loads, not_json
from protodsl.runtime.read import read_record
from protodsl.runtime.record import Record

if TYPE_CHECKING:
    from protodsl.records.site import Site

MAX_BYTES = 32 * 2**20  # of one record; 100,000 facts of ordinary length stay below
CHUNK = 2**18
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a file, read or refused. `where` is the file, with the line if it holds several.

    `data` is what the record was read from. `last` marks a failure after which nothing more can be read.
    `notes` say what of the participant's data was not taken; without record and problems they speak of a file
    that holds no participant.
    """

    where: str
    record: Record | None
    problems: tuple[Problem, ...] = ()
    data: Any = None
    last: bool = False
    notes: tuple[str, ...] = ()

    def messages(self) -> list[str]:
        """The problems, one line each: `patients.jsonl:12: P-001: results/3/date: …`."""
        return [f"{self.where}: {problem}" for problem in self.problems]


@dataclass(frozen=True, slots=True)
class RecordText:
    """One record as it is written, not read yet: a part of a file. `line` is where it begins."""

    where: str
    text: str
    line: int

    @property
    def size(self) -> int:
        return len(self.text)

    def entry(self) -> Entry:
        data = None
        try:
            data = loads(self.text, self.line)
            return Entry(self.where, read_record(data), (), data)
        except RecordError as error:
            return Entry(self.where, None, _named(data, error.problems), data)

    def entries(self, sites: Sequence[Site], shared: Any) -> Iterator[tuple[Entry, ...]]:
        yield (self.entry(),) * len(sites)


def read_records(path: str, stream: IO[bytes] | None = None) -> Iterator[Entry]:
    """The records of a file in order; `-` is standard input.

    Never raises for what a file holds, nor for one that cannot be opened: that is an `Entry` too.
    """
    for one in record_texts(path, stream):
        yield one.entry() if isinstance(one, RecordText) else one


def record_texts(path: str, stream: IO[bytes] | None = None) -> Iterator[RecordText | Entry]:
    """The same, each record as it is written; an `Entry` for what cannot be read."""
    if stream is not None:
        yield from _read(path, stream)
    elif path == "-":
        yield from _read("standard input", sys.stdin.buffer)
    else:
        try:
            with open(path, "rb") as opened:
                yield from _read(path, opened)
        except OSError as error:
            yield _failure(path, f"cannot be read: {(error.strerror or str(error)).lower()}")
        except ValueError:  # a path with a NUL in it
            yield _failure(path, "is no path")


def _failure(where: str, message: str, *, last: bool = True) -> Entry:
    return Entry(where, None, (Problem("", message),), None, last)


def _read(name: str, stream: IO[bytes]) -> Iterator[RecordText | Entry]:
    offset, number, first = 0, 1, stream.readline(CHUNK)
    if first[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in first[:4]:
        yield _failure(name, "the text is UTF-16 or UTF-32; save the file as UTF-8")
        return
    if first.startswith(codecs.BOM_UTF8):
        offset, first = 3, first[3:] or stream.readline(CHUNK)
    while first and not first.strip():  # blank lines before the first record
        offset, number = offset + len(first), number + first.count(b"\n")
        first = stream.readline(CHUNK)
    if not first:
        yield _failure(name, "holds no record; a record is a JSON object")
    elif first.lstrip().startswith(b"["):
        pieces = chain((first,), iter(lambda: stream.read(CHUNK), b""))
        yield from _Array(name, pieces, offset, number).entries()
    else:
        if not first.endswith(b"\n"):
            first += stream.readline(MAX_BYTES + 1 - len(first))
        yield from _objects(name, first, stream, offset, number)


# ---------------------------------------------------------------- one object, or JSON Lines


def _objects(
    name: str, first: bytes, stream: IO[bytes], offset: int, number: int
) -> Iterator[RecordText | Entry]:
    """A line that is whole by itself, or followed by a line that begins a new object, begins JSON Lines."""
    second = stream.readline(MAX_BYTES + 1) if first.endswith(b"\n") else b""
    if _whole(first) or second.startswith(b"{"):
        alone = not second
        for line_number, start, raw in _lines(first, second, stream, offset, number):
            if raw.strip():
                yield _record(name if alone else f"{name}:{line_number}", raw, start, line_number)
        return
    raw = first + second + stream.read(max(0, MAX_BYTES + 1 - len(first) - len(second)))
    yield _record(name, raw, offset, number)


def _whole(line: bytes) -> bool:
    try:
        json.JSONDecoder().decode(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def _lines(
    first: bytes, second: bytes, stream: IO[bytes], offset: int, number: int
) -> Iterator[tuple[int, int, bytes]]:
    """(line number, offset in the file, bytes) of each line; of one too long for a record, its beginning."""
    line = first
    while line:
        yield number, offset, line
        offset, number = offset + len(line), number + 1
        while len(line) > MAX_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_BYTES + 1)
            offset += len(line)
        line, second = second or stream.readline(MAX_BYTES + 1), b""


def _record(where: str, raw: bytes, offset: int, line: int) -> RecordText | Entry:
    if len(raw) > MAX_BYTES:
        return _failure(where, f"a record of more than {MAX_BYTES // 2**20} MiB", last=False)
    try:
        text = raw.decode("utf-8").rstrip()
    except UnicodeDecodeError as error:
        return _failure(where, _not_utf8(raw[error.start], offset + error.start), last=False)
    return RecordText(where, text, line)


def _not_utf8(byte: int, offset: int) -> str:
    return f"not UTF-8: byte 0x{byte:02X} at offset {offset}; save the file as UTF-8"


def _named(data: Any, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """The problems, with the participant named where the record says who it is."""
    identifier = data.get("id") if isinstance(data, dict) else None
    if not isinstance(identifier, str) or not identifier.isprintable() or not 0 < len(identifier) <= 100:
        return problems
    return tuple(Problem(f"{identifier}: {place}" if place else identifier, text) for place, text in problems)


# ---------------------------------------------------------------- an array


class _Unreadable(Exception):
    """The rest of an array cannot be read; the words say why."""


class _Array:
    """The elements of an array, one after the other, from pieces of a file."""

    def __init__(self, name: str, pieces: Iterator[bytes], offset: int, line: int) -> None:
        self.name, self.pieces = name, pieces
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.offset = offset  # of the bytes not yet decoded
        self.text, self.at = "", 0
        self.line, self.counted = line, 0  # the line of the character `counted`
        self.ended = False

    def more(self) -> bool:
        """Read on: at least as much again as is held, so that a long record is not parsed over and over."""
        wanted, read = max(CHUNK, len(self.text) - self.at), 0
        self.here()
        parts = [self.text[self.at :]]
        while read < wanted and not self.ended:
            piece = next(self.pieces, b"")
            self.ended = not piece
            pending = len(self.decoder.getstate()[0])
            try:
                parts.append(self.decoder.decode(piece, final=self.ended))
            except UnicodeDecodeError as error:
                wrong = error.object[error.start]
                raise _Unreadable(_not_utf8(wrong, self.offset - pending + error.start)) from None
            self.offset += len(piece)
            read += len(piece)
        self.text, self.at, self.counted = "".join(parts), 0, 0
        return read > 0

    def next_character(self) -> str:
        """The next character that is no white space, not taken; empty at the end of the file."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def element(self) -> str:
        """The text of the element that begins here."""
        while True:
            try:
                _, end = json.JSONDecoder().raw_decode(self.text, self.at)
            except RecursionError:
                raise _Unreadable("not a record: brackets are nested too deeply") from None
            except json.JSONDecodeError as error:
                if len(self.text) - self.at > MAX_BYTES:
                    raise _Unreadable(f"a record of more than {MAX_BYTES // 2**20} MiB") from None
                line, start = self.here() + self.text.count("\n", self.at, error.pos), self.at
                if self.more():
                    continue
                told = not_json(error, len(self.text.rstrip()) - (error.pos - start))
                raise _Unreadable(f"{told} at line {line}, column {error.colno}") from None
            except (
                ValueError
            ):  # an integer too long for Python: where it ends only a parser without it could say
                raise _Unreadable("a number has too many digits") from None
            if end == len(self.text) and self.more():
                continue  # a number may go on
            found = self.text[self.at : end]
            self.at = end
            return found

    def here(self) -> int:
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        return self.line

    def entries(self) -> Iterator[RecordText | Entry]:
        line = self.line
        try:
            self.next_character()
            self.at += 1  # the opening bracket
            if self.next_character() == "]":
                self.at += 1
            else:
                while True:
                    self.next_character()
                    line = self.here()
                    text = self.element()
                    yield RecordText(f"{self.name}:{line}", text, line)
                    following = self.next_character()
                    line = self.here()
                    self.at += 1
                    if following == "]":
                        break
                    if not following:
                        raise _Unreadable("the text ends before its array does")
                    if following != ",":
                        raise _Unreadable('a "," or "]" is expected after a record of the array')
            if self.next_character():
                line = self.here()
                raise _Unreadable("more text stands behind the end of the array")
        except _Unreadable as error:
            yield _failure(f"{self.name}:{line}", str(error))
