"""Scenarios: the tests an author writes."""

from protodsl.diagnostics.entry import Entry

SCENARIOS = (
    Entry(
        "E0701",
        "scenario-without-protocol",
        "these scenarios belong to no protocol",
        ('bring the protocol in: `use "NCT01234567.proto-lite"`',),
        "A scenario stands in the protocol's own file, or in one that uses exactly one protocol.",
        bad='language 1\nscenario "Too old" { expect ineligible }',
        good='language 1\nuse "NCT01234567.proto-lite"\nscenario "Too old" { … }',
    ),
    Entry(
        "E0702",
        "scenario-expects-nothing",
        'the scenario "{title}" expects nothing',
        ("add `expect eligible`, or what is expected of a criterion: `expect inclusion 3 fails`",),
        "A scenario without an expectation cannot fail, so it shows nothing.",
        bad='scenario "Too old" {\n  patient { born 1930 }\n}',
        good='scenario "Too old" {\n  patient { born 1930 }\n  expect inclusion 1 fails\n}',
    ),
    Entry(
        "E0703",
        "scenario-criterion",
        "there is no criterion or part `{id}`",
        (
            "did you mean `{suggestion}`?",
            "criteria of a later stage or a cohort carry its name: `infusion inclusion 1`",
        ),
        "An expectation names a criterion as a report does: `inclusion 6`, its part `inclusion 6.3`, "
        "`infusion inclusion 1` of a later stage, `sle inclusion 2` of a cohort.",
        bad="expect inclusion 42 passes",
        good="expect inclusion 4.2 passes",
    ),
    Entry(
        "E0704",
        "scenario-record",
        "this is no record that can be screened: {reason}",
        ("the fields of a record are in the documentation, under records",),
        "The facts of a scenario make a patient record, which is read as any other is: a record file that "
        "is refused, or timepoints out of order, cannot be screened.",
    ),
    Entry(
        "E0711",
        "scenario-outcome",
        "expected {expected}; {by}: {came}",
        ("change the expectation if the protocol is right, the protocol if it is not",),
        "The interpreter and the checker each answer the scenario. What they answer is shown with its "
        "reason.",
    ),
    Entry(
        "E0712",
        "scenario-reason",
        'expected {subject} because "{because}"; {by}: {reason}',
        ("the words behind `because` are looked for in the reason, in any case of letters",),
        "An outcome can be right for a wrong reason. The words behind `because` must occur in the reason "
        "that is given, so that the scenario fails when the reason changes.",
        bad='expect exclusion 13 fails because "pregnant"',
        good='expect exclusion 13 fails because "Live vaccine"',
    ),
)
