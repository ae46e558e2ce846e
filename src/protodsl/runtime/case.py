"""A record seen from one stage on one day: timepoints, anchors, windows, completeness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protodsl.runtime.codes import Match, Vocabulary
from protodsl.runtime.dates import in_days_and_months, shifted_day, times_length
from protodsl.runtime.facts import Fact, Facts, Happening, Lasted, Sample
from protodsl.runtime.frames import Frame, Span, Told
from protodsl.runtime.model.protocol import Timepoint
from protodsl.runtime.model.windows import Bound, Duration, Extreme, Length, Moment
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Days
from protodsl.runtime.report import Cause
from protodsl.runtime.words import (
    Edge,
    event_anchor_text,
    extreme_text,
    length_text,
    moved_anchor_text,
    name_text,
)

if TYPE_CHECKING:
    from protodsl.runtime.cure import Later
    from protodsl.runtime.rules import Rules


class Case:
    """What evaluating an expression needs to know besides the expression."""

    __slots__ = (
        "anchor",
        "anchor_name",
        "as_of",
        "facts",
        "later",
        "lead",
        "memo",
        "points",
        "previous",
        "previous_name",
        "record",
        "root",
        "rules",
        "sample",
        "shift",
        "spans",
        "stage",
        "stated",
        "timepoints",
        "told_until",
        "until",
        "vocabulary",
    )

    def __init__(
        self,
        rules: Rules,
        facts: Facts,
        timepoints: dict[str, Timepoint],
        points: dict[str, int],
        anchor_name: str,
        as_of: int | None,
        stage: str | None = None,
        previous: str | None = None,
    ) -> None:
        """`points`: every date given; `as_of`: the one stated, if any; `previous`: the earlier stage's
        anchor.
        """
        self.rules = rules
        self.root: Case | None = None  # the case a formula or a filter was asked in; None: this one
        self.facts = facts
        self.record = facts.record
        self.vocabulary: Vocabulary = facts.vocabulary
        self.timepoints = timepoints
        self.points: dict[str, int | None] = dict(points)
        self.anchor_name = anchor_name
        self.told_until: int | None = None  # moved cases: the last day the record itself speaks of
        self.shift = (0, 0)  # by how many days it was moved, and from which day on
        self.spans: dict[Frame, Span | Cause] = {}
        self.memo: dict[Any, Any] = {}
        self.sample: Days | None = None  # of a formula or a filter: the date of the result considered
        self.lead: tuple[str, Sample] | None = None  # of a formula: its lead's item and that very result
        self.stage = stage
        self.stated = as_of is not None
        self.as_of = as_of
        self.anchor = self.point(anchor_name) if anchor_name else None
        if as_of is None:
            self.as_of = self.anchor
        self.previous_name = previous
        self.previous = self.point(previous) if previous is not None else None
        self.until: int | None = self.anchor  # recency looks no further
        self.later: Later | None = None  # where truths of leaves are remembered over days

    def moved(self, days: int, pivot: int) -> Case:
        """The same record that many days later: `as_of` and every timepoint from `pivot` on move.

        `pivot` is the anchor of the stage screened; an earlier stage's anchor before it stays.
        """
        case = object.__new__(Case)
        case.rules, case.root = self.rules, None
        case.facts, case.record, case.vocabulary = self.facts, self.record, self.vocabulary
        case.timepoints, case.anchor_name = self.timepoints, self.anchor_name
        case.points = {}
        for name in self.timepoints:
            day = self.point(name)
            case.points[name] = day + days if day is not None and day >= pivot else day
        case.shift = (days, pivot)
        case.told_until = self.as_of if self.told_until is None else self.told_until
        case.spans, case.memo = {}, {}
        case.sample, case.lead, case.later = None, None, None
        case.stage, case.stated = self.stage, self.stated
        anchor = self.anchor
        case.anchor = anchor + days if anchor is not None and anchor >= pivot else anchor
        if self.stated and self.as_of is not None:
            case.as_of = self.as_of + days
        else:
            case.as_of = case.anchor
        case.until = case.anchor
        previous = self.previous
        case.previous_name = self.previous_name
        case.previous = previous + days if previous is not None and previous >= pivot else previous
        return case

    def at_sample(self, sample: Days, lead: tuple[str, Sample] | None = None) -> Case:
        """The same case for one result: anchors `SAMPLE`, ages and inputs are taken on its date."""
        case = object.__new__(Case)
        case.rules, case.root = self.rules, self.root or self
        case.facts, case.record, case.vocabulary = self.facts, self.record, self.vocabulary
        case.timepoints, case.anchor_name, case.points = self.timepoints, self.anchor_name, self.points
        case.shift = self.shift
        case.told_until = self.told_until
        case.spans, case.memo = {}, {}
        case.sample, case.lead, case.later = sample, lead, None
        case.stage, case.stated, case.as_of = self.stage, self.stated, self.as_of
        case.anchor, case.until = self.anchor, self.until
        case.previous, case.previous_name = self.previous, self.previous_name
        return case

    def at_moment(self, moment: Moment) -> None:
        """Makes a moment the anchor, as endpoints need it: results in its window count, those after it
        too.
        """
        days = self.moment(moment)
        self.anchor_name = moment.name or self.moment_text(moment)
        if isinstance(days, Cause):
            self.anchor_name = days.what
            return
        self.anchor = days.first if days.first == days.last else None
        self.until = self.anchor
        declared = self.timepoints.get(moment.name) if moment.kind == "timepoint" else None
        if self.anchor is not None and declared is not None and declared.tolerance is not None:
            self.until = shifted_day(self.anchor, 1, in_days_and_months(declared.tolerance))
        if self.as_of is None:
            self.as_of = self.until

    # ------------------------------------------------------------ moments

    def point(self, name: str) -> int | None:
        """The day of a timepoint, given or derived; None: undated."""
        if name in self.points:
            return self.points[name]
        self.points[name] = None  # a timepoint derived from itself has no date
        declared = self.timepoints.get(name)
        if declared is not None and declared.at is not None:
            found = self._derived(declared.at)
            self.points[name] = found
        return self.points[name]

    def _derived(self, moment: Moment) -> int | None:
        if moment.kind == "timepoint":
            return self.point(moment.name)
        if moment.kind == "moved" and moment.base is not None and moment.length is not None:
            base = self._derived(moment.base)
            if base is None:
                return None
            return shifted_day(base, moment.sign, in_days_and_months(moment.length))
        return None

    def moment(self, moment: Moment) -> Days | Cause:
        """The days a moment may be, or why it has none."""
        match moment.kind:
            case "timepoint":
                day = self.point(moment.name)
                return Cause("timepoint not dated", moment.name) if day is None else Days(day, day)
            case "anchor":
                day = self.anchor
                return self.undated() if day is None else Days(day, day)
            case "sample":
                assert self.sample is not None, "no sample is considered here"
                return self.sample
            case "moved":
                assert moment.base is not None and moment.length is not None
                base = self.moment(moment.base)
                if isinstance(base, Cause):
                    return base
                amount = in_days_and_months(moment.length)
                return Days(
                    shifted_day(base.first, moment.sign, amount), shifted_day(base.last, moment.sign, amount)
                )
            case _:
                return self._event_day(moment.kind, moment.name)

    def undated(self) -> Cause:
        return Cause("timepoint not dated", self.anchor_name)

    def dated(self, date: Days | None) -> Days:
        """The days of a date, cut at a stated `as_of`; no date is any day up to it."""
        as_of = self.as_of
        assert as_of is not None
        if date is None:
            return Days(FIRST_DAY, as_of)
        return Days(date.first, as_of) if self.stated and date.last > as_of >= date.first else date

    def lasted(self, happening: Happening) -> Lasted | None:
        """The days of an event, as far as it has happened by `as_of`; None: it is only planned."""
        as_of = self.as_of
        assert as_of is not None
        if happening.days is not None and happening.over <= as_of:
            return happening.days
        first_lo, first_hi = happening.first_lo, happening.first_hi
        if first_lo > as_of:
            return None
        last_lo, last_hi = happening.last_lo, happening.last_hi
        if first_hi is None and last_hi is not None and happening.fact.end is not None:
            first_hi = min(last_hi, as_of)  # nothing begins after its end
        elif first_hi is None or (self.stated and first_hi > as_of):
            first_hi = as_of
        if last_lo is None or last_lo > as_of:
            last_lo = as_of
        if last_hi is None or last_hi > as_of:
            last_hi = as_of
        return Lasted(first_lo, first_hi, last_lo, last_hi)

    def _event_day(self, which: str, item: str) -> Days | Cause:
        if self.anchor is None or self.as_of is None:
            return self.undated()
        limit = min(self.anchor, self.as_of)
        sure: list[Lasted] = []
        may: list[Lasted] = []
        judged = False
        for happening in self.facts.happenings(item):
            days = self.lasted(happening)
            if days is None or days.first_lo > limit:
                continue
            if happening.brief and days.last_hi > limit:  # it has happened by then, so it is over by then
                days = days._replace(last_hi=limit)
            if happening.match is Match.SURE and days.first_hi <= limit:
                sure.append(days)
            else:
                may.append(days._replace(first_hi=min(days.first_hi, limit)))
                judged = judged or happening.match is Match.OPEN
        if not sure:
            return Cause("needs judgement" if judged else "missing", item)
        every = sure + may
        if which == "first":
            last = min(days.first_hi for days in sure)
            listed = self.complete(self.vocabulary.domain(item), FIRST_DAY, last)
            first = min(days.first_lo for days in every) if listed else FIRST_DAY
            return Days(first, last)
        first = max(days.first_lo for days in sure)
        if which != "end":
            return Days(first, max(days.first_hi for days in every))
        latest = [days for days in every if days.first_hi >= first]
        # it begins on `first` or later, and ends no earlier
        return Days(max(first, min(days.last_lo for days in latest)), max(days.last_hi for days in latest))

    # ------------------------------------------------------------ windows

    def span(self, frame: Frame) -> Span | Cause:
        """The days of a window made ready."""
        found = self.spans.get(frame)
        if found is None:
            found = frame.span(self)
            self.spans[frame] = found
        return found

    def bound(self, bound: Bound, item: str | None) -> Days | Cause:
        base = self.moment(bound.moment)
        if isinstance(base, Cause) or bound.by is None:
            return base
        low = self.moved_by(base.first, bound.sign, bound.by, item)
        high = self.moved_by(base.last, bound.sign, bound.by, item)
        return Days(low.first, high.last)

    def moved_by(self, day: int, sign: int, by: Duration, item: str | None) -> Days:
        """Where a day comes to lie; a half-life that is not declared leaves it open."""
        if isinstance(by, Length):
            amount = self.amount(by, item)
            if amount is None:
                return Days(FIRST_DAY, day) if sign < 0 else Days(day, LAST_DAY)
            there = shifted_day(day, sign, amount)
            return Days(there, there)
        first, second = self.amount(by.first, item), self.amount(by.second, item)
        ends = [shifted_day(day, sign, amount) for amount in (first, second) if amount is not None]
        shorter = by.which == "shorter"
        if len(ends) == 2:
            there = max(ends) if (sign < 0) == shorter else min(ends)
            return Days(there, there)
        if not ends:
            return Days(FIRST_DAY, day) if sign < 0 else Days(day, LAST_DAY)
        if shorter:
            return Days(min(ends[0], day), max(ends[0], day))
        return Days(FIRST_DAY, ends[0]) if sign < 0 else Days(ends[0], LAST_DAY)

    def amount(self, length: Length, item: str | None) -> tuple[int, int] | None:
        """(days, months) of a length; None: a half-life that is not declared."""
        if length.unit != "half_life":
            return in_days_and_months(length)
        declared = self.vocabulary.items.get(item or "")
        half_life = declared.half_life if declared is not None else None
        if not isinstance(half_life, Length) or half_life.unit == "half_life":
            return None
        return in_days_and_months(times_length(length.count, half_life))

    # ------------------------------------------------------------ what rules an event out

    def complete(self, domain: str, first: int, last: int) -> bool:
        """Whether one declaration lists every event of the domain from `first` to `last`."""
        as_of = self.as_of
        if as_of is None or last > as_of:
            return False
        told = self.told_until
        for since, until in self.facts.listed.get(domain, ()):
            if since <= first and (until is None or until >= last or (told is not None and until >= told)):
                return True
        return False

    def spoken_until(self, end: Days | None) -> int:
        """The last day a declaration or a denial surely covers; what reached `as_of` moves on with it."""
        as_of = self.as_of
        assert as_of is not None
        if end is None or (self.told_until is not None and end.first >= self.told_until):
            return as_of
        return min(end.first, as_of)

    def absent(self, absence: Fact) -> Days:
        """The latest day an absence begins on and the earliest it ends on, which partial dates may cross."""
        return Days(
            FIRST_DAY if absence.since is None else absence.since.last, self.spoken_until(absence.date)
        )

    def covering(self, item: str, first: int, last: int) -> list[Fact]:
        """Absences of the item (of a listed class: of each member) that each cover the days from `first` to
        `last`.
        """
        if not self.facts.absent[self.vocabulary.domain(item)]:
            return []
        own = self._covering(item, first, last)
        if own:
            return own
        declared = self.vocabulary.items[item]
        if not declared.is_class or not declared.members or self.vocabulary.is_open(item):
            return []
        found: list[Fact] = []
        for member in declared.members:
            covering = self.covering(member, first, last) if member in self.vocabulary.items else []
            if not covering:
                return []
            found += [fact for fact in covering if fact not in found]
        return found

    def denied(self, item: str, first: int, last: int) -> Days | None:
        """The days around these that absences, each of which covers these, say were without the item; of a
        listed class also those without any member.
        """
        found = [self.absent(absence) for absence in self._covering(item, first, last)]
        declared = self.vocabulary.items[item]
        if declared.is_class and declared.members and not self.vocabulary.is_open(item):
            members = [each for each in declared.members if each in self.vocabulary.items]
            without = [days for each in members if (days := self.denied(each, first, last)) is not None]
            if len(without) == len(declared.members):
                found.append(Days(max(days.first for days in without), min(days.last for days in without)))
        if not found:
            return None
        return Days(min(days.first for days in found), max(days.last for days in found))

    def _covering(self, item: str, first: int, last: int) -> list[Fact]:
        found: list[Fact] = []
        for absence in self.facts.absences(item):
            days = self.absent(absence)
            if days.first <= first and days.last >= last:
                found.append(absence)
        return found

    # ------------------------------------------------------------ words

    def moment_text(self, moment: Moment) -> str:
        match moment.kind:
            case "timepoint":
                return name_text(moment.name)
            case "anchor":
                return name_text(self.anchor_name)
            case "sample":
                return "that sample"
            case "moved":
                assert moment.base is not None and moment.length is not None
                by = length_text(moment.length.count, moment.length.unit)
                return moved_anchor_text(self.moment_text(moment.base), moment.sign, by)
            case which:
                return event_anchor_text(which, self.vocabulary.label(moment.name))

    def days_of(self, bound: Bound | None) -> Days | None:
        """The days of an end's moment, where it has any."""
        days = None if bound is None else self.moment(bound.moment)
        return None if isinstance(days, Cause) else days

    def told_of(self, bound: Bound | None) -> Told:
        """What the words of an end depend on: the day of its timepoint, or the days of its moment."""
        if bound is not None and bound.moment.kind == "timepoint":
            return self.point(bound.moment.name)
        if bound is not None and bound.moment.kind == "anchor":
            return self.anchor
        return self.days_of(bound)

    def edge(self, bound: Bound | None, days: Days | None) -> Edge | None:
        if bound is None:
            return None
        by = bound.by
        if isinstance(by, Extreme):
            first = length_text(by.first.count, by.first.unit)
            second = length_text(by.second.count, by.second.unit)
            said: str | None = extreme_text(by.which, first, second)
        else:
            said = length_text(by.count, by.unit) if by is not None else None
        return Edge(self.moment_text(bound.moment), days, bound.sign, said, bound.left_out)
