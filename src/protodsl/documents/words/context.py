"""What a reading in words needs to know of the protocol: labels, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from protodsl import ir
from protodsl.documents.language import named, say
from protodsl.runtime.units import Unit

_PROPER = frozenset(
    [
        "addison",
        "alzheimer",
        "anca",
        "behçet",
        "birmingham",
        "burkitt",
        "child",
        "cockcroft",
        "crohn",
        "cushing",
        "du",
        "duchenne",
        "epstein",
        "gilbert",
        "gleason",
        "graves",
        "guillain",
        "hashimoto",
        "hodgkin",
        "kaposi",
        "karnofsky",
        "kawasaki",
        "langerhans",
        "lugano",
        "lyme",
        "mosteller",
        "parkinson",
        "raynaud",
        "schwartz",
        "sjogren",
        "sjögren",
        "still",
        "takayasu",
        "wegener",
        "whipple",
        "wilson",
    ]
)


def soften(label: str) -> str:
    """A label inside a sentence: "Screening" → "screening"; acronyms and people's names stay."""
    first = label.split(" ", 1)[0]
    word = first.rstrip(",;:")
    named = word.lower().removesuffix("'s").removesuffix("’s").split("-")[0] in _PROPER
    if len(word) > 1 and word[0].isupper() and word[1:] == word[1:].lower() and not named:
        return label[0].lower() + label[1:]
    return label


def capital(sentence: str) -> str:
    """The first letter in upper case, the rest as it is; "pH" at the front stays "pH"."""
    first = sentence.split(" ", 1)[0]
    if not sentence or any(char.isupper() for char in first):
        return sentence
    return sentence[0].upper() + sentence[1:]


def _is_left(node: object) -> bool:
    """Whether the first side a node speaks of is the left one."""
    match node:
        case ir.Observed(side=side) if side is not None:
            return side == "left"
        case ir.AttributeTest("side", _, side):
            return side == "left"
        case tuple():
            return any(_is_left(member) for member in node)
    names = getattr(type(node), "__dataclass_fields__", ())
    return any(_is_left(getattr(node, name)) for name in names)


@dataclass(frozen=True, slots=True)
class Context:
    """The protocol, and the label of what `StageAnchor` stands for here; None: a shared definition.

    `usual`: the time from which results count where a rule names no other; it is said once, not in each rule.
    """

    protocol: ir.Protocol
    anchor: str | None = None
    usual: ir.Window | None = None
    side: str | None = None  # what the side spoken of is called: "the study eye"

    def of_side(self, side: str | None) -> str:
        """ " of the study eye"; of a side that has no such name here " on the left side"."""
        if side is None:
            return ""
        if self.side is not None:
            return say(" of {side}", side=self.side)
        return say(" on the left side") if side == "left" else say(" on the right side")

    def side_of(self, setting: str, where_left: object) -> str | None:
        """What the side is called that is asked where the side of this name is the left one."""
        for one in self.protocol.sides:
            if one.name == setting:
                label = one.label if _is_left(where_left) else one.other_label
                return say("the {side}", side=soften(label))
        return None

    def item(self, name: str) -> str:
        """An item's label, softened; of a name the vocabulary does not have, the name."""
        item = self.protocol.items.get(name)
        return soften(named(item.label)) if item is not None and item.label else name.replace("_", " ")

    def timepoint(self, name: str) -> str:
        for timepoint in self.protocol.timepoints:
            if timepoint.name == name:
                return soften(named(timepoint.label) or name.replace("_", " "))
        return name.replace("_", " ")

    def unit_of(self, name: str) -> Unit | None:
        item = self.protocol.items.get(name)
        return item.unit if item is not None else None

    def definition(self, name: str) -> str:
        found = self.protocol.definitions.get(name)
        return (found.label if found is not None else "") or name.replace("_", " ")

    def equivalence(self, name: str) -> str:
        found = self.protocol.equivalences.get(name)
        return soften(named(found.label)) if found is not None and found.label else name.replace("_", " ")

    @property
    def here(self) -> str:
        """The anchor of the stage, or words for it where a definition serves several stages."""
        return self.anchor or say("the day of assessment")
