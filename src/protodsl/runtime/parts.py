"""Criteria and their parts: applicability, value, and what both mean for the participant."""

from __future__ import annotations

from collections.abc import Iterator

from protodsl.runtime.case import Case
from protodsl.runtime.findings import (
    Causes,
    Finding,
    Node,
    Piece,
    each_once,
    in_record_order,
    remember,
    told,
)
from protodsl.runtime.logic import AndNode, CountNode, NotNode, OrNode, said_by, shown_by
from protodsl.runtime.model import Criterion, Part
from protodsl.runtime.report import Outcome, Truth
from protodsl.runtime.rules import Rules
from protodsl.runtime.words import joined, not_applicable


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def both(one: Truth, other: Truth) -> Truth:
    if one is False or other is False:
        return False
    return True if one and other else None


def any_true(one: Truth, other: Truth) -> Truth:
    if one or other:
        return True
    return False if one is False and other is False else None


def count_truth(least: int, terms: list[Truth]) -> Truth:
    """At least so many of them."""
    true = sum(term is True for term in terms)
    if true >= least:
        return True
    return None if true + sum(term is None for term in terms) >= least else False


def in_favour(inclusion: bool, applies: Truth, value: Truth) -> Truth:
    """Not applicable, or as the participant needs it."""
    return any_true(negated(applies), value if inclusion else negated(value))


PartKey = tuple["Finding | None", "Finding | None", "tuple[PartFinding, ...]"]


class PartNode:
    """A criterion or a part of one, made ready."""

    __slots__ = (
        *(
            "applies",
            "combine",
            "favourable",
            "guard",
            "guarded",
            "id",
            "inclusion",
            "kind",
            "known",
            "label",
            "parts",
            "rule",
        ),
        *("source", "test"),
    )

    def __init__(self, rules: Rules, part: Part, kind: str) -> None:
        self.id = part.id
        self.label = part.label
        self.source = part.source
        self.kind = kind
        self.inclusion = kind == "inclusion"
        self.combine = part.combine
        self.guard: Node | None = None if part.applies is None else rules.node(part.applies)
        self.rule: Node | None = None if part.rule is None else rules.node(part.rule)
        self.parts = tuple(PartNode(rules, one, kind) for one in part.parts)
        self.applies = self._applies()
        self.test = self._test()
        self.favourable: Node = self.test if self.inclusion else NotNode(self.test)
        if self.applies is not None:
            self.favourable = OrNode(NotNode(self.applies), self.favourable)
        self.known: dict[PartKey, PartFinding] = {}  # what is shared by all records
        self.guarded: bool = self.guard is not None or any(one.guarded for one in self.parts)

    def _test(self) -> Node:
        """Its value as one expression of rule and parts."""
        tests = [] if self.rule is None else [self.rule]
        for part in self.parts:
            if part.applies is None:
                tests.append(part.test)
            elif self.combine == "all":
                tests.append(OrNode(NotNode(part.applies), part.test))
            else:
                tests.append(AndNode(part.applies, part.test))
        if len(tests) == 1 and not (self.parts and isinstance(self.combine, int)):
            return tests[0]
        if self.combine == "all" or not tests:
            return AndNode(*tests)
        return OrNode(*tests) if self.combine == "any" else CountNode(int(self.combine), *tests)

    def _applies(self) -> Node | None:
        """Whether it applies, as one expression; None: always."""
        guards = [] if self.guard is None else [self.guard]
        left = [part.applies for part in self.parts if part.applies is not None]
        if self.rule is None and self.parts and len(left) == len(self.parts):
            guards.append(OrNode(*left))
        return None if not guards else guards[0] if len(guards) == 1 else AndNode(*guards)

    def every(self) -> Iterator[PartNode]:
        """Itself, then its parts, depth first."""
        yield self
        for part in self.parts:
            yield from part.every()

    # ------------------------------------------------------------ truth only

    def state(self, case: Case) -> tuple[Truth, Truth]:
        """(applies, value); the value means nothing where it does not apply."""
        applies: Truth = True if self.applies is None else self.applies.truth(case)
        return applies, None if applies is False else self.test.truth(case)

    def favour(self, case: Case) -> Truth:
        return self.favourable.truth(case)

    def passes(self, case: Case) -> bool:
        """Whether the outcome is surely `passes`."""
        if self.favourable.truth(case) is not True:
            return False
        return self.applies is None or self.applies.truth(case) is not False

    # ------------------------------------------------------------ everything

    def combined(self, rule: Truth, states: list[tuple[Truth, Truth]]) -> Truth:
        terms = [] if self.rule is None else [rule]
        terms += [self.term(applies, value) for applies, value in states]
        if self.combine == "all":
            return count_truth(len(terms), terms)
        return count_truth(1 if self.combine == "any" else int(self.combine), terms)

    def term(self, applies: Truth, value: Truth) -> Truth:
        """What a part is in this list."""
        if self.combine == "all":
            return any_true(negated(applies), value)
        return both(applies, value)

    def finding(self, case: Case) -> PartFinding:
        guard = None if self.guard is None else self.guard.finding(case)
        rule = None if self.rule is None else self.rule.finding(case)
        parts = tuple([part.finding(case) for part in self.parts]) if self.parts else ()
        key = (guard, rule, parts)
        known = self.known.get(key)
        if known is not None:
            return known
        made = PartFinding(self, guard, rule, parts)
        if made.shared:
            remember(self.known, key, made)
        return made

    def breaks(self, case: Case, days: set[int]) -> None:
        if self.guard is not None:
            self.guard.breaks(case, days)
        if self.rule is not None:
            self.rule.breaks(case, days)
        for part in self.parts:
            part.breaks(case, days)


class PartFinding:
    """What was found of one part, and of the parts under it; shared by records as a `Finding` is."""

    __slots__ = (
        *(
            "_pieces",
            "_told",
            "_undecided",
            "applies",
            "favour",
            "guard",
            "left",
            "node",
            "outcome",
            "parts",
            "rule",
        ),
        *("shared", "terms", "value"),
    )

    def __init__(
        self, node: PartNode, guard: Finding | None, rule: Finding | None, parts: tuple[PartFinding, ...]
    ) -> None:
        self.node = node
        self.guard = guard
        self.rule = rule
        self.parts = parts
        self._told: list[Finding] | None = None
        self._pieces: tuple[Piece, ...] | None = None
        self._undecided: list[Finding] | None = None
        self.left: Truth = True
        self.terms: list[Truth] = []
        self.shared = (guard is None or guard.shared) and (rule is None or rule.shared)
        if parts:
            self.shared = self.shared and all([part.shared for part in parts])
            if rule is None:
                self.left = count_truth(1, [part.applies for part in parts])
            self.terms = [node.term(part.applies, part.value) for part in parts]
            truth = None if rule is None else rule.truth
            self.value: Truth = node.combined(truth, [(part.applies, part.value) for part in parts])
        else:
            self.value = True if rule is None else rule.truth
        if node.guarded:
            self.applies: Truth = both(True if self.guard is None else self.guard.truth, self.left)
            self.favour: Truth = in_favour(node.inclusion, self.applies, self.value)
        else:
            self.applies = True
            self.favour = self.value if node.inclusion or self.value is None else not self.value
        if self.applies is False:
            self.outcome: Outcome = "not applicable"
        elif self.favour is None:
            self.outcome = "unknown"
        else:
            self.outcome = "passes" if self.favour else "fails"

    # ------------------------------------------------------------ why unknown

    def unknown(self) -> Causes:
        """Why the outcome is unknown, in file order."""
        if self.outcome != "unknown":
            return ()
        undecided = self.undecided()
        if len(undecided) == 1:
            return undecided[0].causes
        return each_once(cause for finding in undecided for cause in finding.causes)

    def undecided(self) -> list[Finding]:
        """The unknown expressions the outcome hangs on, in file order."""
        found = self._undecided
        if found is not None:
            return found
        found = self._undecided = []
        if self.guard is not None and self.guard.truth is None:
            found.append(self.guard)
        if self.value is None and self.rule is not None and self.rule.truth is None:
            found.append(self.rule)
        for part, term in zip(self.parts, self.terms, strict=True):
            of_value = self.value is None and term is None
            if of_value or (self.left is None and part.applies is None):
                found += part.undecided_guards()
            if of_value and part.value is None and part.applies is not False:
                found += [one for one in part.undecided_value() if one not in found]
        return found

    def undecided_guards(self) -> list[Finding]:
        """Why it is open whether the part applies."""
        if self.applies is not None:
            return []
        found: list[Finding] = []
        if self.guard is not None and self.guard.truth is None:
            found.append(self.guard)
        if self.left is None:
            for part in self.parts:
                found += part.undecided_guards()
        return found

    def undecided_value(self) -> list[Finding]:
        found: list[Finding] = []
        if self.rule is not None and self.rule.truth is None:
            found.append(self.rule)
        for part, term in zip(self.parts, self.terms, strict=True):
            if term is None:
                found += part.undecided_guards()
                if part.value is None and part.applies is not False:
                    found += part.undecided_value()
        return found

    def reached(self) -> Iterator[PartFinding]:
        """The parts an unknown outcome hangs on, itself first."""
        yield self
        for part, term in zip(self.parts, self.terms, strict=True):
            if (self.value is None and term is None) or (self.left is None and part.applies is None):
                yield from part.reached()

    # ------------------------------------------------------------ words

    def deciding(self) -> list[Finding]:
        """The expressions whose words are the reason."""
        outcome = self.outcome
        if outcome == "not applicable":
            return self.excusing()
        if outcome == "unknown":
            return self.undecided()
        return self.deciding_value()

    def excusing(self) -> list[Finding]:
        """Why it is not applicable."""
        if self.guard is not None and self.guard.truth is False:
            return [self.guard]
        return [finding for part in self.parts for finding in part.excusing()]

    def deciding_value(self) -> list[Finding]:
        rule = [] if self.rule is None else [self.rule]
        if not self.parts:
            return rule
        value = self.value
        if value is None:
            return self.undecided_value()
        one_decides = value is (self.node.combine != "all")
        if isinstance(self.node.combine, int):
            one_decides = True  # those that pass, or those that do not
        found = [finding for finding in rule if not one_decides or finding.truth is value]
        for part, term in zip(self.parts, self.terms, strict=True):
            if part.applies is not False and (not one_decides or term is value):
                found += part.deciding_value()
        return found

    def told(self, case: Case) -> tuple[str, tuple[str, ...]]:
        """The reason, and the places in the record that are its evidence; `case`: what it was found for."""
        deciding = self._told
        if deciding is None:
            deciding = self._told = self.deciding()
        if self.shared:
            if self._pieces is None:
                self._pieces = tuple(dict.fromkeys(piece for one in deciding for piece in one.pieces(case)))
            said = told(self._pieces, case)
            if self.applies is False:
                return not_applicable(said), ()
            return said[0] if len(said) == 1 else joined(said), ()
        said = said_by(deciding, case)
        if self.applies is False:
            reason = not_applicable(said)
        else:
            reason = said[0] if len(said) == 1 else joined(said)
        shown = shown_by(deciding)
        return reason, shown if len(shown) < 2 else in_record_order(shown)


class CriterionNode:
    """A criterion, with the group and the cohort it belongs to."""

    __slots__ = ("cohort", "group", "id", "root")

    def __init__(self, rules: Rules, criterion: Criterion) -> None:
        self.root = PartNode(rules, criterion.root, criterion.kind)
        self.id = criterion.root.id
        self.group = criterion.group
        self.cohort = criterion.cohort
