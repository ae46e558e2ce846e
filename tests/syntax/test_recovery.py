"""After a mistake everything else is still read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lark import Token, Tree

from protodsl.diagnostics import Diagnostic
from protodsl.source import Source
from protodsl.syntax import parse, parse_with_gaps
from protodsl.syntax.outline import DEPTH_LIMIT, outline

PROTOCOLS = sorted((Path(__file__).parents[2] / "protocols").glob("*.proto-lite"))

WHOLE = """language 1
lab alt "ALT" { loinc "1742-6" unit U/L }
protocol p "A trial" {
  anchor screening
  timepoint screening
  stage enrolment "One" at screening {
    inclusion 1 "Age" {
      source "Adults"
      require age at screening >= 18 years
    }
    inclusion 2 "Liver" {
      source "ALT"
      part 1 "ALT" {
        require alt <= 3 ULN
      }
      part 2 "Or" {
        require any of {
          - alt <= 3 ULN
          - judged "no liver disease"
        }
      }
    }
    exclusion 1 "Sex" {
      exclude if sex is female
    }
  }
}
define d means alt <= 2 ULN
"""


def read(text: str) -> tuple[Tree[Token], list[Diagnostic]]:
    return parse(Source("a.proto-lite", text))


def shape(tree: Tree[Token]) -> list[str]:
    """Declarations of a tree, in order, each with its name."""
    found = []
    for node in tree.iter_subtrees_topdown():
        if node.data in ("vocab", "protocol", "stage", "criterion", "part", "define_short"):
            found.append(
                " ".join([str(node.data), *(str(one) for one in node.children[:2] if isinstance(one, Token))])
            )
    return found


def broken(old: str, new: str) -> str:
    assert WHOLE.count(old) == 1
    return WHOLE.replace(old, new)


def test_whole() -> None:
    tree, found = read(WHOLE)
    assert found == []
    assert len(shape(tree)) == 9


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('loinc "1742-6" unit U/L', 'loinc 1742-6" unit U/L', "unclosed-quote"),
        ("age at screening >= 18 years", "age at screening >= ", "syntax"),
        ("- alt <= 3 ULN", "alt <= 3 ULN", "list-needs-bullets"),
        ("sex is female", "sex is female and or", "syntax"),
        ("anchor screening", "anchor 12", "syntax"),
        ("alt <= 2 ULN", "alt <= 2 ULN or alt and", "syntax"),
    ],
)
def test_one_statement_is_lost(old: str, new: str, name: str) -> None:
    tree, found = read(broken(old, new))
    assert [one.name for one in found] == [name] or (name == "syntax" and len(found) == 1)
    gone = {"define_short d"} if old == "alt <= 2 ULN" else set()
    assert set(shape(tree)) == set(shape(read(WHOLE)[0])) - gone


def test_several_mistakes_one_diagnostic_each() -> None:
    text = broken("age at screening >= 18 years", "age >= >= 18")
    text = text.replace("require alt <= 3 ULN", "require alt <= <= 3")
    text = text.replace("exclude if sex is female", "exclude if sex is is female")
    tree, found = read(text)
    assert [Source("a", text).position(one.span.start)[0] for one in found] == [9, 14, 24]
    assert shape(tree) == shape(read(WHOLE)[0])


def test_broken_header_does_not_hide_what_is_inside() -> None:
    text = broken('inclusion 2 "Liver" {', 'inclusion 2 "Liver" "ALT" {')
    text = text.replace("require alt <= 3 ULN\n      }", "require alt <= <= 3\n      }")
    _, found = read(text)
    lines = [Source("a", text).position(one.span.start)[0] for one in found]
    assert lines == [11, 14]


def test_broken_protocol_header_keeps_its_criteria() -> None:
    tree, found = read(broken('protocol p "A trial" {', 'protocol first "A trial" {'))
    assert [one.name for one in found] == ["reserved-name"]
    assert sum(line.startswith("criterion") for line in shape(tree)) == 3


@pytest.mark.parametrize("line", [10, 15, 21, 22, 25, 26])
def test_missing_brace_is_found_by_indentation(line: int) -> None:
    lines = WHOLE.split("\n")
    assert lines[line - 1].strip() == "}"
    del lines[line - 1]
    tree, found = read("\n".join(lines))
    assert [one.name for one in found] == ["unclosed-brace"]
    assert shape(tree) == shape(read(WHOLE)[0])
    assert found[0].fix is not None
    start = found[0].fix.span.start
    text = "\n".join(lines)
    mended = text[:start] + found[0].fix.replacement + text[start:]
    assert read(mended)[1] == []


def test_stray_brace() -> None:
    tree, found = read(broken('      source "Adults"\n', '      source "Adults"\n        }\n'))
    assert [one.name for one in found] == ["stray-bracket"]
    assert shape(tree) == shape(read(WHOLE)[0])


def test_gaps_are_where_the_mistakes_are() -> None:
    text = broken("age at screening >= 18 years", "age at screening >= ")
    parsed = parse_with_gaps(Source("a", text))
    assert [text[start:end].split()[0] for start, end in parsed.left_out] == ["require"]


def test_outline_ignores_texts_and_comments() -> None:
    shape = outline('lab a "{ } (" { unit U/L # } {\n}\nlab b """\n{{{ "\n""" { unit U/L }\n')
    assert (shape.unclosed, shape.stray, shape.open_texts) == ([], [], [])
    assert [item.word for item in shape.root.children] == ["lab", "lab"]


def test_byte_order_of_diagnostics() -> None:
    _, found = read("language 1\nlab a; \nlab b {\nlab c! \n")
    starts = [one.span.start for one in found]
    assert starts == sorted(starts)


# ---------------------------------------------------------------- no input takes long


def timed(text: str) -> float:
    start = time.perf_counter()
    read(text)
    return time.perf_counter() - start


def test_million_brackets() -> None:
    start = time.perf_counter()
    _, found = read("language 1\ndefine a means " + "(" * 1_000_000)
    assert [one.name for one in found] == ["nesting-too-deep"]
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    "text",
    [
        "define a means " + "not " * 20_000 + "b",
        "define a means has b within " + "3 days before " * 20_000 + "c",
        "define a means " + "1 + " * 20_000 + "1 > 2",
    ],
)
def test_deep_trees_are_refused(text: str) -> None:
    tree, found = read(f"language 1\n{text}\n")
    assert "nesting-too-deep" in [one.name for one in found]
    assert tree.data == "start"


def test_brackets_up_to_the_limit_are_read() -> None:
    depth = DEPTH_LIMIT - 1
    tree, found = read(f"language 1\ndefine a means {'(' * depth}has b{')' * depth}\n")
    assert found == []
    assert shape(tree) == ["define_short a"]


@pytest.mark.parametrize(
    "text",
    [
        "\n" * 200_000,
        " " * 200_000 + "x",
        "{" * 60 + "}" * 100_000,
        '"' * 100_001,
        '"""' * 30_001,
        "lab a { \n" * 20_000,
        "} \n" * 50_000,
        "- " * 50_000,
        "#" * 100_000,
        "protocol p {\n" + "inclusion 1 { require }\n" * 5_000,
        "define d means any of {\n" + "- a >= 1\n" * 5_000,
        "1" * 100_000,
        "a" * 100_000,
        "x " * 50_000,
        "lab x { unit " + "a." * 30_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    assert timed(text) < 5


def test_mistakes_do_not_multiply_the_work() -> None:
    """Thirty mistakes cost a few times what reading costs, not thirty times."""
    text = max((path.read_text(encoding="utf-8") for path in PROTOCOLS), key=len)
    plain = min(timed(text) for _ in range(3))
    parts = text.split("require ")
    spoilt = "".join(
        part + ("require require " if number < 25 else "require ") for number, part in enumerate(parts)
    )
    assert timed(spoilt) < 12 * plain + 0.5


@pytest.mark.parametrize("path", PROTOCOLS, ids=lambda path: path.stem)
def test_protocols_parse(path: Path) -> None:
    _, found = parse(Source(path.name, path.read_text(encoding="utf-8")))
    assert found == []
