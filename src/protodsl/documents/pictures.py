"""Pictures of the trial, drawn from the model: its time line and its dose levels.

Each has a text alternative that says all the picture shows. Nothing is drawn that the model does not say:
where days are not stated the picture shows the order and says that it is not to scale.
"""

from __future__ import annotations

from fractions import Fraction

from protodsl import ir
from protodsl.documents.blocks import Picture, Step
from protodsl.documents.language import named, say
from protodsl.documents.svg import LINE, WIDTH, Pen, wrap
from protodsl.documents.words import capital, number, power

LEFT, RIGHT = 330, WIDTH - 20
"""Between them the axis of a time line; the labels of its rows stand to the left."""
_DAYS = {"day": Fraction(1), "week": Fraction(7), "month": Fraction(1461, 48), "year": Fraction(1461, 4)}


def day_of(protocol: ir.Protocol, at: ir.Anchor | None) -> Fraction | None:
    """Days from day 0, a month as a twelfth of 365.25 days (for drawing only); None: not on that line."""
    match at:
        case ir.AtTimepoint(name) if name == protocol.day_zero:
            return Fraction(0)
        case ir.AtTimepoint(name):
            point = next((p for p in protocol.timepoints if p.name == name), None)
            return day_of(protocol, point.at) if point is not None and point.at != at else None
        case ir.Shifted(base, sign, by) if by.unit in _DAYS:
            start = day_of(protocol, base)
            return None if start is None else start + sign * by.count * _DAYS[by.unit]
        case _:
            return None


# ---------------------------------------------------------------- the time line


def time_line(protocol: ir.Protocol, steps: dict[str, Step], endpoints: bool = True) -> Picture:
    """From the first to the last event. `steps`: what is said of each timepoint, by its name."""
    pen = Pen(4)
    said = [
        _order(protocol, steps, pen),
        _treatment_days(protocol, pen),
        _follow_up(protocol, pen, endpoints),
    ]
    return pen.picture(say("Time line of the trial"), " ".join(words for words in said if words))


def _title(pen: Pen, words: str) -> None:
    pen.text(0, pen.y + 12, words, bold=True)
    pen.y += 24


def _order(protocol: ir.Protocol, steps: dict[str, Step], pen: Pen) -> str:
    """Timepoints that no day is stated for, as boxes from left to right; an arrow is a stated order."""
    points = [
        point
        for point in protocol.timepoints
        if point.name == protocol.day_zero or day_of(protocol, ir.AtTimepoint(point.name)) is None
    ]
    layers = _layers(points)
    if not layers:
        return ""
    _title(pen, say("Order of events (days not stated: not to scale)"))
    gap = 30
    width = min(190, (WIDTH - gap * (len(layers) - 1)) // len(layers))
    same_day = tuple(
        say("{label} is the same day", label=steps[p.name].label)
        for p in protocol.timepoints
        if p.name != protocol.day_zero and day_of(protocol, p.at) == 0
    )
    marks = {
        point.name: steps[point.name].marks + (same_day if point.name == protocol.day_zero else ())
        for point in points
    }
    texts = {
        name: [
            *wrap(steps[name].label, width - 12, bold=True),
            *(line for words in own for line in wrap(words, width - 12)),
        ]
        for name, own in marks.items()
    }
    heights = {name: len(lines) * LINE + 12 for name, lines in texts.items()}
    tallest = max(sum(heights[p.name] + 12 for p in layer) for layer in layers)
    places: dict[str, tuple[int, int]] = {}
    for column, layer in enumerate(layers):
        y = pen.y + (tallest - sum(heights[p.name] + 12 for p in layer)) // 2
        for point in layer:
            places[point.name] = (column * (width + gap), y)
            y += heights[point.name] + 12
    for point in points:
        x, y = places[point.name]
        for name in _before(point):
            if name in places:
                before_x, before_y = places[name]
                pen.arrow(before_x + width, before_y + heights[name] // 2, x, y + heights[point.name] // 2)
    for name, (x, y) in places.items():
        pen.box(x, y, width, heights[name])
        if name == protocol.day_zero:
            pen.box(x + 2, y + 2, width - 4, heights[name] - 4)
        first = len(wrap(steps[name].label, width - 12, bold=True))
        pen.lines(x + 6, y + 16, texts[name][:first], bold=True)
        pen.lines(x + 6, y + 16 + first * LINE, texts[name][first:])
    pen.y += tallest + 8
    told = []
    for layer in layers:
        for point in layer:
            step = steps[point.name]
            words = ", ".join(part for part in (step.label, step.when, *marks[point.name]) if part)
            told.append(words)
    return say("Order of events, days not stated: {told}.", told="; ".join(told))


def _before(point: ir.Timepoint) -> tuple[str, ...]:
    """Timepoints the model puts before this one."""
    match point.at:
        case ir.Shifted(ir.AtTimepoint(name), 1) | ir.AtTimepoint(name):
            return (name, *point.after)
        case _:
            return point.after


def _layers(points: list[ir.Timepoint]) -> list[list[ir.Timepoint]]:
    """Each point in the first column that lies behind all it comes after."""
    names = {point.name for point in points}
    column: dict[str, int] = {}
    for _ in points:  # as many rounds as the longest chain can need
        for point in points:
            before = [column.get(name, 0) for name in _before(point) if name in names and name != point.name]
            column[point.name] = min(1 + max(before), len(points) - 1) if before else 0
    return [
        layer
        for at in range(len(points))
        if (layer := [point for point in points if column[point.name] == at])
    ]


def _axis(pen: Pen, first: Fraction, last: Fraction, step: int, scale: Fraction) -> None:
    """A line with a tick every `step` units of `scale` days."""
    pen.line(LEFT, pen.y, RIGHT, pen.y, width=1.5)
    tick = Fraction(-(-first // (step * scale)) * step)
    while tick * scale <= last:
        x = _x(tick * scale, first, last)
        pen.line(x, pen.y - 4, x, pen.y + 4)
        pen.text(x, pen.y + 17, number(tick), middle=True)
        tick += step
    pen.y += 28


def _x(day: Fraction, first: Fraction, last: Fraction) -> int:
    return LEFT + int((RIGHT - LEFT) * (day - first) / (last - first))


def _label(pen: Pen, words: str, bold: bool = False) -> int:
    """The label of a row; gives back the height of the row."""
    lines = wrap(words, LEFT - 20, bold)
    pen.lines(0, pen.y + 11, lines, bold)
    return len(lines) * LINE + 4


def _treatment_days(protocol: ir.Protocol, pen: Pen) -> str:
    """What is given on stated days, to scale in days."""
    gives = [
        (give, give.first_day, give.last_day if give.last_day is not None else give.first_day)
        for regimen in protocol.regimens
        for give in regimen.gives
        if give.first_day is not None
    ]
    early = [(p, day) for p in protocol.timepoints if (day := day_of(protocol, p.at)) is not None and day < 0]
    if not gives and not early:
        return ""
    days = [Fraction(0), *(Fraction(start) for _, start, _ in gives), *(day for _, day in early)]
    first = min(days) - 1
    last = max((Fraction(0), *(Fraction(end) for _, _, end in gives if end is not None))) + 1
    _title(pen, say("Days around day 0 (to scale, in days)"))
    step = 1 if last - first <= 16 else 7 if last - first <= 120 else 28
    _axis(pen, first, last, step, Fraction(1))
    told = []
    for point, day in early:
        height = _label(pen, capital(named(point.label or point.name)), bold=True)
        pen.dot(_x(day, first, last), pen.y + 7, "diamond")
        pen.y += height
        told.append(
            say("{visit}, day {day}", visit=capital(named(point.label or point.name)), day=number(day))
        )
    for give, start, end in gives:
        words = f"{give.label}, {power(give.dose) if give.dose else say('dose not stated')}"
        height = _label(pen, words)
        left = _x(Fraction(start), first, last) - 4
        pen.box(left, pen.y + 2, _x(Fraction(end), first, last) + 4 - left, 11, "hatched")
        pen.y += height
        told.append(f"{words}, {give.schedule}")
    pen.y += 12
    return say("On stated days: {told}.", told="; ".join(told))


def _follow_up(protocol: ir.Protocol, pen: Pen, endpoints: bool) -> str:
    """Visits and endpoints after day 0, to scale."""
    dated = [(p, day) for p in protocol.timepoints if (day := day_of(protocol, p.at)) is not None and day > 0]
    rows: dict[tuple[str, str, Fraction], list[str]] = {}  # endpoints of one level and time: one row
    elsewhere: list[str] = []
    for objective in protocol.objectives if endpoints else ():
        for endpoint in objective.endpoints:
            day = day_of(protocol, endpoint.anchor)
            frame = endpoint.frame.text if isinstance(endpoint.frame, ir.Stated) else say("time not stated")
            if day is None or day <= 0:
                elsewhere.append(f"{endpoint.label} ({named(objective.level)}): {frame}")
            else:
                rows.setdefault((objective.level, frame, day), []).append(endpoint.label)
    days = [day for _, day in dated] + [day for _, _, day in rows]
    told = []
    if days:
        first, last = Fraction(0), max(days)
        months = last > 90
        _title(
            pen,
            say("From day 0 on (to scale, in months)")
            if months
            else say("From day 0 on (to scale, in days)"),
        )
        scale = _DAYS["month"] if months else Fraction(1)
        step = next(n for n in (1, 3, 6, 7, 12, 14, 28, 60, 120, 1200, 12000) if last / scale / n <= 14)
        _axis(pen, first, last, step, scale)
        for point, day in dated:
            height = _label(pen, capital(named(point.label or point.name)), bold=True)
            x = _x(day, first, last)
            if point.tolerance is not None and point.tolerance.unit in _DAYS:
                half = point.tolerance.count * _DAYS[point.tolerance.unit]
                low, high = _x(max(day - half, first), first, last), _x(day + half, first, last)
                pen.line(low, pen.y + 7, high, pen.y + 7)
                pen.line(low, pen.y + 2, low, pen.y + 12)
                pen.line(high, pen.y + 2, high, pen.y + 12)
            pen.dot(x, pen.y + 7, "diamond")
            pen.y += height
        for (level, frame, day), labels in rows.items():
            words = f"{'; '.join(labels)} ({named(level)})"
            height = _label(pen, words)
            x = _x(day, first, last)
            if frame.startswith("from "):
                pen.box(LEFT, pen.y + 3, x - LEFT, 8, "solid" if level == "primary" else "hatched")
            else:
                pen.dot(x, pen.y + 7, "full" if level == "primary" else "empty")
            pen.y += height
            told.append(f"{words}: {frame}")
        pen.y += 6
    if elsewhere:
        for line in wrap(say("Not on this line: {listed}", listed="; ".join(elsewhere)), WIDTH - 10):
            pen.text(0, pen.y + 12, line)
            pen.y += LINE
        pen.y += 8
    visits = [
        say(
            "{visit} at {count} months",
            visit=capital(named(p.label or p.name)),
            count=number(day / _DAYS["month"]),
        )
        if (day / _DAYS["month"]).denominator == 1
        else say("{visit} at day {day}", visit=capital(named(p.label or p.name)), day=number(day))
        for p, day in dated
    ]
    said = []
    if visits:
        said.append(say("After day 0: {visits}.", visits="; ".join(visits)))
    if told or elsewhere:
        said.append(say("Endpoints: {listed}.", listed="; ".join((*told, *elsewhere))))
    return " ".join(said)


# ---------------------------------------------------------------- dose levels


TALLEST = 64
"""Height of the bar of the highest dose."""


def dose_ladder(intervention: ir.Intervention) -> Picture | None:
    """The levels as bars, to scale where they are in one unit. None where there are fewer than two."""
    levels = intervention.levels
    if len(levels) < 2:
        return None
    highest = max(level.value for level in levels)
    # a bar nobody could see would be no scale
    scaled = len({level.unit.text for level in levels}) == 1 and 0 < highest <= 50 * levels[0].value
    width = min(150, WIDTH // len(levels))
    texts = [
        [*wrap(say("Level {id}", id=level.id), width - 12, bold=True), *wrap(power(level.text), width - 12)]
        for level in levels
    ]
    heights = [
        int(TALLEST * level.value / highest) if scaled else TALLEST * number // len(levels)
        for number, level in enumerate(levels, 1)
    ]
    pen = Pen(4)
    foot = pen.y + max(len(lines) * LINE + height for lines, height in zip(texts, heights, strict=True)) + 8
    for index, (lines, height) in enumerate(zip(texts, heights, strict=True)):
        x, top = index * width, foot - height
        pen.box(x + 6, top, width - 30, height, "hatched")
        first = top - len(lines) * LINE + 8
        pen.lines(x + 6, first, lines[:1], bold=True)
        pen.lines(x + 6, first + LINE, lines[1:])
    pen.line(0, foot, width * len(levels), foot, width=1.5)
    scale = say("The heights are to scale.") if scaled else say("The heights are not to scale.")
    pen.y = foot + 4
    pen.text(0, pen.y + 12, scale)
    pen.y += 20
    told = "; ".join(say("level {id}: {text}", id=level.id, text=power(level.text)) for level in levels)
    return pen.picture(
        say("Dose levels of {label}", label=intervention.label),
        say("Steps from the lowest: {told}. {scale}", told=told, scale=scale),
        width * len(levels),
    )
