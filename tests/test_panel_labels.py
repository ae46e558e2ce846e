"""A panel's own label is printed where the panel is named, and the labels its items are given."""

from __future__ import annotations

from protodsl.driver import check

TEXT = """language 1
panel index "The INDEX, 2nd edition" {
  items [dna_binding, skin]
  grades [absent, present]
  dna_binding "DNA binding"
%s}
protocol p "P" {
  timepoint day_one
  anchor day_one
  inclusion 1 "Quiet" { require count of index where (it at day_one is present) = 0 }
  visit first_visit "First visit" at day_one { assess [index] }
}
"""


def test_labels_of_a_panel_and_its_items() -> None:
    protocol = check("p.proto-lite", read=lambda _: (TEXT % "").encode()).protocol
    assert protocol is not None
    assert protocol.visits[0].assess == ("The INDEX, 2nd edition",)
    assert protocol.items["index.dna_binding"].label == "The INDEX, 2nd edition, DNA binding"
    assert protocol.items["index.skin"].label == "The INDEX, 2nd edition, skin"


def test_a_label_for_something_that_is_no_item_is_an_unknown_field() -> None:
    found = check("p.proto-lite", read=lambda _: (TEXT % '  brain "Brain"\n').encode()).diagnostics
    assert "unknown-field" in {one.name for one in found}


def test_an_item_is_labelled_once() -> None:
    found = check("p.proto-lite", read=lambda _: (TEXT % '  dna_binding "again"\n').encode()).diagnostics
    assert "duplicate-field" in {one.name for one in found}
