"""Finding the files that are not Python: the grammar and the templates.

Installed they lie in the package (`_data/`); in a checkout, and in an editable install, at the project's
root.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@cache
def resource(name: str, package: Path = _PACKAGE) -> Path:
    """Folder or file `name` (`grammar/protodsl.lark`, `templates`). Raises FileNotFoundError if it is
    nowhere.
    """
    checkout = package.parents[1] if len(package.parents) > 1 else package
    for root in (package / "_data", checkout):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"protodsl's own file {name} is neither in {package / '_data'} nor in {checkout}")


def grammar_path() -> Path:
    return resource("grammar/protodsl.lark")


def templates_path() -> Path:
    return resource("templates")
