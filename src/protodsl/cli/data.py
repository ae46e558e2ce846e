"""`protodsl data`: what a protocol needs to know of people, sheets to write it down, tables of many."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "needs": "protodsl.cli.data_needs",
    "template": "protodsl.cli.data_template",
    "load": "protodsl.cli.data_load",
}


class Commands(click.Group):
    """A group whose commands live in modules of their own, each under the name `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return found


@click.command(
    "data", cls=Commands, short_help="What data a protocol needs, empty sheets for them, and data as tables."
)
def command() -> None:
    """What data a protocol needs, empty sheets for them, and data as tables.

    \b
    Example:
      protodsl data needs protocols/NCT06892145.proto-lite
      protodsl data template protocols/NCT06892145.proto-lite -o sheet.xlsx
      protodsl data load people.jsonl -o facts
    """
