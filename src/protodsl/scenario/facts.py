"""The facts of a `patient` block as the data of a patient record."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

from lark import Token, Tree

from protodsl import ir
from protodsl.diagnostics import Diagnostic, diagnose, suggest
from protodsl.ir.walk import nodes
from protodsl.runtime.record_fields import DOMAINS, PLACES
from protodsl.runtime.units import parse_unit
from protodsl.source import Span

Node = Tree[Token]
MAX_DIGITS = 40


class Facts:
    """Data of one record as it is gathered. A fact takes the place of what was said before, in the patient it
    is `like` or in a record file, of the same thing.
    """

    def __init__(self, protocol: ir.Protocol, path: str, base: dict[str, Any]) -> None:
        self.protocol, self.path = protocol, path
        self.data: dict[str, Any] = {
            key: list(value) if isinstance(value, list) else value for key, value in base.items()
        }
        self.data["timepoints"] = dict(base.get("timepoints") or {})
        self.found: list[Diagnostic] = []
        self.named: set[tuple[str, str, str | None]] = set()

    def take(self, nodes: Iterable[Node]) -> None:
        for node in nodes:
            self.fact(node)

    def fact(self, node: Node) -> None:
        match str(node.data), node.children:
            case "fact_born", [Tree() as when]:
                self.data["birth_date"] = _date(when)
            case "fact_as_of", [Tree() as when]:
                self.data["as_of"] = _date(when)
            case "fact_timepoint", [Token() as name, Tree() as when]:
                if self.known(name, [one.name for one in self.protocol.timepoints], "timepoint"):
                    self.data["timepoints"][str(name)] = _date(when)
            case "fact_word", [Token() as name, _, Token() as word, *_] if name == "sex":
                if self.known(word, ("female", "male", "other", "unknown"), "sex"):
                    self.data["sex"] = None if word == "unknown" else str(word)
            case "fact_word", [Token() as name, None, Token() as word, *_] if name in PLACES:
                self.setting(name, word)
            case "fact_word", [Token() as name, None, Token() as word, *_] if self.names_a_side(name):
                if self.known(word, ("left", "right"), "side"):
                    self.setting(name, word)
            case "fact_word", [Token() as name, side, Token() as word, *rest]:
                self.result(name, side, {"value": str(word)}, rest)
            case "fact_number", [Token() as name, side, Token() as sign, Tree() as amount, *rest]:
                value, unit = self.quantity(amount)
                plain: object = value if sign == "=" else f"{_SIGNS.get(str(sign), str(sign))}{value}"
                self.result(name, side, {"value": plain, "unit": unit}, rest)
            case "fact_state", [no, Token() as name, *rest]:
                states = [one.name for one in self.protocol.items.values() if one.kind == "state"]
                if self.known(name, states, "state"):
                    self.event("is", name, no is not None, None, rest)
            case "fact_event", [Token() as verb, no, Token() as name, amount, *rest]:
                self.event(str(verb), name, no is not None, cast(Node | None, amount), rest)
            case "fact_confirmed", [no, Token() as name, *rest]:
                questions = [one.name for one in self.protocol.items.values() if one.kind == "question"]
                if self.known(name, questions, "question"):
                    self.answer(str(name), no is None, rest)
            case (("fact_judged" | "fact_agrees"), [no, Token() as words, *rest]):
                asked = _text(words)
                if self.known(words, _asked(self.protocol), "judgement", asked):
                    self.answer(asked, no is None, rest)
            case "fact_complete", [Tree() as listed]:
                for name in listed.scan_values(lambda one: isinstance(one, Token)):
                    if self.known(name, DOMAINS, "domain"):
                        self.data.setdefault("complete", []).append(str(name))
            case other:
                raise AssertionError(other)  # a fact of the grammar that is not read here

    # ------------------------------------------------------------ what is recorded

    def setting(self, name: Token, word: Token) -> None:
        self.data["setting"] = {**self.data.get("setting", {}), str(name): str(word)}

    def names_a_side(self, name: Token) -> bool:
        return any(name == one.name for one in self.protocol.sides)

    def result(self, name: Token, side: Any, said: dict[str, Any], rest: list[Any]) -> None:
        results = [one.name for one in self.protocol.items.values() if one.domain == "results"]
        if not self.known(name, results, "lab, score or finding"):
            return
        if side is not None:
            if not self.known(side, ("left", "right", "both"), "side"):
                return
            said["side"] = str(side)
        for clause in rest:
            if clause.data in ("flimit_uln", "flimit_lln"):
                said["uln" if clause.data == "flimit_uln" else "low"] = self.quantity(clause.children[0])[0]
        days = _dates(rest)
        self.add("results", str(name), {"code": str(name), **said, "date": days.get("on")})

    def event(self, verb: str, name: Token, absent: bool, amount: Node | None, rest: list[Any]) -> None:
        events = [one.name for one in self.protocol.items.values()
                  if one.domain in ("conditions", "medications", "procedures")]  # fmt: skip
        if not self.known(name, events, "condition, drug or procedure"):
            return
        domain = self.protocol.items[str(name)].domain
        days, said = _dates(rest), cast(dict[str, Any], {"code": str(name)})
        start, end = days.get("from", days.get("on")), days.get("until", days.get("on"))
        if absent:
            said |= {"present": False, "from": days.get("from"), "date": end}
        elif domain == "conditions":
            said |= {"onset": start} | ({"end": days["until"]} if "until" in days else {})
        elif domain == "medications":
            said |= {"start": start} | ({"end": end} if end is not None else {})
        else:
            said |= {"date": start} | ({"end": days["until"]} if "until" in days else {})
        for clause in rest:
            match str(clause.data), clause.children:
                case "fongoing", _:
                    said["end"] = None
                case "fof", [Token() as attribute, Token() as value]:
                    if self.known(attribute, ("severity", "grade", "stage", "side"), "attribute"):
                        number = value.isdigit() and attribute != "stage"
                        said[str(attribute)] = int(value) if number else str(value)
                case "fgiven", [Token() as route]:
                    said["route"] = str(route)
                case "freaction", [Token() as reaction]:
                    said["response"] = str(reaction)
        if amount is not None:
            dose, unit = self.quantity(amount)
            said |= {"dose": dose, "unit": unit}
        self.add(
            domain, str(name), {key: one for key, one in said.items() if one is not None or key == "end"}
        )

    def answer(self, question: str, answer: bool, rest: list[Any]) -> None:
        said: dict[str, Any] = {"question": question, "answer": answer, "date": _dates(rest).get("on")}
        for clause in rest:
            if clause.data == "fby_role":
                said["by"] = str(clause.children[0])
        self.add("answers", question, said)

    def add(self, domain: str, name: str, fact: dict[str, Any]) -> None:
        facts, side = self.data.setdefault(domain, []), fact.get("side")
        if (domain, name, side) not in self.named:
            key = "question" if domain == "answers" else "code"
            facts[:] = [one for one in facts if one.get(key) != name or side not in (None, one.get("side"))]
            self.named.add((domain, name, side))
        facts.append({key: value for key, value in fact.items() if value is not None or key == "end"})

    def quantity(self, tree: Node) -> tuple[Decimal, str | None]:
        """A number with its unit as a record has it: `1.4 x10^9/L` is 1.4 in `10*9/L`."""
        sign, number, unit = "", Token("NUMBER", "0"), None
        for child in tree.children:
            match child:
                case Token(type="SIGN"):
                    sign = "-"
                case Token(type="NUMBER"):
                    number = child
                case Token(type="UNIT"):
                    unit = str(child)
                    if parse_unit(unit) is None:
                        self.report("unknown-unit", child, unit=unit)
        digits, _, power = number.replace("×", "x").partition("x")
        exponent = power.strip().removeprefix("10^") or "0"
        if len(digits) > MAX_DIGITS or len(exponent) > 2:
            self.report("number-too-long", number)
            return Decimal(0), unit
        value = Decimal(sign + digits.strip())
        if exponent != "0" and unit is not None and unit.startswith("/"):
            return value, f"10*{exponent}{unit}"
        return value.scaleb(int(exponent)), unit

    def report(self, problem: str, token: Token, **facts: Any) -> None:
        at = Span(self.path, token.start_pos or 0, token.end_pos or 0)
        self.found.append(diagnose(problem, at, **facts))

    def known(self, token: Token, names: Iterable[str], what: str, word: str | None = None) -> bool:
        names, word = list(names), str(token) if word is None else word
        if word in names:
            return True
        at = Span(self.path, token.start_pos or 0, token.end_pos or 0)
        self.found.append(diagnose("unknown-name", at, name=word, what=what, suggestion=suggest(word, names)))
        return False


_SIGNS = {"≤": "<=", "≥": ">="}


def _asked(protocol: ir.Protocol) -> list[str]:
    """Every question that is asked in words."""
    roots = (protocol.stages, tuple(protocol.definitions.values()))
    return list(dict.fromkeys(one.question for one in nodes(roots) if isinstance(one, ir.Answer)))


def _text(token: Token) -> str:
    text = token[3:-3] if token.startswith('"""') else token[1:-1]
    return " ".join(text.split())


def _date(when: Node) -> str:
    return str(when.children[0])


def _dates(clauses: Iterable[Any]) -> dict[str, str]:
    """`on`, `from`, `until` of a fact."""
    return {
        str(one.data)[1:]: _date(one.children[0]) for one in clauses if one.data in ("fon", "ffrom", "funtil")
    }
