"""Going through a model, node by node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass


def nodes(value: object, leaving: Callable[[object], bool] | None = None) -> Iterator[object]:
    """Every node of the model under `value`, itself included, in file order; places in the text are none.
    What is in a node that is `leaving` is left out.
    """
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack.extend(reversed(node))
        elif names := _field_names(type(node)):
            yield node
            if leaving is None or not leaving(node):
                stack += [getattr(node, name) for name in names]


_FIELDS: dict[type, tuple[str, ...]] = {}


def _field_names(kind: type) -> tuple[str, ...]:
    """Fields of a model class, last first; none for anything else, strings and numbers included."""
    if kind not in _FIELDS:
        named = reversed(fields(kind)) if is_dataclass(kind) else ()
        _FIELDS[kind] = tuple(one.name for one in named if one.name != "span")
    return _FIELDS[kind]
