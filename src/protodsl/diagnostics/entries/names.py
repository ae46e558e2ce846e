"""Names, fields, imports: whether what is spoken of exists."""

from protodsl.diagnostics.entry import Entry

NAMES = (
    Entry(
        "E0201",
        "unknown-name",
        "there is no {what} called `{name}`",
        (
            "did you mean `{suggestion}`?",
            "declare it, or bring its file in with `use`",
        ),
        "Everything a protocol speaks of is declared: labs, scores, conditions, drugs, procedures and "
        "questions in the vocabulary, timepoints and stages in the protocol. A misspelt name would "
        "otherwise be a criterion nobody meets.",
        bad="require sledai_2000 >= 8",
        good="require sledai_2k >= 8",
    ),
    Entry(
        "E0202",
        "duplicate-name",
        "`{name}` is declared twice",
        ("give one of them another name, or remove it",),
        "A name means one thing in a protocol and in all files it uses.",
        bad='lab alt "ALT" { unit U/L }\nlab alt "Alanine aminotransferase" { unit U/L }',
        good='lab alt "ALT" { unit U/L }',
    ),
    Entry(
        "E0203",
        "duplicate-criterion",
        "{id} is written twice",
        ("number it as the source does; if the source repeats a number, add a letter: `3a`, `3b`",),
        "Reports name criteria by their number. Two with one number cannot be told apart.",
        bad='inclusion 1 "Adult" { }\ninclusion 1 "Consent" { }',
        good='inclusion 1 "Adult" { }\ninclusion 2 "Consent" { }',
    ),
    Entry(
        "E0204",
        "unknown-timepoint",
        "there is no timepoint called `{name}`",
        (
            "did you mean `{suggestion}`?",
            "declare it: `timepoint {name}`",
        ),
        "Windows and visits are anchored at timepoints, and each is declared once: `timepoint screening`.",
        bad="exclude if received live_vaccine within 4 weeks before screning",
        good="exclude if received live_vaccine within 4 weeks before screening",
    ),
    Entry(
        "E0205",
        "wrong-kind",
        "`{name}` is a {actual}; {expected} is wanted here",
        (
            "with a {actual} one writes `{suggestion}`",
            "check the verb: `has` conditions, `received` drugs, `underwent` procedures",
        ),
        "The verb says what kind of thing is meant: one `has` a condition, `receives` a drug, "
        "`undergoes` a procedure; labs and scores are compared; questions are `confirmed`.",
        bad="exclude if received hypertension",
        good="exclude if has hypertension",
    ),
    Entry(
        "E0206",
        "cyclic-definition",
        "`{name}` is defined by itself: {path}",
        ("break the circle: one of them must be said without the others",),
        "A definition, formula, class or timepoint leads back to itself, so it has no value.",
        bad="define a means b\ndefine b means a",
        good="define a means has systemic_lupus_erythematosus\ndefine b means a",
    ),
    Entry(
        "E0207",
        "cyclic-import",
        "these files use each other: {path}",
        ("move what both need into a third file",),
        "A file that uses a file that uses the first has no beginning.",
    ),
    Entry(
        "E0208",
        "outside-project",
        "`{path}` lies outside the project",
        (
            "files are named from the file that names them and must stay in the project's folder, `{root}`",
            "copy it into the project",
        ),
        "`use` and `source_document` reach only files under the project's folder (the nearest one with a "
        "`protodsl.toml`, `pyproject.toml` or `.git`), so that checking a file from a stranger cannot "
        "read others of yours, and a project moves as a whole. Absolute paths, paths that climb out and "
        "links that lead out are refused.",
        bad='use "/etc/vocabulary.proto-lite"',
        good='use "vocabulary/laboratory.proto-lite"',
    ),
    Entry(
        "E0209",
        "import-not-found",
        "there is no file `{path}`",
        (
            "did you mean `{suggestion}`?",
            "paths are read from the folder of the file that names them",
        ),
        "A file named by `use` or `source_document` does not exist at that place.",
        bad='use "vocabulary/labratory.proto-lite"',
        good='use "vocabulary/laboratory.proto-lite"',
    ),
    Entry(
        "E0210",
        "unknown-field",
        "{block} has no field `{field}`",
        (
            "did you mean `{suggestion}`?",
            "it may have {expected}",
        ),
        "Each block has its own fields. A misspelt one would be missing from the documents without "
        "anybody noticing.",
        bad='lab alt "ALT" { lonic "1742-6" unit U/L }',
        good='lab alt "ALT" { loinc "1742-6" unit U/L }',
    ),
    Entry(
        "E0211",
        "missing-field",
        "{block} needs `{field}`",
        (
            "add it, or say `{field} not stated`",
            "add it",
        ),
        "Some facts must be said. Where the source does not say them, `not stated` does.",
        bad='measure bmi "BMI" { formula weight / height ^ 2 }',
        good=(
            'measure bmi "BMI" {\n'
            "  unit kg/m2\n"
            "  each input within 6 months\n"
            "  formula weight / height ^ 2\n"
            "}"
        ),
    ),
    Entry(
        "E0212",
        "duplicate-field",
        "`{field}` is said twice in {block}",
        ("keep one of them",),
        "Two values for one fact contradict each other.",
        bad='phase "1"\nphase "2"',
        good='phase "1"',
    ),
    Entry(
        "E0213",
        "field-value",
        "`{field}` is given as {found}; it is written as {expected}",
        ("for example `{suggestion}`",),
        "A field has a value of one form: a text in quotation marks, a date, a quantity, a list in "
        "brackets, a word.",
        bad='planned_number "about twenty"',
        good="planned_number 20",
    ),
    Entry(
        "E0214",
        "unknown-word",
        "`{word}` is not one of the words of `{field}`",
        (
            "did you mean `{suggestion}`?",
            "it takes {expected}",
        ),
        "Some fields take one word of a closed list.",
        bad="worse upwards",
        good="worse higher",
    ),
    Entry(
        "E0215",
        "member-twice",
        "`{name}` stands twice in this list",
        ("remove one",),
        'In "at least 2 of" a name that stands twice would count once and look like two.',
        bad="received at least 2 of [methotrexate, azathioprine, methotrexate]",
        good="received at least 2 of [methotrexate, azathioprine, leflunomide]",
    ),
    Entry(
        "E0216",
        "unknown-value",
        "`{name}` is never `{value}`",
        (
            "did you mean `{suggestion}`?",
            "it may be {expected}",
        ),
        "A coded item declares the values it can have. A comparison with another one would never hold.",
        bad="require pregnancy_test is negativ",
        good="require pregnancy_test is negative",
    ),
    Entry(
        "E0217",
        "no-protocol",
        "this file declares no protocol",
        ("give the file that begins a `protocol`; vocabulary is brought in by it with `use`",),
        "Compiling, screening and rendering need a file with a `protocol`. A vocabulary alone can only "
        "be checked.",
    ),
    Entry(
        "E0218",
        "several-protocols",
        "a file declares one protocol; this is the second",
        ("move it to a file of its own",),
        "One file, one protocol: checkers and summaries are named after it.",
    ),
    Entry(
        "E0219",
        "reserved-built-in",
        "`{name}` is built in ({what}) and cannot be declared",
        ("choose another name",),
        "`age`, `sex` and some other names are known without a declaration.",
        bad='lab age "Age" { unit a }',
        good='lab bone_age "Bone age" { unit a }',
    ),
)
