"""Code systems as FHIR names them, and coded answers as the words a record holds.

The URLs and OIDs are those of the HL7 terminology registry (terminology.hl7.org, "External code systems").
"""

from __future__ import annotations

ICD10 = "icd10"  # WHO's and the national editions nest alike: a category is the beginning of its codes

SYSTEMS = {
    "http://loinc.org": "loinc",
    "urn:oid:2.16.840.1.113883.6.1": "loinc",
    "http://snomed.info/sct": "snomed",
    "urn:oid:2.16.840.1.113883.6.96": "snomed",
    "http://hl7.org/fhir/sid/icd-10": ICD10,
    "http://hl7.org/fhir/sid/icd-10-cm": ICD10,
    "http://hl7.org/fhir/sid/icd-10-gm": ICD10,
    "http://fhir.de/codesystem/bfarm/icd-10-gm": ICD10,
    "http://fhir.de/codesystem/dimdi/icd-10-gm": ICD10,
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
    "urn:oid:2.16.840.1.113883.6.90": ICD10,
    "http://www.whocc.no/atc": "atc",
    "http://fhir.de/codesystem/bfarm/atc": "atc",
    "http://fhir.de/codesystem/dimdi/atc": "atc",
    "urn:oid:2.16.840.1.113883.6.73": "atc",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "rxnorm",
    "urn:oid:2.16.840.1.113883.6.88": "rxnorm",
    "http://hl7.org/fhir/sid/cvx": "cvx",
    "urn:oid:2.16.840.1.113883.12.292": "cvx",
    "http://hl7.org/fhir/sid/ndc": "ndc",
    "http://hl7.org/fhir/sid/icd-9-cm": "icd9",
    "http://www.cms.gov/medicare/coding/icd10": "icd10pcs",
    "http://www.ama-assn.org/go/cpt": "cpt",
    "http://unitsofmeasure.org": "ucum",
}
UCUM = "http://unitsofmeasure.org"

# Of several codings the one most likely to be known comes first; a fact still is one fact with all of them.
ORDER = ("loinc", "snomed", "icd10", "atc", "rxnorm", "cvx")

# Codes of answers, as the words a record uses. Words stay apart: `detected` is not turned into `positive`.
_V3 = {
    "POS": "positive", "NEG": "negative", "IND": "indeterminate", "E": "equivocal",
    "DET": "detected", "ND": "not_detected", "RR": "reactive", "NR": "non_reactive", "WR": "weakly_reactive",
}  # fmt: skip
_SNOMED = {
    "10828004": "positive", "260385009": "negative", "260373001": "detected", "260415000": "not_detected",
    "11214006": "reactive", "131194007": "non_reactive", "52101004": "present", "2667000": "absent",
    "82334004": "indeterminate", "42425007": "equivocal", "419984006": "inconclusive",
    "373066001": "yes", "373067005": "no",
}  # fmt: skip
_LOINC = {
    "LA6576-8": "positive", "LA6577-6": "negative", "LA11882-0": "detected", "LA11883-8": "not_detected",
    "LA9633-4": "present", "LA9634-2": "absent", "LA11884-6": "indeterminate",
    "LA33-6": "yes", "LA32-8": "no",
}  # fmt: skip
WORDS = {
    "http://terminology.hl7.org/codesystem/v3-observationinterpretation": _V3,
    "http://hl7.org/fhir/v2/0078": _V3,
    "http://snomed.info/sct": _SNOMED,
    "http://loinc.org": _LOINC,
    "http://terminology.hl7.org/codesystem/v2-0136": {"Y": "yes", "N": "no"},
    "http://hl7.org/fhir/v2/0136": {"Y": "yes", "N": "no"},
}

# Statements that there is nothing, written as a condition or an allergy: no fact of any item.
NOTHING = frozenset(
    {
        "160244002",  # no known allergies
        "160245001",  # no current problems or disability
        "409137002",  # no known drug allergy
        "428607008",  # no known environmental allergy
        "429625007",  # no known food allergy
        "716186003",  # no known allergy
    }
)

LEFT, RIGHT, BOTH = "7771000", "24028007", "51440002"
SIDES = {LEFT: "left", RIGHT: "right", BOTH: "both"}


def system_name(url: str) -> str:
    """Our name of a code system; one we have no name for keeps its own, in lower case."""
    plain = url.strip().rstrip("/").lower()
    return SYSTEMS.get(plain, plain)


def code_text(system: str, code: str) -> str:
    """A code as it is compared: ICD-10 without the marks of German and British usage (`M32.1+`, `M32.-`)."""
    code = code.strip()
    if system == ICD10:
        return code.upper().rstrip("+*!†‡").rstrip("-").rstrip(".")
    return code.upper() if system == "atc" else code
