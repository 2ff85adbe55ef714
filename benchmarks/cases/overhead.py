"""What a task that does nothing costs: submitted, collected, called back."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import threadmill
from benchmarks.case import WORKERS, Case, Figure, Pass, Size, Stopwatch, Values, check, noop, times
from benchmarks.peers import PEER_IDS
from benchmarks.subjects import (
    EXECUTOR,
    EXECUTORS,
    FACES,
    LOOP,
    POOL,
    STDLIB_EXECUTOR,
    STDLIB_POOL,
    Subject,
)

LIMIT = 600  # seconds for any wait: only a hang reaches it
TASK = Figure("task", "time per task")


@contextmanager
def burst(subject: Subject, tasks: int) -> Iterator[Pass]:
    items = range(tasks)
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(100))  # starts the threads

        def once() -> Values:
            watch = Stopwatch()
            results = pool.burst(noop, items)
            watch.stop()
            check(results, expected)
            return {"task": watch.wall / tasks}

        yield once


@contextmanager
def batches(subject: Subject, tasks: int, size: int = 1000) -> Iterator[Pass]:
    expected = [noop(item) for item in range(tasks)]
    starts = range(0, tasks, size)
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(100))

        def once() -> Values:
            results = []
            watch = Stopwatch()
            for start in starts:
                results += pool.burst(noop, range(start, min(start + size, tasks)))
            watch.stop()
            check(results, expected)
            return {"task": watch.wall / tasks}

        yield once


@contextmanager
def producers(subject: Subject, tasks: int, threads: int) -> Iterator[Pass]:
    parts = [range(number, tasks, threads) for number in range(threads)]
    expected = [[noop(item) for item in part] for part in parts]
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(100))

        def once() -> Values:
            results: list[list[int]] = [[] for _ in parts]
            start = threading.Barrier(threads + 1)

            def produce(number: int) -> None:
                start.wait(LIMIT)
                results[number] = pool.burst(noop, parts[number])

            crew = [
                threading.Thread(target=produce, args=(number,), daemon=True) for number in range(threads)
            ]
            for thread in crew:
                thread.start()
            watch = Stopwatch()
            start.wait(LIMIT)
            for thread in crew:
                thread.join(LIMIT)
            watch.stop()
            check(results, expected)
            return {"task": watch.wall / tasks}

        yield once


@contextmanager
def callbacks(subject: Subject, tasks: int) -> Iterator[Pass]:
    items = range(tasks)
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        raw = pool.raw
        pool.burst(noop, range(100))

        def once() -> Values:
            seen: list[int] = []
            watch = Stopwatch()
            handles = [raw.apply_async(noop, (item,), callback=seen.append) for item in items]
            for handle in handles:
                handle.wait()
            watch.stop()
            check(sorted(seen), expected)
            return {"task": watch.wall / tasks}

        yield once


@contextmanager
def done_callbacks(subject: Subject, tasks: int) -> Iterator[Pass]:
    items = range(tasks)
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        raw = pool.raw
        pool.burst(noop, range(100))

        def once() -> Values:
            seen: list[concurrent.futures.Future[int]] = []
            watch = Stopwatch()
            futures = [raw.submit(noop, item) for item in items]
            for future in futures:
                future.add_done_callback(seen.append)
            results = [future.result() for future in futures]
            watch.stop()
            check(results, expected)
            until = time.monotonic() + LIMIT  # a result may be there before its callback has run
            while len(seen) < tasks and time.monotonic() < until:
                time.sleep(0.001)
            check(sorted(future.result() for future in seen), expected)
            return {"task": watch.wall / tasks}

        yield once


@contextmanager
def gathered(subject: Subject, tasks: int, by_wait: bool, own: bool) -> Iterator[Pass]:
    """With as_completed or wait: the standard library's, or of the subject's own package."""
    functions: Any = threadmill if own and subject.kind == "threadmill" else concurrent.futures
    items = range(tasks)
    expected = [noop(item) for item in items]
    with subject.open(WORKERS) as pool:
        submit = pool.raw.submit
        pool.burst(noop, range(100))

        def once() -> Values:
            watch = Stopwatch()
            futures = [submit(noop, item) for item in items]
            done = list(functions.wait(futures).done if by_wait else functions.as_completed(futures))
            watch.stop()
            check(sorted(future.result() for future in done), expected)
            return {"task": watch.wall / tasks}

        yield once


BURST = Size(100_000, 20_000, 200)

CASES = (
    Case(
        "burst",
        "100,000 tasks submitted, then collected",
        burst,
        (*FACES, *PEER_IDS, LOOP),
        (TASK,),
        BURST,
        (
            times(55, POOL, "task", STDLIB_POOL),
            times(38, EXECUTOR, "task", STDLIB_EXECUTOR),
            times(15, POOL, "task", STDLIB_POOL, gil="without a GIL"),
            times(15, EXECUTOR, "task", STDLIB_EXECUTOR, gil="without a GIL"),
        ),
        "With so many tasks outstanding, half of the standard library's cost is the garbage collector's, "
        "which looks through them again and again. fastthreadpool has no handles and does not keep the "
        "order. The other libraries get a tenth of the tasks.",
        in_parts=True,
    ),
    Case(
        "batches",
        "20,000 tasks in batches of 1,000, each submitted, then collected",
        batches,
        (*FACES, *PEER_IDS, LOOP),
        (TASK,),
        Size(20_000, 5_000, 200),
        (
            times(18, POOL, "task", STDLIB_POOL),
            times(13, EXECUTOR, "task", STDLIB_EXECUTOR),
        ),
        short=True,
        in_parts=True,
    ),
    Case(
        "producers-4",
        "4 threads submit 25,000 tasks each, and collect them",
        partial(producers, threads=4),
        FACES,
        (TASK,),
        BURST,
        (
            times(45, POOL, "task", STDLIB_POOL),
            times(35, EXECUTOR, "task", STDLIB_EXECUTOR),
        ),
    ),
    Case(
        "producers-16",
        "16 threads submit 6,250 tasks each, and collect them",
        partial(producers, threads=16),
        FACES,
        (TASK,),
        BURST,
        rounds=3,
    ),
    Case(
        "callbacks",
        "100,000 tasks with a callback (apply_async)",
        callbacks,
        (POOL, STDLIB_POOL),
        (TASK,),
        BURST,
        (times(55, POOL, "task", STDLIB_POOL),),
    ),
    Case(
        "done-callbacks",
        "100,000 tasks with a callback (submit, add_done_callback)",
        done_callbacks,
        EXECUTORS,
        (TASK,),
        BURST,
        rounds=3,
    ),
    *(
        Case(
            f"{name}{'' if own else '-stdlib'}",
            f"20,000 tasks submitted, then {verb} by {whose}",
            partial(gathered, by_wait=name == "wait", own=own),
            EXECUTORS,
            (TASK,),
            Size(20_000, 5_000, 200),
            (times(8, EXECUTOR, "task", STDLIB_EXECUTOR),),
        )
        for own, name, verb, whose in (
            (True, "as-completed", "collected", "as_completed, each package's own"),
            (False, "as-completed", "collected", "the standard library's as_completed"),
            (True, "wait", "waited for", "wait, each package's own"),
            (False, "wait", "waited for", "the standard library's wait"),
        )
    ),
)
