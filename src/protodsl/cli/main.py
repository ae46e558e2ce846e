"""The command `protodsl`. Verbs are imported when they are used, and what they need inside them: `--help`
stays quick.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any, NoReturn

import click

from protodsl import __version__

VERBS = {
    "check": "protodsl.cli.check",
    "compile": "protodsl.cli.compile",
    "screen": "protodsl.cli.screen",
    "match": "protodsl.cli.match",
    "render": "protodsl.cli.render",
    "build": "protodsl.cli.build",
    "test": "protodsl.cli.test",
    "fmt": "protodsl.cli.fmt",
    "new": "protodsl.cli.new",
    "explain": "protodsl.cli.explain",
    "lsp": "protodsl.cli.lsp",
    "data": "protodsl.cli.data",
    "sql": "protodsl.cli.sql",
    "simulate": "protodsl.cli.simulate",
    "cohort": "protodsl.cli.cohort",
}
BUG, BROKEN_PIPE, INTERRUPTED = 70, 141, 130


class Verbs(click.Group):
    """A group whose commands live in modules of their own, each under the name `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" There are: {', '.join(VERBS)}."
            raise click.UsageError(f"There is no verb '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
            return code
        except BrokenPipeError:
            # Whoever read our output has gone; nothing may be written to it any more, not even at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(BROKEN_PIPE) from None


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 clean, 1 findings, 2 wrong usage, 70 a bug of ours.",
)
@click.version_option(__version__, prog_name="protodsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Clinical trial protocols as code: check them, compile them, screen people with them, and print what
    an ethics committee reads.

    \b
    Example:
      protodsl check protocols/
      protodsl screen protocols/NCT06892145.proto-lite record.json
    """


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and leave the process with its exit code."""
    # what a verb makes lives to its end, most of it: looking for cycles after every 700 objects finds nothing
    gc.set_threshold(50_000, 10, 10)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(args=arguments, prog_name="protodsl", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except Exception as problem:  # whatever reaches this place is a bug of ours
        code = BUG
        _confess(problem)
    sys.exit(code if isinstance(code, int) else 0)


def _confess(problem: Exception) -> None:
    """Say that it is our mistake, without a traceback unless it is asked for."""
    if os.environ.get("PROTODSL_DEBUG") == "1":
        import traceback

        traceback.print_exc()
        return
    words = " ".join(f"{type(problem).__name__}: {problem}".split())[:300]
    click.echo(
        f"protodsl {__version__} failed; this is a mistake in protodsl, not in your files.\n  {words}\n"
        "Please report it with the command and the files you used. PROTODSL_DEBUG=1 shows where it happened.",
        err=True,
    )
