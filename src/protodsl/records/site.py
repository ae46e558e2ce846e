"""What reading needs to know besides the data: which trial is asked, and how a site writes things."""

from __future__ import annotations

from dataclasses import dataclass, field

from protodsl.records.codes import CodeMap
from protodsl.records.sheets.mapping import Mapping
from protodsl.runtime.record import Coded


@dataclass(frozen=True, slots=True)
class Site:
    """`study`: what the trial is called, in small letters, for data may name it as the one already joined."""

    study: frozenset[str] = frozenset()
    mapping: Mapping = field(default_factory=Mapping)

    @property
    def codes(self) -> CodeMap:
        return self.mapping.codes


NO_SITE = Site()


def translated(coded: Coded, codes: CodeMap) -> Coded:
    """A fact's code with what the site's own codes stand for; a name of the vocabulary goes first."""
    if coded.code is None:
        return coded
    own = ((coded.system or "", coded.code), *coded.also)
    stands = [target for system, code in own for target in codes.of(system, code)]
    if not stands:
        return coded
    known = {one: None for one in own if one[0]}
    known.update({(system, code): None for system, code in stands if system is not None})
    name = next((code for system, code in stands if system is None), None)
    if name is not None:
        return Coded(None, name, tuple(known), coded.suspected)
    first, *others = known
    return Coded(*first, tuple(others), coded.suspected)
