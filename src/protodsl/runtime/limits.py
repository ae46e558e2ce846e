"""One result against the limits it is tested with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.facts import Sample
from protodsl.runtime.findings import Causes, Node, each_once, first_cause, remember
from protodsl.runtime.intervals import compared
from protodsl.runtime.measured import Measured
from protodsl.runtime.model.limits import CodeTest, Either, LimitTest, OfLimit
from protodsl.runtime.record import Exact, Interval, Result
from protodsl.runtime.report import Cause, Truth
from protodsl.runtime.result_numbers import unusable
from protodsl.runtime.units import conversion, factor, parse_unit
from protodsl.runtime.words import (
    Compared,
    amount,
    coded_reason,
    days_text,
    near_text,
    number_text,
    result_words,
    times_limit_text,
    times_text,
)


class Reading(NamedTuple):
    """What the tests say of one result."""

    truth: Truth
    causes: Causes


def word_form(word: str) -> str:
    """A coded value as records are read: `Not detected` is `not_detected`."""
    return word.lower().replace(" ", "_").replace("-", "_")


def all_true(truths: Sequence[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


Limits = tuple[tuple[Exact, Node | None], ...]  # the vocabulary's reference limits and whom they are for


class Tests:
    """The tests of one leaf, for results of one item."""

    __slots__ = (
        *("_plain", "_words", "bounds", "coded", "codes", "item", "label", "lln", "measured", "of_limits"),
        *("uln", "values"),
    )

    def __init__(
        self,
        measured: Measured,
        bounds: tuple[LimitTest, ...],
        coded: CodeTest | None,
        uln: Limits,
        lln: Limits,
        label: str,
    ) -> None:
        self.label = label  # of the item, with the side asked for
        self.measured = measured
        self.item = measured.item
        self.bounds = bounds
        self.coded = coded
        self.codes = frozenset(word_form(code) for code in coded.codes) if coded is not None else frozenset()
        self.values = tuple(word_form(value) for value in self.item.values)
        self.uln = uln
        self.lln = lln
        self._plain: dict[str | None, Any] = {}
        self.of_limits = tuple({one.limit.which for one in bounds if isinstance(one.limit, OfLimit)})
        self._words: dict[tuple[Any, ...], tuple[Interval | None, str]] = {}

    # ------------------------------------------------------------ the fast way: a plain number, a plain word

    def plain(self, result: Result) -> Truth | str:
        """The truth of a whole number or a known word; "slow" for everything else. Integers only."""
        number = result.number
        if number is None:
            coded, text = self.coded, result.text
            if coded is None or text not in self.values:
                return "slow"
            return (text in self.codes) != coded.negated
        value = number.low
        if value is None or value != number.high or self.coded is not None:
            return "slow"
        scaled = self._plain.get(result.unit)
        if scaled is None:
            scaled = self._scaled(result.unit)
            self._plain[result.unit] = scaled
        if scaled == "slow":
            return "slow"
        numerator, denominator = value.numerator, value.denominator
        low, high, tests = scaled
        if low is not None and numerator * low[1] < low[0] * denominator:
            return "slow"
        if high is not None and numerator * high[1] > high[0] * denominator:
            return "slow"
        for op, above, below, which in tests:
            if which is None:
                left, right = numerator * below, above * denominator
            else:
                limit = result.uln if which == "uln" else result.lln
                if limit is None:
                    return "slow"
                left = numerator * below * limit.denominator
                right = above * limit.numerator * denominator
            if op == "<=":
                if left > right:
                    return False
            elif op == ">=":
                if left < right:
                    return False
            elif op == "<":
                if left >= right:
                    return False
            elif op == ">":
                if left <= right:
                    return False
            elif left != right:
                return False
        return True

    def _scaled(self, unit: str | None) -> Any:
        """Limits and range in `unit`, as integers to multiply by."""
        if len(self._plain) > 1000:
            self._plain.clear()
        scale = self.measured.factor(unit)
        if scale is None:
            return "slow"

        def fraction(limit: Exact) -> tuple[int, int]:
            made = limit / scale if scale != 1 else limit
            exact = made if not isinstance(made, float) else None
            assert exact is not None
            return exact.numerator, exact.denominator

        tests: list[tuple[str, int, int, str | None]] = []
        for bound in self.bounds:
            if isinstance(bound.limit, Either):
                return "slow"
            if isinstance(bound.limit, OfLimit):
                times = bound.limit.factor
                tests.append((bound.op, times.numerator, times.denominator, bound.limit.which))
            else:
                tests.append((bound.op, *fraction(bound.limit), None))
        item = self.item
        ranges = [(item.minimum, item.maximum), item.plausible or (None, None)]
        lowest = [low for low, _ in ranges if low is not None]
        highest = [high for _, high in ranges if high is not None]
        return (
            fraction(max(lowest)) if lowest else None,
            fraction(min(highest)) if highest else None,
            tuple(tests),
        )

    # ------------------------------------------------------------ the whole way

    def reading(self, case: Case, sample: Sample) -> Reading:
        result = sample.result
        if not sample.computed:
            quick = self.plain(result)
            if quick is True or quick is False:
                return Reading(quick, ())
        return self.careful(case, sample)

    def careful(self, case: Case, sample: Sample) -> Reading:
        """What they say of a result that `plain` says nothing of."""
        result = sample.result
        if self.coded is not None:
            return self.coded_reading(result)
        interval = self.measured.interval(result)
        if interval is None:
            return Reading(None, unusable(sample, self.item.name))
        truths: list[Truth] = []
        causes: Causes = ()
        for bound in self.bounds:
            truth, why = self.bound(case, sample, interval, bound)
            truths.append(truth)
            causes += why
        truth = all_true(truths)
        if truth is not None:
            return Reading(truth, ())
        return Reading(None, each_once(causes) if sample.computed else first_cause(causes))

    def coded_reading(self, result: Result) -> Reading:
        coded = self.coded
        assert coded is not None
        if result.text is None or (self.values and result.text not in self.values):
            return Reading(None, (Cause("incomparable", self.item.name),))
        return Reading((result.text in self.codes) != coded.negated, ())

    def bound(self, case: Case, sample: Sample, interval: Interval, bound: LimitTest) -> tuple[Truth, Causes]:
        """One bound; `interval` is in the item's unit."""
        name = self.item.name
        limit = bound.limit
        vague: Causes = sample.causes or (Cause("imprecise", name),)
        if isinstance(limit, Either):
            found = self.option(sample.result, limit)
            if found is None:
                return None, (Cause("incomparable", name),)
            value, _, scale = found
            moved = Interval(
                None if interval.low is None else interval.low * scale,
                None if interval.high is None else interval.high * scale,
                interval.low_open,
                interval.high_open,
            )
            truth = compared(moved, bound.op, value)
            return truth, () if truth is not None else vague
        if not isinstance(limit, OfLimit):
            truth = compared(interval, bound.op, limit)
            return truth, () if truth is not None else vague
        own, causes = self.limits(case, sample, limit)
        if not own:
            return None, causes or (Cause("no reference limit", name),)
        truths = [compared(interval, bound.op, limit.factor * one) for one in own]
        if all(one == truths[0] for one in truths):
            return truths[0], () if truths[0] is not None else (*causes, *vague)
        if causes or None in truths:
            return None, (*causes, *(vague if None in truths else ()))
        return None, (Cause("conflicting", name),)

    def limits(self, case: Case, sample: Sample, limit: OfLimit) -> tuple[list[Exact], Causes]:
        """The reference limits that may apply, in the item's unit; causes where it is open which."""
        result = sample.result
        own = result.uln if limit.which == "uln" else result.lln
        if own is not None:
            scale = self.measured.factor(result.unit)
            if scale is None:  # words (“not detected”) count without a unit, but their limit does not
                return [], (Cause("incomparable", self.item.name),)
            return [own * scale], ()
        declared = self.uln if limit.which == "uln" else self.lln
        if not declared:
            return [], ()
        date = result.date
        there: Case | None = None
        found: list[Exact] = []
        causes: Causes = ()
        for value, condition in declared:
            if condition is not None:
                if there is None:
                    there = case.at_sample(case.dated(date))
                finding = condition.finding(there)
                if finding.truth is False:
                    continue
                causes += finding.causes
            found.append(value)
        return found, each_once(causes)

    def option(self, result: Result, limit: Either) -> tuple[Exact, str, Exact] | None:
        """The limit in the result's own dimension, its unit, and the factor from the item's unit to it."""
        unit = result.unit if result.unit is not None else self.item.unit
        own = parse_unit(unit) if unit is not None else None
        base = parse_unit(self.item.unit) if self.item.unit is not None else None
        if own is None and result.unit in self.item.also_units:
            own = base
        if own is None or base is None:
            return None
        molar_mass = self.item.molar_mass
        for mass in (None, molar_mass):
            for value, text in limit.options:
                there = parse_unit(text)
                if there is not None and factor(own, there, mass) is not None:
                    scale = factor(base, there, molar_mass)
                    if scale is not None:
                        return value, text, scale
        return None

    # ------------------------------------------------------------ words

    def sentence(self, case: Case, sample: Sample) -> str:
        """The result and where it stands, for an answer that is decided."""
        result = sample.result
        if self.coded is not None:
            return coded_reason(self.label, result.raw or result.text or "", result.date)
        limits = [result.uln if which == "uln" else result.lln for which in self.of_limits]
        # the same number, told with the same limits, is recorded of many people: only its date is another;
        # what is computed, or held against a limit of the vocabulary, depends on more
        plain = not sample.computed and None not in limits
        key = (result.raw, result.unit, result.text, *limits)
        known = self._words.get(key) if plain else None
        if known is not None and known[0] == result.number:
            return f"{known[1]}, sampled {days_text(result.date)}"
        interval = self.measured.interval(result)
        assert interval is not None
        point = interval.low if interval.low is not None and interval.low == interval.high else None
        said = [self.compared(case, sample, interval, point, bound) for bound in self.bounds]
        raw = result.raw
        if sample.computed and point is not None:
            first = self.bounds[0].limit
            raw = near_text(point, first if not isinstance(first, (OfLimit, Either)) else None)
        words = result_words(self.label, raw, result.unit, said)
        if plain:
            remember(self._words, key, (result.number, words))
        return f"{words}, {'as of' if sample.computed else 'sampled'} {days_text(result.date)}"

    def compared(
        self, case: Case, sample: Sample, interval: Interval, point: Exact | None, bound: LimitTest
    ) -> Compared:
        truth, _ = self.bound(case, sample, interval, bound)
        result, limit = sample.result, bound.limit
        shown: str | None = None
        if isinstance(limit, Either):
            found = self.option(result, limit)
            if found is None:
                return Compared(bound.op, "the limit", truth)
            value, unit, scale = found
            if point is not None and result.unit is not None and conversion(result.unit, unit) != 1:
                shown = amount(near_text(point * scale, value), unit)
            return Compared(bound.op, amount(number_text(value), unit), truth, shown)
        if isinstance(limit, OfLimit):
            own = result.uln if limit.which == "uln" else result.lln
            if point is not None:
                number = result.number
                exact = number is not None and number.low == number.high
                if own is not None and number is not None and number.low is not None and exact:
                    shown = times_text(number.low, own, limit.factor, limit.which, result.unit)
                elif own is None:
                    applying, _ = self.limits(case, sample, limit)
                    if len(set(applying)) == 1:  # else it is open which of them it is
                        shown = times_text(
                            point, applying[0], limit.factor, limit.which, self.item.unit, declared=True
                        )
            return Compared(bound.op, times_limit_text(limit.factor, limit.which), truth, shown)
        if point is not None and self.measured.factor(result.unit) != 1:
            shown = amount(near_text(point, limit), self.item.unit)
        return Compared(bound.op, amount(number_text(limit), self.item.unit), truth, shown)
