"""Whatever an author writes, every document is made, and says it."""

from __future__ import annotations

import re

import pytest
from document_fixture import JUDGED, leaf, protocol

from protodsl import ir
from protodsl.documents import changes, compare, laid_out, lay, summary

NASTY = {
    "markup": "<script>alert(1)</script> # *x* `z` | $a$ @b [c](d) \\ #panic() {{ 7*7 }} {% raw %} </style>",
    "turned round": "admits \u202eelbigile ton\u202c and \u2066hidden\u2069 \u200b\ufeff",
    "emoji": "👩🏽‍⚕️ 🧬 ✅ heart ❤️",
    "long word": "w" * 5000,
    "Chinese": "系统性红斑狼疮患者",
    "nothing": "",
    "spaces": "  \t\n ",
    "combining": "Z̷̡͝a̸l̵g̶o̷" * 20,
}


def model(text: str, count: int = 1) -> ir.Protocol:
    parts = [
        ir.Criterion(
            "inclusion" if n % 2 else "exclusion",
            leaf(f"{'inclusion' if n % 2 else 'exclusion'} {n}", text, JUDGED, clarify=(text,), notes=(text,),
                 source=(ir.Quotation(text, 1, 2, 3),)),
        )
        for n in range(count)
    ]  # fmt: skip
    details = ir.Section("intervention", (("entity", ir.Stated(text)),), clarify=(text,))
    return protocol(
        *parts,
        title=text,
        header=ir.Section("protocol", (("sponsor", ir.Stated(text)), ("conditions", ir.NotStated(text)))),
        interventions=(ir.Intervention("x", text, details),),
        clarify=(text,),
    )


@pytest.mark.parametrize("kind", ["md", "html", "pdf"])
@pytest.mark.parametrize("name", NASTY)
def test_any_text_in_any_document(name: str, kind: str) -> None:
    made = model(NASTY[name])
    for document in (summary(made), lay(made), changes(protocol(), made), compare((made, protocol()))):
        found = laid_out(document, kind)  # type: ignore[arg-type]
        if kind == "pdf":
            assert found.startswith(b"%PDF")
            continue
        text = found.decode()
        assert "\u202e" not in text and "\u200b" not in text and "<script" not in text
        if name == "turned round":
            assert re.search(r"U\+202E", text)
        if name == "markup":
            assert "7\\*7" in text or "7*7" in text


def test_four_hundred_criteria_in_every_format() -> None:
    made = model("Some rule", 400)
    assert laid_out(summary(made), "pdf").startswith(b"%PDF")
    assert laid_out(summary(made), "html").count(b"<article") == 400
    assert laid_out(summary(made), "md").count(b"Some rule (judged)") == 400


def test_an_empty_protocol_in_every_document() -> None:
    empty = protocol(
        title="", header=ir.Section("protocol", ()), sections=(), timepoints=(), stages=(), day_zero=None,
        items={}, definitions={},
    )  # fmt: skip
    for document in (summary(empty), lay(empty), changes(empty, empty), compare((empty, empty))):
        for kind in ("md", "html", "pdf"):
            assert laid_out(document, kind)  # type: ignore[arg-type]
