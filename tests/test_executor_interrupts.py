"""Ctrl-C while the main thread waits for an executor."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import as_completed, wait
from typing import Any

import executor_helpers
import pytest
from executor_helpers import NewExecutor, only_threadmill
from helpers import LIMIT, Hold, square

new_executor, hold = executor_helpers.new_executor, executor_helpers.hold

# Each of them waits for a task that interrupts and does not end.
WAITS: dict[str, Callable[[Any, Any], Any]] = {
    "result": lambda executor, task: executor.submit(task).result(),
    "result, with a limit": lambda executor, task: executor.submit(task).result(LIMIT),
    "exception": lambda executor, task: executor.submit(task).exception(),
    "wait": lambda executor, task: wait([executor.submit(task)], LIMIT),
    "as_completed": lambda executor, task: next(as_completed([executor.submit(task)], LIMIT)),
    "map": lambda executor, task: next(executor.map(task, [1])),
    "map, with a limit": lambda executor, task: next(executor.map(task, [1], timeout=LIMIT)),
    "map, bounded": lambda executor, task: next(executor.map(task, [1, 2], buffersize=1)),
}


@only_threadmill
@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal to a thread")
@pytest.mark.parametrize("wait_for", WAITS.values(), ids=WAITS)
def test_a_wait_can_be_interrupted(
    new_executor: NewExecutor, hold: Hold, wait_for: Callable[[Any, Any], Any]
) -> None:
    """Though the signal may come just before the wait, which the standard library's then sleeps through;
    and the executor is as good as before."""
    executor, task = new_executor(2), hold()
    main = threading.get_ident()

    def interrupt(*_: object) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        task()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wait_for(executor, interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert executor.submit(square, 3).result(LIMIT) == 9
