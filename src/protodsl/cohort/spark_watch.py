"""Whoever waits for Spark is told what for: how many tasks are done, that no master or executor is there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from protodsl.cohort.engine import Progress

if TYPE_CHECKING:
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

WORD = 15  # seconds that pass in silence
AGAIN = 60  # seconds from one word to the next
LIMIT = 300  # seconds without an executor, on a cluster of Spark's own kind, after which it is given up


class Waiting:
    """What is waited for at a master elsewhere. Spark itself waits for executors for ever, and says so in its
    log alone. `given_up`: why, once it is. Queues of other managers (YARN, Kubernetes) may well take hours,
    so that there it is only told.
    """

    def __init__(self, master: str, told: Progress) -> None:
        self.master, self.told = master, told
        self.context: SparkContext | None = None
        self.given_up = ""
        self.waited = 0

    def second(self) -> None:
        """What is to be said and done after one more second."""
        about = self._awaited()
        if not about:
            self.waited = 0
            return
        self.waited += 1
        if (self.waited - WORD) % AGAIN == 0 and self.waited >= WORD:
            self.told(f"Spark at {self.master}: {about}")
        if self.context is not None and self.waited >= LIMIT and self.master.startswith("spark://"):
            self.given_up = f"{about}, for {LIMIT // 60} minutes"
            self.waited = 0
            self.context.cancelAllJobs()

    def _awaited(self) -> str:
        if self.context is None:
            return "no answer yet"
        java: Any = self.context._jsc
        there = int(java.sc().getExecutorMemoryStatus().size()) - 1  # the driver is counted with them
        if there > 0 or not self.context.statusTracker().getActiveJobsIds():
            return ""
        conf = self.context.getConf()
        memory, cores = conf.get("spark.executor.memory", "1g"), conf.get("spark.executor.cores", "1")
        return (
            f"no executor; each asks for {memory} of memory and {cores} of a worker's free cores "
            "(spark.executor.memory, spark.executor.cores)"
        )


@contextmanager
def waiting(master: str, told: Progress) -> Iterator[Waiting]:
    """While a session on `master` lasts. On this machine nobody is waited for."""
    found = Waiting(master, told)
    if master.startswith("local"):
        yield found
        return
    with _every_second(found.second):
        yield found


@contextmanager
def watched(session: SparkSession, what: str, told: Progress) -> Iterator[None]:
    """While `what` is worked out, says now and then how many of the running stages' tasks are done."""
    tracker = session.sparkContext.statusTracker()

    def second() -> None:
        infos = [tracker.getStageInfo(each) for each in tracker.getActiveStageIds()]
        running = [each for each in infos if each is not None]
        total = sum(each.numTasks for each in running)
        if total:
            told(f"{what}: {sum(each.numCompletedTasks for each in running)} of {total} tasks")

    with _every_second(second):
        yield


@contextmanager
def _every_second(done: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1.0):
            with suppress(Exception):  # of a session that is just ending
                done()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
