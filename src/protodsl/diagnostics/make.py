"""Making a diagnostic from its name and the facts of the case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from protodsl.diagnostics.catalogue import BY_NAME
from protodsl.diagnostics.entry import fields
from protodsl.diagnostics.model import Diagnostic, Fact, Fix, Label
from protodsl.source import Span


def diagnose(
    name: str,
    span: Span,
    /,
    *,
    labels: Sequence[Label] = (),
    fix: Fix | None = None,
    help: str | None = None,
    **facts: Fact | Sequence[str] | None,
) -> Diagnostic:
    """The diagnostic `name` of the catalogue at `span`, its words filled with `facts`.

    A fact that is None or an empty list counts as not given. `help` replaces the catalogue's where the
    case allows a better one. An unknown name, or a fact that the message needs and that was not given, is
    a mistake of ours: KeyError.
    """
    entry = BY_NAME[name]
    given: dict[str, Fact] = {}
    for key, value in facts.items():
        match value:
            case None:
                continue
            case str() | int():
                given[key] = value
            case _:
                if value:
                    given[key] = tuple(value)
    words = {key: alternatives(value) if isinstance(value, tuple) else value for key, value in given.items()}
    if help is None:
        help = next((text.format(**words) for text in entry.help if fields(text) <= words.keys()), None)
    return Diagnostic(
        code=entry.code,
        name=entry.name,
        severity=entry.severity,
        span=span,
        message=entry.message.format(**words),
        facts=tuple(given.items()),
        labels=tuple(labels),
        help=help,
        fix=fix,
    )


def alternatives(words: Sequence[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate a mistyped word most likely meant, None if none is near."""
    known = sorted(set(candidates) - {word})
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    if word.casefold() in folded:
        return folded[word.casefold()]
    near = get_close_matches(word[:80], known, n=1, cutoff=0.7)
    if near:
        return near[0]
    longer = [candidate for candidate in known if len(word) >= 4 and candidate.startswith(word)]
    return longer[0] if len(longer) == 1 else None
