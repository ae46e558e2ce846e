"""FHIR R4 (and R4B, R5 where the fields are the same) as patient records, with the standard library alone.

A resource is read as far as it says something; what it does not say stays unknown. What was not taken is
counted and named in the participant's notes. A field that is not what FHIR says it is refuses the
participant.
"""

from __future__ import annotations

from protodsl.records.fhir.bulk import bulk_parts
from protodsl.records.fhir.bundles import BundleFile, BundleText, parse_bundle

__all__ = ["BundleFile", "BundleText", "bulk_parts", "parse_bundle"]
