"""Empty sheets as files: CSV, or an Excel workbook with lists to choose from. The same bytes every time."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

from protodsl.needs.sheet import Column, Sheet

DICTIONARY = ("column", "label", "enter", "choices", "unit", "codes", "criteria", "time", "who")
_DATED = re.compile(r"^at |(^|[ _])(date|onset|start|end|of)$")
_DATED = re.compile(r"^at |(^|[ _])(date|onset|start|end|of)$")
_ROWS = 1000  # rows of a workbook that offer their choices
_LONGEST_LIST = 255  # characters of a list in a cell's rule; longer ones are named in the dictionary


def explained(column: Column) -> tuple[str, ...]:
    """A column's line in the dictionary."""
    return (
        column.heading, column.label, column.enter, ", ".join(column.choices), column.unit, column.codes,
        column.criteria, column.window, column.who,
    )  # fmt: skip


def dictionary(sheets: list[Sheet]) -> list[tuple[str, ...]]:
    """Every column of every sheet; with more than one sheet, its name before the column's."""
    many = len(sheets) > 1
    return [
        (f"{sheet.name}: {line[0]}" if many else line[0], *line[1:])
        for sheet in sheets
        for line in map(explained, sheet.columns)
    ]


def csv_bytes(rows: list[tuple[str, ...]]) -> bytes:
    """CSV that spreadsheets read as UTF-8, and in which no cell is taken for a formula."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([tuple(map(harmless, row)) for row in rows])
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """A text that a spreadsheet does not compute: its first character would make it a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def workbook_bytes(sheets: list[Sheet], title: str) -> bytes:
    """An .xlsx with each sheet and the dictionary. Needs openpyxl (ImportError)."""
    import datetime

    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        page.freeze_panes = "B2"
        for number, column in enumerate(sheet.columns, 1):
            _heading(page, number, column)
    page = book.create_sheet("dictionary")
    page.freeze_panes = "B2"
    for row, line in enumerate([DICTIONARY, *dictionary(sheets)], 1):
        for number, text in enumerate(line, 1):
            cell = page.cell(row, number)
            _put(cell, text)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if row == 1:
                cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFGHI", (34, 40, 50, 30, 12, 24, 24, 34, 18), strict=True):
        page.column_dimensions[letter].width = width
    book.properties.title = title
    book.properties.creator = "protodsl"
    book.properties.created = book.properties.modified = datetime.datetime(1980, 1, 1)
    written = io.BytesIO()
    book.save(written)
    return _undated(written.getvalue())


def _put(cell: Any, text: str) -> None:
    cell.value = text
    cell.data_type = "s"  # never a formula, whatever it begins with


def _heading(page: Any, number: int, column: Column) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    cell = page.cell(1, number)
    _put(cell, column.heading)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    told = "\n".join(part for part in (column.label, column.enter, column.window, column.criteria) if part)
    cell.comment = Comment(told[:1000], "protodsl", height=120, width=320)
    letter = get_column_letter(number)
    page.column_dimensions[letter].width = max(12, min(30, len(column.heading)))
    if _DATED.search(column.heading):  # as text: of 2024-02 a spreadsheet would make its first day
        page.column_dimensions[letter].number_format = "@"
    listed = ",".join(column.choices)
    awkward = any("," in one or '"' in one for one in column.choices)
    if column.choices and len(listed) < _LONGEST_LIST and not awkward:
        rule = DataValidation(type="list", formula1=f'"{listed}"', allow_blank=True, showErrorMessage=False)
        page.add_data_validation(rule)
        rule.add(f"{letter}2:{letter}{_ROWS}")


def _undated(archive: bytes) -> bytes:
    """The same archive without the moment at which it was made."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", content)
            new.writestr(
                zipfile.ZipInfo(entry.filename, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED
            )
    return written.getvalue()
