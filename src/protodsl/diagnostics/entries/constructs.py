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
    Entry(
        "E0364",
        "stable-needs-period",
        "for how long is the dose of `{name}` stable, and up to which day?",
        ("write `receives {name} at stable dose for >= 4 weeks at screening`",),
        "A dose is stable over a time: on each day of a period that ends on the day asked about it is the "
        "same, and some.",
        bad="require receives prednisone at stable dose",
        good="require receives prednisone at stable dose for >= 4 weeks",
    ),
    Entry(
        "E0366",
        "lines-need-received",
        "`{verb}` does not ask about lines of treatment",
        ("write `received at least 2 lines of {name}`",),
        "A line of treatment is a course, or several given together, that a record numbers. Lines are "
        "counted over the past.",
        bad="require receives at least 2 lines of chemotherapy",
        good="require received at least 2 lines of chemotherapy",
    ),
    Entry(
        "E0367",
        "cohort-not-here",
        "`{name}` asks for the cohort where none is known",
        ("write the criterion inside the cohorts, or in `common to [a, b] {{ … }}`",),
        "A criterion of the whole stage is judged once, whatever cohort somebody may join. Only inside a "
        "cohort is it known which one is meant.",
    ),
    Entry(
        "E0368",
        "parameter-without-value",
        "`{name}` has no value for the cohort `{cohort}`",
        ("add a row for it, or a last one with `otherwise`",),
        "A parameter by cohort must say something wherever it is used.",
    ),
    Entry(
        "E0372",
        "window-by-case",
        "the length `{name}` differs by case, and this window belongs to no statement that could",
        ("write the window in each criterion", "give the parameter one value"),
        "A statement about a window of several lengths is a statement for each case. The `values` of a block "
        "and the timepoints hold for everybody alike.",
        bad="values within washout before screening",
        good="exclude if received glucocorticoid within washout before screening",
    ),
    Entry(
        "E0373",
        "parameter-no-length",
        "`{name}` is no length of time",
        ("give it one: `parameter {name} = 4 weeks`",),
        "The length of a window is a number of days, weeks, months, years or half-lives.",
        bad="exclude if received glucocorticoid within most_alt before screening",
        good="exclude if received glucocorticoid within 4 weeks before screening",
    ),
    Entry(
        "E0374",
        "change-of-side",
        "the change of one side is asked between two named times",
        ("write `falls by >= 5 from baseline to month_3`",),
        "It is that of two values of that side. Within a period it would not be clear which values are meant "
        "where some have no side.",
        bad="require bcva of study_eye falls by >= 5 within 12 months before screening",
        good="require bcva of study_eye falls by >= 5 from baseline to month_3",
    ),
    Entry(
        "E0369",
        "side-of-formula",
        "`{name}` is computed, and what is computed has no side",
        ("ask the side of a result that is recorded",),
        "A formula puts together values of the whole body, which a record gives no side.",
        bad="require creatinine_clearance of left >= 60 mL/min",
        good="require bcva of study_eye >= 34 letters",
    ),
    Entry(
        "E0365",
        "change-needs-by",
        "`{word}` must say by how much",
        (
            "write `{word} by >= 4 from baseline to month_3`",
            "only `dose of x changes within …` asks whether there was any change",
        ),
        "Of two results one is nearly always higher: a change of values is asked with its size. A dose is "
        "the same until somebody changes it.",
        bad="require sledai_2k falls within 3 months before screening",
        good="require sledai_2k falls by >= 4 within 3 months before screening",
    ),
    Entry(
        "E0370",
        "mean-in-formula",
        "a formula takes the latest value of each of its inputs",
        ("take the mean in the criterion that asks for the value: `mean of the last 3 bmi`",),
        "The inputs of a formula are those of one moment, that of its lead. A mean of several moments is no "
        "input of it.",
        bad="formula 0.413 * mean of the last 2 body_height in cm / creatinine in mg/dL",
        good="formula 0.413 * body_height in cm / creatinine in mg/dL",
    ),
    Entry(
        "E0371",
        "disease-is-no-stay",
        "a record of `{name}` does not say that somebody was in hospital for it",
        (
            'declare the stay, `procedure {name}_admission "Hospital stay for {label}" {{}}`, and write '
            "`was hospitalised for {name}_admission`",
        ),
        "Most people with a disease are not in hospital for it. A stay is an event of its own, with its own "
        "days.",
        bad="require was hospitalised for heart_failure within 12 months before screening",
        good="require was hospitalised for heart_failure_admission within 12 months before screening",
    ),
    Entry(
        "E0381",
        "reference-table",
        "the reference table {path} cannot be read: {reason}",
        ("see `protodsl explain E0381` for what such a file looks like",),
        "A reference table is a CSV file. Its first line names the columns: `sex` (`female`, `male`; left "
        "out where the table is the same for both), one of `age_years`, `age_months`, `age_weeks` and "
        "`age_days`, and percentiles such as `p5` and `p97.5`. Each further line holds the values of one "
        "completed age; ages rise, and so do the values of a line. It is read like any other file of the "
        "project: never from outside it.",
        bad="sex,age,p95\nfemale,24.5,19.1",
        good="sex,age_months,p5,p95\nfemale,24,14.4,19.1\nmale,24,14.8,19.3",
    ),
    Entry(
        "E0382",
        "no-such-percentile",
        "the reference table `{name}` has no percentile {percentile}; it has {known}",
        ("ask for one of these, or add a column to the file",),
        "Percentiles are read from the file; none is interpolated.",
        bad="require bmi < percentile 99 of bmi_for_age",
        good="require bmi < percentile 95 of bmi_for_age",
    ),
)
