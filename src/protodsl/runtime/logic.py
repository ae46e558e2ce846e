"""`and`, `or`, `not`, counts, `if`: strong Kleene, with the causes and the words of the members that
decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protodsl.runtime.case import Case
from protodsl.runtime.findings import Finding, Node, Piece, each_once, remember
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


Members = tuple[Finding, ...]


def cheapest_first(members: Sequence[Node]) -> tuple[Node, ...]:
    """In the order in which their truth is asked: the answer is the same in any, and a list needs no more
    than decides it.
    """
    return tuple(sorted(members, key=lambda member: member.cost()))


class ListNode(Node):
    """A node whose words and evidence are those of the members in `state`."""

    __slots__ = ("cheapest", "known", "members")

    def __init__(self, *members: Node) -> None:
        self.members = members
        self.cheapest = cheapest_first(members)
        self.known: dict[Members, Finding] = {}  # what is shared by all records

    def cost(self) -> int:
        return 1 + sum(member.cost() for member in self.members)

    def finding(self, case: Case) -> Finding:
        return self.found(tuple([member.finding(case) for member in self.members]))

    def found(self, findings: Members) -> Finding:
        known = self.known.get(findings)
        if known is not None:
            return known
        made = self.decided(findings)
        if all([one.shared for one in findings]):
            made.shared = True
            remember(self.known, findings, made)
        return made

    def decided(self, findings: Members) -> Finding:
        """What follows from what was found of the members."""
        raise NotImplementedError

    def made(self, truth: Truth, findings: Members, deciding: Sequence[Finding]) -> Finding:
        if truth is not None:
            return Finding(self, truth, (), deciding)
        unknown = [finding for finding in findings if finding.truth is None]
        if len(unknown) == 1:
            return Finding(self, None, unknown[0].causes, unknown)
        return Finding(self, None, each_once([c for one in unknown for c in one.causes]), unknown)

    def said(self, finding: Finding, case: Case) -> tuple[str, ...]:
        return said_by(finding.state, case)

    def pieces(self, finding: Finding, case: Case) -> tuple[Piece, ...]:
        return tuple(piece for one in finding.state for piece in one.pieces(case))

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return shown_by(finding.state)

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in self.members:
            member.breaks(case, days)


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

    def decided(self, findings: Members) -> Finding:
        truths = [one.truth for one in findings]
        if False in truths:
            return Finding(self, False, (), [one for one in findings if one.truth is False])
        return self.made(None if None in truths else True, findings, findings)


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

    def decided(self, findings: Members) -> Finding:
        truths = [one.truth for one in findings]
        if True in truths:
            return Finding(self, True, (), [one for one in findings if one.truth])
        return self.made(None if None in truths else False, findings, findings)


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

    def decided(self, findings: Members) -> Finding:
        true = [one for one in findings if one.truth]
        unknown = sum([one.truth is None for one in findings])
        if len(true) >= self.count:
            return self.made(True, findings, true)
        truth = None if len(true) + unknown >= self.count else False
        return self.made(truth, findings, [one for one in findings if one.truth is False])


class NotNode(ListNode):
    __slots__ = ()

    def truth(self, case: Case) -> Truth:
        found = self.members[0].truth(case)
        return None if found is None else not found

    def finding(self, case: Case) -> Finding:
        return self.found((self.members[0].finding(case),))

    def decided(self, findings: Members) -> Finding:
        truth = findings[0].truth
        return self.made(None if truth is None else not truth, findings, findings)


class IfNode(ListNode):
    """`if c then a else b`; where c is unknown, what a and b agree on."""

    __slots__ = ()

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
            return self.found((condition, (first if condition.truth else second).finding(case)))
        return self.found((condition, first.finding(case), second.finding(case)))

    def decided(self, findings: Members) -> Finding:
        if len(findings) == 2:  # the condition, and the branch it chose
            return self.made(findings[1].truth, findings[1:], findings)
        _, then, otherwise = findings
        agreed = then.truth if then.truth == otherwise.truth else None
        return self.made(agreed, findings, (then, otherwise))


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

    def breaks(self, case: Case, days: set[int]) -> None:
        assert self.member is not None
        self.member.breaks(case, days)
