"""Patient data from outside, as records: JSON files, and the schema that describes them."""

from __future__ import annotations

from importlib.resources import files
from json import loads
from typing import Any

SCHEMA = "patient.schema.json"


def schema_text() -> str:
    """The JSON Schema (2020-12) of a patient record, as published with the package."""
    return files(__name__).joinpath(SCHEMA).read_text(encoding="utf-8")


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = loads(schema_text())
    return loaded
