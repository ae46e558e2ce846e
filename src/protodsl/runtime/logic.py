"""`and`, `or`, `not`, counts, `if`: strong Kleene, with the causes and the words of the members that
decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from protodsl.runtime.case import Case
from protodsl.runtime.findings import (
    ANY,
    FALSE,
    ONLY,
    TRUE,
    UNKNOWN,
    Causes,
    Finding,
    Node,
    each_once,
    remember,
)
from protodsl.runtime.report import Truth


def said_by(findings: Sequence[Finding], case: Case) -> tuple[str, ...]:
    """Their sentences in order; one that several say stands there more than once."""
    if len(findings) == 1:
        return findings[0].said(case)
    found: list[str] = []
    for finding in findings:
        found += finding.said(case)
    return tuple(found)


def shown_by(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Their evidence, in any order."""
    if len(findings) == 1:
        return findings[0].evidence
    found: list[str] = []
    for finding in findings:
        if not finding.shared:
            found += finding.evidence
    return tuple(found)


def causes_of(findings: Sequence[Finding]) -> Causes:
    if len(findings) == 1:
        return findings[0].causes
    return each_once([cause for one in findings for cause in one.causes])


def cheapest_first(members: Sequence[Node]) -> tuple[Node, ...]:
    """In the order in which their truth is asked: the answer is the same in any, and a list needs no more
    than decides it.
    """
    return tuple(sorted(members, key=lambda member: member.cost()))


# What the truths of leaves make of a list: its truth, and by number the leaves that decide it (of an unknown
# one those that are unknown).
Shape = tuple[Truth, tuple[int, ...]]


def together(shapes: Iterable[Shape]) -> tuple[int, ...]:
    return tuple([number for _, numbers in shapes for number in numbers])


class ListNode(Node):
    """A node whose words, causes and evidence are those of its deciding leaves. `state` of its findings:
    what was found of these, and of all that were asked.

    Lists of lists are looked at as one: what follows from the truths of all their leaves is the same for
    every record, so it is worked out once for each combination of truths that is met.
    """

    __slots__ = ("cheapest", "leaves", "members", "shapes")

    opened = True  # a list in another list is looked into

    def __init__(self, *members: Node) -> None:
        self.members = members
        self.cheapest = cheapest_first(members)
        self.leaves: tuple[Node, ...] = tuple(
            leaf
            for member in members
            for leaf in (member.leaves if isinstance(member, ListNode) and member.opened else (member,))
        )
        self.shapes: dict[tuple[Truth, ...], Shape] = {}

    def cost(self) -> int:
        return 1 + sum(member.cost() for member in self.members)

    def finding(self, case: Case) -> Finding:
        found = [leaf.finding(case) for leaf in self.leaves]
        truths = tuple([one.truth for one in found])
        shape = self.shapes.get(truths)
        if shape is None:
            shape = remember(self.shapes, truths, self.shape(enumerate(truths)))
        truth, numbers = shape
        deciding = [found[number] for number in numbers]
        return Finding(self, truth, causes_of(deciding) if truth is None else (), (deciding, found))

    def shape(self, truths: Iterator[tuple[int, Truth]]) -> Shape:
        """`truths`: those of the leaves from its first one on, with their numbers."""
        shapes: list[Shape] = []
        for member in self.members:
            if isinstance(member, ListNode) and member.opened:
                shapes.append(member.shape(truths))
            else:
                number, truth = next(truths)
                shapes.append((truth, (number,)))
        truth, deciding = self.decided(shapes)
        return truth, together(deciding if truth is not None else [one for one in shapes if one[0] is None])

    def decided(self, members: list[Shape]) -> tuple[Truth, list[Shape]]:
        """Its truth, and where that is known the members that decide it."""
        raise NotImplementedError

    def outlook(self, case: Case) -> int:
        for member in self.cheapest:
            if member.outlook(case) not in (TRUE, FALSE, UNKNOWN):
                return ANY
        return ONLY[self.truth(case)]

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        return said_by(finding.state[0], case)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return shown_by(finding.state[0])

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in self.members:
            member.breaks(case, days)


def _outlook(members: Sequence[Node], case: Case, decides: int, needed: int) -> int:
    """Of a list in which one member with the truth `decides` is enough, and all must have the other."""
    every, some = ANY, 0
    for member in members:
        found = member.outlook(case)
        if found == decides:
            return decides
        every &= found | (UNKNOWN if found & needed else 0)
        some |= found
    return (every & needed) | (some & decides) | (every & some & UNKNOWN)


class AndNode(ListNode):
    __slots__ = ()

    def truth(self, case: Case) -> Truth:
        truth: Truth = True
        for member in self.cheapest:
            found = member.truth(case)
            if found is False:
                return False
            if found is None:
                truth = None
        return truth

    def outlook(self, case: Case) -> int:
        return _outlook(self.cheapest, case, FALSE, TRUE)

    def decided(self, members: list[Shape]) -> tuple[Truth, list[Shape]]:
        false = [one for one in members if one[0] is False]
        if false:
            return False, false
        return None if any(truth is None for truth, _ in members) else True, members


class OrNode(ListNode):
    __slots__ = ()

    def truth(self, case: Case) -> Truth:
        truth: Truth = False
        for member in self.cheapest:
            found = member.truth(case)
            if found:
                return True
            if found is None:
                truth = None
        return truth

    def outlook(self, case: Case) -> int:
        return _outlook(self.cheapest, case, TRUE, FALSE)

    def decided(self, members: list[Shape]) -> tuple[Truth, list[Shape]]:
        true = [one for one in members if one[0]]
        if true:
            return True, true
        return None if any(truth is None for truth, _ in members) else False, members


class CountNode(ListNode):
    """At least `count` of the members."""

    __slots__ = ("count",)

    def __init__(self, count: int, *members: Node) -> None:
        super().__init__(*members)
        self.count = count

    def truth(self, case: Case) -> Truth:
        true = unknown = 0
        for member in self.cheapest:
            found = member.truth(case)
            if found:
                true += 1
                if true >= self.count:
                    return True
            elif found is None:
                unknown += 1
        if true >= self.count:  # at least none of them
            return True
        return None if true + unknown >= self.count else False

    def decided(self, members: list[Shape]) -> tuple[Truth, list[Shape]]:
        true = [one for one in members if one[0]]
        if len(true) >= self.count:
            return True, true
        unknown = sum(truth is None for truth, _ in members)
        if len(true) + unknown >= self.count:
            return None, members
        return False, [one for one in members if one[0] is False]


class NotNode(ListNode):
    __slots__ = ()

    def truth(self, case: Case) -> Truth:
        found = self.members[0].truth(case)
        return None if found is None else not found

    def outlook(self, case: Case) -> int:
        found = self.members[0].outlook(case)
        return (found & UNKNOWN) | (FALSE if found & TRUE else 0) | (TRUE if found & FALSE else 0)

    def decided(self, members: list[Shape]) -> tuple[Truth, list[Shape]]:
        truth = members[0][0]
        return None if truth is None else not truth, members


class IfNode(ListNode):
    """`if c then a else b`; where c is unknown, what a and b agree on."""

    __slots__ = ()

    opened = False  # the branch that is not chosen is not asked

    def truth(self, case: Case) -> Truth:
        test, first, second = self.members
        condition = test.truth(case)
        if condition is None:
            then = first.truth(case)
            return then if then == second.truth(case) else None
        return (first if condition else second).truth(case)

    def finding(self, case: Case) -> Finding:
        test, first, second = self.members
        condition = test.finding(case)
        if condition.truth is not None:
            chosen = (first if condition.truth else second).finding(case)
            found = [condition, chosen]
            if chosen.truth is None:
                return Finding(self, None, chosen.causes, ([chosen], found))
            return Finding(self, chosen.truth, (), (found, found))
        then, otherwise = first.finding(case), second.finding(case)
        found = [condition, then, otherwise]
        if then.truth is not None and then.truth == otherwise.truth:
            return Finding(self, then.truth, (), ([then, otherwise], found))
        unknown = [one for one in found if one.truth is None]
        return Finding(self, None, causes_of(unknown), (unknown, found))


class DefinedNode(Node):
    """A named expression, worked out once for each case."""

    __slots__ = ("key", "member", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = ("truth", name)
        self.member: Node | None = None  # set once all definitions are made ready

    def cost(self) -> int:
        return 10 if self.member is None else self.member.cost()

    def truth(self, case: Case) -> Truth:
        memo: dict[Any, Any] = case.memo
        if self.key in memo:
            found: Truth = memo[self.key]
            return found
        assert self.member is not None
        truth = self.member.truth(case)
        memo[self.key] = truth
        return truth

    def finding(self, case: Case) -> Finding:
        key = ("finding", self.name)
        found: Finding | None = case.memo.get(key)
        if found is None:
            assert self.member is not None
            found = self.member.finding(case)
            case.memo[key] = found
        return found

    def outlook(self, case: Case) -> int:
        assert self.member is not None
        return self.member.outlook(case)

    def breaks(self, case: Case, days: set[int]) -> None:
        assert self.member is not None
        self.member.breaks(case, days)
