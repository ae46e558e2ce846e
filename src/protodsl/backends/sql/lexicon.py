"""What the codes and units of a set of tables mean to a protocol.

A fact's code is a *concept*, known by its key: a name (`alt`), or a system and a code (`loinc 1742-6`); `;`
stands between several codes of one fact, `?` before one that is only suspected. Whether a concept is an
item of the protocol, surely or possibly, is found with the runtime's own matching and written into the
statement: SQL compares numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from protodsl import ir
from protodsl.runtime.record import Coded


def key_of(coded: Coded) -> str:
    """A text that tells a code apart from every other, and can be read."""
    each = [(coded.system, coded.code), *coded.also]
    told = ";".join(
        _quoted(code) if system is None else f"{_quoted(system)} {_quoted(code)}" for system, code in each
    )
    return f"?{told}" if coded.suspected else told


def _quoted(part: str | None) -> str:
    if part is None:
        return "~"
    return (
        quote(part, safe="!#$&'()*+,/:=@[]^{}|<>\"`äöüÄÖÜßéèµ°")
        if part.isascii()
        else quote(part, safe="/:.")
    )


def coded_of(key: str) -> Coded:
    """What `key_of` made it from."""
    suspected = key.startswith("?")
    each: list[tuple[str | None, str | None]] = []
    for told in key.removeprefix("?").split(";"):
        system, blank, code = told.rpartition(" ")
        each.append((unquote(system) if blank else None, None if code == "~" else unquote(code)))
    (system_, code_), *also = each
    return Coded(system_, code_, tuple((s or "", c or "") for s, c in also), suspected)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The codes and units that occur in a set of tables.

    `upto`: concepts with greater numbers have come since; they are not known, and may be anything.
    """

    keys: tuple[tuple[int, str, str], ...]  # (concept, key, domain in which it occurs)
    units: tuple[str, ...]  # of results
    dose_units: tuple[str, ...]
    upto: int
    times: bool = True  # whether results have times of day

    @property
    def numbered(self) -> bool:
        return bool(self.upto)


SPELLINGS = (
    "g/L", "g/dL", "mg/dL", "mg/L", "ug/L", "ug/dL", "ng/mL", "ng/L", "ng/dL", "pg/mL", "ug/mL",
    "mol/L", "mmol/L", "umol/L", "µmol/L", "nmol/L", "pmol/L", "10*9/L", "x10^9/L", "10*3/uL",
    "K/uL", "/uL", "cells/uL", "10*12/L", "10*6/uL", "U/L", "IU/L", "IU/mL", "mIU/mL", "mIU/L", "%",
    "1", "mL/min", "mL/min/1.73m2", "g/d", "g/24h", "mg/24h", "mg/d", "mg/g", "mg/mmol", "kg", "g",
    "m", "cm", "mm", "s", "min", "mm[Hg]", "mmHg", "kPa", "Cel", "{score}", "points", "copies/mL",
    "kg/m2", "m2", "mmol/mol",
)  # fmt: skip


def of_vocabulary(protocol: ir.Protocol) -> Lexicon:
    """Without tables at hand: the vocabulary's own names and codes, and the units usually met."""
    coded = {(Coded(None, name), item.domain) for name, item in protocol.items.items()}
    coded |= {
        (Coded(code.system, code.code.upper() if code.system in ("icd10", "atc") else code.code), item.domain)
        for item in protocol.items.values()
        for code in item.codes
    }
    units = dict.fromkeys(SPELLINGS)
    for item in protocol.items.values():
        units |= dict.fromkeys([*([item.unit.text] if item.unit is not None else []), *item.also_units])
    keys = sorted((key_of(each), domain) for each, domain in coded)
    return Lexicon(
        tuple((0, key, domain) for key, domain in keys),
        tuple(units),
        ("mg/d", "mg/day", "g/d", "ug/d", "mg/kg/d", "mg/wk"),
        0,
    )


Fit = Literal["sure", "may"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A concept that is, or may be, the thing asked for. `brief`: such an event is of its first day only;
    `drug`: the drug it is (empty: any), `named`: one of the vocabulary.
    """

    concept: int
    key: str
    sure: bool
    brief: bool
    drug: str
    named: bool


class Matching:
    """The runtime's matching of codes, asked for the concepts of a lexicon."""

    def __init__(self, protocol: ir.Protocol, lexicon: Lexicon) -> None:
        from protodsl.backends import python
        from protodsl.runtime.codes import Match, Vocabulary

        self.protocol, self.lexicon = protocol, lexicon
        module = python.load(protocol)
        self.vocabulary = Vocabulary(module.CHECKER.protocol.items)
        self.sure, self.open, self.no = Match.SURE, Match.OPEN, Match.NO
        self.coded: dict[str, list[tuple[int, str, Coded]]] = {}
        for number, key, domain in lexicon.keys:
            self.coded.setdefault(domain, []).append((number, key, coded_of(key)))

    def fitted(self, item: str, but_not: Sequence[str] = ()) -> list[Fitted]:
        """The concepts that may be the item, none of `but_not`. No result is one of an open class for its
        openness alone.
        """
        found = []
        domain = self.protocol.items[item].domain
        for number, key, coded in self.coded.get(domain, []):
            match = self.vocabulary.match(coded, item)
            excepted = max((self.vocabulary.match(coded, each) for each in but_not), default=self.no)
            if match is self.no or excepted is self.sure or (domain == "results" and match is self.open):
                continue
            drug = self.vocabulary.drug(coded) if domain == "medications" else Coded(None, None)
            found.append(
                Fitted(
                    number,
                    key,
                    match is self.sure and excepted is self.no,
                    domain == "conditions" and self.vocabulary.is_brief(coded),
                    "" if drug.code is None else key_of(drug),
                    self.vocabulary.identified(drug),
                )
            )
        return found

    def covering(self, item: str) -> list[tuple[int, str]]:
        """The concepts whose absence is an absence of the item."""
        listed = self.coded.get(self.protocol.items[item].domain, [])
        return [(n, key) for n, key, coded in listed if self.vocabulary.covers(coded, item)]

    def denying(self, item: str, concepts: Iterable[str]) -> list[tuple[int, str, int, str]]:
        """(absent, its key, fact, its key): an absence of the first denies a fact with the second that is
        asked for as the item: it is one of the fact, or of the item.
        """
        wanted, covering = set(concepts), set(self.covering(item))
        listed = self.coded.get(self.protocol.items[item].domain, [])
        facts = [each for each in listed if each[1] in wanted]
        return [
            (absent, absent_key, fact, key)
            for absent, absent_key, coded in listed
            for fact, key, other in facts
            if (absent, absent_key) in covering or self.vocabulary.denies(coded, other)
        ]
