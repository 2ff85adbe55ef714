"""A thread that collects handles one by one while others are queued naps where there is no GIL: it loses
nothing by that, neither its time limit nor an interrupt."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import LIMIT, Hold, in_time

import threadmill

MANY = 5_000


@pytest.fixture(params=["ThreadPool", "ThreadPoolExecutor"])
def submit(request: pytest.FixtureRequest) -> Iterator[Callable[[Callable[[int], Any], int], Any]]:
    """Gives what waits for the result of function(item)."""
    with threadmill.ThreadPool(2) as pool:
        executor = pool.as_executor()
        yield {
            "ThreadPool": lambda function, item: pool.apply_async(function, (item,)).get,
            "ThreadPoolExecutor": lambda function, item: executor.submit(function, item).result,
        }[request.param]


def work(item: int) -> int:
    return sum(range(item % 300))


def test_all_results(submit: Any) -> None:
    waits = [submit(work, item) for item in range(MANY)]
    assert [in_time(waits[0]), *[wait(LIMIT) for wait in waits[1:]]] == [work(item) for item in range(MANY)]


def test_two_that_collect(submit: Any) -> None:
    waits = [submit(work, item) for item in range(MANY)]
    results: list[list[int]] = [[], []]

    def collect(part: int) -> None:
        results[part].extend(wait(LIMIT) for wait in waits[part::2])

    threads = [threading.Thread(target=collect, args=(part,)) for part in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert results == [[work(item) for item in range(MANY)][part::2] for part in range(2)]


def test_a_time_limit(submit: Any, hold: Hold) -> None:
    tasks = [hold(), hold()]
    waits = [
        *[submit(task, i) for i, task in enumerate(tasks)],
        *[submit(work, item) for item in range(MANY)],
    ]
    for timeout in (0, 0.001, 0.01):
        with pytest.raises(TimeoutError):
            waits[-1](timeout)
    tasks[1].release()
    assert waits[-1](LIMIT) == work(MANY - 1)


def test_ctrl_c(submit: Any, hold: Hold) -> None:
    main = threading.get_ident()
    task = hold()

    def interrupt(_: int) -> None:
        if sys.platform == "win32":
            signal.raise_signal(signal.SIGINT)
        else:
            signal.pthread_kill(main, signal.SIGINT)

    def collect() -> None:
        waits = [submit(work, item) for item in range(MANY)]
        waits += [submit(interrupt, 0), submit(task, 1)]
        for wait in waits:
            wait(LIMIT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            collect()
    finally:
        signal.signal(signal.SIGINT, before)
        task.release()
