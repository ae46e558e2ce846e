"""Reading a patient record: JSON text to exact plain data (`loads`), and that to a `Record` (`read_record`).

A record that cannot be trusted is refused whole, with every problem found and its place (`results/3/date`);
nothing is repaired by guessing. What is merely unusable for one question (a unit nobody knows, words where a
number is asked) is not a problem of the record: it is kept, and makes that question unknown.

Words are brought to one spelling: a result's word and an attribute's are in the form of a name: `Not
detected` is `not_detected`. `Result.raw` keeps what was written.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NoReturn

from protodsl.runtime.attributes import MAX_TEXT, Attributes, RecordError, kind_of, like
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
from protodsl.runtime.values import (
    MAX_DIGITS,
    PLAIN_CODE,
    PLAIN_DATE,
    PLAIN_NAME,
    PLAIN_TEXT,
    PLAIN_VALUE,
    PLAIN_WORD,
    Value,
    clock_of,
    quote,
)

MAX_FACTS = 100_000  # in one record: years of intensive care stay below, a registry in one record does not

DOMAINS = ("results", "conditions", "medications", "procedures", "answers")
RESPONSES = ("refractory", "intolerant", "responded", "relapsed", "progressed")
PLACES = ("site", "country", "arm", "part")
SIDES = {  # of the body; "od", "os" and "ou" are an ophthalmologist's
    **dict.fromkeys(("l", "os", "sinister"), "left"),
    **dict.fromkeys(("r", "od", "dexter"), "right"),
    **dict.fromkeys(("bilateral", "ou"), "both"),
}
SEVERITIES = ("mild", "moderate", "severe", "life_threatening")

_RECORD = {
    *("id", "birth_date", "death_date", "sex", "as_of", "timepoints", "complete", *DOMAINS),
    *("setting", "$schema"),
}
_RESULT = {"code", "value", "unit", "date", "time", "uln", "low", "side", "method", "confirmed"}
_PLAIN_RESULT = {"code", "value", "unit", "date", "uln"}
_PLAIN_ANSWER = {"question", "answer", "by", "role", "date"}
_ABSENCE = {"code", "present", "from", "date"}
_CONDITION = {*_ABSENCE, "suspected", "onset", "end", "severity", "grade", "stage", "side"}
_MEDICATION = {
    *_ABSENCE,
    "start",
    "end",
    "dose",
    "unit",
    "per",
    "route",
    "response",
    "line",
    "reason_stopped",
}
_PROCEDURE = {*_ABSENCE, "end", "side"}
_PLAIN_CONDITION = {*_ABSENCE, "onset", "end"}
_BARE_CONDITION = {"code", "onset", "end"}
_BARE_MEDICATION = {"code", "start", "end", "dose", "unit", "response"}
_BARE_PROCEDURE = {"code", "date", "end"}
_PLAIN_MEDICATION = {*_ABSENCE, "start", "end", "dose", "unit"}
_ANSWER = {"question", "answer", "by", "role", "stage", "date"}
_COMPLETE = {"domain", "since", "until"}
_SEXES = {"female": "female", "male": "male", "other": None, "unknown": None}
_NO_CODE = Coded(None, None)


# ---------------------------------------------------------------- JSON text


def _constant(name: str) -> NoReturn:
    raise RecordError.at("", f"{name} is not a number a record may hold")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise RecordError.at("", f"the field {quote(key)} stands twice in one object")
            seen.add(key)
    return found


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_constant, object_pairs_hook=_object)


def loads(text: str, line: int = 1) -> Any:
    """The data of a JSON text, its numbers exact (`int`, `Decimal`). `line`: where it begins, for messages.

    Raises RecordError for what is not JSON, for NaN and Infinity, for a field written twice in one object,
    for numbers too long to be measurements and for nesting too deep to be a record.
    """
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        told = not_json(error, len(text.rstrip()) - error.pos)
        problem = f"{told} at line {error.lineno + line - 1}, column {error.colno}"
    except RecursionError:
        problem = "not a record: brackets are nested too deeply"
    except (InvalidOperation, ValueError):  # an exponent or an integer beyond what Python itself converts
        problem = f"a number has more than {MAX_DIGITS} digits"
    raise RecordError.at("", problem)


def not_json(error: json.JSONDecodeError, left: int) -> str:
    """What is wrong with a text that is not JSON; `left`: how much of it stands behind the error."""
    if left <= 0 or error.msg.startswith("Unterminated string"):  # a text has no other end
        return "not JSON: the text ends before the record does,"
    return f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}"


# ---------------------------------------------------------------- facts as nearly all are
#
# Each function answers None for a fact that is not quite so, right or wrong: that one is read with care.


def _plain_code(code: Any) -> Any:
    """A name, or one code of a published system."""
    if code.__class__ is str:
        return PLAIN_NAME[code]
    if code.__class__ is dict and len(code) == 2:
        return PLAIN_CODE[code.get("system"), code.get("code")]
    return None


def _plain_value(value: Any) -> Value | None:
    read = PLAIN_VALUE.get(value.__class__)
    return None if read is None else read(value)


def _plain_result(
    fact: dict[str, Any], where: str, silent: Collection[Coded]
) -> Result | Literal[False] | None:
    """A result with a name or one code, a date without a time, an upper limit at most; False: one that is
    right and of which nothing is asked.
    """
    get = fact.get
    code, value = get("code"), get("value")
    code = PLAIN_NAME[code] if code.__class__ is str else _plain_code(code)
    read = PLAIN_VALUE.get(value.__class__)
    if code is None or read is None:
        return None
    value = read(value)
    date, unit, limit = get("date"), get("unit"), get("uln")
    if date is not None:
        date = PLAIN_DATE[date]
        if date is None:
            return None
    if unit is not None:
        unit = PLAIN_TEXT[unit]
        if unit is None:
            return None
    if value is None:
        return None
    if limit is not None:
        limit = _plain_limit(limit)
        if limit is None:
            return None
    if code in silent:
        return False
    number, word, raw, _ = value
    return Result(code, number, word, unit, date, None, limit, None, None, None, raw, where)


def _plain_limit(limit: Any) -> Exact | None:
    """A number that is not negative."""
    value = _plain_value(limit)
    if value is None or value[0] is None:
        return None
    low, high, _, _ = value[0]
    return low if low is not None and low == high and low >= 0 else None


def _plain_span(fact: dict[str, Any], first_key: str) -> tuple[Coded, Days | None, Days | None, bool] | None:
    """Code, first and last day of an event that is present, and whether it goes on."""
    get = fact.get
    code = _plain_code(get("code"))
    if code is None:
        return None
    first, end = get(first_key), get("end")
    if first is not None:
        first = PLAIN_DATE[first]
        if first is None:
            return None
    if end is None:
        return code, first, None, "end" in fact
    end = PLAIN_DATE[end]
    if end is None or (first is not None and end[1] < first[0]):
        return None
    return code, first, end, False


def _plain_medication(fact: dict[str, Any], where: str) -> Medication | None:
    """A course with its dose and the response to it at most."""
    span = _plain_span(fact, "start")
    get = fact.get
    dose, unit, response = get("dose"), get("unit"), get("response")
    if span is None or (response is not None and response not in RESPONSES):
        return None
    number: Any = None
    if dose is not None:
        value = _plain_value(dose)
        number = None if value is None else value[0]
        if number is None or number.high is None or number.high < 0 or (number.low or 0) < 0:
            return None
    if unit is not None:
        unit = PLAIN_TEXT[unit]
        if unit is None:
            return None
    code, first, last, goes_on = span
    return Medication(code, True, first, last, goes_on, number, unit, None, None, response, where=where)


def _plain_answer(fact: dict[str, Any], where: str) -> Answer | None:
    get = fact.get
    question, answer = PLAIN_TEXT[get("question")], get("answer", 0)
    if question is None or (answer.__class__ is not bool and answer is not None):
        return None
    date, role, by = get("date"), get("role"), get("by")
    if date is not None:
        date = PLAIN_DATE[date]
        if date is None:
            return None
    if role is not None:
        role = PLAIN_WORD[role]
        if role is None:
            return None
    if by is not None:
        by = PLAIN_WORD[by]
        if by is None:
            return None
    return Answer(question, answer, role or by, date, None, where)


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
            for key in sorted(fact.keys() - _ABSENCE, key=str):
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
            if fact.__class__ is dict and fact.keys() <= _PLAIN_RESULT:
                try:
                    plain = _plain_result(fact, where, self.silent)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    if plain:
                        found.append(plain)
                    continue
            if not self.fields(fact, where, _RESULT):
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
            if fact.__class__ is dict and fact.keys() <= _BARE_CONDITION:
                try:
                    span = _plain_span(fact, "onset")
                except TypeError:
                    span = None
                if span is not None:
                    code, first, last, goes_on = span
                    found.append(Condition(code, True, first, last, goes_on, where=where))
                    continue
            if not self.fields(fact, where, _CONDITION):
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
                if not fact.keys() <= _PLAIN_CONDITION:
                    condition.severity = self.word(fact, "severity", where, SEVERITIES)
                    condition.grade = self.integer(fact, "grade", where, 0, 10)
                    condition.stage = self.text(fact, "stage", where)
                    condition.side = self.side(fact, where)
        return found

    def medications(self, record: dict[str, Any]) -> list[Medication]:
        found = []
        for where, fact in self.facts(record, "medications"):
            if fact.__class__ is dict and fact.keys() <= _BARE_MEDICATION:
                try:
                    plain = _plain_medication(fact, where)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    found.append(plain)
                    continue
            if not self.fields(fact, where, _MEDICATION):
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
                if not fact.keys() <= _PLAIN_MEDICATION:
                    drug.per = self.word(fact, "per", where, ("kg", "m2"))
                    drug.route = self.word(fact, "route", where)
                    drug.response = self.word(fact, "response", where, RESPONSES)
                    drug.line = self.integer(fact, "line", where, 1, 100)
                    drug.reason_stopped = self.word(fact, "reason_stopped", where)
        return found

    def procedures(self, record: dict[str, Any]) -> list[Procedure]:
        found = []
        for where, fact in self.facts(record, "procedures"):
            if fact.__class__ is dict and fact.keys() <= _BARE_PROCEDURE:
                try:
                    span = _plain_span(fact, "date")
                except TypeError:
                    span = None
                if span is not None:
                    code, begun, last, goes_on = span
                    found.append(Procedure(code, True, begun, last, goes_on, where=where))
                    continue
            if not self.fields(fact, where, _PROCEDURE):
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
            if fact.__class__ is dict and fact.keys() <= _PLAIN_ANSWER:
                try:
                    plain = _plain_answer(fact, where)
                except TypeError:  # a list or an object where a text is expected
                    plain = None
                if plain is not None:
                    found.append(plain)
                    continue
            if not self.fields(fact, where, _ANSWER):
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
                self.fields(entry, where, _COMPLETE)
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
        self.fields(data, "", _RECORD)
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
        if sex is not None and (not isinstance(sex, str) or sex not in _SEXES):
            told = like(sex, _SEXES) if isinstance(sex, str) else ""
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
            _SEXES.get(sex) if isinstance(sex, str) else None,
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
    """The record in plain data: what `loads` gives, or any dict of texts, numbers, lists and dicts.

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
