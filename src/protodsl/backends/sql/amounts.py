"""A chosen result as a number: what all that may be chosen have in common."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from protodsl import ir
from protodsl.backends.sql import limits
from protodsl.backends.sql.asks import Apart
from protodsl.backends.sql.layers import Grouped, Layers
from protodsl.backends.sql.numbers import LEAST, MOST, NOTHING, Value
from protodsl.backends.sql.syntax import (
    FALSE,
    NULL,
    TRUE,
    Aggregate,
    Binary,
    Column,
    Double,
    Expr,
    In,
    ToDouble,
    Untold,
    and_,
    case,
    coalesce,
    compare,
    is_,
    is_not,
    not_,
    or_,
)
from protodsl.backends.sql.times import Scope
from protodsl.runtime.units import Unit

if TYPE_CHECKING:
    from protodsl.backends.sql.build import Builder
    from protodsl.backends.sql.results import Samples


@dataclass(frozen=True, slots=True)
class Amount:
    """`whole`: every result that may be the chosen one has a whole date. `marks`: which results they are."""

    value: Value
    whole: Expr
    marks: tuple[Expr, ...] = ()


def value_of(builder: Builder, item: ir.Item, rows: Layers, unit: Unit | None) -> Value:
    """The number of a row in the item's unit (or in `unit`), closed by its declared range."""
    to_wanted = limits.wanted_factor(item, unit)
    if to_wanted is None:
        return NOTHING
    by_scale: dict[Fraction, list[str | None]] = {}
    for text in (None, *builder.lexicon.units):
        scale = limits.unit_factor(item, text)
        if scale is not None:
            by_scale.setdefault(scale, []).append(text)
    lows: list[tuple[Expr, Expr]] = []
    highs: list[tuple[Expr, Expr]] = []
    opens: list[tuple[Expr, Expr]] = []
    if item.detection_limit is not None:
        asked: Expr = In(Column("word"), ("not_detected",))
        lows.append((asked, _double(item.minimum or Fraction(0))))
        highs.append((asked, _double(item.detection_limit)))
        opens.append((asked, TRUE))
    known: list[Expr] = [asked for asked, _ in lows]
    for scale, texts in by_scale.items():
        named = tuple(text for text in texts if text is not None)
        asked = or_(
            *([In(Column("unit"), named)] if named else []),
            *([is_(Column("unit"), "NULL")] if None in texts else []),
        )
        asked = and_(is_(Column("word"), "NULL"), asked)
        known.append(asked)
        lows.append((asked, _scaled(limits.LOW, scale)))
        highs.append((asked, _scaled(limits.HIGH, scale)))
    hint = item.name
    usable = or_(*known)
    # where no unit of the tables is usable, PostgreSQL would take a mere null for text
    none = Untold("DOUBLE")
    low = rows.column(f"{hint}_low", coalesce(case(*lows), case((usable, LEAST))) if known else none)
    high = rows.column(f"{hint}_high", coalesce(case(*highs), case((usable, MOST))) if known else none)
    if item.plausible is not None:
        least, most = (_double(end) for end in item.plausible)
        unlikely = and_(not_(Column("confirmed")), or_(compare("<", high, least), compare(">", low, most)))
        low, high = (
            rows.column(f"{hint}_likely", case((is_not(unlikely, "TRUE"), end))) for end in (low, high)
        )
    value = Value(low, high, limits.LOW_OPEN, case(*opens, otherwise=limits.HIGH_OPEN))
    return scaled_value(rows, hint, in_range(rows, item, value), to_wanted)


def _scaled(value: Expr, scale: Fraction) -> Expr:
    if scale == 1:
        return ToDouble(value)
    return Binary("*", ToDouble(value), _double(scale))


def _double(value: Fraction) -> Double:
    return Double(float(value))


def in_range(rows: Layers, item: ir.Item, value: Value) -> Value:
    """“`<0.2` is [the item's declared minimum, 0.2)”; wholly outside: no value."""
    if item.minimum is None and item.maximum is None:
        return value
    low, high, low_open, high_open = value.low, value.high, value.low_open, value.high_open
    outside: list[Expr] = []
    if item.minimum is not None:
        least = _double(item.minimum)
        outside += [compare("<", high, least), and_(compare("=", high, least), high_open)]
        low_open = and_(low_open, compare(">=", low, least))
        low = case((compare("<", low, least), least), otherwise=low)
    if item.maximum is not None:
        most = _double(item.maximum)
        outside += [compare(">", value.low, most), and_(compare("=", value.low, most), value.low_open)]
        high_open = and_(high_open, compare("<=", high, most))
        high = case((compare(">", high, most), most), otherwise=high)
    none = or_(*outside)
    return Value(
        rows.column(f"{item.name}_low", case((none, NULL), otherwise=low)),
        rows.column(f"{item.name}_high", case((none, NULL), otherwise=high)),
        low_open if low_open == FALSE else rows.column("low_open", low_open),
        high_open if high_open == FALSE else rows.column("high_open", high_open),
        item.minimum is not None and item.minimum >= 0,
    )


def scaled_value(rows: Layers, hint: str, value: Value, scale: Fraction) -> Value:
    if scale == 1 or value == NOTHING:
        return value
    return Value(
        rows.column(f"{hint}_low", Binary("*", value.low, _double(scale))),
        rows.column(f"{hint}_high", Binary("*", value.high, _double(scale))),
        value.low_open,
        value.high_open,
        value.positive,
    )


# ---------------------------------------------------------------- of a participant


def amount(builder: Builder, scope: Scope, observed: ir.Observed) -> Amount:
    """The value of a chosen result, over the columns gathered for a participant."""
    found = looked_at(builder, scope, observed)
    value = value_in_rows(builder, found, observed)
    if value == NOTHING:
        return Amount(NOTHING, FALSE)
    return chosen(builder, scope, observed, found, value)


def looked_at(builder: Builder, scope: Scope, observed: ir.Observed, *, recency: bool = True) -> Samples:
    """The results looked at, as rows of their own."""
    from protodsl.backends.sql import measures, results

    item = builder.protocol.items[observed.item]
    if observed.clean:
        from protodsl.backends.sql import cleaned

        return cleaned.samples(builder, scope, observed, item, recency=recency)
    if observed.item in builder.protocol.measures:
        if observed.side is not None:
            raise builder.not_carried("a formula's value of one side of the body")
        return measures.samples(builder, scope, observed, recency=recency)
    rows = builder.rows("results", builder.thing("results", item.name))
    mine, known = results.of_side(observed)
    place = Apart(rows, builder.per_person(rows.name, f"{rows.name}_found"), item.name)
    return results.of_rows(builder, scope, observed, item, rows, place, mine, known=known, recency=recency)


def value_in_rows(builder: Builder, found: Samples, observed: ir.Observed) -> Value:
    """The number of a row, in the unit asked for."""
    from protodsl.backends.sql import measures

    if observed.item in builder.protocol.measures:
        return measures.value_in(found, observed.unit)
    return value_of(builder, found.item, found.rows, observed.unit)


def chosen(builder: Builder, scope: Scope, observed: ir.Observed, found: Samples, value: Value) -> Amount:
    rows = found.rows
    match observed.select:
        case "latest" | "earliest":
            latest = observed.select == "latest"
            marked = candidates(rows, found, latest=latest, by=("participant",))
            group = gathering(found)
            got = agreed(group, found.item.name, marked, value, found)
            if latest:
                return got
            listed = builder.complete_until(scope, "results", found.span.start)
            until = found.place.gathered("listed", Aggregate("min", found.last, found.possible))
            sound = compare(">=", listed, until)
            low, high = (case((sound, end)) for end in (got.value.low, got.value.high))
            return Amount(
                Value(
                    builder.told.column("number", low),
                    builder.told.column("number", high),
                    got.value.low_open,
                    got.value.high_open,
                ),
                got.whole,
                got.marks,
            )
        case _:
            return extreme(builder, scope, observed, found, value)


def gathering(found: Samples) -> Grouped:
    assert isinstance(found.place, Apart)
    return found.place.group


def candidates(rows: Layers, found: Samples, *, latest: bool, by: tuple[str, ...]) -> Expr:
    """The rows that may be the one chosen: none that counts is surely later (earlier)."""
    own, other = (found.earliest, found.latest) if latest else (found.latest, found.earliest)
    bound = Aggregate(
        "max" if latest else "min", case((found.counts, own)), per=tuple(Column(name) for name in by)
    )
    # of the same item and window only: the partition holds other results too, which do not count here
    column = rows.column(f"{found.item.name}_{'newest' if latest else 'oldest'}", bound)
    reached = compare(">=" if latest else "<=", other, column)
    return rows.column(f"{found.item.name}_chosen", is_(and_(found.possible, reached), "TRUE"))


def agreed(group: Grouped, hint: str, marked: Expr, value: Value, found: Samples) -> Amount:
    """The hull of the candidates' values; nothing where one has none, or none counts."""

    def gathered(name: str, function: str, what: Expr | None, where: Expr) -> Column:
        return group.column(f"{hint}_{name}", Aggregate(function, what, where))

    low = gathered("low", "min", value.low, marked)
    high = gathered("high", "max", value.high, marked)
    valueless = is_(gathered("valueless", "bool_or", TRUE, and_(marked, is_(value.low, "NULL"))), "TRUE")
    low_open: Expr = FALSE
    high_open: Expr = FALSE
    if value.low_open != FALSE:
        closed = gathered("low_closed", "min", value.low, and_(marked, not_(value.low_open)))
        low_open = or_(is_(closed, "NULL"), compare(">", closed, low))
    if value.high_open != FALSE:
        closed = gathered("high_closed", "max", value.high, and_(marked, not_(value.high_open)))
        high_open = or_(is_(closed, "NULL"), compare("<", closed, high))
    partial = gathered("partial", "bool_or", TRUE, and_(marked, compare("<", found.first, found.last)))
    marks = (
        gathered("from", "min", Column("fact"), marked),
        gathered("to", "max", Column("fact"), marked),
        gathered("many", "count", None, marked),
    )
    return Amount(
        Value(
            case((not_(valueless), low)), case((not_(valueless), high)), low_open, high_open, value.positive
        ),
        is_not(partial, "TRUE"),
        marks,
    )


def extreme(builder: Builder, scope: Scope, observed: ir.Observed, found: Samples, value: Value) -> Amount:
    """One end of the highest or lowest is known, the other only of complete results."""
    group = gathering(found)
    complete = builder.complete(scope, "results", found.span)
    lowest = observed.select == "lowest"
    most = "min" if lowest else "max"

    def gathered(name: str, function: str, what: Expr | None, where: Expr) -> Column:
        return group.column(f"{found.item.name}_{name}", Aggregate(function, what, where))

    certain = and_(found.counts, is_not(value.low, "NULL"))
    known = and_(found.possible, is_not(value.low, "NULL"))
    valueless = is_(
        gathered("valueless", "bool_or", TRUE, and_(found.possible, is_(value.low, "NULL"))), "TRUE"
    )
    closed = and_(complete, not_(valueless))
    near, far = (value.high, value.low) if lowest else (value.low, value.high)
    near_open = value.high_open if lowest else value.low_open
    far_open = value.low_open if lowest else value.high_open
    sure_end = gathered("sure_end", most, near, certain)
    far_end = gathered("far_end", most, far, known)
    other = case((is_(sure_end, "NULL"), NULL), (closed, far_end), otherwise=LEAST if lowest else MOST)
    # at the sure end an open one leaves more out; at the far end a closed one takes more in
    opened = is_(compare("=", gathered("sure_open", most, near, and_(certain, near_open)), sure_end), "TRUE")
    shut = gathered("far_closed", most, far, and_(known, not_(far_open)))
    far_is_open = and_(closed, or_(is_(shut, "NULL"), compare("<>", shut, far_end)))
    if lowest:
        whole = Value(other, sure_end, far_is_open, opened, value.positive)
    else:
        whole = Value(sure_end, other, opened, far_is_open, value.positive)
    return Amount(whole, TRUE)
