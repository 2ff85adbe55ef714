"""`map` of an executor whose `submit` somebody has replaced: each task goes through it."""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


def map_by_submit(
    executor: Executor,
    fn: Callable[..., T],
    iterables: tuple[Iterable[Any], ...],
    timeout: float | None,
    limit: int,
) -> Iterator[T]:
    """As `ThreadPoolExecutor.map`, with at most `limit` inputs ahead."""
    deadline = None if timeout is None else time.monotonic() + timeout
    inputs = zip(*iterables, strict=False)
    futures = deque(executor.submit(fn, *args) for args in islice(inputs, limit))
    return _results(weakref.ref(executor), fn, inputs, futures, limit, deadline)


def _results(
    executor: weakref.ref[Executor],
    fn: Callable[..., T],
    inputs: Iterator[tuple[Any, ...]],
    futures: deque[Future[T]],
    limit: int,
    deadline: float | None,
) -> Iterator[T]:
    try:
        while True:
            if len(futures) < limit and (alive := executor()) is not None:
                futures.extend(alive.submit(fn, *args) for args in islice(inputs, limit - len(futures)))
                del alive
            if not futures:
                return
            yield _result(futures.popleft(), deadline)
    finally:
        for future in futures:
            future.cancel()


def _result(future: Future[T], deadline: float | None) -> T:
    try:
        return future.result(None if deadline is None else deadline - time.monotonic())
    finally:
        future.cancel()
        del future  # its exception's traceback holds this frame
