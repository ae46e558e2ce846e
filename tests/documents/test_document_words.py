"""What each node of the model says in plain words, in every mood."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from document_fixture import (
    ALT_LIMIT,
    AST_LIMIT,
    EVER,
    GILBERT,
    JUDGED,
    NOW,
    VACCINE,
    F,
    at,
    days,
    protocol,
    unit,
    within,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st

from protodsl import ir
from protodsl.documents.words import (
    Context,
    Line,
    clause,
    duration,
    inline,
    noun,
    number,
    quantity,
    read,
    window,
)
from protodsl.documents.words.moods import Mood

CONTEXT = Context(protocol(), "screening")
MOODS: tuple[Mood, ...] = ("must", "must not", "is", "is not")


def flat(line: Line, depth: int = 0) -> list[str]:
    """The nested list as indented lines."""
    return ["  " * depth + line.text, *(text for child in line.children for text in flat(child, depth + 1))]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


# ---------------------------------------------------------------- numbers, units, time


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (F(3), "3"), (F(1, 4), "0.25"), (F(1, 3), "1/3"), (F(-5), "−5"), (F(1, 1000), "0.001"),
        (F("1234567.89"), "1234567.89"), (F(20, 3), "20/3"), (F("0.30"), "0.3"), (F(-1, 8), "−0.125"),
    ],
)  # fmt: skip
def test_number(value: Fraction, text: str) -> None:
    assert number(value) == text


@given(st.fractions())
def test_no_number_is_ever_rounded(value: Fraction) -> None:
    assert Fraction(number(value).replace("−", "-")) == value


@pytest.mark.parametrize(
    ("value", "of", "text"),
    [
        (F(1), "x10^9/L", "1 × 10⁹/L"), (F(30), "mL/min/1.73m2", "30 mL/min/1.73 m²"), (F(2), "umol/L",
        "2 µmol/L"),
        (F(55), "%", "55 %"), (F(300), "mg/m2/d", "300 mg/m²/d"), (F(100000), "/kg", "100000/kg"), (F(1),
        "points", "1 point"),
    ],
)  # fmt: skip
def test_quantity(value: Fraction, of: str, text: str) -> None:
    assert plain(quantity(value, unit(of))) == text


def test_duration() -> None:
    month, half_lives = ir.Length(F(1), "month"), ir.Length(F(5), "half_life")
    assert plain(duration(month)) == "1 month"
    shorter = plain(duration(ir.Extreme("shorter", month, half_lives)))
    assert shorter == "1 month or 5 half-lives (whichever is shorter)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (within(4, "week"), "within 4 weeks before screening"),
        (
            ir.Window(ir.Bound(at("infusion")), ir.Bound(at("infusion"), 1, days(28))),
            "within 28 days after CAR-T infusion",
        ),
        (
            ir.Window(ir.Bound(at("screening"), -1, days(60)), ir.Bound(at("screening"), 1, days(60))),
            "within 60 days before or after screening",
        ),
        (
            ir.Window(ir.Bound(at("screening"), -1, days(28), open=True), ir.Bound(at("screening"))),
            "within less than 28 days before screening",
        ),
        (ir.Window(None, ir.Bound(at("screening"), open=True)), "before screening"),
        (ir.Window(None, ir.Bound(at("screening"))), "until screening"),
        (ir.Window(ir.Bound(at("screening"), open=True), None), "after screening"),
        (ir.Window(ir.Bound(at("screening")), None), "since screening"),
        (ir.Window(None, ir.Bound(at("screening"), -1, days(14))), "at least 14 days before screening"),
        (EVER, "at any time"),
        (ir.Window(ir.Bound(at("screening")), ir.Bound(at("infusion"))), "from screening to CAR-T infusion"),
        (
            ir.Window(
                ir.Bound(ir.Shifted(at("infusion"), -1, days(5))),
                ir.Bound(ir.Shifted(at("infusion"), -1, days(3))),
            ),
            "from day −5 to day −3",
        ),
        (
            ir.Window(ir.Bound(ir.OfEvent("last", "prednisone"), 1, days(3)), None),
            "at least 3 days after the last prednisone",
        ),
    ],
)
def test_window(value: ir.Window, text: str) -> None:
    assert plain(window(CONTEXT, value)) == text


# ---------------------------------------------------------------- leaves in four moods

LEAVES: list[tuple[object, tuple[str, str, str, str]]] = [
    (
        ALT_LIMIT,
        (
            "ALT must be at most 3 × the upper limit of normal (ULN)",
            "ALT must not be at most 3 × the upper limit of normal (ULN)",
            "ALT is at most 3 × the upper limit of normal (ULN)",
            "ALT is not at most 3 × the upper limit of normal (ULN)",
        ),
    ),
    (
        ir.Result(ir.Observed("hbsag"), ir.CodeTest(("positive",))),
        ("HBsAg must be positive", "HBsAg must not be positive", "HBsAg is positive",
        "HBsAg is not positive"),
    ),
    (  # a negated test never makes a double negative
        ir.Result(ir.Observed("hbsag"), ir.CodeTest(("positive",), negated=True)),
        ("HBsAg must not be positive", "HBsAg must be positive", "HBsAg is not positive",
        "HBsAg is positive"),
    ),
    (
        ir.Result(ir.Observed("hbsag", "any"), ir.CodeTest(("positive",))),
        (
            "at least one value of HBsAg must be positive",
            "no value of HBsAg may be positive",
            "at least one value of HBsAg is positive",
            "no value of HBsAg is positive",
        ),
    ),
    (
        ir.Result(ir.Observed("hbsag"), ir.CodeTest(("positive",)), ir.Occasions(3, days(28))),
        (
            "HBsAg must be positive on at least 3 occasions, each at least 28 days after the one before",
            "HBsAg must not be positive on 3 or more occasions, each at least 28 days after the one before",
            "HBsAg is positive on at least 3 occasions, each at least 28 days after the one before",
            "HBsAg is not positive on 3 or more occasions, each at least 28 days after the one before",
        ),
    ),
    (
        VACCINE,
        (
            "the participant must have received live vaccine within 4 weeks before screening",
            "the participant must not have received live vaccine within 4 weeks before screening",
            "the participant has received live vaccine within 4 weeks before screening",
            "the participant has not received live vaccine within 4 weeks before screening",
        ),
    ),
    (
        GILBERT,
        (
            "the participant must have Gilbert syndrome",
            "the participant must not have Gilbert syndrome",
            "the participant has Gilbert syndrome",
            "the participant does not have Gilbert syndrome",
        ),
    ),
    (
        ir.Exists("pregnant", NOW, "is"),
        (
            "the participant must be pregnant", "the participant must not be pregnant",
            "the participant is pregnant", "the participant is not pregnant",
        ),
    ),
    (
        ir.Compare(ir.Age("year", at("screening")), ">=", ir.Constant(F(18))),
        (
            "the participant must be at least 18 years old at screening (in completed years)",
            "the participant must not be at least 18 years old at screening (in completed years)",
            "the participant is at least 18 years old at screening (in completed years)",
            "the participant is not at least 18 years old at screening (in completed years)",
        ),
    ),
    (
        JUDGED,
        (
            "the investigator must judge: “haemodynamically stable”; the answer must be yes",
            "the investigator must judge: “haemodynamically stable”; the answer must be no",
            "the investigator answers yes to: “haemodynamically stable”",
            "the investigator answers no to: “haemodynamically stable”",
        ),
    ),
    (
        ir.Answer("c", "contraception", ("participant", "guardian"), "agrees", within(1, "year", "infusion")),
        (
            "the participant or the guardian must agree to: “contraception”, within 1 year before CAR-T "
            "infusion",
            "the participant or the guardian must not agree to: “contraception”, within 1 year before CAR-T "
            "infusion",
            "the participant or the guardian agrees to: “contraception”, within 1 year before CAR-T infusion",
            "the participant or the guardian does not agree to: “contraception”, within 1 year before CAR-T "
            "infusion",
        ),
    ),
    (
        ir.Sex("female"),
        (
            "the participant must be female", "the participant must not be female",
            "the participant is female", "the participant is not female",
        ),
    ),
    (
        ir.Defined("refractory"),
        (
            "“Refractory” must apply (see Definitions)", "“Refractory” must not apply (see Definitions)",
            "“Refractory” applies (see Definitions)", "“Refractory” does not apply (see Definitions)",
        ),
    ),
    (
        ir.Change("fvc", "falls", ">=", F(10), True, within(12, "month"), within(12, "month")),
        tuple(
            f"forced vital capacity {verb} by at least 10 % of the earlier value, from the earliest to the "
            f"latest value "
            "within 12 months before screening"
            for verb in ("must fall", "must not fall", "falls", "does not fall")
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("leaf", "said"), LEAVES, ids=lambda value: type(value).__name__)
def test_four_moods(leaf: ir.Result, said: tuple[str, ...]) -> None:
    assert tuple(plain(clause(CONTEXT, leaf, mood)) for mood in MOODS) == said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            ir.Exists("steroid", EVER, "received", dose=ir.Dose(">=", F(1), unit("mg/kg/d"), per="kg"),
                      lasting=(">=", ir.Length(F(3), "month"))),
            "the participant has received glucocorticoid at a daily dose of at least 1 mg/kg/d for at least "
            "3 months, "
            "at any time",
        ),
        (
            ir.Exists("malignancy", EVER, "had", but_not=("skin_cancer",)),
            "the participant has had malignancy (basal cell carcinoma not counted) at any time",
        ),
        (
            ir.Exists("malignancy", EVER, "had", attributes=(ir.AttributeTest("severity", ">=", "severe"),)),
            "the participant has had malignancy of severity at least severe at any time",
        ),
        (
            ir.Exists("malignancy", within(5, "year"), "had", least=2, spaced=days(30)),
            "the participant has had malignancy on at least 2 occasions, each at least 30 days after the one "
            "before "
            "within 5 years before screening",
        ),
        (
            ir.Exists("prednisone", EVER, "refractory to", attributes=(ir.AttributeTest("response", "=",
            "refractory"),)),
            "the participant has disease that is refractory to prednisone at any time",
        ),
        (
            ir.Exists("prednisone", within(2, "week"), "started", first_day=True),
            "the participant started prednisone within 2 weeks before screening",
        ),
    ],
)  # fmt: skip
def test_events(event: ir.Exists, said: str) -> None:
    assert plain(clause(CONTEXT, event, "is")) == said


def test_dose_compared() -> None:
    dose = ir.DoseOf("steroid", None, within(2, "week"), unit("mg/d"))
    said = clause(CONTEXT, ir.Compare(dose, ">", ir.Constant(F(10)), unit("mg/d")), "must not")
    assert plain(said) == (
        "the daily dose of glucocorticoid, at its highest within 2 weeks before screening must not be above "
        "10 mg/d"
    )


def test_values_and_samples() -> None:
    clean = ir.Clean("prednisone", ir.Window(ir.Bound(ir.OfSample(), -1, days(14)), ir.Bound(ir.OfSample())))
    observed = ir.Observed("neutrophils", "highest", within(28, "day"), (clean,))
    result = ir.Result(observed, ir.NumberTest(((">=", ir.Constant(F(1))), ("<", ir.Constant(F(10))))))
    subject = (
        "the highest neutrophils (within 28 days before screening; only samples with no prednisone within 14 "
        "days "
        "before that sample)"
    )
    assert (
        plain(clause(CONTEXT, result, "must")) == f"{subject} must be at least 1 × 10⁹/L and below 10 × 10⁹/L"
    )
    denied = plain(clause(CONTEXT, result, "must not"))
    assert denied == f"it must not be the case that {subject} is at least 1 × 10⁹/L and below 10 × 10⁹/L"


def test_limit_in_several_units() -> None:
    limit = ir.Quantities(((F("2.5"), unit("mg/dL")), (F(221), unit("umol/L"))))
    said = clause(CONTEXT, ir.Result(ir.Observed("bilirubin"), ir.NumberTest(((">", limit),))), "must not")
    assert (
        plain(said)
        == "total bilirubin must not be above 2.5 mg/dL or 221 µmol/L, whichever unit the result is in"
    )


def test_formula_has_all_its_brackets() -> None:
    age, weight = ir.Age("year", ir.OfSample()), ir.Observed("weight", unit=unit("kg"))
    left = ir.Arithmetic("*", ir.Arithmetic("-", ir.Constant(F(140)), age), weight)
    table = ir.Table(((ir.Sex("female"), ir.Constant(F("0.85"))),), ir.Constant(F(1)))
    assert noun(CONTEXT, ir.Arithmetic("/", left, table)) == (
        "((140 − age in years) × body weight in kg) ÷ [0.85 if the participant is female; 1 otherwise]"
    )


# ---------------------------------------------------------------- rules


def rule(expr: ir.Expr, mood: Mood = "must") -> list[str]:
    return [plain(text) for text in flat(read(CONTEXT, expr, mood))]


def test_required_and_forbidden_lists() -> None:
    either = ir.Or((GILBERT, JUDGED))
    assert rule(either) == [
        "At least one of the following must be true:",
        "  The participant has Gilbert syndrome.",
        "  The investigator answers yes to: “haemodynamically stable”.",
    ]
    assert rule(either, "must not")[0] == "None of the following may be true:"
    both = ir.And((GILBERT, JUDGED))
    assert rule(both)[0:2] == [
        "Each of the following is required:",
        "  The participant must have Gilbert syndrome.",
    ]
    assert rule(both, "must not")[0:2] == [
        "The following must not all be true together:",
        "  The participant has Gilbert syndrome.",
    ]
    two = ir.AtLeast(2, (GILBERT, JUDGED, ir.Sex("male")))
    assert rule(two)[0] == "At least 2 of the following must be true:"
    assert rule(two, "must not")[0] == "Fewer than 2 of the following may be true:"
    assert rule(ir.Not(either))[0] == "None of the following may be true:"
    assert rule(ir.Not(ir.Not(GILBERT))) == ["The participant must have Gilbert syndrome."]


def test_list_of_one_kind_is_said_once() -> None:
    drugs = [ir.Exists(name, EVER, "received") for name in ("prednisone", "tacrolimus")]
    assert rule(ir.AtLeast(2, tuple(drugs))) == [
        "The participant must have received at least 2 of the following at any time:", "  Prednisone.",
        "  Tacrolimus.",
    ]  # fmt: skip
    assert rule(ir.Or(tuple(drugs)), "must not")[0] == (
        "The participant must not have received any of the following at any time:"
    )
    assert rule(ir.And((ALT_LIMIT, AST_LIMIT), "each")) == [
        "Each of the following must be at most 3 × the upper limit of normal (ULN):", "  ALT.", "  AST.",
    ]  # fmt: skip
    positive = [ir.Result(ir.Observed(name), ir.CodeTest(("positive",))) for name in ("hbsag", "hcv")]
    assert rule(ir.Or(tuple(positive)), "must not")[0] == "None of the following may be positive:"


def test_lists_of_different_tests_are_not_merged() -> None:
    other = replace(AST_LIMIT, test=ir.NumberTest((("<=", ir.TimesLimit(F(5), "uln")),)))
    assert rule(ir.And((ALT_LIMIT, other)))[1:] == [
        "  ALT must be at most 3 × the upper limit of normal (ULN).",
        "  AST must be at most 5 × the upper limit of normal (ULN).",
    ]
    units = [
        ir.Result(ir.Observed(n), ir.NumberTest(((">", ir.Constant(F(3))),))) for n in ("alt", "neutrophils")
    ]
    assert rule(ir.And(tuple(units)))[1:] == [
        "  ALT must be above 3 U/L.",
        "  Neutrophils must be above 3 × 10⁹/L.",
    ]


def test_relaxed_limit() -> None:
    looser = ir.Result(ir.Observed("alt"), ir.NumberTest((("<=", ir.TimesLimit(F(5), "uln")),)))
    expr = ir.Or((ALT_LIMIT, ir.And((looser, GILBERT), "relaxed")), "relaxed")
    assert rule(expr) == [
        "ALT must be at most 3 × the upper limit of normal (ULN); but:",
        "  At most 5 × the upper limit of normal (ULN) is allowed if the participant has Gilbert syndrome.",
    ]


def test_unless_speaks_for_the_participant() -> None:
    required = ir.Or((ALT_LIMIT, GILBERT), "unless")
    assert rule(required) == [
        "ALT must be at most 3 × the upper limit of normal (ULN), unless the participant has Gilbert "
        "syndrome."
    ]
    forbidden = ir.And((VACCINE, ir.Not(JUDGED)), "unless")
    assert rule(forbidden, "must not") == [
        "The participant must not have received live vaccine within 4 weeks before screening, unless the "
        "investigator "
        "answers yes to: “haemodynamically stable”."
    ]


def test_cases() -> None:
    expr = ir.IfElse(ir.Sex("female"), ALT_LIMIT, ir.IfElse(GILBERT, AST_LIMIT, JUDGED))
    assert rule(expr)[0] == "The first of these cases that fits decides:"
    assert rule(expr)[1].startswith("  If the participant is female: ALT must be at most 3")
    assert rule(expr)[2].startswith("  Otherwise, if the participant has Gilbert syndrome: AST must be")
    assert rule(expr)[3].startswith("  Otherwise: the investigator must judge")
    implied = ir.Or((ir.Not(ir.Sex("female")), GILBERT), "implies")
    assert rule(implied) == ["If the participant is female, then the participant must have Gilbert syndrome."]


def test_between_is_one_sentence() -> None:
    age = ir.Age("year", at("screening"))
    ends = (ir.Compare(age, ">=", ir.Constant(F(5))), ir.Compare(age, "<=", ir.Constant(F(18))))
    assert rule(ir.And(ends)) == [
        "The participant must be at least 5 years and at most 18 years old at screening (in completed years)."
    ]


def test_one_line_has_brackets_where_groups_meet() -> None:
    mixed = ir.And((ir.Sex("female"), ir.Or((GILBERT, JUDGED))))
    assert inline(CONTEXT, mixed).startswith(
        "the participant is female and (the participant has Gilbert syndrome or"
    )


# ---------------------------------------------------------------- trees at random

LEAF = st.sampled_from([leaf for leaf, _ in LEAVES])
TREES = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(ir.Not, inner),
        st.builds(lambda m: ir.And(tuple(m)), st.lists(inner, min_size=2, max_size=4)),
        st.builds(lambda m: ir.Or(tuple(m)), st.lists(inner, min_size=2, max_size=4)),
        st.builds(lambda m: ir.AtLeast(2, tuple(m)), st.lists(inner, min_size=2, max_size=4)),
        st.builds(ir.IfElse, inner, inner, inner),
        st.builds(lambda a, b: ir.Or((a, b), "unless"), inner, inner),
        st.builds(lambda a, b: ir.And((a, ir.Not(b)), "unless"), inner, inner),
        st.builds(lambda a, b: ir.Or((ir.Not(a), b), "implies"), inner, inner),
        st.builds(lambda a, b, c: ir.Or((a, ir.And((b, c), "relaxed")), "relaxed"), inner, inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_every_tree_reads_differently_denied(expr: ir.Expr) -> None:
    for one, other in (("must", "must not"), ("is", "is not")):
        assert flat(read(CONTEXT, expr, one)) != flat(read(CONTEXT, expr, other))  # type: ignore[arg-type]
    assert flat(read(CONTEXT, ir.Not(expr), "must")) == flat(read(CONTEXT, expr, "must not"))
    assert inline(CONTEXT, expr)


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_headings_end_in_a_colon_and_sentences_in_a_full_stop(expr: ir.Expr) -> None:
    def check(line: Line) -> None:
        assert line.text.endswith((":", ".")), line.text
        assert bool(line.children) == line.text.endswith(":"), line.text
        for child in line.children:
            check(child)

    check(read(CONTEXT, expr, "must"))


def test_the_usual_time_is_left_out_only_where_the_latest_value_counts() -> None:
    usual = within(28, "day")
    context = replace(CONTEXT, usual=usual)
    test = ir.NumberTest((("<=", ir.Constant(F(5))),))

    def said(observed: ir.Observed, occasions: ir.Occasions | None = None) -> str:
        return plain(clause(context, ir.Result(observed, test, occasions), "must"))

    assert said(ir.Observed("alt", window=usual)) == "ALT must be at most 5 U/L"
    assert "28 days before screening" in said(ir.Observed("alt", "highest", usual))
    assert "28 days before screening" in said(ir.Observed("alt", window=usual), ir.Occasions(2))
    assert "latest value at any time" in said(ir.Observed("alt", window=EVER))
    assert "latest value at any time" in said(ir.Observed("alt"))
    assert "within 7 days before screening" in said(ir.Observed("alt", window=within(7, "day")))
