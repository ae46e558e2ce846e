"""The lines of a CSV file, for `csv.reader`: a row that cannot be taken apart costs its own line alone."""

from __future__ import annotations

import csv
from typing import IO

MAX_ROW = 2**24  # characters


class Lines:
    """`row` are the lines of the row at hand, `first` the number of the first of them."""

    def __init__(self, opened: IO[str]) -> None:
        self.opened = opened
        self.row: list[str] = []
        self.waiting: list[str] = []  # read already, the next one last
        self.size = self.number = 0
        self.first = 1

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.waiting.pop() if self.waiting else self.opened.readline(MAX_ROW)
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        self.row.append(line)
        if self.size > MAX_ROW:
            raise csv.Error(f"a row of more than {MAX_ROW // 2**20} million characters")
        return line

    def begin(self) -> None:
        """The next line begins a row."""
        self.row.clear()
        self.size, self.first = 0, self.number + 1

    def alone(self) -> None:
        """A row that cannot be read is its first line; what a quotation mark swallowed are other rows."""
        self.waiting += reversed(self.row[1:])
        self.number -= len(self.row) - 1
        del self.row[1:]

    @property
    def cut_off(self) -> bool:
        """Whether the row is the file's last and has no end of line."""
        return bool(self.row) and not self.row[-1].endswith(("\n", "\r"))

    def wrong(self, error: csv.Error) -> str:
        """What is wrong with the row at hand."""
        stray = "a quotation mark that is not closed in its line"
        return stray if len(self.row) > 1 or "unexpected end" in str(error) else f"no CSV: {error}"
