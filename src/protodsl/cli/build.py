"""`protodsl build`: everything for every protocol found."""

from __future__ import annotations

import os

import click

from protodsl.cli.common import (
    CLEAN,
    FINDINGS,
    ProtocolPath,
    common_options,
    json_text,
    load_protocol,
    show,
    write_whole,
)
from protodsl.cli.render import rendered


@click.command("build", short_help="Write checkers and summaries of every protocol found.")
@click.argument("paths", nargs=-1, required=True, type=ProtocolPath())
@click.option("-o", "--output", metavar="DIR", required=True, help="Folder to write into.")
@click.option("--standalone", is_flag=True, help="Inline the runtime into the checkers.")
@common_options()
def command(paths: tuple[str, ...], output: str, standalone: bool, form: str, color: str) -> int:
    """Write checker and summary (`<id>.py`, `.md`, `.html`, `.pdf`) of each protocol in the files and folders
    named.

    Files without a protocol (vocabularies) are passed over. A protocol with errors gives no files and exit
    code 1; the others are still built.

    \b
    Example:
      protodsl build protocols/ -o build/
    """
    from protodsl.backends import python
    from protodsl.driver import Project, check, protocol_files

    project = Project()
    written: list[str] = []
    failed: list[str] = []
    owner: dict[str, str] = {}
    files = protocol_files(paths)
    if not files:
        raise click.UsageError(f"there is no .proto-lite file in {', '.join(paths)}")
    for file in files:
        result = check(file, project=project)
        if result.protocol is None:
            if result.failed:
                failed.append(file)
                errors = [one for one in result.diagnostics if one.severity == "error"]
                show(errors, result.sources, form=form, color=color)
            continue
        model = result.protocol
        name = model.id.lower()
        if name in owner:
            raise click.UsageError(f"{owner[name]} and {file} are both the protocol {model.id}")
        owner[name] = file
        made = {
            ".py": python.generate(model, standalone=standalone).encode("utf-8"),
            ".md": rendered(model, "md"),
            ".html": rendered(model, "html"),
            ".pdf": rendered(model, "pdf"),
        }
        for suffix, content in made.items():
            path = os.path.join(output, name + suffix)
            write_whole(path, content)
            written.append(path)
            if form == "text":
                click.echo(path)
    if not owner and not failed:
        load_protocol(files[0], form=form, color=color, project=project)
        failed.append(files[0])
    if form == "json":
        click.echo(json_text({"written": written, "failed": failed}))
    return FINDINGS if failed else CLEAN
