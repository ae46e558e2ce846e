"""Where a long answer goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from types import TracebackType
from typing import IO

import click

ENDINGS = {
    ".html": "html", ".htm": "html", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".txt": "text",
}  # fmt: skip


def form_of(form: str, output: str | None, known: tuple[str, ...]) -> str:
    """The format asked for; where none is named, the one the file's ending says."""
    context = click.get_current_context()
    source = context.get_parameter_source("form")
    if output is None or output == "-" or source is not click.core.ParameterSource.DEFAULT:
        return form
    said = ENDINGS.get(os.path.splitext(output)[1].lower())
    if said is None or said not in known:
        endings = ", ".join(ending for ending, one in ENDINGS.items() if one in known)
        raise click.UsageError(f"{output} does not end in {endings}; say which --format it is")
    return said


class Output:
    """Text goes to standard output as it comes; to a file by way of a temporary one beside it."""

    def __init__(self, path: str | None) -> None:
        self.path = None if path == "-" else path
        self.file: IO[str] | None = None

    def __enter__(self) -> Output:
        if self.path is not None:
            folder = os.path.dirname(self.path) or "."
            try:
                os.makedirs(folder, exist_ok=True)
                handle, self.temporary = tempfile.mkstemp(prefix=".protodsl-", dir=folder)
            except OSError as problem:
                raise self.unwritable(problem) from None
            self.file = os.fdopen(handle, "w", encoding="utf-8", newline="\n")
        return self

    @property
    def terminal(self) -> bool:
        """Whether what is written is seen at once, in colours perhaps."""
        return self.file is None

    def write(self, text: str, *, nl: bool = True) -> None:
        if self.file is None:
            click.echo(text, nl=nl, color=True)
            return
        try:
            self.file.write(text + "\n" if nl else text)
        except OSError as problem:
            raise self.unwritable(problem) from None

    def unwritable(self, problem: OSError) -> click.UsageError:
        return click.UsageError(f"{self.path} cannot be written: {problem.strerror or problem}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.file is None or self.path is None:
            return
        try:
            self.file.close()
            if kind is None:
                mask = os.umask(0)
                os.umask(mask)
                os.chmod(self.temporary, 0o666 & ~mask)
                os.replace(self.temporary, self.path)
        except OSError as problem:
            raise self.unwritable(problem) from None
        finally:
            if os.path.exists(self.temporary):
                os.unlink(self.temporary)
