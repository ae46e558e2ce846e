"""What the grammar's terminals are called when one speaks to an author."""

from __future__ import annotations

from collections.abc import Collection

from protodsl.syntax.grammar import literal_of

MOST = 6
"""So many alternatives are named; a longer list helps nobody."""

TERMINALS = {
    "VKIND": "a kind of vocabulary (`lab`, `condition`, `drug` …)",
    "SECTION": "a section (`identifiers`, `design`, `safety`, `ethics` …)",
    "KIND": "`inclusion` or `exclusion`",
    "LEVEL": "`primary`, `secondary` or `exploratory`",
    "SUMMARY": "`incidence`, `level`, `mean` or `median`",
    "VERB": "a verb (`has`, `had`, `received`, `underwent` …)",
    "AT_LEAST": "`at least`",
    "AT_MOST": "`at most`",
    "LESS_THAN": "`less than`",
    "DOSE_OF": "`dose of`",
    "AT_STABLE": "`at stable dose`",
    "TIME_FRAME": "`time frame`",
    "DOSE_LEVEL": "`dose level`",
    "NO": "`no`",
    "OTHERWISE": "`otherwise`",
    "CONSECUTIVE": "`consecutive`",
    "TIMES": "`occasions` or `measurements`",
    "REACTION": "`refractory`, `intolerant` or `responded`",
    "ENDED": "`relapsed` or `progressed`",
    "AFTERMATH": "`relapsed after` or `progressed on`",
    "SIDES": "`each side` or `any side`",
    "LINES_OF": "`lines of`",
    "CHANGE": "`falls` or `rises`",
    "SELECT": "`latest`, `any`, `every`, `highest` or `lowest`",
    "CMP": "a comparison (`>=`, `<=`, `>`, `<`, `=`)",
    "SIGN": "`-`",
    "PLUS": "`+`",
    "BULLET": "a line that begins with `- `",
    "CID": "a number",
    "PLACE": "the number of a criterion (`6`, `6.3`)",
    "OUTCOME": "`passes`, `fails`, `unknown` or `not applicable`",
    "VERDICT": "`eligible`, `ineligible` or `undetermined`",
    "PARTID": "a number or letter",
    "DATE": "a date (`2024-02-20`)",
    "NUMBER": "a number",
    "TITRE": "a titre (`1:80`)",
    "UNIT": "a unit",
    "UNITNAME": "a unit",
    "NAME": "a name",
    "STRING": "a text in quotation marks",
    "$END": "the end of the file",
}

_OPERAND = frozenset({"NAME", "NUMBER", "LPAR", "DOSE_OF", "COUNT"})
_WINDOW = frozenset({"WITHIN", "BEFORE", "AFTER", "SINCE", "UNTIL", "FROM", "EVER"})
_QUANTIFIER = frozenset({"ALL", "ANY", "EACH", "NONE", "EXACTLY"})

# Sets of terminals that have one name together; earlier ones first, each takes its terminals out of the list.
GROUPS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = (
    (
        frozenset({"VERB", "JUDGED", "CONFIRMED", "NAME", "NUMBER"}),
        _OPERAND
        | _QUANTIFIER
        | {"VERB", "JUDGED", "CONFIRMED", "AGREES", "REACTION", "AFTERMATH", "SELECT", "SIGN", "IS", "NOT"}
        | {"IF", "AT_LEAST", "AT_MOST", "TABLE", "PERCENTILE"},
        "a condition (`has …`, `received …`, `alt <= 3 ULN`)",
    ),
    (
        _OPERAND - {"DOSE_OF", "COUNT"},
        _OPERAND | _QUANTIFIER | {"SELECT", "SIGN", "AT_LEAST", "AT_MOST", "TABLE", "PERCENTILE"},
        "a value",
    ),
    (_WINDOW, _WINDOW | {"AT_LEAST"}, "a window (`within 4 weeks before …`, `since …`)"),
    (
        frozenset({"NAME", "DAY", "NUMBER", "ONSET"}),
        frozenset({"NAME", "DAY", "NUMBER", "SIGN", "ONSET", "START", "END", "FIRST", "LAST", "THAT"}),
        "a timepoint",
    ),
    (
        frozenset({"ALL", "ANY", "EACH"}),
        _QUANTIFIER | {"AT_LEAST", "AT_MOST"},
        "`any of`, `all of` or the like",
    ),
    (
        frozenset({"PLUS", "STAR"}),
        frozenset({"PLUS", "SIGN", "STAR", "SLASH", "CIRCUMFLEX"}),
        "`+`, `-`, `*` or `/`",
    ),
    (frozenset({"BEFORE", "AFTER", "OF"}), frozenset({"BEFORE", "AFTER", "OF"}), "`before`, `after` or `of`"),
    (frozenset({"AND", "OR"}), frozenset({"AND", "OR"}), "`and` or `or`"),
)

# Whose name is wanted, by the word before it.
NAME_AFTER = {
    **dict.fromkeys(
        ("received", "receives", "took", "takes", "started", "give", "gives"), "the name of a drug"
    ),
    **dict.fromkeys(("has", "had", "with"), "the name of a condition"),
    "underwent": "the name of a procedure",
    "confirmed": "the name of a question",
    "by": "who judges it (`investigator`)",
    "as": "the name of a table of equivalent doses",
    **dict.fromkeys(
        ("before", "after", "since", "until", "at", "requires", "anchor", "timepoint"),
        "the name of a timepoint",
    ),
}


def describe(accepted: Collection[str], before: str = "") -> tuple[str, ...]:
    """The accepted terminals in an author's words. `before`: the word that stands before the place."""
    left = set(accepted)
    found: list[str] = []
    if left == {"NAME"} and before in NAME_AFTER:
        return (NAME_AFTER[before],)
    body = {"RBRACE", "SOURCE"} <= left
    for needed, taken, words in GROUPS:
        if needed <= left and not (body and "NAME" in needed):
            left -= taken
            found.append(words)
    if body:
        found.append("the next line of the block")
        found.append("`}`")
        left = {name for name in left if name in ("CMP", "UNIT", "LBRACE", "COMMA", "RSQB", "RPAR")}
    if len(left) + len(found) > MOST:
        left -= {"UNIT", "SIGN", "LPAR"}
    literals = literal_of()
    for name in sorted(left, key=lambda name: (name not in TERMINALS, name)):
        words = TERMINALS.get(name) or f"`{literals.get(name, name)}`"
        if words not in found:
            found.append(words)
    found.sort(key=lambda words: words not in (TERMINALS["CMP"], TERMINALS["UNIT"]))
    return tuple(found[:MOST])
