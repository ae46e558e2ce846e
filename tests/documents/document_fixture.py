"""A small protocol built by hand, with one of everything the words must read; and the four trials."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from protodsl import ir
from protodsl.runtime.units import Unit, parse_unit

ROOT = Path(__file__).resolve().parents[2]
TRIALS = ("NCT06222853", "NCT06350110", "NCT06892145", "changzheng-cd19-cd3e")
F = Fraction


def unit(text: str) -> Unit:
    made = parse_unit(text)
    assert made is not None, text
    return made


def days(count: int) -> ir.Length:
    return ir.Length(F(count), "day")


def at(name: str) -> ir.AtTimepoint:
    return ir.AtTimepoint(name)


def within(count: int, of: ir.TimeUnit, anchor: str = "screening") -> ir.Window:
    return ir.Window(ir.Bound(at(anchor), -1, ir.Length(F(count), of)), ir.Bound(at(anchor)))


EVER = ir.Window(None, ir.Bound(ir.StageAnchor()))
NOW = ir.Window(ir.Bound(ir.StageAnchor()), ir.Bound(ir.StageAnchor()))

ITEMS = {
    item.name: item
    for item in (
        ir.Item("alt", "lab", "ALT", unit=unit("U/L")),
        ir.Item("ast", "lab", "AST", unit=unit("U/L")),
        ir.Item("neutrophils", "lab", "Neutrophils", unit=unit("x10^9/L")),
        ir.Item("egfr", "lab", "eGFR", unit=unit("mL/min/1.73m2")),
        ir.Item("bilirubin", "lab", "Total bilirubin", unit=unit("mg/dL")),
        ir.Item("weight", "lab", "Body weight", unit=unit("kg")),
        ir.Item("fvc", "lab", "Forced vital capacity", unit=unit("%")),
        ir.Item("sledai", "score", "SLEDAI", version="2K", minimum=F(0), maximum=F(105), worse="higher"),
        ir.Item("hbsag", "finding", "HBsAg", values=("positive", "negative")),
        ir.Item("hcv", "finding", "Hepatitis C antibody", values=("positive", "negative")),
        ir.Item("nyha", "grade", "NYHA class", values=("I", "II", "III", "IV")),
        ir.Item("malignancy", "condition", "Malignancy"),
        ir.Item("skin_cancer", "condition", "Basal cell carcinoma"),
        ir.Item("gilbert", "condition", "Gilbert syndrome"),
        ir.Item("pregnant", "state", "Pregnant"),
        ir.Item("prednisone", "drug", "Prednisone"),
        ir.Item("tacrolimus", "drug", "Tacrolimus"),
        ir.Item("steroid", "drug", "Glucocorticoid", is_class=True, members=("prednisone",), open=True),
        ir.Item("live_vaccine", "procedure", "Live vaccine"),
        ir.Item(
            "consent", "question", "Consent", text="Has the participant signed?", answered_by=("guardian",)
        ),
    )
}

ALT_LIMIT = ir.Result(ir.Observed("alt"), ir.NumberTest((("<=", ir.TimesLimit(F(3), "uln")),)))
AST_LIMIT = ir.Result(ir.Observed("ast"), ir.NumberTest((("<=", ir.TimesLimit(F(3), "uln")),)))
VACCINE = ir.Exists("live_vaccine", within(4, "week"), "received")
JUDGED = ir.Answer("stable", "haemodynamically stable", ("investigator",), "judged")
GILBERT = ir.Exists("gilbert", NOW, "has")


def leaf(id: str, label: str, expr: ir.Expr | None, *parts: ir.Part, **more: object) -> ir.Part:
    given: dict[str, object] = {"combine": "all", "applies": None, "source": (), "clarify": (), "notes": ()}
    given.update(more)
    return ir.Part(id, label, given["combine"], expr, parts, *(given[k] for k in list(given)[1:]))  # type: ignore[arg-type]


def protocol(*criteria: ir.Criterion, title: str = "A trial of X", **more: object) -> ir.Protocol:
    identifiers = ir.Section("identifiers", (("registry_number", ir.Stated("NCT00000000", 3)),))
    design = ir.Section(
        "design", (("features", ir.Stated("dose finding")), ("arms", ir.NotStated("one is likely")))
    )
    points = (
        ir.Timepoint("screening", "Screening"),
        ir.Timepoint("infusion", "CAR-T infusion", after=("screening",)),
        ir.Timepoint("month_3", "Month 3", ir.Shifted(at("infusion"), 1, ir.Length(F(3), "month")), days(7)),
    )
    stage = ir.Stage("screening", "Screening", "screening", None, criteria, (), ())
    given: dict[str, object] = {
        "id": "trial", "title": title, "language": "1",
        "header": ir.Section("protocol", (("phase", ir.Stated("1", 4)), ("age",
        ir.NotApplicable("any age")))),
        "sections": (identifiers, design), "items": ITEMS, "measures": {}, "equivalences": {},
        "definitions": {"refractory": ir.Definition("refractory", "Refractory", JUDGED)},
        "timepoints": points, "day_zero": "infusion", "stages": (stage,),
    }  # fmt: skip
    given.update(more)
    return ir.Protocol(**given)  # type: ignore[arg-type]
