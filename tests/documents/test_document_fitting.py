"""Columns are as wide as makes a table short, and never narrower than a word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from protodsl.documents.fitting import LETTERS, UNITS, fitted, lines

WORDS = st.lists(st.text("abcdefghij", min_size=1, max_size=14), max_size=40).map(" ".join)
ROWS = st.lists(st.lists(st.tuples(WORDS, WORDS), min_size=3, max_size=3), min_size=1, max_size=6)


def height(rows: list[list[tuple[str, ...]]], widths: tuple[int, ...]) -> int:
    return sum(
        max(sum(lines(text, units) for text in cell) for cell, units in zip(row, widths, strict=True))
        for row in rows
    )


def test_a_long_column_takes_from_a_short_one() -> None:
    left, right = fitted([(("ALT",), ("must be at most three times the upper limit " * 8,))])
    assert right > 2 * left and left + right == UNITS


def test_chinese_letters_are_as_wide_as_two() -> None:
    assert lines("年" * 100, UNITS) == lines("a" * 200, UNITS) == 2


def test_without_rows_there_are_no_widths() -> None:
    assert fitted([]) == ()


@given(ROWS)
def test_no_table_gets_longer_or_wider_and_no_word_is_cut(rows: list[list[tuple[str, ...]]]) -> None:
    widths = fitted(rows)
    third = UNITS // 3
    assert sum(widths) == 3 * third
    assert height(rows, widths) <= height(rows, (third, third, third))
    for column, units in enumerate(widths):
        longest = max((len(word) for row in rows for text in row[column] for word in text.split()), default=0)
        assert longest <= units * LETTERS / UNITS
