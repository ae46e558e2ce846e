"""Data in parts that can be read each on its own, here or in another process.

A folder of bundles has its files for parts, a file of JSON Lines its lines, Bulk Data and tables their
participants. What all parts of one source need to be read, an index or a vocabulary, is `shared`: it is given
to a process once, and the parts themselves are small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from protodsl.records.json import Entry
from protodsl.records.site import Site
from protodsl.runtime.attributes import Problem

Entries = tuple[Entry, ...]  # one participant, as each of several trials sees it
Watch = Callable[[str], None]  # is told what is being read before there is a participant


def unwatched(_: str) -> None:
    """Nobody wants to know."""


class Part(Protocol):
    """`where` names it in messages; `size` is about how many bytes it has."""

    @property
    def where(self) -> str: ...

    @property
    def size(self) -> int: ...

    def entries(self, sites: Sequence[Site], shared: Any) -> Iterator[Entries]:
        """Its participants, each as every site sees it: which study somebody has joined depends on which
        trial is asking.
        """
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A part, and how it stands among the others.

    `once`: it is one file of several, no two of which may hold the same participant. `reached`: how much of
    the path is read when this is, from 0 to 1, where that is known.
    """

    part: Part
    shared: Any = None
    once: bool = False
    reached: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What is known without reading more: a participant, or what is wrong."""

    entry: Entry

    @property
    def where(self) -> str:
        return self.entry.where

    @property
    def size(self) -> int:
        return 1024

    def entries(self, sites: Sequence[Site], shared: Any) -> Iterator[Entries]:
        yield (self.entry,) * len(sites)


def refused(where: str, message: str) -> Entry:
    return Entry(where, None, (Problem("", message),))
