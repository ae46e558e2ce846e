"""Criteria and their parts: applicability, value, and what both mean for the participant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from protodsl.runtime.case import Case
from protodsl.runtime.findings import Causes, Finding, Node, in_record_order, remember
from protodsl.runtime.logic import AndNode, CountNode, NotNode, OrNode, causes_of, said_by, shown_by
from protodsl.runtime.model.protocol import Criterion, Part
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


class PartNode:
    """A criterion or a part of one, made ready."""

    __slots__ = (
        *("applies", "combine", "expressions", "favourable", "guard", "id", "inclusion", "kind", "label"),
        *("parts", "rule", "source", "standings", "test"),
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
        self.expressions: tuple[Node, ...] = tuple(self._expressions())
        self.standings: dict[tuple[Truth, ...], Standing] = {}

    def _expressions(self) -> Iterator[Node]:
        """Its guard and its rule, then those of its parts."""
        for own in (self.guard, self.rule):
            if own is not None:
                yield own
        for part in self.parts:
            yield from part.expressions

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

    def finding(self, case: Case) -> PartFinding:
        """Of a criterion: its parts are found with it."""
        found = [node.finding(case) for node in self.expressions]
        truths = tuple([one.truth for one in found])
        standing = self.standings.get(truths)
        if standing is None:
            standing = remember(self.standings, truths, Standing(self, enumerate(truths)).reach())
        return PartFinding(standing, found)

    def breaks(self, case: Case, days: set[int]) -> None:
        for node in self.expressions:
            node.breaks(case, days)


Numbered = tuple[int, Truth]  # the number of an expression among those of its criterion, and its truth
Numbers = tuple[int, ...]


class Standing:
    """What the truths of a criterion's expressions make of one of its parts: the same for every record, so
    worked out once for each combination that is met. Expressions are told by their numbers.
    """

    __slots__ = (
        *("applies", "deciding", "favour", "guard", "left", "node", "outcome", "parts", "reached", "rule"),
        *("terms", "undecided", "undecided_guards", "value"),
    )

    def __init__(self, node: PartNode, truths: Iterator[Numbered]) -> None:
        """`truths`: those of its expressions and of what stands behind it."""
        self.node = node
        self.guard: Numbered | None = None if node.guard is None else next(truths)
        self.rule: Numbered | None = None if node.rule is None else next(truths)
        self.parts = tuple([Standing(part, truths) for part in node.parts])
        self.left: Truth = True
        self.terms: list[Truth] = []
        self.value: Truth = True if self.rule is None else self.rule[1]
        if self.parts:
            if self.rule is None:
                self.left = count_truth(1, [part.applies for part in self.parts])
            self.terms = [self.term(part.applies, part.value) for part in self.parts]
            self.value = self.combined()
        self.applies: Truth = both(True if self.guard is None else self.guard[1], self.left)
        self.favour: Truth = in_favour(node.inclusion, self.applies, self.value)
        self.outcome: Outcome = "passes" if self.favour else "fails"
        if self.applies is False:
            self.outcome = "not applicable"
        elif self.favour is None:
            self.outcome = "unknown"
        self.undecided_guards: Numbers = tuple(self._undecided_guards())
        self.undecided: Numbers = tuple(dict.fromkeys(self._undecided()))
        self.deciding: Numbers = tuple(self._deciding())
        self.reached = False

    def reach(self) -> Standing:
        """Marks the parts an unknown outcome hangs on, itself first."""
        self.reached = True
        for part, term in zip(self.parts, self.terms, strict=True):
            if (self.value is None and term is None) or (self.left is None and part.applies is None):
                part.reach()
        return self

    def combined(self) -> Truth:
        """The value of rule and parts together."""
        combine = self.node.combine
        terms = self.terms if self.rule is None else [self.rule[1], *self.terms]
        if combine == "all":
            return count_truth(len(terms), terms)
        return count_truth(1 if combine == "any" else int(combine), terms)

    def term(self, applies: Truth, value: Truth) -> Truth:
        """What a part is in this list."""
        if self.node.combine == "all":
            return any_true(negated(applies), value)
        return both(applies, value)

    # ------------------------------------------------------------ the expressions an unknown hangs on

    def _undecided(self) -> Iterator[int]:
        """Why the outcome is unknown, in file order."""
        if self.guard is not None and self.guard[1] is None:
            yield self.guard[0]
        if self.value is None and self.rule is not None and self.rule[1] is None:
            yield self.rule[0]
        for part, term in zip(self.parts, self.terms, strict=True):
            of_value = self.value is None and term is None
            if of_value or (self.left is None and part.applies is None):
                yield from part.undecided_guards
            if of_value and part.value is None and part.applies is not False:
                yield from part.undecided_value()

    def _undecided_guards(self) -> Iterator[int]:
        """Why it is open whether the part applies."""
        if self.applies is not None:
            return
        if self.guard is not None and self.guard[1] is None:
            yield self.guard[0]
        if self.left is None:
            for part in self.parts:
                yield from part.undecided_guards

    def undecided_value(self) -> Iterator[int]:
        if self.rule is not None and self.rule[1] is None:
            yield self.rule[0]
        for part, term in zip(self.parts, self.terms, strict=True):
            if term is None:
                yield from part.undecided_guards
                if part.value is None and part.applies is not False:
                    yield from part.undecided_value()

    # ------------------------------------------------------------ the expressions whose words are the reason

    def _deciding(self) -> Iterator[int]:
        match self.outcome:
            case "not applicable":
                yield from self.excusing()
            case "unknown":
                yield from self.undecided
            case _:
                yield from self.deciding_value()

    def excusing(self) -> Iterator[int]:
        """Why it is not applicable."""
        if self.guard is not None and self.guard[1] is False:
            yield self.guard[0]
            return
        for part in self.parts:
            yield from part.excusing()

    def deciding_value(self) -> Iterator[int]:
        value = self.value
        if self.parts and value is None:
            yield from self.undecided_value()
            return
        # of a list only those parts decide that make it what it is; of a count those that pass, or do not
        combine = self.node.combine
        all_decide = not self.parts or (not isinstance(combine, int) and value is (combine == "all"))
        if self.rule is not None and (all_decide or self.rule[1] is value):
            yield self.rule[0]
        for part, term in zip(self.parts, self.terms, strict=True):
            if part.applies is not False and (all_decide or term is value):
                yield from part.deciding_value()


class PartFinding:
    """What was found of one part, and of the parts under it."""

    __slots__ = ("found", "standing")

    def __init__(self, standing: Standing, found: Sequence[Finding]) -> None:
        """`found`: of every expression of the criterion."""
        self.standing = standing
        self.found = found

    @property
    def node(self) -> PartNode:
        return self.standing.node

    @property
    def applies(self) -> Truth:
        return self.standing.applies

    @property
    def value(self) -> Truth:
        return self.standing.value

    @property
    def favour(self) -> Truth:
        return self.standing.favour

    @property
    def outcome(self) -> Outcome:
        return self.standing.outcome

    @property
    def parts(self) -> list[PartFinding]:
        return [PartFinding(part, self.found) for part in self.standing.parts]

    def unknown(self) -> Causes:
        """Why the outcome is unknown, in file order."""
        return causes_of(self.undecided()) if self.standing.outcome == "unknown" else ()

    def undecided(self) -> list[Finding]:
        """The unknown expressions the outcome hangs on, in file order."""
        return [self.found[number] for number in self.standing.undecided]

    def undecided_guards(self) -> list[Finding]:
        """Why it is open whether the part applies."""
        return [self.found[number] for number in self.standing.undecided_guards]

    def deciding(self) -> list[Finding]:
        """The expressions whose words are the reason."""
        return [self.found[number] for number in self.standing.deciding]


def told(applies: Truth, deciding: Sequence[Finding], case: Case) -> tuple[str, tuple[str, ...]]:
    """The reason a part gives with these expressions, and the places in the record that are its evidence;
    `case`: what they were found for.
    """
    said: Sequence[str]
    if len(deciding) == 1:
        said, shown = deciding[0].said(case), deciding[0].evidence
    else:
        said, shown = said_by(deciding, case), shown_by(deciding)
    reason = not_applicable(said) if applies is False else said[0] if len(said) == 1 else joined(said)
    return reason, shown if len(shown) < 2 else in_record_order(shown)


class CriterionNode:
    """A criterion, with the group and the cohort it belongs to."""

    __slots__ = ("cohort", "group", "id", "root")

    def __init__(self, rules: Rules, criterion: Criterion) -> None:
        self.root = PartNode(rules, criterion.root, criterion.kind)
        self.id = criterion.root.id
        self.group = criterion.group
        self.cohort = criterion.cohort
