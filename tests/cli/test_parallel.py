"""Several processes write what one writes, in the same order, from every kind of data."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from protodsl.cli import parallel
from protodsl.cli.main import main
from protodsl.cli.match import Matching
from protodsl.cli.output import Output
from protodsl.cli.parallel import Inputs, Said
from protodsl.cli.screen import Screening
from protodsl.cli.screening import Progress
from protodsl.driver import check
from protodsl.records.parts import Entries
from protodsl.records.sheets import Mapping
from protodsl.records.site import NO_SITE, Site
from protodsl.reports import Asked, Trial

ROOT = Path(__file__).parents[2]
TRIAL = str(ROOT / "protocols" / "NCT06892145.proto-lite")
OTHER = str(ROOT / "protocols" / "NCT06222853.proto-lite")
MANY = 24


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if two dozen were many."""
    monkeypatch.setattr(parallel, "FEW", 8)
    monkeypatch.setattr(parallel, "CHUNK", 3)


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    out, err = capfd.readouterr()
    return int(left.value.code or 0), out, err


def patient(number: int) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p{number}", "birthDate": "1980-05-17", "gender": "female"}


def creatinine(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "subject": {"reference": f"Patient/p{number}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
        "effectiveDateTime": "2024-01-02",
        "valueQuantity": {"value": number, "unit": "umol/L"},
    }


def request(number: int) -> dict[str, Any]:
    """A prescription of something that stands elsewhere."""
    return {
        "resourceType": "MedicationRequest",
        "id": f"m{number}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/p{number}"},
        "medicationReference": {"reference": "Medication/drug"},
        "authoredOn": "2023-12-01",
    }


DRUG = {
    "resourceType": "Medication",
    "id": "drug",
    "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "H02AB07"}]},
}


def bundle(*resources: dict[str, Any]) -> str:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def bundles(folder: Path) -> Path:
    """Bundles of small people, among them one cut off, one without a patient and one that is there twice."""
    folder.mkdir(exist_ok=True)
    for number in range(MANY):
        (folder / f"{number:03}.json").write_text(bundle(patient(number), creatinine(number)))
    (folder / "010.json").write_text('{"resourceType": "Bundle", "entry": [')
    (folder / "011.json").write_text(bundle())
    (folder / "020.json").write_text((folder / "001.json").read_text())
    return folder


def bulk(folder: Path) -> Path:
    """The same as Bulk Data, one line cut off, one resource of nobody in the files."""
    folder.mkdir()
    patients = [json.dumps(patient(number)) for number in range(MANY)]
    patients[10] = patients[10][:40]
    (folder / "Patient.ndjson").write_text("\n".join(patients))
    facts = [json.dumps(make(number)) for number in range(MANY) for make in (creatinine, request)]
    (folder / "Observation.ndjson").write_text("\n".join([*facts, json.dumps(DRUG)]))
    return folder


def omop(folder: Path) -> Path:
    folder.mkdir()
    tables: dict[str, list[dict[str, Any]]] = {
        "person": [
            {"person_id": number, "gender_concept_id": 8532, "year_of_birth": 1980} for number in range(MANY)
        ],
        "measurement": [
            {"person_id": number, "measurement_id": number, "measurement_concept_id": 7,
             "measurement_date": "2024-01-02", "value_as_number": number, "unit_source_value": "umol/L"}
            for number in range(1, MANY + 1)
        ],
        "concept": [{"concept_id": 7, "vocabulary_id": "LOINC", "concept_code": "2160-0"}],
    }  # fmt: skip
    for name, rows in tables.items():
        with open(folder / f"{name}.csv", "w", newline="") as opened:
            writer = csv.DictWriter(opened, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return folder


def sheet(folder: Path) -> Path:
    rows = [f"P-{number},1980-05-17,female,{number} umol/L,2024-01-02" for number in range(MANY)]
    rows[3] = rows[3].replace("female", "fem")
    heading = "id,birth_date,sex,creatinine value,creatinine date"
    folder.with_suffix(".csv").write_text("\n".join([heading, *rows]))
    return folder.with_suffix(".csv")


def record(number: int) -> dict[str, Any]:
    result = {"code": "creatinine", "value": number, "unit": "umol/L", "date": "2024-01-02"}
    return {"id": f"P-{number}", "birth_date": "1980", "sex": "female", "results": [result]}


def lines(folder: Path) -> Path:
    """JSON Lines, one of them cut off and one that is refused."""
    every = [json.dumps(record(number)) for number in range(MANY)]
    every[5], every[6] = every[5][:30], every[6].replace("female", "woman")
    folder.with_suffix(".jsonl").write_text("\n".join(every))
    return folder.with_suffix(".jsonl")


def array(folder: Path) -> Path:
    """An array that ends too early."""
    folder.with_suffix(".json").write_text(json.dumps([record(number) for number in range(MANY)])[:-30])
    return folder.with_suffix(".json")


KINDS = (bundles, bulk, omop, sheet, lines, array)


@pytest.fixture(scope="module")
def trials() -> tuple[Trial, ...]:
    protocols = [check(path).protocol for path in (TRIAL, OTHER)]
    return tuple(Trial(one) for one in protocols if one is not None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.__name__)
def test_the_same_is_said(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, trials: tuple[Trial, ...], kind: Any
) -> None:
    data = Inputs((str(kind(tmp_path / "data")),), None, Mapping())
    asked = Asked(at={"screening": "2024-01-05"}, assume=("medications",))
    works: list[parallel.Work] = [
        Screening(trials[0], asked, Mapping(), form, 100, False) for form in ("text", "jsonl")
    ]
    works.append(Matching(trials, (asked, Asked()), Mapping(), "json", 100, False))
    for work in works:
        alone = list(parallel.said(data, work, 1, Progress(Output(None))))
        noise = capfd.readouterr()
        assert list(parallel.said(data, work, 3, Progress(Output(None)))) == alone
        assert capfd.readouterr() == noise
        assert noise.err.splitlines()[-1].endswith("could not be")
        assert len(alone) >= MANY and sum(one.refused for one in alone) in (1, 2)


def test_the_same_bytes(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    data = str(bundles(tmp_path / "data"))
    commands = (
        ("screen", TRIAL, data, "--format", "html"),
        ("match", data, TRIAL, OTHER),
        ("match", data, TRIAL, OTHER, "--format", "fhir"),
    )
    for command in commands:
        alone = run(capfd, *command, "--jobs", "1")
        assert run(capfd, *command, "--jobs", "3") == alone
        assert alone[0] == 1 and "p23" in alone[1]
        assert alone[2].endswith("21 screened, 2 could not be\n")


def test_what_is_said_of_bundles(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(bundles(tmp_path / "data"))
    code, out, err = run(capfd, "screen", TRIAL, folder, "--format", "jsonl", "--jobs", "3")
    assert code == 1
    found = [json.loads(line) for line in out.splitlines()]
    assert [one.get("participant") for one in found][:12] == [*(f"p{n}" for n in range(10)), None, "p12"]
    assert found[19]["problems"] == [
        {
            "place": "",
            "message": "p1: is in 001.json too, and the answer rests on that file alone; "
            "all data of one participant belong into one file",
        }
    ]
    assert "011.json: holds no patient: nothing" in err
    assert err.splitlines()[-1] == "21 screened, 2 could not be"


def test_bulk_data_find_what_is_shared(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(bulk(tmp_path / "data"))
    _, out, _ = run(capfd, "screen", TRIAL, folder, "--format", "jsonl", "--jobs", "2")
    found = [json.loads(line) for line in out.splitlines()]
    notes = [note for one in found for note in one.get("notes", ())]
    assert not any("not in the data" in note for note in notes)
    told = "o10 and 1 more resources are about Patient/p10, who is in none of the files"
    assert any(told in problem["message"] for one in found for problem in one.get("problems", ()))


def test_into_a_file(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(bundles(tmp_path / "data"))
    _, out, _ = run(capfd, "screen", TRIAL, folder, "--format", "jsonl", "--jobs", "1")
    target = tmp_path / "verdicts.jsonl"
    _, nothing, _ = run(capfd, "screen", TRIAL, folder, "--jobs", "2", "-o", str(target))
    assert nothing == "" and target.read_text() == out


def test_work_can_be_sent_to_another_process(trials: tuple[Trial, ...]) -> None:
    asked = Asked(at={"screening": "2024-01-01"})
    work = Screening(trials[0], asked, Mapping(), "jsonl", 100, False)
    again = pickle.loads(pickle.dumps(work))
    assert (again.trial.model.id, again.asked, again.sites) == (trials[0].model.id, asked, work.sites)


@pytest.mark.parametrize("kind", [bulk, omop], ids=lambda one: one.__name__)
def test_reading_that_screens_nobody_yet_is_seen(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    """On a terminal: the first pass over tables and Bulk Data, which may take minutes."""
    data = Inputs((str(kind(tmp_path / "data")),), None, Mapping())
    for shown in (True, False):
        progress = Progress(Output(None))
        progress.shown, progress.next = shown, 0.0
        monkeypatch.setattr("time.monotonic", iter(range(10**6)).__next__)
        list(parallel.said(data, Deadly("nobody", 0), 1, progress))
        told = capfd.readouterr().err.split("\r")
        seen = [one for one in told if one.startswith("reading ")]
        assert (len(seen) >= 2) == shown
        assert not shown or {"reading Observation.ndjson, 0%", "reading measurement, 0 rows"} & set(
            one.strip() for one in seen
        )


# ---------------------------------------------------------------- what may happen to a process


@dataclass(frozen=True, slots=True)
class Deadly:
    """Says who it is; over one participant the process is killed, as a system short of memory does."""

    victim: str
    parent: int

    @property
    def sites(self) -> tuple[Site, ...]:
        return (NO_SITE,)

    def said(self, entries: Entries) -> Said:
        entry = entries[0]
        if entry.record is None:
            return Said(entry.where, str(entry.problems[0].message), refused=True)
        if entry.record.id == self.victim:
            assert os.getpid() != self.parent
            os.kill(os.getpid(), signal.SIGKILL)
        return Said(entry.where, entry.record.id)


def inputs(tmp_path: Path) -> Inputs:
    return Inputs((str(bundles(tmp_path / "data")),), None, Mapping())


def test_a_killed_process_costs_one_participant(tmp_path: Path) -> None:
    progress = Progress(Output(None))
    found = list(parallel.said(inputs(tmp_path), Deadly("p16", os.getpid()), 2, progress))
    texts = [one.text for one in found if one.count]
    killed = "the process that read it was ended from outside, perhaps for want of memory"
    assert [text for text in texts if text.startswith("the process")] == [killed]
    assert found[16].where.endswith("016.json") and found[16].text == killed
    everybody = [f"p{number}" for number in range(MANY) if number not in (10, 11, 16, 20)]
    assert [text for text in texts if text.startswith("p") and ":" not in text] == everybody
    assert progress.refusals == 3
    assert not multiprocessing.active_children()


def test_whoever_stops_listening_ends_the_processes(tmp_path: Path) -> None:
    found = parallel.said(inputs(tmp_path), Deadly("nobody", os.getpid()), 2, Progress(Output(None)))
    assert next(found).text == "p0"
    assert len(multiprocessing.active_children()) >= 1
    found.close()
    assert not multiprocessing.active_children()


def test_only_a_few_pieces_are_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, no more are read ahead than the processes can soon take."""
    taken = 0
    data = inputs(tmp_path)
    pieces = list(data.pieces(Progress(Output(None)))) * 10

    def counted(_: Inputs, progress: Progress) -> Iterator[Any]:
        nonlocal taken
        for one in pieces:
            taken += 1
            yield one

    monkeypatch.setattr(Inputs, "pieces", counted)
    found = parallel.said(data, Deadly("nobody", os.getpid()), 2, Progress(Output(None)))
    most = 0
    for number, _ in enumerate(found, 1):
        most = max(most, taken - number)
    assert taken == len(pieces)
    assert most <= (2 * parallel.AHEAD + 2) * parallel.CHUNK < len(pieces) / 4


def test_processes_elsewhere_are_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a process cannot be forked, what it needs is sent to it: the work, and what pieces share."""
    data = Inputs((str(bulk(tmp_path / "data")),), None, Mapping())
    work = Deadly("nobody", os.getpid())
    alone = list(parallel.said(data, work, 1, Progress(Output(None))))
    with monkeypatch.context() as patched:
        patched.setattr(sys, "platform", "darwin")
        assert list(parallel.said(data, work, 2, Progress(Output(None)))) == alone


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C ends the run with a word, without traces of the processes or a half-written file.

    (Tests that a shell runs in the background are deaf to Ctrl-C, and would hand that on.)
    """
    text = json.dumps(record(1))
    (tmp_path / "people.jsonl").write_text("\n".join([text] * 200_000))
    command = [sys.executable, "-m", "protodsl", "screen", TRIAL, "people.jsonl", "--jobs", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell it is ignored
    with subprocess.Popen(
        [*command, "-o", "out/verdicts.jsonl"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:  # fmt: skip
        part = tmp_path / "out"
        while process.poll() is None and not any(one.stat().st_size for one in part.glob(".protodsl-*")):
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the run
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and err.decode().strip() == "interrupted"
    assert list(part.iterdir()) == []


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    """Even when it is killed, and can tell them nothing."""
    code = (
        "import multiprocessing, os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.cli.test_parallel import Deadly, inputs\n"
        "from protodsl.cli import parallel\n"
        "from protodsl.cli.output import Output\n"
        "from protodsl.cli.screening import Progress\n"
        "parallel.FEW = 8\n"
        "found = parallel.said(inputs(Path(sys.argv[1])), Deadly('nobody', 0), 2, Progress(Output(None)))\n"
        "next(found)\n"
        "print(*[one.pid for one in multiprocessing.active_children()], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = [int(pid) for pid in done.stdout.split()]
    assert left
    deadline = time.monotonic() + 60
    while any(running(pid) for pid in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(running(pid) for pid in left)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_process_is_started_for_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    for number in range(parallel.FEW - 1):
        (folder / f"{number:03}.json").write_text(bundle(patient(number)))

    def never(*_: object) -> ProcessPoolExecutor:
        raise AssertionError

    monkeypatch.setattr(parallel, "ProcessPoolExecutor", never)
    data = Inputs((str(folder),), None, Mapping())
    work = Deadly("nobody", os.getpid())
    assert len(list(parallel.said(data, work, 2, Progress(Output(None))))) == parallel.FEW - 1
