"""The tables of a store, sorted by person.

Tables are not sorted, and may be larger than memory: rows go into a temporary SQLite database, from which
person after person is read. Of the vocabulary only the concepts the data use are kept, and of
`concept_ancestor` only what stands above those.
"""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from protodsl.records.omop.csvs import Broken, Row, Unreadable
from protodsl.records.omop.stores import store_of
from protodsl.records.parts import Watch, unwatched
from protodsl.records.systems import code_text
from protodsl.runtime.read import MAX_FACTS
from protodsl.runtime.values import quote

IN_MEMORY = 64 * 2**20  # bytes of tables that are sorted in memory; more go to a temporary file
MAX_ANCESTORS = 500  # kept of one concept
BATCH = 10_000
MAX_TOLD = 10  # broken rows that are named of one person

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
PEOPLE = (
    "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime",
)  # fmt: skip
SMALL = ("person", "concept", "concept_ancestor", "drug_strength")
_SYSTEMS = {
    "loinc": "loinc", "snomed": "snomed", "rxnorm": "rxnorm", "atc": "atc", "cvx": "cvx", "ndc": "ndc",
    "icd10": "icd10", "icd10cm": "icd10", "icd10gm": "icd10", "icd10pcs": "icd10pcs", "icd9cm": "icd9",
    "cpt4": "cpt", "ucum": "ucum",
}  # fmt: skip


@dataclass(slots=True)
class Concept:
    system: str
    code: str
    name: str
    domain: str
    above: list[tuple[str, str]] = field(default_factory=list)  # codes of its ancestors


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The concepts that the data use, and the strengths of drugs, by their numbers."""

    concepts: dict[str, Concept] = field(default_factory=dict)
    strengths: dict[str, Row] = field(default_factory=dict)


class Tables:
    """The tables of a store, sorted by person in a temporary database."""

    def __init__(self, path: str, watch: Watch = unwatched) -> None:
        self.store = store_of(path, frozenset((*FACTS, *SMALL)))
        self.watch = watch
        self.where = self.store.where
        if "person" not in self.store.tables:
            self.store.close()
            raise Unreadable(self.where, "holds no table person, which lists the participants")
        self.known = Vocabulary()
        self.used: set[str] = set()
        self.cut_off: Unreadable | None = None  # of the table person
        self.damage = 0  # rows of facts that cannot be read
        self.twice: set[str] = set()  # persons of whom there are several, and different, rows
        self.missing = sorted(set(FACTS) - set(self.store.tables))

    def __enter__(self) -> Tables:
        small = self.store.size is not None and self.store.size <= IN_MEMORY
        self.file = None if small else tempfile.NamedTemporaryFile(prefix="protodsl-", suffix=".db")
        self.database = sqlite3.connect(self.file.name if self.file is not None else ":memory:")
        self.database.execute("PRAGMA journal_mode = OFF")
        self.database.execute("PRAGMA synchronous = OFF")
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self.database.close()
        if self.file is not None:
            self.file.close()

    # ------------------------------------------------------------ tables

    def table(
        self, stem: str, needed: Iterable[str], broken: Callable[[Broken], None] | None = None
    ) -> Iterator[Row]:
        """The rows that can be read; the others go to `broken`. Where that is None, one is too many: of the
        vocabulary a row may concern everybody.
        """
        if stem not in self.store.tables:
            return
        first = True
        for number, row in enumerate(self.store.rows(stem)):
            if number % BATCH == 0:
                self.watch(f"{stem}, {number:,} rows")
            if isinstance(row, Broken):
                if broken is None:
                    told = f"{row.place}: {row.message}; a row of this table may concern everybody"
                    raise Unreadable(self.where, told)
                broken(row)
                continue
            if first and (lacking := [name for name in needed if name not in row]):
                told = f"the column {quote(lacking[0])} is missing"
                raise Unreadable(self.store.tables[stem], told)
            first = False
            yield row

    def load(self) -> None:
        """Every row that is read, into the database; every concept it uses, into `used`."""
        self.database.execute("CREATE TABLE fact (person TEXT, stem TEXT, row TEXT)")
        self.database.execute("CREATE TABLE broken (number INTEGER, person TEXT, place TEXT, message TEXT)")
        for stem, columns in FACTS.items():
            batch: list[tuple[str, str, str]] = []
            for row in self.table(stem, ("person_id",), self.broke):
                kept = {name: value for name in columns if (value := row.get(name, ""))}
                person = row["person_id"].strip()
                if not person:
                    where = (
                        f"{os.path.basename(self.store.tables[stem])}: {stem}/{kept.get(f'{stem}_id', '?')}"
                    )
                    self.broke(Broken(where, "person_id is missing", frozenset()))
                    continue
                self.used.update(value for name, value in kept.items() if name.endswith("concept_id"))
                batch.append((person, stem, json.dumps(kept)))
                if len(batch) >= BATCH:
                    self.database.executemany("INSERT INTO fact VALUES (?, ?, ?)", batch)
                    batch.clear()
            self.database.executemany("INSERT INTO fact VALUES (?, ?, ?)", batch)
        self.database.execute("CREATE INDEX by_person ON fact (person)")
        self.used.discard("0")
        self.vocabulary()
        self.people()
        self.concerned()
        self.store.close()  # what other processes would share with this one is not left open

    def people(self) -> None:
        """The persons in their order, as far as they can be read; then what is wrong, into `cut_off`."""
        self.database.execute("CREATE TABLE person (id TEXT, row TEXT)")

        def nobody(row: Broken) -> None:
            self.database.execute(
                "INSERT INTO person VALUES (NULL, ?)", (json.dumps([row.place, row.message]),)
            )

        try:
            for row in self.table("person", ("person_id",), nobody):
                kept = json.dumps({name: value for name in PEOPLE if (value := row.get(name, ""))})
                self.database.execute("INSERT INTO person VALUES (?, ?)", (row["person_id"].strip(), kept))
        except Unreadable as wrong:
            self.cut_off = wrong
        self.database.execute("CREATE INDEX by_id ON person (id)")
        twice = "SELECT id FROM person WHERE id IS NOT NULL GROUP BY id HAVING count(DISTINCT row) > 1"
        self.twice = {str(one) for (one,) in self.database.execute(twice)}

    def broke(self, row: Broken) -> None:
        """Whoever may be the person of a row of facts that cannot be read is not screened without it."""
        self.damage += 1
        self.database.executemany(
            "INSERT INTO broken VALUES (?, ?, ?, ?)",
            ((self.damage, person, row.place, row.message) for person in sorted(row.persons | {""})),
        )

    def concerned(self) -> None:
        """Of the broken rows, only with whom they may concern. Raises Unreadable where nobody knows that."""
        if not self.damage:
            return
        self.database.execute("CREATE INDEX by_concerned ON broken (person)")
        known = "person <> '' AND person IN (SELECT id FROM person)"
        someones = f"SELECT number FROM broken WHERE {known}"
        lost = self.database.execute(
            f"SELECT place, message FROM broken WHERE number NOT IN ({someones}) ORDER BY number LIMIT 1"
        ).fetchone()
        if lost is not None:
            told = "nobody can tell whose row it is, so that it may be anybody's"
            raise Unreadable(self.where, f"{lost[0]}: {lost[1]}; {told}")

    def damaged(self, person: str) -> list[tuple[str, str]]:
        """(place, message) of the broken rows that may be a person's, the first of them."""
        if not self.damage:
            return []
        query = "SELECT place, message FROM broken WHERE person = ? ORDER BY number LIMIT ?"
        return self.database.execute(query, (person, MAX_TOLD)).fetchall()

    def vocabulary(self) -> None:
        for row in self.table("drug_strength", ("drug_concept_id", "amount_value", "amount_unit_concept_id")):
            drug = row["drug_concept_id"]
            if drug in self.used:  # of several ingredients none says the dose of the product
                self.known.strengths[drug] = {} if drug in self.known.strengths else row
                self.used.add(row["amount_unit_concept_id"])
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
                self.known.concepts[row["concept_id"]] = Concept(system, code, name, domain)
        for below, ancestors in above.items():
            own = self.known.concepts.get(below)
            if own is not None:
                known = [self.known.concepts[one] for one in ancestors if one in self.known.concepts]
                own.above = lowest([(one.system, one.code) for one in known])

    def persons(self) -> Iterator[tuple[Row, list[tuple[str, str]]] | Broken]:
        """Each person with their facts, (table, row as JSON) in the order in which they were read."""
        facts = "SELECT stem, row FROM fact WHERE person = ? ORDER BY rowid"
        for name, row in self.database.execute("SELECT id, row FROM person ORDER BY rowid"):
            if name is None:
                place, message = json.loads(row)
                yield Broken(place, message, frozenset())
            else:
                person = {**json.loads(row), "person_id": name}
                yield person, self.database.execute(facts, (name,)).fetchmany(MAX_FACTS + 1)

    def counted(self) -> int:
        """How many persons there are."""
        return int(self.database.execute("SELECT count(*) FROM person").fetchone()[0])


def lowest(codes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """In a system whose codes nest, only those that stand lowest: `L04AX01`, not `L04` too."""
    kept = []
    for system, code in dict.fromkeys(codes):
        nested = system in ("icd10", "atc")
        if not (
            nested and any(one == system and other != code and other.startswith(code) for one, other in codes)
        ):
            kept.append((system, code))
    return kept
