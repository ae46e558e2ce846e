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
    Entry(
        "W0671",
        "source-brackets",
        "{id} quotes a `{found}` without its other half",
        ("say with `clarify` where the bracket belongs",),
        "What stands in a bracket applies to the words before it. Where one half is missing, how far it "
        "reaches is a guess.",
        bad='source "Fever (above 38 °C or cough"',
        good='source "Fever (above 38 °C or cough"\nclarify "Read: fever above 38 °C, or cough."',
    ),
    Entry(
        "W0672",
        "source-fewer-than",
        '{id} quotes "{found}"; is "at least" meant?',
        ("say with `clarify` how it is read",),
        'Trials in refractory disease ask that treatments have failed. "Less than 2" lets in those who were '
        "never treated, and is often a slip of translation.",
        bad='source "Less than 2 prior therapies"',
        good='source "Less than 2 prior therapies"\nclarify "Read: at least 2; the title says refractory."',
    ),
    Entry(
        "W0673",
        "source-contraception",
        "{id} asks for contraception, and its source does not say {lacking}",
        ("say with `clarify` how it is read",),
        "A committee asks from when, until when, and of whom. Without an end nobody can agree to it.",
        bad='source "Agrees to use contraception"',
        good='source "Women agree to use contraception from consent until 1 year after the infusion"',
    ),
    Entry(
        "W0677",
        "source-unanchored",
        "the source of {id} says `{found}`, and not of what day",
        ("say with `clarify` from which day it is counted, and why",),
        "A length of time without an anchor is counted by everybody from another day: screening, consent, "
        "the first dose. The criterion has chosen one.",
        bad='source "Live vaccine within 4 weeks"\n'
        "exclude if received live_vaccine within 4 weeks before screening",
        good='source "Live vaccine within 4 weeks"\nclarify "Of which day is not stated. Read: screening."\n'
        "exclude if received live_vaccine within 4 weeks before screening",
    ),
    Entry(
        "W0678",
        "source-spelling",
        "the source of {id} says `{found}`; the criterion asks for {name}",
        ("if that drug is meant, say so with `clarify`",),
        "A misspelt name of a drug may be that of another one. Who reads the source should know that it was "
        "taken for this one.",
        bad='source "Treatment with belimubab"\nexclude if received belimumab',
        good='source "Treatment with belimubab"\nclarify "\'belimubab\' is read as belimumab."\n'
        "exclude if received belimumab",
    ),
    Entry(
        "W0679",
        "source-heading",
        "{id} follows on {other} criteria in the source, and no heading says that an {kind} begins",
        ("say with `clarify`, here or for the protocol, where the missing heading belongs",),
        "Whether a sentence lets in or keeps out is said by the heading it stands under. Where that has been "
        "lost, every criterion below is a guess from its sense.",
        bad="# the source: Inclusion Criteria / Adults / Active infection\n"
        'inclusion 1 { source "Adults" require age at screening >= 18 years }\n'
        'exclusion 1 { source "Active infection" exclude if has active_infection }',
        good='exclusion 1 {\n  source "Active infection"\n'
        '  clarify "The heading of the exclusion criteria is missing. Read: they begin here."\n'
        "  exclude if has active_infection\n}",
    ),
    Entry(
        "W0680",
        "source-exceptions",
        '{id} quotes "{found}…": where the list of exceptions ends hangs on its punctuation',
        ("say with `clarify` what is excepted, and what every condition behind the list belongs to",),
        "A semicolon may end the exceptions or only separate them; a comma may go on with them or with the "
        "list they stand in; a condition behind the last may be of that one or of all. Each reading lets "
        "other people in.",
        bad='source "Malignancy, except skin cancer cured for 5 years; cervical cancer; breast cancer"',
        good='source "Malignancy, except skin cancer cured for 5 years; cervical cancer; breast cancer"\n'
        'clarify "Read: all three are excepted, each if cured for 5 years."',
    ),
    Entry(
        "W0681",
        "source-days",
        '{id} quotes "{found}", and counts from one day only',
        ("say with `clarify` which of the days counts, and why, or ask for both",),
        "Two days from which a length of time may be counted are two windows. Weeks may lie between them.",
        bad='source "Live vaccine within 4 weeks before screening or enrollment"\n'
        "exclude if received live_vaccine within 4 weeks before screening",
        good="exclude if received live_vaccine within 4 weeks before screening\n"
        "  or received live_vaccine within 4 weeks before enrollment",
    ),
    Entry(
        "W0682",
        "title-centres",
        'the title says "{word}", and `centres` says "{found}"',
        ("correct the one that is wrong, or say with `clarify` that the source has both",),
        "How many hospitals take part decides who can, and how far a result holds elsewhere.",
        bad='protocol p "A multicentre trial" { design { centres "1" } }',
        good='protocol p "A multicentre trial" { design { centres "4" } }',
    ),
    Entry(
        "W0674",
        "frame-contradicts",
        'the endpoint `{id}` has the time frame "{frame}", and its words say "{found}"',
        ("correct the one that is wrong, or say with `clarify` that the source has both",),
        "When a result is measured decides what it means. Two times are two endpoints, or one slip.",
    ),
    Entry(
        "W0675",
        "product-names-differ",
        'the product "{name}" is also spelt "{found}"',
        ("list the spelling in `other_names`, where one product is meant",),
        "A product spelt in two ways may be two products: for a reader, for a search, for a pharmacy.",
        bad='intervention x "CD19-CAR-T cells" {}   # the title says: CD19 CAR T cells',
        good='intervention x "CD19-CAR-T cells" { other_names "CD19 CAR T cells" }',
    ),
    Entry(
        "W0676",
        "conditions-differ",
        'the conditions name "{name}", and no criterion asks for it',
        ("add the criterion, remove the condition, or say with `clarify` that the source has it so",),
        "Registries are searched by the list of conditions. People find a trial they cannot enter.",
        bad='conditions "Systemic sclerosis"   # every criterion is about lupus',
        good='conditions "Systemic lupus erythematosus"',
    ),
)
