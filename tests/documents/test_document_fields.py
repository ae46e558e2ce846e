"""The catalogue of fields: no name twice in a block, sections that exist, suggestions that help."""

from __future__ import annotations

import pytest
from shipped import trial

from protodsl import fields, ir
from protodsl.documents import entries
from protodsl.elaborate.prose import line_of
from protodsl.elaborate.quotations import Document


def test_names_are_unique_and_sections_exist() -> None:
    for block, specs in fields.BLOCKS.items():
        names = [spec.name for spec in specs]
        assert len(names) == len(set(names)), block
        assert all(0 <= spec.section < len(fields.SECTIONS) for spec in specs)
        assert all(spec.label and spec.label[0].isupper() for spec in specs)


def test_a_field_is_in_one_section_block_only() -> None:
    places: dict[str, list[str]] = {}
    for block in fields.SINGLE_BLOCKS:
        for spec in fields.BLOCKS[block]:
            places.setdefault(spec.name, []).append(block)
    assert {name: blocks for name, blocks in places.items() if len(blocks) > 1} == {}


def test_suggestions() -> None:
    assert fields.suggest("ethics", "dose_limiting_toxicity") == ("escalation", "dose_limiting_toxicity")
    assert fields.suggest("ethics", "benefit") == ("ethics", "benefits")
    assert fields.suggest("safety", "grading_scal") == ("safety", "grading_scale")
    assert fields.suggest("safety", "xyzzy") is None


def test_required_depends_on_features() -> None:
    always = {spec.name for spec in fields.missing("escalation", [])}
    dose = {spec.name for spec in fields.missing("escalation", ["rule"], ["dose_finding"])}
    assert always == set()
    assert "starts_at" in dose and "rule" not in dose and "expansion" not in dose


def test_features_are_read_from_words_and_labels() -> None:
    assert fields.features_in("cell_therapy, minors") == ("cell_therapy", "minors")
    assert fields.features_in("dose finding, cell or gene therapy") == ("cell_therapy", "dose_finding")
    assert fields.features_in("none") == ()
    assert fields.unknown_features("none") == ()
    assert fields.unknown_features("minors, magic") == ("magic",)


def test_a_number_is_cited_only_where_it_is_meant() -> None:
    phase, other = trial("NCT06222853").header.get("phase"), trial("NCT06892145").header.get("phase")
    assert isinstance(phase, ir.Stated) and (phase.text, phase.line) == ("1", 5)
    assert isinstance(other, ir.Stated) and other.line == 5
    document = Document("x.txt", "", "Trial NCT0001\nAge 18 to 65\nduring 18 months\nPhase 1\nUS, China 12\n")
    assert line_of(document, "1", "phase") == 4
    assert line_of(document, "18", "planned_number") is None  # which of the two nobody knows
    assert line_of(document, "12", "planned_number") == 5
    assert line_of(document, "China", "countries") == 5
    assert line_of(document, "100", "planned_number") is None


@pytest.mark.parametrize(
    ("stated", "shown"), [("1", "1"), ("Phase 3", "3"), ("Phase 2, Phase 3", "2/3"), ("phase II", "II")]
)
def test_a_phase_is_not_said_twice(stated: str, shown: str) -> None:
    assert entries.phase(stated) == shown
