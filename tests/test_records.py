"""Files of records: one, an array, JSON Lines; and every way a file can be broken."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import protodsl.records.json as records_json
from protodsl.records.json import Entry, read_records


def entries(content: bytes | str, stream: Any = None) -> list[Entry]:
    raw = content.encode() if isinstance(content, str) else content
    return list(read_records("f.json", stream or io.BytesIO(raw)))


def ids(content: bytes | str) -> list[str | None]:
    return [entry.record.id if entry.record else None for entry in entries(content)]


def messages(content: bytes | str) -> list[str]:
    return [message for entry in entries(content) for message in entry.messages()]


def line(identifier: str, **fields: Any) -> str:
    return json.dumps({"id": identifier, **fields})


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (line("a"), ["a"]),
        (line("a") + "\n", ["a"]),
        ("\ufeff" + line("a"), ["a"]),
        ("\n\n " + line("a") + "\n \n", ["a"]),
        (json.dumps({"id": "a", "results": []}, indent=2), ["a"]),
        (json.dumps({"id": "a"}, indent=2).replace("\n", "\r\n"), ["a"]),
        (line("a") + "\n" + line("b"), ["a", "b"]),
        ("\ufeff" + line("a") + "\r\n\r\n" + line("b") + "\r\n", ["a", "b"]),
        ("[" + line("a") + "]", ["a"]),
        ("[" + line("a") + ",\n" + line("b") + "]\n", ["a", "b"]),
        ("\ufeff\n[\n]\n", []),
        (json.dumps([{"id": "a"}, {"id": "b"}], indent=4), ["a", "b"]),
    ],
)
def test_one_or_many(content: str, found: list[str]) -> None:
    assert ids(content) == found


def test_a_bad_record_does_not_stop_the_others() -> None:
    content = "\n".join([line("a"), '{"id": "b",}', line("c", sex="F"), "7", "", line("d")])
    assert ids(content) == ["a", None, None, None, "d"]
    assert messages(content) == [
        "f.json:2: not JSON: expecting property name enclosed in double quotes at line 2, column 12",
        'f.json:3: c: sex: "F" is not female, male, other or unknown; did you mean "female"?',
        "f.json:4: a record is an object, not a number",
    ]
    array = "[" + ",\n".join([line("a"), line("b", sex="F"), "7", line("d")]) + "]"
    assert ids(array) == ["a", None, None, "d"]
    assert [message.split(": ")[0] for message in messages(array)] == ["f.json:2", "f.json:3"]


def test_the_first_line_may_be_the_bad_one() -> None:
    assert ids('{"id": "a"\n' + line("b") + "\n") == [None, "b"]


def test_problems_keep_the_data() -> None:
    (entry,) = entries(line("a", sex="F"))
    assert entry.data == {"id": "a", "sex": "F"} and entry.record is None and not entry.last


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no record"),
        (b" \n\t\n", "holds no record"),
        (b"\xef\xbb\xbf", "holds no record"),
        (line("a").encode("utf-16"), "UTF-16 or UTF-32"),
        (line("a").encode("utf-16-be"), "UTF-16 or UTF-32"),
        (line("a").encode("utf-16-le"), "UTF-16 or UTF-32"),
        (line("a").encode("utf-32"), "UTF-16 or UTF-32"),
        (b'{"id": "Jos\xe9"}', "not UTF-8: byte 0xE9 at offset 11"),
        (b'\xef\xbb\xbf{"id": "Jos\xe9"}', "not UTF-8: byte 0xE9 at offset 14"),
        (b'{"id": "a"}\n{"id": "Jos\xe9"}\n', "f.json:2: not UTF-8: byte 0xE9 at offset 23"),
        (b'[{"id": "a"},\n{"id": "Jos\xe9"}]', "not UTF-8: byte 0xE9 at offset 25"),
        (b'[{"id": "a"}, {"id": "\xc3', "not UTF-8: byte 0xC3 at offset 22"),
        (b'{"id": "a", "results": [', "not JSON: the text ends before the record does"),
        (b'[{"id": "a"}', "f.json:1: the text ends before its array does"),
        (b'[{"id": "a"},\n{"id": "b"', "f.json:2: not JSON: the text ends before the record does"),
        (b'[{"id": "a"},', "not JSON: the text ends before the record does"),
        (b'[{"id": "a"} {"id": "b"}]', 'a "," or "]" is expected after a record'),
        (b'[{"id": "a"}]\n{"id": "b"}', "f.json:2: more text stands behind the end of the array"),
        (b'{\n"id": "a"\n}\n{\n"id": "b"\n}', "extra data at line 4, column 1"),
        (b"id,sex\na,female\n", "not JSON: expecting value at line 1, column 1"),
        (b"<xml/>", "not JSON: expecting value"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"id": "a", "x": ' + b"[" * 100_000, "nested too deeply"),
        (b'[{"id": "a", "results": [{"code": "x", "value": ' + b"9" * 5000 + b"}]}]", "too many digits"),
        (b'{"id": "a", "results": [{"code": "x", "value": 1e999999999}]}', "results/0/value: "),
        (b'{"id": "a", "id": "b"}', "stands twice in one object"),
        (b'{"id": "\\ud800"}', "cannot be printed"),
    ],
)
def test_broken_files(content: bytes, told: str) -> None:
    found = messages(content)
    assert len(found) == 1 and told in found[0], found
    assert found[0].isprintable()


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none.json"), str(tmp_path), "a\0b"):
        (entry,) = read_records(path)
        assert entry.record is None and entry.last and entry.messages()[0].startswith(path)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((line("a") + "\n7\n").encode())))
    first, second = read_records("-")
    assert first.record is not None and second.messages()[0].startswith("standard input:2: ")


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "patients.txt"
    path.write_text(line("a") + "\n" + line("b", x=1))
    first, second = read_records(str(path))
    assert first.record is not None and second.messages() == [f'{path}:2: b: unknown field "x"']


def test_a_record_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_json, "MAX_BYTES", 100)
    monkeypatch.setattr(records_json, "CHUNK", 16)
    long = line("b", results=[{"code": "x", "value": 1}] * 50)
    content = line("a") + "\n" + long + "\n" + line("c")
    assert ids(content) == ["a", None, "c"]
    assert messages(content) == ["f.json:2: a record of more than 0 MiB"]
    assert messages(long) == ["f.json: a record of more than 0 MiB"]
    array = "[" + line("a") + ",\n" + long + "]"
    assert ids(array) == ["a", None] and "a record of more than" in messages(array)[0]


class Endless(io.RawIOBase):
    """Records without end, made as they are read: what is not streamed would not return."""

    def __init__(self, first: bytes, more: bytes, times: int) -> None:
        self.more, self.left, self.rest = more, times, first

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self.rest) < len(buffer) and self.left:
            self.rest += self.more * min(self.left, 100)
            self.left -= min(self.left, 100)
        taken = self.rest[: len(buffer)]
        self.rest = self.rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize(("first", "more"), [(b"", b"\n"), (b"[", b",")])
def test_memory_stays_flat(first: bytes, more: bytes) -> None:
    one = line("a", results=[{"code": "alt", "value": 40, "unit": "U/L"}] * 3).encode()
    stream = io.BufferedReader(Endless(first + one, more + one, 10_000))
    count = 0
    tracemalloc.start()
    for entry in read_records("f.json", stream):
        count += entry.record is not None
        if count == 500:
            tracemalloc.reset_peak()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count >= 10_000 and peak < 1_500_000, (count, peak)


@given(st.binary(max_size=80) | st.text('[]{},:"id a1\n\\', max_size=40).map(str.encode))
def test_any_bytes_are_entries(content: bytes) -> None:
    for entry in entries(content):
        assert (entry.record is None) == bool(entry.problems)
        assert all("\n" not in message for message in entry.messages())


@given(
    st.lists(st.sampled_from(["a", "é", "\u2028", "x" * 50, "]", "},{", '"']), max_size=12),
    st.integers(1, 40),
)
def test_pieces_of_an_array_do_not_matter(names: list[str], size: int) -> None:
    """Cut anywhere, inside characters too, the same records are found on the same lines."""

    class Slow(io.BytesIO):
        def read(self, _: int | None = -1, /) -> bytes:
            return super().read(size)

        def readline(self, _: int | None = -1, /) -> bytes:
            return super().readline(size)

    written = [json.dumps({"id": name + "."}, ensure_ascii=False) for name in names]
    raw = ("[\n" + ",\n".join(written) + "\n]\n").encode()
    found = list(read_records("f", Slow(raw)))
    whole = list(read_records("f", io.BytesIO(raw)))
    assert found == whole
    assert [entry.where for entry in whole] == [f"f:{number + 2}" for number in range(len(names))]
