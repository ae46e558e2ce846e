"""Routes of administration and how they are spelt: a protocol says `intravenously`, a record `intravenous`.

Only routes that exclude one another (EDQM's standard terms); of a word that is not here nobody can say
whether it is another name for the same.
"""

from __future__ import annotations

import re

ROUTES: dict[str, tuple[str, ...]] = {
    "oral": ("orally", "po", "p_o", "per_os", "by_mouth"),
    "intravenous": ("intravenously", "iv", "i_v", "intravenous_infusion", "intravenous_bolus"),
    "subcutaneous": ("subcutaneously", "sc", "s_c"),
    "intramuscular": ("intramuscularly", "im", "i_m"),
    "intrathecal": ("intrathecally",),
    "intravitreal": ("intravitreally",),
    "rectal": ("rectally",),
    "topical": ("topically", "cutaneous", "cutaneously"),
    "inhaled": ("inhalation", "by_inhalation", "inhalatory"),
}
_NAMES = {
    spelling: route
    for route, spellings in ROUTES.items()
    for spelling in (route, *spellings, f"{route}_use", f"{route}_route")
}


def spelt(word: str) -> str:
    """`I.V.` as `i_v`."""
    return re.sub(r"[\W_]+", "_", word.strip().lower()).strip("_")


def route_named(word: str) -> str | None:
    """The route a word stands for; None: nobody knows it here."""
    return _NAMES.get(spelt(word))


def spellings(route: str) -> tuple[str, ...]:
    return tuple(spelling for spelling, named in _NAMES.items() if named == route)
