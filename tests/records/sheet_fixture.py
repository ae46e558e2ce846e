"""Sheets filled in from records, as a person would fill in the templates."""

from __future__ import annotations

from typing import Any

from protodsl import ir
from protodsl.needs import members, needs_of
from protodsl.needs.sheet import by_fact, by_participant
from protodsl.records.sheets.headings import MAIN, heading_of

Rows = list[list[str]]
DOMAINS = tuple(MAIN)


class CannotHold(Exception):
    """A record says something a row for each participant has no place for."""


def named(protocol: ir.Protocol, code: Any, domain: str) -> str:
    """The vocabulary's name of a code."""
    if isinstance(code, str):
        return code
    for one in code if isinstance(code, list) else [code]:
        for item in protocol.items.values():
            if item.domain == domain and one and ir.Code(one["system"].lower(), one["code"]) in item.codes:
                return item.name
    raise CannotHold(f"the code {code}")


def participant(record: dict[str, Any]) -> dict[str, str]:
    found = {
        key: str(record[key]) for key in ("id", "birth_date", "death_date", "sex", "as_of") if key in record
    }
    found |= {f"at {name}": day for name, day in record.get("timepoints", {}).items()}
    if any(isinstance(one, dict) for one in record.get("complete", ())):
        raise CannotHold("a domain complete for a span")
    found["complete"] = ", ".join(record.get("complete", ()))
    return found


def cells(fact: dict[str, Any], domain: str) -> dict[str, str]:
    """The fields of a fact as a person writes them."""
    found = {}
    for key, value in fact.items():
        if key == "end" and value is None:
            found[key] = "ongoing"
        elif value is not None:
            found[key] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return found


def wide(protocol: ir.Protocol, record: dict[str, Any]) -> dict[str, str]:
    """One row by heading, in the template's columns; a second fact of an item gets columns of its own."""
    [sheet] = by_participant(needs_of(protocol))
    headings = {column.heading for column in sheet.columns}
    plain = {(one.code, one.field): str(one) for one in map(heading_of, headings) if one is not None}
    row = {key: value for key, value in participant(record).items() if key in headings}
    used: dict[str, int] = {}
    for domain in DOMAINS:
        main = MAIN[domain]
        for fact in record.get(domain, ()):
            name = fact["question"] if domain == "answers" else named(protocol, fact["code"], domain)
            group = name if (name, main) in plain else above(protocol, fact, name, domain, plain)
            if group is None:
                continue  # nothing the protocol asks for
            used[group] = used.get(group, 0) + 1
            said = cells(fact, domain) | ({} if domain in ("results", "answers") else {main: "yes"})
            if fact.get("present") is False:
                said[main] = "no"
            if group != name:
                if (group, "code") not in plain and main != "answer" and fact.get("present") is False:
                    raise CannotHold("an absence of one member of a class")
                said["code"] = name
            if "value" in said and said["value"].lstrip("<>≤≥= ")[:1].isdigit():
                asked = heading_of(plain[group, main])
                if "unit" in said:
                    said["value"] = f"{said['value']} {said['unit']}"
                elif asked is not None and asked.unit:
                    raise CannotHold("a number without its unit")
            if "dose" in said and "unit" in said:
                said["dose"] = f"{said['dose']} {said['unit']}"
            for field, text in said.items():
                heading = plain.get((group, field))
                if heading is not None:
                    number = f" #{used[group]}" if used[group] > 1 else ""
                    row[heading.replace(f"{group} ", f"{group}{number} ", 1)] = text
    return row


def above(
    protocol: ir.Protocol, fact: dict[str, Any], name: str, domain: str, plain: dict[tuple[str, str], str]
) -> str | None:
    """The class of the template in which a person would write it: the one that has a column for all that is
    known of it, and of those the narrowest."""
    fitting = []
    for group, field in plain:
        under = set(members(protocol, group)) if group in protocol.items else set()
        if field == MAIN[domain] and name in under:
            held = sum((group, key) in plain for key in (*cells(fact, domain), "code"))
            fitting.append((-held, len(under), group))
    return min(fitting)[2] if fitting else None


def tables(protocol: ir.Protocol, records: list[dict[str, Any]]) -> dict[str, Rows]:
    """The tables of the other template, wholly filled in."""
    heads = {
        sheet.name: [column.heading for column in sheet.columns] for sheet in by_fact(needs_of(protocol))
    }
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in ("participants", *DOMAINS)}
    for record in records:
        rows["participants"].append(participant(record))
        for domain in DOMAINS:
            for fact in record.get(domain, ()):
                code = fact.get("code")
                said = {key: value for key, value in fact.items() if key != "code"}
                if isinstance(code, list) or (code is None and domain != "answers"):
                    raise CannotHold(f"the code {code}")
                row = {"id": record["id"], **cells(said, domain)}
                row |= code if isinstance(code, dict) else {"code": code} if code else {}
                rows[domain].append(row)
    made: dict[str, Rows] = {}
    for name, listed in rows.items():
        extra = [key for row in listed for key in row]
        columns = list(dict.fromkeys([*heads.get(name, ["id"]), *extra]))
        if listed:
            made[name] = [columns, *([row.get(column, "") for column in columns] for row in listed)]
    return made
