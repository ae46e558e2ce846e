"""Expressions with a number: results, ages, doses, formulas; units are checked and made canonical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import quantities, sides
from protodsl.elaborate.scope import Child, Context, Node, Num, Refused
from protodsl.runtime.units import Unit, factor, parse_unit

FUNCTIONS = ("sqrt", "min", "max", "ln", "log10", "exp", "abs")
AGE_UNITS: dict[str, Literal["year", "month", "week", "day"]] = {
    "years": "year", "year": "year", "a": "year", "months": "month", "month": "month", "mo": "month",
    "weeks": "week", "week": "week", "wk": "week", "days": "day", "day": "day", "d": "day",
}  # fmt: skip
LIMIT_UNITS = {"ULN": "uln", "LLN": "lln"}


def number(ctx: Context, tree: Child) -> Num:
    from protodsl.elaborate import parameters

    one = parameters.named(ctx, tree)
    if one is not None:
        said = parameters.opened(ctx, one)
        if not isinstance(said, list):
            return number(ctx, said)
        otherwise = said.pop()[0] if said[-1][1] is None else None
        return rows(ctx, one.tree, said, otherwise)
    match tree:
        case Tree("quantity"):
            return constant(ctx, tree)
        case Tree("observed"):
            return measured(ctx, tree)
        case Tree("dose_of"):
            from protodsl.elaborate import doses

            return doses.number(ctx, tree)
        case Tree("add" | "subtract" | "multiply" | "divide" | "raise_to"):
            return arithmetic(ctx, tree)
        case Tree("call", [Token() as name, *arguments]):
            return call(ctx, name, arguments)
        case Tree("choose", [value, condition, otherwise]):
            return rows(ctx, tree, [(value, condition)], otherwise)
        case Tree("table", children):
            return table(ctx, tree, children)
        case Tree("percentile", [Token() as share, Token() as name]):
            from protodsl.elaborate import references

            return references.percentile(ctx, share, name)
        case Tree("paren", [inner]):
            return number(ctx, inner)
        case Tree("quantified" | "group"):
            ctx.report("list-where-number", tree)
        case _:
            ctx.report("not-a-number", tree, found="this")
    raise Refused


def constant(ctx: Context, tree: Node) -> Num:
    value, unit = quantities.quantity(ctx, tree)
    if unit is None or str(unit) == "points":
        return Num(ir.Constant(value), None, constant=value, bare=True)
    if str(unit) in LIMIT_UNITS:
        if value <= 0:
            ctx.report("limit-not-positive", tree)
            raise Refused
        which: Literal["uln", "lln"] = "uln" if str(unit) == "ULN" else "lln"
        return Num(ir.Constant(value), None, limit=ir.TimesLimit(value, which))
    return Num(ir.Constant(value), quantities.unit_of(ctx, unit), constant=value)


def item_named(ctx: Context, token: Token, wanted: str = "a lab, score, finding or measure") -> ir.Item:
    name = str(token)
    if name == "it" and ctx.it is not None:
        return ctx.scope.items[ctx.it]
    item = ctx.scope.items.get(name)
    if item is None:
        ctx.scope.unknown(name, ctx.span(token), wanted, ctx.scope.items)
        raise Refused
    ctx.scope.used.add(name)
    return item


def posts(ctx: Context, tree: Node) -> tuple[list[ir.Anchor], Node | None, Token | None]:
    """The tails of a value: anchors (`at T`), a list of visits (`at each of [..]`), and `in UNIT`."""
    at: list[ir.Anchor] = []
    each: Node | None = None
    unit: Token | None = None
    for post in tree.children:
        match post:
            case Tree("value_at", [Tree() as anchor]):
                at.append(quantities.anchor(ctx, anchor))
            case Tree("value_at_each"):
                each = post
            case Tree("value_in", [Token() as token]):
                unit = token
    if len(at) + (each is not None) > 1:
        ctx.report("said-twice", tree, what="when the value is taken")
        raise Refused
    return at, each, unit


def measured(ctx: Context, tree: Node) -> Num:
    """A value in arithmetic or compared with a number: not one that is recorded in words."""
    num = observed(ctx, tree)
    if isinstance(num.number, ir.Observed):
        _fits(ctx, tree, num.number, "a number", wanted=False)
    return num


def worded(ctx: Context, tree: Child) -> ir.Observed | None:
    """A result whose words are asked; None: it is no result. Words have no highest and no lowest."""
    num = observed(ctx, tree) if isinstance(tree, Tree) and tree.data == "observed" else number(ctx, tree)
    if not isinstance(num.number, ir.Observed):
        return None
    if num.number.select in ("highest", "lowest"):
        _fits(ctx, tree, num.number, f"`{num.number.select}`", wanted=True)
    return num.number


def _fits(ctx: Context, tree: Child, subject: ir.Observed, found: str, *, wanted: bool) -> None:
    """Refuses what does not apply to words, of an item that has them. `wanted`: all that is wrong is the
    choice among results.
    """
    item = ctx.scope.items[subject.item]
    if item.kind not in ("finding", "grade"):
        return
    test = f">= {item.values[-1]}" if item.kind == "grade" else f"is {item.values[0]}"
    said = f"{'any ' if wanted else ''}{item.name} {test}"
    ctx.report("wrong-test", tree, name=item.label, actual="words as values", found=found, suggestion=said)
    raise Refused


def observed(ctx: Context, tree: Node) -> Num:
    select, name = tree.children[0], cast(Token, tree.children[1])
    side: sides.Side | None = None
    for post in tree.children[2:]:
        if isinstance(post, Tree) and str(post.data) in sides.POSTS:
            if sides.literal(post) is None:
                return of_side(ctx, tree, post)
            side = sides.literal(post)
    at, each, unit = posts(ctx, tree)
    if each is not None:
        ctx.report("list-where-number", each)
        raise Refused
    several = None if select is None else _mean_of(str(select))
    if several is not None and ctx.formula:
        ctx.report("mean-in-formula", tree)
        raise Refused
    if str(name) in ctx.lets:
        if at or unit or select:
            ctx.report("let-with-tail", tree, name=str(name))
            raise Refused
        return ctx.lets[str(name)]
    if str(name) == "age":
        return age(ctx, tree, at, unit)
    item = item_named(ctx, name)
    if item.domain != "results":
        ctx.report("not-a-number", name, found=f"`{item.name}`")
        raise Refused
    if item.is_class:
        ctx.report("class-where-number", name, name=item.name)
        raise Refused
    window = quantities.around(ctx, at[0]) if at else ctx.values
    wanted = item.unit
    if unit is not None and str(unit) == "points" and item.unit is None:
        pass
    elif unit is not None:
        wanted = parse_unit(str(unit))
        if wanted is None:
            ctx.report("unknown-unit", unit, unit=str(unit))
            raise Refused
        if item.unit is None or factor(item.unit, wanted, item.molar_mass) is None:
            ctx.report(
                "wrong-dimension", unit, unit=str(unit), name=item.label, expected=_unit_text(item.unit)
            )
            raise Refused
    elif ctx.formula and item.unit is not None and item.unit.dimension:
        ctx.report("formula-unit", name, name=item.name, unit=item.unit.text)
        raise Refused
    chosen = cast(ir.Select, str(select)) if select is not None and several is None else "latest"
    if side is not None and item.kind == "measure":
        ctx.report("side-of-formula", tree, name=item.name)
        raise Refused
    result = ir.Observed(item.name, chosen, window, unit=wanted, side=side, span=ctx.span(tree))
    shown = None if unit is not None else wanted
    return Num(result, shown) if several is None else mean(ctx, tree, result, several, shown)


def _mean_of(select: str) -> int | None:
    """How many results `mean of the last 3` takes."""
    return int(select.split()[-1]) if select.startswith("mean") else None


def mean(ctx: Context, tree: Node, result: ir.Observed, last: int, unit: Unit | None) -> Num:
    item = ctx.scope.items[result.item]
    if item.values:
        ctx.report("not-a-number", tree, found=f"`{item.name}`")
        raise Refused
    if not 1 < last <= 1000:
        ctx.report("bad-count", tree, found="a mean", members=last, verb="be taken: at least 2 are needed")
        raise Refused
    if result.window is None:
        ctx.report("no-validity", tree, name=item.label)
    return Num(ir.Mean(result, last), unit)


def of_side(ctx: Context, tree: Node, post: Node) -> Num:
    """A value of the study eye in arithmetic: of the side which that is."""
    if post.data == "value_sides":
        ctx.report("list-where-number", post)
        raise Refused
    known, this = sides.named(ctx, post)
    nums = []
    for side in (this, sides.OTHER[this]):
        token = Token.new_borrow_pos("NAME", side, cast(Token, post.children[0]))
        rest = [child for child in tree.children if child is not post]
        there: list[Token | Node] = [*rest, Tree("value_side", [token], post.meta)]
        nums.append(observed(ctx, Tree("observed", there, tree.meta)))
    left = ir.Setting(known.name, ("left",), ctx.span(post))
    return Num(ir.Table(((left, nums[0].number),), nums[1].number), nums[0].unit)


def age(ctx: Context, tree: Node, at: list[ir.Anchor], unit: Token | None) -> Num:
    anchor: ir.Anchor = at[0] if at else ir.OfSample() if ctx.formula else ir.StageAnchor()
    name = "years" if unit is None else str(unit)
    if name not in AGE_UNITS:
        ctx.report("not-a-duration", unit, unit=name)
        raise Refused
    number = ir.Age(AGE_UNITS[name], anchor, span=ctx.span(tree))
    return Num(number, None)


def equivalence_named(ctx: Context, token: Token | None) -> str | None:
    if token is None:
        return None
    if str(token) not in ctx.scope.equivalences:
        ctx.scope.unknown(str(token), ctx.span(token), "a table of equivalents", ctx.scope.equivalences)
        raise Refused
    ctx.scope.used.add(str(token))
    return str(token)


def _unit_text(unit: Unit | None) -> str:
    return "no unit" if unit is None else unit.text


def same_dimension(ctx: Context, left: Num, right: Num, at: Child) -> tuple[Num, Num]:
    """Both sides in one unit: that of the left, or the right's where the left is a bare number."""
    if left.limit or right.limit:
        ctx.report("limit-needs-result", at)
        raise Refused
    if right.bare and left.unit is not None and bare_allowed(left.unit):
        return left, Num(right.number, left.unit, right.constant)
    if left.bare and right.unit is not None and bare_allowed(right.unit):
        return Num(left.number, right.unit, left.constant), right
    if (left.unit is None) != (right.unit is None):
        unit = left.unit or right.unit
        ctx.report("missing-unit", at, name="the other side", expected=_unit_text(unit))
        raise Refused
    if left.unit is None or right.unit is None or left.unit == right.unit:
        return left, right
    return left, in_unit(ctx, right, left.unit, at)


def bare_allowed(unit: Unit) -> bool:
    return not unit.dimension and unit.factor == 1


def in_unit(ctx: Context, num: Num, unit: Unit, at: Child) -> Num:
    """The same number in another unit: constants are converted now, results say so to the evaluator."""
    match num.number:
        case ir.Observed(item=name) as result:
            molar = ctx.scope.items[name].molar_mass
            if num.unit is not None and factor(num.unit, unit, molar) is not None:
                return Num(replace(result, unit=unit), unit)
        case ir.Mean(ir.Observed(item=name) as result, last):
            molar = ctx.scope.items[name].molar_mass
            if num.unit is not None and factor(num.unit, unit, molar) is not None:
                return Num(ir.Mean(replace(result, unit=unit), last), unit)
        case ir.DoseOf() as dose:
            scale = None if num.unit is None else factor(num.unit, unit)
            if scale is not None and dose.select == "total":
                return Num(ir.Arithmetic("*", dose, ir.Constant(scale)), unit)
            if scale is not None:
                return Num(replace(dose, unit=unit), unit)
        case _:
            scale = None if num.unit is None else factor(num.unit, unit)
            if scale is not None and num.constant is not None:
                value = num.constant * scale
                return Num(ir.Constant(value), unit, value)
            if scale is not None:
                return Num(ir.Arithmetic("*", num.number, ir.Constant(scale)), unit)
    ctx.report("wrong-dimension", at, unit=_unit_text(num.unit), name="the other side", expected=unit.text)
    raise Refused


def arithmetic(ctx: Context, tree: Node) -> Num:
    a, b = tree.children[0], tree.children[-1]
    left, right = number(ctx, a), number(ctx, b)
    match str(tree.data):
        case "add" | "subtract" as op:
            left, right = same_dimension(ctx, left, right, tree)
            return Num(ir.Arithmetic("+" if op == "add" else "-", left.number, right.number), left.unit)
        case "multiply":
            if left.unit is not None and right.unit is not None:
                ctx.report("unit-in-product", tree)
                raise Refused
            return Num(ir.Arithmetic("*", left.number, right.number), left.unit or right.unit)
        case "divide":
            if right.unit is not None and right.unit == left.unit:
                return Num(ir.Arithmetic("/", left.number, right.number))
            if right.unit is not None:
                ctx.report("unit-in-product", tree)
                raise Refused
            if right.constant == 0:
                ctx.report("division-by-zero", tree)
                raise Refused
            return Num(ir.Arithmetic("/", left.number, right.number), left.unit)
        case _:
            if left.unit is not None or right.unit is not None:
                ctx.report("unit-in-product", tree)
                raise Refused
            return Num(ir.Arithmetic("^", left.number, right.number))


def call(ctx: Context, name: Token, arguments: Sequence[Child]) -> Num:
    if str(name) not in FUNCTIONS:
        ctx.scope.unknown(str(name), ctx.span(name), "a function", FUNCTIONS)
        raise Refused
    if (str(name) in ("min", "max")) != (len(arguments) > 1):
        ctx.report("wrong-arguments", name, name=str(name))
        raise Refused
    nums = [number(ctx, argument) for argument in arguments]
    unit = nums[0].unit
    if str(name) in ("min", "max"):
        for index, argument in enumerate(arguments[1:], start=1):
            nums[0], nums[index] = same_dimension(ctx, nums[0], nums[index], argument)
        unit = nums[0].unit
    elif unit is not None and str(name) != "abs":
        ctx.report("unit-in-product", name)
        raise Refused
    function = cast(Literal["sqrt", "min", "max", "ln", "log10", "exp", "abs"], str(name))
    return Num(ir.Call(function, tuple(num.number for num in nums)), unit)


def table(ctx: Context, tree: Node, children: Sequence[Child]) -> Num:
    pairs: list[tuple[Child, Child]] = []
    otherwise: Child = None
    for row in children:
        assert isinstance(row, Tree)
        _, value, condition = row.children
        if otherwise is not None:
            ctx.report("otherwise-not-last", row)
            raise Refused
        if isinstance(condition, Token):
            otherwise = value
        else:
            pairs.append((value, condition))
    return rows(ctx, tree, pairs, otherwise)


def rows(ctx: Context, tree: Node, pairs: list[tuple[Child, Child]], otherwise: Child) -> Num:
    from protodsl.elaborate import expressions

    unit: Unit | None = None
    made: list[tuple[ir.Expr, ir.Number]] = []
    first: Num | None = None
    for value, condition in pairs:
        num = number(ctx, value)
        if first is None:
            first, unit = num, num.unit
        else:
            _, num = same_dimension(ctx, first, num, value)
        made.append((expressions.truth(ctx, condition), num.number))
    last: ir.Number | None = None
    if otherwise is not None:
        num = number(ctx, otherwise)
        if first is not None:
            _, num = same_dimension(ctx, first, num, otherwise)
        last = num.number
    return Num(ir.Table(tuple(made), last), unit)


def size(value: object) -> int:
    """Nodes of an expression, shared ones counted each time: the guard against `let` chains that double."""
    match value:
        case ir.Arithmetic(left=left, right=right):
            return 1 + size(left) + size(right)
        case ir.Call(arguments=arguments):
            return 1 + sum(size(argument) for argument in arguments)
        case ir.Table(rows=pairs, otherwise=otherwise):
            return 1 + sum(size(number) for _, number in pairs) + (size(otherwise) if otherwise else 0)
    return 1
