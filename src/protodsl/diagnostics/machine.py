"""Diagnostics for programs: plain JSON data, and SARIF 2.1.0 for code hosts and editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from protodsl.diagnostics.catalogue import BY_CODE
from protodsl.diagnostics.model import Diagnostic, Fix, Label
from protodsl.source import Source, Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def to_data(diagnostic: Diagnostic, sources: Mapping[str, Source]) -> dict[str, Any]:
    """The whole diagnostic: places with offsets in characters, and with lines and columns from 1, ends
    exclusive.
    """
    return {
        "code": diagnostic.code,
        "name": diagnostic.name,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        **_place(diagnostic.span, sources),
        "facts": {name: list(fact) if isinstance(fact, tuple) else fact for name, fact in diagnostic.facts},
        "labels": [{"text": label.text, **_place(label.span, sources)} for label in diagnostic.labels],
        "help": diagnostic.help,
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix, sources),
    }


def _fix(fix: Fix, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {"title": fix.title, "replacement": fix.replacement, **_place(fix.span, sources)}


def _place(span: Span, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {
        "path": span.path,
        "start": _point(span.path, span.start, sources),
        "end": _point(span.path, span.end, sources),
    }


def _point(path: str, offset: int, sources: Mapping[str, Source]) -> dict[str, int]:
    source = sources.get(path)
    line, column = source.position(offset) if source else (1, 1)
    return {"offset": offset, "line": line, "column": column}


def to_sarif(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], version: str
) -> dict[str, Any]:
    """A SARIF log with one run. Columns are counted in Unicode code points, as the run says."""
    found = list(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    rules = [
        {
            "id": code,
            "name": BY_CODE[code].name,
            "shortDescription": {"text": BY_CODE[code].name.replace("-", " ")},
            "fullDescription": {"text": BY_CODE[code].explain},
            "defaultConfiguration": {"level": _LEVELS[BY_CODE[code].severity]},
        }
        for code in codes
    ]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "protodsl", "version": version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, codes.index(one.code), sources) for one in found],
            }
        ],
    }


def _result(diagnostic: Diagnostic, rule: int, sources: Mapping[str, Source]) -> dict[str, Any]:
    text = diagnostic.message if diagnostic.help is None else f"{diagnostic.message}\nhelp: {diagnostic.help}"
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(diagnostic.span, sources)}],
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            _related(number, label, sources) for number, label in enumerate(diagnostic.labels, 1)
        ]
    if diagnostic.fix is not None:
        fix = diagnostic.fix
        region = _region(fix.span, sources)
        change = {"deletedRegion": region, "insertedContent": {"text": fix.replacement}}
        artifact = {"artifactLocation": _artifact(fix.span.path), "replacements": [change]}
        result["fixes"] = [{"description": {"text": fix.title}, "artifactChanges": [artifact]}]
    return result


def _related(number: int, label: Label, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {
        "id": number,
        "message": {"text": label.text},
        "physicalLocation": _physical(label.span, sources),
    }


def _physical(span: Span, sources: Mapping[str, Source]) -> dict[str, Any]:
    return {"artifactLocation": _artifact(span.path), "region": _region(span, sources)}


def _artifact(path: str) -> dict[str, str]:
    pure = PurePath(path)
    return {"uri": pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())}


def _region(span: Span, sources: Mapping[str, Source]) -> dict[str, int]:
    start, end = _point(span.path, span.start, sources), _point(span.path, span.end, sources)
    return {
        "startLine": start["line"],
        "startColumn": start["column"],
        "endLine": end["line"],
        "endColumn": end["column"],
        "charOffset": span.start,
        "charLength": span.end - span.start,
    }
