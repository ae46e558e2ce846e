"""Comparisons: results with limits, coded values, ages, counts over a panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import doses, events, expressions, limits, numbers, parameters, quantities, sides
from protodsl.elaborate.scope import Child, Context, Node, Num, Refused, string, suggest
from protodsl.runtime.units import factor
from protodsl.runtime.words import number_text

OPS: dict[str, ir.Op] = {">=": ">=", "<=": "<=", "≥": ">=", "≤": "<=", ">": ">", "<": "<", "=": "="}
MIRRORED: dict[ir.Op, ir.Op] = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "="}


def subjects(ctx: Context, left: Child, make: Callable[[Context, Node], ir.Expr]) -> ir.Expr | None:
    """Applies `make` to every result a subject names (`each of [alt, ast]`, a class, several visits).

    None where the subject names a single result or is no result."""
    match left:
        case Tree("quantified", [Tree() as quant, Tree() as names, *tail]):
            return expressions.combine(ctx, quant, _members(ctx, names, tail, make), "members")
        case Tree("observed", [select, Token() as name, *tail]):
            for post in tail:
                if isinstance(post, Tree) and str(post.data) in sides.POSTS and sides.literal(post) is None:
                    return _by_side(ctx, left, post, make)
                if isinstance(post, Tree) and post.data == "value_at_each":
                    quant, visits = cast(Node, post.children[0]), cast(Node, post.children[1])
                    rest = [other for other in tail if other is not post]
                    made = []
                    for visit in visits.children:
                        at = expressions.node("value_at", [expressions.node("at_name", [visit], post)], post)
                        there = expressions.node("observed", [select, name, *rest, at], left)
                        made.append(one(ctx, there, make))
                    return expressions.combine(ctx, quant, made, "members")
            item = ctx.scope.items.get(str(name))
            if item is not None and item.is_class and item.domain == "results":
                ctx.scope.used.add(item.name)
                made = []
                for member in item.members:
                    token = Token.new_borrow_pos("NAME", member, name)
                    made.append(make(ctx, expressions.node("observed", [select, token, *tail], left)))
                if item.open:
                    words = f"another member of “{item.label}” meets this"
                    made.append(ir.Answer(words, words, ("investigator",), "judged", None, ctx.span(name)))
                return ir.Or(tuple(made), "members", ctx.span(left))
    return None


def _by_side(ctx: Context, left: Node, post: Node, make: Callable[[Context, Node], ir.Expr]) -> ir.Expr:
    rest = [child for child in left.children if child is not post]

    def of(side: sides.Side) -> ir.Expr:
        token = Token.new_borrow_pos("NAME", side, cast(Token, post.children[0]))
        there = expressions.node("value_side", [token], post)
        return one(ctx, expressions.node("observed", [*rest, there], left), make)

    return sides.spread(ctx, post, of)


def _members(
    ctx: Context, names: Node, tail: Sequence[Child], make: Callable[[Context, Node], ir.Expr]
) -> list[ir.Expr]:
    made: list[ir.Expr] = []
    seen: set[str] = set()
    for child in names.children:
        if isinstance(child, Token):
            if str(child) in seen:
                ctx.report("member-twice", child, name=str(child))
                raise Refused
            seen.add(str(child))
            made.append(one(ctx, expressions.node("observed", [None, child, *tail], names), make))
        elif isinstance(child, Tree):
            quant, inner = (child.children[0], child.children[1]) if child.data == "item" else (None, child)
            if quant is None:
                ctx.report("bare-list", child)
                raise Refused
            nested = _members(ctx, cast(Node, inner), tail, make)
            made.append(expressions.combine(ctx, cast(Node, quant), nested, "members"))
    return made


def one(ctx: Context, subject: Node, make: Callable[[Context, Node], ir.Expr]) -> ir.Expr:
    return subjects(ctx, subject, make) or make(ctx, subject)


def compare(
    ctx: Context, tree: Node, left: Child, op: ir.Op, right: Child, tails: Sequence[Child]
) -> ir.Expr:
    if isinstance(left, Tree) and left.data == "count":
        return count(ctx, tree, left, op, right)
    inner, qualified = tail_context(ctx, tails)

    def make(where: Context, subject: Node) -> ir.Expr:
        return comparison(where, tree, subject, op, right, tails)

    expr = subjects(inner, left, make)
    if expr is None:
        expr = comparison(inner, tree, left, op, right, tails)
    return qualify(ctx, expr, qualified)


def between(
    ctx: Context, tree: Node, left: Child, low: Child, high: Child, tails: Sequence[Child]
) -> ir.Expr:
    """Both ends included; `between 5 and 18 years` gives the first number the unit of the second."""
    inner, qualified = tail_context(ctx, tails)
    if _is_bare(low) and isinstance(high, Tree) and high.data == "quantity" and isinstance(low, Tree):
        unit = [child for child in high.children if isinstance(child, Token) and child.type == "UNIT"]
        low = Tree("quantity", [*low.children, *unit], low.meta)

    ends = [numbers.number(ctx, end).constant if _is_quantity(end) else None for end in (low, high)]
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        ctx.report("bad-bounds", tree, minimum=number_text(ends[0]), maximum=number_text(ends[1]))
        raise Refused

    def make(where: Context, subject: Node) -> ir.Expr:
        first = comparison(where, tree, subject, ">=", low, tails)
        second = comparison(where, tree, subject, "<=", high, tails)
        match first, second:
            case ir.Result(test=ir.NumberTest(a)), ir.Result(test=ir.NumberTest(b)):
                return replace(first, test=ir.NumberTest((*a, *b)))
            case ir.Result(test=ir.CodeTest(a)), ir.Result(test=ir.CodeTest(b)):
                return replace(first, test=ir.CodeTest(tuple(code for code in a if code in b)))
            case _:
                return ir.And((first, second), "plain", ctx.span(tree))

    expr = subjects(inner, left, make)
    if expr is None:
        assert isinstance(left, Tree)
        expr = make(inner, left)
    return qualify(ctx, expr, qualified)


def _is_quantity(tree: Child) -> bool:
    return isinstance(tree, Tree) and tree.data == "quantity"


def _is_bare(tree: Child) -> bool:
    return (
        isinstance(tree, Tree)
        and tree.data == "quantity"
        and not any(isinstance(child, Token) and child.type == "UNIT" for child in tree.children)
    )


def tail_context(ctx: Context, tails: Sequence[Child]) -> tuple[Context, Token | None]:
    """The context with the window said behind a comparison, and the words of a `judged` qualifier."""
    windows = [tail for tail in tails if isinstance(tail, Tree) and str(tail.data) not in TAILS]
    words = [tail for tail in tails if isinstance(tail, Tree) and tail.data == "qualified"]
    for several, what in ((windows, "the window"), (words, "the judgement")):
        if len(several) > 1:
            ctx.report("said-twice", several[1], what=what)
            raise Refused
    if windows:
        window = quantities.window(ctx, windows[0])
        ctx = ctx.but(values=window, said=window)
    return ctx, cast(Token, words[0].children[0]) if words else None


TAILS = ("occasions", "of_last", "consecutive", "all_last", "clean", "qualified")


def qualify(ctx: Context, expr: ir.Expr, words: Token | None) -> ir.Expr:
    if words is None:
        return expr
    text = string(words)
    judged = ir.Answer(text, text, ("investigator",), "judged", None, ctx.span(words))
    return ir.And((expr, judged), "attribute", ctx.span(words))


def comparison(
    ctx: Context, tree: Node, left: Child, op: ir.Op, right: Child, tails: Sequence[Child]
) -> ir.Expr:
    """A plain result on the left and a limit on the right make a `Result`, anything else a `Compare`."""
    for side, other, operator in ((right, left, op), (left, right, MIRRORED[op])):
        one = parameters.named(ctx, side)
        if one is not None:
            said = parameters.opened(ctx, one)
            if isinstance(said, list):
                return parameters.compared(ctx, tree, other, operator, said, tails)
            return comparison(ctx, tree, other, operator, said, tails)
    grade = _grade(ctx, left, right)
    if grade is not None:
        item, observed, level = grade
        index = item.values.index(level)
        keep = {">=": range(index, len(item.values)), ">": range(index + 1, len(item.values)), "=": (index,),
                "<=": range(index + 1), "<": range(index)}[op]  # fmt: skip
        return result(ctx, tree, observed, ir.CodeTest(tuple(item.values[i] for i in keep)), tails)
    a = numbers.number(ctx, left)
    if isinstance(right, Tree) and right.data == "either_unit":
        return result(ctx, tree, observed_only(ctx, a, right), several_units(ctx, a, op, right), tails)
    b = numbers.number(ctx, right)
    if b.limit is not None:
        subject = observed_only(ctx, a, right)
        item = ctx.scope.items[subject.item]
        if item.unit is None or item.kind == "score":
            ctx.report(
                "no-reference-limit",
                right,
                name=item.label,
                limit=b.limit.which.upper(),
                expected=item.unit.text if item.unit else "points",
                field=b.limit.which,
            )
            raise Refused
        return result(ctx, tree, subject, ir.NumberTest(((op, b.limit),)), tails)
    if isinstance(a.number, ir.Observed) and b.constant is not None:
        return result(ctx, tree, a.number, ir.NumberTest(((op, limit(ctx, a.number, b, right)),)), tails)
    if isinstance(b.number, ir.Observed) and a.constant is not None:
        return result(
            ctx, tree, b.number, ir.NumberTest(((MIRRORED[op], limit(ctx, b.number, a, left)),)), tails
        )
    return general(ctx, tree, a, op, b, left, right, tails)


def _grade(ctx: Context, left: Child, right: Child) -> tuple[ir.Item, ir.Observed, str] | None:
    """`nyha_class >= III`: a grade compared with one of its levels."""
    match left, right:
        case Tree("observed", [_, Token() as name, *_]), Tree("observed", [None, Token() as level]):
            item = ctx.scope.items.get(str(name))
            if item is not None and item.kind == "grade":
                if str(level) not in item.values:
                    ctx.report(
                        "unknown-value",
                        level,
                        name=item.name,
                        value=str(level),
                        suggestion=suggest(str(level), item.values),
                        expected=item.values,
                    )
                    raise Refused
                observed = numbers.worded(ctx, left)
                assert observed is not None
                return item, observed, str(level)
    return None


def observed_only(ctx: Context, num: Num, at: Child) -> ir.Observed:
    if not isinstance(num.number, ir.Observed):
        ctx.report("limit-needs-result", at)
        raise Refused
    return num.number


def several_units(ctx: Context, num: Num, op: ir.Op, tree: Node) -> ir.NumberTest:
    options = []
    for child in tree.children:
        value, token = quantities.quantity(ctx, cast(Node, child))
        if token is None:
            ctx.report("missing-unit", child, name="each of the two limits", expected="a unit of its own")
            raise Refused
        options.append((value, quantities.unit_of(ctx, token)))
    subject = observed_only(ctx, num, tree)
    item = ctx.scope.items[subject.item]
    for (_, unit), child in zip(options, tree.children, strict=True):
        if item.unit is None or factor(unit, item.unit, item.molar_mass) is None:
            ctx.report(
                "wrong-dimension",
                child,
                unit=unit.text,
                name=item.label,
                expected=item.unit.text if item.unit else "no unit",
            )
            raise Refused
    if options[0][1].dimension == options[1][1].dimension:
        ctx.report("same-dimension-twice", tree)
        raise Refused
    return ir.NumberTest(((op, ir.Quantities(tuple(options))),))


def limit(ctx: Context, subject: ir.Observed, num: Num, at: Child) -> ir.Constant:
    """A constant limit on an item, in the item's unit, inside its declared range."""
    item = ctx.scope.items[subject.item]
    assert num.constant is not None
    value = num.constant
    unit = subject.unit or item.unit
    if num.unit is not None:
        scale = None if unit is None else factor(num.unit, unit, item.molar_mass)
        if scale is None:
            wanted = unit.text if unit else "a plain number"
            ctx.report("wrong-dimension", at, unit=num.unit.text, name=item.label, expected=wanted)
            raise Refused
        value *= scale
    elif unit is not None and not numbers.bare_allowed(unit):
        said = f"{number_text(value)} {unit.text}"
        ctx.report("missing-unit", at, name=item.label, expected=unit.text, suggestion=said)
        raise Refused
    outside = (item.minimum is not None and value < item.minimum) or (
        item.maximum is not None and value > item.maximum
    )
    if outside:
        ctx.report(
            "outside-range",
            at,
            name=item.label,
            minimum=number_text(item.minimum) if item.minimum is not None else "any",
            maximum=number_text(item.maximum) if item.maximum is not None else "any",
            value=number_text(value),
        )
        raise Refused
    return ir.Constant(value)


def general(
    ctx: Context, tree: Node, a: Num, op: ir.Op, b: Num, left: Child, right: Child, tails: Sequence[Child]
) -> ir.Expr:
    for tail in tails:
        if isinstance(tail, Tree) and str(tail.data) in TAILS and tail.data != "qualified":
            ctx.report(
                "wrong-clause",
                tail,
                clause=str(tail.data).replace("_", " "),
                name="a number that is no plain result",
            )
            raise Refused
    ages = [num for num in (a, b) if isinstance(num.number, ir.Age)]
    if ages:
        return age_compare(ctx, tree, a, op, b, right)
    if isinstance(b.number, ir.DoseOf | ir.Mean) and a.constant is not None:
        a, op, b, right = b, MIRRORED[op], a, left
    if isinstance(a.number, ir.DoseOf) and b.constant is not None:
        return doses.against(ctx, tree, a.number, op, b, right)
    if isinstance(a.number, ir.Mean) and b.constant is not None:
        bound = limit(ctx, a.number.of, b, right)
        return ir.Compare(a.number, op, bound, a.number.of.unit, ctx.span(tree))
    if a.constant is not None and b.constant is not None:
        ctx.report("nothing-compared", tree)
        raise Refused
    a, b = numbers.same_dimension(ctx, a, b, right)
    return ir.Compare(a.number, op, b.number, a.unit, ctx.span(tree))


def age_compare(ctx: Context, tree: Node, a: Num, op: ir.Op, b: Num, right: Child) -> ir.Expr:
    """Ages are completed years, months or days: the unit of the limit says which."""
    if isinstance(b.number, ir.Age):
        a, b, op = b, a, MIRRORED[op]
    age = a.number
    assert isinstance(age, ir.Age)
    if b.constant is None or b.constant.denominator != 1:
        ctx.report("age-needs-whole", right)
        raise Refused
    token = next((t for t in cast(Node, right).children if isinstance(t, Token) and t.type == "UNIT"), None)
    if token is not None:
        if str(token) not in numbers.AGE_UNITS:
            ctx.report("not-a-duration", token, unit=str(token))
            raise Refused
        age = replace(age, unit=numbers.AGE_UNITS[str(token)])
    elif not ctx.formula:
        said = f"{number_text(b.constant)} years"
        ctx.report("missing-unit", right, name="age", expected="years or months", suggestion=said)
        raise Refused
    if op == ">" and not ctx.formula:
        ctx.report("years-over", tree, years=str(b.constant), next=str(b.constant + 1))
    return ir.Compare(age, op, ir.Constant(b.constant), None, ctx.span(tree))


def result(
    ctx: Context, tree: Node, observed: ir.Observed, test: ir.NumberTest | ir.CodeTest, tails: Sequence[Child]
) -> ir.Expr:
    """A test on results, with its occasions and its unspoilt samples."""
    clean = []
    occasions: Node | None = None
    for tail in tails:
        match tail:
            case Tree("clean", [Tree() as target, by]):
                clean += [ir.Clean(name, _before_sample(ctx, by)) for name in events.plain_names(ctx, target)]
            case Tree("occasions" | "of_last" | "consecutive" | "all_last"):
                occasions = tail
    if observed.window is None and observed.select == "latest" and not ctx.formula:
        ctx.report("no-validity", tree, name=ctx.scope.items[observed.item].label)
    observed = replace(observed, clean=tuple(clean))
    made = ir.Result(observed, test, None, ctx.span(tree))
    return made if occasions is None else often(ctx, made, occasions)


def _before_sample(ctx: Context, by: Child) -> ir.Window:
    span = quantities.duration(ctx, cast(Node, by))
    return ir.Window(ir.Bound(ir.OfSample(), -1, span), ir.Bound(ir.OfSample()))


def often(ctx: Context, made: ir.Result, tree: Node) -> ir.Expr:
    """`on at least 3 occasions spaced at least 4 weeks apart`, `on at least 2 of the last 3 measurements`."""
    numbers_said = [int(t) for t in tree.children if isinstance(t, Token) and t.type == "NUMBER"]
    if any(not 0 < n <= 1000 for n in numbers_said):
        ctx.report("bad-count", tree, found=str(numbers_said[0]), members=1000, verb="be counted")
        raise Refused
    if tree.data == "all_last":
        return replace(made, occasions=ir.Occasions(numbers_said[0], None, numbers_said[0]))
    counting = cast(Node, tree.children[0])
    word = str(counting.children[0]) if counting.children else "exactly"
    spaced = None
    last = None
    row = tree.data == "consecutive"
    if tree.data == "occasions":
        by = [child for child in tree.children if isinstance(child, Tree) and child.data == "quantity"]
        spaced = quantities.length(ctx, by[0]) if by else None
    elif not row:
        last = numbers_said[1]
        if numbers_said[0] > last:
            ctx.report("bad-count", tree, found=str(numbers_said[0]), members=last, verb="hold")
            raise Refused

    def least(k: int) -> ir.Expr:
        return replace(made, occasions=ir.Occasions(k, spaced, last, row and k > 1))

    return events.counted(word, numbers_said[0], least, ctx.span(tree))


def coded(
    ctx: Context, tree: Node, left: Child, negated: bool, value: Node, tails: Sequence[Child]
) -> ir.Expr:
    """`hbsag is positive`, `sex is female`, `grade is one of [A, B]`."""
    if value.data in ("is_rows", "is_first_of"):
        if negated:
            ctx.report("rows-negated", tree)
            raise Refused
        return limits.by_case(ctx, tree, left, value, tails)
    listed = value if value.data == "is_name" else cast(Node, value.children[0])
    names = [cast(Token, name) for name in listed.children]
    negated ^= value.data == "is_none_of"
    match left:
        case Tree("observed", [None, Token("NAME", "sex")]):
            if len(names) != 1 or str(names[0]) not in ("female", "male"):
                ctx.report(
                    "unknown-value", names[0], name="sex", value=str(names[0]), expected=("female", "male")
                )
                raise Refused
            sex = ir.Sex("female" if str(names[0]) == "female" else "male", ctx.span(tree))
            return ir.Not(sex, ctx.span(tree)) if negated else sex
        case Tree("observed", [None, Token("NAME") as name]) if str(name) not in ctx.scope.items:
            if str(name) in parameters.SETTINGS:
                return parameters.setting(ctx, tree, str(name), names, negated=negated)
            if str(name) == "cohort":
                ctx.report("cohort-not-here", tree, name="this")
                raise Refused
    inner, qualified = tail_context(ctx, tails)

    def make(where: Context, subject: Node) -> ir.Expr:
        observed = numbers.worded(where, subject)
        if observed is None:
            where.report("limit-needs-result", subject)
            raise Refused
        item = where.scope.items[observed.item]
        for name in names:
            if str(name) not in item.values:
                where.report(
                    "unknown-value",
                    name,
                    name=item.name,
                    value=str(name),
                    suggestion=suggest(str(name), item.values),
                    expected=item.values,
                )
                raise Refused
        return result(where, tree, observed, ir.CodeTest(tuple(map(str, names)), negated), tails)

    assert isinstance(left, Tree)
    return qualify(ctx, one(inner, left, make), qualified)


def count(ctx: Context, tree: Node, left: Node, op: ir.Op, right: Child) -> ir.Expr:
    """`count of panel where (it …) < 2`: one copy of the condition for each item of the panel."""
    name, condition = cast(Token, left.children[0]), left.children[1]
    items = ctx.scope.panels.get(str(name))
    if items is None:
        ctx.scope.unknown(str(name), ctx.span(name), "a panel", ctx.scope.panels)
        raise Refused
    limit = numbers.number(ctx, right).constant
    if limit is None or limit.denominator != 1:
        ctx.report("age-needs-whole", right)
        raise Refused
    ctx.scope.used.add(str(name))
    members = tuple(expressions.truth(ctx.but(it=item), condition) for item in items)
    span, k = ctx.span(tree), int(limit)

    def least(n: int) -> ir.Expr:
        return ir.AtLeast(n, members, "members", span)

    def at_most(n: int) -> ir.Expr:
        return ir.Not(least(n + 1), span)

    if not 0 <= k <= len(items) or (op in (">=", "<") and k == 0) or (op in (">", "<=") and k == len(items)):
        ctx.report("bad-count", tree, found=f"`{op} {k}`", members=len(items), verb="be decided by the items")
        raise Refused
    match op:
        case ">=":
            return least(k)
        case ">":
            return least(k + 1)
        case "<":
            return at_most(k - 1)
        case "<=":
            return at_most(k)
        case "=":
            if k == 0:
                return at_most(0)
            return least(k) if k == len(items) else ir.And((least(k), at_most(k)), "plain", span)
