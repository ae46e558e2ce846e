"""Rules about what the model says: repeated, impossible, idle, unused."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.lint.walk import at, criteria, meaning, parts, spoken_of, within

# Rough lengths in days: good enough to see that a window runs backwards, never used for anything else.
_DAYS = {"day": Fraction(1), "week": Fraction(7), "month": Fraction(3044, 100), "year": Fraction(36525, 100)}


def repeated_criterion(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Two criteria of one kind, asked of the same people at the same stage, with one rule."""
    for stage in protocol.stages:
        for block in (stage.criteria, *(cohort.criteria for cohort in stage.cohorts)):
            seen: list[tuple[object, str]] = []
            for criterion in block:
                rule = (criterion.kind, meaning(criterion.root))
                other = next((id for known, id in seen if known == rule), None)
                if other is not None and not criterion.root.clarify:
                    yield diagnose(
                        "repeated-criterion", at(protocol, criterion.root), id=criterion.id, other=other
                    )
                seen.append((rule, criterion.id))


def repeated_clause(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """The same clause twice within a criterion: side by side in a chain, or as two of its parts."""
    for part in parts(protocol):
        if part.clarify:
            continue
        rules: list[object] = []
        for inner in part.parts:
            rule = meaning(inner)
            if rule in rules and not inner.clarify:
                yield diagnose("repeated-clause", at(protocol, inner), id=inner.id)
            rules.append(rule)
        for node in nodes((part.expr, part.applies)):
            if isinstance(node, ir.And | ir.Or):
                said = [meaning(member) for member in node.members]
                again = next((place for place, one in enumerate(said) if one in said[:place]), None)
                if again is not None:
                    place = node.members[again].span or at(protocol, part)
                    yield diagnose("repeated-clause", place, id=part.id)


def impossible_or_idle(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Comparisons that the item's declared range decides, and limits that leave no value between them."""
    for part in parts(protocol):
        for node in nodes((part.expr, part.applies)):
            match node:
                case ir.Result(observed, ir.NumberTest(bounds)):
                    yield from _against_range(protocol, part, node, observed, bounds)
                case ir.And(members):
                    yield from _empty_between(protocol, part, node, members)


def _against_range(
    protocol: ir.Protocol,
    part: ir.Part,
    node: ir.Result,
    observed: ir.Observed,
    bounds: tuple[tuple[ir.Op, ir.Limit], ...],
) -> Iterator[Diagnostic]:
    item = protocol.items[observed.item]
    if observed.unit != item.unit:
        return
    place = node.span or at(protocol, part)
    low, high = item.minimum, item.maximum
    always, never = [], False
    for op, limit in bounds:
        value = limit.value if isinstance(limit, ir.Constant) else None
        above = value is not None and low is not None and value <= low  # no value of the item is below it
        below = value is not None and high is not None and value >= high
        always.append((op == ">=" and above) or (op == "<=" and below))
        never = never or (op == "<" and above) or (op == ">" and below)
    reason = f"{item.label} lies between {low} and {high}"
    if all(always):  # `between 70 and 100` of a scale that ends at 100 is no slip
        yield diagnose("vacuous", place, reason=reason)
    if never:
        yield diagnose("contradiction", place, reason=reason)


def _empty_between(
    protocol: ir.Protocol, part: ir.Part, node: ir.And, members: tuple[ir.Expr, ...]
) -> Iterator[Diagnostic]:
    lows: dict[object, tuple[Fraction, bool]] = {}
    highs: dict[object, tuple[Fraction, bool]] = {}
    for member in members:
        if not (isinstance(member, ir.Result) and isinstance(member.test, ir.NumberTest)):
            continue
        key = meaning(member.observed)
        for op, limit in member.test.bounds:
            if isinstance(limit, ir.Constant):
                strict = op in ("<", ">")
                if op in (">=", ">", "="):
                    lows[key] = max(lows.get(key, (limit.value, strict)), (limit.value, strict))
                if op in ("<=", "<", "="):
                    highs[key] = min(highs.get(key, (limit.value, strict)), (limit.value, not strict))
    for key, (low, strict) in lows.items():
        if key not in highs:
            continue
        high, closed = highs[key]
        if low > high or (low == high and (strict or not closed)):
            reason = f"nothing is above {low} and below {high}"
            yield diagnose("contradiction", node.span or at(protocol, part), reason=reason)


def backward_window(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A window that ends before it begins."""
    for part in parts(protocol):
        for node in nodes((part.expr, part.applies)):
            match node:
                case ir.Observed(window=ir.Window(ir.Bound() as start, ir.Bound() as end), span=span):
                    pass
                case ir.Exists(window=ir.Window(ir.Bound() as start, ir.Bound() as end), span=span):
                    pass
                case _:
                    continue
            first, last = _place(start), _place(end)
            if first is not None and last is not None and first[0] == last[0] and first[1] > last[1]:
                yield diagnose("window-empty", span or at(protocol, part), reason="it ends before it begins")


def looks_ahead(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """'within 8 weeks of screening', asked on the day of screening of what only a record can tell: the weeks
    to come are in no record, so that nobody is ever found free of it."""
    for stage in protocol.stages:
        here = (ir.AtTimepoint(stage.anchor), ir.StageAnchor())
        blocks = (stage.criteria, *(cohort.criteria for cohort in stage.cohorts))
        for part in (part for block in blocks for one in block for part in within(one.root)):
            for node in nodes((part.expr, part.applies)):
                match node:
                    case ir.Exists(window=ir.Window(end=ir.Bound() as end), span=span):
                        pass
                    case _:
                        continue
                last = _place(end)
                if last is not None and last[0] in here and last[1] > 0:
                    name = stage.anchor.replace("_", " ")
                    yield diagnose("window-ahead", span or at(protocol, part), id=part.id, anchor=name)


def _place(bound: ir.Bound) -> tuple[ir.Anchor, Fraction] | None:
    """A bound as a base and a rough distance in days from it."""
    anchor, days = bound.anchor, Fraction(0)
    if isinstance(bound.by, ir.Length):
        if bound.by.unit == "half_life":
            return None
        days = bound.sign * bound.by.count * _DAYS[bound.by.unit]
    elif bound.by is not None:
        return None
    while isinstance(anchor, ir.Shifted):
        if anchor.by.unit == "half_life":
            return None
        days += anchor.sign * anchor.by.count * _DAYS[anchor.by.unit]
        anchor = anchor.anchor
    return anchor, days


def missing_source(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A criterion that quotes nothing, neither itself nor in every part."""
    if protocol.document is None:
        return

    def quoted(part: ir.Part) -> bool:
        return bool(part.source) or (bool(part.parts) and all(quoted(inner) for inner in part.parts))

    for criterion in criteria(protocol):
        if not quoted(criterion.root):
            yield diagnose("missing-source", at(protocol, criterion.root), id=criterion.id)


def drug_without_code(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A drug the protocol speaks of, with no code by which a hospital's record could name it."""
    for name in sorted(spoken_of(protocol)):
        item = protocol.items.get(name)
        if item is None or item.span is None or item.is_class or item.codes or item.uncoded:
            continue
        if item.kind == "drug":
            yield diagnose("drug-without-code", item.span, name=name)


def unused(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """What the protocol's own file declares and nothing speaks of. Shared vocabulary files hold more than
    one trial."""
    spoken = spoken_of(protocol)
    own = protocol.span.path if protocol.span else ""
    members = {member for item in protocol.items.values() for member in item.members}
    drugs = {drug for table in protocol.equivalences.values() for drug, _ in table.factors}
    declared: list[ir.Item | ir.Definition] = [*protocol.items.values(), *protocol.definitions.values()]
    for one in declared:
        if one.span is None or one.span.path != own or one.name in spoken | members | drugs:
            continue
        if isinstance(one, ir.Item) and "." in one.name:  # an item of a panel: the panel is what was declared
            continue
        yield diagnose("unused-vocabulary", one.span, name=one.name)
