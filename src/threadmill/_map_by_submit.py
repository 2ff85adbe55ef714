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
    limit: int | None,
) -> Iterator[T]:
    """As `ThreadPoolExecutor.map`, with at most `limit` inputs ahead (None: all)."""
    deadline = None if timeout is None else time.monotonic() + timeout
    inputs = zip(*iterables, strict=False)
    futures = deque(executor.submit(fn, *args) for args in islice(inputs, limit))
    if limit is None or len(futures) < limit:
        return _results(None, fn, inputs, futures, 0, deadline)
    return _results(weakref.ref(executor), fn, inputs, futures, limit, deadline)


def _results(
    executor: weakref.ref[Executor] | None,  # None: all inputs have been read
    fn: Callable[..., T],
    inputs: Iterator[tuple[Any, ...]],
    futures: deque[Future[T]],
    limit: int,
    deadline: float | None,
) -> Iterator[T]:
    try:
        while True:
            if executor is not None and len(futures) < limit:
                for args in islice(inputs, limit - len(futures)):
                    futures.append(_alive(executor).submit(fn, *args))
                    del args
                if len(futures) < limit:
                    executor = None
            if not futures:
                return
            yield _result(futures.popleft(), deadline)
    finally:
        for future in futures:
            future.cancel()


def _alive(executor: weakref.ref[Executor]) -> Executor:
    alive = executor()
    if alive is None:
        raise RuntimeError("cannot schedule new futures after shutdown")
    return alive


def _result(future: Future[T], deadline: float | None) -> T:
    try:
        return future.result(None if deadline is None else deadline - time.monotonic())
    finally:
        future.cancel()
        del future  # its exception's traceback holds this frame
