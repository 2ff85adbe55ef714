"""How the cost of a task grows with the number of tasks, and of workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.case import WORKERS, Case, Figure, Pass, Size, Stopwatch, Values, check, noop, share
from benchmarks.cases.life import start_all
from benchmarks.subjects import EXECUTOR, FACES, POOL, Subject

COUNTS = [10**exponent for exponent in range(3, 8)]
STDLIB_MOST = 10**5  # 10⁶ of its tasks take 20 s and 2 GB, 10⁷ more than there is
CREWS = [1, 4, 16, 64, 250, 1000]
BURST = 20_000
GAIN = 1.3


@contextmanager
def tasks(subject: Subject, most: int) -> Iterator[Pass]:
    if subject.kind == "stdlib":
        most = min(most, STDLIB_MOST)
    counts = [count for count in COUNTS if count <= most]
    with subject.open(WORKERS) as pool:
        pool.burst(noop, range(1000))

        def once() -> Values:
            values = {}
            for count in counts:
                repeats = max(1, 10**4 // count)
                items = range(count)
                watch = Stopwatch()
                for _ in range(repeats):
                    results = pool.burst(noop, items)
                watch.stop()
                check(results, items)
                values[str(count)] = watch.wall / count / repeats
                del results  # 10⁷ of them are not to lie beside the next
            return values

        yield once


@contextmanager
def workers(subject: Subject, most: int) -> Iterator[Pass]:
    items = range(min(BURST, 20 * most))

    def once() -> Values:
        values = {}
        for crew in (count for count in CREWS if count <= most):
            with subject.open(crew) as pool:
                start_all(pool, crew)
                pool.burst(noop, items)
                watch = Stopwatch()
                results = pool.burst(noop, items)
                watch.stop()
                check(results, items)
                values[str(crew)] = watch.wall / len(items)
        return values

    yield once


def shown(count: int) -> str:
    return f"{count:,}"


CASES = (
    Case(
        "growth-tasks",
        "10³ to 10⁷ tasks submitted, then collected: time per task",
        tasks,
        FACES,
        [Figure(str(count), f"{shown(count)} tasks", x=count) for count in COUNTS],
        Size(10**7, 10**5, 10**3),
        (
            share(GAIN, POOL, "10000000", POOL, "10000"),
            share(GAIN, EXECUTOR, "10000000", EXECUTOR, "10000"),
        ),
        "The standard library's pools stop at 100,000: ten times as many take them 20 s and 2 GB.",
        warmups=0,
        rounds=2,
    ),
    Case(
        "growth-workers",
        "20,000 tasks submitted, then collected, on 1 to 1,000 workers that have all started: time per task",
        workers,
        FACES,
        [Figure(str(crew), f"{shown(crew)} workers", x=crew) for crew in CREWS],
        Size(1000, 64, 4),
        (
            share(GAIN, POOL, "1000", POOL, "4"),
            share(GAIN, EXECUTOR, "1000", EXECUTOR, "4"),
        ),
        warmups=0,
        rounds=3,
    ),
)
