"""Numbers that are computed: constants, ages, arithmetic, functions, tables of cases."""

from __future__ import annotations

from collections.abc import Iterable

from protodsl.runtime.case import Case
from protodsl.runtime.crossing import moment_crossings
from protodsl.runtime.dates import completed, day_of_age
from protodsl.runtime.findings import Causes, Node, each_once
from protodsl.runtime.intervals import NotComputable, Range, called, combined, hull, is_point
from protodsl.runtime.model.windows import Moment
from protodsl.runtime.quantity import NumberNode, Quantity, unknown_value
from protodsl.runtime.record import Exact
from protodsl.runtime.report import Cause
from protodsl.runtime.words import call_text, near_text, operation_text


class ConstantNumber(NumberNode):
    __slots__ = ("made",)

    def __init__(self, value: Exact) -> None:
        self.made = Quantity(Range(value, value), (), ())

    def cost(self) -> int:
        return 0

    def value(self, case: Case) -> Quantity:
        return self.made

    def text(self, case: Case) -> str:
        return ""


class AgeNumber(NumberNode):
    __slots__ = ("moment", "unit")

    def __init__(self, unit: str, moment: Moment) -> None:
        self.unit = unit
        self.moment = moment

    def cost(self) -> int:
        return 3

    def value(self, case: Case) -> Quantity:
        at = case.moment(self.moment)
        if isinstance(at, Cause):
            return unknown_value(at)
        born = case.record.birth_date
        if born is None:
            return unknown_value(Cause("missing", "birth_date"))
        if case.as_of is not None:
            born = case.dated(born)
        low = completed(self.unit, born.last, at.first)
        if born.first == born.last and at.first == at.last:
            return Quantity(Range(low, low), (), (), at)
        high = completed(self.unit, born.first, at.last)
        causes: Causes = ()
        if low != high:
            whole = born.first == born.last
            causes = (Cause("imprecise", self.moment_name(case) if whole else "birth_date"),)
        return Quantity(Range(low, high), causes, (), at)

    def moment_name(self, case: Case) -> str:
        moment = self.moment
        while moment.kind == "moved" and moment.base is not None:
            moment = moment.base
        if moment.kind == "sample" and case.lead is not None:
            return case.lead[0]
        return moment.name or (case.anchor_name if moment.kind == "anchor" else "birth_date")

    def text(self, case: Case) -> str:
        return "age"

    def names(self) -> Iterable[str]:
        return ("birth_date",)

    def breaks(self, case: Case, days: set[int]) -> None:
        born = case.record.birth_date
        at = case.moment(self.moment)
        if born is None or isinstance(at, Cause) or self.moment.kind == "sample":
            return
        marks: set[int] = set()
        horizon = at.last + 1900  # five years and what months may differ
        for birth in born:
            count = completed(self.unit, birth, at.first) + 1
            while (day := day_of_age(self.unit, birth, count)) <= horizon:
                marks.add(day)
                count += 1
        moment_crossings(case, self.moment, marks, days)


class ArithmeticNumber(NumberNode):
    __slots__ = ("left", "op", "right")

    def __init__(self, op: str, left: NumberNode, right: NumberNode) -> None:
        self.op = op
        self.left = left
        self.right = right

    def cost(self) -> int:
        return 3 + self.left.cost() + self.right.cost()

    def value(self, case: Case) -> Quantity:
        left, right = self.left.value(case), self.right.value(case)
        causes = left.causes or right.causes
        if left.causes and right.causes:
            causes = each_once((*left.causes, *right.causes))
        evidence = left.evidence + right.evidence
        if left.range is None or right.range is None:
            return Quantity(None, causes, evidence)
        try:
            made = combined(self.op, left.range, right.range)
        except NotComputable:
            return Quantity(None, (*causes, Cause("not computable", self.named_here(case))), evidence)
        return Quantity(made, causes if causes and not is_point(made) else (), evidence)

    def text(self, case: Case) -> str:
        def said(side: NumberNode) -> str:
            if (
                isinstance(side, ConstantNumber)
                and side.made.range is not None
                and side.made.range.low is not None
            ):
                return near_text(side.made.range.low, None)
            return side.text(case)

        return operation_text(self.op, said(self.left), said(self.right))

    def names(self) -> Iterable[str]:
        return (*self.left.names(), *self.right.names())

    def breaks(self, case: Case, days: set[int]) -> None:
        self.left.breaks(case, days)
        self.right.breaks(case, days)


class CallNumber(NumberNode):
    __slots__ = ("arguments", "function")

    def __init__(self, function: str, arguments: tuple[NumberNode, ...]) -> None:
        self.function = function
        self.arguments = arguments

    def value(self, case: Case) -> Quantity:
        values = [argument.value(case) for argument in self.arguments]
        causes = each_once(cause for value in values for cause in value.causes)
        evidence = tuple(place for value in values for place in value.evidence)
        ranges = [value.range for value in values if value.range is not None]
        if len(ranges) < len(values):
            return Quantity(None, causes, evidence)
        try:
            made = called(self.function, ranges)
        except NotComputable:
            return Quantity(None, (*causes, Cause("not computable", self.named_here(case))), evidence)
        return Quantity(made, causes if causes and not is_point(made) else (), evidence)

    def text(self, case: Case) -> str:
        def said(side: NumberNode) -> str:
            if (
                isinstance(side, ConstantNumber)
                and side.made.range is not None
                and side.made.range.low is not None
            ):
                return near_text(side.made.range.low, None)
            return side.text(case)

        return call_text(self.function, [said(argument) for argument in self.arguments])

    def names(self) -> Iterable[str]:
        return tuple(name for argument in self.arguments for name in argument.names())

    def breaks(self, case: Case, days: set[int]) -> None:
        for argument in self.arguments:
            argument.breaks(case, days)


class CasesNumber(NumberNode):
    """A table: the rows that hold must agree; a row that may hold adds its value to the range."""

    __slots__ = ("otherwise", "rows", "told")

    def __init__(
        self, rows: tuple[tuple[Node, NumberNode], ...], otherwise: NumberNode | None, told: str = ""
    ) -> None:
        self.rows = rows
        self.otherwise = otherwise
        self.told = told

    def value(self, case: Case) -> Quantity:
        sure: list[Quantity] = []
        may: list[Quantity] = []
        causes: Causes = ()
        evidence: tuple[str, ...] = ()
        for condition, number in self.rows:
            finding = condition.finding(case)
            evidence += finding.evidence
            if finding.truth is False:
                continue
            value = number.value(case)
            evidence += value.evidence
            causes += (*finding.causes, *value.causes)
            (sure if finding.truth else may).append(value)
        if not sure and self.otherwise is not None:
            value = self.otherwise.value(case)
            evidence += value.evidence
            causes += value.causes
            (may if may else sure).append(value)
        if not sure and not may:
            return Quantity(
                None, (*each_once(causes), Cause("not computable", self.named_here(case))), evidence
            )
        if len(sure) == 1 and not may and sure[0].range is not None and is_point(sure[0].range):
            return Quantity(sure[0].range, (), evidence)
        ranges = [value.range for value in (*sure, *may) if value.range is not None]
        if len(ranges) < len(sure) + len(may):
            return Quantity(None, each_once(causes), evidence)
        if any(value.range != sure[0].range for value in sure[1:]):
            return Quantity(None, each_once((*causes, Cause("conflicting", self.named_here(case)))), evidence)
        made = hull(ranges)
        return Quantity(made, each_once(causes) if causes and not is_point(made) else (), evidence)

    def text(self, case: Case) -> str:
        return self.told or "the table's value"

    def names(self) -> Iterable[str]:
        found: list[str] = []
        for _, number in self.rows:
            found += number.names()
        if self.otherwise is not None:
            found += self.otherwise.names()
        return tuple(found)

    def breaks(self, case: Case, days: set[int]) -> None:
        for condition, number in self.rows:
            condition.breaks(case, days)
            number.breaks(case, days)
        if self.otherwise is not None:
            self.otherwise.breaks(case, days)
