"""The grammar and the templates are found in a checkout and in an installed package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from protodsl.resources import grammar_path, resource, templates_path

ROOT = Path(__file__).parents[1]


def test_checkout() -> None:
    assert grammar_path() == ROOT / "grammar" / "protodsl.lark"
    assert templates_path() == ROOT / "templates"


def test_installed(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "protodsl"
    (package / "_data" / "grammar").mkdir(parents=True)
    (package / "_data" / "grammar" / "protodsl.lark").write_text("start:")
    assert resource("grammar/protodsl.lark", package) == package / "_data" / "grammar" / "protodsl.lark"


def test_what_lies_in_the_package_comes_first(tmp_path: Path) -> None:
    package = tmp_path / "src" / "protodsl"
    (package / "_data" / "templates").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    assert resource("templates", package) == package / "_data" / "templates"


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="protodsl's own file grammar"):
        resource("grammar/protodsl.lark", tmp_path / "a" / "b")


def test_as_the_wheel_lays_it_out(tmp_path: Path) -> None:
    """The package alone, its data inside it as `pyproject.toml` says, far from the checkout."""
    site = tmp_path / "site"
    package = site / "protodsl"
    package.mkdir(parents=True)
    for entry in (ROOT / "src" / "protodsl").iterdir():
        if entry.is_dir():
            (package / entry.name).symlink_to(entry)
        else:
            (package / entry.name).write_bytes(entry.read_bytes())
    (package / "_data").mkdir()
    (package / "_data" / "grammar").symlink_to(ROOT / "grammar")
    (tmp_path / "a.proto-lite").write_text("language 1\nlab lab\n")
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "from protodsl.cli.main import main; main(['check', 'a.proto-lite'])"
    environment["PYTHONPATH"] = str(site)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("a.proto-lite:2:5: error[E0")
