"""`protodsl test`: the authors' scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from protodsl.cli.common import CLEAN, FINDINGS, ProtocolPath, common_options, json_text, show

if TYPE_CHECKING:
    from protodsl import ir
    from protodsl.scenario.coverage import Coverage, Covered
    from protodsl.scenario.run import Result
    from protodsl.source import Source


@click.command("test", short_help="Run the scenarios of protocols: verdicts, outcomes and reasons.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=ProtocolPath())
@click.option("--coverage", "covered", is_flag=True, help="Say which outcomes no scenario reached.")
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    help="Exit with 1 where fewer outcomes of criteria and parts are reached.",
)
@common_options()
def command(paths: tuple[str, ...], covered: bool, fail_under: float | None, form: str, color: str) -> int:
    """Run the `scenario` blocks of the files and folders named, each on the interpreter and on the generated
    checker. A scenario that is wrong says what was expected, what came, and why.

    \b
    Example:
      protodsl test protocols/
      protodsl test --coverage --fail-under 100 protocols/scenarios/
    """
    from protodsl.driver import Project, check, protocol_files
    from protodsl.scenario.coverage import coverage
    from protodsl.scenario.run import evaluators, run

    project = Project()
    results: dict[str, tuple[ir.Protocol, list[Result]]] = {}
    failed: list[str] = []
    for path in protocol_files(paths):
        loaded = check(path, project=project)
        errors = [one for one in loaded.diagnostics if one.severity == "error"]
        if errors:
            failed.append(path)
            show(errors, loaded.sources, form=form, color=color)
        elif loaded.tested is not None and loaded.scenarios:
            key = loaded.tested.span.path if loaded.tested.span else loaded.tested.id
            results.setdefault(key, (loaded.tested, []))
            screens = evaluators(loaded.tested)
            results[key][1].extend(run(one, screens) for one in loaded.scenarios)
    if not results and not failed:
        raise click.UsageError(f"there is no scenario in {', '.join(paths)}")
    sources = project.sources()
    made = {
        key: coverage(*tested, sources)
        for key, tested in results.items()
        if covered or fail_under is not None
    }
    wrong = [one for _, ran in results.values() for one in ran if one.findings]
    below = [
        key for key, one in made.items() if fail_under is not None and one.percent(one.criteria) < fail_under
    ]
    if form == "json":
        click.echo(json_text(_data(results, made, failed, sources)))
    else:
        for result in wrong:
            show(result.findings, sources, form=form, color=color, err=False)
        count = sum(len(ran) for _, ran in results.values())
        if count or not failed:
            click.echo(_summary(count, len(wrong)))
        for key, one in made.items():
            _say_coverage(key, one, sources, full=covered)
    return FINDINGS if wrong or failed or below else CLEAN


def _summary(count: int, wrong: int) -> str:
    said = f"{count} scenario{'' if count == 1 else 's'}"
    return f"{said}, {wrong} not as expected" if wrong else f"{said}, as expected"


def _say_coverage(path: str, made: Coverage, sources: dict[str, Source], *, full: bool) -> None:
    from protodsl.diagnostics.text import visible

    shares = []
    for name, of in (("criteria", made.criteria), ("branches", made.branches)):
        reached, wanted = made.share(of)
        shares.append(f"{name} {reached} of {wanted} outcomes ({_percent(made.percent(of))} %)")
    click.echo(f"{path}: {', '.join(shares)}")
    if full:
        for one in (*made.criteria, *made.branches):
            if one.lacking:
                click.echo(visible(f"  {_named(one, sources)}: never {', '.join(one.lacking)}"))


def _percent(value: float) -> str:
    """Rounded down: 100 is said only of all."""
    return f"{int(value * 10) / 10:g}"


def _named(one: Covered, sources: dict[str, Source]) -> str:
    if not one.branch:
        return one.id
    line = ""
    if one.span is not None and one.span.path in sources:
        line = f" (line {sources[one.span.path].position(one.span.start)[0]})"
    return f"{one.id}, `{one.branch}`{line}"


def _data(
    results: dict[str, tuple[ir.Protocol, list[Result]]],
    made: dict[str, Coverage],
    failed: list[str],
    sources: dict[str, Source],
) -> dict[str, Any]:
    from protodsl.diagnostics.machine import to_data

    return {
        "protocols": [
            {
                "path": key,
                "protocol": tested.id,
                "scenarios": [
                    {
                        "title": one.scenario.title,
                        "path": one.scenario.span.path,
                        "line": sources[one.scenario.span.path].position(one.scenario.span.start)[0],
                        "stage": None if one.report is None else one.report.stage,
                        "verdict": None if one.report is None else one.report.verdict,
                        "as_expected": not one.findings,
                        "findings": [to_data(found, sources) for found in one.findings],
                    }
                    for one in ran
                ],
                "coverage": _coverage_data(made[key], sources) if key in made else None,
            }
            for key, (tested, ran) in results.items()
        ],
        "failed": failed,
    }


def _coverage_data(made: Coverage, sources: dict[str, Source]) -> dict[str, Any]:
    def listed(of: tuple[Covered, ...]) -> dict[str, Any]:
        reached, wanted = made.share(of)
        return {
            "reached": reached,
            "wanted": wanted,
            "percent": round(made.percent(of), 2),
            "items": [
                {
                    "id": one.id,
                    "branch": one.branch or None,
                    "line": sources[one.span.path].position(one.span.start)[0]
                    if one.span is not None and one.span.path in sources
                    else None,
                    "reached": list(one.reached),
                    "lacking": list(one.lacking),
                }
                for one in of
            ],
        }

    return {"criteria": listed(made.criteria), "branches": listed(made.branches)}
