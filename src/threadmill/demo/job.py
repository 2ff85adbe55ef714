"""What a job is, and how one run of it is measured."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from threadmill.demo.pools import Pool

T = TypeVar("T")
R = TypeVar("R")


class Stopwatch:
    """Runs from its creation until `stop`."""

    def __init__(self) -> None:
        self._start = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        now = time.perf_counter(), time.process_time()
        self.wall, self.cpu = now[0] - self._start[0], now[1] - self._start[1]


@dataclass(frozen=True)
class Run(Generic[R]):
    """One run of a job on one pool. All times are in seconds."""

    results: list[R]
    wall: float
    cpu: float  # of all threads of this process
    latencies: list[float]  # of each task, or none


class Job(ABC, Generic[T, R]):
    """A task for each of a number of items: by default through a pool's `map`."""

    title: str  # what the table says of it
    items: Sequence[T]
    known: list[R] | None = None  # the right results, where a plain loop would take too long

    def __init__(self) -> None:
        self.failures: dict[str, str] = {}  # item → message, of what may fail without the demo failing

    @abstractmethod
    def task(self) -> AbstractContextManager[Callable[[T], R]]:
        """The function of an item, with what it needs for one run, which is closed afterwards."""

    def loop(self) -> Run[R]:
        """Runs all tasks in a plain loop: the right results, and what any pool has to beat."""
        with self.task() as task:
            watch = Stopwatch()
            results = [task(item) for item in self.items]
            watch.stop()
        return Run(results, watch.wall, watch.cpu, latencies=[])

    def run(self, open_pool: Callable[[], Pool]) -> Run[R]:
        """Runs all tasks on a new pool. Making the pool counts, as its users pay for that too; latencies
        are taken within the workers."""
        with self.task() as task:

            def timed(item: T) -> tuple[R, float]:
                start = time.perf_counter()
                result = task(item)
                return result, time.perf_counter() - start

            watch = Stopwatch()
            with open_pool() as pool:
                outcomes = pool.map(timed, self.items)
                watch.stop()
        return Run(
            results=[result for result, _ in outcomes],
            wall=watch.wall,
            cpu=watch.cpu,
            latencies=[latency for _, latency in outcomes],
        )

    def check(self, results: list[R], expected: list[R]) -> str | None:
        """What is wrong with the results; None if nothing is."""
        if len(results) != len(expected):
            return f"{len(results)} results instead of {len(expected)}"
        for index, (result, right) in enumerate(zip(results, expected, strict=True)):
            if result != right:
                return f"result {index} is {result!r} instead of {right!r}"
        return None
