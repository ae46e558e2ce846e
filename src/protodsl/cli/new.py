"""`protodsl new`: a commented skeleton to begin with."""

from __future__ import annotations

import os
import re

import click

from protodsl.cli.common import CLEAN, common_options, json_text, write_whole


@click.command("new", short_help="Write a commented skeleton of a protocol, to begin with.")
@click.argument("protocol_id", metavar="[ID]", default="my_trial")
@click.option("-o", "--output", metavar="FILE", help="File to write; by default ID.proto-lite.")
@click.option("--title", default="My trial", show_default=True, help="Title of the trial.")
@common_options()
def command(protocol_id: str, output: str | None, title: str, form: str, color: str) -> int:
    """Write a small trial with comments, and the text it quotes (`sources/ID.txt` beside it).

    Both are examples that check clean: put your source into the text, and replace the protocol from the top
    to the bottom. A file that exists is never overwritten.

    \b
    Example:
      protodsl new NCT01234567 --title "Drug X in disease Y"
      protodsl check NCT01234567.proto-lite
    """
    from protodsl.resources import templates_path
    from protodsl.syntax.grammar import reserved_words

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", protocol_id) or protocol_id in reserved_words():
        raise click.UsageError(
            f"'{protocol_id}' cannot be the name of a protocol: letters, digits and _, "
            "beginning with a letter, and no word of the language."
        )
    if '"' in title or not title.isprintable():
        raise click.UsageError("The title cannot hold a quotation mark or a line break.")
    path = output or f"{protocol_id}.proto-lite"
    source = f"sources/{protocol_id}.txt"
    beside = os.path.join(os.path.dirname(path), *source.split("/"))
    for file in (path, beside):
        if os.path.lexists(file):
            raise click.UsageError(f"{file} exists already, and is left as it is.")
    frame = (templates_path() / "skeleton.proto-lite").read_text(encoding="utf-8")
    words = {"ID": protocol_id, "TITLE": title, "SOURCE": source}
    made = re.sub(r"@(ID|TITLE|SOURCE)@", lambda found: words[found[1]], frame)
    write_whole(beside, (templates_path() / "skeleton.txt").read_bytes())
    write_whole(path, made.encode("utf-8"))
    click.echo(json_text({"written": [path, beside]}) if form == "json" else f"{path}\n{beside}")
    return CLEAN
