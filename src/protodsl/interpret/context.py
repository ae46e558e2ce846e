"""What an expression is evaluated in: the protocol, the record, the stage's anchor, `as_of`, the days of
the timepoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from protodsl.interpret.days import on
from protodsl.ir import Anchor, Item, Measure, Protocol, StageAnchor
from protodsl.runtime.record import FIRST_DAY, LAST_DAY, Complete, Days, Record

if TYPE_CHECKING:
    from protodsl.interpret.samples import Sample
    from protodsl.interpret.truth import Finding
    from protodsl.ir import Expr


@dataclass(frozen=True, slots=True)
class Lead:
    """The measure being computed and the result that leads it."""

    measure: Measure
    sample: Sample


@dataclass(frozen=True, slots=True)
class Context:
    protocol: Protocol
    record: Record  # repeated facts removed
    anchor: Anchor  # what the stage (or endpoint) is anchored at
    anchor_name: str
    given: Mapping[str, int]  # days of timepoints, from the record and from the run
    stated_as_of: int | None = None  # in the record or given to the run
    previous: Anchor | None = None  # the anchor of the stage before
    complete: tuple[Complete, ...] = ()  # the record's and the assumed ones
    latest_day: int | None = None  # an endpoint looks to the end of its timepoint's window
    sample: Days | None = None  # the date of the very result being considered
    lead: Lead | None = None
    resolving: frozenset[str] = field(default_factory=frozenset)
    # what `truth` found in this context: the reasons ask all of it again
    known: dict[int, tuple[Expr, Finding]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def item(self, name: str) -> Item:
        return self.protocol.items[name]

    def at_sample(self, days: Days) -> Context:
        return replace(self, sample=days)

    def led_by(self, measure: Measure, sample: Sample) -> Context:
        return replace(self, lead=Lead(measure, sample), sample=sample.days)


def anchor_day(ctx: Context) -> Days | None:
    from protodsl.interpret.windows import anchor_days

    found = anchor_days(ctx, StageAnchor())
    return found if isinstance(found, Days) else None


def last_looked_at(ctx: Context) -> Days | None:
    """`latest` looks “never after the anchor”; an endpoint's anchor has its timepoint's window."""
    return on(ctx.latest_day) if ctx.latest_day is not None else anchor_day(ctx)


def as_of(ctx: Context) -> int | None:
    """“`as_of` (in the record or given to the run; otherwise the stage's anchor …) is the last day the
    record speaks of”.
    """
    if ctx.stated_as_of is not None:
        return ctx.stated_as_of
    anchor = last_looked_at(ctx)
    return anchor.last if anchor is not None else None


def recorded(ctx: Context, days: Days | None) -> Days:
    """“A partial date is the interval of its days, cut at a stated `as_of`; no date is “any day up to
    `as_of`”.”
    """
    if days is None:
        last = as_of(ctx)
        return Days(FIRST_DAY, LAST_DAY if last is None else last)
    if ctx.stated_as_of is not None and days.first <= ctx.stated_as_of < days.last:
        return Days(days.first, ctx.stated_as_of)
    return days


def without_repeats(record: Record) -> Record:
    """“repeated identical facts change nothing”: of several, the first stays. Where a fact stands is no
    part of it.
    """

    def key(fact: Any) -> tuple[Any, ...]:
        return tuple(getattr(fact, each.name) for each in fields(fact) if each.name != "where")

    def kept(facts: list[Any]) -> list[Any]:
        found: dict[tuple[Any, ...], Any] = {}
        for fact in facts:
            found.setdefault(key(fact), fact)
        return list(found.values())

    return replace(
        record,
        results=kept(record.results),
        conditions=kept(record.conditions),
        medications=kept(record.medications),
        procedures=kept(record.procedures),
        answers=kept(record.answers),
    )
