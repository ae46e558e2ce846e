"""Headless Chromium, where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip


def browse(page: Path, *arguments: str) -> str:
    """What Chromium prints when it opens a page."""
    assert CHROMIUM is not None
    profile = page.parent / "profile"
    done = subprocess.run(
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments, page.as_uri()],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def measured(page: Path, html: str, script: str) -> str:
    """The title that a script gives to the page; its policy, which forbids the script, is taken out."""
    start = html.index('<meta http-equiv="Content-Security-Policy"')
    bare = html[:start] + html[html.index(">", start) + 1 :]
    page.write_text(bare.replace("</body>", f"<script>document.title = String({script})</script></body>"))
    dom = browse(page, "--dump-dom")
    return dom[dom.index("<title>") + 7 : dom.index("</title>")]
