"""Everything one statement is gathered in: columns of participants, tables of facts read once, refusals."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Protocol

from protodsl import ir
from protodsl.backends.sql.asks import BITS, ROLES, Ask, Asks
from protodsl.backends.sql.layers import Cte, Grouped, Layers, Names, plain
from protodsl.backends.sql.lexicon import Lexicon, Matching
from protodsl.backends.sql.syntax import (
    FIRST,
    LAST,
    NULL,
    Aggregate,
    Binary,
    Bit,
    Column,
    DayNumber,
    Dialect,
    Expr,
    Literal,
    Packed,
    Scalar,
    and_,
    case,
    coalesce,
    compare,
    earlier,
    is_,
    is_not,
    literal,
    or_,
)
from protodsl.backends.sql.times import Scope, Span, Times, When, on

if TYPE_CHECKING:
    from protodsl.backends.sql.courses import Joined
    from protodsl.backends.sql.dated import Table
    from protodsl.backends.sql.doses import Doses
    from protodsl.backends.sql.measures import Made


Listed = tuple[int, str, str, str | None, bool, bool, str, bool]
"""(concept, key, domain, thing, sure, brief, drug, named)."""


class Derived(Protocol):
    """A table made of the rows of another."""

    def reads(self) -> set[str]:
        """The columns of these that it needs."""


class NotCarried(Exception):
    """A construct SQL does not carry; its message names it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the statement leaves unknown: the criterion or part, and the construct it does not carry."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is given besides tables; the same as `screen` takes."""

    at: tuple[tuple[str, date], ...] = ()
    as_of: date | None = None
    assume: tuple[str, ...] = ()
    cohort: str | None = None
    leaves: bool = False  # also the truth of each comparison and question, to tell what is missing


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison or question of a criterion: of what (an item, `age` …), and its truth."""

    part: str
    stage: str
    what: str
    truth: Expr


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to another statement, in `table`: `columns` has, of each criterion whose answer here is the
    same, by (stage, cohort, criterion), the columns of its truth and of whether it applies.
    """

    table: str
    columns: Mapping[tuple[str, str | None, str], tuple[str, str]]


class Builder:
    def __init__(
        self,
        protocol: ir.Protocol,
        dialect: Dialect,
        lexicon: Lexicon,
        options: Options,
        answers: Answers | None = None,
    ) -> None:
        self.protocol, self.dialect, self.lexicon, self.options = protocol, dialect, lexicon, options
        self.answers = answers
        self.answered: dict[str, Column] = {}  # columns read from `answers`
        self.matching = Matching(protocol, lexicon)
        self.names = Names()
        self.people = Layers("people", self.names)
        self.told = Layers("criteria", self.names)  # truths, over what was gathered for each participant
        self.times = Times(self)
        self.timepoints: dict[str, Column] = {}
        self.dated: list[Table] = []  # tables that participants' windows are made from
        self.event_days: dict[tuple[str, str, str], When] = {}  # by stage, which, item
        self.listed: dict[tuple[str, str], Expr] = {}  # by stage and domain: until when it ever was complete
        self.settings: dict[str, Column] = {}  # where somebody takes part, by name
        self.things: dict[tuple[str, str, tuple[str, ...]], str] = {}  # domain, item, but not: its name
        self.facts: dict[tuple[str, str], Layers] = {}  # by domain, and thing where it is of one
        self.grouped: dict[str, Grouped] = {}  # by the name of their rows
        self.ruled: dict[str, int] = {}  # item: how many things an absence of it must cover
        self.asks: dict[str, Asks] = {}  # by domain
        self.later: list[Callable[[], list[Cte]]] = []  # tables of formulas, in order, once all is known
        self.measures: dict[tuple[str, str], Made] = {}
        self.named: dict[str, Layers] = {}
        self.inputs: dict[str, tuple[Layers, str, str]] = {}  # rows of an input: lead, source, thing
        self.at = dict(options.at)
        self.contested: set[str] = set()  # domains of events looked at otherwise, which absences may deny
        self.denials: dict[str, Expr] = {}  # domain: whether an absence denies an event
        self.joined: dict[tuple[Expr, Expr, When, When], Joined] = {}  # courses that are one
        self.doses: dict[Hashable, Doses] = {}
        self.derived: dict[str, list[Derived]] = {}  # tables made of others, by the name of these
        self.last: dict[str, Callable[[], list[Cte]]] = {}  # rows made of what others gathered, by their name
        self.where = ""  # the part whose expressions are being written
        self.refused: list[Refusal] = []
        self.leaves: list[Leaf] = []

    def not_carried(self, what: str) -> NotCarried:
        return NotCarried(what)

    def refuse(self, what: str) -> None:
        """Names what the part being written leaves unknown, for some people or for all."""
        refusal = Refusal(self.where, what)
        if refusal not in self.refused:
            self.refused.append(refusal)

    # ------------------------------------------------------------ participants

    def given(self, timepoint: str) -> Expr:
        """The recorded day of a timepoint, or the one given to the run."""
        if timepoint in self.at:
            return Literal(self.at[timepoint])
        found = self.timepoints.get(timepoint)
        if found is None:
            found = self.timepoints[timepoint] = Column(self.names.make(f"day_of_{timepoint}"))
        return found

    def setting(self, name: str) -> Expr:
        """What is recorded of a place, or of which side is which."""
        found = self.settings.get(name)
        if found is None:
            found = self.settings[name] = Column(self.names.make(f"setting_{name}"))
        return found

    def answer(self, name: str) -> Column:
        """A column of the answers to the other statement."""
        found = self.answered.get(name)
        if found is None:
            found = self.answered[name] = Column(self.names.make(f"answered_{name}"))
        return found

    def person(self, hint: str, expr: Expr) -> Expr:
        """A column of participants; the columns of asked rows, read beside it, have other names."""
        taken = re.sub(r"_[0-9]+$", "", plain(hint)) in ROLES
        return self.people.column(f"the_{hint}" if taken else hint, expr)

    def scope(self, stage: ir.Stage, previous: ir.Stage | None) -> Scope:
        anchor = self.times.timepoint(stage.anchor)
        stated: Expr = Column("as_of") if self.options.as_of is None else Literal(self.options.as_of)
        as_of = self.person("record_ends", coalesce(stated, anchor.last))
        scope = Scope(stage, anchor, as_of, stated, None)
        if previous is None:
            return scope
        return replace(scope, previous=self.times.timepoint(previous.anchor, scope))

    def recorded(self, scope: Scope, first: Expr, last: Expr) -> When:
        """“A partial date is the interval of its days, cut at a stated `as_of`; no date is “any day up to
        `as_of`”.”
        """
        if scope.stated == NULL:
            cut = last
        else:
            within = and_(compare("<=", first, scope.stated), compare(">", last, scope.stated))
            cut = case((within, scope.stated), otherwise=last)
        return When(coalesce(first, Literal(FIRST)), case((is_(first, "NULL"), scope.as_of), otherwise=cut))

    # ------------------------------------------------------------ facts

    def thing(self, domain: str, item: str, but_not: tuple[str, ...] = ()) -> str:
        """The name under which the facts of an item stand in the statement."""
        key = (domain, item, tuple(sorted(but_not)))
        found = self.things.get(key)
        if found is None:
            found = self.things[key] = item if not but_not else f"{item} but not {', '.join(key[2])}"
        return found

    def rows(self, domain: str, thing: str = "") -> Layers:
        """The facts of a domain, or of one thing in it, each with what is worked out for it."""
        found = self.facts.get((domain, thing))
        if found is None:
            name = f"{domain}_rows" if not thing else self.names.make(f"{domain}_{thing}")
            found = self.facts[(domain, thing)] = Layers(name, self.names)
        return found

    def per_person(self, rows: str, name: str) -> Grouped:
        """One row for each participant, from a table of rows."""
        found = self.grouped.get(rows)
        if found is None:
            found = self.grouped[rows] = Grouped(name, rows, self.names)
        return found

    def ask(self, domain: str, thing: str, scope: Scope, key: Hashable) -> Ask:
        """What is asked of the facts of a thing at a stage; `key`: what else tells it from other asks."""
        found = self.asks.get(domain)
        if found is None:
            found = self.asks[domain] = Asks(domain, self.names)
        return found.ask(thing, (scope.stage.id, key))

    # ------------------------------------------------------------ completeness and absence

    def complete_until(self, scope: Scope, domain: str, start: When) -> Expr:
        """The last day up to which the domain is complete from the start of a window; null: it is not."""
        if domain in self.options.assume:
            return case((is_not(start.first, "NULL"), scope.as_of))
        since = coalesce(Column("since_last"), Literal(FIRST))
        reach = self.reach(scope, Column("until_first"), Column("until_last"))
        rows = self.rows("completeness")
        until = rows.column("reaches", reach.first)
        where = and_(compare("=", Column("domain"), Literal(domain)), compare("<=", since, start.first))
        grouped = self.per_person("completeness_rows", "complete")
        return grouped.column(f"{domain}_complete_until", Aggregate("max", until, where))

    def reach(self, scope: Scope, first: Expr, last: Expr) -> When:
        """To `until` (default: `as_of`); “no absence or completeness reaches beyond it”."""
        stated = self.recorded(scope, first, last)
        return When(
            case((is_(first, "NULL"), scope.as_of), otherwise=earlier(first, scope.as_of)),
            case((is_(first, "NULL"), scope.as_of), otherwise=earlier(stated.last, scope.as_of)),
        )

    def complete(self, scope: Scope, domain: str, span: Span) -> Expr:
        """Whether the domain is complete over the whole window; never null."""
        return is_(compare(">=", self.complete_until(scope, domain, span.start), span.end.last), "TRUE")

    def absent(self, scope: Scope, item: str, span: Span) -> Expr:
        """Whether one single absence covers the window: of the item, or of each of its members."""
        units = self.ruled.setdefault(item, len(self.paths(item)))
        ask = self.ask("absences", item, scope, span)
        up_to = ask.own("up_to", scope.as_of, "DATE")
        opens = ask.own("opens_first", span.start.first, "DATE")
        closes = ask.own("closes_last", span.end.last, "DATE")
        reach = self.reach(replace(scope, as_of=up_to), Column("until_first"), Column("until_last"))
        since = coalesce(Column("since_last"), Literal(FIRST))
        ask.keep(is_(and_(compare("<=", since, opens), compare(">=", reach.first, closes)), "TRUE"))
        if units < BITS:  # a bit for each part, the lowest for the whole
            parts = ask.gathered("parts", Aggregate("bit_or", Packed(Literal(1), Column("part"))))
            covered = or_(Bit(parts, 0), compare(">=", parts, Literal(2 ** (units + 1) - 2)))
        else:
            whole = ask.gathered("whole", Aggregate("bool_or", compare("=", Column("part"), Literal(0))))
            number = ask.gathered("parts", Aggregate("count", Column("part"), distinct=True))
            covered = or_(whole, compare(">=", number, Literal(units)))
        return ask.flag("ruled_out", covered)

    def paths(self, item: str) -> list[tuple[str, ...]]:
        """The ways down from an item to its last members: an absence must stand on each."""
        found = self.protocol.items[item]
        members = [each for each in found.members if each in self.protocol.items]
        if not found.is_class or found.open or not members:
            return [(item,)]
        return [(item, *path) for member in members for path in self.paths(member)]

    # ------------------------------------------------------------ the tables the statement begins with

    def rules_out(self) -> list[tuple[int, str, str, int]]:
        """(concept, its key, item, part): 0 where the absence covers the whole, else the way it stands on."""
        rows: list[tuple[int, str, str, int]] = []
        for item in self.ruled:
            paths = self.paths(item)
            covering: dict[str, set[tuple[int, str]]] = {
                each: set(self.matching.covering(each)) for path in paths for each in path
            }
            for concept in sorted({one for found in covering.values() for one in found}):
                parts = [
                    number
                    for number, path in enumerate(paths, start=1)
                    if any(concept in covering[each] for each in path)
                ]
                if len(parts) == len(paths):
                    rows.append((*concept, item, 0))
                else:
                    rows += [(*concept, item, part) for part in parts]
        return rows

    def codes(self) -> list[Listed]:
        """The codes of the things asked for."""
        rows: list[Listed] = []
        for (domain, item, but_not), name in self.things.items():
            rows += [
                (each.concept, each.key, domain, name, each.sure, each.brief, each.drug, each.named)
                for each in self.matching.fitted(item, but_not)
            ]
        return rows

    def denying(
        self, codes: Iterable[Listed], domains: Collection[str]
    ) -> list[tuple[int, str, int, str, str]]:
        """(absent, its key, fact, its key, thing): an absence of the first denies an event with the second
        that is asked for as the thing.
        """
        sure: dict[tuple[str, str | None], set[str]] = {}
        for _, key, domain, thing, surely, *_ in codes:
            if surely:
                sure.setdefault((domain, thing), set()).add(key)
        return [
            (*pair, name)
            for (domain, item, _), name in self.things.items()
            if domain in domains
            for pair in self.matching.denying(item, sure.get((domain, name), ()))
        ]

    def numbered(self, name: str, columns: str) -> str:
        """A list of codes by the numbers of their concepts."""
        if self.lexicon.numbered:
            return f"  SELECT concept, {columns} FROM {name}"
        return f"  SELECT concepts.concept, {columns} FROM {name} JOIN concepts ON concepts.key = {name}.key"

    def key(self, seconds_at: Expr, day: Expr, seconds: Expr) -> Expr:
        """A number that orders moments."""
        return Binary(
            "+",
            Binary("*", DayNumber(day), Literal(86400)),
            case((seconds_at, seconds), otherwise=Literal(0)),
        )


def values(rows: Iterable[tuple[Scalar, ...]], dialect: Dialect) -> str:
    """Rows written out, a line each."""
    lines = []
    for row in rows:
        told = ", ".join(literal(each, dialect) for each in row)
        lines.append(f"    ({told})")
    return "  VALUES\n" + ",\n".join(lines)


__all__ = ["LAST", "Builder", "Mapping", "NotCarried", "Options", "is_not", "on", "values"]
