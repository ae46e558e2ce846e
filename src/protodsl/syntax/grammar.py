"""The parser lark builds from the grammar, kept in a cache of the user's own."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
from functools import cache
from pathlib import Path

import lark
from lark import Lark

from protodsl.resources import grammar_path


@cache
def grammar_text() -> str:
    return grammar_path().read_text(encoding="utf-8")


@cache
def parser() -> Lark:
    """The LALR parser of whole files. Building it takes some 70 ms, loading it from the cache a tenth of
    that.
    """
    text = grammar_text()
    return Lark(
        text,
        parser="lalr",
        lexer="contextual",
        propagate_positions=True,
        maybe_placeholders=True,
        cache=_cache_file(text) or False,
    )


@cache
def reserved_words() -> frozenset[str]:
    """Words no name may equal, as the grammar's NAME excludes them."""
    pattern = next(terminal.pattern.value for terminal in parser().terminals if terminal.name == "NAME")
    listed = re.match(r"\(\?!\(\?:([a-z|]+)\)", pattern)
    return frozenset(listed.group(1).split("|")) if listed else frozenset()


@cache
def literal_of() -> dict[str, str]:
    """Terminal name → the very text it stands for, of terminals that stand for one text."""
    return {
        terminal.name: terminal.pattern.value
        for terminal in parser().terminals
        if terminal.pattern.type == "str"
    }


def _cache_file(text: str) -> str | None:
    """Where the built parser is kept, None where that is not safe: it is pickled, so only our own folder
    will do.
    """
    try:
        folder = cache_folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
        if hasattr(os, "getuid") and (
            status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        ):
            return None
        if not os.access(folder, os.W_OK):
            return None
    except (OSError, RuntimeError):
        return None
    key = f"{lark.__version__} {sys.version} {text}"
    return str(folder / f"grammar-{hashlib.sha256(key.encode()).hexdigest()[:16]}.pickle")


def cache_folder() -> Path:
    """The user's cache folder for protodsl, by the habits of the platform."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "protodsl" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "protodsl"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "protodsl"
