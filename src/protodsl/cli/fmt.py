"""`protodsl fmt`: one canonical form."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from protodsl.cli.common import (
    CLEAN,
    FINDINGS,
    ProtocolPath,
    colored,
    common_options,
    json_text,
    show,
    write_whole,
)

if TYPE_CHECKING:
    from protodsl.diagnostics import Diagnostic
    from protodsl.source import Source


@click.command("fmt", short_help="Write protocols in their one canonical form.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=ProtocolPath(allow_dash=True))
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if something would change."
)
@click.option("--diff", "show_diff", is_flag=True, help="Like --check, and print the changes.")
@common_options()
def command(paths: tuple[str, ...], only_check: bool, show_diff: bool, form: str, color: str) -> int:
    """Format protocols and vocabularies, or folders with them: two spaces a level, one statement a line,
    long ones broken before their clauses. Every comment is kept, and no meaning changes.

    The files that changed are printed. `-` reads standard input and writes to standard output. A file that
    cannot be read is left as it is, with its mistakes on standard error and exit code 1.

    \b
    Example:
      protodsl fmt protocols/
      protodsl fmt --check --diff NCT06892145.proto-lite
    """
    from protodsl.diagnostics import Diagnostic
    from protodsl.driver import Project, protocol_files
    from protodsl.reading import SIZE_LIMIT, decode, read_file
    from protodsl.syntax.printer import format_source

    files = protocol_files(paths)
    if not files:
        raise click.UsageError(f"there is no .proto-lite file in {', '.join(paths)}")
    changed: list[str] = []
    failed: list[str] = []
    project = Project(
        read=lambda path: sys.stdin.buffer.read(SIZE_LIMIT + 1) if path == "-" else read_file(path)
    )
    for path in files:
        data = project.bytes_of(path)
        if isinstance(data, Diagnostic):
            failed.append(path)
            show([data], {}, form=form, color=color)
            continue
        source, problem = decode(path, data)
        made, found = (None, (problem,)) if problem is not None else format_source(source)
        if made is None:
            failed.append(path)
            _refuse(source, found, form, color)
            continue
        differs = made.encode("utf-8") != data
        if differs:
            changed.append(path)
        if show_diff and differs and form == "text":
            click.echo(_difference(path, source.text, made, colored(color)), nl=False, color=True)
        elif only_check or show_diff:
            if differs and form == "text":
                click.echo(path)
        elif path == "-":
            sys.stdout.buffer.write(made.encode("utf-8"))
        elif differs:
            write_whole(path, made.encode("utf-8"))
            if form == "text":
                click.echo(path)
    if form == "json" and (files != ["-"] or only_check or show_diff):
        click.echo(json_text({"files": len(files), "changed": changed, "failed": failed}))
    return FINDINGS if failed or (changed and (only_check or show_diff)) else CLEAN


def _refuse(source: Source, found: tuple[Diagnostic, ...], form: str, color: str) -> None:
    errors = [one for one in found if one.severity == "error"]
    show(errors, {source.path: source}, form=form, color=color)


def _difference(path: str, before: str, after: str, color: bool) -> str:
    """A unified diff."""
    from difflib import unified_diff

    from protodsl.diagnostics.text import visible

    lines = unified_diff(
        before.splitlines(), after.splitlines(), path, path, "as it is", "formatted", lineterm=""
    )
    tints = {"-": "\033[31m", "+": "\033[32m", "@": "\033[36m"}
    return "".join(
        f"{tints[line[0]]}{visible(line)}\033[0m\n" if color and line[0] in tints else f"{visible(line)}\n"
        for line in lines
    )
