"""`and`, `or`, `not`, counts, `if`: strong Kleene, with the causes and the words of the members that
decide.
"""

from __future__ import annotations

from typing import Any

from protodsl.runtime.case import Case
from protodsl.runtime.findings import Finding, Node, each_once
from protodsl.runtime.report import Truth


def said_by(findings: list[Finding]) -> tuple[str, ...]:
    """Their sentences in order; one that several say stands there more than once."""
    if len(findings) == 1:
        return findings[0].said
    found: list[str] = []
    for finding in findings:
        found += finding.said
    return tuple(found)


def shown_by(findings: list[Finding]) -> tuple[str, ...]:
    """Their evidence, in any order."""
    if len(findings) == 1:
        return findings[0].evidence
    found: list[str] = []
    for finding in findings:
        found += finding.evidence
    return tuple(found)


class ListNode(Node):
    """A node whose words and evidence are those of the members in `state`."""

    __slots__ = ()

    def said(self, finding: Finding) -> tuple[str, ...]:
        return said_by(finding.state)

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return shown_by(finding.state)

    def made(self, case: Case, truth: Truth, findings: list[Finding], deciding: list[Finding]) -> Finding:
        if truth is not None:
            return Finding(self, case, truth, (), deciding)
        unknown = [finding for finding in findings if finding.truth is None]
        if len(unknown) == 1:
            return Finding(self, case, None, unknown[0].causes, unknown)
        return Finding(self, case, None, each_once(c for one in unknown for c in one.causes), unknown)


class AndNode(ListNode):
    __slots__ = ("members",)

    def __init__(self, members: tuple[Node, ...]) -> None:
        self.members = members

    def truth(self, case: Case) -> Truth:
        truth: Truth = True
        for member in self.members:
            found = member.truth(case)
            if found is False:
                return False
            if found is None:
                truth = None
        return truth

    def finding(self, case: Case) -> Finding:
        findings = [member.finding(case) for member in self.members]
        truths = [one.truth for one in findings]
        if False in truths:
            return Finding(self, case, False, (), [one for one in findings if one.truth is False])
        return self.made(case, None if None in truths else True, findings, findings)

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in self.members:
            member.breaks(case, days)


class OrNode(ListNode):
    __slots__ = ("members",)

    def __init__(self, members: tuple[Node, ...]) -> None:
        self.members = members

    def truth(self, case: Case) -> Truth:
        truth: Truth = False
        for member in self.members:
            found = member.truth(case)
            if found:
                return True
            if found is None:
                truth = None
        return truth

    def finding(self, case: Case) -> Finding:
        findings = [member.finding(case) for member in self.members]
        truths = [one.truth for one in findings]
        if True in truths:
            return Finding(self, case, True, (), [one for one in findings if one.truth])
        return self.made(case, None if None in truths else False, findings, findings)

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in self.members:
            member.breaks(case, days)


class CountNode(ListNode):
    """At least `count` of the members."""

    __slots__ = ("count", "members")

    def __init__(self, count: int, members: tuple[Node, ...]) -> None:
        self.count = count
        self.members = members

    def truth(self, case: Case) -> Truth:
        true = unknown = 0
        for member in self.members:
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

    def finding(self, case: Case) -> Finding:
        findings = [member.finding(case) for member in self.members]
        true = [one for one in findings if one.truth]
        unknown = sum(one.truth is None for one in findings)
        if len(true) >= self.count:
            return self.made(case, True, findings, true)
        truth = None if len(true) + unknown >= self.count else False
        return self.made(case, truth, findings, [one for one in findings if one.truth is False])

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in self.members:
            member.breaks(case, days)


class NotNode(ListNode):
    __slots__ = ("member",)

    def __init__(self, member: Node) -> None:
        self.member = member

    def truth(self, case: Case) -> Truth:
        found = self.member.truth(case)
        return None if found is None else not found

    def finding(self, case: Case) -> Finding:
        found = self.member.finding(case)
        return self.made(case, None if found.truth is None else not found.truth, [found], [found])

    def breaks(self, case: Case, days: set[int]) -> None:
        self.member.breaks(case, days)


class IfNode(ListNode):
    """`if c then a else b`; where c is unknown, what a and b agree on."""

    __slots__ = ("condition", "otherwise", "then")

    def __init__(self, condition: Node, then: Node, otherwise: Node) -> None:
        self.condition = condition
        self.then = then
        self.otherwise = otherwise

    def truth(self, case: Case) -> Truth:
        condition = self.condition.truth(case)
        if condition is None:
            then = self.then.truth(case)
            return then if then == self.otherwise.truth(case) else None
        return (self.then if condition else self.otherwise).truth(case)

    def finding(self, case: Case) -> Finding:
        condition = self.condition.finding(case)
        if condition.truth is not None:
            chosen = (self.then if condition.truth else self.otherwise).finding(case)
            return self.made(case, chosen.truth, [chosen], [condition, chosen])
        then, otherwise = self.then.finding(case), self.otherwise.finding(case)
        agreed = then.truth if then.truth == otherwise.truth else None
        return self.made(case, agreed, [condition, then, otherwise], [then, otherwise])

    def breaks(self, case: Case, days: set[int]) -> None:
        for member in (self.condition, self.then, self.otherwise):
            member.breaks(case, days)


class DefinedNode(Node):
    """A named expression, worked out once for each case."""

    __slots__ = ("key", "member", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = ("truth", name)
        self.member: Node | None = None  # set once all definitions are made ready

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

    def said(self, finding: Finding) -> tuple[str, ...]:
        return finding.said

    def evidence(self, finding: Finding) -> tuple[str, ...]:
        return finding.evidence

    def breaks(self, case: Case, days: set[int]) -> None:
        assert self.member is not None
        self.member.breaks(case, days)
