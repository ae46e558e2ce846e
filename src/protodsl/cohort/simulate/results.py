"""What may be recorded of a result: beside each limit, at each end of a window, in another unit, in part, or
not at all; series of them, and changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from protodsl import ir
from protodsl.cohort.simulate.amounts import ALSO, UPPER, USUAL, between, places, rounded
from protodsl.cohort.simulate.asked import Asked
from protodsl.cohort.simulate.facts import Day, Fact, Variant, about
from protodsl.runtime.units import factor, parse_unit


class Results(Asked):
    def result(self, leaf: ir.Result, wanted: bool) -> Iterator[Variant]:
        item = self.items[leaf.observed.item]
        first, last = self.frame.edges(leaf.observed.window, self.stage, item)
        if isinstance(leaf.test, ir.CodeTest):
            told = [
                self.value(item, word=word, day=self.frame.inside(first, last), side=leaf.observed.side)
                for word in self.words(item, leaf.test, wanted)
            ]
        else:
            day, side = self.frame.inside(first, last), leaf.observed.side
            told = list(self.numbers(item, leaf.test, wanted, day, side))
        often = leaf.occasions
        if often is None:
            yield from ((one,) for one in told)
            yield from self.untidy(item, told[0], first, last)
            return
        count = often.last or often.least
        apart = max(1, about(often.spaced)) if often.spaced is not None else self.apart(first, last, count)
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

    def apart(self, first: Day | None, last: Day, count: int) -> int:
        """Days between so many results of a window."""
        if first is None or count < 2:
            return 7
        return max(1, min(7, (self.frame.ordinal(last) - self.frame.ordinal(first)) // (count - 1)))

    def series(self, mean: ir.Mean, op: ir.Op, limit: Fraction, wanted: bool) -> Iterator[Variant]:
        """The last n results, their mean well inside, at the limit, just beside it; or too few of them."""
        of = mean.of
        item = self.items[of.item]
        first, last = self.frame.edges(of.window, self.stage, item)
        unit = of.unit if of.unit is not None else item.unit
        step = Fraction(1, 10 ** places(abs(limit)))
        away = max(abs(limit) / 10, step)
        sign = -1 if (op in ("<", "<=")) == wanted else 1
        days = self.apart(first, last, mean.last)
        for value in (limit + sign * away, limit, limit - step, limit + step, limit - sign * away):
            said: dict[str, Any] = {"low": rounded(value, 4), "side": of.side}
            one = self.value(item, day=last, **said | ({} if unit is None else {"unit": unit.text}))
            yield self.repeated(one, last, mean.last, days)
            if value == limit:
                yield self.repeated(one, last, mean.last - 1, days)

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
        data |= {key: said[key] for key in ("uln", "low_limit", "side") if said.get(key) is not None}
        if "low_limit" in data:
            data["low"] = data.pop("low_limit")
        return Fact("results", tuple(data.items()), () if day is None else (("date", day),), reach)

    def code(self, item: ir.Item) -> str:
        below = [name for name in item.members if name in self.items]
        return item.name if not item.is_class or not below else self.code(self.items[self.rng.choice(below)])

    def numbers(
        self, item: ir.Item, test: ir.NumberTest, wanted: bool, day: Day, side: str | None
    ) -> Iterator[Fact]:
        """Well inside, at every limit and just beside it, far off."""
        lower = upper = None
        targets: list[Fraction] = []
        said: dict[str, Any] = {"side": side}
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

    def usual(
        self, name: str, window: ir.Window | None, side: str | None = None, late: int = 3
    ) -> Iterator[Variant]:
        """An item that a formula or a change reads: from all of its usual range, by thirds, and far beyond.
        `late`: days within which it is sampled before the window ends.
        """
        item = self.items[name]
        first, last = self.frame.edges(window, self.stage, item)
        day = self.frame.inside(first, last, late)
        if item.unit is None:
            for word in item.values or ("positive", "negative"):
                yield (self.value(item, day=day, word=word, side=side),)
            yield ()
            return
        low, high = self.range(item)
        width = high - low
        decimals = 0 if item.kind == "score" else places(high)
        for start, end in ((0, 1), (0, 3), (2, 3), (-2, 0), (3, 6)):
            part = (low + width * start / 3, low + width * end / 3 if end != 1 else high)
            one, other = (rounded(each, decimals) for each in self.clipped(item, *part))
            if one > 0 or low <= 0:
                yield (self.value(item, day=day, low=one, high=other, decimals=decimals, side=side),)
        yield ()
        middle = low + width / 2
        fixed = self.value(item, day=day, low=rounded(middle, decimals), side=side)
        for tenths in (15, 20, 30, 50, 5, 2):
            found = rounded(self.clipped(item, middle * tenths / 10, middle * tenths / 10)[0], decimals)
            if found > 0 or low <= 0:
                yield (self.value(item, day=day, low=found, side=side),)
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

    def change(self, leaf: ir.Change, wanted: bool) -> Iterator[Variant]:
        """Two values that differ by more than is asked, by just as much, a step less or more, and not at all;
        from somewhere in the usual range.
        """
        item = self.items[leaf.item]
        low, high = self.range(item)
        _, before = self.frame.edges(leaf.start, self.stage, item)
        start, after = self.frame.edges(leaf.end, self.stage, item)
        if self.frame.ordinal(before) >= self.frame.ordinal(after):
            before = start if start is not None else after.moved(-30)
        decimals = 0 if item.kind in ("score", "grade") else places(high)
        sign = -1 if leaf.direction == "falls" else 1
        step = Fraction(1, 10**decimals)
        for part in (2, 0, 1, 3) if sign < 0 else (0, 2, 1, 3):  # where there is room for it first
            base = rounded(low + (high - low) * part / 3, decimals)
            exact = base * leaf.amount / 100 if leaf.percent else leaf.amount
            more, less = (exact * 3 / 2, exact), (Fraction(0), exact / 2)
            amounts = (*more, *less) if wanted else (*less, *more)
            for amount in (*amounts, exact - step, exact + step) if part in (0, 2) else amounts[:2]:
                value = self.clipped(item, *[rounded(base + sign * amount, 4)] * 2)[0]
                yield tuple(
                    self.value(item, day=day, low=each, side=leaf.side)
                    for day, each in ((before, base), (after, value))
                )
            if part == 2:
                yield (self.value(item, day=before, low=base, side=leaf.side),)
        yield ()
