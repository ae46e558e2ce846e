"""The way through eligibility as a checklist that can be followed with a finger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from protodsl import ir
from protodsl.documents.blocks import Picture
from protodsl.documents.language import count, mark, named, say
from protodsl.documents.svg import LINE, WIDTH, Pen, wrap
from protodsl.documents.words import By, capital, decided_by, number

Expressions = dict[str, list[ir.Expr]]
HALF, THIRD = WIDTH // 2, WIDTH // 3
PAGE = 1000
"""Height of a page at the width of the text; what would be higher counts its criteria and lists none."""
_MARK: dict[By, str] = {"computed": "full", "partly judged": "half", "judged": "empty"}
ENDS = (
    mark("everything is known and fits: eligible"),
    mark("something is known not to fit: not eligible"),
    mark("otherwise: undetermined; what is missing has to be found out"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    mark: str
    words: str


@dataclass(frozen=True, slots=True)
class _List:
    heading: str
    rows: tuple[_Row, ...]

    @property
    def words(self) -> str:
        listed = "; ".join(row.words for row in self.rows)
        return f"{self.heading} ({listed})" if listed else self.heading


def draw(protocol: ir.Protocol, expressions: Expressions) -> Picture | None:
    """`expressions`: of each criterion, by its id. None where there are no criteria."""
    if not expressions:
        return None
    pen, words = _drawn(protocol, expressions, listed=True)
    if pen.y > PAGE:
        pen, words = _drawn(protocol, expressions, listed=False)
    return replace(pen.picture(say("The way through eligibility"), words), width=92)


def _drawn(protocol: ir.Protocol, expressions: Expressions, listed: bool) -> tuple[Pen, str]:
    pen, told = Pen(4), []
    for stage in protocol.stages:
        name = capital(named(stage.label or stage.id))
        lists = _lists(protocol, stage.criteria, stage.groups, expressions, listed)
        _bar(pen, say("{name}: ALL of the left list and NONE of the right list", name=name))
        pen.y = _side_by_side(pen, lists) + 8
        told.append(f"{name}: {_said(lists)}.")
        if stage.cohorts:
            _bar(pen, say("and AT LEAST ONE of these disease groups"))
        across = 3 if len(stage.cohorts) > 2 else 2
        width = WIDTH // across
        for start in range(0, len(stage.cohorts), across):
            ends = [pen.y]
            for column, cohort in enumerate(stage.cohorts[start : start + across]):
                label = capital(named(cohort.label or cohort.id))
                lists = _lists(protocol, cohort.criteria, cohort.groups, expressions, listed)
                lines = wrap(label, width - 20, bold=True)
                pen.lines(column * width, pen.y + 12, lines, bold=True)
                top, pen.y = pen.y, pen.y + len(lines) * LINE + 2
                for found in lists:
                    pen.y = _column(pen, column * width, found, width)
                ends.append(pen.y)
                pen.y = top
                told.append(say("Disease group {label}: {said}.", label=label, said=_said(lists)))
            pen.y = max(ends) + 8
        pen.arrow(HALF, pen.y, HALF, pen.y + 18)
        pen.y += 20
    _outcomes(pen)
    return pen, " ".join((*told, say("Outcomes: {ends}.", ends="; ".join(map(named, ENDS)))))


def _said(lists: tuple[_List, ...]) -> str:
    return "; ".join(found.words for found in lists if found.heading) or say("no criteria")


def _bar(pen: Pen, words: str) -> None:
    lines = wrap(words, WIDTH - 16, bold=True)
    height = len(lines) * LINE + 8
    pen.box(1, pen.y, WIDTH - 2, height)
    pen.lines(8, pen.y + 15, lines, bold=True)
    pen.y += height + 6


def _side_by_side(pen: Pen, lists: tuple[_List, ...]) -> int:
    """The lists of a stage from where the pen stands; gives back where the longer one ends.

    Where one list is much longer it has two columns out of three.
    """
    left, right = lists
    room = max(len(left.rows), len(right.rows))
    for first, second in ((1, 2), (2, 1)):
        if max(-(-len(left.rows) // first), -(-len(right.rows) // second)) < room - 2:
            return max(_column(pen, 0, left, THIRD, first), _column(pen, first * THIRD, right, THIRD, second))
    return max(_column(pen, 0, left, HALF), _column(pen, HALF, right, HALF))


def _column(pen: Pen, x: int, found: _List, width: int, columns: int = 1) -> int:
    """Draws a list from where the pen stands, each column `width` wide; gives back where it ends."""
    top = pen.y
    if found.heading:
        pen.text(x, top + 12, found.heading)
        top += LINE + 3
    ends = [top]
    rows = -(-len(found.rows) // columns)
    for column in range(columns):
        y, at = top, x + column * width
        for row in found.rows[column * rows : (column + 1) * rows]:
            lines = wrap(row.words, width - 34)
            pen.dot(at + 7, y + 8, row.mark)
            pen.lines(at + 18, y + 12, lines)
            y += len(lines) * LINE
        ends.append(y)
    return max(ends)


def _outcomes(pen: Pen) -> None:
    """The three ends, and beside the arrow to them what the dots mean."""
    marks = (
        ("full", say("computed from data")),
        ("half", say("partly judged")),
        ("empty", say("judged by a person")),
    )
    for index, (kind, words) in enumerate(marks):
        x = (0, HALF + 20, HALF + 160)[index]
        pen.dot(x + 7, pen.y - 12, kind)
        pen.text(x + 18, pen.y - 8, words)
    width = WIDTH // 3
    boxes = [wrap(capital(named(end)), width - 26) for end in ENDS]
    height = max(map(len, boxes)) * LINE + 8
    for index, lines in enumerate(boxes):
        pen.box(index * width + 1, pen.y, width - 8, height)
        pen.lines(index * width + 8, pen.y + 14, lines)
    pen.y += height + 4


def _lists(
    protocol: ir.Protocol,
    criteria: tuple[ir.Criterion, ...],
    groups: tuple[ir.Group, ...],
    expressions: Expressions,
    listed: bool,
) -> tuple[_List, ...]:
    """What must be true, and what must not. Criteria that stand for one another are one row of the first."""
    names = {criterion.id: _name(criterion) for criterion in criteria}
    grouped = {member for group in groups for member in group.members}
    rows: dict[str, list[_Row]] = {"inclusion": [], "exclusion": []}
    for criterion in criteria:
        if criterion.id not in grouped:
            by = decided_by(protocol, expressions[criterion.id])
            rows[criterion.kind].append(_Row(_MARK[by], names[criterion.id]))
    denied = {criterion.id for criterion in criteria if criterion.kind == "exclusion"}
    for group in groups:
        members = [
            say("not: {name}", name=names[m]) if m in denied else names[m]
            for m in group.members
            if m in names
        ]
        found = [expr for member in group.members for expr in expressions.get(member, [])]
        least = (
            say("either")
            if group.least == 1
            else say("at least {count} of:", count=number(Fraction(group.least)))
        )
        words = f"{least} {say(' or ').join(members)}"
        rows["inclusion"].append(_Row(_MARK[decided_by(protocol, found)], words))
    include, exclude = rows["inclusion"], rows["exclusion"]
    headings = (
        count(len(include), "ALL of {number} inclusion criterion", "ALL of {number} inclusion criteria"),
        count(len(exclude), "NONE of {number} exclusion criterion", "NONE of {number} exclusion criteria"),
    )
    return tuple(
        _List(heading if own else "", tuple(own) if listed else ())
        for heading, own in zip(headings, (include, exclude), strict=True)
    )


def _name(criterion: ir.Criterion) -> str:
    """Number and label; how many parts it has and how they join."""
    words = f"{criterion.id.rsplit(' ', 1)[-1]} {criterion.root.label}".strip()
    if not criterion.root.parts:
        return words
    joined = criterion.root.combine
    how = (
        named(joined) if isinstance(joined, str) else say("at least {count}", count=number(Fraction(joined)))
    )
    return say("{words} [{how} of {parts} parts]", words=words, how=how, parts=len(criterion.root.parts))
