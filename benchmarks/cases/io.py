"""Tasks that wait: sleeps, files, a database."""

from __future__ import annotations

import heapq
import math
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.case import (
    Case,
    Figure,
    Pass,
    Size,
    Stopwatch,
    Values,
    at_most,
    check,
    lacks_gil,
    share,
    this_round,
    times,
)
from benchmarks.cases.life import start_all
from benchmarks.peers import PEER_IDS
from benchmarks.subjects import EXECUTOR, FACES, LOOP, POOL, STDLIB_POOL, Loop, Subject
from threadmill.demo.database import Queries

WALL, CPU = Figure("wall", "time of all"), Figure("cpu", "CPU time per task")
MEDIAN = 0.015  # seconds
SEED = 42
GREEDY = "greedy (computed)"
GREEDY_SUBJECT = Subject(GREEDY, "floor", lambda _: Loop())
FILE_SIZE = 4096


def mapped(
    subject: Subject, workers: int, task: Callable[[Any], Any], items: Sequence[Any], expected: Sequence[Any]
) -> Iterator[Pass]:
    """Passes of the subject's default map, on a pool whose workers have all started."""
    with subject.open(workers) as pool:
        if subject.kind in ("threadmill", "stdlib"):
            start_all(pool, workers)
        else:
            pool.map(task, items[: 2 * workers])

        def once() -> Values:
            watch = Stopwatch()
            results = pool.map(task, items)
            watch.stop()
            check(results, expected)
            return {"wall": watch.wall, "cpu": watch.cpu / len(items)}

        yield once


@contextmanager
def sleeps(subject: Subject, tasks: int, workers: int) -> Iterator[Pass]:
    def sleep(item: int) -> int:
        time.sleep(0.001)
        return item

    yield from mapped(subject, workers, sleep, range(tasks), range(tasks))


def latencies(tasks: int, sigma: float) -> list[float]:
    """Lognormal, as those of real services roughly are: most are short, a few are very long. Each round has
    its own, the same for all subjects."""
    generator = random.Random(SEED + this_round())
    return [generator.lognormvariate(math.log(MEDIAN), sigma) for _ in range(tasks)]


def greedy(durations: Sequence[float], workers: int) -> float:
    """How long the tasks take if each goes, in order, to the first worker that is free."""
    free = [0.0] * workers
    for duration in durations:
        heapq.heapreplace(free, free[0] + duration)
    return max(free)


@contextmanager
def heavy_tail(subject: Subject, tasks: int, workers: int, sigma: float) -> Iterator[Pass]:
    durations = latencies(tasks, sigma)

    def sleep(index: int) -> int:
        time.sleep(durations[index])
        return index

    if subject == GREEDY_SUBJECT:
        yield lambda: {"wall": greedy(durations, workers)}
    else:
        yield from mapped(subject, workers, sleep, range(tasks), range(tasks))


@contextmanager
def files(subject: Subject, tasks: int) -> Iterator[Pass]:
    generator = random.Random(SEED)
    contents = [generator.randbytes(FILE_SIZE) for _ in range(min(tasks, 500))]
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, str(index)) for index in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            Path(path).write_bytes(content)

        def read(index: int) -> bytes:
            descriptor = os.open(paths[index], os.O_RDONLY)
            try:
                return os.read(descriptor, FILE_SIZE)
            finally:
                os.close(descriptor)

        items = [index % len(contents) for index in range(tasks)]
        yield from mapped(subject, 8, read, items, [contents[index] for index in items])


@contextmanager
def sqlite(subject: Subject, tasks: int) -> Iterator[Pass]:
    with tempfile.TemporaryDirectory() as folder:
        job = Queries(tasks, Path(folder))
        with job.task() as query:
            expected = [query(item) for item in job.items]
            yield from mapped(subject, 8, query, job.items, expected)


@contextmanager
def beside_a_hog(subject: Subject, tasks: int) -> Iterator[Pass]:
    ended = threading.Event()

    def hog() -> None:
        while not ended.is_set():
            sum(range(1000))

    def sleep(item: int) -> int:
        time.sleep(0.001)
        return item

    thread = threading.Thread(target=hog, daemon=True)
    thread.start()
    try:
        yield from mapped(subject, 16, sleep, range(tasks), range(tasks))
    finally:
        ended.set()
        thread.join()


def tail(workers: int, sigma: float, tasks: int, gain: float) -> Case:
    return Case(
        f"tail-{workers}-{sigma}",
        f"{tasks} sleeps, lognormal (median 15 ms, sigma {sigma}), on {workers} workers",
        partial(heavy_tail, workers=workers, sigma=sigma),
        (*FACES, GREEDY),
        (WALL, CPU),
        Size(tasks, 100, 10),
        (
            share(1.03, POOL, "wall", GREEDY),
            share(1.03, EXECUTOR, "wall", GREEDY),
            times(gain, POOL, "wall", STDLIB_POOL),
        ),
        "The default map. Greedy: each task goes to the first worker that is free, and costs nothing but its "
        "sleep. What the standard library's chunks lose depends on the sleeps, of which each round draws its "
        "own: computed for 500 draws, they take 1.10, 1.10 and 1.07 times as long as that (medians).",
        warmups=0,
    )


SQLITE_NOTE = "A connection per worker, on a file of 20,000 rows."

CASES = (
    tail(8, 0.9, 500, 1.08),
    tail(16, 0.9, 500, 1.08),
    tail(16, 1.2, 200, 1.25),
    *(
        Case(
            f"sleeps-{workers}",
            f"2,000 sleeps of 1 ms on {workers} workers",
            partial(sleeps, workers=workers),
            (*FACES, *PEER_IDS),
            (WALL, CPU),
            Size(2000, 2000, 2 * workers),
            (
                at_most(wall, POOL, "wall"),
                at_most(wall, EXECUTOR, "wall"),
                at_most(14e-6, POOL, "cpu"),
                at_most(14e-6, EXECUTOR, "cpu"),
            ),
            f"The default map. No pool can do it in less than {2 / workers:.3f} s.",
            warmups=0,
        )
        for workers, wall in ((16, 0.135), (64, 0.035))
    ),
    Case(
        "files",
        "5,000 reads of files of 4 KB on 8 workers",
        files,
        (*FACES, LOOP),
        (WALL, CPU),
        Size(5000, 2000, 50),
        (
            at_most(0.055, POOL, "wall"),
            at_most(0.055, EXECUTOR, "wall"),
            at_most(11e-6, POOL, "cpu"),
            at_most(11e-6, EXECUTOR, "cpu"),
        ),
        "Each task gives up the GIL three times, for some microseconds: with a GIL, the threads get into "
        "each other's way.",
    ),
    Case(
        "sqlite",
        "5,000 queries on 8 workers",
        sqlite,
        (*FACES, LOOP),
        (WALL, CPU),
        Size(5000, 1000, 20),
        (),
        SQLITE_NOTE,
    ),
    Case(
        "hog",
        "500 sleeps of 1 ms on 16 workers, beside a thread that computes",
        beside_a_hog,
        FACES,
        (WALL, CPU),
        Size(500, 200, 16),
        (),
        "Whoever wants the GIL waits 5 ms for it, the interpreter's switch interval. CPU time: mostly the "
        "other thread's.",
        warmups=0,
        rounds=3,
        lacks=lacks_gil,
    ),
)
