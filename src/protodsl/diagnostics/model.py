"""A diagnostic as data. Its words live in the catalogue; text, JSON and SARIF are views of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from protodsl.source import Span

Severity = Literal["error", "warning", "info"]
Fact = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that matters, possibly in another file, and the words for it ("first declared here")."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Replace the characters of `span` by `replacement`; `title` says what that does."""

    span: Span
    replacement: str
    title: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable (`E0201`), `name` its readable twin (`unknown-name`).

    `facts` are the values the message was made from, by name, for tools that do not want to read sentences.
    """

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    facts: tuple[tuple[str, Fact], ...] = ()
    labels: tuple[Label, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    def fact(self, name: str) -> Fact | None:
        """The fact of that name, None if there is none."""
        return dict(self.facts).get(name)

    @property
    def expected(self) -> tuple[str, ...]:
        """What could have stood at the place, in the author's words; empty where that is not the question."""
        value = self.fact("expected")
        return value if isinstance(value, tuple) else () if value is None else (str(value),)


def has_errors(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic]) -> bool:
    return any(diagnostic.severity == "error" for diagnostic in diagnostics)
