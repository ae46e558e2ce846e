"""An amendment by meaning: nothing is called stricter or looser that is not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest
from document_fixture import (
    ALT_LIMIT,
    AST_LIMIT,
    EVER,
    GILBERT,
    JUDGED,
    TRIALS,
    VACCINE,
    F,
    days,
    leaf,
    protocol,
    within,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from shipped import trial

from protodsl import ir
from protodsl.documents import changes, laid_out
from protodsl.documents.changes import compare_criteria
from protodsl.documents.meaning import Pair

PAIR = Pair(protocol(), protocol())


def alt(op: ir.Op, limit: int) -> ir.Result:
    return ir.Result(ir.Observed("alt"), ir.NumberTest(((op, ir.Constant(F(limit))),)))


def included(expr: ir.Expr, **more: object) -> ir.Criterion:
    return ir.Criterion("inclusion", leaf("inclusion 1", "A", expr, **more))


def excluded(expr: ir.Expr) -> ir.Criterion:
    return ir.Criterion("exclusion", leaf("exclusion 1", "A", expr))


def effects(old: ir.Protocol, new: ir.Protocol) -> list[str]:
    return [change.effect for change in compare_criteria(old, new)]


# ---------------------------------------------------------------- soundness

VALUES = range(0, 5)
ATOMS = [alt(op, limit) for op in ("<", "<=", ">", ">=") for limit in VALUES]  # type: ignore[arg-type]
OTHER = [replace(atom, observed=ir.Observed("ast")) for atom in ATOMS]
RULES = st.recursive(
    st.sampled_from([*ATOMS, *OTHER]),
    lambda inner: st.one_of(
        st.builds(ir.Not, inner),
        st.builds(lambda m: ir.And(tuple(m)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda m: ir.Or(tuple(m)), st.lists(inner, min_size=2, max_size=3)),
        st.builds(
            lambda k, m: ir.AtLeast(k, tuple(m)), st.integers(1, 3), st.lists(inner, min_size=2, max_size=3)
        ),
        st.builds(ir.IfElse, inner, inner, inner),
    ),
    max_leaves=6,
)


def holds(expr: ir.Expr, values: dict[str, int]) -> bool:
    """The plain truth of a rule about two known values, written down without the compared code."""
    match expr:
        case ir.And(members):
            return all(holds(member, values) for member in members)
        case ir.Or(members):
            return any(holds(member, values) for member in members)
        case ir.AtLeast(count, members):
            return sum(holds(member, values) for member in members) >= count
        case ir.Not(member):
            return not holds(member, values)
        case ir.IfElse(condition, then, otherwise):
            return holds(then if holds(condition, values) else otherwise, values)
        case ir.Result(observed, ir.NumberTest(bounds)):
            value = Fraction(values[observed.item])
            tests = {"<": value.__lt__, "<=": value.__le__, ">": value.__gt__, ">=": value.__ge__}
            return all(tests[op](limit.value) for op, limit in bounds)  # type: ignore[union-attr, index]
    raise AssertionError(expr)


def changed(rule: ir.Expr) -> st.SearchStrategy[tuple[ir.Expr, ir.Expr]]:
    """A rule and an amended one: limits moved, members added or taken away, or another rule altogether."""
    return st.tuples(st.just(rule), st.one_of(RULES, amended(rule)))


@st.composite
def amended(draw: st.DrawFn, rule: ir.Expr) -> ir.Expr:
    match rule:
        case ir.And(members) | ir.Or(members) | ir.AtLeast(_, members):
            kept = [draw(amended(member)) for member in members if draw(st.integers(0, 5))]
            kept += draw(st.lists(RULES, max_size=1)) if not draw(st.integers(0, 3)) else []
            made = replace(rule, members=tuple(kept or members))
            return replace(made, count=draw(st.integers(1, 3))) if isinstance(made, ir.AtLeast) else made
        case ir.Not(member):
            return ir.Not(draw(amended(member)))
        case ir.Result() if draw(st.booleans()):
            return draw(st.sampled_from([r for r in (*ATOMS, *OTHER) if r.observed == rule.observed]))
        case _:
            return rule


@settings(max_examples=1500, deadline=None)
@given(RULES.flatmap(changed))
def test_what_is_claimed_of_two_rules_is_true(pair: tuple[ir.Expr, ir.Expr]) -> None:
    old, new = pair
    relation = PAIR.relation(old, new)
    for a, b in itertools.product(VALUES, VALUES):
        values = {"alt": a, "ast": b}
        before, after = holds(old, values), holds(new, values)
        if relation == "same":
            assert before == after
        elif relation == "narrower":
            assert before or not after
        elif relation == "wider":
            assert after or not before


# ---------------------------------------------------------------- single steps


@pytest.mark.parametrize(
    ("old", "new", "relation"),
    [
        (alt("<=", 3), alt("<=", 2), "narrower"),
        (alt("<=", 3), alt("<", 3), "narrower"),
        (alt(">=", 3), alt(">=", 2), "wider"),
        (alt("<=", 3), alt(">=", 3), "other"),
        (ALT_LIMIT, alt("<=", 2), "other"),
        (ALT_LIMIT, AST_LIMIT, "other"),
        (VACCINE, replace(VACCINE, window=within(8, "week")), "wider"),
        (VACCINE, replace(VACCINE, window=within(28, "day")), "same"),  # the same days, by another name
        (VACCINE, replace(VACCINE, window=within(2, "month")), "other"),
        (VACCINE, replace(VACCINE, window=within(4, "week", "infusion")), "other"),
        (VACCINE, replace(VACCINE, window=EVER), "other"),
        (replace(GILBERT, window=EVER), replace(GILBERT, window=EVER, least=2), "narrower"),
        (replace(GILBERT, item="malignancy"), replace(GILBERT, item="malignancy", but_not=("skin_cancer",)),
         "narrower"),
        (replace(VACCINE, item="prednisone"), replace(VACCINE, item="steroid"), "wider"),
        (replace(VACCINE, item="steroid"), replace(VACCINE, item="tacrolimus"), "other"),
        (replace(VACCINE, lasting=(">=", days(30))), replace(VACCINE, lasting=(">=", days(60))), "narrower"),
        (replace(alt("<=", 3), observed=ir.Observed("alt", window=within(28, "day"))),
         replace(alt("<=", 3), observed=ir.Observed("alt", window=within(14, "day"))), "other"),
        (replace(alt("<=", 3), observed=ir.Observed("alt", "any", within(28, "day"))),
         replace(alt("<=", 3), observed=ir.Observed("alt", "any", within(14, "day"))), "narrower"),
        (ir.Result(ir.Observed("hbsag"), ir.CodeTest(("positive",))),
         ir.Result(ir.Observed("hbsag"), ir.CodeTest(("positive", "borderline"))), "wider"),
        (JUDGED, replace(JUDGED, question="other"), "other"),
        (ir.Or((ALT_LIMIT, GILBERT)), ALT_LIMIT, "narrower"),
        (ALT_LIMIT, ir.And((JUDGED, ALT_LIMIT)), "narrower"),
        (ir.And((ALT_LIMIT, GILBERT)), ir.And((GILBERT, ALT_LIMIT)), "same"),
    ],
)  # fmt: skip
def test_relations(old: ir.Expr, new: ir.Expr, relation: str) -> None:
    assert PAIR.relation(old, new) == relation


def test_a_definition_that_changed_changes_the_rules_that_use_it() -> None:
    old, new = (
        protocol(
            included(ir.Defined("normal")),
            definitions={"normal": ir.Definition("normal", "Normal", alt("<=", limit))},
        )
        for limit in (3, 2)
    )
    assert effects(old, new) == ["stricter"]


def test_effects_on_eligibility() -> None:
    three, two = alt("<=", 3), alt("<=", 2)
    assert effects(protocol(included(three)), protocol(included(two))) == ["stricter"]
    assert effects(protocol(excluded(three)), protocol(excluded(two))) == ["looser"]
    assert effects(protocol(included(three)), protocol(included(three))) == ["unchanged"]
    assert effects(protocol(included(three)), protocol(included(three, notes=("x",)))) == ["reworded only"]
    assert effects(protocol(included(three)), protocol(included(JUDGED))) == ["changed"]
    assert effects(protocol(), protocol(included(three))) == ["stricter"]
    assert effects(protocol(included(three)), protocol()) == ["looser"]
    guarded = included(three, applies=ir.Sex("female"))
    assert effects(protocol(included(three)), protocol(guarded)) == ["looser"]


def test_renumbering_is_no_change() -> None:
    one, two = alt("<=", 3), GILBERT
    old = protocol(
        ir.Criterion("inclusion", leaf("inclusion 1", "A", one)),
        ir.Criterion("inclusion", leaf("inclusion 2", "B", two)),
    )
    new = protocol(
        ir.Criterion("inclusion", leaf("inclusion 1", "B", two)),
        ir.Criterion("inclusion", leaf("inclusion 2", "A", one)),
    )
    assert effects(old, new) == ["unchanged", "unchanged"]
    assert "| Inclusion 1, A | Inclusion 2, A |" in laid_out(changes(old, new), "md").decode()


def test_a_vocabulary_or_timepoint_that_moved_is_never_called_stricter() -> None:
    old = protocol(included(alt("<=", 3)))
    items = {**old.items, "alt": replace(old.items["alt"], also_units=("IU/L",))}
    assert effects(old, protocol(included(alt("<=", 2)), items=items)) == ["changed"]
    points = tuple(
        replace(point, tolerance=days(3)) if point.name == "screening" else point for point in old.timepoints
    )
    rule = included(replace(VACCINE, window=within(8, "week")))
    assert effects(protocol(included(VACCINE)), protocol(rule, timepoints=points)) == ["changed"]


@pytest.mark.parametrize("name", TRIALS)
def test_a_protocol_against_itself_says_no_change(name: str) -> None:
    model = trial(name)
    assert set(effects(model, model)) == {"unchanged"}
    text = laid_out(changes(model, model), "md").decode()
    assert text.count("No change.") == 3
    assert laid_out(changes(model, model), "pdf").startswith(b"%PDF")


def test_other_fields_are_compared() -> None:
    old = trial("NCT06892145")
    header = replace(
        old.header,
        fields=tuple((k, ir.Stated("24") if k == "planned_number" else v) for k, v in old.header.fields),
    )
    text = laid_out(changes(old, replace(old, header=header)), "md").decode()
    assert "| Planned number of participants | 12 | 24 |" in text
