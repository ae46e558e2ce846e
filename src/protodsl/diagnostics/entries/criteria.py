"""Criteria and their sources, and the care of the vocabulary."""

from protodsl.diagnostics.entry import Entry

CRITERIA = (
    Entry(
        "E0501",
        "wrong-polarity",
        "an {kind} is written with `{expected}`, not with `{found}`",
        ("write `{expected}` and turn the condition round, or make it an {other}",),
        "An inclusion says what is required, an exclusion what excludes. `require` in an exclusion would "
        "leave open which of the two is meant.",
        bad='exclusion 1 "Infection" { require has no active_infection }',
        good='exclusion 1 "Infection" { exclude if has active_infection }',
    ),
    Entry(
        "E0502",
        "empty-criterion",
        "{id} asks nothing",
        ('add `{suggestion}`; what a person must judge is `judged "…"`',),
        "A criterion without a rule passes everybody. What cannot be computed is still asked, as a "
        "judgement.",
        bad='inclusion 1 "Activity" { source "Active disease" }',
        good='inclusion 1 "Activity" {\n  source "Active disease"\n  require judged "active disease"\n}',
    ),
    Entry(
        "W0554",
        "rows-overlap",
        "two rows of a table hold at once and say different things: when {reason}",
        ("make their conditions exclusive",),
        "A table is read in any order. For a person for whom two rows say different things the value is "
        "`conflicting`, and never known.",
        bad="table {\n  - 1 if age <= 12 years\n  - 2 if age >= 12 years\n}",
        good="table {\n  - 1 if age < 12 years\n  - 2 if age >= 12 years\n}",
    ),
    Entry(
        "W0555",
        "rows-gap",
        "no row of a table holds when {reason}",
        ("add a row, or `otherwise`",),
        "A table without `otherwise` says nothing about people for whom no row holds: their value is `not "
        "computable`.",
        bad="table {\n  - 1 if age < 12 years\n  - 2 if age > 12 years\n}",
        good="table {\n  - 1 if age < 12 years\n  - 2 if age >= 12 years\n}",
    ),
    Entry(
        "E0506",
        "unknown-stage-order",
        "stage `{name}` requires `{other}`, which {reason}",
        ("a stage requires one that comes before it",),
        "Stages follow one another; a later one may require that an earlier one was passed.",
    ),
    Entry(
        "E0507",
        "not-allowed-here",
        "{found} cannot stand in {block}",
        (
            "{expected} can stand here",
            "move it",
        ),
        "Some declarations belong to a protocol, others to a stage, a criterion or the vocabulary.",
    ),
    Entry(
        "E0601",
        "quotation-not-found",
        'this quotation is not in the source: after "{found}" the source goes on "{expected}"',
        ("copy it from `{path}`; blanks and line ends do not matter, every other character does",),
        "`source` quotes the document word for word, so that a reviewer finds each sentence again. The "
        "first place where the quotation and the document part is shown.",
        bad='source "Age 18 years and older"',
        good='source "Age ≥ 18 years old , gender not limited"',
    ),
    Entry(
        "E0602",
        "quotation-nowhere",
        "this quotation is not in the source",
        (
            'the nearest passage is "{suggestion}"',
            "copy it from `{path}`",
        ),
        "`source` quotes the document word for word, so that a reviewer finds each sentence again.",
        bad='source "Age 18 years and older"',
        good='source "Age ≥ 18 years old , gender not limited"',
    ),
    Entry(
        "E0508",
        "accept-unknown",
        "there is no warning `{code}` that could be accepted",
        ("did you mean `{suggestion}`?", "warnings have codes that begin with W; errors cannot be accepted"),
        "`accept` silences one warning, by its code, in the block in which it stands. An error says that "
        "something has no meaning, which no reason can mend.",
        bad='accept E0201 because "it is fine"',
        good='accept W0553 because "the sponsor\'s own product has no code yet"',
    ),
    Entry(
        "W0556",
        "accept-unused",
        "nothing here gives {code}: this `accept` silences nothing",
        ("remove it",),
        "An `accept` that silences nothing any more would hide the warning if it came back for another "
        "reason.",
    ),
    Entry(
        "W0551",
        "repeated-criterion",
        "{id} asks the same as {other}",
        ("if the source repeats it, say so with `clarify`",),
        "Two criteria with the same rule are a repetition in the source, or a copy that was not changed.",
    ),
    Entry(
        "W0557",
        "repeated-clause",
        "{id} says this clause twice",
        ("remove one of them, or say with `clarify` why the source repeats it",),
        "A clause that stands twice adds nothing. Often the second was copied, and should have been changed.",
        bad="exclude if has fever or has cough or has fever",
        good="exclude if has fever or has cough or has sore_throat",
    ),
    Entry(
        "W0552",
        "unused-vocabulary",
        "`{name}` is declared and never used",
        ("remove it, or use it",),
        "A declaration nobody uses is often the other half of a misspelt name.",
    ),
    Entry(
        "W0553",
        "drug-without-code",
        "drug `{name}` has no code",
        ('add `atc "…"` or `rxnorm "…"`, or `atc not stated "why"` where none has been assigned',),
        "Records from hospitals name drugs by code; without one, no record will be recognised.",
        bad='drug prednisone "Prednisone"',
        good='drug prednisone "Prednisone" { atc "H02AB07" }',
    ),
    Entry(
        "W0651",
        "missing-source",
        "{id} does not quote its source",
        ('add `source "…"` with the sentence of the protocol',),
        "Each criterion quotes the sentence it was written from, so that it can be reviewed.",
        bad='inclusion 3 "Activity" { require sledai_2k >= 8 }',
        good='inclusion 3 "Activity" {\n  source "SLEDAI 2K score≥8 points;"\n  require sledai_2k >= 8\n}',
    ),
    Entry(
        "W0652",
        "source-uncovered",
        '{percent} % of the source\'s eligibility text is quoted; this passage is not: "{found}"',
        ('write its criterion, or `aside "…" because "…"` if it is none',),
        "Every sentence of the eligibility text belongs to a criterion, or is set aside with a reason.",
    ),
    Entry(
        "W0653",
        "no-source-document",
        "the protocol names no source document, so its quotations cannot be checked",
        ('add `source_document "sources/….txt"` to `identifiers`',),
        "Quotations are compared with the document they were taken from.",
    ),
)
