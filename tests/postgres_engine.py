"""A PostgreSQL server of our own, on a socket in a temporary folder, and the statement run by it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from protodsl.backends import sql
from protodsl.backends.sql.tables import TABLES
from protodsl.cohort import duck
from protodsl.cohort.rows import Rows, line


def programs() -> Path | None:
    """Where the server's programs are."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    listed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return listed[-1].parent if listed else None


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a server that keeps its data in `folder`; the test is skipped where none is installed.
    It refuses to run as root.
    """
    found = programs()
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        home = folder
        while home != Path("/tmp") and home.parent != home:  # the folders above are the tests' own
            home.chmod(0o755)
            home = home.parent
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    quiet: dict[str, Any] = {
        "user": user, "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL,
    }  # fmt: skip
    data = folder / "data"
    subprocess.run([found / "initdb", "-D", data, "-U", "reader", "-A", "trust", "-N"], check=True, **quiet)
    started = subprocess.Popen(
        [found / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"], **quiet
    )
    url = f"postgresql:///postgres?host={folder}&user=reader"
    try:
        for _ in range(200):
            with contextlib.suppress(psycopg.Error):
                psycopg.connect(url).close()
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                started.wait(0.1)
        yield url
    finally:
        started.terminate()
        started.wait()


def run(
    url: str, rows: Rows, made: Callable[[sql.Lexicon], sql.Statement]
) -> tuple[sql.Statement, list[tuple[Any, ...]]]:
    """The rows in tables of the server, and what the statement says of them."""
    with duck.connect() as connection:  # the codes and units in the rows
        duck.fill(connection, rows)
        lexicon = duck.lexicon(connection)
    statement = made(lexicon)
    with psycopg.connect(url) as connection:
        connection.execute("SET jit = off")
        for table in TABLES:
            columns = ", ".join(f'"{field.name}" {field.type}' for field in table.fields)
            connection.execute(f"CREATE TEMP TABLE {table.name} ({columns})".encode())
            with connection.cursor().copy(f"COPY {table.name} FROM STDIN (FORMAT csv)".encode()) as copy:
                copy.write("".join(map(line, rows.tables[table.name])))
            connection.execute(f"ANALYZE {table.name}".encode())
        found = connection.execute(statement.text.encode()).fetchall()
        connection.rollback()
    return statement, found
