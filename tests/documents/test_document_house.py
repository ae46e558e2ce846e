"""House style: single templates, logo, order and added sections, without touching ours."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from document_fixture import protocol
from shipped import trial

from protodsl.documents import RenderError, laid_out, load_house, render, summary

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0\0" * 2))
        + chunk(b"IEND", b"")
    )


def test_an_empty_folder_changes_nothing(tmp_path: Path) -> None:
    model = protocol()
    for kind in ("md", "html", "pdf"):
        made = laid_out(summary(model), kind, load_house(tmp_path))  # type: ignore[arg-type]
        assert made == render(model, kind)  # type: ignore[arg-type]


@pytest.mark.parametrize("logo", ["logo.svg", "logo.png"])
def test_title_line_logo_order_and_added_section(tmp_path: Path, logo: str) -> None:
    (tmp_path / logo).write_bytes(SVG.encode() if logo.endswith("svg") else png())
    (tmp_path / "house.toml").write_text(
        f'kind = "For the committee of <Example>"\nlogo = "{logo}"\norder = [2, 8]\n'
        '[[section]]\ntitle = "Opinion: *open*"\ntext = ["To be <b>filled</b> in."]\nafter = 2\n'
    )
    house = load_house(tmp_path)
    text = laid_out(summary(protocol()), "md", house).decode()
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles[:4] == [
        "## 2. Summary in plain language", "## Opinion: \\*open\\*", "## 8. Who can take part",
        "## 0. About this document",
    ]  # fmt: skip
    assert len(titles) == 20 and titles[-1].startswith("## Appendix")
    page = laid_out(summary(protocol()), "html", house).decode()
    kind = "svg+xml" if logo.endswith("svg") else "png"
    assert f'src="data:image/{kind};base64,' in page
    assert "For the committee of &lt;Example&gt;" in page and "To be &lt;b&gt;filled&lt;/b&gt; in." in page
    assert page.count('id="opinion"') == 1
    assert laid_out(summary(protocol()), "pdf", house).startswith(b"%PDF")


def test_a_section_after_one_that_is_not_there_stands_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text('[[section]]\ntitle = "Ours"\ntext = "Words."\nafter = 99\n')
    text = laid_out(summary(protocol()), "md", load_house(tmp_path)).decode()
    assert text.rstrip().endswith("## Ours\n\nWords.")


def test_one_partial_replaces_ours_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "partials").mkdir()
    (tmp_path / "partials" / "style.css.j2").write_text("body { color: rebeccapurple; }")
    page = laid_out(summary(trial("NCT06222853")), "html", load_house(tmp_path)).decode()
    assert "rebeccapurple" in page and "prefers-color-scheme" not in page and "<nav" in page


@pytest.mark.parametrize(
    ("name", "text", "kind", "message"),
    [
        ("summary.md.j2", "{% if %}", "md", "cannot be used"),
        ("summary.md.j2", "{{ doc.nothing }}", "md", "nothing"),
        ("summary.md.j2", "{{ ''.__class__.__mro__ }}", "md", "unsafe"),
        ("summary.typ.j2", "#panic()", "pdf", "cannot be made a PDF"),
        ("house.toml", "order = 3", "md", "order has to be"),
        ("house.toml", "order = [1, 1]", "md", "order has to be"),
        ("house.toml", "colour = 3", "md", "there is no field colour"),
        ("house.toml", "kind = ", "md", "cannot be read"),
        ("house.toml", 'logo = "none.svg"', "md", "cannot be read"),
        ("house.toml", 'logo = "../house.svg"', "md", "inside"),
        ("house.toml", 'logo = "x.exe"', "md", "svg or .png"),
        ("house.toml", '[[section]]\ntext = "x"', "md", "section.title has to be text"),
        ("house.toml", '[[section]]\ntitle = "x"\nafter = "y"', "md", "section.after"),
        ("house.toml", '[[section]]\ntitle = "x"\ntext = [3]', "md", "section.text"),
        ("house.toml", '[section]\ntitle = "x"', "md", "section has to be"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, text: str, kind: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RenderError, match=message):
        laid_out(summary(protocol()), kind, load_house(tmp_path))  # type: ignore[arg-type]


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="is not a folder"):
        load_house(tmp_path / "nothing")
