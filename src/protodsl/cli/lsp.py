"""`protodsl lsp`: the language server."""

from __future__ import annotations

import click

from protodsl.cli.common import CLEAN, common_options


@click.command("lsp", short_help="Serve an editor over standard input and output.")
@common_options()
def command(form: str, color: str) -> int:
    """Run the language server: diagnostics as you type, readings, names, forms. An editor starts it and
    speaks the Language Server Protocol with it, so `--format` and `--color` change nothing.

    It needs the extra `editor` (`pip install protodsl[editor]`).

    \b
    Example:
      protodsl lsp   (an editor is given the command `protodsl` and the argument `lsp`)
    """
    try:
        from protodsl.editor import server
    except ImportError as problem:
        missing = problem.name or "pygls"
        raise click.UsageError(
            f"the language server needs {missing}: pip install 'protodsl[editor]'"
        ) from None
    server.main()
    return CLEAN
