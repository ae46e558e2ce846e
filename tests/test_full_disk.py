"""A disk that fills up: said, exit code 2, and nothing that looks whole is left."""

from __future__ import annotations

import contextlib
import json
import resource
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from strategies import random_record
from test_cohort import TEXT

from protodsl.cli.main import cli
from protodsl.cohort.simulate import simulate
from protodsl.driver import check


@contextlib.contextmanager
def full(size: int) -> Iterator[None]:
    """No file grows beyond so many bytes, whoever writes it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a protocol, records and tables."""
    folder = tmp_path_factory.mktemp("full")
    path = folder / "small.proto-lite"
    path.write_text(TEXT, encoding="utf-8")
    protocol = check(str(path)).protocol
    assert protocol is not None
    rng = Random(3)
    people = [{**random_record(protocol, rng), "id": f"P{number:03}"} for number in range(200)]
    lines = "".join(json.dumps(one) + "\n" for one in people)
    (folder / "people.jsonl").write_text(lines, encoding="utf-8")
    simulate(protocol, 2000, 1, str(folder / "facts"), threads=1)
    return folder


@pytest.mark.parametrize(
    ("command", "size", "made", "named"),
    (
        ("simulate {}/small.proto-lite -n 2000 --out {}/people", 30000, "people", "/people.simulating"),
        ("data load {}/people.jsonl -o {}/loaded", 5000, "loaded", "/rows.csv"),
        ("cohort {}/small.proto-lite --data {}/facts -o {}/all.parquet", 5000, "all.parquet", "/all.parquet"),
        ("cohort {}/small.proto-lite --data {}/facts --report {}/page.html", 9000, "page.html", ""),
        ("sql {}/small.proto-lite -o {}/asked.sql", 5000, "asked.sql", "/asked.sql"),
    ),
)
def test_what_does_not_fit_is_named_and_not_left(
    small: Path, command: str, size: int, made: str, named: str
) -> None:
    asked = command.replace("{}", str(small)).split()
    before = {path.name for path in small.iterdir()}
    with full(size):
        done = CliRunner().invoke(cli, asked, catch_exceptions=False)
    assert done.exit_code == 2, done.output
    assert named in done.stderr and "File too large" in done.stderr, done.stderr
    assert "exception_message" not in done.stderr
    assert not (small / made).exists()
    if "--report" not in asked:  # there is room again
        again = CliRunner().invoke(cli, asked, catch_exceptions=False)
        assert again.exit_code < 2, again.output
        assert {path.name for path in small.iterdir()} - before == {made}
