"""What may be recorded of one thing a protocol asks for: beside each limit, at each end of each window, in
another unit, in part, or not at all.

Nothing here says which variant meets a criterion: that is tried with the checker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

from protodsl import ir
from protodsl.cohort.simulate.facts import Day, Fact, Variant, about, away, fact
from protodsl.cohort.simulate.times import Frame
from protodsl.runtime.units import factor, parse_unit

# Of a number no limit is set on: a usual range, by item or by unit.
USUAL: dict[str, tuple[str, str]] = {
    "creatinine": ("0.6", "1.2"), "body_weight": ("45", "95"), "body_height": ("150", "190"),
    "kg": ("45", "95"), "cm": ("150", "190"), "m2": ("1.4", "2.1"), "mg/dL": ("0.5", "100"),
    "umol/L": ("40", "110"), "mmol/L": ("3", "8"), "g/L": ("30", "140"), "U/L": ("10", "40"),
    "10*9/L": ("2", "9"), "%": ("5", "90"), "Cel": ("36", "37.5"), "mm[Hg]": ("70", "130"), "s": ("10", "30"),
    "mL/min": ("60", "120"), "mL/min/1.73m2": ("60", "120"), "/min": ("55", "100"), "kg/m2": ("18", "32"),
}  # fmt: skip
UPPER = {"U/L": "40", "mg/dL": "1.2", "umol/L": "110", "g/L": "160", "s": "13", "10*9/L": "10", "%": "6"}
ALSO = ("mg/dL", "mmol/L", "umol/L", "g/L", "g/dL", "10*9/L", "/uL", "10*3/uL", "mg/L", "g/d", "mg/d", "mL/s")


class Variants:
    """The variants of one protocol's leaves, at one stage, on one frame."""

    def __init__(self, frame: Frame, stage: ir.Stage, rng: Random) -> None:
        self.frame, self.stage, self.rng = frame, stage, rng
        self.items = frame.protocol.items

    # ------------------------------------------------------------ results

    def result(self, leaf: ir.Result, wanted: bool) -> Iterator[Variant]:
        item = self.items[leaf.observed.item]
        first, last = self.frame.edges(leaf.observed.window, self.stage, item)
        if isinstance(leaf.test, ir.CodeTest):
            told = [
                self.value(item, word=word, day=self.frame.inside(first, last))
                for word in self.words(item, leaf.test, wanted)
            ]
        else:
            told = list(self.numbers(item, leaf.test, wanted, self.frame.inside(first, last)))
        often = leaf.occasions
        if often is None:
            yield from ((one,) for one in told)
            yield from self.untidy(item, told[0], first, last)
            return
        count = often.last or often.least
        apart = max(1, about(often.spaced) if often.spaced is not None else 7)
        for one in told:
            yield self.repeated(one, last, count, apart)
        yield self.repeated(told[0], last, max(count - 1, 1), apart)
        yield self.repeated(told[0], last, count, max(apart - 1, 0))
        yield ()

    def repeated(self, one: Fact, last: Day, count: int, apart: int) -> Variant:
        return tuple(
            Fact(one.domain, one.data, (("date", last.moved(-number * apart)),), one.reach)
            for number in range(count)
        )

    def words(self, item: ir.Item, test: ir.CodeTest, wanted: bool) -> list[str]:
        known = list(item.values) or ["positive", "negative"]
        known += [one for one in test.codes if one not in known]
        right = [one for one in known if (one in test.codes) != test.negated]
        others = [one for one in known if one not in right]
        return [*right, *others] if wanted else [*others, *right]

    def value(self, item: ir.Item, *, day: Day | None, **said: Any) -> Fact:
        """A result of the item, or of one under it; `word`, or `low` with `high` and decimals, or `value`."""
        data: dict[str, Any] = {"code": self.code(item)}
        reach = None
        if "word" in said:
            data["value"] = said["word"]
        else:
            data["value"] = said["low"]
            if "high" in said and said["high"] != said["low"]:
                reach = (said["high"], said["decimals"])
            if (unit := said.get("unit", item.unit.text if item.unit is not None else None)) is not None:
                data["unit"] = unit
        data |= {key: said[key] for key in ("uln", "low_limit") if said.get(key) is not None}
        if "low_limit" in data:
            data["low"] = data.pop("low_limit")
        return Fact("results", tuple(data.items()), () if day is None else (("date", day),), reach)

    def code(self, item: ir.Item) -> str:
        below = [name for name in item.members if name in self.items]
        return item.name if not item.is_class or not below else self.code(self.items[self.rng.choice(below)])

    def numbers(self, item: ir.Item, test: ir.NumberTest, wanted: bool, day: Day) -> Iterator[Fact]:
        """Well inside, at every limit and just beside it, far off."""
        lower = upper = None
        targets: list[Fraction] = []
        said: dict[str, Any] = {}
        for op, limit in test.bounds:
            match limit:
                case ir.Constant(value):
                    target = value
                case ir.TimesLimit(times, which):
                    reference = self.reference(item, which)
                    said["uln" if which == "uln" else "low_limit"] = reference
                    target = times * reference
                case ir.Quantities(options):
                    fitting = [
                        value * ratio
                        for value, unit in options
                        if item.unit is not None
                        and (ratio := factor(unit, item.unit, item.molar_mass)) is not None
                    ]
                    target = fitting[0] if fitting else options[0][0]
            targets.append(target)
            if op in (">", ">=", "="):
                lower = target if lower is None else max(lower, target)
            if op in ("<", "<=", "="):
                upper = target if upper is None else min(upper, target)
        if not wanted:  # beyond the limit that is easier to pass
            lower, upper = (None, lower) if upper is None or lower is not None else (upper, None)
        decimals = 0 if item.kind in ("score", "grade") else places(max(map(abs, targets)))
        step = Fraction(1, 10**decimals)
        low, high = self.clipped(item, *between(lower, upper, step))
        yield self.value(item, day=day, low=low, high=high, decimals=decimals, **said)
        for target in dict.fromkeys(targets):
            for each in (target, target - step, target + step):
                yield self.value(item, day=day, low=self.clipped(item, each, each)[0], **said)
            for each in (target / 2, target * 2):
                held = self.clipped(item, each, each)[0]
                yield self.value(item, day=day, low=rounded(held, decimals), **said)

    def reference(self, item: ir.Item, which: str) -> Fraction:
        declared = item.uln if which == "uln" else item.lln
        if declared:
            return declared[0].value
        unit = item.unit.text if item.unit is not None else ""
        upper = Fraction(UPPER.get(unit, "50"))
        return upper if which == "uln" else upper / 4

    def clipped(self, item: ir.Item, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
        least, most = item.plausible or (item.minimum, item.maximum)
        if least is not None:
            low, high = max(low, least), max(high, least)
        if most is not None:
            low, high = min(low, most), min(high, most)
        return low, high

    def untidy(self, item: ir.Item, one: Fact, first: Day | None, last: Day) -> Iterator[Variant]:
        """The same value on other days, in another unit, in part, twice, or not at all."""

        def on(day: Day | None) -> Fact:
            return Fact(one.domain, one.data, () if day is None else (("date", day),), one.reach)

        yield ()
        if first is not None:
            yield (on(first),)
            yield (on(first.moved(-1)),)
        yield (on(last.moved(1)),)
        yield (on(Day(last.at, last.months, last.days, 0, "month")),)
        yield (on(None),)
        data = dict(one.data)
        value = data["value"]
        if not isinstance(value, Fraction):
            return
        older = Fact(
            one.domain, (*((k, v) for k, v in one.data if k != "value"), ("value", value * 2)), one.days
        )
        yield (one, Fact(older.domain, older.data, (("date", last.moved(-40)),)))
        if item.unit is not None:
            without = {key: each for key, each in data.items() if key != "unit"}
            yield (Fact(one.domain, tuple(without.items()), one.days, one.reach),)
            for text in (*ALSO, *item.also_units):
                unit = parse_unit(text)
                ratio = factor(item.unit, unit, item.molar_mass) if unit is not None else None
                if ratio is not None and (ratio != 1 or text in item.also_units):
                    changed = data | {
                        key: rounded(data[key] * ratio, 4) for key in ("value", "uln", "low") if key in data
                    }
                    changed["unit"] = text
                    reach = None if one.reach is None else (rounded(one.reach[0] * ratio, 4), 4)
                    yield (Fact(one.domain, tuple(changed.items()), one.days, reach),)
                    break
        for sign in ("<", ">"):
            shown = f"{sign}{float(value):g}"
            if "e" not in shown:
                yield (Fact(one.domain, tuple((data | {"value": shown}).items()), one.days),)
        if "uln" in data:
            data.pop("uln")
            yield (Fact(one.domain, tuple(data.items()), one.days, one.reach),)

    def usual(self, name: str, window: ir.Window | None) -> Iterator[Variant]:
        """An item that a formula or a change reads: from all of its usual range, by thirds."""
        item = self.items[name]
        first, last = self.frame.edges(window, self.stage, item)
        day = self.frame.inside(first, last, 3)
        if item.unit is None:
            for word in item.values or ("positive", "negative"):
                yield (self.value(item, day=day, word=word),)
            yield ()
            return
        low, high = self.range(item)
        width = high - low
        decimals = 0 if item.kind == "score" else places(high)
        for start, end in ((0, 1), (0, 3), (2, 3), (-2, 0), (3, 6)):
            part = (low + width * start / 3, low + width * end / 3 if end != 1 else high)
            one, other = (rounded(each, decimals) for each in self.clipped(item, *part))
            if one > 0 or low <= 0:
                yield (self.value(item, day=day, low=one, high=other, decimals=decimals),)
        yield ()
        fixed = self.value(item, day=day, low=rounded(low + width / 2, decimals))
        yield from self.untidy(item, fixed, first, last)

    def range(self, item: ir.Item) -> tuple[Fraction, Fraction]:
        if item.lln and item.uln:
            return item.lln[0].value, item.uln[0].value
        unit = item.unit.text if item.unit is not None else ""
        found = USUAL.get(item.name) or USUAL.get(unit)
        if found is not None:
            return self.clipped(item, Fraction(found[0]), Fraction(found[1]))
        least, most = item.plausible or (item.minimum, item.maximum)
        low = least if least is not None else Fraction(0)
        return low, most if most is not None else low + 20

    def change(self, leaf: ir.Change) -> Iterator[Variant]:
        item = self.items[leaf.item]
        low, high = self.range(item)
        _, before = self.frame.edges(leaf.start, self.stage, item)
        start, after = self.frame.edges(leaf.end, self.stage, item)
        if self.frame.ordinal(before) >= self.frame.ordinal(after):
            before = start if start is not None else after.moved(-30)
        decimals = 0 if item.kind == "score" else places(high)
        base = rounded(low + (high - low) * 2 / 3, decimals)
        sign = -1 if leaf.direction == "falls" else 1
        exact = base * leaf.amount / 100 if leaf.percent else leaf.amount
        step = Fraction(1, 10**decimals)
        for amount in (exact * 3 / 2, exact, exact - step, exact + step, Fraction(0), exact / 2):
            value = self.clipped(item, *[rounded(base + sign * amount, 4)] * 2)[0]
            yield (self.value(item, day=before, low=base), self.value(item, day=after, low=value))
        yield (self.value(item, day=before, low=base),)
        yield ()

    # ------------------------------------------------------------ events

    def event(self, leaf: ir.Exists, wanted: bool) -> Iterator[Variant]:
        item = self.items[leaf.item]
        first, last = self.frame.edges(leaf.window, self.stage, item)
        good = [self.happened(leaf, name, first, last) for name in self.members(item, leaf.but_not)]
        if wanted:
            yield from good
            yield ()
        else:
            yield ()
            yield from good
        name = good[0][0].data[0][1]
        if first is not None:
            yield self.happened(leaf, name, first, first)
            yield (self.course(leaf, name, first.moved(-31), first.moved(-1)),)
            yield (self.course(leaf, name, first.moved(-400), first.moved(-30)),)
        yield (self.course(leaf, name, last.moved(1), None),)
        partial = Day(last.at, last.months, last.days, 0, "year")
        yield (self.course(leaf, name, partial, partial),)
        if leaf.attributes:
            yield (self.course(leaf, name, last.moved(-1), last, attributes=False),)
        for other in leaf.but_not[:2]:
            yield (self.course(leaf, other, last.moved(-1), last),)
        if leaf.least > 1:
            yield good[0][: leaf.least - 1]
        yield (fact(item.domain, {"code": leaf.item, "present": False}),)
        yield (
            fact(
                item.domain,
                {"code": leaf.item, "present": False},
                {"from": (first or last).moved(-1), "date": last},
            ),
        )

    def members(self, item: ir.Item, but_not: Iterable[str] = ()) -> list[str]:
        """Some of the last members of a class, or the item itself."""
        out = set(but_not)
        stack, found = [item.name], list[str]()
        while stack:
            name = stack.pop()
            below = [each for each in self.items[name].members if each in self.items]
            if name in out:
                continue
            if self.items[name].is_class and below:
                stack += below
            elif name not in found:
                found.append(name)
        if len(found) > 4:
            found = self.rng.sample(found, 4)
        return found or [item.name]

    def happened(self, leaf: ir.Exists, name: str, first: Day | None, last: Day) -> Variant:
        """The event as it is asked for, once or as often as it must be; the latest on `last`."""
        if leaf.lasting is not None:
            by = leaf.lasting[1]
            start = away(last, -1, by).moved(1)
            longer = leaf.lasting[0] in (">", ">=")
            start = away(start, -1, by) if longer and self.rng.random() < 0.5 else start
            return (self.course(leaf, name, start, None if longer else last),)
        if leaf.first_day or leaf.least > 1:
            apart = about(leaf.spaced) + 1 if leaf.spaced is not None else 30
            return tuple(
                self.course(leaf, name, last.moved(-number * apart), last.moved(-number * apart), line=number)
                for number in range(max(leaf.least, 1))
            )
        inside = self.frame.inside(first, last, 60)
        acute = self.items[name].acute or self.items[name].domain == "procedures"
        return (
            self.course(leaf, name, inside if acute else inside.moved(-90), None if not acute else inside),
        )

    def course(
        self,
        leaf: ir.Exists,
        name: str,
        start: Day,
        end: Day | None,
        *,
        attributes: bool = True,
        line: int | None = None,
    ) -> Fact:
        """One event; without an end it goes on."""
        domain = self.items[name].domain
        data: dict[str, Any] = {"code": name}
        days = {"date" if domain == "procedures" else "onset" if domain == "conditions" else "start": start}
        if end is not None and domain != "procedures":
            days["end"] = end
        elif domain != "procedures" and not (domain == "conditions" and self.items[name].acute):
            data["end"] = None
        if domain == "medications" and line is not None and leaf.lines:
            data["line"] = line + 1
        if attributes:
            for test in leaf.attributes:
                key = "reason_stopped" if test.attribute == "reason" else test.attribute
                if (domain == "conditions") == (key in ("severity", "grade", "stage")) or key == "side":
                    data[key] = int(test.value) if key == "grade" and test.value.isdigit() else test.value
        if leaf.dose is not None and domain == "medications":
            data |= self.dosed(leaf.dose.amount, leaf.dose.op, leaf.dose.unit.text, leaf.dose.per)
        return fact(domain, data, days)

    @staticmethod
    def dosed(amount: Fraction, op: str, unit: str, per: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {"dose": rounded(amount * (2 if op == ">" else 1), 4), "unit": unit}
        return found | ({"per": per} if per is not None else {})

    def dose(self, asked: ir.DoseOf, op: ir.Op, limit: Fraction, wanted: bool) -> Iterator[Variant]:
        item = self.items[asked.item]
        first, last = self.frame.edges(asked.window, self.stage, item)
        factors = dict(
            self.frame.protocol.equivalences[asked.equivalence].factors if asked.equivalence else ()
        )
        names = [name for name in self.members(item) if not factors or name in factors]
        name = names[0] if names else asked.item
        per_day = limit / factors.get(name, Fraction(1))
        if asked.select == "total":
            per_day /= 10

        def one(amount: Fraction, start: Day, end: Day | None) -> Variant:
            said = {"code": name, **self.dosed(rounded(amount, 4), "=", asked.unit.text, asked.per)}
            if end is None:
                said["end"] = None
            return (fact("medications", said, {"start": start} | ({} if end is None else {"end": end})),)

        begun = (first or last).moved(-200)
        low, high = one(per_day / 2, begun, None), one(per_day * 2, begun, None)
        above = op in (">", ">=", "=")
        yield from (high, low, ()) if above == wanted else ((), low, high)
        for amount in (per_day, per_day + Fraction(1, 10), max(per_day - Fraction(1, 10), Fraction(0))):
            yield one(amount, begun, None)
        if first is not None:
            yield one(per_day * 2, first.moved(-60), first.moved(-1))
            yield one(per_day * 2, first.moved(-60), first)
        yield (fact("medications", {"code": name, "end": None}, {"start": begun}),)

    # ------------------------------------------------------------ answers, persons

    def answer(self, leaf: ir.Answer, wanted: bool) -> Iterator[Variant]:
        day = Day(self.stage.anchor, spread=3)
        role = {"role": leaf.roles[0]} if leaf.roles else {}
        for truth in (wanted, not wanted):
            yield (fact("answers", {"question": leaf.question, "answer": truth, **role}, {"date": day}),)
        yield ()
        yield (fact("answers", {"question": leaf.question, "answer": None, **role}, {"date": day}),)
        late = {"date": Day(self.stage.anchor, days=2)}
        yield (fact("answers", {"question": leaf.question, "answer": wanted, **role}, late),)

    def births(self, tests: list[tuple[ir.Age, ir.Op, Fraction]]) -> Iterator[Variant]:
        """Anybody of the ages asked for; exactly as old as a limit, a day older, a day younger."""

        def born(at: Day, months: int, days: int = 0, spread: int = 0) -> Variant:
            day = Day(at.at, at.months - months, at.days + days, spread)
            return (Fact("person", (), (("birth_date", day),)),)

        lows, highs = [18 * 12], [75 * 12]
        anchors = [Day(self.stage.anchor)]
        exact: list[int] = []
        for age, op, value in tests:
            months = int(value) * {"year": 12, "month": 1}.get(age.unit, 0)
            anchors.append(self.frame.day(age.at, self.stage))
            exact.append(months)
            (lows if op in (">", ">=") else highs).append(months)
        low, high = max(lows[1:] or lows), min(highs[1:] or highs)
        low, high = (min(low, high), max(low, high)) if low != high else (low, high + 120)
        at = anchors[-1]
        for start, end in ((low, high), (low, (low + high) // 2), ((low + high) // 2, high)):
            yield born(at, start + 1, 0, max(0, (end - start - 13) * 30))
        for months in dict.fromkeys(exact):
            for days in (0, 1, -1):
                yield born(at, months, days)
            yield born(at, months + 12)
            yield born(at, months + 12, 1)
        yield born(at, 40 * 12, 0, 8000)
        yield (Fact("person", (), (("birth_date", Day(at.at, at.months - low, 0, 0, "year")),)),)
        yield ()


def between(lower: Fraction | None, upper: Fraction | None, step: Fraction) -> tuple[Fraction, Fraction]:
    """Well inside what the limits leave."""
    if lower is not None and upper is not None:
        width = (upper - lower) / 4 if upper > lower else Fraction(0)
        return snapped(lower + width, step), snapped(upper - width, step)
    if lower is not None:
        return snapped(lower + max(abs(lower) / 10, step), step), snapped(
            lower + max(abs(lower), 10 * step), step
        )
    assert upper is not None
    if upper <= 0:
        return upper - 10 * step, upper - step
    return snapped(upper / 3, step), snapped(min(upper * 9 / 10, upper - step), step)


def snapped(value: Fraction, step: Fraction) -> Fraction:
    return round(value / step) * step


def rounded(value: Fraction, decimals: int) -> Fraction:
    return Fraction(round(value * 10**decimals), 10**decimals)


def places(value: Fraction) -> int:
    """Decimals a number of that size is usually given with."""
    return 0 if value >= 50 else 1 if value >= 10 else 2
