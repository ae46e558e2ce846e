"""The runtime as one text: every module's definitions one after another, for checkers that need Python
alone.
"""

from __future__ import annotations

import ast
import importlib.resources
from functools import lru_cache

# each after those it uses when it is imported
MODULES = (
    "record",
    "report",
    "routes",
    "units",
    "values",
    "attributes",
    "record_fields",
    "decode",
    "plain",
    "read",
    "model/windows",
    "model/numbers",
    "model/limits",
    "model/expressions",
    "model/vocabulary",
    "model/protocol",
    "dates",
    "words",
    "codes",
    "facts",
    "frames",
    "case",
    "findings",
    "intervals",
    "crossing",
    "choosing",
    "measured",
    "quantity",
    "formulas",
    "logic",
    "cure",
    "result_numbers",
    "numbers",
    "limits",
    "results",
    "occasions",
    "doses",
    "dose_numbers",
    "attribute_tests",
    "joining",
    "events",
    "dosed",
    "comparing",
    "persons",
    "rules",
    "parts",
    "stages",
    "checker",
    "program",
)


class Collision(AssertionError):
    """Two modules of the runtime define one name."""


@lru_cache(maxsize=1)
def inlined() -> tuple[tuple[str, ...], list[str]]:
    """The import lines, and the lines of all modules."""
    plain: set[str] = set()
    chosen: dict[str, set[str]] = {}
    defined: dict[str, str] = {}
    lines: list[str] = []
    package = importlib.resources.files("protodsl.runtime")
    for module in MODULES:
        text = (package / f"{module}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        dropped: set[int] = set()
        for node in tree.body:
            _claim(node, module, defined)
            if _is_docstring(node) or _is_type_checking(node):
                dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.Import):
                plain.update(alias.name for alias in node.names)
                dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.ImportFrom):
                if node.module != "__future__" and not (node.module or "").startswith("protodsl"):
                    taken = {alias.name for alias in node.names} - {"TYPE_CHECKING"}
                    chosen.setdefault(node.module or "", set()).update(taken)
                dropped.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        kept = [line for number, line in enumerate(text.splitlines(), 1) if number not in dropped]
        body = "\n".join(kept).strip("\n").splitlines()
        opens = _first_statement(tree)
        gap = ["", ""] if isinstance(opens, (ast.ClassDef, ast.FunctionDef)) else [""]
        lines += ["", f"# {'=' * 16} runtime: {module}", *gap, *body, ""]
    names = {name for group in chosen.values() for name in group}
    plain.add("sys")
    imports = [f"import {name}" for name in sorted(plain)]
    for source in sorted(chosen):
        listed = sorted(chosen[source], key=_import_order)
        line = f"from {source} import {', '.join(listed)}"
        if len(line) <= 88:
            imports.append(line)
        else:
            imports += [f"from {source} import (", *(f"    {name}," for name in listed), ")"]
    clash = names & defined.keys()
    if clash:
        raise Collision(f"imported and defined: {', '.join(sorted(clash))}")
    return tuple(imports), lines


def _import_order(name: str) -> tuple[int, str]:
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def _first_statement(tree: ast.Module) -> ast.stmt | None:
    """The first statement that stays."""
    for node in tree.body:
        imports = isinstance(node, (ast.Import, ast.ImportFrom))
        if not (imports or _is_docstring(node) or _is_type_checking(node)):
            return node
    return None


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_type_checking(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _claim(node: ast.stmt, module: str, defined: dict[str, str]) -> None:
    """Every name a module defines must be its own."""
    names: list[str] = []
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            names = [name]
        case ast.Assign(targets=targets):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            names = [name]
    for name in names:
        if defined.setdefault(name, module) != module:
            raise Collision(f"{name} is defined in {defined[name]} and in {module}")
