"""Pictures: drawn from the model, to scale where days are stated, legible without colours, said in words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from document_fixture import JUDGED, TRIALS, F, at, leaf, protocol, unit
from shipped import trial

from protodsl import ir
from protodsl.documents import render, summary
from protodsl.documents.blocks import Picture, Schema
from protodsl.documents.svg import LINE, SIZE, WIDTH, measure, wrap

SVG = "{http://www.w3.org/2000/svg}"


def pictures(model: ir.Protocol) -> list[Picture]:
    found = []
    for section in summary(model).sections:
        for block in section.blocks:
            if isinstance(block, Schema):
                found.append(block.picture)
            elif isinstance(block, Picture):
                found.append(block)
    return found


def named(model: ir.Protocol, caption: str) -> Picture:
    return next(picture for picture in pictures(model) if picture.caption.startswith(caption))


def texts(picture: Picture) -> list[str]:
    return ["".join(element.itertext()) for element in ElementTree.fromstring(picture.svg).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", [*TRIALS, "empty"])
def test_pictures_are_plain_and_have_words(name: str) -> None:
    made = pictures(protocol() if name == "empty" else trial(name))
    assert made
    for picture in made:
        root = ElementTree.fromstring(picture.svg)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
            "svg", "rect", "path", "circle", "text", "tspan",
        }  # fmt: skip
        colours = set(re.findall(r'(?:fill|stroke)="([^"]*)"', picture.svg))
        assert colours <= {"none", "currentColor", "#ffffff"}
        assert picture.caption and picture.alt.endswith(".")
        height = int(root.attrib["height"])
        for element in root.iter(f"{SVG}text"):
            assert 0 <= float(element.attrib["x"]) < WIDTH and SIZE <= float(element.attrib["y"]) <= height


@pytest.mark.parametrize("name", TRIALS)
def test_all_that_is_drawn_is_said(name: str) -> None:
    """Every word of a picture, its headings and axes apart, stands in its text alternative."""
    for picture in pictures(trial(name)):
        for words in texts(picture):
            if re.fullmatch(r"−?\d+", words) or "to scale" in words:
                continue
            for word in re.findall(r"[\w×⁰¹²³⁴⁵⁶⁷⁸⁹.-]{4,}", words):
                if word.lower() not in (
                    "left", "right", "list", "these", "line", "computed", "from", "data", "partly",
                    "judged", "person", "least", "disease", "groups", "this",
                ):  # fmt: skip
                    assert word.strip(".-").lower() in picture.alt.lower(), (word, picture.alt)


@pytest.mark.parametrize("name", TRIALS)
def test_every_timepoint_endpoint_and_criterion_is_in_a_picture(name: str) -> None:
    model = trial(name)
    line, way = named(model, "Time line"), named(model, "The way through")
    for point in model.timepoints:
        assert (point.label or point.name).lower() in line.alt.lower()
    for objective in model.objectives:
        assert all(endpoint.label in line.alt for endpoint in objective.endpoints)
    for stage in model.stages:
        for criterion in (*stage.criteria, *(c for cohort in stage.cohorts for c in cohort.criteria)):
            assert f"{criterion.id.rsplit(' ')[-1]} {criterion.root.label}".strip() in way.alt


def test_follow_up_is_to_scale() -> None:
    root = ElementTree.fromstring(named(trial("NCT06222853"), "Time line").svg)
    place = {e.text: float(e.attrib["x"]) for e in root.iter(f"{SVG}text") if (e.text or "").isdigit()}
    assert place["6"] - place["0"] == pytest.approx(2 * (place["3"] - place["0"]), abs=2)
    assert place["24"] - place["0"] == pytest.approx(8 * (place["3"] - place["0"]), abs=6)


def test_days_of_lymphodepletion_are_said_and_drawn() -> None:
    picture = named(trial("NCT06350110"), "Time line")
    assert "Fludarabine, dose not stated, daily, from day −4 to day −2" in picture.alt
    assert "−4" in texts(picture) and "Days around day 0 (to scale, in days)" in texts(picture)


def test_an_order_that_is_not_stated_is_not_drawn() -> None:
    """Enrollment and leukapheresis both follow screening; which is first is not said: one column."""
    picture = named(trial("NCT06222853"), "Time line")
    root = ElementTree.fromstring(picture.svg)
    place = {e.text: float(e.attrib["x"]) for e in root.iter(f"{SVG}text")}
    assert place["Enrollment"] == place["Leukapheresis"] > place["Screening"] > place["Consent"]


def test_dose_levels_are_stairs() -> None:
    picture = named(trial("NCT06892145"), "Dose levels")
    assert (
        picture.alt
        == "Steps from the lowest: level 1: 0.3 × 10⁵ /kg; level 2: 1 × 10⁵ /kg; level 3: 3 × 10⁵ /kg. "
        "The heights are to scale."
    )
    heights = [int(e.attrib["height"]) for e in ElementTree.fromstring(picture.svg).iter(f"{SVG}rect")]
    assert heights == [6, 21, 64]


def test_doses_far_apart_or_in_different_units_are_not_to_scale() -> None:
    def drawn(*doses: tuple[int, str]) -> Picture:
        levels = tuple(
            ir.DoseLevel(str(n), F(value), unit(of), f"{value} {of}") for n, (value, of) in enumerate(doses)
        )
        return named(
            protocol(interventions=(ir.Intervention("x", "X", ir.Section("intervention", ()), levels),)),
            "Dose levels",
        )

    for picture in (drawn((1, "mg"), (1000, "mg")), drawn((1, "mg"), (2, "mg/kg"))):
        assert picture.alt.endswith("not to scale.") and "The heights are not to scale." in texts(picture)


def test_one_dose_level_is_no_ladder() -> None:
    details = ir.Section("intervention", ())
    level = ir.DoseLevel("1", F(3), unit("mg"), "3 mg")
    model = protocol(interventions=(ir.Intervention("x", "X", details, (level,)),))
    assert not any(picture.caption.startswith("Dose levels") for picture in pictures(model))


def test_criteria_that_stand_for_one_another_are_one_row() -> None:
    alt = named(trial("changzheng-cd19-cd3e"), "The way through").alt
    assert "ALL of 4 inclusion criteria (1 Classification; 2 Antibodies; 3 Skin or lung; either 4 " in alt


def test_many_criteria_are_counted() -> None:
    criteria = [ir.Criterion("exclusion", leaf(f"exclusion {n}", "x", JUDGED)) for n in range(1, 401)]
    picture = named(protocol(*criteria), "The way through")
    assert "NONE of 400 exclusion criteria" in picture.alt
    assert int(ElementTree.fromstring(picture.svg).attrib["height"]) < 1000


def test_a_day_before_day_zero_and_a_cycle_of_orders_are_drawn() -> None:
    points = (
        ir.Timepoint("a", "A", after=("b",)),
        ir.Timepoint("b", "B", after=("a",)),
        ir.Timepoint("infusion", "Infusion", after=("a",)),
        ir.Timepoint("start", "Start", ir.Shifted(at("infusion"), -1, ir.Length(F(5), "day"))),
    )
    picture = named(protocol(timepoints=points), "Time line")
    assert "Start, day −5" in picture.alt and {"A", "B", "Infusion", "Start"} <= set(texts(picture))


def test_author_text_stays_text() -> None:
    hostile = '</svg><script>x</script> \u202e & "q" ' + "w" * 200
    criterion = ir.Criterion("inclusion", leaf("inclusion 1", hostile, JUDGED))
    model = protocol(criterion)
    model = replace(model, timepoints=(ir.Timepoint("infusion", hostile), *model.timepoints[:1]))
    for picture in pictures(model):
        assert ElementTree.fromstring(picture.svg).find(f".//{SVG}script") is None
        assert "\u202e" not in picture.svg
    assert render(model, "pdf").startswith(b"%PDF")


def test_words_are_broken_to_fit() -> None:
    for words in ("a " * 80, "w" * 300, "肝" * 90, "short"):
        for line in wrap(words, 100):
            assert measure(line) <= 100
        assert "".join(wrap(words, 100)).replace(" ", "") == words.replace(" ", "")
    assert LINE > SIZE
