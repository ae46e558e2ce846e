"""Verdicts that people can act on: what they rest on, what is missing, what would change them; as text, HTML,
JSON and FHIR.
"""

from __future__ import annotations

from importlib.resources import files
from json import loads
from typing import Any

from protodsl.reports.details import Details
from protodsl.reports.trial import Asked, Trial

__all__ = ["Asked", "Details", "Trial", "schema"]


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a report, as published with the package."""
    loaded: dict[str, Any] = loads(files(__name__).joinpath("report.schema.json").read_text(encoding="utf-8"))
    return loaded
