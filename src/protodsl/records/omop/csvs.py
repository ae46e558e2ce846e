"""A table as CSV, row after row. A row that cannot be read hides no other: it is a `Broken` with those whom
it may concern.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from protodsl.records.lines import Lines

MAX_FIELD = 2**20  # so many behind a quotation mark, and it is a stray one

Row = dict[str, str]


class Unreadable(Exception):
    """Tables that cannot be read: where, and why."""

    def __init__(self, where: str, message: str) -> None:
        self.where, self.message = where, message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read. `persons`: whatever stands in it where its `person_id` may be."""

    place: str
    message: str
    persons: frozenset[str]


def csv_rows(path: str) -> Iterator[Row | Broken]:
    """The rows under the names in the first line. Raises Unreadable for what leaves nothing to go by: no
    CSV at all, or a file that ends within a row, so that nobody knows whose rows are lost with the rest.
    """
    csv.field_size_limit(MAX_FIELD)
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as opened:
            yield from _rows(path, opened)
    except csv.Error as error:  # of the column names
        raise Unreadable(path, f"no CSV: {error}") from None
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None


def _rows(path: str, opened: IO[str]) -> Iterator[Row | Broken]:
    head = opened.readline(2**16)
    opened.seek(0)
    separator = "\t" if "\t" in head and "," not in head else ","
    # the vocabulary as it is handed out is separated by tabs, and a quotation mark in it is no more than that
    bare = separator == "\t" and '"' not in head
    lines = Lines(opened)
    lines.begin()
    rows = csv.reader(
        lines, delimiter=separator, quoting=csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL, strict=True
    )
    names = [name.strip().lower() for name in next(rows, [])]
    person = names.index("person_id") if "person_id" in names else None
    name = os.path.basename(path)
    while True:
        lines.begin()
        wrong = ""
        row: list[str] | None = []
        try:
            row = next(rows, None)
        except csv.Error as error:
            wrong = lines.wrong(error)
        if row is None:
            return
        if not wrong and not row:
            continue
        if not wrong and len(row) != len(names):
            wrong = f"{len(row)} fields under {len(names)} column names"
        if wrong:
            if len(lines.row) > 1:
                lines.alone()
                row = []
            if lines.cut_off:
                raise Unreadable(path, f"line {lines.number}: the file is cut off within a row: {wrong}")
            yield Broken(f"{name}: line {lines.first}", wrong, _perhaps(row, names, person, lines.row))
        elif (byte := _not_utf8(lines.row)) is not None:
            concerned = frozenset() if person is None else frozenset((row[person].strip(),))
            yield Broken(f"{name}: line {lines.first}", f"not UTF-8: byte 0x{byte:02X}", concerned)
        else:
            yield dict(zip(names, row, strict=True))


def _perhaps(row: list[str], names: list[str], person: int | None, lines: list[str]) -> frozenset[str]:
    """Every text that may be the number of a person in a row."""
    if person is None:
        return frozenset()
    if row:  # a field is missing or too many before it, or behind it
        off = abs(len(row) - len(names))
        return frozenset(one.strip() for one in row[max(0, person - off) : person + off + 1])
    return frozenset(re.split(r"[\s,;\"]+", lines[0]))


def _not_utf8(lines: list[str]) -> int | None:
    """The first byte of a row that is none of UTF-8."""
    for line in lines:
        if not line.isascii() and (found := re.search("[\udc80-\udcff]", line)):
            return ord(found[0]) - 0xDC00
    return None
