"""No text makes a traceback, whatever it holds: random ones, and protocols with something spoilt."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from protodsl.diagnostics.machine import to_data, to_sarif
from protodsl.diagnostics.text import render_text
from protodsl.driver import CheckResult, Project, check
from protodsl.reading import read_file
from protodsl.source import Source
from protodsl.syntax import parse_with_gaps

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "protocols").rglob("*.proto-lite"))
TEXTS = [path.read_text(encoding="utf-8") for path in FILES]
WORDS = sorted({word for text in TEXTS for word in text.split() if len(word) < 25})[::3]
JUNK = [
    *(
        '"',
        "“",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        "- ",
        "\n- ",
        "#",
        '"""',
        "\0",
        "\r",
        "==",
        "&&",
        ";",
        "≥",
        "×",
    ),
    *("\u2028", "1×109/L", "2,500", "not ", "and or", "🧪", "%s", "{0}", "\x1b[31m", "language 2", "\ud7ff"),
]
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


HERE = str(ROOT / "protocols" / "fuzz.proto-lite")
VOCABULARY = Project()
for one in (ROOT / "protocols" / "vocabulary").glob("*.proto-lite"):
    VOCABULARY.load(str(one))


def checked(data: bytes) -> CheckResult:
    """The result for a file beside the protocols that holds these bytes; the vocabulary is read only once."""
    project = Project(
        read=lambda path: data if path == HERE else read_file(path), files=dict(VOCABULARY.files)
    )
    return check(HERE, project=project)


def survives(text: str) -> None:
    """Reading, elaborating, every rendering of what was found; every place is inside the text."""
    source = Source("fuzz.proto-lite", text)
    parsed = parse_with_gaps(source)
    assert parsed.tree.data == "start"
    for one in parsed.diagnostics:
        assert 0 <= one.span.start <= one.span.end <= len(text) + 1, one
    result = checked(text.encode("utf-8", "surrogatepass"))
    assert not (result.failed and result.protocol is not None)
    render_text(result.diagnostics, result.sources)
    render_text(result.diagnostics, result.sources, color=True)
    to_sarif(result.diagnostics, result.sources, "0")
    for one in result.diagnostics:
        assert "\n" not in one.message
        to_data(one, result.sources)


@QUICK
@given(st.text(max_size=300))
@example("\ufeff")
@example("protocol p {")
@example('"')
@example("language 1\nprotocol")
def test_any_text(text: str) -> None:
    survives(text)


@QUICK
@given(st.lists(st.sampled_from(WORDS + JUNK), max_size=60), st.sampled_from([" ", "\n", " \n  "]))
def test_any_words(words: list[str], between: str) -> None:
    survives(between.join(words))


def spoilt(text: str, chance: random.Random) -> str:
    """A protocol in which a few things were deleted, doubled, swapped or replaced."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text))
        match chance.randrange(6):
            case 0:
                text = text[:at] + text[at + chance.randint(1, 30) :]
            case 1:
                text = text[:at] + chance.choice(JUNK) + text[at:]
            case 2:
                text = text[:at] + chance.choice(WORDS) + " " + text[at:]
            case 3:
                text = text[:at]
            case 4:
                lines = text.split("\n")
                chance.shuffle(lines[: chance.randint(2, 40)])
                del lines[chance.randrange(len(lines))]
                text = "\n".join(lines)
            case _:
                end = min(len(text), at + chance.randint(5, 400))
                text = text[:end] + text[at:end] + text[end:]
        if not text:
            return "x"
    return text


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_protocols(seed: int) -> None:
    chance = random.Random(seed)
    survives(spoilt(chance.choice(TEXTS), chance))


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"\xef\xbb\xbf", b"\x00", b"\xc3", b"a\x00b\x00" * 50, bytes(range(256))]
)
def test_any_bytes(data: bytes) -> None:
    result = checked(data)
    render_text(result.diagnostics, result.sources)
