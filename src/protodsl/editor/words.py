"""What a hover says: an item, a reference table, a criterion in plain words."""

from __future__ import annotations

from protodsl import ir
from protodsl.documents.words import Context, Line, read
from protodsl.documents.words.moods import Mood
from protodsl.runtime.words import number_text


def detail(item: ir.Item) -> str:
    """Label, unit and codes on one line."""
    said = [item.label]
    if item.unit is not None:
        said.append(item.unit.text)
    said += [f"{code.system} {code.code}" for code in item.codes[:3]]
    return " · ".join(said)


def table(one: ir.Reference) -> str:
    """A reference table: what it gives, for whom, and from where it is."""
    percentiles = ", ".join(f"{float(share):g}" for share in one.percentiles)
    whom = f"completed age in {one.age}s" + (" and sex" if one.sexes else "")
    said = [f"**{one.label}** · reference table", f"percentiles {percentiles}, by {whom}"]
    said += [f"unit {one.unit.text}"] if one.unit is not None else []
    return "\n\n".join([*said, f"file {one.file}", *filter(None, [one.citation])])


def described(protocol: ir.Protocol, item: ir.Item) -> str:
    kind = f"{item.kind} class" if item.is_class else item.kind
    lines = [f"**{item.label}** · {kind}"]
    if item.text:
        lines.append(item.text)
    if item.unit is not None:
        lines.append(f"unit {item.unit.text}")
    if item.minimum is not None and item.maximum is not None:
        lines.append(f"range {number_text(item.minimum)} to {number_text(item.maximum)}")
    if item.values:
        lines.append("values " + ", ".join(item.values))
    if item.codes:
        lines.append(", ".join(f"{code.system} {code.code}" for code in item.codes))
    if item.members:
        labels = [protocol.items[one].label if one in protocol.items else one for one in item.members]
        lines.append("members: " + ", ".join(labels))
    lines += [
        one
        for one in (item.explain, item.version and f"version {item.version}", item.citation, item.note)
        if one
    ]
    return "\n\n".join(lines)


def reading(protocol: ir.Protocol, part: ir.Part) -> str:
    """The criterion in plain words, above it the sentence of the source."""
    said = [f"**{part.id}** {part.label}"]
    said += [f"> {quote.text}" for quote in part.source]
    mood: Mood = "must not" if part.id.split(".")[0].split()[-2:-1] == ["exclusion"] else "must"
    context = Context(protocol)
    if part.applies is not None:
        said.append("Applies only if:\n" + "\n".join(reading_lines(read(context, part.applies, "is"))))
    if part.expr is not None:
        said.append("\n".join(reading_lines(read(context, part.expr, mood))))
    said += [f"*To clarify:* {text}" for text in part.clarify]
    return "\n\n".join(said)


def reading_lines(line: Line, depth: int = 0) -> list[str]:
    """A reading as a Markdown list."""
    found = [f"{'  ' * depth}- {line.text}"]
    for child in line.children:
        found += reading_lines(child, depth + 1)
    return found
