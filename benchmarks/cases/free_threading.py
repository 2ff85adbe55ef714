"""Tasks that compute, on a Python without a GIL: how much of the CPUs a pool gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.case import (
    Case,
    Figure,
    Pass,
    Size,
    Stopwatch,
    Values,
    check,
    lacks_free_threading,
    lacks_second_cpu,
    times,
)
from benchmarks.subjects import EXECUTOR, FACES, LOOP, POOL, THREADS, Subject

WORKERS = 2
# Of `compute`, on the machine of the committed results. Not measured anew in each process: all subjects do
# the same work.
ROUNDS_PER_MICROSECOND = 40


def compute(rounds: int) -> int:
    """Nothing but local integers: no object that threads would share. 251 is one of the small integers, which
    are not counted. CPython 3.14t counts references to a larger one that was read from a .pyc file: two
    threads then take three times as long as one."""
    value = 1
    for _ in range(rounds):
        value = value * 7 % 251
    return value


@contextmanager
def computing(subject: Subject, tasks: int, rounds: int) -> Iterator[Pass]:
    items = [rounds] * tasks
    expected = [compute(rounds)] * tasks
    with subject.open(WORKERS) as pool:
        pool.burst(compute, items[:100])

        def once() -> Values:
            watch = Stopwatch()
            results = pool.burst(compute, items)
            watch.stop()
            check(results, expected)
            return {"task": watch.wall / tasks}

        yield once


def computing_case(microseconds: int, tasks: int, gain: float | None) -> Case:
    goals = (
        ()
        if gain is None
        else tuple(times(gain, face, "task", LOOP, gil="without a GIL") for face in (POOL, EXECUTOR))
    )
    return Case(
        f"compute-{microseconds}",
        f"Tasks that compute for about {microseconds} µs, submitted one by one to {WORKERS} workers",
        partial(computing, rounds=microseconds * ROUNDS_PER_MICROSECOND),
        (*FACES, THREADS, LOOP),
        (Figure("task", "time per task"),),
        Size(tasks, tasks // 5, 100),
        goals,
        lacks=lambda: lacks_free_threading() or lacks_second_cpu(),
    )


CASES = (
    computing_case(4, 50_000, 1.85),
    computing_case(20, 20_000, 1.95),
    computing_case(40, 10_000, None),
    computing_case(200, 2_000, 1.97),
    computing_case(400, 1_000, None),
)
