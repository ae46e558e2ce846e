"""The language server as an editor meets it: a process, messages over standard input and output."""
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

pytest.importorskip("pygls")
ROOT = Path(__file__).parents[2]

VOCABULARY = """language 1
lab alt "ALT" { loinc "1742-6" unit U/L }
condition sle "Systemic lupus 𝛼" { icd10 "M32" }
drug steroid "Steroid" { atc "H02" }
"""
TRIAL = """language 1
use "v.proto-lite"
protocol small "Small 𝛼" {
  timepoint screening
  anchor screening
  values within 28 days before screening
  inclusion 1 "Liver 𝛼𝛼" { source "ALT up to three times" require alt <= 3 ULN }
  inclusion 2 "Disease" { require has sle }
  exclusion 1 "Steroid" { exclude if received steroid }
}
"""


class Client:
    """A client of our own: what it sends and gets are the bytes of the protocol."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "protodsl", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip
        self.came: Queue[dict[str, Any]] = Queue()
        self.kept: list[dict[str, Any]] = []
        self.number = 0
        threading.Thread(target=self._read, daemon=True).start()
        self.ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            self.came.put(json.loads(stream.read(length)))

    def send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def tell(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        self.number += 1
        number = self.number
        self.send({"id": number, "method": method, "params": params})
        answer = self.wait(lambda one: one.get("id") == number and "method" not in one)
        assert "error" not in answer, answer
        return answer["result"]

    def wait(self, wanted: Any) -> dict[str, Any]:
        for one in self.kept:
            if wanted(one):
                self.kept.remove(one)
                return one
        while True:
            try:
                one = self.came.get(timeout=60)
            except Empty:
                raise AssertionError(f"no answer; kept: {self.kept}") from None
            if wanted(one):
                return one
            self.kept.append(one)

    # ------------------------------------------------------------ files

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        document = {"uri": self.uri(name), "languageId": "protodsl", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return self.diagnostics(name, 1)

    def type(self, name: str, version: int, text: str, where: list[int] | None = None) -> None:
        change: dict[str, Any] = {"text": text}
        if where is not None:
            change["range"] = {"start": {"line": where[0], "character": where[1]},
                               "end": {"line": where[2], "character": where[3]}}  # fmt: skip
        self.tell("textDocument/didChange",
                  {"textDocument": {"uri": self.uri(name), "version": version}, "contentChanges": [change]})  # fmt: skip

    def diagnostics(self, name: str, version: int) -> list[dict[str, Any]]:
        message = self.wait(
            lambda one: (
                one.get("method") == "textDocument/publishDiagnostics"
                and one["params"]["uri"] == self.uri(name)
                and one["params"].get("version") == version
            )
        )
        found: list[dict[str, Any]] = message["params"]["diagnostics"]
        return found

    def at(self, name: str, line: int, character: int, **more: Any) -> dict[str, Any]:
        place = {"line": line, "character": character}
        return {"textDocument": {"uri": self.uri(name)}, "position": place, **more}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "v.proto-lite").write_text(VOCABULARY, encoding="utf-8")
    (tmp_path / "protodsl.toml").touch()
    one = Client(tmp_path)
    yield one
    if one.process.poll() is None:
        one.ask("shutdown", None)
        one.tell("exit", None)
        assert one.process.wait(timeout=60) == 0


def line_of(text: str, words: str) -> tuple[int, int]:
    """Line and column, in UTF-16 units, of words."""
    at = text.index(words)
    line = text.count("\n", 0, at)
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return line, len(before.encode("utf-16-le")) // 2


def errors(found: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in found if one["severity"] == 1]


def test_diagnostics_as_one_types(client: Client) -> None:
    assert errors(client.open("t.proto-lite", TRIAL)) == []
    line, column = line_of(TRIAL, "alt <= 3")
    client.type("t.proto-lite", 2, "atl", [line, column, line, column + 3])
    (found,) = [one for one in client.diagnostics("t.proto-lite", 2) if one["severity"] == 1]
    assert found["code"] == "E0201"
    assert found["range"] == {"start": {"line": line, "character": column},
                              "end": {"line": line, "character": column + 3}}  # fmt: skip
    client.type("t.proto-lite", 3, "alt", [line, column, line, column + 3])
    assert errors(client.diagnostics("t.proto-lite", 3)) == []


def test_only_the_last_of_several_keystrokes_is_answered(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    for version in range(2, 12):
        client.type("t.proto-lite", version, TRIAL + "#" * version)
    client.diagnostics("t.proto-lite", 11)
    seen = [one["params"].get("version") for one in client.kept if "publish" in one.get("method", "")]
    assert len(seen) < 9


def test_hover_reads_aloud_and_quotes(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    place = line_of(TRIAL, "require alt")
    said = client.ask("textDocument/hover", client.at("t.proto-lite", *place))["contents"]["value"]
    assert "> ALT up to three times" in said
    assert "- ALT (latest value within 28\xa0days before screening) must be at most 3" in said
    place = line_of(TRIAL, "sle }")
    found = client.ask("textDocument/hover", client.at("t.proto-lite", *place))
    assert "**Systemic lupus 𝛼** · condition" in found["contents"]["value"]
    assert "icd10 M32" in found["contents"]["value"]
    assert found["range"]["start"] == {"line": place[0], "character": place[1]}


def test_hover_while_the_file_is_broken(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    client.type("t.proto-lite", 2, TRIAL.replace("exclude if received steroid", "exclude if received"))
    assert errors(client.diagnostics("t.proto-lite", 2))
    place = line_of(TRIAL, "sle }")
    assert client.ask("textDocument/hover", client.at("t.proto-lite", *place)) is not None


def labels(answer: Any) -> dict[str, str]:
    return {one["label"]: one.get("detail", "") for one in answer["items"]}


def test_completion(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    text = TRIAL.replace("  inclusion 2", "  exclusion 7 { exclude if received \n  }\n  inclusion 2")
    client.type("t.proto-lite", 2, text)
    line, column = line_of(text, "exclude if received \n")
    end = column + len("exclude if received ")
    offers = labels(client.ask("textDocument/completion", client.at("t.proto-lite", line, end)))
    assert offers["steroid"] == "Steroid · atc H02"
    assert "sle" not in offers
    text = TRIAL.replace("alt <= 3 ULN", "alt <= 3 ")
    client.type("t.proto-lite", 3, text)
    line, column = line_of(text, "alt <= 3 ")
    offers = labels(client.ask("textDocument/completion", client.at("t.proto-lite", line, column + 9)))
    assert list(offers) == ["U/L", "ULN", "LLN"]
    text = TRIAL.replace("  anchor screening", "  \n  anchor screening")
    client.type("t.proto-lite", 4, text)
    offers = labels(client.ask("textDocument/completion", client.at("t.proto-lite", 4, 2)))
    assert {"sponsor", "inclusion", "timepoint"} <= set(offers)
    offers = labels(client.ask("textDocument/completion", client.at("t.proto-lite", *line_of(text, "up to"))))
    assert offers == {}


def test_definition_and_references(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    line, column = line_of(TRIAL, "sle }")
    found = client.ask("textDocument/definition", client.at("t.proto-lite", line, column))
    assert found["uri"] == client.uri("v.proto-lite")
    assert found["range"]["start"] == {"line": 2, "character": len("condition ")}
    found = client.ask("textDocument/definition", client.at("t.proto-lite", *line_of(TRIAL, "v.proto")))
    assert found["uri"] == client.uri("v.proto-lite")
    at = client.at("t.proto-lite", *line_of(TRIAL, "screening\n"), context={"includeDeclaration": True})
    assert len(client.ask("textDocument/references", at)) == 3


def test_rename_reaches_every_file(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    place = line_of(TRIAL, "alt <= 3")
    edits = client.ask("textDocument/rename", client.at("t.proto-lite", *place, newName="alat"))["changes"]
    assert {uri: len(found) for uri, found in edits.items()} == {client.uri("t.proto-lite"): 1,
                                                                client.uri("v.proto-lite"): 1}  # fmt: skip
    (edit,) = edits[client.uri("t.proto-lite")]
    assert edit["range"]["start"] == {"line": place[0], "character": place[1]}
    for refused in ("and", "1x", "sle"):
        at = client.at("t.proto-lite", *place, newName=refused)
        assert client.ask("textDocument/rename", at) is None


def test_formatting(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    params = {
        "textDocument": {"uri": client.uri("t.proto-lite")},
        "options": {"tabSize": 8, "insertSpaces": False},
    }
    (edit,) = client.ask("textDocument/formatting", params)
    assert "    require alt <= 3 ULN\n" in edit["newText"]
    client.type("t.proto-lite", 2, edit["newText"])
    assert client.ask("textDocument/formatting", params) is None
    client.type("t.proto-lite", 3, "protocol {")
    assert client.ask("textDocument/formatting", params) is None


def test_code_actions_mend(client: Client) -> None:
    text = TRIAL.replace("require has sle", "require has sle and not has sle")
    found = client.open("t.proto-lite", text)
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 20, "character": 0}}
    params = {
        "textDocument": {"uri": client.uri("t.proto-lite")},
        "range": whole,
        "context": {"diagnostics": found},
    }
    (action, *_) = client.ask("textDocument/codeAction", params)
    assert action["title"] == "write `has no sle`"
    (edit,) = action["edit"]["changes"][client.uri("t.proto-lite")]
    line, column = line_of(text, "not has sle")
    assert edit["range"] == {"start": {"line": line, "character": column},
                             "end": {"line": line, "character": column + len("not has sle")}}  # fmt: skip


def test_outline_of_a_half_typed_file(client: Client) -> None:
    client.open("t.proto-lite", TRIAL[: TRIAL.index("ULN")])
    (found,) = client.ask(
        "textDocument/documentSymbol", {"textDocument": {"uri": client.uri("t.proto-lite")}}
    )
    assert (found["name"], found["detail"]) == ("protocol small", "Small 𝛼")
    assert [one["name"] for one in found["children"]] == ["timepoint screening", "inclusion 1"]


def test_any_half_typed_file_is_answered(client: Client) -> None:
    """Every prefix, and the text with a piece taken out: the server answers all of them and lives."""
    client.open("t.proto-lite", TRIAL)
    version = 1
    for cut in range(0, len(TRIAL), 29):
        for text in (TRIAL[:cut], TRIAL[:cut] + TRIAL[cut + 7 :], TRIAL[:cut] + '"{[ \ud83d' + TRIAL[cut:]):
            version += 1
            client.type("t.proto-lite", version, text.encode("utf-8", "replace").decode())
            line = text.count("\n", 0, cut)
            client.ask("textDocument/completion", client.at("t.proto-lite", line, 5))
            client.ask("textDocument/hover", client.at("t.proto-lite", line, 9))
    client.type("t.proto-lite", version + 1, TRIAL)
    assert errors(client.diagnostics("t.proto-lite", version + 1)) == []
    assert [one for one in client.kept if one.get("method") == "window/logMessage"] == []
    assert client.process.poll() is None


def test_a_large_file_keeps_nobody_waiting(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    large = TRIAL.replace("}\n}", "}\n" + "\n".join(
        f'  exclusion {n} "N" {{ exclude if received steroid within {n} days before screening }}' for n in range(2, 900)
    ) + "\n}")  # fmt: skip
    client.type("t.proto-lite", 2, large)
    assert client.ask("textDocument/documentSymbol", {"textDocument": {"uri": client.uri("t.proto-lite")}})
    assert errors(client.diagnostics("t.proto-lite", 2)) == []


def test_a_change_in_another_file_counts_once_it_is_saved(client: Client) -> None:
    client.open("t.proto-lite", TRIAL)
    client.open("v.proto-lite", VOCABULARY)
    client.type("v.proto-lite", 2, VOCABULARY.replace("sle", "lupus"))
    client.diagnostics("v.proto-lite", 2)
    client.tell("textDocument/didSave", {"textDocument": {"uri": client.uri("v.proto-lite")}})
    assert errors(client.diagnostics("t.proto-lite", 1)) == ["E0201"]


def test_closing_clears(client: Client) -> None:
    client.open("t.proto-lite", TRIAL.replace("alt", "atl"))
    client.tell("textDocument/didClose", {"textDocument": {"uri": client.uri("t.proto-lite")}})
    message = client.wait(lambda one: "publish" in one.get("method", "") and not one["params"]["diagnostics"])
    assert message["params"]["uri"] == client.uri("t.proto-lite")
