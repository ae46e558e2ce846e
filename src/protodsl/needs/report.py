"""What a protocol asks for, as text for a terminal and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from protodsl.needs import Need, Needs, unit_words
from protodsl.runtime.record_fields import DOMAINS

WIDTH = 100
_TITLES = {
    "results": "Results",
    "conditions": "Conditions",
    "medications": "Medications",
    "procedures": "Procedures",
}


def as_data(needs: Needs) -> dict[str, Any]:
    """Plain data for JSON."""
    found: dict[str, Any] = {
        "protocol": needs.protocol.id,
        "birth_date": list(needs.age),
        "sex": list(needs.sex),
        "setting": {name: list(criteria) for name, criteria in needs.setting},
        "timepoints": [
            {"name": one.name, "label": one.label, "computed": one.at is not None} for one in needs.timepoints
        ],
        "complete": list(needs.whole),
    }
    for domain in DOMAINS:
        found[domain] = [_item(need) for need in needs.of(domain)]
    return found


def _item(need: Need) -> dict[str, Any]:
    uses = [{"criterion": use.criterion, "window": use.window or None} for use in need.uses]
    if need.domain == "answers":
        key = {"question": need.name, "text": need.text or need.label, "by": list(need.roles)}
        return {**key, "uses": uses}
    made: dict[str, Any] = {
        "code": need.name,
        "label": need.label,
        "codes": [{"system": one.system, "code": one.code} for one in need.codes],
    }
    if need.item is not None and need.item.is_class:
        made["members"] = list(need.item.members)
        made["open"] = need.item.open
    if need.domain == "results":
        made["unit"] = need.unit.text if need.unit is not None else None
        made["values"] = list(need.values)
    if need.dose_units:
        made["dose_units"] = list(need.dose_units)
    made["details"] = [detail for detail in need.details if detail not in ("kind", "onset")]
    made["uses"] = uses
    return made


def as_text(needs: Needs) -> str:
    """The same to read; no line longer than `WIDTH`."""
    return "\n".join(_lines(needs))


def _lines(needs: Needs) -> Iterator[str]:
    protocol = needs.protocol
    yield from wrap(f"{protocol.id}: {protocol.title}", WIDTH)
    yield ""
    yield "Participant"
    if needs.age:
        yield from _entry("date of birth", ", ".join(needs.age))
    if needs.sex:
        yield from _entry("sex", ", ".join(needs.sex))
    for name, criteria in needs.setting:
        yield from _entry(name.replace("_", " "), ", ".join(criteria))
    for timepoint in needs.timepoints:
        computed = " (computed where it is not given)" if timepoint.at is not None else ""
        yield from _entry(f"date of {timepoint.label or timepoint.name}{computed}", "")
    if needs.whole:
        yield from _entry("whether these are recorded completely", ", ".join(needs.whole))
    for domain, title in _TITLES.items():
        asked = needs.of(domain)  # type: ignore[arg-type]
        if asked:
            yield ""
            yield title
        for need in asked:
            yield from _entry(_head(need), "")
            yield from _uses(need)
    questions = needs.of("answers")
    for roles in dict.fromkeys(need.roles for need in questions):
        yield ""
        yield f"Answers of {' or '.join(roles) if roles else 'anyone'}"
        for need in questions:
            if need.roles == roles:
                words = need.text or need.label
                yield from _entry(words if words == need.name else f"{need.name}: {words}", "")
                yield from _uses(need)


def _head(need: Need) -> str:
    """Name, label and unit, what else must be known, codes."""
    unit = unit_words(need)
    head = f"{need.name}: {need.label}{f' [{unit}]' if unit else ''}"
    if need.values:
        head += f": {', '.join(need.values)}"
    details = [_DETAILS[one] for one in need.details if one in _DETAILS]
    if need.dose_units:
        details.append(f"dose [{', '.join(need.dose_units)}]")
    if details:
        head += f", with {', '.join(details)}"
    systems: dict[str, list[str]] = {}
    for code in need.codes:
        systems.setdefault(code.system, []).append(code.code)
    for system, codes in systems.items():
        head += f"; {system.upper()} {', '.join(codes)}"
    return head


_DETAILS = {
    "uln": "upper limit", "lln": "lower limit", "severity": "severity", "grade": "grade", "stage": "stage",
    "route": "route", "response": "response", "reason": "why stopped",
}  # fmt: skip


def _uses(need: Need) -> Iterator[str]:
    """Where it is asked for, the same time said once."""
    times: dict[str, list[str]] = {}
    for use in need.uses:
        times.setdefault(use.window, []).append(use.criterion)
    for time, criteria in times.items():
        text = f"{time}: {', '.join(criteria)}" if time else ", ".join(criteria)
        yield from wrap(text, WIDTH, initial_indent="      ", subsequent_indent="        ")


def _entry(head: str, text: str) -> Iterator[str]:
    yield from wrap(
        f"{head}: {text}" if text else head,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
