"""`protodsl check`: is there anything wrong with these files?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from protodsl import __version__
from protodsl.cli.common import CLEAN, FINDINGS, ProtocolPath, colored, common_options, json_text

if TYPE_CHECKING:
    from protodsl.diagnostics import Diagnostic
    from protodsl.driver import Accepted, CheckResult
    from protodsl.source import Source


@click.command("check", short_help="Read, elaborate and lint protocols; say what is wrong.")
@click.argument("paths", nargs=-1, required=True, type=ProtocolPath())
@click.option("--strict", is_flag=True, help="Exit with 1 also when there are only warnings.")
@common_options(("text", "json", "sarif"))
def command(paths: tuple[str, ...], strict: bool, form: str, color: str) -> int:
    """Check protocols and vocabularies: files, or folders with `.proto-lite` files.

    Nothing is printed when all is well; a warning that the file accepts (`accept W0553 because "…"`) is a
    line. All mistakes of a file are reported in one run. `--format json` gives each diagnostic whole, and how
    much of the source's eligibility text is quoted; `sarif` is for code hosts.

    \b
    Example:
      protodsl check protocols/
      protodsl check --format json NCT06892145.proto-lite
    """
    from protodsl.diagnostics.machine import to_sarif
    from protodsl.driver import Project, check, protocol_files

    files = protocol_files(paths)
    if not files:
        raise click.UsageError(f"there is no .proto-lite file in {', '.join(paths)}")
    project = Project()
    results = [check(path, project=project) for path in files]
    sources = project.sources()
    found = list(dict.fromkeys(one for result in results for one in result.diagnostics))
    accepted = list(dict.fromkeys(one for result in results for one in result.accepted))
    match form:
        case "json":
            click.echo(json_text(_data(results, found, accepted, sources)))
        case "sarif":
            click.echo(json_text(to_sarif(found, sources, __version__)))
        case _:
            _text(found, accepted, sources, color)
    failing = [one for one in found if one.severity == "error" or (strict and one.severity == "warning")]
    return FINDINGS if failing else CLEAN


def _text(found: list[Diagnostic], accepted: list[Accepted], sources: dict[str, Source], color: str) -> None:
    from protodsl.diagnostics.text import place, render_text, visible

    if found:
        click.echo(render_text(found, sources, color=colored(color)), color=True)
        click.echo(_summary(found))
    for one in accepted:
        where = place(one.diagnostic.span, sources)
        click.echo(f"{where}: {one.diagnostic.code} accepted, because {visible(one.because)}")


def _summary(found: list[Diagnostic]) -> str:
    counts = _counts(found)
    said = [
        f"{counts[kind]} {kind if counts[kind] == 1 else f'{kind}s'}"
        for kind in ("error", "warning")
        if counts[kind]
    ]
    return ", ".join(said) if said else f"{len(found)} remarks"


def _counts(found: list[Diagnostic]) -> dict[str, int]:
    return {
        severity: sum(one.severity == severity for one in found) for severity in ("error", "warning", "info")
    }


def _data(
    results: list[CheckResult],
    found: list[Diagnostic],
    accepted: list[Accepted],
    sources: dict[str, Source],
) -> dict[str, Any]:
    from protodsl.diagnostics.machine import to_data

    counts = _counts(found)
    return {
        "protodsl": __version__,
        "files": [
            {
                "path": result.path,
                "protocol": None if result.protocol is None else result.protocol.id,
                "failed": result.failed,
                "source_coverage": _coverage(result),
            }
            for result in results
        ],
        "diagnostics": [to_data(one, sources) for one in found],
        "accepted": [{**to_data(one.diagnostic, sources), "because": one.because} for one in accepted],
        "summary": {"errors": counts["error"], "warnings": counts["warning"]},
    }


def _coverage(result: CheckResult) -> dict[str, Any] | None:
    """How much of the source's eligibility text is quoted, in letters and digits; None where that is not
    known.
    """
    document = None if result.protocol is None else result.protocol.document
    if document is None:
        return None
    return {
        "document": document.path,
        "covered": document.covered,
        "total": document.total,
        "percent": round(100 * document.covered / document.total, 2) if document.total else 100.0,
        "uncovered": [{"text": one.text, "line": one.line} for one in document.uncovered],
    }
