"""What is measured: threadmill's two faces, the standard library's pools, other libraries, and the floors."""

from __future__ import annotations

import concurrent.futures
import importlib.metadata
import multiprocessing.pool
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import threadmill

Task = Callable[[Any], Any]
Kind = Literal["threadmill", "stdlib", "peer", "floor"]

STDLIB_POOL, STDLIB_EXECUTOR = "ThreadPool", "ThreadPoolExecutor"
POOL, EXECUTOR = "threadmill.ThreadPool", "threadmill.ThreadPoolExecutor"
POOL_NO_CONTEXT, EXECUTOR_NO_CONTEXT = f"{POOL}(context=False)", f"{EXECUTOR}(context=False)"
LOOP, MAP, THREADS = "plain loop", "list(map)", "bare threads"

POOLS = (POOL, STDLIB_POOL)
EXECUTORS = (EXECUTOR, STDLIB_EXECUTOR)
FACES = POOLS + EXECUTORS

clock = time.perf_counter_ns


class Pool(ABC):
    """A running pool. Leaving its `with` block waits for its threads."""

    raw: Any = None  # the pool itself, for cases of one kind of pool only

    @abstractmethod
    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        """Submits a task for each item, then collects the results."""

    def trips(self, function: Task, items: Sequence[Any]) -> tuple[list[Any], list[int]]:
        """Submits a task and waits for it, item by item. Also gives the time at the start, and after each."""
        results, stamps = [], [clock()]
        for item in items:
            results += self.burst(function, (item,))
            stamps.append(clock())
        return results, stamps

    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        """The pool's own `map`, with its defaults."""
        return self.burst(function, items)

    @abstractmethod
    def end(self) -> None: ...

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class ThreadPool(Pool):
    """multiprocessing.pool.ThreadPool, or a drop-in for it."""

    def __init__(self, pool: multiprocessing.pool.ThreadPool) -> None:
        self.raw = pool

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        submit = self.raw.apply_async
        handles = [submit(function, (item,)) for item in items]
        return [handle.get() for handle in handles]

    def trips(self, function: Task, items: Sequence[Any]) -> tuple[list[Any], list[int]]:
        submit = self.raw.apply_async
        results, stamps = [], [clock()]
        for item in items:
            results.append(submit(function, (item,)).get())
            stamps.append(clock())
        return results, stamps

    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        results: list[Any] = self.raw.map(function, items)
        return results

    def end(self) -> None:
        self.raw.close()
        self.raw.join()


class Executor(Pool):
    """concurrent.futures.ThreadPoolExecutor, or a drop-in for it."""

    def __init__(self, executor: concurrent.futures.ThreadPoolExecutor) -> None:
        self.raw = executor

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        submit = self.raw.submit
        futures = [submit(function, item) for item in items]
        return [future.result() for future in futures]

    def trips(self, function: Task, items: Sequence[Any]) -> tuple[list[Any], list[int]]:
        submit = self.raw.submit
        results, stamps = [], [clock()]
        for item in items:
            results.append(submit(function, item).result())
            stamps.append(clock())
        return results, stamps

    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        return list(self.raw.map(function, items))

    def end(self) -> None:
        self.raw.shutdown()


class Loop(Pool):
    """No pool."""

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        return [function(item) for item in items]

    def trips(self, function: Task, items: Sequence[Any]) -> tuple[list[Any], list[int]]:
        results, stamps = [], [clock()]
        for item in items:
            results.append(function(item))
            stamps.append(clock())
        return results, stamps

    def end(self) -> None:
        pass


class BareThreads(Pool):
    """No pool: a thread for each part of the items."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def burst(self, function: Task, items: Sequence[Any]) -> list[Any]:
        parts: list[list[Any]] = [[] for _ in range(self.workers)]

        def run(i: int) -> None:
            parts[i] = [function(item) for item in items[i :: self.workers]]

        threads = [threading.Thread(target=run, args=(i,)) for i in range(self.workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [parts[i % self.workers][i // self.workers] for i in range(len(items))]

    def end(self) -> None:
        pass


class BuiltinMap(Loop):
    def map(self, function: Task, items: Sequence[Any]) -> list[Any]:
        return list(map(function, items))


@dataclass(frozen=True)
class Subject:
    id: str
    kind: Kind
    open: Callable[[int], Pool]  # with so many workers
    baseline: str = ""  # the subject that one of threadmill's is compared with
    package: str = ""  # what has to be installed for it
    part: int = 1  # gets one part in so many of a case's tasks, since it is slow

    def version(self) -> str:
        """Of its package; empty if that is not installed."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""

    def missing(self) -> str:
        return f"{self.package} is not installed" if self.package and not self.version() else ""


OWN = (
    Subject(POOL, "threadmill", lambda n: ThreadPool(threadmill.ThreadPool(n)), STDLIB_POOL),
    Subject(EXECUTOR, "threadmill", lambda n: Executor(threadmill.ThreadPoolExecutor(n)), STDLIB_EXECUTOR),
    Subject(
        POOL_NO_CONTEXT,
        "threadmill",
        lambda n: ThreadPool(threadmill.ThreadPool(n, context=False)),
        STDLIB_POOL,
    ),
    Subject(
        EXECUTOR_NO_CONTEXT,
        "threadmill",
        lambda n: Executor(threadmill.ThreadPoolExecutor(n, context=False)),
        STDLIB_EXECUTOR,
    ),
    Subject(STDLIB_POOL, "stdlib", lambda n: ThreadPool(multiprocessing.pool.ThreadPool(n))),
    Subject(STDLIB_EXECUTOR, "stdlib", lambda n: Executor(concurrent.futures.ThreadPoolExecutor(n))),
    Subject(LOOP, "floor", lambda _: Loop()),
    Subject(MAP, "floor", lambda _: BuiltinMap()),
    Subject(THREADS, "floor", BareThreads),
)
