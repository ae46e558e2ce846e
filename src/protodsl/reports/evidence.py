"""Evidence in words: what the record says at the places a report names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protodsl.runtime.codes import Vocabulary
from protodsl.runtime.facts import first_day
from protodsl.runtime.record import Answer, Coded, Condition, Interval, Medication, Procedure, Record, Result
from protodsl.runtime.report import Report
from protodsl.runtime.words import amount, days_text, event_text, name_text, range_text

Fact = Result | Condition | Medication | Procedure | Answer


def facts_of(record: Record) -> Iterator[Fact]:
    """Every fact, in the order of the record."""
    yield from record.results
    yield from record.conditions
    yield from record.medications
    yield from record.procedures
    yield from record.answers


def evidence_in_words(report: Report, record: Record, vocabulary: Vocabulary) -> dict[str, str]:
    """Each place that is evidence of some criterion (`results/0`, `Observation/7`, `measurement/12`), with
    what is recorded there; in the order of the record. A place may hold several facts: a blood pressure.
    """
    wanted = {place for row in report.criteria for place in row.evidence}
    found: dict[str, list[str]] = {}
    for fact in facts_of(record):
        if fact.where in wanted:
            found.setdefault(fact.where, []).append(fact_text(fact, vocabulary))
    return {place: "; ".join(dict.fromkeys(said)) for place, said in found.items()}


def fact_text(fact: Fact, vocabulary: Vocabulary) -> str:
    """`ALT 130 U/L, upper limit 40, 2024-02-20`; `no Gilbert syndrome`; `prednisone 15 mg/d from …`."""
    match fact:
        case Result():
            return ", ".join(_result(fact, vocabulary))
        case Answer():
            said = {True: "yes", False: "no", None: "not answered"}[fact.answer]
            item = vocabulary.items.get(fact.question)
            by = f", by {name_text(fact.role)}" if fact.role else ""
            return (
                f'"{item.label if item is not None else fact.question}": {said}{by}, {days_text(fact.date)}'
            )
        case Condition() | Medication() | Procedure():
            return _event(fact, vocabulary)


def code_label(code: Coded, vocabulary: Vocabulary) -> str:
    """The label of what a code names; the code itself where the vocabulary does not know it."""
    one = vocabulary.one_code(code)
    if one.code is None:
        return "an uncoded entry"
    if one.system is not None:
        return f"{one.system} {one.code}"
    item = vocabulary.items.get(one.code)
    return item.label if item is not None else name_text(one.code)


def _result(fact: Result, vocabulary: Vocabulary) -> list[str]:
    value = amount(fact.raw or name_text(fact.text or ""), fact.unit)
    said = [f"{code_label(fact.code, vocabulary)} {value}"]
    if fact.uln is not None or fact.lln is not None:
        said.append(f"reference {range_text(fact.lln, fact.uln)}")
    said += [f"{what} {word}" for what, word in (("side", fact.side), ("method", fact.method)) if word]
    said.append(days_text(fact.date) + (f" {fact.time}" if fact.time else ""))
    if fact.confirmed:
        said.append("confirmed")
    return said


def _event(fact: Condition | Medication | Procedure, vocabulary: Vocabulary) -> str:
    label = code_label(fact.code, vocabulary)
    if not fact.present:
        until = f" to {days_text(fact.date)}" if fact.date is not None else ""
        since = f" from {days_text(fact.since)}" if fact.since is not None else ""
        return f"no {label}: recorded as absent{since}{until}"
    first = first_day(fact)
    point = isinstance(fact, Procedure) and fact.end is None and not fact.ongoing
    said = [event_text(label, label, first, fact.end, point=point, ongoing=fact.ongoing)]
    if fact.code.suspected:
        said.append("not confirmed")
    match fact:
        case Condition():
            pairs: Iterable[tuple[str, object]] = (
                ("severity", fact.severity), ("grade", fact.grade), ("stage", fact.stage),
                ("side", fact.side),
            )  # fmt: skip
        case Medication():
            if fact.dose is not None:
                said.insert(1, amount(_interval(fact.dose), fact.unit))
            pairs = (
                ("route", fact.route), ("response", fact.response), ("line", fact.line),
                ("stopped for", fact.reason_stopped),
            )  # fmt: skip
        case Procedure():
            pairs = ()
    said += [f"{what} {value}" for what, value in pairs if value is not None]
    return ", ".join(said)


def _interval(value: Interval) -> str:
    return range_text(value.low, value.high)
