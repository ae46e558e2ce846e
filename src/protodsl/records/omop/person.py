"""One person's rows → a record, with notes on everything that was not taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction

from protodsl.records.fhir.notes import Notes
from protodsl.records.fhir.observations import decimal
from protodsl.records.omop.csvs import Row
from protodsl.records.omop.tables import Vocabulary, lowest
from protodsl.records.site import Site, translated
from protodsl.records.systems import ORDER
from protodsl.records.vaccines import is_vaccine, with_atc
from protodsl.runtime.attributes import MAX_TEXT, Problem, RecordError
from protodsl.runtime.read import MAX_FACTS
from protodsl.runtime.record import (
    Coded,
    Condition,
    Days,
    Exact,
    Interval,
    Medication,
    Procedure,
    Record,
    Result,
)
from protodsl.runtime.units import parse_unit
from protodsl.runtime.values import clock_of, days_of, quote, value_of

_SIGNS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">=", "4172703": ""}
_SEXES = {"8507": "male", "8532": "female"}
_PRELIMINARY = {"32899", "4033240"}  # preliminary diagnosis, differential diagnosis


class _Malformed(Exception):
    def __init__(self, column: str, message: str) -> None:
        self.column, self.message = column, message
        super().__init__(message)


def _day(row: Row, column: str) -> Days | None:
    value = row.get(column, "").strip()
    if not value:
        return None
    found = days_of(value[:10])
    if isinstance(found, Days):
        return found
    raise _Malformed(column, found)


def _number(row: Row, column: str) -> Exact | None:
    value = row.get(column, "").strip()
    if not value:
        return None
    found = value_of(value)
    if found.number is None or found.number.low is None or found.number.low != found.number.high:
        raise _Malformed(column, found.problem or f"{quote(value)} is no number")
    return found.number.low


class Person:
    def __init__(self, known: Vocabulary, identifier: str, site: Site) -> None:
        self.known = known
        self.codes = site.codes
        self.record = Record(identifier)
        self.notes = Notes()
        self.where = ""

    def read(self, person: Row, facts: list[tuple[str, str]]) -> Record:
        """The record. Raises RecordError with every column that cannot be read."""
        record = self.record
        if not record.id or not record.id.isprintable() or len(record.id) > MAX_TEXT:
            raise RecordError([Problem("person_id", "is missing or cannot be printed")])
        readers: dict[str, Callable[[Row], None]] = {
            "measurement": self.measurement,
            "observation": self.observation,
            "condition_occurrence": self.condition,
            "drug_exposure": self.drug,
            "procedure_occurrence": self.procedure,
            "observation_period": self.period,
            "death": self.death,
        }
        self.guarded(f"person/{record.id}", self.person, person)
        if len(facts) > MAX_FACTS:
            raise RecordError.at("", f"more than {MAX_FACTS:,} facts of one person")
        for stem, written in facts:
            row = json.loads(written)
            self.guarded(f"{stem}/{row.get(f'{stem}_id', '?')}", readers[stem], row)
        if self.notes.problems:
            raise RecordError(self.notes.problems)
        return record

    def guarded(self, where: str, reader: Callable[[Row], None], row: Row) -> None:
        self.where = where
        try:
            reader(row)
        except _Malformed as wrong:
            self.notes.problem(f"{where}: {wrong.column}", wrong.message)

    def left(self, why: str) -> None:
        self.notes.left(self.where.partition("/")[0], why, self.where)

    # ------------------------------------------------------------ concepts

    def coded(self, row: Row, stem: str, *, suspected: bool = False) -> Coded:
        """The standard concept, its source concept and what stands above them, as codes of one fact."""
        found: dict[tuple[str, str], None] = {}
        above: dict[tuple[str, str], None] = {}
        for column in (f"{stem}_concept_id", f"{stem}_source_concept_id"):
            concept = self.known.concepts.get(row.get(column, ""))
            if concept is not None:
                found[concept.system, concept.code] = None
                above.update(dict.fromkeys(concept.above))
        local = row.get(f"{stem}_source_value", "").strip() if self.codes else ""
        named = Coded(None, local) if local and self.codes.of("", local) else None
        if not found and named is not None:
            return translated(named._replace(suspected=suspected), self.codes)
        if not found:
            if row.get(f"{stem}_concept_id", "0") != "0":
                self.left("a concept that is not in the table concept; it may be anything")
            else:
                self.left("no concept was found for it; it may be anything")
            return Coded(None, None, (), suspected)
        ranked = sorted(found, key=lambda one: (ORDER.index(one[0]) if one[0] in ORDER else len(ORDER), one))
        others = lowest([*ranked[1:], *(one for one in sorted(above) if one not in found)])
        coded = Coded(*ranked[0], tuple(one for one in others if one != ranked[0]), suspected)
        if named is not None:
            coded = Coded(None, local, (ranked[0], *coded.also), suspected)
        return translated(with_atc(coded), self.codes)

    def name(self, row: Row, column: str) -> str:
        concept = self.known.concepts.get(row.get(column, ""))
        return concept.name if concept is not None else ""

    def unit(self, row: Row) -> str | None:
        concept = self.known.concepts.get(row.get("unit_concept_id", ""))
        printed = row.get("unit_source_value", "").strip()
        if concept is not None and concept.system == "ucum" and parse_unit(concept.code) is not None:
            return concept.code
        return printed[:MAX_TEXT] or (concept.code if concept is not None else None)

    # ------------------------------------------------------------ tables

    def person(self, row: Row) -> None:
        record = self.record
        year, month, day = (row.get(f"{part}_of_birth", "").strip() for part in ("year", "month", "day"))
        if year:
            if len(year) != 4:
                raise _Malformed("year_of_birth", "is no year of four digits")
            written = "-".join(
                [year, *(part.zfill(2) for part in ((month, day) if day else (month,)) if part)]
            )
            born = days_of(written if month else year)
            if not isinstance(born, Days):
                raise _Malformed("year_of_birth", "makes no date with month and day of birth")
            record.birth_date = born
        else:
            record.birth_date = _day(row, "birth_datetime")
        if record.birth_date is None:
            self.notes.say("no date of birth: everything about age stays unknown")
        record.sex = _SEXES.get(row.get("gender_concept_id", ""))
        if record.sex is None:
            self.notes.say("sex is neither female nor male: everything about it stays unknown")

    def period(self, row: Row) -> None:
        """The last day observed is the last day the data speak of."""
        last = _day(row, "observation_period_end_date")
        if last is not None:
            self.record.as_of = max(last.last, self.record.as_of or 0)

    def death(self, row: Row) -> None:
        self.record.death_date = _day(row, "death_date")
        self.notes.say(f"the participant died on {row.get('death_date', '')[:10] or 'a day not recorded'}")

    def measurement(self, row: Row) -> None:
        self.result(row, "measurement", row.get("value_source_value", ""))

    def observation(self, row: Row) -> None:
        self.result(row, "observation", row.get("value_as_string", "") or row.get("value_source_value", ""))

    def result(self, row: Row, stem: str, written: str) -> None:
        number = _number(row, "value_as_number")
        word: str | None = None
        value: Interval | None = None
        raw = ""
        unit = self.unit(row)
        if number is not None:
            operator = row.get("operator_concept_id", "0")
            if operator not in _SIGNS and operator not in ("", "0"):
                self.left("an operator nobody knows; the value counts as not recorded")
                word = raw = "no_value"
            else:
                read = value_of(f"{_SIGNS.get(operator, '')}{decimal(number)}")
                value, raw = read.number, read.raw
        elif answer := self.name(row, "value_as_concept_id"):
            read = value_of(answer[:MAX_TEXT])
            value, word, raw = read.number, read.word, read.raw
        elif written.strip():
            read = value_of(written[:MAX_TEXT])
            if read.problem is not None:
                raise _Malformed("value_source_value", read.problem)
            value, word, raw = read.number, read.word, read.raw
        else:
            self.left("no value")
            return
        low, high = _number(row, "range_low"), _number(row, "range_high")
        if (low is not None and high is not None and low > high) or min(low or 0, high or 0) < 0:
            self.left("an impossible reference range; it is not used")
            low = high = None
        if low == high == 0:
            low = high = None  # how many databases write that there is none
        at = row.get("measurement_time", "") or row.get(f"{stem}_datetime", "")[11:]
        time = (
            clock_of(at.strip()[:30]) if at.strip() and at.strip()[:8] not in ("00:00", "00:00:00") else None
        )
        if value is None:
            low = high = None
        self.record.results.append(
            Result(
                self.coded(row, stem), value, word, unit if value is not None else None,
                _day(row, f"{stem}_date"), time, high, low, raw=raw, where=self.where,
            )
        )  # fmt: skip

    def condition(self, row: Row) -> None:
        start, end = _day(row, "condition_start_date"), _day(row, "condition_end_date")
        self.order(start, end, "condition_end_date")
        suspected = row.get("condition_status_concept_id", "") in _PRELIMINARY
        coded = self.coded(row, "condition", suspected=suspected)
        self.record.conditions.append(Condition(coded, True, start, end, where=self.where))

    def procedure(self, row: Row) -> None:
        start, end = _day(row, "procedure_date"), _day(row, "procedure_end_date")
        self.order(start, end, "procedure_end_date")
        made = Procedure(self.coded(row, "procedure"), True, start, end, where=self.where)
        self.record.procedures.append(made)

    def drug(self, row: Row) -> None:
        start = _day(row, "drug_exposure_start_date")
        end = _day(row, "verbatim_end_date") or _day(row, "drug_exposure_end_date")
        self.order(start, end, "drug_exposure_end_date")
        dose, unit = self.dose(row, start, end)
        route = self.name(row, "route_concept_id") or row.get("route_source_value", "")
        coded = self.coded(row, "drug")
        made = Medication(
            coded, True, start, end, dose=dose, unit=unit, route=_word(route, zero=True),
            reason_stopped=_word(row.get("stop_reason", "")), where=self.where,
        )  # fmt: skip
        self.record.medications.append(made)
        if is_vaccine([(coded.system, coded.code), *coded.also]):  # OMOP has vaccines among the drugs
            self.record.procedures.append(Procedure(coded, True, start, where=self.where))

    def dose(self, row: Row, start: Days | None, end: Days | None) -> tuple[Interval | None, str | None]:
        """Quantity × strength ÷ days of supply, where all three are recorded."""
        strength = self.known.strengths.get(row.get("drug_concept_id", ""))
        quantity, days = _number(row, "quantity"), _number(row, "days_supply")
        if not strength or not quantity or not days or quantity < 0 or days < 0:
            return None, None
        amount = _number(strength, "amount_value")
        unit = self.known.concepts.get(strength["amount_unit_concept_id"])
        if not amount or unit is None or parse_unit(unit.code) is None:
            return None, None
        exact = Fraction(amount) * Fraction(quantity) / Fraction(days)
        daily: Exact = exact.numerator if exact.denominator == 1 else exact
        return Interval(daily, daily), f"{unit.code}/d"

    def order(self, start: Days | None, end: Days | None, column: str) -> None:
        if start is not None and end is not None and end.last < start.first:
            raise _Malformed(column, "lies before the start")


def _word(said: str, *, zero: bool = False) -> str | None:
    word = "_".join(said.lower().replace("-", " ").split())[:MAX_TEXT]
    return None if not word or not word.isprintable() or (zero and word == "0") else word
