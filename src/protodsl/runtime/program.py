"""A checker as a program: `python nct06892145.py record.json`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from protodsl.runtime.attributes import RecordError
from protodsl.runtime.checker import Checker, RequestError
from protodsl.runtime.decode import loads
from protodsl.runtime.read import read_record
from protodsl.runtime.report import Report

MARKS = {"passes": "+", "fails": "-", "unknown": "?", "not applicable": " "}


def text_of(report: Report) -> str:
    """A report for people: the verdict, then each criterion with its reason."""
    lines = [f"{report.participant}: {report.verdict} ({report.protocol}, {report.stage})"]
    for assumption in report.assumptions:
        lines.append(f"  assumed: {assumption}")
    for criterion in report.criteria:
        name = f"{criterion.id} {criterion.label}".rstrip()
        lines.append(f"  {MARKS[criterion.outcome]} {name}: {criterion.outcome}")
        if criterion.reason:
            lines.append(f"      {criterion.reason}")
        if criterion.curable_on is not None:
            lines.append(f"      passes from {criterion.curable_on}")
    for name, verdict in report.cohorts:
        lines.append(f"  cohort {name}: {verdict}")
    if report.needed:
        lines.append(f"  needed: {', '.join(report.needed)}")
    if report.earliest_date is not None:
        lines.append(f"  nothing fails from {report.earliest_date}")
    if report.to_repeat:
        lines.append(f"  to repeat by then: {', '.join(report.to_repeat)}")
    for note in report.notes:
        lines.append(f"  note: {note}")
    return "\n".join(lines)


def run(checker: Checker, arguments: Sequence[str] | None = None) -> int:
    """Screens the records of the files named; 0: all eligible, 1: not all, 2: wrong usage or a record
    refused.
    """
    parser = argparse.ArgumentParser(
        description=f"Screens participants for {checker.protocol.id}.",
        epilog="example: %(prog)s record.json --format text",
    )
    parser.add_argument("record", nargs="+", help="a patient record, JSON or JSON Lines; - is standard input")
    parser.add_argument("--format", choices=("json", "jsonl", "text"), default="text")
    parser.add_argument("--verdict", action="store_true", help="the verdict alone, which is faster to have")
    parser.add_argument("--stage", help=f"one of {', '.join(checker.stages)}")
    parser.add_argument("--cohort", help="the one cohort to screen for")
    parser.add_argument("--at", action="append", default=[], metavar="TIMEPOINT=DATE")
    parser.add_argument("--as-of", metavar="DATE", help="the last day the record speaks of")
    parser.add_argument("--assume", default="", metavar="complete=DOMAIN,…")
    options = parser.parse_args(arguments)
    try:
        return _screened(checker, options)
    except BrokenPipeError:  # whoever reads us, `head` say, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (RequestError, RecordError, OSError, UnicodeDecodeError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


def _screened(checker: Checker, options: argparse.Namespace) -> int:
    """Answers each record as it is read, and keeps none."""
    asked: dict[str, Any] = {
        "stage": options.stage,
        "cohort": options.cohort,
        "at": dict(_pair(text) for text in options.at),
        "as_of": options.as_of,
        "assume": _assumed(options.assume),
    }
    refused, number, all_eligible = False, 0, True
    held = ""  # of one participant an object is printed, of several an array
    for path in options.record:
        for place, data in _records(path):
            try:
                record = read_record(data)
                if options.verdict:
                    verdict = checker.verdict(record, **asked)
                    told: dict[str, Any] = {"participant": record.id, "verdict": verdict}
                    text = f"{record.id}: {verdict}"
                else:
                    report = checker.evaluate(record, **asked)
                    verdict = report.verdict
                    if options.format == "text":
                        text = text_of(report)
                    else:
                        told = report.to_dict()
            except RecordError as error:
                refused = True
                for problem in error.problems:
                    print(f"{place}: {problem}", file=sys.stderr)
                continue
            all_eligible = all_eligible and verdict == "eligible"
            match options.format:
                case "jsonl":
                    print(json.dumps(told, ensure_ascii=False))
                case "text":
                    print(text)
                case _:
                    if number:
                        print("[" + held if number == 1 else held, end=",\n")
                    held = json.dumps(told, ensure_ascii=False, indent=2)
            number += 1
    if options.format == "json":
        print(held if number == 1 else f"{held}]" if number else "[]")
    sys.stdout.flush()
    return 2 if refused else 0 if all_eligible else 1


def _pair(text: str) -> tuple[str, str]:
    name, equals, day = text.partition("=")
    if not equals:
        raise RequestError(f"--at {text}: write TIMEPOINT=DATE")
    return name, day


def _assumed(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    if not text.startswith("complete="):
        raise RequestError(f"--assume {text}: write complete=conditions,medications")
    return tuple(one for one in text.removeprefix("complete=").split(",") if one)


def _records(path: str) -> Iterator[tuple[str, Any]]:
    """Every record of a file, with its place. JSON Lines are read line by line."""
    if path.endswith(".jsonl"):
        with open(path, encoding="utf-8-sig") as file:
            for index, line in enumerate(file, 1):
                if line.strip():
                    yield f"{path}:{index}", loads(line, index)
        return
    if path == "-":
        text = sys.stdin.read()
    else:
        with open(path, encoding="utf-8-sig") as file:
            text = file.read()
    data = loads(text)
    if isinstance(data, list):
        yield from ((f"{path}: record {index}", one) for index, one in enumerate(data, 1))
    else:
        yield path, data
