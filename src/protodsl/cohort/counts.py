"""How many: verdicts, attrition, what is missing, which criteria exclude the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from protodsl import ir
from protodsl.backends.sql import Refusal
from protodsl.cohort.engine import GROUPS, Answered
from protodsl.cohort.screen import Screened
from protodsl.cohort.steps import Step, Track, tracks

PAIRS = 2000  # of criteria, at most, asked for at once


@dataclass(frozen=True, slots=True)
class Verdicts:
    """`refused`: records whose study events break the declared order."""

    eligible: int = 0
    ineligible: int = 0
    undetermined: int = 0
    refused: int = 0

    @property
    def screened(self) -> int:
        return self.eligible + self.ineligible + self.undetermined


@dataclass(frozen=True, slots=True)
class Stepped:
    """One step of an attrition. One after the other in protocol order: `excluded` here and at none before,
    `remaining` after it (not excluded so far), `sure` of these (every step so far passed).
    Alone: `fails`, `open`, `not_applicable`, of everybody. Last: `only` this excludes and everything else is
    passed; `only_failing`: nothing else excludes, though something may be open.
    """

    id: str
    kind: str
    label: str
    excluded: int
    remaining: int
    sure: int
    fails: int
    open: int
    not_applicable: int
    only: int
    only_failing: int
    not_carried: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """What leaves people undetermined. `keeps`: of those undetermined, in how many it is open; `alone`: in
    how many nothing else is.
    """

    id: str
    label: str
    keeps: int
    alone: int


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many two criteria exclude both."""

    first: str
    second: str
    both: int


@dataclass(frozen=True, slots=True)
class Attrition:
    stage: str
    cohort: str | None
    label: str
    verdicts: Verdicts
    steps: tuple[Stepped, ...]
    missing: tuple[Missing, ...]  # by criterion
    items: tuple[Missing, ...]  # by what is asked of
    overlap: tuple[Overlap, ...]


@dataclass(frozen=True, slots=True)
class Group:
    by: str
    value: str | None  # None: not recorded
    verdicts: Verdicts


@dataclass(frozen=True, slots=True)
class Asked:
    """All that is told of one protocol. `verdicts`: of everybody, at the last stage that is dated."""

    protocol: str
    title: str
    verdicts: Verdicts
    attrition: tuple[Attrition, ...]
    groups: tuple[Group, ...]
    not_carried: tuple[Refusal, ...]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def asked(screened: Screened, answered: Answered) -> Asked:
    protocol = answered.question.protocol
    refused = {each.where: each.what for each in answered.statement.refused}
    return Asked(
        protocol.id,
        protocol.title,
        verdicts(screened, answered),
        tuple(attrition(screened, track, refused, protocol) for track in tracks(answered)),
        groups(screened, answered),
        answered.statement.refused,
    )


def final(answered: Answered) -> str:
    """The column of the verdict over all stages."""
    return answered.column(next(each for each in answered.statement.outputs if each.what == "verdict"))


def verdicts(screened: Screened, answered: Answered) -> Verdicts:
    rows = screened.rows(f"SELECT {final(answered)}, count(*) FROM {{source}} GROUP BY 1")
    return Verdicts(**dict(rows))


def groups(screened: Screened, answered: Answered) -> tuple[Group, ...]:
    found = []
    for by in GROUPS:
        rows = screened.rows(f"SELECT group_{by}, {final(answered)}, count(*) FROM {{source}} GROUP BY 1, 2")
        values = sorted({row[0] for row in rows}, key=_order)
        if values == [None]:
            continue
        found += [
            Group(by, value, Verdicts(**{name: count for own, name, count in rows if own == value}))
            for value in values
        ]
    return tuple(found)


def _order(value: str | None) -> tuple[bool, int, str]:
    number = (value or "").split(" ")[0]
    return value is None, int(number) if number.isdigit() else 0, value or ""


# ---------------------------------------------------------------- one attrition


def attrition(screened: Screened, track: Track, refused: dict[str, str], protocol: ir.Protocol) -> Attrition:
    steps = track.steps
    numbered = list(enumerate(steps))
    base = _base(track)

    def ask(wanted: Sequence[str]) -> tuple[int, ...]:
        found: list[int] = []
        for start in range(0, len(wanted), PAIRS):
            listed = ", ".join(wanted[start : start + PAIRS])
            found += screened.rows(f"SELECT {listed} FROM ({base}) AS asked")[0]
        return tuple(found)

    total, eligible, ineligible = ask(
        ["count(*)", "count_if(fails = 0 AND opens = 0)", "count_if(fails > 0)"]
    )
    wanted: list[str] = []
    for number, _ in numbered:
        wanted += [
            f"count_if(first_fail = {number})",
            f"count_if(first_not = {number})",
            f"count_if(f{number})",
            f"count_if(o{number})",
            f"count_if(a{number})",
            f"count_if(f{number} AND fails = 1 AND opens = 0)",
            f"count_if(f{number} AND fails = 1)",
            f"count_if(o{number} AND fails = 0)",
            f"count_if(o{number} AND fails = 0 AND opens = 1)",
        ]
    told = ask(wanted)
    found: list[Stepped] = []
    missing: list[Missing] = []
    remaining = sure = total
    for number, step in numbered:
        excluded, halted, fails, open_, absent, only, only_failing, keeps, alone = told[
            9 * number : 9 * number + 9
        ]
        remaining, sure = remaining - excluded, sure - halted
        carried = not any(name == step.id or name.startswith(f"{step.id}.") for name in refused)
        found.append(
            Stepped(
                step.id,
                step.kind,
                step.label,
                excluded,
                remaining,
                sure,
                fails,
                open_,
                absent,
                only,
                only_failing,
                not carried,
            )
        )
        if keeps:
            missing.append(Missing(step.id, step.label, keeps, alone))
    missing.sort(key=lambda one: -one.keeps)
    return Attrition(
        track.stage,
        track.cohort,
        track.label,
        Verdicts(eligible, ineligible, total - eligible - ineligible),
        tuple(found),
        tuple(missing),
        _items(ask, steps, protocol),
        _overlap(ask, found),
    )


def _base(track: Track) -> str:
    """For everybody asked: whether each step fails, is open, is absent; how many fail and are open, which is
    the first. Never null, so that they are counted with `count_if`, which takes a twentieth of what a filter
    takes.
    """
    numbers = range(len(track.steps))
    columns = [
        f"{step.truth} IS FALSE AS f{n}, {step.truth} IS NULL AS o{n}, {step.absent} AS a{n}"
        for n, step in enumerate(track.steps)
    ]
    items = list(_open_items(track.steps).values())
    columns += [f"{told} AS item{n}" for n, told in enumerate(items)]
    open_items = " + ".join(f"CAST(item{n} AS INTEGER)" for n in range(len(items))) or "0"
    inner = f"SELECT {', '.join(columns) or '1'} FROM {{source}} WHERE {track.where}"
    fails = " + ".join(f"CAST(f{n} AS INTEGER)" for n in numbers) or "0"
    opens = " + ".join(f"CAST(o{n} AS INTEGER)" for n in numbers) or "0"
    first_fail = " ".join(f"WHEN f{n} THEN {n}" for n in numbers)
    first_not = " ".join(f"WHEN f{n} OR o{n} THEN {n}" for n in numbers)
    return (
        f"SELECT *, {fails} AS fails, {opens} AS opens, {open_items} AS open_items, "
        f"{f'CASE {first_fail} END' if first_fail else 'NULL'} AS first_fail, "
        f"{f'CASE {first_not} END' if first_not else 'NULL'} AS first_not FROM ({inner}) AS truths"
    )


def _open_items(steps: Sequence[Step]) -> dict[str, str]:
    """Of each thing asked of: SQL, true where it is unknown in a criterion that is open."""
    where: dict[str, dict[str, None]] = {}
    for step in steps:
        for what, open_ in step.leaves:
            where.setdefault(what, {})[f"({open_} AND {step.truth} IS NULL)"] = None
    return {what: f"({' OR '.join(each)})" for what, each in where.items()}


def _items(ask: Any, steps: Sequence[Step], protocol: ir.Protocol) -> tuple[Missing, ...]:
    """Things asked of that are unknown in a criterion that is open, of those undetermined."""
    names = list(_open_items(steps))
    if not names:
        return ()
    wanted = [f"count_if(fails = 0 AND item{number})" for number in range(len(names))]
    wanted += [f"count_if(fails = 0 AND item{n} AND open_items = 1)" for n in range(len(names))]
    told = ask(wanted)
    found = [
        Missing(name, label_of(protocol, name), keeps, alone)
        for name, keeps, alone in zip(names, told[: len(names)], told[len(names) :], strict=True)
        if keeps
    ]
    return tuple(sorted(found, key=lambda one: -one.keeps))


def label_of(protocol: ir.Protocol, what: str) -> str:
    told = [
        protocol.items[name].label or name if name in protocol.items else name for name in what.split(" and ")
    ]
    return " and ".join(told)


def _overlap(ask: Any, found: Sequence[Stepped]) -> tuple[Overlap, ...]:
    pairs = [
        (first, second)
        for first in range(len(found))
        for second in range(first + 1, len(found))
        if found[first].fails and found[second].fails
    ]
    if not pairs:
        return ()
    told = ask([f"count_if(f{first} AND f{second})" for first, second in pairs])
    made = [
        Overlap(found[first].id, found[second].id, both)
        for (first, second), both in zip(pairs, told, strict=True)
        if both
    ]
    return tuple(sorted(made, key=lambda one: -one.both))
