"""Reference tables: what a file must look like, what is said of one that does not, what follows from one."""

from __future__ import annotations

from fractions import Fraction

import pytest

from protodsl.documents.words import rules
from protodsl.driver import CheckResult, check
from protodsl.reading import read_file

GOOD = "sex,age_months,p5,p97.5\nfemale,24,14.4,19.1\nfemale,36,14.0,19.3\nmale,24,14.8,19.3\n"
TRIAL = """language 1
lab bmi "Body mass index" { unit kg/m2 }
reference chart "BMI for age" { file "chart.csv" unit kg/m2 citation "Somebody 2000." }
reference unused "Another" { file "other.csv" citation "Somebody 2001." }
protocol small "Small" {
  timepoint screening
  anchor screening
  values ever
  inclusion 1 "Not too heavy" { require bmi < percentile 97.5 of chart }
}
"""


def checked(chart: str, trial: str = TRIAL) -> CheckResult:
    files = {"t.proto-lite": trial, "chart.csv": chart, "other.csv": "age_years,p50\n1,2\n"}

    def read(path: str) -> bytes:
        return files[path].encode() if path in files else read_file(path)

    return check("t.proto-lite", read=read, root=".")


def errors(result: CheckResult) -> list[tuple[str, str]]:
    return [(one.code, one.message) for one in result.diagnostics if one.severity == "error"]


@pytest.mark.parametrize(
    ("chart", "reason"),
    [
        ("", "it is empty"),
        ("sex,age_months,p5\n", "it has no rows below its first line"),
        ("sex,p5\nfemale,3\n", "line 1: none of the columns `age_years`"),
        ("sex,age_months\nfemale,3\n", "line 1: no column of a percentile"),
        ("age_years,age_months,p5\n1,12,3\n", "line 1: ages stand in `age_years` and in `age_months`"),
        ("age_years,p5,L\n1,3,1\n", "line 1: `L` is none of `sex`"),
        ("age_years,p5,p5.0\n1,3,1\n", "line 1: the percentile 5 stands there twice"),
        ("age_years,p100\n1,3\n", "line 1: `p100` is none of"),
        ("sex,age_months,p5\nfemale,24\n", "line 2 has 2 fields, the first line 3"),
        ("sex,age_months,p5\ngirl,24,3\n", "line 2: the sex is 'girl'"),
        ("sex,age_months,p5\nfemale,24.5,3\n", "line 2: '24.5' is no completed age"),
        ("sex,age_months,p5\nfemale,-1,3\n", "line 2: '-1' is no completed age"),
        ("sex,age_months,p5\nfemale,24,x\n", "line 2: 'x' is no number"),
        ("sex,age_months,p5\nfemale,24,1e999999\n", "line 2: '1e999999' is no number"),
        ("sex,age_months,p5,p95\nfemale,24,9,3\n", "line 2: a higher percentile has a lower value"),
        ("sex,age_months,p5\nfemale,24,3\nfemale,24,4\n", "line 3: ages do not rise"),
        ("sex,age_months,p5\nfemale,24,3\n", "it has no row of sex male"),
        ('age_years,p5\n1,"3\n', "it is no CSV"),
        ("age_years,p5\n" + "1,3\n" * 5000, "it has more than 5000 lines"),
    ],
)
def test_a_file_that_is_no_table_is_told_with_its_line(chart: str, reason: str) -> None:
    found = errors(checked(chart))
    assert found[0][0] == "E0381"
    assert reason in found[0][1]


def test_the_file_lies_in_the_project() -> None:
    outside = TRIAL.replace('"chart.csv"', '"../chart.csv"')
    assert errors(checked(GOOD, outside))[0][0] == "E0208"
    nowhere = TRIAL.replace('"chart.csv"', '"chert.csv"')
    assert errors(checked(GOOD, nowhere))[0][0] == "E0209"


def test_the_protocol_carries_the_tables_it_uses_and_changes_with_them() -> None:
    first = checked(GOOD).protocol
    second = checked(GOOD.replace("19.1", "19.2")).protocol
    assert first is not None
    assert second is not None
    (found,) = first.references
    assert (found.name, found.label, found.file) == ("chart", "BMI for age", "chart.csv")
    assert (found.citation, found.age, found.sexes) == ("Somebody 2000.", "month", True)
    assert found.percentiles == (5, Fraction("97.5")) and found.unit is not None
    assert first.sha256 != second.sha256


def test_documents_name_the_percentile_and_do_not_list_the_table() -> None:
    protocol = checked(GOOD).protocol
    assert protocol is not None
    (criterion,) = protocol.stages[0].criteria
    assert criterion.root.expr is not None
    said = rules.inline(rules.Context(protocol), criterion.root.expr)
    assert "below percentile 97.5 of BMI for age" in said
    assert "14.8" not in said


def test_columns_in_any_order_blank_lines_and_a_byte_order_mark() -> None:
    chart = "\ufeffP97.5, Sex ,age_months,p5\n19.1,Female,24,14.4\n\n19.3,MALE,24,14.8\n"
    assert errors(checked(chart)) == []
