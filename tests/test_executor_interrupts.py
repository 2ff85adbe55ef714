"""Ctrl-C while the main thread waits for an executor."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, as_completed, wait
from contextlib import contextmanager
from types import FrameType
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Hold, square

import threadmill

new_executor, hold = executor_helpers.new_executor, executor_helpers.hold

needs_signals = pytest.mark.skipif(
    not hasattr(signal, "pthread_kill"), reason="no signal can be sent to a thread here"
)

# Each of them waits for a task that interrupts and does not end.
WAITS: dict[str, Callable[[Any, Any], Any]] = {
    "result": lambda executor, task: executor.submit(task).result(),
    "result, with a limit": lambda executor, task: executor.submit(task).result(LIMIT),
    "exception": lambda executor, task: executor.submit(task).exception(),
    "wait": lambda executor, task: threadmill.wait([executor.submit(task)]),
    "wait for the first": lambda executor, task: threadmill.wait(
        [executor.submit(task)], LIMIT, return_when=FIRST_COMPLETED
    ),
    "as_completed": lambda executor, task: next(threadmill.as_completed([executor.submit(task)])),
    "map": lambda executor, task: next(executor.map(task, [1])),
    "map, with a limit": lambda executor, task: next(executor.map(task, [1], timeout=LIMIT)),
    "map, bounded": lambda executor, task: next(executor.map(task, [1, 2], buffersize=1)),
}
STDLIB_WAITS: dict[str, Callable[[Any, Any], Any]] = {
    "wait": lambda executor, task: wait([executor.submit(task)], LIMIT),
    "as_completed": lambda executor, task: next(as_completed([executor.submit(task)], LIMIT)),
}


@pytest.fixture
def executor(new_executor: NewExecutor) -> Any:
    """Of two workers, which are up: an interrupt while a thread starts is for other tests."""
    executor, both = new_executor(2), threading.Barrier(2)
    list(executor.map(lambda _: both.wait(LIMIT), range(2)))
    return executor


@contextmanager
def handling(handler: Any) -> Iterator[None]:
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def send() -> None:
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


@only_threadmill
@needs_signals
@pytest.mark.parametrize("wait_for", WAITS.values(), ids=WAITS)
def test_a_wait_can_be_interrupted(executor: Any, hold: Hold, wait_for: Callable[[Any, Any], Any]) -> None:
    """Though the signal may come just before the wait; and the executor is as good as before."""
    task = hold()

    def interrupt(*_: object) -> None:
        send()
        task()

    with handling(signal.default_int_handler), pytest.raises(KeyboardInterrupt):
        wait_for(executor, interrupt)
    assert executor.submit(square, 3).result(LIMIT) == 9


@only_threadmill
@needs_signals
@pytest.mark.parametrize("wait_for", STDLIB_WAITS.values(), ids=STDLIB_WAITS)
def test_the_functions_that_wait_can_be_interrupted(
    executor: Any, hold: Hold, wait_for: Callable[[Any, Any], Any]
) -> None:
    """The same for those of the standard library; only, these sleep through a signal that comes just before,
    and raise RuntimeError for one in the middle of the Python code of a lock."""
    task, interrupted = hold(), threading.Event()

    def interrupt() -> None:
        while not interrupted.wait(0.001):
            send()
        task()

    def handle(_: int, frame: FrameType | None) -> None:
        assert frame is not None
        waits_for_a_lock = frame.f_locals.get("gotit") is False
        if not interrupted.is_set() and (frame.f_code.co_filename != threading.__file__ or waits_for_a_lock):
            interrupted.set()
            raise KeyboardInterrupt

    with handling(handle):
        with pytest.raises(KeyboardInterrupt):
            wait_for(executor, interrupt)
        task.wait_until_begun()  # so no signal is under way
    assert executor.submit(square, 3).result(LIMIT) == 9
