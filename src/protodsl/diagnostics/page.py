"""The page of a diagnostic, from its entry in the catalogue."""

from __future__ import annotations

import re
from textwrap import fill, indent
from typing import Any

from protodsl.diagnostics.entry import Entry


def template(text: str) -> str:
    """The words of a message whose facts are not known: `there is no ⟨kind⟩ called …`."""
    return re.sub(r"\{(\w+)\}", r"⟨\1⟩", text.replace("{{", "{").replace("}}", "}"))


def page_text(entry: Entry, *, width: int = 100) -> str:
    """The page for a terminal."""
    lines = [f"{entry.severity} {entry.code} {entry.name}", "", fill(template(entry.message), width)]
    lines += ["", fill(entry.explain, width)]
    if entry.bad:
        lines += ["", "Avoid:", "", indent(entry.bad.rstrip("\n"), "    ")]
    if entry.good:
        lines += ["", "Write:", "", indent(entry.good.rstrip("\n"), "    ")]
    if entry.help:
        lines += ["", "What to do:", ""]
        lines += [
            fill(template(text), width, initial_indent="  - ", subsequent_indent="    ")
            for text in entry.help
        ]
    return "\n".join(lines) + "\n"


def page_data(entry: Entry) -> dict[str, Any]:
    """The page for programs. `message` and `help` name their facts in braces."""
    return {
        "code": entry.code,
        "name": entry.name,
        "severity": entry.severity,
        "message": entry.message,
        "help": list(entry.help),
        "explain": entry.explain,
        "avoid": entry.bad or None,
        "write": entry.good or None,
    }
