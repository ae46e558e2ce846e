"""A Spark session of one's own: started quietly, its refusals in plain words, ended with its JVM."""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from protodsl.cohort.engine import DataError, Progress
from protodsl.cohort.spark_watch import Waiting, waiting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MASTER = "local[*]"
JAVA = 17
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT])i?B?\s*$", re.IGNORECASE)
_MEBIBYTES = {"K": 1 / 1024, "M": 1, "G": 1024, "T": 1024 * 1024}
PATIENCE = 5  # seconds for a master to take a connection


@contextmanager
def session(
    master: str = MASTER,
    memory: str | None = None,
    told: Progress = lambda _: None,
    *,
    catalog: bool = False,
) -> Iterator[SparkSession]:
    """A session on `master`, stopped at the end; the one that runs in this process already, where one does.
    `memory`: the most Spark may use on this machine, such as `4GB`, where the master is local. `told` hears
    of long waits; what Spark logs is kept from the terminal. `catalog`: tables of its catalogue are asked
    for. Raises DataError: no pyspark, no Java, a master that does not answer, a session that ends by itself.
    """
    try:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession
    except ImportError:
        raise DataError("Spark is not installed: pip install 'protodsl[spark]'") from None
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_no_trace)
    if SparkContext._active_spark_context is not None:
        yield SparkSession.builder.getOrCreate()
        return
    _reached(master)
    with tempfile.TemporaryFile() as log:
        gateway = _gateway(master, memory, log)
        try:
            with waiting(master, told) as waits, _stopping(waits):
                try:
                    with refused(f"Spark at {master}"):
                        conf = _conf(master, memory)
                        if catalog and _has_metastore(gateway.jvm):
                            conf.set("spark.sql.catalogImplementation", "hive")
                        with _own_interrupt():
                            waits.context = SparkContext(conf=conf, gateway=gateway)
                        made = SparkSession(waits.context)
                    yield made
                except DataError as error:
                    why = waits.given_up or _over(waits.context, gateway.proc, log)
                    raise DataError(f"Spark at {master}: {why}") if why else error from None
        finally:
            SparkContext._gateway = SparkContext._jvm = None
            with suppress(Exception):
                gateway.shutdown()
            _ended(gateway.proc)


@contextmanager
def _stopping(waits: Waiting) -> Iterator[None]:
    try:
        yield
    finally:
        if waits.context is not None:
            with suppress(Exception):
                waits.context.stop()


def _gateway(master: str, memory: str | None, log: IO[bytes]) -> Any:
    """A JVM that logs into `log`."""
    from pyspark import java_gateway
    from pyspark.errors import PySparkException

    launch: Callable[..., Any] = java_gateway.launch_gateway
    java = _java()
    try:
        return launch(_conf(master, memory), {"stdout": log, "stderr": log})
    except (PySparkException, OSError) as error:
        logged = _logged(log)
        if "UnsupportedClassVersionError" in logged:
            raise DataError(f"Spark needs Java {JAVA} or later; {java} is older") from None
        raise DataError(f"Spark does not start: {_failure(logged) or error}") from None


def _java() -> str:
    """Where Java is, as Spark's own scripts look for it."""
    home = os.environ.get("JAVA_HOME")
    if home:
        found = os.path.join(home, "bin", "java")
        if os.access(found, os.X_OK):
            return found
        raise DataError(f"Spark needs Java {JAVA} or later: JAVA_HOME is {home}, where there is no bin/java")
    on_path = shutil.which("java")
    if on_path is None:
        raise DataError(
            f"Spark needs Java {JAVA} or later: there is no `java` on the PATH, and JAVA_HOME is not set"
        )
    return on_path


def _conf(master: str, memory: str | None) -> Any:
    from pyspark import SparkConf

    conf = SparkConf()
    settings = {
        "spark.master": master,
        "spark.app.name": "protodsl",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.ansi.enabled": "true",  # what overflows is an error, not another number
        "spark.sql.legacy.timeParserPolicy": "CORRECTED",
        # what follows from a view's columns grows with the ways one is made of others: planning takes minutes
        "spark.sql.constraintPropagation.enabled": "false",
    }
    if local(master):  # nothing listens where others could reach it
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        settings["spark.sql.shuffle.partitions"] = str(_partitions(master))
        if memory is not None:
            settings["spark.driver.memory"] = f"{_mebibytes(memory)}m"
    for name, value in settings.items():
        conf.set(name, value)
    return conf


def _has_metastore(jvm: Any) -> bool:
    """Whether Spark was told of a Hive metastore, and nothing else of its own catalogue. Without one, Spark
    would make an empty one in the folder it is started in.
    """
    said = dict(each.split("=", 1) for each in jvm.org.apache.spark.SparkConf().toDebugString().splitlines())
    if "spark.sql.catalogImplementation" in said:
        return False
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    return loader.getResource("hive-site.xml") is not None or any(
        name.startswith(
            ("spark.hadoop.hive.metastore.", "spark.hadoop.javax.jdo.", "spark.sql.hive.metastore.")
        )
        for name in said
    )


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Spark's Python takes Ctrl-C over, and asks a JVM that is in the middle of an answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _no_trace(record: logging.LogRecord) -> bool:
    """What py4j logs of a call that was broken off, whose exception says it too."""
    return "while sending command" not in record.getMessage()


def _partitions(master: str) -> int:
    """Four for each thread: a partition then fits its memory, and there are few to wait for."""
    found = re.match(r"^local(?:-cluster)?\[([0-9]+)", master)
    if found is None:
        return 4 * (os.cpu_count() or 1) if master.startswith("local[*") else 4
    return 4 * int(found[1])


def _mebibytes(memory: str) -> int:
    found = _SIZE.match(memory)
    if found is None:
        raise DataError(f"a memory limit of {memory}: write it as 4GB or 500MB")
    return max(int(float(found[1]) * _MEBIBYTES[found[2].upper()]), 1)


def _reached(master: str) -> None:
    """A master of Spark's own kind takes a connection; Spark itself would try for a minute."""
    if not master.startswith("spark://"):
        return
    problems = []
    for each in master.removeprefix("spark://").split(","):
        try:
            place = urlsplit(f"spark://{each}")
            with socket.create_connection((place.hostname or "", place.port or 7077), PATIENCE):
                return
        except (OSError, ValueError) as error:
            problems.append(f"{each}: {getattr(error, 'strerror', None) or error}")
    raise DataError(f"Spark at {master} does not answer ({'; '.join(problems)})")


def _ended(process: subprocess.Popen[bytes]) -> None:
    """The JVM ends when its input does."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _logged(log: IO[bytes]) -> str:
    log.seek(0)
    return log.read()[-20_000:].decode("utf-8", "replace")


# ---------------------------------------------------------------- refusals


def _failure(logged: str) -> str:
    """What a Java program that ends says of it: its exception, not the last line of where that came from."""
    found = re.findall(r"^Exception in thread \"[^\"]*\" (?:[\w.$]+: )?(.+)$", logged, re.MULTILINE)
    lines = [line.strip() for line in logged.splitlines() if line.strip()]
    return str(found[0]).strip() if found else lines[-1] if lines else ""


def _over(context: Any, process: subprocess.Popen[bytes], log: IO[bytes]) -> str:
    """Why a session ended that nobody ended; empty where it goes on, or never began."""
    logged = _logged(log)
    if "All masters are unresponsive" in logged:
        return "does not answer: no master of Spark took this application"
    if context is None:
        return ""
    with suppress(Exception):
        if process.poll() is None and not context._jsc.sc().isStopped():
            return ""
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)  # one whose JVM is about to end
    said = re.findall(r"^.* ERROR (?:\S+: )?(.+)$", logged, re.MULTILINE)
    ended = "" if process.poll() is None else f", its Java process with code {process.returncode}"
    return f"the session ended by itself{ended}{f': {said[-1].strip()}' if said else ''}"


@contextmanager
def refused(about: str) -> Iterator[None]:
    """What Spark or the disk refuses, as DataError."""
    try:
        yield
    except OSError as error:
        raise DataError(f"{about}: {error.strerror or error}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("pyspark", "py4j"):
            raise
        said = words(error)
        if re.search(r"\bfile:\S+ does not exist", said) and not local(master_now()):
            said += ": Spark's executors do not see it; name a place that this machine and they share"
        raise DataError(f"{about}: {said}") from None


def local(master: str) -> bool:
    """Whether a master is this process's own, and what it runs on this machine alone."""
    return master.startswith("local")


def master_now() -> str:
    """Of the session of this process."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    return MASTER if context is None else str(context.master)


def words(error: Exception) -> str:
    """The cause at the root of an error of Spark's, in one line."""
    try:
        text = str(error)
    except Exception:  # which asks a JVM that has ended
        text = ""
    told = text
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    with suppress(Exception):
        while java is not None:
            message = java.getMessage()
            if message:
                text = str(message)
                told += f"\n{text}"
            java = java.getCause()
    found = re.search(r"most recent failure: .*?\): (?:[\w.$]+(?:Exception|Error): )?(.*)", text)
    line = next((each.strip() for each in (found[1] if found else text).splitlines() if each.strip()), "")
    line = re.sub(r"\s*SQLSTATE: \w+\s*$", "", line)
    file = re.search(r"while reading file (?:file://)?(\S+?)\.?(?:\s|$)", told)
    if file is not None and file[1] not in line:
        line = f"{file[1]} cannot be read: {line}"
    return line or type(error).__name__
