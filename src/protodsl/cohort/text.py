"""A screened cohort as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from textwrap import shorten, wrap

from protodsl.cohort.counts import Asked, Attrition, Group, Missing, Verdicts
from protodsl.cohort.report import Report, WhatIf

WIDTH = 100
FEW = 10  # rows of lists that a terminal need not show whole
VERDICTS = ("eligible", "undetermined", "ineligible")


def as_text(report: Report) -> str:
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    if report.simulated is not None:
        yield f"These participants are made up, around the boundaries of {report.simulated}."
        yield ""
    for asked in report.protocols:
        yield from _protocol(asked, report.participants)
    for one in report.what_if:
        yield from _what_if(one)
    for said in report.exactness:
        yield from wrap(said, WIDTH)


def _protocol(asked: Asked, participants: int) -> Iterator[str]:
    yield from wrap(f"{asked.protocol}: {asked.title}", WIDTH)
    yield f"{participants:,} participants"
    yield from _verdicts(asked.verdicts)
    yield ""
    for one in asked.attrition:
        yield from _attrition(one)
    if asked.groups:
        yield from _groups(asked.groups)


def _verdicts(found: Verdicts) -> Iterator[str]:
    for name in VERDICTS:
        count = getattr(found, name)
        yield f"  {name:<13} {count:>11,}  {percent(count, found.screened):>6}"
    if found.refused:
        yield f"  {'refused':<13} {found.refused:>11,}  study events out of their order"


def _attrition(one: Attrition) -> Iterator[str]:
    total = one.verdicts.screened
    yield f"{one.label}: {total:,} asked, {one.verdicts.eligible:,} pass"
    rows = [
        (
            f"{each.id} {each.label}" if each.kind in ("inclusion", "exclusion") else each.label,
            f"{each.excluded:,}",
            f"{each.remaining:,}",
            f"{each.fails:,}",
            f"{each.open:,}{'*' if each.not_carried else ''}",
            f"{each.not_applicable:,}" if each.not_applicable else "",
            f"{each.only:,}",
            f"{each.only_failing:,}",
        )
        for each in one.steps
    ]
    head = ("", "excludes", "left", "alone", "open", "n/a", "only this", "no other")
    yield from table(head, rows)
    yield "  excludes, left: one by one, in this order. alone: of all. open: not known. only this: excludes,"
    yield "  and everything else is passed. no other: excludes, and nothing else does, though it may be open."
    if any(each.not_carried for each in one.steps):
        yield "  * not carried whole by SQL"
    yield ""
    for told, found in (("criterion", one.missing), ("what is asked of", one.items)):
        if found:
            yield from _missing(told, found, one.verdicts)
    if one.overlap:
        yield "Excluded by both"
        yield from (f"  {each.both:>9,}  {each.first}, {each.second}" for each in one.overlap[:FEW])
        yield ""


def _missing(told: str, found: Sequence[Missing], of: Verdicts) -> Iterator[str]:
    yield f"Undetermined because of a {told}" if told == "criterion" else f"Undetermined, by {told}"
    rows = [
        (
            shorten(f"{each.id} {each.label}" if told == "criterion" else each.label, 60, placeholder=" …"),
            f"{each.keeps:,}",
            percent(each.keeps, of.undetermined),
            f"{each.alone:,}",
        )
        for each in found[:FEW]
    ]
    yield from table(("", "open", "of undet.", "only this"), rows)
    if len(found) > FEW:
        yield f"  … and {len(found) - FEW} more"
    yield ""


def _groups(found: Iterable[Group]) -> Iterator[str]:
    rows = [
        (
            f"{each.by} {each.value or 'not recorded'}",
            f"{each.verdicts.screened:,}",
            *(f"{getattr(each.verdicts, name):,}" for name in VERDICTS),
            percent(each.verdicts.eligible, each.verdicts.screened),
        )
        for each in found
    ]
    yield "By group"
    yield from table(("", "asked", *VERDICTS, "eligible"), rows)
    yield ""


def _what_if(one: WhatIf) -> Iterator[str]:
    yield f"{one.protocol}: what if the {one.limit} were another (now {one.now})"
    rows = [(value, *(f"{getattr(found, name):,}" for name in VERDICTS)) for value, found in one.values]
    yield from table(("", *VERDICTS), rows)
    yield ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first column to the left and cut where it must be, the others to the right."""
    widths = [max(len(row[number]) for row in (head, *rows)) for number in range(len(head))]
    rest = sum(widths[1:]) + 2 * len(widths[1:]) + 2
    widths[0] = min(widths[0], WIDTH - rest)
    for row in (head, *rows):
        first = shorten(row[0], widths[0], placeholder=" …") if len(row[0]) > widths[0] else row[0]
        cells = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(["  " + f"{first:<{widths[0]}}", *cells])


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""
