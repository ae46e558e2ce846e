"""What a protocol says that is probably not meant: one pure function per rule, over the typed model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from fractions import Fraction

from protodsl import ir
from protodsl.cases import tables
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.ir.walk import nodes
from protodsl.source import Span

Rule = Callable[[ir.Protocol], Iterator[Diagnostic]]

# Rough lengths in days: good enough to see that a window runs backwards, never used for anything else.
_DAYS = {"day": Fraction(1), "week": Fraction(7), "month": Fraction(3044, 100), "year": Fraction(36525, 100)}


def lint(protocol: ir.Protocol) -> tuple[Diagnostic, ...]:
    """All warnings about a protocol that has no errors, in the order of the rules, then of the file."""
    return tuple(found for rule in RULES for found in rule(protocol))


# ---------------------------------------------------------------- walking the model


def parts(protocol: ir.Protocol) -> Iterator[ir.Part]:
    """Every criterion and part, depth first."""
    for criterion in criteria(protocol):
        yield from (node for node in nodes(criterion.root) if isinstance(node, ir.Part))


def criteria(protocol: ir.Protocol) -> Iterator[ir.Criterion]:
    for stage in protocol.stages:
        yield from stage.criteria
        for cohort in stage.cohorts:
            yield from cohort.criteria


def _spoken_of(protocol: ir.Protocol) -> set[str]:
    """Names of items and definitions that criteria, definitions, endpoints or formulas speak of."""
    names: set[str] = set()
    roots = (protocol.stages, tuple(protocol.definitions.values()), tuple(protocol.measures.values()))
    for node in nodes(roots):
        match node:
            case ir.Observed(item=name) | ir.Change(item=name) | ir.DoseOf(item=name) | ir.OfEvent(item=name):
                names.add(name)
            case ir.Clean(item=name) | ir.Defined(name=name) | ir.Answer(question=name):
                names.add(name)
            case ir.Exists(item=name, but_not=excepted):
                names.update((name, *excepted))
            case ir.Measure(lead=name):
                names.add(name)
    names.update(end.definition for goal in protocol.objectives for end in goal.endpoints if end.definition)
    return names


# ---------------------------------------------------------------- rules


def repeated_criterion(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """Two criteria of one kind, asked of the same people at the same stage, with one rule."""
    for stage in protocol.stages:
        for block in (stage.criteria, *(cohort.criteria for cohort in stage.cohorts)):
            seen: list[tuple[object, str]] = []
            for criterion in block:
                meaning = (criterion.kind, _meaning(criterion.root))
                other = next((id for known, id in seen if known == meaning), None)
                if other is not None and not criterion.root.clarify:
                    yield diagnose(
                        "repeated-criterion", _at(protocol, criterion.root), id=criterion.id, other=other
                    )
                seen.append((meaning, criterion.id))


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
    at = node.span or _at(protocol, part)
    for op, limit in bounds:
        if not isinstance(limit, ir.Constant):
            continue
        value, low, high = limit.value, item.minimum, item.maximum
        always = (op == ">=" and low is not None and value <= low) or (
            op == "<=" and high is not None and value >= high
        )
        never = (op == "<" and low is not None and value <= low) or (
            op == ">" and high is not None and value >= high
        )
        if always:
            yield diagnose("vacuous", at, reason=f"{item.label} lies between {low} and {high}")
        if never:
            yield diagnose("contradiction", at, reason=f"{item.label} lies between {low} and {high}")


def _empty_between(
    protocol: ir.Protocol, part: ir.Part, node: ir.And, members: tuple[ir.Expr, ...]
) -> Iterator[Diagnostic]:
    lows: dict[object, tuple[Fraction, bool]] = {}
    highs: dict[object, tuple[Fraction, bool]] = {}
    for member in members:
        if not (isinstance(member, ir.Result) and isinstance(member.test, ir.NumberTest)):
            continue
        key = _meaning(member.observed)
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
            yield diagnose("contradiction", node.span or _at(protocol, part), reason=reason)


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
                yield diagnose("window-empty", span or _at(protocol, part), reason="it ends before it begins")


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
            yield diagnose("missing-source", _at(protocol, criterion.root), id=criterion.id)


def drug_without_code(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """A drug the protocol speaks of, with no code by which a hospital's record could name it."""
    for name in sorted(_spoken_of(protocol)):
        item = protocol.items.get(name)
        if item is None or item.span is None or item.is_class or item.codes or item.uncoded:
            continue
        if item.kind == "drug":
            yield diagnose("drug-without-code", item.span, name=name)


def unused(protocol: ir.Protocol) -> Iterator[Diagnostic]:
    """What the protocol's own file declares and nothing speaks of. Shared vocabulary files hold more than
    one trial."""
    spoken = _spoken_of(protocol)
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


RULES: tuple[Rule, ...] = (
    repeated_criterion, impossible_or_idle, tables, backward_window, missing_source, drug_without_code,
    unused,
)  # fmt: skip


def _at(protocol: ir.Protocol, part: ir.Part) -> Span:
    return part.span or protocol.span or Span("", 0, 0)


def _meaning(value: object) -> object:
    """A node without its words and places, so that two can be compared by what they mean."""
    if isinstance(value, tuple):
        return tuple(_meaning(member) for member in value)
    if isinstance(value, Fraction) or not is_dataclass(value) or isinstance(value, type):
        return value
    skip = ("span", "style", "id", "label", "source", "clarify", "notes", "text")
    kept = (one.name for one in fields(value) if one.name not in skip)
    return (type(value).__name__, *(_meaning(getattr(value, name)) for name in kept))
