"""What time alone cures: the first later day on which a criterion passes, or on which nothing fails
any more.

Criteria are tried day by day on a second set of their nodes whose leaves are `Timed`: each leaf is worked out
once for all the days between two on which its own truth may change. Most are not tried at all: what the
leaves that never change have decided for good is seen from the others' `outlook`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from protodsl.runtime.case import Case
from protodsl.runtime.findings import ANY, ONLY, TRUE, UNKNOWN, Finding, Node
from protodsl.runtime.logic import ListNode
from protodsl.runtime.report import Truth

if TYPE_CHECKING:
    from protodsl.runtime.parts import PartNode
    from protodsl.runtime.stages import Element


class Timed(Node):
    """A leaf whose truth is remembered for the days on which it stays the same."""

    __slots__ = ("leaf",)

    def __init__(self, leaf: Node) -> None:
        self.leaf = leaf

    def cost(self) -> int:
        return self.leaf.cost()

    def truth(self, case: Case) -> Truth:
        later = case.later
        return self.leaf.truth(case) if later is None else later.truth(self.leaf, case)

    def finding(self, case: Case) -> Finding:
        return self.leaf.finding(case)

    def outlook(self, case: Case) -> int:
        later = case.later
        if later is None or later.changes(self.leaf):
            return ANY
        return ONLY[later.truth(self.leaf, case)]

    def breaks(self, case: Case, days: set[int]) -> None:
        if case.later is None:
            self.leaf.breaks(case, days)
        else:
            days.update(case.later.changes(self.leaf))


class Later:
    """A case as it will be on later days of its anchor; nothing new happens. Each day is made once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._cases: dict[int, Case] = {}
        self._changes: dict[Node, list[int]] = {}
        self._truths: dict[tuple[Node, int], Truth] = {}
        self._found: Sequence[Finding] = ()
        case.later = self

    def found(self, findings: Sequence[Finding]) -> None:
        """Takes over what was found of a criterion's leaves as the case is now."""
        if findings is self._found:  # its parts ask again
            return
        self._found = findings
        self._take(findings)

    def _take(self, findings: Sequence[Finding]) -> None:
        anchor = self.case.anchor
        assert anchor is not None
        for finding in findings:
            if isinstance(finding.node, ListNode):
                self._take(finding.state[1])
            else:
                self._truths[finding.node, anchor] = finding.truth

    def close(self) -> None:
        """Lets go of the cases made."""
        self.case.later = None
        for case in self._cases.values():
            case.later = None

    def on(self, day: int) -> Case:
        """The case with its anchor on that day."""
        found = self._cases.get(day)
        if found is None:
            anchor = self.case.anchor
            assert anchor is not None
            found = self.case if day == anchor else self.case.moved(day - anchor, anchor)
            found.later = self
            self._cases[day] = found
        return found

    def changes(self, leaf: Node) -> list[int]:
        """The days on which the leaf's truth may change, in order."""
        found = self._changes.get(leaf)
        if found is None:
            days: set[int] = set()
            leaf.breaks(self.case, days)
            found = self._changes[leaf] = sorted(days)
        return found

    def truth(self, leaf: Node, case: Case) -> Truth:
        """The leaf's truth on the day of a case made by `on`."""
        day = case.anchor
        if day is None:
            return leaf.truth(case)
        changes = self.changes(leaf)
        passed = bisect_right(changes, day) if changes else 0
        since = changes[passed - 1] if passed else self.case.anchor
        assert since is not None
        key = (leaf, since)
        if key in self._truths:
            return self._truths[key]
        found = self._truths[key] = leaf.truth(self.on(since))
        return found

    def days(self, breaks: Callable[[Case, set[int]], None]) -> list[int]:
        """The days on which something may change."""
        days: set[int] = set()
        breaks(self.case, days)
        return sorted(days)

    def passes(self, part: PartNode) -> int | None:
        """The first later day on which a part that fails passes; None within five years."""
        if self.case.anchor is None or not part.favourable.outlook(self.case) & TRUE:
            return None
        for day in self.days(part.breaks):
            if part.passes(self.on(day)):
                return day
        return None

    def never(self, part: PartNode) -> bool:
        """Whether a part that fails surely fails on every later day."""
        return not part.favourable.outlook(self.case) & (TRUE | UNKNOWN)

    def nothing_fails(self, elements: Sequence[Element]) -> int | None:
        """The first later day on which no element is false."""
        anchor = self.case.anchor
        if anchor is None:
            return None
        breaks: dict[int, list[int]] = {}
        day = anchor
        while True:
            here = self.on(day)
            failing = next((one for one in elements if one.truth(here) is False), None)
            if failing is None:
                return day if day > anchor else None
            listed = breaks.get(id(failing))
            if listed is None:
                listed = self.days(failing.breaks)
                breaks[id(failing)] = listed
            following = next(
                (one for one in listed if one > day and failing.truth(self.on(one)) is not False), None
            )
            if following is None:
                return None
            day = following
