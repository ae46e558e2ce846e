"""Each rule of the linter with a minimal pair: a text that triggers it, and one almost alike that does not.

`+` begins a declaration added to the vocabulary, `@` a line of the source document with `/` for its line
breaks, a quoted title and `{` a protocol without the usual anchor.
"""
# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest

from protodsl.diagnostics.catalogue import BY_NAME
from protodsl.driver import CheckResult, check
from protodsl.lint import RULES

ROOT = Path(__file__).parents[2]
VOCABULARY = """language 1
lab alt "ALT" { unit U/L range 0 to 9999 }
lab ast "AST" { unit U/L }
score pga "PGA" { version "1" scale 0 to 3 points }
condition sle "SLE"
condition hypertension "Hypertension"
condition cough "Cough"
condition fever "Fever"
drug x "X" { atc "L01" half_life 3 days }
drug bare "Bare"
"""
FRAME = """
  timepoint screening
  timepoint infusion after screening
  values within 28 days before screening
"""
ONE = FRAME + "  anchor screening\n"
FEVER = "require has fever or has cough"
GOAL = (
    'objective primary "Goal" { endpoint e "E" { time frame %s after screening variable level of alt source "measured %s" %s } } '
    "inclusion 1 { require has sle }"
)
PRODUCT = (
    'intervention i "%s" { kind drug route "oral" frequency "daily" %s } inclusion 1 { require has sle }'
)

TWO = (
    'inclusion 1 { source "Has SLE" require has sle } exclusion 1 { source "Fever" %s exclude if has fever }'
)
BACK = (
    'inclusion 1 { source "Has SLE" require has sle } exclusion 1 { source "Fever" exclude if has fever } '
    'inclusion 2 { source "Cough" require has cough }'
)
COUGH = 'exclusion 1 { source "%s" exclude if has cough %s }'

# rule → (what triggers it, what almost does)
PAIRS: dict[str, list[tuple[str, str]]] = {
    "repeated-criterion": [(
        "inclusion 1 { require alt <= 9 U/L } inclusion 2 { require alt <= 9 U/L }",
        "inclusion 1 { require alt <= 9 U/L } inclusion 2 { require ast <= 9 U/L }",
    )],
    "repeated-clause": [
        ("exclusion 1 { exclude if has fever or has cough or has fever }",
         "exclusion 1 { exclude if has fever or has cough or had fever }"),
        ("exclusion 1 { part a { exclude if has fever } part b { exclude if has fever } }",
         "exclusion 1 { part a { exclude if has fever } part b { applies if sex is female exclude if has fever } }"),
    ],
    "vacuous": [
        ("inclusion 1 { require alt >= 0 U/L }", "inclusion 1 { require alt > 0 U/L }"),
        (
            "inclusion 1 { require alt between 0 U/L and 9999 U/L }",
            "inclusion 1 { require alt between 0 U/L and 9 U/L }",
        ),
    ],
    "contradiction": [(
        "inclusion 1 { require alt >= 9 U/L and alt <= 8 U/L }",
        "inclusion 1 { require alt >= 8 U/L and alt <= 9 U/L }",
    )],
    "window-empty": [(
        "exclusion 1 { exclude if had sle from screening to 3 days before screening }",
        "exclusion 1 { exclude if had sle from 3 days before screening to screening }",
    )],
    "window-ahead": [
        ("exclusion 1 { exclude if had sle within 8 weeks of screening }",
         "exclusion 1 { exclude if had sle within 8 weeks before screening }"),
        ("exclusion 1 { exclude if received x from screening to 3 days after screening }",
         "exclusion 1 { exclude if alt > 9 U/L within 3 days of screening }"),
    ],
    "unused-vocabulary": [(
        'define d means has sle inclusion 1 { require alt <= 9 U/L }',
        'define d means has sle inclusion 1 { require d }',
    )],
    "drug-without-code": [
        ("exclusion 1 { exclude if received bare }", "exclusion 1 { exclude if received x }"),
    ],
    "limit-implied": [
        (
            "inclusion 1 { require age at screening >= 18 years } inclusion 2 { require age at screening >= 12 years }",
            "inclusion 1 { require age at screening >= 18 years } inclusion 2 { require age at screening <= 75 years }",
        ),
        (
            "inclusion 1 { require alt <= 3 ULN } exclusion 1 { exclude if alt > 5 ULN }",
            "inclusion 1 { require alt <= 3 ULN } exclusion 1 { exclude if alt < 1 ULN }",
        ),
        (
            'inclusion 1 { require alt <= 3 ULN } inclusion 2 { require alt <= 5 ULN }',
            'inclusion 1 { require alt <= 3 ULN } inclusion 2 { require alt <= 5 ULN clarify "Both are printed." }',
        ),
        (
            "inclusion 1 { require alt <= 3 ULN } inclusion 2 { require alt <= 5 ULN }",
            "inclusion 1 { require alt <= 3 ULN or has sle } inclusion 2 { require alt <= 5 ULN }",
        ),
        (
            "inclusion 1 { require alt <= 3 ULN } inclusion 2 { require alt <= 5 ULN }",
            "inclusion 1 { require alt <= 3 ULN } inclusion 2 { applies if sex is female require alt <= 5 ULN }",
        ),
    ],
    "limits-exclude": [
        (
            "inclusion 1 { require alt <= 40 U/L } inclusion 2 { require alt >= 80 U/L }",
            "inclusion 1 { require alt <= 40 U/L } exclusion 2 { exclude if alt >= 80 U/L }",
        ),
        (
            "inclusion 1 { require alt <= 40 U/L } exclusion 1 { exclude if alt <= 40 U/L }",
            "inclusion 1 { require alt <= 40 U/L } exclusion 1 { exclude if alt < 40 U/L }",
        ),
    ],
    "included-and-excluded": [(
        "inclusion 1 { require has sle } exclusion 1 { exclude if has sle }",
        "inclusion 1 { require has sle } exclusion 1 { exclude if has fever }",
    )],
    "steps-differ": [(
        "{stage a at screening { inclusion 1 { require alt <= 3 ULN } } "
        "stage b at infusion requires a { inclusion 1 { require alt < 3 ULN } }",
        "{stage a at screening { inclusion 1 { require alt <= 3 ULN } } "
        "stage b at infusion requires a { inclusion 1 { require alt <= 3 ULN } }",
    ), (
        "{stage a at screening { inclusion 1 { require alt <= 3 ULN } } "
        "stage b at infusion requires a { inclusion 1 { require alt <= 90 U/L } }",
        "{stage a at screening { inclusion 1 { require alt <= 3 ULN } } "
        "stage b at infusion requires a { inclusion 1 { require alt <= 3 ULN and alt >= 9 U/L } }",
    )],
    "source-superscript": [
        ('inclusion 1 { source "3×105/kg" require has sle }', 'inclusion 1 { source "3×10^5/kg" require has sle }'),
        ('inclusion 1 { source "3×105/kg" require has sle }',
         'inclusion 1 { source "3×105/kg" require has sle clarify "10^5." }'),
    ],
    "source-and-or": [(
        f'inclusion 1 {{ source "fever and/or cough" {FEVER} }}',
        f'inclusion 1 {{ source "fever or cough" {FEVER} }}',
    )],
    "source-whichever": [(
        'exclusion 1 { source "4 weeks or 5 half-lives, whichever is longer" '
        "exclude if received x within 4 weeks before screening }",
        'exclusion 1 { source "4 weeks or 5 half-lives, whichever is longer" '
        "exclude if received x within the longer of 4 weeks and 5 half_lives before screening }",
    )],
    "source-subjective": [
        (
            'exclusion 1 { source "Uncontrolled hypertension" exclude if has hypertension }',
            'exclusion 1 { source "Uncontrolled hypertension" exclude if has hypertension judged "uncontrolled" }',
        ),
        (
            'exclusion 1 { source "Uncontrolled hypertension" exclude if has hypertension }',
            'exclusion 1 { source "Hypertension" exclude if has hypertension }',
        ),
    ],
    "instrument-incomplete": [(
        '+score s "S"\ninclusion 1 { require s >= 8 }',
        '+score s "S" { version "2000" scale 0 to 105 points }\ninclusion 1 { require s >= 8 points }',
    )],
    "title-unsupported": [
        ('"Drug X in refractory SLE" inclusion 1 { require has sle }',
         '"Drug X in SLE" inclusion 1 { require has sle }'),
        ('"Drug X in refractory SLE" inclusion 1 { require has sle }',
         '"Drug X in refractory SLE" inclusion 1 { require has sle and refractory to x }'),
    ],
    "personal-data": [
        ('sponsor "A. Smith, a.smith@example.org"', 'sponsor "Example Hospital, Smith Street 1"'),
        ('sponsor "A. Smith, tel. +49 30 1234567"', 'sponsor "Registration NCT01234567"'),
    ],
    "promotional-wording": [(
        'background { lay_summary "A revolutionary treatment." }',
        'background { lay_summary "The French revolution." }',
    )],
    "source-brackets": [
        ('exclusion 1 { source "Fever (above 38 or cough" exclude if has fever }',
         'exclusion 1 { source "a) Fever (above 38) or cough" exclude if has fever }'),
        ('exclusion 1 { part 1 { source "Fever（above 38" exclude if has fever } }',
         'exclusion 1 { part 1 { source "Fever（or" exclude if has fever } part 2 { source "cough)" exclude if has cough } }'),
        ('exclusion 1 { source "Fever [above 38" exclude if has fever }',
         'exclusion 1 { source "Fever [above 38" exclude if has fever clarify "Fever alone." }'),
    ],
    "source-fewer-than": [
        ('inclusion 1 { source "to less than 2 prior therapies" require received x }',
         'inclusion 1 { source "to less than 2 U/L" require received x }'),
        ('inclusion 1 { source "fewer than two lines" require received x }',
         'inclusion 1 { source "at least two lines" require received x }'),
    ],
    "source-contraception": [(
        'inclusion 1 { source "Women agree to use contraception" require agrees "contraception" }',
        'inclusion 1 { source "Women agree to use contraception during the trial" require agrees "contraception" }',
    ), (
        'inclusion 1 { source "Women use contraception until 1 year after it" require agrees "contraception" }',
        'inclusion 1 { source "Women use contraception from now until 1 year after it" require agrees "contraception" }',
    ), (
        'inclusion 1 { source "Contraception during the trial" require agrees "contraception" }',
        'inclusion 1 { applies if sex is female source "Contraception during the trial" require agrees "contraception" }',
    )],
    "source-heading": [
        ("@Inclusion Criteria/- Has SLE/- Fever\n" + TWO % "",
         "@Inclusion Criteria/- Has SLE/Exclusion Criteria/- Fever\n" + TWO % ""),
        ("@Has SLE/Fever\n" + TWO % "", "@Has SLE/Fever\n" + TWO % 'clarify "It must exclude."'),
        ("@Has SLE/Not eligible are/Fever\n" + TWO % "", "@Has SLE/Not eligible are:/Fever\n" + TWO % ""),
        ("@Has SLE/Exclusion criteria: Fever/Cough\n" + BACK, "@Has SLE/Exclusion criteria: Fever/Inclusion:/Cough\n" + BACK),
        ("@Exclusion criteria/Has SLE/Fever\n" + TWO % "" + ' inclusion 2 { source "Fever" require has cough }',
         "@Exclusion criteria/Fever/Inclusion criteria/Has SLE\n" + TWO % ""),
    ],
    "source-exceptions": [
        (COUGH % ("Cough, except allergic cough for 5 years; dry cough", ""),
         COUGH % ("Cough, except allergic cough for 5 years, dry cough;", "")),
        (COUGH % ("Cough (e.g. with fever except for malaria, or with pain)", ""),
         COUGH % ("Cough (e.g. with fever (except for malaria), or with pain)", "")),
        (COUGH % ("Cough other than allergic or dry, provided there is no fever", ""),
         COUGH % ("Cough other than allergic, provided there is no fever", "")),
        (COUGH % ("Cough except dry; or allergic", ""), COUGH % ("Cough except dry; or allergic", 'clarify "Either."')),
    ],
    "source-days": [
        ('exclusion 1 { source "X within 4 weeks before screening or infusion" exclude if received x within 4 weeks before screening }',
         'exclusion 1 { source "X within 4 weeks before screening or infusion" exclude if received x within 4 weeks before screening or received x within 4 weeks before infusion }'),
        ('exclusion 1 { source "X within 4 weeks prior to enrollment/randomization" exclude if received x within 4 weeks before screening }',
         'exclusion 1 { source "X within 4 weeks prior to enrollment or now" exclude if received x within 4 weeks before screening }'),
    ],
    "title-centres": [
        ('"Multicentre trial in SLE" design { centres "1" } inclusion 1 { require has sle }',
         '"Multicentre trial in SLE" design { centres "12" } inclusion 1 { require has sle }'),
        ('"Single-center trial in SLE" design { centres "3" } inclusion 1 { require has sle }',
         '"Single-center trial in SLE" design { centres "single" } inclusion 1 { require has sle }'),
    ],
    "source-unanchored": [
        ('exclusion 1 { source "Had X within 4 weeks" exclude if received x within 4 weeks before screening }',
         'exclusion 1 { source "Had X within 4 weeks prior to screening" exclude if received x within 4 weeks before screening }'),
        ('exclusion 1 { source "X in one month" exclude if received x within 1 month before screening }',
         'exclusion 1 { source "X in one month" clarify "Of screening?" exclude if received x within 1 month before screening }'),
    ],
    "source-spelling": [
        ('+drug belimumab "Belimumab" { atc "L04AG04" }\nexclusion 1 { source "Had Beliuzumab" exclude if received belimumab }',
         '+drug belimumab "Belimumab" { atc "L04AG04" }\nexclusion 1 { source "Had belimumab, beliuzumab" exclude if received belimumab }'),
        ('+drug anticonvulsant "Anticonvulsant" { atc "N03" }\nexclusion 1 { source "On anticonvulsent" exclude if received anticonvulsant }',
         '+drug anticonvulsant "Anticonvulsant" { atc "N03" }\nexclusion 1 { source "On anticonvulsants" exclude if received anticonvulsant }'),
    ],
    "frame-contradicts": [
        (GOAL % ("3 months", "at 6 months", ""), GOAL % ("3 months", "after 90 days", "")),
        (GOAL % ("3 months", "at week 24", ""), GOAL % ("3 months", "at week 24", 'clarify "Which?"')),
        (GOAL % ("3 months", "at day 28", ""), GOAL % ("3 months", "in those below 28 days of age", "")),
    ],
    "product-names-differ": [
        ('"CAR T cells in SLE" ' + PRODUCT % ("CAR-T cells", ""), '"CAR-T cells in SLE" ' + PRODUCT % ("CAR-T cells", "")),
        ('"CAR T cells in SLE" ' + PRODUCT % ("CAR-T cells", ""),
         '"CAR T cells in SLE" ' + PRODUCT % ("CAR-T cells", 'other_names "CAR T cells"')),
        ('"QN139b in SLE" ' + PRODUCT % ("QN-139b", ""), '"QN-139b in SLE" ' + PRODUCT % ("QN-139b", "")),
    ],
    "conditions-differ": [
        ('conditions "Hypertension", "SLE" inclusion 1 { require has sle }',
         'conditions "SLE" inclusion 1 { require has sle }'),
        ('conditions "Disease of the skin", "Lupus" inclusion 1 { require has hypertension }',
         'conditions "Hypertensive disease" inclusion 1 { require has hypertension }'),
    ],
}  # fmt: skip


def checked(body: str, more: str = "") -> CheckResult:
    vocabulary = VOCABULARY + more
    if body.startswith("+"):
        declared, _, body = body[1:].partition("\n")
        vocabulary += f"{declared}\n"
    document = ""
    if body.startswith("@"):
        document, _, body = body[1:].partition("\n")
        body = 'identifiers { source_document "s.txt" } ' + body
    title, frame = "", ONE
    if body.startswith('"'):
        title, body = body[: body.index('"', 1) + 1], body[body.index('"', 1) + 1 :]
    if body.startswith("{"):
        frame, body = FRAME, body[1:]
    text = f'language 1 use "v.proto-lite"\nprotocol p {title} {{\n{frame}{body}\n}}\n'

    texts = {"v.proto-lite": vocabulary, "p.proto-lite": text, "s.txt": document.replace("/", "\n")}

    def read(path: str) -> bytes:
        return texts[path].encode()

    return check("p.proto-lite", read=read, root=".")


def names(body: str) -> set[str]:
    result = checked(body)
    assert [one.message for one in result.diagnostics if one.severity == "error"] == [], body
    return {one.name for one in result.diagnostics}


CASES = [(name, *pair) for name, pairs in PAIRS.items() for pair in pairs]


@pytest.mark.parametrize(("name", "triggers", "almost"), CASES)
def test_minimal_pair(name: str, triggers: str, almost: str) -> None:
    assert name in names(triggers)
    assert name not in names(almost)


def test_every_rule_has_a_pair() -> None:
    """Rules that report what other tests show: tables in `tests/diagnostics`, quotations need a document."""
    elsewhere = {"rows-overlap", "rows-gap", "missing-source"}
    assert len(RULES) == len({rule.__name__ for rule in RULES})
    assert set(PAIRS) | elsewhere <= set(BY_NAME)
    assert len(PAIRS) + 2 >= len(RULES)


@pytest.mark.parametrize("name", PAIRS)
def test_every_rule_can_be_accepted_with_a_reason(name: str) -> None:
    code = BY_NAME[name].code
    body = PAIRS[name][0][0]
    words = f' accept {code} because "it is so" '
    at = 0
    if body.startswith(("+", "@")):
        at = body.index("\n") + 1
    if body[at : at + 1] in ('"', "{"):
        at = body.index('"', at + 1) + 1 if body[at] == '"' else at + 1
    if name in ("drug-without-code", "instrument-incomplete"):  # said where the item is declared
        result = checked(body, words)
    else:
        result = checked(body[:at] + words + body[at:])
    assert name not in {one.name for one in result.diagnostics}
    accepted = [one for one in result.accepted if one.diagnostic.name == name]
    assert accepted and {one.because for one in accepted} == {"it is so"}
    assert "accept-unused" not in {one.name for one in result.diagnostics}


def test_an_accept_reaches_its_own_block_only() -> None:
    pair = 'exclusion 1 { source "Serious cough" %s exclude if has cough } exclusion 2 { source "Serious fever" exclude if has fever }'
    assert len([one for one in checked(pair % "").diagnostics if one.code == "W0664"]) == 2
    result = checked(pair % 'accept W0664 because "as read"')
    assert [one.message[:11] for one in result.diagnostics if one.code == "W0664"] == ["exclusion 2"]
    assert len(result.accepted) == 1


def test_an_accept_that_silences_nothing() -> None:
    result = checked('exclusion 1 { accept W0664 because "as read" exclude if has cough }')
    assert "accept-unused" in {one.name for one in result.diagnostics}


@pytest.mark.parametrize("code", ["E0201", "W9999", "W06"])
def test_what_cannot_be_accepted(code: str) -> None:
    result = checked(f'exclusion 1 {{ accept {code} because "no" exclude if has cough }}')
    assert [one.name for one in result.diagnostics if one.severity == "error"] == ["accept-unknown"]


def test_accept_stands_in_every_block() -> None:
    blocks = (
        'identifiers { %s } ', "arm a { %s } ", "intervention i { kind drug route oral frequency daily %s } ",
        "regimen r { %s } ", "visit v at screening { %s } ", "activity v { %s } ", 'objective primary "o" { %s } ',
        'objective primary "o" { endpoint e { time frame not stated %s } } ',
        "inclusion 1 { part 1 { require has sle %s } } ", "timepoint later { %s } ", "cohort c { inclusion 1 { require has sle } %s } ",
        "define d { %s means has sle } ", "satisfy any of { inclusion 1 { require has sle } %s } ",
    )  # fmt: skip
    for block in blocks:
        result = checked(block % 'accept W0664 because "x"')
        errors = [one for one in result.diagnostics if one.severity == "error"]
        plain = [one for one in checked(block % "").diagnostics if one.severity == "error"]
        assert [one.code for one in errors] == [one.code for one in plain], (block, errors)
    vocabulary = (
        'lab b "B" { unit U/L %s }', 'score b "B" { %s }', 'question b "B" { %s }', 'drug class b "B" { members [x] %s }',
        'equivalent b "B" { give x 5 mg %s }', 'measure b "B" { unit U/L lead alt each input within 3 days formula alt in U/L %s }',
        'panel b "B" { items [one] values [present, absent] %s }', 'finding b "B" { values [one, two] %s }',
    )  # fmt: skip
    for item in vocabulary:
        said = item % 'accept W0664 because "x"'
        errors = [one for one in checked(f"+{said}\n").diagnostics if one.severity == "error"]
        plain = [one for one in checked(f"+{item % ''}\n").diagnostics if one.severity == "error"]
        assert [one.code for one in errors] == [one.code for one in plain], (item, errors)


def test_the_shipped_protocols_are_clean() -> None:
    for path in sorted((ROOT / "protocols").rglob("*.proto-lite")):
        assert check(str(path)).diagnostics == (), path
