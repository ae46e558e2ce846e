"""What a recorded code says of the terms asked for: sure, maybe, or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from by_hand_values import IMMUNOSUPPRESSANTS, LABS, PREDNISONE, TREATMENT, WORDS

NO, OPEN, MAY, SURE = 0, 1, 2, 3  # how well a code fits; OPEN: only because a class is not listed whole


class Term(NamedTuple):
    """A row of the table of codes."""

    domain: str
    codes: tuple[tuple[str, str], ...]
    members: tuple[str, ...]
    is_class: bool
    open: bool
    acute: bool


ASKED = (
    *LABS, *WORDS, *PREDNISONE, *IMMUNOSUPPRESSANTS, TREATMENT, "glucocorticoid", "hydroxychloroquine",
    "telitacicept", "belimumab", "car_t_cells", "systemic_lupus_erythematosus", "gilbert_syndrome",
    "psychiatric_disorder", "of_childbearing_potential", "neuropsychiatric_lupus", "lupus_crisis",
    "autoimmune_disease", "lupus_nephritis", "heart_failure", "myocardial_infarction",
    "ventricular_arrhythmia", "syncope", "prostate_cancer",
    "non_ischemic_cardiomyopathy", "infection", "cerebrovascular_accident", "seizure", "deep_vein_thrombosis",
    "pulmonary_embolism", "arterial_embolism", "malignancy", "cervical_carcinoma_in_situ",
    "basal_cell_carcinoma", "squamous_cell_skin_cancer", "localised_prostate_cancer",
    "ductal_carcinoma_in_situ", "pregnant", "breastfeeding", "renal_replacement_therapy", "car_t_therapy",
    "gene_modified_cell_therapy", "coronary_artery_bypass", "coronary_stent", "organ_transplantation",
    "stem_cell_transplantation", "malignancy_treatment", "radical_prostatectomy", "breast_cancer_surgery",
    "live_vaccine", "other_trial",
)  # fmt: skip


def under(system: str, code: str, other: str) -> bool:
    return code == other or (system in ("icd10", "atc") and code.startswith(other))


def bare(system: str, code: str) -> str:
    return code.replace(".", "").upper() if system in ("icd10", "atc") else code


Code = tuple[str | None, str | None]
UNCODED: tuple[Code, ...] = ((None, None),)


class Codes:
    """The table of codes: what a recorded code says of the terms asked for."""

    def __init__(self, terms: dict[str, Term]) -> None:
        self.terms = terms
        self.below = {name: self._below(name) for name in terms}
        self.own: dict[str, dict[str, set[str]]] = {}
        self.all: dict[str, dict[str, set[str]]] = {}
        for name in terms:
            self.own[name] = self._codes([name])
            self.all[name] = self._codes([name, *self.below[name]])
        self.open = {name: any(terms[one].open for one in (name, *self.below[name])) for name in terms}
        self.speaks_of = lru_cache(maxsize=100_000)(self._speaks_of)
        self.denies = lru_cache(maxsize=100_000)(self._denies)
        self.denies_code = lru_cache(maxsize=100_000)(self._denies_code)
        self.drug = lru_cache(maxsize=100_000)(self._drug)
        self.acute = lru_cache(maxsize=100_000)(self._acute)
        self.fit = lru_cache(maxsize=100_000)(self._fit)

    def _below(self, name: str) -> frozenset[str]:
        found: set[str] = set()
        for member in self.terms[name].members:
            found |= {member} | self._below(member)
        return frozenset(found)

    def _codes(self, names: Iterable[str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for name in names:
            for system, code in self.terms[name].codes:
                found[system].add(bare(system, code))
        return found

    def _speaks_of(self, codes: tuple[Code, ...], domain: str) -> list[tuple[str, int]]:
        """The terms asked for that a fact with these codes is, or may be, and how surely."""
        listed = [name for name in ASKED if self.terms[name].domain == domain]
        return [(name, fit) for name in listed if (fit := self.fit(codes, name))]

    def _fit(self, codes: tuple[Code, ...], name: str) -> int:
        return self._match_all(codes, name) or (OPEN if self.open[name] else NO)

    def _match_all(self, codes: tuple[Code, ...], name: str) -> int:
        """Several codes of one thing: one that is sure decides, else those that know the term."""
        fits = [(self.match(*one, name), self.knows(*one, name)) for one in codes]
        if len(fits) == 1 or any(fit == SURE for fit, _ in fits):
            return max(fit for fit, _ in fits)
        return max((fit for fit, knows in fits if knows), default=max(fit for fit, _ in fits))

    def knows(self, system: str | None, code: str | None, name: str) -> bool:
        if system is None or code is None:
            return code in self.terms
        return bool(self.all[name].get(system)) or bool(self.named(system, code, self.terms[name].domain))

    def match(self, system: str | None, code: str | None, name: str) -> int:
        if code is None:
            return MAY
        if system is None:
            return self.match_name(code, name)
        code = bare(system, code)
        asked = self.all[name].get(system)
        if not asked:
            domain = self.terms[name].domain
            other = system == "loinc" and domain == "results"  # nearly every result has a code of LOINC
            named = self.named(system, code, domain)
            return max((self.match_name(one, name) for one in named), default=NO if other else MAY)
        fit = self.best(system, {code}, asked)
        if fit == NO:  # a class's own code stands above its members, whatever theirs look like
            named = self.named(system, code, self.terms[name].domain)
            fit = MAY if any(name in self.below[one] for one in named) else NO
        return fit

    def match_name(self, recorded: str, name: str) -> int:
        if recorded not in self.terms:  # of results something else, of the rest anything
            return NO if self.terms[name].domain == "results" else MAY
        if self.terms[recorded].domain != self.terms[name].domain:
            return NO
        if recorded == name or recorded in self.below[name]:
            return SURE
        below = self.below[recorded]
        fit = MAY if name in below or not below.isdisjoint(self.below[name]) else NO
        for system, codes in self.own[recorded].items():
            if asked := self.all[name].get(system):
                fit = max(fit, self.best(system, codes, asked))
        return fit

    @staticmethod
    def best(system: str, codes: set[str], asked: set[str]) -> int:
        if all(any(under(system, code, one) for one in asked) for code in codes):
            return SURE
        pairs = [(code, one) for code in codes for one in asked]
        return MAY if any(under(system, one, code) or under(system, code, one) for code, one in pairs) else NO

    def named(self, system: str, code: str, domain: str) -> list[str]:
        own = bare(system, code)
        return [
            name
            for name, term in self.terms.items()
            if term.domain == domain and own in self.own[name].get(system, ())
        ]

    def _denies(self, codes: tuple[Code, ...], domain: str) -> frozenset[str]:
        """The terms whose absence an absence with these codes states."""
        found = set()
        for name, term in self.terms.items():
            if term.domain != domain:
                continue
            speaking = [one for one in codes if len(codes) == 1 or self.knows(*one, name)]
            if speaking and all(self.covers(*one, name) for one in speaking):
                found.add(name)
        return frozenset(found)

    def _denies_code(self, absent: tuple[Code, ...], codes: tuple[Code, ...]) -> bool:
        """Whether an absence with the one code denies every fact with the other."""
        return absent == codes or any(self._denies_one(one, other) for one in absent for other in codes)

    def _denies_one(self, absent: Code, fact: Code) -> bool:
        system, code = fact
        if absent[1] is None or code is None:
            return False
        if absent == fact:
            return True
        if system is None:
            return code in self.terms and self.covers(*absent, code)
        if absent[0] is None:
            return absent[1] in self.terms and self.match(system, code, absent[1]) == SURE
        return absent[0] == system and under(system, bare(system, code), bare(system, absent[1]))

    def covers(self, system: str | None, code: str | None, name: str) -> bool:
        if code is None:
            return False
        if system is None:
            return code in self.terms and self.match_name(name, code) == SURE
        own = self.own[name].get(system)
        return bool(own) and all(under(system, one, bare(system, code)) for one in own or ())

    def _drug(self, codes: tuple[Code, ...]) -> str | tuple[Code, ...] | None:
        """The term, not a class, that it surely is, or its codes; None: any of several."""
        system, code = codes[0]
        if code is None or (system is None and code in self.terms and self.terms[code].is_class):
            return None
        for name, term in self.terms.items():
            if term.domain == "medications" and not term.is_class and self.fit(codes, name) == SURE:
                return name
        return codes

    def _acute(self, codes: tuple[Code, ...]) -> bool:
        """Whether it surely is something that counts on its first day only."""
        return any(
            self.fit(codes, name) == SURE
            for name, term in self.terms.items()
            if term.acute and term.domain == "conditions"
        )
