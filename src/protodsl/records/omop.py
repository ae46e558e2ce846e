"""OMOP Common Data Model 5.4 as patient records: a folder of CSV tables, as exported, or of Parquet files.

Tables are not sorted by person, and may be larger than memory: rows go into a temporary SQLite database, from
which person after person is read. Of the vocabulary only the concepts the data use are kept, and of
`concept_ancestor` only what stands above those.

Parquet needs the optional `duckdb`. The meaning of tables and fields: https://ohdsi.github.io/CommonDataModel/cdm54.html
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from protodsl.records.fhir.notes import Notes
from protodsl.records.fhir.observations import decimal
from protodsl.records.fhir.systems import ORDER, code_text
from protodsl.records.json import Entry
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

PERSON = "person.csv"
IN_MEMORY = 64 * 2**20  # bytes of tables that are sorted in memory; more go to a temporary file
MAX_ANCESTORS = 500  # kept of one concept
BATCH = 10_000

FACTS = {  # table: the columns that are read
    "measurement": (
        "measurement_id", "measurement_concept_id", "measurement_source_concept_id",
        "measurement_source_value", "measurement_date", "measurement_datetime", "measurement_time",
        "operator_concept_id", "value_as_number", "value_as_concept_id", "value_source_value",
        "unit_concept_id", "unit_source_value", "range_low", "range_high",
    ),
    "observation": (
        "observation_id", "observation_concept_id", "observation_source_concept_id",
        "observation_source_value", "observation_date", "observation_datetime", "value_as_number",
        "value_as_string", "value_as_concept_id", "value_source_value", "unit_concept_id",
        "unit_source_value",
    ),
    "condition_occurrence": (
        "condition_occurrence_id", "condition_concept_id", "condition_source_concept_id",
        "condition_source_value", "condition_start_date", "condition_end_date",
        "condition_status_concept_id",
    ),
    "drug_exposure": (
        "drug_exposure_id", "drug_concept_id", "drug_source_concept_id", "drug_source_value",
        "drug_exposure_start_date", "drug_exposure_end_date", "verbatim_end_date", "stop_reason",
        "quantity", "days_supply", "route_concept_id", "route_source_value",
    ),
    "procedure_occurrence": (
        "procedure_occurrence_id", "procedure_concept_id", "procedure_source_concept_id",
        "procedure_source_value", "procedure_date", "procedure_end_date",
    ),
    "observation_period": (
        "observation_period_start_date", "observation_period_end_date",
    ),
    "death": (
        "death_date",
    ),
}  # fmt: skip
SMALL = ("person", "concept", "concept_ancestor", "drug_strength")
_SYSTEMS = {
    "loinc": "loinc", "snomed": "snomed", "rxnorm": "rxnorm", "atc": "atc", "cvx": "cvx", "ndc": "ndc",
    "icd10": "icd10", "icd10cm": "icd10", "icd10gm": "icd10", "icd10pcs": "icd10pcs", "icd9cm": "icd9",
    "cpt4": "cpt", "ucum": "ucum",
}  # fmt: skip
_SIGNS = {"4171756": "<", "4171754": "<=", "4172704": ">", "4171755": ">=", "4172703": ""}
_SEXES = {"8507": "male", "8532": "female"}
_PRELIMINARY = {"32899", "4033240"}  # preliminary diagnosis, differential diagnosis

Row = dict[str, str]
Table = Iterator[Row]


@dataclass(slots=True)
class Concept:
    system: str
    code: str
    name: str
    domain: str
    above: list[tuple[str, str]] = field(default_factory=list)  # codes of its ancestors


class Unreadable(Exception):
    """A table that cannot be read: where, and why."""

    def __init__(self, where: str, message: str) -> None:
        self.where, self.message = where, message
        super().__init__(message)


def read_omop(folder: str) -> Iterator[Entry]:
    """The persons of a folder of OMOP tables, in the order of `person`."""
    try:
        with _Tables(folder) as tables:
            yield from tables.entries()
    except Unreadable as wrong:
        yield Entry(wrong.where, None, (Problem("", wrong.message),))
    except sqlite3.Error as error:  # the temporary file: no room, most likely
        yield Entry(folder, None, (Problem("", f"the tables cannot be sorted: {error}"),))


class _Tables:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.paths: dict[str, str] = {}
        try:
            listed = sorted(os.listdir(folder))
        except OSError as error:
            raise Unreadable(folder, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
        root = os.path.realpath(folder)
        for name in listed:
            stem, ending = os.path.splitext(name.lower())
            path = os.path.join(folder, name)
            if ending not in (".csv", ".parquet") or stem not in (*FACTS, *SMALL):
                continue
            if os.path.commonpath((root, os.path.realpath(path))) != root:
                raise Unreadable(path, "a link that leads out of the folder; it is not followed")
            if stem in self.paths:
                raise Unreadable(path, f"the table stands twice in the folder, also as {self.paths[stem]}")
            self.paths[stem] = path
        if "person" not in self.paths:
            raise Unreadable(folder, f"holds no {PERSON}: that table lists the participants")
        self.concepts: dict[str, Concept] = {}
        self.strengths: dict[str, Row] = {}
        self.used: set[str] = set()
        self.missing = sorted(set(FACTS) - set(self.paths))

    def __enter__(self) -> _Tables:
        size = sum(os.path.getsize(path) for stem, path in self.paths.items() if stem in FACTS)
        self.file = (
            None if size <= IN_MEMORY else tempfile.NamedTemporaryFile(prefix="protodsl-", suffix=".db")
        )
        self.database = sqlite3.connect(self.file.name if self.file is not None else ":memory:")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()
        if self.file is not None:
            self.file.close()

    # ------------------------------------------------------------ tables

    def table(self, stem: str, needed: Iterable[str] = ()) -> Table:
        path = self.paths.get(stem)
        if path is None:
            return
        rows = _parquet(path) if path.lower().endswith(".parquet") else _csv(path)
        for number, row in enumerate(rows):
            if number == 0 and (lacking := [name for name in needed if name not in row]):
                raise Unreadable(path, f"the column {quote(lacking[0])} is missing")
            yield row

    def load(self) -> None:
        """Every row that is read, into the database; every concept it uses, into `used`."""
        self.database.execute("CREATE TABLE fact (person TEXT, stem TEXT, row TEXT)")
        for stem, columns in FACTS.items():
            batch: list[tuple[str, str, str]] = []
            for row in self.table(stem, ("person_id",)):
                kept = {name: value for name in columns if (value := row.get(name, ""))}
                self.used.update(value for name, value in kept.items() if name.endswith("concept_id"))
                batch.append((row["person_id"], stem, json.dumps(kept)))
                if len(batch) >= BATCH:
                    self.database.executemany("INSERT INTO fact VALUES (?, ?, ?)", batch)
                    batch.clear()
            self.database.executemany("INSERT INTO fact VALUES (?, ?, ?)", batch)
        self.database.execute("CREATE INDEX by_person ON fact (person)")
        self.used.discard("0")
        self.vocabulary()

    def vocabulary(self) -> None:
        above: dict[str, list[str]] = {}
        for row in self.table("concept_ancestor", ("ancestor_concept_id", "descendant_concept_id")):
            below, ancestor = row["descendant_concept_id"], row["ancestor_concept_id"]
            if below in self.used and ancestor != below and len(above.setdefault(below, [])) < MAX_ANCESTORS:
                above[below].append(ancestor)
        wanted = self.used.union(*above.values())
        for row in self.table("concept", ("concept_id", "vocabulary_id", "concept_code")):
            if row["concept_id"] in wanted:
                vocabulary = row["vocabulary_id"].strip().lower()
                system = _SYSTEMS.get(vocabulary, vocabulary)
                code = code_text(system, row["concept_code"])
                name, domain = row.get("concept_name", ""), row.get("domain_id", "")
                self.concepts[row["concept_id"]] = Concept(system, code, name, domain)
        for below, ancestors in above.items():
            own = self.concepts.get(below)
            if own is not None:
                known = [self.concepts[one] for one in ancestors if one in self.concepts]
                own.above = _lowest([(one.system, one.code) for one in known])
        for row in self.table("drug_strength", ("drug_concept_id", "amount_value", "amount_unit_concept_id")):
            drug = row["drug_concept_id"]
            if drug in self.used:  # of several ingredients none says the dose of the product
                self.strengths[drug] = {} if drug in self.strengths else row
                self.used.add(row["amount_unit_concept_id"])

    # ------------------------------------------------------------ persons

    def entries(self) -> Iterator[Entry]:
        self.load()
        path = self.paths["person"]
        seen: set[str] = set()
        if self.missing:
            yield Entry(self.folder, None, notes=(f"tables not there: {', '.join(self.missing)}",))
        if "concept" not in self.paths:
            yield Entry(self.folder, None, notes=("no table concept: its numbers have no published codes",))
        for person in self.table("person", ("person_id",)):
            identifier = person["person_id"]
            where = f"{path}: person/{identifier}"
            if identifier in seen:
                yield Entry(where, None, (Problem("person_id", "stands twice in the table"),))
                continue
            seen.add(identifier)
            reader = _Person(self, identifier)
            try:
                record = reader.read(person)
            except RecordError as error:
                yield Entry(where, None, error.problems)
                continue
            yield Entry(where, record, notes=reader.notes.lines())
        strangers = self.database.execute("SELECT person, count(*) FROM fact GROUP BY person ORDER BY person")
        for identifier, count in strangers.fetchall():
            if identifier not in seen:
                told = f"{count} rows are of person {identifier}, who is not in the table person"
                yield Entry(self.folder, None, (Problem(f"person/{identifier}"[:100], told),))

    def rows(self, person: str) -> Iterator[tuple[str, Row]]:
        found = self.database.execute("SELECT stem, row FROM fact WHERE person = ? ORDER BY rowid", (person,))
        for stem, row in found:
            yield stem, json.loads(row)


def _lowest(codes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """In a system whose codes nest, only those that stand lowest: `L04AX01`, not `L04` too."""
    kept = []
    for system, code in dict.fromkeys(codes):
        nested = system in ("icd10", "atc")
        if not (
            nested and any(one == system and other != code and other.startswith(code) for one, other in codes)
        ):
            kept.append((system, code))
    return kept


def _csv(path: str) -> Table:
    csv.field_size_limit(2**24)
    try:
        with open(path, encoding="utf-8-sig", newline="") as opened:
            head = opened.readline(2**16)
            opened.seek(0)
            separator = "\t" if "\t" in head and "," not in head else ","
            rows = csv.reader(opened, delimiter=separator)
            names = [name.strip().lower() for name in next(rows, [])]
            for row in rows:
                if not row:
                    continue
                if len(row) != len(names):
                    told = f"line {rows.line_num}: {len(row)} fields under {len(names)} column names"
                    raise Unreadable(path, told)
                yield dict(zip(names, row, strict=True))
    except UnicodeDecodeError as error:
        raise Unreadable(path, f"not UTF-8: byte 0x{error.object[error.start]:02X}") from None
    except csv.Error as error:
        raise Unreadable(path, f"no CSV: {error}") from None
    except OSError as error:
        raise Unreadable(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None


def _parquet(path: str) -> Table:
    try:
        import duckdb  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise Unreadable(path, "Parquet needs DuckDB: pip install 'protodsl[duckdb]'") from None
    try:
        with duckdb.connect() as database:
            found = database.execute("SELECT COLUMNS(*)::VARCHAR FROM read_parquet(?)", [path])
            names = [column[0].lower() for column in found.description]
            while rows := found.fetchmany(BATCH):
                for row in rows:
                    yield {name: value or "" for name, value in zip(names, row, strict=True)}
    except duckdb.Error as error:
        raise Unreadable(path, f"no Parquet table: {str(error).splitlines()[0]}") from None


# ---------------------------------------------------------------- one person


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


class _Person:
    def __init__(self, tables: _Tables, identifier: str) -> None:
        self.tables = tables
        self.record = Record(identifier)
        self.notes = Notes()
        self.where = ""

    def read(self, person: Row) -> Record:
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
        for number, (stem, row) in enumerate(self.tables.rows(record.id)):
            if number >= MAX_FACTS:
                raise RecordError.at("", f"more than {MAX_FACTS:,} facts of one person")
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
            concept = self.tables.concepts.get(row.get(column, ""))
            if concept is not None:
                found[concept.system, concept.code] = None
                above.update(dict.fromkeys(concept.above))
        if not found:
            if row.get(f"{stem}_concept_id", "0") != "0":
                self.left("a concept that is not in the table concept; it may be anything")
            else:
                self.left("no concept was found for it; it may be anything")
            return Coded(None, None, (), suspected)
        ranked = sorted(found, key=lambda one: (ORDER.index(one[0]) if one[0] in ORDER else len(ORDER), one))
        others = _lowest([*ranked[1:], *(one for one in sorted(above) if one not in found)])
        return Coded(*ranked[0], tuple(one for one in others if one != ranked[0]), suspected)

    def name(self, row: Row, column: str) -> str:
        concept = self.tables.concepts.get(row.get(column, ""))
        return concept.name if concept is not None else ""

    def unit(self, row: Row) -> str | None:
        concept = self.tables.concepts.get(row.get("unit_concept_id", ""))
        printed = row.get("unit_source_value", "").strip()
        if concept is not None and concept.system == "ucum" and parse_unit(concept.code) is not None:
            return concept.code
        return printed[:MAX_TEXT] or (concept.code if concept is not None else None)

    # ------------------------------------------------------------ tables

    def person(self, row: Row) -> None:
        record = self.record
        year, month, day = (row.get(f"{part}_of_birth", "").strip() for part in ("year", "month", "day"))
        if year:
            written = "-".join(
                [year.zfill(4), *(part.zfill(2) for part in ((month, day) if day else (month,)) if part)]
            )
            born = days_of(written if month else year.zfill(4))
            if not isinstance(born, Days):
                raise _Malformed("year_of_birth", born)
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
        made = Medication(
            self.coded(row, "drug"), True, start, end, dose=dose, unit=unit, route=_word(route, zero=True),
            reason_stopped=_word(row.get("stop_reason", "")), where=self.where,
        )  # fmt: skip
        self.record.medications.append(made)

    def dose(self, row: Row, start: Days | None, end: Days | None) -> tuple[Interval | None, str | None]:
        """Quantity × strength ÷ days of supply, where all three are recorded."""
        strength = self.tables.strengths.get(row.get("drug_concept_id", ""))
        quantity, days = _number(row, "quantity"), _number(row, "days_supply")
        if not strength or not quantity or not days or quantity < 0 or days < 0:
            return None, None
        amount = _number(strength, "amount_value")
        unit = self.tables.concepts.get(strength["amount_unit_concept_id"])
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
