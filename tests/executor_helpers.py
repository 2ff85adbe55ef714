"""What the tests of the executors share. The fixtures are conftest.py's, for executors: a test module
takes them over by name, and each of its tests runs on the standard library's class and on threadmill's."""

from __future__ import annotations

import concurrent.futures
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from helpers import LIMIT, Held, Hold, in_time, together

import threadmill

NewExecutor = Callable[..., concurrent.futures.ThreadPoolExecutor]
AnyFuture = concurrent.futures.Future[Any]

STDLIB = concurrent.futures.ThreadPoolExecutor
OURS = threadmill.ThreadPoolExecutor


class Overriding(OURS):
    """What programs and tracers do: `map` has to go through this `submit`."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        return super().submit(fn, *args, **kwargs)


def classes(*classes: Any) -> Any:
    """Runs a test on these classes."""
    names = {STDLIB: "stdlib", OURS: "threadmill", Overriding: "overriding"}
    return pytest.mark.parametrize("executor_class", classes, ids=[names[c] for c in classes])


# For tests of what the standard library's executor does not do, or would hang in.
only_threadmill = classes(OURS)


@pytest.fixture(params=[STDLIB, OURS], ids=["stdlib", "threadmill"])
def executor_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[concurrent.futures.Future, threadmill.Future], ids=["stdlib", "threadmill"])
def future_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def new_executor(executor_class: Any) -> Iterator[NewExecutor]:
    """Makes executors, and ends them with the test."""
    executors = []

    def new(*args: Any, **kwargs: Any) -> Any:
        executors.append(executor_class(*args, **kwargs))
        return executors[-1]

    yield new
    for executor in executors:
        executor.shutdown(wait=False, cancel_futures=True)
    for executor in executors:
        in_time(executor.shutdown)


@pytest.fixture
def hold(new_executor: NewExecutor) -> Iterator[Hold]:
    """Makes tasks that are held; releases those left before their executors are joined."""
    tasks = []

    def new() -> Held:
        tasks.append(Held())
        return tasks[-1]

    yield new
    for task in tasks:
        task.release()


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    """Threads take turns as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def race(rounds: int, *calls: Callable[[int], object]) -> None:
    """Makes all the calls at once, each in a thread of its own, so many times; they get the round's
    number. Raises what one of them raises."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[int], object]) -> None:
        with suppress(threading.BrokenBarrierError):  # another thread has failed
            for i in range(rounds):
                start.wait(LIMIT)
                try:
                    call(i)
                except BaseException:
                    start.abort()
                    raise

    together(*[partial(run, call) for call in calls])
