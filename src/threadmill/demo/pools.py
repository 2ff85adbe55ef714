"""The pools that are compared, behind the three ways in which the jobs use them."""

from __future__ import annotations

import concurrent.futures
import multiprocessing.pool
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TypeVar

import threadmill

T = TypeVar("T")
R = TypeVar("R")


class Pool(ABC):
    """A running pool. Leaving its `with` block waits for its threads, after dropping what is queued if
    the block failed."""

    @abstractmethod
    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The pool's own `map`, with its defaults."""

    @abstractmethod
    def burst(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Submits a task for each item, then collects the results."""

    @abstractmethod
    def call(self, function: Callable[[T], R], item: T) -> R:
        """Submits one task and waits for it."""

    @abstractmethod
    def end(self, drop_queue: bool) -> None: ...

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end(drop_queue=error_type is not None)


class ThreadPool(Pool):
    """The standard library's ThreadPool, or a drop-in for it."""

    def __init__(self, pool: multiprocessing.pool.ThreadPool) -> None:
        self._pool = pool

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        return self._pool.map(function, items)

    def burst(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        handles = [self._pool.apply_async(function, (item,)) for item in items]
        return [handle.get() for handle in handles]

    def call(self, function: Callable[[T], R], item: T) -> R:
        return self._pool.apply(function, (item,))

    def end(self, drop_queue: bool) -> None:
        if drop_queue:
            self._pool.terminate()
        else:
            self._pool.close()
        self._pool.join()


class Executor(Pool):
    """The standard library's ThreadPoolExecutor."""

    def __init__(self, executor: concurrent.futures.ThreadPoolExecutor) -> None:
        self._executor = executor

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        return list(self._executor.map(function, items))

    def burst(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        futures = [self._executor.submit(function, item) for item in items]
        return [future.result() for future in futures]

    def call(self, function: Callable[[T], R], item: T) -> R:
        return self._executor.submit(function, item).result()

    def end(self, drop_queue: bool) -> None:
        self._executor.shutdown(cancel_futures=drop_queue)


BASELINE = "ThreadPool"

# Each makes a pool with the given number of workers.
POOLS: dict[str, Callable[[int], Pool]] = {
    BASELINE: lambda workers: ThreadPool(multiprocessing.pool.ThreadPool(workers)),
    "ThreadPoolExecutor": lambda workers: Executor(concurrent.futures.ThreadPoolExecutor(workers)),
    "threadmill.ThreadPool": lambda workers: ThreadPool(threadmill.ThreadPool(workers)),
    "threadmill.ThreadPoolExecutor": lambda workers: Executor(threadmill.ThreadPoolExecutor(workers)),
}
