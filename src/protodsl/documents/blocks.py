"""The document as plain data: sections made of a few kinds of block. A new format needs only a template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from protodsl.documents.words import By, Line

State = Literal["stated", "not stated", "not applicable"]
STATES: tuple[State, ...] = ("stated", "not applicable", "not stated")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field. `text` is what is stated, or why it is not; `line` where it stands in the source document.

    `computed`: made from the model and not said by the source. `spirit`, `m11`, `who`: items it answers.
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

    @property
    def words(self) -> str:
        """State and text in one: what a cell of a table shows."""
        match self.state:
            case "stated":
                return self.text
            case "not stated":
                return "Not stated in the source" + (f": {self.text}" if self.text else "")
            case "not applicable":
                return f"Not applicable: {self.text}" if self.text else "Not applicable"


@dataclass(frozen=True, slots=True)
class Quote:
    """Verbatim words of the source document."""

    text: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Clarification:
    """A question to the sponsor, with where it stands: "Inclusion 6.3, Hepatic"."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A criterion or one of its parts: the source's sentence beside the rule. `depth` 0 is the criterion.

    `id` is whole ("sle inclusion 1"), `title` what stands under the heading of its group ("Inclusion 1").
    """

    id: str
    title: str
    label: str
    depth: int
    quotes: tuple[Quote, ...]
    rules: tuple[Line, ...]
    by: By
    clarify: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Characters of its longest column: short rows are kept on one page."""
        quoted = sum(len(quote.text) for quote in self.quotes)
        return max(quoted, sum(map(_size, self.rules)) + sum(map(len, (*self.clarify, *self.notes))))


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
    header: str = "What the source states"

    @property
    def known(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.state != "not stated")

    @property
    def missing(self) -> str:
        """ "Sponsor; number of arms (one is likely)"."""
        return unstated(entry for entry in self.entries if entry.state == "not stated")


def unstated(entries: Iterable[Entry]) -> str:
    """The labels of fields that are not stated, each with its remark."""
    return "; ".join(entry.label + (f" ({entry.text})" if entry.text else "") for entry in entries)


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
    """Points to clarify, beside what they are about."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """Criteria of one kind, each with its parts, as rows. `level`: of the heading they stand under."""

    kind: Literal["inclusion", "exclusion"]
    rows: tuple[Row, ...]
    level: int = 1


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


@dataclass(frozen=True, slots=True)
class Schema:
    """The trial from first to last event, in order, and drawn."""

    steps: tuple[Step, ...]
    picture: Picture


Block = Heading | Text | Entries | Table | Rules | Quotes | Questions | Criteria | Schema | Picture


@dataclass(frozen=True, slots=True)
class DocSection:
    """`number` None: the appendix."""

    number: int | None
    title: str
    blocks: tuple[Block, ...]

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

    `kind` stands below the title and in the running head; `wide`: pages lie on their side.
    """

    id: str
    title: str
    sections: tuple[DocSection, ...]
    entries: tuple[Entry, ...]
    clarify: tuple[Clarification, ...]
    kind: str = "Summary for the ethics committee"
    wide: bool = False
    logo: Logo | None = None

    def count(self, state: State) -> int:
        return sum(1 for entry in self.entries if entry.state == state)
