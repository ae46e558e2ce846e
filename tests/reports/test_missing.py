"""What is missing: what could still change the verdict, the rest, and who can supply it."""

from __future__ import annotations

from small_trial import Screen, lab, screen

__all__ = ["screen"]

FRAGMENT = """
inclusion 1 "Liver" {
  require alt <= 3 ULN
}
inclusion 2 "Activity" {
  require sledai >= 8
}
inclusion 3 "Consent" {
  require agrees "to take part" by participant
}
exclusion 1 "Gout" {
  exclude if had gout
}
exclusion 2 "Judged" {
  exclude if judged "too ill"
}
exclusion 3 "Vaccine" {
  exclude if received live_vaccine within 4 weeks before infusion
}
"""


def test_each_is_asked_of_those_who_can_supply_it(screen: Screen) -> None:
    found = screen(FRAGMENT, {"results": [lab("alt", 130, "U/L")]}).to_dict()
    could = found["missing"]["could_change"]
    assert {who: [(one["ask"], one["what"]) for one in listed] for who, listed in could.items()} == {
        "laboratory": [("give the reference limit of", "alt")],
        "record": [("record or rule out", "gout")],
        "investigator": [
            ("assess", "sledai"), ("answer", "too ill"), ("give the date of", "infusion"),
        ],
        "participant": [("answer", "to take part")],
    }  # fmt: skip
    assert found["missing"]["rest"] == {}
    assert sorted(found["needed"]) == sorted(one["what"] for listed in could.values() for one in listed)


def test_where_somebody_is_ineligible_nothing_missing_could_change_it(
    screen: Screen,
) -> None:
    found = screen(FRAGMENT, {"results": [lab("alt", 130, "U/L", uln=40)]}).to_dict()
    assert found["verdict"] == "ineligible"
    assert found["missing"]["could_change"] == {}
    rest = found["missing"]["rest"]
    assert [one["what"] for one in rest["record"]] == ["gout"]
    assert rest["record"][0]["criteria"] == ["exclusion 1"]


def test_what_an_alternative_does_not_need_is_in_the_rest(screen: Screen) -> None:
    fragment = """
inclusion 1 "Either" {
  parts any of
  part a "ALT" {
    require alt <= 3 ULN
  }
  part b "Gout" {
    require has gout
  }
}
inclusion 2 "AST" {
  require ast <= 100 U/L
}
"""
    found = screen(fragment, {"results": [lab("alt", 40, "U/L", uln=40)]}).to_dict()
    assert found["verdict"] == "undetermined"
    assert [one["what"] for one in found["missing"]["could_change"]["laboratory"]] == ["ast"]
    assert [one["what"] for one in found["missing"]["rest"]["record"]] == ["gout"]


def test_only_the_innermost_part_is_named(screen: Screen) -> None:
    fragment = """
inclusion 1 "Organs" {
  part 1 "ALT" {
    require alt <= 3 ULN
  }
  part 2 "AST" {
    require ast <= 100 U/L
  }
}
"""
    found = screen(fragment, {}).missing.could_change
    assert [one.criteria for one in found] == [("inclusion 1.1",), ("inclusion 1.2",)]


def test_sex_and_birth_date_come_from_the_record(screen: Screen) -> None:
    fragment = 'inclusion 1 "Women" {\n  require sex is female and age at screening >= 18 years\n}'
    found = screen(fragment, {}).missing.could_change
    assert [(one.what, one.supplier, one.ask) for one in found] == [
        ("sex", "record", "record"), ("birth_date", "record", "record"),
    ]  # fmt: skip
