"""Diagnostics: the model, the catalogue of codes, and the renderers."""

from protodsl.diagnostics.make import alternatives, diagnose, suggest
from protodsl.diagnostics.model import Diagnostic, Fix, Label, Severity, has_errors

__all__ = ["Diagnostic", "Fix", "Label", "Severity", "alternatives", "diagnose", "has_errors", "suggest"]
