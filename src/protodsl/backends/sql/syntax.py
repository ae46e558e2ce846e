"""SQL expressions as data, and their text in three dialects.

A portable subset only: date ranges instead of differences of dates, `FILTER` aggregates, `CASE`. What the
engines spell or round differently (moving a date by months, doubles, rounding) is a node of its own.
Constants are folded where they are made, so that what is printed holds nothing a reader must skip.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal as OneOf
from typing import assert_never

Dialect = OneOf["duckdb", "spark", "postgres"]
DIALECTS: tuple[Dialect, ...] = ("duckdb", "spark", "postgres")
FIRST, LAST = date.min, date.max
WIDTH = 104
Scalar = bool | int | str | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Scalar


@dataclass(frozen=True, slots=True)
class Double:
    """A number in double precision, by its shortest text; `inf` and `-inf` too."""

    value: float


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison or an arithmetic operation."""

    op: OneOf["=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Logic:
    op: OneOf["AND", "OR"]
    members: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Not:
    member: Expr


@dataclass(frozen=True, slots=True)
class Is:
    """`member IS [NOT] TRUE|FALSE|NULL`: never null itself."""

    member: Expr
    what: OneOf["TRUE", "FALSE", "NULL"]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class In:
    member: Expr
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None = None


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A day moved by whole days or calendar months (clamped to the month's last day), within the calendar."""

    day: Expr
    unit: OneOf["day", "month"]
    count: int


@dataclass(frozen=True, slots=True)
class DayNumber:
    """Days since 1970-01-01."""

    day: Expr


@dataclass(frozen=True, slots=True)
class DatePart:
    part: OneOf["YEAR", "MONTH", "DAY"]
    day: Expr


@dataclass(frozen=True, slots=True)
class ToDouble:
    member: Expr


@dataclass(frozen=True, slots=True)
class Rounded:
    """A double, rounded half away from zero to so many decimals."""

    member: Expr
    decimals: int


@dataclass(frozen=True, slots=True)
class Untold:
    """Null, where nothing else says of which type."""

    type: OneOf["BOOLEAN", "DATE", "BIGINT", "DOUBLE"]


@dataclass(frozen=True, slots=True)
class Packed:
    """A small whole number, moved so many binary places up in a BIGINT."""

    member: Expr
    places: Expr


@dataclass(frozen=True, slots=True)
class Bit:
    """Whether a binary place of a BIGINT is set."""

    member: Expr
    place: int


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`max`, `min`, `count`, `bool_or`, `bit_or` or `sum` over the rows for which `where` is true; `per`: a
    window, with `order` up to each of its rows.
    """

    function: str
    member: Expr | None
    where: Expr | None = None
    distinct: bool = False
    per: tuple[Expr, ...] | None = None
    order: tuple[Expr, ...] = ()
    falling: bool = False


Expr = (
    Column
    | Literal
    | Double
    | Binary
    | Logic
    | Not
    | Is
    | In
    | Case
    | Call
    | Moved
    | DayNumber
    | DatePart
    | ToDouble
    | Rounded
    | Untold
    | Packed
    | Bit
    | Aggregate
)

TRUE, FALSE, NULL = Literal(True), Literal(False), Literal(None)


# ---------------------------------------------------------------- making them, constants folded


def and_(*members: Expr) -> Expr:
    return _logic("AND", members, TRUE, FALSE)


def or_(*members: Expr) -> Expr:
    return _logic("OR", members, FALSE, TRUE)


def _logic(op: OneOf["AND", "OR"], members: Iterable[Expr], neutral: Expr, ruling: Expr) -> Expr:
    kept: list[Expr] = []
    for member in members:
        for each in member.members if isinstance(member, Logic) and member.op == op else (member,):
            if each == ruling:
                return ruling
            if each != neutral and each not in kept:
                kept.append(each)
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else Logic(op, tuple(kept))


def not_(member: Expr) -> Expr:
    match member:
        case Literal(True):
            return FALSE
        case Literal(False):
            return TRUE
        case Literal(None):
            return NULL
        case Not(inner):
            return inner
        case Is(inner, what, negated):
            return Is(inner, what, not negated)
        case _:
            return Not(member)


def is_(member: Expr, what: OneOf["TRUE", "FALSE", "NULL"]) -> Expr:
    if isinstance(member, Literal):
        known = {"TRUE": True, "FALSE": False, "NULL": None}[what]
        return Literal(member.value is known)
    if isinstance(member, Is) and what == "TRUE":
        return member
    return Is(member, what)


def is_not(member: Expr, what: OneOf["TRUE", "FALSE", "NULL"]) -> Expr:
    return not_(is_(member, what))


def compare(op: OneOf["=", "<>", "<", "<=", ">", ">="], left: Expr, right: Expr) -> Expr:
    if left == NULL or right == NULL:
        return NULL
    if isinstance(left, Literal) and isinstance(right, Literal):
        a, b = left.value, right.value
        if isinstance(a, date) and isinstance(b, date):
            return Literal(
                {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op]
            )
    if right == Literal(LAST) and op == "<=":
        return is_true_if_known(left)
    if left == Literal(FIRST) and op == "<=":
        return is_true_if_known(right)
    if right == Literal(FIRST) and op == ">=":
        return is_true_if_known(left)
    if left == Literal(LAST) and op == ">=":
        return is_true_if_known(right)
    return Binary(op, left, right)


def is_true_if_known(day: Expr) -> Expr:
    """True of every day there is, but null of an unknown one."""
    if isinstance(day, Literal):
        return TRUE if day.value is not None else NULL
    return Binary("<=", day, Literal(LAST))


def case(*whens: tuple[Expr, Expr], otherwise: Expr | None = None) -> Expr:
    """The value of the first condition that is true; conditions that cannot be are left out."""
    kept: list[tuple[Expr, Expr]] = []
    for condition, value in whens:
        if condition in (FALSE, NULL):
            continue
        if condition == TRUE:
            otherwise = value
            break
        kept.append((condition, value))
    if otherwise == NULL:
        otherwise = None
    while kept and otherwise is None and kept[-1][1] == NULL:
        kept.pop()
    if not kept:
        return otherwise if otherwise is not None else NULL
    return Case(tuple(kept), otherwise)


def earlier(a: Expr, b: Expr) -> Expr:
    """The earlier of two days; null where one is."""
    if a == b:
        return a
    if isinstance(a, Literal) and isinstance(b, Literal):
        if isinstance(a.value, date) and isinstance(b.value, date):
            return Literal(min(a.value, b.value))
        return NULL
    if Literal(LAST) in (a, b):
        return b if a == Literal(LAST) else a
    return case((compare("<=", a, b), a), (compare(">", a, b), b))


def later(a: Expr, b: Expr) -> Expr:
    if a == b:
        return a
    if isinstance(a, Literal) and isinstance(b, Literal):
        if isinstance(a.value, date) and isinstance(b.value, date):
            return Literal(max(a.value, b.value))
        return NULL
    if Literal(FIRST) in (a, b):
        return b if a == Literal(FIRST) else a
    return case((compare(">=", a, b), a), (compare("<", a, b), b))


def coalesce(*members: Expr) -> Expr:
    kept: list[Expr] = []
    for member in members:
        if member != NULL and member not in kept:
            kept.append(member)
        if isinstance(member, Literal) and member.value is not None:
            break
    if not kept:
        return NULL
    return kept[0] if len(kept) == 1 else Call("coalesce", tuple(kept))


def moved(day: Expr, unit: OneOf["day", "month"], count: int) -> Expr:
    if count == 0:
        return day
    if isinstance(day, Literal):
        return Literal(_moved(day.value, unit, count)) if isinstance(day.value, date) else NULL
    return Moved(day, unit, count)


def _moved(day: date, unit: str, count: int) -> date:
    if unit == "day":
        try:
            return day + timedelta(days=count)
        except OverflowError:
            return FIRST if count < 0 else LAST
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if year < 1:
        return FIRST
    if year > 9999:
        return LAST
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


# ---------------------------------------------------------------- their text

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _ATOM = range(1, 8)


def text(expr: Expr, dialect: Dialect, indent: int = 0) -> str:
    """The expression, over several lines where it is long; `indent`: the column in which it begins."""
    return _Printer(dialect).text(expr, indent)


@dataclass(frozen=True, slots=True)
class _Printer:
    dialect: Dialect

    def text(self, expr: Expr, indent: int, above: int = 0) -> str:
        flat = self.flat(expr, above)
        if len(flat) + indent <= WIDTH:
            return flat
        pad = " " * (indent + 2)
        match expr:
            case Logic(op, members):
                level = _OR if op == "OR" else _AND
                inner = f"\n{pad}{op} ".join(self.text(each, indent + 6, level + 1) for each in members)
                made = f"\n{pad}    {inner}" if above > level else inner
                return f"({made}\n{' ' * indent})" if above > level else made
            case Case(whens, otherwise):
                lines = ["CASE"]
                for condition, value in whens:
                    asked = self.text(condition, indent + 7)
                    told = self.text(value, indent + 7)
                    lines.append(f"{pad}WHEN {asked} THEN {told}")
                if otherwise is not None:
                    lines.append(f"{pad}ELSE {self.text(otherwise, indent + 7)}")
                return "\n".join([*lines, " " * indent + "END"])
            case Aggregate(where=where, per=None) if where is not None:
                head = self.flat(Aggregate(expr.function, expr.member, None, expr.distinct), 0)
                return f"{head} FILTER (\n{pad}WHERE {self.text(where, indent + 8)})"
            case Not(member):
                return f"NOT ({self.text(member, indent + 5)})"
            case _:
                return flat

    def flat(self, expr: Expr, above: int = 0) -> str:
        made, level = self.level(expr)
        return f"({made})" if level < above else made

    def level(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Column(name, table):
                return (f"{table}.{name}" if table else name), _ATOM
            case Literal(value):
                return literal(value, self.dialect), _ATOM
            case Double(value):
                return self.double(value), _ATOM if value >= 0 or value == -float("inf") else _SUM
            case Binary(op, left, right) if op in _COMPARISONS:
                return f"{self.flat(left, _SUM)} {op} {self.flat(right, _SUM)}", _COMPARE
            case Binary(op, left, right):
                level = _SUM if op in "+-" else _PRODUCT
                return f"{self.flat(left, level)} {op} {self.flat(right, level + 1)}", level
            case Logic(op, members):
                level = _OR if op == "OR" else _AND
                return f" {op} ".join(self.flat(each, level + 1) for each in members), level
            case Not(member):
                return f"NOT {self.flat(member, _NOT + 1)}", _NOT
            case Is(member, what, negated):
                return f"{self.flat(member, _SUM)} IS {'NOT ' if negated else ''}{what}", _COMPARE
            case In(member, values):
                if len(values) == 1:
                    return f"{self.flat(member, _SUM)} = {literal(values[0], self.dialect)}", _COMPARE
                listed = ", ".join(literal(each, self.dialect) for each in values)
                return f"{self.flat(member, _SUM)} IN ({listed})", _COMPARE
            case Case(whens, otherwise):
                told = " ".join(f"WHEN {self.flat(c)} THEN {self.flat(v)}" for c, v in whens)
                last = "" if otherwise is None else f" ELSE {self.flat(otherwise)}"
                return f"CASE {told}{last} END", _ATOM
            case Call("least" | "greatest", (only,)):  # Spark wants two at least
                return self.level(only)
            case Call(function, arguments):
                return f"{function}({', '.join(map(self.flat, arguments))})", _ATOM
            case Moved(day, unit, count):
                return self.moved(self.flat(day, _SUM), unit, count)
            case DayNumber(day):
                inner = self.flat(day, _PRODUCT)
                # seconds of days are beyond the integers of Spark and PostgreSQL
                if self.dialect == "spark":
                    return f"CAST(datediff({inner}, DATE '1970-01-01') AS BIGINT)", _ATOM
                if self.dialect == "postgres":
                    return f"CAST({inner} - DATE '1970-01-01' AS BIGINT)", _ATOM
                return f"({inner} - DATE '1970-01-01')", _ATOM
            case DatePart(part, day):
                return f"extract({part} FROM {self.flat(day)})", _ATOM
            case ToDouble(member):
                return f"CAST({self.flat(member)} AS {self.double_type})", _ATOM
            case Rounded(member, decimals):
                inner = self.flat(member)
                if self.dialect == "postgres":
                    return f"CAST(round(CAST({inner} AS NUMERIC), {decimals}) AS DOUBLE PRECISION)", _ATOM
                return f"round({inner}, {decimals})", _ATOM
            case Untold(type):
                return f"CAST(NULL AS {self.double_type if type == 'DOUBLE' else type})", _ATOM
            case Packed(member, places):
                number, by = f"CAST({self.flat(member)} AS BIGINT)", self.flat(places, _PRODUCT)
                return (
                    f"shiftleft({number}, {by})" if self.dialect == "spark" else f"{number} << ({by})"
                ), _SUM
            case Bit(member, place):
                return f"({self.flat(member, _ATOM)} & {2**place}) <> 0", _COMPARE
            case Aggregate():
                return self.aggregate(expr), _ATOM
            case _:
                assert_never(expr)

    def aggregate(self, expr: Aggregate) -> str:
        inner = "*" if expr.member is None else self.flat(expr.member)
        made = f"{expr.function}({'DISTINCT ' if expr.distinct else ''}{inner})"
        if expr.where is not None:
            made += f" FILTER (WHERE {self.flat(expr.where)})"
        if expr.per is not None:
            window = f"PARTITION BY {', '.join(map(self.flat, expr.per))}"
            if expr.order:
                way = " DESC" if expr.falling else ""
                order = ", ".join(f"{self.flat(each)}{way}" for each in expr.order)
                window += f" ORDER BY {order} ROWS UNBOUNDED PRECEDING"
            made += f" OVER ({window})"
        return made

    def moved(self, day: str, unit: str, count: int) -> tuple[str, int]:
        if self.dialect == "spark":
            function = "date_add" if unit == "day" else "add_months"
            return f"{function}({day}, {count})", _ATOM
        sign, size = ("+" if count > 0 else "-"), abs(count)
        if unit == "day":
            return f"{day} {sign} {size}", _SUM
        return f"CAST({day} {sign} INTERVAL '{size} months' AS DATE)", _ATOM

    @property
    def double_type(self) -> str:
        return "DOUBLE PRECISION" if self.dialect == "postgres" else "DOUBLE"

    def double(self, value: float) -> str:
        if value in (float("inf"), float("-inf")):
            return f"CAST('{'-' if value < 0 else ''}Infinity' AS {self.double_type})"
        told = repr(value)
        return told if "e" in told else f"{told.removesuffix('.0')}e0"  # what makes it a double


def literal(value: Scalar, dialect: Dialect = "duckdb") -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            if dialect == "spark":  # which reads backslashes, and takes 'a''b' for two texts
                return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
            return "'" + value.replace("'", "''") + "'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case Decimal():
            return format(value.normalize(), "f")
        case int():
            return str(value)


def comment(words: str) -> str:
    """A comment of one line; nothing an author writes can end it or begin code."""
    return "-- " + "".join(char if char.isprintable() else " " for char in " ".join(words.split()))
