"""Random patient records around what a protocol asks, for property tests.

`random_record(protocol, rng)` is the fast, seeded generator; `records(protocol)` the same as a Hypothesis
strategy; `refine(record, protocol, rng)` (in `refinement.py`) makes a record that knows more;
`smaller(record, fails)` cuts a failing record down to what makes it fail. Records are in their JSON form:
plain dicts that `read_record` accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import strategies as st
from protocol_hints import TYPICAL, hints, moved, plus_months, walk
from refinement import refine, reworded

from protodsl import ir

__all__ = ["hints", "random_record", "records", "refine", "reworded", "smaller"]

JsonRecord = dict[str, Any]
EDGES = (  # days on which calendars are interesting
    *("2024-02-29", "2023-02-28", "2024-02-28", "2024-03-01", "2024-03-31", "2023-03-31", "2024-12-31"),
    *("2024-01-01", "2024-04-30", "2024-05-31", "2024-08-31", "2023-11-30", "2028-02-29", "2023-03-30"),
)
_MIRROR = str.maketrans("<>", "><")
SEVERITIES = ("mild", "moderate", "severe", "life_threatening")
ROLES = ("investigator", "participant", "guardian", "physician", "site", "sponsor")
ROUTES = (
    "oral",
    "intravenous",
    "subcutaneous",
    "topical",
    "inhaled",
    "orally",
    "intravenously",
    "I.V.",
    "nasogastric",
)


def records(protocol: ir.Protocol) -> st.SearchStrategy[JsonRecord]:
    """Random records as a Hypothesis strategy; a failure is told by its seed, cut it down with `smaller`."""
    return st.integers(0, 2**48).map(lambda seed: random_record(protocol, Random(seed)))


def random_record(protocol: ir.Protocol, rng: Random, good: float | None = None) -> JsonRecord:
    """A record aimed at the protocol. `good`: how many of the wishes of its leaves come true (default:
    random)."""
    return _Maker(protocol, rng, good).record()


def iso(day: int) -> str:
    return date.fromordinal(min(max(day, 1), 3652059)).isoformat()


def decimal(value: Fraction, places: int = 6) -> int | float:
    """A number as JSON holds it, rounded if it has more places."""
    if value.denominator == 1:
        return value.numerator
    return float(round(value, places))


class _Maker:
    def __init__(self, protocol: ir.Protocol, rng: Random, good: float | None) -> None:
        self.protocol, self.rng, self.hints = protocol, rng, hints(protocol)
        self.good = rng.choice((0.2, 0.5, 0.8, 0.95, 0.99, 1.0)) if good is None else good
        self.calm = rng.random() < (0.3 if good is None else good * 0.5)  # one way to meet every criterion
        if self.calm and good is None:
            self.good = rng.choice((0.97, 0.99, 0.995, 1.0, 1.0))
        self.plain = self.calm or rng.random() < 0.3  # whole dates, names, own units: so that much is decided
        self.uncoded = (
            rng.random() < 0.15
        )  # facts without a code may speak of anything: few records have them
        self.days: dict[str, int] = {}
        self.now = 0
        self.out: JsonRecord = {}

    # ------------------------------------------------------------ small things

    def chance(self, odds: float) -> bool:
        return self.rng.random() < odds

    def odd(self, odds: float) -> bool:
        """A chance of something untidy: never in a plain record."""
        return not self.plain and self.rng.random() < odds

    def date(self, day: int) -> str:
        whole = iso(day)
        if self.odd(0.1):
            return whole[: 7 if self.chance(0.7) else 4]
        if self.odd(0.02):
            return whole + self.rng.choice(("T09:30", "T23:59:59Z", "T14:05:00+08:00"))
        return whole

    def stretch(self, node: Any) -> tuple[int, int]:
        """About the days a window, an anchor or nothing stands for."""
        if isinstance(node, ir.Window):
            last = self.end(node.end) if node.end is not None else self.now + 30
            first = (
                self.end(node.start) if node.start is not None else last - self.rng.choice((30, 400, 4000))
            )
            return min(first, last), max(first, last)
        return self.now - self.rng.choice((0, 10, 60, 400)), self.now

    def end(self, bound: ir.Bound) -> int:
        return moved(self.anchor(bound.anchor), bound.sign, bound.by)

    def anchor(self, anchor: Any) -> int:
        match anchor:
            case ir.AtTimepoint(name=name):
                return self.days.get(name, self.now)
            case ir.Shifted(anchor=inner, sign=sign, by=by):
                return moved(self.anchor(inner), sign, by)
            case ir.OfEvent(which=which, item=name) if not self.calm:
                return self.event_day(which, name)
            case _:
                return self.now

    def event_day(self, which: str, name: str) -> int:
        """About the day of an event that a window hangs on; mostly it is recorded, perhaps with others."""
        key, domain = f"{which} of {name}", self.protocol.items[name].domain
        if key not in self.days and domain in self.out:
            rng = self.rng
            self.days[key] = self.now - rng.choice((0, 0, 1, 5, 14, 28, 90, 400, -1, -14))
            for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
                self.event(name, domain, self.days[key] - rng.choice((0, 0, 1, 7, -7)), present=True)
                last = self.out[domain][-1]
                if which == "end" and "end" not in last and self.chance(0.5):
                    self.dated(last, "end", self.days[key], after=last.get("onset") or last.get("start"))
        return self.days.get(key, self.now)

    def near(self, node: Any, inside: bool) -> int:
        """A day in a window or just outside it, best at its ends."""
        first, last = self.stretch(node)
        rng = self.rng
        if inside and self.calm:
            return last
        if inside:
            return rng.choice(
                (first, last, last, first + 1 if first < last else first, rng.randint(first, last))
            )
        if self.chance(0.2):
            return rng.randint(first - 2000, last + 60)
        return rng.choice((first - 1, first - 1, last + 1, first, last, first - 2, first - 400))

    # ------------------------------------------------------------ the frame

    def record(self) -> JsonRecord:
        rng = self.rng
        self.now = date.fromisoformat(rng.choice(EDGES)).toordinal()
        if self.chance(0.4):
            self.now += rng.randint(-500, 500)
        self.out = {"id": f"R-{rng.randrange(10**6):06d}"}
        self.timepoints()
        stage = rng.choice(self.protocol.stages) if self.protocol.stages else None
        if stage is not None and stage.anchor in self.days:
            self.now = self.days[stage.anchor]
        if self.chance(0.6) and not self.calm:
            self.out["as_of"] = iso(self.now + rng.choice((0, 0, 0, 0, 1, 7, 60, 400, -1, -30)))
        self.person()
        self.setting()
        self.completeness()
        for domain in ("results", "conditions", "medications", "procedures", "answers"):
            self.out[domain] = []
        self.facts()
        if self.chance(0.3):
            rng.shuffle(self.out["results"])
        for domain in ("results", "conditions", "medications", "procedures", "answers"):
            if not self.out[domain]:
                del self.out[domain]
        return self.out

    def timepoints(self) -> None:
        """In the declared order; some undated; the derived ones mostly left to be derived."""
        rng, given = self.rng, {}
        stages = [stage.anchor for stage in self.protocol.stages]
        day = self.now
        for point in self.protocol.timepoints:
            before = [self.days[name] for name in point.after if name in self.days]
            floor = max(before, default=day)
            if point.at is not None:
                self.days[point.name] = self.anchor(point.at)
                if self.odd(0.05) and self.days[point.name] >= floor and not point.after:
                    self.days[point.name] += rng.choice((-1, 0, 1))
                    given[point.name] = iso(self.days[point.name])
                continue
            self.days[point.name] = floor + rng.choice((0, 0, 1, 1, 2, 7, 14, 28, 30, 90))
            if self.calm or self.chance(0.97 if point.name in stages[:1] else 0.75):
                given[point.name] = iso(self.days[point.name])
            elif self.chance(0.1):
                given[point.name] = None
        if given:
            self.out["timepoints"] = given

    def person(self) -> None:
        rng = self.rng
        if self.chance(0.95):
            self.out["sex"] = rng.choice(
                ("female", "female", "male", "male", "male", "female", "other", "unknown")
            )
        if self.chance(0.95):
            years = self.hints.ages or [18]
            count = rng.choice(years) if self.chance(0.5) else rng.randint(18, 60)
            if self.calm or self.chance(0.3):
                count = rng.randint(
                    min(years), max(years) - 1 if max(years) > min(years) else min(years) + 40
                )
            if self.chance(1 - self.good):
                count += rng.choice((-30, -5, 10, 60))
            born = plus_months(self.now, -12 * max(count, 0))
            born += rng.choice((0, -1, 1, 2)) if self.chance(0.3) else -rng.randint(0, 364)
            if self.chance(0.05):
                born = date(2004, 2, 29).toordinal()
            limit = date.fromisoformat(self.out.get("as_of", "2100-01-01")).toordinal()
            self.out["birth_date"] = self.date(min(born, limit))

    def setting(self) -> None:
        """Where somebody takes part, and which side is which."""
        found: JsonRecord = {}
        for leaf in self.hints.settings:
            if self.chance(0.9):
                others = ("left", "right") if set(leaf.values) <= {"left", "right"} else ("elsewhere",)
                found[leaf.name] = self.rng.choice((*leaf.values, *others))
        if found:
            self.out["setting"] = found

    def completeness(self) -> None:
        rng, found = self.rng, []
        for domain in ("conditions", "medications", "procedures", "results", "answers"):
            odds = self.good if domain not in ("results", "answers") else 0.1
            if self.chance(odds):
                if self.calm or self.chance(0.7):
                    found.append(domain)
                    continue
                entry: JsonRecord = {"domain": domain}
                since = self.now - rng.choice((3650, 400, 365, 90, 28, 14))
                if self.chance(0.8):
                    entry["since"] = self.date(since)
                if self.chance(0.5):
                    entry["until"] = self.date(self.now + rng.choice((0, 0, -1, 7, 60)))
                if entry.get("until", "9")[:10] >= entry.get("since", "0")[:10]:
                    found.append(entry)
        if found:
            self.out["complete"] = found

    # ------------------------------------------------------------ facts

    def facts(self) -> None:
        rng = self.rng
        covered = rng.choice((0.3, 0.7, 0.95, 1.0))
        if self.calm:
            self.meet_all()
            return
        for leaf, wanted, _ in self.hints.leaves:
            if rng.random() < covered:
                self.leaf(leaf, wanted if rng.random() < self.good else not wanted)
        if self.chance(0.9):
            for name in self.hints.inputs:
                if rng.random() < 0.9:
                    self.result(name, self.near(None, inside=True))
        for _ in range(rng.choice((0, 0, 1, 3, 8))):
            self.noise()

    def meet_all(self) -> None:
        """One way through every criterion: of what may be enough, only that much."""
        for stage in self.protocol.stages:
            cohorts = self.rng.sample(stage.cohorts, min(1, len(stage.cohorts)))
            for criterion in (*stage.criteria, *(each for cohort in cohorts for each in cohort.criteria)):
                self.meet_part(criterion.root, criterion.kind == "inclusion")
        asked = {fact["code"] for fact in self.out["results"] if isinstance(fact["code"], str)}
        for name in self.hints.inputs:
            if name not in asked:
                self.result(name, self.now)

    def meet_part(self, part: ir.Part, wanted: bool) -> None:
        if part.expr is not None:
            self.meet(part.expr, wanted)
        parts = part.parts
        if parts and part.combine != "all" and wanted:
            parts = self.some(parts, part.combine if isinstance(part.combine, int) else 1)
        for each in parts:
            self.meet_part(each, wanted)

    def some(self, members: tuple[Any, ...], enough: int) -> tuple[Any, ...]:
        return tuple(self.rng.sample(members, min(enough, len(members))))

    def meet(self, expr: ir.Expr, wanted: bool) -> None:
        match expr:
            case ir.Not(member=member):
                self.meet(member, not wanted)
            case ir.And(members=members) | ir.Or(members=members):
                either = isinstance(expr, ir.Or) == wanted
                for member in self.some(members, 1) if either else members:
                    self.meet(member, wanted)
            case ir.AtLeast(members=members, count=count):
                for member in self.some(members, count) if wanted else members:
                    self.meet(member, wanted)
            case ir.IfElse():
                self.meet(expr.then, wanted)
            case ir.Defined(name=name):
                self.meet(self.protocol.definitions[name].expr, wanted)
            case _:
                self.leaf(expr, wanted if self.chance(self.good) else not wanted)

    def noise(self) -> None:
        domain = self.rng.choice(list(self.hints.by_domain))
        name = self.rng.choice(self.hints.by_domain[domain])
        day = self.now - self.rng.choice((0, 1, 20, 300, 3000, -5))
        match domain:
            case "results":
                self.result(name, day)
            case "answers":
                self.answered(name, (), self.chance(0.5))
            case _:
                self.event(name, domain, day, present=self.chance(0.7))

    def leaf(self, leaf: Any, wanted: bool) -> None:
        match leaf:
            case ir.Result(observed=observed):
                self.tested(leaf, observed, wanted)
            case ir.Exists():
                self.existing(leaf, wanted)
            case ir.Answer(question=question, roles=roles):
                self.answered(question, roles, wanted)
            case ir.Change():
                self.result(leaf.item, self.near(leaf.start, inside=True))
                self.result(leaf.item, self.near(leaf.end, inside=True))
            case ir.Compare():
                for node in walk(leaf):
                    match node:
                        case ir.Observed(item=item, window=window):
                            self.result(item, self.near(window, inside=self.chance(0.9)))
                        case ir.Mean(ir.Observed(item=item, window=window), last):
                            for _ in range(last - 1):
                                self.result(item, self.near(window, inside=self.chance(0.9)))
                        case ir.DoseOf():
                            self.dosed(node, leaf, wanted)
                        case _:
                            pass
            case _:
                pass

    # ------------------------------------------------------------ results

    def tested(self, leaf: ir.Result, observed: ir.Observed, wanted: bool) -> None:
        day = self.near(observed.window, inside=self.calm or self.chance(0.97 if self.plain else 0.85))
        times = leaf.occasions.least + self.rng.choice((-1, 0, 1)) if leaf.occasions else 1
        if self.calm:
            times = max(times, 1)
        if self.odd(0.1):
            times += 1
        for _ in range(times):
            if isinstance(leaf.test, ir.CodeTest):
                self.worded(observed.item, day, leaf.test, wanted)
            else:
                bounds = self.rng.choice(leaf.test.bounds)
                self.result(observed.item, day, *bounds, wanted)
            spaced = leaf.occasions.spaced if leaf.occasions else None
            day -= (
                0
                if self.odd(0.3)
                else (moved(0, 1, spaced) if spaced and spaced.unit in ("day", "week") else 30)
            )
            wanted = wanted if self.chance(0.7) else not wanted
        for clean in observed.clean:
            if self.chance(0.5):
                domain = self.protocol.items[clean.item].domain
                self.event(clean.item, domain, day + self.rng.choice((0, -1, 1, -14, -13, -15)), present=True)

    def worded(self, name: str, day: int, test: ir.CodeTest, wanted: bool) -> None:
        item, rng = self.protocol.items[name], self.rng
        others = [value for value in item.values if value not in test.codes] or ["something else"]
        word: Any = rng.choice(test.codes if wanted != test.negated else others)
        if self.odd(0.1):
            word = rng.choice((word.upper(), word.replace("_", " "), word.title(), "borderline", 3))
        fact: JsonRecord = {"code": self.code(name), "value": word}
        self.sampled(fact, day)

    def result(
        self, name: str, day: int, op: str | None = None, limit: Any = None, wanted: bool = True
    ) -> None:
        """A result of an item: beside `limit` where one is given, else beside one of the item's own, or
        typical."""
        item, rng = self.protocol.items[name], self.rng
        if item.kind in ("finding", "grade") and item.unit is None and op is None:
            values = item.values or ("positive", "negative", "present", "absent")
            self.sampled({"code": self.code(name), "value": rng.choice(values)}, day)
            return
        fact: JsonRecord = {"code": self.code(name)}
        if item.is_class and self.hints.under[name]:
            item = self.protocol.items[rng.choice(self.hints.under[name])]
        value, ratio = self.number(item, op, limit, wanted, fact)
        if item.unit is not None:
            if not self.odd(0.04):
                text, times = rng.choice(self.hints.units[item.name])
                if self.plain:
                    text, times = item.unit.text, Fraction(1)
                if "uln" in fact or "low" in fact:
                    text, times = item.unit.text, Fraction(1)
                value *= times
                fact["unit"] = text
            if self.odd(0.02):
                fact["unit"] = rng.choice(("mg", "furlong", "mL/min/1.73.m2", "%", "", "U/L"))
        elif self.odd(0.03):
            fact["unit"] = rng.choice(("1", "points", "mg"))
        if self.odd(0.02):
            value = -value if self.chance(0.2) else value * 1000
        fact["value"] = self.written(value, ratio)
        self.sampled(fact, day)

    def number(
        self, item: ir.Item, op: str | None, limit: Any, wanted: bool, fact: JsonRecord
    ) -> tuple[Fraction, int]:
        """A value in the item's unit, and how many decimals it deserves."""
        rng = self.rng
        target: Fraction | None = None
        if isinstance(limit, ir.TimesLimit):
            bound = Fraction(rng.choice(("40", "35", "1.2", "21", "100")))
            if item.uln and self.chance(0.5):
                bound = rng.choice(item.uln).value
            if self.chance(0.93):
                fact["uln" if limit.which == "uln" else "low"] = decimal(bound)
            target = limit.factor * bound
        elif isinstance(limit, ir.Constant):
            target = limit.value
        elif self.hints.limits.get(item.name):
            target = rng.choice(self.hints.limits[item.name])
        if target is None:
            first, last = TYPICAL.get(item.name) or TYPICAL.get(item.unit.text if item.unit else "", (0, 20))
            low, high = Fraction(first), Fraction(last)
            if (
                item.minimum is not None
                and item.name not in TYPICAL
                and (low < item.minimum or not self.calm)
            ):
                low = item.minimum
            if (
                item.maximum is not None
                and item.name not in TYPICAL
                and (high > item.maximum or not self.calm)
            ):
                high = item.maximum
            return low + (high - low) * Fraction(rng.randint(0, 20), 20), 2
        above = op in (">", ">=")
        side = (1 if above == wanted else -1) if op not in (None, "=") else rng.choice((-1, 1))
        if op == "=" and wanted:
            return target, 3
        step = rng.choice(
            (Fraction(0), Fraction(1, 100), Fraction(1, 10), Fraction(1), target / 10, target / 2)
        )
        if step == 0 and (self.calm or not self.chance(0.3)):
            step = abs(target) / 4 or Fraction(1)
        value = target + side * step
        if item.minimum is not None and value < item.minimum and self.chance(0.95):
            value = item.minimum
        if item.maximum is not None and value > item.maximum and self.chance(0.95):
            value = item.maximum
        return value, 3

    def written(self, value: Fraction, places: int) -> Any:
        rng = self.rng
        number = decimal(value, 6 if places > 2 else places)
        if self.odd(0.05):
            return rng.choice(("<", ">", "≤", "≥", "<=", ">= ")) + str(number)
        if self.odd(0.03):
            return str(number)
        if self.odd(0.01):
            return rng.choice(("not detected", "1:80", "<1:40", "see comment", "1:640"))
        return number

    def sampled(self, fact: JsonRecord, day: int) -> None:
        """Date and time, and now and then a rival: the same again, or another value of the same day."""
        rng = self.rng
        if not self.odd(0.03):
            fact["date"] = self.date(day)
        if self.odd(0.05):
            fact["time"] = rng.choice(("08:00", "14:30", "14:30:30", "23:59"))
        if self.odd(0.02) or (self.hints.sided and self.chance(0.9)):
            fact["side"] = rng.choice(("left", "right", "left", "right", "both"))
        results = self.out["results"]
        results.append(fact)
        if self.odd(0.03):
            results.append(dict(fact))
        if self.odd(0.06):
            rival = dict(fact)
            value = rival["value"]
            rival["value"] = (
                value * 2 if isinstance(value, (int, float)) else rng.choice(("positive", "negative", "5"))
            )
            if self.chance(0.5):
                rival["date"] = self.date(day + rng.choice((0, -1, 1, 2, -7)))
            if self.chance(0.2):
                rival["time"] = rng.choice(("07:00", "15:00"))
            results.append(rival)

    def code(self, name: str) -> Any:
        """The item by its name, most of the time; else by a code of its own, broader, narrower or none."""
        item, rng = self.protocol.items[name], self.rng
        if item.is_class and self.hints.under[name] and self.chance(0.8):
            return self.code(rng.choice(self.hints.under[name]))
        if not self.odd(0.15):
            return name
        way = rng.random()
        if way < 0.5 and item.codes:
            own = rng.choice(item.codes)
            code = own.code
            if self.chance(0.2):
                code += rng.choice(("1", ".9"))
            elif self.chance(0.25) and len(code) > 3:
                code = code[:3]
            return {"system": own.system, "code": code}
        if way < 0.6 and self.hints.above.get(name):
            return rng.choice(self.hints.above[name])
        if way < 0.7 and self.uncoded:
            return None
        if way < 0.75:
            return {"system": rng.choice(("icd10", "snomed", "atc", "loinc", "local")), "code": "Z99"}
        if way < 0.78:
            return "nobody_knows_this"
        return name

    # ------------------------------------------------------------ events

    def existing(self, leaf: ir.Exists, wanted: bool) -> None:
        item = self.protocol.items[leaf.item]
        if not wanted:
            way = self.rng.random()
            if way < 0.45 or self.calm:
                return  # completeness has to say it
            if way < 0.75:
                self.event(leaf.item, item.domain, self.stretch(leaf.window)[1], present=False, leaf=leaf)
                return
            inside = way < 0.85
        else:
            inside = self.calm or self.chance(0.95)
        name = leaf.item
        if leaf.but_not and self.chance(0.15):
            name = self.rng.choice(leaf.but_not)
        for _ in range(max(1, leaf.least + (self.rng.choice((-1, 0, 1)) if leaf.least > 1 else 0))):
            self.event(name, item.domain, self.near(leaf.window, inside), present=True, leaf=leaf)

    def event(
        self, name: str, domain: str, day: int, *, present: bool, leaf: ir.Exists | None = None
    ) -> None:
        rng = self.rng
        if domain not in ("conditions", "medications", "procedures"):
            self.result(name, day)
            return
        fact: JsonRecord = {"code": self.code(name)}
        facts = self.out[domain]
        if not present:
            fact["code"] = fact["code"] if fact["code"] is not None and not self.plain else name
            fact["present"] = False
            if self.odd(0.2):
                fact["from"] = iso(day - rng.choice((10, 28, 400, 4000)))
            if self.odd(0.3) or (self.plain and day > self.now):
                fact["date"] = self.date(day + rng.choice((0, 0, 0, -1, 1)))
                if fact["date"][:10] < fact.get("from", "")[: len(fact["date"])]:
                    del fact["date"]
            facts.append(fact)
            return
        if domain == "procedures":
            self.dated(fact, "date", day)
            if self.odd(0.1):
                self.dated(fact, "end", day + rng.choice((0, 1, 7)), after=fact.get("date"))
        else:
            self.course(fact, domain, day, leaf)
        if leaf is not None and leaf.lines and not self.odd(0.2):
            fact["line"] = rng.randint(1, leaf.least + 1)
        for test in leaf.attributes if leaf is not None else ():
            self.attribute(fact, domain, test)
        if self.odd(0.05) and domain == "conditions":
            fact.setdefault("severity", rng.choice(SEVERITIES))
        facts.append(fact)
        if self.odd(0.03):
            facts.append(dict(fact))
        elif domain == "medications" and leaf is not None and self.odd(0.35):
            self.again(fact, name)

    def again(self, fact: JsonRecord, name: str) -> None:
        """Another course beside the first: it touches or overlaps it, or leaves a day between; perhaps of
        another drug, or of one nobody knows.
        """
        rng, other = self.rng, dict(fact)
        if self.chance(0.2):
            other["code"] = self.code(name)
        edges = [str(fact[key])[:10] for key in ("start", "end") if fact.get(key)]
        whole = [date.fromisoformat(edge).toordinal() for edge in edges if len(edge) == 10]
        if not whole:
            return
        start = rng.choice(whole) + rng.choice((1, 1, 1, 0, -1, 2, 3, -30, -90))
        other.pop("end", None)
        other["start"] = self.date(start)
        if self.chance(0.8):
            self.dated(other, "end", start + rng.choice((0, 1, 29, 30, 60, 120)), after=other["start"])
        elif self.chance(0.5):
            other["end"] = None
        if "line" in other and self.chance(0.5):
            other["line"] += 1
        self.out["medications"].append(other)

    def dated(self, fact: JsonRecord, key: str, day: int, after: Any = None) -> None:
        if self.odd(0.05):
            return
        written = self.date(day)
        if isinstance(after, str) and written[:10] < after[: len(written[:10])]:
            return
        fact[key] = written

    def course(self, fact: JsonRecord, domain: str, day: int, leaf: ir.Exists | None) -> None:
        """First and last day of a condition or a drug, one of them on or beside `day`."""
        rng = self.rng
        first_key = "onset" if domain == "conditions" else "start"
        length = rng.choice((0, 1, 6, 28, 90, 400, 2000))
        if leaf is not None and leaf.lasting is not None:
            by = leaf.lasting[1]
            length = day - moved(day, -1, by) - 1 + rng.choice((2, 9) if self.calm else (-1, 0, 1, 0))
        start = day if leaf is None or leaf.first_day else day - length
        if not self.calm and self.chance(0.4):
            start = day
        self.dated(fact, first_key, start)
        way = rng.random()
        if way < 0.4:
            fact["end"] = None
        elif way < 0.8:
            self.dated(fact, "end", max(start + length, start), after=fact.get(first_key))
        if domain == "medications" and self.chance(0.5):
            fact["dose"] = rng.choice((1, 2.5, 5, 7.5, 10, 15, 20, 60, 0.5))
            fact["unit"] = rng.choice(("mg/d", "mg/d", "mg/d", "mg/day", "g/d", "mg/kg/d", "mg/wk", "mg"))
        if leaf is not None and leaf.dose is not None:
            self.measured(fact, leaf.dose.amount, leaf.dose.unit.text, leaf.dose.per, leaf.dose.op)

    def measured(self, fact: JsonRecord, amount: Fraction, unit: str, per: str | None, op: str = "=") -> None:
        """A dose beside an amount; in a calm record on its right side."""
        rng = self.rng
        value = amount + rng.choice((0, 0, 1, -1, Fraction(1, 10), Fraction(-1, 10), amount, -amount / 2))
        if self.calm:
            value = amount * (Fraction(1, 2) if "<" in op else 2 if ">" in op else 1)
        fact["dose"] = decimal(max(value, Fraction(0)))
        if self.odd(0.05):
            fact["dose"] = rng.choice(("<", ">", "≤")) + str(fact["dose"])
        fact["unit"] = unit
        if per is not None and self.chance(0.5):
            fact["per"] = per
        if self.odd(0.05):
            del fact["unit" if self.chance(0.5) else "dose"]

    def dosed(self, asked: ir.DoseOf, leaf: ir.Compare, wanted: bool) -> None:
        op = leaf.op if isinstance(leaf.left, ir.DoseOf) else leaf.op.translate(_MIRROR)
        if self.calm and ("<" in op) == wanted:
            return  # with complete medications nothing recorded is no dose
        limit = next((node.value for node in walk(leaf) if isinstance(node, ir.Constant)), Fraction(10))
        names = self.hints.under[asked.item] or [asked.item]
        for _ in range(self.rng.choice((1, 1, 2, 3))):
            name = self.rng.choice(names)
            fact: JsonRecord = {"code": name if self.plain else self.code(name)}
            day = self.near(asked.window, inside=self.chance(0.9))
            self.course(fact, "medications", day, None)
            fact.pop("per", None)
            share = limit / (1 if self.calm else self.rng.choice((1, 1, 2)))
            self.measured(fact, share, asked.unit.text, asked.per, op)
            self.out["medications"].append(fact)

    def attribute(self, fact: JsonRecord, domain: str, test: ir.AttributeTest) -> None:
        """The attribute asked, right or not, or not recorded; only where the domain has such an attribute."""
        rng = self.rng
        if self.odd(0.2):
            return
        right = self.chance(0.6)
        if test.attribute == "side" and domain in ("conditions", "procedures"):
            fact["side"] = rng.choice(("left", "right", "both", "OD", "upper"))
            return
        key = "reason_stopped" if test.attribute == "reason" else test.attribute
        conditions, medications = ("severity", "grade", "stage"), ("route", "response", "reason_stopped")
        if key not in (
            conditions if domain == "conditions" else medications if domain == "medications" else ()
        ):
            return
        match key:
            case "severity":
                fact[key] = test.value if right and test.value in SEVERITIES else rng.choice(SEVERITIES)
            case "grade":
                base = int(test.value) if test.value.isdigit() else 2
                fact[key] = min(max(base + (0 if right else rng.choice((-1, 1, 2))), 0), 10)
            case "response":
                fact[key] = (
                    test.value
                    if right
                    else rng.choice(("refractory", "intolerant", "responded", "relapsed", "progressed"))
                )
            case "route":
                fact[key] = test.value if right else rng.choice(ROUTES)
            case _:
                fact[key] = (
                    test.value
                    if right
                    else rng.choice(
                        ("II", "III", "IIIA", "IIIB", "stage 3b", "IIIA2", "IV")
                        if key == "stage"
                        else ("toxicity", "cost", "lack of effect")
                    )
                )

    # ------------------------------------------------------------ answers

    def answered(self, question: str, roles: tuple[str, ...], truth: bool) -> None:
        rng = self.rng
        for _ in range(2 if self.odd(0.1) else 1):
            fact: JsonRecord = {"question": question, "answer": None if self.odd(0.05) else truth}
            if not self.odd(0.1):
                fact[rng.choice(("role", "by"))] = (
                    rng.choice(roles or ROLES) if not self.odd(0.1) else rng.choice(ROLES)
                )
            if not self.odd(0.05):
                fact["date"] = self.date(self.now - (0 if self.plain else rng.choice((0, 0, 1, 5, 40, -1))))
            self.out["answers"].append(fact)
            truth = truth if self.chance(0.5) else not truth


# ---------------------------------------------------------------- cutting down


def smaller(record: JsonRecord, fails: Callable[[JsonRecord], bool]) -> JsonRecord:
    """A smallest record, by leaving out facts, then fields, for which `fails` still holds."""
    found, shrunk = record, True
    while shrunk:
        shrunk = False
        for candidate in _cuts(found):
            if fails(candidate):
                found, shrunk = candidate, True
                break
    return found


def _cuts(record: JsonRecord) -> Iterator[JsonRecord]:
    for key, value in record.items():
        if key == "id":
            continue
        yield {name: other for name, other in record.items() if name != key}
        if isinstance(value, list):
            size = len(value) // 2
            while size:
                for start in range(0, len(value), size):
                    yield {**record, key: value[:start] + value[start + size :]}
                size //= 2
    for key, value in record.items():
        entries = (
            list(enumerate(value))
            if isinstance(value, list)
            else list(value.items())
            if isinstance(value, dict)
            else []
        )
        for place, entry in entries:
            if isinstance(value, dict):
                yield {**record, key: {name: other for name, other in value.items() if name != place}}
            elif isinstance(entry, dict):
                for attribute in entry:
                    if attribute not in ("code", "value", "question", "answer", "present", "domain"):
                        kept = {name: other for name, other in entry.items() if name != attribute}
                        yield {**record, key: [*value[:place], kept, *value[place + 1 :]]}
