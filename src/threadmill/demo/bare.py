"""The jobs burst and roundtrip: the bare cost of a task, which does nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from threadmill.demo.job import Job, Run, Stopwatch
from threadmill.demo.pools import Pool

WARM_UP = range(500)  # starts the threads, which do not belong to the cost of a task


def nothing(item: int) -> int:
    return item


class Burst(Job[int, int]):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.title = f"{count:,} tasks that do nothing: all submitted, then collected"
        self.items = range(count)

    def task(self) -> AbstractContextManager[Callable[[int], int]]:
        return nullcontext(nothing)

    def run(self, open_pool: Callable[[], Pool]) -> Run[int]:
        with open_pool() as pool:
            pool.burst(nothing, WARM_UP)
            watch = Stopwatch()
            results = pool.burst(nothing, self.items)
            watch.stop()
        return Run(results, watch.wall, watch.cpu, latencies=[])


class RoundTrip(Burst):
    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.title = f"{count:,} tasks that do nothing: each submitted and waited for"

    def run(self, open_pool: Callable[[], Pool]) -> Run[int]:
        results, latencies = [], []
        with open_pool() as pool:
            pool.burst(nothing, WARM_UP)
            watch = Stopwatch()
            for item in self.items:
                start = time.perf_counter()
                results.append(pool.call(nothing, item))
                latencies.append(time.perf_counter() - start)
            watch.stop()
        return Run(results, watch.wall, watch.cpu, latencies)
