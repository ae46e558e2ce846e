"""Bundles, folders and Bulk Data: who is in them, and what is wrong with them."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from fhir_fixture import LOINC, PATIENT, bundle, concept, entries, resource

from protodsl.records.detect import form_of, read_participants
from protodsl.records.fhir import bundles
from protodsl.records.json import Entry

ALT = {"status": "final", "code": concept(LOINC, "1742-6"), "valueInteger": 1}


def patient(name: str, **fields: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": name,
        "birthDate": "1980-01-01",
        "gender": "male",
        **fields,
    }


def observation(identifier: str, about: str, **fields: Any) -> dict[str, Any]:
    made = resource("Observation", identifier, **ALT) | fields
    return made | {"subject": {"reference": about}}


def told(found: list[Entry]) -> list[str]:
    return [message for one in found for message in one.messages()]


def ids(found: list[Entry]) -> list[str]:
    return [one.record.id for one in found if one.record is not None]


def write(path: Path, *resources: Any) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in resources))


# ---------------------------------------------------------------- one bundle


def test_two_patients_in_one_bundle() -> None:
    data = bundle(
        patient("a"), observation("1", "Patient/b"), patient("b"), observation("2", "urn:uuid:0"),
        observation("3", "http://server.example/fhir/Patient/a/_history/7"),
    )  # fmt: skip
    found = entries(data)
    assert ids(found) == ["a", "b"]
    assert [[one.where for one in entry.record.results] for entry in found if entry.record] == [
        ["Observation/2", "Observation/3"],
        ["Observation/1"],
    ]


def test_a_reference_by_identifier() -> None:
    named = patient("a", identifier=[{"system": "urn:mrn", "value": "77"}])
    pointed = observation("1", "")
    pointed["subject"] = {"identifier": {"system": "urn:mrn", "value": "77"}}
    [found] = entries(bundle(named, pointed, observation("2", "Patient?identifier=urn:mrn|77")))
    assert found.record is not None
    assert len(found.record.results) == 2


def test_a_list_and_one_resource_and_bundles_in_bundles() -> None:
    assert ids(entries([patient("a")])) == ["a"]
    assert ids(entries(patient("a"))) == ["a"]
    assert ids(entries(bundle(bundle(patient("a"))))) == ["a"]
    deep = bundle(bundle(bundle(bundle(patient("a")))))
    assert "bundles within bundles" in told(entries(deep))[0]


def test_a_resource_about_somebody_who_is_not_there() -> None:
    found = entries(bundle(patient("a"), observation("1", "Patient/z"), observation("2", "Patient/z")))
    assert ids(found) == ["a"]
    assert told(found) == [
        'file.json: Observation/1 and 1 more resources are about "Patient/z", who is not in the file'
    ]


def test_a_resource_about_nobody_is_counted() -> None:
    nobody = observation("1", "Patient/a")
    del nobody["subject"]
    [found] = entries(bundle(patient("a"), nobody))
    assert found.notes == ("1 Observation: names no patient, left out (Observation/1)",)


def test_kinds_that_are_not_read_are_counted() -> None:
    claim = {"resourceType": "Claim", "patient": {"reference": "Patient/a"}}
    [found] = entries(bundle(patient("a"), claim, claim | {"id": "2"}, {"resourceType": "Practitioner"}))
    assert found.notes == ("not read, for a record has no place for them: 2 Claim, 1 Practitioner",)


def test_patients_that_contradict_one_another() -> None:
    found = entries(bundle(patient("a"), patient("a", gender="female"), patient("b"), patient("b")))
    assert ids(found) == ["b"]
    assert told(found) == ["file.json: Patient/a: two Patient resources with this id say different things"]


def test_a_resource_twice_is_one_and_a_contradictory_one_refuses() -> None:
    same = observation("1", "Patient/a")
    [found] = entries(bundle(patient("a"), same, same))
    assert found.record is not None
    assert len(found.record.results) == 1
    found_all = entries(bundle(patient("a"), same, same | {"valueInteger": 2}, patient("b")))
    assert ids(found_all) == ["b"]
    assert told(found_all) == [
        "file.json: Patient/a: Observation/1: stands twice in the file, and says different things"
    ]


def test_every_malformed_field_is_named() -> None:
    found = entries(
        bundle(
            patient("a"), observation("1", "Patient/a", code="ALT"),
            observation("2", "Patient/a", effectiveDateTime="2024-02-30"),
            observation("3", "Patient/a", component=[1]), patient("b"), observation("4", "Patient/b"),
        )
    )  # fmt: skip
    assert ids(found) == ["b"]
    assert told(found) == [
        'file.json: Patient/a: Observation/1: code: an object is expected here, not a text',
        'file.json: Patient/a: Observation/2: effectiveDateTime: "2024-02-30" is no date: '
        "February 2024 has 29 days",
        "file.json: Patient/a: Observation/3: component: a list of objects is expected here, not a list",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "file.json: not JSON: the text ends before the record does, at line 1, column 2"),
        (json.dumps(bundle(PATIENT)).encode()[:-40], "the text ends before the record does"),
        (b"\xff\xfe", "not UTF-8: byte 0xFF at offset 0"),
        (b"[" * 100_000, "brackets are nested too deeply"),
        (b'{"resourceType": "Patient", "id": NaN}', "NaN is not a number"),
        (b'{"resourceType": "Patient", "id": "a", "id": "b"}', 'the field "id" stands twice'),
        (b"3", "a FHIR resource is expected, not a number"),
        (b'{"id": "a"}', "resource.resourceType: is missing"),
        (b'{"resourceType": 7}', 'resource.resourceType: "7" is no type'),
        (b'{"resourceType": "Patient"}', "Patient.id is missing"),
        (b'{"resourceType": "Patient", "id": 7}', "Patient.id: a text is expected here"),
        (b'{"resourceType": "Bundle", "type": "history"}', "a history holds every version"),
        (
            b'{"resourceType": "Bundle", "entry": [{"resource": 1}]}',
            "entry[0].resource: an object is expected",
        ),
        (
            b'{"resourceType": "Bundle", "entry": {"resource": {"id": "1"}}}',
            "entry[0].resourceType: is missing",
        ),
    ],
)
def test_what_is_no_bundle(data: bytes, message: str) -> None:
    [found] = entries(data)
    assert found.record is None
    assert message in told([found])[0]


def test_a_gigantic_bundle_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MAX_BYTES", 100)
    write(tmp_path / "big.json", bundle(PATIENT))
    [found] = read_participants(str(tmp_path / "big.json"))
    assert "in one file; write it as Bulk Data" in told([found])[0]


# ---------------------------------------------------------------- formats


def test_the_format_is_seen_from_the_content(tmp_path: Path) -> None:
    assert form_of(b' \n{"resourceType": "Bundle"') == "fhir"
    assert form_of(b'\xef\xbb\xbf[{"resourceType" : "Patient"') == "fhir"
    assert form_of(b'{"id": "P-1"}') == "json"
    assert form_of(b"person_id,") is None
    write(tmp_path / "record.json", {"id": "P-1"})
    write(tmp_path / "bundle.json", bundle(patient("a")))
    write(tmp_path / "lines.txt", patient("b"), observation("1", "Patient/b"))
    for name, expected in (("record.json", "P-1"), ("bundle.json", "a"), ("lines.txt", "b")):
        assert ids(list(read_participants(str(tmp_path / name)))) == [expected]
    [found] = read_participants(str(tmp_path / "bundle.json"), "json")
    assert 'unknown field "resourceType"' in told([found])[0]


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\x1f\x8b\x08"])
def test_archives_are_not_unpacked(tmp_path: Path, magic: bytes) -> None:
    (tmp_path / "data.json").write_bytes(magic + b"\0" * 100)
    [found] = read_participants(str(tmp_path / "data.json"))
    assert "archive; unpack it" in told([found])[0]


def test_what_cannot_be_read(tmp_path: Path) -> None:
    [found] = read_participants(str(tmp_path / "none.json"))
    assert "cannot be read: no such file or directory" in told([found])[0]
    [found] = read_participants("nul\0")
    assert "is no path" in told([found])[0]


# ---------------------------------------------------------------- folders


def test_a_folder_of_bundles(tmp_path: Path) -> None:
    write(tmp_path / "b.json", bundle(patient("b")))
    write(tmp_path / "a.json", bundle(patient("a")))
    write(tmp_path / "practitioners.json", bundle({"resourceType": "Practitioner", "id": "x"}))
    (tmp_path / "cut.json").write_text(json.dumps(bundle(patient("c")))[:-30])
    (tmp_path / "LICENSE").write_text("free")
    (tmp_path / "deeper").mkdir()
    write(tmp_path / "deeper" / "d.json", bundle(patient("d")))
    found = list(read_participants(str(tmp_path)))
    assert ids(found) == ["a", "b", "d"]
    assert [os.path.basename(one.where) for one in found if one.problems] == ["cut.json"]
    assert [one.notes for one in found if one.record is None and not one.problems] == [
        ("holds no patient: 1 Practitioner",),
        ("not read, as no .json, .ndjson, .jsonl, .csv or .xlsx: LICENSE",),
    ]


def test_one_participant_in_two_files(tmp_path: Path) -> None:
    write(tmp_path / "1.json", bundle(patient("a")))
    write(tmp_path / "2.json", bundle(patient("a"), observation("1", "Patient/a")))
    found = list(read_participants(str(tmp_path)))
    assert ids(found) == ["a"]
    assert "a: is in 1.json too, and the answer rests on that file alone; all data" in told(found)[0]


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    write(outside / "secret.json", bundle(patient("secret")))
    write(inside / "a.json", bundle(patient("a")))
    (inside / "link.json").symlink_to(outside / "secret.json")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe.json")
    found = list(read_participants(str(inside)))
    assert ids(found) == ["a"]
    assert sorted(message.rpartition("/")[2] for message in told(found)) == [
        "folder: a link to a folder; it is not followed",
        "link.json: a link that leads out of the folder; it is not followed",
        "pipe.json: no regular file",
    ]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    [found] = read_participants(str(tmp_path))
    assert "holds no patient data" in told([found])[0]


# ---------------------------------------------------------------- Bulk Data


def test_bulk_data(tmp_path: Path) -> None:
    drug = {"resourceType": "Medication", "id": "m", "code": concept("http://www.whocc.no/atc", "H02AB07")}
    taken = resource(
        "MedicationStatement", "1", status="active", medicationReference={"reference": "Medication/m"}
    )
    taken["subject"] = {"reference": "Patient/b"}
    write(tmp_path / "Observation.000.ndjson", observation("1", "Patient/b"), observation("2", "Patient/a"))
    write(tmp_path / "Observation.001.ndjson", observation("3", "Patient/a"))
    write(tmp_path / "Patient.ndjson", patient("a"), patient("b"))
    write(tmp_path / "Medication.ndjson", drug)
    write(tmp_path / "MedicationStatement.ndjson", taken)
    write(tmp_path / "Practitioner.ndjson", {"resourceType": "Practitioner", "id": "x"})
    found = list(read_participants(str(tmp_path)))
    assert ids(found) == ["a", "b"]
    first, second = (one.record for one in found if one.record is not None)
    assert [one.where for one in first.results] == ["Observation/2", "Observation/3"]
    assert second.medications[0].code.code == "H02AB07"
    assert found[-1].notes == ("not read: 1 Practitioner",)


def test_bad_lines_of_bulk_data(tmp_path: Path) -> None:
    """Each is named, and refuses whom it names."""
    cut = json.dumps(observation("2", "Patient/c"))[:-3]
    lines = [json.dumps(patient("a")), cut, "", '{"resourceType": "Observation"}', json.dumps(patient("b"))]
    lines += [json.dumps(observation("1", "Patient/z")), '{"id": "Patient/c"}', json.dumps(bundle(PATIENT))]
    lines += [json.dumps(patient("b", gender="female")), '["Patient/c"]', json.dumps(patient("c")), ""]
    (tmp_path / "all.ndjson").write_text("\n".join(lines))
    path = str(tmp_path / "all.ndjson")
    found = list(read_participants(path))
    assert ids(found) == ["a"]
    said = [message.removeprefix(path) for message in told(found)]
    assert said.pop(0).startswith(":2: not JSON: the text ends before the record does, at line 2, column ")
    assert said == [
        ":7: resourceType: is missing",
        ":8: resourceType: a Bundle stands among Bulk Data; put it into a .json file of its own",
        ":10: a resource is an object",
        ": Patient/b: two Patient resources with this id say different things",
        ": Patient/c: line all.ndjson:2 cannot be read, and may be of this participant",
        ": Observation/1 is about Patient/z, who is in none of the files",
    ]
    assert found[-1].notes == ("not read: 1 Observation that name no patient",)


@pytest.mark.parametrize(
    "resource", [{"resourceType": "Condition", "id": "1"}, observation("2", "Patient/c")]
)
def test_a_line_that_may_be_anybodys(tmp_path: Path, resource: dict[str, Any]) -> None:
    """It names nobody; or it is the last of a file cut off, and whose lines came then nobody knows."""
    write(tmp_path / "Patient.ndjson", patient("a"), patient("b"))
    (tmp_path / "Other.ndjson").write_text(json.dumps(resource)[:-1])
    found = list(read_participants(str(tmp_path)))
    assert ids(found) == []
    assert [one.rpartition(": ")[2] for one in told(found)[1:3]] == [
        "line Other.ndjson:1 cannot be read, and may be of this participant"
    ] * 2


@pytest.mark.parametrize("kind", ["Patient", "Medication", "Claim"])
def test_a_line_that_concerns_nobody_else(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "Patient.ndjson", patient("a"))
    (tmp_path / f"{kind}.1.ndjson").write_text(json.dumps({"resourceType": kind, "id": "1"})[:-1])
    assert ids(list(read_participants(str(tmp_path)))) == ["a"]


# ---------------------------------------------------------------- whatever the data are


def test_messages_repeat_nothing_personal() -> None:
    named = patient("a", birthDate="Jane Doe", gender="Jane Doe")
    wrong = observation("1", "Patient/a") | {"subject": "Jane Doe", "code": "Jane Doe"}
    elsewhere = observation("2", "Patient?identifier=ssn|Jane Doe")
    assert "Jane" not in "".join(told(entries(bundle(named, wrong, elsewhere))))


def damaged(value: Any, chance: random.Random) -> Any:
    """The data with something in them replaced, left out or repeated."""
    if isinstance(value, dict) and value and chance.random() < 0.97:
        key = chance.choice(list(value))
        if chance.random() < 0.05:
            return {name: one for name, one in value.items() if name != key}
        return value | {key: damaged(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.97:
        number = chance.randrange(len(value))
        return [*value[:number], damaged(value[number], chance), *value[number + 1 :]]
    return chance.choice(
        [None, "", "x", "2024-13-01", -1, 1e9, True, [], {}, [[]], [{}], {"x": 1}, value, [value]]
    )


def test_no_damage_makes_reading_fail() -> None:
    """Whatever is wrong with a bundle: a participant, or a message, and never an exception."""
    chance = random.Random(7)
    path = Path(__file__).parents[1] / "data" / "fhir-r4-synthea" / "aleta.json"
    whole = json.loads(path.read_text())
    kinds: dict[str, list[Any]] = {}
    for one in whole["entry"]:
        kinds.setdefault(one["resource"]["resourceType"], []).append(one)
    small = whole | {"entry": [one for found in kinds.values() for one in found[:2]]}
    refused = 0
    for _ in range(600):
        data = small
        for _ in range(chance.randrange(1, 4)):
            data = damaged(data, chance)
        found = entries(data)
        assert found
        assert all(one.record is not None or one.problems or one.notes for one in found)
        refused += any(one.problems for one in found)
    assert 100 < refused < 600
