"""The mapping file: how the sheets of a site, and its own codes, are to be understood.

TOML or JSON. Everything in it is checked before any data are read; a mistake is named with file, line and
key. A FHIR ConceptMap is taken for a mapping of codes.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from typing import Any

from protodsl.records.codes import CodeMap, concept_map, local_codes
from protodsl.records.sheets.headings import heading_of
from protodsl.runtime.attributes import like
from protodsl.runtime.values import quote

MAX_BYTES = 8 * 2**20  # of a mapping file; a ConceptMap of 50,000 codes stays below
ROWS = ("participants", "results", "conditions", "medications", "procedures", "answers")
MISSING = ("NA", "N/A", "n/a", ".")
ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1")
DELIMITERS = (",", ";", "\t", "|")
_DATE_PARTS = {"YYYY": r"(?P<y>\d{4})", "MM": r"(?P<m>\d{1,2})", "DD": r"(?P<d>\d{1,2})"}


class MappingError(Exception):
    """Something wrong with a mapping file: the message names file, line and key."""


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How one table is understood; `columns` and `always` bring its columns to headings we know."""

    rows: str | None = None
    columns: Dictionary[str, tuple[str, ...]] = field(default_factory=dict)
    always: Dictionary[str, str] = field(default_factory=dict)
    words: Dictionary[str, Dictionary[str, str]] = field(default_factory=dict)  # "" for every column
    dates: re.Pattern[str] | None = None
    decimal: str = "."
    delimiter: str | None = None
    encoding: str = "utf-8"
    missing: frozenset[str] = frozenset(MISSING)


@dataclass(frozen=True, slots=True)
class Mapping:
    path: str = ""
    default: TableMapping = TableMapping()
    tables: Dictionary[str, TableMapping] = field(default_factory=dict)
    codes: CodeMap = field(default_factory=CodeMap)

    def table(self, name: str) -> TableMapping:
        return self.tables.get(name, self.default)


def read_mapping(path: str) -> Mapping:
    """The mapping in a file. Raises MappingError for anything that is wrong with it."""
    try:
        if os.path.getsize(path) > MAX_BYTES:
            raise MappingError(f"{path}: more than {MAX_BYTES // 2**20} MiB")
        with open(path, "rb") as opened:
            text = opened.read(MAX_BYTES + 1).decode("utf-8-sig")
    except OSError as error:
        raise MappingError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError as error:
        raise MappingError(f"{path}: not UTF-8: byte 0x{error.object[error.start]:02X}") from None
    except ValueError:
        raise MappingError(f"{quote(path)} is no path") from None
    return _Reader(path, text).mapping()


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    # ------------------------------------------------------------ telling

    def line(self, keys: tuple[str, ...]) -> int | None:
        """The line on which the last of some keys stands, each looked for behind the one before."""
        at = 0
        for key in keys:
            for part in (key, *key.split(".")[-1:]):
                found = re.compile(rf"(?<![\w-])['\"]?{re.escape(part)}['\"]?(?![\w-])").search(self.text, at)
                if found is not None:
                    at = found.start()
                    break
        return self.text.count("\n", 0, at) + 1 if at or keys else None

    def wrong(self, keys: tuple[str, ...], message: str) -> MappingError:
        line = self.line(keys)
        where = f"{self.path}:{line}" if line else self.path
        return MappingError(f"{where}: {'.'.join(keys)}: {message}" if keys else f"{where}: {message}")

    # ------------------------------------------------------------ reading

    def mapping(self) -> Mapping:
        data = self.data()
        if data.get("resourceType") == "ConceptMap":
            try:
                return Mapping(self.path, codes=concept_map(data))
            except ValueError as error:
                raise MappingError(f"{self.path}: {error}") from None
        known = (*_TABLE, "tables", "codes")
        for key in data:
            if key not in known:
                raise self.wrong((key,), f"is nothing a mapping has{like(key, known)}")
        default = self.table(data, (), TableMapping())
        tables: dict[str, TableMapping] = {}
        for name, own in self.section(data, "tables", ()).items():
            if not isinstance(own, dict):
                raise self.wrong(("tables", name), "a table of settings is expected here")
            for key in own:
                if key not in _TABLE:
                    raise self.wrong(("tables", name, key), f"is nothing a table has{like(key, _TABLE)}")
            tables[name] = self.table(own, ("tables", name), default)
        return Mapping(self.path, default, tables, self.codes(data))

    def data(self) -> dict[str, Any]:
        try:
            written = json.loads if self.text.lstrip()[:1] == "{" else tomllib.loads
            data = written(self.text)
        except json.JSONDecodeError as error:
            raise MappingError(f"{self.path}:{error.lineno}: not JSON: {error.msg.lower()}") from None
        except tomllib.TOMLDecodeError as error:
            told = str(error)
            found = re.search(r"line (\d+)", told)
            where = f"{self.path}:{found[1]}" if found else self.path
            raise MappingError(f"{where}: not TOML: {told[:1].lower()}{told[1:]}") from None
        except (ValueError, RecursionError):
            raise MappingError(f"{self.path}: neither TOML nor JSON") from None
        if not isinstance(data, dict):
            raise MappingError(f"{self.path}: a mapping is a table of settings")
        return data

    def section(self, data: dict[str, Any], key: str, above: tuple[str, ...]) -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong((*above, key), "a table of settings is expected here")
        return value

    def table(self, data: dict[str, Any], above: tuple[str, ...], base: TableMapping) -> TableMapping:
        made = replace(
            base,
            columns={**base.columns, **self.columns(data, above)},
            always={**base.always, **self.always(data, above)},
            words=self.words(data, above, base),
        )
        if "rows" in data:
            made = replace(made, rows=self.choice(data, "rows", above, ROWS))
        if "decimal" in data:
            made = replace(made, decimal=self.choice(data, "decimal", above, (".", ",")))
        if "delimiter" in data:
            made = replace(made, delimiter=self.choice(data, "delimiter", above, DELIMITERS))
        if "encoding" in data:
            made = replace(made, encoding=self.choice(data, "encoding", above, ENCODINGS))
        if "missing" in data:
            listed = data["missing"]
            if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
                raise self.wrong((*above, "missing"), "a list of texts is expected here")
            made = replace(made, missing=frozenset(listed))
        if "dates" in data:
            made = replace(made, dates=self.date_form(data["dates"], (*above, "dates")))
        return made

    def choice(self, data: dict[str, Any], key: str, above: tuple[str, ...], known: tuple[str, ...]) -> str:
        value = data[key]
        if value not in known:
            shown = ", ".join(json.dumps(one) for one in known)
            raise self.wrong((*above, key), f"is not one of {shown}")
        return str(value)

    def date_form(self, form: Any, keys: tuple[str, ...]) -> re.Pattern[str]:
        if not isinstance(form, str) or any(form.count(part) != 1 for part in _DATE_PARTS):
            raise self.wrong(keys, 'how dates are written is expected here, such as "DD.MM.YYYY"')
        pieces = re.split("(YYYY|MM|DD)", form)
        return re.compile("".join(_DATE_PARTS.get(piece, re.escape(piece)) for piece in pieces))

    def columns(self, data: dict[str, Any], above: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, value in self.section(data, "columns", above).items():
            listed = value if isinstance(value, list) else [value]
            for one in listed:
                if not isinstance(one, str):
                    raise self.wrong((*above, "columns", name), "a heading is a text")
                if one not in _PLAIN and heading_of(one) is None:
                    told = f'{quote(one)} is no heading; write "alt value [U/L]", "at screening", "ignore" …'
                    raise self.wrong((*above, "columns", name), told)
            found[name] = tuple(listed)
        return found

    def always(self, data: dict[str, Any], above: tuple[str, ...]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.section(data, "always", above).items():
            if name not in _PLAIN and heading_of(name) is None:
                raise self.wrong((*above, "always", name), "is no heading")
            if isinstance(value, bool):
                value = "yes" if value else "no"
            if not isinstance(value, (str, int, float)):
                raise self.wrong((*above, "always", name), "a text or a number is expected here")
            found[name] = str(value)
        return found

    def words(self, data: dict[str, Any], above: tuple[str, ...], base: TableMapping) -> Any:
        found = {column: dict(words) for column, words in base.words.items()}
        for name, value in self.section(data, "words", above).items():
            pairs = value if isinstance(value, dict) else {name: value}
            column = name if isinstance(value, dict) else ""
            for said, meant in pairs.items():
                if isinstance(meant, bool):
                    meant = "yes" if meant else "no"
                if not isinstance(meant, str):
                    raise self.wrong((*above, "words", name), "a text is expected here")
                found.setdefault(column, {})[said] = meant
        return found

    def codes(self, data: dict[str, Any]) -> CodeMap:
        pairs: list[tuple[str, str, str]] = []
        for system, value in self.section(data, "codes", ()).items():
            own = value if isinstance(value, dict) else {system: value}
            for code, name in own.items():
                if not isinstance(name, str) or not name.strip():
                    raise self.wrong(
                        ("codes", system), "the name of an item of the vocabulary is expected here"
                    )
                pairs.append((system if isinstance(value, dict) else "", code, name.strip()))
        return local_codes(pairs)


_TABLE = ("rows", "columns", "always", "words", "dates", "decimal", "delimiter", "encoding", "missing")
# Headings of a table with one fact in each row: the fields of a record
_PLAIN = frozenset(
    ("ignore", "code", "system", "question", "value", "unit", "date", "time", "uln", "low", "side", "method",
     "present", "suspected", "onset", "end", "severity", "grade", "stage", "from", "start", "dose", "per",
     "route", "response", "line", "reason_stopped", "answer", "by", "role"),
)  # fmt: skip
