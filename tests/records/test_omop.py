"""OMOP CDM 5.4 → records: a sample nobody here wrote, and tables written for one question each."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from fhir_fixture import days

from protodsl.records.detect import read_participants
from protodsl.records.json import Entry
from protodsl.records.omop import tables
from protodsl.runtime.record import Coded, Interval, Medication, Record

SAMPLE = Path(__file__).parents[1] / "data" / "omop-5.4-synthea27nj"
CONCEPTS = """concept_id,concept_name,domain_id,vocabulary_id,concept_code
10,ALT,Measurement,LOINC,1742-6
11,units per liter,Unit,UCUM,U/L
12,Positive,Meas Value,SNOMED,10828004
20,Lupus nephritis,Condition,SNOMED,68815009
21,SLE with nephritis,Condition,ICD10CM,M32.14
22,Lupus,Condition,SNOMED,55464009
30,prednisone 5 MG,Drug,RxNorm,312617
31,prednisone,Drug,ATC,H02AB07
32,Glucocorticoids,Drug,ATC,H02AB
33,milligram,Unit,UCUM,mg
34,Oral,Route,SNOMED,26643006
"""


def written(folder: Path, **named: str) -> Path:
    named.setdefault(
        "person", "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n1,8532,1980,5,17\n"
    )
    named.setdefault("concept", CONCEPTS)
    for stem, text in named.items():
        (folder / f"{stem}.csv").write_text(text)
    return folder


def read(folder: Path, **named: str) -> list[Entry]:
    return list(read_participants(str(written(folder, **named))))


def only(folder: Path, **named: str) -> Record:
    [found] = [one.record for one in read(folder, **named) if one.record is not None]
    return found


def told(found: list[Entry]) -> list[str]:
    return [message.rpartition("/")[2] for one in found for message in one.messages()]


# ---------------------------------------------------------------- the sample


def test_sample() -> None:
    found = [one for one in read_participants(str(SAMPLE)) if one.record is not None]
    records = [one.record for one in found if one.record is not None]
    assert [one.id for one in records] == ["1", "2", "11"]
    first = records[0]
    assert (first.birth_date, first.sex, first.as_of) == (days("1998-04-09"), "male", days("2022-09-30").last)
    weight = next(one for one in first.results if one.where == "measurement/1")
    assert (weight.code, weight.raw, weight.unit) == (Coded("loinc", "29463-7"), "48.1", "kg")
    otitis = next(one for one in first.conditions if one.where == "condition_occurrence/1")
    assert (otitis.code, otitis.onset, otitis.end) == (
        Coded("snomed", "65363002"),
        days("2002-10-15"),
        days("2003-03-20"),
    )
    drug = next(one for one in first.medications if one.where == "drug_exposure/1")
    assert (drug.code, drug.start, drug.end) == (
        Coded("rxnorm", "308182"),
        days("2014-04-22"),
        days("2014-05-06"),
    )
    assert "the participant died on 2009-09-14" in found[2].notes
    assert all(any("no value" in note for note in one.notes) for one in found)


# ---------------------------------------------------------------- persons


@pytest.mark.parametrize(
    ("person", "born", "sex"),
    [
        ("8507,1980,5,17", days("1980-05-17"), "male"),
        ("8532,1980,5,", days("1980-05-01", "1980-05-31"), "female"),
        ("0,1980,,", days("1980-01-01", "1980-12-31"), None),
        ("8521,,,", None, None),
    ],
)
def test_persons(tmp_path: Path, person: str, born: Any, sex: str | None) -> None:
    head = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth\n"
    found = only(tmp_path, person=f"{head}7,{person}\n")
    assert (found.id, found.birth_date, found.sex) == ("7", born, sex)


# ---------------------------------------------------------------- facts

MEASUREMENT = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_time,operator_concept_id,"
    "value_as_number,value_as_concept_id,unit_concept_id,range_low,range_high,unit_source_value,value_source_value\n"
)


@pytest.mark.parametrize(
    ("row", "number", "text", "limits"),
    [
        ("0,31.50,0,11,10,40,u,", Interval(Fraction(63, 2), Fraction(63, 2)), None, (10, 40)),
        ("4171756,5,0,11,,,,", Interval(None, 5, False, True), None, (None, None)),
        ("4171755,5,0,11,0,0,,", Interval(5, None, False, False), None, (None, None)),
        ("0,,12,0,,,,", None, "positive", (None, None)),
        ("0,,0,0,,,,Not seen", None, "not_seen", (None, None)),
        ("99,5,0,11,,,,", None, "no_value", (None, None)),
    ],
)
def test_measurements(
    tmp_path: Path, row: str, number: Interval | None, text: str | None, limits: tuple[Any, Any]
) -> None:
    [found] = only(tmp_path, measurement=f"{MEASUREMENT}5,1,10,2024-02-20,08:30:00,{row}\n").results
    assert (found.code, found.where, found.date, found.time) == (
        Coded("loinc", "1742-6"),
        "measurement/5",
        days("2024-02-20"),
        "08:30",
    )
    assert (found.number, found.text, (found.lln, found.uln)) == (number, text, limits)
    assert found.unit == ("U/L" if number is not None else None)


def test_a_measurement_without_value_is_counted(tmp_path: Path) -> None:
    found = read(tmp_path, measurement=f"{MEASUREMENT}5,1,10,2024-02-20,,0,,0,0,,,,\n")
    assert ("1 measurement: no value (measurement/5)",) in [one.notes for one in found if one.record]


def test_conditions_carry_what_stands_above_them(tmp_path: Path) -> None:
    [found] = only(
        tmp_path,
        condition_occurrence=(
            "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_end_date,"
            "condition_source_concept_id,condition_status_concept_id\n3,1,20,2021-04-01,,21,0\n"
        ),
        concept_ancestor="ancestor_concept_id,descendant_concept_id\n22,20\n20,20\n99,20\n",
    ).conditions
    assert found.code == Coded("snomed", "68815009", (("icd10", "M32.14"), ("snomed", "55464009")))
    assert (found.onset, found.end, found.ongoing) == (days("2021-04-01"), None, False)


def test_a_preliminary_diagnosis_is_suspected(tmp_path: Path) -> None:
    [found] = only(
        tmp_path,
        condition_occurrence=(
            "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,"
            "condition_status_concept_id\n3,1,20,2021-04-01,32899\n"
        ),
    ).conditions
    assert found.code.suspected


def test_drugs_with_their_class_and_dose(tmp_path: Path) -> None:
    [found] = only(
        tmp_path,
        drug_exposure=(
            "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,quantity,"
            "days_supply,route_concept_id,stop_reason\n9,1,30,2024-01-01,2024-01-30,60,30,34,Rash\n"
        ),
        concept_ancestor="ancestor_concept_id,descendant_concept_id\n31,30\n32,30\n",
        drug_strength="drug_concept_id,ingredient_concept_id,amount_value,amount_unit_concept_id\n30,1,5,33\n",
    ).medications
    assert found == Medication(
        Coded("rxnorm", "312617", (("atc", "H02AB07"),)), True, days("2024-01-01"), days("2024-01-30"),
        dose=Interval(10, 10), unit="mg/d", route="oral", reason_stopped="rash", where="drug_exposure/9",
    )  # fmt: skip


def test_a_concept_nobody_knows_may_be_anything(tmp_path: Path) -> None:
    head = "procedure_occurrence_id,person_id,procedure_concept_id,procedure_date\n"
    rows = f"{head}1,1,0,2020-01-01\n2,1,77,2020-01-01\n"
    found = [one for one in read(tmp_path, procedure_occurrence=rows) if one.record is not None]
    assert found[0].record is not None
    assert [one.code for one in found[0].record.procedures] == [Coded(None, None)] * 2
    assert len(found[0].notes) == 2


# ---------------------------------------------------------------- what is wrong


def test_bad_rows_refuse_the_person_alone(tmp_path: Path) -> None:
    head = "person_id,gender_concept_id,year_of_birth\n"
    found = read(
        tmp_path,
        person=f"{head}1,8532,1980\n2,8532,1980\n2,8532,1980\n4,8532,1980\n4,8532,1981\n3,8532,19\n",
        measurement=f"{MEASUREMENT}5,1,10,2024-02-31,,0,5,0,11,,,,\n6,1,10,2024-02-01,,0,high,0,11,,,,\n"
        "7,9,10,2024-02-01,,0,5,0,11,,,,\n",
    )
    assert [one.record.id for one in found if one.record] == ["2"]
    said = [message for one in found for message in one.messages()]
    assert any('measurement/5: measurement_date: "2024-02-31" is no date' in one for one in said)
    assert any('measurement/6: value_as_number: "high" is no number' in one for one in said)
    assert any("person/4: person_id: stands twice in the table, with different data" in one for one in said)
    assert any("person/9: 1 rows are of person 9, who is not in the table person" in one for one in said)
    assert any("person/3: year_of_birth: is no year of four digits" in one for one in said)


def test_a_column_that_is_missing(tmp_path: Path) -> None:
    assert told(read(tmp_path, person="gender\n1\n")) == ['person.csv: the column "person_id" is missing']


@pytest.mark.parametrize(
    ("rows", "message", "left"),
    [
        # a field too few, or too many, before or behind the person: whoever stands where it may be
        ("5,1,20\n6,2,20,2024-01-01\n", "line 2: 3 fields under 4 column names", "23"),
        ("9,5,1,20,2024-01-01\n", "line 2: 5 fields under 4 column names", "23"),
        ("1,20,2024-01-01\n", "line 2: 3 fields under 4 column names", "23"),
        # a quotation mark that would swallow lines: whoever stands in its own
        ('5,1,"20,2024-01-01\n6,2,"20",2024-01-01\n', "line 2: a quotation mark that is not closed", "23"),
        ('5,3,20,"2024-01-01\n6,1,20,2024-01-01\n', "line 2: a quotation mark that is not closed", "12"),
        ("5,2,Herzversagen \udce4,2024-01-01\n", "line 2: not UTF-8: byte 0xE4", "13"),
        # whose they are nobody knows: they may be anybody's
        ("5,,20,2024-01-01\n", "condition_occurrence/5: person_id is missing; nobody can tell", ""),
        ("5,77,20\n", "line 2: 3 fields under 4 column names; nobody can tell whose row it is", ""),
        ("5,1,20,2024-01-01\n6,2,20", "line 3: the file is cut off within a row: 3 fields", ""),
    ],
)
def test_a_row_that_cannot_be_read_refuses_whom_it_may_concern(
    tmp_path: Path, rows: str, message: str, left: str
) -> None:
    people = "".join(f"{one},8532,1980\n" for one in (1, 2, 3))
    written(tmp_path, person=f"person_id,gender_concept_id,year_of_birth\n{people}")
    head = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date\n"
    (tmp_path / "condition_occurrence.csv").write_bytes(f"{head}{rows}".encode(errors="surrogateescape"))
    found = list(read_participants(str(tmp_path)))
    assert [one.record.id for one in found if one.record] == list(left)
    said = [one for each in found for one in each.messages()]
    assert said and all(f"condition_occurrence.csv: {message}" in one for one in said)


def test_a_person_who_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    found = read(tmp_path, person="person_id,gender_concept_id,year_of_birth\n1,8532\n2,8532,1980\n")
    assert [one.record.id for one in found if one.record] == ["2"]
    said = [one for each in found for one in each.messages()]
    assert len(said) == 1 and "person.csv: line 2: 2 fields under 3 column names" in said[0]


def test_quotation_marks_in_a_vocabulary_separated_by_tabs(tmp_path: Path) -> None:
    """As the vocabulary is handed out: a mark at the beginning of a name swallows nothing."""
    concepts = CONCEPTS.replace(",ALT,", ',"ALT" in serum,').replace(",", "\t")
    [found] = only(
        tmp_path, concept=concepts, measurement=f"{MEASUREMENT}5,1,10,2024-02-20,,0,5,0,11,,,,\n"
    ).results
    assert found.code == Coded("loinc", "1742-6")


def test_a_broken_row_of_the_vocabulary_may_concern_everybody(tmp_path: Path) -> None:
    [found] = read(tmp_path, concept=CONCEPTS + "35,Oral\n")
    assert "concept.csv: line 13: 2 fields under 5 column names" in found.messages()[0]


def test_tables_that_are_not_there_are_named(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found[0].notes[0].startswith("tables not there: condition_occurrence, death, drug_exposure")
    [one] = read_participants(str(tmp_path / "person.csv"))
    assert "give the folder that holds the OMOP tables" in one.messages()[0]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "secret.csv").write_text(MEASUREMENT)
    written(tmp_path / "data")
    (tmp_path / "data" / "measurement.csv").symlink_to(tmp_path / "secret.csv")
    [found] = read_participants(str(tmp_path / "data"))
    assert "a link that leads out of the folder" in found.messages()[0]


def test_large_tables_are_sorted_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [one.record for one in read_participants(str(SAMPLE))]
    monkeypatch.setattr(tables, "IN_MEMORY", 0)
    assert [one.record for one in read_participants(str(SAMPLE))] == expected


def test_vaccines_among_the_drugs_are_procedures(tmp_path: Path) -> None:
    """No live vaccine would be found among the procedures, were they left where OMOP has them."""
    concepts = (
        CONCEPTS
        + "40,MMR,Drug,CVX,03\n41,measles vaccine,Drug,RxNorm,762820\n42,Measles vaccines,Drug,ATC,J07BD\n"
    )
    record = only(
        tmp_path,
        concept=concepts,
        concept_ancestor="ancestor_concept_id,descendant_concept_id\n42,41\n",
        drug_exposure="drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date\n"
        "1,1,40,2020-05-01\n2,1,41,2020-06-01\n3,1,30,2020-07-01\n",
    )
    assert [(one.where, one.code.code, one.date) for one in record.procedures] == [
        ("drug_exposure/1", "03", days("2020-05-01")),
        ("drug_exposure/2", "762820", days("2020-06-01")),
    ]
    assert len(record.medications) == 3
