"""Which facts speak of which items: matching of names and codes, remembered for every code once met."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

from protodsl.runtime.model.vocabulary import Item, domain_of
from protodsl.runtime.record import Coded


class Match(IntEnum):
    """How well a fact's code fits an item. `OPEN`: only because the class is not listed exhaustively."""

    NO = 0
    OPEN = 1
    BROAD = 2  # the code stands above the item, or the fact or the item carries none
    SURE = 3


NESTED = ("icd10", "atc")  # systems whose codes lie under their own beginnings


@lru_cache(maxsize=65_536)
def _bare(system: str, code: str) -> str:
    return code.replace(".", "").upper() if system in NESTED else code


def _under(system: str, code: str, other: str) -> bool:
    """`code` is `other` or lies under it; both bare."""
    return code == other or (system in NESTED and code.startswith(other))


Hits = tuple[
    tuple[str, Match, bool], ...
]  # items, how well the code fits, whether such an event is of one day


class Vocabulary:
    """The items a checker knows, and how the codes of records fit them."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = {item.name: item for item in items}
        self.domains = {name: domain_of(item) for name, item in self.items.items()}
        self._members: dict[str, frozenset[str]] = {}
        self._open: dict[str, bool] = {}
        self._codes: dict[str, dict[str, frozenset[str]]] = {}
        self._own_codes: dict[str, dict[str, frozenset[str]]] = {}
        self._matches: dict[tuple[Coded, str], Match] = {}
        self._drugs: dict[Coded, Coded] = {}
        self._one_drug: dict[Coded, Coded] = {}
        self._known: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._denied: dict[tuple[Coded, Coded], bool] = {}
        self._acute = tuple(
            name for name, item in self.items.items() if item.acute and self.domains[name] == "conditions"
        )
        self._brief: dict[Coded, bool] = {}
        self.asked: set[str] = set()
        self.silent: set[Coded] = set()  # codes of results met before that are of no item asked for
        self._hits: dict[str, dict[Coded, Hits]] = {}
        self._covered: dict[tuple[str, Coded], tuple[str, ...]] = {}
        self._concerned: dict[tuple[str, Coded], frozenset[str]] = {}
        self._domains: dict[str, tuple[str, ...]] = {}

    def label(self, name: str) -> str:
        found = self.items.get(name)
        return found.label if found is not None else name

    def domain(self, name: str) -> str:
        return self.domains[name]

    def members(self, name: str) -> frozenset[str]:
        """All items under an item, however far down, without itself."""
        found = self._members.get(name)
        if found is None:
            found = frozenset()
            for member in self.items[name].members:
                if member in self.items:
                    found |= {member} | self.members(member)
            self._members[name] = found
        return found

    def is_open(self, name: str) -> bool:
        """Whether the class, or a class in it, is not listed exhaustively."""
        found = self._open.get(name)
        if found is None:
            found = any(self.items[one].open for one in (name, *self.members(name)))
            self._open[name] = found
        return found

    def codes(self, name: str) -> dict[str, frozenset[str]]:
        """The bare codes of an item and everything under it, by system."""
        found = self._codes.get(name)
        if found is None:
            found = self._codes[name] = self._gathered((name, *self.members(name)))
        return found

    def own_codes(self, name: str) -> dict[str, frozenset[str]]:
        """The bare codes of an item itself, by system."""
        found = self._own_codes.get(name)
        if found is None:
            found = self._own_codes[name] = self._gathered((name,))
        return found

    def _gathered(self, names: Iterable[str]) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for name in names:
            for system, code in self.items[name].codes:
                found.setdefault(system, set()).add(_bare(system, code))
        return {system: frozenset(codes) for system, codes in found.items()}

    def match(self, coded: Coded, name: str) -> Match:
        """How a fact with this code fits the item; the domain is the caller's concern."""
        key = (coded, name)
        found = self._matches.get(key)
        if found is None:
            if len(self._matches) > 200_000:  # records by the million: every code they hold would stay
                self._matches.clear()
            found = self._match(coded, name)
            if found is Match.NO and self.is_open(name):
                found = Match.OPEN
            self._matches[key] = found
        return found

    # ------------------------------------------------------------ what a code speaks of, among what is asked

    def ask(self, name: str) -> None:
        """Counts an item among those that records are sorted by."""
        if name not in self.asked:
            self.asked.add(name)
            self._domains.clear()
            self._hits.clear()
            self.silent.clear()

    def hits(self, domain: str) -> dict[Coded, Hits]:
        """What codes met before may be, of the items asked for; see `hit` for a new one."""
        found = self._hits.get(domain)
        if found is None:
            found = self._hits[domain] = {}
        return found

    def hit(self, domain: str, coded: Coded) -> Hits:
        """Every item asked for that a fact with this code may be, so that a record is sorted once."""
        least = Match.BROAD if domain == "results" else Match.OPEN
        brief = domain == "conditions" and self.is_brief(coded)
        every = ((name, self.match(coded, name)) for name in self._in_domain(domain))
        found = tuple((name, match, brief) for name, match in every if match >= least)
        known = self.hits(domain)
        if len(known) > 20_000:  # records by the million: every code they hold would stay
            known.clear()
        known[coded] = found
        if domain == "results" and not found and self.known(coded):
            if len(self.silent) > 20_000:
                self.silent.clear()
            self.silent.add(coded)
        return found

    def is_brief(self, coded: Coded) -> bool:
        """Whether what is recorded surely is something declared acute, whatever is asked for."""
        found = self._brief.get(coded)
        if found is None:
            found = any(self.match(coded, name) is Match.SURE for name in self._acute)
            if len(self._brief) > 20_000:
                self._brief.clear()
            self._brief[coded] = found
        return found

    def covered(self, domain: str, coded: Coded) -> tuple[str, ...]:
        """Every item of the domain that an absence with this code covers."""
        key = (domain, coded)
        found = self._covered.get(key)
        if found is None:
            found = tuple(
                name
                for name, item in self.items.items()
                if domain_of(item) == domain and self.covers(coded, name)
            )
            if len(self._covered) > 20_000:
                self._covered.clear()
            self._covered[key] = found
        return found

    def concerned(self, domain: str, coded: Coded) -> frozenset[str]:
        """Every item of the domain of which an absence with this code covers the whole or a member."""
        key = (domain, coded)
        found = self._concerned.get(key)
        if found is None:
            covered = set(self.covered(domain, coded))
            found = frozenset(
                name
                for name in self.items
                if self.domains[name] == domain
                and (name in covered or not covered.isdisjoint(self.members(name)))
            )
            if len(self._concerned) > 20_000:
                self._concerned.clear()
            self._concerned[key] = found
        return found

    def _in_domain(self, domain: str) -> tuple[str, ...]:
        found = self._domains.get(domain)
        if found is None:
            found = tuple(
                name for name, item in self.items.items() if name in self.asked and domain_of(item) == domain
            )
            self._domains[domain] = found
        return found

    def known(self, coded: Coded) -> bool:
        """False for a plain name the vocabulary does not have."""
        return coded.system is not None or coded.code is None or coded.code in self.items

    def _match(self, coded: Coded, name: str) -> Match:
        if coded.suspected:
            return min(self._match(coded._replace(suspected=False), name), Match.BROAD)
        if coded.also:
            return self._match_translated(coded, name)
        if coded.code is None:
            return Match.BROAD
        if coded.system is None:
            return self._match_name(coded.code, name)
        system, code = coded.system, _bare(coded.system, coded.code)
        codes = self.codes(name).get(system)
        if not codes:
            # a code the vocabulary knows as another item's is that item, though this one has none there
            domain = self.domain(name)
            known = self._known_as(system, code, domain)
            unknown = Match.NO if domain == "results" and system == "loinc" else Match.BROAD
            return max((self._match_name(other, name) for other in known), default=unknown)
        found = _best(system, frozenset((code,)), codes)
        if found is Match.NO:  # a class's own code stands above its members, whatever theirs look like
            above = self._known_as(system, code, self.domain(name))
            found = Match.BROAD if any(name in self.members(other) for other in above) else Match.NO
        return found

    def _match_translated(self, coded: Coded, name: str) -> Match:
        """Several codes of one thing: a sure match of one is one. Else those decide that say something of the
        item: a code of a system in which it has none must not make doubtful what another code denies.
        """
        best, silent = Match.NO, Match.NO
        spoken = False
        for one in _each(coded):
            match = self._match(one, name)
            if match is Match.SURE:
                return match
            if self._speaks(one, name):
                best, spoken = max(best, match), True
            else:
                silent = max(silent, match)
        return best if spoken else silent

    def _speaks(self, coded: Coded, name: str) -> bool:
        """Whether the item has codes in this one's system, or the vocabulary knows what the code is."""
        if coded.system is None or coded.code is None:
            return coded.code in self.items
        if self.codes(name).get(coded.system):
            return True
        bare = _bare(coded.system, coded.code)
        return bool(self._known_as(coded.system, bare, self.domain(name)))

    def _match_name(self, other: str, name: str) -> Match:
        """`other` is what the record names, `name` what is asked for."""
        if other not in self.items:
            # it may be anything of its domain; a result of an unknown name is something else
            return Match.NO if self.domain(name) in ("results", "answers") else Match.BROAD
        if self.domains[other] != self.domain(name):
            return Match.NO
        asked = self.members(name)
        if other == name or other in asked:
            return Match.SURE
        best = Match.NO
        below = self.members(other)
        if name in below or not asked.isdisjoint(below):
            best = Match.BROAD
        theirs = self.codes(name)
        for system, codes in self.own_codes(other).items():
            if system in theirs:
                best = max(best, _best(system, codes, theirs[system]))
        return best

    def _known_as(self, system: str, bare: str, domain: str) -> tuple[str, ...]:
        """Names of the items of a domain that have this very code."""
        key = (system, bare, domain)
        found = self._known.get(key)
        if found is None:
            found = tuple(
                item.name
                for item in self.items.values()
                if self.domains[item.name] == domain and bare in self.own_codes(item.name).get(system, ())
            )
            if len(self._known) > 100_000:
                self._known.clear()
            self._known[key] = found
        return found

    def covers(self, coded: Coded, name: str) -> bool:
        """Whether an absence with this code is one of the item too: of itself or of what stands above it."""
        if coded.code is None:
            return False
        if coded.also:  # a translation may be broader than the thing itself: all that speak must agree
            speaking = [one for one in _each(coded) if self._speaks(one, name)]
            return bool(speaking) and all(self.covers(one, name) for one in speaking)
        if coded.system is None:
            other = coded.code
            if other not in self.items or domain_of(self.items[other]) != self.domain(name):
                return False
            return self._match_name(name, other) is Match.SURE
        return self._all_under(name, coded.system, _bare(coded.system, coded.code))

    def _all_under(self, name: str, system: str, code: str) -> bool:
        """Whether an item lies under a code, with all under it: by its own codes, which hold for members
        without one, else by those of each member.
        """
        item = self.items[name]
        if not any(own == system for own, _ in item.codes):
            members = [member for member in item.members if member in self.items]
            return bool(members) and all(self._all_under(member, system, code) for member in members)
        return all(_under(system, one, code) for one in self.codes(name)[system])

    def denies(self, absent: Coded, fact: Coded) -> bool:
        """Whether an absence with the one code denies every fact with the other."""
        key = (absent, fact)
        found = self._denied.get(key)
        if found is None:
            found = self._denies(absent, fact)
            if len(self._denied) > 100_000:
                self._denied.clear()
            self._denied[key] = found
        return found

    def _denies(self, absent: Coded, fact: Coded) -> bool:
        if absent.code is None or fact.code is None:
            return False
        if absent == fact:
            return True
        if absent.also or fact.also or fact.suspected:
            return any(self.denies(one, other) for one in _each(absent) for other in _each(fact))
        if fact.system is None:
            return fact.code in self.items and self.covers(absent, fact.code)
        if absent.system is None:
            return absent.code in self.items and self.match(fact, absent.code) is Match.SURE
        if absent.system != fact.system:
            return False
        system = fact.system
        return _under(system, _bare(system, fact.code), _bare(system, absent.code))

    def drug(self, coded: Coded) -> Coded:
        """Which drug a course is of: one of the vocabulary, by name; a code it does not know; or, with no
        code, any of several.
        """
        found = self._one_drug.get(coded)
        if found is None:
            found = Coded(None, None)
            known = self.items.get(coded.code or "") if coded.system is None else None
            if coded.code is not None and not coded.suspected and not (known is not None and known.is_class):
                found = coded
                for name, item in self.items.items():
                    is_drug = self.domains[name] == "medications" and not item.is_class
                    if is_drug and self.match(coded, name) is Match.SURE:
                        found = Coded(None, name)
                        break
            if len(self._one_drug) > 100_000:
                self._one_drug.clear()
            self._one_drug[coded] = found
        return found

    def identified(self, drug: Coded) -> bool:
        """Whether `drug` is one of the vocabulary."""
        return drug.system is None and drug.code in self.items

    def one_code(self, coded: Coded) -> Coded:
        """One code for one thing: its name where the vocabulary knows the code as its own."""
        if coded.system is None or coded.code is None:
            return coded
        found = self._drugs.get(coded)
        if found is None:
            each = [(one.system, one.code) for one in _each(coded) if one.system and one.code]
            own = {(system, _bare(system, code)) for system, code in each}
            names = [
                item.name
                for item in self.items.values()
                if not item.is_class
                and any(code in self.own_codes(item.name).get(system, ()) for system, code in own)
            ]
            found = Coded(None, names[0]) if len(names) == 1 else coded
            if len(self._drugs) > 100_000:
                self._drugs.clear()
            self._drugs[coded] = found
        return found


def _each(coded: Coded) -> list[Coded]:
    """The codes of a fact, one at a time."""
    return [Coded(coded.system, coded.code), *(Coded(*other) for other in coded.also)]


def _best(system: str, own: frozenset[str], theirs: frozenset[str]) -> Match:
    """SURE where all `own` codes lie under `theirs`, BROAD where some do or one stands above, else NO."""
    if system not in NESTED:
        return Match.SURE if own <= theirs else Match.NO if own.isdisjoint(theirs) else Match.BROAD
    above, below = tuple(theirs), tuple(own)
    lying = [one.startswith(above) for one in own]
    if all(lying):
        return Match.SURE
    return Match.BROAD if any(lying) or any(one.startswith(below) for one in theirs) else Match.NO
