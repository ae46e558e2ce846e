"""SRI-4, LLDAS and DORIS of NCT06222853 are computed from what a follow-up visit records."""

from __future__ import annotations

from pathlib import Path

import pytest
from shipped import trial

from protodsl import interpret
from protodsl.records.json import read_records

PROTOCOLS = Path(__file__).parent.parent / "protocols"
FOLLOW_UP = PROTOCOLS / "patients" / "NCT06222853" / "follow-up"

Reached = tuple[bool | None, bool | None, bool | None]  # SRI-4, LLDAS, DORIS

EXPECTED: dict[str, Reached] = {
    "F-01": (True, True, True),  # low complement and DNA binding left, 5 mg prednisolone
    "F-02": (True, True, False),  # 7.5 mg prednisolone and a rash
    "F-03": (False, False, False),  # a new BILAG A, a new joint item, 20 mg prednisolone
    "F-04": (False, False, False),  # two new BILAG B alone undo the SRI-4
    "F-05": (None, None, None),  # the visit lies outside the window of month 3
    "F-06": (None, False, False),  # SLEDAI-2K 9 and PGA 0.5 decide; what SRI-4 compares with is not recorded
}


@pytest.mark.parametrize("name", EXPECTED)
def test_reached(name: str) -> None:
    (entry,) = read_records(str(FOLLOW_UP / f"{name}.json"))
    assert entry.record is not None, entry.problems
    found = interpret.endpoints(trial("NCT06222853"), entry.record)
    assert [each.id for each in found] == ["sri_4_rate", "lldas_rate", "doris_rate"]
    assert tuple(each.finding.truth for each in found) == EXPECTED[name]


def test_every_follow_up_record_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in FOLLOW_UP.glob("*.json"))


def test_the_change_of_one_eye_is_told_with_its_eye() -> None:
    eyes = trial("gallery/NCT00799227")
    assert [one.variable for objective in eyes.objectives for one in objective.endpoints] == [
        "change in Central retinal thickness (OCT) of the study eye from baseline to Week 26",
        "change in Best-corrected visual acuity (ETDRS) of the study eye from baseline to Week 26",
    ]
