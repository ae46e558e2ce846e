"""The language a document speaks: every sentence of ours goes through a message catalogue.

English is the language the messages are written in. The other catalogues are gettext files in `locale/`;
`python tests/documents/catalogues.py` writes them anew from the sources. What an author or a source says
stays as it is, but for names that the catalogue knows (`named`).
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar, get_args

Language = Literal["en", "zh-Hans"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LOCALE = Path(__file__).parent / "locale"
DOMAIN = "documents"
MACHINE_MADE: frozenset[Language] = frozenset(["zh-Hans"])
"""Catalogues no person has read yet: their documents say so."""

_Words = TypeVar("_Words", bound=str)
_spoken: ContextVar[Language] = ContextVar("language", default="en")


@cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with (LOCALE / language.replace("-", "_") / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def spoken() -> Language:
    return _spoken.get()


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Documents and words made inside are in this language."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def say(words: str, /, **facts: object) -> str:
    """A message in the language of the document, `{fact}` replaced. `words` is the English one, literally."""
    return _catalogue(_spoken.get()).gettext(words).format(**facts)


def count(number: int, one: str, many: str, /, **facts: object) -> str:
    """The message for one or for many; `{number}` is the number unless another fact of that name is given."""
    return _catalogue(_spoken.get()).ngettext(one, many, number).format(**{"number": number, **facts})


def named(label: str) -> str:
    """A name from the vocabulary or the catalogue of fields: translated where the catalogue knows it."""
    return _catalogue(_spoken.get()).gettext(label) if label else label


def mark(words: _Words, /) -> _Words:
    """Words that are said elsewhere by `named` or `say`: makes them known to the catalogues."""
    return words


NAMES = (
    mark("positive"), mark("negative"), mark("detected"), mark("not detected"), mark("normal"),
    mark("abnormal"), mark("yes"), mark("no"), mark("present"), mark("absent"),
    mark("mild"), mark("moderate"), mark("severe"), mark("severity"), mark("grade"), mark("stage"),
    mark("male"), mark("female"), mark("participant"), mark("guardian"), mark("investigator"),
    mark("sponsor"), mark("site staff"), mark("laboratory"),
    mark("latest"), mark("earliest"), mark("highest"), mark("lowest"), mark("any"), mark("every"),
    mark("first"), mark("last"), mark("onset"), mark("start"), mark("end"), mark("longer"),
    mark("shorter"), mark("all"), mark("points"), mark("point"), mark("cells"), mark("percentage points"),
    mark("primary"), mark("secondary"), mark("exploratory"), mark("inclusion"), mark("exclusion"),
    mark("computed"), mark("partly judged"), mark("judged"),
    mark("screening"), mark("enrollment"), mark("Screening"), mark("Enrollment"), mark("Consent"),
    mark("Baseline"), mark("Leukapheresis"), mark("Lymphodepletion"), mark("CAR-T infusion"),
    mark("End of study treatment"),
)  # fmt: skip
"""Short names that come from the model: values, roles, kinds, usual timepoints."""
