"""The plain-language reading of every node of the model. The model decides; these words only say it."""

from protodsl.documents.words.context import Context, capital, soften
from protodsl.documents.words.decided import By, decided_by, leaves_of
from protodsl.documents.words.leaves import clause
from protodsl.documents.words.numbers import duration, grouped, length, number, power, quantity, unit
from protodsl.documents.words.rules import Line, inline, read
from protodsl.documents.words.terms import PLACEHOLDER, noun
from protodsl.documents.words.times import anchor, window

__all__ = [
    "PLACEHOLDER",
    "By",
    "Context",
    "Line",
    "anchor",
    "capital",
    "clause",
    "decided_by",
    "duration",
    "grouped",
    "inline",
    "leaves_of",
    "length",
    "noun",
    "number",
    "power",
    "quantity",
    "read",
    "soften",
    "unit",
    "window",
]
