"""The whole document: every section, every state, the same bytes; Markdown and PDF hold the same."""

from __future__ import annotations

import builtins
import importlib
import re
import zlib
from dataclasses import replace
from typing import Any

import pytest
from document_fixture import ALT_LIMIT, GILBERT, JUDGED, TRIALS, VACCINE, F, at, leaf, protocol
from shipped import trial

from protodsl import fields, ir
from protodsl.documents import RenderError, eligibility, pdf, render, summary, vocabulary
from protodsl.documents.blocks import Clarification, Criteria, Entries, Points, Questions, Summary, Table
from protodsl.syntax.outline import DEPTH_LIMIT

SOURCE = (ir.Quotation("ALT ≤ 3 × ULN", 10, 23, 7),)
INCLUSION = ir.Criterion(
    "inclusion",
    leaf(
        "inclusion 1", "Liver", None,
        leaf("inclusion 1.1", "ALT", ALT_LIMIT, source=SOURCE, clarify=("Which ALT?",)),
        leaf("inclusion 1.2", "Stable", JUDGED, applies=ir.Sex("female"), notes=("Asked of women.",)),
    ),
)  # fmt: skip
EXCLUSION = ir.Criterion(
    "exclusion",
    leaf(
        "exclusion 1",
        "",
        None,
        leaf("exclusion 1.a", "", VACCINE),
        leaf("exclusion 1.b", "", GILBERT),
        combine="any",
    ),
)


def section_text(markdown: str, number: int) -> str:
    titles = [*fields.SECTIONS, "Appendix A"]
    start = markdown.index(f"## {number}. {titles[number]}")
    end = markdown.find("\n## ", start + 3)
    return markdown[start:end]


# ---------------------------------------------------------------- sections and states


@pytest.mark.parametrize("made", [*TRIALS, "by hand"])
def test_every_section_stands_in_the_markdown_and_says_something(made: str) -> None:
    model = protocol() if made == "by hand" else trial(made)
    text = render(model, "md").decode()
    for number, title in enumerate(fields.SECTIONS):
        section = section_text(text, number)
        assert section.startswith(f"## {number}. {title}\n")
        assert len(section.splitlines()) > 2, title
    assert "## Appendix B: where each field belongs in SPIRIT, ICH M11 and WHO" in text


def test_three_states_and_where_they_stand() -> None:
    text = render(protocol(), "md").decode()
    assert "| Phase | 1 | line 4 |" in text
    assert "| Ages | *Not applicable*: any age | |" in text
    assert "**Not stated in the source:** Sponsor; Registration number" not in section_text(text, 5)
    assert "**Not stated in the source:** Sponsor; " in section_text(text, 1)
    # why a field is not stated is said once, where all of them are listed
    assert "Number of arms" in section_text(text, 5) and "one is likely" not in section_text(text, 5)
    assert "Number of arms (one is likely)" in section_text(text, 16)
    assert "Sponsor (the protocol file says nothing about it); " in section_text(text, 16)
    # a trial without cell therapy is not asked about it, and says so
    assert "*Not applicable*: asked of trials with this feature: cell or gene therapy" in section_text(
        text, 12
    )
    assert "**Not stated in the source:** First dose; " in section_text(text, 7)


def test_completeness_counts_every_field_once() -> None:
    document = summary(trial("NCT06892145"))
    stated, not_applicable, missing = (document.count(s) for s in ("stated", "not applicable", "not stated"))
    assert stated + not_applicable + missing == len(document.entries)
    said = (
        f"{stated} of {len(document.entries)} fields are stated; {not_applicable} are not applicable, "
        f"{missing} are not stated"
    )
    assert said in render(trial("NCT06892145"), "md").decode()


@pytest.mark.parametrize("name", TRIALS)
def test_not_stated_collects_all_that_is_not_stated(name: str) -> None:
    document = summary(trial(name))
    said = " ".join(line.text for line in document.sections[16].blocks[0].lines)  # type: ignore[union-attr]
    for entry in document.entries:
        if entry.state == "not stated":
            what = (entry.owner or entry.label) + (f" ({entry.text})" if entry.text else "")
            assert entry.label in said and what in said


def clarifies(value: Any, found: list[str]) -> list[str]:
    """Every clarify in the model, wherever it stands, without knowing the view."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for member in value:
            clarifies(member, found)
    slots = getattr(type(value), "__dataclass_fields__", None)
    for name in slots or ():
        if name == "clarify":
            found += getattr(value, name)
        else:
            clarifies(getattr(value, name), found)
    return found


@pytest.mark.parametrize("name", TRIALS)
def test_points_to_clarify_collects_every_clarify(name: str) -> None:
    model = trial(name)
    document = summary(model)
    assert {point.text for point in document.clarify} == set(clarifies(model, []))
    assert len(set(document.clarify)) == len(document.clarify)
    assert all(point.where for point in document.clarify)
    assert document.sections[15].blocks[1] == Points(document.clarify)
    assert [point.number for point in document.clarify] == list(range(1, len(document.clarify) + 1))


@pytest.mark.parametrize("name", TRIALS)
def test_every_number_of_a_point_to_clarify_stands_where_it_belongs(name: str) -> None:
    document = summary(trial(name))
    beside = [
        point
        for section in document.sections
        for block in section.blocks
        for points in ([block.points] if isinstance(block, Questions) else
                       [row.clarify for row in block.rows] if isinstance(block, Criteria) else [])
        for point in points
    ]  # fmt: skip
    assert tuple(beside) == document.clarify


def test_clarify_stands_beside_its_criterion_and_in_the_list() -> None:
    document = summary(protocol(INCLUSION))
    assert Clarification("Inclusion 1.1, ALT", "Which ALT?", "inclusion 1.1", 1) in document.clarify
    text = render(protocol(INCLUSION), "md").decode()
    assert text.count("Which ALT?") == 1 and "| Q1 | Inclusion 1.1, ALT | Which ALT? |" in text
    assert "**To clarify (section 15):** Q1" in section_text(text, 8)


# ---------------------------------------------------------------- eligibility


def rows_of(document: Summary) -> dict[str, Any]:
    blocks = document.sections[8].blocks
    return {row.id: row for block in blocks if isinstance(block, Criteria) for row in block.rows}


def test_rule_stands_beside_its_source() -> None:
    rows = rows_of(summary(protocol(INCLUSION, EXCLUSION)))
    assert [rows["inclusion 1.1"].quotes[0].text, rows["inclusion 1.1"].quotes[0].line] == [
        "ALT ≤ 3 × ULN",
        7,
    ]
    assert [rows[id].by for id in ("inclusion 1", "inclusion 1.1", "inclusion 1.2")] == [
        "partly judged",
        "computed",
        "partly judged",
    ]
    assert rows["inclusion 1"].rules[0].text == "All of the parts below must be met."
    assert [line.text for line in rows["inclusion 1.2"].rules] == [
        "Applies only if the participant is female.",
        "The investigator must judge: “haemodynamically stable”; the answer must be yes.",
    ]
    assert (
        rows["exclusion 1"].rules[0].text
        == "The participant must not take part if any of the parts below applies."
    )
    assert "must not have received live vaccine" in rows["exclusion 1.a"].rules[0].text


def test_parts_that_do_not_bind_alone_are_not_worded_as_duties() -> None:
    parts = (leaf("x 1.a", "", VACCINE), leaf("x 1.b", "", GILBERT))
    either = ir.Criterion("inclusion", leaf("inclusion 1", "", None, *parts, combine="any"))
    together = ir.Criterion("exclusion", leaf("exclusion 1", "", None, *parts, combine="all"))
    for criterion, heading in (
        (either, "At least one of the parts below must be met."),
        (together, "The participant must not take part if all of the parts below are true together."),
    ):
        rows = rows_of(summary(protocol(criterion)))
        assert rows[criterion.id].rules[0].text == heading
        assert rows["x 1.b"].rules[0].text == "The participant has Gilbert syndrome."


@pytest.mark.parametrize("name", TRIALS)
def test_every_criterion_and_part_has_its_row_with_a_rule(name: str) -> None:
    model = trial(name)
    rows = rows_of(summary(model))
    ids: list[str] = []

    def collect(part: ir.Part) -> None:
        ids.append(part.id)
        for child in part.parts:
            collect(child)

    for stage in model.stages:
        for criterion in (*stage.criteria, *(c for cohort in stage.cohorts for c in cohort.criteria)):
            collect(criterion.root)
    assert sorted(rows) == sorted(set(ids))
    assert all(row.rules for row in rows.values())


def test_groups_stages_and_cohorts_are_named() -> None:
    text = render(trial("changzheng-cd19-cd3e"), "md").decode()
    assert text.count("Either of these is sufficient, they count as one: Inclusion") == 3
    assert text.count("Disease group: ") == 6
    assert "This step further requires that “" in text


def test_definitions_are_shown_once() -> None:
    text = render(trial("changzheng-cd19-cd3e"), "md").decode()
    assert text.count("\n#### “Relapsed or refractory”\n") == 1
    assert text.count("“Relapsed or refractory” must apply (see Definitions)") == 5


# ---------------------------------------------------------------- escaping, end to end

HOSTILE = "<script>alert(1)</script> # *x* _y_ `z` | $a$ @b [c](d) \\ #panic() \u202e {{ 7*7 }}"


def test_author_text_is_never_markup() -> None:
    part = leaf(
        "inclusion 1", HOSTILE, JUDGED, source=(ir.Quotation(HOSTILE),), clarify=(HOSTILE,), notes=(HOSTILE,)
    )
    model = protocol(ir.Criterion("inclusion", part), title=HOSTILE)
    model = replace(
        model, header=ir.Section("protocol", (("sponsor", ir.Stated(HOSTILE)),), clarify=(HOSTILE,))
    )
    text = render(model, "md").decode()
    assert "<script" not in text and "\u202e" not in text and "49" not in section_text(text, 1)
    assert "[c](d)" not in text
    assert text.count("&lt;script&gt;") >= 6
    assert render(model, "pdf")[:4] == b"%PDF"  # `#panic()` would have failed


# ---------------------------------------------------------------- PDF


def inflated(data: bytes) -> bytes:
    """The PDF with its compressed streams opened, to look for what stands in them."""
    found = [data]
    for match in re.finditer(rb"(?<!end)stream\r?\n", data):
        end = data.index(b"endstream", match.end())
        try:
            found.append(zlib.decompress(data[match.end() : end]))
        except zlib.error:
            continue
    return b"\n".join(found)


@pytest.fixture(scope="module")
def made() -> bytes:
    return render(trial("NCT06892145"), "pdf")


def test_pdf_is_tagged_and_has_bookmarks_for_every_section(made: bytes) -> None:
    text = inflated(made)
    assert b"pdfuaid:part" in text and b"/MarkInfo" in text and b"/Lang" in text and b"/Outlines" in text
    for number, title in enumerate(fields.SECTIONS):
        words = f"{number}. {title}"
        assert words.encode() in text or words.encode("utf-16-be") in text, words


def test_pdf_has_no_date_and_is_the_same_every_time(made: bytes) -> None:
    text = inflated(made)
    assert b"CreationDate" not in text and b"ModDate" not in text
    assert render(trial("NCT06892145"), "pdf") == made


def test_characters_without_a_glyph_are_found_and_shown_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    typst = importlib.import_module("typst")
    assert pdf._uncovered(typst, "≥ ≤ × µ ⁹ ² é ü ① “ ” – … ± 中 鿕 ঘ", system=False) == {"鿕", "ঘ"}
    seen: list[str] = []
    compile_ = pdf._compile
    monkeypatch.setattr(pdf, "_uncovered", lambda typst, text, system: {"中"} & set(text))
    monkeypatch.setattr(
        pdf, "_compile", lambda typst, text, system: seen.append(text) or compile_(typst, text, system)
    )
    assert render(protocol(title="Trial of 中 cells"), "pdf").startswith(b"%PDF")
    assert "U\\+4E2D" in seen[-1] and "中" not in seen[-1]


def test_pdf_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(pdf.importlib, "import_module", missing)
    with pytest.raises(RenderError, match=r'pip install "protodsl\[pdf\]"'):
        render(protocol(), "pdf")


def test_markdown_needs_no_typst(monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        assert name != "typst"
        return import_(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert render(protocol(), "md")


def test_a_rule_nested_as_deep_as_the_language_allows_is_printed() -> None:
    expr: ir.Expr = GILBERT
    for depth in range(DEPTH_LIMIT):
        expr = ir.And((expr, JUDGED, VACCINE)) if depth % 2 else ir.Or((expr, ALT_LIMIT, VACCINE))
    model = protocol(ir.Criterion("inclusion", leaf("inclusion 1", "Deep", expr)), title="T " * 500)
    assert render(model, "pdf").startswith(b"%PDF")
    assert render(model, "md").count(b"Gilbert syndrome") == 2  # in the rule, and among the names


# ---------------------------------------------------------------- the view


def test_schema_is_in_order() -> None:
    points = (
        ir.Timepoint("month_3", "Month 3", ir.Shifted(at("infusion"), 1, ir.Length(F(3), "month"))),
        ir.Timepoint("infusion", "Infusion", after=("screening",)),
        ir.Timepoint("screening", "Screening"),
    )
    text = render(protocol(timepoints=points), "md").decode()
    assert re.search(r"1\. Screening.*\n2\. Infusion – after screening; Day 0\n3\. Month 3", text)


def test_entries_carry_their_crosswalk() -> None:
    document = summary(protocol())
    phase = next(entry for entry in document.entries if entry.label == "Phase")
    assert (phase.spirit, phase.m11, phase.who) == ("12", "Title page", "15")
    assert "| 1 | Phase | 12 | Title page | 15 | Stated |" in render(protocol(), "md").decode()


def test_a_section_of_fields_is_a_table_of_entries() -> None:
    document = summary(trial("NCT06222853"))
    for number in (1, 3, 5, 7, 9, 10, 11, 12, 13, 14):
        assert any(isinstance(block, Entries) for block in document.sections[number].blocks)


def test_words_that_stand_whole_above_are_only_pointed_at() -> None:
    whole = "ALT and AST must both be at most three times the upper limit of normal, and bilirubin too"
    own = "this stands nowhere else"
    part = leaf(
        "inclusion 1.1", "", ALT_LIMIT, source=(ir.Quotation(whole[:60], 10, 70, 7), ir.Quotation(own))
    )
    short = leaf("inclusion 1.2", "", JUDGED, source=(ir.Quotation("bilirubin too", 80, 90, 7),))
    root = leaf("inclusion 1", "", None, part, short, source=(ir.Quotation(whole, 10, 90, 7),))
    rows = rows_of(summary(protocol(ir.Criterion("inclusion", root))))
    assert [quote.text for quote in rows["inclusion 1"].quotes] == [whole]
    first, second = rows["inclusion 1.1"].quotes
    assert first.excerpt and first.text == "ALT and AST must both … three times the upper limit"
    assert not second.excerpt and second.text == own
    assert rows["inclusion 1.2"].quotes[0].text == "bilirubin too"


def test_a_long_passage_said_again_points_to_where_it_stands_first() -> None:
    whole = (
        "Relapsed or refractory: conventional treatment over six months remains ineffective, or the disease "
        "has come back after a remission that lasted for at least three months"
    )
    first = leaf("inclusion 1", "", ALT_LIMIT, source=(ir.Quotation(f"3. {whole}", 0, 9, 24),))
    second = leaf("inclusion 2", "", GILBERT, source=(ir.Quotation(f"4. {whole}", 20, 29, 31),))
    other = leaf("inclusion 3", "", JUDGED, source=(ir.Quotation(f"4. {whole}, often", 40, 49, 33),))
    found = tuple(ir.Criterion("inclusion", root) for root in (first, second, other))
    document = summary(protocol(*found))
    rows = rows_of(document)
    assert [quote.place for quote in rows["inclusion 1"].quotes] == ["line 24"]
    (again,) = rows["inclusion 2"].quotes
    assert again.excerpt and again.text.startswith("4. Relapsed or refractory: conventional …")
    assert again.place == "line 31, in the words of line 24"
    assert rows["inclusion 3"].quotes[0].text == f"4. {whole}, often"


def test_backslashes_of_the_registry_are_no_words_of_the_source() -> None:
    text = r"doses of 0.3×10\^5/kg and \>10 mg, but a\b"
    root = leaf("inclusion 1", "", ALT_LIMIT, source=(ir.Quotation(text, 0, 9, 7),))
    (quote,) = rows_of(summary(protocol(ir.Criterion("inclusion", root))))["inclusion 1"].quotes
    assert quote.text == r"doses of 0.3×10^5/kg and >10 mg, but a\b"


@pytest.mark.parametrize("name", TRIALS)
def test_every_name_of_the_rules_is_in_the_glossary(name: str) -> None:
    model = trial(name)
    appendix = next(section for section in summary(model).sections if section.key == "appendix-a")
    table = next(b for b in appendix.blocks if isinstance(b, Table) and b.headers[0] == "Name")
    told = dict(table.rows)
    for item in vocabulary.used_items(model, eligibility.eligibility_expressions(model)):
        if item.kind == "question":
            continue
        words = told[item.label.rpartition(", ")[0] if "." in item.name else item.label]
        assert item.explain and words.startswith(item.explain), f"{item.name} is not explained"
        if "." not in item.name:
            assert all(code.code in words for code in item.codes)
            assert item.codes or "no published code is given" in words
