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

# pattern, what is written instead (`…` where the author has to say more), and what is said besides
_HABITS: tuple[tuple[re.Pattern[str], str, str | None], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead, why[0] if why else None)
    for pattern, instead, *why in (
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
        (rf"\b(?:more|longer) than ({_LENGTH}) (before|after)\b", r"at least \1 \2"),
        (rf"\bover ({_LENGTH}) (before|after)\b", r"at least \1 \2"),
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
        (
            rf"\b(\w+)( (?:at|of) \w+)? ([<>]=?|[≥≤]) ?({_NUMBER}) ?% (?:of )?(?:the )?predicted\b",
            r"\1_percent_predicted\2 \3 \4 %",
            ": a share of the predicted value is a result of its own, `lab … { unit % }`",
        ),
        (
            r"\bof (severity|grade|stage) ([IVX]{1,4}|\d{1,2}|[a-z]\w*)\b",
            r"of \1 = \2",
            "; with `>=` that one and worse",
        ),
        (
            r"\bof ([a-z]\w*_\w+) ([IVX]{1,4}|\d{1,2}[a-z]?|[A-E])\b(?! ?[\w%/])",
            r"and \1 is \2",
            ": a class is a result of its own",
        ),
        (
            r"\b(received|receives|took|takes) (?:the )?(?:maxim\w+|highest)(?: tolerated)? dose of (\w+)",
            r'\1 \2 judged "at the highest tolerated dose"',
        ),
        (r"\b((?:maxim\w+|highest|optimal|full)(?: \w+){0,2} doses?)\b", r'… judged "at the \1"'),
        (
            r"\bduring (?:the )?\w+(?: period| phase)?",
            "from … to …",
            ", with the two timepoints between which it lies",
        ),
    )
)

# Words that no name holds: what stands before one may be a name, what stands behind it is something else.
_NO_NAMES = frozenset(
    [
        "during", "per", "while", "when", "whenever", "despite", "by", "via", "in", "into", "than", "more",
        "less", "under", "over", "who", "which", "whose", "their", "this", "these", "those", "will", "must",
        "may", "should", "been", "being", "be", "are", "was", "were", "did", "does", "tolerated", "about",
        "using", "prior", "to", "due",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habit:
    """text[start:end] is such a habit; `instead` is how it is written, `…` where more has to be said.

    `why`: what is said behind it.
    """

    start: int
    end: int
    instead: str
    why: str | None = None


def habit_at(text: str, start: int, pos: int) -> Habit | None:
    """The habit on the line of `pos`, not before `start`, that covers the place or touches it.

    The first of the table counts: they are ordered from the narrow to the loose.
    """
    begin = max(start, text.rfind("\n", 0, pos) + 1, pos - 200)
    end = text.find("\n", pos)
    line = text[begin : len(text) if end < 0 else min(end, pos + 200)]
    for pattern, instead, why in (*_HABITS, (_COMPARED, None, None)):
        for match in pattern.finditer(line):
            if match.start() <= pos - begin <= match.end() + 1:
                made = _OPS[match.group(1).lower()] if instead is None else match.expand(instead)
                if made.startswith("at least ") and len(match.groups()) == 2:
                    length, way = match.groups()
                    why = f", which takes that day in; to leave it out, `{way} {length} {way} …`"
                return Habit(begin + match.start(), begin + match.end(), made, why)
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
        if word in _NO_NAMES:
            return None
        words.append(word)
    if len(words) < 2 or words[0] in reserved | _NO_NAMES:
        return None
    start = pos - len(before.group())
    return Habit(start, start + len(" ".join(words)), "_".join(words).lower())
