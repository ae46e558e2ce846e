"""How long events last, and which courses of a drug are one: those that touch or overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from protodsl.runtime.codes import Vocabulary
from protodsl.runtime.dates import shifted_day
from protodsl.runtime.facts import Happening, Lasted
from protodsl.runtime.frames import Span
from protodsl.runtime.record import Coded
from protodsl.runtime.report import Truth


class Fit(NamedTuple):
    """One record that may be the event asked for."""

    happening: Happening
    days: Lasted
    sure: bool
    opened: bool = False  # only because a class is not listed exhaustively
    lacking: bool = False  # a tested attribute is not recorded


def lasted_truth(days: Lasted, span: Span, op: str, amount: tuple[int, int]) -> Truth:
    """Whether a course lasts `op` so long, counted up to the window's end at most."""
    if op == ">=" or op == ">":
        return _as_long(days, span, amount, more=op == ">")
    if op == "<" or op == "<=":
        long = _as_long(days, span, amount, more=op == "<=")
        return None if long is None else not long
    least, more = _as_long(days, span, amount, more=False), _as_long(days, span, amount, more=True)
    if least is False or more is True:
        return False
    return True if least and more is False else None


def _as_long(days: Lasted, span: Span, amount: tuple[int, int], *, more: bool) -> Truth:
    """Whether a course lasts at least so long, or longer (`more`)."""
    first_lo, first_hi, last_lo, last_hi = days
    end_lo, end_hi = span[2], span[3]
    step = 1 if more else 0
    surely = shifted_day((last_lo if last_lo < end_lo else end_lo) + 1, -1, amount)
    if first_hi + step <= surely:
        return True
    perhaps = shifted_day((last_hi if last_hi < end_hi else end_hi) + 1, -1, amount)
    return None if first_lo + step <= perhaps else False


def joined_courses(vocabulary: Vocabulary, candidates: list[Fit]) -> list[Lasted]:
    drugs = [vocabulary.drug(fit.happening.fact.code) for fit in candidates]
    named = [vocabulary.identified(drug) for drug in drugs]
    by_drug: dict[Coded, list[Fit]] = {}
    for fit, drug in zip(candidates, drugs, strict=True):
        by_drug.setdefault(drug, []).append(fit)
    clear = all(named)
    unnamed = [fit for fit, known in zip(candidates, named, strict=True) if not known]
    apart = {drug for drug, fits in by_drug.items() if clear and _apart([fit.days for fit in fits])}
    found: list[Lasted] = []
    for fit, drug, known in zip(candidates, drugs, named, strict=True):
        perhaps = by_drug[drug]
        if drug in apart:
            found.append(fit.days)
            continue
        sure = [other for other in perhaps if other.sure] if drug.code is not None else [fit]
        reaches = [_reach_possible(fit, perhaps)]
        if not clear:  # what is unnamed may be of any one drug of the vocabulary: of each it is seen how far
            of = {drug} if known else {each for each, its in zip(drugs, named, strict=True) if its}
            reaches = [_reach_possible(fit, [*by_drug.get(each, ()), *unnamed]) for each in of] or [
                _reach_possible(fit, unnamed)
            ]
        first_hi, last_lo = _reach_sure(fit, sure)
        firsts, lasts = zip(*reaches, strict=True)
        found.append(Lasted(min(firsts), first_hi, last_lo, max(lasts)))
    return found


def _apart(days: list[Lasted]) -> bool:
    """Whether none of the courses can touch or overlap another."""
    if len(days) == 1:
        return True
    days.sort()
    last = days[0][3]
    for one in days[1:]:
        if one[0] <= last + 1:
            return False
        last = max(last, one[3])
    return True


_MOST_COMPARED = 300  # courses of one person that are compared with one another; of more, all may be one drug


def course_numbers(vocabulary: Vocabulary, candidates: list[Fit], *, may: bool) -> list[int]:
    """For each record the number of its course; `may`: whatever may be one is."""
    drugs = [vocabulary.drug(fit.happening.fact.code) for fit in candidates]
    named = [vocabulary.identified(drug) for drug in drugs]
    groups = list(range(len(candidates)))
    if len(candidates) > _MOST_COMPARED:
        return [0] * len(candidates) if may else groups

    def linked(one: int, other: int) -> bool:
        a, b = candidates[one], candidates[other]
        if may:
            same = drugs[one] == drugs[other] or not (named[one] and named[other])
            return same and a.days.first_lo <= b.days.last_hi + 1 and b.days.first_lo <= a.days.last_hi + 1
        return (
            (a.sure and b.sure and drugs[one] == drugs[other] and drugs[one].code is not None)
            and a.days.first_hi <= b.days.last_lo + 1
            and b.days.first_hi <= a.days.last_lo + 1
        )

    for place in range(len(candidates)):
        for other in range(place):
            if groups[place] != groups[other] and linked(place, other):
                old, new = groups[place], groups[other]
                groups = [new if group == old else group for group in groups]
    return groups


def _reach_possible(fit: Fit, others: Sequence[Fit]) -> tuple[int, int]:
    """The earliest first and the latest last day of the course `fit` may be part of."""
    first, last = fit.days.first_lo, fit.days.last_hi
    grown = True
    while grown:
        grown = False
        for other in others:
            days = other.days
            if days.first_lo <= last + 1 and days.last_hi >= first - 1:
                if days.first_lo < first:
                    first, grown = days.first_lo, True
                if days.last_hi > last:
                    last, grown = days.last_hi, True
    return first, last


def _reach_sure(fit: Fit, others: Sequence[Fit]) -> tuple[int, int]:
    """The latest first and the earliest last day of the course `fit` surely is part of."""
    first, last = fit.days.first_hi, fit.days.last_lo
    members = [fit.days]
    left = [other.days for other in others if other is not fit]
    grown = True
    while grown and left:
        grown = False
        still: list[Lasted] = []
        for days in left:
            begun, over = days[1], days[2]
            if any(begun <= one[2] + 1 and one[1] <= over + 1 for one in members):
                members.append(days)
                first, last = min(first, begun), max(last, over)
                grown = True
            else:
                still.append(days)
        left = still
    return first, last
