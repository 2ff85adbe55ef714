"""How long a caller waits for one task."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from benchmarks.case import (
    WORKERS,
    Case,
    Figure,
    Pass,
    Size,
    Stopwatch,
    Values,
    available_cpus,
    check,
    lacks_affinity,
    lacks_second_cpu,
    noop,
    times,
)
from benchmarks.peers import PEER_IDS
from benchmarks.pingpong import pingpong
from benchmarks.subjects import EXECUTOR, FACES, LOOP, POOL, STDLIB_EXECUTOR, STDLIB_POOL, Loop, Subject

C_SLEEPING, C_SPINNING = "C asleep", "C spinning"
# They have no pool: the pass runs pingpong.c.
C_SUBJECTS = (
    Subject(C_SLEEPING, "floor", lambda _: Loop()),
    Subject(C_SPINNING, "floor", lambda _: Loop()),
)


@contextmanager
def round_trips(subject: Subject, trips: int) -> Iterator[Pass]:
    if subject in C_SUBJECTS:
        way = "sleep" if subject.id == C_SLEEPING else "spin"
        yield lambda: dict(zip(("p50", "p99", "cpu"), pingpong(way, trips), strict=True))
        return
    items = range(trips)
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        pool.trips(noop, range(20))

        def once() -> Values:
            watch = Stopwatch()
            results, stamps = pool.trips(noop, items)
            watch.stop()
            check(results, expected)
            each = sorted(after - before for before, after in pairwise(stamps))
            return {
                "p50": each[trips // 2] * 1e-9,
                "p99": each[trips * 99 // 100] * 1e-9,
                "cpu": watch.cpu / trips,
            }

        yield once


@contextmanager
def pinned(subject: Subject, trips: int) -> Iterator[Pass]:
    if sys.platform != "linux":
        raise NotImplementedError(lacks_affinity())
    before = available_cpus()
    os.sched_setaffinity(0, {min(before)})  # of this thread, and those that it starts
    try:
        with round_trips(subject, trips) as once:
            yield once
    finally:
        os.sched_setaffinity(0, before)


FIGURES = (
    Figure("p50", "median of a round trip"),
    Figure("p99", "99th percentile"),
    Figure("cpu", "CPU time of a round trip"),
)
SIZE = Size(2000, 500, 20)
# joblib has no call for one task: a Parallel of one takes 10 ms.
PEERS = tuple(name for name in PEER_IDS if not name.startswith("joblib"))
SUBJECTS = (*FACES, *PEERS, C_SLEEPING, C_SPINNING, LOOP)

CASES = (
    Case(
        "round-trip",
        "One task submitted and waited for, again and again",
        round_trips,
        SUBJECTS,
        FIGURES,
        SIZE,
        (
            times(45, POOL, "p50", STDLIB_POOL),
            times(20, EXECUTOR, "p50", STDLIB_EXECUTOR),
        ),
        "C: two threads that hand one word to each other, asleep meanwhile (futex) or looking at it.",
        short=True,
        lacks=lacks_second_cpu,
    ),
    Case(
        "round-trip-pinned",
        "One task submitted and waited for, again and again, on one CPU",
        pinned,
        SUBJECTS,
        FIGURES,
        SIZE,
        (
            times(5, POOL, "p50", STDLIB_POOL),
            times(2, EXECUTOR, "p50", STDLIB_EXECUTOR),
        ),
        "Where there is one CPU, a thread that spins keeps the other from answering.",
        short=True,
        lacks=lacks_affinity,
    ),
)
