"""Running a scenario on the interpreter and on the generated checker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protodsl import interpret, ir
from protodsl.backends import python
from protodsl.diagnostics import Diagnostic, diagnose
from protodsl.runtime.attributes import RecordError
from protodsl.runtime.report import CriterionReport, Report
from protodsl.scenario.model import Expectation, Scenario

Screen = Callable[[Scenario], Report]
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """`report` is the interpreter's; None where the record is refused. No finding: all is as expected."""

    scenario: Scenario
    report: Report | None
    findings: tuple[Diagnostic, ...]


def evaluators(protocol: ir.Protocol) -> dict[str, Screen]:
    """The two that must agree, by what they are called."""
    checker = python.load(protocol)

    def interpreter(one: Scenario) -> Report:
        return interpret.screen(protocol, one.record, stage=one.stage, cohort=one.cohort, cure=False)

    def checked(one: Scenario) -> Report:
        made: Report = checker.evaluate(one.record, stage=one.stage, cohort=one.cohort, cure=False)
        return made

    return {"the interpreter": interpreter, "the checker": checked}


def run(scenario: Scenario, screens: dict[str, Screen]) -> Result:
    """What each evaluator says of the scenario, held against what is expected."""
    try:
        reports = {name: screen(scenario) for name, screen in screens.items()}
    except (RecordError, ValueError) as refused:
        problem = str(refused.problems[0]) if isinstance(refused, RecordError) else str(refused)
        return Result(scenario, None, (diagnose("scenario-record", scenario.span, reason=problem),))
    findings: list[Diagnostic] = []
    for expectation in scenario.expectations:
        answers: dict[tuple[str, str], list[str]] = {}
        for name, report in reports.items():
            answers.setdefault(_answer(report, expectation), []).append(name)
        for (came, reason), names in answers.items():
            finding = _held(expectation, came, reason, " and ".join(names))
            if finding is not None:
                findings.append(finding)
    return Result(scenario, next(iter(reports.values())), tuple(findings))


def _held(expectation: Expectation, came: str, reason: str, by: str) -> Diagnostic | None:
    subject = f"{expectation.subject}: " if expectation.subject else ""
    if came != expectation.expected:
        said = f"{came}, because {reason}" if reason else came
        expected = f"{subject}{expectation.expected}"
        return diagnose("scenario-outcome", expectation.span, expected=expected, by=by, came=said)
    if expectation.because is not None and _plain(expectation.because) not in _plain(reason):
        return diagnose(
            "scenario-reason",
            expectation.span,
            subject=subject + expectation.expected,
            because=expectation.because,
            by=by,
            reason=reason or "nothing",
        )
    return None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _answer(report: Report, expectation: Expectation) -> tuple[str, str]:
    """What came, and why."""
    match expectation.what:
        case "criterion":
            found = next((one for one in report.criteria if one.id == expectation.subject), None)
            return (found.outcome, found.reason) if found is not None else ("not asked", "")
        case "cohort":
            verdict = dict(report.cohorts).get(expectation.subject, "not asked")
            own = [one for one in report.criteria if one.cohort == expectation.subject]
            return verdict, _why(verdict, own)
        case _:
            return report.verdict, _why(report.verdict, report.criteria)


def _why(verdict: str, criteria: list[CriterionReport]) -> str:
    """The criteria that decide a verdict, with their reasons; the first of them where there are many."""
    outcome = {"ineligible": "fails", "undetermined": "unknown"}.get(verdict)
    deciding = [one for one in criteria if one.outcome == outcome and "." not in one.id]
    said = [f"{one.id} ({one.reason})" for one in deciding[:MOST_REASONS]]
    if len(deciding) > MOST_REASONS:
        said.append(f"and {len(deciding) - MOST_REASONS} more")
    return "; ".join(said)
