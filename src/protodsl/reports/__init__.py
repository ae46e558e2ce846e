"""Verdicts that people can act on: what they rest on, what is missing, what would change them; as text, HTML,
JSON and FHIR.
"""

from protodsl.reports.details import Details
from protodsl.reports.trial import Asked, Trial

__all__ = ["Asked", "Details", "Trial"]
