"""Every diagnostic the compiler can give. To add one, add an entry to a file of `entries/`."""

from __future__ import annotations

from protodsl.diagnostics.entries.constructs import CONSTRUCTS
from protodsl.diagnostics.entries.criteria import CRITERIA
from protodsl.diagnostics.entries.meaning import MEANING
from protodsl.diagnostics.entries.names import NAMES
from protodsl.diagnostics.entries.reader import READER
from protodsl.diagnostics.entries.reading import READING
from protodsl.diagnostics.entries.scenarios import SCENARIOS
from protodsl.diagnostics.entries.sense import SENSE
from protodsl.diagnostics.entries.syntax import SYNTAX
from protodsl.diagnostics.entry import Entry

ENTRIES: tuple[Entry, ...] = (
    *READING,
    *SYNTAX,
    *NAMES,
    *SENSE,
    *MEANING,
    *CONSTRUCTS,
    *CRITERIA,
    *READER,
    *SCENARIOS,
)

BY_NAME: dict[str, Entry] = {entry.name: entry for entry in ENTRIES}
BY_CODE: dict[str, Entry] = {entry.code: entry for entry in ENTRIES}
