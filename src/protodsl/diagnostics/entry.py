"""The shape of a catalogue entry."""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter

from protodsl.diagnostics.model import Severity

_SEVERITIES: dict[str, Severity] = {"E": "error", "W": "warning", "I": "info"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of diagnostic: its words and its page.

    `message` and `help` are `str.format` templates over the facts. Of `help` the first sentence is used
    whose facts are all given, so "did you mean `{suggestion}`?" can stand before a general hint.
    """

    code: str
    name: str
    message: str
    help: tuple[str, ...]
    explain: str
    bad: str = ""
    good: str = ""

    @property
    def severity(self) -> Severity:
        return _SEVERITIES[self.code[0]]

    @property
    def required(self) -> frozenset[str]:
        """The facts the message cannot be written without."""
        return fields(self.message)


def fields(template: str) -> frozenset[str]:
    """Names of the facts a template uses."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)
