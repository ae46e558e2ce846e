"""The document as plain data: sections made of a few kinds of block. A new format needs only a template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

from protodsl.documents.fitting import Cell
from protodsl.documents.language import MACHINE_MADE, Language, mark, say, speaking, spoken
from protodsl.documents.words import By, Line

State = Literal["stated", "not stated", "not applicable"]
STATES: tuple[State, ...] = (mark("stated"), mark("not applicable"), mark("not stated"))


@dataclass(frozen=True, slots=True)
class Entry:
    """One field. `text` is what is stated, or why it is not; `line` where it stands in the source document.

    `computed`: made from the model and not said by the source. `spirit`, `m11`, `who`: items it answers.
    `owner`: whose field it is, where there are several (the endpoint, the drug, the visit).
    """

    label: str
    state: State
    text: str = ""
    line: int | None = None
    computed: bool = False
    section: int = 0
    spirit: str = ""
    m11: str = ""
    who: str = ""
    owner: str = ""

    @property
    def name(self) -> str:
        """Whose field it is and which: "MC-1-50: route"."""
        return f"{self.owner}: {self.label[0].lower()}{self.label[1:]}" if self.owner else self.label

    @property
    def words(self) -> str:
        """State and text in one: what a cell of a table shows."""
        match self.state:
            case "stated":
                return self.text
            case "not stated":
                return say("Not stated in the source") + (f": {self.text}" if self.text else "")
            case "not applicable":
                return say("Not applicable: {text}", text=self.text) if self.text else say("Not applicable")


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim words of the source document.

    `excerpt`: the sentence stands whole further up, here only how its piece begins and ends. `same`: the
    line on which the source says the same in the same words first.
    """

    text: str
    line: int | None = None
    excerpt: bool = False
    same: int | None = None

    @property
    def place(self) -> str:
        """ "line 24"."""
        if self.line is None:
            return ""
        if self.same is not None:
            return say("line {line}, in the words of line {same}", line=self.line, same=self.same)
        return say("line {line}", line=self.line)


@dataclass(frozen=True, slots=True)
class Clarification:
    """A question to the sponsor, with where it stands: "Inclusion 6.3, Hepatic".

    Printed once, in section 15, under its `number`; elsewhere the number stands for it. `row`: id of the
    criterion it belongs to.
    """

    where: str
    text: str
    row: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion or one of its parts: the source's sentence beside the rule. `depth` 0 is the criterion.

    `id` is whole ("sle inclusion 1"), `title` what stands under the heading of its group ("Inclusion 1").
    `joint`: it only says how its parts belong together, and needs no room of its own for a rule.
    """

    id: str
    title: str
    label: str
    depth: int
    quotes: tuple[Quote, ...]
    rules: tuple[Line, ...]
    by: By
    clarify: tuple[Clarification, ...] = ()
    notes: tuple[str, ...] = ()
    joint: bool = False

    @property
    def number(self) -> str:
        """The id without its kind: "6.3"."""
        return self.id.rpartition(" ")[2]

    @property
    def broad(self) -> bool:
        """Whether source and rule stand one below the other: a column of its own would be left empty."""
        quoted = sum(len(quote.text) for quote in self.quotes)
        one = len(self.rules) == 1 and not self.rules[0].children and not self.notes
        return self.joint or (one and quoted > 250 and quoted > 2 * len(self.rules[0].text))

    @property
    def size(self) -> int:
        """Characters of its longest column: short rows are kept on one page."""
        quoted = sum(len(quote.text) for quote in self.quotes) + len(self.label)
        return max(quoted * 3 // 2, sum(map(_size, self.rules)) + sum(map(len, self.notes)))

    @property
    def columns(self) -> tuple[Cell, Cell]:
        """What stands to the left and to the right, a paragraph each."""
        asked = "".join(f" Q{point.number}" for point in self.clarify)
        said = (f"{q.text} {q.place if q.same or not q.excerpt else ''}" for q in self.quotes)
        left = " ".join((f"{self.number} {self.label} ({self.by}){asked}", *said))
        left = left[: len(left) * 17 // 18]  # set in 8.5 points beside 9
        right = (text for line in self.rules for text in _paragraphs(line, 0))
        return (left,), (*right, *self.notes)


def _paragraphs(line: Line, depth: int) -> Iterator[str]:
    yield "   " * (depth + 1) + line.text + (" (judged)" if line.judged else "")
    for child in line.children:
        yield from _paragraphs(child, depth + 1)


def _size(line: Line) -> int:
    return len(line.text) + 20 + sum(map(_size, line.children))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside a section; `level` 1 is the one right below the section's title."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph. `computed`: made from the model."""

    text: str
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Entries:
    """Fields: a row for each that is known, one line for all that are not stated."""

    entries: tuple[Entry, ...]
    header: str = ""  # of the column of values; empty: "What the source states"

    @property
    def known(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.state != "not stated")

    @property
    def missing(self) -> str:
        """ "Sponsor; Number of arms": what is known about why stands in section 16."""
        return "; ".join(entry.name for entry in self.entries if entry.state == "not stated")


def unstated(entries: Iterable[Entry]) -> str:
    """Fields that are not stated, each with its remark; a field of several owners once: "Method: A, B"."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        remark = f" ({entry.text})" if entry.text else ""
        if entry.owner:
            found.setdefault(entry.label, []).append(entry.owner + remark)
        else:
            found[entry.label + remark] = []
    return "; ".join(label + (f": {', '.join(owners)}" if owners else "") for label, owners in found.items())


@dataclass(frozen=True, slots=True)
class Table:
    """`widths` are relative; a cell is text."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    caption: str = ""
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """Nested lists of sentences."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Quotes:
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """Points to clarify, beside what they are about: their numbers."""

    points: tuple[Clarification, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """The points to clarify themselves, in the order of their numbers."""

    points: tuple[Clarification, ...]

    @property
    def groups(self) -> tuple[tuple[str, tuple[Clarification, ...]], ...]:
        """Those that stand at one place together."""
        return tuple(
            (where, tuple(found)) for where, found in groupby(self.points, key=lambda point: point.where)
        )


@dataclass(frozen=True, slots=True)
class Criteria:
    """Criteria of one kind, each with its parts, as rows. `level`: of the heading they stand under.

    `alone`: the only ones of a disease group; where a table's own head says their kind, that is enough.
    `widths`: of the columns of the source's words and of the rule, relative.
    """

    kind: Literal["inclusion", "exclusion"]
    rows: tuple[Row, ...]
    level: int = 1
    alone: bool = False
    widths: tuple[int, ...] = (1, 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the drawn schema. `marks`: what happens there (a step of eligibility, day 0, a visit)."""

    label: str
    when: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, as SVG made of our own shapes and escaped text. `alt` says in words all that it shows."""

    caption: str
    alt: str
    svg: str
    width: int = 100  # per cent of the page's


@dataclass(frozen=True, slots=True)
class Schema:
    """The trial from first to last event, in order, and drawn."""

    steps: tuple[Step, ...]
    picture: Picture


Block = Heading | Text | Entries | Table | Rules | Quotes | Questions | Points | Criteria | Schema | Picture


@dataclass(frozen=True, slots=True)
class DocSection:
    """`number` None: an appendix, or a section a house added. `dense`: a list to look things up in."""

    number: int | None
    title: str
    blocks: tuple[Block, ...]
    dense: bool = False
    key: str = ""  # its address in a page, where it has no number

    @property
    def heading(self) -> str:
        return f"{self.number}. {self.title}" if self.number is not None else self.title


@dataclass(frozen=True, slots=True)
class Logo:
    """`kind`: svg or png; `base64` and `octets` are both the file."""

    kind: str
    base64: str
    octets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole document. `id` is the trial's registration number or, without one, the protocol's name.

    `kind` and `version` stand below the title and in the running head; `wide`: pages lie on their side.
    """

    id: str
    title: str
    sections: tuple[DocSection, ...]
    entries: tuple[Entry, ...]
    clarify: tuple[Clarification, ...]
    kind: str
    wide: bool = False
    version: str = ""
    logo: Logo | None = None
    language: Language = field(default_factory=spoken)

    @property
    def note(self) -> str:
        """What has to be known of the translation; empty where nothing has."""
        if self.language not in MACHINE_MADE:
            return ""
        with speaking(self.language):
            return say(
                "Our sentences were translated by a machine and no person has read the translation yet. "
                "In doubt the English document holds. Quotations and names are as they stand in the source."
            )

    def count(self, state: State) -> int:
        return sum(1 for entry in self.entries if entry.state == state)
