"""What of somebody's data was not taken, and why: counted, with a few places named."""

from __future__ import annotations

from protodsl.runtime.attributes import MAX_PROBLEMS, Problem, RecordError

NAMED = 3  # places named in one note


class Notes:
    """Notes and problems of one participant, in the order they came up."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], list[str]] = {}
        self._unread: dict[str, int] = {}
        self._said: dict[str, None] = {}
        self.problems: list[Problem] = []

    def left(self, kind: str, why: str, where: str) -> None:
        """A resource or row, or a part of it, that could not be used: `3 Observation: cancelled (…)`."""
        self._counted.setdefault((kind, why), []).append(where)

    def unread(self, kind: str) -> None:
        """A kind of resource that holds nothing a record has a place for."""
        self._unread[kind] = self._unread.get(kind, 0) + 1

    def say(self, text: str) -> None:
        self._said[text] = None

    def problem(self, place: str, message: str) -> None:
        """Something malformed: it refuses the participant."""
        self.problems.append(Problem(place, message))
        if len(self.problems) >= MAX_PROBLEMS:
            raise RecordError(self.problems)

    def lines(self) -> tuple[str, ...]:
        found = list(self._said)
        for (kind, why), places in self._counted.items():
            named = list(dict.fromkeys(places))
            more = f", and {len(named) - NAMED} more" if len(named) > NAMED else ""
            found.append(f"{len(places)} {kind}: {why} ({', '.join(named[:NAMED])}{more})")
        if self._unread:
            counted = ", ".join(f"{count} {kind}" for kind, count in sorted(self._unread.items()))
            found.append(f"not read, for a record has no place for them: {counted}")
        return tuple(found)
