"""What may be recorded of an event or of a dose: at each end of a window, in part, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from protodsl import ir
from protodsl.cohort.simulate.amounts import rounded
from protodsl.cohort.simulate.asked import Asked
from protodsl.cohort.simulate.facts import Day, Fact, Variant, about, away, fact

DOSE = ("dose", "unit", "per")


def domain_of(variant: Variant) -> str:
    return variant[0].domain if variant else ""


class Events(Asked):
    def hinge(self, item: ir.Item) -> Iterator[Variant]:
        """An event on whose day a window hangs: on that day, known in part, earlier, too late, or never."""
        day = self.frame.day(ir.OfEvent("last", item.name), self.stage)
        first_name, *others = self.members(item)

        def on(at: Day, name: str = first_name) -> Variant:
            if item.domain == "procedures":
                return (fact(item.domain, {"code": name}, {"date": at}),)
            first = "onset" if item.domain == "conditions" else "start"
            return (fact(item.domain, {"code": name}, {first: at, "end": at}),)

        yield on(day)
        for other in others:
            yield on(day, other)
        yield on(Day(day.at, day.months, day.days, 0, "year"))
        for days in (-400, -1, 1, 60):
            yield on(day.moved(days))
        yield ()

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
        if domain_of(good[0]) == "medications" and name in self.little and leaf.dose is None:
            plain = self.course(leaf, name, last.moved(-60), None)
            yield (Fact(plain.domain, tuple((k, v) for k, v in plain.data if k not in DOSE), plain.days),)
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
                if (
                    domain != "medications"
                    if key == "side"
                    else (domain == "conditions") == (key in ("severity", "grade", "stage"))
                ):
                    data[key] = int(test.value) if key == "grade" and test.value.isdigit() else test.value
        if leaf.dose is not None and domain == "medications":
            data |= self.dosed(leaf.dose.amount, leaf.dose.op, leaf.dose.unit.text, leaf.dose.per)
        elif domain == "medications" and name in self.little:
            amount, unit, per = self.little[name]
            data |= self.dosed(amount, "=", unit, per)
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
        if op == "=" and wanted:
            yield one(per_day, begun, None)
        yield from (high, low, ()) if above == wanted else ((), low, high)
        for amount in (per_day, per_day + Fraction(1, 10), max(per_day - Fraction(1, 10), Fraction(0))):
            yield one(amount, begun, None)
        if first is not None:
            yield one(per_day * 2, first.moved(-60), first.moved(-1))
            yield one(per_day * 2, first.moved(-60), first)
        yield (fact("medications", {"code": name, "end": None}, {"start": begun}),)
