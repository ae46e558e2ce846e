"""What may be recorded of one thing a protocol asks for: beside each limit, at each end of each window, in
another unit, in part, or not at all.

Nothing here says which variant meets a criterion: that is tried with the checker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from protodsl import ir
from protodsl.cohort.simulate.events import Events
from protodsl.cohort.simulate.facts import Day, Fact, Variant, fact
from protodsl.cohort.simulate.results import Results


class Variants(Results, Events):
    """The variants of one protocol's leaves, at one stage, on one frame."""

    def answer(self, leaf: ir.Answer, wanted: bool) -> Iterator[Variant]:
        day = Day(self.stage.anchor, spread=3)
        role = {"role": leaf.roles[0]} if leaf.roles else {}
        for truth in (wanted, not wanted):
            yield (fact("answers", {"question": leaf.question, "answer": truth, **role}, {"date": day}),)
        yield ()
        yield (fact("answers", {"question": leaf.question, "answer": None, **role}, {"date": day}),)
        late = {"date": Day(self.stage.anchor, days=2)}
        yield (fact("answers", {"question": leaf.question, "answer": wanted, **role}, late),)

    def placed(self, name: str, chosen: str, others: Iterable[str]) -> Iterator[Variant]:
        """Where somebody takes part, or which side of the body a name stands for."""
        for value in dict.fromkeys((chosen, *others)):
            yield (fact("setting", {"setting": name, "value": value}),)
        yield ()

    def births(self, tests: list[tuple[ir.Age, ir.Op, Fraction]]) -> Iterator[Variant]:
        """Anybody of the ages asked for; exactly as old as a limit, a day older, a day younger."""

        def born(at: Day, months: int, days: int = 0, spread: int = 0) -> Variant:
            day = Day(at.at, at.months - months, at.days + days, spread)
            return (Fact("person", (), (("birth_date", day),)),)

        lows, highs = [18 * 12], [75 * 12]
        anchors = [Day(self.stage.anchor)]
        exact: list[tuple[Day, int, int]] = []  # months, days
        for age, op, value in tests:
            months = int(value) * {"year": 12, "month": 1}.get(age.unit, 0)
            days = int(value) * {"week": 7, "day": 1}.get(age.unit, 0)
            anchors.append(self.frame.day(age.at, self.stage))
            exact.append((anchors[-1], months, days))
            (lows if op in (">", ">=") else highs).append(months + days // 30)
        low, high = max(lows[1:] or lows), min(highs[1:] or highs)
        if low >= high and not lows[1:]:
            low = 0
        low, high = (min(low, high), max(low, high)) if low != high else (low, high + 120)
        at = anchors[-1]
        for start, end in ((low, high), (low, (low + high) // 2), ((low + high) // 2, high)):
            yield born(at, start + 1, 0, max(0, (end - start - 13) * 30))
        limits = sorted({0, *(months * 30 + days for _, months, days in exact)})
        for younger, older in pairwise(limits):  # of every age between two limits
            yield born(at, 0, -(younger + older) // 2, (older - younger) // 4)
        for day, months, days in dict.fromkeys(exact):
            for more in (0, 1, -1):
                yield born(day, months, more - days)
            if not days:
                yield born(day, months + 12)
                yield born(day, months + 12, 1)
        yield born(at, 40 * 12, 0, 8000)
        yield (Fact("person", (), (("birth_date", Day(at.at, at.months - low, 0, 0, "year")),)),)
        yield ()
