"""Reading files: encodings, the project's edge, imports, what is and is not said after a syntax error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from protodsl.driver import Project, check, protocol_files
from protodsl.reading import SIZE_LIMIT
from protodsl.source import Span

VOCABULARY = 'language 1\nlab alt "ALT" { loinc "1742-6" unit U/L }\n'
USES = 'language 1\nuse "{}"\ndefine a means alt <= 3 ULN ever\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder one is in, beside a file that is outside it."""
    root = tmp_path / "project"
    (root / "trials").mkdir(parents=True)
    (root / "vocabulary").mkdir()
    (root / "protodsl.toml").write_text("")
    (root / "vocabulary" / "labs.proto-lite").write_text(VOCABULARY)
    (tmp_path / "secret.proto-lite").write_text(VOCABULARY)
    monkeypatch.chdir(root)
    return root


def names(path: str, **options: object) -> list[str]:
    return [one.name for one in check(path, **options).diagnostics]  # type: ignore[arg-type]  # tests of options


# ---------------------------------------------------------------- bytes


@pytest.mark.parametrize(
    ("data", "name", "offset"),
    [
        (b"language 1\n# caf\xe9\n", "not-utf8", 16),
        (b"\xef\xbb\xbflanguage 1\n# caf\xe9\n", "not-utf8", 19),
        ("language 1\n".encode("utf-16"), "utf16-text", None),
        ("language 1\n".encode("utf-16-le"), "utf16-text", None),
        ("language 1\n".encode("utf-16-be"), "utf16-text", None),
        ("language 1\n".encode("utf-32"), "utf16-text", None),
        (b"language 1\n# a\0b\n", "nul-character", 14),
        ("# é\0".encode(), "nul-character", 4),
        (b"#" * (SIZE_LIMIT + 1), "file-too-large", None),
    ],
)
def test_bytes_that_are_no_text(data: bytes, name: str, offset: int | None) -> None:
    result = check("a.proto-lite", read=lambda _: data)
    assert [one.name for one in result.diagnostics] == [name]
    assert result.diagnostics[0].fact("offset") == offset
    assert result.protocol is None


@pytest.mark.parametrize(
    "data",
    [VOCABULARY.encode(), b"\xef\xbb\xbf" + VOCABULARY.encode(), VOCABULARY.replace("\n", "\r\n").encode()],
)
def test_bytes_that_are(data: bytes) -> None:
    assert check("a.proto-lite", read=lambda _: data).diagnostics == ()


def test_missing_folder_and_unreadable(project: Path) -> None:
    assert names("vocabulary/lab.proto-lite") == ["file-not-found"]
    found = check("vocabulary/lab.proto-lite").diagnostics[0]
    assert found.help == "did you mean `vocabulary/labs.proto-lite`?"
    assert names("vocabulary") == ["file-unreadable"]
    os.mkfifo(project / "pipe.proto-lite")
    assert names("pipe.proto-lite") == ["file-unreadable"]
    assert names("a\0b") == ["file-unreadable"]
    assert names("x" * 5000) == ["file-unreadable"]


# ---------------------------------------------------------------- the project's edge


@pytest.mark.parametrize(
    "used",
    [
        "../../secret.proto-lite",
        "/etc/hostname",
        "../vocabulary/../../secret.proto-lite",
        "C:\\secret.proto-lite",
        "",
        "linked.proto-lite",
        "folder/secret.proto-lite",
    ],
)
def test_outside(project: Path, used: str) -> None:
    (project / "trials" / "linked.proto-lite").symlink_to(project.parent / "secret.proto-lite")
    (project / "trials" / "folder").symlink_to(project.parent)
    (project / "trials" / "a.proto-lite").write_text(USES.format(used.replace("\\", "\\\\")))
    assert "outside-project" in names("trials/a.proto-lite")


@pytest.mark.parametrize("used", ["../vocabulary/labs.proto-lite", "./../vocabulary/labs.proto-lite"])
def test_inside(project: Path, used: str) -> None:
    (project / "trials" / "a.proto-lite").write_text(USES.format(used))
    assert names("trials/a.proto-lite") == []


def test_without_a_mark_the_file_s_own_folder_is_the_project(project: Path) -> None:
    (project / "protodsl.toml").unlink()
    (project / "trials" / "a.proto-lite").write_text(USES.format("../vocabulary/labs.proto-lite"))
    assert names("trials/a.proto-lite")[0] == "outside-project"
    assert names("trials/a.proto-lite", root=str(project)) == []


def test_a_used_file_belongs_to_the_project_of_its_user(project: Path) -> None:
    """A vocabulary beside the protocol may not open the way to another project's files."""
    (project / "vocabulary" / "protodsl.toml").write_text("")
    (project / "vocabulary" / "more.proto-lite").write_text('language 1\nuse "../trials/b.proto-lite"\n')
    (project / "trials" / "b.proto-lite").write_text("language 1\n")
    (project / "trials" / "a.proto-lite").write_text('language 1\nuse "../vocabulary/more.proto-lite"\n')
    assert names("trials/a.proto-lite") == []
    assert names("vocabulary/more.proto-lite") == ["outside-project"]


def test_documents(project: Path) -> None:
    (project / "source.txt").write_text("Adults only.")
    files = Project()
    span = Span("trials/a.proto-lite", 0, 1)
    text, digest = files.read_document("trials/a.proto-lite", "../source.txt", span)  # type: ignore[misc]
    assert text == "Adults only."
    assert len(digest) == 64
    assert (
        getattr(files.read_document("trials/a.proto-lite", "../sourc.txt", span), "name", "")
        == "import-not-found"
    )
    assert (
        getattr(files.read_document("trials/a.proto-lite", "../../x", span), "name", "") == "outside-project"
    )


# ---------------------------------------------------------------- imports


def test_each_file_is_read_once(project: Path) -> None:
    read: list[str] = []

    def reading(path: str) -> bytes:
        read.append(path)
        return Path(path).read_bytes()

    for name in "ab":
        (project / "trials" / f"{name}.proto-lite").write_text(USES.format("../vocabulary/labs.proto-lite"))
    files = Project(read=reading)
    for name in "ab":
        assert check(f"trials/{name}.proto-lite", project=files).diagnostics == ()
    assert read == ["trials/a.proto-lite", "vocabulary/labs.proto-lite", "trials/b.proto-lite"]


def test_circles(project: Path) -> None:
    for one, other in ("ab", "bc", "ca"):
        (project / f"{one}.proto-lite").write_text(f'language 1\nuse "{other}.proto-lite"\n')
    found = check("a.proto-lite").diagnostics
    assert [one.name for one in found] == ["cyclic-import"]
    assert found[0].fact("path") == "a.proto-lite → b.proto-lite → c.proto-lite → a.proto-lite"


def test_long_chain_of_imports(project: Path) -> None:
    for number in range(400):
        (project / f"f{number}.proto-lite").write_text(f'language 1\nuse "f{number + 1}.proto-lite"\n')
    check("f0.proto-lite")


def test_consequences_of_a_lost_declaration_are_not_said(project: Path) -> None:
    (project / "vocabulary" / "labs.proto-lite").write_text(VOCABULARY.replace("lab alt", "lab alt alt"))
    (project / "trials" / "a.proto-lite").write_text(USES.format("../vocabulary/labs.proto-lite"))
    found = check("trials/a.proto-lite").diagnostics
    assert [(one.span.path, one.name) for one in found] == [("vocabulary/labs.proto-lite", "syntax")]


def test_other_mistakes_are_still_said(project: Path) -> None:
    text = (
        USES.format("../vocabulary/labs.proto-lite")
        + "define b means alt <= = 3\ndefine c means asd <= 3 ULN ever\n"
    )
    (project / "trials" / "a.proto-lite").write_text(text)
    assert names("trials/a.proto-lite") == ["syntax", "unknown-name"]


def test_folders(project: Path) -> None:
    (project / "trials" / "a.proto-lite").write_text("language 1\n")
    (project / ".hidden").mkdir()
    (project / ".hidden" / "b.proto-lite").write_text("language 1\n")
    assert protocol_files(["."]) == ["./trials/a.proto-lite", "./vocabulary/labs.proto-lite"]
    assert protocol_files(["trials", "trials/a.proto-lite", "x"]) == ["trials/a.proto-lite", "x"]
