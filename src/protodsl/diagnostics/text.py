"""Diagnostics as text for people: the place, the lines, a caret under what is meant, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from unicodedata import combining, east_asian_width

from protodsl.diagnostics.model import Diagnostic, Label
from protodsl.source import Source, Span

_COLORS = {"error": "\033[1;31m", "warning": "\033[1;33m", "info": "\033[1;36m"}
_BOLD, _BLUE, _RESET = "\033[1m", "\033[1;34m", "\033[0m"
_LONGEST = 160
"""Of a longer line only the surroundings of the place are shown."""


def render_text(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], *, color: bool = False
) -> str:
    """One block per diagnostic, blank lines between them. `sources` by path; a missing one shows no lines."""
    return "\n".join(_block(diagnostic, sources, color) for diagnostic in diagnostics)


def _block(diagnostic: Diagnostic, sources: Mapping[str, Source], color: bool) -> str:
    paint = _COLORS[diagnostic.severity] if color else ""
    bold, blue, reset = (_BOLD, _BLUE, _RESET) if color else ("", "", "")
    kind = f"{paint}{diagnostic.severity}[{diagnostic.code}]{reset}"
    said = f"{bold}{visible(diagnostic.message)}{reset}"
    lines = [f"{bold}{place(diagnostic.span, sources)}{reset}: {kind} {said}"]
    marks = [
        (Label(diagnostic.span, ""), "^", paint),
        *((label, "-", blue) for label in diagnostic.labels),
    ]
    here = [mark for mark in marks if mark[0].span.path == diagnostic.span.path]
    elsewhere = [mark for mark in marks if mark[0].span.path != diagnostic.span.path]
    width = max((len(str(_line(sources, mark[0].span))) for mark in marks), default=1)
    here.sort(key=lambda mark: mark[0].span.start)
    previous = 0
    if diagnostic.span.path in sources and sources[diagnostic.span.path].text:
        for label, sign, tint in here:
            number = _line(sources, label.span)
            if previous and number > previous + 1:
                lines.append(f"{blue}{'':>{width}} ⋮{reset}")
            lines += _excerpt(label, sign, sources, width, tint, blue, reset, repeat=number != previous)
            previous = number
    for label, sign, tint in elsewhere:
        lines.append(f"{blue}{'':>{width}} ::{reset} {place(label.span, sources)}")
        if label.span.path in sources:
            lines += _excerpt(label, sign, sources, width, tint, blue, reset, repeat=True)
        else:
            lines.append(f"{blue}{'':>{width}} |{reset} {label.text}")
    if diagnostic.help:
        lines.append(f"{blue}{'':>{width}} ={reset} help: {visible(diagnostic.help)}")
    return "\n".join(lines) + "\n"


def place(span: Span, sources: Mapping[str, Source]) -> str:
    """`path:line:column`, the path alone where the text is not known."""
    source = sources.get(span.path)
    if source is None:
        return visible(span.path)
    line, column = source.position(span.start)
    return f"{visible(span.path)}:{line}:{column}"


def visible(text: str) -> str:
    """Text that cannot move the cursor or change colours: control characters are shown as what they are."""
    return "".join(
        char if char.isprintable() or char == "\t" else {"\n": " "}.get(char, f"\\x{ord(char):02x}")
        for char in text
    )


def _line(sources: Mapping[str, Source], span: Span) -> int:
    source = sources.get(span.path)
    return source.position(span.start)[0] if source else 1


def _excerpt(
    label: Label,
    sign: str,
    sources: Mapping[str, Source],
    width: int,
    tint: str,
    blue: str,
    reset: str,
    *,
    repeat: bool,
) -> list[str]:
    """The line of a label and the mark under it; the line is not repeated under another mark."""
    source = sources[label.span.path]
    number, column = source.position(label.span.start)
    whole = source.line(number)
    first = column - 1
    length = max(1, min(label.span.end - label.span.start, len(whole) - first))
    cut = max(0, first - 60) if len(whole) > _LONGEST else 0
    shown = whole[cut : cut + _LONGEST] if len(whole) > _LONGEST else whole
    before = ("…" if cut else "") + visible(whole[cut:first]).replace("\t", "    ")
    marked = visible(whole[first : first + length]).replace("\t", "    ")
    text = ("…" if cut else "") + visible(shown).replace("\t", "    ")
    text += "…" if cut + _LONGEST < len(whole) else ""
    marks = sign * max(1, min(_cells(marked), _LONGEST))
    found = [f"{blue}{number:>{width}} |{reset} {text}"] if repeat else []
    words = f" {label.text}" if label.text else ""
    found.append(f"{blue}{'':>{width}} |{reset} {' ' * _cells(before)}{tint}{marks}{words}{reset}")
    return found


def _cells(text: str) -> int:
    """Columns a text takes on a terminal."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
