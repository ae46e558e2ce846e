"""The four moods of a statement, so that polarity is in the verb and cannot be misread.

`must`: what an inclusion asks. `must not`: what an exclusion forbids. `is`, `is not`: in lists, definitions.
"""

from __future__ import annotations

from typing import Literal, assert_never

from protodsl.documents.language import say

Mood = Literal["must", "must not", "is", "is not"]

OPPOSITE: dict[Mood, Mood] = {"must": "must not", "must not": "must", "is": "is not", "is not": "is"}
POSITIVE: dict[Mood, Mood] = {"must": "must", "must not": "must", "is": "is", "is not": "is"}


def negative(mood: Mood) -> bool:
    return mood in ("must not", "is not")


def be(mood: Mood, plural: bool = False) -> str:
    match mood:
        case "must":
            return say("must be")
        case "must not":
            return say("must not be")
        case "is":
            return say("are") if plural else say("is")
        case "is not":
            return say("are not") if plural else "is not"
        case _:
            assert_never(mood)


def denied(mood: Mood, clause: str) -> str:
    """For statements whose verb cannot carry the negation without doubt."""
    return say(
        "it {what} the case that {clause}",
        what=say("must not be") if mood == "must not" else "is not",
        clause=clause,
    )
