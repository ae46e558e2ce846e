"""What rows have to be like of tables that nobody vouches for, as `facts.json` does for those of `data load`.

A table that was filled twice, a code that `concepts` does not know, a date whose last day is before its
first: each would go unseen, and make an answer that looks right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from protodsl.backends.sql.tables import TABLES, Table
from protodsl.cohort.engine import DataError
from protodsl.runtime.record_fields import RESPONSES

Ask = Callable[[str], Sequence[tuple[Any, ...]]]

# columns that say something of every row; what is not among them may be null
STATED = {
    "participant", "id", "timepoint", "setting", "domain", "fact", "concept", "key", "question", "ongoing",
    "confirmed", "value_low_open", "value_high_open", "dose_low_open", "dose_high_open",
}  # fmt: skip
WORDS = {
    ("participants", "sex"): ("female", "male"),
    ("completeness", "domain"): ("results", "conditions", "medications", "procedures", "answers"),
    ("absences", "domain"): ("conditions", "medications", "procedures"),
    ("medications", "per"): ("kg", "m2"),
    ("medications", "response"): RESPONSES,
}
RANGES = {"severity": (0, 3), "seconds": (0, 86_399)}
# of facts, which may well say the same (results of one day by two methods), their numbers differ
ONCE = {"concepts": "concept", "timepoints": "participant, timepoint", "settings": "participant, setting"}


def check_rows(named: Callable[[str], str], ask: Ask) -> None:
    """Each table is read once for its columns, and once more for rows that are there twice. `named`: what a
    person calls a table. Raises DataError.
    """
    for table in TABLES:
        where, names = named(table.name), [field.name for field in table.fields]
        who = "participant" if "participant" in names else "concept"
        rules = list(_rules(table))
        tests = ", ".join(f"min(CASE WHEN {test} THEN {who} END)" for _, test in rules)
        counted = ", ".join(f"sum(CASE WHEN {test} THEN 1 ELSE 0 END)" for _, test in rules)
        found = ask(f"SELECT {tests}, {counted} FROM {table.name}")[0]
        for (words, _), example, rows in zip(rules, found, found[len(rules) :], strict=False):
            if rows:
                place = "" if example is None else f", first of {who} {example}"
                raise DataError(f"{where}: {words} (in {rows} row{'s' if rows > 1 else ''}{place})")
        if "concept" in names and table.name != "concepts":
            lost = ask(
                f"SELECT min(facts.concept) FROM {table.name} AS facts LEFT JOIN concepts "
                "ON concepts.concept = facts.concept WHERE concepts.concept IS NULL"
            )[0][0]
            if lost is not None:
                raise DataError(f"{where}: the concept {lost} is not in {named('concepts')}")
        once = ONCE.get(table.name) or ("participant, fact" if "fact" in names else "")
        if once:
            twice = ask(
                f"SELECT min({who}) FROM (SELECT {once} FROM {table.name} GROUP BY {once} "
                "HAVING count(*) > 1) AS twice"
            )[0][0]
            if twice is not None:
                raise DataError(f"{where}: more than one row for the same {once}, as of {who} {twice}")


def _rules(table: Table) -> Iterator[tuple[str, str]]:
    """What is wrong with a row, in words, and the test that finds it."""
    names = {field.name for field in table.fields}
    for field in table.fields:
        name = field.name
        if name in STATED:
            yield f"{name} is null", f"{name} IS NULL"
        if (words := WORDS.get((table.name, name))) is not None:
            listed = ", ".join(f"'{word}'" for word in words)
            yield f"{name} is none of {', '.join(words)}", f"{name} NOT IN ({listed})"
        if name in RANGES:
            low, high = RANGES[name]
            yield f"{name} is not from {low} to {high}", f"{name} NOT BETWEEN {low} AND {high}"
        if name.endswith("_first"):
            last = f"{name.removesuffix('first')}last"
            yield (
                f"only one of {name} and {last} is stated",
                f"({name} IS NULL) <> ({last} IS NULL)",
            )
            yield f"{last} is before {name}", f"{last} < {name}"
        if name.endswith("_low"):
            high_end = f"{name.removesuffix('low')}high"
            yield (
                f"there is no number from {name} to {high_end}",
                f"{name} > {high_end} OR ({name} = {high_end} AND ({name}_open OR {high_end}_open))",
            )
    if "word" in names:
        yield (
            "both a word and a number are stated",
            "word IS NOT NULL AND (value_low IS NOT NULL OR value_high IS NOT NULL)",
        )
