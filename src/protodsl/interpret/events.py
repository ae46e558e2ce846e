"""Facts that are events: conditions, drugs, procedures; their days, and the days of absences and
completeness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from protodsl.interpret.context import Context, anchor_day, as_of, recorded
from protodsl.interpret.days import ALWAYS, Span, capped, covers, on
from protodsl.interpret.matching import Match, match, wholly_under
from protodsl.ir import Domain, Item
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Condition, Days, Medication, Procedure
from protodsl.runtime.report import Cause

Fact = Condition | Medication | Procedure


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that something was: its first and last day, each known as far as recorded."""

    fact: Fact
    code: Match  # how surely it is the item asked about
    start: Days
    end: Days

    @property
    def sure(self) -> bool:
        return self.code is Match.SURE


def facts_of(ctx: Context, domain: Domain) -> Sequence[Fact]:
    match domain:
        case "conditions":
            return ctx.record.conditions
        case "medications":
            return ctx.record.medications
        case "procedures":
            return ctx.record.procedures
        case _:
            return ()


def events(ctx: Context, item: Item) -> list[Event]:
    """The facts of the item's domain that match it surely or possibly, in the record's order. “an event dated
    after `as_of` is a plan and has not happened”.
    """
    found, now = [], as_of(ctx)
    for fact in facts_of(ctx, item.domain):
        matched = match(ctx.protocol, fact.code, item)
        if fact.present and matched is not Match.NO:
            start, end = lasted(ctx, fact)
            if now is None or start.first <= now:
                found.append(Event(fact, matched, start, end))
    return found


def lasted(ctx: Context, fact: Fact) -> tuple[Days, Days]:
    """First and last day of a fact; nothing begins after its end."""
    start, end = _lasted(ctx, fact)
    if fact.end is None or end == start:
        return start, end
    recorded_end = recorded(ctx, fact.end)
    if start.first > recorded_end.last:
        return start, end
    return (
        Days(start.first, min(start.last, recorded_end.last)),
        Days(min(max(end.first, start.first), end.last), end.last),
    )


def _lasted(ctx: Context, fact: Fact) -> tuple[Days, Days]:
    match fact:
        case Condition():
            return _condition_lasted(ctx, fact)
        case Medication():
            return _medication_lasted(ctx, fact)
        case Procedure():
            start = recorded(ctx, fact.date)
            return start, start if of_one_day(ctx, fact) else _end(ctx, fact.end)


def _now(ctx: Context) -> Days:
    return on(as_of(ctx) or LAST_DAY)


def _end(ctx: Context, end: Days | None) -> Days:
    """A recorded end; one after `as_of` has not happened, nor has `end: null`: it runs until then."""
    now = as_of(ctx)
    if end is None or (now is not None and end.first > now):
        return _now(ctx)
    return recorded(ctx, end) if now is None else capped(recorded(ctx, end), now)


def _condition_lasted(ctx: Context, fact: Condition) -> tuple[Days, Days]:
    """“A condition declared `acute` … counts on its onset day only; any other without an end is present
    until `as_of`.”
    """
    start = recorded(ctx, fact.onset)
    if acute(ctx, fact):
        return start, start
    return start, _end(ctx, fact.end)


def of_one_day(ctx: Context, fact: Fact) -> bool:
    """Whether its end is its first day."""
    match fact:
        case Condition():
            return acute(ctx, fact)
        case Procedure():
            return fact.end is None and not fact.ongoing
        case Medication():
            return False


def acute(ctx: Context, fact: Condition) -> bool:
    """What is recorded surely is something declared `acute`. A broader thing that only may be one lasts."""
    declared = (item for item in ctx.protocol.items.values() if item.acute and item.domain == "conditions")
    return any(match(ctx.protocol, fact.code, item) is Match.SURE for item in declared)


def _medication_lasted(ctx: Context, fact: Medication) -> tuple[Days, Days]:
    """“A medication with `end: null` runs until `as_of`; one without `end` may have ended on any day from
    its start.”
    """
    start = recorded(ctx, fact.start)
    if fact.end is None and not fact.ongoing:
        return start, Days(start.first, max(start.first, _now(ctx).last))
    return start, _end(ctx, fact.end)


# ---------------------------------------------------------------- absences and completeness


def reach(ctx: Context, since: Days | None, until: Days | None) -> Span:
    """From `since` (default: always) to `until` (default: `as_of`); “no absence or completeness reaches
    beyond it”.
    """
    now = as_of(ctx)
    end = on(now) if now is not None else ALWAYS
    if until is not None:
        end = recorded(ctx, until) if now is None else capped(recorded(ctx, until), now)
    return Span(since if since is not None else on(FIRST_DAY), end)


@dataclass(frozen=True, slots=True)
class Absence:
    fact: Fact
    span: Span


def absences(ctx: Context, domain: Domain) -> list[Absence]:
    """“An absence (`present: false`) covers `from` (default: always) to its `date` (default: `as_of`)”."""
    return [
        Absence(fact, reach(ctx, fact.since, fact.date)) for fact in facts_of(ctx, domain) if not fact.present
    ]


def absent_throughout(
    ctx: Context, item: Item, span: Span, contradicted: tuple[Fact, ...] = ()
) -> tuple[str, ...] | None:
    """The absences by which nothing of the item was in the span. “Over a class, an absence must be of the
    class or of each member”; “one single absence … covers the whole window (two are not pieced
    together)”.
    """
    covering = [
        absence.fact.where
        for absence in absences(ctx, item.domain)
        if absence.fact not in contradicted
        and wholly_under(ctx.protocol, item, absence.fact.code)
        and covers(absence.span, span)
    ]
    if covering:
        return tuple(covering)
    members = [ctx.protocol.items[name] for name in item.members if name in ctx.protocol.items]
    if not item.is_class or item.open or not members:
        return None
    of_each = [absent_throughout(ctx, member, span, contradicted) for member in members]
    if any(each is None for each in of_each):
        return None
    return tuple(where for each in of_each for where in each or ())


def days_without(ctx: Context, item: Item, span: Span) -> Span | None:
    """The days, the whole span among them, on each of which an absence that covers the span says that there
    was nothing of the item: the widest of its own, or all that those of each member have in common.
    """
    spans = [
        absence.span
        for absence in absences(ctx, item.domain)
        if wholly_under(ctx.protocol, item, absence.fact.code) and covers(absence.span, span)
    ]
    members = [ctx.protocol.items[name] for name in item.members if name in ctx.protocol.items]
    if item.is_class and not item.open and members:
        of_each = [days_without(ctx, member, span) for member in members]
        known = [each for each in of_each if each is not None]
        if len(known) == len(of_each):
            start, end = max(each.start.last for each in known), min(each.end.first for each in known)
            spans.append(Span(on(start), on(end)))
    if not spans:
        return None
    start, end = min(each.start.last for each in spans), max(each.end.first for each in spans)
    return Span(on(start), on(end))


def complete_throughout(ctx: Context, domain: Domain, span: Span) -> bool:
    """“A complete domain (`since`, `until`) lists every event touching any day of that span.”"""
    return any(
        each.domain == domain and covers(reach(ctx, each.since, each.until), span) for each in ctx.complete
    )


# ---------------------------------------------------------------- anchors at events


def event_days(ctx: Context, which: str, item: Item) -> Days | Cause:
    """The first or last event of an item, on or before the stage's anchor; or onset, start, end of the
    latest.
    """
    anchor = anchor_day(ctx)
    if anchor is None:
        return Cause("timepoint not dated", ctx.anchor_name)
    last = min(anchor.last, as_of(ctx) or anchor.last)
    found = [event for event in events(ctx, item) if event.start.first <= last]
    certain = [event for event in found if event.sure and event.start.last <= last]
    if not certain:
        opened = any(event.code is Match.OPEN for event in found)
        return Cause("needs judgement" if opened else "missing", item.name)
    if which == "first":
        return _first(ctx, item, found, certain)
    latest = max(event.start.first for event in certain)
    if which == "end":
        may_be_latest = [event for event in found if event.start.last >= latest]
        ends = [
            capped(event.end, last) if of_one_day(ctx, event.fact) else event.end for event in may_be_latest
        ]
        # the latest one began on that day or later, and ended no earlier
        return Days(max(latest, min(end.first for end in ends)), max(end.last for end in ends))
    return Days(latest, min(last, max(event.start.last for event in found)))


def _first(ctx: Context, item: Item, found: list[Event], certain: list[Event]) -> Days:
    """Earlier unrecorded ones may exist unless the domain is complete."""
    earliest = min(event.start.last for event in certain)
    if not complete_throughout(ctx, item.domain, Span(on(FIRST_DAY), on(earliest))):
        return Days(FIRST_DAY, earliest)
    return Days(min(event.start.first for event in found), earliest)
