"""Mistakes of spelling and form, found before anything has a meaning."""

from protodsl.diagnostics.entry import Entry

SYNTAX = (
    Entry(
        "E0120",
        "syntax",
        "expected {expected}, found {found}",
        ("did you mean `{suggestion}`?",),
        "The text does not fit the grammar at the place marked. What could stand there is named; where a "
        "mistake is a well-known one, a diagnostic of its own explains it.",
        bad='inclusion 1 "Adult" {\n  require age at screening >= years\n}',
        good='inclusion 1 "Adult" {\n  require age at screening >= 18 years\n}',
    ),
    Entry(
        "E0121",
        "mixed-and-or",
        "`{found}` and `{other}` stand on one level, and it is not clear which belong together",
        ("put brackets round what belongs together, or use a list: `any of {{ … }}`, `all of {{ … }}`",),
        "`a and b or c` is read in two ways by two readers, and protocols are read by many. So the two "
        "may not stand side by side: brackets or a bulleted list say which belong together.",
        bad="require has_sle and sledai_2k >= 8 or intolerant to standard_treatment",
        good="require has_sle and (sledai_2k >= 8 or intolerant to standard_treatment)",
    ),
    Entry(
        "E0122",
        "bare-list",
        "a list of names needs a word that says how many of them are meant",
        (
            (
                "write `any of [a, b]` if one is enough, `all of [a, b]` or `each of [a, b]` if every one is "
                "meant"
            ),
        ),
        '"Glucocorticoids and cyclophosphamide" (all) and "PCI or CABG" (any) look the same as a bare '
        "list. A list therefore stands in brackets behind `any of`, `all of`, `each of`, `none of` or "
        "`at least 2 of`.",
        bad="exclude if received cyclophosphamide, azathioprine",
        good="exclude if received any of [cyclophosphamide, azathioprine]",
    ),
    Entry(
        "E0123",
        "dose-needs-at",
        "a dose is asked for with `at`",
        (
            "write `{verb} {name} at {op} …`",
            "write `at` before the comparison",
        ),
        "`received prednisone` is a statement about a person, not a number, so it cannot be compared. "
        "The dose is a clause of it: `received prednisone at > 10 mg/d`.",
        bad="exclude if received prednisone > 10 mg/d",
        good="exclude if received prednisone at > 10 mg/d",
    ),
    Entry(
        "E0124",
        "digit-grouping",
        "`{text}` is not a number: numbers have no comma",
        ("write `{suggestion}`",),
        "A comma is a decimal sign in some countries and groups thousands in others, so a number has "
        "neither: digits, and a point before decimals.",
        bad="require platelets >= 100,000 /uL",
        good="require platelets >= 100000 /uL",
    ),
    Entry(
        "E0125",
        "lost-superscript",
        "`{text}`: the power of ten has lost its superscript",
        (
            "write `{suggestion}`",
            "write the power with a caret: `x10^9`",
        ),
        "`1×109/L` is 1 × 10⁹/L copied without its superscript; read as written it would be 109. Powers "
        "of ten are written with a caret.",
        bad="require neutrophils >= 1×109/L",
        good="require neutrophils >= 1 x10^9/L",
    ),
    Entry(
        "E0126",
        "word-as-unit",
        "`{word}` stands behind a number like a unit, and is none",
        (
            "begin a new line before `{word}`",
            "if it is the next field, begin a new line before it",
        ),
        "A word that touches a number, or follows it after one space, is read as its unit. The next "
        "field begins on a new line.",
        bad='score pga "PGA" { scale 0 to 3 worse higher }',
        good='score pga "PGA" {\n  scale 0 to 3\n  worse higher\n}',
    ),
    Entry(
        "E0127",
        "unclosed-quote",
        'this quotation has no closing `"`',
        ('close it on the same line, or use `"""` for a text of several lines',),
        'A text in `"` ends on the line where it began. A longer one stands between `"""` and `"""`.',
        bad='note "the window is not stated',
        good='note "the window is not stated"',
    ),
    Entry(
        "E0128",
        "unclosed-brace",
        "this `{bracket}` is never closed",
        ("add the missing `{closing}`",),
        "Every `{`, `[` and `(` needs its partner. Where a block's end is missing, the indentation "
        "shows which one.",
        bad=(
            'inclusion 1 "Adult" {\n'
            "  require age at screening >= 18 years\n"
            "\n"
            'inclusion 2 "Consent" {\n'
            "  require confirmed informed_consent\n"
            "}"
        ),
        good=(
            'inclusion 1 "Adult" {\n'
            "  require age at screening >= 18 years\n"
            "}\n"
            "\n"
            'inclusion 2 "Consent" {\n'
            "  require confirmed informed_consent\n"
            "}"
        ),
    ),
    Entry(
        "E0129",
        "stray-bracket",
        "this `{bracket}` closes nothing",
        ("remove it, or add its opening `{opening}`",),
        "A closing bracket stands without an opening one before it.",
        bad="timepoint screening\n}\ntimepoint enrollment",
        good="timepoint screening\ntimepoint enrollment",
    ),
    Entry(
        "E0130",
        "curly-quotes",
        "`{found}` is a typographic quotation mark",
        ('write `"`: word processors change it without asking',),
        'Texts stand between straight quotation marks `"`. Inside a text every kind may be used.',
        bad="note “not stated”",
        good='note "not stated"',
    ),
    Entry(
        "E0131",
        "wrong-operator",
        "`{found}` is not written here",
        ("write `{suggestion}`",),
        "Signs of programming languages have words or simpler signs here: `=` for equal, `>=`, `<=`, "
        "`and`, `or`, `not`, and `is not` for different.",
        bad="require sledai_2k == 8 && age at screening => 18 years",
        good="require sledai_2k = 8 and age at screening >= 18 years",
    ),
    Entry(
        "E0132",
        "not-before-verb",
        "negation stands in the verb, not before it",
        (
            "write `{suggestion}`",
            "write `has no x`, `received no x`, `is not x`",
        ),
        "`not has x` is no English sentence, and in a long line one loses sight of what `not` reaches. "
        "The negative verb says it: `has no`, `received no`, `underwent no`, `is not`. `not (…)` remains "
        "for brackets.",
        bad="require not has active_infection",
        good="require has no active_infection",
    ),
    Entry(
        "E0133",
        "reserved-name",
        "`{word}` is a word of the language and cannot be a name",
        ("choose another, such as `{suggestion}`",),
        "The words that join a sentence (`and`, `within`, `before`, `first` …) are kept for the "
        "language, so that no sentence can be read in two ways.",
        bad='lab first "First sample" { unit U/L }',
        good='lab first_sample "First sample" { unit U/L }',
    ),
    Entry(
        "E0134",
        "unless-after-chain",
        "it is not clear whether `unless` belongs to the whole rule or to its last part",
        ("put brackets round what stands before `unless`",),
        "`unless` belongs to the rule: the criterion does not bite when its condition holds. Behind a "
        "chain of `and` or `or` a reader may take it for the last part only, so the chain is put in "
        "brackets.",
        bad='exclude if has hepatitis_b and has hepatitis_c unless judged "cured"',
        good='exclude if (has hepatitis_b and has hepatitis_c) unless judged "cured"',
    ),
    Entry(
        "E0135",
        "text-needs-quotes",
        "`{field}` is followed by more than one word; a text stands in quotation marks",
        ('write `{field} "{text} …"`',),
        "A single word may stand without quotation marks; a text of several words may not.",
        bad="sponsor Chongqing Precision Biotech",
        good='sponsor "Chongqing Precision Biotech"',
    ),
    Entry(
        "E0136",
        "unknown-declaration",
        "`{word}` does not begin anything that can stand in {block}",
        (
            "did you mean `{suggestion}`?",
            "{expected} can stand here",
        ),
        "The first word of a declaration says what it is. In the place marked this word is not known.",
        bad='criterium 1 "Adult" {\n  require age at screening >= 18 years\n}',
        good='inclusion 1 "Adult" {\n  require age at screening >= 18 years\n}',
    ),
    Entry(
        "E0137",
        "list-needs-bullets",
        "in `{quantifier} {{ … }}` every line begins with `- `",
        (
            "write `- {text}`",
            "begin each member with `- `",
        ),
        "The members of a list in braces are lines that begin with a dash and a space. Lines are not "
        "separated by commas.",
        bad="require any of {\n  has sle\n  has mctd\n}",
        good="require any of {\n  - has sle\n  - has mctd\n}",
    ),
    Entry(
        "E0138",
        "stray-character",
        "`{found}` has no meaning here",
        ("remove it; `{found}` is not part of the language",),
        "A character stands outside a text and a comment that the language does not use.",
        bad="require sledai_2k >= 8;",
        good="require sledai_2k >= 8",
    ),
    Entry(
        "E0139",
        "unexpected-end",
        "the file ends here, but {expected} should follow",
        ("the file may have been cut off",),
        "The last declaration of the file is not finished.",
        bad='protocol nct01234567 "A trial"',
        good='protocol nct01234567 "A trial" {\n}',
    ),
    Entry(
        "E0140",
        "missing-brackets",
        "names behind `{quantifier}` stand in brackets",
        ("write `{quantifier} [{text}, …]`",),
        "`any of`, `all of`, `each of` and `at least 2 of` are followed by a list in brackets, by a "
        "class, or by lines in braces.",
        bad="exclude if has any of hepatitis_b, hepatitis_c",
        good="exclude if has any of [hepatitis_b, hepatitis_c]",
    ),
    Entry(
        "E0141",
        "bare-relaxed-limit",
        "a relaxed limit (`…, or … if …`) stands alone: it cannot be a member of `{found}`",
        ("put brackets round the comparison with its relaxed limit, or write a `require` line of its own",),
        "`x <= 2 ULN, or <= 3 ULN if C and D` could end after C or after D. So a comparison with a "
        "relaxed limit is a rule of its own, or stands in brackets.",
        bad="require alt <= 3 ULN and bilirubin <= 2 ULN, or <= 3 ULN if has gilbert_syndrome",
        good="require alt <= 3 ULN\nrequire bilirubin <= 2 ULN, or <= 3 ULN if has gilbert_syndrome",
    ),
    Entry(
        "E0142",
        "relaxed-limit-comma",
        "a relaxed limit begins with a comma: `, or <= … if …`",
        ("write a comma before `or`",),
        "The comma marks that the same value is compared again, with a limit for some people only.",
        bad="require bilirubin <= 2 ULN or <= 3 ULN if has gilbert_syndrome",
        good="require bilirubin <= 2 ULN, or <= 3 ULN if has gilbert_syndrome",
    ),
    Entry(
        "E0143",
        "quote-inside-text",
        "a quotation mark inside the text ends it",
        ('use `\'` inside, or put the whole text between `"""` and `"""`',),
        'A text ends at the next `"`. A text that holds such a mark itself stands between three of them.',
        bad='note "the "other" trial"',
        good="note \"the 'other' trial\"",
    ),
    Entry(
        "E0145",
        "unopened-block",
        "`{name}` has no `{{`, though its block follows",
        ("add the missing `{{`",),
        "What belongs to a declaration stands between `{` and `}`.",
        bad='inclusion 1 "Adult"\n  require age at screening >= 18 years\n}',
        good='inclusion 1 "Adult" {\n  require age at screening >= 18 years\n}',
    ),
    Entry(
        "E0144",
        "unclosed-bracket",
        "this `{bracket}` is not closed in its sentence",
        ("add the missing `{closing}`",),
        "Round and square brackets are closed before the next statement begins.",
        bad="require (has sle or has mctd",
        good="require (has sle or has mctd)",
    ),
    Entry(
        "E0146",
        "other-words",
        "`{text}` is not written so",
        ("write `{suggestion}`{why}", "write `{suggestion}`"),
        "Registries say a thing in many ways; the language says it in one, so that it can be read in one. "
        "`≥`, `>=`, a window with its anchor, and `ULN` behind its number are how limits are written.",
        bad="require alt <= 3 × ULN",
        good="require alt <= 3 ULN",
    ),
    Entry(
        "E0148",
        "history-of",
        "`{name}` is a {actual}; a history is asked of it with its own verb",
        ("write `{suggestion}`",),
        "One `had` a disease, `underwent` a procedure and `received` a drug: the verb says which part of a "
        "record is looked at. Each of them asks for any time up to now, as a history does.",
        bad="exclude if history of organ_transplantation",
        good="exclude if underwent organ_transplantation",
    ),
    Entry(
        "E0147",
        "name-of-several-words",
        "`{text}` is read as several words; a name is one",
        ("if one thing is meant, write `{suggestion}`",),
        "A name is one word, joined by underscores. Documents print the label, with its blanks.",
        bad="require creatinine clearance >= 60 mL/min",
        good="require creatinine_clearance >= 60 mL/min",
    ),
)
