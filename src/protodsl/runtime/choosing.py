"""Which results of an item count, which may, and which may be the latest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from protodsl.runtime.case import Case
from protodsl.runtime.dates import in_days_and_months, shifted_day
from protodsl.runtime.facts import Sample
from protodsl.runtime.findings import Causes, Node, in_record_order
from protodsl.runtime.frames import Span
from protodsl.runtime.model.windows import Length
from protodsl.runtime.record import FIRST_DAY, Days
from protodsl.runtime.report import Cause


class Entry(NamedTuple):
    """A result that may lie in the window. `counts`: it surely does; `causes`: why a filter leaves it
    open.
    """

    sample: Sample
    first: int
    last: int
    counts: bool
    causes: Causes

    @property
    def time(self) -> str | None:
        return self.sample.time


class Pool(NamedTuple):
    """The results of an item that may lie in a window, and those that surely do not."""

    entries: list[Entry]
    outside: list[Entry]


def pooled(
    case: Case,
    samples: Iterable[Sample],
    span: Span,
    until: tuple[int, int] | None,
    clean: Sequence[Node] = (),
) -> Pool:
    """`until`: the last day recency looks at, earliest and latest; `clean`: events that spoil a sample."""
    as_of = case.as_of
    assert as_of is not None
    start_lo, start_hi, end_lo, end_hi = span
    if until is not None:
        end_lo, end_hi = min(end_lo, until[0]), min(end_hi, until[1])
    end_lo, end_hi = min(end_lo, as_of), min(end_hi, as_of)
    nothing = end_hi < start_lo  # the window begins after the last day looked at
    entries: list[Entry] = []
    outside: list[Entry] = []
    for sample in samples:
        date = sample.date
        if date is None:
            first, last = FIRST_DAY, as_of
        else:
            first, last = date
            if first > as_of:
                continue  # a plan
            if last > as_of and case.stated:
                last = as_of
        if nothing or last < start_lo or first > end_hi:
            outside.append(Entry(sample, first, last, False, ()))
            continue
        counts = sample.sure and first >= start_hi and last <= end_lo
        causes: Causes = ()
        spoilt = False
        if clean:
            there = case.at_sample(Days(first, last))
            for node in clean:
                finding = node.finding(there)
                if finding.truth is True:
                    spoilt = True
                elif finding.truth is None:
                    counts = False
                    causes += finding.causes
        if spoilt:
            outside.append(Entry(sample, first, last, False, ()))
        else:
            entries.append(Entry(sample, first, last, counts, causes))
    return Pool(entries, outside)


def of_side(samples: Sequence[Sample], side: str | None) -> Sequence[Sample]:
    """Results of one side of the body: one without a side only may be of it."""
    if side is None:
        return samples
    other = "right" if side == "left" else "left"
    found: list[Sample] = []
    for sample in samples:
        said = sample.result.side
        if said == side or said == "both":
            found.append(sample)
        elif said != other:
            found.append(Sample(sample.result, False, sample.index))
    return found


def surely_later(one: Entry, other: Entry) -> bool:
    """`one` is surely later than `other`; times order results of one date."""
    if one.first > other.last:
        return True
    if one.first != other.last or one.last != one.first or other.first != other.last:
        return False
    return one.time is not None and other.time is not None and one.time > other.time


def may_be_latest(entries: list[Entry]) -> list[Entry]:
    if len(entries) < 2:
        return entries
    counting = [entry for entry in entries if entry.counts]
    return [
        entry
        for entry in entries
        if not any(surely_later(other, entry) for other in counting if other is not entry)
    ]


def may_be_earliest(entries: list[Entry]) -> list[Entry]:
    counting = [entry for entry in entries if entry.counts]
    return [
        entry
        for entry in entries
        if not any(surely_later(entry, other) for other in counting if other is not entry)
    ]


def latest_of(entries: Sequence[Entry]) -> Entry:
    """The one to show: the greatest last day, then first day, then time, then the first in the record."""
    return max(entries, key=lambda one: (one.last, one.first, one.time or "", -one.sample.index))


def earliest_of(entries: Sequence[Entry]) -> Entry:
    return min(entries, key=lambda one: (one.last, one.first, one.time or "", one.sample.index))


def none_cause(pool: Pool, item: str, *, recency: bool) -> Cause:
    """Why there is nothing in the window."""
    if recency and any(entry.sample.sure for entry in pool.outside):
        return Cause("stale", item)
    return Cause("missing", item)


def stale_entry(pool: Pool) -> Entry | None:
    """The latest result outside the window."""
    sure = [entry for entry in pool.outside if entry.sample.sure]
    return latest_of(sure) if sure else None


def tie_disagrees(told: Iterable[tuple[Entry, object]]) -> bool:
    """Whether two results that count, of one whole date, say different things."""
    said: dict[int, object] = {}
    for entry, saying in told:
        if entry.counts and entry.first == entry.last and said.setdefault(entry.first, saying) != saying:
            return True
    return False


def sure_chain(entries: Iterable[Entry], spaced: Length | None) -> int:
    """How many can be taken, each earlier than the next by `spaced` whatever their dates turn out to be."""
    listed = list(entries)
    if spaced is None:
        return len(listed)
    amount = in_days_and_months(spaced)
    count, previous = 0, None
    for entry in sorted(listed, key=lambda one: (one.last, one.first)):
        if previous is None or previous <= shifted_day(entry.first, -1, amount):
            count, previous = count + 1, entry.last
    return count


def possible_chain(entries: Iterable[Entry], spaced: Length | None) -> int:
    """At most how many: those with whole dates as they are, every other one as if it fitted."""
    listed = list(entries)
    if spaced is None:
        return len(listed)
    whole = [entry for entry in listed if entry.first == entry.last]
    return sure_chain(whole, spaced) + len(listed) - len(whole)


def places(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Evidence: the places of the results, and of the inputs of computed ones."""
    if len(entries) == 1 and not entries[0].sample.inputs:
        return (entries[0].sample.result.where,)
    found: list[str] = []
    for entry in entries:
        found += [entry.sample.result.where, *entry.sample.inputs]
    return in_record_order(found)
