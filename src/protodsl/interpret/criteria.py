"""Criteria, parts with guards, groups: what is asked of whom, and what it means for the participant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from protodsl import ir
from protodsl.interpret.context import Context
from protodsl.interpret.expressions import truth
from protodsl.interpret.truth import TRUE, Finding, and_, at_least, not_, once, or_
from protodsl.runtime.report import Cause, Outcome


@dataclass(frozen=True, slots=True)
class Node:
    """A criterion or part, evaluated. `applies` carries applicability, “not a truth value”; `value` the
    expression's truth.
    """

    kind: str
    part: ir.Part
    guard: Finding
    rule: Finding | None
    applies: Finding
    value: Finding
    parts: tuple[Node, ...]
    members: tuple[Finding, ...]  # what each part adds to the whole, guards taken in

    @property
    def in_favour(self) -> Finding:
        """“an exclusion that is true fails”."""
        return self.value if self.kind == "inclusion" else not_(self.value)

    @property
    def counts(self) -> Finding:
        """“A guarded criterion counts as `not G or in favour`”."""
        return self.in_file_order(or_([not_(self.applies), self.in_favour]))

    def in_file_order(self, found: Finding) -> Finding:
        """“in the order of the file, each once”: a part's guard, then its rule, then the next part's."""
        listed = once(cause for cause in self.told() if cause in found.causes)
        return replace(found, causes=once((*listed, *found.causes)))

    def told(self, *, by_value: bool = True) -> Iterator[Cause]:
        return self._told(by_value=by_value and self.value.truth is None)

    def _told(self, *, by_value: bool) -> Iterator[Cause]:
        """The causes of what is unknown in it, by what the parts may change: its value, or whether it
        applies.
        """
        yield from self.guard.causes
        if by_value and self.rule is not None:
            yield from self.rule.causes
        for part, value, guard in self.reached():
            if (by_value and value) or guard:
                unknown = by_value and value and part.value.truth is None
                yield from part._told(by_value=unknown)

    def reached(self) -> Iterator[tuple[Node, bool, bool]]:
        """Each part, and whether it may change the value, and whether the whole applies."""
        alone = self.part.expr is None and bool(self.parts)  # then it applies only where one of them does
        any_applies = or_([part.applies for part in self.parts]).truth if alone else True
        for part, member in zip(self.parts, self.members, strict=True):
            by_value = self.value.truth is None and member.truth is None
            yield part, by_value, any_applies is None and part.applies.truth is None

    @property
    def outcome(self) -> Outcome:
        """“in favour with G unknown, it *passes*”."""
        if self.applies.truth is False:
            return "not applicable"
        match self.counts.truth:
            case True:
                return "passes"
            case False:
                return "fails"
            case None:
                return "unknown"

    @property
    def evidence(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.applies.evidence, *self.value.evidence)))


def evaluate(ctx: Context, kind: str, part: ir.Part) -> Node:
    guard = truth(ctx, part.applies) if part.applies is not None else TRUE
    own = [truth(ctx, part.expr)] if part.expr is not None else []
    parts = [evaluate(ctx, kind, each) for each in part.parts]
    members = [joins(each, part.combine) for each in parts]
    return Node(
        kind,
        part,
        guard,
        own[0] if own else None,
        applicable(guard, bool(own), parts),
        combined(part.combine, [*own, *members]),
        tuple(parts),
        tuple(members),
    )


def joins(part: Node, combine: str | int) -> Finding:
    """“with guard G and part F an `all of` list holds `not G or F`, an `any of` or `at least k of` list
    `G and F`”.
    """
    if combine == "all":
        return or_([not_(part.applies), part.value])
    return and_([part.applies, part.value])


def combined(combine: str | int, members: Sequence[Finding]) -> Finding:
    if combine == "all":
        return and_(members)
    return or_(members) if combine == "any" else at_least(int(combine), members)


def applicable(guard: Finding, unguarded: bool, parts: Sequence[Node]) -> Finding:
    """“A guard … that is false takes its part out of its list; when nothing is left the whole is not
    applicable.”
    """
    if unguarded or not parts:
        return guard
    return and_([guard, or_([part.applies for part in parts])])


def with_parts(node: Node) -> Iterator[Node]:
    """Depth first, parts after their criterion."""
    yield node
    for part in node.parts:
        yield from with_parts(part)


# ---------------------------------------------------------------- groups


@dataclass(frozen=True, slots=True)
class GroupNode:
    """“A group (”either 4 or 5 is sufficient“) is `any of` its members and counts as one.”"""

    group: ir.Group
    nodes: tuple[Node, ...]
    members: tuple[Finding, ...]

    @property
    def counts(self) -> Finding:
        """In favour also when no guard holds."""
        applies = or_([node.applies for node in self.nodes])
        found = or_([not_(applies), at_least(self.group.least, self.members)])
        listed = once(
            cause
            for node, by_value in self.reached()
            for cause in node.told(by_value=by_value)
            if cause in found.causes
        )
        return replace(found, causes=once((*listed, *found.causes)))

    def reached(self) -> Iterator[tuple[Node, bool]]:
        """The members that may decide it: by holding, or only by whether any of them applies."""
        any_applies = or_([node.applies for node in self.nodes]).truth
        enough = at_least(self.group.least, self.members).truth
        for node, member in zip(self.nodes, self.members, strict=True):
            by_value = enough is None and member.truth is None
            if by_value or (any_applies is None and node.applies.truth is None):
                yield node, by_value


def grouped(group: ir.Group, nodes: Sequence[Node]) -> GroupNode:
    own = [node for node in nodes if node.part.id in group.members]
    return GroupNode(
        group, tuple(own), tuple(node.in_file_order(and_([node.applies, node.in_favour])) for node in own)
    )
