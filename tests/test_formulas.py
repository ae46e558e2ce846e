"""The formulas of the vocabulary give the values published for them, or worked out by hand from the paper."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from shipped import trial

from protodsl import driver, interpret, ir
from protodsl.reading import read_file
from protodsl.runtime.read import read_record

PROTOCOL = Path(__file__).parent.parent / "protocols" / "changzheng-cd19-cd3e.proto-lite"
DAY = "2024-06-05"
EVER = ir.Window(None, ir.Bound(ir.AtTimepoint("enrollment")))


def protocol() -> ir.Protocol:
    return trial("changzheng-cd19-cd3e")


def compared(measure: str, op: ir.Op, limit: Fraction, record: dict[str, Any]) -> interpret.Finding:
    test = ir.Result(ir.Observed(measure, window=EVER), ir.NumberTest(((op, ir.Constant(limit)),)))
    return interpret.truth_of(protocol(), test, read_record(record), anchor="enrollment")


def person(sex: str, born: str, **results: tuple[float | str, str]) -> dict[str, Any]:
    return {
        "id": "P",
        "sex": sex,
        "birth_date": born,
        "timepoints": {"enrollment": "2024-06-10"},
        "results": [
            {"code": code, "value": value, "unit": unit, "date": DAY}
            for code, (value, unit) in results.items()
        ],
    }


CASES = {
    "Cockcroft-Gault, man": (
        "creatinine_clearance",
        person("male", "1959-01-01", creatinine=(1.4, "mg/dL"), body_weight=(70, "kg")),
        "52.08",
    ),
    "Cockcroft-Gault, woman": (
        "creatinine_clearance",
        person("female", "1959-01-01", creatinine=(1.4, "mg/dL"), body_weight=(70, "kg")),
        "44.27",
    ),
    "Cockcroft-Gault, creatinine in substance": (
        "creatinine_clearance",
        person("male", "1959-01-01", creatinine=("123.763", "umol/L"), body_weight=(70, "kg")),
        "52.08",
    ),
    "Cockcroft-Gault per 1.73 m2": (
        "creatinine_clearance_bsa",
        person(
            "male", "1959-01-01", creatinine=(1.4, "mg/dL"), body_weight=(80, "kg"), body_height=(180, "cm")
        ),
        "51.49",
    ),
    "CKD-EPI 2021, woman": (
        "egfr_ckd_epi_2021",
        person("female", "1969-01-01", creatinine=(0.9, "mg/dL")),
        "75.5",
    ),
    "bedside Schwartz": (
        "egfr_schwartz",
        person("female", "2015-01-01", creatinine=(1.0, "mg/dL"), body_height=(120, "cm")),
        "49.56",
    ),
    "CKiD U25, girl of 9 years and 5 months": (
        "egfr_ckid_u25",
        person("female", "2015-01-01", creatinine=(1.0, "mg/dL"), body_height=(120, "cm")),
        "42.44",
    ),
    "CKiD U25, boy of 15 years and 5 months": (
        "egfr_ckid_u25",
        person("male", "2009-01-01", creatinine=(0.8, "mg/dL"), body_height=(1.7, "m")),
        "96.32",
    ),
    "CKiD U25, woman of 20": (
        "egfr_ckid_u25",
        person("female", "2004-01-01", creatinine=(0.9, "mg/dL"), body_height=(165, "cm")),
        "75.90",
    ),
    "Mosteller": (
        "body_surface_mosteller",
        person("male", "1980-01-01", body_weight=(80, "kg"), body_height=(180, "cm")),
        "2.0000",
    ),
    "DuBois": (
        "body_surface_dubois",
        person("male", "1980-01-01", body_weight=(80, "kg"), body_height=(180, "cm")),
        "1.9964",
    ),
    "body mass index": (
        "bmi",
        person("male", "1980-01-01", body_weight=(80, "kg"), body_height=(180, "cm")),
        "24.69",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_value(name: str) -> None:
    measure, record, printed = CASES[name]
    half = Fraction(1, 2 * 10 ** len(printed.partition(".")[2]))
    assert compared(measure, ">=", Fraction(printed) - half, record).truth
    assert compared(measure, "<=", Fraction(printed) + half, record).truth


LIVER = """language 1
use "vocabulary/liver.proto-lite"
protocol liver {
  timepoint enrollment
  anchor enrollment
  inclusion 1 "A" { require child_pugh_score <= 6 }
}
"""


@cache
def liver() -> ir.Protocol:
    path = str(PROTOCOL.parent / "liver.proto-lite")
    checked = driver.check(path, read=lambda name: LIVER.encode() if name == path else read_file(name))
    assert checked.protocol is not None
    return checked.protocol


@pytest.mark.parametrize(
    ("bilirubin", "albumin", "inr", "ascites", "encephalopathy", "points"),
    [
        ("1.99", "3.51", "1.69", "absent", "grade_0", 5),
        ("2", "3.5", "1.7", "mild", "grade_1", 10),
        ("3", "2.8", "2.3", "mild", "grade_2", 10),
        ("3.01", "2.79", "2.31", "moderate_or_severe", "grade_3", 15),
        ("1", "4", "1", "absent", "grade_4", 7),
        ("1", "4", "2.4", "mild", "grade_0", 8),
    ],
)
def test_child_pugh(
    bilirubin: str, albumin: str, inr: str, ascites: str, encephalopathy: str, points: int
) -> None:
    values = {
        "bilirubin_total": (bilirubin, "mg/dL"), "albumin": (albumin, "g/dL"), "inr": (inr, None),
        "ascites": (ascites, None), "hepatic_encephalopathy": (encephalopathy, None),
    }  # fmt: skip
    record = person("male", "1980-01-01")
    for code, (value, unit) in values.items():
        one = {"code": code, "value": value, "date": DAY} | ({"unit": unit} if unit else {})
        record["results"].append(one)
    exactly = ir.Result(
        ir.Observed("child_pugh_score", window=EVER), ir.NumberTest((("=", ir.Constant(Fraction(points))),))
    )
    assert interpret.truth_of(liver(), exactly, read_record(record), anchor="enrollment").truth


@pytest.mark.parametrize(
    ("measure", "born"),
    [
        ("creatinine_clearance", "2006-06-06"),  # 18 on the day after the sample
        ("creatinine_clearance_bsa", "2006-06-06"),
        ("egfr_ckd_epi_2021", "2006-06-06"),
        ("egfr_schwartz", "2007-06-05"),  # 17 on the day of the sample
        ("egfr_ckid_u25", "1998-06-05"),  # 26
    ],
)
def test_not_computable_outside_its_validity(measure: str, born: str) -> None:
    record = person("male", born, creatinine=(1.0, "mg/dL"), body_weight=(70, "kg"), body_height=(170, "cm"))
    found = compared(measure, ">=", Fraction(1), record)
    assert found.truth is None
    assert [cause.kind for cause in found.causes] == ["not computable"]


@pytest.mark.parametrize(("drug", "milligrams"), [
    ("prednisone", "5"), ("prednisolone", "5"), ("methylprednisolone", "4"), ("triamcinolone", "4"),
    ("hydrocortisone", "20"), ("cortisone", "25"), ("dexamethasone", "0.75"), ("betamethasone", "0.75"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["prednisone_equivalent", "prednisolone_equivalent"])
def test_equivalent_doses(name: str, drug: str, milligrams: str) -> None:
    assert dict(protocol().equivalences[name].factors)[drug] * Fraction(milligrams) == 5
