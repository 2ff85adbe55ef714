"""What the tests of the pools share."""

from __future__ import annotations

import multiprocessing.pool
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

import threadmill

T = TypeVar("T")
NewPool = Callable[..., multiprocessing.pool.ThreadPool]

LIMIT = 60  # seconds for any wait: far more than even a busy machine needs, so only a hang reaches it

# For tests of what the standard library's pool does not do, or would hang in.
only_threadmill = pytest.mark.parametrize("pool_class", [threadmill.ThreadPool], ids=["threadmill"])


class Held:
    """A task that ends when it is told to, giving its argument."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.released = threading.Event()

    def __call__(self, value: Any = None) -> Any:
        self.begun.set()
        assert self.released.wait(LIMIT)
        return value

    def wait_until_begun(self) -> None:
        assert self.begun.wait(LIMIT)

    def release(self) -> None:
        self.released.set()


Hold = Callable[[], Held]


def in_time(call: Callable[[], T]) -> T:
    """What the call, made in a thread of its own, gives or raises; fails if it hangs."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive(), f"{call} hangs"
    if errors:
        raise errors.pop()
    return results.pop()


def eventually(condition: Callable[[], object]) -> None:
    """For what there is no event of: asks until it is true."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def together(*calls: Callable[[], object]) -> None:
    """Makes all the calls at once, each in a thread of its own; raises what one of them raises."""
    start = threading.Barrier(len(calls))
    errors: list[BaseException] = []

    def run(call: Callable[[], object]) -> None:
        try:
            start.wait(LIMIT)
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive(), "a thread hangs"
    if errors:
        raise errors.pop()


def square(x: int) -> int:
    return x * x
