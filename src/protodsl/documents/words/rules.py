"""Whole rules as nested lists: grouping is layout, never a chain of "and" and "or"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.language import named, say
from protodsl.documents.words import leaves, shapes, terms
from protodsl.documents.words.context import Context, capital
from protodsl.documents.words.events import occasions_words
from protodsl.documents.words.leaves import clause
from protodsl.documents.words.moods import OPPOSITE, POSITIVE, Mood, be, negative
from protodsl.documents.words.numbers import number


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, or a heading with what belongs to it. `judged`: a person answers this very line."""

    text: str
    children: tuple[Line, ...] = ()
    judged: bool = False


def read(context: Context, expr: ir.Expr, mood: Mood) -> Line:
    """The rule, ready to print: sentences with capital and full stop, headings with a colon."""
    return _finish(_read(context, expr, mood))


def _finish(line: Line) -> Line:
    text = capital(line.text)
    if not text.endswith((":", ".")):
        text = say("{text}:", text=text) if line.children else say("{text}.", text=text)
    return Line(text, tuple(_finish(child) for child in line.children), line.judged)


def _read(context: Context, expr: ir.Expr, mood: Mood) -> Line:
    match expr:
        case ir.And(members, "unless") if len(members) == 2 and isinstance(members[1], ir.Not):
            return _unless(context, members[0], members[1].member, mood, expr)
        case ir.Or(members, "unless") if len(members) == 2:
            return _unless(context, members[0], members[1], mood, expr)
        case ir.Or(members, "relaxed"):
            return _relaxed(context, members, mood)
        case ir.Or((ir.Not(condition), then), "implies") if not negative(mood):
            return _after_if(context, condition, _read(context, then, mood))
        case ir.And(members, "attribute") if not negative(mood) and _simple(members):
            said = [_read(context, member, mood) for member in members]
            return Line(
                say("; moreover, ").join(line.text for line in said), (), any(line.judged for line in said)
            )
        case ir.And((_, ir.Compare(ir.DoseOf() as dose)), "stable"):
            return Line(leaves.stable_clause(context, dose, mood))
        case ir.And(members):
            ends = shapes.both_ends(expr)
            if ends is not None:
                low, high = ends
                bounds = ((low.op, low.right), (high.op, high.right))
                return Line(leaves.bounds_clause(context, low.left, bounds, low.unit, mood))
            return _listed(context, "all", 0, members, mood)
        case ir.Or(members):
            return _listed(context, "any", 1, members, mood)
        case ir.AtLeast(count, members):
            return _listed(context, "count", count, members, mood)
        case ir.Not(member):
            return _read(context, member, OPPOSITE[mood])
        case ir.IfElse(ir.Setting(name), then) if (side := context.side_of(name, then)) is not None:
            return _read(replace(context, side=side), then, mood)
        case ir.IfElse():
            return _cases(context, expr, mood)
        case ir.Answer():
            return Line(clause(context, expr, mood), (), True)
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Sex() | ir.Setting() | ir.Defined():
            return Line(clause(context, expr, mood))
        case _:
            assert_never(expr)


def _simple(members: tuple[ir.Expr, ...]) -> bool:
    return all(not isinstance(m, ir.And | ir.Or | ir.AtLeast | ir.IfElse) for m in members)


# ---------------------------------------------------------------- lists


def _listed(
    context: Context,
    how: Literal["all", "any", "count"],
    count: int,
    members: tuple[ir.Expr, ...],
    mood: Mood,
) -> Line:
    if len(members) == 1:
        return _read(context, members[0], mood)
    if how == "count" and count == 1:
        how = "any"
    if how != "count":
        members = _flattened(how, members)
    merged = _merge(context, how, count, members, mood) or _panel(context, how, count, members, mood)
    if merged is not None:
        return merged
    inner: Mood = "is"
    k = number(Fraction(count))
    match how, mood:
        case "all", "must":
            heading, inner = say("each of the following is required"), "must"
        case "all", "is":
            heading = say("all of the following are true")
        case "all", "must not":
            heading = say("the following must not all be true together")
        case "all", "is not":
            heading = say("the following are not all true together")
        case "any", "must":
            heading = say("at least one of the following must be true")
        case "any", "is":
            heading = say("at least one of the following is true")
        case "any", "must not":
            heading = say("none of the following may be true")
        case "any", "is not":
            heading = say("none of the following is true")
        case "count", "must":
            heading = say("at least {k} of the following must be true", k=k)
        case "count", "is":
            heading = say("at least {k} of the following are true", k=k)
        case "count", "must not":
            heading = say("fewer than {k} of the following may be true", k=k)
        case "count", "is not":
            heading = say("fewer than {k} of the following are true", k=k)
        case _:
            raise AssertionError((how, mood))
    return Line(heading, tuple(_read(context, member, inner) for member in members))


def _flattened(how: Literal["all", "any"], members: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
    """ "Any of (any of a, b), c" is "any of a, b, c": one list less to read."""
    node = ir.And if how == "all" else ir.Or
    found: list[ir.Expr] = []
    for member in members:
        plain = isinstance(member, node) and member.style in ("plain", "list", "members", "each")
        if plain and isinstance(member, ir.And | ir.Or) and shapes.both_ends(member) is None:
            found += _flattened(how, member.members)
            continue
        found.append(member)
    return tuple(found)


def _merge(
    context: Context,
    how: Literal["all", "any", "count"],
    count: int,
    members: tuple[ir.Expr, ...],
    mood: Mood,
) -> Line | None:
    """ "must have received at least 2 of the following: a, b, c" instead of the same sentence thrice."""
    made = [shapes.template(context, member) for member in members]
    found = [pair for pair in made if pair is not None]
    others = [member for member, pair in zip(members, made, strict=True) if pair is None]
    if len(found) < 2 or (how == "all" and negative(mood)):
        return None
    first = found[0][0]
    # "another drug not on the list was given", answered by a person, may stand at the end of a list
    open_list = all(isinstance(other, ir.Answer) for other in others)
    if others and not (open_list and how != "all"):
        return None
    if any(not shapes.same_test(first, other) for other, _ in found):
        return None
    names = [context.item(item) for _, item in found]
    listed = shapes.items_words(names)
    labels = tuple(Line(capital(name)) for name in names)
    if shapes.one_panel(names) and len(names) > 2:
        labels = (Line(listed),)
    labels += tuple(_read(context, other, "is") for other in others)
    k = number(Fraction(count))
    denied = negative(mood)
    if isinstance(first, ir.Exists):
        if first.least > 1:
            return None
        who = {"all": say("all of the following"), "any": say("at least one of the following")}.get(
            how, say("at least {k} of the following", k=k)
        )
        if denied:
            who = say("any of the following") if how == "any" else say("{k} or more of the following", k=k)
        return Line(clause(context, replace(first, item=terms.PLACEHOLDER + who), mood), labels)
    if first.occasions is not None and (denied or how == "count"):
        return None
    which = leaves.qualifiers(context, first.observed, first.occasions is not None)
    predicate = leaves.test_words(context, first.observed, first.test)
    select = "" if first.observed.select in ("latest", "earliest") else named(first.observed.select)
    if denied and how == "any":
        verb = say("may be") if mood == "must not" else say("is")
        return Line(
            say(
                "none of the following{which} {verb} {predicate}", which=which, verb=verb, predicate=predicate
            ),
            labels,
        )
    subject = {"all": say("each"), "any": say("at least one")}.get(how, say("at least {k}", k=k))
    if denied:
        subject = say("fewer than {k}", k=k)
    verb = be(POSITIVE[mood], plural=how == "count")
    if select:
        return None
    often = f" {occasions_words(first.occasions, False)}" if first.occasions is not None else ""
    return Line(
        say(
            "{subject} of the following{which} {verb} {predicate}{often}",
            subject=subject,
            which=which,
            verb=verb,
            predicate=predicate,
            often=often,
        ),
        labels,
    )


def _panel(
    context: Context,
    how: Literal["all", "any", "count"],
    count: int,
    members: tuple[ir.Expr, ...],
    mood: Mood,
) -> Line | None:
    """One condition asked of each item of a panel: said once, with the items behind it."""
    items = [shapes.only_item(member) for member in members]
    if len(members) < 3 or None in items or any(isinstance(m, ir.Result | ir.Exists) for m in members):
        return None
    named = [item for item in items if item is not None]
    made = [shapes.with_item(member, terms.PLACEHOLDER + say("the item")) for member in members]
    if any(shapes.bare(made[0]) != shapes.bare(other) for other in made):
        return None
    k = number(Fraction(count))
    match how, negative(mood):
        case "all", False:
            heading = say("each of these items meets the description below")
        case "any", False:
            heading = say("at least one of these items meets the description below")
        case "any", True:
            heading = say("none of these items meets the description below")
        case "count", False:
            heading = say("at least {k} of these items meet the description below", k=k)
        case "count", True:
            heading = say("fewer than {k} of these items meet the description below", k=k)
        case _:
            return None
    listed = Line(shapes.items_words([context.item(item) for item in named]))
    described = _read(context, made[0], "is")
    return Line(
        heading,
        (Line(say("description: {text}", text=described.text), described.children, described.judged), listed),
    )


# ---------------------------------------------------------------- exceptions, relaxed limits, cases


def _unless(context: Context, rule: ir.Expr, exception: ir.Expr, mood: Mood, whole: ir.And | ir.Or) -> Line:
    # `require A unless B` is (A or B), `exclude if A unless B` is (A and not B). Both read "A, unless B" in
    # the moods in which they are written; denied otherwise, they fall back to the plain list.
    exclusion = isinstance(whole, ir.And)
    if not exclusion and negative(mood):
        return _listed(context, "any", 1, whole.members, mood)
    base, but = _read(context, rule, mood), _read(context, exception, "is")
    judged = base.judged or but.judged
    if exclusion and mood == "is not":
        return _listed(context, "all", 0, whole.members, mood)
    if not base.children:
        return Line(
            say("{text}, unless {exception}", text=base.text, exception=but.text), but.children, judged
        )
    return Line(
        say("the following, with an exception"),
        (base, Line(say("unless {text}", text=but.text), but.children, but.judged)),
    )


def _relaxed(context: Context, members: tuple[ir.Expr, ...], mood: Mood) -> Line:
    base, *looser = members
    first = _read(context, base, mood)
    lines = list(first.children)
    for member in looser:
        if not (isinstance(member, ir.And) and len(member.members) == 2):
            return _listed(context, "any", 1, members, mood)
        limit, condition = member.members
        said = _read(context, condition, "is")
        enough = {"must": say("is allowed"), "is": say("is enough")}.get(mood, say("counts as well"))
        new = _limit_only(context, base, limit)
        text = (
            say("{limit} {enough}", limit=new, enough=enough)
            if new
            else say("it is also enough that {rule}", rule=_flat(context, limit))
        )
        if not new and negative(mood):
            text = say("this counts as well: {rule};", rule=_flat(context, limit))
        lines.append(
            Line(say("{text} if {condition}", text=text, condition=said.text), said.children, said.judged)
        )
    joint = "" if first.children else say("; moreover") if negative(mood) else say("; but")
    return Line(first.text + joint, tuple(lines), first.judged)


def _limit_only(context: Context, base: ir.Expr, other: ir.Expr) -> str | None:
    """The other limit alone, where nothing else differs: "at most 3 × the upper limit of normal"."""
    match base, other:
        case ir.Result(a, ir.NumberTest()), ir.Result(b, ir.NumberTest() as test, occasions) if shapes.bare(
            a
        ) == shapes.bare(b) and shapes.bare(base.occasions) == shapes.bare(occasions):
            return leaves.test_words(context, b, test)
        case ir.Compare(a, _, _, unit), ir.Compare(b, op, right) if shapes.bare(a) == shapes.bare(b):
            if isinstance(a, ir.Age):
                return leaves.bound_words(op, terms.years(context, right, a.unit))
            return leaves.bound_words(op, terms.amount_of(context, right, unit))
        case _:
            return None


def _after_if(context: Context, condition: ir.Expr, then: Line) -> Line:
    asked = _read(context, condition, "is")
    if asked.children:
        return Line(say("if the condition holds, the rule applies"), (
            Line(say("if {text}", text=asked.text), asked.children, asked.judged),
            Line(say("then {text}", text=then.text), then.children, then.judged),
        ))  # fmt: skip
    return Line(
        say("if {condition}, then {text}", condition=asked.text, text=then.text),
        then.children,
        asked.judged or then.judged,
    )


def _cases(context: Context, expr: ir.IfElse, mood: Mood) -> Line:
    rows: list[Line] = []
    rest: ir.Expr = expr
    while isinstance(rest, ir.IfElse):
        first = not rows
        asked, then = _read(context, rest.condition, "is"), _read(context, rest.then, mood)
        if asked.children:
            said = (
                say("if {text}", text=asked.text) if first else say("otherwise, if {text}", text=asked.text)
            )
            rows.append(Line(said, asked.children, asked.judged))
            rows.append(Line(say("then {text}", text=then.text), then.children, then.judged))
        else:
            said = (
                say("if {condition}: {text}", condition=asked.text, text=then.text)
                if first
                else say("otherwise, if {condition}: {text}", condition=asked.text, text=then.text)
            )
            rows.append(Line(said, then.children, asked.judged or then.judged))
        rest = rest.otherwise
    last = _read(context, rest, mood)
    rows.append(Line(say("otherwise: {text}", text=last.text), last.children, last.judged))
    return Line(say("the first of these cases that fits decides"), tuple(rows))


# ---------------------------------------------------------------- one line


def inline(context: Context, expr: ir.Expr, inner: bool = False) -> str:
    """A condition inside a sentence or a formula, with brackets wherever groups meet."""
    match expr:
        case ir.And((_, ir.Compare(ir.DoseOf() as dose)), "stable"):
            return leaves.stable_clause(context, dose, "is")
        case ir.And(members):
            return _joined(context, members, say(" and "), inner)
        case ir.Or(members):
            return _joined(context, members, say(" or "), inner)
        case ir.AtLeast(count, members):
            listed = "; ".join(inline(context, member, True) for member in members)
            return say("at least {count} of ({listed})", count=number(Fraction(count)), listed=listed)
        case ir.Not(ir.And() | ir.Or() | ir.AtLeast() | ir.IfElse() as member):
            return say("not ({condition})", condition=inline(context, member))
        case ir.Not(ir.Not(member)):
            return inline(context, member, inner)
        case ir.Not(member):
            assert not isinstance(member, ir.And | ir.Or | ir.AtLeast | ir.IfElse | ir.Not)
            return clause(context, member, "is not")
        case ir.IfElse(ir.Setting(name), then) if (side := context.side_of(name, then)) is not None:
            return inline(replace(context, side=side), then, inner)
        case ir.IfElse(condition, then, otherwise):
            return say(
                "(if {condition}: {then}; otherwise: {otherwise})",
                condition=inline(context, condition),
                then=inline(context, then),
                otherwise=inline(context, otherwise),
            )
        case (
            ir.Result()
            | ir.Compare()
            | ir.Change()
            | ir.Exists()
            | ir.Sex()
            | ir.Setting()
            | ir.Defined()
            | ir.Answer()
        ):
            return clause(context, expr, "is")
        case _:
            assert_never(expr)


def _joined(context: Context, members: tuple[ir.Expr, ...], word: str, inner: bool) -> str:
    text = word.join(inline(context, member, True) for member in members)
    return f"({text})" if inner and len(members) > 1 else text


def _flat(context: Context, expr: ir.Expr) -> str:
    return inline(context, expr)
