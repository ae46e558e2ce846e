"""Synthetic participants of NCT06892145, seeded: untidy random ones, and charts as clinics keep them.

The untidy half comes from the generator of the property tests, which aims at the edges of every criterion:
partial dates, censored values, broader codes, absences, contradictions. The other half are charts: three
visits of laboratory results, courses of drugs, answers, most things in order and now and then one that is
not, so that all three verdicts occur.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from protodsl import driver, ir

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "protocols" / "NCT06892145.proto-lite"

# (name, LOINC, unit, mean, spread, upper limit, decimals)
LABS = (
    *(("alt", "1742-6", "U/L", 28, 12, 40, 0), ("ast", "1920-8", "U/L", 25, 10, 35, 0)),
    *(
        ("creatinine", "2160-0", "mg/dL", 0.9, 0.25, 1.1, 2),
        ("bilirubin_total", "1975-2", "mg/dL", 0.7, 0.3, 1.2, 1),
    ),
    *(("hemoglobin", "718-7", "g/L", 118, 14, 160, 0), ("leukocytes", "6690-2", "10*9/L", 5, 1.8, 10, 1)),
    *(("neutrophils", "751-8", "10*9/L", 3.2, 1.2, 7, 1), ("platelets", "777-3", "10*9/L", 210, 60, 350, 0)),
    *(
        ("complement_c3", "4485-9", "g/L", 0.7, 0.2, None, 2),
        ("complement_c4", "4498-2", "g/L", 0.1, 0.04, None, 2),
    ),
    *(("albumin", None, "g/L", 38, 4, None, 0), ("urea", None, "mmol/L", 5.6, 1.6, 8.3, 1)),
    *(("potassium", None, "mmol/L", 4.1, 0.3, 5.1, 1), ("c_reactive_protein", None, "mg/L", 9, 6, 5, 1)),
    ("spo2_room_air", None, "%", 97.5, 1, None, 0),
    ("body_weight", "29463-7", "kg", 62, 10, None, 1),
)
SEROLOGY = (
    *(("hbsag", "5195-3"), ("hbcab", "16933-4"), ("hcv_antibody", "16128-1"), ("hiv_antibody", "7918-6")),
    ("treponema_pallidum_antibody", "22587-0"),
)
YES = (
    *("informed_consent", "eular_acr_2019_sle", "the disease is still active despite the treatment"),
    "meets the standards for apheresis or venous blood collection",
    "no other contraindication to cell collection",
    "reliable and effective contraception, the safe period excluded",
    "barrier contraception in intercourse with fertile women",
    "no donation of eggs or sperm for assisted reproduction",
)
NO = (
    "significant renal deterioration, likely to require prednisone ≥ 1 mg/kg/day or equivalent, "
    "cyclophosphamide or mycophenolate during the first 3 months of the study",
    "the lupus crisis is not controlled at screening",
    "CNS lupus active and requiring therapeutic intervention at screening",
    "the other autoimmune disease requires systemic treatment",
    "the infection is uncontrollable",
    "plans_children_within_1_year",
    "unsuitable to participate for another reason",
)
PARTICIPANT = {YES[0], *YES[5:], "plans_children_within_1_year"}
DRUGS = (
    *(
        "cyclophosphamide",
        "mycophenolate_mofetil",
        "azathioprine",
        "methotrexate",
        "ciclosporin",
        "tacrolimus",
    ),
    *("sirolimus", "leflunomide"),
)
ATC = {"hydroxychloroquine": "P01BA02", "prednisone": "H02AB07", "belimumab": "L04AG04"}


def people(protocol: ir.Protocol, count: int, seed: int = 20240220) -> Iterator[dict[str, Any]]:
    """Charts and untidy records by turns; the same for the same seed."""
    sys.path.insert(0, str(ROOT / "tests"))
    from strategies import random_record

    for number in range(count):
        rng = Random(seed * 1_000_003 + number)
        record = Chart(rng).record() if number % 2 == 0 else random_record(protocol, rng)
        yield {**record, "id": f"B-{number:07d}"}


def protocol() -> ir.Protocol:
    found = driver.check(PROTOCOL).protocol
    if found is None:
        raise SystemExit(f"{PROTOCOL} has errors: run protodsl check on it")
    return found


class Chart:
    """One participant's chart."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.day = date(2024, 1, 1) + timedelta(rng.randrange(700))
        self.published = rng.random() < 0.4  # results and drugs by published codes
        self.amounts = rng.random() < 0.3  # creatinine and bilirubin in µmol/L
        self.careless = rng.choice((0.0, 0.0, 0.01, 0.03, 0.08))  # share of things missing or not in order
        self.sex = "female" if rng.random() < 0.88 else "male"

    def odd(self, share: float = 1.0) -> bool:
        return self.rng.random() < self.careless * share

    def on(self, days: int) -> str:
        return (self.day + timedelta(days)).isoformat()

    def record(self) -> dict[str, Any]:
        rng = self.rng
        found: dict[str, Any] = {
            "birth_date": self.on(-rng.randint((16 if self.odd() else 19) * 365, 65 * 365)),
            "sex": self.sex,
            "timepoints": {
                "consent": self.on(-21),
                "screening": self.on(-rng.randint(7, 20)),
                "enrollment": self.on(0),
                "infusion": self.on(rng.randint(10, 30)),
            },
            "complete": [one for one in ("conditions", "medications", "procedures") if not self.odd(0.5)],
            "results": self.results(),
            "conditions": self.conditions(),
            "medications": self.medications(),
            "procedures": self.procedures(),
            "answers": self.answers(),
        }
        if rng.random() < 0.7:
            found["as_of"] = self.on(rng.randint(0, 3))
        return found

    def code(self, name: str, system: str, published: str | None) -> Any:
        return {"system": system, "code": published} if self.published and published else name

    def results(self) -> list[dict[str, Any]]:
        rng = self.rng
        found: list[dict[str, Any]] = []
        for visit in (-rng.randint(80, 120), -rng.randint(30, 60), -rng.randint(0, 26)):
            for name, loinc, unit, mean, spread, upper, places in LABS:
                if self.odd():
                    continue
                value = max(rng.gauss(mean, spread), mean / 10) * (rng.choice((1, 3, 6)) if self.odd() else 1)
                if unit == "%":
                    value = min(value, 100)
                fact = {"code": self.code(name, "loinc", loinc), "value": round(value, places), "unit": unit}
                if upper is not None:
                    fact["uln"] = upper
                if self.amounts and name in ("creatinine", "bilirubin_total"):
                    times = 88.4 if name == "creatinine" else 17.1
                    fact |= {
                        "value": round(value * times, 1),
                        "unit": "umol/L",
                        "uln": round((upper or 1) * times, 1),
                    }
                found.append({**fact, "date": self.on(visit)})
            found.append({"code": "sledai_2k", "value": rng.randint(7, 20), "date": self.on(visit)})
        found.append(
            {"code": self.code("lvef", "loinc", "10230-1"), "value": rng.randint(52, 70), "unit": "%"}
        )
        found[-1]["date"] = self.on(-rng.randint(30, 90) if self.odd(2) else -rng.randint(0, 28))
        for name, loinc in SEROLOGY:
            if not self.odd():
                word = "positive" if self.odd() else "Negative"
                found.append({"code": self.code(name, "loinc", loinc), "value": word, "date": self.on(-10)})
        found.append(
            {"code": self.code("ana", "loinc", "8061-4"), "value": "positive", "date": self.on(-900)}
        )
        found.append(
            {"code": "anti_dsdna", "value": rng.choice(("positive", "negative")), "date": self.on(-24)}
        )
        if self.sex == "female":
            found.append(
                {"code": "serum_pregnancy_test", "value": "negative", "date": self.on(-rng.randint(0, 20))}
            )
        return found

    def conditions(self) -> list[dict[str, Any]]:
        rng = self.rng
        found: list[dict[str, Any]] = [
            {
                "code": "systemic_lupus_erythematosus",
                "onset": str(self.day.year - rng.randint(1, 15)),
                "end": None,
            }
        ]
        if self.sex == "female" and rng.random() < 0.7:
            found.append({"code": "of_childbearing_potential", "onset": str(self.day.year - 20), "end": None})
        if rng.random() < 0.4:
            found.append({"code": "lupus_nephritis", "onset": self.on(-rng.randint(100, 2000))[:7]})
        past = (
            "pneumonia",
            "depression",
            "kidney_disease",
            "skin_rash",
            "joint_pain",
            "peptic_ulcer",
            "drug_allergy",
        )
        for name in rng.sample(past, rng.randint(1, 4)):
            onset = rng.randint(200, 3000)
            found.append(
                {"code": name, "onset": self.on(-onset), "end": self.on(-onset + rng.randint(5, 150))}
            )
        for name in ("infection", "seizure", "malignancy", "deep_vein_thrombosis", "neuropsychiatric_lupus"):
            if self.odd():
                found.append({"code": name, "onset": self.on(-rng.randint(0, 400)), "severity": "severe"})
        return found

    def medications(self) -> list[dict[str, Any]]:
        rng = self.rng
        found: list[dict[str, Any]] = []

        def give(name: str, start: int, end: int | None, dose: float | None = None) -> None:
            fact = {"code": self.code(name, "atc", ATC.get(name)), "start": self.on(-start)}
            fact["end"] = None if end is None else self.on(-end)
            if dose is not None:
                fact |= {"dose": dose, "unit": "mg/d"}
            found.append({**fact, "response": "refractory"} if rng.random() < 0.5 else fact)

        give("hydroxychloroquine", rng.randint(300, 2500), None, 400)
        begun = rng.randint(200, 900)
        for dose, lasted in (
            (rng.choice((60, 80, 100) if not self.odd(3) else (30, 40)), 30),
            (30, 30),
            (15, 60),
        ):
            give("prednisone", begun, begun - lasted + 1, dose)
            begun -= lasted
        give("prednisone", begun, None, rng.choice((5, 7.5, 10)))
        for name in rng.sample(DRUGS, rng.choice((2, 2, 3, 3, 4)) if not self.odd(2) else 1):
            start = rng.randint(120, 1500)
            give(name, start, rng.randint(0, start - 100) if rng.random() < 0.6 else None)
        if not self.odd(2):
            give(rng.choice(("belimumab", "telitacicept")), rng.randint(150, 700), None)
        for name in rng.sample(
            ("warfarin", "systemic_antibacterial", "filgrastim", "enoxaparin"), rng.randint(0, 2)
        ):
            give(name, 60, 50)
        return found

    def procedures(self) -> list[dict[str, Any]]:
        rng = self.rng
        found = (
            [{"code": "major_surgery", "date": self.on(-rng.randint(200, 4000))}]
            if rng.random() < 0.3
            else []
        )
        if rng.random() < 0.3:
            found.append({"code": "varicella_vaccine", "date": self.on(-rng.randint(200, 4000))})
        for name in (
            "measles_vaccine",
            "other_trial",
            "haemodialysis",
            "coronary_stent",
            "kidney_transplantation",
        ):
            if self.odd():
                found.append({"code": name, "date": self.on(-rng.randint(0, 200))})
        return found

    def answers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for question, usual in (*((one, True) for one in YES), *((one, False) for one in NO)):
            if self.odd():
                continue
            role = "participant" if question in PARTICIPANT else "investigator"
            answer = not usual if self.odd(0.5) else usual
            fact = {"question": question, "answer": answer, "by": role}
            found.append({**fact, "date": self.on(-3 if role == "investigator" else -7)})
        return found
