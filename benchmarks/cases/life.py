"""What a pool costs that does little or nothing."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.case import (
    WORKERS,
    Case,
    Figure,
    Pass,
    Size,
    Stopwatch,
    Values,
    at_most,
    check,
    lacks_proc,
    noop,
    times,
)
from benchmarks.subjects import EXECUTOR, FACES, POOL, STDLIB_EXECUTOR, STDLIB_POOL, Loop, Pool, Subject

LIMIT = 60
THREAD = "one thread"


class OneThread(Loop):
    """Starting a thread and joining it: what no pool can do without."""

    def __init__(self) -> None:
        self._thread = threading.Thread(target=noop, args=(0,))
        self._thread.start()

    def end(self) -> None:
        self._thread.join()


THREAD_SUBJECT = Subject(THREAD, "floor", lambda _: OneThread())


@contextmanager
def life(subject: Subject, lives: int) -> Iterator[Pass]:
    def once() -> Values:
        results = []
        watch = Stopwatch()
        for item in range(lives):
            with subject.open(WORKERS) as pool:
                results += pool.burst(noop, (item,))
        watch.stop()
        check(results, [noop(item) for item in range(lives)])
        return {"life": watch.wall / lives}

    yield once


def start_all(pool: Pool, workers: int) -> None:
    """So many tasks at once, each of which waits for the others."""
    barrier = threading.Barrier(workers)
    pool.burst(lambda _: barrier.wait(LIMIT), range(workers))


def switches() -> int:
    """How often the other threads of this process have been switched to or from, so far."""
    count = 0
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) != os.getpid():
            status = task.joinpath("status").read_text()
            count += sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)
    return count


@contextmanager
def idle(subject: Subject, milliseconds: int) -> Iterator[Pass]:
    if sys.platform != "linux":
        raise NotImplementedError(lacks_proc())
    with subject.open(WORKERS) as pool:
        start_all(pool, WORKERS)

        def once() -> Values:
            time.sleep(0.1)  # until all sleep
            before = switches()
            watch = Stopwatch()
            time.sleep(milliseconds / 1000)
            watch.stop()
            return {"wake-ups": switches() - before, "cpu": watch.cpu}

        yield once


CASES = (
    Case(
        "life",
        f"A pool of {WORKERS} made, one task, closed and joined",
        life,
        (*FACES, THREAD),
        (Figure("life", "time of a life"),),
        Size(100, 20, 2),
        (
            times(12, POOL, "life", STDLIB_POOL),
            times(1.2, EXECUTOR, "life", STDLIB_EXECUTOR),
        ),
        f"{THREAD.capitalize()}: started and joined, without a pool.",
        short=True,
    ),
    Case(
        "idle",
        f"An idle pool of {WORKERS}, for 5 s",
        idle,
        FACES,
        (Figure("wake-ups", "context switches", "integer"), Figure("cpu", "CPU time in all")),
        Size(5000, 1000, 20),
        (
            at_most(0, POOL, "wake-ups", gil=None),
            at_most(0, EXECUTOR, "wake-ups", gil=None),
        ),
        "CPU time: of the whole process, of which the measurement itself takes some 100 µs.",
        warmups=0,
        rounds=1,
        lacks=lacks_proc,
    ),
)
