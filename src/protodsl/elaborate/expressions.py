"""Expressions with a truth: groups, comparisons, coded results, judgement. Events are in `events`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import events, numbers, quantities
from protodsl.elaborate.scope import Child, Context, Node, Num, Refused, string, suggest
from protodsl.runtime.units import factor

OPS: dict[str, ir.Op] = {">=": ">=", "<=": "<=", "≥": ">=", "≤": "<=", ">": ">", "<": "<", "=": "="}
MIRRORED: dict[ir.Op, ir.Op] = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "="}
MAX_DEPTH = 60


def truth(ctx: Context, tree: Child) -> ir.Expr:
    """The typed expression of a tree that must be true, false or unknown."""
    match tree:
        case Tree("paren", [inner]):
            return truth(ctx, inner)
        case Tree("and_chain", members):
            return ir.And(tuple(truth(ctx, member) for member in members), span=ctx.span(tree))
        case Tree("or_chain", members):
            return ir.Or(tuple(truth(ctx, member) for member in members), span=ctx.span(tree))
        case Tree("not_", [member]):
            return ir.Not(truth(ctx, member), span=ctx.span(tree))
        case Tree("group", [Tree() as quant, *children]):
            members = [child for child in children if not isinstance(child, Token)]
            made = [truth(ctx, member) for member in members]
            for index, member in enumerate(made):
                if any(_same(member, other) for other in made[:index]):
                    ctx.report("member-twice", members[index], name="this condition")
                    raise Refused
            return combine(ctx, quant, made, "list")
        case Tree("implies", [condition, then, otherwise]):
            return implies(ctx, tree, condition, then, otherwise)
        case Tree("relaxed", [base, *relaxations]):
            return relaxed(ctx, tree, base, relaxations)
        case Tree("compare", [left, op, right, *tails]):
            return compare(ctx, tree, left, OPS[str(cast(Node, op).children[0])], right, tails)
        case Tree("between", [left, low, high, *tails]):
            return between(ctx, tree, left, low, high, tails)
        case Tree("is_", [left, negated, Tree() as value, *tails]):
            return coded(ctx, tree, left, negated is not None, value, tails)
        case Tree("change", [left, direction, op, amount, *tails]):
            return change(ctx, tree, left, str(direction), cast(Node, op), amount, tails)
        case Tree("event" | "state" | "reaction"):
            return events.event(ctx, tree)
        case Tree("judged" | "agrees", [Token() as words, by, *rest]):
            how = str(tree.data)
            default = ("investigator",) if how == "judged" else ("participant", "guardian")
            roles = (str(by),) if by is not None else default
            window = quantities.window(ctx, cast(Node, rest[0])) if rest and rest[0] is not None else None
            text = string(words)
            if not text:
                ctx.report("empty-words", words)
                raise Refused
            return ir.Answer(
                text, text, roles, "judged" if how == "judged" else "agrees", window, ctx.span(tree)
            )
        case Tree("confirmed", [Token() as name, by]):
            return confirmed(ctx, tree, name, by)
        case Tree("observed", [None, Token() as name]):
            return named(ctx, name)
        case Tree():
            ctx.report("number-where-truth", tree)
        case _:
            raise AssertionError(tree)
    raise Refused


def _same(a: ir.Expr, b: ir.Expr) -> bool:
    return _plain(a) == _plain(b)


def _plain(value: object) -> object:
    """An expression without its spans and styles, to compare two by meaning."""
    if isinstance(value, tuple):
        return tuple(_plain(member) for member in value)
    slots = getattr(type(value), "__dataclass_fields__", None)
    if slots is None or isinstance(value, Fraction):
        return value
    kept = (name for name in slots if name not in ("span", "style"))
    return (type(value).__name__, *(_plain(getattr(value, name)) for name in kept))


same_meaning = _same


def combine(ctx: Context, quant: Node, members: Sequence[ir.Expr], style: ir.Style) -> ir.Expr:
    """Members joined by `all of`, `any of`, `none of`, `at least k of` …"""
    made, span = tuple(members), ctx.span(quant)
    kind = str(quant.data)
    if kind in ("all_of", "each_of"):
        return ir.And(made, "each" if kind == "each_of" else style, span)
    if kind == "any_of":
        return ir.Or(made, style, span)
    if kind == "none_of":
        return ir.Not(ir.Or(made, style, span), span)
    count = int(numbers.quantities.number(ctx, quant.children[-1]))
    if not 0 < count <= len(made):
        ctx.report(
            "bad-count",
            quant,
            found=f"`{str(quant.data).replace('_', ' ')} {count}`",
            members=len(made),
            verb="be decided by them",
        )
        raise Refused
    if kind == "at_least":
        return ir.AtLeast(count, made, style, span)
    more = ir.Not(ir.AtLeast(count + 1, made, style, span), span) if count < len(made) else None
    if kind == "at_most":
        if more is None:
            ctx.report(
                "bad-count",
                quant,
                found=f"`{str(quant.data).replace('_', ' ')} {count}`",
                members=len(made),
                verb="be decided by them",
            )
            raise Refused
        return more
    at_least = ir.AtLeast(count, made, style, span)
    return at_least if more is None else ir.And((at_least, more), "plain", span)


def implies(ctx: Context, tree: Node, condition: Child, then: Child, otherwise: Child) -> ir.Expr:
    asked, made = truth(ctx, condition), truth(ctx, then)
    if otherwise is None:
        return ir.Or((ir.Not(asked, ctx.span(condition)), made), "implies", ctx.span(tree))
    return ir.IfElse(asked, made, truth(ctx, otherwise), ctx.span(tree))


def relaxed(ctx: Context, tree: Node, base: Child, relaxations: Sequence[Child]) -> ir.Expr:
    """`A, or B if C` is `A or (B and C)`; B is A with another limit or another window."""
    if not (isinstance(base, Tree) and base.data == "compare"):
        ctx.report("relaxed-needs-comparison", base)
        raise Refused
    left, op, right, *tails = base.children
    members = [truth(ctx, base)]
    for relax in relaxations:
        assert isinstance(relax, Tree)
        *new, condition = relax.children
        if len(new) == 2:
            variant = Tree("compare", [left, new[0], new[1], *tails], relax.meta)
        else:
            kept = [tail for tail in tails if cast(Node, tail).data in ("occasions", "clean", "qualified")]
            variant = Tree("compare", [left, op, right, *kept, new[0]], relax.meta)
        looser = truth(ctx, variant)
        if _same(looser, members[0]):
            ctx.report("relaxed-limit-equal", relax, value=_words(relax))
        members.append(ir.And((looser, truth(ctx, condition)), "relaxed", ctx.span(relax)))
    return ir.Or(tuple(members), "relaxed", ctx.span(tree))


def _words(tree: Node) -> str:
    """A limit as the author wrote it."""
    return (
        " ".join(str(token) for token in cast(Node, tree.children[1]).scan_values(lambda _: True))
        if len(tree.children) > 2
        else "window"
    )


def named(ctx: Context, name: Token) -> ir.Expr:
    """A name alone: a definition. A bare condition, drug or question is refused."""
    scope = ctx.scope
    if str(name) in scope.definitions or str(name) in scope.pending:
        from protodsl.elaborate import criteria

        criteria.define(scope, str(name), ctx.span(name))
        scope.used.add(str(name))
        return ir.Defined(str(name), ctx.span(name))
    item = scope.items.get(str(name))
    if item is None:
        scope.unknown(
            str(name), ctx.span(name), "a definition", [*scope.definitions, *scope.pending, *scope.items]
        )
    else:
        verbs = {
            "conditions": "has",
            "medications": "received",
            "procedures": "underwent",
            "answers": "confirmed",
        }
        test = f"`{verbs[item.domain]} {name}`" if item.domain in verbs else f"`{name} is …` or `{name} >= …`"
        ctx.report("not-a-test", name, name=str(name), suggestion=test.strip("`"))
    raise Refused


def confirmed(ctx: Context, tree: Node, name: Token, by: Child) -> ir.Expr:
    item = ctx.scope.items.get(str(name))
    if item is None or item.kind != "question":
        questions = [item.name for item in ctx.scope.items.values() if item.kind == "question"]
        ctx.scope.unknown(str(name), ctx.span(name), "a question", questions)
        raise Refused
    ctx.scope.used.add(item.name)
    roles = (str(by),) if by is not None else item.answered_by
    return ir.Answer(item.name, item.text or item.label, roles, "confirmed", None, ctx.span(tree))


# ---------------------------------------------------------------- comparisons


def subjects(ctx: Context, left: Child, make: Callable[[Context, Node], ir.Expr]) -> ir.Expr | None:
    """Applies `make` to every result a subject names (`each of [alt, ast]`, a class, several visits); None: not one."""
    match left:
        case Tree("quantified", [Tree() as quant, Tree() as names, *tail]):
            return combine(ctx, quant, _members(ctx, names, tail, make), "members")
        case Tree("observed", [select, Token() as name, *tail]):
            for post in tail:
                if isinstance(post, Tree) and post.data == "value_at_each":
                    quant, visits = cast(Node, post.children[0]), cast(Node, post.children[1])
                    rest = [other for other in tail if other is not post]
                    made = []
                    for visit in visits.children:
                        at = Tree("value_at", [Tree("at_name", [visit], post.meta)], post.meta)
                        made.append(make(ctx, Tree("observed", [select, name, *rest, at], left.meta)))
                    return combine(ctx, quant, made, "members")
            item = ctx.scope.items.get(str(name))
            if item is not None and item.is_class and item.domain == "results":
                ctx.scope.used.add(item.name)
                made = [
                    make(
                        ctx,
                        Tree(
                            "observed", [select, Token.new_borrow_pos("NAME", member, name), *tail], left.meta
                        ),
                    )
                    for member in item.members
                ]
                if item.open:
                    words = f"another member of “{item.label}” meets this"
                    made.append(ir.Answer(words, words, ("investigator",), "judged", None, ctx.span(name)))
                return ir.Or(tuple(made), "members", ctx.span(left))
    return None


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
            made.append(one(ctx, Tree("observed", [None, child, *tail], names.meta), make))
        elif isinstance(child, Tree):
            quant, inner = (child.children[0], child.children[1]) if child.data == "item" else (None, child)
            if quant is None:
                ctx.report("bare-list", child)
                raise Refused
            made.append(
                combine(ctx, cast(Node, quant), _members(ctx, cast(Node, inner), tail, make), "members")
            )
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
    inner = ctx.but(values=quantities.window(ctx, windows[0])) if windows else ctx
    return inner, cast(Token, words[0].children[0]) if words else None


TAILS = ("occasions", "of_last", "all_last", "clean", "qualified")


def qualify(ctx: Context, expr: ir.Expr, words: Token | None) -> ir.Expr:
    if words is None:
        return expr
    text = string(words)
    judged = ir.Answer(text, text, ("investigator",), "judged", None, ctx.span(words))
    return ir.And((expr, judged), "attribute", ctx.span(words))


def comparison(
    ctx: Context, tree: Node, left: Child, op: ir.Op, right: Child, tails: Sequence[Child]
) -> ir.Expr:
    """One comparison; a plain result on the left and a limit on the right make a `Result`, anything else a `Compare`."""
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
                number = numbers.number(ctx, left).number
                assert isinstance(number, ir.Observed)
                return item, number, str(level)
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
    if item.kind == "finding":
        ctx.report(
            "wrong-test",
            at,
            name=item.label,
            actual="words as values",
            found="a number",
            suggestion=f"{item.name} is {item.values[0]}",
        )
        raise Refused
    unit = subject.unit or item.unit
    if num.unit is not None:
        scale = None if unit is None else factor(num.unit, unit, item.molar_mass)
        if scale is None:
            wanted = unit.text if unit else "a plain number"
            ctx.report("wrong-dimension", at, unit=num.unit.text, name=item.label, expected=wanted)
            raise Refused
        value *= scale
    elif unit is not None and not numbers._bare_allowed(unit):
        ctx.report("missing-unit", at, name=item.label, expected=unit.text, suggestion=f"{value} {unit.text}")
        raise Refused
    outside = (item.minimum is not None and value < item.minimum) or (
        item.maximum is not None and value > item.maximum
    )
    if outside:
        ctx.report(
            "outside-range",
            at,
            name=item.label,
            minimum=str(item.minimum),
            maximum=str(item.maximum),
            value=str(value),
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
    if isinstance(a.number, ir.DoseOf) and b.constant is not None:
        if b.unit is None:
            ctx.report("missing-unit", right, name="a dose", expected="mg/d", suggestion=f"{b.constant} mg/d")
            raise Refused
        return events.dose_compare(ctx, tree, a.number, op, b.constant, b.unit, right)
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
        ctx.report(
            "missing-unit", right, name="age", expected="years or months", suggestion=f"{b.constant} years"
        )
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
            case Tree("clean", [target, by]):
                clean += [ir.Clean(name, _before_sample(ctx, by)) for name in events.plain_names(ctx, target)]
            case Tree("occasions" | "of_last" | "all_last"):
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
    if tree.data == "occasions":
        by = [child for child in tree.children if isinstance(child, Tree) and child.data == "quantity"]
        spaced = quantities.length(ctx, by[0]) if by else None
    else:
        last = numbers_said[1]
        if numbers_said[0] > last:
            ctx.report("bad-count", tree, found=str(numbers_said[0]), members=last, verb="hold")
            raise Refused

    def least(k: int) -> ir.Expr:
        return replace(made, occasions=ir.Occasions(k, spaced, last))

    return events.counted(word, numbers_said[0], least, ctx.span(tree))


def coded(
    ctx: Context, tree: Node, left: Child, negated: bool, value: Node, tails: Sequence[Child]
) -> ir.Expr:
    """`hbsag is positive`, `sex is female`, `grade is one of [A, B]`."""
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
    inner, qualified = tail_context(ctx, tails)

    def make(where: Context, subject: Node) -> ir.Expr:
        number = numbers.number(where, subject).number
        if not isinstance(number, ir.Observed):
            where.report("limit-needs-result", subject)
            raise Refused
        item = where.scope.items[number.item]
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
        return result(where, tree, number, ir.CodeTest(tuple(map(str, names)), negated), tails)

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
    members = tuple(truth(ctx.but(it=item), condition) for item in items)
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


def change(
    ctx: Context, tree: Node, left: Child, direction: str, op: Node, amount: Child, tails: Sequence[Child]
) -> ir.Expr:
    """`x falls by >= 25 % from A to B`: percent is of the earlier value; `percentage_points` is a difference."""
    subject = numbers.number(ctx, left).number
    windows = [tail for tail in tails if isinstance(tail, Tree) and str(tail.data) not in TAILS]
    if not isinstance(subject, ir.Observed) or subject.select != "latest":
        ctx.report("limit-needs-result", left)
        raise Refused
    if len(windows) != 1 or len(windows) != len(tails):
        ctx.report("change-needs-window", tree)
        raise Refused
    if windows[0].data == "from_to":
        start, end = (
            quantities.around(ctx, quantities.anchor(ctx, cast(Node, a))) for a in windows[0].children
        )
    else:
        start = end = quantities.window(ctx, windows[0])
    item = ctx.scope.items[subject.item]
    num = numbers.number(ctx, amount)
    if num.constant is None or num.constant < 0:
        ctx.report("nothing-compared", amount)
        raise Refused
    percent = num.unit is not None and num.unit.text == "%"
    value = num.constant
    if num.unit is not None and num.unit.text == "percentage_points":
        if item.unit is None or item.unit.text != "%":
            ctx.report(
                "wrong-dimension",
                amount,
                unit="percentage_points",
                name=item.label,
                expected=item.unit.text if item.unit else "no unit",
            )
            raise Refused
    elif not percent:
        value = limit(ctx, ir.Observed(item.name), num, amount).value if num.unit else value
        if num.unit is None and item.unit is not None and not numbers._bare_allowed(item.unit):
            ctx.report("missing-unit", amount, name=item.label, expected=item.unit.text)
            raise Refused
    operator = OPS[str(op.children[0])]

    def made(way: str) -> ir.Expr:
        return ir.Change(item.name, "falls" if way == "falls" else "rises", operator, value, percent, start, end,
                         ctx.span(tree))  # fmt: skip

    if direction == "changes":
        return ir.Or((made("falls"), made("rises")), "plain", ctx.span(tree))
    return made(direction)
