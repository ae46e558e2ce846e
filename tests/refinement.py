"""Records that know more: `refine` makes a refinement as the reference defines it ("Learning more").

Cautious on purpose. Where it is not plain that a step adds knowledge without contradicting, replacing or
tying with what the record says or the protocol assumes, the step is not taken: a test that compares the two
records must never fail for a mistake made here.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from random import Random
from typing import Any

from protocol_hints import Hints, hints
from protocol_hints import family as related

from protodsl import ir
from protodsl.runtime.record import FIRST_DAY, Days
from protodsl.runtime.units import factor, parse_unit
from protodsl.runtime.values import days_of, value_of

EVENTS = ("conditions", "medications", "procedures")
FIRST_DATE = {"conditions": "onset", "medications": "start", "procedures": "date"}
ATTRIBUTES: dict[str, tuple[tuple[str, tuple[Any, ...]], ...]] = {
    "conditions": (
        ("severity", ("mild", "moderate", "severe", "life_threatening")),
        ("grade", (1, 2, 3, 4)),
        ("stage", ("I", "II", "III", "IV")),
    ),
    "medications": (
        ("response", ("refractory", "intolerant", "responded", "relapsed", "progressed")),
        ("route", ("oral", "intravenous", "subcutaneous")),
        ("reason_stopped", ("toxicity", "cost")),
    ),
    "procedures": (),
}


def refine(record: dict[str, Any], protocol: ir.Protocol, rng: Random) -> dict[str, Any]:
    """A copy of the record with one to four steps of knowledge more; the same record where none was found."""
    refiner = _Refiner(copied(record), protocol, rng)
    steps = rng.choices(STEPS, k=rng.choice((4, 8, 16)))
    done, wanted = 0, rng.choice((1, 1, 2, 4))
    for step in steps:
        done += bool(step(refiner))
        if done == wanted:
            break
    return refiner.record


def reworded(record: dict[str, Any], protocol: ir.Protocol, rng: Random) -> dict[str, Any]:
    """The same record in other words: facts in another order, some twice, numbers in another unit."""
    found = copied(record)
    for domain in ("results", *EVENTS, "answers"):
        facts = found.get(domain)
        if facts:
            if domain == "results":
                facts = [_other_unit(fact, protocol, rng) for fact in facts]
            facts += [dict(fact) for fact in facts if rng.random() < 0.1]
            rng.shuffle(facts)
            found[domain] = facts
    return found


def _other_unit(fact: dict[str, Any], protocol: ir.Protocol, rng: Random) -> dict[str, Any]:
    """A numeric result in another unit of its item, where that changes no digit beyond the sixth."""
    item = protocol.items.get(fact["code"]) if isinstance(fact.get("code"), str) else None
    unit = parse_unit(fact.get("unit") or "")
    if (
        item is None
        or item.unit is None
        or unit is None
        or isinstance(fact["value"], str)
        or rng.random() < 0.3
    ):
        return fact
    ratio = factor(item.unit, unit, item.molar_mass)
    if ratio is None or fact["unit"] in item.also_units:
        return fact
    text, times = rng.choice(hints(protocol).units[item.name])
    changed = {**fact, "unit": text}
    for key in {"value", "uln", "low"} & fact.keys():
        exact = Fraction(repr(fact[key])) / ratio * times
        if exact != round(exact, 6) or abs(exact) > 10**9:
            return fact
        changed[key] = exact.numerator if exact.denominator == 1 else float(exact)
    return changed


def copied(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [dict(entry) if isinstance(entry, dict) else entry for entry in value]
        if isinstance(value, list)
        else dict(value)
        if isinstance(value, dict)
        else value
        for key, value in record.items()
    }


def iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def days(text: Any) -> Days | None:
    found = days_of(text) if isinstance(text, str) else None
    return found if isinstance(found, Days) else None


class _Refiner:
    def __init__(self, record: dict[str, Any], protocol: ir.Protocol, rng: Random) -> None:
        self.record, self.protocol, self.rng = record, protocol, rng
        self.hints: Hints = hints(protocol)
        stated = days(record.get("as_of"))
        dated = [days(value) for value in record.get("timepoints", {}).values()]
        self.as_of = stated.first if stated else None
        # no date at all means "any day up to as_of", which is some stage's anchor where none is stated
        self.latest = min(
            [self.as_of] if self.as_of else [each.first for each in dated if each], default=None
        )

    # ------------------------------------------------------------ what is related

    def may_speak(self, code: Any, family: frozenset[str]) -> bool:
        """Whether a fact so coded may speak of the family: everything does but a name known to be another."""
        return not isinstance(code, str) or code not in self.protocol.items or code in family

    def contradicted(self, domain: str, family: frozenset[str]) -> bool:
        """Whether some absence may speak of the family."""
        return any(
            fact.get("present") is False and self.may_speak(fact.get("code"), family)
            for fact in self.record.get(domain, ())
        )

    def family_of(self, code: Any) -> frozenset[str] | None:
        """The family of a fact's code; None: it may be anything."""
        return related(self.hints, code) if isinstance(code, str) and code in self.protocol.items else None

    def free(self, domain: str, code: Any) -> bool:
        """No absence stands against facts of this code."""
        family = self.family_of(code)
        if family is None:
            return not any(fact.get("present") is False for fact in self.record.get(domain, ()))
        return not self.contradicted(domain, family)

    def complete(self, domain: str) -> bool:
        return any(
            entry == domain or (isinstance(entry, dict) and entry.get("domain") == domain)
            for entry in self.record.get("complete", ())
        )

    def pick(self, domain: str) -> dict[str, Any] | None:
        facts = [fact for fact in self.record.get(domain, ()) if fact.get("present", True)]
        return self.rng.choice(facts) if facts else None

    def replace(self, domain: str, fact: dict[str, Any], changes: dict[str, Any]) -> None:
        """Change a fact together with its repetitions, which stand for the same one."""
        before = dict(fact)
        for other in self.record[domain]:
            if other == before:
                other.update(changes)

    # ------------------------------------------------------------ narrower

    def narrower_date(self) -> bool:
        rng = self.rng
        domain = rng.choice(("results", *EVENTS, "answers"))
        fact = self.pick(domain)
        if fact is None or (domain in EVENTS and not self.free(domain, fact.get("code"))):
            return False
        key = rng.choice(
            {"conditions": ("onset", "end"), "medications": ("start", "end")}.get(domain, ("date",))
        )
        found = self.narrowed(fact.get(key))
        if found is None:
            return False
        first, last = (FIRST_DATE.get(domain, "date"), "end") if domain in EVENTS else ("date", "date")
        changed = {**fact, key: found}
        start, end = days(changed.get(first)), days(changed.get(last))
        if start and end and (end.first < start.first or end.last < start.last):
            return False
        self.replace(domain, fact, {key: found})
        return True

    def narrowed(self, text: Any) -> str | None:
        span = days(text)
        if span is None or span.first == span.last:
            return None
        last = span.last if self.as_of is None else min(span.last, self.as_of)
        if last < span.first:
            return None
        day = self.rng.choice((span.first, last, self.rng.randint(span.first, last)))
        month = iso(day)[:7]
        whole = days(month)
        narrow = len(text) == 4 and self.rng.random() < 0.3 and whole and whole.last <= last
        return month if narrow else iso(day)

    def narrower_birth(self) -> bool:
        found = self.narrowed(self.record.get("birth_date"))
        if found is None:
            return False
        self.record["birth_date"] = found
        return True

    def first_date(self) -> bool:
        """A date where none was recorded: any day up to `as_of`."""
        domain = self.rng.choice((*EVENTS, "results", "answers"))
        fact = self.pick(domain)
        key = FIRST_DATE.get(domain, "date")
        if fact is None or fact.get(key) is not None or self.latest is None:
            return False
        if domain in EVENTS and not self.free(domain, fact.get("code")):
            return False
        last = self.latest
        if "end" in fact:
            end = days(fact["end"])
            last = min(last, end.first) if end else last
        self.replace(domain, fact, {key: iso(last - self.rng.choice((0, 1, 7, 27, 28, 29, 365, 3000)))})
        return True

    def narrower_value(self) -> bool:
        fact = self.pick("results")
        value = value_of(fact["value"]).number if fact and isinstance(fact["value"], str) else None
        if fact is None or value is None or value.low == value.high:
            return False
        item = self.protocol.items.get(fact["code"]) if isinstance(fact.get("code"), str) else None
        if item is None or item.is_class:
            return False
        near = Fraction(value.low if value.low is not None else value.high)
        step = abs(near) * self.rng.choice((Fraction(1, 1000), Fraction(1, 20))) or Fraction(1, 1000)
        closed = not (value.low_open or value.high_open)
        step = Fraction(0) if closed and self.rng.random() < 0.3 else step
        exact = near + step if value.high is None else near - step
        unit = parse_unit(fact["unit"]) if fact.get("unit") else None
        ratio: Fraction | None = Fraction(1)
        if item.unit is not None and unit is not None:
            ratio = factor(unit, item.unit, item.molar_mass)
        if ratio is None:
            return False
        shown = Fraction(repr(float(exact)))
        if (value.high is not None and not shown <= value.high) or (
            value.low is not None and not shown >= value.low
        ):
            return False
        if not closed and shown == near:
            return False
        canonical = shown * ratio
        if (item.minimum is not None and canonical < item.minimum) or (
            item.maximum is not None and canonical > item.maximum
        ):
            return False
        if shown < 0:
            return False
        self.replace("results", fact, {"value": float(exact)})
        return True

    def narrower_code(self) -> bool:
        """A class becomes a member; a fact without a code gets one; ICD-10 and ATC codes get longer."""
        domain = self.rng.choice((*EVENTS, "results"))
        fact = self.pick(domain)
        if fact is None or (domain in EVENTS and not self.free(domain, fact.get("code"))):
            return False
        code = fact.get("code")
        if code is None and domain in EVENTS:
            names = [name for name in self.hints.by_domain.get(domain, ()) if name not in self.hints.recent]
            found: Any = self.rng.choice(names) if names else None
        elif isinstance(code, str) and self.hints.under.get(code) and domain in EVENTS:
            found = self.rng.choice(self.hints.under[code])
        elif isinstance(code, dict) and code["system"] in ("icd10", "atc"):
            found = {**code, "code": code["code"] + self.rng.choice(("1", "01"))}
        else:
            return False
        if found is None:
            return False
        self.replace(domain, fact, {"code": found})
        return True

    # ------------------------------------------------------------ attributes

    def attribute(self) -> bool:
        domain = self.rng.choice(EVENTS)
        fact = self.pick(domain)
        if fact is None or not ATTRIBUTES[domain]:
            return False
        key, values = self.rng.choice(ATTRIBUTES[domain])
        if fact.get(key) is not None:
            return False
        if not self.free(domain, fact.get("code")):
            return False
        self.replace(domain, fact, {key: self.rng.choice(values)})
        return True

    def dose(self) -> bool:
        fact = self.pick("medications")
        if fact is None or "dose" in fact or "unit" in fact or not self.free("medications", fact.get("code")):
            return False
        dose = {
            "dose": self.rng.choice((1, 5, 7.5, 10, 20, 60)),
            "unit": self.rng.choice(("mg/d", "mg/kg/d", "mg")),
        }
        self.replace("medications", fact, dose)
        return True

    def drug_end(self) -> bool:
        """Without an end a drug may have ended on any day from its start."""
        fact = self.pick("medications")
        start = days(fact.get("start")) if fact is not None else None
        if fact is None or start is None or "end" in fact or not self.free("medications", fact.get("code")):
            return False
        last = self.latest if self.latest is not None else start.last
        if last < start.last:
            return False
        self.replace("medications", fact, {"end": iso(self.rng.randint(start.last, last))})
        return True

    def unit(self) -> bool:
        """A unit where the item needs one and none was written."""
        fact = self.pick("results")
        item = self.protocol.items.get(fact["code"]) if fact and isinstance(fact.get("code"), str) else None
        if fact is None or fact.get("unit") is not None or "uln" in fact or "low" in fact:
            return False
        if item is None or item.is_class or item.unit is None or not item.unit.dimension:
            return False
        if item.unit.dimension[0][0] == "points":
            return False
        self.replace("results", fact, {"unit": item.unit.text})
        return True

    def limit(self) -> bool:
        """A reference limit of the result's own, where the vocabulary has none to stand in for it."""
        fact = self.pick("results")
        item = self.protocol.items.get(fact["code"]) if fact and isinstance(fact.get("code"), str) else None
        if (
            fact is None
            or item is None
            or item.is_class
            or item.uln
            or item.lln
            or "uln" in fact
            or "low" in fact
        ):
            return False
        value = fact["value"]
        if not isinstance(value, (int, float)) or value < 0:
            return False
        low, high = sorted((round(value * 0.9, 6), round(value * self.rng.choice((0.2, 0.5, 1, 1.5)), 6)))
        self.replace("results", fact, {"uln": high, "low": low})
        return True

    def answer_part(self) -> bool:
        """Who answered, where that was not recorded."""
        fact = self.pick("answers")
        if fact is None or fact.get("role") is not None or fact.get("by") is not None:
            return False
        self.replace("answers", fact, {"role": self.rng.choice(("investigator", "participant", "guardian"))})
        return True

    # ------------------------------------------------------------ the person and the frame

    def sex(self) -> bool:
        if self.record.get("sex") not in (None, "unknown"):
            return False
        self.record["sex"] = self.rng.choice(("female", "male"))
        return True

    def birth(self) -> bool:
        if self.record.get("birth_date") is not None or self.latest is None:
            return False
        self.record["birth_date"] = iso(max(FIRST_DAY, self.latest - self.rng.randint(0, 90 * 365)))
        return True

    def timepoint(self) -> bool:
        """A date for an undated timepoint that is no stage's anchor, is not derived, and derives none."""
        points = {point.name: point for point in self.protocol.timepoints}
        given = {
            name: found.first
            for name, text in self.record.get("timepoints", {}).items()
            if (found := days(text))
        }
        anchors = {stage.anchor for stage in self.protocol.stages}
        free = [name for name, point in points.items() if name not in given and name not in anchors]
        free = [name for name in free if points[name].at is None]
        if not free or self.as_of is None:  # the earliest timepoint stands in for `as_of` in this module
            return False
        name = self.rng.choice(free)
        before = [given[each] for each in self.reach(points, name) if each in given]
        after = [given[each] for each in given if each in points and name in self.reach(points, each)]
        low = max(before, default=min(after, default=self.as_of) - 30)
        high = min(after, default=low + 60)
        if low > high:
            return False
        self.record.setdefault("timepoints", {})[name] = iso(self.rng.randint(low, high))
        return True

    def reach(self, points: dict[str, ir.Timepoint], name: str) -> set[str]:
        """The timepoints declared to come before `name`, directly or not."""
        found: set[str] = set()
        stack = list(points[name].after)
        while stack:
            each = stack.pop()
            if each not in found and each in points:
                found.add(each)
                stack += points[each].after
        return found

    def answer(self) -> bool:
        """An answer to a question nobody has answered, also not with null."""
        questions = sorted({leaf.question for leaf, _, _ in self.hints.leaves if isinstance(leaf, ir.Answer)})
        answered = {fact["question"] for fact in self.record.get("answers", ())}
        left = [question for question in questions if question not in answered]
        if not left or self.complete("answers"):
            return False
        fact: dict[str, Any] = {"question": self.rng.choice(left), "answer": self.rng.random() < 0.5}
        if self.latest is not None and self.rng.random() < 0.9:
            fact["date"] = iso(self.latest - self.rng.choice((0, 1, 30)))
        if self.rng.random() < 0.8:
            fact["role"] = self.rng.choice(("investigator", "participant", "guardian"))
        self.record.setdefault("answers", []).append(fact)
        return True

    # ------------------------------------------------------------ further facts

    def absence(self) -> bool:
        domain = self.rng.choice(EVENTS)
        name = self.rng.choice(self.hints.by_domain[domain])
        family = related(self.hints, name)
        facts = self.record.get(domain, ())
        if any(fact.get("present", True) and self.may_speak(fact.get("code"), family) for fact in facts):
            return False
        if family & self.hints.recent:
            return False
        fact = {"code": name, "present": False}
        if self.rng.random() < 0.3 and self.latest is not None:
            fact["date"] = iso(self.latest - self.rng.choice((0, 1, 30)))
        self.record.setdefault(domain, []).append(fact)
        return True

    def completeness(self) -> bool:
        domain = self.rng.choice((*EVENTS, "results"))
        entry: Any = domain
        if self.rng.random() < 0.4 and self.latest is not None:
            entry = {"domain": domain, "since": iso(self.latest - self.rng.choice((28, 90, 400)))}
        if entry in self.record.get("complete", ()):
            return False
        self.record.setdefault("complete", []).append(entry)
        return True

    def event(self) -> bool:
        domain = self.rng.choice(EVENTS)
        if self.complete(domain):
            return False
        name = self.rng.choice(self.hints.by_domain[domain])
        family = related(self.hints, name)
        if self.contradicted(domain, family) or family & self.hints.recent or self.latest is None:
            return False
        fact: dict[str, Any] = {"code": name}
        fact[FIRST_DATE[domain]] = iso(self.latest - self.rng.choice((0, 1, 7, 27, 28, 29, 90, 400, -5)))
        if domain != "procedures" and self.rng.random() < 0.5:
            fact["end"] = None
        self.record.setdefault(domain, []).append(fact)
        return True

    def older_result(self) -> bool:
        """A further result, surely older than every result that might speak of the same thing."""
        if self.complete("results") or self.latest is None:
            return False
        names = self.hints.by_domain.get("results", ())
        name = self.rng.choice(names)
        family = related(self.hints, name)
        barred = self.hints.early | self.hints.reported
        if family & barred or any(name in self.hints.inputs for name in family):
            return False
        first = self.latest
        for fact in self.record.get("results", ()):
            if self.may_speak(fact.get("code"), family):
                span = days(fact.get("date"))
                first = min(first, span.first if span else FIRST_DAY)
        day = first - self.rng.choice((1, 2, 14, 100))
        if day < 3000:
            return False
        item = self.protocol.items[name]
        value: Any = self.rng.choice(item.values or ("positive", "negative"))
        fact = {"code": name, "date": iso(day)}
        if item.unit is not None:
            value = float(self.rng.choice(self.hints.limits.get(name) or [Fraction(3)]))
            fact["unit"] = item.unit.text
        fact["value"] = value
        self.record.setdefault("results", []).append(fact)
        return True


STEPS = (
    *(_Refiner.narrower_date, _Refiner.narrower_date, _Refiner.narrower_birth, _Refiner.first_date),
    *(
        _Refiner.narrower_value,
        _Refiner.narrower_value,
        _Refiner.narrower_code,
        _Refiner.attribute,
        _Refiner.dose,
    ),
    *(_Refiner.drug_end, _Refiner.unit, _Refiner.limit, _Refiner.answer_part, _Refiner.sex, _Refiner.birth),
    *(_Refiner.timepoint, _Refiner.answer, _Refiner.absence, _Refiner.absence, _Refiner.completeness),
    *(_Refiner.event, _Refiner.event, _Refiner.older_result, _Refiner.older_result),
)
