"""What a critical reader of a protocol stops at."""

from protodsl.diagnostics.entry import Entry

READER = (
    Entry(
        "W0356",
        "limit-implied",
        "the limit on {name} in {id} adds nothing: {other} asks for more",
        ("remove one of them, or say with `clarify` why the source has both",),
        "Of two limits in one direction the stricter decides alone. Two in the source are a repetition, or "
        "one of them is a slip.",
        bad="inclusion 1 { require age at screening >= 18 years }\n"
        "inclusion 2 { require age at screening >= 12 years }",
        good="inclusion 1 { require age at screening >= 18 years }\n"
        "inclusion 2 { require age at screening <= 75 years }",
    ),
    Entry(
        "W0357",
        "limits-exclude",
        "{id} and {other} together leave no value of {name}: nobody can take part",
        ("check both limits against the source",),
        "Criteria of one step must all be met. Two that no value meets make the trial impossible.",
        bad="inclusion 1 { require alt <= 40 U/L }\ninclusion 2 { require alt >= 80 U/L }",
        good="inclusion 1 { require alt <= 40 U/L }\nexclusion 2 { exclude if alt >= 80 U/L }",
    ),
    Entry(
        "W0358",
        "steps-differ",
        "{name} {limit} here, but {before} in an earlier step",
        ("if the source wants both, say so with `clarify`",),
        "Another limit or operator for the same value in another step may be meant, and is often a slip.",
        bad="stage a at t { inclusion 1 { require alt <= 3 ULN } }\n"
        "stage b at u { inclusion 1 { require alt < 3 ULN } }",
        good='stage b at u {\n  inclusion 1 { require alt < 3 ULN clarify "Step 1 has ≤ 3 × ULN." }\n}',
    ),
    Entry(
        "W0359",
        "included-and-excluded",
        "{id} excludes what {other} requires: nobody can take part",
        ("turn one of them round",),
        "The same sentence stands once among the inclusion and once among the exclusion criteria.",
        bad="inclusion 1 { require has sle }\nexclusion 1 { exclude if has sle }",
        good="inclusion 1 { require has sle }\nexclusion 1 { exclude if has lupus_nephritis }",
    ),
    Entry(
        "W0668",
        "instrument-incomplete",
        "the score `{name}` says nothing of its {lacking}",
        ("add `scale 0 to 105 points`, `worse higher`, and the `version` of the instrument",),
        "A number on an unnamed scale means nothing to a reader, and a limit outside the scale cannot be "
        "noticed.",
        bad='score pga "PGA" {}',
        good='score pga "PGA" {\n  scale 0 to 3 points\n  worse higher\n}',
    ),
    Entry(
        "W0661",
        "source-superscript",
        "{id} quotes {found}: a power of ten that has lost its superscript?",
        ("say with `clarify` how it is read",),
        "Copied from a PDF, 10⁵ becomes 105. Taken literally the dose is a thousandth of what was meant.",
        bad='source "3×105/kg"',
        good='source "3×105/kg"\nclarify "Read as 3 × 10^5 per kg."',
    ),
    Entry(
        "W0662",
        "source-and-or",
        '{id} quotes "{found}", which leaves open whether one is enough',
        ("say with `clarify` which of the two is meant",),
        "A criterion is computed one way. Which, the reader has to be told.",
        bad='source "fever and/or cough"',
        good='source "fever and/or cough"\nclarify "Read: one of the two is enough."',
    ),
    Entry(
        "W0663",
        "source-whichever",
        '{id} quotes "{found}", but names one length of time only',
        ("write `within the longer of … and …`, or `the shorter of`",),
        "Of two lengths of time the longer or shorter one counts, which depends on the participant's drug.",
        bad='source "4 weeks or 5 half-lives, whichever is longer"\n'
        "exclude if received x within 4 weeks before screening",
        good="exclude if received x within the longer of 4 weeks and 5 half_lives before screening",
    ),
    Entry(
        "W0664",
        "source-subjective",
        '{id} quotes "{found}", which somebody has to judge, and asks nobody',
        ('add `judged "{found}" by investigator`, or say with `clarify` how it is computed',),
        "A word like this has no limit that can be computed. Where the criterion computes something all the "
        "same, a reader must be told that this is the reading.",
        bad='source "Uncontrolled hypertension"\nexclude if has hypertension',
        good='exclude if has hypertension and judged "the hypertension is uncontrolled" by investigator',
    ),
    Entry(
        "W0665",
        "title-unsupported",
        'the title says "{word}", and no criterion does',
        ("add the criterion, or say with `clarify` that the source has none",),
        "The title promises a group of patients that the criteria do not select.",
    ),
    Entry(
        "W0666",
        "personal-data",
        "`{field}` holds a person's contact: {found}",
        ("remove it: institutions are named, people are not",),
        "A protocol file is copied and published. Contacts belong into the registry.",
        bad='sponsor "Dr. A. Smith, smith@example.org"',
        good='sponsor "Example University Hospital"',
    ),
    Entry(
        "W0667",
        "promotional-wording",
        '`{field}` praises the treatment: "{found}"',
        ("say what is known, and what is not",),
        "An ethics committee asks that people be informed, not won over.",
        bad='lay_summary "A revolutionary treatment."',
        good='lay_summary "Whether the treatment helps is not known."',
    ),
)
