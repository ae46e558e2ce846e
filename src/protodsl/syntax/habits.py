"""What people write from habit, or copy from a registry, and how it is written here.

Each habit is a pattern over one line. It is looked for only where the parser has already refused the line,
so a pattern may be loose: it has to be right about what was meant, not about what is allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENGTH = r"\d{1,9}(?:\.\d{1,9})?\s{0,3}(?:hours?|days?|weeks?|months?|years?)"
_NUMBER = r"(?<![\d.])\d{1,20}(?:\.\d{1,20})?"
_OPS = {
    "at least": ">=", "no less than": ">=", "not less than": ">=", "more than": ">", "greater than": ">",
    "above": ">", "over": ">", "at most": "<=", "no more than": "<=", "not more than": "<=", "up to": "<=",
    "less than": "<", "below": "<", "under": "<",
}  # fmt: skip
_COMPARED = re.compile(rf"\b(?:is |are |of |be )?({'|'.join(_OPS)})(?= {_NUMBER})", re.IGNORECASE)

# pattern, and what is written instead; `…` where the author has to say more
_HABITS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (rf"({_NUMBER})\s*[x×*·]\s*(?:the\s+)?(ULN|LLN)\b", r"\1 \2"),
        (r"\b(ULN|LLN)\s*[x×*·]\s*(\d+(?:\.\d+)?)", r"\2 \1"),
        (rf"({_NUMBER})\s*\*\s*10\s*[\^*]+\s*(\d+)", r"\1 x10^\2"),
        (r"\bhalf[ -](?:lives|life)\b", "half_lives"),
        (
            rf"\b(?:in|within|during) (?:the )?(?:last|past|previous|preceding) ({_LENGTH})",
            r"within \1 before …",
        ),
        (rf"\bwithin (?:the|a) ({_LENGTH})", r"within \1"),
        (r"\bprior to\b", "before"),
        (rf"\b(?<!within )less than ({_LENGTH}) (before|after)\b", r"within less than \1 \2"),
        (rf"\bwithin ({_LENGTH})(?=\s*(?:$|[}}#)]|and\b|or\b|unless\b|except\b))", r"within \1 before …"),
        (rf"\bfor (?:at least|more than|over) ({_LENGTH})", r"for >= \1"),
        (r"\bhistory of (\w+)", r"had \1"),
        (r"(?<!was )(?<!were )\bhospitali[sz]ed for\b", "was hospitalised for"),
        (r"\bat any time\b", "ever"),
        (r"\b((?:in|ex)clusion [\w.]+) ?:", r"\1"),
        (rf"\b(\w+) ([<>]=? ?{_NUMBER}(?: [^\s{{}}]+)?) at (?=[a-z])(\w+)", r"\1 at \3 \2"),
        (rf">=? ?({_NUMBER} ?[^\s{{}}]*) and <=? ?({_NUMBER} ?[^\s{{}}]*)", r"between \1 and \2"),
        (r"\b(had|has|received|receives|underwent) (\w+) or (\w+)(?= )", r"\1 any of [\2, \3]"),
        (r'\bjudged by (?:the )?(\w+):?\s*("[^"]*")', r"judged \2 by \1"),
        (r"\bin the (?:opinion|judge?ment) of the (\w+)", r'judged "…" by \1'),
        (r"\b(investigator) (?:judges|considers|thinks)", r'judged "…" by \1'),
        (rf"({_NUMBER}) years? (?:old|of age)\b", r"\1 years"),
        (r"\baged? (\d+) ?(?:to|-|–) ?(\d+) (years|months)", r"age between \1 and \2 \3"),
        (rf"({_NUMBER} ?(?:mg|g|ug|µg|μg)) (?:daily|per day|a day|/ day)\b", r"\1/d"),
        (r"\b(?:had|has) (at (?:least|most) \d+) (\w+)", r"had \2 on \1 occasions"),
        (r"\b(\w+) (positive|negative)\b", r"\1 is \2"),
    )
)


@dataclass(frozen=True, slots=True)
class Habit:
    """text[start:end] is such a habit; `instead` is how it is written, `…` where more has to be said."""

    start: int
    end: int
    instead: str


def habit_at(text: str, start: int, pos: int) -> Habit | None:
    """The habit on the line of `pos`, not before `start`, that covers the place or touches it.

    The first of the table counts: they are ordered from the narrow to the loose.
    """
    begin = max(start, text.rfind("\n", 0, pos) + 1, pos - 200)
    end = text.find("\n", pos)
    line = text[begin : len(text) if end < 0 else min(end, pos + 200)]
    for pattern, instead in (*_HABITS, (_COMPARED, None)):
        for match in pattern.finditer(line):
            if match.start() <= pos - begin <= match.end() + 1:
                made = _OPS[match.group(1).lower()] if instead is None else match.expand(instead)
                return Habit(begin + match.start(), begin + match.end(), made)
    return None


def joined_name(text: str, pos: int, reserved: frozenset[str]) -> Habit | None:
    """`creatinine clearance`, two plain words where one name is wanted: names are one word."""
    found = re.compile(r"[a-z]\w*(?:[ ][a-z]\w*)*").match(text, pos)
    before = re.search(r"([A-Za-z]\w*) $", text[max(0, pos - 60) : pos])
    if found is None or before is None:
        return None
    words = [before.group(1)]
    for word in found.group().split(" "):
        if word in reserved:
            break
        words.append(word)
    if len(words) < 2 or words[0] in reserved:
        return None
    start = pos - len(before.group())
    return Habit(start, start + len(" ".join(words)), "_".join(words).lower())
