"""What the verbs share: options, colours, writing files whole, loading a protocol or saying why it cannot
be.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from protodsl import ir
    from protodsl.diagnostics import Diagnostic
    from protodsl.driver import CheckResult, Project
    from protodsl.source import Source

CLEAN, FINDINGS, USAGE = 0, 1, 2
SUFFIX = ".proto-lite"
Command = TypeVar("Command", bound=Callable[..., Any])


class ProtocolPath(click.Path):
    """A protocol, or a folder with protocols; the shell completes those before it offers other files."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        folder, start = os.path.split(incomplete)
        try:
            entries = sorted(os.scandir(folder or "."), key=lambda entry: entry.name)
        except OSError:
            entries = []
        near = [entry for entry in entries if entry.name.startswith(start) and entry.name[0] != "."]
        found = [os.path.join(folder, entry.name) for entry in near if entry.name.endswith(SUFFIX)]
        if not found:
            return super().shell_complete(ctx, param, incomplete)
        found += [os.path.join(folder, entry.name, "") for entry in near if entry.is_dir()]
        return [CompletionItem(path) for path in found]


def common_options(formats: Sequence[str] = ("text", "json")) -> Callable[[Command], Command]:
    """`--format` and `--color`, which every verb has."""

    def add(function: Command) -> Command:
        function = click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            show_default=True,
            help="Colours: auto is on terminals only, and respects NO_COLOR.",
        )(function)
        return click.option(
            "--format",
            "form",
            type=click.Choice(list(formats)),
            default="text",
            show_default=True,
            help="How to answer.",
        )(function)

    return add


def colored(choice: str, stream: Any = None) -> bool:
    """Whether to colour what goes to `stream` (default: standard output)."""
    if choice != "auto":
        return choice == "always"
    stream = stream or sys.stdout
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def json_text(data: Any, *, indent: int | None = 2) -> str:
    """JSON as text that standard output can carry, whatever its encoding."""
    import json

    plain = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    separators = (",", ":") if indent is None else None
    return json.dumps(data, ensure_ascii=not plain, indent=indent, separators=separators)


def write_whole(path: str, content: bytes) -> None:
    """Write a file whole or not at all; folders are made. OSError becomes a usage error."""
    folder = os.path.dirname(path) or "."
    temporary: str | None = None
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".protodsl-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
        temporary = None
    except OSError as problem:
        raise click.UsageError(f"{path} cannot be written: {problem.strerror or problem}") from None
    finally:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)


def show(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, Source],
    *,
    form: str,
    color: str,
    err: bool = True,
) -> None:
    """Print diagnostics: as text, or, where the answer is for programs, as JSON lines."""
    from protodsl.diagnostics.machine import to_data
    from protodsl.diagnostics.text import render_text

    found = list(diagnostics)
    if not found:
        return
    if form == "text":
        stream = sys.stderr if err else sys.stdout
        click.echo(render_text(found, sources, color=colored(color, stream)), err=err, color=True)
    else:
        for diagnostic in found:
            click.echo(json_text(to_data(diagnostic, sources), indent=None), err=err)


def load_protocol(
    path: str, *, form: str, color: str, project: Project | None = None
) -> tuple[ir.Protocol | None, CheckResult]:
    """The protocol of a file. Where it has errors they are shown, on standard error, and it is None;
    warnings are not repeated by the verbs that use a protocol.
    """
    from protodsl.diagnostics import diagnose
    from protodsl.driver import check
    from protodsl.source import Span

    result = check(path, project=project)
    errors = [one for one in result.diagnostics if one.severity == "error"]
    if result.protocol is None and not errors:
        errors = [diagnose("no-protocol", Span(path, 0, 0))]
    show(errors, result.sources, form=form, color=color)
    return (None if errors else result.protocol), result
