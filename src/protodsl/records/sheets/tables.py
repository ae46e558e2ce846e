"""Tables as they lie on disk: CSV, or the sheets of an Excel workbook, as rows of texts."""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from protodsl.records.lines import Lines
from protodsl.records.sheets.mapping import DELIMITERS, Mapping, TableMapping
from protodsl.runtime.values import quote

MAX_BYTES = 256 * 2**20  # of a CSV file, and of a workbook when it is unpacked
MAX_COLUMNS = 16_384  # what Excel has
MAX_CELL = 2**20
ENDINGS = (".csv", ".tsv", ".xlsx")
DICTIONARY = "dictionary"  # the table that explains a template; it holds no data


Row = tuple[int, list[str]]  # the number people see at the edge of the sheet, and the cells


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be read; `cells` are those that surely stand in it, from its beginning."""

    number: int
    message: str
    cells: list[str]


class Unreadable(Exception):
    """A file that cannot be read: where, and why."""

    def __init__(self, where: str, message: str) -> None:
        self.where, self.message = where, message
        super().__init__(message)


@dataclass(slots=True)
class Table:
    """One table: `name` is the file without its ending, or the sheet; `where` names it in messages."""

    name: str
    where: str
    headings: list[str]
    rows: Iterator[Row | Broken]
    settings: TableMapping


def tables_of(path: str, mapping: Mapping) -> Iterator[Table]:
    """The tables of a file, one after the other. Raises Unreadable."""
    try:
        size = os.path.getsize(path)
        if size > MAX_BYTES:
            raise Unreadable(path, f"more than {MAX_BYTES // 2**20} MiB in one file")
        if path.lower().endswith(".xlsx"):
            yield from _workbook(path, mapping)
        else:
            yield _csv(path, mapping)
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None


def _headed(name: str, where: str, rows: Iterator[Row | Broken], settings: TableMapping) -> Table:
    """The table under its first row that is not empty."""
    for row in rows:
        if isinstance(row, Broken):
            raise Unreadable(where, f"row {row.number}: {row.message}")
        _, cells = row
        if any(cells):
            headings = [" ".join(cell.split()) for cell in cells]
            while headings and not headings[-1]:
                headings.pop()
            seen: set[str] = set()
            for heading in headings:
                if heading and heading in seen:
                    raise Unreadable(where, f"the column {quote(heading)} stands twice")
                seen.add(heading)
            if len(headings) > MAX_COLUMNS:
                raise Unreadable(where, f"more than {MAX_COLUMNS:,} columns")
            return Table(name, where, headings, rows, settings)
    return Table(name, where, [], iter(()), settings)


# ---------------------------------------------------------------- CSV


def _csv(path: str, mapping: Mapping) -> Table:
    name = os.path.splitext(os.path.basename(path))[0]
    settings = mapping.table(name)
    return _headed(name, path, _lines(path, settings), settings)


def _lines(path: str, settings: TableMapping) -> Iterator[Row | Broken]:
    csv.field_size_limit(MAX_CELL)
    encoding = "utf-8-sig" if settings.encoding == "utf-8" else settings.encoding
    try:
        with open(path, encoding=encoding, newline="") as opened:
            delimiter = settings.delimiter
            if delimiter is None:
                head = opened.read(2**16)
                delimiter = "\t" if path.lower().endswith(".tsv") else _delimiter(head)
                opened.seek(0)
            lines = Lines(opened)
            rows = csv.reader(lines, delimiter=delimiter, strict=True)
            while True:
                lines.begin()
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except csv.Error as error:
                    told = lines.wrong(error)
                    lines.alone()
                    sure = lines.row[0].partition('"')[0].split(delimiter)[:-1]
                    yield Broken(lines.first, told, [cell.strip() for cell in sure])
                else:
                    yield lines.first, [cell.strip() for cell in cells]
    except (UnicodeDecodeError, UnicodeError) as error:
        at = f": byte 0x{error.object[error.start]:02X}" if isinstance(error, UnicodeDecodeError) else ""
        told = (
            f'not {settings.encoding.upper()}{at}; save it as UTF-8, or say encoding = "cp1252" in a mapping'
        )
        raise Unreadable(path, told) from None


def _delimiter(head: str) -> str:
    """What parts the headings: the mark that stands most often outside quotes in the first line."""
    line = re.sub(r'"[^"]*"', "", head.lstrip("\r\n").partition("\n")[0])
    return max(DELIMITERS, key=lambda one: (line.count(one), one == ","))


# ---------------------------------------------------------------- Excel


def _workbook(path: str, mapping: Mapping) -> Iterator[Table]:
    try:
        import openpyxl
    except ImportError:
        raise Unreadable(path, "Excel needs openpyxl: pip install 'protodsl[excel]'") from None
    try:
        with open(path, "rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            # zipfile reads no more of a file than is declared here
            if sum(one.file_size for one in archive.infolist()) > MAX_BYTES:
                raise Unreadable(path, f"more than {MAX_BYTES // 2**20} MiB when it is unpacked")
            calculates = _calculates(archive)
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        formulas = None
        if calculates:  # the same with formulas instead of their results
            formulas = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, EOFError):
        raise Unreadable(path, "no Excel workbook (.xlsx)") from None
    try:
        for sheet in book.worksheets:
            if sheet.sheet_state != "visible":
                continue
            settings = mapping.table(sheet.title)
            where = path if len(book.worksheets) == 1 else f"{path}[{sheet.title}]"
            asked = formulas[sheet.title] if formulas is not None else None
            yield _headed(sheet.title, where, _cells(sheet, asked, where), settings)
    finally:
        book.close()
        if formulas is not None:
            formulas.close()


def _calculates(archive: zipfile.ZipFile) -> bool:
    """Whether a sheet of a workbook may hold a formula."""
    try:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                before = b""
                with archive.open(name) as opened:
                    while piece := opened.read(2**20):
                        if re.search(rb"<(\w+:)?f[\s>/]", before + piece):
                            return True
                        before = piece[-100:]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError):
        return False  # whoever reads the sheet says that it cannot be read
    return False


def _cells(sheet: Any, formulas: Any, where: str) -> Iterator[Row]:
    """The rows of a sheet. A formula whose result nobody has stored is no empty cell."""
    sheet.reset_dimensions()  # what is declared may be wrong
    asked: Iterator[Any] = repeat(())
    if formulas is not None:
        formulas.reset_dimensions()
        asked = formulas.iter_rows()
    try:
        for number, (row, behind) in enumerate(zip(sheet.iter_rows(), asked, strict=False), 1):
            for cell, formula in zip(row, behind, strict=False):
                if cell.value is None and formula.data_type == "f":
                    told = "holds a formula without its result; save the file in a spreadsheet program"
                    raise Unreadable(where, f"row {number} {told}")
            cells = [_text(cell, where, number) for cell in row]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError, EOFError):
        raise Unreadable(where, "no Excel workbook (.xlsx): it ends too early, or was changed") from None


def _text(cell: Any, where: str, number: int) -> str:
    """A cell as it would be typed."""
    value = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime.datetime():
            shown = cell.number_format.lower()
            if "d" not in shown and "y" in shown:  # a month or a year, of which Excel makes its first day
                return f"{value:%Y-%m}" if "m" in shown else f"{value:%Y}"
            if value.time() == datetime.time():
                return value.date().isoformat()
            return value.isoformat(timespec="minutes")
        case datetime.date() | datetime.time():
            return value.isoformat()
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case str() if cell.data_type == "e":
            raise Unreadable(where, f"row {number} holds the error {value}")
        case _:
            return str(value).strip()
