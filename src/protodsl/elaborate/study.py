"""The study around the criteria: timepoints, arms, interventions, regimens, visits, objectives, endpoints."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import expressions, numbers, prose, quantities, sides
from protodsl.elaborate.criteria import words_of
from protodsl.elaborate.quotations import Document
from protodsl.elaborate.scope import Child, Context, Node, Refused, declaration, string, trees
from protodsl.runtime.words import number_text


def _label(label: Child, name: Child) -> str:
    return string(label) if label is not None else str(name).replace("_", " ")


# ---------------------------------------------------------------- time


def timepoints(ctx: Context, protocol: Node) -> None:
    """All timepoints are known by name first: derived ones may look forward."""
    scope = ctx.scope
    declared = list(trees(protocol, "timepoint"))
    for tree in declared:
        name, label = cast(Token, tree.children[0]), tree.children[1]
        if str(name) in scope.timepoints:
            ctx.report("duplicate-name", name, name=str(name))
            continue
        scope.timepoints[str(name)] = ir.Timepoint(str(name), _label(label, name), span=ctx.span(tree))
    for tree in trees(protocol, "day_zero"):
        number, name = cast(Token, tree.children[0]), cast(Token, tree.children[1])
        if str(number) != "0":
            ctx.report("day-zero-only", number)
        with declaration():
            scope.day_zero = quantities.timepoint(ctx, name).name
    for tree in declared:
        own = str(tree.children[0])
        if own in scope.timepoints and scope.timepoints[own].span == ctx.span(tree):
            with declaration():
                scope.timepoints[own] = _timepoint(ctx, tree, scope.timepoints[own])
    _refuse_circles(ctx)


def _timepoint(ctx: Context, tree: Node, made: ir.Timepoint) -> ir.Timepoint:
    at: ir.Anchor | None = None
    tolerance: ir.Length | None = None
    after: list[str] = []
    words = words_of(ctx, tree)
    for child in tree.children[2:]:
        match child:
            case Tree("tolerance", [Tree() as by]):
                tolerance = quantities.length(ctx, by)
            case Tree("source" | "clarify" | "note" | "accept"):
                pass
            case Tree():
                at = quantities.anchor(ctx, child)
            case Token():
                after.append(quantities.timepoint(ctx, child).name)
    return replace(made, at=at, tolerance=tolerance, after=tuple(after), clarify=tuple(words.clarify))


def _refuse_circles(ctx: Context) -> None:
    """A derived timepoint must not lead back to itself, and the declared order must not be a circle."""
    points = ctx.scope.timepoints
    for point in list(points.values()):
        for leads in (lambda p: [a] if (a := _base(p.at)) else [], lambda p: list(p.after)):
            seen, todo = set(), leads(point)
            while todo:
                name = todo.pop()
                if name == point.name:
                    ctx.report(
                        "cyclic-definition", point.span or ctx.span(None), name=name, path=f"{name} → {name}"
                    )
                    points[point.name] = replace(point, at=None, after=())
                    break
                if name not in seen and name in points:
                    seen.add(name)
                    todo += leads(points[name])


def _base(anchor: ir.Anchor | None) -> str | None:
    while isinstance(anchor, ir.Shifted):
        anchor = anchor.anchor
    return anchor.name if isinstance(anchor, ir.AtTimepoint) else None


def when(ctx: Context, anchor: ir.Anchor) -> str:
    """An anchor in words, from the model."""
    match anchor:
        case ir.AtTimepoint(name):
            return ctx.scope.timepoints[name].label
        case ir.Shifted(ir.AtTimepoint(name), sign, by) if name == ctx.scope.day_zero and by.unit == "day":
            return f"day {'−' if sign < 0 else ''}{by.count}"
        case ir.Shifted(base, sign, by):
            plural = "" if by.count == 1 else "s"
            side = "before" if sign < 0 else "after"
            return f"{by.count} {by.unit.replace('_', ' ')}{plural} {side} {when(ctx, base)}"
        case ir.OfEvent(which, item):
            joint = " of" if which in ("onset", "start", "end") else ""
            return f"the {which}{joint} {ctx.scope.items[item].label}"
        case ir.StageAnchor():
            return "the assessment"
        case ir.OfSample():
            return "that sample"


def _day(ctx: Context, anchor: ir.Anchor) -> int | None:
    match anchor:
        case ir.AtTimepoint(name) if name == ctx.scope.day_zero:
            return 0
        case ir.Shifted(ir.AtTimepoint(name), sign, ir.Length(count, "day")) if name == ctx.scope.day_zero:
            return sign * int(count)
    return None


# ---------------------------------------------------------------- what is given


def intervention(ctx: Context, tree: Node, document: Document | None) -> ir.Intervention:
    name, label, *children = tree.children
    levels: list[ir.DoseLevel] = []
    for child in children:
        match child:
            case Tree("dose_level", [_, Token() as number, Tree() as dose, *_]):
                with declaration():
                    if any(level.id == str(number) for level in levels):
                        ctx.report("duplicate-name", number, name=f"dose level {number}")
                        raise Refused
                    value, token = quantities.quantity(ctx, dose)
                    if token is None:
                        ctx.report(
                            "missing-unit",
                            dose,
                            name="a dose",
                            expected="mg, mg/m2, /kg …",
                            suggestion=f"{number_text(value)} mg",
                        )
                        raise Refused
                    words = words_of(ctx, child)
                    levels.append(ir.DoseLevel(
                        str(number), value, quantities.unit_of(ctx, token), prose.words_of_quantity(dose),
                        tuple(words.source), tuple(words.clarify),
                    ))  # fmt: skip
    return ir.Intervention(
        str(name), _label(label, name), prose.section(ctx, "intervention", children, document), tuple(levels)
    )


def regimen(
    ctx: Context, tree: Node, document: Document | None, interventions: tuple[ir.Intervention, ...] = ()
) -> ir.Regimen:
    name, label, *children = tree.children
    if tree.data == "regimen_not_stated":
        stated = prose.field_value(ctx, "regimen", "", children[0], document)
        return ir.Regimen(str(name), _label(label, name), stated, (), ir.Section("regimen", ()))
    gives: list[ir.Give] = []
    for child in children:
        if isinstance(child, Tree) and child.data == "give":
            with declaration():
                gives.append(_give(ctx, child, {one.id: one.label for one in interventions}))
    details = prose.section(ctx, "regimen", children, document)
    return ir.Regimen(str(name), _label(label, name), None, tuple(gives), details)


def _give(ctx: Context, tree: Node, products: dict[str, str]) -> ir.Give:
    """`products`: labels of the interventions by name; anything else given is an item of the vocabulary."""
    name, amount, *clauses = tree.children
    assert isinstance(amount, Tree)
    dose = None
    if amount.data == "quantity":
        _, token = quantities.quantity(ctx, amount)
        if token is None:
            ctx.report("missing-unit", amount, name="a dose", expected="mg, mg/m2 …", suggestion="30 mg/m2")
            raise Refused
        quantities.unit_of(ctx, token)
        dose = prose.words_of_quantity(amount)
    route: str | None = None
    said: list[str] = []
    first: int | None = None
    last: int | None = None
    for clause in clauses:
        match clause:
            case Tree("given_route", [word]):
                route = str(word).replace("_", " ")
            case Tree("given_once"):
                said.append("once")
            case Tree("given_daily"):
                said.append("daily")
            case Tree("given_every", [Tree() as by]):
                said.append(f"every {prose.words_of_quantity(by)}")
            case Tree("given_over", parts):
                said.append(
                    "over "
                    + " to ".join(prose.words_of_quantity(cast(Node, p)) for p in parts if p is not None)
                )
            case Tree("given_on", parts):
                anchors = [quantities.anchor(ctx, cast(Node, part)) for part in parts if part is not None]
                days = [day for day in (_day(ctx, anchor) for anchor in anchors) if day is not None]
                if days:
                    first, last = min(days), max(days)
                said.append("on " + ", ".join(_on_day(ctx, anchor) for anchor in anchors))
            case Tree("given_from", [Tree() as a, Tree() as b]):
                start, end = quantities.anchor(ctx, a), quantities.anchor(ctx, b)
                first, last = _day(ctx, start), _day(ctx, end)
                if first is not None and last is not None and first > last:
                    ctx.report("bad-bounds", clause, minimum=first, maximum=last)
                said.append(f"from {when(ctx, start)} to {when(ctx, end)}")
    known = ctx.scope.items.get(str(name)) or ctx.scope.items.get(str(name).lower())
    label = products.get(str(name)) or (known.label if known else prose.label(ctx, cast(Token, name)))
    if known:
        ctx.scope.used.add(known.name)
    return ir.Give(str(name), label, dose, route, ", ".join(said), first, last)


def _on_day(ctx: Context, anchor: ir.Anchor) -> str:
    return "day 0" if _day(ctx, anchor) == 0 else when(ctx, anchor)


def arm(ctx: Context, tree: Node, given: dict[str, str], document: Document | None) -> ir.Arm:
    """`given`: labels of interventions and regimens by name, which is what an arm gives."""
    name, label, *children = tree.children
    gives: list[str] = []
    for child in children:
        if isinstance(child, Tree) and child.data == "gives":
            for token in cast(Node, child.children[0]).children:
                if str(token) not in given:
                    ctx.scope.unknown(str(token), ctx.span(token), "an intervention or regimen", given)
                else:
                    gives.append(given[str(token)])
    return ir.Arm(str(name), _label(label, name), tuple(gives), prose.section(ctx, "arm", children, document))


# ---------------------------------------------------------------- visits


def visit(ctx: Context, tree: Node, document: Document | None) -> ir.Visit:
    name, label, *rest = tree.children
    assess: list[str] = []
    at: list[str] = []
    for child in rest:
        match child:
            case Tree("assess", [Tree() as listed]):
                assess += [
                    prose.label(ctx, token) for token in listed.scan_values(lambda t: isinstance(t, Token))
                ]
            case Tree("tolerance", [Tree() as by]):
                at.append(f"± {prose.words_of_quantity(by)}")
            case Tree("activity_at", [Tree("not_stated")]):
                at.append("days not stated")
            case Tree("activity_at", [Tree() as listed]):
                points = [quantities.timepoint(ctx, cast(Token, token)).label for token in listed.children]
                at.append("at " + ", ".join(points))
            case Tree("activity_until", [Tree() as anchor]):
                at.append(f"until {when(ctx, quantities.anchor(ctx, anchor))}")
            case Tree("field" | "source" | "clarify" | "note" | "accept") | None:
                pass
            case Tree():
                at.append(when(ctx, quantities.anchor(ctx, child)))
    details = prose.section(ctx, str(tree.data), rest, document)
    return ir.Visit(str(name), _label(label, name), " ".join(at), tuple(assess), details)


# ---------------------------------------------------------------- objectives


def objective(ctx: Context, tree: Node, document: Document | None) -> ir.Objective:
    level, label, *children = tree.children
    words = words_of(ctx, tree)
    endpoints: list[ir.Endpoint] = []
    for child in children:
        if isinstance(child, Tree) and child.data == "endpoint":
            with declaration():
                endpoints.append(endpoint(ctx, child, document))
    prose.section(ctx, "objective", children, document)
    kind = cast(Literal["primary", "secondary", "exploratory"], str(level))
    return ir.Objective(kind, string(label), tuple(endpoints), tuple(words.source), tuple(words.clarify))


def endpoint(ctx: Context, tree: Node, document: Document | None) -> ir.Endpoint:
    name, label, *children = tree.children
    words = words_of(ctx, tree)
    frame: ir.Field = ir.NotStated()
    anchor: ir.Anchor | None = None
    variable, definition = "", None
    seen: set[str] = set()
    for child in children:
        match child:
            case Tree("frame_at", [_, Tree() as at]):
                seen.add("time frame")
                anchor = quantities.anchor(ctx, at)
                frame = ir.Stated(when(ctx, anchor))
            case Tree("frame_span", [_, Tree() as a, Tree() as b]):
                seen.add("time frame")
                start, anchor = quantities.anchor(ctx, a), quantities.anchor(ctx, b)
                frame = ir.Stated(f"from {when(ctx, start)} to {when(ctx, anchor)}")
            case Tree("frame_not_stated", [_, value]):
                seen.add("time frame")
                frame = prose.field_value(ctx, "endpoint", "", value, document)
            case Tree("variable", [Tree() as said]):
                seen.add("variable")
                variable, definition = _variable(ctx, said, str(name))
    for wanted in ("time frame", "variable"):
        if wanted not in seen:
            ctx.report(
                "missing-field", cast(Token, name), block="`endpoint`", field=wanted, help=f"add `{wanted} …`"
            )
    return ir.Endpoint(
        str(name), _label(label, name), frame, variable, definition, anchor,
        tuple(words.source), tuple(words.clarify), tuple(words.notes),
        prose.section(ctx, "endpoint", children, document),
    )  # fmt: skip


def _variable(ctx: Context, tree: Node, name: str) -> tuple[str, str | None]:
    """The variable in words, and the definition asked of each participant where it is a proportion."""
    match tree:
        case Tree("v_proportion", [condition]):
            expr = expressions.truth(ctx, condition)
            if isinstance(expr, ir.Defined):
                label = ctx.scope.definitions[expr.name].label
                return f"proportion of participants with {label}", expr.name
            own = f"{name}_variable"
            ctx.scope.definitions[own] = ir.Definition(own, name.replace("_", " "), expr, span=ctx.span(tree))
            return "proportion of participants who meet the definition", own
        case Tree("v_change", [value, Tree() as a, Tree() as b]):
            plain, side = sides.apart(ctx, value)
            observed = numbers.worded(ctx, plain)
            if observed is None:
                ctx.report("limit-needs-result", value)
                raise Refused
            label = ctx.scope.items[observed.item].label + (f" of {side}" if side else "")
            start, end = quantities.anchor(ctx, a), quantities.anchor(ctx, b)
            return f"change in {label} from {when(ctx, start)} to {when(ctx, end)}", None
        case Tree("v_summary", [summary, Tree() as target, *span]):
            said = f"{summary} of {_target(ctx, target)}"
            ends = [quantities.anchor(ctx, cast(Node, a)) for a in span if a is not None]
            if ends:
                said += f" from {when(ctx, ends[0])} to {when(ctx, ends[1])}"
            return said, None
        case Tree("v_time", [Tree() as a, Tree() as b]):
            return f"time from {_target(ctx, a)} to {_target(ctx, b)}", None
        case Tree("v_described", [words]):
            return string(words), None
    raise AssertionError(tree.data)


def _target(ctx: Context, tree: Node) -> str:
    names = list(tree.scan_values(lambda token: isinstance(token, Token) and token.type == "NAME"))
    for token in names:
        if str(token) not in ctx.scope.items and str(token) not in ctx.scope.timepoints:
            known: Iterable[str] = [*ctx.scope.items, *ctx.scope.timepoints]
            ctx.scope.unknown(str(token), ctx.span(token), "a result, event or timepoint", known)
            raise Refused
    quant = next(trees(tree, "any_of", "all_of", "each_of"), None)
    joint = " or " if quant is not None and quant.data == "any_of" else " and "
    return joint.join(
        ctx.scope.timepoints[str(t)].label if str(t) in ctx.scope.timepoints else prose.label(ctx, t)
        for t in names
    )
