"""Limits by case, and the other constructs that criteria of many fields ask for."""

from protodsl.diagnostics.entry import Entry

CONSTRUCTS = (
    Entry(
        "E0360",
        "rows-not-exclusive",
        "two rows may hold for one person: {reason}",
        ("make their conditions exclusive, or write `is first of {{ … }}`: the first row that fits decides",),
        "Of the rows of such a table exactly one is to hold for everybody, so that their order says nothing. "
        "Where an earlier row is meant to come before a later one, `first of` says so.",
        bad="require nt_probnp is {\n  - >= 900 pg/mL if has atrial_fibrillation\n"
        "  - >= 300 pg/mL if has heart_failure\n  - >= 600 pg/mL otherwise\n}",
        good="require nt_probnp is first of {\n  - >= 900 pg/mL if has atrial_fibrillation\n"
        "  - >= 300 pg/mL if has heart_failure\n  - >= 600 pg/mL otherwise\n}",
    ),
    Entry(
        "E0361",
        "rows-leave-gap",
        "no row may hold for somebody: {reason}",
        ("add the row that is missing, or a last one with `otherwise`",),
        "A limit by case must say something for everybody. Only of conditions on sex, age and values can "
        "the compiler see that they leave nobody out.",
        bad="require hemoglobin is {\n  - >= 13 g/dL if sex is male\n}",
        good="require hemoglobin is {\n  - >= 13 g/dL if sex is male\n  - >= 12 g/dL otherwise\n}",
    ),
    Entry(
        "E0362",
        "rows-negated",
        "`is not` before rows does not say which of them is denied",
        ("write the rows that must hold, or put the whole in brackets behind `not`",),
        "The negation of a limit by case is another limit by case: turn each row round.",
        bad="require alt is not { - > 3 ULN if sex is male - > 2 ULN otherwise }",
        good="require not (alt is { - > 3 ULN if sex is male - > 2 ULN otherwise })",
    ),
    Entry(
        "E0363",
        "rows-without-condition",
        "`otherwise` alone is no case",
        ("state the limit itself: `alt <= 3 ULN`",),
        "Rows distinguish cases; with one row that holds for everybody there is nothing to distinguish.",
    ),
)
