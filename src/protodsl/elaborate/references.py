"""Reference tables: percentiles by age and sex, from a file the author supplies.

A percentile of a table is a table of cases: one value for each sex and age. It has no meaning of its own."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, Protocol, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Diagnostic
from protodsl.elaborate import numbers, quantities, values
from protodsl.elaborate.scope import (
    Context,
    Node,
    Num,
    ReferenceTable,
    Refused,
    Sex,
    declaration,
    string,
    suggest,
)
from protodsl.runtime.units import Unit
from protodsl.source import Span

AgeUnit = Literal["year", "month", "week", "day"]
Rows = dict[Sex | None, list[tuple[int, tuple[Fraction, ...]]]]
FIELDS = ("file", "citation")
AGES: dict[str, AgeUnit] = {
    "age_years": "year", "age_months": "month", "age_weeks": "week", "age_days": "day",
}  # fmt: skip
SEXES: tuple[Sex, ...] = ("female", "male")
MAX_ROWS = 5000
MAX_AGE = 50_000


class Files(Protocol):
    def read_document(self, from_path: str, text: str, span: Span) -> tuple[str, str] | Diagnostic: ...


class _Wrong(Exception):
    """What is wrong with the file, and in which of its lines."""


def register(files: Files, ctx: Context, tree: Node) -> None:
    """`reference bmi_for_age "…" { file "bmi.csv" unit kg/m2 citation "…" }`."""
    with declaration():
        name, label = cast(Token, tree.children[0]), tree.children[1]
        if str(name) in ctx.scope.places:
            ctx.report("duplicate-name", name, name=str(name))
            raise Refused
        ctx.scope.places[str(name)] = ctx.span(tree)
        said: dict[str, str] = {}
        file: Token | None = None
        unit: Unit | None = None
        for child in tree.children[2:]:
            match child:
                case Tree("unit", [Token() as written]):
                    unit = quantities.unit_of(ctx, written)
                case Tree("field", [Token() as key, value]):
                    if str(key) not in FIELDS:
                        near = suggest(str(key), FIELDS)
                        ctx.report("unknown-field", key, field=str(key), block="`reference`", suggestion=near)
                        continue
                    said[str(key)] = "; ".join(values.texts(ctx, value))
                    if str(key) == "file":
                        file = cast(Token, cast(Node, value).children[0])
        if file is None:
            ctx.report(
                "missing-field", name, block="`reference`", field="file", help='add `file "table.csv"`'
            )
            raise Refused
        if "citation" not in said:
            ctx.report("no-citation", name, name=str(name))
        read = files.read_document(ctx.path, string(file), ctx.span(file))
        if isinstance(read, Diagnostic):
            ctx.scope.diagnostics.append(read)
            raise Refused
        try:
            age, percentiles, rows = _parsed(read[0])
        except _Wrong as wrong:
            ctx.report("reference-table", file, path=string(file), reason=str(wrong))
            raise Refused from None
        shown = string(label) if label is not None else str(name).replace("_", " ")
        told = ir.Reference(
            str(name), shown, string(file), said.get("citation", ""), age, None not in rows, ctx.span(tree),
            percentiles, unit,
        )  # fmt: skip
        ctx.scope.references[str(name)] = ReferenceTable(told, unit, percentiles, rows, read[1])


def percentile(ctx: Context, number: Token, name: Token) -> Num:
    """`percentile 95 of bmi_for_age`: the value of the participant's sex and age."""
    known = ctx.scope.references.get(str(name))
    if known is None:
        ctx.scope.unknown(str(name), ctx.span(name), "a reference table", ctx.scope.references)
        raise Refused
    ctx.scope.used.add(str(name))
    wanted = _number(str(number))
    if wanted not in known.percentiles:
        ctx.report(
            "no-such-percentile", number, percentile=str(number), name=str(name),
            known=", ".join(_plain(one) for one in known.percentiles),
        )  # fmt: skip
        raise Refused
    column = known.percentiles.index(wanted)
    span = ctx.span(name)
    age = numbers.age(ctx, Tree("age", [name]), [], Token("UNITNAME", f"{known.told.age}s")).number
    of_sex: list[tuple[ir.Expr, ir.Number]] = []
    for sex, rows in known.rows.items():
        first, last = rows[0][0], rows[-1][0]
        covered: list[ir.Expr] = [] if sex is None else [ir.Sex(sex, span)]
        covered += [_compare(age, ">=", first, span), _compare(age, "<", last + 1, span)]
        steps = [(at, ir.Constant(values[column])) for at, values in rows]
        ages = [one for index, one in enumerate(steps) if index == 0 or steps[index - 1][1] != one[1]]
        of_sex.append((ir.And(tuple(covered), "plain", span), _by_age(age, ages, span)))
    told = ir.Percentile(wanted, known.told.label)
    return Num(ir.Table(tuple(of_sex), None, told), known.unit)


def _by_age(age: ir.Number, rows: Sequence[tuple[int, ir.Constant]], span: Span) -> ir.Number:
    """Halved again and again, so that few comparisons find the age's row."""
    if len(rows) == 1:
        return rows[0][1]
    middle = len(rows) // 2
    younger = (_compare(age, "<", rows[middle][0], span), _by_age(age, rows[:middle], span))
    return ir.Table((younger,), _by_age(age, rows[middle:], span))


def _compare(age: ir.Number, op: ir.Op, at: int, span: Span) -> ir.Expr:
    return ir.Compare(age, op, ir.Constant(Fraction(at)), None, span)


# ---------------------------------------------------------------- the file


def _parsed(text: str) -> tuple[AgeUnit, tuple[Fraction, ...], Rows]:
    lines = text.splitlines()
    if not lines:
        raise _Wrong("it is empty")
    if len(lines) > MAX_ROWS:
        raise _Wrong(f"it has more than {MAX_ROWS} lines")
    try:
        table = [[cell.strip() for cell in row] for row in csv.reader(lines, strict=True)]
    except csv.Error as error:
        raise _Wrong(f"it is no CSV: {error}") from None
    header = [cell.lower() for cell in table[0]]
    columns: dict[Fraction, int] = {}
    age: str | None = None
    for index, cell in enumerate(header):
        if cell == "sex":
            continue
        if cell in AGES:
            if age is not None:
                raise _Wrong(f"line 1: ages stand in `{age}` and in `{cell}`")
            age = cell
            continue
        share = _number(cell[1:]) if cell.startswith("p") else None
        if share is None or not 0 < share < 100:
            raise _Wrong(
                f"line 1: `{table[0][index]}` is none of `sex`, {', '.join(f'`{one}`' for one in AGES)} "
                "and percentiles such as `p5` or `p97.5`"
            )
        if share in columns:
            raise _Wrong(f"line 1: the percentile {_plain(share)} stands there twice")
        columns[share] = index
    if age is None:
        raise _Wrong("line 1: none of the columns `age_years`, `age_months`, `age_weeks`, `age_days`")
    if not columns:
        raise _Wrong("line 1: no column of a percentile, such as `p5`")
    shares = tuple(sorted(columns))
    sexed = header.index("sex") if "sex" in header else None
    rows: Rows = {}
    for line, row in enumerate(table[1:], start=2):
        if not any(row):
            continue
        if len(row) != len(header):
            raise _Wrong(f"line {line} has {len(row)} fields, the first line {len(header)}")
        sex = None if sexed is None else _sex(row[sexed], line)
        at = _number(row[header.index(age)])
        if at is None or at.denominator != 1 or not 0 <= at <= MAX_AGE:
            raise _Wrong(f"line {line}: {row[header.index(age)]!r} is no completed age, a whole number")
        found = tuple(_value(row[columns[share]], line) for share in shares)
        if list(found) != sorted(found):
            raise _Wrong(f"line {line}: a higher percentile has a lower value")
        before = rows.setdefault(sex, [])
        if before and before[-1][0] >= at:
            raise _Wrong(f"line {line}: ages do not rise")
        before.append((int(at), found))
    if not rows:
        raise _Wrong("it has no rows below its first line")
    if sexed is not None and set(rows) != set(SEXES):
        raise _Wrong(f"it has no row of sex {next(one for one in SEXES if one not in rows)}")
    return AGES[age], shares, rows


def _sex(cell: str, line: int) -> Sex:
    for one in SEXES:
        if cell.lower() == one:
            return one
    raise _Wrong(f"line {line}: the sex is {cell!r}, neither `female` nor `male`")


def _value(cell: str, line: int) -> Fraction:
    value = _number(cell)
    if value is None:
        raise _Wrong(f"line {line}: {cell!r} is no number")
    return value


def _number(cell: str) -> Fraction | None:
    return Fraction(cell) if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", cell) else None


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"
