"""Reading a patient record: plain data to a `Record`.

A record that cannot be trusted is refused whole, with every problem found and its place (`results/3/date`);
nothing is repaired by guessing. What is merely unusable for one question (a unit nobody knows, words where a
number is asked) is not a problem of the record: it is kept, and makes that question unknown.

Words are brought to one spelling: a result's word and an attribute's are in the form of a name: `Not
detected` is `not_detected`. `Result.raw` keeps what was written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from protodsl.runtime.attributes import MAX_TEXT, Attributes, RecordError, kind_of, like
from protodsl.runtime.plain import plain_answer, plain_medication, plain_result, plain_span
from protodsl.runtime.record import (
    Answer,
    Coded,
    Complete,
    Condition,
    Days,
    Exact,
    Medication,
    Procedure,
    Record,
    Result,
)
from protodsl.runtime.record_fields import (
    ABSENCE_FIELDS,
    ANSWER_FIELDS,
    BARE_CONDITION,
    BARE_MEDICATION,
    BARE_PROCEDURE,
    COMPLETE_FIELDS,
    CONDITION_FIELDS,
    DOMAINS,
    MEDICATION_FIELDS,
    PLACES,
    PLAIN_ANSWER,
    PLAIN_CONDITION,
    PLAIN_MEDICATION,
    PLAIN_RESULT,
    PROCEDURE_FIELDS,
    RECORD_FIELDS,
    RESPONSES,
    RESULT_FIELDS,
    SEVERITIES,
    SEXES,
    SIDES,
)
from protodsl.runtime.values import (
    PLAIN_DATE,
    clock_of,
    quote,
)

MAX_FACTS = 100_000  # in one record: years of intensive care stay below, a registry in one record does not
_NO_CODE = Coded(None, None)


class _Reader(Attributes):
    """Reads the domains, one method each."""

    def __init__(self, silent: Collection[Coded] = ()) -> None:
        super().__init__()
        self.silent = silent

    def present(self, fact: dict[str, Any], where: str) -> bool | None:
        """Whether the fact is one or an absence; None where it cannot be read as either."""
        present = fact.get("present", True)
        if present is True:
            if "from" in fact:
                self.problem(f"{where}/from", 'only an absence ("present": false) has "from" and "date"')
            return True
        if present is False:
            # the absence of severe gvhd must not become that of any gvhd
            for key in sorted(fact.keys() - ABSENCE_FIELDS, key=str):
                told = f'an absence is of the whole: it has only "code", "from" and "date", no {quote(key)}'
                self.problem(f"{where}/{key}", told)
            if fact.get("code") is None:
                self.problem(f"{where}/code", "an absence must name what is absent")
            return False
        self.problem(f"{where}/present", f"true or false is expected here, not {kind_of(present)}")
        return None

    def absence(self, fact: dict[str, Any], where: str) -> tuple[Coded, Days | None, Days | None]:
        since, until = self.day(fact, "from", where), self.day(fact, "date", where)
        self.order(where, "date", since, until, '"from"')
        code = self.code(fact, where) if fact.get("code") is not None else _NO_CODE
        return code, since, until

    # ------------------------------------------------------------ the domains

    def facts(self, record: dict[str, Any], domain: str) -> Iterator[tuple[str, Any]]:
        facts = record.get(domain, ())
        if not isinstance(facts, (list, tuple)):
            self.problem(domain, f"a list is expected here, not {kind_of(facts)}")
            return
        for index, fact in enumerate(facts):
            yield f"{domain}/{index}", fact

    def results(self, record: dict[str, Any]) -> list[Result]:
        found = []
        for where, fact in self.facts(record, "results"):
            if fact.__class__ is dict and fact.keys() <= PLAIN_RESULT:
                try:
                    plain = plain_result(fact, where, self.silent)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    if plain:
                        found.append(plain)
                    continue
            if not self.fields(fact, where, RESULT_FIELDS):
                continue
            if "value" not in fact:
                self.problem(where, 'the field "value" is missing')
                continue
            value = self.value(fact["value"], "value", where)
            code = self.code(fact, where)
            unit = self.text(fact, "unit", where) if "unit" in fact else None
            day = self.day(fact, "date", where) if "date" in fact else None
            timed = "time" in fact or (day is not None and len(fact["date"]) > 10)
            time = self.time(fact, where) if timed else None
            low = self.limit(fact, "low", where) if "low" in fact else None
            uln = self.limit(fact, "uln", where) if "uln" in fact else None
            if low is not None and uln is not None and low > uln:
                self.problem(f"{where}/low", "lies above uln")
            side = self.side(fact, where) if "side" in fact else None
            method = self.text(fact, "method", where) if "method" in fact else None
            confirmed = "confirmed" in fact and self.flag(fact, "confirmed", where)
            if value is not None:
                number, word, raw, _ = value
                made = Result(
                    code, number, word, unit, day, time, uln, low, side, method, raw, where, confirmed
                )
                found.append(made)
        return found

    def side(self, fact: dict[str, Any], where: str) -> str | None:
        """`left`, `right` or `both`, also as an ophthalmologist writes it; another word stays as it is."""
        word = self.word(fact, "side", where)
        return None if word is None else SIDES.get(word, word)

    def limit(self, fact: dict[str, Any], key: str, where: str) -> Exact | None:
        number = self.number(fact, key, where, censored=False)
        return number.low if number is not None else None

    def time(self, fact: dict[str, Any], where: str) -> str | None:
        """The time of a result: its own field, or what stands behind the `T` of its date."""
        value = fact.get("time")
        if value is None:
            day = fact.get("date")
            return clock_of(day[11:]) if isinstance(day, str) and len(day) > 10 else None
        clock = clock_of(value) if isinstance(value, str) and len(value) <= 30 else None
        if clock is None:
            self.problem(f"{where}/time", f"{quote(value)} is no time of day; write 14:30")
        return clock

    def conditions(self, record: dict[str, Any]) -> list[Condition]:
        found = []
        for where, fact in self.facts(record, "conditions"):
            if fact.__class__ is dict and fact.keys() <= BARE_CONDITION:
                try:
                    span = plain_span(fact, "onset")
                except TypeError:
                    span = None
                if span is not None:
                    code, first, last, goes_on = span
                    found.append(Condition(code, True, first, last, goes_on, where=where))
                    continue
            if not self.fields(fact, where, CONDITION_FIELDS):
                continue
            present = self.present(fact, where)
            if present is False:
                code, since, until = self.absence(fact, where)
                found.append(Condition(code, False, since=since, date=until, where=where))
            elif present:
                if "date" in fact:
                    self.problem(
                        f"{where}/date", 'a condition has "onset" and "end"; "date" belongs to an absence'
                    )
                onset, end = self.day(fact, "onset", where), self.day(fact, "end", where)
                self.order(where, "end", onset, end, "onset")
                ongoing = fact.get("end", 0) is None
                condition = Condition(self.code(fact, where), True, onset, end, ongoing, where=where)
                if self.flag(fact, "suspected", where):
                    condition.code = condition.code._replace(suspected=True)
                found.append(condition)
                if not fact.keys() <= PLAIN_CONDITION:
                    condition.severity = self.word(fact, "severity", where, SEVERITIES)
                    condition.grade = self.integer(fact, "grade", where, 0, 10)
                    condition.stage = self.text(fact, "stage", where)
                    condition.side = self.side(fact, where)
        return found

    def medications(self, record: dict[str, Any]) -> list[Medication]:
        found = []
        for where, fact in self.facts(record, "medications"):
            if fact.__class__ is dict and fact.keys() <= BARE_MEDICATION:
                try:
                    plain = plain_medication(fact, where)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    found.append(plain)
                    continue
            if not self.fields(fact, where, MEDICATION_FIELDS):
                continue
            present = self.present(fact, where)
            if present is False:
                code, since, until = self.absence(fact, where)
                found.append(Medication(code, False, since=since, date=until, where=where))
            elif present:
                if "date" in fact:
                    self.problem(
                        f"{where}/date", 'a medication has "start" and "end"; "date" belongs to an absence'
                    )
                start, end = self.day(fact, "start", where), self.day(fact, "end", where)
                self.order(where, "end", start, end, "start")
                ongoing = fact.get("end", 0) is None
                drug = Medication(self.code(fact, where), True, start, end, ongoing, where=where)
                found.append(drug)
                if "dose" in fact or "unit" in fact:
                    drug.dose = self.number(fact, "dose", where, censored=True)
                    drug.unit = self.text(fact, "unit", where)
                if not fact.keys() <= PLAIN_MEDICATION:
                    drug.per = self.word(fact, "per", where, ("kg", "m2"))
                    drug.route = self.word(fact, "route", where)
                    drug.response = self.word(fact, "response", where, RESPONSES)
                    drug.line = self.integer(fact, "line", where, 1, 100)
                    drug.reason_stopped = self.word(fact, "reason_stopped", where)
        return found

    def procedures(self, record: dict[str, Any]) -> list[Procedure]:
        found = []
        for where, fact in self.facts(record, "procedures"):
            if fact.__class__ is dict and fact.keys() <= BARE_PROCEDURE:
                try:
                    span = plain_span(fact, "date")
                except TypeError:
                    span = None
                if span is not None:
                    code, begun, last, goes_on = span
                    found.append(Procedure(code, True, begun, last, goes_on, where=where))
                    continue
            if not self.fields(fact, where, PROCEDURE_FIELDS):
                continue
            present = self.present(fact, where)
            if present is False:
                code, since, until = self.absence(fact, where)
                found.append(Procedure(code, False, until, since=since, where=where))
            elif present:
                first, end = self.day(fact, "date", where), self.day(fact, "end", where)
                self.order(where, "end", first, end, "date")
                ongoing = fact.get("end", 0) is None
                side = self.side(fact, where) if "side" in fact else None
                code = self.code(fact, where)
                found.append(Procedure(code, True, first, end, ongoing, side=side, where=where))
        return found

    def answers(self, record: dict[str, Any]) -> list[Answer]:
        found = []
        for where, fact in self.facts(record, "answers"):
            if fact.__class__ is dict and fact.keys() <= PLAIN_ANSWER:
                try:
                    plain = plain_answer(fact, where)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    found.append(plain)
                    continue
            if not self.fields(fact, where, ANSWER_FIELDS):
                continue
            question = self.text(fact, "question", where)
            if question is None and not isinstance(fact.get("question"), str):
                self.problem(where, 'the field "question" must name the question answered')
            elif question is None:
                self.problem(f"{where}/question", "an empty text names no question")
            answer = fact.get("answer", 0)
            if answer is not None and answer.__class__ is not bool:
                told = 'the field "answer" is missing' if "answer" not in fact else f"not {kind_of(answer)}"
                self.problem(
                    f"{where}/answer", f"true, false or null (not answered) is expected here; {told}"
                )
                continue
            role = self.word(fact, "role", where)
            by, day = self.word(fact, "by", where), self.day(fact, "date", where)
            stage = self.text(fact, "stage", where)
            if question is not None:
                found.append(Answer(question, answer, role or by, day, stage, where))
        return found

    def complete(self, record: dict[str, Any]) -> list[Complete]:
        found = []
        for where, entry in self.facts(record, "complete"):
            since = until = None
            domain = entry
            if isinstance(entry, dict):
                self.fields(entry, where, COMPLETE_FIELDS)
                domain = entry.get("domain")
                since, until = self.day(entry, "since", where), self.day(entry, "until", where)
                self.order(where, "until", since, until, '"since"')
            if domain in DOMAINS:
                found.append(Complete(domain, since, until))
            else:
                near = like(domain, DOMAINS) if isinstance(domain, str) else ""
                told = quote(domain) if isinstance(domain, str) else kind_of(domain)
                self.problem(where, f"one of {', '.join(DOMAINS)} is expected here, not {told}{near}")
        return found

    def setting(self, data: dict[str, Any]) -> dict[str, str]:
        """Where somebody takes part, by name; a name that is none of these stands for a side of the body."""
        given = data.get("setting")
        if given is None:
            return {}
        if not isinstance(given, dict) or len(given) > 100:
            self.problem("setting", f"an object is expected here, not {kind_of(given)}")
            return {}
        found: dict[str, str] = {}
        for name in given:
            if not isinstance(name, str) or not name.isprintable() or len(name) > MAX_TEXT:
                self.problem("setting", f"{quote(name)} is no name")
                continue
            value = self.word(given, name, "setting") if name in PLACES else given[name]
            if name not in PLACES and value not in ("left", "right", None):
                self.problem(f"setting/{name}", f"a side is left or right, not {kind_of(value)}")
            elif value is not None:
                found[name] = value
        return found

    def whole(self, value: Any, place: str) -> int | None:
        """A date that must be known to the day."""
        days = self.day({place: value}, place, "")
        if days is not None and days.first != days.last:
            self.problem(place, f"{quote(value)} is only part of a date; a whole one is needed here")
            return None
        return days.first if days is not None else None

    def record(self, data: dict[str, Any]) -> Record:
        self.fields(data, "", RECORD_FIELDS)
        total = 0
        for name in ("timepoints", "complete", *DOMAINS):
            facts = data.get(name)
            total += len(facts) if isinstance(facts, (list, tuple, dict)) else 0
        if total > MAX_FACTS:
            raise RecordError.at("", f"{total:,} facts in one record; at most {MAX_FACTS:,} are read")
        identifier = self.text(data, "id", "")
        if identifier is None and not any(problem.place == "id" for problem in self.problems):
            self.problem("id", "the participant's id is missing")
        sex = data.get("sex")
        if sex is not None and (not isinstance(sex, str) or sex not in SEXES):
            told = like(sex, SEXES) if isinstance(sex, str) else ""
            self.problem("sex", f"{quote(sex)} is not female, male, other or unknown{told}")
        born, as_of = self.day(data, "birth_date", ""), None
        if data.get("as_of") is not None:
            as_of = self.whole(data["as_of"], "as_of")
        if born is not None and as_of is not None and born.first > as_of:
            self.problem("birth_date", "lies after as_of")
        died = self.day(data, "death_date", "")
        self.order("", "death_date", born, died, "birth_date")
        timepoints: dict[str, int] = {}
        given = data.get("timepoints", {})
        if not isinstance(given, dict):
            self.problem("timepoints", f"an object is expected here, not {kind_of(given)}")
            given = {}
        for name, value in given.items():
            place = f"timepoints/{name}"
            if (
                not isinstance(name, str)
                or not name.isprintable()
                or len(name) > MAX_TEXT
                or len(given) > 1000
            ):
                self.problem("timepoints", f"{quote(name)} is no name of a timepoint")
            elif value is not None:
                days = PLAIN_DATE[value] if value.__class__ is str else None
                if days is not None and days[0] == days[1]:
                    timepoints[name] = days[0]
                elif (day := self.whole(value, place)) is not None:
                    timepoints[name] = day
        return Record(
            identifier or "",
            born,
            SEXES.get(sex) if isinstance(sex, str) else None,
            as_of,
            timepoints,
            self.complete(data),
            self.results(data),
            self.conditions(data),
            self.medications(data),
            self.procedures(data),
            self.answers(data),
            died,
            self.setting(data),
        )


def read_record(data: Any, silent: Collection[Coded] = ()) -> Record:
    """The record in plain data: what `decode.loads` gives, or any dict of texts, numbers, lists and dicts.

    A `float` is taken for the decimal it is printed as. Results with a code in `silent` are looked over and
    left out. Raises RecordError with every problem found.
    """
    if not isinstance(data, dict):
        raise RecordError.at("", f"a record is an object, not {kind_of(data)}")
    reader = _Reader(silent)
    record = reader.record(data)
    if reader.problems:
        raise RecordError(reader.problems)
    return record
