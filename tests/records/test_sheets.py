"""Sheets → records: headings, mappings, and what is wrong with them, by row and column."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from fhir_fixture import days, entry, quantity, resource

from protodsl.records.detect import read_participants
from protodsl.records.json import Entry
from protodsl.records.sheets import MappingError, read_mapping, tables
from protodsl.records.sheets.headings import Heading, heading_of
from protodsl.records.site import Site
from protodsl.runtime.record import Coded, Interval, Record


def read(path: Path, text: str, mapping: str = "", **more: Any) -> list[Entry]:
    path.write_text(text, **more)
    site = Site()
    if mapping:
        rules = path.with_suffix(".toml")
        rules.write_text(mapping)
        site = Site(mapping=read_mapping(str(rules)))
    return list(read_participants(str(path), None, site))


def only(path: Path, text: str, mapping: str = "", **more: Any) -> Record:
    found = read(path, text, mapping, **more)
    assert [one.messages() for one in found if one.problems] == []
    [record] = [one.record for one in found if one.record is not None]
    return record


def told(found: list[Entry]) -> list[str]:
    return [_short(message) for one in found for message in one.messages()]


def _short(message: str) -> str:
    """Without the folders of the path it begins with."""
    return re.sub(r"^/(\S+/)*(?=\S)", "", message)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


# ---------------------------------------------------------------- headings


@pytest.mark.parametrize(
    "text, heading",
    [
        ("id", Heading("id")),
        ("Birth_Date", Heading("birth_date")),
        ("at screening", Heading("timepoint", "screening")),
        ("alt value [U/L]", Heading("value", "alt", 1, "U/L")),
        ("hbv_dna value [[IU]/mL]", Heading("value", "hbv_dna", 1, "[IU]/mL")),
        ("prednisone #2 dose [mg/kg/d]", Heading("dose", "prednisone", 2, "mg/kg/d")),
        ("bilag_2004.renal value", Heading("value", "bilag_2004.renal")),
        ("no donation of eggs or sperm answer", Heading("answer", "no donation of eggs or sperm")),
        ("'-glucan test value", Heading("value", "-glucan test")),
        ("alt  date", Heading("date", "alt")),
        ("alt", None),
        ("alt vlaue", None),
        ("alt date [U/L]", None),
        ("remarks of the nurse", None),
    ],
)
def test_heading(text: str, heading: Heading | None) -> None:
    assert heading_of(text) == heading
    if heading is not None:
        assert heading_of(str(heading)) == heading


# ---------------------------------------------------------------- one row for each participant


def test_a_row(sheet: Path) -> None:
    record = only(
        sheet,
        "id,birth_date,sex,at screening,complete,alt value [U/L],alt date,alt uln,gilbert_syndrome present,"
        "sle present,sle onset,sle end,prednisone taken,prednisone start,prednisone dose [mg/d],"
        "live_vaccine done,informed_consent answer,informed_consent by\n"
        'P-1,1980-05,female,2024-02-20,"conditions, procedures",<130,2024-02-19,40,no,yes,2020,ongoing,yes,'
        "2023-01-10,12.5,no,yes,participant\n",
    )
    assert (record.id, record.sex) == ("P-1", "female")
    assert record.birth_date == days("1980-05-01", "1980-05-31")
    assert record.timepoints == {"screening": date(2024, 2, 20).toordinal()}
    assert [one.domain for one in record.complete] == ["conditions", "procedures"]
    [alt] = record.results
    assert (alt.number, alt.unit, alt.uln) == (Interval(None, 130, False, True), "U/L", 40)
    assert alt.where == "people.csv:2 alt"
    gilbert, sle = record.conditions
    assert (gilbert.present, sle.present, sle.ongoing) == (False, True, True)
    [drug] = record.medications
    assert (drug.code, drug.unit, drug.start) == (Coded(None, "prednisone"), "mg/d", days("2023-01-10"))
    assert not record.procedures[0].present and record.answers[0].role == "participant"


def test_rows_of_one_participant_come_together(sheet: Path) -> None:
    record = only(
        sheet,
        "id,sex,alt value [U/L],alt date\n1,male,20,2024-01-01\n\n1,,30,2024-02-01\n1,male,,\n",
    )
    assert [(one.raw, one.where) for one in record.results] == [
        ("20", "people.csv:2 alt"),
        ("30", "people.csv:4 alt"),
    ]


def test_a_unit_in_the_cell_goes_before_that_of_the_column(sheet: Path) -> None:
    text = "id,creatinine value [mg/dL],creatinine date\n1,88 umol/L,2024-01-01\n"
    assert [(one.raw, one.unit) for one in only(sheet, text).results] == [("88", "umol/L")]


def test_empty_cells_and_words_for_them_record_nothing(sheet: Path) -> None:
    heads = "id,alt value [U/L],alt date,sle present,informed_consent answer,informed_consent by"
    record = only(sheet, f"{heads}\n1,NA,2024-01-01,,,guardian\n")
    assert not record.results and not record.conditions and not record.answers


@pytest.mark.parametrize(
    "heads, cells, message",
    [
        ("sle present", "maybe", 'row 2, "sle present": yes or no is expected here'),
        ("birth_date", "17.5.1980", 'row 2, "birth_date": is no date; write 2024-02-20, 2024-02 or 2024'),
        ("birth_date", "1980-02-30", 'row 2, "birth_date": is no date; write 2024-02-20, 2024-02 or 2024'),
        ("alt value,alt date", "3,2024-13-01", 'row 2, "alt date": "2024-13-01" is no date'),
        ("sle present,sle onset", ",2020", 'row 2, "sle onset": is filled in, but the column'),
        ("sle present,sle onset", "no,2020", 'row 2, "sle onset"'),
        ("sex", "w", 'row 2, "sex": "w" is not female, male, other or unknown'),
        ("alt value", '"1,5"', 'row 2, "alt value": "1,5" is written with a comma; say decimal'),
        ("gvhd present,gvhd grade", "yes,II", 'row 2, "gvhd grade": a whole number from 0 to 10'),
        ("complete", "everything", 'row 2, "complete": one of results, conditions'),
        ("as_of", "2024-02", 'row 2, "as_of": "2024-02" is only part of a date'),
        ("sex", "female,x", "row 2: more cells than headings"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(sheet: Path, heads: str, cells: str, message: str) -> None:
    found = read(sheet, f"id,{heads}\nP-1,{cells}\nP-2{',' * (heads.count(',') + 1)}\n")
    [problem] = told(found)
    assert problem.startswith(f"people.csv:2: P-1: {message}")
    assert [one.record.id for one in found if one.record is not None] == ["P-2"]


def test_every_cell_is_named_at_once(sheet: Path) -> None:
    found = told(read(sheet, 'id,birth_date,alt value,sex\n1,17.5.1980,"1,5",w\n'))
    columns = [re.findall('row 2, "([a-z_ ]+)": ', one) for one in found]
    assert sorted(columns) == [["alt value"], ["birth_date"], ["sex"]]


def test_a_stray_quotation_mark_costs_its_own_row(sheet: Path) -> None:
    found = read(sheet, 'id,sex,alt value\n1,male,3\n2,"male,4\n3,male,5\n')
    assert told(found) == ["people.csv:3: 2: row 3: a quotation mark that is not closed in its line"]
    assert [one.record.id for one in found if one.record is not None] == ["1", "3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'code,id,onset\n"infection,1,2024\n',
            "row 2: a quotation mark that is not closed",
        ),
        ("id,code,onset\n1,infektion \udcfc,2024\n", "not UTF-8: byte 0xFC"),
        ("person,code,onset\n1,infection,2024\n", "there is no column id"),
    ],
)
def test_a_table_that_cannot_be_read_may_say_more_of_everybody(
    tmp_path: Path, text: str, message: str
) -> None:
    """Conditions declared complete, and the table of conditions lost: nobody is screened without it."""
    (tmp_path / "participants.csv").write_text("id,sex,complete\n1,male,conditions\n2,male,conditions\n")
    (tmp_path / "conditions.csv").write_bytes(text.encode(errors="surrogateescape"))
    found = list(read_participants(str(tmp_path)))
    assert not any(one.record is not None for one in found)
    assert message in told(found)[0]
    lost = "conditions.csv: was not wholly read, and may say more of this participant"
    assert [one.partition(": ")[2] for one in told(found)[1:]] == [f"1: {lost}", f"2: {lost}"]


def test_no_date_of_birth_is_repeated_under_another_heading(sheet: Path) -> None:
    [said] = told(read(sheet, "id,Geb\n1,1980-02-30\n", '[columns]\nGeb = "birth_date"\n'))
    assert "1980" not in said and '"Geb": is no date' in said


def test_contradictory_rows(sheet: Path) -> None:
    found = read(sheet, "id,birth_date,sex\n1,1980-05-17,female\n1,1980-05-18,female\n2,1990,male\n")
    assert told(found) == [
        'people.csv:2: 1: row 3, "birth_date": another row of this participant says something else'
    ]
    assert "1980" not in "".join(told(found))


def test_a_row_without_id_may_be_anybodys(sheet: Path) -> None:
    """Cells that were merged, say: the second row of participant 1 would be lost."""
    found = read(sheet, "id,sex,sle present,remark\n1,male,,\n,,yes,\n2,female,,\n,,,seen on Monday\n")
    assert told(found) == [
        "people.csv:3: id: is empty: nobody can tell whose row it is",
        "people.csv:5: id: is empty: nobody can tell whose row it is",
        "people.csv:2: 1: people.csv: was not wholly read, and may say more of this participant",
        "people.csv:4: 2: people.csv: was not wholly read, and may say more of this participant",
    ]
    found = read(sheet, "id,sex,remark\n1,male,\n,,seen on Monday\n")
    assert [one.record.id for one in found if one.record is not None] == ["1"]


def test_columns_that_say_nothing_are_named(sheet: Path) -> None:
    found = read(sheet, "id,sex,telephone,alt vlaue\n1,male,0123,3\n")
    assert found[0].notes == ('columns not read, as their headings say nothing: "telephone", "alt vlaue"',)


@pytest.mark.parametrize(
    "text, message",
    [
        ("name,sex\nx,male\n", "neither participants nor facts: the first row must hold the headings"),
        ("id,sle onset\n1,2020\n", None),
        ("id,x date\n1,2020\n", 'the columns of "x" (date) do not say what it is'),
        ("id,sex,sex\n1,male,male\n", 'the column "sex" stands twice'),
        ("id,Sex,sex\n1,male,male\n", 'two columns say "sex"'),
        ('id,sex\n1,"male\n', "no CSV: unexpected end of data"),
        ("id,sle present,sle value\n1,yes,3\n", 'the columns of "sle" (present, value)'),
    ],
)
def test_tables_that_cannot_be_read(sheet: Path, text: str, message: str | None) -> None:
    found = told(read(sheet, text))
    assert [message] if message else [one.partition(": ")[2][: len(message or "")] for one in found] == []


def test_bytes_that_are_no_text(sheet: Path) -> None:
    sheet.write_bytes("id,größe value\n".encode("latin-1"))
    [message] = told(list(read_participants(str(sheet))))
    assert message.startswith("people.csv: not UTF-8: byte 0xF6; save it as UTF-8")


def test_too_large(sheet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 2**20)
    assert told(read(sheet, "id,sex\n" + "1,male\n" * 200_000)) == ["people.csv: more than 1 MiB in one file"]


# ---------------------------------------------------------------- one row for each fact


def test_tables_of_facts(tmp_path: Path) -> None:
    (tmp_path / "participants.csv").write_text("id;sex\n7;female\n8;male\n")
    (tmp_path / "results.csv").write_text(
        "id;code;system;value;unit;date\n7;1742-6;http://loinc.org;30;U/L;2024-01-01\n8;ast;;;;2024-01-01\n"
    )
    (tmp_path / "conditions.csv").write_text("id;code;present;onset;suspected\n7;sle;;2020;\n8;sle;no;;\n")
    (tmp_path / "medications.csv").write_text("id;code;start;dose;unit\n7;prednisone;2023;10;mg/d\n")
    (tmp_path / "answers.csv").write_text(
        "id;question;answer\n7;informed_consent;yes\n9;informed_consent;no\n"
    )
    (tmp_path / "dictionary.csv").write_text("column;label\nid;Participant\n")
    found = list(read_participants(str(tmp_path)))
    assert [one.messages() for one in found if one.problems] == []
    first, second, third = [one.record for one in found if one.record is not None]
    assert (first.id, second.id, third.id) == ("7", "8", "9")
    assert first.results[0].code == Coded("loinc", "1742-6")
    assert first.results[0].where == "results.csv:2"
    assert first.conditions[0].onset == days("2020-01-01", "2020-12-31")
    assert not second.conditions[0].present and second.results == []
    assert ("1 rows of results hold no value, left out",) in [one.notes for one in found]


def test_a_fact_without_its_code(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    found = read(path, "id,code,value\n1,,3\n1,alt,4\n")
    assert told(found) == ["results.csv:2: 1: row 2: the column code is empty: nobody can tell what this is"]


# ---------------------------------------------------------------- Excel


def book(path: Path, rows: list[list[Any]], title: str = "Sheet") -> Path:
    made = openpyxl.Workbook()
    page = made.worksheets[0]
    page.title = title
    for row in rows:
        page.append(row)
    made.save(path)
    return path


def test_cells_of_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    book(path, [
        ["id", "birth_date", "alt value [U/L]", "alt date", "sle present", "sle onset", "sle end"],
        [17, date(1980, 5, 17), 30.5, datetime(2024, 1, 2, 14, 30), True, 2020, "ongoing"],
    ])  # fmt: skip
    [found] = [one.record for one in read_participants(str(path)) if one.record is not None]
    assert (found.id, found.birth_date) == ("17", days("1980-05-17"))
    assert (found.results[0].raw, found.results[0].date) == ("30.5", days("2024-01-02"))
    assert found.results[0].time == "14:30"
    assert found.conditions[0].onset == days("2020-01-01", "2020-12-31")


def test_a_month_of_which_excel_made_a_day(tmp_path: Path) -> None:
    path = book(tmp_path / "people.xlsx", [["id", "sle present", "sle onset"], ["1", "yes", None]])
    made = openpyxl.load_workbook(path)
    cell = made.worksheets[0]["C2"]
    cell.value, cell.number_format = datetime(2024, 2, 1), "mmm\\-yy"
    made.save(path)
    [found] = [one.record for one in read_participants(str(path)) if one.record is not None]
    assert found.conditions[0].onset == days("2024-02-01", "2024-02-29")


def test_a_formula_without_its_result(tmp_path: Path) -> None:
    """It is no empty cell: somebody has written something there that only a spreadsheet program can say."""
    path = book(tmp_path / "people.xlsx", [["id", "alt value", "alt unit"], ["1", "=20*2", "U/L"]])
    [message] = told(list(read_participants(str(path))))
    assert message.startswith("people.xlsx: row 2 holds a formula without its result;")


def test_a_formula_with_its_result(tmp_path: Path) -> None:
    path = book(
        tmp_path / "people.xlsx", [["id", "alt value", "alt unit"], ["1", "=20*2", "U/L"], ["2", 7, "U/L"]]
    )
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert b"<v></v>" in parts[sheet] or b"<v />" in parts[sheet] or b"<v/>" in parts[sheet]
    parts[sheet] = re.sub(rb"<v></v>|<v ?/>", b"<v>40</v>", parts[sheet])
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    found = [one.record for one in read_participants(str(path)) if one.record is not None]
    assert [one.results[0].raw for one in found] == ["40", "7"]


def test_an_error_in_a_cell(tmp_path: Path) -> None:
    path = book(tmp_path / "people.xlsx", [["id", "alt value"], ["1", "#DIV/0!"]])
    assert told(list(read_participants(str(path)))) == ["people.xlsx: row 2 holds the error #DIV/0!"]


def test_workbooks_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.xlsx"
    whole = book(path, [["id", "sex"], ["1", "male"]]).read_bytes()
    for raw in (b"", b"PK\x03\x04", whole[: len(whole) // 2], b"no archive"):
        path.write_bytes(raw)
        assert told(list(read_participants(str(path)))) == ["people.xlsx: no Excel workbook (.xlsx)"]
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    path.write_bytes(empty.getvalue())
    assert told(list(read_participants(str(path)))) == ["people.xlsx: no Excel workbook (.xlsx)"]
    bomb = io.BytesIO(whole)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 3 * 2**20)
    path.write_bytes(bomb.getvalue())
    monkeypatch.setattr(tables, "MAX_BYTES", 2**20)
    assert told(list(read_participants(str(path)))) == ["people.xlsx: more than 1 MiB when it is unpacked"]


def test_a_workbook_that_expands_entities(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    whole = book(path, [["id", "sex"], ["1", "male"]]).read_bytes()
    made = io.BytesIO()
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(made, "w") as new:
        for one in old.infolist():
            content = old.read(one)
            if one.filename.endswith("sheet1.xml"):
                head = f'<!DOCTYPE x [<!ENTITY a0 "ha">{laughs}]>'.encode()
                content = head + content.replace(b"<sheetData>", b"<sheetData>&a11;")
            new.writestr(one, content)
    path.write_bytes(made.getvalue())
    [found] = told(list(read_participants(str(path))))
    assert found.startswith("people.xlsx: no Excel workbook")


# ---------------------------------------------------------------- mappings

MAPPING = """
dates = "DD.MM.YYYY"
decimal = ","
missing = ["", "k.A."]

[columns]
"Pat-Nr" = "id"
Geburtsdatum = "birth_date"
Geschlecht = "sex"
GPT = "alt value [U/L]"
"GPT Norm" = "alt uln"
Labor = ["alt date", "ast date"]
GOT = "ast value"
Bemerkung = "ignore"
Lupus = "sle present"

[always]
"ast unit" = "U/L"
complete = "conditions"

[words]
w = "female"
ja = "yes"
[words.Lupus]
"M32" = "yes"
"""


def test_a_mapping(sheet: Path) -> None:
    heads = "Pat-Nr;Geburtsdatum;Geschlecht;GPT;GPT Norm;Labor;GOT;Bemerkung;Lupus"
    record = only(sheet, f"{heads}\n1;7.5.1980;w;30,5;40;2.1.2024;k.A.;x;M32\n", MAPPING)
    assert (record.birth_date, record.sex) == (days("1980-05-07"), "female")
    [alt] = record.results
    assert (alt.number, alt.uln, alt.date) == (Interval(*2 * (61 / 2,)), 40, days("2024-01-02"))
    assert record.conditions[0].present and record.complete[0].domain == "conditions"


@pytest.mark.parametrize(
    "text, message",
    [
        ("colums = {}\n", "people.toml:1: colums: is nothing a mapping has; did you mean"),
        ("[columns]\na = 'id'\nb = 'alt vlaue'\n", 'people.toml:3: columns.b: "alt vlaue" is no heading'),
        ("dates = 'YY-MM'\n", "people.toml:1: dates: how dates are written is expected here"),
        ("\ndecimal = ';'\n", 'people.toml:2: decimal: is not one of ".", ","'),
        ("rows = 'patients'\n", 'people.toml:1: rows: is not one of "participants"'),
        ("a = \n", "people.toml:1: not TOML: invalid value"),
        ('{"columns": \n', "people.toml:2: not JSON: expecting value"),
        ("[codes]\n\n[codes.lab]\nGPT = 3\n", "people.toml:3: codes.lab: the name of an item"),
        ("[tables.labor]\ndecimals = ','\n", "people.toml:2: tables.labor.decimals: is nothing a table has"),
        ("[words]\nx = 3\n", "people.toml:2: words.x: a text is expected here"),
        ("columns = 3\n", "people.toml:1: columns: a table of settings is expected here"),
    ],
)
def test_a_mistake_in_a_mapping(sheet: Path, text: str, message: str) -> None:
    rules = sheet.with_suffix(".toml")
    rules.write_text(text)
    with pytest.raises(MappingError) as wrong:
        read_mapping(str(rules))
    assert _short(str(wrong.value)).startswith(message)


def test_a_mapping_that_does_not_fit(sheet: Path) -> None:
    assert told(read(sheet, "id,sex\n1,male\n", "[columns]\nGPT = 'alt value'\n")) == [
        'people.csv: the mapping speaks of the column "GPT", which is not there'
    ]


def test_each_table_may_have_its_own(tmp_path: Path) -> None:
    (tmp_path / "stamm.csv").write_text("Nr,Sex\n1,male\n")
    (tmp_path / "labor.csv").write_text("Nr,Wert,Was\n1,30,GPT\n")
    rules = tmp_path / "site.toml"
    rules.write_text(
        "[tables.stamm]\ncolumns = {Nr = 'id', Sex = 'sex'}\n[tables.labor]\nrows = 'results'\n"
        "columns = {Nr = 'id', Wert = 'value', Was = 'code'}\nalways = {unit = 'U/L'}\n[codes]\nGPT = 'alt'\n"
    )
    site = Site(mapping=read_mapping(str(rules)))
    [found] = [one for one in read_participants(str(tmp_path), None, site) if one.record is not None]
    assert found.record is not None
    assert [(one.code, one.unit) for one in found.record.results] == [(Coded(None, "alt"), "U/L")]


# ---------------------------------------------------------------- codes of a site


def observation(system: str, code: str) -> dict[str, Any]:
    concept = {"coding": [{"system": system, "code": code}]}
    return resource("Observation", code=concept, valueQuantity=quantity(3, "U/L"), status="final")


def test_local_codes_of_fhir(tmp_path: Path) -> None:
    rules = tmp_path / "site.json"
    rules.write_text(json.dumps({"codes": {"urn:lab": {"GPT": "alt"}, "X1": "ast"}}))
    site = Site(mapping=read_mapping(str(rules)))
    [mapped, anywhere, other] = [
        found.record.results[0].code
        for one in (observation("urn:lab", "GPT"), observation("urn:x", "X1"), observation("urn:x", "GPT"))
        if (found := entry(one, site=site)).record is not None
    ]
    assert mapped == Coded(None, "alt", (("urn:lab", "GPT"),))
    assert anywhere == Coded(None, "ast", (("urn:x", "X1"),))
    assert other == Coded("urn:x", "GPT")


def concept_map(relation: dict[str, str]) -> str:
    target = {"code": "1742-6", **relation}
    group = {
        "source": "urn:lab",
        "target": "http://loinc.org|2.77",
        "element": [{"code": "GPT", "target": [target]}],
    }
    return json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]})


@pytest.mark.parametrize(
    "relation", [{"equivalence": "equal"}, {"equivalence": "wider"}, {"relationship": "equivalent"}]
)
def test_a_concept_map(tmp_path: Path, relation: dict[str, str]) -> None:
    rules = tmp_path / "map.json"
    rules.write_text(concept_map(relation))
    found = entry(observation("urn:lab", "GPT"), site=Site(mapping=read_mapping(str(rules)))).record
    assert found is not None
    assert found.results[0].code == Coded("urn:lab", "GPT", (("loinc", "1742-6"),))


@pytest.mark.parametrize("relation", ["narrower", "relatedto", "inexact", "unmatched"])
def test_a_translation_that_may_mean_less_is_none(tmp_path: Path, relation: str) -> None:
    rules = tmp_path / "map.json"
    rules.write_text(concept_map({"equivalence": relation}))
    with pytest.raises(MappingError, match="maps no code"):
        read_mapping(str(rules))
