"""Events: conditions, drugs, procedures; that they were, when, how long, how much and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Literal, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.elaborate import comparisons, doses, expressions, quantities, sides
from protodsl.elaborate.scope import Child, Context, Node, Refused
from protodsl.source import Span

# verb: the domains it may speak of, whether it asks about the anchor day only, whether for the first day
VERBS: dict[str, tuple[tuple[ir.Domain, ...], bool, bool]] = {
    "has": (("conditions",), True, False),
    "had": (("conditions",), False, False),
    "was diagnosed with": (("conditions",), False, True),
    "receives": (("medications",), True, False),
    "takes": (("medications",), True, False),
    "received": (("medications", "procedures"), False, False),
    "took": (("medications",), False, False),
    "started": (("medications",), False, True),
    "underwent": (("procedures",), False, False),
    "participated in": (("procedures",), False, False),
    "was hospitalised for": (("procedures",), False, False),
}
REACTIONS = {
    "refractory": "refractory to", "intolerant": "intolerant to", "responded": "responded to",
    "relapsed": "relapsed after", "progressed": "progressed on",
}  # fmt: skip
SEVERITIES = ("mild", "moderate", "severe", "life_threatening")
SCALES = ("severity", "grade", "stage")


def event(ctx: Context, tree: Node) -> ir.Expr:
    match tree:
        case Tree("event", [Tree("verb", [Token() as said]), no, Tree() as target, *tails]):
            verb = " ".join(said.split())
            domains, now, first_day = VERBS[verb]
            base = ir.Exists(
                "", quantities.NOW if now else quantities.EVER, verb, first_day, span=ctx.span(tree)
            )
            made = targets(ctx, target, domains, base, (), tails)
            return made if no is None else ir.Not(made, ctx.span(tree))
        case Tree("state", [negated, Token() as name, *tails]):
            base = ir.Exists("", quantities.NOW, "is", span=ctx.span(tree))
            item = event_item(ctx, name, ("conditions",), "is")
            if item.kind != "state":
                ctx.report(
                    "wrong-kind",
                    name,
                    name=item.name,
                    actual=item.kind,
                    expected="a state",
                    suggestion=f"has {item.name}",
                )
                raise Refused
            made = exists(ctx, replace(base, item=item.name), tails)
            return made if negated is None else ir.Not(made, ctx.span(tree))
        case Tree("reaction", children):
            words = [child for child in children if isinstance(child, Token)]
            asked = [child for child in children if isinstance(child, Tree)]
            return targets(ctx, asked[0], ("medications",), *reactions(ctx, tree, words), asked[1:])
        case Tree("event_rows", [Tree() as verb, no, Tree() as quant, *rows]):
            made = table(ctx, verb, quant, [row for row in rows if isinstance(row, Tree)])
            return made if no is None else ir.Not(made, ctx.span(tree))
        case Tree(
            "event_lines", [Tree("verb", [Token() as said]), no, Tree() as quant, Token() as name, *tails]
        ):
            made = lines(ctx, tree, " ".join(said.split()), quant, name, tails)
            return made if no is None else ir.Not(made, ctx.span(tree))
    raise AssertionError(tree.data)


def reactions(ctx: Context, tree: Node, words: Sequence[Token]) -> tuple[ir.Exists, list[ir.Exists]]:
    """`refractory or intolerant to`: what is asked of a drug, and what may stand for it."""
    made: dict[str, ir.Exists] = {}
    for word in words:
        response = str(word).split()[0]
        if response in made:
            ctx.report("member-twice", word, name=response)
            raise Refused
        test = ir.AttributeTest("response", "=", response)
        made[response] = ir.Exists(
            "", quantities.EVER, REACTIONS[response], attributes=(test,), span=ctx.span(tree)
        )
    first, *others = made.values()
    return first, others


def table(ctx: Context, verb: Node, quant: Node, rows: Sequence[Node]) -> ir.Expr:
    """`received any of { - a within 4 weeks before t … - b within 8 weeks before t unless underwent c }`."""
    made: list[ir.Expr] = []
    for row in rows:
        _, target, *tails, excuse = row.children
        said = expressions.node("event", [verb, None, target, *tails], row)
        expr = event(ctx, said)
        if excuse is not None:
            excused = ir.Not(expressions.truth(ctx, excuse), ctx.span(excuse))
            expr = ir.And((expr, excused), "unless", ctx.span(row))
        if any(expressions.same_meaning(expr, other) for other in made):
            ctx.report("member-twice", row, name="this row")
            raise Refused
        made.append(expr)
    return expressions.combine(ctx, quant, made, "list")


def lines(ctx: Context, tree: Node, verb: str, quant: Node, name: Token, tails: Sequence[Child]) -> ir.Expr:
    """`received at least 2 lines of chemotherapy`: so many different lines of treatment."""
    if verb not in ("received", "took"):
        ctx.report("lines-need-received", tree, verb=verb, name=str(name))
        raise Refused
    item = event_item(ctx, name, ("medications",), verb)
    count = int(quantities.number(ctx, quant.children[1 if len(quant.children) > 2 else 0]))
    if not 0 < count <= 100:
        ctx.report("bad-count", quant, found=str(count), members=100, verb="be counted")
        raise Refused
    made = exists(ctx, ir.Exists(item.name, quantities.EVER, verb, lines=True, span=ctx.span(tree)), tails)
    if not isinstance(made, ir.Exists) or made.dose is not None or made.lasting is not None or made.least > 1:
        ctx.report("wrong-clause", tails[0], clause="another clause", name="lines of treatment")
        raise Refused
    word = str(quant.data).removeprefix("lines_").replace("_", " ")
    return counted(word, count, lambda k: replace(made, least=k), ctx.span(tree))


def event_item(ctx: Context, token: Token, domains: tuple[ir.Domain, ...], verb: str) -> ir.Item:
    item = ctx.scope.items.get(str(token))
    if item is None:
        names = [item.name for item in ctx.scope.items.values() if item.domain in domains]
        ctx.scope.unknown(str(token), ctx.span(token), " or ".join(_KINDS[d] for d in domains), names)
        raise Refused
    if verb == "was hospitalised for" and item.domain == "conditions":
        ctx.report("disease-is-no-stay", token, name=item.name, label=item.label)
        raise Refused
    if item.domain not in domains:
        verbs = (
            ["underwent"]
            if item.domain == "procedures"
            else [said for said, (of, _, _) in VERBS.items() if item.domain in of]
        )
        ctx.report(
            "wrong-kind",
            token,
            name=item.name,
            actual=item.kind,
            expected=" or ".join(_KINDS[d] for d in domains),
            suggestion=f"{verbs[0]} {item.name}" if verbs else None,
        )
        raise Refused
    ctx.scope.used.add(item.name)
    return item


_NO_SIDE = (
    "a record says no side of a drug: declare what was done as a procedure, such as "
    "`underwent intravitreal_injection of study_eye`"
)
_KINDS: dict[ir.Domain, str] = {
    "conditions": "a condition", "medications": "a drug", "procedures": "a procedure",
    "results": "a result", "answers": "a question",
}  # fmt: skip


def targets(
    ctx: Context, target: Node, domains: tuple[ir.Domain, ...], base: ir.Exists, others: Sequence[ir.Exists],
    tails: Sequence[Child],
) -> ir.Expr:  # fmt: skip
    """One item, a class, or a quantified list; lists may nest, an inner `any of` counting once. Of each item
    either what `base` asks or what one of the others does.
    """

    def leaf(token: Token) -> ir.Expr:
        return of(event_item(ctx, token, domains, base.verb).name, token)

    def of(name: str, token: Token) -> ir.Expr:
        made = [exists(ctx, replace(each, item=name), tails) for each in (base, *others)]
        return made[0] if len(made) == 1 else ir.Or(tuple(made), "plain", ctx.span(token))

    def listed(quant: Node, names: Node) -> ir.Expr:
        made: list[ir.Expr] = []
        seen: set[str] = set()
        for child in names.children:
            if isinstance(child, Token):
                if str(child) in seen:
                    ctx.report("member-twice", child, name=str(child))
                    raise Refused
                seen.add(str(child))
                made.append(leaf(child))
            elif isinstance(child, Tree):
                made.append(listed(cast(Node, child.children[0]), cast(Node, child.children[1])))
        return expressions.combine(ctx, quant, made, "members")

    match target.children:
        case [Token() as token]:
            return leaf(token)
        case [Tree() as quant, Token() as token]:
            item = event_item(ctx, token, domains, base.verb)
            if not item.is_class:
                ctx.report(
                    "wrong-kind",
                    token,
                    name=item.name,
                    actual=item.kind,
                    expected="a class",
                    suggestion=f"{base.verb} {item.name}",
                )
                raise Refused
            once = quant.data == "any_of" or (quant.data == "at_least" and str(quant.children[-1]) == "1")
            if once:
                return leaf(token)
            if quant.data == "none_of":
                return ir.Not(leaf(token), ctx.span(quant))
            if item.open:
                ctx.report("open-class-counted", token, name=item.name)
                raise Refused
            made = [of(member, token) for member in item.members]
            return expressions.combine(ctx, quant, made, "members")
        case [Tree() as quant, Tree() as names]:
            return listed(quant, names)
    raise AssertionError(target)


def exists(ctx: Context, base: ir.Exists, tails: Sequence[Child]) -> ir.Expr:
    """The tails of an event, each said at most once."""
    post = next((one for one in tails if isinstance(one, Tree) and str(one.data) in sides.POSTS), None)
    if post is not None:
        rest = [other for other in tails if other is not post]
        return sides.spread(ctx, post, lambda side: on_side(ctx, base, side, post, rest))
    words: Token | None = None
    times: Node | None = None
    stable: Node | None = None
    seen: set[str] = set()
    for tail in tails:
        assert isinstance(tail, Tree)
        name = str(tail.data)
        group = name if name in _TAILS else "window"
        if group in seen and group != "graded":
            ctx.report("said-twice", tail, what=_TAILS.get(group, "the window"))
            raise Refused
        seen.add(group)
        match tail:
            case Tree("when", [Tree() as at]):
                base = replace(base, window=quantities.on_day(quantities.anchor(ctx, at)))
            case Tree("dose", [cmp, Tree() as asked, equivalence]):
                given = cast("Token | None", equivalence)
                base = replace(base, dose=doses.asked(ctx, base.item, _op(cmp), asked, given))
            case Tree("stable"):
                stable = tail
            case Tree("lasting", [Tree() as cmp, Tree() as by]):
                base = replace(base, lasting=(_op(cmp), quantities.length(ctx, by)))
            case Tree("graded", [Token() as scale, Tree() as cmp, value]):
                base = replace(base, attributes=(*base.attributes, graded(ctx, scale, _op(cmp), value)))
            case Tree("route" | "reason", [Token() as word]):
                attribute: Literal["route", "reason"] = "route" if name == "route" else "reason"
                base = replace(
                    base, attributes=(*base.attributes, ir.AttributeTest(attribute, "=", str(word)))
                )
            case Tree("except_", [Tree() as target]):
                base = replace(base, but_not=plain_names(ctx, target))
            case Tree("qualified", [Token() as text]):
                words = text
            case Tree("occasions" | "of_last" | "consecutive" | "all_last"):
                times = tail
            case _:
                base = replace(base, window=quantities.window(ctx, tail))
    refuse_foreign(ctx, base, tails)
    if stable is not None:
        return comparisons.qualify(ctx, doses.stable(ctx, base, stable), words)
    if base.dose is not None and base.lasting is None:
        if base.attributes or base.but_not or times is not None or base.first_day:
            ctx.report("wrong-clause", tails[0], clause="another clause", name="a dose without `for`")
            raise Refused
        amount = base.dose
        number = ir.DoseOf(
            base.item, amount.equivalence, base.window, amount.unit, amount.per, span=base.span
        )
        made: ir.Expr = ir.Compare(number, amount.op, ir.Constant(amount.amount), amount.unit, base.span)
    elif times is not None:
        made = occasions(ctx, base, times)
    else:
        made = each_half_life(ctx, base)
    return comparisons.qualify(ctx, made, words)


def each_half_life(ctx: Context, asked: ir.Exists) -> ir.Expr:
    """A class without a half-life, asked in a window told in half-lives: each of its drugs by its own.

    What is under the class and none of them keeps a window whose length nobody knows.
    """
    item = ctx.scope.items[asked.item]
    if not (item.is_class and item.half_life is None and _in_half_lives(asked.window)) or asked.lines:
        return asked
    drugs = tuple(drugs_of(ctx, item))
    if not drugs or asked.dose is not None:
        return asked
    kept = [name for name in drugs if name not in asked.but_not]
    rest = replace(asked, but_not=(*asked.but_not, *kept))
    return ir.Or((*(replace(asked, item=name) for name in kept), rest), "members", asked.span)


def drugs_of(ctx: Context, item: ir.Item) -> Iterator[str]:
    """Under a class: its drugs, and the classes in it that declare a half-life; each once."""
    seen: set[str] = set()
    waiting = list(reversed(item.members))
    while waiting:
        member = ctx.scope.items.get(waiting.pop())
        if member is None or member.name in seen:
            continue
        seen.add(member.name)
        if member.is_class and member.half_life is None:
            waiting += reversed(member.members)
        else:
            yield member.name


def _in_half_lives(window: ir.Window) -> bool:
    lengths: list[ir.Length] = []
    for bound in (window.start, window.end):
        match bound.by if bound is not None else None:
            case ir.Extreme(_, first, second):
                lengths += [first, second]
            case ir.Length() as by:
                lengths.append(by)
    return any(by.unit == "half_life" for by in lengths)


def on_side(ctx: Context, base: ir.Exists, side: str, at: Node, tails: Sequence[Child]) -> ir.Expr:
    item = ctx.scope.items[base.item]
    if item.domain == "medications":
        ctx.report(
            "wrong-clause",
            at,
            clause="side",
            name=f"`{item.name}`",
            expected="a condition or procedure",
            help=_NO_SIDE if item.domain == "medications" else None,
        )
        raise Refused
    test = ir.AttributeTest("side", "=", side)
    return exists(ctx, replace(base, attributes=(*base.attributes, test)), tails)


def refuse_foreign(ctx: Context, base: ir.Exists, tails: Sequence[Child]) -> None:
    """Routes and responses belong to drugs; severity, grade and stage to conditions."""
    item = ctx.scope.items[base.item]
    for test in base.attributes:
        if test.attribute == "side":
            continue
        domain = "medications" if test.attribute in ("route", "response", "reason") else "conditions"
        if item.domain != domain:
            wanted = "a drug" if domain == "medications" else "a condition"
            at = tails[0] if tails else None
            ctx.report("wrong-clause", at, clause=test.attribute, name=f"`{item.name}`", expected=wanted)
            raise Refused


_TAILS = {
    "dose": "the dose",
    "stable": "the dose",
    "lasting": "how long",
    "graded": "the grade",
    "route": "the route",
    "reason": "the reason",
    "except_": "the exception",
    "qualified": "the judgement",
    "occasions": "how often",
    "of_last": "how often",
    "consecutive": "how often",
    "all_last": "how often",
}


def _op(tree: Child) -> ir.Op:
    return comparisons.OPS[str(cast(Node, tree).children[0])]


def graded(ctx: Context, scale: Token, op: ir.Op, value: Child) -> ir.AttributeTest:
    if str(scale) in ctx.scope.items:
        said = str(value) if isinstance(value, Token) else "…"
        asked = f"{scale} {'is' if op == '=' else op} {said}"
        ctx.report(
            "unknown-name", scale, name=str(scale), what="severity, grade or stage",
            help=f"it is a result of its own: `… and {asked}`",
        )  # fmt: skip
        raise Refused
    if str(scale) not in SCALES:
        ctx.scope.unknown(str(scale), ctx.span(scale), "severity, grade or stage", SCALES)
        raise Refused
    if isinstance(value, Tree):
        number, unit = quantities.quantity(ctx, value)
        if str(scale) == "severity" or unit is not None or number.denominator != 1:
            ctx.report("unknown-value", value, name=str(scale), value=str(number), expected=SEVERITIES)
            raise Refused
        word = str(number)
    else:
        word = str(value)
        if str(scale) == "severity" and word not in SEVERITIES:
            ctx.report("unknown-value", value, name="severity", value=word, expected=SEVERITIES)
            raise Refused
    attribute = cast(Literal["severity", "grade", "stage"], str(scale))
    return ir.AttributeTest(attribute, op, word)


def plain_names(ctx: Context, target: Node) -> tuple[str, ...]:
    """Names of an `except` or a `with no`: one name, or `any of [..]`."""
    match target.children:
        case [Token() as token]:
            names = [token]
        case [Tree("any_of"), Tree() as listed]:
            names = [cast(Token, child) for child in listed.children]
        case [Tree("any_of"), Token() as token]:
            names = [token]
        case _:
            ctx.report("exception-needs-any", target)
            raise Refused
    domains: tuple[ir.Domain, ...] = ("conditions", "medications", "procedures")
    return tuple(event_item(ctx, name, domains, "except").name for name in names)


def occasions(ctx: Context, base: ir.Exists, tree: Node) -> ir.Expr:
    if tree.data != "occasions":
        ctx.report("wrong-clause", tree, clause="of the last", name="events")
        raise Refused
    counting = cast(Node, tree.children[0])
    word = str(counting.children[0]) if counting.children else "exactly"
    count = int(next(t for t in tree.children if isinstance(t, Token) and t.type == "NUMBER"))
    by = [child for child in tree.children if isinstance(child, Tree) and child.data == "quantity"]
    spaced = quantities.length(ctx, by[0]) if by else None
    if not 0 < count <= 1000:
        ctx.report("bad-count", tree, found=str(count), members=1000, verb="be counted")
        raise Refused
    return counted(word, count, lambda k: replace(base, least=k, spaced=spaced), base.span)


def counted(word: str, count: int, least: Callable[[int], ir.Expr], span: Span | None) -> ir.Expr:
    """`at least`, `at most` and `exactly` k times, from `at least k` alone."""
    if "least" in word:
        return least(count)
    at_most = ir.Not(least(count + 1), span)
    return at_most if "most" in word else ir.And((least(count), at_most), "plain", span)
