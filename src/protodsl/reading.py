"""Bytes of a file → text, or a diagnostic that says why they are none."""

from __future__ import annotations

import codecs
import os
import stat

from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.source import Source, Span

SIZE_LIMIT = 5_000_000
"""Bytes; a file that is larger is not read."""

_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"), (
    codecs.BOM_UTF16_BE, "UTF-16"))  # fmt: skip


def read_file(path: str) -> bytes:
    """The bytes of a regular file, of one that is too large only the first `SIZE_LIMIT` + 1. Raises
    OSError.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, "it is a folder", path)
    if not stat.S_ISREG(mode):
        raise OSError(22, "it is not a regular file", path)
    with open(path, "rb") as file:
        return file.read(SIZE_LIMIT + 1)


def decode(path: str, data: bytes) -> tuple[Source, Diagnostic | None]:
    """The text. With a diagnostic it is only good for showing the place; nothing else should be read from
    it.
    """
    if len(data) > SIZE_LIMIT:
        size: int | str = os.path.getsize(path) if os.path.exists(path) else len(data)
        return Source(path, ""), diagnose(
            "file-too-large", Span(path, 0, 0), path=path, size=size, limit=SIZE_LIMIT
        )
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and _looks_like_utf16(data):
        encoding = "UTF-16"
    if encoding is not None:
        return Source(path, ""), diagnose("utf16-text", Span(path, 0, 0), encoding=encoding)
    skipped = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    data = data[skipped:]
    try:
        source = Source(path, data.decode("utf-8"))
    except UnicodeDecodeError as problem:
        at = len(data[: problem.start].decode("utf-8"))
        source = Source(path, data.decode("utf-8", "replace"))
        return source, diagnose(
            "not-utf8",
            Span(path, at, at + 1),
            offset=problem.start + skipped,
            byte=f"0x{data[problem.start]:02X}",
        )
    nul = source.text.find("\0")
    if nul >= 0:
        offset = len(source.text[:nul].encode("utf-8")) + skipped
        return source, diagnose("nul-character", Span(path, nul, nul + 1), offset=offset)
    return source, None


def _looks_like_utf16(data: bytes) -> bool:
    """Plain text in UTF-16 without its mark has a zero in every other byte."""
    head = data[:200]
    if len(head) < 4:
        return False
    return any(
        head[zeros::2].count(0) * 10 > len(head[zeros::2]) * 9 and head[1 - zeros :: 2].count(0) == 0
        for zeros in (0, 1)
    )
