"""The formatter: one form, idempotent, every comment kept, no meaning changed."""

from __future__ import annotations

import re
import sys
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protodsl.driver import check
from protodsl.reading import read_file
from protodsl.source import Source, Span
from protodsl.syntax import printer
from protodsl.syntax.checks import subtrees
from protodsl.syntax.grammar import parser
from protodsl.syntax.parser import parse_with_gaps

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "spec"), str(ROOT / "tests")]
SHIPPED = sorted((ROOT / "protocols").rglob("*.proto-lite"))
TRIALS = [path for path in SHIPPED if path.parent.name == "protocols"]


RARE = """language 1
lab a "A" {
  unit U/L
  lln 3 U/L
}
protocol rare {
  exclusion 1 {
    exclude if received x at least 3 weeks after start of y because of z
    exclude if f is none of [present, unknown]
  }
  regimen r {
    give a 3 mg given orally once
    give a 3 mg every 2 weeks from day 0 to day 28
  }
}
scenario "s" {
  cohort c
  expect cohort c eligible
}
"""
"""Rules that occur nowhere else."""


@cache
def corpus() -> tuple[tuple[str, str], ...]:
    """Every text in the language that this project holds and that can be read: (where, text)."""
    import conftest as spec
    from markdown_blocks import blocks

    found = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in SHIPPED]
    found += [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
              for path in sorted((ROOT / "tests").rglob("*.proto-lite"))]  # fmt: skip
    found.append(("spec/vocabulary", (ROOT / "spec" / "vocabulary.proto-lite").read_text(encoding="utf-8")))
    for page in sorted((ROOT / "spec").glob("*.md")):
        for section in spec.sections(page.read_text(encoding="utf-8")):
            if section.fragment:
                found.append((f"{page.name}:{section.line}", spec.text_of(section.fragment)))
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for block in blocks(page):
            if block.language == "protodsl":
                body = block.text
                if block.mode in ("inclusion", "exclusion"):
                    body = f'{block.mode} 1 "x" {{\n{body}\n}}'
                if block.mode:
                    body = f"language 1\nprotocol x {{\n{body}\n}}\n"
                found.append((block.id, body))
    found.append(("rare", RARE))
    readable = [(name, text) for name, text in found if formatted(text) is not None]
    return tuple(dict((text, name) for name, text in readable[::-1]).items())[::-1]


@cache
def formatted(text: str) -> str | None:
    return printer.format_source(Source("x", text))[0]


def tokens(text: str) -> list[tuple[str, str]]:
    return printer.words(printer._tokens(text)[0])


def comments(text: str) -> list[str]:
    bare = re.sub(r'"""(?:.|\n)*?"""|"[^"\n]*"', '""', text)
    return [one.rstrip() for one in re.findall(r"#[^\n]*", bare)]


def meaning(value: Any) -> Any:
    """A model without places, and without the hash of its text."""
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        return tuple(meaning(one) for one in value)
    if isinstance(value, dict):
        return {key: meaning(one) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), *((one.name, meaning(getattr(value, one.name))) for one in fields(value)
                              if one.name != "sha256")  # fmt: skip
    return value


def test_every_text_of_the_project() -> None:
    assert len(corpus()) > 250
    for text, name in corpus():
        made = formatted(text)
        assert made is not None
        assert formatted(made) == made, name
        assert comments(made) == comments(text), name
        assert tokens(made) == tokens(text), name
        assert all(line == line.rstrip() and "\t" not in line for line in made.splitlines()), name
        assert made.endswith("}\n") or not made.endswith("\n\n"), name


@pytest.mark.parametrize("path", TRIALS, ids=lambda path: path.name)
def test_the_model_stays_the_same(path: Path) -> None:
    """Deformed first, so that there is something to do; vocabularies along with the trial."""

    def deformed(name: str) -> bytes:
        data = read_file(name)
        return deform(data.decode(), Random(7)).encode() if name.endswith(".proto-lite") else data

    def mended(name: str) -> bytes:
        data = deformed(name)
        if not name.endswith(".proto-lite"):
            return data
        made = formatted(data.decode())
        assert made is not None
        return made.encode()

    plain = check(str(path))
    assert plain.protocol is not None
    for read in (deformed, mended):
        other = check(str(path), read=read)
        assert meaning(other.protocol) == meaning(plain.protocol)
        assert [one.code for one in other.diagnostics] == [one.code for one in plain.diagnostics]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT / "protocols")))
def test_the_shipped_files_are_formatted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert formatted(text) == text, f"run `protodsl fmt {path.relative_to(ROOT)}`"


# ---------------------------------------------------------------- deformed texts


def deform(text: str, rng: Random) -> str:
    """The same words with other blanks, line breaks and more comments between them."""
    pieces: list[str] = []
    at, depth = 0, 0
    found = printer._tokens(text)[0]
    for number, token in enumerate(found):
        gap = text[at : token.start_pos]
        previous = found[number - 1].type if number else ""
        depth += (token.type in ("LSQB", "LPAR")) - (previous in ("RSQB", "RPAR"))
        if token.type in ("UNIT", "BULLET") or previous == "BULLET" or (gap == "" and previous == "SIGN"):
            pieces.append(gap)
        elif "\n" in gap:
            pieces.append(gap + rng.choice(["", "\n", "\n\n\n", "  # more\n", "\t\n"]))
        elif token.type in ("SIGN", "COMMA", "LPAR") or previous in ("UNITNAME", "LPAR", "ANY"):
            pieces.append(gap)
        else:
            pieces.append(rng.choice([gap, gap, gap, f"{gap}  ", f"{gap}\n ", f"{gap} # why\n  # and\n "]))
        pieces.append(text[token.start_pos : token.end_pos])
        at = token.end_pos or at
    return "".join(pieces) + rng.choice(["", "\n\n", "  # end", "\n# end\n\n# really"])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_blanks_and_comments_do_not_matter(data: st.DataObject) -> None:
    short = [text for text, _ in corpus() if len(text) < 6000]
    text = data.draw(st.sampled_from(short))
    other = deform(text, Random(data.draw(st.integers(0, 10**6))))
    if not same_words(text, other):
        return  # a word moved into another line is another word to the lexer here
    made = formatted(other)
    assert made is not None
    assert tokens(made) == tokens(text)
    assert comments(made) == comments(other)
    assert formatted(made) == made
    if comments(other) == [] and not re.search(r"\n[ \t]*\n", text + other):
        assert made == formatted(text)


def same_words(text: str, other: str) -> bool:
    parsed = parse_with_gaps(Source("x", other))
    return not any(one.severity == "error" for one in parsed.diagnostics) and tokens(text) == tokens(other)


def test_deformed_texts_are_mostly_readable() -> None:
    rng = Random(1)
    texts = [text for text, _ in corpus() if len(text) < 6000][::5]
    well = sum(same_words(text, deform(text, rng)) for text in texts)
    assert well > 0.7 * len(texts), f"{well} of {len(texts)}"


# ---------------------------------------------------------------- the grammar and the printer


@cache
def rules() -> frozenset[str]:
    """Every name a node of the tree can have."""
    found = {rule.alias or rule.options.template_source or rule.origin.name for rule in parser().rules}
    return frozenset(name for name in found if not name.startswith("_"))


def test_what_the_printer_names_is_in_the_grammar() -> None:
    terminals = {terminal.name for terminal in parser().terminals}
    for table in (printer.BREAKS, printer.FILLS, printer.AFTER):
        assert set(table) <= rules()
        assert {word for words in table.values() for word in words} <= rules() | terminals
    assert set(printer.INLINE) <= rules()


def test_every_rule_is_printed_somewhere() -> None:
    """A new rule needs an example in `spec/`, the documentation or a protocol: that is formatted above."""
    seen: set[str] = set()
    for text, _ in corpus():
        seen |= {str(node.data) for node in subtrees(printer._tokens(text)[1])}
    always_inlined = {name for name in rules() if name in {rule.origin.name for rule in parser().rules
                                                          if rule.options.expand1}}  # fmt: skip
    assert rules() - always_inlined - seen - {"start"} <= set(), sorted(rules() - always_inlined - seen)


# ---------------------------------------------------------------- by example


EXAMPLE = """# top
language   1   # one

protocol x "X" {   # after the brace


  # first
  inclusion 1 "A" { require alt <= 3 ULN # why
    # own line
    and ast ≤ 3ULN and (has x or has y) }
  inclusion 2 { require any of {
     # c1
     - has a   # c2
     - received any of [a # ca
       , b, # cb
       # cc
       c] within 3 weeks before screening
     # last
   } }
  stage s "S" at screening { }
}
# end"""
CANONICAL = """# top
language 1  # one

protocol x "X" {  # after the brace
  # first
  inclusion 1 "A" {
    require alt <= 3 ULN  # why
      # own line
      and ast <= 3 ULN
      and (has x or has y)
  }
  inclusion 2 {
    require any of {
      # c1
      - has a  # c2
      - received any of [
          a,  # ca
          b,  # cb
          # cc
          c,
        ] within 3 weeks before screening
      # last
    }
  }
  stage s "S" at screening {}
}
# end
"""


def test_an_example() -> None:
    assert formatted(EXAMPLE) == CANONICAL


def test_line_ends_stay_what_they_are() -> None:
    made = formatted(EXAMPLE.replace("\n", "\r\n"))
    assert made == CANONICAL.replace("\n", "\r\n")


def test_a_text_of_several_lines_is_left_alone() -> None:
    text = 'language 1\n\nprotocol x {\n  note """one\n     two  \n three"""\n}\n'
    assert formatted(text) == text


def test_a_broken_text_is_not_touched() -> None:
    made, found = printer.format_source(Source("x", "language 1\nprotocol x { inclusion }\n"))
    assert made is None
    assert [one.severity for one in found] == ["error"]


def test_nothing_is_written_that_reads_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the printer to lose a word, it would say so rather than hand the text out."""
    monkeypatch.setattr(printer, "_spelt", lambda token: "" if token == "ever" else str(token).strip())
    with pytest.raises(printer.NotTheSame):
        printer.format_source(Source("x", "language 1\nprotocol x {\n  values ever\n}\n"))
