"""Days of events that windows hang on: the first event of an item, the last, the onset, start, end of it.

They are known before participants' windows are: from what is known of participants so far (`people_known`:
study events, how far the record reaches), and from the events on or before the stage's anchor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from protodsl import ir
from protodsl.backends.sql import events
from protodsl.backends.sql.layers import Cte, Grouped, Layers, Step, columns_in, stepped
from protodsl.backends.sql.syntax import (
    FIRST,
    NULL,
    Aggregate,
    Column,
    Expr,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    is_,
    is_not,
    later,
)
from protodsl.backends.sql.syntax import Literal as Value
from protodsl.backends.sql.tables import BY_NAME
from protodsl.backends.sql.times import NEVER, Scope, When

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder

KNOWN = "people_known"
Which = Literal["first", "last", "onset", "start", "end"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a domain beside what is known of participants, and what is gathered of them."""

    domain: str
    thing: str  # empty: rows that have no code
    rows: Layers
    group: Grouped
    told: str

    def reads(self) -> set[str]:
        gathered = {each.name for made in self.group.made for each in columns_in(made)}
        return {name for name in self.rows.read() | gathered if not self.rows.has(name)}

    def ctes(self, builder: Builder, people: set[str]) -> list[Cte]:
        fields = [field.name for field in BY_NAME[self.domain].fields]
        read = self.reads()
        lines = [f"    facts.{name}" for name in fields if name in read or name == "participant"]
        lines += [f"    codes.{name}" for name in ("brief", "sure") if name in read]
        lines += [f"    known.{name}" for name in sorted(read & people - set(fields))]
        body = ["  SELECT", ",\n".join(lines), f"  FROM {self.domain} AS facts"]
        if self.thing:
            body.append(f"  JOIN codes ON codes.concept = facts.concept AND codes.domain = '{self.domain}'")
            body.append(f"    AND codes.thing = '{self.thing}'")
        body.append(f"  JOIN {KNOWN} AS known ON known.participant = facts.participant")
        found = self.rows.ctes("\n".join(body), builder.dialect, self.told)
        return [*found, self.group.cte(builder.dialect)]


def table(builder: Builder, domain: str, thing: str, name: str, told: str) -> Table:
    rows = Layers(builder.names.make(name), builder.names)
    found = Table(domain, thing, rows, Grouped(f"{rows.name}_found", rows.name, builder.names), told)
    builder.dated.append(found)
    return found


def event_days(builder: Builder, scope: Scope, which: Which, name: str) -> When:
    """Null where there surely was none on or before the anchor, or that is not known."""
    item = builder.protocol.items[name]
    if item.domain not in ("conditions", "medications", "procedures"):
        return NEVER
    key = (scope.stage.id, which, name)
    if key not in builder.event_days:
        builder.event_days[key] = _event_days(builder, scope, which, item)
    return builder.event_days[key]


def _event_days(builder: Builder, scope: Scope, which: Which, item: ir.Item) -> When:
    thing = builder.thing(item.domain, item.name)
    told = f"{item.label}: on or before the anchor."
    made = table(builder, item.domain, thing, f"{which}_{item.name}", told)
    rows, group = made.rows, made.group
    until = earlier(scope.anchor.last, scope.as_of)
    start, end = events.lasted(builder, scope, rows, item.domain)
    may = rows.column("begun", is_(compare("<=", start.first, until), "TRUE"))
    surely = and_(Column("sure"), compare("<=", start.last, until))
    sure = rows.column("surely_begun", is_(surely, "TRUE"))

    def gathered(hint: str, function: str, what: Expr, where: Expr) -> Expr:
        return group.column(f"{item.name}_{hint}", Aggregate(function, what, where))

    if which == "first":
        by = gathered("begun_by", "min", start.last, sure)
        since = gathered("begun_from", "min", start.first, may)
        listed = compare(">=", listed_until(builder, scope, item.domain), by)
        days = When(case((is_(by, "NULL"), NULL), (listed, since), otherwise=Value(FIRST)), by)
    elif which == "end":
        per = (Column("participant"),)
        latest = rows.column("latest_start", Aggregate("max", case((sure, start.first)), per=per))
        last = rows.column("may_be_last", is_(and_(may, compare(">=", start.last, latest)), "TRUE"))
        over = case((events.of_one_day(item.domain), earlier(end.last, until)), otherwise=end.last)
        # the latest one began on or after the day by which one surely had, and ended no earlier
        days = When(
            gathered("ended_from", "min", later(end.first, latest), last),
            gathered("ended_by", "max", over, last),
        )
    else:
        latest = gathered("latest_from", "max", start.first, sure)
        by = earlier(until, gathered("latest_by", "max", start.last, may))
        days = When(latest, case((is_not(latest, "NULL"), by)))
    return builder.times.column(f"{which}_{item.name}", days)


def listed_until(builder: Builder, scope: Scope, domain: str) -> Expr:
    """The last day up to which the record lists everything there ever was of a domain; null: it does not."""
    if domain in builder.options.assume:
        return scope.as_of
    key = (scope.stage.id, domain)
    if key not in builder.listed:
        told = f"From when to when {domain} are complete."
        made = table(builder, "completeness", "", f"{domain}_listed", told)
        reach = builder.reach(scope, Column("until_first"), Column("until_last"))
        until = made.rows.column("listed_until", reach.first)
        ever = compare("<=", coalesce(Column("since_last"), Value(FIRST)), Value(FIRST))
        where = and_(compare("=", Column("domain"), Value(domain)), ever)
        builder.listed[key] = made.group.column(f"{domain}_listed_until", Aggregate("max", until, where))
    return builder.listed[key]


# ---------------------------------------------------------------- the table of participants


def columns(builder: Builder) -> list[str]:
    """What participants have of these events."""
    return [column.name for made in builder.dated for column in made.group.made.values()]


def people(builder: Builder, base: str) -> list[Cte]:
    """Participants; where windows hang on events, in two steps, with the events between."""
    told = "Participants: dates of study events, windows."
    if not builder.dated:
        return builder.people.ctes(base, builder.dialect, told)
    wanted = {name for made in builder.dated for name in made.reads()}
    early, late = parted(builder.people.steps, wanted)
    kept = [name for step in early for name, _ in step]
    found = [Cte(KNOWN, stepped(base, early, builder.dialect), "Participants: dates of study events.")]
    from protodsl.backends.sql.statement import person_base

    for made in builder.dated:
        found += made.ctes(builder, {*person_base(builder), *kept})
    body = ["  SELECT", ",\n".join([f"    {KNOWN}.*", *(f"    {name}" for name in columns(builder))])]
    body.append(f"  FROM {KNOWN}")
    for made in builder.dated:
        name = made.group.name
        body.append(f"  LEFT JOIN {name} ON {name}.participant = {KNOWN}.participant")
    told = "Participants: when the events were on which windows hang, and windows."
    return [*found, Cte("people", stepped("\n".join(body), late, builder.dialect), told)]


def parted(steps: Sequence[Step], wanted: set[str]) -> tuple[list[Step], list[Step]]:
    """The steps by which what is wanted is made, and the others."""
    needed = set(wanted)
    for step in reversed(steps):
        for name, expr in step:
            if name in needed:
                needed |= {each.name for each in columns_in(expr)}
    early = [[each for each in step if each[0] in needed] for step in steps]
    late = [[each for each in step if each[0] not in needed] for step in steps]
    return [step for step in early if step], [step for step in late if step]
