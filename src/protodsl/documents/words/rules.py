"""Whole rules as nested lists: grouping is layout, never a chain of "and" and "or"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, assert_never

from protodsl import ir
from protodsl.documents.words import leaves, terms
from protodsl.documents.words.context import Context, capital
from protodsl.documents.words.leaves import OPPOSITE, POSITIVE, Leaf, Mood, clause, negative
from protodsl.documents.words.numbers import number
from protodsl.documents.words.numbers import op as words_of

By = Literal["computed", "partly judged", "judged"]


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
    text = text if text.endswith((":", ".")) else text + (":" if line.children else ".")
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
                "; moreover, ".join(line.text for line in said), (), any(line.judged for line in said)
            )
        case ir.And(members):
            ends = _range(expr)
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
        case ir.IfElse():
            return _cases(context, expr, mood)
        case ir.Answer():
            return Line(clause(context, expr, mood), (), True)
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Sex() | ir.Defined():
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
            heading, inner = "each of the following is required", "must"
        case "all", "is":
            heading = "all of the following are true"
        case "all", "must not":
            heading = "the following must not all be true together"
        case "all", "is not":
            heading = "the following are not all true together"
        case "any", "must":
            heading = "at least one of the following must be true"
        case "any", "is":
            heading = "at least one of the following is true"
        case "any", "must not":
            heading = "none of the following may be true"
        case "any", "is not":
            heading = "none of the following is true"
        case "count", "must":
            heading = f"at least {k} of the following must be true"
        case "count", "is":
            heading = f"at least {k} of the following are true"
        case "count", "must not":
            heading = f"fewer than {k} of the following may be true"
        case "count", "is not":
            heading = f"fewer than {k} of the following are true"
        case _:
            raise AssertionError((how, mood))
    return Line(heading, tuple(_read(context, member, inner) for member in members))


def _flattened(how: Literal["all", "any"], members: tuple[ir.Expr, ...]) -> tuple[ir.Expr, ...]:
    """ "Any of (any of a, b), c" is "any of a, b, c": one list less to read."""
    node = ir.And if how == "all" else ir.Or
    found: list[ir.Expr] = []
    for member in members:
        plain = isinstance(member, node) and member.style in ("plain", "list", "members", "each")
        if plain and isinstance(member, ir.And | ir.Or) and _range(member) is None:
            found += _flattened(how, member.members)
            continue
        found.append(member)
    return tuple(found)


def _range(expr: ir.Expr) -> tuple[ir.Compare, ir.Compare] | None:
    """The two ends of a `between` that is two comparisons of one number."""
    match expr:
        case ir.And((ir.Compare() as low, ir.Compare() as high), "plain"):
            if _bare(low.left) == _bare(high.left) and low.op in (">", ">=") and high.op in ("<", "<="):
                return low, high
    return None


def _bare(value: object) -> object:
    """A node without spans, to see whether two say the same."""
    if isinstance(value, tuple):
        return tuple(_bare(member) for member in value)
    names = getattr(type(value), "__dataclass_fields__", None)
    if names is None:
        return value
    kept = (name for name in names if name not in ("span", "style"))
    return (type(value).__name__, *(_bare(getattr(value, name)) for name in kept))


def _template(context: Context, member: ir.Expr) -> tuple[ir.Result | ir.Exists, str] | None:
    """The statement with its item left open, and the item: what members of one list may have in common."""
    match member:
        case ir.Exists(item):
            return replace(member, item=terms.PLACEHOLDER, span=None), item
        case ir.Result(observed) if not observed.clean and observed.select not in ("any", "every"):
            unit = observed.unit or context.unit_of(observed.item)
            bare = replace(observed, item=terms.PLACEHOLDER, unit=unit, span=None)
            return replace(member, observed=bare, span=None), observed.item
        case _:
            return None


def _merge(
    context: Context,
    how: Literal["all", "any", "count"],
    count: int,
    members: tuple[ir.Expr, ...],
    mood: Mood,
) -> Line | None:
    """ "must have received at least 2 of the following: a, b, c" instead of the same sentence thrice."""
    made = [_template(context, member) for member in members]
    found = [pair for pair in made if pair is not None]
    others = [member for member, pair in zip(members, made, strict=True) if pair is None]
    if len(found) < 2 or (how == "all" and negative(mood)):
        return None
    first = found[0][0]
    # "another drug not on the list was given", answered by a person, may stand at the end of a list of drugs
    open_list = isinstance(first, ir.Exists) and all(isinstance(other, ir.Answer) for other in others)
    if others and not (open_list and how != "all"):
        return None
    if any(not _same_test(first, other) for other, _ in found):
        return None
    names = [context.item(item) for _, item in found]
    listed = _items(names)
    labels = tuple(Line(capital(name)) for name in names)
    if not listed.startswith("items:") and len(names) > 2:
        labels = (Line(listed),)
    labels += tuple(_read(context, other, "is") for other in others)
    k = number(Fraction(count))
    denied = negative(mood)
    if isinstance(first, ir.Exists):
        if first.least > 1:
            return None
        who = {"all": "all of the following", "any": "at least one of the following"}.get(
            how, f"at least {k} of the following"
        )
        if denied:
            who = "any of the following" if how == "any" else f"fewer than {k} of the following"
        said = mood if how == "any" or not denied else POSITIVE[mood]
        return Line(clause(context, replace(first, item=terms.PLACEHOLDER + who), said), labels)
    if first.occasions is not None and (denied or how == "count"):
        return None
    which = leaves.qualifiers(context, first.observed)
    predicate = leaves.test_words(context, first.observed, first.test)
    select = "" if first.observed.select in ("latest", "earliest") else f"the {first.observed.select} "
    if denied and how == "any":
        verb = "may be" if mood == "must not" else "is"
        return Line(f"none of the following{which} {verb} {predicate}", labels)
    subject = {"all": "each", "any": "at least one"}.get(how, f"at least {k}")
    if denied:
        subject = f"fewer than {k}"
    verb = leaves.be(POSITIVE[mood], plural=how == "count")
    if select:
        return None
    often = f" {leaves.occasions_words(first.occasions, False)}" if first.occasions is not None else ""
    return Line(f"{subject} of the following{which} {verb} {predicate}{often}", labels)


def _panel(
    context: Context,
    how: Literal["all", "any", "count"],
    count: int,
    members: tuple[ir.Expr, ...],
    mood: Mood,
) -> Line | None:
    """One condition asked of each item of a panel: said once, with the items behind it."""
    items = [_only_item(member) for member in members]
    if len(members) < 3 or None in items or any(isinstance(m, ir.Result | ir.Exists) for m in members):
        return None
    named = [item for item in items if item is not None]
    made = [_with_item(member, terms.PLACEHOLDER + "the item") for member in members]
    if any(_bare(made[0]) != _bare(other) for other in made):
        return None
    k = number(Fraction(count))
    match how, negative(mood):
        case "all", False:
            heading = "each of these items meets the description below"
        case "any", False:
            heading = "at least one of these items meets the description below"
        case "any", True:
            heading = "none of these items meets the description below"
        case "count", False:
            heading = f"at least {k} of these items meet the description below"
        case "count", True:
            heading = f"fewer than {k} of these items meet the description below"
        case _:
            return None
    listed = Line(_items([context.item(item) for item in named]))
    described = _read(context, made[0], "is")
    return Line(
        heading, (Line(f"description: {described.text}", described.children, described.judged), listed)
    )


def _items(labels: list[str]) -> str:
    """The items of a panel, its own name said once: "items of BILAG-2004: renal; …"."""
    panels = {label.rpartition(", ")[0] for label in labels}
    panel = panels.pop()
    if panels or not panel:
        return "items: " + "; ".join(labels)
    return f"items of {panel.removesuffix(' items')}: " + "; ".join(
        label.rpartition(", ")[2] for label in labels
    )


def _only_item(expr: ir.Expr) -> str | None:
    """The one item whose results an expression is about; None where it is about anything else as well."""
    match expr:
        case ir.Result(observed) if not observed.clean:
            return observed.item
        case ir.And(members) | ir.Or(members):
            found = {_only_item(member) for member in members}
            return found.pop() if len(found) == 1 else None
        case ir.Not(member):
            return _only_item(member)
        case _:
            return None


def _with_item(expr: ir.Expr, item: str) -> ir.Expr:
    match expr:
        case ir.Result(observed):
            return replace(expr, observed=replace(observed, item=item), span=None)
        case ir.And(members) | ir.Or(members):
            return replace(expr, members=tuple(_with_item(member, item) for member in members), span=None)
        case ir.Not(member):
            return replace(expr, member=_with_item(member, item), span=None)
        case _:
            return expr


def _same_test(a: ir.Result | ir.Exists, b: ir.Result | ir.Exists) -> bool:
    if isinstance(a, ir.Result) and isinstance(b, ir.Result) and isinstance(a.test, ir.NumberTest):
        relative = all(isinstance(limit, ir.TimesLimit) for _, limit in a.test.bounds)
        if relative:  # a multiple of its own limit needs no common unit
            a = replace(a, observed=replace(a.observed, unit=None))
            b = replace(b, observed=replace(b.observed, unit=None))
    return _bare(a) == _bare(b)


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
        return Line(f"{base.text}, unless {but.text}", but.children, judged)
    return Line(
        "the following, with an exception", (base, Line(f"unless {but.text}", but.children, but.judged))
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
        enough = {"must": "is allowed", "is": "is enough"}.get(mood, "counts as well")
        new = _limit_only(context, base, limit)
        text = f"{new} {enough}" if new else f"it is also enough that {_flat(context, limit)}"
        if not new and negative(mood):
            text = f"this counts as well: {_flat(context, limit)};"
        lines.append(Line(f"{text} if {said.text}", said.children, said.judged))
    joint = "" if first.children else "; moreover" if negative(mood) else "; but"
    return Line(first.text + joint, tuple(lines), first.judged)


def _limit_only(context: Context, base: ir.Expr, other: ir.Expr) -> str | None:
    """The other limit alone, where nothing else differs: "at most 3 × the upper limit of normal"."""
    match base, other:
        case ir.Result(a, ir.NumberTest()), ir.Result(b, ir.NumberTest() as test, occasions) if _bare(
            a
        ) == _bare(b) and _bare(base.occasions) == _bare(occasions):
            return leaves.test_words(context, b, test)
        case ir.Compare(a, _, _, unit), ir.Compare(b, op, right) if _bare(a) == _bare(b):
            if isinstance(a, ir.Age):
                return f"{words_of(op)} {terms.years(context, right, a.unit)}"
            return f"{words_of(op)} {terms.amount_of(context, right, unit)}"
        case _:
            return None


def _after_if(context: Context, condition: ir.Expr, then: Line) -> Line:
    asked = _read(context, condition, "is")
    if asked.children:
        return Line("if the condition holds, the rule applies", (
            Line(f"if {asked.text}", asked.children, asked.judged),
            Line(f"then {then.text}", then.children, then.judged),
        ))  # fmt: skip
    return Line(f"if {asked.text}, then {then.text}", then.children, asked.judged or then.judged)


def _cases(context: Context, expr: ir.IfElse, mood: Mood) -> Line:
    rows: list[Line] = []
    rest: ir.Expr = expr
    while isinstance(rest, ir.IfElse):
        word = "otherwise, if" if rows else "if"
        asked, then = _read(context, rest.condition, "is"), _read(context, rest.then, mood)
        if asked.children:
            rows.append(Line(f"{word} {asked.text}", asked.children, asked.judged))
            rows.append(Line(f"then {then.text}", then.children, then.judged))
        else:
            rows.append(Line(f"{word} {asked.text}: {then.text}", then.children, asked.judged or then.judged))
        rest = rest.otherwise
    last = _read(context, rest, mood)
    rows.append(Line(f"otherwise: {last.text}", last.children, last.judged))
    return Line("the first of these cases that fits decides", tuple(rows))


# ---------------------------------------------------------------- one line


def inline(context: Context, expr: ir.Expr, inner: bool = False) -> str:
    """A condition inside a sentence or a formula, with brackets wherever groups meet."""
    match expr:
        case ir.And(members):
            return _joined(context, members, " and ", inner)
        case ir.Or(members):
            return _joined(context, members, " or ", inner)
        case ir.AtLeast(count, members):
            listed = "; ".join(inline(context, member, True) for member in members)
            return f"at least {number(Fraction(count))} of ({listed})"
        case ir.Not(ir.And() | ir.Or() | ir.AtLeast() | ir.IfElse() as member):
            return f"not ({inline(context, member)})"
        case ir.Not(ir.Not(member)):
            return inline(context, member, inner)
        case ir.Not(member):
            assert not isinstance(member, ir.And | ir.Or | ir.AtLeast | ir.IfElse | ir.Not)
            return clause(context, member, "is not")
        case ir.IfElse(condition, then, otherwise):
            return (
                f"(if {inline(context, condition)}: {inline(context, then)}; "
                f"otherwise: {inline(context, otherwise)})"
            )
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Sex() | ir.Defined() | ir.Answer():
            return clause(context, expr, "is")
        case _:
            assert_never(expr)


def _joined(context: Context, members: tuple[ir.Expr, ...], word: str, inner: bool) -> str:
    text = word.join(inline(context, member, True) for member in members)
    return f"({text})" if inner and len(members) > 1 else text


def _flat(context: Context, expr: ir.Expr) -> str:
    return inline(context, expr)


# ---------------------------------------------------------------- who decides it


def leaves_of(
    protocol: ir.Protocol, expr: ir.Expr | None, seen: frozenset[str] = frozenset()
) -> Iterator[Leaf]:
    """Every leaf of a rule, definitions opened (once each on a path)."""
    match expr:
        case None:
            return
        case ir.And(members) | ir.Or(members) | ir.AtLeast(_, members):
            for member in members:
                yield from leaves_of(protocol, member, seen)
        case ir.Not(member):
            yield from leaves_of(protocol, member, seen)
        case ir.IfElse(condition, then, otherwise):
            for part in (condition, then, otherwise):
                yield from leaves_of(protocol, part, seen)
        case ir.Defined(name):
            yield expr
            if name not in seen and name in protocol.definitions:
                yield from leaves_of(protocol, protocol.definitions[name].expr, seen | {name})
        case ir.Result() | ir.Compare() | ir.Change() | ir.Exists() | ir.Sex() | ir.Answer():
            yield expr
        case _:
            assert_never(expr)


def decided_by(protocol: ir.Protocol, exprs: list[ir.Expr]) -> By:
    """Whether a machine computes it, a person judges it, or both."""
    found = [leaf for expr in exprs for leaf in leaves_of(protocol, expr) if not isinstance(leaf, ir.Defined)]
    judged = [isinstance(leaf, ir.Answer) or _open(protocol, leaf) for leaf in found]
    if all(isinstance(leaf, ir.Answer) for leaf in found) and found:
        return "judged"
    return "partly judged" if any(judged) else "computed"


def _open(protocol: ir.Protocol, leaf: Leaf) -> bool:
    """A class whose source list ends in "etc.": a person judges whether another member belongs."""
    if isinstance(leaf, ir.Exists):
        item = protocol.items.get(leaf.item)
        return item is not None and item.open
    return False
