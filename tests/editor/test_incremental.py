"""What is checked after an edit is what is checked of the same text cold: every diagnostic, every place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from lark import Token, Tree

from protodsl.driver import Project, check
from protodsl.editor.desk import Desk
from protodsl.reading import read_file
from protodsl.source import Source
from protodsl.syntax import parse_with_gaps
from protodsl.syntax.pieces import Pieces

ROOT = Path(__file__).parents[2] / "protocols"
TYPED = [
    *('"', "{", "}", "[", "]", "(", "\n", "  ", "#", "0", "x", "- ", '"""', "=", ">=", " mg", "%"),
    *(" and ", " or ", " unless ", "not ", "require ", "exclude if ", " at baseline", "within 3 weeks"),
    *(
        'source "a"\n',
        'clarify "why"\n',
        'part z "Z" {\n',
        "inclusion 77 {\n",
        "stage s at x {\n",
        "cohort c {\n",
    ),
    *(
        "\nvalues ever\n",
        '\naccept W0551 because "x"\n',
        "language 1\n",
        'use "a"\n',
        "define z means",
        "}\n}\n",
    ),
    *(
        "\nlab q {unit g/L}\n",
        "\ncondition sle_of_mine {under systemic_lupus_erythematosus}\n",
        "protocol p {\n",
    ),
    *(
        "\ntimepoint later after screening\n",
        "satisfy any of {\n",
        "of",
        "received",
        "lab class",
        "at",
        "any",
    ),
]


def edited(dice: random.Random, text: str) -> str:
    """As authors and editors change a text: typing, deleting, pasting, moving and doubling lines."""
    at = dice.randrange(len(text) + 1)
    match dice.randrange(10):
        case 0 | 1 | 2:
            return text[:at] + dice.choice(TYPED) + text[at:]
        case 3 | 4:
            return text[:at] + text[at + dice.choice([1, 1, 2, 9]) :]
        case 5:
            return text[:at] + text[at + dice.randrange(400) :]
        case 6:
            to = dice.randrange(len(text) + 1)
            return text[:to] + text[at : at + dice.randrange(1500)] + text[to:]
        case _:
            lines = text.split("\n")
            line = lines.pop(dice.randrange(len(lines))) if dice.random() < 0.5 else dice.choice(lines)
            if dice.random() < 0.6:
                lines.insert(dice.randrange(len(lines) + 1), line)
            return "\n".join(lines)


def session(dice: random.Random, text: str, steps: int) -> Iterator[str]:
    """A text as it stands after each of a number of edits; now and then one is undone, or all are."""
    before = [text]
    for _ in range(steps):
        last = before[-1]
        made = text if dice.random() < 0.1 else dice.choice(before[-3:]) if dice.random() < 0.25 else last
        made = edited(dice, made) if made is last else made
        before = [*before[-4:], made]
        yield made


def typed(text: str, words: str, at: int) -> Iterator[str]:
    """The words being typed, a character at a time."""
    for end in range(len(words) + 1):
        yield text[:at] + words[:end] + text[at:]


def leaves(tree: Tree[Token]) -> list[object]:
    """Everything a tree says, with its places."""
    found: list[object] = []
    stack: list[Tree[Token] | Token | None] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Tree):
            place = None if node.meta.empty else (node.meta.start_pos, node.meta.end_pos)
            found.append((str(node.data), place, len(node.children)))
            stack += reversed(node.children)
        else:
            found.append(node and (node.type, str(node), node.start_pos, node.end_pos))
    return found


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["gallery/NCT00799227", "gallery/NCT03694808", "scenarios/NCT06222853"])
def test_reading_in_pieces_is_reading_whole(name: str, seed: int) -> None:
    text = (ROOT / f"{name}.proto-lite").read_text(encoding="utf-8")
    pieces = Pieces()
    for now in session(random.Random(seed), text, 50):
        source = Source("a.proto-lite", now)
        whole, pieced = parse_with_gaps(source), parse_with_gaps(source, pieces)
        assert pieced.diagnostics == whole.diagnostics
        assert pieced.left_out == whole.left_out
        assert leaves(pieced.tree) == leaves(whole.tree)


@pytest.mark.parametrize("word", ["protocol", "stage", "cohort"])
def test_heads_of_blocks_being_typed(word: str) -> None:
    text = """language 1
protocol p "P" {
  timepoint t
  stage s "S" at t requires r {
    inclusion 1 { require has a }
    cohort c "C" {
      inclusion 2 { require hass b }
      inclusion 3 { require has c }
    }
  }
}
"""
    pieces = Pieces()
    start = text.index(f"{word} ")
    end = text.index("{", start) + 1
    for cut in (*range(start, end + 1), start):
        for now in (text[:start] + text[start:cut] + text[end:], text[:cut] + text[cut + 1 :]):
            source = Source("a.proto-lite", now)
            whole, pieced = parse_with_gaps(source), parse_with_gaps(source, pieces)
            assert pieced.diagnostics == whole.diagnostics
            assert pieced.left_out == whole.left_out
            assert leaves(pieced.tree) == leaves(whole.tree)


def cold(path: str, desk: Desk, vocabulary: Project) -> object:
    files = {name: loaded for name, loaded in vocabulary.files.items() if name not in desk.open}
    read = {name: text.encode() for name, text in desk.open.items()}
    result = check(
        path, project=Project(read=lambda name: read[name] if name in read else read_file(name), files=files)
    )
    return result.diagnostics, result.accepted, result.protocol


@pytest.fixture(scope="module")
def vocabulary() -> Project:
    project = Project()
    for path in (*ROOT.glob("vocabulary/*.proto-lite"), *ROOT.glob("gallery/vocabulary/*.proto-lite")):
        project.load(str(path))
    return project


@pytest.mark.parametrize(("name", "steps"), [("gallery/NCT03694808", 25), ("NCT06222853", 10)])
def test_after_every_edit_as_cold(name: str, steps: int, vocabulary: Project) -> None:
    path = str(ROOT / f"{name}.proto-lite")
    text = Path(path).read_text(encoding="utf-8")
    desk = Desk()
    for now in session(random.Random(name), text, steps):
        desk.edit(path, now)
        result = desk.check(path)
        assert (result.diagnostics, result.accepted, result.protocol) == cold(path, desk, vocabulary)


def test_while_a_criterion_is_typed(vocabulary: Project) -> None:
    path = str(ROOT / "gallery/NCT03694808.proto-lite")
    text = Path(path).read_text(encoding="utf-8")
    desk = Desk()
    words = 'exclusion 99 "Age" {\n    exclude if age > 99 years\n  }\n  '
    for now in typed(text, words, text.index("exclusion ")):
        desk.edit(path, now)
        result = desk.check(path)
        assert (result.diagnostics, result.accepted, result.protocol) == cold(path, desk, vocabulary)


def test_two_files_edited_by_turns(vocabulary: Project) -> None:
    """A vocabulary and the protocol that uses it, both open: each edit of one is seen by the other."""
    trial, shared = (
        str(ROOT / "gallery/NCT03694808.proto-lite"),
        str(ROOT / "gallery/vocabulary/vaccines.proto-lite"),
    )
    texts = {path: Path(path).read_text(encoding="utf-8") for path in (trial, shared)}
    dice, desk = random.Random(5), Desk()
    sessions = {path: session(dice, text, 40) for path, text in texts.items()}
    for path, text in texts.items():
        desk.edit(path, text)
    for _ in range(20):
        path = dice.choice([trial, shared])
        desk.edit(path, next(sessions[path]))
        for one in (trial, shared):
            result = desk.check(one)
            assert (result.diagnostics, result.accepted, result.protocol) == cold(one, desk, vocabulary)


def test_a_file_changed_on_the_disk_is_read_anew(tmp_path: Path) -> None:
    used, trial = tmp_path / "v.proto-lite", tmp_path / "t.proto-lite"
    used.write_text('language 1\nlab alt "ALT" { unit U/L }\n')
    text = 'language 1\nuse "v.proto-lite"\nlab ast "AST" { unit U/L under alt }\n'
    desk = Desk()
    desk.edit(str(trial), text)
    assert desk.check(str(trial)).diagnostics == ()
    used.write_text('language 1\nlab alat "ALT" { unit U/L }\n')
    assert [one.name for one in desk.check(str(trial)).diagnostics] == ["unknown-name"]
    used.unlink()
    assert [one.name for one in desk.check(str(trial)).diagnostics] == ["import-not-found", "unknown-name"]
    used.write_text('language 1\nlab alt "ALT" { unit U/L }\n')
    assert desk.check(str(trial)).diagnostics == ()


def test_what_is_kept_is_bounded() -> None:
    """A long day of typing keeps no more than the file holds."""
    text = (ROOT / "gallery/NCT00799227.proto-lite").read_text(encoding="utf-8")
    pieces, path, desk = Pieces(), str(ROOT / "gallery/NCT00799227.proto-lite"), Desk()
    for number in range(120):
        now = text.replace("baseline", f"baseline{number % 7} ", number % 3) + f"# {number}\n"
        parse_with_gaps(Source("a.proto-lite", now), pieces)
        if number % 8 == 0:
            desk.edit(path, now)
            desk.check(path)
    statements = sum(len(copies) for copies in (*pieces.known.values(), *pieces.heads.values()))
    assert statements <= text.count("\n") and len(pieces.refused) <= text.count("\n")
    assert len(desk.project.memory.declared) <= 8
