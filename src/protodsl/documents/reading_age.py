"""How hard a text is to read.

Flesch–Kincaid grade level: 0.39 · words / sentences + 11.8 · syllables / words − 15.59 (Kincaid, Fishburne,
Rogers, Chissom: Derivation of new readability formulas for Navy enlisted personnel. Research Branch Report
8-75, 1975). It is for English; grade plus five is about the age at which the text is read with ease.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

CITATION = "Flesch–Kincaid grade level, Kincaid et al. 1975"
_WORD = re.compile(r"[A-Za-zÀ-ÿ]+(?:['’][a-z]+)?")


def syllables(word: str) -> int:
    """Groups of vowels, without a silent e at the end; at least one."""
    word = re.sub(r"[^a-zà-ÿ]", "", word.lower())
    groups = len(re.findall(r"[aeiouyà-ÿ]+", word))
    silent = word.endswith(("e", "es", "ed")) and not re.search(r"(?:[^aeiouy]le|[td]ed|[sxzcg]es|ee)$", word)
    return max(groups - (1 if silent else 0), 1)


def grade(sentences: Iterable[str]) -> Fraction | None:
    """Grade level to one decimal; None where there is not a word. Numbers do not count as words."""
    counted = [words for sentence in sentences if (words := _WORD.findall(sentence))]
    total = sum(map(len, counted))
    if not total:
        return None
    spoken = sum(syllables(word) for words in counted for word in words)
    level = Fraction(39, 100) * Fraction(total, len(counted)) + Fraction(118, 10) * Fraction(spoken, total)
    return Fraction(round((level - Fraction(1559, 100)) * 10), 10)
