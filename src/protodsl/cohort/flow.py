"""Pictures of a cohort: the flow of participants in CONSORT's form, and the curves of a what-if.

The flow diagram follows the CONSORT 2010 statement (Schulz KF et al., BMJ 2010;340:c332) up to enrolment:
assessed, excluded with reasons, left; what is undetermined stands apart, since it is neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from protodsl.cohort.counts import Attrition
from protodsl.cohort.report import WhatIf
from protodsl.cohort.text import percent
from protodsl.documents.blocks import Picture
from protodsl.documents.svg import LINE, Pen, wrap

LEFT, RIGHT, GAP, PAD = 270, 400, 50, 9  # widths of the two columns of boxes, between them, inside them


def flow(one: Attrition) -> Picture:
    """Boxes from above to below, the excluded and the undetermined at the side."""
    total = one.verdicts.screened
    reasons = [(each.excluded, f"{each.id} {each.label}") for each in one.steps if each.excluded]
    open_ = [(each.keeps, f"{each.id} {each.label}") for each in one.missing[:8]]
    pen = Pen()
    pen.y = 8
    middle = LEFT // 2
    bottom = _box(pen, 0, pen.y, LEFT, [f"Assessed for eligibility (n = {total:,})"], [])
    side = _box(
        pen,
        LEFT + GAP,
        bottom + 14,
        RIGHT,
        [f"Excluded (n = {one.verdicts.ineligible:,}), each by the first criterion that fails"],
        reasons,
    )
    level = (bottom + 14 + side) // 2
    pen.line(middle, level, LEFT + GAP - 14, level)
    pen.arrow(LEFT + GAP - 14, level, LEFT + GAP, level)
    left = total - one.verdicts.ineligible
    pen.arrow(middle, bottom, middle, side + 16)
    bottom = _box(pen, 0, side + 16, LEFT, [f"Not excluded (n = {left:,})"], [])
    head = f"Undetermined (n = {one.verdicts.undetermined:,}); open in"
    side = _box(pen, LEFT + GAP, bottom + 14, RIGHT, [head], open_, more=len(one.missing) - len(open_))
    level = (bottom + 14 + side) // 2
    pen.line(middle, level, LEFT + GAP - 14, level)
    pen.arrow(LEFT + GAP - 14, level, LEFT + GAP, level)
    pen.arrow(middle, bottom, middle, side + 16)
    share = percent(one.verdicts.eligible, total)
    pen.y = _box(pen, 0, side + 16, LEFT, [f"Eligible (n = {one.verdicts.eligible:,}; {share})"], []) + 8
    told = "; ".join(f"{count:,} {reason}" for count, reason in reasons) or "nobody"
    alt = (
        f"{total:,} assessed; {one.verdicts.ineligible:,} excluded: {told}; {left:,} not excluded, of whom "
        f"{one.verdicts.undetermined:,} are undetermined and {one.verdicts.eligible:,} eligible."
    )
    return pen.picture(f"Flow of participants: {one.label}", alt)


def _box(
    pen: Pen,
    x: int,
    y: int,
    width: int,
    head: Sequence[str],
    rows: Sequence[tuple[int, str]],
    more: int = 0,
) -> int:
    """A framed box, its head in bold and below it numbers with what they are of; gives back its foot."""
    lines = [line for words in head for line in wrap(words, width - 2 * PAD, bold=True)]
    listed = [(f"{count:,}", wrap(words, width - 2 * PAD - 66)) for count, words in rows]
    if more > 0:
        listed.append(("", [f"… and {more} more criteria"]))
    height = 2 * PAD + LINE * (len(lines) + sum(len(each) for _, each in listed))
    pen.box(x, y, width, height)
    at = y + PAD + LINE - 4
    pen.lines(x + PAD, at, lines, bold=True)
    at += LINE * len(lines)
    for count, words in listed:
        pen.text(x + PAD, at, count)
        pen.lines(x + PAD + 66, at, words)
        at += LINE * len(words)
    return y + height


def curve(one: WhatIf) -> Picture:
    """How many are eligible, and how many are not excluded, at each value; to scale from nought."""
    pen = Pen()
    width, height, left, top = 560, 220, 90, 20
    most = max((each.eligible + each.undetermined for _, each in one.values), default=0) or 1
    step = width // max(len(one.values) - 1, 1)
    pen.line(left, top, left, top + height)
    pen.line(left, top + height, left + width, top + height)
    for part in range(5):
        count = most * part // 4
        y = top + height - round(height * count / most)
        pen.line(left - 4, y, left, y)
        pen.text(left - 80, y + 4, f"{count:,}")
    for kind, values in (
        ("full", [each.eligible for _, each in one.values]),
        ("empty", [each.eligible + each.undetermined for _, each in one.values]),
    ):
        points = [
            (left + step * n, top + height - round(height * each / most)) for n, each in enumerate(values)
        ]
        for (x1, y1), (x2, y2) in pairwise(points):
            pen.line(x1, y1, x2, y2, dashed=kind == "empty")
        for x, y in points:
            pen.dot(x, y, kind)
    for number, (value, _) in enumerate(one.values):
        pen.text(left + step * number, top + height + 18, value, middle=True)
    pen.dot(left + 6, top + height + 38, "full")
    pen.text(left + 16, top + height + 42, "eligible")
    pen.dot(left + 96, top + height + 38, "empty")
    pen.text(left + 106, top + height + 42, "not excluded: eligible or undetermined")
    pen.y = top + height + 56
    told = "; ".join(
        f"{value}: {each.eligible:,} eligible, {each.undetermined:,} undetermined"
        for value, each in one.values
    )
    return pen.picture(f"{one.limit} (now {one.now})", told)
