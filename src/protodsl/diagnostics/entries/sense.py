"""Numbers, units, times: whether what is said can be."""

from protodsl.diagnostics.entry import Entry

SENSE = (
    Entry(
        "E0301",
        "wrong-dimension",
        "{unit} does not measure what {name} measures ({expected})",
        ("state the limit in {expected}, or in a unit that converts to it",),
        "A limit is stated in a unit of the item's own dimension. Mass and amount of substance convert "
        "only where the vocabulary declares a molar mass; `/1.73m2` is a dimension of its own.",
        bad="require creatinine <= 2 mL/min",
        good="require creatinine <= 2 mg/dL",
    ),
    Entry(
        "E0302",
        "unknown-unit",
        "`{unit}` is not a unit",
        (
            "did you mean `{suggestion}`?",
            "units are written in UCUM: `mg/dL`, `10*9/L`, `mm[Hg]`, `U/L`",
        ),
        "Units are UCUM (ucum.org), and a few of the language's own: `ULN`, `LLN`, `points`, `cells`, "
        "days, weeks, months, years, `half_lives`.",
        bad="require alt <= 40 unit/L",
        good="require alt <= 40 U/L",
    ),
    Entry(
        "E0303",
        "missing-unit",
        "{name} is measured in {expected}; a limit without a unit could mean anything",
        (
            "write `{suggestion}`",
            "write the unit behind the number",
        ),
        "A number without a unit is never guessed at: 1.2 is mild in mg/dL and impossible in µmol/L.",
        bad="require creatinine <= 1.2",
        good="require creatinine <= 1.2 mg/dL",
    ),
    Entry(
        "E0304",
        "outside-range",
        "{name} lies between {minimum} and {maximum}; {value} is outside",
        ("check the number, and the version of the instrument",),
        "A score or lab that declares its range can never reach a limit outside it, so the comparison "
        "would always, or never, hold.",
        bad="require sledai_2k >= 108",
        good="require sledai_2k >= 8",
    ),
    Entry(
        "E0305",
        "no-reference-limit",
        "{name} has no {limit}",
        ("state the limit in {expected}, or declare `{field} …` for `{name}`",),
        "`ULN` and `LLN` are the upper and lower limit of normal of a laboratory test. Scores, ages and "
        "ratios have none.",
        bad="require sledai_2k <= 2 ULN",
        good="require sledai_2k <= 12",
    ),
    Entry(
        "E0306",
        "not-a-test",
        "`{name}` alone is nothing that can be true or false",
        (
            "write `{suggestion}`",
            "say what must hold of it",
        ),
        "A criterion is a sentence with a verb: `has x`, `received x`, `x >= 8`, `x is positive`, "
        "`confirmed x`.",
        bad="exclude if hepatitis_b or hepatitis_c",
        good="exclude if has hepatitis_b or has hepatitis_c",
    ),
    Entry(
        "E0307",
        "not-a-number",
        "{found} is true or false; a number is wanted here",
        ("compare labs, scores and ages; state conditions, drugs and procedures with their verbs",),
        "Sums, comparisons and formulas work on numbers.",
        bad="require (has diabetes) + 2 >= 3",
        good="require at least 1 of { - has diabetes }",
    ),
    Entry(
        "E0308",
        "wrong-test",
        "{name} has {actual}; {found} does not apply to it",
        (
            "write `{suggestion}`",
            "compare numbers with `<=`, `>=` …, words with `is`",
        ),
        "A number is compared (`>=`, `between`), a coded value is named (`is positive`), a grade may be "
        "both.",
        bad="require hbsag >= 1",
        good="require hbsag is positive",
    ),
    Entry(
        "E0309",
        "bad-bounds",
        "the lower bound {minimum} is above the upper bound {maximum}",
        ("write the smaller one first",),
        "`between` and `from … to …` are written from the smaller to the larger; the other way round "
        "nothing fits.",
        bad="require age at screening between 18 and 5 years",
        good="require age at screening between 5 and 18 years",
    ),
    Entry(
        "E0310",
        "bad-count",
        "{found} of {members} can never {verb}",
        ("a count lies between 1 and the number of members",),
        '"At least 3 of" two things can never hold, "at least 0 of" always does.',
        bad="require at least 3 of [a, b]",
        good="require at least 2 of [a, b]",
    ),
    Entry(
        "E0311",
        "bad-date",
        "there is no day `{text}`",
        ("dates are written year-month-day: `2024-02-20`",),
        "The date does not exist in the calendar.",
        bad="date 2024-02-30",
        good="date 2024-02-29",
    ),
    Entry(
        "E0312",
        "division-by-zero",
        "this divides by zero",
        ("check the formula",),
        "The divisor is always zero.",
        bad="formula weight / 0",
        good="formula weight / 2",
    ),
    Entry(
        "E0313",
        "needs-equivalence",
        "doses of the different drugs of `{name}` cannot be added as they are",
        (
            "write `at … as {suggestion}`",
            "declare a table of equivalent doses and name it: `as …_equivalent`",
        ),
        "5 mg of prednisone and 5 mg of dexamethasone are different doses. A dose of a class needs an "
        "`equivalent` table.",
        bad="received glucocorticoid at > 10 mg/d",
        good="received glucocorticoid at > 10 mg/d as prednisone_equivalent",
    ),
    Entry(
        "E0314",
        "wrong-clause",
        "`{clause}` does not go with {name}",
        (
            "{expected} can stand here",
            "say it of an event that can have it",
        ),
        "Doses and routes belong to drugs, grades and severity to conditions, occasions to what can "
        "happen often.",
        bad="has hypertension given orally",
        good="received labetalol given orally",
    ),
    Entry(
        "E0315",
        "not-a-duration",
        "`{unit}` is no length of time",
        ("write days, weeks, months, years or half_lives; hours are counted as whole days",),
        "Windows are measured in days, weeks, months, years, or in half-lives of a drug that declares one. A "
        "record has dates, so hours are rounded up to whole days, and there is nothing shorter.",
        bad="received live_vaccine within 4 mg before screening",
        good="received live_vaccine within 4 weeks before screening",
    ),
    Entry(
        "E0401",
        "no-anchor",
        "nothing says at which time this is asked",
        (
            "add `anchor {suggestion}` to the protocol, or stages with `at`",
            "declare a timepoint and name it as `anchor`",
        ),
        "Each criterion is asked at a point in time: the stage's, or the protocol's `anchor`.",
        bad='protocol p "P" {\n  timepoint screening\n  inclusion 1 "SLE" { require has sle }\n}',
        good=(
            'protocol p "P" {\n'
            "  anchor screening\n"
            "  timepoint screening\n"
            '  inclusion 1 "SLE" { require has sle }\n'
            "}"
        ),
    ),
    Entry(
        "E0402",
        "no-day-zero",
        "`day {day}` is counted from day 0, and no timepoint is day 0",
        (
            "declare it: `day 0 is {suggestion}`",
            "declare it: `day 0 is infusion`",
        ),
        "Days of the study are counted from one timepoint, which the protocol names.",
        bad="give fludarabine 30 mg/m2 daily from day -5 to day -3",
        good="day 0 is infusion",
    ),
    Entry(
        "E0403",
        "no-sample",
        "`that sample` is known only behind `with no …`",
        (
            (
                "write the clause behind the comparison: `neutrophils >= 1 x10^9/L with no x within 2 weeks "
                "before that sample`"
            ),
        ),
        '"That sample" is the one whose value is compared, so the clause must belong to a comparison.',
    ),
    Entry(
        "W0351",
        "relaxed-limit-equal",
        "the relaxed limit {value} equals the ordinary one, so the exception changes nothing",
        ("ask the author of the protocol which limit was meant, and record it with `clarify`",),
        "An exception that allows no more than the rule is usually a slip in the source.",
        bad="require alt <= 3 ULN, or <= 3 ULN if has liver_infiltration",
        good="require alt <= 3 ULN, or <= 5 ULN if has liver_infiltration",
    ),
    Entry(
        "W0352",
        "contradiction",
        "this can never hold: {reason}",
        ("check the limits, and whether `and` should be `or`",),
        "Two limits leave no value between them.",
        bad="require lvef >= 55 % and lvef <= 40 %",
        good="require lvef between 40 and 55 %",
    ),
    Entry(
        "W0353",
        "vacuous",
        "this always holds: {reason}",
        ("check the limit; a criterion that excludes nobody is usually a slip",),
        "The comparison is true of every possible value.",
        bad="require pga >= 0",
        good="require pga >= 1",
    ),
    Entry(
        "W0354",
        "years-over",
        "`> {years} years` means {next} and over: age is counted in completed years",
        ("write `>= {years} years` if {years}-year-olds are meant, `>= {next} years` if not",),
        'Someone is 18 years old until the day before the 19th birthday, so "> 18 years" begins with the '
        '19th birthday. Many protocols mean "18 and over".',
        bad="require age at screening > 18 years",
        good="require age at screening >= 18 years",
    ),
    Entry(
        "W0451",
        "no-validity",
        "how old a value of {name} may be is not said; the latest counts, however old",
        (
            (
                "add `values within 28 days before …` to the criterion, stage or protocol; where the source "
                "gives no period, `values ever` with a `clarify` says so"
            ),
        ),
        "Without a window the latest value counts, even one of ten years ago. Most protocols mean the "
        "screening period.",
        bad="require creatinine <= 1.5 mg/dL",
        good="values within 28 days before screening\nrequire creatinine <= 1.5 mg/dL",
    ),
    Entry(
        "W0452",
        "window-empty",
        "no value can lie in this window: {reason}",
        ("check its direction and its anchor",),
        "The window begins after it ends, or lies wholly after the day on which the question is asked.",
        bad="received live_vaccine from screening to consent",
        good="received live_vaccine from consent to screening",
    ),
    Entry(
        "W0453",
        "window-on-last",
        "the window `{window}` belongs to the last part only; the others have none",
        ("repeat it, or put one `values …` line before the rule",),
        "A window belongs to the one statement it follows.",
        bad="require alt <= 3 ULN and ast <= 3 ULN within 28 days before screening",
        good="values within 28 days before screening\nrequire each of [alt, ast] <= 3 ULN",
    ),
    Entry(
        "W0454",
        "window-ahead",
        "{id} also asks of the days after {anchor}, the day on which it is asked: nobody is ever free of it",
        ("write `before` where the past is meant, and ask what is planned with `judged`",),
        "`within 8 weeks of screening` looks both ways. On the day of screening no record says what weeks to "
        "come will bring: who has not had it stays undetermined.",
        bad="exclude if had infection within 8 weeks of screening",
        good="exclude if had infection within 8 weeks before screening",
    ),
)
