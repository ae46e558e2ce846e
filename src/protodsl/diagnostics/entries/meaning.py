"""What an expression or a declaration cannot mean, found while it is given its meaning."""

from protodsl.diagnostics.entry import Entry

MEANING = (
    Entry(
        "E0320", "number-too-long", "this number has more digits than any measurement",
        ("check the number",),
        "Numbers are exact; at most 40 digits are read.",
        bad="require alt <= 1 x10^99 U/L", good="require alt <= 130 U/L",
    ),
    Entry(
        "E0321", "impossible-time", "this length of time is negative or longer than any life",
        ("check the number and its unit",),
        "A window reaches at most 100,000 days, weeks, months or years.",
    ),
    Entry(
        "E0322", "fraction-of-time", "a part of a {unit} has no fixed number of days",
        ("say it in days, weeks or whole months",),
        "A month or a year is a calendar one; half a month is not a number of days.",
        bad="received x within 1.5 months before screening", good="received x within 6 weeks before screening",
    ),
    Entry(
        "E0323", "list-where-number", "a list stands where one number is wanted",
        ("compare each: `each of [a, b] <= 3 ULN`", ),
        "Arithmetic works on single values; a list of names is compared as a whole.",
    ),
    Entry(
        "E0324", "number-where-truth", "this is a number, not something that can be true or false",
        ("compare it: `… >= 8`",),
        "A criterion needs a comparison.",
        bad="require sledai_2k at screening", good="require sledai_2k at screening >= 8",
    ),
    Entry(
        "E0325", "class-where-number", "`{name}` is a class: which of its members is meant?",
        ("write `any of {name}` or name one of them",),
        "A number comes from one result.",
    ),
    Entry(
        "E0326", "formula-unit", "in a formula `{name}` needs a unit, so that its number is certain",
        ("write `{name} in {unit}`",),
        "Formulas are written for numbers in a certain unit; `in` says which, and results are converted to it.",
        bad="formula 0.413 * body_height / creatinine",
        good="formula 0.413 * body_height in cm / creatinine in mg/dL",
    ),
    Entry(
        "E0327", "let-with-tail", "`{name}` was named with `let` and is already a number",
        ("write its name alone",),
        "A `let` stands for its number; a time or a unit belongs into the `let`.",
    ),
    Entry(
        "E0328", "unit-in-product", "numbers with units cannot be combined so",
        ("say in which unit each is meant: `body_weight in kg`",),
        "A product of two units is a third one; `in` makes plain numbers of them.",
    ),
    Entry(
        "E0329", "wrong-arguments", "`{name}` is given the wrong number of arguments",
        ("`min` and `max` take two or more, the others one",),
        "Functions: sqrt, min, max, ln, log10, exp, abs.",
    ),
    Entry(
        "E0330", "otherwise-not-last", "`otherwise` is the last row of a table",
        ("move it to the end",),
        "`otherwise` holds when every other row is false.",
    ),
    Entry(
        "E0331", "formula-too-large", "this formula grows beyond what is read",
        ("split it into several measures",),
        "A chain of `let` lines that each use the one before twice doubles at every line.",
    ),
    Entry(
        "E0332", "limit-needs-result", "this can only be asked of the result of a lab, score, finding or measure",
        ("compare a plain result: `alt <= 3 ULN`",),
        "× ULN, several units, changes and occasions belong to results; they have no meaning for a sum or an age.",
    ),
    Entry(
        "E0333", "limit-not-positive", "this must be greater than zero",
        ("check the number",),
        "A multiple of a reference limit, and an equivalent dose, are positive.",
    ),
    Entry(
        "E0334", "said-twice", "{what} is said twice",
        ("keep one of them",),
        "Each tail of a statement is said once.",
    ),
    Entry(
        "E0335", "empty-words", "there are no words between the quotation marks",
        ("say what is asked or quoted",),
        "A question without words cannot be answered.",
        bad='require judged ""', good='require judged "haemodynamically stable"',
    ),
    Entry(
        "E0336", "relaxed-needs-comparison", "a relaxed limit relaxes a comparison",
        ("write `x <= 2 ULN, or <= 3 ULN if …`",),
        "`…, or … if …` says another limit, or another window, for the same value.",
    ),
    Entry(
        "E0337", "same-dimension-twice", "the two limits are stated in the same kind of unit",
        ("state one; `either … or …` is for mass and amount of substance",),
        "A limit stated in two units is met in the one the laboratory reports.",
        bad="creatinine > either 2.5 mg/dL or 25 mg/L", good="creatinine > either 2.5 mg/dL or 221 umol/L",
    ),
    Entry(
        "E0338", "nothing-compared", "nothing of the participant is compared here",
        ("compare a result, an age or a dose with a limit",),
        "Two constants always compare the same way.",
    ),
    Entry(
        "E0339", "age-needs-whole", "a whole number is wanted here",
        ("write completed years or months: `>= 18 years`",),
        "Ages are completed years or months; counts are whole.",
    ),
    Entry(
        "E0340", "change-needs-window", "a change needs exactly one `from … to …`, or one window",
        ("write `falls by >= 4 from baseline to month_3`, or `… within 12 months before enrollment`",),
        "A change is between two dated values.",
    ),
    Entry(
        "E0341", "open-class-counted", "`{name}` is open, so its members cannot be counted beyond one",
        ("list the drugs that count: `at least 2 of [a, b, c]`, and add what a person must judge",),
        "Nobody can say how many members of an open class (“etc.”) somebody has received.",
    ),
    Entry(
        "E0342", "exception-needs-any", "an exception names one thing, or `any of [..]`",
        ("write `except any of [a, b]`",),
        "What is excepted is a list of alternatives.",
    ),
    Entry(
        "E0343", "no-citation", "measure `{name}` cites no source for its formula",
        ("add `citation \"…\"`",),
        "A clinical formula is only as good as its publication.",
    ),
    Entry(
        "E0344", "implies-in-exclusion", "`if … then …` without `else` belongs under `require`",
        ("write `exclude if … and …`",),
        "In an exclusion it would exclude everyone whom the condition does not concern.",
    ),
    Entry(
        "E0345", "parts-need-count", "parts are joined by `all of`, `any of` or `at least k of`",
        ("write `parts any of`",),
        "Without it, all parts of an inclusion must hold and any part of an exclusion excludes.",
    ),
    Entry(
        "E0346", "day-zero-only", "only day 0 is declared; the other days are counted from it",
        ("write `day 0 is infusion`",),
        "Days of the study are counted from one timepoint.",
    ),
    Entry(
        "E0347", "eligibility-bounds", "the words “{words}” are not in the source document",
        ("copy the first words of the eligibility text, and the first words after it, from the document",),
        "`eligibility_from` and `eligibility_to` bound the text that criteria must cover.",
    ),
)  # fmt: skip
