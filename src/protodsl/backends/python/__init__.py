"""Checkers in Python: a module for each protocol, with or without the runtime inside."""

from protodsl.backends.python.checker import generate, identifier, load

__all__ = ["generate", "identifier", "load"]
