"""Matching codes: does a fact speak of this item?

“A record surely matches an item by the item's name or code, a code under it, or a member of the class. It
may match when its code stands above the item, when it carries no code, or when the item has no code in
the record's system; otherwise it is something else.”
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum

from protodsl.ir import Code, Item, Protocol
from protodsl.runtime.record import Coded

NESTING = ("icd10", "atc")  # systems whose codes nest by prefix


class Match(IntEnum):
    """How surely a fact is one of an item. OPEN: only because the class is not listed to its end."""

    NO = 0
    OPEN = 1
    MAY = 2
    SURE = 3


def below(protocol: Protocol, item: Item) -> Iterator[Item]:
    """The item and all its members, their members, and so on; each once."""
    seen: list[str] = []
    waiting = [item.name]
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in protocol.items:
            continue
        seen.append(name)
        waiting += protocol.items[name].members
        yield protocol.items[name]


def is_under(protocol: Protocol, item: Item, above: Item) -> bool:
    """The item itself, or a member of the other, transitively."""
    return any(each.name == item.name for each in below(protocol, above))


def plain(code: str) -> str:
    return code.replace(".", "").upper()


def nests(system: str) -> bool:
    return system.lower().replace("-", "").startswith(NESTING)


def code_under(code: Code, above: Code) -> bool:
    """Equal, or (ICD-10, ATC) with the other as its prefix, dots ignored."""
    if code.system.lower() != above.system.lower():
        return False
    if nests(code.system):
        return plain(code.code).startswith(plain(above.code))
    return code.code == above.code


def match(protocol: Protocol, code: Coded, item: Item) -> Match:
    """The best match among what is listed; else what an open class may still hold (“may be matched by
    every record”).
    """
    remembered = _remembered(protocol)
    if (code, item.name) not in remembered:
        found = _match_listed(protocol, code, item)
        if found is Match.NO and any(each.open for each in below(protocol, item)):
            found = Match.OPEN
        remembered[code, item.name] = found
    return remembered[code, item.name]


# Matches found for the protocol asked about last: the same few codes are asked about many hundred times.
_LAST: list[tuple[Protocol, dict[tuple[Coded, str], Match]]] = []


def _remembered(protocol: Protocol) -> dict[tuple[Coded, str], Match]:
    if not _LAST or _LAST[0][0] is not protocol or len(_LAST[0][1]) > 100_000:
        _LAST[:] = [(protocol, {})]
    return _LAST[0][1]


def each_code(code: Coded) -> list[Coded]:
    """A fact may carry several codes for one thing."""
    return [Coded(code.system, code.code), *(Coded(system, other) for system, other in code.also)]


def speaks(protocol: Protocol, code: Coded, item: Item) -> bool:
    """The code says something about the item: the vocabulary knows it, or has codes of its system there."""
    if code.code is None:
        return False
    if code.system is None:
        return code.code in protocol.items
    own = Code(code.system, code.code)
    return any(
        c.system.lower() == own.system.lower() for each in below(protocol, item) for c in each.codes
    ) or any(has(each, own) for each in protocol.items.values() if each.domain == item.domain)


def _match_listed(protocol: Protocol, code: Coded, item: Item) -> Match:
    """One sure code is enough; otherwise the codes that speak of the item decide. What is only suspected is
    never sure.
    """
    if code.suspected or code.also:
        found = [(one, _match_listed(protocol, one, item)) for one in each_code(code)]
        best = max(matched for _, matched in found)
        if best is not Match.SURE:
            best = max((matched for one, matched in found if speaks(protocol, one, item)), default=best)
        return min(best, Match.MAY) if code.suspected else best
    if code.code is None:
        return Match.MAY
    if code.system is not None:
        return _match_published(protocol, Code(code.system, code.code), item)
    named = protocol.items.get(code.code)
    if named is None:
        return _match_unknown_name(item)
    return _match_named(protocol, named, item)


def _match_unknown_name(item: Item) -> Match:
    """A plain name nobody declared may be anything among events; a result or an answer of that name is
    something else.
    """
    return Match.NO if item.domain in ("results", "answers") else Match.MAY


def _match_named(protocol: Protocol, named: Item, item: Item) -> Match:
    if is_under(protocol, named, item) or _codes_under(protocol, named, item):
        return Match.SURE
    if any(is_under(protocol, each, named) for each in below(protocol, item)):
        return Match.MAY
    codes = [code for each in below(protocol, item) for code in each.codes]
    stands_above = any(code_under(mine, theirs) for mine in codes for theirs in named.codes)
    partly_below = any(code_under(theirs, mine) for mine in codes for theirs in named.codes)
    return Match.MAY if stands_above or partly_below else Match.NO


def _codes_under(protocol: Protocol, named: Item, item: Item) -> bool:
    """In some system both have codes, and all of the one lie under the other's, its members' among them."""
    for system in {code.system for code in named.codes}:
        theirs = [code for code in named.codes if code.system == system]
        mine = [code for each in below(protocol, item) for code in each.codes if code.system == system]
        if mine and all(any(code_under(code, above) for above in mine) for code in theirs):
            return True
    return False


def has(item: Item, code: Code) -> bool:
    """The item has this very code, so that a fact with the code is as good as one with the item's name."""
    return any(code_under(code, own) and code_under(own, code) for own in item.codes)


def _match_published(protocol: Protocol, code: Code, item: Item) -> Match:
    codes = [
        c for each in below(protocol, item) for c in each.codes if c.system.lower() == code.system.lower()
    ]
    if any(code_under(code, mine) for mine in codes):
        return Match.SURE
    if not codes:
        known = [each for each in protocol.items.values() if each.domain == item.domain and has(each, code)]
        found = [_match_named(protocol, named, item) for named in known]
        # LOINC has a code for nearly every result: one that nobody knows is another result
        other = item.domain == "results" and code.system.lower() == "loinc"
        return max(found, default=Match.NO if other else Match.MAY)
    if any(code_under(mine, code) for mine in codes):
        return Match.MAY
    classes = [each for each in protocol.items.values() if code in each.codes and each.domain == item.domain]
    return Match.MAY if any(is_under(protocol, item, above) for above in classes) else Match.NO


def wholly_under(protocol: Protocol, item: Item, code: Coded) -> bool:
    """Whatever is the item is also what the code names: then an absence of the code is an absence of the
    item.
    """
    if code.code is None:
        return False
    if code.also:
        speaking = [one for one in each_code(code) if speaks(protocol, one, item)]
        return bool(speaking) and all(wholly_under(protocol, item, one) for one in speaking)
    if code.system is None:
        named = protocol.items.get(code.code)
        return named is not None and (is_under(protocol, item, named) or _codes_under(protocol, item, named))
    return _all_codes_under(protocol, item, Code(code.system, code.code))


def _all_codes_under(protocol: Protocol, item: Item, above: Code) -> bool:
    """Its own codes and those of all members; a member without one lies under its class's own."""

    def of_system(each: Item) -> list[Code]:
        return [code for code in each.codes if code.system.lower() == above.system.lower()]

    members = [protocol.items[name] for name in item.members if name in protocol.items]
    if not of_system(item):
        return bool(members) and all(_all_codes_under(protocol, member, above) for member in members)
    return all(code_under(code, above) for each in below(protocol, item) for code in of_system(each))


def names_too(protocol: Protocol, absent: Coded, fact: Coded) -> bool:
    """Whatever the fact names, the absence names too: the absence is “for the item and everything under
    it”.
    """
    if absent.code is None or fact.code is None:
        return False
    if absent == fact:
        return True
    if absent.also or fact.also or fact.suspected:
        pairs = [(one, other) for one in each_code(absent) for other in each_code(fact)]
        return any(names_too(protocol, one, other) for one, other in pairs)
    if fact.system is None:
        named = protocol.items.get(fact.code)
        return named is not None and wholly_under(protocol, named, absent)
    if absent.system is None:
        above = protocol.items.get(absent.code)
        return above is not None and match(protocol, fact, above) is Match.SURE
    return code_under(Code(fact.system, fact.code), Code(absent.system, absent.code))
