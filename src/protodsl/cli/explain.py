"""`protodsl explain`: the page of a diagnostic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from protodsl.cli.common import CLEAN, common_options, json_text

if TYPE_CHECKING:
    from protodsl.diagnostics.entry import Entry


def _codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Codes (`E0201`) for the shell, and names (`unknown-name`) once something is typed."""
    from protodsl.diagnostics.catalogue import ENTRIES

    wanted = incomplete.casefold()
    codes = [CompletionItem(one.code, help=one.name) for one in _sorted(ENTRIES)]
    names = [CompletionItem(one.name, help=one.code) for one in _sorted(ENTRIES)]
    offered = codes + (names if incomplete else [])
    return [item for item in offered if item.value.casefold().startswith(wanted)]


@click.command("explain", short_help="Print the page of a diagnostic: why it is said, what to write.")
@click.argument("codes", metavar="[CODE]...", nargs=-1, shell_complete=_codes)
@common_options()
def command(codes: tuple[str, ...], form: str, color: str) -> int:
    """Explain diagnostics by code or name: why the language minds, what to avoid and what to write.

    Without a CODE all diagnostics are listed.

    \b
    Example:
      protodsl explain E0201
      protodsl explain mixed-and-or
    """
    from protodsl.diagnostics.catalogue import ENTRIES
    from protodsl.diagnostics.page import page_data, page_text

    if form == "json":
        shown = [_find(code) for code in codes] or _sorted(ENTRIES)
        click.echo(json_text([page_data(entry) for entry in shown]))
    elif codes:
        click.echo("\n".join(page_text(_find(code)) for code in codes), nl=False)
    else:
        for entry in _sorted(ENTRIES):
            click.echo(f"{entry.code}  {entry.name}")
    return CLEAN


def _sorted(entries: tuple[Entry, ...]) -> list[Entry]:
    return sorted(entries, key=lambda entry: (entry.code[1:], entry.code))


def _find(code: str) -> Entry:
    from protodsl.diagnostics import suggest
    from protodsl.diagnostics.catalogue import BY_CODE, BY_NAME

    found = BY_CODE.get(code.upper()) or BY_NAME.get(code.lower())
    if found is None:
        near = suggest(code.upper(), BY_CODE) if code[1:2].isdigit() else suggest(code.lower(), BY_NAME)
        hint = f" Did you mean '{near}'?" if near else " `protodsl explain` alone lists them all."
        raise click.UsageError(f"There is no diagnostic '{code}'.{hint}")
    return found
