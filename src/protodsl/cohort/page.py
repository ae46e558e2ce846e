"""A screened cohort as one HTML page that needs no other file, no script and no network."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from protodsl.cohort.counts import Asked, Attrition, Missing, Verdicts
from protodsl.cohort.flow import curve, flow
from protodsl.cohort.report import Report, WhatIf
from protodsl.cohort.text import VERDICTS, percent
from protodsl.documents import escape
from protodsl.documents.blocks import Picture
from protodsl.documents.render import environment

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
MANY = 40  # rows of a list that a page shows


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    report: Report
    flows: tuple[tuple[Asked, tuple[tuple[Attrition, Picture], ...]], ...]
    curves: tuple[tuple[WhatIf, Picture], ...]


def page(report: Report) -> str:
    made = environment(escape.html)
    made.filters["percent"] = lambda part, whole: percent(part, whole)
    made.filters["count"] = lambda number: f"{number:,}"
    made.filters["svg"] = lambda picture: Markup(picture.svg)  # our own shapes and escaped text
    made.filters["few"] = few
    title = ", ".join(one.protocol for one in report.protocols)
    flows = tuple((asked, tuple((one, flow(one)) for one in asked.attrition)) for asked in report.protocols)
    content = Page(title, report, flows, tuple((one, curve(one)) for one in report.what_if))
    text = made.get_template("cohort.html.j2").render(
        page=content, policy=POLICY, verdicts=VERDICTS, many=MANY
    )
    return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"


def few(found: tuple[Missing, ...]) -> tuple[Missing, ...]:
    return found[:MANY]


__all__ = ["Page", "Verdicts", "page"]
