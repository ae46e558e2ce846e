"""Saying what is wrong at a place the parser refused: the well-known mistakes first, then what was
expected.

After a refusal lark may name a token of another context, so nothing of it is shown: the word at the place
is read again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from protodsl.diagnostics import Diagnostic, Fix, Label, diagnose, suggest
from protodsl.runtime.units import parse_unit
from protodsl.source import Source
from protodsl.syntax.grammar import literal_of, reserved_words
from protodsl.syntax.habits import habit_at, joined_name
from protodsl.syntax.outline import STATEMENTS, Item
from protodsl.syntax.words import describe

_LOOK_BACK = 4000
_WORDS = re.compile(r'"""(?:.|\n)*?"""|"[^"\n]*"|\#[^\n]*|\d+(?:\.\d+)?|[^\W\d_]\w*|>=|<=|&&|\|\||\S')
_FOUND = re.compile(r'"""|"[^"\n]*"|[^\W\d]\w*|\d+(?:[.,]\d+)*|>=|<=|=>|=<|==|!=|<>|&&|\|\||\S')
_OPERATORS = {
    "==": "=", "=>": ">=", "=<": "<=", "!=": "is not", "<>": "is not", "≠": "is not", "&&": "and", "||": "or",
    "&": "and", "|": "or", "!": "not", "~": "not", "≧": ">=", "≦": "<=", "⩾": ">=", "⩽": "<=",
}  # fmt: skip
_CURLY = "“”„‟«»‘’‚`´"
_VERBS = frozenset(["received", "receives", "took", "takes", "started", "has", "had", "underwent"])
_QUANTIFIERS = re.compile(r"(any of|all of|each of|none of|exactly \d+ of|at (?:least|most) \d+ of)\s*$")
_OPENING = {")": "(", "]": "[", "}": "{"}
# What people write from habit, and the word of the language.
_SYNONYMS = {
    **dict.fromkeys(("criterion", "criterium", "criteria", "include", "included", "inclusions"), "inclusion"),
    **dict.fromkeys(("excluded", "exclusions", "excludes"), "exclusion"),
    **dict.fromkeys(("medication", "medicine", "substance"), "drug"),
    **dict.fromkeys(("disease", "diagnosis", "disorder"), "condition"),
    **dict.fromkeys(("laboratory", "test", "biomarker"), "lab"),
    **dict.fromkeys(("import", "load", "from"), "use"),
    **dict.fromkeys(("requires", "required", "must", "needs"), "require"),
    **dict.fromkeys(("comment", "remark"), "note"),
    **dict.fromkeys(("trial", "study"), "protocol"),
    **dict.fromkeys(("event", "milestone", "timepoints"), "timepoint"),
    **dict.fromkeys(("group", "subgroup"), "cohort"),
}
_DECLARED = frozenset(
    [
        "class",
        "state",
        "condition",
        "procedure",
        "question",
        "finding",
        "score",
        "panel",
        "grade",
        "drug",
        "lab",
        "measure",
        "equivalent",
        "define",
        "protocol",
        "timepoint",
        "stage",
        "cohort",
        "arm",
        "intervention",
        "regimen",
        "visit",
        "activity",
        "endpoint",
    ]
)


@dataclass(frozen=True)
class Case:
    """The place of a mistake: `pos` is where the parser stopped, in `item`; `accepted` what it would have
    taken.
    """

    source: Source
    item: Item
    pos: int
    accepted: frozenset[str]
    open_text: int | None  # a quotation mark in the item that is never closed

    @property
    def found(self) -> str:
        match = _FOUND.match(self.source.text, self.pos)
        return match.group() if match else ""

    def before(self) -> list[re.Match[str]]:
        """The words of the item before the place; comments left out."""
        start = max(self.item.start, self.pos - _LOOK_BACK)
        return [
            word
            for word in _WORDS.finditer(self.source.text, start, self.pos)
            if not word.group().startswith("#")
        ]

    def report(self, code: str, start: int, end: int, /, **facts: object) -> Diagnostic:
        return diagnose(code, self.source.span(start, end), **facts)  # type: ignore[arg-type]  # checked by a test

    def at_found(self, code: str, /, **facts: object) -> Diagnostic:
        return self.report(code, self.pos, self.pos + max(1, len(self.found)), **facts)


def explain(case: Case) -> Diagnostic:
    """The diagnostic for a place the parser refused."""
    words = case.before()
    for teach in _TEACHERS:
        found = teach(case, words)
        if found is not None:
            return found
    return _expected(case, words)


# ---------------------------------------------------------------- characters


def _open_text(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    if case.open_text is None:
        return None
    start = case.open_text
    end = case.source.text.find("\n", start)
    end = len(case.source.text) if end < 0 else end
    while end > start + 1 and case.source.text[end - 1] in " \t\r{}":
        end -= 1
    return case.report(
        "unclosed-quote", start, end, fix=Fix(case.source.span(end, end), '"', "close the quotation")
    )


def _character(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    text, pos = case.source.text, case.pos
    found = case.found
    if found[:1] and found[0] in _CURLY:
        line_end = text.find("\n", pos)
        rest = text[pos : line_end if line_end >= 0 else len(text)]
        closing = max((rest.rfind(mark) for mark in _CURLY), default=-1)
        if closing > 0:
            inner = rest[1:closing].replace('"', "'")
            fix = Fix(case.source.span(pos, pos + closing + 1), f'"{inner}"', "use straight quotation marks")
        else:
            fix = Fix(case.source.span(pos, pos + 1), '"', "use straight quotation marks")
        return case.report("curly-quotes", pos, pos + 1, found=found[0], fix=fix)
    for start, size in ((pos - 1, 2), (pos, 2), (pos, 1)):
        sign = text[start : start + size] if start >= 0 else ""
        if sign in _OPERATORS and len(sign) == size:
            right = _OPERATORS[sign]
            fix = Fix(case.source.span(start, start + size), right, f"write `{right}`")
            return case.report("wrong-operator", start, start + size, found=sign, suggestion=right, fix=fix)
    return None


def _number(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    text, pos = case.source.text, case.pos
    line_start = max(text.rfind("\n", 0, pos) + 1, pos - 60)
    for match in re.finditer(r"\d{1,3}(?:,\d{3})+(?!\d)|\d+,\d+", text[line_start : pos + 40]):
        if match.start() <= pos - line_start <= match.end():
            start = line_start + match.start()
            plain = match.group().replace(",", "")
            if not re.fullmatch(r"\d{1,3}(?:,\d{3})+", match.group()):
                plain = match.group().replace(",", ".")
            fix = Fix(case.source.span(start, start + len(match.group())), plain, f"write `{plain}`")
            return case.report(
                "digit-grouping",
                start,
                start + len(match.group()),
                text=match.group(),
                suggestion=plain,
                fix=fix,
            )
    for match in re.finditer(
        r"(\d+(?:\.\d+)?)\s?[x×*·]\s?10(\d{1,2}|[⁰¹²³⁴-⁹]+)(?!\d)", text[line_start : pos + 40]
    ):
        if match.start() <= pos - line_start <= match.end():
            start = line_start + match.start()
            power = match.group(2).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))
            right = f"{match.group(1)} x10^{power}"
            fix = Fix(case.source.span(start, start + len(match.group())), right, f"write `{right}`")
            return case.report(
                "lost-superscript",
                start,
                start + len(match.group()),
                text=match.group(),
                suggestion=right,
                fix=fix,
            )
    return None


def _inner_quote(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    if not words or not words[-1].group().startswith('"') or words[-1].end() != case.pos:
        return None
    if not re.match(r"\w", case.found):
        return None
    start = words[-1].start()
    return case.report("quote-inside-text", start, case.pos, labels=[
        Label(case.source.span(case.pos - 1, case.pos), "the text ends here")
    ])  # fmt: skip


def _stray_character(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    char = case.found[:1]
    if not char or char.isalnum() or char in "_\"'(){}[],-+*/^<>=≤≥±%µμ#:.×°":
        return None
    fix = Fix(case.source.span(case.pos, case.pos + 1), "", "remove it")
    shown = char if char.isprintable() else f"U+{ord(char):04X}"
    return case.report("stray-character", case.pos, case.pos + 1, found=shown, fix=fix)


# ---------------------------------------------------------------- sentences


def _chain(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """`and` and `or` on one level, also with a relaxed limit between them."""
    found = case.found
    other = {"and": "or", "or": "and"}.get(found)
    relaxing = found == "," and re.match(r",\s*or\b", case.source.text[case.pos : case.pos + 40]) is not None
    if (other is None and not relaxing) or (words and words[-1].group() in ("and", "or")):
        return None
    depth = 0
    for word in reversed(words):
        text = word.group()
        depth += (text in ")]}") - (text in "([{")
        if depth < 0:
            break
        if depth or text not in ("and", "or"):
            continue
        span = case.source.span(word.start(), word.end())
        if relaxing:
            return case.at_found("bare-relaxed-limit", found=text, labels=[Label(span, f"the `{text}`")])
        if text == other:
            return case.at_found(
                "mixed-and-or", found=found, other=text, labels=[Label(span, f"the `{text}`")]
            )
    return None


def _relaxed(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    if not re.match(r"[<>=≤≥]", case.found) or not words or words[-1].group() != "or":
        return None
    start = words[-1].start()
    while start > 0 and case.source.text[start - 1].isspace():
        start -= 1
    fix = Fix(case.source.span(start, words[-1].end()), ", or", "write a comma before `or`")
    return case.report("relaxed-limit-comma", words[-1].start(), words[-1].end(), fix=fix)


def _dose(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    if not re.match(r"[<>=≤≥]", case.found) or len(words) < 2:
        return None
    name, verb = words[-1].group(), words[-2].group()
    if verb == "no" and len(words) > 2:
        verb = words[-3].group()
    if verb not in _VERBS:
        return None
    fix = Fix(case.source.span(case.pos, case.pos), "at ", "write `at` before the comparison")
    return case.at_found("dose-needs-at", verb=verb, name=name, op=case.found, fix=fix)


def _list(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """A list without a quantifier, or without brackets, or in braces without dashes."""
    text = case.source.text
    ahead = text[case.pos : case.pos + 80]
    before = text[max(case.item.start, case.pos - 200) : case.pos]
    comma = [word for word in words[-2:] if word.group() == ","]
    named = words[: words.index(comma[0])] if comma else words
    if (comma or case.found == ",") and named and re.fullmatch(r"[A-Za-z]\w*", named[-1].group()):
        first = named[-1]
        quantifier = _QUANTIFIERS.search(text[max(case.item.start, first.start() - 40) : first.start()])
        if quantifier:
            said = {"quantifier": " ".join(quantifier.group(1).split()), "text": first.group()}
            return case.report("missing-brackets", first.start(), first.end(), **said)
        following = case.found if comma else ahead[1:].lstrip()[:1]
        if re.match(r"[A-Za-z]", following) and "RSQB" not in case.accepted:
            return case.report("bare-list", first.start(), max(case.pos + 1, first.end()))
    if case.found == "[" and words and words[-1].group() in _VERBS | {"no", "to", "except"}:
        return case.at_found("bare-list")
    opening = re.search(r"((?:any|all|each|none|\d+) of)\s*\{\s*$", before)
    if "BULLET" in case.accepted and (opening or "RBRACE" in case.accepted):
        line_end = ahead.find("\n")
        member = ahead[: line_end if line_end >= 0 else len(ahead)].strip(" ,-")
        if member and member != "}":
            return case.at_found(
                "list-needs-bullets",
                quantifier=" ".join(opening.group(1).split()) if opening else "any of",
                text=member if len(member) <= 50 else None,
            )
    return None


def _unit(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """A word that was taken for a unit because it follows a number on the same line."""
    for number, word in zip(words[-4:], words[-3:], strict=False):
        between = case.source.text[number.end() : word.start()]
        if not number.group()[0].isdigit() or between not in ("", " "):
            continue
        text = word.group()
        if re.fullmatch(r"[a-z_]{3,}", text) and text not in reserved_words() and parse_unit(text) is None:
            return case.report("word-as-unit", word.start(), word.end(), word=text)
    return None


def _name(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """A reserved word where a name must stand."""
    found = case.found
    if "NAME" not in case.accepted or found not in reserved_words():
        return None
    declares = bool(words) and words[-1].group() in _DECLARED
    listed = {"ALL", "ANY", "EACH", "NONE", "EXACTLY", "NO", "AT_LEAST", "AT_MOST", "RSQB"}
    if not declares and not (case.accepted <= {"NAME", *listed}):
        return None
    near = f"{found}_1" if declares else {"no": "absent", "none": "absent"}.get(found)
    return case.at_found("reserved-name", word=found, suggestion=near)


def _declaration(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """The first word of the item is none that can begin something here."""
    item, text = case.item, case.source.text
    word = item.word
    if not word:
        return None
    block = _block(item)
    complete = bool(case.accepted & {"RBRACE", "$END"})
    if case.pos == item.start or (complete and case.found in STATEMENTS):
        word = case.found
        accepted = _first_words(case.accepted)
        near = suggest(word, accepted)
        return case.at_found("unknown-declaration", word=word, block=block, suggestion=near)
    if word in STATEMENTS or word in reserved_words():
        return None
    line_end = text.find("\n", item.start)
    line = text[item.start : line_end if line_end >= 0 else len(text)]
    near = _SYNONYMS.get(word.casefold()) or suggest(word, STATEMENTS)
    if near is not None and ("{" in line or near in ("require", "exclude", "source", "clarify", "timepoint")):
        return case.report(
            "unknown-declaration", item.start, item.start + len(word),
            word=word, block=block, suggestion=near,
            fix=Fix(case.source.span(item.start, item.start + len(word)), near, f"write `{near}`"),
        )  # fmt: skip
    if "{" in line and item.open is not None:
        return case.report("unknown-declaration", item.start, item.start + len(word), word=word, block=block)
    if unquoted(line):
        said = line.split()
        value = line[len(word) :].strip()
        fix = Fix(
            case.source.span(item.start + len(word) + 1, item.start + len(line.rstrip())),
            f'"{value}"',
            "quote it",
        )
        return case.report(
            "text-needs-quotes",
            item.start + len(word) + 1,
            item.start + len(line.rstrip()),
            field=word,
            text=said[1],
            fix=fix,
        )
    return None


def unquoted(line: str) -> bool:
    """Whether a line is a field whose text of several words has no quotation marks."""
    said = line.split("#")[0].split()
    words = all(re.fullmatch(r"[^\W\d][\w.,&'-]*", part) for part in said)
    return len(said) > 2 and words and not reserved_words() & set(said[:2])


def _bracket(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """A round or square bracket that is still open where the sentence ends, or one too many."""
    if case.found in (")", "]"):
        return (
            case.at_found("stray-bracket", bracket=case.found, opening=_OPENING[case.found])
            if not _open(words)
            else None
        )
    if not case.accepted & {"RPAR", "RSQB"} or not _open(words):
        return None
    if case.found and case.found != "}" and case.found not in STATEMENTS:
        return None
    opened = _open(words)[-1]
    closing = {"(": ")", "[": "]", "{": "}"}[opened.group()]
    end = words[-1].end()
    return case.report(
        "unclosed-bracket", opened.start(), opened.end(), bracket=opened.group(), closing=closing,
        labels=[Label(case.source.span(end, end), f"`{closing}` is missing here at the latest")],
    )  # fmt: skip


def _open(words: list[re.Match[str]]) -> list[re.Match[str]]:
    stack: list[re.Match[str]] = []
    for word in words:
        if word.group() in ("(", "[", "{"):
            stack.append(word)
        elif word.group() in _OPENING and stack:
            stack.pop()
    return [word for word in stack if word.group() != "{"]


def _habit(case: Case, words: list[re.Match[str]]) -> Diagnostic | None:
    """What people write from habit: `3 × ULN`, `prior to`, `creatinine clearance`."""
    place = case.pos
    if words and "\n" in case.source.text[words[-1].end() : place]:
        place = words[-1].end()
    habit, code = habit_at(case.source.text, case.item.start, place), "other-words"
    if habit is None:
        code = "name-of-several-words"
        habit = joined_name(case.source.text, case.pos, reserved_words() | STATEMENTS)
        if habit is None or case.item.word not in (
            "require",
            "exclude",
            "applies",
            "means",
            "define",
            "valid",
        ):
            return None
    said = case.source.text[habit.start : habit.end]
    fix = Fix(case.source.span(habit.start, habit.end), habit.instead, f"write `{habit.instead}`")
    return case.report(
        code,
        habit.start,
        habit.end,
        text=said,
        suggestion=habit.instead,
        why=habit.why,
        fix=None if "…" in habit.instead or habit.why else fix,
    )


_TEACHERS: tuple[Callable[[Case, list[re.Match[str]]], Diagnostic | None], ...] = (
    _open_text,
    _character,
    _number,
    _inner_quote,
    _chain,
    _relaxed,
    _dose,
    _habit,
    _unit,
    _list,
    _name,
    _bracket,
    _declaration,
    _stray_character,
)


# ---------------------------------------------------------------- the general case


def _expected(case: Case, words: list[re.Match[str]]) -> Diagnostic:
    previous = words[-1] if words else None
    expected = describe(case.accepted, previous.group() if previous else "") or ("something else",)
    text = case.source.text
    if not case.found:
        end = previous.end() if previous else case.pos
        return case.report("unexpected-end", end, end, expected=expected)
    found = "a text" if case.found.startswith('"') else f"`{case.found}`"
    near = suggest(case.found, _first_words(case.accepted)) if re.match(r"\w", case.found) else None
    if previous is not None and "\n" in text[previous.end() : case.pos]:
        place = case.source.span(previous.end(), previous.end())
        return diagnose(
            "syntax", place, expected=expected, found="the end of the line",
            labels=[Label(case.source.span(case.pos, case.pos + len(case.found)), f"not {found}")],
        )  # fmt: skip
    return case.at_found("syntax", expected=expected, found=found, suggestion=near)


def _first_words(accepted: frozenset[str]) -> list[str]:
    """The words of the language among the accepted terminals."""
    literals = literal_of()
    found = [literals[name] for name in accepted if name in literals and literals[name].isalpha()]
    for name, words in (
        ("VKIND", "lab condition drug procedure question finding score panel grade state"),
        ("SECTION", "identifiers escalation design safety ethics background"),
        ("KIND", "inclusion exclusion"),
        ("LEVEL", "primary secondary exploratory"),
        ("VERB", "has had received receives underwent started participated takes took"),
        ("REACTION", "refractory intolerant responded"),
        ("ENDED", "relapsed progressed"),
        ("SELECT", "latest earliest highest lowest every any mean"),
        ("TIMES", "occasions measurements"),
        ("CHANGE", "falls rises"),
    ):
        if name in accepted:
            found += words.split()
    return found


def _block(item: Item) -> str:
    parent = item.parent
    return "the file" if parent is None or parent.parent is None else f"`{parent.word}`"
